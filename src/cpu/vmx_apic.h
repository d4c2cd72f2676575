/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_VMX_APIC_H
#define UDV_CPU_VMX_APIC_H

#include "cpu/cpu.h"

/* The virtual APIC of a guest. SDM Vol 3C "APIC Virtualization and Virtual Interrupts" */

/* Before the guest's address space is in force: which page the APIC accesses go to. */
void vmx_apic_set_page(struct cpu *cpu);
/* What a VM entry does with the virtual-APIC page. */
void vmx_apic_entry(struct cpu *cpu);

/*
 * An access to the APIC-access page: *@physical becomes the place in the virtual-APIC page, or an
 * exit is recorded: false.
 */
bool vmx_apic_access(struct cpu *cpu, uint64_t *physical, unsigned size, uint32_t access);
/*
 * The guest's paging structures as the walk for @linear would read them, before it does: an exit is
 * recorded, and false returned, if one lies in the APIC-access page.
 */
bool vmx_apic_tables(struct cpu *cpu, uint64_t linear, uint32_t access);
/* The same for PDPTEs at guest-physical @address. */
bool vmx_apic_pdptes(struct cpu *cpu, uint64_t address);
/* After the instruction that has written there. */
void vmx_emulate_apic_write(struct cpu *cpu);
/* No emulation is due: it has been done, or nothing has been written after all. */
static inline void vmx_forget_apic_write(struct cpu *cpu)
{
	cpu->vmx.apic_written = false;
	cpu->vmx.apic_size = 0;
}

/* MOV from and to CR8: false if it is the real TPR that is meant. */
bool vmx_read_cr8(struct cpu *cpu, uint64_t *value);
bool vmx_write_cr8(struct cpu *cpu, uint64_t value);

/* RDMSR of 800H..8FFH: false if it is the real register that is meant. */
bool vmx_x2apic_read(struct cpu *cpu, uint32_t index, uint64_t *value);
enum vmx_x2apic {
	VMX_X2APIC_REAL,
	VMX_X2APIC_DONE,
	VMX_X2APIC_FAULT, /* #GP(0) */
};
enum vmx_x2apic vmx_x2apic_write(struct cpu *cpu, uint32_t index, uint64_t value);

/* A virtual interrupt is recognised and not blocked: true. */
bool vmx_deliver_virtual(struct cpu *cpu);
/* The notification vector has been acknowledged. */
void vmx_process_posted(struct cpu *cpu);

#endif
