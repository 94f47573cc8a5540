/* mem.c: memory that is there or ends the program, and arenas */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "mem.h"
#include "os.h"

enum { STACK = 32768, SMALL = 1024 };

struct arena_block {
	struct arena_block *next;
	max_align_t data[];
};

static _Thread_local const char *stake;

void
mem_stake(const char *what)
{
	stake = what;
}

_Noreturn void
mem_end(const char *why)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s%s%s\n", os_program(), why,
	    stake != NULL ? ": " : "", stake != NULL ? stake : "");
	exit(EX_OSERR);
}

static _Noreturn void
out(size_t n)
{
	char why[64];

	snprintf(why, sizeof why, "out of memory (%zu bytes)", n);
	mem_end(why);
}

static size_t
product(size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all))
		out(SIZE_MAX);
	return all;
}

/* Apart, or the compiler makes a calloc of this and the memset behind it. */
static void * __attribute__((noinline))
obtain(size_t all)
{
	void *p = malloc(all > 0 ? all : 1);

	if (p == NULL)
		out(all);
	return p;
}

/*
 * glibc keeps small pieces ready for malloc, but not for calloc, which takes
 * five times as long; large ones it knows to be zero if they are new.
 */
void *
mem_new(size_t n, size_t size)
{
	size_t all = product(n, size);
	void *p;

	if (all <= SMALL)
		return memset(obtain(all), 0, all);
	p = calloc(1, all);
	if (p == NULL)
		out(all);
	return p;
}

void *
mem_grow(void *old, size_t n, size_t size)
{
	size_t all = product(n, size);
	void *p = realloc(old, all > 0 ? all : 1);

	if (p == NULL)
		out(all);
	return p;
}

char *
mem_dup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(obtain(n), s, n);
}

static void
block(struct arena *a, size_t want)
{
	struct arena_block *b;
	size_t least = a->head == NULL ? 1500 :	/* many need little, */
	    a->bytes < 4000 ? a->bytes : 4000;	/* or little more */
	size_t cap = want > least ? want : least;

	b = mem_new(1, sizeof *b + cap);
	b->next = a->head;
	a->head = b;
	a->used = 0;
	a->cap = cap;
	a->bytes += sizeof *b + cap;
}

void *
arena_new(struct arena *a, size_t n, size_t size)
{
	size_t all = product(n, size);
	char *p;

	if (all > SIZE_MAX - 64)
		out(all);
	all = (all + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (a->head == NULL || a->cap - a->used < all)
		block(a, all);
	p = (char *)a->head->data + a->used;
	a->used += all;
	return p;
}

char *
arena_dup(struct arena *a, struct str s)
{
	char *p = arena_new(a, s.n + 1, 1);

	str_copy(p, s);
	return p;
}

struct str
arena_str(struct arena *a, struct str s)
{
	return (struct str){ arena_dup(a, s), s.n };
}

/*
 * As a rule there is room in the block: then it is made there, not measured
 * first.  What did not fit stays in the end of a block that is not used again.
 */
char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	size_t room = a->head != NULL ? a->cap - a->used : 0, n;
	char *at = room > 0 ? (char *)a->head->data + a->used : NULL, *p;
	va_list ap, again;
	int got;

	va_start(ap, fmt);
	va_copy(again, ap);
	got = vsnprintf(at, room, fmt, ap);
	n = got < 0 ? 1 : (size_t)got + 1;
	p = arena_new(a, n, 1);
	if (p != at || got < 0)
		vsnprintf(p, n, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}

void
arena_free(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->head; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}

void
arena_reset(struct arena *a)
{
	struct arena_block *b, *next;

	if (a->head == NULL)
		return;
	for (b = a->head->next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	a->head->next = NULL;
	if (a->cap > 16384) {
		arena_free(a);
		return;
	}
	memset(a->head->data, 0, a->used);
	a->used = 0;
	a->bytes = sizeof *a->head + a->cap;
}

void
mem_wipe(void *p, size_t n)
{
	os_wipe(p, n);
}

/* printf(3) has pieces of what it prints there; ciphers, of their keys. */
void __attribute__((noinline))
mem_wipe_stack(void)
{
	char below[STACK];

	mem_wipe(below, sizeof below);
}

void
mem_secret_wipe(struct secret *s)
{
	mem_wipe(s, sizeof *s);
}
