# 90-docs.bats - the manual, --help and the sources say the same.

load helpers

# The manual as a person reads it, without overstriking.
manual() {
	[ -e "$RUN_TMP/manual" ] ||
		mandoc -T utf8 -O width=78 "$TOP/lastcall.1" | col -b |
		expand >"$RUN_TMP/manual"
	cat "$RUN_TMP/manual"
}

# "--grace D" and so on: the options as --help lists them.
help_options() {
	"$LASTCALL" --help |
		sed -nE '/^  ( {4}-|-)/ { s/^ +//; s/ {2,}.*//; s/ $//; p; }'
}

# The same of the manual, from the tags of its lists.
manual_options() {
	manual | sed -n '/^OPTIONS/,/^VALUES/p' |
		sed -nE '/^     -/ { s/^ +//; s/ {2,}.*//; s/ \| /|/g; p; }'
}

# "--grace the platform's period": an option's default as --help has it, up
# to the first comma or semicolon.
help_defaults() {
	"$LASTCALL" --help | awk '
		/^  (    -|-)/ { flush(); name = ""
			for (i = 1; i <= NF && name == ""; i++)
				if ($i ~ /^--/) name = $i
			text = ""; }
		/^$/ { flush(); name = "" }
		{ sub(/^ +/, ""); text = text " " $0 }
		END { flush() }
		function flush() {
			if (name != "" && match(text, /\(default: [^)]*\)/)) {
				value = substr(text, RSTART + 10, RLENGTH - 11)
				sub(/(, |; | if ).*/, "", value)
				print name " " value
			} else if (name != "" && match(text, /[a-z]+ \(the default\)/)) {
				value = substr(text, RSTART, RLENGTH)
				sub(/ .*/, "", value)
				print name " " value
			}
		}'
}

# What the manual says of one option, on one line.
manual_entry() { # NAME
	manual | sed -n '/^OPTIONS/,/^VALUES/p' | awk -v name="$1" '
		/^     -/ { on = 0
			for (i = 1; i <= NF; i++) if ($i == name) on = 1 }
		on { sub(/^ +/, ""); printf "%s ", $0 }'
}

@test "the manual is mdoc without a complaint" {
	requires mandoc
	run mandoc -T lint -W style "$TOP/lastcall.1"
	# Whether other pages are installed is the machine's matter.
	assert_equal "$(grep -v 'mandoc.db\|referenced manual not found' \
		<<<"$output")" ""
}

@test "every option stands in --help and in the manual, with its value" {
	requires mandoc
	assert_at_least "$(help_options | wc -l)" 25
	assert_equal "$(manual_options | sort)" "$(help_options | sort)"
}

@test "the manual has the default that --help has for every option" {
	requires mandoc
	local name value defaults
	defaults=$(help_defaults)
	assert_at_least "$(wc -l <<<"$defaults")" 12
	while read -r name value; do
		assert_match "$(manual_entry "$name")" \
			"default( of [A-Z]+)? is ${value//./\\.}" || return 1
	done <<<"$defaults"
	# And none that --help does not have.
	for name in $(manual_options | grep -o -e '--[a-z-]*'); do
		[[ $(manual_entry "$name") != *"The default"* ||
			$'\n'"$defaults" == *$'\n'"$name "* ]] ||
			fail "a default of the manual only: $name" || return 1
	done
}

# What .editorconfig asks of every file; clang-format looks after C.
@test "no line ends in blanks, and every file ends in a newline" {
	requires git
	[ -e "$TOP/.git" ] || skip "not a checkout"
	cd "$TOP"
	local files
	mapfile -t files < <(git ls-files |
		grep -vE '^tests/(golden|fuzz/corpus)/')
	run grep -nIE '[[:blank:]]$' "${files[@]}"
	assert_equal "$output" ""
	# The last byte of each, in one go.
	assert_equal "$(tail -qc 1 "${files[@]}" | tr -d '\n')" ""
}

@test "every event that the sources log is in the manual, and no other" {
	local logged documented
	logged=$(cat "$TOP"/*.c "$TOP"/src/*/*.c | tr -d '\n' |
		grep -oE '(log_begin|begin_line|begin_signal|begin_request)\([^;"{]*"[a-z-]+"(\s*:\s*"[a-z-]+")?' |
		grep -o '"[a-z-]*"' | tr -d '"' | sort -u)
	documented=$(sed -n '/^\.Sh EVENTS/,/^\.Sh DROP/p' "$TOP/lastcall.1" |
		sed -n 's/^\.It Sy //p' | sort)
	assert_contains "$logged" drain-started
	assert_equal "$documented" "$logged"
}

@test "every key that an event has is in the manual" {
	local key
	for key in $(grep -hoE '(log_(number|text|signal|duration_ms|flag|part)|add_field)\("[a-z_]+"|"[a-z_]+_ms"' \
		"$TOP"/*.c "$TOP"/src/*/*.c | sed 's/^[^"]*"//; s/"//' | sort -u); do
		sed -n '/^\.Sh EVENTS/,/^\.Sh DROP/p' "$TOP/lastcall.1" |
			grep -qw "$key" ||
			fail "not in the manual: $key" || return 1
	done
}

@test "the manual has the phases of the sources, and no other" {
	local known documented
	known=$(sed -n '/phase_names\[PHASE_COUNT\] = {/,/}/p' "$TOP/shutdown.c" |
		grep -o '"[a-z]*"' | tr -d '"' | grep -vx exit)
	documented=$(sed -n '/^\.Sh PHASES/,/^\.Sh SIGNALS/s/^\.It Sy //p' \
		"$TOP/lastcall.1")
	assert_contains "$known" sweep
	assert_equal "$(sort <<<"$documented")" "$(sort <<<"$known")"
}

@test "every variable that shows a platform is in the manual" {
	local name names
	names=$(sed -n 's/^\t{ "\([A-Za-z0-9_]*\)=.*/\1/p' "$TOP/src/options/platform.c")
	assert_contains "$names" FLY_APP_NAME
	for name in $names; do
		sed -n '/^\.Sh ENVIRONMENT/,/^\.Sh FILES/p' "$TOP/lastcall.1" |
			grep -qw "$name" ||
			fail "not in the manual: $name" || return 1
	done
}

@test "every exit code that lastcall has of its own is in the manual and in --help" {
	local code
	assert_match "$(<"$TOP/src/lib/errors.h")" 'EXIT_[A-Z_]+ = 12[567]'
	for code in $(grep -oE 'EXIT_[A-Z_]+ = 12[567]' "$TOP/src/lib/errors.h" |
		grep -oE '[0-9]+$'); do
		sed -n '/^\.Sh EXIT/,/^\.Sh EXAMPLES/p' "$TOP/lastcall.1" |
			grep -qx ".It $code" || fail "manual: $code" || return 1
		"$LASTCALL" --help | grep -qw "$code" ||
			fail "--help: $code" || return 1
	done
}

@test "every variable that hooks see is in the manual and in --help, and known" {
	local name
	for name in $(grep -hoE 'LASTCALL_[A-Z_]+=' "$TOP/src/hook/hook.c" |
		tr -d =); do
		assert_contains "$(<"$TOP/lastcall.1")" "$name" || return 1
		# It names the first one whole, and then _SIGNAL and so on.
		assert_contains "$("$LASTCALL" --help)" "${name#LASTCALL}" ||
			return 1
		run env "$name=1" "$LASTCALL" -- true
		assert_equal "$output" "" || return 1
	done
}

@test "the manual's examples are command lines that lastcall takes" {
	requires mandoc
	local line count=0
	while read -r line; do
		eval "set -- ${line#lastcall }"
		[ "$1" != --plan ] || shift
		run "$LASTCALL" --plan "$@"
		# 1: with warnings, as on a platform that gives less.
		assert_at_most "$status" 1 || fail "$line" || return 1
		count=$((count + 1))
	done < <(manual | sed -n '/^EXAMPLES/,/^SEE/p' |
		sed -e ':a' -e '/\\$/N; s/ *\\\n */ /; ta' |
		sed -nE 's/^ +(lastcall .*)/\1/p')
	assert_at_least "$count" 4
}
