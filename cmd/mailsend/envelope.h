/*
 * envelope.h: who gets a letter, and from whom
 *
 * Options are asked what is to be known of them: envelope_begin comes first,
 * then the sender, whose domain completes bare names of sendmail(8), then the
 * recipients; envelope_end says what stands in MAIL.
 */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "fail.h"
#include "mem.h"
#include "mime.h"
#include "msg.h"
#include "opt.h"
#include "smtp_mail.h"
#include "str.h"
#include "table.h"

struct options;

/* All of it lives in the arena. */
struct envelope {
	struct arena *arena;
	const struct options *options;
	struct smtp_mail mail;	/* but for .msg */
	size_t cap;		/* of mail.rcpt */
	const char *params;	/* the same for each of mail.rcpt, */
	const char *notify;	/* and what begins its DSN parameters */
	struct table seen;	/* of mail.rcpt, while it is written */
	struct addr from;	/* the sender as written */
	struct str home;	/* the domain of who has none, of a daemon's */
	struct str own;		/* this machine's, if mail is delivered here */
	bool utf8;		/* an address needs SMTPUTF8 */
	bool skipped;		/* a malformed one was told and left out */
};

/* The addresses of one kind, for the header. */
struct envelope_people {
	struct mime_addr *v;
	size_t n, cap;
};

/* Empty, with the parameters of the options; EX_USAGE if they are unfit. */
int envelope_begin(struct envelope *, struct arena *, const struct options *,
    struct err *);

/*
 * Who sends: as the options say, or the finished message (it may be NULL), or
 * the user of the account (NULL), or self (NULL: envelope_self).
 */
int envelope_sender(struct envelope *, const struct msg *finished,
    const char *user, const char *self, struct err *);

/* user@host of whoever runs this (or of /etc/mailname): better than nothing. */
const char *envelope_self(struct arena *);

/*
 * "Jo <a@b>, c@d" to the envelope, and to the people if they are not NULL; what
 * says for messages where it stands.  EX_DATAERR for a malformed address; of a
 * daemon's it is told, left out, and env->skipped is set.
 */
int envelope_list(struct envelope *, const char *what, struct str,
    struct envelope_people *, struct err *);
int envelope_lists(struct envelope *, const char *what,
    const struct opt_list *, struct envelope_people *, struct err *);

/* Bare addresses, likewise. */
int envelope_operands(struct envelope *, const struct opt_list *,
    struct envelope_people *, struct err *);

/* To the people alone. */
void envelope_person(struct arena *, struct envelope_people *,
    struct str name, const char *wire);

/* The reverse-path: this one, or NULL: the sender's. */
int envelope_end(struct envelope *, const char *mail_from, struct err *);

/* In any case. */
void envelope_close(struct envelope *);

#endif
