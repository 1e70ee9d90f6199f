/*
 * What follows from all layers of a configuration together, and the texts for
 * people.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/addr.h"
#include "lib/conf_impl.h"
#include "lib/conf_keys.h"
#include "lib/mem.h"
#include "lib/utf8.h"

/* Takes over a list from `from`, which was set; the origin says so. */
static void stand_in(struct conf_value *v, const struct conf_value *from,
                     const char *key)
{
    char *origin = xasprintf("%s, by %s", from->origin, key);

    conf_value_copy(v, from);
    free(v->origin);
    v->origin = origin;
}

static const struct conf_value *value_of(const struct conf *conf,
                                         const char *key)
{
    const struct conf_setting *s = conf_key_find(&conf->layer, key);
    const struct conf_value *v;

    if (s == NULL)
        return NULL;
    v = conf_layer_value(&conf->layer, s);
    return v->above && v->n > 0 ? v : NULL;
}

/* The binds as addresses of one face; the texts were checked before. */
static void listen_on_binds(struct conf_value *v, const struct conf_setting *s,
                            const struct conf_value *binds)
{
    char why[CONF_WHY_MAX], addr[ADDR_TEXT_MAX];
    struct conf_value list = {0};
    struct addr def = {0};

    if (s->def == NULL || addr_parse(&def, s->def, 0) != NULL)
        return;
    for (size_t i = 0; i < binds->n; i++)
        if (conf_bind_addr(binds->items[i], s->face, def.port, addr,
                           sizeof(addr), why))
            conf_value_add(&list, addr);
    list.set = true;
    list.above = true;
    list.origin = xstrdup(binds->origin);
    stand_in(v, &list, "binds");
    conf_value_free(&list);
}

static void apply_stand_ins(struct conf *conf)
{
    const struct conf_value *binds = value_of(conf, "binds");
    const struct conf_value *seeds = value_of(conf, "seeds");
    const struct conf_setting *s;
    struct conf_value *v;

    for (size_t i = 0; i < conf->layer.n; i++) {
        s = &conf->layer.table[i];
        v = &conf->layer.values[i];
        if (v->above)
            continue;
        if (s->type == CONF_LISTEN && s->face >= 0 && binds != NULL)
            listen_on_binds(v, s, binds);
        else if (s->type == CONF_REGISTRIES && seeds != NULL &&
                 strcmp(s->key, "seeds") != 0)
            stand_in(v, seeds, "seeds");
    }
}

static void make_unique(char unique[CONF_UNIQUE_LEN + 1])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char c;

    for (size_t i = 0; i < CONF_UNIQUE_LEN;) {
        if (getrandom(&c, 1, 0) != 1)
            continue;
        if (c < 4 * (sizeof(letters) - 1)) /* no letter more often */
            unique[i++] = letters[c % (sizeof(letters) - 1)];
    }
    unique[CONF_UNIQUE_LEN] = '\0';
}

/* The text with %n, %u and %% expanded; owned by the caller. */
static char *expand(const struct conf *conf, const char *text)
{
    char *out = xstrdup(""), *longer;
    const char *next;

    for (; *text != '\0'; text += 2) {
        next = strchrnul(text, '%');
        longer = xasprintf("%s%.*s%s", out, (int)(next - text), text,
                           *next == '\0'    ? ""
                           : next[1] == 'n' ? conf->nodename
                           : next[1] == 'u' ? conf->unique
                                            : "%");
        free(out);
        out = longer;
        text = next;
        if (*text == '\0')
            break;
    }
    return out;
}

/* A node name that is no word of ours: the kernel takes anything. */
static void clean_nodename(char *name)
{
    for (char *p = name; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f ||
            *p == ',' || *p == '\'')
            *p = '_';
}

/* The node id of a process that is given none: PROFILE/%u or %n/%u. */
static char *default_node(const struct conf *conf)
{
    char *node = xstrdup(""), *longer;

    if (conf->profile == NULL) {
        free(node);
        return xstrdup("%n/%u");
    }
    for (const char *p = conf->profile; *p != '\0'; p++) {
        longer = xasprintf("%s%c%s", node, *p, *p == '%' ? "%" : "");
        free(node);
        node = longer;
    }
    longer = xasprintf("%s/%%u", node);
    free(node);
    return longer;
}

static void set_node(struct conf *conf)
{
    const struct conf_setting *s = conf_key_find(&conf->layer, "node");
    struct conf_value *v;

    if (s == NULL)
        return;
    v = conf_layer_value(&conf->layer, s);
    if (v->set)
        return;
    v->text = default_node(conf);
    v->origin = xstrdup("default");
    v->set = true;
}

static char *join(const struct conf_value *v)
{
    char *text = xstrdup(""), *longer;

    for (size_t i = 0; i < v->n; i++) {
        longer = xasprintf("%s%s%s", text, i > 0 ? " " : "", v->items[i]);
        free(text);
        text = longer;
    }
    return text;
}

void conf_derive(struct conf *conf, const struct conf *old)
{
    struct conf_value *v;

    if (old != NULL)
        memcpy(conf->unique, old->unique, sizeof(conf->unique));
    else
        make_unique(conf->unique);
    clean_nodename(conf->nodename);
    set_node(conf);
    conf_exed(conf);
    apply_stand_ins(conf);
    for (size_t i = 0; i < conf->layer.n; i++) {
        v = &conf->layer.values[i];
        free(v->shown);
        v->shown = conf_show(&conf->layer.table[i], v);
        free(v->joined);
        v->joined = join(v);
        if (conf->layer.table[i].type == CONF_ID && v->text != NULL)
            v->expanded = expand(conf, v->text);
    }
}

/* What YAML reads as a text without quotes, wherever it stands. */
static bool is_plain(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || strcmp(text, "null") == 0 || strchr("-@.", text[0]) != NULL)
        return len > 1 && text[0] == '-' && text[1] >= '0' && text[1] <= '9' &&
               text[1 + strspn(text + 1, "0123456789")] == '\0';
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789_./-+@=!",
                   *p) != NULL)
            continue;
        if (*p != ':' || p[1] == '\0' || p == text)
            return false;
    }
    return text[0] != '!' && text[0] != '=';
}

static void show_quoted(FILE *out, const char *text)
{
    size_t left = strlen(text), len;
    uint32_t code = 0;

    fputc('"', out);
    for (; left > 0; text += len, left -= len) {
        len = utf8_char(text, left, &code);
        if (len == 0)
            break; /* no value that was checked */
        if (code == '"' || code == '\\')
            fprintf(out, "\\%c", (char)code);
        else if (utf8_unsafe(code))
            fprintf(out, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
        else
            fwrite(text, 1, len, out);
    }
    fputc('"', out);
}

static void show_text(FILE *out, const char *text)
{
    if (is_plain(text))
        fputs(text, out);
    else
        show_quoted(out, text);
}

char *conf_quote(const char *text)
{
    char *quoted = NULL;
    size_t size;
    FILE *out = open_memstream(&quoted, &size);

    if (out == NULL)
        return xstrdup("");
    show_text(out, text);
    fclose(out);
    return quoted;
}

/* What an action holds is as YAML has it already. */
static void show_items(FILE *out, const struct conf_value *v, bool map,
                       bool yaml)
{
    fputc(map ? '{' : '[', out);
    for (size_t i = 0; i < v->n; i++) {
        if (i > 0)
            fputs(", ", out);
        if (map) {
            show_text(out, v->names[i]);
            fputs(": ", out);
        }
        if (yaml)
            fputs(v->items[i], out);
        else
            show_text(out, v->items[i]);
    }
    fputc(map ? '}' : ']', out);
}

char *conf_show(const struct conf_setting *s, const struct conf_value *v)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return xstrdup("");
    if (conf_type_is_map(s->type))
        show_items(out, v, true, s->type == CONF_ACTIONS);
    else if (conf_type_is_list(s->type) && v->n != 1)
        show_items(out, v, false, false);
    else if (conf_type_is_list(s->type))
        show_text(out, v->items[0]);
    else if (v->text != NULL)
        show_text(out, v->text);
    fclose(out);
    return text;
}
