/*
 * smtp.h: the client's side of SMTP (RFC 5321) and LMTP (RFC 2033)
 *
 * smtp_open, smtp_auth, smtp_send for each message, smtp_quit.  The fatal
 * failures (no greeting, no TLS, login refused, connection lost) return -1
 * and are in the err; what becomes of a recipient is in its smtp_rcpt.
 */
#ifndef SMTP_H
#define SMTP_H

#include "conn.h"
#include "conn_tls.h"
#include "msg.h"
#include "sasl.h"

enum smtp_cap {
	SMTP_PIPELINING = 1 << 0,	/* RFC 2920 */
	SMTP_CHUNKING = 1 << 1,		/* RFC 3030 */
	SMTP_8BITMIME = 1 << 2,		/* RFC 6152 */
	SMTP_UTF8 = 1 << 3,		/* RFC 6531 */
	SMTP_SIZE = 1 << 4,		/* RFC 1870 */
	SMTP_DSN = 1 << 5,		/* RFC 3461 */
	SMTP_STARTTLS = 1 << 6,		/* RFC 3207 */
	SMTP_AUTH = 1 << 7,		/* RFC 4954 */
	SMTP_REQUIRETLS = 1 << 8,	/* RFC 8689 */
	SMTP_LIMITS = 1 << 9,		/* RFC 9422 */
	SMTP_STATUS = 1 << 10,		/* ENHANCEDSTATUSCODES, RFC 2034 */
	SMTP_BINARY = 1 << 11		/* BINARYMIME, with CHUNKING alone */
};

struct smtp_reply {
	int code;		/* 250; 0 if none came */
	char status[12];	/* "2.1.5", or "" */
	char text[600];		/* its lines, joined by blanks */
};

struct smtp_conf {
	enum conn_tls tls;
	bool lmtp;
	const char *ehlo;	/* our name; NULL: found out */
	bool no_chunking, no_pipelining;
};

struct smtp {
	struct conn *c;		/* borrowed */
	const struct smtp_conf *conf;
	unsigned caps;		/* of the last EHLO; none survives STARTTLS */
	uint64_t size_max;	/* 0: no limit is known */
	uint64_t rcpt_max, domain_max, mail_max, sent;
	char mechs[512];	/* of AUTH, blank separated */
	char mech[40];		/* the mechanism AUTH used */
	char challenge[8192];	/* of AUTH, base64 */
	struct smtp_reply reply;	/* the last one */
	bool dirty, quit, inside;	/* RSET owed; QUIT sent; within data */
};

/*
 * From the greeting to the last EHLO.  EX_TEMPFAIL for 4yz, EX_UNAVAILABLE
 * for 5yz, EX_NOPERM where STARTTLS is required and not to be had,
 * EX_PROTOCOL for what is no SMTP.
 */
int smtp_open(struct smtp *, struct conn *, const struct smtp_conf *);

/*
 * Logs in (RFC 4954).  EX_NOPERM when refused, EX_TEMPFAIL for 4yz.  No
 * second mechanism is tried with the same secret.
 */
int smtp_auth(struct smtp *, const struct sasl_login *);

enum smtp_state {
	SMTP_UNTRIED,	/* never offered, or its answer did not matter */
	SMTP_TAKEN,	/* RCPT accepted; no message (yet) */
	SMTP_SENT,	/* the server has accepted responsibility */
	SMTP_DEFERRED,	/* 4yz */
	SMTP_REFUSED,	/* 5yz */
	SMTP_UNKNOWN	/* the answer was lost: may have been accepted */
};

/* Whose answer settled it: of MAIL, of its RCPT, or of the message. */
enum smtp_stage { SMTP_AT_MAIL, SMTP_AT_RCPT, SMTP_AT_DATA };

struct smtp_rcpt {
	const char *addr;	/* local@domain as on the wire, without <> */
	const char *params;	/* " NOTIFY=NEVER", or "" */
	enum smtp_state state;
	enum smtp_stage stage;
	struct smtp_reply reply;	/* the one that settled it */
};

struct smtp_mail {
	const char *from;	/* reverse-path without <>; "" is the null one */
	const char *params;	/* for MAIL, as they are: " RET=HDRS", or "" */
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

/*
 * QUIT.  Its answer changes nothing, and is waited for only where it costs
 * nothing: if QUIT went out together with the message.
 */
void smtp_quit(struct smtp *);

#endif
