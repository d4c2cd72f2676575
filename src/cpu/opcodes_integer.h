/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_OPCODES_INTEGER_H
#define UDV_CPU_OPCODES_INTEGER_H

/*
 * General-purpose instructions, branches and strings.
 *
 * Two-operand arithmetic and MOV have a code per form, in this order: RR register, register; RI
 * register, immediate; RM register, memory; MR memory, register; MI memory, immediate. All other
 * codes say in op->flag whether their r/m operand is in memory; else it is the register op->dst.
 * op->src is the other register.
 */

/* clang-format off */
#define OPCODES_ALU(X, F) \
	F(X, ADD) F(X, OR) F(X, ADC) F(X, SBB) F(X, AND) F(X, SUB) F(X, XOR) F(X, CMP) F(X, TEST)
#define OPCODES_FORMS(X, name) \
	X(name##_RR) X(name##_RI) X(name##_RM) X(name##_MR) X(name##_MI)

#define OPCODES_INTEGER(X) \
	OPCODES_ALU(X, OPCODES_FORMS) \
	X(MOV_RR) X(MOV_RI) X(MOV_RM) X(MOV_MR) X(MOV_MI) \
	X(MOV_ABSOLUTE_LOAD) X(MOV_ABSOLUTE_STORE) X(MOV_FROM_SEGMENT) X(MOV_TO_SEGMENT) \
	X(PUSH_SEGMENT) X(POP_SEGMENT) \
	X(MOVZX8) X(MOVZX16) X(MOVSX8) X(MOVSX16) X(MOVSX32) X(LEA) X(XCHG) X(CMOV) X(SETCC) \
	X(PUSH_R) X(PUSH_I) X(PUSH_M) X(POP_R) X(POP_M) X(PUSHA) X(POPA) X(ENTER) X(LEAVE) \
	X(INC) X(DEC) X(NEG) X(NOT) \
	X(ROL) X(ROR) X(RCL) X(RCR) X(SHL) X(SHR) X(SAR) X(SHLD) X(SHRD) \
	X(MUL) X(IMUL1) X(IMUL2) X(IMUL3) X(DIV) X(IDIV) X(MULX) \
	X(BT) X(BTS) X(BTR) X(BTC) X(BSF) X(BSR) X(TZCNT) X(LZCNT) X(POPCNT) \
	X(ANDN) X(BEXTR) X(BLSI) X(BLSMSK) X(BLSR) X(BZHI) X(PDEP) X(PEXT) X(RORX) X(SARX) \
	X(SHLX) X(SHRX) X(ADCX) X(ADOX) X(CRC32) X(MOVBE_LOAD) X(MOVBE_STORE) X(BSWAP) \
	X(CMPXCHG) X(CMPXCHG8B) X(CMPXCHG16B) X(XADD) \
	X(CBW) X(CWD) X(AAA) X(AAS) X(AAM) X(AAD) X(DAA) X(DAS) X(SALC) X(XLAT) X(BOUND) \
	X(LAHF) X(SAHF) X(CLC) X(STC) X(CMC) X(CLD) X(STD) X(NOP) X(PAUSE) X(CACHE_LINE) \
	X(JMP) X(JCC) X(JMP_INDIRECT) X(CALL) X(CALL_INDIRECT) X(RET) X(LOOP) X(JCXZ) \
	X(JMP_FAR) X(CALL_FAR) X(JMP_FAR_INDIRECT) X(CALL_FAR_INDIRECT) X(RET_FAR) \
	X(MOVS) X(STOS) X(LODS) X(SCAS) X(CMPS) X(INS) X(OUTS)
/* clang-format on */

#endif
