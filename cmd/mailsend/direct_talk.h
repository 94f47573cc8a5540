/* direct_talk.h: one message, one mail host */
#ifndef DIRECT_TALK_H
#define DIRECT_TALK_H

#include "direct_route.h"
#include "report.h"
#include "smtp_mail.h"

struct direct_talk {
	/* in */
	struct direct_way *way;
	const struct direct_hop *hop;
	const char *domain;
	struct smtp_mail mail;		/* rcpt: those that are to be offered */
	/* the message in 7 bits, for a host without 8BITMIME; NULL with e */
	const struct msg *(*seven)(void *arg, struct err *);
	void *arg;
	/* out */
	struct err e;			/* why it is not settled for all */
	bool tired;			/* the host is to be left alone */
	struct report seen;		/* of the connection: address, TLS */
};

/*
 * To each address of the host in turn, until one of them takes or refuses
 * recipients, or wants to be left alone.  What becomes of them is in
 * mail.rcpt.
 */
void direct_talk(struct direct_talk *);

#endif
