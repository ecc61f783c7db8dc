/* NEAT's variation of whole generations: neat.py in machine code. Both make the same children of the same draws. */

#include "networks.h"

#include <stdlib.h>
#include <string.h>

#include "draws.h"

typedef struct {
    double link, node, weights; /* up to where a draw from 0 to 1 means this kind of mutation; beyond, an activation */
    double range, step, least, most; /* of a weight; of its change, and the logarithm of that one's magnitude */
    double part;                     /* the probability of one mutation more than `mutations` */
    int64_t mutations, max_links, activations, tries;
} Rules;

/* A table of whole numbers by key. */
typedef struct {
    uint64_t key;
    int64_t value; /* + 1; 0 if the slot is free */
} Slot;

typedef struct {
    Slot *slots;
    uint64_t mask;
} Table;

/* An empty table for `count` keys. `slots` has room for four times as many. */
static Table emptied(Slot *slots, int64_t count) {
    uint64_t room = 2;
    while (room < (uint64_t)count * 2) room *= 2;
    memset(slots, 0, room * sizeof(Slot));
    return (Table){slots, room - 1};
}

/* The slot of a key, or the free one where it belongs. */
static Slot *slot_of(Table table, uint64_t key) {
    uint64_t hash = (key ^ key >> 32) * 0x9e3779b97f4a7c15u;
    Slot *slot;
    for (uint64_t at = hash >> 32;; at++) {
        slot = &table.slots[at & table.mask];
        if (!slot->value || slot->key == key) return slot;
    }
}

/* The number that a key has; it is `next` if the key is new. */
static int64_t numbered(Table table, uint64_t key, int64_t next) {
    Slot *slot = slot_of(table, key);
    if (!slot->value) *slot = (Slot){key, next + 1};
    return slot->value - 1;
}

static uint64_t pair(int64_t source, int64_t target) { return (uint64_t)source << 32 | (uint64_t)target; }

static Slot *slots_for(int64_t count) { return malloc(sizeof(Slot) * 4 * (size_t)(count + 1)); }

/* A child, and memory to work with. */
typedef struct {
    NetworkNode *nodes;
    NetworkLink *links;
    int64_t node_count, link_count;
    Draws draws;
    uint8_t *reached;
    int64_t *counterparts;
    Slot *slots;
} Child;

static double clipped(const Rules *rules, double weight) {
    weight = weight > rules->range ? rules->range : weight;
    weight = weight < -rules->range ? -rules->range : weight;
    return rint(weight * 1e6) / 1e6 + 0.0; /* no -0 */
}

/* Whether a path leads from one node to another. */
static int leads(Child *child, int32_t source, int32_t target) {
    uint8_t *reached = child->reached;
    memset(reached, 0, (size_t)(INPUTS + child->node_count));
    reached[source] = 1;
    for (int again = 1; again && !reached[target];) {
        again = 0;
        for (int64_t i = 0; i < child->link_count; i++) {
            NetworkLink link = child->links[i];
            if (reached[link.source] && !reached[link.target]) reached[link.target] = 1, again = 1;
        }
    }
    return reached[target];
}

static int linked(const Child *child, int32_t source, int32_t target) {
    for (int64_t i = 0; i < child->link_count; i++)
        if (child->links[i].source == source && child->links[i].target == target) return 1;
    return 0;
}

static int with_link(Child *child, const Rules *rules) {
    for (int64_t i = 0; i < rules->tries; i++) {
        int32_t source = (int32_t)draw_below(&child->draws, INPUTS + child->node_count);
        int32_t target = (int32_t)(INPUTS + draw_below(&child->draws, child->node_count));
        if (linked(child, source, target) || (source >= INPUTS && is_output(&child->nodes[source - INPUTS]))) continue;
        if (leads(child, target, source)) continue;
        double weight = clipped(rules, draw_between(&child->draws, -rules->range, rules->range));
        child->links[child->link_count++] = (NetworkLink){source, target, weight};
        return 1;
    }
    return 0;
}

/* The new node's name is for now the pair of nodes whose link it splits. */
static int with_node(Child *child, const Rules *rules) {
    if (!child->link_count) return 0;
    int64_t at = draw_below(&child->draws, child->link_count);
    NetworkLink split = child->links[at];
    int32_t place = (int32_t)(INPUTS + child->node_count);
    memmove(&child->links[at], &child->links[at + 1], sizeof(NetworkLink) * (size_t)(child->link_count - at - 1));
    child->links[child->link_count - 1] = (NetworkLink){split.source, place, 1.0};
    child->links[child->link_count++] = (NetworkLink){place, split.target, split.weight};
    child->nodes[child->node_count++] =
        (NetworkNode){pair(split.source, split.target), draw_below(&child->draws, rules->activations)};
    return 1;
}

static void with_activation(Child *child, const Rules *rules) {
    int64_t node = draw_below(&child->draws, child->node_count);
    child->nodes[node].activation = draw_below(&child->draws, rules->activations);
}

static void with_weights(Child *child, const Rules *rules) {
    Draws *draws = &child->draws;
    int many = draw_uniform(draws) < 0.5;
    double step = rules->step * exp(draw_between(draws, rules->least, rules->most));
    int64_t chosen = 0;
    int64_t *which = child->counterparts;
    if (many)
        for (int64_t i = 0; i < child->link_count; i++)
            if (draw_uniform(draws) < 0.5) which[chosen++] = i;
    if (!chosen && child->link_count) which[chosen++] = draw_below(draws, child->link_count);
    for (int64_t i = 0; i < chosen; i++) {
        double *weight = &child->links[which[i]].weight;
        *weight = clipped(rules, *weight + step * draw_normal(draws));
    }
}

static void mutate(Child *child, const Rules *rules) {
    double drawn = draw_uniform(&child->draws);
    int may_grow = child->link_count < rules->max_links, done = 0;
    if (drawn < rules->link)
        done = may_grow && with_link(child, rules);
    else if (drawn < rules->node)
        done = may_grow && with_node(child, rules);
    else if (drawn >= rules->weights)
        with_activation(child, rules), done = 1;
    if (!done) with_weights(child, rules);
}

/* Genes of the child that the father has too come from either. */
static void mate(Child *child, const Networks *fathers, int64_t one) {
    const NetworkNode *nodes = fathers->nodes + fathers->node_first[one];
    const NetworkLink *links = fathers->links + fathers->link_first[one];
    int64_t node_count = fathers->node_first[one + 1] - fathers->node_first[one];
    int64_t link_count = fathers->link_first[one + 1] - fathers->link_first[one];
    int64_t *counterparts = child->counterparts; /* the father's node for each of the child's; -1 for none */
    Table table = emptied(child->slots, node_count);
    for (int64_t i = 0; i < node_count; i++) *slot_of(table, nodes[i].name) = (Slot){nodes[i].name, i + 1};
    for (int64_t i = 0; i < INPUTS; i++) counterparts[i] = i;
    for (int64_t i = 0; i < child->node_count; i++) {
        int64_t found = slot_of(table, child->nodes[i].name)->value;
        counterparts[INPUTS + i] = found ? INPUTS + found - 1 : -1;
        if (found && draw_uniform(&child->draws) < 0.5) child->nodes[i].activation = nodes[found - 1].activation;
    }
    table = emptied(child->slots, link_count);
    for (int64_t i = 0; i < link_count; i++) {
        uint64_t key = pair(links[i].source, links[i].target);
        *slot_of(table, key) = (Slot){key, i + 1};
    }
    for (int64_t i = 0; i < child->link_count; i++) {
        int64_t source = counterparts[child->links[i].source], target = counterparts[child->links[i].target];
        if (source < 0 || target < 0) continue;
        int64_t found = slot_of(table, pair(source, target))->value;
        if (found && draw_uniform(&child->draws) < 0.5) child->links[i].weight = links[found - 1].weight;
    }
}

static int64_t most(const int64_t *first, int64_t count) {
    int64_t found = 0;
    for (int64_t i = 0; i < count; i++) found = first[i + 1] - first[i] > found ? first[i + 1] - first[i] : found;
    return found;
}

/* One child of each mother and father; a father without nodes is none. A child's arrays begin as far behind its
   mother's as i times rules.mutations + 1, and `counts` gets how many nodes and links it has. Its new nodes come last,
   named by the pair of nodes whose link they split. 0 if there is no memory. */
PUBLIC int64_t coevo_networks_vary(const Networks *mothers, const Networks *fathers, const Rules *rules,
                                   const uint64_t *seeds, NetworkNode *nodes, NetworkLink *links, int64_t *counts) {
    int64_t more = rules->mutations + 1;
    int64_t most_nodes = most(mothers->node_first, mothers->count) + more + INPUTS;
    int64_t most_links = most(mothers->link_first, mothers->count) + more;
    int64_t larger = most_nodes > most_links ? most_nodes : most_links;
    int64_t known = most(fathers->node_first, fathers->count) + most(fathers->link_first, fathers->count);
    Child child = {.reached = malloc((size_t)most_nodes),
                   .counterparts = malloc(sizeof(int64_t) * (size_t)larger),
                   .slots = slots_for(known)};
    int64_t done = child.reached && child.counterparts && child.slots;
    for (int64_t i = 0; done && i < mothers->count; i++) {
        int64_t node = mothers->node_first[i], link = mothers->link_first[i];
        child.node_count = mothers->node_first[i + 1] - node, child.link_count = mothers->link_first[i + 1] - link;
        child.nodes = nodes + node + i * more, child.links = links + link + i * more;
        child.draws = seeds[i];
        memcpy(child.nodes, mothers->nodes + node, sizeof(NetworkNode) * (size_t)child.node_count);
        memcpy(child.links, mothers->links + link, sizeof(NetworkLink) * (size_t)child.link_count);
        if (fathers->node_first[i] < fathers->node_first[i + 1]) mate(&child, fathers, i);
        int64_t times = rules->mutations + (draw_uniform(&child.draws) < rules->part);
        for (int64_t k = 0; k < times; k++) mutate(&child, rules);
        counts[2 * i] = child.node_count, counts[2 * i + 1] = child.link_count;
    }
    free(child.reached), free(child.counterparts), free(child.slots);
    return done;
}

/* A number for every link, the same for the same innovation. 0 if there is no memory. */
PUBLIC int64_t coevo_networks_columns(const Networks *networks, int32_t *columns) {
    int64_t node_count = networks->node_first[networks->count], link_count = networks->link_first[networks->count];
    Slot *slots = slots_for(node_count + link_count);
    int32_t *numbers = malloc(sizeof(int32_t) * (size_t)(node_count + 1));
    int64_t done = slots && numbers, next = INPUTS;
    if (done) {
        Table table = emptied(slots, node_count);
        for (int64_t i = 0; i < node_count; i++) {
            numbers[i] = (int32_t)numbered(table, networks->nodes[i].name, next);
            next += numbers[i] == next;
        }
        table = emptied(slots, link_count);
        next = 0;
        for (int64_t i = 0; i < networks->count; i++) {
            const int32_t *own = numbers + networks->node_first[i];
            for (int64_t k = networks->link_first[i]; k < networks->link_first[i + 1]; k++) {
                NetworkLink link = networks->links[k];
                int32_t source = link.source < INPUTS ? link.source : own[link.source - INPUTS];
                columns[k] = (int32_t)numbered(table, pair(source, own[link.target - INPUTS]), next);
                next += columns[k] == next;
            }
        }
    }
    free(slots), free(numbers);
    return done;
}

/* Compatibility distances of each network from one of them (eq. 1).

   coefficients: of the share of links that only one of the two has, and of the mean difference of the weights of the
   others. weights: room for a number by column, all of them not a number, before and after. */
PUBLIC void coevo_networks_distances(const Networks *networks, const int32_t *columns, const double *coefficients,
                                     double *weights, int64_t one, double *distances) {
    const int64_t *first = networks->link_first;
    int64_t own = first[one + 1] - first[one];
    for (int64_t k = first[one]; k < first[one + 1]; k++) weights[columns[k]] = networks->links[k].weight;
    for (int64_t i = 0; i < networks->count; i++) {
        int64_t shared = 0, count = first[i + 1] - first[i], larger = count > own ? count : own;
        double difference = 0;
        for (int64_t k = first[i]; k < first[i + 1]; k++) {
            double its = weights[columns[k]];
            if (its != its) continue;
            shared++;
            difference += fabs(networks->links[k].weight - its);
        }
        distances[i] = coefficients[0] * ((double)(count + own - 2 * shared) / (double)(larger > 1 ? larger : 1)) +
                       coefficients[1] * (difference / (double)(shared > 1 ? shared : 1));
    }
    for (int64_t k = first[one]; k < first[one + 1]; k++) weights[columns[k]] = NAN;
}
