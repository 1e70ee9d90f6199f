#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/mem.h"
#include "worker/monitor_impl.h"

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Closes everything but what the setup names. */
static void descriptors_close(const struct monitor_setup *s)
{
    int keep[] = {s->control, s->groups, s->spool};
    unsigned from = 3;
    size_t i;

    qsort(keep, ARRAY_LEN(keep), sizeof(keep[0]), by_number);
    for (i = 0; i < ARRAY_LEN(keep); i++) {
        if (keep[i] < (int)from)
            continue;
        if ((unsigned)keep[i] > from)
            close_range(from, (unsigned)keep[i] - 1, 0);
        from = (unsigned)keep[i] + 1;
    }
    close_range(from, ~0U, 0);
}

/* The worker's handlers must not run here: all signals are blocked since
 * before the fork, those that count are read from a descriptor. */
static void signals_take(struct monitor *m)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t set;
    int signo;

    for (signo = 1; signo < NSIG; signo++)
        sigaction(signo, &plain, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void monitor_become(struct monitor *m)
{
    const struct monitor_setup *s = m->setup;
    int fd;

    setsid();
    prctl(PR_SET_NAME, "muster-job");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (s->spool < 0)
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (fd = 0; fd < 3; fd++)
        dup2(s->null, fd);
    descriptors_close(s);
    signals_take(m);
    /* dead before it could be noticed */
    if (s->spool < 0 && getppid() != s->worker)
        _exit(1);
}
