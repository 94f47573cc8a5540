/* run.h: what one process of mailsend has */
#ifndef RUN_H
#define RUN_H

#include "account.h"
#include "options.h"
#include "session.h"

struct run {
	const struct options *options;
	struct account account;		/* loaded */
	struct session session;		/* ready from the first submit on */
};

#endif
