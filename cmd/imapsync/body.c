/*
 * body.c: the bodies of messages whose header alone is here
 *
 * The mailboxes are those of the last run, each known by the inode of its
 * Maildir, so that the server need not list them: SELECT and FETCH leave
 * together.  Where one is not found so, all are listed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "body.h"
#include "body_print.h"
#include "box.h"
#include "fill.h"
#include "imap_box.h"
#include "link.h"
#include "list.h"
#include "maildir.h"
#include "near.h"
#include "stop.h"

/* What was found of what was asked for. */
struct found {
	struct run *r;
	const struct body_want *want;
	struct imap_uids *of;	/* [r->nboxes] */
	bool listed;		/* by the server */
	bool any;
};

/* ---- what is asked for ---- */

/* To its end: a set that is read in part would leave the rest out silently. */
static bool
is_set(const char *text)
{
	struct str s = str_of(text);
	uint32_t lo, hi;
	int got;

	while ((got = imap_set_next(&s, &lo, &hi)) > 0)
		;
	return got == 0 && text[0] != '\0';
}

int
body_check(const struct body_want *w, struct err *e)
{
	const char *keys = w->keys != NULL ? w->keys : w->id;
	int n = (w->files.n > 0) + (w->id != NULL) + (w->uids != NULL) +
	    (w->keys != NULL);

	if (n == 0)
		return fail(e, EX_USAGE, "body, a NAME, and FILEs as paths, such as ./FILE; or --id, --search, or --uid with --folder");
	if (n > 1)
		return fail(e, EX_USAGE, "body: one of FILEs, --id, --uid and --search");
	if ((w->uids != NULL && w->folder == NULL) ||
	    (w->folder != NULL && w->files.n > 0))
		return fail(e, EX_USAGE, "--folder says where --uid, --id and --search look");
	if (w->uids != NULL && !is_set(w->uids))
		return fail(e, EX_USAGE, "--uid: a set such as 4,7:9, not \"%s\"",
		    w->uids);
	if (keys != NULL && (str_control(str_of(keys)) || keys[0] == '\0' ||
	    strchr(keys, '{') != NULL || strlen(keys) > 4000))
		return fail(e, EX_USAGE, "--%s: empty, too long, or with a control byte or a literal",
		    w->id != NULL ? "id" : "search");
	if (w->id != NULL && (!str_ascii(str_of(w->id)) ||
	    strpbrk(w->id, "\"\\ ") != NULL))
		return fail(e, EX_USAGE, "--id: a Message-ID, not \"%s\"", w->id);
	if (w->print && w->files.n > 1)
		return fail(e, EX_USAGE, "--print: one message");
	return 0;
}

/* ---- mailboxes, without asking for them ---- */

static void
add_local(struct run *r, const char *path)
{
	struct stamp st;
	struct box *b;
	bool racy;
	size_t i;

	if (near_dir_stamp(r->root, path, &st, &racy) != 0)
		return;
	for (i = 0; i < r->index.n; i++)
		if (r->index.v[i].stamp.cur_ino == st.cur_ino)
			break;
	if (i == r->index.n || r->nboxes == r->index.n)
		return;
	b = &r->boxes[r->nboxes++];
	*b = (struct box){ .run = r, .name = arena_dup(&r->arena,
	    str_of(r->index.v[i].box)), .path = arena_dup(&r->arena,
	    str_of(path)), .far.is = true, .near.is = true };
}

static void
put_local(void *of, const char *path)
{
	add_local(of, path);
}

static int
find_local(struct run *r)
{
	r->boxes = mem_new(r->index.n + 1, sizeof *r->boxes);
	add_local(r, "");
	if (r->o->inbox != NULL)
		add_local(r, r->o->inbox);
	if (r->root >= 0 && near_dir_folders(r->root, r->o->how.layout,
	    put_local, r, r->e) < 0)
		return -1;
	qsort(r->boxes, r->nboxes, sizeof *r->boxes, box_order);
	return 0;
}

static void
forget_found(struct found *f)
{
	struct run *r = f->r;
	size_t i;

	for (i = 0; i < r->nboxes; i++) {
		box_close(&r->boxes[i]);
		free(f->of[i].v);
	}
	free(f->of);
	free(r->boxes);
	f->of = NULL;
	r->boxes = NULL;
	r->nboxes = 0;
}

/* Those that the server has.  1: that was done already. */
static int
list_all(struct found *f)
{
	if (f->listed)
		return 1;
	forget_found(f);
	f->listed = true;
	if (list_find(f->r) < 0)
		return -1;
	f->of = mem_new(f->r->nboxes + 1, sizeof *f->of);
	return 0;
}

/* The mailbox in whose cur or new a file lies, or NULL. */
static struct box *
box_of(struct run *r, const char *file)
{
	const char *slash = strrchr(file, '/');
	struct stat is, st;
	struct box *b;
	size_t i;

	if (stat(slash == NULL ? ".." : arena_printf(&r->arena, "%.*s/..",
	    (int)(slash - file), file), &is) < 0)
		return NULL;
	for (i = 0; i < r->nboxes; i++) {
		b = &r->boxes[i];
		if (b->near.is && fstatat(r->root, b->path[0] != '\0' ?
		    b->path : ".", &st, 0) == 0 && st.st_dev == is.st_dev &&
		    st.st_ino == is.st_ino)
			return b;
	}
	return NULL;
}

int
body_open(struct box *b)
{
	int got = b->opened ? 0 : near_open(b);

	if (got == 0 && !b->near.scanned)
		got = near_scan(b);
	if (got > 0)
		box_fault(b);
	b->far.seen.uidvalidity = got == 0 ? b->state->mark.uidvalidity : 0;
	return got;
}

/* ---- by file ---- */

/* A file's name without its flags. */
static struct str
name_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	struct str base = str_of(slash != NULL ? slash + 1 : file);

	return str_to(base, (size_t)(str_find(base.p, maildir_info(),
	    base.p + base.n) - base.p));
}

/* The UID of a file's message, if the base knows it; or 0. */
static uint32_t
known_uid(const struct box *b, struct str base)
{
	const struct rec *rec = state_by_name(b->state, base);

	return rec != NULL && rec->kind == REC_LIVE &&
	    near_dir_find(b->near.dir, base) != NULL ? rec->uid : 0;
}

/* Which message the file is: its UID; or 0, which is told. */
static uint32_t
uid_of(struct box *b, struct str base)
{
	const uint32_t uid = known_uid(b, base);

	if (uid != 0)
		return uid;
	if (near_dir_find(b->near.dir, base) == NULL) {
		report_problem(&b->run->report, EX_NOINPUT, b->name, "%.*s: there is no such file",
		    STR_ARG(base));
		return 0;
	}
	report_problem(&b->run->report, EX_DATAERR, b->name, "%.*s: no message on the server is known for it",
	    STR_ARG(base));
	return 0;
}

static int
note_file(struct found *f, const char *file)
{
	struct run *r = f->r;
	struct box *b = box_of(r, file);
	uint32_t uid;
	int got;

	if (b == NULL) {
		report_problem(&r->report, EX_NOINPUT, file, "it is in none of the Maildirs that are synced");
		return 0;
	}
	if ((got = body_open(b)) != 0)
		return got < 0 ? -1 : 0;
	if ((uid = uid_of(b, name_of(file))) != 0)
		imap_uids_add(&f->of[b - r->boxes], uid);
	return 0;
}

static int
note_files(struct found *f)
{
	const struct opt_list *v = &f->want->files;
	size_t i;
	int got = 0;

	for (i = 0; i < v->n && box_of(f->r, v->v[i]) != NULL; i++)
		;
	if (i < v->n && list_all(f) < 0)
		return -1;
	for (i = 0; i < v->n && got == 0 && !stop_asked(); i++)
		got = note_file(f, v->v[i]);
	f->any = true;			/* what is not there is told */
	return got;
}

/* ---- by UID, and by what the server finds ---- */

static bool
in_set(const char *set, uint32_t uid)
{
	struct str s = str_of(set);
	uint32_t lo, hi;

	while (imap_set_next(&s, &lo, &hi) > 0)
		if (uid >= lo && uid <= hi)
			return true;
	return false;
}

/* Of the set, what is here; and one that is not, if it is to be printed. */
static void
note_uids(struct found *f, struct box *b)
{
	const struct state *s = b->state;
	struct imap_uids *to = &f->of[b - f->r->boxes];
	uint64_t one;
	size_t i;

	for (i = state_from(b->state, 1); i < s->n; i++)
		if (in_set(f->want->uids, s->rec[i].uid))
			imap_uids_add(to, s->rec[i].uid);
	if (to->n == 0 && f->want->print &&
	    str_num(str_of(f->want->uids), UINT32_MAX, &one) == 0 && one > 0)
		imap_uids_add(to, (uint32_t)one);
}

/* In the mailbox that is selected.  0; -1. */
static int
search_there(struct found *f, struct box *b)
{
	struct imap *m = &f->r->link[0].imap;
	struct imap_uids *to = &f->of[b - f->r->boxes];
	struct buf keys = { .max = 8192 };
	uint32_t *uids = NULL;
	size_t n = 0, i;
	int got;

	if (f->want->keys != NULL)
		buf_s(&keys, f->want->keys);
	else
		buf_printf(&keys, "HEADER MESSAGE-ID \"%s%s%s\"",
		    f->want->id[0] == '<' ? "" : "<", f->want->id,
		    f->want->id[0] == '<' ? "" : ">");
	got = f->want->keys != NULL ?
	    imap_search_typed(m, keys.p, &uids, &n) :
	    imap_search(m, keys.p, &uids, &n);
	buf_free(&keys);
	for (i = 0; got == 0 && i < n; i++)
		imap_uids_add(to, uids[i]);
	free(uids);
	return got;
}

/* 0; -1. */
static int
search_box(struct found *f, struct box *b)
{
	int got = link_select(&f->r->link[0], b);

	return got == 0 ? search_there(f, b) : got < 0 ? -1 : 0;
}

/*
 * What is to be printed need not be here, nor known: only where a UID is that
 * of a mailbox as it is known does it count how that was.  0; -1.
 */
static int
note_printed(struct found *f, struct box *b)
{
	struct link *l = &f->r->link[0];
	struct imap_uids *to = &f->of[b - f->r->boxes];
	uint64_t one;
	int got;

	if (!b->far.is)
		return 0;
	if (b->near.is && body_open(b) < 0)
		return -1;
	if (f->want->uids != NULL && b->far.seen.uidvalidity != 0) {
		note_uids(f, b);
		return 0;
	}
	l->selected = NULL;
	l->chose = true;
	if ((got = imap_select(&l->imap, str_of(b->name), true)) != 0) {
		if (got > 0)
			report_problem(&f->r->report, EX_TEMPFAIL, b->name,
			    "not searched: %s", l->imap.text);
		return got < 0 ? -1 : 0;
	}
	b->far.seen.uidvalidity = l->imap.box.uidvalidity;
	if (f->want->uids == NULL)
		return search_there(f, b);
	if (str_num(str_of(f->want->uids), UINT32_MAX, &one) == 0 && one > 0)
		imap_uids_add(to, (uint32_t)one);
	return 0;
}

static int
note_box(struct found *f, struct box *b)
{
	int got;

	if (f->want->print) {
		got = note_printed(f, b);
	} else {
		got = b->near.is && b->far.is ? body_open(b) : 1;
		if (got != 0 || b->state->mark.uidvalidity == 0)
			return got < 0 ? -1 : 0;
		if (f->want->uids != NULL)
			note_uids(f, b);
		else
			got = search_box(f, b);
	}
	f->any = f->any || f->of[b - f->r->boxes].n > 0;
	return got;
}

/* A Message-ID is looked for until it is found. */
static int
note_boxes(struct found *f)
{
	struct run *r = f->r;
	const char *name = f->want->folder;
	size_t i;
	int got = 0;

	if (name != NULL && box_named(r, name) == NULL && list_all(f) < 0)
		return -1;
	if (name != NULL && box_named(r, name) == NULL) {
		report_problem(&r->report, EX_NOINPUT, name, "there is no such mailbox");
		f->any = true;
		return 0;
	}
	for (i = 0; i < r->nboxes && got == 0 && !stop_asked(); i++) {
		if (name != NULL && &r->boxes[i] != box_named(r, name))
			continue;
		if (f->any && f->want->id != NULL)
			break;
		got = note_box(f, &r->boxes[i]);
	}
	if (got == 0 && !f->any && f->want->print && !f->listed &&
	    name == NULL && !stop_asked())
		return list_all(f) < 0 ? -1 : note_boxes(f);
	return got;
}

/* ---- what is done ---- */

/* Those whose file is not here cannot be filled. */
static void
drop_absent(struct box *b, struct imap_uids *u)
{
	const struct rec *rec;
	size_t i, n = 0;

	for (i = 0; i < u->n; i++) {
		rec = state_by_uid(b->state, u->v[i]);
		if (rec != NULL && near_dir_find(b->near.dir,
		    str_of(state_name(b->state, rec))) != NULL)
			u->v[n++] = u->v[i];
		else
			report_problem(&b->run->report, EX_NOINPUT, b->name, "message %u is not here (--print shows it)",
			    u->v[i]);
	}
	u->n = n;
}

static int
fill_found(struct found *f)
{
	struct run *r = f->r;
	size_t i;
	int got = 0;

	for (i = 0; i < r->nboxes && got == 0 && !stop_asked(); i++) {
		if (f->of[i].n == 0)
			continue;
		imap_uids_sort(&f->of[i]);
		drop_absent(&r->boxes[i], &f->of[i]);
		if (f->of[i].n > 0)
			got = fill_box(&r->boxes[i], f->of[i].v, f->of[i].n);
	}
	return got;
}

static int
print_found(struct found *f)
{
	struct run *r = f->r;
	struct box *b = NULL;
	size_t i, n = 0;

	for (i = 0; i < r->nboxes; i++) {
		n += f->of[i].n;
		if (f->of[i].n > 0)
			b = &r->boxes[i];
	}
	if (n > 1)
		return fail(r->e, EX_USAGE, "--print: one message, and here are %zu",
		    n);
	return b != NULL ? body_print(b, f->of[b - r->boxes].v[0]) : 0;
}

/* What a stub says may be older than what is known of it. */
static int
print_file(struct run *r, const char *file)
{
	struct box *b = box_of(r, file);
	int got = b == NULL ? 1 : body_open(b);
	uint32_t uid = got == 0 ? known_uid(b, name_of(file)) : 0;

	if (got < 0)
		return -1;
	return uid != 0 ? body_print(b, uid) : body_print_file(r, file);
}

int
body_run(struct run *r, const struct body_want *want)
{
	struct found f = { .r = r, .want = want };
	int got;

	if (find_local(r) < 0)
		return -1;
	f.of = mem_new(r->nboxes + 1, sizeof *f.of);
	if (want->print && want->files.n > 0) {
		got = print_file(r, want->files.v[0]);
		forget_found(&f);
		return got;
	}
	got = want->files.n > 0 ? note_files(&f) : note_boxes(&f);
	if (got == 0 && !f.any)
		report_problem(&r->report, EX_NOINPUT, "body", "there is no such message");
	if (got == 0)
		got = want->print ? print_found(&f) : fill_found(&f);
	if (f.of != NULL)
		forget_found(&f);
	return got;
}
