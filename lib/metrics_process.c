#include "lib/metrics_process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/metrics.h"

/* As of the last reading; there is one process. */
static struct process {
    double cpu, started;
    uint64_t virtual_bytes, resident, fds, max_fds, threads;
} now;

/* -- /proc ----------------------------------------------------------------- */

/* When the system was started, in seconds of the clock on the wall. */
static double boot_time(void)
{
    struct timespec wall, up;

    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &up);
    return (double)(wall.tv_sec - up.tv_sec) +
           (double)(wall.tv_nsec - up.tv_nsec) / 1e9;
}

/* The fields behind the name, which may hold anything. */
static void read_stat(void)
{
    char text[1024], *fields;
    unsigned long threads, vsize;
    unsigned long long start;
    long rss;
    FILE *f = fopen("/proc/self/stat", "re");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

    if (f)
        fclose(f);
    text[n] = '\0';
    fields = strrchr(text, ')');
    if (!fields ||
        sscanf(fields + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
               "%*d %*d %lu %*d %llu %lu %ld",
               &threads, &start, &vsize, &rss) != 4)
        return;
    now.threads = threads;
    if (now.started == 0) /* a stepped clock does not make it any younger */
        now.started =
            boot_time() + (double)start / (double)sysconf(_SC_CLK_TCK);
    now.virtual_bytes = vsize;
    now.resident = (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");

    now.fds = 0;
    while (dir && readdir(dir))
        now.fds++;
    if (!dir)
        return;
    now.fds -= 3; /* . and .. and that of dir */
    closedir(dir);
}

static double seconds(const struct timeval *tv)
{
    return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

static void read_process(void *arg)
{
    struct rlimit most;
    struct rusage used;

    (void)arg;
    read_stat();
    count_fds();
    if (getrusage(RUSAGE_SELF, &used) == 0)
        now.cpu = seconds(&used.ru_utime) + seconds(&used.ru_stime);
    if (getrlimit(RLIMIT_NOFILE, &most) == 0)
        now.max_fds = most.rlim_cur;
}

/* -- as metrics ------------------------------------------------------------ */

static double number(void *arg)
{
    return *(double *)arg;
}

static double one(void *arg)
{
    (void)arg;
    return 1;
}

const char *process_version(void)
{
    return PACKAGE_VERSION;
}

void process_metrics(const char *program, const void *owner)
{
    static const struct metric_row rows[] = {
        {"process_virtual_memory_bytes",
         "Virtual memory.",
         offsetof(struct process, virtual_bytes),
         {NULL, NULL}},
        {"process_resident_memory_bytes",
         "Memory that is in use.",
         offsetof(struct process, resident),
         {NULL, NULL}},
        {"process_open_fds",
         "Descriptors that are open.",
         offsetof(struct process, fds),
         {NULL, NULL}},
        {"process_max_fds",
         "Descriptors that may be open.",
         offsetof(struct process, max_fds),
         {NULL, NULL}},
        {"process_threads",
         "Threads.",
         offsetof(struct process, threads),
         {NULL, NULL}},
    };

    metrics_on_read(read_process, NULL, owner);
    metrics_add_rows(rows, ARRAY_LEN(rows), &now, owner,
                     (struct metric_label){NULL, NULL});
    metrics_add_gauge("process_start_time_seconds",
                      "When it was started, in seconds since 1970.", number,
                      &now.started, owner);
    metrics_add(&(struct metric){.name = "process_cpu_seconds_total",
                                 .help = "Processor time it has used.",
                                 .type = METRIC_COUNTER,
                                 .read = number,
                                 .arg = &now.cpu,
                                 .owner = owner});
    metrics_add(&(struct metric){
        .name = "muster_build_info",
        .help = "Always 1; says what runs.",
        .type = METRIC_GAUGE,
        .labels = {{"program", program}, {"version", process_version()}},
        .read = one,
        .owner = owner});
}
