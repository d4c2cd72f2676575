/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_FEATURES_H
#define UDV_ARCH_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/controls.h"
#include "arch/vmx_features.h"

/*
 * What a processor can have and a user can turn on and off: the CPUID bit that says so, and
 * whether the default processor has it. SDM Vol 2A "CPUID".
 *
 * Columns: name, name on the command line, leaf, subleaf, register, bit, default.
 */
enum arch_cpuid_register {
	CPUID_EAX,
	CPUID_EBX,
	CPUID_ECX,
	CPUID_EDX,
};

/* clang-format off */
#define ARCH_FEATURES(X) \
	X(FPU, "fpu", 1, 0, EDX, 0, 1) \
	X(VME, "vme", 1, 0, EDX, 1, 1) \
	X(DE, "de", 1, 0, EDX, 2, 1) \
	X(PSE, "pse", 1, 0, EDX, 3, 1) \
	X(TSC, "tsc", 1, 0, EDX, 4, 1) \
	X(MSR, "msr", 1, 0, EDX, 5, 1) \
	X(PAE, "pae", 1, 0, EDX, 6, 1) \
	X(MCE, "mce", 1, 0, EDX, 7, 1) \
	X(CX8, "cx8", 1, 0, EDX, 8, 1) \
	X(APIC, "apic", 1, 0, EDX, 9, 1) \
	X(SEP, "sep", 1, 0, EDX, 11, 1) \
	X(MTRR, "mtrr", 1, 0, EDX, 12, 1) \
	X(PGE, "pge", 1, 0, EDX, 13, 1) \
	X(MCA, "mca", 1, 0, EDX, 14, 1) \
	X(CMOV, "cmov", 1, 0, EDX, 15, 1) \
	X(PAT, "pat", 1, 0, EDX, 16, 1) \
	X(PSE36, "pse36", 1, 0, EDX, 17, 1) \
	X(CLFLUSH, "clflush", 1, 0, EDX, 19, 1) \
	X(MMX, "mmx", 1, 0, EDX, 23, 1) \
	X(FXSR, "fxsr", 1, 0, EDX, 24, 1) \
	X(SSE, "sse", 1, 0, EDX, 25, 1) \
	X(SSE2, "sse2", 1, 0, EDX, 26, 1) \
	X(SSE3, "sse3", 1, 0, ECX, 0, 1) \
	X(PCLMULQDQ, "pclmulqdq", 1, 0, ECX, 1, 1) \
	X(MONITOR, "monitor", 1, 0, ECX, 3, 1) \
	X(VMX, "vmx", 1, 0, ECX, 5, 1) \
	X(SSSE3, "ssse3", 1, 0, ECX, 9, 1) \
	X(FMA, "fma", 1, 0, ECX, 12, 1) \
	X(CX16, "cx16", 1, 0, ECX, 13, 1) \
	X(PCID, "pcid", 1, 0, ECX, 17, 1) \
	X(SSE4_1, "sse4.1", 1, 0, ECX, 19, 1) \
	X(SSE4_2, "sse4.2", 1, 0, ECX, 20, 1) \
	X(X2APIC, "x2apic", 1, 0, ECX, 21, 1) \
	X(MOVBE, "movbe", 1, 0, ECX, 22, 1) \
	X(POPCNT, "popcnt", 1, 0, ECX, 23, 1) \
	X(TSC_DEADLINE, "tsc-deadline", 1, 0, ECX, 24, 1) \
	X(AES, "aes", 1, 0, ECX, 25, 1) \
	X(XSAVE, "xsave", 1, 0, ECX, 26, 1) \
	X(AVX, "avx", 1, 0, ECX, 28, 1) \
	X(F16C, "f16c", 1, 0, ECX, 29, 1) \
	X(RDRAND, "rdrand", 1, 0, ECX, 30, 1) \
	X(HYPERVISOR, "hypervisor", 1, 0, ECX, 31, 0) \
	X(ARAT, "arat", 6, 0, EAX, 2, 1) \
	X(FSGSBASE, "fsgsbase", 7, 0, EBX, 0, 1) \
	X(TSC_ADJUST, "tsc-adjust", 7, 0, EBX, 1, 1) \
	X(BMI1, "bmi1", 7, 0, EBX, 3, 1) \
	X(AVX2, "avx2", 7, 0, EBX, 5, 1) \
	X(SMEP, "smep", 7, 0, EBX, 7, 1) \
	X(BMI2, "bmi2", 7, 0, EBX, 8, 1) \
	X(ERMS, "erms", 7, 0, EBX, 9, 1) \
	X(INVPCID, "invpcid", 7, 0, EBX, 10, 1) \
	X(RDSEED, "rdseed", 7, 0, EBX, 18, 1) \
	X(ADX, "adx", 7, 0, EBX, 19, 1) \
	X(SMAP, "smap", 7, 0, EBX, 20, 1) \
	X(CLFLUSHOPT, "clflushopt", 7, 0, EBX, 23, 1) \
	X(CLWB, "clwb", 7, 0, EBX, 24, 1) \
	X(SHA, "sha", 7, 0, EBX, 29, 1) \
	X(UMIP, "umip", 7, 0, ECX, 2, 1) \
	X(PKU, "pku", 7, 0, ECX, 3, 1) \
	X(LA57, "la57", 7, 0, ECX, 16, 0) \
	X(RDPID, "rdpid", 7, 0, ECX, 22, 1) \
	X(PKS, "pks", 7, 0, ECX, 31, 1) \
	X(FSRM, "fsrm", 7, 0, EDX, 4, 1) \
	X(ARCH_CAPABILITIES, "arch-capabilities", 7, 0, EDX, 29, 1) \
	X(SPEC_CTRL, "spec-ctrl", 7, 0, EDX, 26, 0) \
	X(XSAVEOPT, "xsaveopt", 0xd, 1, EAX, 0, 1) \
	X(XSAVEC, "xsavec", 0xd, 1, EAX, 1, 1) \
	X(XGETBV1, "xgetbv1", 0xd, 1, EAX, 2, 1) \
	X(XSAVES, "xsaves", 0xd, 1, EAX, 3, 1) \
	X(LAHF_LM, "lahf-lm", 0x80000001, 0, ECX, 0, 1) \
	X(LZCNT, "lzcnt", 0x80000001, 0, ECX, 5, 1) \
	X(PREFETCHW, "prefetchw", 0x80000001, 0, ECX, 8, 1) \
	X(SYSCALL, "syscall", 0x80000001, 0, EDX, 11, 1) \
	X(NX, "nx", 0x80000001, 0, EDX, 20, 1) \
	X(PDPE1GB, "pdpe1gb", 0x80000001, 0, EDX, 26, 1) \
	X(RDTSCP, "rdtscp", 0x80000001, 0, EDX, 27, 1) \
	X(LM, "lm", 0x80000001, 0, EDX, 29, 1)
/* clang-format on */

/* Those of CPUID, and behind them those of the VMX capability MSRs. */
enum arch_feature {
#define ARCH_FEATURE_ENUM(name, ...) FEATURE_##name,
#define ARCH_VMX_ENUM(name, ...) FEATURE_VMX_##name,
#define ARCH_MAY_BE_1_ENUM(text, group, control) FEATURE_VMX_##group##_##control,
#define ARCH_MAY_BE_0_ENUM(text, group, control, words) FEATURE_VMX_##group##_##control##_0,
	ARCH_FEATURES(ARCH_FEATURE_ENUM)
#undef ARCH_FEATURE_ENUM
		NR_CPUID_FEATURES,
	LAST_CPUID_FEATURE = NR_CPUID_FEATURES - 1,
	ARCH_VMX_MAY_BE_1(ARCH_MAY_BE_1_ENUM) ARCH_VMX_MAY_BE_0(ARCH_MAY_BE_0_ENUM)
		ARCH_VMX_OTHERS(ARCH_VMX_ENUM)
#undef ARCH_VMX_ENUM
#undef ARCH_MAY_BE_1_ENUM
#undef ARCH_MAY_BE_0_ENUM
			NR_FEATURES,
	FEATURE_ALWAYS = 0xff, /* what every processor here has */
};
_Static_assert((int)NR_FEATURES < (int)FEATURE_ALWAYS, "a feature is 8 bits wide");

struct arch_feature_row {
	const char *name;
	const char *words;	/* what it is; NULL if the name says it */
	uint32_t leaf, subleaf; /* of CPUID features, as the two that follow */
	uint8_t reg;		/* enum arch_cpuid_register */
	uint8_t bit;
	bool by_default;
};

extern const struct arch_feature_row arch_features[NR_FEATURES];

/* Where a VMX capability says that the feature is there. */
enum arch_vmx_place {
	ARCH_VMX_IN_MAY_BE_1, /* of controls: group, bit */
	ARCH_VMX_IN_MAY_BE_0,
	ARCH_VMX_IN_BASIC,
	ARCH_VMX_IN_MISC,
	ARCH_VMX_IN_EPT_VPID_CAP,
};

struct arch_vmx_feature_row {
	uint8_t place; /* enum arch_vmx_place */
	uint8_t group; /* enum arch_control_group */
	uint8_t bit;
};

/* Of feature NR_CPUID_FEATURES and on. */
extern const struct arch_vmx_feature_row arch_vmx_features[NR_FEATURES - NR_CPUID_FEATURES];

/* What @feature is in some words, or "". */
const char *arch_feature_words(unsigned feature);

/* A set of features. */
struct arch_feature_set {
	uint64_t bits[(NR_FEATURES + 63) / 64];
};

static inline bool feature_has(const struct arch_feature_set *set, unsigned feature)
{
	return feature == FEATURE_ALWAYS || (set->bits[feature / 64] >> feature % 64 & 1);
}

static inline void feature_put(struct arch_feature_set *set, unsigned feature, bool on)
{
	uint64_t bit = 1ull << feature % 64;

	set->bits[feature / 64] =
		on ? set->bits[feature / 64] | bit : set->bits[feature / 64] & ~bit;
}

#endif
