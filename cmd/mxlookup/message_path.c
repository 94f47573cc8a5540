/*
 * message_path.c: the hops of a message, and the border
 *
 * Received was never written in one way.  Postfix and sendmail have the client
 * as "HELO (NAME [IP])", Exim as "NAME ([IP] helo=HELO)", qmail as "NAME (HELO
 * HELO) (IP)", Exchange as "HELO (IP)"; what is not understood is left out.
 */
#include "message_path.h"

#include <arpa/inet.h>

#include "date.h"
#include "dns.h"
#include "net_reach.h"

/* ---- words and comments */

static bool
hop_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A comment to its end, those within it, too; without its brackets. */
static struct str
take_comment(struct str *s)
{
	size_t i = 0, depth = 0;
	struct str c;

	do {
		if (s->p[i] == '\\' && i + 1 < s->n)
			i++;
		else if (s->p[i] == '(')
			depth++;
		else if (s->p[i] == ')')
			depth--;
		i++;
	} while (i < s->n && depth > 0);
	c = str_to(str_from(*s, 1), i - 1 - (depth == 0));
	*s = str_from(*s, i);
	return c;
}

/* The next word, or ";"; or a comment. */
static bool
take_word(struct str *s, struct str *word, bool *comment)
{
	size_t n = 0;

	while (s->n > 0 && hop_space(s->p[0]))
		*s = str_from(*s, 1);
	if (s->n == 0)
		return false;
	*comment = s->p[0] == '(';
	if (*comment) {
		*word = take_comment(s);
		return true;
	}
	while (n < s->n && !hop_space(s->p[n]) && s->p[n] != '(' && s->p[n] != ';')
		n++;
	n += n == 0;			/* ";" */
	*word = str_to(*s, n);
	*s = str_from(*s, n);
	return true;
}

/* ---- what is in them */

/*
 * "192.0.2.1", "[IPv6:2001:db8::1]", and "NAME@192.0.2.1", where only what is
 * behind the last "@" is not of the client's choice; p NULL: no address.
 */
static struct str
hop_ip(struct arena *a, struct str s)
{
	unsigned char raw[16];
	char text[64];

	while (str_has(s, '@'))
		str_cut(&s, '@');
	if (s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = str_to(str_from(s, 1), s.n - 2);
	if (str_starts(s, "IPv6:"))
		s = str_from(s, 5);
	if (str_has(s, ':'))		/* "fe80::1%4": of which interface */
		s = str_cut(&s, '%');
	if (s.n == 0 || s.n >= sizeof text)
		return (struct str){ NULL, 0 };
	str_copy(text, s);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, raw) == 1)
		return arena_str(a, (struct str){ (char *)raw, 4 });
	if (inet_pton(AF_INET6, text, raw) == 1)
		return arena_str(a, (struct str){ (char *)raw, 16 });
	return (struct str){ NULL, 0 };
}

/* "TLSv1.3", "TLS1_2", and nothing else around it. */
static bool
tls_version(struct str s)
{
	if (!str_starts(s, "TLS"))
		return false;
	s = str_from(s, 3);
	if (s.n > 0 && str_lower(s.p[0]) == 'v')
		s = str_from(s, 1);
	return (s.n == 1 || (s.n == 3 && (s.p[1] == '.' || s.p[1] == '_') &&
	    str_digit(s.p[2]))) && str_digit(s.p[0]);
}

static const char *
host_name(struct arena *a, struct str s)
{
	char name[DNS_NAMELEN];

	if (s.n == 0 || s.n >= 256 || str_has(s, '\0') || str_is(s, "unknown") ||
	    dns_name(arena_dup(a, s), name) < 0)
		return NULL;
	return arena_dup(a, str_of(name));
}

/* A word, without what is behind "," or ";" or "]" in it. */
static struct str
bare_word(struct str *c)
{
	struct str word = str_word(c);
	size_t i;

	for (i = 0; i < word.n && word.p[i] != ',' && word.p[i] != ']' &&
	    word.p[i] != ';'; i++)
		;
	return str_to(word, i + (i < word.n && word.p[i] == ']'));
}

static bool
take_ip(struct message_hop *h, struct arena *a, struct str word,
    struct str name)
{
	struct str ip = hop_ip(a, word);

	if (ip.p == NULL)
		return false;
	h->ip = ip;
	h->name = host_name(a, name);
	return true;
}

/*
 * "NAME [IP]", "[IP] helo=NAME", "HELO NAME", "IP": what the server found out
 * itself stands before what the client told it, so the first address counts,
 * and none behind "KEY=".  A name that sendmail calls forged is none.
 */
static void
read_client(struct message_hop *h, struct arena *a, struct str c)
{
	struct str word, value, name = { NULL, 0 };
	bool said = false;
	size_t n;

	for (n = 0; (word = bare_word(&c)).n > 0; n++, name = n == 1 ? word :
	    (struct str){ NULL, 0 }) {
		value = word;
		str_cut(&value, '=');
		said |= value.p != NULL;
		if (n == 1 && str_is(name, "HELO")) {
			h->name = h->helo;
			h->helo = arena_dup(a, word);
			return;
		}
		if (str_starts(word, "helo=") && h->name == NULL) {
			h->name = h->helo;
			h->helo = arena_dup(a, value);
		} else if (h->told && str_is(word, "(may")) {
			h->name = NULL;
		} else if (!h->told && !said) {
			h->told = take_ip(h, a, word, name);
		}
	}
	h->told |= said;
}

static void
read_tls(struct message_hop *h, struct arena *a, struct str c)
{
	struct str word, value;

	while (h->tls == NULL && (word = bare_word(&c)).n > 0) {
		value = word;
		str_cut(&value, '=');
		if (tls_version(word))
			h->tls = arena_dup(a, word);
		else if (value.p != NULL && tls_version(value))
			h->tls = arena_dup(a, value);
	}
}

/* The protocol says whether there was TLS (RFC 3848, RFC 8314 section 7.4). */
static enum message_fact
encrypted(const struct message_hop *h)
{
	struct str s = str_of(h->with);
	size_t i;

	if (h->tls != NULL)
		return MESSAGE_YES;
	for (i = 0; i + 3 <= s.n; i++)
		if (str_is(str_to(str_from(s, i), 3), "MTP"))
			return i + 3 < s.n && str_lower(s.p[i + 3]) == 's' ?
			    MESSAGE_YES : MESSAGE_NO;
	return str_is(s, "HTTPS") ? MESSAGE_YES : MESSAGE_UNTOLD;
}

enum clause { CLAUSE_FROM, CLAUSE_BY, CLAUSE_VIA, CLAUSE_WITH, CLAUSE_ID,
	CLAUSE_FOR, CLAUSES };

static enum clause
clause_of(struct str word)
{
	static const char *const words[CLAUSES] = { "from", "by", "via",
	    "with", "id", "for" };
	int i;

	for (i = 0; i < CLAUSES; i++)
		if (str_is(word, words[i]))
			return (enum clause)i;
	return CLAUSES;
}

static void
take_value(struct message_hop *h, struct arena *a, enum clause c,
    struct str word)
{
	struct str old;

	if (h->tls == NULL && c > CLAUSE_BY && tls_version(word))
		h->tls = arena_dup(a, word);
	switch (c) {
	case CLAUSE_FROM:
		if (h->helo != NULL)
			break;
		h->helo = arena_dup(a, word);
		if (!h->told)		/* Exim's, or the client's own idea */
			h->ip = hop_ip(a, word);
		break;
	case CLAUSE_BY:
		if (h->by == NULL)
			h->by = arena_dup(a, word);
		break;
	case CLAUSE_WITH:	/* "Microsoft SMTP Server" */
		old = str_of(h->with);
		if (old.n < 64)
			h->with = arena_printf(a, "%.*s%s%.*s", STR_ARG(old),
			    old.n > 0 ? " " : "", STR_ARG(word));
		break;
	case CLAUSE_VIA:
	case CLAUSE_ID:
	case CLAUSE_FOR:
	case CLAUSES:
		break;
	}
}

static void
read_hop(struct message_hop *h, struct arena *a, struct str s)
{
	enum clause at = CLAUSES, next;
	struct str word;
	bool comment, due = false;
	time_t when;

	*h = (struct message_hop){ .when = -1 };
	while (take_word(&s, &word, &comment)) {
		if (comment) {
			read_tls(h, a, word);
			if (at == CLAUSE_FROM && !h->told)
				read_client(h, a, word);
			due = false;
			continue;
		}
		if (str_is(word, ";")) {
			h->when = date_parse(str_trim(s), &when) == 0 ?
			    (int64_t)when : -1;
			continue;
		}
		/* A client may be called "by". */
		next = due ? CLAUSES : clause_of(word);
		due = next != CLAUSES;
		if (due)
			at = next;
		else if (h->when < 0)
			take_value(h, a, at, word);
	}
	h->crypt = encrypted(h);
}

void
message_path(struct message_path *p, struct arena *a,
    const struct dkim_header *head)
{
	const struct dkim_field *f;
	size_t n = dkim_header_count(head, "Received", &f), i;

	*p = (struct message_path){ .n = n < MESSAGE_HOPS ? n : MESSAGE_HOPS,
	    .border.hop = SIZE_MAX };
	p->more = n - p->n;
	p->hop = arena_new(a, p->n, sizeof *p->hop);
	for (i = n; i-- > 0; f = &head->field[f->before]) {
		if (i < p->n)
			read_hop(&p->hop[i], a, f->body);
		if (f->before == TABLE_NONE)
			break;
	}
}

bool
message_path_delay(const struct message_path *p, size_t i, int64_t *seconds)
{
	if (i + 1 >= p->n || p->hop[i].when < 0 || p->hop[i + 1].when < 0)
		return false;
	*seconds = p->hop[i].when - p->hop[i + 1].when;
	return true;
}

/* ---- the border */

/* Addresses that nobody has in the open. */
static bool
inside_net(struct str ip)
{
	switch (net_reach(ip)) {
	case NET_REACH_PRIVATE:
	case NET_REACH_LINK:
	case NET_REACH_HERE:
		return true;
	case NET_REACH_PUBLIC:
	case NET_REACH_NOBODY:
		break;
	}
	return false;
}

static bool
trusted_name(const struct opt_list *trust, const char *host)
{
	char name[DNS_NAMELEN], one[DNS_NAMELEN];
	size_t i;

	if (host == NULL || strlen(host) > 255 || dns_name(host, name) < 0)
		return false;
	for (i = 0; i < trust->n; i++)
		if (dns_name(trust->v[i], one) == 0 && dns_within(name, one))
			return true;
	return false;
}

/* "ESMTPS", "UTF8SMTPA", "Microsoft SMTP Server" */
static bool
says_smtp(struct str s)
{
	for (; s.n >= 4; s = str_from(s, 1))
		if (str_is(str_to(s, 4), "SMTP"))
			return true;
	return false;
}

/*
 * Where there was a client, who speaks SMTP and may be a stranger, its address
 * must be told.  Others come from this side: LMTP, POP3, "mapi".
 */
static bool
client_known(const struct message_hop *h)
{
	return h->ip.p != NULL || h->helo == NULL ||
	    (h->with != NULL && !says_smtp(str_of(h->with)));
}

static bool
trusted_client(const struct opt_list *trust, const struct message_hop *h)
{
	char text[64];
	size_t i;

	if (h->ip.p == NULL || inside_net(h->ip))
		return true;
	dns_addr(h->ip, text, sizeof text);
	for (i = 0; i < trust->n; i++)
		if (str_is(str_of(trust->v[i]), text))
			return true;
	return trusted_name(trust, h->name);
}

/*
 * From the top down: who is trusted wrote this, and if its client is one of
 * theirs, or none, the next one, too.
 */
static void
find_border(struct message_path *p, const struct opt_list *trust)
{
	struct message_border *b = &p->border;
	size_t i;

	for (i = 0; i < p->n && trusted_name(trust, p->hop[i].by); i++) {
		if (!client_known(&p->hop[i])) {
			b->why = "a host of --trust does not say which address gave it the message";
			return;
		}
		if (!trusted_client(trust, &p->hop[i])) {
			b->hop = i;
			b->ip = p->hop[i].ip;
			b->helo = p->hop[i].helo;
			return;
		}
	}
	if (i == 0)
		b->why = "the topmost Received is not by a host of --trust";
	else
		b->why = "no stranger gave it to the hosts of --trust, as far as they say";
}

static void
given_border(struct message_path *p, const struct message_border *given)
{
	size_t i;

	p->border = *given;
	p->border.hop = SIZE_MAX;
	for (i = 0; i < p->n && p->border.hop == SIZE_MAX; i++)
		if (str_eq(p->hop[i].ip, given->ip))
			p->border.hop = i;
	if (p->border.helo == NULL && p->border.hop != SIZE_MAX)
		p->border.helo = p->hop[p->border.hop].helo;
}

/*
 * Return-Path, if it stands above all Received: whoever delivered wrote it.
 * Without a Received it may be anybody's.
 */
static const char *
return_path(struct arena *a, const struct dkim_header *h)
{
	const char *found = NULL;
	struct str s;
	size_t i;

	for (i = 0; i < h->n && !str_is(h->field[i].name, "Received"); i++)
		if (found == NULL && str_is(h->field[i].name, "Return-Path")) {
			s = str_trim(h->field[i].body);
			if (s.n > 1 && s.p[0] == '<' && s.p[s.n - 1] == '>')
				found = arena_dup(a, str_to(str_from(s, 1),
				    s.n - 2));
		}
	return i < h->n ? found : NULL;
}

void
message_path_border(struct message_path *p, struct arena *a,
    const struct dkim_header *h, const struct opt_list *trust,
    const struct message_border *given)
{
	if (given->ip.p != NULL)
		given_border(p, given);
	else if (trust->n > 0)
		find_border(p, trust);
	else
		p->border.why = "which address it came from is not known: --ip, or --trust HOST";
	if (p->border.sender == NULL)
		p->border.sender = return_path(a, h);
}
