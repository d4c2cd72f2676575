/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_ACCESS_H
#define UDV_CPU_ACCESS_H

#include <string.h>

#include "cpu/cpu.h"
#include "cpu/op.h"

/*
 * Memory as instructions see it: linear addresses, through the TLB.
 *
 * Everything returns enum access_result. After ACCESS_FAULT cpu->fault holds the exception, and the
 * handler returns cpu_fault(). After ACCESS_SLOW (a device, a page of code, ...) attention may have
 * been set, so that the handler must go back to the run loop: return next_op_slow().
 */
enum access_result {
	ACCESS_FAULT,
	ACCESS_FAST,
	ACCESS_SLOW,
};

/* Extra access bits beside UDV_ACCESS_READ and so on */
#define ACCESS_SYSTEM UDV_ACCESS_IMPLICIT /* descriptor tables, TSS: supervisor at any CPL */
#define ACCESS_STACK 0x80000000u	  /* not canonical: #SS(0), not #GP(0) */

#define PAGE_MASK (~0xfffull)

ALWAYS_INLINE struct tlb_entry *tlb_entry_of(struct cpu *cpu, uint64_t linear)
{
	return &cpu->tlb[linear >> MEM_PAGE_SHIFT & (TLB_SIZE - 1)];
}

/* slow.c; @size 1, 2, 4 or 8. The value is in cpu->slow_value. @access: 0 or ACCESS_*. */
enum access_result cpu_load_slow(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access);
enum access_result cpu_store_slow(struct cpu *cpu, uint64_t linear, unsigned size, uint64_t value,
				  uint32_t access);
/* Reads for a read-modify-write: write permission is checked first. cpu_rmw_commit() ends it. */
enum access_result cpu_rmw_slow(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access);
void cpu_rmw_commit(struct cpu *cpu, uint64_t value);

/*
 * Where an access of @size bytes at @linear hits, or NULL. Adding size - 1 makes an access that
 * crosses its page miss.
 */
ALWAYS_INLINE void *tlb_read_hit(struct cpu *cpu, uint64_t linear, unsigned size)
{
	const struct tlb_entry *entry = tlb_entry_of(cpu, linear);

	if (likely((((linear + size - 1) & PAGE_MASK) | cpu->view) == entry->read))
		return (void *)(entry->addend + (uintptr_t)linear);
	return NULL;
}

ALWAYS_INLINE void *tlb_write_hit(struct cpu *cpu, uint64_t linear, unsigned size)
{
	const struct tlb_entry *entry = tlb_entry_of(cpu, linear);

	if (likely((((linear + size - 1) & PAGE_MASK) | cpu->view) == entry->write))
		return (void *)(entry->addend + (uintptr_t)linear);
	return NULL;
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

/* @size is a constant where this is inlined. */
ALWAYS_INLINE enum access_result cpu_load(struct cpu *cpu, uint64_t linear, unsigned size,
					  uint32_t access, uint64_t *value)
{
	const void *host = tlb_read_hit(cpu, linear, size);
	enum access_result result;

	if (likely(host)) {
		*value = host_load(host, size);
		return ACCESS_FAST;
	}
	result = cpu_load_slow(cpu, linear, size, access);
	*value = cpu->slow_value;
	return result;
}

ALWAYS_INLINE enum access_result cpu_store(struct cpu *cpu, uint64_t linear, unsigned size,
					   uint32_t access, uint64_t value)
{
	void *host = tlb_write_hit(cpu, linear, size);

	if (likely(host)) {
		host_store(host, size, value);
		return ACCESS_FAST;
	}
	return cpu_store_slow(cpu, linear, size, value, access);
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
bool cpu_pop(struct cpu *cpu, unsigned size, uint64_t *value);
/* Reads at SS:[RSP + @offset] without changing RSP; and what RSP becomes by adding @bytes. */
bool cpu_stack_read(struct cpu *cpu, unsigned size, unsigned offset, uint64_t *value);
void cpu_stack_adjust(struct cpu *cpu, int64_t bytes);

/* ---------------------------------------------------------------- translations */

/* The walk for a fetch of code, with the whole result. */
bool cpu_translate_fetch(struct cpu *cpu, uint64_t linear, uint32_t access,
			 struct udv_walk_result *result);
/* Physical address of @linear for @access (UDV_ACCESS_* with USER set by the caller's CPL). */
bool cpu_translate(struct cpu *cpu, uint64_t linear, uint32_t access, uint64_t *physical);

/* To be called after the state has changed. Each recomputes what it must, and drops translations.
 */
void cpu_mode_changed(
	struct cpu *cpu); /* CS, SS, other segments, CPL, RFLAGS.VM/AC, CR0.PE, EFER */
void cpu_paging_changed(struct cpu *cpu); /* CR0, CR4, EFER, PKRU, PKRS, PDPTEs: drops everything */
void cpu_cr3_changed(struct cpu *cpu, bool keep); /* @keep: bit 63 of the source was set, PCIDE */
void cpu_tlb_flush(struct cpu *cpu);
void cpu_tlb_flush_page(struct cpu *cpu, uint64_t linear); /* INVLPG */
void cpu_breakpoints_changed(struct cpu *cpu);		   /* DR0..DR3, DR7 */
void cpu_ac_changed(struct cpu *cpu);			   /* RFLAGS.AC alone */

#endif
