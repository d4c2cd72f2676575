/* SPDX-License-Identifier: MIT */
#include "arch/features.h"

/* clang-format off */
#define FEATURE_ROW(id, text, cpuid_leaf, cpuid_subleaf, cpuid_register, cpuid_bit, on) \
	[FEATURE_##id] = { .name = (text), .leaf = (cpuid_leaf),                        \
			   .subleaf = (cpuid_subleaf), .reg = CPUID_##cpuid_register,   \
			   .bit = (cpuid_bit), .by_default = (on) },
const struct arch_feature_row arch_features[NR_FEATURES] = { ARCH_FEATURES(FEATURE_ROW) };
/* clang-format on */
