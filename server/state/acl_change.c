#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/acl_impl.h"

/* -- changes --------------------------------------------------------------- */

static void change_free(struct acl_change *ch)
{
    if (ch->mark)
        change_free(ch->mark);
    acl_token_free(ch->token);
    free(ch);
}

static void change_end(struct acl_change *ch, enum acl_status status,
                       const char *text)
{
    struct acls *a = ch->acls;

    a->coming -= ch->counted;
    if (ch->mark)
        a->bootstrapping = false;
    ch->done(ch->arg, status, text);
    if (ch->turns)
        turns_done(&a->turns, ch->turns);
    change_free(ch);
}

static void change_done(struct store_txn *txn, enum store_status status,
                        uint64_t revision)
{
    struct acl_change *ch = container_of(txn, struct acl_change, txn);

    (void)revision;
    if (status == STORE_OK)
        change_end(ch, ACL_OK, NULL);
    else
        change_end(ch, ACL_FAILED,
                   txn->error ? txn->error : "the store refused it");
}

/* Its turn has come: what is there now stays until it is committed. */
static void change_run(struct turn *turn)
{
    struct acl_change *ch = container_of(turn, struct acl_change, turn);
    struct acls *a = ch->acls;
    const char *id = ch->token->id;
    const struct acl_token *there = acl_find(a, id, strlen(id));

    if (!there && ch->txn.op == STORE_DELETE) {
        change_end(ch, ACL_OK, NULL);
        return;
    }
    if (!there && a->max && a->by_id.count + a->coming >= a->max) {
        change_end(ch, ACL_FAILED,
                   "too many tokens in this registry (limits.tokens)");
        return;
    }
    ch->turns = turns_take(&a->turns, id, strlen(id));
    ch->counted = !there;
    a->coming += ch->counted;
    ch->txn.expect = there ? there->changed : STORE_EXPECT_ABSENT;
    if (ch->mark) {
        ch->txn.also = &ch->mark->txn;
        ch->mark->txn.expect = STORE_EXPECT_ABSENT;
    }
    store_commit(a->store, &ch->txn);
}

static void change_go(struct acl_change *ch)
{
    struct name_turns *n =
        turns_find(&ch->acls->turns, ch->token->id, strlen(ch->token->id));

    if (n)
        turns_wait(n, &ch->turn);
    else
        change_run(&ch->turn);
}

static struct acl_change *change_new(struct acls *a, enum store_op op,
                                     acl_done_fn *done, void *arg)
{
    struct acl_change *ch = xcalloc(1, sizeof(*ch));

    ch->txn = (struct store_txn){
        .client = &a->client, .op = op, .durable = true, .done = change_done};
    ch->turn.run = change_run;
    ch->acls = a;
    ch->done = done;
    ch->arg = arg;
    return ch;
}

static bool is_reserved(const char *id)
{
    return !strcmp(id, "allow") || !strcmp(id, "deny") || !strcmp(id, "manage");
}

static struct acl_change *put_new(struct acls *a, const struct acl_request *q,
                                  acl_done_fn *done, void *arg)
{
    struct acl_change *ch = change_new(a, STORE_PUT, done, arg);
    struct acl_token *t = acl_token_new(q);
    const char *wrong;
    char *why = NULL, *text;

    ch->token = t;
    wrong = acl_token_wrong(t);
    if (is_reserved(t->id)) {
        change_end(ch, ACL_FORBIDDEN,
                   "Permission denied: Cannot modify root "
                   "ACL");
        return NULL;
    }
    if (wrong) {
        change_end(ch, ACL_WRONG, wrong);
        return NULL;
    }
    t->rules = acl_rules_parse(t->text, strlen(t->text), &why);
    if (t->rules)
        return ch;
    text = xasprintf("ACL rule compilation failed: Failed to parse ACL rules: "
                     "%s",
                     why);
    change_end(ch, ACL_WRONG, text);
    free(text);
    free(why);
    return NULL;
}

void acl_put(struct acls *a, const struct acl_request *q, acl_done_fn *done,
             void *arg)
{
    struct acl_change *ch = put_new(a, q, done, arg);

    if (ch)
        change_go(ch);
}

void acl_remove(struct acls *a, const char *id, acl_done_fn *done, void *arg)
{
    struct acl_change *ch = change_new(a, STORE_DELETE, done, arg);

    ch->token = acl_token_new(&(struct acl_request){.id = id});
    if (!strcmp(id, ACL_ANONYMOUS))
        change_end(ch, ACL_FORBIDDEN,
                   "Permission denied: Cannot delete anonymous token");
    else
        change_go(ch);
}

static bool has_management(const struct acls *a)
{
    const struct acl_token *t = NULL;

    while ((t = acl_next(a, t)))
        if (t->management)
            return true;
    return false;
}

void acl_bootstrap(struct acls *a, const char *id, acl_done_fn *done, void *arg)
{
    const struct acl_request q = {
        .id = id, .name = "Bootstrap Token", .management = true};
    struct acl_change *ch;

    if (a->bootstrapped || a->bootstrapping || has_management(a)) {
        done(arg, ACL_FORBIDDEN,
             "Permission denied: ACL bootstrap no longer allowed");
        return;
    }
    ch = put_new(a, &q, done, arg);
    if (!ch)
        return;
    ch->mark = change_new(a, STORE_PUT, NULL, NULL);
    a->bootstrapping = true;
    change_go(ch);
}

/* -- at the start ---------------------------------------------------------- */

/* What must be there is made, one after another. */
struct start {
    struct acls *acls;
    char *master; /* owned; NULL: none, or it has been seen to */
    acl_done_fn *done;
    void *arg;
};

static void start_next(void *arg, enum acl_status status, const char *text)
{
    struct start *s = arg;
    struct acl_request q = {
        .id = s->master, .name = "Master Token", .management = true};
    char *master = s->master;

    s->master = NULL;
    if (status == ACL_OK && master &&
        !acl_find(s->acls, master, strlen(master))) {
        acl_put(s->acls, &q, start_next, s);
    } else {
        s->done(s->arg, status, text);
        free(s);
    }
    if (master)
        explicit_bzero(master, strlen(master));
    free(master);
}

void acls_start(struct acls *a, bool on, const char *master, acl_done_fn *done,
                void *arg)
{
    const struct acl_request anonymous = {.id = ACL_ANONYMOUS,
                                          .name = "Anonymous Token"};
    struct start *s;

    a->index = a->store->revision;
    if (!on) {
        done(arg, ACL_OK, NULL);
        return;
    }
    s = xcalloc(1, sizeof(*s));
    s->acls = a;
    s->master = master ? xstrdup(master) : NULL;
    s->done = done;
    s->arg = arg;
    if (acl_find(a, ACL_ANONYMOUS, strlen(ACL_ANONYMOUS)))
        start_next(s, ACL_OK, NULL);
    else
        acl_put(a, &anonymous, start_next, s);
}
