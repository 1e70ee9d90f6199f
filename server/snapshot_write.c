/*
 * The records of a snapshot, in their order, through gzip into a descriptor.
 * Runs in a child that has nothing but memory: see snapshot_save.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/base64.h"
#include "lib/buf.h"
#include "lib/sha256.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/snapshot.h"
#include "server/state/acl.h"
#include "server/state/directory.h"
#include "server/state/kv.h"
#include "server/state/queries.h"
#include "server/state/queries_impl.h"
#include "server/state/session.h"

#define GZIP_FAST "wb1"

struct writer {
    gzFile gz;
    struct sha256 sum;
    struct buf line;
    unsigned long long records;
    bool failed;
};

static void put_line(struct writer *w)
{
    size_t len;

    buf_add_char(&w->line, '\n');
    len = buf_len(&w->line);
    sha256_add(&w->sum, buf_data(&w->line), len);
    if (gzwrite(w->gz, buf_data(&w->line), (unsigned)len) != (int)len)
        w->failed = true;
    buf_reset(&w->line, 1 << 20);
    w->records++;
}

/* A word of any bytes. */
static void add64(struct writer *w, const void *bytes, size_t len)
{
    if (!len) {
        buf_add_words(&w->line, "");
        return;
    }
    buf_add_char(&w->line, ' ');
    base64_encode(&w->line, bytes, len);
}

static void add_text64(struct writer *w, const char *text)
{
    add64(w, text, strlen(text));
}

/* -- each kind ------------------------------------------------------------- */

static void write_acls(struct writer *w, const struct acls *acls)
{
    const struct acl_token *t = NULL;

    while (!w->failed && (t = acl_next(acls, t))) {
        buf_add_words(&w->line, "acl");
        add_text64(w, t->id);
        add_text64(w, t->name);
        buf_add_words(&w->line, t->management ? "management" : "client");
        add_text64(w, t->text);
        put_line(w);
    }
}

static void write_services(struct writer *w, const struct catalog *c)
{
    const struct service *v;
    struct seqset_pos at;

    for (v = seqset_first(&c->all, 0, &at); v && !w->failed;
         v = seqset_next(&at)) {
        if (!v->persist)
            continue;
        buf_add_words(&w->line, "service");
        buf_add_word(&w->line, v->name, v->name_len);
        catalog_kept_write(v, &w->line);
        put_line(w);
    }
}

static void write_pairs(struct writer *w, const char *what,
                        const struct dir_pairs *p)
{
    unsigned i;

    for (i = 0; i < p->count; i++) {
        buf_add_words(&w->line, what);
        buf_add_pair(&w->line, p->list[i].name, p->list[i].value);
    }
}

static void write_nodes(struct writer *w, struct directory *d)
{
    const struct dir_node *n = NULL;

    while (!w->failed && (n = directory_next_node(d, n))) {
        if (!n->recorded)
            continue;
        buf_add_words(&w->line, "node");
        buf_add_words(&w->line, n->name);
        buf_add_words(&w->line, n->address);
        buf_add_words(&w->line, n->id);
        write_pairs(w, "tagged", &n->tagged);
        write_pairs(w, "meta", &n->meta);
        put_line(w);
    }
}

/* Those that go with a connection come again with it. */
static bool is_kept(const struct dir_check *k)
{
    const struct service *v = k->instance ? k->instance->entry : NULL;

    return !k->implied && (!v || v->persist);
}

static void write_checks(struct writer *w, struct directory *d)
{
    const struct dir_check *k;
    const struct dir_node *n = NULL;

    while (!w->failed && (n = directory_next_node(d, n)))
        for (k = NULL; !w->failed && (k = dir_node_next_check(n, k));) {
            if (!is_kept(k))
                continue;
            buf_add_words(&w->line, "check");
            buf_add_words(&w->line, n->name);
            buf_add_words(&w->line, k->service_id);
            buf_add_words(&w->line, k->id);
            add_text64(w, k->name);
            buf_add_words(&w->line, dir_status_text(k->status));
            buf_add_words(&w->line, k->agent ? "1" : "0");
            add_text64(w, k->notes);
            add_text64(w, k->output);
            add_text64(w, k->definition);
            put_line(w);
        }
}

static void write_sessions(struct writer *w, const struct kv *kv)
{
    const struct session *s = NULL;

    while (!w->failed && (s = session_next(kv, s))) {
        buf_add_words(&w->line, "session");
        buf_add_words(&w->line, s->id);
        buf_add_words(&w->line, s->name);
        buf_add_words(&w->line, s->node);
        buf_add_words(&w->line, s->checks);
        buf_add_words(&w->line,
                      s->behavior == SESSION_DELETE ? "delete" : "release");
        buf_add_fmt(&w->line, " %llu %llu",
                    (unsigned long long)s->lock_delay_ns,
                    (unsigned long long)s->ttl_ms);
        buf_add_words(&w->line, s->ttl);
        put_line(w);
    }
}

static void write_keys(struct writer *w, const struct kv *kv)
{
    const struct kv_entry *e = NULL;

    while (!w->failed && (e = kv_next(kv, "", 0, e))) {
        buf_add_words(&w->line, "key");
        add64(w, e->key, e->node.key_len);
        add64(w, e->value, e->value_len);
        buf_add_fmt(&w->line, " %llu %llu", (unsigned long long)e->flags,
                    (unsigned long long)e->locks);
        buf_add_words(&w->line, e->session);
        put_line(w);
    }
}

static void write_queries(struct writer *w, const struct queries *qs)
{
    const struct query *q = NULL;

    while (!w->failed && (q = queries_next(qs, q))) {
        buf_add_words(&w->line, "query");
        buf_add_words(&w->line, q->id);
        query_write(&q->def, &w->line);
        put_line(w);
    }
}

bool snapshot_write(struct musterd *m, int fd)
{
    struct writer w = {.gz = gzdopen(fd, GZIP_FAST)};
    char sum[SHA256_HEX + 1];

    if (!w.gz)
        return false;
    sha256_begin(&w.sum);
    buf_add_fmt(&w.line, "muster-snapshot 1 %llu",
                (unsigned long long)m->store->revision);
    buf_add_words(&w.line, m->self->datacenter);
    put_line(&w);
    write_acls(&w, m->acls);
    write_services(&w, m->catalog);
    write_nodes(&w, m->directory);
    write_checks(&w, m->directory);
    write_sessions(&w, m->kv);
    write_keys(&w, m->kv);
    write_queries(&w, m->queries);
    sha256_end(&w.sum, sum);
    buf_add_fmt(&w.line, "end %llu %s\n", w.records - 1, sum);
    if (gzwrite(w.gz, buf_data(&w.line), (unsigned)buf_len(&w.line)) <= 0)
        w.failed = true;
    buf_free(&w.line);
    return gzclose(w.gz) == Z_OK && !w.failed;
}
