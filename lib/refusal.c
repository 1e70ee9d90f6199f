#include "lib/refusal.h"

#include "lib/mem.h"

static const struct {
    const char *name, *setting, *text;
} table[REFUSALS] = {
    [REFUSED_REQUEST] = {"request", NULL, NULL},
    [REFUSED_TAKEN] = {"taken", NULL, "duplicate service name"},
    [REFUSED_TOKEN] = {"token", NULL, "unknown or expired token"},
    [REFUSED_RIGHT] = {"right", NULL, NULL},
    [REFUSED_OWNER] = {"owner", NULL, "that service belongs to another token"},
    [REFUSED_PINNED] = {"pinned", NULL,
                        "a pinned attribute can be neither set nor unset"},
    [REFUSED_HANDSHAKE] = {"handshake", NULL, NULL},
    [REFUSED_STORE] = {"store", NULL, NULL},
    [REFUSED_AUDIT] = {"audit", "audit.queue", NULL},

    [REFUSED_CONNECTIONS] = {"connections", "limits.connections", NULL},
    [REFUSED_PER_ADDRESS] = {"connections_per_address",
                             "limits.connections_per_address", NULL},
    [REFUSED_MADE_WAY] = {"made_way", "limits.connections",
                          "too many connections: one that has said nothing "
                          "makes way"},
    [REFUSED_FIRST_LINE] = {"first_line", "limits.first_line", NULL},
    [REFUSED_IDLE] = {"idle", "limits.idle", NULL},
    [REFUSED_STALLED] = {"stalled", "limits.stalled", NULL},
    [REFUSED_LINE] = {"line", "limits.line", "line too long"},
    [REFUSED_BODY] = {"body", "limits.body", NULL},

    [REFUSED_NAME] = {"name", "limits.name", NULL},
    [REFUSED_VALUE] = {"value", "limits.value", NULL},
    [REFUSED_ATTRS] = {"attrs", "limits.attrs",
                       "too many attributes for one service"},
    [REFUSED_SERVICE] = {"service", "limits.line",
                         "the service would be longer than a line may be"},
    [REFUSED_SERVICES] = {"services", "limits.services",
                          "too many services in this registry"},
    [REFUSED_PER_CONNECTION] = {"services_per_connection",
                                "limits.services_per_connection",
                                "too many services on this connection"},
    [REFUSED_MEMORY] = {"memory", "limits.memory",
                        "the services of this registry take as much memory as "
                        "they may"},

    [REFUSED_SELECTOR] = {"selector", "limits.selector", NULL},
    [REFUSED_REGEXES] = {"regexes", "limits.regexes", NULL},
    [REFUSED_READERS] = {"readers", "limits.readers", NULL},
    [REFUSED_WATCHES] = {"watches", "limits.watches", NULL},
};

static const char *const held_names[HELDS] = {
    [HELD_OUTPUT] = "output",
    [HELD_TURN] = "requests_per_turn",
};

const char *refusal_name(enum refusal why)
{
    return table[why].name;
}

const char *refusal_setting(enum refusal why)
{
    return table[why].setting;
}

const char *refusal_text(enum refusal why)
{
    return table[why].text;
}

enum refusal refusal_of(const char *text)
{
    int i;

    for (i = 0; text && i < REFUSALS; i++)
        if (table[i].text == text)
            return (enum refusal)i;
    return REFUSED_REQUEST;
}

static void tell(struct metric *m, const char *label, const char *value,
                 const uint64_t *count)
{
    m->labels[1] = (struct metric_label){label, value};
    m->count = count;
    metrics_add(m);
}

void refusals_tell(const struct refusals *r, const char *face,
                   const void *owner)
{
    struct metric m = {
        .type = METRIC_COUNTER, .labels = {{"face", face}}, .owner = owner};
    int i;

    m.name = "muster_refused_total";
    m.help = "Requests and connections refused, by reason (doc/limits.md).";
    for (i = 0; i < REFUSALS; i++)
        tell(&m, "reason", table[i].name, &r->refused[i]);
    m.name = "muster_held_total";
    m.help = "Times a client was made to wait, by the bound that it reached.";
    for (i = 0; i < HELDS; i++)
        tell(&m, "limit", held_names[i], &r->held[i]);
}
