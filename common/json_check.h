/* json_check.h: is a key that is written in the tool's table?  For tests. */
#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include <stdbool.h>

#include "str.h"

struct json;
struct json_key;

/*
 * From now on what is written must be in this table: a key that is not, or is of
 * another type, ends the program.  With NULL for the table nothing is looked at.
 * It does nothing without POSTBAG_SCHEMA_CHECK in the environment, unless built
 * with JSON_CHECK, as SAN=1 does.
 */
void json_check_declare(const struct json_key *);

/*
 * For json.c: the table, or NULL; and is what comes next in it?  type is a plain
 * one.
 */
extern const struct json_key *json_check_table;
void json_check(const struct json *, const char *key, const char *type);

/* A type of a table: what stands between the brackets of an array, before "?". */
struct str json_check_plain(const char *type, bool *array, bool *null);

#endif
