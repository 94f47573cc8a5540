/* json_key.c: the keys that a tool's JSON has, as a schema */
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "json_check.h"
#include "json_key.h"
#include "str.h"

/* Of one kind: a word of JSON Schema's, or the object's own definition. */
static void
key_kind(struct json *j, const char *key, const char *name, struct str kind)
{
	char ref[80];

	json_open(j, key, '{');
	if (str_eq(kind, str_of("object"))) {
		snprintf(ref, sizeof ref, "#/$defs/%s", name);
		json_s(j, "$ref", ref);
	} else {
		json_str(j, "type", kind);
	}
	json_close(j, '}');
}

/* What one row says, without its null. */
static void
key_row(struct json *j, const char *key, const struct json_key *k)
{
	bool array, null;
	struct str kind = json_check_plain(k->type, &array, &null);

	if (!array) {
		key_kind(j, key, k->name, kind);
		return;
	}
	json_open(j, key, '{');
	json_s(j, "type", "array");
	key_kind(j, "items", k->name, kind);
	json_close(j, '}');
}

static bool
key_null(const struct json_key *k)
{
	return k->type[strlen(k->type) - 1] == '?';
}

/* The next row of the same key: it may be one thing or another. */
static const struct json_key *
key_other(const struct json_key *k)
{
	const struct json_key *next = k + 1;

	return next->name != NULL && strcmp(next->of, k->of) == 0 &&
	    strcmp(next->name, k->name) == 0 ? next : NULL;
}

static void
key_type(struct json *j, const char *key, const struct json_key *k)
{
	bool null = key_null(k);

	if (!null && key_other(k) == NULL) {
		key_row(j, key, k);
		return;
	}
	json_open(j, key, '{');
	json_open(j, "anyOf", '[');
	for (; k != NULL; k = key_other(k))
		key_row(j, NULL, k);
	if (null)
		key_kind(j, NULL, "", str_of("null"));
	json_close(j, ']');
	json_close(j, '}');
}

/* An object: the rows that stand in it. */
static void
key_object(struct json *j, const struct json_key *keys, const char *of)
{
	const struct json_key *k, *any = NULL;

	json_s(j, "type", "object");
	json_open(j, "properties", '{');
	for (k = keys; k->name != NULL; k++)
		if (strcmp(k->of, of) == 0 && strcmp(k->name, "*") == 0)
			any = k;
		else if (strcmp(k->of, of) == 0 &&
		    (k == keys || key_other(k - 1) != k))
			key_type(j, k->name, k);
	json_close(j, '}');
	json_open(j, "patternProperties", '{');
	key_kind(j, "_hex$", "", str_of("string"));
	json_close(j, '}');
	if (any != NULL)
		key_type(j, "additionalProperties", any);
	else
		json_bool(j, "additionalProperties", false);
}

static bool
key_first(const struct json_key *keys, const struct json_key *k)
{
	for (; keys < k; keys++)
		if (strcmp(keys->of, k->of) == 0)
			return false;
	return k->of[0] != '\0';
}

void
json_key_schema(const struct json_key *keys, const char *title, struct buf *b)
{
	struct json j = { .out = b };
	const struct json_key *k;

	json_open(&j, NULL, '{');
	json_s(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_s(&j, "title", title);
	key_object(&j, keys, "");
	json_open(&j, "$defs", '{');
	for (k = keys; k->name != NULL; k++) {
		if (!key_first(keys, k))
			continue;
		json_open(&j, k->of, '{');
		key_object(&j, keys, k->of);
		json_close(&j, '}');
	}
	json_close(&j, '}');
	json_close(&j, '}');
	buf_c(b, '\n');
}
