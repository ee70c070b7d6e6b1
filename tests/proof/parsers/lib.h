/*
 * lib.h - contracts of src/lib/text.c and parse.c: text.acsl and parse.acsl
 * prove them, and the other proofs of the parsers use them.
 */
#ifndef PROOF_LIB_H
#define PROOF_LIB_H

#include <string.h>

#include "lib/parse.h"
#include "lib/text.h"

/* ------------------------------------------------------------------- text.c */

/*@
predicate text_holds{L}(struct text *t) =
	\valid(t) && 1 <= t->size && t->length < t->size &&
	\valid(t->bytes + (0 .. t->size - 1)) &&
	\separated(t, t->bytes + (0 .. t->size - 1));

// What is read is another text.
predicate apart{L}(struct text *t, char *s) =
	\separated(s + (0 .. strlen(s)), t->bytes + (0 .. t->size - 1));

// Strings elsewhere are as long as before.
predicate strings_kept{L1,L2}(struct text *t) =
	\forall char *s; 0 <= strlen{L1}(s) &&
		\separated(s + (0 .. strlen{L1}(s)),
		           \at(t->bytes,L1) + (0 .. \at(t->size,L1) - 1)) ==>
		strlen{L2}(s) == strlen{L1}(s);

// It is a string.
predicate text_ends{L}(struct text *t) = t->bytes[t->length] == 0;
*/

/*@ requires 1 <= size && \valid(bytes + (0 .. size - 1));
    terminates \true;
    assigns bytes[0], \result \from bytes, size;
    ensures \result.bytes == bytes && \result.size == size &&
            \result.length == 0 && \result.cut == 0 && bytes[0] == 0; */
struct text text_empty(char *bytes, size_t size);

/*@ requires text_holds(t);
    terminates \true;
    assigns t->length, t->cut, t->bytes[0];
    ensures text_holds(t) && text_ends(t) && t->length == 0 && t->cut == 0; */
void text_clear(struct text *t);

/*@ requires text_holds(t) && \valid_read(s + (0 .. length - 1));
    requires \separated(s + (0 .. length - 1),
                        t->bytes + (0 .. t->size - 1));
    terminates \true;
    assigns t->length, t->cut, t->bytes[0 .. t->size - 1];
    ensures text_holds(t) && \old(t->length) <= t->length;
    ensures \old(text_ends(t)) || !\old(t->cut) ==> text_ends(t);
    ensures \old(t->cut) ==> t->cut;
    ensures t->length <= \old(t->length) + length;
    ensures strings_kept{Old,Here}(t); */
void text_bytes(struct text *t, const char *s, size_t length);

/*@ requires text_holds(t);
    terminates \true;
    assigns t->length, t->cut, t->bytes[0 .. t->size - 1];
    ensures text_holds(t) && \old(t->length) <= t->length;
    ensures \old(text_ends(t)) || !\old(t->cut) ==> text_ends(t);
    ensures \old(t->cut) ==> t->cut;
    ensures strings_kept{Old,Here}(t); */
void text_byte(struct text *t, char c);

/*@ requires text_holds(t);
    requires valid_read_string(s);
    requires apart(t, s);
    terminates \true;
    assigns t->length, t->cut, t->bytes[0 .. t->size - 1];
    ensures text_holds(t) && \old(t->length) <= t->length;
    ensures \old(text_ends(t)) || !\old(t->cut) ==> text_ends(t);
    ensures \old(t->cut) ==> t->cut;
    ensures strings_kept{Old,Here}(t); */
void text_add(struct text *t, const char *s);

// text_add() of a literal, which is a string that nobody writes to.
/*@ requires text_holds(t);
    terminates \true;
    assigns t->length, t->cut, t->bytes[0 .. t->size - 1];
    ensures text_holds(t) && \old(t->length) <= t->length;
    ensures \old(text_ends(t)) || !\old(t->cut) ==> text_ends(t);
    ensures \old(t->cut) ==> t->cut;
    ensures strings_kept{Old,Here}(t); */
void text_literal(struct text *t, const char *s);

/*@ requires text_holds(t) && text_ends(t) && width <= 20;
    terminates \true;
    assigns t->length, t->cut, t->bytes[0 .. t->size - 1];
    ensures text_holds(t) && text_ends(t) && \old(t->length) <= t->length; */
void text_padded(struct text *t, int64_t n, int width);

/*@ requires text_holds(t) && text_ends(t);
    terminates \true;
    assigns t->length, t->cut, t->bytes[0 .. t->size - 1];
    ensures text_holds(t) && text_ends(t) && \old(t->length) <= t->length; */
void text_number(struct text *t, int64_t n);

/*@ requires text_holds(t) && text_ends(t);
    terminates \true;
    assigns t->length, t->cut, t->bytes[0 .. t->size - 1];
    ensures text_holds(t) && text_ends(t) && \old(t->length) <= t->length; */
void text_duration(struct text *t, int64_t ns);

/*@ requires text_holds(t) && text_ends(t);
    requires valid_read_string(s);
    requires apart(t, s);
    terminates \true;
    assigns t->length, t->cut, t->bytes[0 .. t->size - 1];
    ensures text_holds(t) && text_ends(t) && \old(t->length) <= t->length; */
void text_quoted(struct text *t, const char *s);

/*@ requires text_holds(t) && text_ends(t);
    requires valid_read_string(s);
    requires apart(t, s);
    terminates \true;
    assigns t->length, t->cut, t->bytes[0 .. t->size - 1];
    ensures text_holds(t) && text_ends(t) && \old(t->length) <= t->length; */
void text_shown(struct text *t, const char *s);

/* ------------------------------------------------------------------ parse.c */

/*@ requires 0 < base <= 16;
    terminates \true;
    assigns \result \from c, base;
    ensures -1 <= \result < base;
    ensures \result >= 0 ==> c != 0; */
int text_digit(char c, int base);

/*@ requires valid_read_string(s);
    requires valid_read_string(word);
    requires length <= strlen(s) || length <= strlen(word);
    terminates \true;
    assigns \result \from s[0 .. length - 1], word[0 .. length - 1];
    ensures \result ==> length <= strlen(s) && length <= strlen(word); */
bool text_same(const char *s, const char *word, size_t length);

/*@ requires valid_read_string(s);
    terminates \true;
    assigns \result \from s[0 ..], start[0 ..];
    ensures \result <= strlen(s);
    ensures \result != 0 ==> \result == strlen(start); */
size_t text_starts(const char *s, const char *start);

/*@ requires valid_read_string(text);
    terminates \true;
    assigns \result \from text, indirect:text[0 ..], indirect:start[0 ..];
    ensures \result != \null ==> valid_read_string(\result) &&
            \base_addr(\result) == \base_addr(text) &&
            text <= \result <= text + strlen(text); */
char *text_line(char *text, const char *start);

/*@ requires valid_read_string(s) && \valid(n) && 9 <= most;
    terminates \true;
    assigns *n, \result \from s[0 ..], most;
    ensures \result ==> 0 <= *n <= most; */
bool text_to_number(const char *s, int64_t most, int64_t *n);

#endif
