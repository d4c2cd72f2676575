/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uart.h"
#include "vm.h"

/*
 * vmm VMLINUX INITRAMFS COMMAND-LINE: a Linux on /dev/kvm by the PVH protocol, with KVM's interrupt
 * controllers and PIT, and a UART. Each line of standard input is typed when the guest has printed
 * "# ". A triple fault ends it: reboot=t. "vmm: ended" is the last line then.
 */

#define MEMORY 0x8000000u
#define INFO_AT 0x6000u
#define MAP_AT 0x6100u
#define MODULE_AT 0x6200u
#define CMDLINE_AT 0x7000u
#define INITRAMFS_AT 0x5000000u

#define PVH_MAGIC 0x336ec578u
#define PVH_ENTRY_NOTE 18u
#define E820_RAM 1u

#define MSR_MISC_ENABLE 0x1a0u
#define MISC_ENABLE_FAST_STRINGS 1u

#define RTC_INDEX 0x70u
#define RTC_DATA 0x71u

struct pvh_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, cmdline, rsdp, map;
	uint32_t map_entries, reserved;
};

struct pvh_module {
	uint64_t at, size, cmdline, reserved;
};

struct pvh_range {
	uint64_t at, size;
	uint32_t type, reserved;
};

struct file {
	const uint8_t *data;
	size_t size;
};

static struct file map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	struct file file;
	void *data;

	if (fd < 0 || fstat(fd, &status) < 0)
		vm_fail(path);
	file.size = (size_t)status.st_size;
	data = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		vm_fail(path);
	file.data = data;
	close(fd);
	return file;
}

/* ---------------------------------------------------------------- loading */

static bool inside(size_t at, size_t size, size_t all)
{
	return at <= all && size <= all - at;
}

static void bad_kernel(void)
{
	errno = ENOEXEC;
	vm_fail("kernel");
}

/* The PVH entry, or 0. */
static uint32_t find_entry(const uint8_t *notes, size_t size)
{
	size_t at = 0;

	while (inside(at, sizeof(Elf64_Nhdr), size)) {
		Elf64_Nhdr note;
		size_t name, value;
		uint32_t entry;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		value = name + ((note.n_namesz + 3u) & ~3u);
		if (inside(value, 4, size) && note.n_type == PVH_ENTRY_NOTE && note.n_namesz == 4 &&
		    !memcmp(notes + name, "Xen", 4)) {
			memcpy(&entry, notes + value, sizeof(entry));
			return entry;
		}
		at = value + ((note.n_descsz + 3u) & ~3u);
	}
	return 0;
}

static uint32_t load_kernel(struct vm *vm, struct file file)
{
	Elf64_Ehdr header;
	uint32_t entry = 0;

	if (file.size < sizeof(header) || memcmp(file.data, ELFMAG, SELFMAG) != 0)
		bad_kernel();
	memcpy(&header, file.data, sizeof(header));
	for (unsigned i = 0; i < header.e_phnum; i++) {
		size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
		Elf64_Phdr part;

		if (!inside(at, sizeof(part), file.size))
			bad_kernel();
		memcpy(&part, file.data + at, sizeof(part));
		if (!inside(part.p_offset, part.p_filesz, file.size))
			bad_kernel();
		if (part.p_type == PT_NOTE)
			entry = find_entry(file.data + part.p_offset, part.p_filesz);
		if (part.p_type != PT_LOAD)
			continue;
		if (!inside(part.p_paddr, part.p_filesz, vm->memory_size))
			bad_kernel();
		memcpy(vm->memory + part.p_paddr, file.data + part.p_offset, part.p_filesz);
	}
	if (!entry)
		bad_kernel();
	return entry;
}

static void load_rest(struct vm *vm, struct file initramfs, const char *cmdline)
{
	const struct pvh_range map[] = {
		{ 0, 0x9f000, E820_RAM, 0 },
		{ 0x100000, vm->memory_size - 0x100000, E820_RAM, 0 },
	};
	const struct pvh_module module = { INITRAMFS_AT, initramfs.size, 0, 0 };
	const struct pvh_info info = {
		.magic = PVH_MAGIC,
		.version = 1,
		.nr_modules = 1,
		.modules = MODULE_AT,
		.cmdline = CMDLINE_AT,
		.map = MAP_AT,
		.map_entries = sizeof(map) / sizeof(map[0]),
	};

	if (!inside(INITRAMFS_AT, initramfs.size, vm->memory_size) || strlen(cmdline) > 2000) {
		errno = E2BIG;
		vm_fail("initramfs or command line");
	}
	memcpy(vm->memory + INITRAMFS_AT, initramfs.data, initramfs.size);
	memcpy(vm->memory + CMDLINE_AT, cmdline, strlen(cmdline) + 1);
	memcpy(vm->memory + MODULE_AT, &module, sizeof(module));
	memcpy(vm->memory + MAP_AT, map, sizeof(map));
	memcpy(vm->memory + INFO_AT, &info, sizeof(info));
}

static void start_at(struct vm *vm, uint32_t entry)
{
	struct kvm_regs regs = { .rip = entry, .rflags = 2, .rbx = INFO_AT };

	vm_load(vm, (struct code){ "", "" }, VM_PROTECTED);
	if (ioctl(vm->vcpu, KVM_SET_REGS, &regs) < 0)
		vm_fail("KVM_SET_REGS");
}

/* What firmware does: without fast strings in IA32_MISC_ENABLE, Linux patches itself wrongly. */
static void set_misc_enable(struct vm *vm)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { { .nmsrs = 1 }, { .index = MSR_MISC_ENABLE, .data = MISC_ENABLE_FAST_STRINGS } };

	if (ioctl(vm->vcpu, KVM_SET_MSRS, &msrs) != 1)
		vm_fail("KVM_SET_MSRS");
}

/* ---------------------------------------------------------------- running */

/* A clock that has stopped at 1 January 2026: all registers read at once, and no update in
 * progress. */
static uint8_t rtc_read(uint8_t index)
{
	static const uint8_t registers[16] = {
		[6] = 5, [7] = 1, [8] = 1, [9] = 0x26, [0xa] = 0x26, [0xb] = 2, [0xd] = 0x80,
	};

	return index < sizeof(registers) ? registers[index] : 0;
}

static uint8_t rtc_index;

static uint8_t port_read(struct uart *uart, uint16_t port)
{
	if (port >= UART_BASE && port < UART_BASE + 8)
		return uart_read(uart, port - UART_BASE);
	if (port == RTC_DATA)
		return rtc_read(rtc_index);
	return 0xff;
}

static void port_write(struct uart *uart, uint16_t port, uint8_t value)
{
	if (port >= UART_BASE && port < UART_BASE + 8)
		uart_write(uart, port - UART_BASE, value);
	if (port == RTC_INDEX)
		rtc_index = value & 0x7f;
}

static void handle_io(struct vm *vm, struct uart *uart)
{
	const struct kvm_run *run = vm->run;
	uint8_t *data = (uint8_t *)vm->run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++) {
		for (uint32_t j = 0; j < run->io.size; j++, data++) {
			uint16_t port = (uint16_t)(run->io.port + j);

			if (run->io.direction == KVM_EXIT_IO_OUT)
				port_write(uart, port, *data);
			else
				*data = port_read(uart, port);
		}
	}
}

static void run(struct vm *vm, struct uart *uart)
{
	for (;;) {
		if (ioctl(vm->vcpu, KVM_RUN, 0) < 0 && errno != EINTR)
			vm_fail("KVM_RUN");
		switch (vm->run->exit_reason) {
		case KVM_EXIT_IO:
			handle_io(vm, uart);
			break;
		case KVM_EXIT_MMIO:
			if (!vm->run->mmio.is_write)
				memset(vm->run->mmio.data, 0xff, sizeof(vm->run->mmio.data));
			break;
		case KVM_EXIT_SHUTDOWN:
			return;
		case KVM_EXIT_INTR:
			break;
		default:
			printf("vmm: exit %u, suberror %u\n", vm->run->exit_reason,
			       vm->run->internal.suberror);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	struct kvm_pit_config pit = { 0 };
	struct uart uart;
	struct vm vm;
	uint32_t entry;

	if (argc != 4) {
		fprintf(stderr, "usage: vmm VMLINUX INITRAMFS COMMAND-LINE\n");
		return 2;
	}
	vm_open(&vm, MEMORY, true);
	if (ioctl(vm.fd, KVM_CREATE_PIT2, &pit) < 0)
		vm_fail("KVM_CREATE_PIT2");
	vm_set_cpuid(&vm, vm.vcpu);
	set_misc_enable(&vm);
	entry = load_kernel(&vm, map_file(argv[1]));
	start_at(&vm, entry);
	load_rest(&vm, map_file(argv[2]), argv[3]);
	uart_start(&uart, vm.fd);
	run(&vm, &uart);
	printf("\nvmm: ended\n");
	return 0;
}
