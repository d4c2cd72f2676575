/* SPDX-License-Identifier: MIT */
#include "cpu/vmx_fields.h"
#include "cpu/handler.h"

/*
 * VMREAD and VMWRITE with a register, as hypervisors have them: in 64-bit mode, in VMX root
 * operation at CPL 0, of a field that exists, by its full encoding. Nothing can go wrong then, so
 * they need not leave their block. Everything else is for the general handlers.
 * SDM Vol 3C "VMREAD", "VMWRITE"
 */

/* The field that @encoding names in the current VMCS; NULL: not so simple. */
ALWAYS_INLINE uint64_t *simple_field(struct cpu *cpu, uint64_t encoding)
{
	unsigned place;

	if (unlikely(encoding & ~VMX_FIELD_BITS || !cpu->vmx.operation || cpu->vmx.guest ||
		     cpu->state.cpl || cpu->vmx.current == VMX_NO_POINTER))
		return NULL;
	place = cpu->vmx.capabilities.fields[vmx_field_key(encoding)];
	return likely(place) ? vmx_slot(&cpu->vmx.vmcs, place - 1) : NULL;
}

static const struct op *vmread(struct cpu *cpu, const struct op *op)
{
	const uint64_t *field = simple_field(cpu, gpr_read(cpu, op->src, 8));

	if (unlikely(!field))
		return vmx_field_slow(cpu, op);
	gpr_write(cpu, op->dst, 8, *field);
	set_status_flags(cpu, 0);
	NEXT(cpu, op);
}

static const struct op *vmwrite(struct cpu *cpu, const struct op *op)
{
	static const uint64_t masks[] = {
		[ARCH_WIDTH_16] = UINT16_MAX,
		[ARCH_WIDTH_64] = ~0ull,
		[ARCH_WIDTH_32] = UINT32_MAX,
		[ARCH_WIDTH_NATURAL] = ~0ull,
	};
	uint64_t encoding = gpr_read(cpu, op->dst, 8);
	uint64_t *field = simple_field(cpu, encoding);

	if (unlikely(!field || ARCH_VMCS_TYPE(encoding) == ARCH_TYPE_READ_ONLY))
		return vmx_field_slow(cpu, op);
	*field = gpr_read(cpu, op->src, 8) & masks[ARCH_VMCS_WIDTH(encoding)];
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
