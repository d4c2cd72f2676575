/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an image, with modules and command lines that are parts of it; what can be loaded
 * runs a little. The mutator makes images that are right, or nearly, since few come about by
 * chance.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <undervisor/machine.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define INSTRUCTIONS 2000u
#define MAX_MODULES 65u

/* In front of the image. */
struct choices {
	uint8_t machine;     /* memory, processors, stress */
	uint8_t nr_modules;  /* one more than allowed at the most */
	uint8_t cmdline;     /* bytes of it, at the end of the input; FFH: none */
	uint8_t module_step; /* each begins so many bytes after the one before */
};

static void check(bool fine)
{
	if (!fine)
		__builtin_trap();
}

static void run(struct udv_machine *machine)
{
	struct udv_stop_info info;
	struct udv_registers registers;
	uint8_t bytes[64];

	udv_machine_run(machine, INSTRUCTIONS, &info);
	check(info.instructions <= INSTRUCTIONS);
	check(udv_machine_get_registers(machine, info.cpu, &registers) == UDV_OK);
	udv_machine_read_linear(machine, info.cpu, UDV_GVA(registers.rip), bytes, sizeof(bytes));
	udv_machine_write_linear(machine, info.cpu, UDV_GVA(registers.gpr[UDV_RSP]), bytes, 8);
}

static void load_and_run(const struct udv_machine_config *config, const struct udv_boot *boot)
{
	struct udv_problem problem = { "" };
	struct udv_machine *machine;

	check(udv_machine_create(config, &machine, &problem) == UDV_OK);
	if (udv_machine_load(machine, boot, &problem) == UDV_OK)
		run(machine);
	else
		check(problem.text[0] != '\0');
	udv_machine_destroy(machine);
}

static char *cmdline_of(const struct choices *choices, const uint8_t *image, size_t size)
{
	size_t length = choices->cmdline < size ? choices->cmdline : size;
	char *text;

	if (choices->cmdline == 0xff)
		return NULL;
	text = malloc(length + 1);
	check(text);
	memcpy(text, image + size - length, length);
	text[length] = '\0';
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t memories[4] = { 1 << 20, 2 << 20, 128 << 20, 64ull << 30 };
	static struct udv_module modules[MAX_MODULES];
	struct udv_machine_config config = { 0 };
	struct udv_boot boot = { .modules = modules };
	struct choices choices;
	char *cmdline;

	if (size < sizeof(choices))
		return 0;
	memcpy(&choices, data, sizeof(choices));
	boot.image = data + sizeof(choices);
	boot.size = size - sizeof(choices);
	config.memory = memories[choices.machine & 3];
	config.nr_cpus = 1 + (choices.machine >> 2 & 3);
	config.stress = choices.machine >> 4 & 7;
	cmdline = cmdline_of(&choices, boot.image, boot.size);
	boot.cmdline = cmdline;
	boot.nr_modules = choices.nr_modules % (MAX_MODULES + 1);
	for (unsigned i = 0; i < boot.nr_modules; i++) {
		size_t start = (size_t)i * choices.module_step % (boot.size + 1);

		modules[i].data = (const uint8_t *)boot.image + start;
		modules[i].size = boot.size - start;
		modules[i].cmdline = i & 1 ? cmdline : NULL;
	}
	load_and_run(&config, &boot);
	free(cmdline);
	return 0;
}

/* ---------------------------------------------------------------- images */

#define CODE 0x100000u
#define MULTIBOOT_MAGIC 0x1badb002u

struct writer {
	uint8_t *data;
	unsigned seed;
};

static unsigned next(struct writer *w)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return w->seed >> 16;
}

static void put(struct writer *w, size_t at, uint64_t value, unsigned size)
{
	memcpy(w->data + at, &value, size);
}

/* Loops that a run goes through, with some devices and an exception that nothing handles. */
static void put_code(struct writer *w, size_t at)
{
	static const uint8_t code[] = { 0xb9, 0x40, 0, 0, 0, 0xe4, 0x61, 0xe6, 0x80, 0xe2, 0xfa,
					0xa1, 0,    0, 0, 0, 0x90, 0x90, 0xcd, 0x20, 0xeb, 0xfe };

	memcpy(w->data + at, code, sizeof(code));
}

static void put_multiboot(struct writer *w, size_t at, uint32_t flags)
{
	put(w, at, MULTIBOOT_MAGIC, 4);
	put(w, at + 4, flags, 4);
	put(w, at + 8, 0u - MULTIBOOT_MAGIC - flags, 4);
}

/* An ELF file with two segments: headers in front, 100H bytes of code, then data. */
static size_t put_elf(struct writer *w, bool wide)
{
	unsigned word = wide ? 8 : 4, header = wide ? 64 : 52, entry = wide ? 56 : 32;

	memcpy(w->data, "\177ELF", 4);
	put(w, 4, wide ? 0x010102 : 0x010101, 3);
	put(w, 16, 2 | (uint64_t)(wide ? 62 : 3) << 16 | 1ull << 32, 8);
	put(w, 24, CODE, word);
	put(w, 24 + word, header, word);
	put(w, 24 + 3 * word + 4, header | entry << 16, 4);
	put(w, 24 + 3 * word + 8, 2, 2);
	for (unsigned i = 0; i < 2; i++) {
		size_t at = header + i * entry, fields = wide ? 8 : 4;
		uint64_t place = CODE + i * 0x2000;

		put(w, at, 1, 4);
		put(w, at + fields, 0x200 + i * 0x100, word);
		put(w, at + fields + word, place, word);
		put(w, at + fields + 2 * word, place, word);
		put(w, at + fields + 3 * word, 0x100, word);
		put(w, at + fields + 4 * word, 0x100 + i * 0x1000, word);
	}
	put_code(w, 0x200);
	return 0x400;
}

static size_t put_addresses(struct writer *w)
{
	put_multiboot(w, 0, 0x10003);
	put(w, 12, CODE, 4);
	put(w, 16, CODE, 4);
	put(w, 20, next(w) & 1 ? CODE + 0x100 : 0, 4);
	put(w, 24, next(w) & 1 ? CODE + 0x1000 : 0, 4);
	put(w, 28, CODE + 0x40, 4);
	put_code(w, 0x40);
	return 0x100;
}

#define IMAGE_MAX (sizeof(struct choices) + 0x400)

/* One that loads. */
static size_t put_image(uint8_t *data, unsigned seed)
{
	struct writer w = { data + sizeof(struct choices), seed };
	unsigned kind = next(&w) % 5;
	size_t size;

	memset(data, 0, IMAGE_MAX);
	/* 2 MB and up. */
	data[0] = (uint8_t)((next(&w) & 0xfc) | (1 + next(&w) % 2));
	data[1] = (uint8_t)(next(&w) & 3);
	data[2] = (uint8_t)(next(&w) & 15);
	data[3] = (uint8_t)next(&w);
	size = kind == 4 ? put_addresses(&w) : put_elf(&w, kind & 1);
	if (kind < 2)
		put_multiboot(&w, 0x180, 3);
	return sizeof(struct choices) + size;
}

/* Numbers at which sums and comparisons go wrong, where headers are. */
static void put_odd_number(uint8_t *data, size_t size, unsigned seed)
{
	static const uint64_t odd[] = { 0,	    1,		0xfff,	    0x1000,
					0xa0000,    0xfffff,	0x100000,   0x1fffff,
					0x200000,   0x7fffffff, 0x80000000, 0xffffffff,
					0xfffff000, 1ull << 32, 1ull << 63, ~0ull };
	struct writer w = { data, seed };
	size_t at = sizeof(struct choices) + next(&w) % 0xc0u * 4;
	unsigned bytes = 1u << next(&w) % 4;

	if (at + bytes <= size)
		put(&w, at, odd[next(&w) % 16] + (next(&w) & 4 ? next(&w) & 0xf : 0), bytes);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (max_size >= IMAGE_MAX && (size <= sizeof(struct choices) || seed % 16 == 0))
		return put_image(data, seed / 16);
	if (seed % 16 < 6) {
		put_odd_number(data, size, seed / 16);
		return size;
	}
	return LLVMFuzzerMutate(data, size, max_size);
}
