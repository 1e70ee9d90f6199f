/*
 * times: runs a command again and again, one after the other, and prints how
 * long it took from its start to its end: median, least, p99 and most, in ms.
 *
 *   times COUNT COMMAND...
 *
 * Its output goes nowhere; the first exit status that is not 0 ends the run.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/net.h"
#include "lib/mem.h"

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double run_once(char **command)
{
    posix_spawn_file_actions_t files;
    double start = net_now();
    int status;
    pid_t pid;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null",
                                     O_WRONLY, 0);
    if (posix_spawnp(&pid, command[0], &files, NULL, command, environ) != 0)
        net_fail(command[0]);
    posix_spawn_file_actions_destroy(&files);
    if (waitpid(pid, &status, 0) != pid)
        net_fail("waitpid");
    if (status != 0) {
        fprintf(stderr, "times: %s ended with status %d\n", command[0],
                WIFEXITED(status) ? WEXITSTATUS(status) : status);
        exit(1);
    }
    return (net_now() - start) * 1e3;
}

int main(int argc, char **argv)
{
    size_t i, count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    double *ms;

    if (!count) {
        fprintf(stderr, "usage: times COUNT COMMAND...\n");
        return 2;
    }
    ms = xcalloc(count, sizeof(*ms));
    for (i = 0; i < count; i++)
        ms[i] = run_once(argv + 2);
    qsort(ms, count, sizeof(*ms), compare);
    printf("%.2f %.2f %.2f %.2f\n", ms[count / 2], ms[0], ms[count * 99 / 100],
           ms[count - 1]);
    free(ms);
    return 0;
}
