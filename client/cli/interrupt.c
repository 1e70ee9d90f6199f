#include "client/cli/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/life.h"

static void say(const struct interrupt *i, const char *text)
{
    if (write(i->tty, text, strlen(text)) < 0)
        return; /* the terminal is gone: HUP comes */
}

/* -- the question ---------------------------------------------------------- */

static void stop_asking(struct interrupt *i)
{
    if (!i->asking)
        return;
    i->asking = false;
    loop_fd_free(i->key);
    i->key = NULL;
    tcsetattr(i->tty, TCSADRAIN, &i->was);
    say(i, "\r\x1b[K");
    status_hold(&i->life->status, false);
    if (i->life->exec && !i->life->cli->out.stopped)
        muster_exec_resume(i->life->exec);
}

static void cancel(struct interrupt *i)
{
    struct life *l = i->life;

    stop_asking(i);
    i->cancelling = true;
    if (!l->exec)
        return;
    if (muster_exec_cancel(l->exec)) {
        status_hide(&l->status);
        cli_note(l->cli, "cancelling %s: waiting until its processes are gone",
                 l->jid);
        return;
    }
    /* not submitted yet: nothing runs */
    life_detach(l, CLI_CANCELLED);
}

static void key_pressed(void *arg)
{
    struct interrupt *i = arg;
    char key;

    if (read(i->tty, &key, 1) != 1) {
        stop_asking(i);
        return;
    }
    switch (key) {
    case 'd':
    case 'D':
        stop_asking(i);
        life_detach(i->life, CLI_OK);
        break;
    case 'c':
    case 'C': cancel(i); break;
    case 'o':
    case 'O': stop_asking(i); break;
    default: break; /* asked again by standing there */
    }
}

static void ask(struct interrupt *i)
{
    struct life *l = i->life;
    struct termios keys;

    if (tcgetattr(i->tty, &i->was) < 0) {
        cancel(i);
        return;
    }
    keys = i->was;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    tcsetattr(i->tty, TCSADRAIN, &keys);
    i->asking = true;
    if (l->exec)
        muster_exec_pause(l->exec);
    status_hold(&l->status, true);
    say(i, "\r\x1b[K");
    say(i, l->jid ? l->jid : "the job");
    say(i, ": [d]etach, [c]ancel, c[o]ntinue? ");
    i->key = loop_fd_new(l->cli->loop, i->tty, false, key_pressed, i);
    loop_fd_on(i->key);
}

/* -- signals --------------------------------------------------------------- */

static void on_int(void *arg)
{
    struct interrupt *i = arg;

    if (i->cancelling) {
        cli_note(i->life->cli, "not waiting for its end");
        life_detach(i->life, CLI_CANCELLED);
    } else if (i->tty >= 0 && !i->asking) {
        ask(i);
    } else {
        cancel(i);
    }
}

static void on_term(void *arg)
{
    struct interrupt *i = arg;

    stop_asking(i);
    life_detach(i->life, 128 + SIGTERM);
}

static void on_hup(void *arg)
{
    struct interrupt *i = arg;

    stop_asking(i);
    life_detach(i->life, 128 + SIGHUP);
}

/* A signal that was ignored when we came (nohup, a background job of an old
 * shell) stays ignored. */
static struct loop_signal *watch(struct loop *l, int signo, loop_fn *fn,
                                 struct interrupt *i)
{
    struct sigaction was;

    if (sigaction(signo, NULL, &was) == 0 && was.sa_handler == SIG_IGN)
        return NULL;
    return loop_signal_new(l, signo, fn, i);
}

void interrupt_begin(struct interrupt *i, struct life *life, struct loop *l)
{
    *i = (struct interrupt){.life = life, .tty = -1};
    if (life->cli->err_tty)
        i->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    i->sigint = watch(l, SIGINT, on_int, i);
    i->sigterm = watch(l, SIGTERM, on_term, i);
    i->sighup = watch(l, SIGHUP, on_hup, i);
}

void interrupt_end(struct interrupt *i)
{
    stop_asking(i);
    if (i->sigint)
        loop_signal_free(i->sigint);
    if (i->sigterm)
        loop_signal_free(i->sigterm);
    if (i->sighup)
        loop_signal_free(i->sighup);
    if (i->tty >= 0)
        close(i->tty);
    i->tty = -1;
}
