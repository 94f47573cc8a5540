/*
 * letter.c: who gets it and what it says: envelope and message
 *
 * A message is either composed from options and a text, or comes finished.
 * Without a word of the user's, standard input is a finished message if it
 * begins with a header that has one of the fields every message has.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "letter.h"
#include "clock.h"
#include "file.h"
#include "mime.h"
#include "sendmail.h"
#include "trace.h"

/* ---- the envelope ---- */

static bool
same_rcpt(const char *a, const char *b)
{
	const char *at = strrchr(a, '@');
	size_t local = at != NULL ? (size_t)(at - a) : strlen(a);

	return strncmp(a, b, local) == 0 &&
	    str_eqi(str_of(a + local), str_of(b + local));
}

/* DSN parameters of RFC 3461 and what --rcpt-param says, each in order. */
static const char *
rcpt_params(struct letter *l, const struct option_envelope *o)
{
	struct buf b = { .max = 4096 };
	const struct opt_choice *c;
	const char *p;
	size_t i;

	for (c = option_dsn_words; c->name != NULL; c++)
		if ((o->dsn & c->value) != 0)
			buf_printf(&b, "%s%s", b.n == 0 ? " NOTIFY=" : ",",
			    c->name);
	for (i = 0; i < o->rcpt_param.n; i++)
		buf_printf(&b, " %s", o->rcpt_param.v[i]);
	p = arena_dup(l->arena, BUF_STR(b));
	buf_free(&b);
	return p;
}

/* The same for two that differ only in the case of the domain. */
static uint64_t
rcpt_key(const char *wire)
{
	struct buf b = { .max = 4096 };
	size_t i = 0;
	uint64_t h;

	buf_s(&b, wire);
	for (i = b.n; i > 0 && b.p[i - 1] != '@'; i--)
		b.p[i - 1] = str_lower(b.p[i - 1]);
	h = table_hash(BUF_STR(b));
	buf_free(&b);
	return h;
}

static uint64_t
rcpt_key_at(const void *of, size_t at)
{
	return rcpt_key(((const struct letter *)of)->mail.rcpt[at].addr);
}

static bool
has_rcpt(const struct letter *l, const char *wire)
{
	size_t at = table_number(&l->seen, l, rcpt_key(wire));

	return at != TABLE_NONE && same_rcpt(l->mail.rcpt[at].addr, wire);
}

static void
more_room(struct letter *l)
{
	struct smtp_mail *m = &l->mail;
	struct smtp_rcpt *v;

	l->cap = l->cap > 0 ? 2 * l->cap : 16;
	v = arena_new(l->arena, l->cap, sizeof *v);
	if (m->n > 0)
		memcpy(v, m->rcpt, m->n * sizeof *v);
	m->rcpt = v;
}

/* wire lives in the arena.  One that is there already is not added. */
static void
add_rcpt(struct letter *l, const char *wire)
{
	struct smtp_mail *m = &l->mail;

	if (has_rcpt(l, wire))
		return;
	if (m->n == l->cap)
		more_room(l);
	m->rcpt[m->n] = (struct smtp_rcpt){ .addr = wire,
	    .params = l->params };
	l->seen.number = rcpt_key_at;
	table_add(&l->seen, l, m->n++);
	trace_note(TRACE_TALK, "recipient %s", wire);
}

/* The addresses of one kind, for the header. */
struct people {
	struct mime_addr *v;
	size_t n, cap;
};

static void
add_person(struct letter *l, struct people *p, struct str name,
    const char *wire)
{
	struct mime_addr *v;

	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 16;
		v = arena_new(l->arena, p->cap, sizeof *v);
		if (p->n > 0)
			memcpy(v, p->v, p->n * sizeof *v);
		p->v = v;
	}
	p->v[p->n++] = (struct mime_addr){ name, str_of(wire) };
}

/* One mailbox to the envelope, and to p if it is not NULL. */
static int
add_addr(struct letter *l, const struct addr *a, struct people *p,
    struct err *e)
{
	const char *wire = addr_wire(l->arena, a, true, e);

	if (wire == NULL)
		return -1;
	l->utf8 |= a->utf8;
	add_rcpt(l, wire);
	if (p != NULL)
		add_person(l, p, a->name, wire);
	return 0;
}

/* 'Jo <a@b>, c@d' to the envelope, and to p if it is not NULL. */
static int
add_list(struct letter *l, const struct options *o, struct str text,
    struct people *p, struct err *e)
{
	struct addr_list list = { .rest = text };
	struct addr a;
	int got;

	while ((got = addr_next(&list, &a, l->arena, e)) > 0) {
		if (a.domain.n == 0 && l->from.domain.n > 0 &&
		    o->sendmail.called)
			a.domain = l->from.domain;	/* "Cc: root" */
		if (a.domain.n == 0)
			return fail(e, EX_DATAERR, "\"%.*s\": no domain",
			    STR_ARG(a.local));
		if (add_addr(l, &a, p, e) < 0)
			return -1;
	}
	return got;
}

static int
add_lists(struct letter *l, const struct options *o,
    const struct opt_list *texts, struct people *p, struct err *e)
{
	size_t i;

	for (i = 0; i < texts->n; i++)
		if (add_list(l, o, str_of(texts->v[i]), p, e) < 0)
			return -1;
	return 0;
}

/* sendmail(8) is given "root": then the sender's domain is meant. */
static struct str
qualified(struct letter *l, const struct options *o, const char *arg)
{
	if (!o->sendmail.called || strchr(arg, '@') != NULL ||
	    l->from.domain.n == 0)
		return str_of(arg);
	return str_of(arena_printf(l->arena, "%s@%.*s", arg,
	    STR_ARG(l->from.domain)));
}

static int
add_operands(struct letter *l, const struct options *o,
    const struct opt_list *to, struct people *p, struct err *e)
{
	struct addr a;
	size_t i;

	for (i = 0; i < to->n; i++) {
		if (addr_mailbox(&a, qualified(l, o, to->v[i]), e) < 0)
			return fail_in(e, "recipient");
		if (add_addr(l, &a, p, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- the sender ---- */

const char *
letter_self(struct arena *a)
{
	char host[256] = "localhost";
	struct passwd *pw = getpwuid(getuid());

	gethostname(host, sizeof host - 1);
	return arena_printf(a, "%s@%s", pw != NULL ? pw->pw_name : "nobody",
	    host);
}

/* The first mailbox of a field of the message. */
static bool
field_addr(struct letter *l, const char *name, struct addr *a)
{
	struct err quiet = { 0 };
	struct str body;
	struct addr_list list;

	if (!msg_field(&l->msg, name, &body))
		return false;
	list = (struct addr_list){ .rest = body };
	return addr_next(&list, a, l->arena, &quiet) > 0;
}

/*
 * As sendmail: -f user@host, if it is one; a bare name such as cron's -f root
 * yields to the account's own sender.
 */
static int
given_sender(struct letter *l, const struct options *o, struct err *e)
{
	const char *arg = o->sendmail.sender;

	if (arg == NULL || strchr(arg, '@') == NULL)
		return 0;
	if (addr_mailbox(&l->from, str_of(arg), e) < 0)
		return fail_in(e, "-f");
	return 1;
}

static int
find_sender(struct letter *l, const struct options *o,
    const struct letter_source *s, struct err *e)
{
	const char *arg = o->message.from;
	int got = given_sender(l, o, e);

	if (got != 0)
		return got < 0 ? -1 : 0;
	if (arg != NULL && arg[0] != '\0') {
		if (addr_from(&l->from, l->arena, qualified(l, o, arg),
		    e) == 0)
			return 0;
		return fail_in(e, "-f");
	}
	if (l->raw && (field_addr(l, "Resent-Sender", &l->from) ||
	    field_addr(l, "Resent-From", &l->from) ||
	    field_addr(l, "Sender", &l->from) ||
	    field_addr(l, "From", &l->from)))
		return 0;
	if (s->user != NULL && strchr(s->user, '@') != NULL &&
	    addr_mailbox(&l->from, str_of(s->user), &(struct err){ 0 }) == 0)
		return 0;
	if (addr_mailbox(&l->from, str_of(s->self != NULL ? s->self :
	    letter_self(l->arena)), e) < 0)
		return fail_in(e, "no sender is known (-f)");
	return 0;
}

static int
xtext_safe(const char *what, const char *s, struct err *e)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return fail(e, EX_USAGE, "%s: byte 0x%02x may not stand there",
			    what, (unsigned char)*s);
	return 0;
}

/* RFC 3461 section 4: xtext, "+" and "=" being written as +XX. */
static void
xtext(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '+' || *s == '=')
			buf_printf(b, "+%02X", (unsigned char)*s);
		else
			buf_c(b, *s);
}

static int
check_params(const struct option_envelope *o, struct err *e)
{
	size_t i;

	for (i = 0; i < o->mail_param.n; i++)
		if (xtext_safe("--mail-param", o->mail_param.v[i], e) < 0)
			return -1;
	for (i = 0; i < o->rcpt_param.n; i++)
		if (xtext_safe("--rcpt-param", o->rcpt_param.v[i], e) < 0)
			return -1;
	if (o->envid != NULL && (xtext_safe("--envid", o->envid, e) < 0 ||
	    strlen(o->envid) > 100))
		return fail(e, EX_USAGE, "--envid: over 100 bytes");
	return 0;
}

static void
mail_params(struct letter *l, const struct option_envelope *o)
{
	struct buf b = { .max = 8192 };
	const struct opt_choice *c;
	size_t i;

	for (c = option_ret_words; c->name != NULL; c++)
		if (o->dsn_ret == c->value)
			buf_printf(&b, " RET=%s", c->name);
	if (o->envid != NULL) {
		buf_s(&b, " ENVID=");
		xtext(&b, o->envid);
	}
	for (i = 0; i < o->mail_param.n; i++)
		buf_printf(&b, " %s", o->mail_param.v[i]);
	l->mail.params = arena_dup(l->arena, BUF_STR(b));
	buf_free(&b);
}

/* As sendmail: -f '<>' and -f '' are a bounce's, which must not bounce. */
static const char *
null_sender(const struct options *o)
{
	const char *arg = o->sendmail.sender;

	return arg != NULL && (arg[0] == '\0' || strcmp(arg, "<>") == 0) ?
	    arg : NULL;
}

static int
reverse_path(struct letter *l, const struct options *o, const char *arg,
    struct err *e)
{
	struct addr a = l->from;

	if (arg == NULL && o->sendmail.called)
		arg = null_sender(o);
	mail_params(l, &o->envelope);
	if (arg != NULL && (arg[0] == '\0' || strcmp(arg, "<>") == 0)) {
		l->mail.from = "";
		return 0;
	}
	if (arg != NULL && addr_mailbox(&a, str_of(arg), e) < 0)
		return fail_in(e, "--mail-from");
	l->mail.from = addr_wire(l->arena, &a, true, e);
	l->utf8 |= a.utf8;
	return l->mail.from != NULL ? 0 : -1;
}

/* ---- a finished message ---- */

/* Up to a line of a lone dot, as sendmail(8) without -i reads. */
static int
until_dot(int fd, struct err *e)
{
	FILE *in = fdopen(dup(fd), "r");
	int to = file_temp(e);

	if (in == NULL)
		return fail_sys(e, EX_NOINPUT, "standard input");
	if (to >= 0)
		sendmail_text(in, to, false, e);
	fclose(in);
	return e->code == 0 ? to : -1;
}

/* Resent-To and its like win when the message is a resent one. */
static int
read_recipients(struct letter *l, const struct options *o, struct err *e)
{
	static const char *const names[2][3] = { { "To", "Cc", "Bcc" },
	    { "Resent-To", "Resent-Cc", "Resent-Bcc" } };
	bool resent = msg_field(&l->msg, "Resent-To", NULL) ||
	    msg_field(&l->msg, "Resent-Cc", NULL) ||
	    msg_field(&l->msg, "Resent-Bcc", NULL);
	struct msg_fields f = { msg_head(&l->msg) };
	struct str name, body;
	size_t i;

	while (msg_next_field(&f, &name, &body) > 0)
		for (i = 0; i < 3; i++)
			if (str_is(name, names[resent][i]) &&
			    add_list(l, o, body, NULL, e) < 0)
				return fail_in(e, "%s:", names[resent][i]);
	return 0;
}

static struct mime_mail
skeleton(struct letter *l, struct mime_addr *from, const char *full)
{
	struct mime_mail m = MIME_MAIL_INIT;
	struct str domain = l->from.domain;
	struct err quiet = { 0 };

	addr_ascii(l->arena, l->from.domain, &domain, &quiet);
	m.domain = str_ascii(domain) ? domain : STR("localhost");
	m.date = clock_wall();
	m.utf8 = l->from.utf8 || l->utf8;
	*from = (struct mime_addr){ l->from.name.n > 0 ? l->from.name :
	    str_of(full),
	    str_of(addr_wire(l->arena, &l->from, true, &quiet)) };
	m.from = (struct mime_addrs){ from, 1 };
	return m;
}

static int
take_message(struct letter *l, const struct options *o,
    const struct letter_source *s, int fd, struct err *e)
{
	struct mime_addr from;
	struct mime_mail m;
	struct msg odd;
	int got;

	l->raw = true;
	if (msg_scan(&l->msg, l->arena, fd, o->message.recode ? MSG_ODD : 0,
	    e) < 0 ||
	    find_sender(l, o, s, e) < 0 ||
	    (o->message.read_recipients && read_recipients(l, o, e) < 0) ||
	    add_operands(l, o, &s->to, NULL, e) < 0 ||
	    add_lists(l, o, &o->message.to, NULL, e) < 0 ||
	    add_lists(l, o, &o->message.cc, NULL, e) < 0 ||
	    add_lists(l, o, &o->message.bcc, NULL, e) < 0)
		return -1;
	m = skeleton(l, &from, o->sendmail.full_name);
	got = mime_complete(&l->msg, l->arena, &m, e);
	if (got < 0 || !l->msg.odd)
		return got;
	odd = l->msg;
	got = mime_downgrade(&odd, &l->msg, l->arena, e);
	msg_close(&odd);
	return got;
}

/* ---- composing ---- */

static struct mime_file *
files(struct letter *l, const struct opt_list *args)
{
	struct mime_file *f = arena_new(l->arena, args->n, sizeof *f);
	size_t i;

	for (i = 0; i < args->n; i++)
		f[i] = mime_file_arg(l->arena, args->v[i]);
	return f;
}

static int
reply_to(struct letter *l, const struct options *o, struct people *p,
    struct err *e)
{
	struct addr_list list = { .rest = str_of(o->message.reply_to) };
	const char *wire;
	struct addr a;
	int got;

	while ((got = addr_next(&list, &a, l->arena, e)) > 0) {
		if ((wire = addr_wire(l->arena, &a, true, e)) == NULL)
			return -1;
		add_person(l, p, a.name, wire);
	}
	return got < 0 ? fail_in(e, "--reply-to") : 0;
}

static int
envelope(struct letter *l, const struct options *o,
    const struct letter_source *s, struct people *to, struct people *cc,
    struct err *e)
{
	struct people hidden = { 0 };

	if (add_lists(l, o, &o->message.to, to, e) < 0)
		return fail_in(e, "--to");
	if (add_operands(l, o, &s->to, to, e) < 0)
		return -1;
	if (add_lists(l, o, &o->message.cc, cc, e) < 0)
		return fail_in(e, "--cc");
	if (add_lists(l, o, &o->message.bcc, &hidden, e) < 0)
		return fail_in(e, "--bcc");
	return 0;
}

static int
open_html(const struct options *o, struct mime_mail *m, struct err *e)
{
	if (o->message.html == NULL)
		return 0;
	m->html.name = o->message.html;
	m->html.fd = file_open(o->message.html, e);
	return m->html.fd < 0 ? fail_in(e, "--html") : 0;
}

static int
compose(struct letter *l, const struct options *o,
    const struct letter_source *s, int fd, struct err *e)
{
	struct people to = { 0 }, cc = { 0 }, reply = { 0 };
	struct mime_addr from;
	struct mime_mail m;
	int got;

	if (find_sender(l, o, s, e) < 0 || envelope(l, o, s, &to, &cc, e) < 0 ||
	    reply_to(l, o, &reply, e) < 0)
		return -1;
	m = skeleton(l, &from, o->sendmail.full_name);
	m.to = (struct mime_addrs){ to.v, to.n };
	m.cc = (struct mime_addrs){ cc.v, cc.n };
	m.reply_to = (struct mime_addrs){ reply.v, reply.n };
	m.subject = str_of(o->message.subject);
	m.fields = o->message.header.v;
	m.nfields = o->message.header.n;
	m.files = files(l, &o->message.attach);
	m.nfiles = o->message.attach.n;
	m.inlines = files(l, &o->message.embed);
	m.ninlines = o->message.embed.n;
	m.text = (struct mime_text){ .fd = fd, .name = "standard input" };
	if (fd < 0)
		m.text = (struct mime_text){ str_of(o->message.body), fd,
		    "--body" };
	if (open_html(o, &m, e) < 0)
		return -1;
	got = mime_compose(&l->msg, l->arena, &m, e);
	if (m.html.fd >= 0)
		close(m.html.fd);
	return got;
}

/* ---- which of the two ---- */

/* Does this look like a message's header rather than like a text? */
static bool
headed(int fd, off_t off)
{
	static const char *const known[] = { "From", "To", "Cc", "Date",
	    "Subject", "Message-ID", "Received", "Return-Path", "Sender",
	    "MIME-Version", "Delivered-To", "DKIM-Signature" };
	struct err quiet = { 0 };
	char some[2048];
	ssize_t n = file_pread(fd, some, sizeof some, off, &quiet);
	struct str text = { some, n > 0 ? (size_t)n : 0 }, line, name;
	size_t i;

	if (str_starts(text, "From "))
		str_cut(&text, '\n');
	line = str_cut(&text, '\n');
	name = str_cut(&line, ':');
	for (i = 0; line.p != NULL && i < sizeof known / sizeof *known; i++)
		if (str_is(name, known[i]))
			return true;
	return false;
}

static int
from_stdin(struct letter *l, const struct options *o,
    const struct letter_source *s, struct err *e)
{
	int in = STDIN_FILENO, fd, got;
	uint64_t size;
	off_t off;

	if (o->sendmail.called && !o->sendmail.no_dot &&
	    (in = until_dot(in, e)) < 0)
		return -1;
	fd = file_spool(in, &off, &size, e);
	if (in != STDIN_FILENO)
		close(in);
	if (fd < 0)
		return fail_in(e, "standard input");
	lseek(fd, off, SEEK_SET);
	if (o->message.file != NULL || o->message.read_recipients ||
	    o->sendmail.called || (!s->composing && o->message.to.n == 0 &&
	    headed(fd, off)))
		got = take_message(l, o, s, fd, e);
	else
		got = compose(l, o, s, fd, e);
	close(fd);
	return got;
}

static int
from_file(struct letter *l, const struct options *o,
    const struct letter_source *s, struct err *e)
{
	int fd = file_open(o->message.file, e), got;

	if (fd < 0)
		return fail_in(e, "--message");
	got = take_message(l, o, s, fd, e);
	close(fd);
	return got < 0 ? fail_in(e, "%s", o->message.file) : 0;
}

static bool
is_dash(const char *s)
{
	return s != NULL && strcmp(s, "-") == 0;
}

const char *
letter_reads(const struct options *o)
{
	if (o->sendmail.talk)
		return "the dialogue of -bs";
	if (o->message.file != NULL || o->message.body != NULL)
		return NULL;
	if (o->message.read_recipients || o->sendmail.called)
		return "the message";
	if (o->sending.quit_after != OPTION_STEP_ALL || o->message.html != NULL)
		return NULL;
	return "the text (else --body TEXT)";
}

int
letter_write(struct letter *l, const struct options *o,
    const struct letter_source *s, struct err *e)
{
	struct str id;
	int got;

	if (check_params(&o->envelope, e) < 0)
		return -1;
	l->params = rcpt_params(l, &o->envelope);
	if (s->fd >= 0)
		got = take_message(l, o, s, s->fd, e);
	else if (o->message.file != NULL && !is_dash(o->message.file))
		got = from_file(l, o, s, e);
	else if (is_dash(o->message.file) || is_dash(o->message.body) ||
	    letter_reads(o) != NULL)
		got = from_stdin(l, o, s, e);
	else
		got = compose(l, o, s, -1, e);
	table_free(&l->seen);
	if (got < 0 || reverse_path(l, o, s->mail_from, e) < 0)
		return -1;
	if (l->mail.n == 0 && option_asks(o->sending.quit_after))
		return fail(e, EX_USAGE, "no recipients");
	if (msg_field(&l->msg, "Message-ID", &id))
		l->id = arena_dup(l->arena, str_trim(id));
	l->mail.msg = &l->msg;
	l->mail.whole = o->envelope.whole;
	l->mail.requiretls = o->envelope.require_tls;
	return 0;
}

void
letter_close(struct letter *l)
{
	msg_close(&l->msg);
}
