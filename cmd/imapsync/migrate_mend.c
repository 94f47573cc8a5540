/*
 * migrate_mend.c: the state of a migration of which a part is damaged
 *
 * It is copied record by record into a file beside it, by the functions that
 * write it otherwise.  What is not copied is "sure": whatever has no pair is
 * compared with what is in TO and has none either.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "migrate_mend.h"
#include "migrate_state.h"
#include "search.h"

static int
copy_pairs(struct migrate_state *to, struct migrate_box *b,
    const struct migrate_box *of, struct err *e)
{
	struct imap_uids blind = { 0 };
	struct migrate_pair *v = mem_new(of->n + 1, sizeof *v);
	size_t i, n = 0;
	int got;

	for (i = 0; i < of->n; i++)
		if (of->v[i].to != 0)
			v[n++] = of->v[i];
		else
			imap_uids_add(&blind, of->v[i].from);
	imap_uids_sort(&blind);
	got = migrate_state_pair(to, b, v, n, e);
	if (got == 0 && blind.n > 0)
		got = migrate_state_blind(to, b, blind.v, blind.n, e);
	free(blind.v);
	free(v);
	return got;
}

static int
text_order(const void *x, const void *y)
{
	const struct migrate_based *a = x, *b = y;
	int by = search_order(a->text, b->text);

	return by != 0 ? by : search_order(a->uid, b->uid);
}

static int
copy_flags(struct migrate_state *to, struct migrate_box *b,
    const struct migrate_state *old, const struct migrate_box *of,
    struct err *e)
{
	struct migrate_based *v = mem_new(of->base.n + 1, sizeof *v);
	struct imap_uids some = { 0 };
	size_t i, n = of->base.n;
	int got = 0;

	for (i = 0; i < n; i++)
		v[i] = of->base.v[i];
	qsort(v, n, sizeof *v, text_order);
	for (i = 0; i < n && got == 0; i++) {
		imap_uids_add(&some, v[i].uid);
		if (i + 1 < n && v[i + 1].text == v[i].text)
			continue;
		got = migrate_state_flags(to, b, some.v, some.n,
		    old->texts.v[v[i].text], e);
		some.n = 0;
	}
	free(some.v);
	free(v);
	return got;
}

static int
copy_box(struct migrate_state *to, const struct migrate_state *old,
    struct migrate_box *of, struct err *e)
{
	struct migrate_box *b = migrate_state_begin(to, of->from, of->to,
	    of->from_validity, of->to_validity, e);

	imap_uids_sort(&of->sent);
	migrate_base_sort(&of->base);
	if (b == NULL || (of->sent.n > 0 && migrate_state_send(to, b,
	    of->sent.v, of->sent.n, of->low, e) < 0))
		return -1;
	return copy_pairs(to, b, of, e) < 0 ? -1 :
	    copy_flags(to, b, old, of, e);
}

static int
copy_fail(struct migrate_state *to, const struct migrate_state *of,
    const struct migrate_fail *f, struct err *e)
{
	const struct migrate_box *was = of->box[f->box];
	struct migrate_box *b = migrate_state_named(to, was->from);
	unsigned id;

	if (f->uid == 0 || b == NULL || migrate_state_named(of, was->from) !=
	    was)
		return 0;
	if (migrate_state_fail(to, b, f->uid, f->why, e) < 0)
		return -1;
	id = migrate_state_failed(to, b, f->uid)->id;
	return f->is == MIGRATE_FAILED ? 0 :
	    migrate_state_judge(to, id, f->is == MIGRATE_IGNORED, e);
}

static int
copy_state(struct migrate_state *to, const struct migrate_state *of,
    struct err *e)
{
	size_t i;

	for (i = 0; i < of->nboxes; i++)
		if (of->box[i]->from[0] != '\0' &&
		    copy_box(to, of, of->box[i], e) < 0)
			return -1;
	for (i = 0; i < of->nfails; i++)
		if (copy_fail(to, of, &of->fail[i], e) < 0)
			return -1;
	if (of->bytes > 0 &&
	    migrate_state_spend(to, of->day, of->bytes, e) < 0)
		return -1;
	return migrate_state_sync(to, e);
}

int
migrate_mend(struct migrate_state *s, const char *path, const char *from,
    const char *to, struct err *e)
{
	struct migrate_state fresh;
	char *tmp = mem_new(strlen(path) + sizeof ".new", 1);
	int got;

	snprintf(tmp, strlen(path) + sizeof ".new", "%s.new", path);
	unlink(tmp);			/* of a run that was killed */
	got = migrate_state_open(&fresh, tmp, from, to, false, e);
	if (got == 0)
		got = copy_state(&fresh, s, e);
	migrate_state_close(&fresh);
	if (got == 0 && (rename(tmp, path) < 0 || fsync(s->log.dir) < 0))
		got = fail_sys(e, EX_IOERR, "%s", path);
	if (got < 0)
		unlink(tmp);
	free(tmp);
	if (got < 0)
		return -1;
	migrate_state_close(s);
	return migrate_state_open(s, path, from, to, false, e);
}
