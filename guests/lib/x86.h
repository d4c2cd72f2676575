/* SPDX-License-Identifier: MIT */
/* Single instructions as functions, and the bits that go with them. */
#ifndef GUEST_X86_H
#define GUEST_X86_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64; /* the same type, so the same format, in both widths */

enum {
	FLAG_CF = 1 << 0,
	FLAG_ONE = 1 << 1,
	FLAG_PF = 1 << 2,
	FLAG_AF = 1 << 4,
	FLAG_ZF = 1 << 6,
	FLAG_SF = 1 << 7,
	FLAG_TF = 1 << 8,
	FLAG_IF = 1 << 9,
	FLAG_DF = 1 << 10,
	FLAG_OF = 1 << 11,
	FLAG_IOPL = 3 << 12,
	FLAG_NT = 1 << 14,
	FLAG_RF = 1 << 16,
	FLAG_VM = 1 << 17,
	FLAG_AC = 1 << 18,
	FLAG_VIF = 1 << 19,
	FLAG_VIP = 1 << 20,
	FLAG_ID = 1 << 21,
	FLAGS_ARITHMETIC = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF,
};

enum {
	VECTOR_DE,
	VECTOR_DB,
	VECTOR_NMI,
	VECTOR_BP,
	VECTOR_OF,
	VECTOR_BR,
	VECTOR_UD,
	VECTOR_NM,
	VECTOR_DF,
	VECTOR_TS = 10,
	VECTOR_NP,
	VECTOR_SS,
	VECTOR_GP,
	VECTOR_PF,
	VECTOR_MF = 16,
	VECTOR_AC,
	VECTOR_MC,
	VECTOR_XM,
};

#define CR0_PE 0x1ul
#define CR0_MP 0x2ul
#define CR0_EM 0x4ul
#define CR0_TS 0x8ul
#define CR0_NE 0x20ul
#define CR0_WP 0x10000ul
#define CR0_AM 0x40000ul
#define CR0_CD 0x40000000ul
#define CR0_PG 0x80000000ul

#define CR4_VME 0x1ul
#define CR4_PVI 0x2ul
#define CR4_TSD 0x4ul
#define CR4_DE 0x8ul
#define CR4_PSE 0x10ul
#define CR4_PAE 0x20ul
#define CR4_PGE 0x80ul
#define CR4_OSFXSR 0x200ul
#define CR4_OSXMMEXCPT 0x400ul
#define CR4_UMIP 0x800ul
#define CR4_LA57 0x1000ul
#define CR4_FSGSBASE 0x10000ul
#define CR4_PCIDE 0x20000ul
#define CR4_OSXSAVE 0x40000ul
#define CR4_SMEP 0x100000ul
#define CR4_SMAP 0x200000ul
#define CR4_PKE 0x400000ul

#define PTE_P 0x1ull
#define PTE_W 0x2ull
#define PTE_U 0x4ull
#define PTE_A 0x20ull
#define PTE_D 0x40ull
#define PTE_PS 0x80ull
#define PTE_G 0x100ull
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull

#define MSR_TSC 0x10u
#define MSR_APIC_BASE 0x1bu
#define MSR_SYSENTER_CS 0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_XSS 0xda0u
#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_SFMASK 0xc0000084u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX 0xc0000103u

#define EFER_SCE 0x1ull
#define EFER_LME 0x100ull
#define EFER_LMA 0x400ull
#define EFER_NXE 0x800ull

static inline void out8(u16 port, u8 value)
{
	asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void out32(u16 port, u32 value)
{
	asm volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

static inline u8 in8(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 in32(u16 port)
{
	u32 value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u64 read_msr(u32 index)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index) : "memory");
	return low | (u64)high << 32;
}

static inline void write_msr(u32 index, u64 value)
{
	asm volatile("wrmsr" ::"c"(index), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline u64 read_tsc(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return low | (u64)high << 32;
}

#define GUEST_CONTROL_REGISTER(n)                                                                  \
	static inline unsigned long read_cr##n(void)                                               \
	{                                                                                          \
		unsigned long value;                                                               \
                                                                                                   \
		asm volatile("mov %%cr" #n ", %0" : "=r"(value)::"memory");                        \
		return value;                                                                      \
	}                                                                                          \
	static inline void write_cr##n(unsigned long value)                                        \
	{                                                                                          \
		asm volatile("mov %0, %%cr" #n ::"r"(value) : "memory");                           \
	}

GUEST_CONTROL_REGISTER(0)
GUEST_CONTROL_REGISTER(2)
GUEST_CONTROL_REGISTER(3)
GUEST_CONTROL_REGISTER(4)

#define GUEST_DEBUG_REGISTER(n)                                                                    \
	static inline unsigned long read_dr##n(void)                                               \
	{                                                                                          \
		unsigned long value;                                                               \
                                                                                                   \
		asm volatile("mov %%dr" #n ", %0" : "=r"(value)::"memory");                        \
		return value;                                                                      \
	}                                                                                          \
	static inline void write_dr##n(unsigned long value)                                        \
	{                                                                                          \
		asm volatile("mov %0, %%dr" #n ::"r"(value) : "memory");                           \
	}

GUEST_DEBUG_REGISTER(0)
GUEST_DEBUG_REGISTER(1)
GUEST_DEBUG_REGISTER(2)
GUEST_DEBUG_REGISTER(3)
GUEST_DEBUG_REGISTER(6)
GUEST_DEBUG_REGISTER(7)

static inline void invlpg(const volatile void *address)
{
	asm volatile("invlpg (%0)" ::"r"(address) : "memory");
}

static inline void flush_tlb(void)
{
	write_cr3(read_cr3());
}

static inline void interrupts_on(void)
{
	asm volatile("sti; nop" ::: "memory");
}

static inline void interrupts_off(void)
{
	asm volatile("cli" ::: "memory");
}

/* Enables interrupts and halts, with no gap between the two. */
static inline void wait_for_interrupt(void)
{
	asm volatile("sti; hlt; cli" ::: "memory");
}

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	asm volatile("cpuid"
		     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

#endif
