#include "worker/facts.h"

#include <ctype.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"

#define FILE_MAX 65536 /* bytes read of a file */

/* The start of a file as text; owned by the caller; NULL: it cannot be read. */
static char *file_text(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text;
    ssize_t n, len = 0;

    if (fd < 0)
        return NULL;
    text = xmalloc(FILE_MAX + 1);
    while (len < FILE_MAX &&
           (n = read(fd, text + len, (size_t)(FILE_MAX - len))) > 0)
        len += n;
    close(fd);
    text[len] = '\0';
    return text;
}

static const char *line_after(const char *line)
{
    const char *lf = strchr(line, '\n');

    return lf ? lf + 1 : NULL;
}

/* -- parts ----------------------------------------------------------------- */

bool facts_os_release(const char *text, const char *name, char *out,
                      unsigned size)
{
    size_t len = strlen(name), n;

    for (; text; text = line_after(text)) {
        if (strncmp(text, name, len) != 0 || text[len] != '=')
            continue;
        text += len + 1;
        text += *text == '"' || *text == '\'';
        n = strcspn(text, "\"'\n");
        if (!n || n >= size)
            return false;
        memcpy(out, text, n);
        out[n] = '\0';
        return true;
    }
    return false;
}

/* A line ADDRESS NAME NAME… up to a comment: whether host is one of the names;
 * dotted is the first of them with a dot. */
static bool hosts_line(const char *line, const char *host, char *dotted,
                       unsigned size)
{
    size_t end = strcspn(line, "#\n"), at = strcspn(line, " \t#\n"), n;
    bool found = false;

    dotted[0] = '\0';
    while (at < end) {
        at += strspn(line + at, " \t");
        if (at >= end)
            break;
        n = strcspn(line + at, " \t\r#\n");
        if (n == strlen(host) && strncasecmp(line + at, host, n) == 0)
            found = true;
        if (!dotted[0] && n < size && memchr(line + at, '.', n)) {
            memcpy(dotted, line + at, n);
            dotted[n] = '\0';
        }
        at += n ? n : 1;
    }
    return found;
}

bool facts_hosts_fqdn(const char *text, const char *host, char *out,
                      unsigned size)
{
    for (; text; text = line_after(text))
        if (hosts_line(text, host, out, size) && out[0])
            return true;
    return false;
}

/* -- facts ----------------------------------------------------------------- */

unsigned facts_cpus(void)
{
    cpu_set_t set;
    long n;

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

void facts_load(char *out, unsigned size)
{
    double load;

    if (getloadavg(&load, 1) != 1)
        load = 0;
    snprintf(out, size, "%.2f", load);
}

/* The resolver may take its time, or ask a network that is not there yet:
 * the name that the system has, or the one in /etc/hosts. */
static void add_fqdn(struct attrs *a, const char *nodename)
{
    char *text = strchr(nodename, '.') ? NULL : file_text("/etc/hosts");
    char fqdn[256];

    if (text && facts_hosts_fqdn(text, nodename, fqdn, sizeof(fqdn)))
        attrs_set(a, "fqdn", fqdn);
    else
        attrs_set(a, "fqdn", nodename);
    free(text);
}

static void add_distro(struct attrs *a)
{
    char *text = file_text("/etc/os-release"), value[128];

    if (!text)
        text = file_text("/usr/lib/os-release");
    if (text && facts_os_release(text, "ID", value, sizeof(value)))
        attrs_set(a, "distro", value);
    if (text && facts_os_release(text, "VERSION_ID", value, sizeof(value)))
        attrs_set(a, "distro_version", value);
    free(text);
}

/* The number after a name that begins a line of a /proc file. */
static bool proc_number(const char *path, const char *name,
                        unsigned long long *out)
{
    char *text = file_text(path);
    const char *p;
    bool found = false;

    for (p = text; p && !found; p = line_after(p))
        found = strncmp(p, name, strlen(name)) == 0 &&
                sscanf(p + strlen(name), "%llu", out) == 1;
    free(text);
    return found;
}

static void add_boot(struct attrs *a)
{
    unsigned long long btime;
    char text[32];
    time_t when;
    struct tm tm;

    if (!proc_number("/proc/stat", "btime", &btime))
        return;
    when = (time_t)btime;
    gmtime_r(&when, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    attrs_set(a, "boot", text);
}

void facts_read(struct attrs *a)
{
    unsigned long long kib;
    struct utsname u;
    char *p;

    uname(&u);
    add_fqdn(a, u.nodename);
    for (p = u.sysname; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    attrs_set(a, "os", u.sysname);
    add_distro(a);
    attrs_set(a, "kernel", u.release);
    attrs_set(a, "arch", u.machine);
    attrs_set_fmt(a, "cpus", "%u", facts_cpus());
    if (proc_number("/proc/meminfo", "MemTotal:", &kib))
        attrs_set_fmt(a, "mem", "%lluM", kib / 1024);
    add_boot(a);
}
