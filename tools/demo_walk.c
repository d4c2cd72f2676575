/* SPDX-License-Identifier: MIT */
/*
 * A small machine with an L2 behind an EPT, built in memory, and what becomes of five accesses: one
 * that goes through, and the four in which a hypervisor that emulates string I/O for its guest's
 * guest has to make the fault up itself.
 */
#include "demo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RAM_PAGES 16
#define PAGE 4096ull

/* Host-physical pages of the machine. EPT maps guest-physical page n of the tables to them. */
#define EPT_PML4 0x1000ull
#define EPT_PDPT 0x2000ull
#define EPT_PD 0x3000ull
#define EPT_PT 0x4000ull
#define GUEST_PML4 0x8000ull
#define GUEST_PDPT 0x9000ull
#define GUEST_PD 0xa000ull
#define GUEST_PT 0xb000ull
#define DATA 0xc000ull

#define LINEAR 0x00007f5a3c2b1948ull
#define GUEST_TABLE (UDV_PTE_P | UDV_PTE_W | UDV_PTE_A)
#define GUEST_PAGE (GUEST_TABLE | UDV_PTE_D)
#define EPT_RWX (UDV_EPTE_R | UDV_EPTE_W | UDV_EPTE_X)
#define EPT_TABLE (EPT_RWX | UDV_EPTE_A)
#define EPT_PAGE (EPT_RWX | 6ull << UDV_EPTE_TYPE_SHIFT | UDV_EPTE_A | UDV_EPTE_D)

struct demo_machine {
	_Alignas(4096) uint64_t ram[RAM_PAGES * PAGE / 8];
	struct walk_options options;
	struct walk_session session;
};

static void store(struct demo_machine *m, uint64_t table, uint64_t address, unsigned level,
		  uint64_t entry)
{
	m->ram[table / 8 + (address >> (12 + 9 * (level - 1)) & 511)] = entry;
}

static void build(struct demo_machine *m)
{
	memset(m->ram, 0, sizeof(m->ram));
	store(m, EPT_PML4, 0, 4, EPT_PDPT | EPT_TABLE);
	store(m, EPT_PDPT, 0, 3, EPT_PD | EPT_TABLE);
	store(m, EPT_PD, 0, 2, EPT_PT | EPT_TABLE);
	for (uint64_t page = GUEST_PML4; page <= DATA; page += PAGE)
		store(m, EPT_PT, page, 1, page | EPT_PAGE);
	store(m, GUEST_PML4, LINEAR, 4, GUEST_PDPT | GUEST_TABLE);
	store(m, GUEST_PDPT, LINEAR, 3, GUEST_PD | GUEST_TABLE);
	store(m, GUEST_PD, LINEAR, 2, GUEST_PT | GUEST_TABLE);
	store(m, GUEST_PT, LINEAR, 1, DATA | GUEST_PAGE);
}

static void prepare(struct demo_machine *m)
{
	struct walk_session *s = &m->session;

	s->options = &m->options;
	s->memory = (struct udv_memory){
		.windows = { { .size = sizeof(m->ram), .host = m->ram, .read_only = true } },
		.nr_windows = 1,
	};
	s->config = (struct udv_paging_config){
		.cr0 = UDV_CR0_PE | UDV_CR0_WP | UDV_CR0_PG,
		.cr3 = GUEST_PML4,
		.cr4 = UDV_CR4_PAE,
		.efer = UDV_EFER_LME | UDV_EFER_LMA | UDV_EFER_NXE,
		.features = UDV_FEATURES_ALL,
		.guest_maxphyaddr = 46,
		.maxphyaddr = 46,
		.ept = true,
		.eptp = EPT_PML4 | 0x5e,
		.ept_vpid_cap = UDV_EPT_CAP_ALL,
	};
}

struct demo_case {
	const char *title;
	const char *spoilt; /* what is wrong with the tables */
	uint64_t page;	    /* whose EPT PTE is changed */
	uint64_t clear;	    /* bits taken out of it */
	uint32_t access;
	uint64_t plain, advanced; /* the qualification, without and with advanced information */
};

static const struct demo_case cases[] = {
	{ "OUTSB, data page unmapped", "the data page's EPT PTE is 0", DATA, ~0ull, UDV_ACCESS_READ,
	  0x181, 0x581 },
	{ "OUTSB, page-table page unmapped", "the EPT PTE of the page that holds the PTE is 0",
	  GUEST_PT, ~0ull, UDV_ACCESS_READ, 0x083, 0x083 },
	{ "INSB, data page not writable", "the data page's EPT PTE has no W", DATA, UDV_EPTE_W,
	  UDV_ACCESS_WRITE, 0x1aa, 0x5aa },
	{ "OUTSB, page-table page not writable",
	  "the EPT PTE of the page that holds the PTE has no W", GUEST_PT, UDV_EPTE_W,
	  UDV_ACCESS_READ, 0x0ab, 0x0ab },
};

static void walk_case(struct demo_machine *m, uint32_t access, struct walked *walked)
{
	m->options.access = access;
	udv_paging_init(&m->session.paging, &m->session.config, &m->session.memory);
	walk_one(&m->session, LINEAR, WALK_ADVICE, walked);
}

/* True if the walk gave exactly what it has to. */
static bool run_case(struct demo_machine *m, const struct demo_case *c, unsigned number)
{
	struct walked walked;
	uint64_t plain;

	build(m);
	m->ram[EPT_PT / 8 + c->page / PAGE] &= ~c->clear;
	walk_case(m, c->access, &walked);
	plain = udv_exit_info(&walked.result, UDV_EPT_CAP_ALL & ~UDV_EPT_CAP_ADVANCED_INFO)
			.exit_qualification;
	printf("\n%u. %s: %s\n", number, c->title, c->spoilt);
	printf("  exit qualification 0x%03" PRIx64 ", with advanced information 0x%03" PRIx64
	       " (expected 0x%03" PRIx64 ", 0x%03" PRIx64 ")\n",
	       plain, walked.exit.exit_qualification, c->plain, c->advanced);
	walk_print_fault(&walked);
	return plain == c->plain && walked.exit.exit_qualification == c->advanced;
}

int demo_walk(void)
{
	static struct demo_machine machine;
	struct walked walked;
	bool right;

	prepare(&machine);
	build(&machine);
	printf("An L2 with 4-level paging behind a 4-level EPT with accessed and dirty flags.\n\n"
	       "0. OUTSB reads its byte: 24 entries are read, and it goes through\n\n");
	walk_case(&machine, UDV_ACCESS_READ, &walked);
	walk_print_text(&walked);
	right = walked.result.outcome == UDV_WALK_OK && walked.result.hpa.value == (DATA | 0x948);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		right = run_case(&machine, &cases[i], i + 1) && right;
	if (!right)
		complain("demo", "a qualification above is not what it must be");
	return right ? 0 : 1;
}
