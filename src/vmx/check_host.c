/* SPDX-License-Identifier: MIT */
#include "vmx/check.h"

/* SDM Vol 3C "Checks on Host-State Area" and "Checks Related to Address-Space Size" */

static bool fixed_ok(uint64_t value, uint64_t fixed0, uint64_t fixed1, uint64_t free)
{
	return !(fixed0 & ~value & ~free) && !(value & ~fixed1 & ~free);
}

static void check_fred(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;

	MUST(fred_config_ok(k, v->host_fred_config), HOST_14);
	MUST_FIELD(fred_pointer_ok(k, v->host_fred_rsp1, 6), HOST_15, HOST_FRED_RSP1);
	MUST_FIELD(fred_pointer_ok(k, v->host_fred_rsp2, 6), HOST_15, HOST_FRED_RSP2);
	MUST_FIELD(fred_pointer_ok(k, v->host_fred_rsp3, 6), HOST_15, HOST_FRED_RSP3);
	MUST_FIELD(fred_pointer_ok(k, v->host_fred_ssp1, 3), HOST_15, HOST_FRED_SSP1);
	MUST_FIELD(fred_pointer_ok(k, v->host_fred_ssp2, 3), HOST_15, HOST_FRED_SSP2);
	MUST_FIELD(fred_pointer_ok(k, v->host_fred_ssp3, 3), HOST_15, HOST_FRED_SSP3);
}

static void check_registers(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;

	MUST(fixed_ok(v->host_cr0, k->c->cr0_fixed0, k->c->cr0_fixed1, CR0_NW | CR0_CD), HOST_01);
	MUST(fixed_ok(v->host_cr4, k->c->cr4_fixed0, k->c->cr4_fixed1, 0), HOST_02);
	MUST(!(v->host_cr4 & CR4_CET) || v->host_cr0 & CR0_WP, HOST_03);
	MUST(!(v->host_cr3 & cr3_reserved(k)), HOST_04);
	MUST_FIELD(canonical_here(k, v->host_sysenter_esp), HOST_05, HOST_SYSENTER_ESP);
	MUST_FIELD(canonical_here(k, v->host_sysenter_eip), HOST_05, HOST_SYSENTER_EIP);
	MUST(!EXIT(LOAD_PERF_GLOBAL_CTRL) ||
		     !(v->host_perf_global_ctrl & ~k->c->perf_global_ctrl_bits),
	     HOST_06);
	MUST(!EXIT(LOAD_PAT) || pat_ok(v->host_pat), HOST_07);
	if (EXIT(LOAD_EFER)) {
		MUST(!(v->host_efer & ~k->c->efer_bits), HOST_08);
		MUST(!!(v->host_efer & EFER_LMA) == k->host64 &&
			     !!(v->host_efer & EFER_LME) == k->host64,
		     HOST_09);
	}
	if (EXIT(LOAD_CET)) {
		MUST(cet_ok(k, v->host_s_cet), HOST_10);
		MUST(!(v->host_ssp & BITS(1, 0)), HOST_11);
		MUST(canonical_here(k, v->host_interrupt_ssp_table_address), HOST_12);
	}
	MUST(!EXIT(LOAD_PKRS) || !(v->host_pkrs >> 32), HOST_13);
	if (HAS(k->exit2, EXIT2, LOAD_FRED))
		check_fred(k);
	MUST(!HAS(k->exit2, EXIT2, LOAD_SPEC_CTRL) || !(v->host_spec_ctrl & ~k->c->spec_ctrl_bits),
	     HOST_16);
}

static void check_selectors(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	const struct {
		uint64_t selector;
		uint32_t field;
	} all[] = {
		{ v->host_es_selector, ARCH_VMCS_HOST_ES_SELECTOR },
		{ v->host_cs_selector, ARCH_VMCS_HOST_CS_SELECTOR },
		{ v->host_ss_selector, ARCH_VMCS_HOST_SS_SELECTOR },
		{ v->host_ds_selector, ARCH_VMCS_HOST_DS_SELECTOR },
		{ v->host_fs_selector, ARCH_VMCS_HOST_FS_SELECTOR },
		{ v->host_gs_selector, ARCH_VMCS_HOST_GS_SELECTOR },
		{ v->host_tr_selector, ARCH_VMCS_HOST_TR_SELECTOR },
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		must(k, !(all[i].selector & 7), VMX_CHECK_HOST_17, all[i].field);
	MUST_FIELD(v->host_cs_selector, HOST_18, HOST_CS_SELECTOR);
	MUST_FIELD(v->host_tr_selector, HOST_18, HOST_TR_SELECTOR);
	MUST(k->host64 || v->host_ss_selector, HOST_19);
	MUST_FIELD(canonical_here(k, v->host_fs_base), HOST_20, HOST_FS_BASE);
	MUST_FIELD(canonical_here(k, v->host_gs_base), HOST_20, HOST_GS_BASE);
	MUST_FIELD(canonical_here(k, v->host_tr_base), HOST_20, HOST_TR_BASE);
	MUST_FIELD(canonical_here(k, v->host_gdtr_base), HOST_20, HOST_GDTR_BASE);
	MUST_FIELD(canonical_here(k, v->host_idtr_base), HOST_20, HOST_IDTR_BASE);
}

static void check_address_space(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	bool lma = k->input->efer & EFER_LMA;

	MUST(lma || (!k->ia32e_guest && !k->host64), HOST_21);
	MUST(!lma || k->host64, HOST_22);
	if (!k->host64) {
		MUST(!k->ia32e_guest, HOST_23);
		MUST(!(v->host_cr4 & CR4_PCIDE), HOST_24);
		MUST(!(v->host_rip >> 32), HOST_25);
		MUST_FIELD(!EXIT(LOAD_CET) || !(v->host_s_cet >> 32), HOST_26, HOST_S_CET);
		MUST_FIELD(!EXIT(LOAD_CET) || !(v->host_ssp >> 32), HOST_26, HOST_SSP);
		MUST(!(v->host_cr4 & CR4_FRED), HOST_27);
		return;
	}
	MUST(v->host_cr4 & CR4_PAE, HOST_28);
	MUST(canonical(v->host_rip, v->host_cr4 & CR4_LA57 ? 57 : 48), HOST_29);
	MUST(!EXIT(LOAD_CET) || canonical_here(k, v->host_ssp), HOST_30);
}

void check_host(struct checker *k)
{
	check_registers(k);
	check_selectors(k);
	check_address_space(k);
}
