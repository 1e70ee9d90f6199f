#include "worker/plugins.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "worker/plugin_file.h"
#include "worker/plugin_run.h"

#define AT_ONCE     4   /* describing */
#define PLUGINS_MAX 256 /* in all folders */
#define SAID_MAX    200 /* bytes of its complaint that are logged */
#define LINE_WORDS  32  /* of a line of a monitor */

/* A file that is asked what it is. */
struct candidate {
    struct plugins *set;
    char *name, *path;
    struct task *task; /* NULL: its turn is still to come */
    struct loop_timer *deadline;
    struct buf out, err;
    const char *broken; /* what it did wrong; static text */
    char *failed;       /* how it ended, if not well */
    struct candidate *prev, *next;
};

struct plugins {
    struct jobs *jobs;
    struct plugin *by_name; /* sorted */
    struct candidate *list; /* asked, and to be asked */
    unsigned asked;         /* of them, those that run */
    unsigned scan;          /* number of the look */
    uint64_t deadline_ms;
    struct loop_task over; /* tells of a look that found nothing to ask */
    void (*changed)(void *arg);
    void *arg;
};

static void candidates_start(struct plugins *p);

/* -- the set --------------------------------------------------------------- */

static void plugin_free(struct plugin *g)
{
    description_free(&g->about);
    free(g->path);
    free(g);
}

static void plugin_remove(struct plugins *p, struct plugin *g)
{
    HASH_DEL(p->by_name, g);
    plugin_free(g);
}

static struct plugin *plugin_named(const struct plugins *p, const char *name)
{
    struct plugin *g;

    HASH_FIND_STR(p->by_name, name, g);
    return g;
}

static int by_name(const struct plugin *a, const struct plugin *b)
{
    return strcmp(a->about.name, b->about.name);
}

/* Takes over what about holds. */
static void plugin_set(struct plugins *p, const char *path,
                       struct description *about)
{
    struct plugin *g = plugin_named(p, about->name);

    if (g)
        plugin_remove(p, g);
    g = xcalloc(1, sizeof(*g));
    g->about = *about;
    g->path = xstrdup(path);
    g->scan = p->scan;
    g->op = (struct op){.name = g->about.name,
                        .slot = true,
                        .mutex = g->about.mutex,
                        .args = g->about.args,
                        .arg_count = g->about.arg_count,
                        .run = plugin_run};
    HASH_ADD_KEYPTR(hh, p->by_name, g->about.name, strlen(g->about.name), g);
    HASH_SORT(p->by_name, by_name);
}

const struct op *plugins_find(const struct plugins *p, const struct word *name)
{
    struct plugin *g = NULL;

    if (p)
        HASH_FIND(hh, p->by_name, name->text, name->len, g);
    return g ? &g->op : NULL;
}

const struct plugin *plugins_at(const struct plugins *p, size_t i)
{
    struct plugin *g = p ? p->by_name : NULL;

    while (g && i--)
        g = g->hh.next;
    return g;
}

/* -- describing ------------------------------------------------------------ */

static void candidate_free(struct candidate *c)
{
    if (c->task)
        task_release(c->task);
    loop_timer_free(c->deadline);
    buf_free(&c->out);
    buf_free(&c->err);
    free(c->failed);
    free(c->name);
    free(c->path);
    free(c);
}

/* Why nothing can be made of how it ended, or NULL. */
static char *ended_wrong(struct candidate *c)
{
    const char *said = buf_str(&c->err);
    int len = (int)strcspn(said, "\n");

    if (c->broken)
        return xstrdup(c->broken);
    if (c->failed)
        return xasprintf("%s%s%.*s", c->failed, len ? ": " : "",
                         len < SAID_MAX ? len : SAID_MAX, said);
    return NULL;
}

static void refuse(struct plugins *p, const char *name, const char *path,
                   const char *why)
{
    struct plugin *g = plugin_named(p, name);

    log_error("plugin %s: %s: it is no operation", path, why);
    if (g)
        plugin_remove(p, g);
}

static void candidate_judge(struct candidate *c)
{
    struct description about;
    char *why = ended_wrong(c);

    if (!why) {
        buf_add_char(&c->out, '\0');
        why = describe_parse(&about, c->name, buf_data(&c->out),
                             buf_len(&c->out) - 1);
        if (why) {
            char *text = why;

            why = xasprintf("describe: %s", text);
            free(text);
        }
    }
    if (why)
        refuse(c->set, c->name, c->path, why);
    else
        plugin_set(c->set, c->path, &about);
    free(why);
}

/* What this look did not find is gone. */
static void scan_over(struct plugins *p)
{
    struct plugin *g, *next;

    HASH_ITER (hh, p->by_name, g, next) {
        if (g->scan == p->scan)
            continue;
        log_info("plugin %s: it is gone", g->path);
        plugin_remove(p, g);
    }
}

static void candidate_over(struct candidate *c)
{
    struct plugins *p = c->set;

    candidate_judge(c);
    DL_DELETE(p->list, c);
    p->asked--;
    candidate_free(c);
    candidates_start(p);
    if (!p->list)
        scan_over(p);
    p->changed(p->arg);
}

static void take_text(struct candidate *c, const struct word *stream,
                      const struct word *text, bool whole)
{
    struct buf *b = word_is(stream, "stdout") ? &c->out : &c->err;

    if (c->broken)
        return;
    if (buf_len(&c->out) + buf_len(&c->err) + text->len < DESCRIBE_MAX) {
        buf_add(b, text->text, text->len);
        if (whole)
            buf_add_char(b, '\n');
        return;
    }
    c->broken = "describe: it says too much";
    task_end(c->task, "cancelled", true);
}

/* exit - SEQ RC state N reason TEXT [error TEXT] … */
static void take_exit(struct candidate *c, const struct word *w, int count)
{
    int i;

    if (word_is(&w[3], "0"))
        return;
    if (!word_is(&w[3], "-"))
        c->failed = xasprintf("describe: exit %s", w[3].text);
    for (i = 4; i + 1 < count && !c->failed; i += 2)
        if (word_is(&w[i], "error"))
            c->failed = xstrdup(w[i + 1].text);
    if (!c->failed && count > 7)
        c->failed = xasprintf("describe: %s", w[7].text);
}

static void take_line(struct candidate *c, char *line, size_t len)
{
    struct word w[LINE_WORDS];
    int count = words_split(line, len, w, LINE_WORDS);

    if (count == 5 && (word_is(w, "out") || word_is(w, "part")))
        take_text(c, &w[3], &w[4], word_is(w, "out"));
    else if (count > 4 && word_is(w, "exit"))
        take_exit(c, w, count);
}

static void on_lines(void *arg, const char *lines, size_t len, bool last)
{
    struct candidate *c = arg;
    const char *lf, *end = lines + len;

    for (; lines < end; lines = lf + 1) {
        char *line;

        lf = memchr(lines, '\n', (size_t)(end - lines));
        line = xmemdup0(lines, (size_t)(lf - lines));
        take_line(c, line, (size_t)(lf - lines));
        free(line);
    }
    if (last)
        candidate_over(c);
}

static void on_gone(void *arg, const char *line, size_t len)
{
    (void)arg;
    (void)line;
    (void)len;
}

static void on_lost(void *arg)
{
    struct candidate *c = arg;

    c->failed = xstrdup("its monitor was killed");
    candidate_over(c);
}

static void on_stuck(void *arg, int processes)
{
    const struct candidate *c = arg;

    log_warn("plugin %s: %d processes of describe do not die", c->path,
             processes);
}

static void on_deadline(void *arg)
{
    struct candidate *c = arg;

    if (!c->broken)
        c->broken = "describe: it does not end in time (worker.describe)";
    task_end(c->task, "timeout", true);
}

static bool candidate_start(struct candidate *c)
{
    static const struct task_handler handler = {
        .lines = on_lines, .gone = on_gone, .lost = on_lost, .stuck = on_stuck};
    struct jobs *js = c->set->jobs;
    char *argv[] = {c->path, (char *)"describe", NULL};
    struct monitor_setup s = {.child = {.argv = argv,
                                        .self = js->self,
                                        .host = js->host,
                                        .nofile = js->nofile},
                              .part = js->limits.part,
                              .window = SIZE_MAX,
                              .grace_ms = js->limits.grace_ms};

    c->task = task_start(&js->tasks, &s, &handler, c);
    if (!c->task)
        return false;
    c->deadline = loop_timer_new(js->loop, on_deadline, c);
    loop_timer_set(c->deadline, c->set->deadline_ms);
    return true;
}

/* As many as may run at once. */
static void candidates_start(struct plugins *p)
{
    struct candidate *c, *next;

    DL_FOREACH_SAFE (p->list, c, next) {
        if (c->task)
            continue;
        if (p->asked == AT_ONCE)
            return;
        if (candidate_start(c)) {
            p->asked++;
            continue;
        }
        refuse(p, c->name, c->path, strerror(errno));
        DL_DELETE(p->list, c);
        candidate_free(c);
    }
}

/* -- folders --------------------------------------------------------------- */

static struct candidate *candidate_named(const struct plugins *p,
                                         const char *name)
{
    struct candidate *c;

    DL_FOREACH (p->list, c)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static const char *name_wrong(const char *name, unsigned count)
{
    if (op_is_builtin(name))
        return "the worker has one of that name";
    return count > PLUGINS_MAX ? "there are too many" : NULL;
}

static void candidate_add(struct plugins *p, const char *name, const char *path)
{
    struct candidate *c = xcalloc(1, sizeof(*c));

    c->set = p;
    c->name = xstrdup(name);
    c->path = xstrdup(path);
    DL_APPEND(p->list, c);
}

static void file_look(struct plugins *p, const char *folder, const char *name,
                      unsigned *count)
{
    char *path = xasprintf("%s/%s", folder, name);
    const char *wrong;
    struct stat st;

    if (!candidate_named(p, name) &&
        !(stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
        wrong = name_wrong(name, ++*count);
        if (!wrong)
            wrong = plugin_file_wrong(path);
        if (wrong)
            refuse(p, name, path, wrong);
        else
            candidate_add(p, name, path);
    }
    free(path);
}

static void folder_look(struct plugins *p, const char *folder, unsigned *count)
{
    struct dirent **names = NULL;
    int n, i;

    n = scandir(folder, &names, NULL, alphasort);
    if (n < 0)
        log_error("worker.plugins: %s: %m", folder);
    for (i = 0; i < n; i++) {
        const char *name = names[i]->d_name;

        if (describe_name_is_valid(name, strlen(name)))
            file_look(p, folder, name, count);
        free(names[i]);
    }
    free(names);
}

static void folder_name_look(struct plugins *p, const char *folder,
                             unsigned *count)
{
    bool installed = strcmp(folder, "installed") == 0;
    const char *path = installed ? MUSTER_PLUGINDIR : folder, *wrong;

    if (strcmp(folder, "off") == 0)
        return;
    wrong =
        path[0] == '/' ? plugin_folder_wrong(path) : "it is no absolute path";
    if (wrong && installed && access(path, F_OK) < 0)
        log_debug("worker.plugins: %s: %s", path, wrong);
    else if (wrong)
        log_error("worker.plugins: %s: %s: nothing of it is run", path, wrong);
    else
        folder_look(p, path, count);
}

/* -- looking --------------------------------------------------------------- */

/* Out of whatever asked for the look. */
static void look_settled(void *arg)
{
    struct plugins *p = arg;

    if (p->list)
        return;
    scan_over(p);
    p->changed(p->arg);
}

void plugins_scan(struct plugins *p, const char *const *folders, size_t count,
                  uint64_t deadline_ms)
{
    struct candidate *c, *next;
    unsigned files = 0;
    size_t i;

    /* an older look is over: this one asks again */
    DL_FOREACH_SAFE (p->list, c, next) {
        DL_DELETE(p->list, c);
        candidate_free(c);
    }
    p->asked = 0;
    p->scan++;
    p->deadline_ms = deadline_ms;
    for (i = 0; i < count; i++)
        folder_name_look(p, folders[i], &files);
    candidates_start(p);
    if (!p->list)
        loop_settle(p->jobs->loop, &p->over);
}

bool plugins_is_scanning(const struct plugins *p)
{
    return p->list != NULL;
}

struct plugins *plugins_new(struct jobs *js, void (*changed)(void *arg),
                            void *arg)
{
    struct plugins *p = xcalloc(1, sizeof(*p));

    p->jobs = js;
    p->changed = changed;
    p->arg = arg;
    p->over = (struct loop_task){.fn = look_settled, .arg = p};
    return p;
}

void plugins_free(struct plugins *p)
{
    struct candidate *c, *next_c;
    struct plugin *g, *next;

    if (!p)
        return;
    DL_FOREACH_SAFE (p->list, c, next_c)
        candidate_free(c);
    HASH_ITER (hh, p->by_name, g, next)
        plugin_remove(p, g);
    loop_unsettle(p->jobs->loop, &p->over);
    free(p);
}
