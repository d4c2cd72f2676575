/* SPDX-License-Identifier: MIT */
/* Runs in the guest: the same sums with SSE, with AVX2 and without, and floating point. */
#include <immintrin.h>
#include <math.h>
#include <stdio.h>

#define COUNT 1024

static int numbers[COUNT];

static int plain(void)
{
	int sum = 0;

	for (int i = 0; i < COUNT; i++) {
		sum += numbers[i] * 3;
		__asm__ volatile("" : "+r"(sum));
	}
	return sum;
}

static int with_sse(void)
{
	__m128i sum = _mm_setzero_si128();
	int parts[4];

	for (int i = 0; i < COUNT; i += 4)
		sum = _mm_add_epi32(sum, _mm_mullo_epi32(_mm_loadu_si128((void *)(numbers + i)),
							 _mm_set1_epi32(3)));
	_mm_storeu_si128((void *)parts, sum);
	return parts[0] + parts[1] + parts[2] + parts[3];
}

static int with_avx2(void)
{
	__m256i sum = _mm256_setzero_si256();
	int parts[8], total = 0;

	for (int i = 0; i < COUNT; i += 8)
		sum = _mm256_add_epi32(sum,
				       _mm256_mullo_epi32(_mm256_loadu_si256((void *)(numbers + i)),
							  _mm256_set1_epi32(3)));
	_mm256_storeu_si256((void *)parts, sum);
	for (int i = 0; i < 8; i++)
		total += parts[i];
	return total;
}

int main(void)
{
	volatile double two = 2.0;

	for (int i = 0; i < COUNT; i++)
		numbers[i] = i * i - 1000 * i;
	printf("UDV vectors %d %d %d %.15f\n", plain(), with_sse(), with_avx2(), sqrt(two));
	return 0;
}
