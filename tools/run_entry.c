/* SPDX-License-Identifier: MIT */
#include "run_entry.h"

#include <inttypes.h>

#include "common.h"

/* The first is said to whoever has no trace; a hypervisor that tries entries fails often. */
static void say(const struct diagnosis *d, const struct udv_entry_failure *failure)
{
	complain("run",
		 "a VM entry failed, by the instruction before RIP 0x%" PRIx64
		 " of processor %u; why follows, and --trace tells of others",
		 failure->rip, failure->cpu);
	doctor_print_findings(stderr, d);
}

static void trace_json(FILE *file, const struct diagnosis *d,
		       const struct udv_entry_failure *failure)
{
	fprintf(file,
		"{\"cpu\":%u,\"level\":1,\"instructions\":%" PRIu64 ",\"ns\":%" PRIu64
		",\"rip\":\"0x%" PRIx64 "\",\"event\":\"vm-entry-checks\",\"checks\":",
		failure->cpu, failure->instructions, failure->nanoseconds, failure->rip);
	doctor_print_object(file, d);
	fputs("}\n", file);
}

void run_entry_failed(struct run_entry *e, const struct run_trace *trace,
		      const struct udv_entry_failure *failure)
{
	struct diagnosis *d = &e->diagnosis;

	if (e->said && !trace->file)
		return;
	d->entry = *failure->entry;
	d->judged_by = "the processor";
	d->indent = "  ";
	doctor_diagnose(d);
	if (trace->file && trace->json)
		trace_json(trace->file, d, failure);
	else if (trace->file)
		doctor_print_findings(trace->file, d);
	if (!e->said)
		say(d, failure);
	e->said = true;
}
