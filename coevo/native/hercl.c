/* HERCL's machine for whole populations (Blair 2013): plugins/coevo_hercl/language.py in machine code.

   A program is first put into a dense form: ends of bars vanish, branches and calls know where they lead, and every cell
   ends with an instruction that returns. */

#include "hercl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draws.h"

enum { STACK = 64, MEMORY = 64, CALLS = 64 };
enum { FINISHED, OUT_OF_STEPS, ENOUGH };
enum { NO_ARGUMENT = -1, LOCAL = -2, RETURN = -2 };

enum {
    ADD, AND, ASIN, BAR, BRANCH_BACK, BRANCH_FORWARD, COPY, DEC, EQUAL, EXP, GET, GREATER, INC, INPUT, JUMP_SUB, LOAD,
    LOG, MULTIPLY, MOD, NEG, NOT, OR, OUTPUT, POLAR, POP, PUSH, PUT, RANDOM, RECIPROCAL, ROUND, ROTATE, SCAN, SQRT,
    STORE, SWAP, TANH, TRIG, WRITE, OPCODES,
    GO_BACK = OPCODES, STOP /* of the dense form only: `return` and `halt` */
};

typedef struct {
    double value;   /* that is pushed */
    int32_t target; /* where a branch or a call leads */
    int16_t name;   /* of a register; NO_ARGUMENT: the current one; LOCAL */
    uint8_t opcode;
} Step;

typedef struct {
    Step *steps;   /* [codons + cells] */
    int32_t *bars; /* [codons + 1]: where the bars of a cell begin */
    int32_t cells[HERCL_CELLS];
} Dense;

/* One cell, from its first step on; where the next one begins. Calls have the number of their cell as a target. */
static int32_t condense_cell(const HerclPrograms *all, int64_t begin, int64_t end, int64_t registers, int32_t cell,
                             Dense *dense, int32_t at) {
    const int32_t first = at;
    int32_t bar = 0;
    dense->bars[0] = at;
    for (int64_t i = begin; i < end; i++) {
        const uint8_t opcode = all->codes[i];
        const int16_t argument = all->arguments[i];
        Step step = {all->values[i], 0, NO_ARGUMENT, opcode};
        switch (opcode) {
        case BAR:
            step.opcode = argument == RETURN ? GO_BACK : STOP;
            if (argument != NO_ARGUMENT) dense->steps[at++] = step;
            dense->bars[++bar] = at;
            continue;
        case BRANCH_FORWARD: step.target = bar + (argument == NO_ARGUMENT ? 1 : argument); break;
        case BRANCH_BACK: step.target = bar - (argument > 0 ? argument : 0); break;
        case JUMP_SUB: step.target = argument == NO_ARGUMENT ? cell + 1 : argument; break;
        default: step.name = (int16_t)(argument >= 0 ? argument % registers : argument);
        }
        dense->steps[at++] = step;
    }
    for (int32_t i = first; i < at; i++) {
        Step *step = dense->steps + i;
        if (step->opcode != BRANCH_FORWARD && step->opcode != BRANCH_BACK) continue;
        const int32_t target = step->target < 0 ? 0 : step->target;
        step->target = target < bar ? dense->bars[target] : at;
    }
    dense->steps[at++] = (Step){0, 0, NO_ARGUMENT, GO_BACK};
    return at;
}

static void condense(const HerclPrograms *all, int64_t program, int64_t registers, Dense *dense) {
    const int64_t code = all->code_ends[program], first = all->cell_ends[program];
    const int32_t cells = (int32_t)(all->cell_ends[program + 1] - first);
    int32_t count = 0;
    for (int32_t cell = 0; cell < cells; cell++) {
        const int64_t end = cell + 1 < cells ? code + all->cells[first + cell + 1] : all->code_ends[program + 1];
        dense->cells[cell] = count;
        count = condense_cell(all, code + all->cells[first + cell], end, registers, cell, dense, count);
    }
    for (int32_t i = 0; i < count; i++)
        if (dense->steps[i].opcode == JUMP_SUB) dense->steps[i].target = dense->cells[dense->steps[i].target % cells];
}

typedef struct {
    int32_t back; /* where to go on */
    double local; /* of the caller */
} Call;

/* What is undefined is 0. */
INLINE double defined(double x) { return x == x ? x : 0; }

INLINE double rounded(double x) { return rint(x) + 0.0; } /* no -0 */

INLINE int place(double x) { return fabs(x) < 0x1p62 ? (int)((int64_t)rint(x) & (MEMORY - 1)) : 0; }

/* A stack keeps its last items in a ring: `top` is the last one, `depth` their number. */
#define ITEM(below) stack[(top - (below)) & (STACK - 1)]
#define POPPED (depth--, stack[top-- & (STACK - 1)])
#define PUSH_NUMBER(x)                                                                                                 \
    {                                                                                                                  \
        const double pushed = x;                                                                                       \
        stack[++top & (STACK - 1)] = pushed, depth += depth < STACK;                                                   \
    }
#define PUSH_TRUTH(x) truths = truths << 1 | ((x) ? 1 : 0), judged += judged < STACK

#define CASE(opcode)                                                                                                   \
    case opcode:                                                                                                       \
        if (!left--) goto stopped;
#define UNARY(opcode, result)                                                                                          \
    CASE(opcode) if (depth) {                                                                                          \
        const double x = ITEM(0);                                                                                      \
        ITEM(0) = result;                                                                                              \
    }                                                                                                                  \
    continue;
#define BINARY(opcode, first, second)                                                                                  \
    CASE(opcode) if (depth > 1) {                                                                                      \
        const double x = ITEM(0), y = ITEM(1);                                                                         \
        ITEM(1) = first, ITEM(0) = second;                                                                             \
    }                                                                                                                  \
    continue;
#define ONE_OF_TWO(opcode, result)                                                                                     \
    CASE(opcode) if (depth > 1) {                                                                                      \
        const double x = POPPED, y = ITEM(0);                                                                          \
        ITEM(0) = result;                                                                                              \
    }                                                                                                                  \
    continue;
/* `name` is the register that the step names, from then on the current one. */
#define ON_REGISTER(opcode, action)                                                                                    \
    CASE(opcode) {                                                                                                     \
        if (step->name >= 0) current = step->name;                                                                     \
        double *const name = step->name == LOCAL ? &local : registers + current;                                       \
        action;                                                                                                        \
    }                                                                                                                  \
    continue;

/* Quotient and rest; the rest has the sign of x. */
static double divided(double y, double x, double *rest) {
    if (x == 0 || isinf(x) || isinf(y)) {
        *rest = y;
        return 0;
    }
    double left = fmod(y, x);
    if (left != 0 && (left < 0) != (x < 0)) left += x;
    *rest = left;
    return rounded((y - left) / x);
}

/* One trial. `registers` are set; the message slots are empty. */
static void run(const Dense *dense, const HerclTrials *trials, double *registers, const double *given, Draws draws,
                double *items, int32_t *lengths, int32_t *sent, int64_t *taken, uint8_t *ending) {
    double stack[STACK], memory[MEMORY] = {0}, local = 0;
    Call calls[CALLS];
    uint64_t truths = 0;
    uint32_t top = 0;
    int depth = 0, judged = 0, deep = 0, current = 0, why = FINISHED;
    int32_t messages = 0;
    int64_t left = trials->steps, written = 0, fetched = 0, next = 0;
    const int64_t room = trials->items;
    const Step *next_step = dense->steps + dense->cells[0];
    for (;;) {
        const Step *step = next_step++;
        switch (step->opcode) {
            CASE(PUSH) PUSH_NUMBER(step->value)
            continue;
            CASE(POP) if (depth) depth--, top--;
            continue;
            CASE(COPY) if (depth) PUSH_NUMBER(ITEM(0))
            continue;
            CASE(ROTATE) if (depth > 2) {
                const double x = ITEM(0), y = ITEM(1), z = ITEM(2);
                ITEM(2) = x, ITEM(1) = z, ITEM(0) = y;
            }
            continue;
            BINARY(SWAP, x, y)
            ONE_OF_TWO(ADD, defined(y + x))
            ONE_OF_TWO(MULTIPLY, defined(y * x))
            CASE(MOD) if (depth > 1) ITEM(1) = divided(ITEM(1), ITEM(0), &ITEM(0));
            continue;
            UNARY(RECIPROCAL, 1 / x)
            UNARY(NEG, -x)
            UNARY(SQRT, x > 0 ? sqrt(x) : 0)
            UNARY(EXP, exp(x))
            UNARY(LOG, x > 0 ? log(x) : -INFINITY)
            UNARY(ASIN, asin(x < -1 ? -1 : x > 1 ? 1 : x))
            UNARY(TANH, tanh(x))
            UNARY(ROUND, rounded(x))
            BINARY(POLAR, atan2(y, x), sqrt(x * x + y * y))
            BINARY(TRIG, isinf(y) ? 0 : defined(x * sin(y)), isinf(y) ? 0 : defined(x * cos(y)))
            CASE(RANDOM) PUSH_NUMBER(draw_uniform(&draws))
            continue;
            ON_REGISTER(GET, PUSH_NUMBER(*name))
            ON_REGISTER(PUT, if (depth) *name = POPPED)
            ON_REGISTER(INC, *name += 1)
            ON_REGISTER(DEC, *name -= 1)
            ON_REGISTER(LOAD, if (isfinite(*name)) PUSH_NUMBER(memory[place(*name)]))
            ON_REGISTER(STORE, if (isfinite(*name) && depth) memory[place(*name)] = POPPED)
            ON_REGISTER(EQUAL, if (depth) PUSH_TRUTH(*name == ITEM(0)))
            ON_REGISTER(GREATER, if (depth) PUSH_TRUTH(*name > ITEM(0)))
            CASE(NOT) if (judged) truths ^= 1;
            continue;
            CASE(AND) if (judged > 1) judged--, truths = truths >> 1 & (truths | ~(uint64_t)1);
            continue;
            CASE(OR) if (judged > 1) judged--, truths = truths >> 1 | (truths & 1);
            continue;
        case BRANCH_FORWARD:
            CASE(BRANCH_BACK) if (judged) {
                const uint64_t truth = truths & 1;
                judged--, truths >>= 1;
                if (truth) next_step = dense->steps + step->target;
            }
            continue;
            CASE(JUMP_SUB) if (deep < CALLS - 1) {
                calls[deep++] = (Call){(int32_t)(next_step - dense->steps), local};
                next_step = dense->steps + step->target, local = 0;
            }
            continue;
        case GO_BACK: /* no step, as the ends of bars are none */
            if (!deep--) goto ended;
            next_step = dense->steps + calls[deep].back, local = calls[deep].local;
            continue;
            CASE(INPUT) fetched = trials->width, next = 0;
            continue;
            CASE(SCAN) if (next < fetched) PUSH_NUMBER(given[next++])
            continue;
            CASE(WRITE) if (depth) {
                const double x = POPPED;
                if (written < room) items[written++] = x;
            }
            continue;
            CASE(OUTPUT) lengths[messages++] = (int32_t)written;
            items += room, written = 0;
            if (messages == trials->messages) {
                why = ENOUGH;
                goto ended;
            }
            continue;
        case STOP: goto ended;
        default: continue; /* there is no other opcode in a program */
        }
    }
stopped:
    left = 0, why = OUT_OF_STEPS;
ended:
    memset(items, 0, (size_t)written * sizeof(double)); /* what was never sent */
    *sent = messages, *taken = trials->steps - left, *ending = (uint8_t)why;
}

/* Trials from first to last of all programs' trials, one program's after another's. 0 if there is no memory. */
PUBLIC int64_t coevo_hercl_run(const HerclPrograms *programs, const HerclTrials *trials, const HerclResults *results,
                               int64_t first, int64_t last) {
    int64_t longest = 0;
    for (int64_t i = 0; i < programs->count; i++) {
        const int64_t length = programs->code_ends[i + 1] - programs->code_ends[i];
        longest = length > longest ? length : longest;
    }
    Dense dense = {0};
    dense.steps = malloc((size_t)(longest + HERCL_CELLS) * sizeof(Step));
    dense.bars = malloc((size_t)(longest + 1) * sizeof(int32_t));
    const int64_t slots = trials->messages;
    int64_t condensed = -1;
    if (dense.steps && dense.bars)
        for (int64_t i = first; i < last; i++) {
            const int64_t program = i / trials->count, trial = i % trials->count;
            const double *given = trials->inputs + trial * trials->width;
            double registers[HERCL_REGISTERS] = {0};
            const int64_t loaded = trials->width < trials->registers ? trials->width : trials->registers;
            if (program != condensed) condense(programs, program, trials->registers, &dense);
            condensed = program;
            if (trials->preload) memcpy(registers, given, (size_t)loaded * sizeof(double));
            Draws mixed = trials->seeds[program] ^ (uint64_t)(trials->first + trial) * 0xd1b54a32d192ed03u;
            run(&dense, trials, registers, given, draw_bits(&mixed), results->items + i * slots * trials->items,
                results->lengths + i * slots, results->counts + i, results->steps + i, results->endings + i);
        }
    const int64_t done = dense.steps && dense.bars;
    free(dense.steps), free(dense.bars);
    return done;
}
