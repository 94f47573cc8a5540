/* session_private.h: between session.c and session_box.c */
#ifndef SESSION_PRIVATE_H
#define SESSION_PRIVATE_H

#include <stddef.h>

#include "fail.h"

struct account;
struct session;

/* All the sessions of this process. */
struct sessions {
	struct session *const *v;
	size_t n;
	struct account *alone;		/* one that has none; or NULL */
};

/* The helper process, if one will be needed. */
int session_helper(const struct sessions *, struct err *);

/* The sandbox, or the warning that there is none. */
void session_confine(const struct sessions *);

#endif
