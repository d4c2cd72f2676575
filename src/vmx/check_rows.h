/* SPDX-License-Identifier: MIT */
#ifndef UDV_VMX_CHECK_ROWS_H
#define UDV_VMX_CHECK_ROWS_H

/*
 * The checks of a VM entry, in the order in which they are made.
 * Columns: id, the same as text, class, title of the SDM's section, field, rule.
 */

#define SDM_CHECK_EXECUTION "VM-Execution Control Fields"
#define SDM_CHECK_EXIT "VM-Exit Control Fields"
#define SDM_CHECK_ENTRY "VM-Entry Control Fields"
#define SDM_CHECK_HOST_REGISTERS "Checks on Host Control Registers, MSRs, and SSP"
#define SDM_CHECK_HOST_SEGMENTS "Checks on Host Segment and Descriptor-Table Registers"
#define SDM_CHECK_ADDRESS_SPACE "Checks Related to Address-Space Size"
#define SDM_CHECK_GUEST_REGISTERS "Checks on Guest Control Registers, Debug Registers, and MSRs"
#define SDM_CHECK_GUEST_SEGMENTS "Checks on Guest Segment Registers"
#define SDM_CHECK_GUEST_TABLES "Checks on Guest Descriptor-Table Registers"
#define SDM_CHECK_GUEST_RIP "Checks on Guest RIP, RFLAGS, and SSP"
#define SDM_CHECK_GUEST_NON_REGISTERS "Checks on Guest Non-Register State"
#define SDM_CHECK_MSRS "Loading MSRs"
#define SDM_CHECK_GUEST_PDPTES "Checks on Guest Page-Directory-Pointer-Table Entries"

/* clang-format off */
#define VMX_CHECKS(X) \
	X(CTL_01, "CTL-01", CONTROL, SDM_CHECK_EXECUTION, PIN_BASED_CONTROLS, \
	  "the bits that IA32_VMX_TRUE_PINBASED_CTLS[31:0] sets must be 1, those that [63:32] clears must be 0") \
	X(CTL_02, "CTL-02", CONTROL, SDM_CHECK_EXECUTION, PRIMARY_CONTROLS, \
	  "the bits that IA32_VMX_TRUE_PROCBASED_CTLS[31:0] sets must be 1, those that [63:32] clears must be 0") \
	X(CTL_03, "CTL-03", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "the bits that IA32_VMX_PROCBASED_CTLS2[63:32] clears must be 0") \
	X(CTL_04, "CTL-04", CONTROL, SDM_CHECK_EXECUTION, TERTIARY_CONTROLS, \
	  "the bits that IA32_VMX_PROCBASED_CTLS3 clears must be 0") \
	X(CTL_05, "CTL-05", CONTROL, SDM_CHECK_EXIT, EXIT_CONTROLS, \
	  "the bits that IA32_VMX_TRUE_EXIT_CTLS[31:0] sets must be 1, those that [63:32] clears must be 0") \
	X(CTL_06, "CTL-06", CONTROL, SDM_CHECK_EXIT, SECONDARY_EXIT_CONTROLS, \
	  "the bits that IA32_VMX_EXIT_CTLS2 clears must be 0") \
	X(CTL_07, "CTL-07", CONTROL, SDM_CHECK_ENTRY, ENTRY_CONTROLS, \
	  "the bits that IA32_VMX_TRUE_ENTRY_CTLS[31:0] sets must be 1, those that [63:32] clears must be 0") \
	X(CTL_08, "CTL-08", CONTROL, SDM_CHECK_EXECUTION, VM_FUNCTION_CONTROLS, \
	  "the bits that IA32_VMX_VMFUNC clears must be 0") \
	X(EXEC_01, "EXEC-01", CONTROL, SDM_CHECK_EXECUTION, CR3_TARGET_COUNT, \
	  "at most IA32_VMX_MISC[24:16]") \
	X(EXEC_02, "EXEC-02", CONTROL, SDM_CHECK_EXECUTION, IO_BITMAP_A, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_03, "EXEC-03", CONTROL, SDM_CHECK_EXECUTION, MSR_BITMAPS, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_09, "EXEC-09", CONTROL, SDM_CHECK_EXECUTION, PIN_BASED_CONTROLS, \
	  "\"virtual NMIs\" needs \"NMI exiting\"") \
	X(EXEC_10, "EXEC-10", CONTROL, SDM_CHECK_EXECUTION, PRIMARY_CONTROLS, \
	  "\"NMI-window exiting\" needs \"virtual NMIs\"") \
	X(EXEC_04, "EXEC-04", CONTROL, SDM_CHECK_EXECUTION, VIRTUAL_APIC_ADDRESS, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_05, "EXEC-05", CONTROL, SDM_CHECK_EXECUTION, TPR_THRESHOLD, \
	  "bits 31:4 must be 0") \
	X(EXEC_06, "EXEC-06", CONTROL, SDM_CHECK_EXECUTION, TPR_THRESHOLD, \
	  "bits 3:0 must not exceed VTPR[7:4]") \
	X(EXEC_07, "EXEC-07", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "\"virtualize x2APIC mode\", \"APIC-register virtualization\" and \"virtual-interrupt delivery\" need \"use TPR shadow\"") \
	X(EXEC_08, "EXEC-08", CONTROL, SDM_CHECK_EXECUTION, TERTIARY_CONTROLS, \
	  "\"IPI virtualization\" needs \"use TPR shadow\"") \
	X(EXEC_11, "EXEC-11", CONTROL, SDM_CHECK_EXECUTION, APIC_ACCESS_ADDRESS, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_12, "EXEC-12", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "\"virtualize x2APIC mode\" excludes \"virtualize APIC accesses\"") \
	X(EXEC_13, "EXEC-13", CONTROL, SDM_CHECK_EXECUTION, PIN_BASED_CONTROLS, \
	  "\"virtual-interrupt delivery\" needs \"external-interrupt exiting\"") \
	X(EXEC_14, "EXEC-14", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "\"process posted interrupts\" needs \"virtual-interrupt delivery\"") \
	X(EXEC_15, "EXEC-15", CONTROL, SDM_CHECK_EXECUTION, EXIT_CONTROLS, \
	  "\"process posted interrupts\" needs \"acknowledge interrupt on exit\"") \
	X(EXEC_16, "EXEC-16", CONTROL, SDM_CHECK_EXECUTION, POSTED_INTERRUPT_NOTIFICATION_VECTOR, \
	  "bits 15:8 must be 0") \
	X(EXEC_17, "EXEC-17", CONTROL, SDM_CHECK_EXECUTION, POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, \
	  "a multiple of 64 within the physical-address width") \
	X(EXEC_18, "EXEC-18", CONTROL, SDM_CHECK_EXECUTION, VPID, \
	  "not 0") \
	X(EXEC_19, "EXEC-19", CONTROL, SDM_CHECK_EXECUTION, EPT_POINTER, \
	  "bits 2:0: a memory type that IA32_VMX_EPT_VPID_CAP[8] (0, UC) or [14] (6, WB) allows") \
	X(EXEC_20, "EXEC-20", CONTROL, SDM_CHECK_EXECUTION, EPT_POINTER, \
	  "bits 5:3: 3 or 4, as IA32_VMX_EPT_VPID_CAP[6] and [7] allow") \
	X(EXEC_21, "EXEC-21", CONTROL, SDM_CHECK_EXECUTION, EPT_POINTER, \
	  "bit 6 needs IA32_VMX_EPT_VPID_CAP[21]") \
	X(EXEC_22, "EXEC-22", CONTROL, SDM_CHECK_EXECUTION, EPT_POINTER, \
	  "bit 7 needs IA32_VMX_EPT_VPID_CAP[23]") \
	X(EXEC_23, "EXEC-23", CONTROL, SDM_CHECK_EXECUTION, EPT_POINTER, \
	  "bits 11:8 and those beyond the physical-address width must be 0") \
	X(EXEC_24, "EXEC-24", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "\"enable PML\" needs \"enable EPT\"") \
	X(EXEC_25, "EXEC-25", CONTROL, SDM_CHECK_EXECUTION, PML_ADDRESS, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_26, "EXEC-26", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "\"unrestricted guest\" needs \"enable EPT\"") \
	X(EXEC_27, "EXEC-27", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "\"mode-based execute control for EPT\" needs \"enable EPT\"") \
	X(EXEC_28, "EXEC-28", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "\"sub-page write permissions for EPT\" needs \"enable EPT\"") \
	X(EXEC_29, "EXEC-29", CONTROL, SDM_CHECK_EXECUTION, SPPT_POINTER, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_30, "EXEC-30", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "\"EPTP switching\" needs \"enable EPT\"") \
	X(EXEC_31, "EXEC-31", CONTROL, SDM_CHECK_EXECUTION, EPTP_LIST_ADDRESS, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_34, "EXEC-34", CONTROL, SDM_CHECK_EXECUTION, SECONDARY_CONTROLS, \
	  "\"Intel PT uses guest physical addresses\" needs \"enable EPT\", \"load IA32_RTIT_CTL\" and \"clear IA32_RTIT_CTL\"") \
	X(EXEC_37, "EXEC-37", CONTROL, SDM_CHECK_EXECUTION, TERTIARY_CONTROLS, \
	  "\"enable HLAT\" needs \"enable EPT\"") \
	X(EXEC_38, "EXEC-38", CONTROL, SDM_CHECK_EXECUTION, HLAT_POINTER, \
	  "bits 2:0, 11:5 and those beyond the physical-address width must be 0") \
	X(EXEC_40, "EXEC-40", CONTROL, SDM_CHECK_EXECUTION, TERTIARY_CONTROLS, \
	  "\"EPT paging-write control\" needs \"enable EPT\"") \
	X(EXEC_41, "EXEC-41", CONTROL, SDM_CHECK_EXECUTION, TERTIARY_CONTROLS, \
	  "\"guest-paging verification\" needs \"enable EPT\"") \
	X(EXEC_32, "EXEC-32", CONTROL, SDM_CHECK_EXECUTION, VMREAD_BITMAP_ADDRESS, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_33, "EXEC-33", CONTROL, SDM_CHECK_EXECUTION, VE_INFORMATION_ADDRESS, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_35, "EXEC-35", CONTROL, SDM_CHECK_EXECUTION, TSC_MULTIPLIER, \
	  "not 0") \
	X(EXEC_36, "EXEC-36", CONTROL, SDM_CHECK_EXECUTION, LOW_PASID_DIRECTORY_ADDRESS, \
	  "a multiple of 4096 within the physical-address width") \
	X(EXEC_42, "EXEC-42", CONTROL, SDM_CHECK_EXECUTION, PID_POINTER_TABLE_ADDRESS, \
	  "a multiple of 8 within the physical-address width") \
	X(EXEC_43, "EXEC-43", CONTROL, SDM_CHECK_EXECUTION, LAST_PID_POINTER_INDEX, \
	  "the last entry of the table must lie within the physical-address width") \
	X(EXIT_01, "EXIT-01", CONTROL, SDM_CHECK_EXIT, EXIT_CONTROLS, \
	  "\"save VMX-preemption timer value\" needs \"activate VMX-preemption timer\"") \
	X(EXIT_02, "EXIT-02", CONTROL, SDM_CHECK_EXIT, EXIT_MSR_STORE_ADDRESS, \
	  "a multiple of 16 within the physical-address width") \
	X(EXIT_03, "EXIT-03", CONTROL, SDM_CHECK_EXIT, EXIT_MSR_STORE_COUNT, \
	  "the list must end within the physical-address width") \
	X(EXIT_04, "EXIT-04", CONTROL, SDM_CHECK_EXIT, EXIT_MSR_LOAD_ADDRESS, \
	  "a multiple of 16 within the physical-address width") \
	X(EXIT_05, "EXIT-05", CONTROL, SDM_CHECK_EXIT, EXIT_MSR_LOAD_COUNT, \
	  "the list must end within the physical-address width") \
	X(ENTRY_01, "ENTRY-01", CONTROL, SDM_CHECK_ENTRY, ENTRY_MSR_LOAD_ADDRESS, \
	  "a multiple of 16 within the physical-address width") \
	X(ENTRY_02, "ENTRY-02", CONTROL, SDM_CHECK_ENTRY, ENTRY_MSR_LOAD_COUNT, \
	  "the list must end within the physical-address width") \
	X(ENTRY_03, "ENTRY-03", CONTROL, SDM_CHECK_ENTRY, ENTRY_CONTROLS, \
	  "outside SMM \"entry to SMM\" and \"deactivate dual-monitor treatment\" must be 0") \
	X(ENTRY_04, "ENTRY-04", CONTROL, SDM_CHECK_ENTRY, ENTRY_CONTROLS, \
	  "\"entry to SMM\" and \"deactivate dual-monitor treatment\" must not both be 1") \
	X(ENTRY_05, "ENTRY-05", CONTROL, SDM_CHECK_ENTRY, ENTRY_CONTROLS, \
	  "\"load IA32_RTIT_CTL\" must be 0 while Intel PT traces (IA32_RTIT_CTL.TraceEn)") \
	X(INJ_01, "INJ-01", CONTROL, SDM_CHECK_ENTRY, ENTRY_INTERRUPTION_INFO, \
	  "type 1 is reserved") \
	X(INJ_02, "INJ-02", CONTROL, SDM_CHECK_ENTRY, ENTRY_INTERRUPTION_INFO, \
	  "type 7 needs a processor with \"monitor trap flag\"") \
	X(INJ_03, "INJ-03", CONTROL, SDM_CHECK_ENTRY, ENTRY_INTERRUPTION_INFO, \
	  "an NMI has vector 2") \
	X(INJ_04, "INJ-04", CONTROL, SDM_CHECK_ENTRY, ENTRY_INTERRUPTION_INFO, \
	  "a hardware exception has a vector of at most 31") \
	X(INJ_05, "INJ-05", CONTROL, SDM_CHECK_ENTRY, ENTRY_INTERRUPTION_INFO, \
	  "type 7 has vector 0") \
	X(INJ_06, "INJ-06", CONTROL, SDM_CHECK_ENTRY, ENTRY_INTERRUPTION_INFO, \
	  "only hardware exceptions in protected mode deliver an error code") \
	X(INJ_07, "INJ-07", CONTROL, SDM_CHECK_ENTRY, ENTRY_INTERRUPTION_INFO, \
	  "bit 11 must be 1 exactly for vectors 8, 10 to 14 and 17") \
	X(INJ_08, "INJ-08", CONTROL, SDM_CHECK_ENTRY, ENTRY_INTERRUPTION_INFO, \
	  "bits 30:12 must be 0") \
	X(INJ_09, "INJ-09", CONTROL, SDM_CHECK_ENTRY, ENTRY_EXCEPTION_ERROR_CODE, \
	  "bits 31:16 must be 0") \
	X(INJ_10, "INJ-10", CONTROL, SDM_CHECK_ENTRY, ENTRY_INSTRUCTION_LENGTH, \
	  "at most 15, and 0 only with IA32_VMX_MISC[30]") \
	X(INJ_11, "INJ-11", CONTROL, SDM_CHECK_ENTRY, ENTRY_INSTRUCTION_LENGTH, \
	  "at most 15 for SYSCALL and SYSENTER") \
	X(HOST_01, "HOST-01", HOST, SDM_CHECK_HOST_REGISTERS, HOST_CR0, \
	  "bits fixed by IA32_VMX_CR0_FIXED0 and IA32_VMX_CR0_FIXED1, NW and CD apart") \
	X(HOST_02, "HOST-02", HOST, SDM_CHECK_HOST_REGISTERS, HOST_CR4, \
	  "bits fixed by IA32_VMX_CR4_FIXED0 and IA32_VMX_CR4_FIXED1") \
	X(HOST_03, "HOST-03", HOST, SDM_CHECK_HOST_REGISTERS, HOST_CR4, \
	  "CR4.CET needs CR0.WP") \
	X(HOST_04, "HOST-04", HOST, SDM_CHECK_HOST_REGISTERS, HOST_CR3, \
	  "bits beyond the physical-address width must be 0") \
	X(HOST_05, "HOST-05", HOST, SDM_CHECK_HOST_REGISTERS, HOST_SYSENTER_ESP, \
	  "a canonical address") \
	X(HOST_06, "HOST-06", HOST, SDM_CHECK_HOST_REGISTERS, HOST_PERF_GLOBAL_CTRL, \
	  "reserved bits must be 0") \
	X(HOST_07, "HOST-07", HOST, SDM_CHECK_HOST_REGISTERS, HOST_PAT, \
	  "each byte must be 0, 1, 4, 5, 6 or 7") \
	X(HOST_08, "HOST-08", HOST, SDM_CHECK_HOST_REGISTERS, HOST_EFER, \
	  "reserved bits must be 0") \
	X(HOST_09, "HOST-09", HOST, SDM_CHECK_HOST_REGISTERS, HOST_EFER, \
	  "LMA and LME must be as \"host address-space size\"") \
	X(HOST_10, "HOST-10", HOST, SDM_CHECK_HOST_REGISTERS, HOST_S_CET, \
	  "bits 9:6 must be 0, bits 11:10 not both 1, the address canonical") \
	X(HOST_11, "HOST-11", HOST, SDM_CHECK_HOST_REGISTERS, HOST_SSP, \
	  "bits 1:0 must be 0") \
	X(HOST_12, "HOST-12", HOST, SDM_CHECK_HOST_REGISTERS, HOST_INTERRUPT_SSP_TABLE_ADDRESS, \
	  "a canonical address") \
	X(HOST_13, "HOST-13", HOST, SDM_CHECK_HOST_REGISTERS, HOST_PKRS, \
	  "bits 63:32 must be 0") \
	X(HOST_14, "HOST-14", HOST, SDM_CHECK_HOST_REGISTERS, HOST_FRED_CONFIG, \
	  "bits 2, 5:4 and 11 must be 0, the address canonical") \
	X(HOST_15, "HOST-15", HOST, SDM_CHECK_HOST_REGISTERS, HOST_FRED_RSP1, \
	  "a canonical address, a multiple of 64 for RSP and of 8 for SSP") \
	X(HOST_16, "HOST-16", HOST, SDM_CHECK_HOST_REGISTERS, HOST_SPEC_CTRL, \
	  "reserved bits must be 0") \
	X(HOST_17, "HOST-17", HOST, SDM_CHECK_HOST_SEGMENTS, HOST_CS_SELECTOR, \
	  "RPL (bits 1:0) and TI (bit 2) must be 0") \
	X(HOST_18, "HOST-18", HOST, SDM_CHECK_HOST_SEGMENTS, HOST_CS_SELECTOR, \
	  "CS and TR must not be null") \
	X(HOST_19, "HOST-19", HOST, SDM_CHECK_HOST_SEGMENTS, HOST_SS_SELECTOR, \
	  "SS must not be null for a host that is not 64-bit") \
	X(HOST_20, "HOST-20", HOST, SDM_CHECK_HOST_SEGMENTS, HOST_FS_BASE, \
	  "a canonical address") \
	X(HOST_21, "HOST-21", HOST, SDM_CHECK_ADDRESS_SPACE, EXIT_CONTROLS, \
	  "outside IA-32e mode \"IA-32e mode guest\" and \"host address-space size\" must be 0") \
	X(HOST_22, "HOST-22", HOST, SDM_CHECK_ADDRESS_SPACE, EXIT_CONTROLS, \
	  "in IA-32e mode \"host address-space size\" must be 1") \
	X(HOST_23, "HOST-23", HOST, SDM_CHECK_ADDRESS_SPACE, ENTRY_CONTROLS, \
	  "\"IA-32e mode guest\" needs \"host address-space size\"") \
	X(HOST_24, "HOST-24", HOST, SDM_CHECK_ADDRESS_SPACE, HOST_CR4, \
	  "PCIDE must be 0 for a host that is not 64-bit") \
	X(HOST_25, "HOST-25", HOST, SDM_CHECK_ADDRESS_SPACE, HOST_RIP, \
	  "bits 63:32 must be 0 for a host that is not 64-bit") \
	X(HOST_26, "HOST-26", HOST, SDM_CHECK_ADDRESS_SPACE, HOST_S_CET, \
	  "bits 63:32 of S_CET and SSP must be 0 for a host that is not 64-bit") \
	X(HOST_27, "HOST-27", HOST, SDM_CHECK_ADDRESS_SPACE, HOST_CR4, \
	  "FRED must be 0 for a host that is not 64-bit") \
	X(HOST_28, "HOST-28", HOST, SDM_CHECK_ADDRESS_SPACE, HOST_CR4, \
	  "PAE must be 1 for a 64-bit host") \
	X(HOST_29, "HOST-29", HOST, SDM_CHECK_ADDRESS_SPACE, HOST_RIP, \
	  "a canonical address, as wide as CR4.LA57 of the host says") \
	X(HOST_30, "HOST-30", HOST, SDM_CHECK_ADDRESS_SPACE, HOST_SSP, \
	  "a canonical address") \
	X(GCR_01, "GCR-01", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_CR0, \
	  "bits fixed by IA32_VMX_CR0_FIXED0 and IA32_VMX_CR0_FIXED1; NW and CD apart, and PE and PG with \"unrestricted guest\"") \
	X(GCR_02, "GCR-02", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_CR0, \
	  "PG needs PE") \
	X(GCR_03, "GCR-03", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_CR4, \
	  "bits fixed by IA32_VMX_CR4_FIXED0 and IA32_VMX_CR4_FIXED1") \
	X(GCR_04, "GCR-04", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_CR4, \
	  "CR4.CET needs CR0.WP") \
	X(GCR_05, "GCR-05", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_CR0, \
	  "\"IA-32e mode guest\" needs CR0.PG and CR4.PAE") \
	X(GCR_06, "GCR-06", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_CR4, \
	  "CR4.PCIDE needs \"IA-32e mode guest\"") \
	X(GCR_07, "GCR-07", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_CR4, \
	  "CR4.FRED needs \"IA-32e mode guest\"") \
	X(GCR_08, "GCR-08", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_CR3, \
	  "bits beyond the physical-address width must be 0") \
	X(GDR_01, "GDR-01", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_DR7, \
	  "bits 63:32 must be 0") \
	X(GMSR_01, "GMSR-01", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_DEBUGCTL, \
	  "reserved bits must be 0") \
	X(GMSR_02, "GMSR-02", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_SYSENTER_ESP, \
	  "a canonical address") \
	X(GMSR_03, "GMSR-03", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_PERF_GLOBAL_CTRL, \
	  "reserved bits must be 0") \
	X(GMSR_04, "GMSR-04", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_PAT, \
	  "each byte must be 0, 1, 4, 5, 6 or 7") \
	X(GMSR_05, "GMSR-05", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_EFER, \
	  "reserved bits must be 0") \
	X(GMSR_06, "GMSR-06", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_EFER, \
	  "LMA must be as \"IA-32e mode guest\"") \
	X(GMSR_07, "GMSR-07", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_EFER, \
	  "LME must be as LMA when CR0.PG is 1") \
	X(GMSR_08, "GMSR-08", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_BNDCFGS, \
	  "bits 11:2 must be 0, the address canonical") \
	X(GMSR_10, "GMSR-10", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_S_CET, \
	  "bits 9:6 must be 0, bits 11:10 not both 1, the address canonical") \
	X(GMSR_11, "GMSR-11", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_INTERRUPT_SSP_TABLE_ADDRESS, \
	  "a canonical address") \
	X(SSP_01, "SSP-01", GUEST, SDM_CHECK_GUEST_RIP, GUEST_SSP, \
	  "bits 1:0 must be 0") \
	X(SSP_02, "SSP-02", GUEST, SDM_CHECK_GUEST_RIP, GUEST_SSP, \
	  "bits 63:32 must be 0 without \"IA-32e mode guest\", the address canonical with it") \
	X(GMSR_13, "GMSR-13", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_PKRS, \
	  "bits 63:32 must be 0") \
	X(GMSR_14, "GMSR-14", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_UINV, \
	  "bits 15:8 must be 0") \
	X(GMSR_09, "GMSR-09", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_RTIT_CTL, \
	  "reserved bits must be 0") \
	X(GMSR_12, "GMSR-12", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_LBR_CTL, \
	  "reserved bits must be 0") \
	X(GMSR_15, "GMSR-15", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_FRED_CONFIG, \
	  "reserved bits must be 0, addresses canonical; RSP a multiple of 64, SSP of 8") \
	X(GMSR_16, "GMSR-16", GUEST, SDM_CHECK_GUEST_REGISTERS, GUEST_SPEC_CTRL, \
	  "reserved bits must be 0") \
	X(SEG_01, "SEG-01", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_ES_BASE, \
	  "in virtual-8086 mode the selector times 16") \
	X(SEG_02, "SEG-02", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_ES_LIMIT, \
	  "in virtual-8086 mode FFFFH") \
	X(SEG_03, "SEG-03", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_ES_ACCESS_RIGHTS, \
	  "in virtual-8086 mode F3H") \
	X(SEG_05, "SEG-05", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_FS_BASE, \
	  "a canonical address") \
	X(SEG_06, "SEG-06", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_BASE, \
	  "bits 63:32 must be 0") \
	X(SEG_07, "SEG-07", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_SS_BASE, \
	  "bits 63:32 must be 0") \
	X(SEG_11, "SEG-11", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_DS_ACCESS_RIGHTS, \
	  "type: accessed (bit 0)") \
	X(SEG_12, "SEG-12", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_DS_ACCESS_RIGHTS, \
	  "type: code must be readable (bit 1)") \
	X(SEG_19, "SEG-19", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_DS_ACCESS_RIGHTS, \
	  "DPL must not be below the selector's RPL, conforming code apart") \
	X(SEG_13, "SEG-13", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_ACCESS_RIGHTS, \
	  "S (bit 4) must be 1") \
	X(SEG_20, "SEG-20", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_ACCESS_RIGHTS, \
	  "P (bit 7) must be 1") \
	X(SEG_21, "SEG-21", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_ACCESS_RIGHTS, \
	  "bits 11:8 and 31:17 must be 0") \
	X(SEG_23, "SEG-23", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_LIMIT, \
	  "G (bit 15) must be 0 where bits 11:0 of the limit are not all 1") \
	X(SEG_24, "SEG-24", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_LIMIT, \
	  "G (bit 15) must be 1 where bits 31:20 of the limit are not all 0") \
	X(SEG_08, "SEG-08", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_ACCESS_RIGHTS, \
	  "type: 9, 11, 13 or 15 (accessed code)") \
	X(SEG_09, "SEG-09", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_ACCESS_RIGHTS, \
	  "type: 3, 9, 11, 13 or 15") \
	X(SEG_14, "SEG-14", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_ACCESS_RIGHTS, \
	  "DPL must be 0 for type 3") \
	X(SEG_15, "SEG-15", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_ACCESS_RIGHTS, \
	  "DPL of non-conforming code must be that of SS") \
	X(SEG_16, "SEG-16", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_ACCESS_RIGHTS, \
	  "DPL of conforming code must not exceed that of SS") \
	X(SEG_22, "SEG-22", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_CS_ACCESS_RIGHTS, \
	  "D/B (bit 14) must be 0 in 64-bit code (L, bit 13)") \
	X(SEG_04, "SEG-04", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_SS_SELECTOR, \
	  "RPL must be that of CS") \
	X(SEG_10, "SEG-10", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_SS_ACCESS_RIGHTS, \
	  "type: 3 or 7 (accessed, writable data)") \
	X(SEG_17, "SEG-17", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_SS_ACCESS_RIGHTS, \
	  "DPL must be the selector's RPL") \
	X(SEG_18, "SEG-18", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_SS_ACCESS_RIGHTS, \
	  "DPL must be 0 in real-address mode, and where CS has type 3") \
	X(SEG_25, "SEG-25", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_SS_ACCESS_RIGHTS, \
	  "with CR4.FRED: DPL of SS 0 and CS 64-bit, or DPL 3 and IOPL 0") \
	X(TR_01, "TR-01", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_TR_SELECTOR, \
	  "TI (bit 2) must be 0") \
	X(TR_02, "TR-02", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_TR_BASE, \
	  "a canonical address") \
	X(TR_03, "TR-03", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_TR_ACCESS_RIGHTS, \
	  "type: 3 or 11 (busy TSS)") \
	X(TR_04, "TR-04", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_TR_ACCESS_RIGHTS, \
	  "type: 11 (busy 64-bit TSS)") \
	X(TR_05, "TR-05", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_TR_ACCESS_RIGHTS, \
	  "S, bits 11:8, 31:17 and 16 (unusable) must be 0, P must be 1") \
	X(TR_06, "TR-06", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_TR_LIMIT, \
	  "the granularity (access rights, bit 15) must fit the limit") \
	X(LDTR_01, "LDTR-01", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_LDTR_SELECTOR, \
	  "TI (bit 2) must be 0") \
	X(LDTR_02, "LDTR-02", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_LDTR_BASE, \
	  "a canonical address") \
	X(LDTR_03, "LDTR-03", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_LDTR_ACCESS_RIGHTS, \
	  "type 2, S, bits 11:8 and 31:17 0, P 1") \
	X(LDTR_04, "LDTR-04", GUEST, SDM_CHECK_GUEST_SEGMENTS, GUEST_LDTR_LIMIT, \
	  "the granularity (access rights, bit 15) must fit the limit") \
	X(DT_01, "DT-01", GUEST, SDM_CHECK_GUEST_TABLES, GUEST_GDTR_BASE, \
	  "a canonical address") \
	X(DT_02, "DT-02", GUEST, SDM_CHECK_GUEST_TABLES, GUEST_GDTR_LIMIT, \
	  "bits 31:16 must be 0") \
	X(RIP_01, "RIP-01", GUEST, SDM_CHECK_GUEST_RIP, GUEST_RIP, \
	  "bits 63:32 must be 0 outside of 64-bit mode") \
	X(RIP_02, "RIP-02", GUEST, SDM_CHECK_GUEST_RIP, GUEST_RIP, \
	  "bits beyond the linear-address width must all be the same") \
	X(RFL_01, "RFL-01", GUEST, SDM_CHECK_GUEST_RIP, GUEST_RFLAGS, \
	  "bits 63:22, 15, 5 and 3 must be 0, bit 1 must be 1") \
	X(RFL_02, "RFL-02", GUEST, SDM_CHECK_GUEST_RIP, GUEST_RFLAGS, \
	  "VM (bit 17) must be 0 with \"IA-32e mode guest\" and in real-address mode") \
	X(RFL_03, "RFL-03", GUEST, SDM_CHECK_GUEST_RIP, GUEST_RFLAGS, \
	  "IF (bit 9) must be 1 to inject an external interrupt") \
	X(ACT_01, "ACT-01", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_ACTIVITY_STATE, \
	  "0, or a state that IA32_VMX_MISC[8:6] supports") \
	X(ACT_02, "ACT-02", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_ACTIVITY_STATE, \
	  "HLT needs DPL 0 in SS") \
	X(ACT_03, "ACT-03", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_ACTIVITY_STATE, \
	  "active with blocking by STI or MOV SS") \
	X(ACT_05, "ACT-05", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_ACTIVITY_STATE, \
	  "the injected event must be one that this state allows") \
	X(INTR_01, "INTR-01", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "bits 31:5 must be 0") \
	X(INTR_02, "INTR-02", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "blocking by STI and by MOV SS exclude each other") \
	X(INTR_03, "INTR-03", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "blocking by STI needs RFLAGS.IF") \
	X(INTR_04, "INTR-04", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "no blocking by STI or MOV SS when an external interrupt is injected") \
	X(INTR_05, "INTR-05", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "no blocking by MOV SS when an NMI is injected") \
	X(INTR_06, "INTR-06", NMI, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "no blocking by STI when an NMI is injected; older processors allow it") \
	X(INTR_07, "INTR-07", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "no virtual-NMI blocking when an NMI is injected") \
	X(INTR_08, "INTR-08", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "no blocking by SMI outside SMM") \
	X(INTR_10, "INTR-10", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "enclave interruption needs SGX") \
	X(INTR_11, "INTR-11", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_INTERRUPTIBILITY_STATE, \
	  "with CR4.FRED no blocking by STI at CPL 3") \
	X(DBG_01, "DBG-01", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_PENDING_DEBUG_EXCEPTIONS, \
	  "reserved bits must be 0") \
	X(DBG_02, "DBG-02", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_PENDING_DEBUG_EXCEPTIONS, \
	  "BS (bit 14) must be 1 when a single-step is held back") \
	X(DBG_03, "DBG-03", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_PENDING_DEBUG_EXCEPTIONS, \
	  "BS (bit 14) must be 0 when nothing steps") \
	X(DBG_04, "DBG-04", GUEST, SDM_CHECK_GUEST_NON_REGISTERS, GUEST_PENDING_DEBUG_EXCEPTIONS, \
	  "RTM (bit 16) needs a processor with RTM") \
	X(LINK_01, "LINK-01", LINK, SDM_CHECK_GUEST_NON_REGISTERS, VMCS_LINK_POINTER, \
	  "all ones, or a multiple of 4096 within the physical-address width") \
	X(LINK_02, "LINK-02", LINK, SDM_CHECK_GUEST_NON_REGISTERS, VMCS_LINK_POINTER, \
	  "the region must start with the VMCS revision identifier") \
	X(LINK_03, "LINK-03", LINK, SDM_CHECK_GUEST_NON_REGISTERS, VMCS_LINK_POINTER, \
	  "the region must be a shadow VMCS if and only if \"VMCS shadowing\" is 1") \
	X(LINK_04, "LINK-04", LINK, SDM_CHECK_GUEST_NON_REGISTERS, VMCS_LINK_POINTER, \
	  "not the current VMCS") \
	X(PDPTE_01, "PDPTE-01", PDPTE, SDM_CHECK_GUEST_PDPTES, GUEST_PDPTE0, \
	  "reserved bits of a present entry must be 0") \
	X(PDPTE_02, "PDPTE-02", PDPTE, SDM_CHECK_GUEST_PDPTES, GUEST_CR3, \
	  "reserved bits of a present entry in memory must be 0") \
	X(MSRL_01, "MSRL-01", MSR, SDM_CHECK_MSRS, ENTRY_MSR_LOAD_ADDRESS, \
	  "IA32_FS_BASE and IA32_GS_BASE cannot be loaded: the VMCS has fields for them") \
	X(MSRL_02, "MSRL-02", MSR, SDM_CHECK_MSRS, ENTRY_MSR_LOAD_ADDRESS, \
	  "MSRs 800H to 8FFH, of the x2APIC, cannot be loaded") \
	X(MSRL_03, "MSRL-03", MSR, SDM_CHECK_MSRS, ENTRY_MSR_LOAD_ADDRESS, \
	  "IA32_SMM_MONITOR_CTL can be loaded in SMM only") \
	X(MSRL_04, "MSRL-04", MSR, SDM_CHECK_MSRS, ENTRY_MSR_LOAD_ADDRESS, \
	  "a microcode update cannot be loaded (IA32_BIOS_UPDT_TRIG)") \
	X(MSRL_05, "MSRL-05", MSR, SDM_CHECK_MSRS, ENTRY_MSR_LOAD_ADDRESS, \
	  "bits 63:32 of the entry must be 0") \
	X(MSRL_06, "MSRL-06", MSR, SDM_CHECK_MSRS, ENTRY_MSR_LOAD_ADDRESS, \
	  "WRMSR would refuse the value")
/* clang-format on */

#endif
