/* smtp_reply.c: what an SMTP server answers (RFC 5321 section 4.2) */
#include <stdio.h>
#include <string.h>

#include "conn_early.h"
#include "limit.h"
#include "smtp_reply.h"

/* "5.1.1 text": the status is taken off if it is one (RFC 2034, 3463). */
static struct str
enhanced(struct smtp_reply *r, struct str text)
{
	struct str rest = text, w = str_word(&rest), s = w, part;
	size_t i;

	if (w.n >= sizeof r->status || w.n < 5 || w.p[0] != '0' + r->code / 100)
		return text;
	for (i = 0; i < 3; i++) {
		uint64_t v;

		part = str_cut(&s, '.');
		if (str_num(part, 999, &v) < 0)
			return text;
	}
	if (s.p != NULL)
		return text;
	str_copy(r->status, w);
	r->status[w.n] = '\0';
	return str_trim(rest);
}

static void
add_text(struct smtp_reply *r, struct str text)
{
	size_t n = strlen(r->text);

	snprintf(r->text + n, sizeof r->text - n, "%s%.*s", n > 0 ? " " : "",
	    STR_ARG(text));
}

/* "250-text", "250 text", "250"; 1 if more lines follow, 0 if not, -1. */
static int
reply_line(struct smtp *s, struct str l, int *code, struct str *text)
{
	uint64_t v;

	if (str_num(str_to(l, 3), 599, &v) < 0 || l.n < 3 || v < 200 ||
	    (l.n > 3 && l.p[3] != ' ' && l.p[3] != '-'))
		return conn_fail(s->c, EX_PROTOCOL, "this is not SMTP: %.*s",
		    (int)(l.n < 200 ? l.n : 200), l.p);
	if (*code != 0 && *code != (int)v)
		return conn_fail(s->c, EX_PROTOCOL, "a reply that begins with %d and goes on with %d",
		    *code, (int)v);
	*code = (int)v;
	*text = str_from(l, 4);
	return l.n > 3 && l.p[3] == '-';
}

/* "250-" goes on; 421 may come at any time. */
static size_t
count_replies(const char *p, size_t n)
{
	struct str all = { (char *)p, n }, l;
	size_t found = 0;

	while (memchr(all.p, '\n', all.n) != NULL) {
		l = str_cut(&all, '\n');
		found += (l.n < 4 || l.p[3] != '-') && !str_starts(l, "421");
	}
	return found;
}

size_t
smtp_surplus(struct smtp *s)
{
	const char *p;
	long n = conn_early(s->c, &p);
	size_t found = n > 0 ? count_replies(p, (size_t)n) : 0;

	return found > s->due ? found - s->due : 0;
}

void
smtp_check_due(struct smtp *s)
{
	if (conn_write_closed(s->c))
		return;
	if (s->due == 0)
		s->unasked |= conn_our_turn(s->c, "45") > 0;
	else if (smtp_surplus(s) > 0)
		conn_abort(s->c, EX_PROTOCOL, "more replies than commands");
}

void
smtp_ask(struct smtp *s)
{
	smtp_check_due(s);
	s->due++;
}

int
smtp_hear(struct smtp *s, void (*each)(struct smtp *, struct str))
{
	struct smtp_reply *r = &s->reply;
	struct str l = { 0 }, text = { 0 };
	int more, lines = 0;

	s->due -= s->due > 0;
	*r = (struct smtp_reply){ 0 };
	do {
		if ((l.p = conn_line(s->c, &l.n)) == NULL ||
		    (more = reply_line(s, l, &r->code, &text)) < 0) {
			r->code = 0;
			return -1;
		}
		if (each != NULL)
			each(s, text);
		add_text(r, enhanced(r, text));
	} while (more && ++lines < LIMIT_REPLY_LINES);
	if (more) {
		r->code = 0;
		return conn_fail(s->c, EX_PROTOCOL, "a reply of more than %d lines",
		    LIMIT_REPLY_LINES);
	}
	if (s->unasked && r->code < 400) {
		r->code = 0;
		return conn_abort(s->c, EX_PROTOCOL, "a reply to what was not said: %s",
		    r->text);
	}
	return r->code;
}

int
smtp_class(const struct smtp *s)
{
	return s->reply.code / 100;
}

int
smtp_answered(struct smtp *s)
{
	if (smtp_hear(s, NULL) < 0)
		return -1;
	return smtp_class(s) != 3 ? 0 : conn_fail(s->c, EX_PROTOCOL,
	    "an unexpected reply: %d %s",
	    s->reply.code, s->reply.text);
}

int
smtp_refused(struct smtp *s, const char *what, int permanent)
{
	const struct smtp_reply *r = &s->reply;
	int code = EX_PROTOCOL;

	if (smtp_class(s) == 4)
		code = EX_TEMPFAIL;
	else if (smtp_class(s) == 5)
		code = permanent;
	return conn_fail(s->c, code, "%s: %d%s%s %s", what, r->code,
	    r->status[0] != '\0' ? " " : "", r->status, r->text);
}
