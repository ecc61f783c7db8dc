/* Variation of typed programs for whole generations: coevo/trees/variation.py in machine code, which explains it. Draws
   come in the same order, so offspring are the same to the bit. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draws.h"

enum { SCALAR, VECTOR, FIRST };                   /* codes: constants of one number and of three, the first primitive */
enum { FUNCTIONS = 0, LEAVES = 2, WRAPPERS = 4, COORDINATES = 6 }; /* choices, of scalars and then of vectors */
enum { GOOD, NO_MEMORY, NO_PROGRAM };             /* outcomes */
enum { NEW_DEPTH = 3, MAX_DEPTH = 30, TRIES = 10, NEW_TRIES = 100, MUTATIONS = 7 };
#define JITTER 0.3
#define VARIED 0.5
#define DEAR ((int64_t)1 << 40) /* no price is more */

/* As in grammar.py. The arguments of a code are those from first[code] to first[code + 1] of `takes` and `reads`. */
typedef struct {
    const int32_t *gives, *first, *takes, *reads, *own, *choices_first, *choices;
    const char *symbols;
    const int32_t *symbols_first;
    int64_t codes, varied;
    double leaf_share;
} Grammar;

typedef struct {
    int64_t nodes, price;
    double mutation;
} Bounds;

/* A program under construction: what goes beyond its capacity is counted, and not kept. `indexed` finds the rest. */
typedef struct {
    uint16_t *codes;
    double *numbers;
    int64_t length, number_count, capacity;
    int32_t *ends;    /* where the subtree of each node ends */
    int32_t *at;      /* where the numbers of each node begin, [length + 1] */
    int32_t *heights; /* of each subtree */
    int64_t *prices;
} Program;

INLINE int32_t numbers_of(int32_t code) { return code == VECTOR ? 3 : code == SCALAR; }

INLINE int32_t choose(const Grammar *grammar, Draws *draws, int32_t list) {
    const int32_t first = grammar->choices_first[list], count = grammar->choices_first[list + 1] - first;
    return grammar->choices[first + draw_below(draws, count)];
}

/* Find subtrees, heights and prices; 0 if it is not one program of the grammar. */
static int indexed(const Grammar *grammar, Program *program) {
    const int64_t length = program->length;
    if (length < 1 || length > program->capacity) return 0;
    int64_t numbers = 0;
    for (int64_t i = 0; i < length; i++) {
        if (program->codes[i] >= grammar->codes) return 0;
        program->at[i] = (int32_t)numbers;
        numbers += numbers_of(program->codes[i]);
    }
    program->at[length] = (int32_t)numbers;
    if (numbers != program->number_count) return 0;
    for (int64_t i = length; i--;) {
        const int32_t code = program->codes[i];
        int32_t end = (int32_t)i + 1, height = 0;
        int64_t price = grammar->own[code];
        for (int32_t a = grammar->first[code]; a < grammar->first[code + 1]; a++) {
            if (end >= length || grammar->gives[program->codes[end]] != grammar->takes[a]) return 0;
            if (program->heights[end] >= height) height = program->heights[end] + 1;
            price += grammar->reads[a] * program->prices[end];
            if (price > DEAR) price = DEAR;
            end = program->ends[end];
        }
        program->ends[i] = end, program->heights[i] = height, program->prices[i] = price;
    }
    return program->ends[0] == length;
}

INLINE int32_t type_at(const Grammar *grammar, const Program *program, int64_t node) {
    return grammar->gives[program->codes[node]];
}

INLINE int32_t arity_at(const Grammar *grammar, const Program *program, int64_t node) {
    const int32_t code = program->codes[node];
    return grammar->first[code + 1] - grammar->first[code];
}

/* Programs grow at their end */

INLINE void add_code(Program *program, int32_t code) {
    if (program->length < program->capacity) program->codes[program->length] = (uint16_t)code;
    program->length++;
}

INLINE void add_number(Program *program, double number) {
    if (program->number_count < 3 * program->capacity) program->numbers[program->number_count] = number;
    program->number_count++;
}

/* Nodes from `begin` to `end` of another program. */
static void add_nodes(Program *program, const Program *from, int64_t begin, int64_t end) {
    const int64_t count = end - begin, first = from->at[begin], numbers = from->at[end] - first;
    if (program->length + count <= program->capacity && program->number_count + numbers <= 3 * program->capacity) {
        memcpy(program->codes + program->length, from->codes + begin, (size_t)count * sizeof(uint16_t));
        memcpy(program->numbers + program->number_count, from->numbers + first, (size_t)numbers * sizeof(double));
    }
    program->length += count, program->number_count += numbers;
}

INLINE void add_subtree(Program *program, const Program *from, int64_t node) {
    add_nodes(program, from, node, from->ends[node]);
}

INLINE void clear(Program *program) { program->length = program->number_count = 0; }

/* Rounded to four decimals, as Python rounds: to the nearest by its exact decimal value, ties to even. */
static double rounded(double x) {
    const double scaled = x * 1e4, whole = rint(scaled);
    if (fabs(x) < 1e6 && fabs(scaled - whole) < 0.499) return whole / 1e4; /* else the product may mislead */
    char text[400];
    snprintf(text, sizeof text, "%.4f", x);
    return strtod(text, NULL);
}

/* Random programs (ramped half-and-half) */

static void add_leaf(const Grammar *grammar, Draws *draws, int32_t type, Program *program) {
    const int32_t code = choose(grammar, draws, LEAVES + type);
    if (code == VECTOR && draw_uniform(draws) < VARIED) {
        add_code(program, (int32_t)grammar->varied);
        add_code(program, choose(grammar, draws, COORDINATES));
        return;
    }
    add_code(program, code);
    for (int32_t i = numbers_of(code); i--;) add_number(program, rounded(draw_between(draws, -1, 1)));
}

static void add_branch(const Grammar *grammar, Draws *draws, int32_t type, int64_t depth, int64_t low, int64_t height,
                       int full, Program *program) {
    if (depth == height || (!full && depth >= low && draw_uniform(draws) < grammar->leaf_share)) {
        add_leaf(grammar, draws, type, program);
        return;
    }
    const int32_t code = choose(grammar, draws, FUNCTIONS + type);
    add_code(program, code);
    for (int32_t a = grammar->first[code]; a < grammar->first[code + 1]; a++)
        add_branch(grammar, draws, grammar->takes[a], depth + 1, low, height, full, program);
}

static void add_grown(const Grammar *grammar, Draws *draws, int32_t type, int64_t low, int64_t high, Program *program) {
    const int full = draw_below(draws, 2) == 1;
    const int64_t height = low + draw_below(draws, high - low + 1);
    add_branch(grammar, draws, type, 0, low, height, full, program);
}

/* Mutations: each adds what replaces the subtree at a node; 0 if it does not apply there */

typedef int Mutation(const Grammar *grammar, const Program *parent, int64_t node, Draws *draws, Program *child);

static int random_subtree(const Grammar *grammar, const Program *parent, int64_t node, Draws *draws, Program *child) {
    add_grown(grammar, draws, type_at(grammar, parent, node), 0, NEW_DEPTH, child);
    return 1;
}

static int jittered(const Program *parent, int64_t node, Draws *draws, Program *child, int32_t kind) {
    if (parent->codes[node] != kind) return 0;
    add_code(child, kind);
    for (int64_t i = parent->at[node]; i < parent->at[node + 1]; i++) {
        const double spread = JITTER * pow(10, draw_between(draws, -1.5, 0.5));
        add_number(child, rounded(parent->numbers[i] + spread * draw_normal(draws)));
    }
    return 1;
}

static int scalar_jittered(const Grammar *grammar, const Program *parent, int64_t node, Draws *draws, Program *child) {
    (void)grammar;
    return jittered(parent, node, draws, child, SCALAR);
}

static int vector_jittered(const Grammar *grammar, const Program *parent, int64_t node, Draws *draws, Program *child) {
    (void)grammar;
    return jittered(parent, node, draws, child, VECTOR);
}

/* Arguments that are taken are marked by a negative end, until all are done. */
static int function_swapped(const Grammar *grammar, const Program *parent, int64_t node, Draws *draws, Program *child) {
    const int32_t type = type_at(grammar, parent, node), arity = arity_at(grammar, parent, node);
    if (!arity) {
        add_grown(grammar, draws, type, 0, 0, child);
        return 1;
    }
    const int32_t code = choose(grammar, draws, FUNCTIONS + type);
    add_code(child, code);
    for (int32_t a = grammar->first[code]; a < grammar->first[code + 1]; a++) {
        int64_t argument = node + 1;
        int32_t left = arity;
        for (; left; left--) {
            const int32_t end = parent->ends[argument];
            if (end > 0 && type_at(grammar, parent, argument) == grammar->takes[a]) break;
            argument = abs(end);
        }
        if (left) {
            add_subtree(child, parent, argument);
            parent->ends[argument] = -parent->ends[argument];
        } else {
            add_grown(grammar, draws, grammar->takes[a], 0, 1, child);
        }
    }
    for (int64_t argument = node + 1, left = arity; left--; argument = parent->ends[argument])
        parent->ends[argument] = abs(parent->ends[argument]);
    return 1;
}

static int wrapped(const Grammar *grammar, const Program *parent, int64_t node, Draws *draws, Program *child) {
    const int32_t type = type_at(grammar, parent, node), list = WRAPPERS + type;
    if (grammar->choices_first[list] == grammar->choices_first[list + 1]) return 0;
    const int32_t code = choose(grammar, draws, list), first = grammar->first[code], stop = grammar->first[code + 1];
    int64_t fitting = 0;
    for (int32_t a = first; a < stop; a++) fitting += grammar->takes[a] == type;
    int64_t place = draw_below(draws, fitting);
    add_code(child, code);
    for (int32_t a = first; a < stop; a++) {
        if (grammar->takes[a] == type && !place--)
            add_subtree(child, parent, node);
        else
            add_grown(grammar, draws, grammar->takes[a], 0, 1, child);
    }
    return 1;
}

/* The which-th argument of a node that has its type, counted from 0; -1 if there are fewer. */
static int64_t fitting_argument(const Grammar *grammar, const Program *parent, int64_t node, int64_t which) {
    int64_t argument = node + 1;
    for (int32_t left = arity_at(grammar, parent, node); left--; argument = parent->ends[argument])
        if (type_at(grammar, parent, argument) == type_at(grammar, parent, node) && !which--) return argument;
    return -1;
}

static int unwrapped(const Grammar *grammar, const Program *parent, int64_t node, Draws *draws, Program *child) {
    int64_t count = 0;
    while (fitting_argument(grammar, parent, node, count) >= 0) count++;
    if (!count) return 0;
    add_subtree(child, parent, fitting_argument(grammar, parent, node, draw_below(draws, count)));
    return 1;
}

static int copied(const Grammar *grammar, const Program *parent, int64_t node, Draws *draws, Program *child) {
    const int32_t type = type_at(grammar, parent, node);
    int64_t count = 0, other = 0;
    for (int64_t i = 0; i < parent->length; i++) count += type_at(grammar, parent, i) == type && i != node;
    if (!count) return 0;
    for (int64_t left = draw_below(draws, count);; other++)
        if (type_at(grammar, parent, other) == type && other != node && !left--) break;
    add_subtree(child, parent, other);
    return 1;
}

static Mutation *const MUTATION[MUTATIONS] = {random_subtree, scalar_jittered, vector_jittered, function_swapped,
                                              wrapped,        unwrapped,       copied};

/* Ways of varying: each makes a child; 0 if it does not apply */

static int mutated(const Grammar *grammar, const Program *parent, Draws *draws, Program *child) {
    Mutation *how = MUTATION[draw_below(draws, MUTATIONS)];
    int64_t node;
    if (how == scalar_jittered || how == vector_jittered) {
        int64_t count = 0;
        for (int64_t i = 0; i < parent->length; i++) count += parent->codes[i] < FIRST;
        if (!count) return 0;
        int64_t left = draw_below(draws, count);
        for (node = 0;; node++)
            if (parent->codes[node] < FIRST && !left--) break;
    } else {
        node = draw_below(draws, parent->length);
    }
    clear(child);
    add_nodes(child, parent, 0, node);
    if (!how(grammar, parent, node, draws, child)) return 0;
    add_nodes(child, parent, parent->ends[node], parent->length);
    return 1;
}

static int64_t count_of(const Grammar *grammar, const Program *program, int32_t type) {
    int64_t count = 0;
    for (int64_t i = 1; i < program->length; i++) count += type_at(grammar, program, i) == type;
    return count;
}

static int64_t draw_node(const Grammar *grammar, const Program *program, int32_t type, Draws *draws) {
    int64_t left = draw_below(draws, count_of(grammar, program, type)), node = 1;
    while (type_at(grammar, program, node) != type || left--) node++;
    return node;
}

static int grafted(const Grammar *grammar, const Program *mother, const Program *father, Draws *draws, Program *child) {
    int32_t types[2];
    int64_t count = 0;
    for (int32_t type = VECTOR; type >= SCALAR; type--)
        if (count_of(grammar, mother, type) && count_of(grammar, father, type)) types[count++] = type;
    if (!count) return 0;
    const int32_t type = types[draw_below(draws, count)];
    const int64_t place = draw_node(grammar, mother, type, draws), from = draw_node(grammar, father, type, draws);
    clear(child);
    add_nodes(child, mother, 0, place);
    add_subtree(child, father, from);
    add_nodes(child, mother, mother->ends[place], mother->length);
    return 1;
}

static int same_arguments(const Grammar *grammar, int32_t one, int32_t other) {
    const int32_t *first = grammar->first, arity = first[one + 1] - first[one];
    return arity && arity == first[other + 1] - first[other] &&
           !memcmp(grammar->takes + first[one], grammar->takes + first[other], (size_t)arity * sizeof(int32_t));
}

static int merged(const Grammar *grammar, const Program *mother, const Program *father, Draws *draws, Program *child) {
    clear(child);
    for (int64_t m = 0, f = 0; m < mother->length;) {
        const int his = draw_below(draws, 2) == 1;
        if (same_arguments(grammar, mother->codes[m], father->codes[f])) {
            add_code(child, his ? father->codes[f] : mother->codes[m]);
            m++, f++;
        } else {
            add_subtree(child, his ? father : mother, his ? f : m);
            m = mother->ends[m], f = father->ends[f];
        }
    }
    return 1;
}

/* Offspring */

static int differs(const Program *one, const Program *other) {
    if (one->length != other->length || one->number_count != other->number_count) return 1;
    if (memcmp(one->codes, other->codes, (size_t)one->length * sizeof(uint16_t))) return 1;
    for (int64_t i = 0; i < one->number_count; i++)
        if (one->numbers[i] != other->numbers[i]) return 1;
    return 0;
}

/* Whether a variant differs and is within bounds. */
static int passes(const Grammar *grammar, Program *child, const Program *parent, const Bounds *bounds) {
    return child->length <= bounds->nodes && differs(child, parent) && indexed(grammar, child) &&
           child->heights[0] <= MAX_DEPTH;
}

/* A child of a mother, or of both. The two spares are used in turns; which of the three it is. */
static const Program *offspring(const Grammar *grammar, const Bounds *bounds, const Program *mother,
                                const Program *father, Draws *draws, Program spare[2]) {
    const Program *child = mother;
    Program *next = spare;
    if (father) {
        const int merges = draw_below(draws, 2) == 1;
        for (int try = 0; try < TRIES; try++) {
            if ((merges ? merged : grafted)(grammar, mother, father, draws, next) &&
                passes(grammar, next, mother, bounds)) {
                child = next, next = spare + 1;
                break;
            }
        }
    }
    if (!father || bounds->mutation) {
        int64_t times = 0;
        for (int64_t i = child->length; i--;)
            times += draw_uniform(draws) < bounds->mutation / (double)child->length;
        for (times += !times; times--;) {
            for (int try = 0; try < TRIES; try++) {
                if (mutated(grammar, child, draws, next) && passes(grammar, next, child, bounds)) {
                    child = next, next = spare + (next == spare);
                    break;
                }
            }
        }
    }
    return child->prices[0] <= bounds->price ? child : mother;
}

/* Memory for `count` programs of a capacity: the first has the block of all. */

static int reserve(Program *programs, int64_t count, int64_t capacity) {
    const size_t n = (size_t)capacity + 1;
    char *block = malloc((size_t)count * n * (3 * sizeof(double) + sizeof(int64_t) + 3 * sizeof(int32_t) + 8));
    if (!block) return 0;
    for (int64_t i = 0; i < count; i++) {
        Program *one = programs + i;
        *one = (Program){.capacity = capacity};
        one->numbers = (double *)block, block += 3 * n * sizeof(double);
        one->prices = (int64_t *)block, block += n * sizeof(int64_t);
        one->ends = (int32_t *)block, block += n * sizeof(int32_t);
        one->at = (int32_t *)block, block += n * sizeof(int32_t);
        one->heights = (int32_t *)block, block += n * sizeof(int32_t);
        one->codes = (uint16_t *)block, block += n * 4;
        block = (char *)(((uintptr_t)block + 7) & ~(uintptr_t)7);
    }
    return 1;
}

INLINE void release(Program *programs) { free(programs[0].numbers); }

/* Trees one after another (tree.py); ends[i] is where those of tree i end. */
typedef struct {
    uint16_t *codes;
    double *numbers;
    int64_t *code_ends, *number_ends;
} Forest;

/* Read a tree; 0 if it is not a program of the grammar. */
static int read_tree(const Grammar *grammar, const Forest *forest, int64_t tree, Program *program) {
    const int64_t code = tree ? forest->code_ends[tree - 1] : 0, number = tree ? forest->number_ends[tree - 1] : 0;
    clear(program);
    program->length = forest->code_ends[tree] - code;
    program->number_count = forest->number_ends[tree] - number;
    if (program->length < 1 || program->length > program->capacity || program->number_count < 0 ||
        program->number_count > 3 * program->capacity)
        return 0;
    memcpy(program->codes, forest->codes + code, (size_t)program->length * sizeof(uint16_t));
    memcpy(program->numbers, forest->numbers + number, (size_t)program->number_count * sizeof(double));
    return indexed(grammar, program);
}

static void write_tree(const Program *program, Forest *forest, int64_t tree) {
    const int64_t code = tree ? forest->code_ends[tree - 1] : 0, number = tree ? forest->number_ends[tree - 1] : 0;
    memcpy(forest->codes + code, program->codes, (size_t)program->length * sizeof(uint16_t));
    memcpy(forest->numbers + number, program->numbers, (size_t)program->number_count * sizeof(double));
    forest->code_ends[tree] = code + program->length;
    forest->number_ends[tree] = number + program->number_count;
}

/* The offspring of each pair of trees of a forest, father below 0 for none. No tree has more nodes than `capacity`, nor
   do the bounds allow more; `children` has room for as many nodes of each, and three times as many numbers. */
PUBLIC int64_t coevo_vary_trees(const Grammar *grammar, const Bounds *bounds, const Forest *parents,
                                const int64_t *pairs, const uint64_t *seeds, int64_t count, int64_t capacity,
                                Forest *children) {
    Program programs[4];
    if (!reserve(programs, 4, capacity)) return NO_MEMORY;
    int64_t outcome = GOOD;
    for (int64_t i = 0; i < count; i++) {
        Draws draws = seeds[i];
        const int64_t father = pairs[2 * i + 1];
        if (!read_tree(grammar, parents, pairs[2 * i], programs) ||
            (father >= 0 && !read_tree(grammar, parents, father, programs + 1))) {
            outcome = NO_PROGRAM;
            break;
        }
        write_tree(offspring(grammar, bounds, programs, father >= 0 ? programs + 1 : NULL, &draws, programs + 2),
                   children, i);
    }
    release(programs);
    return outcome;
}

/* Random programs of a type and a depth between two, within bounds if such are found. */
PUBLIC int64_t coevo_grow_trees(const Grammar *grammar, const Bounds *bounds, int64_t type, int64_t low, int64_t high,
                                const uint64_t *seeds, int64_t count, int64_t capacity, Forest *made) {
    Program program;
    if (!reserve(&program, 1, capacity)) return NO_MEMORY;
    int64_t outcome = GOOD;
    for (int64_t i = 0; i < count && !outcome; i++) {
        Draws draws = seeds[i];
        int found = 0;
        for (int try = 0; try < NEW_TRIES && !found; try++) {
            clear(&program);
            add_grown(grammar, &draws, (int32_t)type, low, high, &program);
            found = program.length <= bounds->nodes && indexed(grammar, &program) &&
                    program.prices[0] <= bounds->price;
        }
        if (!found) {
            clear(&program);
            add_grown(grammar, &draws, (int32_t)type, 0, 0, &program);
        }
        if (program.length > capacity)
            outcome = NO_MEMORY;
        else
            write_tree(&program, made, i);
    }
    release(&program);
    return outcome;
}

/* Text */

/* Write a number as Python's repr does; NULL if it has more than four decimals, or more than nine places before them. */
static char *add_repr(char *text, double number) {
    const double size = fabs(number), scaled = rint(size * 1e4);
    if (!(size < 1e9) || scaled / 1e4 != size) return NULL;
    const int64_t whole = (int64_t)scaled / 10000, rest = (int64_t)scaled % 10000;
    if (signbit(number)) *text++ = '-';
    char digits[12];
    int count = 0;
    for (int64_t left = whole; left || !count; left /= 10) digits[count++] = (char)('0' + left % 10);
    while (count) *text++ = digits[--count];
    *text++ = '.';
    int64_t left = rest, place = 1000;
    do {
        *text++ = (char)('0' + left / place);
        left %= place, place /= 10;
    } while (left);
    return text;
}

/* The text of trees, one after another; ends[i] is where that of tree i ends, and whole[i] is 0 for a tree whose numbers
   are for Python to write. Of `text` a node takes the longest symbol and three characters more at most, and 32 for each
   of its numbers. */
PUBLIC int64_t coevo_write_trees(const Grammar *grammar, const Forest *forest, int64_t count, int64_t capacity,
                                 char *text, int64_t *ends, uint8_t *whole) {
    Program program;
    if (!reserve(&program, 1, capacity)) return NO_MEMORY;
    int32_t *missing = program.heights; /* arguments of each open parenthesis, once the program is known to be one */
    char *to = text;
    int64_t outcome = GOOD;
    for (int64_t i = 0; i < count; i++) {
        if (!read_tree(grammar, forest, i, &program)) {
            outcome = NO_PROGRAM;
            break;
        }
        char *begin = to;
        const double *number = program.numbers;
        int64_t open = 0;
        for (int64_t node = 0; node < program.length && to; node++) {
            const int32_t code = program.codes[node], arity = arity_at(grammar, &program, node);
            if (node) *to++ = ' ';
            if (code < FIRST) {
                if (code == VECTOR) *to++ = '#', *to++ = '(';
                for (int32_t left = numbers_of(code); left-- && to;) {
                    to = add_repr(to, *number++);
                    if (to && left) *to++ = ' ';
                }
                if (to && code == VECTOR) *to++ = ')';
            } else {
                const int32_t first = grammar->symbols_first[code], length = grammar->symbols_first[code + 1] - first;
                if (arity) *to++ = '(';
                memcpy(to, grammar->symbols + first, (size_t)length);
                to += length;
            }
            if (arity) missing[open++] = arity;
            while (to && !arity && open && !--missing[open - 1]) open--, *to++ = ')';
        }
        whole[i] = to != NULL;
        if (!to) to = begin;
        ends[i] = to - text;
    }
    release(&program);
    return outcome;
}
