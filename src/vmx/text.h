/* SPDX-License-Identifier: MIT */
#ifndef UDV_VMX_TEXT_H
#define UDV_VMX_TEXT_H

#include <undervisor/vmcs_text.h>

/* What the readers of texts share. A run of bytes that no zero ends. */
struct span {
	const char *at, *end;
};

/* The next line of @rest without its end; false if there is none. */
bool text_line(struct span *rest, struct span *line);
/* Spaces, tabs and carriage returns away at both ends. */
struct span text_trim(struct span text);
/* False if nothing is at its start that @start is. */
bool text_starts(struct span text, const char *start);
/* Where @what begins in @text; NULL. */
const char *text_find(struct span text, const char *what);
/* Hexadecimal digits at the start of *@text, with or without 0x, which are taken off it. */
bool text_hex(struct span *text, uint64_t *value);
/* A whole number: 0x1a, 26 or 1AH. */
bool text_number(struct span text, uint64_t *value);

/* Forgets what was given. */
void text_reset(struct udv_vmcs_text *text);
/* Notes why the text is refused: false. */
bool text_refuse(struct udv_vmcs_text *text, const char *problem);
/* False with the problem noted. */
bool text_give(struct udv_vmcs_text *text, uint32_t encoding, uint64_t value);

/* kvm_dump.c: whether there is a dump, and its fields. */
bool kvm_dump_is(struct span text);
struct kvm_state {
	unsigned section;
	bool entry_msrs; /* within the list of what the guest gets */
};
bool kvm_dump_line(struct udv_vmcs_text *text, struct span line, struct kvm_state *state);

#endif
