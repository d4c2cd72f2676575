// SPDX-License-Identifier: MIT
/*
 * Random VMCSs for a second opinion: the same image on another processor must print the same lines,
 * and so must it with a hypervisor below (N144..N146).
 *
 *   witness [SEED [COUNT [FIRST]]] [show] [free]
 *
 * Each case is a valid VMCS with up to three fields changed, entered once, and one line: how the
 * entry ended, the exit's information fields where they are defined, and a hash of the guest state
 * that was saved. The monitor trap flag ends the guest after one instruction; with "free" it runs
 * on to its VMCALL, and no event reaches a handler. "show" prints the changes and the fields too.
 * Left out are bits that the two processors compared do not both have (docs/bochs.md names them)
 * and values with which a host that passes its checks could not run on.
 */
#include "l2.h"

CODE(w_vmcall, "vmcall");
CODE(w_nop, "nop; vmcall");
CODE(w_cpuid, "cpuid; vmcall");
CODE(w_hlt, "hlt; vmcall");
CODE(w_cr0, "mov %cr0, %rax; mov %rax, %cr0; vmcall");
CODE(w_cr4, "mov %cr4, %rax; vmcall");
CODE(w_cr3, "mov %cr3, %rcx; mov %rcx, %cr3; vmcall");
CODE(w_cr8, "mov %cr8, %rdx; vmcall");
CODE(w_in, "in $0x80, %al; vmcall");
CODE(w_out, "outw %ax, $0x80; vmcall");
CODE(w_rdmsr, "mov $0x174, %ecx; rdmsr; vmcall");
CODE(w_int3, "int3; vmcall");
CODE(w_int, "int $0x41; vmcall");
CODE(w_ud, "ud2; vmcall");
CODE(w_pushf, "pushf; vmcall");
CODE(w_mov_ss, "mov %ss, %eax; mov %eax, %ss; vmcall");
CODE(w_sti, "sti; vmcall");
CODE(w_pause, "pause; vmcall");
CODE(w_invlpg, "invlpg 0x10(%rip); vmcall");
CODE(w_dr, "mov %dr7, %rbx; vmcall");
CODE(w_load, "mov w_nop(%rip), %eax; vmcall");
CODE(w_sgdt, "sgdt -16(%rsp); vmcall");
CODE(w_str, "str %eax; vmcall");
CODE(w_div, "xor %eax, %eax; div %eax; vmcall");
CODE(w_vmread, "vmread %rax, %rbx; vmcall");
CODE(w_xsetbv, "xsetbv; vmcall");

static code_t *const codes[] = {
	w_vmcall, w_nop,   w_cpuid, w_hlt,  w_cr0, w_cr4,   w_cr3,    w_cr8,	w_in,
	w_out,	  w_rdmsr, w_int3,  w_int,  w_ud,  w_pushf, w_mov_ss, w_sti,	w_pause,
	w_invlpg, w_dr,	   w_load,  w_sgdt, w_str, w_div,   w_vmread, w_xsetbv,
};

static u64 state;
static bool show, free_run;

static u64 random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dull;
}

static u64 below(u64 bound)
{
	return (random() >> 33) % bound;
}

/* How a field may change. */
enum how {
	FLIP,	 /* any bit of those in .bits */
	ADDRESS, /* of a page: low bits, bits beyond the width */
	HIGH,	 /* a bit of 63:47: canonical or not */
	SMALL,	 /* a number below .bits */
	CHOICE,	 /* bits of .bits at random, all others 0 */
};

struct field {
	u32 field;
	u32 how;
	u64 bits;
};

#define ALL32 0xffffffffull
/* Controls that only one of the two processors has are not touched. */
static const struct field fields[] = {
	{ VMCS_PIN, FLIP, ALL32 & ~0xc0ull },
	{ VMCS_PRIMARY, FLIP, ALL32 & ~0x08020000ull },
	{ VMCS_SECONDARY, FLIP, ALL32 & ~0x00800000ull },
	{ VMCS_EXIT_CONTROLS, FLIP, ALL32 & ~0xe0001000ull },
	{ VMCS_ENTRY_CONTROLS, FLIP, ALL32 & ~0x00402c00ull },
	{ VMCS_ENTRY_INFO, CHOICE, 0x80000fff },
	{ VMCS_ENTRY_INFO, CHOICE, 0x80000f1f },
	{ VMCS_ENTRY_INFO, CHOICE, 0xc0001fff },
	{ VMCS_ENTRY_ERROR, FLIP, 0x1ffff },
	{ VMCS_ENTRY_LENGTH, SMALL, 18 },
	{ VMCS_EXCEPTIONS, FLIP, 1 << 3 | 1 << 1 },
	{ 0x400a, SMALL, 6 },	/* CR3-target count */
	{ 0x400e, SMALL, 1 },	/* MSR-store count */
	{ 0x4014, SMALL, 3 },	/* entry MSR-load count */
	{ 0x401c, FLIP, 0x1f }, /* TPR threshold */
	{ VMCS_IO_BITMAP_A, ADDRESS, 0 },
	{ VMCS_IO_BITMAP_B, ADDRESS, 0 },
	{ VMCS_MSR_BITMAP, ADDRESS, 0 },
	{ 0x2006, ADDRESS, 0 },
	{ 0x2008, ADDRESS, 0 },
	{ 0x200a, ADDRESS, 0 },
	{ 0x200e, ADDRESS, 0 },
	{ 0x2012, ADDRESS, 0 },
	{ 0x2014, ADDRESS, 0 },
	{ 0x2018, FLIP, 0x3 },
	{ VMCS_EPTP, FLIP, 0xfff },
	{ VMCS_EPTP, ADDRESS, 0 },
	{ 0x2024, ADDRESS, 0 },
	{ 0x2026, ADDRESS, 0 },
	{ 0x2028, ADDRESS, 0 },
	{ 0x202a, ADDRESS, 0 },
	{ VMCS_VPID, SMALL, 2 },
	{ VMCS_CR0_MASK, FLIP, ~0ull },
	{ VMCS_CR4_MASK, FLIP, ~0ull },
	{ VMCS_CR0_SHADOW, FLIP, ALL32 },
	{ VMCS_CR4_SHADOW, FLIP, ALL32 },
	/* the host */
	{ VMCS_HOST_CR0, FLIP, ~0ull },
	{ VMCS_HOST_CR4, FLIP, ~0x3f01000ull },
	{ VMCS_HOST_CR3, ADDRESS, 1 },
	{ VMCS_HOST_ES, FLIP, 7 },
	{ VMCS_HOST_ES + 2, FLIP, 7 },
	{ VMCS_HOST_ES + 4, FLIP, 7 },
	{ VMCS_HOST_ES + 6, FLIP, 7 },
	{ VMCS_HOST_ES + 8, FLIP, 7 },
	{ VMCS_HOST_TR, FLIP, 7 },
	{ VMCS_HOST_ES + 2, CHOICE, 0 },
	{ VMCS_HOST_ES + 4, CHOICE, 0 },
	{ VMCS_HOST_TR, CHOICE, 0 },
	{ 0x6c06, HIGH, 0 },
	{ 0x6c08, HIGH, 0 },
	{ VMCS_HOST_TR_BASE, HIGH, 0 },
	{ VMCS_HOST_GDTR_BASE, HIGH, 0 },
	{ VMCS_HOST_IDTR_BASE, HIGH, 0 },
	{ 0x6c10, HIGH, 0 },
	{ 0x6c12, HIGH, 0 },
	{ 0x2c00, FLIP, ~0ull }, /* PAT */
	{ 0x2c02, FLIP, ~0ull }, /* EFER */
	/* the guest */
	{ VMCS_GUEST_CR0, FLIP, ~0ull },
	{ VMCS_GUEST_CR4, FLIP, ~0x3f01000ull },
	{ VMCS_GUEST_CR3, ADDRESS, 1 },
	{ VMCS_GUEST_DEBUGCTL, FLIP, ~0ull },
	{ 0x2804, FLIP, ~0ull }, /* PAT */
	{ VMCS_GUEST_EFER, FLIP, ~0ull },
	{ VMCS_LINK, FLIP, ~0ull },
	{ VMCS_LINK, CHOICE, 0xfff },
	{ VMCS_GUEST_DR7, FLIP, ~0xffull },
	{ VMCS_GUEST_RIP, HIGH, 0 },
	{ VMCS_GUEST_RSP, HIGH, 0 },
	{ VMCS_GUEST_RFLAGS, FLIP, ~0ull },
	{ VMCS_GUEST_RFLAGS, FLIP, 0x3fffff },
	{ VMCS_PENDING_DEBUG, FLIP, ~0ull },
	{ VMCS_PENDING_DEBUG, FLIP, 0xf7ff },
	{ VMCS_INTERRUPTIBILITY, FLIP, ALL32 & ~0x14ull },
	{ VMCS_INTERRUPTIBILITY, FLIP, 0xb },
	{ VMCS_ACTIVITY, SMALL, 2 },
	{ VMCS_ACTIVITY, FLIP, ALL32 & ~3ull },
	{ 0x6824, HIGH, 0 },
	{ 0x6826, HIGH, 0 },
	{ VMCS_GUEST_GDTR_BASE, HIGH, 0 },
	{ VMCS_GUEST_IDTR_BASE, HIGH, 0 },
	{ VMCS_GUEST_GDTR_LIMIT, FLIP, ALL32 },
	{ VMCS_GUEST_IDTR_LIMIT, FLIP, ALL32 },
	{ VMCS_TIMER, SMALL, 0 },
};

/* ES, CS, SS, DS, FS, GS, LDTR, TR: rights, limit, base, selector of each. */
static void change_segment(u32 *field, u64 *value)
{
	u32 segment = (u32)below(8);

	switch (below(4)) {
	case 0:
		*field = VMCS_GUEST_ES + 2 * segment;
		*value = vmx_get(*field) ^ 1ull << below(3);
		break;
	case 1:
		*field = VMCS_GUEST_ES_LIMIT + 2 * segment;
		*value = vmx_get(*field) ^ 1ull << below(32);
		break;
	case 2:
		*field = VMCS_GUEST_ES_BASE + 2 * segment;
		*value = vmx_get(*field) ^ 1ull << (32 + below(32));
		break;
	default:
		*field = VMCS_GUEST_ES_AR + 2 * segment;
		*value = vmx_get(*field) ^ 1ull << below(20);
	}
}

static u64 changed(const struct field *f)
{
	u64 value = vmx_get(f->field), bits;

	switch (f->how) {
	case FLIP:
		do
			bits = 1ull << below(64);
		while (!(bits & f->bits));
		return value ^ bits;
	case ADDRESS:
		return value ^
		       (below(2) && !f->bits ? 1ull << below(12) : 1ull << (40 + below(24)));
	case HIGH:
		return below(3) ? value ^ 1ull << (47 + below(17))
				: value | ~0ull << (45 + below(4));
	case SMALL:
		return below(f->bits + 1);
	default:
		return random() & f->bits;
	}
}

static void change(void)
{
	u32 field;
	u64 value;

	if (below(4)) {
		const struct field *f = &fields[below(sizeof(fields) / sizeof(fields[0]))];

		field = f->field;
		value = changed(f);
	} else {
		change_segment(&field, &value);
	}
	if (free_run && field == VMCS_GUEST_IDTR_LIMIT)
		value = 0;
	if (show)
		print("  %x: %llx -> %llx\n", field, vmx_get(field), value);
	vmx_set(field, value);
}

/* Everything that some control may make count points somewhere valid. */
static void fill(void)
{
	static const u32 pages[] = { VMCS_IO_BITMAP_A, VMCS_IO_BITMAP_B, VMCS_MSR_BITMAP, 0x2006,
				     0x2008,	       0x200e,		 0x2012,	  0x2016,
				     0x2024,	       0x2026,		 0x2028,	  0x202a };
	static u32 list[8] __attribute__((aligned(16)));

	for (u32 i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		vmx_set(pages[i], (u64)page_new());
	for (u64 i = 0; i < 4096; i += 16)
		*(u32 *)(vmx_get(0x2006) + i) = 0x174;
	memset(list, 0, sizeof(list));
	list[0] = below(4) ? 0x174 : below(2) ? 0x12345678 : MSR_FS_BASE;
	list[4] = below(4) ? 0x176 : 0x808;
	list[5] = below(8) == 0;
	vmx_set(0x200a, (u64)list);
	vmx_set(0x2014, 0xfee00000);
	vmx_set(VMCS_EPTP, ept_root() | 6 | 3 << 3);
	vmx_set(VMCS_VPID, 1);
	vmx_set(VMCS_EXCEPTIONS, ALL32);
	vmx_set(VMCS_PIN, vmx_get(VMCS_PIN) | 1 << 6);
	vmx_set(VMCS_TIMER, 0x100000);
	vmx_set(0x2804, read_msr(0x277));
	vmx_set(0x2c00, read_msr(0x277));
	vmx_set(VMCS_GUEST_EFER, read_msr(MSR_EFER));
	vmx_set(0x2c02, read_msr(MSR_EFER));
	if (free_run)
		vmx_set(VMCS_GUEST_IDTR_LIMIT, 0);
	vmx_primary((free_run ? 0 : PRIMARY_MTF) | (below(2) ? (u32)random() & 0xf2d99a84 : 0));
	if (vmx_get(VMCS_PRIMARY) >> 25 & 1 && below(2))
		memset((void *)vmx_get(VMCS_IO_BITMAP_A), 0xff, 4096);
}

static u64 hash;

static void mix(u32 field, u64 undefined)
{
	u64 value = vmx_get(field) & ~undefined;

	hash = (hash ^ value) * 0x100000001b3ull;
	hash ^= hash >> 29;
	if (show)
		print("    %x = %llx\n", field, value);
}

/* Guest state of which every bit is defined: an unusable segment's is not. */
static u32 state_hash(void)
{
	static const u32 saved[] = { VMCS_GUEST_CR0,
				     VMCS_GUEST_CR3,
				     VMCS_GUEST_CR4,
				     VMCS_GUEST_DR7,
				     VMCS_GUEST_RSP,
				     VMCS_GUEST_GDTR_BASE,
				     VMCS_GUEST_GDTR_LIMIT,
				     VMCS_GUEST_IDTR_BASE,
				     VMCS_GUEST_IDTR_LIMIT,
				     0x482a,
				     0x6824,
				     0x6826,
				     VMCS_GUEST_DEBUGCTL,
				     VMCS_ENTRY_CONTROLS };

	hash = 0xcbf29ce484222325ull;
	for (u32 i = 0; i < sizeof(saved) / sizeof(saved[0]); i++)
		mix(saved[i], 0);
	for (u32 i = 0; i < 8; i++) {
		mix(VMCS_GUEST_ES + 2 * i, 0);
		if (vmx_get(VMCS_GUEST_ES_AR + 2 * i) & 0x10000)
			continue;
		mix(VMCS_GUEST_ES_AR + 2 * i, i == 1 ? 0 : 1 << 13); /* L is of CS */
		mix(VMCS_GUEST_ES_LIMIT + 2 * i, 0);
		mix(VMCS_GUEST_ES_BASE + 2 * i, 0);
	}
	return (u32)(hash ^ hash >> 32);
}

static u64 valid(u32 information, u64 value)
{
	return vmx_get(information) >> 31 ? value : 0;
}

static void report(u32 index, int result)
{
	u64 reason = vmx_get(VMCS_REASON), info = vmx_get(VMCS_EXIT_INFO), idt;

	if (result == VM_FAIL_INVALID) {
		print("%u: invalid\n", index);
		return;
	}
	if (result == VM_FAIL_VALID) {
		print("%u: error %llu\n", index, vmx_get(VMCS_ERROR));
		return;
	}
	if (reason >> 31) {
		print("%u: failure %llx %llx entry %llx\n", index, reason,
		      vmx_get(VMCS_QUALIFICATION), vmx_get(VMCS_ENTRY_INFO));
		return;
	}
	idt = vmx_get(VMCS_IDT_INFO);
	print("%u: exit %llx %llx event %llx %llx during %llx %llx at %llx flags %llx blocked %llx "
	      "activity %llx debug %llx state %x\n",
	      index, reason, vmx_get(VMCS_QUALIFICATION), valid(VMCS_EXIT_INFO, info),
	      info >> 31 && info >> 11 & 1 ? vmx_get(VMCS_EXIT_ERROR) : 0,
	      valid(VMCS_IDT_INFO, idt), idt >> 31 && idt >> 11 & 1 ? vmx_get(VMCS_IDT_ERROR) : 0,
	      vmx_get(VMCS_GUEST_RIP), vmx_get(VMCS_GUEST_RFLAGS), vmx_get(VMCS_INTERRUPTIBILITY),
	      vmx_get(VMCS_ACTIVITY), vmx_get(VMCS_PENDING_DEBUG), state_hash());
}

static void one(u64 seed, u32 index, void *mark)
{
	struct regs regs = { .ax = 0x681e, .bx = 2, .cx = 3 };
	u64 cr0 = read_cr0(), cr4 = read_cr4(), efer = read_msr(MSR_EFER);

	state = (seed * 0x9e3779b97f4a7c15ull) ^ (index + 1ull) * 0xd1342543de82ef95ull;
	random();
	random();
	if (vmx_pointer() != ~0ull)
		vmx_clear(vmx_pointer());
	page_rewind(mark);
	vmx_invept(2, 0);
	vmx_new(codes[below(sizeof(codes) / sizeof(codes[0]))], 0);
	fill();
	for (u64 changes = below(4); changes; changes--)
		change();
	asm volatile("mov %0, %%cr2" ::"r"(0ull));
	write_dr6(0xffff0ff0);
	report(index, vmx_enter(&regs));
	write_cr0(cr0); /* what the exit loaded of a host that was changed */
	write_cr4(cr4);
	write_msr(MSR_EFER, efer);
	cpu_tables_load();
}

int main(int argc, char **argv)
{
	u64 seed = argument_number(argc, argv, 1, 1), count = argument_number(argc, argv, 2, 300);
	u64 first = argument_number(argc, argv, 3, 0);
	void *mark;

	show = argument(argc, argv, "show");
	free_run = argument(argc, argv, "free");
	if (!CHECK(vmx_on(), true))
		return 1;
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
	mark = page_new();
	for (u64 i = first; i < first + count; i++)
		one(seed, (u32)i, mark);
	return 0;
}
