// SPDX-License-Identifier: MIT
/* SSE to AVX2, FMA, AES, SHA, PCLMULQDQ, x87 against results of a processor. */
#include "guest.h"

#include "vector_ops.h"
#include "vector_sweep.h"

VECTOR_OPERATIONS(DEFINE_VECTOR_OPERATION)
X87_OPERATIONS(DEFINE_X87_OPERATION)

enum feature { SSE2, SSE3, SSSE3, SSE41, SSE42, AES, PCLMUL, SHA, AVX, AVX2, FMA, F16C, FEATURES };
static bool has[FEATURES];

static void find_features(void)
{
	struct cpuid one = cpuid(1, 0), seven = cpuid(7, 0);
	static const struct {
		enum feature feature;
		u8 bit;
	} ecx[] = { { SSE3, 0 },   { PCLMUL, 1 }, { SSSE3, 9 }, { FMA, 12 }, { SSE41, 19 },
		    { SSE42, 20 }, { AES, 25 },	  { AVX, 28 },	{ F16C, 29 } };

	has[SSE2] = one.edx >> 26 & 1;
	for (u32 i = 0; i < sizeof(ecx) / sizeof(ecx[0]); i++)
		has[ecx[i].feature] = one.ecx >> ecx[i].bit & 1;
	has[AVX2] = seven.ebx >> 5 & 1;
	has[SHA] = seven.ebx >> 29 & 1;
	if (!(one.ecx >> 26 & 1))
		return;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	if (has[AVX])
		asm volatile("xsetbv" ::"a"(7), "d"(0), "c"(0));
}

static void test_vectors(void)
{
	static const char *const names[] = { "SSE, SSE2", "SSE3", "SSSE3",     "SSE4.1",
					     "SSE4.2",	  "AES",  "PCLMULQDQ", "SHA",
					     "AVX",	  "AVX2", "FMA",       "F16C" };

	for (enum feature feature = 0; feature < FEATURES; feature++) {
		section(names[feature]);
		if (!has[feature]) {
			print("not there: ");
			continue;
		}
#define CHECK_VECTOR(name, needs, size, status, text, expected)                                    \
	if (needs == feature)                                                                      \
		CHECK_NAMED(#name, vector_sweep(vector_##name, size, status), expected);
		VECTOR_OPERATIONS(CHECK_VECTOR)
	}
	section("x87");
#define CHECK_X87(name, text, mask, expected)                                                      \
	CHECK_NAMED("x87 " #name, x87_sweep(x87_##name, mask), expected);
	X87_OPERATIONS(CHECK_X87)
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	find_features();
	test_vectors();
	return 0;
}
