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
	STAGE_STARTTLS, STAGE_DANE, STAGE_QUEUE, STAGE_TLS, STAGE_CAPS_TLS,
	STAGE_HELO_TLS, STAGE_MAIL, STAGE_RCPT, STAGE_INJECTED, STAGE_QUIT,
	STAGE_OVER, STAGE_HELD, STAGES
};

/* Which connection this is: the probe's own, or one more question. */
enum { TURN_MAIN, TURN_VERSION, TURN_INJECT = TURN_VERSION + VERSIONS,
	TURNS };

struct probe {
	struct due due;
	struct run *run;
	struct job *job;
	struct probe *next;		/* in target.waiting, host.held */
	int fd, error;			/* errno of a read or write, 0 */
	enum stage stage;
	unsigned turn;
	const struct probe_talk *talk;
	bool eof, more;			/* more: it did not fit */
	bool hup;			/* an end is there to be read */
	bool implicit, inside;		/* inside: TLS */
	struct fifo rx, tx;		/* as on the wire, but in clear */
	struct buf in;			/* what the server said, in clear */
	struct tls_look *tls;
	bool classic;			/* the second try of the main turn */
	bool shaking;			/* counted in run.shakes */
	int64_t began, at, deadline;	/* us, us, ms */
	int64_t half;			/* ms: when the second try is due, or 0 */
	struct report main, extra, *now;
	struct arena mem;
};

static inline bool
main_turn(const struct probe *p)
{
	return p->turn == TURN_MAIN;
}

/* The flat array: n slots, all of them free. */
struct slots *slots_new(size_t n);

/* At the end of the run: probes that are under way are dropped. */
void slots_free(struct slots *);

/* Is one free? */
bool slot_left(const struct slots *);

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
