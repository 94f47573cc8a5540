/*
 * state.h: what was fetched: the log that survives everything
 *
 * Memory changes after the write that makes it true: what failed to be written
 * was not put, and nothing more is.  The meaning of entries for places is
 * ledger.h's.
 */
#ifndef STATE_H
#define STATE_H

#include "fail.h"
#include "reclog.h"
#include "str.h"
#include "table.h"

/* Which message: of POP3 a digest, of IMAP the folder's digest and the UID. */
struct key {
	uint64_t a, b;
};

enum state_kind {
	STATE_FREE,
	STATE_DONE,		/* in these places, durably; day: since when */
	STATE_DOUBT,		/* handed over, and no answer was seen */
	STATE_MARK,		/* of a folder: see ledger.c */
	STATE_DIRTY,		/* a run has begun and not ended; day: the
				   second it began in, or 0.  Of the key (a, 1):
				   in the folder of IMAP with that a */
	STATE_LENGTH,		/* an mbox: its length before the batch; day:
				   the number of that, see mbox.h */
	STATE_FORGET,		/* in the log alone: the key is dropped */
	STATE_BEGIN, STATE_END,	/* in the log alone: a group */
	STATE_SERVER,		/* of POP3: day: what it can, pop3_recall; or by
				   another key: it gave unique ids, pop_ids.c */
	STATE_SEEN,		/* not to be given to these places */
	STATE_PLACE,		/* of the section; places: its bit */
	STATE_EXTRA,		/* one of the command line alone */
	STATE_HEADERS,		/* one that gets headers alone */
	STATE_RCPT,		/* a recipient that has it */
	STATE_APPEND,		/* perhaps in a mailbox, from UID day on; places:
				   the UIDVALIDITY of that */
	STATE_GOING,		/* of POP3: perhaps gone: DELE was said, and QUIT
				   not answered, or nothing at all was listed;
				   day and places: as of STATE_SUM, or 0 */
	STATE_SUM,		/* of POP3: a digest of what came, lower half in
				   day, upper half in places */
	STATE_PART,		/* of POP3: perhaps a part of it came: so many
				   bytes, in day, were announced */
	STATE_TWICE,		/* of POP3, a unique id: day: so many messages
				   had it at once */
	STATE_OWNER,		/* see owner.c */
	STATE_SENT,		/* beside STATE_APPEND: a digest of what was
				   sent, as in STATE_SUM */
	STATE_HUNG,		/* the connection ended at it, so many times (day) */
	STATE_KINDS
};

/* In places: all of them, whatever they are; in a mark's key: the same. */
#define STATE_ALL UINT32_MAX
enum { STATE_MARK_ALL = 255 };

struct entry {
	struct key key;
	uint32_t kind, day;
	uint32_t places;	/* a bit each, as ledger.h gives them */
	uint32_t owner;		/* whose it is, see owner.h; 0: the first's */
};
enum { STATE_OWNERS = 0xffff };	/* the highest */

struct state {
	const char *path;
	struct reclog log;
	int lock;
	struct entry *v;
	size_t n, cap;		/* of v */
	size_t dropped;		/* of them: STATE_FORGET */
	size_t logged;		/* records in the file */
	struct table table;	/* of v, without the dropped ones */
	struct buf group;	/* one that is being read, or written */
	uint64_t good;		/* bytes of the file up to what is torn */
	unsigned lost;		/* records that are damaged */
	enum state_head {
		STATE_HEAD,
		STATE_HEAD_NONE,	/* there is no file, or it is empty */
		STATE_HEAD_OLD,		/* of the version before */
		STATE_HEAD_LOST		/* damaged */
	} head;
	uint32_t owner;		/* who has what is put from now on */
	bool look;		/* nothing is written */
	bool dirty;		/* the last run did not end well */
	bool changed;		/* something was appended */
	bool grouping;
};

/*
 * STATE_RUN takes the lock, EX_TEMPFAIL if another run has it; nothing is
 * written before state_begin.  STATE_LOOK takes none and writes nothing ever:
 * what is put is known to this process alone.  EX_CONFIG: a newer version's, or
 * no state file.
 */
enum state_way { STATE_RUN, STATE_LOOK };
int state_open(struct state *, const char *path, enum state_way,
    struct err *);
/*
 * Makes the file if there is none, and anew if it is an older version's.  One
 * that is damaged is kept as PATH.damaged first; what of it was lost (lost)
 * its user must be able to find in another way.
 */
int state_begin(struct state *, struct err *);
void state_close(struct state *);
struct entry *state_find(const struct state *, struct key, enum state_kind);
int state_put(struct state *, enum state_kind, struct key, uint32_t day,
    struct err *);
/* Its owner is that of the entry that it replaces, else the state's. */
int state_set(struct state *, const struct entry *, struct err *);
int state_drop(struct state *, struct key, enum state_kind, struct err *);
int state_sync(struct state *, struct err *);
/*
 * All that is put and dropped between the two counts together or not at all;
 * it is not found before the end of it.
 */
void state_group(struct state *);
int state_commit(struct state *, struct err *);
/* The end of a run: if clean not dirty any more; rewritten if much is old. */
int state_finish(struct state *, bool clean, struct err *);
struct key state_digest(const char *what, struct str);
struct key state_mix(struct key, struct str);
uint32_t state_today(void);	/* days since 1970, as entries have them */

#endif
