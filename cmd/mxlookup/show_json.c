/* show_json.c: a task as one line of NDJSON */
#include "clock.h"
#include "json.h"
#include "route.h"
#include "run.h"
#include "settings.h"
#include "show.h"
#include "task.h"

void
show_answer(struct json *j, const struct dns_answer *a)
{
	json_s(j, "status", dns_status(a->status));
	if (a->ede >= 0) {
		json_open(j, "ede", '{');
		json_int(j, "code", a->ede);
		json_str(j, "text", a->ede_text);
		json_close(j, '}');
	}
	if (a->why != NULL)
		json_s(j, "why", a->why);
}

void
show_record(struct json *j, struct str record)
{
	if (record.p != NULL)
		json_str(j, "record", record);
	else
		json_null(j, "record");
}

static void
json_addresses(struct json *j, const char *key, const struct dns_answer *a)
{
	char text[64];
	unsigned i;

	if (a == NULL || dns_temporary(a->status)) {
		json_null(j, key);
		return;
	}
	json_open(j, key, '[');
	for (i = 0; i < a->n; i++) {
		dns_addr(a->rr[i].data, text, sizeof text);
		json_s(j, NULL, text);
	}
	json_close(j, ']');
}

static enum dns_status
host_status(const struct mx_host *h)
{
	const struct dns_answer *a = h->a, *b = h->aaaa;

	if (h->flaw != MX_FIT)
		return DNS_INVALID;
	if (a == NULL || (b != NULL && (b->status == DNS_OK ||
	    (a->status != DNS_OK && dns_temporary(b->status)))))
		return b != NULL ? b->status : DNS_OK;
	return a->status;
}

static bool
host_secure(const struct mx_host *h)
{
	return (h->a != NULL || h->aaaa != NULL) &&
	    (h->a == NULL || h->a->ad) && (h->aaaa == NULL || h->aaaa->ad);
}

static void
json_host(const struct task *t, const struct mx_host *h, struct json *j)
{
	const struct check *const *checks = t->run->checks;
	bool known = h->a != NULL || h->aaaa != NULL;
	int c;

	json_open(j, NULL, '{');
	json_int(j, "pref", h->pref);
	json_s(j, "host", h->name);
	json_int(j, "ttl", h->ttl);
	json_s(j, "status", known || h->flaw != MX_FIT ?
	    dns_status(host_status(h)) : NULL);
	json_s(j, "cname", h->cname);
	json_addresses(j, "a", h->a);
	json_addresses(j, "aaaa", h->aaaa);
	if (known)
		json_bool(j, "addr_secure", host_secure(h));
	else
		json_null(j, "addr_secure");
	for (c = 0; c < CHECK_MAX; c++)
		if (t->result[c] != NULL && checks[c]->host_json != NULL)
			checks[c]->host_json(t, h, j);
	json_close(j, '}');
}

static void
hosts(const struct task *t, struct json *j)
{
	size_t i;

	json_open(j, "mx", '[');
	for (i = 0; i < t->mx.n; i++)
		json_host(t, &t->mx.host[i], j);
	json_close(j, ']');
}

static void
findings(const struct task *t, struct json *j)
{
	const struct finding *f;

	json_open(j, "findings", '[');
	for (f = t->findings.first; f != NULL; f = f->next) {
		json_open(j, NULL, '{');
		json_s(j, "id", f->kind->id);
		json_s(j, "sev", show_severity(f->sev));
		json_s(j, "at", f->at);
		json_s(j, "text", f->text);
		json_s(j, "ref", f->kind->ref);
		if (t->run->set->show.fix)
			json_s(j, "fix", f->fix);
		if (t->run->set->show.explain)
			json_s(j, "help", f->kind->help);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void
ede(const struct dns_answer *a, struct json *j)
{
	if (a == NULL || a->ede < 0)
		return;
	json_open(j, NULL, '{');
	json_s(j, "name", a->name);
	json_s(j, "type", dns_type(a->type));
	json_int(j, "code", a->ede);
	json_str(j, "text", a->ede_text);
	json_close(j, '}');
}

static void
dns(const struct task *t, struct json *j)
{
	size_t i;

	json_open(j, "dns", '{');
	json_int(j, "queries", t->ask.queries);
	json_int(j, "retries", t->ask.retries);
	json_int(j, "tcp", t->ask.tcp);
	json_int(j, "cached", t->ask.cached);
	json_open(j, "ede", '[');
	ede(t->mx.answer, j);
	for (i = 0; i < t->mx.n; i++) {
		ede(t->mx.host[i].a, j);
		ede(t->mx.host[i].aaaa, j);
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void
route(const struct task *t, struct json *j)
{
	enum mx_verdict v = route_verdict(t);

	if (t->mx.answer == NULL || !route_shown(t)) {
		json_null(j, "route");
		json_null(j, "deliverable");
		json_null(j, "secure");
		json_null(j, "mx");
		return;
	}
	json_s(j, "route", mx_route(t->mx.route));
	if (v == MX_UNKNOWN)
		json_null(j, "deliverable");
	else
		json_bool(j, "deliverable", v == MX_DELIVERABLE);
	json_bool(j, "secure", t->mx.secure);
	if (t->mx.answer->ncname > 0)
		json_s(j, "cname", dns_owner(t->mx.answer));
	if (t->mx.answer->why != NULL)
		json_s(j, "why", t->mx.answer->why);
	hosts(t, j);
}

static void
json_unknown(const struct task *t, struct json *j)
{
	int c;

	json_open(j, "unknown", '[');
	for (c = 0; t->ask.unknown >> c != 0; c++)
		if ((t->ask.unknown & CHECK_BIT(c)) != 0)
			json_s(j, NULL, t->run->checks[c]->name);
	json_close(j, ']');
}

void
show_json(const struct task *t, struct buf *b)
{
	const struct check *const *checks = t->run->checks;
	struct json j = { .out = b };
	int c;

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "in", t->in);
	json_s(&j, "domain", t->kind == IN_BAD ? NULL : t->domain);
	json_s(&j, "status", dns_status(route_status(t)));
	json_s(&j, "error", t->why);
	json_unknown(t, &j);
	route(t, &j);
	for (c = 0; c < CHECK_MAX; c++) {
		if (checks[c]->json == NULL)
			continue;
		if (t->result[c] != NULL)
			checks[c]->json(t, &j, checks[c]->name);
		else if (task_wants(t, c))
			json_null(&j, checks[c]->name);
	}
	findings(t, &j);
	dns(t, &j);
	json_num(&j, "ms", (double)(clock_us() - t->started) / 1000);
	json_close(&j, '}');
	buf_c(b, '\n');
}
