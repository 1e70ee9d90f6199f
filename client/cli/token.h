/*
 * muster token: what its verb and the places that tokens are kept in share. A
 * place is a tokens file, or (another implementation of struct token_place) a
 * registry.
 */
#ifndef MUSTER_CLI_TOKEN_H
#define MUSTER_CLI_TOKEN_H

#include "client/cli/cli.h"
#include "lib/auth/principal.h"

/* Each returns an exit status, after complaining where it is not CLI_OK. */
struct token_place {
    /* p has its hash and is new. */
    int (*create)(struct cli *cli, const char *where,
                  const struct principal *p);
    /* Tells fn those there are; of that name only, unless it is NULL. */
    int (*list)(struct cli *cli, const char *where, const char *name,
                void (*fn)(struct cli *cli, const struct principal *p));
    int (*revoke)(struct cli *cli, const char *where, const char *name);
};

/* token_file.c: where is the path of a tokens file. */
extern const struct token_place token_file_place;
/* token_registry.c: the registry whose admin face the settings, or --admin,
 * name; where is NULL, and name one that a token can have. */
extern const struct token_place token_registry_place;

#endif
