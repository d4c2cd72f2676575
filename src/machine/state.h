/* SPDX-License-Identifier: MIT */
#ifndef UDV_MACHINE_STATE_H
#define UDV_MACHINE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Plain data as bytes, by tables: each scalar little-endian, in the table's order, without padding.
 * The same bytes on every host. state_lists.h has a list for each struct, from which its table is
 * made; a list names every member, those that are not saved too, and a test holds that none is
 * missing.
 *
 * A table says which values a member may have, so that what is loaded from a file can do no harm
 * that software in the machine could not do: indices inside their arrays, counts above zero.
 */
struct state_table;

struct state_field {
	const char *name;
	uint32_t offset;
	uint32_t stride; /* from one element to the next */
	uint32_t count;	 /* of elements; 0: not saved */
	uint8_t size;	 /* of a scalar: 1, 2, 4 or 8 */
	uint64_t low, high;
	const struct state_table *table; /* the elements are structs; NULL: scalars */
};

struct state_table {
	const char *name;
	const struct state_field *fields;
	unsigned nr_fields;
	size_t object_size;
};

/* Bytes that an object takes. */
size_t state_size(const struct state_table *table);

/* Both return what is behind the last byte. */
uint8_t *state_save(const struct state_table *table, const void *object, uint8_t *bytes);
const uint8_t *state_load(const struct state_table *table, void *object, const uint8_t *bytes);

/* The first value in @bytes that its member may not have; NULL: there is none. */
struct state_fault {
	const char *table, *field;
	uint64_t value;
};
bool state_check(const struct state_table *table, const uint8_t *bytes, struct state_fault *fault);

/* Calls @say with text that is another one whenever the layout of the bytes is. */
void state_describe(const struct state_table *table, void (*say)(void *opaque, const char *text),
		    void *opaque);

#endif
