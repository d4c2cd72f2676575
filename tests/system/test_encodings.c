/* SPDX-License-Identifier: MIT */
#include "world.h"

/*
 * From machine code: each encoding is decoded, translated and run once, in 64-bit mode at CPL 0
 * with everything enabled, and must be the instruction it says.
 */
#define CODE 0x20000u
#define AREA 0x10000u
#define NONE 0xff

#define OPERAND(reg) (0x04 | (reg) << 3), 0x25, 0x00, 0x00, 0x01, 0x00

static const struct encoding {
	uint8_t bytes[12];
	uint8_t length;
	uint8_t vector; /* NONE, or the exception */
	uint16_t op_code;
	const char *name;
} encodings[] = {
#define E(name, code, vector, ...)                                                                 \
	{                                                                                          \
		{ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }), vector, OP_##code, name       \
	}
	E("clts", CLTS, NONE, 0x0f, 0x06),
	E("cpuid", CPUID, NONE, 0x0f, 0xa2),
	E("fxsave", FXSAVE, NONE, 0x0f, 0xae, OPERAND(0)),
	E("fxsave64", FXSAVE, NONE, 0x48, 0x0f, 0xae, OPERAND(0)),
	E("fxrstor", FXRSTOR, NONE, 0x0f, 0xae, OPERAND(1)),
	E("fxrstor64", FXRSTOR, NONE, 0x48, 0x0f, 0xae, OPERAND(1)),
	E("in al, 60H", IN, NONE, 0xe4, 0x60),
	E("in eax, 60H", IN, NONE, 0xe5, 0x60),
	E("in ax, 60H", IN, NONE, 0x66, 0xe5, 0x60),
	E("in al, dx", IN, NONE, 0xec),
	E("in eax, dx", IN, NONE, 0xed),
	E("in eax, dx with REX.W", IN, NONE, 0x48, 0xed),
	E("out 60H, al", OUT, NONE, 0xe6, 0x60),
	E("out 60H, eax", OUT, NONE, 0xe7, 0x60),
	E("out dx, al", OUT, NONE, 0xee),
	E("out dx, ax", OUT, NONE, 0x66, 0xef),
	E("out dx, eax", OUT, NONE, 0xef),
	E("invd", INVD, NONE, 0x0f, 0x08),
	E("wbinvd", WBINVD, NONE, 0x0f, 0x09),
	E("wbinvd with F3", WBINVD, NONE, 0xf3, 0x0f, 0x09),
	E("invlpg", INVLPG, NONE, 0x0f, 0x01, OPERAND(7)),
	E("invpcid rax", INVPCID, NONE, 0x66, 0x0f, 0x38, 0x82, OPERAND(0)),
	E("invpcid of a register", END, VECTOR_UD, 0x66, 0x0f, 0x38, 0x82, 0xc0),
	E("ldmxcsr", LDMXCSR, NONE, 0x0f, 0xae, OPERAND(2)),
	E("stmxcsr", STMXCSR, NONE, 0x0f, 0xae, OPERAND(3)),
	E("lmsw ax", LMSW, NONE, 0x0f, 0x01, 0xf0),
	E("lmsw m", LMSW, NONE, 0x0f, 0x01, OPERAND(6)),
	E("smsw rax", SMSW, NONE, 0x48, 0x0f, 0x01, 0xe0),
	E("smsw m", SMSW, NONE, 0x0f, 0x01, OPERAND(4)),
	E("monitor", MONITOR, NONE, 0x0f, 0x01, 0xc8),
	E("monitor fs:rax", MONITOR, NONE, 0x64, 0x0f, 0x01, 0xc8),
	E("mwait", MWAIT, NONE, 0x0f, 0x01, 0xc9),
	E("rdfsbase rax", RDFSGSBASE, NONE, 0xf3, 0x48, 0x0f, 0xae, 0xc0),
	E("rdgsbase eax", RDFSGSBASE, NONE, 0xf3, 0x0f, 0xae, 0xc8),
	E("wrfsbase rax", WRFSGSBASE, NONE, 0xf3, 0x48, 0x0f, 0xae, 0xd0),
	E("wrgsbase eax", WRFSGSBASE, NONE, 0xf3, 0x0f, 0xae, 0xd8),
	E("rdmsr", RDMSR, NONE, 0x0f, 0x32),
	E("wrmsr", WRMSR, NONE, 0x0f, 0x30),
	E("rdpid rax", RDPID, NONE, 0xf3, 0x0f, 0xc7, 0xf8),
	E("rdpkru", RDPKRU, VECTOR_GP, 0x0f, 0x01, 0xee),
	E("wrpkru", WRPKRU, VECTOR_GP, 0x0f, 0x01, 0xef),
	E("rdpmc", RDPMC, VECTOR_GP, 0x0f, 0x33),
	E("rdrand eax", RDRAND, NONE, 0x0f, 0xc7, 0xf0),
	E("rdseed rax", RDSEED, NONE, 0x48, 0x0f, 0xc7, 0xf8),
	E("rdtsc", RDTSC, NONE, 0x0f, 0x31),
	E("rdtscp", RDTSCP, NONE, 0x0f, 0x01, 0xf9),
	E("xgetbv", XGETBV, VECTOR_GP, 0x0f, 0x01, 0xd0),
	E("xsetbv", XSETBV, VECTOR_GP, 0x0f, 0x01, 0xd1),
	E("xsave", XSAVE, NONE, 0x0f, 0xae, OPERAND(4)),
	E("xsave64", XSAVE, NONE, 0x48, 0x0f, 0xae, OPERAND(4)),
	E("xrstor", XRSTOR, NONE, 0x0f, 0xae, OPERAND(5)),
	E("xrstor64", XRSTOR, NONE, 0x48, 0x0f, 0xae, OPERAND(5)),
	E("xsaveopt", XSAVEOPT, NONE, 0x0f, 0xae, OPERAND(6)),
	E("xsaveopt64", XSAVEOPT, NONE, 0x48, 0x0f, 0xae, OPERAND(6)),
	E("xsavec", XSAVEC, NONE, 0x0f, 0xc7, OPERAND(4)),
	E("xsavec64", XSAVEC, NONE, 0x48, 0x0f, 0xc7, OPERAND(4)),
	E("xsaves", XSAVES, NONE, 0x0f, 0xc7, OPERAND(5)),
	E("xsaves64", XSAVES, NONE, 0x48, 0x0f, 0xc7, OPERAND(5)),
	E("xrstors", XRSTORS, VECTOR_GP, 0x0f, 0xc7, OPERAND(3)),
	E("xrstors64", XRSTORS, VECTOR_GP, 0x48, 0x0f, 0xc7, OPERAND(3)),
	E("mov rax, cr0", MOV_FROM_CR, NONE, 0x0f, 0x20, 0xc0),
	E("mov rax, cr2", MOV_FROM_CR, NONE, 0x0f, 0x20, 0xd0),
	E("mov rax, cr3", MOV_FROM_CR, NONE, 0x0f, 0x20, 0xd8),
	E("mov rax, cr4", MOV_FROM_CR, NONE, 0x0f, 0x20, 0xe0),
	E("mov rax, cr8", MOV_FROM_CR, NONE, 0x44, 0x0f, 0x20, 0xc0),
	E("mov rax, cr1", END, VECTOR_UD, 0x0f, 0x20, 0xc8),
	E("mov rax, cr5", END, VECTOR_UD, 0x0f, 0x20, 0xe8),
	E("mov rax, cr9", END, VECTOR_UD, 0x44, 0x0f, 0x20, 0xc8),
	E("lock mov rax, cr0", END, VECTOR_UD, 0xf0, 0x0f, 0x20, 0xc0),
	E("mov cr0, rbp", MOV_TO_CR0, NONE, 0x0f, 0x22, 0xc5),
	E("mov cr2, r9", MOV_TO_CR2, NONE, 0x41, 0x0f, 0x22, 0xd1),
	E("mov cr3, r10", MOV_TO_CR3, NONE, 0x41, 0x0f, 0x22, 0xda),
	E("mov cr4, r11", MOV_TO_CR4, NONE, 0x41, 0x0f, 0x22, 0xe3),
	E("mov cr8, r12", MOV_TO_CR8, NONE, 0x45, 0x0f, 0x22, 0xc4),
	E("mov cr1, rax", END, VECTOR_UD, 0x0f, 0x22, 0xc8),
	E("mov cr0, rbp, mod 0", MOV_TO_CR0, NONE, 0x0f, 0x22, 0x05),
	E("mov rax, dr0", MOV_FROM_DR, NONE, 0x0f, 0x21, 0xc0),
	E("mov dr3, rdi", MOV_TO_DR, NONE, 0x0f, 0x23, 0xdf),
	E("mov rax, dr6", MOV_FROM_DR, NONE, 0x0f, 0x21, 0xf0),
	E("mov rax, dr8", END, VECTOR_UD, 0x44, 0x0f, 0x21, 0xc0),
	E("rsm", END, VECTOR_UD, 0x0f, 0xaa),
	E("vmcall", END, VECTOR_UD, 0x0f, 0x01, 0xc1),
	E("vmlaunch", END, VECTOR_UD, 0x0f, 0x01, 0xc2),
	E("vmxoff", END, VECTOR_UD, 0x0f, 0x01, 0xc4),
	E("vmread", END, VECTOR_UD, 0x0f, 0x78, 0xc0),
	E("vmptrld", END, VECTOR_UD, 0x0f, 0xc7, OPERAND(6)),
	E("invept", END, VECTOR_UD, 0x66, 0x0f, 0x38, 0x80, OPERAND(0)),
	E("getsec", END, VECTOR_UD, 0x0f, 0x37),
	E("cmpxchg8b", CMPXCHG8B, NONE, 0x0f, 0xc7, OPERAND(1)),
	E("lahf", LAHF, NONE, 0x9f),
	E("sahf", SAHF, NONE, 0x9e),
	E("fldz", END, NONE, 0xd9, 0xee),
	E("fwait", END, NONE, 0x9b),
	E("fcomi st, st", END, NONE, 0xdb, 0xf0),
	E("fucomip st, st", END, NONE, 0xdf, 0xe8),
	E("fcmovb st, st", END, NONE, 0xda, 0xc0),
	E("vpclmulqdq", END, NONE, 0xc4, 0xe3, 0x79, 0x44, 0xc0, 0x00),
#undef E
};

static int vector;

static void trace(void *opaque, const struct cpu *cpu, enum cpu_trace_kind kind, uint64_t a,
		  uint64_t b, uint64_t c)
{
	(void)opaque;
	(void)cpu;
	(void)b;
	(void)c;
	if (kind == CPU_TRACE_EXCEPTION && vector == NONE)
		vector = (int)a;
}

/* Registers: a value that each of the instructions above can take where it is used. */
static void prepare(struct world *w)
{
	struct cpu_state *s = &w->cpu->state;

	memset(s->gpr, 0, sizeof(s->gpr));
	s->gpr[GPR_RCX] = 0x3a; /* an MSR with nothing in it; not 0, 1 */
	s->gpr[GPR_RBP] = s->cr0 = CR0_PE | CR0_PG | CR0_ET | CR0_NE;
	s->gpr[9] = 0x1234;
	s->gpr[10] = WORLD_PML4;
	s->gpr[11] = s->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXSAVE | CR4_FSGSBASE | CR4_PKE;
	s->gpr[12] = 5;
	s->xcr0 = 0x207;
	s->idtr.limit = 0; /* an exception shuts down */
	s->gpr[GPR_RDI] = 0x5678;
	s->misc_enable = cpu_misc_enable_reset(w->cpu);
	s->rip = CODE;
	s->rflags = FLAG_ONE;
	s->activity = ACTIVITY_ACTIVE;
	s->monitor_armed = false;
	cpu_state_changed(w->cpu);
}

static void run(struct world *w, const struct encoding *e)
{
	uint8_t area[4096] = { 0 };
	struct block *block;

	prepare(w);
	if (e->op_code == OP_MONITOR || e->op_code == OP_MWAIT)
		w->cpu->state.gpr[GPR_RCX] = 0;
	assert_true(mem_write_bytes(&w->memory, AREA, area, sizeof(area)));
	assert_true(mem_write_bytes(&w->memory, CODE, e->bytes, e->length));
	blocks_flush(&w->blocks);
	w->cpu->attention = 0;
	vector = NONE;
	cpu_run(w->cpu, 1);
	if (vector != e->vector)
		fail_msg("%s: vector %d", e->name, vector);
	if (vector == NONE && w->cpu->state.rip != CODE + e->length)
		fail_msg("%s: rip %llx", e->name, (unsigned long long)w->cpu->state.rip);
	if (e->op_code == OP_END)
		return;
	block = block_find(&w->blocks, CODE, w->cpu->mode | MODE_SINGLE);
	if (!block || block->ops[0].code != e->op_code)
		fail_msg("%s: op code %d", e->name, block ? block->ops[0].code : -1);
}

static void test_encodings(void **state)
{
	struct world *w = *state;

	w->cpu->single_blocks = true;
	w->cpu->tracer.event = trace;
	for (unsigned i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		run(w, &encodings[i]);
}

static const struct encoding *find(const char *name)
{
	for (unsigned i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		if (!strcmp(encodings[i].name, name))
			return &encodings[i];
	fail_msg("%s", name);
	return NULL;
}

/* The operands are the right ones. */
static void test_operands(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	w->cpu->single_blocks = true;
	w->cpu->tracer.event = trace;
	run(w, find("mov cr2, r9"));
	assert_int_equal(s->cr2, 0x1234);
	run(w, find("mov rax, cr2"));
	assert_int_equal(s->gpr[GPR_RAX], 0x1234);
	run(w, find("mov dr3, rdi"));
	assert_int_equal(s->dr[3], 0x5678);
	run(w, find("mov rax, dr6"));
	assert_int_equal(s->gpr[GPR_RAX], 0xffff0ff0);
	run(w, find("mov rax, cr4"));
	assert_int_equal(s->gpr[GPR_RAX], s->cr4);
	run(w, find("in al, dx"));
	assert_int_equal(s->gpr[GPR_RAX], 0xff);
	run(w, find("in ax, 60H"));
	assert_int_equal(s->gpr[GPR_RAX], 0xffff);
	run(w, find("in eax, dx with REX.W"));
	assert_int_equal(s->gpr[GPR_RAX], 0xffffffff);
	s->tsc_aux = 77;
	run(w, find("rdpid rax"));
	assert_int_equal(s->gpr[GPR_RAX], 77);
	s->seg[SEG_FS].base = 0x123456789;
	run(w, find("rdfsbase rax"));
	assert_int_equal(s->gpr[GPR_RAX], 0x123456789);
	s->seg[SEG_GS].base = 0x123456789;
	run(w, find("rdgsbase eax"));
	assert_int_equal(s->gpr[GPR_RAX], 0x23456789);
	run(w, find("wrgsbase eax"));
	assert_int_equal(s->seg[SEG_GS].base, 0);
	assert_int_equal(s->seg[SEG_FS].base, 0x123456789);
	run(w, find("mwait"));
	assert_int_equal(s->activity, ACTIVITY_ACTIVE);
	run(w, find("monitor"));
	assert_true(s->monitor_armed);
	assert_int_equal(s->monitor_address, 0);
	s->seg[SEG_FS].base = 0x12345;
	run(w, find("monitor fs:rax"));
	assert_int_equal(s->monitor_address, 0x12340);
}

/* The same machine code without the feature. */
static void test_features(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *name;
		unsigned feature;
	} needs[] = {
		{ "cmpxchg8b", FEATURE_CX8 },
		{ "fcmovb st, st", FEATURE_CMOV },
		{ "fcmovb st, st", FEATURE_FPU },
		{ "fcomi st, st", FEATURE_CMOV },
		{ "fldz", FEATURE_FPU },
		{ "fucomip st, st", FEATURE_CMOV },
		{ "fwait", FEATURE_FPU },
		{ "fxsave", FEATURE_FXSR },
		{ "invpcid rax", FEATURE_INVPCID },
		{ "lahf", FEATURE_LAHF_LM },
		{ "ldmxcsr", FEATURE_SSE },
		{ "monitor", FEATURE_MONITOR },
		{ "mwait", FEATURE_MONITOR },
		{ "sahf", FEATURE_LAHF_LM },
		{ "vpclmulqdq", FEATURE_PCLMULQDQ },
		{ "rdfsbase rax", FEATURE_FSGSBASE },
		{ "wrgsbase eax", FEATURE_FSGSBASE },
		{ "rdmsr", FEATURE_MSR },
		{ "rdpid rax", FEATURE_RDPID },
		{ "rdpkru", FEATURE_PKU },
		{ "rdrand eax", FEATURE_RDRAND },
		{ "rdseed rax", FEATURE_RDSEED },
		{ "rdtsc", FEATURE_TSC },
		{ "rdtscp", FEATURE_RDTSCP },
		{ "xgetbv", FEATURE_XSAVE },
		{ "xsave", FEATURE_XSAVE },
		{ "xsavec", FEATURE_XSAVEC },
		{ "xsaveopt", FEATURE_XSAVEOPT },
		{ "xsaves", FEATURE_XSAVES },
		{ "xrstors64", FEATURE_XSAVES },
	};

	w->cpu->single_blocks = true;
	w->cpu->tracer.event = trace;
	for (unsigned i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		struct encoding e = *find(needs[i].name);

		e.vector = VECTOR_UD;
		e.op_code = OP_END;
		feature_put(&w->config.features, needs[i].feature, false);
		run(w, &e);
		feature_put(&w->config.features, needs[i].feature, true);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_encodings),
		TEST(test_operands),
		TEST(test_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
