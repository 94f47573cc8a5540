/* batch_tell.c: the results of a batch, a line of JSON for each recipient */
#include <unistd.h>

#include "batch_tell.h"
#include "file.h"
#include "json.h"
#include "report.h"

static void
tell_begin(struct batch_tell *t, struct json *j, const char *addr,
    const char *status)
{
	*j = (struct json){ .out = &t->out };
	json_open(j, NULL, '{');
	json_int(j, "v", 1);
	json_int(j, "n", (int64_t)t->item->n);
	json_s(j, "key", t->item->key);
	if (t->item->id != NULL)
		json_s(j, "id", t->item->id);
	json_s(j, "message_id", t->id);
	json_s(j, "addr", addr);
	json_s(j, "status", status);
}

static void
tell_end(struct batch_tell *t, struct json *j)
{
	json_close(j, '}');
	buf_c(&t->out, '\n');
}

void
batch_tell_rcpt(struct batch_tell *t, const struct smtp_rcpt *r,
    const struct err *why)
{
	struct json j;

	tell_begin(t, &j, r->addr, report_state(r->state));
	report_reply(&j, r);
	if (r->reply.code == 0 && why->code != 0)
		json_s(&j, "error", why->msg);
	tell_end(t, &j);
}

void
batch_tell_word(struct batch_tell *t, const char *addr, const char *word)
{
	struct json j;

	tell_begin(t, &j, addr, word);
	tell_end(t, &j);
}

void
batch_tell_fault(struct batch_tell *t, const struct err *e)
{
	struct json j;

	tell_begin(t, &j, NULL, "failed");
	json_s(&j, "error", e->msg);
	tell_end(t, &j);
	t->status = fail_worse(t->status, e->code);
}

int
batch_tell_out(struct batch_tell *t, bool *torn, struct err *e)
{
	int got = 0;

	if (t->out.n > 0 && *torn)
		got = file_write(STDOUT_FILENO, "\n", 1, e);
	if (t->out.n > 0 && got == 0) {
		*torn = false;
		got = file_write_lines(STDOUT_FILENO, t->out.p, t->out.n, e);
	}
	buf_free(&t->out);
	return got < 0 ? fail_in(e, "standard output") : 0;
}
