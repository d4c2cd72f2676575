/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/paging_bits.h"
#include "cpu/access.h"
#include "cpu/handler.h"

/*
 * The TLB's keys and what invalidates them.
 *
 * An address-space number stands for a value of CR3 (root and PCID) under the paging controls in
 * force. Loading CR3 takes a new number, or with bit 63 the one that this CR3 had; the entries
 * under an old number can then never be hit again. Everything else that changes what a translation
 * is flushes. All of this drops more than a processor must, and never keeps what it must drop.
 */

#define CR0_AM BIT(18)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXSAVE BIT(18)
#define XCR0_SSE_AVX 6u
#define CR3_PCID BITS(11, 0)
#define NR_ASN_SLOTS (sizeof(((struct cpu *)0)->asns) / sizeof(((struct cpu *)0)->asns[0]))

static void clear_entries(struct cpu *cpu)
{
	for (unsigned i = 0; i < TLB_SIZE; i++)
		cpu->tlb[i].read = cpu->tlb[i].write = TLB_EMPTY;
	for (unsigned i = 0; i < ITLB_SIZE; i++)
		cpu->itlb[i].tag = TLB_EMPTY;
	cpu->large_regions = cpu->huge_regions = 0;
	cpu->stats.tlb_flushes++;
}

static void update_views(struct cpu *cpu)
{
	uint64_t space = (uint64_t)cpu->asn << VIEW_BITS;
	bool ac = cpu->state.rflags & FLAG_AC;
	unsigned kind = cpu->state.cpl == 3		  ? VIEW_USER
			: ac && cpu->state.cr4 & CR4_SMAP ? VIEW_SUPERVISOR_AC
							  : VIEW_SUPERVISOR;

	cpu->view = space | kind;
	cpu->fetch_view = space | (cpu->state.cpl == 3 ? VIEW_USER : VIEW_SUPERVISOR);
	if (cpu->flush_always || cpu->path || cpu->mode & MODE_ALIGN)
		cpu->view = TLB_NOTHING;
	cpu->jump_key =
		cpu->generation << (MODE_BITS + 12) | cpu->fetch_view << MODE_BITS | cpu->mode;
}

static void new_generation(struct cpu *cpu)
{
	cpu->generation++;
	cpu->jump_regions = 0;
	update_views(cpu);
}

static void flush_all(struct cpu *cpu)
{
	clear_entries(cpu);
	memset(cpu->asns, 0, sizeof(cpu->asns));
	cpu->asn = 0;
	cpu->next_asn = 1;
	new_generation(cpu);
}

void cpu_tlb_flush(struct cpu *cpu)
{
	flush_all(cpu);
}

/* SDM Vol 3C "Translating Guest-Physical Addresses" */
static void add_second_dimension(const struct cpu *cpu, struct udv_paging_config *config)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	config->ept = VMX_SECONDARY(v, EPT);
	config->eptp = v->ept_pointer;
	config->ept_vpid_cap = cpu->vmx.capabilities.ept_vpid_cap;
	config->pml_index = cpu->paging.pml_index;
	config->pml_address = v->pml_address;
	config->ve_information = v->ve_information_address;
	if (VMX_SECONDARY(v, MBEC))
		config->ept_controls |= UDV_EPT_MBEC;
	if (VMX_SECONDARY(v, PML))
		config->ept_controls |= UDV_EPT_PML;
	if (VMX_SECONDARY(v, EPT_VIOLATION_VE))
		config->ept_controls |= UDV_EPT_VE;
}

/* The walker's context, made anew from the state. */
static void prepare_paging(struct cpu *cpu)
{
	const struct cpu_state *s = &cpu->state;
	struct udv_paging_config config = {
		.cr0 = s->cr0,
		.cr3 = s->cr3,
		.cr4 = s->cr4,
		.efer = s->efer,
		.pkru = s->pkru,
		.pkrs = s->pkrs,
		.guest_maxphyaddr = cpu->config->maxphyaddr,
		.maxphyaddr = cpu->config->maxphyaddr,
	};

	memcpy(config.pdpte, s->pdpte, sizeof(config.pdpte));
	if (has_feature(cpu, FEATURE_PDPE1GB))
		config.features |= UDV_FEATURE_1GB_PAGES;
	if (has_feature(cpu, FEATURE_PSE36))
		config.features |= UDV_FEATURE_PSE36;
	if (has_feature(cpu, FEATURE_PAT))
		config.features |= UDV_FEATURE_PAT;
	if (cpu->vmx.guest)
		add_second_dimension(cpu, &config);
	/* The state was checked when it was loaded; what is refused here leaves the old context. */
	(void)udv_paging_init(&cpu->paging, &config, &cpu->memory->walker);
}

void cpu_paging_changed(struct cpu *cpu)
{
	prepare_paging(cpu);
	flush_all(cpu);
	cpu_mode_changed(cpu);
}

static uint32_t take_asn(struct cpu *cpu)
{
	if (cpu->next_asn == NR_ASNS)
		flush_all(cpu);
	return cpu->next_asn++;
}

/* Whatever the root: translations are told apart by PCID alone. */
static void forget_pcid(struct cpu *cpu, uint64_t pcid)
{
	for (unsigned i = 0; i < NR_ASN_SLOTS; i++)
		if ((cpu->asns[i].cr3 & CR3_PCID) == pcid)
			cpu->asns[i].asn = 0;
}

void cpu_cr3_changed(struct cpu *cpu, bool keep)
{
	uint64_t cr3 = cpu->state.cr3;
	unsigned slot = cpu->next_asn_slot;

	prepare_paging(cpu);
	if (!keep)
		forget_pcid(cpu, cr3 & CR3_PCID);
	for (unsigned i = 0; i < NR_ASN_SLOTS; i++)
		if (cpu->asns[i].asn && cpu->asns[i].cr3 == cr3)
			slot = i;
	if (!keep || !cpu->asns[slot].asn || cpu->asns[slot].cr3 != cr3) {
		uint32_t asn = take_asn(cpu);

		cpu->asns[slot].asn = asn;
		cpu->asns[slot].cr3 = cr3;
		if (slot == cpu->next_asn_slot)
			cpu->next_asn_slot = (slot + 1) % 64;
	}
	cpu->asn = cpu->asns[slot].asn;
	update_views(cpu);
}

/* All that a bit of the set @regions stands for. */
static void flush_region(struct cpu *cpu, uint64_t *regions, uint64_t linear, unsigned shift)
{
	uint64_t bit = region_bit(linear, shift);

	for (unsigned i = 0; i < TLB_SIZE; i++) {
		struct tlb_entry *entry = &cpu->tlb[i];

		if (region_bit(entry->read, shift) == bit)
			entry->read = entry->write = TLB_EMPTY;
	}
	for (unsigned i = 0; i < ITLB_SIZE; i++)
		if (region_bit(cpu->itlb[i].tag, shift) == bit)
			cpu->itlb[i].tag = TLB_EMPTY;
	*regions &= ~bit;
}

/* What one page had may be in many entries if the page is large, and then all of them go. */
void cpu_tlb_flush_page(struct cpu *cpu, uint64_t linear)
{
	bool huge = cpu->huge_regions & region_bit(linear, HUGE_REGION_SHIFT);
	bool large = cpu->large_regions & region_bit(linear, LARGE_REGION_SHIFT);

	if (huge)
		flush_region(cpu, &cpu->huge_regions, linear, HUGE_REGION_SHIFT);
	if (large)
		flush_region(cpu, &cpu->large_regions, linear, LARGE_REGION_SHIFT);
	if (!huge && !large) {
		struct tlb_entry *entry = tlb_entry_of(cpu, linear);

		entry->read = entry->write = TLB_EMPTY;
		cpu->itlb[linear >> MEM_PAGE_SHIFT & (ITLB_SIZE - 1)].tag = TLB_EMPTY;
	}
	if (huge || cpu->jump_regions & region_bit(linear, LARGE_REGION_SHIFT))
		new_generation(cpu);
}

void cpu_breakpoints_changed(struct cpu *cpu)
{
	uint64_t dr7 = cpu->state.dr7;
	bool data = false, code = false;

	for (unsigned i = 0; i < 4; i++) {
		unsigned kind = (unsigned)(dr7 >> (16 + 4 * i) & 3);

		if (!(dr7 >> 2 * i & 3))
			continue;
		code |= kind == 0;
		data |= kind == 1 || kind == 3;
	}
	if (data || cpu->data_breakpoints)
		flush_all(cpu);
	cpu->data_breakpoints = data;
	cpu->code_breakpoints = code;
}

/* ---------------------------------------------------------------- modes */

static bool is_flat_data(const struct arch_segment_register *s)
{
	return s->base == 0 && s->limit == UINT32_MAX &&
	       (s->access_rights & (AR_UNUSABLE | AR_P | AR_S | AR_CODE | AR_EXPAND_DOWN |
				    AR_WRITABLE)) == (AR_P | AR_S | AR_WRITABLE);
}

static bool is_flat(const struct cpu_state *s)
{
	const struct arch_segment_register *cs = &s->seg[SEG_CS];

	return is_flat_data(&s->seg[SEG_ES]) && is_flat_data(&s->seg[SEG_SS]) &&
	       is_flat_data(&s->seg[SEG_DS]) && cs->base == 0 && cs->limit == UINT32_MAX &&
	       (cs->access_rights & (AR_CODE | AR_WRITABLE)) == (AR_CODE | AR_WRITABLE);
}

static uint32_t code_mode(const struct cpu_state *s)
{
	const struct arch_segment_register *cs = &s->seg[SEG_CS];

	if (s->rflags & FLAG_VM)
		return MODE_CODE16 | MODE_V86;
	/* CS.D stays what it was when protected mode was left. */
	if (!(s->cr0 & CR0_PE))
		return MODE_REAL | (cs->access_rights & AR_DB ? MODE_CODE32 : MODE_CODE16);
	if (s->efer & EFER_LMA && cs->access_rights & AR_L)
		return MODE_CODE64 | MODE_FLAT | MODE_CS_FULL;
	return (cs->access_rights & AR_DB ? MODE_CODE32 : MODE_CODE16P) |
	       (is_flat(s) ? MODE_FLAT : 0u);
}

static uint32_t mode_of(const struct cpu_state *s)
{
	const struct arch_segment_register *cs = &s->seg[SEG_CS];
	uint32_t mode = code_mode(s);

	if (cs->limit == UINT32_MAX || (cs->limit >= 0xffff && !(cs->access_rights & AR_DB)))
		mode |= MODE_CS_FULL;
	if (s->seg[SEG_SS].access_rights & AR_DB && (mode & MODE_CODE) != MODE_CODE64)
		mode |= MODE_STACK32;
	if (s->cr0 & (CR0_EM | CR0_TS))
		mode |= MODE_NO_FPU;
	if (!(s->cr4 & CR4_OSFXSR))
		mode |= MODE_NO_SSE;
	if (!(s->cr4 & CR4_OSXSAVE) || (s->xcr0 & XCR0_SSE_AVX) != XCR0_SSE_AVX)
		mode |= MODE_NO_AVX;
	if (s->cpl == 3 && s->cr0 & CR0_AM && s->rflags & FLAG_AC)
		mode |= MODE_ALIGN;
	return mode;
}

void cpu_mode_changed(struct cpu *cpu)
{
	const struct cpu_state *s = &cpu->state;
	bool code64;

	cpu->mode = mode_of(s);
	code64 = (cpu->mode & MODE_CODE) == MODE_CODE64;
	for (unsigned i = 0; i < NR_SEGMENTS; i++)
		cpu->segment_base[i] = code64 && i < SEG_FS ? 0 : s->seg[i].base;
	cpu->address_mask = code64 ? ~0ull : UINT32_MAX;
	/* 16-bit code may start beyond 64 KB, and then goes on there. */
	cpu->rip_mask = code64					 ? ~0ull
			: (cpu->mode & MODE_CODE) == MODE_CODE32 ? UINT32_MAX
			: s->rip > 0xffff			 ? UINT32_MAX
								 : 0xffff;
	if (cpu->code_base != s->seg[SEG_CS].base || cpu->code_limit != s->seg[SEG_CS].limit)
		cpu->generation++;
	cpu->code_base = s->seg[SEG_CS].base;
	cpu->code_limit = s->seg[SEG_CS].limit;
	update_views(cpu);
}

void cpu_ac_changed(struct cpu *cpu)
{
	uint32_t mode = mode_of(&cpu->state);

	cpu->mode = mode;
	update_views(cpu);
}

void cpu_set_path(struct cpu *cpu, const struct cpu_memory_path *path)
{
	cpu->path = path;
	update_views(cpu);
}

void cpu_state_changed(struct cpu *cpu)
{
	cpu->lazy.kind = LAZY_NONE;
	cpu->block = NULL;
	cpu_breakpoints_changed(cpu);
	cpu_paging_changed(cpu);
	cpu->attention |= ATTENTION_EVENT;
}
