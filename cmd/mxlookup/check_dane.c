/*
 * check_dane.c: what the DNS says about the certificates of the mail hosts
 * (RFC 7672)
 *
 * Which records count is decided in common/tlsa; whether a server has the
 * certificate for them is for portprobe to see.
 */
#include "checks.h"
#include "json.h"
#include "show.h"
#include "task.h"
#include "tlsa.h"

struct dane_facts {
	struct tlsa *host;	/* as t->mx.host */
	size_t n;
	bool mx_secure;
};

static const struct finding_kind findings[] = {
	{ "DANE_TEMP", FINDING_ERROR, "RFC7672#2.1.2",
	    "The TLSA record cannot be looked up, although the host is signed: senders with DANE keep the mail and try again." },
	{ "DANE_BOGUS", FINDING_ERROR, "RFC7672#2.1.1",
	    "The signatures of the TLSA record are wrong: senders with DANE keep the mail." },
	{ "DANE_UNUSABLE", FINDING_WARN, "RFC7672#3.1.3",
	    "None of the TLSA records is of use for SMTP (usage 2 or 3): senders encrypt, but cannot tell who is there." },
	{ "DANE_USAGE", FINDING_WARN, "RFC7672#3.1.3",
	    "Usages 0 and 1 are not for SMTP: use 3 1 1." },
	{ "DANE_RECORD", FINDING_WARN, "RFC7671#5",
	    "A TLSA record has an unknown selector or digest, or data of the wrong length: it is ignored." },
	{ "DANE_DIGEST", FINDING_HINT, "RFC7671#9",
	    "A stronger digest for the same usage and selector stands beside this record: it is ignored." },
	{ "DANE_MX_INSECURE", FINDING_WARN, "RFC7672#2.2.1",
	    "The host has TLSA records, but the MX record that leads there is not signed: DANE does not protect this domain. Sign its zone." },
	{ "DANE_INSECURE", FINDING_WARN, "RFC7672#2.2.3",
	    "The TLSA answer is not signed: it is ignored." },
	{ "DANE_PARTIAL", FINDING_WARN, "RFC7672#2.2.1",
	    "Some mail hosts have DANE and others not: an attacker leads mail to the others." },
	{ "DANE_SELECTOR", FINDING_HINT, "RFC7671#5.1",
	    "Selector 0 is the whole certificate: the record must change with each renewal. 3 1 1 outlives them while the key stays." },
	{ .id = NULL }
};

static void
judge_record(struct task *t, const char *at, const struct dns_rr *rr,
    enum tlsa_use use)
{
	if (use == TLSA_DROPPED)
		task_find(t, "DANE_DIGEST", at, "%u %u %u", rr->usage,
		    rr->selector, rr->mtype);
	else if (use == TLSA_NOUSE)
		task_find(t, rr->usage < 2 ? "DANE_USAGE" : "DANE_RECORD", at,
		    "%u %u %u with %zu bytes", rr->usage, rr->selector,
		    rr->mtype, rr->data.n);
	else if (rr->usage == 3 && rr->selector == 0)
		task_find(t, "DANE_SELECTOR", at, "3 0 %u", rr->mtype);
}

static void
judge_host(struct task *t, const struct dane_facts *r, const struct mx_host *h,
    const struct tlsa *d)
{
	size_t i;

	if (d->state == TLSA_TEMP && d->answer != NULL)
		task_find(t, d->answer->status == DNS_BOGUS ? "DANE_BOGUS" :
		    "DANE_TEMP", h->name, "TLSA: %s",
		    dns_status(d->answer->status));
	if (d->answer != NULL && d->answer->status == DNS_OK &&
	    d->state == TLSA_NO)
		task_find(t, "DANE_INSECURE", h->name, "TLSA is not signed");
	if (d->state == TLSA_UNUSABLE && d->answer != NULL)
		task_find(t, "DANE_UNUSABLE", h->name, "%u TLSA records",
		    d->answer->n);
	if (d->use == NULL || d->answer == NULL)
		return;
	for (i = 0; i < d->answer->n; i++)
		judge_record(t, h->name, &d->answer->rr[i], d->use[i]);
	if (!r->mx_secure)
		task_find(t, "DANE_MX_INSECURE", h->name,
		    "the MX answer for %s is not signed", t->domain);
}

static void
judge_dane(struct task *t, struct dane_facts *r)
{
	size_t i, with = 0, without = 0;

	for (i = 0; i < r->n; i++) {
		if (t->mx.host[i].flaw != MX_FIT)
			continue;
		judge_host(t, r, &t->mx.host[i], &r->host[i]);
		with += r->host[i].state >= TLSA_UNUSABLE;
		without += r->host[i].state == TLSA_NO;
	}
	if (with > 0 && without > 0 && r->mx_secure)
		task_find(t, "DANE_PARTIAL", NULL, "%zu of %zu hosts",
		    with, with + without);
}

/*
 * The name to ask TLSA of is the MX host; without MX records it is the
 * domain, which is the only host then.
 */
static bool
run_dane(struct task *t)
{
	struct dane_facts *r = arena_new(t->mem, 1, sizeof *r);
	bool all = true;
	size_t i;

	r->n = t->mx.n;
	r->host = arena_new(t->mem, r->n + 1, sizeof *r->host);
	r->mx_secure = t->mx.secure;
	for (i = 0; i < r->n; i++)
		if (t->mx.host[i].flaw == MX_FIT && !tlsa_decide(&r->host[i],
		    t->mem, t->mx.host[i].name, 25, ask_for, &t->ask))
			all = false;
	if (!all)
		return false;
	t->result[CHECK_DANE] = r;
	judge_dane(t, r);
	return true;
}

static const struct tlsa *
of(const struct task *t, const struct mx_host *h)
{
	const struct dane_facts *r = t->result[CHECK_DANE];

	return &r->host[h - t->mx.host];
}

/* A sender's view of it: an insecure MX outweighs what the host has. */
static const char *
state(const struct dane_facts *r, const struct tlsa *d)
{
	if (!r->mx_secure && d->state != TLSA_NO)
		return "none";
	return tlsa_state(d->state);
}

static const char *
dane_reason(const struct dane_facts *r, const struct tlsa *d)
{
	if (!r->mx_secure && d->state != TLSA_NO)
		return "insecure-mx";
	return d->why;
}

static void
json_dane(const struct task *t, struct json *j, const char *key)
{
	const struct dane_facts *r = t->result[CHECK_DANE];
	size_t i, n[4] = { 0 };

	for (i = 0; i < r->n; i++)
		if (t->mx.host[i].flaw == MX_FIT)
			n[r->host[i].state]++;
	json_open(j, key, '{');
	json_bool(j, "mx_secure", r->mx_secure);
	json_int(j, "usable", (int64_t)n[TLSA_USABLE]);
	json_int(j, "unusable", (int64_t)n[TLSA_UNUSABLE]);
	json_int(j, "none", (int64_t)n[TLSA_NO]);
	json_int(j, "temp", (int64_t)n[TLSA_TEMP]);
	json_close(j, '}');
}

static void
hexed(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		buf_printf(b, "%02x", (unsigned char)s.p[i]);
}

static void
json_record(struct json *j, const struct dns_rr *rr, enum tlsa_use use)
{
	struct buf b = { 0 };

	hexed(&b, rr->data);
	json_open(j, NULL, '{');
	json_int(j, "u", rr->usage);
	json_int(j, "s", rr->selector);
	json_int(j, "m", rr->mtype);
	json_str(j, "data", BUF_STR(b));
	json_bool(j, "usable", use == TLSA_USED);
	json_close(j, '}');
	buf_free(&b);
}

static void
host_json_dane(const struct task *t, const struct mx_host *h, struct json *j)
{
	const struct dane_facts *r = t->result[CHECK_DANE];
	const struct tlsa *d = of(t, h);
	size_t i;

	if (h->flaw != MX_FIT) {
		json_null(j, "dane");
		return;
	}
	json_open(j, "dane", '{');
	json_s(j, "state", state(r, d));
	json_s(j, "reason", dane_reason(r, d));
	json_s(j, "base", d->base);
	json_bool(j, "host_secure", d->host_secure);
	if (d->answer != NULL)
		show_answer(j, d->answer);
	json_open(j, "rr", '[');
	for (i = 0; d->use != NULL && d->answer != NULL &&
	    i < d->answer->n; i++)
		json_record(j, &d->answer->rr[i], d->use[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void
host_text_dane(const struct task *t, const struct mx_host *h, struct buf *b)
{
	const struct dane_facts *r = t->result[CHECK_DANE];
	const struct tlsa *d = of(t, h);
	const char *why = dane_reason(r, d);

	if (h->flaw != MX_FIT)
		return;
	buf_printf(b, " dane=%s", state(r, d));
	if (why != NULL)
		buf_printf(b, "(%s)", why);
	else
		buf_printf(b, "(%zu)", d->usable);
}

static void
text_record(struct buf *b, const struct tlsa *d, size_t i)
{
	static const char *const note[] = { "", "  ignored: stronger digest",
	    "  unusable" };
	const struct dns_rr *rr = &d->answer->rr[i];

	buf_printf(b, "  TLSA   _25._tcp.%s %u %u %u ", d->base, rr->usage,
	    rr->selector, rr->mtype);
	hexed(b, str_to(rr->data, 32));
	buf_printf(b, "%s%s\n", rr->data.n > 32 ? "..." : "",
	    note[d->use[i]]);
}

static void
text_dane(const struct task *t, struct buf *b)
{
	const struct dane_facts *r = t->result[CHECK_DANE];
	size_t i, k;

	for (i = 0; i < r->n; i++)
		for (k = 0; r->host[i].use != NULL &&
		    k < r->host[i].answer->n; k++)
			text_record(b, &r->host[i], k);
}

const struct check check_dane = {
	.name = "dane", .about = "DANE for SMTP (RFC 7672)",
	.needs = CHECK_BIT(CHECK_MX),
	.run = run_dane, .json = json_dane, .text = text_dane,
	.host_json = host_json_dane, .host_text = host_text_dane,
	.findings = findings,
};
