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

#include "l1_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY 0x100000u
#define INSTRUCTIONS 6000u
#define MAX_COMMANDS 64u

/* Memory, by pages, as in l1_code.h; all of it may change under the input's commands. */
#define HANDLER 0x3000u

static void require_at(bool holds, int line)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_vmx.c:%d: does not hold\n", line);
	abort();
}

#define require(holds) require_at(holds, __LINE__)

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
