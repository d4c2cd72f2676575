/* SPDX-License-Identifier: MIT */
#include "control_world.h"

#include <stdlib.h>

static struct world *new_world(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->cpu = aligned_alloc(64, (sizeof(*w->cpu) + 63) & ~(size_t)63);
	assert_non_null(w->cpu);
	w->config = (struct cpu_config){ .maxphyaddr = 40, .linear_bits = 48, .nr_cpus = 1 };
	memset(&w->config.features, 0xff, sizeof(w->config.features));
	mem_init(&w->memory);
	assert_int_equal(mem_add_ram(&w->memory, 0, 0x100000), UDV_OK);
	assert_int_equal(blocks_create(&w->blocks, &w->memory, 1 << 20), UDV_OK);
	cpu_init(w->cpu, &w->config, &w->memory, &w->ports, &w->blocks);
	return w;
}

int world_setup(void **state)
{
	*state = new_world();
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	blocks_destroy(&w->blocks);
	mem_destroy(&w->memory);
	free(w->cpu);
	free(w);
	return 0;
}

uint64_t peek(struct world *w, uint64_t address, unsigned size)
{
	return mem_read(&w->memory, address, size);
}

void poke(struct world *w, uint64_t address, unsigned size, uint64_t value)
{
	mem_write(&w->memory, address, size, value);
}

uint64_t descriptor_of(uint32_t base, uint32_t limit, unsigned access, unsigned flags)
{
	return (limit & 0xffffu) | (uint64_t)(base & 0xffffffu) << 16 | (uint64_t)access << 40 |
	       (uint64_t)(limit >> 16 & 0xf) << 48 | (uint64_t)flags << 52 |
	       (uint64_t)(base >> 24) << 56;
}

uint64_t gate_of(uint16_t selector, uint32_t offset, unsigned access, unsigned count)
{
	return (offset & 0xffffu) | (uint64_t)selector << 16 | (uint64_t)count << 32 |
	       (uint64_t)access << 40 | (uint64_t)(offset >> 16) << 48;
}

void set_descriptor(struct world *w, unsigned selector, uint64_t low, uint64_t high)
{
	uint64_t at = AT_GDT + (selector & ~7u);

	poke(w, at, 8, low);
	if (high || selector == SEL_TSS || selector == SEL_GATE)
		poke(w, at + 8, 8, high);
}

void set_vector(struct world *w, unsigned vector, uint16_t selector, uint64_t offset,
		unsigned access, unsigned ist)
{
	uint64_t low = gate_of(selector, (uint32_t)offset, access, ist);

	if (is_long_mode(w->cpu)) {
		poke(w, AT_IDT + vector * 16, 8, low);
		poke(w, AT_IDT + vector * 16 + 8, 8, offset >> 32);
	} else {
		poke(w, AT_IDT + vector * 8, 8, low);
	}
}

static void fill_tables(struct world *w, bool long_mode)
{
	unsigned kind = long_mode ? FLAG_G | FLAG_L : FLAG_G | FLAG_D;
	unsigned flat = FLAG_G | FLAG_D;

	set_descriptor(w, SEL_CODE0, descriptor_of(0, 0xfffff, DESC_CODE, kind), 0);
	set_descriptor(w, SEL_DATA0, descriptor_of(0, 0xfffff, DESC_DATA, flat), 0);
	set_descriptor(w, SEL_CODE3, descriptor_of(0, 0xfffff, DESC_CODE | DPL(3), kind), 0);
	set_descriptor(w, SEL_DATA3, descriptor_of(0, 0xfffff, DESC_DATA | DPL(3), flat), 0);
	set_descriptor(w, SEL_CONFORMING, descriptor_of(0, 0xfffff, 0x9f, kind), 0);
	set_descriptor(w, SEL_READ_ONLY, descriptor_of(0, 0xfffff, 0x91 | DPL(3), flat), 0);
	set_descriptor(w, SEL_ABSENT, descriptor_of(0, 0xfffff, 0x13 | DPL(3), flat), 0);
	set_descriptor(w, SEL_TSS, descriptor_of(AT_TSS, 0x67, 0x8b, 0), 0);
	set_descriptor(w, SEL_TSS2, descriptor_of(AT_TSS2, 0x67, 0x89, 0), 0);
	set_descriptor(w, SEL_LDT, descriptor_of(AT_LDT, 0xff, 0x82, 0), 0);
	set_descriptor(w, SEL_CODE1, descriptor_of(0, 0xfffff, DESC_CODE | DPL(1), kind), 0);
	set_descriptor(w, SEL_DATA1, descriptor_of(0, 0xfffff, DESC_DATA | DPL(1), flat), 0);
	set_descriptor(w, SEL_EXECUTE_ONLY, descriptor_of(0, 0xfffff, 0x99 | DPL(3), kind), 0);
	set_descriptor(w, SEL_CODE16, descriptor_of(0, 0xffff, DESC_CODE, 0), 0);
	set_descriptor(w, SEL_COMPATIBLE3, descriptor_of(0, 0xfffff, DESC_CODE | DPL(3), flat), 0);
	if (long_mode) {
		poke(w, AT_TSS + TSS64_RSP(0), 8, AT_STACK0);
		poke(w, AT_TSS + TSS64_IST(1), 8, AT_IST);
	} else {
		poke(w, AT_TSS + 4, 4, AT_STACK0);
		poke(w, AT_TSS + 8, 4, SEL_DATA0);
		poke(w, AT_TSS + 12, 4, AT_STACK0);
		poke(w, AT_TSS + 16, 4, SEL_DATA1 | 1);
	}
}

static void use(struct world *w, unsigned segment, unsigned selector)
{
	struct descriptor d = { .selector = (uint16_t)selector };

	d.low = peek(w, AT_GDT + (selector & ~7u), 8);
	descriptor_parse(&d);
	cpu_set_segment(w->cpu, segment, (uint16_t)selector, &d);
}

static void use_all(struct world *w, unsigned cpl)
{
	struct cpu_state *s = &w->cpu->state;
	unsigned data = cpl ? SEL_DATA3 | 3 : SEL_DATA0;

	s->cpl = (uint8_t)cpl;
	s->gdtr = (struct arch_table_register){ .base = AT_GDT, .limit = GDT_LIMIT };
	s->idtr = (struct arch_table_register){ .base = AT_IDT, .limit = 0xfff };
	use(w, SEG_CS, cpl ? SEL_CODE3 | 3 : SEL_CODE0);
	use(w, SEG_SS, data);
	use(w, SEG_DS, data);
	use(w, SEG_ES, data);
	cpu_set_null(w->cpu, SEG_FS, 0);
	cpu_set_null(w->cpu, SEG_GS, 0);
	use(w, SEG_TR, SEL_TSS);
	use(w, SEG_LDTR, SEL_LDT);
	s->gpr[GPR_RSP] = cpl ? AT_STACK3 : AT_STACK0 - 0x100;
	s->rip = AT_CODE;
	s->rflags = FLAG_ONE;
	s->interruptibility = 0;
	s->activity = ACTIVITY_ACTIVE;
}

void world_protected(struct world *w, unsigned cpl)
{
	struct cpu_state *s = &w->cpu->state;

	fill_tables(w, false);
	s->cr0 = BIT(0) | BIT(4) | BIT(5);
	s->cr4 = 0;
	s->efer = 0;
	use_all(w, cpl);
	cpu_state_changed(w->cpu);
}

/* The first gigabyte is mapped to itself, for user mode. */
void world_long(struct world *w, unsigned cpl)
{
	struct cpu_state *s = &w->cpu->state;

	poke(w, AT_TABLES, 8, (AT_TABLES + 0x1000) | 7);
	poke(w, AT_TABLES + 0x1000, 8, 0xe7);
	fill_tables(w, true);
	s->cr0 = BIT(0) | BIT(4) | BIT(5) | BIT(31);
	s->cr3 = AT_TABLES;
	s->cr4 = BIT(5);
	s->efer = BIT(0) | BIT(8) | BIT(10);
	use_all(w, cpl);
	cpu_state_changed(w->cpu);
}

void world_v86(struct world *w, unsigned iopl_value)
{
	struct cpu_state *s = &w->cpu->state;

	world_protected(w, 3);
	for (unsigned i = 0; i < SEG_LDTR; i++)
		cpu_set_v86(w->cpu, i, (uint16_t)(0x100 * (i + 1)));
	s->gpr[GPR_RSP] = 0x800;
	s->rip = 0x123;
	s->rflags = FLAG_ONE | FLAG_VM | (uint64_t)iopl_value << FLAG_IOPL_SHIFT;
	cpu_state_changed(w->cpu);
}

void world_real(struct world *w)
{
	struct cpu_state *s = &w->cpu->state;

	world_protected(w, 0);
	s->cr0 = BIT(4) | BIT(5);
	s->idtr = (struct arch_table_register){ .base = 0, .limit = 0x3ff };
	for (unsigned i = 0; i < SEG_LDTR; i++) {
		cpu_set_v86(w->cpu, i, (uint16_t)(0x100 * (i + 1)));
		s->seg[i].access_rights = 0x93;
	}
	s->gpr[GPR_RSP] = 0x800;
	s->rip = 0x123;
	cpu_state_changed(w->cpu);
}

struct cpu_event event_of(unsigned vector, enum event_type type, int error_code)
{
	return (struct cpu_event){
		.valid = true,
		.vector = (uint8_t)vector,
		.type = (uint8_t)type,
		.has_error_code = error_code >= 0,
		.error_code = error_code >= 0 ? (uint32_t)error_code : 0,
		.length = 2,
	};
}

void check_fault(struct world *w, bool done, const struct cpu_state *before, unsigned vector,
		 int error_code)
{
	assert_false(done);
	assert_true(w->cpu->fault.valid);
	assert_int_equal(w->cpu->fault.vector, vector);
	assert_int_equal(w->cpu->fault.has_error_code, error_code >= 0);
	if (error_code >= 0)
		assert_int_equal(w->cpu->fault.error_code, error_code);
	assert_memory_equal(&w->cpu->state, before, sizeof(*before));
	w->cpu->fault.valid = false;
	w->cpu->delivering.valid = false;
}

void check_segments(const struct cpu_state *got, const struct cpu_state *want)
{
	for (unsigned i = 0; i < sizeof(got->seg) / sizeof(got->seg[0]); i++) {
		assert_int_equal(got->seg[i].selector, want->seg[i].selector);
		assert_int_equal(got->seg[i].base, want->seg[i].base);
		assert_int_equal(got->seg[i].limit, want->seg[i].limit);
		assert_int_equal(got->seg[i].access_rights, want->seg[i].access_rights);
	}
}
