/*
 * tls-pipe HOST PORT CA [CERT KEY]: a client of TLS for tests that speak plain
 * text on descriptor 0, a socket: its end becomes a close_notify, and the other
 * way round. Written with OpenSSL alone, so that it proves something of ours.
 *
 * Environment: TLS_PIPE_UPDATE=N  asks for new keys after N bytes each way
 *              TLS_PIPE_CUT=1     the end of descriptor 0 is no close_notify
 * Exit status: 0 both sides have ended well; 1 the server's end came without a
 * close_notify; 2 anything else, told on standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 16384

/* One way: bytes read and not written yet. */
struct way {
    char bytes[PIECE];
    int at, end;
    bool ended; /* no more comes */
    bool told;  /* … and the other side was told */
    unsigned long count;
};

static SSL *ssl;
static int net;
static struct way up, down; /* to the server, from it */
static unsigned long update;

static void __attribute__((noreturn)) give_up(const char *what)
{
    fprintf(stderr, "tls-pipe: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(2);
}

static int dial(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int fd;

    if (getaddrinfo(host, port, &hints, &list) != 0)
        give_up("no such address");
    fd = socket(list->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, list->ai_addr, list->ai_addrlen) < 0)
        give_up(strerror(errno));
    freeaddrinfo(list);
    return fd;
}

static void begin(int argc, char **argv)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (argc < 4 || !ctx || SSL_CTX_load_verify_file(ctx, argv[3]) != 1)
        give_up("usage: tls-pipe HOST PORT CA [CERT KEY]");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (argc > 5 &&
        (SSL_CTX_use_certificate_chain_file(ctx, argv[4]) != 1 ||
         SSL_CTX_use_PrivateKey_file(ctx, argv[5], SSL_FILETYPE_PEM) != 1))
        give_up("no certificate");
    net = dial(argv[1], argv[2]);
    ssl = SSL_new(ctx);
    SSL_set_fd(ssl, net);
    if (SSL_connect(ssl) != 1)
        give_up("no handshake");
    fcntl(net, F_SETFL, O_NONBLOCK);
    fcntl(0, F_SETFL, O_NONBLOCK);
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static void ask_for_keys(struct way *w)
{
    if (!update || w->count < update)
        return;
    w->count = 0;
    /* not in the middle of a record */
    SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
    ERR_clear_error();
}

/* -- up -------------------------------------------------------------------- */

static void up_read(void)
{
    ssize_t n = read(0, up.bytes, PIECE);

    if (n > 0) {
        up.at = 0;
        up.end = (int)n;
    } else if (n == 0 || errno != EAGAIN) {
        up.ended = true;
    }
}

static void up_write(void)
{
    int n;

    while (up.at < up.end) {
        n = SSL_write(ssl, up.bytes + up.at, up.end - up.at);
        if (n <= 0 && SSL_get_error(ssl, n) == SSL_ERROR_WANT_WRITE)
            return;
        if (n <= 0) {
            up.ended = up.told = true;
            ERR_clear_error();
            return;
        }
        up.at += n;
        up.count += (unsigned long)n;
        ask_for_keys(&up);
    }
    if (!up.ended || up.told)
        return;
    up.told = true;
    if (getenv("TLS_PIPE_CUT"))
        exit(0);
    SSL_shutdown(ssl);
    shutdown(net, SHUT_WR);
}

/* -- down ------------------------------------------------------------------ */

static void down_read(void)
{
    int n = SSL_read(ssl, down.bytes, PIECE);

    if (n > 0) {
        down.at = 0;
        down.end = n;
        down.count += (unsigned long)n;
        ask_for_keys(&down);
        return;
    }
    switch (SSL_get_error(ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return;
    case SSL_ERROR_ZERO_RETURN: down.ended = true; return;
    default: ERR_print_errors_fp(stderr); exit(1);
    }
}

static void down_write(void)
{
    ssize_t n;

    while (down.at < down.end) {
        n = write(0, down.bytes + down.at, (size_t)(down.end - down.at));
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            exit(0); /* the test has gone */
        down.at += (int)n;
    }
    if (down.ended && !down.told) {
        down.told = true;
        shutdown(0, SHUT_WR);
    }
}

static void step(void)
{
    bool room_up = up.at == up.end && !up.ended;
    bool room_down = down.at == down.end && !down.ended;
    struct pollfd fds[2] = {{.fd = 0}, {.fd = net}};

    fds[0].events =
        (short)((room_up ? POLLIN : 0) | (down.at < down.end ? POLLOUT : 0));
    fds[1].events =
        (short)((room_down ? POLLIN : 0) | (up.at < up.end ? POLLOUT : 0));
    if (!fds[0].events)
        fds[0].fd = -1;
    if (!fds[1].events)
        fds[1].fd = -1;
    if (!(room_down && SSL_has_pending(ssl)))
        poll(fds, 2, -1);
    if (room_up)
        up_read();
    up_write();
    if (room_down)
        down_read();
    down_write();
}

int main(int argc, char **argv)
{
    const char *every = getenv("TLS_PIPE_UPDATE");

    signal(SIGPIPE, SIG_IGN);
    update = every ? strtoul(every, NULL, 10) : 0;
    begin(argc, argv);
    while (!(down.told && (up.told || up.ended)))
        step();
    return 0;
}
