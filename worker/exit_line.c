#include "worker/exit_line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/mem.h"

/* RC state N reason R, when nobody had asked for the end. */
static void add_status(struct buf *b, const struct job_end *e)
{
    if (WIFSIGNALED(e->status)) {
        buf_add_fmt(b, " - state 2 reason 'signal %d'", WTERMSIG(e->status));
    } else {
        int rc = WEXITSTATUS(e->status), usual = rc ? 2 : 0;

        buf_add_fmt(b, " %d state %d reason exited", rc,
                    e->state < 0 ? usual : e->state);
    }
}

static void add_failure(struct buf *b, const struct child_failure *f)
{
    char *text = xasprintf("%s: %s", f->step, strerror(f->error));

    buf_add_str(b, " - state 2 reason notstarted");
    buf_add_pair(b, "error", text);
    free(text);
}

static void add_run(struct buf *b, const struct job_end *e)
{
    if (e->reason)
        buf_add_fmt(b, " - state 2 reason %s", e->reason);
    else
        add_status(b, e);
    buf_add_fmt(b, " duration %" PRIu64 ".%03u", e->run_usec / 1000000,
                (unsigned)(e->run_usec / 1000 % 1000));
    if (e->left > 0)
        buf_add_fmt(b, " leftover %d", e->left);
}

void exit_line_write(struct buf *out, const char *jid, uint64_t seq,
                     const struct job_end *e)
{
    buf_add_fmt(out, "exit %s %" PRIu64, jid, seq);
    if (e->lost)
        buf_add_str(out, " - state 3 reason lost");
    else if (e->failure.step[0])
        add_failure(out, &e->failure);
    else
        add_run(out, e);
    if (e->cut)
        buf_add_fmt(out, " cut %" PRIu64, e->cut);
    if (e->why)
        buf_add_pair(out, "why", e->why);
    if (e->adopted)
        buf_add_str(out, " adopted 1");
}
