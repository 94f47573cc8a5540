/*
 * sasl_exchange.h: a login by SASL over a connection (RFC 4422)
 *
 * The lines that SMTP, POP3 and IMAP have in common: base64, the initial
 * response on the command's line where it fits, "*" to cancel.  Whose turn it
 * is, and what a refusal means, is the protocol's affair:
 *
 *	struct sasl_exchange x = { .c = c, .verb = "AUTH", .room = 512 };
 *
 *	if (sasl_exchange_begin(&x, login, mechs) < 0)
 *		return -1;
 *	while (the server asks for more)
 *		if (sasl_exchange_answer(&x, challenge) < 0)
 *			failed
 *	if (the server says yes)
 *		got = sasl_exchange_proved(&x);
 *	sasl_exchange_end(&x);
 */
#ifndef SASL_EXCHANGE_H
#define SASL_EXCHANGE_H

#include "conn.h"
#include "sasl.h"

struct sasl_exchange {
	struct conn *c;		/* borrowed */
	const char *verb;	/* "AUTH"; it is the phase's name, too */
	unsigned tag;		/* of IMAP, said as "A7 " before it; or 0 */
	/*
	 * So long may the command be with an initial response, CRLF included.
	 * One that does not fit waits for the server's first challenge.
	 */
	size_t room;
	/* private */
	struct sasl sasl;
	struct buf out;		/* our last answer, which holds the secret */
	bool waiting;		/* the initial response was not sent yet */
	bool said;		/* it was, and may have been passed over: a */
				/* server that asks for nothing gets it again */
	char label[64];		/* shown in place of the command */
	char instead[128];
};

/*
 * Picks a mechanism of those offered, and sends the command.  -1: there is
 * none (see sasl_pick), nothing was sent and nothing need be ended.
 */
int sasl_exchange_begin(struct sasl_exchange *, const struct sasl_login *,
    const char *offered);

/*
 * Answers a challenge, which is base64 still.  -1: that could not be done; the
 * exchange was cancelled, and the connection has the reason.
 */
int sasl_exchange_answer(struct sasl_exchange *, struct str challenge);

/* The server says yes: -1, EX_NOPERM, if it has not proved itself. */
int sasl_exchange_proved(struct sasl_exchange *);

/* The mechanism, "PLAIN"; and why it refused, if the server told, or "". */
const char *sasl_exchange_mech(const struct sasl_exchange *);
const char *sasl_exchange_reason(const struct sasl_exchange *);

/*
 * For the message of a refusal: what else could have been tried, or "".  Of
 * users whose password is kept as a hash for something else, servers refuse
 * SCRAM that they offer.
 */
const char *sasl_exchange_instead(const struct sasl_exchange *);

/* Wipes what was secret, and shows the dialogue again. */
void sasl_exchange_end(struct sasl_exchange *);

#endif
