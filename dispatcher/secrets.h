/*
 * The secret arguments of a job, named by `.secret NAME`: what they are is for
 * the worker alone. Nobody is shown them, and once the job is done they are
 * overwritten, here and in the store.
 *
 * Pure.
 */
#ifndef DISPATCHER_SECRETS_H
#define DISPATCHER_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "dispatcher/dispatcher.h"
#include "lib/buf.h"
#include "lib/mem.h"

#define SECRETS_MAX   32    /* of one job */
#define SECRET_HIDDEN "***" /* is shown in the place of one */

/* The value of `.secret`: names with commas between them, added to those there
 * are. What it should have been, or NULL. */
const char *secrets_set(struct dispatch_spec *s, const char *names);
void secrets_write(const struct dispatch_spec *s, struct buf *value);

/* Whether nobody is shown the argument of that name. */
bool spec_is_secret(const struct dispatch_spec *s, const char *name);
/* Why it cannot run with the secrets it has (free()), or NULL. */
MUST_CHECK char *secrets_wrong(const struct dispatch_spec *s);
/* Overwrites their values: they are empty from now on. */
void secrets_forget(struct dispatch_spec *s);
/* For the end of s. */
void secrets_free(struct dispatch_spec *s);

#endif
