/* session_private.h: between session.c and session_box.c */
#ifndef SESSION_PRIVATE_H
#define SESSION_PRIVATE_H

struct session;

/* The sandbox, or the warning that there is none. */
void session_confine(const struct session *);

#endif
