/* hosts.c: the hosts of a target, their addresses, and the jobs of these */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "hosts.h"
#include "note.h"
#include "output.h"
#include "report.h"
#include "resolve.h"
#include "run.h"
#include "share.h"

const unsigned hosts_usual[HOSTS_USUAL] = { 25, 465, 587, 110, 995, 143, 993 };

/*
 * Reports are told in this order, whichever answers came first: by host, as
 * the target or its records have them, then by address and port.
 */
static uint64_t
hosts_place(struct target *t, struct host *h)
{
	return h != NULL ? h->order++ : t->orders++ << 32;
}

/* Of a host that is not probed, or not all of it. */
static struct report
hosts_report(struct target *t, struct host *h, const char *host, int status,
    const char *text)
{
	struct report r = { .run = t->run, .target = t, .host = host,
	    .proto = t->given.port.proto, .port = t->given.port.number,
	    .talk.starttls = -1,
	    .order = hosts_place(t, h), .mem = &t->mem, .verdict.status = status,
	    .us = { clock_us() - t->started, -1, -1, -1, -1, -1 } };

	if (t->given.kind == TARGET_HOST && r.port == 0 &&
	    t->run->set->scope.nports == 1) {
		r.port = t->run->set->scope.port[0].number;
		r.proto = t->run->set->scope.port[0].proto;
	}
	r.protoname = r.proto != NULL ? r.proto->name : NULL;
	r.relay = r.proto != NULL && r.proto->relay;
	r.us.total = r.us.dns;
	r.via = t->given.kind != TARGET_HOST ? t->given.text : NULL;
	r.trouble = (struct trouble){ .class = TROUBLE_DNS,
	    .place = PLACE_DNS, .text = text };
	return r;
}

static void
hosts_tell(struct target *t, struct report *r)
{
	t->left++;
	output_report(r);
	t->left--;
}

void
hosts_none(struct target *t, struct host *h, const char *host, int status,
    const char *fmt, ...)
{
	struct report r;
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r = hosts_report(t, h, host, status, text);
	hosts_tell(t, &r);
}

void
hosts_limit(struct target *t, struct host *h, const char *name, int few,
    int all, const char *what)
{
	struct report r;
	char text[100];

	snprintf(text, sizeof text, "only the first %d of %d %s are probed",
	    few, all, what);
	r = hosts_report(t, h, name, EX_TEMPFAIL, text);
	note_add(&r, FIND_PROBE_LIMIT, FINDING_WARN, "%s", text);
	hosts_tell(t, &r);
}

/* ---- hosts and their addresses */

static enum lead
lead(const struct dns_answer *a)
{
	if (a == NULL || a->ad)
		return LEAD_SECURE;
	return a->ad_bit ? LEAD_UNBELIEVED : LEAD_INSECURE;
}

struct host *
hosts_add(struct target *t, const char *name, const struct dns_answer *a)
{
	struct host *h = arena_new(&t->mem, 1, sizeof *h);

	h->target = t;
	h->name = name;
	h->lead = lead(a);
	h->order = hosts_place(t, NULL);
	*t->last = h;
	t->last = &h->next;
	return h;
}

void
hosts_addr(struct host *h, const struct net_addr *a)
{
	const struct run *r = h->target->run;
	int f = a->ss.ss_family, most = h->literal ? 1 : ADDRS_MAX;

	if ((r->set->scope.four && f != AF_INET) ||
	    (r->set->scope.six && f != AF_INET6) ||
	    (r->set->scope.first && h->naddr > 0))
		return;
	if (h->naddr == most) {
		h->beyond++;
		return;
	}
	if (h->addr == NULL) {
		h->addr = arena_new(&h->target->mem, (size_t)most,
		    sizeof *h->addr);
		h->answers = arena_new(&h->target->mem, (size_t)most,
		    sizeof *h->answers);
	}
	h->addr[h->naddr++] = *a;
}

static void
add_answer(struct host *h, const struct dns_answer *a)
{
	struct net_addr addr;
	unsigned i;

	for (i = 0; i < a->n; i++) {
		net_raw(a->rr[i].data, 0, &addr);
		hosts_addr(h, &addr);
	}
}

/* Addresses that this machine itself knows. */
static void
by_file(struct host *h)
{
	static const struct str loop[] = { STR("127.0.0.1"), STR("::1") };
	struct str rest = BUF_STR(h->target->run->hosts), text;
	struct net_addr a;
	size_t i;

	if (rest.n > 0 && memmem(rest.p, rest.n, h->name,
	    strlen(h->name)) != NULL)
		while (resolve_hosts_next(&rest, h->name, &text))
			if (net_pton(text, 0, &a) == 0) {
				hosts_addr(h, &a);
				h->known = true;
			}
	if (!h->known && dns_within(h->name, "localhost")) {
		h->known = true;
		for (i = 0; i < 2; i++)
			if (net_pton(loop[i], 0, &a) == 0)
				hosts_addr(h, &a);
	}
}

static const char *
family(const struct settings *o)
{
	if (o->scope.four)
		return "IPv4 ";
	return o->scope.six ? "IPv6 " : "";
}

/* The answer of a family that is wanted and not known now, or NULL. */
static const struct dns_answer *
family_unknown(const struct settings *o, const struct dns_answer *a,
    const struct dns_answer *aaaa)
{
	if (!o->scope.six && dns_temporary(a->status))
		return a;
	return !o->scope.four && dns_temporary(aaaa->status) ? aaaa : NULL;
}

static void
why_none(struct host *h, const struct dns_answer *a,
    const struct dns_answer *aaaa)
{
	struct target *t = h->target;
	const struct dns_answer *bad = family_unknown(t->run->set, a, aaaa);

	if (bad != NULL)
		hosts_none(t, h, h->name, EX_TEMPFAIL, "%s%s%s",
		    dns_status(bad->status), bad->why != NULL ? ": " : "",
		    bad->why != NULL ? bad->why : "");
	else if (a->status == DNS_NXDOMAIN)
		hosts_none(t, h, h->name, EX_NOHOST, "no such host");
	else if (t->given.kind == TARGET_HOST && t->given.port.number == 0)
		hosts_none(t, h, h->name, EX_NOHOST, "the host has no %saddress; if it is a domain, its mail hosts are mx:%s",
		    family(t->run->set), h->name);
	else
		hosts_none(t, h, h->name, EX_NOHOST, "the host has no %saddress",
		    family(t->run->set));
}

static void
add_job(struct host *h, const struct net_addr *a, struct port port)
{
	struct target *t = h->target;
	const struct run *r = t->run;
	struct job *j = arena_new(&t->mem, 1, sizeof *j);
	struct net_addr *dial = arena_new(&t->mem, 1, sizeof *dial);

	*dial = *a;
	net_port(dial, port.number);
	if (r->set->scope.mode == MODE_IMPLICIT)
		port.proto = probe_talk_twin(port.proto, true);
	else if (r->set->scope.mode != MODE_AUTO)
		port.proto = probe_talk_twin(port.proto, false);
	*j = (struct job){ .host = h, .addr = dial,
	    .nth = (unsigned)(a - h->addr), .port = port,
	    .order = hosts_place(t, h) };
	h->left++;
	t->left++;
	share_join(t->run, j);
}

static void
add_jobs(struct host *h, const struct net_addr *a)
{
	const struct target *t = h->target;
	const struct run *r = t->run;
	size_t i;

	if (h->port.number != 0) {
		add_job(h, a, h->port);
	} else if (t->given.port.number != 0) {
		add_job(h, a, t->given.port);
	} else if (r->set->scope.nports > 0) {
		for (i = 0; i < r->set->scope.nports; i++)
			add_job(h, a, r->set->scope.port[i]);
	} else if (t->given.kind == TARGET_MX) {
		add_job(h, a, (struct port){ 25, probe_talk_port(25) });
	} else {
		for (i = 0; i < HOSTS_USUAL; i++)
			add_job(h, a, (struct port){ hosts_usual[i],
			    probe_talk_port(hosts_usual[i]) });
	}
}

/* False: answers are missing. */
static bool
addresses(struct host *h)
{
	const struct dns_answer *a, *aaaa, *bad;
	struct target *t = h->target;

	if (h->naddr > 0)
		return true;
	if (t->given.kind == TARGET_HOST)
		by_file(h);
	if (h->naddr > 0)
		return true;
	if (h->known) {
		hosts_none(t, h, h->name, EX_NOHOST, "/etc/hosts has no address of this family");
		return true;
	}
	a = ask_dns(&t->ask, h->name, DNS_A);
	aaaa = ask_dns(&t->ask, h->name, DNS_AAAA);
	if (a == NULL || aaaa == NULL)
		return false;
	add_answer(h, a);
	add_answer(h, aaaa);
	bad = family_unknown(t->run->set, a, aaaa);
	if (h->naddr == 0)
		why_none(h, a, aaaa);
	else if (bad != NULL && !t->run->set->scope.first)
		hosts_none(t, h, h->name, EX_TEMPFAIL, "its %s addresses are not known, and not probed: %s",
		    bad == a ? "IPv4" : "IPv6", dns_status(bad->status));
	return true;
}

void
hosts_resolve(struct host *h)
{
	int i;

	if (!addresses(h))
		return;
	h->resolved = true;
	h->dns_us = h->literal ? 0 : clock_us() - h->target->started;
	for (i = 0; i < h->naddr; i++)
		add_jobs(h, &h->addr[i]);
	if (h->beyond > 0)
		hosts_limit(h->target, h, h->name, h->naddr,
		    h->naddr + h->beyond, "addresses");
}
