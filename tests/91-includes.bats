#!/usr/bin/env bats
# Which way the sources may include each other: docs/design.md has the order.

load helpers

# INCLUDER INCLUDED, as paths without src/ and the ending.
edges() {
	cd "$TOP" || return
	grep -oE '^#include "[^"]+' ./*.[ch] src/*/*.[ch] |
		sed -E 's|^(\./)?(src/)?||; s|\.[ch]:#include "| |; s|\.h$||' |
		awk '$1 != $2' | sort -u
}

@test "a file includes only from its own folder and from folders before it" {
	local order wrong
	order=$(sed -n 's/^`\(lib < .*\)`$/\1/p' "$TOP/docs/design.md")
	assert_match "$order" '^lib < .* < init$'
	wrong=$(edges | awk -v order="$order" '
		BEGIN { for (i = split(order, names, " < "); i; i--) rank[names[i]] = i }
		{ split($1, from, "/"); split($2, to, "/") }
		!rank[from[1]] { print from[1], "has no place in the order"; next }
		rank[to[1]] > rank[from[1]] { print }')
	assert_equal "$wrong" ""
}

@test "no files call each other in a circle" {
	requires nm
	[ -e "$TOP/build/init.o" ] || fail "run make first"
	cd "$TOP"
	run tsort < <(nm -A -g build/*.o build/src/*/*.o | awk '
		{ sub(/:.*/, "", $1) }
		$(NF - 1) == "U" { used[$1, $NF]; next }
		{ home[$NF] = $1 }
		END {
			for (pair in used) {
				split(pair, use, SUBSEP)
				if (use[2] in home) print use[1], home[use[2]]
			}
		}')
	assert_status 0
	assert_contains "$output" build/shutdown.o
}
