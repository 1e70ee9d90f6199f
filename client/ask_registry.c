#include "client/ask_registry.h"

#include <stdlib.h>
#include <string.h>

#include "lib/auth/rights.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/refusal.h"

/* A question on its way. */
struct inquiry {
    struct ask_question *question;
    struct muster_find *find;
    struct principal *told; /* what came, until the answer is whole */
};

static void on_service(void *arg, const struct muster_service *s)
{
    struct inquiry *i = arg;
    char *wrong = NULL;
    size_t n;

    principal_unref(i->told);
    i->told = NULL;
    if (!principal_name_ok(s->name, strlen(s->name)))
        return;
    i->told = principal_new(s->name);
    for (n = 0; n < s->attr_count && !wrong; n++)
        wrong = rights_set(i->told, s->attrs[n].name, s->attrs[n].value);
    if (!wrong)
        return;
    log_warn("the registry says of token %s what is not understood: %s",
             s->name, wrong);
    principal_unref(i->told);
    i->told = NULL;
    free(wrong);
}

static void on_done(void *arg, const char *error, uint64_t revision)
{
    struct inquiry *i = arg;
    struct principal *p = i->told;
    enum ask_answer answer = ASK_SILENT;

    (void)revision;
    if (!error && p)
        answer = ASK_KNOWN;
    else if (error && !strcmp(error, refusal_text(REFUSED_TOKEN)))
        answer = ASK_UNKNOWN;
    else
        log_warn("asking the registry about a token: %s",
                 error ? error : "it does not say whose it is");
    if (answer != ASK_KNOWN) {
        principal_unref(p);
        p = NULL;
    }
    ask_answer(i->question, answer, p);
    free(i);
}

static void ask(void *arg, struct ask_question *q, const char *token)
{
    static const struct muster_find_callbacks cb = {.on_service = on_service,
                                                    .on_done = on_done};
    const struct muster_attr directives[] = {{".whoami", "1"},
                                             {".token", token}};
    struct inquiry *i = xcalloc(1, sizeof(*i));
    char *error = NULL;

    i->question = q;
    *ask_slot(q) = i;
    i->find = muster_find_with(arg, "", directives, ARRAY_LEN(directives), &cb,
                               i, &error);
    if (!i->find)
        on_done(i, error, 0);
    free(error);
}

static void cancel(void *arg, struct ask_question *q)
{
    struct inquiry *i = *ask_slot(q);

    (void)arg;
    muster_find_cancel(i->find);
    principal_unref(i->told);
    free(i);
}

struct asker ask_registry(struct muster *m)
{
    return (struct asker){.ask = ask, .cancel = cancel, .arg = m};
}
