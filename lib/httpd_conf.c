#include <stdlib.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/httpd.h"
#include "lib/mem.h"

#define NAME_MAX_HERE 256 /* bytes of this machine's name */

static void take_names(struct httpd *h, const struct conf *conf)
{
    size_t count;
    const char *const *hosts = conf_list(conf, "http.hosts", &count);
    const char **names = xcalloc(count + 1, sizeof(*names));
    char own[NAME_MAX_HERE] = "";
    size_t i;

    for (i = 0; i < count; i++)
        names[i] = hosts[i];
    if (gethostname(own, sizeof(own) - 1) == 0 && *own)
        names[count++] = own;
    httpd_set_names(h, names, count);
    free(names);
}

void httpd_configure(struct httpd *h, const struct conf *conf)
{
    const struct httpd_limits limits = {
        .header = conf_size(conf, "http.header"),
        .request_ms = (uint64_t)conf_duration_ms(conf, "http.request"),
        .idle_ms = (uint64_t)conf_duration_ms(conf, "http.idle"),
        .waiting = (unsigned)conf_int(conf, "http.waiting"),
    };

    httpd_set_limits(h, &limits);
    take_names(h, conf);
}
