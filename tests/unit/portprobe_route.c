/* portprobe_route.c: hosts by SRV records, and whether what names them is signed */
#include "hosts.h"
#include "mx.h"
#include "route.h"
#include "tap.h"

static struct dns_answer imaps, none = { .status = DNS_NODATA };

/* In the place of ask.c: one service has hosts. */
const struct dns_answer *
ask_dnsf(struct ask *q, unsigned type, const char *fmt, ...)
{
	char name[200];
	va_list ap;

	(void)q;
	(void)type;
	va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	va_end(ap);
	return str_starts(str_of(name), "_imaps.") ? &imaps : &none;
}

/* In the place of mx.c. */
static struct mx route;

bool
mx_find(struct mx *m, struct ask *q, const char *domain)
{
	(void)q;
	(void)domain;
	*m = route;
	return true;
}

/* In the place of hosts.c. */
static struct host found[40];
static int n, nones, few, all;

struct host *
hosts_add(struct target *t, const char *name, const struct dns_answer *a)
{
	(void)t;
	found[n] = (struct host){ .name = name,
	    .lead = a != NULL && a->ad ? LEAD_SECURE : LEAD_INSECURE };
	return &found[n++];
}

void
hosts_none(struct target *t, struct host *h, const char *name, int status,
    const char *fmt, ...)
{
	(void)t;
	(void)h;
	(void)name;
	(void)status;
	(void)fmt;
	nones++;
}

void
hosts_limit(struct target *t, struct host *h, const char *name, int some,
    int of, const char *what)
{
	(void)t;
	(void)h;
	(void)name;
	(void)what;
	few = some;
	all = of;
}

static void
srv(bool signed_)
{
	struct dns_rr rr[] = { { .name = "a.test", .port = 993 },
	    { .name = ".", .port = 0 }, { .name = "b.test", .port = 0 },
	    { .name = "c.test", .port = 1993 } };
	struct target t = { .given.domain = "test" };
	enum lead lead;

	imaps = (struct dns_answer){ .name = "_imaps._tcp.test", .n = 4,
	    .rr = rr, .ad = signed_ };
	n = nones = 0;
	ok(route_srv(&t), "all is known");
	is_int(n, 2, "two hosts");
	lead = signed_ ? LEAD_SECURE : LEAD_INSECURE;
	ok(found[0].lead == lead && found[1].lead == lead,
	    "as signed as the record: %d", signed_);
	ok(found[0].port.number == 993 && found[1].port.number == 1993,
	    "their ports");
	is_int(nones, 1, "one that is none");
	arena_free(&t.mem);
}

/* Of so many hosts the first 32 are probed, and the others are told. */
static void
many(int hosts, int want)
{
	struct dns_rr rr[40];
	struct mx_host host[40];
	struct target t = { .given.domain = "test" };
	struct dns_answer mx = { .status = DNS_OK };
	int i;

	for (i = 0; i < hosts; i++) {
		char *name = arena_printf(&t.mem, "h%d.test", i);

		rr[i] = (struct dns_rr){ .name = name, .port = 993 };
		host[i] = (struct mx_host){ .name = name };
	}
	imaps = (struct dns_answer){ .name = "_imaps._tcp.test",
	    .n = (unsigned)hosts, .rr = rr };
	n = few = all = 0;
	ok(route_srv(&t) && n == want, "srv: %d of %d hosts", n, hosts);
	is_int(all, hosts > want ? hosts : 0, "so many are told");
	is_int(few, hosts > want ? want : 0, "of them so few");
	route = (struct mx){ .route = MX_HOSTS, .answer = &mx, .host = host,
	    .n = (size_t)hosts };
	n = few = all = 0;
	ok(route_mx(&t) && n == want, "mx: %d of %d hosts", n, hosts);
	is_int(all, hosts > want ? hosts : 0, "so many are told");
	is_int(few, hosts > want ? want : 0, "of them so few");
	arena_free(&t.mem);
}

int
main(void)
{
	srv(false);
	srv(true);
	many(32, 32);
	many(33, 32);
	return done();
}
