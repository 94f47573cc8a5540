/*
 * spf_parse.c: SPF records (RFC 7208 sections 4.5, 4.6.1, 5, 6, 12)
 *
 * Any syntax error anywhere makes the record one, so a record is parsed as a
 * whole before a term of it is looked at.
 */
#include "spf.h"

#include <arpa/inet.h>
#include <string.h>

enum { TERMS = 2048 };		/* 64 KiB of "a " would be 32,000 */

static const struct {
	const char *name;
	enum spf_kind kind;
} mechanisms[] = {
	{ "all", SPF_ALL }, { "include", SPF_INCLUDE }, { "a", SPF_A },
	{ "mx", SPF_MX }, { "ptr", SPF_PTR }, { "ip4", SPF_IP4 },
	{ "ip6", SPF_IP6 }, { "exists", SPF_EXISTS },
};

bool
spf_is(struct str text)
{
	return str_starts(text, "v=spf1") && (text.n == 6 || text.p[6] == ' ');
}

unsigned
spf_select(const struct dns_answer *a, struct str *record)
{
	unsigned found = 0, i;

	*record = (struct str){ NULL, 0 };
	for (i = 0; i < a->n; i++)
		if (spf_is(a->rr[i].data) && found++ == 0)
			*record = a->rr[i].data;
	return found;
}

bool
spf_counts(const struct spf_term *t)
{
	return t->kind == SPF_INCLUDE || t->kind == SPF_A ||
	    t->kind == SPF_MX || t->kind == SPF_PTR ||
	    t->kind == SPF_EXISTS || t->kind == SPF_REDIRECT;
}

/* Cuts slash and a number off the end of *s: false if it is out of range. */
static bool
length(struct str *s, const char *slash, unsigned max, unsigned *to)
{
	size_t i = s->n, k = strlen(slash);
	struct str digits;
	uint64_t v;

	while (i > 0 && str_digit(s->p[i - 1]))
		i--;
	if (i == s->n || i < k || memcmp(s->p + i - k, slash, k) != 0)
		return true;
	digits = str_from(*s, i);
	if ((digits.n > 1 && digits.p[0] == '0') ||
	    str_num(digits, max, &v) < 0)
		return false;
	*to = (unsigned)v;
	*s = str_to(*s, i - k);
	return true;
}

static bool
cidr(struct spf_term *t, struct str *s)
{
	t->cidr4 = 32;
	t->cidr6 = 128;
	switch (t->kind) {
	case SPF_A:
	case SPF_MX:
		return length(s, "//", 128, &t->cidr6) &&
		    length(s, "/", 32, &t->cidr4);
	case SPF_IP4:
		return length(s, "/", 32, &t->cidr4);
	case SPF_IP6:
		return length(s, "/", 128, &t->cidr6);
	default:
		return true;
	}
}

static const char *
parse_address(struct spf_term *t)
{
	char text[64];

	if (t->spec.n >= sizeof text)
		return "not an address";
	str_copy(text, t->spec);
	text[t->spec.n] = '\0';
	if (inet_pton(t->kind == SPF_IP4 ? AF_INET : AF_INET6, text,
	    t->addr) != 1)
		return t->kind == SPF_IP4 ? "not an IPv4 address" :
		    "not an IPv6 address";
	return NULL;
}

/* The text behind the name of a mechanism: "", ":..." and lengths. */
static const char *
argument(struct spf_term *t, struct str rest)
{
	if (!cidr(t, &rest))
		return "prefix length out of range";
	if (rest.n > 0 && rest.p[0] != ':')
		return "not a mechanism";
	if (rest.n > 0)
		t->spec = str_from(rest, 1);
	switch (t->kind) {
	case SPF_ALL:
		return rest.n > 0 ? "\"all\" takes nothing" : NULL;
	case SPF_IP4:
	case SPF_IP6:
		return rest.n == 0 ? "needs an address" : parse_address(t);
	case SPF_INCLUDE:
	case SPF_EXISTS:
		return rest.n == 0 ? "needs a domain" : spf_spec(t->spec);
	default:
		return rest.n == 0 ? NULL : spf_spec(t->spec);
	}
}

static const char *
mechanism(struct spf_term *t, struct str s)
{
	struct str name;
	size_t i;

	t->sign = '+';
	if (s.n > 0 && strchr("+-~?", s.p[0]) != NULL) {
		t->sign = s.p[0];
		s = str_from(s, 1);
	}
	for (i = 0; i < s.n && s.p[i] != ':' && s.p[i] != '/'; i++)
		;
	name = str_to(s, i);
	for (i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
		if (str_is(name, mechanisms[i].name)) {
			t->kind = mechanisms[i].kind;
			return argument(t, str_from(s, name.n));
		}
	return "no such mechanism";
}

/* The length of a modifier's name, if s is one: NAME "=" ... */
static size_t
modifier_name(struct str s)
{
	size_t i;

	if (s.n == 0 || !str_alpha(s.p[0]))
		return 0;
	for (i = 1; i < s.n; i++)
		if (s.p[i] == '=')
			return i;
		else if (!str_alpha(s.p[i]) && !str_digit(s.p[i]) &&
		    strchr("-_.", s.p[i]) == NULL)
			return 0;
	return 0;
}

static const char *
modifier(struct spf_record *r, struct spf_term *t, size_t n)
{
	const struct spf_term **slot;
	struct str name = str_to(t->text, n);

	if (str_is(name, "redirect"))
		t->kind = SPF_REDIRECT;
	else
		t->kind = str_is(name, "exp") ? SPF_EXP : SPF_OTHER;
	t->spec = str_from(t->text, n + 1);
	if (t->kind == SPF_OTHER)
		return spf_macros(t->spec, false);
	slot = t->kind == SPF_EXP ? &r->exp : &r->redirect;
	if (*slot != NULL)
		return "given twice";
	*slot = t;
	return spf_spec(t->spec);
}

static const char *
term(struct spf_record *r, struct spf_term *t, struct str s)
{
	const char *why;
	size_t n = modifier_name(s);

	t->text = s;
	why = n > 0 ? modifier(r, t, n) : mechanism(t, s);
	if (why == NULL && t->kind == SPF_ALL && r->all == NULL)
		r->all = t;
	return why;
}

int
spf_parse(struct arena *mem, struct str record, struct spf_record *r)
{
	struct str rest = str_from(record, 6), s;
	size_t i, max = 1;

	*r = (struct spf_record){ .n = 0 };
	for (i = 0; i < rest.n; i++) {
		max += rest.p[i] == ' ';
		if (rest.p[i] < 0x20 || rest.p[i] > 0x7e)
			r->why = "a byte that is not printable ASCII";
	}
	if (max > TERMS)
		r->why = "too many terms";
	if (r->why != NULL)
		return -1;
	r->term = arena_new(mem, max, sizeof *r->term);
	while (rest.p != NULL) {
		s = str_cut(&rest, ' ');
		if (s.n == 0)
			continue;
		r->why = term(r, &r->term[r->n++], s);
		r->at = s;
		if (r->why != NULL)
			return -1;
	}
	return 0;
}

bool
spf_forbids(struct arena *mem, const struct dns_answer *a)
{
	struct spf_record r;
	struct str text;

	return spf_select(a, &text) == 1 && spf_parse(mem, text, &r) == 0 &&
	    r.n == 1 && r.all != NULL && r.all->sign == '-';
}
