/*
 * records.c: fuzz: what strangers write into TXT records and policies: SPF,
 * DMARC, DKIM, MTA-STS
 *
 * The first byte says which.  Where a parser says that all is well, what came
 * out must be so; SPF is evaluated too, with a DNS that knows only itself.
 */
#include <stdlib.h>
#include <string.h>

#include "dkim.h"
#include "dmarc.h"
#include "meant.h"
#include "mtasts.h"
#include "spf_survey.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool good)
{
	if (!good)
		abort();
}

/* Every name has the same TXT, an address, itself as MX and PTR. */
static const struct dns_answer *
ask(void *arg, const char *name, unsigned type)
{
	static struct dns_rr rr;
	static struct dns_answer a;
	static const char addr[16] = { 1, 2, 3, 4 };

	must(strlen(name) < DNS_NAMELEN);
	rr = (struct dns_rr){ .name = "host.example" };
	rr.data = type == DNS_TXT ? *(struct str *)arg :
	    (struct str){ addr, type == DNS_AAAA ? 16 : 4 };
	a = (struct dns_answer){ .name = name, .type = type, .n = 1,
	    .rr = &rr, .status = DNS_OK };
	return &a;
}

static void
spf(struct arena *mem, struct str s)
{
	struct spf q = { .ip = { "\1\2\3\5", 4 }, .sender = "a.b@c.example",
	    .helo = "h.example", .ask = ask, .arg = &s, .mem = mem };
	struct spf_record r;
	struct spf_survey v;
	struct str out;

	if (s.n >= 6)
		must((spf_parse(mem, s, &r) == 0) == (r.why == NULL));
	must(spf_check(&q, "c.example") < SPF_WAIT);
	must(q.lookups <= SPF_LOOKUPS + 1 && q.voids == 0);
	q.at = "c.example";
	must(spf_expand(&q, s, true, &out) == 0);
	must(spf_survey(&v, &q, "c.example") && v.n >= 1);
	spf_flatten(mem, &v);
}

static void
dmarc(struct str s)
{
	struct dmarc d;
	size_t i;

	dmarc_parse(s, &d);
	must(strchr("ynu", d.psd) != NULL && d.nrua <= DMARC_PLACES);
	for (i = 0; i < d.nrua; i++)
		must(dmarc_host(d.rua[i]).n > 0);
}

static void
policy(struct arena *mem, struct str s)
{
	struct mtasts m;
	const char *why;
	size_t i;

	must((mtasts_id(s, &why).p == NULL) == (why != NULL));
	if (mtasts_parse(mem, s, &m) == 0)
		must(m.mode != MTASTS_UNSET && m.max_age <= 31557600);
	for (i = 0; i < m.nmx; i++)
		must(m.mx[i].n > 0);
	mtasts_covers(&m, "a.b.example");
}

/* What counts needs no reason. */
static void
meant(struct arena *mem, struct str s)
{
	struct dns_rr rr = { .data = s, .raw = s };
	struct str mended;
	enum meant k;

	for (k = MEANT_SPF; k <= MEANT_BIMI; k++)
		must(!meant_counts(k, s) || meant_why(mem, k, &rr) == NULL);
	for (k = MEANT_SPF; k <= MEANT_BIMI; k++) {
		mended = meant_mended(mem, k, s);
		must(mended.p == NULL || meant_counts(k, mended));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena mem = { 0 };
	struct dkim_key key;
	struct str s = { (const char *)data + 1, n - 1 };

	if (n == 0)
		return 0;
	meant(&mem, s);
	switch (data[0] % 4) {
	case 0: spf(&mem, s); break;
	case 1: dmarc(s); break;
	case 2: policy(&mem, s); break;
	default: must((dkim_parse(s, &key) == 0) == (key.why == NULL)); break;
	}
	arena_free(&mem);
	return 0;
}
