/* Expressions over the coordinates of a picture as a graph in which equal parts are one node, and the plan that computes
   it: expressions.py, functions.py and plan.py in machine code. Steps may come in another order; pictures are the same.

   A node is a number: 0 is x, 1 is y. What goes wrong sets `failed`, after which nothing else happens and no plan is
   made. */

#ifndef COEVO_GRAPH_H
#define COEVO_GRAPH_H

#include "native.h"

enum { ALONG_X = 1, ALONG_Y = 2, BOTH = ALONG_X | ALONG_Y };
enum { NODE_CONSTANT = 0xffff /* `a` are the bits of a float */, NODE_X = 0xfffe, NODE_Y = 0xfffd,
       NODE_INPUT = 0xfffc /* plane a, b pixels to the right and c below */ };

typedef struct {
    uint16_t opcode; /* or one of the four above */
    uint8_t count, along;
    int32_t a, b, c; /* arguments, or -1 */
} Node;

typedef struct Graph Graph;

typedef enum { GOOD, NO_MEMORY, TOO_LARGE, NO_TREES } Outcome;

/* A graph of no more than `limit` nodes; NULL if there is no memory. */
Graph *graph_new(int64_t limit);
void graph_free(Graph *graph);

Outcome graph_failed(const Graph *graph);

/* The node of a number, rounded to float32. */
int32_t graph_constant(Graph *graph, double value);

/* The node of an instruction's value, simplified where that is exact (Canvas.apply). Arguments beyond the instruction's
   own are ignored. Opcodes from PLUGIN on are instructions of plugins, with `count` arguments. */
int32_t graph_apply(Graph *graph, int32_t opcode, int32_t count, int32_t a, int32_t b, int32_t c);

/* The node of a value at other coordinates (Canvas.moved). */
int32_t graph_moved(Graph *graph, int32_t root, int32_t x, int32_t y);

/* Which coordinates a node depends on: ALONG_X, ALONG_Y, both or neither. */
int32_t graph_along(const Graph *graph, int32_t node);

/* The nodes, and how many there are. */
const Node *graph_nodes(const Graph *graph);
int64_t graph_size(const Graph *graph);

/* Functions as they were traced (templates.py): the steps of function f are those from first[f] to first[f + 1], the
   nodes of its value those from outputs_first[f] to outputs_first[f + 1] of `outputs`, counted within its steps, and the
   widths of its arguments, in nodes, those from widths_first[f] to widths_first[f + 1]. */
typedef struct {
    int32_t opcode; /* or one of the six below */
    int32_t count, a, b, c; /* arguments: steps of the same function */
} TemplateStep;

enum { STEP_CONSTANT = -1 /* constants[a] */, STEP_X = -2, STEP_Y = -3, STEP_ARGUMENT = -4 /* node a of all arguments' */,
       STEP_MOVED = -5 /* step a at the coordinates of steps b and c */,
       STEP_INPUT = -6 /* plane a, b pixels to the right and c below */ };

typedef struct {
    const int64_t *first, *outputs_first, *widths_first;
    const TemplateStep *steps;
    const int32_t *outputs, *widths;
    const double *constants;
    int64_t functions;
} Templates;

/* The value of a function for arguments (nodes): its nodes are written to `value`; how many there are. */
int32_t graph_call(Graph *graph, const Templates *templates, int32_t function, const int32_t *arguments, int32_t *value);

typedef struct {
    int32_t opcode, out, count, a, b, c; /* registers; below 0, the constant ~a */
} Step;

/* Steps that compute values; those of rows and of columns fill lines of their own, which the others read. One piece of
   memory, which is freed by coevo_free_plan. */
typedef struct {
    int64_t step_count, row_step_count, column_step_count, constant_count, rows, columns, registers;
    int64_t x, y; /* the row and the column that is the coordinate itself, or -1 */
    const Step *steps, *row_steps, *column_steps;
    const float *constants;
} Plan;

/* The plan that computes roots, channel after channel of one picture after another; NULL if the graph failed, or there
   is no memory. */
Plan *graph_plan(Graph *graph, const int32_t *roots, int64_t count);

#endif
