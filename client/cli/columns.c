#include "client/cli/columns.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/text.h"
#include "lib/mem.h"

#define LAST_LEAST 12 /* columns of the last one, for it to be worth showing */

void columns_init(struct columns *c, size_t count, size_t limit, bool bold)
{
    *c = (struct columns){
        .count = count, .limit = limit, .shown = count, .heading = bold};
    c->width = xcalloc(count, sizeof(*c->width));
    c->cells = xcalloc(count * COLUMNS_ROWS, sizeof(*c->cells));
}

/* A cell of the row, padded unless it is the last that says something. */
static void add_cell(const struct columns *c, size_t column, const char *cell,
                     bool last, size_t *left, struct buf *out)
{
    size_t len = strlen(cell);

    if (c->limit)
        len = text_fit(cell, len, *left);
    text_add_safe(out, cell, len);
    size_t width = text_width(cell, len);

    if (!last) {
        size_t next = c->width[column] + COLUMNS_GAP;

        if (next <= width)
            next = width + 1;
        text_pad(out, width, next);
        width = next;
    }
    *left = *left > width ? *left - width : 0;
}

static void write_row(struct columns *c, const char *const *cells, bool heading,
                      struct buf *out)
{
    size_t last = c->shown, left = c->limit;

    while (last > 0 && !*cells[last - 1])
        last--;
    if (heading && c->heading)
        buf_add_str(out, "\x1b[1m");
    for (size_t i = 0; i < last; i++)
        add_cell(c, i, cells[i], i + 1 == last, &left, out);
    if (heading && c->heading)
        buf_add_str(out, "\x1b[0m");
    buf_add_char(out, '\n');
}

/* A column that does not fit whole is left out, but for the last one, which is
 * often a long text: that is cut. */
static void choose_columns(struct columns *c)
{
    size_t at = 0, n;

    for (n = 0; c->limit && n < c->count; n++) {
        size_t need = c->width[n];

        if (n + 1 == c->count && need > LAST_LEAST)
            need = LAST_LEAST;
        if (n > 0 && at + need > c->limit)
            c->shown = n;
        if (c->shown <= n)
            return;
        at += c->width[n] + COLUMNS_GAP;
    }
}

static void write_held(struct columns *c, struct buf *out)
{
    if (!c->flowing)
        choose_columns(c);
    for (size_t r = 0; r < c->rows; r++) {
        char **row = c->cells + r * c->count;

        write_row(c, (const char *const *)row, r == 0, out);
        for (size_t i = 0; i < c->count; i++)
            free(row[i]);
    }
    c->rows = 0;
    c->flowing = true;
}

void columns_row(struct columns *c, const char *const *cells, struct buf *out)
{
    if (c->flowing) {
        write_row(c, cells, false, out);
        return;
    }
    for (size_t i = 0; i < c->count; i++) {
        size_t width = text_width(cells[i], strlen(cells[i]));

        if (width > c->width[i])
            c->width[i] = width;
        c->cells[c->rows * c->count + i] = xstrdup(cells[i]);
    }
    if (++c->rows == COLUMNS_ROWS)
        write_held(c, out);
}

size_t columns_end(struct columns *c, struct buf *out)
{
    size_t hidden;

    write_held(c, out);
    hidden = c->count - c->shown;
    free(c->width);
    free(c->cells);
    *c = (struct columns){0};
    return hidden;
}
