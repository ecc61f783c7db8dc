/* Execution of plans on a GPU (coevo/shader/gpu.py): one launch for all pixels of many plans.

   As on the processor (draw.c), a step is fetched and decoded once for several pixels: for eight of each of the 32
   threads of a block, which follow one plan and so never part. Registers are in shared memory, or in the device's if they
   are too many; no thread reads those of another. The arithmetic is that of instructions.h and is compiled without
   contraction, so that the bits are the processor's; but see `sine` below. */

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
#define QUADS 2    /* of neighbouring pixels, of a thread */
#define TOGETHER (4 * QUADS)
#define EACH for (int i = 0; i < TOGETHER; i++)
#define EACH_QUAD for (int q = 0; q < QUADS; q++)

/* A step is an int4, which is fetched at once. x: opcode | A_NUMBER, B_NUMBER, C_NUMBER | register to fill << 16;
   y, z, w: registers, or the bits of numbers; of a line its number is y, and of `show` the channel is z. */
enum { A_NUMBER = 32, B_NUMBER = 64, C_NUMBER = 128, OPCODE = 31 };
typedef char EveryOpcodeFits[(int)OP_show <= (int)OPCODE ? 1 : -1];

typedef struct {
    int32_t first, stop; /* its steps */
} PackedPlan;

typedef struct {
    float of[4];
} __attribute__((aligned(16))) Quad;

typedef struct {
    Quad quads[QUADS];
} Pixels;

#define OF(pixels) (pixels).quads[i / 4].of[i % 4]

extern __shared__ Quad registers[]; /* [.., QUADS, THREADS] */

INLINE Pixels read(const Quad *own, int32_t argument) {
    Pixels all;
    EACH_QUAD all.quads[q] = own[(argument * QUADS + q) * THREADS];
    return all;
}

INLINE Pixels read_or_spread(const Quad *own, int32_t argument, int32_t number) {
    Pixels all;
    if (!number) return read(own, argument);
    EACH OF(all) = as_float((uint32_t)argument);
    return all;
}

/* A cheap instruction is done before a number is spread over the pixels: it has cases of its own for one. */
#define CHEAP_CASES(name, value)                                                                                       \
    case OP_##name: {                                                                                                  \
        const Pixels A = read(own, step.y), B = read(own, step.z);                                                     \
        EACH {                                                                                                         \
            const float a = OF(A), b = OF(B);                                                                          \
            OF(out) = value;                                                                                           \
        }                                                                                                              \
        break;                                                                                                         \
    }                                                                                                                  \
    case OP_##name | B_NUMBER: {                                                                                       \
        const Pixels A = read(own, step.y);                                                                            \
        const float b = as_float((uint32_t)step.z);                                                                    \
        EACH {                                                                                                         \
            const float a = OF(A);                                                                                     \
            OF(out) = value;                                                                                           \
        }                                                                                                              \
        break;                                                                                                         \
    }                                                                                                                  \
    case OP_##name | A_NUMBER: {                                                                                       \
        const float a = as_float((uint32_t)step.y);                                                                    \
        const Pixels B = read(own, step.z);                                                                            \
        EACH {                                                                                                         \
            const float b = OF(B);                                                                                     \
            OF(out) = value;                                                                                           \
        }                                                                                                              \
        break;                                                                                                         \
    }

#define ANY_CASE(name, value)                                                                                          \
    case OP_##name: {                                                                                                  \
        const Pixels A = read_or_spread(own, step.y, step.x & A_NUMBER);                                               \
        const Pixels B = read_or_spread(own, step.z, step.x & B_NUMBER);                                               \
        const Pixels C = read_or_spread(own, step.w, step.x & C_NUMBER);                                               \
        EACH {                                                                                                         \
            const float a = OF(A), b = OF(B), c = OF(C);                                                               \
            (void)a, (void)b, (void)c;                                                                                 \
            OF(out) = value;                                                                                           \
        }                                                                                                              \
        break;                                                                                                         \
    }

/* What is drawn, as coevo/shader/gpu.py lays it out: the pixels of plan p's picture are those of `tiles` blocks.

   rows, columns: the values of lines, [.., width] and [.., pixels / width]; shown: [.., pixels]. */
#define SHEET                                                                                                          \
    const PackedPlan *__restrict__ plans, const int4 *__restrict__ steps, const float *__restrict__ rows,              \
        const float *__restrict__ columns, float *__restrict__ shown, int32_t tiles, int32_t width, int32_t pixels

static __device__ __forceinline__ void draw_block(SHEET, int32_t block, Quad *own) {
    const PackedPlan plan = plans[block / tiles];
    const int32_t height = pixels / width;
    const int32_t first = (block % tiles * THREADS * QUADS + (int32_t)threadIdx.x) * 4;
    int32_t x[TOGETHER], y[TOGETHER];
    EACH {
        const int32_t pixel = first + i / 4 * THREADS * 4 + i % 4, at = pixel < pixels ? pixel : pixels - 1;
        y[i] = at / width;
        x[i] = at - y[i] * width;
    }
    int4 next = __ldg(steps + plan.first);
    for (int32_t s = plan.first; s < plan.stop; s++) {
        const int4 step = next;
        next = __ldg(steps + s + 1); /* there is one more than needed */
        Pixels out;
        switch (step.x & (OPCODE | A_NUMBER | B_NUMBER | C_NUMBER)) {
            CHEAP(CHEAP_CASES)
        case OP_multiply_add | B_NUMBER: {
            const Pixels A = read(own, step.y), C = read(own, step.w);
            const float b = as_float((uint32_t)step.z);
            EACH OF(out) = OF(A) * b + OF(C);
            break;
        }
        case OP_row:
            EACH OF(out) = rows[(int64_t)step.y * width + x[i]];
            break;
        case OP_column:
            EACH OF(out) = columns[(int64_t)step.y * height + y[i]];
            break;
        default:
            switch (step.x & OPCODE) {
                CHEAP(ANY_CASE)
                ANY_CASE(multiply_add, a * b + c)
                OTHERS(ANY_CASE)
            default: { /* OP_show */
                const Pixels A = read_or_spread(own, step.y, step.x & A_NUMBER);
                float *channel = shown + (int64_t)step.z * pixels;
                EACH OF(out) = number_within(OF(A), -1, 1);
                EACH_QUAD {
                    const int32_t pixel = first + q * THREADS * 4;
                    if (pixels % 4 == 0 && pixel < pixels)
                        *(Quad *)(channel + pixel) = out.quads[q]; /* in one transaction */
                    else
                        for (int i = 0; i < 4 && pixel + i < pixels; i++) channel[pixel + i] = out.quads[q].of[i];
                }
                continue;
            }
            }
        }
        EACH_QUAD own[((step.x >> 16) * QUADS + q) * THREADS] = out.quads[q];
    }
}

__global__ void __launch_bounds__(THREADS) coevo_draw_near(SHEET) {
    draw_block(plans, steps, rows, columns, shown, tiles, width, pixels, blockIdx.x, registers + threadIdx.x);
}

/* The blocks from `begin` on; far: [blocks, most registers, QUADS, THREADS]. */
__global__ void __launch_bounds__(THREADS) coevo_draw_far(SHEET, int32_t begin, Quad *far, int32_t most) {
    Quad *own = far + (int64_t)blockIdx.x * most * QUADS * THREADS + threadIdx.x;
    draw_block(plans, steps, rows, columns, shown, tiles, width, pixels, begin + (int32_t)blockIdx.x, own);
}

#ifdef __cplusplus
}
#endif
