/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_SEGMENT_H
#define UDV_CPU_SEGMENT_H

#include "arch/paging_bits.h"
#include "cpu/handler.h"

/*
 * Descriptors and what may be done with them. SDM Vol 3A "Protected-Mode Memory Management",
 * "Protection".
 *
 * Access rights are in VMCS form everywhere (cpu_state.h); the raw descriptor's second doubleword
 * is that form shifted left by 8, with limit bits 19:16 where the form has zeros.
 */

/* Types of system descriptors: AR_TYPE with AR_S = 0 */
enum {
	SYS_TSS16 = 1,
	SYS_LDT = 2,
	SYS_TSS16_BUSY = 3,
	SYS_CALL_GATE16 = 4,
	SYS_TASK_GATE = 5,
	SYS_INTERRUPT_GATE16 = 6,
	SYS_TRAP_GATE16 = 7,
	SYS_TSS = 9, /* 32-bit, 64-bit in IA-32e mode */
	SYS_TSS_BUSY = 11,
	SYS_CALL_GATE = 12,
	SYS_INTERRUPT_GATE = 14,
	SYS_TRAP_GATE = 15,
};
#define SYS_BUSY 2u

#define SELECTOR_RPL(selector) ((selector)&3u)
#define SELECTOR_TI 4u
#define SELECTOR_IS_NULL(selector) (((selector)&0xfffcu) == 0)
#define ERROR_OF(selector) ((uint32_t)(selector)&0xfffcu)
#define ERROR_EXT 1u
#define ERROR_IDT 2u

/* A null selector's register, as hardware leaves it */
#define AR_NULL (AR_UNUSABLE | AR_G | AR_DB)
/* Data segment of virtual-8086 mode: present, DPL 3, writable, accessed */
#define AR_V86 0xf3u
#define AR_FLAT_CODE64(dpl) (AR_G | AR_L | AR_P | AR_S | 0xbu | (uint32_t)(dpl) << AR_DPL_SHIFT)
#define AR_FLAT_CODE32(dpl) (AR_G | AR_DB | AR_P | AR_S | 0xbu | (uint32_t)(dpl) << AR_DPL_SHIFT)
#define AR_FLAT_DATA(dpl) (AR_G | AR_DB | AR_P | AR_S | 0x3u | (uint32_t)(dpl) << AR_DPL_SHIFT)

struct descriptor {
	uint64_t low, high; /* raw; @high only of system descriptors in IA-32e mode */
	uint64_t linear;    /* where it was read */
	uint64_t base;
	uint32_t limit;
	uint32_t ar;
	uint16_t selector; /* that named it */
};

struct gate {
	uint64_t offset;
	uint16_t selector;
	uint8_t type; /* SYS_* */
	uint8_t dpl;
	bool system; /* AR_S = 0 */
	bool present;
	uint8_t ist;	    /* IA-32e mode */
	uint8_t parameters; /* of a call gate */
};

/* ---------------------------------------------------------------- pure */

void descriptor_parse(struct descriptor *d);
struct gate gate_parse(uint64_t low, uint64_t high, bool long_mode);

static inline unsigned descriptor_dpl(const struct descriptor *d)
{
	return AR_DPL_OF(d->ar);
}

static inline bool ar_is_code(uint32_t ar)
{
	return (ar & (AR_S | AR_CODE)) == (AR_S | AR_CODE);
}

static inline bool ar_is_conforming(uint32_t ar)
{
	return (ar & (AR_S | AR_CODE | AR_EXPAND_DOWN)) == (AR_S | AR_CODE | AR_EXPAND_DOWN);
}

static inline bool ar_is_writable_data(uint32_t ar)
{
	return (ar & (AR_S | AR_CODE | AR_WRITABLE)) == (AR_S | AR_WRITABLE);
}

/* Data, or code that can be read */
static inline bool ar_is_readable(uint32_t ar)
{
	return ar & AR_S && (ar & (AR_CODE | AR_WRITABLE)) != AR_CODE;
}

/* @size bytes at @offset lie inside the segment. Nothing but the limit is looked at. */
bool segment_in_limit(const struct arch_segment_register *segment, uint64_t offset, unsigned size);

/* DS, ES, FS or GS may be loaded with it: type and privilege. */
bool segment_data_loadable(uint32_t ar, unsigned cpl, unsigned rpl);
/* SS may be, at @cpl. */
bool segment_stack_loadable(uint32_t ar, unsigned cpl, unsigned rpl);
/* A far JMP or CALL may go straight to this code segment. */
bool segment_code_reachable(uint32_t ar, unsigned cpl, unsigned rpl);

/* ---------------------------------------------------------------- the processor's */

ALWAYS_INLINE bool is_protected(const struct cpu *cpu) /* and not virtual-8086 */
{
	return cpu->state.cr0 & BIT(0) && !(cpu->state.rflags & FLAG_VM);
}

ALWAYS_INLINE bool is_v86(const struct cpu *cpu)
{
	return cpu->state.rflags & FLAG_VM;
}

ALWAYS_INLINE unsigned iopl(const struct cpu *cpu)
{
	return (unsigned)(cpu->state.rflags >> FLAG_IOPL_SHIFT) & 3u;
}

/* Access bits for descriptor tables and TSSs, and for stacks while an event is delivered */
ALWAYS_INLINE uint32_t event_access(const struct cpu *cpu)
{
	return cpu->delivering.valid ? UDV_ACCESS_EVENT_DELIVERY : 0;
}

ALWAYS_INLINE uint32_t system_access(const struct cpu *cpu)
{
	return ACCESS_SYSTEM | event_access(cpu);
}

ALWAYS_INLINE bool cpu_is_canonical(const struct cpu *cpu, uint64_t linear)
{
	return canonical_of(linear, cpu->state.cr4 & CR4_LA57 ? 57 : 48) == linear;
}

/* #GP, #NP, #SS, #TS with a selector as its error code; false. */
bool cpu_raise_selector(struct cpu *cpu, unsigned vector, unsigned selector);

/*
 * Reads a descriptor that @selector (not null) names: *@d is parsed. Outside of its table: false
 * with @vector(selector). 16 bytes are read for system descriptors in IA-32e mode, if @wide.
 */
bool cpu_fetch_descriptor(struct cpu *cpu, uint16_t selector, unsigned vector,
			  struct descriptor *d);
bool cpu_fetch_wide(struct cpu *cpu, unsigned vector, struct descriptor *d);
/* The same for LAR and its kin: without exception for a bad selector. *@found says. */
bool cpu_find_descriptor(struct cpu *cpu, uint16_t selector, struct descriptor *d, bool *found);

/* Sets the accessed bit in memory and in @d, unless it is set. */
bool cpu_mark_accessed(struct cpu *cpu, struct descriptor *d);
/* Sets or clears the busy bit of a TSS descriptor in memory. */
bool cpu_mark_busy(struct cpu *cpu, uint64_t linear, bool busy);

/* Plain writes of a segment register; cpu_mode_changed() is the caller's. */
void cpu_set_segment(struct cpu *cpu, unsigned segment, uint16_t selector,
		     const struct descriptor *d);
void cpu_set_null(struct cpu *cpu, unsigned segment, uint16_t selector);
/* As real mode (only selector and base change) and virtual-8086 mode do. */
void cpu_set_real(struct cpu *cpu, unsigned segment, uint16_t selector);
void cpu_set_v86(struct cpu *cpu, unsigned segment, uint16_t selector);

/* cpu_load_segment() with nothing after it: no cpu_mode_changed(), no blocking. */
bool cpu_load_segment_quiet(struct cpu *cpu, unsigned segment, uint16_t selector);

/*
 * The stack segment for @cpl, as a change of privilege loads it: faults are @vector(selector), but
 * #SS(selector) if it is not present, and @vector(0) for a null selector. Marks it accessed.
 */
bool cpu_fetch_stack(struct cpu *cpu, uint16_t selector, unsigned cpl, unsigned vector,
		     struct descriptor *d);

/* Segments that the new @cpl may not use become null. SDM Vol 2 "RET", "IRET" */
void cpu_drop_segments(struct cpu *cpu, unsigned cpl);

#endif
