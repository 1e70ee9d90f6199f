#include "client/cli/diff.h"

#include <stdlib.h>

#include "lib/mem.h"

/*
 * The furthest point on each diagonal k = x - y after d changes, for each d up
 * to the last: row d has the diagonals -d..d.
 */
struct diff {
    const uint32_t *a, *b;
    size_t n, m;
    long **rows; /* owned; [d][k + d] is x */
};

static long furthest(const struct diff *df, long d, long k)
{
    const long *row = df->rows[d - 1];
    bool down; /* an insertion: from diagonal k + 1 */

    down = k == -d || (k != d && row[k - 1 + d - 1] < row[k + 1 + d - 1]);
    return down ? row[k + 1 + d - 1] : row[k - 1 + d - 1] + 1;
}

/* Down the diagonal while both are equal. */
static long slide(const struct diff *df, long x, long k)
{
    while (x < (long)df->n && x - k < (long)df->m && x - k >= 0 &&
           df->a[x] == df->b[x - k])
        x++;
    return x;
}

/* How many changes are needed; -1: more than most. */
static long changes(struct diff *df, long most)
{
    for (long d = 0; d <= most; d++) {
        df->rows[d] = xcalloc((size_t)(2 * d + 1), sizeof(long));
        for (long k = -d; k <= d; k += 2) {
            long x = slide(df, d ? furthest(df, d, k) : 0, k);

            df->rows[d][k + d] = x;
            if (x >= (long)df->n && x - k >= (long)df->m)
                return d;
        }
    }
    return -1;
}

struct diff_step {
    enum diff_kind kind;
    size_t at, before;
};

/* From the end back to the beginning, one change for each d. */
static void walk_back(const struct diff *df, long d, struct diff_step *steps)
{
    long k = (long)df->n - (long)df->m;

    for (; d > 0; d--) {
        const long *row = df->rows[d - 1];
        bool down =
            k == -d || (k != d && row[k - 1 + d - 1] < row[k + 1 + d - 1]);
        long from = down ? k + 1 : k - 1, x = row[from + d - 1];

        steps[d - 1].kind = down ? DIFF_ADDED : DIFF_REMOVED;
        steps[d - 1].at = (size_t)(down ? x - from : x);
        steps[d - 1].before = (size_t)x;
        k = from;
    }
}

bool diff_lists(const uint32_t *a, size_t a_count, const uint32_t *b,
                size_t b_count, size_t most, diff_fn *fn, void *arg)
{
    struct diff df = {.a = a, .b = b, .n = a_count, .m = b_count};
    struct diff_step *steps;
    long d;

    if (most > a_count + b_count)
        most = a_count + b_count;
    df.rows = xcalloc(most + 1, sizeof(*df.rows));
    d = changes(&df, (long)most);
    if (d >= 0) {
        steps = xcalloc((size_t)d + 1, sizeof(*steps));
        walk_back(&df, d, steps);
        for (long i = 0; i < d; i++)
            fn(arg, steps[i].kind, steps[i].at, steps[i].before);
        free(steps);
    }
    for (size_t i = 0; i <= most; i++)
        free(df.rows[i]);
    free(df.rows);
    return d >= 0;
}
