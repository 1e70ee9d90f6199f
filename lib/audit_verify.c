#include "lib/audit_verify.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void audit_verify_init(struct audit_verify *v)
{
    *v = (struct audit_verify){0};
    audit_chain_init(&v->chain);
}

static void __attribute__((format(printf, 4, 5)))
tell_break(struct audit_verify *v, const char *file, uint64_t line,
           const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    text = xvasprintf(fmt, args);
    va_end(args);
    v->breaks++;
    v->broken(v->arg, file, line, text);
    free(text);
}

/* -- lines that are none --------------------------------------------------- */

static void odd_forget(struct audit_verify *v)
{
    free(v->odd_file);
    v->odd_file = NULL;
    v->odd = v->cut = false;
}

/* Nobody has declared it. */
static void odd_tell(struct audit_verify *v)
{
    if (v->odd)
        tell_break(v, v->odd_file, v->odd_line,
                   v->cut ? "the log ends in the middle of this line, and no "
                            "daemon has said so since"
                          : "this is no line of an audit log");
    odd_forget(v);
}

static void odd_keep(struct audit_verify *v, const char *file, uint64_t line,
                     const char *text, size_t len, bool ended)
{
    odd_tell(v);
    v->odd = true;
    v->cut = !ended;
    v->odd_file = xstrdup(file);
    v->odd_line = line;
    audit_hash(text, len, v->odd_hash);
}

/* -- bodies: what the chain itself says in them ---------------------------- */

/* What follows `member` in a body, or NULL. A daemon writes no quote into a
 * text without a backslash: this is found as a member only. */
static const char *body_find(const struct audit_seal *s, const char *member)
{
    const char *at = memmem(s->body, s->body_len, member, strlen(member));

    return at == NULL ? NULL : at + strlen(member);
}

static bool declares(const struct audit_verify *v, const struct audit_seal *s)
{
    const char *hash;

    if (body_find(s, "\"action\":\"torn\"") == NULL)
        return false;
    hash = body_find(s, "\"torn\":\"");
    return hash != NULL && s->body + s->body_len - hash > AUDIT_HASH_LEN &&
           memcmp(hash, v->odd_hash, AUDIT_HASH_LEN) == 0;
}

static void count_lost(struct audit_verify *v, const struct audit_seal *s)
{
    const char *n = body_find(s, "\"lost\":");

    if (n != NULL && body_find(s, "\"action\":\"lost\"") != NULL)
        v->lost += strtoull(n, NULL, 10); /* the member prev follows */
}

/* -- the chain ------------------------------------------------------------- */

static void check_place(struct audit_verify *v, const char *file, uint64_t line,
                        const struct audit_seal *s)
{
    unsigned long long seq = s->seq, before = v->chain.seq;

    if (v->lines == 0) {
        v->first = s->seq;
        if (seq == 1 && strcmp(s->prev, v->chain.hash) != 0)
            tell_break(v, file, line,
                       "line 1 of a log follows nothing, but this one does");
        return;
    }
    if (seq <= before)
        tell_break(
            v, file, line,
            "seq %llu stands behind seq %llu: lines were moved, or stand "
            "twice, or the files are not in order",
            seq, before);
    else if (seq > before + 1)
        tell_break(v, file, line, "seq %llu stands behind seq %llu: %llu %s",
                   seq, before, seq - before - 1,
                   seq - before == 2 ? "line is missing" : "lines are missing");
    else if (strcmp(s->prev, v->chain.hash) != 0)
        tell_break(v, file, line,
                   "seq %llu does not follow the line before, which is "
                   "another one than was written",
                   seq);
}

static void check_line(struct audit_verify *v, const char *file, uint64_t line,
                       const struct audit_seal *s)
{
    if (v->odd && declares(v, s)) {
        v->torn++;
        odd_forget(v);
    }
    odd_tell(v);
    check_place(v, file, line, s);
    if (!s->whole)
        tell_break(v, file, line,
                   "seq %llu was changed: its hash is not that of its bytes",
                   (unsigned long long)s->seq);
    count_lost(v, s);
    v->lines++;
    v->chain.seq = s->seq;
    memcpy(v->chain.hash, s->hash, sizeof(v->chain.hash));
    if (v->expect != NULL && s->whole && strcmp(s->hash, v->expect) == 0) {
        v->expected = true;
        v->after_expected = 0;
    } else {
        v->after_expected++;
    }
}

void audit_verify_line(struct audit_verify *v, const char *file, uint64_t line,
                       const char *text, size_t len, bool ended)
{
    struct audit_seal s;

    if (ended && audit_seal_read(text, len, &s))
        check_line(v, file, line, &s);
    else
        odd_keep(v, file, line, text, len, ended);
}

bool audit_verify_end(struct audit_verify *v)
{
    odd_tell(v);
    return v->breaks == 0 && (v->expect == NULL || v->expected);
}
