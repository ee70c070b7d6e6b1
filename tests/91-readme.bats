#!/usr/bin/env bats
# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# The README and docs/ are true: every block of commands runs, every file of
# a platform agrees with --plan, every link leads somewhere.
#
# The words behind a block's fence say how it is checked:
#   sh           run, in a folder of its own; a text block that follows
#                directly is what it prints, but for numbers in events
#   sh docker    run with podman in Docker's place, with dockerfile's image
#   sh make      its targets are in the Makefile
#   sh elsewhere needs a cluster or a service: parsed by bash only
#   dockerfile   built before the next docker block
#   yaml, json, toml, ini, hcl   its deadlines are checked with --plan
#   text         not checked on its own

load helpers

TEST_SECONDS=240

documents() {
	find "$TOP/README.md" "$TOP/CONTRIBUTING.md" "$TOP/docs" \
		"$TOP/examples" "$TOP/tests/README.md" -name '*.md' 2>/dev/null | sort
}

# The blocks of a document, as files in $BLOCKS.
blocks_of() { # DOCUMENT
	BLOCKS=$RUN_TMP/blocks
	rm -rf "$BLOCKS"
	mkdir -p "$BLOCKS"
	awk -v folder="$BLOCKS" -f "$TOP/tests/documents/blocks.awk" "$1"
	shopt -s nullglob
}

# Pids and times differ from run to run, and a phase that took less than a
# millisecond is left out.
without_numbers() {
	sed -E '/^lastcall: event=/ {
		s/ (drain|stop|sweep|kill|post)_ms=[0-9]+//g
		s/(sender|sender_uid|pid|[a-z_]+_ms)=[0-9]+/\1=N/g
	}'
}

run_block() { # FILE
	mkdir -p "$RUN_TMP/here"
	(
		cd "$RUN_TMP/here" || exit 1
		PATH="$RUN_TMP/bin:$PATH" timeout 60 \
			bash -euo pipefail "$1" >"$OUT" 2>&1 3>&- </dev/null
	) || fail "this block failed:" "$(cat "$1")" "$(cat "$OUT")"
}

# bats test_tags=check
@test "every block of commands runs and prints what stands below it" {
	local document block ran=0
	mkdir "$RUN_TMP/bin"
	ln -s "$LASTCALL" "$RUN_TMP/bin/lastcall"
	for document in $(documents); do
		blocks_of "$document"
		for block in "$BLOCKS"/*.sh; do
			run_block "$block" ||
				fail "in $document" || return 1
			ran=$((ran + 1))
			[ -e "${block%.sh}.expected" ] || continue
			# What a hook says and the log's writer write at once
			# comes in either order.
			diff -u <(without_numbers <"${block%.sh}.expected" | sort) \
				<(without_numbers <"$OUT" | sort) ||
				fail "in $document" || return 1
		done
	done
	assert_at_least "$ran" 2
}

@test "every block is of a kind that is checked" {
	local document block
	for document in $(documents); do
		blocks_of "$document"
		for block in "$BLOCKS"/*; do
			case ${block##*.} in
			sh | sh-docker | sh-make | dockerfile | expected) ;;
			yaml | json | toml | ini | hcl | text | c) ;;
			sh-elsewhere)
				bash -n "$block" || fail "in $document" ||
					return 1
				;;
			*) fail "unknown: $block in $document" || return 1 ;;
			esac
		done
	done
}

@test "the targets of make that the documents name are there" {
	local document target targets
	for document in $(documents); do
		blocks_of "$document"
		targets+=" $(cat /dev/null "$BLOCKS"/*.sh-make |
			sed -n 's/#.*//; s/^make *//p')"
	done
	assert_contains "$targets" demo
	for target in $(tr ' ' '\n' <<<"$targets" | grep -v = | sort -u); do
		make -C "$TOP" -n "$target" SETUP=true >/dev/null ||
			fail "make $target" || return 1
	done
}

# bats test_tags=check
@test "the Dockerfile of the README builds, runs and stops" {
	requires root podman busybox runc
	local block
	podman_setup
	blocks_of "$TOP/README.md"
	mkdir -p "$RUN_TMP/bin" "$RUN_TMP/here"
	printf '#!/bin/sh\nexec podman "$@"\n' >"$RUN_TMP/bin/docker"
	chmod +x "$RUN_TMP/bin/docker"
	for block in "$BLOCKS"/*.dockerfile; do
		cp "$block" "$RUN_TMP/here/Dockerfile"
	done
	cp "$LASTCALL" "$RUN_TMP/here/"
	for block in "$BLOCKS"/*.sh-docker; do
		run_block "$block"
	done
	cat "$OUT"
	assert_order "$OUT" event=stop-requested "event=stop-signal signal=TERM" \
		"event=exited code=143 forced=false"
}

# podman as tests can have it: images made here, nothing pulled, no network.
podman_setup() {
	export CONTAINERS_CONF=$RUN_TMP/containers.conf
	export CONTAINERS_STORAGE_CONF=$RUN_TMP/storage.conf
	cat >"$CONTAINERS_CONF" <<-'END'
		[containers]
		default_ulimits = ["nofile=1024:1024","nproc=4096:4096"]
		netns = "none"
		log_driver = "k8s-file"
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
	cat >"$CONTAINERS_STORAGE_CONF" <<-END
		[storage]
		driver = "vfs"
		graphroot = "$RUN_TMP/graph"
		runroot = "$RUN_TMP/run"
	END
	mkdir -p "$RUN_TMP/rootfs/bin"
	cp "$(type -P busybox)" "$RUN_TMP/rootfs/bin/busybox"
	ln -s busybox "$RUN_TMP/rootfs/bin/sleep"
	ln -s busybox "$RUN_TMP/rootfs/bin/sh"
	tar -C "$RUN_TMP/rootfs" -c . |
		podman import -q - localhost/debian:bookworm-slim >/dev/null
}

# bats test_tags=check
@test "the platforms' files in the documents agree with --plan" {
	requires python3-yaml
	local document block
	for document in $(documents); do
		blocks_of "$document"
		for block in "$BLOCKS"/*.{yaml,json,toml,ini,hcl}; do
			/usr/bin/python3 "$TOP/tests/documents/platforms.py" \
				"$LASTCALL" "$block" ||
				fail "in $document" || return 1
		done
	done
}

@test "the documents' lines end before column 80, where they can" {
	local document
	for document in $(documents); do
		# But for tables, code, and what has no blank to break at.
		run awk '/^ *```/ { inside = !inside }
			inside || /^\|/ || /^    / || /^ *(- |`[^`]*`)?[^ ]*$/ { next }
			length() > 80 { print FILENAME ": " $0 }' "$document"
		assert_equal "$output" "" || return 1
	done
}

# The names that a document's headings have as the ends of links.
anchors() { # DOCUMENT
	sed -n 's/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9\n_-'
}

@test "every link in the documents leads somewhere" {
	local document link file
	local -A anchors
	for document in $(documents); do
		for link in $(grep -oE '\]\([^)]+\)' "$document" |
			sed 's/^](//; s/)$//' | grep -v '^http'); do
			file=${document%/*}/${link%%#*}
			[ -n "${link%%#*}" ] || file=$document
			[ -e "$file" ] ||
				fail "$document: $link" || return 1
			[[ $link == *#* ]] || continue
			[ -n "${anchors[$file]:-}" ] ||
				anchors[$file]=$'\n'$(anchors "$file")$'\n'
			[[ ${anchors[$file]} == *$'\n'"${link#*#}"$'\n'* ]] ||
				fail "$document: $link" || return 1
		done
	done
}

@test "every source file that the documents name is there" {
	local document name
	for document in "$TOP/CONTRIBUTING.md" "$TOP/docs/design.md"; do
		for name in $(grep -oE '`[a-z_0-9/.-]+\.(c|h|bash|bats|1)`' \
			"$document" | tr -d '`'); do
			[ -e "$TOP/$name" ] ||
				compgen -G "$TOP/src/*/$name" >"$RUN_TMP/name" ||
				fail "$document: $name" || return 1
		done
	done
}

# C without its comments.
code() {
	cc -fpreprocessed -E -P -
}

@test "the loop in design.md is the one in init.c" {
	blocks_of "$TOP/docs/design.md"
	assert_contains "$(<"$BLOCKS/01.c")" "for (;;)"
	diff -u <(code <"$BLOCKS/01.c") \
		<(sed -n '/^static void run_loop(/,/^}/p' "$TOP/init.c" | code)
}

@test "every source file and folder of tests is in the documents" {
	local name
	for name in "$TOP"/*.c "$TOP"/src/*/*.c; do
		grep -qF "\`${name##*/}\`" "$TOP/docs/design.md" ||
			fail "not in design.md: $name" || return 1
	done
	for name in "$TOP"/tests/*/; do
		[[ $name != */__pycache__/ ]] || continue
		grep -qF "$(basename "$name")/" "$TOP/tests/README.md" ||
			fail "not in tests/README.md: $name" || return 1
	done
}

@test "every option that the documents name is in --help" {
	local document word help
	# Other programs'.
	local others=(--all --init --init-path --stop-timeout --name --time --rm
		--previous --entrypoint --from --port --queue --restart --shell --pid --env
		--graceful-timeout --master --target --cap-add --security-opt
		--format --kill-whom --version --network --publish --rolls --sig-proxy
		--inits --servers --ulimit
		--rewrite --single-child --verbose --reuid --regid --init-groups
		--chmod --mount --no-treekill --scope --service-type
		--grace-period --force --ignore-missing --fork
		--check)
	help=$("$LASTCALL" --help)
	for document in $(documents); do
		for word in $(grep -oE '(^|[^a-z-])--[a-z][a-z-]+' "$document" |
			grep -oE -e '--[a-z-]+' | sort -u); do
			case " ${others[*]} " in *" $word "*) continue ;; esac
			[[ "$help " =~ ${word}[^a-z-] ]] ||
				fail "$document: $word" || return 1
		done
	done
}

@test "the picture is what its script draws" {
	requires python3
	"$TOP/docs/timeline.py" >"$RUN_TMP/timeline.svg"
	cmp "$RUN_TMP/timeline.svg" "$TOP/docs/timeline.svg"
}

# Contrast as WCAG 2 counts it: 4.5 is what words need.
@test "the picture's words can be read, in the light and in the dark" {
	requires python3
	python3 - "$TOP/docs/timeline.py" <<-'END'
		import contextlib, io, runpy, sys
		with contextlib.redirect_stdout(io.StringIO()):
		    colors = runpy.run_path(sys.argv[1])["COLORS"]
		def light(color):
		    parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
		    r, g, b = [p / 12.92 if p <= 0.04045 else
		               ((p + 0.055) / 1.055) ** 2.4 for p in parts]
		    return 0.2126 * r + 0.7152 * g + 0.0722 * b
		def contrast(a, b):
		    a, b = sorted((light(a), light(b)))
		    return (b + 0.05) / (a + 0.05)
		for mode in 0, 1:
		    of = {name: both[mode] for name, both in colors.items()}
		    pairs = [(of[word], of["page"]) for word in
		             ("ink", "grey", "kill")]
		    pairs += [(of[word], of["rest"]) for word in ("ink", "grey")]
		    pairs += [("#ffffff", of[bar]) for bar in
		              ("sends", "asks", "runs", "last")]
		    for word, ground in pairs:
		        assert contrast(word, ground) >= 4.5, (word, ground)
	END
}

# NAME SECONDS VARIABLE of each row of platform.c.
platforms() {
	tr -s '\n\t ' ' ' <"$TOP/src/options/platform.c" |
		grep -oE '"[A-Za-z0-9_]+=[a-z]*", \{ "[^"]+", [0-9]+ \* NS_PER_S' |
		sed -E 's/"([^"]+)", \{ "([^"]+)", ([0-9]+).*/\2;\3;\1/'
	echo 'Docker;10;container=podman'
}

# The row of a platform, alone or among others, in a table of a document.
row_of() { # PLATFORM DOCUMENT
	awk -F '|' -v name="$1" '{
		cell = $2
		gsub(/\([^)]*\)|[][]/, "", cell)
		gsub(/^ +| +$/, "", cell)
		if (index(", " cell ", ", ", " name ", "))
			print
	}' "$TOP/docs/$2"
}

@test "the periods in the documents are those that platform.c knows" {
	local name seconds variable count=0
	while IFS=';' read -r name seconds variable; do
		assert_match "$(row_of "$name" shutdown.md)" \
			"\| ${seconds}s[^|]*\|$" || return 1
		assert_match "$(row_of "$name" choosing.md)" \
			"^\|[^|]*\| ${seconds}s \|" || return 1
		count=$((count + 1))
	done < <(platforms)
	assert_at_least "$count" 9
}

@test "what to say on each platform plans without a warning" {
	local name seconds variable say
	while IFS=';' read -r name seconds variable; do
		say=$(row_of "$name" choosing.md |
			sed -E 's/.*\| `(--[^`]*)`[^|]*\|$/\1/')
		assert_contains "$say" --platform-grace
		[[ $variable != *= ]] || variable+=1
		# shellcheck disable=SC2086 # options
		run env -i "$variable" "$LASTCALL" --plan $say -- web
		assert_status 0
		assert_not_contains "$output" Warning || return 1
	done < <(platforms)
}

# The events and keys that a document names in passing, as in
# `drain-finished why=limit`; whole lines are compared with what runs.
@test "every event and key that the documents name is in the manual" {
	local document span event word count=0
	for document in $(documents); do
		while read -r span; do
			event=${span%% *}
			entry=$(sed -n '/^\.Sh EVENTS/,/^\.Sh DROP/p' \
				"$TOP/lastcall.1" |
				sed -n "/^\.It Sy $event\$/,/^\.It/p")
			[ -n "$entry" ] || fail "$document: $span" || return 1
			for word in $(grep -oE ' [a-z_]+=' <<<"$span"); do
				grep -qw "${word%=}" <<<"$entry" ||
					fail "$document: $span" || return 1
			done
			count=$((count + 1))
		done < <(spans "$document" |
			grep -E '^[a-z]+(-[a-z]+)*( [a-z_]+=[^ ]+)+$')
	done
	assert_at_least "$count" 5
}

# A request of half a minute, and its log as docs/troubleshooting.md has it.
@test "the log of a request that is cut off is the one that the page shows" {
	requires python3
	local port
	python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])' >"$RUN_TMP/port"
	port=$(<"$RUN_TMP/port")
	start --grace 4s --delay 500ms --drain "$port" -- \
		python3 -c '
import http.server, sys, time
class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("REQUEST", flush=True)
        time.sleep(30)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Slow).serve_forever()' \
		"$port"
	wait_for "(: >/dev/tcp/127.0.0.1/$port) 2>/dev/null"
	exec 7<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET / HTTP/1.0\r\n\r\n' >&7
	wait_out REQUEST
	stop_and_wait
	exec 7>&-
	diff -u <(sed -n '/--drain 8099/,/Give the/s/^  \(lastcall: .*\)/\1/p' \
		"$TOP/docs/troubleshooting.md" | without_numbers) \
		<(grep event= "$LOG" | without_numbers)
}

# bats test_tags=check
@test "the table of inits is what trying them shows" {
	requires root pidns python3 tini dumb-init catatonit
	local line
	LASTCALL_BINARY=$LASTCALL "$TOP/tests/compare" >"$OUT" 3>&-
	assert_equal "$(wc -l <"$OUT")" 10
	while read -r line; do
		assert_contains "$(<"$TOP/README.md")" "$line" || return 1
	done <"$OUT"
}

@test "the measured table has rows that the bench prints" {
	local label count=0
	while read -r label; do
		grep -qF "\"$label\"" <(sed 's/%d s idle/10 s idle/; s/"  /"/' \
			"$TOP/tests/bench/bench.c") ||
			fail "not in the bench: $label" || return 1
		count=$((count + 1))
	done < <(sed -n '/^### Size and speed/,/^The size of/s/^| \([^|]*[^ |]\) |.*/\1/p' \
		"$TOP/README.md")
	assert_at_least "$count" 6
}

# "OPTIONS -- PROGRAM" of every line of the README's recipes.
recipes_told() {
	sed -n '/^## Recipes/,/^## Exit/p' "$TOP/README.md" |
		grep -oE '`lastcall [^`]*`' | tr -d '`' |
		sed -E 's/^lastcall //; s/-- ([^ ]+).*/-- \1/'
}

# The same of what tests/apps runs.
recipes_run() {
	sed -e ':a' -e '/\\$/N; s/ *\\\n[[:space:]]*/ /; ta' \
		"$TOP/tests/apps/apps.bats" |
		sed -nE 's/^\tstart_app (.*)/\1/p' | grep -vF '$1/' |
		sed -E 's/"\$port"/PORT/; s/"\$fpm"/php-fpm/
			s/"\$\{as_postgres\[@\]\}"/postgres/
			s/-- ([^ ]+).*/-- \1/'
}

@test "the recipes are what the real programs are tested with" {
	assert_at_least "$(recipes_told | wc -l)" 13
	assert_equal "$(recipes_told | sort -u)" "$(recipes_run | sort -u)"
}

# Inline code, one a line; what stands in a block is checked otherwise.
spans() { # DOCUMENT
	awk '/^ *```/ { inside = !inside; next } !inside' "$1" | tr '\n' ' ' |
		grep -oE '`[^`]+`' | tr -d '`'
}

@test "every setting that the documents name is one that lastcall takes" {
	local document span count=0
	for document in $(documents); do
		while read -r span; do
			case $span in
			*--init* | *--stop-timeout* | *--graceful* | *--sig* | \
				*--name*) continue ;;
			'lastcall '*' -- '*) span=${span#lastcall } ;;
			--plan* | --probe* | --help*) continue ;;
			--[a-z]*' '*) ;;
			*) continue ;;
			esac
			count=$((count + 1))
			eval "set -- ${span//PORT/8080}"
			case $span in *' -- '*) ;; *) set -- "$@" -- web ;; esac
			run "$LASTCALL" --plan --platform-grace 10m "$@"
			assert_at_most "$status" 1 || fail "$document: $span" || return 1
		done < <(spans "$document")
	done
	assert_at_least "$count" 50
}
