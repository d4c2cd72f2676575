/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "cpu/transfer.h"

/*
 * Task switches by hardware. SDM Vol 3A "Task Management".
 *
 * Everything that the manual checks before the new task begins is checked first, memory included;
 * such a fault belongs to the old task, and nothing has changed. What goes wrong afterwards (the
 * segments of the new task) is a fault of the new task, before its first instruction.
 */

#define CR0_TS BIT(3)
#define DR7_LOCAL 0x155ull /* L0..L3, LE */
#define DR6_BT BIT(15)
#define TSS_TRAP 1u
#define FLAGS_KNOWN                                                                                \
	(FLAGS_STATUS | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_VM |    \
	 FLAG_AC | FLAG_VIF | FLAG_VIP | FLAG_ID)

#define TSS16_SIZE 0x2cu
#define TSS32_SIZE 0x68u
#define TSS16_SAVED 0x0eu /* first and last byte of what is saved */
#define TSS16_SAVED_END 0x2au
#define TSS32_SAVED 0x20u
#define TSS32_SAVED_END 0x60u
#define TSS32_CR3 0x1cu

/* Where a field is: instruction pointer, flags, eight registers, then the selectors. */
static const uint8_t selector_order[] = { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

struct task {
	uint64_t base; /* of the TSS */
	bool wide;     /* a 32-bit TSS */
};

struct task_image {
	uint32_t cr3, eip, eflags, gpr[8];
	uint16_t selector[6], ldt;
	bool trap;
};

static struct task task_of(const struct arch_segment_register *tr)
{
	return (struct task){ .base = tr->base, .wide = tr->access_rights & 8 };
}

static uint64_t old_descriptor(const struct cpu *cpu)
{
	return (uint32_t)(cpu->state.gdtr.base + (cpu->state.seg[SEG_TR].selector & 0xfff8u));
}

/* ---------------------------------------------------------------- before the switch */

static bool find_tss(struct cpu *cpu, uint16_t selector, enum task_source source,
		     struct descriptor *d)
{
	unsigned vector = source == TASK_IRET ? VECTOR_TS : VECTOR_GP;
	unsigned busy = source == TASK_IRET ? SYS_BUSY : 0;
	unsigned type;
	bool wide;

	if (selector & SELECTOR_TI || SELECTOR_IS_NULL(selector))
		return cpu_raise_selector(cpu, vector, selector);
	if (!cpu_fetch_descriptor(cpu, selector, vector, d))
		return false;
	type = d->ar & AR_TYPE;
	wide = type & 8;
	if (d->ar & AR_S || (type != (SYS_TSS | busy) && type != (SYS_TSS16 | busy)))
		return cpu_raise_selector(cpu, vector, selector);
	if (!(d->ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_NP, selector);
	if (d->limit < (wide ? TSS32_SIZE : TSS16_SIZE) - 1)
		return cpu_raise_selector(cpu, VECTOR_TS, selector);
	return true;
}

/* Everything that will be read and written can be. */
static bool probe(struct cpu *cpu, const struct descriptor *d, enum task_source source)
{
	const struct arch_segment_register *tr = &cpu->state.seg[SEG_TR];
	struct task old = task_of(tr);
	uint32_t access = system_access(cpu);
	uint32_t both = access | UDV_ACCESS_READ | UDV_ACCESS_WRITE;
	unsigned from = old.wide ? TSS32_SAVED : TSS16_SAVED;
	unsigned end = old.wide ? TSS32_SAVED_END : TSS16_SAVED_END;
	bool nested = source == TASK_CALL || source == TASK_GATE_EVENT;

	if (tr->limit < end - 1)
		return cpu_raise_selector(cpu, VECTOR_TS, tr->selector);
	if (!cpu_probe(cpu, (uint32_t)(old.base + from), end - from, both) ||
	    !cpu_probe(cpu, d->base, d->ar & 8 ? TSS32_SIZE : TSS16_SIZE, access | UDV_ACCESS_READ))
		return false;
	if (nested && !cpu_probe(cpu, d->base, 2, both))
		return false;
	if (!nested && !cpu_probe(cpu, old_descriptor(cpu) + 5, 1, both))
		return false;
	return source == TASK_IRET || cpu_probe(cpu, d->linear + 5, 1, both);
}

/* ---------------------------------------------------------------- images */

static void put(uint8_t *bytes, unsigned size, uint64_t value)
{
	memcpy(bytes, &value, size);
}

static uint32_t get(const uint8_t *bytes, unsigned size)
{
	uint32_t value = 0;

	memcpy(&value, bytes, size);
	return value;
}

/* The upper halves of the selectors' places stay as they are in memory. */
static bool save_task(struct cpu *cpu, enum task_source source)
{
	const struct cpu_state *s = &cpu->state;
	struct task old = task_of(&s->seg[SEG_TR]);
	unsigned size = old.wide ? 4 : 2;
	unsigned from = old.wide ? TSS32_SAVED : TSS16_SAVED;
	unsigned length = (old.wide ? TSS32_SAVED_END : TSS16_SAVED_END) - from;
	uint64_t linear = (uint32_t)(old.base + from);
	uint64_t flags = s->rflags;
	uint8_t bytes[TSS32_SAVED_END - TSS32_SAVED];
	uint8_t *at = bytes;

	if (!cpu_read_bytes(cpu, linear, bytes, length, system_access(cpu)))
		return false;
	/* An instruction has cleared RF when it began; what an event saves has been decided. */
	if (source != TASK_GATE_EVENT)
		flags &= ~FLAG_RF;
	if (source == TASK_IRET)
		flags &= ~FLAG_NT;
	put(at, size, s->rip);
	put(at += size, size, flags);
	for (unsigned i = 0; i < 8; i++)
		put(at += size, size, s->gpr[i]);
	for (unsigned i = 0; i < (old.wide ? 6u : 4u); i++)
		put(at += size, 2, s->seg[selector_order[i]].selector);
	return cpu_write_bytes(cpu, linear, bytes, length, system_access(cpu));
}

/* A 16-bit task sees the upper halves of its registers as ones. */
static bool read_task(struct cpu *cpu, const struct task *task, struct task_image *image)
{
	unsigned size = task->wide ? 4 : 2;
	uint32_t upper = task->wide ? 0 : 0xffff0000u;
	uint8_t bytes[TSS32_SIZE];
	const uint8_t *at = bytes + (task->wide ? TSS32_SAVED : TSS16_SAVED);

	if (!cpu_read_bytes(cpu, task->base, bytes, task->wide ? TSS32_SIZE : TSS16_SIZE,
			    system_access(cpu)))
		return false;
	memset(image, 0, sizeof(*image));
	image->eip = get(at, size);
	image->eflags = get(at += size, size);
	for (unsigned i = 0; i < 8; i++)
		image->gpr[i] = get(at += size, size) | upper;
	for (unsigned i = 0; i < (task->wide ? 6u : 4u); i++)
		image->selector[i] = (uint16_t)get(at += size, 2);
	image->ldt = (uint16_t)get(at + size, 2);
	if (task->wide) {
		image->cr3 = get(bytes + TSS32_CR3, 4);
		image->trap = bytes[TSS32_SIZE - 4] & TSS_TRAP;
	}
	return true;
}

/* ---------------------------------------------------------------- the new task */

static bool load_cr3(struct cpu *cpu, uint32_t cr3)
{
	struct udv_walk_result result;
	uint64_t pdpte[4];

	if (cpu->state.cr4 & CR4_PAE) {
		if (udv_load_pdptes(&cpu->paging, 0, cr3, pdpte, &result) != UDV_WALK_OK)
			return raise_gp0(cpu);
		memcpy(cpu->state.pdpte, pdpte, sizeof(pdpte));
	}
	cpu->state.cr3 = cr3;
	cpu_cr3_changed(cpu, false);
	return true;
}

/* Registers, and selectors without their segments. */
static void load_plain(struct cpu *cpu, const struct task_image *image)
{
	struct cpu_state *s = &cpu->state;
	uint64_t dr7 = s->dr7;

	cpu->rf_loaded = image->eflags & FLAG_RF;
	s->rip = image->eip;
	s->rflags = (image->eflags & FLAGS_KNOWN) | FLAG_ONE;
	for (unsigned i = 0; i < 8; i++)
		s->gpr[i] = image->gpr[i];
	s->cpl = image->eflags & FLAG_VM ? 3 : (uint8_t)SELECTOR_RPL(image->selector[1]);
	for (unsigned i = 0; i < sizeof(selector_order); i++)
		cpu_set_null(cpu, selector_order[i], image->selector[i]);
	cpu_set_null(cpu, SEG_LDTR, image->ldt);
	s->cr0 |= CR0_TS;
	s->dr7 &= ~DR7_LOCAL;
	if (s->dr7 != dr7)
		cpu_breakpoints_changed(cpu);
	if (image->trap)
		s->pending_debug |= DR6_BT;
	cpu->attention |= ATTENTION_EVENT;
	cpu_mode_changed(cpu);
}

static bool load_ldt(struct cpu *cpu, uint16_t selector)
{
	struct descriptor d;

	if (SELECTOR_IS_NULL(selector))
		return true;
	if (selector & SELECTOR_TI)
		return cpu_raise_selector(cpu, VECTOR_TS, selector);
	if (!cpu_fetch_descriptor(cpu, selector, VECTOR_TS, &d))
		return false;
	if ((d.ar & (AR_S | AR_TYPE | AR_P)) != (SYS_LDT | AR_P))
		return cpu_raise_selector(cpu, VECTOR_TS, selector);
	cpu_set_segment(cpu, SEG_LDTR, selector, &d);
	return true;
}

static bool load_code(struct cpu *cpu, uint16_t selector)
{
	unsigned cpl = cpu->state.cpl;
	struct descriptor d;
	bool fits;

	if (SELECTOR_IS_NULL(selector))
		return cpu_raise_selector(cpu, VECTOR_TS, selector);
	if (!cpu_fetch_descriptor(cpu, selector, VECTOR_TS, &d))
		return false;
	fits = ar_is_conforming(d.ar) ? descriptor_dpl(&d) <= cpl : descriptor_dpl(&d) == cpl;
	if (!ar_is_code(d.ar) || !fits)
		return cpu_raise_selector(cpu, VECTOR_TS, selector);
	if (!(d.ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_NP, selector);
	if (!cpu_mark_accessed(cpu, &d))
		return false;
	cpu_set_segment(cpu, SEG_CS, selector, &d);
	return true;
}

static bool load_data(struct cpu *cpu, unsigned segment, uint16_t selector)
{
	struct descriptor d;

	if (SELECTOR_IS_NULL(selector))
		return true;
	if (!cpu_fetch_descriptor(cpu, selector, VECTOR_TS, &d))
		return false;
	if (!segment_data_loadable(d.ar, cpu->state.cpl, SELECTOR_RPL(selector)))
		return cpu_raise_selector(cpu, VECTOR_TS, selector);
	if (!(d.ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_NP, selector);
	if (!cpu_mark_accessed(cpu, &d))
		return false;
	cpu_set_segment(cpu, segment, selector, &d);
	return true;
}

static bool load_stack(struct cpu *cpu, uint16_t selector)
{
	struct descriptor d;

	if (!cpu_fetch_stack(cpu, selector, cpu->state.cpl, VECTOR_TS, &d))
		return false;
	cpu_set_segment(cpu, SEG_SS, selector, &d);
	return true;
}

static void keep_first(struct cpu *cpu, bool loaded, struct cpu_event *first)
{
	if (!loaded && !first->valid)
		*first = cpu->fault;
	cpu->fault.valid = false;
}

/*
 * The order of SDM Vol 3A table "Exception Conditions Checked During a Task Switch". The first
 * fault counts, but the segments after it are loaded too, as far as they can be: its handler may
 * need the stack.
 */
static bool load_segments(struct cpu *cpu, const struct task_image *image)
{
	struct cpu_event first = { .valid = false };

	keep_first(cpu, load_ldt(cpu, image->ldt), &first);
	if (is_v86(cpu)) {
		for (unsigned i = 0; i < sizeof(selector_order); i++)
			cpu_set_v86(cpu, selector_order[i], image->selector[i]);
	} else {
		keep_first(cpu, load_stack(cpu, image->selector[2]), &first);
		keep_first(cpu, load_code(cpu, image->selector[1]), &first);
		for (unsigned i = 0; i < sizeof(selector_order); i++)
			if (i != 1 && i != 2)
				keep_first(cpu,
					   load_data(cpu, selector_order[i], image->selector[i]),
					   &first);
	}
	if (first.valid)
		cpu->fault = first;
	return !first.valid;
}

static bool enter_task(struct cpu *cpu, const struct task *task, const struct task_image *image,
		       const uint32_t *error_code)
{
	bool ok = !task->wide || !(cpu->state.cr0 & CR0_PG) || load_cr3(cpu, image->cr3);

	load_plain(cpu, image);
	ok = ok && load_segments(cpu, image);
	cpu_mode_changed(cpu);
	return ok && (!error_code || cpu_push(cpu, task->wide ? 4 : 2, *error_code));
}

enum transfer cpu_task_switch(struct cpu *cpu, uint16_t selector, enum task_source source,
			      const uint32_t *error_code)
{
	bool nested = source == TASK_CALL || source == TASK_GATE_EVENT;
	struct task_image image;
	struct descriptor d;
	struct task task;

	if (!find_tss(cpu, selector, source, &d) ||
	    cpu_intercepts(cpu, INTERCEPT_TASK_SWITCH, selector, source) || !probe(cpu, &d, source))
		return TRANSFER_FAULT;
	if (!nested && !cpu_mark_busy(cpu, old_descriptor(cpu), false))
		return TRANSFER_FAULT;
	if (!save_task(cpu, source))
		return TRANSFER_FAULT;
	if (nested &&
	    !cpu_write(cpu, d.base, 2, system_access(cpu), cpu->state.seg[SEG_TR].selector))
		return TRANSFER_FAULT;
	if (source != TASK_IRET && !cpu_mark_busy(cpu, d.linear, true))
		return TRANSFER_FAULT;
	d.ar |= SYS_BUSY;
	cpu_set_segment(cpu, SEG_TR, selector, &d);
	task = task_of(&cpu->state.seg[SEG_TR]);
	if (!read_task(cpu, &task, &image))
		return TRANSFER_NEW_TASK_FAULT;
	if (nested)
		image.eflags |= FLAG_NT;
	return enter_task(cpu, &task, &image, error_code) ? TRANSFER_DONE : TRANSFER_NEW_TASK_FAULT;
}
