/* Expressions over the coordinates of a picture as a graph in which equal parts are one node, and the plan that computes
   it: expressions.py, functions.py and plan.py in machine code. They give the same steps, and so the same pictures.

   A node is a number: 0 is x, 1 is y. Functions that cannot have memory set `failed`, after which nothing else happens
   and no plan is made. */

#ifndef COEVO_GRAPH_H
#define COEVO_GRAPH_H

#include "native.h"

typedef struct Graph Graph;

Graph *graph_new(void);
void graph_free(Graph *graph);

/* The node of a number, rounded to float32. */
int32_t graph_constant(Graph *graph, double value);

/* The node of an instruction's value, simplified where that is exact (Canvas.apply). Arguments beyond the instruction's
   own are ignored. Opcodes from PLUGIN on are instructions of plugins, with `count` arguments. */
int32_t graph_apply(Graph *graph, int32_t opcode, int32_t count, int32_t a, int32_t b, int32_t c);

/* The node of a value at other coordinates (Canvas.moved). */
int32_t graph_moved(Graph *graph, int32_t root, int32_t x, int32_t y);

/* Which coordinates a node depends on: bit 1 for x, bit 2 for y. */
int32_t graph_along(const Graph *graph, int32_t node);

/* How many nodes there are. */
int64_t graph_size(const Graph *graph);

/* Functions as they were traced (templates.py): the steps of function f are those from first[f] to first[f + 1], and the
   nodes of its value those from outputs_first[f] to outputs_first[f + 1] of `outputs`, counted within its steps. */
typedef struct {
    int32_t opcode; /* or one of the five below */
    int32_t count, a, b, c; /* arguments: steps of the same function */
} TemplateStep;

enum { STEP_CONSTANT = -1 /* constants[a] */, STEP_X = -2, STEP_Y = -3, STEP_ARGUMENT = -4 /* number a */,
       STEP_MOVED = -5 /* step a at the coordinates of steps b and c */ };

typedef struct {
    const int64_t *first, *outputs_first;
    const TemplateStep *steps;
    const int32_t *outputs;
    const double *constants;
} Templates;

/* The value of a function for arguments (nodes): its nodes are written to `value`; how many there are. */
int32_t graph_call(Graph *graph, const Templates *templates, int32_t function, const int32_t *arguments, int32_t *value);

/* The plan that computes roots, channel after channel of one picture after another. The caller frees it; NULL if there
   is no memory. */
typedef struct Plan Plan;
Plan *graph_plan(Graph *graph, const int32_t *roots, int64_t count);

#endif
