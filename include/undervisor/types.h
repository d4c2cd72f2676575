/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_TYPES_H
#define UNDERVISOR_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Address types. Each is a struct of one field, so that the compiler catches an address used
 * at the wrong stage of a two-dimensional walk.
 */

/* A linear address (SDM "guest-linear address"), canonical or not. */
typedef struct {
	uint64_t value;
} udv_gva_t;

/* A guest-physical address: the result of paging, the input of EPT. */
typedef struct {
	uint64_t value;
} udv_gpa_t;

/*
 * A physical address of the memory the walk reads its tables from. Without EPT a guest-physical
 * address is one.
 */
typedef struct {
	uint64_t value;
} udv_hpa_t;

#define UDV_GVA(x) ((udv_gva_t){ .value = (x) })
#define UDV_GPA(x) ((udv_gpa_t){ .value = (x) })
#define UDV_HPA(x) ((udv_hpa_t){ .value = (x) })

#endif
