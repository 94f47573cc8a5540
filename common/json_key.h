/* json_key.h: the keys that a tool's JSON has, as a table */
#ifndef JSON_KEY_H
#define JSON_KEY_H

#include "str.h"

/*
 * A key and what it may be: "string", "integer", "number", "boolean", "object",
 * or "[string]" and so on for an array of these; with "?" behind it, null, too.
 * of is the key of the object, or of the array of objects, that it stands in;
 * "" at the top.  A name of "*" is any key: that of a map.  A key that may be
 * one thing or another has two rows, one behind the other.  NULL ends a table.
 *
 * A string that is not UTF-8 has a second key, NAME_hex, which is in no table.
 */
struct json_key {
	const char *of, *name, *type;
};

/* Appends the JSON Schema (draft 2020-12) of what this table says, and a LF. */
void json_key_schema(const struct json_key *, const char *title, struct buf *);

#endif
