#!/usr/bin/env bats
# The machine is the one that `make proof` has proved: tests/proof/proved.txt.
# Proving takes longer than all other tests together, so it is done where the
# machine or its contracts change, and this fails where it was not.

load helpers

# The files that the proof reads, and its record, in a folder.
copy_of() { # FOLDER
	mkdir -p "$1/src/lib" "$1/tests/proof"
	cp "$TOP"/shutdown.[ch] "$1"
	cp "$TOP"/src/lib/{clock,signals}.h "$1/src/lib"
	cp "$TOP"/tests/proof/{machine.c,mutate.py,run,proved,proved.txt} \
		"$1/tests/proof"
}

check() { # FOLDER
	run bash -c 'cd "$0" && tests/proof/proved --check' "$1"
}

@test "the machine and its contracts are those that were proved" {
	copy_of "$RUN_TMP"
	check "$RUN_TMP"
	assert_equal "$output" ""
	assert_status 0
}

@test "every contract of a parser finds its line in the source" {
	local name source count=0 contracts
	cd "$TOP" || return
	while read -r name source _; do
		run awk -f tests/proof/parsers/weave.awk \
			"tests/proof/parsers/$name.acsl" "$source"
		assert_status 0
		count=$((count + 1))
	done < <(grep -E '^	+[a-z_]+ src/' tests/proof/run)
	contracts=(tests/proof/parsers/*.acsl)
	assert_equal "$count" "${#contracts[@]}"
	echo '@@ no such line' >"$RUN_TMP/none.acsl"
	run awk -f tests/proof/parsers/weave.awk "$RUN_TMP/none.acsl" init.c
	assert_status 1
	assert_contains "$output" "no such line: no such line"
}

@test "a changed line, contract or mutation is noticed, a comment is not" {
	local file
	for file in shutdown.c shutdown.h tests/proof/machine.c \
		tests/proof/mutate.py tests/proof/run; do
		rm -rf "$RUN_TMP/copy"
		copy_of "$RUN_TMP/copy"
		echo '/* a comment */' >>"$RUN_TMP/copy/shutdown.c"
		check "$RUN_TMP/copy"
		assert_status 0
		echo 'int changed;' >>"$RUN_TMP/copy/$file"
		check "$RUN_TMP/copy"
		assert_status 1
		assert_contains "$output" "changed since it was proved: $file"
		assert_contains "$output" "run make proof"
	done
}

@test "a contract that is taken out of the machine is noticed" {
	copy_of "$RUN_TMP"
	sed -i '/\/\*@/,/\*\//d' "$RUN_TMP/shutdown.c"
	check "$RUN_TMP"
	assert_status 1
	assert_contains "$output" "changed since it was proved: shutdown.c"
}
