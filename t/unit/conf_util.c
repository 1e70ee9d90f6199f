#include "t/unit/conf_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"

static char the_path[64]; /* of the file of this process */

const char *test_path(void)
{
    return the_path;
}

int test_begin(void **state)
{
    int fd;

    (void)state;
    snprintf(the_path, sizeof(the_path), "/tmp/muster-test-conf-XXXXXX");
    fd = mkstemp(the_path);
    return fd < 0 || close(fd) < 0;
}

int test_end(void **state)
{
    (void)state;
    return unlink(the_path);
}

void write_bytes(const char *bytes, size_t len)
{
    FILE *f = fopen(the_path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

void write_file(const char *text)
{
    write_bytes(text, strlen(text));
}

/* All mistakes as one text of lines "WHERE: TEXT", the file named F. */
char *mistakes(const struct conf_errors *errs)
{
    char *text = NULL, *at;
    size_t size, len = strlen(the_path);
    FILE *f = open_memstream(&text, &size);

    for (size_t i = 0; i < errs->n; i++)
        fprintf(f, "%s: %s\n", errs->items[i].where, errs->items[i].text);
    if (errs->more > 0)
        fprintf(f, "%zu more\n", errs->more);
    fclose(f);
    while ((at = strstr(text, the_path)) != NULL) {
        *at = 'F';
        memmove(at + 1, at + len, strlen(at + len) + 1);
    }
    return text;
}

struct conf *load_source(const struct conf_source *src)
{
    struct conf_errors errs = {0};
    struct conf *conf = conf_load(src, &errs);
    char *text = mistakes(&errs);

    assert_string_equal(text, "");
    assert_non_null(conf);
    free(text);
    conf_errors_free(&errs);
    return conf;
}

void refuse_source(const struct conf_source *src, const char *expected)
{
    struct conf_errors errs = {0};
    struct conf *conf = conf_load(src, &errs);
    char *text = mistakes(&errs);

    assert_string_equal(text, expected);
    assert_null(conf);
    free(text);
    conf_errors_free(&errs);
}

void refuse_somehow(const struct conf_source *src)
{
    struct conf_errors errs = {0};

    assert_null(conf_load(src, &errs));
    assert_true(errs.n > 0);
    conf_errors_free(&errs);
}

struct conf *load(const char *text)
{
    struct conf_source src = {.file = the_path, .nodename = "box"};

    write_file(text);
    return load_source(&src);
}

struct conf *load_profile(const char *text, const char *profile)
{
    struct conf_source src = {
        .file = the_path, .nodename = "box", .profile = profile};

    write_file(text);
    return load_source(&src);
}

void refuse(const char *text, const char *expected)
{
    struct conf_source src = {.file = the_path, .nodename = "box"};

    write_file(text);
    refuse_source(&src, expected);
}

/* From one option alone. */
struct conf *load_option(const char *option)
{
    struct conf_source src = {.file = "/dev/null",
                              .nodename = "box",
                              .options = &option,
                              .n_options = 1};

    return load_source(&src);
}

void refuse_option(const char *option, const char *expected)
{
    struct conf_source src = {.file = "/dev/null",
                              .nodename = "box",
                              .options = &option,
                              .n_options = 1};

    refuse_source(&src, expected);
}

void assert_texts(const char *const *list, size_t n, const char *expected)
{
    char *text = xstrdup(""), *longer;

    for (size_t i = 0; i < n; i++) {
        longer = xasprintf("%s%s|", text, list[i]);
        free(text);
        text = longer;
    }
    assert_string_equal(text, expected);
    free(text);
}

void assert_list(const struct conf *conf, const char *key, const char *expected)
{
    size_t n;
    const char *const *list = conf_list(conf, key, &n);

    assert_texts(list, n, expected);
}

void assert_listen(const struct conf *conf, const char *key,
                   const char *expected)
{
    size_t n;
    const char *const *list = conf_listen(conf, key, &n);

    assert_texts(list, n, expected);
}

/* Origins name the file. */
void assert_origin(const struct conf *conf, const char *key, const char *fmt)
{
    const char *at = strchr(fmt, 'F');
    char *expected = at == NULL ? xstrdup(fmt)
                                : xasprintf("%.*s%s%s", (int)(at - fmt), fmt,
                                            the_path, at + 1);

    assert_string_equal(conf_origin(conf, key), expected);
    free(expected);
}
