/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common.h"
#include "run.h"

/*
 * The trace as text, a line an event:
 *
 *   CPU INSTRUCTIONS RIP EVENT FIELDS
 *
 * or as JSON lines with the same things by name.
 */

static const char *const event_names[UDV_NR_TRACE_KINDS] = {
	[UDV_TRACE_EXCEPTION] = "exception", [UDV_TRACE_INTERRUPT] = "interrupt",
	[UDV_TRACE_MODE] = "mode",	     [UDV_TRACE_IO_READ] = "in",
	[UDV_TRACE_IO_WRITE] = "out",	     [UDV_TRACE_MSR_READ] = "rdmsr",
	[UDV_TRACE_MSR_WRITE] = "wrmsr",     [UDV_TRACE_VM_ENTRY] = "vm-entry",
	[UDV_TRACE_VM_EXIT] = "vm-exit",
};

/* What a, b and c are; NULL: nothing. */
static const char *const field_names[UDV_NR_TRACE_KINDS][3] = {
	[UDV_TRACE_EXCEPTION] = { "vector", "error_code", "cr2" },
	[UDV_TRACE_INTERRUPT] = { "vector", "type", NULL },
	[UDV_TRACE_MODE] = { "cr0", "cr4", "efer" },
	[UDV_TRACE_IO_READ] = { "port", "value", "size" },
	[UDV_TRACE_IO_WRITE] = { "port", "value", "size" },
	[UDV_TRACE_MSR_READ] = { "index", "value", NULL },
	[UDV_TRACE_MSR_WRITE] = { "index", "value", NULL },
	[UDV_TRACE_VM_ENTRY] = { "rip", "injects", NULL },
	[UDV_TRACE_VM_EXIT] = { "reason", "qualification", "guest_physical" },
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

bool run_open_trace(struct run_trace *trace, const struct run_options *options)
{
	*trace = (struct run_trace){ .hash = 0x243f6a8885a308d3ull };
	if (!options->trace)
		return true;
	trace->file = fopen(options->trace, "w");
	if (!trace->file) {
		complain("run", "cannot write %s: %s", options->trace, strerror(errno));
		return false;
	}
	trace->json = options->trace_format == RUN_TRACE_JSON ||
		      (options->trace_format == RUN_TRACE_BY_NAME &&
		       (ends_with(options->trace, ".json") || ends_with(options->trace, ".jsonl")));
	return true;
}

/* Every bit of @value may change every bit of the hash, and the order counts. */
static void mix(struct run_trace *trace, uint64_t value)
{
	uint64_t x = (trace->hash ^ value) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	trace->hash = x ^ x >> 29;
}

static void print_text(FILE *file, const struct udv_trace_event *event, const uint64_t values[3])
{
	fprintf(file, "%u %" PRIu64 " 0x%" PRIx64 " %s", event->cpu, event->instructions,
		event->rip, event_names[event->kind]);
	for (unsigned i = 0; i < 3; i++)
		if (field_names[event->kind][i])
			fprintf(file, " %s 0x%" PRIx64, field_names[event->kind][i], values[i]);
	putc('\n', file);
}

static void print_json(FILE *file, const struct udv_trace_event *event, const uint64_t values[3])
{
	fprintf(file,
		"{\"cpu\":%u,\"instructions\":%" PRIu64 ",\"rip\":\"0x%" PRIx64
		"\",\"event\":\"%s\"",
		event->cpu, event->instructions, event->rip, event_names[event->kind]);
	for (unsigned i = 0; i < 3; i++)
		if (field_names[event->kind][i])
			fprintf(file, ",\"%s\":\"0x%" PRIx64 "\"", field_names[event->kind][i],
				values[i]);
	fputs("}\n", file);
}

void run_trace_event(struct run_trace *trace, const struct udv_trace_event *event)
{
	const uint64_t values[3] = { event->a, event->b, event->c };

	mix(trace, (uint64_t)event->kind << 32 | event->cpu);
	mix(trace, event->instructions);
	mix(trace, event->rip);
	for (unsigned i = 0; i < 3; i++)
		mix(trace, field_names[event->kind][i] ? values[i] : 0);
	if (trace->file)
		(trace->json ? print_json : print_text)(trace->file, event, values);
}

void run_trace_registers(struct run_trace *trace, const struct udv_registers *r)
{
	const uint64_t system[] = { r->rip,	   r->rflags,	  r->gdtr_base, r->idtr_base,
				    r->gdtr_limit, r->idtr_limit, r->cr0,	r->cr2,
				    r->cr3,	   r->cr4,	  r->efer,	r->dr6,
				    r->dr7 };

	for (unsigned i = 0; i < 16; i++)
		mix(trace, r->gpr[i]);
	for (unsigned i = 0; i < sizeof(system) / sizeof(system[0]); i++)
		mix(trace, system[i]);
	for (unsigned i = 0; i < 4; i++)
		mix(trace, r->dr[i]);
	for (unsigned i = 0; i < 8; i++) {
		mix(trace, r->segment[i].base);
		mix(trace, (uint64_t)r->segment[i].limit << 32 | r->segment[i].access_rights);
		mix(trace, r->segment[i].selector);
	}
}

bool run_close_trace(struct run_trace *trace)
{
	bool written;

	if (!trace->file)
		return true;
	written = !ferror(trace->file);
	if (fclose(trace->file) != 0)
		written = false;
	trace->file = NULL;
	if (!written)
		complain("run", "cannot write the trace");
	return written;
}
