/* dest.h: IMAP servers that messages are brought to */
#ifndef DEST_H
#define DEST_H

#include "account.h"
#include "imap.h"
#include "session.h"

/* One server, of as many places (folders) and passes as there are. */
struct dest {
	struct dest *next;
	char *name;		/* "imap:work", "imaps://jo@imap.test" */
	struct account account;
	struct session session;
	struct imap imap;
	bool open;		/* logged in */
	bool was_open;
};

/* What a program's options say of all of them. */
struct dest_conf {
	const struct account *like;	/* trust, time, sandbox: as of this */
	const char *option;		/* by which they are named, for errors */
	const char *password_command;	/* or NULL: the account's own */
	bool tls_off;
	bool again;			/* it logs in once more much later */
};

/*
 * "imaps://USER@HOST/FOLDER" or "imap:ACCOUNT/FOLDER", cut into what dest_find
 * takes and the folder, which is NULL where none is named.  EX_USAGE.
 */
struct dest_name {
	const char *server, *folder;
};
int dest_parse(struct dest_name *, struct arena *, const char *spec,
    const struct dest_conf *, struct err *);

/*
 * That server: an account of the configuration file, or a URL without a
 * folder.  Added to *all if it is not there, which is before the sandbox.
 * NULL: EX_USAGE or EX_CONFIG.
 */
struct dest *dest_find(struct dest **all, const struct dest_conf *,
    const char *name, struct err *);

/* Connected and logged in, anew if it must be. */
int dest_open(struct dest *, const struct dest_conf *, struct err *);
/*
 * The folder is selected, made before if create says so and it is not there.
 * EX_UNAVAILABLE, or EX_TEMPFAIL by the server's words.
 */
int dest_select(struct dest *, const char *folder, bool create);
void dest_hang_up(struct dest *);
void dest_free(struct dest *all);

#endif
