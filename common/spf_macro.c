/*
 * spf_macro.c: macros in SPF records (RFC 7208 section 7)
 *
 * What is expanded becomes a domain name, so whatever the sender wrote into
 * an address ends up in a query: names are cut, checked and escaped here.
 */
#include "spf_private.h"

#include <arpa/inet.h>
#include <string.h>

struct macro {
	char letter;		/* lower case; or '%': out is what it is */
	const char *out;
	bool upper, reverse;
	size_t keep;		/* right-most parts; 0: all */
	struct str delim;
};

/* The macro that s starts with: its length, 0 if it is malformed. */
static size_t
read_macro(struct str s, struct macro *m)
{
	size_t i = 3;
	char c = s.n < 2 ? '\0' : s.p[1];

	*m = (struct macro){ .letter = '%', .delim = STR(".") };
	switch (c) {
	case '%': m->out = "%"; return 2;
	case '_': m->out = " "; return 2;
	case '-': m->out = "%20"; return 2;
	}
	if (c != '{' || s.n < 4 || !str_alpha(s.p[2]))
		return 0;
	m->letter = str_lower(s.p[2]);
	m->upper = m->letter != s.p[2];
	for (; i < s.n && str_digit(s.p[i]); i++)
		if (m->keep < 1000)
			m->keep = m->keep * 10 + (size_t)(s.p[i] - '0');
	if (i > 3 && m->keep == 0)	/* MUST be nonzero */
		return 0;
	if (i < s.n && str_lower(s.p[i]) == 'r') {
		m->reverse = true;
		i++;
	}
	m->delim = str_from(s, i);
	while (i < s.n && strchr(".-+,/_=", s.p[i]) != NULL && s.p[i] != '\0')
		i++;
	m->delim.n -= s.n - i;
	if (m->delim.n == 0)
		m->delim = STR(".");
	return i < s.n && s.p[i] == '}' ? i + 1 : 0;
}

static bool
letter_known(const struct macro *m, bool in_exp)
{
	return strchr(in_exp ? "%slodiphvcrt" : "%slodiphv", m->letter) !=
	    NULL;
}

/* Checks s; *end is where its last macro ends. */
static const char *
scan_macros(struct str s, bool in_exp, size_t *end)
{
	struct macro m;
	size_t i, n;

	*end = 0;
	for (i = 0; i < s.n; i += n) {
		n = 1;
		if (s.p[i] != '%')
			continue;
		n = read_macro(str_from(s, i), &m);
		if (n == 0)
			return "\"%\" that begins no macro";
		if (!letter_known(&m, in_exp))
			return "no such macro letter";
		*end = i + n;
	}
	return NULL;
}

const char *
spf_macros(struct str s, bool in_exp)
{
	size_t end;

	return scan_macros(s, in_exp, &end);
}

/* LDH, no hyphen at an end, not digits alone. */
static bool
toplabel(struct str s)
{
	bool digits = true;
	size_t i;

	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (i = 0; i < s.n; i++) {
		if (!str_alpha(s.p[i]) && !str_digit(s.p[i]) && s.p[i] != '-')
			return false;
		digits = digits && str_digit(s.p[i]);
	}
	return !digits;
}

const char *
spf_spec(struct str s)
{
	size_t end, i;
	const char *why = scan_macros(s, false, &end);

	if (why != NULL)
		return why;
	if (s.n == 0)
		return "needs a domain";
	if (end == s.n)
		return NULL;
	if (s.p[s.n - 1] == '.')
		s.n--;
	for (i = s.n; i > end && s.p[i - 1] != '.'; i--)
		;
	if (i == end || !toplabel(str_from(s, i)))
		return "does not end in a top-level domain";
	return NULL;
}

/* ---- expansion */

static void
dotted_nibbles(struct str ip, struct buf *b)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < ip.n; i++) {
		unsigned c = (unsigned char)ip.p[i];

		if (i > 0)
			buf_c(b, '.');
		if (ip.n == 4)
			buf_printf(b, "%u", c);
		else
			buf_printf(b, "%c.%c", hex[c >> 4], hex[c & 15]);
	}
}

static struct str
local_part(const struct spf *q)
{
	const char *at = q->sender == NULL ? NULL : strrchr(q->sender, '@');

	if (at == NULL || at == q->sender)
		return STR("postmaster");
	return (struct str){ q->sender, (size_t)(at - q->sender) };
}

const char *
spf_domain(const struct spf *q)
{
	const char *at;

	if (q->sender == NULL || *q->sender == '\0')
		return q->helo == NULL ? "" : q->helo;
	at = strrchr(q->sender, '@');
	return at == NULL ? q->sender : at + 1;
}

/* %{p}: the domain itself, else a name in it, else any; "unknown". */
static int
client_name(struct spf *q, struct buf *b)
{
	const char *names[SPF_NAMES], *best = "unknown";
	int i, rank = 0, mine, n = spf_names(q, names, false);

	if (n < 0)
		return SPF_WAIT;
	for (i = 0; i < n; i++) {
		mine = dns_within(names[i], q->at) ? 2 : 1;
		if (str_is(str_of(names[i]), q->at))
			mine = 3;
		if (mine > rank) {
			rank = mine;
			best = names[i];
		}
	}
	buf_s(b, best);
	return 0;
}

/* The value of a letter, before it is transformed. */
static int
macro_value(struct spf *q, char letter, struct buf *b)
{
	char text[INET6_ADDRSTRLEN];

	switch (letter) {
	case 's':
	case 'l':
		buf_str(b, local_part(q));
		if (letter == 's')
			buf_printf(b, "@%s", spf_domain(q));
		return 0;
	case 'o': buf_s(b, spf_domain(q)); return 0;
	case 'd': buf_s(b, q->at); return 0;
	case 'i': dotted_nibbles(q->ip, b); return 0;
	case 'p': return client_name(q, b);
	case 'v': buf_s(b, q->ip.n == 4 ? "in-addr" : "ip6"); return 0;
	case 'h': buf_s(b, q->helo == NULL ? "unknown" : q->helo); return 0;
	case 'c':
		inet_ntop(q->ip.n == 4 ? AF_INET : AF_INET6, q->ip.p, text,
		    sizeof text);
		buf_s(b, text);
		return 0;
	case 'r':
		buf_s(b, q->receiver == NULL ? "unknown" : q->receiver);
		return 0;
	default:
		buf_printf(b, "%lld", (long long)q->now);
		return 0;
	}
}

static void
url(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (str_alpha(s.p[i]) || str_digit(s.p[i]) ||
		    (s.p[i] != '\0' && strchr("-._~", s.p[i]) != NULL))
			buf_c(b, s.p[i]);
		else
			buf_printf(b, "%%%02X", (unsigned char)s.p[i]);
}

/* Splits at the delimiters, turns round, keeps the last parts, joins. */
static void
transform(struct spf *q, const struct macro *m, struct str v, struct buf *out)
{
	struct str *part = arena_new(q->mem, v.n + 1, sizeof *part), s;
	size_t i, n = 0, from = 0;

	for (i = 0; i <= v.n; i++)
		if (i == v.n || memchr(m->delim.p, v.p[i], m->delim.n)) {
			part[n++] = (struct str){ v.p + from, i - from };
			from = i + 1;
		}
	for (i = m->keep == 0 || m->keep > n ? 0 : n - m->keep; i < n; i++) {
		s = part[m->reverse ? n - 1 - i : i];
		if (m->upper)
			url(out, s);
		else
			buf_str(out, s);
		if (i + 1 < n)
			buf_c(out, '.');
	}
}

static int
expand_one(struct spf *q, const struct macro *m, struct buf *out)
{
	struct buf v = { .max = 8192 };
	int got;

	if (m->letter == '%') {
		buf_s(out, m->out);
		return 0;
	}
	got = macro_value(q, m->letter, &v);
	if (got == 0 && v.n > 0)
		transform(q, m, BUF_STR(v), out);
	buf_free(&v);
	return got;
}

int
spf_expand(struct spf *q, struct str s, bool in_exp, struct str *to)
{
	struct buf out = { .max = 65536 };
	struct macro m;
	size_t i, n;
	int got = 0;

	for (i = 0; i < s.n && got == 0; i += n) {
		n = s.p[i] == '%' ? read_macro(str_from(s, i), &m) : 0;
		if (n > 0 && letter_known(&m, in_exp)) {
			got = expand_one(q, &m, &out);
		} else {
			n = 1;
			buf_c(&out, s.p[i]);
		}
	}
	if (got == 0)
		*to = arena_str(q->mem, BUF_STR(out));
	buf_free(&out);
	return got;
}

/* Raw bytes to the form that dns.h takes; NULL if a label is impossible. */
static const char *
present(struct arena *mem, struct str s)
{
	struct str rest = s, label;
	struct buf b = { .max = 4096 };
	const char *name = NULL;
	size_t i;

	while (rest.p != NULL) {
		label = str_cut(&rest, '.');
		if (label.n == 0 || label.n > 63)
			goto out;
		for (i = 0; i < label.n; i++)
			if (label.p[i] > 0x20 && label.p[i] < 0x7f &&
			    strchr("\\\"$();@", label.p[i]) == NULL)
				buf_c(&b, label.p[i]);
			else
				buf_printf(&b, "\\%03u",
				    (unsigned char)label.p[i]);
		if (rest.p != NULL)
			buf_c(&b, '.');
	}
	name = arena_dup(mem, BUF_STR(b));
out:
	buf_free(&b);
	return name;
}

int
spf_target(struct spf *q, const struct spf_term *t, const char **name)
{
	struct str s = str_of(q->at);

	if (t->spec.p != NULL && spf_expand(q, t->spec, false, &s) != 0)
		return SPF_WAIT;
	if (s.n > 0 && s.p[s.n - 1] == '.')
		s.n--;
	while (s.n > 253 && str_has(s, '.'))
		(void)str_cut(&s, '.');
	if (s.n == 0 || s.n > 253)
		*name = NULL;
	else
		*name = t->spec.p == NULL ? q->at : present(q->mem, s);
	return 0;
}
