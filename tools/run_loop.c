/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run_loop.h"

#include <inttypes.h>
#include <string.h>

#include "common.h"

/*
 * A run in pieces, with a look at the host in between. What comes from the host enters the run at
 * two kinds of places only, which a replay finds again: after so many instructions, and while all
 * processors wait, at a tick. A guest that listens and waits, with input that may still come, waits
 * for it as long in virtual time as in the host's; otherwise time skips ahead.
 */

/* Instructions between two looks: without input, with it, and while the guest takes bytes. */
#define PIECE 20000000u
#define PIECE_OPEN 1000000u
#define PIECE_TAKING 20000u

static uint64_t instructions_done(const struct run_loop *loop)
{
	struct udv_machine_stats stats;

	udv_machine_stats(loop->machine, &stats);
	return stats.instructions;
}

static struct run_event event_here(const struct run_loop *loop, enum udv_stop stop)
{
	struct udv_machine_stats stats;

	udv_machine_stats(loop->machine, &stats);
	return (struct run_event){
		.kind = stop == UDV_STOP_IDLE ? RUN_EVENT_IDLE : RUN_EVENT_IN,
		.instructions = stats.instructions,
		.ticks = stats.ticks,
	};
}

/* What a debugger stops goes on here, so that it moves nothing that comes in. False: it is over. */
static bool run_piece(struct run_loop *loop, uint64_t piece, uint64_t idle_until,
		      struct udv_stop_info *info)
{
	do {
		if (!gdb_server_wait(loop->gdb)) {
			loop->killed = !*loop->caught;
			*info = (struct udv_stop_info){ .stop = UDV_STOP_REQUESTED };
			return false;
		}
		udv_machine_run_until(loop->machine, loop->left < piece ? loop->left : piece,
				      idle_until, info);
		loop->left -= loop->left < info->instructions ? loop->left : info->instructions;
		piece -= piece < info->instructions ? piece : info->instructions;
		run_flush_serial(loop->serial);
		run_flush_serial(loop->console);
		run_progress(&loop->progress, loop->machine);
	} while (gdb_server_stopped(loop->gdb, info));
	return info->stop == UDV_STOP_IDLE || (info->stop == UDV_STOP_BUDGET && loop->left);
}

/* ---------------------------------------------------------------- live */

/* The guest gets what it has room for; what it got, and the end, are recorded. */
static size_t give_input(struct run_loop *loop, enum udv_stop stop)
{
	struct run_event event = event_here(loop, stop);
	struct run_input *input = &loop->input;
	size_t n = 0;

	if (udv_machine_serial_listens(loop->machine))
		n = udv_machine_serial_input(loop->machine, input->bytes, input->used);
	for (size_t i = 0; i < n; i++) {
		event.byte = input->bytes[i];
		run_record_event(&loop->record, &event);
	}
	run_input_drop(input, n);
	event.byte = RUN_RECORD_EOF;
	if (loop->more_to_come && !input->open)
		run_record_event(&loop->record, &event);
	loop->more_to_come = input->open;
	return n;
}

static uint64_t ticks_of(const struct run_loop *loop, double seconds)
{
	return (uint64_t)(seconds * 1000 * (double)udv_machine_ticks_per_ms(loop->machine));
}

/* All wait: so does the host, until the next timer or input. The tick to which time may go. */
static uint64_t wait_idle(struct run_loop *loop)
{
	uint64_t now = event_here(loop, UDV_STOP_IDLE).ticks;
	uint64_t next = udv_machine_next_timer(loop->machine);
	double start = run_seconds_now(), ns = 1e18;
	uint64_t passed;

	if (next != UINT64_MAX && next > now)
		ns = (double)(next - now) * 1e6 / (double)udv_machine_ticks_per_ms(loop->machine);
	if (next <= now)
		return next;
	run_input_wait(&loop->input, ns < 1e18 ? (uint64_t)ns : UINT64_MAX, loop->gdb->fd,
		       loop->caught);
	passed = ticks_of(loop, run_seconds_now() - start);
	return next != UINT64_MAX && passed >= next - now ? next : now + passed;
}

static uint64_t piece_size(const struct run_loop *loop)
{
	if (loop->input.used && udv_machine_serial_listens(loop->machine))
		return PIECE_TAKING;
	return loop->input.open || loop->input.used ? PIECE_OPEN : PIECE;
}

/* How far time may skip for a guest that is idle and got nothing. */
static uint64_t next_idle_until(struct run_loop *loop)
{
	if (loop->input.open && udv_machine_serial_listens(loop->machine))
		return wait_idle(loop);
	/* No further: it may listen after that. */
	return udv_machine_next_timer(loop->machine);
}

static void run_live(struct run_loop *loop, struct udv_stop_info *info)
{
	enum udv_stop last = UDV_STOP_BUDGET;
	uint64_t idle_until = 0;

	loop->more_to_come = loop->input.open;
	for (;;) {
		size_t given;

		loop->input.listens = udv_machine_serial_listens(loop->machine);
		run_input_poll(&loop->input);
		loop->quit = loop->input.quit;
		if (loop->quit)
			return;
		given = give_input(loop, last);
		if (last == UDV_STOP_IDLE && !given)
			idle_until = next_idle_until(loop);
		if (!loop->input.open && !loop->input.used)
			idle_until = UINT64_MAX;
		if (!run_piece(loop, piece_size(loop), idle_until, info))
			return;
		last = info->stop;
	}
}

/* ---------------------------------------------------------------- replay */

static const char *const end_words[] = {
	[UDV_STOP_DEBUG_EXIT] = "debug-exit",
	[UDV_STOP_POWER_OFF] = "power-off",
	[UDV_STOP_RESET] = "reset",
	[UDV_STOP_TRIPLE_FAULT] = "triple-fault",
	[UDV_STOP_VMX_ABORT] = "vmx-abort",
	[UDV_STOP_HALTED] = "halted",
	[UDV_STOP_BUDGET] = "cut",
	[UDV_STOP_REQUESTED] = "cut",
	[UDV_STOP_IDLE] = "cut",
	[UDV_STOP_DEBUG] = "cut",
	[UDV_STOP_REFUSED] = "cut",
};

static bool another_way(struct run_loop *loop, const struct run_event *event)
{
	struct run_event here = event_here(loop, UDV_STOP_BUDGET);

	complain("run",
		 "%s:%u: the run went another way: it is at instruction %" PRIu64 ", tick %" PRIu64
		 ", where the recording is at instruction %" PRIu64 ", tick %" PRIu64,
		 loop->record.path, loop->record.line, here.instructions, here.ticks,
		 event->instructions, event->ticks);
	loop->failed = true;
	return false;
}

/* To the place of @event. */
static bool go_to(struct run_loop *loop, const struct run_event *event, struct udv_stop_info *info)
{
	bool idle = event->kind == RUN_EVENT_IDLE;

	for (;;) {
		uint64_t done = instructions_done(loop), left = event->instructions - done;
		struct run_event here;

		if (done > event->instructions)
			return another_way(loop, event);
		/* While idle no instruction is retired: one more is never reached. */
		left += idle;
		if (!run_piece(loop, left < PIECE ? left : PIECE, idle ? event->ticks : UINT64_MAX,
			       info))
			return info->stop == UDV_STOP_REQUESTED ? false : another_way(loop, event);
		here = event_here(loop, info->stop);
		if (info->stop == UDV_STOP_BUDGET && here.instructions < event->instructions + idle)
			continue;
		if (here.kind == event->kind && here.instructions == event->instructions &&
		    here.ticks == event->ticks)
			return true;
		return another_way(loop, event);
	}
}

/* A run that was cut ends there again; another one ends by itself, at the same place. */
static void replay_end(struct run_loop *loop, const struct run_event *end,
		       struct udv_stop_info *info)
{
	bool cut = strcmp(end->how, "cut") == 0;
	uint64_t left = end->instructions - instructions_done(loop);

	if (end->instructions < instructions_done(loop)) {
		another_way(loop, end);
		return;
	}
	loop->left = cut ? left : left + 1;
	while (run_piece(loop, PIECE, UINT64_MAX, info))
		;
	if (info->stop == UDV_STOP_REQUESTED)
		return;
	loop->replay_over = cut && info->stop == UDV_STOP_BUDGET;
	if (strcmp(end_words[info->stop], end->how) != 0 ||
	    instructions_done(loop) != end->instructions)
		another_way(loop, end);
}

static bool same_place(const struct run_event *a, const struct run_event *b)
{
	return a->kind == b->kind && a->instructions == b->instructions && a->ticks == b->ticks;
}

static void run_replay(struct run_loop *loop, struct udv_stop_info *info)
{
	struct run_event event, last = { .kind = RUN_EVENT_END };

	for (;;) {
		uint8_t byte;

		if (!run_replay_event(&loop->record, &event)) {
			loop->failed = true;
			return;
		}
		if (event.kind == RUN_EVENT_END && !run_replay_over(&loop->record)) {
			loop->failed = true;
			return;
		}
		if (event.kind == RUN_EVENT_END) {
			replay_end(loop, &event, info);
			return;
		}
		if (!same_place(&event, &last) && !go_to(loop, &event, info))
			return;
		last = event;
		byte = (uint8_t)event.byte;
		if (event.byte != RUN_RECORD_EOF &&
		    udv_machine_serial_input(loop->machine, &byte, 1) != 1) {
			another_way(loop, &event);
			return;
		}
	}
}

void run_loop(struct run_loop *loop, struct udv_stop_info *info)
{
	double start = run_seconds_now();
	struct run_event end;

	*info = (struct udv_stop_info){ .stop = UDV_STOP_REQUESTED };
	if (loop->record.replaying)
		run_replay(loop, info);
	else
		run_live(loop, info);
	run_progress_clear(&loop->progress);
	loop->seconds = run_seconds_now() - start;
	end = event_here(loop, UDV_STOP_BUDGET);
	end.kind = RUN_EVENT_END;
	strcpy(end.how, loop->quit ? "cut" : end_words[info->stop]);
	run_record_event(&loop->record, &end);
}
