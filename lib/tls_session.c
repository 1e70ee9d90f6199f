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

/* -- the descriptor -------------------------------------------------------- */

/* OpenSSL's own way to a socket may end the process (SIGPIPE), and not every
 * program that links us has seen to that. */

static int sock_write(BIO *b, const char *from, int len)
{
    ssize_t n =
        send((int)(intptr_t)BIO_get_data(b), from, (size_t)len, MSG_NOSIGNAL);

    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(b);
    return (int)n;
}

static int sock_read(BIO *b, char *to, int size)
{
    ssize_t n = recv((int)(intptr_t)BIO_get_data(b), to, (size_t)size, 0);

    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(b);
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

static BIO *sock_bio(int fd)
{
    BIO *b = NULL;

    if (CRYPTO_THREAD_run_once(&sock_once, sock_method_make) && sock_method)
        b = BIO_new(sock_method);
    if (!b)
        return NULL;
    BIO_set_data(b, (void *)(intptr_t)fd);
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
    s->ssl = SSL_new(ctx);
    b = s->ssl ? sock_bio(fd) : NULL;
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
    X509 *x;
    int answer;

    ERR_clear_error();
    answer = SSL_do_handshake(s->ssl);
    if (answer != 1)
        return result_of(s, answer);
    s->open = true;
    s->more = SSL_has_pending(s->ssl);
    x = SSL_get0_peer_certificate(s->ssl);
    if (x && SSL_get_verify_result(s->ssl) == X509_V_OK)
        names_read(s, x);
    return TLS_DONE;
}

bool tls_is_open(const struct tls_session *s)
{
    return s->open;
}

enum tls_result tls_read(struct tls_session *s, void *to, size_t size,
                         size_t *n)
{
    int answer;

    ERR_clear_error();
    answer = SSL_read_ex(s->ssl, to, size, n);
    if (answer != 1)
        return result_of(s, answer);
    s->more = SSL_has_pending(s->ssl);
    return TLS_DONE;
}

bool tls_holds_more(const struct tls_session *s)
{
    return s->more;
}

enum tls_result tls_write(struct tls_session *s, const void *from, size_t len,
                          size_t *n)
{
    bool more = s->more;
    enum tls_result result;
    int answer;

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
    int answer;

    if (!s->open)
        return TLS_DONE;
    ERR_clear_error();
    answer = SSL_shutdown(s->ssl);
    return answer >= 0 ? TLS_DONE : result_of(s, answer);
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
