/*
 * /v1/coordinate: where nodes say that they are.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/coordinates.h"
#include "server/state/directory.h"

/* Of nodes that are gone, so many are kept in mind. */
#define STALE_MAX 1000

/* -- writing --------------------------------------------------------------- */

static void write_place(struct jw *w, const struct coordinate *at)
{
    int i;

    jw_open_object(w);
    jw_key(w, "Vec");
    jw_open_array(w);
    for (i = 0; i < COORDINATE_DIMENSIONS; i++)
        jw_double(w, at->vec[i]);
    jw_close(w);
    jw_key(w, "Error");
    jw_double(w, at->error);
    jw_key(w, "Adjustment");
    jw_double(w, at->adjustment);
    jw_key(w, "Height");
    jw_double(w, at->height);
    jw_close(w);
}

static void write_row(struct call *c, const char *node, const char *segment,
                      const struct coordinate *at)
{
    jw_open_object(&c->out);
    jw_pair_text(&c->out, "Node", node);
    if (!call_is_07(c))
        jw_pair_text(&c->out, "Segment", segment);
    jw_key(&c->out, "Coord");
    write_place(&c->out, at);
    jw_close(&c->out);
}

static bool may_see(struct call *c, const struct coordinate_row *row)
{
    return directory_node(c->m->directory, row->node) &&
           call_may(c, ACL_NODE, row->node, strlen(row->node), ACL_READ);
}

/* -- reading --------------------------------------------------------------- */

/* This musterd is the only server of the only datacenter. */
static enum http_verdict get_datacenters(struct http_request *r, void *ctx)
{
    static const struct coordinate fresh = COORDINATE_FRESH;
    struct call *c = call_begin(r, ctx);
    const struct coordinate_row *row;
    struct jw *w;

    if (!c)
        return HTTP_DONE;
    w = &c->out;
    row = coordinates_find(c->m->coordinates, c->m->self->node);
    jw_open_array(w);
    jw_open_object(w);
    jw_pair_text(w, "Datacenter", c->m->self->datacenter);
    if (!call_is_07(c))
        jw_pair_text(w, "AreaID", "wan");
    jw_key(w, "Coordinates");
    jw_open_array(w);
    write_row(c, c->m->self->node, row ? row->segment : "",
              row ? &row->at : &fresh);
    jw_close(w);
    jw_close(w);
    jw_close(w);
    return call_json(c, 200);
}

/* Of a read that waits. */
struct reading {
    struct coordinate_waiter waiter;
    struct call *call;
    const char *node; /* NULL: of all; borrowed from the request */
};

static uint64_t coordinate_index(struct call *c)
{
    return coordinates_index(c->m->coordinates);
}

static void coordinate_answer(struct call *c)
{
    const struct reading *rd = c->data;
    const char *segment = http_query(c->r, "segment");
    const struct coordinate_row *row = NULL;

    jw_open_array(&c->out);
    while ((row = coordinates_next(c->m->coordinates, row)))
        if ((!segment || !strcmp(segment, row->segment)) &&
            (!rd->node || !dir_compare(rd->node, row->node)) && may_see(c, row))
            write_row(c, row->node, row->segment, &row->at);
    jw_close(&c->out);
    call_json(c, 200);
}

static void coordinate_changed(struct coordinate_waiter *w)
{
    call_wake(container_of(w, struct reading, waiter)->call);
}

static void coordinate_wait(struct call *c)
{
    struct reading *rd = c->data;

    coordinates_wait(c->m->coordinates, &rd->waiter);
}

static void coordinate_wait_end(struct call *c)
{
    struct reading *rd = c->data;

    coordinates_wait_end(c->m->coordinates, &rd->waiter);
}

/* Of that node, or (NULL) of all. */
static enum http_verdict get_places(struct call *c, const char *node)
{
    static const struct call_read how = {.index = coordinate_index,
                                         .answer = coordinate_answer,
                                         .wait = coordinate_wait,
                                         .wait_end = coordinate_wait_end};
    struct reading *rd;

    if (!c)
        return HTTP_DONE;
    rd = xcalloc(1, sizeof(*rd));
    rd->waiter.changed = coordinate_changed;
    rd->call = c;
    rd->node = node;
    c->data = rd;
    c->free_data = free;
    return call_read(c, &how);
}

static enum http_verdict get_nodes(struct http_request *r, void *ctx)
{
    return get_places(call_begin(r, ctx), NULL);
}

static enum http_verdict get_node(struct http_request *r, void *ctx)
{
    return get_places(call_begin(r, ctx), http_param(r, "node"));
}

/* -- telling --------------------------------------------------------------- */

static double number_of(struct call *c, const json_t *object, const char *name)
{
    const json_t *v = body_field(c, object, name);

    if (!v || json_is_null(v))
        return 0;
    if (!json_is_number(v))
        body_wrong(c, "'Coord.%s' expected a number", name);
    return json_number_value(v);
}

static void place_of(struct call *c, const json_t *coord, struct coordinate *at)
{
    const json_t *vec = body_list(c, coord, "Vec");
    size_t i;

    *at = (struct coordinate){.error = number_of(c, coord, "Error"),
                              .adjustment = number_of(c, coord, "Adjustment"),
                              .height = number_of(c, coord, "Height")};
    if (json_array_size(vec) != COORDINATE_DIMENSIONS)
        body_wrong(c, "'Coord.Vec' expected %d numbers", COORDINATE_DIMENSIONS);
    for (i = 0; i < json_array_size(vec) && i < COORDINATE_DIMENSIONS; i++) {
        const json_t *v = json_array_get(vec, i);

        if (!json_is_number(v))
            body_wrong(c, "'Coord.Vec[%zu]' expected a number", i);
        at->vec[i] = json_number_value(v);
    }
}

/* Those of nodes that are registered no longer go when they have become many.
 */
static void forget_stale(struct musterd *m)
{
    const struct coordinate_row *row, *next;

    if (coordinates_count(m->coordinates) <
        directory_count(m->directory).nodes + STALE_MAX)
        return;
    for (row = coordinates_next(m->coordinates, NULL); row; row = next) {
        next = coordinates_next(m->coordinates, row);
        if (!directory_node(m->directory, row->node))
            coordinates_forget(m->coordinates, row->node);
    }
}

static void coordinate_told(void *arg, enum coordinate_status status,
                            const char *text)
{
    struct call *c = arg;

    if (!call_release(c))
        return;
    if (status == COORDINATE_DONE)
        call_empty(c, 200);
    else
        call_error(c, 500, "%s", text);
}

static enum http_verdict put_update(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const char *node, *segment;
    struct coordinate at;
    const json_t *b;

    if (!c)
        return HTTP_DONE;
    b = call_body_needed(c, "Request decode failed: ");
    if (!b)
        return HTTP_DONE;
    node = body_text(c, b, "Node");
    segment = body_text(c, b, "Segment");
    place_of(c, body_map(c, b, "Coord"), &at);
    if (!body_ok(c))
        return HTTP_DONE;
    if (!call_demand(c, ACL_NODE, node ? node : "", (size_t)-1, ACL_WRITE))
        return HTTP_DONE;
    if (!node || !directory_node(c->m->directory, node))
        return call_empty(c, 200); /* as Consul: nobody's is dropped */
    forget_stale(c->m);
    call_hold(c);
    coordinates_update(c->m->coordinates, node, segment, &at, coordinate_told,
                       c);
    return HTTP_LATER;
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/coordinate/datacenters",
     .handler = get_datacenters,
     .demands = HTTP_OPEN,
     .body = CALL_BODY,
     .help = "The coordinates of servers, by datacenter."},
    {.methods = HTTP_GET,
     .path = "/v1/coordinate/nodes",
     .handler = get_nodes,
     .body = CALL_BODY,
     .help = "The coordinates of nodes."},
    {.methods = HTTP_GET,
     .path = "/v1/coordinate/node/:node",
     .handler = get_node,
     .body = CALL_BODY,
     .help = "The coordinates of a node."},
    {.methods = HTTP_PUT,
     .path = "/v1/coordinate/update",
     .handler = put_update,
     .body = CALL_BODY,
     .help = "Tells the coordinates of a node."},
};

const struct http_table consul_coordinate = {rows, ARRAY_LEN(rows)};
