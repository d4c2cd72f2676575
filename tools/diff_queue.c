/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "diff.h"

/* What one engine has done and the other has not yet. */

static bool grow(struct diff_queue *queue)
{
	size_t size = queue->size ? 2 * queue->size : 64;
	struct diff_record *records = malloc(size * sizeof(*records));

	if (!records)
		return false;
	for (size_t i = 0; i < queue->count; i++)
		records[i] = queue->records[(queue->first + i) & (queue->size - 1)];
	free(queue->records);
	*queue = (struct diff_queue){ records, size, 0, queue->count };
	return true;
}

struct diff_record *diff_push(struct diff_queue *queue)
{
	struct diff_record *record;

	if (queue->count == queue->size && !grow(queue))
		return NULL;
	record = &queue->records[(queue->first + queue->count++) & (queue->size - 1)];
	*record = (struct diff_record){ 0 };
	return record;
}

static bool take_walk(struct diff_record *record, const struct udv_paging *paging,
		      const struct udv_walk_result *result, const struct udv_walk_record *steps)
{
	struct diff_walk *walk;

	record->event.paging = NULL;
	record->event.walk = NULL;
	record->event.record = NULL;
	if (!result)
		return true;
	walk = malloc(sizeof(*walk));
	if (!walk)
		return false;
	*walk = (struct diff_walk){ *paging, *result, *steps };
	record->walk = walk;
	record->event.paging = &walk->paging;
	record->event.walk = &walk->result;
	record->event.record = &walk->record;
	return true;
}

bool diff_take_event(struct diff_record *record, const struct udv_trace_event *event)
{
	record->kind = DIFF_EVENT;
	record->event = *event;
	record->event.ve = NULL;
	if (event->ve)
		record->ve = *event->ve;
	return take_walk(record, event->paging, event->walk, event->record);
}

/* SDM Vol 3D "Field Encoding in VMCS" */
enum {
	GUEST_PHYSICAL_ADDRESS = 0x2400,
	EXIT_REASON = 0x4402,
	EXIT_INTERRUPTION_INFO = 0x4404,
	EXIT_INTERRUPTION_ERROR_CODE = 0x4406,
	EXIT_INSTRUCTION_LENGTH = 0x440c,
	EXIT_INSTRUCTION_INFO = 0x440e,
	EXIT_QUALIFICATION = 0x6400,
	GUEST_LINEAR_ADDRESS = 0x640a,
};

#define FAILED_ENTRY 0x80000000u

static uint64_t field(const struct udv_vm_exit *exit, uint32_t encoding)
{
	uint64_t value = 0;

	udv_vmcs_read(&exit->vmcs, encoding, &value);
	return value;
}

/* As the trace has it: a failed entry leaves most of the fields as they were. */
static struct udv_trace_event event_of(const struct udv_vm_exit *exit)
{
	struct udv_trace_event event = {
		.kind = UDV_TRACE_VM_EXIT,
		.level = 2,
		.cpu = exit->cpu,
		.instructions = exit->instructions,
		.rip = exit->guest.rip,
		.a = field(exit, EXIT_REASON),
		.b = field(exit, EXIT_QUALIFICATION),
	};

	if (event.a & FAILED_ENTRY)
		return event;
	event.c = field(exit, GUEST_PHYSICAL_ADDRESS);
	event.guest_linear_address = field(exit, GUEST_LINEAR_ADDRESS);
	event.interruption_info = (uint32_t)field(exit, EXIT_INTERRUPTION_INFO);
	event.interruption_error_code = (uint32_t)field(exit, EXIT_INTERRUPTION_ERROR_CODE);
	event.instruction_length = (uint32_t)field(exit, EXIT_INSTRUCTION_LENGTH);
	event.instruction_info = (uint32_t)field(exit, EXIT_INSTRUCTION_INFO);
	return event;
}

bool diff_take_exit(struct diff_record *record, const struct udv_vm_exit *exit)
{
	record->kind = DIFF_EXIT;
	record->event = event_of(exit);
	record->exit = malloc(sizeof(*record->exit));
	if (!record->exit)
		return false;
	*record->exit = *exit;
	record->exit->paging = NULL;
	record->exit->walk = NULL;
	record->exit->record = NULL;
	return take_walk(record, exit->paging, exit->walk, exit->record);
}

struct diff_record *diff_head(const struct diff_queue *queue)
{
	return queue->count ? &queue->records[queue->first] : NULL;
}

void diff_pop(struct diff_queue *queue, struct diff_record *record)
{
	*record = queue->records[queue->first];
	queue->first = (queue->first + 1) & (queue->size - 1);
	queue->count--;
}

void diff_free_record(struct diff_record *record)
{
	free(record->exit);
	free(record->walk);
	free(record->end);
	*record = (struct diff_record){ 0 };
}

void diff_free_queue(struct diff_queue *queue)
{
	struct diff_record record;

	while (queue->count) {
		diff_pop(queue, &record);
		diff_free_record(&record);
	}
	free(queue->records);
	*queue = (struct diff_queue){ 0 };
}
