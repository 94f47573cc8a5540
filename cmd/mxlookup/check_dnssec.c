/*
 * check_dnssec.c: is the domain's zone signed, and is that believed here?
 *
 * Nothing is validated by us: AD of a resolver that may be believed says it
 * (--resolver-info).  A DS record shows that the parent delegates signed.
 */
#include "checks.h"
#include "json.h"
#include "show.h"
#include "task.h"

enum state { SECURE, INSECURE, BOGUS, UNBELIEVED, UNSIGNED_HERE, UNKNOWN };

struct dnssec_facts {
	const struct dns_answer *soa, *ds, *dnskey;
	enum state state;
};

static const char *const words[] = { "secure", "insecure", "bogus",
	"unbelieved", "not-validated", "unknown" };

static const struct finding_kind findings[] = {
	{ "DNSSEC_BOGUS", FINDING_ERROR, "RFC4035#4.3",
	    "The signatures of the zone do not hold: for everybody who validates, the domain does not exist. The resolver's words say which." },
	{ "DNSSEC_UNBELIEVED", FINDING_HINT, "RFC6840#5.7",
	    "The resolver says that the answer is secure, but it is reached over a network and not trusted: see --resolver-info." },
	{ "DNSSEC_NOT_VALIDATED", FINDING_HINT, "RFC4035#3.2.3",
	    "The parent says that the zone is signed (DS), but the resolver did not validate the answer. Ask a validating one." },
	{ "DNSSEC_NO_KEY", FINDING_ERROR, "RFC4035#2.4",
	    "The parent has a DS record, but the zone has no DNSKEY: whoever validates, fails." },
	{ .id = NULL }
};

static enum state
judge_dnssec(const struct dnssec_facts *r)
{
	if (r->soa->status == DNS_BOGUS || r->dnskey->status == DNS_BOGUS ||
	    r->ds->status == DNS_BOGUS)
		return BOGUS;
	if (dns_temporary(r->soa->status))
		return UNKNOWN;
	if (r->soa->ad)
		return SECURE;
	if (r->soa->ad_bit)
		return UNBELIEVED;
	if (dns_temporary(r->ds->status))
		return UNKNOWN;
	return r->ds->status == DNS_OK ? UNSIGNED_HERE : INSECURE;
}

static bool
run_dnssec(struct task *t)
{
	struct dnssec_facts *r = arena_new(t->mem, 1, sizeof *r);

	r->soa = ask_dns(&t->ask, t->domain, DNS_SOA);
	r->ds = ask_dns(&t->ask, t->domain, DNS_DS);
	r->dnskey = ask_dns(&t->ask, t->domain, DNS_DNSKEY);
	if (r->soa == NULL || r->ds == NULL || r->dnskey == NULL)
		return false;
	t->result[CHECK_DNSSEC] = r;
	r->state = judge_dnssec(r);
	if (r->state == BOGUS)
		task_find(t, "DNSSEC_BOGUS", NULL, "%s%s%.*s",
		    r->soa->why != NULL ? r->soa->why : "validation failed",
		    r->soa->ede_text.n > 0 ? ": " : "",
		    STR_ARG(r->soa->ede_text));
	if (r->state == UNBELIEVED)
		task_find(t, "DNSSEC_UNBELIEVED", NULL, "AD is set, but not believed");
	if (r->state == UNSIGNED_HERE)
		task_find(t, "DNSSEC_NOT_VALIDATED", NULL, "there is a DS, but AD is not set");
	if (r->ds->status == DNS_OK && r->dnskey->status == DNS_NODATA)
		task_find(t, "DNSSEC_NO_KEY", NULL, "DS, but no DNSKEY");
	return true;
}

static void
json_dnssec(const struct task *t, struct json *j, const char *key)
{
	const struct dnssec_facts *r = t->result[CHECK_DNSSEC];

	json_open(j, key, '{');
	show_answer(j, r->soa);
	json_s(j, "state", words[r->state]);
	json_bool(j, "ad", r->soa->ad_bit);
	json_int(j, "ds", r->ds->status == DNS_OK ? r->ds->n : 0);
	json_int(j, "dnskey", r->dnskey->status == DNS_OK ? r->dnskey->n : 0);
	json_close(j, '}');
}

static void
text_dnssec(const struct task *t, struct buf *b)
{
	const struct dnssec_facts *r = t->result[CHECK_DNSSEC];

	buf_printf(b, "  DNSSEC %s", words[r->state]);
	if (r->state == UNKNOWN || dns_temporary(r->soa->status)) {
		buf_c(b, ' ');
		show_status(b, dns_temporary(r->soa->status) ? r->soa : r->ds);
	}
	buf_c(b, '\n');
}

const struct check check_dnssec = {
	.name = "dnssec", .about = "is the zone signed and valid",
	.run = run_dnssec, .json = json_dnssec, .text = text_dnssec,
	.findings = findings,
};
