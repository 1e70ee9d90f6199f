/*
 * A line on the job port becomes a request: constant tables of requests and of
 * directives say which words there may be, their type and range. Everything is
 * checked before anything is done.
 *
 * Pure: must not know connections or the dispatcher; it is fuzzed by itself.
 */
#ifndef PLUGINS_DISPATCH_EXEC_REQUEST_H
#define PLUGINS_DISPATCH_EXEC_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatcher/dispatcher.h"
#include "lib/mem.h"
#include "lib/selector.h"
#include "lib/words.h"

#define EXEC_WORDS_MAX 1024 /* words of a request */

/* A request by itself; anything else is an operation of the workers'. */
enum exec_verb {
    EXEC_RUN,
    EXEC_JOBS,
    EXEC_JOB,
    EXEC_FOLLOW,
    EXEC_CANCEL,
    EXEC_DELETE,
    EXEC_WHY,
    EXEC_PLAN,
    EXEC_EXPLAIN,
    EXEC_PAUSE,
    EXEC_RESUME,
    EXEC_RERUN,
    EXEC_DRAIN,
    EXEC_UNDRAIN
};

struct exec_request {
    enum exec_verb verb;
    bool keep;                 /* .keep 1 */
    bool detach;               /* .detach 1 */
    const char *jid;           /* in the line; may be NULL: of all */
    const char *host;          /* in the line; may be NULL of EXEC_WHY */
    const char *on;            /* of EXEC_EXPLAIN, in the line */
    const char *reason;        /* of EXEC_DRAIN, in the line */
    uint64_t ms;               /* of EXEC_DRAIN; 0: until it is ended */
    const char *where;         /* of EXEC_RERUN, in the line; or NULL */
    struct selector selector;  /* of EXEC_JOBS */
    struct dispatch_spec spec; /* of EXEC_RUN and EXEC_PLAN */
};

/* A row of the table of requests, for the documentation's test, too. */
struct exec_command {
    const char *word; /* NULL: any operation */
    enum exec_verb verb;
    bool takes_jid;
    int words; /* at least so many, itself too */
    const char *usage;
};

/* Fills q from the words of a line, which it may point into. NULL, or an error
 * text (free()); in either case exec_request_free(). */
MUST_CHECK char *exec_request_parse(struct exec_request *q, struct word *words,
                                    int n);
/* What came behind its line: standard input. Errors as above. */
MUST_CHECK char *exec_request_body(struct exec_request *q, const char *bytes,
                                   size_t len);
/* About workers, or everybody's jobs. */
bool exec_request_is_of_all(const struct exec_request *q);
void exec_request_free(struct exec_request *q);

/* It has an operation and its directives. */
bool exec_request_has_spec(const struct exec_request *q);

#endif
