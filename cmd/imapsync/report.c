/* report.c: what is said: the plan, what was done, progress, the end */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "clock.h"
#include "json.h"
#include "mem.h"
#include "report.h"
#include "settings.h"
#include "stop.h"
#include "told.h"
#include "trace.h"

static const char *const words[ACT_KINDS] = {
	[ACT_PAIR] = "pair", [ACT_FETCH] = "fetch", [ACT_PUSH] = "push",
	[ACT_FAR_FLAGS] = "far-flags", [ACT_NEAR_FLAGS] = "near-flags",
	[ACT_BASE_FLAGS] = "base", [ACT_FAR_MOVE] = "far-move",
	[ACT_FAR_COPY] = "far-copy", [ACT_NEAR_MOVE] = "near-move", [ACT_FAR_PURGE] = "far-purge",
	[ACT_FAR_DELETE] = "far-delete",
	[ACT_NEAR_DELETE] = "near-delete", [ACT_FORGET] = "forget",
	[ACT_ORPHAN] = "orphan", [ACT_FAR_ONLY] = "far-only",
	[ACT_LEAVE] = "leave",
	[ACT_BODY] = "body", [ACT_TRIM] = "trim",
	[ACT_NOTHING] = "nothing"
};

static void
flags_json(struct json *j, const char *key, const struct keywords *w,
    uint64_t f)
{
	struct buf t = { .max = 8192 };

	if (f != 0) {
		flags_text(&t, w, f);
		json_str(j, key, BUF_STR(t));
	}
	buf_free(&t);
}

static void
path_json(struct json *j, const char *key, const struct report_file *f)
{
	struct buf t = { .max = 65536 };

	if (f->name.n > 0) {
		buf_printf(&t, "%s%s%s/%.*s", f->dir, f->dir[0] != '\0' ?
		    "/" : "", f->fresh ? "new" : "cur", STR_ARG(f->name));
		json_str(j, key, BUF_STR(t));
	}
	buf_free(&t);
}

static void
line_json(struct buf *to, const char *event, const struct report *r,
    const struct report_act *a)
{
	struct json j = { .out = to };
	struct buf dir = { .max = 65536 };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "event", event);
	json_s(&j, "account", r->title);
	json_s(&j, "box", a->box);
	json_s(&j, "act", words[a->kind]);
	if (a->uid != 0)
		json_int(&j, "uid", a->uid);
	buf_printf(&dir, "%s%s%s", r->near, a->path[0] != '\0' ? "/" : "",
	    a->path);
	json_str(&j, "dir", BUF_STR(dir));
	buf_free(&dir);
	if (a->file.n > 0)
		json_str(&j, "file", a->file);
	path_json(&j, "path", &a->is);
	path_json(&j, "was", &a->was);
	if (a->stub)
		json_bool(&j, "stub", true);
	flags_json(&j, "add", a->keywords, a->add);
	flags_json(&j, "del", a->keywords, a->del);
	if (a->to != NULL)
		json_s(&j, "to", a->to);
	json_close(&j, '}');
}

static void
line_text(struct buf *to, const struct report_act *a)
{
	struct buf raw = { .max = 65536 };
	char *safe;

	buf_printf(&raw, "%s %s", words[a->kind], a->box);
	if (a->uid != 0)
		buf_printf(&raw, " %u", a->uid);
	if (a->kind == ACT_PUSH || a->kind == ACT_ORPHAN || a->uid == 0)
		buf_printf(&raw, " %.*s", STR_ARG(a->file));
	if (a->add != 0) {
		buf_s(&raw, " +(");
		flags_text(&raw, a->keywords, a->add);
		buf_c(&raw, ')');
	}
	if (a->del != 0) {
		buf_s(&raw, " -(");
		flags_text(&raw, a->keywords, a->del);
		buf_c(&raw, ')');
	}
	if (a->to != NULL)
		buf_printf(&raw, " to %s", a->to);
	safe = mem_new(4 * raw.n + 8, 1);
	str_escape(safe, 4 * raw.n + 8, BUF_STR(raw));
	buf_s(to, safe);
	free(safe);
	buf_free(&raw);
}

static void
report_line(const struct report *r, const char *event,
    const struct report_act *a)
{
	struct buf out = { .max = 1 << 20 };

	if (r->json)
		line_json(&out, event, r, a);
	else
		line_text(&out, a);
	if (out.p != NULL)
		puts(out.p);
	buf_free(&out);
}

static struct str
box_at(const void *of, size_t at)
{
	return str_of(((const struct report *)of)->boxes[at]);
}

/* The name is the caller's, as long as the report. */
static void
note_box(struct report *r, const char *box)
{
	if (r->nboxes > 0 && r->boxes[r->nboxes - 1] == box)
		return;
	if (table_text(&r->where, r, str_of(box)) != TABLE_NONE)
		return;
	if ((r->nboxes & (r->nboxes - 1)) == 0)	/* full at powers of two */
		r->boxes = mem_grow(r->boxes, r->nboxes > 0 ? 2 * r->nboxes :
		    1, sizeof *r->boxes);
	r->boxes[r->nboxes] = box;
	table_add(&r->where, r, r->nboxes++);
}

void
report_begin(struct report *r, const struct settings *o)
{
	*r = (struct report){ .title = o->title, .near = o->near,
	    .hook = { .file = -1 }, .json = o->account->json,
	    .quiet = o->account->quiet, .verbose = o->account->verbose > 0,
	    .dry_run = o->dry_run, .draws = isatty(2) == 1 &&
	    !o->account->quiet, .where.text = box_at,
	    .started = clock_ms() };
	pthread_mutex_init(&r->talk, NULL);
}

void
report_free(struct report *r)
{
	hook_close(&r->hook);
	table_free(&r->where);
	free(r->boxes);
	pthread_mutex_destroy(&r->talk);
}

void
report_plan(struct report *r, const struct report_act *a)
{
	report_line(r, "plan", a);
	r->count[a->kind]++;
}

void
report_done(struct report *r, const struct report_act *a)
{
	struct buf out = { .max = 1 << 20 };

	pthread_mutex_lock(&r->talk);
	r->count[a->kind]++;
	note_box(r, a->box);
	if (r->json || (r->verbose && !r->quiet))
		report_line(r, "done", a);
	if (r->hook.command.argv != NULL) {
		line_json(&out, "done", r, a);
		hook_event(&r->hook, BUF_STR(out));
		buf_free(&out);
	}
	pthread_mutex_unlock(&r->talk);
}

void
report_folder(struct report *r, const char *what, struct report_folder of,
    const struct report_folder *to)
{
	struct buf out = { .max = 65536 };
	struct json j = { .out = &out };
	char one[1024], two[1024];

	r->folders += !r->dry_run;
	if (r->json || r->hook.command.argv != NULL) {
		json_open(&j, NULL, '{');
		json_int(&j, "v", 1);
		json_s(&j, "event", r->dry_run ? "plan" : "done");
		json_s(&j, "account", r->title);
		json_s(&j, "box", of.name);
		json_s(&j, "act", what);
		json_s(&j, "path", to != NULL ? to->path : of.path);
		if (to != NULL) {
			json_s(&j, "was", of.path);
			json_s(&j, "to", to->name);
		}
		json_close(&j, '}');
		if (!r->dry_run)
			hook_event(&r->hook, BUF_STR(out));
	}
	if (r->json) {
		puts(out.p);
	} else if (r->dry_run || r->verbose) {
		str_escape(one, sizeof one, str_of(of.name));
		str_escape(two, sizeof two, str_of(to != NULL ? to->name :
		    ""));
		printf("%s %s%s%s\n", what, one, to != NULL ? " to " : "",
		    two);
	}
	buf_free(&out);
}

void
report_problem(struct report *r, int code, const char *box,
    const char *fmt, ...)
{
	char text[1024], line[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&r->talk);
	if (r->told != NULL && (code != 0 || !r->quiet)) {
		snprintf(line, sizeof line, "%s: %s: %s", r->title, box, text);
		told_say(r->told, code, box, fmt, line);
	} else if (code != 0 || !r->quiet) {
		fail_print("%s: %s: %s", r->title, box, text);
	}
	r->status = fail_worse(r->status, code);
	pthread_mutex_unlock(&r->talk);
}

/* A line that is written over, four times a second, for people alone. */
void
report_progress(struct report *r, uint64_t bytes, bool last)
{
	int64_t now;
	double s, left;

	pthread_mutex_lock(&r->talk);
	r->bytes += bytes;
	r->finished += !last;
	now = clock_ms();
	if (r->draws && r->total > 20 &&
	    (last ? r->drawn != 0 : now - r->drawn >= 250)) {
		s = (double)(now - r->started) / 1000;
		left = r->finished > 0 && r->finished < r->total ? s /
		    (double)r->finished * (double)(r->total - r->finished) :
		    0;
		if (last)
			fprintf(stderr, "\r\033[K");
		else
			fprintf(stderr, "\r%llu of %llu messages, %.1f MB, %.0f s left\033[K",
			    (unsigned long long)r->finished,
			    (unsigned long long)r->total,
			    (double)r->bytes / 1e6, left);
		fflush(stderr);
		r->drawn = now;
	}
	pthread_mutex_unlock(&r->talk);
}

void
report_again(const struct report *r, const char *box, const char *why)
{
	trace_note(TRACE_DONE, "%s: once more over %s: %s", r->title, box,
	    why);
}

void
report_box(const struct report *r, const char *box, const struct plan *p,
    bool whole)
{
	struct buf t = { .max = 1024 };
	size_t k;

	if (!trace_on(TRACE_DONE))
		return;
	for (k = 0; k < ACT_NOTHING; k++)
		if (p->count[k] > 0)
			buf_printf(&t, "%s%s %zu", t.n > 0 ? ", " : ": ",
			    words[k], p->count[k]);
	trace_note(TRACE_DONE, "%s: %s %s%s", r->title, whole ?
	    "synced" : "not all done in", box, t.n > 0 ? t.p : "");
	buf_free(&t);
}

int
report_status(const struct report *r, const struct err *e)
{
	return stop_asked() ? EX_TEMPFAIL : fail_worse(e->code, r->status);
}

void
report_hook(struct report *r)
{
	struct err e = { 0 };

	if (hook_run(&r->hook, &e) == 0)
		return;
	fail_print("%s: %s", r->title, e.msg);
	r->status = fail_worse(r->status, e.code);
}

static int
box_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "INBOX, Archive, Lists and 3 more" */
static void
summary_where(struct report *r, struct buf *t)
{
	enum { NAMED = 3 };
	char safe[200];
	size_t i;

	qsort(r->boxes, r->nboxes, sizeof *r->boxes, box_names);
	for (i = 0; i < r->nboxes && i < NAMED; i++) {
		str_escape(safe, sizeof safe, str_of(r->boxes[i]));
		buf_printf(t, "%s%s", i > 0 ? ", " : " in ", safe);
	}
	if (r->nboxes > NAMED)
		buf_printf(t, " and %zu more", r->nboxes - NAMED);
}

static void
say_orphans(struct report *r)
{
	char line[256];

	if (r->orphans == 0 || r->quiet)
		return;
	snprintf(line, sizeof line, "%s: %llu files are here alone since the UIDs changed; they are kept (--reupload-orphans uploads them)",
	    r->title, (unsigned long long)r->orphans);
	if (r->told != NULL)
		told_say(r->told, 0, "", line, line);
	else
		fail_print("%s", line);
}

/* A watch says nothing of a look that found nothing to do. */
static bool
idle_look(const struct report *r, const struct err *e)
{
	size_t k;

	for (k = 0; k < ACT_NOTHING; k++)
		if (r->count[k] > 0)
			return false;
	return r->told != NULL && r->folders == 0 &&
	    report_status(r, e) == 0;
}

/* For people: on a terminal where something was done, and with -v. */
static void
summary(struct report *r, size_t boxes)
{
	double seconds = (double)(clock_ms() - r->started) / 1000;
	struct buf t = { .max = 4096 };
	size_t k, done = 0;

	for (k = 0; k < ACT_NOTHING; k++)
		if (r->count[k] > 0 && k != ACT_BASE_FLAGS &&
		    k != ACT_FORGET && k != ACT_ORPHAN &&
		    k != ACT_FAR_ONLY) {
			buf_printf(&t, "%s%s %llu", done++ > 0 ? ", " : "",
			    words[k], (unsigned long long)r->count[k]);
		}
	if (r->folders > 0)
		buf_printf(&t, "%sfolders %llu", done++ > 0 ? ", " : "",
		    (unsigned long long)r->folders);
	if (done > 0)
		summary_where(r, &t);
	if (trace_on(TRACE_DONE))
		trace_note(TRACE_DONE, "%s: %zu mailboxes, %.1f MB, %.1f s: %s",
		    r->title, boxes, (double)r->bytes / 1e6, seconds,
		    done > 0 ? t.p : "nothing to do");
	else if (done > 0)
		fail_print("%s: %s: %.1f MB, %.1f s", r->title, t.p,
		    (double)r->bytes / 1e6, seconds);
	buf_free(&t);
}

void
report_end(struct report *r, const struct err *e, size_t boxes)
{
	static const struct {
		enum act_kind kind;
		const char *key;
	} keys[] = {
		{ ACT_FETCH, "fetched" }, { ACT_PUSH, "pushed" },
		{ ACT_FAR_FLAGS, "flags_far" },
		{ ACT_NEAR_FLAGS, "flags_near" },
		{ ACT_FAR_MOVE, "moved_far" }, { ACT_NEAR_MOVE, "moved_near" },
		{ ACT_FAR_COPY, "copied_far" },
		{ ACT_FAR_PURGE, "purged_far" },
		{ ACT_FAR_DELETE, "deleted_far" },
		{ ACT_NEAR_DELETE, "deleted_near" }, { ACT_PAIR, "paired" },
		{ ACT_BODY, "bodies" }, { ACT_LEAVE, "left" },
		{ ACT_TRIM, "trimmed" },
	};
	struct buf out = { .max = 65536 };
	struct json j = { .out = &out };
	size_t i;

	report_progress(r, 0, true);
	say_orphans(r);
	if (idle_look(r, e))
		return;
	if (!r->dry_run && (trace_on(TRACE_DONE) ||
	    (r->draws && !r->json)))
		summary(r, boxes);
	if (!r->json)
		return;
	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "event", "summary");
	json_s(&j, "account", r->title);
	for (i = 0; i < sizeof keys / sizeof *keys; i++)
		json_int(&j, keys[i].key, (int64_t)r->count[keys[i].kind]);
	json_int(&j, "bytes", (int64_t)r->bytes);
	json_int(&j, "refused", (int64_t)r->refused);
	json_int(&j, "orphans", (int64_t)r->orphans);
	json_int(&j, "boxes", (int64_t)boxes);
	json_int(&j, "status", report_status(r, e));
	if (e->code != 0)
		json_s(&j, "error", e->msg);
	json_close(&j, '}');
	puts(out.p);
	buf_free(&out);
}
