/*
 * direct.c: delivery by MX, without a server of the account's (RFC 5321 5.1)
 *
 * The recipients of one domain are a group.  When the routes of all groups are
 * known, a few threads take them, one attempt at one host each time; what that
 * has not settled goes back to be taken for the next host.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "direct.h"
#include "direct_host.h"
#include "direct_route.h"
#include "direct_talk.h"
#include "clock.h"
#include "mime.h"
#include "save.h"
#include "stop.h"
#include "table.h"
#include "trace.h"

enum {
	AT_ONCE = 16,			/* threads */
	RECEIVED_MAX = 100		/* RFC 5321 section 6.3 */
};

struct group {
	struct direct_route route;
	size_t *at;			/* of the recipients in the letter */
	struct smtp_rcpt *rcpt;		/* and a copy of each, */
	size_t n, cap;
	size_t hop;			/* the next one */
	bool busy;
	/* of the hosts that did not do */
	struct buf why;
	int later, never;		/* exit statuses, the worst of each */
};

struct direct_mail {
	struct direct_way *way;
	struct letter *letter;
	struct report *report;
	struct group **group;
	size_t n;
	struct table names;		/* of the groups, by domain */
	pthread_mutex_t lock;		/* of all below, and of groups */
	pthread_cond_t moved;
	struct msg seven;
	bool has_seven;
};

/* ---- groups ---- */

static struct str
group_domain(const void *of, size_t at)
{
	return str_of(((struct group *const *)of)[at]->route.domain);
}

static struct group *
group_new(struct direct_mail *m, struct str domain)
{
	struct group *g = mem_new(1, sizeof *g);

	g->route.way = m->way;
	g->route.domain = arena_dup(&g->route.mem, domain);
	g->route.require_tls = m->letter->envelope.mail.requiretls ||
	    m->way->options->envelope.require_tls;
	g->why.max = sizeof g->rcpt->reply.text - 1;
	m->group = mem_grow(m->group, m->n + 1, sizeof(struct group *));
	m->group[m->n] = g;
	table_add(&m->names, m->group, m->n++);
	return g;
}

static void
group_add(struct group *g, const struct smtp_rcpt *r, size_t at)
{
	if (g->n == g->cap) {
		g->cap = g->cap > 0 ? 2 * g->cap : 1;	/* as a rule it is */
		g->rcpt = mem_grow(g->rcpt, g->cap, sizeof *g->rcpt);
		g->at = mem_grow(g->at, g->cap, sizeof *g->at);
	}
	g->rcpt[g->n] = *r;
	g->at[g->n++] = at;
}

static int
make_groups(struct direct_mail *m, struct err *e)
{
	const struct smtp_mail *mail = &m->letter->envelope.mail;
	const char *domain;
	struct str ascii;
	size_t i, at;

	m->names.text = group_domain;
	for (i = 0; i < mail->n; i++) {
		if (mail->rcpt[i].state != SMTP_UNTRIED)
			continue;
		domain = strrchr(mail->rcpt[i].addr, '@');
		if (domain == NULL || addr_ascii(m->letter->arena,
		    str_of(domain + 1), &ascii, e) < 0)
			return fail_in(e, "%s", mail->rcpt[i].addr);
		at = table_text(&m->names, m->group, ascii);
		group_add(at != TABLE_NONE ? m->group[at] :
		    group_new(m, ascii), &mail->rcpt[i], i);
	}
	return 0;
}

static void
group_free(struct group *g)
{
	direct_route_free(&g->route);
	buf_free(&g->why);
	free(g->rcpt);
	free(g->at);
	free(g);
}

/* ---- what a host has left over ---- */

/* One that has its fate; what was put off before the dot is for others, too. */
static bool
rcpt_settled(const struct smtp_rcpt *r)
{
	switch (r->state) {
	case SMTP_SENT:
	case SMTP_TAKEN:		/* --quit-after rcpt */
	case SMTP_REFUSED:
	case SMTP_UNKNOWN:
		return true;
	case SMTP_DEFERRED:
		return r->stage == SMTP_AT_END;
	case SMTP_UNTRIED:
		break;
	}
	return false;
}

/* Does anybody want another host?  Of --all-or-nothing one no is the end. */
static bool
group_open(const struct group *g, bool whole)
{
	bool open = false;
	size_t i;

	for (i = 0; i < g->n; i++) {
		if (whole && g->rcpt[i].state == SMTP_REFUSED)
			return false;
		open |= !rcpt_settled(&g->rcpt[i]);
	}
	return open;
}

/* Those who want another host, first; how many. */
static size_t
group_sort(struct group *g)
{
	struct smtp_rcpt r;
	size_t i, k = 0, at;

	for (i = 0; i < g->n; i++) {
		if (rcpt_settled(&g->rcpt[i]))
			continue;
		r = g->rcpt[i];
		at = g->at[i];
		g->rcpt[i] = g->rcpt[k];
		g->at[i] = g->at[k];
		g->rcpt[k] = r;
		g->at[k++] = at;
	}
	return k;
}

/* A host did not do: why, and is it worth another try? */
static void
group_blame(struct group *g, int code, const char *why)
{
	bool never = code == EX_UNAVAILABLE || code == EX_DATAERR;
	int *worst = never ? &g->never : &g->later;

	*worst = fail_worse(*worst, code);
	if (g->why.n > 0 && g->why.n + strlen(why) + 2 > g->why.max)
		return;
	buf_printf(&g->why, "%s%.*s", g->why.n > 0 ? "; " : "",
	    (int)(g->why.max - g->why.n - 2), why);
}

/* Over all hosts: an answer that came for now stands, else the reason. */
static void
group_conclude(struct group *g)
{
	const struct direct_fault *f = &g->route.fault;
	bool never = f->code != 0 ? f->lasting : g->later == 0 &&
	    g->never != 0;
	int code = f->code;
	struct smtp_rcpt *r;
	size_t i;

	if (code == 0)
		code = never ? g->never : g->later;
	for (i = 0; i < g->n; i++) {
		r = &g->rcpt[i];
		if (r->state != SMTP_UNTRIED)
			continue;
		if (f->code == 0 && g->why.n == 0)
			continue;	/* we were asked to stop */
		r->state = never ? SMTP_REFUSED : SMTP_DEFERRED;
		r->stage = SMTP_AT_ROUTE;
		r->exit = code;
		r->reply = (struct smtp_reply){ 0 };
		if (f->code != 0)
			snprintf(r->reply.status, sizeof r->reply.status,
			    "%s", f->status);
		snprintf(r->reply.text, sizeof r->reply.text, "%s",
		    f->code != 0 ? f->text : g->why.p);
	}
}

/* ---- one attempt ---- */

static const struct msg *
seven(void *arg, struct err *e)
{
	struct direct_mail *m = arg;
	struct letter *l = m->letter;
	struct msg eight = l->msg;
	int got = 0;

	if (m->way->options->message.as_is) {
		fail(e, EX_DATAERR, "8-bit text is sent as it is, or not at all (--as-is)");
		return NULL;
	}
	pthread_mutex_lock(&m->lock);
	if (!m->has_seven)
		got = mime_downgrade(&eight, &m->seven, l->arena,
		    m->way->options->message.daemon ? MIME_FORCE : 0, e);
	m->has_seven |= got == 0;
	pthread_mutex_unlock(&m->lock);
	return got == 0 ? &m->seven : NULL;
}

/* A host without SMTPUTF8 is refused for those alone who need it. */
static bool
needs_utf8(const struct letter *l, const struct smtp_rcpt *r, size_t n)
{
	bool yes = l->msg.utf8 || !str_ascii(str_of(l->envelope.mail.from));
	size_t i;

	for (i = 0; i < n && !yes; i++)
		yes = !str_ascii(str_of(r[i].addr));
	return yes;
}

/* Where it was settled, for report and log. */
static void
note_via(struct direct_mail *m, struct smtp_rcpt *r, size_t n,
    const struct direct_hop *h, const struct report *seen)
{
	const char *via = NULL;
	size_t i;

	pthread_mutex_lock(&m->lock);
	for (i = 0; i < n; i++) {
		if (r[i].state == SMTP_UNTRIED || r[i].via != NULL)
			continue;
		if (via == NULL)
			via = arena_printf(m->letter->arena, "%s:%u %s %s",
			    h->name, m->way->port,
			    seen->tls[0] != '\0' ? seen->tls : "clear",
			    direct_need(h->need));
		r[i].via = via;
	}
	m->report->verified = seen->verified;
	memcpy(m->report->peer, seen->peer, sizeof seen->peer);
	memcpy(m->report->tls, seen->tls, sizeof seen->tls);
	memcpy(m->report->cipher, seen->cipher, sizeof seen->cipher);
	memcpy(m->report->pin, seen->pin, sizeof seen->pin);
	pthread_mutex_unlock(&m->lock);
}

/* The group is this thread's alone; true: the host wants rest. */
static bool
group_try(struct direct_mail *m, struct group *g)
{
	const struct letter *l = m->letter;
	struct direct_talk *t = mem_new(1, sizeof *t);
	size_t i, n = group_sort(g);
	struct smtp_rcpt *was = mem_new(n, sizeof *was);
	bool tired;

	for (i = 0; i < n; i++) {
		was[i] = g->rcpt[i];
		g->rcpt[i].state = SMTP_UNTRIED;
		g->rcpt[i].via = NULL;
		g->rcpt[i].reply = (struct smtp_reply){ 0 };
	}
	*t = (struct direct_talk){ .way = m->way, .domain = g->route.domain,
	    .hop = &g->route.hop[g->hop], .mail = l->envelope.mail,
	    .seven = seven, .arg = m };
	t->mail.rcpt = g->rcpt;
	t->mail.n = n;
	t->mail.utf8 = needs_utf8(l, g->rcpt, n);
	direct_talk(t);
	for (i = 0; i < n; i++)		/* what an earlier host said stands */
		if (g->rcpt[i].state == SMTP_UNTRIED)
			g->rcpt[i] = was[i];
	note_via(m, g->rcpt, n, t->hop, &t->seen);
	if (t->e.code != 0)
		group_blame(g, t->e.code, t->e.msg);
	tired = t->tired;
	free(was);
	free(t);
	return tired;
}

/* ---- who is next ---- */

/* The host is passed over. */
static void
pass_over(struct group *g, int code, const char *why)
{
	char text[400];

	snprintf(text, sizeof text, "%s: %s", g->route.hop[g->hop].name, why);
	group_blame(g, code, text);
	trace_note(TRACE_DONE, "%s: %s", g->route.domain, text);
	g->hop++;
}

static int
passed_code(const struct direct_hop *h)
{
	if (h->need == DIRECT_NEED_LATER)
		return EX_TEMPFAIL;
	return h->naddr == 0 ? EX_UNAVAILABLE : EX_NOPERM;
}

/* Can it be begun now?  Then its host is entered. */
static bool
group_begins(struct direct_mail *m, struct group *g)
{
	const struct direct_hop *h;

	while (!g->busy && g->hop < g->route.nhop &&
	    group_open(g, m->letter->envelope.mail.whole)) {
		h = &g->route.hop[g->hop];
		if (h->why != NULL) {
			pass_over(g, passed_code(h), h->why);
			continue;
		}
		switch (direct_host_enter(m->way, h->name)) {
		case DIRECT_ROOM:
			return true;
		case DIRECT_FULL:
			return false;
		case DIRECT_RESTS:
			pass_over(g, EX_TEMPFAIL,
			    "it did not answer, or wanted no mail, a moment ago, and is left alone for a while");
		}
	}
	return false;
}

/* The next one, entered; NULL: there will be no more. */
static struct group *
next_group(struct direct_mail *m)
{
	size_t i, busy;

	while (!stop_asked()) {
		busy = 0;
		for (i = 0; i < m->n; i++) {
			if (group_begins(m, m->group[i]))
				return m->group[i];
			busy += m->group[i]->busy;
		}
		if (busy == 0)
			return NULL;
		pthread_cond_wait(&m->moved, &m->lock);
	}
	return NULL;
}

static void *
group_work(void *arg)
{
	struct direct_mail *m = arg;
	struct group *g;
	bool tired;

	pthread_mutex_lock(&m->lock);
	while ((g = next_group(m)) != NULL) {
		g->busy = true;
		pthread_mutex_unlock(&m->lock);
		tired = group_try(m, g);
		pthread_mutex_lock(&m->lock);
		g->busy = false;
		direct_host_leave(m->way, g->route.hop[g->hop++].name, tired);
		pthread_cond_broadcast(&m->moved);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

/* With as many threads as there can be: this one is there in any case. */
static void
work_all(struct direct_mail *m)
{
	pthread_t thread[AT_ONCE];
	size_t i, n = 0;

	while (n + 1 < m->n && n + 1 < AT_ONCE &&
	    pthread_create(&thread[n], NULL, group_work, m) == 0)
		n++;
	group_work(m);
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
}

/* ---- all of it ---- */

static int
find_routes(struct direct_mail *m, struct err *e)
{
	struct direct_route **v = mem_new(m->n + 1,
	    sizeof(struct direct_route *));
	size_t i;
	int got;

	for (i = 0; i < m->n; i++)
		v[i] = &m->group[i]->route;
	got = direct_route_all(v, m->n, e);
	free(v);
	return got;
}

static void
give_back(struct direct_mail *m)
{
	struct smtp_mail *mail = &m->letter->envelope.mail;
	struct group *g;
	bool perhaps = false;
	size_t i, k;

	for (i = 0; i < m->n; i++) {
		g = m->group[i];
		group_conclude(g);
		for (k = 0; k < g->n; k++) {
			mail->rcpt[g->at[k]] = g->rcpt[k];
			perhaps |= g->rcpt[k].state == SMTP_SENT ||
			    g->rcpt[k].state == SMTP_UNKNOWN;
		}
	}
	if (perhaps)
		mem_stake("the message may have been accepted");
}

/* RFC 5321 section 6.3: so many hops are a loop. */
static size_t
received(const struct msg *m)
{
	struct msg_fields f = { msg_head(m) };
	struct str name, body;
	size_t n = 0;

	while (msg_next_field(&f, &name, &body) > 0)
		n += str_is(name, "Received");
	return n;
}

static int
mail_send(struct direct_mail *m, struct err *e)
{
	const struct letter *l = m->letter;

	if (received(&l->msg) > RECEIVED_MAX)
		return fail(e, EX_UNAVAILABLE, "mail loops: the message has over %d Received fields",
		    RECEIVED_MAX);
	if (make_groups(m, e) < 0)
		return -1;
	if (l->envelope.mail.whole && m->n > 1)
		return fail(e, EX_USAGE, "--all-or-nothing cannot be had with recipients of several domains");
	if (find_routes(m, e) < 0)
		return -1;
	work_all(m);
	give_back(m);
	return 0;
}

int
direct_ready(struct run *run, struct err *e)
{
	if (run->account.timeout > 0 && run->account.deadline == 0)
		run->account.deadline = clock_in(run->account.timeout);
	if (run->direct == NULL)
		run->direct = direct_way_open(&run->account, run->options,
		    save_session(run), e);
	return run->direct != NULL ? 0 : -1;
}

int
direct_send(struct letter *l, struct run *run, struct report *r, struct err *e)
{
	struct direct_mail m = { .letter = l, .report = r,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .moved = PTHREAD_COND_INITIALIZER };
	int got;

	if (direct_ready(run, e) < 0)
		return -1;
	m.way = run->direct;
	r->reached = true;
	got = mail_send(&m, e);
	while (m.n > 0)
		group_free(m.group[--m.n]);
	free(m.group);
	table_free(&m.names);
	if (m.has_seven)
		msg_close(&m.seven);
	return got;
}

bool
direct_close(struct run *run)
{
	bool closed = direct_way_close(run->direct);

	run->direct = NULL;
	return closed;
}

int
direct_check(const struct account *a, const struct options *o, struct err *e)
{
	bool mx = a->has_server && a->server.scheme == ACCOUNT_MX;

	if (!mx && (o->direct.port != 0 || o->direct.sts_port != 0))
		return fail(e, EX_USAGE, "--mx-port is for mx: alone (--direct)");
	if (mx && (o->direct.port > 65535 || o->direct.sts_port > 65535))
		return fail(e, EX_USAGE, "--mx-port: no port");
	if (mx && (o->sending.quit_after == OPTION_STEP_CONNECT ||
	    o->sending.quit_after == OPTION_STEP_EHLO ||
	    o->sending.quit_after == OPTION_STEP_AUTH))
		return fail(e, EX_USAGE, "--quit-after: with mx: there is rcpt alone");
	return 0;
}
