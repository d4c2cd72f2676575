/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <undervisor/paging.h>

#include "machine/machine.h"

/* The look inside: registers and memory. */

_Static_assert((int)UDV_RDI == GPR_RDI && (int)UDV_TR == SEG_TR, "the same numbers");

void machine_copy_registers(const struct cpu_state *state, struct udv_registers *registers)
{
	*registers = (struct udv_registers){
		.rip = state->rip,
		.rflags = state->rflags,
		.gdtr_base = state->gdtr.base,
		.idtr_base = state->idtr.base,
		.gdtr_limit = state->gdtr.limit,
		.idtr_limit = state->idtr.limit,
		.cr0 = state->cr0,
		.cr2 = state->cr2,
		.cr3 = state->cr3,
		.cr4 = state->cr4,
		.efer = state->efer,
		.dr6 = state->dr6,
		.dr7 = state->dr7,
	};
	memcpy(registers->gpr, state->gpr, sizeof(registers->gpr));
	memcpy(registers->dr, state->dr, sizeof(registers->dr));
	for (unsigned i = 0; i < NR_SEGMENTS; i++)
		registers->segment[i] = (struct udv_segment_register){
			.base = state->seg[i].base,
			.limit = state->seg[i].limit,
			.access_rights = state->seg[i].access_rights,
			.selector = state->seg[i].selector,
		};
}

enum udv_status udv_machine_get_registers(const struct udv_machine *machine, unsigned cpu,
					  struct udv_registers *registers)
{
	if (cpu >= machine->nr_cpus)
		return UDV_ERR_ARGUMENT;
	machine_copy_registers(&machine->vcpus[cpu].cpu.state, registers);
	return UDV_OK;
}

/*
 * PAE paging walks from what a load of a control register has put into the processor: so do changes
 * of them from outside. SDM Vol 3A "PDPTE Registers"
 */
static bool set_pdptes(struct udv_machine *machine, unsigned cpu, const struct cpu_state *before)
{
	struct cpu_state *s = &machine->vcpus[cpu].cpu.state;
	struct udv_paging paging;
	struct udv_paging_config config;
	struct udv_walk_result result;

	if (udv_paging_mode(s->cr0, s->cr4, s->efer) != UDV_PAGING_PAE)
		return true;
	if (s->cr0 == before->cr0 && s->cr3 == before->cr3 && s->cr4 == before->cr4 &&
	    s->efer == before->efer)
		return true;
	if (machine_paging_config(machine, cpu, &config) != UDV_OK ||
	    udv_paging_init(&paging, &config, &machine->mem.walker) != UDV_OK ||
	    udv_load_pdptes(&paging, UDV_ACCESS_PEEK, s->cr3, s->pdpte, &result) != UDV_WALK_OK)
		return false;
	cpu_state_changed(&machine->vcpus[cpu].cpu);
	return true;
}

static void registers_changed(struct vcpu *vcpu)
{
	if (vcpu->nested.cpu)
		nested_registers_changed(&vcpu->nested);
	cpu_state_changed(&vcpu->cpu);
}

enum udv_status udv_machine_set_registers(struct udv_machine *machine, unsigned cpu,
					  const struct udv_registers *registers)
{
	struct cpu_state *state, before;

	if (cpu >= machine->nr_cpus || machine->running)
		return UDV_ERR_ARGUMENT;
	state = &machine->vcpus[cpu].cpu.state;
	before = *state;
	memcpy(state->gpr, registers->gpr, sizeof(registers->gpr));
	memcpy(state->dr, registers->dr, sizeof(registers->dr));
	state->rip = registers->rip;
	state->rflags = registers->rflags | 2; /* bit 1 is always set */
	state->gdtr = (struct arch_table_register){ registers->gdtr_base, registers->gdtr_limit };
	state->idtr = (struct arch_table_register){ registers->idtr_base, registers->idtr_limit };
	state->cr0 = registers->cr0;
	state->cr2 = registers->cr2;
	state->cr3 = registers->cr3;
	state->cr4 = registers->cr4;
	state->efer = registers->efer;
	state->dr6 = registers->dr6;
	state->dr7 = registers->dr7;
	for (unsigned i = 0; i < NR_SEGMENTS; i++)
		state->seg[i] = (struct arch_segment_register){
			.base = registers->segment[i].base,
			.limit = registers->segment[i].limit,
			.access_rights = registers->segment[i].access_rights,
			.selector = registers->segment[i].selector,
		};
	state->cpl = AR_DPL_OF(state->seg[SEG_SS].access_rights);
	registers_changed(&machine->vcpus[cpu]);
	if (set_pdptes(machine, cpu, &before))
		return UDV_OK;
	*state = before;
	registers_changed(&machine->vcpus[cpu]);
	return UDV_ERR_ARGUMENT;
}

enum udv_status udv_machine_read(struct udv_machine *machine, udv_gpa_t address, void *data,
				 uint64_t size)
{
	return mem_read_bytes(&machine->mem, address.value, data, size) ? UDV_OK
									: UDV_ERR_NOT_FOUND;
}

enum udv_status udv_machine_write(struct udv_machine *machine, udv_gpa_t address, const void *data,
				  uint64_t size)
{
	return mem_write_bytes(&machine->mem, address.value, data, size) ? UDV_OK
									 : UDV_ERR_NOT_FOUND;
}

/* Where @address is, for a supervisor that nothing keeps out but a page that is not there. */
static bool find_linear(struct udv_machine *machine, unsigned cpu, uint64_t address,
			uint64_t *physical)
{
	const uint64_t keep_out =
		UDV_CR4_SMEP | UDV_CR4_SMAP | UDV_CR4_PKS | UDV_CR4_PKE | UDV_CR4_LASS;
	struct udv_paging paging;
	struct udv_paging_config config;
	struct udv_walk_result result;

	if (machine_paging_config(machine, cpu, &config) != UDV_OK)
		return false;
	config.cr0 &= ~(uint64_t)UDV_CR0_WP;
	config.cr4 &= ~keep_out;
	if (udv_paging_init(&paging, &config, &machine->mem.walker) != UDV_OK)
		return false;
	/* EPT may have it to be read, or to be executed only. */
	if (udv_walk(&paging, UDV_ACCESS_READ | UDV_ACCESS_PEEK, UDV_GVA(address), &result) !=
		    UDV_WALK_OK &&
	    udv_walk(&paging, UDV_ACCESS_FETCH | UDV_ACCESS_PEEK, UDV_GVA(address), &result) !=
		    UDV_WALK_OK)
		return false;
	*physical = result.hpa.value;
	return true;
}

static enum udv_status linear(struct udv_machine *machine, unsigned cpu, uint64_t address,
			      uint8_t *to, const uint8_t *from, uint64_t size)
{
	if (cpu >= machine->nr_cpus)
		return UDV_ERR_ARGUMENT;
	while (size) {
		uint64_t room = MEM_PAGE_SIZE - (address & (MEM_PAGE_SIZE - 1)), physical;
		uint64_t part = room < size ? room : size;

		if (!find_linear(machine, cpu, address, &physical))
			return UDV_ERR_NOT_FOUND;
		if (to ? !mem_read_bytes(&machine->mem, physical, to, part)
		       : !mem_write_bytes(&machine->mem, physical, from, part))
			return UDV_ERR_NOT_FOUND;
		if (to)
			to += part;
		else
			from += part;
		address += part;
		size -= part;
	}
	return UDV_OK;
}

enum udv_status udv_machine_read_linear(struct udv_machine *machine, unsigned cpu,
					udv_gva_t address, void *data, uint64_t size)
{
	return linear(machine, cpu, address.value, data, NULL, size);
}

enum udv_status udv_machine_write_linear(struct udv_machine *machine, unsigned cpu,
					 udv_gva_t address, const void *data, uint64_t size)
{
	return linear(machine, cpu, address.value, NULL, data, size);
}

size_t udv_machine_serial_input(struct udv_machine *machine, const uint8_t *data, size_t size)
{
	size_t taken = 0;

	while (taken < size && uart_room(&machine->uart))
		uart_receive(&machine->uart, data[taken++]);
	return taken;
}

bool udv_machine_serial_listens(const struct udv_machine *machine)
{
	return uart_listens(&machine->uart);
}
