/*
 * The inside of TLS, for tls*.c only: tls.c reads files into contexts,
 * tls_session.c is a connection's life, tls_error.c finds words for what went
 * wrong.
 */
#ifndef MUSTER_LIB_TLS_IMPL_H
#define MUSTER_LIB_TLS_IMPL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

#include "lib/tls.h"

#define TLS_NAMES_MAX 16  /* of a peer's certificate that are looked at */
#define TLS_ERROR_MAX 512 /* a text of tls_error(), with NUL */

/* What was read from files: immutable, counted by its users. */
struct tls_ctx {
    unsigned refs;
    SSL_CTX *server; /* NULL: no certificate */
    SSL_CTX *client;
    char *ca;    /* the CAs' file, for messages; NULL: only the system's */
    char *name;  /* expected of servers, or NULL */
    bool system; /* of servers, those whom the system trusts are taken */
    bool has_cert;
    int64_t until, ca_until; /* 0: none */
};

struct tls_session {
    SSL *ssl;
    int fd;          /* borrowed */
    size_t may_read; /* bytes of the socket, in the call at hand */
    struct buf wire; /* of OpenSSL, and not taken by the socket yet */
    struct tls_ctx *ctx;
    bool accepts;   /* we are the server */
    bool open;      /* the handshake is done */
    bool more;      /* see tls_holds_more() */
    char *host;     /* owned; who was dialled, of a client's session */
    char *expected; /* owned; the name that its certificate must have */
    X509 *refused;  /* the peer's certificate, if it was not accepted; owned */
    int depth;      /* … for one so far above it; 0: for itself */
    char *names[TLS_NAMES_MAX]; /* owned; see tls_peer_name() */
    char error[TLS_ERROR_MAX];
};

/* What new sessions are to use, with one user more; NULL and *error. */
struct tls_ctx *tls_ctx_of(struct tls *t, char **error);
void tls_ctx_free(struct tls_ctx *x); /* one user less */

/* The first error of OpenSSL's queue, which it empties, as text: of a file that
 * was read. */
void tls_file_error(char *out, size_t size);
/* What went wrong with a session, into its error; code is of SSL_get_error().
 */
void tls_session_failed(struct tls_session *s, int code, int error);

#endif
