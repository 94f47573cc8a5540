/* message_json.c: a message that was judged, as a line of JSON */
#include "dns.h"
#include "json.h"
#include "message_rules.h"
#include "message_show.h"
#include "show.h"

static void
json_fact(struct json *j, const char *key, enum message_fact f)
{
	if (f == MESSAGE_UNTOLD)
		json_null(j, key);
	else
		json_bool(j, key, f == MESSAGE_YES);
}

static void
json_when(struct json *j, const char *key, int64_t t)
{
	if (t < 0)
		json_null(j, key);
	else
		json_int(j, key, t);
}

static void
json_ip(struct json *j, struct str ip)
{
	char text[46];

	if (ip.p == NULL) {
		json_null(j, "ip");
		return;
	}
	dns_addr(ip, text, sizeof text);
	json_s(j, "ip", text);
}

static void
json_view(struct json *j, const char *key, struct str s)
{
	if (s.p == NULL)
		json_null(j, key);
	else
		json_str(j, key, s);
}

static void
json_signature(struct json *j, const struct dkim_sig *s)
{
	json_s(j, "result", message_result(s));
	json_s(j, "why", s->why);
	json_s(j, "domain", s->domain);
	json_s(j, "selector", s->selector);
	json_view(j, "algorithm", s->algorithm);
	json_int(j, "bits", s->bits);
	json_bool(j, "testing", s->testing);
	json_when(j, "signed", s->made);
	json_when(j, "expires", s->expires);
	json_int(j, "unsigned_bytes", (int64_t)s->uncovered);
}

static void
json_signatures(const struct message *m, struct json *j)
{
	size_t i;

	json_open(j, "dkim", '[');
	for (i = 0; i < m->nsig; i++) {
		json_open(j, NULL, '{');
		json_signature(j, &m->sig[i].sig);
		json_view(j, "identity", m->sig[i].sig.agent);
		json_s(j, "headers", message_results_plain(m->mem,
		    m->sig[i].sig.list));
		json_fact(j, "aligned", m->sig[i].aligned);
		if (m->sig[i].answer != NULL)
			show_answer(j, m->sig[i].answer);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "dkim_unseen", (int64_t)m->unseen);
	json_int(j, "dkim2_not_judged", (int64_t)m->newer);
}

static void
json_mail(const struct message *m, struct json *j)
{
	const struct message_spf *s = &m->spf;

	json_open(j, "spf", '{');
	json_s(j, "result", s->known == MESSAGE_YES ? spf_result(s->result) :
	    NULL);
	json_s(j, "why", s->known == MESSAGE_YES ? s->eval.why : s->why);
	json_ip(j, m->path.border.ip);
	json_s(j, "sender", m->path.border.sender);
	json_s(j, "helo", m->path.border.helo);
	json_fact(j, "aligned", s->aligned);
	json_fact(j, "name_confirmed", m->reverse);
	json_close(j, '}');
}

static void
json_policy(const struct message *m, struct json *j)
{
	const struct dmarc_walk *w = m->walk;

	if (w == NULL) {
		json_null(j, "dmarc");
		return;
	}
	json_open(j, "dmarc", '{');
	json_bool(j, "known", w->temp == NULL);
	json_s(j, "at", w->applies ? w->at->domain : NULL);
	json_s(j, "org", w->org);
	json_s(j, "policy", w->applies ? dmarc_policy(w->effective) : NULL);
	json_close(j, '}');
}

static void
json_chain(const struct message *m, struct json *j)
{
	const struct arc *c = &m->arc;
	unsigned i;

	json_open(j, "arc", '{');
	json_s(j, "result", arc_status(c->status));
	json_s(j, "why", c->why);
	json_open(j, "sets", '[');
	for (i = 0; i < c->n; i++) {
		json_open(j, NULL, '{');
		json_signature(j, &c->set[i].seal);
		json_view(j, "cv", c->set[i].seal.chain);
		json_s(j, "results", message_results_plain(m->mem,
		    c->set[i].results));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void
json_hops(const struct message *m, struct json *j)
{
	const struct message_hop *h;
	int64_t delay;
	size_t i;

	json_open(j, "hops", '[');
	for (i = m->path.n; i-- > 0; ) {
		h = &m->path.hop[i];
		json_open(j, NULL, '{');
		json_s(j, "helo", h->helo);
		json_s(j, "name", h->name);
		json_ip(j, h->ip);
		json_s(j, "by", h->by);
		json_s(j, "with", h->with);
		json_fact(j, "tls", h->crypt);
		json_s(j, "tls_version", h->tls);
		json_when(j, "time", h->when);
		if (message_path_delay(&m->path, i, &delay))
			json_int(j, "delay", delay);
		else
			json_null(j, "delay");
		json_bool(j, "border", i == m->path.border.hop);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "hops_unseen", (int64_t)m->path.more);
}

static void
json_results(const struct message *m, struct json *j)
{
	size_t i, k;

	json_open(j, "said", '[');
	for (i = 0; i < m->results.n; i++) {
		json_open(j, NULL, '{');
		json_s(j, "by", m->results.v[i].by);
		json_s(j, "text", m->results.v[i].text);
		json_open(j, "differs", '[');
		for (k = 0; message_said_methods[k] != NULL; k++)
			if (message_said_other(m, &m->results.v[i],
			    message_said_methods[k]) != NULL)
				json_s(j, NULL, message_said_methods[k]);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "said_unseen", (int64_t)m->results.more);
}

static void
json_rules(const struct message *m, struct json *j)
{
	const struct message_rule *r;

	json_open(j, "bulk", '{');
	for (r = message_rules; r->id != NULL; r++)
		json_fact(j, r->id, r->met(m));
	json_close(j, '}');
}

void
message_json(const struct message *m, struct buf *b)
{
	struct json j = { .out = b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "in", m->name);
	json_s(&j, "verdict", message_verdict(m->verdict));
	json_s(&j, "reason", m->reason);
	if (m->broken == NULL) {
		json_s(&j, "from", m->from.addr);
		json_s(&j, "from_domain", m->from.domain);
		json_signatures(m, &j);
		json_mail(m, &j);
		json_policy(m, &j);
		json_chain(m, &j);
		json_hops(m, &j);
		json_results(m, &j);
		json_rules(m, &j);
		json_int(&j, "asked", m->now);
	}
	json_close(&j, '}');
	buf_c(b, '\n');
}
