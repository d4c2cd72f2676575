/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cpu/block.h"

#include <string.h>
#include <sys/mman.h>

#include "cpu/debug.h"
#include "cpu/enter.h"
#include "cpu/handler.h"

static unsigned hash_of(uint64_t physical, uint32_t mode)
{
	uint64_t h = (physical ^ physical >> 14) + (uint64_t)mode * 0x9e5u;

	return (unsigned)h & (BLOCK_HASH_SIZE - 1);
}

static struct code_page **page_slot(struct block_cache *cache, uint64_t page)
{
	return &cache->pages[page >> MEM_PAGE_SHIFT & (CODE_PAGE_HASH_SIZE - 1)];
}

static struct code_page *find_page(struct block_cache *cache, uint64_t page)
{
	struct code_page *p = *page_slot(cache, page);

	while (p && p->page != page)
		p = p->next;
	return p;
}

static void *arena_take(struct block_cache *cache, size_t size)
{
	void *memory = cache->arena + cache->arena_used;

	cache->arena_used += (size + 31) & ~(size_t)31;
	return memory;
}

/* Every way to a block but the hash. */
static void forget_jumps(struct block_cache *cache)
{
	for (unsigned i = 0; i < cache->nr_cpus; i++) {
		cache->cpus[i]->attention |= ATTENTION_CODE;
		cache->cpus[i]->stats.blocks_dropped++;
	}
}

static void unhash(struct block_cache *cache, struct block *block)
{
	struct block **link = &cache->hash[hash_of(block->physical, block->mode)];

	while (*link && *link != block)
		link = &(*link)->next;
	if (*link)
		*link = block->next;
	memset(block->link, 0, sizeof(block->link));
}

static struct block *next_in_page(const struct block *block, uint64_t page)
{
	return block->second_page == page ? block->page_next2 : block->page_next;
}

/* A block of two pages stays in the list of the other one, but can no longer be found. */
static void drop_page(struct block_cache *cache, struct code_page *page)
{
	struct code_page **slot = page_slot(cache, page->page);
	uint8_t *flags;

	for (struct block *b = page->blocks; b; b = next_in_page(b, page->page))
		unhash(cache, b);
	while (*slot != page)
		slot = &(*slot)->next;
	*slot = page->next;
	if (mem_page(cache->memory, page->page, &flags))
		*flags &= (uint8_t)~MEM_PAGE_CODE;
	forget_jumps(cache);
}

static uint64_t chunks_of(uint64_t offset, uint64_t size)
{
	uint64_t first = offset / 64;
	uint64_t last = (offset + size - 1) / 64;

	return BITS(last > 63 ? 63 : last, first);
}

static bool overlaps(const struct block *block, uint64_t page, uint64_t from, uint64_t to)
{
	uint64_t start = block->physical & (MEM_PAGE_SIZE - 1);
	uint64_t end = start + block->bytes;

	if (block->second_page == page) {
		start = 0;
		end -= MEM_PAGE_SIZE;
	}
	return start < to && from < end;
}

static void blocks_written(void *opaque, uint64_t address, uint64_t size)
{
	struct block_cache *cache = opaque;
	uint64_t base = address & ~(uint64_t)(MEM_PAGE_SIZE - 1);
	uint64_t from = address - base;
	struct code_page *page = find_page(cache, base);

	if (!page || !(page->chunks & chunks_of(from, size)))
		return;
	for (struct block *b = page->blocks; b; b = next_in_page(b, base)) {
		if (overlaps(b, base, from, from + size)) {
			drop_page(cache, page);
			return;
		}
	}
}

enum udv_status blocks_create(struct block_cache *cache, struct mem_space *memory,
			      size_t arena_size)
{
	memset(cache, 0, sizeof(*cache));
	cache->arena = mmap(NULL, arena_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (cache->arena == MAP_FAILED)
		return UDV_ERR_NO_MEMORY;
	cache->arena_size = arena_size;
	cache->memory = memory;
	memory->code_written = blocks_written;
	memory->code_opaque = cache;
	return UDV_OK;
}

void blocks_destroy(struct block_cache *cache)
{
	munmap(cache->arena, cache->arena_size);
	cache->memory->code_written = NULL;
}

void blocks_add_cpu(struct block_cache *cache, struct cpu *cpu)
{
	if (cache->nr_cpus < BLOCK_MAX_CPUS)
		cache->cpus[cache->nr_cpus++] = cpu;
}

void blocks_flush(struct block_cache *cache)
{
	for (unsigned i = 0; i < CODE_PAGE_HASH_SIZE; i++)
		while (cache->pages[i])
			drop_page(cache, cache->pages[i]);
	memset(cache->hash, 0, sizeof(cache->hash));
	cache->arena_used = 0;
	forget_jumps(cache);
}

struct block *block_find(struct block_cache *cache, uint64_t physical, uint32_t mode)
{
	struct block *block = cache->hash[hash_of(physical, mode)];

	while (block && (block->physical != physical || block->mode != mode))
		block = block->next;
	return block;
}

/* No TLB may go on writing to a page that has become code. */
static void withdraw_write_tags(struct block_cache *cache, uint64_t page)
{
	for (unsigned i = 0; i < cache->nr_cpus; i++)
		for (unsigned j = 0; j < TLB_SIZE; j++)
			if (!((cache->cpus[i]->tlb[j].physical ^ page) >> MEM_PAGE_SHIFT))
				cache->cpus[i]->tlb[j].write = TLB_EMPTY;
}

/* Puts @block into the list of @page: its first, or its second. */
static void enter_page(struct block_cache *cache, struct block *block, uint64_t page,
		       uint64_t chunks)
{
	struct code_page *p = find_page(cache, page);
	uint8_t *flags;

	if (!p) {
		p = arena_take(cache, sizeof(*p));
		*p = (struct code_page){ .page = page, .next = *page_slot(cache, page) };
		*page_slot(cache, page) = p;
	}
	if (block->second_page == page)
		block->page_next2 = p->blocks;
	else
		block->page_next = p->blocks;
	p->blocks = block;
	p->chunks |= chunks;
	if (mem_page(cache->memory, page, &flags) && !(*flags & MEM_PAGE_CODE)) {
		*flags |= MEM_PAGE_CODE;
		withdraw_write_tags(cache, page);
	}
}

static void publish(struct block_cache *cache, struct block *block)
{
	unsigned hash = hash_of(block->physical, block->mode);
	uint64_t page = block->physical & ~(uint64_t)(MEM_PAGE_SIZE - 1);
	uint64_t offset = block->physical - page;

	block->next = cache->hash[hash];
	cache->hash[hash] = block;
	enter_page(cache, block, page, chunks_of(offset, block->bytes));
	if (block->second_page != BLOCK_NO_PAGE)
		enter_page(cache, block, block->second_page,
			   chunks_of(0, offset + block->bytes - MEM_PAGE_SIZE));
}

/* ---------------------------------------------------------------- building */

struct builder {
	struct cpu *cpu;
	struct block *block;
	uint64_t linear, physical;
	uint32_t mode;
	uint8_t window[16]; /* of an instruction that crosses its page */
	uint64_t second_page;
};

static enum insn_mode insn_mode_of(uint32_t mode)
{
	switch (mode & MODE_CODE) {
	case MODE_CODE16:
		return INSN_MODE_16;
	case MODE_CODE16P:
		return INSN_MODE_16P;
	case MODE_CODE32:
		return INSN_MODE_32;
	default:
		return INSN_MODE_64;
	}
}

/* Bytes that can be had at @physical; a device is read byte by byte into @buffer. */
static const uint8_t *fetch_bytes(struct cpu *cpu, uint64_t physical, uint8_t buffer[16],
				  unsigned *count)
{
	uint64_t inside = physical & (MEM_PAGE_SIZE - 1);
	uint8_t *flags;
	const uint8_t *page = mem_page(cpu->memory, physical - inside, &flags);

	*count = (unsigned)(MEM_PAGE_SIZE - inside < 15 ? MEM_PAGE_SIZE - inside : 15);
	if (page)
		return page + inside;
	for (unsigned i = 0; i < *count; i++)
		buffer[i] = (uint8_t)mem_read(cpu->memory, physical + i, 1);
	return buffer;
}

/* The rest of an instruction from the next page. False: that page faults. */
static bool fetch_crossing(struct builder *b, uint64_t linear, const uint8_t *bytes, unsigned count)
{
	uint64_t next = (linear | (MEM_PAGE_SIZE - 1)) + 1;
	uint8_t buffer[16];
	const uint8_t *rest;
	uint64_t physical;
	unsigned more;

	if ((b->mode & MODE_CODE) != MODE_CODE64)
		next = (uint32_t)next;
	memcpy(b->window, bytes, count);
	if (!cpu_translate(b->cpu, next,
			   UDV_ACCESS_FETCH | (b->cpu->state.cpl == 3 ? UDV_ACCESS_USER : 0),
			   &physical))
		return false;
	rest = fetch_bytes(b->cpu, physical, buffer, &more);
	memcpy(b->window + count, rest, 15 - count < more ? 15 - count : more);
	b->second_page = physical & ~(uint64_t)(MEM_PAGE_SIZE - 1);
	return true;
}

static const struct op *undefined_opcode(struct cpu *cpu, const struct op *op)
{
	cpu_raise(cpu, VECTOR_UD);
	return cpu_fault(cpu, op);
}

static const struct op *too_long(struct cpu *cpu, const struct op *op)
{
	cpu_raise_error(cpu, VECTOR_GP, 0);
	return cpu_fault(cpu, op);
}

static bool lock_allowed(const struct insn *insn)
{
	return insn->nr_operands && insn->operand[0].kind == OPERAND_MEM;
}

/* What every op has. */
static void fill_common(struct op *op, const struct insn *insn, unsigned end)
{
	int64_t disp = insn->mem.displacement;

	op->end = (uint16_t)end;
	op->length = insn->length;
	op->size = size_log(insn->operand_size) & 3u;
	op->address = insn->address_size == 8	? ADDRESS_64
		      : insn->address_size == 4 ? ADDRESS_32
						: ADDRESS_16;
	op->base = GPR_OFFSET(insn->mem.base);
	op->index = GPR_OFFSET(insn->mem.index);
	op->scale = insn->mem.scale;
	op->segment = (uint8_t)(insn->mem.segment & 7u) & 7u;
	if (insn->mem.rip_relative) {
		op->base = GPR_OFFSET_RIP;
		disp += end;
		if (disp > INT32_MAX && op->address == ADDRESS_64)
			op->address = ADDRESS_64_AND_4G;
	}
	op->disp = (int32_t)disp;
}

static bool translate(struct translator *t, const struct insn *insn, struct op *op)
{
	static translate_fn *const families[] = {
		[FAMILY_INTEGER] = translate_integer, [FAMILY_BRANCH] = translate_branch,
		[FAMILY_STRING] = translate_string,   [FAMILY_SYSTEM] = translate_system,
		[FAMILY_X87] = translate_x87,	      [FAMILY_SIMD] = translate_simd,
	};
	unsigned family = insn_families[insn->id];

	if (!family || !feature_has(&t->cpu->config->features, insn->feature) ||
	    (family == FAMILY_X87 && !feature_has(&t->cpu->config->features, FEATURE_FPU)))
		return false;
	if (insn->prefixes & PREFIX_LOCK && !lock_allowed(insn))
		return false;
	if (insn->prefixes & PREFIX_VEX && t->mode & (MODE_REAL | MODE_V86))
		return false;
	return families[family](t, insn, op);
}

/*
 * How many bytes it takes to see that there is no such instruction: those must be within CS's
 * limit, and a store to them may make another of it.
 */
static unsigned undefined_length(enum insn_mode mode, const uint8_t *bytes, unsigned count)
{
	struct insn insn;
	unsigned n = 1;

	while (n < count && insn_decode(mode, bytes, n, &insn) == DECODE_MORE)
		n++;
	return n;
}

/* Decodes one instruction into @op. False: the block ends before it. */
static bool add_insn(struct builder *b, struct translator *t, unsigned offset, struct op *op)
{
	struct block *block = b->block;
	struct insn insn;
	uint8_t buffer[16];
	unsigned count;
	const uint8_t *bytes = fetch_bytes(b->cpu, b->physical + offset, buffer, &count);
	enum decode_result result = insn_decode(insn_mode_of(b->mode), bytes, count, &insn);

	if (result == DECODE_MORE) {
		if (offset) /* it gets a block of its own */
			return false;
		if (!fetch_crossing(b, b->linear, bytes, count))
			return false;
		bytes = b->window;
		count = 15;
		result = insn_decode(insn_mode_of(b->mode), bytes, count, &insn);
		t->ends = true;
	}
	memset(op, 0, sizeof(*op));
	op->seq = block->n;
	if (result == DECODE_OK) {
		fill_common(op, &insn, offset + insn.length);
		if (!translate(t, &insn, op))
			result = DECODE_UNDEFINED;
	}
	if (result != DECODE_OK) {
		op->fn = result == DECODE_TOO_LONG ? too_long : undefined_opcode;
		if (!op->length)
			op->length = (uint8_t)undefined_length(insn_mode_of(b->mode), bytes, count);
		op->end = (uint16_t)(offset + op->length);
		t->ends = true;
	}
	block->n++;
	return true;
}

/* CS's limit is no concern of handlers: a block that passes it ends there, and then the run loop
 * sees it. */
/* Returns how many ops there are. */
static unsigned fill(struct builder *b)
{
	struct translator t = { .cpu = b->cpu, .mode = b->mode, .single = b->mode & MODE_SINGLE };
	struct block *block = b->block;
	unsigned limit = b->mode & MODE_SINGLE ? 1 : BLOCK_MAX_INSNS;
	unsigned offset = 0;
	unsigned n = 0;

	if (unlikely(b->cpu->points) && cpu_may_break(b->cpu, b->linear)) {
		cpu_break_op(&block->ops[n++]);
		limit += limit < BLOCK_MAX_INSNS;
	}
	while (n < limit && !t.ends) {
		if (offset && unlikely(b->cpu->points) && cpu_may_break(b->cpu, b->linear + offset))
			break;
		if (offset &&
		    ((b->physical + offset) ^ b->physical) & ~(uint64_t)(MEM_PAGE_SIZE - 1))
			break;
		if (!add_insn(b, &t, offset, &block->ops[n]))
			break;
		t.previous = &block->ops[n];
		offset = block->ops[n].end;
		n++;
	}
	block->ops[n] = (struct op){ .fn = op_end,
				     .code = OP_END,
				     .end = (uint16_t)offset,
				     .seq = block->n,
				     .src = BLOCK_LINK_END };
	for (unsigned i = 0; i < n; i++)
		if (block->ops[i].code == OP_JCC)
			block->ops[i].index = (uint8_t)(n - i - 1);
	block->bytes = (uint16_t)offset;
	if (b->second_page != BLOCK_NO_PAGE &&
	    (b->physical & (MEM_PAGE_SIZE - 1)) + offset > MEM_PAGE_SIZE)
		block->second_page = b->second_page;
	return n + 1;
}

static bool is_memory(const struct cpu *cpu, uint64_t physical)
{
	uint8_t *flags;

	return mem_page(cpu->memory, physical & ~(uint64_t)(MEM_PAGE_SIZE - 1), &flags);
}

struct block *block_build(struct cpu *cpu, uint64_t linear, uint64_t physical, uint32_t mode)
{
	struct block_cache *cache = cpu->blocks;
	size_t most = sizeof(struct block) + (BLOCK_MAX_INSNS + 1) * sizeof(struct op);
	struct builder b = { .cpu = cpu,
			     .linear = linear,
			     .physical = physical,
			     .mode = mode,
			     .second_page = BLOCK_NO_PAGE };
	unsigned nr_ops;

	if (cache->arena_size - cache->arena_used < most + 3 * sizeof(struct code_page) + 128)
		blocks_flush(cache);
	b.block = (struct block *)(cache->arena + cache->arena_used);
	memset(b.block, 0, sizeof(*b.block));
	b.block->physical = physical;
	b.block->second_page = BLOCK_NO_PAGE;
	b.block->mode = mode;
	nr_ops = fill(&b);
	if (!b.block->n)
		return NULL;
	/* A device's registers are read anew each time: nothing may lead to such a block. */
	if (unlikely(!is_memory(cpu, physical) || (b.block->second_page != BLOCK_NO_PAGE &&
						   !is_memory(cpu, b.block->second_page))))
		return mode & MODE_SINGLE ? b.block
					  : block_build(cpu, linear, physical, mode | MODE_SINGLE);
	arena_take(cache, sizeof(struct block) + nr_ops * sizeof(struct op));
	publish(cache, b.block);
	cpu->stats.blocks_built++;
	return b.block;
}
