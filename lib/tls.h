/*
 * TLS: certificates and what is trusted (struct tls), and one connection's
 * share of it (struct tls_session), on a descriptor that does not block.
 *
 * A struct tls is made by options that name files; tls_load() exchanges what
 * was read for what is in the files now, or leaves it when that is no good.
 * Sessions go on with what they began with.
 *
 *   handshake --> open --(close_notify of either side)--> half closed
 *
 * A peer's close_notify is the end of its stream (TLS_EOF), ours the end of
 * ours; each side may go on after the other's. A stream that breaks off without
 * one was cut by somebody: TLS_FAILED, for what came last may be a part only.
 *
 * TLS 1.2 and 1.3, no compression, no renegotiation, no resumption (every
 * connection proves itself); the name or address that was dialled must be in
 * the certificate's subjectAltName. A certificate of a client must be signed by
 * the CA that is named: the system's are no proof of anything there.
 *
 * libssl is known here and nowhere else. Must not know settings, the loop,
 * lines. One struct tls and its sessions belong to one thread.
 */
#ifndef MUSTER_LIB_TLS_H
#define MUSTER_LIB_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls;
struct tls_session;

/* Whether a listener asks the peer for a certificate. */
enum tls_client { TLS_CLIENT_OFF, TLS_CLIENT_OPTIONAL, TLS_CLIENT_REQUIRED };

/* Files are PEM; texts are copied. Any may be NULL. */
struct tls_options {
    const char *cert; /* ours, and what leads from it to the CA */
    const char *key;  /* NULL: in the file of cert */
    const char *ca;   /* who signs peers' certificates; NULL: for servers, those
                         whom the system trusts */
    const char *name; /* in a server's certificate; NULL: the host dialled */
    enum tls_client client;
    bool only_13;    /* nothing below TLS 1.3 */
    bool system_too; /* of servers, those whom the system trusts are trusted
                        beside ca */
    bool any_server; /* of servers any certificate is taken: for who only wants
                        to know whether one answers, and says no secret */
};

/*
 * Reads the files, if any are named. NULL and *error (to be freed) when they
 * are no good. A certificate that has expired is taken: see tls_until().
 */
struct tls *tls_new(const struct tls_options *o, char **error);
/*
 * Reads them again, by these options. False and *error when anything about them
 * is wrong, an expired certificate included: then what was read before stays in
 * use. */
__attribute__((warn_unused_result)) bool
tls_load(struct tls *t, const struct tls_options *o, char **error);
/* Whether the files are others than at the last tls_new() or tls_load(),
 * whatever came of it. */
bool tls_files_changed(const struct tls *t);
/* The options of the last tls_new() or tls_load(). */
const struct tls_options *tls_options(const struct tls *t);
void tls_free(struct tls *t); /* sessions may outlive it; NULL is fine */

/* Whether there is a certificate to listen with. */
bool tls_can_serve(const struct tls *t);

/* Until when (seconds of the epoch) the first of them ends: of our own
 * certificate and its chain, of the CAs. 0: there is none. */
int64_t tls_until(const struct tls *t);
int64_t tls_ca_until(const struct tls *t);

/* -- sessions -------------------------------------------------------------- */

enum tls_result {
    TLS_DONE,       /* it is done, wholly or in part */
    TLS_WANT_READ,  /* again when the descriptor can be read */
    TLS_WANT_WRITE, /* again when it can be written */
    TLS_EOF,        /* the peer has ended its stream */
    TLS_FAILED      /* for good: tls_error() */
};

/* fd is borrowed. tls_can_serve() must hold. */
struct tls_session *tls_accept(struct tls *t, int fd);
/* host: the name or address whose certificate is expected. NULL and *error (to
 * be freed) when there is nothing to check it with. */
struct tls_session *tls_connect(struct tls *t, int fd, const char *host,
                                char **error);
void tls_session_free(struct tls_session *s); /* NULL is fine */

/* A step of the handshake; TLS_DONE: the session is open. */
enum tls_result tls_handshake(struct tls_session *s);
bool tls_is_open(const struct tls_session *s);
/* TLS_DONE: *n > 0 bytes came. */
enum tls_result tls_read(struct tls_session *s, void *to, size_t size,
                         size_t *n);
/* Bytes may wait in here, of which the descriptor knows nothing: read once
 * more. False after TLS_WANT_READ. */
bool tls_holds_more(const struct tls_session *s);
/* True while bytes are held that the descriptor has not taken: tls_write(), if
 * need be of nothing, when it can be written. */
bool tls_holds_output(const struct tls_session *s);
/* TLS_DONE: *n bytes are taken, of some at least one. */
enum tls_result tls_write(struct tls_session *s, const void *from, size_t len,
                          size_t *n);
/* Ends our stream (close_notify), once what was written is out. */
enum tls_result tls_close(struct tls_session *s);
/* What went wrong, for people: "the certificate of a has expired". */
const char *tls_error(const struct tls_session *s);
/* The names in the peer's verified certificate, from 0: its subject's common
 * name, then the DNS names of its subjectAltName. NULL: there are no more, or
 * it has shown none. */
const char *tls_peer_name(const struct tls_session *s, unsigned i);
/* "TLSv1.3" */
const char *tls_version(const struct tls_session *s);

#endif
