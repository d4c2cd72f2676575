/* SPDX-License-Identifier: MIT */
/*
 * Random instructions by the processor that runs the test and by ours: docs/native-tests.md.
 *
 *   NATIVE_CASES  how many (default below)
 *   NATIVE_SEED   another stream of cases
 *   NATIVE_BATCH  this batch alone, as a failure names it
 *   NATIVE_SHOW   how many differences are printed in full
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cpu/handler.h"
#include "host.h"
#include "known.h"
#include "machine.h"
#include "report.h"
#include "snippet.h"

#define DEFAULT_CASES 500000u
#define STRESS_PERCENT 12u
#define UNSTEADY_ONE_IN 100000u /* at most: a host that is worse is no witness */
#define PARTED_ONE_IN 10000u	/* at most */

struct run {
	struct host host;
	struct machine *machine;
	struct random random;
	struct snippet_wish wish;
	struct snippet snippet;
	uint64_t seed, batch, cases, kinds[NR_SNIPPET_KINDS], faults[32];
	unsigned differences, shown;
	unsigned by_insn[NR_INSNS];
	uint64_t done[NR_INSNS], parted, unsteady;
	struct random_pool pool;
	struct catalogue catalogue;
	uint8_t before[DATA_SIZE];
};

#define POOL_BATCHES 256u

static void fill_data(struct run *run)
{
	random_bytes(&run->random, &run->pool, run->host.data, DATA_SIZE);
	memcpy(run->machine->data, run->host.data, DATA_SIZE);
}

/* The snippet, then JMP to the gate; the same bytes for both. */
static void write_code(struct run *run)
{
	const struct snippet *s = &run->snippet;
	unsigned offset = s->rip - CODE_BASE;
	uint8_t bytes[SNIPPET_MAX_BYTES + 5];
	uint32_t distance = (s->code32 ? GATE_32 : GATE_64) - (s->rip + s->length + 5);

	memcpy(bytes, s->bytes, s->length);
	bytes[s->length] = 0xe9;
	memcpy(bytes + s->length + 1, &distance, 4);
	memcpy(run->host.code + offset, bytes, s->length + 5);
	machine_write_code(run->machine, offset, bytes, s->length + 5);
}

static void make(struct run *run, unsigned slot)
{
	struct snippet *s = &run->snippet;
	unsigned kind = below(&run->random, 100);

	s->kind = kind < 58   ? SNIPPET_SINGLE
		  : kind < 70 ? SNIPPET_STEP
		  : kind < 73 ? SNIPPET_UNDEFINED
			      : SNIPPET_SEQUENCE;
	s->code32 = chance(&run->random, 25) && run->host.code32;
	s->rip = CODE_BASE + slot * SLOT_SIZE;
	snippet_make(s, &run->random, &run->wish);
}

static void differs(struct run *run, const char *how, const struct state *want,
		    const struct state *got, const uint8_t *want_data, const uint8_t *got_data)
{
	run->differences++;
	run->by_insn[run->snippet.kind == SNIPPET_SEQUENCE ? INSN_NONE : run->snippet.insn[0].id]++;
	if (!run->shown)
		return;
	run->shown--;
	printf("DIFFERENCE %s (NATIVE_SEED=%llu NATIVE_BATCH=%llu): ", how,
	       (unsigned long long)run->seed, (unsigned long long)run->batch);
	print_snippet(&run->snippet);
	print_differences(&run->snippet, want, got, want_data, got_data);
}

/* Other ways through our processor must make no difference at all. */
static void stress(struct run *run, const struct state *want)
{
	static const char *const names[] = { "", "with single blocks", "with an empty TLB" };
	struct machine *m = run->machine;
	static uint8_t after[DATA_SIZE];

	memcpy(after, m->data, DATA_SIZE);
	for (enum how how = AS_SINGLE_BLOCKS; how < NR_HOWS; how++) {
		struct state got = run->snippet.state;

		memcpy(m->data, run->before, DATA_SIZE);
		machine_run(m, &got, run->snippet.code32, how);
		if (!same_exactly(want, &got) || memcmp(after, m->data, DATA_SIZE))
			differs(run, names[how], want, &got, after, m->data);
	}
	memcpy(m->data, after, DATA_SIZE);
}

/* Mnemonics that have been done, not only tried. */
static void count_coverage(struct run *run, const struct state *want)
{
	const struct snippet *s = &run->snippet;

	if (s->kind == SNIPPET_UNDEFINED || (want->vector >= 0 && want->vector != VECTOR_DB))
		return;
	for (unsigned i = 0; i < (s->kind == SNIPPET_STEP ? 1 : s->nr); i++)
		run->done[s->insn[i].id]++;
}

/*
 * Asks the host again: a virtual processor of a hypervisor that steps in (emulates an instruction,
 * returns from an interrupt in its own way) may give another answer once in a million.
 */
static bool host_agrees_now(struct run *run, const struct state *got)
{
	const struct snippet *s = &run->snippet;
	struct state want = s->state;

	memcpy(run->host.data, run->before, DATA_SIZE);
	host_run(&want, s->code32, s->vectors);
	known_adjust(s, &want, got);
	return same_as_host(s, &want, got) &&
	       !memcmp(run->host.data, run->machine->data, DATA_SIZE);
}

/* All is the same but what @want has stored before it faulted. */
static bool same_but_store(const struct run *run, const struct state *want, const struct state *got)
{
	const uint8_t *a = run->host.data, *b = run->machine->data;
	unsigned first = 0, end = DATA_SIZE;

	if (!known_to_store(&run->snippet, want, got) || !same_as_host(&run->snippet, want, got))
		return false;
	while (first < end && a[first] == b[first])
		first++;
	while (end > first && a[end - 1] == b[end - 1])
		end--;
	return end - first <= KNOWN_STORE;
}

static void one_case(struct run *run, unsigned slot)
{
	struct state want, got;
	bool stressed;

	make(run, slot);
	write_code(run);
	want = got = run->snippet.state;
	stressed = chance(&run->random, STRESS_PERCENT);
	memcpy(run->before, run->machine->data, DATA_SIZE);
	host_run(&want, run->snippet.code32, run->snippet.vectors);
	if (!machine_run(run->machine, &got, run->snippet.code32, AS_BLOCKS)) {
		differs(run, "never ends", &want, &got, run->host.data, run->machine->data);
		memcpy(run->machine->data, run->host.data, DATA_SIZE);
		return;
	}
	run->cases++;
	run->kinds[run->snippet.kind]++;
	run->faults[want.vector & 31]++;
	if (stressed)
		stress(run, &got);
	known_adjust(&run->snippet, &want, &got);
	count_coverage(run, &want);
	if (!same_as_host(&run->snippet, &want, &got) ||
	    memcmp(run->host.data, run->machine->data, DATA_SIZE)) {
		if (known_to_part(&run->snippet, &want, &got) || same_but_store(run, &want, &got))
			run->parted++;
		else if (host_agrees_now(run, &got))
			run->unsteady++;
		else
			differs(run, "from the host", &want, &got, run->host.data,
				run->machine->data);
		memcpy(run->machine->data, run->host.data, DATA_SIZE);
	}
}

static void one_batch(struct run *run, uint64_t batch)
{
	run->batch = batch;
	if (run->cases == 0 || batch % POOL_BATCHES == 0)
		random_fill_pool(&run->pool, run->seed + (batch / POOL_BATCHES << 32));
	run->random.state = run->seed * 0x2545f4914f6cdd1dull + batch * 0x9e6c63d0876a9a47ull;
	fill_data(run);
	for (unsigned slot = 0; slot < NR_SLOTS; slot++)
		one_case(run, slot);
}

/* With NATIVE_COVERAGE: what has never been done. Privileged instructions cannot be. */
static void print_coverage(const struct run *run)
{
	unsigned done = 0, all = 0;

	printf("\n");
	for (unsigned i = INSN_NONE + 1; i < NR_INSNS; i++) {
		unsigned family = insn_families[i];

		if (family == FAMILY_SYSTEM || (family == FAMILY_X87 && !run->wish.x87))
			continue;
		all++;
		done += run->done[i] != 0;
		if (!run->done[i] && getenv("NATIVE_COVERAGE"))
			printf("%s ", insn_name(i));
	}
	printf("%u of %u mnemonics done to the end\n", done, all);
}

static void print_summary(const struct run *run, double seconds)
{
	printf("%llu cases (%llu single, %llu stepped, %llu undefined, %llu sequences) in %.1f s: "
	       "%.0f a second\n",
	       (unsigned long long)run->cases, (unsigned long long)run->kinds[SNIPPET_SINGLE],
	       (unsigned long long)run->kinds[SNIPPET_STEP],
	       (unsigned long long)run->kinds[SNIPPET_UNDEFINED],
	       (unsigned long long)run->kinds[SNIPPET_SEQUENCE], seconds,
	       (double)run->cases / seconds);
	printf("exceptions:");
	for (unsigned i = 0; i < 31; i++)
		if (run->faults[i])
			printf(" %u: %llu", i, (unsigned long long)run->faults[i]);
	print_coverage(run);
	printf("%u differences, %llu set apart, %llu where the host gave another answer when asked "
	       "again\n",
	       run->differences, (unsigned long long)run->parted,
	       (unsigned long long)run->unsteady);
	for (unsigned i = 0; i < NR_INSNS; i++)
		if (run->by_insn[i])
			printf("    %-12s %u\n", i ? insn_name(i) : "(several)", run->by_insn[i]);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(void)
{
	static struct run run;
	uint64_t cases = number_from("NATIVE_CASES", DEFAULT_CASES);
	const char *why = host_prepare(&run.host);
	double start = now();

	if (why) {
		fprintf(stderr, "SKIPPED: %s\n", why);
		return 77;
	}
	run.machine = machine_create(run.host.gs_selector, run.host.gate);
	run.wish = (struct snippet_wish){ .pool = &run.pool,
					  .catalogue = &run.catalogue,
					  .data = run.host.data };
	run.wish.x87 = machine_has_x87(run.machine);
	if (!run.host.code32)
		printf("WITHOUT 32-bit code: this kernel has no segments for it\n");
	if (!run.wish.x87)
		printf("WITHOUT x87: this processor has none\n");
	run.seed = number_from("NATIVE_SEED", 1);
	catalogue_fill(&run.catalogue, run.seed);
	run.shown = (unsigned)number_from("NATIVE_SHOW", 20);
	if (getenv("NATIVE_BATCH"))
		one_batch(&run, number_from("NATIVE_BATCH", 0));
	else
		for (uint64_t batch = 0; run.cases < cases; batch++)
			one_batch(&run, batch);
	print_summary(&run, now() - start);
	machine_destroy(run.machine);
	return run.differences || run.cases == 0 ||
	       run.unsteady > 1 + run.cases / UNSTEADY_ONE_IN ||
	       run.parted > 1 + run.cases / PARTED_ONE_IN;
}
