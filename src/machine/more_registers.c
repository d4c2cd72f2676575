/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/access.h"
#include "cpu/x87.h"
#include "machine/machine.h"

/* x87, vectors, and MSRs that an instruction can reach, for a debugger. */

#define F80_BYTES 10u
#define MXCSR_BITS 0xffffu
#define STATUS_TOP_SHIFT 11
#define CONTROL_ALWAYS 0x40u
#define CONTROL_BITS 0x1f3fu
#define TAG_EMPTY 3u

static struct arch_f80 *st(struct arch_x87 *x87, unsigned i)
{
	return &x87->reg[((x87->status >> STATUS_TOP_SHIFT) + i) & 7];
}

static void get_x87(const struct arch_x87 *from, struct udv_more_registers *to)
{
	struct arch_x87 x87 = *from;

	for (unsigned i = 0; i < 8; i++) {
		const struct arch_f80 *reg = st(&x87, i);

		memcpy(to->st[i], &reg->significand, 8);
		memcpy(to->st[i] + 8, &reg->sign_exponent, F80_BYTES - 8);
	}
	to->control = x87.control;
	to->status = x87.status;
	to->tag = x87_tag_word(&x87);
	to->opcode = x87.opcode;
	to->instruction_selector = x87.instruction_selector;
	to->data_selector = x87.data_selector;
	to->instruction_pointer = x87.instruction_pointer;
	to->data_pointer = x87.data_pointer;
}

enum udv_status udv_machine_get_more_registers(const struct udv_machine *machine, unsigned cpu,
					       struct udv_more_registers *registers)
{
	const struct cpu_state *s;

	if (cpu >= machine->nr_cpus)
		return UDV_ERR_ARGUMENT;
	s = &machine->vcpus[cpu].cpu.state;
	memset(registers, 0, sizeof(*registers));
	get_x87(&s->x87, registers);
	memcpy(registers->ymm, s->ymm, sizeof(registers->ymm));
	registers->mxcsr = s->mxcsr;
	registers->cr8 = lapic_read_cr8(&machine->vcpus[cpu].lapic);
	registers->xcr0 = s->xcr0;
	registers->kernel_gs_base = s->kernel_gs_base;
	registers->star = s->star;
	registers->lstar = s->lstar;
	registers->cstar = s->cstar;
	registers->fmask = s->fmask;
	registers->sysenter_cs = s->sysenter_cs;
	registers->sysenter_esp = s->sysenter_esp;
	registers->sysenter_eip = s->sysenter_eip;
	registers->pat = s->pat;
	registers->pkru = s->pkru;
	return UDV_OK;
}

static void set_x87(struct arch_x87 *x87, const struct udv_more_registers *from)
{
	x87->control = (uint16_t)((from->control & CONTROL_BITS) | CONTROL_ALWAYS);
	x87->status = (uint16_t)from->status;
	x87->empty = 0;
	for (unsigned i = 0; i < 8; i++) {
		struct arch_f80 *reg = st(x87, i);

		memcpy(&reg->significand, from->st[i], 8);
		memcpy(&reg->sign_exponent, from->st[i] + 8, F80_BYTES - 8);
		if ((from->tag >> 2 * i & 3) == TAG_EMPTY)
			x87->empty |= (uint8_t)(1u << i);
	}
	x87->opcode = (uint16_t)(from->opcode & 0x7ff);
	x87->instruction_selector = (uint16_t)from->instruction_selector;
	x87->data_selector = (uint16_t)from->data_selector;
	x87->instruction_pointer = from->instruction_pointer;
	x87->data_pointer = from->data_pointer;
}

enum udv_status udv_machine_set_more_registers(struct udv_machine *machine, unsigned cpu,
					       const struct udv_more_registers *registers)
{
	struct cpu_state *s;

	if (cpu >= machine->nr_cpus || machine->running)
		return UDV_ERR_ARGUMENT;
	s = &machine->vcpus[cpu].cpu.state;
	set_x87(&s->x87, registers);
	memcpy(s->ymm, registers->ymm, sizeof(registers->ymm));
	s->mxcsr = registers->mxcsr & MXCSR_BITS;
	s->kernel_gs_base = registers->kernel_gs_base;
	return UDV_OK;
}
