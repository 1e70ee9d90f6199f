/*
 * EXEd's names for settings of ours: where one of them is set and ours is not,
 * it stands in for that. What it says is checked where ours is used.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/conf_impl.h"
#include "lib/conf_keys.h"
#include "lib/mem.h"

/* The value of a setting, if something above the default sets it. */
static const struct conf_value *given(const struct conf *conf, const char *key)
{
    const struct conf_setting *s = conf_key_find(&conf->layer, key);
    const struct conf_value *v = s ? conf_layer_value(&conf->layer, s) : NULL;

    return v && v->above ? v : NULL;
}

/* Ours becomes that text, if nothing else sets it. */
static void stand_in(struct conf *conf, const char *ours, const char *text,
                     const struct conf_value *from, const char *key)
{
    const struct conf_setting *s = conf_key_find(&conf->layer, ours);
    struct conf_value *v, value = {0};
    char why[CONF_WHY_MAX];

    if (!s || given(conf, ours))
        return;
    v = conf_layer_value(&conf->layer, s);
    if (s->type == CONF_LISTEN)
        conf_value_add(&value, text); /* whoever listens says what is wrong */
    else if (!conf_put_text(s, &value, text, why))
        return;
    value.set = value.above = true;
    value.origin = xasprintf("%s, by %s", from->origin, key);
    conf_value_free(v);
    *v = value;
}

static void http_address(struct conf *conf)
{
    const struct conf_value *host = given(conf, "api.listen");
    const struct conf_value *port = given(conf, "api.listen_port");
    const char *name = host ? host->text : "127.0.0.1";
    char *text;

    if (!host && !port)
        return;
    text = xasprintf(strchr(name, ':') ? "[%s]:%s" : "%s:%s",
                     strcmp(name, "0.0.0.0") == 0 ? "*" : name,
                     port ? port->text : "16808");
    stand_in(conf, "dispatcher.http", text, host ? host : port,
             host ? "api.listen" : "api.listen_port");
    free(text);
}

static void log_level(struct conf *conf)
{
    static const char *const words[][2] = {{"warning", "warn"},
                                           {"critical", "error"}};
    const struct conf_value *v = given(conf, "log.log_level");
    const char *text = v ? v->text : NULL;

    for (size_t i = 0; text && i < ARRAY_LEN(words); i++)
        if (strcmp(text, words[i][0]) == 0)
            text = words[i][1];
    if (text)
        stand_in(conf, "log.level", text, v, "log.log_level");
}

static void log_to(struct conf *conf)
{
    const struct conf_value *v = given(conf, "log.error_log");
    char *text;

    if (!v || !*v->text || strcmp(v->text, "-") == 0)
        return; /* as it is without */
    text = xasprintf("file:%s", v->text);
    stand_in(conf, "log.to", text, v, "log.error_log");
    free(text);
}

void conf_exed(struct conf *conf)
{
    const struct conf_value *slots = given(conf, "runner.concurrency");

    http_address(conf);
    log_level(conf);
    log_to(conf);
    if (slots)
        stand_in(conf, "worker.slots", slots->text, slots,
                 "runner.concurrency");
}
