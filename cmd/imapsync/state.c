/*
 * state.c: the log of one mailbox: the last agreed state
 *
 * Opened and loaded whole, appended to, and shortened when it is closed and
 * much of it is history (state_log.c has the format).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"
#include "names.h"
#include "state_private.h"

enum { SLACK = 65536 };

/* ---- opening and closing ---- */

void
state_file(char file[32], struct str box)
{
	snprintf(file, 32, "%016llx.st", (unsigned long long)names_hash(box));
}

static void
state_prepare(struct state *s, const char *dir, const char *file)
{
	struct state_in *in = mem_new(1, sizeof *in);
	size_t n = strlen(dir) + sizeof in->file + 2;
	char *path = mem_new(n, 1);

	*s = (struct state){ .in = in };
	in->log.fd = in->log.dir = -1;
	in->heap.max = (size_t)1 << 30;
	snprintf(in->file, sizeof in->file, "%s", file);
	snprintf(path, n, "%s/%s", dir, in->file);
	s->path = path;
	state_clear(s);
}

/* 0, 1 there is none, -1 */
static int
state_enter(struct state *s, int how, struct err *e)
{
	struct state_in *in = s->in;
	int got;

	got = reclog_open(&in->log, s->path, how, e);
	if (got != 0)
		return got;
	if (state_load(s, e) < 0)
		return -1;
	state_sort(s);
	return 0;
}

int
state_open(struct state *s, const char *dir, struct str box, bool make,
    struct err *e)
{
	char file[32];
	int got;

	*s = (struct state){ .in = NULL };
	if (!state_box_ok(box)) {
		fail(e, EX_DATAERR, "%.*s: no name of a mailbox",
		    STR_ARG(box));
		return -1;
	}
	state_file(file, box);
	state_prepare(s, dir, file);
	s->box = mem_new(box.n + 1, 1);
	str_copy(s->box, box);
	got = state_enter(s, make ? O_RDWR | O_CREAT : O_RDWR, e);
	if (got != 0)
		state_drop_all(s);
	return got;
}

int
state_read(struct state *s, const char *dir, const char *file,
    struct err *e)
{
	int got;

	state_prepare(s, dir, file);
	s->in->read_only = true;
	got = state_enter(s, O_RDONLY, e);
	if (got == 0 && s->box == NULL)
		s->box = mem_new(1, 1);
	if (got != 0)
		state_drop_all(s);
	return got;
}

void
state_drop_all(struct state *s)
{
	struct state_in *in = s->in;
	union { const char *c; void *p; } path = { s->path };

	if (in == NULL)
		return;
	state_clear(s);
	reclog_close(&in->log);
	buf_free(&in->heap);
	free(in);
	free(s->rec);
	free(s->pend);
	free(s->box);
	free(path.p);
	*s = (struct state){ .in = NULL };
}

/* ---- writing ---- */

static int
appended(struct state *s, struct err *e)
{
	struct state_in *in = s->in;

	if (in->heap.over)
		return fail(e, EX_SOFTWARE, "%s: too long", s->path);
	if (in->log.broken || in->log.out.over || in->log.out.n >= BUFFER)
		return reclog_flush(&in->log, e);
	return 0;
}

/* The names of keywords are logged before any record with their bits. */
static void
log_keywords(struct state *s)
{
	struct state_in *in = s->in;

	for (; in->keywords < s->keywords.n; in->keywords++)
		state_log_text(&in->log.out, KEYWORD,
		    str_of(s->keywords.name[in->keywords]));
}

int
state_sync(struct state *s, struct err *e)
{
	return reclog_sync(&s->in->log, e);
}

int
state_put(struct state *s, const struct rec *r, const char *name,
    struct err *e)
{
	struct str base = str_of(name);

	if (!state_name_ok(base) || r->kind > REC_ORPHAN)
		return fail(e, EX_SOFTWARE, "%s: a name no file has", s->path);
	if (s->n >= STATE_RECS)
		return fail(e, EX_SOFTWARE, "%s: too many messages", s->path);
	log_keywords(s);
	state_log_rec(&s->in->log.out, r, base);
	state_replace(s, r, base);
	return appended(s, e);
}

int
state_flags(struct state *s, struct rec *r, uint64_t flags, struct err *e)
{
	struct buf *b = &s->in->log.out;
	size_t at;

	if (r->flags == flags)
		return 0;
	log_keywords(s);
	at = state_log_begin(b);
	state_put64(b, flags);
	state_log_which(b, s, r);
	state_log_end(b, at, FLAGS);
	r->flags = flags;
	return appended(s, e);
}

int
state_drop(struct state *s, struct rec *r, struct err *e)
{
	struct buf *b = &s->in->log.out;
	size_t at = state_log_begin(b);

	state_log_which(b, s, r);
	state_log_end(b, at, DROP);
	state_bury(s, r);
	return appended(s, e);
}

int
state_pend(struct state *s, const struct pend *p, struct err *e)
{
	if (!state_name_ok(str_of(p->name)))
		return fail(e, EX_SOFTWARE, "%s: a name no file has", s->path);
	log_keywords(s);
	state_log_pend(&s->in->log.out, p);
	state_add_pend(s, p, str_of(p->name));
	return appended(s, e);
}

int
state_unpend(struct state *s, const char *name, struct err *e)
{
	if (state_pending(s, str_of(name)) == NULL)
		return 0;
	state_log_text(&s->in->log.out, UNPEND, str_of(name));
	state_del_pend(s, str_of(name));
	return appended(s, e);
}

int
state_mark(struct state *s, const struct mark *m, const struct stamp *t,
    struct err *e)
{
	struct mark was = s->mark;
	struct stamp stood = s->stamp;
	bool same = mark_id_is(m, s->id);

	s->mark = *m;
	if (!same)
		snprintf(s->id, sizeof s->id, "%s", m->id != NULL ? m->id : "");
	s->mark.id = s->id;
	s->stamp = t != NULL ? *t : (struct stamp){ .cur_mtime = 0 };
	log_keywords(s);
	if (!s->in->reset && same && memcmp(&was, &s->mark, sizeof was) == 0 &&
	    stamp_same(&stood, &s->stamp))
		return appended(s, e);
	s->in->reset = false;
	state_log_mark(&s->in->log.out, &s->mark, &s->stamp);
	return appended(s, e);
}

int
state_reset(struct state *s, struct err *e)
{
	state_log_text(&s->in->log.out, RESET, STR(""));
	state_forget_recs(s);
	return appended(s, e);
}

uint64_t
state_keyword(struct state *s, struct str name, struct err *e)
{
	uint64_t bit = flags_keyword(&s->keywords, name, true);

	log_keywords(s);
	appended(s, e);
	return bit;
}

/* ---- a new log ---- */

static int
spill(int fd, struct buf *b, struct err *e)
{
	int got = b->over ? fail(e, EX_SOFTWARE, "too long") :
	    file_write(fd, b->p, b->n, e);

	buf_drop(b, b->n);
	return got;
}

static int
write_live(void *of, int fd, struct err *e)
{
	const struct state *s = of;
	struct buf b = { .max = 4 * BUFFER };
	size_t i;
	int got = 0;

	state_log_head(&b, s->box);
	for (i = 0; i < s->keywords.n; i++)
		state_log_text(&b, KEYWORD, str_of(s->keywords.name[i]));
	state_log_mark(&b, &s->mark, &s->stamp);
	for (i = 0; i < s->n && got == 0; i++) {
		if (s->rec[i].kind == REC_DROPPED)
			continue;
		state_log_rec(&b, &s->rec[i], str_of(state_name(s, &s->rec[i])));
		if (b.n >= BUFFER)
			got = spill(fd, &b, e);
	}
	for (i = 0; i < s->npend && got == 0; i++) {
		state_log_pend(&b, &s->pend[i]);
		if (b.n >= BUFFER)
			got = spill(fd, &b, e);
	}
	if (got == 0)
		got = spill(fd, &b, e);
	buf_free(&b);
	return got;
}

int
state_close(struct state *s, struct err *e)
{
	struct state_in *in = s->in;
	int got;

	if (in == NULL)
		return 0;
	if (!in->reset && !in->log.broken &&
	    in->log.size + in->log.out.n > 2 * in->live + SLACK)
		got = reclog_replace(&in->log, in->file, write_live, s,
		    e);
	else
		got = state_sync(s, e);
	state_drop_all(s);
	return got;
}

int
state_move(const char *dir, struct str from, struct str to, struct err *e)
{
	struct state s;
	char file[32];
	int got;

	if (str_eq(from, to))
		return 0;
	if (!state_box_ok(to))
		return fail(e, EX_DATAERR, "%.*s: no name of a mailbox",
		    STR_ARG(to));
	if ((got = state_open(&s, dir, from, false, e)) != 0)
		return got;
	free(s.box);
	s.box = mem_new(to.n + 1, 1);
	str_copy(s.box, to);
	state_file(file, to);
	got = reclog_replace(&s.in->log, file, write_live, &s, e);
	if (got == 0 && (unlinkat(s.in->log.dir, s.in->file, 0) < 0 ||
	    fsync(s.in->log.dir) < 0))
		got = fail_sys(e, EX_IOERR, "%s", s.path);
	state_drop_all(&s);
	return got;
}

int
state_remove(const char *dir, struct str box, struct err *e)
{
	char file[32];
	int fd, got = 0;

	state_file(file, box);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_sys(e, EX_IOERR, "%s", dir);
	if (unlinkat(fd, file, 0) < 0 && errno != ENOENT)
		got = fail_sys(e, EX_IOERR, "%s/%s", dir, file);
	close(fd);
	return got;
}
