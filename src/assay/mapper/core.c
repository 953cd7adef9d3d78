/* The inner loop of the search: partial mappings ("labels"), grown one loop at a time from the compute outwards.

   problem.py says what a label's figures mean, search.py what is asked, and writes both into the two arrays that
   `read_problem` reads. A label is one block of memory: its head, then doubles: cost[K], scale[K], words[C], tile[C], met[W].

     cost[k]   what is certain of objective k;
     scale[k]  1 / the instances that share the objective's port, as far as fanouts have been passed;
     words[c]  words of component c in the whole run if every loop to come replaced its tile (0 once certain);
     tile[c]   those of `words[c]` that are moved anew with every tile: what a sliding window saves a share of;
     met[w]    the most children that can share a word of window w by further loops in space over its dims.

   A label's further life depends on its tile (`pos`), on which records are pending, on the signatures of its windows and
   on the children it uses. Of labels that agree in these, one that is no better in any objective is dropped; so is one
   that cannot come below the best mapping known (`floors`). */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_DIMS = 16, MAX_RECORDS = 32, MAX_COMPONENTS = 64, MAX_OBJECTIVES = 48, MAX_WINDOWS = 16, MAX_TENSORS = 8, MAX_JOINTS = 32, MAX_AXES = 4, MAX_FACTORS = 16 };
enum { ENERGY = 0, LATENCY = 1, EDP = 2, FRONT = 3 }; /* what is to be least */
enum { OPEN = 0, SPREAD = 1, KEPT = 2, REST = 3, MET = 4 };    /* what is asked about windows */
enum { INERT = 0, STIFF = 1 }; /* signatures: the window no longer matters; a loop over its dims replaces the tile */
enum { DONE = 0, STOPPED = 1, NOTHING = 2 };

#define ANY (~(uint32_t)0)
#define TOLERANCE 1e-13 /* relative difference below which two costs are equal */
#define SLACK 1e-11     /* relative difference that a further mapping of a front must make */
#define COMPARED 192    /* labels of one tile that a further one is compared with, the best first */
#define LEAN 0.1        /* see `score` */

typedef struct {
    int count, primes;
    const int64_t *value; /* divisors, rising */
    const int64_t *prime;
    const int64_t *times; /* [prime][position] -> position, or -1 */
    int64_t radix;
} Dim;

typedef struct {
    int count;
    int64_t dim[MAX_DIMS];
    const double *table;
} Rank;

typedef struct { /* of numbers that depend on the tile */
    int ranks;
    Rank rank[MAX_FACTORS];
} Product;

typedef struct {
    double bits;
    Product words;
    Product used; /* addresses that are used, without those in gaps of a window */
} Tensor;

typedef struct {
    int parent, child, tensor, latched, stationary, first, last; /* components first..last-1 */
    uint32_t pure, sliding;                                      /* dims that replace the tile; dims of its windows */
    uint64_t linked;                                             /* fanout nodes whose children pass words on */
    double total;                                                /* words of the tensor: each moves once at least */
    int windows;
    int window[4];
} Record;

typedef struct {
    int record, dims, dim[4];
    uint32_t mask; /* of its dims */
    Product met; /* most children that can share its words */
} Window;

typedef struct {
    int axis, node;        /* axis: of a fanout, from 1; 0: a memory */
    int first, outer;      /* the first, the last stage of its fanout */
    int next;              /* the next stage that is not of its fanout */
    int axes;
    uint32_t live;         /* axes along which this stage and those to come place loops */
    int64_t sizes[MAX_AXES]; /* of all axes of its fanout */
    uint32_t allowed, whole;
    int64_t size;          /* of the axis */
    double capacity, least_used;
    int kept;
    int64_t keep[MAX_TENSORS];
    const double *future[MAX_OBJECTIVES]; /* what records not begun add at least, per tile; or NULL: the same for all */
    double once[MAX_OBJECTIVES];
    int joints, levels, finest;  /* tables of `joint`; levels of each (1 at a memory); levels of a factor of 2 */
    uint32_t joint_records[MAX_JOINTS];
    const double *joint[MAX_JOINTS]; /* [level][tile]: what settled records and those not begun add at least, together */
    Product spread;              /* most children that fanouts ahead can give work */
    Product shared[MAX_RECORDS]; /* most children that can share a record's words */
    Product even[MAX_RECORDS];   /* the same without loops over dims of its windows */
    int64_t fixed[MAX_DIMS]; /* the loops over a dim multiply to this; -1: any */
    int64_t most[MAX_DIMS];  /* ... or at most to this; -1: any */
    int64_t order[MAX_DIMS]; /* place of the dim in a fixed order, from the inside; -1: anywhere outside of those */
    int ordered, counted;    /* whether `order` or (`fixed`, `most`) say anything */
} Stage;

typedef struct {
    int dims, stages, records, components, windows, objectives, tensors;
    Dim dim[MAX_DIMS];
    Tensor tensor[MAX_TENSORS];
    Record record[MAX_RECORDS];
    uint64_t shares[MAX_COMPONENTS]; /* fanout nodes that share the component's words */
    Window window[MAX_WINDOWS];
    const double *weight; /* [component][objective] */
    uint64_t divides[MAX_OBJECTIVES];
    const double *constant;
    Stage *stage;
    uint32_t negative; /* records with a weight below 0 */
    /* what is asked */
    int mode;
    int64_t beam;
    int turns[MAX_DIMS]; /* in which order a fanout takes the dims */
    double upper, caps[MAX_OBJECTIVES], most_seconds;
    int front;
    const double *points; /* [front][2] energy and latency of mappings known */
    /* memory */
    size_t stride;
    int64_t tiles;
    int at_scale, at_words, at_tile, at_met, doubles;
} Problem;

typedef struct {
    uint16_t pos[MAX_DIMS];
    int64_t tile;       /* number of the tile */
    uint32_t barred;    /* dims over which no further loop in time may run */
    uint32_t next;      /* dims over which the next loop in time may run: what was guessed of it */
    uint32_t pending;   /* records whose tile no loop has replaced yet */
    uint32_t trail;     /* how it came about: its entry, and since then one loop if `edge` is not 0 */
    uint64_t edge;
    int64_t used[MAX_AXES]; /* children used along each axis of the fanout */
    int8_t place;       /* place of the outermost loop in a fixed order */
    int8_t last;        /* dim of the last loop, if further loops that commute with it come in the order of dims; or -1 */
    uint16_t level;
    uint16_t entry[MAX_DIMS]; /* `pos` at which this node's loops began */
    int32_t slide[MAX_WINDOWS];
    double low;         /* what the objective can come down to at least */
    double data[];
} Label;

#define COST(p, l) ((l)->data)
#define SCALE(p, l) ((l)->data + (p)->at_scale)
#define WORDS(p, l) ((l)->data + (p)->at_words)
#define TILE(p, l) ((l)->data + (p)->at_tile)
#define MET_BY(p, l) ((l)->data + (p)->at_met)

/* -- memory ------------------------------------------------------------------------------------------------------- */

enum { CHUNK = 4096 };

typedef struct {
    char **chunk;
    size_t chunks, room, count;
    uint32_t *free;
    size_t frees, free_room;
} Pool;

typedef struct {
    uint32_t *item;
    size_t count, room;
} List;

typedef struct {
    uint64_t key[2];
    int32_t signature; /* -1: free */
    uint32_t value;
} Entry;

typedef struct {
    const Problem *p;
    Pool pool;
    List bucket[512];
    List left;
    uint32_t *trail_parent;
    uint64_t *trail_edge;
    size_t trails, trail_room;
    Entry *memo;
    size_t memo_count, memo_room;
    double *memo_value;
    size_t memo_values, memo_value_room;
    PyObject *slide, *tick;
    double deadline, next_tick;
    int64_t made;
    int failed; /* 1: a Python error is set; 2: out of memory; 3: out of time */
    double root; /* the least that any mapping can be worth */
} Run;

static double now(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Label *label_at(const Run *run, uint32_t index) {
    return (Label *)(run->pool.chunk[index / CHUNK] + (size_t)(index % CHUNK) * run->p->stride);
}

static int64_t new_label(Run *run) {
    Pool *pool = &run->pool;
    if (pool->frees) return pool->free[--pool->frees];
    if (pool->count == pool->chunks * CHUNK) {
        if (pool->chunks == pool->room) {
            size_t room = pool->room ? pool->room * 2 : 64;
            char **grown = realloc(pool->chunk, room * sizeof(char *));
            if (!grown) return run->failed = 2, -1;
            pool->chunk = grown, pool->room = room;
        }
        char *chunk = malloc(CHUNK * run->p->stride);
        if (!chunk) return run->failed = 2, -1;
        pool->chunk[pool->chunks++] = chunk;
    }
    if (pool->count >= UINT32_MAX) return run->failed = 2, -1;
    return (int64_t)pool->count++;
}

static void free_label(Run *run, uint32_t index) {
    Pool *pool = &run->pool;
    if (pool->frees == pool->free_room) {
        size_t room = pool->free_room ? pool->free_room * 2 : 1024;
        uint32_t *grown = realloc(pool->free, room * sizeof(uint32_t));
        if (!grown) return; /* it stays unused */
        pool->free = grown, pool->free_room = room;
    }
    pool->free[pool->frees++] = index;
}

static void add(Run *run, List *list, uint32_t item) {
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        uint32_t *grown = realloc(list->item, room * sizeof(uint32_t));
        if (!grown) {
            run->failed = 2;
            return;
        }
        list->item = grown, list->room = room;
    }
    list->item[list->count++] = item;
}

static int64_t copy_label(Run *run, uint32_t index) {
    int64_t copy = new_label(run);
    if (copy >= 0) memcpy(label_at(run, (uint32_t)copy), label_at(run, index), run->p->stride);
    return copy;
}

static void leave_trail(Run *run, Label *l) {
    if (!l->edge) return;
    if (run->trails == run->trail_room) {
        size_t room = run->trail_room ? run->trail_room * 2 : 65536;
        uint32_t *parents = realloc(run->trail_parent, room * sizeof(uint32_t));
        if (parents) run->trail_parent = parents;
        uint64_t *edges = realloc(run->trail_edge, room * sizeof(uint64_t));
        if (edges) run->trail_edge = edges;
        if (!parents || !edges || run->trails >= UINT32_MAX - 1) {
            run->failed = 2;
            return;
        }
        run->trail_room = room;
    }
    run->trail_parent[run->trails] = l->trail;
    run->trail_edge[run->trails] = l->edge;
    l->trail = (uint32_t)run->trails++;
    l->edge = 0;
}

/* -- windows: answers of slides.py, remembered ---------------------------------------------------------------------- */

static const Entry *ask(Run *run, int kind, int window, int32_t signature, int extra, int64_t factor, int node,
                        int64_t position, const Label *l) {
    const Problem *p = run->p;
    const Window *w = &p->window[window];
    uint64_t place = 0;
    for (int i = 0; i < w->dims; i++) place = place * (uint64_t)p->dim[w->dim[i]].count + l->pos[w->dim[i]];
    uint64_t key[2] = {place << 24 | (uint64_t)(uint32_t)signature,
                       (uint64_t)position << 24 | (uint64_t)(node + 1) << 16 | (uint64_t)(extra + 1) << 12 |
                           (uint64_t)window << 4 | (uint64_t)kind};
    uint64_t hash = (key[0] * 0x9E3779B97F4A7C15u) ^ (key[1] * 0xC2B2AE3D27D4EB4Fu);
    hash ^= hash >> 29;
    if (run->memo_count * 2 >= run->memo_room) {
        size_t room = run->memo_room ? run->memo_room * 2 : 4096;
        Entry *grown = malloc(room * sizeof(Entry));
        if (!grown) return run->failed = 2, NULL;
        for (size_t i = 0; i < room; i++) grown[i].signature = -1;
        for (size_t i = 0; i < run->memo_room; i++)
            if (run->memo[i].signature >= 0) {
                const Entry *e = &run->memo[i];
                uint64_t h = (e->key[0] * 0x9E3779B97F4A7C15u) ^ (e->key[1] * 0xC2B2AE3D27D4EB4Fu);
                h ^= h >> 29;
                size_t at = (size_t)h & (room - 1);
                while (grown[at].signature >= 0) at = (at + 1) & (room - 1);
                grown[at] = *e;
            }
        free(run->memo);
        run->memo = grown, run->memo_room = room;
    }
    size_t at = (size_t)hash & (run->memo_room - 1);
    while (run->memo[at].signature >= 0) {
        if (run->memo[at].key[0] == key[0] && run->memo[at].key[1] == key[1]) return &run->memo[at];
        at = (at + 1) & (run->memo_room - 1);
    }
    PyObject *positions = PyTuple_New(w->dims);
    if (!positions) return run->failed = 1, NULL;
    for (int i = 0; i < w->dims; i++) PyTuple_SetItem(positions, i, PyLong_FromLong(l->pos[w->dim[i]]));
    PyObject *answer = PyObject_CallFunction(run->slide, "iiiiLiN", kind, window, (int)signature, extra,
                                             (long long)factor, node, positions);
    if (!answer) return run->failed = 1, NULL;
    Py_ssize_t n = PyTuple_Size(answer);
    if (n < 1) {
        Py_DECREF(answer);
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "a window's answer must be a tuple");
        return run->failed = 1, NULL;
    }
    if (run->memo_values + (size_t)n > run->memo_value_room) {
        size_t room = run->memo_value_room * 2 + 1024 + (size_t)n;
        double *grown = realloc(run->memo_value, room * sizeof(double));
        if (!grown) {
            Py_DECREF(answer);
            return run->failed = 2, NULL;
        }
        run->memo_value = grown, run->memo_value_room = room;
    }
    Entry *e = &run->memo[at];
    e->key[0] = key[0], e->key[1] = key[1];
    e->value = (uint32_t)run->memo_values;
    e->signature = (int32_t)PyLong_AsLong(PyTuple_GetItem(answer, 0));
    for (Py_ssize_t i = 1; i < n; i++) run->memo_value[run->memo_values++] = PyFloat_AsDouble(PyTuple_GetItem(answer, i));
    Py_DECREF(answer);
    if (PyErr_Occurred()) return run->failed = 1, NULL;
    run->memo_count++;
    return e;
}

/* -- tiles ---------------------------------------------------------------------------------------------------------- */

static double factor_of(const Problem *p, const Label *l, const Rank *r) {
    int64_t at = 0;
    for (int j = 0; j < r->count; j++) at = at * p->dim[r->dim[j]].count + l->pos[r->dim[j]];
    return r->table[at];
}

static double product_of(const Problem *p, const Label *l, const Product *t) {
    double value = 1.0;
    for (int i = 0; i < t->ranks; i++) value *= factor_of(p, l, &t->rank[i]);
    return value;
}

static int fits(const Problem *p, const Stage *s, const Label *l) {
    if (!isfinite(s->capacity)) return 1;
    double bits = 0.0;
    for (int i = 0; i < s->kept; i++) {
        const Tensor *t = &p->tensor[s->keep[i]];
        bits += product_of(p, l, &t->words) * t->bits;
    }
    return bits <= s->capacity;
}

static int64_t extent(const Problem *p, int d) { return p->dim[d].value[p->dim[d].count - 1]; }
static int64_t placed(const Problem *p, const Label *l, int d) { return p->dim[d].value[l->pos[d]]; }

static uint32_t open_dims(const Problem *p, const Label *l) {
    uint32_t open = 0;
    for (int d = 0; d < p->dims; d++)
        if (l->pos[d] < p->dim[d].count - 1) open |= 1u << d;
    return open;
}

/* Dims of which a loop in time replaces the record's tile wholly. */
static uint32_t replaces(const Problem *p, const Label *l, int r) {
    const Record *record = &p->record[r];
    uint32_t dims = record->pure;
    for (int i = 0; i < record->windows; i++)
        if (l->slide[record->window[i]] == STIFF) dims |= p->window[record->window[i]].mask;
    return dims;
}

static void move_to(const Problem *p, Label *l, int d, int64_t position) {
    l->tile += (position - l->pos[d]) * p->dim[d].radix;
    l->pos[d] = (uint16_t)position;
}

/* -- growth ----------------------------------------------------------------------------------------------------------- */

/* From here on every loop replaces the record's tile; what has arrived at its parent is certain. */
static void settle(const Problem *p, Label *l, int r, int arrived) {
    const Record *record = &p->record[r];
    if (record->stationary && (l->pending >> r & 1)) l->barred |= ~(record->pure | record->sliding);
    l->pending &= ~(1u << r);
    if (!arrived) return;
    double *words = WORDS(p, l), *tile = TILE(p, l);
    for (int c = record->first; c < record->last; c++) {
        if (words[c] != 0.0)
            for (int k = 0; k < p->objectives; k++)
                COST(p, l)[k] += p->weight[c * p->objectives + k] * words[c] * SCALE(p, l)[k];
        words[c] = tile[c] = 0.0;
    }
    for (int w = 0; w < record->windows; w++) l->slide[record->window[w]] = 0;
}

/* Whether a loop in time over dim d changes nothing but sizes: no tile is replaced by it, and no window slides. Such
   loops can be exchanged with each other, so that one order of them is enough. */
static int commutes(const Problem *p, const Label *l, int d) {
    for (int r = 0; r < p->records; r++)
        if ((l->pending >> r & 1) && ((p->record[r].pure | p->record[r].sliding) >> d & 1)) return 0;
    return 1;
}

/* A temporal loop of `factor` over dim d at a node. 0: forbidden. */
static int grow_in_time(Run *run, Label *l, int node, int d, int64_t factor, int64_t position) {
    const Problem *p = run->p;
    uint32_t bit = 1u << d;
    double *words = WORDS(p, l), *tile = TILE(p, l);
    if (l->barred & bit) return 0;
    if (!(l->next & bit)) return 0;
    l->next = ANY;
    for (int r = 0; r < p->records; r++) {
        if (!(l->pending >> r & 1)) continue;
        const Record *record = &p->record[r];
        if (replaces(p, l, r) & bit) {
            settle(p, l, r, record->parent >= node);
        } else if (record->windows) {
            if (record->stationary && (record->sliding & bit)) l->barred |= ~(record->pure | record->sliding);
            double held[MAX_COMPONENTS];
            for (int c = record->first; c < record->last; c++) held[c] = 1.0;
            for (int i = 0; i < record->windows; i++) {
                int w = record->window[i], pivot = -1;
                if (l->slide[w] <= STIFF) continue;
                for (int j = 0; j < p->window[w].dims; j++)
                    if (p->window[w].dim[j] == d) pivot = j;
                const Entry *e = ask(run, KEPT, w, l->slide[w], pivot, 0, -1, 0, l);
                if (!e) return 0;
                for (int c = record->first; c < record->last; c++)
                    held[c] *= run->memo_value[e->value + (uint32_t)(c - record->first)];
            }
            for (int c = record->first; c < record->last; c++) {
                words[c] -= held[c] * tile[c] * ((double)(factor - 1) / (double)factor);
                tile[c] /= (double)factor;
            }
        } else {
            for (int c = record->first; c < record->last; c++) {
                words[c] /= (double)factor;
                tile[c] = words[c];
            }
        }
    }
    move_to(p, l, d, position);
    return 1;
}

/* A spatial loop of `factor` over dim d at a fanout. */
static int grow_in_space(Run *run, Label *l, int node, int axis, int d, int64_t factor, int64_t position) {
    const Problem *p = run->p;
    uint32_t bit = 1u << d;
    double *words = WORDS(p, l), *tile = TILE(p, l);
    for (int r = 0; r < p->records; r++) {
        const Record *record = &p->record[r];
        if (record->child <= node) continue;
        for (int i = 0; i < record->windows; i++) {
            int w = record->window[i];
            for (int j = 0; j < p->window[w].dims; j++) {
                if (p->window[w].dim[j] != d) continue;
                const Entry *e = ask(run, SPREAD, w, l->slide[w], j, factor, node, position, l);
                if (!e) return 0;
                l->slide[w] = e->signature;
                if (record->parent < node)
                    for (int c = record->first; c < record->last; c++) {
                        double ratio = run->memo_value[e->value + (uint32_t)(c - record->first)];
                        if (record->linked & p->shares[c] & (uint64_t)1 << node) ratio = 1.0 / (double)factor;
                        words[c] *= ratio;
                        tile[c] *= ratio;
                    }
            }
        }
        if (record->parent < node && (!((record->pure | record->sliding) & bit) ||
                                      ((record->linked >> node & 1) && !(record->sliding & bit))))
            for (int c = record->first; c < record->last; c++)
                if (p->shares[c] >> node & 1) {
                    words[c] /= (double)factor;
                    tile[c] /= (double)factor;
                }
    }
    for (int k = 0; k < p->objectives; k++)
        if (p->divides[k] >> node & 1) {
            COST(p, l)[k] /= (double)factor;
            SCALE(p, l)[k] /= (double)factor;
        }
    move_to(p, l, d, position);
    l->used[axis] *= factor;
    return 1;
}

/* A window that no fanout spreads any more: does it still matter how it slides? At most one of its dims must be open. */
static int stiffen(Run *run, Label *l, int w) {
    uint32_t left = open_dims(run->p, l) & run->p->window[w].mask;
    if (l->slide[w] <= STIFF || (left & (left - 1))) return 1;
    const Entry *e = ask(run, REST, w, l->slide[w], -1, 0, -1, 0, l);
    if (!e) return 0;
    if (e->signature <= STIFF) l->slide[w] = e->signature;
    return 1;
}

/* Records whose parent is this memory: all sharing is behind them. */
static int arrive(Run *run, Label *l, int node) {
    const Problem *p = run->p;
    for (int r = 0; r < p->records; r++) {
        const Record *record = &p->record[r];
        if (record->parent != node) continue;
        if (!(l->pending >> r & 1)) settle(p, l, r, 1);
        for (int i = 0; i < record->windows; i++) {
            int w = record->window[i];

            if (!stiffen(run, l, w)) return 0;
        }
    }
    return 1;
}

/* Records whose child is this memory begin: its tiles are formed. */
static int begin(Run *run, Label *l, int node) {
    const Problem *p = run->p;
    double passes = 1.0;
    for (int d = 0; d < p->dims; d++) passes *= (double)(extent(p, d) / placed(p, l, d));
    for (int r = 0; r < p->records; r++) {
        const Record *record = &p->record[r];
        if (record->child != node || !record->latched) continue;
        double words = product_of(p, l, &p->tensor[record->tensor].words) * passes;
        for (int c = record->first; c < record->last; c++) WORDS(p, l)[c] = TILE(p, l)[c] = words;
        l->pending |= 1u << r;
        for (int i = 0; i < record->windows; i++) {
            const Entry *e = ask(run, OPEN, record->window[i], 0, -1, 0, -1, 0, l);
            if (!e) return 0;
            l->slide[record->window[i]] = e->signature;
        }
    }
    return 1;
}

/* -- bounds ----------------------------------------------------------------------------------------------------------- */

/* Children along an axis of the stage's fanout that the loops to come can still use. */
static double room(const Stage *s, const Label *l, int axis) {
    return s->live >> axis & 1 ? (double)(s->sizes[axis] / l->used[axis]) : 1.0;
}

static double rooms(const Stage *s, const Label *l) {
    double left = 1.0;
    for (int i = 0; i < s->axes; i++) left *= room(s, l, i);
    return left;
}

/* The most children of fanouts ahead that a product tells of, whose first factors are those of the axes of the stage's
   own fanout, if that is `among` them. */
static double children(const Problem *p, const Label *l, const Stage *s, const Product *t, int among) {
    double most = 1.0;
    for (int i = 0; i < t->ranks; i++) {
        double value = factor_of(p, l, &t->rank[i]);
        if (among && i < s->axes) {
            double left = room(s, l, i);
            if (left < value) value = left;
        }
        most *= value;
    }
    return most;
}

/* Energy that settled records and those not begun add at least: each alone, or some of them in a joint table. */
static double together(const Problem *p, const Label *l, const Stage *s, uint32_t waiting, const double *alone,
                       const double *apart, double future) {
    double most = future;
    int level = 0;
    for (int r = 0; r < p->records; r++)
        if (waiting >> r & 1) most += alone[r];
    if (s->joints && s->axis) {
        level = (int)ceil(s->finest * log2(rooms(s, l)) - 1e-9);
        if (level >= s->levels) level = s->levels - 1;
    }
    for (int j = 0; j < s->joints; j++) {
        if (s->joint_records[j] & ~waiting) continue;
        double sum = s->joint[j][(int64_t)level * p->tiles + l->tile];
        for (int r = 0; r < p->records; r++)
            if (waiting >> r & 1) sum += s->joint_records[j] >> r & 1 ? apart[r] : alone[r];
        if (sum > most) most = sum;
    }
    return most;
}

/* What every objective can come down to at least, for a label that has begun stage `at`. */
static void floors(const Problem *p, const Label *l, int at, double *floor) {
    const Stage *s = &p->stage[at];
    int K = p->objectives;
    double share[MAX_DIMS], total[MAX_OBJECTIVES], sure[MAX_OBJECTIVES];
    double settled[MAX_RECORDS][MAX_OBJECTIVES], stays[MAX_RECORDS][MAX_OBJECTIVES];
    uint32_t ends[MAX_RECORDS];
    int count = 0;
    uint32_t open = 0;
    uint32_t waiting = 0; /* records settled, whose energy is in these: alone, and what a joint table does not know of */
    double alone[MAX_RECORDS], apart[MAX_RECORDS], passes = 1.0;
    for (int d = 0; d < p->dims; d++) {
        share[d] = (double)placed(p, l, d) / (double)extent(p, d);
        if (share[d] < 1.0) open |= 1u << d;
        passes /= share[d];
    }
    for (int k = 0; k < K; k++) sure[k] = COST(p, l)[k];
    for (int r = 0; r < p->records; r++) {
        const Record *record = &p->record[r];
        if (record->child <= s->node) continue;
        const double *words = WORDS(p, l), *tile = TILE(p, l);
        int some = 0;
        for (int c = record->first; c < record->last; c++) some |= words[c] != 0.0;
        if (!some) continue;
        int pending = l->pending >> r & 1;
        uint32_t pure = replaces(p, l, r);
        double rest = 1.0; /* if no loop to come replaces the tile */
        if (pending)
            for (int d = 0; d < p->dims; d++)
                if (!(pure >> d & 1)) rest *= share[d];
        double shared = 1.0 / children(p, l, s, &s->shared[r], record->parent < s->node);
        int sliding = 0;
        if (record->windows) {
            /* Whatever the children, an address of a window is met by a limited number of their indices. */
            double most = children(p, l, s, &s->even[r], record->parent < s->node);
            for (int i = 0; i < record->windows; i++)
                if (l->slide[record->window[i]] > STIFF) {
                    most *= MET_BY(p, l)[record->window[i]];
                    sliding = 1;
                }
            if (1.0 / most > shared) shared = 1.0 / most;
        }
        for (int k = 0; k < K; k++) settled[count][k] = stays[count][k] = 0.0;
        double base = passes; /* words if fanouts had shared all they can */
        if (!pending) {
            waiting |= 1u << r;
            alone[r] = apart[r] = 0.0;
            if (record->tensor >= 0 && !sliding) base *= product_of(p, l, &p->tensor[record->tensor].used);
        }
        for (int c = record->first; c < record->last; c++) {
            double less = p->shares[c] ? shared : 1.0;
            double kept = tile[c] < words[c] ? tile[c] : words[c];
            double sooner = words[c] * less, later = (words[c] - kept) * less + kept * (rest < less ? rest : less);
            if (words[c] > 0.0 && sooner < record->total) sooner = record->total;
            if (words[c] > 0.0 && later < record->total) later = record->total;
            for (int k = 0; k < K; k++) {
                double w = p->weight[c * K + k] * SCALE(p, l)[k];
                if (w == 0.0) continue;
                if (k == 0 && !pending) {
                    if (w > 0.0 && p->shares[c]) {
                        alone[r] += w * sooner;
                        if (!sliding && words[c] > base) apart[r] += w * (words[c] - base) * less;
                    } else {
                        apart[r] += w * words[c];
                        alone[r] += w * words[c];
                    }
                } else if (w < 0.0) { /* worth most if nothing ever saves any of it */
                    settled[count][k] += w * words[c];
                    stays[count][k] += w * words[c];
                } else {
                    settled[count][k] += w * sooner;
                    if (pending) stays[count][k] += w * later;
                }
            }
        }
        if (!pending)
            for (int k = 0; k < K; k++) stays[count][k] = settled[count][k];
        ends[count++] = pure;
    }
    for (int k = 0; k < K; k++) {
        total[k] = 0.0;
        for (int i = 0; i < count; i++) total[k] += settled[i][k];
    }
    if (open) {
        double least[MAX_OBJECTIVES];
        for (int k = 0; k < K; k++) least[k] = total[k];
        for (int d = 0; d < p->dims; d++) {
            if (!(open & l->next & 1u << d)) continue;
            for (int k = 0; k < K; k++) {
                double sum = 0.0;
                for (int i = 0; i < count; i++) sum += ends[i] >> d & 1 ? settled[i][k] : stays[i][k];
                if (sum < least[k]) least[k] = sum;
            }
        }
        for (int k = 0; k < K; k++) total[k] = least[k];
    }
    double ahead = children(p, l, s, &s->spread, 1);
    for (int k = 0; k < K; k++) {
        double future = s->future[k] ? s->future[k][l->tile] : s->once[k];
        if (k == 0) future = together(p, l, s, waiting, alone, apart, future);
        floor[k] = sure[k] + total[k] + future;
        if (p->divides[k]) floor[k] = (floor[k] > 0.0 ? floor[k] : 0.0) / ahead;
    }
}

static double whole_up(double cycles) { return ceil(cycles * (1.0 - 1e-12) - 1e-9); }

static double latency(const Problem *p, const double *value) {
    double most = 0.0;
    for (int k = 1; k < p->objectives; k++) {
        double cycles = whole_up(value[k]);
        if (cycles > most) most = cycles;
    }
    return most;
}

/* Whether a mapping with these figures, or better ones, would still be of use. `low` receives the objective. */
static int useful(const Problem *p, const double *value, double *low) {
    if (value[0] > p->caps[0]) return 0;
    for (int k = 1; k < p->objectives; k++)
        if (value[k] * (1.0 - 1e-12) - 1e-9 > p->caps[k]) return 0;
    double cycles = latency(p, value);
    switch (p->mode) {
    case ENERGY: *low = value[0]; break;
    case LATENCY: *low = cycles; break;
    case EDP: *low = value[0] > 0.0 ? value[0] * cycles : value[0]; break;
    default:
        *low = value[0];
        for (int i = 0; i < p->front; i++)
            if (p->points[2 * i] <= value[0] + SLACK * fabs(value[0]) && p->points[2 * i + 1] <= cycles) return 0;
        return 1;
    }
    return *low <= p->upper;
}

/* -- dominance -------------------------------------------------------------------------------------------------------- */

/* Whether a is no worse than b whatever follows:  cost(a) + sum of max(part(a) - part(b), 0) <= cost(b)  in every
   objective, for every later loop multiplies a part of both by the same share, or only a's by a smaller one. */
static int beats(const Problem *p, const Label *a, const Label *b, const Stage *s) {
    int node = s->node;
    int strictly = a->last <= b->last; /* a label that may grow in fewer ways must really be better */
    for (int i = 0; i < s->axes; i++)
        if (((s->live >> i & 1) && a->used[i] > b->used[i]) || (s->least_used > 1.0 && a->used[i] != b->used[i])) return 0;
    if (s->counted && !s->axis)
        for (int d = 0; d < p->dims; d++)
            if ((s->fixed[d] >= 0 || s->most[d] >= 0) && a->entry[d] != b->entry[d]) return 0;
    if (a->place > b->place || (a->barred & ~b->barred)) return 0;
    if ((a->pending & b->pending) != b->pending) return 0;
    if (b->next & ~a->next) return 0;
    if ((a->pending ^ b->pending) & p->negative) return 0;
    double less[MAX_RECORDS]; /* what b's words can still come down to by its windows, where these differ from a's */
    for (int r = 0; r < p->records; r++) less[r] = 1.0;
    for (int w = 0; w < p->windows; w++) {
        int r = p->window[w].record;
        if (a->slide[w] == b->slide[w] || (b->slide[w] == INERT && !(b->pending >> r & 1))) continue;
        if (b->pending >> r & 1) return 0;
        less[r] /= MET_BY(p, b)[w];
    }
    int K = p->objectives;
    const double *wa = WORDS(p, a), *wb = WORDS(p, b), *ta = TILE(p, a), *tb = TILE(p, b);
    for (int k = 0; k < K; k++) {
        double sa = SCALE(p, a)[k], sb = SCALE(p, b)[k];
        double room = COST(p, b)[k] - COST(p, a)[k];
        double tolerance = TOLERANCE * (fabs(COST(p, b)[k]) + fabs(COST(p, a)[k]));
        for (int r = 0; r < p->records; r++) {
            const Record *record = &p->record[r];
            double whole = 0.0, moving = 0.0, still = 0.0;
            for (int c = record->first; c < record->last; c++) {
                double w = p->weight[c * K + k];
                if (w == 0.0 || (wa[c] == 0.0 && wb[c] == 0.0)) continue;
                double part = w * (wa[c] * sa - wb[c] * sb * less[r]), rest = 0.0;
                if (record->windows) rest = part - w * (ta[c] * sa - tb[c] * sb * less[r]);
                tolerance += TOLERANCE * fabs(w * wb[c] * sb);
                if (record->parent >= node) {
                    moving += part, still += rest;
                } else {
                    double most = part > rest ? part : rest;
                    if (most > 0.0) whole += most;
                }
            }
            double most = moving > still ? moving : still;
            if (most > 0.0) whole += most;
            room -= whole;
            if (room < -tolerance) return 0;
        }
        if (room < -tolerance) return 0;
        if (room > 16.0 * tolerance) strictly = 1;
    }
    return strictly;
}

typedef struct {
    int64_t tile;
    uint64_t loops;
    double value;
    uint32_t index;
} Ranked;

static int by_tile(const void *x, const void *y) {
    const Ranked *a = x, *b = y;
    if (a->tile != b->tile) return a->tile < b->tile ? -1 : 1;
    if (a->loops != b->loops) return a->loops < b->loops ? -1 : 1;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Labels that must be told apart where constraints count loops or children; see `beats`. */
static uint64_t loops_key(const Problem *p, const Stage *s, const Label *l) {
    uint64_t key = 0;
    if (s->counted && !s->axis)
        for (int d = 0; d < p->dims; d++)
            if (s->fixed[d] >= 0 || s->most[d] >= 0) key = key * 65537 + l->entry[d];
    if (s->least_used > 1.0)
        for (int i = 0; i < s->axes; i++) key = key * 65537 + (uint64_t)l->used[i];
    return key;
}

/* What the label costs if nothing is saved any more: energy, or the product. */
static double closed(const Problem *p, const Label *l) {
    int K = p->objectives;
    double value[MAX_OBJECTIVES];
    for (int k = 0; k < K; k++) value[k] = COST(p, l)[k];
    for (int c = 0; c < p->components; c++)
        if (WORDS(p, l)[c] != 0.0)
            for (int k = 0; k < K; k++) value[k] += p->weight[c * K + k] * WORDS(p, l)[c] * SCALE(p, l)[k];
    if (p->mode == ENERGY || K == 1) return value[0];
    double most = 0.0;
    for (int k = 1; k < K; k++)
        if (value[k] > most) most = value[k];
    return p->mode == LATENCY ? most : (value[0] > 0.0 ? value[0] : 1e-300) * most;
}

/* Tell that the search is going on. 0: it must end. */
static int tick(Run *run, int at, double low) {
    if (run->failed) return 0;
    double t = now();
    if (t < run->next_tick) return 1;
    run->next_tick = t + 0.05;
    if (t > run->deadline) return run->failed = 3, 0;
    PyObject *answer = PyObject_CallFunction(run->tick, "iiLd", at, run->p->stages, (long long)run->made, low);
    if (!answer) return run->failed = 1, 0;
    Py_DECREF(answer);
    if (PyErr_CheckSignals()) return run->failed = 1, 0;
    return 1;
}

/* Note in how many ways each window's words can still be shared. */
static int meet(Run *run, Label *l) {
    const Problem *p = run->p;
    for (int w = 0; w < p->windows; w++) {
        double met = 1.0;
        if (l->slide[w] > STIFF) {
            const Entry *e = ask(run, MET, w, l->slide[w], -1, 0, -1, 0, l);
            if (!e) return 0;
            met = product_of(p, l, &p->window[w].met);
            if (run->memo_value[e->value] < met) met = run->memo_value[e->value];
        }
        MET_BY(p, l)[w] = met;
    }
    return 1;
}

/* Drop what cannot win, what is beaten and, with a beam, what is unlikely to win. */
static void thin(Run *run, List *list, int at) {
    const Problem *p = run->p;
    const Stage *s = &p->stage[at];
    Ranked *ranked = malloc((list->count + 1) * sizeof(Ranked));
    if (!ranked) {
        run->failed = 2;
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++) {
        Label *l = label_at(run, list->item[i]);
        double floor[MAX_OBJECTIVES];
        if (!(i & 1023) && !tick(run, at, l->low)) break; /* those left keep the bound of what they grew from */
        if (!meet(run, l)) {
            free(ranked);
            return;
        }
        floors(p, l, at, floor);
        if (!useful(p, floor, &l->low)) {
            free_label(run, list->item[i]);
            continue;
        }
        ranked[n++] = (Ranked){l->tile, loops_key(p, s, l), closed(p, l), list->item[i]};
    }
    if (run->failed) {
        free(ranked);
        return;
    }
    qsort(ranked, n, sizeof(Ranked), by_tile);
    size_t kept = 0, group = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == group || ranked[group].tile != ranked[i].tile || ranked[group].loops != ranked[i].loops) group = kept;
        Label *b = label_at(run, ranked[i].index);
        int beaten = 0;
        size_t end = kept - group > COMPARED ? group + COMPARED : kept;
        for (size_t j = group; j < end && !beaten; j++) beaten = beats(p, label_at(run, ranked[j].index), b, s);
        if (beaten)
            free_label(run, ranked[i].index);
        else
            ranked[kept++] = ranked[i];
    }
    n = kept;
    if (p->beam > 0 && (int64_t)n > p->beam) {
        /* As many of each kind: kinds differ in which dimensions that must be whole further out are whole yet. */
        uint32_t demanded = 0;
        for (int later = at; later < p->stages; later++) demanded |= p->stage[later].whole;
        for (size_t i = 0; i < n; i++) {
            const Label *l = label_at(run, ranked[i].index);
            double low = l->low;
            ranked[i].tile = (int64_t)(open_dims(p, l) & demanded);
            ranked[i].loops = l->next == ANY ? 0 : (uint64_t)l->next << 32 | l->pending;
            ranked[i].value = LEAN * ranked[i].value + (1.0 - LEAN) * low;
        }
        qsort(ranked, n, sizeof(Ranked), by_tile);
        size_t first = 0, room = 0;
        for (size_t i = 0; i < n; i++) {
            if (ranked[i].tile != ranked[first].tile || ranked[i].loops != ranked[first].loops) first = i;
            if ((int64_t)(i - first) < p->beam)
                ranked[room++] = ranked[i];
            else
                free_label(run, ranked[i].index);
        }
        n = room;
    }
    list->count = 0;
    for (size_t i = 0; i < n; i++) {
        leave_trail(run, label_at(run, ranked[i].index));
        list->item[list->count++] = ranked[i].index;
    }
    free(ranked);
}

/* -- stages ----------------------------------------------------------------------------------------------------------- */

/* A loop over dim d at a stage, from one position among its divisors to another. */
static uint64_t edge_of(int at, int d, int64_t before, int64_t after) {
    return (uint64_t)before << 40 | (uint64_t)after << 16 | (uint64_t)at << 8 | (uint64_t)(d + 1);
}

/* Whether a loop is allowed by what the constraints say of this node's loops; updates what the label knows of them. */
static int obeys(const Problem *p, const Stage *s, Label *l, int d, int64_t factor) {
    if (s->ordered) {
        int place = s->order[d] < 0 ? 127 : (int)s->order[d];
        if (place < l->place) return 0;
        l->place = (int8_t)place;
    }
    if (s->counted) {
        int64_t most = s->fixed[d] >= 0 ? s->fixed[d] : s->most[d];
        if (most >= 0 && p->dim[d].value[l->pos[d]] / p->dim[d].value[l->entry[d]] * factor > most) return 0;
    }
    return 1;
}

/* Whether all that must be done at this node is done. */
static int complete(const Problem *p, const Stage *s, const Label *l) {
    if (open_dims(p, l) & s->whole) return 0;
    if (s->counted)
        for (int d = 0; d < p->dims; d++)
            if (s->fixed[d] > 1 && p->dim[d].value[l->pos[d]] / p->dim[d].value[l->entry[d]] != s->fixed[d]) return 0;
    return 1;
}

static void reset(Label *l) {
    for (int i = 0; i < MAX_AXES; i++) l->used[i] = 1;
    l->place = 0;
    l->last = -1;
    memcpy(l->entry, l->pos, sizeof l->entry);
}

/* One copy for each set of records that the next loop in time may leave pending; the others are settled now. */
static void guess(Run *run, List *list, int at) {
    const Problem *p = run->p;
    const Stage *s = &p->stage[at];
    size_t n = list->count;
    for (size_t i = 0; i < n; i++) {
        uint32_t index = list->item[i];
        uint32_t pending = label_at(run, index)->pending, guessed = label_at(run, index)->next;
        uint32_t open = open_dims(p, label_at(run, index)) & guessed;
        uint32_t sets[MAX_DIMS + 1];
        int count = 0;
        sets[count++] = 0;
        for (int d = 0; d < p->dims; d++) {
            if (!(open >> d & 1)) continue;
            uint32_t set = 0;
            for (int r = 0; r < p->records; r++)
                if ((pending >> r & 1) && !(replaces(p, label_at(run, index), r) >> d & 1)) set |= 1u << r;
            int known = 0;
            for (int j = 0; j < count; j++) known |= sets[j] == set;
            if (!known) sets[count++] = set;
        }
        for (int j = count - 1; j >= 0; j--) {
            int64_t copy = j ? copy_label(run, index) : (int64_t)index;
            if (copy < 0) return;
            Label *l = label_at(run, (uint32_t)copy);
            for (int r = 0; r < p->records; r++)
                if ((pending >> r & 1) && !(sets[j] >> r & 1)) settle(p, l, r, p->record[r].parent >= s->node);
            l->next = guessed; /* what an earlier guess said holds until there is a loop in time */
            for (int r = 0; r < p->records; r++) {
                if (!(pending >> r & 1)) continue;
                if (sets[j] >> r & 1)
                    l->next &= ~p->record[r].pure;
                else if (p->negative >> r & 1) /* settled too early it would count too little, others too much */
                    l->next &= p->record[r].pure;
            }
            if (j) {
                add(run, list, (uint32_t)copy);
                run->made++;
            }
        }
        if (run->failed) return;
    }
}

static double least_low(const Run *run, const List *list, double least) {
    for (size_t i = 0; i < list->count; i++) {
        double low = label_at(run, list->item[i])->low;
        if (low < least) least = low;
    }
    return least;
}

/* Whether a pending window would slide if a loop ran over dim d. */
static int slides_over(const Problem *p, const Label *l, int d) {
    for (int r = 0; r < p->records; r++) {
        if (!(l->pending >> r & 1) || !(p->record[r].sliding >> d & 1)) continue;
        for (int i = 0; i < p->record[r].windows; i++)
            if (l->slide[p->record[r].window[i]] > STIFF) return 1;
    }
    return 0;
}

static int primes_of(const Dim *dim, int64_t factor) {
    int count = 0;
    while (factor > 1)
        for (int j = 0; j < dim->primes; j++)
            if (factor % dim->prime[j] == 0) {
                factor /= dim->prime[j];
                count++;
                break;
            }
    return count;
}

static void memory_stage(Run *run, List *list, int at) {
    const Problem *p = run->p;
    const Stage *s = &p->stage[at];
    int top = 0;
    run->left.count = 0;
    for (size_t i = 0; i < list->count; i++) {
        Label *l = label_at(run, list->item[i]);
        reset(l);
        if (!arrive(run, l, s->node)) return;
        if (!fits(p, s, l)) {
            free_label(run, list->item[i]);
            continue;
        }
        int level = l->level;
        if (level > top) top = level;
        add(run, &run->bucket[level], list->item[i]);
    }
    list->count = 0;
    for (int level = 0; level < 512; level++) {
        List *bunch = &run->bucket[level];
        if (!bunch->count) continue;
        thin(run, bunch, at);
        if (run->failed) return;
        for (size_t i = 0; i < bunch->count; i++) {
            uint32_t index = bunch->item[i];
            if (!tick(run, at, label_at(run, index)->low)) return;
            for (int d = 0; d < p->dims; d++) {
                if (!(s->allowed >> d & 1)) continue;
                const Dim *dim = &p->dim[d];
                const Label *from = label_at(run, index);
                if (from->pos[d] == dim->count - 1) continue;
                int swaps = !s->ordered && !s->counted && commutes(p, from, d);
                if (swaps && d < from->last) continue;
                /* In the outermost memory all that is left of a dim is best placed at once, unless a window slides. */
                int whole = at + 1 == p->stages && !s->ordered && !s->counted && !slides_over(p, from, d);
                if (whole && !from->pending && (open_dims(p, from) & from->next & ((1u << d) - 1))) continue;
                for (int j = 0; j < (whole ? 1 : dim->primes); j++) {
                    int64_t position = dim->times[(int64_t)j * dim->count + label_at(run, index)->pos[d]];
                    int64_t factor = dim->prime[j];
                    if (whole) {
                        position = dim->count - 1;
                        factor = dim->value[position] / dim->value[label_at(run, index)->pos[d]];
                    }
                    if (position < 0) continue;
                    int64_t copy = copy_label(run, index);
                    if (copy < 0) return;
                    Label *l = label_at(run, (uint32_t)copy);
                    int able = obeys(p, s, l, d, factor) && grow_in_time(run, l, s->node, d, factor, position) &&
                               fits(p, s, l);
                    if (run->failed) return;
                    if (!able) {
                        free_label(run, (uint32_t)copy);
                        continue;
                    }
                    l->edge = edge_of(at, d, label_at(run, index)->pos[d], position);
                    l->level += (uint16_t)primes_of(dim, factor);
                    /* A loop that a guess has asked for may come before all others, which cannot take its place. */
                    l->last = swaps && label_at(run, index)->next == ANY ? (int8_t)d : -1;
                    run->made++;
                    add(run, &run->bucket[l->level], (uint32_t)copy);
                }
            }
        }
        for (size_t i = 0; i < bunch->count; i++) add(run, &run->left, bunch->item[i]);
        bunch->count = 0;
        if (run->failed) return;
    }
    for (size_t i = 0; i < run->left.count; i++) {
        Label *l = label_at(run, run->left.item[i]);
        if (!complete(p, s, l) || (at + 1 < p->stages && !begin(run, l, s->node))) {
            if (run->failed) return;
            free_label(run, run->left.item[i]);
            continue;
        }
        reset(l);
        add(run, list, run->left.item[i]);
    }
    run->left.count = 0;
    if (at + 1 < p->stages) {
        guess(run, list, at);
        if (run->failed) return;
        for (size_t i = 0; i < list->count; i++) reset(label_at(run, list->item[i]));
        thin(run, list, at + 1);
    }
}

/* Windows whose dims no loop to come spreads: those of settled records no longer matter, others perhaps. */
static int forget_windows(Run *run, int at, Label *l, uint32_t spread_still) {
    const Problem *p = run->p;
    for (int r = 0; r < p->records; r++) {
        const Record *record = &p->record[r];
        if (!record->windows || record->child <= p->stage[at].node) continue;
        int last = 1; /* no fanout of the record lies further out */
        for (int later = at + 1; later < p->stages && p->stage[later].node > record->parent; later++)
            if (p->stage[later].axis && (p->stage[later].allowed & record->sliding)) last = 0;
        if (!last) continue;
        for (int i = 0; i < record->windows; i++) {
            int w = record->window[i];
            if (p->window[w].mask & spread_still) continue;
            if (!(l->pending >> r & 1))
                l->slide[w] = INERT;
            else if (!stiffen(run, l, w))
                return 0;
        }
    }
    return 1;
}

static void axis_stage(Run *run, List *list, int at) {
    const Problem *p = run->p;
    const Stage *s = &p->stage[at];
    if (s->first)
        for (size_t i = 0; i < list->count; i++) reset(label_at(run, list->item[i]));
    uint32_t still = s->allowed;
    for (int turn = 0; turn < p->dims; turn++) {
        int d = p->turns[turn];
        if (!(s->allowed >> d & 1)) continue;
        still &= ~(1u << d);
        const Dim *dim = &p->dim[d];
        size_t n = list->count, room_ = 0;
        for (size_t i = 0; i < n; i++) {
            uint32_t index = list->item[i];
            int start = label_at(run, index)->pos[d];
            if (!tick(run, at, label_at(run, index)->low)) return;
            for (int position = start + 1; position < dim->count; position++) {
                int64_t whole = dim->value[position], part = dim->value[start];
                if (whole % part) continue;
                int64_t factor = whole / part;
                if (factor * label_at(run, index)->used[s->axis - 1] > s->size) break;
                if (s->fixed[d] >= 0 && factor != s->fixed[d]) continue;
                if (s->most[d] >= 0 && factor > s->most[d]) break;
                int64_t copy = copy_label(run, index);
                if (copy < 0) return;
                Label *l = label_at(run, (uint32_t)copy);
                if (!grow_in_space(run, l, s->node, s->axis - 1, d, factor, position)) {
                    free_label(run, (uint32_t)copy);
                    if (run->failed) return;
                    continue;
                }
                l->level += (uint16_t)primes_of(dim, factor);
                l->edge = edge_of(at, d, start, position);
                run->made++;
                add(run, list, (uint32_t)copy);
                if (run->failed) return;
            }
        }
        for (size_t i = 0; i < list->count; i++) {
            if (i < n && s->fixed[d] > 1) { /* without the loop that must be there */
                free_label(run, list->item[i]);
                continue;
            }
            if (!forget_windows(run, at, label_at(run, list->item[i]), still)) return;
            list->item[room_++] = list->item[i];
        }
        list->count = room_;
        thin(run, list, at);
        if (run->failed) return;
    }
    if (!s->outer) return;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        Label *l = label_at(run, list->item[i]);
        double children = 1.0;
        for (int j = 0; j < s->axes; j++) children *= (double)l->used[j];
        if ((open_dims(p, l) & s->whole) || children < s->least_used) {
            free_label(run, list->item[i]);
            continue;
        }
        reset(l);
        list->item[kept++] = list->item[i];
    }
    list->count = kept;
    if (at + 1 < p->stages) thin(run, list, at + 1);
}

/* -- Python ----------------------------------------------------------------------------------------------------------- */

typedef struct {
    const int64_t *next, *end;
    int failed;
} Ints;

static int64_t take(Ints *ints) {
    if (ints->next >= ints->end) return ints->failed = 1, 0;
    return *ints->next++;
}

static const int64_t *take_many(Ints *ints, int64_t count) {
    const int64_t *first = ints->next;
    if (count < 0 || ints->end - first < count) return ints->failed = 1, ints->end - 1;
    ints->next += count;
    return first;
}

static int bad(Problem *p, Ints *ints) {
    return ints->failed || p->dims > MAX_DIMS || p->records > MAX_RECORDS || p->components > MAX_COMPONENTS ||
           p->windows > MAX_WINDOWS || p->objectives > MAX_OBJECTIVES || p->tensors > MAX_TENSORS;
}

static int read_product(Product *product, Ints *ints, const double *floats) {
    product->ranks = (int)take(ints);
    if (product->ranks > MAX_FACTORS) return 0;
    for (int i = 0; i < product->ranks; i++) {
        Rank *rank = &product->rank[i];
        rank->table = floats + take(ints);
        rank->count = (int)take(ints);
        if (rank->count > MAX_DIMS) return 0;
        for (int j = 0; j < rank->count; j++) rank->dim[j] = take(ints);
    }
    return !ints->failed;
}

static int read_problem(Problem *p, Ints *ints, const double *floats) {
    p->dims = (int)take(ints), p->stages = (int)take(ints), p->records = (int)take(ints);
    p->components = (int)take(ints), p->windows = (int)take(ints), p->objectives = (int)take(ints);
    p->tensors = (int)take(ints);
    if (bad(p, ints)) return 0;
    int64_t radix = 1;
    for (int d = 0; d < p->dims; d++) {
        Dim *dim = &p->dim[d];
        dim->count = (int)take(ints), dim->primes = (int)take(ints);
        dim->value = take_many(ints, dim->count);
        dim->prime = take_many(ints, dim->primes);
        dim->times = take_many(ints, (int64_t)dim->count * dim->primes);
        dim->radix = radix;
        radix *= dim->count;
    }
    p->tiles = radix;
    for (int t = 0; t < p->tensors; t++) {
        Tensor *tensor = &p->tensor[t];
        tensor->bits = (double)take(ints);
        if (!read_product(&tensor->words, ints, floats) || !read_product(&tensor->used, ints, floats)) return 0;
    }
    for (int r = 0; r < p->records; r++) {
        Record *record = &p->record[r];
        record->parent = (int)take(ints), record->child = (int)take(ints), record->tensor = (int)take(ints);
        record->latched = (int)take(ints), record->stationary = (int)take(ints);
        record->first = (int)take(ints), record->last = (int)take(ints);
        record->pure = (uint32_t)take(ints), record->sliding = (uint32_t)take(ints);
        record->linked = (uint64_t)take(ints);
        record->total = (double)take(ints);
        record->windows = (int)take(ints);
        if (record->windows > 4) return 0;
        for (int i = 0; i < record->windows; i++) record->window[i] = (int)take(ints);
    }
    for (int c = 0; c < p->components; c++) p->shares[c] = (uint64_t)take(ints);
    for (int w = 0; w < p->windows; w++) {
        Window *window = &p->window[w];
        window->record = (int)take(ints), window->dims = (int)take(ints);
        if (window->dims > 4) return 0;
        for (int i = 0; i < window->dims; i++) {
            window->dim[i] = (int)take(ints);
            window->mask |= 1u << (window->dim[i] & 31);
        }
        if (!read_product(&window->met, ints, floats)) return 0;
    }
    p->weight = floats + take(ints);
    p->constant = floats + take(ints);
    for (int k = 0; k < p->objectives; k++) p->divides[k] = (uint64_t)take(ints);
    p->stage = calloc((size_t)p->stages, sizeof(Stage));
    if (!p->stage) return 0;
    for (int i = 0; i < p->stages; i++) {
        Stage *s = &p->stage[i];
        s->axis = (int)take(ints), s->node = (int)take(ints), s->first = (int)take(ints), s->outer = (int)take(ints);
        s->next = (int)take(ints), s->axes = (int)take(ints);
        if (s->axes > MAX_AXES) return 0;
        for (int j = 0; j < s->axes; j++) s->sizes[j] = take(ints);
        s->allowed = (uint32_t)take(ints), s->whole = (uint32_t)take(ints), s->size = take(ints);
        const double *figures = floats + take(ints);
        s->capacity = figures[0], s->least_used = figures[1];
        s->kept = (int)take(ints);
        if (s->kept > MAX_TENSORS) return 0;
        for (int j = 0; j < s->kept; j++) s->keep[j] = take(ints);
        for (int k = 0; k < p->objectives; k++) {
            int64_t place = take(ints);
            s->future[k] = place < 0 ? NULL : floats + place;
            s->once[k] = figures[2 + k];
        }
        s->joints = (int)take(ints), s->levels = (int)take(ints), s->finest = (int)take(ints);
        if (s->joints > MAX_JOINTS) return 0;
        for (int j = 0; j < s->joints; j++) {
            s->joint_records[j] = (uint32_t)take(ints);
            s->joint[j] = floats + take(ints);
        }
        if (!read_product(&s->spread, ints, floats)) return 0;
        for (int r = 0; r < p->records; r++)
            if (!read_product(&s->shared[r], ints, floats) || !read_product(&s->even[r], ints, floats)) return 0;
        s->ordered = (int)take(ints), s->counted = (int)take(ints);
        for (int d = 0; d < p->dims; d++) s->fixed[d] = take(ints), s->most[d] = take(ints), s->order[d] = take(ints);
    }
    for (int i = p->stages - 1; i >= 0; i--)
        if (p->stage[i].axis) {
            if (i + 1 < p->stages && p->stage[i + 1].node == p->stage[i].node) p->stage[i].live = p->stage[i + 1].live;
            p->stage[i].live |= 1u << (p->stage[i].axis - 1);
        }
    p->mode = (int)take(ints), p->beam = take(ints);
    const double *asked = floats + take(ints);
    p->upper = asked[0], p->most_seconds = asked[1];
    for (int k = 0; k < p->objectives; k++) p->caps[k] = asked[2 + k];
    p->front = (int)take(ints);
    p->points = floats + take(ints);
    for (int d = 0; d < p->dims; d++) p->turns[d] = (int)take(ints) & (MAX_DIMS - 1);
    for (int r = 0; r < p->records; r++)
        for (int c = p->record[r].first; c < p->record[r].last; c++)
            for (int k = 0; k < p->objectives; k++)
                if (p->weight[c * p->objectives + k] < 0.0) p->negative |= 1u << r;
    p->at_scale = p->objectives, p->at_words = 2 * p->objectives, p->at_tile = p->at_words + p->components;
    p->at_met = p->at_tile + p->components;
    p->doubles = p->at_met + p->windows;
    p->stride = sizeof(Label) + (size_t)p->doubles * sizeof(double);
    return !ints->failed;
}

static int64_t start(Run *run) {
    const Problem *p = run->p;
    int64_t index = new_label(run);
    if (index < 0) return index;
    Label *l = label_at(run, (uint32_t)index);
    memset(l, 0, p->stride);
    reset(l);
    l->next = ANY;
    l->trail = UINT32_MAX;
    double macs = 1.0;
    for (int d = 0; d < p->dims; d++) macs *= (double)extent(p, d);
    for (int k = 0; k < p->objectives; k++) COST(p, l)[k] = p->constant[k], SCALE(p, l)[k] = 1.0;
    for (int r = 0; r < p->records; r++) {
        const Record *record = &p->record[r];
        if (record->latched) continue;
        for (int c = record->first; c < record->last; c++) WORDS(p, l)[c] = macs;
        for (int i = 0; i < record->windows; i++) {
            const Entry *e = ask(run, OPEN, record->window[i], 0, -1, 0, -1, 0, l);
            if (!e) return -1;
            l->slide[record->window[i]] = e->signature;
        }
    }
    if (!begin(run, l, p->stage[0].node + 1)) return -1; /* a compute with a latch */
    return index;
}

static PyObject *answers(Run *run, List *list, double least, int status) {
    const Problem *p = run->p;
    PyObject *found = PyList_New(0);
    if (!found) return NULL;
    for (size_t i = 0; i < list->count && i < 4096; i++) {
        const Label *l = label_at(run, list->item[i]);
        PyObject *values = PyTuple_New(p->objectives), *edges = PyList_New(0);
        if (!values || !edges) return NULL;
        for (int k = 0; k < p->objectives; k++) {
            double value = COST(p, l)[k];
            for (int c = 0; c < p->components; c++) value += p->weight[c * p->objectives + k] * WORDS(p, l)[c] * SCALE(p, l)[k];
            PyTuple_SetItem(values, k, PyFloat_FromDouble(value));
        }
        for (uint32_t at = l->trail; at != UINT32_MAX; at = run->trail_parent[at]) {
            PyObject *edge = PyLong_FromUnsignedLongLong(run->trail_edge[at]);
            if (!edge || PyList_Append(edges, edge)) return NULL;
            Py_DECREF(edge);
        }
        PyObject *pair = Py_BuildValue("(NN)", values, edges);
        if (!pair || PyList_Append(found, pair)) return NULL;
        Py_DECREF(pair);
    }
    return Py_BuildValue("(iLddN)", status, (long long)run->made, least, run->root, found);
}

static void clear(Run *run, Problem *p) {
    for (size_t i = 0; i < run->pool.chunks; i++) free(run->pool.chunk[i]);
    free(run->pool.chunk);
    free(run->pool.free);
    for (int i = 0; i < 512; i++) free(run->bucket[i].item);
    free(run->left.item);
    free(run->trail_parent);
    free(run->trail_edge);
    free(run->memo);
    free(run->memo_value);
    free(p->stage);
}

static PyObject *search(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer int_buffer, float_buffer;
    PyObject *slide, *tick_call, *result = NULL;
    if (!PyArg_ParseTuple(args, "y*y*OO", &int_buffer, &float_buffer, &slide, &tick_call)) return NULL;
    Problem *p = calloc(1, sizeof(Problem));
    Run *run = calloc(1, sizeof(Run));
    List list = {0};
    Ints ints = {int_buffer.buf, (const int64_t *)int_buffer.buf + int_buffer.len / 8, 0};
    if (!p || !run) {
        PyErr_NoMemory();
    } else if (!read_problem(p, &ints, float_buffer.buf)) {
        PyErr_SetString(PyExc_OverflowError, "too many dimensions, tensors, levels, axes or bandwidths");
    } else {
        run->p = p, run->slide = slide, run->tick = tick_call;
        run->deadline = now() + p->most_seconds;
        int64_t first = start(run);
        if (first >= 0) add(run, &list, (uint32_t)first);
        if (!run->failed) {
            double floor[MAX_OBJECTIVES];
            meet(run, label_at(run, (uint32_t)first));
            floors(p, label_at(run, (uint32_t)first), 0, floor);
            useful(p, floor, &run->root);
            thin(run, &list, 0);
        }
        for (int at = 0; at < p->stages && !run->failed && list.count; at++) {
            if (p->stage[at].axis)
                axis_stage(run, &list, at);
            else
                memory_stage(run, &list, at);
        }
        if (run->failed == 2) {
            PyErr_NoMemory();
        } else if (run->failed == 3) {
            double least = INFINITY;
            least = least_low(run, &list, least);
            least = least_low(run, &run->left, least);
            for (int i = 0; i < 512; i++) least = least_low(run, &run->bucket[i], least);
            list.count = 0;
            result = answers(run, &list, least, STOPPED);
        } else if (!run->failed) {
            result = answers(run, &list, 0.0, list.count ? DONE : NOTHING);
        }
    }
    free(list.item);
    if (run && p) clear(run, p);
    free(run);
    free(p);
    PyBuffer_Release(&int_buffer);
    PyBuffer_Release(&float_buffer);
    return result;
}

/* reach(table, other, steps): `table` is [level][tile], every level the same; afterwards table[level][tile] is the least
   of those values over the tiles that loops over some dims lead to, whose factors cost at most `level` together. `other`
   is room of the same size. `steps` has for each of these dims: its stride, its count, the number of its steps, and for
   each of them the position before, the position after, and the cost. */
static PyObject *reach(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer first, second, steps;
    long long tiles;
    if (!PyArg_ParseTuple(args, "w*w*y*L", &first, &second, &steps, &tiles)) return NULL;
    const int64_t *step = steps.buf, *end = step + steps.len / (Py_ssize_t)sizeof(int64_t);
    double *from = first.buf, *to = second.buf;
    int64_t levels = tiles > 0 ? first.len / (Py_ssize_t)sizeof(double) / tiles : 0;
    int good = second.len >= first.len;
    while (good && step + 3 <= end) {
        int64_t stride = step[0], count = step[1], pairs = step[2];
        step += 3;
        memcpy(to, from, (size_t)(levels * tiles) * sizeof(double));
        for (int64_t k = 0; k < pairs; k++, step += 3) {
            int64_t before = step[0], after = step[1], cost = step[2];
            for (int64_t level = cost; level < levels; level++)
                for (int64_t block = 0; block < tiles; block += stride * count) {
                    const double *source = from + (level - cost) * tiles + block + after * stride;
                    double *target = to + level * tiles + block + before * stride;
                    for (int64_t j = 0; j < stride; j++)
                        if (source[j] < target[j]) target[j] = source[j];
                }
        }
        double *swap = from;
        from = to, to = swap;
    }
    if (good && from != first.buf) memcpy(first.buf, from, (size_t)(levels * tiles) * sizeof(double));
    PyBuffer_Release(&first);
    PyBuffer_Release(&second);
    PyBuffer_Release(&steps);
    if (!good) {
        PyErr_SetString(PyExc_ValueError, "there is too little room");
        return NULL;
    }
    Py_INCREF(Py_None);
    return Py_None;
}

static PyMethodDef methods[] = {
    {"reach", reach, METH_VARARGS, "reach(values, out, steps, levels): the least value within reach, per level"},

    {"search", search, METH_VARARGS, "search(ints, floats, slide, tick) -> (status, labels, least, stage, answers)"},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_core", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__core(void) { return PyModule_Create(&module); }
