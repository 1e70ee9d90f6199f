#include "server/audit.h"

#include <stdio.h>
#include <string.h>

#include "lib/audit.h"
#include "lib/audit_body.h"
#include "server/musterd.h"
#include "server/state/kv.h"
#include "server/state/session.h"

void asker_tell(const struct asker *a, struct audit_event *e)
{
    e->face = a->face;
    e->who = a->who;
    e->from = a->from;
    if (a->conn)
        audit_from_conn(e, a->conn);
}

void asker_gone(struct asker *a)
{
    struct audit_event e = {0};

    asker_tell(a, &e);
    snprintf(a->who, sizeof(a->who), "%s", e.who);
    snprintf(a->from, sizeof(a->from), "%s", e.from);
    a->conn = NULL;
}

/* -- names of attributes --------------------------------------------------- */

struct names {
    struct word list[AUDIT_NAMES_MAX];
    unsigned count; /* more than there is room for are counted only */
};

static void add_name(struct names *n, struct attr_key *key)
{
    if (key->hidden)
        return;
    if (n->count < AUDIT_NAMES_MAX)
        n->list[n->count] = (struct word){.text = key->name, .len = key->len};
    n->count++;
}

/* Those of to that from has not, or not with that value; gone: not at all. */
static void add_differing(struct names *n, const struct record *to,
                          const struct record *from, bool gone)
{
    uint32_t i;

    for (i = 0; to && i < to->count; i++) {
        struct attr_pair *pair = to->pairs[i];

        if (!from ||
            (gone ? !record_pair_of(from, pair->key) : !record_has(from, pair)))
            add_name(n, pair->key);
    }
}

static void set_names(struct audit_event *e, struct names *n,
                      const struct change *ch)
{
    if (ch->kind == CHANGE_GONE)
        return;
    add_differing(n, ch->after, ch->before, false);
    if (ch->before)
        add_differing(n, ch->before, ch->after, true);
    e->attrs = n->list;
    e->attr_count = n->count;
}

/* -- changes --------------------------------------------------------------- */

/* Whose service it was, of an end that nobody asked for. */
static const char *owner_of(const struct record *r)
{
    size_t len;
    const char *owner =
        r ? record_lookup(r, RECORD_OWNER, sizeof(RECORD_OWNER) - 1, &len)
          : NULL;

    return owner ? owner : "anonymous";
}

static void committed(void *arg, const struct catalog_commit *k)
{
    static const char *const actions[] = {[CHANGE_NEW] = "register",
                                          [CHANGE_SET] = "update",
                                          [CHANGE_GONE] = "remove"};
    const struct change *ch = k->change;
    struct names names = {.count = 0};
    struct audit_event e = {.who = "musterd",
                            .action = k->why ? "end" : actions[ch->kind],
                            .what = ch->service->name,
                            .what_len = ch->service->name_len,
                            .revision = ch->revision,
                            .reason = k->why};

    (void)arg;
    if (k->why)
        e.who = owner_of(ch->before);
    else if (k->asker)
        asker_tell(k->asker, &e);
    set_names(&e, &names, ch);
    audit_write(&e);
}

void server_audit_start(struct musterd *m)
{
    m->catalog->committed = audit_is_on() ? committed : NULL;
}

/* -- keys and sessions ----------------------------------------------------- */

static const char *key_action(enum kv_verb verb)
{
    switch (verb) {
    case KV_SET:
    case KV_RESTORE:
    case KV_CAS: return "key set";
    case KV_LOCK: return "key lock";
    case KV_UNLOCK: return "key unlock";
    case KV_DELETE:
    case KV_DELETE_CAS: return "key delete";
    case KV_DELETE_TREE: return "keys delete";
    case KV_GET:
    case KV_GET_TREE:
    case KV_CHECK_INDEX:
    case KV_CHECK_SESSION:
    case KV_CHECK_ABSENT: break;
    }
    return NULL;
}

/* True if there is something to tell of it. */
static bool set_result(struct audit_event *e, const struct kv_result *r)
{
    if (r->status != KV_DONE && r->status != KV_FAILED)
        return false;
    e->outcome = r->status == KV_DONE ? AUDIT_OK : AUDIT_FAILED;
    e->revision = r->status == KV_DONE ? r->revision : 0;
    e->reason = r->text;
    return true;
}

void server_audit_keys(const struct asker *a, const struct kv_op *ops,
                       unsigned count, const struct kv_result *r)
{
    struct audit_event e = {0};
    unsigned i;

    if (!audit_is_on() || !set_result(&e, r))
        return;
    asker_tell(a, &e);
    for (i = 0; i < count; i++) {
        e.action = key_action(ops[i].verb);
        e.what = ops[i].key;
        e.what_len = ops[i].key_len;
        if (e.action)
            audit_write(&e);
    }
}

void server_audit_session(const struct asker *a, const char *action,
                          const char *id, const struct kv_result *r)
{
    struct audit_event e = {
        .action = action, .what = id, .what_len = strlen(id)};

    if (!audit_is_on() || !set_result(&e, r))
        return;
    asker_tell(a, &e);
    audit_write(&e);
}

void server_audit_change(const struct asker *a, const char *action,
                         const char *what, const char *failed)
{
    struct audit_event e = {.action = action,
                            .what = what,
                            .what_len = strlen(what),
                            .outcome = failed ? AUDIT_FAILED : AUDIT_OK,
                            .reason = failed};

    if (!audit_is_on())
        return;
    asker_tell(a, &e);
    audit_write(&e);
}

void server_audit_restored(const char *failed)
{
    const struct asker a = {.who = "musterd"};

    server_audit_change(&a, "snapshot restore", "", failed);
}

void server_audit_session_end(const struct session *s, uint64_t revision)
{
    if (audit_is_on())
        audit_write(&(struct audit_event){.who = "musterd",
                                          .action = "session end",
                                          .what = s->id,
                                          .what_len = KV_SESSION_ID,
                                          .revision = revision,
                                          .reason = s->why});
}
