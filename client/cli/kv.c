/*
 * muster kv: keys and values of a registry, over its Consul API. Here the word
 * after kv is looked up; each has its own file.
 */
#include "client/cli/kv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/text.h"
#include "lib/base64.h"
#include "lib/mem.h"
#include "lib/utf8.h"

/* -- pairs ----------------------------------------------------------------- */

bool kv_pair_read(struct kv_pair *p, const json_t *object)
{
    const json_t *key = json_object_get(object, "Key");
    const char *value = consul_text(object, "Value");

    *p = (struct kv_pair){.flags = consul_number(object, "Flags"),
                          .created = consul_number(object, "CreateIndex"),
                          .changed = consul_number(object, "ModifyIndex"),
                          .locks = consul_number(object, "LockIndex")};
    p->session = xstrdup(consul_text(object, "Session"));
    if (!json_is_string(key))
        return false;
    p->key_len = json_string_length(key);
    p->key = xstrndup(json_string_value(key), p->key_len);
    return base64_decode(&p->value, value, strlen(value));
}

void kv_pair_free(struct kv_pair *p)
{
    free(p->key);
    free(p->session);
    buf_free(&p->value);
    *p = (struct kv_pair){0};
}

json_t *kv_json_bytes(const char *text, size_t len)
{
    struct buf out = BUF_INIT;
    json_t *object;

    if (!len || utf8_valid(text, len))
        return json_stringn(text ? text : "", len);
    base64_encode(&out, text, len);
    object = json_object();
    json_object_set_new(object, "base64", json_string(buf_str(&out)));
    buf_free(&out);
    return object;
}

json_t *kv_json_number(uint64_t n)
{
    char text[24];

    if (n <= INT64_MAX)
        return json_integer((json_int_t)n);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    return json_string(text);
}

json_t *kv_pair_json(const struct kv_pair *p)
{
    json_t *o = json_object();

    json_object_set_new(o, "key", kv_json_bytes(p->key, p->key_len));
    json_object_set_new(o, "value",
                        kv_json_bytes(buf_data(&p->value), buf_len(&p->value)));
    json_object_set_new(o, "flags", kv_json_number(p->flags));
    json_object_set_new(o, "created", kv_json_number(p->created));
    json_object_set_new(o, "changed", kv_json_number(p->changed));
    json_object_set_new(o, "locks", kv_json_number(p->locks));
    json_object_set_new(o, "session",
                        *p->session ? json_string(p->session) : json_null());
    return o;
}

void kv_pair_line(struct buf *out, const struct kv_pair *p)
{
    struct buf word = BUF_INIT;

    buf_add_word(&word, p->key, p->key_len);
    text_add_safe(out, buf_data(&word), buf_len(&word));
    if (buf_len(&p->value)) {
        buf_add_char(out, ' ');
        text_add_safe(out, buf_data(&p->value), buf_len(&p->value));
    }
    buf_add_char(out, '\n');
    buf_free(&word);
}

void kv_path(struct buf *out, const char *key)
{
    buf_add_str(out, "/v1/kv/");
    consul_add_path(out, key);
}

/* -- the verb -------------------------------------------------------------- */

static const struct word {
    const char *word, *usage;
    size_t min, max; /* words after it */
    bool command;
    int (*run)(struct cli *cli);
    const char *options; /* those of kv that it takes, with blanks around */
} words[] = {
    {"get", "KEY", 1, 1, false, kv_get, " recurse raw "},
    {"put", "KEY [VALUE|-|@FILE]", 1, 2, false, kv_put,
     " cas flags acquire release "},
    {"delete", "KEY", 1, 1, false, kv_delete, " recurse cas "},
    {"list", "[PREFIX]", 0, 1, false, kv_list, " separator "},
    {"watch", "KEY", 1, 1, false, kv_watch, " recurse "},
    {"lock", "PREFIX -- COMMAND [ARG...]", 1, 1, true, kv_lock,
     " holders ttl try "},
};

/* False after complaining. */
static bool options_fit(struct cli *cli, const struct word *w)
{
    const struct verb_option *o = cli->verb->options;

    for (; o->name; o++) {
        char *spelled = xasprintf(" %s ", o->name);
        bool good = !args_has(&cli->args, o->name) ||
                    !strcmp(o->name, "consul") || strstr(w->options, spelled);

        free(spelled);
        if (good)
            continue;
        cli_fail(cli, CLI_USAGE, NULL, "kv %s takes no --%s", w->word, o->name);
        return false;
    }
    return true;
}

/* Behind the -- of all but lock stand words, which may begin with a dash. */
static void take_words(struct args *a)
{
    for (size_t i = 0; i < a->n_command; i++)
        a->words[a->n_words++] = a->command[i];
    a->n_command = 0;
    a->has_command = false;
}

int verb_kv(struct cli *cli)
{
    struct args *a = &cli->args;
    const struct word *w = NULL;
    char *hint;
    size_t n;

    for (size_t i = 0; i < ARRAY_LEN(words) && !w; i++)
        if (!strcmp(words[i].word, a->words[0]))
            w = &words[i];
    if (!w)
        return cli_fail(cli, CLI_USAGE, "get, put, delete, list, watch or lock",
                        "kv %s: there is no such thing", a->words[0]);
    if (!w->command)
        take_words(a);
    n = a->n_words - 1;
    if (n >= w->min && n <= w->max && (!w->command || a->n_command))
        return options_fit(cli, w) ? w->run(cli) : CLI_USAGE;
    hint = xasprintf("usage: muster kv %s %s", w->word, w->usage);
    cli_fail(cli, CLI_USAGE, hint, "kv %s: %s", w->word,
             n < w->min   ? "of which key?"
             : n > w->max ? "too many words"
                          : "there is no command after --");
    free(hint);
    return CLI_USAGE;
}
