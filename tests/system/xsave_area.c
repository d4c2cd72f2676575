/* SPDX-License-Identifier: MIT */
#include "xsave_area.h"

static const uint8_t *area(struct world *w)
{
	uint8_t *flags;

	return mem_page(&w->memory, AREA, &flags);
}

void fill_area(struct world *w, uint8_t byte)
{
	uint8_t bytes[4096];

	memset(bytes, byte, sizeof(bytes));
	assert_true(mem_write_bytes(&w->memory, AREA, bytes, sizeof(bytes)));
}

void poke(struct world *w, unsigned offset, unsigned size, uint64_t value)
{
	mem_write(&w->memory, AREA + offset, size, value);
}

void expect_at(struct world *w, unsigned offset, unsigned size, uint64_t value)
{
	assert_int_equal(mem_read(&w->memory, AREA + offset, size), value);
}

void expect_bytes(struct world *w, unsigned from, unsigned to, uint8_t byte)
{
	for (unsigned i = from; i < to; i++)
		if (area(w)[i] != byte)
			fail_msg("byte %u is %02x", i, area(w)[i]);
}

/* State in which every part of the image is something of its own. */
void fill_state(struct world *w)
{
	struct cpu_state *s = &w->cpu->state;
	struct arch_x87 *x87 = &s->x87;

	x87->control = 0x0c7f;
	x87->status = 3 << 11 | 0x4101; /* TOP = 3 */
	x87->empty = 0x0f;		/* R4..R7 are in use */
	x87->opcode = 0x5a5;
	x87->instruction_pointer = 0x1122334455667788;
	x87->data_pointer = 0x99aabbccddeeff00;
	x87->instruction_selector = 0x1234;
	x87->data_selector = 0x5678;
	for (unsigned i = 0; i < 8; i++) {
		x87->reg[i].significand = 0x8000000000000000 | i;
		x87->reg[i].sign_exponent = (uint16_t)(0x4000 + i);
	}
	s->mxcsr = 0x9fc0;
	for (unsigned i = 0; i < 16; i++)
		for (unsigned j = 0; j < 4; j++)
			s->ymm[i].u64[j] = 0x0101010101010101ull * (16 * j + i + 1);
	s->pkru = 0xfffffff0;
}

void enable(struct world *w)
{
	w->cpu->state.cr4 |= CR4_OSXSAVE | CR4_PKE;
	w->cpu->state.xcr0 = ALL;
	cpu_state_changed(w->cpu);
	set_edx_eax(w, ~0ull);
}

struct op area_op(struct world *w, bool wide)
{
	struct op op = op_at(w, AREA);

	op.imm = wide;
	return op;
}

void expect_legacy_x87(struct world *w, bool wide)
{
	expect_at(w, 0, 2, 0x0c7f);
	expect_at(w, 2, 2, 3 << 11 | 0x4101);
	expect_at(w, 4, 2, 0xf0);
	expect_at(w, 6, 2, 0x5a5);
	expect_at(w, 8, 8, wide ? 0x1122334455667788 : 0x0000123455667788);
	expect_at(w, 16, 8, wide ? 0x99aabbccddeeff00 : 0x00005678ddeeff00);
	for (unsigned i = 0; i < 8; i++) {
		unsigned physical = (3 + i) & 7;

		expect_at(w, 32 + 16 * i, 8, 0x8000000000000000 | physical);
		expect_at(w, 40 + 16 * i, 8, 0x4000 + physical);
	}
}

void expect_xmm(struct world *w, unsigned offset, unsigned nr, unsigned first)
{
	for (unsigned i = 0; i < nr; i++) {
		expect_at(w, offset + 16 * i, 8, 0x0101010101010101ull * (first + i));
		expect_at(w, offset + 16 * i + 8, 8, 0x0101010101010101ull * (first + 16 + i));
	}
}
