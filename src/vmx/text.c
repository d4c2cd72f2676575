/* SPDX-License-Identifier: MIT */
#include "vmx/text.h"

#include <string.h>

#include <undervisor/explain.h>

#include "arch/msrs.h"
#include "arch/vmcs_fields.h"
#include "base/bits.h"
#include "vmx/vmcs.h"

#define NAME_SIZE 64u
#define EFER_64BIT_HOST 0x500u /* LME and LMA */

/* ---------------------------------------------------------------- bytes */

bool text_line(struct span *rest, struct span *line)
{
	const char *newline;

	if (rest->at == rest->end)
		return false;
	newline = memchr(rest->at, '\n', (size_t)(rest->end - rest->at));
	*line = (struct span){ rest->at, newline ? newline : rest->end };
	rest->at = newline ? newline + 1 : rest->end;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct span text_trim(struct span text)
{
	while (text.at < text.end && is_space(*text.at))
		text.at++;
	while (text.at < text.end && is_space(text.end[-1]))
		text.end--;
	return text;
}

bool text_starts(struct span text, const char *start)
{
	size_t length = strlen(start);

	return (size_t)(text.end - text.at) >= length && memcmp(text.at, start, length) == 0;
}

const char *text_find(struct span text, const char *what)
{
	for (; text.at < text.end; text.at++)
		if (*text.at == *what && text_starts(text, what))
			return text.at;
	return NULL;
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Digits of @base to the end of @text. */
static bool digits(struct span text, unsigned base, uint64_t *value)
{
	uint64_t sum = 0;

	if (text.at == text.end)
		return false;
	for (; text.at < text.end; text.at++) {
		unsigned d = digit(*text.at);

		if (d >= base || sum > (UINT64_MAX - d) / base)
			return false;
		sum = sum * base + d;
	}
	*value = sum;
	return true;
}

bool text_hex(struct span *text, uint64_t *value)
{
	struct span number = *text;

	if (text_starts(number, "0x"))
		number.at += 2;
	text->at = number.at;
	while (text->at < text->end && digit(*text->at) < 16)
		text->at++;
	number.end = text->at;
	return digits(number, 16, value);
}

bool text_number(struct span text, uint64_t *value)
{
	if (text_starts(text, "0x") || text_starts(text, "0X"))
		return digits((struct span){ text.at + 2, text.end }, 16, value);
	if (text.at < text.end && (text.end[-1] | 0x20) == 'h')
		return digits((struct span){ text.at, text.end - 1 }, 16, value);
	return digits(text, 10, value);
}

/* ---------------------------------------------------------------- fields */

void text_reset(struct udv_vmcs_text *text)
{
	memset(&text->vmcs, 0, sizeof(text->vmcs));
	memset(text->given, 0, sizeof(text->given));
	text->nr_fields = text->nr_msrs = text->parts = 0;
	udv_vmcs_write(&text->vmcs, ARCH_VMCS_VMCS_LINK_POINTER, UINT64_MAX);
}

bool text_refuse(struct udv_vmcs_text *text, const char *problem)
{
	text->problem = problem;
	return false;
}

bool text_give(struct udv_vmcs_text *text, uint32_t encoding, uint64_t value)
{
	int slot = vmx_field_slot(encoding);
	uint64_t *given;

	if (slot < 0)
		return text_refuse(text, "there is no VMCS field of this encoding");
	given = &text->given[encoding & ARCH_VMCS_HIGH][slot / 64];
	if (*given & BIT(slot % 64))
		return text_refuse(text, "this field was given before");
	if (udv_vmcs_write(&text->vmcs, encoding, value) != UDV_OK)
		return text_refuse(text, "the value is wider than the field");
	*given |= BIT(slot % 64);
	text->nr_fields++;
	return true;
}

bool udv_vmcs_text_has(const struct udv_vmcs_text *text, uint32_t encoding)
{
	int slot = vmx_field_slot(encoding);

	return slot >= 0 &&
	       (text->given[0][slot / 64] | text->given[1][slot / 64]) >> slot % 64 & 1;
}

/* ---------------------------------------------------------------- a processor */

static bool set_width(struct udv_vmcs_text *text, uint8_t *width, uint64_t value, uint64_t low,
		      uint64_t high)
{
	if (value < low || value > high)
		return text_refuse(text, "no processor has addresses of this width");
	*width = (uint8_t)value;
	return true;
}

static bool set_feature(struct udv_vmcs_text *text, uint32_t feature, uint64_t value)
{
	if (value > 1)
		return text_refuse(text, "give 0 or 1");
	text->processor.features &= ~feature;
	text->processor.features |= value ? feature : 0;
	return true;
}

/* What is neither a field nor an MSR; *@known: there is such a thing. */
static bool set_other(struct udv_vmcs_text *text, const char *name, uint64_t value, bool *known)
{
	struct udv_vmx_processor *p = &text->processor;
	const struct {
		const char *name;
		uint64_t *at;
	} words[] = {
		{ "vmcs_pointer", &text->vmcs_pointer },
		{ "efer_bits", &p->efer_bits },
		{ "debugctl_bits", &p->debugctl_bits },
		{ "perf_global_ctrl_bits", &p->perf_global_ctrl_bits },
		{ "rtit_ctl_bits", &p->rtit_ctl_bits },
		{ "lbr_ctl_bits", &p->lbr_ctl_bits },
		{ "spec_ctrl_bits", &p->spec_ctrl_bits },
	};

	*known = true;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(name, words[i].name) == 0) {
			*words[i].at = value;
			return true;
		}
	}
	if (strcmp(name, "maxphyaddr") == 0)
		return set_width(text, &p->maxphyaddr, value, 32, 52);
	if (strcmp(name, "linear_bits") == 0)
		return set_width(text, &p->linear_bits, value, value == 57 ? 57 : 48,
				 value == 57 ? 57 : 48);
	if (strcmp(name, "sgx") == 0)
		return set_feature(text, UDV_VMX_SGX, value);
	if (strcmp(name, "rtm") == 0)
		return set_feature(text, UDV_VMX_RTM, value);
	if (strcmp(name, "bus_lock") == 0)
		return set_feature(text, UDV_VMX_BUS_LOCK, value);
	if (strcmp(name, "tracing") == 0) {
		text->tracing = value == 1;
		return value <= 1 || text_refuse(text, "give 0 or 1");
	}
	*known = false;
	return false;
}

static void set_msr(struct udv_vmcs_text *text, uint32_t index, uint64_t value)
{
	uint32_t n = index - UDV_VMX_MSR_FIRST;

	if (n < UDV_VMX_NR_MSRS) {
		text->processor.msr[n] = value;
		text->msrs |= 1u << n;
	} else if (index == ARCH_MSR_EFER) {
		text->efer = value;
		text->efer_given = true;
	}
}

/* ---------------------------------------------------------------- NAME = VALUE */

static bool give_named(struct udv_vmcs_text *text, const char *name, uint64_t value, bool fields)
{
	uint32_t number;
	bool known;

	if (set_other(text, name, value, &known))
		return true;
	if (known)
		return false;
	if (udv_list_find(UDV_LIST_MSRS, name, &number) == UDV_OK) {
		set_msr(text, number, value);
		return true;
	}
	if (udv_list_find(UDV_LIST_VMCS_FIELDS, name, &number) != UDV_OK)
		return text_refuse(text, "neither a VMCS field nor an MSR has this name");
	if (!fields)
		return text_refuse(text, "a VMCS field says nothing of a processor");
	return text_give(text, number, value);
}

static bool is_separator(char c)
{
	return is_space(c) || c == '=' || c == ':';
}

/* @name: NAME_SIZE bytes. */
static bool split(struct udv_vmcs_text *text, struct span line, char *name, uint64_t *value)
{
	size_t length = 0;

	while (line.at < line.end && !is_separator(*line.at)) {
		if (length == NAME_SIZE - 1 || *line.at == '\0')
			return text_refuse(text, "neither a VMCS field nor an MSR has this name");
		name[length++] = *line.at++;
	}
	name[length] = '\0';
	line = text_trim(line);
	if (line.at < line.end && (*line.at == '=' || *line.at == ':'))
		line.at++;
	line = text_trim(line);
	if (length == 0 || line.at == line.end)
		return text_refuse(text, "a line is NAME = VALUE");
	if (!text_number(line, value))
		return text_refuse(text,
				   "the value is not a number of 64 bits; write 0x1a, 26 or 1AH");
	return true;
}

static bool take_line(struct udv_vmcs_text *text, struct span line, bool fields)
{
	const char *comment = memchr(line.at, '#', (size_t)(line.end - line.at));
	char name[NAME_SIZE];
	uint64_t value, encoding;

	if (comment)
		line.end = comment;
	line = text_trim(line);
	if (line.at == line.end)
		return true;
	if (!split(text, line, name, &value))
		return false;
	if (!text_number((struct span){ name, name + strlen(name) }, &encoding))
		return give_named(text, name, value, fields);
	if (!fields) {
		if (encoding - UDV_VMX_MSR_FIRST >= UDV_VMX_NR_MSRS)
			return text_refuse(text, "not the number of a capability MSR");
		set_msr(text, (uint32_t)encoding, value);
		return true;
	}
	return text_give(text, encoding > UINT32_MAX ? UINT32_MAX : (uint32_t)encoding, value);
}

static void prepare(struct udv_vmcs_text *text, const struct udv_vmx_processor *processor)
{
	memset(text, 0, sizeof(*text));
	text_reset(text);
	text->processor = *processor;
	text->efer = EFER_64BIT_HOST;
	text->vmcs_pointer = UINT64_MAX;
}

static enum udv_status parse(struct udv_vmcs_text *text, struct span rest, bool fields)
{
	bool kvm = fields && kvm_dump_is(rest);
	struct kvm_state state = { .section = 0 };
	struct span line;

	text->kind = kvm ? UDV_VMCS_TEXT_KVM : UDV_VMCS_TEXT_FIELDS;
	while (text_line(&rest, &line)) {
		text->line++;
		if (!(kvm ? kvm_dump_line(text, line, &state) : take_line(text, line, fields)))
			return UDV_ERR_FORMAT;
	}
	return UDV_OK;
}

enum udv_status udv_vmcs_text_parse(struct udv_vmcs_text *text,
				    const struct udv_vmx_processor *processor, const char *data,
				    size_t size)
{
	enum udv_status status;

	prepare(text, processor);
	if (size == 0)
		return UDV_OK;
	status = parse(text, (struct span){ data, data + size }, true);
	if (status == UDV_OK && text->kind == UDV_VMCS_TEXT_KVM &&
	    udv_vmcs_text_has(text, ARCH_VMCS_HOST_EFER))
		udv_vmcs_read(&text->vmcs, ARCH_VMCS_HOST_EFER, &text->efer);
	return status;
}

enum udv_status udv_vmx_processor_parse(struct udv_vmcs_text *text,
					const struct udv_vmx_processor *processor, const char *data,
					size_t size)
{
	prepare(text, processor);
	return size == 0 ? UDV_OK : parse(text, (struct span){ data, data + size }, false);
}
