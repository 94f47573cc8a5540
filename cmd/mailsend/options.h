/* options.h: what the command line and the configuration say to mailsend */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "opt.h"
#include "options_batch.h"

/*
 * The settings of command line and configuration, in the groups of --help;
 * main.c and sendmail.c alone write them.  What was not said is NULL or empty.
 */
struct option_message {
	const char *subject;
	const char *from;		/* the sender, maybe with a name */
	const char *reply_to;
	const char *body;		/* the text itself; "-": stdin */
	const char *html;		/* a file */
	const char *file;		/* a finished message; "-": stdin */
	const char *aliases;		/* a file, as aliases(5) */
	struct opt_list to, cc, bcc;	/* each a list of mailboxes */
	struct opt_list attach;		/* FILE[:TYPE[:NAME]] */
	struct opt_list embed;		/* --inline, likewise */
	struct opt_list header;		/* "Name: value" */
	bool read_recipients;		/* from To, Cc and Bcc */
	bool recode;			/* encode odd lines, do not refuse */
	bool set_from;			/* from replaces the message's From */
	bool skip_empty;		/* nothing to say: nothing is sent */
	bool daemon;			/* nobody reads errors: mend it all */
	bool as_is;			/* nothing is added, or changed */
};

/* --dsn: of what reports are wanted; bits, 0: nothing was said. */
enum option_dsn {
	OPTION_DSN_NEVER = 1,		/* alone */
	OPTION_DSN_SUCCESS = 2,
	OPTION_DSN_FAILURE = 4,
	OPTION_DSN_DELAY = 8
};
extern const struct opt_choice option_dsn_words[];
/* "never", or "success,delay" as the bits, with the shape of opt's call. */
int option_dsn_set(void *to, const char *arg, struct err *);

/* --dsn-ret: how much of the message a report brings back. */
enum option_ret { OPTION_RET_UNSAID, OPTION_RET_FULL, OPTION_RET_HDRS };
extern const struct opt_choice option_ret_words[];

struct option_envelope {
	const char *mail_from;		/* the reverse-path; "<>": null */
	unsigned dsn;			/* bits of enum option_dsn */
	enum option_ret dsn_ret;
	const char *envid;		/* not yet xtext */
	struct opt_list mail_param;	/* more parameters of MAIL */
	struct opt_list rcpt_param;	/* more parameters of each RCPT */
	bool require_tls;
	bool whole;			/* all recipients or none */
	bool bare;			/* the server knows "root" (lmtp:) */
	bool here;			/* so does who delivers: this machine */
};

/* --quit-after: the last step of the dialogue that is done. */
enum option_step {
	OPTION_STEP_ALL,		/* not given: the message is sent */
	OPTION_STEP_CONNECT,
	OPTION_STEP_EHLO,
	OPTION_STEP_AUTH,
	OPTION_STEP_RCPT
};

/* Is the server asked about the recipients? */
static inline bool
option_asks(enum option_step last)
{
	return last == OPTION_STEP_ALL || last == OPTION_STEP_RCPT;
}

/* --queue-in-doubt: of who may have got a message. */
enum option_doubt {
	OPTION_DOUBT_SEND,		/* once more, RFC 1047 */
	OPTION_DOUBT_HOLD		/* it stays until somebody says */
};
extern const struct opt_choice option_doubt_words[];

struct option_sending {
	bool dry_run;
	const char *ehlo;		/* our name; NULL: found out */
	bool no_chunking;
	bool no_pipelining;
	enum option_step quit_after;
	const char *save;		/* see save.h */
	const char *log;		/* a file, "syslog", "journal" */
	struct opt_list fallback;	/* URLs of further servers */
	bool check_address;
	const char *import;		/* another program's configuration */
	struct opt_list dkim;		/* SELECTOR:DOMAIN:KEYFILE */
	const char *dkim_new;		/* SELECTOR:DOMAIN[:TYPE]: make a key */
};

/* What waits, and what is to be done with it. */
struct option_queue {
	const char *where;		/* "on", "off", a directory; or NULL */
	bool only;			/* accepted, and not sent now */
	enum option_doubt doubt;
	bool flush, now;		/* --flush-now: due or not */
	bool list;
	bool handed_on;			/* by the flush of another account */
	struct opt_list remove;
};

/* Is one of those to be done, and nothing to be sent? */
static inline bool
option_queue_asks(const struct option_queue *o)
{
	return o->flush || o->now || o->list || o->remove.n > 0;
}

/* Delivery by MX (direct.h). */
struct option_direct {
	uint64_t port;		/* of mail hosts; 0: 25 */
	uint64_t sts_port;	/* of policies, for tests; 0: 443 */
};

struct option_sendmail {
	bool called;			/* by that name */
	bool no_dot;			/* -i: a lone dot is no end */
	bool talk;			/* -bs: SMTP on standard input */
	bool no_aliases;		/* -n */
	const char *sender;		/* -f or -r */
	const char *full_name;		/* -F */
};

struct aliases;
struct seal;

struct options {
	struct aliases *aliases;	/* of message.aliases; or NULL */
	struct seal *seal;		/* of sending.dkim; or NULL */
	struct option_message message;
	struct option_envelope envelope;
	struct option_sending sending;
	struct option_queue queue;
	struct option_batch_run batch;
	struct option_direct direct;
	struct option_sendmail sendmail;
	struct opt_list operands;	/* recipients, each a bare address */
};

#endif
