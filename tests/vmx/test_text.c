/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undervisor/vmcs_text.h>

/* Texts that hold a VMCS or a processor: exact values, and for every refusal its line. */

static struct udv_vmcs_text parsed;
static const struct udv_vmx_processor none;

static enum udv_status parse(const char *text)
{
	return udv_vmcs_text_parse(&parsed, &none, text, strlen(text));
}

static uint64_t field(uint32_t encoding)
{
	uint64_t value;

	assert_int_equal(udv_vmcs_read(&parsed.vmcs, encoding, &value), UDV_OK);
	return value;
}

static void refused(const char *text, unsigned line, const char *problem)
{
	assert_int_equal(parse(text), UDV_ERR_FORMAT);
	assert_string_equal(parsed.problem, problem);
	assert_int_equal(parsed.line, line);
}

static void fields(void **state)
{
	(void)state;
	assert_int_equal(parse("# a comment\n\n"
			       "GUEST_CR0 = 0x80010021\r\n"
			       "guest-cr3: 4096   # another\n"
			       "\tGUEST_RIP 0FFFFFFFFFFFFFFFFH\n"
			       "0x4002=0x4006172\n"
			       "2005H = 1\n"
			       "IA32_VMX_BASIC = 0x12\n"
			       "ia32_efer = 0\n"
			       "IA32_PAT = 6\n"
			       "maxphyaddr = 46\nrtm = 1\ntracing = 1\nvmcs_pointer = 0x9000"),
			 UDV_OK);
	assert_int_equal(parsed.kind, UDV_VMCS_TEXT_FIELDS);
	assert_int_equal(parsed.nr_fields, 5);
	assert_int_equal(field(0x6800), 0x80010021);
	assert_int_equal(field(0x6802), 4096);
	assert_int_equal(field(0x681e), UINT64_MAX);
	assert_int_equal(field(0x4002), 0x4006172);
	assert_int_equal(field(0x2004), 1ull << 32);
	assert_int_equal(field(0x2800), UINT64_MAX);
	assert_true(udv_vmcs_text_has(&parsed, 0x2004));
	assert_true(udv_vmcs_text_has(&parsed, 0x6802));
	assert_false(udv_vmcs_text_has(&parsed, 0x2800));
	assert_false(udv_vmcs_text_has(&parsed, 0x6ffe));
	assert_int_equal(parsed.msrs, 1);
	assert_int_equal(parsed.processor.msr[0], 0x12);
	assert_int_equal(parsed.processor.maxphyaddr, 46);
	assert_int_equal(parsed.processor.features, UDV_VMX_RTM);
	assert_true(parsed.efer_given);
	assert_int_equal(parsed.efer, 0);
	assert_true(parsed.tracing);
	assert_int_equal(parsed.vmcs_pointer, 0x9000);
}

static void refusals(void **state)
{
	(void)state;
	refused("GUEST_CR0\n", 1, "a line is NAME = VALUE");
	refused("\nGUEST_CR0 =\n", 2, "a line is NAME = VALUE");
	refused("= 3", 1, "a line is NAME = VALUE");
	refused("GUEST_CR0 = 1x", 1, "the value is not a number of 64 bits; write 0x1a, 26 or 1AH");
	refused("GUEST_CR0 = 0x10000000000000000", 1,
		"the value is not a number of 64 bits; write 0x1a, 26 or 1AH");
	refused("GUEST_CR0 = 0x", 1, "the value is not a number of 64 bits; write 0x1a, 26 or 1AH");
	refused("VPID = 0x10000", 1, "the value is wider than the field");
	refused("0x2005 = 0x100000000", 1, "the value is wider than the field");
	refused("VPID = 1\nVPID = 1", 2, "this field was given before");
	refused("0x6fff = 1", 1, "there is no VMCS field of this encoding");
	refused("0x100006800 = 1", 1, "there is no VMCS field of this encoding");
	refused("GUEST_CR9 = 1", 1, "neither a VMCS field nor an MSR has this name");
	refused("linear_bits = 50", 1, "no processor has addresses of this width");
	refused("maxphyaddr = 31", 1, "no processor has addresses of this width");
	assert_int_equal(udv_vmx_processor_parse(&parsed, &none, "GUEST_CR0=1", 11),
			 UDV_ERR_FORMAT);
	assert_int_equal(udv_vmx_processor_parse(&parsed, &none, "0x494=1", 7), UDV_ERR_FORMAT);
	assert_int_equal(udv_vmx_processor_parse(&parsed, &none, "0x493=7", 7), UDV_OK);
	assert_int_equal(parsed.processor.msr[0x13], 7);
}

/* Only what is between the marks counts, and the second dump forgets the first. */
static void kvm(void **state)
{
	(void)state;
	assert_int_equal(
		parse("GUEST_CR0 = not a field here\n"
		      "[ 1.0] kvm_intel: *** Guest State ***\n"
		      "[ 1.0] kvm_intel: RSP = 0x0000000000000001  RIP = 0x0000000000000002\n"
		      "*** Guest State ***\n"
		      "> CR0: actual=0x0000000080050033, shadow=0x0000000000000031, gh_mask=ff\n"
		      "Sysenter RSP=0000000000000010 CS:RIP=0011:0000000000000012\n"
		      "Sep  8 22:52:20 host kernel: [9.8] TR:   sel=0x0040, attr=0x0008b, "
		      "limit=0x00004087, base=0xfffffe0000003000\n"
		      "EFER =     0x0000000000000d01  PAT = 0x0407050600070106\n"
		      "*** Host State ***\n"
		      "CS=0010 SS=0018 DS=0000 ES=0000 FS=0000 GS=0000 TR=0040\n"
		      "RIP = 0x3  RSP = 0x4\n"
		      "EFER= 0x0000000000000500\n"
		      "*** Control State ***\n"
		      "PinBased=0000003f CPUBased=b5a06dfa SecondaryExec=000010aa\n"
		      "        reason=80000021 qualification=0000000000000004\n"
		      "SVI|RVI = ec|00 TPR Threshold = 0x07\n"
		      "APIC-access addr = 0x1000 virt-APIC addr = 0x2000\n"
		      "PLE Gap=00000080 Window=00001000\n"
		      "Virtual processor ID = 0x0001"),
		UDV_OK);
	assert_int_equal(parsed.kind, UDV_VMCS_TEXT_KVM);
	assert_int_equal(parsed.nr_dumps, 2);
	assert_false(udv_vmcs_text_has(&parsed, 0x681c));
	assert_int_equal(field(0x6800), 0x80050033);
	assert_int_equal(field(0x6004), 0x31);
	assert_int_equal(field(0x6000), 0xff);
	assert_int_equal(field(0x6824), 0x10);
	assert_int_equal(field(0x482a), 0x11);
	assert_int_equal(field(0x6826), 0x12);
	assert_int_equal(field(0x080e), 0x40);
	assert_int_equal(field(0x4822), 0x8b);
	assert_int_equal(field(0x480e), 0x4087);
	assert_int_equal(field(0x6814), 0xfffffe0000003000);
	assert_int_equal(field(0x2806), 0xd01);
	assert_int_equal(field(0x2804), 0x0407050600070106);
	assert_int_equal(field(0x0c02), 0x10);
	assert_int_equal(field(0x0c0c), 0x40);
	assert_int_equal(field(0x6c16), 3);
	assert_int_equal(field(0x6c14), 4);
	assert_int_equal(parsed.efer, 0x500);
	assert_int_equal(field(0x4000), 0x3f);
	assert_int_equal(field(0x4002), 0xb5a06dfa);
	assert_int_equal(field(0x401e), 0x10aa);
	assert_int_equal(field(0x4402), 0x80000021);
	assert_int_equal(field(0x6400), 4);
	assert_int_equal(field(0x401c), 7);
	assert_int_equal(field(0x2014), 0x1000);
	assert_int_equal(field(0x2012), 0x2000);
	assert_int_equal(field(0x4020), 0x80);
	assert_int_equal(field(0x4022), 0x1000);
	assert_int_equal(field(0x0000), 1);
	assert_int_equal(parsed.parts, UDV_VMCS_TEXT_ALL);
	assert_int_equal(parsed.nr_msrs, 0);
	refused("*** Guest State ***\nRSP = 0x1 RIP = 0x2\nRSP = 0x1\n", 3,
		"this field was given before");
	refused("*** Control State ***\nVirtual processor ID = 0x10000\n", 2,
		"the value is wider than the field");
}

/* As dmesg --time-format=iso shows the same of kernels that do not name the module, and with -x. */
static void kvm_iso(void **state)
{
	(void)state;
	for (unsigned decoded = 0; decoded < 2; decoded++) {
		static const char *const lines[] = {
			"*** Guest State ***",
			"CR0: actual=0x0000000080050033, shadow=0x0000000000000031, gh_mask=ff",
			"RSP = 0x0000000000000001  RIP = 0x0000000000000002",
			"*** Control State ***",
			"        reason=80000021 qualification=0000000000000004",
			"2026-11-26: a date, but no time",
		};
		char text[1024];
		size_t n = 0;

		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%s2026-11-26T02:52:51,%06zu+00:00 %s\n",
					      decoded ? "kern  :err   : " : "", i, lines[i]);
		assert_int_equal(parse(text), UDV_OK);
		assert_int_equal(parsed.kind, UDV_VMCS_TEXT_KVM);
		assert_int_equal(parsed.nr_dumps, 1);
		assert_int_equal(field(0x6800), 0x80050033);
		assert_int_equal(field(0x6004), 0x31);
		assert_int_equal(field(0x681c), 1);
		assert_int_equal(field(0x681e), 2);
		assert_int_equal(field(0x4402), 0x80000021);
		assert_int_equal(field(0x6400), 4);
	}
}

/* As journalctl shows it, cut off in the host's state; lists of MSRs, of which one is for entries.
 */
static void kvm_lists(void **state)
{
	(void)state;
	assert_int_equal(
		parse("Sep  8 22:52:20 host kernel: *** Guest State ***\n"
		      "Sep  8 22:52:20 host kernel: RSP = 0x0000000000000001  RIP = 0x2\n"
		      "Sep  8 22:52:20 host kernel: MSR guest autoload:\n"
		      "Sep  8 22:52:20 host kernel:    0: msr=0x00000600 value=0x0000000000000007\n"
		      "Sep  8 22:52:20 host kernel:    1: msr=0xc0000101 value=0xffff900000000000\n"
		      "Sep  8 22:52:20 host kernel: MSR guest autostore:\n"
		      "Sep  8 22:52:20 host kernel:    0: msr=0x00000010 value=0x0000000000000001\n"
		      "Sep  8 22:52:20 host kernel: *** Host State ***\n"
		      "[    9.8][  T123] RIP = 0x0000000000000003  RSP = 0x4\n"
		      "MSR host autoload:\n"
		      "  0: msr=0x00000600 value=0x0000000000000008\n"),
		UDV_OK);
	assert_int_equal(parsed.parts, UDV_VMCS_TEXT_GUEST | UDV_VMCS_TEXT_HOST);
	assert_int_equal(parsed.nr_fields, 4);
	assert_int_equal(field(0x681e), 2);
	assert_int_equal(field(0x6c16), 3);
	assert_int_equal(parsed.nr_msrs, 2);
	assert_int_equal(parsed.msr[0].index, 0x600);
	assert_int_equal(parsed.msr[0].value, 7);
	assert_int_equal(parsed.msr[1].index, 0xc0000101);
	assert_int_equal(parsed.msr[1].value, 0xffff900000000000);
}

/* A list without an end is refused where it becomes too long. */
static void kvm_long_list(void **state)
{
	char text[4096] = "*** Guest State ***\nMSR guest autoload:\n";

	(void)state;
	for (unsigned i = 0; i <= UDV_VMCS_TEXT_MSRS; i++)
		strcat(text, " 0: msr=0x1 value=0x2\n");
	refused(text, UDV_VMCS_TEXT_MSRS + 3, "the list of MSRs is longer than any of KVM's");
}

/* What a processor of ours keeps in memory. */
static void region(void **state)
{
	uint8_t bytes[4096] = { 0x76, 0x64, 0x6e, 0x75 };
	struct udv_vmcs vmcs;
	uint64_t value;

	(void)state;
	bytes[16] = 0x34; /* the first field: VPID */
	bytes[17] = 0x12;
	assert_int_equal(udv_vmcs_from_region(&vmcs, bytes, sizeof(bytes)), UDV_OK);
	assert_int_equal(udv_vmcs_read(&vmcs, 0, &value), UDV_OK);
	assert_int_equal(value, 0x1234);
	assert_int_equal(udv_vmcs_from_region(&vmcs, bytes, 4095), UDV_ERR_TRUNCATED);
	bytes[3] |= 0x80; /* a shadow VMCS */
	assert_int_equal(udv_vmcs_from_region(&vmcs, bytes, sizeof(bytes)), UDV_OK);
	bytes[0]++;
	assert_int_equal(udv_vmcs_from_region(&vmcs, bytes, sizeof(bytes)), UDV_ERR_FORMAT);
}

/* All that has a name passes its own checks where they need no VMCS. */
static void named(void **state)
{
	struct udv_vmx_processor p;

	(void)state;
	for (unsigned i = 0; udv_vmx_processor_name(i); i++) {
		assert_int_equal(udv_vmx_processor_named(udv_vmx_processor_name(i), &p), UDV_OK);
		/* must-be-1 bits may be 1, and the plain controls are as the "true" ones or more */
		for (unsigned plain = 1; plain <= 4; plain++) {
			assert_int_equal((uint32_t)p.msr[plain] & ~(p.msr[plain] >> 32), 0);
			assert_int_equal(p.msr[plain + 12] & ~p.msr[plain], 0);
			assert_int_equal(p.msr[plain + 12] >> 32, p.msr[plain] >> 32);
		}
		assert_true(p.msr[0] >> 55 & 1);
		assert_int_equal(p.linear_bits, 48);
	}
	assert_int_equal(udv_vmx_processor_named("no such", &p), UDV_ERR_NOT_FOUND);
	assert_int_equal(udv_vmx_processor_ours(NULL, &p, NULL, 0), UDV_OK);
	assert_int_equal(p.msr[0] & 0x7fffffff, 0x756e6476);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),  cmocka_unit_test(refusals),
		cmocka_unit_test(kvm),	   cmocka_unit_test(kvm_lists),
		cmocka_unit_test(kvm_iso), cmocka_unit_test(kvm_long_list),
		cmocka_unit_test(region),  cmocka_unit_test(named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
