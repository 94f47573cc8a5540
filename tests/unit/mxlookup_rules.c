/*
 * mxlookup_rules.c: what receivers ask of who sends much mail: met, unmet, or
 * not to be told
 */
#include "message_rules.h"

#include "tap.h"

static struct arena arena;
static struct message m;
static struct message_sig sigs[2];
static struct message_hop hops[2];
static struct dmarc_walk walk;
static struct dns_answer temp = { .status = DNS_SERVFAIL };

static void
head(const char *text)
{
	dkim_header_free(&m.header);
	dkim_header_read(&m.header, &arena, str_of(text));
}

/* All of it is met but for the unsubscription. */
static void
fresh(void)
{
	dkim_header_free(&m.header);
	m = (struct message){ .mem = &arena, .sig = sigs, .nsig = 2,
	    .walk = &walk, .verdict = MESSAGE_BELIEVED,
	    .reverse = MESSAGE_YES, .from = { .fields = 1, .addresses = 1 },
	    .spf = { .known = MESSAGE_YES, .result = SPF_PASS },
	    .path = { .hop = hops, .n = 2, .border.hop = 1 } };
	sigs[0] = sigs[1] = (struct message_sig){ .sig = {
	    .result = DKIM_FAIL, .list = STR("from") } };
	sigs[1].sig.result = DKIM_PASS;
	hops[0] = (struct message_hop){ .crypt = MESSAGE_NO };
	hops[1] = (struct message_hop){ .crypt = MESSAGE_YES };
	walk = (struct dmarc_walk){ .applies = true };
	head("Message-ID: <a@b>\nDate: x\n");
}

/* Of this rule; the next case begins afresh. */
static void
is(const char *id, enum message_fact want, const char *name)
{
	const struct message_rule *r = message_rules;

	while (r->id != NULL && strcmp(r->id, id) != 0)
		r++;
	is_str(message_rules_met(r->met(&m)), message_rules_met(want),
	    "%s: %s", id, name);
	fresh();
}

static void
results(void)
{
	static const struct {
		enum spf_result result;
		enum message_fact known, want;
	} spf[] = {
		{ SPF_PASS, MESSAGE_YES, MESSAGE_YES },
		{ SPF_PASS, MESSAGE_UNTOLD, MESSAGE_UNTOLD },
		{ SPF_TEMPERROR, MESSAGE_YES, MESSAGE_UNTOLD },
		{ SPF_PERMERROR, MESSAGE_YES, MESSAGE_NO },
		{ SPF_SOFTFAIL, MESSAGE_YES, MESSAGE_NO },
		{ SPF_NONE, MESSAGE_YES, MESSAGE_NO },
	};
	static const struct {
		enum dkim_result one, two;
		enum message_fact want;
	} dkim[] = {
		{ DKIM_FAIL, DKIM_PASS, MESSAGE_YES },
		{ DKIM_PASS, DKIM_TEMPERROR, MESSAGE_YES },
		{ DKIM_TEMPERROR, DKIM_FAIL, MESSAGE_UNTOLD },
		{ DKIM_FAIL, DKIM_UNJUDGED, MESSAGE_UNTOLD },
		{ DKIM_FAIL, DKIM_FAIL, MESSAGE_NO },
	};
	size_t i;

	for (i = 0; i < sizeof spf / sizeof *spf; i++) {
		m.spf.result = spf[i].result;
		m.spf.known = spf[i].known;
		is("spf", spf[i].want, "a result");
	}
	for (i = 0; i < sizeof dkim / sizeof *dkim; i++) {
		sigs[0].sig.result = dkim[i].one;
		sigs[1].sig.result = dkim[i].two;
		is("dkim", dkim[i].want, "two signatures");
	}
	m.nsig = m.unseen = 1;
	is("dkim", MESSAGE_UNTOLD, "one that was not looked at");
	m.nsig = m.newer = 1;
	is("dkim", MESSAGE_UNTOLD, "one of a kind that is not known");
	m.nsig = 1;
	is("dkim", MESSAGE_NO, "none that verifies");
}

static void
others(void)
{
	is("aligned", MESSAGE_YES, "believed");
	m.verdict = MESSAGE_NOT;
	is("aligned", MESSAGE_NO, "not believed");
	m.verdict = MESSAGE_UNKNOWN;
	is("aligned", MESSAGE_UNTOLD, "not known");
	is("dmarc", MESSAGE_YES, "a record that applies");
	walk = (struct dmarc_walk){ .at = &walk.level[0] };
	is("dmarc", MESSAGE_NO, "one that does not");
	walk = (struct dmarc_walk){ .temp = &temp };
	is("dmarc", MESSAGE_UNTOLD, "none that is known now");
	m.walk = NULL;
	is("dmarc", MESSAGE_NO, "no domain");
	is("fcrdns", MESSAGE_YES, "a name that is confirmed");
	m.reverse = MESSAGE_NO;
	is("fcrdns", MESSAGE_NO, "none");
	is("tls", MESSAGE_YES, "the border's hop, not the first");
	hops[1].crypt = MESSAGE_NO;
	is("tls", MESSAGE_NO, "without");
	m.path.border.hop = SIZE_MAX;
	is("tls", MESSAGE_UNTOLD, "no border is known");
	is("one-from", MESSAGE_YES, "one");
	m.from.addresses = 2;
	is("one-from", MESSAGE_NO, "two addresses");
	m.from.addresses = 0;
	is("one-from", MESSAGE_NO, "no address");
	m.from.why = "twice";
	is("one-from", MESSAGE_NO, "two fields");
	is("format", MESSAGE_YES, "both");
	head("Message-ID: <a@b>\nDate: x\nDate: y\n");
	is("format", MESSAGE_NO, "two Dates");
	head("Message-ID: <a@b>\nMessage-ID: <a@b>\nDate: x\n");
	is("format", MESSAGE_NO, "two Message-IDs");
	head("Date: x\n");
	is("format", MESSAGE_NO, "no Message-ID");
}

#define TO "List-Unsubscribe: <mailto:a@b>, <https://a.test/u>\n"
#define POST "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
#define BOTH "from:List-Unsubscribe : list-unsubscribe-post"

static void
unsubscription(void)
{
	static const struct {
		const char *name, *head, *list;
		enum dkim_result result;
		enum message_fact want;
	} cases[] = {
		{ "no list", "A: b\n", BOTH, DKIM_PASS, MESSAGE_UNTOLD },
		{ "both", TO POST, BOTH, DKIM_PASS, MESSAGE_YES },
		{ "no POST", TO, BOTH, DKIM_PASS, MESSAGE_NO },
		{ "only POST", POST, BOTH, DKIM_PASS, MESSAGE_NO },
		{ "no https", "List-Unsubscribe: <mailto:a@b>\n" POST, BOTH,
		    DKIM_PASS, MESSAGE_NO },
		{ "not verified", TO POST, BOTH, DKIM_FAIL, MESSAGE_NO },
		{ "not known now", TO POST, BOTH, DKIM_TEMPERROR,
		    MESSAGE_UNTOLD },
		{ "one is not signed", TO POST, "from:list-unsubscribe",
		    DKIM_PASS, MESSAGE_NO },
		{ "the other is not", TO POST, "from:list-unsubscribe-post",
		    DKIM_PASS, MESSAGE_NO },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		head(cases[i].head);
		sigs[1].sig.list = str_of(cases[i].list);
		sigs[1].sig.result = cases[i].result;
		is("one-click", cases[i].want, cases[i].name);
	}
}

int
main(void)
{
	fresh();
	results();
	others();
	unsubscription();
	dkim_header_free(&m.header);
	arena_free(&arena);
	return done();
}
