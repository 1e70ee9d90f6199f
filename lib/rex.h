/*
 * Regular expressions (POSIX extended, on bytes, without back references) that
 * a peer may write: a pattern compiles to at most REX_SIZE_MAX instructions and
 * is matched by following all of its ways at once, so that no pattern and no
 * text cost more than their lengths multiplied. The C library's matcher gives
 * no such promise: "a++++++++++++++++++++++++++" takes gigabytes to compile,
 * "(a|b)*a(a|b){50}" minutes to match.
 *
 *   compile: pattern --(recursive descent)--> instructions, jumps relative, so
 *            that a piece can be moved and repeated as it is
 *   match:   the set of instructions that the text so far can have reached
 *
 * That product can still be many milliseconds, so a match can be done a part at
 * a time: the pattern remembers how far it came in which text (by its digest:
 * texts come and go), and what came of the last few such texts.
 *
 * Must not know selectors.
 */
#ifndef MUSTER_LIB_REX_H
#define MUSTER_LIB_REX_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/mem.h"

#define REX_SIZE_MAX   1000 /* instructions of a compiled pattern */
#define REX_DEPTH_MAX  50   /* groups within groups */
#define REX_REPEAT_MAX 255  /* n of {n} */

struct rex;

/* Returns NULL and sets *out, or a static error text for the peer. */
MUST_CHECK const char *rex_compile(const char *pattern, struct rex **out);
void rex_free(struct rex *r); /* NULL is fine */

/* Instructions: a match costs at most these times the length of the text. */
int rex_size(const struct rex *r);

/* Memory that it takes. */
size_t rex_bytes(const struct rex *r);

/* True if it matches anywhere in the text. */
bool rex_match(const struct rex *r, const char *text, size_t len);

/* -- what its groups match ------------------------------------------------- */

#define REX_GROUPS_MAX 10 /* the whole match, and the first nine groups */

/* Of the text, from there on; at -1: the group took no part in the match. */
struct rex_span {
    long at;
    size_t len;
};

/* The same as rex_compile(), for rex_groups(). */
MUST_CHECK const char *rex_compile_groups(const char *pattern,
                                          struct rex **out);
/*
 * Where the leftmost match is, and in it those of its groups: of several ways
 * the one that a pattern prefers (the first of a|b, as often as can be for *),
 * as Perl, Go and RE2 choose. False: there is none; spans (REX_GROUPS_MAX) are
 * all at -1 then. Costs as much as rex_match(), some ten times over: for short
 * texts.
 */
bool rex_groups(const struct rex *r, const char *text, size_t len,
                struct rex_span *spans);

enum rex_result { REX_NO, REX_YES, REX_MORE };

#define REX_STEPS 16    /* instructions looked at for one of a budget */
#define REX_WAIT  10000 /* vain calls before another text's place is taken */

/*
 * The same, as far as the budget goes. REX_MORE: call it again with that text.
 * While it is in the middle of one text it does not begin another, so that two
 * who ask by turns both get an answer.
 */
enum rex_result rex_match_part(struct rex *r, const char *text, size_t len,
                               unsigned *budget);

#endif
