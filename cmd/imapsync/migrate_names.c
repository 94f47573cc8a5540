/*
 * migrate_names.c: which mailbox there is which one here
 *
 * Names are compared without the prefix of their server ("INBOX.") and with "/"
 * as separator; what a part of a name cannot hold on the other server becomes
 * "_".  A rule of --map comes first, then with --automap what the mailbox is
 * for, then its name.
 */
#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "migrate_gmail.h"
#include "migrate_names.h"
#include "migrate_run.h"
#include "names.h"
#include "trash.h"

static char
own_sep(const struct migrate_side *s)
{
	return s->space.sep != '\0' ? s->space.sep : '/';
}

/* "INBOX.a.b" as "a/b". */
static void
plain_name(const struct migrate_side *s, struct str name, struct buf *to)
{
	size_t i;

	if (!str_is(name, "INBOX") && s->space.prefix[0] != '\0' &&
	    str_starts(name, s->space.prefix))
		name = str_from(name, strlen(s->space.prefix));
	for (i = 0; i < name.n; i++)
		if (name.p[i] == own_sep(s))
			buf_c(to, '/');
		else
			buf_c(to, name.p[i] == '/' ? '_' : name.p[i]);
}

/* The other way. */
static void
server_name(const struct migrate_side *s, struct str name, struct buf *to)
{
	char sep = own_sep(s);
	size_t i;

	if (!str_is(name, "INBOX") && !(str_starts(name, "INBOX/") &&
	    str_starts(str_of(s->space.prefix), "INBOX")))
		buf_s(to, s->space.prefix);
	for (i = 0; i < name.n; i++)
		if (name.p[i] == '/')
			buf_c(to, sep);
		else
			buf_c(to, name.p[i] == sep ? '_' : name.p[i]);
}

/* What it is for: by what the server says, for the trash by its name, too. */
static const char *
used_for(const struct migrate_side *s, const struct migrate_name *b)
{
	if (b->use == NULL && trash_rank(str_of(b->name), own_sep(s)) > 0)
		return "\\Trash";
	return b->use;
}

/* The mailbox there that is for the same; NULL: there is none. */
static const char *
same_use(const struct migrate_side *s, const char *use)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].selectable && s->v[i].use != NULL &&
		    strcmp(s->v[i].use, use) == 0)
			return s->v[i].name;
	for (i = 0; i < s->n && strcmp(use, "\\Trash") == 0; i++)
		if (s->v[i].selectable &&
		    trash_rank(str_of(s->v[i].name), own_sep(s)) > 0)
			return s->v[i].name;
	return NULL;
}

/* "Scheduled" would be sent by the other server, too: only if it is named. */
static bool
is_named(const char *patterns, const char *name)
{
	struct str all = str_of(patterns), w;

	while ((w = str_word(&all)).n > 0)
		if (str_eq(w, str_of(name)))
			return true;
	return false;
}

static bool
is_wanted(const struct migrate *r, const struct migrate_name *b)
{
	const char *patterns = r->o->patterns;

	if (!b->selectable)
		return false;
	if (b->use != NULL && strcmp(b->use, "\\Scheduled") == 0)
		return patterns != NULL && is_named(patterns, b->name);
	return patterns == NULL || names_match(patterns, str_of(b->name),
	    own_sep(&r->from));
}

static struct str
folder_to(const void *of, size_t at)
{
	return str_of(((const struct migrate *)of)->folder[at].to);
}

/* The name there, appended: by a rule, by its use, or its own. */
static int
target(struct migrate *r, const struct migrate_name *b, struct buf *to)
{
	struct buf plain = { .max = 4096 }, mapped = { .max = 4096 };
	const char *use = used_for(&r->from, b), *same;
	int got = 0;

	plain_name(&r->from, str_of(b->name), &plain);
	if (!map_far(r->o->map, BUF_STR(plain), '/', &mapped))
		got = -1;
	else if (r->o->automap && use != NULL && str_eq(BUF_STR(plain),
	    BUF_STR(mapped)) && (same = same_use(&r->to, use)) != NULL)
		buf_s(to, same);
	else
		server_name(&r->to, BUF_STR(mapped), to);
	buf_free(&plain);
	buf_free(&mapped);
	return got;
}

static void
add_folder(struct migrate *r, const struct migrate_name *b)
{
	struct buf to = { .max = 4096 };
	struct migrate_folder *f = &r->folder[r->nfolders];
	const struct migrate_name *there;
	size_t other;

	if (target(r, b, &to) < 0 || to.over || !imap_nameable(BUF_STR(to))) {
		migrate_problem(r, EX_DATAERR, b->name, "by the rules of --map no mailbox there is this one");
	} else if ((other = table_text(&r->of_to, r, BUF_STR(to))) !=
	    TABLE_NONE) {
		migrate_problem(r, EX_DATAERR, b->name, "it would be the same mailbox there as %s: give it another name by --map",
		    r->folder[other].from);
	} else {
		there = migrate_side_find(&r->to, BUF_STR(to));
		*f = (struct migrate_folder){ .from = b->name,
		    .use = r->o->automap ? b->use : NULL,
		    .subscribed = b->subscribed, .there = there != NULL &&
		    there->selectable,
		    .to = arena_dup(&r->arena, BUF_STR(to)) };
		if (there != NULL && there->subscribed)
			f->subscribed = false;	/* it is */
		table_add(&r->of_to, r, r->nfolders++);
	}
	buf_free(&to);
}

static bool
is_last(const struct migrate *r, const struct migrate_name *b)
{
	return migrate_gmail(r) && migrate_gmail_is_view(b);
}

void
migrate_names(struct migrate *r)
{
	size_t i;

	r->of_to.text = folder_to;
	r->folder = mem_new(r->from.n + 1, sizeof *r->folder);
	for (i = 0; i < r->from.n; i++)
		if (is_wanted(r, &r->from.v[i]) && !is_last(r, &r->from.v[i]))
			add_folder(r, &r->from.v[i]);
	for (i = 0; i < r->from.n; i++)
		if (is_wanted(r, &r->from.v[i]) && is_last(r, &r->from.v[i]))
			add_folder(r, &r->from.v[i]);
	for (i = 0; i < r->from.nodd; i++)
		if (r->o->patterns == NULL || names_match(r->o->patterns,
		    str_of(r->from.odd[i]), own_sep(&r->from)))
			migrate_problem(r, EX_DATAERR, r->from.odd[i], "this is no valid name of a folder: it is left out");
}
