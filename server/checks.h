/*
 * The checks of the directory, run: what the prober is to do is read from it,
 * and what comes of it goes there.
 *
 *   directory: a check comes, changes, goes --> prober
 *   prober: what came of it --> directory_check()
 *   a service with attributes check.… --> its checks, in the directory
 *
 * A check that does something has a definition: the line of probe.h; one that
 * a service's own attributes ask for has the word `attrs` before it. What
 * begins with `told` is run elsewhere, and kept for who does that: nothing here
 * looks at it.
 *
 * Must not know faces.
 */
#ifndef MUSTER_SERVER_CHECKS_H
#define MUSTER_SERVER_CHECKS_H

#include <stdbool.h>

#include "lib/conf.h"
#include "server/probe.h"
#include "server/state/directory.h"

#define CHECKS_OF_ATTRS  "attrs"
#define CHECKS_ELSEWHERE "told "

struct checks;
struct musterd;

/* After directory_new(), before the replay. */
struct checks *checks_new(struct musterd *m, const struct conf *conf);
/* Settings that may change while it runs. */
void checks_configure(struct checks *k, const struct conf *conf);
/* Before directory_start(), which may tell of checks that were kept. */
void checks_start(struct checks *k);
/* Before the directory. NULL is fine. */
void checks_free(struct checks *k);

/*
 * A TTL is told how it is: its time begins anew, and the directory knows when
 * done() is called (it may be before this returns). False: there is no such
 * check, or it is none of TTL; done is not called.
 */
bool checks_tell(struct checks *k, const char *node, const char *id,
                 enum dir_status status, const char *output, dir_done_fn *done,
                 void *arg);
/* A TTL was asked for anew: its time begins anew. */
void checks_renew(struct checks *k, const char *node, const char *id);
/* Whether scripts are run. */
bool checks_run_scripts(const struct checks *k);

#endif
