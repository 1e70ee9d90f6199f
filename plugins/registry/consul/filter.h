/*
 * ?filter=: Consul's boolean expressions over the rows of an answer.
 *
 *   Service.Tags contains "v2" and (Node.Meta.zone == "eu" or not
 *       Service.Meta["build"] matches "^1[.]")
 *
 *   SELECTOR == VALUE, !=        texts, numbers, true and false
 *   VALUE in SELECTOR, not in    an item of a list, a key of a map, a part of a
 *   SELECTOR contains VALUE,     text; these are the same
 *            not contains
 *   SELECTOR is empty,           lists and maps
 *            is not empty
 *   SELECTOR matches VALUE,      a regular expression (lib/rex.h) somewhere in
 *            not matches         a text
 *   not, and, or, ( )            bind so, the first the closest
 *
 * A selector is a field of the row as JSON shows it, with dots, or ["…"]; below
 * a list of objects it stands for any of them. A value is "quoted", `raw`, or
 * bare. What a map has not is equal to nothing.
 *
 * Rows are looked at as they were written: between filter_mark() and
 * filter_keep() a row goes to c->out, and the latter takes it back if it is not
 * asked for. Pure.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_FILTER_H
#define PLUGINS_REGISTRY_CONSUL_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/json_write.h"
#include "lib/mem.h"

#define FILTER_TEXT_MAX  8192 /* bytes of an expression */
#define FILTER_TERMS_MAX 128  /* of SELECTOR OP VALUE */
#define FILTER_DEPTH_MAX 32   /* of parentheses and nots */

struct filter;
struct json_t;

/* What a row is. */
enum filter_kind {
    FILTER_NODE,     /* catalog/nodes */
    FILTER_INSTANCE, /* catalog/service */
    FILTER_SERVICE,  /* catalog/node's Services, agent/services */
    FILTER_CHECK,    /* health/node, health/checks, health/state, agent/checks
                      */
    FILTER_ENTRY     /* health/service */
};

/* NULL and *out; or an error text (free()) for the peer. */
MUST_CHECK char *filter_compile(enum filter_kind kind, const char *text,
                                struct filter **out);
void filter_free(struct filter *f); /* NULL is fine */
bool filter_match(struct filter *f, const struct json_t *row);
/* Its regular expressions have looked at so much that it no longer looks: what
 * it said since is nothing. */
bool filter_is_exhausted(const struct filter *f);
/* Another answer begins. */
void filter_rest(struct filter *f);

/* Where a row begins. */
struct filter_mark {
    struct jw was;
    size_t value; /* bytes in out at which its JSON begins */
};

/* Before a row, and before the key of one in an object. */
void filter_mark(struct filter_mark *mark, const struct jw *out);
/* Behind the key. */
void filter_value(struct filter_mark *mark, const struct jw *out);
/* The row is written: true, and it stays; or it is as if it never was. f NULL:
 * there is no filter. */
bool filter_keep(struct filter *f, struct jw *out,
                 const struct filter_mark *mark);

#endif
