#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/worker/facts/facts.h"

/* NAME: N kB */
static uint64_t kib(const char *text, const char *name)
{
    size_t len = strlen(name);
    const char *p;

    for (p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
        if (strncmp(p, name, len) == 0 && p[len] == ':')
            return strtoull(p + len + 1, NULL, 10) * 1024;
    return 0;
}

static json_t *use(uint64_t total, uint64_t available)
{
    uint64_t used = total > available ? total - available : 0;
    json_t *o = json_object();

    if (!total)
        return o;
    value_size(o, "total", total);
    value_size(o, "used", used);
    value_size(o, "available", available);
    value_capacity(o, used, total);
    return o;
}

static void add_memory(json_t *all)
{
    json_t *o = json_object();
    char text[8192];

    if (value_file("/proc/meminfo", text, sizeof(text))) {
        value_object(o, "system",
                     use(kib(text, "MemTotal"), kib(text, "MemAvailable")));
        value_object(o, "swap",
                     use(kib(text, "SwapTotal"), kib(text, "SwapFree")));
    }
    value_object(all, "memory", o);
}

static void add_load(json_t *all)
{
    static const char *const names[] = {"1m", "5m", "15m"};
    json_t *o = json_object();
    double load[3];
    int i, n = getloadavg(load, 3);

    for (i = 0; i < n; i++)
        json_object_set_new(o, names[i], json_real(load[i]));
    value_object(all, "load_averages", o);
}

static void add_uptime(json_t *all)
{
    json_t *o = json_object();
    char text[64];
    uint64_t s, days, hours;

    if (value_file("/proc/uptime", text, sizeof(text))) {
        s = strtoull(text, NULL, 10);
        hours = s / 3600;
        days = hours / 24;
        value_int(o, "seconds", s);
        value_int(o, "hours", hours);
        value_int(o, "days", days);
        if (days)
            snprintf(text, sizeof(text), "%llu day%s", (unsigned long long)days,
                     days == 1 ? "" : "s");
        else
            snprintf(text, sizeof(text), "%llu:%02llu hours",
                     (unsigned long long)hours,
                     (unsigned long long)(s / 60 % 60));
        value_text(o, "uptime", text);
    }
    value_object(all, "system_uptime", o);
}

void facts_memory(json_t *all)
{
    add_memory(all);
    add_load(all);
    add_uptime(all);
}
