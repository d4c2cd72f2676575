/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_MEMORY_H
#define UNDERVISOR_MEMORY_H

#include <undervisor/types.h>

/*
 * Physical memory as the walker sees it: a few windows that are plain host memory, tried first
 * and without a call, and two callbacks for everything else. The caller owns all of it.
 */

#define UDV_MEMORY_WINDOWS 4

/*
 * @size bytes at physical address @base, found at @host. @base is 8-byte aligned, and so is @host
 * unless the window is read_only.
 */
struct udv_memory_window {
	uint64_t base;
	uint64_t size;
	void *host;
	bool read_only; /* reads only: a compare-exchange here goes to the callback */
};

enum udv_cas {
	UDV_CAS_DONE,	   /* the entry held @expected and now holds @desired */
	UDV_CAS_CHANGED,   /* the entry held something else, nothing was written */
	UDV_CAS_NO_MEMORY, /* nothing there that can be written */
};

struct udv_memory {
	struct udv_memory_window windows[UDV_MEMORY_WINDOWS];
	unsigned nr_windows; /* 0..UDV_MEMORY_WINDOWS */

	/*
	 * Reads @size (4 or 8) bytes at @address, naturally aligned and as one access, into the low
	 * bytes of *value. False if there is no memory. NULL stands for "there is none". A machine
	 * whose bus answers all ones stores those and returns true.
	 */
	bool (*read)(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value);

	/* Atomic compare-exchange of @size (4 or 8) bytes. NULL stands for UDV_CAS_NO_MEMORY. */
	enum udv_cas (*compare_exchange)(void *opaque, udv_hpa_t address, unsigned size,
					 uint64_t expected, uint64_t desired);
	void *opaque;
};

#endif
