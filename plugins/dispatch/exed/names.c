#include "plugins/dispatch/exed/names.h"

#include <assert.h>
#include <string.h>

static const char *const words[NAMES_SERVICE_STATES] = {"started", "stopped",
                                                        "restarted"};

const char *names_service_word(int n)
{
    assert(n >= 0 && n < NAMES_SERVICE_STATES);
    return words[n];
}

int names_service_state(const char *word)
{
    for (int i = 0; i < NAMES_SERVICE_STATES; i++)
        if (!strcmp(words[i], word))
            return i;
    return -1;
}
