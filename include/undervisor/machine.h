/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_MACHINE_H
#define UNDERVISOR_MACHINE_H

#include <undervisor/status.h>
#include <undervisor/types.h>

/*
 * A whole machine: processors, memory and the devices of a small PC. Machines know nothing of each
 * other, and the library has no state besides them; a process may have any number.
 *
 * A machine belongs to one thread at a time. The one call that may come from elsewhere, from a
 * signal handler too, is udv_machine_request_stop().
 *
 * Time is virtual: an instruction takes one tick of the time-stamp counter, some that take real
 * processors long (port I/O, MSRs, PAUSE, ...) a fixed number more, and a processor that waits
 * skips to what it waits for. The same configuration, image and input give the same run.
 */
struct udv_machine;

#define UDV_MAX_CPUS 16u
#define UDV_MAX_MEMORY (64ull << 30)
#define UDV_DEFAULT_MEMORY (128ull << 20)
#define UDV_MAX_DISKS 4u

/* Why a call was refused, for people to read: one line without a full stop. */
struct udv_problem {
	char text[192];
};

/*
 * Ways to run that must make no difference but in speed: what a fault in the processor's caches
 * would show in.
 */
#define UDV_STRESS_TLB 0x1u	/* the TLB is empty before every instruction */
#define UDV_STRESS_BLOCKS 0x2u	/* decoded code is dropped every 64 ticks */
#define UDV_STRESS_SINGLE 0x4u	/* code is decoded one instruction at a time */
#define UDV_STRESS_EPT02 0x8u	/* L0 forgets its EPT at every exit that L1 sees */
#define UDV_STRESS_VMCS12 0x10u /* L0 keeps vmcs12 in L1's memory while L1 or L2 runs */

/*
 * What a hypervisor in the machine, L1, runs on. It cannot tell one from the other: instructions,
 * virtual time, exits and their fields are the same.
 */
enum udv_engine {
	UDV_ENGINE_DIRECT, /* the processor does L1's VMX itself */
	UDV_ENGINE_NESTED, /* L0 does: L2 runs under a VMCS and EPT of L0's. docs/nested.md */
};

enum udv_trace_kind {
	UDV_TRACE_EXCEPTION, /* a = vector, b = error code, c = CR2 */
	UDV_TRACE_INTERRUPT, /* a = vector, b = interruption type as in a VMCS */
	UDV_TRACE_MODE,	     /* a = CR0, b = CR4, c = IA32_EFER */
	UDV_TRACE_IO_READ,   /* a = port, b = value, c = size in bytes */
	UDV_TRACE_IO_WRITE,
	UDV_TRACE_MSR_READ, /* a = index, b = value */
	UDV_TRACE_MSR_WRITE,
	UDV_TRACE_VM_ENTRY, /* a = the guest's RIP, b = VM-entry interruption information, c = error
			       code */
	UDV_TRACE_VM_EXIT, /* a = exit reason, b = exit qualification, c = guest-physical address */
	UDV_TRACE_VM_REFUSED, /* a = VM-instruction error of VMLAUNCH or VMRESUME */
	/* a = VMX-abort indicator, b = the entry of the MSR list that could not be done, from 1 */
	UDV_TRACE_VMX_ABORT,
	/*
	 * With UDV_ENGINE_NESTED, an exit that L0 took from L1 or L2: a, b and c as for
	 * UDV_TRACE_VM_EXIT. They are L0's affair; neither L1 nor L2 can tell, and the direct
	 * engine has none.
	 */
	UDV_TRACE_L0_SHOWN,    /* L1 asked for it: the UDV_TRACE_VM_EXIT that follows is its */
	UDV_TRACE_L0_FILLED,   /* EPT02 has what was missing, and the access is made again */
	UDV_TRACE_L0_EMULATED, /* L0 does what was to be done; an exit that follows is one it found
				*/
	UDV_NR_TRACE_KINDS,
};

struct udv_paging;
struct udv_ve_information;
struct udv_vm_exit;
struct udv_walk_record;
struct udv_walk_result;

struct udv_trace_event {
	enum udv_trace_kind kind;
	unsigned cpu;
	uint64_t instructions; /* retired by this processor before it */
	uint64_t rip;	       /* of a slow instruction the next one's */
	uint64_t nanoseconds;  /* of virtual time */
	/* 1: L1, or no hypervisor; 2: its guest. An entry is L1's, an exit its guest's. */
	unsigned level;
	uint64_t a, b, c;

	/* of UDV_TRACE_VM_EXIT, as the fields of the VMCS are called */
	uint64_t guest_linear_address;
	uint32_t interruption_info, interruption_error_code;
	uint32_t instruction_length, instruction_info;
	/*
	 * Of an exit for an EPT fault, or the #VE in its place: the walk that was refused, and the
	 * context it was made in. Otherwise NULL. They last as long as the call.
	 */
	const struct udv_paging *paging;
	const struct udv_walk_result *walk;
	const struct udv_walk_record *record;
	/* Of a #VE: the information area that it wrote, see vm_exit.h. Otherwise NULL. */
	const struct udv_ve_information *ve;
};

struct udv_vmentry;

/* A VM entry that failed, and what its checks were made on: undervisor/vmentry.h says why. */
struct udv_entry_failure {
	unsigned cpu;
	uint64_t instructions, nanoseconds, rip; /* as in a trace event */
	const struct udv_vmentry *entry;
};

/* A VMCS that is current, and the entry that VMLAUNCH or VMRESUME would make with it. */
struct udv_current_vmcs {
	const struct udv_vmentry *entry;
	bool launched; /* its launch state */
	bool shadow;   /* it is a shadow VMCS, which cannot be entered */
	bool in_guest; /* its guest runs: the fields of its state are of the last entry */
};

/*
 * What is on a disk. The callbacks are called within udv_machine_run(), with [@offset, @offset +
 * @size) inside the disk; false is an I/O error for the guest. They must not call the machine, and
 * for runs to be the same they must give the same bytes.
 */
struct udv_disk {
	uint64_t size; /* bytes: a multiple of 512, and not 0 */
	bool (*read)(void *opaque, uint64_t offset, void *data, size_t size);
	/* NULL: what the guest writes stays in the machine, until it is destroyed. */
	bool (*write)(void *opaque, uint64_t offset, const void *data, size_t size);
	/* What was written is to last; may be NULL. */
	bool (*flush)(void *opaque);
	void *opaque;
	bool read_only; /* for the guest: it can write nothing */
	const char *id; /* up to 20 bytes for the guest to know it by; NULL: "undervisor-N" */
};

/* All zero is the default machine. */
struct udv_machine_config {
	uint64_t memory;  /* bytes, 1 MB..64 GB, rounded up to a page; 0: 128 MB */
	unsigned nr_cpus; /* 1..16; 0: 1 */
	/*
	 * What the processors can do, apart from the default: "+la57,-avx,maxphyaddr=39". Also
	 * tsc-khz=N, how many ticks a virtual millisecond has, vendor=TEXT of CPUID. NULL: the
	 * default.
	 */
	const char *cpu;
	uint64_t seed;	 /* of RDRAND, RDSEED and virtio's rng; 0 is a seed like any other */
	uint64_t slice;	 /* ticks a processor runs before the next one's turn; 0: 2000 */
	uint32_t stress; /* UDV_STRESS_* */
	/* UDV_ENGINE_NESTED needs maxphyaddr to be 51 at most. */
	enum udv_engine engine;

	/* A byte that the guest sent on COM1. May be NULL. */
	void (*serial)(void *opaque, uint8_t byte);
	/*
	 * Virtio devices, in windows of memory that the DSDT names: disks, a console if there is
	 * a function that gets what the guest sends on it, a source of entropy.
	 */
	const struct udv_disk *disks; /* needed only during udv_machine_create() */
	unsigned nr_disks;	      /* up to UDV_MAX_DISKS */
	void (*console)(void *opaque, const uint8_t *data, size_t size); /* may be NULL */
	bool no_rng;
	/*
	 * A remapping unit for DMA (VT-d) in front of the PCI bus, and the ACPI table DMAR that
	 * names it. Nothing on that bus needs it; some hypervisors do.
	 */
	bool iommu;
	/* Events of the processors; costs speed unless NULL. It may read the machine. */
	void (*trace)(void *opaque, const struct udv_trace_event *event);
	/*
	 * A VM entry was refused or failed; the event of it was traced before. @failure lasts as
	 * long as the call. Costs nothing until it happens. May be NULL.
	 */
	void (*entry_failed)(void *opaque, const struct udv_entry_failure *failure);
	/*
	 * Every VM exit that a hypervisor in the machine sees, once it has been performed and the
	 * trace has had its UDV_TRACE_VM_EXIT; all about it is in vm_exit.h, and lasts as long as
	 * the call. As free of charge as the trace, and it may read the machine, too.
	 */
	void (*vm_exit)(void *opaque, const struct udv_vm_exit *exit);
	void *opaque; /* of serial, console, trace, entry_failed and vm_exit */
};

/*
 * Makes a machine with its processors in the state after power-up. It starts at the reset vector,
 * where there is no firmware: load an image first, or write memory and registers.
 * UDV_ERR_ARGUMENT, UDV_ERR_NO_MEMORY; why, says @problem, which may be NULL.
 */
enum udv_status udv_machine_create(const struct udv_machine_config *config,
				   struct udv_machine **machine, struct udv_problem *problem);
void udv_machine_destroy(struct udv_machine *machine);

/* The name of the @index-th feature for config.cpu, NULL after the last. */
const char *udv_machine_feature(unsigned index, bool *by_default);
/* What it is, in a few words; "" for those of CPUID, whose names say it. */
const char *udv_machine_feature_words(unsigned index);

/* ---------------------------------------------------------------- images */

struct udv_module {
	const void *data;
	size_t size;
	const char *cmdline; /* may be NULL */
};

/* What to boot. The caller keeps all of it; it is needed only during the call. */
struct udv_boot {
	const void *image;
	size_t size;
	const char *cmdline; /* by custom the image's name, then its arguments; may be NULL */
	/*
	 * How many bytes of cmdline are the image's name: Linux, and what starts by PVH, gets what
	 * is behind it and the space that follows.
	 */
	size_t name_size;
	/*
	 * A bzImage unpacks itself, as it does after any other boot loader. By default its payload
	 * is unpacked by the loader, which saves the guest most of the instructions of a boot.
	 */
	bool kernel_unpacks;
	const struct udv_module *modules;
	unsigned nr_modules; /* up to 64 */
};

/*
 * Loads an image, which may be packed with gzip as a whole, and puts processor 0 at its start,
 * others wait for a start-up IPI:
 *  - with a multiboot 1 header (ELF32, ELF64, or the addresses in the header): 32-bit protected
 *    mode without paging, EAX = 2BADB002H, EBX = address of the multiboot information;
 *  - with a multiboot 2 header: the same, EAX = 36D76289H, EBX = address of the boot information;
 *  - a Linux kernel as it is installed (a bzImage of 64 bits): see kernel_unpacks. Unpacked (XZ,
 *    Zstandard, gzip) it starts by PVH; otherwise in 64-bit mode by Linux's own boot protocol.
 *    All modules together are its initial RAM disk;
 *  - an ELF file with a note that gives a PVH entry: 32-bit protected mode without paging, EBX =
 *    address of the start information;
 *  - any other ELF32 for x86: the same as multiboot 1, but EAX = 0;
 *  - any other ELF64 for x86-64: 64-bit mode, the first 4 GB mapped to themselves, RDI = address
 *    of the multiboot information.
 * UDV_ERR_FORMAT, UDV_ERR_TRUNCATED: the image is not one, or contradicts itself;
 * UDV_ERR_UNSUPPORTED: it asks for what is not there; UDV_ERR_NO_MEMORY: the machine's memory is
 * too small. The machine is to be destroyed then.
 */
enum udv_status udv_machine_load(struct udv_machine *machine, const struct udv_boot *boot,
				 struct udv_problem *problem);

/* ---------------------------------------------------------------- running */

enum udv_stop {
	UDV_STOP_BUDGET,     /* the instructions it was given are used up */
	UDV_STOP_REQUESTED,  /* udv_machine_request_stop() */
	UDV_STOP_DEBUG_EXIT, /* value: as written to port F4H */
	UDV_STOP_POWER_OFF,
	UDV_STOP_RESET,	       /* the guest reset the machine */
	UDV_STOP_TRIPLE_FAULT, /* cpu: whose */
	UDV_STOP_HALTED,       /* every processor waits, and nothing can ever wake one */
	UDV_STOP_IDLE,	       /* of udv_machine_run_until(): every processor waits */
	UDV_STOP_DEBUG,	       /* a breakpoint, a step, ...: udv_machine_debug_stop() */
	UDV_STOP_REFUSED,      /* the call came from within a hook or the trace: nothing has run */
	/* cpu: whose; value: the indicator. SDM Vol 3C "VMX Aborts" */
	UDV_STOP_VMX_ABORT,
};

/* A short phrase, never NULL. */
const char *udv_stop_text(enum udv_stop stop);

struct udv_stop_info {
	enum udv_stop stop;
	unsigned cpu;	       /* the processor that caused it, or ran last */
	uint32_t value;	       /* of a debug exit or a VMX abort */
	uint64_t instructions; /* retired by all processors in this call */
};

/*
 * Runs until something stops it, at most @instructions. An event that is delivered counts as one.
 * It can be called again after any stop, and goes on where it was; after a triple fault or
 * a VMX abort it stops at once for the same reason. Not from within a hook or the trace:
 * UDV_STOP_REFUSED, and the run that is under way goes on as if nobody had called.
 */
void udv_machine_run(struct udv_machine *machine, uint64_t instructions,
		     struct udv_stop_info *info);

/*
 * The same for who may have input for a guest that waits: time skips to a timer only if that is due
 * by @idle_until, in ticks of virtual time. If none is, time goes to @idle_until, or stays where it
 * is if that is later, and it stops with UDV_STOP_IDLE. If nobody can be woken by input either (no
 * timer, interrupts disabled) it stops with UDV_STOP_HALTED. A stop of this kind changes nothing
 * for the guest, so that input at an instruction count, or while it is idle at a tick, is the same
 * input in every run. UINT64_MAX: as udv_machine_run().
 */
void udv_machine_run_until(struct udv_machine *machine, uint64_t instructions, uint64_t idle_until,
			   struct udv_stop_info *info);

/* The tick at which the next timer is due, UINT64_MAX: none runs. */
uint64_t udv_machine_next_timer(const struct udv_machine *machine);
uint64_t udv_machine_ticks_per_ms(const struct udv_machine *machine);

/*
 * Makes udv_machine_run() return with UDV_STOP_REQUESTED soon, or at once when it is called next.
 * From any thread, or a signal handler.
 */
void udv_machine_request_stop(struct udv_machine *machine);

/* ---------------------------------------------------------------- a look inside */

enum udv_gpr {
	UDV_RAX,
	UDV_RCX,
	UDV_RDX,
	UDV_RBX,
	UDV_RSP,
	UDV_RBP,
	UDV_RSI,
	UDV_RDI, /* R8..R15 follow by number */
};

enum udv_segment {
	UDV_ES,
	UDV_CS,
	UDV_SS,
	UDV_DS,
	UDV_FS,
	UDV_GS,
	UDV_LDTR,
	UDV_TR,
};

/* Access rights as a VMCS has them. SDM Vol 3C "Guest Register State" */
struct udv_segment_register {
	uint64_t base;
	uint32_t limit, access_rights;
	uint16_t selector;
};

struct udv_registers {
	uint64_t gpr[16]; /* by enum udv_gpr */
	uint64_t rip, rflags;
	struct udv_segment_register segment[8]; /* by enum udv_segment */
	uint64_t gdtr_base, idtr_base;
	uint16_t gdtr_limit, idtr_limit;
	uint64_t cr0, cr2, cr3, cr4, efer;
	uint64_t dr[4], dr6, dr7;
};

/* UDV_ERR_ARGUMENT: there is no such processor. */
enum udv_status udv_machine_get_registers(const struct udv_machine *machine, unsigned cpu,
					  struct udv_registers *registers);
/*
 * Nothing but what the walker needs is checked: who writes what no instruction could have loaded
 * gets what they asked for. Where CR0, CR3, CR4 or EFER change and it is PAE paging then, the
 * PDPTEs are loaded (SDM Vol 3A "PDPTE Registers"); UDV_ERR_ARGUMENT, and nothing is changed, where
 * they cannot be. Not from within a hook or the trace.
 */
enum udv_status udv_machine_set_registers(struct udv_machine *machine, unsigned cpu,
					  const struct udv_registers *registers);

/* "16-bit real", "64-bit", ...: never NULL */
const char *udv_machine_mode(const struct udv_machine *machine, unsigned cpu);

/* 2: it runs a guest of the image's hypervisor; 1: the image; 0: there is no such processor */
unsigned udv_machine_level(const struct udv_machine *machine, unsigned cpu);

/*
 * RAM at a physical address. UDV_ERR_NOT_FOUND if a part of it is not RAM; what comes before that
 * part may have been written then.
 */
enum udv_status udv_machine_read(struct udv_machine *machine, udv_gpa_t address, void *data,
				 uint64_t size);
enum udv_status udv_machine_write(struct udv_machine *machine, udv_gpa_t address, const void *data,
				  uint64_t size);
/* The same by linear address of the level that runs, as a supervisor on @cpu would; sets no
 * accessed or dirty flag.
 */
enum udv_status udv_machine_read_linear(struct udv_machine *machine, unsigned cpu,
					udv_gva_t address, void *data, uint64_t size);
enum udv_status udv_machine_write_linear(struct udv_machine *machine, unsigned cpu,
					 udv_gva_t address, const void *data, uint64_t size);

/* Bytes for the guest to receive on COM1. How many there was room for; give the rest later. */
size_t udv_machine_serial_input(struct udv_machine *machine, const uint8_t *data, size_t size);
/*
 * Whether the guest looks for input on COM1: it has enabled the interrupt, or reads the line status
 * again and again. What comes earlier may be lost when it sets up the port.
 */
bool udv_machine_serial_listens(const struct udv_machine *machine);

/* The same for virtio's console, which has room for 4096 bytes; 0 if the machine has none. */
size_t udv_machine_console_input(struct udv_machine *machine, const uint8_t *data, size_t size);

#define UDV_MAX_EXIT_REASONS 128u

/* What L0 did; all zero but with UDV_ENGINE_NESTED. Arrays are by basic exit reason. */
struct udv_l0_stats {
	uint64_t l1_exits[UDV_MAX_EXIT_REASONS]; /* of vmcs01: all are L0's */
	uint64_t handled[UDV_MAX_EXIT_REASONS];	 /* of vmcs02, by L0 alone or to begin with */
	uint64_t shown[UDV_MAX_EXIT_REASONS];	 /* of vmcs02, that became L1's */
	uint64_t found[UDV_MAX_EXIT_REASONS];	 /* L1's exits that L0 found while it emulated */
	uint64_t merges;			 /* of vmcs02 */
	uint64_t fills, drops;			 /* pages into EPT02; roots of it dropped */
};

struct udv_machine_stats {
	uint64_t instructions; /* retired by all processors */
	uint64_t ticks;	       /* of virtual time */
	uint64_t nanoseconds;  /* the same */
	uint64_t exceptions, interrupts;
	uint64_t tlb_misses, tlb_flushes;
	uint64_t blocks_built, blocks_dropped, block_lookups;
	/* VM exits by basic exit reason; entries; entries that VMLAUNCH or VMRESUME refused */
	uint64_t vm_exits[UDV_MAX_EXIT_REASONS], vm_entries, vm_refusals;
	struct udv_l0_stats l0;
};
void udv_machine_stats(const struct udv_machine *machine, struct udv_machine_stats *stats);

/*
 * Calls @use with the VMCS that is current on processor @cpu; it lasts as long as that call, which
 * may read the machine. UDV_ERR_ARGUMENT: there is no such processor; UDV_ERR_NOT_FOUND: it has no
 * current VMCS.
 */
enum udv_status udv_machine_current_vmcs(struct udv_machine *machine, unsigned cpu,
					 void (*use)(void *opaque,
						     const struct udv_current_vmcs *vmcs),
					 void *opaque);

/* ---------------------------------------------------------------- snapshots */

/*
 * All that decides how a machine goes on: processors, devices, time, memory, what the guest has
 * written to disks that keep it in the machine, and what the machine was made of. It does not
 * change and belongs to no machine; any number may be made from it or put back to it, from several
 * threads too. Not in it: callbacks and hooks, what they know, what is behind disks, and a stop
 * that was requested.
 *
 * A machine that is put back goes on exactly as the one did that the snapshot was taken of,
 * whatever the engine of either.
 */
struct udv_snapshot;

/*
 * Not from within a hook or the trace. UDV_ERR_ARGUMENT: it was; UDV_ERR_NO_MEMORY: the machine is
 * as it was. Translations that its processors have cached are dropped, as hardware may do at any
 * time, so that both go on from the same.
 */
enum udv_status udv_snapshot_take(struct udv_machine *machine, struct udv_snapshot **snapshot);
/* Machines that were made from it or put back to it do not need it any longer. NULL is nothing. */
void udv_snapshot_destroy(struct udv_snapshot *snapshot);

/*
 * Puts @machine back. If it comes from this same snapshot, or that was taken of it, only the pages
 * and blocks written since are copied. UDV_ERR_ARGUMENT: it is a machine of another configuration
 * (memory, processors, slice, disks, devices), or the call is from within a hook or the trace;
 * nothing has changed then. UDV_ERR_NO_MEMORY, for blocks of disks: the machine is to be destroyed.
 */
enum udv_status udv_machine_restore(struct udv_machine *machine, struct udv_snapshot *snapshot,
				    struct udv_problem *problem);
/*
 * A new machine. Of @config count callbacks, disks, engine and stress; the rest is in the snapshot.
 * Disks must be as they were, and what is behind them too. Whether there is a console the snapshot
 * says. Hooks are to be set up as they were. UDV_ERR_ARGUMENT: these are other disks, or the engine
 * cannot run such a processor; UDV_ERR_NO_MEMORY.
 */
enum udv_status udv_machine_create_from(struct udv_snapshot *snapshot,
					const struct udv_machine_config *config,
					struct udv_machine **machine, struct udv_problem *problem);

/* Bytes in and out, in order. False: that failed, and nothing more is asked for. */
struct udv_snapshot_sink {
	bool (*write)(void *opaque, const void *data, size_t size);
	void *opaque;
};
struct udv_snapshot_source {
	/* *@done: how many there were, fewer than @size only where they end. */
	bool (*read)(void *opaque, void *data, size_t size, size_t *done);
	void *opaque;
};

/*
 * The file format is that of docs/snapshots.md. UDV_ERR_IO: @sink or @source failed;
 * UDV_ERR_NO_MEMORY; UDV_ERR_UNSUPPORTED: it was written by an undervisor of another version or
 * layout, or this one is built without zlib or Zstandard; UDV_ERR_TRUNCATED, UDV_ERR_FORMAT: it is
 * damaged, or not a snapshot. Why, says @problem. Nothing behind its end is read.
 */
enum udv_status udv_snapshot_write(const struct udv_snapshot *snapshot,
				   const struct udv_snapshot_sink *sink,
				   struct udv_problem *problem);
enum udv_status udv_snapshot_read(const struct udv_snapshot_source *source,
				  struct udv_snapshot **snapshot, struct udv_problem *problem);

struct udv_snapshot_disk {
	uint64_t size;	     /* bytes */
	uint64_t blocks;     /* of 4096 bytes that the guest has written, kept in the machine */
	bool writes_through; /* they were not kept there */
	bool read_only;
	char id[20]; /* without a zero at the end if it is that long */
};

struct udv_snapshot_info {
	uint64_t memory; /* bytes of RAM */
	unsigned nr_cpus;
	const char *cpu; /* as in struct udv_machine_config; lives as long as the snapshot */
	uint64_t seed, slice;
	bool console, rng, iommu; /* there are such devices */
	unsigned nr_disks;
	struct udv_snapshot_disk disks[UDV_MAX_DISKS];
	uint64_t pages;	     /* of 4096 bytes that are not all zero */
	uint64_t state_size; /* bytes beside these */
};
void udv_snapshot_info(const struct udv_snapshot *snapshot, struct udv_snapshot_info *info);

/* ---------------------------------------------------------------- devices of one's own */

/*
 * An access to ports or memory that a hook has. @offset is from its first port or byte, @size 1, 2
 * or 4 for ports and 1, 2, 4 or 8 for memory. The hook may call udv_machine_read() and
 * udv_machine_write(), and udv_machine_request_stop(). With @read NULL all ones are read, with
 * @write NULL what is written is lost.
 */
struct udv_hook {
	uint64_t (*read)(void *opaque, uint64_t offset, unsigned size);
	void (*write)(void *opaque, uint64_t offset, unsigned size, uint64_t value);
	void *opaque;
};

/*
 * Claim places that nothing has yet: of memory, multiples of 4096 bytes at physical addresses of
 * the machine's processors (maxphyaddr). UDV_ERR_ARGUMENT: taken, or not a place;
 * UDV_ERR_NO_MEMORY: too many of them.
 */
enum udv_status udv_machine_hook_ports(struct udv_machine *machine, uint16_t first, uint16_t count,
				       const struct udv_hook *hook);
enum udv_status udv_machine_hook_memory(struct udv_machine *machine, udv_gpa_t address,
					uint64_t size, const struct udv_hook *hook);

#endif
