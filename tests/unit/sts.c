/* sts.c: whether a domain has an MTA-STS policy, and what became of it */
#include "sts.h"

#include <poll.h>
#include <string.h>

#include "dns_stub.h"
#include "tap.h"

static const char long_label[] =
    "a23456789012345678901234567890123456789012345678901234567890123";

static const struct stub_record zone[] = {
	{ "_mta-sts.good.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "mta-sts.good.example", DNS_A, .data = "192.0.2.1" },
	{ "_mta-sts.late.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "mta-sts.late.example", DNS_A, .data = "192.0.2.1" },
	{ "_mta-sts.404.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "mta-sts.404.example", DNS_AAAA, .data = "2001:db8::1" },
	{ "_mta-sts.syntax.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "mta-sts.syntax.example", DNS_A, .data = "192.0.2.1" },
	{ "_mta-sts.cert.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "mta-sts.cert.example", DNS_A, .data = "192.0.2.1" },
	{ "_mta-sts.deaf.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "mta-sts.deaf.example", DNS_A, .data = "192.0.2.1" },
	{ "_mta-sts.both.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "mta-sts.both.example", DNS_A, .data = "192.0.2.1" },
	{ "mta-sts.both.example", DNS_A, .data = "192.0.2.2" },
	{ "mta-sts.both.example", DNS_A, .data = "192.0.2.3" },
	{ "mta-sts.both.example", DNS_AAAA, .data = "2001:db8::1" },
	{ "_mta-sts.two.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "_mta-sts.two.example", DNS_TXT, .data = "v=STSv1; id=8;" },
	{ "_mta-sts.odd.example", DNS_TXT, .data = "v=STSv1; id=;" },
	{ "_mta-sts.other.example", DNS_TXT, .data = "v=STSv2; id=7;" },
	{ "_mta-sts.down.example", DNS_TXT, .status = DNS_SERVFAIL },
	{ "_mta-sts.nohost.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "_mta-sts.unsure.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "mta-sts.unsure.example", DNS_A, .status = DNS_TIMEOUT },
	{ "_mta-sts.half.example", DNS_TXT, .data = "v=STSv1; id=7;" },
	{ "mta-sts.half.example", DNS_AAAA, .status = DNS_SERVFAIL },
	{ .name = NULL }
};

/* ---- the web server, which the pool's threads ask; in place of https.c */

static char dialled[300];	/* by the one thread at work */

int
https_get(struct https *h, struct err *e)
{
	static const struct {
		const char *host;
		int status;
		const char *body;
	} files[] = {
		{ "good.example", 200, "version: STSv1\r\nmode: enforce\r\n"
		    "max_age: 604800\r\nmx: *.good.example\r\n" },
		{ "late.example", 200, "version: STSv1\r\nmode: none\r\n"
		    "max_age: 1\r\n" },
		{ "404.example", 404, "" },
		{ "syntax.example", 200, "version: STSv1\r\nmode: perhaps\r\n" },
	};
	size_t i;

	if (strcmp(h->path, "/.well-known/mta-sts.txt") != 0 ||
	    strncmp(h->host, "mta-sts.", 8) != 0 || h->dial == NULL)
		return fail(e, EX_SOFTWARE, "asked for %s", h->path);
	snprintf(dialled + strlen(dialled), sizeof dialled - strlen(dialled),
	    " %s", h->dial);
	for (i = 0; i < sizeof files / sizeof *files; i++)
		if (strcmp(h->host + 8, files[i].host) == 0) {
			h->status = files[i].status;
			snprintf(h->type, sizeof h->type, "text/plain");
			buf_s(&h->body, files[i].body);
			return 0;
		}
	if (strcmp(h->host, "mta-sts.cert.example") == 0)
		return fail(e, EX_NOPERM, "its certificate is for another");
	return fail(e, EX_TEMPFAIL, "%s does not answer", h->dial);
}

static struct arena mem;
static unsigned ready;

static void
came(void *arg, unsigned bits)
{
	(void)arg;
	ready |= bits;
}

static struct sts_way way;

/* The end of one policy that is under way. */
static void
reap(void)
{
	struct pollfd p = { .fd = https_pool_fd(&way.pool), .events = POLLIN };

	ok(poll(&p, 1, 20000) == 1, "a policy has come");
	https_pool_reap(&way.pool);
}

/* By replay, until it is done. */
static void
find(struct sts *s, struct ask *q, const char *domain)
{
	*q = (struct ask){ .mem = &mem, .came = came, .who = 2 };
	while (!sts_get(s, q, domain))
		if (!stub_answer(NULL, 0)) {
			if (s->get->job == NULL) {
				ok(false, "%s: it waits for nothing", domain);
				return;
			}
			reap();
		}
}

static void
states(void)
{
	static const struct {
		const char *domain;
		enum sts_state state;
		unsigned found;
		const char *why;
	} cases[] = {
		{ "good.example", STS_POLICY, 1, NULL },
		{ "404.example", STS_FAILED, 1, "HTTP 404" },
		{ "syntax.example", STS_INVALID, 1, "mode" },
		{ "cert.example", STS_FAILED, 1, "its certificate" },
		{ "deaf.example", STS_TEMP, 1, "192.0.2.1 does not" },
		{ "two.example", STS_MANY, 2, NULL },
		{ "odd.example", STS_MALFORMED, 1, "id" },
		{ "other.example", STS_NONE, 0, NULL },
		{ "none.example", STS_NONE, 0, NULL },
		{ "down.example", STS_UNKNOWN, 0, "cannot be looked up" },
		{ "nohost.example", STS_FAILED, 1,
		    "mta-sts.nohost.example: no address (nxdomain)" },
		{ "unsure.example", STS_TEMP, 1,
		    "mta-sts.unsure.example: no address (timeout)" },
		{ "half.example", STS_TEMP, 1,
		    "mta-sts.half.example: no address (servfail)" },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sts s = { .way = &way, .seconds = 5 };
		struct ask q;

		find(&s, &q, cases[i].domain);
		is_int(s.state, cases[i].state, "%s: its state",
		    cases[i].domain);
		is_int(s.found, cases[i].found, "records that count");
		ok(cases[i].why == NULL ? s.why == NULL : s.why != NULL &&
		    strstr(s.why, cases[i].why) != NULL, "why: %s",
		    s.why != NULL ? s.why : "-");
		ok(sts_get(&s, &q, cases[i].domain), "done it stays");
		ask_free(&q);
	}
}

static void
policy(void)
{
	struct sts s = { .way = &way, .seconds = 5 };
	struct ask q;

	find(&s, &q, "good.example");
	is_mem(s.id.p, s.id.n, "7", 1, "the id");
	is_int(s.http, 200, "the status of HTTP");
	is_int(s.policy.mode, MTASTS_ENFORCE, "the mode");
	ok(mtasts_covers(&s.policy, "mx.good.example"), "whom it covers");
	ok(s.tried, "it was got");
	ask_free(&q);

	s = (struct sts){ .way = NULL };
	stub_asked = 0;
	find(&s, &q, "good.example");
	is_int(s.state, STS_RECORD, "without a way the record will do");
	is_int(stub_asked, 1, "and no address is asked for");
	ok(!s.tried, "nor the policy");
	ask_free(&q);
}

static void
replay(void)
{
	struct sts s = { .way = &way, .seconds = 5, .early = true };
	struct ask q = { .mem = &mem, .came = came, .who = 2 };

	stub_asked = ready = 0;
	ok(!sts_get(&s, &q, "good.example"), "early");
	is_int(stub_asked, 3, "addresses are asked for beside the record");
	while (stub_answer(NULL, 0))
		;
	ready = 0;
	ok(!sts_get(&s, &q, "good.example") && s.get->job != NULL, "under way");
	is_int(q.missing[2], 1, "the asker is held");
	ok(!sts_get(&s, &q, "good.example"), "asked again: still under way");
	is_int(ready, 0, "nothing is ready before it comes");
	reap();
	is_int(ready, 1u << 2, "then the asker is");
	ok(sts_get(&s, &q, "good.example") && s.state == STS_POLICY, "done");
	ask_free(&q);

	s = (struct sts){ .way = &way, .seconds = 5 };
	q = (struct ask){ .mem = &mem, .came = came, .who = 2 };
	stub_asked = 0;
	ok(!sts_get(&s, &q, "good.example"), "not early");
	is_int(stub_asked, 1, "the record alone at first");
	while (stub_answer(NULL, 0))
		;
	ask_free(&q);
}

/* Both families have a place among the few that are tried. */
static void
addresses(void)
{
	struct sts s = { .way = &way, .seconds = 5 };
	struct ask q;

	dialled[0] = '\0';
	find(&s, &q, "both.example");
	is_int(s.state, STS_TEMP, "each was tried, and none answers");
	is_str(dialled, " 192.0.2.1 192.0.2.2 2001:db8::1 192.0.2.3",
	    "in this order");
	ask_free(&q);
}

/* Who waited is gone when the policy comes: nothing of it is touched. */
static void
dropped(void)
{
	struct arena own = { 0 };
	struct ask q = { .mem = &own, .came = came, .who = 2 };
	struct sts *s = arena_new(&own, 1, sizeof *s);

	s->way = &way;
	s->seconds = 5;
	while (!sts_get(s, &q, "late.example") && s->get->job == NULL)
		if (!stub_answer(NULL, 0))
			break;
	ok(s->get->job != NULL, "a policy is under way");
	sts_drop(s, "no time left");
	ok(s->done && s->state == STS_TEMP, "dropped, it is done");
	is_str(s->why, "no time left", "for this reason");
	ready = 0;
	ask_free(&q);
	arena_free(&own);
	reap();
	is_int(ready, 0, "and nobody hears of it");

	{
		struct sts done = { .done = true, .state = STS_POLICY };

		sts_drop(&done, "too late");
		is_int(done.state, STS_POLICY, "what was done stays");
	}
}

static void
names(void)
{
	struct sts s = { .way = &way, .seconds = 5 };
	struct ask q;
	char domain[300];

	snprintf(domain, sizeof domain, "%s.%s.%s.%s", long_label, long_label,
	    long_label, long_label);
	find(&s, &q, domain);
	is_int(s.state, STS_NONE, "a domain that leaves no room for _mta-sts");
	ask_free(&q);
}

int
main(void)
{
	struct sandbox box = { 0 };
	struct err e = { 0 };

	stub_zone = zone;
	is_int(sts_open(&way, &box, &e), 0, "a way: %s", e.msg);
	states();
	policy();
	replay();
	addresses();
	dropped();
	names();
	ok(sts_close(&way), "no thread is left");
	sandbox_forget(&box);
	arena_free(&mem);
	return done();
}
