/*
 * audit_chain: the lines of an audit log and what binds them together. A line
 * is a JSON object; it begins with its number and ends with the hash of the
 * line before and its own, which is the SHA-256 of everything before it:
 *
 *   {"seq":7,"time":"…",…,"prev":"<64 digits>","hash":"<64 digits>"}
 *            ^ body: any members          ^ of line 6         ^ of all before
 *
 * So no line can be changed, left out or moved without the next one telling.
 * Who may write the whole file can also write a whole new chain: against that
 * the last hash is noted somewhere else (muster audit verify --expect).
 *
 * Pure: bytes in, bytes out. It must not know files, clocks or what a body
 * says.
 */
#ifndef MUSTER_LIB_AUDIT_CHAIN_H
#define MUSTER_LIB_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define AUDIT_HASH_LEN 64                     /* hexadecimal digits */
#define AUDIT_LINE_MAX 65536                  /* longest line, with its LF */
#define AUDIT_BODY_MAX (AUDIT_LINE_MAX - 256) /* what a chain adds fits then */

/* The end of a chain: its last line. */
struct audit_chain {
    uint64_t seq; /* 0: there is none yet, and hash is all zeros */
    char hash[AUDIT_HASH_LEN + 1];
};

void audit_chain_init(struct audit_chain *c);

/* Appends the next line, LF and all, with that body (members without braces,
 * at least one) to out. */
void audit_chain_add(struct audit_chain *c, const char *body, size_t len,
                     struct buf *out);

/* What a line says about itself. */
struct audit_seal {
    uint64_t seq;
    char prev[AUDIT_HASH_LEN + 1];
    char hash[AUDIT_HASH_LEN + 1];
    const char *body; /* points into the line */
    size_t body_len;
    bool whole; /* hash is that of its bytes */
};

/* Reads a line (without its LF); false if it is none of an audit log. */
bool audit_seal_read(const char *line, size_t len, struct audit_seal *s);

/* 64 digits for any bytes, and a NUL. */
void audit_hash(const void *bytes, size_t len, char *out);

/* Whether text is such digits, and nothing else. */
bool audit_hash_ok(const char *text);

#endif
