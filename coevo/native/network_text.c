/* The texts of networks: compact JSON, as network.py writes it. */

#include <math.h>
#include <string.h>

#include "networks.h"

typedef char Word[12]; /* ended by 0s */

static char *put(char *at, const char *text) {
    while (*text) *at++ = *text++;
    return at;
}

/* A name in quotes. */
static char *put_name(char *at, uint64_t name, const Word *outputs) {
    *at++ = '"';
    if (name >> 2 == OUTPUT_NAMES >> 2)
        at = put(at, outputs[name & 3]);
    else
        for (int shift = 36; shift >= 0; shift -= 4) *at++ = "0123456789abcdef"[name >> shift & 15];
    *at++ = '"';
    return at;
}

/* A weight of at most six decimals as JSON has it, so that it is read again without loss; NULL if it has more. */
static char *put_weight(char *at, double weight) {
    double millionths = rint(weight * 1e6);
    if (!(fabs(millionths) <= 1e9) || millionths / 1e6 != weight) return 0;
    int64_t left = (int64_t)fabs(millionths), unit = 100000;
    if (signbit(weight)) *at++ = '-';
    if (left && left < 10) {
        *at++ = (char)('0' + left);
        return put(at, "e-6");
    }
    int64_t whole = left / 1000000;
    for (int64_t ten = 1000; ten; ten /= 10)
        if (whole >= ten || ten == 1) *at++ = (char)('0' + whole / ten % 10);
    *at++ = '.';
    left %= 1000000;
    do {
        *at++ = (char)('0' + left / unit);
        left %= unit, unit /= 10;
    } while (left);
    return at;
}

/* Writes the texts of networks one after another to `text`, and their ends to `ends`. A network that has a name or a
   weight that machine code does not write has an empty text. `words`: the names of inputs, outputs and activations. */
PUBLIC void coevo_networks_text(const Networks *networks, const Word *words, char *text, int64_t *ends) {
    const Word *outputs = words + INPUTS, *activations = outputs + OUTPUTS;
    char *at = text;
    for (int64_t i = 0; i < networks->count; i++) {
        const NetworkNode *nodes = networks->nodes + networks->node_first[i];
        int64_t node_count = networks->node_first[i + 1] - networks->node_first[i];
        char *begin = at;
        int colour = 1;
        for (int64_t k = 0; at && k < node_count; k++) {
            if (nodes[k].name == OUTPUT_NAMES) colour = 0;
            if (nodes[k].name >> 63) at = 0;
        }
        if (at) {
            at = put(at, "{\"outputs\":[");
            for (int k = colour ? 1 : 0; k < (colour ? OUTPUTS : 1); k++) {
                at = put_name(at, OUTPUT_NAMES + (uint64_t)k, outputs);
                *at++ = ',';
            }
            at = put(at - 1, "],\"nodes\":{");
            for (int64_t k = 0; k < node_count; k++) {
                at = put_name(at, nodes[k].name, outputs);
                at = put(put(put(at, ":\""), activations[nodes[k].activation]), "\",");
            }
            at = put(at - 1, "},\"links\":[");
        }
        for (int64_t k = networks->link_first[i]; at && k < networks->link_first[i + 1]; k++) {
            NetworkLink link = networks->links[k];
            *at++ = '[';
            if (link.source < INPUTS)
                at = put(put(put(at, "\""), words[link.source]), "\"");
            else
                at = put_name(at, nodes[link.source - INPUTS].name, outputs);
            *at++ = ',';
            at = put_name(at, nodes[link.target - INPUTS].name, outputs);
            *at++ = ',';
            at = put_weight(at, link.weight);
            if (at) at = put(at, "],");
        }
        if (at && networks->link_first[i] < networks->link_first[i + 1]) at--; /* the last comma */
        at = at ? put(at, "]}") : begin;
        ends[i] = at - text;
    }
}
