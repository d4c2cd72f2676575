/* SPDX-License-Identifier: MIT */
/*
 * Any bytes from a debugger: as they come, or, for them to get far, as the data of packets, a line
 * each. The machine runs whenever the debugger lets it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INSTRUCTIONS 500u

static void check(bool fine)
{
	if (!fine)
		__builtin_trap();
}

static void drain(struct gdb *gdb)
{
	size_t size;

	gdb_output(gdb, &size);
	gdb_sent(gdb, size);
}

static void run(struct gdb *gdb, struct udv_machine *machine)
{
	struct udv_stop_info info;

	if (gdb_state(gdb) == GDB_INTERRUPTED)
		gdb_interrupted(gdb);
	if (gdb_state(gdb) != GDB_RUNNING)
		return;
	udv_machine_run(machine, INSTRUCTIONS, &info);
	check(info.instructions <= INSTRUCTIONS);
	if (!gdb_stopped(gdb, &info) && info.stop != UDV_STOP_BUDGET)
		gdb_ended(gdb, 0);
	else
		gdb_feed(gdb, "\x03", 1);
}

static void feed_packet(struct gdb *gdb, const uint8_t *data, size_t size)
{
	uint8_t sum = 0;
	char end[4];

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + data[i]);
	snprintf(end, sizeof(end), "#%02x", sum);
	gdb_feed(gdb, "$", 1);
	gdb_feed(gdb, data, size);
	gdb_feed(gdb, end, 3);
}

/* "qRcmd," is followed by text, not by its digits. */
static void feed_line(struct gdb *gdb, const uint8_t *data, size_t size)
{
	uint8_t packet[512];
	size_t used = 6;

	if (size < 6 || memcmp(data, "qRcmd,", 6) != 0) {
		feed_packet(gdb, data, size);
		return;
	}
	memcpy(packet, data, 6);
	for (size_t i = 6; i < size && used + 2 < sizeof(packet); i++, used += 2)
		snprintf((char *)packet + used, 3, "%02x", data[i]);
	feed_packet(gdb, packet, used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* mov ax, 1; inc ax; mov [2000h], ax; mov bx, [2000h]; jmp back */
	static const uint8_t program[] = { 0xb8, 0x01, 0x00, 0x40, 0xa3, 0x00, 0x20,
					   0x8b, 0x1e, 0x00, 0x20, 0xeb, 0xf3 };
	struct udv_machine_config config = { .memory = 1 << 20, .nr_cpus = 2 };
	struct udv_machine *machine;
	struct udv_registers registers;
	struct gdb *gdb;

	if (!size)
		return 0;
	check(udv_machine_create(&config, &machine, NULL) == UDV_OK);
	check(udv_machine_write(machine, UDV_GPA(0x1000), program, sizeof(program)) == UDV_OK);
	udv_machine_get_registers(machine, 0, &registers);
	registers.segment[UDV_CS].base = 0;
	registers.rip = 0x1000;
	udv_machine_set_registers(machine, 0, &registers);
	gdb = gdb_new(machine);
	check(gdb);
	for (size_t at = 1; at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t length = end ? (size_t)(end - data) - at : size - at;

		if (data[0] & 1)
			gdb_feed(gdb, data + at, length + (end != NULL));
		else
			feed_line(gdb, data + at, length);
		drain(gdb);
		run(gdb, machine);
		drain(gdb);
		at += length + 1;
	}
	gdb_free(gdb);
	udv_machine_destroy(machine);
	return 0;
}
