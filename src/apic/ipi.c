/* SPDX-License-Identifier: MIT */
#include "apic/internal.h"

#include <stddef.h>

/*
 * Who gets an interrupt message, and what ICR sends. SDM Vol 3A "Determining IPI Destination",
 * "Logical Destination Mode in x2APIC Mode"
 */

#define LDR_CLUSTER_SHIFT 16
#define DFR_FLAT 0xfu
#define DFR_CLUSTER 0x0u

/* 16 processors a cluster, in the order of their IDs. */
uint32_t lapic_x2apic_ldr(const struct lapic *lapic)
{
	uint32_t id = lapic->config.id;

	return id >> 4 << LDR_CLUSTER_SHIFT | 1u << (id & 15);
}

static bool matches_logical(const struct lapic *lapic, uint32_t destination)
{
	uint32_t ldr = lapic->state.ldr, logical_id = ldr >> 24;

	if (lapic_x2apic(lapic))
		return ldr >> LDR_CLUSTER_SHIFT == destination >> LDR_CLUSTER_SHIFT &&
		       (ldr & destination & 0xffff);
	if (destination > 0xff)
		return false;
	switch (lapic->state.dfr >> 28) {
	case DFR_FLAT:
		return logical_id & destination;
	case DFR_CLUSTER:
		return logical_id >> 4 == destination >> 4 && (logical_id & destination & 0xf);
	default:
		return false;
	}
}

static bool is_target(const struct lapic *lapic, const struct apic_message *message)
{
	if (!lapic_enabled(lapic))
		return false;
	if (message->broadcast)
		return true;
	if (message->logical)
		return matches_logical(lapic, message->destination);
	return message->destination ==
	       (lapic_x2apic(lapic) ? lapic->config.id : lapic->state.xapic_id);
}

/* Lowest priority: the target that is busy with the least; of equals the first on the bus. */
static bool send_to_lowest(struct apic_bus *bus, const struct apic_message *message)
{
	struct lapic *lowest = NULL;

	for (unsigned i = 0; i < bus->nr_lapics; i++) {
		struct lapic *lapic = bus->lapic[i];

		if (!is_target(lapic, message) || !(lapic->state.svr & APIC_SVR_ENABLE))
			continue;
		if (!lowest || lapic_apr(lapic) < lapic_apr(lowest))
			lowest = lapic;
	}
	return lowest && lapic_deliver(lowest, message);
}

bool apic_bus_send(struct apic_bus *bus, const struct apic_message *message)
{
	bool accepted = false;

	if (message->mode == APIC_MODE_LOWEST)
		return send_to_lowest(bus, message);
	for (unsigned i = 0; i < bus->nr_lapics; i++)
		if (is_target(bus->lapic[i], message) && lapic_deliver(bus->lapic[i], message))
			accepted = true;
	return accepted;
}

void apic_bus_set_lint(struct apic_bus *bus, unsigned pin, bool level)
{
	for (unsigned i = 0; i < bus->nr_lapics; i++)
		lapic_set_lint(bus->lapic[i], pin, level);
}

static void send_to_others(struct lapic *lapic, const struct apic_message *message)
{
	struct apic_bus *bus = lapic->bus;

	for (unsigned i = 0; i < bus->nr_lapics; i++)
		if (bus->lapic[i] != lapic && lapic_enabled(bus->lapic[i]))
			lapic_deliver(bus->lapic[i], message);
}

static void send(struct lapic *lapic, struct apic_message *message, enum apic_shorthand to)
{
	switch (to) {
	case APIC_TO_SELF:
		lapic_deliver(lapic, message);
		break;
	case APIC_TO_OTHERS:
		send_to_others(lapic, message);
		break;
	case APIC_TO_ALL:
		message->broadcast = true;
		apic_bus_send(lapic->bus, message);
		break;
	case APIC_TO_DESTINATION:
		apic_bus_send(lapic->bus, message);
		break;
	}
}

static uint32_t icr_destination(const struct lapic *lapic)
{
	uint32_t high = lapic->state.icr_high;

	return lapic_x2apic(lapic) ? high : high >> 24;
}

/* Sends what ICR says. */
void lapic_send_ipi(struct lapic *lapic)
{
	uint32_t icr = lapic->state.icr_low;
	struct apic_message message = {
		.destination = icr_destination(lapic),
		.vector = icr & APIC_ICR_VECTOR,
		.mode = icr >> APIC_ICR_MODE_SHIFT & 7,
		.logical = icr & APIC_ICR_LOGICAL,
		.broadcast = icr_destination(lapic) == (lapic_x2apic(lapic) ? 0xffffffff : 0xff),
	};
	bool fixed = message.mode == APIC_MODE_FIXED || message.mode == APIC_MODE_LOWEST;

	/* INIT level de-assert synchronised arbitration IDs, of which there are none any more. */
	if (message.mode == APIC_MODE_INIT && (icr & APIC_ICR_LEVEL) && !(icr & APIC_ICR_ASSERT))
		return;
	if (fixed && message.vector < 16)
		lapic_error(lapic, APIC_ESR_SEND_ILLEGAL);
	send(lapic, &message, icr >> APIC_ICR_SHORTHAND_SHIFT & 3);
}

void lapic_self_ipi(struct lapic *lapic, uint8_t vector)
{
	if (vector < 16)
		lapic_error(lapic, APIC_ESR_SEND_ILLEGAL);
	lapic_accept(lapic, vector, false);
}
