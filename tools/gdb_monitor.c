/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "gdb_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <undervisor/explain.h>
#include <undervisor/registers.h>

#include "common.h"
#include "run.h"
#include "run_words.h"

/* "monitor COMMAND": what a debugger of programs does not know of. */

#define NO_VMCS (~0ull)
#define BASIC_REASON 0xffffu

static void print_help(FILE *file)
{
	fputs("vmcs              the current VMCS: fields that are not 0, and what they mean\n"
	      "vmcs FIELD        one field, by name or encoding\n"
	      "walk ADDRESS      how the level that runs translates a linear address\n"
	      "exits             VM exits by reason\n"
	      "stop              where the run is to stop, apart from breakpoints\n"
	      "stop entry        ... at VM entries, before the guest's first instruction\n"
	      "stop exit         ... at VM exits, before the host's first instruction\n"
	      "stop reason N     ... at those of this basic exit reason, a number or a name\n"
	      "stop off          ... no longer\n"
	      "level l1|l2|any   where breakpoints and watchpoints count\n"
	      "help              this text\n",
	      file);
}

/* ---------------------------------------------------------------- levels */

void gdb_level_text(const struct gdb *gdb, unsigned cpu, char *buffer, size_t size)
{
	struct udv_vmx_view view;

	if (udv_machine_vmx_view(gdb->machine, cpu, &view) != UDV_OK)
		snprintf(buffer, size, "no such processor");
	else if (!view.operation)
		snprintf(buffer, size, "L1, %s", udv_machine_mode(gdb->machine, cpu));
	else if (view.vmcs_pointer == NO_VMCS)
		snprintf(buffer, size, "L1, no current VMCS, %s",
			 udv_machine_mode(gdb->machine, cpu));
	else
		snprintf(buffer, size, "L%u, VMCS 0x%" PRIx64 ", %s", view.level, view.vmcs_pointer,
			 udv_machine_mode(gdb->machine, cpu));
}

/* ---------------------------------------------------------------- vmcs */

/* The controls of the group called @group that are 1 in @value. */
static void print_controls(FILE *file, const char *group, uint64_t value)
{
	struct udv_list_row row;

	for (unsigned i = 0; udv_list_row(UDV_LIST_CONTROLS, i, &row) == UDV_OK; i++)
		if (strcmp(row.extra, group) == 0 && value >> row.number & 1)
			fprintf(file, "    %2u  %s\n", row.number, row.text);
}

/* Fields of controls, and the name of their group. */
static const struct {
	uint32_t encoding;
	const char *group;
} control_fields[] = {
	{ 0x4000, "pin-based" },
	{ 0x4002, "primary processor-based" },
	{ 0x401e, "secondary processor-based" },
	{ 0x2034, "tertiary processor-based" },
	{ 0x400c, "primary VM-exit" },
	{ 0x2044, "secondary VM-exit" },
	{ 0x4012, "VM-entry" },
	{ 0x2018, "VM-function" },
};

#define FIELD_EXIT_REASON 0x4402u
#define FIELD_QUALIFICATION 0x6400u
#define FIELD_EPTP 0x201au

static void print_notes(FILE *file, enum udv_explain_kind kind, uint64_t value,
			const struct udv_explain_options *options)
{
	struct udv_explanation *x = malloc(sizeof(*x));

	if (x && udv_explain(kind, value, options, x) == UDV_OK)
		for (unsigned i = 0; i < x->nr_notes; i++)
			fprintf(file, "    %s\n", x->notes[i]);
	free(x);
}

static void print_words(FILE *file, const struct udv_vmcs *vmcs, uint32_t encoding, uint64_t value)
{
	struct udv_explain_options options;
	uint64_t reason = 0;

	for (size_t i = 0; i < sizeof(control_fields) / sizeof(control_fields[0]); i++)
		if (control_fields[i].encoding == encoding)
			print_controls(file, control_fields[i].group, value);
	udv_explain_defaults(&options);
	udv_vmcs_read(vmcs, FIELD_EXIT_REASON, &reason);
	options.exit_reason = (uint16_t)(reason & BASIC_REASON);
	if (encoding == FIELD_EXIT_REASON)
		print_notes(file, UDV_EXPLAIN_EXIT_REASON, value, NULL);
	if (encoding == FIELD_QUALIFICATION)
		print_notes(file, UDV_EXPLAIN_QUALIFICATION, value, &options);
	if (encoding == FIELD_EPTP)
		print_notes(file, UDV_EXPLAIN_EPTP, value, NULL);
}

static void print_field(FILE *file, const struct udv_vmcs *vmcs, const struct udv_list_row *row)
{
	uint64_t value;

	if (udv_vmcs_read(vmcs, row->number, &value) != UDV_OK)
		return;
	fprintf(file, "%04x  %-36s 0x%" PRIx64 "\n", row->number, row->name, value);
	print_words(file, vmcs, row->number, value);
}

static void print_all_fields(FILE *file, const struct udv_vmcs *vmcs)
{
	struct udv_list_row row;
	uint64_t value;

	for (unsigned i = 0; udv_list_row(UDV_LIST_VMCS_FIELDS, i, &row) == UDV_OK; i++)
		if (udv_vmcs_read(vmcs, row.number, &value) == UDV_OK && value)
			print_field(file, vmcs, &row);
	fputs("All other fields are 0.\n", file);
}

static void print_one_field(FILE *file, const struct udv_vmcs *vmcs, const char *name)
{
	struct udv_list_row row;
	uint64_t encoding;
	uint32_t number;

	if (udv_list_find(UDV_LIST_VMCS_FIELDS, name, &number) != UDV_OK) {
		if (!parse_number(name, &encoding)) {
			fprintf(file, "no VMCS field is called %s\n", name);
			return;
		}
		if (encoding > UINT32_MAX) {
			fprintf(file, "no VMCS field has the encoding %s\n", name);
			return;
		}
		number = (uint32_t)encoding;
	}
	for (unsigned i = 0; udv_list_row(UDV_LIST_VMCS_FIELDS, i, &row) == UDV_OK; i++)
		if (row.number == number) {
			print_field(file, vmcs, &row);
			return;
		}
	fprintf(file, "no VMCS field has the encoding %s\n", name);
}

static void print_vmcs(struct gdb *gdb, FILE *file, const char *field)
{
	struct udv_vmcs *vmcs = malloc(sizeof(*vmcs));
	struct udv_vmx_view view;

	if (!vmcs)
		return;
	udv_machine_vmx_view(gdb->machine, gdb->cpu, &view);
	if (udv_machine_vmcs(gdb->machine, gdb->cpu, vmcs) != UDV_OK) {
		fprintf(file, "no VMCS is current%s\n",
			view.operation ? "" : ": the processor is not in VMX operation");
	} else if (*field) {
		print_one_field(file, vmcs, field);
	} else {
		fprintf(file, "VMCS 0x%" PRIx64 ", launch state \"%s\", %s\n", view.vmcs_pointer,
			view.launched ? "launched" : "clear",
			view.level == UDV_LEVEL_L2
				? "L2 runs under it: guest state is as of the last VM entry or exit"
				: "L1 runs");
		print_all_fields(file, vmcs);
	}
	free(vmcs);
}

/* ---------------------------------------------------------------- walk */

/*
 * Linear addresses have 32 bits outside IA-32e mode. SDM Vol 3A "IA-32 Memory Models", "Paging".
 */
static bool is_linear(const struct gdb *gdb, uint64_t address)
{
	struct udv_registers registers = { 0 };

	udv_machine_get_registers(gdb->machine, gdb->cpu, &registers);
	return address <= UINT32_MAX || registers.efer & UDV_EFER_LMA;
}

static void print_translated(struct gdb *gdb, FILE *file, const struct udv_walk_result *result)
{
	uint8_t byte;
	bool ram = udv_machine_read(gdb->machine, UDV_GPA(result->hpa.value), &byte, 1) == UDV_OK;

	fprintf(file, "  guest-physical 0x%" PRIx64 ", physical 0x%" PRIx64 "%s\n",
		result->gpa.value, result->hpa.value, ram ? "" : ", where there is no RAM");
}

static void print_walk(struct gdb *gdb, FILE *file, const char *text)
{
	struct {
		struct udv_paging paging;
		struct udv_walk_result result;
		struct udv_walk_record record;
	} *w = calloc(1, sizeof(*w));
	struct udv_trace_event event = { 0 };
	uint64_t address;

	if (!parse_number(text, &address)) {
		fprintf(file, "walk ADDRESS: \"%s\" is no number\n", text);
	} else if (!is_linear(gdb, address)) {
		fprintf(file, "walk ADDRESS: 0x%" PRIx64 " has more than 32 bits, in %s\n", address,
			udv_machine_mode(gdb->machine, gdb->cpu));
	} else if (w && udv_machine_paging(gdb->machine, gdb->cpu, &w->paging) == UDV_OK) {
		udv_walk_recorded(&w->paging, UDV_ACCESS_READ | UDV_ACCESS_PEEK, UDV_GVA(address),
				  &w->result, &w->record);
		event.paging = &w->paging;
		event.walk = &w->result;
		event.record = &w->record;
		fprintf(file, "0x%" PRIx64 ", read by a supervisor:\n", address);
		run_walk_text(file, &event);
		if (w->result.outcome == UDV_WALK_OK)
			print_translated(gdb, file, &w->result);
		else
			fprintf(file, "  %s\n", udv_outcome_text(w->result.outcome));
	}
	free(w);
}

/* ---------------------------------------------------------------- exits, stops */

static void print_exits(struct gdb *gdb, FILE *file)
{
	struct udv_machine_stats stats;
	uint64_t exits = 0;

	udv_machine_stats(gdb->machine, &stats);
	for (unsigned i = 0; i < UDV_MAX_EXIT_REASONS; i++)
		exits += stats.vm_exits[i];
	if (exits || stats.vm_entries || stats.vm_refusals)
		run_print_exits(file, &stats);
	else
		fputs("no VM entries and no VM exits yet\n", file);
}

static void print_stops(const struct gdb *gdb, FILE *file)
{
	const struct udv_vmx_stops *stops = &gdb->stops;
	bool some = stops->entry || stops->exit;

	if (stops->entry)
		fputs("stops at VM entries\n", file);
	if (stops->exit)
		fputs("stops at VM exits\n", file);
	for (unsigned i = 0; i < UDV_MAX_EXIT_REASONS; i++) {
		some |= stops->reason[i];
		if (stops->reason[i])
			fprintf(file, "stops at VM exits of reason %u, %s\n", i, run_exit_name(i));
	}
	if (!some)
		fputs("stops at no VM entry and no VM exit\n", file);
}

static bool take_reason(struct gdb *gdb, const char *text)
{
	uint32_t number;
	uint64_t reason;

	if (udv_list_find(UDV_LIST_EXIT_REASONS, text, &number) == UDV_OK)
		reason = number;
	else if (!parse_number(text, &reason))
		return false;
	if (reason >= UDV_MAX_EXIT_REASONS)
		return false;
	gdb->stops.reason[reason] = true;
	return true;
}

static void set_stops(struct gdb *gdb, FILE *file, const char *what)
{
	static const char reason[] = "reason ";
	bool right = true;

	if (strcmp(what, "entry") == 0)
		gdb->stops.entry = true;
	else if (strcmp(what, "exit") == 0)
		gdb->stops.exit = true;
	else if (strcmp(what, "off") == 0)
		memset(&gdb->stops, 0, sizeof(gdb->stops));
	else if (strncmp(what, reason, sizeof(reason) - 1) == 0)
		right = take_reason(gdb, what + sizeof(reason) - 1);
	else
		right = !*what;
	if (!right) {
		fprintf(file, "stop entry, exit, reason N or off, not \"%s\"\n", what);
		return;
	}
	udv_machine_set_vmx_stops(gdb->machine, &gdb->stops);
	print_stops(gdb, file);
}

static void set_level(struct gdb *gdb, FILE *file, const char *what)
{
	static const char *const words[] = { "any", "l1", "l2" };

	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(what, words[i]) != 0)
			continue;
		udv_machine_set_break_level(gdb->machine, i);
		fprintf(file, "breakpoints and watchpoints count at %s\n",
			i ? (i == 1 ? "L1 only" : "L2 only") : "any level");
		return;
	}
	fprintf(file, "level l1, l2 or any, not \"%s\"\n", what);
}

/* ---------------------------------------------------------------- the command */

/* What is behind the first word, if that is @word; NULL. */
static const char *after(const char *command, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(command, word, length) != 0 || (command[length] && command[length] != ' '))
		return NULL;
	command += length;
	return command + strspn(command, " ");
}

static void run(struct gdb *gdb, FILE *file, const char *command)
{
	const char *rest;

	if ((rest = after(command, "vmcs")) != NULL)
		print_vmcs(gdb, file, rest);
	else if ((rest = after(command, "walk")) != NULL)
		print_walk(gdb, file, rest);
	else if (after(command, "exits"))
		print_exits(gdb, file);
	else if ((rest = after(command, "stop")) != NULL)
		set_stops(gdb, file, rest);
	else if ((rest = after(command, "level")) != NULL)
		set_level(gdb, file, rest);
	else if (after(command, "help"))
		print_help(file);
	else
		fprintf(file, "no such command: \"%s\"; monitor help lists what there is\n",
			command);
}

void gdb_monitor(struct gdb *gdb, const char *command)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return;
	run(gdb, file, command);
	if (fclose(file) == 0)
		gdb_console(gdb, text, size);
	free(text);
}
