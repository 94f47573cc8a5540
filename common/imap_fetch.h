/*
 * imap_fetch.h: messages are downloaded, with several commands under way
 *
 * A window of commands on one connection, over one mailbox or several: the
 * next is sent before the last is answered.  The messages are pulled.
 *
 *	struct imap_fetch f = { .m = m, .ahead = 2 };
 *
 *	do {
 *		while (imap_fetch_room(&f) && there is a further job)
 *			imap_fetch_ask(&f, job);
 *		got = imap_fetch_next(&f);
 *		... of an IMAP_FETCH_BODY, imap_fetch_body, or leave it
 *	} while (got > 0);
 *
 * and then, for each job with again set, imap_fetch_again and the same loop.
 * A body is asked for once more, alone, if its UID came behind it.  An empty
 * one is, too, and is believed only if the server says that its size is 0.  A
 * header may be empty; with IMAP_OR_WHOLE all of such a message is asked for.
 * With each set so are those of a command that is refused: one message that the
 * server cannot read does not keep back the others.
 *
 * A job with IMAP_FACTS asks for no bodies, behind others that do: an
 * IMAP_FETCH_FACTS comes for each of its messages, and again is never set.
 */
#ifndef IMAP_FETCH_H
#define IMAP_FETCH_H

#include <time.h>

#include "imap.h"

enum imap_came {
	IMAP_CAME_NOT,
	IMAP_CAME_UNNAMED,	/* before its UID: to be asked for alone */
	IMAP_CAME_EMPTY,	/* empty: its size is to be asked for */
	IMAP_CAME_HERE		/* all of it, or the caller left it */
};

/* One command: some messages of a mailbox.  It stays until all is over. */
struct imap_fetch_job {
	const uint32_t *uids;	/* sorted, as many as imap_fetch_fit says */
	size_t n;
	unsigned char *came;	/* of each: enum imap_came */
	void *of;		/* the caller's */
	unsigned bodies;	/* enum imap_bodies: besides the window's */
	bool again;		/* some of them are to be asked for alone */
	/* private */
	bool unnamed;		/* a body came without any UID */
	bool refused;		/* with others, and each is to be asked for */
	bool lost;		/* its mailbox cannot be selected */
};

enum imap_fetch_event {
	IMAP_FETCH_ROOM = 1,	/* a command was answered: ask for more */
	IMAP_FETCH_BODY,	/* to be read now by imap_fetch_body, or left */
	IMAP_FETCH_END,		/* the message of the last body is complete */
	IMAP_FETCH_NIL,		/* the server says that there is no body */
	IMAP_FETCH_EMPTY,	/* the body is empty, the message is not */
	IMAP_FETCH_FACTS,	/* flags, announced and date of a message */
	IMAP_FETCH_REFUSED,	/* a command was refused: m->text */
	IMAP_FETCH_LOST		/* a mailbox cannot be read: nothing comes */
};

struct imap_fetch {
	struct imap *m;
	unsigned bodies;	/* enum imap_bodies: of all of its jobs */
	size_t ahead;		/* commands under way, at most 4 */
	bool each;		/* what is refused is asked for one by one */
	/* what the last event is about */
	struct imap_fetched {
		struct imap_fetch_job *job;	/* not of LOST */
		uint32_t uid;	/* of REFUSED: of this alone, or 0 */
		uint64_t size;		/* of the body */
		uint64_t announced;	/* RFC822.SIZE, or 0: see sized */
		time_t date;		/* or 0 */
		struct buf flags;	/* blank separated */
		void *of;		/* of LOST: from imap_fetch_select */
		bool renumbered;	/* of LOST: by another UIDVALIDITY */
		bool named;	/* of END: the server said its UID */
		bool header;	/* of BODY: its header is all that comes */
		bool sized;	/* RFC822.SIZE was said */
	} got;
	/* private */
	struct imap_item item;
	struct imap_fetch_command {
		unsigned tag;
		struct imap_fetch_job *job;	/* NULL: a SELECT */
		uint64_t uidvalidity;		/* of SELECT, as it must be */
		void *of;
		bool begun;		/* its answers are being read */
		bool done;		/* it was answered */
	} v[8];			/* those under way; v[tail % 8] is the oldest */
	size_t head, tail;
	enum { IMAP_FETCH_NONE, IMAP_FETCH_INSIDE, IMAP_FETCH_OFFERED,
	    IMAP_FETCH_TAKEN, IMAP_FETCH_LEFT } stage;	/* of the message */
	unsigned char *came;	/* where the job notes it */
	bool early;		/* its body came before its UID */
	bool lost;		/* the SELECT that was sent last has failed */
	struct imap_fetch_job *alone;	/* asked for one by one */
	size_t at;		/* the place in it */
	size_t left;		/* places that were not looked at, with it */
	bool back;		/* from its end on */
	enum imap_came tried;	/* why the one at this place was asked for */
	bool sized;		/* its size was asked for, and is not 0 */
	unsigned row;		/* so many alone were refused in a row */
};

/* How many of n sorted UIDs one command can ask for, at most most. */
size_t imap_fetch_fit(const uint32_t *uids, size_t n, size_t most);

/* May more be asked for?  A SELECT and a FETCH take one place together. */
bool imap_fetch_room(const struct imap_fetch *);

/*
 * A SELECT was sent, for the jobs behind it.  They are LOST if it fails or the
 * mailbox has another UIDVALIDITY.
 */
void imap_fetch_select(struct imap_fetch *, unsigned tag, uint64_t uidvalidity,
    void *of);
void imap_fetch_ask(struct imap_fetch *, struct imap_fetch_job *);

/* When nothing else is under way: those of the job that need it, alone. */
void imap_fetch_again(struct imap_fetch *, struct imap_fetch_job *);

/* An enum imap_fetch_event; 0 nothing is under way; -1. */
int imap_fetch_next(struct imap_fetch *);

/*
 * Where the connection failed: the UID of the message that was under way, or
 * was asked for next; 0: of none.
 */
uint32_t imap_fetch_at(const struct imap_fetch *);

/* And the last that was asked for and has not come; 0: of none. */
uint32_t imap_fetch_last(const struct imap_fetch *);

/* The body that IMAP_FETCH_BODY offers; IMAP_FETCH_END follows.  0, -1. */
int imap_fetch_body(struct imap_fetch *, const struct conn_sink *);

void imap_fetch_free(struct imap_fetch *);

#endif
