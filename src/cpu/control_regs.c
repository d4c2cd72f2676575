/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/system_misc.h"
#include "cpu/vmx_apic.h"
#include "cpu/xsave.h"

/*
 * Control registers and XCR0. Each writer checks everything, then loads the PDPTEs if it must, and
 * only then changes state.
 * SDM Vol 2B "MOV-Move to/from Control Registers", Vol 3A "Control Registers", "PDPTE Registers",
 * "Initializing IA-32e Mode"
 */

#define CR0_PAGING (CR0_PE | CR0_WP | CR0_PG)
#define CR4_PAGING                                                                                 \
	(CR4_PSE | CR4_PAE | CR4_PGE | CR4_LA57 | CR4_PCIDE | CR4_SMEP | CR4_SMAP | CR4_PKE |      \
	 CR4_PKS)
/* Changes that load the PDPTEs when PAE paging is in use after them. */
#define PAE_CR3_ADDRESS BITS(31, 5)
#define CR0_LOADS_PDPTES (CR0_CD | CR0_NW | CR0_PG)
#define CR4_LOADS_PDPTES (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)

static void trace_mode(const struct cpu *cpu)
{
	trace_event(cpu, CPU_TRACE_MODE, cpu->state.cr0, cpu->state.cr4, cpu->state.efer);
}

/* True if it is not PAE paging, or the PDPTEs have been loaded. */
static bool load_pdptes(struct cpu *cpu, uint64_t cr0, uint64_t cr3, uint64_t cr4, uint64_t efer)
{
	struct udv_walk_result result;

	if (udv_paging_mode(cr0, cr4, efer) != UDV_PAGING_PAE)
		return true;
	if (!vmx_apic_pdptes(cpu, cr3 & PAE_CR3_ADDRESS))
		return false;
	/* What no memory answers for reads as all ones, and those are reserved bits. */
	switch (udv_load_pdptes(&cpu->paging, 0, cr3, cpu->state.pdpte, &result)) {
	case UDV_WALK_OK:
		return true;
	case UDV_WALK_EPT_VIOLATION:
	case UDV_WALK_EPT_MISCONFIG:
	case UDV_WALK_PML_FULL:
	case UDV_WALK_SPP_EVENT:
		vmx_trace_walk(cpu, &cpu->paging, UDV_ACCESS_READ, &result);
		return vmx_record_walk(cpu, &result, false);
	default:
		return raise_gp0(cpu);
	}
}

/* ---------------------------------------------------------------- CR0 */

static bool tss_is_16bit(const struct cpu *cpu)
{
	uint32_t rights = cpu->state.seg[SEG_TR].access_rights;

	return !(rights & AR_UNUSABLE) && !(rights & 0x8);
}

static bool cr0_valid(const struct cpu *cpu, uint64_t cr0)
{
	uint64_t set = cr0 & ~cpu->state.cr0, cleared = cpu->state.cr0 & ~cr0;

	if (cr0 & CR0_PG && !(cr0 & CR0_PE))
		return false;
	if (cr0 & CR0_NW && !(cr0 & CR0_CD))
		return false;
	if (set & CR0_PG && cpu->state.efer & EFER_LME)
		return cpu->state.cr4 & CR4_PAE && !(cpu->state.seg[SEG_CS].access_rights & AR_L) &&
		       !tss_is_16bit(cpu);
	if (cleared & CR0_PG)
		return !(cpu->state.cr4 & CR4_PCIDE) && !is_64bit(cpu);
	return true;
}

static bool set_cr0(struct cpu *cpu, uint64_t cr0)
{
	uint64_t changed, efer = cpu->state.efer;

	/* Reserved bits in 31:0 are ignored, and ET is always 1. */
	if (cr0 >> 32)
		return raise_gp0(cpu);
	cr0 = (cr0 & CR0_DEFINED) | CR0_ET;
	if (!vmx_cr0_allowed(cpu, cr0))
		return raise_gp0(cpu);
	changed = cr0 ^ cpu->state.cr0;
	if (!cr0_valid(cpu, cr0))
		return raise_gp0(cpu);
	efer = cr0 & CR0_PG && efer & EFER_LME ? efer | EFER_LMA : efer & ~EFER_LMA;
	if (changed & CR0_LOADS_PDPTES &&
	    !load_pdptes(cpu, cr0, cpu->state.cr3, cpu->state.cr4, efer))
		return false;
	cpu->state.cr0 = cr0;
	cpu->state.efer = efer;
	if (changed & ~cr0 & CR0_PG)
		cpu_paging_changed_vpid(cpu);
	else if (changed & (CR0_PAGING | CR0_LOADS_PDPTES))
		cpu_paging_changed(cpu);
	if (changed) {
		cpu_mode_changed(cpu);
		trace_mode(cpu);
	}
	return true;
}

bool insn_mov_to_cr0(struct cpu *cpu, const struct op *op)
{
	uint64_t value = gpr_read(cpu, op->src, 1u << op->size);

	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_CR_WRITE, 0, value))
		return false;
	cpu_charge(cpu, COST_PAGING_MODE);
	return set_cr0(cpu, vmx_written_cr0(cpu, value));
}

/* PE, MP, EM and TS; PE can be set and not be cleared. */
bool insn_lmsw(struct cpu *cpu, const struct op *op)
{
	uint64_t source, linear;

	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (!op->flag) {
		source = gpr_read(cpu, op->dst, 2);
	} else if (!cpu_operand_linear(cpu, op, 2, UDV_ACCESS_READ, &linear) ||
		   !cpu_read(cpu, linear, 2, 0, &source)) {
		return false;
	}
	if (cpu_intercepts(cpu, INTERCEPT_LMSW, source, op->flag))
		return false;
	source &= CR0_PE | CR0_MP | CR0_EM | CR0_TS;
	source |= cpu->state.cr0 & ~(CR0_MP | CR0_EM | CR0_TS);
	return set_cr0(cpu, vmx_written_cr0(cpu, source));
}

bool insn_smsw(struct cpu *cpu, const struct op *op)
{
	uint64_t linear;

	if (cpu->state.cpl && cpu->state.cr4 & CR4_UMIP)
		return raise_gp0(cpu);
	if (!op->flag) {
		gpr_write(cpu, op->dst, 1u << op->size, vmx_read_cr0(cpu));
		return true;
	}
	return cpu_operand_linear(cpu, op, 2, UDV_ACCESS_WRITE, &linear) &&
	       cpu_write(cpu, linear, 2, 0, vmx_read_cr0(cpu) & 0xffff);
}

bool insn_clts(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_CLTS, 0, 0))
		return false;
	cpu->state.cr0 = vmx_written_cr0(cpu, cpu->state.cr0 & ~CR0_TS);
	cpu_mode_changed(cpu);
	return true;
}

/* ---------------------------------------------------------------- CR2, CR3, CR8 */

bool insn_mov_to_cr2(struct cpu *cpu, const struct op *op)
{
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	cpu->state.cr2 = gpr_read(cpu, op->src, 1u << op->size);
	return true;
}

bool insn_mov_to_cr3(struct cpu *cpu, const struct op *op)
{
	uint64_t cr3 = gpr_read(cpu, op->src, 1u << op->size);
	bool keep = false;

	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_CR_WRITE, 3, cr3))
		return false;
	if (cpu->state.cr4 & CR4_PCIDE) {
		keep = cr3 & CR3_NO_FLUSH;
		cr3 &= ~CR3_NO_FLUSH;
	}
	if (cr3 & bits_from(cpu->config->maxphyaddr))
		return raise_gp0(cpu);
	if (!load_pdptes(cpu, cpu->state.cr0, cr3, cpu->state.cr4, cpu->state.efer))
		return false;
	cpu->state.cr3 = cr3;
	cpu_cr3_changed(cpu, keep);
	cpu_charge(cpu, COST_CONTROL_REGISTER);
	return true;
}

bool insn_mov_to_cr8(struct cpu *cpu, const struct op *op)
{
	uint64_t value = gpr_read(cpu, op->src, 8);

	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_CR_WRITE, 8, value))
		return false;
	if (value >> 4)
		return raise_gp0(cpu);
	if (!vmx_write_cr8(cpu, value) && cpu->ops.write_cr8)
		cpu->ops.write_cr8(cpu->ops.opaque, (uint8_t)value);
	cpu_charge(cpu, COST_CONTROL_REGISTER);
	return true;
}

/* ---------------------------------------------------------------- CR4 */

static const struct {
	uint64_t bit;
	uint8_t feature;
} cr4_features[] = {
	{ CR4_VME, FEATURE_VME },	 { CR4_PVI, FEATURE_VME },
	{ CR4_TSD, FEATURE_TSC },	 { CR4_DE, FEATURE_DE },
	{ CR4_PSE, FEATURE_PSE },	 { CR4_PAE, FEATURE_PAE },
	{ CR4_MCE, FEATURE_MCE },	 { CR4_PGE, FEATURE_PGE },
	{ CR4_PCE, FEATURE_ALWAYS },	 { CR4_OSFXSR, FEATURE_FXSR },
	{ CR4_OSXMMEXCPT, FEATURE_SSE }, { CR4_UMIP, FEATURE_UMIP },
	{ CR4_LA57, FEATURE_LA57 },	 { CR4_FSGSBASE, FEATURE_FSGSBASE },
	{ CR4_PCIDE, FEATURE_PCID },	 { CR4_OSXSAVE, FEATURE_XSAVE },
	{ CR4_SMEP, FEATURE_SMEP },	 { CR4_SMAP, FEATURE_SMAP },
	{ CR4_PKE, FEATURE_PKU },	 { CR4_PKS, FEATURE_PKS },
	{ CR4_VMXE, FEATURE_VMX },
};

uint64_t cpu_cr4_supported(const struct cpu_config *config)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < sizeof(cr4_features) / sizeof(cr4_features[0]); i++)
		if (feature_has(&config->features, cr4_features[i].feature))
			bits |= cr4_features[i].bit;
	return bits;
}

static bool cr4_valid(const struct cpu *cpu, uint64_t cr4)
{
	uint64_t changed = cr4 ^ cpu->state.cr4;

	if (cr4 & ~cpu_cr4_supported(cpu->config) || !vmx_cr4_allowed(cpu, cr4))
		return false;
	if (is_long_mode(cpu) && (!(cr4 & CR4_PAE) || changed & CR4_LA57))
		return false;
	if (changed & cr4 & CR4_PCIDE)
		return is_long_mode(cpu) && !(cpu->state.cr3 & CR3_PCID);
	return true;
}

/* SDM Vol 3A "Operations that Invalidate TLBs and Paging-Structure Caches" */
static void change_paging(struct cpu *cpu, uint64_t set, uint64_t cleared)
{
	if ((set | cleared) & CR4_PGE || cleared & CR4_PCIDE)
		cpu_paging_changed_vpid(cpu);
	else if ((set | cleared) & CR4_PAE || set & CR4_SMEP)
		cpu_paging_changed_pcid(cpu);
	else
		cpu_paging_changed(cpu);
}

bool insn_mov_to_cr4(struct cpu *cpu, const struct op *op)
{
	uint64_t cr4 = gpr_read(cpu, op->src, 1u << op->size);
	uint64_t changed = cr4 ^ cpu->state.cr4;

	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_CR_WRITE, 4, cr4))
		return false;
	cr4 = vmx_written_cr4(cpu, cr4);
	changed = cr4 ^ cpu->state.cr4;
	if (!cr4_valid(cpu, cr4))
		return raise_gp0(cpu);
	if (changed & CR4_LOADS_PDPTES &&
	    !load_pdptes(cpu, cpu->state.cr0, cpu->state.cr3, cr4, cpu->state.efer))
		return false;
	cpu->state.cr4 = cr4;
	if (changed & CR4_PAGING)
		change_paging(cpu, changed & cr4, changed & ~cr4);
	if (changed) {
		cpu_mode_changed(cpu);
		trace_mode(cpu);
	}
	cpu_charge(cpu, COST_PAGING_MODE);
	return true;
}

/* ---------------------------------------------------------------- reading */

static uint64_t read_cr(struct cpu *cpu, unsigned number)
{
	uint64_t cr8;

	switch (number) {
	case 0:
		return vmx_read_cr0(cpu);
	case 2:
		return cpu->state.cr2;
	case 3:
		return cpu->state.cr3;
	case 4:
		return vmx_read_cr4(cpu);
	default:
		if (vmx_read_cr8(cpu, &cr8))
			return cr8;
		return cpu->ops.read_cr8 ? cpu->ops.read_cr8(cpu->ops.opaque) & 0xf : 0;
	}
}

bool insn_mov_from_cr(struct cpu *cpu, const struct op *op)
{
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if ((op->src == 3 || op->src == 8) &&
	    cpu_intercepts(cpu, INTERCEPT_CR_READ, op->src, op->dst / 8u))
		return false;
	gpr_write(cpu, op->dst, 1u << op->size, read_cr(cpu, op->src));
	cpu_charge(cpu, COST_CONTROL_REGISTER);
	return true;
}

/* ---------------------------------------------------------------- XCR0 */

bool insn_xgetbv(struct cpu *cpu, const struct op *op)
{
	uint32_t index = (uint32_t)cpu->state.gpr[GPR_RCX];
	uint64_t value = cpu->state.xcr0;

	(void)op;
	if (!(cpu->state.cr4 & CR4_OSXSAVE))
		return raise_ud(cpu);
	if (index == 1 && has_feature(cpu, FEATURE_XGETBV1))
		value &= xsave_in_use(cpu);
	else if (index != 0)
		return raise_gp0(cpu);
	cpu->state.gpr[GPR_RAX] = (uint32_t)value;
	cpu->state.gpr[GPR_RDX] = value >> 32;
	return true;
}

bool insn_xsetbv(struct cpu *cpu, const struct op *op)
{
	uint64_t value = cpu->state.gpr[GPR_RDX] << 32 | (uint32_t)cpu->state.gpr[GPR_RAX];

	(void)op;
	if (!(cpu->state.cr4 & CR4_OSXSAVE))
		return raise_ud(cpu);
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_XSETBV, 0, 0))
		return false;
	if ((uint32_t)cpu->state.gpr[GPR_RCX] != 0 || value & ~xsave_supported(cpu->config) ||
	    !(value & XCR0_X87) || (value & XCR0_AVX && !(value & XCR0_SSE)))
		return raise_gp0(cpu);
	cpu->state.xcr0 = value;
	cpu_mode_changed(cpu);
	return true;
}
