/* extra.h: what more connections found, and what was asked besides */
#ifndef EXTRA_H
#define EXTRA_H

#include <stdbool.h>

#include "word.h"

/* --deep */
struct deep {
	enum tried pq;			/* a post-quantum group */
	enum tried large, split;	/* such a first message is answered */
	enum tried plain;		/* MAIL is taken before TLS */
};

/* --submit-test */
struct submit {
	bool tried, taken;
	enum place at;			/* PLACE_MAIL or PLACE_RCPT */
	const char *said;
	int code;
};

#endif
