/* SPDX-License-Identifier: MIT */
#include "cpu/vmx_apic.h"
#include "arch/exit_reasons.h"
#include "cpu/events.h"
#include "cpu/vmx.h"
#include "cpu/vmx_state.h"

/*
 * The virtual APIC of a guest. SDM Vol 3C "APIC Virtualization and Virtual Interrupts"
 *
 * What a write to the virtual-APIC page entails (a trap-like exit, a virtual interrupt) is noted in
 * struct cpu_vmx and done at the next instruction boundary.
 */

enum {
	VAPIC_ID = 0x20,
	VAPIC_VERSION = 0x30,
	VAPIC_TPR = 0x80,
	VAPIC_PPR = 0xa0,
	VAPIC_EOI = 0xb0,
	VAPIC_LDR = 0xd0,
	VAPIC_DFR = 0xe0,
	VAPIC_SVR = 0xf0,
	VAPIC_ISR = 0x100,
	VAPIC_TMR = 0x180,
	VAPIC_IRR = 0x200,
	VAPIC_ESR = 0x280,
	VAPIC_ICR_LOW = 0x300,
	VAPIC_ICR_HIGH = 0x310,
	VAPIC_LVT = 0x320,
	VAPIC_LVT_LAST = 0x370,
	VAPIC_TIMER_INITIAL = 0x380,
	VAPIC_TIMER_DIVIDE = 0x3e0,
	VAPIC_SELF_IPI = 0x3f0,
};

#define CLASS_OF(vector) ((vector)&0xf0u)
#define ACCESS_READ 0u
#define ACCESS_WRITE 1u
#define ACCESS_FETCH 2u
#define ACCESS_EVENT 3u
#define ACCESS_PHYSICAL_EVENT 10u
#define ACCESS_PHYSICAL 15u
#define ACCESS_TYPE_SHIFT 12
#define X2APIC_FIRST 0x800u
#define X2APIC_TPR 0x808u
#define X2APIC_EOI 0x80bu
#define X2APIC_SELF_IPI 0x83fu

static uint64_t page(const struct cpu *cpu)
{
	return cpu->vmx.vmcs.virtual_apic_address;
}

static uint32_t get(struct cpu *cpu, unsigned offset)
{
	return (uint32_t)mem_read(cpu->memory, page(cpu) + offset, 4);
}

static void put(struct cpu *cpu, unsigned offset, uint32_t value)
{
	mem_write(cpu->memory, page(cpu) + offset, 4, value);
}

static bool delivers(const struct cpu *cpu)
{
	return VMX_SECONDARY(&cpu->vmx.vmcs, VIRTUAL_INTERRUPT_DELIVERY);
}

/* ---------------------------------------------------------------- vectors */

static unsigned rvi(const struct cpu *cpu)
{
	return cpu->vmx.vmcs.guest_interrupt_status & 0xff;
}

static unsigned svi(const struct cpu *cpu)
{
	return cpu->vmx.vmcs.guest_interrupt_status >> 8 & 0xff;
}

static void set_rvi(struct cpu *cpu, unsigned vector)
{
	cpu->vmx.vmcs.guest_interrupt_status = svi(cpu) << 8 | vector;
}

static void set_svi(struct cpu *cpu, unsigned vector)
{
	cpu->vmx.vmcs.guest_interrupt_status = vector << 8 | rvi(cpu);
}

static unsigned word_of(unsigned base, unsigned vector)
{
	return base + (vector >> 5) * 16;
}

static void set_bit(struct cpu *cpu, unsigned base, unsigned vector, bool value)
{
	unsigned offset = word_of(base, vector);
	uint32_t bit = 1u << (vector & 31), word = get(cpu, offset);

	put(cpu, offset, value ? word | bit : word & ~bit);
}

/* The highest vector in a set of the page; 0 if it is empty. */
static unsigned highest(struct cpu *cpu, unsigned base)
{
	for (unsigned i = 8; i-- > 0;) {
		uint32_t word = get(cpu, base + 16 * i);

		if (word)
			return 32 * i + 31 - (unsigned)__builtin_clz(word);
	}
	return 0;
}

/* ---------------------------------------------------------------- primitive operations */

static void trap(struct cpu *cpu, uint32_t reason, uint64_t qualification)
{
	cpu->vmx.trap_reason = reason;
	cpu->vmx.trap_qualification = qualification;
	cpu->attention |= ATTENTION_EVENT;
}

static void evaluate(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	cpu->vmx.virtual_interrupt = !VMX_HAS(v->primary_controls, PRIMARY, INTERRUPT_WINDOW) &&
				     CLASS_OF(rvi(cpu)) > CLASS_OF(get(cpu, VAPIC_PPR));
	cpu->attention |= ATTENTION_EVENT;
}

static void virtualize_ppr(struct cpu *cpu)
{
	uint32_t tpr = get(cpu, VAPIC_TPR) & 0xff;

	put(cpu, VAPIC_PPR, CLASS_OF(tpr) >= CLASS_OF(svi(cpu)) ? tpr : CLASS_OF(svi(cpu)));
}

static bool below_threshold(struct cpu *cpu)
{
	return (get(cpu, VAPIC_TPR) >> 4 & 0xf) < (cpu->vmx.vmcs.tpr_threshold & 0xf);
}

static void virtualize_tpr(struct cpu *cpu)
{
	if (delivers(cpu)) {
		virtualize_ppr(cpu);
		evaluate(cpu);
	} else if (below_threshold(cpu)) {
		trap(cpu, ARCH_EXIT_TPR_BELOW_THRESHOLD_REASON, 0);
	}
}

static bool eoi_exits(const struct cpu *cpu, unsigned vector)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	const uint64_t bitmap[] = { v->eoi_exit_bitmap_0, v->eoi_exit_bitmap_1,
				    v->eoi_exit_bitmap_2, v->eoi_exit_bitmap_3 };

	return bitmap[vector >> 6] >> (vector & 63) & 1;
}

static void virtualize_eoi(struct cpu *cpu)
{
	unsigned vector = svi(cpu);

	set_bit(cpu, VAPIC_ISR, vector, false);
	set_svi(cpu, highest(cpu, VAPIC_ISR));
	virtualize_ppr(cpu);
	if (eoi_exits(cpu, vector))
		trap(cpu, ARCH_EXIT_VIRTUALIZED_EOI_REASON, vector);
	else
		evaluate(cpu);
}

static void virtualize_self_ipi(struct cpu *cpu, unsigned vector)
{
	set_bit(cpu, VAPIC_IRR, vector, true);
	if (vector > rvi(cpu))
		set_rvi(cpu, vector);
	evaluate(cpu);
}

bool vmx_deliver_virtual(struct cpu *cpu)
{
	unsigned vector = rvi(cpu);
	struct cpu_event event = { .valid = true,
				   .vector = (uint8_t)vector,
				   .type = EVENT_EXTERNAL };

	cpu->vmx.virtual_interrupt = false;
	set_bit(cpu, VAPIC_ISR, vector, true);
	set_svi(cpu, vector);
	put(cpu, VAPIC_PPR, CLASS_OF(vector));
	set_bit(cpu, VAPIC_IRR, vector, false);
	set_rvi(cpu, highest(cpu, VAPIC_IRR));
	cpu_deliver(cpu, &event);
	return true;
}

void vmx_apic_set_page(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	cpu->vmx.apic_page =
		VMX_SECONDARY(v, VIRTUALIZE_APIC) ? v->apic_access_address : VMX_NO_POINTER;
}

void vmx_apic_entry(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	cpu->vmx.trap_reason = 0;
	cpu->vmx.virtual_interrupt = false;
	vmx_forget_apic_write(cpu);
	if (!VMX_HAS(v->primary_controls, PRIMARY, TPR_SHADOW))
		return;
	if (delivers(cpu)) {
		virtualize_ppr(cpu);
		evaluate(cpu);
	} else if (VMX_SECONDARY(v, VIRTUALIZE_APIC) && below_threshold(cpu)) {
		trap(cpu, ARCH_EXIT_TPR_BELOW_THRESHOLD_REASON, 0);
	}
}

/* ---------------------------------------------------------------- CR8 */

static bool shadows_tpr(const struct cpu *cpu)
{
	return cpu->vmx.guest && VMX_HAS(cpu->vmx.vmcs.primary_controls, PRIMARY, TPR_SHADOW);
}

bool vmx_read_cr8(struct cpu *cpu, uint64_t *value)
{
	if (!shadows_tpr(cpu))
		return false;
	*value = get(cpu, VAPIC_TPR) >> 4 & 0xf;
	return true;
}

bool vmx_write_cr8(struct cpu *cpu, uint64_t value)
{
	if (!shadows_tpr(cpu))
		return false;
	put(cpu, VAPIC_TPR, (uint32_t)value << 4);
	virtualize_tpr(cpu);
	return true;
}

/* ---------------------------------------------------------------- the APIC-access page */

static bool in_set(unsigned offset, unsigned first, unsigned last)
{
	return offset >= first && offset <= last;
}

/* Registers that "APIC-register virtualization" adds, in common to reads and writes. */
static bool is_register(unsigned offset)
{
	return offset == VAPIC_ID || offset == VAPIC_TPR || offset == VAPIC_EOI ||
	       in_set(offset, VAPIC_LDR, VAPIC_SVR) || offset == VAPIC_ESR ||
	       offset == VAPIC_ICR_LOW || offset == VAPIC_ICR_HIGH ||
	       in_set(offset, VAPIC_LVT, VAPIC_LVT_LAST) || offset == VAPIC_TIMER_INITIAL ||
	       offset == VAPIC_TIMER_DIVIDE;
}

static bool reads_virtually(const struct cpu *cpu, unsigned offset)
{
	if (!VMX_SECONDARY(&cpu->vmx.vmcs, APIC_REGISTERS))
		return offset == VAPIC_TPR;
	return is_register(offset) || offset == VAPIC_VERSION ||
	       in_set(offset, VAPIC_ISR, VAPIC_IRR + 0x70);
}

static bool writes_virtually(const struct cpu *cpu, unsigned offset)
{
	if (VMX_SECONDARY(&cpu->vmx.vmcs, APIC_REGISTERS))
		return is_register(offset);
	if (offset == VAPIC_TPR)
		return true;
	return delivers(cpu) && (offset == VAPIC_EOI || offset == VAPIC_ICR_LOW);
}

static bool virtualized(const struct cpu *cpu, unsigned offset, unsigned size, uint32_t access)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	if (!VMX_HAS(v->primary_controls, PRIMARY, TPR_SHADOW) || access & UDV_ACCESS_FETCH)
		return false;
	if (size > 4 || (offset & 15) + size > 4)
		return false;
	if (access & UDV_ACCESS_READ && !reads_virtually(cpu, offset & ~15u))
		return false;
	return !(access & UDV_ACCESS_WRITE) || writes_virtually(cpu, offset & ~15u);
}

/* An instruction, an iteration or a delivery has one write virtualized, and nothing behind it. */
static bool is_second(const struct cpu *cpu, unsigned offset, unsigned size, uint32_t access)
{
	const struct cpu_vmx *vmx = &cpu->vmx;

	return vmx->apic_size && (!(access & UDV_ACCESS_WRITE) || offset != vmx->apic_offset ||
				  size != vmx->apic_size);
}

bool vmx_apic_access(struct cpu *cpu, uint64_t *physical, unsigned size, uint32_t access)
{
	unsigned offset = (unsigned)(*physical & ~PAGE_MASK);
	unsigned type = cpu->delivering.valid	    ? ACCESS_EVENT
			: access & UDV_ACCESS_FETCH ? ACCESS_FETCH
			: access & UDV_ACCESS_WRITE ? ACCESS_WRITE
						    : ACCESS_READ;

	if (!virtualized(cpu, offset, size, access) || is_second(cpu, offset, size, access)) {
		vmx_record_access(cpu, ARCH_EXIT_APIC_ACCESS_REASON,
				  offset | (uint64_t)type << ACCESS_TYPE_SHIFT,
				  access & UDV_ACCESS_FETCH);
		return false;
	}
	*physical = page(cpu) | offset;
	if (access & UDV_ACCESS_WRITE) {
		cpu->vmx.apic_written = true;
		cpu->vmx.apic_offset = offset;
		cpu->vmx.apic_size = size;
		cpu->attention |= ATTENTION_EVENT;
	}
	return true;
}

/*
 * Accesses by what has no linear address, or is not what that translates to: never virtualized.
 * SDM Vol 3C "Guest-Physical Accesses to the APIC-Access Page"
 */
static bool refuse_physical(struct cpu *cpu, uint32_t access)
{
	uint64_t type = cpu->delivering.valid ? ACCESS_PHYSICAL_EVENT : ACCESS_PHYSICAL;

	return vmx_record_access(cpu, ARCH_EXIT_APIC_ACCESS_REASON, type << ACCESS_TYPE_SHIFT,
				 access & UDV_ACCESS_FETCH);
}

static bool in_apic_page(const struct cpu *cpu, udv_hpa_t address)
{
	return (address.value & PAGE_MASK) == cpu->vmx.apic_page;
}

/*
 * The access to an entry of the guest's, as far as EPT: it sets flags there, and may fill the log.
 * With accessed and dirty flags for EPT it counts as a write.
 */
static bool reach_table(struct cpu *cpu, const struct udv_step *step, uint64_t linear,
			uint32_t access)
{
	const struct udv_gpa_origin origin = { .stage = UDV_STAGE_TABLE, .gla = UDV_GVA(linear) };
	uint32_t kind = UDV_ACCESS_READ | (cpu->paging.ept_ad ? UDV_ACCESS_WRITE : 0);
	struct udv_walk_result result;

	return udv_walk_gpa(&cpu->paging, (access & ~UDV_ACCESS_KIND) | kind, step->gpa, &origin,
			    &result, NULL) == UDV_WALK_OK ||
	       vmx_record_walk(cpu, &result, access & UDV_ACCESS_FETCH);
}

static bool is_table_access(const struct udv_step *step)
{
	return step->dimension == UDV_DIM_GUEST && !(step->flags & UDV_STEP_REGISTER);
}

/* The tables before the one in the page have been accessed, too. */
static bool refuse_table(struct cpu *cpu, const struct udv_walk_record *record, unsigned guilty,
			 uint64_t linear, uint32_t access)
{
	for (unsigned i = 0; i <= guilty; i++)
		if (is_table_access(&record->steps[i]) &&
		    !reach_table(cpu, &record->steps[i], linear, access))
			return false;
	return refuse_physical(cpu, access);
}

bool vmx_apic_tables(struct cpu *cpu, uint64_t linear, uint32_t access)
{
	struct udv_walk_result result;
	struct udv_walk_record record;

	if (!cpu->paging.ept_levels)
		return true;
	udv_walk_recorded(&cpu->paging, access | UDV_ACCESS_PEEK, UDV_GVA(linear), &result,
			  &record);
	for (unsigned i = 0; i < record.nr_steps; i++)
		if (is_table_access(&record.steps[i]) && in_apic_page(cpu, record.steps[i].address))
			return refuse_table(cpu, &record, i, linear, access);
	return true;
}

bool vmx_apic_pdptes(struct cpu *cpu, uint64_t address)
{
	const struct udv_gpa_origin origin = { .stage = UDV_STAGE_NONE };
	struct udv_walk_result result;

	if (cpu->vmx.apic_page == VMX_NO_POINTER || !cpu->paging.ept_levels ||
	    udv_walk_gpa(&cpu->paging, UDV_ACCESS_READ | UDV_ACCESS_PEEK, UDV_GPA(address), &origin,
			 &result, NULL) != UDV_WALK_OK)
		return true;
	return !in_apic_page(cpu, result.hpa) || refuse_physical(cpu, UDV_ACCESS_READ);
}

static bool is_self_ipi(uint32_t icr)
{
	return !(icr & (BITS(31, 20) | BITS(17, 16) | BIT(15) | BITS(13, 12) | BITS(10, 8))) &&
	       (icr >> 18 & 3) == 1 && (icr & 0xff) >= 16;
}

/* SDM Vol 3C "APIC-Write Emulation" */
void vmx_emulate_apic_write(struct cpu *cpu)
{
	unsigned offset = cpu->vmx.apic_offset & ~15u;

	vmx_forget_apic_write(cpu);
	switch (offset) {
	case VAPIC_TPR:
		put(cpu, VAPIC_TPR, get(cpu, VAPIC_TPR) & 0xff);
		virtualize_tpr(cpu);
		return;
	case VAPIC_EOI:
		if (!delivers(cpu))
			break;
		put(cpu, VAPIC_EOI, 0);
		virtualize_eoi(cpu);
		return;
	case VAPIC_ICR_LOW:
		if (!delivers(cpu) || !is_self_ipi(get(cpu, VAPIC_ICR_LOW)))
			break;
		virtualize_self_ipi(cpu, get(cpu, VAPIC_ICR_LOW) & 0xff);
		return;
	case VAPIC_ICR_HIGH:
		put(cpu, VAPIC_ICR_HIGH, get(cpu, VAPIC_ICR_HIGH) & 0xff000000u);
		return;
	default:
		break;
	}
	trap(cpu, ARCH_EXIT_APIC_WRITE_REASON, offset);
}

/* ---------------------------------------------------------------- x2APIC MSRs */

bool vmx_x2apic_read(struct cpu *cpu, uint32_t index, uint64_t *value)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	if (!cpu->vmx.guest || index >> 8 != X2APIC_FIRST >> 8 ||
	    !VMX_SECONDARY(v, VIRTUALIZE_X2APIC))
		return false;
	if (index != X2APIC_TPR && !VMX_SECONDARY(v, APIC_REGISTERS))
		return false;
	*value = mem_read(cpu->memory, page(cpu) + ((index & 0xff) << 4), 8);
	return true;
}

enum vmx_x2apic vmx_x2apic_write(struct cpu *cpu, uint32_t index, uint64_t value)
{
	if (!cpu->vmx.guest || !VMX_SECONDARY(&cpu->vmx.vmcs, VIRTUALIZE_X2APIC))
		return VMX_X2APIC_REAL;
	if (index != X2APIC_TPR &&
	    !(delivers(cpu) && (index == X2APIC_EOI || index == X2APIC_SELF_IPI)))
		return VMX_X2APIC_REAL;
	if (value >> 8 || (index == X2APIC_EOI && value))
		return VMX_X2APIC_FAULT;
	mem_write(cpu->memory, page(cpu) + ((index & 0xff) << 4), 8, value);
	if (index == X2APIC_TPR)
		virtualize_tpr(cpu);
	else if (index == X2APIC_EOI)
		virtualize_eoi(cpu);
	else if (value >= 16)
		virtualize_self_ipi(cpu, (unsigned)value);
	else
		trap(cpu, ARCH_EXIT_APIC_WRITE_REASON, VAPIC_SELF_IPI);
	return VMX_X2APIC_DONE;
}

/* ---------------------------------------------------------------- posted interrupts */

#define DESCRIPTOR_CONTROL 32u /* offset of the words with ON */
#define OUTSTANDING 1u

/* SDM Vol 3C "Posted-Interrupt Processing" */
void vmx_process_posted(struct cpu *cpu)
{
	uint64_t descriptor = cpu->vmx.vmcs.posted_interrupt_descriptor_address;
	uint32_t control = (uint32_t)mem_read(cpu->memory, descriptor + DESCRIPTOR_CONTROL, 4);
	unsigned top = 0;

	mem_write(cpu->memory, descriptor + DESCRIPTOR_CONTROL, 4, control & ~OUTSTANDING);
	if (cpu->ops.eoi)
		cpu->ops.eoi(cpu->ops.opaque);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t posted = (uint32_t)mem_read(cpu->memory, descriptor + 4 * i, 4);

		if (!posted)
			continue;
		mem_write(cpu->memory, descriptor + 4 * i, 4, 0);
		put(cpu, VAPIC_IRR + 16 * i, get(cpu, VAPIC_IRR + 16 * i) | posted);
		top = 32 * i + 31 - (unsigned)__builtin_clz(posted);
	}
	if (top > rvi(cpu))
		set_rvi(cpu, top);
	evaluate(cpu);
	/* ends MWAIT, not HLT; of a repeated string instruction it resumes the rest */
	if (cpu->state.activity == ACTIVITY_MWAIT)
		cpu->state.activity = ACTIVITY_ACTIVE;
	if (cpu->repeating)
		cpu->state.rflags |= FLAG_RF;
}
