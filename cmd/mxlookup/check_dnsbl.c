/*
 * check_dnsbl.c: are the addresses on a list (RFC 5782)?
 *
 * A list is believed only if it works: its test address 127.0.0.2 must be on
 * it and 127.0.0.1 must not.  127.255.255.x says that the question was not
 * allowed (asked through a public resolver, over the quota); an answer outside
 * of 127.0.0.0/8 comes from a resolver that invents addresses.  Neither is a
 * listing.
 */
#include <arpa/inet.h>
#include <string.h>

#include "checks.h"
#include "json.h"
#include "show.h"
#include "task.h"

enum { ZONES = 32, ADDRESSES = 32 };

enum listing { CLEAR, LISTED, OTHER, DENIED, INVENTED, BROKEN, TEMP };

static const char *const words[] = { "clear", "listed", "other", "denied",
	"rewritten", "broken", "temp" };

struct zone {
	char name[256];
	bool names;			/* a list of domains */
	uint32_t from, to;		/* answers that count; 0: all */
};

struct hit {
	const struct zone *zone;
	const char *what;		/* the address or domain */
	enum listing verdict;
	const struct dns_answer *answer, *reason;
};

struct dnsbl_facts {
	struct hit *hit;
	size_t n;
};

static struct {
	struct opt_list addresses;	/* --dnsbl */
	struct opt_list names;		/* --dnsbl-domains */
	struct zone zones[ZONES];	/* what they say */
	size_t nzones;
} o;

static const struct finding_kind findings[] = {
	{ "DNSBL_LISTED", FINDING_ERROR, "RFC5782#2",
	    "The address or domain is on the list; the list's own words say why." },
	{ "DNSBL_DENIED", FINDING_WARN, "RFC5782#2",
	    "The list does not answer this resolver (127.255.255.x). That is no listing. Ask with a resolver of your own." },
	{ "DNSBL_REWRITTEN", FINDING_WARN, "RFC5782#2",
	    "The answer is 127.0.0.1 or outside of 127.0.0.0/8: a resolver invents addresses, or the list is gone. That is no listing." },
	{ "DNSBL_BROKEN", FINDING_WARN, "RFC5782#5",
	    "The list fails its own test (127.0.0.2 listed, 127.0.0.1 not): nothing it says counts." },
	{ "DNSBL_LIMIT", FINDING_WARN, "RFC5782#2",
	    "The mail hosts have more addresses than the first 32, which were looked up: the others may be listed." },
	{ .id = NULL }
};

static uint32_t
number(const struct dns_rr *rr)
{
	const unsigned char *p = (const unsigned char *)rr->data.p;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The meaning of one answer, the worst of its records first. */
static enum listing
read_answer(const struct zone *z, const struct dns_answer *a)
{
	enum listing v = CLEAR;
	uint32_t n;
	unsigned i;

	if (a->status != DNS_OK)
		return dns_temporary(a->status) ? TEMP : CLEAR;
	for (i = 0; i < a->n; i++) {
		n = number(&a->rr[i]);
		if (n >> 8 == 0x7fffff)
			return DENIED;
		if (n >> 24 != 127 || n == 0x7f000001)
			return INVENTED;
		if (z->to == 0 || (n >= z->from && n <= z->to))
			v = LISTED;
		else if (v == CLEAR)
			v = OTHER;
	}
	return v;
}

/* Does the list work?  TEMP also stands for: not yet known (all false). */
static enum listing
self_test(struct task *t, const struct zone *z, bool *all)
{
	const struct dns_answer *must, *never;
	enum listing v;

	must = ask_dnsf(&t->ask, DNS_A, "%s.%s", z->names ? "test" :
	    "2.0.0.127", z->name);
	never = ask_dnsf(&t->ask, DNS_A, "%s.%s", z->names ? "invalid" :
	    "1.0.0.127", z->name);
	if (must == NULL || never == NULL) {
		*all = false;
		return TEMP;
	}
	v = read_answer(z, must);
	if (v == DENIED || v == INVENTED || v == TEMP)
		return v;
	if (dns_temporary(never->status))
		return TEMP;
	return v != CLEAR && never->status != DNS_OK ? CLEAR : BROKEN;
}

/* The address turned round: nibbles for IPv6, without in-addr.arpa. */
static const char *
reversed(struct task *t, struct str ip, const char *zone)
{
	char name[DNS_NAMELEN];
	size_t n;

	dns_reverse(ip, name);
	n = strlen(name) - (ip.n == 4 ? strlen(".in-addr.arpa") :
	    strlen(".ip6.arpa"));
	return arena_printf(t->mem, "%.*s.%s", (int)n, name, zone);
}

static bool
dnsbl_look(struct task *t, struct dnsbl_facts *r, const struct zone *z,
    const char *what, const char *name, enum listing test)
{
	struct hit *h = &r->hit[r->n++];

	*h = (struct hit){ .zone = z, .what = what, .verdict = test };
	h->answer = ask_dns(&t->ask, name, DNS_A);
	if (h->answer == NULL)
		return false;
	if (test == CLEAR)
		h->verdict = read_answer(z, h->answer);
	if (h->verdict != LISTED)
		return true;
	h->reason = ask_dns(&t->ask, name, DNS_TXT);
	return h->reason != NULL;
}

static void
dnsbl_add(const struct dns_answer *a, struct str ip[ADDRESSES], size_t *n,
    bool *more)
{
	unsigned k;

	for (k = 0; a != NULL && k < a->n; k++) {
		*more |= *n == ADDRESSES;
		if (*n < ADDRESSES)
			ip[(*n)++] = a->rr[k].data;
	}
}

/* The addresses of the hosts, or the one that was given. */
static size_t
dnsbl_collect(struct task *t, struct str ip[ADDRESSES], bool *more)
{
	const struct mx_host *h;
	size_t n = 0;

	if (t->kind == IN_ADDRESS)
		ip[n++] = t->addr;
	for (h = t->mx.host; h < t->mx.host + t->mx.n; h++) {
		dnsbl_add(h->a, ip, &n, more);
		dnsbl_add(h->aaaa, ip, &n, more);
	}
	return n;
}

static bool
ask_zone(struct task *t, struct dnsbl_facts *r, const struct zone *z,
    const struct str *ip, size_t n)
{
	bool all = true;
	enum listing test = self_test(t, z, &all);
	char text[46];
	size_t i;

	if (z->names && t->kind != IN_ADDRESS && !dnsbl_look(t, r, z, t->domain,
	    arena_printf(t->mem, "%s.%s", t->domain, z->name), test))
		all = false;
	for (i = 0; i < n && !z->names; i++) {
		dns_addr(ip[i], text, sizeof text);
		if (!dnsbl_look(t, r, z, arena_dup(t->mem, str_of(text)),
		    reversed(t, ip[i], z->name), test))
			all = false;
	}
	return all;
}

static void
judge_dnsbl(struct task *t, const struct hit *h)
{
	static const char *const ids[] = { NULL, "DNSBL_LISTED", NULL,
	    "DNSBL_DENIED", "DNSBL_REWRITTEN", "DNSBL_BROKEN", NULL };
	struct str why = { NULL, 0 };

	if (ids[h->verdict] == NULL)
		return;
	if (h->verdict != LISTED) {
		task_find(t, ids[h->verdict], h->zone->name, "%s",
		    words[h->verdict]);
		return;
	}
	if (h->reason->n > 0)
		why = h->reason->rr[0].data;
	task_find(t, ids[h->verdict], h->what, "on %s%s%.*s", h->zone->name,
	    why.n > 0 ? ": " : "", STR_ARG(why));
}

static bool
run_dnsbl(struct task *t)
{
	struct dnsbl_facts *r = arena_new(t->mem, 1, sizeof *r);
	struct str ip[ADDRESSES];
	bool all = true, more = false;
	size_t n = dnsbl_collect(t, ip, &more), i;

	r->hit = arena_new(t->mem, o.nzones * (n + 1) + 1, sizeof *r->hit);
	for (i = 0; i < o.nzones; i++)
		if (!ask_zone(t, r, &o.zones[i], ip, n))
			all = false;
	if (!all)
		return false;
	t->result[CHECK_DNSBL] = r;
	for (i = 0; i < r->n; i++)
		judge_dnsbl(t, &r->hit[i]);
	if (more && o.addresses.n > 0)
		task_limit(t, "DNSBL_LIMIT", NULL, "only the first %zu addresses of the hosts were looked up",
		    n);
	return true;
}

static void
json_hit(struct json *j, const struct hit *h)
{
	char text[46];
	unsigned i;

	json_open(j, NULL, '{');
	json_s(j, "zone", h->zone->name);
	json_s(j, "what", h->what);
	json_s(j, "state", words[h->verdict]);
	show_answer(j, h->answer);
	json_open(j, "a", '[');
	for (i = 0; i < h->answer->n; i++) {
		dns_addr(h->answer->rr[i].data, text, sizeof text);
		json_s(j, NULL, text);
	}
	json_close(j, ']');
	if (h->reason != NULL && h->reason->n > 0)
		json_str(j, "reason", h->reason->rr[0].data);
	json_close(j, '}');
}

static void
json_dnsbl(const struct task *t, struct json *j, const char *key)
{
	const struct dnsbl_facts *r = t->result[CHECK_DNSBL];
	size_t i;

	json_open(j, key, '[');
	for (i = 0; i < r->n; i++)
		json_hit(j, &r->hit[i]);
	json_close(j, ']');
}

static void
text_dnsbl(const struct task *t, struct buf *b)
{
	const struct dnsbl_facts *r = t->result[CHECK_DNSBL];
	const struct hit *h;

	for (h = r->hit; h < r->hit + r->n; h++) {
		buf_printf(b, "  DNSBL  %s %s %s", h->what, h->zone->name,
		    words[h->verdict]);
		if (h->verdict == TEMP && dns_temporary(h->answer->status)) {
			buf_c(b, ' ');
			show_status(b, h->answer);
		}
		if (h->reason != NULL && h->reason->n > 0) {
			buf_s(b, ": ");
			show_safe(b, h->reason->rr[0].data);
		}
		buf_c(b, '\n');
	}
	if (o.nzones == 0)
		buf_s(b, "  DNSBL  none (no list was given: --dnsbl ZONE)\n");
}

/* ZONE, ZONE=127.0.0.2, ZONE=127.0.0.2-11, ZONE=127.0.0.2-127.0.0.11 */
static int
range(struct zone *z, struct str s)
{
	struct str from = str_cut(&s, '-');
	char text[32];
	struct in_addr a;
	uint64_t last;

	if (from.n >= sizeof text || s.n >= sizeof text)
		return -1;
	str_copy(text, from);
	text[from.n] = '\0';
	if (inet_pton(AF_INET, text, &a) != 1)
		return -1;
	z->from = z->to = ntohl(a.s_addr);
	if (s.p == NULL)
		return 0;
	if (str_num(s, 255, &last) == 0) {
		z->to = (z->from & ~0xffu) | (uint32_t)last;
		return z->to >= z->from ? 0 : -1;
	}
	str_copy(text, s);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, &a) != 1)
		return -1;
	z->to = ntohl(a.s_addr);
	return z->to >= z->from ? 0 : -1;
}

static int
add_zone(const char *option, const char *s, bool names, struct err *e)
{
	struct str rest = str_of(s), name = str_cut(&rest, '=');
	struct zone *z = &o.zones[o.nzones];
	char plain[DNS_NAMELEN];

	if (o.nzones == ZONES)
		return fail(e, EX_USAGE, "--%s: over %d lists", option, ZONES);
	if (name.n == 0 || name.n >= sizeof z->name)
		return fail(e, EX_USAGE, "--%s: \"%s\" is no list", option, s);
	*z = (struct zone){ .names = names };
	str_copy(z->name, name);
	if (dns_name(z->name, plain) < 0 ||
	    (rest.p != NULL && range(z, rest) < 0))
		return fail(e, EX_USAGE, "--%s: \"%s\" is no list", option, s);
	o.nzones++;
	return 0;
}

static int
init_dnsbl(struct run *r, struct err *e)
{
	size_t i;

	(void)r;
	o.nzones = 0;
	for (i = 0; i < o.addresses.n; i++)
		if (add_zone("dnsbl", o.addresses.v[i], false, e) < 0)
			return -1;
	for (i = 0; i < o.names.n; i++)
		if (add_zone("dnsbl-domains", o.names.v[i], true, e) < 0)
			return -1;
	return 0;
}

static const struct opt options[] = {
	{ .name = "dnsbl", .arg = "ZONE[=A.B.C.D[-E]]", .kind = OPT_LIST,
	    .to = &o.addresses, .help = "-C dnsbl, with a list of addresses",
	    .flags = OPT_NOCONF },
	{ .name = "dnsbl-domains", .arg = "ZONE[=A.B.C.D[-E]]",
	    .kind = OPT_LIST, .to = &o.names,
	    .help = "-C dnsbl, with a list of domains",
	    .flags = OPT_NOCONF },
	{ .name = NULL }
};

const struct check check_dnsbl = {
	.name = "dnsbl", .about = "block lists (RFC 5782)",
	.needs = CHECK_BIT(CHECK_MX) | CHECK_BIT(CHECK_ADDR),
	.addresses = true,
	.run = run_dnsbl, .json = json_dnsbl, .text = text_dnsbl,
	.findings = findings, .options = options, .init = init_dnsbl,
};
