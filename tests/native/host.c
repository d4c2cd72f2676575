/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "host.h"

#include <asm/ldt.h>
#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/*
 * IRETQ starts a snippet: it loads RIP, CS, RFLAGS and RSP at once, with TF in force after the
 * first instruction. The snippet ends at the gate, or with a signal whose frame has everything.
 * Both ways lead to host_back, on the stack that host_enter() left.
 */

/* An XSAVE area in the standard format. SDM Vol 1 "Managing State Using the XSAVE Feature Set" */
struct area {
	uint16_t control, status;
	uint8_t tags, reserved;
	uint16_t opcode;
	uint64_t instruction_pointer, data_pointer;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16];
	uint8_t xmm[16][16];
	uint8_t unused[96];
	uint64_t components, rest[7];
	uint8_t upper[16][16];
} __attribute__((aligned(64)));
_Static_assert(offsetof(struct area, upper) == 576, "the AVX component's place");

#define HIDDEN __attribute__((visibility("hidden"), used))

HIDDEN struct area host_area;
HIDDEN uint64_t host_gpr[16];
HIDDEN struct {
	uint64_t rip, cs, rflags, rsp, ss;
} host_frame;
HIDDEN uint64_t host_stack;
HIDDEN uint64_t host_vectors;
HIDDEN uint64_t host_small_stack[8];
HIDDEN const uint32_t host_mxcsr = 0x1f80;
HIDDEN const uint16_t host_data = SELECTOR_DATA;

HIDDEN void host_enter(void);
HIDDEN void host_leave(void);
HIDDEN void host_back(void);
HIDDEN void host_signal(int signal, siginfo_t *info, void *context);
HIDDEN void host_take(int signal, siginfo_t *info, void *context);

__asm__(".text\n"
	".hidden host_enter, host_leave, host_back, host_signal, host_take\n"
	".globl host_enter, host_leave, host_back, host_signal\n"
	"host_enter:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, host_stack(%rip)\n"
	"	cmpq $0, host_vectors(%rip)\n"
	"	je 1f\n"
	"	mov $7, %eax; xor %edx, %edx\n"
	"	xrstor64 host_area(%rip)\n"
	"1:	mov host_data(%rip), %ds; mov host_data(%rip), %es\n"
	"	lea host_frame(%rip), %rsp\n"
	"	mov host_gpr(%rip), %rax; mov host_gpr+8(%rip), %rcx\n"
	"	mov host_gpr+16(%rip), %rdx; mov host_gpr+24(%rip), %rbx\n"
	"	mov host_gpr+40(%rip), %rbp; mov host_gpr+48(%rip), %rsi\n"
	"	mov host_gpr+56(%rip), %rdi\n"
	"	.irp n, 8,9,10,11,12,13,14,15\n"
	"	mov host_gpr+8*\\n(%rip), %r\\n\n"
	"	.endr\n"
	"	iretq\n"
	"host_leave:\n"
	"	mov %rax, host_gpr(%rip); mov %rcx, host_gpr+8(%rip)\n"
	"	mov %rdx, host_gpr+16(%rip); mov %rbx, host_gpr+24(%rip)\n"
	"	mov %rsp, host_gpr+32(%rip)\n"
	"	mov %rbp, host_gpr+40(%rip); mov %rsi, host_gpr+48(%rip)\n"
	"	mov %rdi, host_gpr+56(%rip)\n"
	"	.irp n, 8,9,10,11,12,13,14,15\n"
	"	mov %r\\n, host_gpr+8*\\n(%rip)\n"
	"	.endr\n"
	"	lea host_small_stack+64(%rip), %rsp\n"
	"	pushfq; pop host_frame+16(%rip); push $2; popfq\n"
	"	cmpq $0, host_vectors(%rip)\n"
	"	je host_back\n"
	"	mov $7, %eax; xor %edx, %edx\n"
	"	xsave64 host_area(%rip)\n"
	"	fninit; ldmxcsr host_mxcsr(%rip); vzeroupper\n"
	"host_back:\n"
	"	cld\n"
	"	mov host_stack(%rip), %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	/* AC and NT are the snippet's: the C code can do without. */
	"host_signal:\n"
	"	push $2; popfq\n"
	"	sub $8, %rsp\n"
	"	call host_take\n"
	"	jmp host_back\n");

static struct state *current;

static void take_vectors(struct state *state, const struct area *area)
{
	unsigned top = area->status >> 11 & 7;

	for (unsigned i = 0; i < 16; i++) {
		memcpy(&state->ymm[i].u64[0], area->xmm[i], 16);
		memcpy(&state->ymm[i].u64[2], area->upper[i], 16);
	}
	if (!(area->components & 2))
		for (unsigned i = 0; i < 16; i++)
			memset(&state->ymm[i].u64[0], 0, 16);
	if (!(area->components & 4))
		for (unsigned i = 0; i < 16; i++)
			memset(&state->ymm[i].u64[2], 0, 16);
	for (unsigned i = 0; i < 8; i++) {
		struct arch_f80 *st = &state->st[(top + i) & 7];

		memcpy(&st->significand, area->st[i], 8);
		memcpy(&st->sign_exponent, area->st[i] + 8, 2);
	}
	state->mxcsr = area->mxcsr;
	state->control = area->control;
	state->status = area->status;
	state->empty = (uint8_t)~area->tags;
}

static void put_vectors(const struct state *state, struct area *area)
{
	unsigned top = state->status >> 11 & 7;

	for (unsigned i = 0; i < 16; i++) {
		memcpy(area->xmm[i], &state->ymm[i].u64[0], 16);
		memcpy(area->upper[i], &state->ymm[i].u64[2], 16);
	}
	for (unsigned i = 0; i < 8; i++) {
		const struct arch_f80 *st = &state->st[(top + i) & 7];

		memcpy(area->st[i], &st->significand, 8);
		memcpy(area->st[i] + 8, &st->sign_exponent, 2);
	}
	area->mxcsr = state->mxcsr;
	area->control = state->control;
	area->status = state->status;
	area->tags = (uint8_t)~state->empty;
	area->opcode = 0;
	area->instruction_pointer = area->data_pointer = 0;
	area->components = 7;
}

/* On the signal's stack, which is given up afterwards. */
void host_take(int signal, siginfo_t *info, void *context)
{
	static const uint8_t where[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
					   REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
					   REG_R12, REG_R13, REG_R14, REG_R15 };
	const ucontext_t *u = context;
	const greg_t *gregs = u->uc_mcontext.gregs;

	(void)signal;
	(void)info;
	for (unsigned i = 0; i < 16; i++)
		host_gpr[i] = (uint64_t)gregs[where[i]];
	host_frame.rip = (uint64_t)gregs[REG_RIP];
	host_frame.rflags = (uint64_t)gregs[REG_EFL];
	current->vector = (int)gregs[REG_TRAPNO];
	current->error_code = (uint32_t)gregs[REG_ERR];
	current->cr2 = (uint64_t)gregs[REG_CR2];
	if (host_vectors)
		memcpy(&host_area, u->uc_mcontext.fpregs, sizeof(host_area));
}

void host_run(struct state *state, bool code32, bool vectors)
{
	memcpy(host_gpr, state->gpr, sizeof(host_gpr));
	host_frame.rip = state->rip;
	host_frame.cs = code32 ? SELECTOR_CODE32 : SELECTOR_CODE64;
	host_frame.rflags = state->rflags;
	host_frame.rsp = state->gpr[GPR_RSP];
	host_frame.ss = SELECTOR_DATA;
	host_vectors = vectors;
	if (vectors)
		put_vectors(state, &host_area);
	current = state;
	state->vector = -1;
	state->error_code = 0;
	state->cr2 = 0;
	host_enter();
	memcpy(state->gpr, host_gpr, sizeof(host_gpr));
	state->rip = state->vector < 0 ? (code32 ? GATE_32 : GATE_64) : host_frame.rip;
	state->rflags = host_frame.rflags;
	if (vectors)
		take_vectors(state, &host_area);
}

/* ---------------------------------------------------------------- preparation */

static bool map_fixed(uint32_t address, size_t size, int protection, int fd, off_t offset)
{
	void *at = (void *)(uintptr_t)address;

	return mmap(at, size, protection, MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE, fd,
		    offset) == at;
}

/* Both seen twice: where they are used, and where the test writes. */
static bool map_memory(struct host *host)
{
	int fd = memfd_create("snippets", 0);
	uint8_t *view;

	if (fd < 0 || ftruncate(fd, CODE_SIZE + DATA_SIZE))
		return false;
	view = mmap(NULL, CODE_SIZE + DATA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		    fd, 0);
	host->code = view;
	host->data = view + CODE_SIZE;
	return view != MAP_FAILED &&
	       map_fixed(CODE_BASE, CODE_SIZE, PROT_READ | PROT_EXEC, fd, 0) &&
	       map_fixed(DATA_BASE, DATA_WRITABLE, PROT_READ | PROT_WRITE, fd, CODE_SIZE) &&
	       map_fixed(DATA_BASE + DATA_WRITABLE, DATA_SIZE - DATA_WRITABLE, PROT_READ, fd,
			 CODE_SIZE + DATA_WRITABLE) &&
	       !close(fd);
}

/* JMP [RIP + 10] to host_leave: aligned, for AC; for 32-bit code a far JMP to that. */
static bool make_gates(void)
{
	static const uint8_t jump[] = { 0xff, 0x25, 10, 0, 0, 0 };
	uint8_t *gate = (uint8_t *)(uintptr_t)GATE_BASE;
	uint64_t target = (uint64_t)(uintptr_t)host_leave;
	uint32_t offset = GATE_64;

	if (mmap(gate, GATE_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != gate)
		return false;
	memset(gate, 0xcc, GATE_SIZE);
	memcpy(gate, jump, sizeof(jump));
	memcpy(gate + 16, &target, 8);
	gate += GATE_32 - GATE_64;
	gate[0] = 0xea;
	memcpy(gate + 1, &offset, 4);
	gate[5] = SELECTOR_CODE64;
	gate[6] = 0;
	return !mprotect((void *)(uintptr_t)GATE_BASE, GATE_SIZE, PROT_READ | PROT_EXEC);
}

static bool take_signals(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	static uint8_t space[65536];
	struct sigaction action = { .sa_sigaction = host_signal,
				    .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
	stack_t stack = { .ss_sp = space, .ss_size = sizeof(space) };

	if (sigaltstack(&stack, NULL))
		return false;
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], &action, NULL))
			return false;
	return true;
}

/* There are kernels without 32-bit code, and some that take an LDT and do not load it. */
static bool is_there(uint32_t selector)
{
	uint32_t rights;
	bool there;

	__asm__("lar %2, %0" : "=r"(rights), "=@ccz"(there) : "r"(selector));
	return there;
}

/*
 * GS by a descriptor, of the LDT, so that 32-bit code has it as well; where that cannot be had, its
 * base alone.
 */
static void take_gs(struct host *host)
{
	struct user_desc d = { .entry_number = 0,
			       .base_addr = DATA_BASE,
			       .limit = 0xfffff,
			       .seg_32bit = 1,
			       .limit_in_pages = 1,
			       .useable = 1 };

	uint32_t selector = d.entry_number << 3 | 7;

	if (!syscall(SYS_modify_ldt, 1, &d, sizeof(d)) && is_there(selector)) {
		host->gs_selector = (uint16_t)selector;
		__asm__ volatile("mov %0, %%gs" ::"r"(selector));
		host->gs = true;
		host->code32 = is_there(SELECTOR_CODE32);
	} else {
		host->gs = !syscall(SYS_arch_prctl, ARCH_SET_GS, (unsigned long)DATA_BASE);
	}
}

bool host_is_intel(void)
{
	return __builtin_cpu_is("intel");
}

const char *host_prepare(struct host *host)
{
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
	    !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("aes"))
		return "this processor lacks AVX2, FMA, BMI2 or AES";
	if (!map_memory(host) || !make_gates())
		return "no memory at the addresses it needs";
	if (!take_signals())
		return "signals cannot be taken over";
	host->gate = (const uint8_t *)(uintptr_t)GATE_BASE;
	take_gs(host);
	if (!host->gs)
		return "no base for GS";
	return NULL;
}
