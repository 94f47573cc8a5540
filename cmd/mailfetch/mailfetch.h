/*
 * mailfetch.h: the parts of mailfetch
 *
 * main.c	options, accounts, several of them at once
 * state.c	what was fetched: the log that survives everything
 * deliver.c	one message to its places, and batches of them
 * place.c	the places that are not Maildirs: mbox, command, LMTP, stdout
 * run.c	what POP3 and IMAP have in common; the report
 * pop.c	POP3
 * imap.c	IMAP: login, folders, waiting
 * imapbox.c	IMAP: one folder
 * show.c	--list, --check, --probe
 * import.c	other programs' configuration as ours
 */
#ifndef MAILFETCH_H
#define MAILFETCH_H

#include <time.h>

#include "conn_open.h"
#include "maildir.h"
#include "mbox.h"
#include "options.h"
#include "session.h"
#include "smtp.h"
#include "table.h"

/*
 * What one process has, and each pass of a watch: behind the sandbox no file
 * could be read for another.
 */
struct process {
	struct session session;		/* one for all passes */
	struct tls_conf lmtp_conf;
	struct tls_ctx *lmtp_tls;
	struct sandbox box;
	int turn;			/* whose stdout is: see run_turn; or -1 */
	bool reached;			/* a pass was completed */
	bool busy;			/* another run has the lock */
};

/* ---- state.c ---- */

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
	int fd, lock;
	dev_t dev;
	struct entry *v;	/* STATE_FORGET: dropped */
	size_t n, cap, dropped, logged;
	struct table table;	/* of those that are not */
	bool fresh;		/* there was none */
	bool dirty;		/* the last run did not end well */
	bool changed;		/* something was appended */
	bool grouping;
	struct buf group;
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

/* ---- place.c ---- */

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

struct message {
	struct key key;
	uint32_t number;	/* of POP3; the UID of IMAP */
	uint64_t size;
	time_t date;		/* INTERNALDATE; 0: not known */
	bool seen;		/* on the server */
	const char *id;		/* UIDL, for -j */
	const char *folder;
};

struct run;

int place_parse(struct place *, const char *spec, struct run *);
int place_open(struct place *, struct run *);
/*
 * The message in run->main, run->size bytes.  0 taken, 1 not now: it stays on
 * the server, -1 nothing works any more.
 */
int place_give(struct place *, struct run *);
/* What giving to it will open, start and look up. */
void place_box(const struct place *, struct sandbox *);
/* Commands and LMTP cannot take back what was handed over. */
bool place_doubtful(const struct place *);
int place_sync(struct place *, struct run *);
int place_settle(struct place *, struct run *);
void place_close(struct place *, struct run *);

/* ---- deliver.c ---- */

enum { BATCH = 1024 };
#define BATCH_BYTES (32u << 20)

/* What is to be marked, once it is durable, and the file it needs for that. */
struct pending {
	struct key key, doubt;
	char name[64];		/* or "" */
	uint32_t maildirs;	/* the places, by number, that have the file */
};
struct known {
	struct key key;
	size_t place;
};

struct run {
	struct options *o;
	struct process *p;
	struct err *e;
	struct arena arena;
	const char *who;	/* user@host: two accounts share a Maildir */
	struct state state;
	struct place *place;
	size_t places;
	/* the message under way */
	struct message now;
	char name[64];
	int fd[32];		/* of the Maildirs, by place; or -1 */
	int main;		/* the descriptor all read it from */
	int spool;		/* the unlinked file, or -1 */
	bool cr;
	uint64_t size;
	size_t fill;
	char *out;
	/* the batch */
	struct pending *batch;
	size_t n;
	uint64_t batch_bytes;
	bool marked;		/* DIRTY is in the log */
	bool single;		/* a batch is one message */
	struct known *known;	/* in a Maildir already, after a crash */
	size_t nknown, known_cap;
	/* the report */
	uint64_t fetched, bytes, kept, skipped, doubt, deleted, moved, there;
	uint64_t total, total_bytes;
	int status;		/* what single messages add up to */
	/* of the folder that was opened last, before it was searched */
	uint64_t uidnext, exists;
	int64_t started, drawn;
};

#define RUN_PREFIX "mailfetch."

int deliver_open(struct run *);
/* Was it delivered before, as far as Maildirs can tell? */
bool deliver_known(struct run *, struct key);
int deliver_begin(struct run *, const struct message *);
int deliver_put(void *run, const void *, size_t, struct err *);
/* 0 taken, 1 stays on the server, -1 fatal. */
int deliver_end(struct run *);
void deliver_abort(struct run *);
/*
 * How many bytes of it may come: --max-size, else what the server announced,
 * with some slack.  Why a message that has more is left there.
 */
enum { DELIVER_WHY = 200 };
uint64_t deliver_most(const struct run *, const struct message *);
const char *deliver_over(const struct run *, const struct message *,
    char why[DELIVER_WHY]);
int deliver_commit(struct run *);
/* What could not be committed does not stay in tmp/: a disk may be full. */
void deliver_drop(struct run *);
void deliver_close(struct run *);

/* ---- run.c ---- */

int run_open(struct run *, struct options *, struct process *, struct err *);
int run_close(struct run *);
/* To the server; the first time of a watch confines the process, too. */
int run_connect(struct run *);
int run_login(struct run *, struct session *, struct sasl_login *);
/* Is this one to be fetched?  In doubt is counted, and decided here. */
bool run_wants(struct run *, const struct message *);
bool run_due(struct run *, struct key);	/* to be deleted on the server */
void run_progress(struct run *, bool last);
/* With -v: what came of one folder, since the counts were as in before. */
void run_note(const struct run *, const struct run *before,
    const char *folder);
/*
 * Standard output is one account's at a time: from here until what it has to
 * say is said, and flushed.  A stop ends the wait for one's turn.
 */
void run_turn(struct process *, bool mine);
uint32_t run_today(void);

/* ---- pop.c, imap.c, show.c, import.c ---- */

int pop_run(struct run *);
int imap_run(struct run *);

/* imapbox.c: one folder, selected here.  0, 1 cannot be selected, -1. */
struct imap;
/* Before connecting: can what was asked for be said in a command? */
int imapbox_check(const struct options *, struct err *);
int imapbox_run(struct run *, struct imap *, const char *folder);

struct listing {
	const struct message *m;
	struct str head;	/* header lines */
	bool fresh;
};
void show_begin(struct run *);
/* A header field's body on one line, at most 2,000 bytes of it, or "". */
struct json;
void show_field(struct json *, const char *key, struct str head,
    const char *name);
void show_line(struct run *, const struct listing *);
void show_session(struct run *, const struct session *, const char *server,
    const char *caps, const char *mechs, int expire, int delay);

int import_run(const char *path, struct err *);

#endif
