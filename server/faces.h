/*
 * The faces of musterd: the only place that names them. A face is its folder
 * in plugins/registry and a line here.
 */
#ifndef MUSTER_SERVER_FACES_H
#define MUSTER_SERVER_FACES_H

#include <stddef.h>

struct auth;
struct conf;
struct listen_face;
struct listen_host;
struct musterd;
struct tls_conf;

struct face_entry {
    const char *key; /* the setting that holds its address */
    const struct listen_face *(*face)(void);
    void *(*ctx)(struct musterd *m); /* of it; NULL: the musterd itself */
};

const struct face_entry *faces_table(size_t *count);

/* What some of them need before they listen (all borrowed), and its end: after
 * listen_host_free(). */
void faces_open(struct musterd *m, struct listen_host *host, struct auth *auth,
                struct tls_conf *tls, const struct conf *conf);
void faces_close(struct musterd *m);
/* They listen: what follows from where. */
void faces_listening(struct musterd *m, struct listen_host *host);
/* Settings that may change while they run. */
void faces_configure(struct musterd *m, const struct conf *conf);
/* Who waits is told why no answer comes: before connections are closed. */
void faces_stop(struct musterd *m, const char *why);

#endif
