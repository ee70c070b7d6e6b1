# `make` and its targets, in copies of the sources.

BATS_TEST_TIMEOUT=180
load helpers

# The sources alone: what is built needs nothing of the tests.
copy_sources() { # FOLDER
	mkdir -p "$1"
	cp "$TOP"/Makefile "$TOP"/*.c "$TOP"/*.h "$TOP"/lastcall.1 "$1"
	[ ! -d "$TOP/completions" ] || cp -r "$TOP/completions" "$1"
}

# make, without what an outer make or CI told this one.
make_in() { # FOLDER ARG...
	local folder=$1
	shift
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u WERROR -u CC -u CI \
		make -C "$folder" "$@"
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

@test "make gives a static, stripped binary of at most 64 KiB with musl" {
	requires musl-gcc file
	copy_sources "$RUN_TMP/a"
	run make_in "$RUN_TMP/a" -j2
	assert_status 0
	assert_contains "$output" 'static musl'
	run file "$RUN_TMP/a/lastcall"
	assert_contains "$output" 'statically linked'
	assert_contains "$output" ', stripped'
	assert_at_most "$(stat -c %s "$RUN_TMP/a/lastcall")" 65536
	run "$RUN_TMP/a/lastcall" -- sh -c 'exit 7'
	assert_status 7
}

@test "two builds in two folders are byte-identical" {
	copy_sources "$RUN_TMP/a"
	copy_sources "$RUN_TMP/another/and/deeper"
	make_in "$RUN_TMP/a" -j2
	make_in "$RUN_TMP/another/and/deeper"
	cmp "$RUN_TMP/a/lastcall" "$RUN_TMP/another/and/deeper/lastcall"
}

@test "without musl-gcc it is static glibc, and make says so" {
	requires file
	path_without musl-gcc
	copy_sources "$RUN_TMP/a"
	PATH=$RUN_TMP/bin run make_in "$RUN_TMP/a" -j2
	assert_status 0
	assert_contains "$output" 'static glibc (cc)'
	run file "$RUN_TMP/a/lastcall"
	assert_contains "$output" 'statically linked'
	run "$RUN_TMP/a/lastcall" -- sh -c 'exit 7'
	assert_status 7
}

@test "make installs nothing and calls nothing that would" {
	path_without apt-get
	printf '#!/bin/sh\ntouch "%s"\n' "$RUN_TMP/called" >"$RUN_TMP/bin/apt-get"
	chmod 755 "$RUN_TMP/bin/apt-get"
	copy_sources "$RUN_TMP/a"
	PATH=$RUN_TMP/bin make_in "$RUN_TMP/a" -j2
	run test -e "$RUN_TMP/called"
	assert_status 1
}

@test "make install honours PREFIX and DESTDIR, and uninstall undoes it" {
	copy_sources "$RUN_TMP/a"
	make_in "$RUN_TMP/a" -j2
	make_in "$RUN_TMP/a" install PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"
	cmp "$RUN_TMP/a/lastcall" "$RUN_TMP/root/opt/lc/bin/lastcall"
	assert_equal "$(stat -c %a "$RUN_TMP/root/opt/lc/bin/lastcall")" 755
	cmp "$RUN_TMP/a/lastcall.1" \
		"$RUN_TMP/root/opt/lc/share/man/man1/lastcall.1"

	make_in "$RUN_TMP/a" uninstall PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"
	assert_equal "$(find "$RUN_TMP/root" ! -type d)" ''
}

@test "make install-links puts the other inits' names beside lastcall" {
	local bin=$RUN_TMP/root/opt/lc/bin name
	copy_sources "$RUN_TMP/a"
	make_in "$RUN_TMP/a" -j2
	make_in "$RUN_TMP/a" install-links PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"
	for name in tini tini-static docker-init dumb-init catatonit; do
		assert_equal "$(readlink "$bin/$name")" lastcall
		cmp "$RUN_TMP/a/lastcall" "$bin/$name"
		run "$bin/$name" -- sh -c 'exit 7'
		assert_status 7
	done
	assert_equal "$("$bin/tini" --version)" "tini version 0.19.0"
	# Once more changes nothing.
	make_in "$RUN_TMP/a" install-links PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"

	make_in "$RUN_TMP/a" uninstall PREFIX=/opt/lc DESTDIR="$RUN_TMP/root"
	assert_equal "$(find "$RUN_TMP/root" ! -type d)" ''
}

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

@test "make clean leaves the sources alone" {
	copy_sources "$RUN_TMP/a"
	copy_sources "$RUN_TMP/clean"
	make_in "$RUN_TMP/a" -j2
	make_in "$RUN_TMP/a" clean
	diff -r "$RUN_TMP/a" "$RUN_TMP/clean"
}

@test "git ignores what make leaves, and nothing else" {
	requires git
	[ -e "$TOP/.git" ] || skip "not a checkout"
	git clone -q "$TOP" "$RUN_TMP/a"
	make_in "$RUN_TMP/a" -j2 lastcall fixtures units
	assert_equal "$(git -C "$RUN_TMP/a" status --porcelain)" ''
	make_in "$RUN_TMP/a" clean
	assert_equal "$(git -C "$RUN_TMP/a" status --porcelain --ignored)" ''
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

@test "tests/setup refuses a group that it does not know" {
	run "$TOP/tests/setup" nonsense
	assert_status 1
	assert_contains "$output" nonsense
}
