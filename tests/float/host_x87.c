/* SPDX-License-Identifier: MIT */
#include "host_x87.h"

/*
 * An exception that is not masked stays pending until the next instruction that waits, so what it
 * leaves can be read without a signal handler.
 */
#define HOST(name, insn)                                                                           \
	static void host_##name(struct x87 *x)                                                     \
	{                                                                                          \
		static const uint16_t masked = 0x37f;                                              \
                                                                                                   \
		__asm__ volatile(                                                                  \
			"fninit\n\tfldt %[st1]\n\tfldt %[st0]\n\tfldcw %[control]\n\t" insn        \
			"\n\tfnstsw %[status]\n\tfnclex\n\tfldcw %[masked]\n\t"                    \
			"fstpt %[st0]\n\tfstpt %[st1]\n\tfninit"                                   \
			: [st0] "+m"(x->st0), [st1] "+m"(x->st1), [status] "=m"(x->status),        \
			  [memory] "+m"(x->memory)                                                 \
			: [control] "m"(x->control), [masked] "m"(masked)                          \
			: "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)",     \
			  "cc");                                                                   \
	}

HOST(fadd, "fadd %%st(1), %%st")
HOST(fsub, "fsub %%st(1), %%st")
HOST(fmul, "fmul %%st(1), %%st")
HOST(fdiv, "fdiv %%st(1), %%st")
HOST(fsqrt, "fsqrt")
HOST(frndint, "frndint")
HOST(fprem, "fprem")
HOST(fprem1, "fprem1")
HOST(fscale, "fscale")
HOST(fxtract, "fxtract")
HOST(fcom, "fcom %%st(1)")
HOST(fucom, "fucom %%st(1)")
HOST(fxam, "fxam")

HOST(fsubr, "fsubr %%st(1), %%st")
HOST(fdivr, "fdivr %%st(1), %%st")
HOST(fadd32, "fadds %[memory]")
HOST(fmul32, "fmuls %[memory]")
HOST(fcom32, "fcoms %[memory]")
HOST(fsub32, "fsubs %[memory]")
HOST(fsubr32, "fsubrs %[memory]")
HOST(fdiv32, "fdivs %[memory]")
HOST(fdivr32, "fdivrs %[memory]")
HOST(fadd64, "faddl %[memory]")
HOST(fmul64, "fmull %[memory]")
HOST(fcom64, "fcoml %[memory]")
HOST(fsub64, "fsubl %[memory]")
HOST(fsubr64, "fsubrl %[memory]")
HOST(fdiv64, "fdivl %[memory]")
HOST(fdivr64, "fdivrl %[memory]")

HOST(fld32, "flds %[memory]")
HOST(fld64, "fldl %[memory]")
HOST(fild16, "filds %[memory]")
HOST(fild32, "fildl %[memory]")
HOST(fild64, "fildll %[memory]")
HOST(fbld, "fbld %[memory]")

HOST(fst32, "fsts %[memory]")
HOST(fst64, "fstl %[memory]")
HOST(fist16, "fists %[memory]")
HOST(fist32, "fistl %[memory]")
HOST(fistp64, "fistpll %[memory]")
HOST(fbstp, "fbstp %[memory]")
HOST(fisttp16, "fisttps %[memory]")
HOST(fisttp32, "fisttpl %[memory]")
HOST(fisttp64, "fisttpll %[memory]")

HOST(fld1, "fld1")
HOST(fldl2t, "fldl2t")
HOST(fldl2e, "fldl2e")
HOST(fldpi, "fldpi")
HOST(fldlg2, "fldlg2")
HOST(fldln2, "fldln2")
HOST(fldz, "fldz")

HOST(f2xm1, "f2xm1")
HOST(fyl2x, "fyl2x")
HOST(fyl2xp1, "fyl2xp1")
HOST(fpatan, "fpatan")
HOST(fptan, "fptan")
HOST(fsin, "fsin")
HOST(fcos, "fcos")
HOST(fsincos, "fsincos")

#define FUNCTION(name, ...) [X87_##name] = host_##name,
host_x87 *const host_x87_functions[X87_OPERATION_COUNT] = { X87_OPERATIONS(FUNCTION) };

host_x87 *const host_fld_constant[] = {
	[FP_ONE] = host_fld1,	    [FP_LOG2_10] = host_fldl2t, [FP_LOG2_E] = host_fldl2e,
	[FP_PI] = host_fldpi,	    [FP_LOG10_2] = host_fldlg2, [FP_LN_2] = host_fldln2,
	[FP_PLUS_ZERO] = host_fldz,
};
