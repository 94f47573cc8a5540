/*
 * imap.c: the client's side of IMAP (RFC 3501, 9051): the dialogue
 *
 * imap_read.c has the parser.  Before the login only greetings, capabilities
 * and ID are taken: anything else is from somebody who wants it believed.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "conn_early.h"
#include "conn_secret.h"
#include "conn_tls.h"
#include "conn_trust.h"
#include "deflate.h"
#include "hint.h"
#include "imap.h"
#include "imap_alive.h"
#include "imap_read.h"
#include "later.h"
#include "sasl_exchange.h"
#include "stop.h"
#include "trace.h"
#include "utf7.h"

void
imap_ask(struct imap *m)
{
	m->asked.literal = conn_came(m->c);
	if (m->alive.told == m->tag)
		m->asked.command = m->asked.literal;
}

/* Commands that change nothing on a server; SELECT does, of \\Recent. */
static bool
only_looks(struct str command)
{
	static const char *const verbs[] = { "CAPABILITY", "NOOP", "LOGOUT",
	    "ID", "ENABLE", "COMPRESS", "NAMESPACE", "LIST", "LSUB", "STATUS",
	    "EXAMINE", "UNSELECT", "FETCH", "SEARCH", "IDLE", "NOTIFY",
	    "GETQUOTA", "GETQUOTAROOT" };
	struct str verb = str_word(&command);
	size_t i;

	if (str_is(verb, "UID"))
		verb = str_word(&command);
	for (i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (str_is(verb, verbs[i]))
			return true;
	return false;
}

int
imap_writes(struct imap *m, const char *command)
{
	if (m->may == IMAP_WRITES)
		return 0;
	return conn_abort(m->c, EX_SOFTWARE, "nothing may be written here, and this would: %.*s",
	    (int)strcspn(command, " "), command);
}

unsigned
imap_say(struct imap *m, const char *fmt, ...)
{
	struct buf b = { .max = 65536, .secret = true };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (m->alive.told == m->tag)
		imap_ask(m);
	m->tag++;
	imap_alive_asked(m, BUF_STR(b));
	if (m->append.begun)
		conn_abort(m->c, EX_SOFTWARE, "a command within an APPEND");
	else if (b.over)
		conn_abort(m->c, EX_SOFTWARE, "a command over 64 KB");
	else if (memchr(b.p, '\n', b.n) != NULL)
		conn_abort(m->c, EX_SOFTWARE, "a command with a line end");
	else if (only_looks(BUF_STR(b)) || imap_writes(m, b.p) == 0)
		conn_printf(m->c, "A%u %s\r\n", m->tag, b.p);
	buf_free(&b);
	return m->tag;
}

bool
imap_nameable(struct str name)
{
	return name.n > 0 && name.n <= 2000 && str_utf8(name) &&
	    !str_control(name);
}

/* Atoms, "\Atoms", blanks. */
bool
imap_flags_sayable(const char *flags)
{
	const char *p;

	for (p = flags; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f ||
		    strchr("(){%*\"]", *p) != NULL || (*p == '\\' &&
		    ((p > flags && p[-1] != ' ') || !str_alpha(p[1]))))
			return false;
	return true;
}

int
imap_quote(struct imap *m, struct buf *to, struct str name)
{
	struct buf raw = { .max = 8192 };
	size_t i;

	if (!imap_nameable(name))
		return conn_fail(m->c, EX_USAGE, "this cannot be the name of a folder");
	if (m->utf8)
		buf_str(&raw, name);
	else
		utf7_encode(&raw, name);
	buf_c(to, '"');
	for (i = 0; i < raw.n; i++) {
		if (raw.p[i] == '"' || raw.p[i] == '\\')
			buf_c(to, '\\');
		buf_c(to, raw.p[i]);
	}
	buf_c(to, '"');
	buf_free(&raw);
	return to->over ? -1 : 0;
}

int
imap_wait(struct imap *m, unsigned tag)
{
	struct imap_resp r;

	if (tag == 0)
		return conn_err(m->c)->code != 0 ? -1 : 0;
	do
		if (imap_next(m, &r) < 0)
			return -1;
	while (!imap_done(&r, tag));
	return r.type == IMAP_OK ? 0 : 1;
}

int
imap_severity(const char *text, int otherwise)
{
	static const char *const later[] = { "[UNAVAILABLE]", "[INUSE]",
	    "[LIMIT]", "[SERVERBUG]", "[CONTACTADMIN]" };
	size_t i;

	for (i = 0; i < sizeof later / sizeof *later; i++)
		if (str_starts(str_of(text), later[i]))
			return EX_TEMPFAIL;
	return text[0] != '[' && later_by_words(str_of(text)) ? EX_TEMPFAIL :
	    otherwise;
}

int
imap_must(struct imap *m, unsigned tag, const char *what)
{
	int got = imap_wait(m, tag);

	if (got <= 0)
		return got;
	return conn_fail(m->c, imap_severity(m->text, EX_UNAVAILABLE),
	    "%s: %s", what, m->text);
}

/* ---- opening ---- */

static int
ask_capabilities(struct imap *m)
{
	m->caps = 0;
	m->mechs[0] = m->all[0] = '\0';
	conn_phase(m->c, "CAPABILITY", CONN_COMMAND);
	return imap_must(m, imap_say(m, "CAPABILITY"), "CAPABILITY");
}

static int
greeting(struct imap *m, enum conn_tls tls)
{
	const char *peer = conn_peer(m->c);
	struct imap_resp r;

	if (hint_greeting(m->c, "imap", CONN_GREETING) < 0)
		return -1;
	if (imap_next(m, &r) < 0)
		return -1;
	if (r.tag != 0)
		return conn_fail(m->c, EX_PROTOCOL, "an answer instead of a greeting");
	if (r.type == IMAP_BYE)
		return conn_fail(m->c, imap_severity(m->text, EX_TEMPFAIL),
		    "greeting: %s", m->text);
	if (r.type == IMAP_PREAUTH && (tls == CONN_TLS_STARTTLS ||
	    (!conn_encrypted(m->c) && strcmp(peer, "command") != 0 &&
	    strcmp(peer, "unix") != 0)))
		return conn_fail(m->c, EX_NOPERM, "the server says PREAUTH in plaintext: it may be anybody");
	if (r.type != IMAP_OK && r.type != IMAP_PREAUTH)
		return conn_fail(m->c, EX_PROTOCOL, "this is not IMAP");
	m->authed = r.type == IMAP_PREAUTH;
	return 0;
}

void
imap_free(struct imap *m)
{
	arena_free(&m->in.mem);
	imap_alive_forget(m);
}

/* CONN_AGAIN: the greeting comes once more. */
static int
starttls(struct imap *m)
{
	int got;

	if ((m->caps & IMAP_STARTTLS) == 0)
		return conn_fail(m->c, EX_NOPERM, "the server offers no STARTTLS, and nothing is sent without TLS (--tls off)");
	conn_phase(m->c, "STARTTLS", CONN_COMMAND);
	if ((got = imap_wait(m, imap_say(m, "STARTTLS"))) < 0)
		return -1;
	if (got > 0)
		return conn_fail(m->c, EX_NOPERM, "STARTTLS: %s", m->text);
	if ((got = conn_starttls(m->c)) < 0)
		return -1;
	imap_free(m);
	*m = (struct imap){ .c = m->c, .tag = m->tag, .alive.told = m->tag };
	return got == CONN_AGAIN ? got : ask_capabilities(m);
}

static int
imap_greeted(struct imap *m, enum conn_tls tls)
{
	if (greeting(m, tls) < 0)
		return -1;
	if (m->caps == 0 && ask_capabilities(m) < 0)
		return -1;
	return tls == CONN_TLS_STARTTLS ? starttls(m) : 0;
}

int
imap_open(struct imap *m, struct conn *c, enum conn_tls tls)
{
	int got;

	*m = (struct imap){ .c = c };
	if (tls == CONN_TLS_IMPLICIT && hint_tls(c) < 0)
		return -1;
	do {
		got = imap_greeted(m, tls);
	} while (got == CONN_AGAIN);
	if (got < 0)
		return -1;
	conn_settled(c);
	return 0;
}

/* ---- login ---- */

static int
imap_verdict(struct imap *m, struct sasl_exchange *x, const struct imap_resp *r)
{
	const char *reason = sasl_exchange_reason(x);

	if (r->type == IMAP_OK)
		return sasl_exchange_proved(x);
	return conn_fail(m->c, imap_severity(m->text, EX_NOPERM),
	    "login refused: %s%s%s%s", m->text, reason[0] != '\0' ? " / " :
	    "", reason, sasl_exchange_instead(x));
}

/*
 * Untagged lines may come between.  1: BAD, and nothing was asked: the server
 * does not take an initial response, though it says so (Coremail).
 */
static int
imap_exchange(struct imap *m, struct sasl_exchange *x)
{
	struct imap_resp r;
	bool asked = x->room == 0;

	for (;;) {
		if (imap_next(m, &r) < 0)
			return -1;
		if (imap_done(&r, x->tag) && r.type == IMAP_BAD && !asked)
			return 1;
		if (imap_done(&r, x->tag))
			return imap_verdict(m, x, &r);
		if (r.type != IMAP_CONTINUE)
			continue;
		asked = true;
		if (sasl_exchange_answer(x, str_trim(r.text)) < 0)
			return -1;
		imap_ask(m);	/* queued, no more: r.text was valid to here */
	}
}

/* A server of this run was so: what it costs others is a round trip. */
static atomic_bool no_initial;

static int
try_sasl(struct imap *m, const struct sasl_login *login, bool initial)
{
	struct sasl_exchange x = { .c = m->c, .verb = "AUTHENTICATE",
	    .tag = m->tag + 1, .room = initial ? SIZE_MAX : 0 };
	int got;

	imap_ask(m);
	if (sasl_exchange_begin(&x, login, m->mechs) < 0)
		return -1;
	snprintf(m->mech, sizeof m->mech, "%s", sasl_exchange_mech(&x));
	m->tag = x.tag;
	m->caps = 0;			/* what is said after it counts */
	got = imap_exchange(m, &x);
	sasl_exchange_end(&x);
	return got;
}

static int
by_sasl(struct imap *m, const struct sasl_login *login)
{
	int got = try_sasl(m, login, (m->caps & IMAP_SASL_IR) != 0 &&
	    !atomic_load(&no_initial));

	if (got <= 0)
		return got;
	trace_note(TRACE_DONE, "no initial response is taken here, though SASL-IR is offered");
	atomic_store(&no_initial, true);
	return try_sasl(m, login, false);
}

/*
 * A literal, for a password may have any byte; the server says "+" first,
 * unless it has RFC 7888.
 */
static int
imap_literal(struct imap *m, struct str s, const char *after, unsigned tag)
{
	bool at_once = (m->caps & IMAP_LITERAL_PLUS) != 0 ||
	    ((m->caps & IMAP_LITERAL_MINUS) != 0 && s.n <= 4096);
	struct imap_resp r;

	imap_ask(m);
	conn_printf(m->c, "{%zu%s}\r\n", s.n, at_once ? "+" : "");
	if (at_once) {
		conn_write(m->c, s.p, s.n);
		conn_printf(m->c, "%s", after);
		return 0;
	}
	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (imap_done(&r, tag))
			return conn_fail(m->c, EX_NOPERM, "login refused: %s",
			    m->text);
	} while (r.type != IMAP_CONTINUE);
	conn_write(m->c, s.p, s.n);
	conn_printf(m->c, "%s", after);
	return 0;
}

/* For servers without any AUTH=; never where LOGINDISABLED is said. */
static int
by_login(struct imap *m, const struct sasl_login *l)
{
	int got;

	if (l->authzid != NULL)
		return conn_fail(m->c, EX_NOPERM, "the server has no AUTH=, and LOGIN cannot act for another user (--authzid)");
	if ((m->caps & IMAP_LOGINDISABLED) != 0 || l->user == NULL ||
	    l->password == NULL || !l->tls || l->mechs != NULL)
		return conn_fail(m->c, EX_NOPERM, "the server has no way to log in that can be used here");
	snprintf(m->mech, sizeof m->mech, "LOGIN");
	conn_phase(m->c, "LOGIN", CONN_COMMAND);
	conn_hide(m->c, (struct str){ l->password->p, l->password->n });
	imap_ask(m);
	conn_mask(m->c, "LOGIN");
	conn_printf(m->c, "A%u LOGIN ", ++m->tag);
	got = imap_literal(m, str_of(l->user), " ", m->tag);
	if (got == 0)
		got = imap_literal(m, (struct str){ l->password->p,
		    l->password->n }, "\r\n", m->tag);
	m->caps = 0;
	if (got == 0)
		got = imap_wait(m, m->tag);
	conn_mask(m->c, NULL);
	return got <= 0 ? got : conn_fail(m->c,
	    imap_severity(m->text, EX_NOPERM), "login refused: %s", m->text);
}

int
imap_auth(struct imap *m, const struct sasl_login *l)
{
	int got;

	if (m->authed)			/* by PREAUTH */
		return 0;
	got = m->mechs[0] != '\0' ? by_sasl(m, l) : by_login(m, l);
	conn_wipe(m->c);
	if (got < 0)
		return -1;
	m->authed = true;
	trace_note(TRACE_DONE, "logged in as %s by %s", l->user != NULL ?
	    l->user : "the certificate's", m->mech);
	return m->caps != 0 ? 0 : ask_capabilities(m);
}

int
imap_deflate(struct imap *m)
{
	int got;

	if ((m->caps & IMAP_COMPRESS) == 0 || !deflate_here())
		return 0;
	conn_phase(m->c, "COMPRESS", CONN_COMMAND);
	got = imap_wait(m, imap_say(m, "COMPRESS DEFLATE"));
	if (got != 0)
		return got < 0 ? -1 : 0;
	m->deflated = true;
	return conn_deflate(m->c);
}

void
imap_quit(struct imap *m)
{
	char bye[32];

	if (m->append.begun)
		conn_abort(m->c, EX_TEMPFAIL, "APPEND: given up");
	if (!conn_write_closed(m->c) && !m->gone) {
		m->gone = true;
		conn_phase(m->c, "LOGOUT", CONN_COMMAND);
		imap_say(m, "LOGOUT");
		if (!stop_asked())	/* else it leaves with conn_close */
			conn_flush(m->c);
	} else if (m->authed && !m->gone) {
		snprintf(bye, sizeof bye, "A%u LOGOUT", ++m->tag);
		conn_farewell(m->c, bye);
	}
	imap_free(m);
}
