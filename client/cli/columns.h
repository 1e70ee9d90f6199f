/*
 * columns: a table for people, its columns as wide as their widest cell. The
 * widths are those of the first COLUMNS_ROWS rows: later rows are written as
 * they come, so that a table of any length costs little.
 *
 * Pure: rows go in, text comes out.
 */
#ifndef MUSTER_CLI_COLUMNS_H
#define MUSTER_CLI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

#define COLUMNS_ROWS 500
#define COLUMNS_GAP  2 /* blanks between columns */

struct columns {
    size_t count;  /* of columns */
    size_t *width; /* of each */
    char **cells;  /* held back, row by row; owned */
    size_t rows;   /* held back */
    size_t limit;  /* of a whole line, 0: none */
    size_t shown;  /* columns that fit into it; the last one may be cut */
    bool heading;  /* the first row is one: bold */
    bool flowing;  /* widths stand, rows are written at once */
};

void columns_init(struct columns *c, size_t count, size_t limit, bool bold);
/* A row of c->count cells; "" where there is none. Text goes to out now or at
 * columns_end(). The first row is the heading. */
void columns_row(struct columns *c, const char *const *cells, struct buf *out);
/* Returns how many columns did not fit. */
size_t columns_end(struct columns *c, struct buf *out);

#endif
