/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static struct udv_machine *new_machine(uint64_t memory)
{
	struct udv_machine_config config = { .memory = memory };
	struct udv_machine *machine;

	assert_int_equal(udv_machine_create(&config, &machine, NULL), UDV_OK);
	return machine;
}

enum udv_status rig_load(struct udv_machine *machine, const struct test_image *image,
			 const struct udv_boot *boot, struct udv_problem *problem)
{
	struct udv_boot copied = boot ? *boot : (struct udv_boot){ 0 };
	uint8_t *copy = malloc(image->size ? image->size : 1);
	enum udv_status status;

	assert_non_null(copy);
	memcpy(copy, image->data, image->size);
	copied.image = copy;
	copied.size = image->size;
	memset(problem, 0, sizeof(*problem));
	status = udv_machine_load(machine, &copied, problem);
	free(copy);
	return status;
}

struct udv_machine *rig_loaded(const struct test_image *image, const struct udv_boot *boot,
			       uint64_t memory, struct udv_registers *registers)
{
	struct udv_machine *machine = new_machine(memory);
	struct udv_problem problem;
	enum udv_status status = rig_load(machine, image, boot, &problem);

	assert_string_equal(problem.text, "");
	assert_int_equal(status, UDV_OK);
	assert_int_equal(udv_machine_get_registers(machine, 0, registers), UDV_OK);
	return machine;
}

void rig_refused(const struct test_image *image, const struct udv_boot *boot, uint64_t memory,
		 enum udv_status status, const char *text)
{
	struct udv_machine *machine = new_machine(memory);
	struct udv_problem problem;
	enum udv_status actual = rig_load(machine, image, boot, &problem);

	assert_string_equal(problem.text, text);
	assert_int_equal(actual, status);
	udv_machine_destroy(machine);
}

uint64_t rig_field(struct udv_machine *machine, uint64_t address, unsigned size)
{
	uint64_t value = 0;

	assert_int_equal(udv_machine_read(machine, UDV_GPA(address), &value, size), UDV_OK);
	return value;
}

void rig_text(struct udv_machine *machine, uint64_t address, const char *text)
{
	char actual[256] = "";
	size_t size = strlen(text) + 1;

	assert_true(size <= sizeof(actual));
	assert_int_equal(udv_machine_read(machine, UDV_GPA(address), actual, size), UDV_OK);
	assert_memory_equal(actual, text, size);
}
