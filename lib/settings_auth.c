#include "lib/settings_impl.h"

static const struct conf_setting table[] = {
    {.key = "auth.tokens",
     .type = CONF_STRING,
     .reloadable = true,
     .programs = DAEMONS,
     .help = "a file with tokens and what each of them allows, "
             "muster-tokens(5); it is read again at SIGHUP, and must not be "
             "for everybody to read or for others to write"},
    {.key = "auth.anonymous",
     .type = CONF_STRING,
     .def = "auto",
     .reloadable = true,
     .programs = DAEMONS,
     .help = "what may be done without a token: auto is everything from this "
             "machine and nothing from others, all is everything, none is "
             "nothing, and the name of a token is what that token may"},
    {.key = "token_file",
     .type = CONF_STRING,
     .env = "MUSTER_TOKEN_FILE",
     .reloadable = true,
     .programs = CONF_ALL,
     .help = "a file whose first line is the token that this program shows to "
             "registries, dispatchers and workers; it must not be for "
             "everybody to read"},
};

const struct conf_setting *settings_of_auth(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}
