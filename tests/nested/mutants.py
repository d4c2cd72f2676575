#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that the images of guests/ notice errors of others that L0 could have made: D1 to D16 but D6, H21, and more.

usage: mutants.py BUILD-DIR [TAG]...

A mutant is one or more exact replacements in one file of src/, which is compiled again and linked with
the rest of the command; the texts must be found exactly once, so that the list cannot rot. It is caught
if the image counts checks that failed. An image that passes without a change is the yardstick.

Most of them change what L0 gives L1 for a fault that it found while it emulated an instruction, as
KVM's emulator does: the processor's own path stays right. D6, bits 13 to 16, is about features that the
processor does not have, so that no image can (shadow stacks, guest-paging verification, trace output): its
mutants are among those of src/paging, tests/oracle/mutants.py. D8 is about exit 49 of a device's page, which
this vmcs02 does not make, for such a page is not in EPT02 at all; its mutant gives L1 what KVM makes of it.
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

COUNT = """	if (n->emulating)
		n->stats.found[n->vmcs12->exit_reason % ARCH_MAX_EXIT_REASONS]++;
"""


def emulated(change):
    """A violation that L0 found is changed before L1 sees it."""
    return [(COUNT, COUNT + f"""	struct vmx_vmcs *v = n->vmcs12;
	if (n->emulating && v->exit_reason == ARCH_EXIT_EPT_VIOLATION_REASON) {{
		{change}
	}}
""")]


# tag, what is wrong, file, replacements, image, arguments
MUTANTS = [
    ("D1", "a synthesised fault has no bits 9 to 11", "nested/leave.c",
     emulated("v->exit_qualification &= ~0xe00ull;"), "nested_emulated", ""),
    ("D2", "its linear address is that of the exit that led there", "nested/leave.c",
     [*emulated("v->guest_linear_address = before;"),
      ("	poison(n->cpu);\n", "	before = n->cpu->vmx.exit.guest_linear_address;\n	poison(n->cpu);\n"),
      ("/* No field of the exit that led here may show", "static uint64_t before;\n/* No field of the exit "
       "that led here may show")], "nested_emulated", ""),
    ("D3", "its guest-physical address is the page's", "nested/leave.c",
     emulated("v->guest_physical_address &= ~0xfffull;"), "nested_emulated", ""),
    ("D4", "every access to a table is a read and a write", "nested/leave.c",
     emulated("if ((v->exit_qualification & 0x180) == 0x80) v->exit_qualification |= 3;"),
     "nested_emulated", ""),
    ("D5", "bit 12 is dropped, and NMIs are blocked again", "nested/leave.c",
     emulated("if (v->exit_qualification & 0x1000) { v->exit_qualification &= ~0x1000ull; "
              "v->guest_interruptibility_state |= 8; }"), "nested_emulated", ""),
    ("D7", "a read-modify-write is the read alone", "nested/leave.c",
     emulated("if ((v->exit_qualification & 0x103) == 0x103) v->exit_qualification &= ~2ull;"),
     "nested_emulated", ""),
    ("D8", "bits 7 and 8 of a device's page are those of exit 49", "nested/faults.c",
     [("	exit->qualification = info->exit_qualification;\n",
       "	exit->qualification = info->exit_qualification;\n	const struct mem_region *page = "
       "mem_find(cpu->memory, walk->gpa.value);\n	if (page && !page->host)\n"
       "		exit->qualification &= ~0x180ull;\n")], "nested_emulated", ""),
    ("D9", "PDPTEs that EPT refuses raise #GP", "cpu/control_regs.c",
     [("		return vmx_record_walk(cpu, &result, false);\n", "		return raise_gp0(cpu);\n")],
     "nested_emulated", ""),
    ("D9", "the load of PDPTEs is an access to a table", "nested/leave.c",
     emulated("if (!(v->exit_qualification & 0x80)) v->exit_qualification |= 0x82;"),
     "nested_emulated", ""),
    ("D10", "the log is full only for a dirty flag", "paging/walk.c",
     [("!paging_needs_ept_flags(w, t, target->kind & UDV_ACCESS_WRITE))",
       "!(target->kind & UDV_ACCESS_WRITE) || !paging_needs_ept_flags(w, t, true))")],
     "nested_emulated", ""),
    ("D11", "four levels of EPT take no notice of bits 48 and up", "paging/walk.c",
     [("if (ept_levels == 4 && unlikely(target->gpa >> 48))",
       "if (ept_levels == 4 && unlikely(target->gpa >> 52))")],
     "nested_emulated", "--cpu maxphyaddr=50"),
    ("D12", "RF is what it was before the instruction", "nested/leave.c",
     emulated("v->guest_rflags &= ~0x10000ull;"), "nested_emulated", ""),
    ("D13", "the length of a software event goes into the VM-entry field", "nested/leave.c",
     emulated("if (v->idt_vectoring_info >> 31) { v->entry_instruction_length = "
              "v->exit_instruction_length; v->exit_instruction_length = 0; }"), "nested_emulated", ""),
    ("D14", "VMFUNC takes an EPTP of another length", "cpu/vmx_insns.c",
     [(" ||\n	    (eptp ^ v->ept_pointer) & EPTP_LENGTH)", " || !EPTP_LENGTH)")],
     "nested_rules", ""),
    ("D14", "VMFUNC leaves the EPTP index alone", "cpu/vmx_insns.c",
     [("		v->eptp_index = (uint16_t)index;\n", "		v->eptp_index = v->eptp_index;\n")],
     "ept_events", ""),
    ("D15", "a flag in a table without W is nobody's to refuse", "paging/walk.c",
     [("if (flags & ~t->entry[level] && !ept_allows_paging_write(w->paging, &w->ept[level]))",
       "if (flags & ~t->entry[level] && !w->paging)")], "ept_faults", ""),
    ("D16", "EPT violations are never #VE", "nested/faults.c",
     [("	    udv_ve_convertible(&n->ept12, walk)) {", "	    !walk) {")], "ept_events", ""),
    ("D16", "sub-page permissions are nothing to L0", "nested/merge.c",
     [("	(void)udv_paging_init(&n->ept12,", "	config.ept_controls &= ~UDV_EPT_SPP;\n"
       "	(void)udv_paging_init(&n->ept12,")], "spp", ""),
    ("H21", "a violation that L0 finds leaves EPT02 as it is", "nested/leave.c",
     [("	ept02_unmap(&n->ept02, n->cpu->vmx.vmcs.ept_pointer, gpa);\n", "	(void)n, (void)gpa;\n")],
     "nested_violations", ""),
    ("T28", "EPT02 lets a page be written whose dirty flag is clear", "nested/faults.c",
     [("		rights &= ~UDV_EPT_W;\n", "		;\n")], "nested_kept", ""),
    ("T33", "a violation that is reported leaves EPT02 as it is", "nested/faults.c",
     [("	ept02_unmap(&n->ept02, n->vmcs12->ept_pointer, walk->gpa.value);\n", "")], "nested_kept", ""),
    ("VPID", "an entry without one leaves EPT02 as it is", "nested/leave.c",
     [("		ept02_drop(&n->ept02, false, v->ept_pointer);\n", "		;\n")], "nested_kept", ""),
    ("N128", "an instruction error of L2's stays in vmcs02", "nested/merge.c",
     [("	vmcs12->vm_instruction_error = n->cpu->vmx.vmcs.vm_instruction_error;\n", "")],
     "nested_kept", ""),
    *[("L1", f"{name} is not enabled in vmcs01", "nested/merge.c",
       [(f"ON(SECONDARY, {name})", "0ull")], "nested_kept", "") for name in ("RDTSCP", "INVPCID", "XSAVES")],
    ("L1", "a field that is not there is read from vmcs12", "nested/leave.c",
     [("!vmx_field_exists(c, &arch_vmcs_fields[i]) ||\n		    (write", "(write")],
     "nested_kept", "--cpu -spp,-vmwrite-any"),
    ("L1", "a field that L1 may not write is written in vmcs12", "nested/leave.c",
     [("ARCH_VMCS_TYPE(encoding) != ARCH_TYPE_READ_ONLY || c->misc & MISC_WRITES_ANY", "true")],
     "vmx_narrow", "--cpu -vmwrite-any"),
    ("POOL", "EPTP02 stays that of a root that has been dropped", "nested/faults.c",
     [("		nested_follow_ept02(n);\n	nested_retry", "		;\n	nested_retry")], "nested_kept", ""),
]


class Build:
    def __init__(self, folder, work):
        self.folder, self.work = pathlib.Path(folder), work
        self.commands = {pathlib.Path(c["file"]).as_posix().removeprefix("../src/"): c
                         for c in json.loads((self.folder / "compile_commands.json").read_text())
                         if c["file"].startswith("../src/")}
        printed = subprocess.run(["ninja", "-C", folder, "-t", "commands", "tools/undervisor"],
                                 capture_output=True, text=True, check=True).stdout
        self.link = shlex.split(printed.strip().splitlines()[-1])

    def program(self, name, replacements):
        """The command with the file changed. None: a text is not there exactly once."""
        text = (self.folder / ".." / "src" / name).resolve().read_text(encoding="utf-8")
        for old, new in replacements:
            if text.count(old) != 1:
                return None
            text = text.replace(old, new)
        source = self.work / pathlib.Path(name).name
        source.write_text(text, encoding="utf-8")
        entry = self.commands[name]
        words = shlex.split(entry["command"])
        words[words.index("-o") + 1] = str(self.work / "mutant.o")
        words[words.index("-c") + 1] = str(source)
        folder = (self.folder / ".." / "src" / name).resolve().parent
        words = [w for w in words if w != "-Werror"] + ["-w", f"-iquote{folder}", "-MF", "/dev/null"]
        subprocess.run(words, cwd=self.folder, check=True)
        link = list(self.link)
        link[link.index("-o") + 1] = str(self.work / "undervisor")
        link.insert(link.index("-o") + 2, str(self.work / "mutant.o"))
        subprocess.run(link, cwd=self.folder, check=True)
        return self.work / "undervisor"


def failures(program, folder, image, arguments):
    """How many checks the image says have failed, an assertion of L0's being one; None: it did not end as it does."""
    done = subprocess.run([program, "run", "--engine", "nested", "--max-instructions", "2000000000",
                           *arguments.split(), f"{folder}/guests/{image}.elf"], timeout=300,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if "Assertion" in done.stderr:
        return 1
    found = re.search(r"^[1-9]\d* passed, (\d+) failed\s*\Z", done.stdout, re.M)
    return int(found[1]) if found and done.returncode == (3 if int(found[1]) else 1) else None


def try_mutant(build, mutant):
    tag, what, name, replacements, image, arguments = mutant
    program = build.program(name, replacements)
    if program is None:
        return f"ERROR    {tag}: {what}: a text to replace is not in src/{name} exactly once"
    count = failures(program, build.folder, image, arguments)
    if count:
        return f"caught   {tag}: {what}: {count} checks of {image} fail"
    return f"SURVIVED {tag}: {what} ({image}: {count})"


def main():
    folder, tags = sys.argv[1], sys.argv[2:]
    chosen = [m for m in MUTANTS if not tags or m[0] in tags]
    failed = 0
    for image, arguments in sorted({(m[4], m[5]) for m in chosen}):
        if failures(pathlib.Path(folder) / "tools" / "undervisor", folder, image, arguments) != 0:
            print(f"ERROR    {image} {arguments}: fails unchanged")
            failed += 1
    with tempfile.TemporaryDirectory() as work:
        build = Build(folder, pathlib.Path(work))
        for mutant in chosen:
            line = try_mutant(build, mutant)
            print(line, flush=True)
            failed += not line.startswith("caught")
    print(f"{len(chosen)} mutants, {failed} failures")
    return 1 if failed or not chosen else 0


sys.exit(main())
