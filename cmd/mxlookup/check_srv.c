/*
 * check_srv.c: how mail clients find their servers (RFC 6186, 8314, 8620,
 * 5804), by SRV records, and with --fetch by a file (autoconf.h)
 *
 * A target of "." says that the service is not offered; that is no error.
 */
#include <string.h>
#include <strings.h>

#include "autoconf.h"
#include "checks.h"
#include "json.h"
#include "show.h"
#include "task.h"

static const struct {
	const char *name;
	bool tls;		/* from the first byte (RFC 8314) */
	int twin;		/* the service with TLS beside it, or -1 */
	unsigned port;		/* the usual one */
} services[] = {
	{ "submissions", true, -1, 465 }, { "submission", false, 0, 587 },
	{ "imaps", true, -1, 993 }, { "imap", false, 2, 143 },
	{ "pop3s", true, -1, 995 }, { "pop3", false, 4, 110 },
	{ "sieve", false, -1, 4190 }, { "jmap", true, -1, 443 },
	{ "autodiscover", true, -1, 443 },
};
enum { SERVICES = sizeof services / sizeof *services, TARGETS = 16 };

struct service {
	const struct dns_answer *answer;
	const struct dns_rr *rr[TARGETS];	/* by priority, weight */
	const struct dns_answer *a[TARGETS], *aaaa[TARGETS];
	size_t n;
	bool refused;		/* the target is "." */
	bool more;		/* targets than are looked at */
};

struct srv_facts {
	struct service s[SERVICES];
	struct autoconf autoconf;
};

static const struct finding_kind findings[] = {
	{ "SRV_CNAME", FINDING_WARN, "RFC2782",
	    "The target of a SRV record must not be an alias." },
	{ "SRV_NO_ADDRESS", FINDING_ERROR, "RFC2782",
	    "The target has no address: clients cannot connect." },
	{ "SRV_BAD_TARGET", FINDING_ERROR, "RFC2782",
	    "The target is an address or no host name." },
	{ "SRV_TLS_PORT", FINDING_ERROR, "RFC8314#7.3",
	    "The port is that of another service, which begins TLS otherwise, or speaks another protocol: clients do not get through. See with portprobe srv:DOMAIN what answers there." },
	{ "SRV_PORT", FINDING_HINT, "RFC6186#3.4",
	    "The port is not the usual one: firewalls that let mail clients out often keep it shut. See with portprobe srv:DOMAIN whether it answers." },
	{ "SRV_DIFFERS", FINDING_WARN, "RFC6186#3.4",
	    "The service with TLS from the first byte and the one with STARTTLS are announced at different hosts: clients get to one or the other server by what they prefer. One of the records may be an old one." },
	{ "SRV_NULL_MIXED", FINDING_ERROR, "RFC2782",
	    "A target \".\" (not offered) stands beside real ones." },
	{ "SRV_NO_TLS", FINDING_WARN, "RFC8314#5.1",
	    "Only the service without implicit TLS is announced; announce submissions, imaps or pop3s too, as the preferred one." },
	{ "SRV_PREFERENCE", FINDING_HINT, "RFC8314#5.1",
	    "The service with implicit TLS should have the better (lower) priority." },
	{ "SRV_OUTSIDE", FINDING_HINT, "RFC6186#6",
	    "The target is outside of the domain and the answer is not signed: careful clients ask their user before they go there." },
	{ "AUTOCONFIG_FETCH", FINDING_HINT, "AUTOCONFIG#4.1",
	    "There is a host for mail clients' configuration (autoconfig.DOMAIN), and no file can be got there over HTTPS: clients that look for it guess. A redirect is not followed here." },
	{ "AUTOCONFIG_SYNTAX", FINDING_WARN, "AUTOCONFIG#4.2",
	    "The file for mail clients cannot be read, or names no server." },
	{ "AUTOCONFIG_DIFFERS", FINDING_WARN, "AUTOCONFIG#4.1",
	    "The file for mail clients and the SRV records lead to different servers or ports for one service: clients get to one or the other by what they look at. One of them may be an old one." },
	{ "AUTOCONFIG_PORT", FINDING_ERROR, "RFC8314#7.3",
	    "The file for mail clients names a port that is that of another service: clients do not get through. See with portprobe HOST:PORT what answers there." },
	{ "AUTOCONFIG_PLAIN", FINDING_WARN, "RFC8314#3",
	    "The file for mail clients tells them to send passwords without TLS." },
	{ "AUTOCONFIG_NO_ADDRESS", FINDING_ERROR, "AUTOCONFIG#4.2",
	    "A server of the file for mail clients has no address, or no name that can be one: clients cannot connect." },
	{ "SRV_LIMIT", FINDING_WARN, "RFC2782",
	    "A service has more than 16 targets, or the file for mail clients more servers: only so many were looked at." },
	{ .id = NULL }
};

static void
sort_in(struct service *s, const struct dns_rr *rr)
{
	size_t i = s->n++;

	for (; i > 0 && (s->rr[i - 1]->pref > rr->pref ||
	    (s->rr[i - 1]->pref == rr->pref &&
	    s->rr[i - 1]->weight < rr->weight)); i--)
		s->rr[i] = s->rr[i - 1];
	s->rr[i] = rr;
}

/* False: addresses are missing. */
static bool
srv_look(struct task *t, struct service *s)
{
	bool all = true;
	unsigned i;

	for (i = 0; i < s->answer->n; i++)
		if (strcmp(s->answer->rr[i].name, ".") == 0)
			s->refused = true;
		else if (s->n == TARGETS)
			s->more = true;
		else
			sort_in(s, &s->answer->rr[i]);
	for (i = 0; i < s->n; i++) {
		if (!dns_hostname(s->rr[i]->name) ||
		    mx_is_address(s->rr[i]->name))
			continue;
		s->a[i] = ask_dns(&t->ask, s->rr[i]->name, DNS_A);
		s->aaaa[i] = ask_dns(&t->ask, s->rr[i]->name, DNS_AAAA);
		if (s->a[i] == NULL || s->aaaa[i] == NULL)
			all = false;
	}
	return all;
}

static void
judge_target(struct task *t, const struct service *s, size_t i)
{
	const char *name = s->rr[i]->name;

	if (s->a[i] == NULL) {
		task_find(t, "SRV_BAD_TARGET", s->answer->name, "%s", name);
		return;
	}
	if (s->a[i]->ncname > 0 || s->aaaa[i]->ncname > 0)
		task_find(t, "SRV_CNAME", name, "it is an alias of %s",
		    dns_owner(s->a[i]->ncname > 0 ? s->a[i] : s->aaaa[i]));
	if (!dns_temporary(s->a[i]->status) &&
	    !dns_temporary(s->aaaa[i]->status) &&
	    s->a[i]->n + s->aaaa[i]->n == 0)
		task_find(t, "SRV_NO_ADDRESS", name, "%s",
		    dns_status(s->a[i]->status));
}

/* The port of another service than this one is; a port of 0 is none's. */
static const char *
taken_for(size_t which, unsigned port)
{
	size_t i;

	for (i = 0; i < SERVICES; i++)
		if (services[i].port == port &&
		    services[i].port != services[which].port)
			return services[i].name;
	return port == 25 ? "mail between servers" : NULL;
}

static void
judge_port(struct task *t, const struct service *s, size_t which, size_t i)
{
	unsigned port = s->rr[i]->port;
	const char *other = taken_for(which, port);

	if (port == services[which].port)
		return;
	if (port == 0)
		task_find(t, "SRV_TLS_PORT", s->answer->name,
		    "%s:0: there is no such port", s->rr[i]->name);
	else if (other != NULL)
		task_find(t, "SRV_TLS_PORT", s->answer->name,
		    "%s:%u: this port is for %s, %u for %s", s->rr[i]->name,
		    port, other, services[which].port, services[which].name);
	else
		task_find(t, "SRV_PORT", s->answer->name,
		    "%s:%u, not %u", s->rr[i]->name, port,
		    services[which].port);
}

static bool
has_host(const struct service *s, const char *host)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcasecmp(s->rr[i]->name, host) == 0)
			return true;
	return false;
}

/* Do the two variants of a service lead to one server at least? */
static void
judge_twin(struct task *t, const struct service *s, const struct service *twin)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (has_host(twin, s->rr[i]->name))
			return;
	task_find(t, "SRV_DIFFERS", s->answer->name, "%s, but %s has %s",
	    s->rr[0]->name, twin->answer->name, twin->rr[0]->name);
}

/* Once for all services: it is one provider as a rule. */
static void
judge_outside(struct task *t, const struct srv_facts *r)
{
	const struct service *s;
	struct buf b = { .max = 600 };
	size_t i, k;

	for (i = 0; i < SERVICES; i++) {
		s = &r->s[i];
		for (k = 0; k < s->n && !s->answer->ad; k++)
			if (!dns_within(s->rr[k]->name, t->domain))
				buf_printf(&b, "%s%s at %s", b.n > 0 ? ", " : "",
				    services[i].name, s->rr[k]->name);
	}
	if (b.n > 0)
		task_find(t, "SRV_OUTSIDE", NULL, "%.*s%s", STR_ARG(BUF_STR(b)),
		    b.over ? " ..." : "");
	buf_free(&b);
}

static void
judge_srv(struct task *t, const struct srv_facts *r)
{
	const struct service *s, *twin;
	size_t i, k;

	for (i = 0; i < SERVICES; i++) {
		s = &r->s[i];
		if (s->refused && s->answer->n > 1)
			task_find(t, "SRV_NULL_MIXED", s->answer->name,
			    "%u records", s->answer->n);
		for (k = 0; k < s->n; k++) {
			judge_target(t, s, k);
			judge_port(t, s, i, k);
		}
		if (s->more)
			task_limit(t, "SRV_LIMIT", s->answer->name, "only %zu of %u targets were looked at",
			    s->n, s->answer->n);
		if (s->n == 0 || services[i].twin < 0)
			continue;
		twin = &r->s[services[i].twin];
		if (twin->n > 0)
			judge_twin(t, s, twin);
		if (twin->n == 0 && dns_absent(twin->answer->status))
			task_find(t, "SRV_NO_TLS", s->answer->name,
			    "no _%s._tcp", services[services[i].twin].name);
		else if (twin->n > 0 && twin->rr[0]->pref > s->rr[0]->pref)
			task_find(t, "SRV_PREFERENCE", s->answer->name,
			    "priority %u before %u", s->rr[0]->pref,
			    twin->rr[0]->pref);
	}
}

/* ---- what the file says, beside the records */

/* The service that it is; SERVICES: none of these. */
static size_t
service_of(const struct autoconfig_server *s)
{
	static const struct {
		const char *type, *plain, *tls;
	} names[] = {
		{ "imap", "imap", "imaps" }, { "pop3", "pop3", "pop3s" },
		{ "smtp", "submission", "submissions" },
	};
	const char *name = NULL;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(str_of(s->type), names[i].type))
			name = s->tls == AUTOCONFIG_TLS ? names[i].tls :
			    names[i].plain;
	for (i = 0; i < SERVICES; i++)
		if (name != NULL && strcmp(services[i].name, name) == 0)
			break;
	return i;
}

static bool
announced(const struct service *s, const struct autoconfig_server *of)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcasecmp(s->rr[i]->name, of->host) == 0 &&
		    s->rr[i]->port == of->port)
			return true;
	return false;
}

/* One server of the file at least is among the service's targets. */
static bool
any_announced(const struct srv_facts *r, size_t which)
{
	const struct autoconfig *f = &r->autoconf.file;
	size_t i;

	for (i = 0; i < f->n; i++)
		if (service_of(&f->server[i]) == which &&
		    announced(&r->s[which], &f->server[i]))
			return true;
	return false;
}

static void
judge_differs(struct task *t, const struct srv_facts *r, size_t which,
    const struct autoconfig_server *of)
{
	const struct service *s = &r->s[which];

	if (s->n > 0 && !any_announced(r, which))
		task_find(t, "AUTOCONFIG_DIFFERS", s->answer->name,
		    "%s: %s:%u in the file, %s:%u in SRV records",
		    services[which].name, of->host, of->port, s->rr[0]->name,
		    s->rr[0]->port);
	else if (s->n == 0 && s->refused)
		task_find(t, "AUTOCONFIG_DIFFERS", s->answer->name,
		    "%s: %s:%u in the file, and by SRV it is not offered",
		    services[which].name, of->host, of->port);
}

static void
judge_server(struct task *t, const struct srv_facts *r, size_t i)
{
	const struct autoconf *c = &r->autoconf;
	const struct autoconfig_server *s = &c->file.server[i];
	size_t which = service_of(s);
	const char *other;

	if (c->a[i] == NULL)
		task_find(t, "AUTOCONFIG_NO_ADDRESS", c->url, "%s: \"%s\" is no host name",
		    s->type, s->host);
	else if (dns_absent(c->a[i]->status) && dns_absent(c->aaaa[i]->status))
		task_find(t, "AUTOCONFIG_NO_ADDRESS", s->host, "%s: %s",
		    s->type, dns_status(c->a[i]->status));
	if (s->tls == AUTOCONFIG_PLAIN)
		task_find(t, "AUTOCONFIG_PLAIN", s->host, "%s, port %u",
		    s->type, s->port);
	if (which == SERVICES)
		return;
	other = taken_for(which, s->port);
	if (s->port == 0 || other != NULL)
		task_find(t, "AUTOCONFIG_PORT", s->host,
		    "port %u is for %s, %u for %s", s->port,
		    other != NULL ? other : "nothing", services[which].port,
		    services[which].name);
	judge_differs(t, r, which, s);
}

static void
judge_autoconf(struct task *t, const struct srv_facts *r)
{
	const struct autoconf *c = &r->autoconf;
	const char *why = autoconf_why(t, c);
	size_t i;

	if (why != NULL)
		task_find(t, "AUTOCONFIG_FETCH", c->url, "%s", why);
	if (why != NULL && c->get.e.code == EX_TEMPFAIL)
		t->ask.unknown |= CHECK_BIT(CHECK_SRV);
	if (c->have && c->file.why != NULL)
		task_find(t, "AUTOCONFIG_SYNTAX", c->url, "%s", c->file.why);
	for (i = 0; i < c->file.n; i++)
		judge_server(t, r, i);
	if (c->file.more)
		task_limit(t, "SRV_LIMIT", c->url, "only %d servers of the file were looked at",
		    AUTOCONFIG_SERVERS);
}

static bool
run_srv(struct task *t)
{
	struct srv_facts *r = t->result[CHECK_SRV];
	bool all = true, any = false;
	size_t i;

	if (r == NULL)
		r = t->result[CHECK_SRV] = arena_new(t->mem, 1, sizeof *r);
	memset(r->s, 0, sizeof r->s);	/* it is a replay */
	for (i = 0; i < SERVICES; i++) {
		r->s[i].answer = ask_dnsf(&t->ask, DNS_SRV, "_%s._tcp.%s",
		    services[i].name, t->domain);
		if (r->s[i].answer == NULL || !srv_look(t, &r->s[i]))
			all = false;
	}
	for (i = 0; i < SERVICES; i++)
		any = any || r->s[i].n > 0;
	if (!all || !autoconf_get(t, &r->autoconf, any))
		return false;
	judge_srv(t, r);
	judge_outside(t, r);
	judge_autoconf(t, r);
	return true;
}

static void
srv_addresses(struct json *j, const char *key, const struct dns_answer *a)
{
	char text[46];
	unsigned i;

	if (a != NULL && dns_temporary(a->status)) {
		json_null(j, key);
		return;
	}
	json_open(j, key, '[');
	for (i = 0; a != NULL && i < a->n; i++) {
		dns_addr(a->rr[i].data, text, sizeof text);
		json_s(j, NULL, text);
	}
	json_close(j, ']');
}

static void
json_service(struct json *j, const struct service *s, size_t which)
{
	size_t i;

	json_open(j, NULL, '{');
	json_s(j, "service", services[which].name);
	show_answer(j, s->answer);
	json_bool(j, "secure", s->answer->ad);
	json_bool(j, "refused", s->refused);
	json_open(j, "targets", '[');
	for (i = 0; i < s->n; i++) {
		json_open(j, NULL, '{');
		json_s(j, "host", s->rr[i]->name);
		json_int(j, "port", s->rr[i]->port);
		json_int(j, "pref", s->rr[i]->pref);
		json_int(j, "weight", s->rr[i]->weight);
		srv_addresses(j, "a", s->a[i]);
		srv_addresses(j, "aaaa", s->aaaa[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

/* Services that are simply not there are left out. */
static void
json_srv(const struct task *t, struct json *j, const char *key)
{
	const struct srv_facts *r = t->result[CHECK_SRV];
	size_t i;

	json_open(j, key, '[');
	for (i = 0; i < SERVICES; i++)
		if (!dns_absent(r->s[i].answer->status))
			json_service(j, &r->s[i], i);
	json_close(j, ']');
	autoconf_json(j, &r->autoconf);
}

static void
text_service(struct buf *b, const struct service *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		buf_printf(b, "  SRV    %s ", name);
		show_safe(b, str_of(s->rr[i]->name));
		buf_printf(b, ":%u %u/%u\n", s->rr[i]->port, s->rr[i]->pref,
		    s->rr[i]->weight);
	}
	if (s->n > 0)
		return;
	buf_printf(b, "  SRV    %s ", name);
	if (s->refused)
		buf_s(b, "not offered");
	else
		show_status(b, s->answer);
	buf_c(b, '\n');
}

static void
text_srv(const struct task *t, struct buf *b)
{
	const struct srv_facts *r = t->result[CHECK_SRV];
	bool any = false;
	size_t i;

	for (i = 0; i < SERVICES; i++) {
		if (dns_absent(r->s[i].answer->status))
			continue;
		text_service(b, &r->s[i], services[i].name);
		any = true;
	}
	if (!any)
		buf_s(b, "  SRV    none\n");
	autoconf_text(b, &r->autoconf);
}

const struct check check_srv = {
	.name = "srv", .about = "services for mail clients (RFC 6186, 8314)",
	.run = run_srv, .json = json_srv, .text = text_srv,
	.findings = findings,
};
