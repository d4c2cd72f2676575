/* SPDX-License-Identifier: MIT */
#include "cpu/control.h"
#include "cpu/operand.h"
#include "cpu/vmx_apic.h"

/* PUSH, POP, PUSHA, POPA, ENTER, LEAVE. Handlers for 8-byte pushes in 64-bit mode and 4-byte ones
 * on a flat 32-bit stack are fast; SS's base is 0 in both. */

static bool push_general(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (op->code == OP_PUSH_I)
		value = op->imm;
	else if (op->code == OP_PUSH_R)
		value = reg_get(cpu, op->dst, op->size);
	else if (!memory_read(cpu, op, 1u << op->size, &value))
		return false;
	return cpu_push(cpu, 1u << op->size, value);
}
PLAIN_HANDLER(push_handler, push_general)

/*
 * With a 32-bit operand RSP moves by 4, and 16 bits are written: the rest of the slot stays, and is
 * not looked at for faults either. SDM Vol 2B "PUSH" leaves this or zeros to the processor, and
 * says that recent ones do this.
 */
static bool push_segment(struct cpu *cpu, const struct op *op)
{
	const uint32_t access = UDV_ACCESS_WRITE | ACCESS_STACK;
	unsigned size = 1u << op->size;
	unsigned written = size == 4 ? 2 : size;
	uint64_t rsp = (cpu->state.gpr[GPR_RSP] - size) & cpu_stack_mask(cpu);
	uint64_t linear;

	if (!cpu_segment_linear(cpu, SEG_SS, rsp, written, access, &linear) ||
	    !cpu_write(cpu, linear, written, ACCESS_STACK, cpu->state.seg[op->src].selector))
		return false;
	cpu_stack_adjust(cpu, -(int64_t)size);
	return true;
}
PLAIN_HANDLER(push_segment_handler, push_segment)

static bool pop_register(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (!cpu_pop(cpu, 1u << op->size, &value))
		return false;
	reg_set(cpu, op->dst, op->size, value);
	return true;
}
PLAIN_HANDLER(pop_register_handler, pop_register)

/* The address is computed after RSP has been incremented. SDM Vol 2B "POP" */
static bool pop_memory(struct cpu *cpu, const struct op *op)
{
	uint64_t before = cpu->state.gpr[GPR_RSP];
	uint64_t value;

	if (!cpu_pop(cpu, 1u << op->size, &value))
		return false;
	if (memory_write(cpu, op, 1u << op->size, value))
		return true;
	cpu->state.gpr[GPR_RSP] = before;
	return false;
}
PLAIN_HANDLER(pop_memory_handler, pop_memory)

/* Reads 16 bits, whatever the operand size: the manual is silent, and processors do. */
static bool pop_segment(struct cpu *cpu, const struct op *op)
{
	uint64_t before = cpu->state.gpr[GPR_RSP];
	uint64_t value;

	if (!cpu_stack_read(cpu, 2, 0, &value))
		return false;
	/* by the stack's width before the load, when SS is what is loaded */
	cpu_stack_adjust(cpu, 1 << op->size);
	if (cpu_load_segment(cpu, op->src, (uint16_t)value))
		return true;
	cpu->state.gpr[GPR_RSP] = before;
	return false;
}
SLOW_HANDLER(pop_segment_handler, pop_segment)

static bool push_all(struct cpu *cpu, const struct op *op)
{
	unsigned size = 1u << op->size;
	uint64_t before = cpu->state.gpr[GPR_RSP];
	uint8_t frame[32];

	for (unsigned i = 0; i < 8; i++)
		memcpy(frame + (7 - i) * size, &cpu->state.gpr[i], size);
	/* One by one, as a segment limit may fall between them. */
	for (unsigned i = 0; i < 8; i++) {
		uint64_t value = 0;

		memcpy(&value, frame + (7 - i) * size, size);
		if (!cpu_push(cpu, size, value)) {
			cpu->state.gpr[GPR_RSP] = before;
			return false;
		}
	}
	return true;
}
PLAIN_HANDLER(push_all_handler, push_all)

static bool pop_all(struct cpu *cpu, const struct op *op)
{
	unsigned size = 1u << op->size;
	uint64_t values[8];

	for (unsigned i = 0; i < 8; i++)
		if (!cpu_stack_read(cpu, size, i * size, &values[7 - i]))
			return false;
	for (unsigned i = 0; i < 8; i++)
		if (i != GPR_RSP)
			gpr_write(cpu, GPR_OFFSET(i), size, values[i]);
	cpu_stack_adjust(cpu, (int64_t)(8 * size));
	return true;
}
PLAIN_HANDLER(pop_all_handler, pop_all)

/* RBP as an offset in the stack segment. */
static uint64_t frame_pointer(const struct cpu *cpu)
{
	return cpu->state.gpr[GPR_RBP] & cpu_stack_mask(cpu);
}

static bool frame_linear(struct cpu *cpu, unsigned size, uint64_t offset, uint32_t access,
			 uint64_t *linear)
{
	return cpu_segment_linear(cpu, SEG_SS, offset & cpu_stack_mask(cpu), size, access, linear);
}

static bool read_frame(struct cpu *cpu, unsigned size, uint64_t offset, uint64_t *value)
{
	uint64_t linear;

	return frame_linear(cpu, size, offset, UDV_ACCESS_READ | ACCESS_STACK, &linear) &&
	       cpu_read(cpu, linear, size, ACCESS_STACK, value);
}

static bool probe_frame(struct cpu *cpu, unsigned size, uint64_t offset, uint32_t access)
{
	uint64_t linear;

	access |= ACCESS_STACK;
	return frame_linear(cpu, size, offset, access, &linear) &&
	       cpu_probe(cpu, linear, size, access);
}

/*
 * The new stack top, judged as a write, which it is not to the APIC page. SDM Vol 3C
 * "Instruction-Specific Considerations"
 */
static bool probe_top(struct cpu *cpu, unsigned size, uint64_t offset)
{
	bool written = cpu->vmx.apic_written;
	bool allowed = probe_frame(cpu, size, offset, UDV_ACCESS_WRITE);

	if (!written)
		vmx_forget_apic_write(cpu);
	return allowed;
}

/*
 * All that ENTER reaches, in its order, without doing it. The new stack top must be writable.
 * SDM Vol 2A "ENTER"
 */
static bool probe_enter(struct cpu *cpu, const struct op *op)
{
	uint64_t rbp = frame_pointer(cpu), rsp = cpu->state.gpr[GPR_RSP];
	unsigned size = 1u << op->size;

	rsp -= size;
	if (!probe_frame(cpu, size, rsp, UDV_ACCESS_WRITE))
		return false;
	for (unsigned i = 1; i < op->src; i++) {
		rbp -= size;
		rsp -= size;
		if (!probe_frame(cpu, size, rbp, UDV_ACCESS_READ) ||
		    !probe_frame(cpu, size, rsp, UDV_ACCESS_WRITE))
			return false;
	}
	if (op->src) {
		rsp -= size;
		if (!probe_frame(cpu, size, rsp, UDV_ACCESS_WRITE))
			return false;
	}
	return probe_top(cpu, size, rsp - op->imm);
}

/* imm: the size of the frame; reg would not hold it, so the level is in src. */
static bool enter_frames(struct cpu *cpu, const struct op *op, uint64_t *frame)
{
	unsigned size = 1u << op->size;
	uint64_t rbp = frame_pointer(cpu);
	uint64_t value;

	if (!cpu_push(cpu, size, reg_get(cpu, GPR_OFFSET(GPR_RBP), op->size)))
		return false;
	*frame = cpu->state.gpr[GPR_RSP];
	for (unsigned i = 1; i < op->src; i++) {
		rbp -= size;
		if (!read_frame(cpu, size, rbp, &value) || !cpu_push(cpu, size, value))
			return false;
	}
	return !op->src || cpu_push(cpu, size, *frame & size_mask(op->size));
}

static bool enter(struct cpu *cpu, const struct op *op)
{
	uint64_t before = cpu->state.gpr[GPR_RSP];
	uint64_t frame;

	/*
	 * A page that the second dimension does not have is found before the first push: when it
	 * has come, ENTER is begun again, and would read pointers that its pushes lie over. A fault
	 * of the guest's own comes where it belongs, behind the pushes.
	 */
	if (cpu->paging.ept_levels && !probe_enter(cpu, op)) {
		if (cpu->fault.type == EVENT_VM_EXIT)
			return false;
		cpu->fault.valid = false;
	}
	if (!enter_frames(cpu, op, &frame))
		goto fault;
	cpu_stack_adjust(cpu, -(int64_t)op->imm);
	if (!probe_top(cpu, 1u << op->size, cpu->state.gpr[GPR_RSP]))
		goto fault;
	gpr_write(cpu, GPR_OFFSET(GPR_RBP), 1u << op->size, frame);
	return true;
fault:
	cpu->state.gpr[GPR_RSP] = before;
	return false;
}
PLAIN_HANDLER(enter_handler, enter)

static bool leave(struct cpu *cpu, const struct op *op)
{
	uint64_t rbp = frame_pointer(cpu);
	uint64_t value;

	if (!read_frame(cpu, 1u << op->size, rbp, &value))
		return false;
	cpu_stack_adjust(cpu, (int64_t)(rbp - cpu->state.gpr[GPR_RSP]));
	cpu_stack_adjust(cpu, 1 << op->size);
	reg_set(cpu, GPR_OFFSET(GPR_RBP), op->size, value);
	return true;
}
PLAIN_HANDLER(leave_handler, leave)

/* ---------------------------------------------------------------- fast ones */

#define DEFINE_FAST(log)                                                                           \
	static const struct op *push_r_##log(struct cpu *cpu, const struct op *op)                 \
	{                                                                                          \
		uint64_t rsp = (cpu->state.gpr[GPR_RSP] - (1u << log)) & size_mask(log);           \
                                                                                                   \
		if (!tlb_writes(cpu, rsp, 1u << log))                                              \
			return push_handler(cpu, op);                                              \
		host_store(tlb_host(cpu, rsp), 1u << log, reg_get(cpu, op->dst, log));             \
		cpu->state.gpr[GPR_RSP] = rsp;                                                     \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *push_i_##log(struct cpu *cpu, const struct op *op)                 \
	{                                                                                          \
		uint64_t rsp = (cpu->state.gpr[GPR_RSP] - (1u << log)) & size_mask(log);           \
                                                                                                   \
		if (!tlb_writes(cpu, rsp, 1u << log))                                              \
			return push_handler(cpu, op);                                              \
		host_store(tlb_host(cpu, rsp), 1u << log, op->imm);                                \
		cpu->state.gpr[GPR_RSP] = rsp;                                                     \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *pop_r_##log(struct cpu *cpu, const struct op *op)                  \
	{                                                                                          \
		uint64_t rsp = cpu->state.gpr[GPR_RSP] & size_mask(log);                           \
                                                                                                   \
		if (!tlb_reads(cpu, rsp, 1u << log))                                               \
			return pop_register_handler(cpu, op);                                      \
		cpu->state.gpr[GPR_RSP] = (rsp + (1u << log)) & size_mask(log);                    \
		reg_set(cpu, op->dst, log, host_load(tlb_host(cpu, rsp), 1u << log));              \
		NEXT(cpu, op);                                                                     \
	}
DEFINE_FAST(2)
DEFINE_FAST(3)

/* Two of them at once, where both are in one page; RSP itself is not among the registers. */
#define DEFINE_PAIRS(log)                                                                          \
	static const struct op *push_pair_##log(struct cpu *cpu, const struct op *op)              \
	{                                                                                          \
		const struct op *second = op + 1;                                                  \
		uint64_t rsp = (cpu->state.gpr[GPR_RSP] - (2u << log)) & size_mask(log);           \
		uint8_t *host;                                                                     \
                                                                                                   \
		if (!tlb_writes(cpu, rsp, 2u << log))                                              \
			return push_r_##log(cpu, op);                                              \
		host = tlb_host(cpu, rsp);                                                         \
		host_store(host + (1u << log), 1u << log, reg_get(cpu, op->dst, log));             \
		host_store(host, 1u << log, reg_get(cpu, second->dst, log));                       \
		cpu->state.gpr[GPR_RSP] = rsp;                                                     \
		NEXT(cpu, second);                                                                 \
	}                                                                                          \
	static const struct op *pop_pair_##log(struct cpu *cpu, const struct op *op)               \
	{                                                                                          \
		const struct op *second = op + 1;                                                  \
		uint64_t rsp = cpu->state.gpr[GPR_RSP] & size_mask(log);                           \
		const uint8_t *host;                                                               \
                                                                                                   \
		if (!tlb_reads(cpu, rsp, 2u << log))                                               \
			return pop_r_##log(cpu, op);                                               \
		host = tlb_host(cpu, rsp);                                                         \
		cpu->state.gpr[GPR_RSP] = (rsp + (2u << log)) & size_mask(log);                    \
		reg_set(cpu, op->dst, log, host_load(host, 1u << log));                            \
		reg_set(cpu, second->dst, log, host_load(host + (1u << log), 1u << log));          \
		NEXT(cpu, second);                                                                 \
	}
DEFINE_PAIRS(2)
DEFINE_PAIRS(3)

static void fuse_pair(struct translator *t, const struct op *op, op_fn *pair)
{
	struct op *first = t->previous;

	if (first && first->code == op->code && first->size == op->size &&
	    first->dst != GPR_OFFSET(GPR_RSP) && op->dst != GPR_OFFSET(GPR_RSP))
		first->fn = pair;
}

static bool fast_stack(const struct translator *t, const struct op *op)
{
	if ((t->mode & MODE_CODE) == MODE_CODE64)
		return op->size == 3;
	return t->mode & MODE_FLAT && t->mode & MODE_STACK32 && op->size == 2;
}

static enum translation translate_push(struct translator *t, const struct insn *insn, struct op *op)
{
	const struct operand *o = &insn->operand[0];
	bool fast = fast_stack(t, op);

	op->fn = push_handler;
	if (o->kind == OPERAND_IMM) {
		op->code = OP_PUSH_I;
		op->imm = insn->imm[0];
		if (fast)
			op->fn = op->size == 3 ? push_i_3 : push_i_2;
	} else if (o->kind == OPERAND_MEM) {
		op->code = OP_PUSH_M;
	} else if (o->class == CLASS_SEG) {
		op->code = OP_PUSH_SEGMENT;
		op->fn = push_segment_handler;
		op->src = o->number;
	} else {
		op->code = OP_PUSH_R;
		op->dst = reg_offset(o);
		if (fast) {
			op->fn = op->size == 3 ? push_r_3 : push_r_2;
			fuse_pair(t, op, op->size == 3 ? push_pair_3 : push_pair_2);
		}
	}
	return TRANSLATED;
}

static enum translation translate_pop(struct translator *t, const struct insn *insn, struct op *op)
{
	const struct operand *o = &insn->operand[0];

	if (o->kind == OPERAND_MEM) {
		op->code = OP_POP_M;
		op->fn = pop_memory_handler;
	} else if (o->class == CLASS_SEG) {
		op->code = OP_POP_SEGMENT;
		op->src = o->number;
		op->fn = pop_segment_handler;
		t->ends = true;
	} else {
		op->code = OP_POP_R;
		op->dst = reg_offset(o);
		op->fn = pop_register_handler;
		if (fast_stack(t, op)) {
			op->fn = op->size == 3 ? pop_r_3 : pop_r_2;
			fuse_pair(t, op, op->size == 3 ? pop_pair_3 : pop_pair_2);
		}
	}
	return TRANSLATED;
}

enum translation translate_stack(struct translator *t, const struct insn *insn, struct op *op)
{
	switch (insn->id) {
	case INSN_PUSH:
		return translate_push(t, insn, op);
	case INSN_POP:
		return translate_pop(t, insn, op);
	case INSN_PUSHA:
	case INSN_PUSHAD:
		op->code = OP_PUSHA;
		op->fn = push_all_handler;
		op->size = insn->id == INSN_PUSHA ? 1 : 2;
		return TRANSLATED;
	case INSN_POPA:
	case INSN_POPAD:
		op->code = OP_POPA;
		op->fn = pop_all_handler;
		op->size = insn->id == INSN_POPA ? 1 : 2;
		return TRANSLATED;
	case INSN_ENTER:
		op->code = OP_ENTER;
		op->fn = enter_handler;
		op->imm = insn->imm[0] & 0xffff;
		op->src = insn->imm[1] & 0x1f;
		return TRANSLATED;
	case INSN_LEAVE:
		op->code = OP_LEAVE;
		op->fn = leave_handler;
		return TRANSLATED;
	default:
		return NOT_MINE;
	}
}
