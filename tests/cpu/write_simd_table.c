/* SPDX-License-Identifier: MIT */
/* Prints simd_table.inc. x86-64 with AVX2, FMA, F16C, AES, SHA and PCLMULQDQ. */
#include <stdio.h>
#include <string.h>

#include "simd_forms.h"
#include "simd_native.h"
#include "simd_table.h"

struct writer {
	struct rig *rig;
	unsigned row;
	const char *name; /* of the forms before */
	bool has_wide, has_narrow;
};

static char place_of(const struct form *form)
{
	if (strstr(form->name, "STRM"))
		return '0';
	if (strstr(form->name, "STRI"))
		return 'c';
	switch (*form->operands) {
	case 'x':
	case 'y':
		return '1';
	case 'm':
		return 'm';
	case 'r':
	case 'q':
		return 'c';
	default:
		return 'M';
	}
}

/* One form of 256 bits and one other of each mnemonic: with registers, if there is one. */
static bool is_wanted(struct writer *w, const struct form *form)
{
	bool wide = strchr(form->operands, 'y') || strchr(form->operands, 'w');
	bool *has = wide ? &w->has_wide : &w->has_narrow;

	if (!w->name || strcmp(w->name, form->name) != 0) {
		w->name = form->name;
		w->has_wide = w->has_narrow = false;
	}
	if (*has || strstr(form->name, "RCP") || strstr(form->name, "RSQRT"))
		return false;
	*has = true;
	return true;
}

static void write_row(const struct form *form, void *opaque)
{
	struct writer *w = opaque;
	static uint8_t memory[RIG_MEMORY];
	struct rig_state state;
	uint64_t result[4];

	if (!is_wanted(w, form))
		return;
	table_inputs(w->rig, w->row, form->gather, &state);
	memcpy(memory, w->rig->memory, RIG_MEMORY);
	native_run(form->bytes, form->length, &state, memory);
	if (state.fault >= 0)
		fprintf(stderr, "%s: fault %d\n", form->name, state.fault);
	table_result(&state, memory, place_of(form), result);
	printf("\t{ \"%s %s\", {", form->name, form->operands);
	for (unsigned i = 0; i < form->length; i++)
		printf(" 0x%02x,", form->bytes[i]);
	printf(" }, %u, '%c',\n\t  { ", form->length, place_of(form));
	for (unsigned i = 0; i < 4; i++)
		printf("0x%llx, ", (unsigned long long)result[i]);
	printf("}, 0x%x, 0x%x },\n", state.mxcsr, (unsigned)state.flags);
	w->row++;
}

int main(void)
{
	struct writer w = { .rig = rig_create() };

	if (!w.rig || !native_supported() || !native_prepare()) {
		fprintf(stderr, "this processor cannot\n");
		return 1;
	}
	printf("/* SPDX-License-Identifier: MIT */\n");
	printf("/* Written by write_simd_table.c. */\n");
	forms_each(0, write_row, &w);
	return 0;
}
