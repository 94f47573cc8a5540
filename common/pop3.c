/*
 * pop3.c: the client's side of POP3 (RFC 1939, 2449, 2595, 5034, 6856)
 *
 * A server without CAPA is asked for nothing it need not know: UIDL and TOP
 * are tried and may be refused.  Nothing learnt before TLS is kept.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn_early.h"
#include "conn_secret.h"
#include "conn_tls.h"
#include "hint.h"
#include "later.h"
#include "limit.h"
#include "mem.h"
#include "pop3.h"
#include "sasl_exchange.h"
#include "search.h"
#include "trace.h"

enum {
	/* RFC 5034 section 4; what is longer, such as a token, waits. */
	AUTH_LINE = 255
};

/* ---- answers ---- */

/* "[IN-USE] text": RFC 2449 section 8. */
static struct str
take_code(struct pop3 *p, struct str text)
{
	struct str rest = text, code;

	p->code[0] = '\0';
	if (text.n == 0 || text.p[0] != '[')
		return text;
	rest = str_from(rest, 1);
	code = str_cut(&rest, ']');
	if (rest.p == NULL || code.n >= sizeof p->code || str_has(code, ' '))
		return text;
	snprintf(p->code, sizeof p->code, "%.*s", STR_ARG(code));
	return text;			/* people may want to read it */
}

/* 0, -1; a line that is neither +OK, -ERR nor "+ " ends the session. */
static int
reply_status(struct pop3 *p, struct str l)
{
	struct str text;

	p->crlf |= conn_line_crlf(p->c);
	p->ok = str_starts(l, "+OK");
	if (!p->ok && !str_starts(l, "-ERR"))
		return conn_fail(p->c, EX_PROTOCOL, "this is not POP3: %.*s",
		    (int)(l.n < 200 ? l.n : 200), l.p);
	text = str_trim(str_from(l, p->ok ? 3 : 4));
	snprintf(p->text, sizeof p->text, "%.*s", (int)(text.n <
	    sizeof p->text ? text.n : sizeof p->text - 1), text.p);
	take_code(p, text);
	if (p->unasked && p->ok)
		return conn_abort(p->c, EX_PROTOCOL, "an answer to what was not said: %s",
		    p->text);
	return 0;
}

/* It is whole. */
static void
pop3_heard(struct pop3 *p)
{
	p->due -= p->due > 0;
}

/* The first line of an answer whose other lines, if p->ok, are to be read. */
static int
pop3_begins(struct pop3 *p)
{
	struct str l;

	p->ok = false;
	if ((l.p = conn_line(p->c, &l.n)) == NULL || reply_status(p, l) < 0)
		return -1;
	if (!p->ok)
		pop3_heard(p);
	return 0;
}

/* The answer to a command of one line: 0, see p->ok; -1. */
static int
pop3_answer(struct pop3 *p)
{
	if (pop3_begins(p) < 0)
		return -1;
	if (p->ok)
		pop3_heard(p);
	return 0;
}

/*
 * Before a command, whose answer is due from now on.  If none is yet, nothing
 * may have come: but for -ERR, with which a server hangs up, and which is left
 * to be heard as the next answer.
 */
static void
pop3_turn(struct pop3 *p)
{
	if (p->due++ == 0 && !conn_write_closed(p->c))
		p->unasked |= conn_our_turn(p->c, "-") > 0;
}

int
pop3_status(const struct pop3 *p, int otherwise)
{
	struct str c = str_of(p->code);

	if (str_is(c, "IN-USE") || str_is(c, "LOGIN-DELAY") ||
	    str_is(c, "SYS/TEMP"))
		return EX_TEMPFAIL;
	if (str_is(c, "SYS/PERM"))
		return EX_UNAVAILABLE;
	if (str_is(c, "AUTH"))
		return EX_NOPERM;
	return c.n == 0 && later_by_words(str_of(p->text)) ? EX_TEMPFAIL :
	    otherwise;
}

static int
pop3_refused(struct pop3 *p, const char *what, int code)
{
	return conn_fail(p->c, pop3_status(p, code), "%s: %s", what,
	    p->text[0] != '\0' ? p->text : "-ERR");
}

static void __attribute__((format(printf, 2, 3)))
pop3_say(struct pop3 *p, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line - 2, fmt, ap);
	va_end(ap);
	pop3_turn(p);
	conn_printf(p->c, "%s\r\n", line);
}

static int
pop3_ask(struct pop3 *p, const char *command)
{
	conn_phase(p->c, command, CONN_COMMAND);
	pop3_say(p, "%s", command);
	return pop3_answer(p);
}

/* The next line of a short multi-line answer: 1, 0 at the dot, -1. */
static int
more_lines(struct pop3 *p, struct str *l)
{
	if ((l->p = conn_line(p->c, &l->n)) == NULL)
		return -1;
	if (l->n == 0 || l->p[0] != '.')
		return 1;
	*l = str_from(*l, 1);
	if (l->n == 0)
		pop3_heard(p);
	return l->n > 0;
}

/* ---- capabilities ---- */

static const struct {
	const char *name;
	unsigned cap;
} keywords[] = {
	{ "PIPELINING", POP3_PIPELINING }, { "UIDL", POP3_UIDL },
	{ "TOP", POP3_TOP }, { "STLS", POP3_STLS }, { "SASL", POP3_SASL },
	{ "USER", POP3_USER }, { "RESP-CODES", POP3_RESP_CODES },
	{ "UTF8", POP3_UTF8 },
};

static void
capability(struct pop3 *p, struct str l)
{
	struct str word = str_word(&l), rest = str_trim(l);
	uint64_t v;
	size_t i;

	for (i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (str_is(word, keywords[i].name))
			p->caps |= keywords[i].cap;
	if (str_is(word, "SASL"))
		snprintf(p->mechs, sizeof p->mechs, "%.*s", STR_ARG(rest));
	else if (str_is(word, "IMPLEMENTATION"))
		snprintf(p->server, sizeof p->server, "%.*s", STR_ARG(rest));
	else if (str_is(word, "EXPIRE"))
		p->expire = str_num(str_word(&rest), 100000, &v) == 0 ?
		    (int)v : -1;
	else if (str_is(word, "LOGIN-DELAY"))
		p->delay = str_num(str_word(&rest), 100000, &v) == 0 ?
		    (int)v : 0;
}

void
pop3_words(const struct pop3 *p, struct buf *b)
{
	const char *blank = "";
	size_t i;

	for (i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if ((p->caps & keywords[i].cap) != 0) {
			buf_printf(b, "%s%s", blank, keywords[i].name);
			blank = " ";
		}
}

static int
capa(struct pop3 *p)
{
	struct str l;
	int got, n = 0;

	p->caps = 0;
	p->mechs[0] = p->server[0] = '\0';
	p->expire = -1;
	p->delay = 0;
	conn_phase(p->c, "CAPA", CONN_COMMAND);
	pop3_say(p, "CAPA");
	if (pop3_begins(p) < 0)
		return -1;
	if (!p->ok)
		return 0;
	p->caps |= POP3_CAPA;
	while ((got = more_lines(p, &l)) > 0) {
		if (++n > LIMIT_REPLY_LINES)
			return conn_fail(p->c, EX_PROTOCOL, "more than %d capabilities",
			    LIMIT_REPLY_LINES);
		capability(p, l);
	}
	return got;
}

/*
 * Without CAPA it is tried all the same: never on without TLS.  CONN_AGAIN:
 * the greeting comes once more.
 */
static int
stls(struct pop3 *p)
{
	int got;

	if ((p->caps & POP3_CAPA) != 0 && (p->caps & POP3_STLS) == 0)
		return conn_fail(p->c, EX_NOPERM, "the server offers no STLS, and nothing is sent without TLS (--tls off)");
	if (pop3_ask(p, "STLS") < 0)
		return -1;
	if (!p->ok)
		return conn_fail(p->c, EX_NOPERM, "STLS: %s", p->text);
	if ((got = conn_starttls(p->c)) < 0)
		return -1;
	*p = (struct pop3){ .c = p->c, .expire = -1 };
	return got == CONN_AGAIN ? got : capa(p);
}

/* ---- what was known before ---- */

/*
 * Mechanisms of one step, by pop3_memory.mech.  The numbers are remembered for
 * long: a new one goes to the end.
 */
static const char *const simple[] = { NULL, "PLAIN", "LOGIN", "OAUTHBEARER",
    "XOAUTH2", "EXTERNAL" };

enum { SIMPLE = sizeof simple / sizeof *simple };

/*
 * A server that has been replaced seldom greets in the same words.  The time
 * stamp at the end differs each time.
 */
static unsigned
digest(const char *greeting)
{
	unsigned h = 2166136261u;

	for (; *greeting != '\0' && *greeting != '<'; greeting++)
		h = (h ^ (unsigned char)*greeting) * 16777619u;
	return h >> 12 ^ (h & 0xfff);
}

struct pop3_memory
pop3_recall(const struct pop3 *p)
{
	const unsigned need = POP3_CAPA | POP3_PIPELINING | POP3_UIDL |
	    POP3_TOP | POP3_SASL;
	unsigned i;

	if (p->banner == 0)		/* said in plaintext, or not yet */
		return (struct pop3_memory){ 0 };
	for (i = 1; i < SIMPLE; i++)
		if (strcmp(p->mech, simple[i]) == 0 &&
		    (p->caps & need) == need)
			return (struct pop3_memory){ .caps = p->caps % POP3_CAPS,
			    .mech = i, .banner = p->banner };
	return (struct pop3_memory){ 0 };
}

static bool
recall(struct pop3 *p, const struct pop3_memory *known)
{
	if (known == NULL || known->mech == 0 || known->mech >= SIMPLE ||
	    known->banner != p->banner)
		return false;
	p->caps = known->caps;
	snprintf(p->mechs, sizeof p->mechs, "%s", simple[known->mech]);
	return p->recalled = true;
}

static int
pop3_greeted(struct pop3 *p, enum conn_tls tls, const struct pop3_memory *known)
{
	if (hint_greeting(p->c, "pop3", CONN_GREETING) < 0)
		return -1;
	if (pop3_answer(p) < 0)
		return -1;
	if (!p->ok)
		return pop3_refused(p, "greeting", EX_TEMPFAIL);
	if (tls == CONN_TLS_IMPLICIT)
		p->banner = digest(p->text);
	if (tls == CONN_TLS_IMPLICIT && recall(p, known))
		return 0;
	if (capa(p) < 0)
		return -1;
	return tls == CONN_TLS_STARTTLS ? stls(p) : 0;
}

int
pop3_open(struct pop3 *p, struct conn *c, enum conn_tls tls,
    const struct pop3_memory *known)
{
	int got;

	*p = (struct pop3){ .c = c, .expire = -1 };
	if (tls == CONN_TLS_IMPLICIT && hint_tls(c) < 0)
		return -1;
	do {
		got = pop3_greeted(p, tls, known);
	} while (got == CONN_AGAIN);
	if (got < 0)
		return -1;
	conn_settled(c);
	return 0;
}

/* ---- login ---- */

/* 1: a "+ challenge" is in *l; 0: +OK or -ERR; -1. */
static int
challenged(struct pop3 *p, struct str *l)
{
	while (p->due > 1)		/* the answer to UTF8 */
		if (pop3_answer(p) < 0)
			return -1;
	p->ok = false;
	p->text[0] = p->code[0] = '\0';
	if ((l->p = conn_line(p->c, &l->n)) == NULL)
		return -1;
	pop3_heard(p);
	if (l->n >= 1 && l->p[0] == '+' && !str_starts(*l, "+OK")) {
		*l = str_trim(str_from(*l, 1));
		return 1;
	}
	return reply_status(p, *l);
}

static int
pop3_verdict(struct pop3 *p, struct sasl_exchange *x)
{
	const char *reason = sasl_exchange_reason(x);

	if (p->ok)
		return sasl_exchange_proved(x);
	if (p->recalled && pop3_status(p, 0) == 0)
		return 1;
	return conn_fail(p->c, pop3_status(p, EX_NOPERM),
	    "login refused: %s%s%s%s", p->text, reason[0] != '\0' ? " / " :
	    "", reason, sasl_exchange_instead(x));
}

static int
pop3_exchange(struct pop3 *p, struct sasl_exchange *x)
{
	struct buf kept = { .max = 16384 };	/* pop3_turn reads on */
	struct str challenge;
	int got;

	while ((got = challenged(p, &challenge)) > 0) {
		kept.n = 0;
		buf_str(&kept, challenge);
		pop3_turn(p);
		if (sasl_exchange_answer(x, BUF_STR(kept)) < 0) {
			got = -1;
			break;
		}
	}
	buf_free(&kept);
	return got < 0 ? -1 : pop3_verdict(p, x);
}

/* 0; 1 refused, but it was not asked whether the mechanism is there; -1. */
static int
by_sasl(struct pop3 *p, const struct sasl_login *login)
{
	struct sasl_exchange x = { .c = p->c, .verb = "AUTH",
	    .room = AUTH_LINE };
	int got;

	conn_phase(p->c, "AUTH", CONN_COMMAND);
	pop3_turn(p);
	if (sasl_exchange_begin(&x, login, p->mechs) < 0)
		return -1;
	snprintf(p->mech, sizeof p->mech, "%s", sasl_exchange_mech(&x));
	got = pop3_exchange(p, &x);
	sasl_exchange_end(&x);
	return got;
}

/* For servers from before RFC 5034.  login->tls was asked for by then. */
static int
by_pass(struct pop3 *p, const struct sasl_login *l)
{
	const struct secret *s = l->password;

	if (l->authzid != NULL)
		return conn_fail(p->c, EX_NOPERM, "the server has no SASL, and USER cannot act for another user (--authzid)");
	if (l->user == NULL || s == NULL || !l->tls || l->mechs != NULL)
		return conn_fail(p->c, EX_NOPERM, "the server has no SASL, and USER and PASS cannot be used here");
	if (memchr(s->p, '\n', s->n) || memchr(s->p, '\r', s->n) ||
	    memchr(s->p, '\0', s->n))
		return conn_fail(p->c, EX_DATAERR, "a password with a line end or a NUL");
	snprintf(p->mech, sizeof p->mech, "USER");
	conn_phase(p->c, "USER", CONN_COMMAND);
	pop3_say(p, "USER %s", l->user);
	if (pop3_answer(p) < 0)
		return -1;
	if (!p->ok)
		return pop3_refused(p, "login refused", EX_NOPERM);
	conn_hide(p->c, (struct str){ s->p, s->n });
	pop3_turn(p);
	conn_mask(p->c, "PASS");
	conn_printf(p->c, "PASS %.*s\r\n", (int)s->n, s->p);
	conn_mask(p->c, NULL);
	if (pop3_answer(p) < 0)
		return -1;
	return p->ok ? 0 : pop3_refused(p, "login refused", EX_NOPERM);
}

/*
 * Asks after all for what was known.  The same secret is not said again to a
 * server that still has the mechanism, or that has hung up.
 */
static int
ask_again(struct pop3 *p, const struct sasl_login *l)
{
	struct err *e = conn_err(p->c);
	char text[sizeof p->text];
	struct str all, w;
	int got;

	snprintf(text, sizeof text, "%s", p->text);
	p->recalled = false;
	got = capa(p);
	all = str_of(p->mechs);
	while (got == 0 && (w = str_word(&all)).n > 0)
		if (str_is(w, p->mech))
			got = -1;
	if (got == 0)
		return by_sasl(p, l);
	fail_clear(e);
	return conn_fail(p->c, EX_NOPERM, "login refused: %s", text);
}

/* RFC 6856 has it before the login; who refuses does without. */
static int
say_utf8(struct pop3 *p)
{
	if ((p->caps & POP3_UTF8) == 0)
		return 0;
	if ((p->caps & POP3_PIPELINING) == 0 || p->mechs[0] == '\0')
		return pop3_ask(p, "UTF8");
	pop3_say(p, "UTF8");
	return 0;
}

int
pop3_auth(struct pop3 *p, const struct sasl_login *l)
{
	bool had = (p->caps & POP3_CAPA) != 0;
	int got;

	if (say_utf8(p) < 0)
		return -1;
	got = p->mechs[0] != '\0' ? by_sasl(p, l) : by_pass(p, l);
	if (got == 1)
		got = ask_again(p, l);
	conn_wipe(p->c);
	if (got < 0)
		return -1;
	trace_note(TRACE_DONE, "logged in as %s by %s", l->user != NULL ?
	    l->user : "the certificate's", p->mech);
	/* Most say all before the login; who has to hide something does not. */
	if (had && (p->caps & (POP3_UIDL | POP3_TOP)) !=
	    (POP3_UIDL | POP3_TOP))
		return capa(p);
	return 0;
}

/* ---- the list ---- */

struct list {
	struct pop3_message *m;
	size_t n, cap;
	bool sorted;
};

static int
listing_add(struct pop3 *p, struct list *l, struct str line)
{
	struct str num = str_word(&line), size = str_word(&line);
	uint64_t i, bytes;

	if (str_num(num, UINT32_MAX, &i) < 0 || i == 0 ||
	    str_num(size, INT64_MAX, &bytes) < 0)
		return conn_fail(p->c, EX_PROTOCOL, "LIST: a malformed line");
	if (l->n == LIMIT_MAILDROP)
		return conn_fail(p->c, EX_PROTOCOL, "LIST: more than %d messages",
		    LIMIT_MAILDROP);
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 256;
		l->m = mem_grow(l->m, l->cap, sizeof *l->m);
	}
	l->sorted = l->sorted && (l->n == 0 || l->m[l->n - 1].number < i);
	l->m[l->n++] = (struct pop3_message){ (uint32_t)i,
	    bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX };
	return 0;
}

static int
hear_list(struct pop3 *p, struct list *l)
{
	struct str line;
	int got;

	conn_phase(p->c, "LIST", CONN_BODY);
	if (pop3_begins(p) < 0)
		return -1;
	if (!p->ok)
		return pop3_refused(p, "LIST", EX_UNAVAILABLE);
	conn_body(p->c, true);
	while ((got = more_lines(p, &line)) > 0)
		if (listing_add(p, l, line) < 0)
			return -1;
	return got;
}

static int
by_number(const void *a, const void *b)
{
	const struct pop3_message *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Whoever is there twice is one message. */
static void
sort(struct list *l)
{
	size_t i, n = 0;

	if (l->sorted)
		return;
	qsort(l->m, l->n, sizeof *l->m, by_number);
	for (i = 0; i < l->n; i++)
		if (n == 0 || l->m[n - 1].number != l->m[i].number)
			l->m[n++] = l->m[i];
	l->n = n;
}

int
pop3_list(struct pop3 *p, struct pop3_message **to, size_t *n)
{
	bool uidl = (p->caps & POP3_UIDL) != 0 || (p->caps & POP3_CAPA) == 0;
	bool both = uidl && (p->caps & POP3_PIPELINING) != 0;
	struct list l = { .sorted = true };

	pop3_say(p, "LIST");
	if (both)
		pop3_say(p, "UIDL");
	if (hear_list(p, &l) < 0) {
		free(l.m);
		return -1;
	}
	if (uidl && !both)
		pop3_say(p, "UIDL");
	sort(&l);
	p->uidl = uidl ? POP3_UIDL_SAID : POP3_UIDL_NOT;
	*to = l.m;
	*n = l.n;
	return 0;
}

static int
hear_uidl(struct pop3 *p)
{
	conn_phase(p->c, "UIDL", CONN_BODY);
	if (pop3_begins(p) < 0)
		return -1;
	conn_body(p->c, p->ok);
	p->caps &= ~(unsigned)POP3_UIDL;
	p->caps |= p->ok ? POP3_UIDL : 0;
	p->uidl = p->ok ? POP3_UIDL_COMES : POP3_UIDL_NOT;
	p->lines = p->unlisted = 0;
	return 0;
}

/* Both lists are in the same order nearly always. */
static bool
listing_place(const struct pop3_message *m, size_t n, uint64_t number,
    size_t *at)
{
	const struct pop3_message key = { .number = (uint32_t)number };

	if (*at < n && m[*at].number == number)
		return true;
	*at = search_exact(&key, m, n, sizeof key, by_number);
	return *at < n;
}

int
pop3_uidl(struct pop3 *p, const struct pop3_message *m, size_t n, size_t *at,
    struct str *uid)
{
	uint64_t number;
	int got;

	if (p->uidl == POP3_UIDL_SAID && hear_uidl(p) < 0)
		return -1;
	if (p->uidl == POP3_UIDL_NOT)
		return 0;
	while ((got = more_lines(p, uid)) > 0) {
		if (str_num(str_word(uid), UINT32_MAX, &number) < 0)
			return conn_fail(p->c, EX_PROTOCOL, "UIDL: a malformed line");
		if (p->lines > n + 1000)
			return conn_fail(p->c, EX_PROTOCOL, "UIDL: more messages than LIST has");
		*uid = str_trim(*uid);
		*at = p->lines++;
		if (listing_place(m, n, number, at))
			return 1;
		p->unlisted++;
	}
	p->uidl = POP3_UIDL_NOT;
	return got;
}

/* ---- messages ---- */

void
pop3_top(struct pop3 *p, uint32_t number)
{
	pop3_say(p, "TOP %u 0", number);
}

void
pop3_retr(struct pop3 *p, uint32_t number)
{
	pop3_say(p, "RETR %u", number);
}

void
pop3_dele(struct pop3 *p, uint32_t number)
{
	pop3_say(p, "DELE %u", number);
}

int
pop3_deleted(struct pop3 *p)
{
	conn_phase(p->c, "DELE", CONN_COMMAND);
	return pop3_answer(p);
}

/*
 * At the beginning of a line: 1 the end, 0 not, and a stuffed dot is taken.
 *
 * Who sends us mail writes what is in it, bare LFs and dots as well.  A server
 * that knows CRLF alone does not stuff a dot behind a bare LF: if that ended
 * the message, its sender could go on with another one of his making.
 */
static int
dot(struct pop3 *p)
{
	const char *at;

	if (conn_peek(p->c, &at, 1) < 0)
		return -1;
	if (at[0] != '.')
		return 0;
	if (conn_peek(p->c, &at, 2) < 0 ||
	    (at[1] == '\r' && conn_peek(p->c, &at, 3) < 0))
		return -1;
	if ((at[1] == '\n' && !p->crlf) || (at[1] == '\r' && at[2] == '\n')) {
		conn_take(p->c, at[1] == '\n' ? 2 : 3);
		pop3_heard(p);
		return 1;
	}
	conn_take(p->c, 1);
	return 0;
}

/*
 * How many of the n bytes are sure to be text: up to a "\n" that a "."
 * follows.
 */
static size_t
plain_bytes(const char *at, size_t n)
{
	const char *nl = at, *end = at + n;

	/* memmem looks at each byte, memchr at many. */
	while ((nl = memchr(nl, '\n', (size_t)(end - nl))) != NULL)
		if (++nl < end && *nl == '.')
			return (size_t)(nl - at);
	return n;
}

/* n bytes of the message that are there: as far as they are wanted. */
static int
pass_bytes(struct pop3 *p, const struct conn_sink *to, size_t n, uint64_t left)
{
	size_t some = left < n ? (size_t)left : n;

	if (to == NULL)
		some = 0;
	p->over |= n > left;
	if (some > 0 && conn_copy(p->c, to, some) < 0)
		return -1;
	conn_take(p->c, n - some);
	return 0;
}

int
pop3_body(struct pop3 *p, const struct conn_sink *to, uint64_t most)
{
	uint64_t came = 0;
	bool begins = true, cr = false;
	const char *at;
	size_t some;
	long n;
	int got = 0;

	conn_phase(p->c, "a message", CONN_BODY);
	p->over = false;
	if (pop3_begins(p) < 0)
		return -1;
	if (!p->ok)
		return 0;
	conn_body(p->c, true);
	for (;;) {
		if (begins && (got = dot(p)) != 0)
			return got < 0 ? -1 : 0;
		if ((n = conn_peek(p->c, &at, 1)) < 0)
			return -1;
		some = plain_bytes(at, (size_t)n);
		if (some > 1)
			cr = at[some - 2] == '\r';
		begins = at[some - 1] == '\n' && (cr || !p->crlf);
		cr = at[some - 1] == '\r';
		if (pass_bytes(p, to, some, came < most ? most - came : 0) < 0)
			return -1;
		came += some;
		if (came > most && came - most > LIMIT_SKIPPED)
			return conn_fail(p->c, EX_PROTOCOL, "a message of more than %llu bytes goes on for %d MB more",
			    (unsigned long long)most, LIMIT_SKIPPED >> 20);
	}
}

int
pop3_quit(struct pop3 *p, bool wait)
{
	if (conn_write_closed(p->c) || p->gone)
		return -1;
	p->gone = true;
	conn_phase(p->c, "QUIT", CONN_COMMAND);
	pop3_say(p, "QUIT");
	if (!wait)
		return conn_flush(p->c);
	if (pop3_answer(p) < 0)
		return -1;
	return p->ok ? 0 : pop3_refused(p, "QUIT", EX_TEMPFAIL);
}
