/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_DEBUG_H
#define UNDERVISOR_DEBUG_H

#include <undervisor/machine.h>
#include <undervisor/paging.h>
#include <undervisor/vmentry.h>

/*
 * A debugger's view of a machine. Nothing of it shows in the guest: breakpoints are not in memory
 * and not in debug registers, and a run that is stopped and goes on is the same run. What is off
 * costs nothing.
 *
 * None of these may be called from within a hook or the trace.
 */

/* ---------------------------------------------------------------- where to stop */

#define UDV_MAX_BREAKPOINTS 64u
#define UDV_MAX_WATCHPOINTS 16u

#define UDV_LEVEL_ANY 0u
#define UDV_LEVEL_L1 1u
#define UDV_LEVEL_L2 2u

/*
 * Any processor that is about to execute the instruction at linear @address stops the run; what
 * address space it is in does not matter. The same breakpoint may be added more than once, and is
 * then to be removed as often. UDV_ERR_NO_MEMORY: there are too many; UDV_ERR_NOT_FOUND.
 */
enum udv_status udv_machine_add_breakpoint(struct udv_machine *machine, udv_gva_t address);
enum udv_status udv_machine_remove_breakpoint(struct udv_machine *machine, udv_gva_t address);

#define UDV_WATCH_READ 0x1u
#define UDV_WATCH_WRITE 0x2u

struct udv_watchpoint {
	udv_gva_t address;
	uint64_t size;	/* 1..4096 */
	unsigned kinds; /* UDV_WATCH_* */
};

/* The same for data; the run stops behind the instruction. UDV_ERR_ARGUMENT: no such watchpoint. */
enum udv_status udv_machine_add_watchpoint(struct udv_machine *machine,
					   const struct udv_watchpoint *watchpoint);
enum udv_status udv_machine_remove_watchpoint(struct udv_machine *machine,
					      const struct udv_watchpoint *watchpoint);

/* Where breakpoints and watchpoints count: UDV_LEVEL_*. By default at any level. */
void udv_machine_set_break_level(struct udv_machine *machine, unsigned level);

/* VM entries and exits to stop behind, as the hypervisor in the machine sees them. */
struct udv_vmx_stops {
	bool entry, exit;
	bool reason[UDV_MAX_EXIT_REASONS]; /* exits of these basic exit reasons */
};
void udv_machine_set_vmx_stops(struct udv_machine *machine, const struct udv_vmx_stops *stops);

/*
 * udv_machine_run() stops when processor @cpu has executed one instruction, or an event has been
 * delivered to it; others have their turns meanwhile, as in any run. The wish is gone when the run
 * has stopped for it, or with UINT_MAX for @cpu.
 */
enum udv_status udv_machine_set_step(struct udv_machine *machine, unsigned cpu);

enum udv_debug_event {
	UDV_DEBUG_BREAKPOINT, /* address */
	UDV_DEBUG_WATCHPOINT, /* watchpoint: the one that was hit; address: of the access */
	UDV_DEBUG_STEP,
	UDV_DEBUG_VM_ENTRY,
	UDV_DEBUG_VM_EXIT, /* exit_reason */
};

/* Why udv_machine_run() stopped with UDV_STOP_DEBUG. */
struct udv_debug_stop {
	enum udv_debug_event event;
	unsigned cpu;
	uint64_t address;
	struct udv_watchpoint watchpoint;
	uint32_t exit_reason; /* field 4402H */
};
void udv_machine_debug_stop(const struct udv_machine *machine, struct udv_debug_stop *stop);

/* Away with all of it. */
void udv_machine_debug_clear(struct udv_machine *machine);

/* ---------------------------------------------------------------- levels */

struct udv_vmx_view {
	bool operation;	       /* the processor is in VMX operation */
	unsigned level;	       /* UDV_LEVEL_L2 if a guest of the hypervisor in the machine runs */
	uint64_t vmcs_pointer; /* of the current VMCS; all ones: there is none */
	bool launched;	       /* its launch state */
};

/* UDV_ERR_ARGUMENT: there is no such processor. */
enum udv_status udv_machine_vmx_view(const struct udv_machine *machine, unsigned cpu,
				     struct udv_vmx_view *view);
/*
 * The current VMCS, as VMREAD would read it; while L2 runs its guest state is that of the last
 * entry. UDV_ERR_NOT_FOUND: there is none.
 */
enum udv_status udv_machine_vmcs(const struct udv_machine *machine, unsigned cpu,
				 struct udv_vmcs *vmcs);
/*
 * The context that translates addresses of the level that runs: in L2 its own tables and the EPT
 * that L1 has given it, whatever engine there is. It lasts until the machine runs or is written to.
 */
enum udv_status udv_machine_paging(struct udv_machine *machine, unsigned cpu,
				   struct udv_paging *paging);

/* ---------------------------------------------------------------- more registers */

/* x87 as FSAVE has it. SDM Vol 1 "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE"
 */
struct udv_more_registers {
	uint8_t st[8][10]; /* ST(0).. */
	uint32_t control, status, tag, opcode;
	uint32_t instruction_selector, data_selector;
	uint64_t instruction_pointer, data_pointer;
	uint8_t ymm[16][32]; /* the low 16 bytes are XMM */
	uint32_t mxcsr;
	uint64_t cr8, xcr0, kernel_gs_base;
	uint64_t star, lstar, cstar, fmask, sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t pat, pkru;
};

enum udv_status udv_machine_get_more_registers(const struct udv_machine *machine, unsigned cpu,
					       struct udv_more_registers *registers);
/* x87 (the tag word by empty or not), YMM, MXCSR and kernel_gs_base; the others stay as they are.
 */
enum udv_status udv_machine_set_more_registers(struct udv_machine *machine, unsigned cpu,
					       const struct udv_more_registers *registers);

#endif
