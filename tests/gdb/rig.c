/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static const uint8_t program[] = { 0xb8, 0x01, 0x00, 0x40, 0xa3, 0x00, 0x20,
				   0x8b, 0x1e, 0x00, 0x20, 0xeb, 0xf3 };

void rig_open(struct rig *rig, unsigned nr_cpus)
{
	struct udv_machine_config config = { .memory = 1 << 20, .nr_cpus = nr_cpus };
	struct udv_registers registers;

	memset(rig, 0, sizeof(*rig));
	assert_int_equal(udv_machine_create(&config, &rig->machine, NULL), UDV_OK);
	assert_int_equal(udv_machine_write(rig->machine, UDV_GPA(CODE), program, sizeof(program)),
			 UDV_OK);
	assert_int_equal(udv_machine_get_registers(rig->machine, 0, &registers), UDV_OK);
	registers.segment[UDV_CS].base = 0;
	registers.segment[UDV_CS].selector = 0;
	registers.rip = CODE;
	assert_int_equal(udv_machine_set_registers(rig->machine, 0, &registers), UDV_OK);
	rig->gdb = gdb_new(rig->machine);
	assert_non_null(rig->gdb);
}

void rig_close(struct rig *rig)
{
	gdb_free(rig->gdb);
	udv_machine_destroy(rig->machine);
}

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void add_console(struct rig *rig, const char *hex, size_t size)
{
	size_t used = strlen(rig->console);

	for (size_t i = 0; i + 1 < size; i += 2)
		rig->console[used++] = (char)(digit(hex[i]) << 4 | digit(hex[i + 1]));
	assert_true(used < sizeof(rig->console));
}

/* One packet of the output: its sum must be right. */
static size_t take_packet(struct rig *rig, const char *out, size_t size)
{
	const char *end = memchr(out, '#', size);
	uint8_t sum = 0;
	size_t length;

	assert_non_null(end);
	length = (size_t)(end - out) - 1;
	assert_true((size_t)(end - out) + 3 <= size);
	for (size_t i = 1; i <= length; i++)
		sum = (uint8_t)(sum + (uint8_t)out[i]);
	assert_int_equal(digit(end[1]) << 4 | digit(end[2]), sum);
	if (out[1] == 'O' && length > 2) {
		add_console(rig, out + 2, length - 1);
	} else {
		assert_true(length < sizeof(rig->reply));
		memcpy(rig->reply, out + 1, length);
		rig->reply[length] = '\0';
	}
	return length + 4;
}

static void take_output(struct rig *rig)
{
	size_t size, done = 0;
	const char *out = gdb_output(rig->gdb, &size);

	rig->reply[0] = '\0';
	while (done < size) {
		if (out[done] == '+')
			done++;
		else
			done += take_packet(rig, out + done, size - done);
	}
	gdb_sent(rig->gdb, size);
}

const char *rig_ask(struct rig *rig, const char *data)
{
	char *packet = malloc(strlen(data) + 5);
	uint8_t sum = 0;

	assert_non_null(packet);
	for (const char *at = data; *at; at++)
		sum = (uint8_t)(sum + (uint8_t)*at);
	sprintf(packet, "$%s#%02x", data, sum);
	memset(rig->console, 0, sizeof(rig->console));
	gdb_feed(rig->gdb, packet, strlen(packet));
	free(packet);
	take_output(rig);
	return rig->reply;
}

const char *rig_run(struct rig *rig, uint64_t instructions)
{
	while (gdb_state(rig->gdb) == GDB_RUNNING) {
		udv_machine_run(rig->machine, instructions, &rig->info);
		if (!gdb_stopped(rig->gdb, &rig->info))
			break;
	}
	take_output(rig);
	return rig->reply;
}

const char *rig_monitor(struct rig *rig, const char *command)
{
	char packet[600] = "qRcmd,";

	for (size_t i = 0; command[i]; i++)
		sprintf(packet + strlen(packet), "%02x", (unsigned)command[i]);
	assert_string_equal(rig_ask(rig, packet), "OK");
	return rig->console;
}
