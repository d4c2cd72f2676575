/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/exit_reasons.h"
#include "arch/system_bits.h"
#include "cpu/msr.h"
#include "cpu/system.h"
#include "cpu/vmx.h"
#include "cpu/vmx_fields.h"
#include "cpu/vmx_operand.h"
#include "cpu/vmx_state.h"

/*
 * The VMX instructions as an L1 hypervisor without one below it has them.
 * SDM Vol 3C "VMX Instruction Reference"
 */

#define FEATURE_CONTROL_VMX BIT(2)
#define REVISION_MASK BITS(30, 0)

/* ---------------------------------------------------------------- results */

bool vmx_succeed(struct cpu *cpu)
{
	set_status_flags(cpu, 0);
	return true;
}

bool vmx_fail_invalid(struct cpu *cpu)
{
	set_status_flags(cpu, FLAG_CF);
	return true;
}

bool vmx_fail_valid(struct cpu *cpu, unsigned error)
{
	set_status_flags(cpu, FLAG_ZF);
	cpu->vmx.vmcs.vm_instruction_error = error;
	return true;
}

bool vmx_fail(struct cpu *cpu, unsigned error)
{
	return cpu->vmx.current == VMX_NO_POINTER ? vmx_fail_invalid(cpu)
						  : vmx_fail_valid(cpu, error);
}

/* ---------------------------------------------------------------- what all have in common */

/* Compatibility mode has none of them. */
static bool mode_allows(const struct cpu *cpu)
{
	return !is_long_mode(cpu) || is_64bit(cpu);
}

/*
 * May the instruction run here? #UD outside of VMX operation; in a guest the exit for @reason,
 * whatever the CPL; #GP(0) for CPL > 0.
 */
static bool may_run(struct cpu *cpu, const struct op *op, uint32_t reason, uint32_t info)
{
	if (!cpu->vmx.operation || !mode_allows(cpu))
		return raise_ud(cpu);
	if (cpu->vmx.guest) {
		vmx_record_instruction(cpu, reason, vmx_displacement(cpu, op));
		cpu->vmx.exit.instruction_info = info;
		return false;
	}
	return !cpu->state.cpl || raise_gp0(cpu);
}

static bool read_pointer(struct cpu *cpu, const struct op *op, uint64_t *pointer)
{
	uint64_t linear;

	return cpu_operand_linear(cpu, op, 8, UDV_ACCESS_READ, &linear) &&
	       cpu_read(cpu, linear, 8, 0, pointer);
}

static bool pointer_valid(const struct cpu *cpu, uint64_t pointer)
{
	return !(pointer & (BITS(11, 0) | bits_from(cpu->config->maxphyaddr)));
}

static uint32_t read_revision(struct cpu *cpu, uint64_t pointer)
{
	return (uint32_t)mem_read(cpu->memory, pointer, 4);
}

/* ---------------------------------------------------------------- VMXON, VMXOFF */

static bool vmxon_allowed(const struct cpu *cpu)
{
	const struct vmx_capabilities *c = &cpu->vmx.capabilities;
	uint64_t control = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;

	return !cpu->state.cpl && !(c->cr0_fixed0 & ~cpu->state.cr0) &&
	       !(cpu->state.cr0 & ~c->cr0_fixed1) && !(c->cr4_fixed0 & ~cpu->state.cr4) &&
	       !(cpu->state.cr4 & ~c->cr4_fixed1) &&
	       (cpu->state.feature_control & control) == control;
}

static bool vmxon(struct cpu *cpu, const struct op *op)
{
	uint64_t pointer;

	if (!(cpu->state.cr4 & CR4_VMXE) || !mode_allows(cpu))
		return raise_ud(cpu);
	if (cpu->vmx.operation) {
		if (!may_run(cpu, op, ARCH_EXIT_VMXON_REASON, vmx_operand_info(cpu, op)))
			return false;
		return vmx_fail(cpu, VMX_ERROR_VMXON_IN_ROOT);
	}
	if (!vmxon_allowed(cpu))
		return raise_gp0(cpu);
	if (!read_pointer(cpu, op, &pointer))
		return false;
	if (!pointer_valid(cpu, pointer) || read_revision(cpu, pointer) != VMX_REVISION)
		return vmx_fail_invalid(cpu);
	cpu->vmx.operation = true;
	cpu->vmx.guest = false;
	cpu->vmx.vmxon_pointer = pointer;
	cpu->vmx.current = VMX_NO_POINTER;
	cpu->state.monitor_armed = false;
	if (cpu->hypervisor)
		cpu->hypervisor->on(cpu->hypervisor->opaque);
	return vmx_succeed(cpu);
}

void vmx_store_region(struct cpu *cpu, uint64_t at, const struct vmx_vmcs *vmcs)
{
	uint32_t launched = cpu->vmx.launched;

	mem_write_bytes(cpu->memory, at + VMX_REGION_LAUNCHED, &launched, sizeof(launched));
	mem_write_bytes(cpu->memory, at + VMX_REGION_FIELDS, vmcs, sizeof(*vmcs));
}

void vmx_load_region(struct cpu *cpu, uint64_t at, struct vmx_vmcs *vmcs)
{
	uint32_t launched = 0;

	mem_read_bytes(cpu->memory, at + VMX_REGION_LAUNCHED, &launched, sizeof(launched));
	mem_read_bytes(cpu->memory, at + VMX_REGION_FIELDS, vmcs, sizeof(*vmcs));
	vmx_narrow(vmcs);
	cpu->vmx.launched = launched;
}

static void store_current(struct cpu *cpu)
{
	if (cpu->vmx.current != VMX_NO_POINTER)
		vmx_store_region(cpu, cpu->vmx.current, &cpu->vmx.vmcs);
}

static void load_current(struct cpu *cpu, uint64_t at)
{
	vmx_load_region(cpu, at, &cpu->vmx.vmcs);
	cpu->vmx.current = at;
}

static bool vmxoff(struct cpu *cpu, const struct op *op)
{
	if (!may_run(cpu, op, ARCH_EXIT_VMXOFF_REASON, 0))
		return false;
	store_current(cpu);
	cpu->vmx.operation = false;
	cpu->vmx.current = VMX_NO_POINTER;
	cpu->attention |= ATTENTION_EVENT; /* an INIT may wait */
	return vmx_succeed(cpu);
}

/* ---------------------------------------------------------------- pointers */

static bool vmclear(struct cpu *cpu, const struct op *op)
{
	uint32_t clear = 0;
	uint64_t pointer;

	if (!may_run(cpu, op, ARCH_EXIT_VMCLEAR_REASON, vmx_operand_info(cpu, op)) ||
	    !read_pointer(cpu, op, &pointer))
		return false;
	if (!pointer_valid(cpu, pointer))
		return vmx_fail(cpu, VMX_ERROR_VMCLEAR_ADDRESS);
	if (pointer == cpu->vmx.vmxon_pointer)
		return vmx_fail(cpu, VMX_ERROR_VMCLEAR_VMXON);
	if (pointer == cpu->vmx.current) {
		store_current(cpu);
		cpu->vmx.current = VMX_NO_POINTER;
	}
	mem_write_bytes(cpu->memory, pointer + VMX_REGION_LAUNCHED, &clear, sizeof(clear));
	return vmx_succeed(cpu);
}

static bool vmptrld(struct cpu *cpu, const struct op *op)
{
	uint32_t revision, allowed = VMX_REVISION;
	uint64_t pointer;

	if (!may_run(cpu, op, ARCH_EXIT_VMPTRLD_REASON, vmx_operand_info(cpu, op)) ||
	    !read_pointer(cpu, op, &pointer))
		return false;
	if (!pointer_valid(cpu, pointer))
		return vmx_fail(cpu, VMX_ERROR_VMPTRLD_ADDRESS);
	if (pointer == cpu->vmx.vmxon_pointer)
		return vmx_fail(cpu, VMX_ERROR_VMPTRLD_VMXON);
	revision = read_revision(cpu, pointer);
	if (vmx_may_be_1(&cpu->vmx.capabilities, ARCH_GROUP_SECONDARY,
			 ARCH_SECONDARY_VMCS_SHADOWING))
		revision &= (uint32_t)REVISION_MASK;
	if (revision != allowed)
		return vmx_fail(cpu, VMX_ERROR_VMPTRLD_REVISION);
	if (pointer != cpu->vmx.current) {
		store_current(cpu);
		load_current(cpu, pointer);
	}
	return vmx_succeed(cpu);
}

static bool vmptrst(struct cpu *cpu, const struct op *op)
{
	uint64_t linear;

	if (!may_run(cpu, op, ARCH_EXIT_VMPTRST_REASON, vmx_operand_info(cpu, op)))
		return false;
	return cpu_operand_linear(cpu, op, 8, UDV_ACCESS_WRITE, &linear) &&
	       cpu_write(cpu, linear, 8, 0, cpu->vmx.current) && vmx_succeed(cpu);
}

/* ---------------------------------------------------------------- VMREAD, VMWRITE */

/* The slot of the field named by @encoding, all 64 bits of it; -1: there is none here. */
static int find_field(const struct cpu *cpu, uint64_t encoding)
{
	int slot = encoding >> 32 ? -1 : vmx_field_slot((uint32_t)encoding);

	return slot >= 0 ? cpu->vmx.capabilities.fields[vmx_field_key(encoding)] - 1 : -1;
}

static unsigned operand_size(const struct cpu *cpu)
{
	return is_64bit(cpu) ? 8 : 4;
}

/*
 * VMCS shadowing: whether a guest's VMREAD or VMWRITE goes to the VMCS that the link pointer names.
 * SDM Vol 3C "VMCS Shadowing Bitmap Addresses"
 */
static bool is_shadowed(struct cpu *cpu, uint64_t encoding, uint64_t bitmap)
{
	if (!cpu->vmx.operation || !cpu->vmx.guest || !mode_allows(cpu) ||
	    !VMX_SECONDARY(&cpu->vmx.vmcs, VMCS_SHADOWING) || encoding & ~BITS(14, 0))
		return false;
	return !(mem_read(cpu->memory, bitmap + (encoding >> 3), 1) >> (encoding & 7) & 1);
}

static uint64_t shadow_field(const struct cpu *cpu, int slot)
{
	return cpu->vmx.vmcs.vmcs_link_pointer + VMX_REGION_FIELDS + 8u * (unsigned)slot;
}

/* What the two have in common: 0 go on, else VMfail has been set, or cpu->fault. */
enum shadow_check {
	SHADOW_OK,
	SHADOW_FAILED,
	SHADOW_FAULT,
};

static enum shadow_check check_shadow(struct cpu *cpu)
{
	if (cpu->state.cpl) {
		raise_gp0(cpu);
		return SHADOW_FAULT;
	}
	if (cpu->vmx.vmcs.vmcs_link_pointer != VMX_NO_POINTER)
		return SHADOW_OK;
	vmx_fail_invalid(cpu);
	return SHADOW_FAILED;
}

static bool put_vmread(struct cpu *cpu, const struct op *op, uint64_t value)
{
	unsigned size = operand_size(cpu);
	uint64_t linear;

	if (!op->flag)
		gpr_write(cpu, op->dst, size, value);
	else if (!cpu_operand_linear(cpu, op, size, UDV_ACCESS_WRITE, &linear) ||
		 !cpu_write(cpu, linear, size, 0, value))
		return false;
	return vmx_succeed(cpu);
}

static bool shadow_vmread(struct cpu *cpu, const struct op *op, uint64_t encoding)
{
	enum shadow_check check = check_shadow(cpu);
	int slot = find_field(cpu, encoding);
	uint64_t value;

	if (check != SHADOW_OK)
		return check == SHADOW_FAILED;
	if (slot < 0)
		return vmx_fail_valid(cpu, VMX_ERROR_COMPONENT);
	value = mem_read(cpu->memory, shadow_field(cpu, slot), 8) &
		vmx_field_mask(encoding & ~(uint64_t)ARCH_VMCS_HIGH);
	return put_vmread(cpu, op,
			  vmx_value_read(value, (uint32_t)encoding, operand_size(cpu) == 8));
}

static bool get_vmwrite(struct cpu *cpu, const struct op *op, uint64_t *value)
{
	unsigned size = operand_size(cpu);
	uint64_t linear;

	if (op->flag)
		return cpu_operand_linear(cpu, op, size, UDV_ACCESS_READ, &linear) &&
		       cpu_read(cpu, linear, size, 0, value);
	*value = gpr_read(cpu, op->src, size);
	return true;
}

static bool read_only(const struct cpu *cpu, uint64_t encoding)
{
	return ARCH_VMCS_TYPE((uint32_t)encoding) == ARCH_TYPE_READ_ONLY &&
	       !(cpu->vmx.capabilities.misc & BIT(29));
}

static bool shadow_vmwrite(struct cpu *cpu, const struct op *op, uint64_t encoding)
{
	enum shadow_check check = check_shadow(cpu);
	int slot = find_field(cpu, encoding);
	uint64_t value, field;

	if (check != SHADOW_OK)
		return check == SHADOW_FAILED;
	if (!get_vmwrite(cpu, op, &value))
		return false;
	if (slot < 0)
		return vmx_fail_valid(cpu, VMX_ERROR_COMPONENT);
	if (read_only(cpu, encoding))
		return vmx_fail_valid(cpu, VMX_ERROR_READ_ONLY);
	field = mem_read(cpu->memory, shadow_field(cpu, slot), 8);
	field = vmx_value_write(field, (uint32_t)encoding, operand_size(cpu) == 8, value);
	mem_write(cpu->memory, shadow_field(cpu, slot), 8, field);
	return vmx_succeed(cpu);
}

static bool vmread(struct cpu *cpu, const struct op *op)
{
	uint64_t encoding = gpr_read(cpu, op->src, operand_size(cpu));
	uint64_t value;
	int slot;

	if (is_shadowed(cpu, encoding, cpu->vmx.vmcs.vmread_bitmap_address))
		return shadow_vmread(cpu, op, encoding);
	if (!may_run(cpu, op, ARCH_EXIT_VMREAD_REASON,
		     vmx_operand_info(cpu, op) | (uint32_t)(op->src / 8u) << 28))
		return false;
	if (cpu->vmx.current == VMX_NO_POINTER)
		return vmx_fail_invalid(cpu);
	slot = find_field(cpu, encoding);
	if (slot < 0)
		return vmx_fail_valid(cpu, VMX_ERROR_COMPONENT);
	value = *vmx_slot(&cpu->vmx.vmcs, (unsigned)slot);
	return put_vmread(cpu, op,
			  vmx_value_read(value, (uint32_t)encoding, operand_size(cpu) == 8));
}

static bool vmwrite(struct cpu *cpu, const struct op *op)
{
	uint64_t encoding = gpr_read(cpu, op->dst, operand_size(cpu));
	struct op operand = *op;
	uint64_t value, *field;
	int slot;

	if (is_shadowed(cpu, encoding, cpu->vmx.vmcs.vmwrite_bitmap_address))
		return shadow_vmwrite(cpu, op, encoding);

	operand.dst = op->src; /* as VMREAD has it: the register or memory operand first */
	if (!may_run(cpu, op, ARCH_EXIT_VMWRITE_REASON,
		     vmx_operand_info(cpu, &operand) | (uint32_t)(op->dst / 8u) << 28))
		return false;
	if (cpu->vmx.current == VMX_NO_POINTER)
		return vmx_fail_invalid(cpu);
	if (!get_vmwrite(cpu, op, &value))
		return false;
	slot = find_field(cpu, encoding);
	if (slot < 0)
		return vmx_fail_valid(cpu, VMX_ERROR_COMPONENT);
	if (read_only(cpu, encoding))
		return vmx_fail_valid(cpu, VMX_ERROR_READ_ONLY);
	field = vmx_slot(&cpu->vmx.vmcs, (unsigned)slot);
	*field = vmx_value_write(*field, (uint32_t)encoding, operand_size(cpu) == 8, value);
	return vmx_succeed(cpu);
}

/* ---------------------------------------------------------------- entries, calls */

static bool enter(struct cpu *cpu, const struct op *op, bool launch)
{
	if (!may_run(cpu, op, launch ? ARCH_EXIT_VMLAUNCH_REASON : ARCH_EXIT_VMRESUME_REASON, 0))
		return false;
	if (cpu->vmx.current == VMX_NO_POINTER || vmx_current_is_shadow(cpu))
		return vmx_fail_invalid(cpu);
	if (cpu->state.interruptibility & BLOCKING_MOV_SS)
		return vmx_fail_valid(cpu, VMX_ERROR_MOV_SS);
	if (launch && cpu->vmx.launched)
		return vmx_fail_valid(cpu, VMX_ERROR_LAUNCH_NOT_CLEAR);
	if (!launch && !cpu->vmx.launched)
		return vmx_fail_valid(cpu, VMX_ERROR_RESUME_NOT_LAUNCHED);
	cpu_charge(cpu, COST_VM_ENTRY);
	return vmx_enter(cpu, launch);
}

bool vmx_current_is_shadow(struct cpu *cpu)
{
	return read_revision(cpu, cpu->vmx.current) >> 31;
}

static bool vmlaunch(struct cpu *cpu, const struct op *op)
{
	return enter(cpu, op, true);
}

static bool vmresume(struct cpu *cpu, const struct op *op)
{
	return enter(cpu, op, false);
}

/* In a guest it exits in every mode and at every CPL. */
static bool vmcall(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (cpu->vmx.guest)
		return vmx_record_instruction(cpu, ARCH_EXIT_VMCALL_REASON, 0);
	if (!cpu->vmx.operation || !mode_allows(cpu) || cpu->state.rflags & FLAG_VM)
		return raise_ud(cpu);
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	return vmx_fail(cpu, VMX_ERROR_VMCALL_IN_ROOT);
}

/* SDM Vol 3C "VM Functions". A switch does not change the length of walks. */
#define VMFUNC_LAST 63u
#define EPTP_LIST_ENTRIES 512u
#define EPTP_LENGTH BITS(5, 3)

static bool switch_eptp(struct cpu *cpu)
{
	struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint32_t index = (uint32_t)cpu->state.gpr[GPR_RCX];
	uint64_t eptp;

	if (index >= EPTP_LIST_ENTRIES)
		return false;
	eptp = mem_read(cpu->memory, v->eptp_list_address + 8ull * index, 8);
	if (udv_eptp_problems(eptp, cpu->vmx.capabilities.ept_vpid_cap, cpu->config->maxphyaddr) ||
	    (eptp ^ v->ept_pointer) & EPTP_LENGTH)
		return false;
	v->ept_pointer = eptp;
	if (VMX_SECONDARY(v, EPT_VIOLATION_VE))
		v->eptp_index = (uint16_t)index;
	/* SDM Vol 3C "Operations that Invalidate Cached Mappings" */
	if (!VMX_SECONDARY(v, VPID)) {
		if (cpu->hypervisor)
			cpu->hypervisor->invept(cpu->hypervisor->opaque, false, eptp);
		cpu_forget_spaces(cpu, SPACES_OF_VPID, 0);
	}
	cpu_paging_changed(cpu);
	return true;
}

static bool vmfunc(struct cpu *cpu, const struct op *op)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint32_t function = (uint32_t)cpu->state.gpr[GPR_RAX];

	(void)op;
	if (!cpu->vmx.guest || !VMX_SECONDARY(v, VM_FUNCTIONS) || function > VMFUNC_LAST)
		return raise_ud(cpu);
	if (!(v->vm_function_controls >> function & 1) || function || !switch_eptp(cpu))
		return vmx_record_instruction(cpu, ARCH_EXIT_VMFUNC_REASON, 0);
	return true;
}

/* ---------------------------------------------------------------- INVEPT, INVVPID */

#define CAP_INVEPT BIT(20)
#define CAP_INVVPID BIT(32)

static bool read_descriptor(struct cpu *cpu, const struct op *op, uint64_t descriptor[2])
{
	uint64_t linear;

	return cpu_operand_linear(cpu, op, 16, UDV_ACCESS_READ, &linear) &&
	       cpu_read_bytes(cpu, linear, descriptor, 16, 0);
}

static uint32_t invalidation_info(const struct cpu *cpu, const struct op *op)
{
	return vmx_operand_info(cpu, op) | (uint32_t)(op->dst / 8u) << 28;
}

static bool invept(struct cpu *cpu, const struct op *op)
{
	uint64_t cap = cpu->vmx.capabilities.ept_vpid_cap;
	uint64_t type = gpr_read(cpu, op->dst, operand_size(cpu));
	uint64_t descriptor[2];

	if (!(cap & CAP_INVEPT))
		return raise_ud(cpu);
	if (!may_run(cpu, op, ARCH_EXIT_INVEPT_REASON, invalidation_info(cpu, op)))
		return false;
	if (type < 1 || type > 2 || !(cap >> (24 + type) & 1))
		return vmx_fail(cpu, VMX_ERROR_INVALIDATION);
	if (!read_descriptor(cpu, op, descriptor))
		return false;
	if (type == 1 && udv_eptp_problems(descriptor[0], cap, cpu->config->maxphyaddr))
		return vmx_fail(cpu, VMX_ERROR_INVALIDATION);
	if (cpu->hypervisor)
		cpu->hypervisor->invept(cpu->hypervisor->opaque, type == 2, descriptor[0]);
	cpu_forget_spaces(cpu, type == 1 ? SPACES_OF_EPT_ROOT : SPACES_OF_EPT, descriptor[0]);
	cpu_charge(cpu, COST_INVALIDATION);
	return vmx_succeed(cpu);
}

static bool invvpid(struct cpu *cpu, const struct op *op)
{
	uint64_t cap = cpu->vmx.capabilities.ept_vpid_cap;
	uint64_t type = gpr_read(cpu, op->dst, operand_size(cpu));
	uint64_t descriptor[2];

	if (!(cap & CAP_INVVPID))
		return raise_ud(cpu);
	if (!may_run(cpu, op, ARCH_EXIT_INVVPID_REASON, invalidation_info(cpu, op)))
		return false;
	if (type > 3 || !(cap >> (40 + type) & 1))
		return vmx_fail(cpu, VMX_ERROR_INVALIDATION);
	if (!read_descriptor(cpu, op, descriptor))
		return false;
	if (descriptor[0] >> 16 || (type != 2 && !descriptor[0]) ||
	    (type == 0 && !cpu_is_canonical_msr(cpu, descriptor[1])))
		return vmx_fail(cpu, VMX_ERROR_INVALIDATION);
	if (type == 0)
		cpu_tlb_flush_page(cpu, descriptor[1]);
	else if (type == 2)
		cpu_forget_spaces(cpu, SPACES_OF_ALL_VPIDS, 0);
	else
		cpu_forget_spaces(cpu, SPACES_OF_VPID, descriptor[0]);
	cpu_charge(cpu, COST_INVALIDATION);
	return vmx_succeed(cpu);
}

SLOW_HANDLER(op_vmxon, vmxon)
SLOW_HANDLER(op_vmxoff, vmxoff)
SLOW_HANDLER(op_vmclear, vmclear)
SLOW_HANDLER(op_vmptrld, vmptrld)
SLOW_HANDLER(op_vmptrst, vmptrst)
SLOW_HANDLER(op_vmread, vmread)
SLOW_HANDLER(op_vmwrite, vmwrite)
const struct op *vmx_field_slow(struct cpu *cpu, const struct op *op)
{
	return op->code == OP_VMREAD ? op_vmread(cpu, op) : op_vmwrite(cpu, op);
}

SLOW_HANDLER(op_vmlaunch, vmlaunch)
SLOW_HANDLER(op_vmresume, vmresume)
SLOW_HANDLER(op_vmcall, vmcall)
SLOW_HANDLER(op_vmfunc, vmfunc)
SLOW_HANDLER(op_invept, invept)
SLOW_HANDLER(op_invvpid, invvpid)

/* clang-format off */
#define ROW(name, handler, how) { INSN_##name, OP_##name, handler, NULL, (how) | ROW_ENDS, FEATURE_VMX }
#define FIELD_ROW(name, handler) \
	{ INSN_##name, OP_##name, handler, translate_vmx_field, ROW_UD_REAL, FEATURE_VMX }
const struct system_row system_vmx_rows[] = {
	ROW(INVEPT, op_invept, ROW_UD_REAL | ROW_MEMORY),
	ROW(INVVPID, op_invvpid, ROW_UD_REAL | ROW_MEMORY),
	ROW(VMCALL, op_vmcall, 0),
	ROW(VMCLEAR, op_vmclear, ROW_UD_REAL | ROW_MEMORY),
	ROW(VMFUNC, op_vmfunc, 0),
	ROW(VMLAUNCH, op_vmlaunch, ROW_UD_REAL),
	ROW(VMPTRLD, op_vmptrld, ROW_UD_REAL | ROW_MEMORY),
	ROW(VMPTRST, op_vmptrst, ROW_UD_REAL | ROW_MEMORY),
	FIELD_ROW(VMREAD, op_vmread),
	ROW(VMRESUME, op_vmresume, ROW_UD_REAL),
	FIELD_ROW(VMWRITE, op_vmwrite),
	ROW(VMXOFF, op_vmxoff, ROW_UD_REAL),
	ROW(VMXON, op_vmxon, ROW_UD_REAL | ROW_MEMORY),
	{ .insn = INSN_NONE },
};
/* clang-format on */
