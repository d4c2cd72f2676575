# SPDX-License-Identifier: MIT
# A wrapper: Meson and Ninja build (see meson.build). Everything goes to build*/.

SANITIZE = -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized \
	-Dc_args=-fno-sanitize-recover=all

.PHONY: run test test-mutants build test-clang test-sanitize test-aarch64 test-aarch64-run test-real \
	test-witness test-boot test-boot-long test-boot-sanitize test-report test-kvm \
	test-kvm-short test-xen test-full fuzz bench bench-boot bench-emulators bench-kvm format \
	check-format install deb test-deb clean

run: build
	@build/tools/undervisor demo
	@test ! -f build/guests/segmentation.elf || { echo; \
		echo 'A bare-metal image on the processor: undervisor run build/guests/segmentation.elf'; \
		build/tools/undervisor run build/guests/segmentation.elf || [ $$? -eq 1 ]; }

# What is used and installed has no assertions; what is tested has.
build:
	@scripts/packages build
	@test -f build/build.ninja || meson setup build -Dtests=disabled -Db_ndebug=true >/dev/null
	@ninja -C build --quiet

# Everything that takes seconds, and ends with one line that counts.
test:
	@scripts/packages build test
	@test -f build-test/build.ninja || meson setup build-test -Dwerror=true -Dtests=enabled >/dev/null
	@ninja -C build-test --quiet
	@scripts/run_tests build-test --no-suite mutants

# Errors made one by one, each noticed by the tests; a minute or two.
test-mutants:
	@scripts/packages build test
	@test -f build-test/build.ninja || meson setup build-test -Dwerror=true -Dtests=enabled >/dev/null
	@ninja -C build-test --quiet
	@scripts/run_tests build-test --suite mutants

test-clang:
	@scripts/packages build test ci
	@test -f build-clang/build.ninja || CC=clang meson setup build-clang -Dwerror=true \
		-Dtests=enabled >/dev/null
	@ninja -C build-clang --quiet
	@scripts/run_tests build-clang --no-suite mutants $(CLANG_TESTS)

test-sanitize:
	@scripts/packages build test ci
	@test -f build-sanitize/build.ninja || CC=clang meson setup build-sanitize $(SANITIZE) \
		-Dtests=enabled >/dev/null
	@ninja -C build-sanitize --quiet
	@scripts/run_tests build-sanitize --no-suite mutants $(SANITIZE_TESTS)

# The unit tests as AArch64 programs, under user-mode emulation, which knows no seccomp(2).
test-aarch64:
	@scripts/packages build ci
	@scripts/cross_libraries build-aarch64-root || [ $$? -eq 77 ]
	@test ! -f build-aarch64-root/cross.ini || $(MAKE) --no-print-directory test-aarch64-run

test-aarch64-run:
	@test -f build-aarch64/build.ninja || meson setup build-aarch64 \
		--cross-file scripts/aarch64.ini --cross-file build-aarch64-root/cross.ini \
		-Dwerror=true -Dtests=enabled -Dsandbox=disabled >/dev/null
	@ninja -C build-aarch64 --quiet
	@scripts/run_tests build-aarch64 --no-suite mutants --no-suite host $(AARCH64_TESTS)

# A dump of Debian's kernel, each address compared with what QEMU says of it.
test-real: build
	@scripts/packages build real
	@scripts/run_real build/tools/undervisor build-real

# Random VMCSs here and on Debian's Bochs, or on BOCHS, a program: docs/bochs.md.
WITNESS_CASES ?= 300
test-witness: build
	@scripts/witness $(if $(BOCHS),--bochs $(BOCHS)) --count $(WITNESS_CASES) build || [ $$? -eq 77 ]

# Debian's kernel boots, runs commands and powers off.
test-boot: build
	@scripts/packages build boot
	@scripts/run_boot build/tools/undervisor build-real

# The same, and the kernel that unpacks itself: four times the instructions.
test-boot-long: build
	@scripts/run_boot build/tools/undervisor build-real long

# One boot, and one with disks, under the sanitizers.
test-boot-sanitize:
	@scripts/packages build test ci boot
	@test -f build-sanitize/build.ninja || CC=clang meson setup build-sanitize $(SANITIZE) \
		-Dtests=enabled >/dev/null
	@ninja -C build-sanitize --quiet
	@scripts/run_boot build-sanitize/tools/undervisor build-real short

# Debian's Xen boots with Debian's kernel as dom0, to a shell; a minute.
test-xen: build
	@scripts/packages build boot
	@scripts/run_xen build/tools/undervisor build-real

# Debian's KVM as the hypervisor in a guest: pieces of code, gdb at them, a Linux to its shell, by
# Debian's QEMU too, and in that Linux KVM again; the recipe. The first two and the last are short.
test-kvm: build
	@scripts/packages build kvm
	@scripts/run_kvm build/tools/undervisor build-real

test-kvm-short: build
	@scripts/packages build kvm
	@scripts/run_kvm build/tools/undervisor build-real short

# The page of undervisor report, in a browser.
test-report: build
	@scripts/packages build browser
	@python3 tests/report/browser.py build/tools/undervisor build/guests/ept_rules.elf || \
		[ $$? -eq 77 ]

# Tens of millions of cases against the oracle; minutes.
test-full: build
	@scripts/packages build test
	@test -f build-test/build.ninja || meson setup build-test -Dwerror=true -Dtests=enabled >/dev/null
	@ninja -C build-test enumerate-full

# FUZZ_SECONDS for each target; FUZZ_SEED makes a burst repeatable.
FUZZ_SECONDS ?= 20
fuzz:
	@scripts/packages build ci
	@test -f build-fuzz/build.ninja || CC=clang meson setup build-fuzz -Dfuzzers=true \
		-Dtests=disabled $(SANITIZE) >/dev/null
	@ninja -C build-fuzz --quiet
	@scripts/run_fuzzers build-fuzz $(FUZZ_SECONDS) $(FUZZ_SEED)

bench: build
	@build/bench/bench-walk
	@build/bench/bench-vmentry
	@test ! -x build/bench/bench-snapshot || build/bench/bench-snapshot
	@python3 bench/stream.py build/tools/undervisor

# The processor beside QEMU's TCG, and beside Bochs if BOCHS names a program.
bench-emulators: build
	@scripts/packages build emulators
	@python3 bench/emulators.py build $(if $(BOCHS),--bochs $(BOCHS))

# Debian's kernel to its init, beside QEMU's TCG, and beside Bochs if BOCHS names a program.
bench-boot: build
	@scripts/packages build emulators
	@for how in "" --packed; do \
		python3 -B bench/boot.py build build-real $(if $(BOCHS),--bochs $(BOCHS)) $$how || \
			[ $$? -eq 77 ] || exit 1; \
	done

# Debian's KVM and its guest, beside Bochs if BOCHS names a program.
bench-kvm: build
	@scripts/packages build emulators $(if $(BOCHS),bochs)
	@python3 -B bench/kvm.py build build-real --engine direct --engine nested \
		$(if $(BOCHS),--bochs $(BOCHS)) || [ $$? -eq 77 ]

format:
	@git ls-files '*.[ch]' | xargs clang-format -i

check-format:
	@scripts/packages ci
	@git ls-files '*.[ch]' | xargs clang-format --dry-run -Werror

# Into DESTDIR/prefix.
prefix ?= /usr/local
install: build
	@test "$$(cat build/prefix 2>/dev/null || echo /usr/local)" = "$(prefix)" || \
		{ meson configure build -Dprefix="$(prefix)" && echo "$(prefix)" >build/prefix; }
	@DESTDIR="$(DESTDIR)" meson install -C build --quiet

# Debian's packages, into build-deb.
deb:
	@scripts/packages build deb
	@scripts/make_deb build-deb

test-deb: build deb
	@scripts/test_deb build-deb build/guests/segmentation.elf

clean:
	rm -rf build build-*
