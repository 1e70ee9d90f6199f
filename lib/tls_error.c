#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/tls_impl.h"

#define NAMES_TOLD 4 /* of a certificate that is for others */

static __attribute__((format(printf, 2, 3))) void say(struct tls_session *s,
                                                      const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(s->error, sizeof(s->error), fmt, args);
    va_end(args);
}

void tls_file_error(char *out, size_t size)
{
    unsigned long code = ERR_get_error(); /* the first is the cause */
    const char *reason = ERR_reason_error_string(code);
    int why = ERR_GET_REASON(code);

    if (ERR_GET_LIB(code) == ERR_LIB_PEM && why == PEM_R_NO_START_LINE)
        reason = "it is not in PEM form";
    else if (why == ERR_R_INTERRUPTED_OR_CANCELLED ||
             (ERR_GET_LIB(code) == ERR_LIB_PEM &&
              why == PEM_R_BAD_PASSWORD_READ))
        reason = "it is encrypted, and nobody is asked for a pass phrase";
    snprintf(out, size, "%s", reason ? reason : "OpenSSL does not say why");
    ERR_clear_error();
}

/* -- a certificate that was not accepted ----------------------------------- */

static void add_ip(struct buf *out, const ASN1_OCTET_STRING *ip)
{
    int len = ASN1_STRING_length(ip);
    char text[INET6_ADDRSTRLEN];

    if ((len == 4 || len == 16) &&
        inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip),
                  text, sizeof(text)))
        buf_add_str(out, text);
}

/* Bytes of a stranger: what does not print is a question mark. */
static void add_printable(struct buf *out, const ASN1_STRING *text)
{
    const unsigned char *at = ASN1_STRING_get0_data(text);
    int i, len = ASN1_STRING_length(text);

    for (i = 0; i < len && i < 100; i++)
        buf_add_char(out, at[i] > ' ' && at[i] < 0x7f ? (char)at[i] : '?');
}

/* "a.example, 10.0.0.1", the names that a certificate is for. */
static void add_names(struct buf *out, X509 *x)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int i, n = sk_GENERAL_NAME_num(names);

    for (i = 0; i < n && i < NAMES_TOLD; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        buf_add_str(out, i ? ", " : "");
        if (name->type == GEN_DNS)
            add_printable(out, name->d.dNSName);
        else if (name->type == GEN_IPADD)
            add_ip(out, name->d.iPAddress);
        else
            buf_add_str(out, "something else");
    }
    if (n > NAMES_TOLD)
        buf_add_str(out, " and others");
    if (n <= 0)
        buf_add_str(out, "no host, it has no subjectAltName");
    GENERAL_NAMES_free(names);
}

static void other_name(struct tls_session *s, const char *whose)
{
    struct buf names = BUF_INIT;

    add_names(&names, s->refused);
    say(s, "%s is for %.250s, not for %s", whose, buf_str(&names), s->expected);
    buf_free(&names);
}

/* "the certificate of a", or of those that it hangs on. */
static void write_whose(const struct tls_session *s, char *out, size_t size)
{
    snprintf(out, size, "%s of %.200s",
             s->depth ? "a certificate that signs that" : "the certificate",
             s->accepts ? "the client" : s->host);
}

/* Where the CAs are that might have signed it. */
static void write_where(const struct tls_session *s, char *out, size_t size)
{
    const struct tls_ctx *x = s->ctx;

    if (!x->ca)
        snprintf(out, size, "this machine's store; tls.ca is not set");
    else
        snprintf(out, size, "%.300s%s", x->ca,
                 x->system && !s->accepts ? " or this machine's store" : "");
}

static void not_accepted(struct tls_session *s, long verdict)
{
    char whose[300], ca[400];

    write_whose(s, whose, sizeof(whose));
    write_where(s, ca, sizeof(ca));
    switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED: say(s, "%s has expired", whose); break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        say(s, "%s is not valid yet (is the clock right here?)", whose);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        say(s, "%s is signed by itself, and not in %s", whose, ca);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
        s->depth = 0;
        write_whose(s, whose, sizeof(whose));
        say(s, "%s is not signed by a CA in %s", whose, ca);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: other_name(s, whose); break;
    case X509_V_ERR_INVALID_PURPOSE:
        say(s, "%s is not one for %s (extended key usage)", whose,
            s->accepts ? "clients" : "servers");
        break;
    default:
        say(s, "%s is not accepted: %s", whose,
            X509_verify_cert_error_string(verdict));
    }
}

/* -- what else went wrong -------------------------------------------------- */

/* What OpenSSL says, in words for people; NULL: as it says it. */
static const struct {
    int reason;
    const char *server, *client; /* as we are the one or the other */
} reasons[] = {
    {SSL_R_HTTP_REQUEST, "HTTP came, where TLS is spoken", NULL},
    {SSL_R_WRONG_VERSION_NUMBER, "what came is not TLS",
     "it answers, but not in TLS: is that a port for plain text?"},
    {SSL_R_WRONG_SSL_VERSION, "what came is not TLS", NULL},
    {SSL_R_UNSUPPORTED_PROTOCOL,
     "the peer speaks only versions of TLS that are too old",
     "it speaks only versions of TLS that are too old"},
    {SSL_R_NO_SHARED_CIPHER, "the peer has no cipher in common with us", NULL},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
     "the client has shown no certificate, which tls.client asks for", NULL},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
     "the peer refuses every version of TLS that we speak",
     "it refuses every version of TLS that we speak"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA,
     "the peer does not know the CA of our certificate",
     "it does not know the CA of our certificate"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the peer refuses our certificate",
     "it refuses our certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the peer refuses our certificate",
     "it refuses our certificate"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
     "the peer cannot use our certificate",
     "it does not take our certificate: is that one for clients?"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
     "the peer says that our certificate has expired",
     "it says that our certificate has expired"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "the peer refuses, and does not say why",
     "it refuses: it may want a certificate of ours (tls.cert)"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, NULL,
     "it wants a certificate of ours, and we have none (tls.cert)"},
};

static const char *reason_text(const struct tls_session *s, int reason)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(reasons); i++)
        if (reasons[i].reason == reason)
            return s->accepts ? reasons[i].server : reasons[i].client;
    return NULL;
}

static void of_the_queue(struct tls_session *s)
{
    unsigned long code = ERR_peek_error();
    const char *text = NULL;
    int reason = ERR_GET_REASON(code);
    long verdict = SSL_get_verify_result(s->ssl);

    if (ERR_GET_LIB(code) == ERR_LIB_SSL)
        text = reason_text(s, reason);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && s->refused)
        not_accepted(s, verdict);
    else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        say(s, s->open ? "the connection was cut off (no close_notify)"
                       : "the connection was closed in the TLS handshake");
    else if (text)
        say(s, "%s", text);
    else
        say(s, "TLS: %s", ERR_reason_error_string(code));
}

void tls_session_failed(struct tls_session *s, int code, int error)
{
    if (code == SSL_ERROR_SSL && ERR_peek_error())
        of_the_queue(s);
    else if (error == ECONNRESET || error == EPIPE)
        say(s, s->open ? "the peer closed the connection"
                       : "the connection was closed in the TLS handshake");
    else
        say(s, "%s", error ? strerror(error) : "TLS failed");
    ERR_clear_error();
}
