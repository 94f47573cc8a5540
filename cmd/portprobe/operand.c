/* operand.c: a target as it is given: an operand, or a line of fields */
#include <string.h>

#include "account_url.h"
#include "addr.h"
#include "dns.h"
#include "operand.h"
#include "os.h"

/* What is typed in another program's way, and what to type here; or 0. */
static int
foreign_way(struct str s, struct err *e)
{
	struct str label = s;
	size_t i;

	if (str_starts(s, "+"))
		return fail(e, EX_USAGE, "\"%.*s\" is an option of dig: see --help",
		    STR_ARG(s));
	for (i = 0; i < s.n; i++)
		if (s.p[i] == '.')
			label = str_from(s, i + 1);
	for (i = 0; i < label.n && str_digit(label.p[i]); i++)
		;
	if (label.n == 0 || i < label.n)
		return 0;
	if (label.n == s.n)
		return fail(e, EX_USAGE, "\"%.*s\" is a port: it stands behind its host, HOST:%.*s, or with -p",
		    STR_ARG(s), STR_ARG(s));
	return fail(e, EX_USAGE, "\"%.*s\" is no domain, for it ends in a number, nor an address that can be asked here",
	    STR_ARG(s));
}

static int
operand_name(struct operand *o, struct str s, struct arena *mem, struct err *e)
{
	char name[DNS_NAMELEN];

	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (foreign_way(s, e) < 0)
		return -1;
	if (!str_ascii(s) && addr_ascii(mem, s, &s, e) < 0)
		return -1;
	if (s.n == 0 || s.n > 300 || str_control(s) || str_has(s, ' ') ||
	    dns_name(arena_dup(mem, s), name) < 0 ||
	    (o->kind == TARGET_HOST && !dns_hostname(name)))
		return fail(e, EX_USAGE, "\"%.*s\" is no host name",
		    STR_ARG(s));
	o->domain = arena_dup(mem, str_of(name));
	return 0;
}

static int
proto_of(struct operand *o, struct str s, struct err *e)
{
	o->proto = probe_talk_named(s);
	return o->proto != NULL ? 0 : fail(e, EX_USAGE,
	    "\"%.*s\" is no protocol (smtp, submission, smtps, lmtp, imap, imaps, pop3, pop3s, sieve, tls, auto)",
	    STR_ARG(s));
}

/* "imaps://jo@mail.example.org": the server of an account, and nobody logs in. */
static int
operand_url(struct operand *o, struct str s, struct arena *mem, struct err *e)
{
	struct account_server a;

	if (account_url(&a, mem, arena_dup(mem, s), "smtp", e) < 0)
		return -1;
	if (a.host == NULL)
		return fail(e, EX_USAGE, "\"%.*s\" names no host", STR_ARG(s));
	o->proto = a.scheme == ACCOUNT_SMTP && a.port != 25 ?
	    probe_talk_named(STR("submission")) :
	    probe_talk_named(account_scheme_name(a.scheme));
	o->port.number = a.port;
	s = str_of(a.host);
	if (net_pton(s, 0, &o->dial) == 0) {
		o->literal = true;
		o->domain = a.host;
		return 0;
	}
	return operand_name(o, s, mem, e);
}

/* "host:imaps" */
static void
named_port(struct operand *o, struct str *s)
{
	const char *colon = s->n > 0 ? os_last(s->p, ':', s->n) : NULL;
	const struct probe_proto *proto;

	if (colon == NULL || o->proto != NULL)
		return;
	proto = probe_talk_named(str_from(*s, (size_t)(colon - s->p) + 1));
	if (proto == NULL)
		return;
	o->proto = proto;
	s->n = (size_t)(colon - s->p);
}

/* "joe@example.org": that of a domain, it may be; a password may stand before it. */
static int
user_given(struct str s, struct err *e)
{
	const char *at = os_last(s.p, '@', s.n);

	return fail(e, EX_USAGE, "a host has no \"user@\", for nobody logs in here; the mail hosts of a domain are probed by mx:%.*s",
	    STR_ARG(str_from(s, (size_t)(at - s.p) + 1)));
}

/* The first word. */
static int
operand_host(struct operand *o, struct str s, struct arena *mem, struct err *e)
{
	const char *slash;
	struct str host;
	unsigned port;

	if (str_starts(s, "mx://") || str_starts(s, "srv://"))
		return fail(e, EX_USAGE, "\"%.*s\" is no URL here: nothing stands between the colon and the domain, as in mx:example.org",
		    STR_ARG(s));
	if (memmem(s.p, s.n, "://", 3) != NULL)
		return operand_url(o, s, mem, e);
	if (str_starts(s, "@"))
		return fail(e, EX_USAGE, "a name server to be asked is given with -s %.*s",
		    STR_ARG(str_from(s, 1)));
	if (str_has(s, '@'))
		return user_given(s, e);
	if (str_starts(s, "mx:") || str_starts(s, "srv:")) {
		o->kind = str_starts(s, "mx:") ? TARGET_MX : TARGET_SRV;
		str_cut(&s, ':');
	}
	slash = s.n > 0 ? os_last(s.p, '/', s.n) : NULL;
	if (slash != NULL) {
		if (proto_of(o, str_from(s, (size_t)(slash - s.p) + 1), e) < 0)
			return -1;
		s.n = (size_t)(slash - s.p);
	}
	named_port(o, &s);
	if (net_hostport(s, &host, &port, e) < 0)
		return -1;
	if (port != 0 && o->kind == TARGET_SRV)
		return fail(e, EX_USAGE, "srv: says the ports itself");
	o->port.number = port;
	if (o->kind == TARGET_HOST && net_pton(host, 0, &o->dial) == 0) {
		o->literal = true;
		o->domain = arena_dup(mem, host);
		return 0;
	}
	return operand_name(o, host, mem, e);
}

/* Another one. */
static int
operand_port(struct operand *o, struct str s, struct err *e)
{
	uint64_t n;

	if (str_num(s, 65535, &n) == 0 && n > 0)
		o->port.number = (unsigned)n;
	else if (net_pton(s, 0, &o->dial) != 0)
		return proto_of(o, s, e);
	return 0;
}

static struct str
operand_word(struct str *s)
{
	struct str w;

	while (s->n > 0 && memchr(", \t\r", s->p[0], 4) != NULL)
		*s = str_from(*s, 1);
	for (w = *s, w.n = 0; w.n < s->n &&
	    memchr(", \t\r", w.p[w.n], 4) == NULL; w.n++)
		;
	*s = str_from(*s, w.n);
	return w;
}

int
operand_parse(struct operand *o, struct str s, const struct settings *set,
    struct arena *mem, struct err *e)
{
	struct str w = operand_word(&s);

	if (operand_host(o, w, mem, e) < 0)
		return -1;
	while ((w = operand_word(&s)).n > 0)
		if (operand_port(o, w, e) < 0)
			return -1;
	if (o->proto != NULL && o->port.number == 0) {
		o->port.number = o->proto->port;
		if (o->port.number == 0 && set->scope.nports != 1)
			return fail(e, EX_USAGE, "\"%s\" needs a port",
			    o->proto->name);
		if (o->port.number == 0)
			o->port.number = set->scope.port[0].number;
	}
	if (o->port.number != 0)
		o->port.proto = o->proto != NULL ? o->proto :
		    probe_talk_port(o->port.number);
	return 0;
}
