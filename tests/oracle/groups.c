/* SPDX-License-Identifier: MIT */
#include "groups.h"

/*
 * Which products are enumerated. A range is { digit, first value, values, values in a full run };
 * a single value is a setting.
 */

#define ALL(d, n)                                                                                  \
	{                                                                                          \
		D_##d, 0, n, 0                                                                     \
	}
#define SOME(d, n, full)                                                                           \
	{                                                                                          \
		D_##d, 0, n, full                                                                  \
	}
#define SET(d, v)                                                                                  \
	{                                                                                          \
		D_##d, v, 1, 0                                                                     \
	}
#define FROM(d, first, n, full)                                                                    \
	{                                                                                          \
		D_##d, first, n, full                                                              \
	}

const struct group groups[] = {
	/* ---------------------------------------------------------- guest tables alone */
	{ "32bit-rights",
	  { SET(MODE, 1), ALL(GA_BITS, 32), SET(GA_LEVEL, 0), ALL(GB_BITS, 8), SET(GB_LEVEL, 1),
	    ALL(ACCESS, 27), ALL(WP, 2), ALL(SMEP, 2), ALL(SMAP, 2), ALL(NXE, 2),
	    SOME(GUEST_FLAGS, 1, 4) } },
	{ "32bit-reserved",
	  { SET(MODE, 1), ALL(GA_FLIP, 33), ALL(GA_LEVEL, 2), SOME(GB_FLIP, 23, 33),
	    SET(GB_LEVEL, 1), ALL(GUEST_LEAF, 2), ALL(PSE, 2), ALL(FEATURES, 8),
	    SOME(GUEST_WIDTH, 5, 7), SOME(ACCESS, 1, 3) } },
	{ "pae-rights",
	  { SET(MODE, 2), ALL(GA_BITS, 64), SET(GA_LEVEL, 0), SOME(GB_BITS, 8, 64),
	    FROM(GB_LEVEL, 1, 1, 1), ALL(ACCESS, 27), ALL(WP, 2), ALL(SMEP, 2), ALL(SMAP, 2),
	    ALL(NXE, 2) } },
	{ "pae-reserved",
	  { SET(MODE, 2), ALL(GA_FLIP, 65), ALL(GA_LEVEL, 3), SOME(GB_FLIP, 14, 65),
	    SET(GB_LEVEL, 1), ALL(GUEST_LEAF, 2), ALL(NXE, 2), ALL(GUEST_WIDTH, 7),
	    SOME(ACCESS, 3, 6), SET(LAYOUT, LAYOUT_PACKED) } },
	{ "long-rights",
	  { FROM(MODE, 3, 1, 2), ALL(GA_BITS, 64), ALL(GA_LEVEL, 4), SOME(GB_BITS, 4, 8),
	    SOME(GB_LEVEL, 1, 4), SOME(GUEST_LEAF, 1, 3), SOME(ACCESS, 16, 27), SOME(WP, 2, 2),
	    ALL(SMEP, 2), ALL(SMAP, 2), ALL(NXE, 2) } },
	{ "long-reserved",
	  { FROM(MODE, 3, 2, 2), ALL(GA_FLIP, 65), ALL(GA_LEVEL, 5), ALL(GUEST_LEAF, 3),
	    SOME(GB_FLIP, 9, 15), SET(GB_LEVEL, 1), ALL(NXE, 2), SOME(GUEST_WIDTH, 3, 7),
	    SOME(FEATURES, 2, 2), SOME(ACCESS, 1, 3) } },
	{ "keys",
	  { FROM(MODE, 3, 1, 2), ALL(GA_BITS, 8), ALL(PKRU, 5), ALL(PKRS, 5), ALL(PKE, 2),
	    ALL(PKS, 2), ALL(WP, 2), SOME(SMAP, 2, 2), ALL(ACCESS, 27), SOME(GA_FLIP, 1, 1),
	    SOME(GUEST_LEAF, 1, 3) } },
	{ "keys-legacy",
	  { FROM(MODE, 1, 2, 2), ALL(GA_BITS, 8), ALL(PKRU, 5), ALL(PKRS, 2), ALL(PKE, 2),
	    ALL(PKS, 2), ALL(WP, 2), ALL(ACCESS, 12) } },
	{ "key-number",
	  { FROM(MODE, 3, 2, 2), FROM(GA_FLIP, 60, 4, 4), ALL(PKRU, 5), ALL(PKRS, 5), ALL(PKE, 2),
	    ALL(PKS, 2), ALL(ACCESS, 12), ALL(GA_BITS, 8) } },
	/* W16 */
	{ "linear",
	  { FROM(MODE, 3, 2, 2), ALL(TAG, 12), ALL(LAM_USER, 4), ALL(LAM_SUP, 2), ALL(LASS, 2),
	    ALL(SMAP, 2), ALL(ACCESS, 27), SOME(ADDRESS, 2, 4), SOME(GA_BITS, 4, 16),
	    SOME(EPT, 2, 2), SOME(EA_BITS, 2, 2) } },
	{ "self-map",
	  { FROM(MODE, 1, 4, 4), SET(LAYOUT, LAYOUT_RECURSIVE), ALL(GUEST_FLAGS, 4),
	    SOME(ACCESS, 8, 16), SOME(GA_BITS, 32, 64), ALL(WP, 2), SOME(EPT, 2, 3), ALL(AD, 2),
	    ALL(EPT_FLAGS, 2) } },
	{ "self-map-once",
	  { FROM(MODE, 1, 4, 4), SET(LAYOUT, LAYOUT_SELF), ALL(GUEST_FLAGS, 4), ALL(ACCESS, 8),
	    SOME(GA_BITS, 8, 32), SOME(GA_LEVEL, 1, 3), SOME(EPT, 2, 3), ALL(AD, 2),
	    ALL(EPT_FLAGS, 4), ALL(PML, 2), SOME(PML_INDEX, 2, 4) } },

	/* ---------------------------------------------------------- EPT alone */
	{ "ept-rights",
	  { SET(ENTRY_POINT, ENTRY_GPA_FINAL), FROM(EPT, 1, 2, 2), SOME(EA_BITS, 16, 64),
	    ALL(EA_LEVEL, 5), ALL(EB_BITS, 16), SOME(EB_LEVEL, 1, 5), ALL(ACCESS, 8), ALL(MBEC, 2),
	    ALL(AD, 2), SOME(CAP, 2, 2), ALL(GUEST_CHOICE, 2), SOME(FINAL_LEAF, 1, 2) } },
	{ "ept-reserved",
	  { SET(ENTRY_POINT, ENTRY_GPA_FINAL), FROM(EPT, 1, 2, 2), ALL(EA_FLIP, 65),
	    ALL(EA_LEVEL, 5), ALL(FINAL_LEAF, 3), SOME(WIDTH, 3, 6), ALL(CAP, 8),
	    SOME(ACCESS, 1, 3), ALL(MBEC, 2), SOME(AD, 1, 2), ALL(PAGING_WRITE, 2) } },
	{ "ept-reserved-pairs",
	  { SET(ENTRY_POINT, ENTRY_GPA_FINAL), FROM(EPT, 1, 1, 2), ALL(EA_FLIP, 65),
	    SOME(EA_LEVEL, 2, 5), ALL(EB_FLIP, 13), SOME(EB_LEVEL, 2, 5), ALL(FINAL_LEAF, 3),
	    SOME(ACCESS, 1, 3), ALL(MBEC, 2), SOME(EA_BITS, 8, 8), SOME(CAP, 2, 2) } },
	{ "ept-stages",
	  { FROM(ENTRY_POINT, 1, 3, 3), FROM(EPT, 1, 1, 2), SOME(EA_BITS, 16, 64),
	    SOME(EA_LEVEL, 2, 5), ALL(ACCESS, 16), ALL(AD, 2), ALL(PAGING_WRITE, 2), ALL(SSS, 2),
	    SOME(MODIFIER, 2, 3), SOME(FINAL_BITS, 8, 8), SET(MBEC, 1), SET(GUEST_CHOICE, 5) } },
	{ "no-paging",
	  { SET(MODE, 0), FROM(EPT, 0, 3, 3), SOME(EA_BITS, 16, 64), ALL(EA_LEVEL, 5),
	    ALL(ACCESS, 12), ALL(MBEC, 2), ALL(AD, 2), SOME(ADDRESS, 2, 4), ALL(CAP, 2),
	    ALL(SMEP, 2) } },
	{ "pml",
	  { SET(ENTRY_POINT, ENTRY_GPA_FINAL), FROM(EPT, 1, 2, 2), ALL(EA_BITS, 64),
	    ALL(EA_LEVEL, 5), ALL(EPT_FLAGS, 4), ALL(PML, 2), ALL(PML_INDEX, 7), ALL(AD, 2),
	    ALL(ACCESS, 4), SOME(FINAL_LEAF, 1, 3) } },
	{ "spp",
	  { SET(MODE, 4), SET(EPT, 1), SET(SPP, 1), ALL(SPPT, 16), ALL(SIZE, 6), ALL(ADDRESS, 4),
	    ALL(ACCESS, 8), ALL(MODIFIER, 5), FROM(FINAL_BITS, 7, 2, 2), ALL(EA_BITS, 4),
	    SOME(EA_LEVEL, 1, 5), SOME(VERIFICATION, 1, 2), SOME(WIDTH, 1, 3), SOME(AD, 1, 2) } },
	/* W19 */
	{ "spp-stages",
	  { FROM(ENTRY_POINT, 1, 3, 3), SET(EPT, 1), SET(SPP, 1), ALL(SPPT, 16), ALL(ACCESS, 8),
	    ALL(MODIFIER, 8), FROM(FINAL_BITS, 8, 1, 1), ALL(EA_BITS, 4), ALL(PAGING_WRITE, 2) } },
	{ "pdptes",
	  { FROM(ENTRY_POINT, 4, 2, 2), ALL(EPT, 3), ALL(GA_FLIP, 65), ALL(GA_LEVEL, 4),
	    SOME(EA_BITS, 32, 64), SOME(EA_LEVEL, 1, 2), SET(EA_PAGE, 3), SOME(GUEST_WIDTH, 1, 7),
	    ALL(AD, 2), ALL(EPT_FLAGS, 2), SET(LAYOUT, LAYOUT_PACKED) } },

	/* ---------------------------------------------------------- two dimensions */
	{ "two-rights",
	  { FROM(MODE, 1, 4, 4), FROM(EPT, 1, 1, 2), SOME(EA_BITS, 64, 64), ALL(EA_PAGE, 6),
	    SOME(EA_LEVEL, 4, 5), ALL(AD, 2), ALL(GUEST_FLAGS, 4), SOME(ACCESS, 3, 6),
	    SOME(MBEC, 1, 2), SOME(TABLE_LEAF, 1, 2) } },
	{ "two-reserved",
	  { FROM(MODE, 1, 4, 4), FROM(EPT, 1, 2, 2), ALL(EA_FLIP, 65), ALL(EA_PAGE, 6),
	    ALL(EA_LEVEL, 5), ALL(AD, 2), SOME(ACCESS, 2, 6), SOME(TABLE_LEAF, 2, 3),
	    SOME(FINAL_LEAF, 2, 3), SOME(LAYOUT, 1, 2) } },
	{ "two-pairs",
	  { FROM(MODE, 1, 4, 4), FROM(EPT, 1, 1, 2), ALL(GA_BITS, 32), SOME(GA_LEVEL, 4, 5),
	    SOME(EA_BITS, 8, 16), ALL(EA_PAGE, 6), SOME(EA_LEVEL, 1, 4), ALL(AD, 2),
	    ALL(ACCESS, 6) } },
	{ "two-pairs-reserved",
	  { FROM(MODE, 1, 4, 4), FROM(EPT, 1, 1, 1), SOME(GA_FLIP, 14, 65), ALL(GA_LEVEL, 5),
	    SOME(EA_FLIP, 14, 65), ALL(EA_PAGE, 6), SOME(EA_LEVEL, 2, 3), SOME(GUEST_WIDTH, 1, 1),
	    SOME(ACCESS, 2, 2), SOME(NXE, 2, 2) } },
	{ "two-advanced",
	  { FROM(MODE, 0, 5, 5), FROM(EPT, 1, 1, 2), ALL(GA_BITS, 64), ALL(GUEST_LEAF, 3),
	    SOME(EA_BITS, 8, 16), SOME(NXE, 2, 2), SOME(SMEP, 1, 2), SOME(ACCESS, 3, 3),
	    ALL(MBEC, 2), SOME(GB_BITS, 4, 8), FROM(GB_LEVEL, 1, 1, 3) } },
	/* W1..W4, W12 */
	{ "two-flags",
	  { FROM(MODE, 1, 4, 4), FROM(EPT, 1, 1, 2), ALL(GUEST_FLAGS, 4), ALL(EPT_FLAGS, 4),
	    ALL(AD, 2), ALL(PML, 2), ALL(PML_INDEX, 7), SOME(LAYOUT, 2, 4), SOME(ACCESS, 4, 4),
	    SOME(EA_BITS, 8, 16), SOME(EA_PAGE, 2, 6), SOME(NOISE, 1, 2) } },
	/* W14, W18 */
	{ "paging-write",
	  { FROM(MODE, 1, 4, 4), FROM(EPT, 1, 1, 2), SOME(TABLE_58, 16, 32), ALL(PAGING_WRITE, 2),
	    ALL(VERIFICATION, 2), ALL(FINAL_BITS, 4), ALL(AD, 2), ALL(GUEST_FLAGS, 4),
	    ALL(EA_BITS, 4), SOME(EA_PAGE, 3, 6), SOME(EA_LEVEL, 2, 2), SOME(ACCESS, 2, 6) } },
	/* W17 */
	{ "shadow-stack",
	  { FROM(MODE, 1, 4, 4), FROM(EPT, 1, 1, 2), ALL(SSS, 2), ALL(FINAL_BITS, 8),
	    SOME(EA_BITS, 16, 16), SOME(EA_LEVEL, 2, 4), FROM(ACCESS, 12, 4, 15),
	    SOME(GA_BITS, 32, 32), SOME(GB_BITS, 2, 4), FROM(GB_LEVEL, 1, 1, 1) } },
	{ "width",
	  { FROM(MODE, 1, 4, 4), FROM(EPT, 1, 2, 2), ALL(GUEST_WIDTH, 7), SOME(WIDTH, 4, 6),
	    ALL(GUEST_LEAF, 3), SOME(LAYOUT, 4, 4), SOME(GA_LEVEL, 2, 5), FROM(GA_FLIP, 32, 22, 22),
	    SOME(ACCESS, 1, 3) } },
	{ "modifiers",
	  { FROM(MODE, 0, 5, 5), FROM(EPT, 1, 1, 2), ALL(MODIFIER, 8), SOME(ACCESS, 16, 27),
	    SOME(EA_PAGE, 2, 6), ALL(EA_BITS, 16), ALL(AD, 2), ALL(PML, 2), SOME(PML_INDEX, 4, 4),
	    ALL(EPT_FLAGS, 2) } },

	/* ---------------------------------------------------------- #VE: T41, W20 */
	{ "ve",
	  { FROM(MODE, 3, 1, 2), FROM(EPT, 1, 1, 2), SET(VE, 1), ALL(MODIFIER, 10), ALL(VE_AREA, 6),
	    ALL(EA_BITS, 16), FROM(EA_FLIP, 63, 2, 2), ALL(EA_PAGE, 5), SOME(EA_LEVEL, 2, 4),
	    FROM(EB_FLIP, 63, 2, 2), SOME(EB_LEVEL, 2, 4), SOME(ACCESS, 2, 3), SET(VERIFICATION, 1),
	    ALL(FINAL_BITS, 2), SET(GUEST_FLAGS, 3) } },
	{ "ve-stages",
	  { FROM(ENTRY_POINT, 1, 3, 3), FROM(EPT, 1, 2, 2), ALL(VE, 2), ALL(REAL_MODE, 2),
	    ALL(MODIFIER, 10), ALL(VE_AREA, 6), SOME(EA_BITS, 8, 16), FROM(EA_FLIP, 63, 2, 2),
	    SOME(EA_LEVEL, 2, 5), SOME(ACCESS, 2, 3) } },
	/* W6: no entry says that it may become one */
	{ "ve-width",
	  { SET(MODE, 3), FROM(EPT, 1, 2, 2), SET(VE, 1), SET(LAYOUT, LAYOUT_WIDE), ALL(ACCESS, 6),
	    FROM(EA_FLIP, 63, 2, 2), ALL(EA_PAGE, 5), ALL(EA_LEVEL, 5), ALL(VE_AREA, 6) } },

	/* ---------------------------------------------------------- reports: 4.2, 4.4, D1..D16,
	   W21 */
	{ "report",
	  { SET(ENTRY_POINT, ENTRY_REPORT), FROM(EPT, 1, 1, 2), ALL(EQ_KIND, 4), ALL(EQ_STAGE, 3),
	    ALL(EPT02_AD, 2), ALL(BASIC_INFO, 2), ALL(AD, 2), ALL(MBEC, 2), ALL(SSS, 2),
	    ALL(VERIFICATION, 2), ALL(PAGING_WRITE, 2), ALL(FINAL_BITS, 16), ALL(EA_BITS, 16),
	    SOME(EA_LEVEL, 2, 5) } },
	{ "report-fields",
	  { SET(ENTRY_POINT, ENTRY_REPORT), SET(EPT, 1), ALL(REASON, 3), ALL(EQ_KIND, 8),
	    ALL(EQ_STAGE, 4), ALL(EQ_RIGHTS, 8), ALL(EQ_MORE, 32), SOME(EQ_JUNK, 2, 4),
	    ALL(EPT02_AD, 2), ALL(BASIC_INFO, 2), ALL(L1_BASIC, 2), ALL(AD, 2), SET(MBEC, 1),
	    SET(SSS, 1), SET(VERIFICATION, 1), SET(FINAL_BITS, 5), SOME(EA_BITS, 4, 16) } },
	{ "report-entries",
	  { SET(ENTRY_POINT, ENTRY_REPORT), FROM(EPT, 1, 2, 2), ALL(EQ_KIND, 4), ALL(EQ_STAGE, 3),
	    ALL(REASON, 2), ALL(BEYOND, 2), ALL(EA_FLIP, 65), ALL(EA_LEVEL, 5), ALL(FINAL_LEAF, 3),
	    SOME(CAP, 2, 8), ALL(MBEC, 2) } },
	{ "report-spp",
	  { SET(ENTRY_POINT, ENTRY_REPORT), SET(EPT, 1), SET(SPP, 1), ALL(SPPT, 16),
	    ALL(EQ_KIND, 4), ALL(EQ_STAGE, 3), ALL(REASON, 2), ALL(IN_ENCLAVE, 2), ALL(AD, 2),
	    ALL(VERIFICATION, 2), FROM(FINAL_BITS, 8, 2, 8), ALL(EA_BITS, 4),
	    SOME(ADDRESS, 2, 4) } },
	{ "report-log",
	  { SET(ENTRY_POINT, ENTRY_REPORT), SET(EPT, 1), ALL(PML, 2), ALL(PML_INDEX, 7),
	    ALL(EPT_FLAGS, 4), ALL(AD, 2), ALL(REASON, 2), ALL(EQ_KIND, 4), ALL(EQ_STAGE, 3),
	    ALL(EA_BITS, 16), ALL(VERIFICATION, 2), ALL(FINAL_BITS, 2) } },
};

const unsigned nr_groups = sizeof(groups) / sizeof(groups[0]);
