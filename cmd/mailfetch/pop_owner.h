/* pop_owner.h: POP3: is the server at another port the one that is known? */
#ifndef POP_OWNER_H
#define POP_OWNER_H

#include "popbox.h"

/*
 * Where the owner is not decided: by what some messages hold that are known by
 * was[], the keys as the other port's owner has them, which become the keys if
 * it is the same one.
 */
int pop_owner(struct pop *, struct key *was);

#endif
