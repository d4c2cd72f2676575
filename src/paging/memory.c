/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "paging/walk.h"

static const struct udv_memory_window *find_window(const struct udv_memory *memory,
						   uint64_t address, unsigned size)
{
	for (unsigned i = 0; i < memory->nr_windows; i++) {
		const struct udv_memory_window *w = &memory->windows[i];
		uint64_t offset = address - w->base;

		if (offset < w->size && w->size - offset >= size)
			return w;
	}
	return NULL;
}

bool paging_read_memory(const struct udv_memory *memory, uint64_t address, unsigned size,
			uint64_t *value)
{
	const struct udv_memory_window *window = find_window(memory, address, size);

	if (window) {
		const uint8_t *host = (const uint8_t *)window->host + (address - window->base);

		*value = 0;
		if ((uintptr_t)host & (size - 1))
			memcpy(value, host, size); /* read-only, so nobody writes it meanwhile */
		else
			*value = load_entry(host, size);
		return true;
	}
	*value = 0;
	return memory->read && memory->read(memory->opaque, UDV_HPA(address), size, value);
}

bool paging_read_slow(const struct udv_paging *p, uint64_t address, unsigned size, uint64_t *value)
{
	return paging_read_memory(p->memory, address, size, value);
}

enum udv_cas paging_cas(const struct udv_paging *p, uint64_t address, unsigned size,
			uint64_t expected, uint64_t desired)
{
	const struct udv_memory *memory = p->memory;
	const struct udv_memory_window *window = find_window(memory, address, size);
	bool done;

	if (!window || window->read_only) {
		if (!memory->compare_exchange)
			return UDV_CAS_NO_MEMORY;
		return memory->compare_exchange(memory->opaque, UDV_HPA(address), size, expected,
						desired);
	}
	if (size == 8) {
		typedef uint64_t __attribute__((may_alias)) any64;
		any64 *host = (any64 *)((uint8_t *)window->host + (address - window->base));

		done = __atomic_compare_exchange_n(host, &expected, desired, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	} else {
		typedef uint32_t __attribute__((may_alias)) any32;
		any32 *host = (any32 *)((uint8_t *)window->host + (address - window->base));
		uint32_t expected32 = (uint32_t)expected;

		done = __atomic_compare_exchange_n(host, &expected32, (uint32_t)desired, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	}
	return done ? UDV_CAS_DONE : UDV_CAS_CHANGED;
}
