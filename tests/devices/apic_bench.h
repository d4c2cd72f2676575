/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_DEVICES_APIC_BENCH_H
#define UDV_TESTS_DEVICES_APIC_BENCH_H

#include "device_test.h"

#include "apic/lapic.h"

/* Some processors that do nothing but note what their APICs tell them. TSC: 3 GHz. */
#define BENCH_CPUS 4

struct bench_cpu {
	struct lapic lapic;
	struct apic_bench *bench;
	bool interrupt;
	unsigned nmis, inits, sipis;
	uint8_t sipi_vector;
	uint64_t tsc_offset;
	uint64_t base_before, base_after;
};

struct apic_bench {
	struct fake_time time;
	struct apic_bus bus;
	struct bench_cpu cpu[BENCH_CPUS];
	unsigned eois;
	uint8_t eoi_vector;
	uint8_t external_vector;
};

static inline void bench_interrupt(void *opaque, bool pending)
{
	struct bench_cpu *cpu = opaque;

	assert_int_not_equal(cpu->interrupt, pending); /* told of changes only */
	cpu->interrupt = pending;
}

static inline void bench_nmi(void *opaque)
{
	((struct bench_cpu *)opaque)->nmis++;
}

static inline void bench_init(void *opaque)
{
	((struct bench_cpu *)opaque)->inits++;
}

static inline void bench_sipi(void *opaque, uint8_t vector)
{
	((struct bench_cpu *)opaque)->sipis++;
	((struct bench_cpu *)opaque)->sipi_vector = vector;
}

static inline uint64_t bench_tsc(void *opaque)
{
	struct bench_cpu *cpu = opaque;

	return cpu->bench->time.now * 3 + cpu->tsc_offset;
}

static inline void bench_base(void *opaque, uint64_t before, uint64_t after)
{
	struct bench_cpu *cpu = opaque;

	cpu->base_before = before;
	cpu->base_after = after;
}

static inline void bench_eoi(void *opaque, uint8_t vector)
{
	struct apic_bench *bench = opaque;

	bench->eois++;
	bench->eoi_vector = vector;
}

static inline uint8_t bench_external(void *opaque)
{
	struct apic_bench *bench = opaque;

	apic_bus_set_lint(&bench->bus, 0, false);
	return bench->external_vector;
}

static inline void bench_setup(struct apic_bench *bench)
{
	*bench = (struct apic_bench){ .eois = 0 };
	fake_init(&bench->time);
	bench->bus.eoi = bench_eoi;
	bench->bus.eoi_opaque = bench;
	bench->bus.external = bench_external;
	bench->bus.external_opaque = bench;
	for (unsigned i = 0; i < BENCH_CPUS; i++) {
		struct bench_cpu *cpu = &bench->cpu[i];
		struct lapic_config config = {
			.id = i,
			.bsp = i == 0,
			.x2apic = true,
			.tsc_deadline = true,
			.maxphyaddr = 46,
			.tsc_hz = 3000000000,
		};
		struct lapic_ops ops = { bench_interrupt, bench_nmi,  bench_init, bench_sipi,
					 bench_tsc,	  bench_base, cpu };

		cpu->bench = bench;
		assert_true(
			lapic_init(&cpu->lapic, &config, &ops, &bench->bus, &bench->time.clock));
	}
}

static inline uint32_t xread(struct apic_bench *bench, unsigned cpu, uint32_t offset)
{
	return (uint32_t)lapic_read(&bench->cpu[cpu].lapic, offset, 4);
}

static inline void xwrite(struct apic_bench *bench, unsigned cpu, uint32_t offset, uint32_t value)
{
	lapic_write(&bench->cpu[cpu].lapic, offset, 4, value);
}

static inline void enable(struct apic_bench *bench)
{
	for (unsigned i = 0; i < BENCH_CPUS; i++)
		xwrite(bench, i, 0xf0, 0x1ff);
}

static inline void to_x2apic(struct apic_bench *bench, unsigned cpu)
{
	struct lapic *lapic = &bench->cpu[cpu].lapic;

	assert_true(lapic_write_msr(lapic, 0x1b, lapic->state.base | 0xc00));
}

static inline void send_ipi(struct apic_bench *bench, unsigned cpu, uint32_t low, uint32_t to)
{
	xwrite(bench, cpu, 0x310, to << 24);
	xwrite(bench, cpu, 0x300, low);
}

/* Which processors have @vector requested, as bits; their IRRs are cleared. */
static inline unsigned take_requests(struct apic_bench *bench, uint8_t vector)
{
	unsigned got = 0;

	for (unsigned i = 0; i < BENCH_CPUS; i++) {
		int taken;

		while ((taken = lapic_acknowledge(&bench->cpu[i].lapic)) >= 0) {

			assert_int_equal(taken, vector);
			got |= 1u << i;
			if (lapic_x2apic(&bench->cpu[i].lapic))
				assert_true(lapic_write_msr(&bench->cpu[i].lapic, 0x80b, 0));
			else
				xwrite(bench, i, 0xb0, 0);
		}
	}
	return got;
}

#endif
