/* SPDX-License-Identifier: MIT */
#ifndef UDV_MACHINE_MACHINE_H
#define UDV_MACHINE_MACHINE_H

#include <stdatomic.h>

#include <undervisor/debug.h>
#include <undervisor/machine.h>
#include <undervisor/registers.h>
#include <undervisor/vm_exit.h>

#include "apic/lapic.h"
#include "base/clock.h"
#include "cpu/block.h"
#include "cpu/cpu.h"
#include "cpu/debug.h"
#include "devices/acpi_pm.h"
#include "devices/debug_exit.h"
#include "devices/fw_cfg.h"
#include "devices/i8042.h"
#include "devices/ioapic.h"
#include "devices/irq.h"
#include "devices/pci.h"
#include "devices/pci_testdev.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/reset.h"
#include "devices/rtc.h"
#include "devices/testdev.h"
#include "devices/uart16550.h"
#include "devices/virtio_blk.h"
#include "devices/virtio_console.h"
#include "devices/virtio_rng.h"
#include "devices/vtd.h"
#include "mem/ports.h"
#include "mem/space.h"
#include "nested/nested.h"

/*
 * The parts of a machine, and how they hang together.
 *
 * Virtual time: base_ticks is where the round began; a processor's own time is that and what it has
 * retired in this round. Processors take turns, so the next one starts behind where the one before
 * it stopped. Devices must not see time go back: device_ns is the latest time that anyone has seen,
 * and their clock never shows less. A round ends when each has had its slice, or at the next
 * deadline of a timer, and the next one begins where the foremost processor stopped.
 */

struct vcpu {
	struct cpu cpu;
	struct cpu_config config;
	struct lapic lapic;
	struct nested nested;	    /* with UDV_ENGINE_NESTED */
	struct cpu_walk_trace walk; /* used if there is a tracer */
	struct udv_vm_exit exit;    /* with config.vm_exit: the one under way */
	struct udv_ve_information ve;
	struct udv_machine *machine;
	unsigned index;
	uint64_t round_start; /* cpu_ticks() when the round began */
	bool in_round;	      /* it was awake when the round began */
};

/* A place where some processor has its local APIC, or had. Each sees its own there. */
struct lapic_page {
	struct udv_machine *machine;
	uint64_t base;
};

struct machine_hook {
	struct udv_hook hook;
	struct machine_hook *next;
};

/*
 * Virtio devices have windows one behind the other, and an interrupt line each, in this order;
 * disks are the last.
 */
#define VIRTIO_BASE 0xd0000000ull
#define VIRTIO_FIRST_IRQ 16u

enum {
	VIRTIO_SLOT_RNG,
	VIRTIO_SLOT_CONSOLE,
	VIRTIO_SLOT_DISK,
	NR_VIRTIO_SLOTS = VIRTIO_SLOT_DISK + UDV_MAX_DISKS,
};

struct machine_virtio {
	struct virtio_mmio *slot[NR_VIRTIO_SLOTS]; /* NULL: there is none */
	struct virtio_rng rng;
	struct virtio_console console;
	struct virtio_blk disk[UDV_MAX_DISKS];
	unsigned nr_disks;
};

/* What a debugger wants: see debug.c. */
struct machine_debug {
	struct cpu_points points;
	struct udv_vmx_stops vmx_stops;
	bool events; /* vmx_stops has some */
	bool stepping;
	unsigned step_cpu;
	uint64_t step_retired; /* cpu_retired() of it before the step */
	struct udv_debug_stop stop;
};

struct udv_machine {
	uint64_t memory;     /* bytes of RAM in all */
	uint64_t low_memory; /* of these, below 4 GB */
	unsigned nr_cpus;
	uint64_t tsc_khz;
	uint64_t slice;
	uint32_t stress;
	struct udv_machine_config config; /* the callbacks in it */
	char *cpu_text;			  /* config.cpu, for snapshots; may be NULL */
	struct udv_snapshot *snapshot; /* what pages that are not dirty are the same as, or NULL */

	struct mem_space mem;
	struct port_space ports;
	struct block_cache *blocks;
	struct vcpu *vcpus; /* nr_cpus of them */

	/* time */
	struct vclock clock;
	uint64_t base_ticks;
	uint64_t device_ns;
	struct vcpu *running; /* whose cpu_run() is under way, or NULL */
	unsigned turn;	      /* whose turn it is; nr_cpus: the round is over */
	uint64_t round_slice; /* what each may retire in this round */
	uint64_t longest;     /* what the foremost has retired in it */
	uint64_t piece_end;   /* tick at which the running cpu_run() ends */
	uint64_t idle_until;  /* idle processors wait no longer in this call */
	unsigned idle_skips;  /* deadlines skipped to without an instruction in between */

	/* why the loop is to be left */
	atomic_bool stop_requested;
	bool stopped;
	enum udv_stop stop;
	uint32_t stop_value;
	unsigned stop_cpu;

	/* devices */
	struct apic_bus apic_bus;
	struct lapic_page lapic_page[UDV_MAX_CPUS];
	unsigned nr_lapic_pages;
	struct irq_lines irq;
	struct ioapic ioapic;
	struct pic pic;
	struct pit pit;
	struct rtc rtc;
	struct acpi_pm acpi_pm;
	struct reset reset;
	struct i8042 i8042;
	struct pci_host pci;
	struct pci_testdev pci_testdev;
	struct testdev testdev;
	struct fw_cfg fw_cfg;
	struct uart16550 uart;
	struct debug_exit debug_exit;
	struct machine_virtio virtio;
	struct vtd vtd; /* with config.iommu */
	struct machine_hook *hooks;
	struct machine_debug debug;
};

/* machine.c: RAM where a machine with @memory bytes has it. */
enum udv_status machine_add_memory(struct mem_space *space, uint64_t memory);

/* board.c: devices and ports. Memory and processors are there. */
enum udv_status board_create(struct udv_machine *machine);

/* board_virtio.c */
enum udv_status virtio_check(const struct udv_machine_config *config, struct udv_problem *problem);
bool virtio_create(struct udv_machine *machine);
void virtio_destroy(struct udv_machine *machine);

/* wire.c: what is between the processors and the rest. */
enum udv_status wire_cpu(struct vcpu *vcpu);
/* The pages of local APICs as they are in @pages now; the machine's list becomes that. */
void wire_apic_pages(struct udv_machine *machine, const struct lapic_page *pages, unsigned count);
/* The state after power-up. */
void wire_reset(struct vcpu *vcpu);
/* Whether its events are looked at, by a tracer or a debugger. */
void wire_tracer(struct vcpu *vcpu);

/* debug.c: what L1 has made current, with L0 or not; false if there is none */
bool vcpu_current_vmcs(const struct vcpu *vcpu, struct vmx_vmcs *vmcs);
/* debug.c: after a VM entry, or an exit for @reason; after a step may have been done. */
void debug_vmx_event(struct vcpu *vcpu, bool entry, uint32_t reason);
void debug_ran(struct vcpu *vcpu);
/* What udv_machine_paging() is made of. */
enum udv_status machine_paging_config(const struct udv_machine *machine, unsigned cpu,
				      struct udv_paging_config *config);
/* entry_failed.c: for struct cpu_tracer; @opaque is the vCPU. */
void machine_entry_failed(void *opaque, const struct cpu *cpu, uint32_t msr);

/* vm_exit.c */
void machine_trace_exit(void *opaque, const struct cpu *cpu, bool left);
/* False if there is no memory. */
bool machine_read_ve(struct udv_machine *machine, uint64_t address, struct udv_ve_information *ve);

/* access.c */
void machine_copy_registers(const struct cpu_state *state, struct udv_registers *registers);

/* run.c */
/* Ends udv_machine_run() after the instruction that runs. The first reason counts. */
void machine_stop(struct udv_machine *machine, enum udv_stop stop, uint32_t value);
uint64_t machine_ticks(const struct udv_machine *machine);
/* @vcpu's own time, when its cpu_ticks() is @ticks. */
uint64_t machine_ticks_of(const struct vcpu *vcpu, uint64_t ticks);
/* For struct vclock. */
uint64_t machine_now(void *opaque);
void machine_deadline_changed(void *opaque, uint64_t deadline);
/* Something came for @vcpu: if it was asleep, its turn is to come soon. */
void machine_woken(struct vcpu *vcpu);

/* text.c */
__attribute__((format(printf, 2, 3))) void machine_problem(struct udv_problem *problem,
							   const char *format, ...);

#endif
