/* json.c: a report as one line of NDJSON */
#include <limits.h>
#include <time.h>

#include "formats.h"
#include "json.h"
#include "judge.h"
#include "judge_cert.h"
#include "plan.h"
#include "run.h"
#include "server.h"
#include "sts.h"
#include "target.h"

static void
json_strings(struct json *j, const char *key, const char *const *v, size_t n)
{
	size_t i;

	json_open(j, key, '[');
	for (i = 0; i < n; i++)
		json_s(j, NULL, v[i]);
	json_close(j, ']');
}

static void
caps(struct json *j, const char *key, const struct caps *c)
{
	if (c->known)
		json_strings(j, key, c->v, c->n);
	else
		json_null(j, key);
}

static void
when(struct json *j, const char *key, int64_t at)
{
	char text[32];
	time_t t = (time_t)at;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(text, sizeof text,
	    "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		json_null(j, key);
	else
		json_s(j, key, text);
}

static void
certificate(struct json *j, const struct report *r, size_t i)
{
	const struct tls_cert *c = &r->tls.facts.cert[i];

	json_open(j, NULL, '{');
	json_int(j, "depth", (int64_t)i);
	json_s(j, "subject", c->subject);
	json_s(j, "issuer", c->issuer);
	json_strings(j, "san", c->san, c->nsan);
	when(j, "not_before", c->from);
	when(j, "not_after", c->until);
	json_int(j, "days", judge_days(r, c));
	json_s(j, "key", c->key);
	json_int(j, "bits", c->bits);
	json_s(j, "sigalg", c->sigalg);
	json_bool(j, "self_signed", c->self_signed);
	json_bool(j, "ca", c->ca);
	json_s(j, "sha256", c->sha256);
	json_s(j, "spki256", c->spki256);
	json_close(j, '}');
}

static void
tlsa_record(struct json *j, const struct report *r, unsigned i)
{
	const struct dns_rr *rr = &r->dane.tlsa.answer->rr[i];
	struct buf b = { .max = 2 * rr->data.n };
	size_t k;

	for (k = 0; k < rr->data.n; k++)
		buf_printf(&b, "%02x", (unsigned char)rr->data.p[k]);
	json_open(j, NULL, '{');
	json_int(j, "u", rr->usage);
	json_int(j, "s", rr->selector);
	json_int(j, "m", rr->mtype);
	json_str(j, "data", BUF_STR(b));
	json_s(j, "result", word_record(judge_dane_record(r, i)));
	if (r->dane.rr != NULL && r->dane.rr[i].depth >= 0)
		json_int(j, "match_depth", r->dane.rr[i].depth);
	else if (r->dane.other != NULL && r->dane.other[i].depth >= 0)
		json_int(j, "match_depth", r->dane.other[i].depth);
	else
		json_null(j, "match_depth");
	json_close(j, '}');
	buf_free(&b);
}

static void
json_dane(struct json *j, const struct report *r)
{
	unsigned i;

	json_open(j, "dane", '{');
	json_s(j, "state", word_dane(r->verdict.dane));
	json_s(j, "reason", r->dane.why != NULL ? r->dane.why : r->dane.tlsa.why);
	json_s(j, "base", r->dane.tlsa.base);
	json_s(j, "rules", r->relay ? "RFC7672" : "RFC7673");
	json_s(j, "text", r->tls.facts.dane_text);
	json_open(j, "rr", '[');
	for (i = 0; r->dane.tlsa.use != NULL && i < r->dane.tlsa.answer->n; i++)
		tlsa_record(j, r, i);
	json_close(j, ']');
	json_close(j, '}');
}

static void
other_certificate(struct json *j, const struct report *r)
{
	const struct tls_facts *f = r->tls.other;

	if (f == NULL) {
		json_null(j, "other");
		return;
	}
	json_open(j, "other", '{');
	json_s(j, "key", f->cert[0].key);
	when(j, "not_before", f->cert[0].from);
	when(j, "not_after", f->cert[0].until);
	json_s(j, "sha256", f->cert[0].sha256);
	json_s(j, "spki256", f->cert[0].spki256);
	if (r->dane.other != NULL)
		json_bool(j, "dane", f->dane);
	else
		json_null(j, "dane");
	json_close(j, '}');
}

static void
json_tls(struct json *j, const struct report *r)
{
	static const char *const names[] = { "match", "mismatch", "cn-only" };
	const struct tls_facts *f = &r->tls.facts;
	size_t i;

	if (!r->tls.on) {
		json_null(j, "tls");
		return;
	}
	json_open(j, "tls", '{');
	json_s(j, "version", f->version);
	json_s(j, "cipher", f->cipher);
	json_s(j, "group", f->group);
	json_s(j, "sigalg", f->sigalg);
	json_s(j, "alpn", f->alpn);
	json_bool(j, "client_cert", r->tls.client_cert);
	json_open(j, "verify", '{');
	json_int(j, "code", f->code);
	json_s(j, "text", f->text);
	json_int(j, "depth", f->depth);
	json_close(j, '}');
	json_s(j, "chain_state", r->tls.have_cert ? tls_look_chain(f->chain) :
	    NULL);
	json_s(j, "name", r->tls.have_cert ? names[judge_name(r)] : NULL);
	if (r->verdict.days != INT_MAX) {
		json_open(j, "soonest", '{');
		json_int(j, "depth", (int64_t)r->verdict.soonest);
		when(j, "not_after", r->verdict.until);
		json_int(j, "days", r->verdict.days);
		json_bool(j, "other", r->verdict.ends_other);
		json_close(j, '}');
	} else {
		json_null(j, "soonest");
	}
	other_certificate(j, r);
	json_open(j, "chain", '[');
	for (i = 0; i < f->ncert; i++)
		certificate(j, r, i);
	json_close(j, ']');
	json_dane(j, r);
	json_close(j, '}');
}

static void
json_sts(struct json *j, const struct report *r)
{
	const struct sts *s = r->target->sts;

	if (s == NULL || (s->id.p == NULL && s->why == NULL)) {
		json_null(j, "sts");
		return;
	}
	json_open(j, "sts", '{');
	if (s->id.p != NULL)
		json_str(j, "id", s->id);
	else
		json_null(j, "id");
	json_s(j, "mode", s->state == STS_POLICY ? mtasts_mode(s->policy.mode) : NULL);
	json_s(j, "error", s->why);
	if (s->state == STS_POLICY && s->policy.mode != MTASTS_NONE)
		json_s(j, "mx", r->verdict.sts_covers ? "match" : "mismatch");
	else
		json_null(j, "mx");
	json_s(j, "verdict", word_policy(r->verdict.sts));
	json_close(j, '}');
}

static void
json_versions(struct json *j, const struct report *r)
{
	static const char *const names[] = { "1.0", "1.1", "1.2", "1.3" };
	int i;

	if (!r->run->set->extra.versions) {
		json_null(j, "tls_versions");
		return;
	}
	json_open(j, "tls_versions", '{');
	for (i = 0; i < VERSIONS; i++)
		json_s(j, names[i], word_tried(r->versions[i]));
	json_close(j, '}');
}

static void
submit(struct json *j, const struct report *r)
{
	if (!r->submit.tried) {
		json_null(j, "submit");
		return;
	}
	json_open(j, "submit", '{');
	json_bool(j, "taken", r->submit.taken);
	json_s(j, "stage", word_place(r->submit.at));
	json_int(j, "code", r->submit.code);
	json_s(j, "text", r->submit.said);
	json_close(j, '}');
}

static void
json_deep(struct json *j, const struct report *r)
{
	if (!r->run->set->extra.deep) {
		json_null(j, "deep");
		return;
	}
	json_open(j, "deep", '{');
	json_s(j, "pq", word_tried(r->deep.pq));
	json_s(j, "large", word_tried(r->deep.large));
	json_s(j, "split", word_tried(r->deep.split));
	json_s(j, "plain", word_tried(r->deep.plain));
	json_s(j, "order", word_order(r->deep.order));
	json_s(j, "crl", word_tried(r->deep.crl));
	json_close(j, '}');
}

static void
json_login(struct json *j, const struct report *r)
{
	const struct login *l;

	if (r->server == NULL) {
		json_null(j, "login");
		return;
	}
	l = &r->server->login;
	json_open(j, "login", '{');
	json_s(j, "user", account_user(&r->server->account));
	json_s(j, "mechanism", l->mech[0] != '\0' ? l->mech : NULL);
	json_bool(j, "taken", l->status == 0);
	if (l->us >= 0)
		json_num(j, "ms", (double)l->us / 1000);
	else
		json_null(j, "ms");
	json_s(j, "text", l->status != 0 ? l->text : NULL);
	json_close(j, '}');
}

static void
ms(struct json *j, const char *key, int64_t us)
{
	if (us < 0)
		json_null(j, key);
	else
		json_num(j, key, (double)us / 1000);
}

static void
times(struct json *j, const struct times *t)
{
	json_open(j, "ms", '{');
	ms(j, "dns", t->dns);
	ms(j, "tcp", t->tcp);
	ms(j, "banner", t->banner);
	ms(j, "starttls", t->starttls);
	ms(j, "tls", t->tls);
	ms(j, "total", t->total);
	json_close(j, '}');
}

static void
json_trouble(struct json *j, const struct report *r)
{
	const struct trouble *t = &r->trouble;
	const struct net_blame *b = &r->way.blame;

	if (t->class == TROUBLE_NONE) {
		json_null(j, "error");
		return;
	}
	json_open(j, "error", '{');
	json_s(j, "class", word_class(t->class));
	json_s(j, "stage", word_place(t->place));
	json_s(j, "text", t->text);
	if (t->error != 0)
		json_int(j, "errno", t->error);
	else
		json_null(j, "errno");
	json_s(j, "alert", t->alert);
	json_s(j, "by", net_who(b->who));
	json_s(j, "icmp", b->from[0] != '\0' ? arena_printf(r->mem, "%u/%u",
	    b->type, b->code) : NULL);
	json_s(j, "from", b->from[0] != '\0' ? b->from : NULL);
	json_close(j, '}');
}

static void
json_findings(struct json *j, const struct report *r)
{
	const struct finding *f;

	json_open(j, "findings", '[');
	for (f = r->verdict.findings.first; f != NULL; f = f->next) {
		json_open(j, NULL, '{');
		json_s(j, "id", f->kind->id);
		json_s(j, "sev", word_severity(f->sev));
		json_s(j, "text", f->text);
		json_s(j, "ref", f->kind->ref);
		if (r->run->set->show.explain)
			json_s(j, "help", f->kind->help);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void
json_dialogue(struct json *j, const struct report *r)
{
	if (r->talk.banner.p != NULL)
		json_str(j, "banner", r->talk.banner);
	else
		json_null(j, "banner");
	caps(j, "caps", &r->talk.caps);
	caps(j, "caps_tls", &r->talk.caps_tls);
	json_strings(j, "caps_added", r->verdict.added, r->verdict.nadded);
	json_strings(j, "caps_removed", r->verdict.removed,
	    r->verdict.nremoved);
	if (r->talk.starttls < 0)
		json_null(j, "starttls");
	else
		json_bool(j, "starttls", r->talk.starttls == 1);
	json_s(j, "auth_before_tls", r->talk.login);
	json_bool(j, "preauth", r->talk.preauth);
	json_bool(j, "plain_after_starttls", r->talk.buffered);
}

void
json_report(const struct report *r, struct buf *b)
{
	struct json j = { .out = b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "host", r->host);
	json_s(&j, "ip", r->ip);
	if (r->port != 0)
		json_int(&j, "port", r->port);
	else
		json_null(&j, "port");
	json_s(&j, "proto", r->protoname);
	json_s(&j, "via", r->via);
	json_s(&j, "state", word_state(r->verdict.state));
	json_s(&j, "severity", r->verdict.sev == FINDING_HINT ? "ok" :
	    word_severity(r->verdict.sev));
	json_s(&j, "tcp", word_reach(r->way.tcp));
	json_dialogue(&j, r);
	json_tls(&j, r);
	if (!r->tls.on)
		json_dane(&j, r);
	plan_json(r, &j);
	json_sts(&j, r);
	json_versions(&j, r);
	json_s(&j, "inject", word_injected(r->inject));
	submit(&j, r);
	json_deep(&j, r);
	json_login(&j, r);
	times(&j, &r->us);
	json_trouble(&j, r);
	json_findings(&j, r);
	json_close(&j, '}');
	buf_c(b, '\n');
}
