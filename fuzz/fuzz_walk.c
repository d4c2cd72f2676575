/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary tables, roots, registers and accesses. Whatever they are, the walk ends, stays in its
 * memory, and what it says obeys the rules that hold for every walk.
 */
#include <stdlib.h>
#include <string.h>
#include <undervisor/exit_info.h>

#define RAM_PAGES 16
#define RAM_SIZE (RAM_PAGES * 4096u)

struct input {
	uint64_t cr3, eptp, address, cap, sppt, pml, ve;
	uint32_t access, pkru, pkrs;
	uint16_t pml_index;
	uint8_t cr4_bits, mode, widths, controls, features, cap_bits;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Addresses beyond the memory wrap into it, so that any entry leads somewhere. */
static bool read_wrapped(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value)
{
	const uint8_t *ram = opaque;

	require(!(address.value & (size - 1)));
	*value = 0;
	memcpy(value, ram + address.value % RAM_SIZE, size);
	return true;
}

static enum udv_cas exchange_wrapped(void *opaque, udv_hpa_t address, unsigned size,
				     uint64_t expected, uint64_t desired)
{
	uint8_t *ram = opaque;
	uint64_t now = 0;

	memcpy(&now, ram + address.value % RAM_SIZE, size);
	if (now != expected)
		return UDV_CAS_CHANGED;
	memcpy(ram + address.value % RAM_SIZE, &desired, size);
	return UDV_CAS_DONE;
}

static struct udv_paging_config config_of(const struct input *in)
{
	static const uint64_t cr4_bits[] = { 1 << 4,  1 << 20, 1 << 21, 1 << 22,
					     1 << 24, 1 << 27, 1 << 28, 1 << 23 };
	struct udv_paging_config c = {
		.cr0 = 0x80000001 | (in->mode & 0x10 ? 0x10000 : 0),
		.efer = in->mode & 0x20 ? 0x800 : 0,
		.pkru = in->pkru,
		.pkrs = in->pkrs,
		.features = in->features & UDV_FEATURES_ALL,
		.ept = in->mode & 0x40,
		.maxphyaddr = (uint8_t)(32 + in->widths % 21),
		.ept_controls = in->controls & UDV_EPT_CONTROLS_ALL,
		.ept_vpid_cap = UDV_EPT_CAP_ALL & ~((uint64_t)in->cap_bits << 16 & 3ull << 16),
		.pml_index = in->pml_index,
	};
	uint64_t within = ~0ull >> (64 - c.maxphyaddr) & ~0xfffull;

	c.guest_maxphyaddr = in->mode & 0x80 ? 36 : 52;
	if (c.guest_maxphyaddr > c.maxphyaddr)
		c.guest_maxphyaddr = c.maxphyaddr;
	if (in->cap_bits & 4)
		c.ept_vpid_cap &= ~UDV_EPT_CAP_EXECUTE_ONLY;
	for (unsigned i = 0; i < 8; i++)
		if (in->cr4_bits >> i & 1)
			c.cr4 |= cr4_bits[i];
	if (c.cr4 & 1 << 23)
		c.cr0 |= 0x10000;
	switch (in->mode % 5) {
	case 0:
		c.cr0 &= ~0x80000000ull;
		break;
	case 1:
		break;
	case 2:
		c.cr4 |= 0x20;
		for (unsigned i = 0; i < 4; i++)
			c.pdpte[i] = ((in->cr3 >> i * 8) & within & 0xff000) | (in->cr3 >> i & 1);
		break;
	default:
		c.cr4 |= in->mode % 5 == 4 ? 0x1020 : 0x20;
		c.efer |= 0x500;
	}
	c.cr3 = in->cr3 & (within & ~0ull >> (64 - c.guest_maxphyaddr));
	if (c.efer & 0x400)
		c.cr3 |= in->cr3 & 3ull << 61;
	c.eptp = (in->eptp & within) | (in->eptp & 0xc0) | (in->eptp & 1 ? 0x26 : 0x1e);
	c.sppt_pointer = in->sppt & within;
	c.pml_address = in->pml & within;
	c.ve_information = in->ve & within;
	return c;
}

static void check_violation(const struct udv_walk_result *r)
{
	struct udv_exit_info info = udv_exit_info(r, UDV_EPT_CAP_ALL);
	uint64_t eq = info.exit_qualification;
	uint64_t npf = udv_npf_exitinfo1(r);

	require(info.exit_reason == 48 && !(eq >> 17));
	require(eq & 7 && (!(eq & 4) || !(eq & 3)));
	require(!(eq & UDV_EQ_FINAL) || eq & UDV_EQ_GLA_VALID);
	require(eq & UDV_EQ_FINAL || !(eq & (UDV_EQ_USER | UDV_EQ_WRITABLE | UDV_EQ_NX)));
	require(!(npf >> 32 & 1) != !(npf >> 33 & 1));
}

static void check_result(const struct udv_paging_config *c, const struct udv_walk_result *r)
{
	switch (r->outcome) {
	case UDV_WALK_OK:
		require(!(r->guest_leaf & 1) == !(c->cr0 >> 31));
		require(!c->ept || r->ept_page_shift);
		require((r->hpa.value & 0xfff) == (r->gpa.value & 0xfff));
		break;
	case UDV_WALK_PAGE_FAULT:
		require(c->cr0 >> 31 && !(r->fault.error_code & ~0x7fu));
		require(!(r->fault.error_code & UDV_PF_RSVD) || r->fault.error_code & UDV_PF_P);
		break;
	case UDV_WALK_EPT_VIOLATION:
		require(c->ept);
		check_violation(r);
		break;
	case UDV_WALK_EPT_MISCONFIG:
		require(udv_exit_info(r, ~0ull).exit_qualification == 0);
		break;
	case UDV_WALK_NO_MEMORY:
	case UDV_WALK_GENERAL_PROTECTION:
		abort(); /* the memory has no end, and no PDPTE is loaded */
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t ram[RAM_SIZE], before[RAM_SIZE];
	struct udv_memory memory = { .read = read_wrapped,
				     .compare_exchange = exchange_wrapped,
				     .opaque = ram };
	struct udv_walk_result peeked, walked;
	struct udv_walk_record record;
	struct udv_paging_config config;
	struct udv_paging paging;
	struct input in;
	uint32_t access;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	data += sizeof(in);
	size -= sizeof(in);
	for (size_t at = 0; size && at < RAM_SIZE; at += size)
		memcpy(ram + at, data, size < RAM_SIZE - at ? size : RAM_SIZE - at);
	if (!size)
		memset(ram, 0, RAM_SIZE);
	config = config_of(&in);
	require(udv_paging_init(&paging, &config, &memory) == UDV_OK);
	access = in.access & ~(UDV_ACCESS_KIND | UDV_ACCESS_PEEK);
	access |= (const uint32_t[]){ 1, 2, 3, 4 }[in.access & 3];
	if (access & UDV_ACCESS_FETCH)
		access &= ~UDV_ACCESS_SHADOW_STACK;
	memcpy(before, ram, RAM_SIZE);
	udv_walk_recorded(&paging, access | UDV_ACCESS_PEEK, UDV_GVA(in.address), &peeked, &record);
	require(!memcmp(before, ram, RAM_SIZE) && paging.pml_index == in.pml_index);
	require(record.nr_steps <= UDV_MAX_STEPS && !record.restarts);
	check_result(&config, &peeked);
	udv_walk(&paging, access, UDV_GVA(in.address), &walked);
	check_result(&config, &walked);
	(void)udv_ve_convertible(&paging, &walked);
	return 0;
}
