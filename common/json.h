/* json.h: writing JSON, one object a line, whatever the bytes are */
#ifndef JSON_H
#define JSON_H

#include "str.h"

/*
 * A writer appends to a buffer.  Objects and arrays nest up to 32; commas
 * come by themselves.  A key of NULL is for array elements.  Strings may
 * hold any byte: what is not harmless on a terminal (str_harmless) is escaped,
 * what is not UTF-8 becomes U+FFFD and a second key, KEY_hex, has the bytes (in
 * an array: only U+FFFD).
 */
struct json {
	struct buf *out;
	int depth;
	bool more[32];
	const char *key[32];	/* of what is open, for json_check.h */
};

void json_open(struct json *, const char *key, char bracket);	/* { or [ */
void json_close(struct json *, char bracket);			/* } or ] */
void json_str(struct json *, const char *key, struct str);
void json_s(struct json *, const char *key, const char *);	/* NULL: null */
void json_int(struct json *, const char *key, int64_t);
void json_num(struct json *, const char *key, double);	/* 3 decimals */
void json_bool(struct json *, const char *key, bool);
void json_null(struct json *, const char *key);

/*
 * Reading: what comes next.  Start with { .rest = TEXT }.  text (emptied first)
 * has the key, the string unescaped, or the number or word as it stands.
 */
enum json_token {
	JSON_BAD = -1,		/* it is no JSON */
	JSON_END,
	JSON_OBJECT, JSON_ARRAY, JSON_CLOSE,
	JSON_KEY, JSON_STRING,
	JSON_OTHER,		/* a number, true, false, null */
};
struct json_in {
	struct str rest;
	int depth;		/* how many are open */
	bool object[32];	/* which of them are objects */
	bool behind_key;
};
enum json_token json_next(struct json_in *, struct buf *text);

/*
 * For one thing alone: the value of a member at the top level
 * of an object.  Appends a string unescaped, anything else as it stands; -1
 * if the text is no object or has no such member.
 */
int json_member(struct str text, const char *key, struct buf *out);

#endif
