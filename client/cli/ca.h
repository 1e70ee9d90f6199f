/*
 * ca: a small certificate authority, and what it signs: P-256 keys, SHA-256,
 * random serial numbers, names in subjectAltName. Everything is made in memory,
 * as PEM; ca_files.h puts it into files.
 *
 * With tls.h the place that knows OpenSSL. Must not know the command line.
 */
#ifndef MUSTER_CLI_CA_H
#define MUSTER_CLI_CA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CA_NAME_MAX 64 /* bytes of a common name (RFC 5280) */
#define CA_SANS_MAX 64 /* names and addresses of one certificate */

enum ca_use { CA_USE_SERVER = 1, CA_USE_CLIENT = 2 };

/* What to make; texts are borrowed. */
struct ca_request {
    const char *name;             /* the subject's common name */
    const char *dns[CA_SANS_MAX]; /* NULL after the last */
    const char *ip[CA_SANS_MAX];
    unsigned use;       /* mask of enum ca_use; of the CA: ignored */
    int64_t from, till; /* seconds of the epoch */
};

/* A certificate and its key, as PEM; free with ca_pair_free(). */
struct ca_pair {
    char *cert, *key;
    char serial[48]; /* in hexadecimal */
    int64_t till;    /* as it came out: no longer than the CA's */
};

/* A CA that signs itself. NULL or an error text (free()). */
char *ca_make(const struct ca_request *r, struct ca_pair *out);
/* One that the CA signs; both of it are PEM. */
char *ca_issue(const struct ca_request *r, const char *ca_cert,
               const char *ca_key, struct ca_pair *out);
void ca_pair_free(struct ca_pair *p);

/* Whether text is a numeric address; a name of a host, of which the first label
 * may be an asterisk. */
bool ca_is_ip(const char *text);
bool ca_is_dns(const char *text);

#endif
