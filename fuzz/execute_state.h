/* SPDX-License-Identifier: MIT */
#ifndef UDV_FUZZ_EXECUTE_STATE_H
#define UDV_FUZZ_EXECUTE_STATE_H

#include <stddef.h>
#include <undervisor/machine.h>

/* How fuzz_execute.c makes a machine of its input. */

#define EXECUTE_MEMORY (8ull << 20)
#define EXECUTE_LARGE_FRAME (4ull << 20) /* large pages lead here, clear of the tables */
#define EXECUTE_ENTRIES 6

enum execute_mode {
	EXECUTE_REAL,
	EXECUTE_PROTECTED_16,
	EXECUTE_PROTECTED_32,
	EXECUTE_VIRTUAL_8086,
	EXECUTE_PAGING_32,
	EXECUTE_PAE,
	EXECUTE_COMPATIBILITY,
	EXECUTE_LONG,
	EXECUTE_NR_MODES,
};

/* An entry of a paging structure that differs from the plain tables. */
struct execute_entry {
	uint8_t table;
	uint8_t frame;
	uint16_t index;
	uint16_t low_flags, high_flags;
};

struct execute_header {
	uint8_t mode, cpl, way, two_cpus;
	uint8_t page_rights, access_rights;
	uint16_t entry_offset;
	uint32_t rflags, cr0, cr4;
	uint32_t gpr[16];
	struct execute_entry entry[EXECUTE_ENTRIES];
};

struct execute_input {
	struct execute_header header;
	const uint8_t *code;
	size_t size;
};

bool execute_parse(struct execute_input *in, const uint8_t *data, size_t size);
void execute_set_up(struct udv_machine *machine, const struct execute_input *in);

/* Some instruction for @seed, of up to 24 bytes; prefers those with effects on the system. */
size_t execute_instruction(uint8_t *bytes, unsigned seed);

#endif
