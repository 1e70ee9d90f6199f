/*
 * http: what the handler of a route works with: the request, and its answer.
 *
 * A handler is called when the whole request is there. It either answers and
 * returns HTTP_DONE; or it keeps the request, says with http_on_gone() who is
 * to be told when that goes, returns HTTP_LATER and answers when it can; or it
 * begins a stream and feeds it as long as there is something to say:
 *
 *   handler --HTTP_DONE----------------------------------> answered
 *      '----HTTP_LATER--> http_reply() -------------------> answered
 *      '----HTTP_LATER--> http_stream(), http_stream_add()…, http_stream_end()
 *
 * (Who keeps the request may return HTTP_DONE as well: what counts is that
 * somebody is to be told.)
 *
 * The client may go away meanwhile, or its token, or the daemon goes down: then
 * that function is called, once, and the request must be forgotten: it is freed
 * afterwards. An answer ends the request as well, and nothing is told then.
 * Ending it twice does no harm as long as the turn of the loop lasts in which
 * it ended.
 *
 * Handlers see no sockets and no connection: only this.
 */
#ifndef MUSTER_LIB_HTTP_H
#define MUSTER_LIB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/http_route.h"

struct http_request;
struct principal;

/* -- what is asked --------------------------------------------------------- */

/* One enum http_method. HEAD is handled as GET: its body is not sent. */
unsigned http_method(const struct http_request *r);
/* The path as it came, before any `?`. */
const char *http_path(const struct http_request *r);
/* A :name or *name of the route's path, decoded, without a NUL in it. */
const char *http_param(const struct http_request *r, const char *name);
/* The first of that name behind the `?`; "" if it has no value, NULL if it is
 * not there. */
const char *http_query(const struct http_request *r, const char *name);
const struct http_query *http_query_all(const struct http_request *r);
/* The first header of that name; NULL if there is none. */
const char *http_header(const struct http_request *r, const char *name);
/* The body; *len 0 and "" without one. NUL-terminated. */
const char *http_body(const struct http_request *r, size_t *len);
const struct http_route *http_route(const struct http_request *r);
/* What the handler is called with. */
void *http_context(const struct http_request *r);

/* The peer as text, "127.0.0.1:40123"; and whether it is this machine. */
const char *http_peer(const struct http_request *r);
bool http_is_local(const struct http_request *r);

/* The token shown, of a face that looks at them itself (httpd.h): NULL for
 * none; what makes no sense is none. And it is overwritten. */
const char *http_token(const struct http_request *r);
void http_forget_token(struct http_request *r);
/* The same of all that stand behind the `?` by that name: they are "" then. */
void http_forget_query(struct http_request *r, const char *name);

/* From now on it is asked on behalf of p, which is held: revoked, the
 * connection ends. */
void http_set_principal(struct http_request *r, struct principal *p);
/* On whose behalf it is asked: of the token shown, or of the connection. */
const struct principal *http_principal(const struct http_request *r);

/* -- what is answered ------------------------------------------------------ */

/* A header for the answer to come. Control characters in value become blanks.
 */
void http_add_header(struct http_request *r, const char *name,
                     const char *value);

/* Lines that are ours, each ended by CR LF. */
void http_add_lines(struct http_request *r, const char *lines, size_t len);

/* The whole answer; type NULL: no body. */
void http_reply(struct http_request *r, int status, const char *type,
                const void *body, size_t len);
/* The same with JSON, which is freed. */
struct json_t;
void http_reply_json(struct http_request *r, int status, struct json_t *json);
/* An error as the face writes it: {"status":404,"error":"..."}. */
void http_reply_error(struct http_request *r, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* What he who asks lacks a right for, and is told by an error: it is counted,
 * logged and audited as a refusal. */
void http_refused(struct http_request *r, const char *why);

/* Begins an answer whose length is not known. */
void http_stream(struct http_request *r, int status, const char *type);
/* A piece of it. False when enough waits to be sent: no more until on_room
 * says so (what is added all the same is sent too). */
bool http_stream_add(struct http_request *r, const void *bytes, size_t len);
/* It is complete; or it is not, and the client shall notice. */
void http_stream_end(struct http_request *r);
void http_stream_fail(struct http_request *r, const char *why);
/* True if more can be added. */
bool http_stream_has_room(const struct http_request *r);

/* Who keeps the request is told that it goes: see above. */
void http_on_gone(struct http_request *r,
                  void (*fn)(struct http_request *r, void *arg), void *arg);
/* A stream has room again. */
void http_on_room(struct http_request *r,
                  void (*fn)(struct http_request *r, void *arg), void *arg);
/* True once it is answered, or nobody is there for an answer. */
bool http_is_over(const struct http_request *r);

/* "Not Found". */
const char *http_status_text(int status);

#endif
