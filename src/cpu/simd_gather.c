/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/handler.h"
#include "cpu/operand.h"
#include "cpu/simd.h"

/* Instructions that touch only those elements of memory that a mask selects. */

static uint64_t truncate_address(const struct op *op, uint64_t offset)
{
	if (op->address == ADDRESS_64)
		return offset;
	return op->address == ADDRESS_32 ? (uint32_t)offset : (uint16_t)offset;
}

static bool element_linear(struct cpu *cpu, const struct op *op, uint64_t offset, unsigned size,
			   uint32_t access, uint64_t *linear)
{
	return cpu_segment_linear(cpu, op->segment, truncate_address(op, offset), size, access,
				  linear);
}

/* Bit i: the element of @size bytes has its sign bit set. */
static uint32_t selected(const union arch_vector *mask, unsigned size, unsigned bytes)
{
	uint32_t elements = 0;

	for (unsigned i = 0; i < bytes / size && i < sizeof(*mask) / size; i++)
		elements |= (uint32_t)(mask->u8[i * size + size - 1] >> 7) << i;
	return elements;
}

static bool load_selected(struct cpu *cpu, const struct op *op, uint32_t elements, unsigned size,
			  union arch_vector *d)
{
	uint64_t offset = cpu_effective_address(cpu, op), linear;

	for (unsigned i = 0; elements >> i; i++) {
		if (!(elements >> i & 1))
			continue;
		if (!element_linear(cpu, op, offset + i * size, size, UDV_ACCESS_READ, &linear) ||
		    !cpu_read_bytes(cpu, linear, &d->u8[i * size], size, stack_bit(op)))
			return false;
	}
	return true;
}

/* Judges all elements before the first is written. */
static bool store_selected(struct cpu *cpu, const struct op *op, uint32_t elements, unsigned size,
			   const uint8_t *data)
{
	uint64_t offset = cpu_effective_address(cpu, op), linear[32];

	for (unsigned i = 0; elements >> i; i++) {
		if (elements >> i & 1 &&
		    (!element_linear(cpu, op, offset + i * size, size, UDV_ACCESS_WRITE,
				     &linear[i]) ||
		     !cpu_probe(cpu, linear[i], size, UDV_ACCESS_WRITE | stack_bit(op))))
			return false;
	}
	for (unsigned i = 0; elements >> i; i++) {
		if (elements >> i & 1 &&
		    !cpu_write_bytes(cpu, linear[i], &data[i * size], size, stack_bit(op)))
			return false;
	}
	return true;
}

/* VMASKMOVPS, VPMASKMOVD and their kin: a is the mask. */
static unsigned mask_element(const struct op *op)
{
	return op->code == OP_V_MASK_LOAD_Q || op->code == OP_V_MASK_STORE_Q ? 8 : 4;
}

static uint32_t mask_elements(const struct cpu *cpu, const struct op *op)
{
	return selected(&cpu->state.ymm[op->reg[0]], mask_element(op), simd_bytes(op));
}

static bool mask_load(struct cpu *cpu, const struct op *op)
{
	union arch_vector d = { 0 };

	if (!load_selected(cpu, op, mask_elements(cpu, op), mask_element(op), &d))
		return false;
	simd_write_vector(cpu, op, op->dst, &d);
	return true;
}

static bool mask_store(struct cpu *cpu, const struct op *op)
{
	return store_selected(cpu, op, mask_elements(cpu, op), mask_element(op),
			      cpu->state.ymm[op->src].u8);
}

/* MASKMOVDQU, MASKMOVQ: bytes of a, selected by b, to DS:rDI. */
static bool maskmov(struct cpu *cpu, const struct op *op)
{
	bool mmx = FORM_SOURCE_OF(op->reg[3]) == PLACE_MMX;
	union arch_vector data = cpu->state.ymm[op->reg[0] & 15];
	union arch_vector mask = cpu->state.ymm[op->src & 15];

	if (mmx) {
		if (!simd_mmx_ready(cpu))
			return false;
		data.u64[0] = simd_mmx_read(cpu, op->reg[0]);
		mask.u64[0] = simd_mmx_read(cpu, op->src);
	}
	if (!store_selected(cpu, op, selected(&mask, 1, simd_bytes(op)), 1, data.u8))
		return false;
	if (mmx)
		simd_mmx_enter(cpu);
	return true;
}

/*
 * Gathers go from the lowest element up. An element that is there has its mask cleared, so that
 * after a fault the instruction goes on where it was. At the end the whole mask is zero. SDM Vol 2C
 * "VPGATHERDD"
 */
struct gather {
	unsigned index_size, size; /* of an element */
	unsigned count;
};

static struct gather gather_of(const struct op *op)
{
	struct gather g = {
		.index_size = op->code == OP_V_GATHER_DD || op->code == OP_V_GATHER_DQ ? 4 : 8,
		.size = op->code == OP_V_GATHER_DD || op->code == OP_V_GATHER_QD ? 4 : 8,
	};
	/* The wider of the two kinds of elements fills the width. */
	g.count = simd_bytes(op) / (g.index_size > g.size ? g.index_size : g.size);
	return g;
}

static bool gather_element(struct cpu *cpu, const struct op *op, const struct gather *g, unsigned i)
{
	const union arch_vector *index = &cpu->state.ymm[op->reg[1]];
	int64_t which = g->index_size == 4 ? index->s32[i] : index->s64[i];
	uint64_t offset = cpu_effective_address(cpu, op) + ((uint64_t)which << op->scale);
	uint64_t linear;

	return element_linear(cpu, op, offset, g->size, UDV_ACCESS_READ, &linear) &&
	       cpu_read_bytes(cpu, linear, &cpu->state.ymm[op->dst].u8[i * g->size], g->size,
			      stack_bit(op));
}

/* An element of the mask is all ones or all zero from here on. */
static void spread_mask(union arch_vector *mask, const struct gather *g)
{
	uint32_t elements = selected(mask, g->size, g->count * g->size);

	for (unsigned i = 0; i < sizeof(*mask) / g->size; i++)
		memset(&mask->u8[i * g->size], elements >> i & 1 ? 0xff : 0, g->size);
}

static bool gather(struct cpu *cpu, const struct op *op)
{
	struct gather g = gather_of(op);
	union arch_vector *d = &cpu->state.ymm[op->dst], *mask = &cpu->state.ymm[op->reg[0]];

	spread_mask(mask, &g);
	for (unsigned i = 0; i < g.count; i++) {
		uint8_t *element = &mask->u8[i * g.size];

		if (element[0]) {
			if (!gather_element(cpu, op, &g, i))
				return false;
			memset(element, 0, g.size);
		}
	}
	memset(mask, 0, sizeof(*mask));
	memset(&d->u8[g.count * g.size], 0, sizeof(*d) - g.count * g.size);
	return true;
}

const struct op *simd_mask_load(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, mask_load);
}

const struct op *simd_mask_store(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, mask_store);
}

const struct op *simd_maskmov(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, maskmov);
}

const struct op *simd_gather(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, gather);
}
