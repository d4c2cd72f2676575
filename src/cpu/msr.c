/* SPDX-License-Identifier: MIT */
#include "cpu/msr.h"

#include <stddef.h>
#include <string.h>

#include "arch/msrs.h"
#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/handler.h"

/*
 * Model-specific registers: one row an MSR, sorted by index. A row's functions see only indices
 * whose feature is there. SDM Vol 4 "Architectural MSRs"
 */
struct msr_row {
	uint32_t index;
	uint8_t feature; /* enum arch_feature it comes with */
	uint16_t offset; /* of its 64 bits in struct cpu_state, if it is plain storage */
	uint64_t mask;	 /* writable bits; of a constant: its value */
	uint64_t (*read)(const struct cpu *cpu, const struct msr_row *row); /* NULL: #GP(0) */
	bool (*write)(struct cpu *cpu, const struct msr_row *row, uint64_t value); /* the same */
};

/* MSRs of one model or another that guests touch and that have no name in arch/msrs.h */
enum {
	MSR_PLATFORM_ID = 0x17,
	MSR_TEST_CTRL = 0x33,
	MSR_PRED_CMD = 0x49,
	MSR_BIOS_UPDT_TRIG = 0x79,
	MSR_PLATFORM_INFO = 0xce,
	MSR_PKG_CST_CONFIG_CONTROL = 0xe2,
	MSR_MISC_FEATURES_ENABLES = 0x140,
	MSR_MCG_CAP = 0x179,
	MSR_MCG_STATUS = 0x17a,
	MSR_THERM_INTERRUPT = 0x19b,
	MSR_PACKAGE_THERM_INTERRUPT = 0x1b2,
	MSR_MTRR_PHYSBASE0 = 0x200,
	MSR_MTRR_FIX64K = 0x250,
	MSR_MTRR_FIX16K = 0x258,
	MSR_MTRR_FIX4K = 0x268,
	MSR_X2APIC_FIRST = 0x800,
	MSR_X2APIC_LAST = 0x8ff,
	/* of AMD's performance counters, which every processor of theirs has: 4 events, 4 counts */
	MSR_AMD_COUNTERS = 0xc0010000,
};

#define MTRRCAP_VALUE (8 | BIT(8) | BIT(10)) /* 8 variable ranges, fixed ones, WC */

/*
 * Nothing is executed speculatively, so nothing leaks by it: RDCL_NO, SKIP_L1DFL_VMENTRY, SSB_NO,
 * MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO, GDS_NO,
 * RFDS_NO, ITS_NO.
 */
#define ARCH_CAPABILITIES_IMMUNE                                                                   \
	(BIT(0) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(13) | BIT(14) | BIT(15) |       \
	 BIT(20) | BIT(24) | BIT(26) | BIT(27) | BIT(62))
#define ARCH_CAPABILITIES_IBRS_ALL BIT(1)

#define MISC_ENABLE_READ_ONLY (BIT(7) | MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE)
#define MISC_ENABLE_ANY_MODEL (MISC_ENABLE_FAST_STRINGS | BIT(3) | BIT(16) | BIT(23))

bool cpu_is_canonical_msr(const struct cpu *cpu, uint64_t address)
{
	return canonical_of(address, cpu->config->linear_bits) == address;
}

uint64_t cpu_tsc(const struct cpu *cpu)
{
	uint64_t own = cpu_ticks(cpu);
	uint64_t ticks = cpu->ops.ticks ? cpu->ops.ticks(cpu->ops.opaque, own) : own;

	return ticks + cpu->state.tsc_offset;
}

uint64_t cpu_apic_base(const struct cpu *cpu)
{
	uint64_t value = 0;

	if (!cpu->ops.read_msr || !cpu->ops.read_msr(cpu->ops.opaque, MSR_INDEX_APIC_BASE, &value))
		return 0;
	return value;
}

uint64_t cpu_efer_writable(const struct cpu *cpu)
{
	uint64_t bits = 0;

	if (has_feature(cpu, FEATURE_SYSCALL))
		bits |= EFER_SCE;
	if (has_feature(cpu, FEATURE_LM))
		bits |= EFER_LME;
	if (has_feature(cpu, FEATURE_NX) && !(cpu->state.misc_enable & MISC_ENABLE_XD_DISABLE))
		bits |= EFER_NXE;
	return bits;
}

uint64_t cpu_misc_enable_reset(const struct cpu *cpu)
{
	uint64_t value = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_BTS_UNAVAILABLE |
			 MISC_ENABLE_PEBS_UNAVAILABLE;

	return has_feature(cpu, FEATURE_MONITOR) ? value | MISC_ENABLE_MONITOR : value;
}

/* ---------------------------------------------------------------- plain storage */

static uint64_t *storage(struct cpu *cpu, const struct msr_row *row)
{
	return (uint64_t *)(void *)((char *)&cpu->state + row->offset);
}

static uint64_t read_stored(const struct cpu *cpu, const struct msr_row *row)
{
	uint64_t value;

	memcpy(&value, (const char *)&cpu->state + row->offset, sizeof(value));
	return value;
}

static bool write_stored(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	if (value & ~row->mask)
		return false;
	*storage(cpu, row) = value;
	return true;
}

static bool write_canonical(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	if (!cpu_is_canonical_msr(cpu, value))
		return false;
	*storage(cpu, row) = value;
	return true;
}

/* Keeps what it has room for. */
static bool write_truncated(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	*storage(cpu, row) = value & row->mask;
	return true;
}

static uint64_t read_constant(const struct cpu *cpu, const struct msr_row *row)
{
	(void)cpu;
	return row->mask;
}

/* May be written back, and no more: nothing in it can be switched. */
static bool write_constant(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	(void)cpu;
	return value == row->mask;
}

static bool write_nothing(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	(void)cpu;
	(void)row;
	(void)value;
	return true;
}

/* Commands: bits that may be 1, and have nothing to do here. */
static bool write_command(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	(void)cpu;
	return !(value & ~row->mask);
}

/* ---------------------------------------------------------------- time */

static uint64_t read_tsc(const struct cpu *cpu, const struct msr_row *row)
{
	(void)row;
	return cpu_tsc(cpu);
}

static void tell_tsc_changed(struct cpu *cpu)
{
	if (cpu->ops.tsc_changed)
		cpu->ops.tsc_changed(cpu->ops.opaque);
}

/* What is added to the TSC is added to IA32_TSC_ADJUST. SDM Vol 3B "Time-Stamp Counter Adjustment"
 */
static bool write_tsc(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	uint64_t delta = value - cpu_tsc(cpu);

	(void)row;
	cpu->state.tsc_offset += delta;
	cpu->state.tsc_adjust += delta;
	tell_tsc_changed(cpu);
	return true;
}

static bool write_tsc_adjust(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	(void)row;
	cpu->state.tsc_offset += value - cpu->state.tsc_adjust;
	cpu->state.tsc_adjust = value;
	tell_tsc_changed(cpu);
	return true;
}

static uint64_t read_platform_info(const struct cpu *cpu, const struct msr_row *row)
{
	uint64_t ratio = cpu->config->tsc_khz / 100000 & 0xff; /* of 100 MHz */

	(void)row;
	return ratio << 8 | ratio << 40;
}

/* ---------------------------------------------------------------- modes */

/* LMA is read-only: what is written there is ignored. */
static bool write_efer(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	uint64_t changed = value ^ cpu->state.efer;

	(void)row;
	if (value & ~(cpu_efer_writable(cpu) | EFER_LMA))
		return false;
	if (changed & EFER_LME && cpu->state.cr0 & CR0_PG)
		return false;
	cpu->state.efer = (value & ~EFER_LMA) | (cpu->state.efer & EFER_LMA);
	if (changed & EFER_NXE)
		cpu_paging_changed(cpu);
	cpu_mode_changed(cpu);
	trace_event(cpu, CPU_TRACE_MODE, cpu->state.cr0, cpu->state.cr4, cpu->state.efer);
	return true;
}

static bool write_misc_enable(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	uint64_t writable = MISC_ENABLE_ANY_MODEL | MISC_ENABLE_LIMIT_CPUID;
	uint64_t was = cpu->state.misc_enable;

	(void)row;
	if (has_feature(cpu, FEATURE_MONITOR))
		writable |= MISC_ENABLE_MONITOR;
	if (has_feature(cpu, FEATURE_NX))
		writable |= MISC_ENABLE_XD_DISABLE;
	if (value & ~(writable | MISC_ENABLE_READ_ONLY))
		return false;
	cpu->state.misc_enable = (value & writable) | (was & ~writable);
	if (value & MISC_ENABLE_XD_DISABLE && cpu->state.efer & EFER_NXE) {
		cpu->state.efer &= ~EFER_NXE;
		cpu_paging_changed(cpu);
		cpu_mode_changed(cpu);
	}
	return true;
}

static bool write_base(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	if (!write_canonical(cpu, row, value))
		return false;
	cpu_mode_changed(cpu);
	return true;
}

static uint64_t read_pkrs(const struct cpu *cpu, const struct msr_row *row)
{
	(void)row;
	return cpu->state.pkrs;
}

static bool write_pkrs(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	(void)row;
	if (value >> 32)
		return false;
	if (cpu->state.pkrs != value) {
		cpu->state.pkrs = (uint32_t)value;
		cpu_paging_changed(cpu);
	}
	return true;
}

static bool write_feature_control(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	if (cpu->state.feature_control & FEATURE_CONTROL_LOCK)
		return false;
	return write_stored(cpu, row, value);
}

static uint64_t read_arch_capabilities(const struct cpu *cpu, const struct msr_row *row)
{
	if (has_feature(cpu, FEATURE_SPEC_CTRL))
		return row->mask | ARCH_CAPABILITIES_IBRS_ALL;
	return row->mask;
}

static uint64_t read_vmx_capability(const struct cpu *cpu, const struct msr_row *row)
{
	return vmx_capability_msr(&cpu->vmx.capabilities, row->index);
}

/* ---------------------------------------------------------------- memory types */

/* Bit n: n is a memory type. SDM Vol 3A "Memory Ordering", table "Memory Types That Can Be Encoded"
 */
#define MTRR_TYPES (1u << 0 | 1u << 1 | 1u << 4 | 1u << 5 | 1u << 6)
#define PAT_TYPES (MTRR_TYPES | 1u << 7)

static bool types_valid(uint64_t value, unsigned nr_bytes, unsigned types)
{
	for (unsigned i = 0; i < nr_bytes; i++) {
		unsigned type = value >> 8 * i & 0xff;

		if (type > 7 || !(types >> type & 1))
			return false;
	}
	return true;
}

static bool write_pat(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	return types_valid(value, 8, PAT_TYPES) && write_stored(cpu, row, value);
}

static bool write_mtrr_fixed(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	return types_valid(value, 8, MTRR_TYPES) && write_stored(cpu, row, value);
}

static bool write_mtrr_def_type(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	return types_valid(value, 1, MTRR_TYPES) && write_stored(cpu, row, value);
}

static bool write_mtrr_base(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	return types_valid(value, 1, MTRR_TYPES) && !(value & bits_from(cpu->config->maxphyaddr)) &&
	       write_stored(cpu, row, value);
}

static bool write_mtrr_mask(struct cpu *cpu, const struct msr_row *row, uint64_t value)
{
	return !(value & bits_from(cpu->config->maxphyaddr)) && write_stored(cpu, row, value);
}

/* ---------------------------------------------------------------- the table */

#define IN_STATE(member) ((uint16_t)offsetof(struct cpu_state, member))
#define ANY (~0ull)

/* clang-format off */
#define STORED(number, needs, member, bits) \
	{ number, FEATURE_##needs, IN_STATE(member), bits, read_stored, write_stored }
#define CHECKED(number, needs, member, bits, check) \
	{ number, FEATURE_##needs, IN_STATE(member), bits, read_stored, check }
#define ADDRESS(number, needs, member) \
	CHECKED(number, needs, member, ANY, write_canonical)
#define FUNCTION(number, needs, reader, writer) \
	{ number, FEATURE_##needs, 0, 0, reader, writer }
#define READ_ONLY(number, needs, value) \
	{ number, FEATURE_##needs, 0, value, read_constant, NULL }
#define CONSTANT(number, needs, value) \
	{ number, FEATURE_##needs, 0, value, read_constant, write_constant }
#define IGNORED(number, needs, value) \
	{ number, FEATURE_##needs, 0, value, read_constant, write_nothing }
#define COMMAND(number, needs, bits) \
	{ number, FEATURE_##needs, 0, bits, NULL, write_command }
#define FIXED(number, i) \
	CHECKED(number, MTRR, mtrr.fixed[i], ANY, write_mtrr_fixed)
#define AMD_COUNTERS(i) /* nothing is counted */ \
	IGNORED(MSR_AMD_COUNTERS + 2 * (i), ALWAYS, 0), \
	IGNORED(MSR_AMD_COUNTERS + 2 * (i) + 1, ALWAYS, 0)
#define VARIABLE(i) \
	CHECKED(MSR_MTRR_PHYSBASE0 + 2 * (i), MTRR, mtrr.base[i], ~BITS(11, 8), write_mtrr_base), \
	CHECKED(MSR_MTRR_PHYSBASE0 + 2 * (i) + 1, MTRR, mtrr.mask[i], ~BITS(10, 0), write_mtrr_mask)

static const struct msr_row rows[] = {
	FUNCTION(ARCH_MSR_TIME_STAMP_COUNTER, TSC, read_tsc, write_tsc),
	READ_ONLY(MSR_PLATFORM_ID, ALWAYS, 0),
	CONSTANT(MSR_TEST_CTRL, ALWAYS, 0),
	CHECKED(ARCH_MSR_FEATURE_CONTROL, ALWAYS, feature_control, BITS(2, 0),
		write_feature_control),
	CHECKED(ARCH_MSR_TSC_ADJUST, TSC_ADJUST, tsc_adjust, ANY, write_tsc_adjust),
	STORED(ARCH_MSR_SPEC_CTRL, SPEC_CTRL, spec_ctrl, BITS(1, 0)),
	COMMAND(MSR_PRED_CMD, SPEC_CTRL, BIT(0)),
	COMMAND(MSR_BIOS_UPDT_TRIG, ALWAYS, ANY),
	STORED(ARCH_MSR_BIOS_SIGN_ID, ALWAYS, bios_sign_id, ANY),
	FUNCTION(MSR_PLATFORM_INFO, ALWAYS, read_platform_info, NULL),
	CONSTANT(MSR_PKG_CST_CONFIG_CONTROL, ALWAYS, 0),
	READ_ONLY(ARCH_MSR_MTRRCAP, MTRR, MTRRCAP_VALUE),
	{ ARCH_MSR_ARCH_CAPABILITIES, FEATURE_ARCH_CAPABILITIES, 0, ARCH_CAPABILITIES_IMMUNE,
	  read_arch_capabilities, NULL },
	CONSTANT(MSR_MISC_FEATURES_ENABLES, ALWAYS, 0),
	CHECKED(ARCH_MSR_SYSENTER_CS, SEP, sysenter_cs, BITS(31, 0), write_truncated),
	ADDRESS(ARCH_MSR_SYSENTER_ESP, SEP, sysenter_esp),
	ADDRESS(ARCH_MSR_SYSENTER_EIP, SEP, sysenter_eip),
	READ_ONLY(MSR_MCG_CAP, MCA, 0), /* no banks */
	CONSTANT(MSR_MCG_STATUS, MCA, 0),
	IGNORED(MSR_THERM_INTERRUPT, ALWAYS, 0),
	CHECKED(ARCH_MSR_MISC_ENABLE, ALWAYS, misc_enable, 0, write_misc_enable),
	IGNORED(MSR_PACKAGE_THERM_INTERRUPT, ALWAYS, 0),
	STORED(ARCH_MSR_DEBUGCTL, ALWAYS, debugctl, DEBUGCTL_WRITABLE),
	VARIABLE(0), VARIABLE(1), VARIABLE(2), VARIABLE(3),
	VARIABLE(4), VARIABLE(5), VARIABLE(6), VARIABLE(7),
	FIXED(MSR_MTRR_FIX64K, 0),
	FIXED(MSR_MTRR_FIX16K, 1), FIXED(MSR_MTRR_FIX16K + 1, 2),
	FIXED(MSR_MTRR_FIX4K, 3), FIXED(MSR_MTRR_FIX4K + 1, 4),
	FIXED(MSR_MTRR_FIX4K + 2, 5), FIXED(MSR_MTRR_FIX4K + 3, 6),
	FIXED(MSR_MTRR_FIX4K + 4, 7), FIXED(MSR_MTRR_FIX4K + 5, 8),
	FIXED(MSR_MTRR_FIX4K + 6, 9), FIXED(MSR_MTRR_FIX4K + 7, 10),
	CHECKED(ARCH_MSR_PAT, PAT, pat, ANY, write_pat),
	CHECKED(ARCH_MSR_MTRR_DEF_TYPE, MTRR, mtrr.def_type, BITS(7, 0) | BITS(11, 10),
		write_mtrr_def_type),
	FUNCTION(ARCH_MSR_VMX_BASIC, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_PINBASED_CTLS, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_PROCBASED_CTLS, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_EXIT_CTLS, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_ENTRY_CTLS, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_MISC, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_CR0_FIXED0, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_CR0_FIXED1, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_CR4_FIXED0, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_CR4_FIXED1, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_VMCS_ENUM, VMX, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_PROCBASED_CTLS2, VMX_PRIMARY_SECONDARY, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_EPT_VPID_CAP, VMX_SECONDARY_EPT, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_TRUE_PINBASED_CTLS, VMX_TRUE_CONTROLS, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_TRUE_PROCBASED_CTLS, VMX_TRUE_CONTROLS, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_TRUE_EXIT_CTLS, VMX_TRUE_CONTROLS, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_TRUE_ENTRY_CTLS, VMX_TRUE_CONTROLS, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_VMX_VMFUNC, VMX_SECONDARY_VM_FUNCTIONS, read_vmx_capability, NULL),
	FUNCTION(ARCH_MSR_PKRS, PKS, read_pkrs, write_pkrs),
	STORED(ARCH_MSR_XSS, XSAVES, xss, 0),
	CHECKED(ARCH_MSR_EFER, ALWAYS, efer, 0, write_efer),
	STORED(ARCH_MSR_STAR, SYSCALL, star, ANY),
	ADDRESS(ARCH_MSR_LSTAR, LM, lstar),
	ADDRESS(ARCH_MSR_CSTAR, LM, cstar),
	STORED(ARCH_MSR_FMASK, SYSCALL, fmask, BITS(31, 0)),
	CHECKED(ARCH_MSR_FS_BASE, LM, seg[SEG_FS].base, ANY, write_base),
	CHECKED(ARCH_MSR_GS_BASE, LM, seg[SEG_GS].base, ANY, write_base),
	ADDRESS(ARCH_MSR_KERNEL_GS_BASE, LM, kernel_gs_base),
	STORED(ARCH_MSR_TSC_AUX, ALWAYS, tsc_aux, BITS(31, 0)),
	AMD_COUNTERS(0), AMD_COUNTERS(1), AMD_COUNTERS(2), AMD_COUNTERS(3),
};
/* clang-format on */

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

/* MSRs that exist with any one of several features. */
static bool row_exists(const struct cpu *cpu, const struct msr_row *row)
{
	if (row->index == ARCH_MSR_EFER)
		return has_feature(cpu, FEATURE_LM) || has_feature(cpu, FEATURE_NX);
	if (row->index == ARCH_MSR_TSC_AUX)
		return has_feature(cpu, FEATURE_RDTSCP) || has_feature(cpu, FEATURE_RDPID);
	if (row->index >= MSR_AMD_COUNTERS)
		return is_amd(cpu);
	if (row->feature >= NR_CPUID_FEATURES && row->feature != FEATURE_ALWAYS &&
	    !has_feature(cpu, FEATURE_VMX))
		return false;
	if (row->index == ARCH_MSR_VMX_EPT_VPID_CAP && has_feature(cpu, FEATURE_VMX_SECONDARY_VPID))
		return true;
	return has_feature(cpu, row->feature);
}

static const struct msr_row *find_row(const struct cpu *cpu, uint32_t index)
{
	unsigned low = 0, high = NR_ROWS;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (rows[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == NR_ROWS || rows[low].index != index || !row_exists(cpu, &rows[low]))
		return NULL;
	return &rows[low];
}

/* The local APIC's: the core only knows whether they exist. */
static bool is_outside(const struct cpu *cpu, uint32_t index)
{
	if (index >= MSR_X2APIC_FIRST && index <= MSR_X2APIC_LAST)
		return has_feature(cpu, FEATURE_X2APIC);
	if (index == ARCH_MSR_TSC_DEADLINE)
		return has_feature(cpu, FEATURE_TSC_DEADLINE);
	return index == ARCH_MSR_APIC_BASE && has_feature(cpu, FEATURE_APIC);
}

static bool read_any(struct cpu *cpu, uint32_t index, uint64_t *value)
{
	const struct msr_row *row;

	if (is_outside(cpu, index))
		return cpu->ops.read_msr && cpu->ops.read_msr(cpu->ops.opaque, index, value);
	row = find_row(cpu, index);
	if (!row || !row->read)
		return false;
	*value = row->read(cpu, row);
	return true;
}

static bool write_any(struct cpu *cpu, uint32_t index, uint64_t value)
{
	const struct msr_row *row;

	if (is_outside(cpu, index))
		return cpu->ops.write_msr && cpu->ops.write_msr(cpu->ops.opaque, index, value);
	row = find_row(cpu, index);
	return row && row->write && row->write(cpu, row, value);
}

bool cpu_read_msr(struct cpu *cpu, uint32_t index, uint64_t *value)
{
	if (!read_any(cpu, index, value))
		return false;
	trace_event(cpu, CPU_TRACE_MSR_READ, index, *value, 0);
	return true;
}

bool cpu_write_msr(struct cpu *cpu, uint32_t index, uint64_t value)
{
	if (!write_any(cpu, index, value))
		return false;
	trace_event(cpu, CPU_TRACE_MSR_WRITE, index, value, 0);
	return true;
}
