/* SPDX-License-Identifier: MIT */
#include "cpu/xsave.h"

#include <string.h>

#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/fxsave.h"
#include "cpu/system_misc.h"

/*
 * The XSAVE feature set. Every instruction makes the image, or reads it, in a buffer of its own
 * laid out as memory is, and moves between buffer and memory only the pieces that the instruction
 * accesses; state changes after the last check.
 * SDM Vol 1 "Managing State Using the XSAVE Feature Set"
 *
 * The modified optimization of XSAVEOPT and XSAVES is not used: it never has to be.
 */

#define COMPACTED BIT(63)
#define XSTATE_BV 512u
#define XCOMP_BV 520u

#define AVX_OFFSET 576u
#define PKRU_OFFSET 2688u

enum component {
	COMPONENT_X87,
	COMPONENT_SSE,
	COMPONENT_AVX,
	COMPONENT_PKRU = 9,
};

const struct xsave_component xsave_components[NR_XSAVE_COMPONENTS] = {
	[COMPONENT_AVX] = { AVX_OFFSET, 256 },
	[COMPONENT_PKRU] = { PKRU_OFFSET, 8 },
};

uint64_t xsave_supported(const struct cpu_config *config)
{
	uint64_t bits = XCR0_X87 | XCR0_SSE;

	if (!feature_has(&config->features, FEATURE_XSAVE))
		return 0;
	if (feature_has(&config->features, FEATURE_AVX))
		bits |= XCR0_AVX;
	if (feature_has(&config->features, FEATURE_PKU))
		bits |= XCR0_PKRU;
	return bits;
}

uint32_t xsave_standard_size(uint64_t features)
{
	uint32_t size = XSAVE_EXTENDED;

	for (unsigned i = COMPONENT_AVX; i < NR_XSAVE_COMPONENTS; i++)
		if (features >> i & 1)
			size = (uint32_t)xsave_components[i].offset + xsave_components[i].size;
	return size;
}

uint32_t xsave_compacted_offset(uint64_t features, unsigned component)
{
	uint32_t offset = XSAVE_EXTENDED;

	for (unsigned i = COMPONENT_AVX; i < component; i++)
		if (features >> i & 1)
			offset += xsave_components[i].size;
	return offset;
}

uint32_t xsave_compacted_size(uint64_t features)
{
	return xsave_compacted_offset(features, NR_XSAVE_COMPONENTS);
}

static bool all_zero(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool x87_in_use(const struct arch_x87 *x87)
{
	for (unsigned i = 0; i < 8; i++)
		if (x87->reg[i].significand || x87->reg[i].sign_exponent)
			return true;
	return x87->control != 0x37f || x87->status || x87->empty != 0xff || x87->opcode ||
	       x87->instruction_pointer || x87->data_pointer || x87->instruction_selector ||
	       x87->data_selector;
}

uint64_t xsave_in_use(const struct cpu *cpu)
{
	uint64_t bits = x87_in_use(&cpu->state.x87) ? XCR0_X87 : 0;

	for (unsigned i = 0; i < fx_nr_vectors(cpu); i++) {
		if (!all_zero(&cpu->state.ymm[i].u8[0], 16))
			bits |= XCR0_SSE;
		if (!all_zero(&cpu->state.ymm[i].u8[16], 16))
			bits |= XCR0_AVX;
	}
	return cpu->state.pkru ? bits | XCR0_PKRU : bits;
}

/* ---------------------------------------------------------------- the area */

/* One execution: what is asked for and where it lies. */
struct transfer {
	uint64_t linear;
	uint64_t rfbm;	 /* requested and enabled */
	uint64_t layout; /* compacted: the components that have a place; else 0 */
	bool wide;
	struct fx_pieces pieces;
	uint8_t image[XSAVE_MAX_SIZE];
};

static unsigned component_offset(const struct transfer *t, unsigned component)
{
	return t->layout ? xsave_compacted_offset(t->layout, component)
			 : xsave_components[component].offset;
}

static uint64_t header_word(const struct transfer *t, unsigned offset)
{
	return host_load(t->image + offset, 8);
}

static void set_header_word(struct transfer *t, unsigned offset, uint64_t value)
{
	host_store(t->image + offset, 8, value);
}

static uint64_t requested(const struct cpu *cpu, uint64_t enabled)
{
	return enabled & (cpu->state.gpr[GPR_RDX] << 32 | (uint32_t)cpu->state.gpr[GPR_RAX]);
}

/* #UD and #NM, which all of them have. */
static bool may_execute(struct cpu *cpu)
{
	if (!(cpu->state.cr4 & CR4_OSXSAVE))
		return raise_ud(cpu);
	return !(cpu->state.cr0 & CR0_TS) || cpu_raise(cpu, VECTOR_NM);
}

/* ---------------------------------------------------------------- saving */

static void put_avx(const struct cpu *cpu, uint8_t *to)
{
	for (unsigned i = 0; i < fx_nr_vectors(cpu); i++)
		memcpy(to + 16 * (size_t)i, &cpu->state.ymm[i].u8[16], 16);
}

/* Makes the pieces of the components in @saved; SSE without MXCSR. */
static void put_components(const struct cpu *cpu, struct transfer *t, uint64_t saved)
{
	unsigned vector_bytes = 16 * fx_nr_vectors(cpu);

	if (saved & XCR0_X87) {
		fx_put_x87(cpu, t->image, t->wide);
		fx_add_piece(&t->pieces, 0, FX_X87_HEAD);
		fx_add_piece(&t->pieces, FX_REGISTERS, FX_REGISTERS_SIZE);
	}
	if (saved & XCR0_SSE) {
		fx_put_xmm(cpu, t->image);
		fx_add_piece(&t->pieces, FX_XMM, vector_bytes);
	}
	if (saved & XCR0_AVX) {
		unsigned offset = component_offset(t, COMPONENT_AVX);

		put_avx(cpu, t->image + offset);
		fx_add_piece(&t->pieces, offset, vector_bytes);
	}
	if (saved & XCR0_PKRU) {
		unsigned offset = component_offset(t, COMPONENT_PKRU);

		set_header_word(t, offset, cpu->state.pkru);
		fx_add_piece(&t->pieces, offset, 8);
	}
}

static void put_mxcsr(const struct cpu *cpu, struct transfer *t)
{
	fx_put_mxcsr(cpu, t->image);
	fx_add_piece(&t->pieces, FX_MXCSR, 8);
}

/* XSAVE, XSAVEOPT: bits of XSTATE_BV that are not requested stay as they are in memory. */
static bool save_standard(struct cpu *cpu, const struct op *op, bool optimized)
{
	struct transfer t = { .rfbm = requested(cpu, cpu->state.xcr0), .wide = op->imm };
	struct fx_pieces header = { .piece = { { XSTATE_BV, 8 } }, .nr = 1 };
	uint64_t in_use = xsave_in_use(cpu), old;

	if (!may_execute(cpu) ||
	    !fx_area(cpu, op, xsave_standard_size(t.rfbm), 64, UDV_ACCESS_WRITE, &t.linear))
		return false;
	if (!cpu_probe(cpu, t.linear + XSTATE_BV, 8, UDV_ACCESS_READ | UDV_ACCESS_WRITE) ||
	    !fx_read_pieces(cpu, t.linear, &header, t.image))
		return false;
	old = header_word(&t, XSTATE_BV);
	put_components(cpu, &t, optimized ? t.rfbm & in_use : t.rfbm);
	if (t.rfbm & (XCR0_SSE | XCR0_AVX))
		put_mxcsr(cpu, &t);
	set_header_word(&t, XSTATE_BV, (old & ~t.rfbm) | (t.rfbm & in_use));
	fx_add_piece(&t.pieces, XSTATE_BV, 8);
	return fx_write_pieces(cpu, t.linear, &t.pieces, t.image);
}

bool insn_xsave(struct cpu *cpu, const struct op *op)
{
	return save_standard(cpu, op, false);
}

bool insn_xsaveopt(struct cpu *cpu, const struct op *op)
{
	return save_standard(cpu, op, true);
}

/* XSAVEC, XSAVES: nothing is read, and MXCSR belongs to SSE. */
static bool save_compacted(struct cpu *cpu, const struct op *op, uint64_t enabled)
{
	struct transfer t = { .rfbm = requested(cpu, enabled), .wide = op->imm };
	uint64_t saved = t.rfbm & xsave_in_use(cpu);

	t.layout = t.rfbm | COMPACTED;
	if (cpu->state.mxcsr != MXCSR_RESET)
		saved |= t.rfbm & XCR0_SSE;
	if (!fx_area(cpu, op, xsave_compacted_size(t.rfbm), 64, UDV_ACCESS_WRITE, &t.linear))
		return false;
	put_components(cpu, &t, saved);
	if (saved & XCR0_SSE)
		put_mxcsr(cpu, &t);
	set_header_word(&t, XSTATE_BV, saved);
	set_header_word(&t, XCOMP_BV, t.layout);
	fx_add_piece(&t.pieces, XSTATE_BV, 16);
	return fx_write_pieces(cpu, t.linear, &t.pieces, t.image);
}

bool insn_xsavec(struct cpu *cpu, const struct op *op)
{
	return may_execute(cpu) && save_compacted(cpu, op, cpu->state.xcr0);
}

bool insn_xsaves(struct cpu *cpu, const struct op *op)
{
	if (vmx_refuses(cpu, ARCH_SECONDARY_XSAVES))
		return raise_ud(cpu);
	if (!may_execute(cpu))
		return false;
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_XSAVES, 0, 0))
		return false;
	return save_compacted(cpu, op, cpu->state.xcr0 | cpu->state.xss);
}

/* ---------------------------------------------------------------- restoring */

static bool read_piece(struct cpu *cpu, struct transfer *t, unsigned offset, unsigned size)
{
	struct fx_pieces pieces = { .nr = 0 };

	fx_add_piece(&pieces, offset, size);
	return fx_read_pieces(cpu, t->linear, &pieces, t->image);
}

/* What the header must be for the components in @enabled; sets the layout. */
static bool header_valid(const struct cpu *cpu, struct transfer *t, uint64_t enabled,
			 bool supervisor)
{
	uint64_t state = header_word(t, XSTATE_BV), layout = header_word(t, XCOMP_BV);

	if (!(layout & COMPACTED))
		return !supervisor && !(state & ~enabled) && !layout &&
		       !header_word(t, XCOMP_BV + 8);
	if (!supervisor && !has_feature(cpu, FEATURE_XSAVEC))
		return false;
	if (layout & ~COMPACTED & ~enabled || state & ~layout || state & COMPACTED)
		return false;
	t->layout = layout;
	return all_zero(t->image + XCOMP_BV + 8, XSAVE_HEADER_SIZE - 16);
}

/* Reads what @loaded needs. */
static bool read_components(struct cpu *cpu, struct transfer *t, uint64_t loaded)
{
	unsigned vector_bytes = 16 * fx_nr_vectors(cpu);

	if (loaded & XCR0_X87 && (!read_piece(cpu, t, 0, FX_X87_HEAD) ||
				  !read_piece(cpu, t, FX_REGISTERS, FX_REGISTERS_SIZE)))
		return false;
	if (loaded & XCR0_SSE && !read_piece(cpu, t, FX_XMM, vector_bytes))
		return false;
	if (loaded & XCR0_AVX &&
	    !read_piece(cpu, t, component_offset(t, COMPONENT_AVX), vector_bytes))
		return false;
	return !(loaded & XCR0_PKRU) || read_piece(cpu, t, component_offset(t, COMPONENT_PKRU), 8);
}

static void set_avx(struct cpu *cpu, const uint8_t *from)
{
	for (unsigned i = 0; i < fx_nr_vectors(cpu); i++) {
		if (from)
			memcpy(&cpu->state.ymm[i].u8[16], from + 16 * (size_t)i, 16);
		else
			memset(&cpu->state.ymm[i].u8[16], 0, 16);
	}
}

static void set_pkru(struct cpu *cpu, uint32_t value)
{
	if (cpu->state.pkru == value)
		return;
	cpu->state.pkru = value;
	cpu_paging_changed(cpu);
}

/* Each requested component gets its value from the image, or its initial one. */
static void set_components(struct cpu *cpu, struct transfer *t, uint64_t loaded)
{
	static const uint8_t zero[XSAVE_LEGACY_SIZE];

	if (loaded & XCR0_X87)
		fx_get_x87(cpu, t->image, t->wide);
	else if (t->rfbm & XCR0_X87)
		fx_init_x87(cpu);
	if (t->rfbm & XCR0_SSE)
		fx_get_xmm(cpu, loaded & XCR0_SSE ? t->image : zero);
	if (t->rfbm & XCR0_AVX)
		set_avx(cpu,
			loaded & XCR0_AVX ? t->image + component_offset(t, COMPONENT_AVX) : NULL);
	if (t->rfbm & XCR0_PKRU)
		set_pkru(cpu, loaded & XCR0_PKRU ? (uint32_t)header_word(
							   t, component_offset(t, COMPONENT_PKRU))
						 : 0);
}

/*
 * MXCSR: in the standard format it is loaded whenever SSE or AVX is requested; in the compacted
 * one it is part of SSE.
 */
static bool read_mxcsr(struct cpu *cpu, struct transfer *t, uint64_t loaded, uint32_t *mxcsr)
{
	bool from_memory = t->layout ? loaded & XCR0_SSE : t->rfbm & (XCR0_SSE | XCR0_AVX);

	*mxcsr = t->layout && t->rfbm & XCR0_SSE ? MXCSR_RESET : cpu->state.mxcsr;
	if (!from_memory)
		return true;
	if (!read_piece(cpu, t, FX_MXCSR, 4))
		return false;
	*mxcsr = fx_mxcsr_of(t->image);
	return !(*mxcsr & ~MXCSR_MASK) || raise_gp0(cpu);
}

static bool restore(struct cpu *cpu, const struct op *op, uint64_t enabled, bool supervisor)
{
	struct transfer t = { .rfbm = requested(cpu, enabled), .wide = op->imm };
	uint64_t loaded, last;
	uint32_t mxcsr;

	if (!fx_area(cpu, op, XSAVE_EXTENDED, 64, UDV_ACCESS_READ, &t.linear) ||
	    !read_piece(cpu, &t, XSTATE_BV, XSAVE_HEADER_SIZE))
		return false;
	if (!header_valid(cpu, &t, enabled, supervisor))
		return raise_gp0(cpu);
	loaded = t.rfbm & header_word(&t, XSTATE_BV);
	if (!fx_area(cpu, op,
		     t.layout ? xsave_compacted_size(t.layout) : xsave_standard_size(t.rfbm), 1,
		     UDV_ACCESS_READ, &last))
		return false;
	if (!read_mxcsr(cpu, &t, loaded, &mxcsr) || !read_components(cpu, &t, loaded))
		return false;
	cpu->state.mxcsr = mxcsr;
	set_components(cpu, &t, loaded);
	return true;
}

bool insn_xrstor(struct cpu *cpu, const struct op *op)
{
	return may_execute(cpu) && restore(cpu, op, cpu->state.xcr0, false);
}

bool insn_xrstors(struct cpu *cpu, const struct op *op)
{
	if (vmx_refuses(cpu, ARCH_SECONDARY_XSAVES))
		return raise_ud(cpu);
	if (!may_execute(cpu))
		return false;
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_XRSTORS, 0, 0))
		return false;
	return restore(cpu, op, cpu->state.xcr0 | cpu->state.xss, true);
}
