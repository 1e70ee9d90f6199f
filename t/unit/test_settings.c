/*
 * Holds what people read to the table of settings: conf/muster.yaml and
 * doc/muster.yaml.5 name every setting, with its type, default, range and
 * whether a reload is enough, and no others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/conf_types.h"
#include "lib/mem.h"
#include "lib/settings.h"
#include "t/unit/conf_util.h"

static char *slurp(const char *name)
{
    char *path = xasprintf("%s/%s", TEST_SRCDIR, name);
    char *text = xcalloc(1, CONF_FILE_MAX);
    FILE *f = fopen(path, "r");

    if (f == NULL)
        fail_msg("%s: cannot be read", path);
    text[fread(text, 1, CONF_FILE_MAX - 1, f)] = '\0';
    fclose(f);
    free(path);
    return text;
}

/* "size, default 64K, 256 to 16M, reloadable" */
static void add_facts(struct buf *out, const struct conf_setting *s)
{
    char from[32], to[32];

    if (s->unit != NULL)
        buf_add_fmt(out, "number of %s", s->unit);
    else
        buf_add_str(out, conf_type_name(s->type));
    buf_add_fmt(out, ", default %s", s->def != NULL ? s->def : "none");
    if (s->max != 0) {
        conf_type_write(s->type, s->min, from, sizeof(from));
        conf_type_write(s->type, s->max, to, sizeof(to));
        buf_add_fmt(out, ", %s to %s", from, to);
    }
    if (s->values != NULL)
        buf_add_fmt(out, ", one of %s", s->values);
    if (s->env != NULL)
        buf_add_fmt(out, ", also $%s", s->env);
    if (s->reloadable)
        buf_add_str(out, ", reloadable");
}

static void add_programs(struct buf *out, unsigned programs)
{
    static const char *const names[] = {"musterd", "muster-dispatch",
                                        "muster-worker", "muster"};
    const char *between = "";

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if ((programs & 1u << i) == 0)
            continue;
        buf_add_fmt(out, "%s%s", between, names[i]);
        between = ", ";
    }
}

/* Both texts without what sets their words apart: blanks, # and \. */
static void squeeze(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++)
        if (!isspace((unsigned char)*text) && strchr("#\\", *text) == NULL)
            *to++ = *text;
    *to = '\0';
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

static void assert_says(const char *text, const char *what, const char *name)
{
    char *wanted = xstrdup(what);

    squeeze(wanted);
    if (count(text, wanted) == 0)
        fail_msg("%s does not say: %s", name, what);
    free(wanted);
}

/* A setting's sentence, as a whole one. */
static void add_sentence(struct buf *out, const struct conf_setting *s)
{
    buf_add_char(out, (char)toupper((unsigned char)s->help[0]));
    buf_add_fmt(out, "%s.", s->help + 1);
}

static void test_man_page(void **state)
{
    char *page = slurp("doc/muster.yaml.5");
    size_t n, items = count(page, "\n.It Cm ");
    const struct conf_setting *table = settings_table(&n);
    struct buf entry = BUF_INIT;

    (void)state;
    assert_int_equal(items, n);
    squeeze(page);
    for (size_t i = 0; i < n; i++) {
        buf_reset(&entry, 1000);
        buf_add_fmt(&entry, ".It Cm %s\n.Pq ", table[i].key);
        add_facts(&entry, &table[i]);
        buf_add_str(&entry, "; ");
        add_programs(&entry, table[i].programs);
        add_sentence(&entry, &table[i]);
        assert_says(page, buf_str(&entry), "doc/muster.yaml.5");
    }
    buf_free(&entry);
    free(page);
}

static void test_comments(void **state)
{
    char *text = slurp("conf/muster.yaml");
    size_t n;
    const struct conf_setting *table = settings_table(&n);
    struct buf entry = BUF_INIT;

    (void)state;
    squeeze(text);
    for (size_t i = 0; i < n; i++) {
        buf_reset(&entry, 1000);
        add_sentence(&entry, &table[i]);
        buf_add_char(&entry, '(');
        add_facts(&entry, &table[i]);
        buf_add_fmt(&entry, ")%s:",
                    strrchr(table[i].key, '.') != NULL
                        ? strrchr(table[i].key, '.') + 1
                        : table[i].key);
        assert_says(text, buf_str(&entry), "conf/muster.yaml");
    }
    buf_free(&entry);
    free(text);
}

/* Takes the # from the settings, which no blank follows, and from what belongs
 * to them, which two do. */
static void uncomment(char *text)
{
    char *line, *mark;

    for (line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        mark = line + strspn(line, " ");
        if (mark[0] == '#' && (mark[1] != ' ' || mark[2] == ' ') &&
            strcspn(mark, ":") < strcspn(mark, "\n") &&
            (islower((unsigned char)mark[1]) ||
             islower((unsigned char)mark[1 + strspn(mark + 1, " ")])))
            memmove(mark, mark + 1, strlen(mark));
    }
}

/* Everything set: that is all there is, and the defaults are the defaults. */
static void test_uncommented(void **state)
{
    struct conf_source defaults = {.file = "/dev/null"};
    char *text = slurp("conf/muster.yaml"), *body;
    struct conf *conf, *plain = load_source(&defaults);
    size_t n;
    const struct conf_setting *table = settings_table(&n);

    (void)state;
    conf = load(text);
    for (size_t i = 0; i < n; i++)
        assert_false(conf_is_set(conf, table[i].key));
    conf_free(conf);
    body = strstr(text, "# ----");
    uncomment(body);
    conf = load_profile(body, "web");
    for (size_t i = 0; i < n; i++) {
        if (!conf_is_set(conf, table[i].key))
            fail_msg("conf/muster.yaml does not have %s", table[i].key);
    }
    conf_free(conf);
    conf = load(body);
    for (size_t i = 0; i < n; i++)
        if (table[i].def != NULL)
            assert_string_equal(conf_text(conf, table[i].key),
                                conf_text(plain, table[i].key));
    conf_free(conf);
    conf_free(plain);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_man_page),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_uncommented),
    };

    return cmocka_run_group_tests(tests, test_begin, test_end);
}
