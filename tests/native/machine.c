/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include "arch/paging_bits.h"
#include "arch/system_bits.h"
#include "cpu/cpuid.h"
#include "cpu/handler.h"

/*
 * The first exception is the end: there is no IDT, so that its delivery shuts the processor down
 * with the state as the exception found it. A snippet that is through jumps to the gate, where it
 * may not execute.
 */

#define RAM 0x40000u
#define TABLES 0x1000u /* PML4, PDPT, PD, PT, PT of the gate, a page each */
#define AT_CODE 0x10000u
#define AT_DATA 0x20000u
#define AT_GATE 0x30000u
#define BUDGET 1000000u
#define ARENA (8u << 20)

static void put_entry(struct machine *m, unsigned table, unsigned index, uint64_t value)
{
	mem_write(&m->memory, TABLES + 0x1000u * table + 8 * index, 8, value);
}

static void map(struct machine *m, unsigned table, uint32_t linear, uint64_t physical,
		uint32_t size, uint64_t rights)
{
	for (uint32_t offset = 0; offset < size; offset += 0x1000)
		put_entry(m, table, (linear + offset) >> 12 & 511,
			  (physical + offset) | PTE_P | PTE_U | rights);
}

static void build_tables(struct machine *m)
{
	uint64_t all = PTE_P | PTE_U | PTE_W;

	put_entry(m, 0, 0, (TABLES + 0x1000) | all);
	put_entry(m, 1, 0, (TABLES + 0x2000) | all);
	put_entry(m, 2, CODE_BASE >> 21, (TABLES + 0x3000) | all);
	put_entry(m, 2, GATE_BASE >> 21, (TABLES + 0x4000) | all);
	map(m, 4, GATE_BASE, AT_GATE, GATE_SIZE, PTE_XD);
	map(m, 3, CODE_BASE, AT_CODE, CODE_SIZE, 0);
	map(m, 3, DATA_BASE, AT_DATA, DATA_WRITABLE, PTE_W | PTE_XD);
	map(m, 3, DATA_BASE + DATA_WRITABLE, AT_DATA + DATA_WRITABLE, DATA_SIZE - DATA_WRITABLE,
	    PTE_XD);
}

static void on_event(void *opaque, const struct cpu *cpu, enum cpu_trace_kind kind, uint64_t a,
		     uint64_t b, uint64_t c)
{
	struct machine *m = opaque;

	(void)c;
	if (m->vector >= 0 || (kind != CPU_TRACE_EXCEPTION && kind != CPU_TRACE_INTERRUPT))
		return;
	m->vector = (int)a;
	m->rip = cpu->state.rip;
	m->error_code = kind == CPU_TRACE_EXCEPTION ? (uint32_t)b : 0;
}

#define AR_DATA3 (AR_P | AR_S | AR_DPL | AR_WRITABLE | AR_ACCESSED | AR_DB | AR_G)
#define AR_CODE3 (AR_P | AR_S | AR_DPL | AR_CODE | AR_WRITABLE | AR_ACCESSED | AR_G)

static struct arch_segment_register flat(uint16_t selector, uint32_t access_rights)
{
	return (struct arch_segment_register){ .limit = UINT32_MAX,
					       .access_rights = access_rights,
					       .selector = selector };
}

static void enter_user_mode(struct cpu *cpu, bool code32, uint16_t gs_selector)
{
	struct cpu_state *s = &cpu->state;

	s->cr0 = CR0_PE | CR0_PG | CR0_NE | CR0_MP | CR0_WP | CR0_AM;
	s->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE | CR4_FSGSBASE | CR4_UMIP;
	s->xcr0 = 7;
	s->efer = EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE;
	s->cr3 = TABLES;
	s->cpl = 3;
	s->seg[SEG_CS] = code32 ? flat(SELECTOR_CODE32, AR_CODE3 | AR_DB)
				: flat(SELECTOR_CODE64, AR_CODE3 | AR_L);
	s->seg[SEG_SS] = s->seg[SEG_DS] = s->seg[SEG_ES] = flat(SELECTOR_DATA, AR_DATA3);
	s->seg[SEG_FS] = flat(0, AR_UNUSABLE);
	s->seg[SEG_GS] = flat(gs_selector, AR_DATA3);
	s->seg[SEG_GS].base = DATA_BASE;
	s->seg[SEG_TR].limit = 0; /* no port is allowed */
	s->idtr.limit = 0;
	cpu->tracer.event = on_event;
	cpu_state_changed(cpu);
}

static struct cpu *new_cpu(struct machine *m, bool code32, uint16_t gs_selector)
{
	struct cpu *cpu = aligned_alloc(64, (sizeof(*cpu) + 63) & ~(size_t)63);

	if (!cpu)
		abort();
	cpu_init(cpu, &m->config, &m->memory, &m->ports, &m->blocks);
	enter_user_mode(cpu, code32, gs_selector);
	cpu->tracer.opaque = m;
	return cpu;
}

struct machine *machine_create(uint16_t gs_selector, const uint8_t *gate)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	mem_init(&m->memory);
	if (mem_add_ram(&m->memory, 0, RAM) != UDV_OK ||
	    blocks_create(&m->blocks, &m->memory, ARENA) != UDV_OK)
		abort();
	cpu_config_default(&m->config);
	build_tables(m);
	mem_write_bytes(&m->memory, AT_GATE, gate, GATE_SIZE);
	m->cpu[0] = new_cpu(m, true, gs_selector);
	m->cpu[1] = new_cpu(m, false, gs_selector);
	m->data = mem_find(&m->memory, AT_DATA)->host + AT_DATA;
	return m;
}

void machine_destroy(struct machine *m)
{
	free(m->cpu[0]);
	free(m->cpu[1]);
	blocks_destroy(&m->blocks);
	mem_destroy(&m->memory);
	free(m);
}

void machine_write_code(struct machine *m, unsigned offset, const uint8_t *bytes, unsigned size)
{
	mem_write_bytes(&m->memory, AT_CODE + offset, bytes, size);
}

static void put_state(struct cpu *cpu, const struct state *state)
{
	struct cpu_state *s = &cpu->state;

	memcpy(s->gpr, state->gpr, sizeof(state->gpr));
	memcpy(s->ymm, state->ymm, sizeof(state->ymm));
	memcpy(s->x87.reg, state->st, sizeof(state->st));
	s->rip = state->rip;
	s->rflags = state->rflags;
	s->mxcsr = state->mxcsr;
	s->x87.control = state->control;
	s->x87.status = state->status;
	s->x87.empty = state->empty;
	s->cr2 = 0;
	s->activity = ACTIVITY_ACTIVE;
	s->interruptibility = 0;
	s->pending_debug = 0;
	cpu->fault.valid = cpu->delivering.valid = false;
	cpu->step_consumed = cpu->rf_loaded = false;
	cpu->lazy.kind = LAZY_NONE;
	cpu->block = NULL;
	cpu_ac_changed(cpu);
}

static void take_state(const struct cpu *cpu, struct state *state)
{
	const struct cpu_state *s = &cpu->state;

	memcpy(state->gpr, s->gpr, sizeof(state->gpr));
	memcpy(state->ymm, s->ymm, sizeof(state->ymm));
	memcpy(state->st, s->x87.reg, sizeof(state->st));
	state->rip = s->rip;
	state->rflags = s->rflags;
	state->mxcsr = s->mxcsr;
	state->control = s->x87.control;
	state->status = s->x87.status;
	state->empty = s->x87.empty;
}

bool machine_run(struct machine *m, struct state *state, bool code32, enum how how)
{
	struct cpu *cpu = m->cpu[!code32];
	uint64_t gate = code32 ? GATE_32 : GATE_64;
	enum cpu_stop stop;

	m->vector = -1;
	m->error_code = 0;
	cpu->single_blocks = how == AS_SINGLE_BLOCKS;
	cpu->flush_always = how == AS_FLUSH_ALWAYS;
	put_state(cpu, state);
	stop = cpu_run(cpu, BUDGET);
	take_state(cpu, state);
	state->rip = m->rip;
	state->vector = m->vector;
	state->error_code = m->error_code;
	state->cr2 = m->vector == VECTOR_PF ? cpu->state.cr2 : 0;
	if (m->vector == VECTOR_PF && state->rip == gate && state->cr2 == gate) {
		state->vector = -1;
		state->error_code = 0;
		state->cr2 = 0;
	}
	return stop == CPU_STOP_SHUTDOWN;
}

bool machine_has_x87(struct machine *m)
{
	static const uint8_t fnop[] = { 0xd9, 0xd0 };
	struct state state = { .rip = CODE_BASE, .rflags = FLAG_ONE, .control = 0x37f };

	machine_write_code(m, 0, fnop, sizeof(fnop));
	machine_run(m, &state, false, AS_BLOCKS);
	return state.vector != VECTOR_UD;
}
