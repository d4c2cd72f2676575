/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_XSAVE_H
#define UDV_CPU_XSAVE_H

#include "cpu/cpu.h"

/*
 * State components and where they lie. SDM Vol 1 "Managing State Using the XSAVE Feature Set"
 */
#define XSAVE_LEGACY_SIZE 512u
#define XSAVE_HEADER_SIZE 64u
#define XSAVE_EXTENDED (XSAVE_LEGACY_SIZE + XSAVE_HEADER_SIZE)
#define XSAVE_MAX_SIZE 2696u
#define NR_XSAVE_COMPONENTS 10u

struct xsave_component {
	uint16_t offset; /* in the standard format */
	uint16_t size;
};

/* By component number; the first two have their places in the legacy region. */
extern const struct xsave_component xsave_components[NR_XSAVE_COMPONENTS];

/* Bits that XCR0 may have; 0 without XSAVE. No supervisor component exists: IA32_XSS is 0. */
uint64_t xsave_supported(const struct cpu_config *config);

/* Bytes that the components in @features (XCR0, IA32_XSS) take. */
uint32_t xsave_standard_size(uint64_t features);
uint32_t xsave_compacted_size(uint64_t features);
/* Offset of a component in the compacted format that holds @features. */
uint32_t xsave_compacted_offset(uint64_t features, unsigned component);

/* Components that are not in their initial configuration: XINUSE. */
uint64_t xsave_in_use(const struct cpu *cpu);

#endif
