/*
 * dns.c: messages: what questions look like, what replies say
 *
 * RFC 1035 with 2181, 2308 (what is absent), 6840 5.7 (AD in a query), 6891
 * (EDNS), 8914 (why it failed).  A message is hostile: it is walked through
 * as a whole before anything in it counts, dns_name.c bounds its names, and
 * records, aliases and the question itself are bounded or compared.
 */
#include <stdlib.h>
#include <string.h>

#include "dns_private.h"
#include "mem.h"

/*
 * How many records there may be is the message's own bound.  MAXSCRATCH: each
 * record of the largest one, 14 bytes with its owner a pointer, may name a
 * host of 255.
 */
enum { OPT_EDE = 15, MAXMESSAGE = 65535, MAXSCRATCH = MAXMESSAGE / 14 * 256,
    FEW = 16 };
enum { CLASS_IN = 1, TYPE_OPT = 41, TYPE_RRSIG = 46 };
enum { NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED };

const char *
dns_status(enum dns_status s)
{
	static const char *const names[] = { "ok", "nodata", "nxdomain",
	    "servfail", "refused", "timeout", "bogus", "malformed",
	    "invalid-input" };

	return names[s];
}

static const struct { unsigned type; const char *name; } types[] = {
	{ DNS_A, "A" }, { DNS_NS, "NS" }, { DNS_CNAME, "CNAME" },
	{ DNS_SOA, "SOA" }, { DNS_PTR, "PTR" }, { DNS_MX, "MX" },
	{ DNS_TXT, "TXT" }, { DNS_AAAA, "AAAA" }, { DNS_SRV, "SRV" },
	{ DNS_DS, "DS" }, { DNS_DNSKEY, "DNSKEY" }, { DNS_TLSA, "TLSA" },
	{ DNS_CAA, "CAA" },
};

const char *
dns_type(unsigned type)
{
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

unsigned
dns_type_of(struct str name)
{
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (str_is(name, types[i].name))
			return types[i].type;
	return 0;
}

/* ---- queries */

static unsigned char *
put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
	return p + 2;
}

/*
 * RD; AD asks for the AD bit back without the signatures that DO brings: 70
 * bytes instead of 190 for a signed MX.
 */
size_t
dns_build(unsigned char *out, uint16_t id, const unsigned char *wire,
    size_t wlen, unsigned type, unsigned bufsize)
{
	static const unsigned char flags[] = { 0x01, 0x20, 0, 1, 0, 0, 0, 0,
	    0 };
	unsigned char *p = put16(out, id);

	memcpy(p, flags, sizeof flags);
	p += sizeof flags;
	*p++ = bufsize > 0;			/* ARCOUNT */
	memcpy(p, wire, wlen);
	p = put16(put16(p + wlen, type), CLASS_IN);
	if (bufsize > 0) {
		*p++ = 0;			/* the root owns the OPT */
		p = put16(put16(p, TYPE_OPT), bufsize);
		memset(p, 0, 6);
		p += 6;
	}
	return (size_t)(p - out);
}

/* The OPT record is the last thing in it: flags, and a length of nothing. */
void
dns_build_do(unsigned char *query, size_t len)
{
	if (query[11] > 0)
		query[len - 4] |= 0x80;
}

/* ---- replies */

static unsigned
get16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t
get32(const unsigned char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

enum dns_match
dns_match(const unsigned char *msg, size_t len, const unsigned char *wire,
    size_t wlen, unsigned type)
{
	const unsigned char *q = msg + 12;
	size_t i = 0;

	if (len < 12 || (msg[2] & 0xf8) != 0x80)	/* QR, opcode 0 */
		return DNS_OTHER;
	if (get16(msg + 4) == 0 && get16(msg + 6) == 0)
		return (msg[3] & 15) != NOERROR &&
		    (msg[3] & 15) != NXDOMAIN ? DNS_BARE : DNS_OTHER;
	if (get16(msg + 4) != 1 || len < 12 + wlen + 4)
		return DNS_OTHER;
	if (memcmp(q, wire, wlen) == 0)
		i = wlen;		/* as a rule it comes as it was sent */
	for (; i < wlen; i++)		/* lengths are < 'A': lowered too */
		if ((unsigned char)str_lower((char)q[i]) != wire[i])
			return DNS_OTHER;
	return get16(q + wlen) == type && get16(q + wlen + 2) == CLASS_IN ?
	    DNS_MINE : DNS_OTHER;
}

/* A message that is whole: where its sections begin, and their records. */
enum section { ANSWER, AUTHORITY, ADDITIONAL, SECTIONS };
struct message {
	const unsigned char *base, *end;
	const unsigned char *section[SECTIONS];
	unsigned n[SECTIONS];
};

/* A record as it stands there. */
struct entry {
	unsigned type, class;
	uint32_t ttl;
	const unsigned char *data;
	size_t n;
};

/* Behind an owner: type, class, TTL, length. */
enum { FIXED = 10 };

/* Behind the record at p; NULL if it is cut. */
static const unsigned char *
behind(const unsigned char *p, const unsigned char *end)
{
	size_t n;

	p = dns_skip(p, end);
	if (p == NULL || end - p < FIXED)
		return NULL;
	n = get16(p + 8);
	p += FIXED;
	return n <= (size_t)(end - p) ? p + n : NULL;
}

/* Are all the records there that the header counts, and nothing else? */
static int
walk_message(const unsigned char *msg, size_t len, struct message *m)
{
	const unsigned char *p = msg + 12, *end = msg + len;
	unsigned i, s;

	if (len < 12)
		return -1;
	for (i = get16(msg + 4); i > 0; i--) {
		p = dns_skip(p, end);
		if (p == NULL || end - p < 4)
			return -1;
		p += 4;
	}
	*m = (struct message){ .base = msg, .end = end };
	for (s = 0; s < SECTIONS; s++) {
		m->section[s] = p;
		m->n[s] = get16(msg + 6 + 2 * s);
		for (i = 0; i < m->n[s]; i++) {
			p = behind(p, end);
			if (p == NULL)
				return -1;
		}
	}
	return p == end ? 0 : -1;
}

/*
 * The answer as it is collected from a message: records as offsets into bytes,
 * since bytes moves while it grows.
 */
struct piece {
	size_t name, data, ndata, raw, nraw;
	struct dns_rr rr;
};

struct gather {
	struct message msg;
	unsigned type;
	char *owner;			/* whose records count now */
	struct buf bytes;
	struct piece *piece, *heap;	/* heap: if a few do not do */
	unsigned n, cap;
	size_t cname[DNS_MAXHOPS];
	unsigned ncname;
	uint32_t ttl, zone_ttl;		/* zone_ttl: 0 if not known */
	bool soa, ns;			/* in the authority section */
	uint32_t negative;		/* TTL of the denial */
	int ede;
	struct str ede_text;
	unsigned rcode;
	const char *bad;		/* why it is malformed */
};

static int
bad(struct gather *g, const char *why)
{
	if (g->bad == NULL)
		g->bad = why;
	return -1;
}

static size_t
gather_keep(struct gather *g, const void *p, size_t n)
{
	size_t at = g->bytes.n;

	buf_put(&g->bytes, p, n);
	buf_c(&g->bytes, '\0');
	return at;
}

/* The record at *p, which goes on to the next one; its owner, if wanted. */
static int
rr_read(struct gather *g, const unsigned char **p, struct entry *rr,
    char *owner)
{
	const unsigned char *at = *p;
	int n = dns_expand(g->msg.base, g->msg.end, at, owner);

	if (n < 0)
		return bad(g, "a record is broken");
	at += n;
	rr->type = get16(at);
	rr->class = get16(at + 2);
	rr->ttl = get32(at + 4);
	rr->n = get16(at + 8);
	rr->data = at + FIXED;
	*p = rr->data + rr->n;
	return 0;
}

/* A name in rdata, at most end, behind which more may follow: its length. */
static int
rname(struct gather *g, const unsigned char *p, const unsigned char *end,
    char text[DNS_NAMELEN])
{
	int n = dns_expand(g->msg.base, g->msg.end, p, text);

	if (n < 0 || n > end - p)
		return bad(g, "a name in a record is broken");
	return n;
}

/* TXT: strings with their lengths, joined without anything between. */
static int
strings_data(struct gather *g, struct piece *e, const unsigned char *p,
    size_t n)
{
	size_t i;

	e->raw = gather_keep(g, p, n);
	e->nraw = n;
	e->data = g->bytes.n;
	for (i = 0; i < n; i += 1u + p[i]) {
		if (i + p[i] >= n)
			return bad(g, "a TXT string is longer than its record");
		buf_put(&g->bytes, p + i + 1, p[i]);
	}
	e->ndata = g->bytes.n - e->data;
	buf_c(&g->bytes, '\0');
	return n > 0 ? 0 : bad(g, "an empty TXT record");
}

static int
plain_data(struct gather *g, struct piece *e, const unsigned char *p, size_t n)
{
	e->data = e->raw = gather_keep(g, p, n);
	e->ndata = e->nraw = n;
	if ((g->type == DNS_A && n != 4) || (g->type == DNS_AAAA && n != 16))
		return bad(g, "an address of the wrong length");
	return 0;
}

/* skip bytes, then a name, then tail bytes, and nothing else. */
static int
named_data(struct gather *g, struct piece *e, const unsigned char *p, size_t n,
    size_t skip, size_t tail)
{
	char text[DNS_NAMELEN];
	int used;

	if (n < skip + tail + 1)
		return bad(g, "a record is too short");
	used = rname(g, p + skip, p + n, text);
	if (used < 0)
		return -1;
	if (skip + (size_t)used + tail != n)
		return bad(g, "a record is longer than what is in it");
	if (skip > 0)
		e->rr.pref = (uint16_t)get16(p);
	if (skip > 4) {
		e->rr.weight = (uint16_t)get16(p + 2);
		e->rr.port = (uint16_t)get16(p + 4);
	}
	e->name = gather_keep(g, text, strlen(text));
	e->data = e->raw = gather_keep(g, p + n - tail, tail);
	e->ndata = e->nraw = tail;
	return 0;
}

static int
tlsa(struct gather *g, struct piece *e, const unsigned char *p, size_t n)
{
	if (n < 3)
		return bad(g, "a TLSA record is too short");
	e->rr.usage = p[0];
	e->rr.selector = p[1];
	e->rr.mtype = p[2];
	return plain_data(g, e, p + 3, n - 3);
}

static int
rdata(struct gather *g, struct piece *e, const struct entry *rr)
{
	const unsigned char *p = rr->data;
	size_t n = rr->n;

	switch (g->type) {
	case DNS_TXT:
		return strings_data(g, e, p, n);
	case DNS_TLSA:
		return tlsa(g, e, p, n);
	case DNS_MX:
		return named_data(g, e, p, n, 2, 0);
	case DNS_SRV:
		return named_data(g, e, p, n, 6, 0);
	case DNS_NS: case DNS_CNAME: case DNS_PTR:
		return named_data(g, e, p, n, 0, 0);
	case DNS_SOA:
		if (n < 22)
			return bad(g, "a SOA record is too short");
		return plain_data(g, e, p + n - 20, 20);
	default:
		return plain_data(g, e, p, n);
	}
}

static uint32_t
sane_ttl(uint32_t ttl)
{
	return ttl > INT32_MAX ? 0 : ttl;	/* RFC 2181 section 8 */
}

static void
more_pieces(struct gather *g)
{
	struct piece *was = g->heap == NULL ? g->piece : NULL;

	g->cap *= 2;
	g->piece = g->heap = mem_grow(g->heap, g->cap, sizeof *g->piece);
	if (was != NULL)
		memcpy(g->piece, was, g->n * sizeof *was);
}

static int
rr_keep(struct gather *g, const struct entry *rr)
{
	struct piece *e;

	if (g->n == g->cap)
		more_pieces(g);
	e = &g->piece[g->n];
	*e = (struct piece){ .name = SIZE_MAX };
	e->rr.ttl = sane_ttl(rr->ttl);
	if (rdata(g, e, rr) < 0)
		return -1;
	if (e->rr.ttl < g->ttl)
		g->ttl = e->rr.ttl;
	g->n++;
	return 0;
}

/* owner is an alias: its target is who counts now. */
static int
follow_alias(struct gather *g, const struct entry *rr)
{
	char text[DNS_NAMELEN];
	unsigned i;

	if (rname(g, rr->data, rr->data + rr->n, text) < 0)
		return -1;
	if (g->ncname == DNS_MAXHOPS)
		return bad(g, "too many aliases (CNAME)");
	if (strcmp(text, g->owner) == 0)
		return bad(g, "an alias (CNAME) of itself");
	for (i = 0; i < g->ncname; i++)
		if (strcmp(g->bytes.p + g->cname[i], text) == 0)
			return bad(g, "aliases (CNAME) in a circle");
	g->cname[g->ncname++] = gather_keep(g, text, strlen(text));
	memcpy(g->owner, text, strlen(text) + 1);
	if (sane_ttl(rr->ttl) < g->ttl)
		g->ttl = sane_ttl(rr->ttl);
	return 0;
}

/* The TTL that was signed does not run down in caches (RFC 4034 3.1.4). */
static void
note_signature(struct gather *g, const struct entry *rr)
{
	if (rr->n > 18 && get16(rr->data) == g->type)
		g->zone_ttl = sane_ttl(get32(rr->data + 4));
}

static int
answer_one(struct gather *g, const struct entry *rr, const char *owner)
{
	if (rr->class != CLASS_IN || (rr->type != g->type &&
	    rr->type != DNS_CNAME && rr->type != TYPE_RRSIG))
		return 0;
	if (strcmp(owner, g->owner) != 0)
		return 0;
	if (rr->type == TYPE_RRSIG) {
		note_signature(g, rr);
		return 0;
	}
	if (rr->type == g->type)
		return rr_keep(g, rr);
	return g->n == 0 ? follow_alias(g, rr) : 0;
}

/* Again as long as an alias leads to records that came before it. */
static int
answers(struct gather *g)
{
	char owner[DNS_NAMELEN];
	unsigned i, before;
	const unsigned char *p;
	struct entry rr;

	do {
		before = g->ncname;
		p = g->msg.section[ANSWER];
		for (i = 0; i < g->msg.n[ANSWER]; i++)
			if (rr_read(g, &p, &rr, owner) < 0 ||
			    answer_one(g, &rr, owner) < 0)
				return -1;
	} while (g->n == 0 && g->ncname > before);
	return 0;
}

/* For a denial: its SOA, whose last number bounds the TTL (RFC 2308). */
static int
authority(struct gather *g)
{
	const unsigned char *p = g->msg.section[AUTHORITY];
	struct entry rr;
	uint32_t least;
	unsigned i;

	for (i = 0; i < g->msg.n[AUTHORITY]; i++) {
		if (rr_read(g, &p, &rr, NULL) < 0)
			return -1;
		g->ns |= rr.type == DNS_NS;
		if (rr.type != DNS_SOA || rr.n < 22)
			continue;
		g->soa = true;
		least = get32(rr.data + rr.n - 4);
		g->negative = sane_ttl(rr.ttl);
		if (sane_ttl(least) < g->negative)
			g->negative = sane_ttl(least);
	}
	return 0;
}

static void
options(struct gather *g, const unsigned char *p, size_t n)
{
	size_t len;

	for (; n >= 4; p += 4 + len, n -= 4 + len) {
		len = get16(p + 2);
		if (len > n - 4)
			return;
		if (get16(p) == OPT_EDE && len >= 2 && g->ede < 0) {
			g->ede = (int)get16(p + 4);
			g->ede_text = (struct str){ (const char *)p + 6,
			    len - 2 };
		}
	}
}

static int
additional(struct gather *g)
{
	const unsigned char *p = g->msg.section[ADDITIONAL];
	struct entry rr;
	unsigned i;

	for (i = 0; i < g->msg.n[ADDITIONAL]; i++) {
		if (rr_read(g, &p, &rr, NULL) < 0)
			return -1;
		if (rr.type != TYPE_OPT)
			continue;
		g->rcode |= (unsigned)(rr.ttl >> 24) << 4;
		options(g, rr.data, rr.n);
	}
	return 0;
}

/* RFC 8914: the codes by which a server says that DNSSEC failed. */
static bool
bogus(int ede)
{
	return ede >= 6 && ede <= 12;
}

static enum dns_status
rcode_failed(const struct gather *g, const char **why)
{
	static const char *const names[] = { NULL, "FORMERR", "SERVFAIL",
	    NULL, "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
	    "NOTAUTH", "NOTZONE" };

	if (g->rcode < 11)
		*why = names[g->rcode];
	else
		*why = g->rcode == 16 ? "BADVERS" : "an unknown error code";
	if (g->rcode == REFUSED)
		return DNS_REFUSED;
	return g->rcode == SERVFAIL && bogus(g->ede) ? DNS_BOGUS :
	    DNS_SERVFAIL;
}

/* Six outcomes, and the two ways not to have one. */
static enum dns_status
gather_verdict(struct gather *g, bool aa, const char **why, enum dns_next *next)
{
	*why = g->bad;
	if (g->bad != NULL)
		return DNS_MALFORMED;
	if (g->rcode == NXDOMAIN) {
		if (g->n == 0)
			return DNS_NXDOMAIN;
		*why = "records and \"no such name\" at once";
		return DNS_MALFORMED;
	}
	if (g->rcode != NOERROR)
		return rcode_failed(g, why);
	if (g->n > 0)
		return DNS_OK;
	if (g->ncname > 0 && !g->soa)
		*next = DNS_CHASE;
	if (g->ncname == 0 && g->ns && !g->soa && !aa) {
		*why = "lame: a referral instead of an answer";
		return DNS_REFUSED;
	}
	return DNS_NODATA;
}

static void
answer_fill(struct dns_answer *a, unsigned n, const struct gather *g,
    const char *base)
{
	const struct piece *e;
	struct dns_rr *rr;
	unsigned i;

	for (i = 0; i < a->ncname; i++)
		dns_cname_of(a)[i] = base + g->cname[i];
	for (i = 0; i < n; i++) {
		e = &g->piece[i];
		rr = &dns_rr_of(a)[i];
		*rr = e->rr;
		rr->name = e->name != SIZE_MAX ? base + e->name : NULL;
		rr->data = (struct str){ base + e->data, e->ndata };
		rr->raw = (struct str){ base + e->raw, e->nraw };
	}
}

static int
by_number(unsigned a, unsigned b)
{
	return a < b ? -1 : a > b;
}

static int
str_order(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (c != 0)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

/* By what a record says; what its type does not have is the same in all. */
static int
by_content(const void *p, const void *q)
{
	const struct dns_rr *a = p, *b = q;
	int c;

	if ((c = by_number(a->pref, b->pref)) != 0 ||
	    (c = by_number(b->weight, a->weight)) != 0 ||
	    (c = by_number(a->port, b->port)) != 0 ||
	    (c = by_number(a->usage, b->usage)) != 0 ||
	    (c = by_number(a->selector, b->selector)) != 0 ||
	    (c = by_number(a->mtype, b->mtype)) != 0 ||
	    (c = str_order(str_of(a->name), str_of(b->name))) != 0 ||
	    (c = str_order(a->data, b->data)) != 0 ||
	    (c = str_order(a->raw, b->raw)) != 0)
		return c;
	return by_number(a->ttl, b->ttl);
}

/* Servers turn them round with each question. */
static void
sort(struct dns_rr *rr, unsigned n)
{
	unsigned i;

	for (i = 1; i < n && by_content(&rr[i - 1], &rr[i]) <= 0; i++)
		;
	if (i < n)
		qsort(rr, n, sizeof *rr, by_content);
}

static struct dns_answer *
gather_finish(struct gather *g, const char *name, enum dns_status status,
    const char *why)
{
	struct dns_answer *a;
	struct dns_layout l;
	/* Beside an error code, or beside what is unsound, nothing counts. */
	unsigned n = status == DNS_OK ? g->n : 0;
	unsigned ncname = status != DNS_MALFORMED ? g->ncname : 0;
	size_t len = strlen(name) + g->ede_text.n + g->bytes.n + 4 +
	    (why != NULL ? strlen(why) : 0);

	a = dns_allocate(n, ncname, len, &l);
	a->status = status;
	a->type = g->type;
	a->rcode = g->rcode;
	a->ede = g->ede;
	a->name = dns_place(&l, name, strlen(name));
	a->ede_text.n = g->ede_text.n;
	a->ede_text.p = dns_place(&l, g->ede_text.p, g->ede_text.n);
	if (why != NULL)
		a->why = dns_place(&l, why, strlen(why));
	answer_fill(a, n, g, dns_place(&l, g->bytes.p, g->bytes.n));
	sort(dns_rr_of(a), n);
	a->ttl = g->ttl;
	if (dns_absent(status) && g->negative < a->ttl)
		a->ttl = g->negative;
	if (dns_temporary(status))
		a->ttl = 0;
	return a;
}

struct dns_answer *
dns_decode(const unsigned char *msg, size_t len, const unsigned char *wire,
    unsigned type, enum dns_next *next)
{
	char name[DNS_NAMELEN], owner[DNS_NAMELEN];
	struct piece few[FEW];
	struct gather g = { .type = type, .ttl = INT32_MAX, .ede = -1,
	    .bytes.max = MAXSCRATCH, .owner = owner, .piece = few,
	    .cap = FEW };
	struct dns_answer *a;
	enum dns_status status;
	const char *why;
	bool aa = len > 3 && (msg[2] & 4) != 0;

	*next = DNS_DONE;
	dns_text(wire, name);
	memcpy(owner, name, strlen(name) + 1);
	g.rcode = len > 3 ? msg[3] & 15u : 0;
	if (len > MAXMESSAGE || walk_message(msg, len, &g.msg) < 0) {
		bad(&g, "the message is cut or broken");
		*next = DNS_BY_TCP;
	} else if (answers(&g) == 0 && authority(&g) == 0) {
		additional(&g);
	}
	if (g.bytes.over)
		bad(&g, "too much in one message");
	status = gather_verdict(&g, aa, &why, next);
	a = gather_finish(&g, name, status, why);
	if (status == DNS_OK)
		a->zone_ttl = aa && a->ncname == 0 ? a->rr[0].ttl : g.zone_ttl;
	a->ad_bit = (msg[3] & 0x20) != 0;
	buf_free(&g.bytes);
	free(g.heap);
	return a;
}
