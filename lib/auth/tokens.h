/*
 * The tokens file (auth.tokens): a YAML map of tokens by name, each with the
 * fields of rights.h.
 *
 *   web:
 *     hash: sha256:6b23…
 *     expires: 2027-01-31T00:00:00Z
 *     register: [web*]
 *     set: ['*']
 *     pin: {role: web}
 *     find: all
 *
 * Every mistake in it is told, with file and line; with any there are no
 * tokens at all, so that a reload keeps those it had.
 *
 * Must not know who uses them.
 */
#ifndef MUSTER_LIB_AUTH_TOKENS_H
#define MUSTER_LIB_AUTH_TOKENS_H

#include <stddef.h>

#include "lib/auth/principal.h"
#include "lib/conf.h"

#define TOKENS_MAX 10000 /* tokens of a file */

struct tokens {
    struct principal **list; /* owned, and a reference on each */
    size_t count;
};

/* NULL, and at least one mistake in errs, if anything is wrong. */
__attribute__((warn_unused_result)) struct tokens *
tokens_read(const char *file, struct conf_errors *errs);
/* The same of a text; file is for the places of mistakes. */
__attribute__((warn_unused_result)) struct tokens *
tokens_parse(const char *text, size_t len, const char *file,
             struct conf_errors *errs);
void tokens_free(struct tokens *t); /* NULL is fine */

/* Why a token cannot have that name: a static text; NULL: it can. */
const char *tokens_name_wrong(const char *name);

const struct principal *tokens_find(const struct tokens *t, const char *name);

/*
 * The token that a program shows itself (token_file): the first line of a
 * private file. NULL, and *why to free(). For secret_free().
 */
__attribute__((warn_unused_result)) char *token_read(const char *file,
                                                     char **why);

#endif
