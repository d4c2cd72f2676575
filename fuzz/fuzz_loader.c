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

#include "loader_images.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define INSTRUCTIONS 2000u
#define MAX_MODULES 65u

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

static bool is_linux(const uint8_t *image, size_t size)
{
	return size >= 0x206 && memcmp(image + 0x202, "HdrS", 4) == 0;
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
	/* 16 KB of a bzImage can become GB, which is no fault, but too slow here. */
	if (config.memory > 128 << 20 && is_linux(boot.image, boot.size))
		config.memory = 128 << 20;
	config.nr_cpus = 1 + (choices.machine >> 2 & 3);
	config.stress = choices.machine >> 4 & 7;
	cmdline = cmdline_of(&choices, boot.image, boot.size);
	boot.cmdline = cmdline;
	boot.name_size = choices.module_step;
	boot.kernel_unpacks = choices.machine >> 7;
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

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (max_size >= LOADER_INPUT_MAX && (size <= sizeof(struct choices) || seed % 16 == 0))
		return loader_image(data, seed / 16);
	if (seed % 16 < 6 && size > sizeof(struct choices)) {
		loader_odd_number(data + sizeof(struct choices), size - sizeof(struct choices),
				  seed / 16);
		return size;
	}
	return LLVMFuzzerMutate(data, size, max_size);
}
