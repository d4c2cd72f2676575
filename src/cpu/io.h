/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_IO_H
#define UDV_CPU_IO_H

#include "cpu/cpu.h"

/*
 * True if an access of @size bytes (1, 2 or 4) at @port is allowed by CPL and IOPL, or by the TSS's
 * I/O permission bitmap. False: cpu->fault is set. Intercepts are asked after this.
 */
bool cpu_io_allowed(struct cpu *cpu, uint16_t port, unsigned size);

/* The access itself, with trace events and I/O breakpoints. */
uint32_t cpu_io_read(struct cpu *cpu, uint16_t port, unsigned size);
void cpu_io_write(struct cpu *cpu, uint16_t port, unsigned size, uint32_t value);

#endif
