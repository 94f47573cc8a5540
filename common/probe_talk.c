/*
 * probe_talk.c: what is said on the mail ports to see who is there, as data
 *
 * A reply is looked at from its beginning each time more of it has come:
 * replies are short, and so no state needs to be kept.
 */
#include <string.h>

#include "probe_talk.h"


static const struct probe_talk smtp = {
	.name = "smtp", .frame = PROBE_NUMBERED,
	.say = { [PROBE_GREETING] = "", [PROBE_CAPS] = "EHLO %s\r\n",
	    [PROBE_HELO] = "HELO %s\r\n", [PROBE_STARTTLS] = "STARTTLS\r\n",
	    [PROBE_CAPS_TLS] = "EHLO %s\r\n",
	    [PROBE_HELO_TLS] = "HELO %s\r\n",
	    [PROBE_MAIL] = "MAIL FROM:<%s>\r\n",
	    [PROBE_RCPT] = "RCPT TO:<%s>\r\n", [PROBE_QUIT] = "QUIT\r\n" },
	.starttls = "STARTTLS",
	.inject = "NOOP\r\n", .injected = "250",
	.login = { "AUTH ", "AUTH=" },
}, lmtp = {
	.name = "lmtp", .frame = PROBE_NUMBERED,
	.say = { [PROBE_GREETING] = "", [PROBE_CAPS] = "LHLO %s\r\n",
	    [PROBE_STARTTLS] = "STARTTLS\r\n",
	    [PROBE_CAPS_TLS] = "LHLO %s\r\n",
	    [PROBE_MAIL] = "MAIL FROM:<%s>\r\n",
	    [PROBE_RCPT] = "RCPT TO:<%s>\r\n", [PROBE_QUIT] = "QUIT\r\n" },
	.starttls = "STARTTLS",
	.inject = "NOOP\r\n", .injected = "250",
	.login = { "AUTH ", "AUTH=" },
}, imap = {
	.name = "imap", .frame = PROBE_TAGGED,
	.say = { [PROBE_GREETING] = "", [PROBE_CAPS] = "c CAPABILITY\r\n",
	    [PROBE_STARTTLS] = "s STARTTLS\r\n",
	    [PROBE_CAPS_TLS] = "c CAPABILITY\r\n",
	    [PROBE_QUIT] = "q LOGOUT\r\n" },
	.starttls = "STARTTLS",
	.inject = "injected NOOP\r\n", .injected = "injected ",
	.login = { "AUTH=" }, .no_login = "LOGINDISABLED",
}, pop3 = {
	.name = "pop3", .frame = PROBE_DOTTED,
	.say = { [PROBE_GREETING] = "", [PROBE_CAPS] = "CAPA\r\n",
	    [PROBE_STARTTLS] = "STLS\r\n", [PROBE_CAPS_TLS] = "CAPA\r\n",
	    [PROBE_QUIT] = "QUIT\r\n" },
	.starttls = "STLS",
	.inject = "CAPA\r\n", .injected = ".",
	.login = { "USER", "SASL " },
}, sieve = {
	.name = "sieve", .frame = PROBE_QUOTED,
	/* RFC 5804 1.1, 2.2: the capabilities are the greeting, and come
	 * again by themselves when TLS has begun. */
	.say = { [PROBE_GREETING] = "", [PROBE_STARTTLS] = "STARTTLS\r\n",
	    [PROBE_CAPS_TLS] = "", [PROBE_QUIT] = "LOGOUT\r\n" },
	.starttls = "STARTTLS",
	.inject = "NOOP \"injected\"\r\n", .injected = "OK (TAG \"injected\"",
	.login = { "SASL " },
};

static const struct probe_proto protos[] = {
	{ "smtp", 25, false, true, &smtp, false },
	{ "smtps", 465, true, false, &smtp, false },
	{ "submission", 587, false, false, &smtp, false },
	{ "submissions", 0, true, false, &smtp, false },
	{ "lmtp", 24, false, false, &lmtp, false },
	{ "imap", 143, false, false, &imap, false },
	{ "imaps", 993, true, false, &imap, false },
	{ "pop3", 110, false, false, &pop3, false },
	{ "pop3s", 995, true, false, &pop3, false },
	{ "sieve", 4190, false, false, &sieve, false },
	{ "tls", 0, true, false, NULL, false },
	{ "auto", 0, false, false, NULL, true },
	/* Not to be named, but what --tls makes of the others. */
	{ "lmtp+tls", 0, true, false, &lmtp, false },
	{ "sieve+tls", 0, true, false, &sieve, false },
};
enum { PROTOS = sizeof protos / sizeof *protos };

const struct probe_proto *
probe_talk_named(struct str name)
{
	size_t i;

	for (i = 0; i < PROTOS; i++)
		if (str_is(name, protos[i].name))
			return &protos[i];
	return NULL;
}

const struct probe_proto *
probe_talk_port(unsigned port)
{
	size_t i;

	for (i = 0; i < PROTOS; i++)
		if (protos[i].port == port && port != 0)
			return &protos[i];
	return probe_talk_named(STR("auto"));
}

const struct probe_proto *
probe_talk_twin(const struct probe_proto *p, bool implicit)
{
	size_t i;

	if (p->talk == NULL || p->implicit == implicit)
		return p;
	for (i = 0; i < PROTOS; i++)
		if (protos[i].talk == p->talk && !protos[i].relay &&
		    protos[i].implicit == implicit)
			return &protos[i];
	return p;
}

/* LMTP's greeting is SMTP's, and nearly all servers say what they are. */
static bool
says(struct str line, const char *word)
{
	return line.n > 0 && memmem(line.p, line.n, word, strlen(word)) !=
	    NULL;
}

const struct probe_talk *
probe_talk_guess(struct str line)
{
	if (line.n >= 3 && str_starts(line, "220"))
		return says(line, "LMTP") ? &lmtp : &smtp;
	if (str_starts(line, "421") || str_starts(line, "554"))
		return &smtp;
	if (str_starts(line, "* OK") || str_starts(line, "* PREAUTH") ||
	    str_starts(line, "* BYE"))
		return &imap;
	if (str_starts(line, "+OK") || str_starts(line, "-ERR"))
		return &pop3;
	if (str_starts(line, "\"IMPLEMENTATION\""))
		return &sieve;
	return NULL;
}

/* ---- replies ---- */

/* The rest of a reply, still to be read. */
struct reader {
	struct str all;
	size_t at;
	const char *why;
};

/* The next line without its line end: 1, 0 not here yet, -1 too long. */
static int
read_line(struct reader *r, struct str *l)
{
	struct str rest = str_from(r->all, r->at);
	const char *nl = rest.n > 0 ? memchr(rest.p, '\n', rest.n) : NULL;

	if ((nl == NULL ? rest.n : (size_t)(nl - rest.p)) > PROBE_LINE) {
		r->why = "a line over 8192 bytes";
		return -1;
	}
	if (r->at > PROBE_REPLY) {
		r->why = "a reply over 65536 bytes";
		return -1;
	}
	if (nl == NULL)
		return 0;
	*l = str_to(rest, (size_t)(nl - rest.p));
	r->at += l->n + 1;
	if (l->n > 0 && l->p[l->n - 1] == '\r')
		l->n--;
	return 1;
}

/*
 * {12} or {12+} at the end of a line: as many bytes follow, and then the rest
 * of the line.  1: they are here; 0: not yet; 2: there is none; -1.
 */
static int
talk_literal(struct reader *r, struct str l)
{
	uint64_t n;
	size_t i, end;

	if (l.n < 3 || l.p[l.n - 1] != '}')
		return 2;
	end = l.n - 1 - (l.p[l.n - 2] == '+');
	for (i = end; i > 0 && str_digit(l.p[i - 1]); i--)
		;
	if (i == 0 || i == end || l.p[i - 1] != '{')
		return 2;
	if (str_num(str_to(str_from(l, i), end - i), PROBE_REPLY, &n) < 0) {
		r->why = "a literal over 65536 bytes";
		return -1;
	}
	if (n > r->all.n - r->at)
		return 0;
	r->at += n;
	return 1;
}

/* A line with all its literals; *l is what stands before the first. */
static int
logical(struct reader *r, struct str *l)
{
	int got = read_line(r, l), more;
	struct str part = *l;

	while (got > 0 && (more = talk_literal(r, part)) != 2)
		got = more > 0 ? read_line(r, &part) : more;
	return got;
}

static int
not(struct reader *r, const char *why)
{
	r->why = why;
	return -1;
}

static int
digits(struct str l)
{
	if (l.n < 3 || l.p[0] < '2' || l.p[0] > '5' || !str_digit(l.p[1]) ||
	    !str_digit(l.p[2]) || (l.n > 3 && l.p[3] != '-' && l.p[3] != ' '))
		return -1;
	return (l.p[0] - '0') * 100 + (l.p[1] - '0') * 10 + (l.p[2] - '0');
}

static int
read_numbered(struct reader *r, struct probe_reply *out)
{
	int got, code, first = 0;
	struct str l;

	while ((got = read_line(r, &l)) > 0) {
		code = digits(l);
		if (code < 0)
			return not(r, "this is no SMTP reply");
		if (first == 0) {
			first = code;
			out->text = l;
		}
		if (code != first)
			return not(r, "one reply with two codes");
		if (l.n == 3 || l.p[3] == ' ')
			break;
	}
	out->code = first;
	if (first < 400)
		out->sense = PROBE_YES;
	else
		out->sense = first < 500 ? PROBE_LATER : PROBE_NO;
	out->bye = first == 421 || first == 221;
	return got;
}

static int
imap_greeting(struct reader *r, struct probe_reply *out)
{
	int got = read_line(r, &out->text);

	if (got <= 0)
		return got;
	out->preauth = str_starts(out->text, "* PREAUTH");
	out->bye = str_starts(out->text, "* BYE");
	out->sense = out->bye ? PROBE_NO : PROBE_YES;
	if (!out->preauth && !out->bye && !str_starts(out->text, "* OK"))
		return not(r, "this is no IMAP greeting");
	return 1;
}

/* Ours are of one letter. */
static int
tagged(struct reader *r, char tag, struct probe_reply *out)
{
	struct str l, rest;
	int got;

	while ((got = logical(r, &l)) > 0) {
		if (l.n >= 2 && l.p[0] == tag && l.p[1] == ' ')
			break;
		if (str_starts(l, "* BYE"))
			out->bye = true;
		if (!str_starts(l, "* "))
			return not(r, "this is no IMAP response");
	}
	if (got <= 0)
		return got;
	rest = str_from(l, 2);
	out->text = l;
	out->sense = str_is(str_word(&rest), "OK") ? PROBE_YES : PROBE_NO;
	return 1;
}

static int
read_dotted(struct reader *r, bool list, struct probe_reply *out)
{
	int got = read_line(r, &out->text);
	struct str l;

	if (got <= 0)
		return got;
	out->sense = str_starts(out->text, "+OK") ? PROBE_YES : PROBE_NO;
	if (out->sense == PROBE_NO && !str_starts(out->text, "-ERR"))
		return not(r, "this is no POP3 reply");
	while (list && out->sense == PROBE_YES && (got = read_line(r, &l)) > 0)
		if (str_is(l, "."))
			break;
	return got;
}

static int
talk_quoted(struct reader *r, struct probe_reply *out)
{
	struct str l, rest, word;
	int got;

	while ((got = logical(r, &l)) > 0)
		if (l.n == 0 || (l.p[0] != '"' && l.p[0] != '{'))
			break;
	if (got <= 0)
		return got;
	out->text = rest = l;
	word = str_word(&rest);
	out->sense = str_is(word, "OK") ? PROBE_YES : PROBE_NO;
	out->bye = str_is(word, "BYE");
	if (out->sense == PROBE_NO && !out->bye && !str_is(word, "NO"))
		return not(r, "this is no ManageSieve response");
	return 1;
}

int
probe_talk_reply(const struct probe_talk *t, enum probe_step step,
    struct str in, struct probe_reply *out, const char **why)
{
	struct reader r = { .all = in };
	int got = -1;

	*out = (struct probe_reply){ .sense = PROBE_NO };
	switch (t->frame) {
	case PROBE_NUMBERED:
		got = read_numbered(&r, out);
		break;
	case PROBE_TAGGED:
		got = step == PROBE_GREETING ? imap_greeting(&r, out) :
		    tagged(&r, t->say[step][0], out);
		break;
	case PROBE_DOTTED:
		got = read_dotted(&r, step == PROBE_CAPS ||
		    step == PROBE_CAPS_TLS, out);
		break;
	case PROBE_QUOTED:
		got = talk_quoted(&r, out);
		break;
	}
	if (got == 0 && in.n > PROBE_REPLY)
		got = not(&r, "a reply over 65536 bytes");
	out->all = str_to(in, r.at);
	*why = r.why;
	return got;
}

/* ---- capabilities ---- */

struct list {
	const char **v;
	size_t n;
	struct arena *mem;
};

static void
talk_add(struct list *l, struct str s)
{
	char *p;
	size_t i;

	s = str_trim(s);
	if (s.n == 0 || l->n == PROBE_CAPS_MOST)
		return;
	p = arena_dup(l->mem, s);
	for (i = 0; i < s.n; i++)
		if (p[i] == '\0')
			p[i] = ' ';
	l->v[l->n++] = p;
}

/* The lines behind the first, each without its first skip bytes. */
static void
add_lines(struct list *l, struct str reply, size_t skip)
{
	struct str one;

	str_cut(&reply, '\n');
	while (reply.n > 0) {
		one = str_trim(str_cut(&reply, '\n'));
		if (!str_is(one, "."))
			talk_add(l, str_from(one, skip));
	}
}

static void
add_words(struct list *l, struct str reply)
{
	struct str one, word;

	while (reply.n > 0) {
		one = str_trim(str_cut(&reply, '\n'));
		if (!str_starts(one, "* CAPABILITY "))
			continue;
		one = str_from(one, 13);
		while ((word = str_word(&one)).n > 0)
			talk_add(l, word);
	}
}

/* A string of RFC 5804 1.2, its marks taken off, at the end of b. */
static void
read_string(struct reader *r, struct str l, struct str *rest, struct buf *b)
{
	size_t at = r->at, i;

	if (rest->p[0] == '"') {
		for (i = 1; i < rest->n && rest->p[i] != '"'; i++)
			buf_c(b, rest->p[i] == '\\' && i + 1 < rest->n ?
			    rest->p[++i] : rest->p[i]);
		*rest = str_from(*rest, i + 1);
	} else if (talk_literal(r, l) == 1) {
		buf_str(b, str_to(str_from(r->all, at), r->at - at));
		if (read_line(r, rest) <= 0)
			*rest = (struct str){ 0 };
	} else {
		*rest = (struct str){ 0 };
	}
}

/* "NAME" "VALUE" or with literals, as NAME VALUE. */
static void
add_quoted(struct list *list, struct str reply)
{
	struct reader r = { .all = reply };
	struct buf b = { .max = PROBE_REPLY };
	struct str l, rest;

	while (read_line(&r, &l) > 0 && l.n > 0 && (l.p[0] == '"' ||
	    l.p[0] == '{')) {
		b.n = 0;
		b.over = false;
		for (rest = l; (rest = str_trim(rest)).n > 0; l = rest) {
			if (b.n > 0)
				buf_c(&b, ' ');
			read_string(&r, l, &rest, &b);
		}
		talk_add(list, BUF_STR(b));
	}
	buf_free(&b);
}

size_t
probe_talk_caps(const struct probe_talk *t, enum probe_step step,
    struct str reply, struct arena *mem, const char ***out)
{
	const char *v[PROBE_CAPS_MOST];
	struct list l = { v, 0, mem };

	if (t->frame == PROBE_TAGGED)
		add_words(&l, reply);
	else if (t->frame == PROBE_QUOTED)
		add_quoted(&l, reply);
	else if (step == PROBE_CAPS || step == PROBE_CAPS_TLS)
		add_lines(&l, reply, t->frame == PROBE_NUMBERED ? 4 : 0);
	*out = arena_new(mem, l.n + 1, sizeof **out);
	memcpy(*out, v, l.n * sizeof *v);
	return l.n;
}

/* Does s begin with the word, and does the word end there? */
static bool
begins(const char *s, const char *word)
{
	size_t n;

	if (str_lower(s[0]) != str_lower(word[0]))	/* as most do not */
		return false;
	n = strlen(word);
	return str_starts(str_of(s), word) &&
	    (s[n] == '\0' || s[n] == ' ' || s[n] == '=' || word[n - 1] == ' ' ||
	    word[n - 1] == '=');
}

bool
probe_talk_has(const char *const *caps, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (begins(caps[i], word))
			return true;
	return false;
}

const char *
probe_talk_login(const struct probe_talk *t, const char *const *caps,
    size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < 3 && t->login[k] != NULL; k++)
			if (begins(caps[i], t->login[k]))
				return caps[i];
	return n > 0 && t->no_login != NULL &&
	    !probe_talk_has(caps, n, t->no_login) ? "LOGIN" : NULL;
}

void
probe_talk_say(const struct probe_talk *t, enum probe_step step,
    const char *arg, struct buf *out)
{
	const char *s = t->say[step] != NULL ? t->say[step] : "";
	const char *at = strstr(s, "%s");

	if (at == NULL) {
		buf_s(out, s);
		return;
	}
	buf_put(out, s, (size_t)(at - s));
	buf_s(out, arg);
	buf_s(out, at + 2);
}
