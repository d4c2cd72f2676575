/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOAT_HOST_X87_H
#define TESTS_FLOAT_HOST_X87_H

/* The host's own x87, for x86-64 hosts. */

#include "float/float.h"

/* One instruction: what it finds, and what it leaves. */
struct x87 {
	uint16_t control;
	uint16_t status;
	struct fp_f80 st0, st1;
	uint8_t memory[16];
};

typedef void host_x87(struct x87 *x);

host_x87 host_fadd, host_fsub, host_fmul, host_fdiv, host_fsqrt, host_frndint, host_fprem,
	host_fprem1, host_fscale, host_fxtract, host_fcom, host_fucom, host_fxam;
host_x87 host_fld32, host_fld64, host_fild16, host_fild32, host_fild64, host_fbld;
host_x87 host_fst32, host_fst64, host_fist16, host_fist32, host_fistp64, host_fbstp, host_fisttp16,
	host_fisttp32, host_fisttp64;
host_x87 host_fld1, host_fldl2t, host_fldl2e, host_fldpi, host_fldlg2, host_fldln2, host_fldz;
host_x87 host_f2xm1, host_fyl2x, host_fyl2xp1, host_fpatan, host_fptan, host_fsin, host_fcos,
	host_fsincos;

#endif
