/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "rig.h"

struct bit_name {
	unsigned bit;
	const char *name;
};

static const struct bit_name guest_names[] = {
	{ 0, "P" }, { 1, "R/W" }, { 2, "U/S" }, { 3, "PWT" }, { 4, "PCD" },
	{ 5, "A" }, { 6, "D" },	  { 7, "PS" },	{ 8, "G" },   { 63, "XD" },
};

static const struct bit_name ept_names[] = {
	{ 0, "R" },	  { 1, "W" },	 { 2, "X" },	{ 7, "PAGE" },
	{ 8, "A" },	  { 9, "D" },	 { 10, "XU" },	{ 57, "VERIFY" },
	{ 58, "PWRITE" }, { 60, "SSS" }, { 61, "SPP" }, { 63, "SVE" },
};

static const struct bit_name access_names[] = {
	{ 0, "read" },	   { 1, "write" },	  { 2, "fetch" }, { 3, "user" },
	{ 4, "implicit" }, { 5, "shadow-stack" }, { 6, "AC" },	  { 7, "event-delivery" },
	{ 8, "async" },	   { 9, "enclave" },	  { 10, "RTM" },  { 11, "nmi-unblocking" },
};

static const struct bit_name qualification_names[] = {
	{ 0, "read" },	 { 1, "write" }, { 2, "fetch" },     { 3, "R" },
	{ 4, "W" },	 { 5, "X" },	 { 6, "XU" },	     { 7, "gla" },
	{ 8, "final" },	 { 9, "user" },	 { 10, "writable" }, { 11, "nx" },
	{ 12, "nmi" },	 { 13, "ss" },	 { 14, "sss" },	     { 15, "verification" },
	{ 16, "async" },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void print_bits(uint64_t value, const struct bit_name *names, size_t nr)
{
	for (unsigned n = 0; n < 64; n++) {
		const char *name = NULL;

		if (!(value >> n & 1))
			continue;
		for (size_t i = 0; i < nr; i++)
			if (names[i].bit == n)
				name = names[i].name;
		if (name)
			printf(" %s", name);
		else
			printf(" %u", n);
	}
}

static void print_digits(const struct rig *rig)
{
	printf("  ");
	for (unsigned i = 0; i < NR_DIGITS; i++)
		if (rig->test.digit[i])
			printf(" [%s: %u]", digit_name[i], rig->test.digit[i]);
	printf("\n");
}

static void print_registers(const struct test_case *c)
{
	const struct udv_paging_config *g = &c->config;

	printf("   access:");
	print_bits(c->access & 0xfff, access_names, COUNT(access_names));
	printf(", size %u, address %#" PRIx64 "\n", UDV_ACCESS_SIZE_OF(c->access),
	       c->entry_point == ENTRY_WALK ? c->gva : c->gpa);
	printf("   CR0 %#" PRIx64 " CR3 %#" PRIx64 " CR4 %#" PRIx64 " EFER %#" PRIx64
	       " PKRU %#x PKRS %#x features %#x M %u\n",
	       g->cr0, g->cr3, g->cr4, g->efer, g->pkru, g->pkrs, g->features, g->guest_maxphyaddr);
	if (g->ept)
		printf("   EPTP %#" PRIx64 " controls %#x cap %#" PRIx64 " M %u PML index %u\n",
		       g->eptp, g->ept_controls, g->ept_vpid_cap, g->maxphyaddr, g->pml_index);
}

static void print_entries(const struct rig *rig)
{
	const struct world *w = &rig->world;

	for (unsigned level = 5; level >= 1; level--) {
		uint64_t address = w->guest_entry[level];

		if (!address)
			continue;
		uint64_t entry = world_get(w, rig->pristine, address, world_entry_size(w));
		printf("   guest %u @ %#" PRIx64 ": %#" PRIx64 ":", level, address, entry);
		print_bits(entry, guest_names, COUNT(guest_names));
		printf("\n");
	}
	for (unsigned page = 6; page-- > 0;)
		for (unsigned level = 5; level >= 1; level--) {
			uint64_t address = w->ept_entry[page][level];

			if (!address)
				continue;
			uint64_t entry = world_get(w, rig->pristine, address, 8);
			printf("   ept %u of %s%.0u @ %#" PRIx64 ": %#" PRIx64 ":", level,
			       page ? "table " : "final page", page, address, entry);
			print_bits(entry, ept_names, COUNT(ept_names));
			printf("\n");
		}
}

static void print_qualification(const char *what, uint64_t value)
{
	printf(" %s %#" PRIx64 " (", what, value);
	print_bits(value, qualification_names, COUNT(qualification_names));
	printf(" )");
}

static void print_expected(const struct oracle_result *e)
{
	printf("   oracle:  %s, stage %d, gla %#" PRIx64 " gpa %#" PRIx64 " hpa %#" PRIx64
	       " code %#x guest %#x ept %#x shifts %u %u leaf %#" PRIx64 " %#" PRIx64
	       " spp %d pml %u npf %#" PRIx64 " flags %#x level %u entry %#" PRIx64 "\n           ",
	       udv_outcome_text(e->outcome), (int)e->stage, e->gla, e->gpa, e->hpa, e->error_code,
	       e->guest_rights, e->ept_rights, e->guest_page_shift, e->ept_page_shift,
	       e->guest_leaf, e->ept_leaf, e->write_by_spp, e->pml_index, e->npf, e->flags,
	       e->level, e->entry);
	print_qualification("EQ", e->qualification);
	printf("\n");
}

static void print_got(const struct rig *rig)
{
	const struct udv_walk_result *g = &rig->got;
	struct udv_exit_info info = udv_exit_info(g, UDV_EPT_CAP_ALL);

	printf("   library: %s (%s), stage %d, gla %#" PRIx64 " gpa %#" PRIx64 " hpa %#" PRIx64
	       " code %#x guest %#x ept %#x shifts %u %u leaf %#" PRIx64 " %#" PRIx64
	       " spp %d pml %u npf %#" PRIx64 " flags %#x level %u entry %#" PRIx64 "\n           ",
	       udv_outcome_text(g->outcome), udv_cause_text(g->fault.cause), (int)g->stage,
	       g->gla.value, g->gpa.value, g->hpa.value, g->fault.error_code, g->guest_rights,
	       g->ept_rights, g->guest_page_shift, g->ept_page_shift, g->guest_leaf, g->ept_leaf,
	       g->write_by_spp, rig->paging[rig->test.digit[D_MEMORY]].pml_index,
	       udv_npf_exitinfo1(g), g->fault.flags, g->fault.level, g->fault.entry);
	print_qualification("EQ", info.exit_qualification);
	printf("\n");
}

static void print_l1(const char *who, const struct oracle_l1 *l1)
{
	printf("   %s access: %d, %#x, stage %d, gla %#" PRIx64 " rights %#x unverified %d;"
	       " status %d, reason %u, gpa %#" PRIx64 " gla %d %#" PRIx64,
	       who, (int)l1->access_status, l1->access, (int)l1->origin.stage, l1->origin.gla.value,
	       l1->origin.guest_rights, l1->origin.unverified, (int)l1->status,
	       l1->info.exit_reason, l1->info.guest_physical_address.value, l1->info.gla_valid,
	       l1->info.guest_linear_address.value);
	print_qualification("EQ", l1->info.exit_qualification);
	printf("\n");
}

static void print_reports(const struct rig *rig)
{
	const struct udv_hardware_report *r = &rig->test.report;

	printf("   report: reason %u,", r->exit_reason);
	print_qualification("EQ", r->exit_qualification);
	printf(", A/D %d, advanced %d, bit 12 defined %d, delivery %d, enclave %d\n", r->ept02_ad,
	       r->advanced_info, r->nmi_unblocking_defined, r->event_delivery, r->enclave);
	print_l1("oracle's ", &rig->expected_l1);
	print_l1("library's", &rig->got_l1);
}

static void print_accesses(const struct rig *rig)
{
	printf("   oracle's accesses:");
	for (unsigned i = 0; i < rig->oracle_memory.nr_events; i++) {
		const struct oracle_event *e = &rig->oracle_memory.events[i];

		printf(" %c%#" PRIx64, e->write ? 'w' : 'r', e->address);
	}
	printf("\n   library's:        ");
	for (unsigned i = 0; i < rig->nr_accesses; i++)
		printf(" %c%#" PRIx64, rig->accesses[i].write ? 'w' : 'r',
		       rig->accesses[i].address);
	printf("\n");
}

void print_case(const struct rig *rig, const char *difference)
{
	printf("DIFFERENCE: %s\n", difference);
	if (rig->problem)
		printf("   refused: %s\n", rig->problem);
	print_digits(rig);
	print_registers(&rig->test);
	print_entries(rig);
	print_expected(&rig->expected);
	print_got(rig);
	printf("   #VE: oracle %d, library %d; causes %#x\n", rig->expected_convertible,
	       rig->got_convertible, rig->expected.causes);
	if (rig->test.entry_point == ENTRY_REPORT)
		print_reports(rig);
	if (rig->test.digit[D_MEMORY] == MEMORY_CALLBACKS)
		print_accesses(rig);
}
