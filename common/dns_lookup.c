/* dns_lookup.c: one question, waited for; the addresses of a host */
#include "clock.h"
#include "dns_private.h"
#include "stop.h"

static void
catch(void *arg, const struct dns_answer *a)
{
	*(const struct dns_answer **)arg = dns_keep(a);
}

int
dns_lookup(const struct dns_conf *conf, const char *name, unsigned type,
    int64_t deadline, const struct dns_answer **out, struct err *e)
{
	struct dns *d = dns_open(conf, e);

	if (d == NULL)
		return -1;
	*out = NULL;
	dns_want(d, name, type, catch, out);
	while (dns_step(d, deadline) > 0 && clock_left(deadline) != 0 &&
	    !stop_asked())
		;
	dns_close(d);
	if (*out == NULL && stop_asked())
		return fail_stop(e);
	if (*out == NULL)
		*out = dns_nothing(name, type, DNS_TIMEOUT,
		    "no reply in time");
	return 0;
}

static int
collect_addresses(const struct dns_answer *a, unsigned port,
    struct net_addr *out, int max)
{
	int n;

	for (n = 0; a != NULL && (unsigned)n < a->n && n < max; n++)
		net_raw(a->rr[n].data, port, &out[n]);
	return n;
}

/* The families in turn, IPv6 first (RFC 8305 section 4). */
static int
mix(const struct dns_answer *const a[2], unsigned port, struct net_addr *out,
    int max)
{
	struct net_addr each[2][32];
	int n[2], i, at = 0;

	n[0] = collect_addresses(a[0], port, each[0], 32);
	n[1] = collect_addresses(a[1], port, each[1], 32);
	for (i = 0; (i < n[0] || i < n[1]) && at < max; i++) {
		if (i < n[0])
			out[at++] = each[0][i];
		if (i < n[1] && at < max)
			out[at++] = each[1][i];
	}
	return at;
}

/* The result where no address came: nobody knows, or nothing is there. */
static int
no_hosts(const char *host, const struct dns_answer *const a[2],
    struct err *e)
{
	int i;

	for (i = 0; i < 2; i++)
		if (a[i] != NULL && dns_temporary(a[i]->status))
			return fail(e, EX_TEMPFAIL, "%s: cannot be resolved now: %s%s%s",
			    host, dns_status(a[i]->status),
			    a[i]->why != NULL ? ": " : "",
			    a[i]->why != NULL ? a[i]->why : "");
	for (i = 0; i < 2; i++)
		if (a[i] != NULL && !dns_absent(a[i]->status))
			return fail(e, EX_NOHOST, "%s: no host name", host);
	return fail(e, EX_NOHOST, "%s: no such host", host);
}

int
dns_hosts(const char *host, unsigned port, int family, struct net_addr *out,
    int max, int64_t deadline, struct err *e)
{
	const struct dns_answer *a[2] = { NULL, NULL };
	struct dns_conf conf = { 0 };
	struct dns *d = dns_open(&conf, e);
	unsigned left = 1;
	int n;

	if (d == NULL)
		return -1;
	if (family != AF_INET)
		dns_want(d, host, DNS_AAAA, catch, &a[0]);
	if (family != AF_INET6)
		dns_want(d, host, DNS_A, catch, &a[1]);
	while (left > 0 && clock_left(deadline) != 0 && !stop_asked())
		left = dns_step(d, deadline);
	dns_close(d);
	n = mix(a, port, out, max);
	if (left > 0 && stop_asked())
		n = fail_stop(e);
	else if (n == 0 && left > 0)
		n = fail(e, EX_TEMPFAIL, "%s: cannot be resolved now: no reply in time",
		    host);
	else if (n == 0)
		n = no_hosts(host, a, e);
	dns_drop(a[0]);
	dns_drop(a[1]);
	return n;
}
