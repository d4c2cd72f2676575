/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_CPU_H
#define UDV_CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <undervisor/paging.h>

#include "arch/cpu_state.h"
#include "arch/exit_reasons.h"
#include "arch/features.h"
#include "base/bits.h"
#include "cpu/event.h"
#include "cpu/vmx.h"
#include "mem/ports.h"
#include "mem/space.h"

/*
 * The processor: one struct cpu for each logical one. It knows nothing of machines; what is around
 * it reaches it by struct cpu_ops, and it is told of events by cpu_raise().
 *
 * Invariants
 *  - Between cpu_run() calls, and whenever a slow handler runs, state is complete: rip and rflags
 *    are exact. While blocks run, rip holds the start of the block, the status flags may be in
 * lazy. What has been retired, cpu_retired() says at any time.
 *  - The TLB holds only what the walker said for the state in force; whoever changes CR0, CR3, CR4,
 *    EFER, PKRU, PKRS, RFLAGS.AC, CPL or the physical map calls the function of access.h that says
 * so.
 *  - Whoever sets attention runs in a handler that goes back to the run loop.
 */

struct op;
struct block;
struct block_cache;
struct cpu;
struct cpu_points;

/* What is outside the core. NULL entries mean that nothing answers. */
struct cpu_ops {
	/* The interrupt to deliver now: its vector, accepted by the caller; -1 if it has gone. */
	int (*acknowledge)(void *opaque);
	/* TPR[7:4], for CR8 */
	uint8_t (*read_cr8)(void *opaque);
	void (*write_cr8)(void *opaque, uint8_t value);
	/* MSRs the core does not have itself (APIC). False: #GP(0). */
	bool (*read_msr)(void *opaque, uint32_t index, uint64_t *value);
	bool (*write_msr)(void *opaque, uint32_t index, uint64_t value);
	/* The time-stamp counter when this processor's cpu_ticks() is @ticks, offsets apart. */
	uint64_t (*ticks)(void *opaque, uint64_t ticks);
	/* End of interrupt, to the local APIC. */
	void (*eoi)(void *opaque);
	/* IA32_TSC or IA32_TSC_ADJUST was written. */
	void (*tsc_changed)(void *opaque);
	/* Called after the state became that of INIT, for what is outside. */
	void (*init)(void *opaque);
	void *opaque;
};

/* A tracer; NULL entries are not called. Each costs nothing unless set. */
enum cpu_trace_kind {
	CPU_TRACE_EXCEPTION, /* a = vector, b = error code, c = CR2 */
	CPU_TRACE_INTERRUPT, /* a = vector, b = type as in interruption information */
	CPU_TRACE_MODE,	     /* a = CR0, b = CR4, c = EFER */
	CPU_TRACE_IO_READ,   /* a = port, b = value, c = size */
	CPU_TRACE_IO_WRITE,
	CPU_TRACE_MSR_READ, /* a = index, b = value */
	CPU_TRACE_MSR_WRITE,
	CPU_TRACE_VM_ENTRY, /* a = RIP, b = VM-entry interruption information, c = error code */
	CPU_TRACE_VM_EXIT, /* a = exit reason, b = exit qualification, c = guest-physical address */
	CPU_TRACE_VM_REFUSED, /* a = VM-instruction error of VMLAUNCH or VMRESUME */
	CPU_TRACE_VMX_ABORT,  /* a = indicator, b = entry of an MSR list, from 1 */
	/* An exit that L0 took, as for CPU_TRACE_VM_EXIT: what becomes of it */
	CPU_TRACE_L0_SHOWN,
	CPU_TRACE_L0_FILLED,
	CPU_TRACE_L0_EMULATED,
};

/* The walk that the last EPT fault came from, for whoever is told of what came of it. */
struct cpu_walk_trace {
	bool valid;
	struct udv_paging paging;
	struct udv_walk_result result;
	struct udv_walk_record record;
};

struct cpu_tracer {
	void (*event)(void *opaque, const struct cpu *cpu, enum cpu_trace_kind kind, uint64_t a,
		      uint64_t b, uint64_t c);
	/*
	 * A VM entry failed, and the VMCS is as it was judged; @msr: the entry of its MSR list,
	 * from 1, that could not be loaded, or 0.
	 */
	void (*entry_failed)(void *opaque, const struct cpu *cpu, uint32_t msr);
	/*
	 * An exit that the guest's hypervisor sees is under way: first with the guest's registers,
	 * saved and complete, and then (@left) with the host's, or what of them a VMX abort leaves.
	 */
	void (*exit)(void *opaque, const struct cpu *cpu, bool left);
	void *opaque;
	struct cpu_walk_trace *walk; /* NULL: not wanted */
};

struct cpu_config {
	struct arch_feature_set features;
	uint8_t maxphyaddr;  /* 36..52 */
	uint8_t linear_bits; /* 48, or 57 with LA57 */
	uint32_t apic_id, nr_cpus;
	uint32_t signature; /* CPUID.1:EAX */
	uint64_t tsc_khz;
	char vendor[13];
	char brand[49];
};

/* ---------------------------------------------------------------- lazy flags */

/*
 * The status flags as the last instruction that set them left its operands. With LAZY_NONE they are
 * in state.rflags. The kind is op-specific, the size is in the low two bits as a shift.
 *   ADD, ADC (carry in was 1), SUB, SBB (borrow in was 1): result and first operand
 *   LOGIC: result. INC, DEC: result, and CF in @first
 *   BITS: result for ZF, SF, PF, and CF, OF, AF as LAZY_CF.. bits in @first
 */
enum lazy_kind {
	LAZY_NONE = 0,
	LAZY_ADD = 4,
	LAZY_ADC = 8,
	LAZY_SUB = 12,
	LAZY_SBB = 16,
	LAZY_LOGIC = 20,
	LAZY_INC = 24,
	LAZY_DEC = 28,
	LAZY_BITS = 32,
};
#define LAZY_CF 1u
#define LAZY_OF 2u
#define LAZY_AF 4u

struct lazy_flags {
	uint64_t result, first; /* zero-extended from the operand size */
	uint32_t kind;		/* enum lazy_kind | size */
};

/* ---------------------------------------------------------------- TLB */

#define TLB_BITS 10
#define TLB_SIZE (1u << TLB_BITS)
#define ITLB_SIZE 128u
#define JUMP_CACHE_SIZE 1024u

/*
 * A tag is the linear page address with the view in its low 12 bits: the address-space number and
 * the kind of supervisor or user access that the rights were judged for. TLB_NOTHING matches no
 * access.
 */
#define TLB_NOTHING 0xfffull /* a view */
#define TLB_EMPTY 0xffeull   /* a tag */
#define VIEW_SUPERVISOR 0u
#define VIEW_SUPERVISOR_AC 1u /* RFLAGS.AC = 1 under SMAP */
#define VIEW_USER 2u
#define VIEW_BITS 2
#define NR_ASNS 1023u /* the last view stands for "match nothing" */

struct tlb_entry {
	uint64_t read, write; /* tags */
	uintptr_t addend;     /* host address = addend + linear address */
	uint64_t physical;    /* page, and TLB_WRITABLE: a write has been walked */
};
#define TLB_WRITABLE 1ull

struct itlb_entry {
	uint64_t tag;
	uint64_t physical;
	const uint8_t *host;
};

struct jump_entry {
	uint64_t rip, key;
	struct block *block;
};

/*
 * Which entries a bit of a set of regions is about, as long as they are few: then an invalidation
 * clears these, and need not go through all. A slot may hold something else by now.
 */
#define MAX_SLOTS 7u
struct slot_list {
	uint16_t n; /* more than MAX_SLOTS: not all are here */
	uint16_t slot[MAX_SLOTS];
};

/* What an address-space number stands for: see spaces.c. */
struct address_space {
	uint64_t cr3, cr4;
	uint64_t controls; /* bits of CR0 and EFER */
	uint64_t eptp;	   /* ~0 without EPT */
	uint64_t apic_page, pml_address, ve_information, sppt_pointer;
	uint64_t pdpte[4]; /* 0 but with PAE paging */
	uint32_t pkru, pkrs, ept_controls;
	uint16_t vpid, pcid;
	uint32_t asn; /* not part of the key */
};

/* ---------------------------------------------------------------- modes of blocks */

#define MODE_CODE16 0x0u /* virtual-8086, or real as a rule */
#define MODE_CODE16P 0x1u
#define MODE_CODE32 0x2u
#define MODE_CODE64 0x3u
#define MODE_CODE 0x3u
#define MODE_FLAT 0x4u	   /* ES, CS, SS, DS: base 0, no limit to check (always in 64-bit mode) */
#define MODE_SINGLE 0x8u   /* one instruction a block */
#define MODE_STACK32 0x10u /* SS.B */
#define MODE_V86 0x20u
#define MODE_REAL 0x40u	    /* CR0.PE = 0 */
#define MODE_NO_FPU 0x80u   /* CR0.EM or TS: x87, MMX, SSE may raise #NM or #UD */
#define MODE_NO_SSE 0x100u  /* CR4.OSFXSR = 0 */
#define MODE_NO_AVX 0x200u  /* CR4.OSXSAVE = 0 or XCR0 without it */
#define MODE_ALIGN 0x400u   /* alignment checks are on: CPL 3, AM and AC */
#define MODE_CS_FULL 0x800u /* no instruction pointer can exceed CS's limit */
#define MODE_BITS 12
#define NO_JUMPS BIT(63) /* in jump_key while an instruction runs by itself: no entry has it */

/* ---------------------------------------------------------------- events */

/* attention: reasons to go back to the run loop at the next instruction boundary */
#define ATTENTION_EVENT 0x1u /* look at interrupts, traps, state.*_pending */
#define ATTENTION_CODE 0x2u  /* a block has been dropped, maybe the one that runs */
#define ATTENTION_YIELD 0x4u /* cpu_run() is to return CPU_STOP_YIELD */

enum {
	VECTOR_DE = 0,
	VECTOR_DB = 1,
	VECTOR_NMI = 2,
	VECTOR_BP = 3,
	VECTOR_OF = 4,
	VECTOR_BR = 5,
	VECTOR_UD = 6,
	VECTOR_NM = 7,
	VECTOR_DF = 8,
	VECTOR_TS = 10,
	VECTOR_NP = 11,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_MF = 16,
	VECTOR_AC = 17,
	VECTOR_MC = 18,
	VECTOR_XM = 19,
	VECTOR_VE = 20,
	VECTOR_CP = 21,
};

/* Why cpu_run() returned. */
enum cpu_stop {
	CPU_STOP_BUDGET,   /* the instructions it was given are used up */
	CPU_STOP_HALT,	   /* HLT, MWAIT or wait-for-SIPI: nothing to do until an event */
	CPU_STOP_SHUTDOWN, /* triple fault */
	CPU_STOP_YIELD,	   /* cpu_yield() was called */
};

/* Why the block loop was left. */
enum cpu_exit {
	EXIT_NEXT,   /* go on at state.rip */
	EXIT_BUDGET, /* the next block has more instructions than are left */
	EXIT_FAULT,  /* fault is to be delivered; state.rip is at the instruction */
	EXIT_BREAK,  /* a debugger's breakpoint: nothing of the instruction has been done */
};

/*
 * Another way to memory than the TLB and the walk: for an instruction that L0 emulates, operands go
 * through these. Same results as cpu_translate().
 */
struct cpu_memory_path {
	bool (*translate)(void *opaque, struct cpu *cpu, uint64_t linear, uint32_t access,
			  uint64_t *physical);
	void *opaque;
};

/*
 * A hypervisor below this processor's guests: L0. It has VMCSs of its own, and while one of them is
 * in force (cpu_vmx.hosted) every exit comes to it. What the guest's hypervisor makes of VMX is
 * then done by this processor too, on the VMCS of that hypervisor: it says when.
 */
struct cpu_hypervisor {
	void (*on)(void *opaque);      /* VMXON is done */
	void (*entered)(void *opaque); /* the guest state of a VM entry is loaded */
	void (*exited)(void *opaque);  /* the host state of a VM exit is loaded */
	void (*leave)(void *opaque);   /* vmx.exit of a hosted VMCS is to be handled */
	/* INVEPT: all roots, or the one of @eptp */
	void (*invept)(void *opaque, bool all, uint64_t eptp);
	/* EPT has refused @gpa to a guest of a VMCS that is not hosted */
	void (*refused)(void *opaque, uint64_t gpa);
	void *opaque;
};

struct cpu {
	struct cpu_state state;
	struct lazy_flags lazy;

	/* the block that runs */
	struct block *block;   /* NULL while state is exact */
	uint64_t block_rip;    /* RIP (not linear) where it started, once it is left */
	uint64_t rip_mask;     /* 16, 32 or 64 ones, as the code size has it */
	uint64_t address_mask; /* of linear addresses in MODE_FLAT: 32 or 64 ones */
	int64_t remaining; /* instructions left of the budget, those of the whole block taken off */
	uint32_t attention;
	uint32_t mode; /* MODE_* of state */

	/* the TLB's key, and how addresses are made */
	uint64_t view;	     /* ASN and VIEW_* of data accesses at this CPL; ~0 matches nothing */
	uint64_t fetch_view; /* the same for fetches; never matches nothing */
	uint64_t segment_base[NR_SEGMENTS]; /* as linear addresses get them: 0 for most in 64-bit
					       mode */
	uint64_t jump_key;
	uint64_t slow_value; /* of cpu_rmw_begin() */
	struct cpu_rmw {
		uint64_t physical[2];
		uint8_t *host[2], *flags[2];
		uint8_t size[2];
	} rmw; /* where cpu_rmw_commit() goes */

	struct tlb_entry tlb[TLB_SIZE];
	struct itlb_entry itlb[ITLB_SIZE];
	struct jump_entry jump_cache[JUMP_CACHE_SIZE];

	/* leaving a block */
	const struct op *current; /* the op that a slow handler or access is about */
	bool interrupt;		  /* cpu_set_interrupt() */
	/*
	 * Where an invalidation of one page is more than that. Bit n: an address a with
	 * (a >> 22) % 64 = n (30 for huge ones) is in the TLB by a page of 2 MB or 4 MB, by one of
	 * 1 GB; or is the target of an entry of the jump cache.
	 */
	uint64_t large_regions, huge_regions, jump_regions;
	struct slot_list large_slots[64], jump_slots[64]; /* of the regions whose bit is set */
	enum cpu_exit exit;
	struct cpu_event fault;	     /* what the instruction raised */
	struct cpu_event delivering; /* the event whose delivery is under way: IDT vectoring */
	struct cpu_vmx vmx;

	uint64_t retired;    /* exact instructions since the processor was made */
	uint64_t budget_end; /* value of cpu_ticks() when remaining is 0 */
	uint64_t charged;    /* ticks beyond one an instruction, all in all */
	bool single_blocks;  /* stress: every block has one instruction */
	bool flush_always;   /* stress: the TLB is empty before every instruction */
	/* DR7 has some enabled, or a debugger has: the TLB holds no page with one. */
	bool data_breakpoints;
	bool code_breakpoints;
	bool rf_loaded;	    /* by a handler: this instruction has loaded RFLAGS.RF: keep it */
	bool step_consumed; /* by a handler: no single-step trap after this instruction */
	bool repeating;	    /* a repeated string instruction stands between two iterations */
	bool mwait_break;   /* MWAIT with ECX[0]: interrupts end it even if IF = 0 */
	const struct cpu_config *config;
	struct cpu_ops ops;
	struct cpu_tracer tracer;
	const struct cpu_hypervisor *hypervisor; /* NULL: there is none below */
	struct mem_space *memory;
	struct port_space *ports;
	struct block_cache *blocks;
	const struct cpu_memory_path *path; /* NULL but while an instruction is emulated */
	struct udv_paging paging;
	uint64_t generation;  /* of translations: part of jump_key */
	uint32_t asn;	      /* of the address space in force */
	uint32_t next_asn;    /* 1 .. NR_ASNS - 1 are given out, one after the other */
	uint64_t live_spaces; /* bit n: spaces[n] has a number */
	unsigned next_space;  /* the one that gave way last, when all had */
	struct address_space spaces[64];
	struct udv_paging space_paging[64]; /* of those that have a number */
	uint64_t code_base;		    /* CS's base and limit as of jump_key */
	uint32_t code_limit;
	uint64_t random;		     /* state of RDRAND and RDSEED */
	const struct cpu_points *points;     /* of a debugger: see debug.h; NULL: none */
	uint64_t passed_rip, passed_retired; /* where the last breakpoint stopped the run */

	struct cpu_stats {
		uint64_t tlb_misses, tlb_flushes, blocks_built, blocks_dropped, block_lookups,
			exceptions, interrupts, loops;
		uint64_t vm_entries, vm_refusals, vm_exits[ARCH_MAX_EXIT_REASONS];
	} stats;
};

/* ---------------------------------------------------------------- from outside */

/* Bytes of a struct cpu; the caller allocates it, 64-byte aligned. */
void cpu_init(struct cpu *cpu, const struct cpu_config *config, struct mem_space *memory,
	      struct port_space *ports, struct block_cache *blocks);
/* Power-up state. SDM Vol 3A "Processor State After Reset" */
void cpu_reset(struct cpu *cpu);
/* The INIT signal's state; keeps what INIT keeps. */
void cpu_init_signal(struct cpu *cpu);

/*
 * Runs for @budget ticks, longer only by the cost of the last instruction. Without costs that is as
 * many instructions; a delivered event counts as one.
 */
enum cpu_stop cpu_run(struct cpu *cpu, uint64_t budget);

/*
 * @interrupt: an interrupt can be had from ops.acknowledge(), or no longer. Level-triggered: as
 * long as it is set and interrupts are enabled, they are taken.
 */
void cpu_set_interrupt(struct cpu *cpu, bool interrupt);
void cpu_raise_nmi(struct cpu *cpu);
void cpu_raise_init(struct cpu *cpu);
void cpu_raise_sipi(struct cpu *cpu, uint8_t vector);
/* Makes a running cpu_run() return soon, at an instruction boundary. From its own thread only. */
void cpu_yield(struct cpu *cpu);

/*
 * Time of this processor: a tick for an instruction or a delivered event, and more for what takes
 * a processor long (enum cpu_cost). Exact also while a handler runs: as of the instruction's start.
 */
uint64_t cpu_ticks(const struct cpu *cpu);
/* Instructions retired and events delivered; exact as cpu_ticks() is. */
uint64_t cpu_retired(const struct cpu *cpu);

/*
 * Ticks beyond one, roughly in proportion to what processors need: a guest that polls a device or
 * measures an instruction gets on with its time. They never depend on what is cached.
 */
enum cpu_cost {
	COST_PORT = 400,
	COST_DEVICE = 200, /* a register in memory */
	COST_CPUID = 100,
	COST_MSR = 60,
	COST_INVALIDATION = 60,
	COST_CONTROL_REGISTER = 40,
	COST_PAGING_MODE = 200, /* of CR0 or CR4 */
	COST_PAUSE = 40,
	COST_EVENT = 40,
	COST_TSC = 20,
	COST_VM_ENTRY = 400,
	COST_VM_EXIT = 400,
	COST_VMCS_FIELD = 10,
};

static inline void cpu_charge(struct cpu *cpu, enum cpu_cost cost)
{
	cpu->remaining -= cost;
	cpu->charged += cost;
}

/*
 * For the hypervisor below. One instruction at state.rip, one round of a repeated one, or the
 * delivery of @event if it is not NULL, under the VMCS in force; what faults is delivered.
 */
void cpu_step(struct cpu *cpu, const struct cpu_event *event);
/* Delivers cpu->fault. */
void cpu_step_fault(struct cpu *cpu);
/* The time that the exit under way has taken is taken back; or is counted. */
void cpu_uncount_exit(struct cpu *cpu);
void cpu_count_exit(struct cpu *cpu);

/* Call after state has been written from outside (loaders, snapshots, a debugger). */
void cpu_state_changed(struct cpu *cpu);

#endif
