/* SPDX-License-Identifier: MIT */
#ifndef UDV_APIC_LAPIC_H
#define UDV_APIC_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "apic/registers.h"
#include "base/clock.h"

/*
 * The local APIC of one logical processor. SDM Vol 3A "Advanced Programmable Interrupt Controller"
 *
 * Version 14H with six LVT entries: no CMCI, and no suppression of EOI broadcasts. The timer counts
 * a crystal of 1 GHz, that is nanoseconds of virtual time. SMIs go nowhere.
 *
 * Invariants
 *  - requested is what ops.set_interrupt() was told last, and equals lapic_deliverable() whenever
 *    none of the functions here runs.
 *  - While the APIC is globally disabled its registers, TPR apart, are those after a reset; CR8 is
 *    the processor's and lives on in tpr.
 *  - Every LVT entry is masked while the APIC is disabled by software (SVR[8]).
 */

#define APIC_TIMER_HZ 1000000000u
#define APIC_VERSION 0x50014u

struct lapic;

/* What is around the APIC on its processor. None may be NULL but base_changed. */
struct lapic_ops {
	/* An interrupt can be acknowledged, or no longer. */
	void (*set_interrupt)(void *opaque, bool pending);
	void (*nmi)(void *opaque);
	/* The processor answers with lapic_init_signal() when it takes the INIT. */
	void (*init)(void *opaque);
	void (*sipi)(void *opaque, uint8_t vector);
	uint64_t (*tsc)(void *opaque); /* IA32_TSC now */
	/* IA32_APIC_BASE changed: the page may have moved, and CPUID.1:EDX.APIC. */
	void (*base_changed)(void *opaque, uint64_t before, uint64_t after);
	void *opaque;
};

struct lapic_config {
	uint32_t id; /* the initial ID, of both modes */
	bool bsp, x2apic, tsc_deadline;
	uint8_t maxphyaddr;
	uint64_t tsc_hz;
};

#define APIC_BUS_MAX 256

/* What connects the local APICs with each other and with the chip set. */
struct apic_bus {
	struct lapic *lapic[APIC_BUS_MAX];
	unsigned nr_lapics;
	/* A level-triggered interrupt has ended; may be NULL. */
	void (*eoi)(void *opaque, uint8_t vector);
	void *eoi_opaque;
	/* INTA for LINT0 as ExtINT: the vector of the 8259; may be NULL if LINT0 is never set. */
	uint8_t (*external)(void *opaque);
	void *external_opaque;
};

/* An interrupt on the bus, from an I/O APIC, an MSI or an IPI. */
struct apic_message {
	uint32_t destination;
	uint8_t vector;
	uint8_t mode; /* enum apic_delivery_mode */
	bool logical, level;
	bool broadcast; /* every APIC, whatever its mode and destination */
};

/* Plain data: all there is to save. */
struct lapic_state {
	uint64_t base; /* IA32_APIC_BASE */
	uint32_t isr[8], tmr[8], irr[8];
	uint32_t lvt[NR_APIC_LVTS];
	uint32_t ldr, dfr, svr;
	uint32_t icr_low, icr_high;
	uint32_t timer_initial;
	uint32_t timer_left; /* the count at timer_anchor; 0 when the timer stands */
	uint64_t timer_anchor;
	uint64_t tsc_deadline; /* 0 when not armed */
	uint8_t esr;	       /* as it reads */
	uint8_t errors;	       /* since it was written */
	uint8_t xapic_id, tpr, timer_divide;
	bool lint[2]; /* input pins */
	bool requested;
};

struct lapic {
	struct lapic_state state;
	struct vtimer timer;
	struct lapic_config config;
	struct lapic_ops ops;
	struct apic_bus *bus;
	struct vclock *clock;
};

/*
 * In the state after a reset. False if there is no room in the clock or on the bus, or a TSC
 * deadline without a TSC.
 */
bool lapic_init(struct lapic *lapic, const struct lapic_config *config, const struct lapic_ops *ops,
		struct apic_bus *bus, struct vclock *clock);
void lapic_reset(struct lapic *lapic);
/* What INIT does. SDM Vol 3A "Local APIC State After an INIT Reset" */
void lapic_init_signal(struct lapic *lapic);
/* What firmware leaves behind: software-enabled; on the BSP LINT0 is ExtINT, LINT1 NMI. */
void lapic_firmware_setup(struct lapic *lapic);

/* ---------------------------------------------------------------- the processor's side */

static inline bool lapic_enabled(const struct lapic *lapic)
{
	return lapic->state.base & APIC_BASE_ENABLE;
}

static inline bool lapic_x2apic(const struct lapic *lapic)
{
	return lapic->state.base & APIC_BASE_X2APIC;
}

/* An interrupt could be delivered now, if the processor has them enabled. */
bool lapic_deliverable(const struct lapic *lapic);
/* Its vector, in service from now on; -1 if there is none. */
int lapic_acknowledge(struct lapic *lapic);
/* End of interrupt, as a write to the EOI register. */
void lapic_eoi(struct lapic *lapic);

static inline uint8_t lapic_read_cr8(const struct lapic *lapic)
{
	return lapic->state.tpr >> 4;
}

void lapic_write_cr8(struct lapic *lapic, uint8_t value);

/* The page at IA32_APIC_BASE, as this processor sees it; any offset and size. */
uint64_t lapic_read(struct lapic *lapic, uint64_t offset, unsigned size);
void lapic_write(struct lapic *lapic, uint64_t offset, unsigned size, uint64_t value);

/* IA32_APIC_BASE, IA32_TSC_DEADLINE and 800H..8FFH. */
bool lapic_has_msr(const struct lapic *lapic, uint32_t index);
/* False: #GP(0), and nothing has changed. */
bool lapic_read_msr(struct lapic *lapic, uint32_t index, uint64_t *value);
bool lapic_write_msr(struct lapic *lapic, uint32_t index, uint64_t value);

/* IA32_TSC was written, or its offset changed: the deadline moves in virtual time. */
void lapic_tsc_changed(struct lapic *lapic);

/* A local event: APIC_LVT_THERMAL or APIC_LVT_PERF. */
void lapic_raise_local(struct lapic *lapic, enum apic_lvt entry);

/* ---------------------------------------------------------------- the bus's side */

/* False if nobody accepted it. */
bool apic_bus_send(struct apic_bus *bus, const struct apic_message *message);
/* LINT0 (the 8259's INTR) or LINT1 of all processors. */
void apic_bus_set_lint(struct apic_bus *bus, unsigned pin, bool level);
void lapic_set_lint(struct lapic *lapic, unsigned pin, bool level);

#endif
