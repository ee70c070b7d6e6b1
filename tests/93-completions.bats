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
	HOME=$RUN_TMP timeout 30 zsh -f "$TOP/tests/documents/zsh-offers.zsh" \
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

@test "bash completes inside lists, and offers only what is taken" {
	assert_equal "$(bash_offers lastcall --stop TERM/5s/QU)" TERM/5s/QUIT
	assert_equal "$(bash_offers lastcall --on TERM,QU)" TERM,QUIT
	assert_equal "$(bash_offers lastcall --drain 80,au)" 80,auto
	assert_contains "$(bash_offers lastcall --drain auto/)" auto/5s
	assert_contains "$(bash_offers lastcall --drain 80,81/1s/1)" 80,81/1s/10s
	assert_equal "$(bash_offers lastcall --drain auto/1s/5s/)" ''
	# bash splits words at = and :, and replaces what follows.
	assert_equal "$(bash_offers lastcall --map TERM : QU)" QUIT
	assert_equal "$(bash_offers lastcall --map = TERM : QU)" QUIT
	assert_equal "$(bash_offers lastcall --on = TERM,QU)" TERM,QUIT
	# A wait stands between two signals, and nothing behind KILL.
	assert_contains "$(bash_offers lastcall --stop TERM/)" TERM/10s
	assert_not_contains "$(bash_offers lastcall --stop TERM/)" QUIT
	assert_equal "$(bash_offers lastcall --stop TERM/5s/KILL/)" ''
	# What is never forwarded.
	assert_equal "$(bash_offers lastcall --on CHL)" ''
	assert_equal "$(bash_offers lastcall --map KI)" ''
	assert_contains "$(bash_offers lastcall --map TERM : KI)" KILL
	assert_equal "$(bash_offers lastcall --linger f)" forever
	# A probe runs nothing.
	assert_equal "$(bash_offers lastcall --probe ready --ht)" --http
	assert_equal "$(bash_offers lastcall --probe ready --gr)" ''
	assert_equal "$(bash_offers lastcall --grace 5 --pr)" '--pre-stop
--pre-stop-limit'
	# Behind a value with a colon stands the program.
	assert_contains "$(bash_offers lastcall --map TERM : QUIT slee)" sleep
	assert_contains "$(bash_offers lastcall --on = TERM slee)" sleep
}

# Every signal in every place where it is offered.
@test "lastcall takes every signal that the completions offer" {
	local signal
	for signal in $(bash_offers lastcall --on ''); do
		"$LASTCALL" --plan --on "$signal" --map "$signal:TERM" app \
			>/dev/null || [ $? = 1 ] || fail "$signal" || return 1
	done
	for signal in $(bash_offers lastcall --stop ''); do
		"$LASTCALL" --plan --stop "TERM/1s/$signal" \
			--map "TERM:$signal" -p "$signal" \
			--child-death-signal "$signal" app \
			>/dev/null || [ $? = 1 ] || fail "$signal" || return 1
	done
	assert_at_least "$(bash_offers lastcall --on '' | wc -l)" 30
	for wait in $(bash_offers lastcall --stop TERM/); do
		"$LASTCALL" --plan --grace 2m --stop "$wait" app >/dev/null ||
			[ $? = 1 ] || fail "$wait" || return 1
	done
}

@test "what the shells show for an option is a sentence" {
	local sentence
	while read -r sentence; do
		assert_match "$sentence" '^-[a-z-]+: [A-Z][^.]+\.$' || return 1
	done <"$TOP/completions/sentences"
}

# bats test_tags=check
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
	assert_equal "$(zsh_offers "lastcall --stop TERM/5s/QU")" QUIT
	assert_equal "$(zsh_offers "lastcall --stop=TERM/5s/QU")" QUIT
	assert_equal "$(zsh_offers "lastcall --on TERM,QU")" QUIT
	assert_equal "$(zsh_offers "lastcall --drain 80,au")" auto
	assert_equal "$(zsh_offers "lastcall --drain=auto/1s/2")" 20s
	assert_equal "$(zsh_offers "lastcall --map TERM:QU")" QUIT
	assert_equal "$(zsh_offers "lastcall --map KI")" ''
	assert_equal "$(zsh_offers "lastcall --probe ready --gr")" ''
	assert_match "$(zsh_offers "lastcall --probe ready --ht")" '^--http=?$'
}

# Debian's zsh looks below /usr for packages' completions in a folder of theirs.
# bats test_tags=check
@test "zsh finds the completion where it is installed" {
	requires zsh
	local folders
	folders=$(zsh -fc 'print -l $fpath')
	grep -qx /usr/local/share/zsh/site-functions <<<"$folders"
	assert_contains "$(<"$TOP/Makefile")" 'ZSH = share/zsh/site-functions'
	[ -e /etc/debian_version ] || return 0
	grep -qx /usr/share/zsh/vendor-completions <<<"$folders"
	assert_contains "$(<"$TOP/packaging/debian/rules")" \
		'PREFIX=/usr \
		ZSH=share/zsh/vendor-completions'
}

# bats test_tags=check
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
	assert_equal "$(fish_offers "lastcall --stop TERM/5s/QU")" TERM/5s/QUIT
	assert_equal "$(fish_offers "lastcall --stop=TERM/5s/QU")" \
		--stop=TERM/5s/QUIT
	assert_equal "$(fish_offers "lastcall --on TERM,QU")" TERM,QUIT
	assert_equal "$(fish_offers "lastcall --drain 80,au")" 80,auto
	assert_equal "$(fish_offers "lastcall --drain=auto/1s/2")" \
		--drain=auto/1s/20s
	assert_equal "$(fish_offers "lastcall --map TERM:QU")" TERM:QUIT
	assert_not_contains "$(fish_offers "lastcall --map KI")" KILL
	assert_not_contains "$(fish_offers "lastcall --probe ready --gr")" \
		--grace
	assert_equal "$(fish_offers "lastcall --probe ready --ht")" --http
}
