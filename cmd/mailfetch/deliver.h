/* deliver.h: one message to its places, and batches of them */
#ifndef DELIVER_H
#define DELIVER_H

#include "filter.h"
#include "hook.h"
#include "known.h"
#include "place.h"

enum { DELIVER_BATCH = 1024 };		/* messages */
enum { DELIVER_OUT = 1 << 17 };		/* bytes of out */

/*
 * A message to be recorded, once it is durable, and the file it needs for
 * that.
 */
struct pending {
	struct key key;
	uint64_t sum;		/* to be recorded, too; or 0 */
	uint32_t done;		/* the places that have it, as the ledger's bits */
	uint32_t maildirs;	/* that are to have its file, bits by index */
	uint64_t size;
	bool shared;		/* the name: see struct message */
	bool counted;		/* as fetched */
	bool dropped;		/* by the filter: it is nowhere */
	uint32_t announced;	/* a part of that perhaps; 0: it is whole */
	char name[128];
	char letters[FLAGS_LETTERS];	/* "": it is new there */
};

struct digest;

struct deliver {
	struct handed h;	/* the message under way */
	struct place *place;
	size_t places;
	/* the message under way */
	uint32_t lacks;		/* the places that are to get it */
	bool handed;		/* one that is no Maildir was given it */
	int fd[LEDGER_PLACES];	/* of the Maildirs, by place; or -1 */
	int spool;		/* the unlinked file, or -1 */
	struct filter filter;	/* if there is one */
	bool cr;		/* its last byte so far, and not yet written */
	struct digest *digest;	/* of what has come; NULL: none is needed */
	char *out;
	size_t fill;		/* of out */
	int64_t first, stamp;	/* microseconds: of the first name, the last */
	char host[MAILDIR_HOST];
	/* the batch */
	struct pending *batch;
	size_t n;
	uint64_t bytes;
	bool marked;		/* DIRTY is in the log */
	bool single;		/* a batch is one message */
	bool old;		/* some of the state is of version 1 */
	struct known_files known;
	struct hook hook;	/* who is told of a batch */
};

/* h: all but the message.  Until deliver_open nothing of it is open. */
void deliver_init(struct deliver *, const struct handed *h);
int deliver_open(struct deliver *);
/*
 * Complete messages stay, also when the rest failed: -1 if that could not be
 * made durable, and then it is not in tmp/ either.
 */
int deliver_close(struct deliver *, struct err *);

/*
 * All that it will open, start and look up: the places, a temporary file for
 * messages that go to no Maildir (any more), one for what LMTP wants in 7
 * bits.
 */
void deliver_box(const struct deliver *, struct sandbox *);

/*
 * Is it to be fetched: 1 some place is to get it, 0 none, -1 failed.  A
 * message that was handed over before, and no answer was seen, is counted, and
 * with --in-doubt skip it is not for that place any more.
 */
int deliver_wants(struct deliver *, struct key);

/* Is there a place per folder? */
bool deliver_by_folder(const struct deliver *);
/*
 * What comes from now on is of that folder of the server's, whose names have
 * this separator: places per folder are that folder's.  1, and in err why: it
 * has no place here.
 */
int deliver_folder(struct deliver *, struct str folder, char sep);

int deliver_begin(struct deliver *, const struct message *);
/* A conn_sink's function; to is the struct deliver. */
int deliver_put(void *to, const void *, size_t, struct err *);
/* So many bytes of it have come so far. */
uint64_t deliver_came(const struct deliver *);
/* All of it has come: its digest, 0 where none is kept (IMAP). */
uint64_t deliver_sum(struct deliver *);
/* It may be a part of the message, which is not deleted for that. */
void deliver_part(struct deliver *);
/* Where the date, or the flags, are told behind the body. */
void deliver_date(struct deliver *, time_t);
void deliver_flags(struct deliver *, const char *);
/* Can a place keep flags? */
bool deliver_wants_flags(const struct deliver *);
/* Is this folder, of the account that is fetched, one of the places? */
bool deliver_into(const struct deliver *, struct str folder);
/* 0 taken, or dropped by the filter; 1 stays on the server, -1 fatal. */
int deliver_end(struct deliver *);
void deliver_abort(struct deliver *);

/*
 * How many bytes of it may come: --max-size, else what the server announced,
 * with some slack.  Why a message that has more is left there.
 */
enum { DELIVER_WHY = 200 };
uint64_t deliver_most(const struct deliver *, const struct message *);
const char *deliver_over(const struct deliver *, const struct message *,
    char why[DELIVER_WHY]);

int deliver_commit(struct deliver *);

#endif
