/* CUDA's driver as far as coevo/shader/cuda.py calls it, with a processor for a GPU: it knows the kernels of kernel.cu,
   which is compiled here as C, and executes it block after block and thread after thread. A kernel whose threads read
   what others wrote would need more. */

#include <stddef.h>
#include <stdint.h>

#define __global__
#define __device__
#define __forceinline__
#define __shared__
#define __launch_bounds__(threads)
typedef struct {
    unsigned x;
} Index;
static Index blockIdx, threadIdx;
typedef struct {
    int x, y, z, w;
} int4;
#define __ldg(address) (*(address))

#include "../../coevo/native/kernel.cu"

#define SHARED (227 << 10) /* bytes, as on an H100 */
Quad registers[SHARED / sizeof(Quad)];
static int allowed = 48 << 10;

PUBLIC int cuCtxGetDevice(int *device) {
    *device = 0;
    return 0;
}

PUBLIC int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = SHARED;
    return attribute != 97 || device;
}

PUBLIC int cuModuleLoadData(void **module, const void *binary) {
    *module = (void *)binary;
    return binary ? 0 : 200;
}

PUBLIC int cuModuleGetFunction(void **function, void *module, const char *name) {
    (void)module;
    *function = !strcmp(name, "coevo_draw_near") ? (void *)coevo_draw_near : (void *)coevo_draw_far;
    return strcmp(name, "coevo_draw_near") && strcmp(name, "coevo_draw_far") ? 500 : 0;
}

PUBLIC int cuFuncSetAttribute(void *function, int attribute, int value) {
    if (!function || attribute != 8 || value > SHARED) return 1;
    allowed = value;
    return 0;
}

PUBLIC int cuGetErrorString(int error, const char **words) {
    *words = error == 500 ? "named symbol not found" : "invalid argument";
    return 0;
}

#define SHEET_OF(with)                                                                                                 \
    *(const PackedPlan **)with[0], *(const int4 **)with[1], *(const float **)with[2], *(const float **)with[3],        \
        *(float **)with[4], *(int32_t *)with[5], *(int32_t *)with[6], *(int32_t *)with[7]

PUBLIC int cuLaunchKernel(void *function, unsigned blocks, unsigned y, unsigned z, unsigned threads, unsigned tall,
                          unsigned deep, unsigned shared, void *stream, void **with, void **extra) {
    if (!function || y != 1 || z != 1 || tall != 1 || deep != 1 || extra || stream) return 1;
    if (threads != THREADS || !blocks || (int)shared > allowed) return 1;
#ifdef __SSE__
    unsigned mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | 0x8040); /* --ftz=true */
#endif
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) {
        memset(registers, 0xff, shared); /* a register that was not filled is not a number */
        for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++) {
            if (function == (void *)coevo_draw_near)
                coevo_draw_near(SHEET_OF(with));
            else
                coevo_draw_far(SHEET_OF(with), *(int32_t *)with[8], *(Quad **)with[9], *(int32_t *)with[10]);
        }
    }
#ifdef __SSE__
    __builtin_ia32_ldmxcsr(mode);
#endif
    return 0;
}
