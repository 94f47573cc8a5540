/* session_private.h: between session.c and session_box.c */
#ifndef SESSION_PRIVATE_H
#define SESSION_PRIVATE_H

#include "fail.h"

struct session;

/* The helper process, if one will be needed. */
int session_helper(const struct session *, struct err *);

/* The sandbox, or the warning that there is none. */
void session_confine(const struct session *);

#endif
