/* SPDX-License-Identifier: MIT */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_CPUID 128
#define TSS_AT 0xfffbd000ul /* what KVM needs where there is no unrestricted guest */

#define CPUID_DEADLINE (1u << 24)
#define CPUID_HYPERVISOR (1u << 31)

#define CR0_PE 1ul
#define CR0_NE 0x20ul
#define CR0_PG 0x80000000ul
#define CR4_OSFXSR_PAE 0x220ul
#define EFER_LME_LMA 0x500ul
#define LARGE_PAGE 0x87ul
#define TABLE 7ul

void vm_fail(const char *what)
{
	printf("FAILED: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int checked(int value, const char *what)
{
	if (value < 0)
		vm_fail(what);
	return value;
}

void vm_slot(struct vm *vm, unsigned slot, unsigned flags, uint64_t at, size_t size, void *memory)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = at,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	checked(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

void vm_open(struct vm *vm, size_t memory_size, bool irqchip)
{
	*vm = (struct vm){ .memory_size = memory_size };
	vm->kvm = checked(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	vm->fd = checked(ioctl(vm->kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	checked(ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_AT), "KVM_SET_TSS_ADDR");
	if (irqchip)
		checked(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	vm->memory =
		mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->memory == MAP_FAILED)
		vm_fail("memory");
	vm_slot(vm, 0, 0, 0, memory_size, vm->memory);
	vm->vcpu = checked(ioctl(vm->fd, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	vm->run_size = (size_t)checked(ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "mmap size");
	vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		vm_fail("struct kvm_run");
}

void vm_close(struct vm *vm)
{
	munmap(vm->run, vm->run_size);
	close(vm->vcpu);
	close(vm->fd);
	close(vm->kvm);
	munmap(vm->memory, vm->memory_size);
}

void vm_set_cpuid(struct vm *vm, int vcpu)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(struct kvm_cpuid_entry2));
	int deadline = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER);

	if (!cpuid)
		vm_fail("memory");
	cpuid->nent = MAX_CPUID;
	checked(ioctl(vm->kvm, KVM_GET_SUPPORTED_CPUID, cpuid), "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |=
				CPUID_HYPERVISOR | (deadline > 0 ? CPUID_DEADLINE : 0);
	checked(ioctl(vcpu, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
	free(cpuid);
}

/* ---------------------------------------------------------------- modes */

static uint64_t *at64(struct vm *vm, size_t address)
{
	return (uint64_t *)(void *)(vm->memory + address);
}

/* Selectors: 8 32-bit code, 10H data, 18H 64-bit code, 20H 16-bit code, 28H 16-bit data. */
static void make_tables(struct vm *vm)
{
	static const uint64_t gdt[] = { 0,
					0x00cf9b000000ffff,
					0x00cf93000000ffff,
					0x00af9b000000ffff,
					0x00009b000000ffff,
					0x000093000000ffff };
	uint64_t *pml4 = at64(vm, TABLES_AT), *pdpt = at64(vm, TABLES_AT + 0x1000);

	memcpy(vm->memory + GDT_AT, gdt, sizeof(gdt));
	pml4[0] = (TABLES_AT + 0x1000) | TABLE;
	for (uint64_t i = 0; i < 4; i++) {
		pdpt[i] = (TABLES_AT + 0x2000 + i * 0x1000) | TABLE;
		for (uint64_t j = 0; j < 512; j++)
			at64(vm, TABLES_AT + 0x2000 + i * 0x1000)[j] =
				i << 30 | j << 21 | LARGE_PAGE;
	}
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool db, bool l)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = db,
		.s = 1,
		.l = l,
		.g = 1,
	};
}

static void real_segments(struct kvm_sregs *s)
{
	s->cs = segment(0, 11, false, false);
	s->cs.g = 0;
	s->cs.limit = 0xffff;
	s->ds = s->cs;
	s->ds.type = 3;
	s->es = s->fs = s->gs = s->ss = s->ds;
	s->idt.base = 0;
	s->idt.limit = 0x3ff;
}

static void flat_segments(struct kvm_sregs *s, bool l)
{
	s->cs = segment(l ? 0x18 : 8, 11, !l, l);
	s->ds = segment(0x10, 3, true, false);
	s->es = s->fs = s->gs = s->ss = s->ds;
	s->idt.base = IDT_AT;
	s->idt.limit = 0x7ff;
	s->cr0 |= CR0_PE | CR0_NE;
}

void vm_set_mode(int vcpu, enum vm_mode mode, uint64_t rip)
{
	struct kvm_regs regs = { .rip = rip, .rflags = 2, .rsp = STACK_TOP };
	struct kvm_sregs s;

	checked(ioctl(vcpu, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	s.gdt.base = GDT_AT;
	s.gdt.limit = 0x2f;
	if (mode == VM_REAL)
		real_segments(&s);
	else
		flat_segments(&s, mode == VM_LONG);
	if (mode == VM_LONG) {
		s.cr3 = TABLES_AT;
		s.cr4 |= CR4_OSFXSR_PAE;
		s.cr0 |= CR0_PG;
		s.efer |= EFER_LME_LMA;
	}
	checked(ioctl(vcpu, KVM_SET_SREGS, &s), "KVM_SET_SREGS");
	checked(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

void vm_load(struct vm *vm, struct code code, enum vm_mode mode)
{
	make_tables(vm);
	memcpy(vm->memory + CODE_AT, code.start, (size_t)(code.end - code.start));
	vm_set_mode(vm->vcpu, mode, CODE_AT);
}

void vm_gate(struct vm *vm, unsigned vector, uint64_t offset)
{
	uint64_t address = CODE_AT + offset;

	at64(vm, IDT_AT + vector * 16ul)[0] =
		(address & 0xffff) | 0x18ul << 16 | 0x8e00ul << 32 | (address & 0xffff0000) << 32;
	at64(vm, IDT_AT + vector * 16ul)[1] = 0;
}

/* ---------------------------------------------------------------- exits */

static void say(struct vm *vm, uint64_t value)
{
	if (vm->nr_said < MAX_SAID)
		vm->said[vm->nr_said++] = value;
}

static void port_out(struct vm *vm, uint16_t port, const uint8_t *data, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, data, size);
	if (port == PORT_SAY) {
		say(vm, value);
	} else if (port == PORT_OUT) {
		vm->out_bytes += (uint32_t)size;
		for (size_t i = 0; i < size; i++)
			vm->out_sum = vm->out_sum * 31 + data[i];
	} else if (port == PORT_END) {
		vm->ended = true;
	} else {
		printf("out of %zu bytes to port %x\n", size, port);
	}
}

static void port_in(struct vm *vm, uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = vm->next_in++;
}

static void handle_io(struct vm *vm)
{
	uint8_t *data = (uint8_t *)vm->run + vm->run->io.data_offset;

	for (uint32_t i = 0; i < vm->run->io.count; i++, data += vm->run->io.size) {
		if (vm->run->io.direction == KVM_EXIT_IO_OUT)
			port_out(vm, vm->run->io.port, data, vm->run->io.size);
		else
			port_in(vm, data, vm->run->io.size);
	}
}

/* Reads as its own address, byte by byte, times 3. */
static void handle_mmio(struct vm *vm)
{
	uint64_t at = vm->run->mmio.phys_addr, value = 0;

	if (!vm->run->mmio.is_write) {
		for (uint32_t i = 0; i < vm->run->mmio.len; i++)
			vm->run->mmio.data[i] = (uint8_t)((at + i) * 3);
		return;
	}
	memcpy(&value, vm->run->mmio.data, vm->run->mmio.len);
	if (vm->nr_mmio < MAX_SAID)
		vm->mmio_written[vm->nr_mmio++] = at << 32 ^ value;
}

uint32_t vm_run_once(struct vm *vm)
{
	if (ioctl(vm->vcpu, KVM_RUN, 0) < 0 && errno != EINTR)
		vm_fail("KVM_RUN");
	if (vm->run->exit_reason == KVM_EXIT_IO)
		handle_io(vm);
	else if (vm->run->exit_reason == KVM_EXIT_MMIO)
		handle_mmio(vm);
	return vm->run->exit_reason;
}

uint32_t vm_run(struct vm *vm)
{
	uint32_t reason;

	do
		reason = vm_run_once(vm);
	while (!vm->ended && (reason == KVM_EXIT_IO || reason == KVM_EXIT_MMIO));
	return reason;
}
