#include <string.h>

#include "plugins/registry/consul/filter_impl.h"

struct field {
    const char *name;
    enum filter_type type;
    const struct field *below; /* of FILTER_SOME and of an object */
};

#define END                                                                    \
    {                                                                          \
        NULL, FILTER_TEXT, NULL                                                \
    }

static const struct field of_node[] = {
    {"Address", FILTER_TEXT, NULL},
    {"Datacenter", FILTER_TEXT, NULL},
    {"ID", FILTER_TEXT, NULL},
    {"Meta", FILTER_MAP, NULL},
    {"Node", FILTER_TEXT, NULL},
    {"TaggedAddresses", FILTER_MAP, NULL},
    END,
};

static const struct field of_instance[] = {
    {"Address", FILTER_TEXT, NULL},
    {"Datacenter", FILTER_TEXT, NULL},
    {"ID", FILTER_TEXT, NULL},
    {"Node", FILTER_TEXT, NULL},
    {"NodeMeta", FILTER_MAP, NULL},
    {"ServiceAddress", FILTER_TEXT, NULL},
    {"ServiceEnableTagOverride", FILTER_BOOL, NULL},
    {"ServiceID", FILTER_TEXT, NULL},
    {"ServiceMeta", FILTER_MAP, NULL},
    {"ServiceName", FILTER_TEXT, NULL},
    {"ServicePort", FILTER_NUMBER, NULL},
    {"ServiceTags", FILTER_LIST, NULL},
    {"TaggedAddresses", FILTER_MAP, NULL},
    END,
};

static const struct field of_service[] = {
    {"Address", FILTER_TEXT, NULL}, {"EnableTagOverride", FILTER_BOOL, NULL},
    {"ID", FILTER_TEXT, NULL},      {"Meta", FILTER_MAP, NULL},
    {"Port", FILTER_NUMBER, NULL},  {"Service", FILTER_TEXT, NULL},
    {"Tags", FILTER_LIST, NULL},    END,
};

static const struct field of_check[] = {
    {"CheckID", FILTER_TEXT, NULL},     {"Name", FILTER_TEXT, NULL},
    {"Node", FILTER_TEXT, NULL},        {"Notes", FILTER_TEXT, NULL},
    {"Output", FILTER_TEXT, NULL},      {"ServiceID", FILTER_TEXT, NULL},
    {"ServiceName", FILTER_TEXT, NULL}, {"ServiceTags", FILTER_LIST, NULL},
    {"Status", FILTER_TEXT, NULL},      END,
};

/* An object is named here by its fields alone: no operator takes it whole. */
static const struct field of_entry[] = {
    {"Node", FILTER_SOME, of_node},
    {"Service", FILTER_SOME, of_service},
    {"Checks", FILTER_SOME, of_check},
    END,
};

static const struct field *const rows[] = {
    [FILTER_NODE] = of_node,       [FILTER_INSTANCE] = of_instance,
    [FILTER_SERVICE] = of_service, [FILTER_CHECK] = of_check,
    [FILTER_ENTRY] = of_entry,
};

static const struct field *find(const struct field *list, const char *name)
{
    for (; list && list->name; list++)
        if (!strcmp(list->name, name))
            return list;
    return NULL;
}

bool filter_field_type(enum filter_kind kind, const struct filter_term *t,
                       enum filter_type *type)
{
    const struct field *f = find(rows[kind], t->path[0]);
    unsigned i;

    for (i = 1; f && i < t->depth; i++) {
        if (f->type == FILTER_MAP && i + 1 == t->depth) {
            *type = FILTER_TEXT;
            return true;
        }
        f = find(f->below, t->path[i]);
    }
    if (f)
        *type = f->type;
    return f != NULL;
}
