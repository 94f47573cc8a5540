/*
 * migrate_check.c: --check: what a migration will have to do, and may
 *
 * The time is an estimate: some messages are read, as a migration would, and a
 * round trip is measured where the other server makes each message wait for one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "account.h"
#include "clock.h"
#include "imap_about.h"
#include "imap_box.h"
#include "json.h"
#include "migrate_check.h"
#include "migrate_gmail.h"
#include "migrate_marks.h"
#include "migrate_pace.h"
#include "migrate_rest.h"
#include "migrate_run.h"
#include "migrate_select.h"
#include "migrate_who.h"

enum { SAMPLE = 50, SAMPLE_BYTES = 1 << 20 };

/* How fast FROM gives: some messages, once. */
static int
take_sample(struct migrate *r, const struct migrate_marks *k)
{
	struct migrate_sum v[SAMPLE] = { 0 };
	uint64_t bytes = 0;
	int64_t began;
	size_t i;

	if (r->check.sampled > 0)
		return 0;
	for (i = 0; i < k->n && i < SAMPLE && bytes < SAMPLE_BYTES; i++) {
		v[i].uid = k->v[i].uid;
		bytes += k->v[i].size;
	}
	began = clock_us();
	if (migrate_sums_ask(&r->from.imap, v, i, false) < 0)
		return -1;
	r->check.sampled = bytes;
	r->check.took = clock_us() - began + 1;
	return 0;
}

/* Of what is not copied yet. */
static int
count(struct migrate *r, struct migrate_folder *f, const struct imap_uids *todo)
{
	uint64_t limit = r->to.imap.appendlimit;
	const uint64_t messages = r->messages, bytes = r->bytes,
	    large = r->check.large;
	struct migrate_marks k = { 0 };
	size_t at, n, i;
	int got = 0;

	for (at = 0; at < todo->n && got == 0; at += n) {
		n = todo->n - at < MIGRATE_MARKS ? todo->n - at :
		    MIGRATE_MARKS;
		got = migrate_marks_ask(&k, &r->from.imap, todo->v + at, n);
		for (i = 0; got == 0 && i < k.n; i++) {
			f->copied++;
			r->messages++;
			r->bytes += k.v[i].size;
			r->check.large += limit > 0 && k.v[i].size > limit;
		}
		if (got == 0)
			got = take_sample(r, &k);
		migrate_marks_free(&k);
	}
	if (got < 0) {			/* it is counted once more */
		f->copied = 0;
		r->messages = messages;
		r->bytes = bytes;
		r->check.large = large;
	}
	return got;
}

static void
show_folder(const struct migrate *r, const struct migrate_folder *f, size_t all)
{
	struct buf out = { .max = 65536 };
	struct json j = { .out = &out };
	char from[1100], to[1100];

	str_escape(from, sizeof from, str_of(f->from));
	str_escape(to, sizeof to, str_of(f->to));
	if (!r->o->like->json) {
		printf("%s -> %s%s: %zu messages, %" PRIu64 " to be copied\n",
		    from, to, f->there ? "" : " (to be made)", all, f->copied);
		return;
	}
	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "event", "folder");
	json_s(&j, "box", f->from);
	json_s(&j, "to", f->to);
	json_bool(&j, "there", f->there);
	json_int(&j, "messages", (int64_t)all);
	json_int(&j, "todo", (int64_t)f->copied);
	json_close(&j, '}');
	puts(out.p);
	buf_free(&out);
}

int
migrate_check(struct migrate *r, struct migrate_folder *f)
{
	struct imap *m = &r->from.imap;
	struct imap_uids todo = { 0 };
	struct migrate_box *b = NULL;
	uint32_t *all;
	size_t n, i;
	int got;

	if ((got = imap_select(m, str_of(f->from), true)) < 0)
		return -1;
	if (got > 0) {
		migrate_problem(r, imap_severity(m->text, EX_UNAVAILABLE),
		    f->from, "%s", m->text);
		f->done = true;
		return 0;
	}
	if (f->there && (got = imap_select(&r->to.imap, str_of(f->to),
	    true)) < 0)
		return -1;
	if (f->there && got == 0)
		b = migrate_find(r, f);
	if (migrate_uids_ask(m, 1, &all, &n) < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (b == NULL || migrate_state_todo(&r->state, b, all[i]))
			imap_uids_add(&todo, all[i]);
	got = migrate_gmail_leave_out(r, b, &todo);
	if (got == 0)
		got = count(r, f, &todo);
	if (got == 0)
		got = migrate_gmail_done(r, all, n);
	if (got == 0)
		show_folder(r, f, n);
	f->done = got == 0;
	free(todo.v);
	free(all);
	return got;
}

/* ---- the end ---- */

static double
round_trip(struct imap *m)
{
	int64_t began = clock_us();

	return imap_wait(m, imap_say(m, "NOOP")) < 0 ? 0 :
	    (double)(clock_us() - began) / 1e6;
}

/* Seconds: as fast as FROM gives, as the options let it, as TO makes it wait. */
static double
estimate(struct migrate *r)
{
	const struct imap *to = &r->to.imap;
	double seconds = 0, least = 0;

	if (r->check.sampled > 0)
		seconds = (double)r->bytes / (double)r->check.sampled *
		    (double)r->check.took / 1e6;
	if (r->o->rate > 0)
		least = (double)r->bytes / (double)r->o->rate;
	if ((to->caps & (IMAP_LITERAL_PLUS | IMAP_LITERAL_MINUS)) == 0)
		seconds += (double)r->messages * round_trip(&r->to.imap);
	if (seconds < least)
		seconds = least;
	least = (double)migrate_rest_days(r->bytes, migrate_pace_used(r),
	    r->o->day) * 86400;
	return seconds > least ? seconds : least;
}

static const char *
can(const struct imap *m, unsigned cap)
{
	return (m->caps & (cap | (cap == IMAP_UIDPLUS ? IMAP_REV2 : 0))) != 0 ?
	    "yes" : "no";
}

static void
show_end(const struct migrate *r, uint64_t used, uint64_t limit,
    double seconds)
{
	const struct imap *to = &r->to.imap;

	printf("%s: LITERAL+ %s, MULTIAPPEND %s, UIDPLUS %s", r->to.name,
	    can(to, IMAP_LITERAL_PLUS), can(to, IMAP_MULTIAPPEND),
	    can(to, IMAP_UIDPLUS));
	if (to->appendlimit > 0)
		printf(", messages up to %" PRIu64 " bytes", to->appendlimit);
	if (limit > 0)
		printf(", %" PRIu64 " of %" PRIu64 " KB in use", used, limit);
	printf("\n%" PRIu64 " messages, %" PRIu64 " bytes to be copied, about %.0f s\n",
	    r->messages, r->bytes, seconds);
}

static void
show_end_json(const struct migrate *r, uint64_t used, uint64_t limit,
    double seconds)
{
	const struct imap *to = &r->to.imap;
	struct buf out = { .max = 65536 };
	struct json j = { .out = &out };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "event", "check");
	json_s(&j, "from_capabilities", r->from.imap.all);
	json_s(&j, "to_capabilities", to->all);
	if (to->appendlimit > 0)
		json_int(&j, "appendlimit", (int64_t)to->appendlimit);
	if (limit > 0) {
		json_int(&j, "quota_used_kb", (int64_t)used);
		json_int(&j, "quota_kb", (int64_t)limit);
	}
	json_int(&j, "todo", (int64_t)r->messages);
	json_int(&j, "bytes", (int64_t)r->bytes);
	json_num(&j, "seconds", seconds);
	json_int(&j, "status", r->status);
	json_close(&j, '}');
	puts(out.p);
	buf_free(&out);
}

int
migrate_check_end(struct migrate *r)
{
	uint64_t used, limit, left;
	double seconds;

	if (imap_quota(&r->to.imap, &used, &limit) < 0)
		return -1;
	left = limit > used ? limit - used : 0;
	if (limit > 0 && r->bytes / 1024 > left)
		migrate_problem(r, EX_DATAERR, NULL, "%s has room for %" PRIu64 " KB, and %" PRIu64 " KB are to be copied",
		    r->to.name, left, r->bytes / 1024);
	if (r->check.large > 0)
		migrate_problem(r, EX_DATAERR, NULL, "%" PRIu64 " messages are larger than %s takes (APPENDLIMIT)",
		    r->check.large, r->to.name);
	seconds = estimate(r);
	if (r->o->like->json)
		show_end_json(r, used, limit, seconds);
	else
		show_end(r, used, limit, seconds);
	return 0;
}
