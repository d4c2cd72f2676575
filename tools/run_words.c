/* SPDX-License-Identifier: MIT */
#include "run_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <undervisor/explain.h>

/* Entries and exits in words, from the explanations that "undervisor explain" gives. */

#define BASIC_REASON 0xffffu
#define ENTRY_FAILURE (1u << 31)
#define INFO_VALID (1u << 31)
#define INFO_ERROR_CODE (1u << 11)
#define INFO_NMI_UNBLOCKING (1u << 12)

struct words {
	char *text;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(words->text + words->used, words->size - words->used, format, arguments);
	va_end(arguments);
	if (length > 0)
		words->used += (size_t)length;
	if (words->used >= words->size)
		words->used = words->size - 1;
}

const char *run_exit_name(uint64_t reason)
{
	struct udv_list_row row;

	for (unsigned i = 0; udv_list_row(UDV_LIST_EXIT_REASONS, i, &row) == UDV_OK; i++)
		if (row.number == (reason & BASIC_REASON))
			return row.name;
	return "unknown";
}

/* "hardware exception 14, error code 0x2". SDM Vol 3C "VM-Entry Interruption-Information Field" */
static void add_interruption(struct words *words, uint32_t info, uint64_t error_code)
{
	static const char *const types[8] = { "external interrupt",
					      "reserved event",
					      "NMI",
					      "hardware exception",
					      "software interrupt",
					      "privileged software exception",
					      "software exception",
					      "other event (monitor trap flag)" };

	add(words, "%s", types[info >> 8 & 7]);
	if ((info >> 8 & 7) != 2 && (info >> 8 & 7) != 7)
		add(words, " %u", info & 0xff);
	if (info & INFO_ERROR_CODE)
		add(words, ", error code 0x%" PRIx64, error_code);
	if (info & INFO_NMI_UNBLOCKING)
		add(words, ", of an IRET that unblocked NMIs");
}

/* A row whose meaning only says what its name says has its number for a meaning. */
static void add_row(struct words *words, const struct udv_explain_row *row)
{
	bool number = row->high != row->low;

	if (number && (!row->meaning[0] || strstr(row->meaning, row->name)))
		add(words, "%s 0x%" PRIx64, row->name, row->value);
	else if (number)
		add(words, "%s 0x%" PRIx64 " (%s)", row->name, row->value, row->meaning);
	else
		add(words, "%s", row->meaning[0] ? row->meaning : row->name);
}

/* What follows from it, and where nothing does, the bits that are set. */
static void add_qualification(struct words *words, const struct udv_explanation *x)
{
	static const char name_again[] = "exit reason ";
	const char *between = ": ";

	for (unsigned i = 0; i < x->nr_notes; i++) {
		if (!strncmp(x->notes[i], name_again, sizeof(name_again) - 1))
			continue;
		add(words, "%s%s", between, x->notes[i]);
		between = "; ";
	}
	if (between[0] == ';')
		return;
	for (unsigned i = 0; i < x->nr_rows; i++) {
		const struct udv_explain_row *row = &x->rows[i];

		if (row->class != UDV_CLASS_DEFINED || (row->high == row->low && !row->set))
			continue;
		add(words, "%s", between);
		add_row(words, row);
		between = ", ";
	}
}

static void add_exit(struct words *words, const struct udv_trace_event *event)
{
	struct udv_explanation x;
	struct udv_explain_options options;

	add(words, "%s", run_exit_name(event->a));
	udv_explain_defaults(&options);
	options.exit_reason = (uint16_t)(event->a & BASIC_REASON);
	options.vector = (uint8_t)event->interruption_info;
	if (event->interruption_info & INFO_VALID) {
		add(words, ", ");
		add_interruption(words, event->interruption_info, event->interruption_error_code);
	}
	if (event->paging) {
		options.ept_controls = event->paging->config.ept_controls;
		options.ept_vpid_cap = event->paging->config.ept_vpid_cap;
		options.ept_ad = event->paging->ept_ad;
	}
	if (!event->b && event->interruption_info & INFO_VALID)
		return;
	if (udv_explain(UDV_EXPLAIN_QUALIFICATION, event->b, &options, &x) == UDV_OK)
		add_qualification(words, &x);
}

static void add_refusal(struct words *words, uint64_t error)
{
	if (error == 7)
		add(words, "VM entry with invalid control fields");
	else if (error == 8)
		add(words, "VM entry with invalid host-state fields");
	else
		add(words, "VM-instruction error %" PRIu64, error);
}

void run_event_words(const struct udv_trace_event *event, char *buffer, size_t size)
{
	struct words words = { buffer, size, 0 };

	buffer[0] = '\0';
	if (event->kind == UDV_TRACE_VM_EXIT || event->kind >= UDV_TRACE_L0_SHOWN)
		add_exit(&words, event);
	if (event->kind == UDV_TRACE_VM_REFUSED)
		add_refusal(&words, event->a);
	if (event->kind == UDV_TRACE_VM_ENTRY && event->b & INFO_VALID) {
		add(&words, "injects ");
		add_interruption(&words, (uint32_t)event->b, event->c);
	}
}
