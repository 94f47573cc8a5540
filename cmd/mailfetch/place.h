/* place.h: where messages go: what --deliver names */
#ifndef PLACE_H
#define PLACE_H

#include "conn.h"
#include "maildir.h"
#include "mbox.h"
#include "message.h"
#include "options.h"
#include "smtp.h"

struct process;

/* What a place is handed: a message, and by whom. */
struct handed {
	struct options *o;
	struct process *p;
	struct err *e;
	struct arena *arena;
	struct state *state;
	struct counts *count;
	struct message now;
	char name[64];		/* of its file in a Maildir */
	int file;		/* all of it, to be read; or -1 */
	uint64_t size;
};

enum place_kind { PLACE_MAILDIR, PLACE_MBOX, PLACE_EXEC, PLACE_LMTP,
    PLACE_STDOUT };

struct place {
	enum place_kind kind;
	const char *name;	/* as given */
	struct key key;		/* of the name */
	struct maildir maildir;
	struct mbox mbox;
	char **argv;
	struct account_server server;
	struct conn_conf conf;
	struct conn *conn;
	struct smtp_conf smtp_conf;
	struct smtp smtp;
	bool begun;		/* an mbox: locked, this batch is in it */
};

int place_parse(struct place *, const char *spec, struct handed *);
int place_open(struct place *, struct handed *);
/*
 * 0 taken, 1 not now: the message stays on the server, -1 nothing works any
 * more.
 */
int place_give(struct place *, struct handed *);
/* What giving to it will open, start and look up. */
void place_box(const struct place *, struct sandbox *);
/* Commands and LMTP cannot take back what was handed over. */
bool place_doubtful(const struct place *);
int place_sync(struct place *, struct handed *);
int place_settle(struct place *, struct handed *);
void place_close(struct place *, struct handed *);

#endif
