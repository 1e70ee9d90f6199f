/* Addresses: what is taken, how it is written again, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/addr.h"
#include "lib/mem.h"

/* host NULL: as the text has it */
static const struct {
    const char *text;
    int port; /* default port */
    const char *written, *dial;
    bool local;
} good[] = {
    {"off", 0, "off", "off", true},
    {"127.0.0.1:80", 0, "127.0.0.1:80", "tcp!127.0.0.1!80", true},
    {"127.9.9.9:0", 0, "127.9.9.9:0", "tcp!127.9.9.9!0", true},
    {"128.0.0.1:65535", 0, "128.0.0.1:65535", "tcp!128.0.0.1!65535", false},
    {"localhost:1", 0, "localhost:1", "tcp!localhost!1", true},
    {"web1.example.com:6701", 0, "web1.example.com:6701",
     "tcp!web1.example.com!6701", false},
    {"*:6701", 0, "*:6701", "tcp!*!6701", false},
    {"0.0.0.0:1", 0, "0.0.0.0:1", "tcp!0.0.0.0!1", false},
    {"[::1]:80", 0, "[::1]:80", "tcp!::1!80", true},
    {"[::]:80", 0, "[::]:80", "tcp!::!80", false},
    {"[fe80::1%eth0]:80", 0, "[fe80::1%eth0]:80", "tcp!fe80::1%eth0!80", false},
    {"[::ffff:127.0.0.1]:80", 0, "[::ffff:127.0.0.1]:80",
     "tcp!::ffff:127.0.0.1!80", false},
    {"tcp!host!80", 0, "host:80", "tcp!host!80", false},
    {"tcp!::1!80", 0, "[::1]:80", "tcp!::1!80", true},
    {"tcp!127.0.0.1!80", 0, "127.0.0.1:80", "tcp!127.0.0.1!80", true},
    {"unix!/run/x y", 0, "unix!/run/x y", "unix!/run/x y", true},
    {"unix!/a:b!c", 0, "unix!/a:b!c", "unix!/a:b!c", true},
    {"host", 6701, "host:6701", "tcp!host!6701", false},
    {"[::1]", 6701, "[::1]:6701", "tcp!::1!6701", true},
    {"host:1", 6701, "host:1", "tcp!host!1", false},
    {"offline:1", 0, "offline:1", "tcp!offline!1", false},
    {"off:1", 0, "off:1", "tcp!off!1", false},
    {"tls!host!80", 0, "tls!host!80", "tls!host!80", false},
    {"tls!127.0.0.1!0", 0, "tls!127.0.0.1!0", "tls!127.0.0.1!0", true},
    {"tls!::1!80", 0, "tls!::1!80", "tls!::1!80", true},
    {"tls!*!6701", 0, "tls!*!6701", "tls!*!6701", false},
    {"tls!host:80", 0, "tls!host!80", "tls!host!80", false},
    {"tls![::1]:80", 0, "tls!::1!80", "tls!::1!80", true},
    {"tls!host", 6701, "tls!host!6701", "tls!host!6701", false},
    {"tls:80", 0, "tls:80", "tcp!tls!80", false},
};

static void test_good(void **state)
{
    char text[ADDR_TEXT_MAX];
    struct addr a, b;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(good); i++) {
        const char *wrong = addr_parse(&a, good[i].text, good[i].port);

        if (wrong)
            fail_msg("%s: %s", good[i].text, wrong);
        assert_string_equal(addr_write(&a, text, sizeof(text)),
                            good[i].written);
        assert_null(addr_parse(&b, text, 0));
        assert_int_equal(a.kind, b.kind);
        assert_string_equal(a.host, b.host);
        assert_int_equal(a.port, b.port);
        assert_int_equal(a.tls, b.tls);
        assert_string_equal(addr_write_dial(&a, text, sizeof(text)),
                            good[i].dial);
        assert_null(addr_parse(&b, text, 0));
        assert_string_equal(a.host, b.host);
        assert_int_equal(a.tls, b.tls);
        assert_int_equal(addr_is_local(&a), good[i].local);
    }
}

/* What listens everywhere is dialled by its host's name. */
static void test_public(void **state)
{
    static const char *const cases[][2] = {
        {"*:6701", "tcp!web1!6701"},      {"0.0.0.0:1", "tcp!web1!1"},
        {"[::]:80", "tcp!web1!80"},       {"tls!*!6701", "tls!web1!6701"},
        {"10.0.0.1:1", "tcp!10.0.0.1!1"}, {"tls!a!1", "tls!a!1"},
        {"unix!/x", "unix!/x"},
    };
    char text[ADDR_TEXT_MAX];
    struct addr a;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        assert_null(addr_parse(&a, cases[i][0], 0));
        a = addr_public(&a, "web1");
        assert_string_equal(addr_write_dial(&a, text, sizeof(text)),
                            cases[i][1]);
    }
}

static const struct {
    const char *text;
    int port;
    const char *wrong;
} bad[] = {
    {"", 0, "the host is missing"},
    {"", 6701, "the host is missing"},
    {":80", 0, "the host is missing"},
    {"host", 0, "the port is missing: write HOST:PORT"},
    {"host:", 0, "the port is a number from 0 to 65535"},
    {"host:", 6701, "the port is a number from 0 to 65535"},
    {"host:x", 0, "the port is a number from 0 to 65535"},
    {"host:65536", 0, "the port is a number from 0 to 65535"},
    {"host:-1", 0, "the port is a number from 0 to 65535"},
    {"host:+1", 0, "the port is a number from 0 to 65535"},
    {"host: 1", 0, "the port is a number from 0 to 65535"},
    {"host:1 ", 0, "the port is a number from 0 to 65535"},
    {"a b:1", 0, "bad character in the host name"},
    {"a/b:1", 0, "bad character in the host name"},
    {"a'b:1", 0, "bad character in the host name"},
    {"a!b:1", 0, "bad character in the host name"},
    {"a]:1", 0, "bad character in the host name"},
    {"\x01:1", 0, "bad character in the host name"},
    {"::1", 6701, "an IPv6 address is written [ADDRESS]:PORT"},
    {"::1:80", 0, "an IPv6 address is written [ADDRESS]:PORT"},
    {"fe80::1", 0, "an IPv6 address is written [ADDRESS]:PORT"},
    {"1:2:3", 0, "an IPv6 address is written [ADDRESS]:PORT"},
    {"[::1", 0, "an IPv6 address is written [ADDRESS]:PORT"},
    {"[::1]80", 0, "an IPv6 address is written [ADDRESS]:PORT"},
    {"[::1]:", 0, "the port is a number from 0 to 65535"},
    {"[::1]", 0, "the port is missing: write HOST:PORT"},
    {"[host]:80", 0, "only an IPv6 address stands in brackets"},
    {"[]:80", 0, "the host is missing"},
    {"tcp!host", 0, "a dial string is written tcp!HOST!PORT"},
    {"tcp!!80", 0, "the host is missing"},
    {"tcp!host!", 0, "the port is a number from 0 to 65535"},
    {"tcp!host!http", 0, "the port is a number from 0 to 65535"},
    {"tcp!a!b!80", 0, "bad character in the host name"},
    {"tcp![::1]!80", 0, "bad character in the host name"},
    {"tls!", 0, "the host is missing"},
    {"tls!host", 0, "the port is missing: write HOST:PORT"},
    {"tls!host!", 0, "the port is a number from 0 to 65535"},
    {"tls!off", 0, "the port is missing: write HOST:PORT"},
    {"tls!unix!/x", 0, "the port is a number from 0 to 65535"},
    {"tls!tls!h!1", 0, "bad character in the host name"},
    {"unix!", 0, "a unix socket is written unix!/PATH"},
    {"unix!run", 0, "a unix socket is written unix!/PATH"},
};

static void test_bad(void **state)
{
    struct addr a;
    const char *wrong;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(bad); i++) {
        wrong = addr_parse(&a, bad[i].text, bad[i].port);
        if (!wrong || strcmp(wrong, bad[i].wrong) != 0)
            fail_msg("%s: %s", bad[i].text, wrong ? wrong : "taken");
    }
}

/* As long as they may be, and a byte longer. */
static void test_long(void **state)
{
    char text[400], out[ADDR_TEXT_MAX];
    struct registry_addr r;
    struct addr a;

    (void)state;
    memset(text, 'h', sizeof(text));
    memcpy(text + ADDR_HOST_MAX, ":65535", 7);
    assert_null(addr_parse(&a, text, 0));
    assert_string_equal(addr_write(&a, out, sizeof(out)), text);
    memcpy(text + ADDR_HOST_MAX, "h:65535", 8);
    assert_string_equal(addr_parse(&a, text, 0), "the host name is too long");
    assert_string_equal(registry_addr_parse(&r, text),
                        "the host name is too long");
    memset(text, 'u', sizeof(text));
    memcpy(text, "unix!/", 6);
    text[5 + ADDR_UNIX_MAX] = '\0';
    assert_null(addr_parse(&a, text, 0));
    assert_string_equal(addr_write(&a, out, sizeof(out)), text);
    text[5 + ADDR_UNIX_MAX] = 'u';
    text[6 + ADDR_UNIX_MAX] = '\0';
    assert_string_equal(addr_parse(&a, text, 0),
                        "the path of a unix socket has at most 107 bytes");
    memset(text, ':', sizeof(text)); /* the longest that is written */
    text[0] = '[';
    memcpy(text + 1 + ADDR_HOST_MAX, "]:65535", 8);
    assert_null(addr_parse(&a, text, 0));
    assert_string_equal(addr_write(&a, out, sizeof(out)), text);
    memcpy(text + 1 + ADDR_HOST_MAX, "]:65535:65535:65535", 20);
    assert_null(registry_addr_parse(&r, text));
    assert_string_equal(registry_addr_write(&r, out, sizeof(out)), text);
}

static void test_registries(void **state)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"h", "h:6701:6702:6703"},
        {"h:1", "h:1:6702:6703"},
        {"h:1:2", "h:1:2:6703"},
        {"h:1:2:3", "h:1:2:3"},
        {"127.0.0.1:0:0:0", "127.0.0.1:0:0:0"},
        {"[::1]", "[::1]:6701:6702:6703"},
        {"[::1]:7:8:9", "[::1]:7:8:9"},
        {"tls!h", "tls!h:6701:6702:6703"},
        {"tls![::1]:7", "tls![::1]:7:6702:6703"},
        {"tls:7", "tls:7:6702:6703"},
    };
    static const char *const wrong[][2] = {
        {"", "the host is missing"},
        {":1", "the host is missing"},
        {"h:", "the port is a number from 0 to 65535"},
        {"h:1:", "the port is a number from 0 to 65535"},
        {"h::2", "the port is a number from 0 to 65535"},
        {"h:x", "the port is a number from 0 to 65535"},
        {"h:1:2:3:", "a registry is written [tls!]HOST[:NEW[:FIND[:EVENT]]]"},
        {"h:1:2:3:4", "a registry is written [tls!]HOST[:NEW[:FIND[:EVENT]]]"},
        {"[::1]x", "an IPv6 address is written [ADDRESS]:PORT"},
        {"a b", "bad character in the host name"},
        {"tls!", "the host is missing"},
        {"tls!h!1", "bad character in the host name"},
    };
    char text[ADDR_TEXT_MAX];
    struct registry_addr r;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        assert_null(registry_addr_parse(&r, cases[i].text));
        assert_string_equal(registry_addr_write(&r, text, sizeof(text)),
                            cases[i].written);
    }
    for (i = 0; i < ARRAY_LEN(wrong); i++) {
        const char *said = registry_addr_parse(&r, wrong[i][0]);

        if (!said || strcmp(said, wrong[i][1]) != 0)
            fail_msg("%s: %s", wrong[i][0], said ? said : "taken");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_public),
        cmocka_unit_test(test_bad),        cmocka_unit_test(test_long),
        cmocka_unit_test(test_registries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
