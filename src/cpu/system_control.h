/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_SYSTEM_CONTROL_H
#define UDV_CPU_SYSTEM_CONTROL_H

#include "cpu/handler.h"

/* The instructions of OPCODES_CONTROL, by the file that has them. */

/* flag_ops.c */
slow_fn control_cli, control_sti, control_clac, control_stac, control_pushf, control_popf;

/* fast_calls.c */
slow_fn control_syscall, control_sysret, control_sysenter, control_sysexit;

/* segment_ops.c */
slow_fn control_lar, control_lsl, control_verr, control_verw, control_arpl, control_load_pointer,
	control_swapgs;

/* table_ops.c */
slow_fn control_lldt, control_ltr, control_sldt, control_str, control_lgdt, control_lidt,
	control_sgdt, control_sidt;

#endif
