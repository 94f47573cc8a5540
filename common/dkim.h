/* dkim.h: DKIM keys as they stand in the DNS (RFC 6376 3.6.1, RFC 8463) */
#ifndef DKIM_H
#define DKIM_H

#include "str.h"

struct dkim_key {
	struct str type;	/* k=, default "rsa" */
	struct str data;	/* p=, in base64 with its blanks */
	unsigned bits;		/* of the key; 0: revoked or unreadable */
	bool revoked;		/* p= is empty */
	bool testing;		/* t=y */
	bool strict;		/* t=s: no subdomains in i= */
	bool sha1_only;		/* h= allows nothing else */
	bool not_email;		/* s= does not allow mail */
	unsigned seen;		/* private */
	const char *why;	/* why it is no use to anybody; or NULL */
};

/* Parses the text of a key record.  -1, and why, if it is no key. */
int dkim_parse(struct str record, struct dkim_key *);

/* Base64 with blanks and folds in it, decoded and appended; false: it is none. */
bool dkim_base64(struct str, struct buf *);

/* A selector: labels of letters, digits, hyphens and underscores. */
bool dkim_selector(const char *);

#endif
