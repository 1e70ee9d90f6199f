/*
 * What settings and the tokens file say of who may do what, into effect: what
 * the main of every daemon does at its start and after a reload.
 *
 * Must not know any one program.
 */
#ifndef MUSTER_LIB_AUTH_AUTH_CONF_H
#define MUSTER_LIB_AUTH_AUTH_CONF_H

#include "lib/auth/auth.h"
#include "lib/auth/tokens.h"
#include "lib/conf.h"

/* What the files that settings name hold, beside the settings themselves. */
struct auth_files {
    struct tokens *tokens; /* owned; of auth.tokens; NULL: not set */
    char *token;           /* owned; of token_file; NULL: not set */
};

/* Reads them for one of `programs`. False, and every mistake in errs, if
 * anything is wrong with them or with auth.anonymous. */
__attribute__((warn_unused_result)) bool
auth_files_read(struct auth_files *f, const struct conf *conf,
                unsigned programs, struct conf_errors *errs);
void auth_files_free(struct auth_files *f); /* all zero again */

/* The tokens of the file in the place of those it had before: a token that is
 * no longer there, or is another, takes its connections with it. */
void auth_conf_apply(struct auth *a, const struct conf *conf,
                     const struct auth_files *f);

#endif
