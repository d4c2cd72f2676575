/* SPDX-License-Identifier: MIT */
#ifndef TESTS_KVM_VM_H
#define TESTS_KVM_VM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A virtual machine on /dev/kvm for pieces of code: memory from address 0, one processor, and ports
 * by which the code says what it found. Whatever KVM refuses ends the program.
 */

#define CODE_AT 0x1000u
#define GDT_AT 0x4000u
#define IDT_AT 0x4800u
#define TABLES_AT 0x5000u /* PML4, PDPT, four page directories: 4 GB as they are */
#define STACK_TOP 0xf000u
#define DATA_AT 0x10000u
#define MMIO_AT 0x10000000u /* nothing is there */

#define PORT_SAY 0x10u /* a value for the user to see, of any size */
#define PORT_OUT 0x11u /* bytes that are summed up */
#define PORT_IN 0x12u  /* a sequence of bytes */
#define PORT_END 0x13u /* where HLT does not end a run */

#define MAX_SAID 64

enum vm_mode { VM_REAL, VM_PROTECTED, VM_LONG };

struct vm {
	int kvm, fd, vcpu;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *memory;
	size_t memory_size;
	uint64_t said[MAX_SAID];
	unsigned nr_said;
	uint32_t out_bytes, out_sum;
	uint8_t next_in;
	bool ended;
	uint64_t mmio_written[MAX_SAID]; /* address << 32 ^ value, one for each write */
	unsigned nr_mmio;
};

/* The code between two labels of code.S. */
struct code {
	const char *start, *end;
};
#define CODE(name)                                                                                 \
	extern const char name[], name##_end[];                                                    \
	static const struct code code_##name = { name, name##_end }

void vm_fail(const char *what);
void vm_open(struct vm *vm, size_t memory_size, bool irqchip);
void vm_close(struct vm *vm);
/* CPUID as KVM proposes it, with its timer's deadline mode. */
void vm_set_cpuid(struct vm *vm, int vcpu);
void vm_slot(struct vm *vm, unsigned slot, unsigned flags, uint64_t at, size_t size, void *memory);
/* @code at CODE_AT, and the processor about to run it. */
void vm_load(struct vm *vm, struct code code, enum vm_mode mode);
void vm_set_mode(int vcpu, enum vm_mode mode, uint64_t rip);
/* A 64-bit gate to @offset in the code. */
void vm_gate(struct vm *vm, unsigned vector, uint64_t offset);
/* Runs on until there is an exit that is not about ports or memory; its reason. */
uint32_t vm_run(struct vm *vm);
/* One KVM_RUN, and what its exit asks for. */
uint32_t vm_run_once(struct vm *vm);

#endif
