/* SPDX-License-Identifier: MIT */
#include "gdb_internal.h"

#include <limits.h>
#include <string.h>

/* The requests of a debugger, one function each. Errors are numbers, as errno has them. */

#define NO_SUCH_THREAD "E03"
#define NO_MEMORY_THERE "E14"
#define INVALID "E22"
#define NO_SPACE "E28"

/* Bytes of memory in one packet. */
#define MEMORY_MAX (GDB_PACKET_MAX / 2 - 8)

static void ok(struct gdb *gdb)
{
	gdb_send(&gdb->link, "OK");
}

/* ---------------------------------------------------------------- threads */

/* Threads are processors, counted from 1. -1 and 0 mean all or any: @cpu stays. */
static bool take_thread(struct gdb *gdb, struct gdb_span *args, unsigned *cpu)
{
	uint64_t number;

	if (gdb_take_word(args, "-1"))
		return true;
	if (!gdb_take_number(args, &number) || number > gdb->nr_cpus)
		return false;
	if (number)
		*cpu = (unsigned)number - 1;
	return true;
}

static void select_thread(struct gdb *gdb, struct gdb_span args)
{
	bool memory = gdb_take_char(&args, 'g');
	unsigned cpu = memory ? gdb->cpu : gdb->step_cpu;

	if (!memory && !gdb_take_char(&args, 'c')) {
		gdb_send(&gdb->link, INVALID);
		return;
	}
	if (!take_thread(gdb, &args, &cpu) || args.at != args.end) {
		gdb_send(&gdb->link, NO_SUCH_THREAD);
		return;
	}
	if (memory)
		gdb->cpu = cpu;
	else
		gdb->step_cpu = cpu;
	ok(gdb);
}

static void is_alive(struct gdb *gdb, struct gdb_span args)
{
	uint64_t number;
	bool alive = gdb_take_number(&args, &number) && args.at == args.end && number &&
		     number <= gdb->nr_cpus;

	gdb_send(&gdb->link, alive ? "OK" : NO_SUCH_THREAD);
}

static void list_threads(struct gdb *gdb)
{
	gdb_begin(&gdb->link);
	for (unsigned i = 0; i < gdb->nr_cpus; i++)
		gdb_putf(&gdb->link, "%c%x", i ? ',' : 'm', i + 1);
	gdb_end(&gdb->link);
}

static void thread_info(struct gdb *gdb, struct gdb_span args)
{
	unsigned cpu = 0;
	char text[128];

	if (!take_thread(gdb, &args, &cpu) || args.at != args.end) {
		gdb_send(&gdb->link, NO_SUCH_THREAD);
		return;
	}
	gdb_level_text(gdb, cpu, text, sizeof(text));
	gdb_begin(&gdb->link);
	gdb_put_hex(&gdb->link, text, strlen(text));
	gdb_end(&gdb->link);
}

/* ---------------------------------------------------------------- registers and memory */

static void read_register(struct gdb *gdb, struct gdb_span args)
{
	uint64_t number;
	bool read;

	gdb_begin(&gdb->link);
	read = gdb_take_number(&args, &number) && gdb_read_one(gdb, number);
	if (!read)
		gdb_putf(&gdb->link, INVALID);
	gdb_end(&gdb->link);
}

static void write_register(struct gdb *gdb, struct gdb_span args)
{
	uint64_t number;
	bool written = gdb_take_number(&args, &number) && gdb_take_char(&args, '=') &&
		       gdb_write_one(gdb, number, args);

	gdb_send(&gdb->link, written ? "OK" : INVALID);
}

/* As much as there is from @address on, by pages. */
static size_t read_some(struct gdb *gdb, uint64_t address, uint8_t *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t room = 4096 - (size_t)((address + done) & 4095);
		size_t part = room < size - done ? room : size - done;

		if (udv_machine_read_linear(gdb->machine, gdb->cpu, UDV_GVA(address + done),
					    data + done, part) != UDV_OK)
			break;
		done += part;
	}
	return done;
}

static void read_memory(struct gdb *gdb, struct gdb_span args)
{
	uint8_t data[MEMORY_MAX];
	uint64_t address, size;
	size_t done;

	if (!gdb_take_number(&args, &address) || !gdb_take_char(&args, ',') ||
	    !gdb_take_number(&args, &size)) {
		gdb_send(&gdb->link, INVALID);
		return;
	}
	done = read_some(gdb, address, data, size < MEMORY_MAX ? (size_t)size : MEMORY_MAX);
	if (size && !done) {
		gdb_send(&gdb->link, NO_MEMORY_THERE);
		return;
	}
	gdb_begin(&gdb->link);
	gdb_put_hex(&gdb->link, data, done);
	gdb_end(&gdb->link);
}

/* M: in hexadecimal digits; X: as they are. */
static void write_memory(struct gdb *gdb, struct gdb_span args, bool hex)
{
	uint8_t data[MEMORY_MAX];
	uint64_t address, size;

	if (!gdb_take_number(&args, &address) || !gdb_take_char(&args, ',') ||
	    !gdb_take_number(&args, &size) || !gdb_take_char(&args, ':') || size > MEMORY_MAX ||
	    (size_t)(args.end - args.at) != size << hex) {
		gdb_send(&gdb->link, INVALID);
		return;
	}
	if (!hex)
		memcpy(data, args.at, (size_t)size);
	else if (!gdb_take_bytes(&args, data, (size_t)size)) {
		gdb_send(&gdb->link, INVALID);
		return;
	}
	if (udv_machine_write_linear(gdb->machine, gdb->cpu, UDV_GVA(address), data, size) !=
	    UDV_OK)
		gdb_send(&gdb->link, NO_MEMORY_THERE);
	else
		ok(gdb);
}

/* ---------------------------------------------------------------- breakpoints */

/*
 * A request may come twice, if its reply was lost: what is there is not inserted again, and
 * removing what is not there does nothing.
 */

static struct gdb_breakpoint *find_breakpoint(struct gdb *gdb, bool software, uint64_t address)
{
	for (unsigned i = 0; i < gdb->nr_breakpoints; i++)
		if (gdb->breakpoints[i].address == address &&
		    gdb->breakpoints[i].software == software)
			return &gdb->breakpoints[i];
	return NULL;
}

static enum udv_status insert_breakpoint(struct gdb *gdb, bool software, uint64_t address)
{
	enum udv_status status;

	if (find_breakpoint(gdb, software, address))
		return UDV_OK;
	status = udv_machine_add_breakpoint(gdb->machine, UDV_GVA(address));
	if (status == UDV_OK)
		gdb->breakpoints[gdb->nr_breakpoints++] =
			(struct gdb_breakpoint){ address, software };
	return status;
}

static enum udv_status remove_breakpoint(struct gdb *gdb, bool software, uint64_t address)
{
	struct gdb_breakpoint *b = find_breakpoint(gdb, software, address);

	if (!b)
		return UDV_OK;
	*b = gdb->breakpoints[--gdb->nr_breakpoints];
	return udv_machine_remove_breakpoint(gdb->machine, UDV_GVA(address));
}

static enum udv_status watchpoint(struct gdb *gdb, bool insert, uint64_t type, uint64_t address,
				  uint64_t size)
{
	const struct udv_watchpoint wanted = {
		.address = UDV_GVA(address),
		.size = size,
		.kinds = type == 2   ? UDV_WATCH_WRITE
			 : type == 3 ? UDV_WATCH_READ
				     : UDV_WATCH_READ | UDV_WATCH_WRITE,
	};

	enum udv_status status = udv_machine_remove_watchpoint(gdb->machine, &wanted);

	if (insert)
		return udv_machine_add_watchpoint(gdb->machine, &wanted);
	return status == UDV_ERR_NOT_FOUND ? UDV_OK : status;
}

/* Z and z TYPE,ADDRESS,KIND: 0 software, 1 hardware, 2 write, 3 read, 4 access. */
static void point(struct gdb *gdb, struct gdb_span args, bool insert)
{
	uint64_t type, address, size;
	enum udv_status status;

	if (!gdb_take_number(&args, &type) || !gdb_take_char(&args, ',') ||
	    !gdb_take_number(&args, &address) || !gdb_take_char(&args, ',') ||
	    !gdb_take_number(&args, &size) || args.at != args.end) {
		gdb_send(&gdb->link, INVALID);
		return;
	}
	if (type > 4) {
		gdb_send(&gdb->link, "");
		return;
	}
	if (type >= 2)
		status = watchpoint(gdb, insert, type, address, size);
	else if (insert)
		status = insert_breakpoint(gdb, type == 0, address);
	else
		status = remove_breakpoint(gdb, type == 0, address);
	if (status == UDV_ERR_NO_MEMORY)
		gdb_send(&gdb->link, NO_SPACE);
	else
		gdb_send(&gdb->link, status == UDV_OK ? "OK" : INVALID);
}

/* ---------------------------------------------------------------- running */

static void resume(struct gdb *gdb, unsigned step_cpu)
{
	udv_machine_set_step(gdb->machine, step_cpu);
	gdb->state = GDB_RUNNING;
}

/* c, s: at the address that may be given. */
static void go(struct gdb *gdb, struct gdb_span args, bool step)
{
	struct udv_registers registers;
	uint64_t address;

	if (args.at != args.end) {
		if (!gdb_take_number(&args, &address) || args.at != args.end) {
			gdb_send(&gdb->link, INVALID);
			return;
		}
		udv_machine_get_registers(gdb->machine, gdb->step_cpu, &registers);
		registers.rip = address;
		udv_machine_set_registers(gdb->machine, gdb->step_cpu, &registers);
	}
	resume(gdb, step ? gdb->step_cpu : UINT_MAX);
}

/* C and S SIGNAL[;ADDRESS]: there are no signals here. */
static void go_with_signal(struct gdb *gdb, struct gdb_span args, bool step)
{
	uint64_t signal;

	if (!gdb_take_number(&args, &signal) ||
	    (gdb_take_char(&args, ';') && args.at == args.end)) {
		gdb_send(&gdb->link, INVALID);
		return;
	}
	go(gdb, args, step);
}

enum action { NO_ACTION, GOES, STEPS };

static enum action take_action(struct gdb_span *args)
{
	uint64_t signal;

	if (gdb_take_char(args, 's'))
		return STEPS;
	if (gdb_take_char(args, 'c'))
		return GOES;
	if (gdb_take_char(args, 'S'))
		return gdb_take_number(args, &signal) ? STEPS : NO_ACTION;
	if (gdb_take_char(args, 'C'))
		return gdb_take_number(args, &signal) ? GOES : NO_ACTION;
	return NO_ACTION;
}

/* ACTION[:THREAD], for the processors that have none yet. */
static bool take_wish(struct gdb *gdb, struct gdb_span *args, enum action *actions)
{
	enum action action = take_action(args);
	unsigned cpu = gdb->step_cpu;
	bool all = !gdb_take_char(args, ':') || gdb_take_word(args, "-1");

	if (action == NO_ACTION || (!all && !take_thread(gdb, args, &cpu)))
		return false;
	for (unsigned i = 0; i < gdb->nr_cpus; i++)
		if ((all || i == cpu) && actions[i] == NO_ACTION)
			actions[i] = action;
	return true;
}

/* The run stops for one step: of processors that are all to step, that of "s" has it. */
static unsigned which_steps(const struct gdb *gdb, const enum action *actions)
{
	if (actions[gdb->step_cpu] == STEPS)
		return gdb->step_cpu;
	for (unsigned i = 0; i < gdb->nr_cpus; i++)
		if (actions[i] == STEPS)
			return i;
	return UINT_MAX;
}

/*
 * vCont;ACTION[:THREAD]...: the leftmost action that fits a thread counts. Processors that are not
 * named run as well, in their turns: virtual time is one.
 */
static void continue_threads(struct gdb *gdb, struct gdb_span args)
{
	enum action actions[UDV_MAX_CPUS] = { NO_ACTION };
	bool right;

	do
		right = gdb_take_char(&args, ';') && take_wish(gdb, &args, actions);
	while (right && args.at != args.end);
	if (right)
		resume(gdb, which_steps(gdb, actions));
	else
		gdb_send(&gdb->link, INVALID);
}

/* ---------------------------------------------------------------- queries */

static void monitor(struct gdb *gdb, struct gdb_span args)
{
	char command[256];
	size_t size = (size_t)(args.end - args.at) / 2;

	if (size >= sizeof(command) || !gdb_take_bytes(&args, command, size)) {
		gdb_send(&gdb->link, INVALID);
		return;
	}
	command[size] = '\0';
	gdb_monitor(gdb, command);
	ok(gdb);
}

/* qXfer:features:read:target.xml:OFFSET,LENGTH */
static void describe(struct gdb *gdb, struct gdb_span args)
{
	uint64_t offset, size;

	if (!gdb_take_word(&args, "target.xml:")) {
		gdb_send(&gdb->link, "E00");
		return;
	}
	if (!gdb_take_number(&args, &offset) || !gdb_take_char(&args, ',') ||
	    !gdb_take_number(&args, &size) || offset > gdb->description_size) {
		gdb_send(&gdb->link, INVALID);
		return;
	}
	if (size > MEMORY_MAX)
		size = MEMORY_MAX;
	gdb_begin(&gdb->link);
	if (size >= gdb->description_size - offset) {
		size = gdb->description_size - offset;
		gdb_putf(&gdb->link, "l");
	} else {
		gdb_putf(&gdb->link, "m");
	}
	gdb_put(&gdb->link, gdb->description + offset, (size_t)size);
	gdb_end(&gdb->link);
}

static void supported(struct gdb *gdb)
{
	gdb_begin(&gdb->link);
	gdb_putf(&gdb->link,
		 "PacketSize=%x;qXfer:features:read+;vContSupported+;QStartNoAckMode+;swbreak+;"
		 "hwbreak+",
		 GDB_PACKET_MAX);
	gdb_end(&gdb->link);
}

static void query(struct gdb *gdb, struct gdb_span args)
{
	if (gdb_take_word(&args, "Supported")) {
		supported(gdb);
	} else if (gdb_take_word(&args, "Xfer:features:read:")) {
		describe(gdb, args);
	} else if (gdb_take_word(&args, "Rcmd,")) {
		monitor(gdb, args);
	} else if (gdb_take_word(&args, "fThreadInfo")) {
		list_threads(gdb);
	} else if (gdb_take_word(&args, "sThreadInfo")) {
		gdb_send(&gdb->link, "l");
	} else if (gdb_take_word(&args, "ThreadExtraInfo,")) {
		thread_info(gdb, args);
	} else if (gdb_take_word(&args, "Attached")) {
		gdb_send(&gdb->link, "1");
	} else if (args.end - args.at == 1 && *args.at == 'C') {
		gdb_begin(&gdb->link);
		gdb_putf(&gdb->link, "QC%x", gdb->cpu + 1);
		gdb_end(&gdb->link);
	} else {
		gdb_send(&gdb->link, "");
	}
}

static void set(struct gdb *gdb, struct gdb_span args)
{
	if (!gdb_take_word(&args, "StartNoAckMode")) {
		gdb_send(&gdb->link, "");
		return;
	}
	ok(gdb);
	gdb->link.no_acks = true;
}

static void verbose(struct gdb *gdb, struct gdb_span args)
{
	if (gdb_take_word(&args, "Cont?")) {
		gdb_send(&gdb->link, "vCont;c;C;s;S");
	} else if (gdb_take_word(&args, "Cont")) {
		continue_threads(gdb, args);
	} else if (gdb_take_word(&args, "Kill")) {
		ok(gdb);
		gdb_let_go(gdb, true);
	} else {
		gdb_send(&gdb->link, "");
	}
}

void gdb_request(struct gdb *gdb)
{
	struct gdb_span args = { gdb->link.packet + 1, gdb->link.packet + gdb->link.size };

	if (!gdb->link.size) {
		gdb_send(&gdb->link, "");
		return;
	}
	switch (gdb->link.packet[0]) {
	case '?':
		gdb_send(&gdb->link, gdb->stop_reply);
		break;
	case 'g':
		gdb_begin(&gdb->link);
		gdb_read_all(gdb);
		gdb_end(&gdb->link);
		break;
	case 'G':
		gdb_send(&gdb->link, gdb_write_all(gdb, args) ? "OK" : INVALID);
		break;
	case 'p':
		read_register(gdb, args);
		break;
	case 'P':
		write_register(gdb, args);
		break;
	case 'm':
		read_memory(gdb, args);
		break;
	case 'M':
	case 'X':
		write_memory(gdb, args, gdb->link.packet[0] == 'M');
		break;
	case 'Z':
	case 'z':
		point(gdb, args, gdb->link.packet[0] == 'Z');
		break;
	case 'c':
	case 's':
		go(gdb, args, gdb->link.packet[0] == 's');
		break;
	case 'C':
	case 'S':
		go_with_signal(gdb, args, gdb->link.packet[0] == 'S');
		break;
	case 'H':
		select_thread(gdb, args);
		break;
	case 'T':
		is_alive(gdb, args);
		break;
	case 'q':
		query(gdb, args);
		break;
	case 'Q':
		set(gdb, args);
		break;
	case 'v':
		verbose(gdb, args);
		break;
	case 'D':
		ok(gdb);
		gdb_let_go(gdb, false);
		break;
	case 'k':
		gdb_let_go(gdb, true);
		break;
	default:
		gdb_send(&gdb->link, "");
		break;
	}
}
