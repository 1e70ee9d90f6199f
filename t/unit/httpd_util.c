#include "t/unit/httpd_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mem.h"

struct web *web(void)
{
    static struct web the;

    return &the;
}

/* -- the face -------------------------------------------------------------- */

static enum http_verdict hello(struct http_request *r, void *ctx)
{
    assert_string_equal(ctx, "ctx");
    http_reply(r, 200, "text/plain", "hello\n", 6);
    http_reply(r, 500, "text/plain", "again\n", 6); /* does no harm */
    return HTTP_DONE;
}

/* "name=NAME x=QUERY body=BODY who=PRINCIPAL" */
static enum http_verdict echo(struct http_request *r, void *ctx)
{
    const char *x = http_query(r, "x");
    size_t len;
    const char *body = http_body(r, &len);
    char *text;

    (void)ctx;
    web()->posted++;
    assert_int_equal(strlen(body), len);
    text = xasprintf("name=%s x=%s body=%s who=%s\n", http_param(r, "name"),
                     x ? x : "-", body, http_principal(r)->name);
    http_add_header(r, "X-Injected", "a\r\nb: c");
    http_reply(r, 200, "text/plain", text, strlen(text));
    free(text);
    return HTTP_DONE;
}

static void on_gone(struct http_request *r, void *arg)
{
    assert_ptr_equal(r, web()->kept);
    assert_ptr_equal(arg, &web()->gone);
    web()->kept = NULL;
    web()->gone++;
}

static void on_room(struct http_request *r, void *arg)
{
    (void)arg;
    assert_true(http_stream_has_room(r));
    web()->rooms++;
}

static enum http_verdict later(struct http_request *r, void *ctx)
{
    (void)ctx;
    web()->kept = r;
    http_on_gone(r, on_gone, &web()->gone);
    return HTTP_LATER;
}

static enum http_verdict stream(struct http_request *r, void *ctx)
{
    http_stream(r, 200, "text/event-stream");
    http_on_room(r, on_room, NULL);
    return later(r, ctx);
}

static enum http_verdict forgets(struct http_request *r, void *ctx)
{
    (void)r;
    (void)ctx;
    return HTTP_DONE;
}

static enum http_verdict leaves(struct http_request *r, void *ctx)
{
    (void)ctx;
    http_stream(r, 200, "text/plain");
    http_stream_add(r, "a", 1);
    return HTTP_LATER; /* and nobody keeps it */
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET, .path = "/hello", .handler = hello},
    {.methods = HTTP_PUT | HTTP_POST,
     .path = "/echo/*name",
     .handler = echo,
     .body = 100},
    {.methods = HTTP_POST,
     .path = "/json/:name",
     .handler = echo,
     .demands = HTTP_JSON,
     .body = 100},
    {.methods = HTTP_GET, .path = "/later", .handler = later},
    {.methods = HTTP_GET, .path = "/stream", .handler = stream},
    {.methods = HTTP_GET, .path = "/forgets", .handler = forgets},
    {.methods = HTTP_GET, .path = "/leaves", .handler = leaves},
    {.methods = HTTP_GET, .path = "/secret", .handler = hello, .right = "x"},
};
static const struct http_table table = {rows, ARRAY_LEN(rows)};
static const struct http_table *const tables[] = {&table};

static int admit(struct http_request *r, void *ctx, const char **why)
{
    (void)ctx;
    *why = "it takes a right";
    return http_route(r)->right && http_principal(r)->anonymous ? 403 : 0;
}

static const struct httpd_face face = {.name = "test",
                                       .tables = tables,
                                       .n_tables = 1,
                                       .headers = "X-Face: yes\r\n",
                                       .admit = admit};

/* -- both ends ------------------------------------------------------------- */

static void freed(void *arg)
{
    (void)arg;
    web()->conn = NULL;
}

void web_open(void)
{
    static const struct conn_limits limits = {
        .line = 4000, .output = OUTPUT, .lines_a_turn = 4, .first_ms = 10000};
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds),
                     0);
    web()->peer = fds[1];
    web()->conn =
        conn_new(web()->loop, fds[0], "test#1", &limits, httpd_handler(), NULL);
    conn_on_free(web()->conn, freed, NULL);
    conn_set_handler(web()->conn, httpd_handler(),
                     httpd_open(web()->conn, web()->httpd));
}

int web_setup(void **state)
{
    static const struct httpd_limits limits = {
        .header = 2000, .request_ms = 5000, .idle_ms = 60000, .waiting = 1};

    (void)state;
    web()->loop = loop_new(NULL);
    web()->auth = auth_new(web()->loop);
    web()->httpd = httpd_new(web()->loop, &face, "ctx");
    httpd_set_limits(web()->httpd, &limits);
    httpd_set_auth(web()->httpd, web()->auth);
    web()->kept = NULL;
    web()->gone = web()->rooms = web()->posted = 0;
    web_open();
    return 0;
}

int web_teardown(void **state)
{
    (void)state;
    if (web()->conn)
        conn_abort(web()->conn, "the test is over");
    turns(web()->loop);
    assert_null(web()->conn);
    assert_int_equal(httpd_waiting(web()->httpd), 0);
    httpd_free(web()->httpd);
    auth_free(web()->auth);
    loop_free(web()->loop);
    if (web()->peer >= 0)
        close(web()->peer);
    assert_int_equal(timers_set(), 0);
    return 0;
}

void web_send(const char *text)
{
    assert_int_equal(send(web()->peer, text, strlen(text), MSG_NOSIGNAL),
                     strlen(text));
    turns(web()->loop);
}

/* What has come, without Date, and " EOF" if that has. */
const char *web_received(void)
{
    static char text[1 << 16];
    size_t len = 0;
    ssize_t n;
    char *date, *end;

    turns(web()->loop);
    while ((n = read(web()->peer, text + len, sizeof(text) - 5 - len)) > 0)
        len += (size_t)n;
    memcpy(text + len, n == 0 ? " EOF" : "", n == 0 ? 5 : 1);
    while ((date = strstr(text, "Date: "))) {
        end = strstr(date, "\r\n") + 2;
        memmove(date, end, strlen(end) + 1);
    }
    turns(web()->loop);
    return text;
}

/* The answer to text begins like that; and whether the connection goes on. */
void assert_answer(const char *text, const char *begins, bool goes_on)
{
    const char *got;
    bool eof;

    web_send(text);
    got = web_received();
    if (strncmp(got, begins, strlen(begins)))
        fail_msg("%s\n--- answered\n%s", text, got);
    eof = strlen(got) >= 4 && !strcmp(got + strlen(got) - 4, " EOF");
    if (eof == goes_on)
        fail_msg("%s\n--- %s\n%s", text, eof ? "closed" : "open", got);
    if (!eof)
        return;
    close(web()->peer);
    turns(web()->loop);
    assert_null(web()->conn);
    web_open();
}
