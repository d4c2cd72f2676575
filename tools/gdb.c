/* SPDX-License-Identifier: MIT */
#include "gdb_internal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A session: who has the word, and what the debugger is told when the machine stops. */

void gdb_console(struct gdb *gdb, const char *text, size_t size)
{
	const size_t most = (GDB_PACKET_MAX - 16) / 2;

	while (size) {
		size_t part = size < most ? size : most;

		gdb_begin(&gdb->link);
		gdb_putf(&gdb->link, "O");
		gdb_put_hex(&gdb->link, text, part);
		gdb_end(&gdb->link);
		text += part;
		size -= part;
	}
}

static void forget(struct gdb *gdb)
{
	udv_machine_debug_clear(gdb->machine);
	gdb->nr_breakpoints = 0;
	memset(&gdb->stops, 0, sizeof(gdb->stops));
}

void gdb_let_go(struct gdb *gdb, bool kill)
{
	forget(gdb);
	gdb->state = kill ? GDB_KILLED : GDB_DETACHED;
}

/* ---------------------------------------------------------------- stops */

static void say(struct gdb *gdb, const char *text)
{
	gdb_console(gdb, text, strlen(text));
}

/* "T05swbreak:;thread:1;" */
static void stop_reply(struct gdb *gdb, unsigned signal, unsigned cpu, const char *why)
{
	udv_machine_set_step(gdb->machine, UINT_MAX);
	gdb->stop_cpu = gdb->cpu = gdb->step_cpu = cpu;
	snprintf(gdb->stop_reply, sizeof(gdb->stop_reply), "T%02x%sthread:%x;", signal, why,
		 cpu + 1);
	gdb->state = GDB_STOPPED;
	gdb_send(&gdb->link, gdb->stop_reply);
}

static bool is_software(const struct gdb *gdb, uint64_t address)
{
	for (unsigned i = 0; i < gdb->nr_breakpoints; i++)
		if (gdb->breakpoints[i].address == address && gdb->breakpoints[i].software)
			return true;
	return false;
}

static void stopped_by_debugger(struct gdb *gdb)
{
	struct udv_debug_stop stop;
	char why[64] = "", text[128];

	udv_machine_debug_stop(gdb->machine, &stop);
	switch (stop.event) {
	case UDV_DEBUG_BREAKPOINT:
		strcpy(why, is_software(gdb, stop.address) ? "swbreak:;" : "hwbreak:;");
		break;
	case UDV_DEBUG_WATCHPOINT:
		snprintf(why, sizeof(why), "%s:%" PRIx64 ";",
			 stop.watchpoint.kinds == UDV_WATCH_WRITE  ? "watch"
			 : stop.watchpoint.kinds == UDV_WATCH_READ ? "rwatch"
								   : "awatch",
			 stop.watchpoint.address.value);
		break;
	case UDV_DEBUG_STEP:
		break;
	case UDV_DEBUG_VM_ENTRY:
		say(gdb, "VM entry\n");
		break;
	case UDV_DEBUG_VM_EXIT:
		snprintf(text, sizeof(text), "VM exit, reason %u%s\n", stop.exit_reason & 0xffff,
			 stop.exit_reason >> 31 ? ": the VM entry failed" : "");
		say(gdb, text);
		break;
	}
	stop_reply(gdb, GDB_SIGTRAP, stop.cpu, why);
}

/* The machine will never go on: worth a look, once. */
static bool stopped_for_good(struct gdb *gdb, const struct udv_stop_info *info)
{
	char text[96];

	if (gdb->over)
		return false;
	gdb->over = true;
	snprintf(text, sizeof(text), "%s\n", udv_stop_text(info->stop));
	say(gdb, text);
	stop_reply(gdb, GDB_SIGSEGV, info->cpu, "");
	return true;
}

bool gdb_stopped(struct gdb *gdb, const struct udv_stop_info *info)
{
	if (gdb->state != GDB_RUNNING && gdb->state != GDB_INTERRUPTED)
		return false;
	switch (info->stop) {
	case UDV_STOP_DEBUG:
		stopped_by_debugger(gdb);
		return true;
	case UDV_STOP_TRIPLE_FAULT:
	case UDV_STOP_VMX_ABORT:
	case UDV_STOP_RESET:
	case UDV_STOP_HALTED:
		return stopped_for_good(gdb, info);
	default:
		return false;
	}
}

void gdb_interrupted(struct gdb *gdb)
{
	if (gdb->state == GDB_RUNNING || gdb->state == GDB_INTERRUPTED)
		stop_reply(gdb, GDB_SIGINT, gdb->stop_cpu, "");
}

void gdb_ended(struct gdb *gdb, unsigned status)
{
	char text[8];

	if (gdb->state == GDB_DETACHED || gdb->state == GDB_KILLED)
		return;
	snprintf(text, sizeof(text), "W%02x", status & 0xff);
	gdb_send(&gdb->link, text);
	gdb->state = GDB_DETACHED;
}

/* ---------------------------------------------------------------- outside */

static void take(struct gdb *gdb, uint8_t byte)
{
	enum gdb_input input = gdb_link_take(&gdb->link, byte);

	if (gdb->state == GDB_RUNNING && input == GDB_INPUT_INTERRUPT)
		gdb->state = GDB_INTERRUPTED;
	/* Nothing is asked of a machine that runs. */
	if (gdb->state == GDB_STOPPED && input == GDB_INPUT_PACKET)
		gdb_request(gdb);
	if (gdb->link.failed)
		gdb_let_go(gdb, false);
}

void gdb_feed(struct gdb *gdb, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size--)
		take(gdb, *at++);
}

enum gdb_state gdb_state(const struct gdb *gdb)
{
	return gdb->state;
}

const void *gdb_output(const struct gdb *gdb, size_t *size)
{
	*size = gdb->link.out_size;
	return gdb->link.out;
}

void gdb_sent(struct gdb *gdb, size_t size)
{
	gdb_link_sent(&gdb->link, size);
}

struct gdb *gdb_new(struct udv_machine *machine)
{
	struct gdb *gdb = calloc(1, sizeof(*gdb));
	struct udv_registers registers;

	if (!gdb)
		return NULL;
	gdb->machine = machine;
	while (udv_machine_get_registers(machine, gdb->nr_cpus, &registers) == UDV_OK)
		gdb->nr_cpus++;
	strcpy(gdb->stop_reply, "T05thread:1;");
	gdb->description = gdb_describe_target(&gdb->description_size);
	if (!gdb->description) {
		free(gdb);
		return NULL;
	}
	return gdb;
}

void gdb_free(struct gdb *gdb)
{
	if (!gdb)
		return;
	forget(gdb);
	gdb_link_free(&gdb->link);
	free(gdb->description);
	free(gdb);
}
