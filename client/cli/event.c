/*
 * muster event: fires a user event, or prints those that come.
 *
 * A list of events has the last ones: what was told before is known by its
 * number. Its index is no count: any other one is news.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/consul_follow.h"
#include "client/cli/kv.h"
#include "client/cli/slurp.h"
#include "client/cli/text.h"
#include "lib/base64.h"
#include "lib/mem.h"

#define PAYLOAD_MAX 4096 /* more than any registry takes */

/* -- telling --------------------------------------------------------------- */

static json_t *event_json(const json_t *e, const struct buf *payload)
{
    static const char *const filters[][2] = {{"node", "NodeFilter"},
                                             {"service", "ServiceFilter"},
                                             {"tag", "TagFilter"}};
    json_t *o = json_object();

    json_object_set_new(o, "id", json_string(consul_text(e, "ID")));
    json_object_set_new(o, "name", json_string(consul_text(e, "Name")));
    json_object_set_new(o, "payload",
                        kv_json_bytes(buf_data(payload), buf_len(payload)));
    json_object_set_new(o, "time", kv_json_number(consul_number(e, "LTime")));
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        if (*consul_text(e, filters[i][1]))
            json_object_set_new(o, filters[i][0],
                                json_string(consul_text(e, filters[i][1])));
    return o;
}

static void tell_event(struct cli *cli, const json_t *e)
{
    struct buf payload = BUF_INIT, word = BUF_INIT, *out = out_buf(&cli->out);
    const char *text = consul_text(e, "Payload");

    if (!base64_decode(&payload, text, strlen(text)))
        buf_add_str(&payload, "?");
    if (cli->json) {
        consul_put_json(cli, event_json(e, &payload));
    } else {
        buf_add_words(&word, consul_text(e, "Name"));
        text_add_safe(out, buf_data(&word), buf_len(&word));
        if (buf_len(&payload)) {
            buf_add_char(out, ' ');
            text_add_safe(out, buf_data(&payload), buf_len(&payload));
        }
        buf_add_char(out, '\n');
        out_push(&cli->out);
    }
    buf_free(&word);
    buf_free(&payload);
}

/* -- fire ------------------------------------------------------------------ */

static int tell_fired(struct consul *c, const struct http_answer *a)
{
    json_t *e = consul_json(a);
    int status = CLI_OK;

    if (!*consul_text(e, "ID")) {
        status = consul_strange(c);
    } else if (c->cli->json) {
        tell_event(c->cli, e);
    } else {
        consul_put(c->cli, consul_text(e, "ID"), strlen(consul_text(e, "ID")));
        buf_add_char(out_buf(&c->cli->out), '\n');
    }
    json_decref(e);
    return status;
}

static int fire(struct cli *cli)
{
    static const char *const filters[] = {"node", "service", "tag"};
    const struct args *a = &cli->args;
    const char *text = a->n_words > 2 ? a->words[2] : "";
    struct buf path = BUF_INIT, payload = BUF_INIT;
    char *error = NULL;
    int status;

    if (!strcmp(text, "-") || text[0] == '@')
        error = slurp_bytes(text[0] == '@' ? text + 1 : NULL, PAYLOAD_MAX,
                            &payload);
    else
        buf_add_str(&payload, text);
    buf_add_str(&path, "/v1/event/fire/");
    consul_add_path(&path, a->words[1]);
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        consul_add_query(&path, args_has(a, filters[i]) ? filters[i] : NULL,
                         args_get(a, filters[i]));
    if (error)
        status = cli_fail_text(cli, CLI_USAGE, error, NULL);
    else
        status =
            consul_once(cli, "PUT", buf_str(&path), &payload, NULL, tell_fired);
    buf_free(&path);
    buf_free(&payload);
    return status;
}

/* -- watch ----------------------------------------------------------------- */

struct watching {
    struct cli *cli;
    struct consul_follow follow;
    json_t *known; /* ids of the last list, as keys */
    bool begun;
};

static void on_news(void *arg, const struct http_answer *a)
{
    struct watching *w = arg;
    json_t *all = consul_json(a), *known = json_object(), *e;
    size_t i;

    if (!json_is_array(all))
        cli_stop(w->cli, consul_strange(w->follow.consul));
    json_array_foreach(all, i, e)
    {
        json_object_set_new(known, consul_text(e, "ID"), json_true());
        if (w->begun && !json_object_get(w->known, consul_text(e, "ID")))
            tell_event(w->cli, e);
    }
    w->begun = true;
    json_decref(w->known);
    w->known = known;
    json_decref(all);
}

static int watch(struct cli *cli)
{
    struct watching w = {.cli = cli};
    struct buf path = BUF_INIT;
    struct consul consul;
    int status = CLI_USAGE;

    buf_add_str(&path, "/v1/event/list");
    if (cli->args.n_words > 1)
        consul_add_query(&path, "name", cli->args.words[1]);
    if (consul_begin(&consul, cli)) {
        w.follow.consul = &consul;
        w.follow.path = xstrdup(buf_str(&path));
        w.follow.hash = true;
        w.follow.news = on_news;
        w.follow.arg = &w;
        status = consul_follow_run(&w.follow);
    }
    consul_end(&consul);
    json_decref(w.known);
    buf_free(&path);
    return status;
}

int verb_event(struct cli *cli)
{
    const struct args *a = &cli->args;
    bool filtered =
        args_has(a, "node") || args_has(a, "service") || args_has(a, "tag");

    if (!strcmp(a->words[0], "fire") && a->n_words > 1)
        return fire(cli);
    if (!strcmp(a->words[0], "watch") && a->n_words < 3 && !filtered)
        return watch(cli);
    return cli_fail(cli, CLI_USAGE,
                    "usage: muster event fire NAME [PAYLOAD|-|@FILE], or "
                    "muster event watch [NAME]",
                    "event %s: %s", a->words[0],
                    !strcmp(a->words[0], "fire") ? "of which name?"
                    : strcmp(a->words[0], "watch") != 0
                        ? "there is no such thing"
                        : "it takes a name and no filters");
}
