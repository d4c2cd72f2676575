/* SPDX-License-Identifier: MIT */
#include "cpu/fxsave.h"

#include <string.h>

#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/system_misc.h"

/* FXSAVE, FXRSTOR, LDMXCSR, STMXCSR. SDM Vol 2A "FXSAVE", "FXRSTOR" */

#define X87_CONTROL_RESET 0x037fu
#define X87_CONTROL_LOADED 0x1f3fu /* bits of FCW that a load keeps; bit 6 is always 1 */
#define X87_CONTROL_ONE 0x40u
#define X87_ERRORS 0x3fu    /* exception flags of FSW, masks of FCW */
#define X87_PENDING 0x8080u /* ES and B */
#define X87_TOP(status) ((status) >> 11 & 7u)

unsigned fx_nr_vectors(const struct cpu *cpu)
{
	return is_64bit(cpu) ? 16 : 8;
}

/* ---------------------------------------------------------------- the image */

static void put(uint8_t *image, unsigned offset, const void *value, size_t size)
{
	memcpy(image + offset, value, size);
}

static uint64_t get(const uint8_t *image, unsigned offset, unsigned size)
{
	return host_load(image + offset, size);
}

static void put_pointers(const struct arch_x87 *x87, uint8_t *image, bool wide)
{
	if (wide) {
		put(image, 8, &x87->instruction_pointer, 8);
		put(image, 16, &x87->data_pointer, 8);
		return;
	}
	put(image, 8, &x87->instruction_pointer, 4);
	put(image, 12, &x87->instruction_selector, 2);
	put(image, 16, &x87->data_pointer, 4);
	put(image, 20, &x87->data_selector, 2);
}

/* The tag byte has a 1 for a register that is not empty, by physical number. */
void fx_put_x87(const struct cpu *cpu, uint8_t *image, bool wide)
{
	const struct arch_x87 *x87 = &cpu->state.x87;
	unsigned top = X87_TOP(x87->status);

	memset(image, 0, FX_X87_HEAD);
	put(image, 0, &x87->control, 2);
	put(image, 2, &x87->status, 2);
	image[4] = (uint8_t)~x87->empty;
	put(image, 6, &x87->opcode, 2);
	put_pointers(x87, image, wide);
	memset(image + FX_REGISTERS, 0, FX_REGISTERS_SIZE);
	for (unsigned i = 0; i < 8; i++) {
		const struct arch_f80 *st = &x87->reg[(top + i) & 7];

		put(image, FX_REGISTERS + 16 * i, &st->significand, 8);
		put(image, FX_REGISTERS + 16 * i + 8, &st->sign_exponent, 2);
	}
}

static void get_pointers(struct arch_x87 *x87, const uint8_t *image, bool wide)
{
	x87->instruction_pointer = get(image, 8, wide ? 8 : 4);
	x87->instruction_selector = wide ? 0 : (uint16_t)get(image, 12, 2);
	x87->data_pointer = get(image, 16, wide ? 8 : 4);
	x87->data_selector = wide ? 0 : (uint16_t)get(image, 20, 2);
}

/* ES and B follow from the flags and masks, whatever the image says. */
void fx_get_x87(struct cpu *cpu, const uint8_t *image, bool wide)
{
	struct arch_x87 *x87 = &cpu->state.x87;
	unsigned top;

	x87->control = (uint16_t)((get(image, 0, 2) & X87_CONTROL_LOADED) | X87_CONTROL_ONE);
	x87->status = (uint16_t)(get(image, 2, 2) & ~X87_PENDING);
	if (x87->status & ~x87->control & X87_ERRORS)
		x87->status |= X87_PENDING;
	x87->empty = (uint8_t)~image[4];
	x87->opcode = (uint16_t)(get(image, 6, 2) & 0x7ff);
	get_pointers(x87, image, wide);
	top = X87_TOP(x87->status);
	for (unsigned i = 0; i < 8; i++) {
		struct arch_f80 *st = &x87->reg[(top + i) & 7];

		st->significand = get(image, FX_REGISTERS + 16 * i, 8);
		st->sign_exponent = (uint16_t)get(image, FX_REGISTERS + 16 * i + 8, 2);
	}
}

void fx_init_x87(struct cpu *cpu)
{
	cpu->state.x87 = (struct arch_x87){ .control = X87_CONTROL_RESET, .empty = 0xff };
}

void fx_put_mxcsr(const struct cpu *cpu, uint8_t *image)
{
	uint32_t mask = MXCSR_MASK;

	put(image, FX_MXCSR, &cpu->state.mxcsr, 4);
	put(image, FX_MXCSR + 4, &mask, 4);
}

uint32_t fx_mxcsr_of(const uint8_t *image)
{
	return (uint32_t)get(image, FX_MXCSR, 4);
}

void fx_put_xmm(const struct cpu *cpu, uint8_t *image)
{
	for (unsigned i = 0; i < fx_nr_vectors(cpu); i++)
		put(image, FX_XMM + 16 * i, &cpu->state.ymm[i], 16);
}

void fx_get_xmm(struct cpu *cpu, const uint8_t *image)
{
	for (unsigned i = 0; i < fx_nr_vectors(cpu); i++)
		memcpy(&cpu->state.ymm[i], image + FX_XMM + 16 * i, 16);
}

/* ---------------------------------------------------------------- memory */

void fx_add_piece(struct fx_pieces *pieces, unsigned offset, unsigned size)
{
	pieces->piece[pieces->nr++] =
		(struct fx_piece){ .offset = (uint16_t)offset, .size = (uint16_t)size };
}

bool fx_write_pieces(struct cpu *cpu, uint64_t linear, const struct fx_pieces *pieces,
		     const uint8_t *image)
{
	for (unsigned i = 0; i < pieces->nr; i++)
		if (!cpu_probe(cpu, linear + pieces->piece[i].offset, pieces->piece[i].size,
			       UDV_ACCESS_WRITE))
			return false;
	for (unsigned i = 0; i < pieces->nr; i++)
		if (!cpu_write_bytes(cpu, linear + pieces->piece[i].offset,
				     image + pieces->piece[i].offset, pieces->piece[i].size, 0))
			return false;
	return true;
}

bool fx_read_pieces(struct cpu *cpu, uint64_t linear, const struct fx_pieces *pieces,
		    uint8_t *image)
{
	for (unsigned i = 0; i < pieces->nr; i++)
		if (!cpu_read_bytes(cpu, linear + pieces->piece[i].offset,
				    image + pieces->piece[i].offset, pieces->piece[i].size, 0))
			return false;
	return true;
}

/* First and last byte one by one: the area as a whole has no alignment that #AC could ask for. */
bool fx_area(struct cpu *cpu, const struct op *op, unsigned size, unsigned alignment,
	     uint32_t access, uint64_t *linear)
{
	uint64_t last, offset = cpu_effective_address(cpu, op);

	if (!cpu_segment_linear(cpu, op->segment, offset, 1, access, linear))
		return false;
	if (*linear & (alignment - 1))
		return raise_gp0(cpu);
	return cpu_segment_linear(cpu, op->segment, offset + size - 1, 1, access, &last);
}

/* ---------------------------------------------------------------- instructions */

/* Without CR4.OSFXSR the XMM registers are none of its business. */
static bool moves_xmm(const struct cpu *cpu)
{
	return cpu->state.cr4 & CR4_OSFXSR;
}

static struct fx_pieces fxsave_pieces(const struct cpu *cpu)
{
	struct fx_pieces pieces = { .nr = 0 };

	fx_add_piece(&pieces, 0, moves_xmm(cpu) ? FX_XMM + 16 * fx_nr_vectors(cpu) : FX_XMM);
	return pieces;
}

/* @op: imm is 1 with REX.W */
bool insn_fxsave(struct cpu *cpu, const struct op *op)
{
	struct fx_pieces pieces = fxsave_pieces(cpu);
	uint8_t image[512];
	uint64_t linear;

	if (cpu->state.cr0 & (CR0_EM | CR0_TS))
		return cpu_raise(cpu, VECTOR_NM);
	if (!fx_area(cpu, op, sizeof(image), 16, UDV_ACCESS_WRITE, &linear))
		return false;
	fx_put_x87(cpu, image, op->imm);
	fx_put_mxcsr(cpu, image);
	if (moves_xmm(cpu))
		fx_put_xmm(cpu, image);
	return fx_write_pieces(cpu, linear, &pieces, image);
}

bool insn_fxrstor(struct cpu *cpu, const struct op *op)
{
	struct fx_pieces pieces = fxsave_pieces(cpu);
	uint8_t image[512];
	uint64_t linear;

	if (cpu->state.cr0 & (CR0_EM | CR0_TS))
		return cpu_raise(cpu, VECTOR_NM);
	if (!fx_area(cpu, op, sizeof(image), 16, UDV_ACCESS_READ, &linear) ||
	    !fx_read_pieces(cpu, linear, &pieces, image))
		return false;
	if (moves_xmm(cpu)) {
		if (fx_mxcsr_of(image) & ~MXCSR_MASK)
			return raise_gp0(cpu);
		cpu->state.mxcsr = fx_mxcsr_of(image);
		fx_get_xmm(cpu, image);
	}
	fx_get_x87(cpu, image, op->imm);
	return true;
}

/* #UD and #NM of LDMXCSR, STMXCSR; @op: imm is 1 for the VEX forms. */
static bool sse_enabled(struct cpu *cpu, const struct op *op)
{
	uint64_t avx = XCR0_SSE | XCR0_AVX;
	bool there = op->imm ? cpu->state.cr4 & CR4_OSXSAVE && (cpu->state.xcr0 & avx) == avx
			     : cpu->state.cr4 & CR4_OSFXSR && !(cpu->state.cr0 & CR0_EM);

	if (!there)
		return raise_ud(cpu);
	return !(cpu->state.cr0 & CR0_TS) || cpu_raise(cpu, VECTOR_NM);
}

bool insn_ldmxcsr(struct cpu *cpu, const struct op *op)
{
	uint64_t linear, value;

	if (!sse_enabled(cpu, op) || !cpu_operand_linear(cpu, op, 4, UDV_ACCESS_READ, &linear) ||
	    !cpu_read(cpu, linear, 4, 0, &value))
		return false;
	if (value & ~(uint64_t)MXCSR_MASK)
		return raise_gp0(cpu);
	cpu->state.mxcsr = (uint32_t)value;
	return true;
}

bool insn_stmxcsr(struct cpu *cpu, const struct op *op)
{
	uint64_t linear;

	return sse_enabled(cpu, op) && cpu_operand_linear(cpu, op, 4, UDV_ACCESS_WRITE, &linear) &&
	       cpu_write(cpu, linear, 4, 0, cpu->state.mxcsr);
}
