/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_PAGING_H
#define UNDERVISOR_PAGING_H

#include <undervisor/memory.h>
#include <undervisor/status.h>
#include <undervisor/types.h>

/*
 * Address translation: guest paging, EPT, and both at once, exactly as a processor does it.
 *
 * A walk is a value. It takes a prepared context, an access and an address, and returns what it
 * found: the translation, or the fault with everything known about it. It delivers nothing,
 * allocates nothing, and calls nothing but the memory callbacks. The only things it changes are
 * accessed and dirty flags in the tables, the page-modification log, and pml_index, and with
 * UDV_ACCESS_PEEK not even those.
 *
 * SDM Vol 3A "Paging", Vol 3C "VMX Support for Address Translation".
 */

/* ---------------------------------------------------------------- the access */

/*
 * What is done to memory: one of READ, WRITE, READ|WRITE (read-modify-write) and FETCH, then
 * what is particular about it.
 */
#define UDV_ACCESS_READ 0x1u
#define UDV_ACCESS_WRITE 0x2u
#define UDV_ACCESS_FETCH 0x4u
#define UDV_ACCESS_KIND (UDV_ACCESS_READ | UDV_ACCESS_WRITE | UDV_ACCESS_FETCH)
#define UDV_ACCESS_USER 0x8u		 /* CPL = 3 (a user-mode access unless IMPLICIT) */
#define UDV_ACCESS_IMPLICIT 0x10u	 /* GDT, LDT, IDT, TSS: supervisor at any CPL */
#define UDV_ACCESS_SHADOW_STACK 0x20u	 /* a shadow-stack access, with READ or WRITE */
#define UDV_ACCESS_AC 0x40u		 /* EFLAGS.AC = 1, for SMAP */
#define UDV_ACCESS_EVENT_DELIVERY 0x80u	 /* part of delivering an event: never becomes a #VE */
#define UDV_ACCESS_ASYNC 0x100u		 /* asynchronous to execution: qualification bit 16 */
#define UDV_ACCESS_ENCLAVE 0x200u	 /* enclave mode: address bits 11:0 reported as 0, no SPP */
#define UDV_ACCESS_RTM 0x400u		 /* in a transactional region: not eligible for SPP */
#define UDV_ACCESS_NMI_UNBLOCKING 0x800u /* by an IRET with (virtual-)NMI blocking in effect */
#define UDV_ACCESS_PEEK 0x1000u		 /* judge the access, but write no flag and no log */
/*
 * Bytes accessed, 1..255, 0 for 1. It decides which 128-byte sub-pages a write touches, nothing
 * else: an access that crosses a page takes one walk per page.
 */
#define UDV_ACCESS_SIZE(n) ((uint32_t)(n) << 16)
#define UDV_ACCESS_SIZE_OF(access) (((access) >> 16) & 0xffu)

/* ---------------------------------------------------------------- the context */

/* Optional features of the processor that change what its paging accepts (CPUID). */
#define UDV_FEATURE_1GB_PAGES 0x1u /* CPUID 80000001H:EDX[26]; guest PDPTEs may map 1 GB */
#define UDV_FEATURE_PSE36 0x2u	   /* CPUID 1:EDX[17]; 4 MB PDEs carry address bits 39:32 */
#define UDV_FEATURE_PAT                                                                            \
	0x4u /* CPUID 1:EDX[16]; without it a 32-bit PTE's bit 7, a PDE's bit 12                   \
	      */
#define UDV_FEATURES_ALL 0x7u

/* VM-execution controls that concern EPT, by meaning. SDM Vol 3C "VM-Execution Control Fields" */
#define UDV_EPT_MBEC 0x1u	   /* secondary 22: mode-based execute control */
#define UDV_EPT_SPP 0x2u	   /* secondary 23: sub-page write permissions */
#define UDV_EPT_PML 0x4u	   /* secondary 17: page-modification logging */
#define UDV_EPT_VE 0x8u		   /* secondary 18: EPT-violation #VE */
#define UDV_EPT_PAGING_WRITE 0x10u /* tertiary 2: EPT paging-write control */
#define UDV_EPT_VERIFICATION 0x20u /* tertiary 3: guest-paging verification */
#define UDV_EPT_CONTROLS_ALL 0x3fu

/* IA32_VMX_EPT_VPID_CAP (48CH), the bits that the walk and EPTP checks consult. */
#define UDV_EPT_CAP_EXECUTE_ONLY (1ull << 0)
#define UDV_EPT_CAP_4_LEVEL (1ull << 6)
#define UDV_EPT_CAP_5_LEVEL (1ull << 7)
#define UDV_EPT_CAP_UC (1ull << 8)
#define UDV_EPT_CAP_WB (1ull << 14)
#define UDV_EPT_CAP_2MB (1ull << 16)
#define UDV_EPT_CAP_1GB (1ull << 17)
#define UDV_EPT_CAP_AD (1ull << 21)
#define UDV_EPT_CAP_ADVANCED_INFO (1ull << 22)
#define UDV_EPT_CAP_SHADOW_STACK (1ull << 23)
#define UDV_EPT_CAP_ALL                                                                            \
	(UDV_EPT_CAP_EXECUTE_ONLY | UDV_EPT_CAP_4_LEVEL | UDV_EPT_CAP_5_LEVEL | UDV_EPT_CAP_UC |   \
	 UDV_EPT_CAP_WB | UDV_EPT_CAP_2MB | UDV_EPT_CAP_1GB | UDV_EPT_CAP_AD |                     \
	 UDV_EPT_CAP_ADVANCED_INFO | UDV_EPT_CAP_SHADOW_STACK)

/* The registers and capabilities that a translation depends on. All values are architectural. */
struct udv_paging_config {
	uint64_t cr0, cr3, cr4, efer;
	uint64_t pdpte[4]; /* the PDPTE registers; used with PAE paging only */
	uint32_t pkru, pkrs;
	uint32_t features;	  /* UDV_FEATURE_* */
	uint8_t guest_maxphyaddr; /* MAXPHYADDR for guest entries and CR3, 32..52 */

	/* The second dimension; with ept false nothing below is read. */
	bool ept;
	uint8_t maxphyaddr;    /* the processor's MAXPHYADDR, for EPT entries and EPTP, 32..52 */
	uint32_t ept_controls; /* UDV_EPT_* */
	uint64_t eptp;
	uint64_t ept_vpid_cap;	 /* UDV_EPT_CAP_*; may be the raw MSR */
	uint64_t sppt_pointer;	 /* SPPTP, 2030H; used with UDV_EPT_SPP */
	uint64_t pml_address;	 /* 200EH; used with UDV_EPT_PML */
	uint64_t ve_information; /* 202AH; used with UDV_EPT_VE */
	uint16_t pml_index;	 /* 0812H */
};

/* The paging mode in force. SDM Vol 3A "Paging-Mode Enabling". */
enum udv_paging_mode {
	UDV_PAGING_NONE,    /* CR0.PG = 0: a linear address is a (guest-)physical one */
	UDV_PAGING_32BIT,   /* PG, no PAE */
	UDV_PAGING_PAE,	    /* PG, PAE, no LMA */
	UDV_PAGING_4_LEVEL, /* PG, PAE, LMA, no LA57 */
	UDV_PAGING_5_LEVEL, /* PG, PAE, LMA, LA57 */
};

/* One dimension of a prepared context. Levels are numbered as in names: 1 = PTE .. 5 = PML5E. */
struct udv_paging_dimension {
	uint64_t root;		    /* address of the top table */
	uint64_t present;	    /* an entry with none of these bits is not present */
	uint64_t reserved_table[6]; /* by level: must be 0 in an entry that references a table */
	uint64_t reserved_leaf[6];  /* by level: must be 0 in an entry that maps a page */
	uint64_t page_size[6];	    /* by level: bit 7 where it makes the entry a leaf, else 0 */
	uint64_t plain[6]; /* by level: of these only bit 0: a table, and nothing to judge */
};

/*
 * A prepared context. The caller allocates it and keeps it as long as the registers stay; its
 * contents are the library's, save pml_index, which a walk decrements and the caller may read and
 * write. One context may not be walked by two threads at once; two contexts over the same memory
 * may.
 */
struct udv_paging {
	const struct udv_memory *memory;
	uint64_t fast_base, fast_size; /* the first window; size 0 if there is none */
	uintptr_t fast_bias;	       /* host address of physical address 0, if that were in it */
	struct udv_paging_config config;
	struct udv_paging_dimension guest;
	struct udv_paging_dimension ept;
	enum udv_paging_mode mode;
	uint8_t ept_levels; /* 0 without EPT, 4 or 5 */
	bool ept_ad;	    /* EPTP[6] */
	uint16_t pml_index;
	uint64_t ept_illegal; /* bit n set: n = (entry & 7 | XU << 3) is a misconfigured set of
				 rights */
};

/*
 * Prepares @paging for walks over @memory. Both must outlive every walk.
 * UDV_ERR_ARGUMENT if a register holds what the processor could not have loaded (what it is,
 * udv_paging_problem() says), or if a window is not aligned as memory.h asks.
 */
enum udv_status udv_paging_init(struct udv_paging *paging, const struct udv_paging_config *config,
				const struct udv_memory *memory);

/* Why @config is refused, as a static phrase; NULL if it is not. */
const char *udv_paging_problem(const struct udv_paging_config *config);

/* The mode that these registers select. */
enum udv_paging_mode udv_paging_mode(uint64_t cr0, uint64_t cr4, uint64_t efer);

/*
 * The rules an EPTP (201AH) breaks: VM entry fails with error 7, INVEPT with error 28, VMFUNC 0
 * exits, if any is set. SDM Vol 3C "Checks on VM-Execution Control Fields".
 */
#define UDV_EPTP_BAD_MEMORY_TYPE 0x1u  /* bits 2:0 neither UC nor WB, or that one unsupported */
#define UDV_EPTP_BAD_WALK_LENGTH 0x2u  /* bits 5:3 */
#define UDV_EPTP_BAD_AD 0x4u	       /* bit 6 without CAP[21] */
#define UDV_EPTP_BAD_SHADOW_STACK 0x8u /* bit 7 without CAP[23] */
#define UDV_EPTP_BAD_RESERVED 0x10u    /* bits 11:8 */
#define UDV_EPTP_BAD_ADDRESS 0x20u     /* bits 63:MAXPHYADDR */
uint32_t udv_eptp_problems(uint64_t eptp, uint64_t ept_vpid_cap, unsigned maxphyaddr);

/* ---------------------------------------------------------------- what comes of a walk */

enum udv_outcome {
	UDV_WALK_OK,
	UDV_WALK_NOT_CANONICAL, /* #GP(0), or #SS(0) for a stack access; also a LASS violation */
	UDV_WALK_PAGE_FAULT,	/* #PF with fault.error_code and CR2 = gla */
	UDV_WALK_GENERAL_PROTECTION, /* #GP(0): a PDPTE load found reserved bits */
	UDV_WALK_EPT_VIOLATION,	     /* exit reason 48 */
	UDV_WALK_EPT_MISCONFIG,	     /* exit reason 49 */
	UDV_WALK_PML_FULL,	     /* exit reason 62 */
	UDV_WALK_SPP_EVENT,	     /* exit reason 66: SPP miss or misconfiguration */
	UDV_WALK_NO_MEMORY,	     /* a table lies where the memory interface has nothing */
	UDV_WALK_CONTENDED, /* entries kept changing under the walk; nothing is wrong: try again */
};

/* Which translation of the two-dimensional walk a guest-physical address belonged to. */
enum udv_stage {
	UDV_STAGE_NONE, /* no linear address: PDPTE load, trace output; qualification bits 7,8 = 0,0
			 */
	UDV_STAGE_TABLE, /* a guest paging-structure entry: bits 7,8 = 1,0 */
	UDV_STAGE_FINAL, /* what the linear address translates to: bits 7,8 = 1,1 */
};

enum udv_dimension {
	UDV_DIM_GUEST, /* guest paging structures */
	UDV_DIM_EPT,
	UDV_DIM_SPP, /* the sub-page permission table */
};

/* What exactly refused the access. For people and tests; codes are made from the other fields. */
enum udv_cause {
	UDV_CAUSE_NONE,
	UDV_CAUSE_NOT_CANONICAL,
	UDV_CAUSE_LASS,
	UDV_CAUSE_NOT_PRESENT,
	UDV_CAUSE_RESERVED_BIT, /* guest #PF RSVD, EPT misconfiguration, or #GP of a PDPTE load */
	UDV_CAUSE_USER,		/* user-mode access to a supervisor-mode address */
	UDV_CAUSE_SMAP,
	UDV_CAUSE_SMEP,
	UDV_CAUSE_NX,
	UDV_CAUSE_NOT_WRITABLE,	    /* guest: some R/W = 0 */
	UDV_CAUSE_SHADOW_STACK,	    /* not a shadow-stack page of the access's mode */
	UDV_CAUSE_KEY,		    /* PKRU or PKRS */
	UDV_CAUSE_EPT_WIDTH,	    /* 4-level EPT and GPA[51:48] not 0 */
	UDV_CAUSE_EPT_RIGHTS,	    /* misconfiguration: a set of rights that may not be */
	UDV_CAUSE_EPT_MEMORY_TYPE,  /* misconfiguration: memory type 2, 3 or 7 */
	UDV_CAUSE_EPT_READ,	    /* violation: some R = 0 */
	UDV_CAUSE_EPT_WRITE,	    /* violation: some W = 0 */
	UDV_CAUSE_EPT_EXECUTE,	    /* violation: some X (XS, XU with MBEC) = 0 */
	UDV_CAUSE_EPT_SHADOW_STACK, /* violation: supervisor shadow-stack control */
	UDV_CAUSE_EPT_VERIFICATION, /* violation: guest-paging verification */
	UDV_CAUSE_EPT_AD_UPDATE, /* violation: a guest A or D flag must be set, and W = 0 there */
	UDV_CAUSE_SPP_WRITE,	 /* violation: the sub-page's write bit is 0 */
	UDV_CAUSE_SPP_MISS,
	UDV_CAUSE_SPP_MISCONFIG,
	UDV_CAUSE_PML_FULL,
	UDV_CAUSE_NO_MEMORY,
	UDV_CAUSE_CONTENDED,
};

/* Combined rights of the guest entries used. */
#define UDV_GUEST_USER 0x1u  /* U/S = 1 in every entry, or CR0.PG = 0 */
#define UDV_GUEST_WRITE 0x2u /* R/W = 1 in every entry, or CR0.PG = 0 */
#define UDV_GUEST_NX 0x4u    /* XD = 1 in some entry and EFER.NXE = 1 */

/* Combined rights of the EPT entries used: qualification bits 3..6 in their order. */
#define UDV_EPT_R 0x1u
#define UDV_EPT_W 0x2u
#define UDV_EPT_X 0x4u	/* with MBEC: executable from supervisor-mode linear addresses */
#define UDV_EPT_XU 0x8u /* only with MBEC: executable from user-mode linear addresses */

/* Error-code bits of #PF. SDM Vol 3A "Page-Fault Exceptions" */
#define UDV_PF_P 0x1u
#define UDV_PF_W 0x2u
#define UDV_PF_U 0x4u
#define UDV_PF_RSVD 0x8u
#define UDV_PF_I 0x10u
#define UDV_PF_PK 0x20u
#define UDV_PF_SS 0x40u

#define UDV_FAULT_GLA_VALID 0x1u     /* gla is the linear address of this access */
#define UDV_FAULT_RIGHTS_VALID 0x2u  /* guest_rights are those of a finished guest walk */
#define UDV_FAULT_LEAF_REACHED 0x4u  /* entry is the EPT leaf of the failing address */
#define UDV_FAULT_SHADOW_STACK 0x8u  /* the access was a shadow-stack access */
#define UDV_FAULT_VERIFICATION 0x10u /* raised by guest-paging verification */
#define UDV_FAULT_ASYNC 0x20u	     /* the access was asynchronous to execution */
#define UDV_FAULT_NMI_UNBLOCKING 0x40u
#define UDV_FAULT_SSS_CONTROL 0x80u  /* EPTP[7] was 1: qualification bit 14 is defined */
#define UDV_FAULT_ENTRY_VALID 0x100u /* entry_address, entry and level are those that decided */
#define UDV_FAULT_EVENT_DELIVERY 0x200u
#define UDV_FAULT_ENCLAVE 0x400u /* enclave mode: an exit reports address bits 11:0 as 0 */

struct udv_fault {
	enum udv_cause cause;
	enum udv_dimension dimension; /* of the deciding entry */
	uint8_t level;		      /* of the deciding entry, 1..5; 0 without one */
	uint8_t access;		      /* UDV_ACCESS_KIND bits, as the refusing side counts them */
	uint32_t flags;		      /* UDV_FAULT_* */
	uint32_t error_code;	      /* of a #PF */
	uint64_t entry_address;	      /* physical address of the deciding entry */
	uint64_t entry;		      /* its value when it was read */
};

/* The result of a walk. @fault means something only if the outcome is not UDV_WALK_OK. */
struct udv_walk_result {
	enum udv_outcome outcome;
	enum udv_stage stage; /* of @gpa */
	udv_gva_t gla;	      /* the linear address, LAM metadata removed */
	udv_gpa_t gpa;	      /* translated or refused; full byte address, table entries included */
	udv_hpa_t hpa;	      /* on success */
	uint64_t guest_leaf; /* the guest entry that maps the page, flags as updated; 0 if PG = 0 */
	uint64_t ept_leaf;   /* the EPT entry that maps the page, flags as updated; 0 without EPT */
	uint8_t guest_rights;	  /* UDV_GUEST_*, if the guest walk was finished */
	uint8_t ept_rights;	  /* UDV_EPT_*, of @gpa; 0 if the walk met a not-present entry */
	uint8_t guest_page_shift; /* 12, 21, 22, 30; 0 if PG = 0 */
	uint8_t ept_page_shift;	  /* 12, 21, 30; 0 without EPT */
	bool write_by_spp;	  /* allowed by a sub-page bit only: cache no write permission */
	struct udv_fault fault;
};

/* ---------------------------------------------------------------- the record of the steps */

#define UDV_STEP_LEAF 0x1u     /* the entry maps a page */
#define UDV_STEP_REGISTER 0x2u /* a PDPTE register, not memory: @address is its number */
#define UDV_STEP_NOT_PRESENT 0x4u
#define UDV_STEP_BAD 0x8u	 /* reserved bits (guest), misconfigured (EPT, SPP) */
#define UDV_STEP_WRITTEN 0x10u	 /* flags were set in it: @new_value is what it holds now */
#define UDV_STEP_NO_MEMORY 0x20u /* @address could not be read; @value means nothing */

/* One entry read, in the order of reading. */
struct udv_step {
	udv_hpa_t address;  /* where the entry was read */
	udv_gpa_t gpa;	    /* guest entry: its guest-physical address; EPT: the one translated */
	uint64_t value;	    /* as read */
	uint64_t new_value; /* as left behind: @value, or with flags set */
	enum udv_dimension dimension;
	enum udv_stage stage; /* EPT, SPP: what the translated address is */
	uint8_t level;	      /* of this entry, 1..5 */
	uint8_t guest_level;  /* EPT at stage table: the guest level whose entry is looked for; else
				 0 */
	uint8_t size;	      /* bytes: 4 or 8 */
	uint8_t flags;	      /* UDV_STEP_* */
};

/* 5 guest levels behind 5 EPT levels each, 5 final EPT levels, 4 of the SPPT: 39, and room. */
#define UDV_MAX_STEPS 48
#define UDV_MAX_PML 8

/* The steps of the last attempt (a walk restarts when an entry changes under it). */
struct udv_walk_record {
	unsigned nr_steps;
	unsigned restarts;
	unsigned nr_pml; /* addresses logged, all attempts */
	udv_gpa_t pml[UDV_MAX_PML];
	struct udv_step steps[UDV_MAX_STEPS];
};

/* ---------------------------------------------------------------- walking */

/*
 * Translates linear address @gva for @access. Fills *result and returns result->outcome. An
 * access of more than one byte is judged where it starts. In compatibility and legacy modes the
 * caller truncates the address to 32 bits.
 */
enum udv_outcome udv_walk(struct udv_paging *paging, uint32_t access, udv_gva_t gva,
			  struct udv_walk_result *result);

/* The same walk, each entry it reads written down in *record. */
enum udv_outcome udv_walk_recorded(struct udv_paging *paging, uint32_t access, udv_gva_t gva,
				   struct udv_walk_result *result, struct udv_walk_record *record);

/*
 * Where a guest-physical address comes from, for a walk of EPT alone. @gla and @guest_rights
 * count as the stage says: none of them for UDV_STAGE_NONE, no rights for UDV_STAGE_TABLE.
 */
struct udv_gpa_origin {
	enum udv_stage stage;
	udv_gva_t gla;
	uint8_t guest_rights;
	bool unverified; /* guest-paging verification found a table page that does not pass */
};

/*
 * Translates @gpa through EPT alone, for @access: an access that has no linear address, or the
 * one guest-physical address that a processor reported. At UDV_STAGE_TABLE READ|WRITE is judged
 * as a paging write. Without EPT the address is its own translation. @record may be NULL.
 */
enum udv_outcome udv_walk_gpa(struct udv_paging *paging, uint32_t access, udv_gpa_t gpa,
			      const struct udv_gpa_origin *origin, struct udv_walk_result *result,
			      struct udv_walk_record *record);

/*
 * Reads the four PDPTEs at cr3[31:5] as MOV to CR0, CR3 or CR4 does with PAE paging, through EPT
 * if there is one: a data read at UDV_STAGE_NONE. On UDV_WALK_OK they are in @pdpte; otherwise
 * @pdpte is untouched. UDV_WALK_GENERAL_PROTECTION if a present one has reserved bits.
 * SDM Vol 3A "PDPTE Registers". @flags: 0 or UDV_ACCESS_PEEK.
 */
enum udv_outcome udv_load_pdptes(struct udv_paging *paging, uint32_t flags, uint64_t cr3,
				 uint64_t pdpte[4], struct udv_walk_result *result);

/* True if @pdpte can be in a PDPTE register: not present, or no reserved bit set. */
bool udv_pdpte_valid(uint64_t pdpte, unsigned maxphyaddr);

const char *udv_outcome_text(enum udv_outcome outcome);
const char *udv_cause_text(enum udv_cause cause);

#endif
