/*
 * args: the command line, read by the table of verbs. Options may stand
 * before and after the verb and between its words; `--` ends them. A verb's
 * own option wins over a global one of the same letter.
 *
 * Pure: it reads no files, prints nothing, and keeps pointers into argv.
 */
#ifndef MUSTER_CLI_ARGS_H
#define MUSTER_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/cli/verbs.h"

struct args_given {
    const struct verb_option *option;
    const char *value; /* "" of a VALUE_OPTIONAL without one; NULL of a flag */
};

struct args {
    const struct verb *verb;  /* NULL: none was named */
    struct args_given *given; /* in their order */
    size_t n_given;
    char **words; /* of the verb */
    size_t n_words;
    char **command; /* what stands after --, of a verb that takes it */
    size_t n_command;
    bool has_command; /* there was a -- */
};

/* What is wrong with a command line; both owned, hint may be NULL. */
struct args_error {
    char *text;
    char *hint;
};

/* False, and error is filled, if it is not one that the table allows. What
 * was understood so far stands in a all the same (--json, the verb). */
bool args_parse(struct args *a, int argc, char **argv,
                struct args_error *error);
void args_free(struct args *a);
void args_error_free(struct args_error *error);

/* The last value given of the option of that name; NULL: not given, or a flag.
 * An option that neither the verb nor the globals have is a broken program. */
const char *args_get(const struct args *a, const char *name);
bool args_has(const struct args *a, const char *name);
/* The values of one that may be given several times: the n-th, or NULL. */
const char *args_nth(const struct args *a, const char *name, size_t n);
/* A VALUE_NUMBER, or what it is when not given. */
uint64_t args_number(const struct args *a, const char *name, uint64_t none);

/* Milliseconds; false if it is none. As settings have them: 30 30s 500ms … */
bool args_time(const char *text, uint64_t *ms);

#endif
