#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/words.h"
#include "server/snapshot_impl.h"

#define CHECK_WORDS 9

/* Nodes and checks are the same in whatever case they are written. Owned: the
 * kind, and the name. */
static char *key_of(enum snapshot_kind kind, const char *name, size_t len)
{
    bool lower = kind == SNAPSHOT_NODE || kind == SNAPSHOT_CHECK;
    char *key = xmalloc(len + 1);
    size_t i;

    key[0] = (char)kind;
    for (i = 0; i < len; i++)
        key[i + 1] = lower ? (char)tolower((unsigned char)name[i]) : name[i];
    return key;
}

static void add_name(struct restore *r, enum snapshot_kind kind,
                     const char *name, size_t len)
{
    struct snapshot_name *n;

    if (restore_has(r, kind, name, len))
        return;
    n = xcalloc(1, sizeof(*n));
    n->key = key_of(kind, name, len);
    HASH_ADD_KEYPTR(hh, r->names, n->key, len + 1, n);
}

bool restore_has(const struct restore *r, enum snapshot_kind kind,
                 const char *name, size_t len)
{
    char *key = key_of(kind, name, len);
    struct snapshot_name *n;

    HASH_FIND(hh, r->names, key, len + 1, n);
    free(key);
    return n != NULL;
}

char *restore_check_name(const char *node, const char *id, size_t *len)
{
    size_t first = strlen(node) + 1, second = strlen(id);
    char *name = xmalloc(first + second + 1);

    memcpy(name, node, first);
    memcpy(name + first, id, second + 1);
    *len = first + second;
    return name;
}

static void name_check(struct restore *r, const struct snapshot_row *row)
{
    char *line = xmemdup0(row->line, row->len), *name;
    struct word w[CHECK_WORDS];
    size_t len;

    if (words_split(line, row->len, w, CHECK_WORDS) == CHECK_WORDS) {
        name = restore_check_name(w[0].text, w[2].text, &len);
        add_name(r, row->kind, name, len);
        free(name);
    }
    free(line);
}

/* Its first word. */
static void name_row(struct restore *r, const struct snapshot_row *row)
{
    size_t len = snapshot_name_len(row->line, row->len);
    char *line = xmemdup0(row->line, len);
    struct buf id = BUF_INIT;
    struct word w;

    if (words_split(line, len, &w, 1) == 1) {
        if (row->kind != SNAPSHOT_ACL)
            add_name(r, row->kind, w.text, w.len);
        else if (base64_decode(&id, w.text, w.len))
            add_name(r, row->kind, buf_data(&id), buf_len(&id));
    }
    buf_free(&id);
    free(line);
}

void restore_names(struct restore *r)
{
    size_t i;

    for (i = 0; i < r->snapshot.count; i++) {
        const struct snapshot_row *row = &r->snapshot.rows[i];

        if (row->kind == SNAPSHOT_CHECK)
            name_check(r, row);
        else if (row->kind != SNAPSHOT_KEY)
            name_row(r, row);
    }
}

void restore_forget_names(struct restore *r)
{
    struct snapshot_name *n, *next;

    HASH_ITER (hh, r->names, n, next) {
        HASH_DEL(r->names, n);
        free(n->key);
        free(n);
    }
}
