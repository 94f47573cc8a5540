/*
 * state_private.h: what the parts of state.c share
 *
 * state.c	the log of one mailbox: opened, appended to, shortened
 * state_log.c	its records as bytes, and back
 * state_recs.c	what is in memory: arrays and tables
 */
#ifndef STATE_PRIVATE_H
#define STATE_PRIVATE_H

#include "reclog.h"
#include "state.h"
#include "table.h"

#define STATE_MAGIC "postbag sync 1\n"	/* and a NUL: 16 bytes */

enum state_kind {
	BOX = 1, KEYWORD, PUT, FLAGS, DROP, PEND, UNPEND, MARK, RESET,
	STUB,			/* as PUT; a log without any is as of old */
	FAR_ONLY		/* likewise; STUB_TOO in its kind: both */
};
#define STUB_TOO	0x100u
enum {
	HEAD = 8,		/* bytes before a payload */
	PUT_BYTES = HEAD + 36,	/* of a PUT, and its name */
	NAME_BYTES = 255, NAME_USUAL = 32, BOX_BYTES = 1024, BUFFER = 65536,
	STATE_RECS = 1 << 26	/* with the dropped ones */
};

struct state_in {
	struct reclog log;
	char file[32];
	struct buf heap;
	struct table uid, name, ino;	/* places in rec[] */
	bool by_ino;		/* the table is kept */
	bool unsorted, dead;
	size_t keywords;	/* of them in the log */
	uint64_t live;		/* bytes a new log would have for the recs */
	bool reset;		/* and no mark since */
	bool read_only;
};

/* ---- state_log.c ---- */

/* A record appended: its head, what is put behind it, and its sum. */
size_t state_log_begin(struct buf *);
void state_log_end(struct buf *, size_t begun, enum state_kind);

void state_log_head(struct buf *, const char *box);
void state_log_rec(struct buf *, const struct rec *, struct str name);
void state_log_pend(struct buf *, const struct pend *);
void state_log_mark(struct buf *, const struct mark *,
    const struct stamp *);
void state_log_text(struct buf *, enum state_kind, struct str);
/* The rest of a record about a rec: its uid, or its name if it has none. */
void state_log_which(struct buf *, const struct state *,
    const struct rec *);
void state_put64(struct buf *, uint64_t);

/* All that is good in the file, into memory; a tail is cut off. */
int state_load(struct state *, struct err *);

/* ---- state_recs.c: no I/O, nothing is logged ---- */

bool state_name_ok(struct str);		/* it can stand in a folder */
bool state_box_ok(struct str);
void state_replace(struct state *, const struct rec *, struct str name);
void state_bury(struct state *, struct rec *);
void state_forget_recs(struct state *);
struct pend *state_pending(struct state *, struct str name);
void state_add_pend(struct state *, const struct pend *, struct str name);
void state_del_pend(struct state *, struct str name);
void state_clear(struct state *);	/* as after prepare */
void state_room(struct state *, size_t n);	/* in them, for n recs */

#endif
