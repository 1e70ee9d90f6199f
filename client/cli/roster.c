#include "client/cli/roster.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/text.h"
#include "lib/mem.h"

void roster_widen(struct roster *h, const char *name)
{
    size_t width = text_width(name, strlen(name));

    if (width > h->widest)
        h->widest = width;
}

struct roster_host *roster_get(struct roster *h, const char *name)
{
    struct roster_host *host;

    HASH_FIND_STR(h->by_name, name, host);
    if (host)
        return host;
    host = xcalloc(1, sizeof(*host));
    host->name = xstrdup(name);
    host->index = HASH_COUNT(h->by_name);
    host->rc = -1;
    HASH_ADD_KEYPTR(hh, h->by_name, host->name, strlen(host->name), host);
    roster_widen(h, name);
    return host;
}

void roster_ack(struct roster *h, const char *name)
{
    struct roster_host *host = roster_get(h, name);

    h->acked += !host->acked;
    host->acked = true;
}

/* An attribute of the end, or NULL. */
static const char *result_get(const struct muster_result *r, const char *name)
{
    for (size_t i = 0; i < r->attr_count; i++)
        if (strcmp(r->attrs[i].name, name) == 0)
            return r->attrs[i].value;
    return NULL;
}

const char *roster_why(const struct muster_result *r)
{
    const char *why = result_get(r, "why");

    return why ? why : result_get(r, "error");
}

/* Reasons, and what each is worth. `signal N` and all others: a task failed.
 * notstarted is --fail's doing (6), or found no free slot in time (4), or
 * failed in the starting (1): below. */
static const struct {
    const char *reason;
    int status;
} reasons[] = {
    {"lost", CLI_LOST},           {"unreachable", CLI_LOST},
    {"cancelled", CLI_CANCELLED}, {"timeout", CLI_TIMEOUT},
    {"idle", CLI_TIMEOUT},
};

bool roster_is_drained(const struct muster_result *r)
{
    const char *why = result_get(r, "why");

    return r->reason && strcmp(r->reason, "notstarted") == 0 && why &&
           strncmp(why, "drained: ", strlen("drained: ")) == 0;
}

int roster_status_of(const struct muster_result *r)
{
    enum { OK, SKIPPED, FAILED, UNREACHABLE, CHANGED };

    for (size_t i = 0; r->reason && i < ARRAY_LEN(reasons); i++)
        if (strcmp(r->reason, reasons[i].reason) == 0)
            return reasons[i].status;
    if (roster_is_drained(r))
        return CLI_OK;
    if (r->reason && strcmp(r->reason, "notstarted") == 0) {
        if (r->state != SKIPPED)
            return CLI_NO;
        return result_get(r, "why") ? CLI_LOST : CLI_STOPPED;
    }
    switch (r->state) {
    case OK:
    case SKIPPED:
    case CHANGED: return CLI_OK;
    case UNREACHABLE: return CLI_LOST;
    default: return CLI_NO;
    }
}

static void count(struct roster *h, const struct roster_host *host)
{
    h->ended++;
    if (host->drained)
        h->drained++;
    else if (host->status == CLI_OK)
        h->ok++;
    else if (host->status == CLI_LOST)
        h->lost++;
    else if (host->status == CLI_CANCELLED || host->status == CLI_STOPPED)
        h->left++;
    else
        h->failed++;
    if (host->status > h->worst)
        h->worst = host->status;
}

void roster_exit(struct roster *h, const char *name,
                 const struct muster_result *r)
{
    struct roster_host *host = roster_get(h, name);
    const char *detail;

    if (host->ended)
        return;
    host->ended = true;
    host->rc = r->rc;
    host->reason = xstrdup(r->reason ? r->reason : "");
    detail = roster_why(r);
    host->detail = xstrdup(detail ? detail : "");
    host->status = roster_status_of(r);
    host->drained = roster_is_drained(r);
    count(h, host);
}

static int by_name(const struct roster_host *a, const struct roster_host *b)
{
    return strverscmp(a->name, b->name);
}

void roster_sort(struct roster *h)
{
    HASH_SORT(h->by_name, by_name);
}

void roster_free(struct roster *h)
{
    struct roster_host *host, *next;

    HASH_ITER (hh, h->by_name, host, next) {
        HASH_DEL(h->by_name, host);
        free(host->name);
        free(host->reason);
        free(host->detail);
        free(host);
    }
    *h = (struct roster){0};
}
