#include "lib/audit_chain.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "lib/mem.h"

#define SEQ_BEGIN  "{\"seq\":"
#define PREV_BEGIN ",\"prev\":\""
#define PREV_END   "\""
#define HASH_BEGIN ",\"hash\":\""
#define LINE_END   "\"}"

/* From the comma before "prev" to the end of a line */
#define SEAL_LEN                                                               \
    (sizeof(PREV_BEGIN PREV_END HASH_BEGIN LINE_END) - 1 + 2 * AUDIT_HASH_LEN)

void audit_hash(const void *bytes, size_t len, char *out)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (!EVP_Digest(bytes, len, md, &n, EVP_sha256(), NULL))
        mem_exhausted();
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", md[i]);
}

bool audit_hash_ok(const char *text)
{
    return strspn(text, "0123456789abcdef") == AUDIT_HASH_LEN &&
           text[AUDIT_HASH_LEN] == '\0';
}

void audit_chain_init(struct audit_chain *c)
{
    c->seq = 0;
    memset(c->hash, '0', AUDIT_HASH_LEN);
    c->hash[AUDIT_HASH_LEN] = '\0';
}

void audit_chain_add(struct audit_chain *c, const char *body, size_t len,
                     struct buf *out)
{
    size_t begin = buf_len(out);

    buf_add_str(out, SEQ_BEGIN);
    buf_add_u64(out, ++c->seq);
    buf_add_char(out, ',');
    buf_add(out, body, len);
    buf_add_str(out, PREV_BEGIN);
    buf_add_str(out, c->hash);
    buf_add_str(out, PREV_END);
    audit_hash(buf_data(out) + begin, buf_len(out) - begin, c->hash);
    buf_add_str(out, HASH_BEGIN);
    buf_add_str(out, c->hash);
    buf_add_str(out, LINE_END "\n");
}

/* -- reading --------------------------------------------------------------- */

/* Takes a constant text off the front; false if it does not stand there. */
static bool take(const char **p, const char *end, const char *text)
{
    size_t len = strlen(text);

    if ((size_t)(end - *p) < len || memcmp(*p, text, len) != 0)
        return false;
    *p += len;
    return true;
}

static bool take_number(const char **p, const char *end, uint64_t *n)
{
    const char *begin = *p;

    for (*n = 0; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
        if (*n > (UINT64_MAX - 9) / 10)
            return false;
        *n = *n * 10 + (uint64_t)(**p - '0');
    }
    return *p > begin && (*begin != '0' || *p == begin + 1);
}

static bool take_hash(const char **p, const char *end, char *to)
{
    if (end - *p < AUDIT_HASH_LEN)
        return false;
    memcpy(to, *p, AUDIT_HASH_LEN);
    to[AUDIT_HASH_LEN] = '\0';
    *p += AUDIT_HASH_LEN;
    return audit_hash_ok(to);
}

bool audit_seal_read(const char *line, size_t len, struct audit_seal *s)
{
    const char *p = line, *end = line + len, *hashed;
    char hash[AUDIT_HASH_LEN + 1];

    if (!take(&p, end, SEQ_BEGIN) || !take_number(&p, end, &s->seq) ||
        !take(&p, end, ",") || (size_t)(end - p) <= SEAL_LEN)
        return false;
    s->body = p;
    s->body_len = (size_t)(end - p) - SEAL_LEN;
    p += s->body_len;
    if (!take(&p, end, PREV_BEGIN) || !take_hash(&p, end, s->prev) ||
        !take(&p, end, PREV_END))
        return false;
    hashed = p;
    if (!take(&p, end, HASH_BEGIN) || !take_hash(&p, end, s->hash) ||
        !take(&p, end, LINE_END))
        return false;
    audit_hash(line, (size_t)(hashed - line), hash);
    s->whole = strcmp(hash, s->hash) == 0;
    return true;
}
