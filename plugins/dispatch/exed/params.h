/*
 * The parameters of a request, by constant tables: what each may be, whether
 * it must be there, and the text when it is wrong. They come behind the `?` or
 * as the members of a body, and leave as one JSON object of checked values: a
 * bool is true or false however it was written, a number a number.
 *
 * Pure: must not know requests, nor what the parameters are for.
 */
#ifndef PLUGINS_DISPATCH_EXED_PARAMS_H
#define PLUGINS_DISPATCH_EXED_PARAMS_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/http_route.h"
#include "lib/mem.h"

#define PARAMS_TEXTS_MAX 100000 /* texts of one list */

enum param_type {
    PARAM_TEXT,
    PARAM_BOOL,   /* 1 True true yes, 0 False false no */
    PARAM_NUMBER, /* whole, from .min to .max */
    PARAM_TEXTS,  /* a list of texts, at least one; none of them empty */
    PARAM_LIST,   /* the same, or one text */
    PARAM_OBJECT, /* behind the `?` as JSON */
    PARAM_STATE   /* of a job: 0 1 2, done running failure; a number */
};

struct param {
    const char *name;
    enum param_type type;
    bool required;
    long long min, max; /* PARAM_NUMBER */
    const char *wrong;  /* what is answered; NULL: made of its name */
    const char *help;   /* a sentence, for people */
};

struct params {
    const struct param *list;
    size_t count;
};

/* NULL and the values, or an error text (free()). */
MUST_CHECK char *params_of_query(const struct params *p,
                                 const struct http_query *q, json_t **out);
MUST_CHECK char *params_of_body(const struct params *p, const json_t *body,
                                json_t **out);

/* What JSON Schema says of it; a new object. */
json_t *params_schema(const struct param *p);

#endif
