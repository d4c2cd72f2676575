/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_MACHINE_RIG_H
#define UDV_TESTS_MACHINE_RIG_H

#include <undervisor/machine.h>

#include "build_image.h"

/* Loads an image into a machine of its own; cmocka's assertions fail where it should not. */

#define MB (1ull << 20)

/* @boot with its image replaced by an exact copy of @image, for sanitizers to see overruns. */
enum udv_status rig_load(struct udv_machine *machine, const struct test_image *image,
			 const struct udv_boot *boot, struct udv_problem *problem);
/* A machine of @memory bytes with the image in it. @boot may be NULL. */
struct udv_machine *rig_loaded(const struct test_image *image, const struct udv_boot *boot,
			       uint64_t memory, struct udv_registers *registers);
/* It is refused so in a machine of @memory bytes, in one line. */
void rig_refused(const struct test_image *image, const struct udv_boot *boot, uint64_t memory,
		 enum udv_status status, const char *text);
uint64_t rig_field(struct udv_machine *machine, uint64_t address, unsigned size);
/* The string at @address is @text. */
void rig_text(struct udv_machine *machine, uint64_t address, const char *text);

#endif
