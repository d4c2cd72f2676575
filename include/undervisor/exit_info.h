/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_EXIT_INFO_H
#define UNDERVISOR_EXIT_INFO_H

#include <undervisor/paging.h>

/*
 * What a hypervisor is told about a refused access: pure functions of the record of a walk.
 * Nothing here reads a VMCS, so nothing can leak from an exit that was about something else.
 */

#define UDV_EXIT_REASON_EPT_VIOLATION 48u
#define UDV_EXIT_REASON_EPT_MISCONFIG 49u
#define UDV_EXIT_REASON_PML_FULL 62u
#define UDV_EXIT_REASON_SPP 66u

/* Exit qualification of an EPT violation. SDM Vol 3C "Exit Qualification for EPT Violations" */
#define UDV_EQ_READ (1ull << 0)
#define UDV_EQ_WRITE (1ull << 1)
#define UDV_EQ_FETCH (1ull << 2)
#define UDV_EQ_R (1ull << 3)
#define UDV_EQ_W (1ull << 4)
#define UDV_EQ_X (1ull << 5)
#define UDV_EQ_XU (1ull << 6)
#define UDV_EQ_GLA_VALID (1ull << 7)
#define UDV_EQ_FINAL (1ull << 8)
#define UDV_EQ_USER (1ull << 9)
#define UDV_EQ_WRITABLE (1ull << 10)
#define UDV_EQ_NX (1ull << 11)
#define UDV_EQ_NMI_UNBLOCKING (1ull << 12)
#define UDV_EQ_SHADOW_STACK (1ull << 13)
#define UDV_EQ_SSS (1ull << 14)
#define UDV_EQ_VERIFICATION (1ull << 15)
#define UDV_EQ_ASYNC (1ull << 16)
/* Exit qualification of an SPP event (exit reason 66) */
#define UDV_EQ_SPP_MISS (1ull << 11)

/* The exit-information fields that a memory access decides. */
struct udv_exit_info {
	uint32_t exit_reason; /* basic reason; 0 if the walk gives no exit */
	uint64_t exit_qualification;
	udv_gpa_t guest_physical_address; /* 2400H; undefined for PML-full: 0 */
	udv_gva_t guest_linear_address;	  /* 640AH; undefined, then 0, unless gla_valid */
	bool gla_valid;
};

/*
 * The exit that a processor with this IA32_VMX_EPT_VPID_CAP reports for @walk. All of it is
 * from the walk: this is also the fault that L0 synthesises for L1 when it found the fault itself,
 * emulating an L2 instruction; @ept_vpid_cap is then the value that L1 was given.
 * exit_reason is 0 if the walk ended in anything but an EPT fault, PML-full or SPP event.
 */
struct udv_exit_info udv_exit_info(const struct udv_walk_result *walk, uint64_t ept_vpid_cap);

/* EXITINFO1 of an AMD nested page fault for the same record (64 bits, stage in bits 32 and 33). */
uint64_t udv_npf_exitinfo1(const struct udv_walk_result *walk);

/*
 * True if this EPT violation becomes a #VE instead of an exit. SDM Vol 3C "Convertible EPT
 * Violations". Reads the dword at offset 4 of the virtualization-exception information area.
 */
bool udv_ve_convertible(struct udv_paging *paging, const struct udv_walk_result *walk);

/* ---------------------------------------------------------------- faults for L1 */

/* What the processor below L0 reported when it left vmcs02. */
struct udv_hardware_report {
	uint32_t exit_reason;	     /* basic reason: 48 or 49 */
	uint64_t exit_qualification; /* means something for reason 48 only */
	udv_gpa_t guest_physical_address;
	udv_gva_t guest_linear_address;
	bool ept02_ad;		     /* EPTP02[6] */
	bool advanced_info;	     /* that processor's CAP[22]: bits 9 to 11 mean something */
	bool nmi_unblocking_defined; /* "NMI exiting" is 0 or "virtual NMIs" is 1: bit 12 does */
	bool event_delivery;	     /* IDT-vectoring information is valid; bit 12 then is not */
	bool enclave;		     /* exit-reason bit 27 */
};

/*
 * The access to judge @ept12 by, for this report: the reported kind; for a guest
 * paging-structure access READ, or READ|WRITE where EPT12 has A/D flags enabled, or where neither
 * EPT has and a flag was to be set.
 *
 * UDV_ERR_RETRY: the report is a misconfiguration of EPT02, which says neither the kind of the
 * access nor its stage. @access and @origin are then those of a peeking read without a linear
 * address, to find out whether EPT12 is misconfigured too.
 * UDV_ERR_NEEDS_WALK: EPT02 has A/D flags and EPT12 has not, so that the report cannot tell a
 * plain read of a guest entry from the setting of a flag in it: @access is READ, and
 * udv_exit_info_from_report() decides whether that was enough. Or the processor has no advanced
 * information, and EPT12 treats user-mode and supervisor-mode addresses differently for this access
 * (a fetch under mode-based execute control, a shadow-stack access under EPTP[7]), so that the
 * report leaves open which one it was; @access is then 0, and only a walk of the guest's tables
 * can tell. An L0 that gives EPT02 the A/D flags of EPT12 never meets the first.
 * UDV_ERR_ARGUMENT: the reason is neither 48 nor 49, or the qualification has no access bit, or a
 * set of them that no access has (a fetch that reads or writes).
 */
enum udv_status udv_report_access(const struct udv_hardware_report *report,
				  const struct udv_paging *ept12, uint32_t *access,
				  struct udv_gpa_origin *origin);

/*
 * The fault as L1 must see it, where the processor reported it: @walk is the walk of EPT12 for
 * the reported guest-physical address with the access and origin of udv_report_access(). Bits 0 to
 * 6, 14 and 15 come from that walk, bits 7 to 11 from the report, 12, 13 and 16 from the report
 * where they are defined; @l1_cap is the IA32_VMX_EPT_VPID_CAP that L1 was given.
 *
 * UDV_OK with exit_reason 0: L1 sees nothing, EPT12 allows the access; L0 mends EPT02.
 * In every other case *info is empty:
 * UDV_ERR_RETRY: EPT12 refuses, but the report was a misconfiguration of EPT02: drop that
 * mapping and let the processor report the violation that follows. Also where the walk was
 * UDV_WALK_CONTENDED.
 * UDV_ERR_NOT_FOUND: a table of EPT12 lies outside L1's memory; what then is, the owner of that
 * memory decides (a bus that answers all ones makes it a misconfiguration).
 * UDV_ERR_NEEDS_WALK: only a walk of the guest's tables for the instruction's own access can tell.
 * EPT12 allows the read of a guest entry and withholds the write that setting a flag in it would
 * need; or a sub-page permission allowed the write, and the report does not say how many bytes it
 * has; or L1 was given advanced information that the processor does not have.
 * UDV_ERR_ARGUMENT: @walk is none of a guest-physical address.
 */
enum udv_status udv_exit_info_from_report(const struct udv_hardware_report *report,
					  const struct udv_paging *ept12,
					  const struct udv_walk_result *walk, uint64_t l1_cap,
					  struct udv_exit_info *info);

#endif
