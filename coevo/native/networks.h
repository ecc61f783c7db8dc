/* Networks as arrays, as plugins/coevo_cppn/network.py has them. Many lie one after another: network i has the nodes from
   node_first[i] to node_first[i + 1], and links likewise. */

#ifndef COEVO_NETWORKS_H
#define COEVO_NETWORKS_H

#include "native.h"

enum { INPUTS = 4, OUTPUTS = 4 }; /* x, y, d and bias; ink, or hue, saturation and brightness */

typedef struct {
    uint64_t name; /* OUTPUT_NAMES + i of an output; the top bit is set if it is a hash */
    int64_t activation;
} NetworkNode;

typedef struct {
    int32_t source, target; /* inputs are 0 to 3, then come the nodes */
    double weight;
} NetworkLink;

typedef struct {
    const NetworkNode *nodes;
    const NetworkLink *links;
    const int64_t *node_first, *link_first;
    int64_t count;
} Networks;

#define OUTPUT_NAMES ((uint64_t)1 << 40)

INLINE int is_output(const NetworkNode *node) { return node->name >> 2 == OUTPUT_NAMES >> 2; }

#endif
