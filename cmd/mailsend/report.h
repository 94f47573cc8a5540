/* report.h: what became of a letter: stderr, -j, exit status */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>

#include "letter.h"
#include "run.h"

/* The findings of submit; the recipients' fates are in the letter. */
struct report {
	char host[300];		/* session_where */
	char peer[64];		/* the address; "": not connected */
	char tls[64];		/* the version; "": no TLS */
	char cipher[64];
	char pin[64];
	char mech[40];		/* of AUTH; "": no login */
	bool verified;		/* the certificate was */
	bool reached;		/* the message's turn came: what fails from
				 * there on is of the message, not of the way */
	const char *saved;	/* the Maildir that has a copy; or NULL */
	const char *queued;	/* the id of what waits; or NULL */
	bool unsaved;		/* sent, but --save failed */
};

/* Tells what is in e, and clears it; then each recipient.  The exit status. */
int report_send(const struct letter *, const struct run *,
    const struct report *, struct err *e);

/* "sent", "refused" ... */
const char *report_state(enum smtp_state);

/* One recipient's part of the exit status. */
int report_status(const struct smtp_rcpt *, const struct options *);

/* What was said of one recipient, as members of an object that is open. */
struct json;
void report_reply(struct json *, const struct smtp_rcpt *);

/* --check-address: says of each text whether it is an address. */
int report_addresses(const struct opt_list *, struct arena *, bool json);

#endif
