// SPDX-License-Identifier: MIT
/* Checks and their count; from the command line to main; the way out. */
#include "internal.h"

enum { DEBUG_EXIT = 0xf4, BOCHS_SHUTDOWN = 0x8900, ARGUMENTS = 32 };

static u32 passed, failed, section_passed;
static const char *section_name;
static bool verbose;

static char command_line[1024];
static char *arguments[ARGUMENTS + 1];

void guest_exit(u32 value)
{
	print_end();
	out32(DEBUG_EXIT, value);
	/* Nothing listens there on Bochs, which ends at this word instead. */
	for (const char *text = "Shutdown"; *text; text++)
		out8(BOCHS_SHUTDOWN, (u8)*text);
	for (;;)
		asm volatile("cli; hlt");
}

static void section_end(void)
{
	if (section_name)
		print("%s: %u\n", section_name, section_passed);
	section_passed = 0;
}

void section(const char *name)
{
	section_end();
	section_name = name;
}

static bool count(bool good)
{
	if (good) {
		__atomic_fetch_add(&passed, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&section_passed, 1, __ATOMIC_RELAXED);
	} else {
		__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
	}
	return good;
}

bool check(const char *file, int line, const char *name, u64 got, u64 expected)
{
	if (got != expected)
		print("FAIL %s:%d: %s: got 0x%llx, expected 0x%llx\n", file, line, name, got,
		      expected);
	else if (verbose)
		print("ok %s = 0x%llx\n", name, got);
	return count(got == expected);
}

bool check_fault(const char *file, int line, const struct fault *fault, u32 vector, u32 error,
		 word ip)
{
	bool good =
		fault->vector == vector && fault->error == error && (ip == ANY || fault->ip == ip);

	if (!good)
		print("FAIL %s:%d: got vector 0x%x, error 0x%x, ip 0x%lx, cr2 0x%lx; expected "
		      "0x%x, 0x%x, 0x%lx\n",
		      file, line, fault->vector, fault->error, fault->ip, fault->cr2, vector, error,
		      ip);
	else if (verbose)
		print("ok vector 0x%x, error 0x%x at 0x%lx\n", fault->vector, fault->error,
		      fault->ip);
	return count(good);
}

static bool same(const char *left, const char *right)
{
	while (*left && *left == *right)
		left++, right++;
	return *left == *right;
}

bool argument(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (same(argv[i], name))
			return true;
	return false;
}

u64 argument_number(int argc, char **argv, int index, u64 otherwise)
{
	u64 value = 0;

	if (index >= argc)
		return otherwise;
	for (const char *digit = argv[index]; *digit >= '0' && *digit <= '9'; digit++)
		value = value * 10 + (u64)(*digit - '0');
	return value;
}

/* Multiboot 1: flag 2 of the information says that offset 16 is the command line. */
static int read_arguments(void)
{
	const u32 *information = (const u32 *)(word)guest_multiboot;
	char *to = command_line;
	int count_of = 0;
	bool inside = false;

	if (information && (information[0] & 4)) {
		const char *from = (const char *)(word)information[4];

		for (; *from && to < command_line + sizeof(command_line) - 1; from++, to++) {
			*to = *from == ' ' ? '\0' : *from;
			if (*from != ' ' && !inside && count_of < ARGUMENTS)
				arguments[count_of++] = to;
			inside = *from != ' ';
		}
	}
	if (!count_of)
		arguments[count_of++] = command_line;
	return count_of;
}

void guest_main(u32 cpu)
{
	if (cpu)
		cpu_loop(cpu);
	print_init();
	tables_init();
	int argc = read_arguments();
	verbose = argument(argc, arguments, "verbose");
	main(argc, arguments);
	section_end();
	print("%u passed, %u failed\n", passed, failed);
	guest_exit(failed || !passed);
}

bool guest_stopped_by(const struct frame *frame)
{
	print("FAIL unexpected vector 0x%lx, error 0x%lx, ip 0x%lx, cs 0x%lx, flags 0x%lx, cr2 "
	      "0x%lx\n",
	      frame->vector, frame->error, frame->ip, frame->cs, frame->flags, read_cr2());
	print("%u passed, %u failed\n", passed, failed + 1);
	guest_exit(1);
}

void *memcpy(void *to, const void *from, size_t size)
{
	void *start = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size)::"memory");
	return start;
}

void *memset(void *to, int value, size_t size)
{
	void *start = to;

	asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *a = to;
	const char *b = from;

	if (a <= b || a >= b + size)
		return memcpy(to, from, size);
	while (size--)
		((volatile char *)a)[size] = b[size];
	return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
	const u8 *a = left, *b = right;

	for (size_t i = 0; i < size; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}
