/* place.h: where messages go: what --deliver names */
#ifndef PLACE_H
#define PLACE_H

#include "conn.h"
#include "conn_open.h"
#include "flags.h"
#include "ledger.h"
#include "maildir.h"
#include "mbox.h"
#include "message.h"
#include "options.h"
#include "smtp.h"

struct process;
struct store;
struct tally;

/* A message handed to a place, and by whom. */
struct handed {
	struct options *o;
	struct process *p;
	struct err *e;
	struct arena *arena;
	struct state *state;
	struct ledger *ledger;
	struct counts *count;
	struct tally *tally;
	struct message now;
	char name[128];		/* of its file in a Maildir */
	char letters[FLAGS_LETTERS];	/* its flags there; "": it is new */
	const char *maildir;	/* the first one that gets it, or NULL */
	const char *held;	/* its file there, which is there already:
				   new/NAME or cur/NAME; or NULL */
	int file;		/* all of it, to be read; or -1 */
	uint64_t size;
	uint64_t added;		/* of it: fields in front that did not come */
};

/* A command that gets messages: of a place, or in front of all. */
struct command {
	char **argv;
	const char *what;	/* for error texts */
	bool passes;		/* any failure of it is one that passes */
	unsigned late;		/* times in a row that it was not done in time */
};

struct place_kind;			/* a row of place.c's table */

struct place {
	const struct place_kind *kind;
	const char *name;	/* as given, without its kind; of each: now */
	const char *each;	/* a path with %f: a place per folder; or NULL */
	char *path;		/* of each: the name, malloced; or NULL */
	struct key key;		/* of the name */
	unsigned number;	/* in the ledger */
	struct maildir maildir;
	struct mbox mbox;
	struct command command;
	struct account_server server;
	struct conn_conf conf;
	struct conn *conn;
	struct smtp_conf smtp_conf;
	struct smtp smtp;
	struct err broke;	/* what ended that connection */
	unsigned lost;		/* times in a row that one was lost */
	uint64_t recoded;	/* messages that LMTP could not have as they came */
	uint64_t bare_lf;	/* messages whose bare LFs went as CRLF */
	struct store *store;	/* of place_imap.c */
	bool begun;		/* an mbox: locked, this batch is in it */
	bool took;		/* it took the last message that it was given */
};

/*
 * The key that the ledger knows a place by, from what --deliver says: a path
 * is the same one from whatever folder, and however it is spelt at its end.
 */
struct str place_known_as(struct arena *, const char *spec);

int place_parse(struct place *, const char *spec, struct handed *);
/*
 * Of one that is a place per folder (each): from now on it is that folder's,
 * which is opened.  folder: names_to_path.  What was open is closed, and must
 * be committed.
 */
int place_folder(struct place *, const char *folder, struct handed *);
/* Two paths that lead to one file or folder, which need not be there yet? */
bool place_same_file(const struct place *, const struct place *);
int place_open(struct place *, struct handed *);
/*
 * All that giving to it will open, start and look up; temporary files it
 * needs.
 */
void place_box(const struct place *, struct sandbox *);
size_t place_temps(const struct place *);

/* Its Maildir or file; NULL: it is none. */
const char *place_path(const struct place *);
/* It is a Maildir: deliver.c writes into that before the others are given. */
bool place_files(const struct place *);
/* Commands and LMTP cannot take back what was handed over. */
bool place_doubtful(const struct place *);
/* It keeps flags: they are to be asked for. */
bool place_flags(const struct place *);
/* Is it this folder of that account, by server, port and user? */
bool place_is_folder(const struct place *, const struct account *,
    struct str folder);
/* It cannot take back what it was given, and a batch is one message. */
bool place_single(const struct place *);

/*
 * 0 taken, 1 not now: the message stays on the server, -1 nothing works any
 * more.
 */
int place_give(struct place *, struct handed *);

/*
 * A batch: its bytes are on the disk; its names are; it is in the state, in the
 * group in which that says so; and that is on the disk.
 */
int place_sync(struct place *, struct handed *);
int place_settle(struct place *, struct handed *);
int place_record(struct place *, struct handed *);
int place_release(struct place *, struct handed *);

/*
 * After place_sync: was this message of the batch not taken after all?  That is
 * counted already.
 */
bool place_left(const struct place *, struct key message);

/* A batch that was not committed is taken back. */
void place_close(struct place *, struct handed *);

#endif
