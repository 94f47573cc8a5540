/*
 * resolver.c: --resolver-info: who answers, and can its AD be believed?
 *
 * Each server is asked alone for a name that is signed (the root, or the
 * operand): AD in the reply shows that it validates and that nobody on the
 * way, systemd-resolved or dnsmasq for instance, takes the bit out.
 */
#include <stdio.h>
#include <string.h>

#include "box.h"
#include "clock.h"
#include "json.h"
#include "resolver.h"
#include "run.h"
#include "settings.h"
#include "show.h"

struct probe {
	struct dns_server server;
	const struct dns_answer *answer;
	const char *name;
	double ms;
};

static int
ask(const struct run *r, struct probe *p, struct err *e)
{
	struct dns_conf conf = r->set->dns;
	int64_t start = clock_us();

	conf.servers = p->server.text;
	if (dns_lookup(&conf, p->name, DNS_SOA, clock_in(10), &p->answer,
	    e) < 0)
		return -1;
	p->ms = (double)(clock_us() - start) / 1000;
	return 0;
}

static bool
answered(const struct probe *p)
{
	return p->answer->status != DNS_TIMEOUT;
}

/* One sentence: what follows, and what would change it. */
static const char *
advice(const struct probe *p)
{
	if (!answered(p))
		return "It does not answer.";
	if (p->answer->status == DNS_BOGUS)
		return "It validates, and calls this name bogus.";
	if (p->answer->status != DNS_OK && p->answer->status != DNS_NODATA)
		return "It does not know this name: give one that is signed as operand.";
	if (p->answer->ad_bit && p->server.trusted)
		return "DNSSEC results count: \"secure\" and DANE work.";
	if (p->answer->ad_bit)
		return "It validates, but its AD is not believed: use a validating resolver on this machine, or \"options trust-ad\" in resolv.conf, or --trust-ad, if the way to it is safe.";
	return "No AD: it does not validate, something on the way takes the bit out, or the name is not signed. Nothing is \"secure\" here.";
}

static void
text_resolver(const struct probe *p, struct buf *b)
{
	buf_printf(b, "%s  from %s\n", p->server.text, p->server.source);
	buf_printf(b, "  %-12s ", "answers");
	if (answered(p)) {
		buf_printf(b, "yes, %.1f ms: %s SOA ", p->ms, p->name);
		show_status(b, p->answer);
	} else {
		buf_s(b, "no: ");
		buf_s(b, p->answer->why);
	}
	buf_printf(b, "\n  %-12s %s\n", "AD bit", p->answer->ad_bit ?
	    "set" : "not set");
	buf_printf(b, "  %-12s %s: %s\n", "AD believed", p->server.trusted ?
	    "yes" : "no", p->server.rule);
	buf_printf(b, "  %-12s %s\n", "so", advice(p));
}

static void
json_resolver(const struct probe *p, struct buf *b)
{
	struct json j = { .out = b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "server", p->server.text);
	json_s(&j, "source", p->server.source);
	json_s(&j, "probe", p->name);
	show_answer(&j, p->answer);
	json_bool(&j, "loopback", p->server.loopback);
	json_bool(&j, "ad", p->answer->ad_bit);
	json_bool(&j, "trusted", p->server.trusted);
	json_s(&j, "rule", p->server.rule);
	json_s(&j, "advice", advice(p));
	json_num(&j, "ms", p->ms);
	json_close(&j, '}');
	buf_c(b, '\n');
}

int
resolver_info(struct run *r, struct err *e)
{
	const struct opt_list *names = &r->set->operands;
	struct probe p = { .name = names->n > 0 ? names->v[0] : "." };
	unsigned i, down = 0;

	box_enter(r);
	for (i = 0; dns_server(r->dns, i, &p.server); i++) {
		if (ask(r, &p, e) < 0)
			return e->code;
		down += !answered(&p);
		(r->set->show.json ? json_resolver : text_resolver)(&p, &r->out);
		dns_drop(p.answer);
	}
	if (r->out.n > 0)
		fwrite(r->out.p, 1, r->out.n, stdout);
	return down == i ? EX_TEMPFAIL : 0;
}
