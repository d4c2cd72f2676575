/* SPDX-License-Identifier: MIT */
#ifndef UDV_MACHINE_STATE_LISTS_H
#define UDV_MACHINE_STATE_LISTS_H

#include "machine/machine.h"

/*
 * What is saved of a machine: a list for each struct, with every member in the order of its
 * declaration. tests/machine/test_state.c fails when a member is missing.
 *
 *   V(T, member)             a number or truth value
 *   R(T, member, low, high)  the same; no other value may be loaded
 *   A, RA                    arrays of these
 *   S(T, member, list)       a struct that has a list, or (SA) an array of them
 *   N(T, member)             not saved: configuration, wiring, or made anew from what is saved
 *
 * Who adds a member adds a line here, and one with N says by its place among the others why. The
 * layout's identity, and so which files can be read, follows by itself.
 */

/* clang-format off */

#define STATE_MAX_TICKS (1ull << 62)
#define STATE_MAX_DATE (1ll << 40) /* seconds, before and after 1970 */

/* ---------------------------------------------------------------- the processor */

#define STATE_arch_segment_register(T, V, R, A, RA, S, SA, N) \
	V(T, base) V(T, limit) V(T, access_rights) V(T, selector)

#define STATE_arch_table_register(T, V, R, A, RA, S, SA, N) \
	V(T, base) V(T, limit)

#define STATE_arch_f80(T, V, R, A, RA, S, SA, N) \
	V(T, significand) V(T, sign_exponent)

#define STATE_arch_x87(T, V, R, A, RA, S, SA, N) \
	SA(T, reg, arch_f80) V(T, control) V(T, status) V(T, empty) V(T, opcode) \
	V(T, instruction_pointer) V(T, data_pointer) V(T, instruction_selector) \
	V(T, data_selector)

/* A union: one of its views is all of it. */
#define STATE_arch_vector(T, V, R, A, RA, S, SA, N) \
	A(T, u64)

#define STATE_arch_mtrr(T, V, R, A, RA, S, SA, N) \
	V(T, def_type) A(T, fixed) A(T, base) A(T, mask)

#define STATE_cpu_state(T, V, R, A, RA, S, SA, N) \
	A(T, gpr) V(T, rip) V(T, rflags) \
	SA(T, seg, arch_segment_register) S(T, gdtr, arch_table_register) \
	S(T, idtr, arch_table_register) \
	V(T, cr0) V(T, cr2) V(T, cr3) V(T, cr4) V(T, efer) V(T, xcr0) V(T, xss) A(T, pdpte) \
	V(T, pkru) V(T, pkrs) A(T, dr) V(T, dr6) V(T, dr7) \
	R(T, cpl, 0, 3) R(T, activity, 0, ACTIVITY_MWAIT) R(T, interruptibility, 0, 0xf) \
	V(T, nmi_pending) V(T, init_pending) V(T, sipi_pending) V(T, sipi_vector) \
	V(T, pending_debug) V(T, monitor_address) V(T, monitor_armed) A(T, monitor_data) \
	V(T, star) V(T, lstar) V(T, cstar) V(T, fmask) V(T, kernel_gs_base) \
	V(T, sysenter_cs) V(T, sysenter_esp) V(T, sysenter_eip) \
	V(T, pat) V(T, tsc_aux) V(T, misc_enable) V(T, debugctl) V(T, spec_ctrl) \
	V(T, feature_control) V(T, bios_sign_id) V(T, tsc_offset) V(T, tsc_adjust) \
	S(T, mtrr, arch_mtrr) S(T, x87, arch_x87) V(T, mxcsr) SA(T, ymm, arch_vector)

/*
 * As the guest's hypervisor sees it: what is of a hypervisor below is put aside (nested_put_aside)
 * while this is saved, and made anew. Between two runs no time is kept back and no exit awaits.
 */
#define STATE_cpu_vmx(T, V, R, A, RA, S, SA, N) \
	V(T, operation) N(T, hosted) N(T, level1) N(T, left) N(T, serving) N(T, costs) \
	N(T, counted) N(T, unblocked) V(T, guest) N(T, switched) V(T, launched) V(T, watch) \
	V(T, mtf) V(T, iret_unblocked) V(T, timer) V(T, virtual_interrupt) V(T, apic_written) \
	R(T, apic_offset, 0, 0xfff) R(T, apic_size, 0, 4) V(T, trap_reason) R(T, aborted, 0, 6) V(T, trap_qualification) \
	V(T, apic_page) V(T, vmxon_pointer) V(T, current) V(T, entry_retired) \
	R(T, timer_end, 0, STATE_MAX_TICKS) N(T, held) V(T, last_pause) V(T, first_pause) N(T, capabilities) N(T, shadow_pages) \
	S(T, vmcs, vmx_vmcs) N(T, exit) N(T, ve) N(T, interrupted) N(T, blocking_before) N(T, redone)

/* What software did, not what it cost the host. */
#define STATE_cpu_stats(T, V, R, A, RA, S, SA, N) \
	N(T, tlb_misses) N(T, tlb_flushes) N(T, blocks_built) N(T, blocks_dropped) \
	N(T, block_lookups) V(T, exceptions) V(T, interrupts) N(T, loops) V(T, vm_entries) \
	V(T, vm_refusals) A(T, vm_exits)

/* Only what is not made from the registers. */
#define STATE_udv_paging(T, V, R, A, RA, S, SA, N) \
	V(T, pml_index)

/*
 * Flags are settled, no block runs, no event is under way, and ticks are all in budget_end: see
 * settle() of snapshot.c. The TLB and its keys start empty.
 */
#define STATE_cpu(T, V, R, A, RA, S, SA, N) \
	S(T, state, cpu_state) N(T, lazy) N(T, block) N(T, block_rip) V(T, rip_mask) \
	N(T, address_mask) N(T, remaining) R(T, attention, 0, 7) N(T, mode) N(T, view) \
	N(T, fetch_view) N(T, segment_base) N(T, jump_key) N(T, slow_value) N(T, rmw) N(T, tlb) \
	N(T, itlb) N(T, jump_cache) N(T, current) V(T, interrupt) N(T, large_regions) \
	N(T, huge_regions) N(T, jump_regions) N(T, large_slots) N(T, jump_slots) N(T, exit) \
	N(T, fault) N(T, delivering) S(T, vmx, cpu_vmx) N(T, retired) \
	R(T, budget_end, 0, STATE_MAX_TICKS) R(T, charged, 0, STATE_MAX_TICKS) \
	N(T, single_blocks) N(T, flush_always) N(T, data_breakpoints) N(T, code_breakpoints) \
	V(T, rf_loaded) V(T, step_consumed) V(T, repeating) V(T, mwait_break) N(T, config) \
	N(T, ops) N(T, tracer) N(T, hypervisor) N(T, memory) N(T, ports) N(T, blocks) N(T, path) \
	S(T, paging, udv_paging) N(T, generation) N(T, asn) N(T, next_asn) N(T, live_spaces) \
	N(T, next_space) N(T, spaces) N(T, space_paging) N(T, code_base) N(T, code_limit) \
	V(T, random) N(T, points) N(T, passed_rip) N(T, passed_retired) S(T, stats, cpu_stats)

/* L0 keeps nothing: with what its guest has of VMX it starts anew. */
#define STATE_ept02(T, V, R, A, RA, S, SA, N) \
	N(T, base) N(T, host) N(T, pages) N(T, used) N(T, root) N(T, next) N(T, reuses) \
	N(T, drops)

#define STATE_nested(T, V, R, A, RA, S, SA, N) \
	N(T, cpu) N(T, base) N(T, vmcs12) N(T, vmcs01) N(T, ept) N(T, ept12) \
	S(T, ept02, ept02) N(T, reuses) N(T, forgets) N(T, writes_back) N(T, given) \
	N(T, region) N(T, before) N(T, emulating) N(T, stats) N(T, hypervisor)

/* ---------------------------------------------------------------- time, local APICs */

#define STATE_vtimer(T, V, R, A, RA, S, SA, N) \
	V(T, deadline) V(T, armed) V(T, round) N(T, fire) N(T, opaque)

/* Timers follow the machine and its processors, in the order in which they were made known. */
#define STATE_vclock(T, V, R, A, RA, S, SA, N) \
	N(T, next) V(T, round) N(T, nr_timers) N(T, timer) N(T, now) N(T, deadline_changed) \
	N(T, opaque)

#define STATE_lapic_state(T, V, R, A, RA, S, SA, N) \
	V(T, base) A(T, isr) A(T, tmr) A(T, irr) A(T, lvt) V(T, ldr) V(T, dfr) V(T, svr) \
	V(T, icr_low) V(T, icr_high) V(T, timer_initial) V(T, timer_left) V(T, timer_anchor) \
	V(T, tsc_deadline) V(T, esr) V(T, errors) V(T, xapic_id) V(T, tpr) V(T, timer_divide) \
	A(T, lint) V(T, requested)

#define STATE_lapic(T, V, R, A, RA, S, SA, N) \
	S(T, state, lapic_state) N(T, timer) N(T, config) N(T, ops) N(T, bus) N(T, clock)

#define STATE_vcpu(T, V, R, A, RA, S, SA, N) \
	S(T, cpu, cpu) N(T, config) S(T, lapic, lapic) S(T, nested, nested) N(T, walk) \
	N(T, exit) N(T, ve) N(T, machine) N(T, index) V(T, round_start) V(T, in_round)

/* ---------------------------------------------------------------- devices */

#define STATE_irq_lines(T, V, R, A, RA, S, SA, N) \
	A(T, held) N(T, nr_sources) N(T, pic) N(T, pic_opaque) N(T, ioapic) N(T, ioapic_opaque)

#define STATE_ioapic(T, V, R, A, RA, S, SA, N) \
	A(T, entry) V(T, lines) V(T, id) V(T, select) N(T, bus)

#define STATE_pic_chip(T, V, R, A, RA, S, SA, N) \
	V(T, lines) V(T, edges) V(T, isr) V(T, imr) V(T, elcr) V(T, vector) R(T, lowest, 0, 7) \
	R(T, expect, 0, 4) V(T, single) V(T, wants_icw4) V(T, auto_eoi) V(T, rotate_on_auto_eoi) \
	V(T, special_mask) V(T, fully_nested) V(T, read_isr) V(T, poll)

#define STATE_pic(T, V, R, A, RA, S, SA, N) \
	SA(T, chip, pic_chip) V(T, intr_level) N(T, intr) N(T, opaque)

#define STATE_pit_channel(T, V, R, A, RA, S, SA, N) \
	R(T, mode, 0, 5) R(T, access, 1, 3) V(T, bcd) V(T, gate) V(T, loaded) V(T, counting) \
	V(T, output_set) V(T, pending) V(T, write_high) V(T, read_high) V(T, count_latched) \
	V(T, status_latched) V(T, low_byte) V(T, latched_status) V(T, latched_count) \
	R(T, count, 1, 65536) R(T, next_count, 1, 65536) V(T, next_tick) V(T, start) V(T, held)

#define STATE_pit(T, V, R, A, RA, S, SA, N) \
	SA(T, channel, pit_channel) R(T, system_control, 0, 0xf) N(T, timer) N(T, clock) N(T, irq)

#define STATE_rtc(T, V, R, A, RA, S, SA, N) \
	A(T, memory) R(T, index, 0, RTC_MEMORY - 1) V(T, flags) \
	R(T, seconds, -STATE_MAX_DATE, STATE_MAX_DATE) V(T, anchor) V(T, seen) \
	V(T, start_of_divider) N(T, timer) N(T, clock) N(T, irq)

#define STATE_acpi_pm(T, V, R, A, RA, S, SA, N) \
	V(T, status) V(T, enable) V(T, control) V(T, seen) N(T, timer) N(T, clock) N(T, sci) \
	N(T, sleep) N(T, opaque)

#define STATE_reset(T, V, R, A, RA, S, SA, N) \
	V(T, system) V(T, control) N(T, request) N(T, opaque)

#define STATE_i8042(T, V, R, A, RA, S, SA, N) \
	V(T, mode) V(T, outport) V(T, command) V(T, output) V(T, full) V(T, wrote_command) \
	N(T, irq) N(T, reset)

#define STATE_pci_function(T, V, R, A, RA, S, SA, N) \
	N(T, present) A(T, config) N(T, writable)

#define STATE_pci_host(T, V, R, A, RA, S, SA, N) \
	SA(T, device, pci_function) V(T, address) N(T, reset)

#define STATE_pci_testdev_side(T, V, R, A, RA, S, SA, N) \
	V(T, test) V(T, count)

#define STATE_pci_testdev(T, V, R, A, RA, S, SA, N) \
	S(T, memory, pci_testdev_side) S(T, io, pci_testdev_side)

#define STATE_testdev(T, V, R, A, RA, S, SA, N) \
	A(T, port) A(T, memory) N(T, irq) N(T, flush) N(T, opaque)

#define STATE_vtd(T, V, R, A, RA, S, SA, N) \
	A(T, word)

#define STATE_fw_cfg(T, V, R, A, RA, S, SA, N) \
	V(T, selected) V(T, position) N(T, nr_items) N(T, nr_files) N(T, item)

#define STATE_uart16550(T, V, R, A, RA, S, SA, N) \
	V(T, ier) V(T, fcr) V(T, lcr) V(T, mcr) V(T, scratch) V(T, errors) V(T, modem_lines) \
	V(T, modem_deltas) R(T, polls, 0, UART_POLLING) V(T, thr_empty) V(T, divisor) A(T, fifo) \
	R(T, head, 0, UART_FIFO - 1) R(T, count, 0, UART_FIFO) N(T, irq) N(T, output) \
	N(T, opaque)

/* ---------------------------------------------------------------- virtio */

/* That a queue which is ready can be served is looked at again: virtio_mmio_loaded(). */
#define STATE_virtqueue_state(T, V, R, A, RA, S, SA, N) \
	V(T, desc) V(T, avail) V(T, used) R(T, size, 0, VIRTQ_MAX_SIZE) V(T, next_avail) \
	V(T, next_used) R(T, ready, 0, 1) R(T, broken, 0, 1)

#define STATE_virtio_mmio_state(T, V, R, A, RA, S, SA, N) \
	V(T, driver_features) V(T, device_features_sel) V(T, driver_features_sel) \
	V(T, queue_sel) V(T, interrupt_status) V(T, status) SA(T, queue, virtqueue_state)

#define STATE_virtio_mmio(T, V, R, A, RA, S, SA, N) \
	S(T, state, virtio_mmio_state) N(T, type) N(T, features) N(T, config) N(T, config_size) \
	N(T, mem) N(T, irq) N(T, opaque)

#define STATE_virtio_rng_state(T, V, R, A, RA, S, SA, N) \
	V(T, counter)

#define STATE_virtio_rng(T, V, R, A, RA, S, SA, N) \
	S(T, mmio, virtio_mmio) S(T, state, virtio_rng_state)

#define STATE_virtio_console_state(T, V, R, A, RA, S, SA, N) \
	R(T, head, 0, VIRTIO_CONSOLE_INPUT - 1) R(T, count, 0, VIRTIO_CONSOLE_INPUT) A(T, input)

#define STATE_virtio_console(T, V, R, A, RA, S, SA, N) \
	S(T, mmio, virtio_mmio) S(T, state, virtio_console_state) N(T, output) N(T, opaque)

/* Blocks that the guest has written are saved apart: disk_save(). */
#define STATE_disk(T, V, R, A, RA, S, SA, N) \
	N(T, backing) N(T, size) N(T, overlay) N(T, slot) N(T, nr_slots) N(T, room) \
	N(T, index)

#define STATE_virtio_blk(T, V, R, A, RA, S, SA, N) \
	S(T, mmio, virtio_mmio) S(T, disk, disk) N(T, read_only) N(T, id)

#define STATE_machine_virtio(T, V, R, A, RA, S, SA, N) \
	N(T, slot) S(T, rng, virtio_rng) S(T, console, virtio_console) SA(T, disk, virtio_blk) \
	N(T, nr_disks)

/* ---------------------------------------------------------------- the machine */

#define STATE_lapic_page(T, V, R, A, RA, S, SA, N) \
	N(T, machine) V(T, base)

/*
 * Memory is saved apart from this, processors and timers behind it. Why the last run stopped says
 * udv_machine_run(), and nobody asks later.
 */
#define STATE_udv_machine(T, V, R, A, RA, S, SA, N) \
	N(T, memory) N(T, low_memory) N(T, nr_cpus) N(T, tsc_khz) N(T, slice) N(T, stress) \
	N(T, config) N(T, cpu_text) N(T, snapshot) N(T, mem) N(T, ports) N(T, blocks) N(T, vcpus) \
	S(T, clock, vclock) R(T, base_ticks, 0, STATE_MAX_TICKS) \
	R(T, device_ns, 0, STATE_MAX_TICKS) N(T, running) R(T, turn, 0, UDV_MAX_CPUS) \
	V(T, round_slice) R(T, longest, 0, STATE_MAX_TICKS) N(T, piece_end) N(T, idle_until) \
	V(T, idle_skips) \
	N(T, stop_requested) N(T, stopped) N(T, stop) N(T, stop_value) \
	R(T, stop_cpu, 0, UDV_MAX_CPUS - 1) N(T, apic_bus) SA(T, lapic_page, lapic_page) \
	R(T, nr_lapic_pages, 0, UDV_MAX_CPUS) S(T, irq, irq_lines) S(T, ioapic, ioapic) \
	S(T, pic, pic) S(T, pit, pit) S(T, rtc, rtc) S(T, acpi_pm, acpi_pm) S(T, reset, reset) \
	S(T, i8042, i8042) S(T, pci, pci_host) S(T, pci_testdev, pci_testdev) \
	S(T, testdev, testdev) S(T, fw_cfg, fw_cfg) S(T, uart, uart16550) N(T, debug_exit) \
	S(T, virtio, machine_virtio) S(T, vtd, vtd) N(T, hooks) N(T, debug)

/*
 * All lists, each behind those that it names: X(struct or union, list). PARTIAL(...) the same for
 * those that do not name every member.
 */
#define STATE_LISTS(X, PARTIAL) \
	X(struct, arch_segment_register) X(struct, arch_table_register) X(struct, arch_f80) \
	X(struct, arch_x87) PARTIAL(union, arch_vector) X(struct, arch_mtrr) X(struct, cpu_state) \
	X(struct, cpu_vmx) X(struct, cpu_stats) \
	PARTIAL(struct, udv_paging) X(struct, cpu) X(struct, ept02) X(struct, nested) \
	X(struct, vtimer) X(struct, vclock) \
	X(struct, lapic_state) X(struct, lapic) X(struct, vcpu) X(struct, irq_lines) \
	X(struct, ioapic) X(struct, pic_chip) X(struct, pic) X(struct, pit_channel) \
	X(struct, pit) X(struct, rtc) X(struct, acpi_pm) X(struct, reset) X(struct, i8042) \
	X(struct, pci_function) X(struct, pci_host) X(struct, pci_testdev_side) \
	X(struct, pci_testdev) X(struct, testdev) X(struct, fw_cfg) X(struct, uart16550) \
	X(struct, virtqueue_state) X(struct, virtio_mmio_state) X(struct, virtio_mmio) \
	X(struct, virtio_rng_state) X(struct, virtio_rng) X(struct, virtio_console_state) \
	X(struct, virtio_console) X(struct, disk) X(struct, virtio_blk) \
	X(struct, machine_virtio) X(struct, vtd) X(struct, lapic_page) X(struct, udv_machine)

/* clang-format on */

#define STATE_DECLARE(kind, name) extern const struct state_table state_##name;
STATE_LISTS(STATE_DECLARE, STATE_DECLARE)
#undef STATE_DECLARE

#endif
