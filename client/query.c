#include "client/query.h"

#include <stdlib.h>
#include <string.h>

#include "client/manager.h"
#include "lib/selector.h"

bool query_write(struct buf *out, const char *selector, char **error)
{
    struct selector s = {0};
    char *why;

    if (!selector)
        selector = "";
    if (strchr(selector, '\n')) {
        manager_error(error, "a selector holds a line end");
        return false;
    }
    why = selector_parse_text(&s, selector, strlen(selector));
    if (why) {
        manager_error(error, "%s", why);
        free(why);
        return false;
    }
    selector_write_pairs(&s, out);
    selector_free(&s);
    return true;
}
