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

unsigned
tag_select(const struct dns_answer *a, const char *version,
    struct str *record)
{
	struct str rest, tag, value;
	unsigned found = 0, i;

	*record = (struct str){ NULL, 0 };
	for (i = 0; i < a->n; i++) {
		rest = a->rr[i].data;
		if (rest.n == 0 || str_lower(rest.p[0]) != 'v' ||
		    tag_next(&rest, &tag, &value) != 1 ||
		    !str_is(tag, "v") || !str_eq(value, str_of(version)))
			continue;
		if (found++ == 0)
			*record = a->rr[i].data;
	}
	return found;
}

unsigned
tag_start(const struct dns_answer *a, const char *start, struct str *record)
{
	struct str s = str_of(start);
	unsigned found = 0, i;

	*record = (struct str){ NULL, 0 };
	for (i = 0; i < a->n; i++)
		if (a->rr[i].data.n >= s.n &&
		    str_eq(str_to(a->rr[i].data, s.n), s) && found++ == 0)
			*record = a->rr[i].data;
	return found;
}
