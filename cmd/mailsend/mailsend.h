/*
 * mailsend.h: the parts of mailsend
 *
 * main.c	options, and the order of things
 * letter.c	who gets it and what it says: envelope and message
 * submit.c	to the server
 * report.c	what became of it: stderr, -j, exit status
 * sendmail.c	being called as sendmail(8)
 * post.c	one message, from the letter to the exit status
 * talk.c	sendmail -bs: SMTP on standard input
 */
#ifndef MAILSEND_H
#define MAILSEND_H

#include <stdio.h>

#include "account.h"
#include "addr.h"
#include "mime.h"
#include "opt.h"
#include "session.h"
#include "smtp.h"
#include "table.h"

/*
 * What the command line and the configuration say, in the groups of --help.
 * main.c and sendmail.c write it, and nobody after them.  Texts are NULL, and
 * lists empty, where nothing was said.
 */
struct option_message {
	const char *subject;
	const char *from;		/* the sender, maybe with a name */
	const char *reply_to;
	const char *body;		/* the text itself; "-": stdin */
	const char *html;		/* a file */
	const char *file;		/* a finished message; "-": stdin */
	struct opt_list to, cc, bcc;	/* each a list of mailboxes */
	struct opt_list attach;		/* FILE[:TYPE] */
	struct opt_list embed;		/* --inline, likewise */
	struct opt_list header;		/* "Name: value" */
	bool read_recipients;		/* from To, Cc and Bcc */
	bool recode;			/* encode odd lines, do not refuse */
};

struct option_envelope {
	const char *mail_from;		/* the reverse-path; "<>": null */
	const char *dsn;		/* "never" or "success,delay" */
	const char *dsn_ret;		/* "full" or "hdrs" */
	const char *envid;		/* not yet xtext */
	struct opt_list mail_param;	/* more parameters of MAIL */
	struct opt_list rcpt_param;	/* more parameters of each RCPT */
	bool require_tls;
	bool whole;			/* all recipients or none */
};

struct option_sending {
	bool dry_run;
	const char *ehlo;		/* our name; NULL: found out */
	bool no_chunking;
	bool no_pipelining;
	const char *quit_after;		/* "connect", "ehlo", "auth", "rcpt" */
	const char *save;		/* "maildir:DIR" */
	bool check_address;
};

struct option_sendmail {
	bool called;			/* by that name */
	bool no_dot;			/* -i: a lone dot is no end */
	bool talk;			/* -bs: SMTP on standard input */
	const char *sender;		/* -f or -r */
	const char *full_name;		/* -F */
};

struct options {
	struct option_message message;
	struct option_envelope envelope;
	struct option_sending sending;
	struct option_sendmail sendmail;
	struct opt_list operands;	/* recipients, each a bare address */
};

/* What one process has, for all its messages and connections. */
struct run {
	const struct options *options;
	struct account account;
	struct session session;
};

/* What a letter is written from, beside the options. */
struct letter_source {
	const char *mail_from;	/* the reverse-path; NULL: the sender's */
	struct opt_list to;	/* recipients, each a bare address */
	int fd;			/* a finished message; -1: as options say */
	const char *user;	/* the account's; or NULL */
	const char *self;	/* letter_self; NULL: found out if needed */
	bool composing;		/* the command line has parts of a message */
};

/* One message and its envelope.  All of it lives in the arena. */
struct letter {
	struct arena *arena;
	struct smtp_mail mail;
	size_t cap;		/* of mail.rcpt */
	struct table seen;	/* of mail.rcpt, while it is written */
	struct addr from;	/* the sender as written */
	struct msg msg;
	const char *id;		/* Message-ID, for the report */
	bool raw;		/* a finished message, not composed by us */
	bool utf8;		/* an address of the envelope needs SMTPUTF8 */
};

/* user@host of whoever runs this: better than nothing, and true. */
const char *letter_self(struct arena *);

/* Everything up to the server; stdin is read here if it is needed. */
int letter_write(struct letter *, const struct options *,
    const struct letter_source *, struct err *);
void letter_close(struct letter *);

/* Sends it.  The recipients' fates are in l->mail, the rest in the report. */
struct report {
	char host[300], peer[64], tls[64], cipher[64], pin[64], mech[40];
	bool verified;
	const char *saved;
	bool unsaved;		/* sent, but --save failed */
};
int submit_check(const struct options *, struct err *);
int submit(struct letter *, struct run *, struct report *, struct err *);

/* What reads standard input though no option says so; NULL: nothing does. */
const char *letter_reads(const struct options *);

/* Tells, and computes the exit status. */
int report_send(const struct letter *, const struct run *,
    const struct report *, const struct err *);
int report_addresses(const struct opt_list *, struct arena *, bool json);

/*
 * One message: writes the letter, submits it or prints it (--dry-run), and
 * says what became of it.  The exit status; e holds what is not yet told.
 */
int post(struct run *, struct letter_source *, struct err *);

/* sendmail -bs: SMTP on stdin, each message posted.  The exit status. */
int talk_serve(struct run *);

/*
 * sendmail(8)'s command line into options; 0, or -1, or 1 if there is
 * nothing more to do (-bp, -q).
 */
int sendmail_parse(struct options *, struct opt_set *, int argc, char **argv,
    struct err *);

/*
 * From in to fd, up to a line that is a lone dot; another dot at the start of
 * a line is dropped if there was stuffing.  1 there was one, 0 the end, -1.
 */
int sendmail_text(FILE *in, int fd, bool stuffed, struct err *);

#endif
