/* keys.h: the keys of -j, a table for --json-schema */
#ifndef KEYS_H
#define KEYS_H

#include "json_key.h"

/* Ended by a name of NULL.  What changes here is said in NEWS. */
extern const struct json_key sync_keys[];

#endif
