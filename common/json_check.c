/* json_check.c: is a key that is written in the tool's table? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "json_check.h"
#include "json_key.h"
#include "str.h"

struct str
json_check_plain(const char *type, bool *array, bool *null)
{
	struct str t = str_of(type);

	*null = t.n > 0 && t.p[t.n - 1] == '?';
	t.n -= *null;
	*array = t.n > 2 && t.p[0] == '[';
	return *array ? (struct str){ t.p + 1, t.n - 2 } : t;
}

const struct json_key *json_check_table;

void
json_check_declare(const struct json_key *keys)
{
#ifndef JSON_CHECK
	if (getenv("POSTBAG_SCHEMA_CHECK") == NULL)
		return;
#endif
	json_check_table = keys;
}

/* An array is checked by its elements, and as one that is empty. */
static bool
key_fits(const struct json_key *k, const char *type)
{
	bool array, null;
	struct str kind = json_check_plain(k->type, &array, &null);

	if (strcmp(type, "null") == 0)
		return null;
	if (strcmp(type, "array") == 0)
		return array;
	if (type[0] == '[')
		return array && str_eq(kind, str_of(type + 1));
	return !array && str_eq(kind, str_of(type));
}

/* Is it in the object of the key of? */
static void
check_key(const char *of, const char *name, const char *type)
{
	const struct json_key *k;

	for (k = json_check_table; k->name != NULL; k++)
		if (strcmp(k->of, of) == 0 &&
		    (strcmp(k->name, name) == 0 || strcmp(k->name, "*") == 0) &&
		    key_fits(k, type))
			return;
	fprintf(stderr, "JSON: \"%s\" in \"%s\" is %s: not in the table\n",
	    name, of, type);
	abort();
}

/* An element has its array's key. */
void
json_check(const struct json *j, const char *key, const char *type)
{
	const char *of = j->depth > 0 ? j->key[j->depth] : NULL;
	const char *outer = j->depth > 1 ? j->key[j->depth - 1] : "";
	char element[16];

	if (j->depth == 0)
		return;
	snprintf(element, sizeof element, "[%s", type);
	if (key != NULL)
		check_key(of, key, type);
	else
		check_key(outer, of, element);
}
