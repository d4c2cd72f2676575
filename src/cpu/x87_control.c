/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/system_bits.h"
#include "cpu/operand.h"
#include "cpu/x87.h"

/* x87 control instructions: they leave the instruction and data pointers alone. */

bool x87_raise_pending(struct cpu *cpu, const struct op *op)
{
	if (!(cpu->state.cr0 & CR0_NE))
		return true;
	cpu->current = op;
	return cpu_raise(cpu, VECTOR_MF);
}

void x87_update_pending(struct arch_x87 *x87)
{
	x87->status &= (uint16_t) ~(X87_STATUS_ES | X87_STATUS_B);
	if (x87->status & ~x87->control & FP_EXCEPTIONS)
		x87->status |= X87_STATUS_ES | X87_STATUS_B;
}

static void set_control(struct arch_x87 *x87, uint64_t value)
{
	x87->control = (uint16_t)((value & X87_CONTROL_DEFINED) | X87_CONTROL_ONE);
	x87_update_pending(x87);
}

/* SDM Vol 2B "WAIT/FWAIT": #NM asks for both MP and TS. */
const struct op *do_X87_WAIT(struct cpu *cpu, const struct op *op)
{
	if (unlikely((cpu->state.cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS))) {
		cpu->current = op;
		cpu_raise(cpu, VECTOR_NM);
		return cpu_fault(cpu, op);
	}
	if (!x87_ready(cpu, op))
		return cpu_fault(cpu, op);
	NEXT(cpu, op);
}

/* FENI, FDISI and FSETPM meant something to the 8087 and 80287. */
const struct op *do_X87_IGNORED(struct cpu *cpu, const struct op *op)
{
	NEXT(cpu, op);
}

/* Registers keep their contents. */
static void initialize(struct arch_x87 *x87)
{
	x87->control = X87_CONTROL_INIT;
	x87->status = 0;
	x87->empty = 0xff;
	x87->opcode = 0;
	x87->instruction_pointer = x87->data_pointer = 0;
	x87->instruction_selector = x87->data_selector = 0;
}

const struct op *do_X87_INIT(struct cpu *cpu, const struct op *op)
{
	initialize(&cpu->state.x87);
	NEXT(cpu, op);
}

const struct op *do_X87_CLEAR(struct cpu *cpu, const struct op *op)
{
	cpu->state.x87.status &=
		(uint16_t) ~(FP_EXCEPTIONS | X87_STATUS_SF | X87_STATUS_ES | X87_STATUS_B);
	NEXT(cpu, op);
}

const struct op *do_X87_STATUS_TO_AX(struct cpu *cpu, const struct op *op)
{
	gpr_write(cpu, GPR_OFFSET(GPR_RAX), 2, cpu->state.x87.status);
	NEXT(cpu, op);
}

static bool load_control(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (!x87_ready(cpu, op) || !memory_read(cpu, op, 2, &value))
		return false;
	set_control(&cpu->state.x87, value);
	return true;
}

const struct op *do_X87_LOAD_CONTROL(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, load_control);
}

static bool store_control(struct cpu *cpu, const struct op *op)
{
	return memory_write(cpu, op, 2, cpu->state.x87.control);
}

const struct op *do_X87_STORE_CONTROL(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, store_control);
}

static bool store_status(struct cpu *cpu, const struct op *op)
{
	return memory_write(cpu, op, 2, cpu->state.x87.status);
}

const struct op *do_X87_STORE_STATUS(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, store_status);
}

/* ---------------------------------------------------------------- the environment */

/*
 * Seven fields of 16 or 32 bits: control, status, tags, and the pointers in four. SDM Vol 1
 * "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE"
 *
 *   protected   FIP     FCS (32 bits: FOP << 16)        FDP     FDS
 *   real        linear  its upper part << 12 | FOP      linear  its upper part << 12
 *
 * @op: size is 1 for 16-bit fields, flag is 1 for real and virtual-8086 mode
 */
enum field {
	FIELD_CONTROL,
	FIELD_STATUS,
	FIELD_TAGS,
	FIELD_IP,
	FIELD_IP_HIGH,
	FIELD_DP,
	FIELD_DP_HIGH,
	NR_FIELDS,
};

#define REGISTER_BYTES 10u
#define IMAGE_MAX (NR_FIELDS * 4 + 8 * REGISTER_BYTES)
#define FOP_MASK 0x7ffu
#define RESERVED_ONES 0xffff0000u /* the upper halves of words in a 32-bit image */

static unsigned field_bytes(const struct op *op)
{
	return op->size == 1 ? 2 : 4;
}

static unsigned environment_bytes(const struct op *op)
{
	return NR_FIELDS * field_bytes(op);
}

#define TAG_VALID 0u
#define TAG_ZERO 1u
#define TAG_SPECIAL 2u
#define TAG_EMPTY 3u

static unsigned tag_of(const struct arch_f80 *reg)
{
	unsigned exponent = reg->sign_exponent & 0x7fff;

	if (!exponent && !reg->significand)
		return TAG_ZERO;
	return exponent && exponent != 0x7fff && reg->significand >> 63 ? TAG_VALID : TAG_SPECIAL;
}

uint32_t x87_tag_word(const struct arch_x87 *x87)
{
	uint32_t tags = 0;

	for (unsigned i = 0; i < 8; i++)
		tags |= (x87->empty >> i & 1 ? TAG_EMPTY : tag_of(&x87->reg[i])) << 2 * i;
	return tags;
}

static void describe_real(const struct arch_x87 *x87, uint32_t f[NR_FIELDS])
{
	uint32_t ip = (uint32_t)x87->instruction_pointer + (x87->instruction_selector * 16u);
	uint32_t dp = (uint32_t)x87->data_pointer + (x87->data_selector * 16u);

	f[FIELD_IP] = RESERVED_ONES | (uint16_t)ip;
	f[FIELD_IP_HIGH] = ip >> 16 << 12 | x87->opcode;
	f[FIELD_DP] = RESERVED_ONES | (uint16_t)dp;
	f[FIELD_DP_HIGH] = dp >> 16 << 12;
}

static void describe(const struct arch_x87 *x87, bool real, uint32_t f[NR_FIELDS])
{
	f[FIELD_CONTROL] = RESERVED_ONES | x87->control;
	f[FIELD_STATUS] = RESERVED_ONES | x87->status;
	f[FIELD_TAGS] = RESERVED_ONES | x87_tag_word(x87);
	if (real) {
		describe_real(x87, f);
		return;
	}
	f[FIELD_IP] = (uint32_t)x87->instruction_pointer;
	f[FIELD_IP_HIGH] = x87->instruction_selector | (uint32_t)x87->opcode << 16;
	f[FIELD_DP] = (uint32_t)x87->data_pointer;
	f[FIELD_DP_HIGH] = RESERVED_ONES | x87->data_selector;
}

static void put_environment(const struct cpu *cpu, const struct op *op, uint8_t *image)
{
	uint32_t f[NR_FIELDS];

	describe(&cpu->state.x87, op->flag, f);
	for (unsigned i = 0; i < NR_FIELDS; i++)
		memcpy(image + i * field_bytes(op), &f[i], field_bytes(op));
}

static void take_pointers(struct arch_x87 *x87, const struct op *op, const uint32_t f[NR_FIELDS])
{
	bool wide = op->size != 1;

	if (op->flag) {
		uint32_t mask = wide ? 0xffffffff : 0xfffff;

		x87->instruction_pointer =
			((f[FIELD_IP] & 0xffff) | f[FIELD_IP_HIGH] >> 12 << 16) & mask;
		x87->data_pointer = ((f[FIELD_DP] & 0xffff) | f[FIELD_DP_HIGH] >> 12 << 16) & mask;
		x87->instruction_selector = x87->data_selector = 0;
		x87->opcode = f[FIELD_IP_HIGH] & FOP_MASK;
		return;
	}
	x87->instruction_pointer = f[FIELD_IP];
	x87->instruction_selector = (uint16_t)f[FIELD_IP_HIGH];
	x87->data_pointer = f[FIELD_DP];
	x87->data_selector = (uint16_t)f[FIELD_DP_HIGH];
	x87->opcode = f[FIELD_IP_HIGH] >> 16 & FOP_MASK;
}

static void take_environment(struct cpu *cpu, const struct op *op, const uint8_t *image)
{
	struct arch_x87 *x87 = &cpu->state.x87;
	uint32_t f[NR_FIELDS] = { 0 };

	for (unsigned i = 0; i < NR_FIELDS; i++)
		memcpy(&f[i], image + i * field_bytes(op), field_bytes(op));
	x87->empty = 0;
	for (unsigned i = 0; i < 8; i++)
		if ((f[FIELD_TAGS] >> 2 * i & 3) == TAG_EMPTY)
			x87->empty |= (uint8_t)(1u << i);
	take_pointers(x87, op, f);
	x87->status = (uint16_t)f[FIELD_STATUS];
	set_control(x87, f[FIELD_CONTROL]);
}

/* Registers follow the environment, ST(0) first. */
static void put_registers(const struct cpu *cpu, uint8_t *image)
{
	for (unsigned i = 0; i < 8; i++, image += REGISTER_BYTES) {
		struct fp_f80 st = x87_get(cpu, i);

		memcpy(image, &st.significand, 8);
		memcpy(image + 8, &st.sign_exponent, 2);
	}
}

static void take_registers(struct cpu *cpu, const uint8_t *image)
{
	for (unsigned i = 0; i < 8; i++, image += REGISTER_BYTES) {
		struct arch_f80 *st = &cpu->state.x87.reg[x87_physical(cpu, i)];

		memcpy(&st->significand, image, 8);
		memcpy(&st->sign_exponent, image + 8, 2);
	}
}

static bool read_image(struct cpu *cpu, const struct op *op, uint8_t *image, unsigned size)
{
	uint64_t linear;

	return x87_ready(cpu, op) && cpu_operand_linear(cpu, op, size, UDV_ACCESS_READ, &linear) &&
	       x87_is_aligned(cpu, linear, field_bytes(op)) &&
	       cpu_read_bytes(cpu, linear, image, size, stack_bit(op));
}

static bool write_image(struct cpu *cpu, const struct op *op, const uint8_t *image, unsigned size)
{
	uint64_t linear;

	return cpu_operand_linear(cpu, op, size, UDV_ACCESS_WRITE, &linear) &&
	       x87_is_aligned(cpu, linear, field_bytes(op)) &&
	       cpu_write_bytes(cpu, linear, image, size, stack_bit(op));
}

static bool load_environment(struct cpu *cpu, const struct op *op)
{
	uint8_t image[IMAGE_MAX];

	if (!read_image(cpu, op, image, environment_bytes(op)))
		return false;
	take_environment(cpu, op, image);
	return true;
}

const struct op *do_X87_LOAD_ENVIRONMENT(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, load_environment);
}

/* Masks all exceptions afterwards. */
static bool store_environment(struct cpu *cpu, const struct op *op)
{
	uint8_t image[IMAGE_MAX];

	put_environment(cpu, op, image);
	if (!write_image(cpu, op, image, environment_bytes(op)))
		return false;
	set_control(&cpu->state.x87, cpu->state.x87.control | FP_EXCEPTIONS);
	return true;
}

const struct op *do_X87_STORE_ENVIRONMENT(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, store_environment);
}

static bool save(struct cpu *cpu, const struct op *op)
{
	uint8_t image[IMAGE_MAX];
	unsigned head = environment_bytes(op);

	put_environment(cpu, op, image);
	put_registers(cpu, image + head);
	if (!write_image(cpu, op, image, head + 8 * REGISTER_BYTES))
		return false;
	initialize(&cpu->state.x87);
	return true;
}

const struct op *do_X87_SAVE(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, save);
}

static bool restore(struct cpu *cpu, const struct op *op)
{
	uint8_t image[IMAGE_MAX];
	unsigned head = environment_bytes(op);

	if (!read_image(cpu, op, image, head + 8 * REGISTER_BYTES))
		return false;
	take_environment(cpu, op, image);
	take_registers(cpu, image + head);
	return true;
}

const struct op *do_X87_RESTORE(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, restore);
}
