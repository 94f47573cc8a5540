/* run.h: one account, one pass: what POP3 and IMAP have in common */
#ifndef RUN_H
#define RUN_H

#include "deliver.h"
#include "hung.h"
#include "owner.h"
#include "process.h"
#include "session.h"
#include "tally.h"

struct run {
	struct options *o;
	struct process *p;
	struct err *e;
	struct arena arena;
	const char *who;	/* user@host */
	struct owner owner;
	struct state state;
	struct ledger ledger;
	struct deliver deliver;
	struct counts count;
	struct tally tally;
	struct hung hung;
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
/* Is this one to be fetched: 1, 0, or -1 failed.  Decides what is in doubt. */
int run_wants(struct run *, const struct message *);
/* Which message: by its UIDL; by its folder (b is the UID's, not set). */
struct key run_uidl_key(struct str uidl, const char *owner);
struct key run_folder_key(const struct run *, const char *folder,
    uint64_t uidvalidity);
/* Is it new, as far as a look can tell? */
bool run_new(const struct run *, struct key);
/* To be deleted, or moved, on the server. */
bool run_due(const struct run *, struct key);
void run_progress(struct run *, bool last);
/* A watch has looked at everything, and tells what came of it. */
void run_looked(struct run *);
/* With -v: what came of one folder, since the counts were as in before. */
void run_note(const struct run *, const struct counts *before,
    const char *folder);

#endif
