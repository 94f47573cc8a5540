/*
 * smtp.h: the client's side of SMTP (RFC 5321) and LMTP (RFC 2033)
 *
 * smtp_open, smtp_auth, smtp_send for each message (smtp_mail.h), smtp_quit.
 * The fatal failures (no greeting, no TLS, login refused, connection lost)
 * return -1 and are in the err; what becomes of a recipient is in its
 * smtp_rcpt.
 */
#ifndef SMTP_H
#define SMTP_H

#include "conn.h"
#include "conn_tls.h"
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
	bool shaking;		/* STARTTLS was agreed on, and no EHLO has been
				 * answered within TLS */
	size_t due;		/* replies to what was said already */
	bool unasked;		/* it hung up, and says why: no yes counts */
};

/*
 * From the greeting to the last EHLO; with CONN_TLS_MAY without TLS where it
 * is not offered, or refused.  EX_TEMPFAIL for 4yz, EX_UNAVAILABLE
 * for 5yz, EX_NOPERM where STARTTLS is required and not to be had,
 * EX_PROTOCOL for what is no SMTP.
 */
int smtp_open(struct smtp *, struct conn *, const struct smtp_conf *);

/*
 * Logs in (RFC 4954).  EX_NOPERM when refused, EX_TEMPFAIL for 4yz.  No
 * second mechanism is tried with the same secret.
 */
int smtp_auth(struct smtp *, const struct sasl_login *);

/* QUIT goes out with what is queued; smtp_quit hears its answer. */
void smtp_say_quit(struct smtp *);

/*
 * QUIT.  Its answer changes nothing, and is waited for only where it costs
 * nothing: if QUIT went out together with the message.
 */
void smtp_quit(struct smtp *);

#endif
