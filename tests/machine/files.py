#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files of "undervisor run": none is lost to an output, none makes it hang, all trouble is said.

Usage: files.py UNDERVISOR
"""

import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import time

import golden

# Long enough on any machine; nothing here takes a second.
NEVER = 30
EXIT5 = golden.elf(b"\xb0\x05\xe6\xf4\xeb\xfe")
# mov $0x3f8,%dx; mov $'x',%al; out %al,%dx; mov $5,%al; out %al,$0xf4
SAYS_X = golden.elf(b"\x66\xba\xf8\x03\xb0\x78\xee\xb0\x05\xe6\xf4\xeb\xfe")
# mov $0x3f8,%dx; mov $'x',%al; 1: out %al,%dx; jmp 1b
FLOOD = golden.elf(b"\x66\xba\xf8\x03\xb0\x78\xee\xeb\xfd")


class Failed(Exception):
    """What was not as it must be."""


class Files:
    """A folder with images, whose contents must stay."""

    def __init__(self, tool):
        self.tool = tool
        self.holder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.holder.name)
        for name, data in {"image.elf": SAYS_X, "exit5.elf": EXIT5, "flood.elf": FLOOD,
                           "text.txt": b"not an image\n" * 10, "module": b"contents",
                           "disk.img": bytes(range(256)) * 8, "in.txt": b"typed\n",
                           "old": b"what was here before"}.items():
            (self.folder / name).write_bytes(data)
        os.link(self.folder / "image.elf", self.folder / "hard")
        os.symlink("image.elf", self.folder / "soft")
        os.mkfifo(self.folder / "pipe")
        subprocess.run([*tool, "run", "--record", "tape", "image.elf"], cwd=self.folder,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False,
                       timeout=NEVER)

    def contents(self):
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())
                if path.is_file()}

    def run(self, words, **where):
        where.setdefault("stdin", subprocess.DEVNULL)
        where.setdefault("stdout", subprocess.PIPE)
        where.setdefault("stderr", subprocess.PIPE)
        return subprocess.run([*self.tool, "run", *words], cwd=self.folder, timeout=NEVER, **where)

    def refused(self, text, line, **where):
        """Status 120 and this line, and all files are as they were."""
        before = self.contents()
        done = self.run(shlex.split(text), **where)
        wanted = f"undervisor run: {line}\n".encode()
        if done.returncode != 120 or done.stderr != wanted or done.stdout:
            raise Failed(f"{text}: {done}")
        if self.contents() != before:
            raise Failed(f"{text}: files are not as they were")

    def shell(self, redirections, text, status, error):
        """The same with redirections of the shell's; @error is what standard error holds, or None."""
        done = subprocess.run(["sh", "-c", f'exec "$@" {redirections}', "sh", *self.tool, "run",
                               *shlex.split(text)], cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=NEVER,
                              check=False)
        wanted = b"" if error is None else f"undervisor run: {error}\n".encode()
        if done.returncode != status or done.stderr != wanted:
            raise Failed(f"{text} {redirections}: {done}")
        return done.stdout


OUTPUTS = [("--trace", ""), ("--serial", "file:"), ("--virtio-console", "file:"), ("--record", "")]


def test_inputs_are_kept(files):
    same = "they are the same file"
    for option, prefix in OUTPUTS:
        for name in ("image.elf", "hard", "soft", "./image.elf"):
            files.refused(f"{option} {prefix}{name} image.elf",
                          f"{option} {name} would overwrite the image image.elf: {same}")
        files.refused(f"{option} {prefix}module --initrd module,words image.elf",
                      f"{option} module would overwrite --initrd module,words: {same}")
        for mode in ("", ",readonly", ",write"):
            files.refused(f"{option} {prefix}disk.img --disk disk.img{mode} image.elf",
                          f"{option} disk.img would overwrite --disk disk.img: {same}")
        if option != "--record":
            files.refused(f"{option} {prefix}tape --replay tape image.elf",
                          f"{option} tape would overwrite --replay tape: {same}"
                          if option != "--virtio-console" else
                          'tape:10: recorded with "virtio-console 0", but this run has '
                          '"virtio-console 1"')
    with open(files.folder / "in.txt", "rb") as stdin:
        files.refused("--trace in.txt image.elf",
                      f"--trace in.txt would overwrite standard input: {same}", stdin=stdin)
    with open(files.folder / "disk.img", "r+b") as disk:
        os.truncate(disk.fileno(), 0)
        disk.write(SAYS_X + b"\0" * (-len(SAYS_X) % 512))
    files.refused("--disk disk.img,write disk.img",
                  f"--disk disk.img would overwrite the image disk.img: {same}")


def test_outputs_are_apart(files):
    same = "they are the same file"
    for name in ("old", "new"):
        files.folder.joinpath("new").touch()
        files.refused(f"--trace {name} --serial file:{name} image.elf",
                      f"--trace {name} would overwrite --serial {name}: {same}")
        files.refused(f"--record {name} --trace {name} image.elf",
                      f"--record {name} would overwrite --trace {name}: {same}")
        files.refused(f"--virtio-console file:{name} --serial file:{name} image.elf",
                      f"--virtio-console {name} would overwrite --serial {name}: {same}")
    for name, known in (("image.elf", "the image image.elf"), ("old", None)):
        before = files.contents()
        text = "image.elf" if known else "--trace old image.elf"
        files.shell(f">> {name}", text, 120,
                    f"standard output would overwrite {known}: {same}" if known else
                    f"--trace old would overwrite standard output: {same}")
        if files.contents() != before:
            raise Failed(f">> {name}: files are not as they were")


def test_what_may_be_one_file(files):
    for text, redirections in (("--trace /dev/null --serial file:/dev/null image.elf", ""),
                               ("--disk disk.img --disk disk.img,readonly image.elf", ""),
                               ("--initrd module --initrd module image.elf", ""),
                               ("--initrd image.elf image.elf", ""),
                               ("--virtio-console stdio image.elf", "> log 2>&1")):
        files.shell(redirections, text, 11, None)


def test_outputs_wait_for_the_image(files):
    """What cannot run empties no file, and makes none."""
    outputs = "--trace {0} --serial file:{1} --virtio-console file:{2} --record {3}"
    kept = ["kept0", "kept1", "kept2", "kept3"]
    for name in kept:
        (files.folder / name).write_bytes(b"kept")
    for names in (kept, ["fresh0", "fresh1", "fresh2", "fresh3"]):
        before = files.contents()
        for text in ("text.txt", "missing", "--initrd missing image.elf", "--disk missing image.elf",
                     "--memory 1M --initrd text.txt,x text.txt", "--cpu +magic image.elf"):
            done = files.run(shlex.split(outputs.format(*names) + " " + text))
            if done.returncode not in (2, 120) or done.stderr.count(b"\n") != 1:
                raise Failed(f"{text}: {done}")
            if files.contents() != before:
                raise Failed(f"{text}: files are not as they were")
    before = files.contents()
    done = files.run(["--replay", "tape", "--trace", "kept0", "exit5.elf"])
    if done.returncode != 120 or files.contents() != before:
        raise Failed(f"a recording of another image: {done}")


def test_outputs_are_emptied(files):
    (files.folder / "long").write_bytes(b"y" * 10000)
    done = files.run(["--serial", "file:long", "image.elf"])
    if done.returncode != 11 or (files.folder / "long").read_bytes() != b"x":
        raise Failed(f"--serial file: {done}")


def test_no_files(files):
    for name, kind in (("pipe", "a pipe"), (".", "a directory"), ("/dev/null", "a device"),
                       ("/dev/zero", "a device")):
        line = f"cannot read {name}: {kind}, not a file"
        files.refused(name, line)
        files.refused(f"--initrd {name} image.elf", line)
        files.refused(f"--replay {name} image.elf", line)
    for name in ("pipe", ".", "/dev/null"):
        files.refused(f"--disk {name} image.elf",
                      f"cannot use {name} as a disk: neither a file nor a block device")


def test_closed(files):
    """Descriptors that came closed are not given to files, on which a guest would print."""
    bad = "cannot write the output of COM1: Bad file descriptor"
    before = files.contents()
    for text in ("image.elf", "--disk disk.img,write image.elf"):
        files.shell(">&-", text, 120, bad)
        files.shell("<&- >&-", text, 120, bad)
        files.shell("<&- >&- 2>&-", text, 120, None)
        files.shell("2>&-", text, 11, None)
        files.shell("<&-", text, 11, None)
    files.shell(">&-", "exit5.elf", 11, None)
    if files.contents() != before:
        raise Failed("closed descriptors: files are not as they were")
    files.shell(">&-", "--trace t image.elf", 120, bad)
    if b" out port " not in (files.folder / "t").read_bytes():
        raise Failed("closed standard output: no trace")


def test_full(files):
    if not os.path.exists("/dev/full"):
        return
    why = "No space left on device"
    files.shell("> /dev/full", "image.elf", 120, f"cannot write the output of COM1: {why}")
    files.refused("--serial file:/dev/full image.elf", f"cannot write the output of COM1: {why}")
    for option in ("--trace", "--record"):
        done = files.run([option, "/dev/full", "image.elf"])
        wanted = f"undervisor run: cannot write /dev/full: {why}\n".encode()
        if (done.returncode, done.stdout, done.stderr) != (120, b"x", wanted):
            raise Failed(f"{option} /dev/full: {done}")
    # A limit on the size of files, whose signal would end the process: 512 bytes, or 1024.
    done = subprocess.run(["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *files.tool, "run",
                           "--serial", "file:limited", "--max-instructions", "20000", "flood.elf"],
                          cwd=files.folder, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=NEVER, check=False)
    line = b"undervisor run: cannot write the output of COM1: File too large\n"
    if done.returncode != 120 or line not in done.stderr:
        raise Failed(f"a file that may not grow: {done}")


def test_reader_gone(files):
    """Not SIGPIPE without a word; a closed pipe behind COM1 is no trouble."""
    for option in ("--trace", "--record"):
        read, write = os.pipe()
        os.close(read)
        done = files.run([option, f"/dev/fd/{write}", "image.elf"], pass_fds=[write])
        os.close(write)
        wanted = f"undervisor run: cannot write /dev/fd/{write}: Broken pipe\n".encode()
        if (done.returncode, done.stdout, done.stderr) != (120, b"x", wanted):
            raise Failed(f"{option} into a closed pipe: {done}")


def test_pipe_without_reader(files):
    """--max-seconds ends the wait for one; a reader that comes meanwhile gets all."""
    for option in ("--trace", "--save", "--record", "--serial", "--virtio-console"):
        prefix = "file:" if option in ("--serial", "--virtio-console") else ""
        files.refused(f"--max-seconds 0.3 {option} {prefix}pipe image.elf", "cannot write pipe: nobody reads it")
    for limit in ([], ["--max-seconds", "60"]):
        process = subprocess.Popen([*files.tool, "run", *limit, "--serial", "file:pipe", "image.elf"],
                                   cwd=files.folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(0.3)
        read = (files.folder / "pipe").read_bytes()
        _, error = process.communicate(timeout=NEVER)
        if (process.returncode, read, error) != (11, b"x", b""):
            raise Failed(f"a reader that comes late, {limit}: {process.returncode} {read} {error}")


def test_stalled(files):
    """A reader that takes nothing holds nobody."""
    cases = [[], ["--trace", "/dev/fd/{fd}"], ["--virtio-console", "stdio"]]
    for words in cases:
        for limit in (["--max-seconds", "0.5"], []):
            if not limit and files.tool[:-1]:
                continue  # a signal for the emulator
            read, write = os.pipe()
            extra = [word.format(fd=write) for word in words]
            process = subprocess.Popen([*files.tool, "run", *limit, *extra, "flood.elf"],
                                       cwd=files.folder, stdin=subprocess.DEVNULL, stdout=write,
                                       stderr=subprocess.PIPE, pass_fds=[write])
            if not limit:
                time.sleep(0.5)
                process.send_signal(signal.SIGINT)
            started = time.monotonic()
            try:
                _, error = process.communicate(timeout=NEVER)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise Failed(f"{words} {limit}: held by its reader") from None
            os.close(read)
            os.close(write)
            took = time.monotonic() - started
            lost = bool(words[:1] == ["--trace"])
            status = 120 if lost else 124 if limit else 130
            word = b"stopped by --max-seconds" if limit else b"interrupted at RIP"
            if process.returncode != status or word not in error or took > 10:
                raise Failed(f"{words} {limit}: {process.returncode} {error} in {took} s")
            if lost and b"cannot write /dev/fd/" not in error:
                raise Failed(f"{words} {limit}: {error}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tool = [*shlex.split(os.environ.get("MESON_EXE_WRAPPER", "")), os.path.abspath(sys.argv[1])]
    failed = 0
    for title, test in sorted(globals().items()):
        if not title.startswith("test_"):
            continue
        try:
            test(Files(tool))
            print(f"ok {title}")
        except (Failed, subprocess.TimeoutExpired) as reason:
            failed += 1
            print(f"FAILED {title}: {reason}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
