/* SPDX-License-Identifier: MIT */
/*
 * A hypervisor that does what the input says: writes fields of a VMCS that begins valid, EPT
 * tables, bitmaps and lists, enters, and executes VMX instructions and bytes of the input's. Its
 * guest's code is the input's too. Faults of the hypervisor and VM exits go on with the next
 * command. The run is repeated with code decoded one instruction at a time, which must make no
 * difference in registers or memory.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undervisor/machine.h>
#include <undervisor/registers.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY 0x100000u
#define INSTRUCTIONS 6000u
#define MAX_COMMANDS 64u

/* Memory, by pages; all of it may change under the input's commands. */
#define IDT 0x1000u
#define GDT 0x2000u
#define TSS 0x2800u
#define HANDLER 0x3000u
#define EXIT_HANDLER 0x3100u
#define STACK 0x8000u
#define TABLES 0x10000u /* PML4, PDPT, PD, PT */
#define CODE 0x20000u
#define CODE_SIZE 0x10000u
#define REGIONS 0x40000u /* VMXON, two VMCSs, a shadow VMCS */
#define PAGES 0x44000u	 /* what the VMCS points to */
#define EPT 0x50000u	 /* four levels */
#define GUEST_CODE 0x60000u
#define GUEST_STACK 0x62000u

#define SEL_CODE 0x08u
#define SEL_DATA 0x10u
#define SEL_TSS 0x18u

static void require_at(bool holds, int line)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_vmx.c:%d: does not hold\n", line);
	abort();
}

#define require(holds) require_at(holds, __LINE__)

/* ---------------------------------------------------------------- input */

struct input {
	const uint8_t *data;
	size_t size, at;
};

static uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && in->at < in->size; i++)
		value |= (uint64_t)in->data[in->at++] << (8 * i);
	return value;
}

/* ---------------------------------------------------------------- code */

struct code {
	uint8_t bytes[CODE_SIZE];
	size_t size;
};

static void emit(struct code *c, const char *bytes, size_t size)
{
	if (c->size + size > CODE_SIZE)
		return;
	memcpy(c->bytes + c->size, bytes, size);
	c->size += size;
}

#define EMIT(c, text) emit(c, text, sizeof(text) - 1)

static void emit_value(struct code *c, uint64_t value, unsigned size)
{
	char bytes[8];

	for (unsigned i = 0; i < size; i++)
		bytes[i] = (char)(value >> (8 * i));
	emit(c, bytes, size);
}

/* MOV RAX or RDX, imm64 */
static void load_rax(struct code *c, uint64_t value)
{
	EMIT(c, "\x48\xb8");
	emit_value(c, value, 8);
}

static void load_rdx(struct code *c, uint64_t value)
{
	EMIT(c, "\x48\xba");
	emit_value(c, value, 8);
}

static void store(struct code *c, uint64_t address, uint64_t value)
{
	load_rax(c, value);
	load_rdx(c, address);
	EMIT(c, "\x48\x89\x02"); /* mov %rax, (%rdx) */
}

static void vmwrite(struct code *c, uint64_t field, uint64_t value)
{
	load_rax(c, value);
	load_rdx(c, field);
	EMIT(c, "\x0f\x79\xd0"); /* vmwrite %rax, %rdx */
}

/* An instruction with a memory operand that is a pointer. */
static void with_pointer(struct code *c, uint64_t pointer, const char *instruction, size_t size)
{
	store(c, STACK + 0x100, pointer);
	emit(c, instruction, size);
}

/* ---------------------------------------------------------------- a VMCS to begin with */

static const struct {
	uint32_t field;
	uint64_t value;
} valid[] = {
	{ 0x4000, 0x16 },
	{ 0x4002, 0x84006172 },
	{ 0x401e, 0x2 },
	{ 0x400c, 0x36ffb },
	{ 0x4012, 0x13fb },
	{ 0x4004, 0xffffffff },
	{ 0x2800, ~0ull },
	{ 0x201a, EPT | 0x1e },
	{ 0x0000, 1 },
	{ 0x2000, PAGES },
	{ 0x2002, PAGES },
	{ 0x2004, PAGES + 0x1000 },
	{ 0x2006, PAGES + 0x2000 },
	{ 0x2008, PAGES + 0x2100 },
	{ 0x200a, PAGES + 0x2200 },
	{ 0x200e, PAGES + 0x3000 },
	{ 0x2012, PAGES + 0x4000 },
	{ 0x2014, PAGES + 0x5000 },
	{ 0x2016, PAGES + 0x6000 },
	{ 0x2024, PAGES + 0x7000 },
	{ 0x2026, PAGES + 0x8000 },
	{ 0x2028, PAGES + 0x9000 },
	{ 0x202a, PAGES + 0xa000 },
	{ 0x2018, 1 },
	{ 0x0800, SEL_DATA },
	{ 0x0802, SEL_CODE },
	{ 0x0804, SEL_DATA },
	{ 0x0806, SEL_DATA },
	{ 0x0808, 0 },
	{ 0x080a, 0 },
	{ 0x080c, 0 },
	{ 0x080e, SEL_TSS },
	{ 0x0c00, SEL_DATA },
	{ 0x0c02, SEL_CODE },
	{ 0x0c04, SEL_DATA },
	{ 0x0c06, SEL_DATA },
	{ 0x0c0c, SEL_TSS },
	{ 0x4800, 0xffffffff },
	{ 0x4802, 0xffffffff },
	{ 0x4804, 0xffffffff },
	{ 0x4806, 0xffffffff },
	{ 0x480e, 0x67 },
	{ 0x4810, 0x7f },
	{ 0x4812, 0xfff },
	{ 0x4814, 0xc093 },
	{ 0x4816, 0xa09b },
	{ 0x4818, 0xc093 },
	{ 0x481a, 0xc093 },
	{ 0x481c, 0x10000 },
	{ 0x481e, 0x10000 },
	{ 0x4820, 0x10000 },
	{ 0x4822, 0x8b },
	{ 0x6800, 0x80010031 },
	{ 0x6802, TABLES },
	{ 0x6804, 0x2020 },
	{ 0x6814, TSS },
	{ 0x6816, GDT },
	{ 0x6818, IDT },
	{ 0x681a, 0x400 },
	{ 0x681c, GUEST_STACK },
	{ 0x681e, GUEST_CODE },
	{ 0x6820, 2 },
	{ 0x6c00, 0x80010031 },
	{ 0x6c02, TABLES },
	{ 0x6c04, 0x2020 },
	{ 0x6c0a, TSS },
	{ 0x6c0c, GDT },
	{ 0x6c0e, IDT },
	{ 0x6c14, STACK },
	{ 0x6c16, EXIT_HANDLER },
	{ 0x482e, 0x1000 },
	{ 0x2804, 0x0007040600070406 },
	{ 0x2806, 0x500 },
	{ 0x2c00, 0x0007040600070406 },
	{ 0x2c02, 0x500 },
	{ 0x6000, 0 },
	{ 0x6002, 0 },
	{ 0x6004, 0 },
	{ 0x6006, 0 },
	{ 0x4016, 0 },
	{ 0x4018, 0 },
	{ 0x401a, 0 },
	{ 0x401c, 0 },
	{ 0x400a, 0 },
	{ 0x400e, 0 },
	{ 0x4010, 0 },
	{ 0x4014, 0 },
	{ 0x4824, 0 },
	{ 0x4826, 0 },
	{ 0x6822, 0 },
	{ 0x2802, 0 },
	{ 0x0810, 0 },
	{ 0x0812, 511 },
	{ 0x2010, 0 },
	{ 0x2032, 1 },
	{ 0x280a, 0 },
};
#define NR_VALID (sizeof(valid) / sizeof(valid[0]))

/* The revision identifier into every region, VMXON, and a current VMCS that can be entered. */
static void begin(struct code *c)
{
	EMIT(c, "\xb9\x3a\x00\x00\x00\xb8\x05\x00\x00\x00\x31\xd2\x0f\x30"); /* wrmsr 3AH, 5 */
	EMIT(c, "\xb9\x80\x04\x00\x00\x0f\x32");			     /* rdmsr 480H */
	EMIT(c, "\x0f\xba\xf0\x1f\x89\xc3"); /* btr $31, %eax; mov %eax, %ebx */
	for (uint32_t i = 0; i < 4; i++) {
		load_rdx(c, REGIONS + 0x1000 * i);
		EMIT(c, "\x89\x1a"); /* mov %ebx, (%rdx) */
	}
	EMIT(c, "\x80\x4a\x03\x80"); /* the last one is a shadow VMCS: orb $0x80, 3(%rdx) */
	with_pointer(c, REGIONS, "\xf3\x0f\xc7\x34\x25\x00\x81\x00\x00", 9);
	with_pointer(c, REGIONS + 0x1000, "\x66\x0f\xc7\x34\x25\x00\x81\x00\x00", 9);
	EMIT(c, "\x0f\xc7\x34\x25\x00\x81\x00\x00"); /* vmptrld */
	for (size_t i = 0; i < NR_VALID; i++)
		vmwrite(c, valid[i].field, valid[i].value);
}

/* ---------------------------------------------------------------- commands */

static uint64_t draw(struct input *in, uint64_t old)
{
	switch (take(in, 1) % 4) {
	case 0:
		return old ^ 1ull << (take(in, 1) % 64);
	case 1:
		return take(in, 8);
	case 2:
		return (take(in, 1) & 0xff) << 12;
	default:
		return old ^ take(in, 2);
	}
}

static void change_field(struct code *c, struct input *in)
{
	size_t index = take(in, 1) % NR_VALID;

	vmwrite(c, valid[index].field, draw(in, valid[index].value));
}

static void change_memory(struct code *c, struct input *in)
{
	static const uint32_t bases[] = { EPT, PAGES, TABLES, REGIONS };
	uint32_t base = bases[take(in, 1) % 4];

	store(c, base + (take(in, 2) & 0xffff), take(in, 8));
}

static void invalidate(struct code *c, struct input *in)
{
	uint64_t type = take(in, 1) % 5;
	bool vpid = take(in, 1) & 1;

	store(c, STACK + 0x108, take(in, 8));
	with_pointer(c, vpid ? take(in, 2) : EPT | 0x1e, "", 0);
	load_rax(c, type);
	if (vpid)
		EMIT(c, "\x66\x0f\x38\x81\x04\x25\x00\x81\x00\x00");
	else
		EMIT(c, "\x66\x0f\x38\x80\x04\x25\x00\x81\x00\x00");
}

static void pointer_instruction(struct code *c, struct input *in)
{
	uint64_t pointer = REGIONS + 0x1000 * (take(in, 1) & 3);

	if (take(in, 1) % 8 == 0)
		pointer = take(in, 8);
	switch (take(in, 1) % 4) {
	case 0:
		with_pointer(c, pointer, "\x66\x0f\xc7\x34\x25\x00\x81\x00\x00", 9);
		break;
	case 1:
		with_pointer(c, pointer, "\x0f\xc7\x34\x25\x00\x81\x00\x00", 8);
		break;
	case 2:
		with_pointer(c, pointer, "\xf3\x0f\xc7\x34\x25\x00\x81\x00\x00", 9);
		break;
	default:
		with_pointer(c, pointer, "\x0f\xc7\x3c\x25\x00\x81\x00\x00", 8); /* vmptrst */
	}
}

static void raw_bytes(struct code *c, struct input *in)
{
	uint64_t count = take(in, 1) % 9;

	while (count--)
		emit_value(c, take(in, 1), 1);
}

static void command(struct code *c, struct input *in)
{
	size_t start = c->size;

	EMIT(c, "\x49\xbe"); /* mov $next, %r14 */
	emit_value(c, 0, 8);
	switch (take(in, 1) % 12) {
	case 0:
	case 1:
	case 2:
		change_field(c, in);
		break;
	case 3:
		change_memory(c, in);
		break;
	case 4:
	case 5:
		EMIT(c, "\x0f\x01\xc2"); /* vmlaunch */
		break;
	case 6:
		EMIT(c, "\x0f\x01\xc3"); /* vmresume */
		break;
	case 7:
		pointer_instruction(c, in);
		break;
	case 8:
		invalidate(c, in);
		break;
	case 9:
		vmwrite(c, take(in, 2), take(in, 8));
		break;
	case 10:
		raw_bytes(c, in);
		break;
	default: /* bytes into the guest's code */
		store(c, GUEST_CODE + (take(in, 1) & 0x3f), take(in, 8));
	}
	for (unsigned i = 0; i < 8; i++)
		if (start + 10 <= CODE_SIZE)
			c->bytes[start + 2 + i] = (uint8_t)((CODE + c->size) >> (8 * i));
}

/* ---------------------------------------------------------------- the machine */

static void put(struct udv_machine *machine, uint64_t address, const void *data, uint64_t size)
{
	require(udv_machine_write(machine, UDV_GPA(address), data, size) == UDV_OK);
}

static void put_word(struct udv_machine *machine, uint64_t address, uint64_t value)
{
	put(machine, address, &value, 8);
}

static void put_tables(struct udv_machine *machine)
{
	for (uint64_t level = 0; level < 3; level++) {
		put_word(machine, TABLES + level * 0x1000, (TABLES + (level + 1) * 0x1000) | 7);
		put_word(machine, EPT + level * 0x1000, (EPT + (level + 1) * 0x1000) | 7);
	}
	for (uint64_t page = 0; page < 256; page++) {
		put_word(machine, TABLES + 0x3000 + 8 * page, page << 12 | 7);
		put_word(machine, EPT + 0x3000 + 8 * page, page << 12 | 0x37);
	}
	put_word(machine, GDT + SEL_CODE, 0x00af9b000000ffff);
	put_word(machine, GDT + SEL_DATA, 0x00cf93000000ffff);
	put_word(machine, GDT + SEL_TSS, 0x00008b0000000067 | (uint64_t)TSS << 16);
	for (uint64_t vector = 0; vector < 256; vector++)
		put_word(machine, IDT + 16 * vector, 0x8e0000000000 | SEL_CODE << 16 | HANDLER);
}

static void put_handlers(struct udv_machine *machine)
{
	static const char next[] =
		"\xbc\x00\x80\x00\x00\x41\xff\xe6"; /* mov $STACK, %esp; jmp *%r14 */
	/* dec %r13d; js 1f; skip the instruction; vmresume; 1: as above */
	static const char exits[] = "\x41\xff\xcd\x78\x1e"
				    "\xb8\x0c\x44\x00\x00\x0f\x78\xc3"	   /* vmread length, %rbx */
				    "\xb8\x1e\x68\x00\x00\x0f\x78\xc1"	   /* vmread RIP, %rcx */
				    "\x48\x01\xd9\x90\x90\x90\x0f\x79\xc1" /* add; vmwrite RIP */
				    "\x90\x90\x0f\x01\xc3"		   /* vmresume */
				    "\xbc\x00\x80\x00\x00\x41\xff\xe6";

	put(machine, HANDLER, next, sizeof(next) - 1);
	put(machine, EXIT_HANDLER, exits, sizeof(exits) - 1);
}

static void set_registers(struct udv_machine *machine)
{
	struct udv_registers r = { .rip = CODE, .rflags = 2 };

	r.gpr[UDV_RSP] = STACK;
	r.gpr[13] = 12;
	for (unsigned i = 0; i < 6; i++)
		r.segment[i] = (struct udv_segment_register){ 0, 0xffffffff, 0xc093, SEL_DATA };
	r.segment[UDV_CS] = (struct udv_segment_register){ 0, 0xffffffff, 0xa09b, SEL_CODE };
	r.segment[UDV_LDTR].access_rights = 0x10000;
	r.segment[UDV_TR] = (struct udv_segment_register){ TSS, 0x67, 0x8b, SEL_TSS };
	r.gdtr_base = GDT;
	r.gdtr_limit = 0x7f;
	r.idtr_base = IDT;
	r.idtr_limit = 0xfff;
	r.cr0 = UDV_CR0_PE | UDV_CR0_PG | UDV_CR0_NE | UDV_CR0_WP | UDV_CR0_ET;
	r.cr3 = TABLES;
	r.cr4 = UDV_CR4_PAE | UDV_CR4_VMXE;
	r.efer = UDV_EFER_LME | UDV_EFER_LMA;
	r.dr6 = 0xffff0ff0;
	r.dr7 = 0x400;
	require(udv_machine_set_registers(machine, 0, &r) == UDV_OK);
}

struct outcome {
	struct udv_registers registers;
	struct udv_stop_info info;
	uint8_t memory[MEMORY];
};

static void run(const struct code *code, uint32_t stress, struct outcome *out)
{
	struct udv_machine_config config = { .memory = MEMORY, .stress = stress };
	struct udv_machine *machine;

	require(udv_machine_create(&config, &machine, NULL) == UDV_OK);
	put_tables(machine);
	put_handlers(machine);
	put(machine, CODE, code->bytes, code->size);
	set_registers(machine);
	memset(out, 0, sizeof(*out));
	udv_machine_run(machine, INSTRUCTIONS, &out->info);
	require(out->info.instructions <= INSTRUCTIONS);
	require(udv_machine_get_registers(machine, 0, &out->registers) == UDV_OK);
	require(udv_machine_read(machine, UDV_GPA(0), out->memory, MEMORY) == UDV_OK);
	udv_machine_destroy(machine);
}

static bool same_segment(const struct udv_segment_register *a, const struct udv_segment_register *b)
{
	return a->base == b->base && a->limit == b->limit && a->selector == b->selector &&
	       a->access_rights == b->access_rights;
}

static bool same_registers(const struct udv_registers *a, const struct udv_registers *b)
{
	for (unsigned i = 0; i < 8; i++)
		if (!same_segment(&a->segment[i], &b->segment[i]))
			return false;
	return memcmp(a->gpr, b->gpr, sizeof(a->gpr)) == 0 && a->rip == b->rip &&
	       a->rflags == b->rflags && a->gdtr_base == b->gdtr_base &&
	       a->idtr_base == b->idtr_base && a->gdtr_limit == b->gdtr_limit &&
	       a->idtr_limit == b->idtr_limit && a->cr0 == b->cr0 && a->cr2 == b->cr2 &&
	       a->cr3 == b->cr3 && a->cr4 == b->cr4 && a->efer == b->efer && a->dr6 == b->dr6 &&
	       a->dr7 == b->dr7;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct code code;
	static struct outcome plain, stressed;
	struct input in = { data, size, 0 };

	code.size = 0;
	begin(&code);
	for (unsigned i = 0; i < MAX_COMMANDS && in.at < in.size; i++)
		command(&code, &in);
	EMIT(&code, "\xfa\xf4\xeb\xfc"); /* cli; hlt */
	run(&code, 0, &plain);
	run(&code, UDV_STRESS_SINGLE, &stressed);
	require(plain.info.stop == stressed.info.stop);
	require(plain.info.instructions == stressed.info.instructions);
	require(same_registers(&plain.registers, &stressed.registers));
	require(memcmp(plain.memory, stressed.memory, MEMORY) == 0);
	return 0;
}
