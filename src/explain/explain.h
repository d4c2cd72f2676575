/* SPDX-License-Identifier: MIT */
#ifndef UDV_EXPLAIN_EXPLAIN_H
#define UDV_EXPLAIN_EXPLAIN_H

#include <undervisor/explain.h>

#include "arch/layout.h"
#include "base/bits.h"

/*
 * Rows are appended in ascending order. A kind lays its table over the value (explain_layout),
 * corrects rows whose meaning depends on others (explain_amend), and adds notes.
 */

/* What a kind is explained by: the options, and where the result goes. */
struct explainer {
	struct udv_explanation *out;
	const struct udv_explain_options *options;
};

/* ---- text: pieces are appended, text_end() returns the string they make */

void text_add(struct udv_explanation *out, const char *piece);
void text_add_decimal(struct udv_explanation *out, uint64_t number);
void text_add_hex(struct udv_explanation *out, uint64_t number);
/* "a", then "a, b" and so on: adds a separator before every piece but the first. */
void text_add_item(struct udv_explanation *out, const char *piece, unsigned *nr_items);
const char *text_end(struct udv_explanation *out);

/* ---- notes */

void note(struct udv_explanation *out, const char *text);
/* Ends the text under construction and makes it a note. */
void note_text(struct udv_explanation *out);

/* ---- rows */

void explain_layout(struct explainer *e, const struct arch_layout *layout);
void explain_row(struct explainer *e, const struct arch_row *row);
/* One row for bits high..low. */
void explain_bits(struct udv_explanation *out, unsigned high, unsigned low,
		  enum udv_explain_class class, const char *name, const char *meaning);
/* Bits that must be 0. */
void explain_zero(struct udv_explanation *out, unsigned high, unsigned low, const char *name);
/* Changes what the row that starts at bit @low says; NULL leaves the meaning. */
void explain_amend(struct udv_explanation *out, unsigned low, enum udv_explain_class class,
		   const char *meaning);
bool explain_any_violated(const struct udv_explanation *out);

/* What follows from the bits of IA32_EFER together. */
void note_efer(struct udv_explanation *out, uint64_t value);

/* ---- kinds */

enum udv_status explain_ept_violation(struct explainer *e, uint64_t value);
enum udv_status explain_page_fault(struct explainer *e, uint64_t value);
enum udv_status explain_npf(struct explainer *e, uint64_t value);
enum udv_status explain_qualification(struct explainer *e, uint64_t value);
enum udv_status explain_exit_reason(struct explainer *e, uint64_t value);
enum udv_status explain_vmcs_field(struct explainer *e, uint64_t value);
enum udv_status explain_msr(struct explainer *e, uint64_t value);
enum udv_status explain_msr_index(struct explainer *e, uint64_t value);
enum udv_status explain_eptp(struct explainer *e, uint64_t value);
enum udv_status explain_ept_entry(struct explainer *e, uint64_t value);
enum udv_status explain_pte(struct explainer *e, uint64_t value);
enum udv_status explain_cr0(struct explainer *e, uint64_t value);
enum udv_status explain_cr3(struct explainer *e, uint64_t value);
enum udv_status explain_cr4(struct explainer *e, uint64_t value);
enum udv_status explain_efer(struct explainer *e, uint64_t value);

#endif
