# `make` and its targets, in copies of the sources.

TEST_SECONDS=400
load helpers

# The sources alone: what is built needs nothing of the tests.
copy_sources() { # FOLDER
	mkdir -p "$1"
	cp -r "$TOP"/Makefile "$TOP"/*.c "$TOP"/*.h "$TOP/src" \
		"$TOP"/lastcall.1 "$1"
	[ ! -d "$TOP/completions" ] || cp -r "$TOP/completions" "$1"
}

# make, without what an outer make or CI told this one.
make_in() { # FOLDER ARG...
	local folder=$1
	shift
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u WERROR -u CC -u CI \
		make --no-print-directory -C "$folder" "$@"
}

# The sources, built once, in BUILT: for tests that only install what is there.
built() {
	BUILT=$BATS_FILE_TMPDIR/built
	[ ! -x "$BUILT/lastcall" ] || return 0
	copy_sources "$BUILT"
	make_in "$BUILT" -j2
}

# The programs of this machine but for those named, in $RUN_TMP/bin.
path_without() { # NAME...
	local folder name
	mkdir -p "$RUN_TMP/bin"
	for folder in /bin /usr/bin; do
		ln -sf "$folder"/* "$RUN_TMP/bin/"
	done
	for name; do
		rm -f "$RUN_TMP/bin/$name"
	done
}

@test "make gives a static, stripped binary of at most 96 KiB with musl, and no warning" {
	requires musl-gcc file
	copy_sources "$RUN_TMP/a"
	run make_in "$RUN_TMP/a" -j2
	assert_status 0
	assert_contains "$output" 'static, with musl'
	assert_not_contains "$output" warning:
	run file "$RUN_TMP/a/lastcall"
	assert_contains "$output" 'statically linked'
	assert_contains "$output" ', stripped'
	assert_at_most "$(stat -c %s "$RUN_TMP/a/lastcall")" 98304
	run "$RUN_TMP/a/lastcall" -- sh -c 'exit 7'
	assert_status 7
}

# bats test_tags=check
@test "two builds in two folders are byte-identical" {
	built
	copy_sources "$RUN_TMP/another/and/deeper"
	make_in "$RUN_TMP/another/and/deeper"
	cmp "$BUILT/lastcall" "$RUN_TMP/another/and/deeper/lastcall"
}

# bats test_tags=check
@test "without musl-gcc it is static glibc, and make says what makes it small" {
	requires file
	path_without musl-gcc
	copy_sources "$RUN_TMP/a"
	PATH=$RUN_TMP/bin run make_in "$RUN_TMP/a" -j2
	assert_status 0
	assert_contains "${lines[-1]}" 'static, with glibc'
	assert_contains "${lines[-1]}" "$(stat -c %s "$RUN_TMP/a/lastcall") bytes"
	assert_contains "${lines[-1]}" musl-tools
	run file "$RUN_TMP/a/lastcall"
	assert_contains "$output" 'statically linked'
	run "$RUN_TMP/a/lastcall" -- sh -c 'exit 7'
	assert_status 7
}

# bats test_tags=check
@test "make says in a line what it does, and with V=1 shows the commands" {
	copy_sources "$RUN_TMP/a"
	run make_in "$RUN_TMP/a" build/src/lib/text.o
	assert_status 0
	assert_contains "$output" '  CC   build/src/lib/text.o'
	assert_not_contains "$output" -Wall
	run make_in "$RUN_TMP/a" clean build/src/lib/text.o V=1
	assert_status 0
	assert_match "$output" ' -Wall .* -c -o build/src/lib/text.o src/lib/text.c'
}

# bats test_tags=check
@test "another compiler or other flags build everything anew" {
	local files
	copy_sources "$RUN_TMP/a"
	files=$(find "$RUN_TMP/a" -name '*.c' | wc -l)
	make_in "$RUN_TMP/a" -j2 CC=gcc
	run make_in "$RUN_TMP/a" -j2 CC=gcc
	assert_not_contains "$output" CC
	run make_in "$RUN_TMP/a" -j2 CC=gcc CFLAGS=-O1
	assert_equal "$(grep -cE '^ *CC ' <<<"$output")" "$files"
	path_without musl-gcc
	PATH=$RUN_TMP/bin run make_in "$RUN_TMP/a" -j2
	assert_equal "$(grep -cE '^ *CC ' <<<"$output")" "$files"
	# A program of the tests is built from what is there now, too.
	make_in "$RUN_TMP/a" build/host/liblastcall.a
	touch "$RUN_TMP/a/src/lib/text.h"
	run make_in "$RUN_TMP/a" build/host/liblastcall.a
	assert_contains "$output" build/host/src/lib/text.o
	assert_contains "$output" build/host/liblastcall.a
}

# bats test_tags=check
@test "clang builds it without a warning" {
	requires clang
	copy_sources "$RUN_TMP/a"
	run make_in "$RUN_TMP/a" -j2 CC=clang
	assert_status 0
	assert_not_contains "$output" warning:
	run "$RUN_TMP/a/lastcall" -- sh -c 'exit 7'
	assert_status 7
}

# bats test_tags=check
@test "blanks in the folder's name and in DESTDIR do no harm" {
	copy_sources "$RUN_TMP/a b"
	make_in "$RUN_TMP/a b" -j2
	make_in "$RUN_TMP/a b" install-links DESTDIR="$RUN_TMP/the root"
	cmp "$RUN_TMP/a b/lastcall" "$RUN_TMP/the root/usr/local/bin/tini"
	make_in "$RUN_TMP/a b" uninstall DESTDIR="$RUN_TMP/the root"
	assert_equal "$(find "$RUN_TMP/the root" ! -type d)" ''
}

# bats test_tags=check
@test "make installs nothing and calls nothing that would" {
	path_without apt-get
	printf '#!/bin/sh\ntouch "%s"\n' "$RUN_TMP/called" >"$RUN_TMP/bin/apt-get"
	chmod 755 "$RUN_TMP/bin/apt-get"
	copy_sources "$RUN_TMP/a"
	PATH=$RUN_TMP/bin make_in "$RUN_TMP/a" -j2
	run test -e "$RUN_TMP/called"
	assert_status 1
}

# bats test_tags=check
@test "make install honours PREFIX and DESTDIR, and uninstall undoes it" {
	built
	make_in "$BUILT" install PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"
	cmp "$BUILT/lastcall" "$RUN_TMP/root/opt/lc/bin/lastcall"
	assert_equal "$(stat -c %a "$RUN_TMP/root/opt/lc/bin/lastcall")" 755
	cmp "$BUILT/lastcall.1" \
		"$RUN_TMP/root/opt/lc/share/man/man1/lastcall.1"

	make_in "$BUILT" uninstall PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"
	assert_equal "$(find "$RUN_TMP/root" ! -type d)" ''
}

# Another's program of that name, one as a link, and another's manual.
# bats test_tags=check
@test "make install replaces and uninstall removes no file that is not lastcall's" {
	local bin=$RUN_TMP/root/usr/local/bin
	local man=$RUN_TMP/root/usr/local/share/man/man1
	built
	mkdir -p "$bin" "$man"
	echo "calls last" >"$bin/lastcall"
	ln -s lastcall "$bin/tini"
	run make_in "$BUILT" install DESTDIR="$RUN_TMP/root"
	assert_status 2
	assert_contains "$output" "$bin/lastcall is not lastcall's"
	run make_in "$BUILT" uninstall DESTDIR="$RUN_TMP/root"
	assert_status 0
	assert_contains "$output" "$bin/lastcall is not lastcall's"
	assert_equal "$(<"$bin/lastcall")" "calls last"
	# A link to it is theirs, too.
	assert_equal "$(readlink "$bin/tini")" lastcall

	ln -sf "$BUILT/lastcall" "$bin/lastcall"
	run make_in "$BUILT" install-links DESTDIR="$RUN_TMP/root"
	assert_status 2
	make_in "$BUILT" uninstall DESTDIR="$RUN_TMP/root"
	assert_equal "$(readlink "$bin/lastcall")" "$BUILT/lastcall"

	# Installing over what make has installed is an upgrade.
	rm "$bin/lastcall" "$bin/tini"
	make_in "$BUILT" install DESTDIR="$RUN_TMP/root"
	make_in "$BUILT" install DESTDIR="$RUN_TMP/root"
	echo "somebody's page" >"$man/lastcall.1"
	make_in "$BUILT" uninstall DESTDIR="$RUN_TMP/root"
	assert_equal "$(find "$RUN_TMP/root" ! -type d)" "$man/lastcall.1"
}

# bats test_tags=check
@test "make install-links puts the other inits' names beside lastcall" {
	local bin=$RUN_TMP/root/opt/lc/bin name
	built
	make_in "$BUILT" install-links PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"
	for name in tini tini-static docker-init dumb-init catatonit \
		podman-init; do
		assert_equal "$(readlink "$bin/$name")" lastcall
		cmp "$BUILT/lastcall" "$bin/$name"
		run "$bin/$name" -- sh -c 'exit 7'
		assert_status 7
	done
	assert_equal "$("$bin/tini" --version)" "tini version 0.19.0"
	# Once more changes nothing.
	make_in "$BUILT" install-links PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"

	make_in "$BUILT" uninstall PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"
	assert_equal "$(find "$RUN_TMP/root" ! -type d)" ''
}

# bats test_tags=check
@test "make uninstall leaves an init alone that is not lastcall" {
	local bin=$RUN_TMP/root/usr/local/bin
	copy_sources "$RUN_TMP/a"
	mkdir -p "$bin"
	echo real >"$bin/tini"
	ln -s /usr/bin/dumb-init "$bin/dumb-init"
	make_in "$RUN_TMP/a" uninstall DESTDIR="$RUN_TMP/root"
	assert_equal "$(<"$bin/tini")" real
	assert_equal "$(readlink "$bin/dumb-init")" /usr/bin/dumb-init
}

# bats test_tags=check
@test "make install-links replaces no init that is not lastcall's link" {
	local bin=$RUN_TMP/root/usr/local/bin
	built
	mkdir -p "$bin"
	echo real >"$bin/dumb-init"
	run make_in "$BUILT" install-links DESTDIR="$RUN_TMP/root"
	assert_status 2
	assert_contains "$output" "$bin/dumb-init is not lastcall's"
	assert_equal "$(<"$bin/dumb-init")" real
	[ ! -L "$bin/tini" ] || fail "tini was made all the same"
	# Nor one that is a link that leads nowhere.
	ln -sf /nowhere "$bin/dumb-init"
	run make_in "$BUILT" install-links DESTDIR="$RUN_TMP/root"
	assert_status 2
	assert_equal "$(readlink "$bin/dumb-init")" /nowhere
	# Who asks for the others gets them.
	make_in "$BUILT" install-links NAMES='tini catatonit' \
		DESTDIR="$RUN_TMP/root"
	assert_equal "$(readlink "$bin/tini")" lastcall
	make_in "$BUILT" uninstall DESTDIR="$RUN_TMP/root"
	assert_equal "$(find "$RUN_TMP/root" ! -type d)" "$bin/dumb-init"
}

# bats test_tags=check
@test "make clean leaves the sources alone" {
	copy_sources "$RUN_TMP/a"
	copy_sources "$RUN_TMP/clean"
	make_in "$RUN_TMP/a" -j2
	make_in "$RUN_TMP/a" clean
	diff -r "$RUN_TMP/a" "$RUN_TMP/clean"
}

# bats test_tags=check
@test "git ignores what make leaves, and nothing else" {
	requires git
	[ -e "$TOP/.git" ] || skip "not a checkout"
	git clone -q "$TOP" "$RUN_TMP/a"
	make_in "$RUN_TMP/a" -j2 lastcall fixtures units
	assert_equal "$(git -C "$RUN_TMP/a" status --porcelain)" ''
	make_in "$RUN_TMP/a" clean
	assert_equal "$(git -C "$RUN_TMP/a" status --porcelain --ignored)" ''
}

# What `make test` builds, where there is no git and no .git.
# bats test_tags=check
@test "the source archive builds, and all that make test runs, without git" {
	requires git
	[ -e "$TOP/.git" ] || skip "not a checkout"
	"$TOP/packaging/source" "$RUN_TMP"
	tar -xzf "$RUN_TMP"/lastcall-*.tar.gz -C "$RUN_TMP"
	path_without git
	PATH=$RUN_TMP/bin run make_in "$RUN_TMP"/lastcall-*/ -j2 \
		lastcall fixtures drivers units
	assert_status 0
	assert_not_contains "$output" git
	run "$RUN_TMP"/lastcall-*/lastcall -- sh -c 'exit 7'
	assert_status 7
	PATH=$RUN_TMP/bin run make_in "$RUN_TMP"/lastcall-*/ install \
		DESTDIR="$RUN_TMP/root"
	assert_status 0
	# And a file of its tests runs.
	cd "$RUN_TMP"/lastcall-*/
	PATH=$RUN_TMP/bin run env -u LASTCALL_BINARY tests/run tests/93-completions.bats
	assert_match "${lines[-1]}" '^[1-9][0-9]* passed, 0 failed'
}

@test "packaging/dist says that no compiler can be in a folder with a blank" {
	CROSS="$RUN_TMP/a b" run "$TOP/packaging/dist" "$RUN_TMP/dist"
	assert_status 1
	assert_contains "$output" "'$RUN_TMP/a b'"
	assert_contains "$output" CROSS=
	[ ! -e "$RUN_TMP/dist" ]
}

@test "make help has a line for each target a person may want" {
	run make_in "$TOP" help
	assert_status 0
	local target
	for target in all install install-links uninstall clean test demo bench help; do
		assert_match "$output" "make $target +[a-z.]"
	done
}

@test "tests/setup without root names the command and stops" {
	requires root setpriv
	# Where another user may go.
	local stub
	stub=$(mktemp -d)
	chmod 755 "$stub"
	printf '#!/bin/sh\necho not-installed\n' >"$stub/dpkg-query"
	chmod 755 "$stub/dpkg-query"
	PATH=$stub:$PATH run setpriv --reuid 65534 --clear-groups \
		sh -s build <"$TOP/tests/setup"
	rm -r "$stub"
	assert_status 1
	assert_contains "$output" 'sudo apt-get install'
	assert_contains "$output" 'musl-tools'
}

@test "make test asks for a dozen packages, make dist for build-essential" {
	local words
	printf '#!/bin/sh\necho not-installed\n' >"$RUN_TMP/dpkg-query"
	printf '#!/bin/sh\necho 1000\n' >"$RUN_TMP/id"
	chmod 755 "$RUN_TMP/dpkg-query" "$RUN_TMP/id"
	PATH=$RUN_TMP:$PATH run "$TOP/tests/setup" build test
	assert_status 1
	words=${lines[-1]#*--no-install-recommends }
	# What a compiler cannot do without is there already on most machines.
	assert_contains "$words " 'libc6-dev '
	assert_at_most "$(wc -w <<<"${words/libc6-dev/}")" 12
	PATH=$RUN_TMP:$PATH run "$TOP/tests/setup" dist
	assert_contains "$output" ' build-essential '
}

@test "tests/setup neither starts nor enables a package's service" {
	requires root mountns
	mkdir -p "$RUN_TMP/bin"
	# A package that asks whether it may start, and enables a unit.
	cat >"$RUN_TMP/bin/apt-get" <<-'EOF'
		#!/bin/sh
		/usr/sbin/policy-rc.d nginx start
		echo "the policy says $?" >"$NOTES"
		mkdir -p /etc/systemd/system/multi-user.target.wants
		ln -s /dev/null /etc/systemd/system/multi-user.target.wants/its.service
	EOF
	printf '#!/bin/sh\necho not-installed\n' >"$RUN_TMP/bin/dpkg-query"
	chmod 755 "$RUN_TMP"/bin/*
	NOTES=$RUN_TMP/notes PATH=$RUN_TMP/bin:$PATH \
		run unshare --mount sh -c 'mkdir -p /etc/systemd &&
		mount -t tmpfs none /etc/systemd &&
		mount -t tmpfs none /usr/sbin &&
		mkdir -p /etc/systemd/system/a.target.wants &&
		ln -s /dev/null /etc/systemd/system/a.target.wants/old.service &&
		"$1" build >/dev/null &&
		find /etc/systemd /usr/sbin ! -type d' - \
		"$TOP/tests/setup"
	assert_equal "$output" /etc/systemd/system/a.target.wants/old.service
	assert_status 0
	assert_equal "$(cat "$RUN_TMP/notes")" "the policy says 101"
}

@test "tests/setup refuses a group that it does not know" {
	run "$TOP/tests/setup" nonsense
	assert_status 1
	assert_contains "$output" nonsense
}
