/* mem.h: memory that is there or ends the program, and arenas */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

#include "str.h"

/* n * size zeroed bytes; exits 71 when there are none.  The caller frees. */
void *mem_new(size_t n, size_t size);

/* p grown to n * size bytes; the new part is not zeroed.  Exits 71. */
void *mem_grow(void *p, size_t n, size_t size);

char *mem_dup(const char *);

/*
 * A sentence that is said if memory ends here, for else nobody would know;
 * valid until the next one; NULL: nothing.  For the thread that calls.
 */
void mem_stake(const char *what);

/* Ends the program: why, and what is at stake.  EX_OSERR. */
_Noreturn void mem_end(const char *why);

/*
 * An arena: what one unit of work (a message, a connection, a run) allocates,
 * freed at once.  Start with { 0 }.  All of it is zeroed and aligned for any
 * type; nothing in it is freed on its own.
 */
struct arena {
	struct arena_block *head;
	size_t used, cap;
	size_t bytes;		/* of all its blocks; to be read */
};

void *arena_new(struct arena *, size_t n, size_t size);
char *arena_dup(struct arena *, struct str);	/* NUL-terminated */
struct str arena_str(struct arena *, struct str);
char *arena_printf(struct arena *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *);

/* As arena_free, but keeps a block, zeroed, for the next unit of work. */
void arena_reset(struct arena *);

/*
 * A secret: one buffer, wiped by mem_secret_wipe.  It never moves: a value
 * over the limit is refused, so no copy is left behind by a realloc.
 */
struct secret {
	char p[16384];
	size_t n;
};
void mem_wipe(void *, size_t);
void mem_secret_wipe(struct secret *);

/* Wipes what functions that have returned left on the stack, some way down. */
void mem_wipe_stack(void);

#endif
