/*
 * share.c: a port that several targets lead to is probed once
 *
 * Thousands of domains have the mail hosts of one provider.  What a connection
 * shows depends on the address, the port and the host's name; only with a trust
 * anchor of DANE (RFC 7672 section 3.2.2) on the domain, too, and only if the
 * certificate is not for the host.  Reports are judged for each target by
 * itself.
 *
 * Reports of hosts that mx: or srv: led to are kept for ten minutes, and as many
 * as have room, those longest whose last use is the latest.  A host that was
 * named itself is shared with whoever waits: a list names it once as a rule.
 */
#include <stdlib.h>

#include "clock.h"
#include "jobs.h"
#include "report.h"
#include "run.h"
#include "share.h"
#include "table.h"
#include "target.h"

enum { KEPT_BYTES = 4 << 20, KEPT_MS = 600000 };

struct share {
	size_t at;			/* in shares.v */
	struct str key;
	struct job *first, **last;	/* who waits for the report */
	bool over;			/* it is there */
	bool kept;			/* and stays when it was told */
	bool bound;			/* it holds for this domain alone: */
	const char *domain;
	int64_t since;			/* clock_ms */
	struct report report;
	struct arena mem;		/* of the report */
	unsigned users;			/* jobs that are told of it just now */
	struct share *older, *newer;	/* if it is there, by its last use */
};

struct shares {
	struct share **v;
	size_t n, cap;
	struct table keys;		/* of v */
	struct buf key;			/* that is looked for */
	struct share *oldest, *newest;
	size_t bytes, waiting;
};

static struct str
share_key(const void *of, size_t at)
{
	return ((const struct shares *)of)->v[at]->key;
}

struct shares *
shares_new(void)
{
	struct shares *all = mem_new(1, sizeof *all);

	all->keys.text = share_key;
	all->keys.fold = true;
	all->key.max = 4096;
	return all;
}

static void
unlink_share(struct shares *all, struct share *s)
{
	*(s->older != NULL ? &s->older->newer : &all->oldest) = s->newer;
	*(s->newer != NULL ? &s->newer->older : &all->newest) = s->older;
	s->older = s->newer = NULL;
}

static void
link_newest(struct shares *all, struct share *s)
{
	s->older = all->newest;
	*(s->older != NULL ? &s->older->newer : &all->oldest) = s;
	all->newest = s;
}

static void
share_free(struct share *s)
{
	if (s->over) {
		dns_drop(s->report.dane.tlsa.answer);
		dns_drop(s->report.dane.there);
	}
	arena_free(&s->mem);
	free((char *)(uintptr_t)s->key.p);
	free(s);
}

/* The last one takes its place. */
static void
share_remove(struct shares *all, struct share *s)
{
	struct share *end = all->v[all->n - 1];

	table_del(&all->keys, all, s->at);
	if (end != s) {
		table_del(&all->keys, all, end->at);
		end->at = s->at;
		all->v[end->at] = end;
		table_add(&all->keys, all, end->at);
	}
	all->n--;
	if (s->over) {
		unlink_share(all, s);
		all->bytes -= s->mem.bytes;
	}
	share_free(s);
}

void
shares_free(struct shares *all)
{
	size_t i;

	if (all == NULL)
		return;
	for (i = 0; i < all->n; i++)
		share_free(all->v[i]);
	table_free(&all->keys);
	free(all->v);
	buf_free(&all->key);
	free(all);
}

size_t
share_waiting(const struct shares *all)
{
	return all->waiting;
}

/* Those that are told of just now stay. */
static void
share_room(struct shares *all)
{
	struct share *s = all->oldest, *next;

	for (; s != NULL && all->bytes > KEPT_BYTES; s = next) {
		next = s->newer;
		if (s->users == 0)
			share_remove(all, s);
	}
}

static struct share *
share_new(struct shares *all, struct str key)
{
	struct share *s = mem_new(1, sizeof *s);

	if (all->n == all->cap) {
		all->cap = all->cap > 0 ? 2 * all->cap : 64;
		all->v = mem_grow(all->v, all->cap, sizeof *all->v);
	}
	s->at = all->n;
	s->key = (struct str){ mem_dup(key.p), key.n };
	all->v[all->n++] = s;
	table_add(&all->keys, all, s->at);
	return s;
}

/* One that is of use yet, or NULL. */
static struct share *
share_find(struct shares *all, struct str key)
{
	size_t at = table_text(&all->keys, all, key);
	struct share *s = at != TABLE_NONE ? all->v[at] : NULL;

	if (s == NULL || !s->over || s->users > 0 ||
	    clock_ms() - s->since < KEPT_MS)
		return s;
	share_remove(all, s);
	return NULL;
}

/* Whose mail it is about, as far as a certificate may be for that; "". */
static const char *
domain_of(const struct job *j)
{
	const struct target *t = j->host->target;

	return t->given.kind == TARGET_MX ? t->given.domain : "";
}

static bool
suits(const struct share *s, const struct job *j)
{
	return !s->bound || str_eqi(str_of(s->domain), str_of(domain_of(j)));
}

/* Once per probe, so by hand: printf takes ten times as long. */
static struct str
share_wanted(struct shares *all, const struct job *j, const char *domain)
{
	struct buf *key = &all->key;
	unsigned port = j->port.number;
	char ip[64];
	int i;

	net_ntop(j->addr, ip, sizeof ip);
	key->n = 0;
	buf_s(key, ip);
	buf_c(key, ' ');
	for (i = 0; i < 4; i++, port >>= 4)
		buf_c(key, (char)('a' + (port & 15)));
	buf_s(key, j->port.proto->name);
	buf_c(key, ' ');
	buf_c(key, (char)('0' + j->host->lead));
	buf_c(key, j->host->known ? '1' : '0');
	buf_s(key, j->host->name);
	buf_c(key, ' ');
	buf_s(key, domain != NULL ? domain : "*");
	return BUF_STR(*key);
}

/* domain: NULL, or this report must be for this one. */
static void
share_under(struct run *r, struct job *j, const char *domain)
{
	struct shares *all = r->shares;
	const struct host *h = j->host;
	struct str key = share_wanted(all, j, domain);
	struct share *s = share_find(all, key);

	if (s != NULL)
		s->kept |= h->target->given.kind != TARGET_HOST;
	if (s == NULL) {
		s = j->share = share_new(all, key);
		s->last = &s->first;
		s->kept = h->target->given.kind != TARGET_HOST;
		jobs_add(r->jobs, j);
	} else if (!s->over) {
		j->share = s;
		j->next = NULL;
		*s->last = j;
		s->last = &j->next;
		all->waiting++;
	} else if (domain == NULL && !suits(s, j)) {
		share_under(r, j, domain_of(j));
	} else {
		j->share = s;
		s->users++;
		unlink_share(all, s);
		link_newest(all, s);
		jobs_known(r->jobs, j);
	}
}

void
share_join(struct run *r, struct job *j)
{
	share_under(r, j, NULL);
}

bool
share_known(const struct job *j)
{
	return j->share != NULL && j->share->over;
}

void
share_fill(const struct job *j, struct report *r)
{
	const struct share *s = j->share;
	struct report got = s->report;

	got.run = r->run;
	got.target = r->target;
	got.mem = r->mem;
	got.host = r->host;
	got.via = r->via;
	got.order = r->order;
	got.several = r->several;
	got.tls.name = r->tls.name;
	got.tls.saved = true;
	got.dane.why = r->dane.why;
	got.us.dns = r->us.dns;
	if (got.us.total >= 0)
		got.us.total += r->us.dns - s->report.us.dns;
	*r = got;
}

/*
 * With a trust anchor the certificate must be for the host or for the domain:
 * if it is for the host, the domain does not matter.
 */
static bool
for_domain(const struct report *r)
{
	bool anchor = false;
	unsigned i;

	for (i = 0; r->dane.rr != NULL && i < r->dane.tlsa.answer->n; i++)
		anchor |= r->dane.rr[i].usable && r->dane.rr[i].usage != 3;
	return anchor && r->tls.on &&
	    (r->tls.facts.name != TLS_NAME_MATCH ||
	    (r->tls.other != NULL && r->tls.other->name != TLS_NAME_MATCH));
}

static void
share_keep(struct shares *all, struct job *j, const struct report *r,
    struct arena *mem)
{
	struct share *s = j->share;
	struct tlsa *t = &s->report.dane.tlsa;

	s->report = *r;
	s->mem = *mem;
	*mem = (struct arena){ 0 };
	if (t->answer != NULL)
		dns_keep(t->answer);
	if (r->dane.there != NULL)
		dns_keep(r->dane.there);
	if (t->base != NULL)
		t->base = arena_dup(&s->mem, str_of(t->base));
	s->bound = for_domain(r);
	s->domain = arena_dup(&s->mem, str_of(domain_of(j)));
	s->over = true;
	s->since = clock_ms();
	s->users = 1;
	link_newest(all, s);
	all->bytes += s->mem.bytes;
}

/* This machine could not ask: that says nothing about the server. */
static bool
of_use(const struct report *r)
{
	return r->trouble.class != TROUBLE_INTERNAL &&
	    r->way.blame.who != NET_HERE;
}

static struct job *
next_waiting(struct shares *all, struct share *s)
{
	struct job *j = s->first;

	if (j == NULL)
		return NULL;
	s->first = j->next;
	if (s->first == NULL)
		s->last = &s->first;
	all->waiting--;
	return j;
}

/* Nobody waits for it, nor is it kept for others: so it need not be copied. */
static bool
share_alone(const struct share *s)
{
	return s->first == NULL && !s->kept;
}

/* The next one that waits is probed instead. */
static void
share_pass_on(struct run *r, struct job *j)
{
	struct share *s = j->share;
	struct job *next = next_waiting(r->shares, s);

	j->share = NULL;
	if (next != NULL)
		jobs_add(r->jobs, next);
	else
		share_remove(r->shares, s);
}

void
share_over(struct run *r, struct job *j, const struct report *report,
    struct arena *mem)
{
	struct share *s = j->share;
	struct job *next;

	if (s == NULL || s->over)
		return;
	if (!of_use(report) || share_alone(s)) {
		share_pass_on(r, j);
		return;
	}
	share_keep(r->shares, j, report, mem);
	while ((next = next_waiting(r->shares, s)) != NULL)
		if (suits(s, next)) {
			s->users++;
			jobs_known(r->jobs, next);
		} else {
			share_under(r, next, domain_of(next));
		}
}

void
share_leave(struct run *r, struct job *j)
{
	if (j->share == NULL)
		return;
	if (--j->share->users == 0 && !j->share->kept)
		share_remove(r->shares, j->share);
	j->share = NULL;
	share_room(r->shares);
}
