/* migrate_options.c: which options are for a migration, and which are not */
#include "migrate_options.h"

/* Of those that are not its own. */
static const char useful[] = "map patterns state config timeout verbose quiet json no-sandbox tls tls-min tls-groups tls-strict ca crl ipv4 ipv6";
static const char its_own[] = "automap failed retry-failed ignore rate bytes-a-day from-password-command to-password-command";

static bool
is_one_of(const char *list, const char *name)
{
	struct str all = str_of(list), w;

	while ((w = str_word(&all)).n > 0)
		if (str_is(w, name))
			return true;
	return false;
}

int
migrate_options_check(const struct opt_set *set, bool migrate, struct err *e)
{
	const struct opt *p;
	size_t i;
	bool own;

	for (i = 0; (p = opt_nth(set, i)) != NULL; i++) {
		if (p->name[0] == '\0' || !opt_given(set, p->name))
			continue;
		own = is_one_of(its_own, p->name);
		if (!migrate && own)
			return fail(e, EX_USAGE, "--%s has no effect without migrate",
			    p->name);
		if (migrate && !own && !is_one_of(useful, p->name))
			return fail(e, EX_USAGE, "--%s has no effect with migrate",
			    p->name);
	}
	return 0;
}
