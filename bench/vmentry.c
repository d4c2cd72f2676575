/* SPDX-License-Identifier: MIT */
/*
 * VM entries judged in a second, as a fuzzer asks for them: a valid VMCS, and the same with one
 * field changed each time.
 *
 *   bench-vmentry [--json]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <undervisor/explain.h>
#include <undervisor/vmentry.h>

#define ROUNDS 7
#define ENTRIES 200000u

static void die(const char *what)
{
	fprintf(stderr, "bench-vmentry: %s\n", what);
	exit(1);
}

/* A 64-bit host enters a 64-bit guest; all else is 0. */
static void make_valid(struct udv_vmcs *vmcs)
{
	static const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
		{ "PIN_BASED_CONTROLS", 0x16 },
		{ "PRIMARY_CONTROLS", 0x4006172 },
		{ "EXIT_CONTROLS", 0x36ffb },
		{ "ENTRY_CONTROLS", 0x13fb },
		{ "VMCS_LINK_POINTER", UINT64_MAX },
		{ "HOST_CR0", 0x80010021 },
		{ "HOST_CR4", 0x2020 },
		{ "HOST_CS_SELECTOR", 8 },
		{ "HOST_TR_SELECTOR", 0x18 },
		{ "GUEST_CR0", 0x80010021 },
		{ "GUEST_CR4", 0x2020 },
		{ "GUEST_RFLAGS", 2 },
		{ "GUEST_CS_ACCESS_RIGHTS", 0x209b },
		{ "GUEST_SS_ACCESS_RIGHTS", 0x10000 },
		{ "GUEST_DS_ACCESS_RIGHTS", 0x10000 },
		{ "GUEST_ES_ACCESS_RIGHTS", 0x10000 },
		{ "GUEST_FS_ACCESS_RIGHTS", 0x10000 },
		{ "GUEST_GS_ACCESS_RIGHTS", 0x10000 },
		{ "GUEST_LDTR_ACCESS_RIGHTS", 0x10000 },
		{ "GUEST_TR_ACCESS_RIGHTS", 0x8b },
	};

	memset(vmcs, 0, sizeof(*vmcs));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint32_t encoding;

		if (udv_list_find(UDV_LIST_VMCS_FIELDS, fields[i].name, &encoding) != UDV_OK ||
		    udv_vmcs_write(vmcs, encoding, fields[i].value) != UDV_OK)
			die("no such field");
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* A generator of the simplest kind: the same entries each time. */
static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 17;
}

static double judge(const struct udv_vmentry *entry, struct udv_vmcs *vmcs, bool mutate,
		    unsigned *failed)
{
	double start = now();
	uint64_t random = 1;

	*failed = 0;
	for (unsigned i = 0; i < ENTRIES; i++) {
		uint64_t *slot = &vmcs->slots[next_random(&random) % 200], before = *slot;

		if (mutate)
			*slot ^= 1ull << next_random(&random) % 16;
		*failed += udv_vmentry_first(entry) != UDV_VMENTRY_PASSES;
		*slot = before;
	}
	return (now() - start) * 1e9 / ENTRIES;
}

static double best(const struct udv_vmentry *entry, struct udv_vmcs *vmcs, bool mutate,
		   unsigned *failed)
{
	double lowest = judge(entry, vmcs, mutate, failed);

	for (unsigned round = 1; round < ROUNDS; round++) {
		double this_time = judge(entry, vmcs, mutate, failed);

		if (this_time < lowest)
			lowest = this_time;
	}
	return lowest;
}

int main(int argc, char **argv)
{
	struct udv_vmx_processor processor;
	struct udv_vmcs vmcs;
	struct udv_vmentry entry = {
		.vmcs = &vmcs, .processor = &processor, .vmcs_pointer = 0x1000, .efer = 0x500
	};
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	unsigned failed, mutated;
	double valid, mutants;

	if (udv_vmx_processor_ours(NULL, &processor, NULL, 0) != UDV_OK)
		die("no processor");
	make_valid(&vmcs);
	valid = best(&entry, &vmcs, false, &failed);
	mutants = best(&entry, &vmcs, true, &mutated);
	if (failed || !mutated)
		die("the entries are not what they should be");
	printf(json ? "{\"valid_ns\": %.1f, \"mutated_ns\": %.1f}\n"
		    : "valid VMCS     %7.1f ns\none bit changed %6.1f ns\n",
	       valid, mutants);
	return 0;
}
