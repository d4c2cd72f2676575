#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Golden tests of "undervisor walk" and of the command's own manners.

Usage: golden.py UNDERVISOR [--rebase]

Each case of cases.txt is run on the images of images.py; standard output, standard error and the
exit status must be as in golden/NAME.txt. --rebase writes those files anew.
"""

import json
import os
import pathlib
import shlex
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

import images

HERE = pathlib.Path(__file__).resolve().parent


def read_cases():
    """NAME: ARGUMENTS, optionally followed by < and the lines of standard input."""
    for line in (HERE / "cases.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, rest = line.split(":", 1)
        arguments, _, text = rest.partition("<")
        text = text.strip().encode().decode("unicode_escape")
        yield name.strip(), arguments.split(), text


def run(tool, arguments, text, folder):
    done = subprocess.run(
        [*tool, *arguments],
        input=text.encode("latin-1"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    parts = ["$ undervisor " + " ".join(arguments) + "\n", done.stdout.decode()]
    if done.stderr:
        parts.append("--- stderr\n" + done.stderr.decode())
    parts.append(f"--- exit status {done.returncode}\n")
    return "".join(parts), done


def check_json(name, arguments, done):
    if "--json" not in arguments or done.returncode in (2, 3):
        return []
    bad = []
    for line in done.stdout.decode().splitlines():
        try:
            got = json.loads(line)
        except ValueError as error:
            bad.append(f"{name}: not JSON: {error}")
            continue
        missing = {"address", "access", "registers", "steps", "outcome"} - set(got)
        if missing or ("result" in got) == ("fault" in got):
            bad.append(f"{name}: JSON without {missing or 'exactly one of result, fault'}")
    return bad


def check_stderr(name, arguments, done):
    """An error stands alone; whatever else is said of an address begins with it."""
    lines = done.stderr.decode().splitlines()
    walked = done.returncode not in (2, 3)
    if not walked and len(lines) != 1:
        return [f"{name}: not one line on standard error: {lines}"]
    outside = [line for line in lines if ": outside the image: " in line]
    if (done.returncode == 4) != bool(outside) and "PDPTEs" not in "".join(lines):
        return [f"{name}: status {done.returncode}, {len(outside)} lines of tables outside"]
    if "--quiet" in arguments and any("loop" in line or "assumed" in line for line in lines):
        return [f"{name}: not quiet: {lines}"]
    return []


def check_golden(tool, folder, rebase):
    bad = []
    expected = set()
    for name, arguments, text in read_cases():
        path = HERE / "golden" / (name + ".txt")
        expected.add(path.name)
        got, done = run(tool, arguments, text, folder)
        bad += check_json(name, arguments, done) + check_stderr(name, arguments, done)
        if rebase:
            path.write_text(got)
        elif not path.exists():
            bad.append(f"{name}: no golden file")
        elif path.read_text() != got:
            bad.append(f"{name}: differs\n--- expected\n{path.read_text()}--- got\n{got}")
    for path in (HERE / "golden").glob("*.txt"):
        if path.name not in expected:
            if rebase:
                path.unlink()
            else:
                bad.append(f"{path.name}: belongs to no case")
    return bad, len(expected)


# ---------------------------------------------------------------- pictures


def overlaps(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def text_box(element):
    """Where a text lies, by a generous width of a character."""
    size = float(element.get("font-size"))
    family = element.get("font-family")
    factor = 0.605 if "Mono" in family else 0.5
    width = len(element.text or "") * size * factor
    x, y = float(element.get("x")), float(element.get("y"))
    if element.get("text-anchor") == "middle":
        x -= width / 2
    return x, y - size * 0.75, x + width, y + size * 0.2


def check_svg(tool, folder):
    """Well-formed, nothing outside the view box, no text over another, the culprit in red."""
    bad = []
    one = ["walk", "--quiet", "--cr3", "0x1000", "one.raw"]
    two = ["walk", "--quiet", "--cr3", "0x1000", "--eptp", "0x101e", "two.raw"]
    cases = [
        (one + ["0x402abc"], 0),
        (one + ["0x401abc", "--user", "--write"], 1),
        (one + ["0x403abc", "--fetch"], 1),
        (["walk", "--quiet", "--cr3", "0x1020", "--efer", "0", "pae.raw", "0x401abc"], 0),
        (["walk", "--quiet", "--cr3", "0x1000", "--cr4", "0x10", "legacy.raw", "0x402abc"], 0),
        (two + ["0x401abc"], 0),
        (two + ["0x601abc"], 1),
        (two + ["0x402abc", "--user"], 1),
        (two + ["0x404abc"], 1),
        (two + ["--spp", "--sppt", "0x30000", "0x406080", "--write"], 1),
        (two + ["--gpa", "0xa000"], 1),
        (one + ["0xffffffff81000000"], 4),
        (one + ["0x80123456"], 0),
        (["walk", "--quiet", "--cr3", "0x5000000", "--eptp", "0x7fff01e", "two.raw", "0"], 4),
        (
            ["walk", "--quiet", "--cr3", "0x1000", "--cr4", "0x1020", "--eptp", "0x1026"]
            + ["two55.raw", "0x402abc"],
            1,
        ),
    ]
    for number, (arguments, status) in enumerate(cases):
        path = os.path.join(folder, f"{number}.svg")
        done = subprocess.run(
            [*tool, *arguments, "--svg", path],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if done.returncode != status:
            bad.append(f"svg {number}: status {done.returncode}: {done.stderr.decode()}")
            continue
        root = xml.parse(path).getroot()
        _, _, width, height = map(float, root.get("viewBox").split())
        texts = [e for e in root.iter() if e.tag.endswith("}text")]
        boxes = [text_box(e) for e in texts]
        for i, box in enumerate(boxes):
            if box[0] < 0 or box[1] < 0 or box[2] > width or box[3] > height:
                bad.append(f"svg {number}: {texts[i].text!r} leaves the picture")
            for j in range(i):
                if overlaps(box, boxes[j]):
                    bad.append(f"svg {number}: {texts[i].text!r} over {texts[j].text!r}")
        red = [e for e in root.iter() if e.get("stroke") == "#c2202f"]
        if (len(red) == 0) != (status == 0):
            bad.append(f"svg {number}: {len(red)} red frames with status {status}")
        if any(e.tag.endswith("}script") for e in root.iter()):
            bad.append(f"svg {number}: has a script")
    return bad, len(cases)


# ---------------------------------------------------------------- manners


def check_manners(tool, folder):
    bad = []
    base = [*tool, "walk", "--quiet", "--cr3", "0x1000", "one.raw"]
    # A full disk: one line, status 1.
    if os.path.exists("/dev/full"):
        for arguments in ([*tool, "--help"], base + ["0x402000"], base + ["-"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run(
                    arguments,
                    cwd=folder,
                    input=b"0x402000\n" * 10000,
                    stdout=full,
                    stderr=subprocess.PIPE,
                )
            if done.returncode != 1 or done.stderr.count(b"\n") != 1:
                bad.append(f"/dev/full: {arguments}: {done.returncode} {done.stderr!r}")
    # A reader that leaves: quiet, and soon, even with much left to say.
    process = subprocess.Popen(
        base + ["-"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    try:
        process.stdin.write(b"0x402000\n" * 200000)
        process.stdin.close()
    except BrokenPipeError:
        pass
    complaint = process.stderr.read()
    if process.wait(60) != 1 or complaint:
        bad.append(f"closed pipe: {process.returncode} {complaint!r}")
    # A line that is far too long is one line, wherever the pieces end.
    text = b"0x401000\n" + b"1" * 300000 + b"\n\n" + b"x" * 65535 + b"\n" + b"0" * 65536
    done = subprocess.run(
        base + ["-"],
        cwd=folder,
        input=text + b"\n0x402000\n" + b"0" * 70000,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    numbers = re.findall(rb"^undervisor walk: line (\d+): not an address", done.stderr, re.M)
    if numbers != [b"2", b"4", b"5", b"7"] or done.stderr.count(b"\n") != 4:
        bad.append(f"long lines: {done.stderr[:400]!r}")
    if done.returncode != 1 or done.stdout.count(b"\n") != 2:
        bad.append(f"long lines: status {done.returncode}: {done.stdout!r}")
    # A program at the other end gets each answer before it asks again.
    process = subprocess.Popen(
        base + ["-"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    for address, answer in ((b"0x402abc", b"0x9abc"), (b"600000H", b"0x400000")):
        process.stdin.write(address + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if answer not in line:
            bad.append(f"dialogue: {address!r} gave {line!r}")
    process.stdin.close()
    if process.wait(60) != 0:
        bad.append(f"dialogue: status {process.returncode}")
    done = subprocess.run([*tool, "--version"], stdout=subprocess.PIPE)
    if done.returncode != 0 or not re.fullmatch(rb"undervisor \d+\.\d+\.\d+\n", done.stdout):
        bad.append(f"--version: {done}")
    # The image stays as it is.
    before = (pathlib.Path(folder) / "one.raw").read_bytes()
    subprocess.run(base + ["--write", "0x402000"], cwd=folder, stdout=subprocess.DEVNULL)
    if (pathlib.Path(folder) / "one.raw").read_bytes() != before:
        bad.append("the image was changed")
    return bad


def main():
    arguments = [a for a in sys.argv[1:] if a != "--rebase"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    # A cross build's programs run under what Meson names, user-mode emulation for example.
    tool = [*shlex.split(os.environ.get("MESON_EXE_WRAPPER", "")), os.path.abspath(arguments[0])]
    with tempfile.TemporaryDirectory() as folder:
        images.build(folder)
        bad, golden = check_golden(tool, folder, "--rebase" in sys.argv)
        bad_svg, pictures = check_svg(tool, folder)
        bad += bad_svg + check_manners(tool, folder)
    for line in bad:
        print(line)
    print(f"{golden} golden cases, {pictures} pictures, {len(bad)} failures")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
