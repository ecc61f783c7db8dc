#include "graph.h"

#include <stdlib.h>

#include "fold.h"

/* Nodes are found by an open hash table of their numbers + 1; calls by another one of their places + 1. */
struct Graph {
    Node *nodes;
    int64_t count, room, limit;
    int32_t *known;
    uint64_t known_mask;
    int32_t *calls; /* [function, takes, gives, arguments ..., value ...] of one call after another; 0 is not used */
    int64_t call_size, call_room;
    int64_t *called;
    uint64_t called_mask;
    int64_t call_count;
    int32_t *made; /* nodes of the steps of a call */
    int64_t made_room;
    int32_t *to, *path;  /* of a move: by node, where it has gone, and the way to the node that goes next */
    uint32_t *moves;       /* by node, the last move that it was in */
    int64_t move_room;
    uint32_t move;
    Outcome failed;
};

enum { FIRST_SLOTS = 1024, FEW_STEPS = 3 };

/* Memory for `room` more than doubles what there was, so that growing costs little. 0 if there is none. */
static int grown(void **memory, int64_t *room, int64_t needed, size_t size) {
    if (needed <= *room) return 1;
    int64_t more = *room * 2 > needed ? *room * 2 : needed + 256;
    void *found = realloc(*memory, (size_t)more * size);
    if (!found) return 0;
    *memory = found, *room = more;
    return 1;
}

static uint64_t mixed(uint64_t hash, uint32_t more) {
    hash = (hash ^ more) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

static uint64_t hash_of(const Node *node) {
    uint64_t first = (uint64_t)node->opcode << 32 | (uint32_t)node->a, second = (uint64_t)(uint32_t)node->b << 32;
    first = (first + 1) * 0x9e3779b97f4a7c15u;
    first = (first ^ (first >> 32) ^ second ^ (uint32_t)node->c) * 0xbf58476d1ce4e5b9u;
    return first ^ (first >> 31);
}

static int same(const Node *one, const Node *other) {
    return one->opcode == other->opcode && one->a == other->a && one->b == other->b && one->c == other->c;
}

static void remember(Graph *graph, int32_t node) {
    uint64_t slot = hash_of(&graph->nodes[node]) & graph->known_mask;
    while (graph->known[slot]) slot = (slot + 1) & graph->known_mask;
    graph->known[slot] = node + 1;
}

static int32_t fail(Graph *graph, Outcome why) {
    if (!graph->failed) graph->failed = why;
    return 0;
}

/* The node that is equal to this one. */
static int32_t node_of(Graph *graph, Node node) {
    uint64_t slot = hash_of(&node) & graph->known_mask;
    for (int32_t found; (found = graph->known[slot]); slot = (slot + 1) & graph->known_mask)
        if (same(&graph->nodes[found - 1], &node)) return found - 1;
    if (graph->count >= graph->limit) return fail(graph, TOO_LARGE);
    if ((uint64_t)graph->count * 2 > graph->known_mask) {
        uint64_t slots = (graph->known_mask + 1) * 4;
        int32_t *larger = calloc(slots, sizeof(int32_t));
        if (!larger) return fail(graph, NO_MEMORY);
        free(graph->known);
        graph->known = larger, graph->known_mask = slots - 1;
        for (int32_t i = 0; i < graph->count; i++) remember(graph, i);
        for (slot = hash_of(&node) & graph->known_mask; graph->known[slot];) slot = (slot + 1) & graph->known_mask;
    }
    if (!grown((void **)&graph->nodes, &graph->room, graph->count + 1, sizeof(Node))) return fail(graph, NO_MEMORY);
    int32_t made = (int32_t)graph->count++;
    graph->nodes[made] = node;
    graph->known[slot] = made + 1;
    return made;
}

Graph *graph_new(int64_t limit) {
    Graph *graph = calloc(1, sizeof(Graph));
    if (!graph) return NULL;
    graph->limit = limit < INT32_MAX / 4 ? limit : INT32_MAX / 4;
    if (graph->limit < 2) graph->limit = 2;
    graph->known = calloc(FIRST_SLOTS, sizeof(int32_t));
    graph->called = calloc(FIRST_SLOTS, sizeof(int64_t));
    graph->known_mask = graph->called_mask = FIRST_SLOTS - 1;
    graph->call_size = 1;
    if (graph->known && graph->called) {
        node_of(graph, (Node){NODE_X, 0, ALONG_X, -1, -1, -1});
        node_of(graph, (Node){NODE_Y, 0, ALONG_Y, -1, -1, -1});
    } else {
        graph->failed = NO_MEMORY;
    }
    if (!graph->failed) return graph;
    graph_free(graph);
    return NULL;
}

void graph_free(Graph *graph) {
    if (!graph) return;
    free(graph->nodes), free(graph->known), free(graph->calls), free(graph->called), free(graph->made);
    free(graph->to), free(graph->path), free(graph->moves), free(graph);
}

Outcome graph_failed(const Graph *graph) { return graph->failed; }
int32_t graph_along(const Graph *graph, int32_t node) { return graph->nodes[node].along; }
const Node *graph_nodes(const Graph *graph) { return graph->nodes; }
int64_t graph_size(const Graph *graph) { return graph->count; }

static int32_t constant_of(Graph *graph, float value) {
    return node_of(graph, (Node){NODE_CONSTANT, 0, 0, (int32_t)as_bits(value), -1, -1});
}

int32_t graph_constant(Graph *graph, double value) {
    return graph->failed ? 0 : constant_of(graph, (float)value);
}

/* Whether a node is this number; 0 and -0 are equal. */
static int is_number(const Node *node, float number) {
    return node->opcode == NODE_CONSTANT && as_float((uint32_t)node->a) == number;
}

int32_t graph_apply(Graph *graph, int32_t opcode, int32_t count, int32_t a, int32_t b, int32_t c) {
    if (graph->failed) return 0;
    if (opcode < PLUGIN) count = arguments_of(opcode);
    if (count < 3) c = -1;
    if (count < 2) b = -1;
    if (count < 1) a = -1;
    if (commutes(opcode) && a > b) {
        int32_t least = b;
        b = a, a = least;
    }
    const Node *nodes = graph->nodes, *p = &nodes[count > 0 ? a : 0], *q = &nodes[count > 1 ? b : 0];
    const Node *r = &nodes[count > 2 ? c : 0];
    int along = (count > 0 ? p->along : 0) | (count > 1 ? q->along : 0) | (count > 2 ? r->along : 0);
    if (opcode >= PLUGIN) {
        if (!along) along = ALONG_X; /* not known before it is drawn: computed once a column */
    } else if (!along) {
        return constant_of(graph, folded(opcode, as_float((uint32_t)p->a), as_float((uint32_t)q->a), as_float((uint32_t)r->a)));
    } else if (opcode == OP_add) {
        if (is_number(p, 0)) return b;
        if (is_number(q, 0)) return a;
    } else if (opcode == OP_multiply) {
        if (is_number(p, 1)) return b;
        if (is_number(q, 1)) return a;
    } else if (opcode == OP_subtract) {
        if (is_number(q, 0)) return a;
    } else if (opcode == OP_minimum || opcode == OP_maximum) {
        if (a == b) return a;
    } else if (opcode == OP_select) {
        if (b == c) return b;
    }
    return node_of(graph, (Node){(uint16_t)opcode, (uint8_t)count, (uint8_t)along, a, b, c});
}

static int32_t place_after(const Graph *graph, int32_t node, int32_t x, int32_t y) {
    if (node == 0) return x;
    if (node == 1) return y;
    return node >= 0 && graph->moves[node] == graph->move ? graph->to[node] : node;
}

int32_t graph_moved(Graph *graph, int32_t root, int32_t x, int32_t y) {
    if (graph->failed) return 0;
    const int moving = (x != 0 ? ALONG_X : 0) | (y != 1 ? ALONG_Y : 0);
    if (!(graph->nodes[root].along & moving)) return root;
    if (root < 2) return root == 0 ? x : y;
    if (graph->nodes[root].opcode == NODE_INPUT) return root; /* a plane stays where it is */
    if (graph->move_room < graph->count) {
        const size_t room = (size_t)graph->count * 2;
        free(graph->to), free(graph->path), free(graph->moves);
        graph->to = malloc(room * sizeof(int32_t)), graph->path = malloc(room * sizeof(int32_t));
        graph->moves = calloc(room, sizeof(uint32_t));
        graph->move = 0, graph->move_room = graph->to && graph->path && graph->moves ? (int64_t)room : 0;
        if (!graph->move_room) return fail(graph, NO_MEMORY);
    }
    if (!++graph->move) { /* after 2^32 moves */
        memset(graph->moves, 0, (size_t)graph->move_room * sizeof(uint32_t));
        graph->move = 1;
    }
    int64_t open = 0;
    graph->path[open++] = root;
    while (open && !graph->failed) {
        const int32_t place = graph->path[open - 1];
        const Node node = graph->nodes[place];
        const int32_t arguments[] = {node.a, node.b, node.c};
        int32_t next = -1;
        for (int k = 0; k < node.count; k++) {
            const int32_t argument = arguments[k];
            if (argument < 2 || graph->moves[argument] == graph->move) continue;
            if (graph->nodes[argument].opcode == NODE_INPUT) continue;
            if (graph->nodes[argument].along & moving) next = argument;
        }
        if (next >= 0) {
            graph->path[open++] = next;
            continue;
        }
        graph->to[place] = graph_apply(graph, node.opcode, node.count, place_after(graph, node.a, x, y),
                                       place_after(graph, node.b, x, y), place_after(graph, node.c, x, y));
        graph->moves[place] = graph->move;
        open--;
    }
    return graph->failed ? 0 : graph->to[root];
}

static int32_t nodes_of_arguments(const Templates *templates, int32_t function) {
    int32_t all = 0;
    for (int64_t i = templates->widths_first[function]; i < templates->widths_first[function + 1]; i++)
        all += templates->widths[i];
    return all;
}

static uint64_t hash_of_call(int32_t function, const int32_t *arguments, int32_t count) {
    uint64_t hash = mixed(1, (uint32_t)function);
    for (int32_t i = 0; i < count; i++) hash = mixed(hash, (uint32_t)arguments[i]);
    return hash ^ (hash >> 32);
}

static void expand(Graph *graph, const Templates *templates, int32_t function, const int32_t *arguments, int32_t *value) {
    const TemplateStep *steps = templates->steps + templates->first[function];
    const int64_t count = templates->first[function + 1] - templates->first[function];
    if (!grown((void **)&graph->made, &graph->made_room, count, sizeof(int32_t))) {
        fail(graph, NO_MEMORY);
        return;
    }
    int32_t *made = graph->made;
    for (int64_t i = 0; i < count && !graph->failed; i++) {
        const TemplateStep step = steps[i];
        switch (step.opcode) {
        case STEP_CONSTANT: made[i] = graph_constant(graph, templates->constants[step.a]); break;
        case STEP_X: made[i] = 0; break;
        case STEP_Y: made[i] = 1; break;
        case STEP_ARGUMENT: made[i] = arguments[step.a]; break;
        case STEP_INPUT: made[i] = node_of(graph, (Node){NODE_INPUT, 0, BOTH, step.a, step.b, step.c}); break;
        case STEP_MOVED: made[i] = graph_moved(graph, made[step.a], made[step.b], made[step.c]); break;
        default:
            made[i] = graph_apply(graph, step.opcode, step.count, step.count > 0 ? made[step.a] : -1,
                                  step.count > 1 ? made[step.b] : -1, step.count > 2 ? made[step.c] : -1);
        }
    }
    const int64_t begin = templates->outputs_first[function], end = templates->outputs_first[function + 1];
    for (int64_t i = begin; i < end; i++) value[i - begin] = graph->failed ? 0 : made[templates->outputs[i]];
}

/* A call is made once: its nodes are kept. */
static void keep(Graph *graph, int32_t function, const int32_t *arguments, int32_t takes, const int32_t *value,
                 int32_t gives) {
    const int64_t needed = graph->call_size + 3 + takes + gives;
    if (!grown((void **)&graph->calls, &graph->call_room, needed, sizeof(int32_t))) {
        fail(graph, NO_MEMORY);
        return;
    }
    if ((uint64_t)graph->call_count * 2 > graph->called_mask) {
        const uint64_t slots = (graph->called_mask + 1) * 4;
        int64_t *larger = calloc(slots, sizeof(int64_t));
        if (!larger) {
            fail(graph, NO_MEMORY);
            return;
        }
        for (uint64_t i = 0; i <= graph->called_mask; i++) {
            if (!graph->called[i]) continue;
            const int32_t *call = graph->calls + graph->called[i];
            uint64_t slot = hash_of_call(call[0], call + 3, call[1]) & (slots - 1);
            while (larger[slot]) slot = (slot + 1) & (slots - 1);
            larger[slot] = graph->called[i];
        }
        free(graph->called);
        graph->called = larger, graph->called_mask = slots - 1;
    }
    int32_t *call = graph->calls + graph->call_size;
    call[0] = function, call[1] = takes, call[2] = gives;
    memcpy(call + 3, arguments, (size_t)takes * sizeof(int32_t));
    memcpy(call + 3 + takes, value, (size_t)gives * sizeof(int32_t));
    uint64_t slot = hash_of_call(function, arguments, takes) & graph->called_mask;
    while (graph->called[slot]) slot = (slot + 1) & graph->called_mask;
    graph->called[slot] = graph->call_size;
    graph->call_size = needed;
    graph->call_count++;
}

int32_t graph_call(Graph *graph, const Templates *templates, int32_t function, const int32_t *arguments, int32_t *value) {
    const int32_t takes = nodes_of_arguments(templates, function);
    const int32_t gives = (int32_t)(templates->outputs_first[function + 1] - templates->outputs_first[function]);
    const size_t bytes = (size_t)takes * sizeof(int32_t);
    if (graph->failed) {
        memset(value, 0, (size_t)gives * sizeof(int32_t));
        return gives;
    }
    if (templates->first[function + 1] - templates->first[function] <= takes + FEW_STEPS) {
        expand(graph, templates, function, arguments, value); /* its nodes are found as soon as the call would be */
        return gives;
    }
    uint64_t slot = hash_of_call(function, arguments, takes) & graph->called_mask;
    for (int64_t at; (at = graph->called[slot]); slot = (slot + 1) & graph->called_mask) {
        const int32_t *call = graph->calls + at;
        if (call[0] == function && call[1] == takes && !memcmp(call + 3, arguments, bytes)) {
            memcpy(value, call + 3 + takes, (size_t)gives * sizeof(int32_t));
            return gives;
        }
    }
    expand(graph, templates, function, arguments, value);
    if (!graph->failed) keep(graph, function, arguments, takes, value, gives);
    return gives;
}
