#include "t/unit/prober_util.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "t/unit/fake_time.h"

static struct prober_world w;

struct prober_world *world(void)
{
    return &w;
}

static void on_report(void *arg, struct probe_id id, enum probe_status status,
                      const char *output)
{
    assert_ptr_equal(arg, &w.heard);
    w.heard.reports++;
    snprintf(w.heard.id, sizeof(w.heard.id), "%s/%s", id.node, id.id);
    w.heard.status = status;
    snprintf(w.heard.output, sizeof(w.heard.output), "%s", output);
}

static uint64_t on_quiet(void *arg, struct probe_id id)
{
    assert_ptr_equal(arg, &w.heard);
    assert_string_equal(id.node, "n");
    return loop_now(w.loop) - w.alive_ms;
}

static void on_reap(void *arg, struct probe_id id)
{
    assert_ptr_equal(arg, &w.heard);
    w.heard.reaps++;
    if (w.heard.drops)
        prober_drop(w.prober, id);
}

int bind_any(uint16_t *at)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    socklen_t len = sizeof(sin);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
    *at = ntohs(sin.sin_port);
    return fd;
}

int listen_any(uint16_t *at)
{
    int fd = bind_any(at);

    assert_int_equal(listen(fd, 100), 0);
    return fd;
}

int prober_setup(void **state)
{
    static const struct prober_user user = {.report = on_report,
                                            .quiet = on_quiet,
                                            .reap = on_reap,
                                            .arg = &w.heard};
    const struct prober_limits limits = {.at_once = 2, .scripts = true};

    (void)state;
    memset(&w, 0, sizeof(w));
    w.loop = loop_new(NULL);
    w.prober = prober_new(w.loop, &user);
    prober_limit(w.prober, &limits);
    w.listening = listen_any(&w.port);
    return 0;
}

int prober_teardown(void **state)
{
    (void)state;
    prober_free(w.prober);
    turns(w.loop);
    loop_free(w.loop);
    close(w.listening);
    while (waitpid(-1, NULL, 0) > 0)
        ; /* who was killed with the prober */
    assert_int_equal(timers_set(), 0);
    return 0;
}

struct probe_id named(const char *id)
{
    return (struct probe_id){.node = "n", .id = id};
}

void put(const char *id, enum probe_status status, const char *fmt, ...)
{
    struct probe_spec s;
    char line[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    assert_null(probe_spec_read(&s, line, strlen(line)));
    s.lives = w.lives;
    prober_put(w.prober, named(id), &s, status, true);
    assert_null(s.target);
}

void assert_heard(unsigned reports, const char *id, enum probe_status status,
                  const char *output)
{
    assert_int_equal(w.heard.reports, reports);
    assert_string_equal(w.heard.id, id);
    assert_int_equal(w.heard.status, status);
    assert_string_equal(w.heard.output, output);
}
