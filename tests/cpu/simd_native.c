/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "simd_native.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static uint8_t *code, *data; /* after @data comes a page that is not there */
static sigjmp_buf back;
static volatile int fault_vector;
static struct rig_state *current;

/* Loads everything but RSP and R15, calls, stores. Offsets are those of struct rig_state. */
void native_call(struct rig_state *state, const void *function);
_Static_assert(offsetof(struct rig_state, mmx) == 512 && offsetof(struct rig_state, gpr) == 576 &&
		       offsetof(struct rig_state, flags) == 704 &&
		       offsetof(struct rig_state, mxcsr) == 712,
	       "as the assembly has them");

__asm__(".text\n"
	".globl native_call\n"
	"native_call:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rsi\n"
	"	mov %rdi, %r15\n"
	"	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqu 32*\\n(%r15), %ymm\\n\n"
	"	.endr\n"
	"	.irp n, 0,1,2,3,4,5,6,7\n"
	"	movq 512+8*\\n(%r15), %mm\\n\n"
	"	.endr\n"
	"	ldmxcsr 712(%r15)\n"
	"	pushfq; andq $~0x8d5, (%rsp); mov 704(%r15), %rax; or %rax, (%rsp); popfq\n"
	"	mov 576(%r15), %rax; mov 584(%r15), %rcx; mov 592(%r15), %rdx\n"
	"	mov 600(%r15), %rbx; mov 616(%r15), %rbp; mov 624(%r15), %rsi\n"
	"	mov 632(%r15), %rdi; mov 640(%r15), %r8; mov 648(%r15), %r9\n"
	"	mov 656(%r15), %r10; mov 664(%r15), %r11; mov 672(%r15), %r12\n"
	"	mov 680(%r15), %r13; mov 688(%r15), %r14\n"
	"	call *(%rsp)\n"
	"	mov %rax, 576(%r15); mov %rcx, 584(%r15); mov %rdx, 592(%r15)\n"
	"	mov %rbx, 600(%r15); mov %rbp, 616(%r15); mov %rsi, 624(%r15)\n"
	"	mov %rdi, 632(%r15); mov %r8, 640(%r15); mov %r9, 648(%r15)\n"
	"	mov %r10, 656(%r15); mov %r11, 664(%r15); mov %r12, 672(%r15)\n"
	"	mov %r13, 680(%r15); mov %r14, 688(%r15)\n"
	"	pushfq; pop %rax; and $0x8d5, %rax; mov %rax, 704(%r15)\n"
	"	stmxcsr 712(%r15)\n"
	"	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqu %ymm\\n, 32*\\n(%r15)\n"
	"	.endr\n"
	"	.irp n, 0,1,2,3,4,5,6,7\n"
	"	movq %mm\\n, 512+8*\\n(%r15)\n"
	"	.endr\n"
	"	emms; vzeroupper\n"
	"	pop %rsi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

#define XSAVE_BV 512
#define XSAVE_YMM 576

/* The registers at the fault, from the signal's frame. */
static void take_registers(const ucontext_t *context)
{
	const struct _libc_fpstate *fp = context->uc_mcontext.fpregs;
	const uint8_t *area = (const uint8_t *)fp;
	bool upper = area[XSAVE_BV] & 4;

	current->mxcsr = fp->mxcsr;
	for (unsigned i = 0; i < 16; i++) {
		memcpy(&current->ymm[i].u64[0], &fp->_xmm[i], 16);
		memset(&current->ymm[i].u64[2], 0, 16);
		if (upper)
			memcpy(&current->ymm[i].u64[2], area + XSAVE_YMM + 16 * i, 16);
	}
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	take_registers(context);
	if (signal == SIGFPE)
		fault_vector = VECTOR_XM;
	else if (signal == SIGILL)
		fault_vector = VECTOR_UD;
	else
		fault_vector = info->si_code == SI_KERNEL ? VECTOR_GP : VECTOR_PF;
	siglongjmp(back, 1);
}

bool native_supported(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	       __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}

bool native_prepare(void)
{
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };

	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	data = mmap(NULL, RIG_MEMORY + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	return code != MAP_FAILED && data != MAP_FAILED &&
	       !mprotect(data + RIG_MEMORY, 4096, PROT_NONE) &&
	       !sigaction(SIGSEGV, &action, NULL) && !sigaction(SIGFPE, &action, NULL) &&
	       !sigaction(SIGILL, &action, NULL);
}

void native_run(const uint8_t *bytes, unsigned length, struct rig_state *state, uint8_t *memory)
{
	static const uint32_t default_mxcsr = 0x1f80;
	uint64_t distance = (uintptr_t)data - RIG_DATA;

	memcpy(code, bytes, length);
	code[length] = 0xc3; /* RET */
	memcpy(data, memory, RIG_MEMORY);
	state->gpr[GPR_RSI] += distance;
	state->gpr[GPR_RDI] += distance;
	fault_vector = -1;
	current = state;
	if (sigsetjmp(back, 0) == 0)
		native_call(state, code);
	else
		__asm__ volatile("emms; vzeroupper" ::: "memory");
	__asm__ volatile("ldmxcsr %0; cld" ::"m"(default_mxcsr));
	state->fault = fault_vector;
	state->gpr[GPR_RSI] -= distance;
	state->gpr[GPR_RDI] -= distance;
	memcpy(memory, data, RIG_MEMORY);
}
