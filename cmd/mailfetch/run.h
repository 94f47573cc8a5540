/* run.h: one account, one pass: what POP3 and IMAP have in common */
#ifndef RUN_H
#define RUN_H

#include "deliver.h"
#include "process.h"
#include "session.h"
#include "tally.h"

struct run {
	struct options *o;
	struct process *p;
	struct err *e;
	struct arena arena;
	const char *who;	/* user@host: two accounts share a Maildir */
	struct state state;
	struct deliver deliver;
	struct counts count;
	struct tally tally;
	/* of the folder that was opened last, before it was searched */
	uint64_t uidnext, exists;
	/* the line on a terminal */
	int64_t started, drawn;
};

int run_open(struct run *, struct options *, struct process *,
    struct err *);
/* The exit status. */
int run_close(struct run *);
/* To the server; the first time of a watch confines the process, too. */
int run_connect(struct run *);
int run_login(struct run *, struct session *, struct sasl_login *);
/* Is this one to be fetched?  In doubt is counted, and decided here. */
bool run_wants(struct run *, const struct message *);
bool run_due(struct run *, struct key);	/* to be deleted on the server */
void run_progress(struct run *, bool last);
/* With -v: what came of one folder, since the counts were as in before. */
void run_note(const struct run *, const struct counts *before,
    const char *folder);

#endif
