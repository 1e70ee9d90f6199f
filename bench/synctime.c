/*
 * synctime: how long it takes in a folder to append 4 KiB to a file and have it
 * on the disk, in ms, the median of 100: what every durable store stands on.
 *
 *   synctime FOLDER
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/net.h"

#define TIMES 100

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static char block[4096], path[4096];
    double times[TIMES], start;
    int fd, i;

    if (argc != 2) {
        fprintf(stderr, "usage: synctime FOLDER\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/synctime", argv[1]);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        net_fail(path);
    for (i = 0; i < TIMES; i++) {
        start = net_now();
        if (write(fd, block, sizeof(block)) != sizeof(block) || fdatasync(fd))
            net_fail(path);
        times[i] = net_now() - start;
    }
    unlink(path);
    qsort(times, TIMES, sizeof(times[0]), by_size);
    printf("%.3f\n", times[TIMES / 2] * 1000);
    return 0;
}
