/* SPDX-License-Identifier: MIT */
#ifndef TESTS_ORACLE_CASES_H
#define TESTS_ORACLE_CASES_H

#include <undervisor/exit_info.h>

#include "world.h"

/*
 * A case is a number in a mixed radix: each digit chooses one thing that a walk depends on, and 0
 * is always the plain choice. The list gives digit, number of values, and name.
 */
#define CASE_DIGITS(X)                                                                             \
	X(MODE, 5, "mode")                                                                         \
	X(EPT, 3, "ept levels")                                                                    \
	X(GUEST_LEAF, 3, "guest leaf")                                                             \
	X(TABLE_LEAF, 3, "ept leaf of tables")                                                     \
	X(FINAL_LEAF, 3, "ept leaf of final page")                                                 \
	X(LAYOUT, 5, "layout")                                                                     \
	X(ADDRESS, 4, "address")                                                                   \
	X(NOISE, 2, "ignored bits")                                                                \
	X(GUEST_FLAGS, 4, "guest flags clear (A, D)")                                              \
	X(EPT_FLAGS, 4, "ept flags clear (A, D)")                                                  \
	X(ENTRY_POINT, 7, "entry point")                                                           \
	X(MEMORY, 3, "memory")                                                                     \
	X(ACCESS, 27, "access")                                                                    \
	X(MODIFIER, 10, "modifier")                                                                \
	X(SIZE, 6, "size")                                                                         \
	X(TAG, 12, "address tag")                                                                  \
	X(WP, 2, "CR0.WP clear")                                                                   \
	X(PSE, 2, "CR4.PSE clear")                                                                 \
	X(SMEP, 2, "CR4.SMEP")                                                                     \
	X(SMAP, 2, "CR4.SMAP")                                                                     \
	X(PKE, 2, "CR4.PKE")                                                                       \
	X(PKS, 2, "CR4.PKS")                                                                       \
	X(LASS, 2, "CR4.LASS")                                                                     \
	X(LAM_SUP, 2, "CR4.LAM_SUP")                                                               \
	X(LAM_USER, 4, "CR3.LAM (U48, U57)")                                                       \
	X(NXE, 2, "EFER.NXE clear")                                                                \
	X(PKRU, 5, "PKRU")                                                                         \
	X(PKRS, 5, "PKRS")                                                                         \
	X(FEATURES, 8, "features off (1GB, PSE36, PAT)")                                           \
	X(GUEST_WIDTH, 7, "guest MAXPHYADDR")                                                      \
	X(WIDTH, 6, "MAXPHYADDR")                                                                  \
	X(AD, 2, "EPTP[6]")                                                                        \
	X(SSS, 2, "EPTP[7]")                                                                       \
	X(MBEC, 2, "MBEC")                                                                         \
	X(SPP, 2, "SPP")                                                                           \
	X(PML, 2, "PML")                                                                           \
	X(PML_INDEX, 7, "PML index")                                                               \
	X(PAGING_WRITE, 2, "paging-write")                                                         \
	X(VERIFICATION, 2, "verification")                                                         \
	X(CAP, 8, "capabilities off (execute-only, 2MB, 1GB)")                                     \
	X(GA_LEVEL, 5, "guest deviation A, level - 1")                                             \
	X(GA_BITS, 64, "guest deviation A, P W U A D XD")                                          \
	X(GA_FLIP, 65, "guest deviation A, bit + 1")                                               \
	X(GB_LEVEL, 5, "guest deviation B, level - 1")                                             \
	X(GB_BITS, 64, "guest deviation B, P W U A D XD")                                          \
	X(GB_FLIP, 65, "guest deviation B, bit + 1")                                               \
	X(EA_PAGE, 6, "ept deviation A, page")                                                     \
	X(EA_LEVEL, 5, "ept deviation A, level - 1")                                               \
	X(EA_BITS, 64, "ept deviation A, R W X XU A D")                                            \
	X(EA_FLIP, 65, "ept deviation A, bit + 1")                                                 \
	X(EB_PAGE, 6, "ept deviation B, page")                                                     \
	X(EB_LEVEL, 5, "ept deviation B, level - 1")                                               \
	X(EB_BITS, 64, "ept deviation B, R W X XU A D")                                            \
	X(EB_FLIP, 65, "ept deviation B, bit + 1")                                                 \
	X(FINAL_BITS, 16, "final leaf bits 57 58 60 61")                                           \
	X(TABLE_58, 32, "leaf bit 58 of table pages 1..5")                                         \
	X(SPPT, 16, "sppt")                                                                        \
	X(GUEST_CHOICE, 8, "rights of the origin")                                                 \
	X(UNVERIFIED, 2, "origin unverified")                                                      \
	X(VE, 2, "#VE")                                                                            \
	X(VE_AREA, 6, "#VE information")                                                           \
	X(REAL_MODE, 2, "CR0.PE clear")                                                            \
	X(REASON, 3, "report: reason (48, 49, 30)")                                                \
	X(EQ_KIND, 8, "report: access")                                                            \
	X(EQ_STAGE, 4, "report: stage")                                                            \
	X(EQ_RIGHTS, 8, "report: bits 11:9")                                                       \
	X(EQ_MORE, 32, "report: bits 16:12")                                                       \
	X(EQ_JUNK, 4, "report: undefined bits")                                                    \
	X(EPT02_AD, 2, "report: EPTP02[6]")                                                        \
	X(BASIC_INFO, 2, "report: no advanced information")                                        \
	X(NMI_UNDEFINED, 2, "report: bit 12 undefined")                                            \
	X(IN_DELIVERY, 2, "report: event delivery")                                                \
	X(IN_ENCLAVE, 2, "report: enclave mode")                                                   \
	X(L1_BASIC, 2, "report: L1 without CAP[22]")                                               \
	X(BEYOND, 2, "report: address bit 48")

enum digit {
#define X(name, radix, text) D_##name,
	CASE_DIGITS(X)
#undef X
		NR_DIGITS
};

enum entry_point {
	ENTRY_WALK,
	ENTRY_GPA_FINAL,
	ENTRY_GPA_TABLE,
	ENTRY_GPA_NONE,
	ENTRY_PDPTES,
	ENTRY_PDPTES_BAD, /* as before, with one reserved bit set in one of them: by GA_FLIP */
	ENTRY_REPORT,	  /* a report of the processor, and the walk of EPT12 it asks for */
};

struct test_case {
	uint16_t digit[NR_DIGITS];
	struct udv_paging_config config;
	uint32_t access;
	enum entry_point entry_point;
	uint64_t gva;
	uint64_t gpa; /* for the walks of EPT alone */
	struct udv_gpa_origin origin;
	struct udv_hardware_report report;
	uint64_t l1_cap;
};

extern const char *const digit_name[NR_DIGITS];
extern const uint8_t digit_radix[NR_DIGITS];

/* Changes digits that make no case of their own into ones that do. */
void case_normalise(uint16_t *digit);
/* The shape of the world of these digits. */
void case_shape(const uint16_t *digit, struct world_shape *shape);
/* Fills *c but its digits, and puts the deviating entries into @words. */
void case_prepare(struct test_case *c, const struct world *world, uint64_t *words);

#endif
