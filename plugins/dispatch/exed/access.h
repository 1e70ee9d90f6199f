/*
 * The access log: a line for each request that was answered, as web servers
 * write them. What stands behind the `?` is left out, for it may hold a
 * command with a secret in it.
 */
#ifndef PLUGINS_DISPATCH_EXED_ACCESS_H
#define PLUGINS_DISPATCH_EXED_ACCESS_H

struct access_log;
struct http_request;

struct access_log *access_new(void);
/* Opens that file, again if it was open; NULL: there is no log. What cannot be
 * opened is told in the daemon's log, and there is none then. */
void access_open(struct access_log *a, const char *path);
void access_write(struct access_log *a, const struct http_request *r,
                  int status, unsigned long long bytes);
void access_free(struct access_log *a); /* NULL is fine */

#endif
