/* SPDX-License-Identifier: MIT */
#ifndef UDV_VMX_CHECK_H
#define UDV_VMX_CHECK_H

#include "arch/system_bits.h"
#include "base/bits.h"
#include "vmx/checks.h"

/* What the files with the checks share. */

struct checker {
	const struct vmx_check_input *input;
	const struct vmx_vmcs *v;
	const struct vmx_capabilities *c;
	/* controls that are not used count as 0 */
	uint64_t pin, primary, secondary, tertiary, exit, exit2, entry;
	bool ept, unrestricted, ia32e_guest, host64, v86;
	bool first_only;
	enum vmx_check_id first;
	vmx_check_report *report;
	void *opaque;
};

/* @holds, or check @id fails by @field. */
static inline void must(struct checker *k, bool holds, enum vmx_check_id id, uint32_t field)
{
	if (__builtin_expect(holds, 1))
		return;
	if (k->first == VMX_NR_CHECKS)
		k->first = id;
	if (!k->first_only)
		k->report(k->opaque, id, field);
}
#define MUST(holds, id) must(k, holds, VMX_CHECK_##id, vmx_check_rows[VMX_CHECK_##id].field)
#define MUST_FIELD(holds, id, name) must(k, holds, VMX_CHECK_##id, ARCH_VMCS_##name)

static inline bool found(const struct checker *k)
{
	return k->first_only && k->first != VMX_NR_CHECKS;
}

#define HAS(word, group, control) (((word) >> ARCH_##group##_##control) & 1)
#define PIN(control) HAS(k->pin, PIN, control)
#define PRIMARY(control) HAS(k->primary, PRIMARY, control)
#define SECONDARY(control) HAS(k->secondary, SECONDARY, control)
#define TERTIARY(control) HAS(k->tertiary, TERTIARY, control)
#define EXIT(control) HAS(k->exit, EXIT, control)
#define ENTRY(control) HAS(k->entry, ENTRY, control)

/* An address whose low @bits bits are 0 and that the processor has. */
static inline bool address_ok(const struct checker *k, uint64_t address, unsigned bits)
{
	return !(address & (bits_from(k->c->maxphyaddr) | (BIT(bits) - 1)));
}

static inline bool canonical(uint64_t address, unsigned width)
{
	unsigned shift = 64 - width;

	return (uint64_t)((int64_t)(address << shift) >> shift) == address;
}

/* As wide as the processor's linear addresses, whatever CR4.LA57 is. */
static inline bool canonical_here(const struct checker *k, uint64_t address)
{
	return canonical(address, k->c->linear_bits);
}

static inline bool pat_ok(uint64_t pat)
{
	for (unsigned i = 0; i < 8; i++) {
		unsigned type = pat >> 8 * i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

void check_controls(struct checker *k);
void check_host(struct checker *k);
void check_guest_registers(struct checker *k);
void check_guest_segments(struct checker *k);
void check_guest_rest(struct checker *k);

#endif
