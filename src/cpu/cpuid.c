/* SPDX-License-Identifier: MIT */
#include "cpu/cpuid.h"

#include <string.h>

#include "arch/system_bits.h"
#include "cpu/handler.h"
#include "cpu/msr.h"
#include "cpu/xsave.h"

/*
 * CPUID. The feature bits come from the table of features.h; here are the rest: sizes, topology,
 * caches, clocks, and the bits that follow what software has switched on.
 * SDM Vol 2A "CPUID"
 */

#define MAX_BASIC_LEAF 0x1fu
#define MAX_LIMITED_LEAF 2u /* with IA32_MISC_ENABLE[22] = 1 */
#define MAX_EXTENDED_LEAF 0x80000008u

#define LINE_SIZE 64u

typedef void leaf_fn(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out);

static unsigned log2_ceil(uint32_t n)
{
	unsigned bits = 0;

	while (bits < 31 && (1u << bits) < n)
		bits++;
	return bits;
}

/* Addressable IDs of the package. */
static uint32_t package_ids(const struct cpu *cpu)
{
	return 1u << log2_ceil(cpu->config->nr_cpus);
}

static uint32_t word(const char *text, unsigned index)
{
	uint32_t value;

	memcpy(&value, text + 4 * (size_t)index, sizeof(value));
	return value;
}

static uint32_t max_basic_leaf(const struct cpu *cpu)
{
	return cpu->state.misc_enable & MISC_ENABLE_LIMIT_CPUID ? MAX_LIMITED_LEAF : MAX_BASIC_LEAF;
}

static void leaf_vendor(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	const char *vendor = cpu->config->vendor;

	(void)subleaf;
	out->reg[CPUID_EAX] = max_basic_leaf(cpu);
	out->reg[CPUID_EBX] = word(vendor, 0);
	out->reg[CPUID_EDX] = word(vendor, 1);
	out->reg[CPUID_ECX] = word(vendor, 2);
}

static void leaf_version(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	(void)subleaf;
	out->reg[CPUID_EAX] = cpu->config->signature;
	out->reg[CPUID_EBX] = (cpu->config->apic_id & 0xff) << 24;
	if (has_feature(cpu, FEATURE_CLFLUSH))
		out->reg[CPUID_EBX] |= LINE_SIZE / 8 << 8;
	if (cpu->config->nr_cpus > 1) {
		uint32_t ids = package_ids(cpu);

		out->reg[CPUID_EBX] |= (ids > 255 ? 255 : ids) << 16;
		out->reg[CPUID_EDX] |= BIT(28); /* EBX[23:16] is valid */
	}
	if (cpu->state.cr4 & CR4_OSXSAVE)
		out->reg[CPUID_ECX] |= BIT(27);
	if (cpu->ops.read_msr && !(cpu_apic_base(cpu) & APIC_BASE_ENABLE))
		out->reg[CPUID_EDX] &= (uint32_t)~BIT(9);
	if (!(cpu->state.misc_enable & MISC_ENABLE_MONITOR))
		out->reg[CPUID_ECX] &= (uint32_t)~BIT(3);
}

/* Nothing in descriptors: caches are in leaf 4 (FFH), TLBs in leaf 18H (FEH). */
static void leaf_descriptors(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	(void)cpu;
	(void)subleaf;
	out->reg[CPUID_EAX] = 0x00feff01;
}

/* Deterministic cache parameters: what is usual; nothing here depends on them. */
static const struct {
	uint8_t type, level;
	uint16_t ways;
	uint32_t sets;
	bool shared;
} caches[] = {
	{ 1, 1, 8, 64, false },	   /* 32 KByte of data */
	{ 2, 1, 8, 64, false },	   /* 32 KByte of code */
	{ 3, 2, 16, 1024, false }, /* 1 MByte */
	{ 3, 3, 16, 16384, true }, /* 16 MByte for the package */
};
#define NR_CACHES (sizeof(caches) / sizeof(caches[0]))
#define L2_KBYTES 1024u
#define L2_WAYS_CODE 8u /* 16 ways, in leaf 80000006H */

static void leaf_caches(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	uint32_t ids = package_ids(cpu) - 1;

	if (subleaf >= NR_CACHES)
		return;
	out->reg[CPUID_EAX] = caches[subleaf].type | (uint32_t)caches[subleaf].level << 5 |
			      (uint32_t)BIT(8) | (ids > 63 ? 63 : ids) << 26;
	if (caches[subleaf].shared)
		out->reg[CPUID_EAX] |= (ids & 0xfff) << 14;
	out->reg[CPUID_EBX] = (caches[subleaf].ways - 1u) << 22 | (LINE_SIZE - 1);
	out->reg[CPUID_ECX] = caches[subleaf].sets - 1;
}

/* C0 and C1 are what a hint can ask for; a masked interrupt can end MWAIT. */
static void leaf_monitor(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	(void)subleaf;
	if (!has_feature(cpu, FEATURE_MONITOR))
		return;
	out->reg[CPUID_EAX] = LINE_SIZE;
	out->reg[CPUID_EBX] = LINE_SIZE;
	out->reg[CPUID_ECX] = 3;
	out->reg[CPUID_EDX] = 0x10;
}

static void leaf_features(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	if (subleaf == 0 && cpu->state.cr4 & CR4_PKE)
		out->reg[CPUID_ECX] |= BIT(4);
}

/* Every logical processor is a core of its own, and all are in one package. */
static void leaf_topology(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	out->reg[CPUID_ECX] = subleaf & 0xff;
	out->reg[CPUID_EDX] = cpu->config->apic_id;
	if (subleaf == 0) {
		out->reg[CPUID_EBX] = 1;
		out->reg[CPUID_ECX] |= 1 << 8;
	} else if (subleaf == 1) {
		out->reg[CPUID_EAX] = log2_ceil(cpu->config->nr_cpus);
		out->reg[CPUID_EBX] = cpu->config->nr_cpus & 0xffff;
		out->reg[CPUID_ECX] |= 2 << 8;
	}
}

static void leaf_xsave(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	uint64_t supported = xsave_supported(cpu->config);

	if (!supported)
		return;
	if (subleaf == 0) {
		out->reg[CPUID_EAX] = (uint32_t)supported;
		out->reg[CPUID_EBX] = xsave_standard_size(cpu->state.xcr0);
		out->reg[CPUID_ECX] = xsave_standard_size(supported);
		out->reg[CPUID_EDX] = (uint32_t)(supported >> 32);
	} else if (subleaf == 1) {
		if (has_feature(cpu, FEATURE_XSAVEC) || has_feature(cpu, FEATURE_XSAVES))
			out->reg[CPUID_EBX] =
				xsave_compacted_size(cpu->state.xcr0 | cpu->state.xss);
	} else if (subleaf < 63 && supported >> subleaf & 1) {
		out->reg[CPUID_EAX] = xsave_components[subleaf].size;
		out->reg[CPUID_EBX] = xsave_components[subleaf].offset;
	}
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* TSC frequency = crystal * EBX / EAX, without a rest. */
static void leaf_tsc(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	uint32_t tsc_khz = (uint32_t)cpu->config->tsc_khz;
	uint32_t crystal_khz = CPU_CRYSTAL_HZ / 1000;
	uint32_t common = gcd(tsc_khz, crystal_khz);

	(void)subleaf;
	if (!tsc_khz)
		return;
	out->reg[CPUID_EAX] = crystal_khz / common;
	out->reg[CPUID_EBX] = tsc_khz / common;
	out->reg[CPUID_ECX] = CPU_CRYSTAL_HZ;
}

static void leaf_frequency(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	uint32_t mhz = (uint32_t)(cpu->config->tsc_khz / 1000) & 0xffff;

	(void)subleaf;
	out->reg[CPUID_EAX] = mhz;
	out->reg[CPUID_EBX] = mhz;
	out->reg[CPUID_ECX] = CPU_CRYSTAL_HZ / 1000000;
}

/* The TLBs of struct cpu: direct-mapped, all page sizes, one for data and one for code. */
static void leaf_tlbs(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	bool code = subleaf == 1;

	out->reg[CPUID_EAX] = subleaf == 0 ? 1 : 0;
	if (subleaf > 1)
		return;
	out->reg[CPUID_EBX] = 1u << 16 | 0x7 | (has_feature(cpu, FEATURE_PDPE1GB) ? 0x8 : 0);
	out->reg[CPUID_ECX] = code ? ITLB_SIZE : TLB_SIZE;
	out->reg[CPUID_EDX] = (code ? 2 : 1) | 1u << 5;
}

static void leaf_extended(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	(void)cpu;
	(void)subleaf;
	out->reg[CPUID_EAX] = MAX_EXTENDED_LEAF;
}

static void leaf_extended_features(const struct cpu *cpu, uint32_t subleaf,
				   struct cpuid_result *out)
{
	(void)subleaf;
	/* SYSCALL exists, and is enumerated, in 64-bit mode only. */
	if ((cpu->mode & MODE_CODE) != MODE_CODE64)
		out->reg[CPUID_EDX] &= (uint32_t)~BIT(11);
	if (cpu->state.misc_enable & MISC_ENABLE_XD_DISABLE)
		out->reg[CPUID_EDX] &= (uint32_t)~BIT(20);
}

static void leaf_brand(const struct cpu *cpu, unsigned part, struct cpuid_result *out)
{
	for (unsigned i = 0; i < 4; i++)
		out->reg[i] = word(cpu->config->brand, part * 4 + i);
}

static void leaf_l2(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	(void)cpu;
	(void)subleaf;
	out->reg[CPUID_ECX] = L2_KBYTES << 16 | L2_WAYS_CODE << 12 | LINE_SIZE;
}

static void leaf_power(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	(void)subleaf;
	if (has_feature(cpu, FEATURE_TSC))
		out->reg[CPUID_EDX] = BIT(8); /* the TSC runs at one rate always */
}

static void leaf_addresses(const struct cpu *cpu, uint32_t subleaf, struct cpuid_result *out)
{
	(void)subleaf;
	out->reg[CPUID_EAX] = cpu->config->maxphyaddr;
	if (has_feature(cpu, FEATURE_LM))
		out->reg[CPUID_EAX] |= (uint32_t)cpu->config->linear_bits << 8;
	else
		out->reg[CPUID_EAX] |= 32 << 8;
}

static const struct {
	uint32_t leaf;
	leaf_fn *fill;
} leaves[] = {
	{ 0x0, leaf_vendor },
	{ 0x1, leaf_version },
	{ 0x2, leaf_descriptors },
	{ 0x4, leaf_caches },
	{ 0x5, leaf_monitor },
	{ 0x7, leaf_features },
	{ 0xb, leaf_topology },
	{ 0xd, leaf_xsave },
	{ 0x15, leaf_tsc },
	{ 0x16, leaf_frequency },
	{ 0x18, leaf_tlbs },
	{ 0x1f, leaf_topology },
	{ 0x80000000, leaf_extended },
	{ 0x80000001, leaf_extended_features },
	{ 0x80000006, leaf_l2 },
	{ 0x80000007, leaf_power },
	{ 0x80000008, leaf_addresses },
};

/* The bits that the table of features gives. */
static void put_features(const struct cpu *cpu, uint32_t leaf, uint32_t subleaf,
			 struct cpuid_result *out)
{
	/* Only leaves 7 and 0DH look at ECX. */
	if (leaf != 7 && leaf != 0xd)
		subleaf = 0;
	for (unsigned i = 0; i < NR_CPUID_FEATURES; i++) {
		const struct arch_feature_row *row = &arch_features[i];

		if (row->leaf == leaf && row->subleaf == subleaf && has_feature(cpu, i))
			out->reg[row->reg] |= (uint32_t)BIT(row->bit);
	}
}

/* Beyond the last leaf of its kind, a leaf reads as the highest basic one. */
static uint32_t effective_leaf(const struct cpu *cpu, uint32_t leaf)
{
	uint32_t highest = max_basic_leaf(cpu);

	if (leaf <= highest || (leaf >= 0x80000000 && leaf <= MAX_EXTENDED_LEAF))
		return leaf;
	return highest;
}

struct cpuid_result cpu_cpuid(const struct cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_result out = { { 0 } };

	leaf = effective_leaf(cpu, leaf);
	put_features(cpu, leaf, subleaf, &out);
	if (leaf >= 0x80000002 && leaf <= 0x80000004)
		leaf_brand(cpu, leaf - 0x80000002, &out);
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (leaves[i].leaf == leaf)
			leaves[i].fill(cpu, subleaf, &out);
	return out;
}
