# shellcheck disable=SC2154 # from bats
# 91-pure.bats - the files that decide make no system call, keep no state and
# do not log: what they leave for the linker to find says so.  They say in
# their heads that they are pure.

load helpers

# What libc has that is as pure.  Arithmetic on 64 bits is libgcc's on
# processors of 32.
LIBC='mem(cpy|set|cmp|chr|rchr|move)|str(len|chr|rchr|cmp|ncmp|casecmp|ncasecmp)'
LIBC+='|str(spn|cspn|str|chrnul)|inet_pton|__(aeabi_)?u?l?(div|mod|divmod).*'

setup_file() {
	[ -n "$(objects)" ] || { echo "run make first" >&3 && return 1; }
}

# The objects of the files whose heads say " * Pure".
objects() {
	local file
	cd "${BATS_TEST_DIRNAME%/*}" || return
	for file in $(grep -lE '^ \* Pure[.:]' ./*.c src/*/*.c); do
		ls "$PWD/build/${file%.c}.o" || return 1
	done
}

@test "the pure files need each other and pure parts of libc, nothing else" {
	requires nm
	local files defined alien
	mapfile -t files < <(objects)
	assert_at_least "${#files[@]}" 10
	assert_contains "${files[*]}" build/./shutdown.o
	defined=$(nm --defined-only "${files[@]}" | awk 'NF == 3 { print $3 }')
	alien=$(nm -u "${files[@]}" | awk '$1 == "U" { print $2 }' | sort -u |
		grep -vxF "$defined" | grep -vxE "$LIBC" || true)
	assert_equal "$alien" ""
}

@test "the pure files keep nothing that can be written" {
	requires nm
	local files
	mapfile -t files < <(objects)
	assert_equal "$(nm "${files[@]}" | grep ' [bBdDcC] ' || true)" ""
}

@test "the check of what is pure finds a system call" {
	requires nm
	printf '%s\n' '#include <unistd.h>' \
		'int f(void) { static int n; return n += getpid(); }' \
		>"$RUN_TMP/f.c"
	cc -c -o "$RUN_TMP/f.o" "$RUN_TMP/f.c"
	assert_equal "$(nm -u "$RUN_TMP/f.o" | awk '$1 == "U" { print $2 }' |
		grep -vxE "$LIBC")" getpid
	assert_match "$(nm "$RUN_TMP/f.o")" ' [bBdDcC] n'
}

# The compiler cannot check them: %q and %t are not printf's.
@test "every text that is filled in has only the verbs of text_format()" {
	local alien
	alien=$(grep -ohE '"([^"\\]|\\.)*"' "$TOP"/*.c "$TOP"/src/*/*.c |
		grep -E '%' |
		grep -E '%([^sqdt%]|$)|%"' | grep -vxE '"%*"' || true)
	assert_equal "$alien" ""
}
