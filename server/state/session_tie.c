#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "lib/words.h"
#include "server/state/kv_impl.h"

/* What sessions depend on: a node, or a check of one. */
struct session_anchor {
    struct session_tie *ties;
    uint64_t changed; /* the revision at which one came or went last */
    size_t len;
    UT_hash_handle hh;
    char key[]; /* the node, a NUL, the check, in small letters */
};

/* A session on an anchor. */
struct session_tie {
    struct session_anchor *anchor;
    struct session *session;
    struct session_tie *prev, *next;
};

/* -- anchors --------------------------------------------------------------- */

/* check "": the node itself. Returns the length. */
static size_t anchor_key(char *key, const char *node, const char *check)
{
    char *p = key;

    while (*node)
        *p++ = (char)tolower((unsigned char)*node++);
    *p++ = '\0';
    while (*check)
        *p++ = (char)tolower((unsigned char)*check++);
    return (size_t)(p - key);
}

static struct session_anchor *anchor_find(const struct kv *kv, const char *node,
                                          const char *check)
{
    struct session_anchor *a;
    char *key;
    size_t len;

    if (!kv->anchors)
        return NULL; /* no session is tied to anything */
    key = xmalloc(strlen(node) + strlen(check) + 1);
    len = anchor_key(key, node, check);
    HASH_FIND(hh, kv->anchors, key, len, a);
    free(key);
    return a;
}

static struct session_anchor *anchor_of(struct kv *kv, const char *node,
                                        const char *check)
{
    struct session_anchor *a = anchor_find(kv, node, check);

    if (a)
        return a;
    a = xcalloc(1, sizeof(*a) + strlen(node) + strlen(check) + 2);
    a->len = anchor_key(a->key, node, check);
    HASH_ADD_KEYPTR(hh, kv->anchors, a->key, a->len, a);
    return a;
}

/* -- ties ------------------------------------------------------------------ */

static unsigned most_words(const char *checks)
{
    return (unsigned)(strlen(checks) / 2 + 1);
}

/* Splits a copy of them; *copy and what is returned are the caller's. */
static struct word *split(const char *checks, char **copy, int *count)
{
    unsigned most = most_words(checks);
    struct word *w = xcalloc(most, sizeof(*w));

    *copy = xstrdup(checks);
    *count = words_split(*copy, strlen(checks), w, (int)most);
    return w;
}

bool session_checks_are_words(const char *checks)
{
    char *copy;
    int count;

    free(split(checks, &copy, &count));
    free(copy);
    return count >= 0;
}

static void tie(struct kv *kv, struct session *s, const char *check,
                uint64_t revision)
{
    struct session_tie *t = &s->ties[s->tie_count++];

    t->anchor = anchor_of(kv, s->node, check);
    t->anchor->changed = revision;
    t->session = s;
    DL_APPEND(t->anchor->ties, t);
}

void session_tie(struct kv *kv, struct session *s, uint64_t revision)
{
    char *copy;
    int count, i;
    struct word *w = split(s->checks, &copy, &count);

    if (count < 0)
        count = 0;
    s->ties = xcalloc((size_t)count + 1, sizeof(*s->ties));
    tie(kv, s, "", revision);
    for (i = 0; i < count; i++)
        tie(kv, s, w[i].text, revision);
    free(copy);
    free(w);
}

void session_untie(struct kv *kv, struct session *s, uint64_t revision)
{
    struct session_tie *t;

    while (s->tie_count) {
        t = &s->ties[--s->tie_count];
        DL_DELETE(t->anchor->ties, t);
        t->anchor->changed = revision;
        if (t->anchor->ties)
            continue;
        HASH_DEL(kv->anchors, t->anchor);
        free(t->anchor);
    }
}

/* -- ends ------------------------------------------------------------------ */

void session_end_of(struct kv *kv, const char *node, const char *check,
                    const char *why)
{
    struct session_anchor *a = anchor_find(kv, node, check ? check : "");
    struct session_tie *t;

    if (a)
        DL_FOREACH (a->ties, t)
            session_doom(kv, t->session, why);
}

void session_judge(struct kv *kv, struct session *s)
{
    const char *check, *why = NULL;
    unsigned i;

    for (i = 0; kv->judge && i < s->tie_count && !why; i++) {
        check = s->ties[i].anchor->key;
        check += strlen(check) + 1;
        why = kv->judge(kv->judge_arg, s->node, *check ? check : NULL);
    }
    if (why)
        session_doom(kv, s, why);
}

void session_set_judge(struct kv *kv, session_judge_fn *judge, void *arg)
{
    kv->judge = judge;
    kv->judge_arg = arg;
}

void session_judge_all(struct kv *kv)
{
    const struct session *s = NULL;

    while ((s = session_next(kv, s)))
        session_judge(kv, session_get(kv, s->id, KV_SESSION_ID));
}

uint64_t session_node_index(const struct kv *kv, const char *node)
{
    const struct session_anchor *a = anchor_find(kv, node, "");
    uint64_t index;

    if (!a)
        return session_index(kv);
    index = a->changed > kv->floor ? a->changed : kv->floor;
    return index ? index : 1;
}
