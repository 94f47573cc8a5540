/* field.c: a field of a header, to be shown */
#include "field.h"
#include "msg.h"

enum { SHOWN = 2000 };			/* bytes of a field, at most */

/* Not in the middle of a character. */
static struct str
cut(struct str s)
{
	if (s.n <= SHOWN)
		return s;
	for (s.n = SHOWN; s.n > 0 && (s.p[s.n] & 0xc0) == 0x80; s.n--)
		;
	return s;
}

/* A field's body on one line, or empty. */
static struct str
field(struct str head, const char *name, struct buf *b)
{
	struct msg_fields at = { head };
	struct str n, body;
	size_t i;

	while (msg_next_field(&at, &n, &body) == 1) {
		if (!str_is(n, name))
			continue;
		body = cut(str_trim(body));
		for (i = 0; i < body.n; i++)
			if (body.p[i] != '\r' && body.p[i] != '\n')
				buf_c(b, body.p[i]);
		break;
	}
	return BUF_STR(*b);
}

void
field_json(struct json *j, const char *key, struct str head, const char *name)
{
	struct buf b = { .max = SHOWN };

	json_str(j, key, field(head, name, &b));
	buf_free(&b);
}

void
field_text(struct str head, const char *name, char *dst, size_t cap)
{
	struct buf b = { .max = SHOWN };

	str_escape(dst, cap, field(head, name, &b));
	buf_free(&b);
}
