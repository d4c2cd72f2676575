/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_FXSAVE_H
#define UDV_CPU_FXSAVE_H

#include "cpu/cpu.h"
#include "cpu/op.h"

/*
 * The legacy region of FXSAVE and the XSAVE family.
 *
 *    0 FCW  2 FSW  4 FTW  6 FOP  8 FIP 12 FCS  16 FDP 20 FDS  24 MXCSR  28 MXCSR_MASK
 *   32 + 16 i  ST(i), 10 bytes of each          160 + 16 i  XMMi
 *
 * With REX.W FIP and FDP are 64 bits wide, and there are no selectors.
 * SDM Vol 1 "Legacy Region of an XSAVE Area"
 */
#define FX_X87_HEAD 24u	 /* bytes before MXCSR */
#define FX_MXCSR 24u	 /* and its mask after it */
#define FX_REGISTERS 32u /* ST0 */
#define FX_REGISTERS_SIZE 128u
#define FX_XMM 160u

/* Registers that exist in the mode: 16 in 64-bit mode, else 8. */
unsigned fx_nr_vectors(const struct cpu *cpu);

/* Between state and the image; nothing is checked. */
void fx_put_x87(const struct cpu *cpu, uint8_t *image, bool wide);
void fx_get_x87(struct cpu *cpu, const uint8_t *image, bool wide);
void fx_init_x87(struct cpu *cpu);
void fx_put_mxcsr(const struct cpu *cpu, uint8_t *image);
void fx_put_xmm(const struct cpu *cpu, uint8_t *image);
void fx_get_xmm(struct cpu *cpu, const uint8_t *image);
uint32_t fx_mxcsr_of(const uint8_t *image);

/* A range of the image that is read or written. */
struct fx_piece {
	uint16_t offset, size;
};
#define FX_MAX_PIECES 8

struct fx_pieces {
	struct fx_piece piece[FX_MAX_PIECES];
	unsigned nr;
};
void fx_add_piece(struct fx_pieces *pieces, unsigned offset, unsigned size);

/* Transfers the pieces, or none of them; cpu->fault is set then. */
bool fx_write_pieces(struct cpu *cpu, uint64_t linear, const struct fx_pieces *pieces,
		     const uint8_t *image);
bool fx_read_pieces(struct cpu *cpu, uint64_t linear, const struct fx_pieces *pieces,
		    uint8_t *image);

/*
 * Where the @size bytes of an op's memory operand are: within the segment, and aligned to
 * @alignment (else #GP(0)). @access is UDV_ACCESS_READ or UDV_ACCESS_WRITE.
 */
bool fx_area(struct cpu *cpu, const struct op *op, unsigned size, unsigned alignment,
	     uint32_t access, uint64_t *linear);

#endif
