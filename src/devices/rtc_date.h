/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_RTC_DATE_H
#define UDV_DEVICES_RTC_DATE_H

#include <stdint.h>

/* Gregorian dates and seconds since 1970, for any date. */

#define RTC_DAY_SECONDS 86400

struct rtc_date {
	int64_t year;
	uint32_t month, day; /* from 1 */
	uint32_t hour, minute, second;
	uint32_t weekday; /* Sunday is 1 */
};

struct rtc_date rtc_date_of(int64_t seconds);
/* The weekday is not looked at; a day past the end of its month is one of the next. */
int64_t rtc_seconds_of(const struct rtc_date *date);

#endif
