# shellcheck disable=SC2016 # $(LIBC) is make's
# 95-size.bats - how large it is.

load helpers

@test "linked with musl it takes at most 96 KiB" {
	local libc
	libc=$(make -s -C "${BATS_TEST_DIRNAME%/*}" \
		--eval='libc:;@echo $(LIBC)' libc)
	[ "$libc" = musl ] || skip "this compiler links with $libc"
	assert_at_most "$(stat -L -c %s "$LASTCALL")" 98304
}
