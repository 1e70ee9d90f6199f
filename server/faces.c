#include "server/faces.h"

#include "lib/admin.h"
#include "lib/mem.h"
#include "plugins/registry/admin/admin.h"
#include "plugins/registry/event/event.h"
#include "plugins/registry/find/find.h"
#include "plugins/registry/new/new.h"
#include "server/musterd.h"

static void *admin_ctx(struct musterd *m)
{
    return m->admin;
}

const struct face_entry *faces_table(size_t *count)
{
    static const struct face_entry table[] = {
        {"registry.new", new_face, NULL},
        {"registry.find", find_face, NULL},
        {"registry.event", event_face, NULL},
        {"registry.admin", admin_face, admin_ctx},
    };

    *count = ARRAY_LEN(table);
    return table;
}

void faces_open(struct musterd *m, struct listen_host *host, struct auth *auth,
                struct tls_conf *tls, const struct conf *conf)
{
    m->admin = registry_admin_new(m, host, auth);
    admin_add_tls(m->admin, tls);
    faces_configure(m, conf);
}

void faces_configure(struct musterd *m, const struct conf *conf)
{
    admin_configure(m->admin, conf);
}

void faces_stop(struct musterd *m, const char *why)
{
    if (m->admin)
        admin_stop(m->admin, why);
}

void faces_close(struct musterd *m)
{
    admin_free(m->admin);
    m->admin = NULL;
}
