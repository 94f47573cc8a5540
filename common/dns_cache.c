/*
 * dns_cache.c: answers by question, until their time or until room is needed
 *
 * A hash table of chains, and a queue in order of arrival with a second
 * chance: what was used since it came to the front goes back to the end.
 *
 * An answer is kept when its question comes for the second time: of a million
 * names each is asked once, and to store and evict them all takes a quarter
 * of the time, while what many names share is soon seen twice.  Two Bloom
 * filters, one filling, one full, remember what was asked, four bits of one
 * word for each question; one in neither needs no search.  One question in
 * some two thousand looks as if it had been asked before.  It is to be that
 * rare: with one bit in an eighth of the room it was every fifth, and the
 * names of a long list filled the cache.
 */
#include <stdlib.h>
#include <string.h>

#include "dns_private.h"
#include "mem.h"

enum { BUCKETS = 32768, DOOR_WORDS = 1 << 15, DOOR_MAX = DOOR_WORDS };

struct entry {
	struct entry *chain, *older, *newer;
	const struct dns_answer *answer;
	int64_t expires;
	uint32_t hash;
	uint16_t type;
	uint8_t len;
	bool used;
	unsigned char wire[];
};

struct dns_cache {
	struct entry *bucket[BUCKETS];
	struct entry *oldest, *newest;
	size_t bytes, max;
	uint64_t door[DOOR_WORDS][2];	/* asked before, by hash: the words of
					 * both filters are found at once */
	unsigned now, seen;		/* which is filling, how full */
};

struct dns_cache *
dns_cache_new(size_t bytes)
{
	struct dns_cache *c = mem_new(1, sizeof *c);

	c->max = bytes;
	return c;
}

/* The cost of an entry, with what malloc adds. */
static size_t
cost(const struct entry *e)
{
	return sizeof *e + e->len + e->answer->size + 32;
}

static void
unqueue(struct dns_cache *c, struct entry *e)
{
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		c->oldest = e->newer;
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		c->newest = e->older;
}

static void
enqueue(struct dns_cache *c, struct entry *e)
{
	e->older = c->newest;
	e->newer = NULL;
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void
entry_forget(struct dns_cache *c, struct entry *e)
{
	struct entry **p = &c->bucket[e->hash % BUCKETS];

	while (*p != e)
		p = &(*p)->chain;
	*p = e->chain;
	unqueue(c, e);
	c->bytes -= cost(e);
	dns_drop(e->answer);
	free(e);
}

void
dns_cache_free(struct dns_cache *c)
{
	if (c == NULL)
		return;
	while (c->oldest != NULL)
		entry_forget(c, c->oldest);
	free(c);
}

static struct entry *
entry_find(struct dns_cache *c, const unsigned char *wire, size_t len,
    unsigned type, uint32_t hash)
{
	struct entry *e;

	for (e = c->bucket[hash % BUCKETS]; e != NULL; e = e->chain)
		if (e->hash == hash && e->type == type && e->len == len &&
		    memcmp(e->wire, wire, len) == 0)
			return e;
	return NULL;
}

/* A question's word in the filters, and its bits there. */
struct mark {
	size_t word;
	uint64_t bits;
};

static struct mark
mark_of(uint32_t hash)
{
	uint64_t h = hash * (uint64_t)0x9e3779b97f4a7c15;
	struct mark m = { h >> 49, 0 };
	unsigned i;

	for (i = 0; i < 4; i++)
		m.bits |= (uint64_t)1 << (h >> (19 + 6 * i) & 63);
	return m;
}

static bool
mark_asked(const struct dns_cache *c, struct mark m)
{
	const uint64_t *word = c->door[m.word];

	return (word[0] & m.bits) == m.bits || (word[1] & m.bits) == m.bits;
}

/* The full one is forgotten when the other is full, too. */
static void
note(struct dns_cache *c, struct mark m)
{
	uint64_t *word = &c->door[m.word][c->now];
	size_t i;

	if ((*word & m.bits) == m.bits)
		return;
	*word |= m.bits;
	if (++c->seen < DOOR_MAX)
		return;
	c->now ^= 1;
	c->seen = 0;
	for (i = 0; i < DOOR_WORDS; i++)
		c->door[i][c->now] = 0;
}

const struct dns_answer *
dns_cache_get(struct dns_cache *c, const struct dns_key *k, int64_t now)
{
	struct mark m = mark_of(k->hash);
	struct entry *e;

	if (!mark_asked(c, m))
		return NULL;
	note(c, m);			/* what is used stays known */
	e = entry_find(c, k->wire, k->len, k->type, k->hash);
	if (e == NULL)
		return NULL;
	if (e->expires <= now) {
		entry_forget(c, e);
		return NULL;
	}
	e->used = true;
	return e->answer;
}

/* Makes room: what was used gets a second round. */
static void
evict(struct dns_cache *c)
{
	struct entry *e, *next;

	for (e = c->oldest; e != NULL && c->bytes > c->max; e = next) {
		next = e->newer;
		if (!e->used) {
			entry_forget(c, e);
			continue;
		}
		e->used = false;
		unqueue(c, e);
		enqueue(c, e);
	}
}

void
dns_cache_put(struct dns_cache *c, const unsigned char *wire, size_t wlen,
    unsigned type, uint32_t hash, const struct dns_answer *a, int64_t expires)
{
	struct mark m = mark_of(hash);
	bool again = mark_asked(c, m);
	struct entry *e;

	note(c, m);
	if (!again && !dns_temporary(a->status))
		return;
	e = entry_find(c, wire, wlen, type, hash);
	if (e != NULL)
		entry_forget(c, e);
	if (a->size > c->max / 4)
		return;
	e = mem_new(1, sizeof *e + wlen);
	e->answer = dns_keep(a);
	e->expires = expires;
	e->hash = hash;
	e->type = (uint16_t)type;
	e->len = (uint8_t)wlen;
	memcpy(e->wire, wire, wlen);
	e->chain = c->bucket[hash % BUCKETS];
	c->bucket[hash % BUCKETS] = e;
	enqueue(c, e);
	c->bytes += cost(e);
	evict(c);
}
