/* options.c: what the options say, as settings */
#include <string.h>

#include "file.h"
#include "link.h"
#include "maildir.h"
#include "map.h"
#include "names.h"
#include "options.h"
#include "since.h"

/* How Maildirs are called. */
static int
folder_names(struct options *o, struct err *e)
{
	const char *f = o->flatten;

	o->is.how = (struct naming){ .layout = o->layout,
	    .utf7 = o->code == CODE_UTF7 };
	if (f == NULL)
		return 0;
	if (o->layout != LAYOUT_VERBATIM)
		return fail(e, EX_USAGE, "--flatten has no effect with another --layout than verbatim");
	if (!names_flat(f[0]) || f[1] != '\0' ||
	    (o->code == CODE_UTF7 && strchr("+,-", f[0]) != NULL))
		return fail(e, EX_USAGE, "--flatten: one character that separates, such as a dot, not \"%s\"",
		    f);
	o->is.how.flat = f[0];
	return 0;
}

static int
delimiter(const struct options *o, struct err *e)
{
	const char *d = o->delimiter;

	if (d == NULL)
		return 0;
	if (!names_flat(d[0]) || strchr(".,=-_", d[0]) != NULL ||
	    d[1] != '\0')
		return fail(e, EX_USAGE, "--info-delimiter: one character such as ; or !, not \"%s\"",
		    d);
	maildir_set_info(d[0]);
	return 0;
}

void
options_place_inbox(struct options *o)
{
	struct str in, near = str_of(o->is.near);

	if (o->inbox == NULL)
		return;
	in = str_of(file_path(&o->account.arena, o->inbox));
	while (in.n > 1 && in.p[in.n - 1] == '/')
		in.n--;
	while (near.n > 1 && near.p[near.n - 1] == '/')
		near.n--;
	if (in.n >= near.n && str_eq(str_to(in, near.n), near) &&
	    (in.n == near.n || in.p[near.n] == '/'))
		in = str_from(in, in.n > near.n ? near.n + 1 : near.n);
	o->is.inbox = arena_dup(&o->account.arena, in);
}

/* ---- what each side gets ---- */

/* Options that say nothing to a side which does not get such changes. */
static const struct side_gets {
	const char *name;
	const char *new, *gone;
} sides[] = {
	{ "near-gets", "bodies connections last since", "delete-near" },
	{ "far-gets", "reupload-orphans", "delete-far trash unsafe-expunge" }
};

/* The first of the words that was given as an option has no effect. */
static int
no_effect(const struct opt_set *set, const char *words, const char *name,
    const char *kind, struct err *e)
{
	struct str list = str_of(words), w;
	const char *option;

	while ((w = str_word(&list)).n > 0) {
		option = arena_dup(set->arena, w);
		if (opt_given(set, option))
			return fail(e, EX_USAGE, "--%s has no effect with a --%s without \"%s\"",
			    option, name, kind);
	}
	return 0;
}

static int
read_gets(const struct opt_set *set, const struct side_gets *side,
    const char *text, unsigned *to, struct err *e)
{
	static const struct opt_choice kinds[] = { { "new", GETS_NEW },
	    { "flags", GETS_FLAGS }, { "gone", GETS_GONE } };
	struct str list = str_of(text), w;
	unsigned found;
	size_t i;

	*to = text == NULL ? GETS_ALL : 0;
	while ((w = str_word(&list)).n > 0) {
		found = 0;
		for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
			if (str_is(w, kinds[i].name))
				found = kinds[i].value;
		if (found == 0)
			break;
		*to |= found;
	}
	if (*to == 0 || w.n > 0)
		return fail(e, EX_USAGE, "--%s: new, flags, gone, or some of them, not \"%s\" (for nothing at all: --pull, --push)",
		    side->name, text);
	if (!opt_given(set, side->name))
		return 0;
	if ((*to & GETS_NEW) == 0 &&
	    no_effect(set, side->new, side->name, "new", e) < 0)
		return -1;
	return (*to & GETS_GONE) == 0 ?
	    no_effect(set, side->gone, side->name, "gone", e) : 0;
}

static int
read_directions(struct options *o, const struct opt_set *set, struct err *e)
{
	struct policy *p = &o->is.policy;
	const enum purge purge = p->purge;

	if (o->pull && o->push)
		return fail(e, EX_USAGE, "--pull and --push: one of them, or neither for both ways");
	if (o->mirror && (o->pull || o->push))
		return fail(e, EX_USAGE, "--mirror-near goes its own way: not with --pull or --push");
	if (read_gets(set, &sides[0], o->mirror ? NULL : o->near_gets,
	    &p->near_gets, e) < 0 ||
	    read_gets(set, &sides[1], o->far_gets, &p->far_gets, e) < 0)
		return -1;
	if (o->push)
		p->near_gets = 0;
	if (o->pull || o->mirror)
		p->far_gets = 0;
	p->mirror = o->mirror;
	if (!o->mirror && ((purge >= PURGE_FAR && (p->far_gets & GETS_GONE) ==
	    0) || ((purge == PURGE_NEAR || purge == PURGE_BOTH) &&
	    (p->near_gets & GETS_GONE) == 0)))
		return fail(e, EX_USAGE, "--purge-marked: not on the side that --pull or --push leave alone, nor on one that does not get what is gone");
	return 0;
}

int
options_connections(const struct options *o, struct err *e)
{
	return o->is.connections >= 1 && o->is.connections <= LINKS_MAX ? 0 :
	    fail(e, EX_USAGE, "--connections is 1 to %d", LINKS_MAX);
}

int
options_settle(struct options *o, const struct opt_set *set, struct err *e)
{
	const struct policy *p = &o->is.policy;
	time_t day;

	if (folder_names(o, e) < 0 || delimiter(o, e) < 0 ||
	    map_check(&o->is.map, e) < 0 || bodies_parse(&o->is.here.bodies, &o->bodies,
	    &o->account.arena, e) < 0 || read_directions(o, set, e) < 0)
		return -1;
	if (o->inbox != NULL && o->inbox[0] != '/' &&
	    strncmp(o->inbox, "~/", 2) != 0)
		return fail(e, EX_USAGE, "--inbox: a whole path, not \"%s\"",
		    o->inbox);
	if (o->mirror && (o->is.policy.near_delete == NEAR_MARK ||
	    o->is.policy.near_delete == NEAR_NEVER))
		return fail(e, EX_USAGE, "--mirror-near takes away what the server has not: not with --delete-near mark or never");
	if (options_connections(o, e) < 0)
		return -1;
	if (o->is.patterns == NULL)
		o->is.patterns = "*";
	if (str_control(str_of(o->is.patterns)))
		return fail(e, EX_USAGE, "--patterns: a control byte");
	if (o->is.local_only != NULL && str_control(str_of(o->is.local_only)))
		return fail(e, EX_USAGE, "--local-only: a control byte");
	if (o->since != NULL && since_day(o->since, &day, e) < 0)
		return -1;
	o->is.here.since = o->since;
	if ((o->since != NULL || o->is.here.last > 0) && !o->mirror &&
	    ((p->far_gets != 0 && (p->far_gets & GETS_GONE) == 0) ||
	    p->far_delete == FAR_NEVER))
		return fail(e, EX_USAGE, "--last and --since: not where what is deleted here stays there");
	if ((o->since != NULL || o->is.here.last > 0) &&
	    (p->near_gets & GETS_NEW) == 0)
		return fail(e, EX_USAGE, "--last and --since: not where nothing new comes here, for what leaves could not come back");
	o->is.create_near = (p->near_gets & GETS_NEW) != 0 &&
	    (o->create == CREATE_BOTH || o->create == CREATE_NEAR);
	o->is.create_far = (p->far_gets & GETS_NEW) != 0 &&
	    (o->create == CREATE_BOTH || o->create == CREATE_FAR);
	o->is.listed = o->subscribed ? LISTED_SUBSCRIBED : LISTED_ALL;
	o->is.folders_delete = o->folders == FOLDERS_DELETE;
	return 0;
}
