/* SPDX-License-Identifier: MIT */
#include "execute_state.h"

#include <stdlib.h>
#include <string.h>

/* What it does is no news to the fuzzer. */
#define QUIET __attribute__((no_sanitize("coverage")))

/*
 * Memory:
 *    0000  real mode's vectors      5000, 6000  TSSs       20000..23fff  code, then its repetition
 *    1000  GDT                      8000  stack of CPL 0   30000..37fff  data: code in other words
 *    2000  IDT                      10000..17fff  paging structures, unmapped
 *    3000  handlers
 */
#define GDT 0x1000u
#define IDT 0x2000u
#define HANDLERS 0x3000u
#define TSS 0x5000u
#define OTHER_TSS 0x6000u
#define STACK 0x8000u
#define TABLES 0x10000u
#define CODE 0x20000u
#define CODE_SIZE 0x4000u
#define DATA 0x30000u
#define DATA_SIZE 0x8000u

enum table { PML4, PDPT, PD, PT, PD_32, PT_32, PDPT_PAE, NR_TABLES };
#define TABLE(t) (TABLES + (uint64_t)(t)*0x1000u)

enum selector {
	CODE_32 = 0x08,
	DATA_32 = 0x10,
	CODE_64 = 0x18,
	CODE_16 = 0x20,
	USER_CODE = 0x28,
	USER_DATA = 0x30,
	USER_CODE_64 = 0x38,
	DATA_16 = 0x40,
	TASK = 0x48,
	CALL_GATE = 0x58,
	OTHER_TASK = 0x68,
	GDT_SIZE = 0x78,
};

#define CR0_PE 0x1u
#define CR0_PG 0x80000000u
#define CR0_ANY 0x5002eu /* MP, EM, TS, NE, WP, AM */
#define CR4_PAE 0x20u
#define CR4_PCIDE 0x20000u
#define CR4_ANY                                                                                    \
	0x770fdfu /* VME, PVI, TSD, DE, PSE, MCE, PGE, PCE, OSFXSR..UMIP, FSGSBASE and up          \
		   */
#define EFER_LONG 0x501u
#define EFER_NXE 0x800u
#define RFLAGS_ANY 0x254fd5u /* not VM, nor IOPL */
#define RFLAGS_VM 0x20000u
#define RFLAGS_IOPL 0x3000u

#define ENTRY_PLAIN 0x7u /* present, writable, user */
#define ENTRY_LARGE 0x80u

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void put(struct udv_machine *machine, uint64_t address, const void *data, uint64_t size)
{
	require(udv_machine_write(machine, UDV_GPA(address), data, size) == UDV_OK);
}

static void put_word(struct udv_machine *machine, uint64_t address, uint64_t value, unsigned size)
{
	put(machine, address, &value, size);
}

bool execute_parse(struct execute_input *in, const uint8_t *data, size_t size)
{
	if (size <= sizeof(in->header))
		return false;
	memcpy(&in->header, data, sizeof(in->header));
	in->code = data + sizeof(in->header);
	in->size = size - sizeof(in->header);
	return true;
}

static enum execute_mode mode_of(const struct execute_input *in)
{
	return (enum execute_mode)(in->header.mode % EXECUTE_NR_MODES);
}

static bool is_long(enum execute_mode mode)
{
	return mode >= EXECUTE_COMPATIBILITY;
}

static unsigned cpl_of(const struct execute_input *in)
{
	enum execute_mode mode = mode_of(in);

	if (mode == EXECUTE_VIRTUAL_8086)
		return 3;
	/* It begins with an instruction that turns paging on. */
	if (mode == EXECUTE_REAL || mode == EXECUTE_PAE)
		return 0;
	return in->header.cpl & 1 ? 3 : 0;
}

/* ---------------------------------------------------------------- tables of segmentation */

static uint64_t descriptor(uint64_t base, uint64_t limit, uint64_t rights)
{
	return (limit & 0xffff) | (base & 0xffffff) << 16 | rights << 40 |
	       (limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
}

static void put_gdt(struct udv_machine *machine, bool wide)
{
	static const struct {
		uint8_t selector;
		uint16_t rights;
	} flat[] = { { CODE_32, 0xc09b },      { DATA_32, 0xc093 },   { CODE_64, 0xa09b },
		     { CODE_16, 0x009b },      { USER_CODE, 0xc0fb }, { USER_DATA, 0xc0f3 },
		     { USER_CODE_64, 0xa0fb }, { DATA_16, 0x0093 } };

	for (unsigned i = 0; i < sizeof(flat) / sizeof(flat[0]); i++)
		put_word(machine, GDT + flat[i].selector,
			 descriptor(flat[i].rights & 0x8000 ? 0 : CODE, 0xfffff, flat[i].rights),
			 8);
	put_word(machine, GDT + TASK, descriptor(TSS, 0x2fff, 0x8b), 8);
	put_word(machine, GDT + OTHER_TASK, descriptor(OTHER_TSS, 0x67, 0xe9), 8);
	put_word(machine, GDT + CALL_GATE,
		 (CODE & 0xffff) | (uint64_t)(wide ? CODE_64 : CODE_32) << 16 | 0xec00ull << 32 |
			 (uint64_t)(CODE >> 16) << 48,
		 8);
}

QUIET static bool has_error_code(unsigned vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;
}

/* Faults go on a byte further, so that a run ends nowhere; others go on. */
QUIET static unsigned handler_of(unsigned vector)
{
	if (vector >= 32 || vector == 1 || vector == 3 || vector == 4)
		return 0x40;
	return has_error_code(vector) ? 0x20 : 0;
}

static void put_handlers(struct udv_machine *machine, enum execute_mode mode)
{
	static const uint8_t in_16[] = { 0x55, 0x89, 0xe5, 0xff, 0x46, 0x02, 0x5d, 0xcf };
	static const uint8_t in_32[] = { 0xff, 0x04, 0x24, 0xcf };
	static const uint8_t in_32_code[] = { 0x83, 0xc4, 0x04, 0xff, 0x04, 0x24, 0xcf };
	static const uint8_t in_64[] = { 0x48, 0xff, 0x04, 0x24, 0x48, 0xcf };
	static const uint8_t in_64_code[] = { 0x48, 0x83, 0xc4, 0x08, 0x48,
					      0xff, 0x04, 0x24, 0x48, 0xcf };
	static const uint8_t iret[] = { 0xcf }, iret_64[] = { 0x48, 0xcf };

	if (is_long(mode)) {
		put(machine, HANDLERS, in_64, sizeof(in_64));
		put(machine, HANDLERS + 0x20, in_64_code, sizeof(in_64_code));
		put(machine, HANDLERS + 0x40, iret_64, sizeof(iret_64));
	} else if (mode == EXECUTE_REAL) {
		put(machine, HANDLERS, in_16, sizeof(in_16));
		put(machine, HANDLERS + 0x20, in_16, sizeof(in_16));
		put(machine, HANDLERS + 0x40, iret, sizeof(iret));
	} else {
		put(machine, HANDLERS, in_32, sizeof(in_32));
		put(machine, HANDLERS + 0x20, in_32_code, sizeof(in_32_code));
		put(machine, HANDLERS + 0x40, iret, sizeof(iret));
	}
}

QUIET static void put_vectors(struct udv_machine *machine, enum execute_mode mode)
{
	uint64_t selector = is_long(mode) ? CODE_64 : CODE_32;
	uint8_t table[4096] = { 0 };

	for (unsigned vector = 0; vector < 256; vector++) {
		uint32_t real = (HANDLERS >> 4) << 16 | handler_of(vector);
		uint64_t gate = (HANDLERS + handler_of(vector)) | selector << 16 | 0xee00ull << 32;

		put_word(machine, vector * 4ull, real, 4);
		if (vector == 0x21 && !is_long(mode))
			gate = (uint64_t)OTHER_TASK << 16 | 0xe500ull << 32;
		memcpy(table + vector * (is_long(mode) ? 16u : 8u), &gate, 8);
	}
	put(machine, IDT, table, sizeof(table));
}

static void put_tasks(struct udv_machine *machine, bool wide, uint64_t cr3)
{
	put_word(machine, TSS + 4, STACK, 4);
	put_word(machine, TSS + (wide ? 0x24 : 8), wide ? STACK - 0x800 : DATA_32, 4);
	put_word(machine, TSS + 0x66, 0x68, 2);
	put_word(machine, TSS + 0x68 + 0x20, 0xf0f0f0f0f0f0f0f0, 8);
	put_word(machine, OTHER_TSS + 0x1c, cr3, 4);
	put_word(machine, OTHER_TSS + 0x20, CODE, 4);
	put_word(machine, OTHER_TSS + 0x24, 2, 4);
	put_word(machine, OTHER_TSS + 0x38, STACK - 0x400, 4);
	for (unsigned i = 0; i < 6; i++)
		put_word(machine, OTHER_TSS + 0x48 + 4 * i, i == 1 ? CODE_32 : DATA_32, 4);
}

/* ---------------------------------------------------------------- paging structures */

QUIET static uint64_t page_entry(const struct execute_input *in, uint64_t page)
{
	uint64_t address = page << 12;

	if (address >= TABLES && address < TABLES + 0x10000)
		return 0;
	if (address < TABLES)
		return address | 3;
	return address | 3 | (cpl_of(in) == 3 || in->header.page_rights & 1 ? 4 : 0);
}

static void put_mutated(struct udv_machine *machine, const struct execute_entry *entry,
			uint64_t *frames)
{
	unsigned table = entry->table % NR_TABLES;
	unsigned size = table == PD_32 || table == PT_32 ? 4 : 8;
	uint64_t flags = entry->low_flags & 0xfff, value;
	/* Most of all, where something is. */
	unsigned index = entry->index & 0x8000		 ? entry->index % (4096 / size)
			 : table == PT || table == PT_32 ? entry->index & 0x3f
							 : entry->index & 1;

	if (index * size >= 4096 || table == PML4)
		index = 0;
	if (size == 8)
		flags |= (uint64_t)(entry->high_flags & 0xfff0) << 48;
	if (table == PT || table == PT_32) {
		uint64_t page = entry->frame & 0x7f;

		value = page >= TABLES >> 12 && page < (TABLES >> 12) + 16 ? page + 16 : page;
		value <<= 12;
	} else if (flags & ENTRY_LARGE && table != PML4) {
		value = entry->frame & 0x80 ? 0xfee00000 & -EXECUTE_LARGE_FRAME
					    : EXECUTE_LARGE_FRAME;
		if (table == PDPT)
			value = (uint64_t)(1 + (entry->frame & 3)) << 30;
	} else {
		value = frames[table];
	}
	put_word(machine, TABLE(table) + index * (uint64_t)size, value | flags, size);
}

QUIET static void put_tables(struct udv_machine *machine, const struct execute_input *in)
{
	uint64_t next[NR_TABLES] = {
		[PML4] = TABLE(PDPT),	[PDPT] = TABLE(PD),	[PD] = TABLE(PT),
		[PD_32] = TABLE(PT_32), [PDPT_PAE] = TABLE(PD),
	};
	uint64_t pages[512];
	uint32_t pages_32[1024];

	for (unsigned i = 0; i < 512; i++) {
		pages[i] = page_entry(in, i);
		pages_32[i] = pages_32[i + 512] = (uint32_t)pages[i];
	}
	put(machine, TABLE(PT), pages, sizeof(pages));
	put(machine, TABLE(PT_32), pages_32, sizeof(pages_32));
	for (unsigned table = 0; table < NR_TABLES; table++)
		if (next[table])
			put_word(machine, TABLE(table),
				 next[table] | (table == PDPT_PAE ? 1u : ENTRY_PLAIN), 8);
	put_word(machine, TABLE(PD) + 8, EXECUTE_LARGE_FRAME | ENTRY_PLAIN | ENTRY_LARGE, 8);
	for (unsigned i = 0; i < EXECUTE_ENTRIES; i++)
		if (in->header.entry[i].table & 0x80)
			put_mutated(machine, &in->header.entry[i], next);
}

/* ---------------------------------------------------------------- code and data */

QUIET static void put_code(struct udv_machine *machine, const struct execute_input *in)
{
	static const uint8_t enable_paging[] = { 0x0f, 0x22, 0xc0 }; /* MOV CR0, EAX */
	uint64_t start = in->header.entry_offset % CODE_SIZE;
	uint64_t size = in->size < CODE_SIZE - start ? in->size : CODE_SIZE - start;
	uint8_t data[DATA_SIZE];

	put(machine, CODE + start, in->code, size);
	if (mode_of(in) == EXECUTE_PAE)
		put(machine, CODE + start, enable_paging,
		    size < sizeof(enable_paging) ? size : sizeof(enable_paging));
	for (unsigned i = 0; i < DATA_SIZE; i++)
		data[i] = (uint8_t)(in->code[i % in->size] ^ (i / in->size * 0x35));
	put(machine, DATA, data, sizeof(data));
}

/* ---------------------------------------------------------------- registers */

static uint64_t gpr_value(uint32_t chosen)
{
	uint64_t value = chosen >> 3;

	switch (chosen & 7) {
	case 0:
	case 1:
		return DATA + value % DATA_SIZE;
	case 2:
		return CODE + value % CODE_SIZE;
	case 3:
		return value & 0xff;
	case 4:
		return 0xc0000080 + (value & 0x1f);
	case 5:
		return (uint64_t) - (int64_t)(value & 0xffff);
	case 6:
		return value * 0x9e3779b97f4a7c15;
	default:
		return value;
	}
}

static struct udv_segment_register segment(uint16_t selector, uint64_t base, uint32_t limit,
					   uint32_t rights)
{
	return (struct udv_segment_register){ base, limit, rights, selector };
}

static void set_segments(struct udv_registers *r, const struct execute_input *in)
{
	enum execute_mode mode = mode_of(in);
	unsigned cpl = cpl_of(in);
	uint32_t dpl = cpl << 5;
	uint16_t code = cpl ? USER_CODE | 3 : CODE_32, data = cpl ? USER_DATA | 3 : DATA_32;

	for (unsigned i = 0; i < 6; i++)
		r->segment[i] = segment(data, 0, 0xffffffff, 0xc093 | dpl);
	r->segment[UDV_CS] = segment(code, 0, 0xffffffff, 0xc09b | dpl);
	if (mode == EXECUTE_REAL || mode == EXECUTE_VIRTUAL_8086) {
		for (unsigned i = 0; i < 6; i++)
			r->segment[i] = segment(DATA >> 4, DATA, 0xffff, cpl ? 0xf3 : 0x93);
		r->segment[UDV_CS] = segment(CODE >> 4, CODE, 0xffff, cpl ? 0xf3 : 0x9b);
	} else if (mode == EXECUTE_PROTECTED_16) {
		r->segment[UDV_CS] = segment(cpl ? code : CODE_16, CODE, 0xffff, 0x9b | dpl);
		r->segment[UDV_SS] = segment(cpl ? data : DATA_16, DATA, 0xffff, 0x93 | dpl);
	} else if (mode == EXECUTE_LONG) {
		r->segment[UDV_CS] =
			segment(cpl ? USER_CODE_64 | 3 : CODE_64, 0, 0xffffffff, 0xa09b | dpl);
	}
	/* Some data segments that are no data segments. */
	if (in->header.access_rights & 1 && mode != EXECUTE_REAL && mode != EXECUTE_VIRTUAL_8086)
		r->segment[UDV_ES] = segment(data, DATA, 0xfff,
					     0x90u | dpl | (in->header.access_rights >> 1 & 7) |
						     (in->header.access_rights & 0x40u) << 8);
	r->segment[UDV_LDTR] = segment(0, 0, 0, 0x10000);
	r->segment[UDV_TR] = segment(TASK, TSS, 0x2fff, 0x8b);
}

static void set_control(struct udv_registers *r, const struct execute_input *in)
{
	enum execute_mode mode = mode_of(in);

	r->cr0 = 0x10 | (in->header.cr0 & CR0_ANY);
	r->cr4 = in->header.cr4 & CR4_ANY & ~(uint64_t)(CR4_PAE | CR4_PCIDE);
	if (mode != EXECUTE_REAL)
		r->cr0 |= CR0_PE;
	if (mode == EXECUTE_PAGING_32 || is_long(mode))
		r->cr0 |= CR0_PG;
	if (mode == EXECUTE_PAE || is_long(mode))
		r->cr4 |= CR4_PAE;
	if (is_long(mode))
		r->cr4 |= in->header.cr4 & CR4_PCIDE;
	r->efer = (is_long(mode) ? EFER_LONG : 0) | (in->header.page_rights & 2 ? EFER_NXE : 0);
	r->cr3 = mode == EXECUTE_PAGING_32 ? TABLE(PD_32)
		 : mode == EXECUTE_PAE	   ? TABLE(PDPT_PAE)
					   : TABLE(PML4);
}

QUIET void execute_set_up(struct udv_machine *machine, const struct execute_input *in)
{
	enum execute_mode mode = mode_of(in);
	bool narrow = mode <= EXECUTE_PROTECTED_16 || mode == EXECUTE_VIRTUAL_8086;
	struct udv_registers r = { .rip = in->header.entry_offset % CODE_SIZE };

	for (unsigned i = 0; i < 16; i++)
		r.gpr[i] = gpr_value(in->header.gpr[i]) & (i >= 8 && !is_long(mode) ? 0 : ~0ull);
	r.gpr[UDV_RSP] = narrow ? DATA_SIZE / 2 + (in->header.gpr[UDV_RSP] & 0xff)
				: DATA + DATA_SIZE / 2 + (in->header.gpr[UDV_RSP] & 0xff);
	if (mode != EXECUTE_LONG)
		for (unsigned i = 0; i < 8; i++)
			r.gpr[i] &= narrow && i != UDV_RAX ? 0xffff : 0xffffffff;
	if (!narrow)
		r.rip += CODE;
	r.rflags = (in->header.rflags & RFLAGS_ANY) | 2;
	if (mode == EXECUTE_VIRTUAL_8086)
		r.rflags |= RFLAGS_VM;
	if (in->header.rflags & 0x80000000)
		r.rflags |= RFLAGS_IOPL;
	r.gdtr_base = GDT;
	r.gdtr_limit = GDT_SIZE - 1;
	r.idtr_base = mode == EXECUTE_REAL ? 0 : IDT;
	r.idtr_limit = mode == EXECUTE_REAL ? 0x3ff : 0xfff;
	r.dr6 = 0xffff0ff0;
	r.dr7 = 0x400;
	set_segments(&r, in);
	set_control(&r, in);
	if (mode == EXECUTE_PAE)
		r.gpr[UDV_RAX] = r.cr0 | CR0_PG;
	put_gdt(machine, is_long(mode));
	put_handlers(machine, mode);
	put_vectors(machine, mode);
	put_tasks(machine, is_long(mode), r.cr3);
	put_tables(machine, in);
	put_code(machine, in);
	require(udv_machine_set_registers(machine, 0, &r) == UDV_OK);
}
