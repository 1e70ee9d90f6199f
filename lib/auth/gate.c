#include "lib/auth/gate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/auth/ask.h"
#include "lib/auth/auth.h"
#include "lib/auth/secret.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/words.h"

#define TOKEN_WORD ".token"

/* The word of the line that is .token and stands where a pair begins; -1. */
static int find_pair(const struct word *w, int n)
{
    int i;

    for (i = n % 2; i < n; i += 2)
        if (word_is(&w[i], TOKEN_WORD))
            return i;
    return -1;
}

static void take(const struct word *w, int n, int at, struct buf *rest,
                 char **token)
{
    int i;

    for (i = 0; i < n; i++)
        if (i != at && i != at + 1)
            buf_add_word(rest, w[i].text, w[i].len);
    *token = xmemdup0(w[at + 1].text, w[at + 1].len);
}

bool gate_take_token(const char *line, size_t len, struct buf *rest,
                     char **token)
{
    size_t most = len / 2 + 1;
    struct word *words;
    int n, at = -1;
    char *copy;

    if (!memmem(line, len, TOKEN_WORD, sizeof(TOKEN_WORD) - 1) ||
        memchr(line, '\0', len))
        return false;
    words = xcalloc(most, sizeof(*words));
    copy = xmemdup0(line, len);
    n = words_split(copy, len, words, (int)most);
    if (n > 1)
        at = find_pair(words, n);
    if (at >= 0)
        take(words, n, at, rest, token);
    secret_free(copy);
    free(words);
    return at >= 0;
}

static enum conn_gate_verdict gate_refuse(struct conn *c, const char *text)
{
    conn_refuse(c, REFUSED_TOKEN, "%s", text);
    conn_close(c, "%s", text);
    return CONN_GATE_REST;
}

static void gate_asked(void *arg, struct principal *p, enum ask_answer answer,
                       const char *why)
{
    struct conn *c = arg;

    (void)answer;
    if (p)
        conn_set_principal(c, p);
    else
        gate_refuse(c, why);
    conn_gate_open(c);
}

static enum conn_gate_verdict gate_token(struct conn *c, struct auth *auth,
                                         const char *token)
{
    struct principal *p = auth_by_token(auth, token, strlen(token));
    const char *why = refusal_text(REFUSED_TOKEN);

    if (!p && auth_ask(auth) &&
        ask_token(auth_ask(auth), conn_peer(c), token, gate_asked, c, &why) ==
            ASK_WAITS)
        return CONN_GATE_LATER;
    if (!p)
        return gate_refuse(c, why);
    log_id_debug(conn_id(c), "speaks for %s", p->name);
    conn_set_principal(c, p);
    return CONN_GATE_REST;
}

enum conn_gate_verdict gate_line(struct conn *c, void *arg, const char *line,
                                 size_t len, struct buf *rest)
{
    enum conn_gate_verdict verdict;
    char *token;

    if (!gate_take_token(line, len, rest, &token))
        return CONN_GATE_PASS;
    verdict = gate_token(c, arg, token);
    secret_free(token);
    return verdict;
}

void gate_gone(struct conn *c, void *arg)
{
    ask_gone(auth_ask(arg), c);
}
