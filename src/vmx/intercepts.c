/* SPDX-License-Identifier: MIT */
#include "vmx/intercepts.h"

#include "arch/controls.h"
#include "arch/system_bits.h"

#define PRIMARY(control) (v->primary_controls >> ARCH_PRIMARY_##control & 1)

static bool is_cr3_target(const struct vmx_vmcs *v, uint64_t value)
{
	const uint64_t target[] = { v->cr3_target_value_0, v->cr3_target_value_1,
				    v->cr3_target_value_2, v->cr3_target_value_3 };

	for (unsigned i = 0; i < v->cr3_target_count && i < 4; i++)
		if (target[i] == value)
			return true;
	return false;
}

bool vmx_cr_write_exits(const struct vmx_vmcs *v, unsigned number, uint64_t value)
{
	switch (number) {
	case 0:
		return (value ^ v->cr0_read_shadow) & v->cr0_guest_host_mask;
	case 3:
		return PRIMARY(CR3_LOAD) && !is_cr3_target(v, value);
	case 4:
		return (value ^ v->cr4_read_shadow) & v->cr4_guest_host_mask;
	default:
		return PRIMARY(CR8_LOAD);
	}
}

bool vmx_lmsw_exits(const struct vmx_vmcs *v, uint64_t source)
{
	uint64_t differ = (source ^ v->cr0_read_shadow) & v->cr0_guest_host_mask;

	return differ & (CR0_MP | CR0_EM | CR0_TS) || differ & source & CR0_PE;
}

bool vmx_clts_exits(const struct vmx_vmcs *v)
{
	return v->cr0_guest_host_mask & v->cr0_read_shadow & CR0_TS;
}

/* SDM Vol 3C "I/O-Bitmap Addresses" */
bool vmx_io_exits(const struct vmx_vmcs *v, struct mem_space *memory, unsigned port, unsigned size)
{
	if (!PRIMARY(IO_BITMAPS))
		return PRIMARY(UNCONDITIONAL_IO);
	for (unsigned p = port; p < port + size; p++) {
		uint64_t bitmap = p & 0x8000 ? v->io_bitmap_b : v->io_bitmap_a;

		if (p > 0xffff || mem_read(memory, bitmap + (p & 0x7fff) / 8, 1) >> (p & 7) & 1)
			return true;
	}
	return false;
}
