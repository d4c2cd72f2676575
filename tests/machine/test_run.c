/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <undervisor/machine.h>

#include "build_image.h"

/* The run loop: why it stops, that pieces add up to the same run, time, hooks. */

#define CODE 0x100000u

/* Code at CODE, in 32-bit protected mode. */
static void load_code(struct udv_machine *machine, const uint8_t *code, size_t size)
{
	const struct test_segment segment = { CODE, CODE, size, size };
	struct test_image image;
	struct udv_boot boot = { .image = image.data };

	image_elf(&image, false, CODE, &segment, 1);
	memcpy(image.data + image_contents(false, 1), code, size);
	boot.size = image.size;
	assert_int_equal(udv_machine_load(machine, &boot, NULL), UDV_OK);
}

static struct udv_machine *machine_of(const struct udv_machine_config *config, const uint8_t *code,
				      size_t size)
{
	struct udv_machine *machine;

	assert_int_equal(udv_machine_create(config, &machine, NULL), UDV_OK);
	load_code(machine, code, size);
	return machine;
}

static const struct udv_machine_config small = { .memory = 4 << 20 };

/* ---------------------------------------------------------------- reasons to stop */

struct stop_case {
	uint8_t code[24];
	enum udv_stop stop;
	uint32_t value;
	uint64_t instructions;
};

static const struct stop_case stop_cases[] = {
	/* mov $0x12345678, %eax; out %eax, $0xf4 */
	{ { 0xb8, 0x78, 0x56, 0x34, 0x12, 0xe7, 0xf4, 0xeb, 0xfe },
	  UDV_STOP_DEBUG_EXIT,
	  0x12345678,
	  2 },
	/* mov $0x604, %edx; mov $0x2000, %eax; out %ax, %dx: SLP_EN, S5 */
	{ { 0xba, 0x04, 0x06, 0, 0, 0xb8, 0x00, 0x20, 0, 0, 0x66, 0xef, 0xeb, 0xfe },
	  UDV_STOP_POWER_OFF,
	  0,
	  3 },
	/* mov $0xfe, %al; out %al, $0x64: the keyboard controller pulls the reset line */
	{ { 0xb0, 0xfe, 0xe6, 0x64, 0xeb, 0xfe }, UDV_STOP_RESET, 0, 2 },
	/* mov $0xcf9, %edx; mov $2, %al; out; mov $6, %al; out */
	{ { 0xba, 0xf9, 0x0c, 0, 0, 0xb0, 2, 0xee, 0xb0, 6, 0xee, 0xeb, 0xfe },
	  UDV_STOP_RESET,
	  0,
	  5 },
	/* cli; hlt */
	{ { 0xfa, 0xf4 }, UDV_STOP_HALTED, 0, 2 },
	/* jmp . */
	{ { 0xeb, 0xfe }, UDV_STOP_BUDGET, 0, 1000 },
};

static void test_stops(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(stop_cases) / sizeof(stop_cases[0]); i++) {
		const struct stop_case *c = &stop_cases[i];
		struct udv_machine *machine = machine_of(&small, c->code, sizeof(c->code));
		struct udv_stop_info info;

		udv_machine_run(machine, 1000, &info);
		assert_int_equal(info.stop, c->stop);
		assert_int_equal(info.value, c->value);
		assert_int_equal(info.instructions, c->instructions);
		assert_int_equal(info.cpu, 0);
		udv_machine_destroy(machine);
	}
}

/* Without an IDT the first exception is the last; and it stays so. */
static void test_triple_fault(void **state)
{
	/* lidt with a limit of 0 (at CODE + 9); ud2 */
	static const uint8_t code[] = { 0x0f, 0x01, 0x1d, 9, 0, 0x10, 0, 0x0f,
					0x0b, 0,    0,	  0, 0, 0,    0 };
	struct udv_machine *machine = machine_of(&small, code, sizeof(code));
	struct udv_stop_info info;

	(void)state;
	udv_machine_run(machine, 1000, &info);
	assert_int_equal(info.stop, UDV_STOP_TRIPLE_FAULT);
	udv_machine_run(machine, 1000, &info);
	assert_int_equal(info.stop, UDV_STOP_TRIPLE_FAULT);
	assert_int_equal(info.instructions, 0);
	udv_machine_destroy(machine);
}

static void test_request_stop(void **state)
{
	static const uint8_t forever[] = { 0xeb, 0xfe };
	struct udv_machine *machine = machine_of(&small, forever, sizeof(forever));
	struct udv_stop_info info;

	(void)state;
	udv_machine_request_stop(machine);
	udv_machine_run(machine, 1000, &info);
	assert_int_equal(info.stop, UDV_STOP_REQUESTED);
	assert_int_equal(info.instructions, 0);
	udv_machine_run(machine, 1000, &info); /* it is used up */
	assert_int_equal(info.stop, UDV_STOP_BUDGET);
	assert_int_equal(info.instructions, 1000);
	udv_machine_run(machine, 0, &info);
	assert_int_equal(info.stop, UDV_STOP_BUDGET);
	assert_int_equal(info.instructions, 0);
	udv_machine_destroy(machine);
}

struct notifying {
	struct udv_machine *machine;
	unsigned bytes;
};

static void stop_at_output(void *opaque, const uint8_t *data, size_t size)
{
	struct notifying *n = opaque;

	(void)data;
	n->bytes += (unsigned)size;
	udv_machine_request_stop(n->machine);
}

/* movl $value, address */
static size_t put_store(uint8_t *code, uint32_t address, uint32_t value)
{
	code[0] = 0xc7;
	code[1] = 0x05;
	memcpy(code + 2, &address, 4);
	memcpy(code + 6, &value, 4);
	return 10;
}

/* What virtio does for one notification may take long: a stop is not put off to many of them. */
static void test_request_stop_of_virtio(void **state)
{
	/* Of the console's transmit queue; rings of 2 entries at 6000H, 7000H and 8000H. */
	static const uint32_t stores[][2] = {
		{ 0x70, 3 },	  { 0x24, 1 }, { 0x20, 1 },	 { 0x70, 0xb },
		{ 0x30, 1 },	  { 0x38, 2 }, { 0x80, 0x6000 }, { 0x90, 0x7000 },
		{ 0xa0, 0x8000 }, { 0x44, 1 }, { 0x70, 0xf },	 { 0x50, 1 },
	};
	static const uint32_t descriptor[4] = { 0x5000, 0, 3, 0 }, avail[2] = { 0x10000, 0 };
	struct udv_machine_config config = { .memory = 4 << 20, .console = stop_at_output };
	struct notifying n = { .bytes = 0 };
	struct udv_stop_info info;
	uint8_t code[256];
	size_t size = 0;

	(void)state;
	config.opaque = &n;
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		size += put_store(code + size, 0xd0001000 + stores[i][0], stores[i][1]);
	code[size++] = 0xeb; /* for ever */
	code[size++] = 0xfe;
	n.machine = machine_of(&config, code, size);
	udv_machine_write(n.machine, UDV_GPA(0x6000), descriptor, sizeof(descriptor));
	udv_machine_write(n.machine, UDV_GPA(0x7000), avail, sizeof(avail));
	udv_machine_run(n.machine, 1000, &info);
	assert_int_equal(n.bytes, 3);
	assert_int_equal(info.stop, UDV_STOP_REQUESTED);
	/* The driver is ready: the queue is served then already. */
	assert_int_equal(info.instructions, 11);
	udv_machine_run(n.machine, 1000, &info);
	assert_int_equal(info.stop, UDV_STOP_BUDGET);
	udv_machine_destroy(n.machine);
}

/* ---------------------------------------------------------------- time */

/*
 * One-shot timer of the local APIC, 10^6 counts of 1 ns; sti; hlt; the TSC's difference goes to
 * 5000H.
 */
static const uint8_t timer_code[] = {
	0xbc, 0x00, 0x90, 0x00, 0x00,				    /* ESP = 9000H */
	0x0f, 0x01, 0x1d, 0x49, 0x00, 0x10, 0x00,		    /* lidt (CODE + 49H) */
	0xc7, 0x05, 0xf0, 0x00, 0xe0, 0xfe, 0xff, 0x01, 0x00, 0x00, /* SVR = 1FFH */
	0xc7, 0x05, 0x20, 0x03, 0xe0, 0xfe, 0x20, 0x00, 0x00, 0x00, /* LVT timer = 20H */
	0xc7, 0x05, 0xe0, 0x03, 0xe0, 0xfe, 0x0b, 0x00, 0x00, 0x00, /* divide by 1 */
	0xc7, 0x05, 0x80, 0x03, 0xe0, 0xfe, 0x40, 0x42, 0x0f, 0x00, /* 10^6 */
	0x0f, 0x31, 0x89, 0xc6, 0xfb, 0xf4, 0x0f, 0x31,		    /* rdtsc, sti, hlt, rdtsc */
	0x29, 0xf0, 0xa3, 0x00, 0x50, 0x00, 0x00,		    /* 5000H = difference */
	0x31, 0xc0, 0xe6, 0xf4, 0xeb, 0xfe,			    /* debug exit 0 */
	0xff, 0x07, 0x00, 0x30, 0x00, 0x00,			    /* IDT at 3000H */
};

/* Runs it, and says how many ticks went by. */
static uint32_t timer_difference(const char *cpu, uint64_t *ns)
{
	struct udv_machine_config config = { .memory = 4 << 20, .cpu = cpu };
	struct udv_machine *machine = machine_of(&config, timer_code, sizeof(timer_code));
	const uint64_t gate = 0x00008e0000084000; /* 08H:4000H, 32-bit interrupt gate */
	struct udv_machine_stats stats;
	struct udv_stop_info info;
	uint32_t difference = 0;

	udv_machine_write(machine, UDV_GPA(0x3000 + 0x20 * 8), &gate, 8);
	udv_machine_write(machine, UDV_GPA(0x4000), "\xcf", 1); /* iret */
	udv_machine_run(machine, 1000, &info);
	assert_int_equal(info.stop, UDV_STOP_DEBUG_EXIT);
	udv_machine_read(machine, UDV_GPA(0x5000), &difference, 4);
	udv_machine_stats(machine, &stats);
	assert_int_equal(stats.instructions, info.instructions);
	assert_int_equal(stats.interrupts, 1);
	*ns = stats.nanoseconds;
	udv_machine_destroy(machine);
	return difference;
}

static void test_halt_skips(void **state)
{
	uint64_t ns;
	uint32_t ticks = timer_difference(NULL, &ns);

	(void)state;
	/*
	 * The count begins with the instruction before RDTSC; delivery (41 ticks), IRET and RDTSC
	 * follow.
	 */
	assert_in_range(ticks, 1000041 - 2, 1000041 + 4);
	assert_in_range(ns, 1000000, 1001300); /* and the guest's two port writes */
	assert_int_equal(timer_difference(NULL, &ns), ticks);
	/* At 3 GHz the same millisecond has three times the ticks. */
	assert_in_range(timer_difference("tsc-khz=3000000", &ns), 3000041 - 6, 3000041 + 4);
	assert_in_range(ns, 1000000, 1001300);
}

/* ---------------------------------------------------------------- the same run in any way */

/* INIT and start-up to processor 1 at 8000H; 3000 times: OUT of a number, OUT of the TSC. */
static const uint8_t smp_code[] = {
	0xc7, 0x05, 0x10, 0x03, 0xe0, 0xfe, 0x00, 0x00, 0x00, 0x01, 0xc7, 0x05, 0x00, 0x03, 0xe0,
	0xfe, 0x00, 0x45, 0x0c, 0x00, 0xc7, 0x05, 0x00, 0x03, 0xe0, 0xfe, 0x08, 0x46, 0x0c, 0x00,
	0xb9, 0xb8, 0x0b, 0x00, 0x00, 0x66, 0xba, 0x00, 0x10, 0x89, 0xc8, 0xee, 0x0f, 0x31, 0x66,
	0xba, 0x00, 0x10, 0xef, 0xe2, 0xf0, 0xb0, 0x09, 0xe6, 0xf4, 0xeb, 0xfe,
};
/* 1: mov $0x1010, %dx; inc %ax; out %al, %dx; rdtsc; mov $0x1010, %dx; out %eax, %dx; jmp 1b */
static const uint8_t ap_code[] = { 0xba, 0x10, 0x10, 0x40, 0xee, 0x0f, 0x31,
				   0xba, 0x10, 0x10, 0x66, 0xef, 0xeb, 0xf2 };

struct observed {
	uint64_t hash, writes, last_tsc[2];
};

static void observe(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	struct observed *o = opaque;
	unsigned cpu = offset >> 4 & 1;

	o->hash = (o->hash ^ (offset << 40 ^ (uint64_t)size << 32 ^ value)) * 0x100000001b3ull;
	o->writes++;
	if (size == 4) {
		/* no processor sees its time go back */
		assert_true(value > o->last_tsc[cpu]);
		o->last_tsc[cpu] = value;
	}
}

static struct observed observe_run(uint32_t stress, uint64_t piece)
{
	const struct udv_machine_config config = { .memory = 4 << 20,
						   .nr_cpus = 2,
						   .stress = stress };
	struct udv_machine *machine = machine_of(&config, smp_code, sizeof(smp_code));
	struct observed observed = { 0 };
	struct udv_hook hook = { .write = observe, .opaque = &observed };
	struct udv_stop_info info;

	udv_machine_write(machine, UDV_GPA(0x8000), ap_code, sizeof(ap_code));
	assert_int_equal(udv_machine_hook_ports(machine, 0x1000, 0x20, &hook), UDV_OK);
	do {
		udv_machine_run(machine, piece, &info);
	} while (info.stop == UDV_STOP_BUDGET);
	assert_int_equal(info.stop, UDV_STOP_DEBUG_EXIT);
	assert_int_equal(info.value, 9);
	udv_machine_destroy(machine);
	return observed;
}

static void test_same_run(void **state)
{
	struct observed once = observe_run(0, UINT64_MAX);
	static const uint64_t pieces[] = { 1, 7, 1999, 2000, 2001 };

	(void)state;
	/* both took part, at the same speed */
	assert_in_range(once.writes, 6000 + 5000, 6000 + 7500);
	assert_in_range(once.last_tsc[1], once.last_tsc[0] - 2100, once.last_tsc[0] + 2100);
	for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct observed again = observe_run(0, pieces[i]);

		assert_memory_equal(&again, &once, sizeof(once));
	}
	for (uint32_t stress = 1; stress < 8; stress++) {
		struct observed again = observe_run(stress, UINT64_MAX);

		assert_memory_equal(&again, &once, sizeof(once));
	}
}

/* ---------------------------------------------------------------- hooks, registers, memory */

static uint64_t hook_read(void *opaque, uint64_t offset, unsigned size)
{
	uint64_t *log = opaque;

	*log = *log * 0x100 + (offset << 4 | size);
	return 0x1122334455667788;
}

static void hook_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	uint64_t *log = opaque;

	*log = *log * 0x10000 + (offset << 12 | size << 8 | (value & 0xff));
}

static void test_hooks(void **state)
{
	/* movzwl 0xf0000004, %eax; mov $0x99, 0xf0000003 (byte); in $0x1001, %al; out f4 */
	static const uint8_t code[] = { 0x0f, 0xb7, 0x05, 0x04, 0x00, 0x00, 0xf0, 0xc6, 0x05,
					0x03, 0x00, 0x00, 0xf0, 0x99, 0x89, 0xc3, 0x66, 0xba,
					0x01, 0x10, 0xec, 0xe6, 0xf4, 0xeb, 0xfe };
	struct udv_machine *machine = machine_of(&small, code, sizeof(code));
	uint64_t log = 0;
	struct udv_hook hook = { hook_read, hook_write, &log };
	struct udv_registers registers;
	struct udv_stop_info info;

	(void)state;
	assert_int_equal(udv_machine_hook_memory(machine, UDV_GPA(0xf0000000), 4096, &hook),
			 UDV_OK);
	assert_int_equal(udv_machine_hook_ports(machine, 0x1000, 4, &hook), UDV_OK);
	udv_machine_run(machine, 1000, &info);
	udv_machine_get_registers(machine, 0, &registers);
	assert_int_equal(registers.gpr[UDV_RBX], 0x7788);
	assert_int_equal(info.value, 0x88);
	/* a word at 4, 99H at 3, a byte at port 1 */
	assert_int_equal(log, 0x42319911);
	/* places that are taken, or none */
	assert_int_equal(udv_machine_hook_ports(machine, 0x1003, 1, &hook), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_machine_hook_ports(machine, 0x3f8, 8, &hook), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_machine_hook_ports(machine, 0xffff, 2, &hook), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_machine_hook_ports(machine, 0x2100, 0, &hook), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_machine_hook_memory(machine, UDV_GPA(0x1000), 4096, &hook),
			 UDV_ERR_ARGUMENT);
	assert_int_equal(udv_machine_hook_memory(machine, UDV_GPA(0xfee00000), 4096, &hook),
			 UDV_ERR_ARGUMENT);
	assert_int_equal(udv_machine_hook_memory(machine, UDV_GPA(0xf1000000), 100, &hook),
			 UDV_ERR_ARGUMENT);
	udv_machine_destroy(machine);
}

/* Memory that no processor can address is no place for a hook. */
static void test_hook_addresses(void **state)
{
	static const uint8_t code[] = { 0xeb, 0xfe };
	static const struct {
		uint64_t address, size;
		enum udv_status status;
	} cases[] = {
		{ 1ull << 40, 0x1000, UDV_ERR_ARGUMENT },
		{ (1ull << 40) - 0x1000, 0x2000, UDV_ERR_ARGUMENT },
		{ 1ull << 52, 0x1000, UDV_ERR_ARGUMENT },
		{ 1ull << 63, 0x1000, UDV_ERR_ARGUMENT },
		{ 0 - 0x1000ull, 0x1000, UDV_ERR_ARGUMENT },
		{ 0 - 0x1000ull, 0x2000, UDV_ERR_ARGUMENT },
		{ 0xf0000000, 0 - 0x1000ull, UDV_ERR_ARGUMENT },
		{ 0xf0000000, 0 - 0xf0000000ull, UDV_ERR_ARGUMENT },
		{ (1ull << 40) - 0x1000, 0x1000, UDV_OK },
	};
	struct udv_machine_config config = small;
	struct udv_machine *machine;
	uint64_t log = 0;
	struct udv_hook hook = { hook_read, hook_write, &log };

	(void)state;
	config.cpu = "maxphyaddr=40";
	machine = machine_of(&config, code, sizeof(code));
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(udv_machine_hook_memory(machine, UDV_GPA(cases[i].address),
							 cases[i].size, &hook),
				 cases[i].status);
	udv_machine_destroy(machine);
}

/*
 * Flags are exact wherever a run ends, in a block or in one of a single instruction: an interrupt
 * that comes there pushes them.
 */
static void test_flags_at_the_end(void **state)
{
	/* real mode: cmp %bx, %ax; jmp +0; cmp %ax, %bx; jmp .-8 */
	static const uint8_t code[] = { 0x39, 0xd8, 0xeb, 0x00, 0x39, 0xc3, 0xeb, 0xf8 };
	struct udv_registers registers;
	struct udv_machine *machine;
	struct udv_stop_info info;

	(void)state;
	assert_int_equal(udv_machine_create(&small, &machine, NULL), UDV_OK);
	assert_int_equal(udv_machine_get_registers(machine, 0, &registers), UDV_OK);
	registers.segment[UDV_CS].base = 0x7000;
	registers.segment[UDV_CS].selector = 0x700;
	registers.rip = 0x10;
	registers.gpr[UDV_RAX] = 1;
	registers.gpr[UDV_RBX] = 2;
	assert_int_equal(udv_machine_set_registers(machine, 0, &registers), UDV_OK);
	udv_machine_write(machine, UDV_GPA(0x7010), code, sizeof(code));
	for (unsigned n = 0; n < 40; n++) {
		unsigned done = 0;

		for (unsigned step = 1; step < 6; step++) {
			udv_machine_run(machine, step, &info);
			assert_int_equal(info.instructions, step);
			done += step;
			assert_int_equal(udv_machine_get_registers(machine, 0, &registers), UDV_OK);
			/* 1 - 2: CF, PF, AF, SF; 2 - 1: none */
			assert_int_equal(registers.rflags & 0x8d5,
					 (n * 15 + done - 1) / 2 % 2 ? 0 : 0x95);
		}
	}
	udv_machine_destroy(machine);
}

static void test_registers(void **state)
{
	/* real mode: add %bx, %ax; out %al, $0xf4 */
	static const uint8_t code[] = { 0x01, 0xd8, 0xe6, 0xf4 };
	struct udv_registers registers, again;
	struct udv_machine *machine;
	struct udv_stop_info info;

	(void)state;
	assert_int_equal(udv_machine_create(&small, &machine, NULL), UDV_OK);
	assert_int_equal(udv_machine_get_registers(machine, 0, &registers), UDV_OK);
	assert_string_equal(udv_machine_mode(machine, 0), "real mode");
	assert_int_equal(registers.rip, 0xfff0);
	assert_int_equal(registers.segment[UDV_CS].base, 0xffff0000);
	registers.segment[UDV_CS].base = 0x7000;
	registers.segment[UDV_CS].selector = 0x700;
	registers.rip = 0x10;
	registers.gpr[UDV_RAX] = 20;
	registers.gpr[UDV_RBX] = 22;
	registers.gpr[15] = 0x1234567890abcdef;
	assert_int_equal(udv_machine_set_registers(machine, 0, &registers), UDV_OK);
	assert_int_equal(udv_machine_get_registers(machine, 0, &again), UDV_OK);
	assert_memory_equal(again.gpr, registers.gpr, sizeof(again.gpr));
	udv_machine_write(machine, UDV_GPA(0x7010), code, sizeof(code));
	udv_machine_run(machine, 10, &info);
	assert_int_equal(info.stop, UDV_STOP_DEBUG_EXIT);
	assert_int_equal(info.value, 42);
	assert_int_equal(udv_machine_get_registers(machine, 1, &again), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_machine_set_registers(machine, 1, &again), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_machine_read(machine, UDV_GPA((4 << 20) - 1), &again, 2),
			 UDV_ERR_NOT_FOUND);
	assert_int_equal(udv_machine_read_linear(machine, 1, UDV_GVA(0), &again, 2),
			 UDV_ERR_ARGUMENT);
	udv_machine_destroy(machine);
}

/* What is received is what the guest reads: 16 bytes at most, as nobody takes them. */
static void test_serial_input(void **state)
{
	/* mov $0x3fa, %edx; mov $1, %al; out (FIFOs on); jmp . */
	static const uint8_t code[] = { 0xba, 0xfa, 3, 0, 0, 0xb0, 1, 0xee, 0xeb, 0xfe };
	struct udv_machine *machine = machine_of(&small, code, sizeof(code));
	struct udv_stop_info info;
	uint8_t bytes[20] = "abcdefghijklmnopqrs";

	(void)state;
	udv_machine_run(machine, 10, &info);
	assert_int_equal(udv_machine_serial_input(machine, bytes, 20), 16);
	assert_int_equal(udv_machine_serial_input(machine, bytes, 20), 0);
	udv_machine_destroy(machine);
}

/* Polling for input, or its interrupt enabled, is listening; output is not. */
static void test_serial_listens(void **state)
{
	/* mov $0x3fd, %edx; 1: in %dx, %al; jmp 1b */
	static const uint8_t polls[] = { 0xba, 0xfd, 3, 0, 0, 0xec, 0xeb, 0xfd };
	/* mov $0x3f9, %edx; mov $1, %al; out %al, %dx; jmp . */
	static const uint8_t enables[] = { 0xba, 0xf9, 3, 0, 0, 0xb0, 1, 0xee, 0xeb, 0xfe };
	/* mov $0x3fd, %edx; 1: in %dx, %al; mov $0xf8, %dl; out %al, %dx; mov $0xfd, %dl; jmp 1b */
	static const uint8_t prints[] = { 0xba, 0xfd, 3,    0,	  0,	0xec, 0xb2,
					  0xf8, 0xee, 0xb2, 0xfd, 0xeb, 0xf8 };
	struct udv_machine *machine = machine_of(&small, polls, sizeof(polls));
	struct udv_stop_info info;

	(void)state;
	udv_machine_run(machine, 1 + 2 * 31, &info);
	assert_false(udv_machine_serial_listens(machine));
	udv_machine_run(machine, 2, &info);
	assert_true(udv_machine_serial_listens(machine));
	udv_machine_destroy(machine);
	machine = machine_of(&small, enables, sizeof(enables));
	udv_machine_run(machine, 2, &info);
	assert_false(udv_machine_serial_listens(machine));
	udv_machine_run(machine, 1, &info);
	assert_true(udv_machine_serial_listens(machine));
	udv_machine_destroy(machine);
	machine = machine_of(&small, prints, sizeof(prints));
	udv_machine_run(machine, 1000, &info);
	assert_false(udv_machine_serial_listens(machine));
	udv_machine_destroy(machine);
}

/* Idle time in pieces ends where idle time in one does; only a deaf machine is halted for ever. */
static void test_run_until_idle(void **state)
{
	/* sti; 1: hlt; jmp 1b, and the 8259 lets nothing through: mov $0xff, %al; out %al, $0x21 */
	static const uint8_t waits[] = { 0xb0, 0xff, 0xe6, 0x21, 0xfb, 0xf4, 0xeb, 0xfd };
	static const uint8_t deaf[] = { 0xfa, 0xf4 };
	struct udv_machine *machine = machine_of(&small, waits, sizeof(waits));
	struct udv_machine_stats stats;
	struct udv_stop_info info;
	uint64_t timer;

	(void)state;
	udv_machine_run_until(machine, 1000, 0, &info);
	assert_int_equal(info.stop, UDV_STOP_IDLE);
	assert_int_equal(info.instructions, 4);
	timer = udv_machine_next_timer(machine);
	udv_machine_run_until(machine, 1000, timer - 1, &info);
	assert_int_equal(info.stop, UDV_STOP_IDLE);
	assert_int_equal(info.instructions, 0);
	udv_machine_stats(machine, &stats);
	assert_int_equal(stats.ticks, timer - 1);
	assert_int_equal(udv_machine_next_timer(machine), timer);
	udv_machine_run_until(machine, 1000, timer, &info);
	udv_machine_stats(machine, &stats);
	assert_int_equal(info.stop, UDV_STOP_IDLE);
	assert_int_equal(stats.ticks, timer);
	assert_true(udv_machine_next_timer(machine) > timer);
	udv_machine_destroy(machine);
	machine = machine_of(&small, deaf, sizeof(deaf));
	udv_machine_run_until(machine, 1000, UINT64_MAX, &info);
	assert_int_equal(info.stop, UDV_STOP_HALTED);
	udv_machine_destroy(machine);
}

/* ---------------------------------------------------------------- several, and none */

static void test_two_machines(void **state)
{
	/* 1: inc %eax; jmp 1b */
	static const uint8_t code[] = { 0x40, 0xeb, 0xfd };
	struct udv_machine *a = machine_of(&small, code, sizeof(code));
	struct udv_machine *b = machine_of(&small, code, sizeof(code));
	struct udv_registers of_a, of_b;
	struct udv_stop_info info;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		udv_machine_run(a, 20, &info);
		udv_machine_run(b, 40, &info);
	}
	udv_machine_get_registers(a, 0, &of_a);
	udv_machine_get_registers(b, 0, &of_b);
	assert_int_equal(of_a.gpr[UDV_RAX], 100);
	assert_int_equal(of_b.gpr[UDV_RAX], 200);
	udv_machine_destroy(a);
	udv_machine_destroy(b);
	udv_machine_destroy(NULL);
}

/* Pages that this process has in memory. proc(5) */
static unsigned long resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long size, pages;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &size, &pages), 2);
	fclose(file);
	return pages;
}

/*
 * Pages that a mapping of @size costs before anything is in it: none on a processor, but QEMU, when
 * it runs tests built for another one, keeps tables of them.
 */
static unsigned long mapping_costs(uint64_t size)
{
	unsigned long before = resident(), cost;
	void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(mapping, MAP_FAILED);
	cost = resident() - before;
	munmap(mapping, size);
	return cost;
}

/* 64 GB are there, and cost what is used of them: RAM ends at 65 GB, above the hole below 4 GB. */
static void test_sparse_memory(void **state)
{
	static const struct udv_machine_config config = { .memory = 64ull << 30 };
	const uint64_t last = (65ull << 30) - 8;
	uint64_t word = 0x1122334455667788, found = 0;
	unsigned long mapping = mapping_costs(config.memory), before = resident();
	struct udv_machine *machine;

	(void)state;
	assert_int_equal(udv_machine_create(&config, &machine, NULL), UDV_OK);
	assert_int_equal(udv_machine_write(machine, UDV_GPA(last), &word, 8), UDV_OK);
	assert_int_equal(udv_machine_read(machine, UDV_GPA(last), &found, 8), UDV_OK);
	assert_int_equal(found, word);
	assert_int_equal(udv_machine_write(machine, UDV_GPA(last + 8), &word, 8),
			 UDV_ERR_NOT_FOUND);
	assert_in_range(resident(), 0, before + mapping + (256ul << 20) / 4096);
	udv_machine_destroy(machine);
}

static void test_configurations(void **state)
{
	static const struct {
		struct udv_machine_config config;
		const char *problem;
	} cases[] = {
		{ { .memory = (1 << 20) - 1 }, "memory must be from 1 MB to 64 GB" },
		{ { .memory = (64ull << 30) + 1 }, "memory must be from 1 MB to 64 GB" },
		{ { .nr_cpus = 17 }, "there can be 1 to 16 processors" },
		{ { .stress = 0x20 }, "unknown bits in stress" },
		{ { .engine = 2 }, "no such engine" },
		{ { .engine = UDV_ENGINE_NESTED, .cpu = "maxphyaddr=52" },
		  "the nested engine needs a maxphyaddr of at most 51, the direct one of 52" },
		{ { .cpu = "+nonsense" }, "cpu: \"+nonsense\": no such feature" },
		{ { .memory = 64ull << 30, .cpu = "maxphyaddr=36" },
		  "maxphyaddr is too small for the memory" },
	};
	struct udv_problem problem;
	struct udv_machine *machine;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(udv_machine_create(&cases[i].config, &machine, &problem),
				 UDV_ERR_ARGUMENT);
		assert_null(machine);
		assert_string_equal(problem.text, cases[i].problem);
	}
}

/* A run that ends right behind an instruction that sets flags shows them. */
static void test_flags(void **state)
{
	/* xor %eax, %eax; stc; again: sub $1, %eax; jmp again */
	static const uint8_t code[] = { 0x31, 0xc0, 0xf9, 0x83, 0xe8, 0x01, 0xeb, 0xfb };
	static const struct {
		uint64_t instructions, flags;
	} steps[] = { { 1, 0x44 }, { 2, 0x45 }, { 4, 0x95 }, { 5, 0x80 }, { 6, 0x80 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct udv_machine *machine = machine_of(&small, code, sizeof(code));
		struct udv_registers r;
		struct udv_stop_info info;

		udv_machine_run(machine, steps[i].instructions, &info);
		assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
		assert_int_equal(r.rflags & 0x8d5, steps[i].flags);
		udv_machine_destroy(machine);
	}
}

/* With tables of segmentation: @vector leads to 20H of the code. */
static struct udv_machine *protected_machine(const uint8_t *code, size_t size, unsigned vector)
{
	static const uint64_t code_segment = 0x00cf9b000000ffff;
	const uint64_t gate = (CODE & 0xffff) + 0x20 + (8u << 16) + 0x8e00ull * (1ull << 32) +
			      ((uint64_t)(CODE >> 16) << 48);
	struct udv_machine *machine = machine_of(&small, code, size);
	struct udv_registers r;

	assert_int_equal(udv_machine_write(machine, UDV_GPA(0x200008), &code_segment, 8), UDV_OK);
	assert_int_equal(udv_machine_write(machine, UDV_GPA(0x201000 + 8 * vector), &gate, 8),
			 UDV_OK);
	assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
	r.gdtr_base = 0x200000;
	r.gdtr_limit = 15;
	r.idtr_base = 0x201000;
	r.idtr_limit = 0x7ff;
	r.gpr[UDV_RSP] = 0x203000;
	r.gpr[UDV_RDI] = 0x204000;
	r.segment[UDV_CS].selector = 8;
	assert_int_equal(udv_machine_set_registers(machine, 0, &r), UDV_OK);
	return machine;
}

/* Control registers from outside load the PDPTEs, as MOV to CR3 does; or nothing is changed. */
static void test_pae(void **state)
{
	/* mov $0x12345678, %eax; jmp . */
	static const uint8_t code[] = { 0xb8, 0x78, 0x56, 0x34, 0x12, 0xeb, 0xfe };
	const uint64_t pdpte = 0x301001, large = 0x83, reserved = 0x301003;
	struct udv_machine *machine = machine_of(&small, code, sizeof(code));
	struct udv_registers r, kept;
	struct udv_stop_info info;
	uint8_t byte;

	(void)state;
	assert_int_equal(udv_machine_write(machine, UDV_GPA(0x300000), &pdpte, 8), UDV_OK);
	assert_int_equal(udv_machine_write(machine, UDV_GPA(0x301000), &large, 8), UDV_OK);
	assert_int_equal(udv_machine_write(machine, UDV_GPA(0x302000), &reserved, 8), UDV_OK);
	assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
	r.cr0 |= 0x80000000;
	r.cr4 |= 0x20;
	r.cr3 = 0x300000;
	assert_int_equal(udv_machine_set_registers(machine, 0, &r), UDV_OK);
	assert_int_equal(udv_machine_read_linear(machine, 0, UDV_GVA(CODE), &byte, 1), UDV_OK);
	assert_int_equal(byte, 0xb8);
	assert_int_equal(udv_machine_read_linear(machine, 0, UDV_GVA(0x200000), &byte, 1),
			 UDV_ERR_NOT_FOUND);
	udv_machine_run(machine, 10, &info);
	assert_int_equal(udv_machine_get_registers(machine, 0, &kept), UDV_OK);
	assert_int_equal(kept.gpr[UDV_RAX], 0x12345678);
	r = kept;
	r.cr3 = 0x302000;
	r.gpr[UDV_RAX] = 1;
	assert_int_equal(udv_machine_set_registers(machine, 0, &r), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
	assert_memory_equal(&r, &kept, sizeof(r));
	udv_machine_destroy(machine);
}

/* So do the flags that a single-step trap pushes, each time. */
static void test_pushed_flags(void **state)
{
	/*
	 * push $0x102; popf; xor %eax, %eax; sub $1, %eax; add $1, %eax; jmp .
	 * and at 20H, for #DB: mov 8(%esp), %ecx; mov %ecx, (%edi); add $4, %edi; iret
	 */
	static const uint8_t code[64] = {
		0x68, 0x02, 0x01, 0,	0,    0x9d, 0x31, 0xc0,		 0x83,
		0xe8, 0x01, 0x83, 0xc0, 0x01, 0xeb, 0xfe, [0x20] = 0x8b, 0x4c,
		0x24, 0x08, 0x89, 0x0f, 0x83, 0xc7, 0x04, 0xcf,
	};
	static const uint32_t expected[] = { 0x46, 0x97, 0x57 };
	struct udv_machine *machine = protected_machine(code, sizeof(code), 1);
	struct udv_stop_info info;
	uint32_t pushed[3];

	(void)state;
	udv_machine_run(machine, 40, &info);
	assert_int_equal(udv_machine_read(machine, UDV_GPA(0x204000), pushed, 12), UDV_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pushed[i], expected[i] | 0x100);
	udv_machine_destroy(machine);
}

static void run_to(struct udv_machine *machine, uint64_t rip, struct udv_registers *r)
{
	struct udv_stop_info info;

	for (unsigned i = 0; i < 40; i++) {
		udv_machine_run(machine, 1, &info);
		assert_int_equal(udv_machine_get_registers(machine, 0, r), UDV_OK);
		if (r->rip == rip)
			return;
	}
	fail();
}

/*
 * An instruction that begins with RF runs by itself, its handler does not: RF, which that pops, is
 * there for the instruction behind, and for no other.
 */
static void test_resume_flag(void **state)
{
	/*
	 * ud2; push $0x10002; push $8; push $next; iret; next: ud2; nop; nop; jmp .
	 * and at 20H, for #UD: addl $2, (%esp); iret
	 */
	static const uint8_t code[64] = {
		0x0f,
		0x0b,
		0x68,
		0x02,
		0,
		0x01,
		0,
		0x6a,
		0x08,
		0x68,
		(CODE & 0xff) + 15,
		CODE >> 8 & 0xff,
		CODE >> 16 & 0xff,
		0,
		0xcf,
		0x0f,
		0x0b,
		0x90,
		0x90,
		0xeb,
		0xfe,
		[0x20] = 0x83,
		0x04,
		0x24,
		0x02,
		0xcf,
	};
	static const uint8_t at[] = { 2, 15, 17 };
	struct udv_machine *machine = protected_machine(code, sizeof(code), 6);
	struct udv_registers r;

	(void)state;
	for (unsigned i = 0; i < sizeof(at); i++) {
		run_to(machine, CODE + at[i], &r);
		assert_int_equal(r.rflags & 0x10000, 0x10000);
	}
	run_to(machine, CODE + 18, &r);
	assert_int_equal(r.rflags & 0x10000, 0);
	udv_machine_destroy(machine);
}

/* INT3 clears RF when it begins: SDM Vol 3B "Instruction-Breakpoint Exception Condition". */
static void test_resume_flag_of_int3(void **state)
{
	/* int3, at 20H: jmp . */
	static const uint8_t code[64] = { 0xcc, [0x20] = 0xeb, 0xfe };
	struct udv_machine *machine = protected_machine(code, sizeof(code), 3);
	struct udv_registers r;
	struct udv_stop_info info;
	uint32_t frame[3];

	(void)state;
	assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
	r.rflags |= 0x10000;
	assert_int_equal(udv_machine_set_registers(machine, 0, &r), UDV_OK);
	udv_machine_run(machine, 4, &info);
	assert_int_equal(udv_machine_read(machine, UDV_GPA(0x203000 - 12), frame, 12), UDV_OK);
	assert_int_equal(frame[0], CODE + 1);
	assert_int_equal(frame[2], 2);
	udv_machine_destroy(machine);
}

/* F3 before BSF and BSR means nothing without BMI1 and LZCNT. SDM Vol 2 "TZCNT", "LZCNT" */
static void test_counts_without_feature(void **state)
{
	/* xor %eax, %eax; mov $7, %ecx; mov $7, %edx; tzcnt %eax, %ecx; lzcnt %eax, %edx; jmp . */
	static const uint8_t code[] = { 0x31, 0xc0, 0xb9, 7,	0,    0,    0,	  0xba,
					7,    0,    0,	  0,	0xf3, 0x0f, 0xbc, 0xc8,
					0xf3, 0x0f, 0xbd, 0xd0, 0xeb, 0xfe };
	static const struct {
		const char *cpu;
		uint64_t rcx, rdx;
	} rows[] = { { "", 32, 32 }, { "-bmi1", 7, 32 }, { "-lzcnt", 32, 7 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct udv_machine_config config = small;
		struct udv_machine *machine;
		struct udv_stop_info info;
		struct udv_registers r;

		config.cpu = rows[i].cpu;
		machine = machine_of(&config, code, sizeof(code));
		udv_machine_run(machine, 50, &info);
		assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
		assert_int_equal(r.gpr[UDV_RCX], rows[i].rcx);
		assert_int_equal(r.gpr[UDV_RDX], rows[i].rdx);
		udv_machine_destroy(machine);
	}
}

/*
 * Code where no memory is, all ones, which no processor keeps: whatever has run in between, the
 * jump there ends in #UD there.
 */
static void test_code_of_no_memory(void **state)
{
	/*
	 * mov $0xe0000000, %eax; again: jmp *%eax, and at 20H: pop %ecx; inc %ebx; add $8, %esp;
	 * cmp %eax, %ecx; jne bad; cmp $100, %bl; jne again; good: jmp .; bad: jmp .
	 */
	static const uint8_t code[64] = {
		0xb8, 0x00, 0x00, 0x00, 0xe0, 0xff, 0xe0, [0x20] = 0x59, 0x43,
		0x83, 0xc4, 0x08, 0x39, 0xc1, 0x75, 0x07, 0x80,		 0xfb,
		0x64, 0x75, 0xd7, 0xeb, 0xfe, 0xeb, 0xfe
	};
	struct udv_machine *machine = protected_machine(code, sizeof(code), 6);
	struct udv_registers r;
	struct udv_stop_info info;

	(void)state;
	udv_machine_run(machine, 100000, &info);
	assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
	assert_int_equal(r.gpr[UDV_RCX], 0xe0000000);
	assert_int_equal(r.gpr[UDV_RBX] & 0xff, 100);
	assert_int_equal(r.rip, CODE + 0x2e);
	udv_machine_destroy(machine);
}

/* A repeated instruction takes its turns from the budget, and leaves none of it to what follows. */
static void test_repeated_budget(void **state)
{
	/* mov $0x8000, %ecx; mov $0x200000, %esi; mov $0x210000, %edi; rep movsb; nops; jmp . */
	static uint8_t code[48] = { 0xb9, 0x00, 0x80, 0x00, 0x00, 0xbe, 0x00, 0x00, 0x20,
				    0x00, 0xbf, 0x00, 0x00, 0x21, 0x00, 0xf3, 0xa4 };

	(void)state;
	memset(code + 17, 0x90, sizeof(code) - 19);
	code[46] = 0xeb;
	code[47] = 0xfe;
	for (uint64_t budget = 1; budget <= 60; budget++) {
		struct udv_machine *machine = machine_of(&small, code, sizeof(code));
		struct udv_stop_info info;

		udv_machine_run(machine, budget, &info);
		assert_int_equal(info.instructions, budget);
		udv_machine_destroy(machine);
	}
}

/* ---------------------------------------------------------------- translations */

/* A page at 2 GB that has just been used, and a store into it that starts in the page before. */
static void test_crossing(void **state)
{
	/* mov %eax, 0x80000000; mov %ebx, 0x7ffffffe; mov 0x7ffffffe, %ecx; jmp . */
	static const uint8_t code[] = { 0xa3, 0x00, 0x00, 0x00, 0x80, 0x89, 0x1d, 0xfe, 0xff, 0xff,
					0x7f, 0x8b, 0x0d, 0xfe, 0xff, 0xff, 0x7f, 0xeb, 0xfe };
	static const struct udv_machine_config config = { .memory = 32 << 20 };
	static const struct {
		uint32_t index, entry;
	} pages[] = { { 0, 0x83 }, { 0x1ff, 0xc00083 }, { 0x200, 0x400083 } };
	struct udv_machine *machine = machine_of(&config, code, sizeof(code));
	const uint64_t directory = 0x1000000;
	struct udv_registers r;
	struct udv_stop_info info;
	uint32_t low = 0, high = 0, before = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(udv_machine_write(machine, UDV_GPA(directory + 4 * pages[i].index),
						   &pages[i].entry, 4),
				 UDV_OK);
	assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
	r.cr3 = directory;
	r.cr4 |= 0x10;	     /* PSE */
	r.cr0 |= 0x80000000; /* PG */
	r.gpr[UDV_RAX] = 0xaaaaaaaa;
	r.gpr[UDV_RBX] = 0x44332211;
	assert_int_equal(udv_machine_set_registers(machine, 0, &r), UDV_OK);
	udv_machine_run(machine, 100, &info);
	assert_int_equal(info.stop, UDV_STOP_BUDGET);
	assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
	assert_int_equal(r.gpr[UDV_RCX], 0x44332211);
	assert_int_equal(udv_machine_read(machine, UDV_GPA(0xfffffe), &low, 2), UDV_OK);
	assert_int_equal(udv_machine_read(machine, UDV_GPA(0x400000), &high, 4), UDV_OK);
	assert_int_equal(udv_machine_read(machine, UDV_GPA(0x3ffffc), &before, 4), UDV_OK);
	assert_int_equal(low, 0x2211);
	assert_int_equal(high, 0xaaaa4433);
	assert_int_equal(before, 0);
	udv_machine_destroy(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_triple_fault),
		cmocka_unit_test(test_request_stop),
		cmocka_unit_test(test_request_stop_of_virtio),
		cmocka_unit_test(test_halt_skips),
		cmocka_unit_test(test_same_run),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_hook_addresses),
		cmocka_unit_test(test_flags_at_the_end),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_serial_input),
		cmocka_unit_test(test_serial_listens),
		cmocka_unit_test(test_run_until_idle),
		cmocka_unit_test(test_two_machines),
		cmocka_unit_test(test_crossing),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_pae),
		cmocka_unit_test(test_pushed_flags),
		cmocka_unit_test(test_resume_flag),
		cmocka_unit_test(test_resume_flag_of_int3),
		cmocka_unit_test(test_counts_without_feature),
		cmocka_unit_test(test_code_of_no_memory),
		cmocka_unit_test(test_repeated_budget),
		cmocka_unit_test(test_sparse_memory),
		cmocka_unit_test(test_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
