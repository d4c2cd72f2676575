/* SPDX-License-Identifier: MIT */
#include "vmx/entry.h"

#include <string.h>

#include "arch/msrs.h"
#include "base/bits.h"
#include "paging/walk.h"

/* The public face of the checks. */

_Static_assert(sizeof(struct vmx_vmcs) <= sizeof(struct udv_vmcs), "a VMCS fits");
_Static_assert(UDV_VMX_MSR_FIRST == ARCH_MSR_VMX_BASIC &&
		       UDV_VMX_MSR_FIRST + UDV_VMX_NR_MSRS - 1 == ARCH_MSR_VMX_EXIT_CTLS2,
	       "every capability MSR");
_Static_assert((int)UDV_VMENTRY_MSR == (int)VMX_CLASS_MSR, "the same classes");

#define BASIC_TRUE_CONTROLS BIT(55)

/* ---------------------------------------------------------------- a VMCS */

enum udv_status udv_vmcs_read(const struct udv_vmcs *vmcs, uint32_t encoding, uint64_t *value)
{
	int slot = vmx_field_slot(encoding);

	if (slot < 0)
		return UDV_ERR_NOT_FOUND;
	*value = vmx_value_read(vmcs->slots[slot], encoding, true);
	return UDV_OK;
}

enum udv_status udv_vmcs_write(struct udv_vmcs *vmcs, uint32_t encoding, uint64_t value)
{
	int slot = vmx_field_slot(encoding);

	if (slot < 0)
		return UDV_ERR_NOT_FOUND;
	if (value & ~vmx_field_mask(encoding))
		return UDV_ERR_ARGUMENT;
	vmcs->slots[slot] = vmx_value_write(vmcs->slots[slot], encoding, true, value);
	return UDV_OK;
}

static uint64_t little_endian(const uint8_t *bytes, unsigned size)
{
	uint64_t value = 0;

	while (size-- > 0)
		value = value << 8 | bytes[size];
	return value;
}

enum udv_status udv_vmcs_from_region(struct udv_vmcs *vmcs, const void *region, size_t size)
{
	const uint8_t *bytes = region;

	if (size < VMX_REGION_SIZE)
		return UDV_ERR_TRUNCATED;
	if ((little_endian(bytes, 4) & BITS(30, 0)) != VMX_REVISION)
		return UDV_ERR_FORMAT;
	memset(vmcs, 0, sizeof(*vmcs));
	for (unsigned i = 0; i < arch_nr_vmcs_fields; i++) {
		uint64_t value = little_endian(bytes + VMX_REGION_FIELDS + 8 * i, 8);

		vmcs->slots[i] = vmx_value_write(0, arch_vmcs_fields[i].encoding, true, value);
	}
	return UDV_OK;
}

/* ---------------------------------------------------------------- a processor */

static void take_controls(struct vmx_capabilities *c, const uint64_t *msr)
{
	bool true_controls = msr[0] & BASIC_TRUE_CONTROLS;
#define MSR(name) msr[ARCH_MSR_VMX_##name - ARCH_MSR_VMX_BASIC]

	c->controls[ARCH_GROUP_PIN] = true_controls ? MSR(TRUE_PINBASED_CTLS) : MSR(PINBASED_CTLS);
	c->controls[ARCH_GROUP_PRIMARY] =
		true_controls ? MSR(TRUE_PROCBASED_CTLS) : MSR(PROCBASED_CTLS);
	c->controls[ARCH_GROUP_EXIT] = true_controls ? MSR(TRUE_EXIT_CTLS) : MSR(EXIT_CTLS);
	c->controls[ARCH_GROUP_ENTRY] = true_controls ? MSR(TRUE_ENTRY_CTLS) : MSR(ENTRY_CTLS);
	c->controls[ARCH_GROUP_SECONDARY] = MSR(PROCBASED_CTLS2);
	c->controls[ARCH_GROUP_TERTIARY] = MSR(PROCBASED_CTLS3);
	c->controls[ARCH_GROUP_EXIT2] = MSR(EXIT_CTLS2);
	c->controls[ARCH_GROUP_VMFUNC] = MSR(VMFUNC);
}

/* Widths that no processor has must not reach shifts. */
static uint8_t clamp(uint8_t value, uint8_t low, uint8_t high)
{
	return value < low ? low : value > high ? high : value;
}

static void take_processor(struct vmx_capabilities *c, const struct udv_vmx_processor *p)
{
	const uint64_t *msr = p->msr;

	c->basic = MSR(BASIC);
	c->misc = MSR(MISC);
	c->vmcs_enum = MSR(VMCS_ENUM);
	c->cr0_fixed0 = MSR(CR0_FIXED0);
	c->cr0_fixed1 = MSR(CR0_FIXED1);
	c->cr4_fixed0 = MSR(CR4_FIXED0);
	c->cr4_fixed1 = MSR(CR4_FIXED1);
	c->ept_vpid_cap = MSR(EPT_VPID_CAP);
	take_controls(c, msr);
	c->efer_bits = p->efer_bits;
	c->debugctl_bits = p->debugctl_bits;
	c->perf_global_ctrl_bits = p->perf_global_ctrl_bits;
	c->rtit_ctl_bits = p->rtit_ctl_bits;
	c->lbr_ctl_bits = p->lbr_ctl_bits;
	c->spec_ctrl_bits = p->spec_ctrl_bits;
	c->maxphyaddr = clamp(p->maxphyaddr, 32, 52);
	c->linear_bits = clamp(p->linear_bits, 48, 57);
	c->sgx = p->features & UDV_VMX_SGX;
	c->rtm = p->features & UDV_VMX_RTM;
	c->bus_lock_debug = p->features & UDV_VMX_BUS_LOCK;
}

/* ---------------------------------------------------------------- the checks */

static bool read_through(void *opaque, uint64_t address, unsigned size, uint64_t *value)
{
	struct entry_judged *judged = opaque;

	if (judged->memory && paging_read_memory(judged->memory, address, size, value)) {
		judged->read_address = address;
		judged->read_value = *value;
		return true;
	}
	if (judged->nr_unread < ENTRY_READS)
		judged->unread_at[judged->nr_unread] = address;
	judged->nr_unread++;
	if (address < judged->unread)
		judged->unread = address;
	return false;
}

void entry_prepare(struct entry_judged *judged, const struct udv_vmentry *entry)
{
	take_processor(&judged->capabilities, entry->processor);
	judged->input = (struct vmx_check_input){
		.vmcs = entry_vmcs(entry->vmcs),
		.capabilities = &judged->capabilities,
		.vmcs_pointer = entry->vmcs_pointer,
		.efer = entry->efer,
		.tracing = entry->tracing,
		.read = read_through,
		.opaque = judged,
	};
	judged->memory = entry->memory;
	judged->msrs = entry->msrs;
	judged->nr_msrs = entry->nr_msrs;
	judged->refused_msr = entry->refused_msr;
	judged->unread = UINT64_MAX;
	judged->nr_unread = 0;
}

static bool read_msr(struct entry_judged *judged, uint32_t n, struct vmx_msr_entry *msr)
{
	uint64_t address = judged->input.vmcs->entry_msr_load_address + 16ull * n, low;

	if (judged->msrs) {
		*msr = (struct vmx_msr_entry){ .index = judged->msrs[n].index,
					       .value = judged->msrs[n].value };
		return true;
	}
	if (!read_through(judged, address, 8, &low) ||
	    !read_through(judged, address + 8, 8, &msr->value))
		return false;
	msr->index = (uint32_t)low;
	msr->reserved = (uint32_t)(low >> 32);
	return true;
}

/* What is wrong with entry @n, from 0, of the MSR list; false if it cannot be read. */
static bool judge_msr(struct entry_judged *judged, uint32_t n, struct vmx_msr_entry *msr,
		      enum vmx_check_id *id)
{
	if (!read_msr(judged, n, msr))
		return false;
	*id = vmx_check_msr(&judged->capabilities, judged->input.vmcs, msr);
	if (*id == VMX_NR_CHECKS && judged->refused_msr == n + 1)
		*id = VMX_CHECK_MSRL_06;
	return true;
}

static uint32_t nr_msrs(const struct entry_judged *judged)
{
	/* What is not aligned is not read: the entry fails before. */
	const bool aligned = !(judged->input.vmcs->entry_msr_load_address & 15);
	uint64_t count = judged->msrs ? judged->nr_msrs : judged->input.vmcs->entry_msr_load_count;
	uint32_t most = vmx_max_msr_entries(&judged->capabilities);

	if (!judged->msrs && !aligned)
		return 0;
	return count < most ? (uint32_t)count : most;
}

unsigned udv_vmentry_first(const struct udv_vmentry *entry)
{
	struct entry_judged judged;
	enum vmx_check_id id;
	struct vmx_msr_entry msr;

	entry_prepare(&judged, entry);
	id = vmx_check_first(&judged.input);
	for (uint32_t n = 0; id == VMX_NR_CHECKS && n < nr_msrs(&judged); n++)
		if (!judge_msr(&judged, n, &msr, &id))
			break;
	return id == VMX_NR_CHECKS ? UDV_VMENTRY_PASSES : id;
}

struct reporting {
	const struct udv_vmcs *vmcs;
	const struct entry_judged *judged;
	udv_vmentry_report *report;
	void *opaque;
	unsigned nr;
};

/* Rules about what they have just read. */
static bool is_about_memory(enum vmx_check_id id)
{
	return id == VMX_CHECK_EXEC_06 || id == VMX_CHECK_LINK_02 || id == VMX_CHECK_LINK_03 ||
	       id == VMX_CHECK_PDPTE_02;
}

static void report_check(void *opaque, enum vmx_check_id id, uint32_t field)
{
	struct reporting *r = opaque;
	struct udv_vmentry_finding finding = { .rule = id, .field = field };

	udv_vmcs_read(r->vmcs, field, &finding.value);
	if (is_about_memory(id)) {
		finding.in_memory = true;
		finding.address = r->judged->read_address;
		finding.read = r->judged->read_value;
	}
	r->nr++;
	r->report(r->opaque, &finding);
}

static void report_msrs(struct entry_judged *judged, struct reporting *r)
{
	struct vmx_msr_entry msr;
	enum vmx_check_id id;

	for (uint32_t n = 0; n < nr_msrs(judged) && judge_msr(judged, n, &msr, &id); n++) {
		struct udv_vmentry_finding finding = {
			.rule = id,
			.field = ARCH_VMCS_ENTRY_MSR_LOAD_ADDRESS,
			.value = msr.value,
			.msr_entry = n + 1,
			.msr = msr.index,
		};

		if (id == VMX_NR_CHECKS)
			continue;
		r->nr++;
		r->report(r->opaque, &finding);
	}
}

unsigned udv_vmentry_check(const struct udv_vmentry *entry, udv_vmentry_report *report,
			   void *opaque, uint64_t *unread)
{
	struct entry_judged judged;
	struct reporting r = {
		.vmcs = entry->vmcs, .judged = &judged, .report = report, .opaque = opaque
	};

	entry_prepare(&judged, entry);
	vmx_check_all(&judged.input, report_check, &r);
	report_msrs(&judged, &r);
	if (unread)
		*unread = judged.unread;
	return r.nr;
}

/* ---------------------------------------------------------------- words */

enum udv_status udv_vmentry_rule(unsigned index, struct udv_vmentry_rule *rule)
{
	const struct vmx_check_row *row;

	if (index >= VMX_NR_CHECKS)
		return UDV_ERR_NOT_FOUND;
	row = &vmx_check_rows[index];
	*rule = (struct udv_vmentry_rule){
		.id = row->id,
		.class = (enum udv_vmentry_class)row->class,
		.section = row->section,
		.field = row->field,
		.rule = row->rule,
	};
	return UDV_OK;
}

const char *udv_vmentry_class_text(enum udv_vmentry_class class)
{
	static const char *const texts[] = {
		[UDV_VMENTRY_CONTROL] = "VMfailValid, VM-instruction error 7",
		[UDV_VMENTRY_HOST] = "VMfailValid, VM-instruction error 8",
		[UDV_VMENTRY_GUEST] = "VM-entry failure, exit reason 33, qualification 0",
		[UDV_VMENTRY_PDPTE] = "VM-entry failure, exit reason 33, qualification 2",
		[UDV_VMENTRY_NMI] = "VM-entry failure, exit reason 33, qualification 3",
		[UDV_VMENTRY_LINK] = "VM-entry failure, exit reason 33, qualification 4",
		[UDV_VMENTRY_MSR] = "VM-entry failure, exit reason 34",
	};

	return (unsigned)class <= UDV_VMENTRY_MSR ? texts[class] : "";
}
