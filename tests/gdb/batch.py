# SPDX-License-Identifier: MIT
"""Debian's gdb in batch mode against "undervisor run --gdb": sessions, and what they must say."""
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import time

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
TIMEOUT = 300
START = ["set pagination off", "set confirm off", "set architecture i386:x86-64", "target remote {socket}"]


class Failed(Exception):
    """What was wrong."""


def ends(command, timeout=TIMEOUT):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def hash_of(errors):
    found = re.search(r"trace hash: ([0-9a-f]{16})", errors)
    return found.group(1) if found else None


def wait_for(path, run):
    for _ in range(600):
        if os.path.exists(path):
            return
        if run.poll() is not None:
            break
        time.sleep(0.05)
    raise Failed(f"no socket: {run.communicate()[1]}")


def gdb(script, symbols):
    """All that it says; what a stub prints comes on standard error."""
    return subprocess.run(["gdb", "-nx", "-batch", "-x", str(script), *symbols], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT,
                          check=False).stdout


def session(undervisor, image, options, commands, symbols=()):
    """(what gdb said for each command, the run's status, output and errors); symbols: files that have them"""
    with tempfile.TemporaryDirectory() as folder:
        socket = os.path.join(folder, "gdb")
        script = pathlib.Path(folder, "script")
        lines = [line.format(socket=socket) for line in START]
        for number, (command, _) in enumerate(commands):
            lines += [f"echo \\n<<{number}>>\\n", command]
        script.write_text("\n".join(lines) + "\n", encoding="ascii")
        with subprocess.Popen([*WRAPPER, undervisor, "run", *options, "--trace-hash", "--gdb", f"unix:{socket}",
                               image], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as run:
            try:
                wait_for(socket, run)
                output = gdb(script, symbols)
                out = run.communicate(timeout=TIMEOUT)
            finally:
                run.kill()
        parts = re.split(r"\n<<\d+>>\n", output + "\n")[1:]
        if len(parts) != len(commands):
            raise Failed(f"gdb stopped after {len(parts)} of {len(commands)} commands:\n{output}")
        return parts, (run.returncode, *out)


def check_parts(parts, commands):
    for part, (command, patterns) in zip(parts, commands):
        at = 0
        for pattern in patterns:
            found = re.compile(pattern).search(part, at)
            if not found:
                raise Failed(f"'{command}': no '{pattern}' in:\n{part}")
            at = found.end()


def debugged(undervisor, image, options, commands, symbols=()):
    """The session, which must leave the run what it is without."""
    plain = ends([*WRAPPER, undervisor, "run", *options, "--trace-hash", image])
    parts, run = session(undervisor, image, options, commands, symbols)
    check_parts(parts, commands)
    if (run[0], run[1], hash_of(run[2])) != (plain[0], plain[1], hash_of(plain[2])) or not hash_of(run[2]):
        raise Failed(f"debugged, the run is another one: {run}\nnot {plain}")
    return parts


def on_engines(engines, undervisor, image, options, commands, symbols=()):
    """The session on each engine, which must be told the same."""
    told = [debugged(undervisor, image, ["--engine", engine, *options], commands, symbols) for engine in engines]
    # What L0 had to do is told of the engine that has one.
    told = [[re.sub(r"(?m)^L0: .*\n(  .*\n)*", "", part) for part in parts] for parts in told]
    for other in told[1:]:
        for one, two, (command, _) in zip(told[0], other, commands):
            if one != two:
                raise Failed(f"'{command}': the engines differ:\n{one}\n----\n{two}")
