/* SPDX-License-Identifier: MIT */
#include "cpu/operand.h"

/* Bit tests, scans, counts, BMI1, BMI2, ADX, CRC32, MOVBE, BSWAP. SDM Vol 2 */

static unsigned count_trailing(uint64_t value)
{
	return (unsigned)__builtin_ctzll(value);
}

static unsigned highest_bit(uint64_t value)
{
	return 63u - (unsigned)__builtin_clzll(value);
}

/* Value of the r/m operand, here src. */
static bool source_read(struct cpu *cpu, const struct op *op, uint64_t *value)
{
	if (op->flag)
		return memory_read(cpu, op, 1u << op->size, value);
	*value = reg_get(cpu, op->src, op->size);
	return true;
}

/* ---------------------------------------------------------------- BT, BTS, BTR, BTC */

static uint64_t changed_bit(unsigned code, uint64_t value, uint64_t bit)
{
	switch (code) {
	case OP_BTS:
		return value | bit;
	case OP_BTR:
		return value & ~bit;
	case OP_BTC:
		return value ^ bit;
	default:
		return value;
	}
}

/* CF is the bit; the other status flags stay. */
static void set_cf(struct cpu *cpu, bool cf)
{
	replace_cf_of(cpu, cf, lazy_of(cpu));
}

/* A bit offset in a register reaches beyond the operand in memory, in both directions. */
static bool bit_test_string(struct cpu *cpu, const struct op *op)
{
	unsigned size = 1u << op->size;
	int64_t offset = sign_extend(reg_get(cpu, op->src, op->size), op->size);
	int64_t unit = offset >> (3 + op->size);
	uint64_t bit = BIT((unsigned)offset & (8 * size - 1));
	uint64_t address = cpu_effective_address(cpu, op) + (uint64_t)(unit * (int64_t)size);
	uint32_t access = op->code == OP_BT ? UDV_ACCESS_READ : UDV_ACCESS_READ | UDV_ACCESS_WRITE;
	uint64_t linear, value;

	if (op->address == ADDRESS_16)
		address = (uint16_t)address;
	else if (op->address == ADDRESS_32)
		address = (uint32_t)address;
	if (!cpu_segment_linear(cpu, op->segment, address, size, access, &linear))
		return false;
	if (op->code == OP_BT) {
		if (!cpu_read(cpu, linear, size, stack_bit(op), &value))
			return false;
	} else {
		if (!cpu_rmw_begin(cpu, linear, size, stack_bit(op)))
			return false;
		value = cpu->slow_value;
		cpu_rmw_commit(cpu, changed_bit(op->code, value, bit));
	}
	set_cf(cpu, value & bit);
	return true;
}
PLAIN_HANDLER(bit_test_string_handler, bit_test_string)

/* Of a register, or by an immediate: within the operand. */
static bool bit_test(struct cpu *cpu, const struct op *op)
{
	uint64_t index =
		op->src == GPR_OFFSET(GPR_ZERO) ? op->imm : reg_get(cpu, op->src, op->size);
	uint64_t bit = BIT((unsigned)index & ((8u << op->size) - 1));
	uint64_t value;

	if (op->code == OP_BT) {
		if (!operand_read(cpu, op, &value))
			return false;
	} else {
		if (!operand_begin(cpu, op, &value))
			return false;
		operand_update(cpu, op, changed_bit(op->code, value, bit));
	}
	set_cf(cpu, value & bit);
	return true;
}
PLAIN_HANDLER(bit_test_handler, bit_test)

static void translate_bit_test(const struct insn *insn, struct op *op, unsigned code)
{
	unsigned size = insn->operand[0].size;

	op->code = (uint16_t)code;
	op->size = (size == 8 ? 3u : size == 4 ? 2u : 1u) & 3u;
	op->flag = is_memory(insn, 0);
	if (!op->flag)
		op->dst = reg_offset(&insn->operand[0]);
	op->imm = insn->imm[0];
	op->src = is_immediate(insn, 1) ? GPR_OFFSET(GPR_ZERO) : reg_offset(&insn->operand[1]);
	op->fn = op->flag && !is_immediate(insn, 1) ? bit_test_string_handler : bit_test_handler;
}

/* ---------------------------------------------------------------- scans and counts */

/* Of 0: ZF, and the destination stays (upper half too). */
static bool scan(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (!source_read(cpu, op, &value))
		return false;
	set_flags_bits(cpu, op->size, value ? 1 : 0, false, false, false);
	if (value)
		reg_set(cpu, op->dst, op->size,
			op->code == OP_BSF ? count_trailing(value) : highest_bit(value));
	return true;
}
PLAIN_HANDLER(scan_handler, scan)

/* Of 0: the operand's bits, and CF. */
static bool count_zeros(struct cpu *cpu, const struct op *op)
{
	unsigned bits = 8u << op->size;
	uint64_t value;
	unsigned count = bits;

	if (!source_read(cpu, op, &value))
		return false;
	if (value)
		count = op->code == OP_TZCNT ? count_trailing(value)
					     : bits - 1 - highest_bit(value);
	reg_set(cpu, op->dst, op->size, count);
	set_flags_bits(cpu, op->size, count, value == 0, false, false);
	return true;
}
PLAIN_HANDLER(count_zeros_handler, count_zeros)

static bool population_count(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (!source_read(cpu, op, &value))
		return false;
	reg_set(cpu, op->dst, op->size, (unsigned)__builtin_popcountll(value));
	/* ZF of the source; all other status flags are cleared, PF too. */
	set_status_flags(cpu, value ? 0 : FLAG_ZF);
	return true;
}
PLAIN_HANDLER(population_count_handler, population_count)

/* ---------------------------------------------------------------- BMI */

/* The first source is in reg[0] (VEX.vvvv), the other one src or memory. */
static bool and_not(struct cpu *cpu, const struct op *op)
{
	uint64_t value, result;

	if (!source_read(cpu, op, &value))
		return false;
	result = ~reg_get(cpu, op->reg[0], op->size) & value & size_mask(op->size);
	reg_set(cpu, op->dst, op->size, result);
	set_flags_bits(cpu, op->size, result, false, false, false);
	return true;
}
PLAIN_HANDLER(and_not_handler, and_not)

static bool lowest_bit(struct cpu *cpu, const struct op *op)
{
	uint64_t value, result;
	bool cf = false;

	if (!source_read(cpu, op, &value))
		return false;
	switch (op->code) {
	case OP_BLSI:
		result = value & -value;
		cf = value != 0;
		break;
	case OP_BLSMSK:
		result = value ^ (value - 1);
		cf = value == 0;
		break;
	default:
		result = value & (value - 1);
		cf = value == 0;
		break;
	}
	result &= size_mask(op->size);
	reg_set(cpu, op->dst, op->size, result);
	set_flags_bits(cpu, op->size, result, cf, false, false);
	return true;
}
PLAIN_HANDLER(lowest_bit_handler, lowest_bit)

/* reg[0]: the control operand. */
static bool extract_bits(struct cpu *cpu, const struct op *op)
{
	unsigned bits = 8u << op->size;
	uint64_t control = reg_get(cpu, op->reg[0], op->size);
	unsigned start = (unsigned)control & 0xff;
	unsigned length = (unsigned)(control >> 8) & 0xff;
	uint64_t value, result;

	if (!source_read(cpu, op, &value))
		return false;
	result = start < bits ? value >> start : 0;
	if (length < bits)
		result &= BIT(length) - 1;
	reg_set(cpu, op->dst, op->size, result);
	set_flags_bits(cpu, op->size, result, false, false, false);
	return true;
}
PLAIN_HANDLER(extract_bits_handler, extract_bits)

static bool zero_high_bits(struct cpu *cpu, const struct op *op)
{
	unsigned bits = 8u << op->size;
	unsigned index = (unsigned)reg_get(cpu, op->reg[0], 0);
	uint64_t value;

	if (!source_read(cpu, op, &value))
		return false;
	if (index < bits)
		value &= BIT(index) - 1;
	reg_set(cpu, op->dst, op->size, value);
	set_flags_bits(cpu, op->size, value, index >= bits, false, false);
	return true;
}
PLAIN_HANDLER(zero_high_bits_handler, zero_high_bits)

static uint64_t deposit(uint64_t value, uint64_t mask)
{
	uint64_t result = 0;

	for (; mask; mask &= mask - 1, value >>= 1)
		if (value & 1)
			result |= mask & -mask;
	return result;
}

static uint64_t gather(uint64_t value, uint64_t mask)
{
	uint64_t result = 0;

	for (unsigned to = 0; mask; mask &= mask - 1, to++)
		if (value & mask & -mask)
			result |= BIT(to);
	return result;
}

/* The source is reg[0], the mask src or memory. */
static bool by_mask(struct cpu *cpu, const struct op *op)
{
	uint64_t value = reg_get(cpu, op->reg[0], op->size);
	uint64_t mask;

	if (!source_read(cpu, op, &mask))
		return false;
	reg_set(cpu, op->dst, op->size,
		op->code == OP_PDEP ? deposit(value, mask) : gather(value, mask));
	return true;
}
PLAIN_HANDLER(by_mask_handler, by_mask)

/* SARX, SHLX, SHRX by reg[0]; RORX by imm32. No flags. */
static bool flagless_shift(struct cpu *cpu, const struct op *op)
{
	unsigned bits = 8u << op->size;
	unsigned count;
	uint64_t value;

	if (!source_read(cpu, op, &value))
		return false;
	count = op->code == OP_RORX ? op->imm32 : (unsigned)reg_get(cpu, op->reg[0], op->size);
	count &= bits - 1;
	switch (op->code) {
	case OP_RORX:
		value = count ? value >> count | value << (bits - count) : value;
		break;
	case OP_SARX:
		value = (uint64_t)(sign_extend(value, op->size) >> count);
		break;
	case OP_SHLX:
		value <<= count;
		break;
	default:
		value >>= count;
		break;
	}
	reg_set(cpu, op->dst, op->size, value & size_mask(op->size));
	return true;
}
PLAIN_HANDLER(flagless_shift_handler, flagless_shift)

/* ADCX by and into CF, ADOX by and into OF; no other flag changes. */
static bool add_carry(struct cpu *cpu, const struct op *op)
{
	uint64_t flag = op->code == OP_ADCX ? FLAG_CF : FLAG_OF;
	uint64_t flags = cpu_status_flags(cpu);
	uint64_t a = reg_get(cpu, op->dst, op->size);
	uint64_t b, sum;
	bool carry;

	if (!source_read(cpu, op, &b))
		return false;
	sum = (a + b + !!(flags & flag)) & size_mask(op->size);
	carry = flags & flag ? sum <= a : sum < a;
	reg_set(cpu, op->dst, op->size, sum);
	set_status_flags(cpu, (flags & ~flag) | (carry ? flag : 0));
	return true;
}
PLAIN_HANDLER(add_carry_handler, add_carry)

/* ---------------------------------------------------------------- CRC32, MOVBE, BSWAP */

#define CRC32C_REFLECTED 0x82f63b78u

/* @size: of the source, in imm32 as a shift; the destination is 4 or 8 bytes. */
static bool crc32(struct cpu *cpu, const struct op *op)
{
	unsigned source = op->imm32;
	uint32_t crc = (uint32_t)reg_get(cpu, op->dst, 2);
	uint64_t value;

	if (op->flag) {
		if (!memory_read(cpu, op, 1u << source, &value))
			return false;
	} else {
		value = reg_get(cpu, op->src, source);
	}
	for (unsigned i = 0; i < 8u << source; i++, value >>= 1) {
		bool out = (crc ^ value) & 1;

		crc = crc >> 1 ^ (out ? CRC32C_REFLECTED : 0);
	}
	reg_set(cpu, op->dst, 3, crc);
	return true;
}
PLAIN_HANDLER(crc32_handler, crc32)

static uint64_t swapped(uint64_t value, unsigned log)
{
	return __builtin_bswap64(value) >> (64 - (8u << log));
}

static bool move_swapped(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (op->code == OP_MOVBE_STORE)
		return memory_write(cpu, op, 1u << op->size,
				    swapped(reg_get(cpu, op->src, op->size), op->size));
	if (!memory_read(cpu, op, 1u << op->size, &value))
		return false;
	reg_set(cpu, op->dst, op->size, swapped(value, op->size));
	return true;
}
PLAIN_HANDLER(move_swapped_handler, move_swapped)

/* Of 16 bits: undefined; processors give 0. */
static const struct op *byte_swap(struct cpu *cpu, const struct op *op)
{
	uint64_t value = reg_get(cpu, op->dst, op->size);

	reg_set(cpu, op->dst, op->size, op->size == 1 ? 0 : swapped(value, op->size));
	NEXT(cpu, op);
}

/* ---------------------------------------------------------------- translation */

static const struct {
	uint16_t insn, code;
	op_fn *fn;
	uint8_t vvvv; /* operand that goes into reg[0], or 0 */
} rows[] = {
	{ INSN_BSF, OP_BSF, scan_handler, 0 },
	{ INSN_BSR, OP_BSR, scan_handler, 0 },
	{ INSN_TZCNT, OP_TZCNT, count_zeros_handler, 0 },
	{ INSN_LZCNT, OP_LZCNT, count_zeros_handler, 0 },
	{ INSN_POPCNT, OP_POPCNT, population_count_handler, 0 },
	{ INSN_ANDN, OP_ANDN, and_not_handler, 1 },
	{ INSN_BLSI, OP_BLSI, lowest_bit_handler, 0 },
	{ INSN_BLSMSK, OP_BLSMSK, lowest_bit_handler, 0 },
	{ INSN_BLSR, OP_BLSR, lowest_bit_handler, 0 },
	{ INSN_BEXTR, OP_BEXTR, extract_bits_handler, 2 },
	{ INSN_BZHI, OP_BZHI, zero_high_bits_handler, 2 },
	{ INSN_PDEP, OP_PDEP, by_mask_handler, 1 },
	{ INSN_PEXT, OP_PEXT, by_mask_handler, 1 },
	{ INSN_RORX, OP_RORX, flagless_shift_handler, 0 },
	{ INSN_SARX, OP_SARX, flagless_shift_handler, 2 },
	{ INSN_SHLX, OP_SHLX, flagless_shift_handler, 2 },
	{ INSN_SHRX, OP_SHRX, flagless_shift_handler, 2 },
	{ INSN_ADCX, OP_ADCX, add_carry_handler, 0 },
	{ INSN_ADOX, OP_ADOX, add_carry_handler, 0 },
};

static unsigned without_feature(const struct translator *t, unsigned insn)
{
	const struct arch_feature_set *features = &t->cpu->config->features;

	/* F3 before BSF and BSR means nothing to a processor that lacks TZCNT and LZCNT. */
	if (insn == INSN_TZCNT && !feature_has(features, FEATURE_BMI1))
		return INSN_BSF;
	if (insn == INSN_LZCNT && !feature_has(features, FEATURE_LZCNT))
		return INSN_BSR;
	return insn;
}

static enum translation translate_row(struct translator *t, const struct insn *insn, struct op *op)
{
	unsigned id = without_feature(t, insn->id);

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned source = rows[i].vvvv == 1 ? 2 : 1;

		if (rows[i].insn != id)
			continue;
		op->code = rows[i].code;
		op->fn = rows[i].fn;
		op->dst = reg_offset(&insn->operand[0]);
		op->imm32 = (uint32_t)insn->imm[0];
		op->flag = is_memory(insn, source);
		if (!op->flag)
			op->src = reg_offset(&insn->operand[source]);
		if (rows[i].vvvv)
			op->reg[0] = reg_offset(&insn->operand[rows[i].vvvv]);
		return TRANSLATED;
	}
	return NOT_MINE;
}

static void translate_crc32(const struct insn *insn, struct op *op)
{
	op->code = OP_CRC32;
	op->fn = crc32_handler;
	op->dst = reg_offset(&insn->operand[0]);
	op->imm32 = size_log(insn->operand[1].size);
	op->flag = is_memory(insn, 1);
	if (!op->flag)
		op->src = reg_offset(&insn->operand[1]);
}

static void translate_movbe(const struct insn *insn, struct op *op)
{
	bool store = is_memory(insn, 0);

	op->code = store ? OP_MOVBE_STORE : OP_MOVBE_LOAD;
	op->fn = move_swapped_handler;
	if (store)
		op->src = reg_offset(&insn->operand[1]);
	else
		op->dst = reg_offset(&insn->operand[0]);
}

enum translation translate_bits(struct translator *t, const struct insn *insn, struct op *op)
{
	switch (insn->id) {
	case INSN_BT:
		translate_bit_test(insn, op, OP_BT);
		return insn->prefixes & PREFIX_LOCK ? UNDEFINED : TRANSLATED;
	case INSN_BTS:
		translate_bit_test(insn, op, OP_BTS);
		return TRANSLATED;
	case INSN_BTR:
		translate_bit_test(insn, op, OP_BTR);
		return TRANSLATED;
	case INSN_BTC:
		translate_bit_test(insn, op, OP_BTC);
		return TRANSLATED;
	case INSN_CRC32:
		translate_crc32(insn, op);
		return TRANSLATED;
	case INSN_MOVBE:
		translate_movbe(insn, op);
		return TRANSLATED;
	case INSN_BSWAP:
		op->code = OP_BSWAP;
		op->fn = byte_swap;
		op->dst = reg_offset(&insn->operand[0]);
		return TRANSLATED;
	default:
		return translate_row(t, insn, op);
	}
}
