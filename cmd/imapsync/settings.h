/* settings.h: what the options decided */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "bodies.h"
#include "names.h"
#include "opt.h"

struct account;

/* The ways to ask a server for changes, the cheapest first. */
enum delta {
	DELTA_AUTO,
	DELTA_QRESYNC,
	DELTA_CONDSTORE,
	DELTA_SEARCH,
	DELTA_FETCH
};

/* Kinds of change that a side receives, as bits. */
enum gets {
	GETS_NEW = 1,		/* messages, and folders of them */
	GETS_FLAGS = 2,
	GETS_GONE = 4,		/* that a message or a folder is gone */
	GETS_ALL = 7
};

struct policy {
	unsigned near_gets, far_gets;	/* enum gets; 0: one way only */
	enum far_delete { FAR_TRASH, FAR_EXPUNGE, FAR_MARK, FAR_NEVER } far_delete;
	enum { NEAR_ATTIC, NEAR_EXPUNGE, NEAR_MARK, NEAR_NEVER } near_delete;
	enum purge { PURGE_NONE, PURGE_NEAR, PURGE_FAR, PURGE_BOTH } purge;
	bool reupload;			/* orphans */
	bool mirror;			/* what was changed here is undone */
};

struct settings {
	struct account *account;	/* whom to ask, and how to log in */
	const char *title;		/* the account's name, for messages */
	const char *near;		/* the directory of the Maildirs */
	const char *inbox;		/* below near, or a path of its own;
					   NULL: where its name has it */
	const char *state;		/* where the state is, or NULL */
	const char *former_state;	/* another program's; or NULL */
	const char *patterns;		/* of folders: see names_match */
	struct opt_list map;		/* rules: see map.h */
	enum { LISTED_ALL, LISTED_SUBSCRIBED } listed;	/* by the server */
	struct opt_list follow;		/* links in place of Maildirs */
	const char *on_change;		/* a command; or NULL */
	const char *trash;		/* the server's mailbox, or NULL: found */
	const char *local_only;		/* folders that stay here alone; NULL */
	struct naming how;		/* of the Maildirs below it */
	enum delta rung;		/* the best way that may be used */
	struct policy policy;		/* what may be done to messages */
	struct settings_here {		/* of what is on the server */
		struct bodies bodies;	/* which ones come */
		uint64_t last;		/* the newest of a mailbox; 0: all */
		const char *since;	/* not older: as in since.h; NULL */
	} here;
	uint64_t connections;		/* for downloads */
	uint64_t allow;			/* so many deletions are no accident */
	bool create_near, create_far;	/* folders, where they are missing */
	bool folders_delete;		/* those that are gone on one side */
	bool unsafe_expunge;		/* where the server has no UIDPLUS */
	bool dry_run;			/* nothing is changed on either side */
	bool accept_mode;		/* whatever the last run was: see base.h */
};

#endif
