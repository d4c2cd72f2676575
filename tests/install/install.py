#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs into a folder, and builds the documented examples against what is there.

usage: install.py SOURCE-ROOT BUILD-ROOT PREFIX LIBDIR -- COMPILER...
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

COMMANDS = ["bin/undervisor", "bin/undervisor-qemu"]
DATA = ["share/bash-completion/completions/undervisor", "share/zsh/site-functions/_undervisor"]
EXAMPLES = ["tests/walk/example", "tests/machine/example"]


def output(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=100,
                          **options).stdout


def wanted_files(source, libdir):
    yield from COMMANDS
    yield from DATA
    yield f"{libdir}/libundervisor.a"
    yield f"{libdir}/pkgconfig/undervisor.pc"
    for header in (source / "include/undervisor").iterdir():
        yield f"include/undervisor/{header.name}"
    for page in (source / "docs/man").iterdir():
        yield f"share/man/man1/{page.name}"


def check_files(source, root, libdir):
    there = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
    wanted = set(wanted_files(source, libdir))
    problems = [f"not installed: {name}" for name in sorted(wanted - there)]
    problems += [f"installed, but not expected: {name}" for name in sorted(there - wanted)]
    problems += [f"cannot be executed: {name}" for name in COMMANDS
                 if not os.access(root / name, os.X_OK)]
    return problems


def build_example(source, destination, root, libdir, compiler, example):
    """Compiled and linked with pkg-config's words alone; what it prints is what it must."""
    environment = dict(os.environ, PKG_CONFIG_SYSROOT_DIR=str(destination))
    environment["PKG_CONFIG_PATH"] = str(root / libdir / "pkgconfig")
    flags = shlex.split(output("pkg-config", "--cflags", "--libs", "undervisor", env=environment))
    program = destination / "example"
    output(*compiler, str(source / (example + ".c")), "-o", str(program), *flags)
    expected = (source / (example + ".expected")).read_text(encoding="utf-8")
    if str(source) in " ".join(flags):
        return [f"pkg-config points to the source: {flags}"]
    return [] if output(str(program)) == expected else [f"{example} printed something else"]


def main():
    source, build = pathlib.Path(sys.argv[1]), sys.argv[2]
    prefix, libdir = sys.argv[3:5]
    compiler = sys.argv[6:]
    with tempfile.TemporaryDirectory() as name:
        destination = pathlib.Path(name)
        output("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", name)
        root = destination / prefix.lstrip("/")
        problems = check_files(source, root, libdir)
        if not problems:
            output(str(root / "bin/undervisor"), "demo")
            for example in EXAMPLES:
                problems += build_example(source, destination, root, libdir, compiler, example)
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
