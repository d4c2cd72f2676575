/* SPDX-License-Identifier: MIT */
/*
 * A bare-metal test image: this header on one screen.
 *
 *   int main(int argc, char **argv)     arguments from the multiboot command line; its value is
 * ignored: the image ends with "N passed, N failed" and debug-exit value 0 or 1 section("name");
 * names the checks that follow CHECK(got, expected);               prints expression, value and
 * expectation when they differ; the CHECK_NAMED("name", got, expected); argument "verbose" shows
 * those that agree as well
 *
 *   CODE(name, "instructions")          code for run(), 64-bit (32-bit in a 32-bit image); CODE32
 * and CODE16 for those modes; CODE_REAL for real and virtual-8086 mode (below 64 K) struct fault f
 * = run(name, &regs);  runs it with exactly these registers and flags, stores what came out;
 *                                       f.vector is NO_FAULT or the exception, with error code,
 * CR2, RIP run_in(USER, name, &regs);          the same in ring 3, 32-bit or 16-bit code, ...: see
 * enum mode run_real(name, &regs);              the same in real mode catch(function, argument);
 * the same for a C function EXPECT(f, vector, error, ip);       checks a fault against what it must
 * be
 *
 *   on_vector(vector, handler);         an interrupt handler in C, which may change the frame
 *   gate(vector), tss(), gdt(selector)  the tables themselves
 *   page_new(), map(), entry()          page tables; 4 GBytes are mapped one to one
 *   cpus_start(); cpu_call(cpu, f, arg) other processors
 *   apic_read(), apic_write(), apic_ipi()   the local APIC in the mode it is in
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "layout.h"
#include "x86.h"

typedef unsigned long word;

#define NO_FAULT 0x100u
#define ANY (~0ul)

struct regs {
	word ax, bx, cx, dx, si, di, bp, sp;
	word r8, r9, r10, r11, r12, r13, r14, r15;
	word ip, flags, cs, ss, ds, es;
	word saved; /* the library's */
};

/* As pushed, lowest address first. */
struct frame {
	word ax, cx, dx, bx, bp, si, di;
#ifdef __x86_64__
	word r8, r9, r10, r11, r12, r13, r14, r15;
#endif
	word vector, error, ip, cs, flags, sp, ss;
};

struct fault {
	u32 vector;
	u32 error;
	word cr2;
	word ip;
	word flags;
	word sp;
	u16 cs;
	u16 ss;
};

enum mode {
	KERNEL, /* 64-bit, or 32-bit in a 32-bit image */
	USER,
	KERNEL32, /* compatibility mode, in a 64-bit image */
	USER32,
	KERNEL16,
	USER16,
	V8086,	/* 32-bit images only */
	CUSTOM, /* regs.cs, regs.ss, regs.sp, regs.ds and regs.es as given */
};

typedef void code_t(void);

#define GUEST_STR_(x) #x
#define GUEST_STR(x) GUEST_STR_(x)
#ifdef __x86_64__
#define GUEST_BACK "\n.code64\n"
#define GUEST_HERE ".code64\n"
#else
#define GUEST_BACK "\n.code32\n"
#define GUEST_HERE ".code32\n"
#endif
#define GUEST_CODE(name, at, bits, text)                                                           \
	extern code_t name;                                                                        \
	asm(".pushsection " at "\n.globl " #name "\n" #name ":\n" bits text                        \
	    "\nint $" GUEST_STR(VECTOR_RETURN) GUEST_BACK ".popsection\n")
#define CODE(name, text) GUEST_CODE(name, ".text", GUEST_HERE, text)
#define CODE32(name, text) GUEST_CODE(name, ".text", ".code32\n", text)
#define CODE16(name, text) GUEST_CODE(name, ".text", ".code16\n", text)
#define CODE_REAL(name, text) GUEST_CODE(name, ".low, \"awx\", @progbits", ".code16\n", text)

struct fault run(code_t *code, struct regs *regs);
struct fault run_in(enum mode mode, code_t *code, struct regs *regs);
struct fault run_real(code_t *code, struct regs *regs);
struct fault catch (void (*function)(word), word argument);

int main(int argc, char **argv);
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void section(const char *name);
bool check(const char *file, int line, const char *name, u64 got, u64 expected);
bool check_fault(const char *file, int line, const struct fault *fault, u32 vector, u32 error,
		 word ip);
bool argument(int argc, char **argv, const char *name);
u64 argument_number(int argc, char **argv, int index, u64 otherwise);
void guest_exit(u32 value) __attribute__((noreturn));

#define CHECK_NAMED(name, got, expected)                                                           \
	check(__FILE_NAME__, __LINE__, name, (u64)(got), (u64)(expected))
#define CHECK(got, expected) CHECK_NAMED(#got, got, expected)
#define EXPECT(fault, vector, error, ip)                                                           \
	check_fault(__FILE_NAME__, __LINE__, &(fault), vector, error, ip)
#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *left, const void *right, size_t size);

typedef void handler_t(struct frame *frame);
void on_vector(unsigned vector, handler_t *handler);

#ifdef __x86_64__
struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};
struct tss {
	u32 reserved0;
	u32 rsp[6];
	u32 reserved1[2];
	u32 ist[14];
	u32 reserved2[2];
	u16 reserved3, io_map;
	u8 bitmap[8192 + 1];
} __attribute__((packed));
#else
struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_high;
};
struct tss {
	u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, io_map;
	u8 redirection[32];
	u8 bitmap[8192 + 1];
} __attribute__((packed));
#endif
struct gate *gate(unsigned vector);
void gate_set(unsigned vector, void (*handler)(void), u8 type, u8 ist);
struct tss *tss(void);
u64 *gdt(unsigned selector);
u64 descriptor(u32 base, u32 limit, u32 type_and_flags);
void cpu_tables_load(void);

/* Page tables: flags go into the leaf; tables on the way allow everything. */
void *page_new(void);
void page_rewind(void *page);
u64 *entry(u64 root, u64 address, int level);
u64 *map(u64 root, u64 address, u64 physical_and_flags, int level);
u64 root_new(void);
extern int paging_levels;
void paging_switch(u32 cr3, u32 cr4);

extern volatile u32 cpus_running;
u32 cpus_start(u32 wanted);
u32 cpu_index(void);
void cpu_call(u32 cpu, void (*function)(word), word argument);
void cpu_wait(u32 cpu);

enum {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_TPR = 0x80,
	APIC_PPR = 0xa0,
	APIC_EOI = 0xb0,
	APIC_LDR = 0xd0,
	APIC_SPURIOUS = 0xf0,
	APIC_ISR = 0x100,
	APIC_IRR = 0x200,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0
};
u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 value);
void apic_ipi(u32 destination, u32 command);
void apic_on(void);
bool apic_x2(void);
u32 apic_id(void);

#endif
