/* SPDX-License-Identifier: MIT */
#include "devices/rtc_date.h"

/*
 * Years are counted from March, so that the leap day is the last of its year; 400 of them have
 * 146097 days, whatever the four hundred.
 */
#define DAYS_400_YEARS 146097
#define DAYS_TO_1970 719468 /* from 1 March of year 0 */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t days_of(int64_t year, uint32_t month, uint32_t day)
{
	int64_t from_march = month > 2 ? month - 3 : month + 9;
	int64_t y = month > 2 ? year : year - 1, era = floor_div(y, 400);
	int64_t of_era = y - era * 400;

	/* Months from March on are 31 30 31 30 31, and again: 153 days in five. */
	return era * DAYS_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 +
	       (from_march * 153 + 2) / 5 + day - 1 - DAYS_TO_1970;
}

int64_t rtc_seconds_of(const struct rtc_date *date)
{
	return days_of(date->year, date->month, date->day) * RTC_DAY_SECONDS + date->hour * 3600 +
	       date->minute * 60 + date->second;
}

static void set_day(struct rtc_date *date, int64_t days)
{
	int64_t since = days + DAYS_TO_1970, era = floor_div(since, DAYS_400_YEARS);
	int64_t day = since - era * DAYS_400_YEARS;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t month;

	day -= year * 365 + year / 4 - year / 100;
	month = (day * 5 + 2) / 153;
	date->day = (uint32_t)(day - (month * 153 + 2) / 5 + 1);
	date->month = (uint32_t)(month < 10 ? month + 3 : month - 9);
	date->year = era * 400 + year + (month >= 10);
	date->weekday = (uint32_t)(days + 4 - floor_div(days + 4, 7) * 7) + 1;
}

struct rtc_date rtc_date_of(int64_t seconds)
{
	int64_t days = floor_div(seconds, RTC_DAY_SECONDS);
	uint32_t rest = (uint32_t)(seconds - days * RTC_DAY_SECONDS);
	struct rtc_date date = {
		.hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
	};

	set_day(&date, days);
	return date;
}
