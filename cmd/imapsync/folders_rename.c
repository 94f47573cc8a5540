/*
 * folders_rename.c: whole folders: renamed on the other side
 *
 * Its state and its entry in the index go with it.  What a crash has
 * interrupted here is done by the next run; what it has interrupted on the
 * server is found by folders_who.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "file.h"
#include "folders_rename.h"
#include "link.h"
#include "report.h"

/* ---- carried out ---- */

/* What cannot be read is not taken along: all in the folder is paired anew. */
static int
take_state(struct run *r, struct str from, struct str to)
{
	int got = state_move(r->dir, from, to, r->e);

	if (got >= 0 || r->e->code != EX_DATAERR)
		return got;
	report_problem(&r->report, 0, arena_dup(&r->arena, from), "%s",
	    r->e->msg);
	fail_clear(r->e);
	return 1;
}

int
folders_follow(struct box *from, struct box *to)
{
	struct run *r = from->run;
	struct entry *old = box_entry(from), copy;
	struct entry *e;

	if (take_state(r, str_of(from->name), str_of(to->name)) < 0)
		return -1;
	copy = *old;
	index_drop(&r->index, str_of(from->name));
	e = index_add(&r->index, str_of(to->name));
	copy.box = e->box;
	copy.dirty = true;	/* the Maildir's path is another */
	*e = copy;
	to->was_known = true;
	from->was_known = false;
	return index_save(&r->index, r->e);
}

/* Renames the parts of a Maildir one by one; cur, which makes it one, last. */
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
intend_rename(struct run *r, const struct box *from, const struct box *to)
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
rename_maildir(struct run *r, const char *from, const char *to)
{
	struct near_dir b;

	if (near_dir_open(&b, r->root, to, true, r->e) != 0)
		return -1;
	near_dir_close(&b);
	return rename_parts(r, from, to);
}

/* The intention's file goes once the index is durable. */
static void
rename_over(struct run *r)
{
	unlink(arena_printf(&r->arena, "%s/rename", r->dir));
}

/*
 * 0; 1 it cannot be, which is told and is a fault of these two alone: cur is
 * the last part, so the next run finds out anew what is to be renamed; -1.
 */
static int
rename_here(struct box *from, struct box *to)
{
	struct run *r = from->run;

	if (intend_rename(r, from, to) < 0)
		return -1;
	if (rename_maildir(r, from->path, to->path) == 0)
		return 0;
	rename_over(r);
	box_fault(from);
	to->phase = BOX_LEFT;
	return 1;
}

/*
 * The rest of it.  The index is the last that learns of a rename: where it has
 * no such folder all was done, and who has that name now is another one.
 */
static int
rename_resume(struct run *r, struct str from, const char *from_path,
    struct str to, const char *to_path)
{
	struct entry copy, *e = index_find(&r->index, from);

	if (e == NULL)
		return 0;
	if (rename_maildir(r, from_path, to_path) < 0) {
		/* the next one to be renamed: see rename_here */
		report_problem(&r->report, r->e->code, from_path, "%s",
		    r->e->msg);
		fail_clear(r->e);
		return 0;
	}
	if (take_state(r, from, to) < 0)
		return -1;		/* 1: it was moved before */
	copy = *e;
	index_drop(&r->index, from);
	e = index_add(&r->index, to);
	copy.box = e->box;
	copy.dirty = true;
	*e = copy;
	return index_save(&r->index, r->e);
}

/* A rename that a crash has interrupted is done now. */
int
folders_resume(struct run *r)
{
	const char *path = arena_printf(&r->arena, "%s/rename", r->dir);
	struct buf b = { .max = 16384 };
	struct str rest, from, from_path, to, to_path;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), got = 0;

	if (fd < 0)
		return 0;
	if (file_slurp(fd, &b, r->e) < 0)
		got = fail_in(r->e, "%s", path);
	close(fd);
	rest = BUF_STR(b);
	from = str_cut(&rest, '\n');
	from_path = str_cut(&rest, '\n');
	to = str_cut(&rest, '\n');
	to_path = str_cut(&rest, '\n');
	if (got == 0 && str_eq(rest, STR(".\n")))
		got = rename_resume(r, from, arena_dup(&r->arena, from_path),
		    to, arena_dup(&r->arena, to_path));
	buf_free(&b);
	if (got == 0)
		unlink(path);
	return got < 0 ? -1 : 0;
}

/* ---- on this side ---- */

int
folders_rename_near(struct box *b, struct box *to)
{
	struct run *r = b->run;
	int got;

	if (!r->o->dry_run) {
		if ((got = rename_here(b, to)) != 0)
			return got;
		if (folders_follow(b, to) < 0)
			return -1;
		rename_over(r);
	}
	box_folder(b, "near-rename", to);
	b->near.is = false;
	to->near.is = true;
	return 0;
}

/* ---- on the server ---- */

static bool
inferior(const struct box *c, const struct box *of)
{
	size_t n = strlen(of->name);

	return of->run->sep != '\0' && strncmp(c->name, of->name, n) == 0 &&
	    c->name[n] == of->run->sep;
}

bool
folders_first(const struct box *c, const struct box *to_c,
    const struct box *b, const struct box *to)
{
	size_t n = strlen(to->name);

	return inferior(c, b) && (strncmp(to_c->name, to->name, n) != 0 ||
	    strcmp(to_c->name + n, c->name + strlen(b->name)) != 0);
}

bool
folders_above(const struct box *b)
{
	const struct run *r = b->run;
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (inferior(&r->boxes[i], b) && (r->boxes[i].far.is ||
		    r->boxes[i].near.is))
			return true;
	return false;
}

/* RENAME takes the inferiors along: are all of them renamed here, too? */
static bool
all_of_it(const struct box *b)
{
	const struct run *r = b->run;
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (inferior(&r->boxes[i], b) && r->boxes[i].near.is)
			return false;
	return true;
}

/* RENAME takes no subscription along. */
static void
subscribe(const struct box *b)
{
	if (b->run->o->listed == LISTED_SUBSCRIBED)
		imap_ask_subscribe(&b->run->link[0].imap, str_of(b->name));
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

		if (!inferior(c, b) || !c->far.is)
			continue;
		name.n = 0;
		buf_printf(&name, "%s%s", to->name, c->name +
		    strlen(b->name));
		now = box_named(r, name.p);
		c->far.is = false;
		if (now == NULL)
			continue;
		subscribe(now);
		now->far.is = true;
		now->far.now = c->far.now;
		now->far.counted = c->far.counted;
		if (c->was_known && folders_follow(c, now) < 0) {
			buf_free(&name);
			return -1;
		}
	}
	buf_free(&name);
	return 0;
}

int
folders_rename_far(struct box *b, struct box *to)
{
	struct run *r = b->run;
	struct imap *m = &r->link[0].imap;
	int got;

	if (!all_of_it(b))
		return 1;
	if (!r->o->dry_run) {
		got = imap_wait(m, imap_ask_rename(m, str_of(b->name),
		    str_of(to->name)));
		if (got > 0) {
			report_problem(&r->report, EX_TEMPFAIL, b->name, "not renamed to %s: %s: it waits (or has its old name here again, or keeps both by --map '%s -> %s')",
			    to->name, m->text, to->name, b->name);
			/* else what is in it would be there twice */
			b->phase = to->phase = BOX_LEFT;
		}
		if (got != 0)
			return got < 0 ? -1 : 1;
		subscribe(to);
		if (folders_follow(b, to) < 0)
			return -1;
	}
	box_folder(b, "far-rename", to);
	to->far.is = true;
	to->far.now = b->far.now;
	to->far.counted = b->far.counted;
	b->far.is = false;
	return r->o->dry_run ? 0 : take_along(b, to);
}
