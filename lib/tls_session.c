#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/mem.h"
#include "lib/tls_impl.h"

/* Kept for a socket that takes nothing, before nothing is read from it either:
 * answers to a peer that asks for new keys again and again. */
#define WIRE_MAX 65536
/* Read in one call: a peer that sends nothing but words to OpenSSL (new keys)
 * must not keep everybody else waiting. The rest is there in the next turn. */
#define CALL_MAX 65536

/* -- the descriptor -------------------------------------------------------- */

/*
 * OpenSSL does not write to the socket by itself. It must never be stopped in
 * the middle of a record: asked by the peer for new keys while one is half
 * written, it gives up the connection. So all that it writes is taken; what the
 * socket does not take is kept here, and goes before anything else is written.
 * Neither could a program be ended by SIGPIPE that has not seen to that.
 */
static int sock_write(BIO *b, const char *from, int len)
{
    struct tls_session *s = BIO_get_data(b);
    ssize_t n = 0;

    if (!buf_len(&s->wire))
        n = send(s->fd, from, (size_t)len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return -1;
    if (n < len)
        buf_add(&s->wire, from + (n > 0 ? n : 0),
                (size_t)(len - (n > 0 ? n : 0)));
    return len;
}

/* TLS_DONE: nothing is kept. */
static enum tls_result wire_flush(struct tls_session *s)
{
    ssize_t n;

    while (buf_len(&s->wire)) {
        n = send(s->fd, buf_data(&s->wire), buf_len(&s->wire), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return TLS_WANT_WRITE;
        if (n < 0) {
            tls_session_failed(s, SSL_ERROR_SYSCALL, errno);
            return TLS_FAILED;
        }
        buf_consume(&s->wire, (size_t)n);
    }
    buf_reset(&s->wire, 0);
    return TLS_DONE;
}

static int sock_read(BIO *b, char *to, int size)
{
    struct tls_session *s = BIO_get_data(b);
    size_t most = (size_t)size < s->may_read ? (size_t)size : s->may_read;
    ssize_t n = most ? recv(s->fd, to, most, 0) : -1;

    BIO_clear_retry_flags(b);
    if (n < 0 && (!most || errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(b);
    if (n > 0)
        s->may_read -= (size_t)n;
    if (n == 0)
        BIO_set_flags(b, BIO_FLAGS_IN_EOF);
    return (int)n;
}

static long sock_ctrl(BIO *b, int what, long number, void *arg)
{
    (void)number;
    (void)arg;
    if (what == BIO_CTRL_EOF)
        return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
    return what == BIO_CTRL_FLUSH;
}

static BIO_METHOD *sock_method;
static CRYPTO_ONCE sock_once = CRYPTO_ONCE_STATIC_INIT;

static void sock_method_make(void)
{
    sock_method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "muster");
    if (!sock_method)
        return;
    BIO_meth_set_write(sock_method, sock_write);
    BIO_meth_set_read(sock_method, sock_read);
    BIO_meth_set_ctrl(sock_method, sock_ctrl);
}

static BIO *sock_bio(struct tls_session *s)
{
    BIO *b = NULL;

    if (CRYPTO_THREAD_run_once(&sock_once, sock_method_make) && sock_method)
        b = BIO_new(sock_method);
    if (!b)
        return NULL;
    BIO_set_data(b, s);
    BIO_set_init(b, 1);
    return b;
}

/* -- its life -------------------------------------------------------------- */

/* Keeps what is not accepted, for the text that says why. */
static int on_verdict(int good, X509_STORE_CTX *store)
{
    SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_session *s = ssl ? SSL_get_app_data(ssl) : NULL;
    X509 *peer = X509_STORE_CTX_get0_cert(store);

    if (good || !s || !peer || s->refused || !X509_up_ref(peer))
        return good;
    s->refused = peer;
    s->depth = X509_STORE_CTX_get_error_depth(store);
    return good;
}

/* Takes over the use of x. NULL: OpenSSL has no memory. */
static struct tls_session *session_new(struct tls_ctx *x, SSL_CTX *ctx, int fd)
{
    struct tls_session *s = xcalloc(1, sizeof(*s));
    BIO *b;

    s->ctx = x;
    s->fd = fd;
    s->ssl = SSL_new(ctx);
    b = s->ssl ? sock_bio(s) : NULL;
    if (!b) {
        tls_session_free(s);
        return NULL;
    }
    SSL_set_bio(s->ssl, b, b);
    SSL_set_app_data(s->ssl, s);
    SSL_set_verify(s->ssl, SSL_get_verify_mode(s->ssl), on_verdict);
    return s;
}

struct tls_session *tls_accept(struct tls *t, int fd)
{
    char *error = NULL;
    struct tls_ctx *x = tls_ctx_of(t, &error);
    struct tls_session *s;

    free(error);
    s = x ? session_new(x, x->server, fd) : NULL;
    if (!s)
        return NULL;
    s->accepts = true;
    SSL_set_accept_state(s->ssl);
    return s;
}

/* The certificate must be for host: a name, or a numeric address (its scope is
 * this machine's affair). */
static bool expect(struct tls_session *s, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(s->ssl);
    size_t len = strcspn(host, "%");
    struct in6_addr v6;
    struct in_addr v4;

    host = s->expected = xstrndup(host, strchr(host, ':') ? len : strlen(host));
    if (inet_pton(AF_INET, host, &v4) == 1 ||
        inet_pton(AF_INET6, host, &v6) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
           SSL_set_tlsext_host_name(s->ssl, host) == 1;
}

struct tls_session *tls_connect(struct tls *t, int fd, const char *host,
                                char **error)
{
    struct tls_ctx *x = tls_ctx_of(t, error);
    struct tls_session *s;

    if (!x)
        return NULL;
    s = session_new(x, x->client, fd);
    if (s)
        s->host = xstrdup(host);
    if (s && expect(s, x->name ? x->name : host)) {
        SSL_set_connect_state(s->ssl);
        return s;
    }
    *error = xasprintf("TLS cannot expect a certificate for %s",
                       x->name ? x->name : host);
    ERR_clear_error();
    tls_session_free(s);
    return NULL;
}

void tls_session_free(struct tls_session *s)
{
    unsigned i;

    if (!s)
        return;
    SSL_free(s->ssl);
    buf_free(&s->wire);
    tls_ctx_free(s->ctx);
    X509_free(s->refused);
    free(s->host);
    free(s->expected);
    for (i = 0; i < TLS_NAMES_MAX; i++)
        free(s->names[i]);
    free(s);
}

/* -- steps ----------------------------------------------------------------- */

/* What OpenSSL's answer to the call just made means. */
static enum tls_result result_of(struct tls_session *s, int answer)
{
    int error = errno, code = SSL_get_error(s->ssl, answer);

    s->more = false;
    switch (code) {
    case SSL_ERROR_WANT_READ: return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN: return TLS_EOF;
    default: tls_session_failed(s, code, error); return TLS_FAILED;
    }
}

/* A text of a certificate that is a name: nothing that does not print. */
static char *name_of(const ASN1_STRING *text)
{
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, text), i;
    char *name = NULL;

    for (i = 0; i < len && utf8[i] > ' ' && utf8[i] < 0x7f; i++)
        ;
    if (len > 0 && i == len)
        name = xstrndup((char *)utf8, (size_t)len);
    OPENSSL_free(utf8);
    return name;
}

/* Takes it over; one that is no name, or one too many, is not kept. */
static void name_add(struct tls_session *s, char *name)
{
    unsigned i;

    for (i = 0; name && i < TLS_NAMES_MAX; i++) {
        if (s->names[i])
            continue;
        s->names[i] = name;
        return;
    }
    free(name);
}

static void names_read(struct tls_session *s, X509 *x)
{
    const X509_NAME *subject = X509_get_subject_name(x);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1), i;
    GENERAL_NAMES *names =
        X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

    if (at >= 0)
        name_add(s, name_of(X509_NAME_ENTRY_get_data(
                        X509_NAME_get_entry(subject, at))));
    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

        if (n->type == GEN_DNS)
            name_add(s, name_of(n->d.dNSName));
    }
    GENERAL_NAMES_free(names);
}

enum tls_result tls_handshake(struct tls_session *s)
{
    enum tls_result sent = wire_flush(s), result;
    X509 *x;
    int answer;

    if (sent != TLS_DONE || s->open)
        return sent;
    s->may_read = CALL_MAX;
    ERR_clear_error();
    answer = SSL_do_handshake(s->ssl);
    if (answer != 1) {
        result = result_of(s, answer);
        sent = result == TLS_WANT_READ ? wire_flush(s) : TLS_DONE;
        return sent == TLS_DONE ? result : sent;
    }
    s->open = true;
    s->more = SSL_has_pending(s->ssl);
    x = SSL_get0_peer_certificate(s->ssl);
    if (x && SSL_get_verify_result(s->ssl) == X509_V_OK)
        names_read(s, x);
    return wire_flush(s);
}

bool tls_is_open(const struct tls_session *s)
{
    return s->open;
}

enum tls_result tls_read(struct tls_session *s, void *to, size_t size,
                         size_t *n)
{
    enum tls_result sent;
    int answer;

    if (buf_len(&s->wire) > WIRE_MAX) {
        sent = wire_flush(s);
        if (sent != TLS_DONE)
            return sent;
    }
    s->may_read = CALL_MAX;
    ERR_clear_error();
    answer = SSL_read_ex(s->ssl, to, size, n);
    /* of what is held after a failure nothing can be read before more comes */
    s->more = answer == 1 && SSL_has_pending(s->ssl);
    return answer == 1 ? TLS_DONE : result_of(s, answer);
}

bool tls_holds_more(const struct tls_session *s)
{
    return s->more;
}

bool tls_holds_output(const struct tls_session *s)
{
    return buf_len(&s->wire) > 0;
}

enum tls_result tls_write(struct tls_session *s, const void *from, size_t len,
                          size_t *n)
{
    enum tls_result result = wire_flush(s);
    bool more = s->more;
    int answer;

    *n = 0;
    if (result != TLS_DONE || !len)
        return result;
    ERR_clear_error();
    answer = SSL_write_ex(s->ssl, from, len, n);
    if (answer == 1)
        return TLS_DONE;
    result = result_of(s, answer);
    s->more = more; /* of reading */
    return result;
}

enum tls_result tls_close(struct tls_session *s)
{
    enum tls_result result = wire_flush(s);
    int answer;

    if (result != TLS_DONE || !s->open ||
        SSL_get_shutdown(s->ssl) & SSL_SENT_SHUTDOWN)
        return result;
    ERR_clear_error();
    answer = SSL_shutdown(s->ssl);
    return answer >= 0 ? wire_flush(s) : result_of(s, answer);
}

const char *tls_error(const struct tls_session *s)
{
    return s->error;
}

const char *tls_peer_name(const struct tls_session *s, unsigned i)
{
    return i < TLS_NAMES_MAX ? s->names[i] : NULL;
}

const char *tls_version(const struct tls_session *s)
{
    return SSL_get_version(s->ssl);
}
