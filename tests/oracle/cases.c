/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cases.h"

#define X(name, radix, text) text,
const char *const digit_name[NR_DIGITS] = { CASE_DIGITS(X) };
#undef X
#define X(name, radix, text) radix,
const uint8_t digit_radix[NR_DIGITS] = { CASE_DIGITS(X) };
#undef X

#define R UDV_ACCESS_READ
#define W UDV_ACCESS_WRITE
#define F UDV_ACCESS_FETCH
#define USER UDV_ACCESS_USER
#define IMPLICIT UDV_ACCESS_IMPLICIT
#define AC UDV_ACCESS_AC
#define SS UDV_ACCESS_SHADOW_STACK

static const uint32_t accesses[] = {
	R,
	W,
	F,
	USER | R,
	USER | W,
	USER | F,
	R | W,
	USER | R | W,
	AC | R,
	AC | W,
	IMPLICIT | R,
	IMPLICIT | W,
	SS | R,
	SS | W,
	SS | USER | R,
	SS | USER | W,
	IMPLICIT | USER | R,
	IMPLICIT | USER | W,
	IMPLICIT | AC | R,
	IMPLICIT | AC | USER | W,
	AC | F,
	AC | USER | R,
	AC | USER | F,
	AC | R | W,
	IMPLICIT | R | W,
	SS | IMPLICIT | USER | W,
	SS | IMPLICIT | USER | R | W,
};

static const uint32_t modifiers[] = {
	0,
	UDV_ACCESS_NMI_UNBLOCKING,
	UDV_ACCESS_ASYNC,
	UDV_ACCESS_RTM,
	UDV_ACCESS_ENCLAVE,
	UDV_ACCESS_EVENT_DELIVERY,
	UDV_ACCESS_RTM | UDV_ACCESS_NMI_UNBLOCKING,
	UDV_ACCESS_ENCLAVE | UDV_ACCESS_ASYNC,
	UDV_ACCESS_NMI_UNBLOCKING | UDV_ACCESS_EVENT_DELIVERY,
	UDV_ACCESS_EVENT_DELIVERY | UDV_ACCESS_ASYNC,
};

static const uint8_t sizes[] = { 0, 1, 8, 96, 128, 255 };

static const uint64_t tags[] = {
	0,
	1ull << 63,
	1ull << 62,
	1ull << 57,
	1ull << 56,
	1ull << 48,
	1ull << 47,
	0x7e00000000000000ull, /* 62:57 */
	0x7fff000000000000ull, /* 62:48 */
	0x7fff800000000000ull, /* 62:47 */
	0xffff000000000000ull,
	0x2a0b000000000000ull,
};

/* Key 5 is that of the plain leaf. */
static const uint32_t keys[] = { 0, 1u << 10, 2u << 10, 3u << 10, ~(3u << 10) };

static const uint8_t guest_widths[] = { 46, 52, 36, 40, 32, 45, 39 };
static const uint8_t widths[] = { 46, 52, 36, 40, 51, 48 };
static const uint16_t pml_indices[] = { 511, 0, 5, 512, 0xffff, 1, 2 };

static const uint32_t report_reasons[] = { 48, 49, 30 };
static const uint8_t report_kinds[] = { 1, 2, 4, 3, 0, 5, 6, 7 };
static const uint64_t report_stages[] = { 0x180, 0x080, 0x000, 0x100 };
static const uint64_t report_junk[] = { 0, 0x78, ~0ull << 17, ~0ull << 17 | 0x78 };

/* What the dwords at offsets 0 and 4 of the virtualization-exception information area hold. */
static const uint64_t ve_areas[] = {
	0, ~0ull << 32, 48, 1ull << 32, 1ull << 63, 0, /* the last lies where there is no memory */
};
#define VE_AREA_NOWHERE 5

void case_shape(const uint16_t *d, struct world_shape *shape)
{
	*shape = (struct world_shape){
		.mode = (uint8_t)d[D_MODE],
		.ept_levels = (uint8_t)(d[D_EPT] ? d[D_EPT] + 3 : 0),
		.guest_leaf = (uint8_t)(d[D_GUEST_LEAF] + 1),
		.table_leaf = (uint8_t)(d[D_TABLE_LEAF] + 1),
		.final_leaf = (uint8_t)(d[D_FINAL_LEAF] + 1),
		.layout = (uint8_t)d[D_LAYOUT],
		.address = (uint8_t)d[D_ADDRESS],
		.noise = (uint8_t)d[D_NOISE],
		.guest_flags = (uint8_t)d[D_GUEST_FLAGS],
		.ept_flags = (uint8_t)d[D_EPT_FLAGS],
	};
}

void case_normalise(uint16_t *d)
{
	bool legacy = d[D_MODE] <= UDV_PAGING_PAE;

	if (d[D_ENTRY_POINT] == ENTRY_PDPTES || d[D_ENTRY_POINT] == ENTRY_PDPTES_BAD)
		d[D_MODE] = UDV_PAGING_PAE;
	else if (d[D_ENTRY_POINT] != ENTRY_WALK)
		d[D_MODE] = UDV_PAGING_NONE;
	if (d[D_MODE] == UDV_PAGING_NONE || d[D_MODE] == UDV_PAGING_PAE)
		d[D_LAYOUT] = d[D_LAYOUT] == LAYOUT_PACKED ? LAYOUT_PACKED : LAYOUT_SPREAD;
	/* PDPTE registers hold no address that is too wide. */
	if (d[D_MODE] == UDV_PAGING_PAE && (d[D_GUEST_WIDTH] || d[D_WIDTH]))
		d[D_LAYOUT] = LAYOUT_PACKED;
	if (d[D_MODE] == UDV_PAGING_NONE || d[D_LAYOUT] == LAYOUT_RECURSIVE ||
	    d[D_LAYOUT] == LAYOUT_SELF)
		d[D_GUEST_LEAF] = 0;
	if (legacy && d[D_GUEST_LEAF] == 2)
		d[D_GUEST_LEAF] = 1;
	if (legacy)
		d[D_TAG] = 0;
	/* Control-flow enforcement needs CR0.WP, and paging to mean anything. */
	if (accesses[d[D_ACCESS]] & SS)
		d[D_WP] = 0;
	if (d[D_MODE] == UDV_PAGING_NONE && d[D_ENTRY_POINT] == ENTRY_WALK)
		while (accesses[d[D_ACCESS]] & SS)
			d[D_ACCESS] = (uint16_t)(d[D_ACCESS] % 12);
	if (d[D_ENTRY_POINT] == ENTRY_GPA_TABLE)
		d[D_ACCESS] = d[D_ACCESS] & 1 ? 6 : 0;
	if (d[D_ENTRY_POINT] == ENTRY_GPA_NONE)
		d[D_ACCESS] = d[D_ACCESS] & 1;
	if (d[D_ENTRY_POINT] >= ENTRY_PDPTES)
		d[D_ACCESS] = d[D_MODIFIER] = 0;
	if (d[D_MODE] != UDV_PAGING_NONE)
		d[D_REAL_MODE] = 0;
	/* No shadow-stack access (bit 13) is without a linear address. */
	if (!(report_stages[d[D_EQ_STAGE]] & 0x80))
		d[D_EQ_MORE] &= 0x1d;
}

/* ------------------------------------------------------------------ registers */

static uint64_t cr4_of(const uint16_t *d)
{
	uint64_t cr4 = 1ull << 13; /* VMXE */

	cr4 |= d[D_PSE] ? 0 : 1ull << 4;
	cr4 |= d[D_MODE] >= UDV_PAGING_PAE ? 1ull << 5 : 0;
	cr4 |= d[D_MODE] == UDV_PAGING_5_LEVEL ? 1ull << 12 : 0;
	cr4 |= (uint64_t)d[D_SMEP] << 20 | (uint64_t)d[D_SMAP] << 21 | (uint64_t)d[D_PKE] << 22;
	cr4 |= (uint64_t)d[D_PKS] << 24 | (uint64_t)d[D_LASS] << 27;
	cr4 |= (uint64_t)d[D_LAM_SUP] << 28;
	if (accesses[d[D_ACCESS]] & SS)
		cr4 |= 1ull << 23;
	return cr4;
}

static void guest_registers(struct udv_paging_config *g, const uint16_t *d, const struct world *w)
{
	g->cr0 = d[D_REAL_MODE] ? 0x30 : 0x31; /* PE, ET, NE */
	g->cr0 |= d[D_WP] ? 0 : 1ull << 16;
	g->cr0 |= d[D_MODE] ? 1ull << 31 : 0;
	g->cr4 = cr4_of(d);
	g->efer = d[D_NXE] ? 0 : 1ull << 11;
	g->cr3 = w->root;
	if (d[D_MODE] >= UDV_PAGING_4_LEVEL) {
		g->efer |= 1ull << 8 | 1ull << 10;
		g->cr3 |= (uint64_t)(d[D_LAM_USER] & 1) << 62;
		g->cr3 |= (uint64_t)(d[D_LAM_USER] >> 1) << 61;
	}
	if (d[D_MODE] == UDV_PAGING_PAE)
		g->cr3 |= WORLD_PDPTES;
	memcpy(g->pdpte, w->pdpte, sizeof(g->pdpte));
	g->pkru = keys[d[D_PKRU]];
	g->pkrs = keys[d[D_PKRS]];
	g->features = UDV_FEATURES_ALL & ~(uint32_t)d[D_FEATURES];
	g->guest_maxphyaddr = guest_widths[d[D_GUEST_WIDTH]];
}

static void ept_registers(struct udv_paging_config *g, const uint16_t *d, const struct world *w)
{
	g->ept = d[D_EPT] != 0;
	g->maxphyaddr = widths[d[D_WIDTH]];
	g->eptp = w->eptp | 6 | (w->shape.ept_levels == 5 ? 4u << 3 : 3u << 3);
	g->eptp |= (uint64_t)d[D_AD] << 6 | (uint64_t)d[D_SSS] << 7;
	g->ept_controls |= d[D_MBEC] ? UDV_EPT_MBEC : 0;
	g->ept_controls |= d[D_SPP] ? UDV_EPT_SPP : 0;
	g->ept_controls |= d[D_PML] ? UDV_EPT_PML : 0;
	g->ept_controls |= d[D_PAGING_WRITE] ? UDV_EPT_PAGING_WRITE : 0;
	g->ept_controls |= d[D_VERIFICATION] ? UDV_EPT_VERIFICATION : 0;
	g->ept_vpid_cap = UDV_EPT_CAP_ALL;
	g->ept_vpid_cap &= d[D_CAP] & 1 ? ~UDV_EPT_CAP_EXECUTE_ONLY : ~0ull;
	g->ept_vpid_cap &= d[D_CAP] & 2 ? ~UDV_EPT_CAP_2MB : ~0ull;
	g->ept_vpid_cap &= d[D_CAP] & 4 ? ~UDV_EPT_CAP_1GB : ~0ull;
	g->sppt_pointer = w->sppt_root;
	g->pml_address = w->pml;
	g->ept_controls |= d[D_VE] ? UDV_EPT_VE : 0;
	g->ve_information = w->base;
	if (d[D_VE_AREA] == VE_AREA_NOWHERE)
		g->ve_information ^= 1ull << 31;
	g->pml_index = pml_indices[d[D_PML_INDEX]];
	if (w->shape.layout == LAYOUT_WIDE) {
		g->maxphyaddr = 52;
		if (d[D_GUEST_WIDTH] == 0)
			g->guest_maxphyaddr = 52;
	}
	/* A guest may have less than the processor, never more. */
	if (g->guest_maxphyaddr > g->maxphyaddr)
		g->guest_maxphyaddr = g->maxphyaddr;
}

/* ------------------------------------------------------------------ entries */

static uint64_t flip(unsigned digit)
{
	return digit ? 1ull << (digit - 1) : 0;
}

static uint64_t guest_mask(unsigned mask)
{
	return (mask & 1 ? GUEST_P : 0) | (mask & 2 ? GUEST_W : 0) | (mask & 4 ? GUEST_U : 0) |
	       (mask & 8 ? GUEST_A : 0) | (mask & 16 ? GUEST_D : 0) | (mask & 32 ? GUEST_XD : 0);
}

static uint64_t ept_mask(unsigned mask)
{
	return (mask & 7) | (mask & 8 ? 1ull << 10 : 0) | (mask & 16 ? 1ull << 8 : 0) |
	       (mask & 32 ? 1ull << 9 : 0);
}

static void deviate_guest(struct test_case *c, const struct world *w, uint64_t *words,
			  unsigned level, uint64_t mask)
{
	unsigned size = world_entry_size(w);
	uint64_t address = w->guest_entry[level];

	if (w->shape.mode == UDV_PAGING_PAE && level == 3) {
		/* In a register only what a load lets through. */
		mask &= GUEST_P | 1ull << 3 | 1ull << 4 | 7ull << 9;
		c->config.pdpte[w->gva >> 30 & 3] ^= mask;
	} else if (address) {
		world_set(w, words, address, size, world_get(w, words, address, size) ^ mask);
	}
}

static void deviate_ept(const struct world *w, uint64_t *words, unsigned page, unsigned level,
			uint64_t mask)
{
	uint64_t address = w->ept_entry[page][level];

	if (address)
		world_set(w, words, address, 8, world_get(w, words, address, 8) ^ mask);
}

static void special_leaf_bits(const uint16_t *d, const struct world *w, uint64_t *words)
{
	unsigned f = d[D_FINAL_BITS];

	deviate_ept(w, words, 0, w->ept_leaf_level[0],
		    (f & 1 ? 1ull << 57 : 0) | (f & 2 ? 1ull << 58 : 0) | (f & 4 ? 1ull << 60 : 0) |
			    (f & 8 ? 1ull << 61 : 0));
	for (unsigned n = 1; n <= 5; n++)
		if (d[D_TABLE_58] >> (n - 1) & 1)
			deviate_ept(w, words, n, w->ept_leaf_level[n], 1ull << 58);
}

/* The states of the sub-page permission table, around the sub-page of the final address. */
static void put_sppt(const struct test_case *c, const struct world *w, uint64_t *words)
{
	unsigned state = c->digit[D_SPPT];
	uint64_t own = 1ull << 2 * (c->gpa >> 7 & 31);
	uint64_t all = 0x5555555555555555ull;
	uint64_t vector[] = { 0, own, all & ~own, all, all | own << 1, all };

	world_set(w, words, w->sppt[1], 8, vector[state < 5 ? state : 5]);
	if (state == 5)
		world_set(w, words, w->sppt[1], 8, own | own << 2);
	if (state >= 6 && state <= 8) /* not valid at level 2, 3, 4, with a reserved bit */
		world_set(w, words, w->sppt[state - 4], 8,
			  (world_get(w, words, w->sppt[state - 4], 8) & ~1ull) | 1ull << 52);
	if (state >= 9 && state <= 15) {
		static const uint8_t level[] = { 2, 3, 4, 2, 3, 4, 2 };
		static const uint8_t set[] = { 1, 52, 11, 51, 63, 46, 2 };
		uint64_t address = w->sppt[level[state - 9]];

		world_set(w, words, address, 8,
			  world_get(w, words, address, 8) | 1ull << set[state - 9]);
	}
}

static void put_bad_pdpte(const struct test_case *c, const struct world *w, uint64_t *words)
{
	unsigned which = c->digit[D_GA_LEVEL] & 3;
	uint64_t address = w->table_hpa[3] + WORLD_PDPTES + 8 * which;
	uint64_t value = w->table_gpa[2] | GUEST_P;

	value ^= flip(c->digit[D_GA_FLIP]);
	world_set(w, words, address, 8, value);
}

/* Reported addresses are of the byte, but in enclave mode. */
static void put_report(struct test_case *c)
{
	const uint16_t *d = c->digit;
	struct udv_hardware_report *r = &c->report;
	uint64_t told = d[D_IN_ENCLAVE] ? ~0xfffull : ~0ull;

	if (d[D_BEYOND])
		c->gpa |= 1ull << 48;
	c->gpa &= told;
	r->exit_reason = report_reasons[d[D_REASON]];
	r->exit_qualification = report_kinds[d[D_EQ_KIND]] | report_stages[d[D_EQ_STAGE]] |
				(uint64_t)d[D_EQ_RIGHTS] << 9 | (uint64_t)d[D_EQ_MORE] << 12 |
				report_junk[d[D_EQ_JUNK]];
	r->guest_physical_address = UDV_GPA(c->gpa);
	r->guest_linear_address = UDV_GVA(c->origin.gla.value & told);
	r->ept02_ad = d[D_EPT02_AD];
	r->advanced_info = !d[D_BASIC_INFO];
	r->nmi_unblocking_defined = !d[D_NMI_UNDEFINED];
	r->event_delivery = d[D_IN_DELIVERY];
	r->enclave = d[D_IN_ENCLAVE];
	c->l1_cap = d[D_L1_BASIC] ? ~UDV_EPT_CAP_ADVANCED_INFO : UDV_EPT_CAP_ADVANCED_INFO;
}

void case_prepare(struct test_case *c, const struct world *w, uint64_t *words)
{
	const uint16_t *d = c->digit;

	memset(&c->config, 0, sizeof(c->config));
	guest_registers(&c->config, d, w);
	if (d[D_EPT])
		ept_registers(&c->config, d, w);
	c->entry_point = (enum entry_point)d[D_ENTRY_POINT];
	c->access = accesses[d[D_ACCESS]] | modifiers[d[D_MODIFIER]];
	c->access |= UDV_ACCESS_SIZE(sizes[d[D_SIZE]]);
	c->gva = w->gva ^ tags[d[D_TAG]];
	c->gpa = w->final_gpa;
	c->origin.stage = c->entry_point == ENTRY_GPA_FINAL   ? UDV_STAGE_FINAL
			  : c->entry_point == ENTRY_GPA_TABLE ? UDV_STAGE_TABLE
							      : UDV_STAGE_NONE;
	c->origin.gla = UDV_GVA(0xffff80001234567aull);
	c->origin.guest_rights = (uint8_t)d[D_GUEST_CHOICE];
	c->origin.unverified = d[D_UNVERIFIED];
	if (c->entry_point == ENTRY_REPORT)
		put_report(c);

	if (c->entry_point == ENTRY_PDPTES_BAD)
		put_bad_pdpte(c, w, words);
	else
		deviate_guest(c, w, words, d[D_GA_LEVEL] + 1u,
			      guest_mask(d[D_GA_BITS]) ^ flip(d[D_GA_FLIP]));
	deviate_guest(c, w, words, d[D_GB_LEVEL] + 1u,
		      guest_mask(d[D_GB_BITS]) ^ flip(d[D_GB_FLIP]));
	if (!d[D_EPT])
		return;
	deviate_ept(w, words, d[D_EA_PAGE], d[D_EA_LEVEL] + 1u,
		    ept_mask(d[D_EA_BITS]) ^ flip(d[D_EA_FLIP]));
	deviate_ept(w, words, d[D_EB_PAGE], d[D_EB_LEVEL] + 1u,
		    ept_mask(d[D_EB_BITS]) ^ flip(d[D_EB_FLIP]));
	special_leaf_bits(d, w, words);
	if (d[D_SPP])
		put_sppt(c, w, words);
	if (d[D_VE])
		world_set(w, words, w->base, 8, ve_areas[d[D_VE_AREA]]);
}
