#include <stdlib.h>
#include <string.h>

#include "lib/auth/ask.h"
#include "lib/http_guard.h"
#include "lib/httpd_impl.h"
#include "lib/log.h"
#include "lib/mem.h"

#define CHUNK_LINE_MAX 256 /* a chunk's size and what may stand behind it */

static enum conn_verdict complete(struct http_request *r)
{
    r->taking = TAKEN;
    return httpd_run(r);
}

/* What it is to those who count and audit refusals of whatever face. */
static enum refusal class_of(enum httpd_refused what, int status)
{
    if (what != HTTPD_RIGHT)
        return REFUSED_REQUEST;
    return status == 401 ? REFUSED_TOKEN : REFUSED_RIGHT;
}

enum conn_verdict httpd_refuse(struct http_request *r, enum httpd_refused what,
                               int status, const char *why)
{
    bool whole = r->taking == TAKEN || (r->taking == TAKE_BODY &&
                                        !r->head.length && !r->head.chunked);

    r->h->counts.refused[what]++;
    r->keep = r->keep && whole;
    r->taking = TAKEN;
    conn_refused(r->hc->c, class_of(what, status), "%d %s", status, why);
    http_reply_error(r, status, "%s", why);
    return httpd_run(r);
}

/* -- what is settled before the body is read ------------------------------- */

static int check_body(struct http_request *r, const char **why)
{
    const struct http_route *route = r->match.route;

    if (!r->head.length && !r->head.chunked)
        return 0;
    r->body_max =
        r->h->face->body ? r->h->face->body(r, r->h->ctx) : route->body;
    *why = r->body_max ? "the body is too long" : "no body is taken here";
    if (r->head.length > r->body_max || !r->body_max)
        return 413;
    *why = "the body must be application/json (Content-Type)";
    if (route->demands & HTTP_JSON &&
        !http_type_is(&r->head, "application/json"))
        return 415;
    *why = "the body must be application/octet-stream (Content-Type)";
    if (route->demands & HTTP_BYTES &&
        !http_type_is(&r->head, "application/octet-stream"))
        return 415;
    return 0;
}

static void token_answered(void *arg, struct principal *p,
                           enum ask_answer answer, const char *why);

void httpd_unask(struct http_request *r)
{
    if (r->asking)
        ask_gone(auth_ask(r->h->auth), r);
    r->asking = false;
}

/* One that is not known here: 0, or the status of the refusal. */
static int ask_about(struct http_request *r, const char *token,
                     const char **why)
{
    struct ask *ask = r->h->auth ? auth_ask(r->h->auth) : NULL;
    enum ask_begun begun = ASK_NEVER;

    *why = "unknown or expired token";
    if (ask)
        begun =
            ask_token(ask, conn_peer(r->hc->c), token, token_answered, r, why);
    if (begun == ASK_WAITS)
        r->asking = true;
    if (begun == ASK_BUSY)
        http_add_header(r, "Retry-After", "1");
    if (begun == ASK_NEVER)
        http_add_header(r, "WWW-Authenticate", "Bearer");
    return begun == ASK_WAITS ? 0 : begun == ASK_BUSY ? 503 : 401;
}

/* On whose behalf it is asked. */
static int check_token(struct http_request *r, const char **why)
{
    struct principal *p = conn_principal(r->hc->c);
    const char *token;

    if (r->h->face->ways & HTTPD_OWN_TOKENS) {
        principal_hold(p, &r->holder);
        return 0;
    }
    *why = "the token shown makes no sense: it is shown as \"Authorization: "
           "Bearer TOKEN\" or \"X-Consul-Token: TOKEN\", once";
    if (!http_token_find(&r->head, &token))
        return 400;
    r->showed = token != NULL;
    if (token)
        p = r->h->auth ? auth_by_token(r->h->auth, token, strlen(token)) : NULL;
    if (!p)
        return ask_about(r, token, why);
    principal_hold(p, &r->holder);
    return 0;
}

/* A head stays as long as its request, which may be long; no token with it. */
static int take_token(struct http_request *r, const char **why)
{
    int status = check_token(r, why);

    if (!(r->h->face->ways & HTTPD_OWN_TOKENS))
        http_token_forget(&r->head);
    return status;
}

/* A name that the face takes as well. */
static bool own_name(const struct http_request *r)
{
    const char *host = http_head_text(&r->head, r->head.host);
    size_t len = strcspn(host, ":");
    char name[256];

    if (!len || len >= sizeof(name) ||
        (host[len] && host[len + 1 + strspn(host + len + 1, "0123456789")]))
        return false;
    memcpy(name, host, len);
    name[len - (host[len - 1] == '.')] = '\0';
    return r->h->face->host(name, r->h->ctx);
}

/* A token that is known is shown, which no page of another site has. */
static bool shows_token(const struct http_request *r)
{
    const struct httpd_face *face = r->h->face;
    const char *token;

    if (!(face->ways & HTTPD_OWN_TOKENS))
        return r->showed;
    token = http_token(r);
    return token && face->knows && face->knows(token, r->h->ctx);
}

static int check_host(const struct http_request *r, const char **why)
{
    const struct httpd *h = r->h;

    *why = "the Host asked for is none of ours: use an address, or name it in "
           "http.hosts";
    if (!r->head.host ||
        http_host_ok(http_head_text(&r->head, r->head.host),
                     (const char *const *)h->names, h->n_names) ||
        (h->face->host && own_name(r)) || shows_token(r))
        return 0;
    return 421;
}

/* All but the token. */
static int check(struct http_request *r, enum httpd_refused *what,
                 const char **why)
{
    static const unsigned harmless = HTTP_GET | HTTP_HEAD | HTTP_OPTIONS;
    int status;

    *what = HTTPD_HOST;
    status = check_host(r, why);
    if (status)
        return status;
    *what = HTTPD_PATH;
    status = httpd_find_route(r, why);
    if (status)
        return status;
    *what = HTTPD_SITE;
    *why = "a page of another site may change nothing here";
    if ((!(r->head.method & harmless) ||
         (r->match.route && r->match.route->demands & HTTP_CHANGES)) &&
        !http_same_site(&r->head))
        return 403;
    status = check_body(r, why);
    *what = status == 413 ? HTTPD_TOO_BIG : HTTPD_TYPE;
    if (status)
        return status;
    *what = HTTPD_RIGHT;
    return r->h->face->admit ? r->h->face->admit(r, r->h->ctx, why) : 0;
}

/* It is known on whose behalf it is asked. */
static enum conn_verdict head_known(struct http_request *r)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct conn *c = r->hc->c;
    enum httpd_refused what;
    const char *why = "";
    int status = check(r, &what, &why);

    if (status == 204 || status == 301 ||
        (status == 0 && r->head.method == HTTP_OPTIONS && !r->match.route)) {
        r->keep = r->keep && !r->head.length && !r->head.chunked;
        httpd_path_answer(r, status);
        return complete(r);
    }
    if (status)
        return httpd_refuse(r, what, status, why);
    if (!r->head.length && !r->head.chunked)
        return complete(r);
    if (r->head.expects) {
        buf_add_str(conn_out(c), go_on);
        conn_flush(c);
    }
    if (r->head.chunked)
        r->taking = TAKE_CHUNK;
    else
        conn_take_bytes(c, r->head.length);
    return CONN_NEXT;
}

static enum conn_verdict head_done(struct http_request *r)
{
    const char *why = "";
    int status;

    r->keep = r->head.keep;
    r->taking = TAKE_BODY;
    status = take_token(r, &why);
    if (status)
        return httpd_refuse(r, HTTPD_RIGHT, status, why);
    return r->asking ? CONN_WAIT : head_known(r);
}

static void token_answered(void *arg, struct principal *p,
                           enum ask_answer answer, const char *why)
{
    struct http_request *r = arg;
    struct conn *c = r->hc->c;
    enum conn_verdict verdict;

    r->asking = false;
    if (p) {
        principal_hold(p, &r->holder);
        verdict = head_known(r);
    } else {
        http_add_header(
            r, answer == ASK_SILENT ? "Retry-After" : "WWW-Authenticate",
            answer == ASK_SILENT ? "1" : "Bearer");
        verdict =
            httpd_refuse(r, HTTPD_RIGHT, answer == ASK_SILENT ? 503 : 401, why);
    }
    if (verdict == CONN_NEXT)
        conn_resume(c);
}

/* -- the body -------------------------------------------------------------- */

static enum conn_verdict broken(struct http_request *r, const char *why)
{
    return httpd_refuse(r, HTTPD_BROKEN, 400, why);
}

/* "1f" or "1F;name=value" */
static bool chunk_size(const char *line, size_t len, uint64_t *size)
{
    size_t digits = strspn(line, "0123456789abcdefABCDEF"), i;

    if (!digits || digits > 15 || len > CHUNK_LINE_MAX ||
        (line[digits] && !strchr("; \t", line[digits])) || strlen(line) != len)
        return false;
    for (i = digits; i < len; i++)
        if ((unsigned char)line[i] < ' ' && line[i] != '\t')
            return false;
    *size = strtoull(line, NULL, 16);
    return true;
}

static enum conn_verdict take_chunk(struct http_request *r, const char *line,
                                    size_t len)
{
    if (!chunk_size(line, len, &r->left))
        return broken(r, "a chunk of the body does not say its size");
    if (!r->left) {
        r->taking = TAKE_TRAILERS;
        return CONN_NEXT;
    }
    if (r->left > r->body_max - buf_len(&r->body))
        return httpd_refuse(r, HTTPD_TOO_BIG, 413, "the body is too long");
    r->taking = TAKE_CHUNK_BYTES;
    conn_take_bytes(r->hc->c, r->left);
    return CONN_NEXT;
}

/* What stands in trailers is of no use to anybody; it must be well-formed. */
static enum conn_verdict take_trailer(struct http_request *r, size_t len)
{
    if (!len)
        return complete(r);
    r->head.seen += len + 2;
    if (r->head.seen > r->head.max)
        return httpd_refuse(r, HTTPD_TOO_BIG, 431, "the trailers are too long");
    return CONN_NEXT;
}

enum conn_verdict httpd_take_bytes(struct http_request *r, const char *bytes,
                                   size_t len)
{
    buf_add(&r->body, bytes, len);
    r->h->counts.body += len;
    if (r->taking == TAKE_BODY && buf_len(&r->body) == r->head.length)
        return complete(r);
    if (r->taking == TAKE_CHUNK_BYTES && !(r->left -= len))
        r->taking = TAKE_CHUNK_END;
    return CONN_NEXT;
}

/* -- lines ----------------------------------------------------------------- */

static enum conn_verdict take_head(struct http_request *r, char *line,
                                   size_t len)
{
    const char *why = "";
    int status;

    if (r->taking == TAKE_FIRST)
        status = http_head_first(&r->head, line, len, &why);
    else
        status = http_head_line(&r->head, line, len, &why);
    http_line_forget(line, len);
    r->taking = TAKE_HEADERS;
    if (status == HTTP_HEAD_MORE)
        return CONN_NEXT;
    if (status == HTTP_HEAD_DONE)
        return head_done(r);
    return httpd_refuse(
        r, status == 414 || status == 431 ? HTTPD_TOO_BIG : HTTPD_BROKEN,
        status, why);
}

enum conn_verdict httpd_take_line(struct http_request *r, char *line,
                                  size_t len)
{
    switch (r->taking) {
    case TAKE_FIRST:
    case TAKE_HEADERS: return take_head(r, line, len);
    case TAKE_CHUNK: return take_chunk(r, line, len);
    case TAKE_CHUNK_END:
        if (len)
            return broken(r, "a chunk of the body is longer than it says");
        r->taking = TAKE_CHUNK;
        return CONN_NEXT;
    case TAKE_TRAILERS: return take_trailer(r, len);
    default: return CONN_NEXT;
    }
}

/* Its token is no longer good: what waits for an answer gets none. */
static void revoked(struct principal_holder *holder, const char *why)
{
    struct http_request *r = container_of(holder, struct http_request, holder);

    if (r->hc && !r->over)
        conn_close(r->hc->c, "%s", why);
}

struct http_request *httpd_request_new(struct httpd_conn *hc)
{
    struct http_request *r = xmalloc(sizeof(*r));

    memset(r, 0, offsetof(struct http_request, head));
    http_head_init(&r->head, hc->h->limits.header);
    memset((char *)r + offsetof(struct http_request, match), 0,
           sizeof(*r) - offsetof(struct http_request, match));
    r->h = hc->h;
    r->hc = hc;
    r->holder.revoked = revoked;
    r->began_ms = loop_now(hc->h->loop);
    return r;
}
