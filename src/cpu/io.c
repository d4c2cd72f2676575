/* SPDX-License-Identifier: MIT */
#include "cpu/io.h"

#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/events.h"
#include "cpu/handler.h"
#include "cpu/system_misc.h"

/*
 * IN and OUT, and what INS and OUTS share with them.
 * SDM Vol 1 "I/O Privilege Level", "I/O Permission Bit Map"
 */

#define TSS_IO_BASE 102u /* where a 32- or 64-bit TSS holds the offset of its bitmap */
#define TSS_TYPE_32 0x8u /* set in the types of such a TSS, clear in those of a 16-bit one */

static bool tss_read(struct cpu *cpu, uint32_t offset, uint64_t *value)
{
	uint64_t linear = cpu->state.seg[SEG_TR].base + offset;

	return cpu_read(cpu, is_long_mode(cpu) ? linear : (uint32_t)linear, 2, ACCESS_SYSTEM,
			value);
}

/* The byte after the last one of the bitmap must be there: two bytes are always read. */
static bool bitmap_allows(struct cpu *cpu, uint16_t port, unsigned size)
{
	const struct arch_segment_register *tr = &cpu->state.seg[SEG_TR];
	uint64_t base, bits;
	uint32_t offset;

	if (!(tr->access_rights & TSS_TYPE_32) || tr->access_rights & AR_UNUSABLE ||
	    tr->limit < TSS_IO_BASE + 1)
		return raise_gp0(cpu);
	if (!tss_read(cpu, TSS_IO_BASE, &base))
		return false;
	offset = (uint32_t)base + port / 8u;
	if (tr->limit < offset + 1)
		return raise_gp0(cpu);
	if (!tss_read(cpu, offset, &bits))
		return false;
	if (bits >> port % 8u & ((1u << size) - 1))
		return raise_gp0(cpu);
	return true;
}

bool cpu_io_allowed(struct cpu *cpu, uint16_t port, unsigned size)
{
	uint64_t rflags = cpu->state.rflags;

	if (!(cpu->state.cr0 & CR0_PE))
		return true;
	if (!(rflags & FLAG_VM) && cpu->state.cpl <= (rflags & FLAG_IOPL) >> FLAG_IOPL_SHIFT)
		return true;
	return bitmap_allows(cpu, port, size);
}

/* A breakpoint covers 1, 2, 8 or 4 ports, as its LEN says, and ignores the low bits of its
 * address. */
static bool breakpoint_hits(const struct cpu *cpu, unsigned n, uint16_t port, unsigned size)
{
	static const uint8_t lengths[4] = { 1, 2, 8, 4 };
	uint64_t dr7 = cpu->state.dr7;
	uint64_t length = lengths[dr7 >> DR7_LEN_SHIFT(n) & 3];
	uint64_t first = cpu->state.dr[n] & ~(length - 1);

	return (dr7 >> DR7_RW_SHIFT(n) & 3) == DR7_RW_IO && dr7 >> 2 * n & 3 &&
	       port < first + length && first < (uint64_t)port + size;
}

/* I/O breakpoints are traps: #DB comes after the instruction. */
static void check_breakpoints(struct cpu *cpu, uint16_t port, unsigned size)
{
	if (!(cpu->state.cr4 & CR4_DE))
		return;
	for (unsigned n = 0; n < 4; n++)
		if (breakpoint_hits(cpu, n, port, size))
			cpu_hit_breakpoint(cpu, n);
}

uint32_t cpu_io_read(struct cpu *cpu, uint16_t port, unsigned size)
{
	uint32_t value = cpu->ports ? ports_read(cpu->ports, port, size) : ~0u;

	trace_event(cpu, CPU_TRACE_IO_READ, port, value, size);
	check_breakpoints(cpu, port, size);
	cpu_charge(cpu, COST_PORT);
	return value;
}

void cpu_io_write(struct cpu *cpu, uint16_t port, unsigned size, uint32_t value)
{
	trace_event(cpu, CPU_TRACE_IO_WRITE, port, value, size);
	if (cpu->ports)
		ports_write(cpu->ports, port, size, value);
	check_breakpoints(cpu, port, size);
	cpu_charge(cpu, COST_PORT);
}

/* @op: dst is AL, AX or EAX; imm the port if @op->flag is set, else it is DX. */
static uint16_t port_of(const struct cpu *cpu, const struct op *op)
{
	return (uint16_t)(op->flag ? op->imm & 0xff : cpu->state.gpr[GPR_RDX]);
}

static uint64_t io_exit(uint16_t port, unsigned size, bool in)
{
	return port | (uint64_t)size << 16 | (uint64_t)in << 24;
}

bool insn_in(struct cpu *cpu, const struct op *op)
{
	uint16_t port = port_of(cpu, op);
	unsigned size = 1u << op->size;

	if (!cpu_io_allowed(cpu, port, size))
		return false;
	if (cpu_intercepts(cpu, INTERCEPT_IO, io_exit(port, size, true), op->flag))
		return false;
	gpr_write(cpu, GPR_OFFSET(GPR_RAX), size, cpu_io_read(cpu, port, size));
	return true;
}

bool insn_out(struct cpu *cpu, const struct op *op)
{
	uint16_t port = port_of(cpu, op);
	unsigned size = 1u << op->size;

	if (!cpu_io_allowed(cpu, port, size))
		return false;
	if (cpu_intercepts(cpu, INTERCEPT_IO, io_exit(port, size, false), op->flag))
		return false;
	cpu_io_write(cpu, port, size, (uint32_t)gpr_read(cpu, GPR_OFFSET(GPR_RAX), size));
	return true;
}
