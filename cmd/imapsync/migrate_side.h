/* migrate_side.h: one of a migration's two servers */
#ifndef MIGRATE_SIDE_H
#define MIGRATE_SIDE_H

#include "account.h"
#include "fail.h"
#include "imap.h"
#include "imap_about.h"
#include "sandbox.h"
#include "session.h"
#include "table.h"

/* A mailbox as LIST has it. */
struct migrate_name {
	const char *name;
	const char *use;		/* SPECIAL-USE; or NULL */
	bool selectable, subscribed;
};

struct migrate_side {
	const char *name;		/* an account's, or a URL */
	const char *password;		/* a command that has it; or NULL */
	bool looks;			/* nothing is ever written there */
	struct account account;
	struct session session;
	struct imap imap;
	struct err err;			/* of its connection */
	bool open, was_open;
	int64_t opened;			/* ms: when it was, see clock.h */
	bool listed;			/* LIST came to its end, or none is wanted */
	int got;			/* of the attempt to open it */
	/* what LIST has said */
	struct imap_namespace space;
	struct migrate_name *v;
	size_t n, cap;
	const char **odd;		/* what no name can be, escaped */
	size_t nodd;
	size_t bytes;			/* of names */
	struct table names;		/* of v */
	struct arena arena;
};

/*
 * The account of that name, or of that URL, with what like says of trust and
 * time.  EX_USAGE, EX_CONFIG.
 */
int migrate_side_load(struct migrate_side *, const struct account *like,
    struct err *);
/* "user@host" of it, for the state; in its arena. */
const char *migrate_side_who(struct migrate_side *);

/* Both servers are looked up, and the program is confined. */
int migrate_sides_ready(struct migrate_side *from, struct migrate_side *to,
    struct sandbox *, struct err *);
/*
 * Those that are not open are connected and logged in, with a new token, and
 * once LIST comes, and what is subscribed, in order of names: both at the same
 * time.  -1: the err of a side.
 */
int migrate_sides_connect(struct migrate_side *from, struct migrate_side *to);
/*
 * The same for further connections of the same accounts, for another thread,
 * which are closed before those; the secrets of from_of and to_of are there and
 * are not wiped, and there is no LIST.
 */
int migrate_sides_join(struct migrate_side *from,
    const struct migrate_side *from_of, struct migrate_side *to,
    const struct migrate_side *to_of);
void migrate_side_hang_up(struct migrate_side *);
void migrate_side_free(struct migrate_side *);

/*
 * Both mailboxes are selected, a to be read only, within one round trip: got of
 * each is 0, or 1 refused.  -1: the err of a side.
 */
int migrate_side_select(struct migrate_side *from, const char *a,
    struct migrate_side *to, const char *b, int got[2]);
/* NULL: there is none of that name. */
struct migrate_name *migrate_side_find(struct migrate_side *, struct str name);

#endif
