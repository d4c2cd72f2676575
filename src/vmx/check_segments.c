/* SPDX-License-Identifier: MIT */
#include "arch/cpu_state.h"
#include "vmx/check.h"

/* SDM Vol 3C "Checks on Guest Segment Registers", "... Descriptor-Table Registers" */

#define FLAG_VM BIT(17)
#define RPL 3u
#define TI 4u
#define AR_RESERVED (BITS(11, 8) | BITS(31, 17))
#define AR_V86_EXACTLY 0xf3u
#define TYPE_READ_WRITE 3u
#define TYPE_BUSY_TSS16 3u
#define TYPE_BUSY_TSS 11u
#define TYPE_LDT 2u

struct segment {
	uint64_t selector, base, limit, ar;
};

static struct segment segment_of(const struct vmx_vmcs *v, unsigned index)
{
#define SEGMENT(member)                                                                            \
	{                                                                                          \
		v->guest_##member##_selector, v->guest_##member##_base, v->guest_##member##_limit, \
			v->guest_##member##_access_rights                                          \
	}
	const struct segment all[] = { SEGMENT(es), SEGMENT(cs), SEGMENT(ss),	SEGMENT(ds),
				       SEGMENT(fs), SEGMENT(gs), SEGMENT(ldtr), SEGMENT(tr) };
#undef SEGMENT

	return all[index];
}

static unsigned type_of(const struct segment *s)
{
	return s->ar & AR_TYPE;
}

static unsigned dpl_of(const struct segment *s)
{
	return AR_DPL_OF(s->ar);
}

static bool usable(const struct segment *s)
{
	return !(s->ar & AR_UNUSABLE);
}

/* The limit can be expressed with this granularity. */
static bool low_limit_ok(const struct segment *s)
{
	return (s->limit & 0xfff) == 0xfff || !(s->ar & AR_G);
}

static bool high_limit_ok(const struct segment *s)
{
	return !(s->limit >> 20) || s->ar & AR_G;
}

/* Encodings of register @index's fields. */
#define FIELD_SELECTOR(index) (ARCH_VMCS_GUEST_ES_SELECTOR + 2 * (index))
#define FIELD_BASE(index) (ARCH_VMCS_GUEST_ES_BASE + 2 * (index))
#define FIELD_LIMIT(index) (ARCH_VMCS_GUEST_ES_LIMIT + 2 * (index))
#define FIELD_AR(index) (ARCH_VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * (index))
#define MUST_AR(holds, id, index) must(k, holds, VMX_CHECK_##id, FIELD_AR(index))

static void check_v86(struct checker *k, unsigned i, const struct segment *s)
{
	must(k, s->base == s->selector << 4, VMX_CHECK_SEG_01, FIELD_BASE(i));
	must(k, s->limit == 0xffff, VMX_CHECK_SEG_02, FIELD_LIMIT(i));
	MUST_AR(s->ar == AR_V86_EXACTLY, SEG_03, i);
}

static void check_code(struct checker *k, const struct segment *cs, const struct segment *ss)
{
	unsigned type = type_of(cs);
	bool code = (type & (AR_CODE | AR_ACCESSED)) == (AR_CODE | AR_ACCESSED);

	if (k->unrestricted)
		MUST_AR(code || type == TYPE_READ_WRITE, SEG_09, SEG_CS);
	else
		MUST_AR(code, SEG_08, SEG_CS);
	MUST_AR(type != TYPE_READ_WRITE || dpl_of(cs) == 0, SEG_14, SEG_CS);
	MUST_AR(!code || type & AR_EXPAND_DOWN || dpl_of(cs) == dpl_of(ss), SEG_15, SEG_CS);
	MUST_AR(!code || !(type & AR_EXPAND_DOWN) || dpl_of(cs) <= dpl_of(ss), SEG_16, SEG_CS);
	MUST_AR(!k->ia32e_guest || !(cs->ar & AR_L) || !(cs->ar & AR_DB), SEG_22, SEG_CS);
}

static void check_stack(struct checker *k, const struct segment *cs, const struct segment *ss)
{
	bool real = !(k->v->guest_cr0 & CR0_PE);

	MUST(k->unrestricted || (ss->selector & RPL) == (cs->selector & RPL), SEG_04);
	MUST_AR(!usable(ss) || type_of(ss) == 3 || type_of(ss) == 7, SEG_10, SEG_SS);
	MUST_AR(k->unrestricted || dpl_of(ss) == (ss->selector & RPL), SEG_17, SEG_SS);
	MUST_AR(!(real || type_of(cs) == TYPE_READ_WRITE) || dpl_of(ss) == 0, SEG_18, SEG_SS);
}

static void check_data(struct checker *k, unsigned i, const struct segment *s)
{
	unsigned type = type_of(s);

	MUST_AR(type & AR_ACCESSED, SEG_11, i);
	MUST_AR(!(type & AR_CODE) || type & AR_WRITABLE, SEG_12, i);
	MUST_AR(k->unrestricted || type > 11 || dpl_of(s) >= (s->selector & RPL), SEG_19, i);
}

/* What all that are usable have in common. */
static void check_any(struct checker *k, unsigned i, const struct segment *s)
{
	MUST_AR(s->ar & AR_S, SEG_13, i);
	MUST_AR(s->ar & AR_P, SEG_20, i);
	MUST_AR(!(s->ar & AR_RESERVED), SEG_21, i);
	must(k, low_limit_ok(s), VMX_CHECK_SEG_23, FIELD_LIMIT(i));
	must(k, high_limit_ok(s), VMX_CHECK_SEG_24, FIELD_LIMIT(i));
}

static void check_register(struct checker *k, unsigned i)
{
	struct segment s = segment_of(k->v, i);
	bool counts = i == SEG_CS || usable(&s);

	if (k->v86)
		check_v86(k, i, &s);
	if (i == SEG_FS || i == SEG_GS)
		must(k, canonical_here(k, s.base), VMX_CHECK_SEG_05, FIELD_BASE(i));
	else if (i == SEG_CS)
		must(k, !(s.base >> 32), VMX_CHECK_SEG_06, FIELD_BASE(i));
	else
		must(k, !usable(&s) || !(s.base >> 32), VMX_CHECK_SEG_07, FIELD_BASE(i));
	if (k->v86 || !counts)
		return;
	if (i != SEG_CS && i != SEG_SS)
		check_data(k, i, &s);
	check_any(k, i, &s);
}

/* FRED knows CPL 0 in 64-bit code and CPL 3, and IOPL only at the former. */
static void check_fred(struct checker *k, const struct segment *cs, const struct segment *ss)
{
	unsigned dpl = dpl_of(ss);

	MUST_FIELD(dpl == 0 || dpl == 3, SEG_25, GUEST_SS_ACCESS_RIGHTS);
	MUST_FIELD(dpl != 0 || cs->ar & AR_L, SEG_25, GUEST_CS_ACCESS_RIGHTS);
	MUST_FIELD(dpl != 3 || !(k->v->guest_rflags & BITS(13, 12)), SEG_25, GUEST_RFLAGS);
}

static void check_tr(struct checker *k)
{
	struct segment tr = segment_of(k->v, SEG_TR);
	unsigned type = type_of(&tr);

	MUST(!(tr.selector & TI), TR_01);
	MUST(canonical_here(k, tr.base), TR_02);
	MUST(k->ia32e_guest || type == TYPE_BUSY_TSS16 || type == TYPE_BUSY_TSS, TR_03);
	MUST(!k->ia32e_guest || type == TYPE_BUSY_TSS, TR_04);
	MUST(!(tr.ar & (AR_S | AR_RESERVED | AR_UNUSABLE)) && tr.ar & AR_P, TR_05);
	MUST(low_limit_ok(&tr) && high_limit_ok(&tr), TR_06);
}

static void check_ldtr(struct checker *k)
{
	struct segment ldtr = segment_of(k->v, SEG_LDTR);

	if (!usable(&ldtr))
		return;
	MUST(!(ldtr.selector & TI), LDTR_01);
	MUST(canonical_here(k, ldtr.base), LDTR_02);
	MUST(type_of(&ldtr) == TYPE_LDT && !(ldtr.ar & (AR_S | AR_RESERVED)) && ldtr.ar & AR_P,
	     LDTR_03);
	MUST(low_limit_ok(&ldtr) && high_limit_ok(&ldtr), LDTR_04);
}

void check_guest_segments(struct checker *k)
{
	struct segment cs = segment_of(k->v, SEG_CS), ss = segment_of(k->v, SEG_SS);

	for (unsigned i = SEG_ES; i <= SEG_GS; i++)
		check_register(k, i);
	if (!k->v86) {
		check_code(k, &cs, &ss);
		check_stack(k, &cs, &ss);
	}
	if (k->v->guest_cr4 & CR4_FRED)
		check_fred(k, &cs, &ss);
	check_tr(k);
	check_ldtr(k);
	MUST_FIELD(canonical_here(k, k->v->guest_gdtr_base), DT_01, GUEST_GDTR_BASE);
	MUST_FIELD(canonical_here(k, k->v->guest_idtr_base), DT_01, GUEST_IDTR_BASE);
	MUST_FIELD(!(k->v->guest_gdtr_limit >> 16), DT_02, GUEST_GDTR_LIMIT);
	MUST_FIELD(!(k->v->guest_idtr_limit >> 16), DT_02, GUEST_IDTR_LIMIT);
}
