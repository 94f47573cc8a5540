/* migrate_options.c: which options are for a migration, and which are not */
#include "migrate_options.h"

static const struct opt_rule rules[] = {
	{ .name = "check", .stops = "verify failed retry-failed ignore delete-extra" },
	{ .name = "verify", .stops = "failed retry-failed ignore rate bytes-a-day delete-extra" },
	{ .name = "failed", .stops = "retry-failed ignore rate bytes-a-day delete-extra automap map patterns" },
	{ .name = "ignore", .stops = "retry-failed rate bytes-a-day delete-extra automap map patterns" },
	{ .name = NULL }
};

/* Of those that are not its own. */
static const char useful[] = "connections map patterns state allow-deletes config timeout verbose quiet json no-sandbox tls tls-min tls-groups tls-strict ca crl ipv4 ipv6";
static const char its_own[] = "automap check verify delete-extra failed retry-failed ignore rate bytes-a-day from-password-command to-password-command";

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
	if (migrate && opt_given(set, "allow-deletes") &&
	    !opt_given(set, "delete-extra"))
		return fail(e, EX_USAGE, "--allow-deletes has no effect without --delete-extra");
	return opt_rules(set, rules, e);
}
