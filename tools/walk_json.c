/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <inttypes.h>

/*
 * One object a line. Numbers that may have 64 bits are strings in hexadecimal, since many readers
 * of JSON hold numbers as doubles.
 */

static void key_hex(const char *key, uint64_t value)
{
	printf(",\"%s\":\"0x%" PRIx64 "\"", key, value);
}

static void key_text(const char *key, const char *value)
{
	printf(",\"%s\":", key);
	put_json_string(stdout, value);
}

static void key_bool(const char *key, bool value)
{
	printf(",\"%s\":%s", key, value ? "true" : "false");
}

static const char *outcome_key(enum udv_outcome outcome)
{
	static const char *const keys[] = {
		[UDV_WALK_OK] = "ok",
		[UDV_WALK_NOT_CANONICAL] = "not-canonical",
		[UDV_WALK_PAGE_FAULT] = "page-fault",
		[UDV_WALK_GENERAL_PROTECTION] = "general-protection",
		[UDV_WALK_EPT_VIOLATION] = "ept-violation",
		[UDV_WALK_EPT_MISCONFIG] = "ept-misconfiguration",
		[UDV_WALK_PML_FULL] = "pml-full",
		[UDV_WALK_SPP_EVENT] = "spp-event",
		[UDV_WALK_NO_MEMORY] = "no-memory",
		[UDV_WALK_CONTENDED] = "contended",
	};

	return keys[outcome];
}

static const char *stage_key(enum udv_stage stage)
{
	return stage == UDV_STAGE_TABLE ? "table" : stage == UDV_STAGE_FINAL ? "final" : "none";
}

static const char *dimension_key(enum udv_dimension dimension)
{
	return dimension == UDV_DIM_GUEST ? "guest" : dimension == UDV_DIM_EPT ? "ept" : "spp";
}

static void print_registers(const struct walk_session *session)
{
	const struct udv_paging_config *config = &session->config;

	printf(",\"registers\":{\"cr0\":\"0x%" PRIx64 "\"", config->cr0);
	key_hex("cr3", config->cr3);
	key_hex("cr4", config->cr4);
	key_hex("efer", config->efer);
	key_hex("pkru", config->pkru);
	key_hex("pkrs", config->pkrs);
	if (session->paging.mode == UDV_PAGING_PAE) {
		printf(",\"pdpte\":[");
		for (unsigned i = 0; i < 4; i++)
			printf("%s\"0x%" PRIx64 "\"", i ? "," : "", config->pdpte[i]);
		putchar(']');
	}
	if (config->ept) {
		key_hex("eptp", config->eptp);
		key_hex("ept_vpid_cap", config->ept_vpid_cap);
		printf(",\"maxphyaddr\":%u", config->maxphyaddr);
	}
	printf(",\"guest_maxphyaddr\":%u}", config->guest_maxphyaddr);
}

/* The letters of entry_flags() as an array. */
static void print_flags(const char *flags)
{
	printf(",\"flags\":[");
	for (bool first = true; *flags; first = false) {
		printf("%s\"", first ? "" : ",");
		while (*flags && *flags != ' ')
			putchar(*flags++);
		/* "key 3" is one flag. */
		if (*flags == ' ' && flags[1] >= '0' && flags[1] <= '9')
			printf("=%d", (int)(flags[2] ? 10 + flags[2] - '0' : flags[1] - '0'));
		while (*flags == ' ' || (*flags >= '0' && *flags <= '9'))
			flags++;
		putchar('"');
	}
	putchar(']');
}

static void print_step(const struct walked *walked, unsigned i)
{
	const struct udv_paging *paging = &walked->session->paging;
	const struct udv_step *step = &walked->record.steps[i];
	const uint32_t ends = UDV_STEP_NOT_PRESENT | UDV_STEP_BAD | UDV_STEP_NO_MEMORY;
	char flags[96];
	unsigned level;

	printf("%s{\"dimension\":\"%s\"", i ? "," : "", dimension_key(step->dimension));
	key_text("name", level_name(step->dimension, step->level));
	printf(",\"level\":%u,\"index\":%u", step->level, step_index(paging, step));
	if (step->flags & UDV_STEP_REGISTER)
		key_bool("register", true);
	else
		key_hex("address", step->address.value);
	if (paging->ept_levels && !(step->flags & UDV_STEP_REGISTER))
		key_hex("gpa", step->gpa.value);
	if (step->dimension != UDV_DIM_GUEST)
		key_text("stage", stage_key(step->stage));
	key_bool("readable", !(step->flags & UDV_STEP_NO_MEMORY));
	if (!(step->flags & UDV_STEP_NO_MEMORY)) {
		key_hex("value", step->value);
		key_bool("present", !(step->flags & UDV_STEP_NOT_PRESENT));
		key_bool("bad", step->flags & UDV_STEP_BAD);
		entry_flags(paging, step, flags, sizeof(flags));
		print_flags(flags);
	}
	if (!(step->flags & ends) && !(step->dimension == UDV_DIM_SPP && step->level == 1)) {
		key_text("leads_to", entry_is_leaf(paging, step) ? "page" : "table");
		key_hex("target", entry_target(paging, step));
	}
	if (entry_loops(walked, i, &level))
		key_text("loops_to", level_name(step->dimension, level));
	key_bool("refuses", step_guilty(walked, step));
	putchar('}');
}

static void print_result(const struct walked *walked)
{
	const struct udv_walk_result *result = &walked->result;
	bool ept = walked->session->paging.ept_levels != 0;
	char rights[32];

	printf(",\"result\":{\"gpa\":\"0x%" PRIx64 "\"", result->gpa.value);
	key_hex("hpa", result->hpa.value);
	key_bool("in_image", walked->in_image);
	if (!walked->session->options->gpa) {
		if (result->guest_page_shift)
			key_hex("guest_page_size", 1ull << result->guest_page_shift);
		key_bool("user", result->guest_rights & UDV_GUEST_USER);
		key_bool("writable", result->guest_rights & UDV_GUEST_WRITE);
		key_bool("executable", !(result->guest_rights & UDV_GUEST_NX));
	}
	if (ept) {
		key_hex("ept_page_size", 1ull << result->ept_page_shift);
		ept_rights_text(&walked->session->paging, result->ept_rights, rights,
				sizeof(rights));
		key_text("ept_rights", rights);
		key_bool("write_by_spp", result->write_by_spp);
	}
	putchar('}');
}

static void print_bits(const struct fault_words *words)
{
	printf(",\"bits\":[");
	for (unsigned i = 0; i < words->nr_bits; i++) {
		const struct fault_bit *bit = &words->bits[i];

		printf("%s{\"bit\":%u,\"high\":%u,\"value\":%u", i ? "," : "", bit->low, bit->high,
		       bit->value);
		key_text("meaning", bit->text);
		putchar('}');
	}
	putchar(']');
}

static void print_fault(const struct walked *walked)
{
	const struct udv_walk_result *result = &walked->result;
	const struct udv_fault *fault = &result->fault;
	const struct udv_exit_info *exit = &walked->exit;
	struct fault_words words;

	fault_words(walked, &words);
	printf(",\"fault\":{\"cause\":");
	put_json_string(stdout, udv_cause_text(fault->cause));
	key_text("because", words.because);
	if (result->outcome == UDV_WALK_PAGE_FAULT) {
		key_hex("error_code", fault->error_code);
		key_hex("cr2", result->gla.value);
	}
	if (exit->exit_reason) {
		printf(",\"exit_reason\":%u", exit->exit_reason);
		key_hex("exit_qualification", exit->exit_qualification);
		key_hex("guest_physical_address", exit->guest_physical_address.value);
		if (exit->gla_valid)
			key_hex("guest_linear_address", exit->guest_linear_address.value);
		key_text("stage", stage_key(result->stage));
		key_hex("npf_exitinfo1", udv_npf_exitinfo1(result));
		key_bool("virtualization_exception", walked->to_ve);
	}
	if (fault->flags & UDV_FAULT_ENTRY_VALID) {
		key_text("entry_name", level_name(fault->dimension, fault->level));
		key_hex("entry_address", fault->entry_address);
		key_hex("entry", fault->entry);
	}
	print_bits(&words);
	putchar('}');
}

static void print_advice(const struct advice *advice)
{
	printf(",\"advice\":{\"verified\":%s,\"changes\":[", advice->verified ? "true" : "false");
	for (unsigned i = 0; i < advice->nr_changes; i++) {
		const struct advice_change *change = &advice->changes[i];

		printf("%s{\"name\":", i ? "," : "");
		put_json_string(stdout, change->reg ? change->reg
						    : level_name(change->dimension, change->level));
		if (!change->reg)
			key_hex("address", change->address);
		key_hex("before", change->before);
		key_hex("after", change->after);
		putchar('}');
	}
	putchar(']');
	if (advice->rest[0])
		key_text("rest", advice->rest);
	putchar('}');
}

void walk_print_json(const struct walked *walked)
{
	const struct walk_session *session = walked->session;
	bool gpa = session->options->gpa;
	char access[96];

	printf("{\"address\":\"0x%" PRIx64 "\"", walked->address);
	key_text("access", access_text(session->options->access, gpa, access, sizeof(access)));
	if (!gpa)
		key_text("mode", mode_text(session->paging.mode));
	if (session->paging.ept_levels)
		printf(",\"ept_levels\":%u", session->paging.ept_levels);
	print_registers(session);
	printf(",\"steps\":[");
	for (unsigned i = 0; i < walked->record.nr_steps; i++)
		print_step(walked, i);
	putchar(']');
	key_text("outcome", outcome_key(walked->result.outcome));
	if (walked->result.outcome == UDV_WALK_OK) {
		print_result(walked);
	} else {
		print_fault(walked);
		print_advice(&walked->advice);
	}
	puts("}");
}
