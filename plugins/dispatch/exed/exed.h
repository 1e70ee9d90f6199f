/*
 * exed: the HTTP face of the dispatcher, as EXEd spoke it, and what we have
 * added to it (doc/exed.md). It plugs into the listener host as face `http`.
 *
 * The dispatcher is known by its header only; what EXEd's endpoints are is in
 * tables (endpoint.h), a file for each family of them.
 */
#ifndef PLUGINS_DISPATCH_EXED_EXED_H
#define PLUGINS_DISPATCH_EXED_EXED_H

#include "dispatcher/dispatcher.h"
#include "lib/listen.h"
#include "lib/loop.h"

struct auth;
struct conf;
struct exed;

/* All are borrowed. */
struct exed *exed_new(struct loop *l, struct dispatch *d, struct auth *auth);
/* Settings that may change while it runs. */
void exed_configure(struct exed *e, const struct conf *conf);
/* Requests that wait are answered, streams end: before connections close. */
void exed_stop(struct exed *e, const char *why);
/* When all its connections are closed or freed. NULL is fine. */
void exed_free(struct exed *e);

/* Its ctx is the struct exed. */
const struct listen_face *exed_face(void);

#endif
