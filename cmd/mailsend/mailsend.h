/*
 * mailsend.h: the parts of mailsend
 *
 * main.c	options, and the order of things
 * letter.c	who gets it and what it says: envelope and message
 * submit.c	to the server
 * report.c	what became of it: stderr, -j, exit status
 * sendmail.c	being called as sendmail(8)
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

struct options {
	struct account account;
	const char *subject, *from, *reply_to, *body, *html, *message;
	struct opt_list to, cc, bcc, attach, embed, header;
	bool read_recipients, recode;
	bool composing;		/* the command line has some of these */
	const char *mail_from, *dsn, *dsn_ret, *envid;
	struct opt_list mail_param, rcpt_param;
	bool require_tls, whole, no_chunking, no_pipelining;
	const char *ehlo, *quit_after, *save;
	bool check_address, dry_run;
	struct opt_list operands;
	/* as sendmail only */
	bool sendmail, no_dot, talk;
	const char *sender, *full_name;
	const char *self;	/* -bs: letter_self, before the sandbox */
	int message_fd;		/* -bs: the message it took; else -1 */
	struct session session;	/* one for all messages and connections */
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
int letter_write(struct letter *, const struct options *, struct err *);
void letter_close(struct letter *);

/* Sends it.  The recipients' fates are in l->mail, the rest in the report. */
struct report {
	char host[300], peer[64], tls[64], cipher[64], pin[64], mech[40];
	bool verified;
	const char *saved;
	bool unsaved;		/* sent, but --save failed */
};
int submit_check(const struct options *, struct err *);
int submit(struct letter *, struct options *, struct report *, struct err *);

/* What reads standard input though no option says so; NULL: nothing does. */
const char *letter_reads(const struct options *);

/* Tells, and computes the exit status. */
int report_send(const struct letter *, const struct options *,
    const struct report *, const struct err *);
int report_addresses(const struct options *, struct arena *);

/*
 * sendmail(8)'s command line into options; 0, or -1, or 1 if there is
 * nothing more to do (-bp, -q).  sendmail_talk is -bs: SMTP on stdin.
 */
int sendmail_parse(struct options *, struct opt_set *, int argc, char **argv,
    struct err *);
int sendmail_talk(struct options *, struct arena *,
    int (*send)(struct options *, int fd));

/*
 * From in to fd, up to a line that is a lone dot; another dot at the start of
 * a line is dropped if there was stuffing.  1 there was one, 0 the end, -1.
 */
int sendmail_text(FILE *in, int fd, bool stuffed, struct err *);

#endif
