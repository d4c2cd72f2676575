/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_VMX_FIELDS_H
#define UDV_CPU_VMX_FIELDS_H

#include "cpu/op.h"

/* VMREAD and VMWRITE: the usual case, and all others. */

/* Hook of their rows: chooses the handler, and whether the block ends. */
translate_fn translate_vmx_field;
/* vmx_insns.c: the general handler of @op. */
op_fn vmx_field_slow;

#endif
