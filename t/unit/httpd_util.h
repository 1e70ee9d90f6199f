/*
 * An HTTP face over a socket pair, with a few routes, and the client's end in
 * the hands of the test.
 */
#ifndef MUSTER_TEST_HTTPD_UTIL_H
#define MUSTER_TEST_HTTPD_UTIL_H

#include <stdbool.h>

#include "lib/auth/auth.h"
#include "lib/httpd.h"
#include "t/unit/fake_time.h"

#define OUTPUT 2000 /* bytes that may wait for the client */
#define L      "Host: localhost\r\n"

struct web {
    struct loop *loop;
    struct httpd *httpd;
    struct auth *auth;
    struct conn *conn;         /* NULL once it is freed */
    int peer;                  /* the client's end; -1 once closed */
    struct http_request *kept; /* by /later and /stream */
    unsigned gone, rooms, posted;
};

/* The one of this program. */
struct web *web(void);

/* For cmocka: a face, and a connection to it. */
int web_setup(void **state);
int web_teardown(void **state);
/* Another connection; the one before is forgotten. */
void web_open(void);

void web_send(const char *text);
/* What has come, without Date, and " EOF" if that has. */
const char *web_received(void);

#define GOES_ON true
#define CLOSES  false

/* The answer to text begins like that; and whether the connection goes on. If
 * not, there is a new one then. */
void assert_answer(const char *text, const char *begins, bool goes_on);

#endif
