/* SPDX-License-Identifier: MIT */
#include "arch/features.h"

/* clang-format off */
#define FEATURE_ROW(id, text, cpuid_leaf, cpuid_subleaf, cpuid_register, cpuid_bit, on) \
	[FEATURE_##id] = { .name = (text), .leaf = (cpuid_leaf),                        \
			   .subleaf = (cpuid_subleaf), .reg = CPUID_##cpuid_register,   \
			   .bit = (cpuid_bit), .by_default = (on) },
#define MAY_BE_1_NAME(text, group, control) \
	[FEATURE_VMX_##group##_##control] = { .name = (text), .by_default = true },
#define MAY_BE_0_NAME(text, group, control, what) \
	[FEATURE_VMX_##group##_##control##_0] = { .name = (text), .words = (what),     \
						  .by_default = true },
#define OTHER_NAME(id, text, msr, msr_bit, what) \
	[FEATURE_VMX_##id] = { .name = (text), .words = (what), .by_default = true },
const struct arch_feature_row arch_features[NR_FEATURES] = {
	ARCH_FEATURES(FEATURE_ROW)
	ARCH_VMX_MAY_BE_1(MAY_BE_1_NAME)
	ARCH_VMX_MAY_BE_0(MAY_BE_0_NAME)
	ARCH_VMX_OTHERS(OTHER_NAME)
};

#define VMX_ROW(id) [FEATURE_VMX_##id - NR_CPUID_FEATURES]
#define MAY_BE_1_ROW(text, in, control) \
	VMX_ROW(in##_##control) = { ARCH_VMX_IN_MAY_BE_1, ARCH_GROUP_##in, ARCH_##in##_##control },
#define MAY_BE_0_ROW(text, in, control, what) \
	VMX_ROW(in##_##control##_0) = { ARCH_VMX_IN_MAY_BE_0, ARCH_GROUP_##in, ARCH_##in##_##control },
#define OTHER_ROW(id, text, msr, msr_bit, what) \
	VMX_ROW(id) = { .place = ARCH_VMX_IN_##msr, .bit = (msr_bit) },
const struct arch_vmx_feature_row arch_vmx_features[NR_FEATURES - NR_CPUID_FEATURES] = {
	ARCH_VMX_MAY_BE_1(MAY_BE_1_ROW)
	ARCH_VMX_MAY_BE_0(MAY_BE_0_ROW)
	ARCH_VMX_OTHERS(OTHER_ROW)
};
/* clang-format on */

const char *arch_feature_words(unsigned feature)
{
	const struct arch_vmx_feature_row *row;
	const struct arch_control_table *table;

	if (arch_features[feature].words)
		return arch_features[feature].words;
	if (feature < NR_CPUID_FEATURES)
		return "";
	row = &arch_vmx_features[feature - NR_CPUID_FEATURES];
	table = &arch_control_tables[row->group];
	for (unsigned i = 0; i < table->nr_controls; i++)
		if (table->controls[i].bit == row->bit)
			return table->controls[i].name;
	return "";
}
