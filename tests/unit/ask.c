/* ask.c: what is asked once, who waits for what, and who is called again */
#include "ask.h"

#include "dns_stub.h"
#include "tap.h"

static const struct stub_record zone[] = {
	{ .name = "a.example", .type = DNS_A, .data = "192.0.2.1" },
	{ .name = "b.example", .type = DNS_A, .data = "192.0.2.2" },
	{ .name = "b.example", .type = DNS_AAAA, .data = "2001:db8::2" },
	{ .name = "down.example", .type = DNS_A, .status = DNS_TIMEOUT },
	{ .name = "_25._tcp.b.example", .type = DNS_TXT, .data = "x" },
	{ .name = NULL }
};

/* What came, in the order of its coming. */
static unsigned calls, ready, strange;

static void
came(void *arg, unsigned bits)
{
	strange += arg != &calls;
	calls++;
	ready = bits;
}

static struct arena mem;

static struct ask
fresh(void)
{
	stub_asked = calls = ready = 0;
	return (struct ask){ .mem = &mem, .came = came, .arg = &calls };
}

static void
once(void)
{
	struct ask q = fresh();
	const struct dns_answer *a;

	ok(ask_dns(&q, "a.example", DNS_A) == NULL, "not there yet");
	ok(ask_dns(&q, "a.example", DNS_A) == NULL, "nor when asked again");
	is_int(stub_asked, 1, "one question is sent for it");
	is_int(q.missing[0], 1, "and one is missing");
	ok(ask_dns(&q, "a.example", DNS_AAAA) == NULL, "another type");
	is_int(stub_asked, 2, "is another question");
	is_int(q.pending, 2, "two without an answer");

	ok(stub_answer("a.example", DNS_A), "an answer comes");
	is_int(ready, 0, "the asker lacks the other one");
	is_int(q.missing[0], 1, "one");
	ok(stub_answer("a.example", DNS_AAAA), "the other one comes");
	is_int(ready, 1u << 0, "now it lacks nothing");
	is_int(calls, 2, "a call for each answer");
	a = ask_dns(&q, "a.example", DNS_A);
	ok(a != NULL && a->status == DNS_OK && a->n == 1, "it is there");
	a = ask_dns(&q, "a.example", DNS_AAAA);
	ok(a != NULL && a->status == DNS_NODATA, "and so is its absence");
	is_int(stub_asked, 2, "without another question");
	is_int(q.queries, 2, "queries are counted");
	is_int(q.pending, 0, "nothing is pending");
	ask_free(&q);
}

static void
askers(void)
{
	struct ask q = fresh();

	q.who = 3;
	ask_dns(&q, "a.example", DNS_A);
	q.who = 5;
	ask_dns(&q, "a.example", DNS_A);
	ask_dns(&q, "b.example", DNS_A);
	is_int(stub_asked, 2, "two askers share a question");
	stub_answer("a.example", DNS_A);
	is_int(ready, 1u << 3, "the one that lacks nothing else is ready");
	stub_answer("b.example", DNS_A);
	is_int(ready, 1u << 5, "then the other");

	q.who = 3;
	ask_dns(&q, "b.example", DNS_AAAA);
	ask_done(&q);
	is_int(q.missing[3], 0, "who is done lacks nothing");
	is_int(q.pending, 1, "what it asked is on its way still");
	stub_answer(NULL, 0);
	is_int(ready, 0, "and calls nobody when it comes");
	is_int(q.pending, 0, "but is not pending any more");
	ask_free(&q);
}

static void
temporary(void)
{
	struct ask q = fresh();
	const struct dns_answer *a;

	q.who = 1;
	ask_dns(&q, "down.example", DNS_A);
	ask_dns(&q, "a.example", DNS_A);
	while (stub_answer(NULL, 0))
		;
	is_int(q.unknown, 0, "nothing is unknown before it is looked at");
	a = ask_dns(&q, "down.example", DNS_A);
	ok(a != NULL && a->status == DNS_TIMEOUT, "a failure is an answer");
	is_int(q.unknown, 1u << 1, "what this asker finds may be wrong");
	q.who = 2;
	ask_dns(&q, "a.example", DNS_A);
	is_int(q.unknown, 1u << 1, "another one's is not");
	ask_free(&q);
}

static void
held(void)
{
	struct ask q = fresh();

	q.who = 4;
	ask_hold(&q);
	ask_dns(&q, "a.example", DNS_A);
	is_int(q.missing[4], 2, "what is held counts as missing");
	stub_answer(NULL, 0);
	is_int(ready, 0, "the answer alone does not do");
	ask_release(&q, 4);
	is_int(ready, 1u << 4, "the release does");
	ask_hold(&q);
	ask_done(&q);
	ask_release(&q, 4);
	is_int(ready, 0, "of one that is done it does nothing");
	is_int(q.missing[4], 0, "and takes nothing off");
	ask_free(&q);
}

static void
formats(void)
{
	struct ask q = fresh();
	char label[1200];
	const struct dns_answer *a;

	ask_dnsf(&q, DNS_TXT, "_%u._tcp.%s", 25u, "b.example");
	ask_dnsf(&q, DNS_TXT, "_25.%s.%s", "_tcp", "b.example");
	is_int(stub_asked, 1, "a number and a string make the same name");
	stub_answer("_25._tcp.b.example", DNS_TXT);
	a = ask_dns(&q, "_25._tcp.b.example", DNS_TXT);
	ok(a != NULL && a->status == DNS_OK, "this one");
	ask_dnsf(&q, DNS_TXT, "100%%.%s", "b.example");
	ok(stub_answer("100%.b.example", DNS_TXT), "a percent sign");
	memset(label, 'a', sizeof label);
	label[sizeof label - 1] = '\0';
	ask_dnsf(&q, DNS_TXT, "%s.%s", label, "b.example");
	ok(stub_answer("", DNS_TXT), "a name that is too long is none");
	label[1023] = '\0';
	ask_dnsf(&q, DNS_TXT, "%s", label);
	ok(stub_answer(label, DNS_TXT), "the longest goes through as it is");
	label[1023] = 'a';
	label[1024] = '\0';
	ask_dnsf(&q, DNS_TXT, "%s", label);
	is_int(stub_asked, 4, "one byte more is none again");
	ask_free(&q);
}

/* Beyond FEW questions a table finds them: the same must come of it. */
static void
many(void)
{
	static const unsigned types[] = { DNS_A, DNS_AAAA, DNS_TXT };
	struct ask q = fresh();
	unsigned i, k, bad = 0;
	char name[40];

	for (i = 0; i < 500; i++)
		for (k = 0; k < 3; k++)
			ask_dnsf(&q, types[k], "n%u.example", i);
	is_int(stub_asked, 1500, "500 names of three types");
	for (i = 0; i < 500; i++)
		for (k = 0; k < 3; k++) {
			snprintf(name, sizeof name, "n%u.example", i);
			ask_dns(&q, name, types[k]);
		}
	is_int(stub_asked, 1500, "none is asked twice");
	is_int(q.missing[0], 1500, "nor missing twice");
	while (stub_answer(NULL, 0))
		;
	for (i = 0; i < 500; i++)
		for (k = 0; k < 3; k++) {
			const struct dns_answer *a;

			snprintf(name, sizeof name, "n%u.example", i);
			a = ask_dns(&q, name, types[k]);
			bad += a == NULL || a->type != types[k] ||
			    strcmp(a->name, name) != 0;
		}
	is_int(bad, 0, "each has its own answer");
	is_int(ready, 1, "and the last one made the asker ready");
	ask_free(&q);
}

int
main(void)
{
	stub_zone = zone;
	once();
	askers();
	temporary();
	held();
	formats();
	many();
	is_int(strange, 0, "each call is with what the caller gave");
	arena_free(&mem);
	return done();
}
