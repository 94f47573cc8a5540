/* state.h: what was fetched: the log that survives everything */
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
	STATE_DONE,		/* it is here, durably; day: since when */
	STATE_DOUBT,		/* handed over, and no answer was seen */
	STATE_MARK,		/* of a folder: all up to UID day are done */
	STATE_DIRTY,		/* a run has begun and not ended */
	STATE_LENGTH,		/* an mbox: its length before the batch */
	STATE_FORGET,		/* in the log alone: the key is dropped */
	STATE_BEGIN, STATE_END,	/* in the log alone: a group */
	STATE_SERVER		/* of POP3: day: what it can, pop3_recall */
};

struct entry {
	struct key key;
	uint32_t kind, day;
};

struct state {
	const char *path;
	struct reclog log;
	int lock;
	struct entry *v;
	size_t n, cap;		/* of v */
	size_t dropped;		/* of them: STATE_FORGET */
	size_t logged;		/* records in the file */
	struct table table;	/* of v, without the dropped ones */
	bool fresh;		/* there was none */
	bool dirty;		/* the last run did not end well */
	bool changed;		/* something was appended */
	bool grouping;
	struct buf group;	/* one that is being read */
};

/* Locks and loads; EX_TEMPFAIL if another run has the lock. */
int state_open(struct state *, const char *path, struct err *);
void state_close(struct state *);
struct entry *state_find(const struct state *, struct key, enum state_kind);
int state_put(struct state *, enum state_kind, struct key, uint32_t day,
    struct err *);
int state_drop(struct state *, struct key, enum state_kind, struct err *);
int state_sync(struct state *, struct err *);
/* What is put and dropped between the two counts all together or not. */
void state_group(struct state *);
int state_commit(struct state *, struct err *);
/* The end of a run: not dirty any more; rewritten if much of it is old. */
int state_finish(struct state *, struct err *);
struct key state_digest(const char *what, struct str);
struct key state_mix(struct key, struct str);
uint32_t state_today(void);	/* days since 1970, as entries have them */

#endif
