/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "execute_state.h"

/*
 * Instructions for the mutator: the first byte of a template is its length, and 0xee in it stands
 * for a random byte.
 */
static const char *const templates[] = {
	"\x03\x0f\x20\xee",		    /* MOV r, CRn */
	"\x03\x0f\x22\xee",		    /* MOV CRn, r */
	"\x03\x0f\x21\xee",		    /* MOV r, DRn */
	"\x03\x0f\x23\xee",		    /* MOV DRn, r */
	"\x02\x0f\x30",			    /* WRMSR */
	"\x02\x0f\x32",			    /* RDMSR */
	"\x07\xb9\x80\x00\x00\xc0\x0f\x32", /* of EFER */
	"\x07\xb9\xee\x08\x00\x00\x0f\x30", /* x2APIC */
	"\x07\xb9\x1b\x00\x00\x00\x0f\x30", /* APIC base */
	"\x03\x0f\x01\xee",		    /* SGDT and the like, XSETBV, SWAPGS, ... */
	"\x03\x0f\x00\xee",		    /* LLDT and the like */
	"\x03\x0f\x01\x38",		    /* INVLPG */
	"\x05\x66\x0f\x38\x82\xee",	    /* INVPCID */
	"\x04\x0f\xae\xee\xee",		    /* FXSAVE, XSAVE, fences */
	"\x04\x0f\xc7\xee\xee",		    /* CMPXCHG8B, XSAVEC, RDRAND */
	"\x02\xcd\xee",			    /* INT n */
	"\x01\xcf",			    /* IRET */
	"\x02\x48\xcf",			    /* IRETQ */
	"\x01\xcb",			    /* RETF */
	"\x07\x9a\x00\x00\x00\x00\x58\x00", /* CALL far, the gate */
	"\x07\xea\x00\x00\x02\x00\xee\x00", /* JMP far */
	"\x02\x0f\x05",			    /* SYSCALL */
	"\x03\x48\x0f\x07",		    /* SYSRET */
	"\x02\x0f\x34",			    /* SYSENTER */
	"\x02\x0f\x35",			    /* SYSEXIT */
	"\x02\x8e\xee",			    /* MOV Sreg, r */
	"\x03\x0f\xb2\xee",		    /* LSS */
	"\x02\xe6\xee",			    /* OUT n, AL */
	"\x02\xe7\xee",			    /* OUT n, EAX */
	"\x02\xe5\xee",			    /* IN EAX, n */
	"\x06\x66\xba\xee\xee\xef\x90",	    /* OUT DX, EAX */
	"\x06\x66\xba\xee\xee\xec\x90",	    /* IN AL, DX */
	"\x02\xf3\x6e",			    /* REP OUTSB */
	"\x02\xf3\x6c",			    /* REP INSB */
	"\x02\xf3\xa4",			    /* REP MOVSB */
	"\x02\xf3\xa5",			    /* REP MOVSD */
	"\x02\xf3\xaa",			    /* REP STOSB */
	"\x03\xf3\x48\xab",		    /* REP STOSQ */
	"\x02\xf2\xae",			    /* REPNE SCASB */
	"\x02\xf3\xa6",			    /* REPE CMPSB */
	"\x05\xc7\x05\xee\xee\x02",	    /* MOV [code], imm */
	"\x06\x88\x05\xee\x00\x00\x00",	    /* MOV [RIP + n], AL */
	"\x06\x88\x05\xee\xff\xff\xff",
	"\x02\x0c\xee",	    /* OR AL, n */
	"\x02\xeb\xee",	    /* JMP n */
	"\x02\x75\xee",	    /* JNE n */
	"\x02\xe2\xee",	    /* LOOP n */
	"\x01\xfb",	    /* STI */
	"\x01\xfa",	    /* CLI */
	"\x01\xf4",	    /* HLT */
	"\x02\x0f\xa2",	    /* CPUID */
	"\x02\x0f\x31",	    /* RDTSC */
	"\x01\x9d",	    /* POPF */
	"\x01\x9c",	    /* PUSHF */
	"\x02\x17\x90",	    /* POP SS */
	"\x03\xd9\xee\xee", /* x87 */
	"\x03\xdb\xee\xee",
	"\x03\xdd\xee\xee",
	"\x03\xdf\xee\xee",
	"\x04\x0f\xee\xee\xee", /* the two-byte map */
	"\x05\x66\x0f\xee\xee\xee",
	"\x05\xf3\x0f\xee\xee\xee",
	"\x05\xf2\x0f\xee\xee\xee",
	"\x06\x66\x0f\x38\xee\xee\xee", /* three-byte maps */
	"\x06\x66\x0f\x3a\xee\xee\xee",
	"\x05\xc5\xee\xee\xee\xee", /* VEX */
	"\x06\xc4\xe1\xee\xee\xee\xee",
	"\x06\xc4\xe2\xee\xee\xee\xee",
	"\x07\xc4\xe3\xee\xee\xee\xee\xee",
	"\x03\xf0\xee\xee",	    /* LOCK */
	"\x04\x48\xee\xee\xee",	    /* REX.W */
	"\x05\xc8\xee\x00\xee\x90", /* ENTER */
	"\x01\xc9",		    /* LEAVE */
	"\x02\xff\xee",
	"\x02\xf7\xee",
};

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

size_t execute_instruction(uint8_t *bytes, unsigned seed)
{
	const char *template = templates[next(&seed) % (sizeof(templates) / sizeof(templates[0]))];
	size_t size = (uint8_t) template[0];

	for (size_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t) template[1 + i];
		if (bytes[i] == 0xee)
			bytes[i] = (uint8_t)next(&seed);
	}
	return size;
}
