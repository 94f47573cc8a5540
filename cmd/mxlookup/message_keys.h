/* message_keys.h: keys of signatures, ready to verify with */
#ifndef MESSAGE_KEYS_H
#define MESSAGE_KEYS_H

#include "dkim.h"
#include "sign.h"

/*
 * The key that a record holds, or NULL: none that can be used.  A few hundred are
 * kept, for to make one of its bytes takes longer than to verify with it; valid
 * until the next call.
 */
struct sign_key *message_key(const struct dkim_key *);
void message_keys_free(void);

#endif
