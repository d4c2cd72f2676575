// SPDX-License-Identifier: MIT
/*
 * run(): code with given registers, up to its last instruction (INT VECTOR_RETURN) or the first
 * exception.
 *
 * While a processor is inside run(), every exception without a handler of its own ends it: the
 * state at that point goes into the struct regs, and guest_leave returns from guest_enter.
 */
#include "internal.h"

enum { CODE16_WINDOW = 0xffff };

static handler_t *handlers[256];
static u8 run_stacks[GUEST_CPUS][GUEST_STACK] __attribute__((aligned(16)));
static struct {
	struct regs *regs;
	struct fault fault;
} running[GUEST_CPUS];

CODE(guest_return, "");

void on_vector(unsigned vector, handler_t *handler)
{
	handlers[vector] = handler;
}

static bool has_stack(const struct frame *frame)
{
	return WORD == 8 || (frame->cs & 3) || (frame->flags & FLAG_VM);
}

static void store(struct regs *to, const struct frame *from)
{
	to->ax = from->ax;
	to->bx = from->bx;
	to->cx = from->cx;
	to->dx = from->dx;
	to->si = from->si;
	to->di = from->di;
	to->bp = from->bp;
#ifdef __x86_64__
	to->r8 = from->r8;
	to->r9 = from->r9;
	to->r10 = from->r10;
	to->r11 = from->r11;
	to->r12 = from->r12;
	to->r13 = from->r13;
	to->r14 = from->r14;
	to->r15 = from->r15;
#endif
	to->ip = from->ip;
	to->flags = from->flags;
	to->cs = from->cs & 0xffff;
	to->sp = has_stack(from) ? from->sp : (word)&from->sp;
	to->ss = has_stack(from) ? from->ss & 0xffff : SEL_DATA;
}

#ifdef __x86_64__
static void store_segments(struct regs *to, u32 ds, u32 es, const struct frame *from)
{
	u16 selector;

	(void)ds, (void)es, (void)from;
	asm volatile("mov %%ds, %0" : "=r"(selector));
	to->ds = selector;
	asm volatile("mov %%es, %0" : "=r"(selector));
	to->es = selector;
}
#else
static void store_segments(struct regs *to, u32 ds, u32 es, const struct frame *from)
{
	const word *above = &from->ss + 1;
	bool v8086 = (from->flags & FLAG_VM) != 0;

	to->es = v8086 ? above[0] & 0xffff : es & 0xffff;
	to->ds = v8086 ? above[1] & 0xffff : ds & 0xffff;
}
#endif

void guest_interrupt(struct frame *frame, u32 ds, u32 es);
void guest_interrupt(struct frame *frame, u32 ds, u32 es)
{
	u32 cpu = cpu_index();
	struct regs *regs = running[cpu].regs;
	struct fault *fault = &running[cpu].fault;

	if (handlers[frame->vector]) {
		handlers[frame->vector](frame);
		return;
	}
	if (!regs)
		guest_stopped_by(frame);
	store(regs, frame);
	store_segments(regs, ds, es, frame);
	fault->vector = frame->vector == VECTOR_RETURN ? NO_FAULT : (u32)frame->vector;
	fault->error = (u32)frame->error;
	fault->cr2 = read_cr2();
	fault->ip = frame->ip;
	fault->flags = frame->flags;
	fault->sp = regs->sp;
	fault->cs = (u16)regs->cs;
	fault->ss = (u16)regs->ss;
	running[cpu].regs = NULL;
	guest_leave(regs);
}

static struct fault start(struct regs *regs)
{
	u32 cpu = cpu_index();

	running[cpu].fault = (struct fault){ .vector = NO_FAULT };
	running[cpu].regs = regs;
	guest_enter(regs);
	return running[cpu].fault;
}

/* 16-bit code is called through a segment based at the 64 KBytes it lies in. */
static void code16_window(unsigned selector, word code)
{
	*gdt(selector) = (*gdt(selector) & 0x00ffff000000ffffull) |
			 descriptor((u32)code & ~(u32)CODE16_WINDOW, CODE16_WINDOW, 0);
}

static void selectors(enum mode mode, word code, struct regs *regs)
{
	static const u16 cs[] = { SEL_CODE,	   SEL_USER_CODE, SEL_CODE32,
				  SEL_USER_CODE32, SEL_CODE16,	  SEL_USER_CODE16 };
	bool user = mode == USER || mode == USER32 || mode == USER16;

	regs->cs = cs[mode];
	regs->ss = regs->ds = regs->es = user ? SEL_USER_DATA : SEL_DATA;
	if (mode == KERNEL16 || mode == USER16) {
		code16_window((unsigned)regs->cs, code);
		regs->ip = code & CODE16_WINDOW;
	}
}

struct fault run_in(enum mode mode, code_t *code, struct regs *regs)
{
	word top = (word)run_stacks[cpu_index() + 1] - 64;

	regs->ip = (word)code;
	regs->flags |= FLAG_ONE;
	if (mode == V8086)
		regs->flags |= FLAG_VM;
	else if (mode != CUSTOM)
		selectors(mode, (word)code, regs);
	if (!regs->sp)
		regs->sp = top;
	if (mode == KERNEL || mode == USER) {
		regs->sp -= WORD;
		*(word *)regs->sp = (word)guest_return;
	}
	return start(regs);
}

struct fault run(code_t *code, struct regs *regs)
{
	return run_in(KERNEL, code, regs);
}

struct fault catch (void (*function)(word), word value)
{
	struct regs regs = { .ax = value, .di = value, .flags = FLAG_ONE };

	return run_in(KERNEL, (code_t *)function, &regs);
}

struct fault run_real(code_t *code, struct regs *regs)
{
	u32 *vectors = (u32 *)0;

	asm("" : "+r"(vectors)); /* the vector table is at address 0 */
	for (u32 i = 0; i < 256; i++)
		vectors[i] = (u32)(word)low_stubs + i * 6;
	code16_window(SEL_CODE16, 0);
	low_regs = (struct low_regs){
		.ax = (u32)regs->ax,
		.bx = (u32)regs->bx,
		.cx = (u32)regs->cx,
		.dx = (u32)regs->dx,
		.si = (u32)regs->si,
		.di = (u32)regs->di,
		.bp = (u32)regs->bp,
		.sp = regs->sp ? (u32)regs->sp : 0x7000,
		.ip = (u32)(word)code,
		.flags = (u32)regs->flags | FLAG_ONE,
		.cs = (u32)regs->cs,
		.ss = (u32)regs->ss,
		.ds = (u32)regs->ds,
		.es = (u32)regs->es,
	};
	low_real();
	*regs = (struct regs){
		.ax = low_regs.ax,
		.bx = low_regs.bx,
		.cx = low_regs.cx,
		.dx = low_regs.dx,
		.si = low_regs.si,
		.di = low_regs.di,
		.bp = low_regs.bp,
		.sp = low_regs.sp,
		.ip = low_regs.ip & 0xffff,
		.flags = low_regs.flags & 0xffff,
		.cs = low_regs.cs & 0xffff,
		.ss = low_regs.ss & 0xffff,
		.ds = low_regs.ds & 0xffff,
		.es = low_regs.es & 0xffff,
	};
	return (struct fault){
		.vector = (u8)low_vector == VECTOR_RETURN ? NO_FAULT : (u8)low_vector,
		.ip = regs->ip,
		.flags = regs->flags,
		.sp = regs->sp,
		.cs = (u16)regs->cs,
		.ss = (u16)regs->ss,
	};
}

_Static_assert(offsetof(struct regs, r8) == REG_R8 && offsetof(struct regs, ip) == REG_IP &&
		       offsetof(struct regs, es) == REG_ES &&
		       offsetof(struct regs, saved) == REG_SAVED,
	       "the assembly files know these offsets");
