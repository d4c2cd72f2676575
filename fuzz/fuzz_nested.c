/* SPDX-License-Identifier: MIT */
/*
 * Is L1 the same on both engines? A hypervisor that does what the input says, as in fuzz_vmx.c, but
 * by the rules that make it independent of what a processor keeps cached (nested_world.h), with
 * guest code of instructions that the input chooses. Every VM exit, in all its fields, and at the
 * end registers and memory must be the same on the direct engine and on the nested one.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "nested_sides.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INSTRUCTIONS 6000u
#define MAX_COMMANDS 64u
#define WHOLE 800u
#define MAX_SNIPPETS 24u
#define EXITS_BETWEEN_COMMANDS 24u

/* ---------------------------------------------------------------- L1's commands */

static uint64_t draw(struct input *in, uint64_t old)
{
	switch (take(in, 1) % 8) {
	case 0:
	case 1:
		return old ^ 1ull << (take(in, 1) % 64);
	case 2:
		return take(in, 8);
	case 3:
		return (take(in, 1) & 0xff) << 12;
	case 4:
		return old ^ take(in, 2);
	case 5:
		return old ^ 1ull << (take(in, 1) % 32);
	default:
		return old;
	}
}

static uint64_t draw_eptp(struct input *in)
{
	uint64_t eptp = EPT_OF(take(in, 1) % NR_EPTS) | (take(in, 1) & 1 ? 0x5e : 0x1e);

	return take(in, 1) % 8 ? eptp : eptp ^ 1ull << (take(in, 1) % 12);
}

static bool in_list(uint32_t field, const uint32_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == field)
			return true;
	return false;
}

#define IN_LIST(field, list) in_list(field, list, sizeof(list) / sizeof((list)[0]))

/*
 * What the processor writes through must point beyond what translations are made of, and what L1
 * itself is translated by must stay.
 */
static void write_field(struct code *c, struct input *in, uint32_t field, uint64_t value)
{
	static const uint32_t written[] = { 0x2006, 0x200e, 0x2012, 0x2016, 0x202a };
	static const uint32_t kept[] = { 0x2024, 0x6c00, 0x6c02, 0x6c04, 0x6c0a, 0x6c0c,
					 0x6c0e, 0x6c14, 0x6c16, 0x0c02, 0x2c02 };

	field &= ~1u; /* not halves: of a pointer they make another one */
	if (field == 0x201a)
		value = draw_eptp(in);
	else if (field == 0x2800)
		value = value & 1 ? REGIONS + 0x3000 : ~0ull;
	else if (IN_LIST(field, written))
		value = (STRUCTURES + ((value & 0xf) << 12)) | (value >> 4 & 0xfff) |
			(value >> 60 == 7 ? 1ull << 45 : 0);
	else if (IN_LIST(field, kept))
		return;
	vmwrite(c, field, value);
}

static void change_field(struct code *c, struct input *in)
{
	uint64_t index = take(in, 1) % (NR_VALID + NR_WORLD_VALID);
	const struct field_value *old =
		index < NR_VALID ? &valid[index] : &world_valid[index - NR_VALID];

	write_field(c, in, old->field, draw(in, old->value));
}

/* Several controls at once, those that are always 1 or that keep L1 as it is among them. */
static void change_controls(struct code *c, struct input *in)
{
	static const struct {
		uint32_t field, always, may;
	} controls[] = {
		{ 0x4000, 0x16, 0xe9 },
		{ 0x4002, 0x84006172, 0x7bf99e8c },
		{ 0x4002, 0x84006172, 0x7bf99e8c },
		{ 0x401e, 0x2, 0x02d77ffd },
		{ 0x401e, 0x2, 0x02d77ffd },
		{ 0x400c, 0x36ffb, 0x7c9004 },
		{ 0x4012, 0x13fb, 0xe004 },
		{ 0x4004, 0, 0xffffffff },
	};
	size_t index = take(in, 1) % (sizeof(controls) / sizeof(controls[0]));
	uint64_t bits = 0;

	for (uint64_t count = take(in, 1) % 4; count; count--)
		bits |= 1ull << (take(in, 1) % 32);
	vmwrite(c, controls[index].field, controls[index].always | (bits & controls[index].may));
}

/* Controls that need each other, or something else: one set of them, or two. */
static void choose_controls(struct code *c, struct input *in)
{
	static const struct {
		uint32_t pin, primary, secondary, exit, eptp;
	} sets[] = {
		{ .primary = 1 << 21, .secondary = 0x1 }, /* APIC-access page */
		{ .primary = 1 << 21, .secondary = 0x1 | 1 << 8 },
		{ .primary = 1 << 21, .secondary = 1 << 4 | 1 << 8 },
		{ .pin = 1, .exit = 1 << 15, .primary = 1 << 21, .secondary = 1 << 4 | 3 << 8 },
		{ .pin = 1, .exit = 1 << 15, .primary = 1 << 21, .secondary = 0x1 | 3 << 8 },
		{ .pin = 0x81, .exit = 1 << 15, .primary = 1 << 21, .secondary = 1 << 4 | 3 << 8 },
		{ .pin = 1 },
		{ .pin = 1, .exit = 1 << 15 },
		{ .pin = 0x8 },
		{ .pin = 0x28 },
		{ .pin = 0x28, .primary = 1 << 22 },
		{ .pin = 0x40 },
		{ .pin = 0x40, .exit = 1 << 22 },
		{ .primary = 1 << 2 },
		{ .primary = 1 << 27 },
		{ .primary = 1 << 28 },			/* MSR bitmaps */
		{ .primary = 1 << 25 },			/* I/O bitmaps */
		{ .secondary = 1 << 17, .eptp = 0x40 }, /* PML */
		{ .secondary = 1 << 18 },		/* #VE */
		{ .secondary = 1 << 18 },
		{ .secondary = 1 << 18 | 1 << 13 },
		{ .secondary = 1 << 13 }, /* VM functions */
		{ .secondary = 1 << 14 }, /* shadow VMCS */
		{ .secondary = 1 << 22 }, /* MBEC */
		{ .secondary = 1 << 23 }, /* SPP */
	};
	uint32_t pin = 0x16, primary = 0x84006172, secondary = 0x10aa, exit = 0x36ffb, eptp = 0x1e;

	for (unsigned count = 1 + take(in, 1) % 2; count; count--) {
		size_t i = take(in, 1) % (sizeof(sets) / sizeof(sets[0]));

		pin |= sets[i].pin;
		primary |= sets[i].primary;
		secondary |= sets[i].secondary;
		exit |= sets[i].exit;
		eptp |= sets[i].eptp;
	}
	vmwrite(c, 0x4000, pin);
	vmwrite(c, 0x4002, primary);
	vmwrite(c, 0x401e, secondary);
	vmwrite(c, 0x400c, exit);
	vmwrite(c, 0x201a, EPT_OF(take(in, 1) % NR_EPTS) | eptp);
}

static void invept_all(struct code *c)
{
	store(c, SCRATCH + 8, 0);
	with_pointer(c, 0, "", 0);
	load_rax(c, 2);
	EMIT(c, "\x66\x0f\x38\x80\x04\x25\x00\x81\x00\x00"); /* invept SCRATCH, %rax */
}

static uint64_t draw_page(struct input *in)
{
	uint64_t page = take(in, 1);

	return is_guest_table(page) ? page + 8 : page;
}

/* Of a page that L2 may have or not, or of what is no memory. */
static uint64_t draw_leaf(struct input *in, uint64_t page)
{
	static const uint64_t devices[] = { 0xfee00000, 0xfec00000, 0xd0000000, 0x100000,
					    0x3ffff000 };
	uint64_t flags = take(in, 2), entry = page << 12 | 0x37;

	flags = (flags & 0xfff) | (flags >> 12 & 0xf) << 57;
	switch (take(in, 1) % 8) {
	case 0:
		return 0;
	case 1:
		return devices[take(in, 1) % (sizeof(devices) / sizeof(devices[0]))] | (flags & 7) |
		       0x30;
	case 2:
		entry = draw_page(in) << 12 | flags;
		break;
	case 3:
		entry = draw_page(in) << 12 | (flags & 7) | 0x30;
		break;
	default:
		entry ^= flags & 0x307;
	}
	return (entry & 0xfffffffff000) < WRITABLE ? entry & ~2ull : entry;
}

static void change_ept(struct code *c, struct input *in)
{
	uint64_t ept = EPT_OF(take(in, 1) % NR_EPTS), page = take(in, 1), level = take(in, 1);

	if (level >= 32)
		store(c, ept + 0x3000 + 8 * page, draw_leaf(in, page));
	else if (level < 8) /* a large page, without writes */
		store(c, ept + 0x2000 + 8 * (page & 1), (take(in, 1) & 0x7d) | 0x80);
	else /* rights, and bits that are reserved or ignored */
		store(c, ept + (level % 3) * 0x1000,
		      (ept + (level % 3 + 1) * 0x1000) | ((take(in, 1) & 7) ^ 7) |
			      1ull << (take(in, 1) % 12 + 52 * (page & 1)));
	invept_all(c);
}

static void change_memory(struct code *c, struct input *in)
{
	static const uint32_t bases[] = { STRUCTURES, STRUCTURES, GUEST_TABLES, GUEST_IDT };

	store(c, bases[take(in, 1) % 4] + (take(in, 2) & (take(in, 1) & 1 ? 0x3ff8 : 0xff8)),
	      take(in, 8));
}

static void invalidate(struct code *c, struct input *in)
{
	uint64_t type = take(in, 1) % 5;
	bool vpid = take(in, 1) & 1;

	store(c, SCRATCH + 8, take(in, 1) % 4 ? 0 : take(in, 8));
	with_pointer(c, vpid ? take(in, 2) : draw_eptp(in), "", 0);
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
		pointer |= 1ull << (take(in, 1) % 2 ? take(in, 1) % 12 : 20 + take(in, 1) % 44);
	switch (take(in, 1) % 5) {
	case 0:
		with_pointer(c, pointer, "\x66\x0f\xc7\x34\x25\x00\x81\x00\x00", 9); /* vmclear */
		break;
	case 1:
		with_pointer(c, pointer, "\x0f\xc7\x34\x25\x00\x81\x00\x00", 8); /* vmptrld */
		break;
	case 2:
		with_pointer(c, pointer, "\xf3\x0f\xc7\x34\x25\x00\x81\x00\x00", 9); /* vmxon */
		break;
	case 3:
		with_pointer(c, pointer, "\x0f\xc7\x3c\x25\x00\x81\x00\x00", 8); /* vmptrst */
		break;
	default:
		EMIT(c, "\x0f\x01\xc4"); /* vmxoff */
		with_pointer(c, REGIONS, "\xf3\x0f\xc7\x34\x25\x00\x81\x00\x00", 9);
		with_pointer(c, REGIONS + 0x1000, "\x0f\xc7\x34\x25\x00\x81\x00\x00", 8);
	}
}

/*
 * An interrupt to itself, which waits for L2; an NMI, and as L1 does no IRET the next ones wait,
 * too; VMREAD of any field; VMCALL.
 */
static void others(struct code *c, struct input *in)
{
	switch (take(in, 1) % 4) {
	case 3:
		EMIT(c, "\xb8\x00\x44\x04\x00\xb9\x30\x08\x00\x00\x31\xd2\x0f\x30"); /* ICR */
		break;
	case 0:
		load_rax(c, take(in, 1));
		EMIT(c, "\xb9\x3f\x08\x00\x00\x31\xd2\x0f\x30"); /* wrmsr 83FH */
		break;
	case 1:
		load_rdx(c, take(in, 2));
		EMIT(c, "\x0f\x78\xd0"); /* vmread %rdx, %rax */
		break;
	default:
		EMIT(c, "\x0f\x01\xc1"); /* vmcall */
	}
}

static void write_all(struct code *c, const struct field_value *choices, size_t count)
{
	for (size_t i = 0; i < count; i++)
		vmwrite(c, choices[i].field, choices[i].value);
}

/* L2 without IA-32e mode: PAE paging, 32-bit paging, none; or real-address mode. */
static void change_mode(struct code *c, struct input *in)
{
	static const struct field_value narrow[] = {
		{ 0x4012, 0x11fb },
		{ 0x4816, 0xc09b },
		{ 0x2806, 0 },
		{ 0x6804, 0x2020 },
	};
	static const struct field_value pae[] = {
		{ 0x6800, 0x80010031 }, { 0x6802, GUEST_PDPT }, { 0x280a, GUEST_TABLES | 0x2001 },
		{ 0x280c, 0 },		{ 0x280e, 0 },		{ 0x2810, 0 },
	};
	static const struct field_value unpaged[] = { { 0x6800, 0x10031 } };
	static const struct field_value paged32[] = {
		{ 0x6800, 0x80010031 },
		{ 0x6802, GUEST_TABLES32 },
		{ 0x6804, 0x2000 },
	};
	static const struct field_value real[] = {
		{ 0x6800, 0x30 },	{ 0x4816, 0x9b },
		{ 0x4802, 0xffff },	{ 0x0802, GUEST_CODE >> 4 },
		{ 0x6808, GUEST_CODE }, { 0x681e, 0 },
	};

	write_all(c, narrow, sizeof(narrow) / sizeof(narrow[0]));
	switch (take(in, 1) % 5) {
	case 0:
		write_all(c, real, sizeof(real) / sizeof(real[0]));
		break;
	case 1:
	case 3:
		write_all(c, pae, sizeof(pae) / sizeof(pae[0]));
		break;
	case 2:
		write_all(c, paged32, sizeof(paged32) / sizeof(paged32[0]));
		break;
	default:
		write_all(c, unpaged, sizeof(unpaged) / sizeof(unpaged[0]));
	}
}

/* An event for the next entry, blocking, and what is pending. */
static void inject(struct code *c, struct input *in)
{
	static const uint32_t events[] = { 0x80000202, 0x80000030, 0x80000b0d, 0x80000b0e,
					   0x80000306, 0x80000430, 0x80000603, 0x80000700,
					   0x80000501, 0x80000314, 0 };
	static const uint8_t blocking[] = { 0, 0, 1, 2, 8, 8 };
	uint64_t event = events[take(in, 1) % (sizeof(events) / sizeof(events[0]))];

	if (take(in, 1) % 8 == 0)
		event ^= 1ull << (take(in, 1) % 32);
	vmwrite(c, 0x4016, event);
	vmwrite(c, 0x4018, take(in, 1) & 0x1f);
	vmwrite(c, 0x401a, take(in, 1) % 17);
	vmwrite(c, 0x4824, blocking[take(in, 1) % sizeof(blocking)]);
	if (take(in, 1) % 4 == 0)
		vmwrite(c, 0x6822, take(in, 2) & 0x500f);
	if (take(in, 1) % 4 == 0)
		vmwrite(c, 0x4826, take(in, 1) % 4);
}

/* How many entries of the MSR lists count. */
static void change_lists(struct code *c, struct input *in)
{
	static const uint32_t counts[] = { 0x400e, 0x4010, 0x4014 };

	for (unsigned i = 0; i < 3; i++)
		vmwrite(c, counts[i], take(in, 1) % (NR_LISTED + 1));
}

/* L2 as it was in the beginning, and with @controls all else. */
static void start_again(struct code *c, bool controls)
{
	for (size_t i = 0; i < NR_VALID + NR_WORLD_VALID; i++) {
		const struct field_value *f = i < NR_VALID ? &valid[i] : &world_valid[i - NR_VALID];

		if (controls || (f->field >> 10 & 3) == 2) /* guest state */
			vmwrite(c, f->field, f->value);
	}
}

static void command(struct code *c, struct input *in)
{
	size_t start = c->size;

	EMIT(c, "\x49\xbe"); /* mov $next, %r14 */
	emit_value(c, 0, 8);
	EMIT(c, "\x41\xbd"); /* mov $N, %r13d */
	emit_value(c, EXITS_BETWEEN_COMMANDS, 4);
	switch (take(in, 1) % 28) {
	case 0:
	case 1:
		change_field(c, in);
		break;
	case 2:
	case 16:
	case 17:
		change_controls(c, in);
		break;
	case 3:
		change_memory(c, in);
		break;
	case 4:
	case 5:
	case 6:
		change_ept(c, in);
		break;
	case 7:
	case 8:
		EMIT(c, "\x0f\x01\xc2"); /* vmlaunch */
		break;
	case 9:
	case 10:
		EMIT(c, "\x0f\x01\xc3"); /* vmresume */
		break;
	case 11:
		pointer_instruction(c, in);
		break;
	case 12:
		invalidate(c, in);
		break;
	case 13:
		write_field(c, in, take(in, 2) & 0x7fff, take(in, 8));
		break;
	case 14:
		others(c, in);
		break;
	case 18:
		change_mode(c, in);
		break;
	case 24:
	case 25:
	case 26:
		choose_controls(c, in);
		break;
	case 19:
	case 20:
	case 21:
		inject(c, in);
		break;
	case 22:
		change_lists(c, in);
		break;
	default:
		start_again(c, take(in, 1) & 1);
	}
	for (unsigned i = 0; i < 8; i++)
		if (start + 10 <= CODE_SIZE)
			c->bytes[start + 2 + i] = (uint8_t)((CODE + c->size) >> (8 * i));
}

static void write_l1(struct code *c, struct input *in)
{
	c->size = 0;
	EMIT(c, "\xb9\x1b\x00\x00\x00\x0f\x32\x80\xcc\x0c\x0f\x30"); /* x2APIC: or $0xc, %ah */
	EMIT(c, "\xb9\x0f\x08\x00\x00\xb8\xff\x01\x00\x00\x31\xd2\x0f\x30"); /* 80FH: enabled */
	EMIT(c, "\x31\xc9\xb8\x07\x00\x00\x00\x31\xd2\x0f\x01\xd1");	     /* xsetbv 0, 7 */
	begin(c);
	for (size_t i = 0; i < NR_WORLD_VALID; i++)
		vmwrite(c, world_valid[i].field, world_valid[i].value);
	for (unsigned i = 0; i < MAX_COMMANDS && in->at < in->size; i++)
		command(c, in);
	EMIT(c, "\xfa\xf4\xeb\xfc"); /* cli; hlt */
}

static void write_l2(struct code *c, struct input *in)
{
	uint64_t count = take(in, 1) % MAX_SNIPPETS + 1;

	c->size = 0;
	for (unsigned i = 0; i < count; i++)
		world_snippet(c, in);
	EMIT(c, "\x0f\x01\xc1\xeb\xfb"); /* vmcall, again and again */
}

/* ---------------------------------------------------------------- one input */

/* What a processor may lack that L0 has a use for, or that decides what it reports. */
static const char *draw_cpu(uint64_t choice)
{
	static const char *const some[] = { "-ept-advanced", "-ept-ad",	     "-mbec",
					    "-vpid",	     "-store-lma",   "-invept-single",
					    "-string-info",  "maxphyaddr=36" };

	return choice & 8 ? some[choice & 7] : NULL;
}

/*
 * A short input goes on at random, for a program that gets somewhere: without a corpus, a burst
 * would try hardly any.
 */
static struct input whole_input(const uint8_t *data, size_t size)
{
	static uint8_t whole[WHOLE];
	uint64_t seed = size + 1;

	if (size >= WHOLE)
		return (struct input){ data, size, 0 };
	for (size_t i = 0; i < WHOLE; i++) {
		seed = seed * 6364136223846793005u + (i < size ? data[i] : 0) +
		       1442695040888963407u;
		whole[i] = i < size ? data[i] : (uint8_t)(seed >> 56);
	}
	return (struct input){ whole, WHOLE, 0 };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct side direct, nested;
	static struct code l1, l2;
	struct input in = whole_input(data, size);
	uint64_t choice = take(&in, 1);
	uint32_t stress = (uint32_t)choice & (UDV_STRESS_EPT02 | UDV_STRESS_SINGLE);

	direct.cpu = nested.cpu = draw_cpu(choice >> 4);
	write_l2(&l2, &in);
	write_l1(&l1, &in);
	side_run(&direct, UDV_ENGINE_DIRECT, UDV_STRESS_TLB, INSTRUCTIONS, &l1, &l2);
	side_run(&nested, UDV_ENGINE_NESTED, UDV_STRESS_TLB | stress, INSTRUCTIONS, &l1, &l2);
	if (!sides_same(&direct, &nested))
		abort();
	return 0;
}
