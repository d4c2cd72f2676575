/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "x87_rig.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

static uint8_t *code;
static sigjmp_buf back;
static volatile int vector;

void x87_native_call(struct x87_case *c, const void *function);
_Static_assert(offsetof(struct x87_case, operand) == 108 &&
		       offsetof(struct x87_case, flags) == 240 &&
		       offsetof(struct x87_case, rax) == 248,
	       "as the assembly has them");

__asm__(".text\n"
	".globl x87_native_call\n"
	"x87_native_call:\n"
	"	push %rbx\n"
	"	mov %rdi, %rbx\n"
	"	mov %rsi, %rdx\n"
	"	lea 108(%rbx), %rsi\n"
	"	frstor (%rbx)\n"
	"	pushfq; andq $~0x8d5, (%rsp); mov 240(%rbx), %rax; or %rax, (%rsp); popfq\n"
	"	mov 248(%rbx), %rax\n"
	"	call *%rdx\n"
	"	fnsave (%rbx)\n"
	"	mov %rax, 248(%rbx)\n"
	"	pushfq; pop %rax; and $0x8d5, %rax; mov %rax, 240(%rbx)\n"
	"	pop %rbx\n"
	"	ret\n");

static void on_signal(int signal)
{
	vector = signal == SIGFPE ? 16 : 6;
	siglongjmp(back, 1);
}

bool x87_prepare_native(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };

	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	return code != MAP_FAILED && !sigaction(SIGFPE, &action, NULL) &&
	       !sigaction(SIGILL, &action, NULL);
}

void x87_native(const uint8_t *bytes, unsigned length, struct x87_case *c)
{
	static const uint8_t nop[] = { 0x90 };
	struct x87_case before = *c;

	memcpy(code, bytes, length);
	code[length] = 0xc3; /* RET */
	vector = -1;
	if (sigsetjmp(back, 0) == 0)
		x87_native_call(c, code);
	__asm__ volatile("fninit" ::: "memory");
	if (vector < 0) {
		c->vector = -1;
		return;
	}
	*c = before;
	before.vector = vector;
	x87_native(nop, sizeof(nop), c);
	c->vector = before.vector;
}
