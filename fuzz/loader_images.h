/* SPDX-License-Identifier: MIT */
#ifndef UDV_FUZZ_LOADER_IMAGES_H
#define UDV_FUZZ_LOADER_IMAGES_H

#include <stddef.h>
#include <stdint.h>

/* In front of the image. */
struct choices {
	uint8_t machine;     /* memory, processors, stress, whether a kernel unpacks itself */
	uint8_t nr_modules;  /* one more than allowed at the most */
	uint8_t cmdline;     /* bytes of it, at the end of the input; FFH: none */
	uint8_t module_step; /* each begins so many bytes after the one before */
};

#define LOADER_INPUT_MAX (sizeof(struct choices) + 0x1000)

/* An input whose image loads, or nearly; its size, LOADER_INPUT_MAX at most. */
size_t loader_image(uint8_t *data, unsigned seed);
/* Puts a number at which sums and comparisons go wrong where headers are. */
void loader_odd_number(uint8_t *image, size_t size, unsigned seed);

#endif
