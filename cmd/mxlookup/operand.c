/*
 * operand.c: what was given: a domain, a mailbox, an address, or none of these
 *
 * What is none would be looked up in vain, and "no such domain" is not what is
 * wrong with https://example.org/.  It is named instead, with what to type.
 */
#include <arpa/inet.h>
#include <string.h>

#include "addr.h"
#include "dns.h"
#include "operand.h"
#include "os.h"
#include "task.h"

enum { LABEL = 63, LONGEST = 253 };

static char *
copy(struct task *t, struct str s)
{
	return arena_dup(t->mem, s);
}

static bool
is_address(struct task *t, struct str s)
{
	char text[64];
	unsigned char *raw = NULL;

	if (s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = str_to(str_from(s, 1), s.n - 2);
	if (str_starts(s, "IPv6:"))
		s = str_from(s, 5);
	if (s.n == 0 || s.n >= sizeof text || (!str_has(s, ':') &&
	    !str_digit(s.p[s.n - 1])))
		return false;
	str_copy(text, s);
	text[s.n] = '\0';
	raw = arena_new(t->mem, 16, 1);
	if (inet_pton(AF_INET, text, raw) == 1)
		t->addr = (struct str){ (char *)raw, 4 };
	else if (inet_pton(AF_INET6, text, raw) == 1)
		t->addr = (struct str){ (char *)raw, 16 };
	else
		return false;
	dns_addr(t->addr, text, sizeof text);
	t->domain = copy(t, str_of(text));
	t->kind = IN_ADDRESS;
	return true;
}

/* ---- what it is instead */

/* The host of SCHEME://[USER@]HOST[:PORT]/..., or n 0. */
static struct str
url_host(struct str s)
{
	struct str scheme = str_cut(&s, ':'), host;
	size_t i;

	for (i = 0; i < scheme.n; i++)
		if (!str_alpha(scheme.p[i]))
			return (struct str){ NULL, 0 };
	if (scheme.n == 0 || s.n < 3 || s.p[0] != '/' || s.p[1] != '/')
		return (struct str){ NULL, 0 };
	s = str_from(s, 2);
	host = str_cut(&s, '/');
	s = host;
	(void)str_cut(&s, '@');
	if (s.p != NULL)
		host = s;
	return str_cut(&host, ':');
}

static bool
all_of(struct str s, const char *bytes)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!str_digit(s.p[i]) && strchr(bytes, s.p[i]) == NULL)
			return false;
	return s.n > 0;
}

/* HOST:PORT with one colon. */
static bool
has_port(struct str s)
{
	struct str host = str_cut(&s, ':');

	return host.n > 0 && s.p != NULL && all_of(s, "");
}

/* Its last label is a number: no such domain is ever registered. */
static bool
numeric(struct str s)
{
	const char *dot = os_last(s.p, '.', s.n);

	return dot != NULL && all_of(str_from(s, (size_t)(dot - s.p) + 1), "");
}

static const char *
labels_why(struct task *t, struct str s)
{
	struct str rest = s, label;

	if (s.n > LONGEST)
		return "it is longer than 253 bytes";
	while (rest.p != NULL) {
		label = str_cut(&rest, '.');
		if (label.n == 0)
			return "nothing stands between two dots, or before the first";
		if (label.n > LABEL)
			return arena_printf(t->mem, "\"%.*s\" is longer than 63 bytes",
			    STR_ARG(label));
	}
	return "it cannot be a name";
}

/* The shapes that are met, each with what to type instead. */
static const char *
other_shape(struct task *t, struct str in, struct str s)
{
	struct str host = url_host(in);

	if (host.n > 0)
		return arena_printf(t->mem, "it is a URL: give the name alone, %.*s",
		    STR_ARG(host));
	if (str_is(in, "-"))
		return "standard input is read where it stands alone, or no name is given";
	if (in.n > 1 && in.p[0] == '@')
		return arena_printf(t->mem, "a server to be asked is given with -s %.*s",
		    STR_ARG(str_from(in, 1)));
	if (in.n > 1 && in.p[0] == '+')
		return "it is an option of dig: see --help";
	if (!str_has(in, '@') && !str_has(in, '.') && dns_type_of(in) != 0)
		return "it is a type of records: -C says what is looked up";
	if (s.n > 0 && s.p[0] == '[')
		return "no address stands in the brackets";
	if (str_starts(in, "mx:") || str_starts(in, "srv:")) {
		str_cut(&in, ':');
		return arena_printf(t->mem, "it is a target of portprobe: give the name alone, %.*s",
		    STR_ARG(in));
	}
	if (has_port(s))
		return "a port is for portprobe: give the name alone";
	if (str_has(s, '/'))
		return "a \"/\" is in it: give the name alone";
	if (s.n > 0 && s.p[0] != ':' && all_of(s, ".") && str_has(s, '.'))
		return "it is no IPv4 address";
	if (str_has(s, ':'))
		return "it is no IPv6 address";
	return numeric(s) ? "its last label is a number" : NULL;
}

/* A backslash is for a byte that is written as \DDD, or a dot. */
static bool
escapes_odd(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == '\\' && (i + 1 == s.n || (s.p[++i] != '.' &&
		    !str_digit(s.p[i]))))
			return true;
	return false;
}

/* ---- a name */

/* Plain names need no IDNA: this is the way of a million of them. */
static const char *
name_why(struct task *t, struct str s)
{
	struct err e = { 0 };
	char name[DNS_NAMELEN];

	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (!str_ascii(s) && addr_ascii(t->mem, s, &s, &e) < 0)
		return copy(t, str_of(e.msg));
	if (s.n == 0)
		return "it is empty";
	if (str_control(s) || str_has(s, ' '))
		return "a blank or a control character is in it";
	if (escapes_odd(s))
		return "a backslash is in it";
	if (s.n > 4 * LONGEST || dns_name(copy(t, s), name) < 0)
		return labels_why(t, s);
	t->domain = copy(t, str_of(name));
	return NULL;
}

/*
 * Nearly all that is given: a host name with a dot in it whose last label is
 * no number, so that it is no address and has none of the shapes above.
 */
static bool
is_plain(struct task *t, struct str s)
{
	char *name;
	size_t i;

	if (s.n == 0 || !str_alpha(s.p[s.n - 1]) || !str_has(s, '.') ||
	    str_has(s, '\0'))
		return false;
	name = copy(t, s);
	if (!dns_hostname(name))
		return false;
	for (i = 0; i < s.n; i++)
		name[i] = str_lower(name[i]);
	t->domain = name;
	return true;
}

void
operand_read(struct task *t, struct str in)
{
	struct str s = str_trim(in);
	const char *at;

	if (is_plain(t, s))
		return;
	if (s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = str_to(str_from(s, 1), s.n - 2);
	if (str_starts(s, "mailto:"))
		s = str_from(s, 7);
	in = s;
	at = s.n > 0 ? os_last(s.p, '@', s.n) : NULL;
	if (at != NULL)
		s = str_from(s, (size_t)(at - s.p) + 1);
	if ((at == NULL || at > in.p) && is_address(t, s))
		return;
	t->why = other_shape(t, in, s);
	if (t->why == NULL)
		t->why = name_why(t, s);
	if (t->why != NULL) {
		t->kind = IN_BAD;
		return;
	}
	if (at != NULL) {
		t->kind = IN_MAILBOX;
		t->local = copy(t, str_to(in, (size_t)(at - in.p)));
	}
}
