/*
 * conf_util: what the tests of configurations have in common. Each program has
 * one file, written anew by each test; mistakes are compared as a text of lines
 * "WHERE: TEXT" in which that file is named F. The node name is "box".
 */
#ifndef MUSTER_T_UNIT_CONF_UTIL_H
#define MUSTER_T_UNIT_CONF_UTIL_H

#include "lib/conf.h"

/* The name of the file. */
const char *test_path(void);

/* For cmocka: make the file, remove it. */
int test_begin(void **state);
int test_end(void **state);

void write_bytes(const char *bytes, size_t len);
void write_file(const char *text);

/* All mistakes as one text. */
char *mistakes(const struct conf_errors *errs);

/* A source that must give a configuration, exactly these mistakes, or any. */
struct conf *load_source(const struct conf_source *src);
void refuse_source(const struct conf_source *src, const char *expected);
void refuse_somehow(const struct conf_source *src);

/* The same from a file of that text, or from one option alone. */
struct conf *load(const char *text);
struct conf *load_profile(const char *text, const char *profile);
void refuse(const char *text, const char *expected);
struct conf *load_option(const char *option);
void refuse_option(const char *option, const char *expected);

/* Items are expected as "a|b|". */
void assert_texts(const char *const *list, size_t n, const char *expected);
void assert_list(const struct conf *conf, const char *key,
                 const char *expected);
void assert_listen(const struct conf *conf, const char *key,
                   const char *expected);

/* In what is expected, F is the file. */
void assert_origin(const struct conf *conf, const char *key, const char *fmt);

#endif
