/*
 * The records of nodes and checks, as they are committed and as the store keeps
 * them: fields one after another, each its name, its length and its bytes:
 *
 *   address 9
 *   127.0.0.1
 *
 * The key of a node is its name in lower case, of a check its node's, a NUL and
 * its id.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/words.h"
#include "server/state/directory_impl.h"

static struct dir_record *record_of(struct keynode *n)
{
    return n ? container_of(n, struct dir_record, by_name) : NULL;
}

struct dir_check_record *dir_check_record_of(struct keynode *n)
{
    return n ? container_of(n, struct dir_check_record, by_key) : NULL;
}

struct dir_check_record *dir_check_record_by_service(struct keynode *n)
{
    return n ? container_of(n, struct dir_check_record, by_service) : NULL;
}

struct dir_record *dir_record_find(const struct directory *d, const char *key,
                                   size_t len)
{
    return record_of(keymap_find(&d->records, key, len));
}

struct dir_check_record *dir_check_record_find(struct directory *d,
                                               const char *node, const char *id)
{
    size_t len;
    const char *key = dir_key(d, &len, node, id, NULL);

    return dir_check_record_of(keymap_find(&d->check_records, key, len - 1));
}

void dir_record_unref(struct dir_record *r)
{
    if (r && !--r->refs)
        free(r);
}

void dir_check_record_unref(struct dir_check_record *r)
{
    if (!r || --r->refs)
        return;
    dir_check_record_say(r, "");
    free(r);
}

struct dir_record *dir_record_new(const struct dir_record *like)
{
    size_t len = strlen(like->name);
    struct dir_pair *list;
    struct dir_record *r;
    char *to;

    r = xmalloc(sizeof(*r) +
                (like->tagged.count + like->meta.count) * sizeof(*list) +
                dir_pairs_size(&like->tagged) + dir_pairs_size(&like->meta) +
                2 * (len + 1) + strlen(like->address) + strlen(like->id) + 2);
    *r = *like;
    r->refs = 1;
    list = (struct dir_pair *)(void *)r->text;
    to = (char *)(list + like->tagged.count + like->meta.count);
    r->tagged = dir_copy_pairs(&like->tagged, list, &to);
    r->meta = dir_copy_pairs(&like->meta, list + like->tagged.count, &to);
    r->name = dir_copy_text(&to, like->name);
    r->address = dir_copy_text(&to, like->address);
    r->id = dir_copy_text(&to, like->id);
    r->by_name = (struct keynode){.key = dir_fold_text(&to, like->name),
                                  .key_len = (uint32_t)len};
    return r;
}

void dir_check_record_say(struct dir_check_record *r, const char *output)
{
    static char nothing[1];
    char *old = r->output;

    r->output = *output ? xstrdup(output) : nothing;
    if (old != nothing)
        free(old);
}

/* Its keys, in the room at `to`. */
static void check_keys(struct dir_check_record *r, char *to)
{
    const char *key = dir_fold_text(&to, r->node);

    (void)dir_fold_text(&to, r->id);
    r->by_key =
        (struct keynode){.key = key, .key_len = (uint32_t)(to - 1 - key)};
    key = dir_fold_text(&to, r->node);
    (void)dir_fold_text(&to, r->service_id);
    (void)dir_fold_text(&to, r->id);
    r->by_service =
        (struct keynode){.key = key, .key_len = (uint32_t)(to - key)};
}

struct dir_check_record *
dir_check_record_new(const struct dir_check_record *like)
{
    const char *texts[] = {like->node,  like->id,         like->name,
                           like->notes, like->service_id, like->definition};
    struct dir_check_record *r;
    size_t size = 0, i;
    char *to;

    for (i = 0; i < ARRAY_LEN(texts); i++)
        size += strlen(texts[i]) + 1;
    size += 2 * (strlen(like->node) + strlen(like->id)) +
            strlen(like->service_id) + 5; /* the keys */
    r = xmalloc(sizeof(*r) + size);
    *r = *like;
    r->refs = 1;
    r->turned = false;
    to = r->text;
    r->node = dir_copy_text(&to, like->node);
    r->id = dir_copy_text(&to, like->id);
    r->name = dir_copy_text(&to, like->name);
    r->notes = dir_copy_text(&to, like->notes);
    r->service_id = dir_copy_text(&to, like->service_id);
    r->definition = dir_copy_text(&to, like->definition);
    r->output = NULL;
    dir_check_record_say(r, like->output);
    check_keys(r, to);
    return r;
}

/* -- as text --------------------------------------------------------------- */

static void put_field(struct buf *out, const char *name, const char *text)
{
    size_t len = strlen(text);

    buf_add_fmt(out, "%s %zu\n", name, len);
    buf_add(out, text, len);
    buf_add_char(out, '\n');
}

static void put_pairs(struct buf *out, const char *name,
                      const struct dir_pairs *p)
{
    unsigned i;

    for (i = 0; i < p->count; i++) {
        put_field(out, name, p->list[i].name);
        put_field(out, "is", p->list[i].value);
    }
}

/* The fields of a value that is read; name and text are cut out of it. */
struct fields {
    char *at, *end;
    const char *name, *text;
};

/* False at the end (name is NULL then) or where it makes no sense. */
static bool next_field(struct fields *f)
{
    char *line = f->at, *lf, *blank;
    unsigned long long len;
    struct word w;

    f->name = NULL;
    if (line == f->end)
        return false;
    f->name = "";
    lf = memchr(line, '\n', (size_t)(f->end - line));
    blank = lf ? memchr(line, ' ', (size_t)(lf - line)) : NULL;
    if (!blank)
        return false;
    w = (struct word){.text = blank + 1, .len = (unsigned)(lf - blank - 1)};
    if (!word_to_u64(&w, (unsigned long long)(f->end - lf - 1), &len) ||
        lf + 1 + len >= f->end || lf[1 + len] != '\n')
        return false;
    *blank = lf[1 + len] = '\0';
    f->name = line;
    f->text = lf + 1;
    f->at = lf + 1 + len + 1;
    return !memchr(f->text, '\0', len);
}

static bool add_pair(struct fields *f, struct dir_pairs *p,
                     struct dir_pair *list)
{
    if (p->count == DIR_META_MAX)
        return false;
    list[p->count].name = f->text;
    if (!next_field(f) || strcmp(f->name, "is") != 0)
        return false;
    list[p->count++].value = f->text;
    p->list = list;
    return true;
}

static char *nonsense(const char *what, const struct store_row *row)
{
    return xasprintf("%s '%.*s': its record makes no sense", what,
                     row->key_len < 80 ? (int)row->key_len : 80, row->key);
}

/* -- nodes ----------------------------------------------------------------- */

static struct dir_effect *effect_of(const struct store_txn *txn)
{
    return container_of(txn, struct dir_effect, txn);
}

static bool node_check(void *arg, const struct store_txn *txn)
{
    const struct dir_effect *f = effect_of(txn);
    const struct dir_record *r = f->node ? f->node : f->node_after;

    return dir_record_find(arg, r->by_name.key, r->by_name.key_len) == f->node;
}

static void node_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    const struct dir_effect *f = effect_of(txn);
    struct directory *d = arg;

    if (f->node_after) {
        f->node_after->created = f->node ? f->node->created : revision;
        f->node_after->changed = revision;
        f->node_after->refs++;
        if (f->node)
            keymap_replace(&d->records, &f->node->by_name,
                           &f->node_after->by_name);
        else
            keymap_insert(&d->records, &f->node_after->by_name);
        dir_note_node(d, f->node_after);
    } else {
        f->node->changed = revision; /* that it went */
        keymap_remove(&d->records, &f->node->by_name);
        dir_note_node(d, f->node);
    }
    dir_record_unref(f->node);
}

static bool node_write(void *arg, const struct store_txn *txn,
                       struct store_text *out)
{
    const struct dir_effect *f = effect_of(txn);
    const struct dir_record *r = f->node_after ? f->node_after : f->node;

    (void)arg;
    buf_add(&out->key, r->by_name.key, r->by_name.key_len);
    out->created = f->node ? f->node->created : 0;
    if (!f->node_after)
        return false;
    put_field(&out->value, "name", r->name);
    put_field(&out->value, "address", r->address);
    put_field(&out->value, "id", r->id);
    put_pairs(&out->value, "tagged", &r->tagged);
    put_pairs(&out->value, "meta", &r->meta);
    return true;
}

static bool node_read(struct fields *f, struct dir_record *r,
                      struct dir_pair *tagged, struct dir_pair *meta)
{
    bool good = true;

    while (good && next_field(f)) {
        if (!strcmp(f->name, "name"))
            r->name = f->text;
        else if (!strcmp(f->name, "address"))
            r->address = f->text;
        else if (!strcmp(f->name, "id"))
            r->id = f->text;
        else if (!strcmp(f->name, "tagged"))
            good = add_pair(f, &r->tagged, tagged);
        else if (!strcmp(f->name, "meta"))
            good = add_pair(f, &r->meta, meta);
    }
    return good && !f->name && *r->name;
}

static bool node_load(void *arg, const struct store_row *row, char **error)
{
    struct dir_pair tagged[DIR_META_MAX], meta[DIR_META_MAX];
    struct dir_record like = {.name = "",
                              .address = "",
                              .id = "",
                              .created = row->created,
                              .changed = row->changed},
                      *r = NULL;
    char *value = xmemdup0(row->value, row->value_len);
    struct fields f = {.at = value, .end = value + row->value_len};
    struct directory *d = arg;

    if (node_read(&f, &like, tagged, meta)) {
        r = dir_record_new(&like);
        if (r->by_name.key_len != row->key_len ||
            memcmp(r->by_name.key, row->key, row->key_len) != 0 ||
            dir_record_find(d, row->key, row->key_len)) {
            dir_record_unref(r);
            r = NULL;
        }
    }
    free(value);
    if (r)
        keymap_insert(&d->records, &r->by_name);
    else
        *error = nonsense("node", row);
    return r;
}

/* -- checks ---------------------------------------------------------------- */

static bool check_check(void *arg, const struct store_txn *txn)
{
    const struct dir_effect *f = effect_of(txn);
    const struct dir_check_record *r = f->check ? f->check : f->check_after;
    struct directory *d = arg;

    return dir_check_record_of(keymap_find(&d->check_records, r->by_key.key,
                                           r->by_key.key_len)) == f->check;
}

static void check_insert(struct directory *d, struct dir_check_record *r)
{
    keymap_insert(&d->check_records, &r->by_key);
    keymap_insert(&d->check_services, &r->by_service);
    d->definitions += *r->definition != '\0';
}

static void check_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    const struct dir_effect *f = effect_of(txn);
    struct dir_check_record *r = f->check_after, *before = f->check;
    struct directory *d = arg;

    if (before) {
        keymap_remove(&d->check_records, &before->by_key);
        keymap_remove(&d->check_services, &before->by_service);
        d->definitions -= *before->definition != '\0';
    }
    if (r) {
        r->created = before && before->durable == r->durable ? before->created
                                                             : revision;
        r->changed = revision;
        r->turned = before && before->status != DIR_CRITICAL &&
                    r->status == DIR_CRITICAL;
        r->refs++;
        check_insert(d, r);
        dir_note_check(d, r);
    } else {
        before->changed = revision; /* that it went */
        dir_note_check(d, before);
    }
    dir_check_record_unref(before);
}

static bool check_write(void *arg, const struct store_txn *txn,
                        struct store_text *out)
{
    const struct dir_effect *f = effect_of(txn);
    const struct dir_check_record *r =
        f->check_after ? f->check_after : f->check;

    (void)arg;
    buf_add(&out->key, r->by_key.key, r->by_key.key_len);
    out->created = f->check && f->check->durable ? f->check->created : 0;
    if (!f->check_after || !f->check_after->durable)
        return false;
    put_field(&out->value, "node", r->node);
    put_field(&out->value, "id", r->id);
    put_field(&out->value, "name", r->name);
    put_field(&out->value, "status", dir_status_text(r->status));
    put_field(&out->value, "notes", r->notes);
    put_field(&out->value, "output", r->output);
    put_field(&out->value, "service", r->service_id);
    put_field(&out->value, "definition", r->definition);
    put_field(&out->value, "agent", r->agent ? "1" : "0");
    return true;
}

static bool check_read(struct fields *f, struct dir_check_record *r)
{
    struct {
        const char *name;
        const char **to;
    } texts[] = {{"node", &r->node},          {"id", &r->id},
                 {"name", &r->name},          {"notes", &r->notes},
                 {"service", &r->service_id}, {"definition", &r->definition}};
    bool good = true;
    size_t i;

    while (good && next_field(f)) {
        for (i = 0; i < ARRAY_LEN(texts); i++)
            if (!strcmp(f->name, texts[i].name))
                *texts[i].to = f->text;
        if (!strcmp(f->name, "status"))
            good = dir_status_parse(f->text, &r->status);
        else if (!strcmp(f->name, "agent"))
            r->agent = !strcmp(f->text, "1");
        else if (!strcmp(f->name, "output"))
            r->output = (char *)f->text;
    }
    return good && !f->name && *r->node && *r->id;
}

static bool check_load(void *arg, const struct store_row *row, char **error)
{
    struct dir_check_record like = {.node = "",
                                    .id = "",
                                    .name = "",
                                    .notes = "",
                                    .service_id = "",
                                    .definition = "",
                                    .output = (char *)"",
                                    .durable = true,
                                    .created = row->created,
                                    .changed = row->changed},
                            *r = NULL;
    char *value = xmemdup0(row->value, row->value_len);
    struct fields f = {.at = value, .end = value + row->value_len};
    struct directory *d = arg;

    if (check_read(&f, &like)) {
        r = dir_check_record_new(&like);
        if (r->by_key.key_len != row->key_len ||
            memcmp(r->by_key.key, row->key, row->key_len) != 0 ||
            keymap_find(&d->check_records, row->key, row->key_len)) {
            dir_check_record_unref(r);
            r = NULL;
        }
    }
    free(value);
    if (r)
        check_insert(d, r);
    else
        *error = nonsense("check", row);
    return r;
}

/* -- life ------------------------------------------------------------------ */

void dir_records_init(struct directory *d)
{
    d->nodes_client = (struct store_client){.name = "nodes",
                                            .check = node_check,
                                            .apply = node_apply,
                                            .write = node_write,
                                            .load = node_load,
                                            .arg = d};
    d->checks_client = (struct store_client){.name = "checks",
                                             .check = check_check,
                                             .apply = check_apply,
                                             .write = check_write,
                                             .load = check_load,
                                             .arg = d};
    store_add_client(d->catalog->store, &d->nodes_client);
    store_add_client(d->catalog->store, &d->checks_client);
}

static void node_forget(struct keynode *n, void *arg)
{
    (void)arg;
    dir_record_unref(record_of(n));
}

static void check_forget(struct keynode *n, void *arg)
{
    struct dir_check_record *r = dir_check_record_of(n);
    struct directory *d = arg;

    keymap_remove(&d->check_services, &r->by_service);
    dir_check_record_unref(r);
}

void dir_records_free(struct directory *d)
{
    keymap_empty(&d->records, node_forget, NULL);
    keymap_empty(&d->check_records, check_forget, d);
}
