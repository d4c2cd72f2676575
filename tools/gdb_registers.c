/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "gdb_internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * The registers, as the debugger's x86-64 target descriptions number them, and a feature of our own
 * behind them for what only a system debugger wants.
 */

struct image {
	struct udv_registers base;
	struct udv_more_registers more;
};

/* A register: @bytes of the debugger's, of which the @member_bytes low ones are in struct image. */
struct reg {
	const char *name, *type;
	uint16_t offset;
	uint8_t bytes, member_bytes;
	bool read_only;
};

#define SIZE_OF(member) (uint8_t)sizeof(((struct image *)0)->member)
#define REG(name, type, bytes, member)                                                             \
	{                                                                                          \
		name, type, (uint16_t)offsetof(struct image, member), bytes, SIZE_OF(member),      \
			false                                                                      \
	}
#define RO(name, type, bytes, member)                                                              \
	{                                                                                          \
		name, type, (uint16_t)offsetof(struct image, member), bytes, SIZE_OF(member), true \
	}
#define GPR(name, index) REG(name, "int64", 8, base.gpr[index])
#define SELECTOR(name, index) REG(name, "int32", 4, base.segment[index].selector)
#define X87(name, member) REG(name, "int", 4, more.member)
#define ST(n) REG("st" #n, "i387_ext", 10, more.st[n])
#define XMM(n)                                                                                     \
	{                                                                                          \
		"xmm" #n, "vec128", (uint16_t)offsetof(struct image, more.ymm[n]), 16, 16, false   \
	}
#define YMMH(n)                                                                                    \
	{                                                                                          \
		"ymm" #n "h", "uint128", (uint16_t)(offsetof(struct image, more.ymm[n]) + 16), 16, \
			16, false                                                                  \
	}
#define SEGMENT(name, index)                                                                       \
	REG(name "_base", "int64", 8, base.segment[index].base),                                   \
		REG(name "_limit", "int32", 4, base.segment[index].limit),                         \
		REG(name "_rights", "int32", 4, base.segment[index].access_rights)
#define SIXTEEN(X)                                                                                 \
	X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13),    \
		X(14), X(15)

static const struct reg core[] = {
	GPR("rax", UDV_RAX),
	GPR("rbx", UDV_RBX),
	GPR("rcx", UDV_RCX),
	GPR("rdx", UDV_RDX),
	GPR("rsi", UDV_RSI),
	GPR("rdi", UDV_RDI),
	REG("rbp", "data_ptr", 8, base.gpr[UDV_RBP]),
	REG("rsp", "data_ptr", 8, base.gpr[UDV_RSP]),
	GPR("r8", 8),
	GPR("r9", 9),
	GPR("r10", 10),
	GPR("r11", 11),
	GPR("r12", 12),
	GPR("r13", 13),
	GPR("r14", 14),
	GPR("r15", 15),
	REG("rip", "code_ptr", 8, base.rip),
	REG("eflags", "i386_eflags", 4, base.rflags),
	SELECTOR("cs", UDV_CS),
	SELECTOR("ss", UDV_SS),
	SELECTOR("ds", UDV_DS),
	SELECTOR("es", UDV_ES),
	SELECTOR("fs", UDV_FS),
	SELECTOR("gs", UDV_GS),
	ST(0),
	ST(1),
	ST(2),
	ST(3),
	ST(4),
	ST(5),
	ST(6),
	ST(7),
	X87("fctrl", control),
	X87("fstat", status),
	X87("ftag", tag),
	X87("fiseg", instruction_selector),
	X87("fioff", instruction_pointer),
	X87("foseg", data_selector),
	X87("fooff", data_pointer),
	X87("fop", opcode),
};

static const struct reg sse[] = { SIXTEEN(XMM), REG("mxcsr", "int", 4, more.mxcsr) };
static const struct reg avx[] = { SIXTEEN(YMMH) };

static const struct reg segments[] = {
	REG("fs_base", "int", 8, base.segment[UDV_FS].base),
	REG("gs_base", "int", 8, base.segment[UDV_GS].base),
};

static const struct reg system_registers[] = {
	REG("k_gs_base", "int64", 8, more.kernel_gs_base),
	REG("cr0", "cr0", 8, base.cr0),
	REG("cr2", "int64", 8, base.cr2),
	REG("cr3", "int64", 8, base.cr3),
	REG("cr4", "cr4", 8, base.cr4),
	RO("cr8", "int64", 8, more.cr8),
	REG("efer", "efer", 8, base.efer),
	RO("xcr0", "int64", 8, more.xcr0),
	REG("dr0", "int64", 8, base.dr[0]),
	REG("dr1", "int64", 8, base.dr[1]),
	REG("dr2", "int64", 8, base.dr[2]),
	REG("dr3", "int64", 8, base.dr[3]),
	REG("dr6", "int64", 8, base.dr6),
	REG("dr7", "int64", 8, base.dr7),
	REG("gdtr_base", "int64", 8, base.gdtr_base),
	REG("gdtr_limit", "int32", 4, base.gdtr_limit),
	REG("idtr_base", "int64", 8, base.idtr_base),
	REG("idtr_limit", "int32", 4, base.idtr_limit),
	SEGMENT("es", UDV_ES),
	SEGMENT("cs", UDV_CS),
	SEGMENT("ss", UDV_SS),
	SEGMENT("ds", UDV_DS),
	REG("fs_limit", "int32", 4, base.segment[UDV_FS].limit),
	REG("fs_rights", "int32", 4, base.segment[UDV_FS].access_rights),
	REG("gs_limit", "int32", 4, base.segment[UDV_GS].limit),
	REG("gs_rights", "int32", 4, base.segment[UDV_GS].access_rights),
	REG("ldtr", "int32", 4, base.segment[UDV_LDTR].selector),
	SEGMENT("ldtr", UDV_LDTR),
	REG("tr", "int32", 4, base.segment[UDV_TR].selector),
	SEGMENT("tr", UDV_TR),
	RO("star", "int64", 8, more.star),
	RO("lstar", "int64", 8, more.lstar),
	RO("cstar", "int64", 8, more.cstar),
	RO("fmask", "int64", 8, more.fmask),
	RO("sysenter_cs", "int64", 8, more.sysenter_cs),
	RO("sysenter_esp", "int64", 8, more.sysenter_esp),
	RO("sysenter_eip", "int64", 8, more.sysenter_eip),
	RO("pat", "int64", 8, more.pat),
	RO("pkru", "int64", 8, more.pkru),
};

/* Types that the debugger has to be told of; a space begins a field of flags. */
static const char eflags_type[] =
	"i386_eflags 4 CF:0 PF:2 AF:4 ZF:6 SF:7 TF:8 IF:9 DF:10 OF:11 NT:14 RF:16 VM:17 AC:18 "
	"VIF:19 VIP:20 ID:21";
static const char cr0_type[] = "cr0 8 PE:0 MP:1 EM:2 TS:3 ET:4 NE:5 WP:16 AM:18 NW:29 CD:30 PG:31";
static const char cr4_type[] =
	"cr4 8 VME:0 PVI:1 TSD:2 DE:3 PSE:4 PAE:5 MCE:6 PGE:7 PCE:8 OSFXSR:9 OSXMMEXCPT:10 "
	"UMIP:11 LA57:12 VMXE:13 SMXE:14 FSGSBASE:16 PCIDE:17 OSXSAVE:18 SMEP:20 SMAP:21 PKE:22 "
	"CET:23 PKS:24";
static const char efer_type[] = "efer 8 SCE:0 LME:8 LMA:10 NXE:11";

static const char vector_types[] =
	"<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
	"<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
	"<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
	"<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
	"<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
	"<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
	"<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
	"<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
	"<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
	"<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/>"
	"</union>";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
static const struct feature {
	const char *name;
	const struct reg *regs;
	size_t count;
	const char *types;    /* XML */
	const char *flags[3]; /* types of flags */
	const char *group;    /* NULL: the debugger knows */
} features[] = {
	{ "org.gnu.gdb.i386.core", core, COUNT(core), "", { eflags_type }, NULL },
	{ "org.gnu.gdb.i386.sse", sse, COUNT(sse), vector_types, { NULL }, NULL },
	{ "org.gnu.gdb.i386.avx", avx, COUNT(avx), "", { NULL }, NULL },
	{ "org.gnu.gdb.i386.segments", segments, COUNT(segments), "", { NULL }, NULL },
	{ "org.undervisor.system",
	  system_registers,
	  COUNT(system_registers),
	  "",
	  { cr0_type, cr4_type, efer_type },
	  "system" },
};

/* ---------------------------------------------------------------- the description */

static void describe_flags(FILE *file, const char *text)
{
	char name[16];
	unsigned size, bit;
	int used = 0;

	if (sscanf(text, "%15s %u%n", name, &size, &used) != 2)
		return;
	fprintf(file, "<flags id=\"%s\" size=\"%u\">", name, size);
	for (text += used; sscanf(text, " %15[^:]:%u%n", name, &bit, &used) == 2; text += used)
		fprintf(file, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>", name, bit, bit);
	fputs("</flags>\n", file);
}

static void describe_feature(FILE *file, const struct feature *feature)
{
	fprintf(file, "<feature name=\"%s\">\n%s", feature->name, feature->types);
	for (unsigned i = 0; i < 3 && feature->flags[i]; i++)
		describe_flags(file, feature->flags[i]);
	for (size_t i = 0; i < feature->count; i++) {
		const struct reg *reg = &feature->regs[i];

		fprintf(file, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"", reg->name,
			reg->bytes * 8u, reg->type);
		if (feature->group)
			fprintf(file, " group=\"%s\"", feature->group);
		fputs("/>\n", file);
	}
	fputs("</feature>\n", file);
}

char *gdb_describe_target(size_t *size)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, size);

	if (!file)
		return NULL;
	fputs("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
	      "<target version=\"1.0\"><architecture>i386:x86-64</architecture>\n",
	      file);
	for (size_t i = 0; i < COUNT(features); i++)
		describe_feature(file, &features[i]);
	fputs("</target>\n", file);
	if (fclose(file) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---------------------------------------------------------------- values */

static const struct reg *find(uint64_t number)
{
	for (size_t i = 0; i < COUNT(features); i++) {
		if (number < features[i].count)
			return &features[i].regs[number];
		number -= features[i].count;
	}
	return NULL;
}

static void get(const struct gdb *gdb, struct image *image)
{
	memset(image, 0, sizeof(*image));
	udv_machine_get_registers(gdb->machine, gdb->cpu, &image->base);
	udv_machine_get_more_registers(gdb->machine, gdb->cpu, &image->more);
}

/* False: PAE paging from tables that it cannot be loaded with. */
static bool set(struct gdb *gdb, const struct image *image)
{
	if (udv_machine_set_registers(gdb->machine, gdb->cpu, &image->base) != UDV_OK)
		return false;
	udv_machine_set_more_registers(gdb->machine, gdb->cpu, &image->more);
	return true;
}

static void put(struct gdb *gdb, const struct image *image, const struct reg *reg)
{
	uint8_t bytes[16] = { 0 };
	unsigned size = reg->bytes < reg->member_bytes ? reg->bytes : reg->member_bytes;

	memcpy(bytes, (const uint8_t *)image + reg->offset, size);
	gdb_put_hex(&gdb->link, bytes, reg->bytes);
}

/* The low bytes of a member that is wider stay what they are above the debugger's register. */
static bool take(struct image *image, const struct reg *reg, struct gdb_span *hex)
{
	uint8_t bytes[16];
	unsigned size = reg->bytes < reg->member_bytes ? reg->bytes : reg->member_bytes;

	if (!gdb_take_bytes(hex, bytes, reg->bytes))
		return false;
	if (!reg->read_only)
		memcpy((uint8_t *)image + reg->offset, bytes, size);
	return true;
}

void gdb_read_all(struct gdb *gdb)
{
	struct image image;
	const struct reg *reg;

	get(gdb, &image);
	for (unsigned i = 0; (reg = find(i)) != NULL; i++)
		put(gdb, &image, reg);
}

bool gdb_read_one(struct gdb *gdb, uint64_t number)
{
	const struct reg *reg = find(number);
	struct image image;

	if (!reg)
		return false;
	get(gdb, &image);
	put(gdb, &image, reg);
	return true;
}

bool gdb_write_one(struct gdb *gdb, uint64_t number, struct gdb_span hex)
{
	const struct reg *reg = find(number);
	struct image image;

	if (!reg || reg->read_only)
		return false;
	get(gdb, &image);
	if (!take(&image, reg, &hex) || hex.at != hex.end)
		return false;
	return set(gdb, &image);
}

bool gdb_write_all(struct gdb *gdb, struct gdb_span hex)
{
	struct image image;
	const struct reg *reg;

	get(gdb, &image);
	for (unsigned i = 0; (reg = find(i)) != NULL; i++)
		if (!take(&image, reg, &hex))
			return false;
	return set(gdb, &image);
}
