/*
 * output.c: reports on their way out, and those that must wait
 *
 * The table's columns are as wide as their widest cell, so its rows wait: for
 * all of the command line's targets, or, from stdin, for a moment.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "formats.h"
#include "judge.h"
#include "output.h"
#include "run.h"
#include "tally.h"
#include "target.h"
#include "trace.h"

enum {
	OUT_MAX = 64 << 20, ROWS = 200, ROWS_MS = 1000,
	FLUSH_BYTES = 65536, FLUSH_MS = 50,
};

/* ---- rows */

static struct row *
row_keep(struct run *run, const struct report *r)
{
	struct output *t = run->output;
	struct row *row;

	if (t->nrow == t->cap) {
		t->cap = t->cap > 0 ? 2 * t->cap : 64;
		t->row = mem_grow(t->row, t->cap, sizeof *t->row);
	}
	if (t->nrow == 0)
		t->since = clock_ms();
	row = &t->row[t->nrow++];
	*row = (struct row){ .seq = r->target->seq, .order = r->order,
	    .sev = r->verdict.sev, .cells = { .max = 65536 },
	    .below = { .max = 1 << 20 }, .perf = { .max = 8192 } };
	return row;
}

/* Only cells that others stand behind take part in the width. */
static void
measure(struct output *t, const struct row *row)
{
	const char *p = row->cells.p, *end = p + row->cells.n;
	size_t n;
	int i;

	for (i = 0; i < CELLS && p < end; i++) {
		n = strlen(p);
		p += n + 1;
		if (p < end && n > t->width[i] && n < 60)
			t->width[i] = n;
	}
}

static void
print(struct output *t, const struct row *row)
{
	static const char *const colours[] = { "\033[32m", "\033[33m",
	    "\033[31m" };
	const char *p = row->cells.p, *end = p + row->cells.n;
	size_t n;
	int i;

	if (row->cells.n == 0) {		/* JSON */
		buf_str(&t->out, BUF_STR(row->below));
		return;
	}
	for (i = 0; i < CELLS && p < end; i++) {
		n = strlen(p);
		if (i == 0 && t->colour)
			buf_s(&t->out, colours[row->sev]);
		buf_put(&t->out, p, n);
		if (i == 0 && t->colour)
			buf_s(&t->out, "\033[0m");
		p += n + 1;
		if (p == end)
			break;
		for (; n < t->width[i]; n++)
			buf_c(&t->out, ' ');
		buf_s(&t->out, i == 2 || (i > 3 && i < 7) ? " " : "  ");
	}
	while (t->out.n > 0 && t->out.p[t->out.n - 1] == ' ')
		t->out.n--;
	buf_c(&t->out, '\n');
	buf_str(&t->out, BUF_STR(row->below));
}

static int
row_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void
output_sort(struct output *t)
{
	if (t->nrow > 1)
		qsort(t->row, t->nrow, sizeof *t->row, row_order);
}

static void
output_drop(struct row *row)
{
	buf_free(&row->cells);
	buf_free(&row->below);
	buf_free(&row->perf);
}

static void
rows(struct output *t)
{
	size_t i;

	output_sort(t);
	for (i = 0; i < t->nrow; i++)
		measure(t, &t->row[i]);
	for (i = 0; i < t->nrow; i++) {
		print(t, &t->row[i]);
		output_drop(&t->row[i]);
	}
	t->nrow = 0;
}

/* ---- --save-chain */

static void
save(const struct report *r, struct err *e)
{
	char *path = arena_printf(r->mem, "%s/%s_%u_%s.pem",
	    r->run->set->show.save_chain, r->host, r->port, r->ip);
	char *p = path + strlen(r->run->set->show.save_chain) + 1;
	int fd;

	for (; *p != '\0'; p++)
		if (!str_alpha(*p) && !str_digit(*p) && *p != '.' &&
		    *p != '-')
			*p = '_';
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	    0644);
	if (fd < 0) {
		fail_sys(e, EX_CANTCREAT, "--save-chain %s", path);
		return;
	}
	if (file_write(fd, r->tls.pem, strlen(r->tls.pem), e) < 0)
		fail_in(e, "--save-chain %s", path);
	if (close(fd) < 0)
		fail_sys(e, EX_IOERR, "--save-chain %s", path);
}

/* ---- reports */

void
output_report(struct report *r)
{
	struct run *run = r->run;
	struct row *row;

	judge(r);
	trace_note(TRACE_DONE, "%s:%u %s", r->host, r->port,
	    word_state(r->verdict.state));
	r->verdict.unknown = r->trouble.class == TROUBLE_DNS &&
	    r->verdict.status == EX_TEMPFAIL;
	run->tally.probes++;
	if (run->set->want.sum == SUM_BEST)
		tally_best((struct target *)(uintptr_t)r->target, r);
	else
		tally_count(&run->tally, r->verdict.sev, r->verdict.status,
		    r->verdict.unknown);
	if (r->tls.pem != NULL && !r->tls.saved &&
	    run->set->show.save_chain != NULL)
		save(r, &run->output->e);
	if (run->set->show.prom != NULL)
		prom_report(run, r);
	if (run->set->show.quiet && r->verdict.sev == FINDING_HINT)
		return;
	if (run->set->show.json && run->output->stream) {
		json_report(r, &run->output->out);
		return;
	}
	row = row_keep(run, r);
	if (run->set->show.nagios)
		nagios_report(r, row);
	else if (run->set->show.json)
		json_report(r, &row->below);
	else
		text_report(r, &row->cells, &row->below);
}

int64_t
output_when(const struct run *r)
{
	const struct output *t = r->output;
	int64_t at = CLOCK_NEVER;

	if (t->out.n > 0)
		at = t->flushed + FLUSH_MS;
	if (t->stream && t->nrow > 0 && t->since + ROWS_MS < at)
		at = t->since + ROWS_MS;
	return at;
}

int
output_flush(struct run *r, bool now, struct err *e)
{
	struct output *t = r->output;
	int64_t ms;

	if (t->nrow == 0 && t->out.n == 0)
		return 0;
	ms = clock_ms();
	if (r->set->show.nagios)
		return 0;		/* all at the end: output_end, nagios_end */
	if (now || (t->stream && (t->nrow >= ROWS ||
	    (t->nrow > 0 && ms - t->since >= ROWS_MS))))
		rows(t);
	if (t->out.over)
		return fail(e, EX_SOFTWARE, "a report is too long");
	if (t->out.n == 0 || (!now && t->out.n < FLUSH_BYTES &&
	    ms - t->flushed < FLUSH_MS))
		return 0;
	t->flushed = ms;
	if (file_write_lines(STDOUT_FILENO, t->out.p, t->out.n, e) < 0)
		return fail_in(e, "standard output");
	t->out.n = 0;
	return 0;
}

void
output_start(struct run *r)
{
	struct output *t = mem_new(1, sizeof *t);
	const char *no = getenv("NO_COLOR");

	r->output = t;
	t->out.max = OUT_MAX;
	t->stream = r->set->limit.list;
	t->colour = isatty(STDOUT_FILENO) == 1 && (no == NULL ||
	    no[0] == '\0');
	t->flushed = clock_ms();
}

int
output_end(struct run *r, struct err *e)
{
	struct err prom = { 0 };

	if (r->set->show.nagios)
		output_sort(r->output);
	output_flush(r, true, e);
	if (r->set->show.prom != NULL)
		prom_end(r, &prom);
	fail_join(e, &prom);
	fail_join(e, &r->output->e);
	return e->code != 0 ? -1 : 0;
}

void
output_free(struct run *r)
{
	struct output *t = r->output;
	int m;

	if (t == NULL)
		return;
	while (t->nrow > 0)
		output_drop(&t->row[--t->nrow]);
	free(t->row);
	buf_free(&t->out);
	for (m = 0; m < METRICS; m++)
		buf_free(&t->metric[m]);
	free(t);
}
