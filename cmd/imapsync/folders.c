/*
 * folders.c: whole folders: made, renamed and removed on the other side
 *
 * A folder that was there last time and is gone on one side is unavailable:
 * nothing is concluded from that, unless --folders delete is set and it is
 * still gone in the next run.  It was renamed if another has its MAILBOXID
 * (RFC 8474) or its UIDVALIDITY there, its directory's inode here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "run.h"

static struct entry *
entry(const struct box *b)
{
	return index_find(&b->run->index, str_of(b->name));
}

/* ---- renamed ---- */

/* What we know of it goes by its new name from here on. */
static int
inherit(struct box *from, struct box *to)
{
	struct run *r = from->run;
	struct entry *old = entry(from), copy;
	struct entry *e;

	if (state_move(r->dir, str_of(from->name), str_of(to->name),
	    r->e) < 0)
		return -1;
	copy = *old;
	index_drop(&r->index, str_of(from->name));
	e = index_add(&r->index, str_of(to->name));
	copy.box = e->box;
	copy.dirty = true;	/* the Maildir's path is another */
	*e = copy;
	to->was_known = true;
	from->was_known = false;
	r->renamed++;
	return 0;
}

/* What makes a directory a Maildir, one by one; cur last. */
static int
rename_parts(struct run *r, const char *from, const char *to)
{
	static const char *const parts[] = { "new", "tmp",
	    "dovecot-keywords", "cur" };
	int a = openat(r->root, from[0] != '\0' ? from : ".", O_RDONLY |
	    O_DIRECTORY | O_CLOEXEC);
	int b = openat(r->root, to[0] != '\0' ? to : ".", O_RDONLY |
	    O_DIRECTORY | O_CLOEXEC);
	int got = b < 0 ? fail_sys(r->e, EX_CANTCREAT, "%s", to) : 0;
	size_t i;

	for (i = 0; a >= 0 && got == 0 && i < 4; i++) {
		if (faccessat(a, parts[i], F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;		/* done before, or none */
		unlinkat(b, parts[i], AT_REMOVEDIR);
		if (renameat(a, parts[i], b, parts[i]) < 0)
			got = fail_sys(r->e, EX_CANTCREAT, "%s/%s", to,
			    parts[i]);
	}
	if (got == 0 && ((a >= 0 && fsync(a) < 0) || fsync(b) < 0))
		got = fail_sys(r->e, EX_IOERR, "%s: fsync", to);
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	if (got == 0 && from[0] != '\0')
		unlinkat(r->root, from, AT_REMOVEDIR);
	return got;
}

/* The intention, in a file: a rename is several, and all of them are done. */
static int
intend(struct run *r, const struct box *from, const struct box *to)
{
	const char *path = arena_printf(&r->arena, "%s/rename", r->dir);
	struct buf b = { .max = 16384 };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600), got;

	if (fd < 0)
		return fail_sys(r->e, EX_CANTCREAT, "%s", path);
	buf_printf(&b, "%s\n%s\n%s\n%s\n.\n", from->name, from->path,
	    to->name, to->path);
	got = file_write(fd, b.p, b.n, r->e);
	if (got == 0)
		got = file_sync(fd, r->e);
	close(fd);
	buf_free(&b);
	return got < 0 ? -1 : file_sync_dir(r->dir, r->e);
}

static int
rename_here(struct box *from, struct box *to)
{
	struct run *r = from->run;
	struct local b;

	if (intend(r, from, to) < 0 ||
	    local_open(&b, r->root, to->path, true, r->e) != 0)
		return -1;
	local_close(&b);
	return rename_parts(r, from->path, to->path);
}

/* Once the index is on the disk. */
static void
folders_renamed(struct run *r)
{
	unlink(arena_printf(&r->arena, "%s/rename", r->dir));
}

/* A rename that a crash has interrupted is done now. */
int
folders_resume(struct run *r)
{
	const char *path = arena_printf(&r->arena, "%s/rename", r->dir);
	struct buf b = { .max = 16384 };
	struct str rest, from, from_path, to, to_path;
	struct local l;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), got = 0;

	if (fd < 0)
		return 0;
	if (file_slurp(fd, &b, r->e) < 0)
		got = -1;
	close(fd);
	rest = BUF_STR(b);
	from = str_cut(&rest, '\n');
	from_path = str_cut(&rest, '\n');
	to = str_cut(&rest, '\n');
	to_path = str_cut(&rest, '\n');
	if (got == 0 && str_eq(rest, STR(".\n"))) {
		const char *a = arena_dup(&r->arena, from_path);
		const char *z = arena_dup(&r->arena, to_path);

		got = local_open(&l, r->root, z, true, r->e);
		local_close(&l);
		if (got == 0)
			got = rename_parts(r, a, z);
		if (got == 0 && index_find(&r->index, from) != NULL) {
			struct entry copy = *index_find(&r->index, from), *e;

			got = state_move(r->dir, from, to, r->e);
			index_drop(&r->index, from);
			e = index_add(&r->index, to);
			copy.box = e->box;
			copy.dirty = true;
			*e = copy;
			if (got == 0)
				got = index_save(&r->index, r->e);
		}
	}
	buf_free(&b);
	if (got == 0)
		unlink(path);
	return got < 0 ? -1 : 0;
}

static bool
is_it_there(const struct entry *e, const struct box *c)
{
	if (!c->far || c->was_known || c->near || !c->counted)
		return false;
	if (e->id != 0 && c->now.id[0] != '\0')
		return names_hash(str_of(c->now.id)) == e->id;
	return c->now.uidvalidity == e->mark.uidvalidity &&
	    c->now.uidnext >= e->mark.uidnext;
}

static int
renamed_there(struct box *b)
{
	struct run *r = b->run;
	struct entry *e = entry(b);
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (is_it_there(e, &r->boxes[i]))
			break;
	if (i == r->nboxes)
		return 0;
	report_folder(r, "near-rename", b->name, r->boxes[i].name);
	if (r->o->dry_run)
		return 1;
	if (rename_here(b, &r->boxes[i]) < 0 || inherit(b, &r->boxes[i]) < 0)
		return -1;
	b->near = false;
	r->boxes[i].near = true;
	if (index_save(&r->index, r->e) < 0)
		return -1;
	folders_renamed(r);
	return 1;
}

static bool
inferior(const struct box *c, const struct box *of)
{
	size_t n = strlen(of->name);

	return of->run->sep != '\0' && strncmp(c->name, of->name, n) == 0 &&
	    c->name[n] == of->run->sep;
}

/* RENAME takes the inferiors along: are all of them renamed here, too? */
static bool
all_of_it(const struct box *b)
{
	const struct run *r = b->run;
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (inferior(&r->boxes[i], b) && r->boxes[i].near)
			return false;
	return true;
}

/* Those below the renamed one have other names on the server by now. */
static int
take_along(struct box *b, struct box *to)
{
	struct run *r = b->run;
	struct buf name = { .max = 4096 };
	struct box *now;
	size_t i;

	for (i = 0; i < r->nboxes; i++) {
		struct box *c = &r->boxes[i];

		if (!inferior(c, b) || !c->far)
			continue;
		name.n = 0;
		buf_printf(&name, "%s%s", to->name, c->name +
		    strlen(b->name));
		now = box_named(r, name.p);
		c->far = false;
		if (now == NULL)
			continue;
		now->far = true;
		now->now = c->now;
		now->counted = c->counted;
		if (c->was_known && inherit(c, now) < 0) {
			buf_free(&name);
			return -1;
		}
	}
	buf_free(&name);
	return 0;
}

/* Inodes are used again: most of the files must be those we know. */
static bool
has_our_files(struct box *b, struct box *c)
{
	struct run *r = b->run;
	struct keywords none = { .n = 0 };
	struct err quiet = { 0 };
	size_t i, known = 0, n = 0;
	struct state s;
	struct local l;

	if (state_open(&s, r->dir, str_of(b->name), false, &quiet) != 0)
		return false;
	if (local_open(&l, r->root, c->path, false, &quiet) == 0 &&
	    local_scan(&l, &none, &quiet) == 0) {
		n = s.n;
		for (i = 0; i < l.n; i++)
			known += state_by_name(&s, local_base(&l,
			    &l.v[i])) != NULL;
	}
	local_close(&l);
	flags_keywords_free(&none);
	state_drop_all(&s);
	return n > 0 ? 2 * known >= n : b->counted && b->now.exists == 0;
}

static int
renamed_here(struct box *b)
{
	struct run *r = b->run;
	struct entry *e = entry(b);
	struct imap *m = &r->line[0].imap;
	struct stamp st;
	bool racy;
	size_t i;
	int got;

	for (i = 0; i < r->nboxes; i++) {
		struct box *c = &r->boxes[i];

		if (c->near && !c->far && !c->was_known &&
		    local_stamp(r->root, c->path, &st, &racy) == 0 &&
		    st.cur_ino == e->stamp.cur_ino && st.cur_ino != 0 &&
		    has_our_files(b, c))
			break;
	}
	if (i == r->nboxes || !all_of_it(b))
		return 0;
	report_folder(r, "far-rename", b->name, r->boxes[i].name);
	if (r->o->dry_run)
		return 1;
	got = imap_wait(m, imap_ask_rename(m, str_of(b->name),
	    str_of(r->boxes[i].name)));
	if (got != 0) {
		report_problem(r, EX_TEMPFAIL, b->name, "not renamed to %s: "
		    "%s", r->boxes[i].name, m->text);
		return got < 0 ? -1 : 1;
	}
	if (inherit(b, &r->boxes[i]) < 0)
		return -1;
	r->boxes[i].far = true;
	r->boxes[i].now = b->now;
	r->boxes[i].counted = b->counted;
	b->far = false;
	return take_along(b, &r->boxes[i]) < 0 ? -1 : 1;
}

/* ---- gone ---- */

static int
forget(struct box *b)
{
	if (b->run->o->dry_run)
		return 0;
	index_drop(&b->run->index, str_of(b->name));
	return state_remove(b->run->dir, str_of(b->name), b->run->e);
}

static bool
brake(struct box *b, uint64_t n, const char *what)
{
	struct run *r = b->run;

	if (n <= 10 || (r->o->allow_given && n <= r->o->allow))
		return false;
	report_problem(r, EX_TEMPFAIL, b->name, "%s, and it has %llu "
	    "messages: it is kept (--allow-deletes %llu lets it go)", what,
	    (unsigned long long)n, (unsigned long long)n);
	return true;
}

static bool
was_there(struct state *s, struct str base)
{
	const struct rec *rec = state_by_name(s, base);

	return rec != NULL && rec->kind == REC_LIVE && rec->uid != 0;
}

/* What came into it since it was last in step was never on the server. */
static bool
only_known(struct box *b, struct local *l)
{
	struct run *r = b->run;
	struct state s;
	size_t i, strange = 0;

	if (brake(b, l->n, "the mailbox is gone from the server"))
		return false;
	if (state_open(&s, r->dir, str_of(b->name), false, r->e) != 0) {
		fail_clear(r->e);
		return l->n == 0;
	}
	for (i = 0; i < l->n; i++)
		strange += !was_there(&s, local_base(l, &l->v[i]));
	state_drop_all(&s);
	if (strange > 0)
		report_problem(r, EX_TEMPFAIL, b->name, "the mailbox is gone "
		    "from the server, and %zu files here were never there: "
		    "the Maildir is kept", strange);
	return strange == 0;
}

static int
empty_here(struct box *b)
{
	struct run *r = b->run;
	struct keywords none = { .n = 0 };
	struct local l;
	size_t i;
	int got = local_open(&l, r->root, b->path, false, r->e);

	if (got != 0)
		return got < 0 ? -1 : 0;
	got = local_scan(&l, &none, r->e);
	if (got == 0 && !only_known(b, &l)) {
		local_close(&l);
		flags_keywords_free(&none);
		return 0;
	}
	for (i = 0; got == 0 && i < l.n; i++)
		got = local_remove(&l, &l.v[i], r->root,
		    r->o->policy.near_delete != NEAR_EXPUNGE, r->e);
	local_close(&l);
	flags_keywords_free(&none);
	if (got != 0)
		return got < 0 ? -1 : 0;
	return local_rmdir(r->root, b->path, r->e) < 0 ? -1 : forget(b);
}

/* Are all that are there in the state?  1, 0, -1. */
static int
all_known(struct box *b, struct imap *m)
{
	struct run *r = b->run;
	uint32_t *uids = NULL;
	struct state s;
	size_t i, n = 0, known = 0;
	int got;

	if (state_open(&s, r->dir, str_of(b->name), false, r->e) != 0) {
		fail_clear(r->e);
		return 0;
	}
	got = imap_select(m, str_of(b->name), true);
	if (got == 0 && m->box.uidvalidity == s.mark.uidvalidity)
		got = imap_search(m, "ALL", &uids, &n);
	else if (got == 0)
		got = 1;
	for (i = 0; i < n; i++)
		known += state_by_uid(&s, uids[i]) != NULL;
	if (got == 0 && n != m->box.exists)
		got = 1;
	imap_ask_unselect(m);
	free(uids);
	state_drop_all(&s);
	return got < 0 ? -1 : got == 0 && known == n;
}

/*
 * It has nothing that was not here.  The numbers are those of before the last
 * run if that one changed something there: then each message is asked for.
 */
static int
nothing_strange(struct box *b, struct imap *m)
{
	const struct entry *e = entry(b);

	if (e == NULL || !b->counted ||
	    e->mark.uidvalidity != b->now.uidvalidity)
		return 0;
	return (e->mark.uidnext == b->now.uidnext && e->mark.exists ==
	    b->now.exists) || (e->dirty ? all_known(b, m) : 0);
}

static int
remove_there(struct box *b)
{
	struct run *r = b->run;
	struct imap *m = &r->line[0].imap;
	int got = nothing_strange(b, m);

	if (got < 0)
		return -1;
	if (got == 0) {
		report_problem(r, EX_TEMPFAIL, b->name, "the Maildir is gone "
		    "here, and there is mail on the server that never was "
		    "here: it is kept");
		return 0;
	}
	if (brake(b, b->now.exists, "the Maildir is gone here"))
		return 0;
	got = imap_wait(m, imap_ask_delete(m, str_of(b->name)));
	if (got > 0)
		report_problem(r, EX_TEMPFAIL, b->name, "not deleted: %s",
		    m->text);
	if (got == 0)
		b->far = false;
	return got < 0 ? -1 : got > 0 ? 0 : forget(b);
}

/* It was on both sides, and is on one now. */
static int
half(struct box *b)
{
	struct run *r = b->run;
	struct entry *e = entry(b);

	if (!r->o->folders_delete) {
		b->left = true;
		if (b->far)
			report_problem(r, EX_TEMPFAIL, b->name, "the Maildir "
			    "%s/%s is gone: nothing is deleted on the server "
			    "(--folders delete would)", r->o->near, b->path);
		else if (r->o->account.verbose > 0)
			report_problem(r, 0, b->name, "it is gone from the "
			    "server: the Maildir is kept");
		return 0;
	}
	if (!e->missing) {
		b->left = true;
		e->missing = true;	/* if it is still so next time */
		return 0;
	}
	report_folder(r, b->far ? "far-remove" : "near-remove", b->name,
	    NULL);
	b->left = true;
	if (r->o->dry_run)
		return 0;
	r->removed++;
	return b->far ? remove_there(b) : empty_here(b);
}

/* ---- new ---- */

static int
make_there(struct box *b)
{
	struct imap *m = &b->run->line[0].imap;
	int got;

	report_folder(b->run, "far-create", b->name, NULL);
	if (b->run->o->dry_run)
		return 0;
	got = imap_wait(m, imap_ask_create(m, str_of(b->name)));
	if (got > 0)
		report_problem(b->run, EX_UNAVAILABLE, b->name, "not created "
		    "on the server: %s", m->text);
	if (got != 0)
		return got < 0 ? -1 : 0;
	imap_ask_subscribe(m, str_of(b->name));
	b->far = true;
	b->run->created++;
	return 0;
}

static int
make_here(struct box *b)
{
	struct run *r = b->run;
	struct local l;

	report_folder(r, "near-create", b->name, NULL);
	if (r->o->dry_run)
		return 0;
	if (local_open(&l, r->root, b->path, true, r->e) != 0)
		return -1;
	local_close(&l);
	b->near = true;
	r->created++;
	return 0;
}

static int
agree(struct box *b)
{
	struct run *r = b->run;
	int got = 0;

	if (b->far && b->near) {
		struct entry *e = entry(b);

		if (e != NULL)
			e->missing = false;
		return 0;
	}
	if (b->was_known) {
		if (!b->far && !b->near)
			return forget(b);
		return half(b);
	}
	if (b->near && r->o->create_far)
		got = make_there(b);
	else if (b->far && r->o->create_near)
		got = make_here(b);
	else
		b->left = true;
	return got;
}

/*
 * Many that are gone at once were not all removed: the disk is not mounted,
 * or the server shows another account.
 */
static bool
catastrophe(struct run *r)
{
	size_t i, known = 0, near = 0, far = 0;

	for (i = 0; i < r->nboxes; i++) {
		known += r->boxes[i].was_known;
		near += r->boxes[i].was_known && !r->boxes[i].near;
		far += r->boxes[i].was_known && !r->boxes[i].far;
	}
	return (near > 0 && near == known) || (far > 0 && far == known) ||
	    (near > 2 && near > known / 4) || (far > 2 && far > known / 4);
}

int
boxes_agree(struct run *r)
{
	size_t i;
	int got;

	for (i = 0; i < r->nboxes; i++) {
		struct box *b = &r->boxes[i];

		if (!b->was_known || b->far == b->near || entry(b) == NULL)
			continue;
		got = b->near ? renamed_there(b) : renamed_here(b);
		if (got < 0)
			return -1;
		if (got > 0 && r->o->dry_run)
			b->left = true;
	}
	if (r->o->folders_delete && catastrophe(r)) {
		report_problem(r, EX_TEMPFAIL, r->o->near, "so many folders "
		    "are gone at once: none is deleted on the other side");
		r->o->folders_delete = false;
	}
	for (i = 0; i < r->nboxes; i++)
		if (!r->boxes[i].left && agree(&r->boxes[i]) < 0)
			return -1;
	return 0;
}
