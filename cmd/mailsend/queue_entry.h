/*
 * queue_entry.h: what the queue has of a message: two texts and back
 *
 *	postbag-queue 1			# mail: as it was accepted
 *	queued 1764490023
 *	account work			# none: whichever has it now
 *	from jo@example.org
 *	to al@example.org
 *
 *	Subject: ...			# the message, its lines ending in LF
 *
 *	postbag-state 1			# state: replaced after each attempt
 *	since 1764490023
 *	tries 3
 *	next 1764491223
 *	clock BOOT 4711 1764490023	# may be missing
 *	deferred <al@example.org> 450 4.2.1 try again later
 */
#ifndef QUEUE_ENTRY_H
#define QUEUE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "queue_clock.h"
#include "smtp_mail.h"
#include "spool.h"

/* What became of a recipient so far; in this order it is said in the state. */
enum queue_fate {
	QUEUE_WAITING,		/* nobody has tried yet */
	QUEUE_DEFERRED,
	QUEUE_TRYING,		/* now; or whoever did was killed: as MAYBE */
	QUEUE_MAYBE,		/* the answer was lost: it may have been sent */
	QUEUE_REFUSED,		/* for good, */
	QUEUE_EXPIRED,		/* or for too long: a report is owed */
	QUEUE_TOLD,		/* and was made */
	QUEUE_SENT,
	QUEUE_FATES
};
extern const char *const queue_fate_names[QUEUE_FATES];

struct queue_entry {		/* in the arena; begin with these two */
	struct arena *arena;
	bool bare;		/* a name alone may be a recipient */
	struct smtp_mail mail;	/* but for .msg; replies are those of before */
	enum queue_fate *fate;	/* of each mail.rcpt */
	const char *account;	/* or NULL */
	int64_t queued;		/* seconds since 1970, as are the others */
	unsigned report;	/* 1: it is one; 2: one about such a one */
	const char *about;	/* of a report: BOX/ID; or NULL */
	uint64_t head;		/* where the message begins */
	bool sealed;		/* by DKIM, here */
	bool utf8;		/* an address needs SMTPUTF8 */
	int64_t since, next;	/* it counts from then; is due then */
	struct queue_clock clock;	/* when that was written */
	uint64_t tries;
};

/*
 * Writes mail: the envelope, and the message with LF.  EX_IOERR, or EX_DATAERR
 * if it can go by BDAT alone.
 */
int queue_entry_write(int fd, const struct queue_entry *, const struct msg *,
    struct err *);

/*
 * Reads both of an open one.  Of another user's nothing is taken but addresses
 * and what is asked of reports.  EX_DATAERR if it is not what we wrote.
 */
int queue_entry_read(struct queue_entry *, const struct spool_item *,
    struct err *);

/* How files are called that are made of it (maildir.h): by nothing else. */
const char *queue_entry_name(const struct queue_entry *, uid_t uid,
    const char *id);

/* The state's text, appended. */
void queue_entry_state(struct buf *, const struct queue_entry *);

/* Why nobody answered, in the place of an answer. */
void queue_entry_say(struct smtp_reply *, const char *why);

/* Is there nothing more to do? */
bool queue_entry_done(const struct queue_entry *);

/* Is a report owed to anybody? */
bool queue_entry_owes(const struct queue_entry *);

#endif
