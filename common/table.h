/* table.h: the hash table in memory: from a key to a place in an array */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define TABLE_NONE SIZE_MAX

/*
 * The things stand in an array of the caller's, which may move.  The table
 * holds their places, four bytes each, between one in three and two in three
 * of them in use, and asks for the key of the thing at a place: a text or a
 * number.  "of" is handed on to that function, at each call.
 *
 * Strangers choose the keys: the hash has a secret of its own in each
 * process, so that nobody can send a list of names that collide.  It is for
 * memory alone; what is written to a disk has hashes that stay the same.
 *
 * Start with { .text = f } or { .number = f }; free with table_free.
 */
struct table {
	struct str (*text)(const void *of, size_t at);
	uint64_t (*number)(const void *of, size_t at);
	bool fold;		/* texts are equal without regard to case */
	uint32_t *slot;
	size_t cap;		/* a power of two, or 0 */
	size_t n;		/* things in it */
	size_t used;		/* n, and slots of things that are gone */
	uint32_t place;		/* the bits of a slot that are the place */
};

/* The place of a thing with that key, or TABLE_NONE. */
size_t table_text(const struct table *, const void *of, struct str key);
size_t table_number(const struct table *, const void *of, uint64_t key);

/*
 * A thing that has its place and key already.  Another one with the same key
 * may be there: either is found then.  Exits 71 from 2^32 places on.
 */
void table_add(struct table *, const void *of, size_t at);

/* Takes it out; its place and key are still the same.  No harm if not in. */
void table_del(struct table *, const void *of, size_t at);

/* Room for n things at once, so that they are not moved while it grows. */
void table_room(struct table *, const void *of, size_t n);

void table_free(struct table *);		/* empty again, and usable */

/* The hash, for what is not kept in a table; another one in each process. */
uint64_t table_hash(struct str);

#endif
