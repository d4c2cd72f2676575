/* SPDX-License-Identifier: MIT */
#ifndef UDV_NESTED_NESTED_H
#define UDV_NESTED_NESTED_H

#include <undervisor/exit_info.h>

#include "cpu/cpu.h"
#include "nested/ept02.h"
#include "vmx/checks.h"

/*
 * L0: the hypervisor below a hypervisor, one for each processor. docs/nested.md
 *
 * It comes in with VMXON and goes with VMXOFF. In between L1 runs under vmcs01 and L2 under vmcs02,
 * both made here; vmcs12 is what L1 has made current.
 *
 * What L1 asks of VMX is done by the processor's own executor on vmcs12: L0 puts vmcs12 in force
 * for as long as one instruction, VM exit or event takes, and then goes back to a VMCS of its own.
 * So an instruction of L2 that L0 emulates reaches memory through L2's tables and EPT12, never
 * through EPT02, and a fault found on the way is the walk's own record.
 *
 * Invariants
 *  - cpu->vmx.hosted: vmcs01 (level1) or vmcs02 is in force. Otherwise vmcs12 is, or VMX is off.
 *  - While L1 runs, vmcs12 is in L0's memory, where L1's VMREAD and VMWRITE find it as a shadow
 *    VMCS without an exit. While L2 runs, too, but for what the processor writes into vmcs02. Under
 *    stress it is in L1's region instead, and L0's copy is not to be used: region.c.
 *  - No exit-information field of vmcs02 ever reaches vmcs12 as it is, but for an exit that L1
 * asked for and vmcs02 took in its place.
 */

/* By basic exit reason, as struct udv_l0_stats has them. */
struct nested_stats {
	uint64_t l1_exits[ARCH_MAX_EXIT_REASONS], handled[ARCH_MAX_EXIT_REASONS],
		shown[ARCH_MAX_EXIT_REASONS], found[ARCH_MAX_EXIT_REASONS];
	uint64_t merges, fills;
};

struct nested {
	struct cpu *cpu;
	uint64_t base;		 /* of L0's memory for this processor */
	struct vmx_vmcs *vmcs12; /* in it */
	struct vmx_vmcs vmcs01;
	bool ept;		 /* L2 runs with EPT12, and EPT02 for it */
	struct udv_paging ept12; /* for walks of EPT12 alone */
	struct ept02 ept02;
	uint64_t
		reuses; /* of its tables, that the processor's translations have been dropped for */
	bool forgets;	/* stress: EPT02 is dropped at every exit that L1 sees */
	bool writes_back; /* stress: vmcs12 is in L1's region while L1 or L2 runs; region.c */
	bool given;	  /* it is there now, at @region, which held @before */
	uint64_t region;
	uint8_t before[VMX_REGION_FIELDS + sizeof(struct vmx_vmcs)];
	bool emulating; /* what exits now, L0 has found */
	struct nested_stats stats;
	struct cpu_hypervisor hypervisor;
};

/* Pages of L0's memory: these, then the tables of EPT02. */
enum nested_page {
	NESTED_PAGE_VMCS12,   /* a VMCS region */
	NESTED_PAGE_NO_EXITS, /* an MSR bitmap without a bit */
	NESTED_PAGE_READS,    /* VMREAD bitmap: clear for fields that there are */
	NESTED_PAGE_WRITES,   /* VMWRITE bitmap: for those that can be written */
	NESTED_PAGE_TABLES,
};
/* Bytes of it for a processor. */
#define NESTED_MEMORY (4ull << 20)
/* Where it may be: beyond what MAXPHYADDR lets anyone name. */
#define NESTED_BASE (1ull << 51)
#define NESTED_MAXPHYADDR 51u

/* @base has NESTED_MEMORY bytes of memory of its own, at @host. */
void nested_init(struct nested *n, struct cpu *cpu, uint64_t base, uint8_t *host);

/*
 * aside.c, between two runs: the processor's state becomes what it is without L0; and L0 comes in
 * again, whatever state that is now. cpu_state_changed() comes next each time.
 */
void nested_put_aside(struct nested *n);
void nested_take_up(struct nested *n);
/* L2's registers are others, from outside: vmcs02 shows some of them. */
void nested_registers_changed(struct nested *n);
/*
 * region.c: the stress, if it is on. L1's region has vmcs12, for a run to begin; L0 has it again,
 * and L1's memory is what it is without, at the end of one.
 */
void nested_give12(struct nested *n);
void nested_take12(struct nested *n);
/* L1's current VMCS, as VMREAD has it; there is one. */
void nested_current_vmcs(const struct nested *n, struct vmx_vmcs *vmcs);

/* ---------------------------------------------------------------- between the files */

/* merge.c: vmcs02 from vmcs12, and into force. */
void nested_enter02(struct nested *n);
/* EPTP02 into force, after EPT02 may have been dropped. */
void nested_follow_ept02(struct nested *n);
/* vmcs12 into force: guest mode, not hosted. If L2 is to go on, cpu_paging_changed() comes next. */
void nested_enter12(struct nested *n);
/* vmcs01 into force. */
void nested_enter01(struct nested *n);
void nested_make01(struct nested *n);
/* What the processor has written into vmcs02 that is vmcs12's. */
void nested_take_written(const struct nested *n, struct vmx_vmcs *vmcs12);
/* region.c: L1's region has vmcs12 while a guest runs. */
bool nested_in_region(const struct nested *n);

/* valid02.c: what a VM entry checks, of the vmcs02 in force; the first that fails. */
enum vmx_check_id nested_check02(const struct cpu_vmx *vmx);
/* It is none; without NDEBUG the program ends otherwise. */
void nested_assert02(const struct cpu_vmx *vmx);

/* faults.c: exits 48 and 49 of vmcs02 */
void nested_ept_exit(struct nested *n);
/* leave.c */
/* Counts and traces what becomes of vmx.exit, which is still as the processor left it. */
void nested_tell(struct nested *n, enum cpu_trace_kind kind);
void nested_reflect(struct nested *n);
void nested_emulate(struct nested *n);
bool nested_retry(struct nested *n);
/* In debug builds vmx.interrupted and vmx.unblocked are made nonsense. */
void nested_forget_event(struct cpu *cpu);
void nested_resume02(struct nested *n);

/* wants.c: does L1 want the exit that @exit records? Pure but for reading L1's bitmaps. */
struct nested_question {
	const struct vmx_exit *exit;
	const struct vmx_vmcs *vmcs12;
	const uint64_t *gpr;	  /* of L2 */
	bool code64;		  /* it runs 64-bit code: the upper halves count */
	struct mem_space *memory; /* of L1 */
};
bool nested_l0_wants(const struct nested_question *question);
bool nested_l1_wants(const struct nested_question *question);

/* Bits of L2's control registers that L0 keeps for itself. */
#define NESTED_CR0_OWNED 0x60000000ull /* CD, NW */
#define NESTED_CR4_OWNED 0x30ull       /* PSE, PAE */

#endif
