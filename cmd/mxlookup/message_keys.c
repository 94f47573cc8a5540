/*
 * message_keys.c: keys of signatures, ready to verify with
 *
 * One place for each hash: a key goes where another was.
 */
#include "message_keys.h"

#include <stdlib.h>

#include "table.h"

enum { KEYS = 256 };

static struct {
	struct buf text;	/* the record, which .k has views into */
	struct message_key k;
	bool used;
} keys[KEYS];

static struct sign_key *
key_made(const struct dkim_key *k)
{
	struct buf der = { 0 };
	struct sign_key *key = NULL;

	if (dkim_base64(k->data, &der))
		key = sign_public(str_is(k->type, "ed25519") ? SIGN_ED25519 :
		    SIGN_RSA, BUF_STR(der));
	buf_free(&der);
	return key;
}

const struct message_key *
message_key(struct str record)
{
	size_t at = table_hash(record) % KEYS;
	struct message_key *k = &keys[at].k;

	if (keys[at].used && str_eq(BUF_STR(keys[at].text), record))
		return k;
	sign_free(k->key);
	k->key = NULL;
	keys[at].used = true;
	keys[at].text.n = 0;
	buf_str(&keys[at].text, record);
	if (dkim_parse(BUF_STR(keys[at].text), &k->record) == 0 &&
	    !k->record.revoked)
		k->key = key_made(&k->record);
	return k;
}

void
message_keys_free(void)
{
	size_t i;

	for (i = 0; i < KEYS; i++) {
		sign_free(keys[i].k.key);
		keys[i].k.key = NULL;
		keys[i].used = false;
		buf_free(&keys[i].text);
	}
}
