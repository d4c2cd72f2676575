/* SPDX-License-Identifier: MIT */
#include "demo.h"

#include "run_words.h"

#include <inttypes.h>
#include <string.h>

#define EXIT_EPT_VIOLATION 48u
#define EXIT_IO 30u
#define WIDTH 100 /* columns */

/*
 * The qualification by the SDM, Vol 3C "Exit Qualification for EPT Violations". EPT's accessed and
 * dirty flags are on: an access to a table of the guest's is a read and a write.
 */
static const struct demo_fault {
	const char *title;
	const char
		*names[2][3]; /* of the instruction: L2's own, I/O; at a byte, across, repeated */
	bool final;
	uint64_t expected;
} faults[DEMO_FAULTS] = {
	{ "OUTSB, data page not in EPT",
	  { { "LODSB", "LODSD", "REP LODSB" }, { "OUTSB", "OUTSD", "REP OUTSB" } },
	  true,
	  0x181 },
	{ "OUTSB, page-table page not in EPT",
	  { { "LODSB", "LODSD", "REP LODSB" }, { "OUTSB", "OUTSD", "REP OUTSB" } },
	  false,
	  0x083 },
	{ "INSB, data page without W in EPT",
	  { { "STOSB", "STOSD", "REP STOSB" }, { "INSB", "INSD", "REP INSB" } },
	  true,
	  0x1aa },
	{ "OUTSB, page-table page without W in EPT",
	  { { "LODSB", "LODSD", "REP LODSB" }, { "OUTSB", "OUTSD", "REP OUTSB" } },
	  false,
	  0x0ab },
};

static const char *const mode_names[DEMO_MODES] = { "4-level", "5-level", "PAE", "32-bit" };
static const char *const form_names[DEMO_FORMS] = { "one byte", "first of two pages",
						    "second of two pages", "fifth of REP" };
static const char *const engine_names[DEMO_ENGINES] = {
	[UDV_ENGINE_DIRECT] = "direct",
	[UDV_ENGINE_NESTED] = "nested",
};

/* ---------------------------------------------------------------- what happens */

static void take_why(struct demo_why *why, const struct udv_trace_event *event)
{
	why->there = event->walk;
	if (!event->walk)
		return;
	why->session.paging = *event->paging;
	why->session.config = event->paging->config;
	why->walked = (struct walked){
		.address = event->walk->gla.value,
		.result = *event->walk,
		.record = *event->record,
		.exit.exit_qualification = event->b,
	};
}

void demo_take_event(struct demo_table *table, const struct udv_trace_event *event)
{
	switch (event->kind) {
	case UDV_TRACE_VM_ENTRY:
		table->latest = (struct demo_exit){ .l0 = UDV_NR_TRACE_KINDS };
		table->latest_why.there = false;
		break;
	case UDV_TRACE_L0_SHOWN:
	case UDV_TRACE_L0_FILLED:
	case UDV_TRACE_L0_EMULATED:
		if (table->latest.there || event->level != 2)
			break;
		table->latest.l0 = event->kind;
		table->latest.l0_reason = event->a;
		break;
	case UDV_TRACE_VM_EXIT:
		table->latest.there = true;
		take_why(&table->latest_why, event);
		break;
	default:
		break;
	}
}

bool demo_take_line(struct demo_table *table, enum udv_engine engine, bool advanced,
		    const char *line)
{
	struct demo_exit e = table->latest;
	unsigned fault, form, mode, io;

	if (strncmp(line, "case ", 5) != 0)
		return true;
	if (sscanf(line,
		   "case %x %x %x %x / %" SCNx64 " %" SCNx64 " %" SCNx64 " / %" SCNx64 " %" SCNx64
		   " %" SCNx64 " %" SCNx64 " %" SCNx64,
		   &fault, &form, &mode, &io, &e.gpa, &e.gla, &e.count, &e.told_reason,
		   &e.told_qualification, &e.told_gpa, &e.told_gla, &e.told_count) != 12 ||
	    fault >= DEMO_FAULTS || form >= DEMO_FORMS || mode >= DEMO_MODES || io > 1)
		return false;
	table->rows[fault][io][advanced].exits[engine][mode][form] = e;
	/* Of what L0 makes up, for that is where the bits have no report to come from. */
	if (engine == UDV_ENGINE_NESTED && advanced && io && mode == 0 && form == DEMO_AT_BYTE)
		table->why[fault] = table->latest_why;
	return true;
}

/* ---------------------------------------------------------------- what it must be */

/* The guest's page is supervisor-mode, writable and executable: of bits 9 to 11, bit 10. */
uint64_t demo_expected(unsigned fault, bool advanced)
{
	return faults[fault].expected | (faults[fault].final && advanced ? UDV_EQ_WRITABLE : 0);
}

/* L0's part: string I/O is its to emulate, the fault of another access is vmcs02's to report. */
static bool path_right(const struct demo_exit *e, bool io, enum udv_engine engine)
{
	if (engine == UDV_ENGINE_DIRECT)
		return e->l0 == UDV_NR_TRACE_KINDS;
	if (io)
		return e->l0 == UDV_TRACE_L0_EMULATED && e->l0_reason == EXIT_IO;
	return e->l0 == UDV_TRACE_L0_SHOWN && e->l0_reason == EXIT_EPT_VIOLATION;
}

bool demo_right(const struct demo_table *table, unsigned fault, bool io, bool advanced,
		enum udv_engine engine, unsigned mode, enum demo_form form, char *problem,
		size_t size)
{
	const struct demo_exit *e = &table->rows[fault][io][advanced].exits[engine][mode][form];
	const struct {
		const char *name;
		uint64_t told, expected;
	} fields[] = {
		{ "exit reason", e->told_reason, EXIT_EPT_VIOLATION },
		{ "exit qualification", e->told_qualification, demo_expected(fault, advanced) },
		{ "guest-physical address", e->told_gpa, e->gpa },
		{ "guest-linear address", e->told_gla, e->gla },
		{ "RCX", e->told_count, e->count },
	};

	snprintf(problem, size, "there is no exit");
	if (!e->there)
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		snprintf(problem, size, "%s 0x%" PRIx64 ", expected 0x%" PRIx64, fields[i].name,
			 fields[i].told, fields[i].expected);
		if (fields[i].told != fields[i].expected)
			return false;
	}
	snprintf(problem, size, "it came about in another way");
	return path_right(e, io, engine);
}

/* ---------------------------------------------------------------- the table */

static const char *instruction(unsigned fault, bool io, enum demo_form form)
{
	return faults[fault].names[io][form == DEMO_REPEATED ? 2 : form != DEMO_AT_BYTE];
}

/* How L0 came to it, as its trace has it. */
static void path_text(const struct demo_exit *e, char *buffer, size_t size)
{
	if (!e->there)
		snprintf(buffer, size, "-");
	else if (e->l0 == UDV_TRACE_L0_EMULATED)
		snprintf(buffer, size, "L0, emulating %s (%" PRIu64 ")",
			 run_exit_name(e->l0_reason), e->l0_reason);
	else if (e->l0 == UDV_TRACE_L0_SHOWN)
		snprintf(buffer, size, "vmcs02's %s (%" PRIu64 ")", run_exit_name(e->l0_reason),
			 e->l0_reason);
	else
		snprintf(buffer, size, "the processor");
}

static void print_problems(const struct demo_table *table, unsigned fault, bool io, bool advanced)
{
	char problem[96];

	for (unsigned engine = 0; engine < DEMO_ENGINES; engine++)
		for (unsigned mode = 0; mode < DEMO_MODES; mode++)
			for (unsigned form = 0; form < DEMO_FORMS; form++)
				if (!demo_right(table, fault, io, advanced, engine, mode, form,
						problem, sizeof(problem)))
					printf("   ! %s, %s, %s: %s\n", engine_names[engine],
					       mode_names[mode], form_names[form], problem);
}

static void print_each(const struct demo_table *table, unsigned fault, bool io, bool advanced)
{
	const struct demo_row *row = &table->rows[fault][io][advanced];

	for (unsigned mode = 0; mode < DEMO_MODES; mode++)
		for (unsigned form = 0; form < DEMO_FORMS; form++) {
			const struct demo_exit *e = &row->exits[UDV_ENGINE_NESTED][mode][form];

			printf("     %-7s  %-19s  %-9s  gpa 0x%-9" PRIx64 " gla 0x%-15" PRIx64
			       " 0x%-7" PRIx64 " 0x%" PRIx64 "\n",
			       mode_names[mode], form_names[form], instruction(fault, io, form),
			       e->told_gpa, e->told_gla, e->told_qualification,
			       row->exits[UDV_ENGINE_DIRECT][mode][form].told_qualification);
		}
}

/* The qualification of an engine's first exit that is not right, or of all. */
static uint64_t qualification(const struct demo_table *table, unsigned fault, bool io,
			      bool advanced, enum udv_engine engine, unsigned *nr_right)
{
	const struct demo_row *row = &table->rows[fault][io][advanced];
	uint64_t wrong = 0, right = 0;
	unsigned nr_wrong = 0;
	char problem[96];

	for (unsigned mode = 0; mode < DEMO_MODES; mode++)
		for (unsigned form = 0; form < DEMO_FORMS; form++) {
			uint64_t told = row->exits[engine][mode][form].told_qualification;

			if (demo_right(table, fault, io, advanced, engine, mode, form, problem,
				       sizeof(problem))) {
				right = told;
				*nr_right += 1;
			} else if (!nr_wrong++) {
				wrong = told;
			}
		}
	return nr_wrong ? wrong : right;
}

/* True if all of them are right. */
static bool print_row(const struct demo_table *table, unsigned fault, bool io, bool advanced,
		      bool all)
{
	const struct demo_row *row = &table->rows[fault][io][advanced];
	const unsigned exits = DEMO_ENGINES * DEMO_MODES * DEMO_FORMS;
	uint64_t told[DEMO_ENGINES];
	unsigned nr_right = 0;
	char path[64];

	path_text(&row->exits[UDV_ENGINE_NESTED][0][DEMO_AT_BYTE], path, sizeof(path));
	for (unsigned engine = 0; engine < DEMO_ENGINES; engine++)
		told[engine] = qualification(table, fault, io, advanced, engine, &nr_right);
	printf("   %-12s %-33s %-9s 0x%03" PRIx64 "     0x%03" PRIx64 "   0x%03" PRIx64
	       "   %u of %u\n",
	       instruction(fault, io, DEMO_AT_BYTE), path, advanced ? "yes" : "no",
	       demo_expected(fault, advanced), told[UDV_ENGINE_NESTED], told[UDV_ENGINE_DIRECT],
	       nr_right, exits);
	if (nr_right != exits)
		print_problems(table, fault, io, advanced);
	if (all)
		print_each(table, fault, io, advanced);
	return nr_right == exits;
}

/* @text between @column and WIDTH, from @column on. */
static void print_wrapped(const char *text, int column)
{
	int at = column;

	for (const char *word = text; *word;) {
		int length = (int)strcspn(word, " ");

		if (at > column && at + 1 + length > WIDTH) {
			printf("\n%*s", column, "");
			at = column;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		printf("%.*s", length, word);
		at += length;
		word += length;
		word += strspn(word, " ");
	}
	putchar('\n');
}

static void print_why(const struct demo_why *why)
{
	struct walked walked = why->walked;
	struct fault_words words;

	if (!why->there)
		return;
	walked.session = &why->session;
	fault_words(&walked, &words);
	printf("   why 0x%03" PRIx64 ":\n", walked.exit.exit_qualification);
	for (unsigned i = 0; i < words.nr_bits; i++) {
		const struct fault_bit *bit = &words.bits[i];
		char label[16];

		if (bit->high == bit->low)
			snprintf(label, sizeof(label), "%u", bit->low);
		else
			snprintf(label, sizeof(label), "%u:%u", bit->high, bit->low);
		printf("     bit %-4s = %u  ", label, bit->value);
		print_wrapped(bit->text, 19);
	}
	printf("     because      ");
	print_wrapped(words.because, 18);
}

bool demo_print(const struct demo_table *table, bool all)
{
	bool right = true;

	puts("Four EPT faults of an L2, as L1 reads them of its VMCS. An image of ours is L1 and "
	     "L2; it "
	     "runs on\n"
	     "the nested engine, where L0 is below L1, and on the direct one, where the processor "
	     "is. "
	     "Each line\n"
	     "is 32 exits: 4-level, 5-level, PAE and 32-bit paging in L2; one byte, the first and "
	     "the "
	     "second of\n"
	     "two pages, the fifth round of REP; on both engines. All of them are compared: "
	     "reason, "
	     "exit\n"
	     "qualification, guest-physical and guest-linear address, RCX, and the way it came "
	     "about.");
	for (unsigned fault = 0; fault < DEMO_FAULTS; fault++) {
		printf("\n%u. %s\n   %-12s %-33s %-9s %-9s %-7s %-7s %s\n", fault + 1,
		       faults[fault].title, "L2 executes", "the fault is found by", "advanced",
		       "expected", "nested", "direct", "right");
		for (unsigned io = 2; io-- > 0;)
			for (unsigned advanced = 0; advanced < 2; advanced++)
				right &= print_row(table, fault, io, advanced, all);
		print_why(&table->why[fault]);
	}
	return right;
}

/* ---------------------------------------------------------------- for programs */

static bool print_exit_json(const struct demo_table *table, unsigned fault, bool io, bool advanced,
			    unsigned index)
{
	enum udv_engine engine = index / (DEMO_MODES * DEMO_FORMS);
	unsigned mode = index / DEMO_FORMS % DEMO_MODES;
	enum demo_form form = index % DEMO_FORMS;
	const struct demo_exit *e = &table->rows[fault][io][advanced].exits[engine][mode][form];
	char problem[96], path[64];
	bool right = demo_right(table, fault, io, advanced, engine, mode, form, problem,
				sizeof(problem));

	path_text(e, path, sizeof(path));
	printf("{\"fault\":%u,\"title\":\"%s\",\"instruction\":\"%s\",\"engine\":\"%s\","
	       "\"paging\":\"%s\",\"form\":\"%s\",\"advanced\":%s,\"path\":\"%s\","
	       "\"expected\":\"0x%" PRIx64 "\",\"qualification\":\"0x%" PRIx64
	       "\",\"guest_physical\":\"0x%" PRIx64 "\",\"guest_linear\":\"0x%" PRIx64
	       "\",\"right\":%s}",
	       fault + 1, faults[fault].title, instruction(fault, io, form), engine_names[engine],
	       mode_names[mode], form_names[form], advanced ? "true" : "false", path,
	       demo_expected(fault, advanced), e->told_qualification, e->told_gpa, e->told_gla,
	       right ? "true" : "false");
	return right;
}

bool demo_print_json(const struct demo_table *table)
{
	const unsigned exits = DEMO_ENGINES * DEMO_MODES * DEMO_FORMS;
	const unsigned total = DEMO_FAULTS * 4 * exits;
	bool right = true;

	for (unsigned i = 0; i < total; i++) {
		unsigned row = i / exits;

		fputs(i ? ",\n" : "[", stdout);
		right &= print_exit_json(table, row / 4, row & 2, row & 1, i % exits);
	}
	puts("]");
	return right;
}
