#include "lib/conf_yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "lib/buf.h"
#include "lib/conf_errors.h"
#include "lib/mem.h"

/* The tree in the making. */
struct builder {
    const char *file;
    struct conf_errors *errs;
    struct conf_node *root;
    struct conf_node *at; /* the map or list that is open; NULL: none yet */
    char *key;            /* in a map: read, and its value comes next */
    int key_line;
    int depth;
    int documents;
    bool stop; /* what follows would make no sense */
};

void conf_node_free(struct conf_node *node)
{
    struct conf_node *child, *next;

    if (node == NULL)
        return;
    /* a tree is at most CONF_DEPTH_MAX deep */
    for (child = node->first; child != NULL; child = next) {
        next = child->next;
        conf_node_free(child);
    }
    free(node->key);
    free(node->text);
    free(node);
}

const struct conf_node *conf_node_get(const struct conf_node *map,
                                      const char *key)
{
    const struct conf_node *child;

    for (child = map->first; child != NULL; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

static int event_line(const yaml_event_t *ev)
{
    return (int)ev->start_mark.line + 1;
}

static void fail(struct builder *b, int line, const char *what)
{
    conf_errors_add(b->errs, b->file, line, "%s", what);
    b->stop = true;
}

/* Appends a node to the open map or list, or makes it the top. */
static struct conf_node *add_node(struct builder *b, enum conf_node_kind kind,
                                  int line)
{
    struct conf_node *node = xcalloc(1, sizeof(*node));

    node->kind = kind;
    node->line = b->key != NULL ? b->key_line : line;
    node->key = b->key;
    node->parent = b->at;
    b->key = NULL;
    if (b->at == NULL)
        b->root = node;
    else if (b->at->first == NULL)
        b->at->first = node;
    else
        b->at->last->next = node;
    if (b->at != NULL)
        b->at->last = node;
    return node;
}

static bool wants_key(const struct builder *b)
{
    return b->at != NULL && b->at->kind == CONF_NODE_MAP && b->key == NULL;
}

/* Anchors and tags are refused, but the value is still looked at. */
static void refuse_extras(struct builder *b, const yaml_char_t *anchor,
                          const yaml_char_t *tag, int line)
{
    if (anchor != NULL)
        conf_errors_add(b->errs, b->file, line,
                        "the anchor &%s is not supported: what several have "
                        "in common goes into a profile that is their parent",
                        (const char *)anchor);
    if (tag != NULL)
        conf_errors_add(b->errs, b->file, line,
                        "the tag %s is not supported: a value is what its "
                        "setting says",
                        (const char *)tag);
}

static bool is_null(const yaml_event_t *ev)
{
    const char *text = (const char *)ev->data.scalar.value;

    return ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (*text == '\0' || strcmp(text, "~") == 0 ||
            strcmp(text, "null") == 0);
}

static void on_scalar(struct builder *b, const yaml_event_t *ev)
{
    const char *text = (const char *)ev->data.scalar.value;
    size_t len = ev->data.scalar.length;
    int line = event_line(ev);
    bool has_nul = memchr(text, '\0', len) != NULL;
    struct conf_node *node;

    refuse_extras(b, ev->data.scalar.anchor, ev->data.scalar.tag, line);
    if (has_nul)
        conf_errors_add(b->errs, b->file, line, "a NUL cannot stand here");
    if (wants_key(b)) {
        b->key = xstrndup(text, len);
        b->key_line = line;
        return;
    }
    if (has_nul) {
        add_node(b, CONF_NODE_BAD, line);
    } else if (is_null(ev)) {
        add_node(b, CONF_NODE_NULL, line);
    } else {
        node = add_node(b, CONF_NODE_SCALAR, line);
        node->text = xstrndup(text, len);
    }
}

static void on_open(struct builder *b, enum conf_node_kind kind, int line)
{
    if (wants_key(b)) {
        fail(b, line, "a key must be a word, not a list or a map");
        return;
    }
    if (++b->depth > CONF_DEPTH_MAX) {
        fail(b, line, "nested too deep");
        return;
    }
    b->at = add_node(b, kind, line);
}

static void on_alias(struct builder *b, const yaml_event_t *ev)
{
    int line = event_line(ev);

    conf_errors_add(b->errs, b->file, line,
                    "the alias *%s is not supported: what several have in "
                    "common goes into a profile that is their parent",
                    (const char *)ev->data.alias.anchor);
    if (wants_key(b))
        b->stop = true;
    else
        add_node(b, CONF_NODE_BAD, line);
}

static int by_key(const void *va, const void *vb)
{
    const struct conf_node *a = *(struct conf_node *const *)va;
    const struct conf_node *b = *(struct conf_node *const *)vb;
    int order = strcmp(a->key, b->key);

    return order != 0 ? order : a->line - b->line;
}

/* Sorts the keys of a map that is whole, and tells those that stand twice. */
static void check_twice(struct builder *b, const struct conf_node *map)
{
    struct conf_node **sorted, *child;
    size_t n = 0, i = 0;

    for (child = map->first; child != NULL; child = child->next)
        n++;
    sorted = xcalloc(n + 1, sizeof(*sorted));
    for (child = map->first; child != NULL; child = child->next)
        sorted[i++] = child;
    qsort(sorted, n, sizeof(*sorted), by_key);
    for (i = 1; i < n; i++) {
        if (strcmp(sorted[i]->key, sorted[i - 1]->key) != 0)
            continue;
        conf_errors_add(b->errs, b->file, sorted[i]->line,
                        "'%s' already stands in line %d", sorted[i]->key,
                        sorted[i - 1]->line);
        sorted[i]->kind = CONF_NODE_BAD;
    }
    free(sorted);
}

static void on_close(struct builder *b)
{
    if (b->at->kind == CONF_NODE_MAP)
        check_twice(b, b->at);
    b->at = b->at->parent;
    b->depth--;
}

static void on_document(struct builder *b, int line)
{
    if (++b->documents > 1)
        fail(b, line, "a second document (---) is not read");
}

static void on_event(struct builder *b, const yaml_event_t *ev)
{
    int line = event_line(ev);

    switch (ev->type) {
    case YAML_DOCUMENT_START_EVENT: on_document(b, line); break;
    case YAML_SCALAR_EVENT: on_scalar(b, ev); break;
    case YAML_ALIAS_EVENT: on_alias(b, ev); break;
    case YAML_SEQUENCE_START_EVENT:
        refuse_extras(b, ev->data.sequence_start.anchor,
                      ev->data.sequence_start.tag, line);
        on_open(b, CONF_NODE_LIST, line);
        break;
    case YAML_MAPPING_START_EVENT:
        refuse_extras(b, ev->data.mapping_start.anchor,
                      ev->data.mapping_start.tag, line);
        on_open(b, CONF_NODE_MAP, line);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: on_close(b); break;
    default: break;
    }
}

/* libyaml counts no lines while it decodes: bytes that are no text. */
static int line_of(const char *text, size_t len, size_t offset)
{
    int line = 1;

    for (size_t i = 0; i < len && i < offset; i++)
        line += text[i] == '\n';
    return line;
}

static void tell_syntax(struct builder *b, const yaml_parser_t *p,
                        const char *text, size_t len)
{
    const char *problem = p->problem != NULL ? p->problem : "not YAML";

    if (p->error == YAML_READER_ERROR)
        conf_errors_add(b->errs, b->file, line_of(text, len, p->problem_offset),
                        "%s", problem);
    else if (p->context != NULL)
        conf_errors_add(b->errs, b->file, (int)p->problem_mark.line + 1,
                        "%s %s that begins in line %d", problem, p->context,
                        (int)p->context_mark.line + 1);
    else
        conf_errors_add(b->errs, b->file, (int)p->problem_mark.line + 1, "%s",
                        problem);
    b->stop = true;
}

static void run_parser(struct builder *b, const char *text, size_t len)
{
    yaml_parser_t parser;
    yaml_event_t ev;
    bool end = false;

    if (!yaml_parser_initialize(&parser)) {
        fail(b, 0, "out of memory");
        return;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    while (!end && !b->stop) {
        if (!yaml_parser_parse(&parser, &ev)) {
            tell_syntax(b, &parser, text, len);
            break;
        }
        on_event(b, &ev);
        end = ev.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&ev);
    }
    yaml_parser_delete(&parser);
}

struct conf_node *conf_yaml_parse(const char *text, size_t len,
                                  const char *file, struct conf_errors *errs)
{
    struct builder b = {.file = file, .errs = errs};

    run_parser(&b, text, len);
    free(b.key);
    b.key = NULL;
    if (!b.stop && b.root == NULL)
        add_node(&b, CONF_NODE_MAP, 1);
    if (!b.stop && b.root->kind == CONF_NODE_NULL)
        b.root->kind = CONF_NODE_MAP;
    if (!b.stop && b.root->kind != CONF_NODE_MAP)
        fail(&b, b.root->line, "settings are written KEY: VALUE");
    if (b.stop) {
        conf_node_free(b.root);
        return NULL;
    }
    return b.root;
}

/* -- written back ---------------------------------------------------------- */

static void write_node(struct buf *out, const struct conf_node *node);

static void write_children(struct buf *out, const struct conf_node *node)
{
    const struct conf_node *n;
    char *key;

    for (n = node->first; n != NULL; n = n->next) {
        if (n != node->first)
            buf_add_str(out, ", ");
        if (n->key != NULL) {
            key = conf_quote(n->key);
            buf_add_fmt(out, "%s: ", key);
            free(key);
        }
        write_node(out, n);
    }
}

static void write_node(struct buf *out, const struct conf_node *node)
{
    char *text;

    if (node->kind == CONF_NODE_SCALAR) {
        text = conf_quote(node->text);
        buf_add_str(out, text);
        free(text);
    } else if (node->kind == CONF_NODE_MAP || node->kind == CONF_NODE_LIST) {
        buf_add_char(out, node->kind == CONF_NODE_MAP ? '{' : '[');
        write_children(out, node);
        buf_add_char(out, node->kind == CONF_NODE_MAP ? '}' : ']');
    } else {
        buf_add_char(out, '~');
    }
}

char *conf_node_write(const struct conf_node *node)
{
    struct buf out = BUF_INIT;
    char *text;

    write_node(&out, node);
    text = xstrdup(buf_str(&out));
    buf_free(&out);
    return text;
}
