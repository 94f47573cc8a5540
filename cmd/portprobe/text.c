/*
 * text.c: a report for people: one row of a table, and lines below it
 *
 * All that a server said goes through str_escape.
 */
#include <limits.h>

#include "formats.h"
#include "judge.h"
#include "judge_cert.h"
#include "plan.h"
#include "run.h"
#include "server.h"

enum { SAFE = 2048 };

static void
safe(struct buf *b, struct str s)
{
	char text[SAFE];

	str_escape(text, sizeof text, s);
	buf_s(b, text);
}

static void
cell(struct buf *b)
{
	buf_c(b, '\0');
}

/* TLS_AES_256_GCM_SHA384 as OpenSSL calls such in TLS 1.2: AES256-GCM. */
static void
cipher(struct buf *b, const char *name)
{
	static const struct {
		const char *long_, *short_;
	} known[] = {
		{ "TLS_AES_256_GCM_SHA384", "AES256-GCM" },
		{ "TLS_AES_128_GCM_SHA256", "AES128-GCM" },
		{ "TLS_CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305" },
	};
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is(str_of(name), known[i].long_))
			name = known[i].short_;
	buf_s(b, name);
}

static void
key(struct buf *b, const char *name)
{
	if (str_starts(str_of(name), "EC P-"))
		buf_printf(b, "ECDSA-P%s", name + 5);
	else if (str_starts(str_of(name), "EC "))
		buf_printf(b, "ECDSA-%s", name + 3);
	else if (str_starts(str_of(name), "RSA "))
		buf_printf(b, "RSA-%s", name + 4);
	else
		buf_s(b, name);
}

/* Why there is no DANE: as with most servers, or NULL. */
static bool
usual(const char *why)
{
	static const char *const known[] = { "no-dns", "insecure-host",
	    "no-address", "no-tlsa" };
	size_t i;

	for (i = 0; why != NULL && i < sizeof known / sizeof *known; i++)
		if (str_is(str_of(why), known[i]))
			return true;
	return why == NULL;
}

static void
text_dane(struct buf *b, const struct report *r)
{
	const char *why = r->dane.why != NULL ? r->dane.why : r->dane.tlsa.why;
	const struct dns_rr *rr;
	unsigned i;

	if (r->verdict.dane == DANE_OFF || (r->verdict.dane == DANE_NONE &&
	    usual(why)))
		return;
	buf_printf(b, " dane=%s", word_dane(r->verdict.dane));
	if (r->verdict.dane != DANE_MATCH) {
		if (why != NULL)
			buf_printf(b, "(%s)", why);
		return;
	}
	for (i = 0; i < r->dane.tlsa.answer->n; i++) {
		rr = &r->dane.tlsa.answer->rr[i];
		if (judge_dane_record(r, i) != RECORD_MATCHED)
			continue;
		buf_printf(b, "(%u %u %u)", rr->usage, rr->selector,
		    rr->mtype);
		return;
	}
}

static void
verdicts(struct buf *b, const struct report *r)
{
	static const char *const names[] = { "match", "MISMATCH", "CN-ONLY" };

	if (!r->tls.have_cert)
		return;
	buf_printf(b, "name=%s chain=%s exp=%dd", names[judge_name(r)],
	    tls_look_chain(r->tls.facts.chain), r->verdict.days != INT_MAX ?
	    r->verdict.days : judge_days(r, &r->tls.facts.cert[0]));
	text_dane(b, r);
	if (r->verdict.sts != POLICY_NONE)
		buf_printf(b, " sts=%s", word_policy(r->verdict.sts));
}

static void
took(struct buf *b, const char *name, int64_t us)
{
	if (us >= 0)
		buf_printf(b, "%s %.1f ", name, (double)us / 1000);
}

static void
crypto(struct buf *b, const struct report *r)
{
	if (!r->tls.on) {
		buf_s(b, "no TLS");
		cell(b);
		cell(b);
		cell(b);
		return;
	}
	buf_s(b, r->tls.facts.version);
	cell(b);
	cipher(b, r->tls.facts.cipher);
	cell(b);
	safe(b, str_of(r->tls.facts.group));
	cell(b);
	if (r->tls.have_cert)
		key(b, r->tls.facts.cert[0].key);
}

static void
text_trouble(struct buf *b, const struct report *r)
{
	const struct trouble *t = &r->trouble;

	buf_s(b, word_state(r->verdict.state));
	if (r->verdict.state == STATE_OK)
		return;
	if (t->place != PLACE_NONE && t->place != PLACE_CONNECT &&
	    t->place != PLACE_DNS)
		buf_printf(b, " (%s)", word_place(t->place));
	buf_s(b, ": ");
	safe(b, str_of(t->text));
}

static void
row(struct buf *b, const struct report *r)
{
	static const char *const words[] = { "OK", "WARN", "CRIT" };

	buf_s(b, words[r->verdict.sev]);
	cell(b);
	if (r->port != 0)
		buf_printf(b, "%u/%s", r->port, r->protoname);
	else
		buf_s(b, "-");
	cell(b);
	safe(b, str_of(r->host));
	cell(b);
	buf_s(b, r->ip != NULL ? r->ip : "-");
	cell(b);
	if (r->trouble.class != TROUBLE_NONE &&
	    r->trouble.class != TROUBLE_CERT) {
		text_trouble(b, r);
		cell(b);
		return;
	}
	crypto(b, r);
	cell(b);
	verdicts(b, r);
	cell(b);
	took(b, "tcp", r->us.tcp);
	took(b, "banner", r->us.banner);
	took(b, "tls", r->us.tls);
	buf_s(b, "ms");
	cell(b);
}

/* ---- below */

static void
text_caps(struct buf *b, const char *name, const struct caps *c)
{
	size_t i;

	if (!c->known)
		return;
	buf_printf(b, "     %s:", name);
	for (i = 0; i < c->n; i++) {
		buf_s(b, i > 0 ? ", " : " ");
		safe(b, str_of(c->v[i]));
	}
	buf_c(b, '\n');
}

static void
difference(struct buf *b, const struct report *r)
{
	size_t i;

	if (r->verdict.nadded + r->verdict.nremoved == 0)
		return;
	buf_s(b, "     TLS changes:");
	for (i = 0; i < r->verdict.nadded; i++) {
		buf_s(b, i > 0 ? ", +" : " +");
		safe(b, str_of(r->verdict.added[i]));
	}
	for (i = 0; i < r->verdict.nremoved; i++) {
		buf_s(b, i + r->verdict.nadded > 0 ? ", -" : " -");
		safe(b, str_of(r->verdict.removed[i]));
	}
	buf_c(b, '\n');
}

static void
text_certificates(struct buf *b, const struct report *r)
{
	const struct tls_cert *c;
	size_t i, k;

	for (i = 0; i < r->tls.facts.ncert; i++) {
		c = &r->tls.facts.cert[i];
		buf_printf(b, "     %zu ", i);
		safe(b, str_of(c->subject));
		buf_s(b, "\n       issued by ");
		safe(b, str_of(c->issuer));
		buf_printf(b, ", %s, %s, %d days\n", c->key, c->sigalg,
		    judge_days(r, c));
		for (k = 0; k < c->nsan; k++) {
			buf_s(b, k == 0 ? "       for " : ", ");
			safe(b, str_of(c->san[k]));
		}
		buf_printf(b, "%s       sha256 %s\n       spki256 %s\n",
		    c->nsan > 0 ? "\n" : "", c->sha256, c->spki256);
	}
}

static void
text_records(struct buf *b, const struct report *r)
{
	const struct dns_rr *rr;
	unsigned i;
	size_t k;

	for (i = 0; r->dane.tlsa.use != NULL && i < r->dane.tlsa.answer->n; i++) {
		rr = &r->dane.tlsa.answer->rr[i];
		buf_printf(b, "     TLSA _%u._tcp.%s %u %u %u ", r->port,
		    r->dane.tlsa.base, rr->usage, rr->selector, rr->mtype);
		for (k = 0; k < rr->data.n && k < 32; k++)
			buf_printf(b, "%02x", (unsigned char)rr->data.p[k]);
		buf_printf(b, "%s %s\n", rr->data.n > 32 ? "..." : "",
		    word_record(judge_dane_record(r, i)));
	}
}

static void
text_more(struct buf *b, const struct report *r)
{
	static const char *const names[] = { "1.0", "1.1", "1.2", "1.3" };
	int i;

	if (r->run->set->extra.versions && r->tls.on) {
		buf_s(b, "     TLS versions:");
		for (i = 0; i < VERSIONS; i++)
			buf_printf(b, " %s=%s", names[i], r->versions[i] !=
			    NOT_TRIED ? word_tried(r->versions[i]) : "-");
		buf_c(b, '\n');
	}
	if (r->inject != INJECT_NONE)
		buf_printf(b, "     STARTTLS injection: %s\n",
		    word_injected(r->inject));
	if (r->deep.pq != NOT_TRIED)
		buf_printf(b, "     X25519MLKEM768: %s\n",
		    word_tried(r->deep.pq));
	if (r->deep.crl == TRIED_YES)
		buf_s(b, "     not in the list of revoked certificates\n");
	if (r->deep.order != ORDER_UNTRIED)
		buf_printf(b, "     order of ciphers: %s\n",
		    word_order(r->deep.order));
	if (r->server != NULL && r->server->login.status == 0)
		buf_printf(b, "     login: %s, %s, %.1f ms\n",
		    account_user(&r->server->account),
		    r->server->login.mech,
		    (double)r->server->login.us / 1000);
	if (r->submit.tried && r->submit.said != NULL) {
		buf_printf(b, "     %s-test: %s at %s: ",
		    r->run->set->extra.relay != NULL ? "relay" : "submit",
		    r->submit.taken ? "taken" : "not taken",
		    word_place(r->submit.at));
		safe(b, str_of(r->submit.said));
		buf_c(b, '\n');
	}
}

static void
text_findings(struct buf *b, const struct report *r)
{
	const struct finding *f;

	for (f = r->verdict.findings.first; f != NULL; f = f->next) {
		buf_printf(b, "     %c %s: ", "HWC"[f->sev], f->kind->id);
		safe(b, str_of(f->text));
		buf_printf(b, "  %s\n", f->kind->ref);
		if (r->run->set->show.explain)
			buf_printf(b, "         %s\n", f->kind->help);
	}
}

void
text_report(const struct report *r, struct buf *cells, struct buf *b)
{
	row(cells, r);
	if (r->run->set->show.caps) {
		if (r->talk.banner.n > 0) {
			buf_s(b, "     greeting: ");
			safe(b, r->talk.banner);
			buf_c(b, '\n');
		}
		text_caps(b, "before TLS", &r->talk.caps);
		text_caps(b, "within TLS", &r->talk.caps_tls);
		difference(b, r);
	}
	if (r->run->set->show.chain) {
		text_certificates(b, r);
		text_records(b, r);
	}
	if (r->run->set->show.explain && r->verdict.findings.first == NULL &&
	    r->trouble.class != TROUBLE_PRIVATE &&
	    word_advice(r->verdict.state) != NULL)
		buf_printf(b, "         %s\n", word_advice(r->verdict.state));
	text_more(b, r);
	plan_text(r, b);
	text_findings(b, r);
}
