/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_ACCESS_H
#define UDV_CPU_ACCESS_H

#include <string.h>

#include "cpu/cpu.h"
#include "cpu/op.h"

/*
 * Memory as instructions see it: linear addresses, through the TLB.
 *
 * A fast handler asks tlb_reads() or tlb_writes(), does what it does at tlb_host(), and goes on. On
 * a miss it calls the general handler of the same op, which does the whole instruction by the
 * functions below and goes back to the run loop, since such an access (a device, a page of code,
 * ...) may have set attention.
 */

/* Extra access bits beside UDV_ACCESS_READ and so on */
#define ACCESS_SYSTEM UDV_ACCESS_IMPLICIT /* descriptor tables, TSS: supervisor at any CPL */
#define ACCESS_STACK 0x80000000u	  /* not canonical: #SS(0), not #GP(0) */

#define PAGE_MASK (~0xfffull)

#define TLB_ENTRY_SHIFT 5
_Static_assert(sizeof(struct tlb_entry) == 1u << TLB_ENTRY_SHIFT, "an index is one shift and mask");

/*
 * Two parts of the address make the index: stacks and data often lie megabytes apart. Where the
 * carry between them gives a page and the one before it the same place (every 2 GB), the page is
 * not cached: see slow.c.
 */
ALWAYS_INLINE struct tlb_entry *tlb_entry_of(struct cpu *cpu, uint64_t linear)
{
	uint64_t page = linear >> (MEM_PAGE_SHIFT - TLB_ENTRY_SHIFT);
	uintptr_t offset = (uintptr_t)(page ^ page >> TLB_BITS) &
			   ((uintptr_t)(TLB_SIZE - 1) << TLB_ENTRY_SHIFT);

	return (struct tlb_entry *)((uint8_t *)cpu->tlb + offset);
}

ALWAYS_INLINE unsigned itlb_slot(uint64_t linear)
{
	return (unsigned)(linear >> MEM_PAGE_SHIFT) & (ITLB_SIZE - 1);
}

/*
 * slow.c: the first half of a read-modify-write of 1, 2, 4 or 8 bytes: the value is then in
 * cpu->slow_value. Write permission is checked before. cpu_rmw_commit() ends it.
 */
bool cpu_rmw_begin(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access);
void cpu_rmw_commit(struct cpu *cpu, uint64_t value);

/*
 * Whether an access of @size bytes at @linear hits; it is then at tlb_host(). Adding size - 1 makes
 * an access that crosses its page miss.
 */
ALWAYS_INLINE bool tlb_reads(struct cpu *cpu, uint64_t linear, unsigned size)
{
	return likely((((linear + size - 1) & PAGE_MASK) | cpu->view) ==
		      tlb_entry_of(cpu, linear)->read);
}

ALWAYS_INLINE bool tlb_writes(struct cpu *cpu, uint64_t linear, unsigned size)
{
	return likely((((linear + size - 1) & PAGE_MASK) | cpu->view) ==
		      tlb_entry_of(cpu, linear)->write);
}

ALWAYS_INLINE void *tlb_host(struct cpu *cpu, uint64_t linear)
{
	return (void *)(tlb_entry_of(cpu, linear)->addend + (uintptr_t)linear);
}

ALWAYS_INLINE uint64_t host_load(const void *host, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, host, size);
	return value;
}

ALWAYS_INLINE void host_store(void *host, unsigned size, uint64_t value)
{
	memcpy(host, &value, size);
}

/* ---------------------------------------------------------------- for slow handlers */

/* One access of 1, 2, 4 or 8 bytes at a linear address; true if done, false if cpu->fault is set.
 */
bool cpu_read(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access, uint64_t *value);
bool cpu_write(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access, uint64_t value);
/* Up to 4096 bytes; all of it is translated before the first byte is transferred. */
bool cpu_read_bytes(struct cpu *cpu, uint64_t linear, void *data, unsigned size, uint32_t access);
bool cpu_write_bytes(struct cpu *cpu, uint64_t linear, const void *data, unsigned size,
		     uint32_t access);
/* Where a write of @size bytes at @linear may go by the TLB alone; NULL: cpu_write_bytes() knows.
 */
uint8_t *cpu_write_hit(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access);
/* Judges an access (UDV_ACCESS_READ, WRITE or both, and ACCESS_*) of @size bytes without doing it.
 */
bool cpu_probe(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access);

/*
 * Linear address of @size bytes at @offset in a segment, after the segment's checks: type, limit,
 * canonical. @access has UDV_ACCESS_READ or WRITE (both for read-modify-write). False: #GP(0) or
 * #SS(0) (or #AC) is in cpu->fault. In 64-bit mode only canonicality is checked.
 */
bool cpu_segment_linear(struct cpu *cpu, unsigned segment, uint64_t offset, unsigned size,
			uint32_t access, uint64_t *linear);

/* Offset of an op's memory operand within its segment, truncated to the address size. */
uint64_t cpu_effective_address(const struct cpu *cpu, const struct op *op);
/* The same as a linear address, all checks done; as cpu_segment_linear(). */
bool cpu_operand_linear(struct cpu *cpu, const struct op *op, unsigned size, uint32_t access,
			uint64_t *linear);

/* Stack of the current mode; push leaves RSP alone if it faults. @size 2, 4 or 8. */
bool cpu_push(struct cpu *cpu, unsigned size, uint64_t value);
/*
 * @n pushes, the first of @values first, or none: all are judged before the first is done, for that
 * may lie over what is read if all is begun again.
 */
bool cpu_push_all(struct cpu *cpu, unsigned size, const uint64_t *values, unsigned n);
bool cpu_pop(struct cpu *cpu, unsigned size, uint64_t *value);
/* Reads at SS:[RSP + @offset] without changing RSP; and what RSP becomes by adding @bytes. */
bool cpu_stack_read(struct cpu *cpu, unsigned size, unsigned offset, uint64_t *value);
void cpu_stack_adjust(struct cpu *cpu, int64_t bytes);

/* ---------------------------------------------------------------- translations */

#define LARGE_REGION_SHIFT 22
#define HUGE_REGION_SHIFT 30

/* The bit of a set of regions that stands for @linear. */
ALWAYS_INLINE uint64_t region_bit(uint64_t linear, unsigned shift)
{
	return BIT(linear >> shift & 63);
}

/* Puts @linear's region into @regions, and @slot into its list. */
static inline void note_slot(uint64_t *regions, struct slot_list *lists, uint64_t linear,
			     unsigned slot)
{
	uint64_t bit = region_bit(linear, LARGE_REGION_SHIFT);
	struct slot_list *list = &lists[linear >> LARGE_REGION_SHIFT & 63];

	if (!(*regions & bit))
		list->n = 0;
	*regions |= bit;
	if (list->n < MAX_SLOTS)
		list->slot[list->n] = (uint16_t)slot;
	if (list->n <= MAX_SLOTS)
		list->n++;
}

/* A translation by a page of 2^@page_shift bytes is about to be cached; @slot: of the TLB, or
 * TLB_SIZE and that of the fetches' one. */
ALWAYS_INLINE void note_page_size(struct cpu *cpu, uint64_t linear, unsigned page_shift,
				  unsigned slot)
{
	if (page_shift > LARGE_REGION_SHIFT)
		cpu->huge_regions |= region_bit(linear, HUGE_REGION_SHIFT);
	else if (page_shift > MEM_PAGE_SHIFT)
		note_slot(&cpu->large_regions, cpu->large_slots, linear, slot);
}

/* The walk for a fetch of code, with the whole result. */
bool cpu_translate_fetch(struct cpu *cpu, uint64_t linear, uint32_t access,
			 struct udv_walk_result *result);
/* Physical address of @linear for @access (UDV_ACCESS_* with USER set by the caller's CPL). */
bool cpu_translate(struct cpu *cpu, uint64_t linear, uint32_t access, uint64_t *physical);

/* To be called after the state has changed. Each recomputes what it must. */
void cpu_mode_changed(
	struct cpu *cpu); /* CS, SS, other segments, CPL, RFLAGS.VM/AC, CR0.PE, EFER */
/* CR0, CR4, EFER, PKRU, PKRS, PDPTEs, what a VMCS adds; drops nothing. */
void cpu_paging_changed(struct cpu *cpu);
/* Such a change that invalidates: what the current PCID has under the current VPID, or all of it.
 */
void cpu_paging_changed_pcid(struct cpu *cpu);
void cpu_paging_changed_vpid(struct cpu *cpu);
void cpu_cr3_changed(struct cpu *cpu, bool keep); /* @keep: bit 63 of the source was set, PCIDE */
void cpu_vmx_switched(struct cpu *cpu);		  /* a VM entry or exit has loaded them */

/*
 * What the state and @second, a VMCS unless NULL, ask of the walker; a VMCS of its own that a
 * hypervisor below has is no part of it.
 */
struct vmx_vmcs;
void cpu_paging_config(const struct cpu *cpu, const struct vmx_vmcs *second,
		       struct udv_paging_config *config);

/* Dropping translations: all there are; those of one page, in all address spaces (INVLPG). */
void cpu_tlb_flush(struct cpu *cpu);
void cpu_tlb_flush_page(struct cpu *cpu, uint64_t linear);
/* Those of whole address spaces. */
enum space_scope {
	SPACES_OF_PCID,	     /* @value: the PCID, under the current VPID */
	SPACES_OF_VPID,	     /* @value: the VPID, 0 for what has none */
	SPACES_OF_ALL_VPIDS, /* but 0 */
	SPACES_OF_EPT_ROOT,  /* @value: an EPTP with it; under all VPIDs */
	SPACES_OF_EPT,	     /* all with EPT */
};
void cpu_forget_spaces(struct cpu *cpu, enum space_scope scope, uint64_t value);
void cpu_forget_vpid(struct cpu *cpu); /* the current one */

void cpu_breakpoints_changed(struct cpu *cpu); /* DR0..DR3, DR7 */
/* Sends data accesses through @path, past the TLB, until it is called with NULL. Fetches stay. */
void cpu_set_path(struct cpu *cpu, const struct cpu_memory_path *path);
void cpu_ac_changed(struct cpu *cpu); /* RFLAGS.AC alone */

#endif
