/*
 * Certificates made on the spot, and a client of TLS in the hands of the test:
 * OpenSSL over memory, whose bytes the test carries to and from a socket, in
 * pieces as small as it likes.
 */
#ifndef MUSTER_TEST_TLS_UTIL_H
#define MUSTER_TEST_TLS_UTIL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/tls.h"

/* A folder with ca.pem, and NAME.pem and NAME.key for each name. */
void certs_begin(void);
void certs_end(void);
/* The path of a file there; of the test until the next but seven. */
const char *certs_path(const char *file);
/* NAME: made for 127.0.0.1 and localhost, days from now on (0: expired). */
void certs_issue(const char *name, int days);

struct tls_peer {
    struct loop *loop; /* of the other end */
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    int fd;        /* a socket that does not block; closed with it */
    size_t step;   /* bytes carried at once */
    size_t window; /* bytes read from the socket before it is stopped; 0: all */
    struct buf got; /* what came, as plain text */
    bool eof;       /* the other end said that it sends no more */
    bool cut;       /* … the socket did */
    bool failed;    /* OpenSSL says no */
};

/* fd is taken over. cert NULL: none is shown. */
void peer_begin(struct tls_peer *p, struct loop *l, int fd, const char *cert);
void peer_end(struct tls_peer *p);
/* Carries bytes until nothing moves any more, and reads what came. */
void peer_pump(struct tls_peer *p);
/* Encrypts; carried by the next pump. */
void peer_say(struct tls_peer *p, const char *text);
/* Carries what was encrypted, in one piece, and lets nobody else run. */
void peer_push(struct tls_peer *p);

#endif
