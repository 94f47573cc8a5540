/*
 * message_keys.c: keys of signatures, ready to verify with
 *
 * One place for each hash: a key goes where another was.
 */
#include "message_keys.h"

#include <stdlib.h>

#include "mem.h"
#include "table.h"

enum { KEYS = 256 };

static struct {
	struct buf data;	/* p= */
	struct sign_key *key;
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

struct sign_key *
message_key(const struct dkim_key *k)
{
	size_t at = table_hash(k->data) % KEYS;

	if (k->why != NULL || k->revoked)
		return NULL;
	if (keys[at].key != NULL && str_eq(BUF_STR(keys[at].data), k->data) &&
	    (sign_kind(keys[at].key) == SIGN_ED25519) ==
	    str_is(k->type, "ed25519"))
		return keys[at].key;
	sign_free(keys[at].key);
	keys[at].data.n = 0;
	buf_str(&keys[at].data, k->data);
	keys[at].key = key_made(k);
	return keys[at].key;
}

void
message_keys_free(void)
{
	size_t i;

	for (i = 0; i < KEYS; i++) {
		sign_free(keys[i].key);
		keys[i].key = NULL;
		buf_free(&keys[i].data);
	}
}
