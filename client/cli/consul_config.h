/*
 * A Consul agent's configuration on its way into ours: what was read, merged
 * from all files, and what has become of it.
 *
 * What is understood is taken out of the JSON object; what is left at the end
 * is what nobody knew.
 *
 * Must not know files nor the command line (consul_config.c does).
 */
#ifndef MUSTER_CLI_CONSUL_CONFIG_H
#define MUSTER_CLI_CONSUL_CONFIG_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/buf.h"

#define CONSUL_SECRETS_MAX 4

/* A secret, for a file that only its owner reads. */
struct consul_secret {
    const char *file; /* its name, static */
    char *text;       /* owned; wiped */
};

/* Something that is not translated. */
struct consul_remark {
    char *text; /* owned */
    bool lost;  /* the agent cannot do without it */
};

struct consul_config {
    json_t *in;          /* what is not yet taken */
    const char *dir;     /* where the files will be; "." if they will not */
    struct buf yaml;     /* settings */
    struct buf services; /* entries for registry.static */
    struct consul_secret secrets[CONSUL_SECRETS_MAX];
    unsigned n_secrets;
    struct consul_remark *remarks; /* owned */
    size_t n_remarks;
    char *host;   /* owned; where services without an address are */
    char *http;   /* owned; where the interface will be, for curl */
    bool scripts; /* checks may run them */
};

/* What an agent would not take for its type, of what is translated; owned, or
 * NULL. */
char *consul_config_wrong(json_t *file);

/* Adds one file's object to what was read before, as an agent does: lists are
 * appended, objects merged, the rest replaced. */
void consul_config_merge(struct consul_config *c, json_t *file);

/* The settings, then the services and their checks; what is left over last. */
void consul_config_settings(struct consul_config *c);
void consul_config_services(struct consul_config *c);
void consul_config_rest(struct consul_config *c);
void consul_config_free(struct consul_config *c);

/* -- for its parts --------------------------------------------------------- */

/* The value under that name, taken out of the object; case and underscores do
 * not count. NULL: there is none. */
json_t *consul_take(json_t *object, const char *name);
/* The same of a text (owned; NULL: none, or no text), a truth, a number. */
char *consul_take_text(json_t *object, const char *name);
bool consul_take_bool(json_t *object, const char *name, bool none);
long long consul_take_int(json_t *object, const char *name, long long none);

void consul_remark(struct consul_config *c, bool lost, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
