/* SPDX-License-Identifier: MIT */
#include <undervisor/vmentry.h>

#include <string.h>

/*
 * Capabilities that processors of Intel's report, from dumps of their MSRs and CPUID. Another
 * stepping or microcode may differ: read the MSRs of the one in question where it matters.
 */

/*
 * What they have in common: the must-be-1 bits, the primary controls, no tertiary ones, no
 * secondary exit controls, 48-bit linear addresses. In the order of the MSRs.
 */
#define CORE(basic, pin, exit, entry, misc, cr4, enumeration, secondary, cap, vmfunc)              \
	.msr = { (basic),                                                                          \
		 (pin##ull) << 32 | 0x16,                                                          \
		 0xfff9fffe0401e172,                                                               \
		 (exit##ull) << 32 | 0x36dff,                                                      \
		 (entry##ull) << 32 | 0x11ff,                                                      \
		 (misc),                                                                           \
		 0x80000021,                                                                       \
		 0xffffffff,                                                                       \
		 0x2000,                                                                           \
		 (cr4),                                                                            \
		 (enumeration),                                                                    \
		 (secondary##ull) << 32,                                                           \
		 (cap),                                                                            \
		 (pin##ull) << 32 | 0x16,                                                          \
		 0xfff9fffe04006172,                                                               \
		 (exit##ull) << 32 | 0x36dfb,                                                      \
		 (entry##ull) << 32 | 0x11fb,                                                      \
		 (vmfunc) },                                                                       \
	.efer_bits = 0xd01, .perf_global_ctrl_bits = 0x70000000f, .linear_bits = 48

static const struct {
	const char *name;
	struct udv_vmx_processor processor;
} processors[] = {
	{ "sandy-bridge",
	  { CORE(0xda040000000010, 0x7f, 0x7fffff, 0xffff, 0x100401e5, 0x627ff, 0x2a, 0xff,
		 0xf0106114141, 0),
	    .debugctl_bits = 0x5fc3, .maxphyaddr = 36 } },
	{ "broadwell",
	  { CORE(0xda040000000012, 0x7f, 0x7fffff, 0xffff, 0x300481e5, 0x3767ff, 0x2a, 0x57cff,
		 0xf0106334141, 1),
	    .debugctl_bits = 0xdfc3, .maxphyaddr = 39, .features = UDV_VMX_RTM } },
	{ "skylake-x",
	  { CORE(0xda040000000004, 0xff, 0x1ffffff, 0x3ffff, 0x7004c1e7, 0x3727ff, 0x2e, 0x25d3fff,
		 0xf0106734141, 1),
	    .debugctl_bits = 0xdfc3, .maxphyaddr = 46, .features = UDV_VMX_RTM } },
};

#define NR_PROCESSORS (sizeof(processors) / sizeof(processors[0]))

enum udv_status udv_vmx_processor_named(const char *name, struct udv_vmx_processor *processor)
{
	for (unsigned i = 0; i < NR_PROCESSORS; i++) {
		if (strcmp(name, processors[i].name) == 0) {
			*processor = processors[i].processor;
			return UDV_OK;
		}
	}
	return UDV_ERR_NOT_FOUND;
}

const char *udv_vmx_processor_name(unsigned index)
{
	return index < NR_PROCESSORS ? processors[index].name : NULL;
}
