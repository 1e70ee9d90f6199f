/*
 * The inside of the table of directives: what a row is, for the files that
 * define types of values (spec.c, spec_times.c). Nobody else includes it.
 */
#ifndef DISPATCHER_SPEC_IMPL_H
#define DISPATCHER_SPEC_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "dispatcher/dispatcher.h"
#include "lib/buf.h"
#include "lib/words.h"

struct spec_row;

/* How values of a type are taken and written. */
struct spec_type {
    /* NULL, or what the value should have been. */
    const char *(*set)(struct dispatch_spec *s, const struct spec_row *row,
                       struct word *w);
    /* Appends the value; nothing if it was not set. */
    void (*write)(const struct dispatch_spec *s, const struct spec_row *row,
                  struct buf *value);
};

struct spec_row {
    const char *name;
    const struct spec_type *type;
    long long min, max; /* of its number */
    size_t at;          /* in struct dispatch_spec */
    bool hidden;        /* only in what is kept */
};

#define AT(field) offsetof(struct dispatch_spec, field)
/* Where the row's value is, as that type. */
#define SLOT(s, row, type) ((type *)(void *)((char *)(s) + (row)->at))
#define SEEN(s, row, type)                                                     \
    ((const type *)(const void *)((const char *)(s) + (row)->at))

/* Writes a row that is a text (char *). */
static inline void spec_write_text(const struct dispatch_spec *s,
                                   const struct spec_row *row,
                                   struct buf *value)
{
    const char *text = *SEEN(s, row, char *);

    if (text)
        buf_add_str(value, text);
}

/* spec_times.c */
extern const struct spec_type spec_type_when;   /* int64_t, ms; 0: none */
extern const struct spec_type spec_type_every;  /* char *, checked */
extern const struct spec_type spec_type_times;  /* unsigned, from 1 */
extern const struct spec_type spec_type_missed; /* spec.missed */
extern const struct spec_type spec_type_after;  /* spec.after, .after_any */
extern const struct spec_type spec_type_plan_hosts;
extern const struct spec_type spec_type_key; /* char *, not empty */

#endif
