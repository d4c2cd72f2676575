/* SPDX-License-Identifier: MIT */
#include "machine/load.h"

/*
 * What firmware would have left behind, as far as images in real mode use it: an interrupt vector
 * table whose entries end every interrupt properly, a few words of the BIOS data area, the 8259s
 * at vectors 08H and 70H with only the timer let through, and the timer at 18.2 Hz.
 */

#define STUB_SEGMENT 0xf000u
#define STUB_BASE 0xf0000u
#define STUB_NOTHING 0x0u
#define STUB_MASTER 0x10u
#define STUB_SLAVE 0x20u

#define MASTER_VECTOR 0x08u
#define SLAVE_VECTOR 0x70u
#define ONLY_TIMER 0xfeu
#define NOTHING 0xffu

#define BDA_COM1 0x400u
#define BDA_EBDA 0x40eu
#define BDA_MEMORY_KB 0x413u
#define BDA_TICKS 0x46cu
#define EBDA_SEGMENT 0x9fc0u
#define CONVENTIONAL_KB 639u

/* iret */
static const uint8_t stub_nothing[] = { 0xcf };
/* push %ax; mov $0x20, %al; out %al, $0x20; pop %ax; iret */
static const uint8_t stub_master[] = { 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf };
/* push %ax; mov $0x20, %al; out %al, $0xa0; out %al, $0x20; pop %ax; iret */
static const uint8_t stub_slave[] = { 0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf };

static void write_vectors(struct mem_space *mem)
{
	for (unsigned vector = 0; vector < 256; vector++) {
		uint32_t stub = STUB_NOTHING;

		if (vector - MASTER_VECTOR < 8)
			stub = STUB_MASTER;
		if (vector - SLAVE_VECTOR < 8)
			stub = STUB_SLAVE;
		mem_write(mem, 4ull * vector, 4, STUB_SEGMENT << 16 | stub);
	}
	mem_load_bytes(mem, STUB_BASE + STUB_NOTHING, stub_nothing, sizeof(stub_nothing));
	mem_load_bytes(mem, STUB_BASE + STUB_MASTER, stub_master, sizeof(stub_master));
	mem_load_bytes(mem, STUB_BASE + STUB_SLAVE, stub_slave, sizeof(stub_slave));
}

static void write_data_area(struct mem_space *mem)
{
	mem_write(mem, BDA_COM1, 2, 0x3f8);
	mem_write(mem, BDA_EBDA, 2, EBDA_SEGMENT);
	mem_write(mem, BDA_MEMORY_KB, 2, CONVENTIONAL_KB);
	mem_write(mem, BDA_TICKS, 4, 0);
}

/*
 * The timer's mode 3 with a count of 65536, then ICW1..ICW4 and the masks: ICW1 forgets the edge
 * that setting the mode made.
 */
static void set_up_devices(struct port_space *ports)
{
	static const struct {
		uint8_t port, value;
	} writes[] = {
		{ 0x43, 0x36 },
		{ 0x40, 0 },
		{ 0x40, 0 },
		{ 0x20, 0x11 },
		{ 0x21, MASTER_VECTOR },
		{ 0x21, 0x04 },
		{ 0x21, 0x01 },
		{ 0x21, ONLY_TIMER },
		{ 0xa0, 0x11 },
		{ 0xa1, SLAVE_VECTOR },
		{ 0xa1, 0x02 },
		{ 0xa1, 0x01 },
		{ 0xa1, NOTHING },
	};

	for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		ports_write(ports, writes[i].port, 1, writes[i].value);
}

void firmware_write(struct udv_machine *machine)
{
	write_vectors(&machine->mem);
	write_data_area(&machine->mem);
	set_up_devices(&machine->ports);
}

/* ---------------------------------------------------------------- memory types */

#define TYPES_WRITE_BACK 0x0606060606060606ull /* eight ranges of a fixed MTRR */
#define DEF_TYPE_WRITE_BACK 0x6u
#define DEF_TYPE_FIXED_ON 0x400u
#define DEF_TYPE_ON 0x800u
#define MASK_VALID 0x800u
#define FIXED_VIDEO 2u /* A0000H to BFFFFH */

#define DEVICES_BASE 0xc0000000ull /* the gigabyte below 4 GB; its type, 0, is uncacheable */
#define DEVICES_SIZE 0x40000000ull

static void set_mtrrs(struct vcpu *vcpu)
{
	struct arch_mtrr *mtrr = &vcpu->cpu.state.mtrr;

	if (!feature_has(&vcpu->config.features, FEATURE_MTRR))
		return;
	for (unsigned i = 0; i < sizeof(mtrr->fixed) / sizeof(mtrr->fixed[0]); i++)
		mtrr->fixed[i] = i == FIXED_VIDEO ? 0 : TYPES_WRITE_BACK;
	mtrr->base[0] = DEVICES_BASE;
	mtrr->mask[0] = ((1ull << vcpu->config.maxphyaddr) - DEVICES_SIZE) | MASK_VALID;
	mtrr->def_type = DEF_TYPE_WRITE_BACK | DEF_TYPE_FIXED_ON | DEF_TYPE_ON;
}

/* The same for all processors, which a kernel would otherwise have to make it. */
void firmware_set_memory_types(struct udv_machine *machine)
{
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		set_mtrrs(&machine->vcpus[i]);
}
