/* SPDX-License-Identifier: MIT */
#include "x87_rig.h"

#include "arch/system_bits.h"
#include "control_world.h"
#include "cpu/handler.h"

#define AT_OPERAND 0x40000u
#define AT_BEFORE 0x40800u
#define AT_AFTER 0x40900u
#define AT_HANDLERS (AT_CODE + 0x1000) /* 16 bytes a vector */
#define AFTER_BEFORE 0x100

static const uint8_t restore[] = { 0xdd, 0x27 }; /* frstor [rdi] */
static const uint8_t save[] = { 0xdd, 0xb7, AFTER_BEFORE & 0xff, AFTER_BEFORE >> 8, 0, 0, 0xf4 };

void x87_prepare(struct world *w)
{
	world_long(w, 0);
	w->cpu->state.cr0 |= CR0_NE | CR0_MP;
	w->cpu->state.cr0 &= ~(uint64_t)(CR0_EM | CR0_TS);
	cpu_state_changed(w->cpu);
	for (unsigned v = 0; v < 32; v++) {
		set_vector(w, v, SEL_CODE0, AT_HANDLERS + 16 * v, 0x8e, 0);
		mem_load_bytes(&w->memory, AT_HANDLERS + 16 * v, save, sizeof(save));
	}
	mem_load_bytes(&w->memory, AT_CODE, restore, sizeof(restore));
}

void x87_ours(struct world *w, const uint8_t *code, unsigned length, struct x87_case *c)
{
	struct cpu_state *s = &w->cpu->state;
	const uint8_t *memory = mem_find(&w->memory, AT_CODE)->host;

	mem_load_bytes(&w->memory, AT_CODE + sizeof(restore), code, length);
	mem_load_bytes(&w->memory, AT_CODE + sizeof(restore) + length, save, sizeof(save));
	mem_load_bytes(&w->memory, AT_BEFORE, c->image, X87_IMAGE);
	mem_load_bytes(&w->memory, AT_OPERAND, c->operand, X87_OPERAND);
	blocks_flush(&w->blocks);
	s->rip = AT_CODE;
	s->rflags = c->flags | FLAG_ONE;
	s->gpr[GPR_RAX] = c->rax;
	s->gpr[GPR_RSI] = AT_OPERAND;
	s->gpr[GPR_RDI] = AT_BEFORE;
	s->gpr[GPR_RSP] = AT_STACK0 - 0x100;
	s->activity = ACTIVITY_ACTIVE;
	cpu_state_changed(w->cpu);
	assert_int_equal(cpu_run(w->cpu, 100), CPU_STOP_HALT);
	memcpy(c->image, memory + AT_AFTER, X87_IMAGE);
	memcpy(c->operand, memory + AT_OPERAND, X87_OPERAND);
	c->flags = s->rflags & FLAGS_STATUS;
	c->rax = s->gpr[GPR_RAX];
	c->vector = s->rip >= AT_HANDLERS ? (int)((s->rip - AT_HANDLERS) / 16) : -1;
}
