#include "client/cli/against.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "client/cli/diff.h"
#include "client/cli/similar.h"
#include "lib/mem.h"

#define LINES_MAX   20000 /* of a text */
#define CHANGES_MAX 400   /* diff's memory grows with its square */

struct line {
    const char *text;
    size_t len;
};

struct side {
    struct line *lines;
    uint32_t *numbers; /* the same for lines that are alike */
    size_t count;
};

struct change {
    enum diff_kind kind;
    size_t at, before;
};

struct against {
    struct side from, to;
    struct change *changes;
    size_t count;
};

/* The number of a line without what may differ. */
struct known {
    struct buf key;
    uint32_t number;
    UT_hash_handle hh;
};

static uint32_t number_of(struct known **all, const struct line *line)
{
    struct similar s;
    struct known *k;

    similar_make(&s, "", line->text, line->len);
    HASH_FIND(hh, *all, buf_str(&s.key), buf_len(&s.key), k);
    if (!k) {
        k = xcalloc(1, sizeof(*k));
        k->number = HASH_COUNT(*all);
        k->key = s.key;
        s.key = (struct buf)BUF_INIT;
        HASH_ADD_KEYPTR(hh, *all, buf_str(&k->key), buf_len(&k->key), k);
    }
    similar_free(&s);
    return k->number;
}

static void side_make(struct side *side, struct known **all, const char *text,
                      size_t len)
{
    const char *end = text + len;

    while (text < end && side->count <= LINES_MAX) {
        const char *lf = memchr(text, '\n', (size_t)(end - text));

        if ((side->count & (side->count - 1)) == 0) {
            size_t room = side->count ? side->count * 2 : 1;

            side->lines =
                xreallocarray(side->lines, room, sizeof(*side->lines));
            side->numbers =
                xreallocarray(side->numbers, room, sizeof(*side->numbers));
        }
        side->lines[side->count].text = text;
        side->lines[side->count].len = (size_t)((lf ? lf : end) - text);
        side->numbers[side->count] = number_of(all, &side->lines[side->count]);
        side->count++;
        text = lf ? lf + 1 : end;
    }
}

static void change_add(void *arg, enum diff_kind kind, size_t at, size_t before)
{
    struct against *a = arg;

    a->changes[a->count++] =
        (struct change){.kind = kind, .at = at, .before = before};
}

static void known_free(struct known *all)
{
    struct known *k, *next;

    HASH_ITER (hh, all, k, next) {
        HASH_DEL(all, k);
        buf_free(&k->key);
        free(k);
    }
}

struct against *against_new(const char *from, size_t from_len, const char *text,
                            size_t len)
{
    struct against *a = xcalloc(1, sizeof(*a));
    struct known *all = NULL;
    size_t most;

    side_make(&a->from, &all, from, from_len);
    side_make(&a->to, &all, text, len);
    known_free(all);
    most = a->to.count < CHANGES_MAX ? a->to.count : CHANGES_MAX;
    a->changes = xcalloc(most + 1, sizeof(*a->changes));
    if (a->from.count <= LINES_MAX && a->to.count <= LINES_MAX && most > 1 &&
        diff_lists(a->from.numbers, a->from.count, a->to.numbers, a->to.count,
                   most - 1, change_add, a) &&
        a->count)
        return a;
    against_free(a);
    return NULL;
}

/* Whether a change goes on where the one before it ended. */
static bool goes_on(const struct change *before, const struct change *c)
{
    return c->before == before->before + (before->kind == DIFF_REMOVED);
}

void against_each(const struct against *a,
                  void (*fn)(void *arg, char sign, const char *line,
                             size_t len),
                  void *arg)
{
    char where[32];

    for (size_t i = 0; i < a->count; i++) {
        const struct change *c = &a->changes[i];
        bool removed = c->kind == DIFF_REMOVED;
        const struct line *line =
            removed ? &a->from.lines[c->at] : &a->to.lines[c->at];

        if (!i || !goes_on(&a->changes[i - 1], c)) {
            int n = snprintf(where, sizeof(where), " line %zu", c->before + 1);

            fn(arg, '@', where, (size_t)n);
        }
        fn(arg, removed ? '-' : '+', line->text, line->len);
    }
}

void against_free(struct against *a)
{
    if (!a)
        return;
    free(a->from.lines);
    free(a->from.numbers);
    free(a->to.lines);
    free(a->to.numbers);
    free(a->changes);
    free(a);
}
