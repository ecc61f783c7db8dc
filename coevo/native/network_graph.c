/* Plans of networks: weighted sums and activations as expressions, as network.py and affine.py build them. */

#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "instructions.h"
#include "networks.h"

/* The value scale · core + shift. Scales and shifts are folded into the weights of the sums that use them. */
typedef struct {
    int32_t core;
    double scale, shift;
} Affine;

/* What an activation does around its core, a function of the templates: f(inner · sum) · scale + shift. */
typedef struct {
    double inner, scale, shift;
} Around;

/* One network under construction. Links into a node are listed by `into` from first[node] to first[node + 1]. */
typedef struct {
    const NetworkNode *nodes;
    const NetworkLink *links;
    int64_t node_count, link_count;
    int64_t *first, *into, *stack;
    uint8_t *state; /* of a node: 0, 1 if it was met, 2 if it has its value */
    Affine *values;
} Drawing;

static int32_t apply(Graph *graph, int32_t opcode, int32_t a, int32_t b) {
    return graph_apply(graph, opcode, 2, a, b, -1);
}

/* inner · Σ weight · value. What depends on no coordinate, or on one alone, is added up by itself. */
static int32_t weighted_sum(Graph *graph, const Drawing *drawing, int64_t node, double inner) {
    double constant = 0.0;
    int32_t sums[4] = {-1, -1, -1, -1};
    for (int64_t i = drawing->first[node]; i < drawing->first[node + 1]; i++) {
        NetworkLink link = drawing->links[drawing->into[i]];
        Affine value = drawing->values[link.source];
        if (value.shift != 0) constant = constant + link.weight * (value.shift * inner);
        if (value.scale == 0) continue;
        int32_t factor = graph_constant(graph, link.weight * (value.scale * inner));
        int32_t *sum = &sums[graph_along(graph, value.core)];
        *sum = *sum < 0 ? apply(graph, OP_multiply, value.core, factor)
                        : graph_apply(graph, OP_multiply_add, 3, value.core, factor, *sum);
    }
    int32_t total = graph_constant(graph, constant);
    for (int along = 0; along < 4; along++)
        if (sums[along] >= 0) total = apply(graph, OP_add, total, sums[along]);
    return total;
}

static void compute(Graph *graph, const Templates *templates, const Around *around, Drawing *drawing, int64_t node) {
    int32_t activation = (int32_t)drawing->nodes[node - INPUTS].activation, core = 0;
    Around its = around[activation];
    int32_t sum = weighted_sum(graph, drawing, node, its.inner);
    graph_call(graph, templates, activation, &sum, &core);
    drawing->values[node] = (Affine){core, its.scale, its.shift};
}

/* Values of a node and of all that it depends on, each after its sources. There are no cycles. */
static void reach(Graph *graph, const Templates *templates, const Around *around, Drawing *drawing, int64_t node) {
    int64_t depth = 0;
    drawing->stack[depth++] = node;
    while (depth && !graph_failed(graph)) {
        node = drawing->stack[depth - 1];
        if (!drawing->state[node]) {
            drawing->state[node] = 1;
            for (int64_t i = drawing->first[node]; i < drawing->first[node + 1]; i++) {
                int32_t source = drawing->links[drawing->into[i]].source;
                if (!drawing->state[source]) drawing->stack[depth++] = source;
            }
        } else {
            depth--;
            if (drawing->state[node] == 1) compute(graph, templates, around, drawing, node);
            drawing->state[node] = 2;
        }
    }
}

/* Sort links by target, those of one target in their order. */
static void list_links(Drawing *drawing) {
    int64_t places = INPUTS + drawing->node_count, *first = drawing->first;
    memset(first, 0, sizeof(int64_t) * (size_t)(places + 2));
    for (int64_t i = 0; i < drawing->link_count; i++) first[drawing->links[i].target + 2]++;
    for (int64_t i = 0; i < places; i++) first[i + 2] += first[i + 1];
    for (int64_t i = 0; i < drawing->link_count; i++) drawing->into[first[drawing->links[i].target + 1]++] = i;
}

/* The channels of a network's picture. */
static void paint(Graph *graph, const Templates *templates, const Around *around, int64_t activations, Drawing *drawing,
                  int32_t *channels) {
    list_links(drawing);
    const int32_t x = 0, y = 1;
    int32_t squares = apply(graph, OP_add, apply(graph, OP_multiply, x, x), apply(graph, OP_multiply, y, y));
    Affine inputs[INPUTS] = {
        {x, 1, 0}, {y, 1, 0}, {graph_apply(graph, OP_root, 1, squares, -1, -1), 1.4, 0}, {x, 0, 1}};
    memcpy(drawing->values, inputs, sizeof(inputs));
    memset(drawing->state, 0, (size_t)(INPUTS + drawing->node_count));
    memset(drawing->state, 2, INPUTS);
    int32_t outputs[OUTPUTS] = {0};
    int ink = 0;
    for (int64_t i = 0; i < drawing->node_count; i++) {
        if (!is_output(&drawing->nodes[i])) continue;
        int64_t which = (int64_t)(drawing->nodes[i].name - OUTPUT_NAMES), node = INPUTS + i;
        reach(graph, templates, around, drawing, node);
        if (graph_failed(graph)) return;
        Affine value = drawing->values[node];
        int32_t scaled = apply(graph, OP_multiply, value.core, graph_constant(graph, value.scale));
        outputs[which] = apply(graph, OP_add, scaled, graph_constant(graph, value.shift));
        ink |= !which;
    }
    graph_call(graph, templates, (int32_t)(activations + !ink), ink ? outputs : outputs + 1, channels);
}

static int64_t most(const int64_t *first, int64_t from, int64_t to) {
    int64_t found = 0;
    for (int64_t i = from; i < to; i++) found = first[i + 1] - first[i] > found ? first[i + 1] - first[i] : found;
    return found;
}

/* Plan the networks from first to stop. The templates are the cores of activations, and what makes pictures of this many
   channels of ink and of a colour. */
PUBLIC int64_t coevo_plan_networks(const Networks *networks, const Templates *templates, const Around *around,
                                   int64_t activations, int64_t channels, int64_t first, int64_t stop, Plan **plan) {
    size_t places = (size_t)(INPUTS + most(networks->node_first, first, stop)) + 2;
    size_t links = (size_t)most(networks->link_first, first, stop) + 2;
    Graph *graph = graph_new(INT32_MAX / 4);
    int32_t *roots = malloc((size_t)((stop - first) * channels + 3) * sizeof(int32_t));
    Drawing drawing = {.first = malloc(places * sizeof(int64_t)),
                       .into = malloc(links * sizeof(int64_t)),
                       .stack = malloc((places + links) * sizeof(int64_t)),
                       .state = malloc(places),
                       .values = malloc(places * sizeof(Affine))};
    int64_t outcome = NO_MEMORY;
    if (graph && roots && drawing.first && drawing.into && drawing.stack && drawing.state && drawing.values) {
        for (int64_t i = first; i < stop && !graph_failed(graph); i++) {
            drawing.nodes = networks->nodes + networks->node_first[i];
            drawing.links = networks->links + networks->link_first[i];
            drawing.node_count = networks->node_first[i + 1] - networks->node_first[i];
            drawing.link_count = networks->link_first[i + 1] - networks->link_first[i];
            paint(graph, templates, around, activations, &drawing, roots + (i - first) * channels);
        }
        *plan = graph_plan(graph, roots, (stop - first) * channels);
        if (*plan) outcome = GOOD;
    }
    graph_free(graph), free(roots), free(drawing.first), free(drawing.into), free(drawing.stack), free(drawing.state);
    free(drawing.values);
    return outcome;
}
