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

/* IA32_VMX_BASIC[48]: addresses in the VMCS have 32 bits, however wide the processor's are. */
static inline uint64_t beyond_width(const struct checker *k)
{
	return bits_from(k->c->basic & BIT(48) ? 32 : k->c->maxphyaddr);
}

/* An address whose low @bits bits are 0 and that the processor has. */
static inline bool address_ok(const struct checker *k, uint64_t address, unsigned bits)
{
	return !(address & (beyond_width(k) | (BIT(bits) - 1)));
}

/* Bits of CR3 that must be 0. With LAM its two bits may be 1. SDM "Linear-Address Masking" */
static inline uint64_t cr3_reserved(const struct checker *k)
{
	uint64_t lam = k->c->cr4_fixed1 & CR4_LAM_SUP ? CR3_LAM_U48 | CR3_LAM_U57 : 0;

	return bits_from(k->c->maxphyaddr) & ~lam;
}

/* Memory at @address, if it is there to be read: without it a check is not made. */
static inline bool read_memory(const struct checker *k, uint64_t address, unsigned size,
			       uint64_t *value)
{
	return k->input->read && k->input->read(k->input->opaque, address, size, value);
}

static inline bool canonical(uint64_t address, unsigned width)
{
	return canonical_of(address, width) == address;
}

/* As wide as the processor's linear addresses, whatever CR4.LA57 is. */
static inline bool canonical_here(const struct checker *k, uint64_t address)
{
	return canonical(address, k->c->linear_bits);
}

/* IA32_S_CET and its like: SDM Vol 1 "CET MSRs" */
static inline bool cet_ok(const struct checker *k, uint64_t cet)
{
	return !(cet & BITS(9, 6)) && (~cet & BITS(11, 10)) &&
	       canonical_here(k, cet & ~BITS(11, 0));
}

/* IA32_FRED_CONFIG, IA32_FRED_RSP1..3, IA32_FRED_SSP1..3 */
static inline bool fred_config_ok(const struct checker *k, uint64_t config)
{
	return !(config & (BIT(2) | BITS(5, 4) | BIT(11))) &&
	       canonical_here(k, config & ~BITS(11, 0));
}

static inline bool fred_pointer_ok(const struct checker *k, uint64_t pointer, unsigned bits)
{
	return !(pointer & (BIT(bits) - 1)) && canonical_here(k, pointer);
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
