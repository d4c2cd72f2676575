/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <stdlib.h>

static void map_gigabyte(struct world *w)
{
	mem_write(&w->memory, WORLD_PML4, 8, WORLD_PDPT | PTE_P | PTE_W | PTE_U);
	mem_write(&w->memory, WORLD_PDPT, 8, PTE_P | PTE_W | PTE_U | PTE_PS);
}

struct world *world_new(const char *cpu_text)
{
	struct world *w = calloc(1, sizeof(*w));
	char why[100] = "";

	assert_non_null(w);
	cpu_config_default(&w->config);
	assert_int_equal(cpu_config_parse(&w->config, cpu_text, why, sizeof(why)), UDV_OK);
	mem_init(&w->memory);
	assert_int_equal(mem_add_ram(&w->memory, 0, WORLD_RAM), UDV_OK);
	assert_int_equal(blocks_create(&w->blocks, &w->memory, 1 << 20), UDV_OK);
	w->cpu = aligned_alloc(64, (sizeof(struct cpu) + 63) & ~(size_t)63);
	assert_non_null(w->cpu);
	cpu_init(w->cpu, &w->config, &w->memory, &w->ports, &w->blocks);
	map_gigabyte(w);
	world_long(w);
	return w;
}

int world_setup(void **state)
{
	*state = world_new("");
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	blocks_destroy(&w->blocks);
	mem_destroy(&w->memory);
	free(w->cpu);
	free(w);
	return 0;
}

void world_protected(struct world *w)
{
	struct cpu_state *s = &w->cpu->state;

	s->cr0 = CR0_PE | CR0_ET | CR0_NE;
	s->cr4 = 0;
	s->efer = 0;
	s->rflags = FLAG_ONE;
	for (unsigned i = 0; i < SEG_LDTR; i++) {
		s->seg[i].limit = UINT32_MAX;
		s->seg[i].base = 0;
		s->seg[i].access_rights = 0xc093;
	}
	s->seg[SEG_CS].access_rights = 0xc09b;
	s->seg[SEG_TR].access_rights = 0x8b;
	world_cpl(w, 0);
}

void world_long(struct world *w)
{
	struct cpu_state *s = &w->cpu->state;

	world_protected(w);
	s->cr3 = WORLD_PML4;
	s->cr4 = CR4_PAE | CR4_OSFXSR;
	s->cr0 |= CR0_PG;
	s->efer = EFER_LME | EFER_LMA;
	s->seg[SEG_CS].access_rights = 0xa09b;
	world_cpl(w, 0);
}

void world_cpl(struct world *w, unsigned cpl)
{
	struct cpu_state *s = &w->cpu->state;

	s->cpl = (uint8_t)cpl;
	s->seg[SEG_CS].access_rights =
		(s->seg[SEG_CS].access_rights & ~AR_DPL) | cpl << AR_DPL_SHIFT;
	s->seg[SEG_SS].access_rights =
		(s->seg[SEG_SS].access_rights & ~AR_DPL) | cpl << AR_DPL_SHIFT;
	cpu_state_changed(w->cpu);
}

struct op op_of(const struct world *w, unsigned dst, unsigned src)
{
	bool wide = is_64bit(w->cpu);

	return (struct op){
		.dst = (uint8_t)dst,
		.src = (uint8_t)src,
		.base = GPR_OFFSET(GPR_ZERO),
		.index = GPR_OFFSET(GPR_ZERO),
		.size = wide ? 3 : 2,
		.address = wide ? ADDRESS_64 : ADDRESS_32,
		.segment = SEG_DS,
	};
}

struct op op_at(const struct world *w, uint64_t address)
{
	struct op op = op_of(w, GPR_OFFSET(GPR_ZERO), GPR_OFFSET(GPR_ZERO));

	op.disp = (int32_t)address;
	op.flag = 1;
	return op;
}

void expect_ok(struct world *w, slow_fn *f, struct op op)
{
	assert_true(f(w->cpu, &op));
}

void expect_fault(struct world *w, slow_fn *f, struct op op, unsigned vector, int error_code)
{
	struct cpu_state before = w->cpu->state;

	assert_false(f(w->cpu, &op));
	assert_true(w->cpu->fault.valid);
	assert_int_equal(w->cpu->fault.vector, vector);
	assert_int_equal(w->cpu->fault.has_error_code, error_code != NO_CODE);
	if (error_code != NO_CODE)
		assert_int_equal(w->cpu->fault.error_code, error_code);
	assert_memory_equal(&w->cpu->state, &before, sizeof(before));
	w->cpu->fault.valid = false;
}

void set_edx_eax(struct world *w, uint64_t value)
{
	w->cpu->state.gpr[GPR_RAX] = (uint32_t)value;
	w->cpu->state.gpr[GPR_RDX] = value >> 32;
}

uint64_t edx_eax(const struct world *w)
{
	return w->cpu->state.gpr[GPR_RDX] << 32 | w->cpu->state.gpr[GPR_RAX];
}
