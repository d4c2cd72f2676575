/* SPDX-License-Identifier: MIT */
#include "cpu/transfer.h"

#include "cpu/control.h"

void context_save(const struct cpu *cpu, struct context *context)
{
	const struct cpu_state *s = &cpu->state;

	*context = (struct context){
		.rip = s->rip,
		.rsp = s->gpr[GPR_RSP],
		.rflags = s->rflags,
		.cs = s->seg[SEG_CS],
		.ss = s->seg[SEG_SS],
		.cpl = s->cpl,
	};
}

void context_load(struct cpu *cpu, const struct context *context)
{
	struct cpu_state *s = &cpu->state;

	s->rip = context->rip;
	s->gpr[GPR_RSP] = context->rsp;
	s->rflags = context->rflags;
	s->seg[SEG_CS] = context->cs;
	s->seg[SEG_SS] = context->ss;
	s->cpl = context->cpl;
	cpu_mode_changed(cpu);
}

static uint64_t stack_mask(const struct cpu *cpu, const struct context *c)
{
	if (is_code64(c->cs.access_rights, cpu))
		return UINT64_MAX;
	return c->ss.access_rights & AR_DB ? UINT32_MAX : 0xffff;
}

uint64_t stack_pointer(const struct cpu *cpu, const struct context *context, uint64_t old,
		       uint64_t value)
{
	uint64_t mask = stack_mask(cpu, context);

	if (mask == 0xffff)
		return (old & ~mask) | (value & mask);
	return value & mask;
}

/* Every entry has to lie inside the stack segment by itself: a 16-bit stack wraps. */
bool cpu_stack_has_room(struct cpu *cpu, const struct context *c, unsigned n, unsigned size,
			uint32_t error)
{
	uint64_t mask = stack_mask(cpu, c);

	if (mask == UINT64_MAX)
		return (cpu_is_canonical(cpu, c->rsp - 1) &&
			cpu_is_canonical(cpu, c->rsp - (uint64_t)n * size)) ||
		       cpu_raise_error(cpu, VECTOR_SS, error);
	for (unsigned i = 1; i <= n; i++) {
		uint64_t offset = (c->rsp - (uint64_t)i * size) & mask;

		if (!segment_in_limit(&c->ss, offset, size))
			return cpu_raise_error(cpu, VECTOR_SS, error);
	}
	return true;
}

bool cpu_check_entry(struct cpu *cpu, const struct context *next, unsigned n, unsigned size,
		     uint32_t stack_error)
{
	return cpu_stack_has_room(cpu, next, n, size, stack_error) &&
	       cpu_check_rip(cpu, &next->cs, next->rip);
}

/* All are judged before the first is written: it may lie over what has led here. */
static bool write_entries(struct cpu *cpu, const struct context *c, const struct frame *frame,
			  uint64_t mask, uint32_t access)
{
	for (unsigned i = 0; i < frame->n; i++) {
		uint64_t offset = (c->rsp - (i + 1ull) * frame->size) & mask;

		if (!cpu_probe(cpu, (uint32_t)(c->ss.base + offset), frame->size,
			       access | UDV_ACCESS_WRITE))
			return false;
	}
	for (unsigned i = 0; i < frame->n; i++) {
		uint64_t offset = (c->rsp - (i + 1ull) * frame->size) & mask;

		if (!cpu_write(cpu, (uint32_t)(c->ss.base + offset), frame->size, access,
			       frame->value[i]))
			return false;
	}
	return true;
}

/* As it lies in memory: what is pushed last is lowest. */
ALWAYS_INLINE void lay_out(const struct frame *frame, unsigned size, uint8_t *bytes)
{
	for (unsigned i = 0; i < frame->n; i++)
		memcpy(bytes + (frame->n - 1 - i) * size, &frame->value[i], size);
}

/*
 * The pushes go downwards: of two pages the upper one comes first, in the log of dirty pages, too,
 * unless none of them lies in it wholly. One that lies across begins with the lower page, as any
 * access.
 */
static bool write_downwards(struct cpu *cpu, uint64_t lowest, const uint8_t *bytes, unsigned total,
			    unsigned size, uint32_t access)
{
	uint64_t boundary = (lowest | ~PAGE_MASK) + 1;
	unsigned below = (unsigned)(boundary - lowest);

	if (!is_64bit(cpu))
		boundary = (uint32_t)boundary;
	if (below + size <= total &&
	    !cpu_probe(cpu, boundary, total - below, access | UDV_ACCESS_WRITE))
		return false;
	return cpu_write_bytes(cpu, lowest, bytes, total, access);
}

static bool write_frame(struct cpu *cpu, const struct context *c, const struct frame *frame,
			uint64_t mask)
{
	unsigned total = frame->n * frame->size;
	uint64_t lowest = (c->rsp - total) & mask;
	uint32_t access = ACCESS_STACK | event_access(cpu);
	uint8_t bytes[sizeof(frame->value)];
	/* On the APIC-access page two pushes of 16 bits are not one of 32, which it would take. */
	bool told_apart = frame->size == 2 && cpu->vmx.apic_page != VMX_NO_POINTER;

	if (mask != UINT64_MAX) {
		if (lowest + total > mask)
			return write_entries(cpu, c, frame, mask, access);
		lowest = (uint32_t)(c->ss.base + lowest);
	}
	if (frame->size == 8) {
		uint8_t *host = cpu_write_hit(cpu, lowest, total, access);

		lay_out(frame, 8, host ? host : bytes);
		if (host)
			return true;
	} else {
		lay_out(frame, frame->size, bytes);
	}
	if (!told_apart && write_downwards(cpu, lowest, bytes, total, frame->size, access))
		return true;
	/* The first push that faults is the one that is reported. */
	for (unsigned i = 1; i <= frame->n; i++) {
		uint64_t slot = lowest + total - (uint64_t)i * frame->size;

		if (!cpu_probe(cpu, slot, frame->size, access | UDV_ACCESS_WRITE))
			return false;
	}
	return told_apart && write_downwards(cpu, lowest, bytes, total, frame->size, access);
}

bool cpu_enter(struct cpu *cpu, const struct context *next, const struct frame *frame,
	       uint32_t stack_error)
{
	uint64_t mask = stack_mask(cpu, next);
	struct context old;

	if (!cpu_check_entry(cpu, next, frame->n, frame->size, stack_error))
		return false;
	context_save(cpu, &old);
	context_load(cpu, next);
	if (!write_frame(cpu, next, frame, mask)) {
		context_load(cpu, &old);
		return false;
	}
	cpu->state.gpr[GPR_RSP] =
		stack_pointer(cpu, next, next->rsp, next->rsp - (uint64_t)frame->n * frame->size);
	return true;
}

bool cpu_check_rip(struct cpu *cpu, const struct arch_segment_register *cs, uint64_t rip)
{
	bool ok = is_code64(cs->access_rights, cpu) ? cpu_is_canonical(cpu, rip) : rip <= cs->limit;

	return ok || raise_gp0(cpu);
}

/* ---------------------------------------------------------------- stacks of the TSS */

static bool tss_has(struct cpu *cpu, unsigned offset, unsigned size)
{
	const struct arch_segment_register *tr = &cpu->state.seg[SEG_TR];

	return offset + size - 1 <= tr->limit || cpu_raise_selector(cpu, VECTOR_TS, tr->selector);
}

static bool tss_read(struct cpu *cpu, unsigned offset, unsigned size, uint64_t *value)
{
	uint64_t linear = cpu->state.seg[SEG_TR].base + offset;

	if (!is_long_mode(cpu))
		linear = (uint32_t)linear;
	return cpu_read(cpu, linear, size, system_access(cpu), value);
}

bool cpu_tss_stack(struct cpu *cpu, unsigned cpl, uint16_t *selector, uint64_t *sp)
{
	bool wide = cpu->state.seg[SEG_TR].access_rights & 8;
	unsigned offset = wide ? 4 + 8 * cpl : 2 + 4 * cpl;
	unsigned size = wide ? 4 : 2;
	uint64_t ss;

	if (!tss_has(cpu, offset, size + 2) || !tss_read(cpu, offset, size, sp) ||
	    !tss_read(cpu, offset + size, 2, &ss))
		return false;
	*selector = (uint16_t)ss;
	return true;
}

bool cpu_tss_rsp(struct cpu *cpu, unsigned offset, uint64_t *rsp)
{
	return tss_has(cpu, offset, 8) && tss_read(cpu, offset, 8, rsp);
}

/* IA-32e mode loads SS with a null selector. SDM Vol 3A "Stack Switching in IA-32e Mode" */
bool cpu_inner_stack(struct cpu *cpu, struct context *context, uint32_t *stack_error)
{
	struct descriptor d;
	uint16_t selector;
	uint64_t sp;

	if (is_long_mode(cpu)) {
		context->ss = (struct arch_segment_register){
			.limit = UINT32_MAX,
			.access_rights = AR_NULL | (uint32_t)context->cpl << AR_DPL_SHIFT,
			.selector = context->cpl,
		};
		*stack_error = 0;
		return cpu_tss_rsp(cpu, TSS64_RSP(context->cpl), &context->rsp);
	}
	if (!cpu_tss_stack(cpu, context->cpl, &selector, &sp) ||
	    !cpu_fetch_stack(cpu, selector, context->cpl, VECTOR_TS, &d))
		return false;
	context->ss = segment_of(&d, selector);
	context->rsp = stack_pointer(cpu, context, cpu->state.gpr[GPR_RSP], sp);
	*stack_error = ERROR_OF(selector);
	return true;
}

bool cpu_transfer_done(enum transfer result)
{
	return result != TRANSFER_FAULT;
}
