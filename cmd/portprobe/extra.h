/* extra.h: what more connections found, and what was asked besides */
#ifndef EXTRA_H
#define EXTRA_H

#include <stdbool.h>

#include "word.h"

/* --deep, but for the first of them. */
struct deep {
	enum tried small;		/* a short first message is answered, where
					 * the probe's own was not */
	enum tried pq;			/* a post-quantum group */
	enum tried large;		/* such a first message is answered */
	enum tried split;		/* the same; asked, too, where a short one
					 * is answered, and the probe's is not */
	enum order order;		/* of ciphers */
	unsigned cipher;		/* out of our order; 0: not known */
	enum tried plain;		/* MAIL is taken before TLS */
	enum tried crl;			/* the certificate is not revoked */
	const char *crl_text;		/* that it is, or why nobody knows */
};

/* --submit-test */
struct submit {
	bool tried, taken;
	enum place at;			/* PLACE_MAIL or PLACE_RCPT */
	const char *said;
	int code;
};

#endif
