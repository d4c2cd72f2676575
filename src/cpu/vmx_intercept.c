/* SPDX-License-Identifier: MIT */
#include "arch/exit_reasons.h"
#include "arch/msrs.h"
#include "arch/system_bits.h"
#include "cpu/msr.h"
#include "cpu/vmx.h"
#include "cpu/vmx_operand.h"
#include "cpu/vmx_state.h"
#include "vmx/intercepts.h"

/*
 * Instructions that leave the guest, and the registers that the guest sees through masks and
 * shadows. SDM Vol 3C "Instructions That Cause VM Exits", "Changes to Instruction Behavior in VMX
 * Non-Root Operation".
 */

#define PRIMARY(control) VMX_HAS(v->primary_controls, PRIMARY, control)

enum cr_access {
	CR_WRITE = 0u << 4,
	CR_READ = 1u << 4,
	CR_CLTS = 2u << 4,
	CR_LMSW = 3u << 4,
};
#define CR_LMSW_MEMORY BIT(6)
#define CR_GPR_SHIFT 8
#define CR_SOURCE_SHIFT 16

static bool plain(struct cpu *cpu, bool exits, uint32_t reason)
{
	if (exits)
		vmx_record_instruction(cpu, reason, 0);
	return exits;
}

/* Those with a memory operand tell its displacement and how it is made. */
static bool with_operand(struct cpu *cpu, bool exits, uint32_t reason, uint32_t info)
{
	if (!exits)
		return false;
	vmx_record_instruction(cpu, reason, vmx_displacement(cpu, cpu->current));
	cpu->vmx.exit.instruction_info = info;
	return true;
}

/* ---------------------------------------------------------------- control registers */

uint64_t vmx_read_cr0(const struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint64_t mask = cpu->vmx.guest ? v->cr0_guest_host_mask : 0;

	return (cpu->state.cr0 & ~mask) | (v->cr0_read_shadow & mask);
}

uint64_t vmx_read_cr4(const struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint64_t mask = cpu->vmx.guest ? v->cr4_guest_host_mask : 0;

	return (cpu->state.cr4 & ~mask) | (v->cr4_read_shadow & mask);
}

uint64_t vmx_written_cr0(const struct cpu *cpu, uint64_t value)
{
	uint64_t mask = cpu->vmx.guest ? cpu->vmx.vmcs.cr0_guest_host_mask : 0;

	return (value & ~mask) | (cpu->state.cr0 & mask);
}

uint64_t vmx_written_cr4(const struct cpu *cpu, uint64_t value)
{
	uint64_t mask = cpu->vmx.guest ? cpu->vmx.vmcs.cr4_guest_host_mask : 0;

	return (value & ~mask) | (cpu->state.cr4 & mask);
}

bool vmx_cr0_allowed(const struct cpu *cpu, uint64_t cr0)
{
	uint64_t fixed = cpu->vmx.capabilities.cr0_fixed0;

	if (!cpu->vmx.operation)
		return true;
	if (cpu->vmx.guest && VMX_SECONDARY(&cpu->vmx.vmcs, UNRESTRICTED_GUEST))
		fixed &= ~(CR0_PE | CR0_PG);
	return !(fixed & ~cr0);
}

bool vmx_cr4_allowed(const struct cpu *cpu, uint64_t cr4)
{
	return !cpu->vmx.operation || !(cpu->vmx.capabilities.cr4_fixed0 & ~cr4);
}

static bool cr_write(struct cpu *cpu, unsigned number, uint64_t value)
{
	unsigned gpr = cpu->current->src / 8u;

	if (!vmx_cr_write_exits(&cpu->vmx.vmcs, number, value))
		return false;
	vmx_record_instruction(cpu, ARCH_EXIT_CR_ACCESS_REASON,
			       number | CR_WRITE | gpr << CR_GPR_SHIFT);
	return true;
}

static bool cr_read(struct cpu *cpu, unsigned number, unsigned gpr)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	if (!(number == 3 ? PRIMARY(CR3_STORE) : PRIMARY(CR8_STORE)))
		return false;
	vmx_record_instruction(cpu, ARCH_EXIT_CR_ACCESS_REASON,
			       number | CR_READ | gpr << CR_GPR_SHIFT);
	return true;
}

static bool lmsw(struct cpu *cpu, uint64_t source, bool memory)
{
	uint64_t qualification = CR_LMSW | (source & 0xffff) << CR_SOURCE_SHIFT;
	uint64_t linear;

	if (!vmx_lmsw_exits(&cpu->vmx.vmcs, source))
		return false;
	vmx_record_instruction(cpu, ARCH_EXIT_CR_ACCESS_REASON,
			       qualification | (memory ? CR_LMSW_MEMORY : 0));
	if (memory) {
		linear = vmx_operand_linear(cpu, cpu->current);
		cpu->vmx.exit.guest_linear_address = linear;
	}
	return true;
}

static bool clts(struct cpu *cpu)
{
	if (!vmx_clts_exits(&cpu->vmx.vmcs))
		return false;
	vmx_record_instruction(cpu, ARCH_EXIT_CR_ACCESS_REASON, CR_CLTS);
	return true;
}

static bool mov_dr(struct cpu *cpu, unsigned number, bool read)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	const struct op *op = cpu->current;
	unsigned gpr = (read ? op->dst : op->src) / 8u;

	if (!PRIMARY(MOV_DR))
		return false;
	vmx_record_instruction(cpu, ARCH_EXIT_DR_ACCESS_REASON,
			       number | (uint64_t)read << 4 | gpr << CR_GPR_SHIFT);
	return true;
}

/* ---------------------------------------------------------------- bitmaps */

static bool bitmap_bit(struct cpu *cpu, uint64_t address, unsigned bit)
{
	return mem_read(cpu->memory, address + bit / 8, 1) >> bit % 8 & 1;
}

/* Where a string instruction's operand is, in the segment that it uses. */
static uint64_t string_address(const struct cpu *cpu, const struct op *op, bool in)
{
	static const uint64_t masks[] = { 0xffff, UINT32_MAX, ~0ull, ~0ull };
	uint64_t offset = cpu->state.gpr[in ? GPR_RDI : GPR_RSI] & masks[op->address];
	unsigned segment = in ? SEG_ES : op->segment;
	uint64_t linear = cpu->segment_base[segment] + offset;

	return is_64bit(cpu) ? linear : (uint32_t)linear;
}

#define BASIC_STRING_INFO BIT(54)

/* @what: port | size << 16 | in << 24 | string << 25 | rep << 26 */
static bool io(struct cpu *cpu, uint64_t what, bool immediate)
{
	const struct op *op = cpu->current;
	unsigned port = what & 0xffff, size = what >> 16 & 0xff;
	bool in = what >> 24 & 1, string = what >> 25 & 1, rep = what >> 26 & 1;

	if (!vmx_io_exits(&cpu->vmx.vmcs, cpu->memory, port, size))
		return false;
	vmx_record_instruction(cpu, ARCH_EXIT_IO_INSTRUCTION_REASON,
			       (size - 1) | (uint64_t)in << 3 | (uint64_t)string << 4 |
				       (uint64_t)rep << 5 | (uint64_t)immediate << 6 |
				       (uint64_t)port << 16);
	if (string)
		cpu->vmx.exit.guest_linear_address = string_address(cpu, op, in);
	if (string && cpu->vmx.capabilities.basic & BASIC_STRING_INFO) {
		cpu->vmx.exit.instruction_info = (uint32_t)(op->address < 2 ? op->address : 2u)
						 << 7;
		if (!in)
			cpu->vmx.exit.instruction_info |= (uint32_t)op->segment << 15;
	}
	return true;
}

#define MSR_LOW_LAST 0x1fffu
#define MSR_HIGH_FIRST 0xc0000000u
#define BITMAP_HIGH 0x400u
#define BITMAP_WRITE 0x800u

/* SDM Vol 3C "MSR-Bitmap Address" */
static bool msr(struct cpu *cpu, uint32_t index, bool write)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint64_t at = v->msr_bitmaps + (write ? BITMAP_WRITE : 0);
	uint32_t reason = write ? ARCH_EXIT_WRMSR_REASON : ARCH_EXIT_RDMSR_REASON;

	if (!PRIMARY(MSR_BITMAPS))
		return plain(cpu, true, reason);
	if (index <= MSR_LOW_LAST)
		return plain(cpu, bitmap_bit(cpu, at, index), reason);
	if (index >= MSR_HIGH_FIRST && index - MSR_HIGH_FIRST <= MSR_LOW_LAST)
		return plain(cpu, bitmap_bit(cpu, at + BITMAP_HIGH, index - MSR_HIGH_FIRST),
			     reason);
	return plain(cpu, true, reason);
}

/* ---------------------------------------------------------------- the rest */

/* SDM Vol 3C "PAUSE-Loop Exiting" */
static bool pause(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint64_t now = cpu_tsc(cpu) - cpu->state.tsc_offset, last = cpu->vmx.last_pause;

	if (PRIMARY(PAUSE))
		return plain(cpu, true, ARCH_EXIT_PAUSE_REASON);
	if (!VMX_SECONDARY(v, PAUSE_LOOP_EXITING) || cpu->state.cpl)
		return false;
	cpu->vmx.last_pause = now;
	if (!last || now - last > v->ple_gap) {
		cpu->vmx.first_pause = now;
		return false;
	}
	return plain(cpu, now - cpu->vmx.first_pause > v->ple_window, ARCH_EXIT_PAUSE_REASON);
}

static bool descriptor_table(struct cpu *cpu, uint32_t reason)
{
	const struct op *op = cpu->current;
	uint32_t info = vmx_operand_info(cpu, op);
	unsigned identity = 0;

	switch (op->code) {
	case OP_SIDT:
	case OP_STR:
		identity = 1;
		break;
	case OP_LGDT:
	case OP_LLDT:
		identity = 2;
		break;
	case OP_LIDT:
	case OP_LTR:
		identity = 3;
		break;
	default:
		break;
	}
	if (reason == ARCH_EXIT_GDTR_IDTR_ACCESS_REASON)
		info |= (uint32_t)(op->size >= 2) << 11;
	return with_operand(cpu, VMX_SECONDARY(&cpu->vmx.vmcs, DESCRIPTOR_TABLE), reason,
			    info | identity << 28);
}

static bool random_number(struct cpu *cpu, bool exits, uint32_t reason)
{
	const struct op *op = cpu->current;

	if (!exits)
		return false;
	vmx_record_instruction(cpu, reason, 0);
	cpu->vmx.exit.instruction_info = op->dst / 8u << 3 | (op->size - 1u) << 11;
	return true;
}

static bool xsave_state(struct cpu *cpu, uint32_t reason)
{
	uint64_t mask = cpu->state.gpr[GPR_RDX] << 32 | (uint32_t)cpu->state.gpr[GPR_RAX];
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	return with_operand(cpu, mask & cpu->state.xss & v->xss_exiting_bitmap, reason,
			    vmx_operand_info(cpu, cpu->current));
}

/* RF is saved as the old TSS would have had it: of an event, as that would have been pushed. */
static bool task_switch(struct cpu *cpu, uint16_t selector, uint64_t source)
{
	static const uint8_t kinds[] = { 0, 1, 2, 3 };
	bool event = source == 3;

	vmx_record(cpu, ARCH_EXIT_TASK_SWITCH_REASON, selector | (uint64_t)kinds[source & 3] << 30);
	if (!event)
		cpu->vmx.exit.instruction_length = cpu->current->length;
	else if (cpu->delivering.valid)
		cpu->vmx.exit.instruction_length = cpu->delivering.length;
	/* As the old TSS would have it. SDM Vol 3C "Saving RIP, RSP, RFLAGS, and SSP" */
	cpu->vmx.exit.rf = event && cpu->state.rflags & FLAG_RF ? VMX_RF_SET : VMX_RF_CLEAR;
	return true;
}

static bool invpcid(struct cpu *cpu)
{
	const struct op *op = cpu->current;
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	return with_operand(cpu, PRIMARY(INVLPG), ARCH_EXIT_INVPCID_REASON,
			    vmx_operand_info(cpu, op) | (uint32_t)(op->dst / 8u) << 28);
}

bool vmx_intercepts(struct cpu *cpu, enum cpu_intercept what, uint64_t a, uint64_t b)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	switch (what) {
	case INTERCEPT_CPUID:
		return plain(cpu, true, ARCH_EXIT_CPUID_REASON);
	case INTERCEPT_HLT:
		return plain(cpu, PRIMARY(HLT), ARCH_EXIT_HLT_REASON);
	case INTERCEPT_INVD:
		return plain(cpu, true, ARCH_EXIT_INVD_REASON);
	case INTERCEPT_INVLPG:
		if (PRIMARY(INVLPG))
			vmx_record_instruction(cpu, ARCH_EXIT_INVLPG_REASON, a);
		return PRIMARY(INVLPG);
	case INTERCEPT_INVPCID:
		return invpcid(cpu);
	case INTERCEPT_RDPMC:
		return plain(cpu, PRIMARY(RDPMC), ARCH_EXIT_RDPMC_REASON);
	case INTERCEPT_RDTSC:
		return plain(cpu, PRIMARY(RDTSC), ARCH_EXIT_RDTSC_REASON);
	case INTERCEPT_RDTSCP:
		return plain(cpu, PRIMARY(RDTSC), ARCH_EXIT_RDTSCP_REASON);
	case INTERCEPT_RSM:
		return false;
	case INTERCEPT_CR_READ:
		return cr_read(cpu, (unsigned)a, (unsigned)b);
	case INTERCEPT_CR_WRITE:
		return cr_write(cpu, (unsigned)a, b);
	case INTERCEPT_CLTS:
		return clts(cpu);
	case INTERCEPT_LMSW:
		return lmsw(cpu, a, b);
	case INTERCEPT_DR:
		return mov_dr(cpu, (unsigned)a, b);
	case INTERCEPT_IO:
		return io(cpu, a, b);
	case INTERCEPT_MSR_READ:
		return msr(cpu, (uint32_t)a, false);
	case INTERCEPT_MSR_WRITE:
		return msr(cpu, (uint32_t)a, true);
	case INTERCEPT_MWAIT:
		if (PRIMARY(MWAIT))
			vmx_record_instruction(cpu, ARCH_EXIT_MWAIT_REASON, a);
		return PRIMARY(MWAIT);
	case INTERCEPT_MONITOR:
		return plain(cpu, PRIMARY(MONITOR), ARCH_EXIT_MONITOR_REASON);
	case INTERCEPT_PAUSE:
		return pause(cpu);
	case INTERCEPT_GDTR_IDTR:
		return descriptor_table(cpu, ARCH_EXIT_GDTR_IDTR_ACCESS_REASON);
	case INTERCEPT_LDTR_TR:
		return descriptor_table(cpu, ARCH_EXIT_LDTR_TR_ACCESS_REASON);
	case INTERCEPT_WBINVD:
		return plain(cpu, VMX_SECONDARY(v, WBINVD), ARCH_EXIT_WBINVD_REASON);
	case INTERCEPT_XSETBV:
		return plain(cpu, true, ARCH_EXIT_XSETBV_REASON);
	case INTERCEPT_RDRAND:
		return random_number(cpu, VMX_SECONDARY(v, RDRAND_EXITING),
				     ARCH_EXIT_RDRAND_REASON);
	case INTERCEPT_RDSEED:
		return random_number(cpu, VMX_SECONDARY(v, RDSEED_EXITING),
				     ARCH_EXIT_RDSEED_REASON);
	case INTERCEPT_XSAVES:
		return xsave_state(cpu, ARCH_EXIT_XSAVES_REASON);
	case INTERCEPT_XRSTORS:
		return xsave_state(cpu, ARCH_EXIT_XRSTORS_REASON);
	case INTERCEPT_TASK_SWITCH:
		return task_switch(cpu, (uint16_t)a, b);
	}
	return false;
}

/* Enabling controls of instructions: #UD without. SDM Vol 3C "Changes to Instruction Behavior" */
bool vmx_refuses(const struct cpu *cpu, unsigned secondary_bit)
{
	return cpu->vmx.guest && !vmx_secondary(&cpu->vmx.vmcs, secondary_bit);
}
