# 93-completions.bats - the shells complete what --help lists.

load helpers

# What bash offers for a command line, one a line.
bash_offers() { # WORD...
	bash --norc -c '
		. "$1/completions/lastcall.bash"
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_lastcall 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' bash "$TOP" "$@"
}

fish_offers() { # COMMAND-LINE
	HOME=$RUN_TMP XDG_CONFIG_HOME=$RUN_TMP fish --no-config -c '
		source $argv[1]/completions/lastcall.fish
		complete -C $argv[2]' "$TOP" "$1" | cut -f 1
}

# What zsh offers: it completes only in an interactive shell, so one is run
# in a terminal of its own, with _arguments' matches printed as they are
# added.
zsh_offers() { # COMMAND-LINE
	HOME=$RUN_TMP timeout 30 zsh -f "$TOP/tests/fixtures/zsh-offers.zsh" \
		"$TOP/completions" "$1"
}

long_options() {
	"$LASTCALL" --help | grep -oE '^  ( {4}|-., )--[a-z-]+' | grep -o -e '--.*'
}

@test "the committed completions are what --help makes" {
	"$TOP/completions/generate" "$LASTCALL" "$RUN_TMP"
	local file
	for file in lastcall.bash _lastcall lastcall.fish; do
		diff -u "$TOP/completions/$file" "$RUN_TMP/$file" ||
			fail "run completions/generate" || return 1
	done
}

@test "bash completes every long option" {
	local offers name
	offers=$(bash_offers lastcall --)
	assert_at_least "$(long_options | wc -l)" 25
	for name in $(long_options); do
		grep -qxF -e "$name" <<<"$offers" ||
			fail "not offered: $name" || return 1
	done
}

@test "bash completes values, also behind an equals sign" {
	assert_equal "$(bash_offers lastcall --scope g)" group
	assert_equal "$(bash_offers lastcall --scope = a)" $'auto\nall'
	assert_equal "$(bash_offers lastcall --scope =)" \
		$'auto\nchild\ngroup\nall'
	assert_contains "$(bash_offers lastcall -p SEG)" SEGV
	touch "$RUN_TMP/file"
	assert_equal "$(bash_offers lastcall --ready-file "$RUN_TMP/fi")" \
		"$RUN_TMP/file"
}

@test "bash completes a program, and leaves the program's words alone" {
	assert_contains "$(bash_offers lastcall --grace 5 -g mandat)$(
		bash_offers lastcall --grace 5 -g -- slee)" sleep
	assert_not_contains "$(bash_offers lastcall sleep --gr)" --grace
	assert_not_contains "$(bash_offers lastcall -- --gr)" --grace
}

@test "zsh completes every long option and values" {
	requires zsh
	local offers name
	zsh -n "$TOP/completions/_lastcall"
	offers=$(zsh_offers "lastcall --")
	for name in $(long_options); do
		grep -qxE -e "$name=?" <<<"$offers" ||
			fail "not offered: $name" "$offers" || return 1
	done
	assert_equal "$(zsh_offers "lastcall --scope g")" group
	assert_not_contains "$(zsh_offers "lastcall sleep --gr")" --grace
}

@test "fish completes every long option and values" {
	requires fish
	local offers name
	fish -n "$TOP/completions/lastcall.fish"
	offers=$(fish_offers "lastcall --")
	for name in $(long_options); do
		grep -qxF -e "$name" <<<"$offers" ||
			fail "not offered: $name" "$offers" || return 1
	done
	assert_equal "$(fish_offers "lastcall --scope g")" group
	assert_contains "$(fish_offers "lastcall --grace 5 slee")" sleep
}
