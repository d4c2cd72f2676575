/* SPDX-License-Identifier: MIT */
#include "entry_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undervisor/explain.h>

const char *const world_base_names[NR_BASES] = {
	[LONG] = "64-bit guest", [PAE] = "PAE guest",	      [HOST32] = "32-bit host",
	[REAL] = "real mode",	 [V86] = "virtual-8086 mode",
};

/* Everything that has a name is allowed, and nothing must be 1 but what has none. */
static const char everything[] =
	"IA32_VMX_BASIC=0xda040000000001 IA32_VMX_MISC=0x401c0 "
	"IA32_VMX_CR0_FIXED0=0x80000021 IA32_VMX_CR0_FIXED1=0xffffffff "
	"IA32_VMX_CR4_FIXED0=0x2000 IA32_VMX_CR4_FIXED1=0x11bff7fff "
	"IA32_VMX_TRUE_PINBASED_CTLS=0xff00000016 "
	"IA32_VMX_TRUE_PROCBASED_CTLS=0xffffffff04006172 "
	"IA32_VMX_TRUE_EXIT_CTLS=0xffffffff00036dfb IA32_VMX_TRUE_ENTRY_CTLS=0x1ffffff000011fb "
	"IA32_VMX_PROCBASED_CTLS2=0xffffffff00000000 IA32_VMX_PROCBASED_CTLS3=0x1df "
	"IA32_VMX_EXIT_CTLS2=0xf IA32_VMX_VMFUNC=1 IA32_VMX_EPT_VPID_CAP=0xf0106f341c1 "
	"maxphyaddr=46 linear=48 efer_bits=0xd01 debugctl_bits=0x5fc3 perf_bits=0x70000000f "
	"spec_bits=7 pointer=0x9000 efer=0x500 ";

static const char long_base[] =
	"PIN_BASED_CONTROLS=0x16 PRIMARY_CONTROLS=0x84006172 EXIT_CONTROLS=0x36ffb "
	"ENTRY_CONTROLS=0x13fb VMCS_LINK_POINTER=0xffffffffffffffff "
	"HOST_CR0=0x80010021 HOST_CR3=0x1000 HOST_CR4=0x2020 HOST_CS_SELECTOR=8 "
	"HOST_SS_SELECTOR=0x10 HOST_TR_SELECTOR=0x18 HOST_RIP=0x1000 "
	"GUEST_CR0=0x80010021 GUEST_CR3=0x2000 GUEST_CR4=0x2020 GUEST_DR7=0x400 GUEST_RFLAGS=2 "
	"GUEST_RIP=0x1000 "
	"GUEST_CS_SELECTOR=8 GUEST_CS_LIMIT=0xffffffff GUEST_CS_ACCESS_RIGHTS=0xa09b "
	"GUEST_SS_SELECTOR=0x10 GUEST_SS_LIMIT=0xffffffff GUEST_SS_ACCESS_RIGHTS=0xc093 "
	"GUEST_DS_SELECTOR=0x10 GUEST_DS_LIMIT=0xffffffff GUEST_DS_ACCESS_RIGHTS=0xc093 "
	"GUEST_ES_SELECTOR=0x10 GUEST_ES_LIMIT=0xffffffff GUEST_ES_ACCESS_RIGHTS=0xc093 "
	"GUEST_FS_SELECTOR=0x10 GUEST_FS_LIMIT=0xffffffff GUEST_FS_ACCESS_RIGHTS=0xc093 "
	"GUEST_GS_SELECTOR=0x10 GUEST_GS_LIMIT=0xffffffff GUEST_GS_ACCESS_RIGHTS=0xc093 "
	"GUEST_LDTR_SELECTOR=0x20 GUEST_LDTR_LIMIT=0xf GUEST_LDTR_ACCESS_RIGHTS=0x82 "
	"GUEST_TR_SELECTOR=0x18 GUEST_TR_LIMIT=0x67 GUEST_TR_ACCESS_RIGHTS=0x8b "
	"GUEST_GDTR_LIMIT=0x7f GUEST_IDTR_LIMIT=0xfff ";

/* What a mode changes in the one before it. */
static const char pae_base[] =
	"ENTRY_CONTROLS-=0x200 GUEST_CS_ACCESS_RIGHTS=0xc09b @0x2000=0x3001 @0x2008=0 @0x2010=0 "
	"@0x2018=0x4001";
static const char host32_base[] = "EXIT_CONTROLS-=0x200 efer=0 HOST_CR4=0x2000";
static const char real_base[] = "SECONDARY_CONTROLS=0x82 EPT_POINTER=0x301e GUEST_CR0=0x20 "
				"GUEST_CS_ACCESS_RIGHTS=0x9b GUEST_CS_LIMIT=0xffff";
static const char v86_base[] =
	"GUEST_CR4=0x2000 GUEST_RFLAGS=0x20002 "
	"GUEST_CS_ACCESS_RIGHTS=0xf3 GUEST_CS_LIMIT=0xffff GUEST_CS_BASE=0x80 "
	"GUEST_SS_ACCESS_RIGHTS=0xf3 GUEST_SS_LIMIT=0xffff GUEST_SS_BASE=0x100 "
	"GUEST_DS_ACCESS_RIGHTS=0xf3 GUEST_DS_LIMIT=0xffff GUEST_DS_BASE=0x100 "
	"GUEST_ES_ACCESS_RIGHTS=0xf3 GUEST_ES_LIMIT=0xffff GUEST_ES_BASE=0x100 "
	"GUEST_FS_ACCESS_RIGHTS=0xf3 GUEST_FS_LIMIT=0xffff GUEST_FS_BASE=0x100 "
	"GUEST_GS_ACCESS_RIGHTS=0xf3 GUEST_GS_LIMIT=0xffff GUEST_GS_BASE=0x100";

__attribute__((noreturn)) static void bad(const char *words)
{
	fprintf(stderr, "not understood: %s\n", words);
	abort();
}

static bool read_cell(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value)
{
	const struct entry_world *world = opaque;

	for (unsigned i = world->nr_cells; i-- > 0;) {
		uint64_t offset = address.value - world->cells[i].address;

		if (offset > 8 - size)
			continue;
		*value = world->cells[i].value >> 8 * offset;
		if (size < 8)
			*value &= ~(~0ull << 8 * size);
		return true;
	}
	return false;
}

/* Something that is neither a field nor an MSR nor memory. */
static bool change_other(struct entry_world *w, const char *name, uint64_t value)
{
	struct udv_vmx_processor *p = &w->processor;

	if (strcmp(name, "efer") == 0)
		w->entry.efer = value;
	else if (strcmp(name, "tracing") == 0)
		w->entry.tracing = value;
	else if (strcmp(name, "pointer") == 0)
		w->entry.vmcs_pointer = value;
	else if (strcmp(name, "maxphyaddr") == 0)
		p->maxphyaddr = (uint8_t)value;
	else if (strcmp(name, "linear") == 0)
		p->linear_bits = (uint8_t)value;
	else if (strcmp(name, "features") == 0)
		p->features = (uint32_t)value;
	else if (strcmp(name, "efer_bits") == 0)
		p->efer_bits = value;
	else if (strcmp(name, "debugctl_bits") == 0)
		p->debugctl_bits = value;
	else if (strcmp(name, "perf_bits") == 0)
		p->perf_global_ctrl_bits = value;
	else if (strcmp(name, "spec_bits") == 0)
		p->spec_ctrl_bits = value;
	else
		return false;
	return true;
}

static uint64_t combine(uint64_t old, char operation, uint64_t value)
{
	return operation == '+' ? old | value : operation == '-' ? old & ~value : value;
}

static void change_one(struct entry_world *w, const char *name, char operation, uint64_t value)
{
	uint32_t number;
	uint64_t old;

	if (*name == '@') {
		if (w->nr_cells == WORLD_CELLS)
			bad(name);
		w->cells[w->nr_cells].address = strtoull(name + 1, NULL, 0);
		w->cells[w->nr_cells++].value = value;
	} else if (change_other(w, name, value)) {
		return;
	} else if (udv_list_find(UDV_LIST_VMCS_FIELDS, name, &number) == UDV_OK) {
		if (udv_vmcs_read(&w->vmcs, number, &old) != UDV_OK ||
		    udv_vmcs_write(&w->vmcs, number, combine(old, operation, value)) != UDV_OK)
			bad(name);
	} else if (udv_list_find(UDV_LIST_MSRS, name, &number) == UDV_OK &&
		   number - UDV_VMX_MSR_FIRST < UDV_VMX_NR_MSRS) {
		uint64_t *msr = &w->processor.msr[number - UDV_VMX_MSR_FIRST];

		*msr = combine(*msr, operation, value);
	} else {
		bad(name);
	}
}

void world_change(struct entry_world *world, const char *words)
{
	char copy[2048], *word, *rest = NULL;

	if (strlen(words) >= sizeof(copy))
		bad(words);
	strcpy(copy, words);
	for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *equals = strchr(word, '='), operation = '=', *end;
		uint64_t value;

		if (!equals || equals == word)
			bad(word);
		value = strtoull(equals + 1, &end, 0);
		if (*end)
			bad(word);
		if (equals[-1] == '+' || equals[-1] == '-')
			operation = *--equals;
		*equals = '\0';
		change_one(world, word, operation, value);
	}
}

void world_init(struct entry_world *world, enum world_base base)
{
	memset(world, 0, sizeof(*world));
	world->memory.read = read_cell;
	world->memory.opaque = world;
	world->entry.vmcs = &world->vmcs;
	world->entry.processor = &world->processor;
	world->entry.memory = &world->memory;
	world_change(world, everything);
	world_change(world, long_base);
	if (base != LONG)
		world_change(world, pae_base);
	if (base == HOST32)
		world_change(world, host32_base);
	if (base == REAL)
		world_change(world, real_base);
	if (base == V86)
		world_change(world, v86_base);
}
