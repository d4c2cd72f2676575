/* SPDX-License-Identifier: MIT */
#ifndef UDV_FUZZ_L1_CODE_H
#define UDV_FUZZ_L1_CODE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Code of a hypervisor in 64-bit mode, as the input has it: what the fuzzers of VMX share.
 */

/* ---------------------------------------------------------------- input */

struct input {
	const uint8_t *data;
	size_t size, at;
};

/* The next @bytes of it, little-endian; 0 where it has ended. */
uint64_t take(struct input *in, unsigned bytes);

/* ---------------------------------------------------------------- code */

#define CODE 0x20000u
#define CODE_SIZE 0x10000u
#define STACK 0x8000u

struct code {
	uint8_t bytes[CODE_SIZE];
	size_t size;
};

/* What does not fit is left out. */
void emit(struct code *c, const char *bytes, size_t size);
#define EMIT(c, text) emit(c, text, sizeof(text) - 1)
void emit_value(struct code *c, uint64_t value, unsigned size);

/* MOV RAX or RDX, imm64 */
void load_rax(struct code *c, uint64_t value);
void load_rdx(struct code *c, uint64_t value);
void store(struct code *c, uint64_t address, uint64_t value);
void vmwrite(struct code *c, uint64_t field, uint64_t value);
/* An instruction whose operand at SCRATCH is a pointer. */
#define SCRATCH (STACK + 0x100)
void with_pointer(struct code *c, uint64_t pointer, const char *instruction, size_t size);

/* ---------------------------------------------------------------- a VMCS to begin with */

#define IDT 0x1000u
#define GDT 0x2000u
#define TSS 0x2800u
#define EXIT_HANDLER 0x3100u
#define TABLES 0x10000u	 /* PML4, PDPT, PD, PT */
#define REGIONS 0x40000u /* VMXON, two VMCSs, a shadow VMCS */
#define PAGES 0x44000u	 /* what the VMCS points to */
#define EPT 0x50000u	 /* four levels */
#define GUEST_CODE 0x60000u
#define GUEST_STACK 0x62000u

#define SEL_CODE 0x08u
#define SEL_DATA 0x10u
#define SEL_TSS 0x18u

struct field_value {
	uint32_t field;
	uint64_t value;
};
/* Fields of a VMCS that can be entered: the guest has what the hypervisor has. */
#define NR_VALID 96u
extern const struct field_value valid[NR_VALID];

/* VMX operation, with the revision identifier in every region and a current VMCS like that. */
void begin(struct code *c);

#endif
