/* Plans: the order in which the nodes of a graph are computed, and the registers of their values.

   Values that depend on one coordinate alone are computed once, for a row or a column; only the others for every pixel,
   picture after picture, an argument that needs more registers before one that needs fewer (Sethi & Ullman 1970). A
   register is reused as soon as its value is not needed any more. */

#include <stdlib.h>

#include "fold.h"
#include "graph.h"

enum { NOWHERE = INT32_MIN };

typedef struct {
    const Node *nodes;
    int32_t *order;  /* nodes that are reached, each after its arguments */
    int64_t reached;
    int32_t *place;  /* of a node: its register; below 0, the constant ~place; NOWHERE if it is in neither */
    int32_t *line;   /* of a node that depends on one coordinate alone: which row or column */
    int32_t *uses;   /* of a node: how many steps are still to read it */
    int32_t *need;   /* of a node: registers while it is computed */
    int32_t *free, *stack;
    int64_t free_count, registers;
    Step *steps;
    int64_t step_count;
} Planner;

static int arguments(const Node *node, int32_t of[3]) {
    of[0] = node->a, of[1] = node->b, of[2] = node->c;
    if (node->opcode >= NODE_INPUT) return 0;
    int distinct = node->count > 0;
    if (node->count > 1 && of[1] != of[0]) of[distinct++] = of[1];
    if (node->count > 2 && node->c != node->a && node->c != node->b) of[distinct++] = node->c;
    return distinct;
}

static int is_constant(const Node *node) { return node->opcode == NODE_CONSTANT; }

/* The nodes from which roots are computed, in the order in which they were made. */
static void reach(Planner *plan, int64_t size, const int32_t *roots, int64_t count) {
    int64_t open = 0, found = 0;
    for (int64_t i = 0; i < size; i++) plan->place[i] = NOWHERE;
    for (int64_t i = 0; i < count; i++) {
        if (plan->place[roots[i]] == 0) continue;
        plan->place[roots[i]] = 0, plan->stack[open++] = roots[i];
    }
    while (open) {
        int32_t of[3];
        const int many = arguments(&plan->nodes[plan->stack[--open]], of);
        for (int k = 0; k < many; k++) {
            if (plan->place[of[k]] == 0) continue;
            plan->place[of[k]] = 0, plan->stack[open++] = of[k];
        }
    }
    for (int64_t i = 0; i < size; i++) {
        if (plan->place[i] == 0) plan->order[found++] = (int32_t)i;
        plan->place[i] = NOWHERE;
    }
    plan->reached = found;
}

static void add(Planner *plan, int32_t opcode, int32_t out, int32_t count, int32_t a, int32_t b, int32_t c) {
    plan->steps[plan->step_count++] = (Step){opcode, out, count, a, b, c};
}

static int32_t place_of(const Planner *plan, int32_t node, int line) {
    return line && plan->nodes[node].along ? plan->line[node] : plan->place[node];
}

static void add_node(Planner *plan, int32_t node, int32_t out, int line) {
    const Node its = plan->nodes[node];
    if (its.opcode == NODE_INPUT) {
        add(plan, OP_input, out, 3, its.a, its.b, its.c);
        return;
    }
    add(plan, its.opcode, out, its.count, its.count > 0 ? place_of(plan, its.a, line) : 0,
        its.count > 1 ? place_of(plan, its.b, line) : 0, its.count > 2 ? place_of(plan, its.c, line) : 0);
}

/* Steps of what depends on one coordinate alone; how many lines there are. */
static int64_t add_lines(Planner *plan, int along, int64_t *coordinate) {
    int64_t lines = 0;
    *coordinate = -1;
    for (int64_t i = 0; i < plan->reached; i++) {
        const int32_t node = plan->order[i];
        if (plan->nodes[node].along != along) continue;
        plan->line[node] = (int32_t)lines++;
        if (node < 2)
            *coordinate = plan->line[node];
        else
            add_node(plan, node, plan->line[node], 1);
    }
    return lines;
}

static int32_t taken(Planner *plan) {
    return plan->free_count ? plan->free[--plan->free_count] : (int32_t)plan->registers++;
}

static void load(Planner *plan, int32_t node, int32_t into) {
    add(plan, plan->nodes[node].along == ALONG_X ? OP_row : OP_column, into, 1, plan->line[node], 0, 0);
}

static void compute(Planner *plan, int32_t node) {
    int32_t of[3];
    const int many = arguments(&plan->nodes[node], of);
    for (int k = 0; k < many; k++)
        if (plan->place[of[k]] == NOWHERE) load(plan, of[k], plan->place[of[k]] = taken(plan));
    const int32_t out = taken(plan);
    add_node(plan, node, out, 0);
    plan->place[node] = out;
    for (int k = 0; k < many; k++) {
        if (is_constant(&plan->nodes[of[k]]) || --plan->uses[of[k]]) continue;
        plan->free[plan->free_count++] = plan->place[of[k]];
        plan->place[of[k]] = NOWHERE;
    }
}

/* Compute a node and what it needs first. */
static void compute_all(Planner *plan, int32_t root) {
    int64_t open = 0;
    plan->stack[open++] = root;
    while (open) {
        const int32_t node = plan->stack[open - 1];
        int32_t of[3], next = -1;
        if (plan->place[node] != NOWHERE) {
            open--;
            continue;
        }
        const int many = arguments(&plan->nodes[node], of);
        for (int k = 0; k < many; k++) {
            if (plan->nodes[of[k]].along != BOTH || plan->place[of[k]] != NOWHERE) continue;
            if (next < 0 || plan->need[of[k]] > plan->need[next]) next = of[k];
        }
        if (next >= 0)
            plan->stack[open++] = next;
        else
            compute(plan, node), open--;
    }
}

/* How often values are read, and how many registers they need. */
static void look_ahead(Planner *plan, const int32_t *roots, int64_t count) {
    for (int64_t i = 0; i < plan->reached; i++) plan->uses[plan->order[i]] = 0;
    for (int64_t i = 0; i < count; i++) plan->uses[roots[i]] += plan->nodes[roots[i]].along == BOTH;
    for (int64_t i = 0; i < plan->reached; i++) {
        const int32_t node = plan->order[i];
        if (plan->nodes[node].along != BOTH) continue;
        int32_t of[3], most = 0, second = 0, third = 0;
        const int many = arguments(&plan->nodes[node], of);
        for (int k = 0; k < many; k++) {
            const Node *its = &plan->nodes[of[k]];
            plan->uses[of[k]]++;
            const int32_t need = its->along == BOTH ? plan->need[of[k]] : !is_constant(its);
            if (need > most)
                third = second, second = most, most = need;
            else if (need > second)
                third = second, second = need;
            else if (need > third)
                third = need;
        }
        if (second && second + 1 > most) most = second + 1;
        if (third && third + 2 > most) most = third + 2;
        plan->need[node] = most + 1 < INT32_MAX / 2 ? most + 1 : most;
    }
}

static void show(Planner *plan, int32_t channel, int32_t root) {
    const Node *its = &plan->nodes[root];
    if (its->along == BOTH) compute_all(plan, root);
    int32_t place = plan->place[root];
    if (place == NOWHERE) load(plan, root, place = taken(plan));
    add(plan, OP_show, channel, 1, place, 0, 0);
    if (its->along == BOTH ? !--plan->uses[root] : !is_constant(its) && plan->place[root] == NOWHERE) {
        plan->free[plan->free_count++] = place;
        plan->place[root] = NOWHERE;
    }
}

static Plan *packed(const Planner *from, Plan plan, const float *constants) {
    const size_t steps = (size_t)from->step_count * sizeof(Step), numbers = (size_t)plan.constant_count * sizeof(float);
    char *memory = malloc(sizeof(Plan) + steps + numbers);
    if (!memory) return NULL;
    const Step *first = memcpy(memory + sizeof(Plan), from->steps, steps);
    plan.row_steps = first, plan.column_steps = first + plan.row_step_count;
    plan.steps = plan.column_steps + plan.column_step_count;
    plan.constants = memcpy(memory + sizeof(Plan) + steps, constants, numbers);
    memcpy(memory, &plan, sizeof(Plan));
    return (Plan *)memory;
}

Plan *graph_plan(Graph *graph, const int32_t *roots, int64_t count) {
    if (graph_failed(graph)) return NULL;
    const int64_t size = graph_size(graph);
    /* a step for a node, one before it for each line that it reads, and two for a channel */
    const size_t most = (size_t)size * 4 + (size_t)count * 2, room = (size_t)size + 1;
    int32_t *memory = malloc(room * 8 * sizeof(int32_t));
    Step *steps = malloc(most * sizeof(Step));
    float *constants = malloc(room * sizeof(float));
    Plan *made = NULL;
    if (memory && steps && constants) {
        Planner planner = {.nodes = graph_nodes(graph), .steps = steps, .order = memory, .place = memory + room,
                           .line = memory + 2 * room, .uses = memory + 3 * room, .need = memory + 4 * room,
                           .free = memory + 5 * room, .stack = memory + 6 * room};
        Plan plan = {0};
        reach(&planner, size, roots, count);
        for (int64_t i = 0; i < planner.reached; i++) {
            const int32_t node = planner.order[i];
            if (!is_constant(&planner.nodes[node])) continue;
            planner.place[node] = (int32_t)~plan.constant_count;
            constants[plan.constant_count++] = as_float((uint32_t)planner.nodes[node].a);
        }
        plan.rows = add_lines(&planner, ALONG_X, &plan.x);
        plan.row_step_count = planner.step_count;
        plan.columns = add_lines(&planner, ALONG_Y, &plan.y);
        plan.column_step_count = planner.step_count - plan.row_step_count;
        look_ahead(&planner, roots, count);
        for (int64_t i = 0; i < count; i++) show(&planner, (int32_t)i, roots[i]);
        plan.step_count = planner.step_count - plan.row_step_count - plan.column_step_count;
        plan.registers = planner.registers > 1 ? planner.registers : 1;
        made = packed(&planner, plan, constants);
    }
    free(memory), free(steps), free(constants);
    return made;
}

PUBLIC void coevo_free_plan(Plan *plan) { free(plan); }
