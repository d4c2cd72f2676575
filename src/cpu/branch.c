/* SPDX-License-Identifier: MIT */
#include "arch/paging_bits.h"
#include "cpu/alu.h"
#include "cpu/control.h"
#include "cpu/follow.h"
#include "cpu/segment.h"

/*
 * Branches. The fast handlers are for operand sizes that do not truncate RIP and stacks that need
 * no check: 64-bit mode, and flat 32-bit code on a flat 32-bit stack.
 */

/* Whether RIP may be @rip: canonical, within CS's limit. */
static bool rip_valid(const struct cpu *cpu, uint64_t rip)
{
	if (is_64bit(cpu))
		return cpu_is_canonical(cpu, rip);
	return rip <= cpu->state.seg[SEG_CS].limit;
}

static const struct op *bad_target(struct cpu *cpu, const struct op *op)
{
	raise_gp0(cpu);
	return cpu_fault(cpu, op);
}

/*
 * Without a link: by the jump cache, or the run loop. What the jump cache has in the same page, by
 * the same mapping (the distance in RIP is that in physical memory), is linked from then on.
 */
const struct op *cpu_follow_far(struct cpu *cpu, const struct op *op, uint64_t rip)
{
	const struct jump_entry *entry = &cpu->jump_cache[jump_slot(rip)];
	struct block *from = cpu->block;

	if (entry->rip == rip && entry->key == cpu->jump_key) {
		struct block *to = entry->block;

		if (!((from->physical ^ to->physical) & PAGE_MASK) &&
		    from->second_page == BLOCK_NO_PAGE &&
		    rip - cpu->state.rip == to->physical - from->physical)
			from->link[op->src] = to;
		cpu->remaining += op->index;
		return enter_block(cpu, to, rip);
	}
	/* What is only the next instruction is judged there: traps and breakpoints come before. */
	if (op->code != OP_END && !rip_valid(cpu, rip))
		return bad_target(cpu, op);
	cpu->remaining += op->index;
	return cpu_go(cpu, rip);
}

const struct op *op_end(struct cpu *cpu, const struct op *op)
{
	return follow(cpu, op, rip_at(cpu, op->end));
}

static const struct op *jump(struct cpu *cpu, const struct op *op)
{
	return follow(cpu, op, rip_at(cpu, op->imm));
}

#define DEFINE_JCC(n)                                                                              \
	static const struct op *jcc_##n(struct cpu *cpu, const struct op *op)                      \
	{                                                                                          \
		return branch(cpu, op, condition_holds(cpu, n));                                   \
	}
/* clang-format off */
#define EACH_CONDITION(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
/* clang-format on */
EACH_CONDITION(DEFINE_JCC)
#define JCC_ROW(n) jcc_##n,
static op_fn *const jcc_handlers[16] = { EACH_CONDITION(JCC_ROW) };

/* ---------------------------------------------------------------- calls and returns */

/* What the jump cache knows at @target; NULL: nothing. */
ALWAYS_INLINE struct block *look_up(struct cpu *cpu, uint64_t target)
{
	const struct jump_entry *entry = &cpu->jump_cache[jump_slot(target)];

	return likely(entry->rip == target && entry->key == cpu->jump_key) ? entry->block : NULL;
}

/* Then @target has to be checked. These are functions of their own, so that the usual way needs no
 * stack frame. */
static NOINLINE const struct op *go_unknown(struct cpu *cpu, const struct op *op, uint64_t target)
{
	return rip_valid(cpu, target) ? cpu_go(cpu, target) : bad_target(cpu, op);
}

/* Pushes the return address of @log bytes and goes to @target. */
#define DEFINE_CALL(log)                                                                           \
	static NOINLINE const struct op *call_unknown_##log(struct cpu *cpu, const struct op *op,  \
							    uint64_t target)                       \
	{                                                                                          \
		uint64_t rsp = (cpu->state.gpr[GPR_RSP] - (1u << log)) & size_mask(log);           \
                                                                                                   \
		if (!rip_valid(cpu, target))                                                       \
			return bad_target(cpu, op);                                                \
		host_store(tlb_host(cpu, rsp), 1u << log, rip_at(cpu, op->end));                   \
		cpu->state.gpr[GPR_RSP] = rsp;                                                     \
		return cpu_go(cpu, target);                                                        \
	}                                                                                          \
	static NOINLINE const struct op *return_unknown_##log(                                     \
		struct cpu *cpu, const struct op *op, uint64_t target)                             \
	{                                                                                          \
		uint64_t rsp = cpu->state.gpr[GPR_RSP];                                            \
                                                                                                   \
		if (!rip_valid(cpu, target))                                                       \
			return bad_target(cpu, op);                                                \
		cpu->state.gpr[GPR_RSP] = (rsp + (1u << log) + op->imm) & size_mask(log);          \
		return cpu_go(cpu, target);                                                        \
	}                                                                                          \
	ALWAYS_INLINE const struct op *call_to_##log(struct cpu *cpu, const struct op *op,         \
						     op_fn *general, uint64_t target)              \
	{                                                                                          \
		uint64_t rsp = (cpu->state.gpr[GPR_RSP] - (1u << log)) & size_mask(log);           \
		struct block *block;                                                               \
                                                                                                   \
		if (unlikely(!tlb_writes(cpu, rsp, 1u << log)))                                    \
			return general(cpu, op);                                                   \
		block = look_up(cpu, target);                                                      \
		if (unlikely(!block))                                                              \
			return call_unknown_##log(cpu, op, target);                                \
		host_store(tlb_host(cpu, rsp), 1u << log, rip_at(cpu, op->end));                   \
		cpu->state.gpr[GPR_RSP] = rsp;                                                     \
		return enter_block(cpu, block, target);                                            \
	}                                                                                          \
	static const struct op *call_##log(struct cpu *cpu, const struct op *op)                   \
	{                                                                                          \
		return call_to_##log(cpu, op, call_general_handler, rip_at(cpu, op->imm));         \
	}                                                                                          \
	static const struct op *call_register_##log(struct cpu *cpu, const struct op *op)          \
	{                                                                                          \
		return call_to_##log(cpu, op, call_indirect_handler, reg_get(cpu, op->dst, log));  \
	}                                                                                          \
	static const struct op *return_##log(struct cpu *cpu, const struct op *op)                 \
	{                                                                                          \
		uint64_t rsp = cpu->state.gpr[GPR_RSP] & size_mask(log);                           \
		struct block *block;                                                               \
		uint64_t target;                                                                   \
                                                                                                   \
		if (unlikely(!tlb_reads(cpu, rsp, 1u << log)))                                     \
			return return_general_handler(cpu, op);                                    \
		target = host_load(tlb_host(cpu, rsp), 1u << log);                                 \
		block = look_up(cpu, target);                                                      \
		if (unlikely(!block))                                                              \
			return return_unknown_##log(cpu, op, target);                              \
		cpu->state.gpr[GPR_RSP] = (rsp + (1u << log) + op->imm) & size_mask(log);          \
		return enter_block(cpu, block, target);                                            \
	}                                                                                          \
	static const struct op *jump_register_##log(struct cpu *cpu, const struct op *op)          \
	{                                                                                          \
		uint64_t target = reg_get(cpu, op->dst, log);                                      \
		struct block *block = look_up(cpu, target);                                        \
                                                                                                   \
		return likely(block != NULL) ? enter_block(cpu, block, target)                     \
					     : go_unknown(cpu, op, target);                        \
	}

/* ---------------------------------------------------------------- the general way */

/* A near branch to @target, truncated to the operand size. */
static bool jump_near(struct cpu *cpu, const struct op *op, uint64_t target)
{
	target &= size_mask(op->size);
	if (!rip_valid(cpu, target))
		return raise_gp0(cpu);
	cpu->state.rip = target;
	return true;
}

static bool jump_general(struct cpu *cpu, const struct op *op)
{
	return jump_near(cpu, op, cpu->block_rip + op->imm);
}
SLOW_HANDLER(jump_general_handler, jump_general)

static bool condition_general(const struct cpu *cpu, unsigned condition)
{
	uint64_t f = cpu->state.rflags;
	bool less = !(f & FLAG_SF) != !(f & FLAG_OF);
	const bool values[8] = { f & FLAG_OF, f & FLAG_CF, f & FLAG_ZF, f & (FLAG_CF | FLAG_ZF),
				 f & FLAG_SF, f & FLAG_PF, less,	less || f & FLAG_ZF };

	return values[condition >> 1] ^ (condition & 1);
}

/* The condition is in dst. */
static bool jcc_general(struct cpu *cpu, const struct op *op)
{
	return !condition_general(cpu, op->dst) || jump_general(cpu, op);
}
SLOW_HANDLER(jcc_general_handler, jcc_general)

static bool call_near(struct cpu *cpu, const struct op *op, uint64_t target)
{
	target &= size_mask(op->size);
	if (!rip_valid(cpu, target))
		return raise_gp0(cpu);
	if (!cpu_push(cpu, 1u << op->size, cpu->state.rip))
		return false;
	cpu->state.rip = target;
	return true;
}

static bool call_general(struct cpu *cpu, const struct op *op)
{
	return call_near(cpu, op, cpu->block_rip + op->imm);
}
SLOW_HANDLER(call_general_handler, call_general)

static bool jump_indirect(struct cpu *cpu, const struct op *op)
{
	uint64_t target;

	return operand_read(cpu, op, &target) && jump_near(cpu, op, target);
}
SLOW_HANDLER(jump_indirect_handler, jump_indirect)

static bool call_indirect(struct cpu *cpu, const struct op *op)
{
	uint64_t target;

	return operand_read(cpu, op, &target) && call_near(cpu, op, target);
}
SLOW_HANDLER(call_indirect_handler, call_indirect)

static bool return_general(struct cpu *cpu, const struct op *op)
{
	uint64_t target;

	if (!cpu_stack_read(cpu, 1u << op->size, 0, &target))
		return false;
	if (!rip_valid(cpu, target))
		return raise_gp0(cpu);
	cpu_stack_adjust(cpu, (int64_t)((1u << op->size) + op->imm));
	cpu->state.rip = target;
	return true;
}
SLOW_HANDLER(return_general_handler, return_general)

/* The counter is as wide as addresses; dst is the kind: 0 LOOPNE, 1 LOOPE, 2 LOOP. */
static bool loop(struct cpu *cpu, const struct op *op)
{
	unsigned log = op->address == ADDRESS_64 ? 3 : op->address == ADDRESS_32 ? 2 : 1;
	uint64_t count = (reg_get(cpu, GPR_OFFSET(GPR_RCX), log) - 1) & size_mask(log);
	bool zf = cpu->state.rflags & FLAG_ZF;
	bool taken = count && (op->dst == 2 || zf == (op->dst == 1));

	if (taken && !jump_general(cpu, op))
		return false;
	reg_set(cpu, GPR_OFFSET(GPR_RCX), log, count);
	return true;
}
SLOW_HANDLER(loop_handler, loop)

static bool jump_if_count_zero(struct cpu *cpu, const struct op *op)
{
	unsigned log = op->address == ADDRESS_64 ? 3 : op->address == ADDRESS_32 ? 2 : 1;

	return reg_get(cpu, GPR_OFFSET(GPR_RCX), log) || jump_general(cpu, op);
}
SLOW_HANDLER(jump_if_count_zero_handler, jump_if_count_zero)

/* imm: offset in the low 32 bits, selector above. */
static bool jump_far(struct cpu *cpu, const struct op *op)
{
	return cpu_jump_far(cpu, (uint16_t)(op->imm >> 32), (uint32_t)op->imm, 1u << op->size);
}
SLOW_HANDLER(jump_far_handler, jump_far)

static bool call_far(struct cpu *cpu, const struct op *op)
{
	return cpu_call_far(cpu, (uint16_t)(op->imm >> 32), (uint32_t)op->imm, 1u << op->size);
}
SLOW_HANDLER(call_far_handler, call_far)

static bool jump_far_indirect(struct cpu *cpu, const struct op *op)
{
	uint16_t selector;
	uint64_t offset;

	return cpu_read_far_pointer(cpu, op, 1u << op->size, &selector, &offset) &&
	       cpu_jump_far(cpu, selector, offset, 1u << op->size);
}
SLOW_HANDLER(jump_far_indirect_handler, jump_far_indirect)

static bool call_far_indirect(struct cpu *cpu, const struct op *op)
{
	uint16_t selector;
	uint64_t offset;

	return cpu_read_far_pointer(cpu, op, 1u << op->size, &selector, &offset) &&
	       cpu_call_far(cpu, selector, offset, 1u << op->size);
}
SLOW_HANDLER(call_far_indirect_handler, call_far_indirect)

static bool return_far(struct cpu *cpu, const struct op *op)
{
	return cpu_return_far(cpu, 1u << op->size, (unsigned)op->imm);
}
SLOW_HANDLER(return_far_handler, return_far)

DEFINE_CALL(2)
DEFINE_CALL(3)

/* ---------------------------------------------------------------- translation */

/* RIP needs no truncation and the stack no check. */
static bool is_fast(const struct translator *t, const struct op *op)
{
	if ((t->mode & MODE_CODE) == MODE_CODE64)
		return op->size == 3;
	return (t->mode & MODE_CODE) == MODE_CODE32 && t->mode & MODE_FLAT &&
	       t->mode & MODE_STACK32 && op->size == 2;
}

static bool translate_jcc(struct translator *t, const struct insn *insn, struct op *op)
{
	unsigned condition = insn->opcode & 0xf;

	op->code = OP_JCC;
	op->dst = (uint8_t)condition;
	op->fn = is_fast(t, op) ? jcc_handlers[condition] : jcc_general_handler;
	if (op->fn == jcc_general_handler)
		return true;
	op->src = (uint8_t)(BLOCK_FIRST_SIDE + t->sides++);
	t->ends = t->single || t->sides == BLOCK_SIDES;
	fuse_branch(t, condition);
	return true;
}

static bool translate_jump(struct translator *t, const struct insn *insn, struct op *op)
{
	const struct operand *o = &insn->operand[0];
	bool far_memory = insn->opcode == 0xff && (insn->modrm >> 3 & 7) == 5;

	if (o->kind == OPERAND_FAR) {
		op->code = OP_JMP_FAR;
		op->fn = jump_far_handler;
		op->imm = (insn->imm[1] & 0xffff) << 32 | (uint32_t)insn->imm[0];
	} else if (o->kind == OPERAND_IMM) {
		op->code = OP_JMP;
		op->fn = is_fast(t, op) ? jump : jump_general_handler;
		op->src = BLOCK_LINK_JUMP;
		op->index = 0;
	} else if (far_memory) {
		op->code = OP_JMP_FAR_INDIRECT;
		op->fn = jump_far_indirect_handler;
		op->flag = 1;
		return o->kind == OPERAND_MEM;
	} else {
		op->code = OP_JMP_INDIRECT;
		op->fn = jump_indirect_handler;
		op->flag = o->kind == OPERAND_MEM;
		if (!op->flag) {
			op->dst = reg_offset(o);
			if (is_fast(t, op))
				op->fn = op->size == 3 ? jump_register_3 : jump_register_2;
		}
	}
	return true;
}

static bool translate_call(struct translator *t, const struct insn *insn, struct op *op)
{
	const struct operand *o = &insn->operand[0];
	bool far_memory = insn->opcode == 0xff && (insn->modrm >> 3 & 7) == 3;

	if (o->kind == OPERAND_FAR) {
		op->code = OP_CALL_FAR;
		op->fn = call_far_handler;
		op->imm = (insn->imm[1] & 0xffff) << 32 | (uint32_t)insn->imm[0];
	} else if (o->kind == OPERAND_IMM) {
		op->code = OP_CALL;
		op->fn = !is_fast(t, op) ? call_general_handler : op->size == 3 ? call_3 : call_2;
	} else if (far_memory) {
		op->code = OP_CALL_FAR_INDIRECT;
		op->fn = call_far_indirect_handler;
		op->flag = 1;
		return o->kind == OPERAND_MEM;
	} else {
		op->code = OP_CALL_INDIRECT;
		op->fn = call_indirect_handler;
		op->flag = o->kind == OPERAND_MEM;
		if (!op->flag) {
			op->dst = reg_offset(o);
			if (is_fast(t, op))
				op->fn = op->size == 3 ? call_register_3 : call_register_2;
		}
	}
	return true;
}

static bool translate_return(struct translator *t, const struct insn *insn, struct op *op)
{
	bool far = insn->opcode == 0xca || insn->opcode == 0xcb;

	op->code = far ? OP_RET_FAR : OP_RET;
	op->imm = insn->imm[0] & 0xffff;
	op->fn = far		   ? return_far_handler
		 : !is_fast(t, op) ? return_general_handler
		 : op->size == 3   ? return_3
				   : return_2;
	return true;
}

bool translate_branch(struct translator *t, const struct insn *insn, struct op *op)
{
	t->ends = true;
	/* Relative targets, from the start of the block. */
	if (insn->operand[0].kind == OPERAND_IMM)
		op->imm = insn->imm[0] + op->end;
	switch (insn->id) {
	case INSN_JMP:
		return translate_jump(t, insn, op);
	case INSN_CALL:
		return translate_call(t, insn, op);
	case INSN_RET:
		return translate_return(t, insn, op);
	case INSN_LOOP:
	case INSN_LOOPE:
	case INSN_LOOPNE:
		op->code = OP_LOOP;
		op->dst = insn->opcode & 3;
		op->fn = loop_handler;
		return true;
	case INSN_JCXZ:
	case INSN_JECXZ:
	case INSN_JRCXZ:
		op->code = OP_JCXZ;
		op->fn = jump_if_count_zero_handler;
		return true;
	default:
		return translate_jcc(t, insn, op);
	}
}
