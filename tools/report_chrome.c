/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "common.h"

/*
 * Chrome's trace event format, which Perfetto opens: a processor is a process, L1 and L2 are
 * threads of it. On L1's is a slice from each exit to the next entry, on L2's one from each entry
 * to the next exit; the last of a processor is as long as its trace. What L0 handles alone is an
 * instant.
 */

static const char *name_of(const struct report *report, unsigned reason)
{
	char key[8];
	const char *name;

	snprintf(key, sizeof(key), "%u", reason);
	name = json_string_value(json_object_get(report->reasons, key));
	return name ? name : "exit";
}

static void put_hex(FILE *file, const char *key, uint64_t value)
{
	fprintf(file, ",\"%s\":\"0x%llx\"", key, (unsigned long long)value);
}

static void put_arguments(const struct report *report, const struct report_exit *exit, FILE *file)
{
	fputs(",\"args\":{\"words\":", file);
	put_json_string(file, json_string_value(json_array_get(report->words, exit->words)));
	put_hex(file, "rip", exit->rip);
	put_hex(file, "qualification", exit->qualification);
	put_hex(file, "guest_physical", exit->guest_physical);
	fprintf(file, ",\"instructions\":%.0f}", exit->instructions);
}

/* Times are in microseconds. */
static void put_slice(unsigned cpu, const char *name, unsigned thread, double from, double to,
		      FILE *file)
{
	fputs(",\n{\"name\":", file);
	put_json_string(file, name);
	fprintf(file, ",\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"ts\":%.3f,\"dur\":%.3f", cpu, thread,
		from / 1000, (to - from) / 1000);
}

static void put_exit(const struct report *report, const struct report_exit *exit, FILE *file)
{
	const char *name = name_of(report, exit->reason);

	if (exit->kind > REPORT_FOUND) {
		fputs(",\n{\"name\":", file);
		put_json_string(file, name);
		fprintf(file, ",\"ph\":\"i\",\"s\":\"t\",\"pid\":%u,\"tid\":%u,\"ts\":%.3f",
			exit->cpu, exit->level, exit->ns / 1000);
	} else {
		put_slice(exit->cpu, name, 1, exit->ns, exit->until_ns, file);
	}
	put_arguments(report, exit, file);
	fputc('}', file);
}

static void put_guest(unsigned cpu, double entered, double left, FILE *file)
{
	if (entered < 0)
		return;
	put_slice(cpu, "L2", 2, entered, left, file);
	fputc('}', file);
}

bool report_chrome(const struct report *report, FILE *file)
{
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", file);
	for (unsigned i = 0; i < report->processors; i++) {
		fprintf(file,
			"%s{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%u,"
			"\"args\":{\"name\":\"processor %u\"}},\n"
			"{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":%u,\"tid\":1,"
			"\"args\":{\"name\":\"L1\"}},\n"
			"{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":%u,\"tid\":2,"
			"\"args\":{\"name\":\"L2\"}}",
			i ? ",\n" : "", i, i, i, i);
	}
	for (size_t i = 0; i < report->nr_exits; i++) {
		const struct report_exit *exit = &report->exits[i];

		if (exit->kind <= REPORT_FOUND)
			put_guest(exit->cpu, exit->entered_ns, exit->ns, file);
		put_exit(report, exit, file);
	}
	for (unsigned i = 0; i < report->processors; i++)
		put_guest(i, report->entered_ns[i], report->last_ns[i], file);
	fputs("\n]}\n", file);
	return true;
}
