/*
 * queue_report.c: a message that will not arrive is told to who sent it
 *
 * RFC 3464 in a multipart/report (RFC 6522): what happened in words, the same
 * for programs, and the header of the message.  It goes to the local user and
 * not to the reverse-path, which anybody may have written: a report there would
 * be a stranger's to get.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queue_report.h"
#include "aliases.h"
#include "clock.h"
#include "date.h"
#include "envelope.h"
#include "mime.h"
#include "os.h"

enum { HEAD_SHOWN = 65536, RCPTS_SHOWN = 1000 };

struct queue_told {
	struct run *run;
	const struct queue_entry *q;
	const struct msg *m;
	const char *host;
	char mark[40];			/* between the parts */
	bool utf8;			/* RFC 6533, then */
	struct buf body;
};

static bool
owed(const struct queue_entry *q, size_t i)
{
	const char *notify = strcasestr(q->mail.rcpt[i].dsn, "NOTIFY=");

	return (q->fate[i] == QUEUE_REFUSED || q->fate[i] == QUEUE_EXPIRED) &&
	    (notify == NULL || strcasestr(notify, "FAILURE") != NULL);
}

/* A server's words, in a line of ASCII. */
static void
put_words(struct buf *b, const struct smtp_reply *r)
{
	char safe[1300];
	size_t i;

	str_escape(safe, sizeof safe, str_of(r->text));
	for (i = 0; safe[i] != '\0'; i++)
		if ((unsigned char)safe[i] >= 0x80)
			safe[i] = '?';
	if (r->code != 0)
		buf_printf(b, "%d%s%s ", r->code, r->status[0] != '\0' ? " " :
		    "", r->status);
	buf_printf(b, "%.700s", safe);
}

static void
put_text(struct queue_told *t)
{
	const struct queue_entry *q = t->q;
	size_t i, n = 0;

	buf_printf(&t->body, "--%s\r\nContent-Type: text/plain; charset=%s\r\n%s\r\n",
	    t->mark, t->utf8 ? "utf-8" : "us-ascii",
	    t->utf8 ? "Content-Transfer-Encoding: 8bit\r\n" : "");
	buf_s(&t->body, "This is mailsend. A message of yours did not reach these addresses, and\r\nwill not be sent again:\r\n\r\n");
	for (i = 0; i < q->mail.n; i++) {
		if (!owed(q, i) || ++n > RCPTS_SHOWN)
			continue;
		buf_printf(&t->body, "  <%s>\r\n    %s", q->mail.rcpt[i].addr,
		    q->fate[i] == QUEUE_EXPIRED ?
		    "given up after 5 days; the last attempt: " : "");
		put_words(&t->body, &q->mail.rcpt[i].reply);
		buf_s(&t->body, "\r\n");
	}
	if (n > RCPTS_SHOWN)
		buf_printf(&t->body, "  and %zu more: see below\r\n",
		    n - RCPTS_SHOWN);
	buf_s(&t->body, "\r\nThe header of the message is below.\r\n\r\n");
}

/*
 * RFC 3461 section 4: "+XX" is for the dialogue alone, a report has what it
 * stands for.  Bytes that a line has no place for stay as they came.
 */
static void
put_xtext(struct buf *b, struct str s)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *hi, *lo;
	long c, is;

	for (; s.n > 0; s = str_from(s, 1)) {
		c = s.p[0];
		if (c == '+' && s.n > 2 &&
		    (hi = memchr(digits, s.p[1], 16)) != NULL &&
		    (lo = memchr(digits, s.p[2], 16)) != NULL) {
			is = 16 * (hi - digits) + (lo - digits);
			if (is >= ' ' && is <= '~') {
				c = is;
				s = str_from(s, 2);
			}
		}
		buf_c(b, (char)c);
	}
}

/* " ENVID=x" of the parameters. */
static struct str
param(const char *all, const char *name)
{
	const char *at = strcasestr(all, name);
	struct str s = str_of(at);

	if (at == NULL)
		return s;
	s = str_from(s, strlen(name));
	return str_word(&s);
}

/* The address as it was when it came (RFC 3461 4.2), or as it is. */
static void
put_rcpt(struct queue_told *t, size_t i)
{
	const struct smtp_rcpt *r = &t->q->mail.rcpt[i];
	struct str orcpt = param(r->dsn, "ORCPT=");
	const char *status = r->reply.status;

	if (orcpt.n > 0) {
		buf_s(&t->body, "Original-Recipient: ");
		put_xtext(&t->body, orcpt);
		buf_s(&t->body, "\r\n");
	}
	buf_printf(&t->body, "Final-Recipient: %s; %s\r\nAction: failed\r\n",
	    str_ascii(str_of(r->addr)) ? "rfc822" : "utf-8", r->addr);
	if (t->q->fate[i] == QUEUE_EXPIRED)
		status = "4.4.7";
	else if (status[0] != '5')
		status = "5.0.0";
	buf_printf(&t->body, "Status: %s\r\n", status);
	if (r->reply.code != 0 || r->reply.text[0] != '\0') {
		buf_printf(&t->body, "Diagnostic-Code: %s; ",
		    r->reply.code != 0 ? "smtp" : "x-postbag");
		put_words(&t->body, &r->reply);
		buf_s(&t->body, "\r\n");
	}
	buf_s(&t->body, "\r\n");
}

static void
put_status(struct queue_told *t)
{
	struct str envid = param(t->q->mail.dsn, "ENVID=");
	char at[DATE_CAP];
	size_t i;

	date_rfc5322(at, (time_t)t->q->queued);
	buf_printf(&t->body, "--%s\r\nContent-Type: message/%sdelivery-status\r\n%s\r\n",
	    t->mark, t->utf8 ? "global-" : "",
	    t->utf8 ? "Content-Transfer-Encoding: 8bit\r\n" : "");
	if (envid.n > 0) {
		buf_s(&t->body, "Original-Envelope-Id: ");
		put_xtext(&t->body, envid);
		buf_s(&t->body, "\r\n");
	}
	buf_printf(&t->body, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n\r\n",
	    t->host, at);
	for (i = 0; i < t->q->mail.n; i++)
		if (owed(t->q, i))
			put_rcpt(t, i);
}

static void
put_header(struct queue_told *t)
{
	struct str head = msg_head(t->m);

	while (head.n > HEAD_SHOWN || (head.n > 0 &&
	    head.p[head.n - 1] != '\n'))
		head.n--;
	buf_printf(&t->body, "--%s\r\nContent-Type: %s\r\n%s\r\n", t->mark,
	    t->utf8 ? "message/global-headers" : "text/rfc822-headers",
	    t->utf8 ? "Content-Transfer-Encoding: 8bit\r\n" : "");
	buf_str(&t->body, head);
	buf_printf(&t->body, "\r\n--%s--\r\n", t->mark);
}

/* Who gets it, and who says so. */
static int
address(struct run *run, struct arena *a, struct envelope *env,
    const char *to, struct err *e)
{
	struct opt_list one = { 0 };
	size_t i;

	opt_list_add(a, &one, to);
	if (envelope_begin(env, a, run->options, e) < 0 ||
	    envelope_sender(env, NULL, run->account.login.user,
	    run->queue.self, e) < 0 ||
	    envelope_operands(env, &one, NULL, e) < 0)
		return -1;
	for (i = 0; i < env->mail.n; i++)
		env->mail.rcpt[i].params = env->mail.rcpt[i].dsn = "";
	return env->mail.n > 0 ? 0 : fail(e, EX_DATAERR,
	    "nobody is there to be told");
}

static int
compose_report(struct queue_told *t, struct envelope *env, struct msg *out,
    const char *to, struct err *e)
{
	struct arena *a = env->arena;
	struct mime_addr from = { .name = STR("Mail Delivery System") };
	struct mime_mail m = MIME_MAIL_INIT;
	struct buf head = { .max = 65536 };
	struct str id, domain = env->from.domain;
	unsigned some[4];

	if (os_random(some, sizeof some, false) < 0)
		return fail_sys(e, EX_OSERR, "random bytes");
	snprintf(t->mark, sizeof t->mark, "=_%08x%08x%08x", some[0], some[1],
	    some[2]);
	put_text(t);
	put_status(t);
	put_header(t);
	if (t->body.over)
		return fail(e, EX_DATAERR, "the report would be too long");
	buf_printf(&head, "To: %s\r\nSubject: Mail that did not arrive\r\nAuto-Submitted: auto-replied\r\n",
	    strchr(to, '@') != NULL ? to : env->mail.rcpt[0].addr);
	if (msg_field(t->m, "Message-ID", &id) && id.n < 900 &&
	    !str_has(id, '\n'))
		buf_printf(&head, "References:%.*s\r\n", STR_ARG(id));
	buf_printf(&head, "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=%sdelivery-status;\r\n boundary=\"%s\"\r\n",
	    t->utf8 ? "global-" : "", t->mark);
	msg_begin(out, a, arena_str(a, BUF_STR(head)));
	msg_add_mem(out, a, arena_str(a, BUF_STR(t->body)));
	buf_free(&head);
	addr_ascii(a, domain, &domain, &(struct err){ 0 });
	from.addr = str_of(addr_wire(a, &env->from, true, e));
	m.from = (struct mime_addrs){ &from, 1 };
	m.date = clock_wall();
	m.domain = str_ascii(domain) ? domain : STR("localhost");
	return e->code != 0 ? -1 : mime_complete(out, a, &m, e);
}

/* How many have had theirs, or need none. */
static unsigned
told_before(const struct queue_entry *q)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < q->mail.n; i++)
		n += q->fate[i] == QUEUE_TOLD;
	return n;
}

static int
put_report(struct queue_told *t, const struct spool_entry *n,
    const struct queue_entry *report, const struct msg *m, struct err *e)
{
	struct spool_new new;
	char id[SPOOL_ID];

	/*
	 * The same again after a crash: then it is there already.  Never that
	 * of the report which it is about, or of one about other recipients.
	 */
	snprintf(id, sizeof id, "%.16s-%lu-%c%llu-%u", n->id,
	    (unsigned long)n->uid, t->q->report > 0 ? 'p' : 'r',
	    (unsigned long long)t->q->tries, told_before(t->q));
	if (spool_begin(&new, &t->run->queue.spool, id, e) < 0)
		return -1;
	if (queue_entry_write(new.fd, report, m, e) == 0)
		return spool_commit(&new, e);
	spool_cancel(&new);
	return -1;
}

static int
send_report(struct queue_told *t, const struct spool_entry *n, const char *to,
    struct err *e)
{
	struct queue_entry report = { .arena = t->q->arena,
	    .report = t->q->mail.from[0] != '\0' ? 1 : 2,
	    .account = t->q->account, .queued = clock_wall(),
	    .about = arena_printf(t->q->arena, "%s/%s", n->box, n->id) };
	struct envelope env = { .arena = t->q->arena };
	struct msg m = { 0 };
	int got = address(t->run, t->q->arena, &env, to, e);

	if (got == 0)
		got = compose_report(t, &env, &m, to, e);
	if (got == 0) {
		report.mail = env.mail;
		report.mail.from = report.mail.params = report.mail.dsn = "";
		report.mail.requiretls = report.mail.whole = false;
		got = put_report(t, n, &report, &m, e);
	}
	msg_close(&m);
	envelope_close(&env);
	return got < 0 ? fail_in(e, "%s: a report", n->id) : 0;
}

/* What the log says where nobody else can be told. */
static const char *
only_logged(const struct spool_entry *n, const struct queue_entry *q)
{
	struct buf b = { .max = 4096 };
	const char *text;
	size_t i;

	buf_printf(&b, "queue=%s from=<%s> no report is sent:", n->id,
	    q->mail.from);
	for (i = 0; i < q->mail.n; i++) {
		if (!owed(q, i))
			continue;
		buf_printf(&b, " to=<%s> %s (", q->mail.rcpt[i].addr,
		    queue_fate_names[q->fate[i]]);
		put_words(&b, &q->mail.rcpt[i].reply);
		buf_c(&b, ')');
	}
	text = arena_dup(q->arena, BUF_STR(b));
	buf_free(&b);
	return text;
}

/* NULL: nobody. */
static const char *
whom(const struct run *run, const struct queue_entry *q, const char *user)
{
	const struct aliases *known = run->options->aliases;

	if (q->mail.from[0] != '\0' && q->report == 0 && user != NULL)
		return user;
	if (q->report < 2 && known != NULL &&
	    aliases_find(known, STR("postmaster")) != NULL)
		return "postmaster";
	return NULL;
}

int
queue_report(struct run *run, const struct spool_entry *n,
    struct queue_entry *q, const struct msg *m, const char *user,
    const char **log, struct err *e)
{
	struct queue_told t = { .run = run, .q = q, .m = m,
	    .utf8 = m->utf8, .body.max = 64 << 20 };
	const char *to = whom(run, q, user);
	size_t i, owing = 0;
	int got = 0;

	*log = NULL;
	t.host = strrchr(run->queue.self, '@') + 1;
	for (i = 0; i < q->mail.n; i++) {
		owing += owed(q, i);
		t.utf8 |= !str_ascii(str_of(q->mail.rcpt[i].addr));
	}
	if (owing > 0 && to == NULL)
		*log = only_logged(n, q);
	else if (owing > 0)
		got = send_report(&t, n, to, e);
	buf_free(&t.body);
	for (i = 0; i < q->mail.n && got == 0; i++)
		if (q->fate[i] == QUEUE_REFUSED || q->fate[i] == QUEUE_EXPIRED)
			q->fate[i] = QUEUE_TOLD;
	return got;
}
