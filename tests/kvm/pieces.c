/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "vm.h"

/*
 * A hypervisor's ordinary day on /dev/kvm, in pieces: each runs code of code.S and prints one line
 * of what the code said, which tests/kvm/expected.py knows.
 *
 * pieces: all of them; pieces NAME...; pieces bench NAME COUNT: for bench/kvm.py.
 */

#define MBYTE 0x100000u

CODE(real_arithmetic);
CODE(real_strings);
CODE(real_interrupts);
CODE(round_trip);
CODE(protected_arithmetic);
CODE(protected_paging);
CODE(long_arithmetic);
CODE(long_strings);
CODE(long_mmio);
CODE(long_fresh);
CODE(long_exceptions);
CODE(long_interrupts);
CODE(long_xapic);
CODE(long_x2apic);
CODE(long_ipis);
CODE(long_registers);
CODE(long_steps);
CODE(long_dirty);
CODE(long_readonly);
CODE(bench_alu);
CODE(bench_cpuid);
CODE(bench_io);
CODE(bench_page);

extern const char long_exceptions_de[], long_exceptions_bp[], long_exceptions_ud[],
	long_exceptions_gp[], long_exceptions_pf[], long_interrupts_handler[], long_xapic_low[],
	long_xapic_high[], long_xapic_timer[], long_x2apic_low[], long_x2apic_high[],
	long_x2apic_timer[], long_ipis_asked[], long_ipis_answered[], long_steps_break[];

static const char *reason_words(uint32_t reason)
{
	switch (reason) {
	case KVM_EXIT_IO:
		return "end";
	case KVM_EXIT_HLT:
		return "hlt";
	case KVM_EXIT_DEBUG:
		return "debug";
	case KVM_EXIT_SHUTDOWN:
		return "shutdown";
	case KVM_EXIT_FAIL_ENTRY:
		return "entry fails";
	case KVM_EXIT_INTERNAL_ERROR:
		return "internal error";
	default:
		return "another exit";
	}
}

static void print_said(const struct vm *vm, const char *name)
{
	printf("UDV %s:", name);
	for (unsigned i = 0; i < vm->nr_said; i++)
		printf(" %llx", (unsigned long long)vm->said[i]);
}

static void print_end(struct vm *vm, uint32_t reason)
{
	if (vm->out_bytes)
		printf(" out %u %08x", vm->out_bytes, vm->out_sum);
	printf(" %s", reason_words(reason));
	if (reason == KVM_EXIT_FAIL_ENTRY)
		printf(" %llx",
		       (unsigned long long)vm->run->fail_entry.hardware_entry_failure_reason);
	if (reason == KVM_EXIT_INTERNAL_ERROR)
		printf(" %u", vm->run->internal.suberror);
	printf("\n");
}

static uint64_t offset(struct code code, const char *label)
{
	return (uint64_t)(label - code.start);
}

/* ---------------------------------------------------------------- the pieces */

static void run_plain(const char *name, struct code code, enum vm_mode mode)
{
	struct vm vm;
	uint32_t reason;

	vm_open(&vm, 4 * MBYTE, false);
	vm_load(&vm, code, mode);
	reason = vm_run(&vm);
	print_said(&vm, name);
	for (unsigned i = 0; i < vm.nr_mmio; i++)
		printf(" w%llx", (unsigned long long)vm.mmio_written[i]);
	print_end(&vm, reason);
	vm_close(&vm);
}

/* Asks for a window and injects @vector in it, @count times. */
static uint32_t inject(struct vm *vm, uint32_t vector, unsigned count)
{
	struct kvm_interrupt interrupt = { .irq = vector };
	uint32_t reason;

	vm->run->request_interrupt_window = 1;
	for (;;) {
		reason = vm_run(vm);
		if (reason != KVM_EXIT_IRQ_WINDOW_OPEN)
			return reason;
		if (count && ioctl(vm->vcpu, KVM_INTERRUPT, &interrupt) < 0)
			vm_fail("KVM_INTERRUPT");
		vm->run->request_interrupt_window = count && --count;
	}
}

static void run_interrupts(const char *name, struct code code, enum vm_mode mode)
{
	struct vm vm;
	uint32_t reason;

	vm_open(&vm, 4 * MBYTE, false);
	vm_load(&vm, code, mode);
	vm_gate(&vm, 0x40, offset(code, long_interrupts_handler));
	reason = inject(&vm, 0x40, mode == VM_REAL ? 16 : 20);
	print_said(&vm, name);
	print_end(&vm, reason);
	vm_close(&vm);
}

static void run_exceptions(const char *name, struct code code, enum vm_mode mode)
{
	struct vm vm;
	uint32_t reason;

	vm_open(&vm, 4 * MBYTE, false);
	vm_load(&vm, code, mode);
	vm_gate(&vm, 0, offset(code, long_exceptions_de));
	vm_gate(&vm, 3, offset(code, long_exceptions_bp));
	vm_gate(&vm, 6, offset(code, long_exceptions_ud));
	vm_gate(&vm, 13, offset(code, long_exceptions_gp));
	vm_gate(&vm, 14, offset(code, long_exceptions_pf));
	reason = vm_run(&vm);
	print_said(&vm, name);
	print_end(&vm, reason);
	vm_close(&vm);
}

/* With KVM's own local APIC. */
static void run_apic(const char *name, struct code code, const char *low, const char *high,
		     const char *timer)
{
	struct vm vm;
	uint32_t reason;

	vm_open(&vm, 4 * MBYTE, true);
	vm_set_cpuid(&vm, vm.vcpu);
	vm_load(&vm, code, VM_LONG);
	vm_gate(&vm, 0x45, offset(code, low));
	vm_gate(&vm, 0x61, offset(code, high));
	vm_gate(&vm, 0x70, offset(code, timer));
	reason = vm_run(&vm);
	print_said(&vm, name);
	print_end(&vm, reason);
	vm_close(&vm);
}

static void run_xapic(const char *name, struct code code, enum vm_mode mode)
{
	(void)mode;
	run_apic(name, code, long_xapic_low, long_xapic_high, long_xapic_timer);
}

static void run_x2apic(const char *name, struct code code, enum vm_mode mode)
{
	(void)mode;
	run_apic(name, code, long_x2apic_low, long_x2apic_high, long_x2apic_timer);
}

/* The second processor waits for interrupts for ever: it ends with the program. */
static void *run_second(void *opaque)
{
	int vcpu = *(int *)opaque;

	for (;;)
		if (ioctl(vcpu, KVM_RUN, 0) < 0)
			vm_fail("KVM_RUN of the second processor");
	return NULL;
}

static void start_second(struct vm *vm)
{
	static int vcpu;
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	pthread_t thread;

	vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 1);
	if (vcpu < 0 || ioctl(vcpu, KVM_SET_MP_STATE, &state) < 0)
		vm_fail("second processor");
	vm_set_cpuid(vm, vcpu);
	vm_set_mode(vcpu, VM_LONG, CODE_AT);
	if (pthread_create(&thread, NULL, run_second, &vcpu) != 0)
		vm_fail("thread");
	pthread_detach(thread);
}

static void run_ipis(const char *name, struct code code, enum vm_mode mode)
{
	struct vm vm;
	uint32_t reason;

	vm_open(&vm, 4 * MBYTE, true);
	vm_set_cpuid(&vm, vm.vcpu);
	vm_load(&vm, code, mode);
	vm_gate(&vm, 0x52, offset(code, long_ipis_asked));
	vm_gate(&vm, 0x53, offset(code, long_ipis_answered));
	start_second(&vm);
	reason = vm_run(&vm);
	print_said(&vm, name);
	print_end(&vm, reason);
}

static void run_with_cpuid(const char *name, struct code code, enum vm_mode mode)
{
	struct vm vm;
	uint32_t reason;

	vm_open(&vm, 4 * MBYTE, false);
	vm_set_cpuid(&vm, vm.vcpu);
	vm_load(&vm, code, mode);
	reason = vm_run(&vm);
	print_said(&vm, name);
	print_end(&vm, reason);
	vm_close(&vm);
}

/* What L2 wrote, seen from outside. */
static void run_fresh(const char *name, struct code code, enum vm_mode mode)
{
	struct vm vm;
	uint64_t sum = 0;
	uint32_t reason;

	vm_open(&vm, 4 * MBYTE, false);
	vm_load(&vm, code, mode);
	reason = vm_run(&vm);
	for (size_t page = MBYTE; page < vm.memory_size; page += 0x1000) {
		uint64_t value;

		memcpy(&value, vm.memory + page, sizeof(value));
		sum += value;
	}
	print_said(&vm, name);
	printf(" sum %llu", (unsigned long long)sum);
	print_end(&vm, reason);
	vm_close(&vm);
}

static void set_debug(struct vm *vm, uint32_t control, uint64_t address)
{
	struct kvm_guest_debug debug = { .control = control };

	if (control & KVM_GUESTDBG_USE_HW_BP) {
		debug.arch.debugreg[0] = address;
		debug.arch.debugreg[7] = 0x402;
	}
	if (ioctl(vm->vcpu, KVM_SET_GUEST_DEBUG, &debug) < 0)
		vm_fail("KVM_SET_GUEST_DEBUG");
}

/* To a breakpoint, three single steps, and the rest. */
static void run_steps(const char *name, struct code code, enum vm_mode mode)
{
	uint64_t stops[8] = { 0 };
	unsigned nr_stops = 0;
	struct vm vm;
	uint32_t reason;

	vm_open(&vm, 4 * MBYTE, false);
	vm_load(&vm, code, mode);
	set_debug(&vm, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0);
	while (nr_stops < 6 && (reason = vm_run(&vm)) == KVM_EXIT_DEBUG) {
		stops[nr_stops++] = vm.run->debug.arch.pc;
		if (nr_stops == 2)
			set_debug(&vm, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP,
				  CODE_AT + offset(code, long_steps_break));
		if (nr_stops == 3)
			set_debug(&vm, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0);
		if (nr_stops == 5)
			set_debug(&vm, 0, 0);
	}
	print_said(&vm, name);
	for (unsigned i = 0; i < nr_stops; i++)
		printf(" at %llx", (unsigned long long)stops[i] - CODE_AT);
	print_end(&vm, reason);
	vm_close(&vm);
}

/* Small pages: a page of a large one that is there to be written is dirty when it is read. */
static void *pages(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || madvise(memory, size, MADV_NOHUGEPAGE) < 0)
		vm_fail("memory");
	return memory;
}

/* Twice: the log must be empty between, and be filled again. */
static void run_dirty(const char *name, struct code code, enum vm_mode mode)
{
	uint64_t bits[MBYTE / 0x1000 / 64] = { 0 };
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bits };
	void *memory = pages(MBYTE);
	struct vm vm;
	uint32_t reason;

	vm_open(&vm, 4 * MBYTE, false);
	vm_slot(&vm, 1, KVM_MEM_LOG_DIRTY_PAGES, 8 * MBYTE, MBYTE, memory);
	printf("UDV %s:", name);
	for (int round = 0; round < 3; round++) {
		if (round != 1) {
			vm_load(&vm, code, mode);
			reason = vm_run(&vm);
		}
		if (ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log) < 0)
			vm_fail("KVM_GET_DIRTY_LOG");
		for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
			printf(" %llx", (unsigned long long)bits[i]);
	}
	print_end(&vm, reason);
	vm_close(&vm);
	munmap(memory, MBYTE);
}

static void run_readonly(const char *name, struct code code, enum vm_mode mode)
{
	uint32_t *memory = pages(MBYTE), reason;
	struct vm vm;

	memory[4] = 0x12345678;
	vm_open(&vm, 4 * MBYTE, false);
	vm_slot(&vm, 1, KVM_MEM_READONLY, 8 * MBYTE, MBYTE, memory);
	vm_load(&vm, code, mode);
	reason = vm_run(&vm);
	print_said(&vm, name);
	printf(" w%llx", (unsigned long long)vm.mmio_written[0]);
	print_end(&vm, reason);
	vm_close(&vm);
	munmap(memory, MBYTE);
}

static const struct piece {
	const char *name;
	const struct code *code;
	enum vm_mode mode;
	void (*run)(const char *name, struct code code, enum vm_mode mode);
} all[] = {
	{ "real-arithmetic", &code_real_arithmetic, VM_REAL, run_plain },
	{ "real-strings", &code_real_strings, VM_REAL, run_plain },
	{ "real-interrupts", &code_real_interrupts, VM_REAL, run_interrupts },
	{ "round-trip", &code_round_trip, VM_REAL, run_with_cpuid },
	{ "protected-arithmetic", &code_protected_arithmetic, VM_PROTECTED, run_plain },
	{ "protected-paging", &code_protected_paging, VM_PROTECTED, run_plain },
	{ "long-arithmetic", &code_long_arithmetic, VM_LONG, run_plain },
	{ "long-strings", &code_long_strings, VM_LONG, run_plain },
	{ "long-mmio", &code_long_mmio, VM_LONG, run_plain },
	{ "long-fresh", &code_long_fresh, VM_LONG, run_fresh },
	{ "long-exceptions", &code_long_exceptions, VM_LONG, run_exceptions },
	{ "long-interrupts", &code_long_interrupts, VM_LONG, run_interrupts },
	{ "long-xapic", &code_long_xapic, VM_LONG, run_xapic },
	{ "long-x2apic", &code_long_x2apic, VM_LONG, run_x2apic },
	{ "long-ipis", &code_long_ipis, VM_LONG, run_ipis },
	{ "long-registers", &code_long_registers, VM_LONG, run_with_cpuid },
	{ "long-steps", &code_long_steps, VM_LONG, run_steps },
	{ "long-dirty", &code_long_dirty, VM_LONG, run_dirty },
	{ "long-readonly", &code_long_readonly, VM_LONG, run_readonly },
};
#define NR_PIECES (sizeof(all) / sizeof(all[0]))

/* ---------------------------------------------------------------- benchmarks */

#define BENCH_MEMORY 0x10000000ul

static const struct bench {
	const char *name;
	const struct code *code;
} benches[] = {
	{ "alu", &code_bench_alu },
	{ "cpuid", &code_bench_cpuid },
	{ "io", &code_bench_io },
	{ "page", &code_bench_page },
};

static unsigned long long tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/* What is measured lies between two lines, which are printed at once. */
static void run_bench(const struct bench *bench, uint64_t count)
{
	struct kvm_regs regs = { .rip = CODE_AT, .rflags = 2, .rdi = count, .rsp = STACK_TOP };
	unsigned long long start;
	struct vm vm;

	vm_open(&vm, BENCH_MEMORY, false);
	vm_set_cpuid(&vm, vm.vcpu);
	if (madvise(vm.memory, BENCH_MEMORY, MADV_NOHUGEPAGE) < 0)
		vm_fail("madvise");
	vm_load(&vm, *bench->code, VM_LONG);
	if (ioctl(vm.vcpu, KVM_SET_REGS, &regs) < 0)
		vm_fail("KVM_SET_REGS");
	printf("UDV begin %s\n", bench->name);
	fflush(stdout);
	tcdrain(STDOUT_FILENO); /* or it is seen when the guest has come to its end */
	start = tsc();
	if (vm_run(&vm) != KVM_EXIT_HLT)
		vm_fail("benchmark");
	start = tsc() - start;
	printf("UDV done %s %llu %llu\n", bench->name, (unsigned long long)count, start);
	fflush(stdout);
	vm_close(&vm);
}

static int bench_named(const char *name, const char *count)
{
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		if (strcmp(benches[i].name, name) != 0)
			continue;
		run_bench(&benches[i], strtoull(count, NULL, 10));
		return 0;
	}
	return 2;
}

static bool wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4 && !strcmp(argv[1], "bench"))
		return bench_named(argv[2], argv[3]);
	for (size_t i = 0; i < NR_PIECES; i++)
		if (wanted(argc, argv, all[i].name))
			all[i].run(all[i].name, *all[i].code, all[i].mode);
	return 0;
}
