/* slot.h: a slot of the flat array: one connection, and what it found */
#ifndef SLOT_H
#define SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "due.h"
#include "fifo.h"
#include "mem.h"
#include "probe_talk.h"
#include "report.h"
#include "str.h"
#include "tls_look.h"
#include "word.h"

struct job;
struct run;
struct slots;

enum stage {
	STAGE_FREE, STAGE_CONNECT, STAGE_BANNER, STAGE_CAPS, STAGE_HELO,
	STAGE_STARTTLS, STAGE_HELLO, STAGE_DANE, STAGE_QUEUE, STAGE_TLS, STAGE_CAPS_TLS,
	STAGE_HELO_TLS, STAGE_MAIL, STAGE_RCPT, STAGE_INJECTED, STAGE_QUIT,
	STAGE_LOOKUP, STAGE_OVER, STAGE_HELD, STAGES
};

/* Which connection this is: the probe's own, or one more question. */
enum { TURN_MAIN, TURN_FIRST, TURN_OTHER, TURN_PLAIN,
	TURN_SMALL, TURN_PQ, TURN_LARGE, TURN_SPLIT, TURN_ORDER, TURN_ONE,
	TURN_VERSION,
	TURN_INJECT = TURN_VERSION + VERSIONS,
	TURNS };

/* A connection, and the bytes that came and are to go. */
struct wire {
	int fd;				/* -1: none */
	int error;			/* errno of a read or write, or 0 */
	bool eof;			/* nothing more will come */
	bool more;			/* something is left that did not fit */
	bool hup;			/* an end is there to be read */
	bool implicit;			/* TLS from the first byte */
	bool inside;			/* the handshake was done */
	struct fifo rx, tx;		/* as on the wire; rx: of TLS alone */
	struct buf in;			/* what the server said, decrypted */
	struct tls_look *tls;		/* from the first message on, or NULL */
};

struct probe {
	struct due due;
	struct run *run;
	struct job *job;
	struct probe *next;		/* in target.waiting, host.held */
	enum stage stage;
	unsigned turn;
	const struct probe_talk *talk;	/* NULL: to be guessed */
	struct wire wire;
	bool classic;			/* the second try of the main turn */
	bool unheard;			/* to whose TLS nothing came back */
	bool shaking;			/* counted in run.shakes */
	bool rest;			/* of a first message, to be said yet */
	int64_t began;			/* the connection: clock_us */
	int64_t at;			/* the stage: clock_us */
	int64_t deadline;		/* of the connection: clock_ms */
	int64_t half;			/* clock_ms: when the second try is due, or 0 */
	struct report main;		/* of the turn that is told */
	struct report extra;		/* of the other turns, and dropped */
	struct report *now;		/* one of the two */
	struct arena mem;
};

static inline bool
main_turn(const struct probe *p)
{
	return p->turn == TURN_MAIN;
}

/* This connection ends with the answer to a first message made by hand. */
static inline bool
hello_turn(const struct probe *p)
{
	return p->turn >= TURN_SMALL && p->turn <= TURN_ONE;
}

/* The flat array: n slots, all of them free. */
struct slots *slots_new(size_t n);

/* At the end of the run: probes that are under way are dropped. */
void slots_free(struct slots *);

/* How many are free. */
size_t slot_left(const struct slots *);

/* One that is free, whose buffers may be those of an earlier probe. */
struct probe *slot_take(struct slots *);

/* The probe is over and told. */
void slot_give(struct slots *, struct probe *);

/* The connection has failed; the first reason stays.  broken: and is over. */
void slot_failed(struct probe *, enum trouble_class, const char *text);
void slot_broken(struct probe *, enum trouble_class, const char *text);

/*
 * How long the stage took, until the wait ended that brought its end: what
 * other probes did meanwhile does not count.
 */
int64_t slot_since(const struct probe *);

/* A deadline, clock_ms, that is not behind the probe's own. */
void slot_short(struct probe *, int64_t at);

#endif
