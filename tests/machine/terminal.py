#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of "undervisor run" at a terminal, with a pseudo-terminal in its place.

Usage: terminal.py UNDERVISOR COMPILER...

What is typed reaches the guest; the terminal is put right on every way out; what was recorded is
replayed exactly; a guest that waits for input costs the host nothing.
"""
import fcntl
import os
import pathlib
import pty
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

# Echoes what it gets by interrupts, waiting in HLT; "q" ends it with debug exit 0. At the start it
# prints ">".
WAITS = """
	.long 0x1badb002, 0, 0xe4524ffe
	.globl _start
_start:	mov $0x200000, %esp
	lgdt gdtr
	ljmp $8, $1f
1:	mov $16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $handler, %eax
	mov $idt + 0x24 * 8, %edi
	mov %ax, (%edi)
	movw $8, 2(%edi)
	movw $0x8e00, 4(%edi)
	shr $16, %eax
	mov %ax, 6(%edi)
	lidt idtr
	mov $0x11, %al
	out %al, $0x20
	mov $0x20, %al
	out %al, $0x21
	mov $4, %al
	out %al, $0x21
	mov $1, %al
	out %al, $0x21
	mov $0xef, %al
	out %al, $0x21
	mov $0x3fc, %dx
	mov $8, %al
	out %al, %dx
	mov $0x3f9, %dx
	mov $1, %al
	out %al, %dx
	mov $0x3f8, %dx
	mov $'>', %al
	out %al, %dx
2:	sti
	hlt
	jmp 2b
handler: push %eax
	push %edx
	mov $0x3f8, %dx
	in %dx, %al
	cmp $'q', %al
	je 3f
	out %al, %dx
	mov $0x20, %al
	out %al, $0x20
	pop %edx
	pop %eax
	iret
3:	xor %eax, %eax
	out %al, $0xf4
	.balign 8
gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:	.word 23
	.long gdt
idtr:	.word 0x7ff
	.long idt
	.balign 8
idt:	.fill 256, 8, 0
"""
# The same by polling.
POLLS = """
	.long 0x1badb002, 0, 0xe4524ffe
	.globl _start
_start:	mov $0x3f8, %dx
	mov $'>', %al
	out %al, %dx
1:	mov $0x3fd, %dx
2:	in %dx, %al
	test $1, %al
	jz 2b
	mov $0x3f8, %dx
	in %dx, %al
	cmp $'q', %al
	je 3f
	out %al, %dx
	jmp 1b
3:	xor %eax, %eax
	out %al, $0xf4
"""
# Powers off: port 604H.
OFF = """
	.long 0x1badb002, 0, 0xe4524ffe
	.globl _start
_start:	mov $0x604, %dx
	mov $0x2000, %ax
	out %ax, %dx
	jmp .
"""
# An IDT without a gate, and #UD.
TRIPLE = """
	.long 0x1badb002, 0, 0xe4524ffe
	.globl _start
_start:	lidt none
	ud2
none:	.word 0
	.long 0
"""
FLOOD = """
	.long 0x1badb002, 0, 0xe4524ffe
	.globl _start
_start:	mov $0x3f8, %dx
	mov $'x', %al
1:	out %al, %dx
	jmp 1b
"""
PROGRESS = re.compile(rb"\r[0-9.]+ million instructions, [0-9.]+ MIPS, [0-9.]+ virtual seconds, "
                      rb"level 1\033\[K")
DEAF = ".long 0x1badb002, 0, 0xe4524ffe\n.globl _start\n_start: jmp _start\n"


def build(compiler, folder):
    for name, text in (("waits", WAITS), ("polls", POLLS), ("deaf", DEAF), ("off", OFF),
                       ("triple", TRIPLE), ("flood", FLOOD)):
        source = folder / (name + ".S")
        source.write_text(text)
        subprocess.run([*compiler, "-m32", "-nostdlib", "-static", "-no-pie",
                        "-Wl,--build-id=none,-Ttext=0x100000,-z,max-page-size=4096,-N,--no-warn-rwx-segments", str(source),
                        "-o", str(folder / (name + ".elf"))], check=True)


class Session:
    """A run whose standard input and output are a terminal; standard error is a pipe."""

    def __init__(self, tool, folder, *words, leads=True, **where):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)

        def prepare():
            # A run ignores what is ignored when it begins, as under nohup(1) or behind a prompt.
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1,
                           signal.SIGUSR2, signal.SIGXCPU):
                signal.signal(number, signal.SIG_DFL)
            if leads:
                os.setsid()
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        where.setdefault("stdout", self.slave)
        where.setdefault("stderr", subprocess.PIPE)
        self.child = subprocess.Popen([*tool, "run", *words], cwd=folder, stdin=self.slave,
                                      preexec_fn=prepare, **where)
        self.seen = b""

    def expect(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise AssertionError(f"{text} is not in {self.seen}")
            self.seen += os.read(self.master, 4096)

    def wait_raw(self):
        end = time.monotonic() + 20
        while self.cooked():
            assert time.monotonic() < end, "never raw"
            time.sleep(0.01)

    def type(self, data):
        os.write(self.master, data)

    def cooked(self):
        return termios.tcgetattr(self.slave) == self.before

    def end(self):
        """Status, standard error; the terminal must be as it was."""
        error = self.child.communicate(timeout=20)[1].decode()
        assert self.cooked(), "the terminal was left as it was in the run"
        os.close(self.master)
        os.close(self.slave)
        return self.child.returncode, error


def read_until(fd, text, seconds=40):
    """What comes until @text has."""
    seen, end = b"", time.monotonic() + seconds
    while text not in seen:
        left = end - time.monotonic()
        assert left > 0 and select.select([fd], [], [], left)[0], f"{text} is not in {seen}"
        piece = os.read(fd, 4096)
        assert piece, f"{text} is not in {seen}"
        seen += piece
    return seen


def figures(error):
    return [line for line in error.splitlines()
            if re.match(r"(instructions|trace hash|virtual seconds|interrupts):", line)]


def test_echo_and_replay(tool, folder):
    for guest in ("waits", "polls"):
        record = f"{guest}.rec"
        (folder / record).unlink(missing_ok=True)
        s = Session(tool, folder, "--record", record, "--stats", "--trace-hash", guest + ".elf")
        s.expect(b">")
        for byte in b"hello\x03":
            s.type(bytes([byte]))
            time.sleep(0.02)
        s.expect(b"hello\x03")
        s.type(b"\x01\x01q")
        status, error = s.end()
        assert status == 1, (guest, status, error)
        replay = subprocess.run([*tool, "run", "--replay", record, "--stats", "--trace-hash",
                                 guest + ".elf"], cwd=folder, capture_output=True, timeout=60)
        assert replay.returncode == 1, (guest, replay)
        assert replay.stdout == b">hello\x03\x01", replay.stdout
        assert figures(error) == figures(replay.stderr.decode()), (error, replay.stderr)
        kinds = {line.split()[0] for line in (folder / record).read_text().splitlines()}
        assert {"waits": "idle", "polls": "in"}[guest] in kinds, kinds


def test_leaving(tool, folder):
    s = Session(tool, folder, "waits.elf")
    s.expect(b">")
    s.type(b"\x01h")
    s.type(b"\x01x")
    status, error = s.end()
    assert status == 130 and "interrupted at RIP" in error and "Ctrl-A x" in error, (status, error)
    # Ctrl-C ends who does not listen.
    s = Session(tool, folder, "deaf.elf")
    s.wait_raw()
    s.type(b"\x03")
    status, error = s.end()
    assert status == 130 and "interrupted at RIP" in error, (status, error)
    for number, word in ((signal.SIGTERM, "terminated"), (signal.SIGHUP, "hung up"),
                         (signal.SIGINT, "interrupted")):
        for guest in ("waits.elf", "deaf.elf"):
            s = Session(tool, folder, "--trace", "t.txt", guest)
            s.wait_raw()
            time.sleep(0.1)
            s.child.send_signal(number)
            status, error = s.end()
            assert status == 130 and word in error, (number, guest, status, error)

    s = Session(tool, folder, "--trace", "hup.txt", "waits.elf")
    s.expect(b">")
    s.child.send_signal(signal.SIGHUP)
    s.end()
    assert (folder / "hup.txt").stat().st_size > 0
    s = Session(tool, folder, "waits.elf")
    s.expect(b">")
    s.child.send_signal(signal.SIGABRT)
    status, _ = s.end()
    assert status == 128 + signal.SIGABRT, status


def state_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_suspend(tool, folder):
    s = Session(tool, folder, "waits.elf")
    s.expect(b">")
    s.wait_raw()
    s.child.send_signal(signal.SIGTSTP)
    end = time.monotonic() + 20
    while state_of(s.child.pid) != "T":
        assert time.monotonic() < end, "not stopped"
        time.sleep(0.01)
    assert s.cooked()
    s.child.send_signal(signal.SIGCONT)
    s.wait_raw()
    s.type(b"aq")
    status, error = s.end()
    assert status == 1, (status, error)


def test_idle_costs_nothing(tool, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    s = Session(tool, folder, "waits.elf")
    s.expect(b">")
    time.sleep(2)
    s.type(b"q")
    assert s.end()[0] == 1
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 0.5, f"{used} s of the host's processor in 2 s of waiting"


def run(tool, folder, *words, data=b""):
    return subprocess.run([*tool, "run", *words], cwd=folder, input=data, capture_output=True,
                          timeout=60)


def test_pipe_and_file(tool, folder):
    for guest in ("waits.elf", "polls.elf"):
        done = run(tool, folder, guest, data=b"x" * 1000 + b"q")
        assert (done.returncode, done.stdout) == (1, b">" + b"x" * 1000), done
    # A file is the same input at the same time in every run.
    (folder / "input").write_bytes(b"abcdefgh" * 20 + b"q")
    results = set()
    for _ in range(3):
        with open(folder / "input", "rb") as stdin:
            done = subprocess.run([*tool, "run", "--stats", "--trace-hash", "waits.elf"], cwd=folder,
                                  stdin=stdin, capture_output=True, timeout=60)
        results.add((done.returncode, done.stdout, *figures(done.stderr.decode())))
    assert len(results) == 1, results
    assert next(iter(results))[:2] == (1, b">" + b"abcdefgh" * 20)


def test_bad_recordings(tool, folder):
    run(tool, folder, "--record", "good.rec", "waits.elf", data=b"abcq")
    good = (folder / "good.rec").read_text()
    lines = good.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(("in ", "idle ")))
    words = lines[first].split()
    moved = " ".join([words[0], str(int(words[1]) + 1), *words[2:]])
    cases = {
        "": "b.rec:1: not a recording of this version",
        "not one\n": "b.rec:1: not a recording of this version",
        good.replace("recording 1", "recording 2"): "b.rec:1: not a recording of this version",
        good.replace("memory 134217728", "memory 1"): 'b.rec:2: recorded with "memory 1", but this run',
        good[:-1]: f"b.rec:{len(lines)}: the recording is cut off here",
        "\n".join(lines[:-1]) + "\n": f"b.rec:{len(lines)}: the recording is cut off here",
        "\n".join(lines[:3]) + "\n": "b.rec:4: the recording is cut off here",
        good.replace(lines[first], "in 1 2"): f"b.rec:{first + 1}: not a line of a recording",
        good.replace(lines[first], "in 1 2 zz"): f"b.rec:{first + 1}: not a line of a recording",
        good.replace(lines[first], moved, 1): f"b.rec:{first + 1}: the run went another way",
        good + "x": f"b.rec:{len(lines) + 1}: behind the end of the recording",
        good + lines[-1] + "\n": f"b.rec:{len(lines) + 1}: behind the end of the recording",
        good.replace("debug-exit", "halted"): f"b.rec:{len(lines)}: the run went another way",
    }
    for text, wanted in cases.items():
        (folder / "b.rec").write_text(text)
        done = run(tool, folder, "--replay", "b.rec", "waits.elf")
        error = done.stderr.decode()
        assert done.returncode == 120 and wanted in error and error.count("\n") == 1, (wanted, done)
    # The same machine, by its options or by default.
    done = run(tool, folder, "--replay", "good.rec", "--memory", "128M", "--cpus", "1", "waits.elf")
    assert done.returncode == 1, done
    done = run(tool, folder, "--replay", "good.rec", "polls.elf")
    assert done.returncode == 120 and b"good.rec:6: recorded with" in done.stderr, done
    # What was cut by its user ends there again.
    run(tool, folder, "--record", "cut.rec", "--max-instructions", "1000", "polls.elf")
    done = run(tool, folder, "--replay", "cut.rec", "--stats", "polls.elf")
    assert done.returncode == 124 and b"where the recording ends" in done.stderr, done
    assert b"instructions: 1000\n" in done.stderr, done


def test_progress(tool, folder):
    child = subprocess.Popen([*tool, "run", "--progress", "on", "deaf.elf"], cwd=folder,
                             stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert PROGRESS.match(read_until(child.stderr.fileno(), b"\033[K"))
    finally:
        child.terminate()
        assert child.wait(timeout=20) == 130
        child.stderr.close()
    # Nothing in a pipe, unless it is asked for; and nothing where the guest prints.
    done = run(tool, folder, "--max-seconds", "1.5", "deaf.elf")
    assert b"MIPS" not in done.stderr and b"\r" not in done.stderr, done
    for words, shows in ((["--serial", "none"], True), (["--max-seconds", "3"], False)):
        master, slave = pty.openpty()
        child = subprocess.Popen([*tool, "run", *words, "deaf.elf"],
                                 cwd=folder, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave)
        text = read_until(master, b"\033[K" if shows else b"--max-seconds")
        child.terminate()
        child.wait(timeout=20)
        os.close(slave)
        os.close(master)
        assert bool(PROGRESS.match(text)) == shows, text


def filters(pid):
    """How many filters of system calls a process is under."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^Seccomp_filters:\s*(\d+)$", status, re.M)
    return int(found[1]) if found else None


def test_confined(tool, folder):
    """By a filter more than this process is, unless that is not wanted."""
    sanitized = b"__asan_init" in pathlib.Path(tool[-1]).read_bytes()
    no_leaks = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    for words, more in (([], not sanitized), (["--sandbox"], True), (["--no-sandbox"], False)):
        child = subprocess.Popen([*tool, "run", *words, "waits.elf"], cwd=folder, env=no_leaks,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        first = child.stdout.read(1)
        inside = filters(child.pid) if first else None
        output, error = child.communicate(b"abcq", timeout=40)
        if b"no sandbox: " in error or b"without a sandbox: " in error:
            print(f"   not confined here: {error.decode().strip()}")
            continue
        assert (child.returncode, first + output, error) == (1, b">abc", b""), (words, error)
        assert inside is None or inside - filters(os.getpid()) == more, (words, inside)
    done = run(tool, folder, "--sandbox", "--no-sandbox", "off.elf")
    assert done.returncode == 2 and b"contradict each other" in done.stderr, done


def test_stalled_reader(tool, folder):
    """Whoever types has a way out, though the guest waits for a reader that takes nothing."""
    for keys in (b"\x01x", b"\x03"):
        read, write = os.pipe()
        s = Session(tool, folder, "flood.elf", stdout=write)
        s.wait_raw()
        time.sleep(0.3)
        s.type(keys)
        status, error = s.end()
        assert status == 130 and "interrupted at RIP" in error, (keys, status, error)
        os.close(read)
        os.close(write)
    # The terminal itself: nobody reads what the guest prints on it.
    for number in (signal.SIGTERM, signal.SIGINT):
        s = Session(tool, folder, "flood.elf")
        s.wait_raw()
        time.sleep(0.3)
        s.child.send_signal(number)
        status, error = s.end()
        assert status == 130, (number, status, error)


def test_other_session(tool, folder):
    """A terminal that is not the controlling one."""
    s = Session(tool, folder, "waits.elf", leads=False)
    s.expect(b">")
    s.wait_raw()
    s.type(b"typedq")
    s.expect(b">typed")
    status, error = s.end()
    assert status == 1, (status, error)


def test_ways_out(tool, folder):
    """Every one restores the terminal, which end() asserts: by itself, by limits, by trouble."""
    (folder / "bad.rec").write_text("undervisor-recording 2\n")
    full = open("/dev/full", "w")
    for words, wanted, where in (
            (["off.elf"], 0, {}), (["--max-instructions", "1000", "deaf.elf"], 124, {}),
            (["--max-seconds", "0.3", "waits.elf"], 124, {}), (["triple.elf"], 126, {}),
            (["missing.elf"], 120, {}), (["--replay", "bad.rec", "waits.elf"], 120, {}),
            (["--trace", "/dev/full", "off.elf"], 120, {}),
            (["--max-seconds", "5", "waits.elf"], 124, {"stdout": full}),
            (["--sandbox", "--progress", "on", "off.elf"], 0, {})):
        s = Session(tool, folder, *words, **where)
        status, error = s.end()
        if "stdout" in where:
            assert status == 120 and "cannot write the output of COM1" in error, (status, error)
        elif not ("--sandbox" in words and status == 120):
            assert status == wanted, (words, status, error)
    full.close()
    for number in (signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU, signal.SIGALRM):
        s = Session(tool, folder, "waits.elf")
        s.expect(b">")
        s.child.send_signal(number)
        status, error = s.end()
        assert status == 130 and " at RIP " in error and "max-seconds" not in error, (number, status, error)
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS):
        s = Session(tool, folder, "waits.elf")
        s.expect(b">")
        s.child.send_signal(number)
        status, _ = s.end()
        assert status == (120 if number == signal.SIGSYS else 128 + number), (number, status)


def main():
    tool = [os.path.abspath(sys.argv[1])]
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        build(sys.argv[2:], folder)
        for title, test in sorted(globals().items()):
            if not title.startswith("test_"):
                continue
            try:
                test(tool, folder)
                print(f"ok {title}")
            except AssertionError as error:
                failed += 1
                print(f"FAILED {title}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
