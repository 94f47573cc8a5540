/*
 * ledger.h: which place has which message: what is to be given to whom, and what
 * may be deleted on the server
 *
 * A place has a number, its bit, in the state.  The places that a message was
 * given to, by what was durable, are STATE_DONE; places that need not get it
 * any more, be it that it came before them or was given up in doubt, are
 * STATE_SEEN, and that is no proof of anything.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "state.h"

/* One bit less than there are: all of them together are STATE_ALL. */
enum { LEDGER_PLACES = 31 };

enum ledger_of {
	LEDGER_SECTION,		/* the configuration's: new, it gets what comes */
	LEDGER_EXTRA,		/* the command line's: it gets all that is there */
	LEDGER_HEADERS		/* headers alone: likewise */
};

struct ledger_place {
	struct str name;	/* as --deliver has it */
	enum ledger_of of;
	unsigned number;	/* ledger_open says it */
};

struct ledger {
	struct state *state;
	uint32_t run;		/* the places of this run */
	uint32_t need;		/* who must have what is deleted; 0: nothing is */
	bool again;		/* what was SEEN is given, too */
	uint64_t before;	/* messages that a new place does not get */
};

/*
 * The places of a run, n of them: known from now on.  With none, in a look,
 * what anybody got whole counts as had.
 */
int ledger_open(struct ledger *, struct state *, struct ledger_place *,
    size_t n, struct err *);

/* The places of this run that are to get the message. */
uint32_t ledger_lacks(const struct ledger *, struct key);
/* Has this place, by its number, got it, or need not? */
bool ledger_has(const struct ledger *, struct key, unsigned number);

/* It is in these places, durably.  In the group of the batch, if there is one. */
int ledger_done(struct ledger *, struct key, uint32_t places, struct err *);
/* These places (STATE_ALL: whatever comes) need not get it. */
int ledger_seen(struct ledger *, struct key, uint32_t places, struct err *);

/* It is in every place that must have it; *day: since when, as state_today. */
bool ledger_whole(const struct ledger *, struct key, uint32_t *day);
/* It is gone from the server: whoever has its name later is another one. */
int ledger_forget(struct ledger *, struct key, struct err *);
/*
 * The same of POP3's messages with these a, n of them, of what a place alone
 * knows: who of its recipients has it, or that it was handed over.  They are
 * sorted here.
 */
int ledger_forget_places(struct ledger *, uint64_t *a, size_t n,
    struct err *);

/* A digest of it, as it came, by which it is known again; 0: not known. */
int ledger_sum_is(struct ledger *, struct key, uint64_t sum, struct err *);
uint64_t ledger_sum(const struct ledger *, struct key);
/*
 * The same of its header, where that alone came; 0 as well where more than that
 * was given to anybody.
 */
int ledger_head_is(struct ledger *, struct key, uint64_t sum, struct err *);
uint64_t ledger_head(const struct ledger *, struct key);

/*
 * It may be a part of the message, of which so many bytes were announced: not
 * whole.  With 0 it is all of it.
 */
int ledger_part(struct ledger *, struct key, uint32_t announced,
    struct err *);
/* 0: it is no part. */
uint32_t ledger_is_part(const struct ledger *, struct key);

/*
 * It may be gone, and what is listed under its name another one: until QUIT is
 * answered (written before DELE is said), and when a server that listed it lists
 * nothing at all.  sum: as ledger_sum, kept with this.  It is whole no more,
 * until ledger_stays says that it is still there and the same one, or
 * ledger_forget that it is gone.
 */
int ledger_going(struct ledger *, struct key, uint64_t sum, struct err *);
bool ledger_is_going(const struct ledger *, struct key, uint64_t *sum);
/* Is there one like that, or a part? */
bool ledger_any_unproved(const struct ledger *);
/* One that may be gone, and of which no digest is known? */
bool ledger_any_blind(const struct ledger *);
int ledger_stays(struct ledger *, struct key, struct err *);
/*
 * All of POP3's that are known: a server that listed them lists nothing.  Or,
 * with listed, those that it does not list, as that says of their a, but for
 * those of which no digest is known.
 */
int ledger_all_going(struct ledger *, bool (*listed)(const void *, uint64_t),
    const void *of, struct err *);

/*
 * Of an IMAP folder, by its keys' a: up to this UID every place of the run has
 * what there is; and from now on up to that one.
 */
uint32_t ledger_mark(const struct ledger *, uint64_t folder);
int ledger_mark_to(struct ledger *, uint64_t folder, uint32_t uid,
    struct err *);
/* Up to this UID no place, whatever comes, need get what there is. */
int ledger_seen_to(struct ledger *, uint64_t folder, uint32_t uid,
    struct err *);
/*
 * The numbers of this folder, of IMAP, may be others' by now: what was given
 * counts as had, and is no proof any more.
 */
int ledger_renumbered(struct ledger *, uint64_t folder, struct err *);
/* Who has it has it under the mark, too: its record is needed no more. */
bool ledger_marked(const struct ledger *, const struct entry *);

#endif
