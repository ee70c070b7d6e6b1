# shellcheck disable=SC2016,SC2154 # $(PURE) is make's, the rest from bats
# 91-pure.bats - the rooms that decide make no system call, keep no state and
# do not log: what they leave for the linker to find says so.

load helpers

# What libc has that is as pure.  Arithmetic on 64 bits is libgcc's on
# processors of 32.
LIBC='mem(cpy|set|cmp|chr|rchr|move)|str(len|chr|rchr|cmp|ncmp|casecmp|ncasecmp)'
LIBC+='|str(spn|cspn|str|chrnul)|inet_pton|__(aeabi_)?u?l?(div|mod|divmod).*'

setup_file() {
	[ -n "$(objects)" ] || { echo "run make first" >&3 && return 1; }
}

objects() {
	local name
	for name in $(make -s -C "${BATS_TEST_DIRNAME%/*}" \
		--eval='pure:;@echo $(PURE)' pure); do
		ls "${BATS_TEST_DIRNAME%/*}/build/$name" || return 1
	done
}

@test "the pure rooms need each other and pure parts of libc, nothing else" {
	requires nm
	local files defined alien
	mapfile -t files < <(objects)
	assert_at_least "${#files[@]}" 10
	defined=$(nm --defined-only "${files[@]}" | awk 'NF == 3 { print $3 }')
	alien=$(nm -u "${files[@]}" | awk '$1 == "U" { print $2 }' | sort -u |
		grep -vxF "$defined" | grep -vxE "$LIBC" || true)
	assert_equal "$alien" ""
}

@test "the pure rooms keep nothing that can be written" {
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
