/* Cellular automata and agents whose rule is a plan over the planes of the input: coevo_ca/growth.py in machine code.

   The planes of the input are the state of every cell, channel after channel, the clock and, with agents, who is there.
   Nothing here contracts or reorders sums, so that the bytes are those of NumPy's loops over the same plan. */

#include "draw.h"
#include "instructions.h"

static const float PEN_DOWN = -0.5f; /* and above */

INLINE void set_clock(float *clock, int64_t cells, float time) {
    for (int64_t i = 0; i < cells; i++) clock[i] = time;
}

/* Every cell goes from its state towards what its rule makes of its neighbours, all at once, and keeps a share of what
   it was. `job` shows as many channels as a state has; states: [2, channels + 1, cells], the first of which holds the
   start. The end is in the first if the steps are even. */
PUBLIC void coevo_automaton(const Job *job, float *states, int64_t channels, float inertia, const float *times,
                            int64_t steps) {
    const int64_t cells = job->width * job->height, size = (channels + 1) * cells;
    for (int64_t step = 0; step < steps; step++) {
        float *now = states + (step % 2) * size, *next = states + (1 - step % 2) * size;
        Job one = *job;
        one.inputs = now, one.shown = next, one.stride = cells;
        set_clock(now + channels * cells, cells, times[step]);
        coevo_draw(&one, 0, cells);
        if (inertia > 0)
            for (int64_t i = 0; i < channels * cells; i++) next[i] += inertia * (now[i] - next[i]);
    }
}

/* Agents read the world around their cells, paint them, and move: what is shown of each, [6, agents], is a colour, how
   far it moves to the right and below, and its pen, all from -1 to 1 as all that a plan shows. world: [3 + 2, cells];
   numbers: what each agent is known by. Of two in one cell the later counts. */
PUBLIC void coevo_agents(const Job *job, float *world, int64_t *cells, const float *numbers, int64_t agents,
                         const float *times, int64_t steps) {
    const int64_t width = job->width, height = job->height, size = width * height;
    float *there = world + 4 * size;
    for (int64_t step = 0; step < steps; step++) {
        set_clock(world + 3 * size, size, times[step]);
        for (int64_t i = 0; i < agents; i++) there[cells[i]] = numbers[i];
        coevo_draw(job, 0, agents);
        for (int64_t i = 0; i < agents; i++) there[cells[i]] = 0;
        for (int64_t i = 0; i < agents; i++) {
            const float *shown = job->shown + i;
            const int64_t cell = cells[i];
            if (shown[5 * agents] >= PEN_DOWN)
                for (int64_t k = 0; k < 3; k++) world[k * size + cell] = shown[k * agents];
            const int64_t x = around(cell % width + (int64_t)rintf(shown[3 * agents]), width);
            const int64_t y = around(cell / width + (int64_t)rintf(shown[4 * agents]), height);
            cells[i] = y * width + x;
        }
    }
}
