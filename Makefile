# lastcall: `make` builds ./lastcall, static and stripped, and installs and
# downloads nothing; `make help` lists the rest.
#
# The libc is musl where there is a compiler for it (musl-gcc, or a cc that
# is itself musl's, as on Alpine), else glibc.  CC=... overrides.

PREFIX = /usr/local
DESTDIR =
ROOT = $(DESTDIR)$(PREFIX)
# The inits whose command lines it takes under their names.
NAMES = tini tini-static docker-init dumb-init catatonit podman-init

ifeq ($(origin CC),default)
CC := $(shell command -v musl-gcc || echo cc)
endif
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
COMPILER := $(shell $(CC) --version 2>/dev/null | head -n 1) $(MACHINE)
LIBC := $(if $(findstring musl,$(notdir $(firstword $(CC))) $(COMPILER)),musl,glibc)

WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wswitch-enum \
	-Wundef -Wvla -Wcast-qual -Wwrite-strings
CFLAGS = -Os
# A file names the headers that it uses by their folder: "lib/text.h".  The
# compiler writes down which ones a file includes, for the next make.
COMMON = -std=c11 -D_GNU_SOURCE -iquote . -iquote src -MMD -MP
ALL_CFLAGS = $(COMMON) $(WARNINGS) $(WERROR) $(CFLAGS) -fno-pie \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	'-ffile-prefix-map=$(CURDIR)=.'
# What has the same alignment stands together, and leaves no gaps.
LDFLAGS = -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noseparate-code \
	-Wl,-z,norelro -Wl,--sort-section=alignment
# Its linker takes pages of 4 KiB for granted, and there are arm64 kernels with
# larger ones that run such a program as well.
ifneq ($(filter arm-% armv%,$(MACHINE)),)
LDFLAGS += -Wl,-z,max-page-size=65536
endif
# Where pages always have 4 KiB, the linker need not pad the file to a page of
# its own for the data, which it does where that may save one in memory.
ifneq ($(filter x86_64-%,$(MACHINE)),)
LDFLAGS += -Wl,-z,common-page-size=32
endif
ALL_LDFLAGS = -static $(LDFLAGS)

# Everything but main() is in one archive, of which a program takes what it
# needs: lastcall itself, and the tests' programs, which have flavours of
# their own of it.
SOURCES = $(sort $(wildcard *.c src/*/*.c))
MEMBERS = $(filter-out init.c,$(SOURCES))

# The tests' own programs, for this machine: static, so that they run in a
# container that holds nothing else.
HOSTCC = cc
HOST_CFLAGS = $(COMMON) -O1 -g -Wall -Wextra $(WERROR)
HOST_LIBRARY = build/host/liblastcall.a
FIXTURES = $(addprefix build/fixtures/,$(basename $(notdir \
	$(wildcard tests/under/*.c tests/beside/*.c))))
DRIVERS = $(patsubst tests/%.c,build/%,$(wildcard tests/drivers/*.c))
UNITS = $(patsubst tests/%.c,build/%,$(wildcard tests/unit/*_test.c))
FUZZERS = $(patsubst tests/%.c,build/%,$(wildcard tests/fuzz/*.c))
BENCH = $(addprefix build/bench/,bench floor child)
# As many compilers at a time as there are processors, where nobody said.
MANY = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
# Installs what the tests need; SETUP=true leaves the machine alone.
SETUP = tests/setup

# `make` says in a line what it does, `make V=1` shows the commands.
Q = $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-4s %s\n')

MAKEFLAGS += --no-builtin-rules
# The tests leave nothing in the tree.
export PYTHONDONTWRITEBYTECODE = 1
.DELETE_ON_ERROR:
.PHONY: all help install install-links uninstall clean format
.PHONY: test check test-rest test-sanitized test-apps demo bench bench-roll soak faults
.PHONY: coverage analysis fuzz proof
.PHONY: dist fixtures drivers units sanitized FORCE

all: lastcall ## build ./lastcall (the default)

lastcall: build/init.o build/liblastcall.a
	$(say) LINK "$@"
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -s -o $@ $^
	@echo "lastcall: static, with $(LIBC): $$(wc -c <$@) bytes$(HINT)"

# Without musl it works as well and is ten times the size.
ifneq ($(LIBC),musl)
HINT = ; musl (Debian's package musl-tools) makes it less than 96 KiB
endif

# Changes when the compiler, its flags or the list of files do: then everything
# is built anew.
build/flags: FORCE
	@mkdir -p build
	@printf '%s\n' "$$FLAGS" | cmp -s - $@ || printf '%s\n' "$$FLAGS" >$@
build/flags: export FLAGS = $(CC) $(COMPILER) $(ALL_CFLAGS) $(ALL_LDFLAGS) \
	$(HOSTCC) $(HOST_CFLAGS) $(SANITIZED_CFLAGS) $(FUZZ_CFLAGS) $(SOURCES)

# $(call flavour,FOLDER,COMPILER AND FLAGS): the archive, built so.
define flavour
$(1)/%.o: %.c build/flags Makefile
	@mkdir -p "$$(@D)"
	$$(say) CC "$$@"
	$$(Q)$(2) -c -o $$@ $$<

# Begun anew, as a file may have gone.
$(1)/liblastcall.a: $(MEMBERS:%.c=$(1)/%.o)
	$$(say) AR "$$@"
	@rm -f $$@
	$$(Q)$$(AR) qcs $$@ $$^

-include $(SOURCES:%.c=$(1)/%.d)
endef

# Longer names first: an object of build/host is none of build.
$(eval $(call flavour,build/host,$$(HOSTCC) $$(HOST_CFLAGS)))
$(eval $(call flavour,build/sanitized,$$(HOSTCC) $$(SANITIZED_CFLAGS)))
$(eval $(call flavour,build/fuzz,$$(FUZZ_CC) $$(FUZZ_CFLAGS)))
$(eval $(call flavour,build,$$(CC) $$(ALL_CFLAGS)))

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

# What `make install` puts below PREFIX.  Debian's own packages have zsh's
# completion in share/zsh/vendor-completions, everybody else in site-functions,
# which Debian's zsh looks at below /usr/local only.
ZSH = share/zsh/site-functions
INSTALLED = bin/lastcall share/man/man1/lastcall.1 \
	share/bash-completion/completions/lastcall $(ZSH)/_lastcall \
	share/fish/vendor_completions.d/lastcall.fish
# A shell function: is the file lastcall's?  Each of these files has this name
# of an option in it, and another program's has not.
OURS = ours() { [ ! -L "$$1" ] && grep -qs pre-stop-limit "$$1"; }

# A file that is somebody else's is neither replaced nor removed.
install: lastcall ## install under PREFIX (/usr/local), below DESTDIR
	@$(OURS); for file in $(INSTALLED); do \
		file="$(ROOT)/$$file"; \
		[ ! -e "$$file" ] && [ ! -L "$$file" ] || ours "$$file" || { \
			echo "make: $$file is not lastcall's, so nothing is" \
				"installed" >&2; \
			exit 1; \
		}; \
	done
	@for file in $(INSTALLED); do \
		install -d "$$(dirname "$(ROOT)/$$file")" || exit; \
	done
	install -m 755 lastcall "$(ROOT)/bin/lastcall"
	install -m 644 lastcall.1 "$(ROOT)/share/man/man1"
	install -m 644 completions/lastcall.bash \
		"$(ROOT)/share/bash-completion/completions/lastcall"
	install -m 644 completions/_lastcall "$(ROOT)/$(ZSH)"
	install -m 644 completions/lastcall.fish \
		"$(ROOT)/share/fish/vendor_completions.d"

install-links: install ## and the names of the inits that it stands in for
	@for name in $(NAMES); do \
		link="$(ROOT)/bin/$$name"; \
		[ ! -e "$$link" ] && [ ! -L "$$link" ] || \
			[ "$$(readlink "$$link")" = lastcall ] || { \
			echo "make: $$link is not lastcall's, so no link is made;" \
				"NAMES=... says which to make" >&2; \
			exit 1; \
		}; \
	done
	@for name in $(NAMES); do \
		ln -sf lastcall "$(ROOT)/bin/$$name" || exit; \
	done

uninstall: ## remove what install and install-links put there
	@$(OURS); for file in $(INSTALLED); do \
		file="$(ROOT)/$$file"; \
		if ours "$$file"; then \
			rm -f "$$file" || exit; \
		elif [ -e "$$file" ] || [ -L "$$file" ]; then \
			echo "make: $$file is not lastcall's, so it stays" >&2; \
		fi; \
	done
	@[ -e "$(ROOT)/bin/lastcall" ] || [ -L "$(ROOT)/bin/lastcall" ] || \
	for name in $(NAMES); do \
		link="$(ROOT)/bin/$$name"; \
		[ "$$(readlink "$$link")" != lastcall ] || rm -f "$$link"; \
	done

clean: ## remove everything that was built
	rm -rf build lastcall

test: ## test the program itself, in three minutes (Debian, as root)
	@$(SETUP) build test
	@$(MAKE) --no-print-directory $(MANY) lastcall fixtures drivers units
	@tests/run

check: ## test everything, in 45 minutes: what .ci/run does
	@tests/check

test-rest: ## what test leaves out: containers, servers, packages
	@$(SETUP) build test servers docs containers images docker dist
	@$(MAKE) --no-print-directory $(MANY) lastcall fixtures drivers
	@tests/run --check

demo: lastcall $(addprefix build/fixtures/,orphans server worker)
demo: ## a tour of what it does, on real processes, in 7 seconds
	@tests/demo

bench: ## measure against tini, dumb-init and catatonit
	@$(SETUP) bench
	@$(MAKE) --no-print-directory $(MANY) lastcall fixtures drivers $(BENCH)
	@build/bench/bench

test-sanitized: ## the tests of the program on a build with sanitizers
	@$(SETUP) test containers
	@$(MAKE) --no-print-directory $(MANY) sanitized fixtures drivers
	tests/sanitized/run

test-apps: lastcall fixtures ## real programs, stopped with work in flight
	@$(SETUP) test apps
	tests/run tests/apps/apps.bats

bench-roll: lastcall ## rolling deploys under load, failed requests counted
	@$(SETUP) roll
	tests/roll/roll.py ./lastcall $(ROLL_FLAGS)

SOAK_SECONDS = 600
soak: lastcall fixtures ## random life for SOAK_SECONDS, then checks
	@$(SETUP) test
	tests/soak/soak.py ./lastcall build/fixtures/life \
		--seconds $(SOAK_SECONDS) $(if $(SEED),--seed $(SEED))

faults: lastcall fixtures ## every system call fails with every error, or hangs
	@$(SETUP) test
	@mkdir -p build
	tests/faults/hangs.py ./lastcall build/fixtures/hang
	tests/faults/faults.py ./lastcall --table build/faults.txt

dist: ## build a release: binaries for seven processors, packages, image
	@$(SETUP) dist
	packaging/dist
	packaging/oci
	packaging/deb
	packaging/apk
	packaging/sbom
	packaging/sums
	@ls -l build/dist

coverage: ## line and branch coverage of the pure core by its unit tests
	@$(SETUP) test
	@tests/analysis/coverage

analysis: lastcall ## every static analyser there is, on everything
	@$(SETUP) build analysis
	@tests/analysis/run

fuzz: ## every parser with random input, FUZZ_SECONDS=60 each
	@$(SETUP) fuzz
	@tests/fuzz/run

proof: ## prove what the shutdown promises, and that a change is noticed
	@SETUP="$(SETUP)" tests/proof/run $(if $(CHANGED),--changed)

format: ## put every C file in the committed style
	git ls-files '*.c' '*.h' | xargs clang-format -i

# ------------------------------------------------------- the tests' programs

fixtures: $(FIXTURES)
drivers: $(DRIVERS)
units: $(UNITS)

# A program of the tests: its source, and the archives that are among what it
# depends on.
define program
	@mkdir -p "$(@D)"
	$(say) CC "$@"
	$(Q)$(1) -o $@ $(filter %.c %.o %.a,$^)
endef

build/fixtures/%: tests/under/%.c build/flags Makefile
	$(call program,$(HOSTCC) $(HOST_CFLAGS) -static)

build/fixtures/%: tests/beside/%.c build/flags Makefile
	$(call program,$(HOSTCC) $(HOST_CFLAGS) -static)

build/drivers/%: tests/drivers/%.c $(HOST_LIBRARY)
	$(call program,$(HOSTCC) $(HOST_CFLAGS) -static)

# init_test.c brings in init.c, which is no source of its own then.
build/unit/%: tests/unit/%.c $(HOST_LIBRARY)
	@mkdir -p "$(@D)"
	$(say) CC "$@"
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -o $@ $< $(HOST_LIBRARY)

sanitized: build/sanitized/lastcall build/sanitized/faulty

SANITIZED_CFLAGS = $(COMMON) $(WARNINGS) $(WERROR) -O1 -g \
	-fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=address,undefined -static-libasan -static-libubsan

build/sanitized/lastcall: build/sanitized/init.o build/sanitized/liblastcall.a
build/sanitized/faulty: build/sanitized/tests/sanitized/faulty.o
build/sanitized/lastcall build/sanitized/faulty: tests/sanitized/options.c
	$(call program,$(HOSTCC) $(SANITIZED_CFLAGS) \
		-DREPORTS='"$(CURDIR)/build/sanitized/reports"')

FUZZ_CC = clang
FUZZ_CFLAGS = $(COMMON) -O1 -g -fno-sanitize-recover=all \
	-fsanitize=fuzzer-no-link,address,undefined

build/fuzz/%: tests/fuzz/%.c build/fuzz/liblastcall.a
	$(call program,$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer)

# What is measured is static and of the same libc as lastcall.
build/bench/bench: $(patsubst %,tests/bench/%.c,bench look measure run samples)
	$(call program,$(HOSTCC) $(filter-out -MMD -MP,$(HOST_CFLAGS)))
build/bench/bench: tests/bench/bench.h build/flags

build/bench/%: tests/bench/%.c build/flags Makefile
	$(call program,$(CC) $(COMMON) $(CFLAGS) $(ALL_LDFLAGS) -s)

-include $(addsuffix .d,$(FIXTURES) $(DRIVERS) $(UNITS) $(FUZZERS) $(BENCH))
