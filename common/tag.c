/* tag.c: lists of tags (RFC 6376 section 3.2) */
#include "tag.h"

#include <string.h>

int
tag_next(struct str *rest, struct str *tag, struct str *value)
{
	struct str part;

	do {
		if (rest->p == NULL)
			return 0;
		part = str_trim(str_cut(rest, ';'));
	} while (part.n == 0);
	*tag = part;
	*value = (struct str){ NULL, 0 };
	if (!str_has(part, '='))
		return -1;
	*tag = str_trim(str_cut(&part, '='));
	*value = str_trim(part);
	return tag->n > 0 ? 1 : -1;
}

bool
tag_is(struct str record, const char *version)
{
	struct str tag, value;

	return record.n > 0 && str_lower(record.p[0]) == 'v' &&
	    tag_next(&record, &tag, &value) == 1 && str_is(tag, "v") &&
	    str_eq(value, str_of(version));
}

bool
tag_begins(struct str record, const char *start)
{
	struct str s = str_of(start);

	return record.n >= s.n && str_eq(str_to(record, s.n), s);
}

unsigned
tag_select(const struct dns_answer *a, const char *version,
    struct str *record)
{
	unsigned found = 0, i;

	*record = (struct str){ NULL, 0 };
	for (i = 0; i < a->n; i++)
		if (tag_is(a->rr[i].data, version) && found++ == 0)
			*record = a->rr[i].data;
	return found;
}

unsigned
tag_start(const struct dns_answer *a, const char *start, struct str *record)
{
	unsigned found = 0, i;

	*record = (struct str){ NULL, 0 };
	for (i = 0; i < a->n; i++)
		if (tag_begins(a->rr[i].data, start) && found++ == 0)
			*record = a->rr[i].data;
	return found;
}
