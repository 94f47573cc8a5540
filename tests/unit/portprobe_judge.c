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
	arena_free(&arena);
	return done();
}
