/* body.c: the bodies of messages whose header alone is here */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "body.h"
#include "box.h"
#include "fill.h"
#include "list.h"
#include "maildir.h"
#include "near.h"
#include "stop.h"

/* ---- which file ---- */

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

/* Opened and scanned, once.  1: it cannot be, which is told. */
static int
open_box(struct box *b)
{
	int got = b->opened ? 0 : near_open(b);

	if (got == 0 && !b->near.scanned)
		got = near_scan(b);
	if (got > 0)
		box_fault(b);
	b->far.seen.uidvalidity = got == 0 ? b->state->mark.uidvalidity : 0;
	return got;
}

/* Which message the file is: its UID; or 0, which is told. */
static uint32_t
uid_of(struct box *b, const char *name)
{
	struct str base = str_of(name);
	const struct rec *rec;

	base = str_to(base, (size_t)(str_find(base.p, maildir_info(),
	    base.p + base.n) - base.p));
	rec = state_by_name(b->state, base);
	if (rec != NULL && rec->kind == REC_LIVE && rec->uid != 0 &&
	    near_dir_find(b->near.dir, base) != NULL)
		return rec->uid;
	if (near_dir_find(b->near.dir, base) == NULL) {
		report_problem(&b->run->report, EX_NOINPUT, b->name, "%.*s: there is no such file",
		    STR_ARG(base));
		return 0;
	}
	report_problem(&b->run->report, EX_DATAERR, b->name, "%.*s: no message on the server is known for it",
	    STR_ARG(base));
	return 0;
}

/* ---- all files ---- */

/* Of each mailbox the UIDs of its files. */
static int
note_file(struct run *r, struct imap_uids *of, const char *file)
{
	const char *slash = strrchr(file, '/');
	struct box *b = box_of(r, file);
	uint32_t uid;
	int got;

	if (b == NULL) {
		report_problem(&r->report, EX_NOINPUT, file, "it is in none of the Maildirs that are synced");
		return 0;
	}
	if ((got = open_box(b)) != 0)
		return got < 0 ? -1 : 0;
	if ((uid = uid_of(b, slash != NULL ? slash + 1 : file)) != 0)
		imap_uids_add(&of[b - r->boxes], uid);
	return 0;
}

int
body_fill(struct run *r, const struct opt_list *files)
{
	struct imap_uids *of;
	size_t i;
	int got = list_find(r);

	of = mem_new(r->nboxes + 1, sizeof *of);
	for (i = 0; i < files->n && got == 0 && !stop_asked(); i++)
		got = note_file(r, of, files->v[i]);
	for (i = 0; i < r->nboxes && got == 0 && !stop_asked(); i++) {
		imap_uids_sort(&of[i]);
		if (of[i].n > 0)
			got = fill_box(&r->boxes[i], of[i].v, of[i].n);
	}
	for (i = 0; i < r->nboxes; i++) {
		box_close(&r->boxes[i]);
		free(of[i].v);
	}
	free(of);
	return got;
}
