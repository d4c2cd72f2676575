/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_WALK_H
#define UDV_TOOLS_WALK_H

#include "common.h"
#include "image_file.h"

#include <undervisor/entries.h>
#include <undervisor/exit_info.h>
#include <undervisor/image.h>
#include <undervisor/paging.h>
#include <undervisor/registers.h>

/* Exit statuses of "undervisor walk". Of several addresses the largest counts. */
#define WALK_TRANSLATED 0
#define WALK_REFUSED 1 /* an address faulted, or was no address */
#define WALK_BAD_IMAGE 3
#define WALK_OUTSIDE 4 /* a table lies outside the image */

/* ---------------------------------------------------------------- what the user asked for */

#define GIVEN_CR0 0x1u
#define GIVEN_CR3 0x2u
#define GIVEN_CR4 0x4u
#define GIVEN_EFER 0x8u
#define GIVEN_EPTP 0x10u
#define GIVEN_PDPTE 0x20u
#define GIVEN_CPU 0x40u
#define GIVEN_BASE 0x80u
#define GIVEN_GUEST_MAXPHYADDR 0x100u
#define GIVEN_MAXPHYADDR 0x200u
#define GIVEN_EPT_CAP 0x400u
#define GIVEN_ADVANCED_INFO 0x800u
#define GIVEN_SPPT 0x1000u
#define GIVEN_VE 0x2000u

struct walk_options {
	const char *image;
	char **addresses;
	int nr_addresses;
	uint32_t given; /* GIVEN_* */
	uint64_t cr0, cr3, cr4, efer, eptp;
	uint64_t pdpte[4];
	uint64_t pkru, pkrs;
	uint64_t maxphyaddr, guest_maxphyaddr;
	uint64_t ept_cap, sppt, ve;
	uint64_t base, cpu, size;
	enum udv_image_format format;
	uint32_t access;       /* UDV_ACCESS_* */
	uint32_t ept_controls; /* UDV_EPT_* */
	uint32_t features;     /* UDV_FEATURE_* */
	uint64_t cap_set, cap_clear;
	bool gpa, json, brief, quiet, help;
	const char *svg;
};

/* Fills *options; false after a line on standard error. Reorders argv. */
bool walk_parse_options(struct walk_options *options, int argc, char **argv);
void walk_print_help(void);

/* ---------------------------------------------------------------- what it is done with */

struct walk_session {
	const struct walk_options *options;
	struct image_file file;
	struct udv_image image;
	struct udv_memory memory;
	struct udv_paging_config config;
	struct udv_paging paging;
	const char *assumed[2]; /* what to say of it once everything is known to be usable */
	unsigned nr_assumed;
};

/* Opens the image and prepares the context. 0, or an exit status after a line on stderr. */
int walk_open(struct walk_session *session, const struct walk_options *options);
void walk_close(struct walk_session *session);
/* True if the image has the byte at physical @address. */
bool session_holds(const struct walk_session *session, uint64_t address);

/* ---------------------------------------------------------------- one walk, and its readings */

#define ADVICE_MAX_CHANGES 64

/* A change of one entry, or of PKRU or PKRS, that would let the access through. */
struct advice_change {
	const char *reg; /* the register's name; NULL for an entry in memory */
	enum udv_dimension dimension;
	uint8_t level;
	uint64_t address; /* of the entry */
	uint64_t before, after;
	uint8_t size;
};

struct advice {
	unsigned nr_changes;
	struct advice_change changes[ADVICE_MAX_CHANGES];
	bool verified;	/* with the changes made, the access went through */
	char rest[240]; /* otherwise: what still refuses it; or a remark */
};

struct walked {
	const struct walk_session *session;
	uint64_t address;
	struct udv_walk_result result;
	struct udv_walk_record record;
	struct udv_exit_info exit;
	bool to_ve;    /* the violation is delivered as #VE */
	bool in_image; /* on success: the image has the byte reached */
	struct advice advice;
};

/* How much of struct walked is wanted: each costs more than the one before. */
enum walk_depth {
	WALK_RESULT, /* no record, except of a walk that left the image */
	WALK_RECORD,
	WALK_ADVICE,
};

enum udv_outcome walk_one(struct walk_session *session, uint64_t address, enum walk_depth depth,
			  struct walked *walked);
/* The same walk over other memory or other registers: what the advice is tried out with. */
enum udv_outcome walk_again(const struct walk_options *options, struct udv_paging *paging,
			    uint64_t address, struct udv_walk_result *result,
			    struct udv_walk_record *record);

void walk_advise(struct walked *walked);
/* "EPT PDE at 0x5008: set W (bit 1): 0x...85 -> 0x...87" */
void advice_change_text(const struct advice_change *change, char *buffer, size_t size);

/* ---------------------------------------------------------------- words */

const char *mode_text(enum udv_paging_mode mode);
/* "PDE at 0x5008 = 0x0", "PDPTE register 1 = 0x0" */
void entry_text(const struct udv_step *step, char *buffer, size_t size);
const char *access_text(uint32_t access, bool gpa, char *buffer, size_t size);
/* "PDE", "EPT PML4E", "SPPT L1E" */
const char *level_name(enum udv_dimension dimension, unsigned level);
/* Index of the entry in its table; the number of a PDPTE register. */
unsigned step_index(const struct udv_paging *paging, const struct udv_step *step);
/* The rights and flags of an entry in letters: "P W U A D", "R W X". */
void entry_flags(const struct udv_paging *paging, const struct udv_step *step, char *buffer,
		 size_t size);
/* Address that the entry holds: of the next table or of the page. */
uint64_t entry_target(const struct udv_paging *paging, const struct udv_step *step);
unsigned entry_page_shift(const struct udv_paging *paging, const struct udv_step *step);
const char *page_size_text(unsigned shift);
bool entry_is_leaf(const struct udv_paging *paging, const struct udv_step *step);
/* True if the entry names a table that the walk was already in; *level is that table's. */
bool entry_loops(const struct walked *walked, unsigned step, unsigned *level);
/* True if this step's entry, alone or with others, is why the access was refused. */
bool step_guilty(const struct walked *walked, const struct udv_step *step);
/* True if the step is one of EPT for the guest-physical address that the result is about. */
bool step_of_result(const struct walked *walked, const struct udv_step *step);
/* Bits of the entry that must be 0 and are not. */
uint64_t entry_reserved(const struct udv_paging *paging, const struct udv_step *step);
void guest_rights_text(uint8_t rights, char *buffer, size_t size);
void ept_rights_text(const struct udv_paging *paging, uint8_t rights, char *buffer, size_t size);

/* A fault's code, bit by bit, each with what caused it. */
struct fault_bit {
	uint8_t high, low;
	uint8_t value;
	char text[160];
};

struct fault_words {
	char title[96];	   /* "EPT violation: exit reason 48, exit qualification 0x181" */
	char because[240]; /* which entry or fact refused the access */
	unsigned nr_bits;
	struct fault_bit bits[24];
};

void fault_words(const struct walked *walked, struct fault_words *words);
/* "bit 5:3  = 7  ..." */
void fault_bit_text(const struct fault_bit *bit, char *buffer, size_t size);
/* The refusal alone, as for one line: "EPT PTE at 0x5008 = 0x0 not present". */
void fault_because(const struct walked *walked, char *buffer, size_t size);
/* Of UDV_WALK_NO_MEMORY: "outside the image: no PDE can be read at 0x...; ... names that table". */
void outside_text(const struct walked *walked, char *buffer, size_t size);

/* ---------------------------------------------------------------- output */

/* On standard error: a table outside the image; and, unless --quiet, a loop in the tables. */
void walk_complain(const struct walked *walked);
void walk_print_text(const struct walked *walked);
/* The part of it that says what refused the access. */
void walk_print_fault(const struct walked *walked);
void walk_print_json(const struct walked *walked);
void walk_print_brief(const struct walked *walked);
/* False after a line on standard error. */
bool walk_write_svg(const struct walked *walked, const char *path);

#endif
