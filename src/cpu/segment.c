/* SPDX-License-Identifier: MIT */
#include "cpu/segment.h"

#include "cpu/control.h"

/* ---------------------------------------------------------------- pure */

void descriptor_parse(struct descriptor *d)
{
	uint64_t low = d->low;

	d->ar = (uint32_t)(low >> 40) & 0xf0ffu;
	d->base = (low >> 16 & 0xffffff) | (low >> 56) << 24;
	d->limit = (uint32_t)((low & 0xffff) | (low >> 32 & 0xf0000));
	if (d->ar & AR_G)
		d->limit = d->limit << 12 | 0xfff;
}

struct gate gate_parse(uint64_t low, uint64_t high, bool long_mode)
{
	struct gate g = {
		.offset = (low & 0xffff) | (low >> 48) << 16,
		.selector = (uint16_t)(low >> 16),
		.type = low >> 40 & 0xf,
		.dpl = low >> 45 & 3,
		.system = !(low >> 44 & 1),
		.present = low >> 47 & 1,
	};

	if (long_mode) {
		g.offset |= high << 32;
		g.ist = low >> 32 & 7;
		return g;
	}
	g.parameters = low >> 32 & 0x1f;
	if (!(g.type & 8)) /* 16-bit gates have no upper half */
		g.offset &= 0xffff;
	return g;
}

/*
 * With a limit of 4 GB an access that wraps is allowed, as it is on the way without limit checks.
 * SDM Vol 3A "Limit Checking"
 */
bool segment_in_limit(const struct arch_segment_register *segment, uint64_t offset, unsigned size)
{
	uint64_t last = offset + size - 1;
	uint32_t ar = segment->access_rights;

	if ((ar & (AR_S | AR_CODE | AR_EXPAND_DOWN)) != (AR_S | AR_EXPAND_DOWN))
		return last <= segment->limit || segment->limit == UINT32_MAX;
	return offset > segment->limit && last <= (ar & AR_DB ? UINT32_MAX : 0xffff);
}

bool segment_data_loadable(uint32_t ar, unsigned cpl, unsigned rpl)
{
	if (!ar_is_readable(ar))
		return false;
	return ar_is_conforming(ar) || (AR_DPL_OF(ar) >= cpl && AR_DPL_OF(ar) >= rpl);
}

bool segment_stack_loadable(uint32_t ar, unsigned cpl, unsigned rpl)
{
	return ar_is_writable_data(ar) && rpl == cpl && AR_DPL_OF(ar) == cpl;
}

bool segment_code_reachable(uint32_t ar, unsigned cpl, unsigned rpl)
{
	if (!ar_is_code(ar))
		return false;
	if (ar_is_conforming(ar))
		return AR_DPL_OF(ar) <= cpl;
	return rpl <= cpl && AR_DPL_OF(ar) == cpl;
}

/* ---------------------------------------------------------------- descriptors */

bool cpu_raise_selector(struct cpu *cpu, unsigned vector, unsigned selector)
{
	return cpu_raise_error(cpu, vector, ERROR_OF(selector));
}

/* The last byte of what @selector names, counted from its table; false if that is outside. */
static bool in_table(const struct cpu *cpu, uint16_t selector, unsigned size, uint64_t *linear)
{
	const struct arch_segment_register *ldtr = &cpu->state.seg[SEG_LDTR];
	uint32_t offset = selector & 0xfff8u;
	uint64_t base = cpu->state.gdtr.base;
	uint32_t limit = cpu->state.gdtr.limit;

	if (selector & SELECTOR_TI) {
		if (ldtr->access_rights & AR_UNUSABLE)
			return false;
		base = ldtr->base;
		limit = ldtr->limit;
	}
	*linear = base + offset;
	if (!is_long_mode(cpu))
		*linear = (uint32_t)*linear;
	return offset + size - 1 <= limit;
}

bool cpu_find_descriptor(struct cpu *cpu, uint16_t selector, struct descriptor *d, bool *found)
{
	d->selector = selector;
	d->high = 0;
	*found = !SELECTOR_IS_NULL(selector) && in_table(cpu, selector, 8, &d->linear);
	if (!*found)
		return true;
	if (!cpu_read(cpu, d->linear, 8, system_access(cpu), &d->low))
		return false;
	descriptor_parse(d);
	return true;
}

bool cpu_fetch_descriptor(struct cpu *cpu, uint16_t selector, unsigned vector, struct descriptor *d)
{
	bool found;

	if (!cpu_find_descriptor(cpu, selector, d, &found))
		return false;
	return found || cpu_raise_selector(cpu, vector, selector);
}

/* The upper half must have a type of 0. SDM Vol 3A "Segment Descriptor Tables in IA-32e Mode" */
bool cpu_fetch_wide(struct cpu *cpu, unsigned vector, struct descriptor *d)
{
	uint64_t linear;

	if (!is_long_mode(cpu))
		return true;
	if (!in_table(cpu, d->selector, 16, &linear))
		return cpu_raise_selector(cpu, vector, d->selector);
	if (!cpu_read(cpu, d->linear + 8, 8, system_access(cpu), &d->high))
		return false;
	if (d->high >> 40 & 0x1f)
		return cpu_raise_selector(cpu, vector, d->selector);
	d->base |= d->high << 32;
	return true;
}

/* One bit of a descriptor's byte 5, by a read-modify-write as the locked one of the manual. */
static bool change_type(struct cpu *cpu, uint64_t linear, uint8_t clear, uint8_t set)
{
	if (!cpu_rmw_begin(cpu, linear + 5, 1, system_access(cpu)))
		return false;
	cpu_rmw_commit(cpu, (cpu->slow_value & (uint8_t)~clear) | set);
	return true;
}

bool cpu_mark_accessed(struct cpu *cpu, struct descriptor *d)
{
	if (d->ar & AR_ACCESSED)
		return true;
	if (!change_type(cpu, d->linear, 0, AR_ACCESSED))
		return false;
	d->ar |= AR_ACCESSED;
	return true;
}

bool cpu_mark_busy(struct cpu *cpu, uint64_t linear, bool busy)
{
	return change_type(cpu, linear, busy ? 0 : SYS_BUSY, busy ? SYS_BUSY : 0);
}

/* ---------------------------------------------------------------- registers */

void cpu_set_segment(struct cpu *cpu, unsigned segment, uint16_t selector,
		     const struct descriptor *d)
{
	cpu->state.seg[segment] = (struct arch_segment_register){
		.base = d->base, .limit = d->limit, .access_rights = d->ar, .selector = selector
	};
}

/* SS keeps the privilege level in its DPL: a VM exit finds it there. */
void cpu_set_null(struct cpu *cpu, unsigned segment, uint16_t selector)
{
	uint32_t dpl = segment == SEG_SS ? (uint32_t)cpu->state.cpl << AR_DPL_SHIFT : 0;

	cpu->state.seg[segment] = (struct arch_segment_register){ .limit = UINT32_MAX,
								  .access_rights = AR_NULL | dpl,
								  .selector = selector };
}

/* Limit and attributes stay, so that "big real mode" works. */
void cpu_set_real(struct cpu *cpu, unsigned segment, uint16_t selector)
{
	struct arch_segment_register *s = &cpu->state.seg[segment];

	if (s->access_rights & AR_UNUSABLE)
		s->access_rights = AR_P | AR_S | AR_WRITABLE | AR_ACCESSED;
	s->selector = selector;
	s->base = (uint64_t)selector << 4;
}

void cpu_set_v86(struct cpu *cpu, unsigned segment, uint16_t selector)
{
	cpu->state.seg[segment] = (struct arch_segment_register){ .base = (uint64_t)selector << 4,
								  .limit = 0xffff,
								  .access_rights = AR_V86,
								  .selector = selector };
}

static bool load_null(struct cpu *cpu, unsigned segment, uint16_t selector)
{
	if (segment == SEG_SS &&
	    (!is_64bit(cpu) || cpu->state.cpl == 3 || SELECTOR_RPL(selector) != cpu->state.cpl))
		return raise_gp0(cpu);
	cpu_set_null(cpu, segment, selector);
	return true;
}

bool cpu_load_segment_quiet(struct cpu *cpu, unsigned segment, uint16_t selector)
{
	unsigned cpl = cpu->state.cpl;
	unsigned rpl = SELECTOR_RPL(selector);
	bool stack = segment == SEG_SS;
	struct descriptor d;

	if (!is_protected(cpu)) {
		if (is_v86(cpu))
			cpu_set_v86(cpu, segment, selector);
		else
			cpu_set_real(cpu, segment, selector);
		return true;
	}
	if (SELECTOR_IS_NULL(selector))
		return load_null(cpu, segment, selector);
	if (!cpu_fetch_descriptor(cpu, selector, VECTOR_GP, &d))
		return false;
	if (!(stack ? segment_stack_loadable(d.ar, cpl, rpl)
		    : segment_data_loadable(d.ar, cpl, rpl)))
		return cpu_raise_selector(cpu, VECTOR_GP, selector);
	if (!(d.ar & AR_P))
		return cpu_raise_selector(cpu, stack ? VECTOR_SS : VECTOR_NP, selector);
	if (!cpu_mark_accessed(cpu, &d))
		return false;
	cpu_set_segment(cpu, segment, selector, &d);
	return true;
}

bool cpu_load_segment(struct cpu *cpu, unsigned segment, uint16_t selector)
{
	if (!cpu_load_segment_quiet(cpu, segment, selector))
		return false;
	if (segment == SEG_SS) {
		cpu->state.interruptibility |= BLOCKING_MOV_SS;
		cpu->attention |= ATTENTION_EVENT;
	}
	cpu_mode_changed(cpu);
	return true;
}

bool cpu_fetch_stack(struct cpu *cpu, uint16_t selector, unsigned cpl, unsigned vector,
		     struct descriptor *d)
{
	if (SELECTOR_IS_NULL(selector))
		return cpu_raise_error(cpu, vector, 0);
	if (!cpu_fetch_descriptor(cpu, selector, vector, d))
		return false;
	if (!segment_stack_loadable(d->ar, cpl, SELECTOR_RPL(selector)))
		return cpu_raise_selector(cpu, vector, selector);
	if (!(d->ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_SS, selector);
	return cpu_mark_accessed(cpu, d);
}

/* The base stays in force for 64-bit code, which looks at nothing else of FS and GS. */
void cpu_drop_segments(struct cpu *cpu, unsigned cpl)
{
	static const uint8_t data[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };

	for (unsigned i = 0; i < sizeof(data); i++) {
		struct arch_segment_register *s = &cpu->state.seg[data[i]];
		uint32_t ar = s->access_rights;

		if (!(ar & AR_UNUSABLE) && (ar_is_conforming(ar) || AR_DPL_OF(ar) >= cpl))
			continue;
		s->selector = 0;
		s->access_rights |= AR_UNUSABLE;
	}
}
