#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of "undervisor run" as a command, and of undervisor-qemu.

Usage: golden.py UNDERVISOR [--rebase]

Each case of cases.txt is run on small images made here; standard output, standard error and the
exit status must be as in golden/NAME.txt. --rebase writes those files anew.
"""

import gzip
import json
import os
import pathlib
import shlex
import signal
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
QEMU = HERE.parent.parent / "tools" / "undervisor-qemu"
CODE = 0x100000


def elf(code, entry=CODE):
    """A 32-bit ELF file with @code at 1 MB, and a multiboot header behind it."""
    code += b"\0" * (-len(code) % 4) + struct.pack("<III", 0x1BADB002, 0, 0xE4524FFE)
    header = struct.pack("<7sxQHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 0, 2, 3, 1, entry, 52, 0, 0,
                         52, 32, 1, 0, 0, 0)
    segment = struct.pack("<8I", 1, 84, CODE, CODE, len(code), len(code), 7, 4)
    return header + segment + code


def images():
    """By file name. A line of bytes an instruction."""
    exit_with = lambda value: b"\xb0" + bytes([value]) + b"\xe6\xf4\xeb\xfe"
    # mov 16(%ebx),%esi; 1: lodsb; test %al,%al; jz 2f; mov $0x3f8,%dx; out %al,%dx; jmp 1b; 2:
    echo = (b"\x8b\x73\x10\xac\x84\xc0\x74\x07\x66\xba\xf8\x03\xee\xeb\xf4"
            + b"\x66\xba\xf8\x03\xb0\x0a\xee")
    # the same for the first module's text and contents: mov 24(%ebx),%ebp; mov 8(%ebp),%esi
    module = (b"\x8b\x6b\x18\x8b\x75\x08\xac\x84\xc0\x74\x07\x66\xba\xf8\x03\xee\xeb\xf4"
              + b"\x66\xba\xf8\x03\xb0\x3a\xee"
              # mov 0(%ebp),%esi; mov 4(%ebp),%ecx; sub %esi,%ecx; rep outsb
              + b"\x8b\x75\x00\x8b\x4d\x04\x29\xf1\xf3\x6e\xb0\x0a\xee")
    # cpuid(1); mov %ecx,%eax; shr $28,%eax; and $1,%al: AVX
    avx = b"\xb8\x01\x00\x00\x00\x0f\xa2\x89\xc8\xc1\xe8\x1c\x24\x01\xe6\xf4\xeb\xfe"
    # rdrand %eax; mov %eax,%ebx; xor the bytes together
    random = b"\x0f\xc7\xf0\x89\xc3\xc1\xeb\x10\x31\xd8\x30\xe0\xe6\xf4\xeb\xfe"
    power_off = b"\x66\xba\x04\x06\x66\xb8\x00\x20\x66\xef\xeb\xfe"
    # lidt (CODE + 9): a limit of 0; ud2
    triple = b"\x0f\x01\x1d\x09\x00\x10\x00\x0f\x0b" + b"\0" * 6
    # mov $0xdeadbeef, 0x1b; rdmsr of IA32_APIC_BASE; exit 1
    msr = b"\xb9\x1b\x00\x00\x00\x0f\x32\xb0\x01\xe6\xf4\xeb\xfe"
    # "no newline", and then for ever
    prompt = b"".join(b"\x66\xba\xf8\x03\xb0" + bytes([c]) + b"\xee" for c in b"> ") + b"\xeb\xfe"
    return {
        "exit0.elf": elf(exit_with(0)),
        "exit5.elf": elf(exit_with(5)),
        "exit200.elf": elf(exit_with(200)),
        "echo.elf": elf(echo + exit_with(0)),
        "echo.elf.gz": gzip.compress(elf(echo + exit_with(0)), mtime=0),
        "cut.elf.gz": gzip.compress(elf(echo + exit_with(0)), mtime=0)[:60],
        "module.elf": elf(module + exit_with(0)),
        "avx.elf": elf(avx),
        "random.elf": elf(random),
        "off.elf": elf(power_off),  # GUEST-15: SLP_TYP 0, as the DSDT's _S5 has it (guests/tests/needs.c)
        "reset.elf": elf(b"\xb0\xfe\xe6\x64\xeb\xfe"),
        "triple.elf": elf(triple),
        "halt.elf": elf(b"\xfa\xf4"),
        "loop.elf": elf(b"\xeb\xfe"),
        "prompt.elf": elf(prompt),
        "msr.elf": elf(msr),
        "cut.elf": elf(exit_with(0))[:90],
        "empty.elf": b"",
        "text.txt": b"not an image\n" * 10,
        "module.txt": b"contents",
        "disk.img": bytes(2048),
    }


def read_cases():
    """NAME: ARGUMENTS as a shell would split them; "qemu" first runs undervisor-qemu."""
    for line in (HERE / "cases.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, rest = line.split(":", 1)
            yield name.strip(), rest.strip()


def command_of(tool, words):
    return [sys.executable, "-B", str(QEMU), *words[1:]] if words[:1] == ["qemu"] else [*tool, *words]


def run(tool, text, folder):
    # The script finds the command by its environment; a cross build's goes through its wrapper.
    environment = dict(os.environ, UNDERVISOR=str(pathlib.Path(folder) / "undervisor"))
    done = subprocess.run(command_of(tool, shlex.split(text)), cwd=folder, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, env=environment)
    parts = [f"$ undervisor {text}\n", done.stdout.decode()]
    if done.stderr:
        parts.append("--- stderr\n" + done.stderr.decode())
    parts.append(f"--- exit status {done.returncode}\n")
    return "".join(parts)


def check_golden(tool, folder, rebase):
    bad, expected = [], set()
    for name, text in read_cases():
        path = HERE / "golden" / (name + ".txt")
        expected.add(path.name)
        got = run(tool, text, folder)
        if rebase:
            path.write_text(got)
        elif not path.exists():
            bad.append(f"{name}: no golden file")
        elif path.read_text() != got:
            bad.append(f"{name}: differs\n--- expected\n{path.read_text()}--- got\n{got}")
    for path in (HERE / "golden").glob("*.txt"):
        if path.name not in expected:
            bad.append(f"{path.name}: belongs to no case")
    return bad, len(expected)


def check_trace(tool, folder):
    """Both formats tell the same; the hash does not depend on whether a file is written."""
    bad = []
    run_it = lambda *words: subprocess.run([*tool, "run", *words], cwd=folder, capture_output=True,
                                           stdin=subprocess.DEVNULL, timeout=60)
    run_it("--trace", "trace.txt", "msr.elf")
    run_it("--trace", "trace.jsonl", "msr.elf")
    lines = (pathlib.Path(folder) / "trace.txt").read_text().splitlines()
    events = [json.loads(line) for line in (pathlib.Path(folder) / "trace.jsonl").open()]
    as_text = []
    for event in events:
        words = [str(event.pop("cpu")), f"L{event.pop('level')}", str(event.pop("instructions")),
                 event.pop("rip"), event.pop("event")]
        del event["ns"] # in JSON alone
        as_text.append(" ".join(words + [f"{k} {v}" for k, v in event.items()]))
    if as_text != lines:
        bad.append(f"trace: {lines} is not {as_text}")
    if [line.split()[4] for line in lines] != ["rdmsr", "out"]:
        bad.append(f"trace: not what happened: {lines}")
    hashes = {run_it("--trace-hash", *words, "msr.elf").stderr
              for words in ([], ["--trace", "other.txt"], ["--stress", "tlb,blocks,single"])}
    if len(hashes) != 1 or not next(iter(hashes)).startswith(b"trace hash: "):
        bad.append(f"trace hashes: {hashes}")
    if run_it("--trace-hash", "exit5.elf").stderr in hashes:
        bad.append("trace hash: the same for another run")
    return bad


def check_manners(tool, folder):
    bad = []
    base = [*tool, "run"]
    # Ctrl-C, after a prompt without a newline has been seen.
    process = subprocess.Popen([*base, "prompt.elf"], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    if os.read(process.stdout.fileno(), 2) not in (b"> ", b">"):
        bad.append("prompt: not written while the guest runs")
    if not tool[:-1]:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        if process.returncode != 130 or b"interrupted at RIP" not in errors:
            bad.append(f"Ctrl-C: {process.returncode} {errors}")
    else:
        process.kill()
        process.communicate()
    # A closed pipe does not stop the guest.
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*base, "echo.elf", "x"], cwd=folder, stdout=write,
                          stderr=subprocess.PIPE, timeout=60)
    os.close(write)
    if done.returncode != 1 or done.stderr:
        bad.append(f"closed pipe: {done}")
    if os.path.exists("/dev/full"):
        with open("/dev/full", "w") as full:
            done = subprocess.run([*base, "echo.elf"], cwd=folder, stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        if done.returncode != 120 or done.stderr.count(b"\n") != 1:
            bad.append(f"full disk: {done}")
    subprocess.run([*base, "--serial", "file:out.txt", "echo.elf", "a", "b"], cwd=folder, timeout=60)
    if (pathlib.Path(folder) / "out.txt").read_bytes() != b"echo.elf a b\n":
        bad.append("--serial file: not what was sent")
    seeds = [subprocess.run([*base, "--seed", s, "random.elf"], cwd=folder, timeout=60).returncode
             for s in ("1", "1", "2", "3", "4")]
    if seeds[0] != seeds[1] or len(set(seeds)) < 3:
        bad.append(f"--seed: {seeds}")
    return bad


def main():
    arguments = [a for a in sys.argv[1:] if a != "--rebase"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    tool = [*shlex.split(os.environ.get("MESON_EXE_WRAPPER", "")), os.path.abspath(arguments[0])]
    with tempfile.TemporaryDirectory() as folder:
        for name, data in images().items():
            (pathlib.Path(folder) / name).write_bytes(data)
        script = pathlib.Path(folder) / "undervisor"
        script.write_text("#!/bin/sh\nexec " + shlex.join(tool) + ' "$@"\n')
        script.chmod(0o755)
        bad, golden = check_golden(tool, folder, "--rebase" in sys.argv)
        bad += check_trace(tool, folder) + check_manners(tool, folder)
    for line in bad:
        print(line)
    print(f"{golden} golden cases, {len(bad)} failures")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
