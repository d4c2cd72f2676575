/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "run.h"
#include "run_words.h"

/*
 * The trace as text, a line an event:
 *
 *   CPU LEVEL INSTRUCTIONS RIP EVENT FIELDS
 *
 * with # and words behind those of VMX, and lines that begin with two spaces for the walk behind an
 * EPT fault; or as JSON lines with the same things by name.
 */

static const char *const event_names[UDV_NR_TRACE_KINDS] = {
	[UDV_TRACE_EXCEPTION] = "exception", [UDV_TRACE_INTERRUPT] = "interrupt",
	[UDV_TRACE_MODE] = "mode",	     [UDV_TRACE_IO_READ] = "in",
	[UDV_TRACE_IO_WRITE] = "out",	     [UDV_TRACE_MSR_READ] = "rdmsr",
	[UDV_TRACE_MSR_WRITE] = "wrmsr",     [UDV_TRACE_VM_ENTRY] = "vm-entry",
	[UDV_TRACE_VM_EXIT] = "vm-exit",     [UDV_TRACE_VM_REFUSED] = "vm-refused",
	[UDV_TRACE_VMX_ABORT] = "vmx-abort", [UDV_TRACE_L0_SHOWN] = "l0-shown",
	[UDV_TRACE_L0_FILLED] = "l0-filled", [UDV_TRACE_L0_EMULATED] = "l0-emulated",
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
	[UDV_TRACE_VM_ENTRY] = { "guest_rip", "injects", "error_code" },
	[UDV_TRACE_VM_EXIT] = { "reason", "qualification", "guest_physical" },
	[UDV_TRACE_VM_REFUSED] = { "error", NULL, NULL },
	[UDV_TRACE_VMX_ABORT] = { "indicator", "entry", NULL },
	[UDV_TRACE_L0_SHOWN] = { "reason", "qualification", "guest_physical" },
	[UDV_TRACE_L0_FILLED] = { "reason", "qualification", "guest_physical" },
	[UDV_TRACE_L0_EMULATED] = { "reason", "qualification", "guest_physical" },
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

bool run_open_trace(struct run_trace *trace, struct run_outputs *outputs,
		    const struct run_options *options)
{
	int fd;

	*trace = (struct run_trace){ .path = options->trace, .hash = 0x243f6a8885a308d3ull };
	if (!options->trace)
		return true;
	fd = run_outputs_open(outputs, "--trace", options->trace);
	if (fd < 0)
		return false;
	trace->file = fdopen(fd, "w");
	if (!trace->file) {
		complain("run", "cannot write %s: %s", options->trace, strerror(errno));
		close(fd);
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

/* What else is known of an exit; what is 0 means nothing, or says so. */
static const struct {
	const char *name;
	size_t offset;
} exit_fields[] = {
	{ "interruption", offsetof(struct udv_trace_event, interruption_info) },
	{ "error_code", offsetof(struct udv_trace_event, interruption_error_code) },
	{ "length", offsetof(struct udv_trace_event, instruction_length) },
	{ "instruction", offsetof(struct udv_trace_event, instruction_info) },
};
#define NR_EXIT_FIELDS (sizeof(exit_fields) / sizeof(exit_fields[0]))

static uint32_t exit_field(const struct udv_trace_event *event, size_t i)
{
	uint32_t value;

	memcpy(&value, (const char *)event + exit_fields[i].offset, sizeof(value));
	return value;
}

static void print_exit_text(FILE *file, const struct udv_trace_event *event)
{
	if (event->guest_linear_address)
		fprintf(file, " guest_linear 0x%" PRIx64, event->guest_linear_address);
	for (size_t i = 0; i < NR_EXIT_FIELDS; i++)
		if (exit_field(event, i))
			fprintf(file, " %s 0x%" PRIx32, exit_fields[i].name, exit_field(event, i));
}

static void print_exit_json(FILE *file, const struct udv_trace_event *event)
{
	fprintf(file, ",\"guest_linear\":\"0x%" PRIx64 "\"", event->guest_linear_address);
	for (size_t i = 0; i < NR_EXIT_FIELDS; i++)
		fprintf(file, ",\"%s\":\"0x%" PRIx32 "\"", exit_fields[i].name,
			exit_field(event, i));
}

static void print_text(FILE *file, const struct udv_trace_event *event, const uint64_t values[3])
{
	char words[RUN_WORDS];

	fprintf(file, "%u L%u %" PRIu64 " 0x%" PRIx64 " %s", event->cpu, event->level,
		event->instructions, event->rip, event_names[event->kind]);
	for (unsigned i = 0; i < 3; i++)
		if (field_names[event->kind][i])
			fprintf(file, " %s 0x%" PRIx64, field_names[event->kind][i], values[i]);
	if (event->kind == UDV_TRACE_VM_EXIT)
		print_exit_text(file, event);
	run_event_words(event, words, sizeof(words));
	if (words[0])
		fprintf(file, " # %s", words);
	putc('\n', file);
	if (event->walk)
		run_walk_text(file, event);
}

void run_print_event(FILE *file, const struct udv_trace_event *event)
{
	const uint64_t values[3] = { event->a, event->b, event->c };

	print_text(file, event, values);
}

static void print_json(FILE *file, const struct udv_trace_event *event, const uint64_t values[3])
{
	char words[RUN_WORDS];

	fprintf(file,
		"{\"cpu\":%u,\"level\":%u,\"instructions\":%" PRIu64 ",\"ns\":%" PRIu64
		",\"rip\":\"0x%" PRIx64 "\",\"event\":\"%s\"",
		event->cpu, event->level, event->instructions, event->nanoseconds, event->rip,
		event_names[event->kind]);
	for (unsigned i = 0; i < 3; i++)
		if (field_names[event->kind][i])
			fprintf(file, ",\"%s\":\"0x%" PRIx64 "\"", field_names[event->kind][i],
				values[i]);
	if (event->kind == UDV_TRACE_VM_EXIT || event->kind >= UDV_TRACE_L0_SHOWN)
		fprintf(file, ",\"name\":\"%s\"", run_exit_name(event->a));
	if (event->kind == UDV_TRACE_VM_EXIT)
		print_exit_json(file, event);
	run_event_words(event, words, sizeof(words));
	if (words[0]) {
		fputs(",\"words\":", file);
		put_json_string(file, words);
	}
	if (event->walk)
		run_walk_json(file, event);
	fputs("}\n", file);
}

/* Once: the run goes on without it. */
static void say_failed(struct run_trace *trace)
{
	complain("run", "cannot write %s: %s", trace->path, strerror(errno));
	trace->failed = true;
}

static void mix_event(struct run_trace *trace, const struct udv_trace_event *event,
		      const uint64_t values[3])
{
	mix(trace, (uint64_t)event->kind << 32 | event->cpu);
	mix(trace, event->instructions);
	mix(trace, event->rip);
	for (unsigned i = 0; i < 3; i++)
		mix(trace, field_names[event->kind][i] ? values[i] : 0);
}

/* The hash is of what the guest can tell: not of what L0 does below it. */
void run_trace_event(struct run_trace *trace, const struct udv_trace_event *event)
{
	const uint64_t values[3] = { event->a, event->b, event->c };

	if (event->kind < UDV_TRACE_L0_SHOWN)
		mix_event(trace, event, values);
	if (!trace->file || trace->failed)
		return;
	(trace->json ? print_json : print_text)(trace->file, event, values);
	if (ferror(trace->file))
		say_failed(trace);
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
	if (!trace->file)
		return true;
	if (fclose(trace->file) != 0 && !trace->failed)
		say_failed(trace);
	trace->file = NULL;
	return !trace->failed;
}

static uint64_t sum_of(const uint64_t *counts)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < UDV_MAX_EXIT_REASONS; i++)
		sum += counts[i];
	return sum;
}

static void print_counts(FILE *file, const char *title, const uint64_t *counts)
{
	fprintf(file, "%s: %" PRIu64 "\n", title, sum_of(counts));
	for (unsigned i = 0; i < UDV_MAX_EXIT_REASONS; i++)
		if (counts[i])
			fprintf(file, "  %s (%u): %" PRIu64 "\n", run_exit_name(i), i, counts[i]);
}

static void print_l0(FILE *file, const struct udv_l0_stats *l0)
{
	if (!l0->merges)
		return;
	print_counts(file, "L0: exits of L1", l0->l1_exits);
	print_counts(file, "L0: exits of L2 that it handled", l0->handled);
	print_counts(file, "L0: exits of L2 shown to L1", l0->shown);
	print_counts(file, "L0: exits of L2 that it found while emulating", l0->found);
	fprintf(file, "L0: merges of vmcs02: %" PRIu64 "\n", l0->merges);
	fprintf(file, "L0: pages filled into EPT02: %" PRIu64 "\n", l0->fills);
	fprintf(file, "L0: roots of EPT02 dropped: %" PRIu64 "\n", l0->drops);
}

void run_print_exits(FILE *file, const struct udv_machine_stats *stats)
{
	if (!sum_of(stats->vm_exits) && !stats->vm_entries && !stats->vm_refusals)
		return;
	fprintf(file, "VM entries: %" PRIu64 "\n", stats->vm_entries);
	fprintf(file, "VM entries refused: %" PRIu64 "\n", stats->vm_refusals);
	print_counts(file, "VM exits", stats->vm_exits);
	print_l0(file, &stats->l0);
}
