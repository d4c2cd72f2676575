/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/paging_bits.h"
#include "cpu/access.h"
#include "cpu/debug.h"
#include "cpu/handler.h"
#include "cpu/tlb.h"

/*
 * The TLB's keys, and what invalidates entries one by one or all together. Which address-space
 * number is in force, and what invalidates those of whole address spaces, is in spaces.c.
 *
 * A page's entry is found by its linear address alone. So an invalidation of one page drops it in
 * every address space at once, and need not know in which it is asked for.
 */

#define CR0_AM BIT(18)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXSAVE BIT(18)
#define XCR0_SSE_AVX 6u

static void clear_entries(struct cpu *cpu)
{
	for (unsigned i = 0; i < TLB_SIZE; i++)
		cpu->tlb[i].read = cpu->tlb[i].write = TLB_EMPTY;
	for (unsigned i = 0; i < ITLB_SIZE; i++)
		cpu->itlb[i].tag = TLB_EMPTY;
	cpu->large_regions = cpu->huge_regions = 0;
	cpu->stats.tlb_flushes++;
}

void tlb_update_views(struct cpu *cpu)
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
	cpu->jump_key = (cpu->jump_key & NO_JUMPS) | cpu->generation << (MODE_BITS + 12) |
			cpu->fetch_view << MODE_BITS | cpu->mode;
}

static void new_generation(struct cpu *cpu)
{
	cpu->generation++;
	cpu->jump_regions = 0;
	tlb_update_views(cpu);
}

void tlb_clear(struct cpu *cpu)
{
	clear_entries(cpu);
	new_generation(cpu);
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

/* No jump may lead to @linear without a translation. */
static void forget_jumps(struct cpu *cpu, uint64_t linear)
{
	uint64_t bit = region_bit(linear, LARGE_REGION_SHIFT);
	const struct slot_list *list = &cpu->jump_slots[linear >> LARGE_REGION_SHIFT & 63];

	if (!(cpu->jump_regions & bit))
		return;
	if (list->n > MAX_SLOTS) {
		new_generation(cpu);
		return;
	}
	for (unsigned i = 0; i < list->n; i++)
		cpu->jump_cache[list->slot[i]].key = 0; /* generation 0 ends before any code */
	cpu->jump_regions &= ~bit;
}

static void flush_slot(struct cpu *cpu, unsigned slot)
{
	if (slot < TLB_SIZE)
		cpu->tlb[slot].read = cpu->tlb[slot].write = TLB_EMPTY;
	else
		cpu->itlb[slot - TLB_SIZE].tag = TLB_EMPTY;
}

/* What large pages of @linear's region have. */
static void flush_large(struct cpu *cpu, uint64_t linear)
{
	const struct slot_list *list = &cpu->large_slots[linear >> LARGE_REGION_SHIFT & 63];

	if (list->n > MAX_SLOTS) {
		flush_region(cpu, &cpu->large_regions, linear, LARGE_REGION_SHIFT);
		return;
	}
	for (unsigned i = 0; i < list->n; i++)
		flush_slot(cpu, list->slot[i]);
	cpu->large_regions &= ~region_bit(linear, LARGE_REGION_SHIFT);
}

/* What one page had may be in many entries if the page is large, and then all of them go. */
void cpu_tlb_flush_page(struct cpu *cpu, uint64_t linear)
{
	bool huge = cpu->huge_regions & region_bit(linear, HUGE_REGION_SHIFT);
	struct tlb_entry *entry = tlb_entry_of(cpu, linear);

	if (huge)
		flush_region(cpu, &cpu->huge_regions, linear, HUGE_REGION_SHIFT);
	if (cpu->large_regions & region_bit(linear, LARGE_REGION_SHIFT))
		flush_large(cpu, linear);
	entry->read = entry->write = TLB_EMPTY;
	cpu->itlb[itlb_slot(linear)].tag = TLB_EMPTY;
	if (huge)
		new_generation(cpu);
	else
		forget_jumps(cpu, linear);
}

void cpu_breakpoints_changed(struct cpu *cpu)
{
	uint64_t dr7 = cpu->state.dr7;
	bool data = cpu->points && cpu->points->nr_watchpoints, code = false;

	for (unsigned i = 0; i < 4; i++) {
		unsigned kind = (unsigned)(dr7 >> (16 + 4 * i) & 3);

		if (!(dr7 >> 2 * i & 3))
			continue;
		code |= kind == 0;
		data |= kind == 1 || kind == 3;
	}
	if (data || cpu->data_breakpoints)
		cpu_tlb_flush(cpu);
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
	/* 64-bit code has neither base nor limit, and leaves them as other code had them. */
	if (!code64 &&
	    (cpu->code_base != s->seg[SEG_CS].base || cpu->code_limit != s->seg[SEG_CS].limit)) {
		cpu->generation++;
		cpu->code_base = s->seg[SEG_CS].base;
		cpu->code_limit = s->seg[SEG_CS].limit;
	}
	tlb_update_views(cpu);
}

void cpu_ac_changed(struct cpu *cpu)
{
	uint32_t mode = mode_of(&cpu->state);

	cpu->mode = mode;
	tlb_update_views(cpu);
}

void cpu_set_path(struct cpu *cpu, const struct cpu_memory_path *path)
{
	cpu->path = path;
	tlb_update_views(cpu);
}

void cpu_state_changed(struct cpu *cpu)
{
	cpu->lazy.kind = LAZY_NONE;
	cpu->block = NULL;
	cpu_tlb_flush(cpu);
	cpu_breakpoints_changed(cpu);
	cpu_paging_changed(cpu);
	cpu->attention |= ATTENTION_EVENT;
}
