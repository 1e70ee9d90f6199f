#include "client/cli/verbs.h"
#include "client/cli/verbs_options.h"

const struct verb_option verbs_token_options[] = {
    {.name = "file",
     .kind = VALUE_FILE,
     .value = "FILE",
     .help = "a tokens file; else the registry's tokens"},
    OPTION_ADMIN,
    {.name = "register",
     .kind = VALUE_TEXT,
     .value = "GLOB",
     .many = true,
     .help = "create: names of services that it may register"},
    {.name = "set",
     .kind = VALUE_TEXT,
     .value = "GLOB",
     .many = true,
     .help = "create: attributes that it may set on them"},
    {.name = "pin",
     .kind = VALUE_TEXT,
     .value = "ATTR=VALUE",
     .many = true,
     .help = "create: set on everything that it registers"},
    {.name = "find",
     .kind = VALUE_TEXT,
     .value = "SELECTOR|all|none",
     .help = "create: what it may find"},
    {.name = "watch",
     .kind = VALUE_TEXT,
     .value = "SELECTOR|all|none",
     .help = "create: whose changes it may watch"},
    {.name = "exec",
     .kind = VALUE_TEXT,
     .value = "SELECTOR|all|none",
     .help = "create: on which workers it may run something"},
    {.name = "ops",
     .kind = VALUE_TEXT,
     .value = "GLOB",
     .many = true,
     .help = "create: operations that it may run there"},
    {.name = "kv-read",
     .kind = VALUE_TEXT,
     .value = "GLOB",
     .many = true,
     .help = "create: keys that it may read"},
    {.name = "kv-write",
     .kind = VALUE_TEXT,
     .value = "GLOB",
     .many = true,
     .help = "create: keys that it may change, and read"},
    {.name = "administrator", .help = "create: what belongs to others, too"},
    {.name = "expires",
     .kind = VALUE_TEXT,
     .value = "TIME",
     .help = "create: 2027-01-31T12:00:00Z, or 90d from now"},
    {.name = "cert",
     .kind = VALUE_TEXT,
     .value = "GLOB",
     .help = "create: names in client certificates that are it"},
    OPTIONS_END,
};

const char verbs_token_more[] =
    "Tokens that a registry keeps, made and revoked while it runs; or, with\n"
    "--file, in a file for auth.tokens, which daemons read again at SIGHUP.\n"
    "create prints the token, NAME.SECRET, once: only its hash is kept. What\n"
    "is not allowed it may not; see muster-tokens(5).\n"
    "\n"
    "  (umask 077\n"
    "   muster token create web --register 'web*' --set '*' \\\n"
    "     --pin role=web >/etc/muster/token)\n"
    "  muster token list\n"
    "  muster token revoke web\n"
    "  muster token list --file /etc/muster/tokens.yaml\n"
    "\n"
    "Exit status 3 when there is no token of that name.\n";
