/* SPDX-License-Identifier: MIT */
#ifndef UDV_APIC_INTERNAL_H
#define UDV_APIC_INTERNAL_H

#include "apic/lapic.h"

/* Between the files of the local APIC only. */

/* lapic.c */
void lapic_update(struct lapic *lapic);
uint8_t lapic_ppr(const struct lapic *lapic);
uint8_t lapic_apr(const struct lapic *lapic);
bool lapic_accept(struct lapic *lapic, uint8_t vector, bool level);
bool lapic_deliver(struct lapic *lapic, const struct apic_message *message);
void lapic_fire(struct lapic *lapic, enum apic_lvt entry);
void lapic_error(struct lapic *lapic, uint8_t error);

void lapic_write_lvt(struct lapic *lapic, enum apic_lvt entry, uint32_t value);
void lapic_write_svr(struct lapic *lapic, uint32_t value);
bool lapic_write_base(struct lapic *lapic, uint64_t value);
uint32_t lapic_lvt_writable(const struct lapic *lapic, enum apic_lvt entry);

/* ipi.c */
void lapic_send_ipi(struct lapic *lapic);
void lapic_self_ipi(struct lapic *lapic, uint8_t vector);
uint32_t lapic_x2apic_ldr(const struct lapic *lapic);

/* timer.c */
void lapic_timer_fire(void *opaque, uint64_t now);
void lapic_timer_stop(struct lapic *lapic);
uint32_t lapic_timer_current(const struct lapic *lapic);
void lapic_timer_write_initial(struct lapic *lapic, uint32_t value);
void lapic_timer_write_divide(struct lapic *lapic, uint8_t value);
void lapic_timer_write_lvt(struct lapic *lapic, uint32_t value);
void lapic_timer_write_deadline(struct lapic *lapic, uint64_t value);
uint64_t lapic_timer_read_deadline(const struct lapic *lapic);

#endif
