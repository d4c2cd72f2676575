/* SPDX-License-Identifier: MIT */
#include "mem/image_internal.h"

/*
 * From overlapping segments to disjoint ranges.
 *
 * A core may describe the same memory twice: kdump repeats the kernel's text, QEMU writes a
 * segment for every virtual alias. Of two pieces over one address the one with bytes in the file
 * counts, then the earlier one. A sweep over the pieces in ascending order of base keeps those
 * that cover the current address in a heap by rank; the sweep has left the first entries of the
 * piece array behind, so the heap lives there and no memory is needed.
 */

typedef bool (*before_fn)(const struct udv_image_range *a, const struct udv_image_range *b);

static bool higher_base(const struct udv_image_range *a, const struct udv_image_range *b)
{
	return a->base > b->base;
}

static bool lower_rank(const struct udv_image_range *a, const struct udv_image_range *b)
{
	return a->rank < b->rank;
}

static void swap(struct udv_image_range *a, struct udv_image_range *b)
{
	struct udv_image_range saved = *a;

	*a = *b;
	*b = saved;
}

static void sift_down(struct udv_image_range *heap, size_t nr, size_t i, before_fn before)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= nr)
			return;
		if (child + 1 < nr && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &heap[i]))
			return;
		swap(&heap[child], &heap[i]);
		i = child;
	}
}

static void sift_up(struct udv_image_range *heap, size_t i, before_fn before)
{
	while (i > 0 && before(&heap[i], &heap[(i - 1) / 2])) {
		swap(&heap[i], &heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

/* Heap sort: a file's author chooses the input, so nothing quadratic. */
static void sort_by_base(struct udv_image_range *pieces, size_t nr)
{
	for (size_t i = nr / 2; i-- > 0;)
		sift_down(pieces, nr, i, higher_base);
	for (size_t end = nr; end-- > 1;) {
		swap(&pieces[0], &pieces[end]);
		sift_down(pieces, end, 0, higher_base);
	}
}

bool range_table_init(struct range_table *table, struct udv_image *image,
		      struct udv_image_range *ranges, size_t nr_ranges, uint64_t pieces)
{
	if (pieces > SIZE_MAX / RANGES_FOR(1) || RANGES_FOR(pieces) > nr_ranges) {
		image->ranges_needed =
			pieces > SIZE_MAX / RANGES_FOR(1) ? SIZE_MAX : (size_t)RANGES_FOR(pieces);
		image->problem = "the caller's array of ranges is too small";
		return false;
	}
	table->ranges = ranges;
	table->capacity = nr_ranges;
	table->limit = (size_t)pieces;
	table->nr_pieces = 0;
	return true;
}

void range_table_add(struct range_table *table, uint64_t base, uint64_t size, uint64_t offset)
{
	struct udv_image_range *piece;

	if (size == 0 || table->nr_pieces == table->limit)
		return;
	piece = &table->ranges[2 * table->limit + table->nr_pieces];
	piece->base = base;
	piece->size = size;
	piece->offset = offset;
	piece->rank = table->nr_pieces;
	if (offset == UDV_IMAGE_ZEROS)
		piece->rank |= 1ull << 63;
	table->nr_pieces++;
}

static uint64_t last(const struct udv_image_range *range)
{
	return range->base + (range->size - 1);
}

/* Appends [base, end] of @piece to the @nr ranges at @ranges; returns the new number. */
static size_t emit(struct udv_image_range *ranges, size_t nr, const struct udv_image_range *piece,
		   uint64_t base, uint64_t end)
{
	struct udv_image_range next = { .base = base,
					.size = end - base + 1,
					.offset = piece->offset };

	if (next.offset != UDV_IMAGE_ZEROS)
		next.offset += base - piece->base;
	if (nr > 0) {
		struct udv_image_range *previous = &ranges[nr - 1];
		bool zeros = previous->offset == UDV_IMAGE_ZEROS && next.offset == UDV_IMAGE_ZEROS;
		bool adjacent = previous->offset != UDV_IMAGE_ZEROS &&
				next.offset == previous->offset + previous->size;

		if (last(previous) + 1 == base && (zeros || adjacent)) {
			previous->size += next.size;
			return nr;
		}
	}
	ranges[nr] = next;
	return nr + 1;
}

void range_table_finish(struct range_table *table, struct udv_image *image)
{
	struct udv_image_range *pieces = &table->ranges[2 * table->limit];
	struct udv_image_range *heap = pieces;
	size_t taken = 0, nr_heap = 0, nr = 0;
	uint64_t at = 0;

	sort_by_base(pieces, table->nr_pieces);
	while (taken < table->nr_pieces || nr_heap > 0) {
		uint64_t end;

		if (nr_heap == 0)
			at = pieces[taken].base;
		while (taken < table->nr_pieces && pieces[taken].base <= at) {
			heap[nr_heap] = pieces[taken++];
			sift_up(heap, nr_heap++, lower_rank);
		}
		end = last(&heap[0]);
		if (taken < table->nr_pieces && pieces[taken].base <= end)
			end = pieces[taken].base - 1;
		nr = emit(table->ranges, nr, &heap[0], at, end);
		if (end == UINT64_MAX)
			break;
		at = end + 1;
		while (nr_heap > 0 && last(&heap[0]) < at) {
			heap[0] = heap[--nr_heap];
			sift_down(heap, nr_heap, 0, lower_rank);
		}
	}
	image->ranges = table->ranges;
	image->nr_ranges = nr;
}
