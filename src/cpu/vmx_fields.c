/* SPDX-License-Identifier: MIT */
#include "cpu/vmx_fields.h"
#include "cpu/handler.h"

/*
 * VMREAD and VMWRITE with a register, as hypervisors have them: in 64-bit mode at CPL 0, of a field
 * that exists, by its full encoding, in VMX root operation or in a guest whose VMCS shadowing lets
 * it through. Nothing can go wrong then, so they need not leave their block. Everything else is for
 * the general handlers. SDM Vol 3C "VMREAD", "VMWRITE", "VMCS Shadowing Bitmap Addresses"
 */

/* The page of RAM at @address, a multiple of its size; host NULL: there is none. */
ALWAYS_INLINE const struct vmx_page *shadow_page(struct cpu *cpu, enum vmx_shadow_page which,
						 uint64_t address)
{
	struct vmx_page *page = &cpu->vmx.shadow_pages[which];

	if (unlikely(page->address != address || !page->host)) {
		page->address = address;
		page->host = mem_page(cpu->memory, address, &page->flags);
	}
	return page;
}

/* Where the field at @place of the shadow VMCS is; NULL: not so simple. */
ALWAYS_INLINE uint8_t *shadow_field(struct cpu *cpu, uint64_t encoding, unsigned place, bool write)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	const struct vmx_page *bitmap, *region;

	/* The bits of an encoding that exists are below 15, as the bitmaps want it. */
	if (!VMX_SECONDARY(v, VMCS_SHADOWING) || v->vmcs_link_pointer == VMX_NO_POINTER)
		return NULL;
	bitmap = write ? shadow_page(cpu, VMX_SHADOW_WRITE_BITMAP, v->vmwrite_bitmap_address)
		       : shadow_page(cpu, VMX_SHADOW_READ_BITMAP, v->vmread_bitmap_address);
	if (unlikely(!bitmap->host || bitmap->host[encoding >> 3] >> (encoding & 7) & 1))
		return NULL;
	region = shadow_page(cpu, VMX_SHADOW_REGION, v->vmcs_link_pointer);
	if (unlikely(!region->host || (write && *region->flags & (MEM_PAGE_ROM | MEM_PAGE_CODE))))
		return NULL;
	if (write)
		*region->flags |= MEM_PAGE_DIRTY;
	return region->host + VMX_REGION_FIELDS + 8 * (place - 1);
}

/* The field that @encoding names in the VMCS that is meant; NULL: not so simple. */
ALWAYS_INLINE uint8_t *simple_field(struct cpu *cpu, uint64_t encoding, bool write)
{
	unsigned place;

	if (unlikely(encoding & ~VMX_FIELD_BITS || !cpu->vmx.operation || cpu->state.cpl))
		return NULL;
	place = cpu->vmx.capabilities.fields[vmx_field_key(encoding)];
	if (unlikely(!place))
		return NULL;
	if (cpu->vmx.guest)
		return shadow_field(cpu, encoding, place, write);
	if (unlikely(cpu->vmx.current == VMX_NO_POINTER))
		return NULL;
	return (uint8_t *)vmx_slot(&cpu->vmx.vmcs, place - 1);
}

static const struct op *vmread(struct cpu *cpu, const struct op *op)
{
	uint64_t encoding = gpr_read(cpu, op->src, 8), value;
	const uint8_t *field = simple_field(cpu, encoding, false);

	if (unlikely(!field))
		return vmx_field_slow(cpu, op);
	value = host_load(field, 8);
	gpr_write(cpu, op->dst, 8, value & vmx_field_mask(encoding));
	set_status_flags(cpu, 0);
	NEXT(cpu, op);
}

static const struct op *vmwrite(struct cpu *cpu, const struct op *op)
{
	uint64_t encoding = gpr_read(cpu, op->dst, 8);
	uint8_t *field;

	if (unlikely(ARCH_VMCS_TYPE(encoding) == ARCH_TYPE_READ_ONLY))
		return vmx_field_slow(cpu, op);
	field = simple_field(cpu, encoding, true);
	if (unlikely(!field))
		return vmx_field_slow(cpu, op);
	host_store(field, 8, gpr_read(cpu, op->src, 8) & vmx_field_mask(encoding));
	set_status_flags(cpu, 0);
	NEXT(cpu, op);
}

bool translate_vmx_field(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)insn;
	if (op->flag || (t->mode & MODE_CODE) != MODE_CODE64)
		t->ends = true;
	else
		op->fn = op->code == OP_VMREAD ? vmread : vmwrite;
	return true;
}
