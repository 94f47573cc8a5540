/* portprobe_share.c: who shares whose report, and for how long it is kept */
#include "jobs.h"
#include "mem.h"
#include "report.h"
#include "run.h"
#include "share.h"
#include "tap.h"
#include "target.h"

enum { MOST = 8, MUCH = 5 << 20 };

static struct run run;

/* A target with one host, and its job. */
struct wish {
	struct target target;
	struct host host;
	struct net_addr addr;
	struct job job;
};

static struct wish wishes[MOST];

static struct job *
wish(unsigned i, const char *name, const char *ip, unsigned port,
    const char *proto)
{
	struct wish *w = &wishes[i];

	*w = (struct wish){ .host = { .name = name } };
	w->host.target = &w->target;
	w->target.given.kind = TARGET_MX;
	w->target.given.domain = "a.test";
	net_pton(str_of(ip), port, &w->addr);
	w->job = (struct job){ .host = &w->host, .addr = &w->addr,
	    .port = { port, probe_talk_named(str_of(proto)) } };
	return &w->job;
}

static struct job *
usual(unsigned i)
{
	return wish(i, "mx.test", "192.0.2.1", 25, "smtp");
}

static void
begin(void)
{
	run.jobs = jobs_new(MOST, 0);
	run.shares = shares_new();
}

static void
end(void)
{
	shares_free(run.shares);
	jobs_free(run.jobs);
}

static void
take(struct job *want, const char *name)
{
	ok(jobs_next(run.jobs) == want, "%s", name);
}

/* It was probed: the report, with so much behind it. */
static void
bring(struct job *j, struct report *r, size_t bytes)
{
	struct arena mem = { 0 };

	arena_new(&mem, bytes, 1);
	r->mem = &mem;
	share_over(&run, j, r, &mem);
	arena_free(&mem);
}

/* What differs is probed by itself. */
static void
what_differs(void)
{
	static const struct {
		const char *what, *name, *ip;
		unsigned port;
		const char *proto;
		enum lead lead;
		bool known;
		size_t waits;
	} t[] = {
		{ "the same", "mx.test", "192.0.2.1", 25, "smtp",
		    LEAD_SECURE, false, 1 },
		{ "in capitals", "MX.test", "192.0.2.1", 25, "smtp",
		    LEAD_SECURE, false, 1 },
		{ "another name", "my.test", "192.0.2.1", 25, "smtp",
		    LEAD_SECURE, false, 0 },
		{ "another address", "mx.test", "192.0.2.2", 25, "smtp",
		    LEAD_SECURE, false, 0 },
		{ "one of IPv6", "mx.test", "2001:db8::1", 25, "smtp",
		    LEAD_SECURE, false, 0 },
		{ "port 26", "mx.test", "192.0.2.1", 26, "smtp",
		    LEAD_SECURE, false, 0 },
		{ "16 more", "mx.test", "192.0.2.1", 25 + 16, "smtp",
		    LEAD_SECURE, false, 0 },
		{ "256 more", "mx.test", "192.0.2.1", 25 + 256, "smtp",
		    LEAD_SECURE, false, 0 },
		{ "4096 more", "mx.test", "192.0.2.1", 25 + 4096, "smtp",
		    LEAD_SECURE, false, 0 },
		{ "another protocol", "mx.test", "192.0.2.1", 25, "lmtp",
		    LEAD_SECURE, false, 0 },
		{ "a lead that is not proven", "mx.test", "192.0.2.1", 25,
		    "smtp", LEAD_INSECURE, false, 0 },
		{ "one that is not believed", "mx.test", "192.0.2.1", 25,
		    "smtp", LEAD_UNBELIEVED, false, 0 },
		{ "a host that is known without DNS", "mx.test", "192.0.2.1",
		    25, "smtp", LEAD_SECURE, true, 0 },
	};
	struct job *j;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		begin();
		share_join(&run, usual(0));
		j = wish(1, t[i].name, t[i].ip, t[i].port, t[i].proto);
		j->host->lead = t[i].lead;
		j->host->known = t[i].known;
		share_join(&run, j);
		is_int(share_waiting(run.shares), t[i].waits, "%s",
		    t[i].what);
		is_int(jobs_waiting(run.jobs), 2 - t[i].waits, "%s: probes",
		    t[i].what);
		end();
	}
}

/* What was found is told to those that wait, and to those that come. */
static void
told(void)
{
	struct report r = { .run = &run };
	struct job *a = usual(0), *b = usual(1), *c = usual(2);

	begin();
	share_join(&run, a);
	share_join(&run, b);
	take(a, "the first is probed");
	take(NULL, "the second waits");
	ok(!share_known(a) && !share_known(b), "nothing is known");
	bring(a, &r, 100);
	take(b, "and is told then");
	is_int(share_waiting(run.shares), 0, "nobody waits");
	ok(share_known(b), "by what is known");
	share_leave(&run, a);
	share_leave(&run, b);
	share_join(&run, c);
	ok(share_known(c), "one that comes later is told, too");
	take(c, "at once");
	share_leave(&run, c);
	end();
}

/* What was found is another job's, and what it was found for is its own. */
static void
filled(void)
{
	struct report r = { .run = &run, .host = "mx.test", .via = "a.test",
	    .us = { .dns = 300, .total = 1000 }, .tls.name = "a.test",
	    .dane.why = "x", .trouble.text = "found" };
	struct report own = { .run = &run, .host = "MX.test", .via = "b.test",
	    .order = 7, .several = true, .us.dns = 50, .tls.name = "b.test",
	    .dane.why = "y" };
	struct job *a = usual(0), *b = usual(1);

	begin();
	share_join(&run, a);
	share_join(&run, b);
	bring(a, &r, 100);
	share_fill(b, &own);
	is_str(own.trouble.text, "found", "what was found");
	is_str(own.host, "MX.test", "the host as it was named");
	is_str(own.via, "b.test", "who led there");
	is_str(own.tls.name, "b.test", "what the certificate must say");
	is_str(own.dane.why, "y", "why DANE does not count");
	is_int(own.order, 7, "the place");
	ok(own.several && own.tls.saved, "several, and saved already");
	is_int(own.us.dns, 50, "the time of the own questions");
	is_int(own.us.total, 750, "and all of it");
	end();
}

/* How long: as there is room, and only what a name led to. */
static void
kept(const char *what, enum target_kind kind, size_t bytes, bool want)
{
	struct report r = { .run = &run };
	struct job *a = usual(0), *b = usual(1), *c = usual(2), *d = usual(3);

	a->host->target->given.kind = b->host->target->given.kind =
	    d->host->target->given.kind = kind;
	begin();
	share_join(&run, a);
	share_join(&run, b);
	bring(a, &r, bytes);
	share_leave(&run, a);
	share_join(&run, d);
	ok(share_known(d), "%s: it stays while somebody is told of it", what);
	share_leave(&run, d);
	share_leave(&run, b);
	share_join(&run, c);
	is_int(share_known(c), want, "%s: then it %s", what,
	    want ? "is kept" : "goes");
	share_leave(&run, c);
	end();
}

/* A failure of this machine's is nobody else's: the next one is probed. */
static void
ours(const char *what, struct report *r, bool want)
{
	struct job *a = usual(0), *b = usual(1);

	begin();
	share_join(&run, a);
	share_join(&run, b);
	take(a, "the first is probed");
	bring(a, r, 100);
	is_int(share_known(b), want, "%s is %s", what,
	    want ? "for all" : "for one");
	take(b, want ? "who is told" : "who is probed");
	is_int(share_waiting(run.shares), 0, "nobody waits");
	share_leave(&run, a);
	share_leave(&run, b);
	end();
}

/* A certificate that is for the domain alone proves nothing to another one. */
static void
bound(const char *what, enum tls_name name, enum tls_name other,
    uint8_t usage, bool usable, bool want)
{
	struct dns_rr rr = { .usage = usage };
	struct dns_answer answer = { .n = 1, .rr = &rr };
	struct tls_tlsa record = { .usage = usage, .usable = usable };
	struct tls_facts second = { .name = other };
	struct report r = { .run = &run, .tls = { .on = true,
	    .facts.name = name, .other = &second },
	    .dane = { .rr = &record, .tlsa.answer = &answer } };
	struct job *a = usual(0), *b = usual(1), *same = usual(2);
	struct job *late = usual(3);

	b->host->target->given.domain = late->host->target->given.domain =
	    "b.test";
	begin();
	dns_keep(&answer);	/* it is not of a resolver: never freed */
	share_join(&run, a);
	share_join(&run, b);
	share_join(&run, same);
	bring(a, &r, 100);
	is_int(share_known(b), want, "%s: another domain's job", what);
	ok(share_known(same), "%s: one of the same domain", what);
	share_leave(&run, a);
	share_leave(&run, same);
	share_join(&run, late);
	is_int(share_known(late), want, "%s: one that comes later", what);
	end();
}

int
main(void)
{
	struct report r = { .run = &run };

	what_differs();
	told();
	filled();
	kept("of mx:", TARGET_MX, 100, true);
	kept("of srv:", TARGET_SRV, 100, true);
	kept("of mx:, a big one", TARGET_MX, MUCH, false);
	kept("of a host", TARGET_HOST, 100, false);
	ours("what was found", &r, true);
	r.trouble.class = TROUBLE_REFUSED;
	ours("a refusal", &r, true);
	r.trouble.class = TROUBLE_INTERNAL;
	ours("no memory", &r, false);
	r.trouble.class = TROUBLE_UNREACHABLE;
	r.way.blame.who = NET_HERE;
	ours("no route of ours", &r, false);
	bound("for the host", TLS_NAME_MATCH, TLS_NAME_MATCH, 2, true, true);
	bound("not for the host", TLS_NAME_MISMATCH, TLS_NAME_MATCH, 2, true,
	    false);
	bound("the other one", TLS_NAME_MATCH, TLS_NAME_MISMATCH, 2, true,
	    false);
	bound("by its key", TLS_NAME_MISMATCH, TLS_NAME_MATCH, 3, true, true);
	bound("no use", TLS_NAME_MISMATCH, TLS_NAME_MATCH, 2, false, true);
	return done();
}
