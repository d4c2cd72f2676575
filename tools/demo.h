/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_DEMO_H
#define UDV_TOOLS_DEMO_H

#include "walk.h"

#include <undervisor/machine.h>

/*
 * "undervisor demo": four EPT faults of an L2, by an access that it makes itself and by one that a
 * hypervisor below L1 has to emulate. guests/tests/demo.c makes them, on machines of both engines
 * with and without advanced exit information; each is held to what the SDM says of it.
 */

enum demo_form { DEMO_AT_BYTE, DEMO_FIRST_PAGE, DEMO_SECOND_PAGE, DEMO_REPEATED, DEMO_FORMS };

#define DEMO_FAULTS 4u
#define DEMO_MODES 4u
#define DEMO_ENGINES 2u /* by enum udv_engine */

/* One exit, as L1 sees it and as it came about. */
struct demo_exit {
	bool there;
	uint64_t gpa, gla, count; /* what L1 knows that it must be told; RCX */
	uint64_t told_reason, told_qualification, told_gpa, told_gla, told_count;
	enum udv_trace_kind l0; /* what L0 did last before it; UDV_NR_TRACE_KINDS: nothing */
	uint64_t l0_reason;	/* the exit that it did it for */
};

/* A line of the table: all forms and modes of one fault. */
struct demo_row {
	struct demo_exit exits[DEMO_ENGINES][DEMO_MODES][DEMO_FORMS];
};

/* The walk behind one of them, for the words. */
struct demo_why {
	bool there;
	struct walk_session session;
	struct walked walked;
};

struct demo_table {
	/* by: is it string I/O; does the processor have advanced exit information */
	struct demo_row rows[DEMO_FAULTS][2][2];
	struct demo_why why[DEMO_FAULTS];
	/* The last exit for an EPT fault of the machine that runs. */
	struct demo_exit latest;
	struct demo_why latest_why;
};

/* An event of a machine's trace. */
void demo_take_event(struct demo_table *table, const struct udv_trace_event *event);
/* A line that the image prints. False: it begins like one of the table, but is none. */
bool demo_take_line(struct demo_table *table, enum udv_engine engine, bool advanced,
		    const char *line);

uint64_t demo_expected(unsigned fault, bool advanced);
/* True if the exit is all that it must be; otherwise @problem says what is not. */
bool demo_right(const struct demo_table *table, unsigned fault, bool io, bool advanced,
		enum udv_engine engine, unsigned mode, enum demo_form form, char *problem,
		size_t size);

/* True if every exit is right. With @all each one has its own line. */
bool demo_print(const struct demo_table *table, bool all);
bool demo_print_json(const struct demo_table *table);

/* The same four faults on tables made in memory, by the walker alone. An exit status. */
int demo_walk(void);

/* The image. demo_image_size is 0 where none could be built. */
extern const unsigned char demo_image[];
extern const size_t demo_image_size;

#endif
