#include "lib/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/notify.h"
#include "lib/refused.h"

enum { OPTION_PROFILE = 256 };

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {"config", required_argument, NULL, 'c'},
    {"debug", no_argument, NULL, 'd'},
    {"option", required_argument, NULL, 'o'},
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {0},
};

static void print_help(const struct daemon *d)
{
    printf("Usage: %s [OPTION]...\n"
           "%s\n"
           "\n"
           "  -c, --config FILE       read FILE (%s,\n"
           "                          if it is there)\n"
           "      --profile NAME      use that profile (the one named like "
           "this node,\n"
           "                          if there is one)\n"
           "  -o, --option KEY=VALUE  set anything of the file, as "
           "log.level=debug;\n"
           "                          again for more\n"
           "  -d, --debug             log everything, to stderr\n"
           "  -h, --help              this text\n"
           "  -v, --version           the version\n"
           "\n"
           "Exit status: 0 told to end, -h, -v; 1 bad configuration, or it "
           "could not\n"
           "start; 2 bad command line. The settings: muster.yaml(5), "
           "`muster config show`.\n",
           d->name, d->about, CONF_DEFAULT_FILE);
}

static void add_option(struct daemon *d, const char *option)
{
    d->options =
        xreallocarray(d->options, d->n_options + 1, sizeof(*d->options));
    d->options[d->n_options++] = option;
}

static int usage_error(const struct daemon *d)
{
    fprintf(stderr, "Try '%s --help'.\n", d->name);
    return DAEMON_USAGE;
}

/* The command line into d; -1, or the status to exit with. */
static int read_options(struct daemon *d, int argc, char **argv)
{
    int c;

    while ((c = getopt_long(argc, argv, "hvc:do:", long_options, NULL)) != -1) {
        switch (c) {
        case 'h': print_help(d); return DAEMON_OK;
        case 'v': printf("%s %s\n", d->name, PACKAGE_VERSION); return DAEMON_OK;
        case 'c': d->file = optarg; break;
        case 'd': d->debug = true; break;
        case 'o': add_option(d, optarg); break;
        case OPTION_PROFILE: d->profile = optarg; break;
        default: return usage_error(d);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "%s: unexpected argument '%s'\n", d->name,
                argv[optind]);
        return usage_error(d);
    }
    return -1;
}

/* The configuration and the files it names; or neither. */
static struct conf *load(const struct daemon *d, struct auth_files *files,
                         struct conf_errors *errs)
{
    struct conf_source src = {.file = d->file,
                              .profile = d->profile,
                              .options = d->options,
                              .n_options = d->n_options,
                              .old = d->conf};
    struct conf *conf = conf_load(&src, errs);

    bool good = true;

    if (conf == NULL)
        return NULL;
    good = conf_check_local(conf, d->program, errs);
    good = auth_files_read(files, conf, d->program, errs) && good;
    if (good)
        return conf;
    auth_files_free(files);
    conf_free(conf);
    return NULL;
}

int daemon_options(struct daemon *d, int argc, char **argv)
{
    struct conf_errors errs = {0};
    int status = read_options(d, argc, argv);

    if (status >= 0) {
        free(d->options);
        d->options = NULL;
        return status;
    }
    d->conf = load(d, &d->files, &errs);
    conf_errors_print(&errs, stderr, d->name);
    conf_errors_free(&errs);
    if (d->conf != NULL)
        return -1;
    daemon_end(d);
    return DAEMON_FAILED;
}

/* log.* into effect, the debug option before it. */
static bool apply_log(const struct daemon *d, bool open)
{
    enum log_level level = (enum log_level)conf_enum(d->conf, "log.level");
    const char *to = d->debug ? "stderr" : conf_str(d->conf, "log.to");
    char err[300];

    log_set(d->debug ? MLOG_DEBUG : level,
            (enum log_format)conf_enum(d->conf, "log.format"));
    refused_burst((unsigned)conf_int(d->conf, "log.refusals"));
    if (!open || log_open(to, err, sizeof(err)))
        return true;
    log_error("log.to: %s", err);
    return false;
}

/* As many descriptors as the system lets us have. */
static void raise_nofile(struct daemon *d)
{
    struct rlimit all;

    if (getrlimit(RLIMIT_NOFILE, &d->nofile) < 0)
        return;
    all = d->nofile;
    all.rlim_cur = all.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &all) < 0)
        log_warn("cannot have %llu descriptors: %m",
                 (unsigned long long)all.rlim_max);
}

/* ready_fd must be there, and no child is to have it. */
static bool check_ready_fd(const struct daemon *d)
{
    int fd = (int)conf_int(d->conf, "ready_fd");

    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
        return true;
    log_error("ready_fd: descriptor %d: %m", fd);
    return false;
}

static void log_complaint(const char *text)
{
    log_warn("libevent: %s", text);
}

int daemon_prepare(struct daemon *d)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* until the program can read again */
    notify_begin();
    signal(SIGXFSZ, SIG_IGN); /* a write fails, as it does on a full disk */
    log_init(d->name);
    loop_complaints(log_complaint);
    if (!apply_log(d, true))
        return DAEMON_FAILED;
    raise_nofile(d);
    return check_ready_fd(d) ? -1 : DAEMON_FAILED;
}

int daemon_start(struct daemon *d, int argc, char **argv)
{
    int status = daemon_options(d, argc, argv);

    if (status >= 0)
        return status;
    status = daemon_prepare(d);
    if (status >= 0)
        daemon_end(d);
    return status;
}

/* The ready line; whoever waits for it reads it whole. */
static bool write_ready(int fd, const char *words)
{
    char *line = xasprintf("%s\n", words);
    size_t len = strlen(line);
    ssize_t n = write(fd, line, len);
    bool good = n == (ssize_t)len;

    if (!good)
        log_error("ready_fd: descriptor %d: %s", fd,
                  n < 0 ? strerror(errno) : "it took a part only");
    free(line);
    close(fd);
    return good;
}

/* What happens, and the line that systemctl status shows. */
static void __attribute__((format(printf, 2, 3)))
tell_status(const char *state, const char *fmt, ...)
{
    va_list args;
    char *status, *all;

    va_start(args, fmt);
    status = xvasprintf(fmt, args);
    va_end(args);
    all = xasprintf("%s\nSTATUS=%s", state, status);
    notify_tell(all);
    free(all);
    free(status);
}

bool daemon_ready(struct daemon *d, const char *words)
{
    int fd = (int)conf_int(d->conf, "ready_fd");

    log_info("%s %s serves %s as node %s", d->name, PACKAGE_VERSION, words,
             conf_str(d->conf, "node"));
    if (fd >= 0 && !write_ready(fd, words))
        return false;
    tell_status("READY=1", "serves %s", words);
    return true;
}

void daemon_stopping(struct daemon *d, const char *why)
{
    d->stopping = true;
    log_info("%s ends: %s", d->name, why);
    tell_status("STOPPING=1", "ends: %s", why);
}

void daemon_over(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void tell_change(void *arg, const struct conf_setting *s,
                        const char *from, const char *to)
{
    (void)arg;
    log_info("%s is now %s, was %s%s", s->key, *to == '\0' ? "not set" : to,
             *from == '\0' ? "not set" : from,
             s->reloadable ? "" : "; this needs a restart");
}

static void tell_mistakes(const struct conf_errors *errs)
{
    size_t n = errs->n + errs->more;

    for (size_t i = 0; i < errs->n; i++)
        log_error("%s: %s", errs->items[i].where, errs->items[i].text);
    log_error("the configuration has %zu mistake%s and was not read again", n,
              n == 1 ? "" : "s");
}

/* A log that moves must be there: that is known only by opening it, which is
 * the last thing that may stand in the way of a reload. */
static bool move_log(const struct daemon *d, const struct conf *conf)
{
    const char *to = conf_str(conf, "log.to");
    char err[300];

    if (d->debug || strcmp(conf_str(d->conf, "log.to"), to) == 0 ||
        log_open(to, err, sizeof(err)))
        return true;
    log_error("log.to: %s", err);
    log_error("the configuration was not read again");
    return false;
}

static bool reload(struct daemon *d)
{
    struct conf_errors errs = {0};
    struct conf *conf, *old = d->conf;
    struct auth_files files;

    log_reopen();
    conf = load(d, &files, &errs);
    if (conf == NULL) {
        tell_mistakes(&errs);
        conf_errors_free(&errs);
        return false;
    }
    if (!move_log(d, conf)) {
        conf_free(conf);
        auth_files_free(&files);
        return false;
    }
    if (conf_diff(old, conf, d->program, tell_change, NULL) == 0)
        log_info("the configuration was read again; nothing has changed");
    conf_keep_fixed(conf, old);
    d->conf = conf;
    auth_files_free(&d->files);
    d->files = files;
    apply_log(d, false);
    conf_free(old);
    return true;
}

bool daemon_reload(struct daemon *d)
{
    struct timespec now;
    char state[80];
    bool done;

    if (d->stopping)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)now.tv_sec * 1000000 +
                 (unsigned long long)now.tv_nsec / 1000);
    notify_tell(state);
    done = reload(d);
    tell_status("READY=1", "%s",
                done ? "serves, with the configuration read again"
                     : "serves; the new configuration has mistakes and is not "
                       "in effect (see the log)");
    return done;
}

void daemon_end(struct daemon *d)
{
    conf_free(d->conf);
    d->conf = NULL;
    auth_files_free(&d->files);
    free(d->options);
    d->options = NULL;
    d->n_options = 0;
    log_close();
}
