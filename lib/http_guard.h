/*
 * What keeps other people's web pages off an HTTP face, by the head of a
 * request alone. Pure.
 *
 * A page that a browser shows may make that browser ask us, from within our
 * own network. Two things give it away. Its own name stands in Host, even when
 * that name was made to lead to us (DNS rebinding): a Host is taken only if it
 * is an address, localhost, or one of the names we have. And a request from
 * another site says so in Origin and Sec-Fetch-Site: it may change nothing.
 *
 * Must not know tokens' meaning; they are only found here.
 */
#ifndef MUSTER_LIB_HTTP_GUARD_H
#define MUSTER_LIB_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/http_head.h"

/* host as it stands in a request, with or without a port. names may be of any
 * case. */
bool http_host_ok(const char *host, const char *const *names, size_t count);

/* True unless the request says that a page of another site sends it. */
bool http_same_site(const struct http_head *h);

/* True if the header says that the body is of that type (parameters aside). */
bool http_type_is(const struct http_head *h, const char *type);

/*
 * The token shown: "Authorization: Bearer TOKEN" or "X-Consul-Token: TOKEN".
 * NULL when none is. False if what is shown makes no sense: another scheme, no
 * text, two of them that differ.
 */
bool http_token_find(const struct http_head *h, const char **token);
/* Overwrites it, in the head and in the line that it came in. */
void http_token_forget(struct http_head *h);
void http_line_forget(char *line, size_t len);

#endif
