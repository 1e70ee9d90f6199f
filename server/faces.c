#include "server/faces.h"

#include "lib/mem.h"
#include "plugins/registry/event/event.h"
#include "plugins/registry/find/find.h"
#include "plugins/registry/new/new.h"

const struct face_entry *faces_table(size_t *count)
{
    static const struct face_entry table[] = {
        {"registry.new", new_face},
        {"registry.find", find_face},
        {"registry.event", event_face},
    };

    *count = ARRAY_LEN(table);
    return table;
}
