/* SPDX-License-Identifier: MIT */
#include "encoding.h"

#include <string.h>

/* Prefixes, opcode of a random map, ModRM, SIB, displacement, immediate: each random. */

struct writer {
	struct encoding *e;
	struct random *r;
	unsigned at;
	bool code32, address16;
	bool gather; /* there must be a SIB byte */
};

static void put(struct writer *w, unsigned byte)
{
	if (w->at < sizeof(w->e->bytes))
		w->e->bytes[w->at++] = (uint8_t)byte;
}

static void put_prefixes(struct writer *w)
{
	static const uint8_t segments[] = { 0x26, 0x2e, 0x36, 0x3e };
	struct random *r = w->r;

	if (chance(r, 4))
		put(w, 0xf0);
	if (chance(r, 4))
		put(w, 0x65);
	else if (chance(r, 3))
		put(w, segments[below(r, 4)]);
	if (chance(r, 5)) {
		put(w, 0x67);
		w->address16 = w->code32;
	}
	if (chance(r, 22))
		put(w, 0x66);
	if (chance(r, 20))
		put(w, chance(r, 50) ? 0xf2 : 0xf3);
	if (!w->code32 && chance(r, 50))
		put(w, 0x40 | below(r, 16));
}

static bool is_gather_opcode(unsigned byte)
{
	return byte >= 0x90 && byte <= 0x93;
}

/* Of VEX's second map, those that have one rare form each get more than their share. */
static unsigned vex_opcode(struct writer *w, unsigned map)
{
	static const uint8_t rare[] = { 0x90, 0x91, 0x92, 0x93, 0xf2, 0xf3, 0xf5, 0xf6, 0xf7 };

	if (map != 2 || !chance(w->r, 12))
		return below(w->r, 256);
	return rare[below(w->r, sizeof(rare))];
}

static void put_vex(struct writer *w)
{
	unsigned map = 1 + below(w->r, 3);
	struct random *r = w->r;
	unsigned last = (chance(r, 50) ? 0x78 : below(r, 16) << 3) | below(r, 2) << 2 | below(r, 4);

	if (w->code32)
		last |= 0x40;
	if (chance(r, 35)) {
		put(w, 0xc5);
		put(w, last | (w->code32 || chance(r, 50) ? 0x80 : 0));
		put(w, vex_opcode(w, 1));
		return;
	}
	put(w, 0xc4);
	put(w, (w->code32 ? 7u : below(r, 8)) << 5 | map);
	put(w, last | (chance(r, 40) ? 0x80 : 0));
	put(w, vex_opcode(w, map));
	w->gather = map == 2 && is_gather_opcode(w->e->bytes[w->at - 1]);
}

static bool is_opcode_1(const struct writer *w, unsigned byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
	case 0x0f:
	case 0xc4:
	case 0xc5:
	case 0x62:
		return false;
	default:
		return w->code32 || (byte & 0xf0) != 0x40;
	}
}

static void put_opcode_1(struct writer *w)
{
	unsigned byte;

	do {
		byte = below(w->r, 256);
	} while (!is_opcode_1(w, byte));
	put(w, byte);
}

/* Those that lead to the other maps have had their turn. */
static unsigned opcode_after_0f(const struct writer *w)
{
	unsigned byte;

	do {
		byte = below(w->r, 256);
	} while (w->e->map == 1 && (byte == 0x38 || byte == 0x3a));
	return byte;
}

static void put_opcode(struct writer *w)
{
	unsigned map = below(w->r, 100);

	if (map < 20) {
		put_vex(w);
		w->e->map = 4;
	} else if (map < 60) {
		put_opcode_1(w);
	} else {
		put(w, 0x0f);
		w->e->map = map >= 95 ? 3 : map >= 87 ? 2 : 1;
		if (w->e->map > 1)
			put(w, w->e->map == 3 ? 0x3a : 0x38);
		put(w, opcode_after_0f(w));
	}
}

static unsigned displacement_size(const struct writer *w, unsigned modrm, unsigned sib)
{
	unsigned mod = modrm >> 6, rm = modrm & 7;

	if (mod == 1)
		return 1;
	if (w->address16)
		return mod == 2 || (mod == 0 && rm == 6) ? 2 : 0;
	if (mod == 2 || (mod == 0 && rm == 5) || (mod == 0 && rm == 4 && (sib & 7) == 5))
		return 4;
	return 0;
}

static void put_operand(struct writer *w, unsigned reg, bool absolute)
{
	struct random *r = w->r;
	unsigned modrm = (below(r, 256) & ~0x38u) | reg << 3, sib = below(r, 256);

	if (chance(r, 20))
		modrm |= 0xc0;
	if (w->gather)
		modrm = (modrm & (modrm < 0xc0 ? 0xf8 : 0x38)) | 4;
	if (absolute && modrm < 0xc0) {
		modrm = (modrm & 0x38) | (chance(r, 50) ? 4 : 5);
		sib = 0x25;
	}
	w->e->modrm = w->at;
	put(w, modrm);
	if (modrm >= 0xc0)
		return;
	if ((modrm & 7) == 4 && !w->address16)
		put(w, sib);
	w->e->disp = w->at;
	w->e->disp_size = displacement_size(w, modrm, sib);
}

static void put_rest(struct writer *w)
{
	while (w->at < sizeof(w->e->bytes)) {
		uint64_t value = random_value(w->r);

		for (unsigned i = 0; i < 8; i++)
			put(w, (unsigned)(value >> 8 * i) & 0xff);
	}
}

void encoding_make(struct encoding *e, struct random *r, bool code32, bool absolute)
{
	struct writer w = { .e = e, .r = r, .code32 = code32 };

	memset(e, 0, sizeof(*e));
	if (chance(r, 45))
		put_prefixes(&w);
	else if (!code32 && chance(r, 60))
		put(&w, 0x40 | below(r, 16));
	put_opcode(&w);
	e->code32 = code32;
	e->address16 = w.address16;
	put_operand(&w, below(r, 8), absolute);
	put_rest(&w);
}

void encoding_vary(struct encoding *e, struct random *r, bool absolute)
{
	struct writer w = {
		.e = e, .r = r, .at = e->modrm, .code32 = e->code32, .address16 = e->address16
	};

	if (chance(r, 15))
		return;
	e->disp = e->disp_size = 0;
	put_operand(&w, e->bytes[e->modrm] >> 3 & 7, absolute);
	put_rest(&w);
}
