/* field.c: a field of a header, to be shown */
#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "field.h"
#include "file.h"
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

int
field_head(int file, struct buf *to, struct err *e)
{
	char *some = mem_new(1, 65536);
	ssize_t n = file_pread(file, some, 65536, 0, e);
	const char *end = n > 0 ? memmem(some, (size_t)n, "\n\n", 2) : NULL;

	if (n > 0 && some[0] != '\n')		/* else there is no header */
		buf_put(to, some, end != NULL ? (size_t)(end - some) + 1 :
		    (size_t)n);
	free(some);
	return n < 0 ? -1 : 0;
}

bool
field_first(struct str head, const char *name, struct str *body)
{
	struct msg_fields at = { head };
	struct str n;

	while (msg_next_field(&at, &n, body) == 1)
		if (str_is(n, name))
			return true;
	*body = (struct str){ NULL, 0 };
	return false;
}

/* RFC 5321, 4.4: the date stands behind the last semicolon. */
bool
field_came(struct str head, time_t *t)
{
	struct str body;

	if (!field_first(head, "Received", &body))
		return false;
	while (str_has(body, ';'))
		str_cut(&body, ';');
	return date_parse(body, t) == 0;
}

/* A field's body on one line, or empty. */
static struct str
field_body(struct str head, const char *name, struct buf *b)
{
	struct str body = { NULL, 0 };
	size_t i;

	if (field_first(head, name, &body))
		body = cut(str_trim(body));
	for (i = 0; i < body.n; i++)
		if (body.p[i] != '\r' && body.p[i] != '\n')
			buf_c(b, body.p[i]);
	return BUF_STR(*b);
}

void
field_json(struct json *j, const char *key, struct str head, const char *name)
{
	struct buf b = { .max = SHOWN };

	json_str(j, key, field_body(head, name, &b));
	buf_free(&b);
}

void
field_text(struct str head, const char *name, char *dst, size_t cap)
{
	struct buf b = { .max = SHOWN };

	str_escape(dst, cap, field_body(head, name, &b));
	buf_free(&b);
}
