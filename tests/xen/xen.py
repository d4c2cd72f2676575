#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xen.py UNDERVISOR CACHE [short]: Debian's Xen as the hypervisor in a guest.

Debian's kernel is dom0, with a busybox initramfs, to a shell that runs commands: as a PVH domain, a
guest with EPT, on both engines, which must not differ; and as a PV domain. "short": PVH on one engine.
Exit status 77: the packages cannot be had here.
"""

import lzma
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "boot"))
sys.path.insert(0, str(HERE.parent / "real"))

import boot  # noqa: E402
import guest  # noqa: E402
import initramfs  # noqa: E402

TIMEOUT = 500
OPTIONS = "com1=115200,8n1 console=com1 loglvl=all noreboot dom0_mem=512M"

# What Xen must have found, in order.
FOUND = [
    r"\(XEN\) Bootloader: undervisor",
    r"\(XEN\) TSC deadline timer enabled",
    r"\(XEN\) VMX: Supported advanced features:",
    r"\(XEN\)  - APIC MMIO access virtualisation",
    r"\(XEN\)  - APIC TPR shadow",
    r"\(XEN\)  - Extended Page Tables \(EPT\)",
    r"\(XEN\)  - Virtual-Processor Identifiers \(VPID\)",
    r"\(XEN\)  - Virtual NMI",
    r"\(XEN\)  - MSR direct-access bitmap",
    r"\(XEN\)  - Unrestricted Guest",
    r"\(XEN\)  - APIC Register Virtualization",
    r"\(XEN\)  - Virtual Interrupt Delivery",
    r"\(XEN\)  - Posted Interrupt Processing",
    r"\(XEN\)  - VMCS shadowing",
    r"\(XEN\)  - VM Functions",
    r"\(XEN\)  - Virtualisation Exceptions",
    r"\(XEN\)  - Page Modification Logging",
    r"\(XEN\)  - TSC Scaling",
    r"\(XEN\) HVM: ASIDs enabled\.",
    r"\(XEN\) HVM: VMX enabled",
    r"\(XEN\) HVM: Hardware Assisted Paging \(HAP\) detected",
    r"\(XEN\) HVM: HAP page sizes: 4kB, 2MB, 1GB",
]

# And with what there is, when dom0 is a guest of VT-x.
IOMMU = [
    r"\(XEN\) Intel VT-d iommu 0 supported page sizes: 4kB, 2MB, 1GB",
    r"\(XEN\) I/O virtualisation enabled",
]

# What dom0 says when all went well.
DOM0 = [
    r"UDV init",
    r"UDV cpus 1$",
    r"UDV vectors {sum} {sum} {sum} 1\.41421356\d+$",
    r"UDV hash {hash}  -$",
    r"UDV awk 0\.142857$",
    r"UDV gzip {gzip}  -$",
    r"UDV date 2026$",
    r"UDV end",
    r"reboot: Power down",
]

# Lines of dom0's kernel log of level warning and worse.
KNOWN_PROBLEMS = (
    r"Grant table initialized",
    # Xen has that hypercall for PV domains alone.
    r"xen_mcelog: Failed to get CPU numbers",
)
COMPLAINTS = re.compile(r"\(XEN\).*(panic|FATAL|BUG|[Ww]arning|[Ee]rror|failed|invalid)")
KNOWN_COMPLAINTS = (
    r"xenoprof: Initialization failed\.",  # a profiler that knows models by number
    r"Guest Loglevel: ",
)

Failed = boot.Failed
Unavailable = guest.Unavailable


def xen_package():
    """The newest hypervisor that apt knows."""
    names = re.findall(r"^xen-hypervisor-[\d.]+-amd64\b", guest.run(
        ["apt-cache", "search", "--names-only", "^xen-hypervisor-[0-9.]+-amd64$"]), re.M)
    if not names:
        raise Unavailable("apt knows no xen-hypervisor-*-amd64; try apt-get update")
    return max(names, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])


def xen(cache):
    """The path of the hypervisor's image, as Debian packs it."""
    deb = guest.download(xen_package(), cache)
    path = os.path.join(cache, os.path.basename(deb) + ".gz")
    if not os.path.exists(path):
        files = guest.unpack(deb, lambda name: re.fullmatch(r"boot/xen-.*-amd64\.gz", name))
        if not files:
            raise Unavailable(f"no hypervisor in {deb}")
        write_file(path, next(iter(files.values())))
    return path


def vmlinux(kernel):
    """The path of what the kernel's image unpacks to: Xen would need most of a boot for it."""
    path = kernel + ".vmlinux"
    if not os.path.exists(path):
        with open(kernel, "rb") as file:
            image = file.read()
        offset, size = struct.unpack_from("<II", image, 0x248)
        start = (image[0x1f1] + 1) * 512 + offset
        payload = image[start:start + size - 4]
        if payload[:6] != b"\xfd7zXZ\0":
            return kernel
        write_file(path, lzma.decompress(payload))
    return path


def write_file(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.rename(path + ".new", path)


def recipe(tool, cache):
    """The recipe of docs/recipes.md, pasted into a shell."""
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    script = re.search(r"^## Xen$.*?^```sh\n(.*?)^```$", text, re.M | re.S)[1]
    folder = re.search(r"^cd (\S+)$", script, re.M)[1]
    with tempfile.TemporaryDirectory(dir=cache) as work:
        os.makedirs(os.path.join(work, folder))
        os.makedirs(os.path.join(work, "build", "tools"))
        os.symlink(tool, os.path.join(work, "build", "tools", "undervisor"))
        for name in os.listdir(cache):
            if name.endswith(".deb"):
                os.link(os.path.join(cache, name), os.path.join(work, folder, name))
        done = subprocess.run(["sh", "-e"], input=script, cwd=work, capture_output=True, text=True,
                              timeout=TIMEOUT, check=False)
    console = done.stdout.replace("\r", "")
    if done.returncode != 0:
        raise Failed(f"status {done.returncode}\n{console}{done.stderr}")
    check_order(console, [r"\(XEN\) HVM: VMX enabled", r"Booting kernel on Xen PVH", r"^PVH$", r"reboot: Power down"])


class Machine:
    def __init__(self, tool, cache):
        self.tool = tool
        self.xen = xen(cache)
        self.kernel = vmlinux(initramfs.kernel(cache))
        self.initrd = initramfs.build(cache, initramfs.INIT_TESTS, with_vectors=True)

    def run(self, xen_options, *options):
        """(console, statistics)"""
        command = [self.tool, "run", "--memory", "1G", "--stats", "--trace-hash", "--max-seconds", str(TIMEOUT),
                   *options, "--initrd", f"{self.kernel},console=hvc0", "--initrd", self.initrd,
                   "--append", f"{OPTIONS} {xen_options}", self.xen]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT + 60,
                              check=False)
        console = done.stdout.decode(errors="replace").replace("\r", "")
        errors = done.stderr.decode(errors="replace")
        if done.returncode != 0 or "powered off" not in errors:
            tail = "\n".join(console.splitlines()[-25:])
            raise Failed(f"status {done.returncode}\n{errors}{tail}")
        return console, errors


def check_order(console, patterns):
    lines = iter(console.splitlines())
    for pattern in patterns:
        if not any(re.search(pattern, line) for line in lines):
            raise Failed(f"no line '{pattern}' in its place in:\n" + console)


def check_console(console, kind):
    values = {"sum": boot.vector_sum(), "hash": boot.digest(20000, "sha256"), "gzip": boot.digest(5000, "md5")}
    check_order(console, FOUND + [kind] + [line.format(**values) for line in DOM0])
    problems = [line for line in console.splitlines()
                if (line.startswith("UDV problem") and not any(re.search(known, line) for known in KNOWN_PROBLEMS))
                or (COMPLAINTS.search(line) and not any(re.search(known, line) for known in KNOWN_COMPLAINTS))]
    if problems:
        raise Failed("complaints:\n" + "\n".join(problems))


def exits(errors):
    """VM exits by name."""
    return {name: int(count) for name, count in re.findall(r"^  (\w+) \(\d+\): (\d+)$", errors.split("\nL0:")[0], re.M)}


def pvh(machine, engine):
    console, errors = machine.run("dom0=pvh", "--iommu", "--no-rng", "--engine", engine)
    if ("\nL0: merges of vmcs02: " in errors) != (engine == "nested"):
        raise Failed(f"not the {engine} engine:\n{errors}")
    check_order(console, IOMMU)
    check_console(console, r"Booting kernel on Xen PVH")
    counts = exits(errors)
    for name, least in [("VMCALL", 100), ("EPT_VIOLATION", 10), ("CPUID", 100), ("HLT", 1)]:
        if counts.get(name, 0) < least:
            raise Failed(f"dom0 was no guest of VT-x: {counts}")
    return console, errors


def same(first, second):
    def facts(result):
        return [result[0], *re.findall(r"^(?:instructions|trace hash|virtual seconds|VM exits): .*$", result[1], re.M)]
    if len(facts(first)) != 5 or facts(first) != facts(second):
        raise Failed(f"the engines differ: {facts(first)[1:]} and {facts(second)[1:]}")


def pv(machine):
    console, errors = machine.run("")
    check_console(console, r"Booting kernel on Xen$")
    check_order(console, [r"\(XEN\) Entering ACPI S5 state\."])
    if exits(errors):
        raise Failed(f"VM exits of a PV domain: {exits(errors)}")


def main():
    tool, cache = os.path.abspath(sys.argv[1]), sys.argv[2]
    os.makedirs(cache, exist_ok=True)
    try:
        machine = Machine(tool, cache)
    except Unavailable as reason:
        print(f"SKIP: {reason}")
        return 77
    results, failures, cases = {}, 0, 0

    def case(name, function):
        nonlocal failures, cases
        cases += 1
        try:
            results[name] = function()
            print(f"ok: {name}", flush=True)
        except Failed as reason:
            failures += 1
            print(f"FAILED: {name}: {reason}", flush=True)

    case("PVH dom0, direct", lambda: pvh(machine, "direct"))
    if sys.argv[3:] != ["short"]:
        case("PVH dom0, nested", lambda: pvh(machine, "nested"))
        if len(results) == 2:
            case("the same on both engines",
                 lambda: same(results["PVH dom0, direct"], results["PVH dom0, nested"]))
        case("PV dom0", lambda: pv(machine))
        case("docs/recipes.md", lambda: recipe(tool, cache))
    print(f"{cases - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
