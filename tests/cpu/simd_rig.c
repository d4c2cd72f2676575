/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "simd_rig.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---------------------------------------------------------------- what the family calls */

static struct rig *rig_of(struct cpu *cpu)
{
	return (struct rig *)cpu;
}

bool cpu_raise(struct cpu *cpu, unsigned vector)
{
	cpu->fault = (struct cpu_event){ .valid = true, .vector = (uint8_t)vector };
	return false;
}

bool cpu_raise_error(struct cpu *cpu, unsigned vector, uint32_t error_code)
{
	cpu_raise(cpu, vector);
	cpu->fault.error_code = error_code;
	return false;
}

const struct op *cpu_fault(struct cpu *cpu, const struct op *op)
{
	(void)cpu;
	(void)op;
	return NULL;
}

uint64_t cpu_effective_address(const struct cpu *cpu, const struct op *op)
{
	uint64_t offset = gpr_read(cpu, op->base, 8) + (gpr_read(cpu, op->index, 8) << op->scale) +
			  (uint64_t)(int64_t)op->disp;

	return op->address == ADDRESS_32 ? (uint32_t)offset : offset;
}

bool cpu_segment_linear(struct cpu *cpu, unsigned segment, uint64_t offset, unsigned size,
			uint32_t access, uint64_t *linear)
{
	(void)cpu;
	(void)segment;
	(void)size;
	(void)access;
	*linear = offset;
	return true;
}

bool cpu_operand_linear(struct cpu *cpu, const struct op *op, unsigned size, uint32_t access,
			uint64_t *linear)
{
	return cpu_segment_linear(cpu, op->segment, cpu_effective_address(cpu, op), size, access,
				  linear);
}

bool cpu_probe(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access)
{
	uint64_t offset = linear - (uintptr_t)rig_of(cpu)->memory;

	(void)access;
	if (offset < RIG_MEMORY && offset + size <= RIG_MEMORY)
		return true;
	return cpu_raise(cpu, VECTOR_PF);
}

bool cpu_read_bytes(struct cpu *cpu, uint64_t linear, void *data, unsigned size, uint32_t access)
{
	if (!cpu_probe(cpu, linear, size, access))
		return false;
	memcpy(data, (const void *)(uintptr_t)linear, size);
	return true;
}

bool cpu_write_bytes(struct cpu *cpu, uint64_t linear, const void *data, unsigned size,
		     uint32_t access)
{
	if (!cpu_probe(cpu, linear, size, access))
		return false;
	memcpy((void *)(uintptr_t)linear, data, size);
	return true;
}

bool cpu_read(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access, uint64_t *value)
{
	*value = 0;
	return cpu_read_bytes(cpu, linear, value, size, access);
}

bool cpu_write(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access, uint64_t value)
{
	return cpu_write_bytes(cpu, linear, &value, size, access);
}

/* ---------------------------------------------------------------- the rig */

static void fill_tlb(struct rig *rig)
{
	uint64_t linear = (uintptr_t)rig->memory;
	struct tlb_entry *entry;

	for (unsigned i = 0; i < TLB_SIZE; i++)
		rig->cpu.tlb[i].read = rig->cpu.tlb[i].write = TLB_NOTHING;
	entry = tlb_entry_of(&rig->cpu, linear);
	entry->read = entry->write = linear | rig->cpu.view;
	entry->addend = 0;
}

struct rig *rig_create(void)
{
	struct rig *rig = aligned_alloc(64, (sizeof(*rig) + 63) / 64 * 64);

	if (!rig)
		return NULL;
	memset(rig, 0, sizeof(*rig));
	rig->memory = mmap(NULL, RIG_MEMORY + 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (rig->memory == MAP_FAILED || mprotect(rig->memory + RIG_MEMORY, 4096, PROT_NONE) != 0) {
		free(rig);
		return NULL;
	}
	memset(&rig->config.features, 0xff, sizeof(rig->config.features));
	rig->cpu.config = &rig->config;
	rig->cpu.state.cr0 = BIT(0);
	rig->cpu.state.cr4 = BIT(10) | BIT(9);
	fill_tlb(rig);
	return rig;
}

void rig_destroy(struct rig *rig)
{
	munmap(rig->memory, RIG_MEMORY + 4096);
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
		field = r & 8 ? field_max : 0;
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
	for (unsigned i = 0; i < 16; i++)
		state->gpr[i] = rig_random64(random) >> (rig_random64(random) & 63);
	state->flags = rig_random64(random) & FLAGS_STATUS;
	/* rounding, FTZ, DAZ, old flags; all exceptions masked */
	state->mxcsr = (uint32_t)(rig_random64(random) & 0xe07f) | 0x1f80u;
	state->fault = -1;
}
