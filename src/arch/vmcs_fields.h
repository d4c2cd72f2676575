/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_VMCS_FIELDS_H
#define UDV_ARCH_VMCS_FIELDS_H

#include "arch/controls.h"

/*
 * Every field of the VMCS. SDM Vol 3D "Field Encoding in VMCS".
 *
 *   31..15  14..13  12  11..10  9....1   0
 *     0     width    0   type   index  access
 *
 * Columns: encoding (full access), width, type, name, member of a struct that mirrors a VMCS, the
 * control whose 1-setting the processor must support for the field to exist, title of the section
 * of SDM Vol 3C "Virtual Machine Control Structures" that describes it, what it holds.
 *
 * A consumer names its columns in its own X and swallows the rest with `...`, so that columns can
 * be added at the end.
 */

#define SDM_APIC_VIRTUALIZATION "Controls for APIC Virtualization"
#define SDM_CR3_TARGETS "CR3-Target Controls"
#define SDM_ENCLS_BITMAP "ENCLS-Exiting Bitmap"
#define SDM_ENCLV_BITMAP "ENCLV-Exiting Bitmap"
#define SDM_ENTRY_CONTROLS "VM-Entry Controls"
#define SDM_ENTRY_MSRS "VM-Entry Controls for MSRs"
#define SDM_EPTP "Extended-Page-Table Pointer (EPTP)"
#define SDM_EVENT_INJECTION "VM-Entry Controls for Event Injection"
#define SDM_EXCEPTION_BITMAP "Exception Bitmap"
#define SDM_EXECUTIVE_VMCS "Executive-VMCS Pointer"
#define SDM_EXIT_BASIC "Basic VM-Exit Information"
#define SDM_EXIT_CONTROLS "VM-Exit Controls"
#define SDM_EXIT_DELIVERY "Information for VM Exits That Occur During Event Delivery"
#define SDM_EXIT_INSTRUCTION "Information for VM Exits Due to Instruction Execution"
#define SDM_EXIT_MSRS "VM-Exit Controls for MSRs"
#define SDM_EXIT_VECTORED "Information for VM Exits Due to Vectored Events"
#define SDM_GUEST_NON_REGISTERS "Guest Non-Register State"
#define SDM_GUEST_REGISTERS "Guest Register State"
#define SDM_HLAT "Fields Related to Hypervisor-Managed Linear-Address Translation"
#define SDM_HOST_STATE "Host-State Area"
#define SDM_INSTRUCTION_ERROR "VM-Instruction Error Field"
#define SDM_INSTRUCTION_TIMEOUT "Instruction-Timeout Control"
#define SDM_IO_BITMAPS "I/O-Bitmap Addresses"
#define SDM_MASKS "Guest/Host Masks and Read Shadows for CR0 and CR4"
#define SDM_MSR_BITMAP "MSR-Bitmap Address"
#define SDM_PASID "Fields Related to PASID Translation"
#define SDM_PAUSE_LOOP "Controls for PAUSE-Loop Exiting"
#define SDM_PCONFIG_BITMAP "PCONFIG-Exiting Bitmap"
#define SDM_PIN_CONTROLS "Pin-Based VM-Execution Controls"
#define SDM_PML "Control Field for Page-Modification Logging"
#define SDM_PROCESSOR_CONTROLS "Processor-Based VM-Execution Controls"
#define SDM_SHADOWING "VMCS Shadowing Bitmap Addresses"
#define SDM_SPEC_CTRL "Fields Controlling Virtualization of the IA32_SPEC_CTRL MSR"
#define SDM_SPPTP "Sub-Page-Permission-Table Pointer (SPPTP)"
#define SDM_TDX "Intel TDX: SEAM non-root operation"
#define SDM_TSC "Time-Stamp Counter Offset and Multiplier"
#define SDM_VIRTUALIZATION_EXCEPTIONS "Controls for Virtualization Exceptions"
#define SDM_VM_FUNCTIONS "VM-Function Controls"
#define SDM_VPID "Virtual-Processor Identifier (VPID)"
#define SDM_XSS_BITMAP "XSS-Exiting Bitmap"

enum arch_vmcs_width {
	ARCH_WIDTH_16,
	ARCH_WIDTH_64,
	ARCH_WIDTH_32,
	ARCH_WIDTH_NATURAL,
};

enum arch_vmcs_type {
	ARCH_TYPE_CONTROL,
	ARCH_TYPE_READ_ONLY,
	ARCH_TYPE_GUEST,
	ARCH_TYPE_HOST,
};

#define ARCH_VMCS_HIGH 1u /* access type: the high half of a 64-bit field */
#define ARCH_VMCS_INDEX(encoding) (((encoding) >> 1) & 0x1ffu)
#define ARCH_VMCS_TYPE(encoding) (((encoding) >> 10) & 3u)
#define ARCH_VMCS_WIDTH(encoding) (((encoding) >> 13) & 3u)
#define ARCH_VMCS_RESERVED(encoding) ((encoding)&0xffff9000u)

struct arch_vmcs_field {
	uint16_t encoding;
	uint8_t width; /* enum arch_vmcs_width */
	uint8_t type;  /* enum arch_vmcs_type */
	uint32_t exists;
	const char *name, *section, *holds;
};

extern const struct arch_vmcs_field arch_vmcs_fields[];
extern const unsigned arch_nr_vmcs_fields;

/* clang-format off */
#define ARCH_VMCS_FIELDS(X) \
	X(0x0000, 16, CONTROL, VPID, vpid, ARCH_IF(SECONDARY, VPID), SDM_VPID, \
	  "the tag of this VMCS's entries in the translation caches") \
	X(0x0002, 16, CONTROL, POSTED_INTERRUPT_NOTIFICATION_VECTOR, \
	  posted_interrupt_notification_vector, ARCH_IF(PIN, POSTED_INTERRUPTS), \
	  SDM_APIC_VIRTUALIZATION, "the vector that announces posted interrupts") \
	X(0x0004, 16, CONTROL, EPTP_INDEX, eptp_index, ARCH_IF(SECONDARY, EPT_VIOLATION_VE), \
	  SDM_VIRTUALIZATION_EXCEPTIONS, \
	  "the index written into the virtualization-exception information area") \
	X(0x0006, 16, CONTROL, HLAT_PREFIX_SIZE, hlat_prefix_size, ARCH_IF(TERTIARY, HLAT), \
	  SDM_HLAT, "how many high linear-address bits select HLAT paging") \
	X(0x0008, 16, CONTROL, LAST_PID_POINTER_INDEX, last_pid_pointer_index, \
	  ARCH_IF(TERTIARY, IPI_VIRTUALIZATION), SDM_APIC_VIRTUALIZATION, \
	  "the last valid index into the PID-pointer table") \
	X(0x000a, 16, CONTROL, VIRTUAL_TIMER_VECTOR, virtual_timer_vector, \
	  ARCH_IF(TERTIARY, APIC_TIMER), SDM_APIC_VIRTUALIZATION, \
	  "the vector that the virtual APIC timer raises") \
	X(0x0800, 16, GUEST, GUEST_ES_SELECTOR, guest_es_selector, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "ES selector") \
	X(0x0802, 16, GUEST, GUEST_CS_SELECTOR, guest_cs_selector, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "CS selector") \
	X(0x0804, 16, GUEST, GUEST_SS_SELECTOR, guest_ss_selector, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "SS selector") \
	X(0x0806, 16, GUEST, GUEST_DS_SELECTOR, guest_ds_selector, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "DS selector") \
	X(0x0808, 16, GUEST, GUEST_FS_SELECTOR, guest_fs_selector, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "FS selector") \
	X(0x080a, 16, GUEST, GUEST_GS_SELECTOR, guest_gs_selector, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "GS selector") \
	X(0x080c, 16, GUEST, GUEST_LDTR_SELECTOR, guest_ldtr_selector, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "LDTR selector") \
	X(0x080e, 16, GUEST, GUEST_TR_SELECTOR, guest_tr_selector, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "TR selector") \
	X(0x0810, 16, GUEST, GUEST_INTERRUPT_STATUS, guest_interrupt_status, \
	  ARCH_IF(SECONDARY, VIRTUAL_INTERRUPT_DELIVERY), SDM_GUEST_NON_REGISTERS, \
	  "requesting (7:0) and servicing (15:8) virtual interrupt") \
	X(0x0812, 16, GUEST, PML_INDEX, pml_index, ARCH_IF(SECONDARY, PML), \
	  SDM_GUEST_NON_REGISTERS, \
	  "the next free entry of the page-modification log, counting down from 511") \
	X(0x0814, 16, GUEST, GUEST_UINV, guest_uinv, \
	  ARCH_IF_EITHER(ENTRY, LOAD_UINV, EXIT, CLEAR_UINV), SDM_GUEST_REGISTERS, \
	  "the user-interrupt notification vector") \
	X(0x0c00, 16, HOST, HOST_ES_SELECTOR, host_es_selector, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "ES selector") \
	X(0x0c02, 16, HOST, HOST_CS_SELECTOR, host_cs_selector, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "CS selector") \
	X(0x0c04, 16, HOST, HOST_SS_SELECTOR, host_ss_selector, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "SS selector") \
	X(0x0c06, 16, HOST, HOST_DS_SELECTOR, host_ds_selector, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "DS selector") \
	X(0x0c08, 16, HOST, HOST_FS_SELECTOR, host_fs_selector, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "FS selector") \
	X(0x0c0a, 16, HOST, HOST_GS_SELECTOR, host_gs_selector, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "GS selector") \
	X(0x0c0c, 16, HOST, HOST_TR_SELECTOR, host_tr_selector, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "TR selector") \
	X(0x2000, 64, CONTROL, IO_BITMAP_A, io_bitmap_a, ARCH_IF(PRIMARY, IO_BITMAPS), \
	  SDM_IO_BITMAPS, "address of the bitmap for ports 0 to 7FFFH") \
	X(0x2002, 64, CONTROL, IO_BITMAP_B, io_bitmap_b, ARCH_IF(PRIMARY, IO_BITMAPS), \
	  SDM_IO_BITMAPS, "address of the bitmap for ports 8000H to FFFFH") \
	X(0x2004, 64, CONTROL, MSR_BITMAPS, msr_bitmaps, ARCH_IF(PRIMARY, MSR_BITMAPS), \
	  SDM_MSR_BITMAP, "address of the page that says which RDMSR and WRMSR exit") \
	X(0x2006, 64, CONTROL, EXIT_MSR_STORE_ADDRESS, exit_msr_store_address, ARCH_ALWAYS, \
	  SDM_EXIT_MSRS, "address of the list of MSRs saved at VM exit") \
	X(0x2008, 64, CONTROL, EXIT_MSR_LOAD_ADDRESS, exit_msr_load_address, ARCH_ALWAYS, \
	  SDM_EXIT_MSRS, "address of the list of MSRs loaded at VM exit") \
	X(0x200a, 64, CONTROL, ENTRY_MSR_LOAD_ADDRESS, entry_msr_load_address, ARCH_ALWAYS, \
	  SDM_ENTRY_MSRS, "address of the list of MSRs loaded at VM entry") \
	X(0x200c, 64, CONTROL, EXECUTIVE_VMCS_POINTER, executive_vmcs_pointer, ARCH_ALWAYS, \
	  SDM_EXECUTIVE_VMCS, \
	  "the VMCS that an SMI interrupted, under the dual-monitor treatment") \
	X(0x200e, 64, CONTROL, PML_ADDRESS, pml_address, ARCH_IF(SECONDARY, PML), SDM_PML, \
	  "address of the page-modification log") \
	X(0x2010, 64, CONTROL, TSC_OFFSET, tsc_offset, ARCH_ALWAYS, SDM_TSC, \
	  "what is added to the TSC that the guest reads") \
	X(0x2012, 64, CONTROL, VIRTUAL_APIC_ADDRESS, virtual_apic_address, \
	  ARCH_IF(PRIMARY, TPR_SHADOW), SDM_APIC_VIRTUALIZATION, \
	  "address of the virtual-APIC page") \
	X(0x2014, 64, CONTROL, APIC_ACCESS_ADDRESS, apic_access_address, \
	  ARCH_IF(SECONDARY, VIRTUALIZE_APIC), SDM_APIC_VIRTUALIZATION, \
	  "address of the APIC-access page") \
	X(0x2016, 64, CONTROL, POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, \
	  posted_interrupt_descriptor_address, ARCH_IF(PIN, POSTED_INTERRUPTS), \
	  SDM_APIC_VIRTUALIZATION, "address of the posted-interrupt descriptor") \
	X(0x2018, 64, CONTROL, VM_FUNCTION_CONTROLS, vm_function_controls, \
	  ARCH_IF(SECONDARY, VM_FUNCTIONS), SDM_VM_FUNCTIONS, \
	  "one bit for each VM function that is enabled") \
	X(0x201a, 64, CONTROL, EPT_POINTER, ept_pointer, ARCH_IF(SECONDARY, EPT), SDM_EPTP, \
	  "root and attributes of the extended page tables") \
	X(0x201c, 64, CONTROL, EOI_EXIT_BITMAP_0, eoi_exit_bitmap_0, \
	  ARCH_IF(SECONDARY, VIRTUAL_INTERRUPT_DELIVERY), SDM_APIC_VIRTUALIZATION, \
	  "vectors 0 to 63 whose virtualized EOI exits") \
	X(0x201e, 64, CONTROL, EOI_EXIT_BITMAP_1, eoi_exit_bitmap_1, \
	  ARCH_IF(SECONDARY, VIRTUAL_INTERRUPT_DELIVERY), SDM_APIC_VIRTUALIZATION, \
	  "vectors 64 to 127 whose virtualized EOI exits") \
	X(0x2020, 64, CONTROL, EOI_EXIT_BITMAP_2, eoi_exit_bitmap_2, \
	  ARCH_IF(SECONDARY, VIRTUAL_INTERRUPT_DELIVERY), SDM_APIC_VIRTUALIZATION, \
	  "vectors 128 to 191 whose virtualized EOI exits") \
	X(0x2022, 64, CONTROL, EOI_EXIT_BITMAP_3, eoi_exit_bitmap_3, \
	  ARCH_IF(SECONDARY, VIRTUAL_INTERRUPT_DELIVERY), SDM_APIC_VIRTUALIZATION, \
	  "vectors 192 to 255 whose virtualized EOI exits") \
	X(0x2024, 64, CONTROL, EPTP_LIST_ADDRESS, eptp_list_address, \
	  ARCH_IF(VMFUNC, EPTP_SWITCHING), SDM_VM_FUNCTIONS, \
	  "address of the 512 EPTPs that VMFUNC 0 chooses from") \
	X(0x2026, 64, CONTROL, VMREAD_BITMAP_ADDRESS, vmread_bitmap_address, \
	  ARCH_IF(SECONDARY, VMCS_SHADOWING), SDM_SHADOWING, \
	  "address of the bitmap of fields whose VMREAD exits") \
	X(0x2028, 64, CONTROL, VMWRITE_BITMAP_ADDRESS, vmwrite_bitmap_address, \
	  ARCH_IF(SECONDARY, VMCS_SHADOWING), SDM_SHADOWING, \
	  "address of the bitmap of fields whose VMWRITE exits") \
	X(0x202a, 64, CONTROL, VE_INFORMATION_ADDRESS, ve_information_address, \
	  ARCH_IF(SECONDARY, EPT_VIOLATION_VE), SDM_VIRTUALIZATION_EXCEPTIONS, \
	  "address of the virtualization-exception information area") \
	X(0x202c, 64, CONTROL, XSS_EXITING_BITMAP, xss_exiting_bitmap, \
	  ARCH_IF(SECONDARY, XSAVES), SDM_XSS_BITMAP, \
	  "state components whose XSAVES and XRSTORS exit") \
	X(0x202e, 64, CONTROL, ENCLS_EXITING_BITMAP, encls_exiting_bitmap, \
	  ARCH_IF(SECONDARY, ENCLS_EXITING), SDM_ENCLS_BITMAP, "ENCLS leaves that exit") \
	X(0x2030, 64, CONTROL, SPPT_POINTER, sppt_pointer, ARCH_IF(SECONDARY, SPP), SDM_SPPTP, \
	  "root of the sub-page-permission table") \
	X(0x2032, 64, CONTROL, TSC_MULTIPLIER, tsc_multiplier, ARCH_IF(SECONDARY, TSC_SCALING), \
	  SDM_TSC, "what the TSC is multiplied with, 48 fraction bits") \
	X(0x2034, 64, CONTROL, TERTIARY_CONTROLS, tertiary_controls, ARCH_IF(PRIMARY, TERTIARY), \
	  SDM_PROCESSOR_CONTROLS, "the tertiary processor-based controls") \
	X(0x2036, 64, CONTROL, ENCLV_EXITING_BITMAP, enclv_exiting_bitmap, \
	  ARCH_IF(SECONDARY, ENCLV_EXITING), SDM_ENCLV_BITMAP, "ENCLV leaves that exit") \
	X(0x2038, 64, CONTROL, LOW_PASID_DIRECTORY_ADDRESS, low_pasid_directory_address, \
	  ARCH_IF(SECONDARY, PASID_TRANSLATION), SDM_PASID, \
	  "address of the directory for PASIDs with bit 19 = 0") \
	X(0x203a, 64, CONTROL, HIGH_PASID_DIRECTORY_ADDRESS, high_pasid_directory_address, \
	  ARCH_IF(SECONDARY, PASID_TRANSLATION), SDM_PASID, \
	  "address of the directory for PASIDs with bit 19 = 1") \
	X(0x203c, 64, CONTROL, SHARED_EPT_POINTER, shared_ept_pointer, ARCH_TDX_ONLY, SDM_TDX, \
	  "root of the extended page tables for shared memory of a trust domain") \
	X(0x203e, 64, CONTROL, PCONFIG_EXITING_BITMAP, pconfig_exiting_bitmap, \
	  ARCH_IF(SECONDARY, PCONFIG), SDM_PCONFIG_BITMAP, "PCONFIG leaves that exit") \
	X(0x2040, 64, CONTROL, HLAT_POINTER, hlat_pointer, ARCH_IF(TERTIARY, HLAT), SDM_HLAT, \
	  "root of the paging structures that HLAT uses in place of CR3") \
	X(0x2042, 64, CONTROL, PID_POINTER_TABLE_ADDRESS, pid_pointer_table_address, \
	  ARCH_IF(TERTIARY, IPI_VIRTUALIZATION), SDM_APIC_VIRTUALIZATION, \
	  "address of the table of posted-interrupt descriptors by APIC ID") \
	X(0x2044, 64, CONTROL, SECONDARY_EXIT_CONTROLS, secondary_exit_controls, \
	  ARCH_IF(EXIT, SECONDARY), SDM_EXIT_CONTROLS, "the secondary VM-exit controls") \
	X(0x204a, 64, CONTROL, SPEC_CTRL_MASK, spec_ctrl_mask, ARCH_IF(TERTIARY, SPEC_CTRL), \
	  SDM_SPEC_CTRL, "bits of IA32_SPEC_CTRL that the guest cannot change") \
	X(0x204c, 64, CONTROL, SPEC_CTRL_SHADOW, spec_ctrl_shadow, ARCH_IF(TERTIARY, SPEC_CTRL), \
	  SDM_SPEC_CTRL, "the value of IA32_SPEC_CTRL that the guest reads") \
	X(0x204e, 64, CONTROL, GUEST_DEADLINE_SHADOW, guest_deadline_shadow, \
	  ARCH_IF(TERTIARY, APIC_TIMER), SDM_APIC_VIRTUALIZATION, \
	  "the TSC deadline as the guest reads it") \
	X(0x2052, 64, CONTROL, INJECTED_EVENT_DATA, injected_event_data, \
	  ARCH_IF(ENTRY, LOAD_FRED), SDM_EVENT_INJECTION, \
	  "event data that FRED delivery of the injected event stacks") \
	X(0x2400, 64, READ_ONLY, GUEST_PHYSICAL_ADDRESS, guest_physical_address, \
	  ARCH_IF(SECONDARY, EPT), SDM_EXIT_BASIC, \
	  "the guest-physical address of an EPT violation, EPT misconfiguration or SPP event") \
	X(0x2402, 64, READ_ONLY, MSR_DATA, msr_data, ARCH_IF(TERTIARY, MSR_LIST), \
	  SDM_EXIT_INSTRUCTION, "the value that WRMSRLIST was about to write") \
	X(0x2404, 64, READ_ONLY, ORIGINAL_EVENT_DATA, original_event_data, \
	  ARCH_IF(ENTRY, LOAD_FRED), SDM_EXIT_DELIVERY, \
	  "event data of the event that was being delivered") \
	X(0x2800, 64, GUEST, VMCS_LINK_POINTER, vmcs_link_pointer, ARCH_ALWAYS, \
	  SDM_GUEST_NON_REGISTERS, "the shadow VMCS, or all ones") \
	X(0x2802, 64, GUEST, GUEST_DEBUGCTL, guest_debugctl, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "IA32_DEBUGCTL") \
	X(0x2804, 64, GUEST, GUEST_PAT, guest_pat, \
	  ARCH_IF_EITHER(ENTRY, LOAD_PAT, EXIT, SAVE_PAT), \
	  SDM_GUEST_REGISTERS, "IA32_PAT") \
	X(0x2806, 64, GUEST, GUEST_EFER, guest_efer, \
	  ARCH_IF_EITHER(ENTRY, LOAD_EFER, EXIT, SAVE_EFER), SDM_GUEST_REGISTERS, "IA32_EFER") \
	X(0x2808, 64, GUEST, GUEST_PERF_GLOBAL_CTRL, guest_perf_global_ctrl, \
	  ARCH_IF_EITHER(ENTRY, LOAD_PERF_GLOBAL_CTRL, EXIT, SAVE_PERF_GLOBAL_CTRL), \
	  SDM_GUEST_REGISTERS, "IA32_PERF_GLOBAL_CTRL") \
	X(0x280a, 64, GUEST, GUEST_PDPTE0, guest_pdpte0, ARCH_IF(SECONDARY, EPT), \
	  SDM_GUEST_NON_REGISTERS, "PDPTE register 0 of PAE paging") \
	X(0x280c, 64, GUEST, GUEST_PDPTE1, guest_pdpte1, ARCH_IF(SECONDARY, EPT), \
	  SDM_GUEST_NON_REGISTERS, "PDPTE register 1 of PAE paging") \
	X(0x280e, 64, GUEST, GUEST_PDPTE2, guest_pdpte2, ARCH_IF(SECONDARY, EPT), \
	  SDM_GUEST_NON_REGISTERS, "PDPTE register 2 of PAE paging") \
	X(0x2810, 64, GUEST, GUEST_PDPTE3, guest_pdpte3, ARCH_IF(SECONDARY, EPT), \
	  SDM_GUEST_NON_REGISTERS, "PDPTE register 3 of PAE paging") \
	X(0x2812, 64, GUEST, GUEST_BNDCFGS, guest_bndcfgs, \
	  ARCH_IF_EITHER(ENTRY, LOAD_BNDCFGS, EXIT, CLEAR_BNDCFGS), SDM_GUEST_REGISTERS, \
	  "IA32_BNDCFGS") \
	X(0x2814, 64, GUEST, GUEST_RTIT_CTL, guest_rtit_ctl, \
	  ARCH_IF_EITHER(ENTRY, LOAD_RTIT_CTL, EXIT, CLEAR_RTIT_CTL), SDM_GUEST_REGISTERS, \
	  "IA32_RTIT_CTL") \
	X(0x2816, 64, GUEST, GUEST_LBR_CTL, guest_lbr_ctl, \
	  ARCH_IF_EITHER(ENTRY, LOAD_LBR_CTL, EXIT, CLEAR_LBR_CTL), SDM_GUEST_REGISTERS, \
	  "IA32_LBR_CTL") \
	X(0x2818, 64, GUEST, GUEST_PKRS, guest_pkrs, ARCH_IF(ENTRY, LOAD_PKRS), \
	  SDM_GUEST_REGISTERS, "IA32_PKRS") \
	X(0x281a, 64, GUEST, GUEST_FRED_CONFIG, guest_fred_config, \
	  ARCH_IF_EITHER(ENTRY, LOAD_FRED, EXIT2, SAVE_FRED), SDM_GUEST_REGISTERS, \
	  "IA32_FRED_CONFIG") \
	X(0x281c, 64, GUEST, GUEST_FRED_RSP1, guest_fred_rsp1, \
	  ARCH_IF_EITHER(ENTRY, LOAD_FRED, EXIT2, SAVE_FRED), SDM_GUEST_REGISTERS, \
	  "IA32_FRED_RSP1") \
	X(0x281e, 64, GUEST, GUEST_FRED_RSP2, guest_fred_rsp2, \
	  ARCH_IF_EITHER(ENTRY, LOAD_FRED, EXIT2, SAVE_FRED), SDM_GUEST_REGISTERS, \
	  "IA32_FRED_RSP2") \
	X(0x2820, 64, GUEST, GUEST_FRED_RSP3, guest_fred_rsp3, \
	  ARCH_IF_EITHER(ENTRY, LOAD_FRED, EXIT2, SAVE_FRED), SDM_GUEST_REGISTERS, \
	  "IA32_FRED_RSP3") \
	X(0x2822, 64, GUEST, GUEST_FRED_STKLVLS, guest_fred_stklvls, \
	  ARCH_IF_EITHER(ENTRY, LOAD_FRED, EXIT2, SAVE_FRED), SDM_GUEST_REGISTERS, \
	  "IA32_FRED_STKLVLS") \
	X(0x2824, 64, GUEST, GUEST_FRED_SSP1, guest_fred_ssp1, \
	  ARCH_IF_EITHER(ENTRY, LOAD_FRED, EXIT2, SAVE_FRED), SDM_GUEST_REGISTERS, \
	  "IA32_FRED_SSP1") \
	X(0x2826, 64, GUEST, GUEST_FRED_SSP2, guest_fred_ssp2, \
	  ARCH_IF_EITHER(ENTRY, LOAD_FRED, EXIT2, SAVE_FRED), SDM_GUEST_REGISTERS, \
	  "IA32_FRED_SSP2") \
	X(0x2828, 64, GUEST, GUEST_FRED_SSP3, guest_fred_ssp3, \
	  ARCH_IF_EITHER(ENTRY, LOAD_FRED, EXIT2, SAVE_FRED), SDM_GUEST_REGISTERS, \
	  "IA32_FRED_SSP3") \
	X(0x282e, 64, GUEST, GUEST_SPEC_CTRL, guest_spec_ctrl, ARCH_IF(ENTRY, LOAD_SPEC_CTRL), \
	  SDM_GUEST_REGISTERS, "IA32_SPEC_CTRL") \
	X(0x2830, 64, GUEST, GUEST_DEADLINE, guest_deadline, ARCH_IF(TERTIARY, APIC_TIMER), \
	  SDM_GUEST_NON_REGISTERS, \
	  "the TSC deadline of the virtual APIC timer, in physical TSC units") \
	X(0x2c00, 64, HOST, HOST_PAT, host_pat, ARCH_IF(EXIT, LOAD_PAT), SDM_HOST_STATE, \
	  "IA32_PAT") \
	X(0x2c02, 64, HOST, HOST_EFER, host_efer, ARCH_IF(EXIT, LOAD_EFER), SDM_HOST_STATE, \
	  "IA32_EFER") \
	X(0x2c04, 64, HOST, HOST_PERF_GLOBAL_CTRL, host_perf_global_ctrl, \
	  ARCH_IF(EXIT, LOAD_PERF_GLOBAL_CTRL), SDM_HOST_STATE, "IA32_PERF_GLOBAL_CTRL") \
	X(0x2c06, 64, HOST, HOST_PKRS, host_pkrs, ARCH_IF(EXIT, LOAD_PKRS), SDM_HOST_STATE, \
	  "IA32_PKRS") \
	X(0x2c08, 64, HOST, HOST_FRED_CONFIG, host_fred_config, ARCH_IF(EXIT2, LOAD_FRED), \
	  SDM_HOST_STATE, "IA32_FRED_CONFIG") \
	X(0x2c0a, 64, HOST, HOST_FRED_RSP1, host_fred_rsp1, ARCH_IF(EXIT2, LOAD_FRED), \
	  SDM_HOST_STATE, "IA32_FRED_RSP1") \
	X(0x2c0c, 64, HOST, HOST_FRED_RSP2, host_fred_rsp2, ARCH_IF(EXIT2, LOAD_FRED), \
	  SDM_HOST_STATE, "IA32_FRED_RSP2") \
	X(0x2c0e, 64, HOST, HOST_FRED_RSP3, host_fred_rsp3, ARCH_IF(EXIT2, LOAD_FRED), \
	  SDM_HOST_STATE, "IA32_FRED_RSP3") \
	X(0x2c10, 64, HOST, HOST_FRED_STKLVLS, host_fred_stklvls, ARCH_IF(EXIT2, LOAD_FRED), \
	  SDM_HOST_STATE, "IA32_FRED_STKLVLS") \
	X(0x2c12, 64, HOST, HOST_FRED_SSP1, host_fred_ssp1, ARCH_IF(EXIT2, LOAD_FRED), \
	  SDM_HOST_STATE, "IA32_FRED_SSP1") \
	X(0x2c14, 64, HOST, HOST_FRED_SSP2, host_fred_ssp2, ARCH_IF(EXIT2, LOAD_FRED), \
	  SDM_HOST_STATE, "IA32_FRED_SSP2") \
	X(0x2c16, 64, HOST, HOST_FRED_SSP3, host_fred_ssp3, ARCH_IF(EXIT2, LOAD_FRED), \
	  SDM_HOST_STATE, "IA32_FRED_SSP3") \
	X(0x2c1a, 64, HOST, HOST_SPEC_CTRL, host_spec_ctrl, ARCH_IF(EXIT2, LOAD_SPEC_CTRL), \
	  SDM_HOST_STATE, "IA32_SPEC_CTRL") \
	X(0x4000, 32, CONTROL, PIN_BASED_CONTROLS, pin_based_controls, ARCH_ALWAYS, \
	  SDM_PIN_CONTROLS, "the pin-based controls") \
	X(0x4002, 32, CONTROL, PRIMARY_CONTROLS, primary_controls, ARCH_ALWAYS, \
	  SDM_PROCESSOR_CONTROLS, "the primary processor-based controls") \
	X(0x4004, 32, CONTROL, EXCEPTION_BITMAP, exception_bitmap, ARCH_ALWAYS, \
	  SDM_EXCEPTION_BITMAP, "the exception vectors that exit") \
	X(0x4006, 32, CONTROL, PAGE_FAULT_ERROR_CODE_MASK, page_fault_error_code_mask, \
	  ARCH_ALWAYS, SDM_EXCEPTION_BITMAP, \
	  "which error-code bits decide whether a page fault exits") \
	X(0x4008, 32, CONTROL, PAGE_FAULT_ERROR_CODE_MATCH, page_fault_error_code_match, \
	  ARCH_ALWAYS, SDM_EXCEPTION_BITMAP, "what the masked error code is compared with") \
	X(0x400a, 32, CONTROL, CR3_TARGET_COUNT, cr3_target_count, ARCH_ALWAYS, SDM_CR3_TARGETS, \
	  "how many CR3-target values are used") \
	X(0x400c, 32, CONTROL, EXIT_CONTROLS, exit_controls, ARCH_ALWAYS, SDM_EXIT_CONTROLS, \
	  "the primary VM-exit controls") \
	X(0x400e, 32, CONTROL, EXIT_MSR_STORE_COUNT, exit_msr_store_count, ARCH_ALWAYS, \
	  SDM_EXIT_MSRS, "how many MSRs are saved at VM exit") \
	X(0x4010, 32, CONTROL, EXIT_MSR_LOAD_COUNT, exit_msr_load_count, ARCH_ALWAYS, \
	  SDM_EXIT_MSRS, "how many MSRs are loaded at VM exit") \
	X(0x4012, 32, CONTROL, ENTRY_CONTROLS, entry_controls, ARCH_ALWAYS, SDM_ENTRY_CONTROLS, \
	  "the VM-entry controls") \
	X(0x4014, 32, CONTROL, ENTRY_MSR_LOAD_COUNT, entry_msr_load_count, ARCH_ALWAYS, \
	  SDM_ENTRY_MSRS, "how many MSRs are loaded at VM entry") \
	X(0x4016, 32, CONTROL, ENTRY_INTERRUPTION_INFO, entry_interruption_info, ARCH_ALWAYS, \
	  SDM_EVENT_INJECTION, "the event that VM entry injects") \
	X(0x4018, 32, CONTROL, ENTRY_EXCEPTION_ERROR_CODE, entry_exception_error_code, \
	  ARCH_ALWAYS, SDM_EVENT_INJECTION, "the error code of the injected exception") \
	X(0x401a, 32, CONTROL, ENTRY_INSTRUCTION_LENGTH, entry_instruction_length, ARCH_ALWAYS, \
	  SDM_EVENT_INJECTION, "the instruction length of an injected software event") \
	X(0x401c, 32, CONTROL, TPR_THRESHOLD, tpr_threshold, ARCH_IF(PRIMARY, TPR_SHADOW), \
	  SDM_APIC_VIRTUALIZATION, "the priority below which a lowered TPR exits") \
	X(0x401e, 32, CONTROL, SECONDARY_CONTROLS, secondary_controls, \
	  ARCH_IF(PRIMARY, SECONDARY), SDM_PROCESSOR_CONTROLS, \
	  "the secondary processor-based controls") \
	X(0x4020, 32, CONTROL, PLE_GAP, ple_gap, ARCH_IF(SECONDARY, PAUSE_LOOP_EXITING), \
	  SDM_PAUSE_LOOP, "the longest time between two PAUSEs of one loop") \
	X(0x4022, 32, CONTROL, PLE_WINDOW, ple_window, ARCH_IF(SECONDARY, PAUSE_LOOP_EXITING), \
	  SDM_PAUSE_LOOP, "the longest time that a PAUSE loop may last") \
	X(0x4024, 32, CONTROL, INSTRUCTION_TIMEOUT, instruction_timeout, \
	  ARCH_IF(SECONDARY, INSTRUCTION_TIMEOUT), SDM_INSTRUCTION_TIMEOUT, \
	  "how long the guest may run without an interrupt window") \
	X(0x4400, 32, READ_ONLY, VM_INSTRUCTION_ERROR, vm_instruction_error, ARCH_ALWAYS, \
	  SDM_INSTRUCTION_ERROR, "the number of the last VMX instruction error") \
	X(0x4402, 32, READ_ONLY, EXIT_REASON, exit_reason, ARCH_ALWAYS, SDM_EXIT_BASIC, \
	  "why the VM exit happened") \
	X(0x4404, 32, READ_ONLY, EXIT_INTERRUPTION_INFO, exit_interruption_info, ARCH_ALWAYS, \
	  SDM_EXIT_VECTORED, "the event that caused the VM exit") \
	X(0x4406, 32, READ_ONLY, EXIT_INTERRUPTION_ERROR_CODE, exit_interruption_error_code, \
	  ARCH_ALWAYS, SDM_EXIT_VECTORED, "the error code of that event") \
	X(0x4408, 32, READ_ONLY, IDT_VECTORING_INFO, idt_vectoring_info, ARCH_ALWAYS, \
	  SDM_EXIT_DELIVERY, "the event whose delivery the VM exit interrupted") \
	X(0x440a, 32, READ_ONLY, IDT_VECTORING_ERROR_CODE, idt_vectoring_error_code, ARCH_ALWAYS, \
	  SDM_EXIT_DELIVERY, "the error code of that event") \
	X(0x440c, 32, READ_ONLY, EXIT_INSTRUCTION_LENGTH, exit_instruction_length, ARCH_ALWAYS, \
	  SDM_EXIT_INSTRUCTION, "the length of the instruction that exited") \
	X(0x440e, 32, READ_ONLY, EXIT_INSTRUCTION_INFO, exit_instruction_info, ARCH_ALWAYS, \
	  SDM_EXIT_INSTRUCTION, "the operands of the instruction that exited") \
	X(0x4800, 32, GUEST, GUEST_ES_LIMIT, guest_es_limit, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "ES limit") \
	X(0x4802, 32, GUEST, GUEST_CS_LIMIT, guest_cs_limit, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "CS limit") \
	X(0x4804, 32, GUEST, GUEST_SS_LIMIT, guest_ss_limit, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "SS limit") \
	X(0x4806, 32, GUEST, GUEST_DS_LIMIT, guest_ds_limit, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "DS limit") \
	X(0x4808, 32, GUEST, GUEST_FS_LIMIT, guest_fs_limit, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "FS limit") \
	X(0x480a, 32, GUEST, GUEST_GS_LIMIT, guest_gs_limit, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "GS limit") \
	X(0x480c, 32, GUEST, GUEST_LDTR_LIMIT, guest_ldtr_limit, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "LDTR limit") \
	X(0x480e, 32, GUEST, GUEST_TR_LIMIT, guest_tr_limit, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "TR limit") \
	X(0x4810, 32, GUEST, GUEST_GDTR_LIMIT, guest_gdtr_limit, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "GDTR limit") \
	X(0x4812, 32, GUEST, GUEST_IDTR_LIMIT, guest_idtr_limit, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "IDTR limit") \
	X(0x4814, 32, GUEST, GUEST_ES_ACCESS_RIGHTS, guest_es_access_rights, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "ES access rights") \
	X(0x4816, 32, GUEST, GUEST_CS_ACCESS_RIGHTS, guest_cs_access_rights, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "CS access rights") \
	X(0x4818, 32, GUEST, GUEST_SS_ACCESS_RIGHTS, guest_ss_access_rights, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "SS access rights") \
	X(0x481a, 32, GUEST, GUEST_DS_ACCESS_RIGHTS, guest_ds_access_rights, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "DS access rights") \
	X(0x481c, 32, GUEST, GUEST_FS_ACCESS_RIGHTS, guest_fs_access_rights, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "FS access rights") \
	X(0x481e, 32, GUEST, GUEST_GS_ACCESS_RIGHTS, guest_gs_access_rights, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "GS access rights") \
	X(0x4820, 32, GUEST, GUEST_LDTR_ACCESS_RIGHTS, guest_ldtr_access_rights, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "LDTR access rights") \
	X(0x4822, 32, GUEST, GUEST_TR_ACCESS_RIGHTS, guest_tr_access_rights, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "TR access rights") \
	X(0x4824, 32, GUEST, GUEST_INTERRUPTIBILITY_STATE, guest_interruptibility_state, \
	  ARCH_ALWAYS, SDM_GUEST_NON_REGISTERS, "what blocks events at the moment") \
	X(0x4826, 32, GUEST, GUEST_ACTIVITY_STATE, guest_activity_state, ARCH_ALWAYS, \
	  SDM_GUEST_NON_REGISTERS, "active, HLT, shutdown or wait-for-SIPI") \
	X(0x4828, 32, GUEST, GUEST_SMBASE, guest_smbase, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "SMBASE") \
	X(0x482a, 32, GUEST, GUEST_SYSENTER_CS, guest_sysenter_cs, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "IA32_SYSENTER_CS") \
	X(0x482e, 32, GUEST, PREEMPTION_TIMER_VALUE, preemption_timer_value, \
	  ARCH_IF(PIN, PREEMPTION_TIMER), SDM_GUEST_NON_REGISTERS, \
	  "what the VMX-preemption timer starts from") \
	X(0x4c00, 32, HOST, HOST_SYSENTER_CS, host_sysenter_cs, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "IA32_SYSENTER_CS") \
	X(0x6000, NATURAL, CONTROL, CR0_GUEST_HOST_MASK, cr0_guest_host_mask, ARCH_ALWAYS, \
	  SDM_MASKS, "bits of CR0 that the host owns") \
	X(0x6002, NATURAL, CONTROL, CR4_GUEST_HOST_MASK, cr4_guest_host_mask, ARCH_ALWAYS, \
	  SDM_MASKS, "bits of CR4 that the host owns") \
	X(0x6004, NATURAL, CONTROL, CR0_READ_SHADOW, cr0_read_shadow, ARCH_ALWAYS, SDM_MASKS, \
	  "what the guest reads in host-owned bits of CR0") \
	X(0x6006, NATURAL, CONTROL, CR4_READ_SHADOW, cr4_read_shadow, ARCH_ALWAYS, SDM_MASKS, \
	  "what the guest reads in host-owned bits of CR4") \
	X(0x6008, NATURAL, CONTROL, CR3_TARGET_VALUE_0, cr3_target_value_0, ARCH_ALWAYS, \
	  SDM_CR3_TARGETS, "a CR3 value whose loading does not exit") \
	X(0x600a, NATURAL, CONTROL, CR3_TARGET_VALUE_1, cr3_target_value_1, ARCH_ALWAYS, \
	  SDM_CR3_TARGETS, "a CR3 value whose loading does not exit") \
	X(0x600c, NATURAL, CONTROL, CR3_TARGET_VALUE_2, cr3_target_value_2, ARCH_ALWAYS, \
	  SDM_CR3_TARGETS, "a CR3 value whose loading does not exit") \
	X(0x600e, NATURAL, CONTROL, CR3_TARGET_VALUE_3, cr3_target_value_3, ARCH_ALWAYS, \
	  SDM_CR3_TARGETS, "a CR3 value whose loading does not exit") \
	X(0x6400, NATURAL, READ_ONLY, EXIT_QUALIFICATION, exit_qualification, ARCH_ALWAYS, \
	  SDM_EXIT_BASIC, "details of the VM exit, in a layout chosen by the exit reason") \
	X(0x6402, NATURAL, READ_ONLY, IO_RCX, io_rcx, ARCH_ALWAYS, SDM_EXIT_BASIC, \
	  "RCX at the I/O instruction, for SMM VM exits") \
	X(0x6404, NATURAL, READ_ONLY, IO_RSI, io_rsi, ARCH_ALWAYS, SDM_EXIT_BASIC, \
	  "RSI at the I/O instruction, for SMM VM exits") \
	X(0x6406, NATURAL, READ_ONLY, IO_RDI, io_rdi, ARCH_ALWAYS, SDM_EXIT_BASIC, \
	  "RDI at the I/O instruction, for SMM VM exits") \
	X(0x6408, NATURAL, READ_ONLY, IO_RIP, io_rip, ARCH_ALWAYS, SDM_EXIT_BASIC, \
	  "RIP at the I/O instruction, for SMM VM exits") \
	X(0x640a, NATURAL, READ_ONLY, GUEST_LINEAR_ADDRESS, guest_linear_address, ARCH_ALWAYS, \
	  SDM_EXIT_BASIC, "the linear address of the access that exited") \
	X(0x6800, NATURAL, GUEST, GUEST_CR0, guest_cr0, ARCH_ALWAYS, SDM_GUEST_REGISTERS, "CR0") \
	X(0x6802, NATURAL, GUEST, GUEST_CR3, guest_cr3, ARCH_ALWAYS, SDM_GUEST_REGISTERS, "CR3") \
	X(0x6804, NATURAL, GUEST, GUEST_CR4, guest_cr4, ARCH_ALWAYS, SDM_GUEST_REGISTERS, "CR4") \
	X(0x6806, NATURAL, GUEST, GUEST_ES_BASE, guest_es_base, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "ES base") \
	X(0x6808, NATURAL, GUEST, GUEST_CS_BASE, guest_cs_base, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "CS base") \
	X(0x680a, NATURAL, GUEST, GUEST_SS_BASE, guest_ss_base, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "SS base") \
	X(0x680c, NATURAL, GUEST, GUEST_DS_BASE, guest_ds_base, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "DS base") \
	X(0x680e, NATURAL, GUEST, GUEST_FS_BASE, guest_fs_base, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "FS base") \
	X(0x6810, NATURAL, GUEST, GUEST_GS_BASE, guest_gs_base, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "GS base") \
	X(0x6812, NATURAL, GUEST, GUEST_LDTR_BASE, guest_ldtr_base, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "LDTR base") \
	X(0x6814, NATURAL, GUEST, GUEST_TR_BASE, guest_tr_base, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "TR base") \
	X(0x6816, NATURAL, GUEST, GUEST_GDTR_BASE, guest_gdtr_base, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "GDTR base") \
	X(0x6818, NATURAL, GUEST, GUEST_IDTR_BASE, guest_idtr_base, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "IDTR base") \
	X(0x681a, NATURAL, GUEST, GUEST_DR7, guest_dr7, ARCH_ALWAYS, SDM_GUEST_REGISTERS, "DR7") \
	X(0x681c, NATURAL, GUEST, GUEST_RSP, guest_rsp, ARCH_ALWAYS, SDM_GUEST_REGISTERS, "RSP") \
	X(0x681e, NATURAL, GUEST, GUEST_RIP, guest_rip, ARCH_ALWAYS, SDM_GUEST_REGISTERS, "RIP") \
	X(0x6820, NATURAL, GUEST, GUEST_RFLAGS, guest_rflags, ARCH_ALWAYS, SDM_GUEST_REGISTERS, \
	  "RFLAGS") \
	X(0x6822, NATURAL, GUEST, GUEST_PENDING_DEBUG_EXCEPTIONS, guest_pending_debug_exceptions, \
	  ARCH_ALWAYS, SDM_GUEST_NON_REGISTERS, \
	  "debug exceptions recognised and not yet delivered") \
	X(0x6824, NATURAL, GUEST, GUEST_SYSENTER_ESP, guest_sysenter_esp, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "IA32_SYSENTER_ESP") \
	X(0x6826, NATURAL, GUEST, GUEST_SYSENTER_EIP, guest_sysenter_eip, ARCH_ALWAYS, \
	  SDM_GUEST_REGISTERS, "IA32_SYSENTER_EIP") \
	X(0x6828, NATURAL, GUEST, GUEST_S_CET, guest_s_cet, ARCH_IF(ENTRY, LOAD_CET), \
	  SDM_GUEST_REGISTERS, "IA32_S_CET") \
	X(0x682a, NATURAL, GUEST, GUEST_SSP, guest_ssp, ARCH_IF(ENTRY, LOAD_CET), \
	  SDM_GUEST_REGISTERS, "the shadow-stack pointer") \
	X(0x682c, NATURAL, GUEST, GUEST_INTERRUPT_SSP_TABLE_ADDRESS, \
	  guest_interrupt_ssp_table_address, ARCH_IF(ENTRY, LOAD_CET), SDM_GUEST_REGISTERS, \
	  "IA32_INTERRUPT_SSP_TABLE_ADDR") \
	X(0x6c00, NATURAL, HOST, HOST_CR0, host_cr0, ARCH_ALWAYS, SDM_HOST_STATE, "CR0") \
	X(0x6c02, NATURAL, HOST, HOST_CR3, host_cr3, ARCH_ALWAYS, SDM_HOST_STATE, "CR3") \
	X(0x6c04, NATURAL, HOST, HOST_CR4, host_cr4, ARCH_ALWAYS, SDM_HOST_STATE, "CR4") \
	X(0x6c06, NATURAL, HOST, HOST_FS_BASE, host_fs_base, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "FS base") \
	X(0x6c08, NATURAL, HOST, HOST_GS_BASE, host_gs_base, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "GS base") \
	X(0x6c0a, NATURAL, HOST, HOST_TR_BASE, host_tr_base, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "TR base") \
	X(0x6c0c, NATURAL, HOST, HOST_GDTR_BASE, host_gdtr_base, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "GDTR base") \
	X(0x6c0e, NATURAL, HOST, HOST_IDTR_BASE, host_idtr_base, ARCH_ALWAYS, SDM_HOST_STATE, \
	  "IDTR base") \
	X(0x6c10, NATURAL, HOST, HOST_SYSENTER_ESP, host_sysenter_esp, ARCH_ALWAYS, \
	  SDM_HOST_STATE, "IA32_SYSENTER_ESP") \
	X(0x6c12, NATURAL, HOST, HOST_SYSENTER_EIP, host_sysenter_eip, ARCH_ALWAYS, \
	  SDM_HOST_STATE, "IA32_SYSENTER_EIP") \
	X(0x6c14, NATURAL, HOST, HOST_RSP, host_rsp, ARCH_ALWAYS, SDM_HOST_STATE, "RSP") \
	X(0x6c16, NATURAL, HOST, HOST_RIP, host_rip, ARCH_ALWAYS, SDM_HOST_STATE, "RIP") \
	X(0x6c18, NATURAL, HOST, HOST_S_CET, host_s_cet, ARCH_IF(EXIT, LOAD_CET), SDM_HOST_STATE, \
	  "IA32_S_CET") \
	X(0x6c1a, NATURAL, HOST, HOST_SSP, host_ssp, ARCH_IF(EXIT, LOAD_CET), SDM_HOST_STATE, \
	  "the shadow-stack pointer") \
	X(0x6c1c, NATURAL, HOST, HOST_INTERRUPT_SSP_TABLE_ADDRESS, \
	  host_interrupt_ssp_table_address, ARCH_IF(EXIT, LOAD_CET), SDM_HOST_STATE, \
	  "IA32_INTERRUPT_SSP_TABLE_ADDR")
/* clang-format on */

#define ARCH_VMCS_ENUM(encoding, width, type, name, ...) ARCH_VMCS_##name = (encoding),
enum arch_vmcs_encoding { ARCH_VMCS_FIELDS(ARCH_VMCS_ENUM) };
#undef ARCH_VMCS_ENUM

#endif
