/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gdb_packet.h"
#include "rig.h"

/* ---------------------------------------------------------------- packets */

static enum gdb_input feed(struct gdb_link *link, const char *text)
{
	enum gdb_input last = GDB_INPUT_NONE;

	while (*text)
		last = gdb_link_take(link, (uint8_t)*text++);
	return last;
}

/* What is to be sent, and no more after that. */
static void expect_output(struct gdb_link *link, const char *text)
{
	assert_int_equal(link->out_size, strlen(text));
	assert_memory_equal(link->out, text, link->out_size);
	gdb_link_sent(link, link->out_size);
}

static struct gdb_link *new_link(void)
{
	struct gdb_link *link = calloc(1, sizeof(*link));

	assert_non_null(link);
	return link;
}

static void free_link(struct gdb_link *link)
{
	gdb_link_free(link);
	free(link);
}

static void test_packets(void **state)
{
	struct gdb_link *link = new_link();

	(void)state;
	/* no sum before there was one */
	assert_int_equal(feed(link, "$?#x"), GDB_INPUT_NONE);
	expect_output(link, "-");
	assert_int_equal(feed(link, "$m10,4#2"), GDB_INPUT_NONE);
	assert_int_equal(feed(link, "e"), GDB_INPUT_PACKET);
	assert_string_equal(link->packet, "m10,4");
	expect_output(link, "+");
	/* a wrong sum, no sum, and noise in front */
	assert_int_equal(feed(link, "$m10,4#2f"), GDB_INPUT_NONE);
	expect_output(link, "-");
	assert_int_equal(feed(link, "$m10,4#x"), GDB_INPUT_NONE);
	expect_output(link, "-");
	assert_int_equal(feed(link, "$lost$?#3f"), GDB_INPUT_PACKET);
	assert_string_equal(link->packet, "?");
	expect_output(link, "+");
	/* } and the byte behind it, which may be # */
	assert_int_equal(feed(link, "$X}\x03}]#7a"), GDB_INPUT_NONE);
	expect_output(link, "-");
	assert_int_equal(feed(link, "$X}\x03}]#b2"), GDB_INPUT_PACKET);
	assert_int_equal(link->size, 3);
	assert_memory_equal(link->packet, "X#}", 3);
	expect_output(link, "+");
	assert_int_equal(feed(link, "\x03"), GDB_INPUT_INTERRUPT);
	assert_int_equal(feed(link, "+"), GDB_INPUT_NONE);
	free_link(link);
}

static void test_packets_out(void **state)
{
	struct gdb_link *link = new_link();

	(void)state;
	gdb_send(link, "OK");
	gdb_send(link, "a#b*c$d}e");
	expect_output(link, "$OK#9a$a}\x03"
			    "b}\nc}\x04"
			    "d}]e#51");
	/* again, for a peer that did not get it */
	feed(link, "-");
	expect_output(link, "$a}\x03"
			    "b}\nc}\x04"
			    "d}]e#51");
	/* once for all of these that come before it is sent */
	feed(link, "---");
	expect_output(link, "$a}\x03"
			    "b}\nc}\x04"
			    "d}]e#51");
	feed(link, "-");
	gdb_link_sent(link, 5);
	feed(link, "-");
	assert_int_equal(link->out_size, 12);
	gdb_link_sent(link, 12);
	link->no_acks = true;
	assert_int_equal(feed(link, "$?#3f"), GDB_INPUT_PACKET);
	expect_output(link, "");
	free_link(link);
}

static void test_packet_too_long(void **state)
{
	struct gdb_link *link = new_link();

	(void)state;
	feed(link, "$");
	for (unsigned i = 0; i < GDB_PACKET_MAX + 1; i++)
		gdb_link_take(link, 0); /* a sum of 0 */
	assert_int_equal(feed(link, "#00"), GDB_INPUT_NONE);
	expect_output(link, "-");
	feed(link, "$");
	for (unsigned i = 0; i < GDB_PACKET_MAX; i++)
		gdb_link_take(link, 0);
	assert_int_equal(feed(link, "#00"), GDB_INPUT_PACKET);
	assert_int_equal(link->size, GDB_PACKET_MAX);
	free_link(link);
}

/* ---------------------------------------------------------------- registers, memory */

static void test_registers(void **state)
{
	struct rig rig;
	char line[64];

	(void)state;
	rig_open(&rig, 1);
	assert_string_equal(rig_ask(&rig, "?"), "T05thread:1;");
	assert_string_equal(rig_ask(&rig, "p10"), "0010000000000000"); /* rip */
	assert_string_equal(rig_ask(&rig, "P0=8877665544332211"), "OK");
	assert_string_equal(rig_ask(&rig, "p0"), "8877665544332211");
	assert_string_equal(rig_ask(&rig, "P0=88"), "E22");
	assert_string_equal(rig_ask(&rig, "p1ff"), "E22");
	assert_string_equal(rig_ask(&rig, "p"), "E22");
	/* all of them; what is written is read again */
	rig_ask(&rig, "g");
	assert_int_equal(strlen(rig.reply) % 2, 0);
	assert_memory_equal(rig.reply, "8877665544332211", 16);
	memcpy(rig.reply, "00", 2);
	memmove(rig.reply + 1, rig.reply, strlen(rig.reply) + 1);
	rig.reply[0] = 'G';
	{
		char *all = strdup(rig.reply);

		assert_string_equal(rig_ask(&rig, all), "OK");
		all[strlen(all) - 1] = '\0';
		assert_string_equal(rig_ask(&rig, all), "E22");
		free(all);
	}
	assert_string_equal(rig_ask(&rig, "p0"), "0077665544332211");
	/* xmm0 is behind 40 registers of the core; st0 has a significand without its first bit */
	snprintf(line, sizeof(line), "P28=%s", "000102030405060708090a0b0c0d0e0f");
	assert_string_equal(rig_ask(&rig, line), "OK");
	assert_string_equal(rig_ask(&rig, "p28"), "000102030405060708090a0b0c0d0e0f");
	assert_string_equal(rig_ask(&rig, "P18=0102030405060708ff3f"), "OK");
	assert_string_equal(rig_ask(&rig, "p18"), "0102030405060708ff3f");
	assert_string_equal(rig_ask(&rig, "p22"), "56550000"); /* ftag: special, 7 zeros */
	rig_close(&rig);
}

static void test_memory(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	assert_string_equal(rig_ask(&rig, "m1000,4"), "b8010040");
	assert_string_equal(rig_ask(&rig, "M2000,3:01feff"), "OK");
	assert_string_equal(rig_ask(&rig, "X2003,2:ab"), "OK");
	assert_string_equal(rig_ask(&rig, "m2000,6"), "01feff616200");
	assert_string_equal(rig_ask(&rig, "M2000,3:01fe"), "E22");
	assert_string_equal(rig_ask(&rig, "M2000,3:01fexx"), "E22");
	assert_string_equal(rig_ask(&rig, "X2003,3:ab"), "E22");
	assert_string_equal(rig_ask(&rig, "m2000"), "E22");
	/* 1 MB of it; a part of what was asked for is a part */
	assert_string_equal(rig_ask(&rig, "m100000,4"), "E14");
	assert_string_equal(rig_ask(&rig, "M100000,1:00"), "E14");
	assert_string_equal(rig_ask(&rig, "mffffe,4"), "0000");
	assert_int_equal(strlen(rig_ask(&rig, "m0,ffffffffffffffff")), 0x4000 - 16);
	rig_close(&rig);
}

/* ---------------------------------------------------------------- running */

static void test_breakpoints(void **state)
{
	struct rig rig;
	char line[32];

	(void)state;
	rig_open(&rig, 1);
	assert_string_equal(rig_ask(&rig, "Z0,1004,1"), "OK");
	assert_string_equal(rig_ask(&rig, "c"), "");
	assert_string_equal(rig_run(&rig, 1000), "T05swbreak:;thread:1;");
	assert_int_equal(rig.info.instructions, 2);
	assert_string_equal(rig_ask(&rig, "p10"), "0410000000000000");
	/* it does not stop twice at one place, and is in no memory */
	assert_string_equal(rig_ask(&rig, "m1004,1"), "a3");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 1000), "T05swbreak:;thread:1;");
	assert_int_equal(rig.info.instructions, 5);
	/* not of that kind: it is still there */
	assert_string_equal(rig_ask(&rig, "z1,1004,1"), "OK");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 1000), "T05swbreak:;thread:1;");
	assert_string_equal(rig_ask(&rig, "z0,1004,1"), "OK");
	assert_string_equal(rig_ask(&rig, "Z1,100b,1"), "OK");
	rig_ask(&rig, "vCont;c");
	assert_string_equal(rig_run(&rig, 1000), "T05hwbreak:;thread:1;");
	assert_string_equal(rig_ask(&rig, "z1,100b,1"), "OK");
	assert_string_equal(rig_ask(&rig, "z1,100b,1"), "OK");
	for (unsigned i = 0; i < UDV_MAX_BREAKPOINTS; i++) {
		snprintf(line, sizeof(line), "Z%u,%x,1", i & 1, 0x5000 + i);
		assert_string_equal(rig_ask(&rig, line), "OK");
	}
	assert_string_equal(rig_ask(&rig, "Z0,9000,1"), "E28");
	assert_string_equal(rig_ask(&rig, "Z0,5000,1"), "OK"); /* that one is there */
	assert_string_equal(rig_ask(&rig, "Z5,9000,1"), "");
	assert_string_equal(rig_ask(&rig, "Z0,5000,1;X1,00"), "E22");
	rig_close(&rig);
}

/* What comes twice counts once. */
static void test_points_twice(void **state)
{
	struct rig rig;
	char line[32];

	(void)state;
	rig_open(&rig, 1);
	for (unsigned type = 0; type < 5; type++) {
		const unsigned where = type < 2 ? CODE_INC : DATA;

		for (unsigned i = 0; i < 3; i++) {
			snprintf(line, sizeof(line), "Z%u,%x,1", type, where);
			assert_string_equal(rig_ask(&rig, line), "OK");
		}
		rig_ask(&rig, "c");
		assert_memory_equal(rig_run(&rig, 1000), "T05", 3);
		line[0] = 'z';
		assert_string_equal(rig_ask(&rig, line), "OK");
		assert_string_equal(rig_ask(&rig, line), "OK");
		rig_ask(&rig, "c");
		assert_string_equal(rig_run(&rig, 1000), "");
		gdb_interrupted(rig.gdb);
	}
	assert_string_equal(rig_ask(&rig, "z2,2000,0"), "E22"); /* none can be */
	rig_close(&rig);
}

static void test_breakpoint_in_no_other_page(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	/* the same offset in a page, and another address */
	assert_string_equal(rig_ask(&rig, "Z0,5004,1"), "OK");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 1000), "");
	assert_int_equal(rig.info.stop, UDV_STOP_BUDGET);
	assert_int_equal(rig.info.instructions, 1000);
	rig_close(&rig);
}

static void test_steps(void **state)
{
	static const char *const rips[] = { "0310000000000000", "0410000000000000",
					    "0710000000000000", "0b10000000000000",
					    "0010000000000000" };
	struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	for (unsigned i = 0; i < 5; i++) {
		rig_ask(&rig, i & 1 ? "vCont;s:1;c" : "s");
		assert_string_equal(rig_run(&rig, 1000), "T05thread:1;");
		assert_int_equal(rig.info.instructions, 1);
		assert_string_equal(rig_ask(&rig, "p10"), rips[i]);
	}
	/* from elsewhere */
	rig_ask(&rig, "s1003");
	assert_string_equal(rig_run(&rig, 1000), "T05thread:1;");
	assert_string_equal(rig_ask(&rig, "p10"), "0410000000000000");
	assert_string_equal(rig_ask(&rig, "sx"), "E22");
	for (unsigned i = 0; i < 6; i++) {
		static const char *const wrong[] = { "s1003x",	  "c1003 ", "S05;1003;",
						     "C05;1003x", "C05;",   "C05x" };

		assert_string_equal(rig_ask(&rig, wrong[i]), "E22");
		assert_string_equal(rig_ask(&rig, "p10"), "0410000000000000");
	}
	rig_ask(&rig, "S05;1000");
	assert_string_equal(rig_run(&rig, 1000), "T05thread:1;");
	assert_string_equal(rig_ask(&rig, "p10"), "0310000000000000");
	assert_string_equal(rig_ask(&rig, "vCont;x"), "E22");
	assert_string_equal(rig_ask(&rig, "vCont;s:3"), "E22");
	rig_close(&rig);
}

/* INIT and SIPI for 1000H; the first processor is back at its program then. */
static void start_second(struct rig *rig)
{
	static const uint8_t code[] = { /* mov dword [300h], ...: the local APIC's ICR; jmp $ */
					0x66, 0xc7, 0x06, 0x00, 0x03, 0x00, 0x45, 0x0c, 0x00, 0x66,
					0xc7, 0x06, 0x00, 0x03, 0x01, 0x46, 0x0c, 0x00, 0xeb, 0xfe
	};
	struct udv_registers old, r;

	udv_machine_write(rig->machine, UDV_GPA(0x3000), code, sizeof(code));
	udv_machine_get_registers(rig->machine, 0, &old);
	r = old;
	r.rip = 0x3000;
	r.segment[UDV_DS].base = 0xfee00000;
	udv_machine_set_registers(rig->machine, 0, &r);
	udv_machine_run(rig->machine, 1000000, &rig->info);
	udv_machine_set_registers(rig->machine, 0, &old);
	udv_machine_get_registers(rig->machine, 1, &r);
	assert_int_equal(r.segment[UDV_CS].base, CODE);
}

/* The leftmost action that fits a thread counts; one that is none is an error. */
static void test_actions(void **state)
{
	static const struct {
		const char *packet;
		unsigned stepped; /* processor, from 1; 0: it runs on */
	} cases[] = {
		{ "vCont;c;s:1", 0 },	  { "vCont;c:1;s", 2 },	    { "vCont;c:1;s:1", 0 },
		{ "vCont;c:1;s:2;c", 2 }, { "vCont;s", 1 },	    { "vCont;s:2;s:1", 1 },
		{ "vCont;s:2;c", 2 },	  { "vCont;S05:2;C05", 2 }, { "vCont;C05;S05:2", 0 },
		{ "vCont;c:-1;s:1", 0 },  { "vCont;s:0;c", 1 },	    { "vCont;c:2;s:-1", 1 },
	};
	static const char *const wrong[] = {
		"vCont",   "vCont;",	"vCont;C",     "vCont;S",      "vCont;C:1",   "vCont;c;",
		"vCont;t", "vCont;c05", "vCont;s05:1", "vCont;c:1x",   "vCont;c:",    "vCont;c:3",
		"vContc",  "vCont;;c",	"vCont;cs",    "vCont;c:1;:2", "vCont;c:-12",
	};
	struct rig rig;
	char stop[32];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_open(&rig, 2);
		print_message("%s\n", cases[i].packet);
		start_second(&rig);
		assert_string_equal(rig_ask(&rig, cases[i].packet), "");
		assert_int_equal(gdb_state(rig.gdb), GDB_RUNNING);
		snprintf(stop, sizeof(stop), "T05thread:%u;", cases[i].stepped);
		assert_string_equal(rig_run(&rig, 1000000), cases[i].stepped ? stop : "");
		rig_close(&rig);
	}
	rig_open(&rig, 2);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		print_message("%s\n", wrong[i]);
		assert_string_equal(rig_ask(&rig, wrong[i]), "E22");
		assert_int_equal(gdb_state(rig.gdb), GDB_STOPPED);
	}
	rig_close(&rig);
}

static void test_watchpoints(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	assert_string_equal(rig_ask(&rig, "Z2,2001,1"), "OK");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 1000), "T05watch:2001;thread:1;");
	assert_string_equal(rig_ask(&rig, "p10"), "0710000000000000"); /* behind the store */
	assert_string_equal(rig_ask(&rig, "m2000,2"), "0200");
	assert_string_equal(rig_ask(&rig, "z2,2001,1"), "OK");
	assert_string_equal(rig_ask(&rig, "Z3,2000,8"), "OK");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 1000), "T05rwatch:2000;thread:1;");
	assert_string_equal(rig_ask(&rig, "p10"), "0b10000000000000");
	assert_string_equal(rig_ask(&rig, "z3,2000,8"), "OK");
	/* beside it, and across the end of the page before */
	assert_string_equal(rig_ask(&rig, "Z4,2002,4"), "OK");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 1000), "");
	gdb_interrupted(rig.gdb);
	assert_string_equal(rig_ask(&rig, "z4,2002,4"), "OK");
	assert_string_equal(rig_ask(&rig, "Z4,1fff,2"), "OK");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 1000), "T05awatch:1fff;thread:1;");
	assert_string_equal(rig_ask(&rig, "Z2,2000,0"), "E22");
	assert_string_equal(rig_ask(&rig, "Z2,2000,1001"), "E22");
	rig_close(&rig);
}

static void test_threads(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 2);
	assert_string_equal(rig_ask(&rig, "qfThreadInfo"), "m1,2");
	assert_string_equal(rig_ask(&rig, "qsThreadInfo"), "l");
	assert_string_equal(rig_ask(&rig, "T2"), "OK");
	assert_string_equal(rig_ask(&rig, "T3"), "E03");
	assert_string_equal(rig_ask(&rig, "Hg2"), "OK");
	assert_string_equal(rig_ask(&rig, "qC"), "QC2");
	assert_string_equal(rig_ask(&rig, "p10"), "f0ff000000000000"); /* after reset */
	assert_string_equal(rig_ask(&rig, "Hg3"), "E03");
	assert_string_equal(rig_ask(&rig, "Hg-12"), "E03");
	assert_string_equal(rig_ask(&rig, "Hg1x"), "E03");
	assert_string_equal(rig_ask(&rig, "T2x"), "E03");
	assert_string_equal(rig_ask(&rig, "qThreadExtraInfo,1x"), "E03");
	assert_string_equal(rig_ask(&rig, "qC"), "QC2");
	assert_string_equal(rig_ask(&rig, "Hx1"), "E22");
	assert_string_equal(rig_ask(&rig, "Hc-1"), "OK");
	/* "L1, real mode" */
	assert_string_equal(rig_ask(&rig, "qThreadExtraInfo,1"), "4c312c207265616c206d6f6465");
	rig_close(&rig);
}

static void test_interrupt(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	rig_ask(&rig, "c");
	rig_run(&rig, 100);
	assert_int_equal(gdb_state(rig.gdb), GDB_RUNNING);
	/* nothing is answered while it runs */
	assert_string_equal(rig_ask(&rig, "?"), "");
	gdb_feed(rig.gdb, "\x03", 1);
	assert_int_equal(gdb_state(rig.gdb), GDB_INTERRUPTED);
	gdb_interrupted(rig.gdb);
	assert_int_equal(gdb_state(rig.gdb), GDB_STOPPED);
	assert_string_equal(rig_ask(&rig, "?"), "T02thread:1;");
	rig_close(&rig);
}

static void test_ends(void **state)
{
	struct rig rig;
	uint8_t bad_idt[] = { 0x0f, 0x0b }; /* UD2 without an IDT to speak of */
	struct udv_registers registers;

	(void)state;
	rig_open(&rig, 1);
	udv_machine_write(rig.machine, UDV_GPA(CODE), bad_idt, sizeof(bad_idt));
	udv_machine_get_registers(rig.machine, 0, &registers);
	registers.idtr_limit = 0;
	udv_machine_set_registers(rig.machine, 0, &registers);
	/* a look at a triple fault, and then it is over */
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 1000), "T0bthread:1;");
	assert_string_equal(rig.console, "triple fault\n");
	assert_string_equal(rig_ask(&rig, "p10"), "0010000000000000");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 1000), "");
	assert_int_equal(rig.info.stop, UDV_STOP_TRIPLE_FAULT);
	gdb_ended(rig.gdb, 126);
	assert_string_equal(rig_ask(&rig, ""), "W7e");
	assert_int_equal(gdb_state(rig.gdb), GDB_DETACHED);
	rig_close(&rig);

	rig_open(&rig, 1);
	rig_ask(&rig, "k");
	assert_int_equal(gdb_state(rig.gdb), GDB_KILLED);
	rig_close(&rig);

	/* detached: no breakpoint is left */
	rig_open(&rig, 1);
	rig_ask(&rig, "Z0,1004,1");
	rig_ask(&rig, "Z2,2000,1");
	assert_string_equal(rig_ask(&rig, "D"), "OK");
	assert_int_equal(gdb_state(rig.gdb), GDB_DETACHED);
	udv_machine_run(rig.machine, 1000, &rig.info);
	assert_int_equal(rig.info.stop, UDV_STOP_BUDGET);
	rig_close(&rig);
}

/* ---------------------------------------------------------------- queries */

static void test_description(void **state)
{
	static char whole[0x8000], pieces[0x8000];
	struct rig rig;
	char line[64];
	size_t size;

	(void)state;
	rig_open(&rig, 1);
	rig_ask(&rig, "qXfer:features:read:target.xml:0,8000");
	assert_int_equal(rig.reply[0], 'm');
	strcpy(whole, rig.reply + 1);
	size = strlen(whole);
	snprintf(line, sizeof(line), "qXfer:features:read:target.xml:%zx,8000", size);
	rig_ask(&rig, line);
	assert_int_equal(rig.reply[0], 'l');
	strcpy(whole + size, rig.reply + 1);
	for (size = 0; rig.reply[0]; size = strlen(pieces)) {
		snprintf(line, sizeof(line), "qXfer:features:read:target.xml:%zx,3e8", size);
		rig_ask(&rig, line);
		strcpy(pieces + size, rig.reply + 1);
		if (rig.reply[0] == 'l')
			break;
	}
	assert_string_equal(pieces, whole);
	assert_non_null(strstr(whole, "<reg name=\"rip\" bitsize=\"64\" type=\"code_ptr\"/>"));
	assert_non_null(strstr(whole, "<reg name=\"cr3\" bitsize=\"64\""));
	assert_non_null(strstr(whole, "<field name=\"LMA\" start=\"10\" end=\"10\"/>"));
	assert_string_equal(rig_ask(&rig, "qXfer:features:read:other.xml:0,10"), "E00");
	assert_string_equal(rig_ask(&rig, "qXfer:features:read:target.xml:fffff,10"), "E22");
	rig_close(&rig);
}

static void test_queries(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	assert_non_null(
		strstr(rig_ask(&rig, "qSupported:xmlRegisters=i386"), "qXfer:features:read+"));
	assert_string_equal(rig_ask(&rig, "qAttached"), "1");
	assert_string_equal(rig_ask(&rig, "vCont?"), "vCont;c;C;s;S");
	assert_string_equal(rig_ask(&rig, "vMustReplyEmpty"), "");
	assert_string_equal(rig_ask(&rig, "unknown"), "");
	assert_string_equal(rig_ask(&rig, "QStartNoAckMode"), "OK");
	rig_close(&rig);
}

static void test_monitor(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, 1);
	assert_non_null(strstr(rig_monitor(&rig, "help"), "stop reason N"));
	assert_string_equal(rig_monitor(&rig, "vmcs"),
			    "no VMCS is current: the processor is not in VMX operation\n");
	assert_string_equal(rig_monitor(&rig, "walk 0x2000"),
			    "0x2000, read by a supervisor:\n"
			    "  guest-physical 0x2000, physical 0x2000\n");
	assert_string_equal(rig_monitor(&rig, "walk 0xfffff"),
			    "0xfffff, read by a supervisor:\n"
			    "  guest-physical 0xfffff, physical 0xfffff\n");
	assert_string_equal(
		rig_monitor(&rig, "walk 0x100000"),
		"0x100000, read by a supervisor:\n"
		"  guest-physical 0x100000, physical 0x100000, where there is no RAM\n");
	assert_string_equal(
		rig_monitor(&rig, "walk 18446744073709551615"),
		"walk ADDRESS: 0xffffffffffffffff has more than 32 bits, in real mode\n");
	assert_string_equal(rig_monitor(&rig, "walk 0x100000000"),
			    "walk ADDRESS: 0x100000000 has more than 32 bits, in real mode\n");
	assert_string_equal(rig_monitor(&rig, "walk x"), "walk ADDRESS: \"x\" is no number\n");
	assert_string_equal(rig_monitor(&rig, "exits"), "no VM entries and no VM exits yet\n");
	assert_string_equal(rig_monitor(&rig, "stop"), "stops at no VM entry and no VM exit\n");
	assert_string_equal(rig_monitor(&rig, "stop entry"), "stops at VM entries\n");
	assert_string_equal(rig_monitor(&rig, "stop reason 48"),
			    "stops at VM entries\n"
			    "stops at VM exits of reason 48, EPT_VIOLATION\n");
	assert_string_equal(rig_monitor(&rig, "stop reason 999"),
			    "stop entry, exit, reason N or off, not \"reason 999\"\n");
	assert_string_equal(rig_monitor(&rig, "stop off"), "stops at no VM entry and no VM exit\n");
	assert_string_equal(rig_monitor(&rig, "level l2"),
			    "breakpoints and watchpoints count at L2 only\n");
	/* the program is L1's */
	rig_ask(&rig, "Z0,1004,1");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 100), "");
	gdb_interrupted(rig.gdb);
	rig_monitor(&rig, "level l1");
	rig_ask(&rig, "c");
	assert_string_equal(rig_run(&rig, 100), "T05swbreak:;thread:1;");
	assert_string_equal(rig_monitor(&rig, "level l3"), "level l1, l2 or any, not \"l3\"\n");
	assert_string_equal(rig_monitor(&rig, "dance"),
			    "no such command: \"dance\"; monitor help lists what there is\n");
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_packets_out),
		cmocka_unit_test(test_packet_too_long),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_breakpoints),
		cmocka_unit_test(test_points_twice),
		cmocka_unit_test(test_breakpoint_in_no_other_page),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_watchpoints),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_description),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_monitor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
