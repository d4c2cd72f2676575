/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <string.h>

#include "cpu/handler.h"
#include "select.h"

#define PAGE 0x1000u

static uint64_t far_away(struct random *r, bool code32)
{
	uint64_t v = random64(r);

	if (code32 || v & 1)
		return (uint32_t)(v >> 20);
	if (v & 2) /* around the end of the lower half */
		return 0x0000800000000000ull - (v >> 8 & 63) + (v >> 16 & 15);
	return v & 4 ? v : v | 0xfff0000000000000ull;
}

static uint64_t inside(struct random *r, unsigned size)
{
	uint64_t offset = below(r, DATA_WRITABLE - 64);

	if (chance(r, 80))
		offset &= ~(uint64_t)(size >= 32 ? 31 : size >= 16 ? 15 : size ? size - 1 : 7);
	return DATA_BASE + offset;
}

static uint64_t pick(struct random *r, unsigned size, bool code32)
{
	unsigned kind = below(r, 100);
	unsigned back = below(r, (size ? size : 16) + 2);

	if (kind < 78)
		return inside(r, size);
	if (kind < 85)
		return DATA_BASE + PAGE * (1 + below(r, 3)) - back;
	if (kind < 89)
		return DATA_BASE + DATA_WRITABLE - back;
	if (kind < 93)
		return DATA_BASE + DATA_WRITABLE + below(r, DATA_SIZE - DATA_WRITABLE - 64);
	if (kind < 95)
		return DATA_BASE + DATA_SIZE - back;
	if (kind < 97)
		return DATA_BASE - back;
	return far_away(r, code32);
}

static unsigned memory_size(const struct insn *insn)
{
	for (unsigned i = 0; i < insn->nr_operands; i++)
		if (insn->operand[i].kind == OPERAND_MEM)
			return insn->operand[i].size;
	return 8;
}

static uint64_t segment_base(const struct insn *insn)
{
	return insn->mem.segment == SEG_GS ? DATA_BASE : 0;
}

static void patch(const struct encoding *e, uint8_t *bytes, uint64_t displacement)
{
	memcpy(bytes + e->disp, &displacement, e->disp_size);
}

/* Of the low bits that the address size has; others stay as they are. */
static void set_part(uint64_t *reg, unsigned address_size, uint64_t value)
{
	memcpy(reg, &value, address_size);
}

static uint64_t part(uint64_t value, unsigned address_size)
{
	return address_size == 8 ? value : address_size == 4 ? (uint32_t)value : (uint16_t)value;
}

static int64_t displacement_of(const struct encoding *e, const uint8_t *bytes)
{
	int8_t d8;
	int16_t d16;
	int32_t d32;

	memcpy(&d8, bytes + e->disp, 1);
	memcpy(&d16, bytes + e->disp, 2);
	memcpy(&d32, bytes + e->disp, 4);
	return e->disp_size == 0 ? 0 : e->disp_size == 1 ? d8 : e->disp_size == 2 ? d16 : d32;
}

static bool is_absolute_move(const struct insn *insn)
{
	return insn->map == 0 && insn->opcode >= 0xa0 && insn->opcode <= 0xa3;
}

static void place_absolute_move(struct random *r, const struct insn *insn, uint8_t *bytes,
				uint64_t target)
{
	(void)r;
	memcpy(bytes + insn->length - insn->address_size, &target, insn->address_size);
}

/* Base, index and displacement together are to be @want. */
static void place_modrm(struct state *state, struct random *r, const struct insn *insn,
			const struct encoding *e, uint8_t *bytes, uint32_t rip, uint64_t want)
{
	unsigned size = insn->address_size;
	unsigned base = insn->mem.base, index = insn->mem.index;
	uint64_t displacement = (uint64_t)displacement_of(e, bytes);

	if (insn->mem.vsib)
		index = GPR_ZERO;
	if (insn->mem.rip_relative) {
		patch(e, bytes, want - (rip + insn->length));
	} else if (base == GPR_ZERO && index == GPR_ZERO) {
		patch(e, bytes, want);
	} else if (base == GPR_ZERO) {
		uint64_t value = random64(r) & 0xffff;

		set_part(&state->gpr[index], size, value);
		patch(e, bytes, want - (value << insn->mem.scale));
	} else if (index == GPR_ZERO) {
		set_part(&state->gpr[base], size, want - displacement);
	} else if (base == index) {
		uint64_t sum = part(want - displacement, size);

		set_part(&state->gpr[base], size, sum / (1 + (1u << insn->mem.scale)));
	} else {
		set_part(&state->gpr[base], size,
			 want - displacement - (state->gpr[index] << insn->mem.scale));
	}
}

/* The indices are of 32 or 64 bits: what suits both. */
static void place_gather(struct state *state, struct random *r, const struct insn *insn)
{
	union arch_vector *index = &state->ymm[insn->mem.index & 15];
	bool quad = chance(r, 50);

	for (unsigned i = 0; i < 8; i++)
		index->s32[i] = (int32_t)below(r, 32) - (quad ? 0 : 16);
	for (unsigned i = 0; quad && i < 4; i++)
		index->s64[i] = index->s32[2 * i];
}

static bool uses(const struct insn *insn, unsigned gpr)
{
	return insn->mem.base == gpr || insn->mem.index == gpr;
}

/* A bit offset in a register reaches far. */
static void place_bit(struct state *state, struct random *r, const struct insn *insn)
{
	unsigned number = insn->operand[1].number;
	int64_t offset = (int64_t)below(r, 8192) - 4096;

	if (insn->id != INSN_BT && insn->id != INSN_BTS && insn->id != INSN_BTR &&
	    insn->id != INSN_BTC)
		return;
	if (insn->operand[0].kind == OPERAND_MEM && insn->operand[1].kind == OPERAND_REG &&
	    !uses(insn, number))
		memcpy(&state->gpr[number], &offset, insn->operand[1].size);
}

static void place_string(struct state *state, struct random *r, const struct insn *insn)
{
	unsigned size = insn->address_size;
	uint64_t base = segment_base(insn);

	set_part(&state->gpr[GPR_RSI], size, pick(r, 16, true) - base);
	set_part(&state->gpr[GPR_RDI], size, pick(r, 16, true));
	if (chance(r, 95))
		set_part(&state->gpr[GPR_RCX], size, below(r, chance(r, 80) ? 24 : 700));
}

static void place_implicit(struct state *state, struct random *r, const struct insn *insn)
{
	if (insn_families[insn->id] == FAMILY_STRING)
		place_string(state, r, insn);
	if (insn->id == INSN_XLAT)
		set_part(&state->gpr[GPR_RBX], insn->address_size,
			 pick(r, 1, true) - segment_base(insn) - (uint8_t)state->gpr[GPR_RAX]);
	if (insn_is_masked_store(insn))
		set_part(&state->gpr[GPR_RDI], insn->address_size,
			 inside(r, 16) - segment_base(insn));
	if (insn->id == INSN_ENTER || insn->id == INSN_LEAVE)
		state->gpr[GPR_RBP] = pick(r, 8, true);
}

/* Comparands are to be equal half of the time. */
static void place_comparand(struct state *state, struct random *r, const struct insn *insn,
			    uint64_t target, const uint8_t *data)
{
	unsigned size = insn->operand[0].size;
	uint64_t offset = target - DATA_BASE;
	uint8_t value[16];

	if ((insn->id != INSN_CMPXCHG && insn->id != INSN_CMPXCHG8B &&
	     insn->id != INSN_CMPXCHG16B) ||
	    chance(r, 50) || uses(insn, GPR_RAX) || uses(insn, GPR_RDX))
		return;
	if (insn->operand[0].kind == OPERAND_REG) {
		state->gpr[GPR_RAX] = state->gpr[insn->operand[0].number];
		return;
	}
	if (offset > DATA_SIZE - 16)
		return;
	memcpy(value, data + offset, 16);
	if (insn->id == INSN_CMPXCHG) {
		memcpy(&state->gpr[GPR_RAX], value, size);
	} else {
		memcpy(&state->gpr[GPR_RAX], value, size / 2);
		memcpy(&state->gpr[GPR_RDX], value + size / 2, size / 2);
	}
}

/* A double shift by more than the operand has bits gives anything. */
static void place_count(struct state *state, const struct insn *insn)
{
	uint8_t count = (uint8_t)(state->gpr[GPR_RCX] % 17);

	if ((insn->id == INSN_SHLD || insn->id == INSN_SHRD) && insn->operand[0].size == 2)
		memcpy(&state->gpr[GPR_RCX], &count, 1);
}

/* Quotients that fit are rare among random numbers. */
static void place_dividend(struct state *state, struct random *r, const struct insn *insn)
{
	if ((insn->id != INSN_DIV && insn->id != INSN_IDIV) || uses(insn, GPR_RDX))
		return;
	if (chance(r, 40))
		state->gpr[GPR_RDX] = 0;
	else if (chance(r, 40))
		state->gpr[GPR_RDX] = (uint64_t)((int64_t)state->gpr[GPR_RAX] >> 63);
}

void place_operands(struct state *state, struct random *r, const struct insn *insn,
		    const struct encoding *e, uint8_t *bytes, uint32_t rip, const uint8_t *data)
{
	uint64_t target = pick(r, memory_size(insn), insn->address_size != 8);
	uint64_t want = target - segment_base(insn);

	state->gpr[GPR_RSP] = pick(r, 8, true);
	place_implicit(state, r, insn);
	place_dividend(state, r, insn);
	if (!insn_has_memory(insn) || insn->id == INSN_LEA || chance(r, 1)) {
		place_comparand(state, r, insn, 0, data);
		place_count(state, insn);
		return;
	}
	if (insn->mem.vsib)
		place_gather(state, r, insn);
	if (is_absolute_move(insn))
		place_absolute_move(r, insn, bytes, want);
	else
		place_modrm(state, r, insn, e, bytes, rip, want);
	place_bit(state, r, insn);
	place_count(state, insn);
	place_comparand(state, r, insn, target, data);
}

void place_absolute(struct random *r, const struct insn *insn, const struct encoding *e,
		    uint8_t *bytes, uint32_t rip)
{
	uint64_t want = pick(r, memory_size(insn), true) - segment_base(insn);

	if (!insn_has_memory(insn) || insn->id == INSN_LEA)
		return;
	if (is_absolute_move(insn))
		place_absolute_move(r, insn, bytes, want);
	else if (e->disp_size == 4 && insn->mem.rip_relative)
		patch(e, bytes, want - (rip + insn->length));
	else if (e->disp_size == 4 && !insn->mem.vsib)
		patch(e, bytes, want);
}

void place_pointers(struct state *state, struct random *r)
{
	static const uint8_t pointers[] = { GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI };

	for (unsigned i = 0; i < sizeof(pointers); i++)
		state->gpr[pointers[i]] = DATA_BASE + 64 + (below(r, DATA_WRITABLE - 256) & ~7u);
	if (chance(r, 50))
		state->gpr[GPR_RCX] = below(r, 12);
	state->gpr[12] = below(r, 256);
}
