/*
 * The records of a snapshot, in their order, through tar and gzip into a
 * descriptor. Runs in a child that has nothing but memory: see snapshot_save.c.
 * An archive says how long a file is before it comes: so all of it is made
 * twice, the first time to measure it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "lib/base64.h"
#include "lib/buf.h"
#include "lib/sha256.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/snapshot.h"
#include "server/snapshot_tar.h"
#include "server/state/acl.h"
#include "server/state/directory.h"
#include "server/state/kv.h"
#include "server/state/queries.h"
#include "server/state/queries_impl.h"
#include "server/state/session.h"

#define GZIP_FAST "wb1"

struct writer {
    gzFile gz;         /* NULL: it is only measured */
    struct sha256 sum; /* of the file at hand, */
    bool in_file;      /* while there is one */
    struct buf line;
    unsigned long long records;
    uint64_t bytes; /* of the file at hand */
    bool failed;
};

static void put(struct writer *w, const char *bytes, size_t len)
{
    w->bytes += len;
    if (w->in_file)
        sha256_add(&w->sum, bytes, len);
    if (w->gz && len && gzwrite(w->gz, bytes, (unsigned)len) != (int)len)
        w->failed = true;
}

static void put_line(struct writer *w)
{
    buf_add_char(&w->line, '\n');
    put(w, buf_data(&w->line), buf_len(&w->line));
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
        add64(w, e->key, e->by_key.node.key_len);
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

static void write_state(struct writer *w, struct musterd *m)
{
    w->records = 0;
    buf_add_fmt(&w->line, "muster-snapshot 1 %llu",
                (unsigned long long)m->store->revision);
    buf_add_words(&w->line, m->self->datacenter);
    put_line(w);
    write_acls(w, m->acls);
    write_services(w, m->catalog);
    write_nodes(w, m->directory);
    write_checks(w, m->directory);
    write_sessions(w, m->kv);
    write_keys(w, m->kv);
    write_queries(w, m->queries);
    buf_add_fmt(&w->line, "end %llu", w->records - 1);
    put_line(w);
}

/* -- the archive ----------------------------------------------------------- */

static void begin_file(struct writer *w, const char *name, uint64_t size)
{
    char head[TAR_BLOCK];

    tar_head(head, name, size, time(NULL));
    put(w, head, sizeof(head));
    sha256_begin(&w->sum);
    w->in_file = true;
    w->bytes = 0;
}

/* Adds the line for the file to sums. */
static void end_file(struct writer *w, const char *name, struct buf *sums)
{
    static const char zeroes[TAR_BLOCK];
    char sum[SHA256_HEX + 1];

    w->in_file = false;
    sha256_end(&w->sum, sum);
    buf_add_fmt(sums, "%s  %s\n", sum, name);
    put(w, zeroes, tar_padding(w->bytes));
}

static void write_file(struct writer *w, const char *name,
                       const struct buf *text, struct buf *sums)
{
    begin_file(w, name, buf_len(text));
    put(w, buf_data(text), buf_len(text));
    end_file(w, name, sums);
}

/* Of the state, as Consul's own tools show it. */
static void add_meta(struct buf *meta, uint64_t revision, uint64_t size)
{
    unsigned long long n = revision;

    buf_add_fmt(meta,
                "{\"Version\":1,\"ID\":\"muster-%llu\",\"Index\":%llu,"
                "\"Term\":1,\"Peers\":null,\"Configuration\":"
                "{\"Servers\":[]},\"ConfigurationIndex\":0,\"Size\":%llu}\n",
                n, n, (unsigned long long)size);
}

bool snapshot_write(struct musterd *m, int fd)
{
    static const char zeroes[TAR_END];
    struct writer w = {0};
    struct buf meta = BUF_INIT, sums = BUF_INIT, none = BUF_INIT;
    uint64_t size;

    write_state(&w, m);
    size = w.bytes;
    if (!(w.gz = gzdopen(fd, GZIP_FAST)))
        return false;
    add_meta(&meta, m->store->revision, size);
    write_file(&w, SNAPSHOT_META, &meta, &sums);
    begin_file(&w, SNAPSHOT_STATE, size);
    write_state(&w, m);
    if (w.bytes != size)
        w.failed = true;
    end_file(&w, SNAPSHOT_STATE, &sums);
    write_file(&w, SNAPSHOT_SUMS, &sums, &none);
    put(&w, zeroes, sizeof(zeroes));
    buf_free(&meta);
    buf_free(&sums);
    buf_free(&none);
    buf_free(&w.line);
    return gzclose(w.gz) == Z_OK && !w.failed;
}
