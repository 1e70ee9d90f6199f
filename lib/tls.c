#include "lib/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/mem.h"
#include "lib/tls_impl.h"

/* For TLS 1.2: an ephemeral key, and encryption that authenticates. */
#define TLS_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define TLS_DEPTH   8 /* certificates between a peer's and its CA's */

enum { TLS_FILES = 3 }; /* cert, key, ca */

/* By what a file is known to be another one. */
struct tls_stamp {
    ino_t inode;
    off_t size;
    struct timespec changed, written;
};

struct tls {
    struct tls_options options; /* asked for last; its texts are owned */
    struct tls_ctx *ctx;        /* in use; NULL: nothing was needed yet */
    struct tls_stamp stamps[TLS_FILES];
};

/* -- options --------------------------------------------------------------- */

static char *copy(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static struct tls_options options_copy(const struct tls_options *o)
{
    return (struct tls_options){.cert = copy(o->cert),
                                .key = copy(o->key),
                                .ca = copy(o->ca),
                                .name = copy(o->name),
                                .client = o->client,
                                .only_13 = o->only_13,
                                .system_too = o->system_too,
                                .any_server = o->any_server};
}

static void options_free(struct tls_options *o)
{
    free((char *)o->cert);
    free((char *)o->key);
    free((char *)o->ca);
    free((char *)o->name);
}

static void stamps_read(const struct tls_options *o,
                        struct tls_stamp stamps[TLS_FILES])
{
    const char *files[TLS_FILES] = {o->cert, o->key, o->ca};
    struct stat st;
    int i;

    memset(stamps, 0, TLS_FILES * sizeof(*stamps));
    for (i = 0; i < TLS_FILES; i++) {
        if (!files[i] || stat(files[i], &st) < 0)
            continue;
        stamps[i].inode = st.st_ino;
        stamps[i].size = st.st_size;
        stamps[i].changed = st.st_ctim;
        stamps[i].written = st.st_mtim;
    }
}

/* -- reading --------------------------------------------------------------- */

static __attribute__((format(printf, 2, 3))) bool fail(char **error,
                                                       const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    if (vasprintf(error, fmt, args) < 0)
        *error = xstrdup("out of memory");
    va_end(args);
    return false;
}

/* OpenSSL says too little of a file that is not there. */
static bool file_is_there(const char *what, const char *path, char **error)
{
    FILE *f = fopen(path, "re");

    if (!f)
        return fail(error, "%s: cannot read %s: %s", what, path,
                    strerror(errno));
    fclose(f);
    return true;
}

static bool key_is_private(const char *path, char **error)
{
    struct stat st;

    if (stat(path, &st) == 0 && st.st_mode & S_IROTH)
        return fail(error,
                    "the key in %s can be read by everyone: chmod 600 %s, or "
                    "640 with a group of its own",
                    path, path);
    return true;
}

/* Nobody is asked for a pass phrase. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm;

    if (!ASN1_TIME_to_tm(time, &tm))
        return 0;
    return (int64_t)timegm(&tm);
}

static void earliest(int64_t *until, const X509 *x)
{
    int64_t end = seconds_of(X509_get0_notAfter(x));

    if (!*until || end < *until)
        *until = end;
}

static bool read_cert(SSL_CTX *ctx, const struct tls_options *o, char **error)
{
    const char *key = o->key ? o->key : o->cert;
    char why[TLS_ERROR_MAX];

    if (!file_is_there("tls.cert", o->cert, error) ||
        !file_is_there("tls.key", key, error))
        return false;
    if (SSL_CTX_use_certificate_chain_file(ctx, o->cert) != 1) {
        tls_file_error(why, sizeof(why));
        return fail(error, "tls.cert: no certificate in %s: %s", o->cert, why);
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        bool other =
            ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;

        tls_file_error(why, sizeof(why));
        if (other)
            return fail(error,
                        "tls.key: the key in %s is not that of the certificate "
                        "in %s",
                        key, o->cert);
        return fail(error, "tls.key: no key in %s: %s", key, why);
    }
    return key_is_private(key, error);
}

static bool read_system(SSL_CTX *ctx, char **error)
{
    char why[TLS_ERROR_MAX];

    if (SSL_CTX_set_default_verify_paths(ctx) == 1)
        return true;
    tls_file_error(why, sizeof(why));
    return fail(error, "tls.ca: the system's certificates: %s", why);
}

static bool read_ca(SSL_CTX *ctx, const char *ca, char **error)
{
    char why[TLS_ERROR_MAX];

    if (!file_is_there("tls.ca", ca, error))
        return false;
    if (SSL_CTX_load_verify_file(ctx, ca) == 1)
        return true;
    tls_file_error(why, sizeof(why));
    return fail(error, "tls.ca: no certificate in %s: %s", ca, why);
}

/* -- contexts -------------------------------------------------------------- */

static SSL_CTX *context_new(const SSL_METHOD *method,
                            const struct tls_options *o)
{
    SSL_CTX *ctx = SSL_CTX_new(method);

    if (!ctx)
        return NULL;
    SSL_CTX_set_min_proto_version(ctx,
                                  o->only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_verify_depth(ctx, TLS_DEPTH);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_set_cipher_list(ctx, TLS_CIPHERS) == 1)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* Whom we ask for a certificate is told whose we take. */
static bool ask_clients(SSL_CTX *ctx, const struct tls_options *o, char **error)
{
    STACK_OF(X509_NAME) * names;

    if (o->client == TLS_CLIENT_OFF)
        return true;
    if (!o->ca)
        return fail(error,
                    "tls.client is set, and tls.ca is not: it names the CA "
                    "that signs the clients' certificates");
    if (!read_ca(ctx, o->ca, error))
        return false;
    names = SSL_load_client_CA_file(o->ca);
    if (!names)
        return fail(error, "tls.ca: no certificate in %s", o->ca);
    SSL_CTX_set_client_CA_list(ctx, names);
    SSL_CTX_set_verify(ctx,
                       o->client == TLS_CLIENT_REQUIRED
                           ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                           : SSL_VERIFY_PEER,
                       NULL);
    return true;
}

static bool server_new(struct tls_ctx *x, const struct tls_options *o,
                       char **error)
{
    x->server = context_new(TLS_server_method(), o);
    if (!x->server)
        return fail(error, "OpenSSL makes no context for a server");
    return read_cert(x->server, o, error) && ask_clients(x->server, o, error);
}

static bool client_new(struct tls_ctx *x, const struct tls_options *o,
                       char **error)
{
    x->client = context_new(TLS_client_method(), o);
    if (!x->client)
        return fail(error, "OpenSSL makes no context for a client");
    SSL_CTX_set_verify(x->client,
                       o->any_server ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    return (!o->cert || read_cert(x->client, o, error)) &&
           (!o->ca || read_ca(x->client, o->ca, error)) &&
           (!x->system || read_system(x->client, error));
}

/* When the first certificate ends: of ours, and of the CAs. */
static void context_ends(struct tls_ctx *x)
{
    X509_STORE *store = SSL_CTX_get_cert_store(x->client);
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    STACK_OF(X509) *chain = NULL;
    int i;

    if (x->has_cert) {
        earliest(&x->until, SSL_CTX_get0_certificate(x->client));
        SSL_CTX_get0_chain_certs(x->client, &chain);
        for (i = 0; chain && i < sk_X509_num(chain); i++)
            earliest(&x->until, sk_X509_value(chain, i));
    }
    for (i = 0; x->ca && i < sk_X509_OBJECT_num(objects); i++) {
        X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

        if (ca)
            earliest(&x->ca_until, ca);
    }
}

void tls_ctx_free(struct tls_ctx *x)
{
    if (!x || --x->refs)
        return;
    SSL_CTX_free(x->server);
    SSL_CTX_free(x->client);
    free(x->ca);
    free(x->name);
    free(x);
}

static struct tls_ctx *ctx_new(const struct tls_options *o, char **error)
{
    struct tls_ctx *x = xcalloc(1, sizeof(*x));

    ERR_clear_error();
    x->refs = 1;
    x->ca = copy(o->ca);
    x->system = !o->ca || o->system_too;
    x->name = copy(o->name);
    x->has_cert = o->cert != NULL;
    if ((o->key && !o->cert &&
         !fail(error, "tls.key is set, and tls.cert is not")) ||
        (o->client != TLS_CLIENT_OFF && !o->cert &&
         !fail(error, "tls.client is set, and tls.cert is not")) ||
        (o->cert && !server_new(x, o, error)) || !client_new(x, o, error)) {
        ERR_clear_error();
        tls_ctx_free(x);
        return NULL;
    }
    context_ends(x);
    return x;
}

/* -- the interface --------------------------------------------------------- */

struct tls *tls_new(const struct tls_options *o, char **error)
{
    struct tls *t = xcalloc(1, sizeof(*t));

    t->options = options_copy(o);
    stamps_read(o, t->stamps);
    if (!o->cert && !o->key && !o->ca && o->client == TLS_CLIENT_OFF)
        return t; /* OpenSSL begins with the first that is dialled */
    t->ctx = ctx_new(o, error);
    if (t->ctx)
        return t;
    tls_free(t);
    return NULL;
}

/* A certificate that nobody would take is none to go on with. */
static bool is_current(const struct tls_ctx *x, const char *cert, char **error)
{
    int64_t now = (int64_t)time(NULL);
    const X509 *own;

    if (!x->has_cert)
        return true;
    own = SSL_CTX_get0_certificate(x->client);
    if (x->until && x->until <= now)
        return fail(error, "tls.cert: the certificate in %s has expired", cert);
    if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0)
        return fail(error, "tls.cert: the certificate in %s is not valid yet",
                    cert);
    return true;
}

bool tls_load(struct tls *t, const struct tls_options *o, char **error)
{
    struct tls_options asked = options_copy(o); /* o may be our own */
    struct tls_ctx *x;

    options_free(&t->options);
    t->options = asked;
    stamps_read(&asked, t->stamps);
    x = ctx_new(&asked, error);
    if (!x || !is_current(x, asked.cert, error)) {
        tls_ctx_free(x);
        return false;
    }
    tls_ctx_free(t->ctx);
    t->ctx = x;
    return true;
}

bool tls_files_changed(const struct tls *t)
{
    struct tls_stamp now[TLS_FILES];

    stamps_read(&t->options, now);
    return memcmp(now, t->stamps, sizeof(now)) != 0;
}

const struct tls_options *tls_options(const struct tls *t)
{
    return &t->options;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    tls_ctx_free(t->ctx);
    options_free(&t->options);
    free(t);
}

bool tls_can_serve(const struct tls *t)
{
    return t && t->ctx && t->ctx->server;
}

int64_t tls_until(const struct tls *t)
{
    return t->ctx ? t->ctx->until : 0;
}

int64_t tls_ca_until(const struct tls *t)
{
    return t->ctx ? t->ctx->ca_until : 0;
}

struct tls_ctx *tls_ctx_of(struct tls *t, char **error)
{
    if (!t->ctx)
        t->ctx = ctx_new(&t->options, error);
    if (t->ctx)
        t->ctx->refs++;
    return t->ctx;
}
