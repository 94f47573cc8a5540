/* popbox.h: POP3: a mailbox, and commands of which many are in flight */
#ifndef POPBOX_H
#define POPBOX_H

#include <time.h>

#include "pop3.h"
#include "run.h"

struct digest;

struct pop {
	struct run *r;
	struct pop3 p;
	struct pop3_message *m;	/* number 0: nobody can tell which it is */
	size_t n;
	struct key *key;	/* of each */
	struct key *asked;	/* likewise: see hung.h */
	enum hung_part part;	/* of them, that is asked for now */
	struct key *listed;	/* what all are called, sorted, if a name was
				   told from its like; or NULL */
	bool *named;		/* it has a unique id */
	uint32_t *id;		/* for JSON: its place in ids, or 0 */
	struct buf ids;
	uint32_t *want;		/* indices of what is to be fetched */
	size_t wants;
	uint64_t *sum;		/* digest of each, if it came; 0: not known */
	uint64_t *head;		/* the same of its header */
	time_t since;		/* with --since: the day */
	bool *old;		/* it came before that */
	bool *shared;		/* its unique id is, or was, another one's, too */
	bool *cut;		/* read for its digest: too short, twice the same */
	uint32_t *again;	/* indices of what came and was too short */
	size_t nagain;
	uint64_t *gone;		/* its key's a, of each that popbox_gone has had */
	size_t ngone;
};

/* All that is known of the message before it comes. */
struct message popbox_message(const struct pop *, size_t i);
/* So many commands may be in flight. */
size_t popbox_depth(const struct pop *);

struct popbox_flight {
	const uint32_t *v;	/* indices, n of them */
	size_t n;
	void (*say)(struct pop *, size_t);
	int (*hear)(struct pop *, size_t);
};

/* Each is said and heard, in order, as many ahead as the windows allow. */
int popbox_fly(struct pop *, const struct popbox_flight *);
/*
 * Of n that are to be asked for this part those remain, as many as it returns,
 * that need not wait (hung.h).  Which messages the others are nobody can tell.
 */
size_t popbox_spare(struct pop *, uint32_t *v, size_t n, enum hung_part);

/*
 * Is what came, so many octets on the wire in so many lines, a part of what LIST
 * announced?  Servers that count line ends or dots in their own way are off by
 * one octet a line.
 */
bool popbox_short(uint64_t announced, uint64_t octets, uint64_t lines);

/*
 * The body of message i, which was asked for, is read for its digests alone: of
 * all of it, and of its header (or NULL); p.ok and p.over say what came of it.
 * Of what came: POPBOX_SHORT, as above; POPBOX_HEAD, no line ends its header.
 */
enum { POPBOX_SHORT = 1, POPBOX_HEAD = 2 };
int popbox_hear(struct pop *, size_t i, struct digest *all,
    struct digest *head);
/*
 * The body of message i, which was asked for, is read for its digests alone, to
 * sum[i] and head[i]; p.ok and p.over say what came of it.  1: it came, too short; or 0.
 */
int popbox_hear_sum(struct pop *, size_t i);
/*
 * It is gone, or another one by now: nothing of it is known any more, and of
 * what places know nothing once popbox_all_gone was called.  0 or -1.
 */
int popbox_gone(struct pop *, size_t i);
int popbox_all_gone(struct pop *);
/* It stays on the server: said, and counted with the status.  Returns 0. */
int popbox_stays(struct pop *, const struct message *, const char *why,
    int code);

#endif
