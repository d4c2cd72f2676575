/* SPDX-License-Identifier: MIT */
#include "paging/walk.h"

/* Every refusal starts from a clean fault, with what the access itself says. */
static struct udv_fault *start_fault(struct walk *w, enum udv_outcome outcome, enum udv_cause cause)
{
	struct udv_fault *fault = &w->result->fault;

	/* One by one: a guest may live on page faults, and compilers clear by a string store. */
	fault->cause = cause;
	fault->dimension = (enum udv_dimension)0;
	fault->level = 0;
	fault->access = w->access & UDV_ACCESS_KIND;
	fault->flags = 0;
	fault->error_code = 0;
	fault->entry_address = 0;
	fault->entry = 0;
	if (w->access & UDV_ACCESS_SHADOW_STACK)
		fault->flags |= UDV_FAULT_SHADOW_STACK;
	if (w->access & UDV_ACCESS_ASYNC)
		fault->flags |= UDV_FAULT_ASYNC;
	if (w->access & UDV_ACCESS_NMI_UNBLOCKING)
		fault->flags |= UDV_FAULT_NMI_UNBLOCKING;
	if (w->access & UDV_ACCESS_EVENT_DELIVERY)
		fault->flags |= UDV_FAULT_EVENT_DELIVERY;
	if (w->access & UDV_ACCESS_ENCLAVE)
		fault->flags |= UDV_FAULT_ENCLAVE;
	w->result->outcome = outcome;
	w->result->hpa = UDV_HPA(0);
	return fault;
}

static void set_entry(struct udv_fault *fault, const struct trail *t)
{
	fault->flags |= UDV_FAULT_ENTRY_VALID;
	fault->level = t->level;
	fault->entry_address = t->address[t->level];
	fault->entry = t->entry[t->level];
}

COLD bool refuse_linear(struct walk *w, enum udv_cause cause)
{
	struct udv_fault *fault = start_fault(w, UDV_WALK_NOT_CANONICAL, cause);

	fault->flags |= UDV_FAULT_GLA_VALID;
	return false;
}

COLD bool refuse_guest(struct walk *w, enum udv_cause cause, uint32_t error_code)
{
	struct udv_fault *fault = start_fault(w, UDV_WALK_PAGE_FAULT, cause);

	fault->flags |= UDV_FAULT_GLA_VALID;
	fault->dimension = UDV_DIM_GUEST;
	fault->error_code = error_code;
	set_entry(fault, &w->guest);
	return false;
}

COLD bool refuse_ept(struct walk *w, enum udv_outcome outcome, enum udv_cause cause,
		     const struct trail *t, const struct ept_target *target)
{
	const struct udv_paging *p = w->paging;
	struct udv_fault *fault = start_fault(w, outcome, cause);
	bool has_entry = cause != UDV_CAUSE_EPT_WIDTH;

	fault->dimension = UDV_DIM_EPT;
	fault->access = target->kind;
	w->result->gpa = UDV_GPA(target->gpa);
	w->result->stage = target->stage;
	w->result->ept_rights = 0;
	if (has_entry)
		set_entry(fault, t);
	if (has_entry && outcome != UDV_WALK_EPT_MISCONFIG && cause != UDV_CAUSE_NOT_PRESENT) {
		w->result->ept_rights = ept_rights_of(p, t->tables & leaf_of(t));
		fault->flags |= UDV_FAULT_LEAF_REACHED;
	}
	if (target->stage != UDV_STAGE_NONE)
		fault->flags |= UDV_FAULT_GLA_VALID;
	/* The walk's own access to a table is an ordinary one, whatever it is made for. */
	if (target->stage == UDV_STAGE_FINAL)
		fault->flags |= UDV_FAULT_RIGHTS_VALID;
	else
		fault->flags &= ~UDV_FAULT_SHADOW_STACK;
	if (cause == UDV_CAUSE_EPT_VERIFICATION)
		fault->flags |= UDV_FAULT_VERIFICATION;
	if (p->config.eptp & EPTP_SSS)
		fault->flags |= UDV_FAULT_SSS_CONTROL;
	return false;
}

COLD bool refuse_no_memory(struct walk *w, uint64_t address, enum udv_dimension dimension,
			   unsigned level, const struct ept_target *target)
{
	struct udv_fault *fault = start_fault(w, UDV_WALK_NO_MEMORY, UDV_CAUSE_NO_MEMORY);

	if (target) {
		w->result->gpa = UDV_GPA(target->gpa);
		w->result->stage = target->stage;
		fault->access = target->kind;
	}
	if (!target || target->stage != UDV_STAGE_NONE)
		fault->flags |= UDV_FAULT_GLA_VALID;
	fault->dimension = dimension;
	fault->level = (uint8_t)level;
	fault->entry_address = address;
	return false;
}
