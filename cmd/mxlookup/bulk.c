/*
 * bulk.c: many names: read as there is room, written as they are done
 *
 * Memory is bounded: input is read only while fewer than the window's tasks
 * run, and with --ordered while fewer than RING wait for an earlier one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "bulk.h"
#include "clock.h"
#include "diff.h"
#include "file.h"
#include "https_pool.h"
#include "json.h"
#include "lines.h"
#include "outcome.h"
#include "run.h"
#include "settings.h"
#include "show.h"
#include "stop.h"
#include "table.h"
#include "task.h"
#include "trace.h"

enum {
	RING = 4096,
	FLUSH_BYTES = 65536, FLUSH_MS = 50,
	OUT_MAX = 64 << 20,
};

/* ---- names from stdin */

struct input {
	const struct opt_list *list;	/* operands, or NULL: the lines */
	size_t next;
	bool begun;
	struct lines lines;
};

static bool
ends_name(char c)
{
	return c == ',' || c == ';' || c == '#' || c == ' ' || c == '\t';
}

/* A name from a line: first column of CSV, no comment, no BOM. */
static struct str
name_of_line(struct str line, bool first)
{
	size_t i;

	if (first && str_starts(line, "\xef\xbb\xbf"))
		line = str_from(line, 3);
	line = str_trim(line);
	if (line.n > 0 && line.p[0] == '"') {
		line = str_from(line, 1);
		return str_trim(str_cut(&line, '"'));
	}
	for (i = 0; i < line.n && !ends_name(line.p[i]); i++)
		;
	return str_to(line, i);
}

/* The next name, a view until the next call; of a long one its beginning. */
static bool
next_name(struct input *in, struct str *name)
{
	if (in->list != NULL) {
		if (in->next == in->list->n)
			return false;
		*name = str_of(in->list->v[in->next++]);
		return true;
	}
	while (lines_next(&in->lines, name)) {
		*name = name_of_line(*name, !in->begun);
		in->begun = true;
		if (name->n > 0)
			return true;
	}
	return false;
}

static bool
drained(const struct input *in)
{
	return in->list != NULL ? in->next == in->list->n :
	    lines_end(&in->lines);
}

/* ---- --skip-done: 64-bit hashes of the names that are done */

struct skip {
	uint64_t *v;
	size_t n, cap;
	struct table table;	/* of v */
};

static uint64_t
hash_at(const void *of, size_t at)
{
	return ((const struct skip *)of)->v[at];
}

static uint64_t
hash(struct str s)
{
	char lower[DNS_NAMELEN];
	size_t i;

	s = str_to(s, sizeof lower);
	for (i = 0; i < s.n; i++)
		lower[i] = str_lower(s.p[i]);
	return table_hash((struct str){ lower, s.n });
}

static bool
skipped(const struct skip *k, struct str name)
{
	return k->n > 0 &&
	    table_number(&k->table, k, hash(name)) != TABLE_NONE;
}

static void
skip_add(struct skip *k, struct str name)
{
	if (skipped(k, name))
		return;
	if (k->n == k->cap) {
		k->cap = k->cap > 0 ? k->cap + k->cap / 2 : 4096;
		k->v = mem_grow(k->v, k->cap, sizeof *k->v);
	}
	k->v[k->n] = hash(name);
	table_add(&k->table, k, k->n++);
}

/* A name that failed for now is to be tried again. */
static bool
settled(struct str line)
{
	struct buf unknown = { .max = 256 };
	bool none = json_member(line, "unknown", &unknown) == 0 &&
	    str_is(BUF_STR(unknown), "[]");

	buf_free(&unknown);
	return none;
}

/* An earlier NDJSON output, or names (text output begins with them). */
static void
skip_line(struct skip *k, char *p, size_t n)
{
	struct str line = { p, n };
	struct buf name = { .max = 4096 };

	if (n > 0 && p[0] == '{') {
		if (settled(line) && json_member(line, "in", &name) == 0)
			skip_add(k, BUF_STR(name));
		buf_free(&name);
	} else if (n > 0 && p[0] != ' ') {
		skip_add(k, name_of_line(line, false));
	}
}

/* Is this open file what standard output is appended to? */
static bool
appended_to(int fd, off_t *size)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	struct stat in, out;

	if (flags < 0 || (flags & O_APPEND) == 0 || fstat(fd, &in) < 0 ||
	    fstat(STDOUT_FILENO, &out) < 0)
		return false;
	*size = in.st_size;
	return S_ISREG(in.st_mode) && in.st_dev == out.st_dev &&
	    in.st_ino == out.st_ino;
}

/* An object of ours that lacks only its line end: "ms" is its last member. */
static bool
record_whole(struct str line)
{
	struct buf ms = { .max = 64 };
	bool got = line.n > 0 && line.p[line.n - 1] == '}' &&
	    json_member(line, "ms", &ms) == 0;

	buf_free(&ms);
	return got;
}

/*
 * The last line of the file has no end.  If our output goes behind it, it would
 * be glued to the first line of ours.  Half an object is of use to nobody and
 * goes, its name is looked up again; whatever else it is gets its line end.
 */
static int
mend(struct skip *k, int fd, struct str torn, struct err *e)
{
	off_t size;

	if (record_whole(torn))
		skip_line(k, (char *)(uintptr_t)torn.p, torn.n);
	if (!appended_to(fd, &size))
		return 0;
	if (torn.p[0] != '{' || record_whole(torn))
		return file_write(STDOUT_FILENO, "\n", 1, e);
	if (size != lseek(fd, 0, SEEK_CUR))
		return fail(e, EX_IOERR, "it grows while it is read");
	if (ftruncate(STDOUT_FILENO, size - (off_t)torn.n) < 0)
		return fail_sys(e, EX_IOERR, "its last line is cut short");
	fail_print("the last line of --skip-done was cut short: it is taken out, its name is looked up again");
	return 0;
}

static int
skip_load(struct skip *k, const char *path, struct err *e)
{
	int fd = file_open(path, e);
	char *line = NULL;
	struct str torn = { 0 };
	size_t cap = 0;
	ssize_t n;
	FILE *f;
	int got = 0;

	if (fd < 0)
		return -1;
	f = fdopen(fd, "r");
	if (f == NULL) {
		close(fd);
		return fail_sys(e, EX_NOINPUT, "%s", path);
	}
	while ((n = getline(&line, &cap, f)) > 0)
		if (line[n - 1] == '\n')
			skip_line(k, line, (size_t)n - 1);
		else	/* a kill or a full disk: the last one */
			torn = (struct str){ line, (size_t)n };
	if (ferror(f))
		got = fail_sys(e, EX_NOINPUT, "%s", path);
	else if (torn.n > 0 && mend(k, fd, torn, e) < 0)
		got = fail_in(e, "%s", path);
	free(line);
	fclose(f);
	return got;
}

/* ---- results, in order if that is wanted */

struct ring {
	struct str slot[RING];
	uint64_t next;			/* whose turn it is */
};

struct bulk {
	struct input in;
	struct ring *ring;		/* NULL: in any order */
	int64_t flushed;		/* clock_ms */
};

static void
bulk_in_order(struct run *r, uint64_t seq, struct buf *b)
{
	struct ring *ring = r->bulk->ring;
	struct str *s = &ring->slot[seq % RING];

	*s = (struct str){ b->p != NULL ? b->p : mem_new(1, 1), b->n };
	for (; (s = &ring->slot[ring->next % RING])->p != NULL; ring->next++) {
		buf_str(&r->out, *s);
		free((void *)(uintptr_t)s->p);
		*s = (struct str){ 0 };
	}
}

static void
print_changes(const struct task *t, struct buf *b)
{
	struct run *r = t->run;
	struct buf now = { .max = OUT_MAX };

	show_json(t, &now);
	switch (diff_tell(r->diff, t->in, BUF_STR(now), r->set->show.json, b)) {
	case DIFF_SAME:
		break;
	case DIFF_CHANGED:
		r->tally.changed++;
		break;
	case DIFF_UNKNOWN:
		r->tally.unsure++;
		break;
	}
	buf_free(&now);
}

static void
print(const struct task *t, struct buf *b)
{
	if (t->run->diff != NULL)
		print_changes(t, b);
	else if (t->run->set->show.json)
		show_json(t, b);
	else if (t->run->set->show.quiet)
		show_hosts(t, b);
	else if (t->run->set->show.columns > 0)
		show_terminal(t, b);
	else
		show_text(t, b);
}

static void
tally(const struct task *t)
{
	struct run *r = t->run;
	const struct finding *worst = t->findings.first;	/* sorted */
	enum outcome o = outcome_of(t);

	r->tally.done++;
	r->tally.unrouted += o == OUTCOME_UNROUTED;
	r->tally.bad += o == OUTCOME_BAD;
	r->tally.temporary += o == OUTCOME_TEMPORARY;
	r->tally.warned += worst != NULL && worst->sev == FINDING_WARN;
	if (r->set->show.nagios)
		outcome_note(&r->worst, t, o);
}

/* The findings of a check that ran for another one are not told. */
static void
keep_asked(struct task *t)
{
	int c;

	for (c = 0; c < CHECK_MAX && t->findings.first != NULL; c++)
		if (!task_asked(t, c))
			finding_forget(&t->findings, (unsigned)c);
}

static void
bulk_ended(struct task *t)
{
	struct run *r = t->run;
	struct buf one = { .max = OUT_MAX };

	r->active--;
	keep_asked(t);
	finding_sort(&t->findings, t->mem);
	tally(t);
	if (trace_on(TRACE_DONE))	/* it looks at the clock */
		trace_note(TRACE_DONE, "%s: %u queries, %u answers from the cache, %.1f ms",
		    t->domain, t->ask.queries, t->ask.cached,
		    (double)(clock_us() - t->started) / 1e3);
	if (r->bulk->ring != NULL) {
		print(t, &one);
		bulk_in_order(r, t->seq, &one);
	} else {
		print(t, &r->out);
	}
	task_free(t);
}

static int
bulk_flush(struct run *r, bool now, struct err *e)
{
	int64_t ms;

	if (r->out.over)
		return fail(e, EX_SOFTWARE, "a result is too long");
	if (r->out.n == 0 || r->set->show.nagios)
		return 0;
	ms = clock_ms();
	if (!now && r->out.n < FLUSH_BYTES && ms - r->bulk->flushed < FLUSH_MS)
		return 0;
	r->bulk->flushed = ms;
	if (file_write_lines(STDOUT_FILENO, r->out.p, r->out.n, e) < 0)
		return fail_in(e, "standard output");
	r->out.n = 0;
	return 0;
}

/* ---- the loop */

/* All that is done is printed, in order, though something before it is not. */
static int
stopped(struct run *r, struct err *e)
{
	struct ring *ring = r->bulk->ring;
	struct str s;
	size_t i;

	for (i = 0; ring != NULL && i < RING; i++) {
		s = ring->slot[(ring->next + i) % RING];
		buf_str(&r->out, s);
		free((void *)(uintptr_t)s.p);
	}
	bulk_flush(r, true, e);
	return fail_stop(e);
}

static bool
bulk_room(const struct run *r)
{
	const struct ring *ring = r->bulk->ring;

	return r->active < r->set->dns.window && dns_room(r->dns) > 0 &&
	    (ring == NULL || r->tally.begun - ring->next < RING);
}

static void
bulk_begin(struct run *r, struct str name)
{
	r->active++;
	task_start(r, name, r->tally.begun++, bulk_ended);
}

static int
loop(struct run *r, const struct skip *skip, struct err *e)
{
	struct input *in = &r->bulk->in;
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct str name;

	while (!drained(in) || r->active > 0) {
		while (bulk_room(r) && next_name(in, &name))
			if (!skipped(skip, name))
				bulk_begin(r, name);
		if (bulk_flush(r, r->active == 0, e) < 0)
			return -1;
		if (drained(in) && r->active == 0)
			break;
		p[0].fd = in->list == NULL && !in->lines.eof &&
		    !in->lines.readable && bulk_room(r) ? in->lines.fd : -1;
		p[1].fd = https_pool_fd(&r->sts.pool);
		dns_wait(r->dns, p, 2, r->out.n > 0 ?
		    r->bulk->flushed + FLUSH_MS : CLOCK_NEVER);
		if (stop_asked())
			return stopped(r, e);
		in->lines.readable |= p[0].revents != 0;
		if (p[1].revents != 0)
			https_pool_reap(&r->sts.pool);
	}
	return bulk_flush(r, true, e);
}

int
bulk_run(struct run *r, struct err *e)
{
	struct skip skip = { .table.number = hash_at };
	struct bulk *b;
	int got;

	if (r->set->many.skip_done != NULL &&
	    skip_load(&skip, r->set->many.skip_done, e) < 0)
		return -1;
	if (r->set->many.diff != NULL &&
	    (r->diff = diff_open(r->set->many.diff, e)) == NULL)
		return -1;
	box_enter(r);
	b = r->bulk = mem_new(1, sizeof *b);
	if (r->set->many.ordered || r->set->operands.n > 1 ||
	    r->diff != NULL)
		b->ring = mem_new(1, sizeof *b->ring);
	if (r->set->operands.n > 0)
		b->in.list = &r->set->operands;
	else if (r->diff != NULL)
		b->in.list = diff_names(r->diff);
	r->out.max = OUT_MAX;
	got = loop(r, &skip, e);
	if ((errno = b->in.lines.error) != 0)
		got = fail_sys(e, EX_NOINPUT, "standard input");
	r->bulk = NULL;
	if (diff_close(r->diff, e) < 0)
		got = -1;
	r->diff = NULL;
	free(b->ring);
	free(b);
	table_free(&skip.table);
	free(skip.v);
	return got;
}
