#include "lib/settings_impl.h"

/* Who may what at the interfaces that are Consul's. */
static const struct conf_setting table[] = {
    {.key = "consul.acl",
     .type = CONF_ENUM,
     .def = "auto",
     .values = "auto on off",
     .programs = MUSTERD,
     .help = "whether Consul's ACLs hold: auto is on where "
             "consul.acl_master_token is set or consul.acl_default_policy is "
             "deny, and off else: then rights are those of auth.tokens and "
             "auth.anonymous alone"},
    {.key = "consul.acl_default_policy",
     .type = CONF_ENUM,
     .def = "allow",
     .values = "allow deny",
     .programs = MUSTERD,
     .help = "what a token of Consul's may where none of its rules says"},
    {.key = "consul.acl_master_token",
     .type = CONF_STRING,
     .programs = MUSTERD,
     .help = "a file whose first line is a token of Consul's that may manage "
             "all others: it is made when the registry starts and it is not "
             "there; the file must not be for everybody to read"},
    {.key = "consul.acl_token",
     .type = CONF_STRING,
     .programs = MUSTERD,
     .help = "a file whose first line is the token of Consul's that is taken "
             "for those who show none, in the place of anonymous; the file "
             "must not be for everybody to read"},
};

const struct conf_setting *settings_of_acl(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}
