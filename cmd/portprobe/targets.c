/* targets.c: what is to be probed: operands and lines, names looked up, jobs */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lines.h"
#include "operand.h"
#include "probe.h"
#include "report.h"
#include "run.h"
#include "slot.h"
#include "sts.h"
#include "tag.h"
#include "target.h"
#include "targets.h"
#include "tell.h"

static const struct {
	const char *name, *proto;
} services[] = {
	{ "_submissions", "smtps" }, { "_submission", "submission" },
	{ "_imaps", "imaps" }, { "_imap", "imap" }, { "_pop3s", "pop3s" },
	{ "_pop3", "pop3" }, { "_sieve", "sieve" },
};
enum { SERVICES = sizeof services / sizeof *services };

static const unsigned usual[] = { 25, 465, 587, 110, 995, 143, 993 };

struct feed {
	struct lines lines;
	bool reading;			/* stdin */
	bool watched, begun;
	size_t next;
	uint64_t seq;
	struct link all;		/* targets, newest last */
};

char targets_token;

/* ---- what cannot be probed */

/*
 * Reports are told in this order, whichever answers came first: by host, as
 * the target or its records have them, then by address and port.
 */
static uint64_t
place(struct target *t, struct host *h)
{
	return h != NULL ? h->order++ : t->orders++ << 32;
}

static void
no_host(struct target *t, struct host *h, const char *host, int status,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void
no_host(struct target *t, struct host *h, const char *host, int status,
    const char *fmt, ...)
{
	struct report r = { .run = t->run, .target = t, .host = host,
	    .proto = t->given.port.proto, .port = t->given.port.number, .talk.starttls = -1,
	    .order = place(t, h), .mem = &t->mem, .verdict.status = status,
	    .us = { clock_us() - t->started, -1, -1, -1, -1, -1 } };
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (t->given.kind == TARGET_HOST && r.port == 0 &&
	    t->run->set->scope.nports == 1) {
		r.port = t->run->set->scope.port[0].number;
		r.proto = t->run->set->scope.port[0].proto;
	}
	r.protoname = r.proto != NULL ? r.proto->name : NULL;
	r.relay = r.proto != NULL && r.proto->relay;
	r.us.total = r.us.dns;
	r.via = t->given.kind != TARGET_HOST ? t->given.text : NULL;
	r.trouble = (struct trouble){ .class = TROUBLE_DNS,
	    .place = PLACE_DNS, .text = text };
	t->left++;
	tell(&r);
	t->left--;
}

/* ---- hosts and their addresses */

static struct host *
add_host(struct target *t, const char *name, bool secure)
{
	struct host *h = arena_new(&t->mem, 1, sizeof *h);

	h->target = t;
	h->name = name;
	h->secure = secure;
	h->order = place(t, NULL);
	*t->last = h;
	t->last = &h->next;
	return h;
}

static void
add_addr(struct host *h, const struct net_addr *a)
{
	const struct run *r = h->target->run;
	int f = a->ss.ss_family;

	if ((r->set->scope.four && f != AF_INET) ||
	    (r->set->scope.six && f != AF_INET6) ||
	    h->naddr == ADDRS_MAX || (r->set->scope.first && h->naddr > 0))
		return;
	if (h->addr == NULL)
		h->addr = arena_new(&h->target->mem, ADDRS_MAX,
		    sizeof *h->addr);
	h->addr[h->naddr++] = *a;
}

static void
add_answer(struct host *h, const struct dns_answer *a)
{
	struct net_addr addr;
	unsigned i;

	for (i = 0; i < a->n; i++) {
		net_raw(a->rr[i].data, 0, &addr);
		add_addr(h, &addr);
	}
}

/* What this machine itself knows. */
static void
by_file(struct host *h)
{
	static const struct str loop[] = { STR("127.0.0.1"), STR("::1") };
	struct str rest = BUF_STR(h->target->run->hosts), text;
	struct net_addr a;
	size_t i;

	if (rest.n > 0 && memmem(rest.p, rest.n, h->name,
	    strlen(h->name)) != NULL)
		while (net_hosts_next(&rest, h->name, &text))
			if (net_pton(text, 0, &a) == 0) {
				add_addr(h, &a);
				h->known = true;
			}
	if (!h->known && (strcmp(h->name, "localhost") == 0 ||
	    dns_within(h->name, "localhost"))) {
		h->known = true;
		for (i = 0; i < 2; i++)
			if (net_pton(loop[i], 0, &a) == 0)
				add_addr(h, &a);
	}
}

static const char *
family(const struct settings *o)
{
	if (o->scope.four)
		return "IPv4 ";
	return o->scope.six ? "IPv6 " : "";
}

static void
why_none(struct host *h, const struct dns_answer *a,
    const struct dns_answer *aaaa)
{
	const struct dns_answer *bad = dns_temporary(a->status) ? a : aaaa;
	struct target *t = h->target;

	if (dns_temporary(bad->status))
		no_host(t, h, h->name, EX_TEMPFAIL, "%s%s%s",
		    dns_status(bad->status), bad->why != NULL ? ": " : "",
		    bad->why != NULL ? bad->why : "");
	else if (a->status == DNS_NXDOMAIN)
		no_host(t, h, h->name, EX_NOHOST, "no such host");
	else
		no_host(t, h, h->name, EX_NOHOST, "the host has no %saddress",
		    family(t->run->set));
}

static void
add_job(struct host *h, const struct net_addr *a, struct port port)
{
	struct target *t = h->target;
	const struct run *r = t->run;
	struct job *j = arena_new(&t->mem, 1, sizeof *j);
	struct net_addr *dial = arena_new(&t->mem, 1, sizeof *dial);

	*dial = *a;
	net_port(dial, port.number);
	if (r->set->scope.mode == MODE_IMPLICIT)
		port.proto = probe_talk_twin(port.proto, true);
	else if (r->set->scope.mode != MODE_AUTO)
		port.proto = probe_talk_twin(port.proto, false);
	*j = (struct job){ .host = h, .addr = dial, .port = port,
	    .order = place(t, h) };
	h->left++;
	t->left++;
	jobs_add(t->run->jobs, j);
}

static void
add_jobs(struct host *h, const struct net_addr *a)
{
	const struct target *t = h->target;
	const struct run *r = t->run;
	size_t i;

	if (h->port.number != 0) {
		add_job(h, a, h->port);
	} else if (t->given.port.number != 0) {
		add_job(h, a, t->given.port);
	} else if (r->set->scope.nports > 0) {
		for (i = 0; i < r->set->scope.nports; i++)
			add_job(h, a, r->set->scope.port[i]);
	} else if (t->given.kind == TARGET_MX) {
		add_job(h, a, (struct port){ 25, probe_talk_port(25) });
	} else {
		for (i = 0; i < sizeof usual / sizeof *usual; i++)
			add_job(h, a, (struct port){ usual[i],
			    probe_talk_port(usual[i]) });
	}
}

/* False: answers are missing. */
static bool
addresses(struct host *h)
{
	const struct dns_answer *a, *aaaa;
	struct target *t = h->target;

	if (h->naddr > 0)
		return true;
	if (t->given.kind == TARGET_HOST)
		by_file(h);
	if (h->naddr > 0)
		return true;
	if (h->known) {
		no_host(t, h, h->name, EX_NOHOST, "/etc/hosts has no address of "
		    "this family");
		return true;
	}
	a = target_ask(t, h->name, DNS_A);
	aaaa = target_ask(t, h->name, DNS_AAAA);
	if (a == NULL || aaaa == NULL)
		return false;
	add_answer(h, a);
	add_answer(h, aaaa);
	if (h->naddr == 0)
		why_none(h, a, aaaa);
	return true;
}

static void
resolve(struct host *h)
{
	int i;

	if (!addresses(h))
		return;
	h->resolved = true;
	h->dns_us = h->literal ? 0 : clock_us() - h->target->started;
	for (i = 0; i < h->naddr; i++)
		add_jobs(h, &h->addr[i]);
}

/* ---- mx: and srv: */

static bool
twice(const struct target *t, const char *name, unsigned port)
{
	const struct host *h;

	for (h = t->hosts; h != NULL; h = h->next)
		if (h->port.number == port && strcmp(h->name, name) == 0)
			return true;
	return false;
}

static int
by_preference(const void *a, const void *b)
{
	const struct dns_rr *const *x = a, *const *y = b;

	if ((*x)->pref != (*y)->pref)
		return (*x)->pref < (*y)->pref ? -1 : 1;
	return strcmp((*x)->name, (*y)->name);
}

static void
take_mx(struct target *t, const struct dns_answer *a)
{
	const struct dns_rr *rr[HOSTS_MAX] = { NULL };
	unsigned i, n = a->n < HOSTS_MAX ? a->n : HOSTS_MAX;

	for (i = 0; i < n; i++)
		rr[i] = &a->rr[i];
	qsort(rr, n, sizeof *rr, by_preference);
	for (i = 0; i < n; i++) {
		if (strcmp(rr[i]->name, ".") == 0 && a->n == 1)
			no_host(t, NULL, t->given.domain, EX_NOHOST, "the domain takes no "
			    "mail (null MX)");
		else if (!dns_hostname(rr[i]->name))
			no_host(t, NULL, arena_dup(&t->mem, str_of(rr[i]->name)),
			    EX_NOHOST, "the MX names no host");
		else if (!twice(t, rr[i]->name, 0))
			add_host(t, rr[i]->name, a->ad);
	}
}

static bool
hosts_of_mx(struct target *t)
{
	const struct dns_answer *a = target_ask(t, t->given.domain, DNS_MX);

	if (a == NULL)
		return false;
	if (a->status == DNS_OK)
		take_mx(t, a);
	else if (a->status == DNS_NODATA)
		add_host(t, t->given.domain, a->ad);
	else if (dns_temporary(a->status))
		no_host(t, NULL, t->given.domain, EX_TEMPFAIL, "MX: %s%s%s",
		    dns_status(a->status), a->why != NULL ? ": " : "",
		    a->why != NULL ? a->why : "");
	else
		no_host(t, NULL, t->given.domain, EX_NOHOST, "no such domain");
	return true;
}

static void
take_srv(struct target *t, const struct dns_answer *a, const char *proto,
    unsigned *offered)
{
	struct host *h;
	unsigned i;

	for (i = 0; i < a->n && i < HOSTS_MAX; i++) {
		if (strcmp(a->rr[i].name, ".") == 0)
			continue;	/* not offered (RFC 2782) */
		++*offered;
		if (!dns_hostname(a->rr[i].name) || a->rr[i].port == 0) {
			no_host(t, NULL, arena_dup(&t->mem, str_of(a->rr[i].name)),
			    EX_NOHOST, "%s names no host and port", a->name);
		} else if (!twice(t, a->rr[i].name, a->rr[i].port)) {
			h = add_host(t, a->rr[i].name, a->ad);
			h->port = (struct port){ a->rr[i].port,
			    probe_talk_named(str_of(proto)) };
		}
	}
}

static bool
hosts_of_srv(struct target *t)
{
	const struct dns_answer *a[SERVICES], *bad = NULL;
	unsigned offered = 0;
	bool all = true;
	size_t i;

	for (i = 0; i < SERVICES; i++) {
		a[i] = target_ask(t, arena_printf(&t->mem, "%s._tcp.%s",
		    services[i].name, t->given.domain), DNS_SRV);
		all &= a[i] != NULL;
	}
	if (!all)
		return false;
	for (i = 0; i < SERVICES; i++) {
		if (a[i] != NULL && dns_temporary(a[i]->status))
			bad = a[i];
		else if (a[i] != NULL)
			take_srv(t, a[i], services[i].proto, &offered);
	}
	if (bad != NULL)
		no_host(t, NULL, t->given.domain, EX_TEMPFAIL, "%s: %s", bad->name,
		    dns_status(bad->status));
	else if (offered == 0)
		no_host(t, NULL, t->given.domain, EX_NOHOST, "no SRV record offers a mail "
		    "service");
	return true;
}

/* ---- MTA-STS */

static void
sts_over(struct target *t, const char *error, bool temporary)
{
	t->sts->done = true;
	t->sts->error = error;
	t->sts->temporary = temporary;
	target_news(t);
}

static void
ask_sts(struct target *t)
{
	const struct dns_answer *txt, *a, *aaaa;
	struct net_addr addr[4];
	struct str record;
	const char *host, *why;
	unsigned i;
	int n = 0;

	if (t->sts == NULL || t->sts->done || t->sts->asked)
		return;
	txt = target_ask(t, arena_printf(&t->mem, "_mta-sts.%s", t->given.domain),
	    DNS_TXT);
	if (txt == NULL)
		return;
	if (dns_temporary(txt->status)) {
		sts_over(t, "its TXT record cannot be looked up now", true);
		return;
	}
	if (tag_select(txt, "STSv1", &record) != 1) {
		sts_over(t, NULL, false);	/* there is none */
		return;
	}
	t->sts->id = mtasts_id(record, &why);
	if (why != NULL) {
		sts_over(t, why, false);
		return;
	}
	host = arena_printf(&t->mem, "mta-sts.%s", t->given.domain);
	a = target_ask(t, host, DNS_A);
	aaaa = target_ask(t, host, DNS_AAAA);
	if (a == NULL || aaaa == NULL)
		return;
	for (i = 0; i < a->n && n < 2; i++)
		net_raw(a->rr[i].data, 443, &addr[n++]);
	for (i = 0; i < aaaa->n && n < 4; i++)
		net_raw(aaaa->rr[i].data, 443, &addr[n++]);
	t->sts->asked = true;
	if (n == 0)
		sts_over(t, "mta-sts has no address", dns_temporary(
		    a->status) || dns_temporary(aaaa->status));
	else
		sts_fetch(t->run, t->sts, addr, n);
}

/* ---- a target's life */

static void
over(struct target *t)
{
	if (!t->over) {
		t->over = true;
		t->run->targets--;
		due_clear(&t->due);
		tell_target(t);
	}
	if (t->pending > 0)
		return;		/* an answer that nobody waits for */
	if (t->sts != NULL)
		sts_forget(t->sts);
	target_forget(t);
	t->link.prev->next = t->link.next;
	t->link.next->prev = t->link.prev;
	arena_free(&t->mem);
	free(t);
}

static void
wake(struct target *t)
{
	struct probe *p = t->waiting, *next;

	t->waiting = NULL;
	for (; p != NULL; p = next) {
		next = p->next;
		probe_wake(p);
	}
}

/* Once more, with the answers that have come. */
static void
go(struct target *t)
{
	struct host *h;

	if (!t->expanded)
		t->expanded = t->given.kind == TARGET_MX ? hosts_of_mx(t) :
		    hosts_of_srv(t);
	for (h = t->hosts; h != NULL; h = h->next)
		if (!h->resolved)
			resolve(h);
	wake(t);
}

/* Probes that were held because of the policy are told. */
static void
release(struct target *t)
{
	struct probe *p = t->held, *next;

	if (t->sts != NULL && !t->sts->done)
		return;
	t->held = NULL;
	for (; p != NULL; p = next) {
		next = p->next;
		probe_end(p);
	}
}

static bool
complete(const struct target *t)
{
	const struct host *h;

	if (!t->expanded || t->left > 0)
		return false;
	for (h = t->hosts; h != NULL; h = h->next)
		if (!h->resolved)
			return false;
	return true;
}

static void
review(struct target *t)
{
	if (!t->over) {
		if (t->answers) {
			ask_sts(t);	/* first: reports tell of it */
			go(t);
		}
		t->answers = false;
		release(t);
	}
	if (!t->news && (t->over || complete(t)))
		over(t);
}

void
targets_settle(struct run *r)
{
	struct target *t;

	while ((t = target_next_news(r)) != NULL)
		review(t);
}

void
targets_late(struct target *t)
{
	struct host *h;

	if (!t->expanded)
		no_host(t, NULL, t->given.domain, EX_TEMPFAIL, "no answer in %.3g s",
		    t->run->set->scope.timeout);
	t->expanded = true;
	for (h = t->hosts; h != NULL; h = h->next)
		if (!h->resolved) {
			h->resolved = true;
			no_host(t, h, h->name, EX_TEMPFAIL, "no answer in %.3g s",
			    t->run->set->scope.timeout);
		}
	if (t->sts != NULL && !t->sts->done)
		sts_over(t, "no answer in time", true);
	target_news(t);
}

static void
begin(struct target *t)
{
	struct host *h;

	if (t->given.kind == TARGET_HOST) {
		h = add_host(t, t->given.domain, true);
		h->literal = t->given.literal;
		if (t->given.dial.len > 0)
			add_addr(h, &t->given.dial);
		if (t->given.dial.len > 0 && h->naddr == 0) {
			no_host(t, h, h->name, EX_NOHOST, "an address of the "
			    "other family");
			h->resolved = true;
		}
		t->expanded = true;
	}
	if (t->given.kind == TARGET_MX && !t->run->set->want.no_sts) {
		t->sts = arena_new(&t->mem, 1, sizeof *t->sts);
		t->sts->target = t;
	}
	due_set(&t->run->dues, &t->due, DUE_TARGET, t->started / 1000 +
	    (int64_t)(t->run->set->scope.timeout * 1000));
	go(t);
	ask_sts(t);
	target_news(t);
}

static struct target *
target(struct run *r, struct str text)
{
	struct target *t = mem_new(1, sizeof *t);
	struct link *all = &r->feed->all;

	t->run = r;
	t->given.text = arena_dup(&t->mem, text);
	t->last = &t->hosts;
	t->due.who = t;
	t->started = clock_us();
	t->link = (struct link){ all, all->prev };
	all->prev->next = &t->link;
	all->prev = &t->link;
	return t;
}

static void
start(struct run *r, struct str s)
{
	struct target *t = target(r, s);
	struct err e = { 0 };

	t->seq = r->feed->seq++;
	r->targets++;
	if (operand_parse(&t->given, s, r->set, &t->mem, &e) == 0) {
		begin(t);
		targets_settle(r);	/* it may make room for others */
		return;
	}
	t->given.kind = TARGET_HOST;
	t->expanded = true;
	no_host(t, NULL, t->given.text, EX_DATAERR, "%s", e.msg);
	over(t);
}

/* ---- reading */

static void
set_up(struct run *r)
{
	if (r->feed != NULL)
		return;
	r->feed = mem_new(1, sizeof *r->feed);
	r->feed->all = (struct link){ &r->feed->all, &r->feed->all };
}

/* Which ports are connected to; SRV records and lines to come say it late. */
static void
opens(struct run *r, const struct operand *o)
{
	size_t i;

	r->policies |= o->kind == TARGET_MX && !r->set->want.no_sts;
	r->box.any_port |= o->kind == TARGET_SRV;
	if (o->port.number != 0) {
		sandbox_port(&r->box, o->port.number);
	} else if (r->set->scope.nports > 0) {
		for (i = 0; i < r->set->scope.nports; i++)
			sandbox_port(&r->box, r->set->scope.port[i].number);
	} else if (o->kind == TARGET_MX) {
		sandbox_port(&r->box, 25);
	} else {
		for (i = 0; i < sizeof usual / sizeof *usual; i++)
			sandbox_port(&r->box, usual[i]);
	}
}

static int
check(struct run *r, const char *text, struct err *e)
{
	struct operand o = { .text = text };
	struct arena mem = { 0 };
	int got = operand_parse(&o, str_of(text), r->set, &mem, e);

	if (got == 0)
		opens(r, &o);
	arena_free(&mem);
	return got;
}

int
targets_check(struct run *r, struct err *e)
{
	const struct opt_list *all = &r->set->operands;
	size_t i;
	int got = 0;

	set_up(r);
	if (all->n == 0)
		return fail(e, EX_USAGE, "which host? (- reads them from standard input)");
	for (i = 0; i < all->n && got == 0; i++) {
		if (!str_is(str_of(all->v[i]), "-")) {
			got = check(r, all->v[i], e);
			continue;
		}
		r->box.any_port = true;
		r->policies |= !r->set->want.no_sts;
	}
	return got;
}

static bool
room(const struct run *r)
{
	return r->targets < 2 * r->most + 16 &&
	    jobs_waiting(r->jobs) < 4 * r->most && dns_room(r->dns) > 0;
}

/* A line of stdin: no comment, no BOM, no CR. */
static bool
next_line(struct run *r, struct str *s)
{
	struct feed *f = r->feed;
	struct str rest;

	for (;;) {
		while (lines_next(&f->lines, &rest)) {
			if (!f->begun && str_starts(rest, "\xef\xbb\xbf"))
				rest = str_from(rest, 3);
			f->begun = true;
			*s = str_trim(str_cut(&rest, '#'));
			if (s->n > 0)
				return true;
		}
		if (lines_end(&f->lines))
			f->reading = false;
		if (!f->reading || f->watched)
			return false;
		f->watched = net_watch_once(r->watch, f->lines.fd,
		    &targets_token) == 0;
		if (f->watched)
			return false;
		f->lines.regular = f->lines.readable = true;
	}
}

void
targets_readable(struct run *r)
{
	r->feed->watched = false;
	r->feed->lines.readable = true;
}

void
targets_feed(struct run *r)
{
	struct feed *f = r->feed;
	struct str s;

	while (room(r)) {
		if (f->reading) {
			if (next_line(r, &s))
				start(r, s);
			else if (f->reading)
				return;
		} else if (f->next < r->set->operands.n) {
			s = str_of(r->set->operands.v[f->next++]);
			if (str_is(s, "-"))
				f->reading = !lines_end(&f->lines);
			else
				start(r, s);
		} else {
			return;
		}
	}
}

int
targets_over(const struct run *r, struct err *e)
{
	errno = r->feed->lines.error;
	return errno == 0 ? 0 : fail_sys(e, EX_NOINPUT, "standard input");
}

bool
targets_end(const struct run *r)
{
	return !r->feed->reading && r->feed->next == r->set->operands.n;
}

void
targets_free(struct run *r)
{
	struct link *l, *next;
	struct target *t;

	if (r->feed == NULL)
		return;
	for (l = r->feed->all.next; l != &r->feed->all; l = next) {
		next = l->next;
		t = (struct target *)(void *)((char *)l -
		    offsetof(struct target, link));
		t->over = true;
		t->pending = 0;
		over(t);
	}
	free(r->feed);
}
