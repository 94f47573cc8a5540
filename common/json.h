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
 * Reading, for the one thing we read: the value of a member at the top level
 * of an object.  Appends a string unescaped, anything else as it stands; -1
 * if the text is no object or has no such member.
 */
int json_member(struct str text, const char *key, struct buf *out);

#endif
