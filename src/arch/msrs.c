/* SPDX-License-Identifier: MIT */
#include "arch/msrs.h"

#include <stddef.h>

#include "arch/registers.h"

/*
 * The layout column is the name of a general form or of a layout: each name turns into a form and
 * a pointer here.
 */
#define FORM_RAW ARCH_MSR_FORM_RAW, NULL
#define FORM_ADDRESS ARCH_MSR_FORM_ADDRESS, NULL
#define FORM_CONTROLS ARCH_MSR_FORM_CONTROLS, NULL
#define FORM_MAY_BE_1 ARCH_MSR_FORM_MAY_BE_1, NULL
#define FORM_CR_FIXED0 ARCH_MSR_FORM_CR_FIXED0, NULL
#define FORM_CR_FIXED1 ARCH_MSR_FORM_CR_FIXED1, NULL
#define FORM_PAT ARCH_MSR_FORM_PAT, NULL
#define FORM_PKRS ARCH_MSR_FORM_PKRS, NULL
#define LAID_OUT(name) ARCH_MSR_FORM_LAYOUT, &arch_layout_##name
#define FORM_EFER LAID_OUT(EFER)
#define FORM_APIC_BASE LAID_OUT(APIC_BASE)
#define FORM_FEATURE_CONTROL LAID_OUT(FEATURE_CONTROL)
#define FORM_SPEC_CTRL LAID_OUT(SPEC_CTRL)
#define FORM_MTRRCAP LAID_OUT(MTRRCAP)
#define FORM_MTRR_DEF_TYPE LAID_OUT(MTRR_DEF_TYPE)
#define FORM_ARCH_CAPABILITIES LAID_OUT(ARCH_CAPABILITIES)
#define FORM_SYSENTER_CS LAID_OUT(SYSENTER_CS)
#define FORM_MISC_ENABLE LAID_OUT(MISC_ENABLE)
#define FORM_DEBUGCTL LAID_OUT(DEBUGCTL)
#define FORM_CET LAID_OUT(CET)
#define FORM_XSS LAID_OUT(XSS)
#define FORM_STAR LAID_OUT(STAR)
#define FORM_FMASK LAID_OUT(FMASK)
#define FORM_TSC_AUX LAID_OUT(TSC_AUX)
#define FORM_VMX_BASIC LAID_OUT(VMX_BASIC)
#define FORM_VMX_MISC LAID_OUT(VMX_MISC)
#define FORM_VMX_VMCS_ENUM LAID_OUT(VMX_VMCS_ENUM)
#define FORM_VMX_EPT_VPID_CAP LAID_OUT(VMX_EPT_VPID_CAP)

#define FORM_OF(form, layout) form
#define LAYOUT_OF(form, layout) layout
#define APPLY(macro, ...) macro(__VA_ARGS__)

/* clang-format off */
#define MSR(number, id, form_name, of_group, if_, text)                     \
	{ .index = (number), .form = APPLY(FORM_OF, FORM_##form_name),     \
	  .group = ARCH_GROUP_##of_group,                                   \
	  .layout = APPLY(LAYOUT_OF, FORM_##form_name),                     \
	  .name = "IA32_" #id, .exists = (if_), .what = (text) },
const struct arch_msr arch_msrs[] = { ARCH_MSRS(MSR) };
/* clang-format on */

const unsigned arch_nr_msrs = sizeof(arch_msrs) / sizeof(arch_msrs[0]);
