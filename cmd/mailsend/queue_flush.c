/*
 * queue_flush.c: what waits is sent when it is due
 *
 * Each message is locked while it is looked at, so several flushers do no harm
 * to each other.  That an attempt begins is on the disk before the server hears
 * of it: one whose end was never written may have been a success, and its
 * recipients are in doubt.  One connection serves all messages.  A server that
 * cannot be reached is not asked again for the next message: that one stays due.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue_flush.h"
#include "account_url.h"
#include "batch_link.h"
#include "clock.h"
#include "queue.h"
#include "queue_accounts.h"
#include "queue_entry.h"
#include "queue_report.h"
#include "report.h"
#include "save.h"
#include "sendlog.h"
#include "stop.h"
#include "submit.h"
#include "trace.h"

enum {
	LIFE = 5 * 86400,		/* seconds until it is given up */
	NEXT_MOST = 5 * 3600		/* no longer wait is believed */
};

struct queue_user {
	uid_t uid;
	const char *name;
};

struct flush {
	struct run *run;
	struct spool_list list;
	struct queue_user *user;	/* of each uid in the list */
	size_t nuser;
	bool all;			/* due or not */
	bool others;			/* other accounts' messages, too */
	bool reports;			/* some were made, and want to go */
	struct batch_link link;		/* to the account's one server; */
	bool linked;			/* it is ready to be used */
	struct err down;		/* why no server can be reached */
	int worst;
};

static void
note_err(struct flush *f, struct err *e)
{
	f->worst = fail_worse(f->worst, e->code);
	fail_tell(e, NULL);
	fail_clear(e);
}

/* ---- before the sandbox */

static int
user_order(const void *a, const void *b)
{
	const struct queue_user *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

static const struct queue_user *
find_user(const struct flush *f, uid_t uid)
{
	const struct queue_user key = { .uid = uid };

	return bsearch(&key, f->user, f->nuser, sizeof key, user_order);
}

static void
learn_user(struct flush *f, uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	f->user[f->nuser++] = (struct queue_user){ uid, pw != NULL ?
	    arena_dup(&f->run->account.arena, str_of(pw->pw_name)) : NULL };
}

/* Names cannot be looked up later on.  Reports will be our own. */
static void
learn_users(struct flush *f)
{
	const struct spool_entry *v = f->list.v;
	size_t i;

	f->user = arena_new(&f->run->account.arena, f->list.n + 1,
	    sizeof *f->user);
	for (i = 0; i < f->list.n; i++)		/* sorted by uid */
		if (i == 0 || v[i].uid != v[i - 1].uid)
			learn_user(f, v[i].uid);
	if (find_user(f, geteuid()) == NULL)
		learn_user(f, geteuid());
	qsort(f->user, f->nuser, sizeof *f->user, user_order);
}

static bool
is_due(const struct flush *f, const struct queue_entry *q)
{
	int64_t now = clock_wall();

	/* Where a clock went back there is no point in waiting for years. */
	return f->all || q->next <= now || q->next > now + NEXT_MOST;
}

/* Where the clock was set meanwhile, what it said before is set, too. */
static void
follow_clock(struct queue_entry *q)
{
	struct queue_clock now = { .boot = "" };
	int64_t by;

	queue_clock_now(&now);
	by = queue_clock_set(&q->clock, &now);
	q->since += by;
	q->next += by;
	q->clock = now;
}

/* Is there anything to do for it in this run? */
static bool
wants_look(const struct flush *f, const struct queue_entry *q)
{
	return is_due(f, q) || queue_entry_owes(q);
}

/* Reads one that another may have; false: it is none, or damaged. */
static bool
peek(const struct flush *f, const struct spool_entry *n,
    struct queue_entry *q)
{
	struct err quiet = { 0 };
	struct spool_item i;
	bool got;

	if (n->uid != geteuid() ||
	    spool_look(&i, &f->run->queue.spool, n, &quiet) <= 0)
		return false;
	got = queue_entry_read(q, &i, &quiet) == 0;
	if (got)
		follow_clock(q);
	spool_close(&i);
	return got;
}

/* The other accounts of this user, each in its own process. */
static void
other_accounts(struct flush *f, const char *argv0)
{
	struct opt_list names = { 0 };
	struct arena mem = { 0 };
	struct err e = { 0 };
	size_t i, k;
	int got;

	for (i = 0; i < f->list.n; i++) {
		struct queue_entry q = { .arena = &mem, .bare = true };

		if (!peek(f, &f->list.v[i], &q) || q.account == NULL ||
		    queue_account_ours(f->run, &q) || !wants_look(f, &q) ||
		    queue_account_gone(f->run, &q) != NULL)
			continue;
		for (k = 0; k < names.n && strcmp(names.v[k], q.account) != 0;
		    k++)
			;
		if (k == names.n)
			opt_list_add(&mem, &names, q.account);
	}
	for (i = 0; i < names.n && !stop_asked(); i++) {
		got = queue_account_flush(f->run, argv0, names.v[i], &e);
		f->worst = fail_worse(f->worst, got);
		fail_tell(&e, NULL);
		fail_clear(&e);
	}
	arena_free(&mem);
}

/* ---- one attempt */

/* One that was told, sent or is held is none of it. */
static bool
wants_try(const struct flush *f, enum queue_fate fate)
{
	switch (fate) {
	case QUEUE_WAITING:
	case QUEUE_DEFERRED:
		return true;
	case QUEUE_TRYING:
	case QUEUE_MAYBE:
		return f->run->options->queue.doubt == OPTION_DOUBT_SEND;
	case QUEUE_REFUSED:
	case QUEUE_EXPIRED:
	case QUEUE_TOLD:
	case QUEUE_SENT:
	case QUEUE_FATES:
		break;
	}
	return false;
}

/* The recipients of this attempt, and which of the entry's each is. */
struct attempt {
	struct letter letter;
	size_t *of;
};

static void
choose_rcpts(const struct flush *f, const struct queue_entry *q, struct attempt *t)
{
	struct smtp_mail *m = &t->letter.envelope.mail;
	size_t i;

	*m = q->mail;
	m->n = 0;
	m->rcpt = arena_new(q->arena, q->mail.n, sizeof *m->rcpt);
	t->of = arena_new(q->arena, q->mail.n, sizeof *t->of);
	for (i = 0; i < q->mail.n; i++) {
		if (!wants_try(f, q->fate[i]))
			continue;
		t->of[m->n] = i;
		m->rcpt[m->n++] = (struct smtp_rcpt){
		    .addr = q->mail.rcpt[i].addr,
		    .params = q->mail.rcpt[i].params,
		    .dsn = q->mail.rcpt[i].dsn,
		    .doubt = q->fate[i] == QUEUE_MAYBE };
	}
}

static int
load(const struct spool_item *i, struct queue_entry *q, struct letter *l,
    struct err *e)
{
	struct str id;

	l->arena = q->arena;
	l->envelope.arena = q->arena;
	l->envelope.utf8 = q->utf8;
	l->sealed = q->sealed;
	l->tried = q->tries > 0;
	l->queued = queue_entry_name(q, i->entry->uid, i->entry->id);
	if (lseek(i->mail, (off_t)q->head, SEEK_SET) < 0)
		return fail_sys(e, EX_IOERR, "mail");
	if (msg_scan(&l->msg, q->arena, i->mail, 0, e) < 0)
		return -1;
	if (msg_field(&l->msg, "Message-ID", &id))
		l->id = arena_dup(q->arena, str_trim(id));
	return 0;
}

static int
save_state(const struct spool_item *i, const struct queue_entry *q,
    struct err *e)
{
	struct buf b = { .max = 0 };
	int got;

	queue_entry_state(&b, q);
	got = spool_set_state(i, BUF_STR(b), e);
	buf_free(&b);
	return got < 0 ? fail_in(e, "%s", i->entry->id) : 0;
}

/* Not before it was tried, however long nobody was there to try. */
static bool
old(const struct queue_entry *q)
{
	return q->tries > 0 && clock_wall() - q->since >= LIFE;
}

/* What a recipient's answer makes of it; never: nor will there be another. */
static enum queue_fate
new_fate(const struct smtp_rcpt *r, bool never)
{
	switch (r->state) {
	case SMTP_SENT:
		return QUEUE_SENT;
	case SMTP_REFUSED:
		return QUEUE_REFUSED;
	case SMTP_UNKNOWN:
		return QUEUE_MAYBE;
	case SMTP_DEFERRED:
		return QUEUE_DEFERRED;
	case SMTP_UNTRIED:
	case SMTP_TAKEN:
		break;
	}
	return never ? QUEUE_REFUSED : QUEUE_DEFERRED;
}

static void
note_fates(struct queue_entry *q, const struct attempt *t,
    const struct err *why, bool hopeless)
{
	const struct smtp_mail *m = &t->letter.envelope.mail;
	struct smtp_rcpt *r;
	bool never = hopeless;
	size_t i;

	for (i = 0; i < m->n; i++)	/* all, or none */
		never |= m->whole && m->rcpt[i].state == SMTP_REFUSED;
	for (i = 0; i < m->n; i++) {
		r = &q->mail.rcpt[t->of[i]];
		r->reply = m->rcpt[i].reply;
		q->fate[t->of[i]] = new_fate(&m->rcpt[i], never);
		if (m->rcpt[i].doubt && q->fate[t->of[i]] == QUEUE_DEFERRED)
			q->fate[t->of[i]] = QUEUE_MAYBE;
		if (r->reply.code == 0 && why->code != 0)
			queue_entry_say(&r->reply, why->msg);
	}
}

/* Was nobody asked, so that nobody else need be? */
static bool
unreachable(const struct attempt *t, const struct err *why)
{
	const struct smtp_mail *m = &t->letter.envelope.mail;
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->rcpt[i].state != SMTP_UNTRIED)
			return false;
	return why->code != 0;
}

/* Who may have got it twice by now, and was not found to have it; or "". */
static void
say_twice(char *to, size_t cap, const struct smtp_mail *m)
{
	size_t i, n;

	to[0] = '\0';
	for (i = 0; i < m->n; i++) {
		n = strlen(to);
		if (m->rcpt[i].doubt)
			snprintf(to + n, cap - n, "%s<%s>",
			    n == 0 ? "maybe twice: " : " ", m->rcpt[i].addr);
	}
}

/* The log's line, and what -v shows. */
static void
tell_attempt(const struct flush *f, const struct attempt *t, const struct report *r,
    const struct err *why)
{
	char text[1700], twice[600];
	int code = why->code;
	size_t i;

	for (i = 0; i < t->letter.envelope.mail.n; i++)
		if (t->letter.envelope.mail.rcpt[i].state != SMTP_SENT)
			code = fail_worse(code, EX_TEMPFAIL);
	say_twice(twice, sizeof twice, &t->letter.envelope.mail);
	snprintf(text, sizeof text, "%s%s%s", twice, twice[0] != '\0' &&
	    why->code != 0 ? "; " : "", why->msg);
	if (text[0] != '\0')
		trace_note(TRACE_DONE, "%s", text);
	sendlog_message(&t->letter, f->run, r, code, text);
}

/* One server, which the next message is for as well. */
static bool
one_server(const struct run *run)
{
	return run->account.has_server && run->fallback == NULL &&
	    run->account.server.scheme != ACCOUNT_MX &&
	    !account_here(run->account.server.scheme);
}

static void
hand_over(struct flush *f, struct letter *l, struct report *r, struct err *e)
{
	f->run->account.deadline = 0;		/* each has its own time */
	if (!one_server(f->run)) {
		submit(l, f->run, r, e);
		return;
	}
	if (!f->linked) {
		if (submit_ready(l, f->run, e) < 0)
			return;
		batch_link_open(&f->link, f->run, true);
		f->linked = true;
	}
	session_again(f->link.session);
	batch_link_send(&f->link, l, r, e);
}

/*
 * That takes its time: who has got the message is on the disk before, so that
 * nobody gets it twice if this process is killed meanwhile.
 */
static void
keep_copy(struct flush *f, const struct spool_item *i,
    const struct queue_entry *q, struct letter *l, struct report *r)
{
	struct err e = { 0 };

	if (!save_due(l, f->run))
		return;
	if (save_state(i, q, &e) < 0)
		note_err(f, &e);
	save_letter(l, f->run, r);
	if (r->unsaved)
		f->worst = fail_worse(f->worst, EX_IOERR);
}

static void
send_it(struct flush *f, const struct spool_item *i, struct queue_entry *q,
    struct attempt *t)
{
	struct report r = { 0 };
	struct err why = { 0 };
	bool hopeless;

	t->letter.envelope.mail.msg = &t->letter.msg;
	hand_over(f, &t->letter, &r, &why);
	hopeless = queue_hopeless(&r, why.code);
	note_fates(q, t, &why, hopeless);
	keep_copy(f, i, q, &t->letter, &r);
	tell_attempt(f, t, &r, &why);
	if (!hopeless && unreachable(t, &why))
		f->down = why;
}

/* Those that were tried, or would have been, for too long. */
static void
give_up(const struct flush *f, struct queue_entry *q)
{
	size_t i;

	for (i = 0; i < q->mail.n; i++) {
		if (!wants_try(f, q->fate[i]))
			continue;
		if (q->mail.rcpt[i].reply.text[0] == '\0')
			queue_entry_say(&q->mail.rcpt[i].reply, f->down.msg);
		q->fate[i] = QUEUE_EXPIRED;
	}
}

static void
count_attempt(struct queue_entry *q)
{
	int64_t now = clock_wall();

	queue_clock_now(&q->clock);
	if (q->tries++ == 0 || q->since > now)
		q->since = now;
	q->next = now + queue_wait(q->tries);
}

/* On the disk before anybody hears of it. */
static int
begin_attempt(const struct spool_item *i, struct queue_entry *q,
    const struct attempt *t, struct err *e)
{
	size_t k;

	count_attempt(q);
	for (k = 0; k < t->letter.envelope.mail.n; k++)
		q->fate[t->of[k]] = QUEUE_TRYING;
	return save_state(i, q, e);
}

/* ---- one message */

/* Whom a report is owed has it in the queue after this; or -1. */
static int
make_reports(struct flush *f, const struct spool_item *i,
    struct queue_entry *q, const struct msg *m)
{
	const char *log = NULL;
	struct err e = { 0 };

	if (!queue_entry_owes(q))
		return 0;
	if (queue_report(f->run, i->entry, q, m,
	    find_user(f, i->entry->uid)->name, &log, &e) < 0) {
		note_err(f, &e);
		return -1;
	}
	if (log != NULL)
		sendlog_text(f->run, log);
	f->reports |= log == NULL;
	return 0;
}

/*
 * What became of it is on the disk, then what follows from it, and then that
 * this was done: a report is made again under the same name, if ever.
 */
static void
conclude_entry(struct flush *f, const struct spool_item *i,
    struct queue_entry *q, const struct msg *m)
{
	struct err e = { 0 }, quiet = { 0 };
	int got = 0;

	if (!queue_entry_done(q))
		got = save_state(i, q, &e);
	mem_stake(NULL);
	if (got == 0 && queue_entry_owes(q)) {
		if (make_reports(f, i, q, m) < 0)
			return;
		if (!queue_entry_done(q))
			got = save_state(i, q, &e);
	}
	if (got == 0 && queue_entry_done(q) &&
	    (got = spool_remove(i, &e)) < 0)
		save_state(i, q, &quiet);	/* it stays, and nobody gets it again */
	if (got < 0)
		note_err(f, &e);
	else if (!queue_entry_done(q))
		f->worst = fail_worse(f->worst, EX_TEMPFAIL);
}

/* Those who want it, if it is due; 1 nobody, -1: it cannot be recorded. */
static int
try_it(struct flush *f, const struct spool_item *i, struct queue_entry *q,
    struct attempt *t, struct err *e)
{
	choose_rcpts(f, q, t);
	if (t->letter.envelope.mail.n == 0 || f->down.code != 0 ||
	    !is_due(f, q))
		return 1;
	if (begin_attempt(i, q, t, e) < 0)
		return -1;
	send_it(f, i, q, t);
	return 0;
}

/* Has it been told already that its account is gone? */
static bool
told_gone(const struct queue_entry *q, const struct attempt *t,
    const char *gone)
{
	const struct smtp_reply *r;
	size_t i;

	for (i = 0; i < t->letter.envelope.mail.n; i++) {
		r = &q->mail.rcpt[t->of[i]].reply;
		if (r->code == 0 && strcmp(r->text, gone) == 0)
			return true;
	}
	return false;
}

/*
 * An attempt that has no server to be made at: it counts, so that the message
 * does not wait for ever.  As try_it.
 */
static int
miss_account(struct flush *f, const struct spool_item *i,
    struct queue_entry *q, struct attempt *t, const char *gone)
{
	struct smtp_mail *m = &t->letter.envelope.mail;
	struct report none = { 0 };
	struct err why = { 0 };
	bool told;
	size_t k;

	choose_rcpts(f, q, t);
	if (m->n == 0 || !is_due(f, q))
		return 1;
	told = told_gone(q, t, gone);
	fail(&why, EX_CONFIG, "%s", gone);
	count_attempt(q);
	for (k = 0; k < m->n; k++)
		m->rcpt[k].state = SMTP_DEFERRED;
	note_fates(q, t, &why, false);
	for (k = 0; k < m->n; k++)
		m->rcpt[k].doubt = false;	/* nothing was sent twice */
	if (told)
		return 0;
	tell_attempt(f, t, &none, &why);
	fail_in(&why, "%s", i->entry->id);
	note_err(f, &why);
	return 0;
}

static void
attempt(struct flush *f, const struct spool_item *i, struct queue_entry *q,
    const char *gone)
{
	struct attempt t = { .of = NULL };
	bool owed = queue_entry_owes(q);
	struct err e = { 0 };
	int got = load(i, q, &t.letter, &e);

	if (got == 0 && make_reports(f, i, q, &t.letter.msg) == 0) {
		got = gone != NULL ? miss_account(f, i, q, &t, gone) :
		    try_it(f, i, q, &t, &e);
		if (got >= 0 && old(q))
			give_up(f, q);
		if (got == 0 || (got > 0 && (owed || queue_entry_owes(q) ||
		    queue_entry_done(q))))
			conclude_entry(f, i, q, &t.letter.msg);
	}
	if (got < 0)
		note_err(f, &e);
	msg_close(&t.letter.msg);
}

/*
 * A report goes when the message that it is about has noted that it was made:
 * else, after a crash, there would be another one.
 */
static bool
too_early(const struct flush *f, const struct queue_entry *report)
{
	struct str id = str_of(report->about), box = str_cut(&id, '/');
	struct queue_entry q = { .arena = report->arena, .bare = true };
	const struct spool_entry *n;
	struct err quiet = { 0 };
	struct spool_item i;
	bool owes = false;
	size_t k;

	for (k = 0; k < f->list.n && report->about != NULL && !owes; k++) {
		n = &f->list.v[k];
		if (!str_eq(str_of(n->id), id) || !str_eq(str_of(n->box), box) ||
		    spool_look(&i, &f->run->queue.spool, n, &quiet) <= 0)
			continue;
		owes = queue_entry_read(&q, &i, &quiet) == 0 &&
		    queue_entry_owes(&q);
		spool_close(&i);
	}
	return owes;
}

/* A name alone is a recipient where the account's server knows such. */
static int
check_bare(const struct flush *f, const struct spool_entry *n,
    const struct queue_entry *q, struct err *e)
{
	const struct option_envelope *o = &f->run->options->envelope;
	const char *addr;
	size_t i;

	for (i = 0; i < q->mail.n && !o->bare && !o->here; i++) {
		addr = q->mail.rcpt[i].addr;
		if (strchr(addr, '@') == NULL)
			return fail(e, EX_DATAERR, "%s/%s: %s: there is no '@'",
			    n->box, n->id, addr);
	}
	return 0;
}

/*
 * Who belongs to nobody any more is ours, as are reports about it: those can go
 * by any account.
 */
static const char *
adopt(const struct flush *f, struct queue_entry *q)
{
	const char *gone = f->others ? queue_account_gone(f->run, q) : NULL;

	if (gone != NULL)
		q->account = NULL;
	return q->report > 0 ? NULL : gone;
}

static void
one(struct flush *f, const struct spool_entry *n)
{
	struct arena mem = { 0 };
	struct queue_entry q = { .arena = &mem, .bare = true };
	const char *gone = NULL;
	struct err e = { 0 };
	struct spool_item i;
	int got = spool_take(&i, &f->run->queue.spool, n, &e);

	if (got < 0)
		note_err(f, &e);
	if (got <= 0)
		return;
	got = queue_entry_read(&q, &i, &e);
	if (got == 0) {
		follow_clock(&q);
		gone = adopt(f, &q);
	}
	if (got == 0 && queue_account_ours(f->run, &q) &&
	    wants_look(f, &q) && !too_early(f, &q) &&
	    (gone != NULL || (got = check_bare(f, n, &q, &e)) == 0))
		attempt(f, &i, &q, gone);
	if (got < 0)
		note_err(f, &e);
	spool_close(&i);
	arena_free(&mem);
}

/* But for those of who came meanwhile: nobody knows whom to tell of them. */
static void
all(struct flush *f)
{
	size_t i;

	for (i = 0; i < f->list.n && !stop_asked(); i++)
		if (find_user(f, f->list.v[i].uid) != NULL)
			one(f, &f->list.v[i]);
}

/* What waits, and then the reports that this has brought. */
static int
rounds(struct flush *f, struct err *e)
{
	all(f);
	if (f->reports && f->down.code == 0) {
		f->all = false;
		if (spool_find(&f->list, &f->run->queue.spool, e) < 0)
			return -1;
		all(f);
	}
	return 0;
}

int
queue_flush(struct run *run, const char *argv0, struct err *e)
{
	const struct spool *s = &run->queue.spool;
	struct flush f = { .run = run, .all = run->options->queue.now };
	int got;

	if (!s->there)
		return 0;
	if (!s->ours)
		return fail(e, EX_NOPERM, "%s belongs to uid %lu, who sends what is there",
		    s->path, (unsigned long)s->owner), e->code;
	if (spool_find(&f.list, s, e) < 0)
		return e->code;
	f.others = !run->queue.picked && run->account.url == NULL &&
	    argv0 != NULL;
	if (f.others)
		other_accounts(&f, argv0);
	if (f.list.n == 0)
		return f.worst;
	if (spool_own(s, e) < 0)
		return e->code;
	run->many = true;
	run->queue.self = envelope_self(&run->account.arena);
	learn_users(&f);
	got = rounds(&f, e);
	if (f.linked)
		batch_link_close(&f.link);
	if (got < 0)
		return e->code;
	if (f.down.code != 0 && f.down.code != EX_TEMPFAIL)
		*e = f.down;
	return fail_worse(f.worst, f.down.code);
}

void
queue_flush_new(struct run *run)
{
	struct err e = { 0 };

	queue_flush(run, NULL, &e);
	fail_tell(&e, NULL);
}
