/*
 * letter.c: what a letter says, composed or finished
 *
 * A message is either composed from options and a text, or comes finished.
 * Without a word of the user's, standard input is a finished message if it
 * begins with a header that has one of the fields every message has.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "letter.h"
#include "unsubscribe.h"
#include "clock.h"
#include "file.h"
#include "mime_mend.h"
#include "sendmail.h"

/* ---- a finished message ---- */

/* Up to a line of a lone dot, as sendmail(8) without -i reads. */
static int
until_dot(int fd, struct err *e)
{
	struct pieces in = { .fd = fd };
	int to = file_temp(e);

	if (to >= 0)
		sendmail_text(&in, to, SENDMAIL_PLAIN, e);
	pieces_free(&in);
	return e->code == 0 ? to : -1;
}

/* Resent-To and its like win when the message is a resent one. */
static int
read_recipients(struct letter *l, struct err *e)
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
			    envelope_list(&l->envelope, names[resent][i], body,
			    NULL, e) < 0)
				return -1;
	return 0;
}

static struct mime_mail
skeleton(struct letter *l, struct mime_addr *from, const char *full)
{
	struct mime_mail m = MIME_MAIL_INIT;
	const struct addr *sender = &l->envelope.from;
	struct str domain = sender->domain;
	struct err quiet = { 0 };

	addr_ascii(l->arena, sender->domain, &domain, &quiet);
	m.domain = str_ascii(domain) ? domain : STR("localhost");
	m.date = clock_wall();
	m.utf8 = sender->utf8 || l->envelope.utf8;
	*from = (struct mime_addr){
	    sender->name.n > 0 ? sender->name : str_of(full),
	    str_of(addr_wire(l->arena, sender, true, &quiet)) };
	m.from = (struct mime_addrs){ from, 1 };
	return m;
}

/* As the message, which is in l, and the options have it. */
static int
find_people(struct letter *l, const struct options *o,
    const struct letter_source *s, struct err *e)
{
	if (envelope_sender(&l->envelope, &l->msg, s->user, s->self, e) < 0 ||
	    (o->message.read_recipients && read_recipients(l, e) < 0) ||
	    envelope_operands(&l->envelope, &s->to, NULL, e) < 0 ||
	    envelope_lists(&l->envelope, "--to", &o->message.to, NULL, e) < 0 ||
	    envelope_lists(&l->envelope, "--cc", &o->message.cc, NULL, e) < 0 ||
	    envelope_lists(&l->envelope, "--bcc", &o->message.bcc, NULL, e) < 0)
		return -1;
	return 0;
}

/* --as-is: who it is for is read from it, and then it is taken once more. */
static int
take_as_is(struct letter *l, const struct options *o,
    const struct letter_source *s, int fd, struct err *e)
{
	struct str id;
	bool utf8;

	if (msg_scan(&l->msg, l->arena, fd, MSG_ODD | MSG_MEND, e) < 0)
		return -1;
	if (msg_field(&l->msg, "Bcc", NULL) ||
	    msg_field(&l->msg, "Resent-Bcc", NULL))
		return fail(e, EX_DATAERR, "--as-is changes nothing, so all would read its Bcc: remove it, and give who is in it as --bcc");
	if (find_people(l, o, s, e) < 0)
		return -1;
	if (msg_field(&l->msg, "Message-ID", &id))
		l->id = arena_dup(l->arena, str_trim(id));
	utf8 = l->msg.utf8;
	msg_close(&l->msg);
	if (msg_raw(&l->msg, l->arena, fd, e) < 0)
		return -1;
	l->empty = l->msg.size == 0;
	l->msg.utf8 = utf8;
	l->sealed = true;
	return 0;
}

/* The same, of a file that can be read twice. */
static int
take_twice(struct letter *l, const struct options *o,
    const struct letter_source *s, int fd, struct err *e)
{
	uint64_t size;
	off_t off;
	int whole = file_spool(fd, &off, &size, e), got;

	if (whole < 0)
		return -1;
	lseek(whole, off, SEEK_SET);
	got = take_as_is(l, o, s, whole, e);
	close(whole);
	return got;
}

static int
take_message(struct letter *l, const struct options *o,
    const struct letter_source *s, int fd, struct err *e)
{
	struct mime_addr from;
	struct mime_mail m;
	struct msg odd;
	int mend = o->message.daemon ? MIME_FORCE : 0, flags = 0, got;

	if (o->message.as_is)
		return take_twice(l, o, s, fd, e);
	if (o->message.recode || o->message.daemon)
		flags |= MSG_ODD;
	if (o->message.daemon)
		flags |= MSG_MEND;
	if (msg_scan(&l->msg, l->arena, fd, flags, e) < 0)
		return -1;
	l->empty = l->msg.parts[l->msg.n - 1].len == 0;
	if (find_people(l, o, s, e) < 0)
		return -1;
	if (o->message.daemon)
		mime_header_qualify(&l->msg, l->arena, l->envelope.home);
	/* SMTPUTF8 is for addresses: raw text is encoded. */
	mime_header_again(&l->msg, l->arena, mend |
	    (l->envelope.utf8 ? MIME_UTF8 : 0));
	m = skeleton(l, &from, o->sendmail.full_name);
	if (o->message.set_from && mime_header_set_from(&l->msg, l->arena, from,
	    m.utf8 ? MIME_UTF8 : 0, e) < 0)
		return -1;
	got = mime_complete(&l->msg, l->arena, &m, e);
	if (got < 0 || !l->msg.odd)
		return got;
	odd = l->msg;
	got = mime_downgrade(&odd, &l->msg, l->arena, mend, e);
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
reply_to(struct letter *l, const struct options *o,
    struct envelope_people *p, struct err *e)
{
	struct addr_list list = { .rest = str_of(o->message.reply_to) };
	const char *wire;
	struct addr a;
	int got;

	while ((got = addr_next(&list, &a, l->arena, e)) > 0) {
		if ((wire = addr_wire(l->arena, &a, true, e)) == NULL)
			return -1;
		envelope_person(l->arena, p, a.name, wire);
	}
	return got < 0 ? fail_in(e, "--reply-to") : 0;
}

static int
recipients(struct letter *l, const struct options *o,
    const struct letter_source *s, struct envelope_people *to,
    struct envelope_people *cc, struct err *e)
{
	struct envelope_people hidden = { 0 };

	if (envelope_lists(&l->envelope, "--to", &o->message.to, to, e) < 0 ||
	    envelope_operands(&l->envelope, &s->to, to, e) < 0 ||
	    envelope_lists(&l->envelope, "--cc", &o->message.cc, cc, e) < 0)
		return -1;
	return envelope_lists(&l->envelope, "--bcc", &o->message.bcc, &hidden,
	    e);
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
	struct envelope_people to = { 0 }, cc = { 0 }, reply = { 0 };
	struct mime_addr from;
	struct mime_mail m;
	int got;

	if (envelope_sender(&l->envelope, NULL, s->user, s->self, e) < 0 ||
	    recipients(l, o, s, &to, &cc, e) < 0 ||
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
	l->empty = size == 0;
	if (o->message.file != NULL || o->message.read_recipients ||
	    o->message.daemon || o->message.as_is || (!s->composing && o->message.to.n == 0 &&
	    headed(fd, off)))
		got = take_message(l, o, s, fd, e);
	else
		got = compose(l, o, s, fd, e);
	close(fd);
	return got;
}

static int
letter_from_file(struct letter *l, const struct options *o,
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
	if (o->message.read_recipients || o->message.daemon ||
	    o->message.as_is || o->sendmail.called)
		return "the message";
	if (o->sending.quit_after != OPTION_STEP_ALL || o->message.html != NULL)
		return NULL;
	return "the text (else --body TEXT)";
}

static int
compose_options(struct letter *l, const struct options *o,
    const struct letter_source *s, struct err *e)
{
	l->empty = o->message.html == NULL &&
	    (o->message.body == NULL || o->message.body[0] == '\0');
	return compose(l, o, s, -1, e);
}

int
letter_write(struct letter *l, const struct options *o,
    const struct letter_source *s, struct err *e)
{
	struct str id;
	int got;

	l->mended = o->message.daemon;
	if (envelope_begin(&l->envelope, l->arena, o, e) < 0)
		return -1;
	if (s->fd >= 0)
		got = take_message(l, o, s, s->fd, e);
	else if (o->message.file != NULL && !is_dash(o->message.file))
		got = letter_from_file(l, o, s, e);
	else if (is_dash(o->message.file) || is_dash(o->message.body) ||
	    letter_reads(o) != NULL)
		got = from_stdin(l, o, s, e);
	else
		got = compose_options(l, o, s, e);
	l->nothing = o->message.skip_empty && l->empty &&
	    o->message.attach.n + o->message.embed.n == 0;
	if (got < 0 || envelope_end(&l->envelope, s->mail_from, e) < 0)
		return -1;
	if (l->nothing && o->batch.kind == OPTION_BATCH_NONE)
		return 0;
	if (l->envelope.mail.n == 0 && option_asks(o->sending.quit_after))
		return l->envelope.skipped ?
		    fail(e, EX_DATAERR, "no recipient is left") :
		    fail(e, EX_USAGE, "no recipients");
	if (!o->message.as_is && msg_field(&l->msg, "Message-ID", &id))
		l->id = arena_dup(l->arena, str_trim(id));
	if (o->batch.unsubscribe != NULL)
		unsubscribe_add(o->batch.unsubscribe, l);
	l->envelope.mail.msg = &l->msg;
	return 0;
}

void
letter_close(struct letter *l)
{
	envelope_close(&l->envelope);
	msg_close(&l->msg);
}
