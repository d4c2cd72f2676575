/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/paging_bits.h"
#include "cpu/access.h"
#include "cpu/debug.h"
#include "cpu/events.h"
#include "cpu/handler.h"
#include "cpu/vmx_apic.h"

/*
 * Accesses that miss the TLB, cross a page, or may not be cached: devices, code, ROM, pages with a
 * breakpoint. All of an access is translated before the first byte moves.
 */

static uint32_t walker_access(const struct cpu *cpu, uint32_t access)
{
	uint32_t a = access & (UDV_ACCESS_KIND | UDV_ACCESS_IMPLICIT | UDV_ACCESS_SIZE(0xff));

	if (cpu->state.cpl == 3 || access & UDV_ACCESS_USER)
		a |= UDV_ACCESS_USER;
	if (cpu->state.rflags & FLAG_AC)
		a |= UDV_ACCESS_AC;
	if (cpu->delivering.valid)
		a |= UDV_ACCESS_EVENT_DELIVERY;
	return a;
}

static bool raise_page_fault(struct cpu *cpu, const struct udv_walk_result *walk, uint64_t linear)
{
	cpu->fault = (struct cpu_event){ .valid = true,
					 .vector = VECTOR_PF,
					 .type = EVENT_EXCEPTION,
					 .has_error_code = true,
					 .error_code = walk->fault.error_code,
					 .address = linear };
	return false;
}

static bool raise_not_canonical(struct cpu *cpu, uint32_t access)
{
	return cpu_raise_error(cpu, access & ACCESS_STACK ? VECTOR_SS : VECTOR_GP, 0);
}

/*
 * The walk, and what comes of a refusal. A page fault or EPT violation invalidates what is cached
 * for its address: another kind of access may have found it before the tables changed.
 * SDM Vol 3A "Operations that Invalidate TLBs and Paging-Structure Caches", Vol 3C "Operations that
 * Invalidate Cached Mappings"
 */
static bool walk(struct cpu *cpu, uint64_t linear, uint32_t access, struct udv_walk_result *result)
{
	cpu->stats.tlb_misses++;
	if (unlikely(cpu->vmx.apic_page != VMX_NO_POINTER) &&
	    !vmx_apic_tables(cpu, linear, walker_access(cpu, access)))
		return false;
	for (;;) {
		switch (udv_walk(&cpu->paging, walker_access(cpu, access), UDV_GVA(linear),
				 result)) {
		case UDV_WALK_OK:
			return true;
		case UDV_WALK_CONTENDED: /* by whom? one processor runs at a time */
			continue;
		case UDV_WALK_NOT_CANONICAL:
			return raise_not_canonical(cpu, access);
		case UDV_WALK_EPT_VIOLATION:
		case UDV_WALK_EPT_MISCONFIG:
		case UDV_WALK_PML_FULL:
		case UDV_WALK_SPP_EVENT:
			cpu_tlb_flush_page(cpu, linear);
			vmx_trace_walk(cpu, &cpu->paging, walker_access(cpu, access), result);
			return vmx_record_walk(cpu, result, access & UDV_ACCESS_FETCH);
		default:
			cpu_tlb_flush_page(cpu, linear);
			return raise_page_fault(cpu, result, linear);
		}
	}
}

/* The size matters to sub-page permissions, and a walk takes no more than this of it. */
#define WALK_MAX_SIZE 255u

static bool walk_sized(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access,
		       struct udv_walk_result *result)
{
	unsigned first = size < WALK_MAX_SIZE ? size : WALK_MAX_SIZE;

	if (!walk(cpu, linear, access | UDV_ACCESS_SIZE(first), result))
		return false;
	if (unlikely(result->write_by_spp) && first < size) {
		struct udv_walk_result rest;

		return walk_sized(cpu, linear + first, size - first, access, &rest);
	}
	return true;
}

static bool page_has_breakpoint(const struct cpu *cpu, uint64_t linear)
{
	if (!cpu->data_breakpoints)
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (!((cpu->state.dr[i] ^ linear) & PAGE_MASK))
			return true;
	return cpu->points && cpu_page_watched(cpu, linear);
}

/* Descriptor tables and TSSs are seen as supervisor mode sees them with RFLAGS.AC = 0. */
static uint64_t view_of(const struct cpu *cpu, uint32_t access)
{
	if (!(access & ACCESS_SYSTEM))
		return cpu->view;
	if (cpu->flush_always || cpu->path)
		return TLB_NOTHING;
	return (cpu->fetch_view & ~BITS(VIEW_BITS - 1, 0)) | VIEW_SUPERVISOR;
}

static uint64_t tag_of(const struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access)
{
	return ((linear + size - 1) & PAGE_MASK) | view_of(cpu, access);
}

/*
 * Whether an access that crosses into this page would look for its tag in the page's own entry, and
 * hit: where the hash gives a page and the one before it the same place, every 2 GB.
 */
static bool shares_entry(struct cpu *cpu, uint64_t linear)
{
	return tlb_entry_of(cpu, linear) == tlb_entry_of(cpu, linear - MEM_PAGE_SIZE);
}

/* Caches a translation, for reads, or for reads and writes. */
static void fill(struct cpu *cpu, uint64_t linear, const struct udv_walk_result *result,
		 uint8_t *page, uint8_t flags, uint32_t access)
{
	struct tlb_entry *entry = tlb_entry_of(cpu, linear);
	uint64_t view = view_of(cpu, access);
	uint64_t tag = (linear & PAGE_MASK) | view;
	uint64_t physical = result->hpa.value & PAGE_MASK;

	if (view == TLB_NOTHING || page_has_breakpoint(cpu, linear) || shares_entry(cpu, linear))
		return;
	if (entry->read != tag || (entry->physical & PAGE_MASK) != physical) {
		entry->write = TLB_EMPTY;
		entry->physical = physical;
	}
	entry->read = tag;
	entry->addend = (uintptr_t)page - (uintptr_t)(linear & PAGE_MASK);
	if (access & UDV_ACCESS_WRITE && !result->write_by_spp) {
		entry->physical |= TLB_WRITABLE;
		if (!(flags & (MEM_PAGE_CODE | MEM_PAGE_ROM)))
			entry->write = tag;
	}
	note_page_size(cpu, linear, result->guest_page_shift, (unsigned)(entry - cpu->tlb));
}

/* A page of code or ROM, or one that is crossed: no hit for handlers, but no walk either. */
static bool cached(struct cpu *cpu, uint64_t linear, uint32_t access, uint64_t *physical)
{
	const struct tlb_entry *entry = tlb_entry_of(cpu, linear);

	if (entry->read != tag_of(cpu, linear, 1, access))
		return false;
	if (access & UDV_ACCESS_WRITE && !(entry->physical & TLB_WRITABLE))
		return false;
	*physical = (entry->physical & PAGE_MASK) | (linear & ~PAGE_MASK);
	return true;
}

/* One page of an access. */
struct part {
	uint64_t physical;
	uint8_t *host; /* NULL for a device or nothing */
	uint8_t *flags;
	unsigned size;
};

static bool translate_part(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access,
			   struct part *part)
{
	struct udv_walk_result result;
	bool walked = true, was_cached = false;
	uint8_t *page;

	part->size = size;
	if (unlikely(cpu->path)) {
		if (!cpu->path->translate(cpu->path->opaque, cpu, linear, access, &part->physical))
			return false;
	} else if (cached(cpu, linear, access, &part->physical)) {
		walked = false;
		was_cached = true;
	} else {
		if (!walk_sized(cpu, linear, size, access, &result))
			return false;
		part->physical = result.hpa.value;
	}
	if (unlikely((part->physical & PAGE_MASK) == cpu->vmx.apic_page)) {
		if (!vmx_apic_access(cpu, &part->physical, size, access))
			return false;
		walked = false;
	}
	page = mem_page(cpu->memory, part->physical & PAGE_MASK, &part->flags);
	part->host = page ? page + (part->physical & ~PAGE_MASK) : NULL;
	/* It was a page of code, and may be none any more. */
	if (page && was_cached && access & UDV_ACCESS_WRITE &&
	    !(*part->flags & (MEM_PAGE_CODE | MEM_PAGE_ROM)))
		tlb_entry_of(cpu, linear)->write = tlb_entry_of(cpu, linear)->read;
	if (page && walked && !cpu->path)
		fill(cpu, linear, &result, page, *part->flags, access);
	/* Handlers may write there from now on, even if this access was only to be judged. */
	if (page && access & UDV_ACCESS_WRITE && !(*part->flags & MEM_PAGE_ROM))
		*part->flags |= MEM_PAGE_DIRTY;
	return true;
}

/* An access of 1..4096 bytes in one or two parts; part[1].size is 0 if there is only one. */
static bool translate_access(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access,
			     struct part part[2])
{
	unsigned first = MEM_PAGE_SIZE - (unsigned)(linear & ~PAGE_MASK);
	uint64_t next = linear + first;

	if (first > size)
		first = size;
	part[1].size = 0;
	/* Known from the linear address, so before any page fault, as processors have it. */
	if (unlikely(cpu->mode & MODE_ALIGN) && linear & (size - 1) & 7 &&
	    !(access & ACCESS_SYSTEM) && size <= 8)
		return cpu_raise_error(cpu, VECTOR_AC, 0);
	if (!translate_part(cpu, linear, first, access, &part[0]))
		return false;
	if (first < size) {
		if (!is_64bit(cpu))
			next = (uint32_t)next;
		if (!translate_part(cpu, next, size - first, access, &part[1]))
			return false;
	}
	return true;
}

/* The largest access that a device sees of what is left: naturally aligned. */
static unsigned device_step(uint64_t physical, unsigned size)
{
	unsigned step = 8;

	while (step > size || physical & (step - 1))
		step /= 2;
	return step;
}

static void read_part(struct cpu *cpu, const struct part *part, uint8_t *data)
{
	unsigned done = 0;

	if (part->host) {
		memcpy(data, part->host, part->size);
		return;
	}
	cpu->attention |= ATTENTION_EVENT;
	cpu_charge(cpu, COST_DEVICE);
	/* As one access if it can be one, misaligned or not. */
	if (part->size <= 8 && !(part->size & (part->size - 1))) {
		uint64_t value = mem_read(cpu->memory, part->physical, part->size);

		memcpy(data, &value, part->size);
		return;
	}
	while (done < part->size) {
		unsigned step = device_step(part->physical + done, part->size - done);
		uint64_t value = mem_read(cpu->memory, part->physical + done, step);

		memcpy(data + done, &value, step);
		done += step;
	}
}

static void write_part(struct cpu *cpu, const struct part *part, const uint8_t *data)
{
	unsigned done = 0;
	uint64_t value = 0;

	if (part->host) {
		/* Code that is overwritten with itself stays what it is, and so do its blocks. */
		if ((*part->flags & (MEM_PAGE_CODE | MEM_PAGE_DIRTY)) ==
			    (MEM_PAGE_CODE | MEM_PAGE_DIRTY) &&
		    !memcmp(part->host, data, part->size))
			return;
		if (mem_written(cpu->memory, part->physical, part->size, part->flags))
			memcpy(part->host, data, part->size);
		return;
	}
	cpu->attention |= ATTENTION_EVENT;
	cpu_charge(cpu, COST_DEVICE);
	if (part->size <= 8 && !(part->size & (part->size - 1))) {
		memcpy(&value, data, part->size);
		mem_write(cpu->memory, part->physical, part->size, value);
		return;
	}
	while (done < part->size) {
		unsigned step = device_step(part->physical + done, part->size - done);

		value = 0;
		memcpy(&value, data + done, step);
		mem_write(cpu->memory, part->physical + done, step, value);
		done += step;
	}
}

/* SDM Vol 3B "Debug Registers": data breakpoints that [@linear, @linear + @size) touches. */
static void match_breakpoints(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access)
{
	static const uint8_t lengths[] = { 1, 2, 8, 4 };

	if (likely(!cpu->data_breakpoints) || access & ACCESS_SYSTEM)
		return;
	if (cpu->points)
		cpu_watch(cpu, linear, size, access);
	for (unsigned i = 0; i < 4; i++) {
		unsigned control = (unsigned)(cpu->state.dr7 >> (16 + 4 * i));
		uint64_t length = lengths[control >> 2 & 3];
		uint64_t start = cpu->state.dr[i] & ~(length - 1);

		if (!(cpu->state.dr7 >> 2 * i & 3))
			continue;
		if (!((control & 3) == 1 && access & UDV_ACCESS_WRITE) && (control & 3) != 3)
			continue;
		/* Differences, for neither range to wrap around. */
		if (linear - start < length || start - linear < size)
			cpu_hit_breakpoint(cpu, i);
	}
}

bool cpu_read_bytes(struct cpu *cpu, uint64_t linear, void *data, unsigned size, uint32_t access)
{
	struct part part[2];

	if (tlb_entry_of(cpu, linear)->read == tag_of(cpu, linear, size, access)) {
		memcpy(data, tlb_host(cpu, linear), size);
		return true;
	}
	if (!translate_access(cpu, linear, size, access | UDV_ACCESS_READ, part))
		return false;
	read_part(cpu, &part[0], data);
	if (part[1].size)
		read_part(cpu, &part[1], (uint8_t *)data + part[0].size);
	match_breakpoints(cpu, linear, size, access | UDV_ACCESS_READ);
	return true;
}

uint8_t *cpu_write_hit(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access)
{
	return tlb_entry_of(cpu, linear)->write == tag_of(cpu, linear, size, access)
		       ? tlb_host(cpu, linear)
		       : NULL;
}

bool cpu_write_bytes(struct cpu *cpu, uint64_t linear, const void *data, unsigned size,
		     uint32_t access)
{
	uint8_t *host = cpu_write_hit(cpu, linear, size, access);
	struct part part[2];

	if (host) {
		memcpy(host, data, size);
		return true;
	}
	if (!translate_access(cpu, linear, size, access | UDV_ACCESS_WRITE, part))
		return false;
	write_part(cpu, &part[0], data);
	if (part[1].size)
		write_part(cpu, &part[1], (const uint8_t *)data + part[0].size);
	match_breakpoints(cpu, linear, size, access | UDV_ACCESS_WRITE);
	return true;
}

bool cpu_rmw_begin(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access)
{
	struct part part[2];
	uint32_t both = access | UDV_ACCESS_READ | UDV_ACCESS_WRITE;

	if (!translate_access(cpu, linear, size, both, part))
		return false;
	cpu->slow_value = 0;
	read_part(cpu, &part[0], (uint8_t *)&cpu->slow_value);
	if (part[1].size)
		read_part(cpu, &part[1], (uint8_t *)&cpu->slow_value + part[0].size);
	for (unsigned i = 0; i < 2; i++) {
		cpu->rmw.physical[i] = part[i].physical;
		cpu->rmw.host[i] = part[i].host;
		cpu->rmw.flags[i] = part[i].flags;
		cpu->rmw.size[i] = (uint8_t)part[i].size;
	}
	match_breakpoints(cpu, linear, size, both);
	return true;
}

void cpu_rmw_commit(struct cpu *cpu, uint64_t value)
{
	unsigned done = 0;

	for (unsigned i = 0; i < 2 && cpu->rmw.size[i]; i++) {
		struct part part = { .physical = cpu->rmw.physical[i],
				     .host = cpu->rmw.host[i],
				     .flags = cpu->rmw.flags[i],
				     .size = cpu->rmw.size[i] };

		write_part(cpu, &part, (const uint8_t *)&value + done);
		done += part.size;
	}
}

/* By sizes, for each is one instruction then. */
static uint64_t load(const void *host, unsigned size)
{
	switch (size) {
	case 1:
		return host_load(host, 1);
	case 2:
		return host_load(host, 2);
	case 4:
		return host_load(host, 4);
	default:
		return host_load(host, 8);
	}
}

static void store(void *host, unsigned size, uint64_t value)
{
	switch (size) {
	case 1:
		host_store(host, 1, value);
		break;
	case 2:
		host_store(host, 2, value);
		break;
	case 4:
		host_store(host, 4, value);
		break;
	default:
		host_store(host, 8, value);
	}
}

bool cpu_read(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access, uint64_t *value)
{
	if (tlb_entry_of(cpu, linear)->read == tag_of(cpu, linear, size, access)) {
		*value = load(tlb_host(cpu, linear), size);
		return true;
	}
	*value = 0;
	return cpu_read_bytes(cpu, linear, value, size, access);
}

bool cpu_write(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access, uint64_t value)
{
	if (tlb_entry_of(cpu, linear)->write == tag_of(cpu, linear, size, access)) {
		store(tlb_host(cpu, linear), size, value);
		return true;
	}
	return cpu_write_bytes(cpu, linear, &value, size, access);
}

bool cpu_probe(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access)
{
	struct part part[2];

	return translate_access(cpu, linear, size, access, part);
}

bool cpu_translate_fetch(struct cpu *cpu, uint64_t linear, uint32_t access,
			 struct udv_walk_result *result)
{
	if (!walk(cpu, linear, access, result))
		return false;
	if (unlikely((result->hpa.value & PAGE_MASK) == cpu->vmx.apic_page))
		return vmx_apic_access(cpu, &result->hpa.value, 1, UDV_ACCESS_FETCH);
	note_page_size(cpu, linear, result->guest_page_shift, TLB_SIZE + itlb_slot(linear));
	return true;
}

bool cpu_translate(struct cpu *cpu, uint64_t linear, uint32_t access, uint64_t *physical)
{
	struct udv_walk_result result;

	if (!walk(cpu, linear, access, &result))
		return false;
	*physical = result.hpa.value;
	if (unlikely((*physical & PAGE_MASK) == cpu->vmx.apic_page))
		return vmx_apic_access(cpu, physical, 1, access);
	return true;
}

/* ---------------------------------------------------------------- operands */

uint64_t cpu_effective_address(const struct cpu *cpu, const struct op *op)
{
	static const uint64_t masks[] = { 0xffff, UINT32_MAX, ~0ull, ~0ull };
	uint64_t base = op->base == GPR_OFFSET_RIP ? block_start(cpu) : gpr_read(cpu, op->base, 8);
	uint64_t address =
		base + (gpr_read(cpu, op->index, 8) << op->scale) + (uint64_t)(int64_t)op->disp;

	if (unlikely(op->address == ADDRESS_64_AND_4G))
		address += BIT(32);
	return address & masks[op->address];
}

bool cpu_operand_linear(struct cpu *cpu, const struct op *op, unsigned size, uint32_t access,
			uint64_t *linear)
{
	return cpu_segment_linear(cpu, op->segment, cpu_effective_address(cpu, op), size, access,
				  linear);
}

/* ---------------------------------------------------------------- stack */

static void set_stack_pointer(struct cpu *cpu, uint64_t value)
{
	uint64_t mask = cpu_stack_mask(cpu);
	uint64_t *rsp = &cpu->state.gpr[GPR_RSP];

	*rsp = mask == 0xffff ? (*rsp & ~mask) | (value & mask) : value & mask;
}

bool cpu_push(struct cpu *cpu, unsigned size, uint64_t value)
{
	uint64_t rsp = (cpu->state.gpr[GPR_RSP] - size) & cpu_stack_mask(cpu);
	uint64_t linear;

	if (!cpu_segment_linear(cpu, SEG_SS, rsp, size, UDV_ACCESS_WRITE | ACCESS_STACK, &linear) ||
	    !cpu_write(cpu, linear, size, ACCESS_STACK, value))
		return false;
	set_stack_pointer(cpu, rsp);
	return true;
}

static bool probe_pushes(struct cpu *cpu, unsigned size, unsigned n)
{
	const uint32_t access = UDV_ACCESS_WRITE | ACCESS_STACK;

	for (unsigned i = 1; i <= n; i++) {
		uint64_t rsp = (cpu->state.gpr[GPR_RSP] - i * (uint64_t)size) & cpu_stack_mask(cpu);
		uint64_t linear;

		if (!cpu_segment_linear(cpu, SEG_SS, rsp, size, access, &linear) ||
		    !cpu_probe(cpu, linear, size, access))
			return false;
	}
	return true;
}

bool cpu_push_all(struct cpu *cpu, unsigned size, const uint64_t *values, unsigned n)
{
	uint64_t rsp = cpu->state.gpr[GPR_RSP];

	if (!probe_pushes(cpu, size, n))
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (!cpu_push(cpu, size, values[i])) {
			cpu->state.gpr[GPR_RSP] = rsp;
			return false;
		}
	}
	return true;
}

bool cpu_stack_read(struct cpu *cpu, unsigned size, unsigned offset, uint64_t *value)
{
	uint64_t rsp = (cpu->state.gpr[GPR_RSP] + offset) & cpu_stack_mask(cpu);
	uint64_t linear;

	return cpu_segment_linear(cpu, SEG_SS, rsp, size, UDV_ACCESS_READ | ACCESS_STACK,
				  &linear) &&
	       cpu_read(cpu, linear, size, ACCESS_STACK, value);
}

void cpu_stack_adjust(struct cpu *cpu, int64_t bytes)
{
	set_stack_pointer(cpu, cpu->state.gpr[GPR_RSP] + (uint64_t)bytes);
}

bool cpu_pop(struct cpu *cpu, unsigned size, uint64_t *value)
{
	if (!cpu_stack_read(cpu, size, 0, value))
		return false;
	cpu_stack_adjust(cpu, size);
	return true;
}
