/* What was found has a name, and no trouble is passed over. */
#include <string.h>

#include "judge.h"
#include "run.h"
#include "target.h"
#include "tap.h"

static const struct settings settings;
static struct run run = { .set = &settings };
static struct target target;
static struct arena arena;

/* Names differ, and only the first may be none. */
#define NAMES(fn, n, none) do { \
	const char *name_[n]; \
	int i_; \
	for (i_ = 0; i_ < n; i_++) \
		name_[i_] = fn(i_); \
	names(#fn, name_, n, none); \
} while (0)

static void
names(const char *what, const char *const *name, int n, bool none)
{
	int i, k;

	if (none)
		ok(name[0] == NULL, "%s: none has no name", what);
	for (i = none; i < n; i++) {
		ok(name[i] != NULL && name[i][0] != '\0',
		    "%s: %d has a name", what, i);
		for (k = none; k < i; k++)
			if (name[k] != NULL && name[i] != NULL &&
			    strcmp(name[k], name[i]) == 0)
				ok(false, "%s: %d has the name of %d", what,
				    i, k);
	}
}

static void
troubles(void)
{
	int i;

	for (i = TROUBLE_NONE + 1; i < TROUBLES; i++) {
		struct report r = { .run = &run, .target = &target,
		    .mem = &arena, .ip = "192.0.2.1", .talk.starttls = -1,
		    .us = { -1, -1, -1, -1, -1, -1 } };
		const char *name = word_class((enum trouble_class)i);

		r.trouble.class = (enum trouble_class)i;
		r.trouble.text = "x";
		if (i == TROUBLE_DNS)
			r.verdict.status = EX_NOHOST;
		judge(&r);
		ok(r.verdict.state != STATE_OK, "%s: not ok", name);
		ok(r.verdict.sev != FINDING_HINT, "%s: told", name);
		ok(r.verdict.status != 0, "%s: a status", name);
	}
}

/* The certificate that ends first says how many days are left. */
static void
days(void)
{
	static const struct {
		int day[3];
		int want;
	} t[] = { { { 5, 50, 500 }, 5 }, { { 50, 5, 500 }, 5 },
	    { { 500, 50, 5 }, 5 }, { { 50, 50, 50 }, 50 } };
	struct tls_cert c[3];
	size_t i, k;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		struct report r = { .run = &run, .target = &target,
		    .mem = &arena, .ip = "192.0.2.1", .talk.starttls = -1,
		    .us = { 1, 1, 1, -1, 1, 1 }, .tls.on = true,
		    .tls.have_cert = true, .tls.facts = { .version = "TLSv1.3",
		    .cipher = "x", .text = "ok", .cert = c, .ncert = 3 } };

		for (k = 0; k < 3; k++)
			c[k] = (struct tls_cert){ .subject = "x", .issuer = "y",
			    .until = run.now + t[i].day[k] * 86400 + 9,
			    .key = "RSA", .sigalg = "sha256", .bits = 4096 };
		judge(&r);
		is_int(r.verdict.days, t[i].want, "%d, %d and %d days",
		    t[i].day[0], t[i].day[1], t[i].day[2]);
	}
}

int
main(void)
{
	NAMES(word_severity, FINDING_SEVS, false);
	NAMES(word_reach, REACHES, true);
	NAMES(word_class, TROUBLES, true);
	NAMES(word_place, PLACES, true);
	NAMES(word_state, STATES, false);
	NAMES(word_dane, DANES, false);
	NAMES(word_record, RECORDS, false);
	NAMES(word_policy, POLICY_VERDICTS, true);
	NAMES(word_tried, TRIEDS, true);
	NAMES(word_injected, INJECTEDS, true);
	troubles();
	days();
	arena_free(&arena);
	return done();
}
