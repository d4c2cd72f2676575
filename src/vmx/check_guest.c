/* SPDX-License-Identifier: MIT */
#include <undervisor/paging.h>

#include "arch/cpu_state.h"
#include "vmx/check.h"

/* SDM Vol 3C "Checks on the Guest State Area", segments apart */

#define FLAG_TF BIT(8)
#define FLAG_IF BIT(9)
#define FLAG_VM BIT(17)
#define FLAGS_RESERVED (BITS(63, 22) | BIT(15) | BIT(5) | BIT(3))
#define DEBUGCTL_BTF BIT(1)

static bool is_v86(const struct checker *k)
{
	return k->v->guest_rflags & FLAG_VM;
}

static void check_control_registers(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	uint64_t free = CR0_NW | CR0_CD | (k->unrestricted ? CR0_PE | CR0_PG : 0);

	MUST(!(k->c->cr0_fixed0 & ~v->guest_cr0 & ~free) &&
		     !(v->guest_cr0 & ~k->c->cr0_fixed1 & ~free),
	     GCR_01);
	MUST(!(v->guest_cr0 & CR0_PG) || v->guest_cr0 & CR0_PE, GCR_02);
	MUST(!(k->c->cr4_fixed0 & ~v->guest_cr4) && !(v->guest_cr4 & ~k->c->cr4_fixed1), GCR_03);
	MUST(!(v->guest_cr4 & CR4_CET) || v->guest_cr0 & CR0_WP, GCR_04);
	MUST_FIELD(!k->ia32e_guest || v->guest_cr0 & CR0_PG, GCR_05, GUEST_CR0);
	MUST_FIELD(!k->ia32e_guest || v->guest_cr4 & CR4_PAE, GCR_05, GUEST_CR4);
	MUST(k->ia32e_guest || !(v->guest_cr4 & CR4_PCIDE), GCR_06);
	MUST(k->ia32e_guest || !(v->guest_cr4 & CR4_FRED), GCR_07);
	MUST(!(v->guest_cr3 & cr3_reserved(k)), GCR_08);
	MUST(!ENTRY(LOAD_DEBUG) || !(v->guest_dr7 >> 32), GDR_01);
	MUST(!ENTRY(LOAD_DEBUG) || !(v->guest_debugctl & ~k->c->debugctl_bits), GMSR_01);
}

static void check_fred(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;

	MUST_FIELD(fred_config_ok(k, v->guest_fred_config), GMSR_15, GUEST_FRED_CONFIG);
	MUST_FIELD(fred_pointer_ok(k, v->guest_fred_rsp1, 6), GMSR_15, GUEST_FRED_RSP1);
	MUST_FIELD(fred_pointer_ok(k, v->guest_fred_rsp2, 6), GMSR_15, GUEST_FRED_RSP2);
	MUST_FIELD(fred_pointer_ok(k, v->guest_fred_rsp3, 6), GMSR_15, GUEST_FRED_RSP3);
	MUST_FIELD(fred_pointer_ok(k, v->guest_fred_ssp1, 3), GMSR_15, GUEST_FRED_SSP1);
	MUST_FIELD(fred_pointer_ok(k, v->guest_fred_ssp2, 3), GMSR_15, GUEST_FRED_SSP2);
	MUST_FIELD(fred_pointer_ok(k, v->guest_fred_ssp3, 3), GMSR_15, GUEST_FRED_SSP3);
}

static void check_msrs(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;

	MUST_FIELD(canonical_here(k, v->guest_sysenter_esp), GMSR_02, GUEST_SYSENTER_ESP);
	MUST_FIELD(canonical_here(k, v->guest_sysenter_eip), GMSR_02, GUEST_SYSENTER_EIP);
	MUST(!ENTRY(LOAD_PERF_GLOBAL_CTRL) ||
		     !(v->guest_perf_global_ctrl & ~k->c->perf_global_ctrl_bits),
	     GMSR_03);
	MUST(!ENTRY(LOAD_PAT) || pat_ok(v->guest_pat), GMSR_04);
	if (ENTRY(LOAD_EFER)) {
		bool lma = v->guest_efer & EFER_LMA, lme = v->guest_efer & EFER_LME;

		MUST(!(v->guest_efer & ~k->c->efer_bits), GMSR_05);
		MUST(lma == k->ia32e_guest, GMSR_06);
		MUST(!(v->guest_cr0 & CR0_PG) || lma == lme, GMSR_07);
	}
	MUST(!ENTRY(LOAD_BNDCFGS) || (!(v->guest_bndcfgs & BITS(11, 2)) &&
				      canonical_here(k, v->guest_bndcfgs & ~BITS(11, 0))),
	     GMSR_08);
	if (ENTRY(LOAD_CET)) {
		MUST(cet_ok(k, v->guest_s_cet) && (k->ia32e_guest || !(v->guest_s_cet >> 32)),
		     GMSR_10);
		MUST(canonical_here(k, v->guest_interrupt_ssp_table_address), GMSR_11);
		MUST(!(v->guest_ssp & BITS(1, 0)), SSP_01);
		MUST(k->ia32e_guest ? canonical_here(k, v->guest_ssp) : !(v->guest_ssp >> 32),
		     SSP_02);
	}
	MUST(!ENTRY(LOAD_PKRS) || !(v->guest_pkrs >> 32), GMSR_13);
	MUST(!ENTRY(LOAD_UINV) || !(v->guest_uinv >> 8), GMSR_14);
	MUST(!ENTRY(LOAD_RTIT_CTL) || !(v->guest_rtit_ctl & ~k->c->rtit_ctl_bits), GMSR_09);
	MUST(!ENTRY(LOAD_LBR_CTL) || !(v->guest_lbr_ctl & ~k->c->lbr_ctl_bits), GMSR_12);
	if (ENTRY(LOAD_FRED))
		check_fred(k);
	MUST(!ENTRY(LOAD_SPEC_CTRL) || !(v->guest_spec_ctrl & ~k->c->spec_ctrl_bits), GMSR_16);
}

void check_guest_registers(struct checker *k)
{
	check_control_registers(k);
	check_msrs(k);
}

/* ---------------------------------------------------------------- RIP, RFLAGS */

enum {
	TYPE_EXTERNAL = 0,
	TYPE_NMI = 2,
	TYPE_EXCEPTION = 3,
	TYPE_OTHER = 7,
	VECTOR_DEBUG = 1,
	VECTOR_MACHINE_CHECK = 18,
};

static bool injects(const struct checker *k)
{
	return k->v->entry_interruption_info >> 31 & 1;
}

static unsigned injected_type(const struct checker *k)
{
	return k->v->entry_interruption_info >> 8 & 7;
}

/* Bits 63 down to the highest of a linear address are all the same; weaker than canonical. */
static bool rip_ok(const struct checker *k, uint64_t rip)
{
	uint64_t high = bits_from(k->c->linear_bits);

	return (rip & high) == 0 || (rip & high) == high;
}

static void check_rip(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	bool code64 = k->ia32e_guest && v->guest_cs_access_rights & AR_L;

	MUST(code64 || !(v->guest_rip >> 32), RIP_01);
	MUST(!code64 || rip_ok(k, v->guest_rip), RIP_02);
	MUST(!(v->guest_rflags & FLAGS_RESERVED) && v->guest_rflags & BIT(1), RFL_01);
	MUST(!is_v86(k) || (!k->ia32e_guest && v->guest_cr0 & CR0_PE), RFL_02);
	MUST(!injects(k) || injected_type(k) != TYPE_EXTERNAL || v->guest_rflags & FLAG_IF, RFL_03);
}

/* ---------------------------------------------------------------- non-register state */

static bool activity_allows(const struct checker *k)
{
	unsigned type = injected_type(k), vector = k->v->entry_interruption_info & 0xff;
	bool machine_check = type == TYPE_EXCEPTION && vector == VECTOR_MACHINE_CHECK;

	switch (k->v->guest_activity_state) {
	case ACTIVITY_HLT:
		return type == TYPE_EXTERNAL || type == TYPE_NMI || machine_check ||
		       (type == TYPE_EXCEPTION && vector == VECTOR_DEBUG) ||
		       (type == TYPE_OTHER && vector == 0);
	case ACTIVITY_SHUTDOWN:
		return type == TYPE_NMI || machine_check;
	case ACTIVITY_WAIT_FOR_SIPI:
		return false;
	default:
		return true;
	}
}

static void check_activity(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	uint64_t activity = v->guest_activity_state;

	MUST(activity <= ACTIVITY_WAIT_FOR_SIPI && (!activity || k->c->misc >> (5 + activity) & 1),
	     ACT_01);
	MUST(activity != ACTIVITY_HLT || !(v->guest_ss_access_rights & AR_DPL), ACT_02);
	MUST(!(v->guest_interruptibility_state & 3) || !activity, ACT_03);
	MUST(!injects(k) || activity_allows(k), ACT_05);
}

static void check_interruptibility(struct checker *k)
{
	uint64_t state = k->v->guest_interruptibility_state;
	bool external = injects(k) && injected_type(k) == TYPE_EXTERNAL;
	bool nmi = injects(k) && injected_type(k) == TYPE_NMI;

	MUST(!(state & BITS(31, 5)), INTR_01);
	MUST((state & 3) != 3, INTR_02);
	MUST(k->v->guest_rflags & FLAG_IF || !(state & BLOCKING_STI), INTR_03);
	MUST(!external || !(state & 3), INTR_04);
	MUST(!nmi || !(state & BLOCKING_MOV_SS), INTR_05);
	MUST(!nmi || !(state & BLOCKING_STI), INTR_06);
	MUST(!nmi || !PIN(VIRTUAL_NMIS) || !(state & BLOCKING_NMI), INTR_07);
	MUST(!(state & BIT(2)), INTR_08);
	MUST(!(state & BIT(4)) || (k->c->sgx && !(state & BLOCKING_MOV_SS)), INTR_10);
	MUST(!(k->v->guest_cr4 & CR4_FRED) || AR_DPL_OF(k->v->guest_ss_access_rights) != 3 ||
		     !(state & BLOCKING_STI),
	     INTR_11);
}

static void check_debug(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	uint64_t pending = v->guest_pending_debug_exceptions;
	bool held = v->guest_interruptibility_state & 3 || v->guest_activity_state == ACTIVITY_HLT;
	bool steps = v->guest_rflags & FLAG_TF && !(v->guest_debugctl & DEBUGCTL_BTF);

	MUST(!(pending & (BITS(10, 4) | BIT(13) | BIT(15) | BITS(63, 17))) &&
		     (k->c->bus_lock_debug || !(pending & BIT(11))),
	     DBG_01);
	MUST(!held || !steps || pending & BIT(14), DBG_02);
	MUST(!held || steps || !(pending & BIT(14)), DBG_03);
	MUST(!(pending & BIT(16)) || (k->c->rtm && pending & BIT(12) &&
				      !(pending & (BITS(11, 0) | BITS(15, 13) | BITS(63, 17))) &&
				      !(v->guest_interruptibility_state & BLOCKING_MOV_SS)),
	     DBG_04);
}

static void check_link(struct checker *k)
{
	uint64_t link = k->v->vmcs_link_pointer;
	bool shadowing = SECONDARY(VMCS_SHADOWING);
	uint64_t first;

	if (link == ~0ull)
		return;
	MUST(address_ok(k, link, 12), LINK_01);
	if (address_ok(k, link, 12) && read_memory(k, link, 4, &first)) {
		MUST((first & BITS(30, 0)) == (k->c->basic & BITS(30, 0)), LINK_02);
		MUST((first >> 31 & 1) == shadowing, LINK_03);
	}
	MUST(link != k->input->vmcs_pointer, LINK_04);
}

static bool uses_pae(const struct checker *k)
{
	return k->v->guest_cr0 & CR0_PG && k->v->guest_cr4 & CR4_PAE && !k->ia32e_guest;
}

static void check_pdptes(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	const uint64_t pdpte[] = { v->guest_pdpte0, v->guest_pdpte1, v->guest_pdpte2,
				   v->guest_pdpte3 };

	if (!uses_pae(k))
		return;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t at = (v->guest_cr3 & BITS(31, 5)) + 8 * i, entry;

		if (k->ept)
			must(k, udv_pdpte_valid(pdpte[i], k->c->maxphyaddr), VMX_CHECK_PDPTE_01,
			     ARCH_VMCS_GUEST_PDPTE0 + 2 * i);
		else if (read_memory(k, at, 8, &entry))
			MUST(udv_pdpte_valid(entry, k->c->maxphyaddr), PDPTE_02);
	}
}

void check_guest_rest(struct checker *k)
{
	check_rip(k);
	check_activity(k);
	check_interruptibility(k);
	check_debug(k);
	check_link(k);
	check_pdptes(k);
}
