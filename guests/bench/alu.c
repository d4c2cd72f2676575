// SPDX-License-Identifier: MIT
/* Register arithmetic: a dependent chain, an independent group, and branches of both kinds. */
#include "bench.h"

static u64 alu(u64 rounds)
{
	u64 a = 0x123456789abcdef, b = 0xfedcba987654321, c = 1, d = 2, e = 3, f = 4, inner;

	while (rounds--)
		asm volatile("mov $1000, %[inner]\n"
			     "1: add %[b], %[a]\n"
			     "xor %[a], %[b]\n"
			     "imul $0x10001, %[b], %[b]\n"
			     "lea 5(%[a],%[b],4), %[c]\n"
			     "shr $3, %[c]\n"
			     "sub %[c], %[a]\n"
			     "add $3, %[d]\n"
			     "sub $5, %[e]\n"
			     "xor $0x55, %[f]\n"
			     "rol $7, %[d]\n"
			     "inc %[e]\n"
			     "test $1, %[a]\n"
			     "jz 2f\n"
			     "add %[d], %[f]\n"
			     "2: cmp %[e], %[f]\n"
			     "ja 3f\n"
			     "xor %[c], %[e]\n"
			     "3: jmp 4f\n"
			     "ud2\n"
			     "4: dec %[inner]\n"
			     "jnz 1b"
			     : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [e] "+r"(e),
			       [f] "+r"(f), [inner] "=&r"(inner)::"cc");
	return a ^ b ^ c ^ d ^ e ^ f;
}

int main(int argc, char **argv)
{
	return bench(argc, argv, alu, 30000, 0x7532b4e1ddd8c3d3);
}
