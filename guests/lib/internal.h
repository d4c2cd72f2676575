/* SPDX-License-Identifier: MIT */
/* Between the files of the library. */
#ifndef GUEST_INTERNAL_H
#define GUEST_INTERNAL_H

#include "guest.h"

/* struct regs as the real-mode code keeps it. */
struct low_regs {
	u32 ax, bx, cx, dx, si, di, bp, sp, ip, flags, cs, ss, ds, es, reserved[2];
};

extern u64 guest_gdt[];
extern u8 guest_stacks[GUEST_CPUS][GUEST_STACK];
extern const char guest_stubs[], guest_iret[], guest_enter_iret[];
extern char guest_low_start[], guest_low_end[], guest_end[];
extern u32 guest_multiboot;
extern u64 guest_pml4[];

extern volatile struct low_regs low_regs;
extern volatile u32 low_vector;
extern const char low_stubs[];

void low_real(void);
void guest_enter(struct regs *regs);
void guest_leave(struct regs *regs) __attribute__((noreturn));
void guest_main(u32 cpu);
void print_init(void);
void print_end(void);
void tables_init(void);
bool guest_stopped_by(const struct frame *frame);
void cpu_loop(u32 cpu) __attribute__((noreturn));

#endif
