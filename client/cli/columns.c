#include "client/cli/columns.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/text.h"
#include "lib/mem.h"

void columns_init(struct columns *c, size_t count, size_t limit, bool bold)
{
    *c = (struct columns){.count = count, .limit = limit, .heading = bold};
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
    size_t last = c->count, left = c->limit;

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

static void write_held(struct columns *c, struct buf *out)
{
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

void columns_end(struct columns *c, struct buf *out)
{
    write_held(c, out);
    free(c->width);
    free(c->cells);
    *c = (struct columns){0};
}
