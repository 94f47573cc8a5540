/* message_keys.h: keys of signatures, ready to verify with */
#ifndef MESSAGE_KEYS_H
#define MESSAGE_KEYS_H

#include "dkim.h"
#include "sign.h"

struct message_key {
	struct dkim_key record;	/* what dkim_parse made of it */
	struct sign_key *key;	/* NULL: none that can be used */
};

/*
 * What a record comes to.  Some hundred are kept, for to make a key of its bytes
 * takes longer than to verify with it; valid until the next call.
 */
const struct message_key *message_key(struct str record);
void message_keys_free(void);

#endif
