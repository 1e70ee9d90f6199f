#include "server/state/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <utlist.h>

#include "lib/mem.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define POOL_SIZES 0 /* all of it is malloc's */
#else
#define POOL_SIZES 32
#endif

#define POOL_GRAIN   16 /* sizes are multiples of it */
#define SLAB_BITS    15
#define SLAB_BYTES   ((size_t)1 << SLAB_BITS)
#define REGION_BITS  21 /* a large page */
#define REGION_BYTES ((size_t)1 << REGION_BITS)
#define REGION_SLABS (REGION_BYTES / SLAB_BYTES)
#define REGION_EMPTY (UINT64_MAX - 1) /* all its slabs but the first are free */
#define EMPTY_MIN    16               /* empty regions that are always kept */
#define TRIM_MAX     8                /* empty regions given back by one call */
#define ARRAY_LARGE  (REGION_BYTES / 2)

/* Where objects of one size are. */
struct slab {
    void *given_back; /* free objects, each points to the next */
    uint16_t used;    /* objects in use */
    uint16_t fresh;   /* objects that have ever been in use */
    uint16_t size;    /* in grains */
    uint16_t capacity;
    struct slab *prev, *next; /* on the list of its size while it has room */
};

/*
 * What a region's first slab holds: this, and the heads of its slabs, in the
 * place of the one that the first slab does not have. They begin at another
 * offset in each region, so that they do not all compete for the same places
 * of the processor's caches.
 */
struct region {
    uint64_t free;              /* a bit for each slab that is */
    struct region *prev, *next; /* on the list of those with a free slab */
};

static struct {
    struct slab *with_room[POOL_SIZES + 1]; /* by size in grains */
    struct region *regions;                 /* those with a free slab */
    size_t empty, in_use;                   /* regions */
} pool;

_Static_assert(sizeof(struct slab) == 32,
               "a region's heads fit its first slab");
_Static_assert(sizeof(struct region) <= sizeof(struct slab), "it is slab 0");
_Static_assert(REGION_SLABS == 64, "a bit for each");

static uintptr_t region_base(const void *p)
{
    return (uintptr_t)p & ~(REGION_BYTES - 1);
}

static struct slab *region_heads(uintptr_t base)
{
    size_t room = SLAB_BYTES / (REGION_SLABS * sizeof(struct slab));

    return (struct slab *)base + REGION_SLABS * (base / REGION_BYTES % room);
}

static struct slab *slab_of(const void *p)
{
    uintptr_t base = region_base(p);

    return region_heads(base) + ((uintptr_t)p - base) / SLAB_BYTES;
}

static char *slab_objects(const struct slab *s)
{
    uintptr_t base = region_base(s);

    return (char *)base + (size_t)(s - region_heads(base)) * SLAB_BYTES;
}

/* -- regions --------------------------------------------------------------- */

/* Pages at a multiple of a large page's size, which they become if the system
 * has one. */
static void *pages_new(size_t size)
{
    char *p = mmap(NULL, size + REGION_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;

    if (p == MAP_FAILED)
        mem_exhausted();
    before = -(uintptr_t)p & (REGION_BYTES - 1);
    if (before)
        munmap(p, before);
    if (before < REGION_BYTES)
        munmap(p + before + size, REGION_BYTES - before);
    madvise(p + before, size, MADV_HUGEPAGE);
    return p + before;
}

static void region_new(void)
{
    uintptr_t base = (uintptr_t)pages_new(REGION_BYTES);
    struct region *r = (struct region *)region_heads(base);

    r->free = REGION_EMPTY;
    pool.empty++;
    DL_PREPEND(pool.regions, r);
}

/* An empty region is kept for what comes next, as after a registry's restart
 * or a storm of broken connections; not more of them than are in use. */
static void region_ends(struct region *r, uintptr_t base)
{
    pool.in_use--;
    if (pool.empty < EMPTY_MIN || pool.empty < pool.in_use) {
        pool.empty++;
        return;
    }
    DL_DELETE(pool.regions, r);
    munmap((void *)base, REGION_BYTES);
}

/* Of the empty ones half, of those that are kept for a while: as long as there
 * is a storm it finds most of what it needs. */
size_t pool_trim(void)
{
    size_t left = pool.empty > EMPTY_MIN ? (pool.empty - EMPTY_MIN + 1) / 2 : 0;
    struct region *r, *next;
    size_t bytes = 0;

    if (left > TRIM_MAX)
        left = TRIM_MAX;
    DL_FOREACH_SAFE (pool.regions, r, next) {
        if (!left)
            break;
        if (r->free != REGION_EMPTY)
            continue;
        DL_DELETE(pool.regions, r);
        munmap((void *)region_base(r), REGION_BYTES);
        pool.empty--;
        left--;
        bytes += REGION_BYTES;
    }
    return bytes;
}

static struct slab *slab_take(unsigned size)
{
    struct region *r;
    struct slab *s;
    int i;

    if (!pool.regions)
        region_new();
    r = pool.regions;
    if (r->free == REGION_EMPTY) {
        pool.empty--;
        pool.in_use++;
    }
    i = __builtin_ctzll(r->free);
    r->free &= r->free - 1;
    if (!r->free)
        DL_DELETE(pool.regions, r);
    s = (struct slab *)r + i;
    *s = (struct slab){.size = (uint16_t)size,
                       .capacity = (uint16_t)(SLAB_BYTES / POOL_GRAIN / size)};
    return s;
}

static void slab_give_back(struct slab *s)
{
    uintptr_t base = region_base(s);
    struct region *r = (struct region *)region_heads(base);

    if (!r->free)
        DL_APPEND(pool.regions, r);
    r->free |= (uint64_t)1 << (s - (struct slab *)r);
    if (r->free == REGION_EMPTY)
        region_ends(r, base);
}

/* -- objects --------------------------------------------------------------- */

static unsigned in_grains(size_t size)
{
    return size ? (unsigned)((size + POOL_GRAIN - 1) / POOL_GRAIN) : 1;
}

/* The next one to be taken, which may have been given back long ago. */
static void warm(const char *p, size_t size)
{
    const char *end = p + size;

    for (; p < end; p += 64)
        __builtin_prefetch(p, 1);
}

void *pool_alloc(size_t size)
{
    unsigned grains;
    struct slab *s;
    void *p;

    if (size > POOL_SIZES * POOL_GRAIN || !POOL_SIZES)
        return xmalloc(size);
    grains = in_grains(size);
    s = pool.with_room[grains];
    if (!s) {
        s = slab_take(grains);
        DL_APPEND(pool.with_room[grains], s);
    }
    p = s->given_back;
    if (p) {
        s->given_back = *(void **)p;
        warm(s->given_back, size);
    } else {
        p = slab_objects(s) + (size_t)s->fresh++ * grains * POOL_GRAIN;
    }
    if (++s->used == s->capacity)
        DL_DELETE(pool.with_room[grains], s);
    return p;
}

/* A slab that has room again goes behind the others: by its turn it has more,
 * and what is taken one after the other lies together. */
void pool_free(void *p, size_t size)
{
    struct slab *s, **list;

    if (!p || size > POOL_SIZES * POOL_GRAIN || !POOL_SIZES) {
        free(p);
        return;
    }
    s = slab_of(p);
    list = &pool.with_room[s->size];
    *(void **)p = s->given_back;
    s->given_back = p;
    if (s->used-- == s->capacity)
        DL_APPEND(*list, s);
    if (!s->used && s != *list) {
        DL_DELETE(*list, s);
        slab_give_back(s);
    }
}

/* -- arrays ---------------------------------------------------------------- */

static size_t whole_pages(size_t size)
{
    return (size + 4095) & ~(size_t)4095;
}

void *pool_array(size_t size)
{
    if (size < ARRAY_LARGE || !POOL_SIZES)
        return xcalloc(1, size);
    return pages_new(whole_pages(size));
}

void pool_array_free(void *p, size_t size)
{
    if (p && size >= ARRAY_LARGE && POOL_SIZES)
        munmap(p, whole_pages(size));
    else
        free(p);
}
