/* Execution of plans on a GPU (coevo/shader/gpu.py): one launch for all pixels of many plans.

   As on the processor (draw.c), a step is fetched and decoded once for several pixels: for four of each of the 32
   threads of a block, which follow one plan and so never part. Registers are in shared memory, and no thread reads those
   of another. The arithmetic is that of instructions.h and is compiled without contraction, so that the bits are the
   processor's; but see `sine` below. */

#include "native.h"

#ifdef __CUDACC__
#undef INLINE
#define INLINE static __device__ __forceinline__
#endif

#include "instructions.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Double precision is 32 to 64 times as slow as single on all but the large accelerators. CUDA's own functions are
   within two units in the last place. */
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ % 100 != 0 || __CUDA_ARCH__ > 1000)
#define SLOW_DOUBLES
#endif
#ifdef SLOW_DOUBLES
#define sine(x) sinf(x)
#define cosine(x) cosf(x)
#endif

#define THREADS 32 /* of a block */
#define TOGETHER 4 /* pixels of a thread */
#define EACH for (int i = 0; i < TOGETHER; i++)

typedef struct {
    int32_t code;    /* opcode | which arguments are numbers << 8 | register to fill << 16 */
    int32_t a, b, c; /* registers, or the bits of numbers; of a line its number, and of `show` the channel is b */
} __attribute__((aligned(16))) PackedStep;

typedef struct {
    int32_t first, stop; /* its steps */
} PackedPlan;

typedef struct {
    float of[TOGETHER];
} __attribute__((aligned(16))) Pixels;

extern __shared__ Pixels registers[]; /* [.., THREADS] */

INLINE Pixels read(const Pixels *own, const PackedStep *step, int number, int32_t argument) {
    Pixels all;
    if (!(step->code >> (8 + number) & 1)) return own[argument * THREADS];
    EACH all.of[i] = as_float((uint32_t)argument);
    return all;
}

#define CASE(name, value)                                                                                              \
    case OP_##name: {                                                                                                  \
        const Pixels p = read(own, &step, 0, step.a), q = read(own, &step, 1, step.b), r = read(own, &step, 2, step.c); \
        EACH {                                                                                                         \
            const float a = p.of[i], b = q.of[i], c = r.of[i];                                                         \
            (void)a, (void)b, (void)c;                                                                                 \
            out.of[i] = value;                                                                                         \
        }                                                                                                              \
        break;                                                                                                         \
    }

/* Block b draws tile b % tiles of plan b / tiles.

   rows, columns: the values of lines, [.., width] and [.., pixels / width]; shown: [.., pixels]. */
__global__ void __launch_bounds__(THREADS)
    coevo_draw_plans(const PackedPlan *__restrict__ plans, const PackedStep *__restrict__ steps,
                     const float *__restrict__ rows, const float *__restrict__ columns, float *__restrict__ shown,
                     int32_t tiles, int32_t width, int32_t pixels) {
    const PackedPlan plan = plans[blockIdx.x / tiles];
    const int32_t height = pixels / width;
    const int32_t pixel = ((int32_t)(blockIdx.x % tiles) * THREADS + (int32_t)threadIdx.x) * TOGETHER;
    if (pixel >= pixels) return;
    Pixels *own = registers + threadIdx.x;
    int32_t x[TOGETHER], y[TOGETHER];
    EACH {
        const int32_t at = pixel + i < pixels ? pixel + i : pixels - 1;
        y[i] = at / width;
        x[i] = at - y[i] * width;
    }
    PackedStep next = steps[plan.first];
    for (int32_t s = plan.first; s < plan.stop; s++) {
        const PackedStep step = next;
        next = steps[s + 1]; /* there is one more than needed */
        Pixels out;
        switch (step.code & 0xff) {
            CHEAP(CASE)
            CASE(multiply_add, a * b + c)
            OTHERS(CASE)
        case OP_row:
            EACH out.of[i] = rows[(int64_t)step.a * width + x[i]];
            break;
        case OP_column:
            EACH out.of[i] = columns[(int64_t)step.a * height + y[i]];
            break;
        default: { /* OP_show */
            const Pixels p = read(own, &step, 0, step.a);
            float *channel = shown + (int64_t)step.b * pixels + pixel;
            EACH out.of[i] = number_within(p.of[i], -1, 1);
            if (pixels % TOGETHER)
                EACH {
                    if (pixel + i < pixels) channel[i] = out.of[i];
                }
            else
                *(Pixels *)channel = out; /* in one transaction */
            continue;
        }
        }
        own[(step.code >> 16) * THREADS] = out;
    }
}

#ifdef __cplusplus
}
#endif
