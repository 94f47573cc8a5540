/* operand.h: what was given: a domain, a mailbox, an address, or none of these */
#ifndef OPERAND_H
#define OPERAND_H

#include "str.h"

struct task;

/*
 * Fills in kind, domain, local and addr; IN_BAD and why if it is no name: a
 * URL, an option of dig, an address out of range.
 */
void operand_read(struct task *, struct str in);

#endif
