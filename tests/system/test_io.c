/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "cpu/io.h"

/* A device that remembers. */
static struct {
	unsigned offset, size;
	uint32_t value, answer;
} seen;

static uint32_t device_read(void *opaque, unsigned offset, unsigned size)
{
	(void)opaque;
	seen.offset = offset;
	seen.size = size;
	return seen.answer;
}

static void device_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	(void)opaque;
	seen.offset = offset;
	seen.size = size;
	seen.value = value;
}

static void add_device(struct world *w)
{
	struct port_device device = { device_read, device_write, NULL, 1 | 2 | 4 };

	assert_int_equal(ports_add(&w->ports, 0x100, 16, &device), UDV_OK);
}

/* @size as a shift; the port is DX, or @port if it is an immediate. */
static struct op io_op(struct world *w, unsigned size, bool immediate, uint16_t port)
{
	struct op op = op_of(w, 0, 0);

	op.size = size & 3u;
	op.flag = immediate;
	op.imm = immediate ? (uint64_t)(int64_t)(int8_t)port : 0;
	if (!immediate)
		w->cpu->state.gpr[GPR_RDX] = 0xffff0000 | port;
	return op;
}

static void test_sizes(void **state)
{
	struct world *w = *state;
	uint64_t *rax = &w->cpu->state.gpr[GPR_RAX];

	add_device(w);
	seen.answer = 0x89abcdef;
	*rax = ~0ull;
	expect_ok(w, insn_in, io_op(w, 0, false, 0x104));
	assert_int_equal(*rax, 0xffffffffffffffef);
	assert_int_equal(seen.offset, 4);
	assert_int_equal(seen.size, 1);
	expect_ok(w, insn_in, io_op(w, 1, false, 0x106));
	assert_int_equal(*rax, 0xffffffffffffcdef);
	expect_ok(w, insn_in, io_op(w, 2, false, 0x108));
	assert_int_equal(*rax, 0x89abcdef);
	*rax = 0x1122334455667788;
	expect_ok(w, insn_out, io_op(w, 0, false, 0x100));
	assert_int_equal(seen.value, 0x88);
	expect_ok(w, insn_out, io_op(w, 1, false, 0x100));
	assert_int_equal(seen.value, 0x7788);
	expect_ok(w, insn_out, io_op(w, 2, false, 0x10c));
	assert_int_equal(seen.value, 0x55667788);
	assert_int_equal(seen.offset, 12);
	/* nobody is there; an immediate port is not sign-extended */
	expect_ok(w, insn_in, io_op(w, 2, true, 0xf0));
	assert_int_equal(*rax, 0xffffffff);
}

#define TSS 0x9000u
#define BITMAP 0x80u

static void make_tss(struct world *w, uint32_t limit)
{
	struct cpu_state *s = &w->cpu->state;

	s->seg[SEG_TR].base = TSS;
	s->seg[SEG_TR].limit = limit;
	s->seg[SEG_TR].access_rights = 0x8b;
	mem_write(&w->memory, TSS + 102, 2, BITMAP);
	for (unsigned i = 0; i < 0x200; i++)
		mem_write(&w->memory, TSS + BITMAP + i, 1, 0xff);
}

static void allow(struct world *w, uint16_t port, unsigned count)
{
	for (unsigned i = port; i < port + count; i++) {
		uint64_t at = TSS + BITMAP + i / 8;

		mem_write(&w->memory, at, 1, mem_read(&w->memory, at, 1) & ~(1ull << i % 8));
	}
}

static void expect_allowed(struct world *w, uint16_t port, unsigned size, bool allowed)
{
	assert_int_equal(cpu_io_allowed(w->cpu, port, size), allowed);
	if (!allowed) {
		assert_int_equal(w->cpu->fault.vector, VECTOR_GP);
		assert_int_equal(w->cpu->fault.error_code, 0);
	}
	w->cpu->fault.valid = false;
}

static void test_iopl(void **state)
{
	struct world *w = *state;

	make_tss(w, 0x200);
	for (unsigned cpl = 0; cpl < 4; cpl++) {
		for (unsigned iopl = 0; iopl < 4; iopl++) {
			world_cpl(w, cpl);
			w->cpu->state.rflags = FLAG_ONE | iopl << FLAG_IOPL_SHIFT;
			expect_allowed(w, 0x80, 1, cpl <= iopl);
		}
	}
	w->cpu->state.rflags = FLAG_ONE;
	expect_gp(w, insn_in, io_op(w, 0, false, 0x80));
	expect_gp(w, insn_out, io_op(w, 0, false, 0x80));
}

static void test_bitmap(void **state)
{
	struct world *w = *state;

	make_tss(w, BITMAP + 0x41);
	allow(w, 0x80, 4);
	allow(w, 0x86, 4); /* across a byte */
	allow(w, 0x1f8, 16);
	world_cpl(w, 3);
	expect_allowed(w, 0x80, 4, true);
	expect_allowed(w, 0x81, 4, false);
	expect_allowed(w, 0x83, 1, true);
	expect_allowed(w, 0x84, 1, false);
	expect_allowed(w, 0x86, 4, true);
	expect_allowed(w, 0x87, 4, false);
	expect_allowed(w, 0x7f, 2, false);
	/* two bytes must lie within the limit */
	expect_allowed(w, 0x200, 1, true);
	expect_allowed(w, 0x208, 1, false);
	w->cpu->state.seg[SEG_TR].limit = BITMAP + 0x40;
	expect_allowed(w, 0x1f8, 1, true);
	expect_allowed(w, 0x200, 1, false);
	w->cpu->state.seg[SEG_TR].limit = 102;
	expect_allowed(w, 0x80, 1, false);
	w->cpu->state.seg[SEG_TR].limit = 0x200;
	w->cpu->state.seg[SEG_TR].access_rights = 0x83; /* of 16 bits: it has no bitmap */
	expect_allowed(w, 0x80, 1, false);
}

/* Virtual-8086 mode asks the bitmap whatever IOPL is; real mode asks nothing. */
static void test_old_modes(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_protected(w);
	make_tss(w, 0x200);
	allow(w, 0x80, 1);
	s->rflags = FLAG_ONE | FLAG_VM | FLAG_IOPL;
	s->cpl = 3;
	expect_allowed(w, 0x80, 1, true);
	expect_allowed(w, 0x81, 1, false);
	/* A TSS at the end of the 4 GBytes goes on at their start. */
	s->seg[SEG_TR].base = 0xffffffc0;
	s->seg[SEG_TR].limit = 0x200;
	mem_write(&w->memory, 0x26, 2, 0x100);
	mem_write(&w->memory, 0xc0 + 0x80 / 8, 2, 0xfffe);
	expect_allowed(w, 0x80, 1, true);
	expect_allowed(w, 0x81, 1, false);
	s->rflags = FLAG_ONE;
	s->cr0 &= ~CR0_PE;
	s->cpl = 0;
	expect_allowed(w, 0x81, 1, true);
}

/* A page fault on the TSS is a supervisor access at any CPL. */
static void test_tss_faults(void **state)
{
	struct world *w = *state;

	make_tss(w, 0x200);
	w->cpu->state.seg[SEG_TR].base = 0x40000000;
	world_cpl(w, 3);
	assert_false(cpu_io_allowed(w->cpu, 0x80, 1));
	assert_int_equal(w->cpu->fault.vector, VECTOR_PF);
	assert_int_equal(w->cpu->fault.error_code, 0);
	assert_int_equal(w->cpu->fault.address, 0x40000000 + 102);
}

static void test_breakpoints(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	s->dr[0] = 0x60;
	s->dr[1] = 0x101; /* of 2 bytes: 100H and 101H */
	s->dr[2] = 0x64;
	s->dr7 = 0x400 | 1 | 1 << 2 | 2u << 16 | 2u << 20 | 1u << 22 | 2u << 24;
	cpu_io_read(w->cpu, 0x60, 1);
	assert_int_equal(s->pending_debug, 0); /* not without CR4.DE */
	s->cr4 |= CR4_DE;
	cpu_io_read(w->cpu, 0x60, 1);
	assert_int_equal(s->pending_debug, PENDING_DEBUG_ENABLED | 1);
	s->pending_debug = 0;
	cpu_io_write(w->cpu, 0x5d, 4, 0);
	assert_int_equal(s->pending_debug, PENDING_DEBUG_ENABLED | 1);
	s->pending_debug = 0;
	cpu_io_write(w->cpu, 0x5c, 4, 0);
	cpu_io_write(w->cpu, 0x61, 1, 0);
	cpu_io_write(w->cpu, 0x64, 1, 0); /* DR2 is not enabled */
	cpu_io_write(w->cpu, 0x102, 1, 0);
	assert_int_equal(s->pending_debug, 0);
	cpu_io_write(w->cpu, 0x100, 1, 0);
	assert_int_equal(s->pending_debug, PENDING_DEBUG_ENABLED | 2);
	assert_int_equal(w->cpu->attention & ATTENTION_EVENT, ATTENTION_EVENT);
}

static uint64_t traced[2][3];

static void trace(void *opaque, const struct cpu *cpu, enum cpu_trace_kind kind, uint64_t a,
		  uint64_t b, uint64_t c)
{
	unsigned i = kind == CPU_TRACE_IO_WRITE;

	(void)opaque;
	(void)cpu;
	assert_true(kind == CPU_TRACE_IO_READ || kind == CPU_TRACE_IO_WRITE);
	traced[i][0] = a;
	traced[i][1] = b;
	traced[i][2] = c;
}

static void test_trace(void **state)
{
	struct world *w = *state;

	add_device(w);
	seen.answer = 0x5a;
	w->cpu->tracer.event = trace;
	cpu_io_read(w->cpu, 0x101, 1);
	cpu_io_write(w->cpu, 0x102, 2, 0x1234);
	assert_int_equal(traced[0][0], 0x101);
	assert_int_equal(traced[0][1], 0x5a);
	assert_int_equal(traced[0][2], 1);
	assert_int_equal(traced[1][0], 0x102);
	assert_int_equal(traced[1][1], 0x1234);
	assert_int_equal(traced[1][2], 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sizes),     TEST(test_iopl),	     TEST(test_bitmap),
		TEST(test_old_modes), TEST(test_tss_faults), TEST(test_breakpoints),
		TEST(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
