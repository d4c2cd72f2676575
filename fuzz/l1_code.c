/* SPDX-License-Identifier: MIT */
#include "l1_code.h"

#include <string.h>

uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && in->at < in->size; i++)
		value |= (uint64_t)in->data[in->at++] << (8 * i);
	return value;
}

void emit(struct code *c, const char *bytes, size_t size)
{
	if (c->size + size > CODE_SIZE)
		return;
	memcpy(c->bytes + c->size, bytes, size);
	c->size += size;
}

void emit_value(struct code *c, uint64_t value, unsigned size)
{
	char bytes[8];

	for (unsigned i = 0; i < size; i++)
		bytes[i] = (char)(value >> (8 * i));
	emit(c, bytes, size);
}

/* MOV RAX or RDX, imm64 */
void load_rax(struct code *c, uint64_t value)
{
	EMIT(c, "\x48\xb8");
	emit_value(c, value, 8);
}

void load_rdx(struct code *c, uint64_t value)
{
	EMIT(c, "\x48\xba");
	emit_value(c, value, 8);
}

void store(struct code *c, uint64_t address, uint64_t value)
{
	load_rax(c, value);
	load_rdx(c, address);
	EMIT(c, "\x48\x89\x02"); /* mov %rax, (%rdx) */
}

void vmwrite(struct code *c, uint64_t field, uint64_t value)
{
	load_rax(c, value);
	load_rdx(c, field);
	EMIT(c, "\x0f\x79\xd0"); /* vmwrite %rax, %rdx */
}

/* An instruction with a memory operand that is a pointer. */
void with_pointer(struct code *c, uint64_t pointer, const char *instruction, size_t size)
{
	store(c, SCRATCH, pointer);
	emit(c, instruction, size);
}

/* ---------------------------------------------------------------- a VMCS to begin with */

const struct field_value valid[NR_VALID] = {
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

/* The revision identifier into every region, VMXON, and a current VMCS that can be entered. */
void begin(struct code *c)
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
