/* run.h: what one process of mailsend has */
#ifndef RUN_H
#define RUN_H

#include "account.h"
#include "options.h"
#include "session.h"
#include "smtp.h"
#include "spool.h"

/* Where messages wait. */
struct run_queue {
	bool on;		/* what cannot be sent now is accepted */
	bool picked;		/* the command line names the account */
	struct opt_list words;	/* options for other accounts' processes */
	const char *self;	/* envelope_self, of who sends reports */
	struct err unable;	/* why it cannot be used, though on */
	struct spool spool;	/* once queue_open has seen it; path or NULL */
};

struct direct_way;
struct fallback;
struct save;

/* Of -bs: the connection on which each RCPT is asked about. */
struct run_asking {
	struct smtp smtp;
	struct session *session;	/* of the server that is asked */
	struct smtp_conf conf;
	struct err err;			/* the connection's */
	bool live;
};

struct run {
	const struct options *options;
	struct account account;		/* loaded */
	struct session session;		/* ready from the first submit on */
	struct fallback *fallback;	/* servers behind that one; or NULL */
	struct save *save;		/* where copies are kept; or NULL */
	struct run_asking asking;
	struct run_queue queue;
	bool many;			/* it sends more than one message */
	struct direct_way *direct;	/* mx: from the first submit on */
	struct opt_list locked;		/* mailboxes here that stay so */
	int log;			/* of --log, open; or -1 */
	size_t accepted;		/* recipients of the last message, sent
					 * or waiting, and */
	struct smtp_reply refusal;	/* an answer to the others, see post.c */
};

#endif
