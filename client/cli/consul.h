/*
 * The Consul API of a registry (registry.consul), as the verbs kv, services,
 * nodes and event speak it: where it is, with which token, and what its
 * refusals are to this command.
 *
 * Where: --consul, MUSTER_CONSUL or client.consul, CONSUL_HTTP_ADDR, else the
 * host of the first registry, port CONSUL_PORT. Whose token: token_file
 * (MUSTER_TOKEN_FILE), else CONSUL_HTTP_TOKEN.
 *
 * Must not know any route.
 */
#ifndef MUSTER_CLI_CONSUL_H
#define MUSTER_CLI_CONSUL_H

#include <jansson.h>

#include "client/cli/cli.h"
#include "client/cli/http_call.h"
#include "lib/buf.h"
#include "lib/tls.h"

#define CONSUL_PORT       8500
#define CONSUL_VALUE_MAX  (512 * 1024) /* bytes of a value */
#define CONSUL_ANSWER_MAX ((size_t)1024 * 1024 * 1024)

struct consul {
    struct cli *cli;
    struct addr addr;
    char where[ADDR_TEXT_MAX];
    struct tls *tls;
    char *header; /* with the token; NULL: none */
};

/* Finds out where and with what, and makes the loop. False after complaining.
 * consul_end() in either case. */
bool consul_begin(struct consul *c, struct cli *cli);
void consul_end(struct consul *c);

/* A request whose end done() is told; quiet_ms as of http_ask. */
struct http_call *
consul_ask(struct consul *c, const char *method, const char *path,
           const struct buf *body, uint64_t quiet_ms,
           void (*done)(void *arg, const struct http_answer *a), void *arg);

/* Says why there is no good answer, and returns the exit status: nobody there
 * or not allowed CLI_UNREACHED, 404 CLI_NOBODY, else CLI_NO. */
int consul_fail(struct consul *c, const struct http_answer *a);
/* The body as JSON: an answer of status 200; else NULL. */
json_t *consul_json(const struct http_answer *a);
/* Its answer is not what it should be: complains, CLI_NO. */
int consul_strange(struct consul *c);

/*
 * One request, begun, waited for and ended: tell() is called with an answer of
 * status 2xx, and returns the exit status; any other is complained of (a 404
 * says what, if that is not NULL, is not there).
 */
int consul_once(struct cli *cli, const char *method, const char *path,
                const struct buf *body, const char *what,
                int (*tell)(struct consul *c, const struct http_answer *a));

/* -- paths ----------------------------------------------------------------- */

/* Percent-encoded; a slash stays one where the path stays what it is when a
 * server cleans it (not in /a, a//b, a/../b). */
void consul_add_path(struct buf *out, const char *text);
/* ?name=value, or &name=value where a ? is there already; value NULL: the name
 * alone; nothing for a name of NULL. */
void consul_add_query(struct buf *out, const char *name, const char *value);

/* -- what answers hold ----------------------------------------------------- */

/* The text under that key; "" if there is none. */
const char *consul_text(const json_t *object, const char *key);
uint64_t consul_number(const json_t *object, const char *key);

/* Appends bytes made safe for a terminal, or as they are for a pipe. */
void consul_put(struct cli *cli, const char *text, size_t len);
/* Puts the object as a line on stdout, and gives it up. */
void consul_put_json(struct cli *cli, json_t *object);

#endif
