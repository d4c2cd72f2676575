/* SPDX-License-Identifier: MIT */
#include "simd_rig.h"

#include <stdlib.h>
#include <string.h>

#include "arch/paging_bits.h"
#include "arch/system_bits.h"
#include "cpu/cpuid.h"

#define RAM 0x10000u
#define TABLES 0x1000u /* PML4, PDPT, PD, PT, a page each */
#define ENTRY (PTE_P | PTE_W)

static void put_entry(struct rig *rig, uint64_t table, unsigned index, uint64_t value)
{
	mem_write(&rig->space, table + 8 * index, 8, value);
}

/* RIG_DATA is mapped to itself. */
static void map_data(struct rig *rig)
{
	for (unsigned level = 0; level < 3; level++)
		put_entry(rig, TABLES + level * 0x1000, 0, (TABLES + (level + 1) * 0x1000) | ENTRY);
	for (unsigned offset = 0; offset < RIG_MEMORY; offset += 0x1000)
		put_entry(rig, TABLES + 0x3000, (RIG_DATA + offset) >> 12,
			  (RIG_DATA + offset) | ENTRY);
}

static void enter_64bit_mode(struct cpu *cpu)
{
	struct cpu_state *s = &cpu->state;

	s->cr0 = CR0_PE | CR0_PG | CR0_NE | CR0_MP;
	s->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
	s->xcr0 = 7;
	s->efer = EFER_LME | EFER_LMA;
	s->cr3 = TABLES;
	s->seg[SEG_CS].access_rights |= AR_L | AR_G;
	s->seg[SEG_CS].limit = 0xffffffff;
	cpu_state_changed(cpu);
}

struct rig *rig_create(void)
{
	struct rig *rig = aligned_alloc(64, (sizeof(*rig) + 63) / 64 * 64);

	if (!rig)
		return NULL;
	memset(rig, 0, sizeof(*rig));
	mem_init(&rig->space);
	if (mem_add_ram(&rig->space, 0, RAM) != UDV_OK ||
	    blocks_create(&rig->blocks, &rig->space, 1u << 20) != UDV_OK)
		abort();
	rig->memory = mem_find(&rig->space, RIG_DATA)->host + RIG_DATA;
	cpu_config_default(&rig->config);
	cpu_init(&rig->cpu, &rig->config, &rig->space, &rig->ports, &rig->blocks);
	map_data(rig);
	enter_64bit_mode(&rig->cpu);
	return rig;
}

void rig_destroy(struct rig *rig)
{
	blocks_destroy(&rig->blocks);
	mem_destroy(&rig->space);
	free(rig);
}

static const struct op *after(struct cpu *cpu, const struct op *op)
{
	(void)cpu;
	(void)op;
	return NULL;
}

static void fill_common(struct op *op, const struct insn *insn)
{
	op->length = insn->length;
	op->end = insn->length;
	op->address = insn->address_size == 8 ? ADDRESS_64 : ADDRESS_32;
	op->base = GPR_OFFSET(insn->mem.base);
	op->index = GPR_OFFSET(insn->mem.index);
	op->scale = insn->mem.scale;
	op->segment = insn->mem.segment & 7u;
	op->disp = (int32_t)insn->mem.displacement;
}

bool rig_translate(struct rig *rig, const uint8_t *bytes, unsigned length, uint32_t mode,
		   struct op op[2], struct insn *insn)
{
	struct translator t = { .cpu = &rig->cpu, .mode = mode };

	memset(op, 0, 2 * sizeof(*op));
	if (insn_decode(INSN_MODE_64, bytes, length, insn) != DECODE_OK ||
	    insn_families[insn->id] != FAMILY_SIMD)
		return false;
	fill_common(&op[0], insn);
	op[1].fn = after;
	return translate_simd(&t, insn, &op[0]);
}

void rig_run(struct rig *rig, const struct op op[2], struct rig_state *state)
{
	struct cpu *cpu = &rig->cpu;

	memcpy(cpu->state.ymm, state->ymm, sizeof(state->ymm));
	for (unsigned i = 0; i < 8; i++)
		cpu->state.x87.reg[i].significand = state->mmx[i];
	memcpy(cpu->state.gpr, state->gpr, sizeof(state->gpr));
	cpu->state.gpr[GPR_ZERO] = 0;
	cpu->state.rflags = state->flags | FLAG_ONE;
	cpu->state.mxcsr = state->mxcsr;
	cpu->fault.valid = false;

	op->fn(cpu, op);

	memcpy(state->ymm, cpu->state.ymm, sizeof(state->ymm));
	for (unsigned i = 0; i < 8; i++)
		state->mmx[i] = cpu->state.x87.reg[i].significand;
	memcpy(state->gpr, cpu->state.gpr, sizeof(state->gpr));
	state->flags = cpu->state.rflags & FLAGS_STATUS;
	state->mxcsr = cpu->state.mxcsr;
	state->fault = cpu->fault.valid ? cpu->fault.vector : -1;
}

/* ---------------------------------------------------------------- inputs */

uint64_t rig_random64(struct rig_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* A sign, a field, a fraction: each often at an end of its range. */
static uint64_t random_float(struct rig_random *random, unsigned exponent_bits,
			     unsigned fraction_bits)
{
	uint64_t r = rig_random64(random), field_max = (1ull << exponent_bits) - 1;
	uint64_t fraction = rig_random64(random), field = r >> 32 & field_max;

	if (r & 1)
		field = (field_max >> 1) - 8 + (r >> 4 & 15); /* about 1 */
	else if ((r & 6) == 0)
		field = r & 8 ? field_max - (r >> 9 & 3) : r >> 9 & 3;
	if ((r & 0x30) == 0)
		fraction = 0;
	else if ((r & 0xc0) == 0)
		fraction &= fraction << 7 & fraction << 21;
	fraction &= (1ull << fraction_bits) - 1;
	return (r >> 63) << (exponent_bits + fraction_bits) | field << fraction_bits | fraction;
}

void rig_random_vector(struct rig_random *random, union arch_vector *v)
{
	uint64_t kind = rig_random64(random);

	for (unsigned i = 0; i < 4; i++) {
		uint64_t r = rig_random64(random);

		switch (kind & 7) {
		case 0:
		case 1:
			v->u64[i] = r;
			break;
		case 2: /* small numbers of either sign, in bytes */
			v->u64[i] = r & 0x0303030303030303ull;
			v->u64[i] |= (r >> 8 & 0x0101010101010101ull) * 0xf8;
			break;
		case 3: /* elements at the ends of their range */
			for (unsigned j = 0; j < 4; j++, r >>= 4)
				v->u16[4 * i + j] =
					(uint16_t)((r & 1 ? 0x8000 : 0x7fff) + (r >> 1 & 3) - 1);
			break;
		case 4:
		case 5:
			v->u64[i] = random_float(random, 11, 52);
			break;
		default:
			v->u32[2 * i] = (uint32_t)random_float(random, 8, 23);
			v->u32[2 * i + 1] = (uint32_t)random_float(random, 8, 23);
			break;
		}
	}
}

void rig_random_state(struct rig_random *random, struct rig_state *state)
{
	memset(state, 0, sizeof(*state));
	for (unsigned i = 0; i < 16; i++)
		rig_random_vector(random, &state->ymm[i]);
	/* Some registers like others: comparisons are to find equal elements. */
	for (unsigned i = 0; i < 16; i++) {
		uint64_t r = rig_random64(random);

		if ((r & 3) == 0)
			state->ymm[i].u64[r >> 2 & 3] = state->ymm[(i + 1) & 15].u64[r >> 2 & 3];
	}
	for (unsigned i = 0; i < 8; i++) {
		union arch_vector v;

		rig_random_vector(random, &v);
		state->mmx[i] = v.u64[0];
	}
	for (unsigned i = 0; i < 16; i++) {
		unsigned shift = rig_random64(random) & 63;

		state->gpr[i] = rig_random64(random) >> shift;
	}
	state->flags = rig_random64(random) & FLAGS_STATUS;
	/* rounding, FTZ, DAZ, old flags; all exceptions masked */
	state->mxcsr = (uint32_t)(rig_random64(random) & 0xe07f) | 0x1f80u;
	state->fault = -1;
}
