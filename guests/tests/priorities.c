// SPDX-License-Identifier: MIT
/*
 * Far transfers in 32-bit protected mode that have two faults: the stack's comes before that of the
 * target's offset. SDM Vol 2A "CALL", "INT n/INTO/INT3/INT1"
 */
#include "guest.h"

enum {
	CODE_DPL1 = 0xba,
	CODE_DPL3 = 0xfa,
	STACK_DPL1 = 0xb2,
	STACK_DPL3 = 0xf2,
	BIG = 0x4000,
	GRANULAR = 0x8000,
	CALL_GATE_DPL3 = 0xec,
	CALL_GATE16_DPL3 = 0xe4,
	INTERRUPT_GATE_DPL3 = 0xee,
	SOFT_VECTOR = 0x60,
	STACK_SIZE = 64,
	INSIDE = 0xff, /* the last offset of the code segments here */
	OUTSIDE = 0x100,
};
#define SEL_GATE SEL_FREE
#define SEL_TARGET (SEL_FREE + 8)
#define SEL_STACK (SEL_FREE + 16)
#define SEL_OLD_STACK (SEL_FREE + 24)
#define NO_OFFSET 0x12345678u

CODE(far_call, "lcall *(%ebx)");
CODE(far_jump, "ljmp *(%ebx)");
CODE(software, "int $0x60");
CODE(landing, "mov %cs, %eax; mov %ss, %edx");

static u32 far_pointer[2];
static u8 stack[STACK_SIZE] __attribute__((aligned(16)));
static struct regs r;
static struct fault f;

static u32 address(const void *pointer)
{
	return (u32)(word)pointer;
}

static void target_code(u32 type)
{
	*gdt(SEL_TARGET) = descriptor(0, INSIDE, type | BIG);
	*gdt(SEL_STACK) = descriptor(address(stack), STACK_SIZE - 1, STACK_DPL1 | BIG);
	*gdt(SEL_OLD_STACK) = descriptor(address(stack), STACK_SIZE - 1, STACK_DPL3 | BIG);
}

static void call_gate(u8 type, u32 offset, u8 parameters)
{
	*gdt(SEL_GATE) = (offset & 0xffff) | (u64)SEL_TARGET << 16 | (u64)parameters << 32 |
			 (u64)type << 40 | (u64)(offset >> 16) << 48;
}

static void inner_stack(u16 selector, u32 pointer)
{
	tss()->ss1 = selector;
	tss()->esp1 = pointer;
}

/* From ring 3, on a stack of its own if @sp is not 0. */
static void user(code_t *code, u32 sp, u32 vector, u32 error)
{
	r = (struct regs){ .bx = address(far_pointer) };
	if (sp) {
		r.cs = SEL_USER_CODE;
		r.ss = SEL_OLD_STACK | 3;
		r.ds = r.es = SEL_USER_DATA;
		r.sp = sp;
	}
	f = run_in(sp ? CUSTOM : USER, code, &r);
	EXPECT(f, vector, error, (word)code);
}

static void test_call_gate(void)
{
	section("call gate, more privilege");
	target_code(CODE_DPL1);
	far_pointer[0] = NO_OFFSET;
	far_pointer[1] = SEL_GATE | 3;
	call_gate(CALL_GATE_DPL3, OUTSIDE, 0);
	inner_stack(0, STACK_SIZE);
	user(far_call, 0, VECTOR_TS, 0);
	inner_stack(SEL_DATA | 1, STACK_SIZE); /* DPL 0 */
	user(far_call, 0, VECTOR_TS, SEL_DATA);
	inner_stack(SEL_STACK | 1, 12);
	user(far_call, 0, VECTOR_SS, SEL_STACK);
	inner_stack(SEL_STACK | 1, 16);
	user(far_call, 0, VECTOR_GP, 0);
	call_gate(CALL_GATE_DPL3, INSIDE, 0);
	inner_stack(SEL_STACK | 1, 12);
	user(far_call, 0, VECTOR_SS, SEL_STACK);
	call_gate(CALL_GATE16_DPL3, OUTSIDE, 0);
	inner_stack(SEL_STACK | 1, 6);
	user(far_call, 0, VECTOR_SS, SEL_STACK);
	inner_stack(SEL_STACK | 1, 8);
	user(far_call, 0, VECTOR_GP, 0);

	section("call gate, parameters");
	/* They are read when both checks are over: here they lie beyond the old stack. */
	call_gate(CALL_GATE_DPL3, OUTSIDE, 3);
	inner_stack(SEL_STACK | 1, 24);
	user(far_call, STACK_SIZE - 4, VECTOR_SS, SEL_STACK);
	inner_stack(SEL_STACK | 1, 28);
	user(far_call, STACK_SIZE - 4, VECTOR_GP, 0);
	call_gate(CALL_GATE_DPL3, INSIDE, 3);
	user(far_call, STACK_SIZE - 4, VECTOR_SS, 0);

	section("call gate, same privilege");
	target_code(CODE_DPL3);
	call_gate(CALL_GATE_DPL3, OUTSIDE, 0);
	user(far_call, 4, VECTOR_SS, 0);
	user(far_call, 8, VECTOR_GP, 0);
	user(far_jump, 4, VECTOR_GP, 0);
	call_gate(CALL_GATE_DPL3, INSIDE, 0);
	user(far_call, 4, VECTOR_SS, 0);
}

static void test_far_call(void)
{
	section("far CALL and JMP");
	target_code(CODE_DPL3);
	far_pointer[0] = OUTSIDE;
	far_pointer[1] = SEL_TARGET | 3;
	user(far_call, 4, VECTOR_SS, 0);
	user(far_call, 8, VECTOR_GP, 0);
	user(far_jump, 4, VECTOR_GP, 0);
	far_pointer[0] = INSIDE;
	user(far_call, 4, VECTOR_SS, 0);
}

static void software_gate(u32 offset)
{
	gate_set(SOFT_VECTOR, (void (*)(void))(word)offset, INTERRUPT_GATE_DPL3, 0);
	gate(SOFT_VECTOR)->selector = SEL_TARGET;
}

static void test_interrupt(void)
{
	section("INT n, more privilege");
	target_code(CODE_DPL1);
	software_gate(OUTSIDE);
	inner_stack(0, STACK_SIZE);
	user(software, 0, VECTOR_TS, 0);
	inner_stack(SEL_STACK | 1, 16);
	user(software, 0, VECTOR_SS, SEL_STACK);
	inner_stack(SEL_STACK | 1, 20);
	user(software, 0, VECTOR_GP, 0);
	software_gate(INSIDE);
	inner_stack(SEL_STACK | 1, 16);
	user(software, 0, VECTOR_SS, SEL_STACK);

	section("INT n, same privilege");
	target_code(CODE_DPL3);
	software_gate(OUTSIDE);
	user(software, 8, VECTOR_SS, 0);
	user(software, 12, VECTOR_GP, 0);
	software_gate(INSIDE);
	user(software, 8, VECTOR_SS, 0);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	test_call_gate();
	test_far_call();
	test_interrupt();
	return 0;
}
