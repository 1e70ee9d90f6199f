#include "t/unit/state_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/query.h"

void told_done(void *arg, const struct catalog_result *r)
{
    struct told *t = arg;

    t->count++;
    t->status = r->status;
    t->revision = r->revision;
    t->service = r->service;
    snprintf(t->text, sizeof(t->text), "%s", r->text ? r->text : "");
    assert_int_equal(r->status == CATALOG_OK, r->text == NULL);
}

static void holder_lost(struct catalog_owner *o, struct service *v,
                        enum catalog_loss why)
{
    struct holder *h = container_of(o, struct holder, owner);

    h->lost[why]++;
    assert_null(v->owner);
    snprintf(h->last, sizeof(h->last), "%s", v->name);
}

void holder_init(struct holder *h)
{
    *h = (struct holder){.owner.lost = holder_lost};
}

static void ask_directive(struct ask *a, const struct word *w)
{
    struct catalog_request *q = &a->request;

    if (word_is(&w[0], ".volatile")) {
        a->volatiles = w[1];
        q->volatiles = &a->volatiles;
    } else if (word_is(&w[0], ".ttl")) {
        q->set_ttl = true;
        q->ttl_ms = (uint32_t)strtoul(w[1].text, NULL, 10);
    } else if (word_is(&w[0], ".unset")) {
        a->unsets[q->edit.unset_count++] = w[1];
    } else {
        assert_true(word_is(&w[0], ".replace"));
        q->replace = true;
    }
}

void ask_read(struct ask *a, const char *line, bool named)
{
    struct word w[128];
    size_t len = strlen(line);
    unsigned sets = 0;
    int n, i = 0;

    assert_true(len < sizeof(a->text));
    memcpy(a->text, line, len + 1);
    a->request = (struct catalog_request){.edit.sets = a->sets,
                                          .edit.unsets = a->unsets};
    n = words_split(a->text, len, w, (int)ARRAY_LEN(w));
    assert_true(n >= 0);
    if (named)
        a->name = w[i++];
    assert_int_equal((n - i) % 2, 0);
    for (; i < n; i += 2) {
        if (w[i].text[0] == '.') {
            ask_directive(a, &w[i]);
            continue;
        }
        a->sets[sets++] = w[i];
        a->sets[sets++] = w[i + 1];
    }
    a->request.edit.set_count = sets / 2;
}

struct catalog *state_new(struct store *store, size_t ring)
{
    static const struct catalog_limits none = {0};

    return catalog_new(store, &none, ring, (size_t)1 << 30);
}

void state_free(struct catalog *c)
{
    store_close(c->store);
    catalog_free(c);
}

static catalog_done_fn *done_fn(struct told *t)
{
    if (t)
        *t = (struct told){0};
    return t ? told_done : NULL;
}

/* The words are gone when the call returns, as those of a line are. */
static void ask_spoil(struct ask *a)
{
    memset(a, 0x5a, sizeof(*a));
}

void state_register(struct catalog *c, struct holder *h, struct told *t,
                    const char *line)
{
    struct ask a;

    ask_read(&a, line, true);
    catalog_register(c, &h->owner, &a.name, &a.request, done_fn(t), t);
    ask_spoil(&a);
}

void state_update(struct catalog *c, struct told *t, const char *name,
                  const char *line)
{
    struct service *v = catalog_find(c, name, strlen(name));
    struct ask a;

    assert_non_null(v);
    ask_read(&a, line, false);
    catalog_update(c, v, &a.request, done_fn(t), t);
    ask_spoil(&a);
}

void state_remove(struct catalog *c, struct told *t, const char *name)
{
    struct service *v = catalog_find(c, name, strlen(name));

    assert_non_null(v);
    catalog_remove(c, v, NULL, done_fn(t), t);
}

static bool text_emit(void *arg, struct service *v)
{
    service_write(v, v->record, arg);
    buf_add_char(arg, '\n');
    return true;
}

struct buf state_text(const struct catalog *c)
{
    struct query q = {.left = UINT64_MAX};
    struct buf out = BUF_INIT;
    unsigned budget = UINT32_MAX;

    assert_int_equal(query_run(&q, c, &budget, text_emit, &out), QUERY_DONE);
    return out;
}

void assert_state(const struct catalog *c, const char *text)
{
    struct buf out = state_text(c);

    assert_string_equal(buf_str(&out), text);
    buf_free(&out);
}

void assert_change(const struct catalog *c, uint64_t revision, const char *text)
{
    const struct change *ch = changes_at(&c->changes, revision);
    struct buf out = BUF_INIT;

    assert_int_equal(ch->revision, revision);
    buf_add_char(&out, ch->kind == CHANGE_NEW   ? '+'
                       : ch->kind == CHANGE_SET ? '='
                                                : '-');
    service_write(ch->service, ch->after ? ch->after : ch->before, &out);
    assert_string_equal(buf_str(&out), text);
    buf_free(&out);
}
