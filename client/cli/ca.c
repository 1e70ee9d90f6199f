#include "client/cli/ca.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/mem.h"

#define SERIAL_BITS 159 /* positive in the 20 bytes that RFC 5280 allows */

/* -- names ----------------------------------------------------------------- */

bool ca_is_ip(const char *text)
{
    struct in6_addr any;

    return inet_pton(AF_INET, text, &any) == 1 ||
           inet_pton(AF_INET6, text, &any) == 1;
}

bool ca_is_dns(const char *text)
{
    size_t label = 0, i;

    if (!strncmp(text, "*.", 2))
        text += 2;
    if (!*text || strlen(text) > 253)
        return false;
    for (i = 0; text[i]; i++) {
        if (text[i] == '.' ? !label
                           : !isalnum((unsigned char)text[i]) &&
                                 text[i] != '-' && text[i] != '_')
            return false;
        label = text[i] == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label > 0;
}

/* -- parts of a certificate ------------------------------------------------ */

static char *openssl_error(const char *what)
{
    const char *why = ERR_reason_error_string(ERR_get_error());
    char *text = xasprintf("%s: %s", what, why ? why : "OpenSSL fails");

    ERR_clear_error();
    return text;
}

/* Random, and so no two are the same and none can be foretold. */
static bool set_serial(X509 *x, char *out, size_t size)
{
    BIGNUM *n = BN_new();
    char *hex = NULL;
    bool ok = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);

    ok = ok && BN_add_word(n, 1) &&
         BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) &&
         (hex = BN_bn2hex(n));
    if (ok)
        snprintf(out, size, "%s", hex);
    OPENSSL_free(hex);
    BN_free(n);
    return ok;
}

static bool set_name(X509 *x, const char *name)
{
    X509_NAME *n = X509_get_subject_name(x);

    return X509_NAME_add_entry_by_NID(n, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)name, -1, -1, 0);
}

static bool set_times(X509 *x, int64_t from, int64_t till)
{
    return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from) &&
           ASN1_TIME_set(X509_getm_notAfter(x), (time_t)till);
}

static bool extend(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    bool ok = e && X509_add_ext(x, e, -1);

    X509_EXTENSION_free(e);
    return ok;
}

/* The names were checked: none holds a comma that would begin another. */
static bool add_alternatives(X509 *x, X509V3_CTX *ctx,
                             const struct ca_request *r)
{
    struct buf text = BUF_INIT;
    bool ok = true;
    size_t i;

    for (i = 0; i < CA_SANS_MAX && r->dns[i]; i++)
        buf_add_fmt(&text, "%sDNS:%s", buf_len(&text) ? "," : "", r->dns[i]);
    for (i = 0; i < CA_SANS_MAX && r->ip[i]; i++)
        buf_add_fmt(&text, "%sIP:%s", buf_len(&text) ? "," : "", r->ip[i]);
    if (buf_len(&text))
        ok = extend(x, ctx, NID_subject_alt_name, buf_str(&text));
    buf_free(&text);
    return ok;
}

static bool extend_ca(X509 *x, X509V3_CTX *ctx)
{
    return extend(x, ctx, NID_basic_constraints,
                  "critical,CA:TRUE,pathlen:0") &&
           extend(x, ctx, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           extend(x, ctx, NID_subject_key_identifier, "hash");
}

static bool extend_leaf(X509 *x, X509V3_CTX *ctx, const struct ca_request *r)
{
    const char *use = r->use == CA_USE_SERVER   ? "serverAuth"
                      : r->use == CA_USE_CLIENT ? "clientAuth"
                                                : "serverAuth,clientAuth";

    return extend(x, ctx, NID_basic_constraints, "critical,CA:FALSE") &&
           extend(x, ctx, NID_key_usage, "critical,digitalSignature") &&
           extend(x, ctx, NID_ext_key_usage, use) &&
           extend(x, ctx, NID_subject_key_identifier, "hash") &&
           extend(x, ctx, NID_authority_key_identifier, "keyid:always") &&
           add_alternatives(x, ctx, r);
}

/* -- making ---------------------------------------------------------------- */

static char *pem_of(const X509 *x, const EVP_PKEY *key)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *bytes, *text = NULL;
    long len;
    bool ok =
        b && (x ? PEM_write_bio_X509(b, x)
                : PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL));

    if (ok && (len = BIO_get_mem_data(b, &bytes)) > 0)
        text = xstrndup(bytes, (size_t)len);
    BIO_free(b);
    return text;
}

/* ca NULL: it signs itself. */
static bool fill(X509 *x, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key,
                 const struct ca_request *r, struct ca_pair *out)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, ca ? ca : x, x, NULL, NULL, 0);
    return X509_set_version(x, 2) &&
           set_serial(x, out->serial, sizeof(out->serial)) &&
           set_name(x, r->name) && set_times(x, r->from, out->till) &&
           X509_set_issuer_name(x, X509_get_subject_name(ca ? ca : x)) &&
           X509_set_pubkey(x, key) &&
           (ca ? extend_leaf(x, &ctx, r) : extend_ca(x, &ctx)) &&
           X509_sign(x, ca_key ? ca_key : key, EVP_sha256());
}

static char *make(const struct ca_request *r, X509 *ca, EVP_PKEY *ca_key,
                  struct ca_pair *out)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    char *error = NULL;

    if (!key || !x || !fill(x, key, ca, ca_key, r, out))
        error = openssl_error("the certificate cannot be made");
    if (!error) {
        out->cert = pem_of(x, NULL);
        out->key = pem_of(NULL, key);
        if (!out->cert || !out->key)
            error = openssl_error("the certificate cannot be written");
    }
    X509_free(x);
    EVP_PKEY_free(key);
    if (error)
        ca_pair_free(out);
    return error;
}

char *ca_make(const struct ca_request *r, struct ca_pair *out)
{
    *out = (struct ca_pair){.till = r->till};
    return make(r, NULL, NULL, out);
}

static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int64_t end_of(const X509 *x)
{
    struct tm tm;

    if (!ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm))
        return 0;
    return (int64_t)timegm(&tm);
}

/* What is wrong with the CA for this; NULL: nothing. */
static const char *ca_wrong(X509 *ca, EVP_PKEY *key, const struct ca_request *r)
{
    if (X509_check_ca(ca) != 1)
        return "the certificate of the CA is not one of a CA";
    if (X509_check_private_key(ca, key) != 1)
        return "the key of the CA is not that of its certificate";
    if (end_of(ca) <= r->from)
        return "the certificate of the CA has expired";
    return NULL;
}

char *ca_issue(const struct ca_request *r, const char *ca_cert,
               const char *ca_key, struct ca_pair *out)
{
    BIO *cert_bio = BIO_new_mem_buf(ca_cert, -1);
    BIO *key_bio = BIO_new_mem_buf(ca_key, -1);
    X509 *ca = PEM_read_bio_X509(cert_bio, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, no_passphrase, NULL);
    const char *wrong;
    char *error;

    *out = (struct ca_pair){.till = r->till};
    if (!ca || !key) {
        error = openssl_error(ca ? "no key of a CA that can be read"
                                 : "no certificate of a CA that can be read");
    } else if ((wrong = ca_wrong(ca, key, r))) {
        ERR_clear_error();
        error = xstrdup(wrong);
    } else {
        if (out->till > end_of(ca))
            out->till = end_of(ca);
        error = make(r, ca, key, out);
    }
    X509_free(ca);
    EVP_PKEY_free(key);
    BIO_free(cert_bio);
    BIO_free(key_bio);
    return error;
}

void ca_pair_free(struct ca_pair *p)
{
    if (p->key)
        OPENSSL_cleanse(p->key, strlen(p->key));
    free(p->cert);
    free(p->key);
    p->cert = p->key = NULL;
}
