/* json.h: writing JSON, one object a line, whatever the bytes are */
#ifndef JSON_H
#define JSON_H

#include "str.h"

/*
 * A writer appends to a buffer.  Objects and arrays nest up to 32; commas
 * come by themselves.  A key of NULL is for array elements; others are ours and
 * written as they stand: of a stranger's word json_plain says whether it will
 * do.  Strings may hold any byte: what is not harmless on a terminal
 * (str_harmless) is escaped, what is not UTF-8 becomes U+FFFD and a second key,
 * KEY_hex, has the bytes (in an array: only U+FFFD).
 */
struct json {
	struct buf *out;
	int depth;
	bool more[32];
	const char *key[32];	/* of what is open, for json_check.h */
};

bool json_plain(struct str);	/* it needs no escaping */

/* As below; the keys end in a NUL. */
void json_put_open(struct json *, struct str key, char bracket);
void json_put_str(struct json *, struct str key, struct str);
void json_put_s(struct json *, struct str key, const char *);
void json_put_int(struct json *, struct str key, int64_t);
void json_put_num(struct json *, struct str key, double);
void json_put_bool(struct json *, struct str key, bool);
void json_put_null(struct json *, struct str key);

/* Nearly all keys are literals: here the compiler knows how long they are. */
static inline void
json_open(struct json *j, const char *key, char bracket)	/* { or [ */
{
	json_put_open(j, str_of(key), bracket);
}

static inline void
json_str(struct json *j, const char *key, struct str s)
{
	json_put_str(j, str_of(key), s);
}

static inline void
json_s(struct json *j, const char *key, const char *s)		/* NULL: null */
{
	json_put_s(j, str_of(key), s);
}

static inline void
json_int(struct json *j, const char *key, int64_t v)
{
	json_put_int(j, str_of(key), v);
}

static inline void
json_num(struct json *j, const char *key, double v)		/* 3 decimals */
{
	json_put_num(j, str_of(key), v);
}

static inline void
json_bool(struct json *j, const char *key, bool v)
{
	json_put_bool(j, str_of(key), v);
}

static inline void
json_null(struct json *j, const char *key)
{
	json_put_null(j, str_of(key));
}

void json_close(struct json *, char bracket);			/* } or ] */

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
