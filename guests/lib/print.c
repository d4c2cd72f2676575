// SPDX-License-Identifier: MIT
#include <stdarg.h>

#include "internal.h"

enum {
	UART = 0x3f8,
	UART_LINE = UART + 3,
	UART_MODEM = UART + 4,
	UART_STATUS = UART + 5,
	UART_ROOM = 0x20,
	UART_EMPTY = 0x40,
	DIVISOR_LATCH = 0x80,
	EIGHT_BITS = 3,
};

static volatile u32 print_lock;

void print_init(void)
{
	out8(UART_LINE, DIVISOR_LATCH);
	out8(UART, 1); /* 115200 baud */
	out8(UART + 1, 0);
	out8(UART_LINE, EIGHT_BITS);
	out8(UART_MODEM, 3);
}

/* Until the last character has left. */
void print_end(void)
{
	for (u32 spin = 0; spin < 100000 && !(in8(UART_STATUS) & UART_EMPTY); spin++)
		;
}

static void put(char c)
{
	if (c == '\n')
		put('\r');
	while (!(in8(UART_STATUS) & UART_ROOM))
		;
	out8(UART, (u8)c);
}

static void put_number(u64 value, unsigned base, int width, char pad, bool minus)
{
	char digits[24];
	int count = 0;

	/* A 32-bit image has no 64-bit division; decimal numbers are words there. */
	do {
		unsigned digit = base == 16 ? (unsigned)(value & 15) : (unsigned)((word)value % 10);

		value = base == 16 ? value >> 4 : (word)value / 10;
		digits[count++] = "0123456789abcdef"[digit];
	} while (value);
	if (minus)
		digits[count++] = '-';
	while (width-- > count)
		put(pad);
	while (count)
		put(digits[--count]);
}

static const char *put_item(const char *format, va_list *list)
{
	int width = 0, longs = 0;
	char pad = ' ';

	if (*format == '0')
		pad = '0';
	for (; *format >= '0' && *format <= '9'; format++)
		width = width * 10 + *format - '0';
	for (; *format == 'l'; format++)
		longs++;
	u64 value = 0;
	if (*format == 's') {
		for (const char *text = va_arg(*list, const char *); *text; text++)
			put(*text);
	} else if (*format == '%') {
		put('%');
	} else {
		value = longs > 1    ? va_arg(*list, u64)
			: longs == 1 ? va_arg(*list, word)
				     : va_arg(*list, unsigned);
	}
	if (*format == 'c')
		put((char)value);
	else if (*format == 'x')
		put_number(value, 16, width, pad, false);
	else if (*format == 'u')
		put_number(value, 10, width, pad, false);
	else if (*format == 'd' && longs == 0 && (int)value < 0)
		put_number((u32) - (int)value, 10, width, pad, true);
	else if (*format == 'd')
		put_number(value, 10, width, pad, false);
	return format + 1;
}

void print(const char *format, ...)
{
	va_list list;

	while (__atomic_exchange_n(&print_lock, 1, __ATOMIC_ACQUIRE))
		asm volatile("pause");
	va_start(list, format);
	while (*format) {
		if (*format == '%')
			format = put_item(format + 1, &list);
		else
			put(*format++);
	}
	va_end(list);
	__atomic_store_n(&print_lock, 0, __ATOMIC_RELEASE);
}
