#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The image of "undervisor demo" as C.

usage: embed_image.py IMAGE OUTPUT.c
"""
import pathlib
import sys


def main():
    image = pathlib.Path(sys.argv[1]).read_bytes()
    lines = (", ".join(f"{byte:#04x}" for byte in image[at:at + 16])
             for at in range(0, len(image), 16))
    pathlib.Path(sys.argv[2]).write_text(
        '#include "demo.h"\n\n'
        "const unsigned char demo_image[] = {\n\t" + ",\n\t".join(lines) + ",\n};\n"
        "const size_t demo_image_size = sizeof(demo_image);\n", encoding="utf-8")


main()
