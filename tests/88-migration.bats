#!/usr/bin/env bats
# 88-migration.bats - docs/migration.md is true: both lines of every row are
# run, theirs with the peer's own binary, too, and do the same.
# shellcheck disable=SC2154 # status and output come from bats

load helpers
load compat

# What is tried with a row's lines, by theirs.  A row that is not here fails.
declare -gA tried=(
	["tini -- app"]=code ["tini app"]=script
	["tini -g -- app"]=group
	["TINI_KILL_PROCESS_GROUP=1 tini -- app"]=group
	["tini -s -- app"]=adopts ["TINI_SUBREAPER=1 tini -- app"]=adopts
	["tini -e 143 -- app"]=expected ["tini -p SIGUSR1 -- app"]=orphaned
	["tini -s -w -- app"]=reaped ["tini -v -- app"]=verbose
	["TINI_VERBOSITY=2 tini -- app"]=verbose
	["tini --version"]=version ["tini -h"]=help ["tini -l"]=licence

	["dumb-init app"]=group ["dumb-init -c app"]=child
	["dumb-init --single-child app"]=child
	["DUMB_INIT_SETSID=0 dumb-init app"]=child
	["dumb-init -r 15:3 app"]=rewritten
	["dumb-init --rewrite 15:3 app"]=rewritten
	["dumb-init -r 1:0 app"]=dropped
	["dumb-init -v app"]=verbose ["dumb-init --verbose app"]=verbose
	["DUMB_INIT_DEBUG=1 dumb-init app"]=verbose
	["dumb-init -V"]=version ["dumb-init --version"]=version
	["dumb-init -h"]=help ["dumb-init --help"]=help

	["catatonit -- app"]=code ["catatonit -g -- app"]=group
	["CATATONIT_DEBUG=1 catatonit -- app"]=verbose
	["catatonit -P"]=pause ["catatonit -V"]=version
	["catatonit --version"]=version ["catatonit -h"]=help
	["catatonit -L"]=licence

	# By 86-podman-init.bats and 87-docker-init.bats.
	["docker run --init IMAGE"]=elsewhere
	["podman run --init IMAGE"]=elsewhere ["podman pod create"]=elsewhere
)

# "THEIRS|OURS" of every row.
rows() {
	sed -nE 's/^\| `([^`]*)` \| (`([^`]*)`)? *\|.*/\1|\3/p' \
		"$TOP/docs/migration.md"
}

# ------------------------------------------------------------------- trials
# Each runs LINE, in which app is what it needs.

line() { # PROGRAM ARG...: LINE with the program, in COMMAND
	local word
	COMMAND=(env)
	for word in $LINE; do
		case $word in
		app) COMMAND+=("$@") ;;
		*) COMMAND+=("$word") ;;
		esac
	done
}

begin() { # PROGRAM ARG...
	line "$@"
	start_command "${COMMAND[@]}"
}

finish() { # PROGRAM ARG...
	begin "$@"
	wait_exit
}

code() {
	finish sh -c 'exit 7'
	assert_equal "$STATUS" 7
}

# A program without options of its own.
script() {
	printf '#!/bin/sh\nexit 7\n' >"$RUN_TMP/script"
	chmod +x "$RUN_TMP/script"
	finish "$RUN_TMP/script"
	assert_equal "$STATUS" 7
}

pair='"$0" -x 10 & exec "$0" -x 10'

group() {
	begin sh -c "$pair" "$FIXTURES/sigprint"
	wait_for '[ $(grep -c READY "$OUT") = 2 ]'
	stop_and_wait USR1
	assert_equal "$STATUS" 0
	wait_for '[ $(grep -c USR1 "$OUT") = 2 ]'
}

child() {
	begin sh -c "$pair" "$FIXTURES/sigprint"
	wait_for '[ $(grep -c READY "$OUT") = 2 ]'
	kill -USR1 "$PID"
	# lastcall tells the other one at the end, with TERM.
	wait_for '[ $(grep -c USR1 "$OUT") = 1 ]'
	kill_marked
	wait_exit
	assert_equal "$(grep -c USR1 "$OUT")" 1
}

adopts() {
	begin sh -c '(sleep 60 & echo $!); exec sleep 60'
	wait_for '[ -s "$OUT" ]'
	wait_for 'grep -q "^PPid:.'"$PID"'$" "/proc/$(head -1 "$OUT")/status"'
	kill_marked
	wait_exit
}

expected() {
	finish sh -c 'kill $$'
	assert_equal "$STATUS" 0
}

orphaned() {
	line "$FIXTURES/sigprint" -x 10
	start_command sh -c '"$@" & wait' sh "${COMMAND[@]}"
	wait_out READY
	stop_and_wait KILL
	wait_out "USR1 10"
}

reaped() {
	begin "$FIXTURES/orphans" -w 3 3
	wait_for '[ $(grep -ci reaped "$LOG") = 3 ]'
	kill "$PID"
	wait_exit
}

verbose() {
	finish true
	assert_equal "$STATUS" 0
	[ -s "$OUT" ] || [ -s "$LOG" ] || fail "nothing was said"
}

version() {
	finish
	assert_equal "$STATUS" 0
	assert_match "$(cat "$OUT" "$LOG")" '[0-9]\.[0-9]'
}

help() {
	finish
	assert_equal "$STATUS" 0
	assert_match "$(cat "$OUT" "$LOG")" '[Uu]sage|USAGE'
}

licence() {
	finish
	assert_equal "$STATUS" 0
	assert_match "$(cat "$OUT" "$LOG")" 'icen'
}

rewritten() {
	begin "$FIXTURES/sigprint" -x 3 -c 5
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 5
	assert_match "$(received)" '^3'
}

dropped() {
	begin "$FIXTURES/sigprint" -x 12
	wait_out READY
	kill -HUP "$PID"
	stop_and_wait USR2
	assert_match "$(received)" '^12'
}

pause() {
	begin
	wait_for 'sleeps "$PID"'
	stop_and_wait
	assert_equal "$STATUS" 0
}

elsewhere() { :; }

# -------------------------------------------------------------------- tests

# Runs a line where NAMES has the binary of its first word.
try_line() { # WHO TRIAL LINE
	LINE=$3
	echo "# $1: $LINE ($2)"
	PATH=$RUN_TMP/$1:$PATH "$2"
	kill_marked
}

try_rows_of() { # NAME
	local theirs ours count=0
	mkdir -p "$RUN_TMP/ours" "$RUN_TMP/peer"
	ln -s "$LASTCALL" "$RUN_TMP/ours/lastcall"
	ln -s "$LASTCALL" "$RUN_TMP/ours/$1"
	while IFS='|' read -r theirs ours; do
		[[ " $theirs " == *" $1 "* ]] || continue
		count=$((count + 1))
		[ -n "${tried[$theirs]:-}" ] || fail "not tried: $theirs"
		try_line ours "${tried[$theirs]}" "$theirs"
		[ -z "$ours" ] || try_line ours "${tried[$theirs]}" "$ours"
		! type -P "$1" >/dev/null ||
			try_line peer "${tried[$theirs]}" "$theirs"
	done < <(rows)
	assert_at_least "$count" "$2"
}

@test "both lines of every row do the same: tini" {
	try_rows_of tini 14
}

@test "both lines of every row do the same: dumb-init" {
	try_rows_of dumb-init 14
}

@test "both lines of every row do the same: catatonit" {
	try_rows_of catatonit 8
}

@test "every row has a trial, and every trial a row" {
	local theirs
	assert_equal "$(rows | cut -d'|' -f1 | sort)" \
		"$(printf '%s\n' "${!tried[@]}" | sort)"
}

@test "every option and variable of theirs stands in a row" {
	local rows name letters letter
	rows=$(rows | cut -d'|' -f1)
	# As peers.c knows them.
	while read -r name letters; do
		for letter in $(tr -d ':' <<<"$letters" | fold -w1); do
			assert_match "$rows" "$name -$letter|$name .* -$letter" ||
				return 1
		done
	done <<-'END'
		tini ghlsvwe:p:
		dumb-init chvVr:
		catatonit ghLPV
	END
	for letters in '"ghlsvwe:p:"' '"chvVr:"' '"ghLPV"'; do
		assert_contains "$(<"$TOP/src/compat/peers.c")" "$letters"
	done
	for name in $(grep -ohE '"(TINI|DUMB_INIT|CATATONIT)_[A-Z_]+"' \
		"$TOP/src/compat/peers.c" | tr -d '"' | sort -u); do
		assert_contains "$(<"$TOP/docs/migration.md")" "$name" ||
			return 1
	done
	for name in help single-child rewrite verbose version; do
		assert_contains "$rows" "dumb-init --$name" || return 1
	done
}
