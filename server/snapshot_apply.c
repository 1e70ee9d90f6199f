/*
 * What a record of a snapshot says is asked for, unless it is so already. Each
 * was looked at before (snapshot_read.c): what it is made of is right.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/words.h"
#include "server/musterd.h"
#include "server/snapshot_impl.h"
#include "server/state/acl.h"
#include "server/state/directory.h"
#include "server/state/queries_impl.h"
#include "server/state/session.h"

#define ROW_WORDS (3 + 2 * 3 * DIR_META_MAX)

/* A record's words; bytes that stood in base64 are decoded. */
struct fields {
    char *line; /* owned, all */
    struct word w[ROW_WORDS];
    struct buf decoded[ROW_WORDS];
    int n;
};

static struct fields *fields_of(const struct snapshot_row *row)
{
    struct fields *f = xcalloc(1, sizeof(*f));

    f->line = xmemdup0(row->line, row->len);
    f->n = words_split(f->line, row->len, f->w, ROW_WORDS);
    return f;
}

static void fields_free(struct fields *f)
{
    int i;

    for (i = 0; i < f->n; i++)
        buf_free(&f->decoded[i]);
    free(f->line);
    free(f);
}

static const char *decoded(struct fields *f, int i)
{
    if (!base64_decode(&f->decoded[i], f->w[i].text, f->w[i].len))
        return "";
    return buf_str(&f->decoded[i]);
}

static uint64_t number(const struct fields *f, int i)
{
    unsigned long long n = 0;

    return word_to_u64(&f->w[i], UINT64_MAX, &n) ? n : 0;
}

/* -- tokens ---------------------------------------------------------------- */

static void acl_done(void *arg, enum acl_status status, const char *text)
{
    restore_end(arg, status == ACL_OK ? NULL : text);
}

static void acl_row(struct restore *r, struct fields *f)
{
    struct acl_request q = {.id = decoded(f, 0),
                            .name = decoded(f, 1),
                            .rules = decoded(f, 3),
                            .management = word_is(&f->w[2], "management")};
    const struct acl_token *t = acl_find(r->m->acls, q.id, strlen(q.id));

    if (t && t->management == q.management && !strcmp(t->name, q.name) &&
        !strcmp(t->text, q.rules)) {
        r->counts.same++;
        return;
    }
    r->counts.changed++;
    restore_begin(r);
    acl_put(r->m->acls, &q, acl_done, r);
}

/* -- services -------------------------------------------------------------- */

static void service_done(void *arg, const struct catalog_result *k)
{
    restore_end(arg, k->status == CATALOG_OK ? NULL : k->text);
}

static bool service_is_so(const struct service *v, const char *value,
                          size_t len)
{
    struct buf is = BUF_INIT;
    bool so;

    if (!v || !v->persist)
        return false;
    catalog_kept_write(v, &is);
    so = buf_len(&is) + 1 == len && !memcmp(buf_data(&is), value + 1, len - 1);
    buf_free(&is);
    return so;
}

static void service_row(struct restore *r, const struct snapshot_row *row)
{
    size_t len = snapshot_name_len(row->line, row->len);
    char *copy = xmemdup0(row->line, len);
    struct catalog *c = r->m->catalog;
    struct word name = {0};

    (void)words_split(copy, len, &name, 1);
    if (service_is_so(catalog_find(c, name.text, name.len), row->line + len,
                      row->len - len)) {
        r->counts.same++;
    } else {
        r->counts.changed++;
        restore_begin(r);
        c->asker = NULL;
        if (!catalog_kept_register(c, &r->owner, &name, row->line + len,
                                   row->len - len, service_done, r))
            restore_end(r, "a service of the snapshot cannot be registered");
    }
    free(copy);
}

/* -- nodes and checks ------------------------------------------------------ */

static void dir_done(void *arg, const struct dir_result *d)
{
    restore_end(arg, d->outcome == DIR_DONE ? NULL : d->text);
}

static void directory_ask(struct restore *r, const struct dir_request *q)
{
    r->counts.changed++;
    restore_begin(r);
    directory_register(r->m->directory, q, dir_done, r);
}

static bool pairs_are(const struct dir_pairs *a, const struct dir_pairs *b)
{
    const char *value;
    unsigned i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++) {
        value = dir_pair_get(b, a->list[i].name);
        if (!value || strcmp(value, a->list[i].value) != 0)
            return false;
    }
    return true;
}

static void node_row(struct restore *r, struct fields *f)
{
    struct dir_pair tagged[ROW_WORDS / 3], meta[ROW_WORDS / 3];
    struct dir_request q = {.who.may_all = true,
                            .node = f->w[0].text,
                            .address = f->w[1].text,
                            .id = f->w[2].text,
                            .tagged.list = tagged,
                            .meta.list = meta};
    const struct dir_node *n = directory_node(r->m->directory, q.node);
    int i;

    for (i = 3; i + 2 < f->n; i += 3) {
        struct dir_pair p = {f->w[i + 1].text, f->w[i + 2].text};

        if (word_is(&f->w[i], "meta"))
            meta[q.meta.count++] = p;
        else
            tagged[q.tagged.count++] = p;
    }
    if (n && n->recorded && !strcmp(n->address, q.address) &&
        !strcmp(n->id, q.id) && pairs_are(&q.meta, &n->meta) &&
        pairs_are(&q.tagged, &n->tagged))
        r->counts.same++;
    else
        directory_ask(r, &q);
}

static bool check_is_so(const struct dir_check *is,
                        const struct dir_check_new *k)
{
    return is && !is->implied && is->status == k->status &&
           is->agent == k->agent && !strcmp(is->name, k->name) &&
           !strcmp(is->notes, k->notes) && !strcmp(is->output, k->output) &&
           !strcmp(is->service_id, k->service_id) &&
           !strcmp(is->definition, k->definition);
}

static void check_row(struct restore *r, struct fields *f)
{
    struct dir_check_new k = {.id = f->w[2].text,
                              .name = decoded(f, 3),
                              .notes = decoded(f, 6),
                              .output = decoded(f, 7),
                              .definition = decoded(f, 8),
                              .service_id = f->w[1].text,
                              .agent = word_is(&f->w[5], "1")};
    struct dir_request q = {.who.may_all = true,
                            .node = f->w[0].text,
                            .skip_node = true,
                            .checks = &k,
                            .check_count = 1};

    (void)dir_status_parse(f->w[4].text, &k.status);
    if (check_is_so(directory_check_of(r->m->directory, q.node, k.id), &k))
        r->counts.same++;
    else
        directory_ask(r, &q);
}

/* -- sessions and queries -------------------------------------------------- */

static void session_done(void *arg, const struct kv_result *k)
{
    restore_end(arg, k->status == KV_DONE ? NULL : k->text);
}

static void session_row(struct restore *r, struct fields *f)
{
    const struct session_request q = {.id = f->w[0].text,
                                      .name = f->w[1].text,
                                      .node = f->w[2].text,
                                      .checks = f->w[3].text,
                                      .behavior = word_is(&f->w[4], "delete")
                                                      ? SESSION_DELETE
                                                      : SESSION_RELEASE,
                                      .lock_delay_ns = number(f, 5),
                                      .ttl_ms = number(f, 6),
                                      .ttl = f->w[7].text};

    if (session_find(r->m->kv, q.id)) {
        r->counts.same++;
        return;
    }
    r->counts.changed++;
    restore_begin(r);
    session_create(r->m->kv, &q, session_done, r);
}

static void query_done(void *arg, enum query_status status, const char *id,
                       const char *text)
{
    (void)id;
    restore_end(arg, status == QUERY_DONE ? NULL : text);
}

static void query_row(struct restore *r, const struct snapshot_row *row)
{
    char *id = xmemdup0(row->line, UUID_LEN), *wrong;
    const struct query *q = queries_find(r->m->queries, id);
    struct buf is = BUF_INIT;
    struct query_def d;

    wrong = query_read(&d, row->line + UUID_LEN, row->len - UUID_LEN);
    free(wrong); /* it was right before */
    if (q)
        query_write(&q->def, &is);
    if (q && buf_len(&is) + UUID_LEN + 1 == row->len &&
        !memcmp(buf_data(&is), row->line + UUID_LEN + 1, buf_len(&is))) {
        r->counts.same++;
        query_def_free(&d);
    } else {
        r->counts.changed++;
        restore_begin(r);
        queries_restore(r->m->queries, id, &d, query_done, r);
    }
    buf_free(&is);
    free(id);
}

void restore_row(struct restore *r, const struct snapshot_row *row)
{
    struct fields *f;

    if (row->kind == SNAPSHOT_SERVICE || row->kind == SNAPSHOT_QUERY) {
        (row->kind == SNAPSHOT_SERVICE ? service_row : query_row)(r, row);
        return;
    }
    f = fields_of(row);
    switch (row->kind) {
    case SNAPSHOT_ACL: acl_row(r, f); break;
    case SNAPSHOT_NODE: node_row(r, f); break;
    case SNAPSHOT_CHECK: check_row(r, f); break;
    default: session_row(r, f);
    }
    fields_free(f);
}
