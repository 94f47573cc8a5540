/* migrate_show.c: what is said of a migration */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "json.h"
#include "migrate_run.h"
#include "migrate_show.h"

static void
end_line(struct json *j)
{
	json_close(j, '}');
	puts(j->out->p);
	buf_free(j->out);
}

static void
begin_line(struct json *j, const char *event)
{
	json_open(j, NULL, '{');
	json_int(j, "v", 1);
	json_s(j, "event", event);
}

void
migrate_problem(struct migrate *r, int code, const char *folder,
    const char *fmt, ...)
{
	struct buf out = { .max = 65536 };
	struct json j = { .out = &out };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->status = fail_worse(r->status, code);
	fail_print("%s%s%s", folder != NULL ? folder : "",
	    folder != NULL ? ": " : "", text);
	if (!r->o->like->json)
		return;
	begin_line(&j, "problem");
	json_int(&j, "status", code);
	json_s(&j, "box", folder);
	json_s(&j, "text", text);
	end_line(&j);
}

void
migrate_show_folder(const struct migrate *r, const struct migrate_folder *f)
{
	struct buf out = { .max = 65536 };
	struct json j = { .out = &out };
	char from[1100], to[1100];

	if (r->o->like->json) {
		begin_line(&j, "folder");
		json_s(&j, "box", f->from);
		json_s(&j, "to", f->to);
		json_int(&j, "copied", (int64_t)f->copied);
		end_line(&j);
	} else if (r->o->like->verbose > 0) {
		str_escape(from, sizeof from, str_of(f->from));
		str_escape(to, sizeof to, str_of(f->to));
		printf("%s -> %s: %" PRIu64 " copied\n", from, to, f->copied);
	}
}

/* Of a mailbox that counts, not copied since, and not said to be ignored. */
static bool
is_left(const struct migrate *r, const struct migrate_fail *f)
{
	const struct migrate_box *b = r->state.box[f->box];

	return f->is == MIGRATE_FAILED &&
	    migrate_state_named(&r->state, b->from) == b;
}

unsigned
migrate_show_left(const struct migrate *r)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < r->state.nfails; i++)
		n += is_left(r, &r->state.fail[i]);
	return n;
}

void
migrate_show_failed(const struct migrate *r)
{
	struct buf out = { .max = 65536 };
	struct json j = { .out = &out };
	const struct migrate_fail *f;
	char box[1100], why[1100];
	size_t i;

	for (i = 0; i < r->state.nfails; i++) {
		f = &r->state.fail[i];
		if (!is_left(r, f))
			continue;
		if (r->o->like->json) {
			j = (struct json){ .out = &out };
			begin_line(&j, "failed");
			json_int(&j, "id", f->id);
			json_s(&j, "box", r->state.box[f->box]->from);
			json_int(&j, "uid", f->uid);
			json_s(&j, "text", f->why);
			end_line(&j);
			continue;
		}
		str_escape(box, sizeof box,
		    str_of(r->state.box[f->box]->from));
		str_escape(why, sizeof why, str_of(f->why));
		printf("%u %s, UID %u: %s\n", f->id, box, f->uid, why);
	}
}

void
migrate_show_end(const struct migrate *r)
{
	const char *what = r->o->verb == MIGRATE_VERIFY ? "verified" :
	    "copied";
	struct buf out = { .max = 65536 };
	struct json j = { .out = &out };

	if (r->o->verb == MIGRATE_CHECK)
		return;
	if (r->o->like->json) {
		begin_line(&j, "end");
		json_int(&j, what, (int64_t)r->messages);
		json_int(&j, "bytes", (int64_t)r->bytes);
		json_int(&j, "deleted", (int64_t)r->deleted);
		json_int(&j, "failed", migrate_show_left(r));
		json_int(&j, "status", fail_worse(r->status, r->e->code));
		end_line(&j);
	} else if (!r->o->like->quiet && (r->messages + r->deleted > 0 ||
	    r->o->like->verbose > 0)) {
		printf("%" PRIu64 " messages %s", r->messages, what);
		if (r->bytes > 0)
			printf(", %" PRIu64 " bytes", r->bytes);
		if (r->deleted > 0)
			printf(", %" PRIu64 " deleted", r->deleted);
		putchar('\n');
	}
}
