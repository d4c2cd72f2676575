/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_STATUS_H
#define UNDERVISOR_STATUS_H

/*
 * What a library call says of itself. A guest's fault is never a status: it is a value
 * (struct udv_walk_result), because a fault is a right answer.
 */
enum udv_status {
	UDV_OK = 0,
	UDV_ERR_ARGUMENT,    /* an argument is out of its documented range */
	UDV_ERR_UNSUPPORTED, /* a valid request for what this library does not do */
	UDV_ERR_FORMAT,	     /* input data is not of the format it claims, or contradicts itself */
	UDV_ERR_TRUNCATED,   /* input data ends before what it announces */
	UDV_ERR_IO,	     /* reading or writing failed outside the library */
	UDV_ERR_NO_MEMORY,   /* an allocation failed, or a caller's buffer is too small */
	UDV_ERR_NOT_FOUND,   /* the named thing does not exist */
	UDV_ERR_RETRY,	    /* cannot be answered from this report: drop the mapping and re-enter */
	UDV_ERR_NEEDS_WALK, /* cannot be answered from this report: walk the guest's tables */
};

/* A short lower-case phrase for @status, never NULL. */
const char *udv_status_text(enum udv_status status);

#endif
