/*
 * Memory for the catalog's small objects, of which there may be millions.
 *
 * Objects of about one size share a slab, and slabs lie in regions of the size
 * of a large page: taking an object and giving it back touch little memory,
 * nothing is kept beside it, and reaching any object of a large catalog needs
 * no walk through page tables. An empty slab serves objects of another size, an
 * empty region goes back to the system, in the end: some are kept for a while
 * for what comes next.
 *
 * For one thread. Must not know what is stored. Under the address sanitizer it
 * is malloc, so that every object is watched.
 */
#ifndef MUSTER_STATE_POOL_H
#define MUSTER_STATE_POOL_H

#include <stddef.h>

/* Aborts when there is no memory, as xmalloc(). */
void *pool_alloc(size_t size) __attribute__((malloc, returns_nonnull));
/* size as it was asked for; p NULL is fine. */
void pool_free(void *p, size_t size);

/* Gives back to the system a part of what is kept for what comes next: to be
 * called now and then. Returns how many bytes it was. */
size_t pool_trim(void);

/* A large array, all zeros; size as it was asked for to free it. */
void *pool_array(size_t size) __attribute__((malloc, returns_nonnull));
void pool_array_free(void *p, size_t size);

#endif
