/* Processes of one machine that put numbers together, in memory that they share.

   An area begins with a counter of arrivals and the processes' ids; then come two rows of slots, a slot for each
   process. Each copies a part of its numbers into its slot, waits until all have arrived, and reads all slots. The next
   part goes to the other row: whoever is there has read the first, as nobody gets beyond a part that others have not
   reached. Sums are taken in the order of the processes, so that they are the same everywhere. */

#define _POSIX_C_SOURCE 200809L /* kill, nanosleep */

#include "native.h"

#ifndef _WIN32

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PROCESSES = 1024, SLOT = 1 << 20, SPINS = 2000, YIELDS = 200, LOOKS = 500 };

typedef struct {
    _Atomic int64_t arrived;
    char apart[120]; /* the counter has a line of the cache to itself */
    int64_t ids[PROCESSES];
} Head;

INLINE char *slot(Head *head, int64_t size, int64_t turn, int64_t rank) {
    return (char *)(head + 1) + ((turn & 1) * size + rank) * SLOT;
}

INLINE void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Whether a process has ended, though nobody may have asked for its exit code yet: then Linux keeps its id. */
static int64_t has_ended(int64_t id) {
    if (kill((pid_t)id, 0)) return errno == ESRCH;
    char path[40], line[512] = "";
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)id);
    FILE *file = fopen(path, "r"); /* "id (name) state …"; the name may have brackets too */
    if (!file) return 0;
    const char *name_end = fgets(line, sizeof line, file) ? strrchr(line, ')') : 0;
    fclose(file);
    return name_end && name_end[1] && (name_end[2] == 'Z' || name_end[2] == 'X');
}

/* Whether one of the processes has ended; 0 is the id of one that has not begun. */
static int64_t ended(const Head *head, int64_t size) {
    for (int64_t rank = 0; rank < size; rank++)
        if (head->ids[rank] && has_ended(head->ids[rank])) return 1;
    return 0;
}

/* Say that this process has filled its slot, and wait until all have: 0, or 1 if one of them has ended. */
static int64_t meet(Head *head, int64_t size, int64_t turn) {
    int64_t all = (turn + 1) * size;
    atomic_fetch_add_explicit(&head->arrived, 1, memory_order_acq_rel);
    for (int64_t look = 0; atomic_load_explicit(&head->arrived, memory_order_acquire) < all; look++) {
        if (look < SPINS) {
            pause_briefly();
        } else if (look < SPINS + YIELDS) {
            sched_yield();
        } else {
            if (look % LOOKS == 0 && ended(head, size)) return 1;
            nanosleep(&(struct timespec){0, 100000}, 0);
        }
    }
    return 0;
}

PUBLIC int64_t coevo_shared_bytes(int64_t size) {
    return size <= PROCESSES ? (int64_t)sizeof(Head) + 2 * size * SLOT : 0;
}

/* Enter an area, which is all zeros before the first process comes. */
PUBLIC void coevo_shared_enter(Head *head, int64_t rank, int64_t id) { head->ids[rank] = id; }

/* Replace n numbers by their sums over all processes, times `scale`. `turn` counts the parts so far. 0, or 1 if a
   process has ended. */
EVERY_PROCESSOR
PUBLIC int64_t coevo_shared_sum(Head *head, int64_t rank, int64_t size, int64_t *turn, float *numbers, int64_t n, float scale) {
    enum { MOST = SLOT / sizeof(float) };
    for (int64_t start = 0; start < n; start += MOST, ++*turn) {
        int64_t count = n - start < MOST ? n - start : MOST;
        float *mine = numbers + start;
        memcpy(slot(head, size, *turn, rank), mine, count * sizeof(float));
        if (meet(head, size, *turn)) return 1;
        const float *first = (const float *)slot(head, size, *turn, 0), *second = (const float *)slot(head, size, *turn, 1);
        for (int64_t i = 0; i < count; i++) mine[i] = first[i] + second[i];
        for (int64_t other = 2; other < size; other++) {
            const float *theirs = (const float *)slot(head, size, *turn, other);
            for (int64_t i = 0; i < count; i++) mine[i] += theirs[i];
        }
        for (int64_t i = 0; i < count; i++) mine[i] *= scale;
    }
    return 0;
}

/* Bytes [n] of every process, one after another: all [size, n]. 0, or 1 if a process has ended. */
PUBLIC int64_t coevo_shared_gather(Head *head, int64_t rank, int64_t size, int64_t *turn, const char *mine, int64_t n, char *all) {
    for (int64_t start = 0; start < n; start += SLOT, ++*turn) {
        int64_t count = n - start < SLOT ? n - start : SLOT;
        memcpy(slot(head, size, *turn, rank), mine + start, count);
        if (meet(head, size, *turn)) return 1;
        for (int64_t other = 0; other < size; other++)
            memcpy(all + other * n + start, slot(head, size, *turn, other), count);
    }
    return 0;
}

#endif
