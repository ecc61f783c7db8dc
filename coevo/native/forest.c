/* Plans of forests: programs in prefix order, one after another, whose equal parts are computed once. */

#include <stdlib.h>
#include <string.h>

#include "graph.h"

enum { SCALAR, VECTOR, FIRST_FUNCTION }; /* codes */

/* A stack that grows down, so that the arguments of a function lie in their order. */
typedef struct {
    int32_t *nodes, *widths;
    int64_t node, width; /* where the last one begins */
} Stack;

/* Replace arguments by the value of a function; 0 if they are not as it takes them. */
static int call(Graph *graph, const Templates *templates, int64_t function, Stack *stack, int64_t width_end) {
    const int64_t first = templates->widths_first[function], count = templates->widths_first[function + 1] - first;
    if (width_end - stack->width < count) return 0;
    int64_t nodes = 0;
    for (int64_t i = 0; i < count; i++) {
        if (stack->widths[stack->width + i] != templates->widths[first + i]) return 0;
        nodes += templates->widths[first + i];
    }
    int32_t value[3];
    const int32_t many = graph_call(graph, templates, (int32_t)function, stack->nodes + stack->node, value);
    stack->node += nodes, stack->width += count;
    for (int32_t i = many; i--;) stack->nodes[--stack->node] = value[i];
    stack->widths[--stack->width] = many;
    return 1;
}

/* The channels of one program; 0 if it is none. */
static int add_tree(Graph *graph, const Templates *templates, int64_t last, const uint16_t *codes, int64_t count,
                    const double *numbers, int64_t number_count, Stack stack, int32_t wide, int32_t *channels) {
    const int64_t node_end = stack.node, width_end = stack.width;
    while (count--) {
        const int64_t code = codes[count];
        if (code < FIRST_FUNCTION) {
            const int width = code == VECTOR ? 3 : 1;
            if (number_count < width) return 0;
            for (int i = 0; i < width; i++) stack.nodes[--stack.node] = graph_constant(graph, numbers[--number_count]);
            stack.widths[--stack.width] = width;
        } else if (code - FIRST_FUNCTION >= templates->functions ||
                   !call(graph, templates, code - FIRST_FUNCTION, &stack, width_end)) {
            return 0;
        }
    }
    if (number_count || width_end - stack.width != 1) return 0;
    if (last >= 0 && !call(graph, templates, last, &stack, width_end)) return 0;
    if (stack.widths[stack.width] != wide) return 0;
    memcpy(channels, stack.nodes + stack.node, (size_t)(node_end - stack.node) * sizeof(int32_t));
    return 1;
}

/* Plan the trees from first to stop of a forest. Of the value of each the function `last` makes the channels of its
   picture, which is this wide; below 0, the value is the channels.

   codes, numbers: of all trees; code_ends, number_ends: where those of each end. A graph has `limit` nodes at most. */
PUBLIC int64_t coevo_plan_trees(const Templates *templates, int64_t last, int64_t channels, const uint16_t *codes, const double *numbers,
                                const int64_t *code_ends, const int64_t *number_ends, int64_t first, int64_t stop,
                                int64_t limit, Plan **plan) {
    int64_t longest = 1;
    for (int64_t i = first; i < stop; i++) {
        const int64_t length = code_ends[i] - (i ? code_ends[i - 1] : 0);
        if (length < 1) return NO_TREES;
        if (length > longest) longest = length;
    }
    int64_t outcome = NO_MEMORY;
    Graph *graph = graph_new(limit);
    int32_t *roots = malloc((size_t)((stop - first) * channels + 1) * sizeof(int32_t));
    int32_t *memory = malloc((size_t)(longest + 1) * 4 * sizeof(int32_t)); /* a value has three nodes at most */
    if (graph && roots && memory) {
        const Stack stack = {memory, memory + 3 * (longest + 1), 3 * (longest + 1), longest + 1};
        outcome = GOOD;
        for (int64_t i = first; i < stop && !outcome; i++) {
            const int64_t code = i ? code_ends[i - 1] : 0, number = i ? number_ends[i - 1] : 0;
            if (!add_tree(graph, templates, last, codes + code, code_ends[i] - code, numbers + number,
                          number_ends[i] - number, stack, (int32_t)channels, roots + (i - first) * channels))
                outcome = NO_TREES;
            if (graph_failed(graph)) outcome = graph_failed(graph);
        }
        if (!outcome && !(*plan = graph_plan(graph, roots, (stop - first) * channels))) outcome = NO_MEMORY;
    }
    graph_free(graph), free(roots), free(memory);
    return outcome;
}
