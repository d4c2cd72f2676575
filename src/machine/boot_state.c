/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "machine/load.h"

/*
 * Processor 0 as a boot loader leaves it: flat segments, interrupts off, and behind their selectors
 * a GDT that can be used until the image has its own. Multiboot Specification 0.6.96, "Machine
 * state".
 */

#define MULTIBOOT_MAGIC 0x2badb002u
#define MULTIBOOT2_MAGIC 0x36d76289u

#define CODE32 0x00cf9b000000ffffull
#define CODE64 0x00af9b000000ffffull
#define DATA 0x00cf93000000ffffull
#define GDT_ENTRIES 4u

/* Linux says where its segments are; for the others any place will do. */
static const struct segments {
	uint64_t gdt[GDT_ENTRIES];
	uint16_t code32, code64, data;
} usual_segments = { { 0, CODE32, DATA, CODE64 }, 0x08, 0x18, 0x10 },
  linux_segments = { { 0, 0, CODE64, DATA }, 0x10, 0x10, 0x18 };

#define CODE_RIGHTS (AR_P | AR_S | AR_CODE | AR_WRITABLE | AR_ACCESSED | AR_G)
#define DATA_RIGHTS (AR_P | AR_S | AR_WRITABLE | AR_ACCESSED | AR_G | AR_DB)

/* 1 + 1 + 4 tables for 4 GB in pages of 2 MB */
#define TABLES_SIZE (6 * MEM_PAGE_SIZE)
#define TABLE_ENTRY 0x3u       /* present, writable */
#define LARGE_PAGE_ENTRY 0x83u /* and a page */

#define PLACE_START 0x1000u
#define PLACE_END 0x9fc00u

static enum udv_status find_place(struct loader *loader, uint64_t size, uint64_t align,
				  uint64_t *base)
{
	if (!load_find_high(loader, PLACE_START, PLACE_END, size, align, base) &&
	    !load_find_low(loader, 1 << 20, loader->machine->low_memory, size, align, base))
		return load_refuse(loader, UDV_ERR_NO_MEMORY, "no memory left for the boot tables");
	return load_claim(loader, *base, size);
}

static void write_entry(struct udv_machine *machine, uint64_t table, unsigned index, uint64_t value)
{
	mem_write(&machine->mem, table + 8ull * index, 8, value);
}

static enum udv_status write_page_tables(struct loader *loader, uint64_t *root)
{
	struct udv_machine *machine = loader->machine;
	enum udv_status status = find_place(loader, TABLES_SIZE, MEM_PAGE_SIZE, root);

	if (status != UDV_OK)
		return status;
	for (unsigned i = 1; i < 512; i++)
		write_entry(machine, *root, i, 0);
	write_entry(machine, *root, 0, (*root + MEM_PAGE_SIZE) | TABLE_ENTRY);
	for (unsigned i = 0; i < 512; i++)
		write_entry(machine, *root + MEM_PAGE_SIZE, i,
			    i < 4 ? (*root + (2 + i) * MEM_PAGE_SIZE) | TABLE_ENTRY : 0);
	for (unsigned i = 0; i < 4 * 512; i++)
		write_entry(machine, *root + 2 * MEM_PAGE_SIZE, i,
			    (uint64_t)i << 21 | LARGE_PAGE_ENTRY);
	return UDV_OK;
}

static void set_segments(struct cpu_state *state, const struct segments *segments, bool long_mode)
{
	for (unsigned i = SEG_ES; i <= SEG_GS; i++)
		state->seg[i] = (struct arch_segment_register){
			.limit = UINT32_MAX,
			.access_rights = DATA_RIGHTS,
			.selector = segments->data,
		};
	state->seg[SEG_CS].access_rights = CODE_RIGHTS | (long_mode ? AR_L : AR_DB);
	state->seg[SEG_CS].selector = long_mode ? segments->code64 : segments->code32;
}

static enum udv_status enter_long_mode(struct loader *loader, struct cpu_state *state)
{
	enum udv_status status = write_page_tables(loader, &state->cr3);

	state->cr4 = UDV_CR4_PAE;
	state->efer = UDV_EFER_LME | UDV_EFER_LMA;
	state->cr0 |= UDV_CR0_PG;
	state->gpr[loader->start == START_LINUX ? GPR_RSI : GPR_RDI] = loader->information;
	return status;
}

enum udv_status load_boot_state(struct loader *loader)
{
	struct cpu *cpu = &loader->machine->vcpus[0].cpu;
	struct cpu_state *state = &cpu->state;
	bool long_mode = loader->start == START_LONG || loader->start == START_LINUX;
	const struct segments *segments =
		loader->start == START_LINUX ? &linux_segments : &usual_segments;
	enum udv_status status = UDV_OK;
	uint64_t table;

	status = find_place(loader, sizeof(segments->gdt), 16, &table);
	if (status != UDV_OK)
		return status;
	mem_load_bytes(&loader->machine->mem, table, segments->gdt, sizeof(segments->gdt));
	wire_reset(&loader->machine->vcpus[0]);
	memset(state->gpr, 0, sizeof(state->gpr));
	state->cr0 = UDV_CR0_PE | UDV_CR0_ET;
	state->gdtr = (struct arch_table_register){ table, sizeof(segments->gdt) - 1 };
	set_segments(state, segments, long_mode);
	state->rip = loader->entry;
	if (long_mode)
		status = enter_long_mode(loader, state);
	else
		state->gpr[GPR_RBX] = loader->information;
	if (loader->start == START_MULTIBOOT)
		state->gpr[GPR_RAX] = MULTIBOOT_MAGIC;
	else if (loader->start == START_MULTIBOOT2)
		state->gpr[GPR_RAX] = MULTIBOOT2_MAGIC;
	cpu_state_changed(cpu);
	return status;
}
