/*
 * string.h - what the proofs of the parsers assume of libc's functions: what
 * they need, and what they return.  What a string is (valid_read_string) is
 * Frama-C's: bytes that can be read, up to a NUL.
 *
 * What is looked for (accept, reject, b), or most often what strchr(3)
 * looks through, is a constant of the program, so nothing is asked of it: WP
 * does not know for long what is in a literal.
 */
#ifndef PROOF_STRING_H
#define PROOF_STRING_H

#include <stddef.h>

#include <__fc_string_axiomatic.h>

/*@ requires valid_read_string(s);
    terminates \true;
    assigns \nothing;
    ensures \result == strlen(s); */
size_t strlen(const char *s);

/*@ requires valid_read_string(s);
    terminates \true;
    assigns \nothing;
    ensures 0 <= \result <= n && \result <= strlen(s);
    ensures \result < n ==> \result == strlen(s); */
size_t strnlen(const char *s, size_t n);

/*@ requires valid_read_string(s);
    terminates \true;
    assigns \nothing;
    ensures 0 <= \result <= strlen(s); */
size_t strspn(const char *s, const char *accept);

/*@ requires valid_read_string(s);
    terminates \true;
    assigns \nothing;
    ensures 0 <= \result <= strlen(s); */
size_t strcspn(const char *s, const char *reject);

/*@ requires valid_read_string(a);
    terminates \true;
    assigns \nothing; */
int strcmp(const char *a, const char *b);

// Of b there are at least n bytes.
/*@ requires valid_read_string(a);
    terminates \true;
    assigns \nothing;
    ensures \result == 0 ==> n <= strlen(a); */
int strncmp(const char *a, const char *b, size_t n);

/*@ terminates \true;
    assigns \result \from s, indirect:s[0 ..], indirect:c;
    ensures \result != \null ==> valid_read_string(\result) &&
            \base_addr(\result) == \base_addr(s) &&
            s <= \result && strlen(\result) == strlen(s) - (\result - s) &&
            *\result == (char)c; */
char *strchr(const char *s, int c);

/*@ requires \valid_read((char *)s + (0 .. n - 1));
    terminates \true;
    assigns \result \from s, indirect:((char *)s)[0 .. n - 1], indirect:c;
    ensures \result == \null ||
            (\base_addr(\result) == \base_addr(s) &&
             (char *)s <= (char *)\result < (char *)s + n &&
	     *(char *)\result == (char)c); */
void *memchr(const void *s, int c, size_t n);

/*@ requires \valid_read((char *)s + (0 .. n - 1));
    terminates \true;
    assigns \result \from s, indirect:((char *)s)[0 .. n - 1], indirect:c;
    ensures \result == \null ||
            (\base_addr(\result) == \base_addr(s) &&
             (char *)s <= (char *)\result < (char *)s + n &&
	     *(char *)\result == (char)c); */
void *memrchr(const void *s, int c, size_t n);

/*@ requires \valid((char *)to + (0 .. n - 1));
    requires \valid_read((char *)from + (0 .. n - 1));
    requires \separated((char *)to + (0 .. n - 1),
                        (char *)from + (0 .. n - 1));
    terminates \true;
    assigns ((char *)to)[0 .. n - 1] \from ((char *)from)[0 .. n - 1];
    assigns \result \from to;
    ensures \forall integer i; 0 <= i < n ==>
            ((char *)to)[i] == \old(((char *)from)[i]);
    ensures \result == to; */
void *memcpy(void *to, const void *from, size_t n);

/*@ requires \valid_read((char *)a + (0 .. n - 1));
    terminates \true;
    assigns \result \from ((char *)a)[0 .. n - 1], ((char *)b)[0 .. n - 1]; */
int memcmp(const void *a, const void *b, size_t n);

// These two are for bytes that are not text.
/*@ requires \valid(to + (0 .. n - 1));
    requires \valid_read(from + (0 .. n - 1));
    terminates \true;
    assigns to[0 .. n - 1] \from from[0 .. n - 1];
    assigns \result \from to; */
void *memmove(unsigned char *to, const unsigned char *from, size_t n);

/*@ requires \valid(s + (0 .. n - 1));
    terminates \true;
    assigns s[0 .. n - 1] \from c;
    assigns \result \from s; */
void *memset(unsigned char *s, int c, size_t n);

#endif
