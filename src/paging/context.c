/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/paging_bits.h"
#include <undervisor/paging.h>

enum udv_paging_mode udv_paging_mode(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	if (!(cr0 & CR0_PG))
		return UDV_PAGING_NONE;
	if (!(cr4 & CR4_PAE))
		return UDV_PAGING_32BIT;
	if (!(efer & EFER_LMA))
		return UDV_PAGING_PAE;
	return cr4 & CR4_LA57 ? UDV_PAGING_5_LEVEL : UDV_PAGING_4_LEVEL;
}

uint32_t udv_eptp_problems(uint64_t eptp, uint64_t ept_vpid_cap, unsigned maxphyaddr)
{
	uint64_t type = eptp & EPTP_TYPE_MASK;
	uint64_t walk = eptp >> EPTP_WALK_SHIFT & EPTP_WALK_MASK;
	uint32_t problems = 0;

	if (!(type == EPTP_TYPE_UC && ept_vpid_cap & UDV_EPT_CAP_UC) &&
	    !(type == EPTP_TYPE_WB && ept_vpid_cap & UDV_EPT_CAP_WB))
		problems |= UDV_EPTP_BAD_MEMORY_TYPE;
	if (!(walk == 3 && ept_vpid_cap & UDV_EPT_CAP_4_LEVEL) &&
	    !(walk == 4 && ept_vpid_cap & UDV_EPT_CAP_5_LEVEL))
		problems |= UDV_EPTP_BAD_WALK_LENGTH;
	if (eptp & EPTP_AD && !(ept_vpid_cap & UDV_EPT_CAP_AD))
		problems |= UDV_EPTP_BAD_AD;
	if (eptp & EPTP_SSS && !(ept_vpid_cap & UDV_EPT_CAP_SHADOW_STACK))
		problems |= UDV_EPTP_BAD_SHADOW_STACK;
	if (eptp & BITS(11, 8))
		problems |= UDV_EPTP_BAD_RESERVED;
	if (eptp & bits_from(maxphyaddr))
		problems |= UDV_EPTP_BAD_ADDRESS;
	return problems;
}

static bool width_ok(unsigned maxphyaddr)
{
	return maxphyaddr >= 32 && maxphyaddr <= 52;
}

/* pa(x, 12): page-aligned and within the physical-address width. */
static bool page_address_ok(uint64_t address, unsigned maxphyaddr)
{
	return !(address & (BITS(11, 0) | bits_from(maxphyaddr)));
}

static const char *ept_problem(const struct udv_paging_config *c)
{
	static const char *const eptp_text[] = {
		"EPTP: memory type not UC or WB, or not supported",
		"EPTP: page-walk length not 4 or 5 levels, or not supported",
		"EPTP: accessed and dirty flags enabled but not supported",
		"EPTP: supervisor shadow-stack control set but not supported",
		"EPTP: bits 11:8 not zero",
		"EPTP: address beyond MAXPHYADDR",
	};
	uint32_t problems;

	if (!width_ok(c->maxphyaddr))
		return "MAXPHYADDR not 32 to 52";
	if (c->guest_maxphyaddr > c->maxphyaddr)
		return "guest MAXPHYADDR larger than the processor's";
	if (c->ept_controls & ~UDV_EPT_CONTROLS_ALL)
		return "unknown EPT control";
	problems = udv_eptp_problems(c->eptp, c->ept_vpid_cap, c->maxphyaddr);
	if (problems)
		return eptp_text[__builtin_ctz(problems)];
	if (c->ept_controls & UDV_EPT_SPP && !page_address_ok(c->sppt_pointer, c->maxphyaddr))
		return "SPPTP not page-aligned or beyond MAXPHYADDR";
	if (c->ept_controls & UDV_EPT_PML && !page_address_ok(c->pml_address, c->maxphyaddr))
		return "PML address not page-aligned or beyond MAXPHYADDR";
	if (c->ept_controls & UDV_EPT_VE && !page_address_ok(c->ve_information, c->maxphyaddr))
		return "virtualization-exception information address not page-aligned or beyond "
		       "MAXPHYADDR";
	return NULL;
}

static const char *register_problem(const struct udv_paging_config *c)
{
	bool paging = c->cr0 & CR0_PG;
	bool lma = c->efer & EFER_LMA;

	if (paging && !(c->cr0 & CR0_PE))
		return "CR0.PG = 1 with CR0.PE = 0";
	if (lma && !paging)
		return "EFER.LMA = 1 with CR0.PG = 0";
	if (lma && !(c->cr4 & CR4_PAE))
		return "EFER.LMA = 1 with CR4.PAE = 0";
	if (paging && !lma && c->efer & EFER_LME)
		return "EFER.LME = 1 and CR0.PG = 1 with EFER.LMA = 0";
	if (c->cr4 & CR4_CET && !(c->cr0 & CR0_WP))
		return "CR4.CET = 1 with CR0.WP = 0";
	if (c->cr3 & bits_from(c->guest_maxphyaddr) & ~(CR3_LAM_U48 | CR3_LAM_U57))
		return "CR3 beyond MAXPHYADDR";
	return NULL;
}

const char *udv_paging_problem(const struct udv_paging_config *c)
{
	const char *problem;

	if (!width_ok(c->guest_maxphyaddr))
		return "guest MAXPHYADDR not 32 to 52";
	if (c->features & ~UDV_FEATURES_ALL)
		return "unknown paging feature";
	problem = register_problem(c);
	if (problem)
		return problem;
	if (udv_paging_mode(c->cr0, c->cr4, c->efer) == UDV_PAGING_PAE)
		for (unsigned i = 0; i < 4; i++)
			if (!udv_pdpte_valid(c->pdpte[i], c->guest_maxphyaddr))
				return "a PDPTE register has reserved bits set";
	return c->ept ? ept_problem(c) : NULL;
}

/* "If the PAT is supported, ...; otherwise, reserved (must be 0)." */
static void reserve_pat_bits(struct udv_paging *p)
{
	if (p->config.features & UDV_FEATURE_PAT)
		return;
	p->guest.reserved_leaf[1] |= PTE_PAT;
	p->guest.reserved_leaf[2] |= PTE_LARGE_PAT;
}

/* SDM Vol 3A "32-Bit Paging", with the reserved bits of a 4-MByte page for this MAXPHYADDR. */
static void prepare_32bit(struct udv_paging *p)
{
	struct udv_paging_dimension *d = &p->guest;
	const struct udv_paging_config *c = &p->config;

	d->root = c->cr3 & BITS(31, 12);
	if (c->cr4 & CR4_PSE)
		d->page_size[2] = PTE_PS;
	if (c->features & UDV_FEATURE_PSE36) {
		unsigned width = c->guest_maxphyaddr < 40 ? c->guest_maxphyaddr : 40;

		d->reserved_leaf[2] = BITS(21, width - 19);
	} else {
		d->reserved_leaf[2] = BITS(21, 13);
	}
	reserve_pat_bits(p);
}

/* PAE, 4-level and 5-level paging: entries of 8 bytes that differ in what lies above the address.
 */
static void prepare_64bit(struct udv_paging *p)
{
	struct udv_paging_dimension *d = &p->guest;
	const struct udv_paging_config *c = &p->config;
	uint64_t reserved = address_bits_from(c->guest_maxphyaddr);

	d->root = c->cr3 & ENTRY_ADDRESS;
	if (p->mode == UDV_PAGING_PAE)
		reserved |= BITS(62, 52);
	if (!(c->efer & EFER_NXE))
		reserved |= PTE_XD;
	for (unsigned level = 1; level <= 5; level++) {
		d->reserved_table[level] = reserved;
		d->reserved_leaf[level] = reserved;
	}
	d->page_size[2] = PTE_PS;
	d->reserved_leaf[2] |= BITS(20, 13);
	if (c->features & UDV_FEATURE_1GB_PAGES)
		d->page_size[3] = PTE_PS;
	else
		d->reserved_table[3] |= PTE_PS;
	d->reserved_leaf[3] |= BITS(29, 13);
	/* Every processor with 64-bit paging has the PAT. */
	if (p->mode == UDV_PAGING_PAE)
		reserve_pat_bits(p);
	d->reserved_table[4] |= PTE_PS;
	d->reserved_table[5] |= PTE_PS;
}

/* Sets of rights (R, W, X, XU as bits 0..3) that a present entry may not have. */
static uint64_t ept_illegal_rights(const struct udv_paging_config *c)
{
	bool mbec = c->ept_controls & UDV_EPT_MBEC;
	uint64_t illegal = 0;

	for (unsigned rights = 0; rights < 16; rights++) {
		bool execute = rights & UDV_EPT_X || (mbec && rights & UDV_EPT_XU);

		if (rights & UDV_EPT_R)
			continue;
		if (rights & UDV_EPT_W)
			illegal |= BIT(rights);
		else if (execute && !(c->ept_vpid_cap & UDV_EPT_CAP_EXECUTE_ONLY))
			illegal |= BIT(rights);
	}
	return illegal;
}

/* SDM Vol 3C "EPT Translation Mechanism": the tables of entry formats. */
static void prepare_ept(struct udv_paging *p)
{
	struct udv_paging_dimension *d = &p->ept;
	const struct udv_paging_config *c = &p->config;
	uint64_t reserved = address_bits_from(c->maxphyaddr);

	p->ept_levels = (uint8_t)((c->eptp >> EPTP_WALK_SHIFT & EPTP_WALK_MASK) + 1);
	p->ept_ad = c->eptp & EPTP_AD;
	p->ept_illegal = ept_illegal_rights(c);
	d->root = c->eptp & ENTRY_ADDRESS;
	d->present = EPT_RWX | (c->ept_controls & UDV_EPT_MBEC ? EPT_XU : 0);
	for (unsigned level = 1; level <= 5; level++) {
		d->reserved_table[level] = reserved | BITS(7, 3);
		d->reserved_leaf[level] = reserved;
	}
	if (c->ept_vpid_cap & UDV_EPT_CAP_2MB)
		d->page_size[2] = EPT_PS;
	if (c->ept_vpid_cap & UDV_EPT_CAP_1GB)
		d->page_size[3] = EPT_PS;
	d->reserved_leaf[2] |= BITS(20, 12);
	d->reserved_leaf[3] |= BITS(29, 12);
}

static bool aligned(const void *host)
{
	return !((uintptr_t)host & 7);
}

static bool memory_ok(const struct udv_memory *memory)
{
	if (memory->nr_windows > UDV_MEMORY_WINDOWS)
		return false;
	for (unsigned i = 0; i < memory->nr_windows; i++) {
		const struct udv_memory_window *window = &memory->windows[i];

		if (window->base & 7 || (!window->read_only && !aligned(window->host)))
			return false;
	}
	return true;
}

/* Bit 0 is P in a guest entry and R in EPT's, and no set of rights with R is reserved. */
static void prepare_plain(struct udv_paging_dimension *d)
{
	for (unsigned level = 2; level <= 5; level++)
		d->plain[level] = BIT(0) | d->reserved_table[level] | d->page_size[level];
}

enum udv_status udv_paging_init(struct udv_paging *p, const struct udv_paging_config *config,
				const struct udv_memory *memory)
{
	if (udv_paging_problem(config) || !memory_ok(memory))
		return UDV_ERR_ARGUMENT;
	memset(p, 0, sizeof(*p));
	p->memory = memory;
	p->config = *config;
	if (memory->nr_windows && aligned(memory->windows[0].host)) {
		const struct udv_memory_window *window = &memory->windows[0];

		p->fast_base = window->base;
		p->fast_size = window->size & ~7ull; /* an entry that starts inside ends inside */
		p->fast_bias = (uintptr_t)window->host - (uintptr_t)window->base;
	}
	p->mode = udv_paging_mode(config->cr0, config->cr4, config->efer);
	p->pml_index = config->pml_index;
	p->guest.present = PTE_P;
	if (p->mode == UDV_PAGING_32BIT)
		prepare_32bit(p);
	else if (p->mode != UDV_PAGING_NONE)
		prepare_64bit(p);
	if (config->ept)
		prepare_ept(p);
	prepare_plain(&p->guest);
	prepare_plain(&p->ept);
	return UDV_OK;
}
