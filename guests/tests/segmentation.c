// SPDX-License-Identifier: MIT
/* Segmentation in compatibility and 64-bit mode: limits, gates, ring changes, queries, fast system
 * calls. */
#include "guest.h"

enum {
	DATA = 0x92,
	DOWN = 0x96,
	READ_ONLY = 0x90,
	CODE_DPL0 = 0x9a,
	CONFORMING = 0x9e,
	EXECUTE_ONLY = 0x98,
	DPL3 = 0x60,
	BIG = 0x4000,
	GRANULAR = 0x8000,
	LONG = 0x2000
};
#define SEL_A SEL_FREE

static u32 data[16] __attribute__((aligned(16)));

CODE32(load32, "mov %edx, %fs; mov %fs:(%ebx), %eax; xor %edx, %edx; mov %edx, %fs");
CODE32(load8, "mov %edx, %fs; mov %fs:(%ebx), %al");
CODE32(store8, "mov %edx, %fs; mov %al, %fs:(%ebx)");
CODE32(store32, "mov %edx, %fs; mov %eax, %fs:(%ebx)");
CODE32(stack32, "mov %edx, %ss; mov (%ebp), %eax");
CODE32(far_call, "lcall *(%ebx)");
CODE32(far_jump, "ljmp *(%ebx)");
CODE32(far_return, "push %edx; push %ebx; lret");
CODE32(callee, "mov %cs, %eax; mov %esp, %ecx");
CODE32(load_null, "xor %eax, %eax; mov %eax, %fs; mov %fs:(%ebx), %eax");
CODE32(arpl, "arpl %cx, %ax");
CODE(arpl_is_movsxd, "movslq %ecx, %rax");
CODE(lar, "lar %cx, %eax");
CODE(lsl, "lsl %cx, %eax");
CODE(verr, "verr %cx");
CODE(verw, "verw %cx");
CODE(target64, "mov %cs, %eax; mov %rsp, %rcx; mov %ss, %edx");
CODE(far_call64, "lcall *(%rbx)");
CODE(base_load, "mov %fs:(%rbx), %rax");
CODE(swap, "swapgs");
CODE(wrfsbase, "wrfsbase %rax; rdfsbase %rcx; rdgsbase %rdx");
CODE(iret_frame, "push %rdx; push %rsi; pushf; push %rcx; push %rbx; iretq");

static struct regs r;
static struct fault f;

static void access32(code_t *code, u64 segment, word offset, u32 vector)
{
	*gdt(SEL_A) = segment;
	r = (struct regs){ .dx = SEL_A, .bx = offset, .ax = 0x33 };
	f = run_in(KERNEL32, code, &r);
	EXPECT(f, vector, 0, vector == NO_FAULT ? ANY : (word)code + 2);
}

static void test_limits(void)
{
	u32 base = (u32)(word)data;

	section("limits");
	for (u32 i = 0; i < 16; i++)
		data[i] = 0x01010101 * i;
	access32(load32, descriptor(base, 15, DATA | BIG), 12, NO_FAULT);
	CHECK(r.ax, 0x03030303);
	access32(load32, descriptor(base, 15, DATA | BIG), 13, VECTOR_GP);
	access32(load8, descriptor(base, 15, DATA | BIG), 15, NO_FAULT);
	access32(load8, descriptor(base, 15, DATA | BIG), 16, VECTOR_GP);
	access32(load32, descriptor(base, 2, DATA | BIG), 0, VECTOR_GP);
	access32(load32, descriptor(base, 0, DATA | BIG | GRANULAR), 0xffc, NO_FAULT);
	access32(load32, descriptor(base, 0, DATA | BIG | GRANULAR), 0xffd, VECTOR_GP);
	access32(store8, descriptor(base, 15, READ_ONLY | BIG), 0, VECTOR_GP);
	access32(store8, descriptor(base, 15, CODE_DPL0 | BIG), 0, VECTOR_GP);
	access32(load8, descriptor(base, 15, CODE_DPL0 | BIG), 15, NO_FAULT);
	/* Expand-down: from the limit plus one up to 64 KBytes or 4 GBytes. */
	access32(load8, descriptor(base - 0x100, 0xff, DOWN | BIG), 0x100, NO_FAULT);
	access32(load8, descriptor(base - 0x100, 0xff, DOWN | BIG), 0xff, VECTOR_GP);
	access32(load8, descriptor(base - 0x100, 0xff, DOWN), 0x10000, VECTOR_GP);
	access32(load32, descriptor(base - 0x100, 0xff, DOWN), 0xfffc, NO_FAULT);
	access32(load32, descriptor(base - 0x100, 0xff, DOWN), 0xfffd, VECTOR_GP);
	*gdt(SEL_A) = descriptor(base, 15, DATA | BIG);
	r = (struct regs){ .dx = SEL_A, .bp = 13 };
	f = run_in(KERNEL32, stack32, &r);
	EXPECT(f, VECTOR_SS, 0, (word)stack32 + 2);
	CHECK(*gdt(SEL_A) >> 40 & 1, 1); /* accessed */
	r = (struct regs){ .bx = 0 };
	f = run_in(KERNEL32, load_null, &r);
	EXPECT(f, VECTOR_GP, 0, (word)load_null + 4);
	r = (struct regs){ .dx = SEL_DATA, .bx = base };
	f = run_in(USER32, load32, &r);
	EXPECT(f, VECTOR_GP, SEL_DATA, (word)load32);
}

static u32 far_pointer[2];

static void transfer(code_t *code, u16 selector, code_t *target, enum mode mode, u32 vector,
		     u32 error)
{
	far_pointer[0] = (u32)(word)target;
	far_pointer[1] = selector;
	r = (struct regs){ .bx = (word)far_pointer };
	f = run_in(mode, code, &r);
	EXPECT(f, vector, error, vector == NO_FAULT ? ANY : (word)code);
}

static void call_gate(u16 selector, u8 type, u16 target_selector, code_t *target, u8 count)
{
	u64 at = (word)target;

	*gdt(selector) = (at & 0xffff) | (u64)target_selector << 16 | (u64)count << 32 |
			 (u64)type << 40 | (at >> 16 & 0xffff) << 48;
	*gdt(selector + 8u) = at >> 32;
}

static void test_transfers(void)
{
	section("far transfers");
	*gdt(SEL_A) = descriptor(0, 0xfffff, CODE_DPL0 | BIG | GRANULAR);
	transfer(far_call, SEL_A, callee, KERNEL32, NO_FAULT, 0);
	CHECK(r.ax, SEL_A);
	transfer(far_jump, SEL_A, callee, KERNEL32, NO_FAULT, 0);
	transfer(far_jump, SEL_A | 3, callee, KERNEL32, VECTOR_GP, SEL_A);
	transfer(far_jump, SEL_A, callee, USER32, VECTOR_GP, SEL_A);
	transfer(far_jump, 0, callee, KERNEL32, VECTOR_GP, 0);
	transfer(far_jump, SEL_DATA, callee, KERNEL32, VECTOR_GP, SEL_DATA);
	transfer(far_jump, 0xfff8, callee, KERNEL32, VECTOR_GP, 0xfff8);
	*gdt(SEL_A) = descriptor(0, 0xfffff, (CODE_DPL0 & 0x7f) | BIG | GRANULAR);
	transfer(far_jump, SEL_A, callee, KERNEL32, VECTOR_NP, SEL_A);
	*gdt(SEL_A) = descriptor(0, 0xfffff, CONFORMING | BIG | GRANULAR);
	transfer(far_jump, SEL_A, callee, USER32, NO_FAULT, 0);
	CHECK(r.ax, SEL_A | 3);
	*gdt(SEL_A) = descriptor(0, 0xff, CODE_DPL0 | BIG);
	transfer(far_jump, SEL_A, callee, KERNEL32, VECTOR_GP, 0);
	*gdt(SEL_A) = descriptor(0, 0xfffff, CODE_DPL0 | LONG | BIG | GRANULAR); /* both L and D */
	transfer(far_jump, SEL_A, callee, KERNEL32, VECTOR_GP, SEL_A);
	transfer(far_call64, SEL_CODE32, callee, KERNEL, NO_FAULT, 0);
	CHECK(r.ax, SEL_CODE32);
	r = (struct regs){ .dx = SEL_A, .bx = (word)callee };
	*gdt(SEL_A) = descriptor(0, 0xfffff, CODE_DPL0 | BIG | GRANULAR);
	f = run_in(KERNEL32, far_return, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.ax, SEL_A);
	r = (struct regs){ .dx = SEL_USER_CODE32 & ~3u, .bx = (word)callee };
	f = run_in(KERNEL32, far_return, &r);
	EXPECT(f, VECTOR_GP, SEL_USER_CODE32 & ~3u, (word)far_return + 2);

	section("call gates");
	call_gate(SEL_A, 0x8c | DPL3, SEL_CODE64, target64, 0);
	transfer(far_call, SEL_A | 3, callee, USER32, NO_FAULT, 0);
	CHECK(r.ax, SEL_CODE64);
	CHECK(r.dx, 0); /* a null SS of the new privilege level */
	CHECK(r.cx, *(word *)((u8 *)tss() + 4) - 32);
	CHECK(((u32 *)r.cx)[0], (u32)(word)far_call + 2);
	CHECK(((u32 *)r.cx)[2], SEL_USER_CODE32);
	CHECK(((u32 *)r.cx)[6], SEL_USER_DATA);
	transfer(far_call64, SEL_A, callee, KERNEL, NO_FAULT, 0);
	CHECK(r.ax, SEL_CODE64);
	call_gate(SEL_A, 0x8c, SEL_CODE64, target64, 0);
	transfer(far_call64, SEL_A | 3, callee, USER, VECTOR_GP, SEL_A);
	call_gate(SEL_A, 0x0c | DPL3, SEL_CODE64, target64, 0);
	transfer(far_call64, SEL_A | 3, callee, USER, VECTOR_NP, SEL_A);
	call_gate(SEL_A, 0x8c | DPL3, SEL_CODE32, target64, 0);
	transfer(far_call64, SEL_A | 3, callee, USER, VECTOR_GP, SEL_CODE32);
	call_gate(SEL_A, 0x8c | DPL3, 0, target64, 0);
	transfer(far_call64, SEL_A | 3, callee, USER, VECTOR_GP, 0);
	call_gate(SEL_A, 0x8c | DPL3, SEL_CODE64, target64, 0);
	transfer(far_jump, SEL_A | 3, callee, USER32, VECTOR_GP,
		 SEL_CODE64);		  /* JMP changes no ring */
	*gdt(SEL_A + 8u) |= 0x1ull << 40; /* the upper half has a type */
	transfer(far_call64, SEL_A | 3, callee, USER, VECTOR_GP, SEL_A);
}

CODE(software, "int $0x60");

static void set_stack0(u64 pointer)
{
	memcpy((u8 *)tss() + 4, &pointer, sizeof(pointer));
}

/* Of two faults the stack's comes before that of the target's offset. SDM Vol 2A "CALL", "INT n" */
static void test_priorities(void)
{
	static u8 stack[32] __attribute__((aligned(16)));
	const u64 beyond = 0x0000800000000000, absent = 0x0000123400000000;
	code_t *nowhere = (code_t *)(word)beyond;
	u64 stack0;

	section("stack before offset");
	memcpy(&stack0, (u8 *)tss() + 4, sizeof(stack0));
	call_gate(SEL_A, 0x8c | DPL3, SEL_CODE64, nowhere, 0);
	gate_set(0x60, nowhere, 0x8e | DPL3, 0);
	transfer(far_call64, SEL_A | 3, callee, USER, VECTOR_GP, 0);
	f = run_in(USER, software, &r);
	EXPECT(f, VECTOR_GP, 0, (word)software);
	f = run(software, &r); /* on the same stack */
	EXPECT(f, VECTOR_GP, 0, (word)software);
	set_stack0(beyond + 0x1000);
	transfer(far_call64, SEL_A | 3, callee, USER, VECTOR_SS, 0);
	f = run_in(USER, software, &r);
	EXPECT(f, VECTOR_SS, 0, (word)software);
	r = (struct regs){ .cs = SEL_CODE64, .ss = SEL_DATA, .sp = beyond + 0x1000 };
	f = run_in(CUSTOM, software, &r);
	EXPECT(f, VECTOR_SS, 0, (word)software);
	/* A page fault on the frame comes after both. */
	set_stack0(absent);
	transfer(far_call64, SEL_A | 3, callee, USER, VECTOR_GP, 0);
	f = run_in(USER, software, &r);
	EXPECT(f, VECTOR_GP, 0, (word)software);
	call_gate(SEL_A, 0x8c | DPL3, SEL_CODE64, target64, 0);
	gate_set(0x60, target64, 0x8e | DPL3, 0);
	transfer(far_call64, SEL_A | 3, callee, USER, VECTOR_PF, 2);
	CHECK(f.cr2, absent - 8);
	f = run_in(USER, software, &r);
	EXPECT(f, VECTOR_PF, 2, (word)software);
	CHECK(f.cr2, absent - 8);
	set_stack0(stack0);

	*gdt(SEL_A) = descriptor(0, 0xff, CODE_DPL0 | BIG);
	*gdt(SEL_A + 8u) = descriptor((u32)(word)stack, 15, DATA | BIG);
	far_pointer[0] = 0x100;
	far_pointer[1] = SEL_A;
	for (u32 room = 4; room <= 8; room += 4) {
		r = (struct regs){ .bx = (word)far_pointer,
				   .cs = SEL_CODE32,
				   .ss = SEL_A + 8,
				   .ds = SEL_DATA,
				   .es = SEL_DATA,
				   .sp = room };
		f = run_in(CUSTOM, far_call, &r);
		EXPECT(f, room < 8 ? VECTOR_SS : VECTOR_GP, 0, (word)far_call);
	}
}

CODE32(two_bytes, "nop; nop; nop");

/* From the last byte within the limit to the next. */
static void beyond_limit(word flags, u32 vector, u64 dr6)
{
	write_dr6(0xffff0ff0);
	r = (struct regs){
		.cs = SEL_A, .ss = SEL_DATA, .ds = SEL_DATA, .es = SEL_DATA, .flags = flags
	};
	f = run_in(CUSTOM, (code_t *)1, &r);
	EXPECT(f, vector, 0, 2);
	CHECK(f.cs, SEL_A);
	CHECK(read_dr6(), dr6);
}

/* SDM Vol 3A "Priority Among Concurrent Events" */
static void test_debug(void)
{
	section("traps and breakpoints before the limit");
	*gdt(SEL_A) = descriptor((u32)(word)two_bytes, 1, CODE_DPL0 | BIG);
	beyond_limit(0, VECTOR_GP, 0xffff0ff0);
	beyond_limit(FLAG_TF, VECTOR_DB, 0xffff4ff0);
	write_dr0((word)two_bytes + 2);
	write_dr7(0x402);
	beyond_limit(0, VECTOR_DB, 0xffff0ff1);
	write_dr0((word)two_bytes + 3); /* not where it is */
	beyond_limit(0, VECTOR_GP, 0xffff0ff0);
	write_dr7(0x400);
}

static void query(code_t *code, u16 selector, bool valid, word value)
{
	r = (struct regs){ .cx = selector, .ax = 0x1234 };
	f = run(code, &r);
	CHECK(!!(r.flags & FLAG_ZF), valid);
	CHECK(r.ax, valid ? value : 0x1234);
}

static void test_queries(void)
{
	section("queries");
	*gdt(SEL_A) = descriptor(0x12345678, 0x12345, DATA | BIG | GRANULAR | 1);
	query(lar, SEL_A, true, 0x00c19300);
	query(lsl, SEL_A, true, 0x12345fff);
	query(verr, SEL_A, true, 0x1234);
	query(verw, SEL_A, true, 0x1234);
	query(lar, 0, false, 0);
	query(lar, 0xfff8, false, 0);
	query(lar, SEL_A | 3, false, 0);
	*gdt(SEL_A) = descriptor(0, 0x777, READ_ONLY | DPL3);
	query(lsl, SEL_A | 3, true, 0x777);
	query(verr, SEL_A | 3, true, 0x1234);
	query(verw, SEL_A | 3, false, 0x1234);
	*gdt(SEL_A) = descriptor(0, 0x777, EXECUTE_ONLY);
	query(verr, SEL_A, false, 0x1234);
	*gdt(SEL_A) = descriptor(0, 0x777, CONFORMING);
	query(verr, SEL_A | 3, true, 0x1234);
	query(lar, SEL_TSS, true, 0x00008b00);
	query(lsl, SEL_TSS, true, sizeof(struct tss) - 1);
	call_gate(SEL_A, 0x8c, SEL_CODE64, target64, 0);
	query(lar, SEL_A, true, 0x00008c00 | ((word)target64 & 0xff0000));
	query(lsl, SEL_A, false, 0);
	*gdt(SEL_A) = descriptor(0, 0, 0x81); /* 16-bit TSS: not in IA-32e mode */
	query(lar, SEL_A, false, 0);

	r = (struct regs){ .ax = 0x1230, .cx = 3 };
	run_in(KERNEL32, arpl, &r);
	CHECK(r.ax, 0x1233);
	CHECK(r.flags & FLAG_ZF, FLAG_ZF);
	run_in(KERNEL32, arpl, &r);
	CHECK(r.flags & FLAG_ZF, 0);
	r = (struct regs){ .cx = 0x80000000 };
	run(arpl_is_movsxd, &r);
	CHECK(r.ax, 0xffffffff80000000);
}

CODE(user_syscall, "mov $0x1111, %edx; syscall; nop");
CODE(syscall_entry, "mov %cs, %eax; mov %ss, %ebx; mov %rsp, %rdx");
CODE(do_sysret, "sysretq");
CODE(do_sysret32, "sysretl");
CODE(user_sysenter, "sysenter; nop");
CODE(do_sysexit64, "sysexitq");
CODE(do_sysexit32, "sysexitl");
CODE(landing, "mov %cs, %eax; mov %ss, %ebx");

static void test_system_calls(void)
{
	static u8 stack[256] __attribute__((aligned(16)));

	section("SYSCALL");
	f = run_in(USER, user_syscall, &r);
	EXPECT(f, VECTOR_UD, 0, (word)user_syscall + 5);
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
	write_msr(MSR_STAR, (u64)SEL_CODE64 << 32 | (u64)SEL_USER_CODE32 << 48);
	write_msr(MSR_LSTAR, (word)syscall_entry);
	write_msr(MSR_SFMASK, FLAG_DF | FLAG_CF);
	r = (struct regs){ .sp = (word)stack + 256,
			   .flags = FLAG_DF | FLAG_CF | FLAG_SF | FLAG_IF };
	f = run_in(USER, user_syscall, &r);
	EXPECT(f, NO_FAULT, 0, (word)syscall_entry + 9);
	CHECK(r.ax, SEL_CODE64);
	CHECK(r.bx, SEL_DATA);
	CHECK(r.cx, (word)user_syscall + 7);
	CHECK(r.r11, FLAG_DF | FLAG_CF | FLAG_SF | FLAG_IF | FLAG_ONE);
	CHECK(r.dx, (word)stack + 256 - 8);
	CHECK(r.flags & (FLAG_DF | FLAG_CF | FLAG_SF | FLAG_IF), FLAG_SF | FLAG_IF);
	r = (struct regs){ .cx = (word)landing,
			   .r11 = FLAG_ZF | FLAG_RF | FLAG_VM | FLAG_ONE,
			   .sp = (word)stack + 256 };
	f = run(do_sysret, &r);
	EXPECT(f, NO_FAULT, 0, (word)landing + 6);
	CHECK(r.ax, SEL_USER_CODE64);
	CHECK(r.bx, SEL_USER_DATA);
	CHECK(r.flags & (FLAG_ZF | FLAG_RF | FLAG_VM), FLAG_ZF);
	r = (struct regs){ .cx = (word)landing, .r11 = FLAG_ONE, .sp = (word)stack + 256 };
	f = run(do_sysret32, &r);
	EXPECT(f, NO_FAULT, 0, (word)landing + 6);
	CHECK(r.ax, SEL_USER_CODE32);
	r = (struct regs){ .cx = 0x0000800000000000, .sp = (word)stack + 256 };
	f = run(do_sysret, &r);
	EXPECT(f, VECTOR_GP, 0, (word)do_sysret);
	r = (struct regs){ 0 };
	f = run_in(USER, do_sysret, &r);
	EXPECT(f, VECTOR_GP, 0, (word)do_sysret);

	section("SYSENTER");
	write_msr(MSR_SYSENTER_CS, 0);
	f = run_in(USER, user_sysenter, &r);
	EXPECT(f, VECTOR_GP, 0, (word)user_sysenter);
	write_msr(MSR_SYSENTER_CS, SEL_CODE64);
	write_msr(MSR_SYSENTER_ESP, (word)stack + 256);
	write_msr(MSR_SYSENTER_EIP, (word)syscall_entry);
	r = (struct regs){ .flags = FLAG_IF | FLAG_ZF };
	f = run_in(USER, user_sysenter, &r);
	EXPECT(f, NO_FAULT, 0, (word)syscall_entry + 9);
	CHECK(r.ax, SEL_CODE64);
	CHECK(r.bx, SEL_DATA);
	CHECK(r.dx, (word)stack + 256);
	CHECK(r.flags & (FLAG_IF | FLAG_ZF), FLAG_ZF);
	r = (struct regs){ .dx = (word)landing, .cx = (word)stack + 256 };
	f = run(do_sysexit64, &r);
	EXPECT(f, NO_FAULT, 0, (word)landing + 6);
	CHECK(r.ax, (SEL_CODE64 + 32) | 3);
	CHECK(r.bx, (SEL_CODE64 + 40) | 3);
	r = (struct regs){ .dx = (word)landing, .cx = (word)stack + 256 };
	f = run(do_sysexit32, &r);
	EXPECT(f, NO_FAULT, 0, (word)landing + 6);
	CHECK(r.ax, (SEL_CODE64 + 16) | 3);
	r = (struct regs){ .dx = 0x0000800000000000 };
	f = run(do_sysexit64, &r);
	EXPECT(f, VECTOR_GP, 0, (word)do_sysexit64);
}

static void test_bases(void)
{
	u64 cell = 0x1122334455667788;

	section("bases");
	write_msr(MSR_FS_BASE, (word)&cell - 16);
	r = (struct regs){ .bx = 16 };
	run(base_load, &r);
	CHECK(r.ax, 0x1122334455667788);
	write_msr(MSR_GS_BASE, 0xffff800000001111);
	write_msr(MSR_KERNEL_GS_BASE, 0x2222);
	f = run(swap, &r);
	CHECK(read_msr(MSR_GS_BASE), 0x2222);
	CHECK(read_msr(MSR_KERNEL_GS_BASE), 0xffff800000001111);
	f = run_in(USER, swap, &r);
	EXPECT(f, VECTOR_GP, 0, (word)swap);
	f = run(wrfsbase, &r);
	EXPECT(f, VECTOR_UD, 0, (word)wrfsbase);
	write_cr4(read_cr4() | CR4_FSGSBASE);
	r = (struct regs){ .ax = 0xffff900000000000 };
	f = run_in(USER, wrfsbase, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.cx, 0xffff900000000000);
	CHECK(r.dx, 0x2222);
	CHECK(read_msr(MSR_FS_BASE), 0xffff900000000000);
	r = (struct regs){ .ax = 0x0000800000000000 };
	f = run(wrfsbase, &r);
	EXPECT(f, VECTOR_GP, 0, (word)wrfsbase);
	write_cr4(read_cr4() & ~CR4_FSGSBASE);
}

static void iret_to(word cs, word ss, word ip, word sp, u32 vector, u32 error)
{
	r = (struct regs){ .dx = ss, .si = sp, .cx = cs, .bx = ip };
	f = run(iret_frame, &r);
	EXPECT(f, vector, error, vector == NO_FAULT ? ANY : (word)iret_frame + 5);
}

static void test_iret(void)
{
	static u8 stack[256] __attribute__((aligned(16)));
	word sp = (word)stack + 200;

	section("IRET");
	iret_to(SEL_CODE64, 0, (word)target64, sp, NO_FAULT,
		0); /* a null SS is allowed in ring 0 */
	CHECK(r.cx, sp);
	CHECK(r.dx, 0);
	iret_to(SEL_USER_CODE64, SEL_USER_DATA, (word)target64, sp, NO_FAULT, 0);
	CHECK(r.ax, SEL_USER_CODE64);
	iret_to(SEL_USER_CODE64, 0, (word)target64, sp, VECTOR_GP, 0);
	iret_to(SEL_USER_CODE64, SEL_DATA, (word)target64, sp, VECTOR_GP, SEL_DATA);
	iret_to(SEL_USER_CODE64 & ~3, SEL_DATA, (word)target64, sp, VECTOR_GP,
		SEL_USER_CODE64 & ~3);
	iret_to(0, SEL_DATA, (word)target64, sp, VECTOR_GP, 0);
	iret_to(SEL_DATA, SEL_DATA, (word)target64, sp, VECTOR_GP, SEL_DATA);
	iret_to(SEL_CODE64, SEL_DATA, 0x0000800000000000, sp, VECTOR_GP, 0);
	*gdt(SEL_A) = descriptor(0, 0xfffff, (DATA & 0x7f) | DPL3 | BIG | GRANULAR);
	iret_to(SEL_USER_CODE64, SEL_A | 3, (word)target64, sp, VECTOR_SS, SEL_A);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	test_limits();
	test_transfers();
	test_priorities();
	test_debug();
	test_queries();
	test_system_calls();
	test_bases();
	test_iret();
	return 0;
}
