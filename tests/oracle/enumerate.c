/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "groups.h"
#include "rig.h"

/*
 * Walks every case of the groups with the library and with the oracle, then a number of random
 * mixes of everything, and stops at ten differences.
 */

#define MAX_DIFFERENCES 10
#define MIX_PLAIN 1000000
#define MIX_FULL 10000000
#define MIX_RUN 32 /* cases that share one world */

struct options {
	bool full;
	bool first; /* stop at the first difference */
	const char *group;
	uint64_t seed;
	uint64_t limit; /* cases per group; 0: all */
};

static uint64_t scramble(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint64_t next_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ull;
	return scramble(*state);
}

/* ------------------------------------------------------------------ one case */

static unsigned differences;

/* Most cases run once; some are recorded, some peeked at, in a pattern no radix falls in with. */
static void run_case(struct rig *rig, const char *group, uint64_t number, const uint16_t *digit)
{
	uint64_t chance = scramble(number);
	unsigned variants = RIG_PLAIN;
	uint16_t chosen[NR_DIGITS];
	const char *difference;

	memcpy(chosen, digit, sizeof(chosen));
	chosen[D_MEMORY] =
		chance & 3 ? (chance >> 2 & 3 ? MEMORY_CALLBACKS : MEMORY_BOTH) : MEMORY_WINDOW;
	if ((chance >> 8 & 3) == 0)
		variants |= RIG_RECORDED;
	if ((chance >> 10 & 7) == 0)
		variants |= RIG_PEEK;
	difference = rig_run(rig, chosen, variants);
	if (!difference)
		return;
	differences++;
	printf("%s %" PRIu64 ": ", group, number);
	print_case(rig, difference);
}

/* ------------------------------------------------------------------ groups */

static uint64_t values_of(const struct range *r, bool full)
{
	uint64_t n = full && r->full ? r->full : r->plain;
	uint64_t most = digit_radix[r->digit] - r->first;

	return n < most ? n : most;
}

static bool is_range(const struct group *g, unsigned i)
{
	return i < GROUP_RANGES && g->ranges[i].plain != 0;
}

static uint64_t size_of(const struct group *g, bool full)
{
	uint64_t size = 1;

	for (unsigned i = 0; is_range(g, i); i++)
		size *= values_of(&g->ranges[i], full);
	return size;
}

static bool has_range(const struct group *g, enum digit d)
{
	for (unsigned i = 0; is_range(g, i); i++)
		if (g->ranges[i].digit == d)
			return true;
	return false;
}

/* The fields of a report that are left to chance, as a set of digits from D_EQ_KIND on. */
static uint32_t left_to_chance(const struct group *g)
{
	uint32_t set = 0;

	for (unsigned d = D_EQ_KIND; d <= D_L1_BASIC; d++)
		if (!has_range(g, d))
			set |= 1u << (d - D_EQ_KIND);
	return set;
}

static void draw(uint32_t set, uint64_t number, uint16_t *digit)
{
	uint64_t chance = scramble(~number);

	for (unsigned d = D_EQ_KIND; d <= D_L1_BASIC; d++) {
		if (!(set >> (d - D_EQ_KIND) & 1))
			continue;
		digit[d] = (uint16_t)(chance % digit_radix[d]);
		chance /= digit_radix[d];
	}
}

/* Steps the counter. The last digits are the slowest; those that decide tables should be there. */
static bool step(const struct group *g, bool full, uint16_t *digit)
{
	for (unsigned i = 0; is_range(g, i); i++) {
		const struct range *r = &g->ranges[i];

		if (++digit[r->digit] < r->first + values_of(r, full))
			return true;
		digit[r->digit] = r->first;
	}
	return false;
}

static bool decides_world(enum digit d)
{
	return d <= D_EPT_FLAGS || d == D_ENTRY_POINT;
}

/* A copy of the group in which building the tables anew is seldom needed. */
static struct group slow_worlds_last(const struct group *g)
{
	struct group sorted = { .name = g->name };
	unsigned n = 0;

	for (unsigned i = 0; is_range(g, i); i++)
		if (!decides_world(g->ranges[i].digit))
			sorted.ranges[n++] = g->ranges[i];
	for (unsigned i = 0; is_range(g, i); i++)
		if (decides_world(g->ranges[i].digit))
			sorted.ranges[n++] = g->ranges[i];
	return sorted;
}

static bool enough(const struct options *options)
{
	return differences >= (options->first ? 1 : MAX_DIFFERENCES);
}

static uint64_t run_group(struct rig *rig, const struct group *group, const struct options *options)
{
	struct group g = slow_worlds_last(group);
	uint32_t chances = has_range(&g, D_EQ_KIND) ? left_to_chance(&g) : 0;
	uint16_t digit[NR_DIGITS] = { 0 };
	uint64_t number = 0;

	for (unsigned i = 0; is_range(&g, i); i++)
		digit[g.ranges[i].digit] = g.ranges[i].first;
	do {
		draw(chances, number, digit);
		run_case(rig, g.name, number++, digit);
		if (options->limit && number >= options->limit)
			break;
	} while (!enough(options) && step(&g, options->full, digit));
	return number;
}

/* ------------------------------------------------------------------ random mixes */

static bool is_deviation(enum digit d)
{
	return d >= D_GA_LEVEL;
}

/* Deviations and odd widths are rarer than their radix says, else nothing would ever succeed. */
static void mix(uint16_t *digit, uint64_t *state, bool new_world)
{
	for (unsigned d = 0; d < NR_DIGITS; d++) {
		uint64_t r = next_random(state);

		if (decides_world(d) && !new_world)
			continue;
		digit[d] = (uint16_t)((r >> 16) % digit_radix[d]);
		if (d == D_GUEST_WIDTH || d == D_TAG || d == D_MODIFIER || d == D_WIDTH)
			digit[d] = r & 3 ? 0 : digit[d];
		else if (is_deviation(d) && (r & 1))
			digit[d] = 0;
		else if ((d == D_GA_FLIP || d == D_GB_FLIP || d == D_EA_FLIP || d == D_EB_FLIP) &&
			 (r & 6))
			digit[d] = 0;
	}
	if (digit[D_ENTRY_POINT] && (next_random(state) & 3))
		digit[D_ENTRY_POINT] = ENTRY_WALK;
}

static uint64_t run_mix(struct rig *rig, const struct options *options)
{
	uint64_t state = options->seed;
	uint64_t nr = options->full ? MIX_FULL : MIX_PLAIN;
	uint16_t digit[NR_DIGITS] = { 0 };
	uint64_t number = 0;

	while (number < nr && !enough(options)) {
		mix(digit, &state, number % MIX_RUN == 0);
		run_case(rig, "mix", number++, digit);
		if (options->limit && number >= options->limit)
			break;
	}
	return number;
}

/* ------------------------------------------------------------------ main */

static double seconds(void)
{
	struct timespec now;

	timespec_get(&now, TIME_UTC);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void report(const char *name, uint64_t number, double since)
{
	printf("%-20s %10" PRIu64 " cases  %7.2f s\n", name, number, seconds() - since);
	fflush(stdout);
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--full] [--first] [--group NAME] [--seed N] [--limit N] [--list]\n",
		program);
	return 2;
}

static int list(bool full)
{
	for (unsigned i = 0; i < nr_groups; i++)
		printf("%-20s %10" PRIu64 "\n", groups[i].name, size_of(&groups[i], full));
	printf("%-20s %10d\n", "mix", full ? MIX_FULL : MIX_PLAIN);
	return 0;
}

static bool wanted(const struct options *options, const char *name)
{
	return !options->group || strcmp(options->group, name) == 0;
}

static int run(const struct options *options)
{
	struct rig *rig = malloc(sizeof(*rig));
	double since = seconds();
	uint64_t total = 0;

	if (!rig)
		return 2;
	rig_init(rig);
	for (unsigned i = 0; i <= nr_groups && !enough(options); i++) {
		const char *name = i < nr_groups ? groups[i].name : "mix";
		double then = seconds();
		uint64_t number;

		if (!wanted(options, name))
			continue;
		number =
			i < nr_groups ? run_group(rig, &groups[i], options) : run_mix(rig, options);
		report(name, number, then);
		total += number;
	}
	report("total", total, since);
	free(rig);
	if (differences)
		printf("%u differences\n", differences);
	return differences || !total ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options options = { .seed = 1 };
	bool only_list = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--full") == 0)
			options.full = true;
		else if (strcmp(argv[i], "--first") == 0)
			options.first = true;
		else if (strcmp(argv[i], "--list") == 0)
			only_list = true;
		else if (strcmp(argv[i], "--group") == 0 && i + 1 < argc)
			options.group = argv[++i];
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			options.seed = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--limit") == 0 && i + 1 < argc)
			options.limit = strtoull(argv[++i], NULL, 0);
		else
			return usage(argv[0]);
	}
	return only_list ? list(options.full) : run(&options);
}
