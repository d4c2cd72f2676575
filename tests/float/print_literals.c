/* SPDX-License-Identifier: MIT */
/*
 * Writes the rows of literals_sse.inc (argument sse) and literals_x87.inc (argument x87) from what
 * the processor does that runs this.
 */
#include "host_sse.h"
#include "host_x87.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ROWS 64

static void print_sse(const struct sse_operation *op)
{
	struct random r = { 0x11700000 + (uint64_t)(op - sse_operations) };

	printf("\n/* %s */\n", op->name);
	for (int i = 0; i < ROWS; i++) {
		uint32_t mxcsr = draw_mxcsr(&r), after = mxcsr;
		uint64_t in[3], result;
		bool faults;

		draw_sse_operands(&r, op, in);
		result = host_sse_functions[op - sse_operations](&after, in[0], in[1], in[2]);
		faults = after & FP_EXCEPTIONS & ~(mxcsr >> 7);
		printf("{ SSE_%s, 0x%" PRIx32 ", { 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
		       " }, 0x%" PRIx64 ", 0x%x },\n",
		       op->name, mxcsr, in[0], in[1], in[2], faults ? 0 : result,
		       after & FP_EXCEPTIONS);
	}
}

static void print_x87_state(const struct x87 *x, bool memory)
{
	printf("{ 0x%x, 0x%x, { 0x%" PRIx64 ", 0x%x }, { 0x%" PRIx64 ", 0x%x }, { ", x->control,
	       x->status, x->st0.significand, x->st0.sign_exponent, x->st1.significand,
	       x->st1.sign_exponent);
	for (int i = 0; memory && i < 10; i++)
		printf("%s%u", i ? ", " : "", x->memory[i]);
	printf("%s } }", memory ? "" : "0");
}

/* Operands that are not read are 0, so that rows are short. */
static struct x87 draw(struct random *r, const struct x87_operation *op)
{
	struct x87 x = op - x87_operations < X87_FIRST_TRANSCENDENTAL
			       ? x87_draw(r, op)
			       : x87_draw_transcendental(r, op);

	if (op->operands == LOAD)
		x.st0 = (struct fp_f80){ 0 };
	else if (op->operands != MEMORY && op->operands != COMPARE_MEMORY)
		memset(x.memory, 0, sizeof(x.memory));
	if (op->operands != BINARY && op->operands != POPPING && op->operands != COMPARE)
		x.st1 = (struct fp_f80){ 0 };
	return x;
}

/* An approximation is worth a row where it is the right one; all of ours are. */
static bool worth_a_row(const struct x87_operation *op, const struct x87 *before,
			const struct x87 *after)
{
	struct x87 ours = *before;
	unsigned unmasked;

	if (op - x87_operations < X87_FIRST_TRANSCENDENTAL)
		return true;
	unmasked = x87_execute(op, &ours);
	return x87_in_domain(op, before) && ours.status == after->status &&
	       x87_results_match(op, unmasked, &ours, after);
}

static void print_x87(const struct x87_operation *op)
{
	struct random r = { 0x11870000 + (uint64_t)(op - x87_operations) };
	bool memory = op->operands == LOAD || op->operands == STORE || op->operands == MEMORY ||
		      op->operands == COMPARE_MEMORY;

	printf("\n/* %s */\n", op->name);
	for (int i = 0; i < ROWS;) {
		struct x87 before = draw(&r, op), after = before;
		uint16_t defined = FP_EXCEPTIONS | op->conditions;

		host_x87_functions[op - x87_operations](&after);
		if (after.status & ~before.control & FP_PRE_COMPUTATION)
			defined = FP_EXCEPTIONS;
		after.status &= defined;
		if (!worth_a_row(op, &before, &after))
			continue;
		if (op->operands != PUSHING)
			after.st1 = (struct fp_f80){ 0 };
		printf("{ X87_%s, ", op->name);
		print_x87_state(&before, memory);
		printf(", ");
		print_x87_state(&after, memory);
		printf(" },\n");
		i++;
	}
}

int main(int argc, char **argv)
{
	printf("/* SPDX-License-Identifier: MIT */\n/* Written by print_literals.c. */\n");
	if (argc == 2 && !strcmp(argv[1], "sse")) {
		host_sse_begin();
		for (int i = 0; i < SSE_OPERATION_COUNT; i++)
			print_sse(&sse_operations[i]);
		host_sse_end();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "x87")) {
		for (int i = 0; i < X87_OPERATION_COUNT; i++)
			print_x87(&x87_operations[i]);
		return 0;
	}
	return 2;
}
