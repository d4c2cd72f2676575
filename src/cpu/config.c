/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/cpuid.h"

/* The default processor, and what --cpu makes of it. */

/* Family 6, of a model that no product has: nobody works around errata that are not here. */
#define DEFAULT_SIGNATURE 0x000806b0u
#define DEFAULT_MAXPHYADDR 46
#define DEFAULT_TSC_KHZ 1000000u

#define MIN_MAXPHYADDR 36u
#define MAX_MAXPHYADDR 52u
#define MIN_TSC_KHZ 1000u
#define MAX_TSC_KHZ 10000000u

/* A feature, and one that it needs. */
static const struct {
	uint8_t feature, needs;
} dependencies[] = {
#define NEEDS(feature, needs)                                                                      \
	{                                                                                          \
		FEATURE_##feature, FEATURE_##needs                                                 \
	}
	NEEDS(PSE36, PSE),
	NEEDS(MCA, MCE),
	NEEDS(MCA, MSR),
	NEEDS(MCE, MSR),
	NEEDS(SEP, MSR),
	NEEDS(MTRR, MSR),
	NEEDS(PAT, MSR),
	NEEDS(APIC, MSR),
	NEEDS(X2APIC, APIC),
	NEEDS(TSC_DEADLINE, APIC),
	NEEDS(TSC_DEADLINE, TSC),
	NEEDS(ARAT, APIC),
	NEEDS(TSC_ADJUST, TSC),
	NEEDS(RDTSCP, TSC),
	NEEDS(RDTSCP, MSR),
	NEEDS(RDPID, MSR),
	NEEDS(ARCH_CAPABILITIES, MSR),
	NEEDS(SPEC_CTRL, MSR),
	NEEDS(MMX, FPU),
	NEEDS(FXSR, FPU),
	NEEDS(FSRM, ERMS),
	NEEDS(SSE, FXSR),
	NEEDS(SSE, MMX),
	NEEDS(SSE2, SSE),
	NEEDS(SSE3, SSE2),
	NEEDS(SSSE3, SSE3),
	NEEDS(SSE4_1, SSSE3),
	NEEDS(SSE4_2, SSE4_1),
	NEEDS(PCLMULQDQ, SSE2),
	NEEDS(AES, SSE2),
	NEEDS(SHA, SSSE3),
	NEEDS(XSAVE, FXSR),
	NEEDS(XSAVEOPT, XSAVE),
	NEEDS(XSAVEC, XSAVE),
	NEEDS(XGETBV1, XSAVE),
	NEEDS(XSAVES, XSAVEC),
	NEEDS(AVX, XSAVE),
	NEEDS(AVX, SSE4_2),
	NEEDS(AVX2, AVX),
	NEEDS(FMA, AVX),
	NEEDS(F16C, AVX),
	NEEDS(CLFLUSHOPT, CLFLUSH),
	NEEDS(CLWB, CLFLUSH),
	NEEDS(NX, PAE),
	NEEDS(LM, PAE),
	NEEDS(LM, MSR),
	NEEDS(LM, SSE2),
	NEEDS(SYSCALL, LM),
	NEEDS(LAHF_LM, LM),
	NEEDS(CX16, LM),
	NEEDS(PDPE1GB, LM),
	NEEDS(PCID, LM),
	NEEDS(FSGSBASE, LM),
	NEEDS(LA57, LM),
	NEEDS(PKU, LM),
	NEEDS(PKU, XSAVE),
	NEEDS(PKS, LM),
/* of VMX: what it could not be used without */
#define VMX(feature, needs) NEEDS(VMX_##feature, VMX_##needs)
	VMX(PIN_VIRTUAL_NMIS, PIN_NMI),
	VMX(PRIMARY_NMI_WINDOW, PIN_VIRTUAL_NMIS),
	VMX(EXIT_SAVE_PREEMPTION_TIMER, PIN_PREEMPTION_TIMER),
	VMX(SECONDARY_VIRTUALIZE_APIC, PRIMARY_SECONDARY),
	VMX(SECONDARY_EPT, PRIMARY_SECONDARY),
	VMX(SECONDARY_DESCRIPTOR_TABLE, PRIMARY_SECONDARY),
	VMX(SECONDARY_RDTSCP, PRIMARY_SECONDARY),
	VMX(SECONDARY_VIRTUALIZE_X2APIC, PRIMARY_SECONDARY),
	VMX(SECONDARY_VIRTUALIZE_X2APIC, PRIMARY_TPR_SHADOW),
	NEEDS(VMX_SECONDARY_VIRTUALIZE_X2APIC, X2APIC),
	VMX(SECONDARY_VPID, PRIMARY_SECONDARY),
	VMX(SECONDARY_WBINVD, PRIMARY_SECONDARY),
	VMX(SECONDARY_UNRESTRICTED_GUEST, SECONDARY_EPT),
	VMX(SECONDARY_UNRESTRICTED_GUEST, STORE_LMA),
	VMX(SECONDARY_APIC_REGISTERS, PRIMARY_SECONDARY),
	VMX(SECONDARY_APIC_REGISTERS, PRIMARY_TPR_SHADOW),
	VMX(SECONDARY_VIRTUAL_INTERRUPT_DELIVERY, PRIMARY_SECONDARY),
	VMX(SECONDARY_VIRTUAL_INTERRUPT_DELIVERY, PRIMARY_TPR_SHADOW),
	VMX(SECONDARY_VIRTUAL_INTERRUPT_DELIVERY, PIN_EXTERNAL_INTERRUPT),
	VMX(PIN_POSTED_INTERRUPTS, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY),
	VMX(PIN_POSTED_INTERRUPTS, EXIT_ACKNOWLEDGE),
	VMX(SECONDARY_PAUSE_LOOP_EXITING, PRIMARY_SECONDARY),
	VMX(SECONDARY_RDRAND_EXITING, PRIMARY_SECONDARY),
	NEEDS(VMX_SECONDARY_RDRAND_EXITING, RDRAND),
	VMX(SECONDARY_INVPCID, PRIMARY_SECONDARY),
	NEEDS(VMX_SECONDARY_INVPCID, INVPCID),
	VMX(SECONDARY_VM_FUNCTIONS, PRIMARY_SECONDARY),
	VMX(VMFUNC_EPTP_SWITCHING, SECONDARY_VM_FUNCTIONS),
	VMX(VMFUNC_EPTP_SWITCHING, SECONDARY_EPT),
	VMX(SECONDARY_VMCS_SHADOWING, PRIMARY_SECONDARY),
	VMX(SECONDARY_RDSEED_EXITING, PRIMARY_SECONDARY),
	NEEDS(VMX_SECONDARY_RDSEED_EXITING, RDSEED),
	VMX(SECONDARY_PML, EPT_AD),
	VMX(SECONDARY_EPT_VIOLATION_VE, SECONDARY_EPT),
	VMX(SECONDARY_XSAVES, PRIMARY_SECONDARY),
	NEEDS(VMX_SECONDARY_XSAVES, XSAVES),
	VMX(SECONDARY_MBEC, SECONDARY_EPT),
	VMX(SECONDARY_SPP, SECONDARY_EPT),
	VMX(SECONDARY_TSC_SCALING, PRIMARY_SECONDARY),
	NEEDS(VMX_EXIT_HOST_64BIT, LM),
	NEEDS(VMX_EXIT_LOAD_PKRS, PKS),
	NEEDS(VMX_ENTRY_IA32E_GUEST, LM),
	NEEDS(VMX_ENTRY_LOAD_PKRS, PKS),
	VMX(PRIMARY_CR3_LOAD_0, TRUE_CONTROLS),
	VMX(PRIMARY_CR3_STORE_0, TRUE_CONTROLS),
	VMX(EXIT_SAVE_DEBUG_0, TRUE_CONTROLS),
	VMX(ENTRY_LOAD_DEBUG_0, TRUE_CONTROLS),
	VMX(EPT_EXECUTE_ONLY, SECONDARY_EPT),
	VMX(EPT_4LEVEL, SECONDARY_EPT),
	VMX(EPT_5LEVEL, SECONDARY_EPT),
	VMX(EPT_UC, SECONDARY_EPT),
	VMX(EPT_WB, SECONDARY_EPT),
	VMX(EPT_2M, SECONDARY_EPT),
	VMX(EPT_1G, SECONDARY_EPT),
	VMX(EPT_AD, SECONDARY_EPT),
	VMX(EPT_ADVANCED, SECONDARY_EPT),
	VMX(INVEPT, SECONDARY_EPT),
	VMX(INVEPT_SINGLE, INVEPT),
	VMX(INVEPT_ALL, INVEPT),
	VMX(INVVPID, SECONDARY_VPID),
	VMX(INVVPID_ADDRESS, INVVPID),
	VMX(INVVPID_SINGLE, INVVPID),
	VMX(INVVPID_ALL, INVVPID),
	VMX(INVVPID_GLOBAL, INVVPID),
#undef VMX
#undef NEEDS
};
#define NR_DEPENDENCIES (sizeof(dependencies) / sizeof(dependencies[0]))

void cpu_config_default(struct cpu_config *config)
{
	*config = (struct cpu_config){
		.maxphyaddr = DEFAULT_MAXPHYADDR,
		.linear_bits = 48,
		.nr_cpus = 1,
		.signature = DEFAULT_SIGNATURE,
		.tsc_khz = DEFAULT_TSC_KHZ,
		.vendor = "GenuineIntel",
		.brand = "undervisor processor",
	};
	for (unsigned i = 0; i < NR_FEATURES; i++)
		feature_put(&config->features, i, arch_features[i].by_default);
}

/* ---------------------------------------------------------------- --cpu */

struct word {
	const char *text;
	size_t size;
};

struct complaint {
	char *text;
	size_t size, used;
};

static void say(struct complaint *why, const char *text, size_t size)
{
	if (!why->size)
		return;
	if (size > why->size - 1 - why->used)
		size = why->size - 1 - why->used;
	memcpy(why->text + why->used, text, size);
	why->used += size;
	why->text[why->used] = '\0';
}

/* "WORD": PHRASE[NAME]. False, for the caller to pass on. */
static bool complain(struct complaint *why, struct word word, const char *phrase, const char *name)
{
	say(why, "\"", 1);
	say(why, word.text, word.size);
	say(why, "\": ", 3);
	say(why, phrase, strlen(phrase));
	say(why, name, strlen(name));
	return false;
}

static bool word_is(struct word word, const char *text)
{
	return word.size == strlen(text) && !memcmp(word.text, text, word.size);
}

/* Without @feature, what needs it goes too, and so on. */
static void turn_off(struct arch_feature_set *features, unsigned feature)
{
	bool again = true;

	feature_put(features, feature, false);
	while (again) {
		again = false;
		for (unsigned i = 0; i < NR_DEPENDENCIES; i++) {
			if (!feature_has(features, dependencies[i].feature) ||
			    feature_has(features, dependencies[i].needs))
				continue;
			feature_put(features, dependencies[i].feature, false);
			again = true;
		}
	}
}

static bool turn_on(struct arch_feature_set *features, unsigned feature, struct word word,
		    struct complaint *why)
{
	/* turning VMX off leaves its own words as they are: they say what it has when it is on */
	if (feature >= NR_CPUID_FEATURES && !feature_has(features, FEATURE_VMX))
		return complain(why, word, "needs +", arch_features[FEATURE_VMX].name);
	for (unsigned i = 0; i < NR_DEPENDENCIES; i++)
		if (dependencies[i].feature == feature &&
		    !feature_has(features, dependencies[i].needs))
			return complain(why, word, "needs +",
					arch_features[dependencies[i].needs].name);
	feature_put(features, feature, true);
	return true;
}

static bool apply_feature(struct cpu_config *config, struct word word, struct complaint *why)
{
	struct word name = { word.text + 1, word.size - 1 };

	for (unsigned i = 0; i < NR_FEATURES; i++) {
		if (!word_is(name, arch_features[i].name))
			continue;
		if (word.text[0] == '+')
			return turn_on(&config->features, i, word, why);
		turn_off(&config->features, i);
		return true;
	}
	return complain(why, word, "no such feature", "");
}

/* A decimal number from @low to @high. */
static bool parse_number(struct word digits, uint64_t low, uint64_t high, uint64_t *value)
{
	*value = 0;
	if (!digits.size || digits.size > 9 + 1)
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		if (digits.text[i] < '0' || digits.text[i] > '9')
			return false;
		*value = *value * 10 + (uint64_t)(digits.text[i] - '0');
	}
	return *value >= low && *value <= high;
}

/* The rest of @word after @key, or no text. */
static struct word after(struct word word, const char *key)
{
	size_t size = strlen(key);

	if (word.size < size || memcmp(word.text, key, size) != 0)
		return (struct word){ NULL, 0 };
	return (struct word){ word.text + size, word.size - size };
}

/* As CPUID says it in leaf 0; see is_amd(). */
static bool apply_vendor(struct cpu_config *config, struct word vendor)
{
	if (vendor.size != sizeof(config->vendor) - 1)
		return false;
	for (size_t i = 0; i < vendor.size; i++)
		if (vendor.text[i] < ' ' || vendor.text[i] > '~')
			return false;
	memcpy(config->vendor, vendor.text, vendor.size);
	return true;
}

static bool apply_word(struct cpu_config *config, struct word word, struct complaint *why)
{
	struct word width = after(word, "maxphyaddr="), khz = after(word, "tsc-khz=");
	struct word vendor = after(word, "vendor=");
	uint64_t value;

	if (word.size && (word.text[0] == '+' || word.text[0] == '-'))
		return apply_feature(config, word, why);
	if (width.text) {
		if (!parse_number(width, MIN_MAXPHYADDR, MAX_MAXPHYADDR, &value))
			return complain(why, word, "must be from 36 to 52", "");
		config->maxphyaddr = (uint8_t)value;
		return true;
	}
	if (khz.text) {
		if (!parse_number(khz, MIN_TSC_KHZ, MAX_TSC_KHZ, &value))
			return complain(why, word, "must be from 1000 to 10000000", "");
		config->tsc_khz = value;
		return true;
	}
	if (vendor.text)
		return apply_vendor(config, vendor) ||
		       complain(why, word, "must have 12 printable characters", "");
	return complain(why, word,
			"must be +FEATURE, -FEATURE, maxphyaddr=N, tsc-khz=N or vendor=TEXT", "");
}

enum udv_status cpu_config_parse(struct cpu_config *config, const char *text, char *why,
				 unsigned why_size)
{
	struct complaint complaint = { .text = why, .size = why_size };
	struct cpu_config made = *config;

	while (*text) {
		struct word word = { text, strcspn(text, ",") };

		if (!apply_word(&made, word, &complaint))
			return UDV_ERR_ARGUMENT;
		text += word.size;
		if (*text == ',' && *++text == '\0' &&
		    !complain(&complaint, (struct word){ ",", 1 }, "nothing follows it", ""))
			return UDV_ERR_ARGUMENT;
	}
	made.linear_bits = feature_has(&made.features, FEATURE_LA57) ? 57 : 48;
	*config = made;
	return UDV_OK;
}
