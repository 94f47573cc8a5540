/*
 * stub.c: a file that has the header of a message, and not its body
 *
 * A parameter of our own in Content-Type tells our stubs from messages that
 * others wrote as an external body.  Our fields come first, so they are found
 * and understood whatever is in the message's own.
 */
#include <inttypes.h>
#include <string.h>

#include "digest.h"
#include "file.h"
#include "stub.h"

#define TYPE "message/external-body"
#define OURS "x-postbag=stub"
#define OUR_ID "@postbag.invalid>"

enum { LOOK = 1 << 20 };	/* bytes of a header that are looked at */

/* ---- header fields ---- */

/* The next field with its folds and line ends; false: the header is over. */
static bool
next_field(struct str *left, struct str *field)
{
	const char *end = left->p + left->n, *p = left->p;

	if (left->n == 0 || p[0] == '\n' ||
	    (left->n > 1 && p[0] == '\r' && p[1] == '\n'))
		return false;
	do {
		p = str_find(p, '\n', end);
		p += p < end;
	} while (p < end && str_blank(*p));
	*field = str_to(*left, (size_t)(p - left->p));
	*left = str_from(*left, field->n);
	return true;
}

static bool
is_named(struct str field, const char *name)
{
	return str_is(str_trim(str_cut(&field, ':')), name);
}

static bool
of_body(struct str field)
{
	return str_starts(field, "Content-") ||
	    is_named(field, "MIME-Version");
}

/* ---- made ---- */

/* RFC 5092, section 11: what has no meaning in a URL. */
static void
put_url(struct buf *out, const char *s, bool slash)
{
	for (; *s != '\0'; s++)
		if (str_alpha(*s) || str_digit(*s) || strchr("-._~", *s) != NULL ||
		    (slash && *s == '/'))
			buf_c(out, *s);
		else
			buf_printf(out, "%%%02X", (unsigned char)*s);
}

static void
put_type(struct buf *out, const struct stub *s)
{
	buf_s(out, "MIME-Version: 1.0\r\nContent-Type: " TYPE "; " OURS ";\r\n\taccess-type=URL; URL=\"imap://");
	if (s->user != NULL) {
		put_url(out, s->user, false);
		buf_c(out, '@');
	}
	put_url(out, s->host, false);
	buf_c(out, '/');
	put_url(out, s->box, true);
	buf_printf(out, ";UIDVALIDITY=%" PRIu64 "/;UID=%" PRIu32 "\"",
	    s->uidvalidity, s->uid);
	if (s->size > 0)
		buf_printf(out, ";\r\n\tsize=%" PRIu64, s->size);
	buf_s(out, "\r\n");
}

/* The fields that are of the body, or all others: is a Content-ID put? */
static bool
put_fields(struct buf *out, struct str header, bool body)
{
	struct str field;
	bool id = false;

	while (next_field(&header, &field)) {
		if (of_body(field) != body)
			continue;
		buf_str(out, field);
		if (field.p[field.n - 1] != '\n')
			buf_s(out, "\r\n");
		id = id || is_named(field, "Content-ID");
	}
	return id;
}

void
stub_make(struct buf *out, const struct stub *s, struct str header)
{
	put_type(out, s);
	put_fields(out, header, false);
	buf_s(out, "\r\n");
	/* RFC 2046: there must be one. */
	if (!put_fields(out, header, true))
		buf_printf(out, "Content-ID: <%" PRIu64 ".%" PRIu32 OUR_ID "\r\n",
		    s->uidvalidity, s->uid);
	buf_s(out, "\r\n");
}

/* ---- found ---- */

static bool
says_stub(struct str field)
{
	struct str value = field;

	if (!is_named(field, "Content-Type"))
		return false;
	str_cut(&value, ':');
	if (!str_starts(str_trim(value), TYPE))
		return false;
	for (; value.n > 0; value = str_from(value, 1))
		if (str_starts(value, "x-postbag"))
			return true;
	return false;
}

/* The field that says so. */
static bool
stub_field(struct str text, struct str *field)
{
	while (next_field(&text, field))
		if (says_stub(*field))
			return true;
	return false;
}

/* Does it have the empty line?  The last bytes of it may be a part of that. */
static bool
is_whole(struct str text)
{
	struct str field;

	while (next_field(&text, &field))
		;
	return text.n > 0;
}

/* The header, or as much of it as is looked at. */
static int
head_of(int fd, struct buf *head, struct err *e)
{
	char *to;
	ssize_t n = 1;
	size_t some = 4096;

	while (n > 0 && head->n < LOOK && !is_whole(BUF_STR(*head))) {
		if ((to = buf_room(head, some)) == NULL)
			break;
		n = file_scan(fd, to, some, (off_t)head->n, e);
		head->n += n > 0 ? (size_t)n : 0;
		some = head->n;
	}
	return n < 0 ? -1 : 0;
}

int
stub_is(int fd, struct err *e)
{
	struct buf head = { .max = 2 * LOOK };
	struct str field;
	int got = head_of(fd, &head, e);

	if (got == 0)
		got = stub_field(BUF_STR(head), &field);
	buf_free(&head);
	return got;
}

/* ---- read ---- */

/* What stands behind the word; false: it is not there. */
static bool
stub_behind(struct str field, const char *word, struct str *to)
{
	for (; field.n > 0; field = str_from(field, 1))
		if (str_starts(field, word)) {
			*to = str_from(field, strlen(word));
			return true;
		}
	return false;
}

static uint64_t
stub_digits(struct str s, uint64_t max)
{
	uint64_t n = 0;
	size_t i = 0;

	while (i < s.n && str_digit(s.p[i]))
		i++;
	return str_num(str_to(s, i), max, &n) == 0 ? n : 0;
}

static int
hex_value(char c)
{
	if (str_digit(c))
		return c - '0';
	c = str_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Without its %XX. */
static const char *
unescaped(struct str s, struct arena *a)
{
	char *out = arena_dup(a, s);
	size_t i, n = 0;
	int hi, lo;

	for (i = 0; i < s.n; i++) {
		hi = lo = -1;
		if (s.p[i] == '%' && i + 2 < s.n) {
			hi = hex_value(s.p[i + 1]);
			lo = hex_value(s.p[i + 2]);
		}
		if (hi >= 0 && lo >= 0) {
			out[n++] = (char)(hi * 16 + lo);
			i += 2;
		} else
			out[n++] = s.p[i];
	}
	out[n] = '\0';
	return out;
}

/* user@host/BOX;UIDVALIDITY=1/;UID=2 */
static void
take_url(struct stub *s, struct str url, struct arena *a)
{
	struct str who, box, part;
	const char *at;

	who = str_cut(&url, '/');
	box = str_cut(&url, ';');
	if (who.n == 0 || box.n == 0 || !stub_behind(url, "UIDVALIDITY=", &part))
		return;
	s->uidvalidity = stub_digits(part, UINT64_MAX);
	if (!stub_behind(part, "UID=", &part))
		return;
	s->uid = (uint32_t)stub_digits(part, UINT32_MAX);
	at = str_find(who.p, '@', who.p + who.n);
	if (at < who.p + who.n) {
		s->user = unescaped(str_to(who, (size_t)(at - who.p)), a);
		who = str_from(who, (size_t)(at - who.p) + 1);
	}
	s->box = unescaped(box, a);
	s->host = unescaped(who, a);
}

int
stub_read(int fd, struct stub *s, struct arena *a, struct err *e)
{
	struct buf head = { .max = 2 * LOOK };
	struct str field, part;
	int got = head_of(fd, &head, e);

	*s = (struct stub){ .host = NULL };
	if (got == 0 && (got = stub_field(BUF_STR(head), &field)) > 0) {
		if (stub_behind(field, "URL=\"imap://", &part))
			take_url(s, str_cut(&part, '"'), a);
		if (stub_behind(field, "\tsize=", &part))
			s->size = stub_digits(part, UINT64_MAX);
	}
	buf_free(&head);
	return got;
}

/* ---- compared ---- */

static void
sum_field(struct digest *d, struct str field)
{
	struct str line;

	while (field.n > 0) {
		line = str_cut(&field, '\n');
		while (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		digest_put(d, line.p, line.n);
		digest_put(d, "\n", 1);
	}
}

bool
stub_sum_header(struct str header, unsigned char md[32])
{
	struct digest *d = digest_new();
	struct str left, field;
	int body;

	for (body = 0; body < 2; body++)
		for (left = header; next_field(&left, &field); )
			if (of_body(field) == (body != 0))
				sum_field(d, field);
	return digest_end(d, md);
}

/* The one that put_fields found missing. */
static bool
is_our_id(struct str field)
{
	const size_t n = strlen(OUR_ID);

	field = str_trim(field);
	return is_named(field, "Content-ID") && field.n > n &&
	    str_is(str_from(field, field.n - n), OUR_ID);
}

/* Its first two fields are ours, and the body's are behind the empty line. */
static bool
sum_stub(struct str text, unsigned char md[32])
{
	struct digest *d = digest_new();
	struct str field;
	int i;

	for (i = 0; i < 2 && next_field(&text, &field); i++)
		;
	while (next_field(&text, &field))
		sum_field(d, field);
	str_cut(&text, '\n');
	while (next_field(&text, &field))
		if (!is_our_id(field))
			sum_field(d, field);
	return digest_end(d, md);
}

bool
stub_sum(int fd, unsigned char md[32])
{
	struct buf text = { .max = STUB_HEADER + LOOK };
	struct err quiet = { 0 };
	bool is = file_slurp(fd, &text, &quiet) == 0 &&
	    sum_stub(BUF_STR(text), md);

	buf_free(&text);
	return is;
}
