/* probe.h: a slot of the flat array: one connection, and what it found */
#ifndef PROBE_H
#define PROBE_H

#include "fifo.h"
#include "net.h"
#include "portprobe.h"

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
	bool shaking;			/* counted in run.shaking */
	int64_t began, at, deadline;	/* us, us, ms */
	int64_t half;			/* ms: when the second try is due, or 0 */
	struct report main, extra, *now;
	struct arena mem;
};

enum { WIRE_MAX = 65536 };	/* bytes that wait to be sent or looked at */

static inline bool
main_turn(const struct probe *p)
{
	return p->turn == TURN_MAIN;
}

/* ---- probe.c */

/* As far as it gets with what is there; it may be over after it. */
void probe_move(struct probe *);

/* ---- stage.c */

void stage_enter(struct probe *, enum stage);
bool stage_step(struct probe *);	/* false: nothing can be done now */
enum stage stage_to_tls(struct probe *);	/* or to wait for DANE first */
void stage_await_no_more(struct probe *);
void stage_injected(struct probe *);	/* what came of the injection */
void stage_hung_up(struct probe *);	/* the other side has */
const char *stage_late(enum stage);	/* the class when time is up there */
/* How long the stage took, until the wait ended that brought its end. */
int64_t stage_since(const struct probe *);
/* The connection has failed; the first reason stays.  broken: and is over. */
void stage_failed(struct probe *, const char *class, const char *text);
void stage_broken(struct probe *, const char *class, const char *text);

/* ---- wire.c */

void wire_flush(struct probe *);
void wire_receive(struct probe *);	/* all that is there */
void wire_decrypt(struct probe *);	/* from TLS into probe.in */
void wire_put(struct probe *, struct str);
void wire_spare(struct probe *);	/* gives back what is not in use */
bool wire_turn(struct probe *);		/* may it begin TLS, or is queued */
void wire_begin(struct probe *);	/* begins TLS */
bool wire_shake(struct probe *);	/* true: the handshake is done */
void wire_shaken(struct probe *);	/* or given up: the next may begin */
void wire_leave(struct probe *);	/* the queue, if it is in it */
void wire_impatient(struct probe *);	/* it has waited there for long */

#endif
