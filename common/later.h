/* later.h: is a refusal one that passes, by its words? */
#ifndef LATER_H
#define LATER_H

#include <stdbool.h>

#include "str.h"

/*
 * Where a server says no without a code for the reason: "mailbox is locked",
 * "try again later".  A locked account is no locked mailbox.
 */
bool later_by_words(struct str);

#endif
