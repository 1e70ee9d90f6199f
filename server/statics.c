#include "server/statics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "server/attrdb.h"

#define STATICS_AT_ONCE  256  /* requests under way at a store */
#define STATICS_AGAIN_MS 1000 /* for what waits */

#define STATUS "status" /* the worst of the checks of a service */

struct statics {
    struct loop *loop;
    struct catalog *catalog;
    struct catalog_owner owner;
    struct loop_timer *again;
    char *file; /* owned; NULL: none */
    struct attrdb db;
    bool *held;    /* owned; by place in db: it is registered as it says */
    bool *told;    /* owned; that it waits has been logged */
    size_t next;   /* the entry that is looked at next */
    size_t asked;  /* requests under way */
    uint64_t load; /* counts reads of the file */
    bool going;    /* statics_go_on() is under way */
    bool removing; /* what is no longer in the file has been asked for */
    bool finished; /* the log has been told what came of this load */
    size_t new, changed, removed, waiting; /* since it was read */
};

/* A request that the catalog is busy with. */
struct ask {
    struct statics *statics;
    uint64_t load;   /* of this load ... */
    size_t at;       /* ... the entry; SIZE_MAX: a removal */
    uint64_t before; /* revision that had changed the service; 0: none */
};

static void statics_go_on(struct statics *s);

/* -- the file -------------------------------------------------------------- */

/* True, and the whole of it in text; or false, and told. */
static bool file_read(const char *path, struct buf *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    ssize_t n = 0;

    if (fd < 0 || fstat(fd, &st) < 0) {
        log_error("registry.static: %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (S_ISREG(st.st_mode) && buf_len(text) <= STATICS_FILE_MAX &&
           (n = read(fd, buf_reserve(text, 65536), 65536)) > 0)
        text->end += (size_t)n;
    if (n < 0)
        log_error("registry.static: %s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        log_error("registry.static: %s is no file", path);
    else if (buf_len(text) > STATICS_FILE_MAX)
        log_error("registry.static: %s is longer than %d bytes", path,
                  STATICS_FILE_MAX);
    close(fd);
    return S_ISREG(st.st_mode) && !n && buf_len(text) <= STATICS_FILE_MAX;
}

static bool db_read(struct attrdb *db, const char *path,
                    const struct conf *conf)
{
    struct attrdb_limits limits = {
        .name = conf_size(conf, "limits.name"),
        .value = conf_size(conf, "limits.value"),
        .attrs = (unsigned)conf_int(conf, "limits.attrs")};
    struct conf_errors errs = {0};
    struct buf text = BUF_INIT;
    bool ok =
        file_read(path, &text) &&
        attrdb_read(db, buf_str(&text), buf_len(&text), path, &limits, &errs);
    size_t i;

    for (i = 0; i < errs.n; i++)
        log_error("registry.static: %s: %s", errs.items[i].where,
                  errs.items[i].text);
    if (errs.more)
        log_error("registry.static: and %zu further mistakes", errs.more);
    conf_errors_free(&errs);
    buf_free(&text);
    return ok;
}

/* -- requests -------------------------------------------------------------- */

static struct ask *ask_new(struct statics *s, size_t at)
{
    struct ask *a = xcalloc(1, sizeof(*a));

    *a = (struct ask){.statics = s, .load = s->load, .at = at};
    s->asked++;
    return a;
}

/* An entry that cannot be registered now: said once, and tried again. */
static void entry_waits(struct statics *s, size_t at, const char *why)
{
    const struct attrdb_entry *e = &s->db.entries[at];

    s->waiting++;
    if (!s->told[at])
        log_warn("registry.static: %s:%d: %s is not registered yet: %s",
                 s->file, e->line, e->name.text, why);
    s->told[at] = true;
}

static void entry_is_done(struct statics *s, const struct ask *a,
                          const struct catalog_result *r)
{
    if (r->status != CATALOG_OK) {
        entry_waits(s, a->at, r->text);
        return;
    }
    s->held[a->at] = true;
    if (s->told[a->at])
        log_info("registry.static: %s is registered",
                 s->db.entries[a->at].name.text);
    if (!a->before)
        s->new ++;
    else if (r->service->changed != a->before)
        s->changed++;
}

static void ask_is_done(void *arg, const struct catalog_result *r)
{
    struct ask *a = arg;
    struct statics *s = a->statics;

    s->asked--;
    if (a->load != s->load)
        s->removing = false; /* it may be one that is no longer wanted */
    else if (a->at != SIZE_MAX)
        entry_is_done(s, a, r);
    else if (r->status == CATALOG_OK)
        s->removed++;
    else
        s->waiting++;
    free(a);
    statics_go_on(s);
}

static struct word word_of(const char *text)
{
    return (struct word){.text = (char *)text, .len = (unsigned)strlen(text)};
}

/* What its checks have said of it, where the entry asks for some: reading the
 * file again does not take that back. NULL: nothing. */
static const char *judgement(const struct statics *s,
                             const struct attrdb_entry *e,
                             const struct service *v, size_t *len)
{
    const struct word *pairs = attrdb_pairs(&s->db, e);
    bool checked = false;
    unsigned i;

    for (i = 0; i < e->count; i++) {
        if (word_is(&pairs[2 * i], STATUS))
            return NULL;
        checked |= strncmp(pairs[2 * i].text, "check.", 6) == 0;
    }
    return checked && v ? record_lookup(v->record, STATUS, strlen(STATUS), len)
                        : NULL;
}

/* What the entry says, and whose it is; v: what is there. */
static void register_entry(struct statics *s, const struct attrdb_entry *e,
                           const struct service *v, struct ask *a)
{
    struct word *sets = xcalloc(2 * (size_t)e->count + 4, sizeof(*sets));
    struct catalog_request q = {
        .edit = {.sets = sets, .set_count = e->count + 1},
        .by = word_of(STATICS_NAME),
        .replace = true};
    size_t len;
    const char *status = judgement(s, e, v, &len);
    char *copy = status ? xstrndup(status, len) : NULL;

    memcpy(sets, attrdb_pairs(&s->db, e), 2 * e->count * sizeof(*sets));
    sets[2 * e->count] = word_of(RECORD_OWNER);
    sets[2 * e->count + 1] = q.by;
    if (copy) {
        sets[2 * e->count + 2] = word_of(STATUS);
        sets[2 * e->count + 3] = word_of(copy);
        q.edit.set_count++;
    }
    catalog_register(s->catalog, &s->owner, &e->name, &q, ask_is_done, a);
    free(copy);
    free(sets);
}

static void entry_ask(struct statics *s, size_t at)
{
    const struct attrdb_entry *e = &s->db.entries[at];
    const struct service *v =
        catalog_find(s->catalog, e->name.text, e->name.len);
    struct ask *a;

    if (v && v->owner != &s->owner) {
        entry_waits(s, at, "another service has that name");
        return;
    }
    a = ask_new(s, at);
    a->before = v ? v->changed : 0;
    register_entry(s, e, v, a);
}

/* What is registered and stands in the file no more. */
static void remove_others(struct statics *s)
{
    struct service *v, *next;

    DL_FOREACH_SAFE (s->owner.services, v, next)
        if (!attrdb_find(&s->db, v->name, v->name_len))
            catalog_withdraw(s->catalog, v, ask_is_done, ask_new(s, SIZE_MAX));
}

/* -- going on -------------------------------------------------------------- */

static void tell_outcome(struct statics *s)
{
    if (s->finished || !s->file)
        return;
    s->finished = true;
    log_info("registry.static: %s: entries %zu, new %zu, changed %zu, "
             "removed %zu, waiting %zu",
             s->file, s->db.count, s->new, s->changed, s->removed, s->waiting);
}

static void statics_go_on(struct statics *s)
{
    if (s->going || !s->again)
        return;
    s->going = true;
    if (!s->removing) {
        s->removing = true;
        remove_others(s);
    }
    for (; s->next < s->db.count && s->asked < STATICS_AT_ONCE; s->next++)
        if (!s->held[s->next])
            entry_ask(s, s->next);
    s->going = false;
    if (s->next < s->db.count || s->asked)
        return;
    tell_outcome(s);
    if (s->waiting)
        loop_timer_set(s->again, STATICS_AGAIN_MS);
}

static void try_again(void *arg)
{
    struct statics *s = arg;

    if (s->asked)
        return; /* who is done with the last of them goes on */
    catalog_set_now(s->catalog, loop_now(s->loop));
    s->next = 0;
    s->waiting = 0;
    s->removing = false;
    statics_go_on(s);
}

/* -- life ------------------------------------------------------------------ */

static void nothing_is_lost(struct catalog_owner *o, struct service *v,
                            enum catalog_loss why)
{
    (void)o;
    (void)v;
    (void)why;
}

struct statics *statics_new(struct loop *loop, struct catalog *c)
{
    struct statics *s = xcalloc(1, sizeof(*s));

    s->loop = loop;
    s->catalog = c;
    s->owner.lost = nothing_is_lost;
    s->owner.from = "registry.static";
    s->owner.fixed = "it is a static entry: what registry.static names says "
                     "what it is";
    s->again = loop_timer_new(loop, try_again, s);
    return s;
}

/* Those that a store has kept are of an earlier run of this daemon. */
static void take_back(struct statics *s)
{
    struct seqset_pos pos;
    struct service *v;
    const char *owner;
    size_t len;

    for (v = seqset_first(&s->catalog->all, 0, &pos); v;
         v = seqset_next(&pos)) {
        owner = v->persist && !v->owner
                    ? record_lookup(v->record, RECORD_OWNER,
                                    strlen(RECORD_OWNER), &len)
                    : NULL;
        if (owner && len == strlen(STATICS_NAME) &&
            !memcmp(owner, STATICS_NAME, len))
            service_own(v, &s->owner);
    }
}

bool statics_load(struct statics *s, const struct conf *conf)
{
    const char *path = conf_str(conf, "registry.static");
    struct attrdb db = {0};

    if (path && !db_read(&db, path, conf))
        return false;
    if (!s->load)
        take_back(s);
    attrdb_free(&s->db);
    free(s->file);
    free(s->held);
    free(s->told);
    s->file = path ? xstrdup(path) : NULL;
    s->db = db;
    s->held = xcalloc(db.count + 1, sizeof(*s->held));
    s->told = xcalloc(db.count + 1, sizeof(*s->told));
    s->load++;
    s->next = s->new = s->changed = s->removed = s->waiting = 0;
    s->removing = s->finished = false;
    catalog_set_now(s->catalog, loop_now(s->loop));
    statics_go_on(s);
    return true;
}

void statics_free(struct statics *s)
{
    if (!s)
        return;
    loop_timer_free(s->again);
    attrdb_free(&s->db);
    free(s->file);
    free(s->held);
    free(s->told);
    free(s);
}
