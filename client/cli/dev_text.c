/* What `muster dev` says once all of it is up. */
#include <string.h>

#include "client/cli/dev.h"

static const char *address(const struct dev_child *c, const char *face,
                           char *out, size_t size)
{
    const char *text = dev_child_address(c, face, out, size);

    return text ? text : "?";
}

static void print_worker(struct buf *out, const struct dev *d, size_t worker)
{
    const struct dev_child *c = &d->children[DEV_WORKER + worker];
    const char *attr;
    char text[80];

    buf_add_fmt(out, "  %-11s %-22s", c->name,
                address(c, "worker", text, sizeof(text)));
    for (size_t i = 0; (attr = dev_worker_attr(d, worker, i)); i++)
        buf_add_fmt(out, " %s", attr);
    buf_add_char(out, '\n');
}

static void print_programs(struct buf *out, const struct dev *d)
{
    const struct dev_child *r = &d->children[DEV_REGISTRY];
    char a[80], b[80], c[80];

    buf_add_fmt(out, "  %-11s new %s  find %s  event %s\n", "registry",
                address(r, "new", a, sizeof(a)),
                address(r, "find", b, sizeof(b)),
                address(r, "event", c, sizeof(c)));
    if (dev_child_address(r, "consul", a, sizeof(a)))
        buf_add_fmt(out, "  %-11s consul %s  dns %s\n", "", a,
                    address(r, "dns", b, sizeof(b)));
    buf_add_fmt(out, "  %-11s %s  http %s\n", "dispatcher", d->dispatcher,
                address(&d->children[DEV_DISPATCHER], "http", a, sizeof(a)));
    for (size_t i = 0; i + DEV_WORKER < d->count; i++)
        print_worker(out, d, i);
}

static bool any_ports(const struct dev *d)
{
    const char *ports = args_get(&d->cli->args, "ports");

    return ports && strcmp(ports, "any") == 0;
}

static void print_text(struct cli *cli, const struct dev *d)
{
    struct buf *out = out_buf(&cli->out);
    const char *bold = cli->color ? "\x1b[1m" : "";
    const char *plain = cli->color ? "\x1b[0m" : "";
    const char *attr = dev_worker_attr(d, 0, 0);
    const struct dev_child *r = &d->children[DEV_REGISTRY];
    char consul[80];

    buf_add_fmt(out, "%smuster is up%s, on this machine only and in memory\n\n",
                bold, plain);
    print_programs(out, d);
    buf_add_fmt(out, "\n%sin another terminal%s\n", bold, plain);
    if (any_ports(d)) {
        buf_add_fmt(out, "  export MUSTER_REGISTRY=%s\n", d->registry);
        if (dev_child_address(r, "consul", consul, sizeof(consul)))
            buf_add_fmt(out, "  export CONSUL_HTTP_ADDR=%s\n", consul);
    }
    buf_add_str(out, "  muster find kind=worker --table=host,role,os,cpus\n");
    if (d->count > DEV_WORKER)
        buf_add_fmt(out, "  muster exec -s %s -- uname -sr\n",
                    attr ? attr : "kind=worker");
    buf_add_str(out, "  muster exec --all -c 'echo $MUSTER_HOST; sleep 2'\n"
                     "  muster watch\n"
                     "  muster register 'tcp!here!80' kind=web\n");
    buf_add_fmt(out, "\n%sCtrl-C ends all of it%s\n",
                cli->color ? "\x1b[2m" : "", plain);
}

static void print_json(struct cli *cli, const struct dev *d)
{
    struct jline *j = jline_new();
    char text[80];

    jline_text(j, "event", "ready");
    jline_text(j, "registry", d->registry);
    if (dev_child_address(&d->children[DEV_REGISTRY], "consul", text,
                          sizeof(text)))
        jline_text(j, "consul", text);
    jline_text(j, "dispatcher", d->dispatcher);
    jline_text(
        j, "http",
        address(&d->children[DEV_DISPATCHER], "http", text, sizeof(text)));
    for (size_t i = DEV_WORKER; i < d->count; i++) {
        struct jline *w = jline_new();

        jline_text(w, "host", d->children[i].name);
        jline_text(w, "address",
                   address(&d->children[i], "worker", text, sizeof(text)));
        jline_append(j, "workers", w);
    }
    cli_json(cli, j);
}

void dev_print(const struct dev *d)
{
    if (d->cli->json)
        print_json(d->cli, d);
    else
        print_text(d->cli, d);
    out_flush(&d->cli->out);
}
