#!/usr/bin/env bats
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2154
# What a release is made of: binaries for other processors, run under qemu,
# packages, and the image that holds only the binary.

# bats file_tags=check
load helpers
load containers

# Seven compilers' work; the binaries are built once for the file.
TEST_SECONDS=600

setup_file() {
	podman_setup_file
	[ -z "$(lacks cross)" ] || return 0
	export DIST=$BATS_FILE_TMPDIR/dist
	"$TOP/packaging/dist" "$DIST"
	VERSION=$("$TOP/packaging/version")
	export VERSION
}

teardown_file() {
	podman_teardown_file
}

# The emulator for an architecture; the processors are Debian's names.
qemu() { # ARCH
	case $1 in
	amd64) echo qemu-x86_64 ;;
	arm64) echo qemu-aarch64 ;;
	armhf) echo qemu-arm ;;
	ppc64el) echo qemu-ppc64le ;;
	*) echo "qemu-$1" ;;
	esac
}

# The binary of an architecture under its emulator, which hands on to the
# kernel what lastcall asks of it; what lastcall starts is this machine's.
use() { # ARCH
	requires cross
	BINARY=$DIST/lastcall-$VERSION-linux-$1
	RUN=("$(qemu "$1")" "$BINARY")
}

assert_behaves() { # ARCH
	use "$1"
	assert_contains "$(file -b "$BINARY")" "statically linked"
	assert_exit_codes
	assert_waits
	requires root pidns
	assert_orderly_shutdown
}

assert_exit_codes() {
	assert_equal "$("${RUN[@]}" --version)" "lastcall $VERSION"
	run "${RUN[@]}" -- sh -c 'exit 3'
	assert_status 3
	run "${RUN[@]}" -e 3 -- sh -c 'exit 3'
	assert_status 0
	run "${RUN[@]}" -- sh -c 'kill -SEGV $$'
	assert_status 139
	run -127 "${RUN[@]}" -- /nothing/there
	run "${RUN[@]}" --grace soon -- true
	assert_status 125
	assert_contains "$output" "'soon'"
}

# A wait is as long as it says: a timespec of the wrong width would not be.
assert_waits() {
	start_command "${RUN[@]}" --delay 700ms -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_at_least "$(elapsed)" 700
	assert_contains "$(<"$LOG")" "signal=TERM sender=$BASHPID sender_uid=0"
}

# PID 1 reaps what is orphaned to it, forwards every kind of signal, says who
# sent them, shows its phase, and ends a stop request in order.
assert_orderly_shutdown() {
	start_pid1_command "${RUN[@]}" --delay 2s --stop TERM/200ms/USR1/10s \
		--post-stop 'sh -c "echo post=$LASTCALL_EXIT_CODE"' -w -- \
		sh -c '"$1/stray" sleep 300; "$1/stray" true; exec "$1/sigprint" -x 10 -c 4' \
		sh "$FIXTURES"
	wait_out READY
	enter_pidns "${RUN[@]}" --probe ready
	wait_log "event=reaped"
	kill -64 "$PID"
	wait_out "RTMIN+30 64"
	kill -TERM "$PID"
	wait_log "event=drain-started signal=TERM"
	run enter_pidns "${RUN[@]}" --probe ready
	assert_status 1
	assert_contains "$output" "not ready: phase drain"
	wait_exit
	assert_equal "$STATUS" 4
	assert_order "$LOG" "event=drain-finished why=done" \
		"event=stop-signal signal=TERM" \
		"event=stop-signal signal=USR1" "event=child-exited" \
		"event=sweep-finished swept=1" "post=4" \
		"event=exited code=4 forced=false"
}

@test "the amd64 binary behaves" { assert_behaves amd64; }
@test "the arm64 binary behaves" { assert_behaves arm64; }
@test "the armhf binary behaves" { assert_behaves armhf; }
@test "the i386 binary behaves" { assert_behaves i386; }
@test "the ppc64el binary behaves" { assert_behaves ppc64el; }
@test "the riscv64 binary behaves" { assert_behaves riscv64; }
@test "the s390x binary behaves" { assert_behaves s390x; }

@test "a 32-bit binary asks the kernel about connections, without emulation" {
	use i386
	"$BINARY" --version || skip "no 32-bit programs on this machine"
	local port
	start_command "$BINARY" --grace 2s --drain auto/100ms -- python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
c, _ = s.accept()
c.recv(1)
print("received", flush=True)
time.sleep(60)'
	wait_for '[ -s "$OUT" ]'
	port=$(<"$OUT")
	exec 7<>"/dev/tcp/127.0.0.1/$port"
	printf x >&7
	wait_out received
	stop_and_wait
	exec 7>&-
	assert_contains "$(<"$LOG")" "connections=1 in_flight=1"
	assert_contains "$(<"$LOG")" "drain-finished why=limit"
	assert_not_contains "$(<"$LOG")" sock_diag
}

# A kernel with pages of SIZE bytes maps each part of the file (a LOAD of its
# program headers) only where its place in the file and in memory lie equally
# far into a page.
assert_fits_pages() { # FILE SIZE
	local type offset address rest
	while read -r type offset address rest; do
		assert_equal "$(((address - offset) % $2))" 0 || return 1
	done < <(readelf -lW "$1" | grep -E '^ +LOAD')
}

@test "each binary can be loaded with every page size of its processor" {
	requires cross
	local arch
	for arch in arm64 armhf ppc64el; do
		assert_fits_pages "$DIST/lastcall-$VERSION-linux-$arch" 65536 ||
			fail "$arch"
	done
	for arch in amd64 i386 riscv64 s390x; do
		assert_fits_pages "$DIST/lastcall-$VERSION-linux-$arch" 4096 ||
			fail "$arch"
	done
}

@test "building again gives the same bytes" {
	requires cross
	mkdir "$RUN_TMP/elsewhere"
	cp -R "$TOP"/*.c "$TOP"/*.h "$TOP/src" "$TOP/Makefile" "$TOP/packaging" \
		"$RUN_TMP/elsewhere"
	# One of this machine's kind, one of another, one with glibc.
	ARCHES="amd64 armhf riscv64" CROSS=$TOP/build/cross \
		"$RUN_TMP/elsewhere/packaging/dist" "$RUN_TMP/second"
	cd "$RUN_TMP/second"
	sha256sum --quiet -c SHA256SUMS
	assert_equal "$(wc -l <SHA256SUMS)" 3
	assert_equal "$(wc -l <"$DIST/SHA256SUMS")" 7
	assert_equal "$(grep -cxFf SHA256SUMS "$DIST/SHA256SUMS")" 3
}

# The files of a release, in $RUN_TMP/dist, without the packages.
release() {
	cp -R "$DIST" "$RUN_TMP/dist"
	"$TOP/packaging/oci" "$RUN_TMP/dist"
	"$TOP/packaging/sbom" "$RUN_TMP/dist"
	"$TOP/packaging/sums" "$RUN_TMP/dist"
}

@test "SHA256SUMS covers every file of a release" {
	requires cross
	release
	cd "$RUN_TMP/dist"
	sha256sum --quiet -c SHA256SUMS
	assert_equal "$(sed 's/^[^ ]*  //' SHA256SUMS)" \
		"$(find . -type f ! -name SHA256SUMS | sed 's|^\./||' |
			LC_ALL=C sort)"
	grep -q ' oci/index.json$' SHA256SUMS
	# Once more gives the same.
	cp SHA256SUMS "$RUN_TMP/first"
	"$TOP/packaging/sums" .
	cmp SHA256SUMS "$RUN_TMP/first"
}

@test "the SBOM lists each binary with the libraries that are linked into it" {
	requires cross jq
	release
	local bom=$RUN_TMP/dist/lastcall-$VERSION.spdx.json name
	assert_equal "$(jq -r '.spdxVersion, .dataLicense' "$bom")" \
		$'SPDX-2.3\nCC0-1.0'
	for name in "$RUN_TMP"/dist/lastcall-*-linux-*; do
		name=${name##*/}
		assert_equal "$(jq -r --arg n "./$name" '.files[] |
			select(.fileName == $n) | .checksums[] |
			select(.algorithm == "SHA256") | .checksumValue' "$bom")" \
			"$(sha256sum <"$RUN_TMP/dist/$name" | cut -d' ' -f1)" ||
			return 1
		assert_match "$(jq -r --arg n "SPDXRef-$name" '.relationships[] |
			select(.spdxElementId == $n and
				.relationshipType == "STATIC_LINK") |
			.relatedSpdxElement' "$bom" | paste -sd' ')" \
			'^SPDXRef-(musl|glibc)-[0-9].* SPDXRef-libgcc-[0-9]' ||
			return 1
	done
	# Whatever a relationship names is there.
	assert_equal "$(jq -r '([.packages[].SPDXID, .files[].SPDXID,
		"SPDXRef-DOCUMENT"]) as $known | .relationships[] |
		.spdxElementId, .relatedSpdxElement |
		select(IN($known[]) | not)' "$bom")" ''
	assert_equal "$(jq '[.packages[], .files[] | .SPDXID] |
		length == (unique | length)' "$bom")" true
	cp "$bom" "$RUN_TMP/first"
	"$TOP/packaging/sbom" "$RUN_TMP/dist"
	cmp "$bom" "$RUN_TMP/first"
}

# The blocks of commands below a heading of the page on packages.
blocks_below() { # HEADING NUMBER
	awk -v heading="## $1" -v number="$2" '
		/^## / { on = $0 == heading }
		on && /^```sh/ { inside = 1; count++; next }
		/^```/ { inside = 0 }
		inside && count == number' "$TOP/docs/packages.md"
}

@test "the page's commands sign a release, and find what has been changed" {
	requires cross ssh-keygen
	release
	local heading='Signing a release, and checking one'
	mkdir -p "$RUN_TMP/home/.ssh" "$RUN_TMP/build" "$RUN_TMP/down"
	mv "$RUN_TMP/dist" "$RUN_TMP/build/"
	ssh-keygen -q -t ed25519 -N '' -f "$RUN_TMP/home/.ssh/id_ed25519"
	blocks_below "$heading" 1 >"$RUN_TMP/sign"
	blocks_below "$heading" 2 >"$RUN_TMP/check"
	grep -q 'Y sign' "$RUN_TMP/sign"
	cd "$RUN_TMP"
	HOME=$RUN_TMP/home bash -eu sign
	cp build/dist/SHA256SUMS* build/dist/*-arm64 down
	echo "releases@example.org namespaces=\"lastcall\" $(
		cat home/.ssh/id_ed25519.pub)" >down/signers
	cd down
	run bash -eu ../check
	assert_status 0
	assert_contains "$output" "Good \"lastcall\" signature"
	assert_contains "$output" "arm64: OK"
	printf x >>"lastcall-$VERSION-linux-arm64"
	run bash -eu ../check
	assert_status 1
	sha256sum ./*-arm64 >>SHA256SUMS
	run bash -eu ../check
	assert_status 255
	assert_contains "$output" "incorrect signature"
}

@test "the README has the size of each processor's binary" {
	requires cross
	local arch bytes
	for arch in amd64 arm64 armhf i386 ppc64el riscv64 s390x; do
		bytes=$(sed -nE "s/^\| \`$arch\` \|.* ([0-9,]+) \|\$/\1/p" \
			"$TOP/README.md" | tr -d ,)
		[ -n "$bytes" ] || fail "not in the README: $arch" || return 1
		bytes=$((bytes - $(stat -c %s \
			"$DIST/lastcall-$VERSION-linux-$arch")))
		assert_at_most "${bytes#-}" 4096 || fail "$arch" || return 1
	done
}

@test "the image is FROM scratch, holds only the binary, and runs" {
	requires cross skopeo
	local image layer
	"$TOP/packaging/oci" "$DIST" "$RUN_TMP/oci"
	for arch in amd64 arm64 arm 386 ppc64le riscv64 s390x; do
		image=$(skopeo inspect --override-arch "$arch" \
			"oci:$RUN_TMP/oci:$VERSION")
		assert_contains "$image" "\"Architecture\": \"$arch\"" ||
			return 1
	done
	skopeo copy -q --override-arch amd64 "oci:$RUN_TMP/oci:$VERSION" \
		"dir:$RUN_TMP/image"
	layer=$(sed -n 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/p' \
		"$RUN_TMP/image/manifest.json" | tail -1)
	assert_equal "$(tar -tzf "$RUN_TMP/image/$layer")" lastcall
	tar -xzf "$RUN_TMP/image/$layer" -C "$RUN_TMP"
	cmp "$RUN_TMP/lastcall" "$DIST/lastcall-$VERSION-linux-amd64"
	# And the same again is the same.
	"$TOP/packaging/oci" "$DIST" "$RUN_TMP/again"
	diff -r "$RUN_TMP/oci" "$RUN_TMP/again"
}

@test "a Dockerfile takes the binary out of the image" {
	requires root cross podman runc skopeo
	"$TOP/packaging/oci" "$DIST" "$RUN_TMP/oci"
	skopeo copy -q "oci:$RUN_TMP/oci:$VERSION" \
		"docker-archive:$RUN_TMP/image.tar:localhost/lastcall:1"
	in_podman load -q -i "$RUN_TMP/image.tar" >/dev/null
	printf '%s\n' 'FROM scratch' \
		"COPY --from=localhost/lastcall:1 /lastcall /lastcall" \
		'ENTRYPOINT ["/lastcall", "--version"]' |
		in_podman build --network none --pull=never -t localhost/mine - \
			>"$RUN_TMP/build" 2>&1 || fail "$(<"$RUN_TMP/build")"
	run in_podman run --rm localhost/mine
	assert_equal "$output" "lastcall $VERSION"
}

@test "a Dockerfile takes the file that BuildKit's TARGETARCH names" {
	requires root cross podman runc
	{
		echo 'FROM scratch'
		sed -n '/^ARG TARGETARCH/,/^```/p' "$TOP/docs/images.md" |
			sed "/^\`/d; s/lastcall-[0-9.]*-linux/lastcall-$VERSION-linux/"
		echo 'ENTRYPOINT ["/lastcall", "--version"]'
	} >"$RUN_TMP/Dockerfile"
	grep -q TARGETARCH "$RUN_TMP/Dockerfile"
	in_podman build --network none --pull=never -t localhost/target \
		-f "$RUN_TMP/Dockerfile" "$DIST" >"$RUN_TMP/build" 2>&1 ||
		fail "$(<"$RUN_TMP/build")"
	run in_podman run --rm localhost/target
	assert_equal "$output" "lastcall $VERSION"
}

@test "make dist builds all that the page on packages lists" {
	local called
	called=$(make -s -n -C "$TOP" SETUP=true dist)
	for script in dist oci deb apk sbom sums; do
		grep -qx "packaging/$script" <<<"$called" ||
			fail "not called: $script" || return 1
	done
	for arch in $(sed -n 's/^for arch in ${ARCHES:-\(.*\)}; do/\1/p' \
		"$TOP/packaging/dist"); do
		grep -q "\`$arch\`" "$TOP/docs/packages.md" ||
			fail "not in the page: $arch" || return 1
	done
}

@test "the Debian package is clean, and installs the program and its manual" {
	requires cross lintian
	local list
	"$TOP/packaging/deb" "$RUN_TMP"
	run lintian --allow-root --display-info --pedantic "$RUN_TMP"/*.deb
	assert_equal "$output" ""
	assert_status 0
	list=$(dpkg-deb -c "$RUN_TMP"/*.deb)
	assert_contains "$list" ./usr/bin/lastcall
	assert_contains "$list" ./usr/share/man/man1/lastcall.1.gz
	assert_contains "$list" ./usr/share/zsh/vendor-completions/_lastcall
	dpkg-deb -x "$RUN_TMP"/*.deb "$RUN_TMP/root"
	assert_equal "$("$RUN_TMP/root/usr/bin/lastcall" --version)" \
		"lastcall $VERSION"
	assert_equal "$(dpkg-deb -f "$RUN_TMP"/*.deb Version)" "$VERSION"
}

# abuild is Alpine's alone; this does what it does with the file.
@test "the APKBUILD builds, checks and packages what the archive holds" {
	requires cross git
	"$TOP/packaging/apk" "$RUN_TMP"
	shellcheck -s sh -e SC2034,SC2154 "$RUN_TMP/APKBUILD" ||
		[ -z "$(command -v shellcheck)" ]
	cd "$RUN_TMP"
	sh -eu -c '
		. ./APKBUILD
		[ "$pkgver" = "$1" ]
		echo "$sha512sums" | sed -n "s/^ *//; /./p" |
			sha512sum --quiet -c
		tar -xzf "$source"
		cd "lastcall-$pkgver"
		pkgdir=$2/pkg
		build && check && package' sh "$VERSION" "$RUN_TMP" \
		>"$RUN_TMP/build.log" 2>&1 || fail "$(cat "$RUN_TMP/build.log")"
	assert_equal "$(pkg/usr/bin/lastcall --version)" "lastcall $VERSION"
}

@test "the version stands in one place" {
	local version found
	version=$("$TOP/packaging/version")
	assert_match "$version" '^[0-9]+\.[0-9]+\.[0-9]+$'
	assert_equal "$("$LASTCALL" --version)" "lastcall $version"
	# (The image layout's own version is another matter.)
	found=$(cd "$TOP" && grep -HF -d skip "$version" ./*.c ./*.h src/*/* Makefile \
		packaging/* packaging/*/* | grep -v imageLayoutVersion)
	assert_equal "$found" "src/lib/version.h:#define VERSION \"$version\""
	grep -q "^## $version " "$TOP/CHANGELOG.md"
}
