# lastcall: `make` builds ./lastcall, static and stripped, and installs and
# downloads nothing; `make help` lists the rest.
#
# The libc is musl where there is a compiler for it (musl-gcc, or a cc that
# is itself musl's, as on Alpine), else glibc.  CC=... overrides.

PREFIX = /usr/local
DESTDIR =
SHARE = $(DESTDIR)$(PREFIX)/share
# The inits whose command lines it takes under their names.
NAMES = tini tini-static docker-init dumb-init catatonit

ifeq ($(origin CC),default)
CC := $(shell command -v musl-gcc || echo cc)
endif
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
LIBC := $(if $(findstring musl,$(notdir $(firstword $(CC))) $(MACHINE)),musl,glibc)

WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wswitch-enum \
	-Wundef -Wvla -Wcast-qual -Wwrite-strings
# What makes it smaller, as far as the compiler knows it.
OPTIMIZE := $(shell for o in -Oz -mgeneral-regs-only -malign-data=abi \
	-fno-expensive-optimizations -fno-caller-saves -fno-if-conversion; do \
	$(CC) -Werror $$o -E -x c /dev/null >/dev/null 2>&1 && echo $$o; \
	done)
OPTIMIZE := $(if $(filter -Oz,$(OPTIMIZE)),,-Os) $(OPTIMIZE)
CFLAGS = $(OPTIMIZE)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(WARNINGS) $(WERROR) $(CFLAGS) -fno-pie \
	-ffunction-sections -fdata-sections -fno-unwind-tables \
	-fno-asynchronous-unwind-tables -fno-ident -fomit-frame-pointer \
	-fno-stack-protector -fno-jump-tables \
	-ffile-prefix-map=$(CURDIR)=.
LDFLAGS = -Wl,--gc-sections -Wl,-z,noseparate-code \
	-Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,-z,norelro
ALL_LDFLAGS = -static -no-pie $(LDFLAGS)

# Files that make no system call, and the rest.
PURE = text.o signals.o options.o option_rows.o values.o hook_text.o \
	budget.o shutdown.o shell.o plan.o plan_picture.o plan_warn.o \
	platform.o answer.o tcp.o compat.o
ROOMS = init.o clock.o kernel.o act.o events.o log.o spawn.o reap.o proc.o scope.o hook.o \
	http.o connections.o probe.o job.o compat_run.o
OBJECTS = $(addprefix build/,$(PURE) $(ROOMS))
# What an idle lastcall runs is linked first, with what it needs of libc, so
# that it stays in few pages (release_text() in init.c); act.o begins the rest.
IDLE = $(addprefix build/,init.o reap.o clock.o shutdown.o)
# Smaller than libc's own, so found before it.
SMALL = $(if $(filter musl,$(LIBC)),build/musl.o)
LINK = $(IDLE) $(SMALL) -lc build/act.o $(filter-out $(IDLE) build/act.o,$(OBJECTS))

# The tests' own programs, for this machine: static, so that they run in a
# container that holds nothing else.
HOSTCC = cc
HOST_CFLAGS = -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -I.
FIXTURES = $(patsubst tests/fixtures/%.c,build/fixtures/%,\
	$(wildcard tests/fixtures/*.c))
UNITS = $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/*_test.c))
PURE_HOST = $(addprefix build/host/,$(PURE))
BENCH = $(addprefix build/bench/,bench floor child look)
# Installs what the tests need; SETUP=true leaves the machine alone.
SETUP = tests/setup

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help install install-links uninstall clean format
.PHONY: test test-sanitized test-apps demo bench bench-roll soak faults
.PHONY: coverage analysis fuzz
.PHONY: dist fixtures units sanitized

all: lastcall ## build ./lastcall (the default)

lastcall: $(OBJECTS) $(SMALL)
	@echo "linking lastcall with static $(LIBC) ($(CC))"
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -s -o $@ $(LINK)

# It is libc here, so no call of libc may be made of what it says.
build/musl.o: ALL_CFLAGS += -ffreestanding -fno-tree-loop-distribute-patterns

build/%.o: %.c init.h options.h plan.h Makefile
	@mkdir -p build
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

install: lastcall ## install under PREFIX (/usr/local), below DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 lastcall $(DESTDIR)$(PREFIX)/bin/lastcall
	install -d $(SHARE)/man/man1
	install -m 644 lastcall.1 $(SHARE)/man/man1
	install -d $(SHARE)/bash-completion/completions \
		$(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	install -m 644 completions/lastcall.bash \
		$(SHARE)/bash-completion/completions/lastcall
	install -m 644 completions/_lastcall $(SHARE)/zsh/site-functions
	install -m 644 completions/lastcall.fish \
		$(SHARE)/fish/vendor_completions.d

install-links: install ## and the names of the inits that it stands in for
	for name in $(NAMES); do \
		ln -sf lastcall $(DESTDIR)$(PREFIX)/bin/$$name || exit; \
	done

# A tini that is no link of ours is somebody else's.
uninstall: ## remove what install and install-links put there
	for name in $(NAMES); do \
		link=$(DESTDIR)$(PREFIX)/bin/$$name; \
		[ "$$(readlink "$$link")" != lastcall ] || rm -f "$$link"; \
	done
	rm -f $(DESTDIR)$(PREFIX)/bin/lastcall \
		$(SHARE)/man/man1/lastcall.1 \
		$(SHARE)/bash-completion/completions/lastcall \
		$(SHARE)/zsh/site-functions/_lastcall \
		$(SHARE)/fish/vendor_completions.d/lastcall.fish

clean: ## remove everything that was built
	rm -rf build lastcall

test: ## run every test, installing what they need first (Debian, as root)
	@$(SETUP) build test docs containers images $(if $(CI),dist docker)
	@$(MAKE) --no-print-directory lastcall fixtures units
	tests/run

demo: lastcall ## a tour of what it does, on real processes, in 15 seconds
	@$(SETUP) demo
	@$(MAKE) --no-print-directory fixtures
	@tests/demo

bench: ## measure against tini, dumb-init and catatonit
	@$(SETUP) bench
	@$(MAKE) --no-print-directory lastcall fixtures $(BENCH)
	@build/bench/bench

test-sanitized: sanitized fixtures ## the bats files on an ASan and UBSan build
	@$(SETUP) test containers images
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

faults: lastcall ## every system call fails with every error
	@$(SETUP) test
	@mkdir -p build
	tests/faults/faults.py ./lastcall --table build/faults.txt

dist: ## build a release: binaries for seven processors, packages, image
	@$(SETUP) dist
	packaging/dist
	packaging/oci
	packaging/deb
	packaging/apk
	@ls -l build/dist

coverage: ## line and branch coverage of the pure core by its unit tests
	@$(SETUP) test
	@PURE="$(PURE)" tests/analysis/coverage

analysis: lastcall ## every static analyser there is, on everything
	@$(SETUP) build analysis docs
	@tests/analysis/run

fuzz: ## every parser with random input, FUZZ_SECONDS=60 each
	@$(SETUP) fuzz
	@tests/fuzz/run

format: ## put every C file in the committed style
	git ls-files '*.c' '*.h' | xargs clang-format -i

# ------------------------------------------------------- the tests' programs

fixtures: $(FIXTURES)
units: $(UNITS)

build/fixtures/%: tests/fixtures/%.c Makefile
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) -static -o $@ $<

build/host/%.o: %.c init.h Makefile
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) -c -o $@ $<

build/unit/%: tests/unit/%.c $(PURE_HOST) init.h $(wildcard tests/unit/*.h)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) -o $@ $< $(PURE_HOST)

sanitized: build/sanitized/lastcall build/sanitized/faulty

SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-static-libasan -static-libubsan
SANITIZED_CFLAGS = -std=c11 -D_GNU_SOURCE $(WARNINGS) $(WERROR) -O1 -g -I. \
	-fno-omit-frame-pointer $(SANITIZE)

build/sanitized/%.o: %.c init.h Makefile
	@mkdir -p $(@D)
	$(HOSTCC) $(SANITIZED_CFLAGS) -c -o $@ $<

build/sanitized/lastcall: $(patsubst build/%,build/sanitized/%,$(OBJECTS))
build/sanitized/faulty: build/sanitized/tests/sanitized/faulty.o
build/sanitized/lastcall build/sanitized/faulty: tests/sanitized/options.c
	$(HOSTCC) $(SANITIZED_CFLAGS) \
		-DREPORTS='"$(CURDIR)/build/sanitized/reports"' -o $@ $^

# What is measured is static and of the same libc as lastcall.
build/bench/bench: $(patsubst %,tests/bench/%.c,bench measure run samples) \
		tests/bench/bench.h
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) -o $@ $(filter %.c,$^)

build/bench/look: tests/drivers/look.c connections.c tcp.c text.c kernel.c init.h
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) -o $@ $(filter %.c,$^)

build/bench/%: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE $(CFLAGS) $(ALL_LDFLAGS) -s -o $@ $<
