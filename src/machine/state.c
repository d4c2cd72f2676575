/* SPDX-License-Identifier: MIT */
#include "machine/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "values are copied as they are"
#endif

static const uint8_t *element(const void *object, const struct state_field *field, uint32_t i)
{
	return (const uint8_t *)object + field->offset + (size_t)i * field->stride;
}

static bool is_packed(const struct state_field *field)
{
	return !field->table && field->stride == field->size;
}

size_t state_size(const struct state_table *table)
{
	size_t size = 0;

	for (unsigned i = 0; i < table->nr_fields; i++) {
		const struct state_field *field = &table->fields[i];

		if (field->count)
			size += field->count *
				(field->table ? state_size(field->table) : field->size);
	}
	return size;
}

uint8_t *state_save(const struct state_table *table, const void *object, uint8_t *bytes)
{
	for (unsigned i = 0; i < table->nr_fields; i++) {
		const struct state_field *field = &table->fields[i];

		if (is_packed(field)) {
			size_t size = (size_t)field->count * field->size;

			memcpy(bytes, element(object, field, 0), size);
			bytes += size;
			continue;
		}
		for (uint32_t j = 0; j < field->count; j++)
			bytes = state_save(field->table, element(object, field, j), bytes);
	}
	return bytes;
}

const uint8_t *state_load(const struct state_table *table, void *object, const uint8_t *bytes)
{
	for (unsigned i = 0; i < table->nr_fields; i++) {
		const struct state_field *field = &table->fields[i];

		if (is_packed(field)) {
			size_t size = (size_t)field->count * field->size;

			memcpy((uint8_t *)object + field->offset, bytes, size);
			bytes += size;
			continue;
		}
		for (uint32_t j = 0; j < field->count; j++)
			bytes = state_load(field->table,
					   (uint8_t *)object + field->offset +
						   (size_t)j * field->stride,
					   bytes);
	}
	return bytes;
}

/* ---------------------------------------------------------------- checks */

/* Values that differ from @low by no more than @high does: signed ones too. */
static bool in_range(const struct state_field *field, uint64_t value)
{
	uint64_t mask = BITS(8u * field->size - 1u, 0);

	return ((value - field->low) & mask) <= ((field->high - field->low) & mask);
}

static bool check_scalars(const struct state_table *table, const struct state_field *field,
			  const uint8_t *bytes, struct state_fault *fault)
{
	if (in_range(field, field->low + BITS(8u * field->size - 1u, 0)))
		return true; /* it may be anything */
	for (uint32_t i = 0; i < field->count; i++) {
		uint64_t value = 0;

		memcpy(&value, bytes + (size_t)i * field->size, field->size);
		if (in_range(field, value))
			continue;
		*fault = (struct state_fault){ table->name, field->name, value };
		return false;
	}
	return true;
}

bool state_check(const struct state_table *table, const uint8_t *bytes, struct state_fault *fault)
{
	for (unsigned i = 0; i < table->nr_fields; i++) {
		const struct state_field *field = &table->fields[i];

		if (!field->count)
			continue; /* not saved, and of no size */
		if (!field->table) {
			if (!check_scalars(table, field, bytes, fault))
				return false;
			bytes += (size_t)field->count * field->size;
			continue;
		}
		for (uint32_t j = 0; j < field->count; j++) {
			if (!state_check(field->table, bytes, fault))
				return false;
			bytes += state_size(field->table);
		}
	}
	return true;
}

/* ---------------------------------------------------------------- identity */

void state_describe(const struct state_table *table, void (*say)(void *opaque, const char *text),
		    void *opaque)
{
	say(opaque, table->name);
	for (unsigned i = 0; i < table->nr_fields; i++) {
		const struct state_field *field = &table->fields[i];
		char text[128];

		if (!field->count)
			continue;
		snprintf(text, sizeof(text), " %s:%" PRIu32 "x%u[%" PRIx64 "..%" PRIx64 "]",
			 field->name, field->count, field->size, field->low, field->high);
		say(opaque, text);
		if (field->table)
			state_describe(field->table, say, opaque);
	}
	say(opaque, ";");
}
