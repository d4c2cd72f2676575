/* SPDX-License-Identifier: MIT */
#include "cpu/segment.h"

static bool refuse(struct cpu *cpu, unsigned segment, uint32_t access)
{
	bool stack = segment == SEG_SS || access & ACCESS_STACK;

	return cpu_raise_error(cpu, stack ? VECTOR_SS : VECTOR_GP, 0);
}

/* Real and virtual-8086 mode know no types: all segments can be read, written and fetched from. */
static bool type_allows(const struct cpu *cpu, uint32_t ar, uint32_t access)
{
	if (!is_protected(cpu))
		return true;
	if (ar & AR_UNUSABLE)
		return false;
	if (access & UDV_ACCESS_FETCH)
		return ar_is_code(ar);
	if (access & UDV_ACCESS_WRITE)
		return ar_is_writable_data(ar);
	return ar_is_readable(ar);
}

/* SDM Vol 3A "Limit Checking", "Type Checking"; Vol 1 "Canonical Addressing" */
bool cpu_segment_linear(struct cpu *cpu, unsigned segment, uint64_t offset, unsigned size,
			uint32_t access, uint64_t *linear)
{
	const struct arch_segment_register *s = &cpu->state.seg[segment];

	if (is_64bit(cpu)) {
		*linear = offset + cpu->segment_base[segment];
		if (!cpu_is_canonical(cpu, *linear) || !cpu_is_canonical(cpu, *linear + size - 1))
			return refuse(cpu, segment, access);
		return true;
	}
	if (!type_allows(cpu, s->access_rights, access) || !segment_in_limit(s, offset, size))
		return refuse(cpu, segment, access);
	*linear = (uint32_t)(s->base + offset);
	return true;
}
