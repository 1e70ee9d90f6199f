#include "client/cli/kv_child.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "client/cli/spawn.h"
#include "lib/loop.h"

#define LOOK_MS 10

char *kv_child_start(char *const *argv, pid_t *pid)
{
    struct spawn s = {(const char *const *)argv, -1, -1};

    setenv("CONSUL_LOCK_HELD", "true", 1);
    return spawn_start(&s, pid);
}

bool kv_child_ended(pid_t pid, int *status)
{
    int how;

    if (!spawn_ended(pid, &how))
        return false;
    *status = spawn_status(how);
    return true;
}

void kv_child_end(pid_t pid)
{
    uint64_t until = loop_clock() + KV_CHILD_GRACE_MS;
    int how;

    if (!pid)
        return;
    kill(pid, SIGTERM);
    while (!spawn_ended(pid, &how)) {
        if (loop_clock() < until) {
            poll(NULL, 0, LOOK_MS);
        } else {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            return;
        }
    }
}
