/* about.h: what a command is told about its message */
#ifndef ABOUT_H
#define ABOUT_H

#include "place.h"
#include "spawn_env.h"

/*
 * Whose it is, by the topmost fields that say so alone: what stands further
 * down may be the sender's.  An address that no server would take, or that a
 * command would take for an option, is left out.
 */
void about_message(struct spawn_env *, struct handed *);

/*
 * The address in the topmost field of that name, if that is one and it is in the
 * domain; NULL: not so.  The arena's.
 */
const char *about_rcpt(struct handed *, const char *field, const char *domain,
    struct arena *);

/* When it came, by the topmost Received field; 0: there is none that says. */
time_t about_date(struct handed *);

#endif
