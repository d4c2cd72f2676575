/* SPDX-License-Identifier: MIT */
#include "control_world.h"

#include "cpu/access.h"

/*
 * The other way to memory: the same handlers, their operands translated by someone else, as an L0
 * has it when it emulates an instruction of its guest.
 */

#define SHIFT 0x40000u
#define REFUSED 0x7000u

struct path {
	unsigned calls;
	uint32_t kinds; /* all kinds of access that came */
};

/* Everything lies SHIFT higher, and one page is refused as a page fault with a code of its own. */
static bool translate(void *opaque, struct cpu *cpu, uint64_t linear, uint32_t access,
		      uint64_t *physical)
{
	struct path *path = opaque;

	path->calls++;
	path->kinds |= access & UDV_ACCESS_KIND;
	if ((linear & ~0xfffull) == REFUSED) {
		cpu_raise_error(cpu, VECTOR_PF, 0x1234);
		cpu->fault.address = linear;
		return false;
	}
	*physical = linear + SHIFT;
	return true;
}

static void start(struct world *w, const uint8_t *code, unsigned size)
{
	world_real(w);
	for (unsigned i = 0; i < size; i++)
		poke(w, AT_CODE + i, 1, code[i]);
	w->cpu->state.seg[SEG_CS].selector = AT_CODE >> 4;
	w->cpu->state.seg[SEG_CS].base = AT_CODE;
	w->cpu->state.seg[SEG_DS].base = w->cpu->state.seg[SEG_ES].base = 0;
	w->cpu->state.seg[SEG_SS].base = 0;
	w->cpu->state.rip = 0;
	cpu_state_changed(w->cpu);
}

static void test_operands(void **state)
{
	/* mov (%bx), %ax; add %ax, 2(%bx); push %ax; movsw; mov %ax, 0xfff(%bx) */
	static const uint8_t code[] = { 0x8b, 0x07, 0x01, 0x47, 0x02, 0x50,
					0xa5, 0x89, 0x87, 0xff, 0x0f };
	struct world *w = *state;
	struct path path = { 0 };
	const struct cpu_memory_path ops = { translate, &path };
	struct cpu_state *s = &w->cpu->state;

	start(w, code, sizeof(code));
	s->gpr[GPR_RBX] = 0x5000;
	s->gpr[GPR_RSP] = 0x6100;
	s->gpr[GPR_RSI] = 0x5800;
	s->gpr[GPR_RDI] = 0x5900;
	poke(w, 0x5000, 2, 0xdead); /* where the processor itself would go */
	poke(w, SHIFT + 0x5000, 2, 0x1111);
	poke(w, SHIFT + 0x5002, 2, 0x2222);
	poke(w, SHIFT + 0x5800, 2, 0xabcd);
	cpu_set_path(w->cpu, &ops);
	assert_int_equal(cpu_run(w->cpu, 5), CPU_STOP_BUDGET);
	cpu_set_path(w->cpu, NULL);
	assert_int_equal(s->rip, sizeof(code));
	assert_int_equal(s->gpr[GPR_RAX] & 0xffff, 0x1111);
	assert_int_equal(peek(w, SHIFT + 0x5002, 2), 0x3333);
	assert_int_equal(peek(w, SHIFT + 0x60fe, 2), 0x1111);
	assert_int_equal(peek(w, SHIFT + 0x5900, 2), 0xabcd);
	/* the store that crosses a page: both parts are translated */
	assert_int_equal(peek(w, SHIFT + 0x5fff, 2), 0x1111);
	assert_int_equal(peek(w, 0x5002, 2), 0);
	assert_int_equal(peek(w, 0x5fff, 2), 0);
	assert_int_equal(path.calls, 7);
	assert_int_equal(path.kinds, UDV_ACCESS_READ | UDV_ACCESS_WRITE);
}

/* What the path refuses is the instruction's fault, and nothing of the instruction has been done.
 */
static void test_refusal(void **state)
{
	/* 1: mov %ax, (%bx); jmp 1b */
	static const uint8_t code[] = { 0x89, 0x07, 0xeb, 0xfc };
	struct world *w = *state;
	struct path path = { 0 };
	const struct cpu_memory_path ops = { translate, &path };
	struct cpu_state *s = &w->cpu->state;

	start(w, code, sizeof(code));
	/* the vector for #PF; the frame goes through the path as well */
	poke(w, SHIFT + 14 * 4, 2, 0x100);
	poke(w, SHIFT + 14 * 4 + 2, 2, AT_CODE >> 4);
	s->gpr[GPR_RBX] = REFUSED - 1; /* the second byte is refused */
	s->gpr[GPR_RAX] = 0x7777;
	s->gpr[GPR_RSP] = 0x6100;
	cpu_set_path(w->cpu, &ops);
	assert_int_equal(cpu_run(w->cpu, 1), CPU_STOP_BUDGET);
	cpu_set_path(w->cpu, NULL);
	assert_int_equal(s->rip, 0x100);
	assert_int_equal(s->cr2, REFUSED);
	assert_int_equal(peek(w, SHIFT + 0x60fa, 2), 0); /* IP of the store */
	assert_int_equal(peek(w, SHIFT + REFUSED - 1, 2), 0);
}

/* Afterwards the TLB is what it was: nothing of the path has been cached, nothing was lost. */
static void test_back(void **state)
{
	/* mov (%bx), %ax; mov (%bx), %cx; mov (%bx), %dx */
	static const uint8_t code[] = { 0x8b, 0x07, 0x8b, 0x0f, 0x8b, 0x17 };
	struct world *w = *state;
	struct path path = { 0 };
	const struct cpu_memory_path ops = { translate, &path };
	struct cpu_state *s = &w->cpu->state;

	start(w, code, sizeof(code));
	s->gpr[GPR_RBX] = 0x5000;
	poke(w, 0x5000, 2, 0xaaaa);
	poke(w, SHIFT + 0x5000, 2, 0xbbbb);
	cpu_run(w->cpu, 1);
	cpu_set_path(w->cpu, &ops);
	cpu_run(w->cpu, 1);
	cpu_set_path(w->cpu, NULL);
	cpu_run(w->cpu, 1);
	assert_int_equal(s->gpr[GPR_RAX] & 0xffff, 0xaaaa);
	assert_int_equal(s->gpr[GPR_RCX] & 0xffff, 0xbbbb);
	assert_int_equal(s->gpr[GPR_RDX] & 0xffff, 0xaaaa);
	assert_int_equal(path.calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_operands, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_refusal, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_back, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
