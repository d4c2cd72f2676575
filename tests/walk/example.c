/* SPDX-License-Identifier: MIT */
/* The example of docs/embedding.md: translate one address, and say what L1 would see. */
#include <inttypes.h>
#include <stdio.h>
#include <undervisor/exit_info.h>

/* @ram: @size bytes of physical memory from address 0. */
static void translate(void *ram, uint64_t size, uint64_t cr3, uint64_t eptp, uint64_t address)
{
	struct udv_memory memory = {
		.windows = { { .base = 0, .size = size, .host = ram } },
		.nr_windows = 1,
	};
	struct udv_paging_config config = {
		.cr0 = 0x80010001,
		.cr3 = cr3,
		.cr4 = 0x20,
		.efer = 0xd00, /* 4-level, WP, NXE */
		.guest_maxphyaddr = 46,
		.maxphyaddr = 46,
		.features = UDV_FEATURES_ALL,
		.ept = true,
		.eptp = eptp,
		.ept_vpid_cap = UDV_EPT_CAP_ALL,
	};
	struct udv_paging paging;
	struct udv_walk_result result;

	if (udv_paging_init(&paging, &config, &memory) != UDV_OK) {
		printf("refused: %s\n", udv_paging_problem(&config));
	} else if (udv_walk(&paging, UDV_ACCESS_WRITE, UDV_GVA(address), &result) == UDV_WALK_OK) {
		printf("host-physical %#" PRIx64 "\n", result.hpa.value);
	} else {
		struct udv_exit_info info = udv_exit_info(&result, config.ept_vpid_cap);

		printf("%s: %s, exit qualification %#" PRIx64 "\n",
		       udv_outcome_text(result.outcome), udv_cause_text(result.fault.cause),
		       info.exit_qualification);
	}
}

int main(void)
{
	static _Alignas(4096) uint64_t ram[8 * 512];

	/* EPT: 1-GByte pages are enough for a table at 1000H that maps itself. */
	ram[0x2000 / 8] = 0x3000 | 7;
	ram[0x3000 / 8] = 0xb7; /* write-back, readable, writable, executable */
	ram[0x1000 / 8] = 0x1000 | 3;
	translate(ram, sizeof(ram), 0x1000, 0x205e, 0x8);
	ram[0x3000 / 8] = 0xb5; /* not writable any more: setting A and D in the guest's table is */
	translate(ram, sizeof(ram), 0x1000, 0x205e, 0x8);
	return 0;
}
