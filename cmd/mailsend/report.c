/* report.c: what became of it: stderr, -j, exit status */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "json.h"
#include "trace.h"

enum {
	FEW = 5,			/* recipients have a line each */
	NAMES_MAX = 20,			/* of more, in their one line, */
	NAMES_LONG = 1500		/* if they are no longer: the reason is
					 * behind them */
};

const char *
report_state(enum smtp_state s)
{
	static const char *const names[] = {
		[SMTP_UNTRIED] = "untried", [SMTP_TAKEN] = "taken",
		[SMTP_SENT] = "sent", [SMTP_DEFERRED] = "deferred",
		[SMTP_REFUSED] = "refused", [SMTP_UNKNOWN] = "unknown",
	};

	return names[s];
}

/* Is it in the queue, so that nothing is left to the caller? */
static bool
waits(const struct smtp_rcpt *p, const struct report *r)
{
	return r->queued != NULL && p->state != SMTP_SENT &&
	    p->state != SMTP_REFUSED;
}

int
report_status(const struct smtp_rcpt *r, const struct options *o)
{
	if (r->stage == SMTP_AT_ROUTE)
		return r->exit;
	switch (r->state) {
	case SMTP_SENT:
		return 0;
	case SMTP_TAKEN:		/* else it has another state by now */
		return o->sending.quit_after != OPTION_STEP_ALL ? 0 :
		    EX_SOFTWARE;
	case SMTP_REFUSED:
		return r->stage == SMTP_AT_RCPT ? EX_NOUSER : EX_UNAVAILABLE;
	default:			/* what says why may weigh more */
		return EX_TEMPFAIL;
	}
}

static int
exit_status(const struct letter *l, const struct options *o,
    const struct report *r, const struct err *e)
{
	int worst = fail_worse(e->code, l->envelope.skipped ? EX_DATAERR : 0);
	size_t i;

	for (i = 0; i < l->envelope.mail.n; i++)
		if (!waits(&l->envelope.mail.rcpt[i], r))
			worst = fail_worse(worst,
			    report_status(&l->envelope.mail.rcpt[i], o));
	return worst;
}

/* Have the two met the same fate, by the same words? */
static bool
same_fate(const struct smtp_rcpt *a, const struct smtp_rcpt *b)
{
	return a->state == b->state && a->stage == b->stage &&
	    a->reply.code == b->reply.code &&
	    strcmp(a->reply.text, b->reply.text) == 0;
}

/* "a@b, c@d and 198 more" */
static void
name_rcpts(struct buf *b, const struct smtp_rcpt *r, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < NAMES_MAX && b->n < NAMES_LONG; i++)
		buf_printf(b, "%s%s", i > 0 ? ", " : "", r[i].addr);
	if (n > i)
		buf_printf(b, " and %zu more (-j has all)", n - i);
}

/* One line for n recipients that one sentence holds for. */
static void
say_fate(const struct smtp_rcpt *r, size_t n, const char *from,
    const char *host)
{
	struct buf who = { .max = 4096 };

	name_rcpts(&who, r, n);
	if (r->state == SMTP_UNKNOWN)
		fail_print("%s: may have been accepted: the answer of %s was lost",
		    who.p, host);
	else if (r->state == SMTP_UNTRIED)
		fail_print("%s: not sent", who.p);
	else if (r->stage == SMTP_AT_ROUTE)
		fail_print("%s: %s: %s", who.p, report_state(r->state),
		    r->reply.text);
	else if (r->stage == SMTP_AT_MAIL)
		fail_print("%s: not sent: the sender <%s> is %s: %d%s%s %s",
		    who.p, from, report_state(r->state), r->reply.code,
		    r->reply.status[0] != '\0' ? " " : "", r->reply.status,
		    r->reply.text);
	else
		fail_print("%s: %s: %d%s%s %s", who.p, report_state(r->state),
		    r->reply.code, r->reply.status[0] != '\0' ? " " : "",
		    r->reply.status, r->reply.text);
	buf_free(&who);
}

/* What goes well is no news, but for -v and --quit-after. */
static void
say_good(const struct smtp_rcpt *p, const struct run *run)
{
	char safe[1400];

	if (p->state == SMTP_SENT) {
		trace_note(TRACE_DONE, "sent to %s%s%s: %d%s%s %s",
		    p->addr, p->via != NULL ? " by " : "",
		    p->via != NULL ? p->via : "", p->reply.code, p->reply.status[0] !=
		    '\0' ? " " : "", p->reply.status, p->reply.text);
	} else if (run->options->sending.quit_after != OPTION_STEP_ALL &&
	    !run->account.json) {
		str_escape(safe, sizeof safe, str_of(p->reply.text));
		printf("%s %d %s\n", p->addr, p->reply.code, safe);
	}
}

static void
say_rcpts(const struct letter *l, const struct run *run, const struct report *r)
{
	const struct smtp_rcpt *p = l->envelope.mail.rcpt;
	const struct smtp_rcpt *end = p + l->envelope.mail.n;
	size_t n;

	for (; p < end; p += n) {
		n = 1;
		if (waits(p, r))
			continue;
		if (p->state == SMTP_SENT || p->state == SMTP_TAKEN) {
			say_good(p, run);
			continue;
		}
		while (p + n < end && same_fate(p, p + n) && !waits(p + n, r))
			n++;
		if (n <= FEW)
			n = 1;
		say_fate(p, n, l->envelope.mail.from, r->host);
	}
}

void
report_reply(struct json *j, const struct smtp_rcpt *rcpt)
{
	const struct smtp_reply *r = &rcpt->reply;

	if (r->code == 0)
		json_null(j, "code");
	else
		json_int(j, "code", r->code);
	json_s(j, "esc", r->code != 0 || r->status[0] != '\0' ? r->status :
	    NULL);
	json_s(j, "text", r->code != 0 || r->text[0] != '\0' ? r->text : NULL);
	if (rcpt->via != NULL)
		json_s(j, "via", rcpt->via);
}

static void
json_rcpts(struct json *j, const struct smtp_mail *m, const struct report *r)
{
	size_t i;

	json_open(j, "rcpts", '[');
	for (i = 0; i < m->n; i++) {
		json_open(j, NULL, '{');
		json_s(j, "addr", m->rcpt[i].addr);
		json_s(j, "status", waits(&m->rcpt[i], r) ? "queued" :
		    report_state(m->rcpt[i].state));
		report_reply(j, &m->rcpt[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void
json_session(struct json *j, const struct report *r)
{
	if (r->tls[0] == '\0') {
		json_null(j, "tls");
		return;
	}
	json_open(j, "tls", '{');
	json_s(j, "version", r->tls);
	json_s(j, "cipher", r->cipher);
	json_bool(j, "verified", r->verified);
	json_s(j, "pin", r->pin);
	json_close(j, '}');
}

static void
json_all(const struct letter *l, const struct report *r, int code,
    const struct err *e)
{
	struct buf b = { .max = 0 };
	struct json j = { .out = &b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_bool(&j, "ok", code == 0);
	json_int(&j, "exit", code);
	json_s(&j, "message_id", l->id);
	json_open(&j, "server", '{');
	json_s(&j, "host", r->host);
	json_s(&j, "ip", r->peer);
	json_close(&j, '}');
	json_session(&j, r);
	json_s(&j, "auth", r->mech[0] != '\0' ? r->mech : NULL);
	json_s(&j, "from", l->envelope.mail.from);
	json_rcpts(&j, &l->envelope.mail, r);
	json_int(&j, "bytes", (int64_t)l->msg.size);
	json_s(&j, "saved", r->saved);
	json_s(&j, "queued", r->queued);
	json_s(&j, "error", e->code != 0 ? e->msg : NULL);
	json_close(&j, '}');
	printf("%s\n", b.p);
	buf_free(&b);
}

int
report_send(const struct letter *l, const struct run *run,
    const struct report *r, struct err *e)
{
	int code = exit_status(l, run->options, r, e);

	if (r->unsaved)
		code = fail_worse(code, EX_IOERR);
	fail_tell(e, NULL);		/* the cause before its effects */
	say_rcpts(l, run, r);
	if (run->account.json)
		json_all(l, r, code, e);
	fail_clear(e);
	mem_stake(NULL);
	return code;
}

/* ---- --check-address ---- */

/* The one address that a text is in a header field (RFC 5322), or NULL. */
static const char *
in_header(struct arena *arena, const char *arg)
{
	struct addr_list list = { .rest = str_of(arg) };
	struct err e = { 0 };
	struct addr a, more;

	if (addr_next(&list, &a, arena, &e) <= 0 ||
	    addr_next(&list, &more, arena, &e) != 0)
		return NULL;
	return addr_wire(arena, &a, false, &e);
}

static void
json_checked(struct json *j, const char *arg, const struct addr *a,
    struct str ascii, const char *header, const struct err *e)
{
	json_open(j, NULL, '{');
	json_int(j, "v", 1);
	json_s(j, "in", arg);
	json_bool(j, "ok", e->code == 0);
	if (e->code == 0) {
		json_str(j, "local", a->local);
		json_str(j, "domain", a->domain);
		json_str(j, "ascii", ascii);
		json_bool(j, "smtputf8", a->utf8);
	} else {
		json_s(j, "error", e->msg);
	}
	json_s(j, "rfc5322", header);
	json_close(j, '}');
}

static int
check_address(const char *arg, struct arena *arena, bool json)
{
	const char *header = in_header(arena, arg);
	struct str ascii = { 0 };
	struct buf b = { .max = 0 };
	struct json j = { .out = &b };
	struct err e = { 0 };
	struct addr a;

	if (addr_mailbox(&a, str_of(arg), &e) == 0)
		addr_ascii(arena, a.domain, &ascii, &e);
	if (e.code != 0 && header != NULL)
		fail_print("%s; in a header it is %s", e.msg, header);
	else if (e.code != 0)
		fail_print("%s", e.msg);
	if (json) {
		json_checked(&j, arg, &a, ascii, header, &e);
		printf("%s\n", b.p);
		buf_free(&b);
	} else if (e.code == 0) {
		printf("%s local=%.*s domain=%.*s ascii=%.*s%s\n", arg,
		    STR_ARG(a.local), STR_ARG(a.domain), STR_ARG(ascii),
		    a.utf8 ? " smtputf8" : "");
	}
	return e.code;
}

int
report_addresses(const struct opt_list *texts, struct arena *arena, bool json)
{
	int worst = 0;
	size_t i;

	for (i = 0; i < texts->n; i++)
		worst = fail_worse(worst,
		    check_address(texts->v[i], arena, json));
	if (texts->n == 0) {
		fail_print("--check-address: no address is given");
		return EX_USAGE;
	}
	return worst;
}
