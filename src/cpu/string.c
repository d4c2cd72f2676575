/* SPDX-License-Identifier: MIT */
#include "cpu/alu.h"
#include "cpu/io.h"

/*
 * MOVS, STOS, LODS, SCAS, CMPS, INS, OUTS, alone and repeated.
 *
 * A repeated one is done in portions of at most CHUNK bytes. Between two portions it is at an
 * instruction boundary with RIP at the instruction itself, as on a processor that takes an
 * interrupt there, and each portion counts as one instruction of the budget. Portions end
 * where the count that is left is a multiple: this depends neither on what is cached nor on
 * whether L0 had a fault to look at on the way, and so time does not either. Within a portion MOVS
 * and STOS work on host memory as far as pages go.
 */
#define CHUNK 4096u

/* Elements to do before the next boundary, of @count that are left. */
static uint64_t portion_of(uint64_t count, unsigned size_log)
{
	return ((count - 1) & ((CHUNK >> size_log) - 1)) + 1;
}

enum repeat {
	REPEAT_NONE,
	REPEAT_EQUAL, /* REP, REPE */
	REPEAT_NOT_EQUAL,
};

static unsigned address_log(const struct op *op)
{
	return op->address == ADDRESS_64 ? 3 : op->address == ADDRESS_32 ? 2 : 1;
}

static void advance(struct cpu *cpu, const struct op *op, unsigned gpr, uint64_t elements)
{
	unsigned log = address_log(op);
	uint64_t by = elements << op->size;
	uint64_t value = reg_get(cpu, GPR_OFFSET(gpr), log);

	value = cpu->state.rflags & FLAG_DF ? value - by : value + by;
	reg_set(cpu, GPR_OFFSET(gpr), log, value & size_mask(log));
}

static bool element_linear(struct cpu *cpu, const struct op *op, unsigned gpr, unsigned segment,
			   uint32_t access, uint64_t *linear)
{
	return cpu_segment_linear(cpu, segment, reg_get(cpu, GPR_OFFSET(gpr), address_log(op)),
				  1u << op->size, access, linear);
}

static bool load_source(struct cpu *cpu, const struct op *op, uint64_t *value)
{
	uint64_t linear;

	return element_linear(cpu, op, GPR_RSI, op->segment, UDV_ACCESS_READ, &linear) &&
	       cpu_read(cpu, linear, 1u << op->size, stack_bit(op), value);
}

static bool load_destination(struct cpu *cpu, const struct op *op, uint64_t *value)
{
	uint64_t linear;

	return element_linear(cpu, op, GPR_RDI, SEG_ES, UDV_ACCESS_READ, &linear) &&
	       cpu_read(cpu, linear, 1u << op->size, 0, value);
}

static bool store_destination(struct cpu *cpu, const struct op *op, uint64_t value)
{
	uint64_t linear;

	return element_linear(cpu, op, GPR_RDI, SEG_ES, UDV_ACCESS_WRITE, &linear) &&
	       cpu_write(cpu, linear, 1u << op->size, 0, value);
}

/* One element, registers and flags included. */
static bool step(struct cpu *cpu, const struct op *op)
{
	uint64_t a, b;

	switch (op->code) {
	case OP_MOVS:
		if (!load_source(cpu, op, &a) || !store_destination(cpu, op, a))
			return false;
		advance(cpu, op, GPR_RSI, 1);
		advance(cpu, op, GPR_RDI, 1);
		return true;
	case OP_STOS:
		if (!store_destination(cpu, op, reg_get(cpu, GPR_OFFSET(GPR_RAX), op->size)))
			return false;
		advance(cpu, op, GPR_RDI, 1);
		return true;
	case OP_LODS:
		if (!load_source(cpu, op, &a))
			return false;
		reg_set(cpu, GPR_OFFSET(GPR_RAX), op->size, a);
		advance(cpu, op, GPR_RSI, 1);
		return true;
	case OP_SCAS:
		if (!load_destination(cpu, op, &b))
			return false;
		alu(cpu, ALU_CMP, op->size, reg_get(cpu, GPR_OFFSET(GPR_RAX), op->size), b);
		advance(cpu, op, GPR_RDI, 1);
		return true;
	default: /* CMPS */
		if (!load_source(cpu, op, &a) || !load_destination(cpu, op, &b))
			return false;
		alu(cpu, ALU_CMP, op->size, a, b);
		advance(cpu, op, GPR_RSI, 1);
		advance(cpu, op, GPR_RDI, 1);
		return true;
	}
}

/* Elements that fit between @linear and the end of its page. */
static uint64_t room_in_page(uint64_t linear, unsigned log)
{
	return (MEM_PAGE_SIZE - (linear & ~PAGE_MASK)) >> log;
}

static void copy_elements(uint8_t *to, const uint8_t *from, uint64_t count, unsigned log)
{
	uint64_t bytes = count << log;

	if (to <= from || to >= from + bytes) {
		memmove(to, from, bytes);
		return;
	}
	/* Forward, element by element: what was just stored may be loaded next. */
	for (uint64_t i = 0; i < bytes; i += 1u << log)
		memcpy(to + i, memcpy(&(uint64_t){ 0 }, from + i, 1u << log), 1u << log);
}

static void fill_elements(uint8_t *to, uint64_t value, uint64_t count, unsigned log)
{
	if (log == 0 || value == 0) {
		memset(to, (int)(value & 0xff), count << log);
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		memcpy(to + (i << log), &value, 1u << log);
}

/* As many of @count elements as can be done at once on host memory; 0: take a step. */
static uint64_t leap(struct cpu *cpu, const struct op *op, uint64_t count)
{
	unsigned size = 1u << op->size;
	unsigned log = address_log(op);
	uint64_t to = reg_get(cpu, GPR_OFFSET(GPR_RDI), log);
	uint64_t from = reg_get(cpu, GPR_OFFSET(GPR_RSI), log);
	uint64_t value = reg_get(cpu, GPR_OFFSET(GPR_RAX), op->size);

	if (!(cpu->mode & MODE_FLAT) || cpu->state.rflags & FLAG_DF || log < 2 ||
	    op->segment >= SEG_FS)
		return 0;
	if (room_in_page(to, op->size) < count)
		count = room_in_page(to, op->size);
	if (!count || !tlb_writes(cpu, to, size))
		return 0;
	if (op->code == OP_MOVS) {
		if (room_in_page(from, op->size) < count)
			count = room_in_page(from, op->size);
		if (!count || !tlb_reads(cpu, from, size))
			return 0;
		copy_elements(tlb_host(cpu, to), tlb_host(cpu, from), count, op->size);
		advance(cpu, op, GPR_RSI, count);
	} else {
		fill_elements(tlb_host(cpu, to), value, count, op->size);
	}
	advance(cpu, op, GPR_RDI, count);
	return count;
}

static bool goes_on(const struct cpu *cpu, const struct op *op)
{
	if (op->code != OP_SCAS && op->code != OP_CMPS)
		return true;
	return lazy_zf(cpu) == (op->dst == REPEAT_EQUAL);
}

static const struct op *alone(struct cpu *cpu, const struct op *op)
{
	cpu->current = op;
	return step(cpu, op) ? op + 1 : cpu_fault(cpu, op);
}

/* SDM Vol 3B "Single-Step Exception Condition", Vol 3C "Monitor Trap Flag" */
static bool stops_after_each(const struct cpu *cpu)
{
	return cpu->state.rflags & FLAG_TF ||
	       (cpu->vmx.guest &&
		VMX_HAS(cpu->vmx.vmcs.primary_controls, PRIMARY, MONITOR_TRAP_FLAG));
}

/*
 * What stops before its end, for a fault or an event between two elements: the flags are those from
 * before. SDM Vol 2B "REP/REPE/REPZ/REPNE/REPNZ" says so of faults; Intel's processors do it
 * always.
 */
static void restore_flags(struct cpu *cpu, const struct op *op, const struct lazy_flags *before)
{
	if (op->code == OP_SCAS || op->code == OP_CMPS)
		cpu->lazy = *before;
}

static const struct op *repeated(struct cpu *cpu, const struct op *op)
{
	unsigned log = address_log(op);
	uint64_t count = reg_get(cpu, GPR_OFFSET(GPR_RCX), log), portion;
	const struct lazy_flags before = cpu->lazy;

	cpu->current = op;
	if (!count)
		return op + 1;
	portion = stops_after_each(cpu) ? 1 : portion_of(count, op->size);
	while (count && portion) {
		uint64_t done = 0;

		if (op->code == OP_MOVS || op->code == OP_STOS)
			done = leap(cpu, op, count < portion ? count : portion);
		if (!done) {
			if (!step(cpu, op)) {
				restore_flags(cpu, op, &before);
				return cpu_fault(cpu, op);
			}
			done = 1;
		}
		count -= done;
		portion -= done;
		reg_set(cpu, GPR_OFFSET(GPR_RCX), log, count);
		if (!goes_on(cpu, op))
			return op + 1;
		if (cpu->attention)
			break;
	}
	if (!count)
		return op + 1;
	restore_flags(cpu, op, &before);
	/* It may have written over itself, which counts from the next iteration on. */
	if (portion && cpu->attention == ATTENTION_CODE)
		return cpu_refetch(cpu, op);
	return cpu_again(cpu, op);
}

/* ---------------------------------------------------------------- INS, OUTS */

/* One element a turn of the run loop: each is an access of the outside world. */
static bool io_element(struct cpu *cpu, const struct op *op)
{
	uint16_t port = (uint16_t)cpu->state.gpr[GPR_RDX];
	unsigned size = 1u << op->size;
	bool in = op->code == OP_INS;
	uint64_t info = port | (uint64_t)size << 16 | (uint64_t)in << 24 | 1u << 25 |
			(op->dst ? 1u << 26 : 0);
	uint64_t linear, value;

	if (!cpu_io_allowed(cpu, port, size) || cpu_intercepts(cpu, INTERCEPT_IO, info, 0))
		return false;
	if (in) {
		if (!element_linear(cpu, op, GPR_RDI, SEG_ES, UDV_ACCESS_WRITE, &linear) ||
		    !cpu_probe(cpu, linear, size, UDV_ACCESS_WRITE))
			return false;
		if (!cpu_write(cpu, linear, size, 0, cpu_io_read(cpu, port, size)))
			return false;
		advance(cpu, op, GPR_RDI, 1);
		return true;
	}
	if (!load_source(cpu, op, &value))
		return false;
	cpu_io_write(cpu, port, size, (uint32_t)value);
	advance(cpu, op, GPR_RSI, 1);
	return true;
}

static bool io_string(struct cpu *cpu, const struct op *op)
{
	unsigned log = address_log(op);
	uint64_t count = op->dst ? reg_get(cpu, GPR_OFFSET(GPR_RCX), log) : 1;

	if (!count)
		return true;
	if (!io_element(cpu, op))
		return false;
	if (!op->dst)
		return true;
	reg_set(cpu, GPR_OFFSET(GPR_RCX), log, count - 1);
	if (count > 1) {
		cpu->state.rip = (cpu->block_rip + op->end - op->length) & cpu->rip_mask;
		cpu->repeating = true;
	}
	return true;
}
SLOW_HANDLER(io_string_handler, io_string)

/* ---------------------------------------------------------------- translation */

bool translate_string(struct translator *t, const struct insn *insn, struct op *op)
{
	static const struct {
		uint8_t opcode;
		uint16_t code;
	} rows[] = {
		{ 0x6c, OP_INS },  { 0x6e, OP_OUTS }, { 0xa4, OP_MOVS }, { 0xa6, OP_CMPS },
		{ 0xaa, OP_STOS }, { 0xac, OP_LODS }, { 0xae, OP_SCAS },
	};
	bool io = insn->opcode < 0x80;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].opcode == (insn->opcode & ~1u))
			op->code = rows[i].code;
	if (!(insn->opcode & 1))
		op->size = 0;
	if (io && op->size > 2)
		op->size = 2;
	op->dst = insn->prefixes & PREFIX_REPNE ? REPEAT_NOT_EQUAL
		  : insn->prefixes & PREFIX_REP ? REPEAT_EQUAL
						: REPEAT_NONE;
	op->fn = io ? io_string_handler : op->dst ? repeated : alone;
	t->ends = io;
	return true;
}
