/*
 * conf_errors: collects the mistakes of one configuration, for the sources of
 * conf only; what programs see of it is in conf.h.
 */
#ifndef MUSTER_LIB_CONF_ERRORS_H
#define MUSTER_LIB_CONF_ERRORS_H

#include "lib/conf.h"

/*
 * Adds one at FILE:LINE, or at `where` alone with line 0. Whatever stands in
 * the texts is made safe to print, and cut where it is too long.
 */
void conf_errors_add(struct conf_errors *errs, const char *where, int line,
                     const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts them in the order of the file; those without a line come last. */
void conf_errors_sort(struct conf_errors *errs);

#endif
