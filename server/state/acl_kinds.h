/*
 * What Consul's rules are about, and how much they grant.
 */
#ifndef MUSTER_STATE_ACL_KINDS_H
#define MUSTER_STATE_ACL_KINDS_H

enum acl_kind {
    ACL_KEY,
    ACL_KEY_PREFIX, /* all keys that begin so, and none of them denied */
    ACL_SERVICE,
    ACL_NODE,
    ACL_SESSION, /* of a node */
    ACL_AGENT,   /* of a node */
    ACL_EVENT,
    ACL_QUERY,
    ACL_OPERATOR, /* without a name, all three */
    ACL_KEYRING,
    ACL_ACL,
    ACL_KINDS
};

enum acl_level { ACL_READ, ACL_WRITE };

#endif
