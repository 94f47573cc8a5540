/*
 * mime_mend.c: header fields that somebody else made, fit for the wire
 *
 * Those that may go as they are stay as they are, byte for byte.
 */
#include "mime_mend.h"
#include "addr.h"
#include "trace.h"

enum {
	PARAM_MAX = 900,		/* of one that stays as it is */
	PARAM_NAME_MAX = 60
};

static const char *const lists[] = {
	"From", "Sender", "Reply-To", "To", "Cc", "Resent-From",
	"Resent-Sender", "Resent-Reply-To", "Resent-To", "Resent-Cc"
};
static const char *const with_params[] = {
	"Content-Type", "Content-Disposition"
};
static const char *const untouched[] = {
	"Date", "Message-ID", "In-Reply-To", "References", "Return-Path",
	"Received", "Content-Transfer-Encoding", "Content-ID",
	"MIME-Version", "DKIM-Signature", "Autocrypt"
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

/* Without its folds; with MIME_FORCE each control is a blank. */
static struct str
unfolded(struct arena *a, struct str s, int how)
{
	char *p = arena_new(a, s.n, 1);
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		if (s.p[i] != '\n' && !(s.p[i] == '\r' && i + 1 < s.n &&
		    s.p[i + 1] == '\n'))
			p[n++] = s.p[i];
	for (i = 0; i < n && (how & MIME_FORCE) != 0; i++)
		if (str_control((struct str){ p + i, 1 }))
			p[i] = ' ';
	return (struct str){ p, n };
}

/*
 * A byte that has no place in this field, and cannot be encoded there, is a
 * "?".
 */
static struct str
ascii_only(struct arena *a, struct str s)
{
	char *p = arena_new(a, s.n, 1);
	size_t i;

	for (i = 0; i < s.n; i++)
		p[i] = (unsigned char)s.p[i] < 0x80 ? s.p[i] : '?';
	return (struct str){ p, s.n };
}

/*
 * A list of addresses anew; groups lose their names, and a comment becomes the
 * name where there is none.  1: an address is not ASCII; -1: it is not a list.
 */
static int
list_again(struct buf *b, struct str name, struct str body, struct arena *a,
    int how)
{
	struct addr_list l = { .rest = body };
	struct err e = { 0 };
	struct mime_addr *to;
	struct mime_addrs all = { 0 };
	struct addr one;
	size_t most = 1, i;
	bool utf8 = false;
	int got;

	for (i = 0; i < body.n; i++)
		most += body.p[i] == ',' || body.p[i] == ';';
	all.p = to = arena_new(a, most, sizeof *to);
	while ((got = addr_next(&l, &one, a, &e)) > 0 && all.n < most) {
		if (one.domain.n > 0 && addr_ascii(a, one.domain, &one.domain,
		    &e) < 0)
			return -1;
		utf8 |= !str_ascii(one.local);
		to[all.n].name = one.name.n > 0 ? one.name :
		    unfolded(a, one.comment, how);
		to[all.n++].addr = str_of(arena_printf(a, "%.*s%s%.*s",
		    STR_ARG(one.local), one.domain.n > 0 ? "@" : "",
		    STR_ARG(one.domain)));
	}
	if (got != 0 || all.n == 0)
		return -1;
	got = mime_header_addrs(b, name, all, MIME_ENCODED |
	    (how & MIME_UTF8), &e);
	return got < 0 && utf8 ? 1 : got;
}

/* Up to the next ';' outside quotes, which is taken off, too. */
static struct str
param_piece(struct str *s)
{
	struct str one;
	bool quoted = false;
	size_t i;

	for (i = 0; i < s->n && (quoted || s->p[i] != ';'); i++)
		if (s->p[i] == '\\' && quoted)
			i++;
		else if (s->p[i] == '"')
			quoted = !quoted;
	one = str_to(*s, i);
	*s = str_from(*s, one.n + 1);
	return str_trim(one);
}

static struct str
unquoted(struct arena *a, struct str s)
{
	char *p = arena_new(a, s.n, 1);
	size_t i, n = 0;

	s = str_trim(s);
	if (s.n == 0 || s.p[0] != '"')
		return s;
	for (i = 1; i < s.n && s.p[i] != '"'; i++) {
		i += s.p[i] == '\\' && i + 1 < s.n;
		p[n++] = s.p[i];
	}
	return (struct str){ p, n };
}

/* A value, and parameters: those that cannot stay by RFC 2231. */
static int
params_again(struct buf *b, struct str name, struct str body, struct arena *a,
    int how)
{
	struct str rest = unfolded(a, body, how), one, key;
	size_t was = b->n, col;

	one = ascii_only(a, param_piece(&rest));
	if (str_control(one) || one.n > PARAM_MAX)
		return -1;
	buf_printf(b, "%.*s: %.*s", STR_ARG(name), STR_ARG(one));
	col = b->n - was;
	while (rest.n > 0) {
		one = param_piece(&rest);
		if (str_ascii(one) && one.n <= PARAM_MAX) {
			buf_printf(b, ";\r\n %.*s", STR_ARG(one));
			col = one.n + 1;
			continue;
		}
		key = str_trim(str_cut(&one, '='));
		if (one.p != NULL && str_ascii(key) && key.n <= PARAM_NAME_MAX)
			mime_header_param(b, &col, arena_dup(a, key),
			    unquoted(a, one));
	}
	buf_s(b, "\r\n");
	return 0;
}

/* 0: it stands in b, fit for the wire. */
static int
field_again(struct buf *b, struct str name, struct str body, struct arena *a,
    int how)
{
	int text = MIME_TEXT | MIME_ENCODED | (how & MIME_UTF8), got;
	struct str plain = unfolded(a, body, how);
	struct err e = { 0 };

	if (LISTED(name, with_params))
		return params_again(b, name, body, a, how);
	if (LISTED(name, lists)) {
		got = list_again(b, name, body, a, how);
		if (got == 0 || got > 0 || (how & MIME_FORCE) == 0)
			return got == 0 ? 0 : -1;
	} else if (LISTED(name, untouched)) {
		if ((how & MIME_FORCE) == 0)
			return -1;
		return mime_header(b, name, ascii_only(a, plain), MIME_RAW,
		    &e);
	}
	return mime_header(b, name, plain, text, &e);
}

/* Is there a line over the limit, or one that is not ended as it should be? */
static bool
misshapen(struct str field)
{
	struct str line;

	while (field.n > 0) {
		line = str_cut(&field, '\n');
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n > MSG_LINE_MAX || str_has(line, '\r') ||
		    str_has(line, '\0'))
			return true;
	}
	return false;
}

struct str
mime_head_again(struct str head, struct arena *a, int how)
{
	struct msg_fields f = { head };
	struct buf b = { .max = 4 * MSG_HEAD_MAX };
	struct str name, body, was = head, field;
	size_t start;

	if (!msg_eight(head) && !misshapen(head))
		return head;
	while (msg_next_field(&f, &name, &body) > 0) {
		field = str_to(was, was.n - f.left.n);
		was = f.left;
		start = b.n;
		if ((!msg_eight(body) ||
		    ((how & MIME_UTF8) != 0 && str_utf8(body))) &&
		    !misshapen(field)) {
			buf_str(&b, field);
		} else if (field_again(&b, name, body, a, how) < 0) {
			b.n = start;
			if ((how & MIME_FORCE) == 0 || !misshapen(field))
				buf_str(&b, field);
			else
				trace_note(TRACE_DONE, "the field %.*s cannot be sent and is left out",
				    STR_ARG(name));
		}
	}
	if (!b.over)
		head = arena_str(a, BUF_STR(b));
	buf_free(&b);
	return head;
}

void
mime_header_again(struct msg *m, struct arena *a, int how)
{
	if (m->utf8 || misshapen(msg_head(m)))
		msg_set_head(m, mime_head_again(msg_head(m), a, how));
}

/* ---- whose they are ---- */

/* A list with the domain behind each local part that has none. */
static struct str
list_qualified(struct str list, struct str domain, struct arena *a)
{
	struct addr_list l = { .rest = list };
	struct buf b = { .max = 4 * MSG_HEAD_MAX };
	const char *at = list.p, *end;
	struct addr one;
	int got;

	do {
		struct err quiet = { 0 };

		if ((got = addr_next(&l, &one, a, &quiet)) < 0)
			addr_skip(&l);
		if (got <= 0 || one.domain.n > 0)
			continue;
		end = one.spec.p + one.spec.n;
		buf_printf(&b, "%.*s@%.*s", (int)(end - at), at,
		    STR_ARG(domain));
		at = end;
	} while (got != 0);
	if (b.n > 0) {
		buf_str(&b, str_from(list, (size_t)(at - list.p)));
		list = arena_str(a, BUF_STR(b));
	}
	buf_free(&b);
	return list;
}

void
mime_header_qualify(struct msg *m, struct arena *a, struct str domain)
{
	struct msg_fields f = { msg_head(m) };
	struct buf b = { .max = 4 * MSG_HEAD_MAX };
	struct str name, body, full, was = f.left;
	bool changed = false;

	while (msg_next_field(&f, &name, &body) > 0) {
		full = LISTED(name, lists) ? list_qualified(body, domain, a) :
		    body;
		if (full.p == body.p) {
			buf_str(&b, str_to(was, was.n - f.left.n));
		} else {
			buf_put(&b, was.p, (size_t)(body.p - was.p));
			buf_str(&b, full);
			buf_s(&b, "\r\n");
			changed = true;
		}
		was = f.left;
	}
	if (changed && !b.over)
		msg_set_head(m, arena_str(a, BUF_STR(b)));
	buf_free(&b);
}

/* The first mailbox of From: its address, and what it is called. */
static struct mime_addr
first_from(struct str body, struct arena *a)
{
	struct addr_list l = { .rest = body };
	struct err quiet = { 0 };
	struct mime_addr first = { 0 };
	struct addr one;

	if (addr_next(&l, &one, a, &quiet) <= 0)
		return first;
	first.name = one.name.n > 0 ? one.name :
	    unfolded(a, one.comment, MIME_FORCE);
	if (l.rest.n == 0)
		first.addr = str_of(addr_wire(a, &one, true, &quiet));
	return first;
}

int
mime_header_set_from(struct msg *m, struct arena *a, struct mime_addr from,
    int how, struct err *e)
{
	struct buf b = { .max = 4 * MSG_HEAD_MAX };
	struct mime_addr first;
	struct str was;
	int got;

	if (!msg_field(m, "From", &was))
		return 0;
	first = first_from(was, a);
	if (str_eqi(first.addr, from.addr))
		return 0;
	if (from.name.n == 0)
		from.name = first.name;
	got = mime_header_addrs(&b, STR("From"), (struct mime_addrs){ &from, 1 },
	    how | MIME_ENCODED, e);
	buf_printf(&b, "X-Original-From:%.*s\r\n", STR_ARG(was));
	if (got == 0) {
		msg_drop_field(m, a, "From");
		msg_add_fields(m, a, arena_str(a, BUF_STR(b)));
	}
	buf_free(&b);
	return got;
}
