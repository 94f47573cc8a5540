/* queue_entry.c: what the queue has of a message, as text and back */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue_entry.h"
#include "addr.h"
#include "file.h"

enum {
	HEAD_MAX = 64 << 20,
	BLOCK = 65536,
	RCPTS_MAX = 1000000
};

/* No time is so late, and none overflows when it is added to another. */
#define TIME_MOST	(INT64_MAX / 8)

#define MAIL_FIRST	"postbag-queue 1"
#define STATE_FIRST	"postbag-state 1"

const char *const queue_fate_names[QUEUE_FATES] = {
	[QUEUE_WAITING] = "waiting", [QUEUE_DEFERRED] = "deferred",
	[QUEUE_TRYING] = "trying", [QUEUE_MAYBE] = "maybe",
	[QUEUE_REFUSED] = "refused", [QUEUE_EXPIRED] = "expired",
	[QUEUE_TOLD] = "told", [QUEUE_SENT] = "sent",
};

/* ---- mail, written */

/* "X=1 Y=2" of " X=1 Y=2" */
static void
put_params(struct buf *b, const char *key, const char *params)
{
	if (params != NULL && params[0] != '\0')
		buf_printf(b, "%s%s\n", key, params);
}

static void
put_envelope(struct buf *b, const struct queue_entry *q)
{
	const struct smtp_mail *m = &q->mail;
	size_t i;

	buf_printf(b, MAIL_FIRST "\nqueued %lld\n", (long long)q->queued);
	if (q->account != NULL)
		buf_printf(b, "account %s\n", q->account);
	if (q->report > 0)
		buf_printf(b, "report %u\n", q->report);
	if (q->about != NULL)
		buf_printf(b, "about %s\n", q->about);
	if (q->sealed)
		buf_s(b, "sealed\n");
	if (m->requiretls)
		buf_s(b, "require-tls\n");
	if (m->whole)
		buf_s(b, "all-or-nothing\n");
	buf_printf(b, "from %s\n", m->from);
	put_params(b, "mail-params", m->params);
	put_params(b, "mail-dsn", m->dsn);
	for (i = 0; i < m->n; i++) {
		buf_printf(b, "to %s\n", m->rcpt[i].addr);
		put_params(b, "rcpt-params", m->rcpt[i].params);
		put_params(b, "rcpt-dsn", m->rcpt[i].dsn);
	}
	buf_c(b, '\n');
}

/* Without its CRs, of which there is none but at the ends of lines. */
static size_t
drop_cr(char *p, size_t n)
{
	char *end = p + n, *to = p, *from = p, *cr;

	while (from < end) {
		cr = memchr(from, '\r', (size_t)(end - from));
		if (cr == NULL)
			cr = end;
		memmove(to, from, (size_t)(cr - from));
		to += cr - from;
		from = cr + 1;
	}
	return (size_t)(to - p);
}

/* Behind what is in b, which is written with it. */
static int
put_message(int fd, struct buf *b, const struct msg *m, struct err *e)
{
	struct msg_reader *r = msg_reader_new(m);
	ssize_t n;
	char *p;

	do {
		p = buf_room(b, BLOCK);
		if ((n = msg_read(r, p, BLOCK, e)) < 0)
			break;
		b->n += drop_cr(p, (size_t)n);
		file_write(fd, b->p, b->n, e);
		b->n = 0;
	} while (n == BLOCK && e->code == 0);
	free(r);
	return e->code != 0 ? -1 : 0;
}

int
queue_entry_write(int fd, const struct queue_entry *q, const struct msg *m,
    struct err *e)
{
	struct buf b = { .max = HEAD_MAX + BLOCK };
	int got;

	if (m->odd)
		return fail(e, EX_DATAERR, "a message with bare CR or NUL cannot wait");
	put_envelope(&b, q);
	got = b.over || b.n > HEAD_MAX ?
	    fail(e, EX_DATAERR, "too many recipients to wait") :
	    put_message(fd, &b, m, e);
	buf_free(&b);
	return got;
}

/* ---- mail, read */

struct reading {
	struct queue_entry *q;
	bool own;		/* it is of the user who sends */
	size_t cap;
	bool from;		/* there was one */
};

/* What may stand behind MAIL and RCPT: words of printable ASCII. */
static const char *
params(struct queue_entry *q, struct str s, struct err *e)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~') {
			fail(e, EX_DATAERR, "a parameter with a control byte");
			return "";
		}
	return arena_printf(q->arena, " %.*s", STR_ARG(s));
}

static const char *
address(struct queue_entry *q, struct str s, bool bare, struct err *e)
{
	struct addr a;

	if ((bare && !str_has(s, '@') ? addr_local(&a, s, e) :
	    addr_mailbox(&a, s, e)) < 0)
		return NULL;
	q->utf8 |= a.utf8;
	return arena_dup(q->arena, s);
}

static int
read_to(struct reading *r, struct str value, struct err *e)
{
	struct smtp_mail *m = &r->q->mail;
	struct smtp_rcpt *v;
	const char *to = address(r->q, value, r->q->bare, e);

	if (to == NULL)
		return -1;
	if (m->n >= RCPTS_MAX)
		return fail(e, EX_DATAERR, "too many recipients");
	if (m->n == r->cap) {
		r->cap = r->cap > 0 ? 2 * r->cap : 16;
		v = arena_new(r->q->arena, r->cap, sizeof *v);
		if (m->n > 0)
			memcpy(v, m->rcpt, m->n * sizeof *v);
		m->rcpt = v;
	}
	m->rcpt[m->n++] = (struct smtp_rcpt){ .addr = to, .params = "",
	    .dsn = "" };
	return 0;
}

static int
read_int(struct str value, int64_t *to, struct err *e)
{
	uint64_t n;

	if (str_num(value, TIME_MOST, &n) < 0)
		return fail(e, EX_DATAERR, "\"%.*s\" is no number",
		    STR_ARG(value));
	*to = (int64_t)n;
	return 0;
}

static int
read_from(struct reading *r, struct str value, struct err *e)
{
	r->from = true;
	r->q->mail.from = value.n == 0 ? "" :
	    address(r->q, value, false, e);
	return r->q->mail.from != NULL ? 0 : -1;
}

/* One line of the envelope: 0 or -1; what another user may not say is idle. */
static int
read_line(struct reading *r, struct str line, struct err *e)
{
	struct smtp_mail *m = &r->q->mail;
	struct smtp_rcpt *last = m->n > 0 ? &m->rcpt[m->n - 1] : NULL;
	struct str key = str_cut(&line, ' ');
	int64_t n = 0;

	if (str_is(key, "queued"))
		return read_int(line, &r->q->queued, e);
	if (str_is(key, "from"))
		return read_from(r, line, e);
	if (str_is(key, "to"))
		return read_to(r, line, e);
	if (str_is(key, "report")) {
		read_int(line, &n, e);
		r->q->report = n > 1 ? 2 : 1;
	} else if (str_is(key, "require-tls")) {
		m->requiretls = true;
	} else if (str_is(key, "all-or-nothing")) {
		m->whole = true;
	} else if (str_is(key, "mail-dsn")) {
		m->dsn = params(r->q, line, e);
	} else if (str_is(key, "rcpt-dsn") && last != NULL) {
		last->dsn = params(r->q, line, e);
	} else if (str_is(key, "sealed")) {
		r->q->sealed = r->own;
	} else if (str_is(key, "about")) {
		if (r->own)
			r->q->about = arena_dup(r->q->arena, line);
	} else if (str_is(key, "account")) {
		if (r->own)
			r->q->account = arena_dup(r->q->arena, line);
	} else if (str_is(key, "mail-params")) {
		if (r->own)
			m->params = params(r->q, line, e);
	} else if (str_is(key, "rcpt-params") && last != NULL) {
		if (r->own)
			last->params = params(r->q, line, e);
	} else {
		return fail(e, EX_DATAERR, "\"%.*s\" is unknown here",
		    STR_ARG(key));
	}
	return e->code != 0 ? -1 : 0;
}

static int
read_head(struct reading *r, struct str text, struct err *e)
{
	struct str line = str_cut(&text, '\n');

	if (!str_eq(line, str_of(MAIL_FIRST)))
		return fail(e, EX_DATAERR, "does not begin with \"%s\"",
		    MAIL_FIRST);
	r->q->mail.params = r->q->mail.dsn = "";
	while (text.p != NULL && (line = str_cut(&text, '\n')).n > 0)
		if (read_line(r, line, e) < 0)
			return -1;
	if (!r->from || r->q->mail.n == 0)
		return fail(e, EX_DATAERR, "without sender or recipient");
	r->q->mail.utf8 = r->q->utf8;
	return 0;
}

/* The envelope, up to the empty line and with it. */
static int
slurp_head(int fd, struct buf *b, struct err *e)
{
	char *end;
	size_t from;
	ssize_t n;

	b->max = HEAD_MAX;
	do {
		from = b->n > 0 ? b->n - 1 : 0;
		if (buf_room(b, 4096) == NULL)
			return fail(e, EX_DATAERR, "an envelope over %d bytes",
			    HEAD_MAX);
		n = file_pread(fd, b->p + b->n, 4095, (off_t)b->n, e);
		if (n < 0)
			return -1;
		if (memchr(b->p + b->n, '\0', (size_t)n) != NULL)
			return fail(e, EX_DATAERR, "a NUL in the envelope");
		b->n += (size_t)n;
		b->p[b->n] = '\0';
		end = strstr(b->p + from, "\n\n");
	} while (end == NULL && n > 0);
	if (end == NULL)
		return fail(e, EX_DATAERR, "the envelope has no end");
	b->n = (size_t)(end - b->p) + 2;
	return 0;
}

static int
read_mail(struct queue_entry *q, const struct spool_item *i, struct err *e)
{
	struct reading r = { .q = q, .own = i->entry->uid == geteuid() };
	struct buf b = { 0 };
	int got = slurp_head(i->mail, &b, e);

	if (got == 0)
		got = read_head(&r, BUF_STR(b), e);
	q->head = b.n;
	buf_free(&b);
	return got;
}

/* ---- the state */

void
queue_entry_state(struct buf *b, const struct queue_entry *q)
{
	const struct smtp_reply *r;
	char safe[2500];
	size_t i;

	buf_printf(b, STATE_FIRST "\nsince %lld\ntries %llu\nnext %lld\n",
	    (long long)q->since, (unsigned long long)q->tries,
	    (long long)q->next);
	if (q->clock.boot[0] != '\0')
		buf_printf(b, "clock %s %lld %lld\n", q->clock.boot,
		    (long long)q->clock.up, (long long)q->clock.wall);
	for (i = 0; i < q->mail.n; i++) {
		r = &q->mail.rcpt[i].reply;
		str_escape(safe, sizeof safe, str_of(r->text));
		buf_printf(b, "%s <%s> %d %s %s\n",
		    queue_fate_names[q->fate[i]], q->mail.rcpt[i].addr, r->code,
		    r->status[0] != '\0' ? r->status : "-", safe);
	}
}

static int
read_fate(struct queue_entry *q, size_t i, struct str line, struct err *e)
{
	struct smtp_rcpt *r = &q->mail.rcpt[i];
	struct str word = str_cut(&line, ' '), addr = str_of(r->addr), status;
	unsigned fate = 0;
	uint64_t code;

	while (fate < QUEUE_FATES && !str_is(word, queue_fate_names[fate]))
		fate++;
	if (fate == QUEUE_FATES || line.n < addr.n + 3 || line.p[0] != '<' ||
	    !str_eq(str_to(str_from(line, 1), addr.n), addr) ||
	    line.p[addr.n + 1] != '>')
		return fail(e, EX_DATAERR, "the state has no line for <%s>",
		    r->addr);
	line = str_from(line, addr.n + 3);
	if (str_num(str_cut(&line, ' '), 999, &code) < 0)
		return fail(e, EX_DATAERR, "the state of <%s> has no code",
		    r->addr);
	q->fate[i] = fate == QUEUE_TRYING ? QUEUE_MAYBE :
	    (enum queue_fate)fate;
	status = str_cut(&line, ' ');
	r->reply.code = (int)code;
	if (!str_is(status, "-"))
		snprintf(r->reply.status, sizeof r->reply.status, "%.*s",
		    STR_ARG(status));
	snprintf(r->reply.text, sizeof r->reply.text, "%.*s", STR_ARG(line));
	return 0;
}

static int
state_number(struct str *text, const char *key, int64_t *to, struct err *e)
{
	struct str line = str_cut(text, '\n');

	if (!str_is(str_cut(&line, ' '), key))
		return fail(e, EX_DATAERR, "the state has no \"%s\"", key);
	return read_int(line, to, e);
}

/* "clock BOOT UP WALL", if that comes next. */
static int
read_clock(struct queue_entry *q, struct str *text, struct err *e)
{
	struct queue_clock *c = &q->clock;
	struct str line = *text, boot;

	if (!str_starts(line, "clock "))
		return 0;
	line = str_cut(text, '\n');
	str_word(&line);
	boot = str_word(&line);
	snprintf(c->boot, sizeof c->boot, "%.*s", STR_ARG(boot));
	return read_int(str_word(&line), &c->up, e) < 0 ||
	    read_int(str_word(&line), &c->wall, e) < 0 ? -1 : 0;
}

static int
parse_state(struct queue_entry *q, struct str text, struct err *e)
{
	int64_t tries = 0;
	size_t i;

	if (!str_eq(str_cut(&text, '\n'), str_of(STATE_FIRST)))
		return fail(e, EX_DATAERR, "the state does not begin with \"%s\"",
		    STATE_FIRST);
	if (state_number(&text, "since", &q->since, e) < 0 ||
	    state_number(&text, "tries", &tries, e) < 0 ||
	    state_number(&text, "next", &q->next, e) < 0 ||
	    read_clock(q, &text, e) < 0)
		return -1;
	q->tries = (uint64_t)tries;
	for (i = 0; i < q->mail.n; i++)
		if (read_fate(q, i, str_cut(&text, '\n'), e) < 0)
			return -1;
	return 0;
}

int
queue_entry_read(struct queue_entry *q, const struct spool_item *i,
    struct err *e)
{
	struct buf b = { .max = 0 };
	int got = read_mail(q, i, e);

	if (got == 0) {
		q->since = q->next = q->queued;
		q->fate = arena_new(q->arena, q->mail.n, sizeof *q->fate);
		got = spool_state(i, &b, e);
	}
	if (got > 0)
		got = parse_state(q, BUF_STR(b), e);
	buf_free(&b);
	return got < 0 ? fail_in(e, "%s/%s/%s", i->spool->path, i->entry->box,
	    i->entry->id) : 0;
}

/* Not by its folder, which others may have named. */
const char *
queue_entry_name(const struct queue_entry *q, uid_t uid, const char *id)
{
	return arena_printf(q->arena, "%lld.Q%luI%s", (long long)q->queued,
	    (unsigned long)uid, id);
}

void
queue_entry_say(struct smtp_reply *r, const char *why)
{
	snprintf(r->text, sizeof r->text, "%.*s", (int)sizeof r->text - 1,
	    why);
}

bool
queue_entry_done(const struct queue_entry *q)
{
	size_t i;

	for (i = 0; i < q->mail.n; i++)
		if (q->fate[i] != QUEUE_SENT && q->fate[i] != QUEUE_TOLD)
			return false;
	return true;
}

bool
queue_entry_owes(const struct queue_entry *q)
{
	size_t i;

	for (i = 0; i < q->mail.n; i++)
		if (q->fate[i] == QUEUE_REFUSED || q->fate[i] == QUEUE_EXPIRED)
			return true;
	return false;
}
