/*
 * mime_mend.c: header fields that somebody else made, fit for the wire
 *
 * Those that may go as they are stay as they are, byte for byte.
 */
#include "addr.h"
#include "mime.h"

static const char *const lists[] = {
	"From", "Sender", "Reply-To", "To", "Cc", "Resent-From",
	"Resent-Sender", "Resent-Reply-To", "Resent-To", "Resent-Cc"
};
static const char *const untouched[] = {
	"Date", "Message-ID", "In-Reply-To", "References", "Return-Path",
	"Received", "Content-Type", "Content-Disposition",
	"Content-Transfer-Encoding", "Content-ID", "MIME-Version",
	"DKIM-Signature", "Autocrypt"
};
#define LISTED(name, list) name_listed(name, list, sizeof list / sizeof *list)

static bool
name_listed(struct str name, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_is(name, list[i]))
			return true;
	return false;
}

/* A list of addresses anew; groups lose their names. */
static int
list_again(struct buf *b, struct str name, struct str body, struct arena *a,
    struct err *e)
{
	struct addr_list l = { .rest = body };
	struct mime_addr *to;
	struct mime_addrs all = { 0 };
	struct addr one;
	size_t most = 1, i;
	int got;

	for (i = 0; i < body.n; i++)
		most += body.p[i] == ',' || body.p[i] == ';';
	all.p = to = arena_new(a, most, sizeof *to);
	while ((got = addr_next(&l, &one, a, e)) > 0 && all.n < most) {
		if (one.domain.n > 0 && addr_ascii(a, one.domain, &one.domain,
		    e) < 0)
			return -1;
		to[all.n].name = one.name;
		to[all.n++].addr = str_of(arena_printf(a, "%.*s%s%.*s",
		    STR_ARG(one.local), one.domain.n > 0 ? "@" : "",
		    STR_ARG(one.domain)));
	}
	if (got != 0 || all.n == 0)
		return -1;
	return mime_header_addrs(b, name, all, 0, e);
}

static struct str
unfolded(struct arena *a, struct str s)
{
	char *p = arena_new(a, s.n, 1);
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		if (s.p[i] != '\r' && s.p[i] != '\n')
			p[n++] = s.p[i];
	return (struct str){ p, n };
}

static void
field_again(struct buf *b, struct str name, struct str body, struct arena *a)
{
	struct err e = { 0 };
	size_t was = b->n;
	int got = -1;

	if (LISTED(name, lists))
		got = list_again(b, name, body, a, &e);
	else if (!LISTED(name, untouched))
		got = mime_header(b, name, unfolded(a, body), MIME_TEXT, &e);
	if (got == 0)
		return;
	b->n = was;
	buf_str(b, name);
	buf_c(b, ':');
	buf_str(b, body);
	buf_s(b, "\r\n");
}

void
mime_header_ascii(struct msg *m, struct arena *a)
{
	struct msg_fields f = { msg_head(m) };
	struct buf b = { .max = 4 * MSG_HEAD_MAX };
	struct str name, body, was = f.left;

	if (!m->utf8)
		return;
	while (msg_next_field(&f, &name, &body) > 0) {
		if (msg_eight(body))
			field_again(&b, name, body, a);
		else
			buf_put(&b, was.p, was.n - f.left.n);
		was = f.left;
	}
	if (!b.over)
		msg_set_head(m, arena_str(a, BUF_STR(b)));
	buf_free(&b);
}
