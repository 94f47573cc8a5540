/* dns_cache.c: which answers are kept, until when, and which give way */
#include "dns_private.h"

#include <string.h>

#include "tap.h"

static char long_text[4096];

/* An answer that says text; not temporary unless that is asked for. */
static void
put(struct dns_cache *c, const char *name, enum dns_status status,
    const char *text, int64_t expires)
{
	struct dns_answer *a = dns_nothing(name, DNS_MX, status, text);
	struct dns_key k;

	dns_key(name, DNS_MX, &k);
	dns_cache_put(c, k.wire, k.len, k.type, k.hash, a, expires);
	dns_drop(a);
}

/* Asked for before, so that it is kept. */
static void
keep(struct dns_cache *c, const char *name, const char *text, int64_t expires)
{
	put(c, name, DNS_NODATA, text, expires);
	put(c, name, DNS_NODATA, text, expires);
}

/* What the answer says, or "none". */
static const char *
get(struct dns_cache *c, const char *name, int64_t now)
{
	const struct dns_answer *a;
	struct dns_key k;

	dns_key(name, DNS_MX, &k);
	a = dns_cache_get(c, &k, now);
	return a != NULL ? a->why : "none";
}

static void
times(void)
{
	struct dns_cache *c = dns_cache_new(1 << 20);

	put(c, "a.test", DNS_NODATA, "a", 1000);
	is_str(get(c, "a.test", 0), "none", "not kept the first time");
	put(c, "a.test", DNS_NODATA, "a", 1000);
	is_str(get(c, "a.test", 999), "a", "kept the second time");
	is_str(get(c, "a.test", 1000), "none", "to its last millisecond");
	is_str(get(c, "a.test", 0), "none", "and then it is gone");
	put(c, "b.test", DNS_TIMEOUT, "b", 1000);
	is_str(get(c, "b.test", 0), "b", "that there is none now is kept at once");
	keep(c, "c.test", "old", 5000);
	put(c, "c.test", DNS_NODATA, "new", 1000);
	is_str(get(c, "c.test", 0), "new", "the newer one counts");
	is_str(get(c, "c.test", 2000), "none", "until its time");
	is_str(get(c, "c.test", 2000), "none", "and the older one no more");
	dns_cache_free(c);
}

/* Of one hash, and another type or name. */
static void
same_hash(void)
{
	struct dns_cache *c = dns_cache_new(1 << 20);
	struct dns_answer *a = dns_nothing("a.test", DNS_MX, DNS_NODATA, "a");
	struct dns_key k, other;
	int i;

	dns_key("a.test", DNS_MX, &k);
	for (i = 0; i < 2; i++)
		dns_cache_put(c, k.wire, k.len, k.type, k.hash, a, 1000);
	dns_drop(a);
	ok(dns_cache_get(c, &k, 0) != NULL, "the same question");
	dns_key("a.test", DNS_TXT, &other);
	other.hash = k.hash;
	ok(dns_cache_get(c, &other, 0) == NULL, "another type");
	dns_key("b.test", DNS_MX, &other);
	other.hash = k.hash;
	ok(dns_cache_get(c, &other, 0) == NULL, "another name");
	dns_key("a.test.test", DNS_MX, &other);
	other.hash = k.hash;
	ok(dns_cache_get(c, &other, 0) == NULL, "a longer name");
	dns_cache_free(c);
}

enum { MANY = 40, ROOM = 16 * 700 };

/* Some twelve of them have room. */
static unsigned
fill(struct dns_cache *c, const char *prefix, unsigned n, const char *use)
{
	char name[32];
	unsigned i, there = 0;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s%u.test", prefix, i);
		keep(c, name, long_text, 1000);
		if (use != NULL)
			get(c, use, 0);
	}
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s%u.test", prefix, i);
		there += strcmp(get(c, name, 0), "none") != 0;
	}
	return there;
}

static void
room(void)
{
	struct dns_cache *c = dns_cache_new(ROOM);
	unsigned full, i;
	char name[32];

	memset(long_text, 'x', 500);
	full = fill(c, "a", MANY, NULL);
	ok(full > 4 && full < MANY, "%u of %d have room", full, MANY);
	is_str(get(c, "a0.test", 0), "none", "the oldest gives way");
	ok(strcmp(get(c, "a39.test", 0), "none") != 0, "the newest stays");
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "a%u.test", i);
		get(c, name, 1000);	/* its time is over */
	}
	is_int((int)fill(c, "b", full, NULL), (int)full,
	    "what is over leaves its room to others");
	keep(c, "used.test", "u", 1000);
	get(c, "used.test", 0);
	fill(c, "c", MANY, "used.test");
	is_str(get(c, "used.test", 0), "u", "what is used stays");
	fill(c, "d", MANY, NULL);
	fill(c, "e", MANY, NULL);
	is_str(get(c, "used.test", 0), "none", "until it is used no more");
	memset(long_text, 'x', ROOM / 4);
	keep(c, "large.test", long_text, 1000);
	is_str(get(c, "large.test", 0), "none", "over a quarter is not kept");
	dns_cache_free(c);
}

int
main(void)
{
	times();
	same_hash();
	room();
	return done();
}
