#include "t/unit/tls_util.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/cli/ca.h"
#include "client/cli/ca_files.h"
#include "lib/mem.h"
#include "t/unit/fake_time.h"

static char folder[64];

/* -- certificates ---------------------------------------------------------- */

const char *certs_path(const char *file)
{
    static char paths[8][300];
    static unsigned n;
    char *path = paths[n++ % ARRAY_LEN(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, file);
    return path;
}

static void put(const char *name, struct ca_pair *pair)
{
    char cert[100], key[100]; /* a name and its suffix */

    snprintf(cert, sizeof(cert), "%s.pem", name);
    snprintf(key, sizeof(key), "%s.key", name);
    assert_null(ca_pair_write(certs_path(cert), pair->cert, certs_path(key),
                              pair->key, true));
    ca_pair_free(pair);
}

void certs_begin(void)
{
    struct ca_request r = {.name = "test CA"};
    struct ca_pair pair;

    strncpy(folder, "/tmp/muster-tls-XXXXXX", sizeof(folder) - 1);
    assert_non_null(mkdtemp(folder));
    r.from = (int64_t)time(NULL) - 10 * 86400;
    r.till = r.from + 30 * 86400;
    assert_null(ca_make(&r, &pair));
    put("ca", &pair);
}

void certs_issue(const char *name, int days)
{
    struct ca_request r = {.name = name,
                           .dns = {"localhost"},
                           .ip = {"127.0.0.1"},
                           .use = CA_USE_SERVER | CA_USE_CLIENT};
    char *error = NULL, *cert, *key;
    struct ca_pair pair;

    r.from = (int64_t)time(NULL) - 5 * 86400;
    r.till = days ? (int64_t)time(NULL) + days * 86400 : r.from + 86400;
    cert = ca_file_read(certs_path("ca.pem"), &error);
    key = ca_file_read(certs_path("ca.key"), &error);
    assert_null(error);
    assert_null(ca_issue(&r, cert, key, &pair));
    free(cert);
    free(key);
    put(name, &pair);
}

void certs_end(void)
{
    char *command[] = {"rm", "-rf", folder, NULL};
    pid_t pid = fork();

    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
}

/* -- the peer -------------------------------------------------------------- */

void peer_begin(struct tls_peer *p, struct loop *l, int fd, const char *cert)
{
    char key[200];

    *p = (struct tls_peer){.loop = l, .fd = fd, .step = 1 << 20};
    p->ctx = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_load_verify_file(p->ctx, certs_path("ca.pem")), 1);
    SSL_CTX_set_verify(p->ctx, SSL_VERIFY_PEER, NULL);
    if (cert) {
        snprintf(key, sizeof(key), "%s.pem", cert);
        SSL_CTX_use_certificate_chain_file(p->ctx, certs_path(key));
        snprintf(key, sizeof(key), "%s.key", cert);
        SSL_CTX_use_PrivateKey_file(p->ctx, certs_path(key), SSL_FILETYPE_PEM);
    }
    p->ssl = SSL_new(p->ctx);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    SSL_set_bio(p->ssl, p->in, p->out);
    SSL_set_connect_state(p->ssl);
}

void peer_end(struct tls_peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    if (p->fd >= 0)
        close(p->fd);
    buf_free(&p->got);
}

/* One piece of what OpenSSL wants to send. */
static bool carry_out(struct tls_peer *p)
{
    char bytes[16384];
    int n = (int)(p->step < sizeof(bytes) ? p->step : sizeof(bytes));
    int len = BIO_read(p->out, bytes, n);
    ssize_t sent = 0, more;

    if (len <= 0)
        return false;
    while (sent < len) {
        more = send(p->fd, bytes + sent, (size_t)(len - sent), MSG_NOSIGNAL);
        if (more < 0 && p->cut)
            return false;
        if (more > 0)
            sent += more;
        turns(p->loop);
        if (more < 0 && errno != EAGAIN)
            return false;
    }
    return true;
}

static bool carry_in(struct tls_peer *p)
{
    char bytes[16384];
    size_t room = p->step < sizeof(bytes) ? p->step : sizeof(bytes);
    ssize_t n;

    turns(p->loop);
    if (p->window && buf_len(&p->got) >= p->window)
        return false;
    n = p->cut ? -1 : recv(p->fd, bytes, room, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        p->cut = true;
    if (n > 0)
        BIO_write(p->in, bytes, (int)n);
    return n > 0;
}

static void think(struct tls_peer *p)
{
    char bytes[16384];
    int n;

    while ((n = SSL_read(p->ssl, bytes, sizeof(bytes))) > 0)
        buf_add(&p->got, bytes, (size_t)n);
    switch (SSL_get_error(p->ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: break;
    case SSL_ERROR_ZERO_RETURN: p->eof = true; break;
    default: p->failed = true;
    }
}

void peer_pump(struct tls_peer *p)
{
    bool moved = true;

    while (moved) {
        if (!p->failed && !p->eof)
            think(p);
        moved = carry_out(p);
        moved = carry_in(p) || moved;
    }
    turns(p->loop);
}

void peer_say(struct tls_peer *p, const char *text)
{
    assert_true(SSL_write(p->ssl, text, (int)strlen(text)) > 0);
}

void peer_push(struct tls_peer *p)
{
    char *bytes;
    long len = BIO_get_mem_data(p->out, &bytes);

    assert_int_equal(send(p->fd, bytes, (size_t)len, MSG_NOSIGNAL), len);
    BIO_reset(p->out);
}
