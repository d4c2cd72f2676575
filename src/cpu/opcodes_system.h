/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_OPCODES_SYSTEM_H
#define UDV_CPU_OPCODES_SYSTEM_H

/* clang-format off */

/* Control transfers, events, segments */
#define OPCODES_CONTROL(X) \
	X(ARPL) X(CLAC) X(CLI) X(HLT) X(INT) X(INT1) X(INT3) X(INTO) X(IRET) X(LAR) \
	X(LOAD_FAR_POINTER) X(LGDT) X(LIDT) X(LLDT) X(LSL) X(LTR) X(POPF) X(PUSHF) X(SGDT) \
	X(SIDT) X(SLDT) X(STAC) X(STI) X(STR) X(SWAPGS) X(SYSCALL) X(SYSENTER) X(SYSEXIT) \
	X(SYSRET) X(VERR) X(VERW)

/* Everything else */
#define OPCODES_MISC(X) \
	X(SYSTEM_NONE)

#define OPCODES_SYSTEM(X) OPCODES_CONTROL(X) OPCODES_MISC(X)
/* clang-format on */

#endif
