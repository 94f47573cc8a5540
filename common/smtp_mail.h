/*
 * smtp_mail.h: a message by SMTP or LMTP, and what becomes of each recipient
 */
#ifndef SMTP_MAIL_H
#define SMTP_MAIL_H

#include "msg.h"
#include "smtp.h"

enum smtp_state {
	SMTP_UNTRIED,	/* never offered, or its answer did not matter */
	SMTP_TAKEN,	/* RCPT accepted; no message (yet) */
	SMTP_SENT,	/* the server has accepted responsibility */
	SMTP_DEFERRED,	/* 4yz */
	SMTP_REFUSED,	/* 5yz */
	SMTP_UNKNOWN	/* the answer was lost: may have been accepted */
};

/*
 * Whose answer settled it: of MAIL, of its RCPT, of DATA, or of the message;
 * or, by the caller, no server's: there is none to ask.
 */
enum smtp_stage {
	SMTP_AT_MAIL, SMTP_AT_RCPT, SMTP_AT_DATA, SMTP_AT_END, SMTP_AT_ROUTE
};

struct smtp_rcpt {
	const char *addr;	/* local@domain as on the wire, without <> */
	const char *params;	/* as they are: " X=1", or "" */
	const char *dsn;	/* the same, if the server has DSN; or "" */
	enum smtp_state state;
	enum smtp_stage stage;
	struct smtp_reply reply;	/* the one that settled it */
	int exit;		/* SMTP_AT_ROUTE: the exit status of it */
	bool doubt;		/* by the caller: it may have it already */
	const char *via;	/* by the caller: whose it is, if there are
				 * several servers; or NULL */
};

struct smtp_mail {
	const char *from;	/* reverse-path without <>; "" is the null one */
	const char *params;	/* for MAIL, as they are: " X=1", or "" */
	const char *dsn;	/* the same, if the server has DSN; or "" */
	struct smtp_rcpt *rcpt;
	size_t n;
	const struct msg *msg;	/* NULL: ask about the recipients, no more */
	bool utf8;		/* SMTPUTF8 is needed */
	bool requiretls;
	bool whole;		/* all recipients or none */
	bool last;		/* nothing follows on this connection */
};

/*
 * Can the message go as it is?  8-bit text needs 8BITMIME; a bare CR goes by
 * BDAT alone, and a NUL by that with BINARYMIME (RFC 3030).
 */
bool smtp_takes(const struct smtp *, const struct msg *);

/*
 * Sends one message, in as many transactions as the server's limits ask for.
 * 0: every recipient is settled.  1: some are SMTP_UNTRIED still and want a
 * new connection.  -1: fatal, but look at the recipients all the same.  If it
 * was accepted, or perhaps, that is at stake (mem.h) until the caller, who has
 * told it or recorded it, says mem_stake(NULL).
 */
int smtp_send(struct smtp *, struct smtp_mail *);

#endif
