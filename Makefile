# lastcall: `make` builds ./lastcall, static and stripped; `make help` lists
# the rest.
#
# The libc is musl where there is a compiler for it (musl-gcc, or a cc that
# is itself musl's, as on Alpine), else glibc.  CC=... overrides.

PREFIX = /usr/local
DESTDIR =

ifeq ($(origin CC),default)
CC := $(shell command -v musl-gcc || echo cc)
endif
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
LIBC := $(if $(findstring musl,$(notdir $(firstword $(CC))) $(MACHINE)),musl,glibc)

WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wswitch-enum \
	-Wundef -Wvla -Wcast-qual -Wwrite-strings
CFLAGS = -Os
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(WARNINGS) $(WERROR) $(CFLAGS) -fno-pie \
	-ffunction-sections -fdata-sections -fno-unwind-tables \
	-fno-asynchronous-unwind-tables -fno-ident -fomit-frame-pointer \
	-fno-stack-protector -ffile-prefix-map=$(CURDIR)=.
LDFLAGS = -Wl,--gc-sections -Wl,-z,noseparate-code \
	-Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,-z,norelro
ALL_LDFLAGS = -static -no-pie $(LDFLAGS)

# Files that make no system call, and the rest.
PURE = text.o signals.o options.o values.o hook_text.o budget.o shutdown.o \
	plan.o plan_picture.o plan_warn.o platform.o answer.o
ROOMS = init.o act.o events.o log.o spawn.o reap.o proc.o scope.o hook.o \
	http.o probe.o pending.o
OBJECTS = $(addprefix build/,$(PURE) $(ROOMS))

.DELETE_ON_ERROR:
.PHONY: all help install uninstall clean test demo bench format

all: lastcall

lastcall: $(OBJECTS)
	@echo "linking lastcall with static $(LIBC) ($(CC))"
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -s -o $@ $(OBJECTS)

build/%.o: %.c init.h plan.h Makefile
	@mkdir -p build
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

clean:
	rm -rf build lastcall
