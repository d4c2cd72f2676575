/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/fxsave.h"
#include "cpu/handler.h"
#include "cpu/msr.h"

/* Power-up and INIT. SDM Vol 3A "Processor State After Reset" */

#define RESET_IP 0xfff0u
#define RESET_CS 0xf000u
#define RESET_CS_BASE 0xffff0000ull

#define DATA_RIGHTS (AR_P | AR_S | AR_WRITABLE | AR_ACCESSED)
#define CODE_RIGHTS (AR_P | AR_S | AR_CODE | AR_WRITABLE | AR_ACCESSED)
#define LDT_RIGHTS (AR_P | 2u)
#define TSS_BUSY_RIGHTS (AR_P | 11u)

static void reset_segments(struct cpu_state *state)
{
	for (unsigned i = 0; i < NR_SEGMENTS; i++)
		state->seg[i] = (struct arch_segment_register){
			.limit = 0xffff,
			.access_rights = DATA_RIGHTS,
		};
	state->seg[SEG_CS].selector = RESET_CS;
	state->seg[SEG_CS].base = RESET_CS_BASE;
	state->seg[SEG_CS].access_rights = CODE_RIGHTS;
	state->seg[SEG_LDTR].access_rights = LDT_RIGHTS;
	state->seg[SEG_TR].access_rights = TSS_BUSY_RIGHTS;
	state->gdtr = (struct arch_table_register){ .limit = 0xffff };
	state->idtr = (struct arch_table_register){ .limit = 0xffff };
}

/* What power-up and INIT have in common; CR0.CD and NW are the caller's. */
static void reset_common(struct cpu *cpu)
{
	struct cpu_state *state = &cpu->state;

	memset(state->gpr, 0, sizeof(state->gpr));
	state->gpr[GPR_RDX] = cpu->config->signature;
	state->rip = RESET_IP;
	state->rflags = FLAG_ONE;
	reset_segments(state);
	state->cr2 = state->cr3 = state->cr4 = 0;
	state->efer = 0;
	memset(state->pdpte, 0, sizeof(state->pdpte));
	memset(state->dr, 0, sizeof(state->dr));
	state->dr6 = DR6_ONES;
	state->dr7 = DR7_ONES;
	state->cpl = 0;
	state->interruptibility = 0;
	state->nmi_pending = state->init_pending = state->sipi_pending = false;
	state->pending_debug = 0;
	state->monitor_armed = false;
	cpu->lazy.kind = LAZY_NONE;
	cpu->delivering.valid = false;
	cpu->fault.valid = false;
}

static void reset_msrs(struct cpu *cpu)
{
	struct cpu_state *state = &cpu->state;

	state->pat = PAT_RESET;
	state->misc_enable = cpu_misc_enable_reset(cpu);
	state->bios_sign_id = (uint64_t)MICROCODE_REVISION << 32;
	state->tsc_offset = 0 - cpu_tsc(cpu);
}

/* All of FCW, FTW and the registers as power-up leaves them: not as FNINIT does. */
static void reset_x87(struct arch_x87 *x87)
{
	*x87 = (struct arch_x87){ .control = 0x40 };
}

void cpu_reset(struct cpu *cpu)
{
	memset(&cpu->state, 0, sizeof(cpu->state));
	reset_common(cpu);
	cpu->state.cr0 = CR0_CD | CR0_NW | CR0_ET;
	cpu->state.xcr0 = XCR0_X87;
	cpu->state.mxcsr = MXCSR_RESET;
	reset_x87(&cpu->state.x87);
	reset_msrs(cpu);
	vmx_reset(cpu);
	cpu->state.activity = cpu->config->apic_id ? ACTIVITY_WAIT_FOR_SIPI : ACTIVITY_ACTIVE;
	cpu->random = cpu->config->apic_id;
	cpu_state_changed(cpu);
}

/* The bootstrap processor starts over, the others wait for a SIPI. */
static bool is_bootstrap(const struct cpu *cpu)
{
	return cpu->ops.read_msr ? cpu_apic_base(cpu) & APIC_BASE_BSP : !cpu->config->apic_id;
}

void cpu_init_signal(struct cpu *cpu)
{
	uint64_t kept = cpu->state.cr0 & (CR0_CD | CR0_NW);

	reset_common(cpu);
	cpu->state.cr0 = kept | CR0_ET;
	cpu->state.activity = is_bootstrap(cpu) ? ACTIVITY_ACTIVE : ACTIVITY_WAIT_FOR_SIPI;
	cpu_state_changed(cpu);
}
