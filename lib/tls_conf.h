/*
 * TLS by its settings (tls.*), as every program that runs for long wants it:
 * read at the start, again at SIGHUP and when a file has changed. What is no
 * good then is told in the log and as a metric, and the old goes on. From two
 * weeks before a certificate ends the log says so, once a day.
 *
 * Must not know who speaks TLS with it, nor OpenSSL.
 */
#ifndef MUSTER_LIB_TLS_CONF_H
#define MUSTER_LIB_TLS_CONF_H

#include "lib/conf.h"
#include "lib/loop.h"
#include "lib/tls.h"

struct tls_conf;

/* The settings as options of one who dials; the texts are conf's. */
struct tls_options tls_conf_options(const struct conf *conf);

/* NULL when the settings or the files are no good, which has been logged. */
struct tls_conf *tls_conf_new(struct loop *l, const struct conf *conf);
void tls_conf_free(struct tls_conf *t); /* NULL is fine */
/* What to speak TLS with; as long as t is there. */
struct tls *tls_conf_tls(const struct tls_conf *t);
/* SIGHUP: new settings, and the files once more. */
void tls_conf_reload(struct tls_conf *t, const struct conf *conf);
/* NULL, or why the last reading was no good: the old certificate is used. */
const char *tls_conf_wrong(const struct tls_conf *t);

#endif
