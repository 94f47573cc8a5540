/* trash.h: the mailbox for what is deleted, by the names that it has */
#ifndef TRASH_H
#define TRASH_H

#include "str.h"

/*
 * How likely a mailbox of that name (UTF-8, of which sep is the separator) is
 * the trash where the server does not say which one is: the lowest is the one;
 * 0: it is not.
 */
int trash_rank(struct str name, char sep);

#endif
