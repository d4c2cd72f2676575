/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include <undervisor/machine.h>

/*
 * Any bytes as an image, with and without a module; what can be loaded runs a little. The first
 * byte chooses memory and processors.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INSTRUCTIONS 2000u

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t memories[4] = { 1 << 20, 2 << 20, 128 << 20, 64ull << 30 };
	uint8_t choice = size ? data[0] : 0;
	struct udv_machine_config config = {
		.memory = memories[choice & 3],
		.nr_cpus = 1 + (choice >> 2 & 3),
		.stress = choice >> 4 & 7,
	};
	const struct udv_module module = { data, size, "module" };
	struct udv_boot boot = {
		.image = size ? data + 1 : data,
		.size = size ? size - 1 : 0,
		.cmdline = "fuzz",
		.modules = &module,
		.nr_modules = choice >> 7,
	};
	struct udv_problem problem = { "" };
	struct udv_machine *machine;

	check(udv_machine_create(&config, &machine, &problem) == UDV_OK);
	if (udv_machine_load(machine, &boot, &problem) == UDV_OK)
		run(machine);
	else
		check(problem.text[0] != '\0');
	udv_machine_destroy(machine);
	return 0;
}
