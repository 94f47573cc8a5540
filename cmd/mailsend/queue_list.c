/* queue_list.c: what waits, shown, and taken out */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "queue_list.h"
#include "json.h"
#include "queue_accounts.h"
#include "queue_entry.h"

/* As people are shown it: one that is in doubt and stays is held. */
static const char *
fate_name(const struct run *run, enum queue_fate f)
{
	if ((f == QUEUE_MAYBE || f == QUEUE_TRYING) &&
	    run->options->queue.doubt == OPTION_DOUBT_HOLD)
		return "held";
	return queue_fate_names[f];
}

static void
list_time(char at[32], int64_t when)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(at, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(at, 32, "-");
}

static void
print_text(const struct run *run, const struct spool_entry *n,
    const struct queue_entry *q, const char *gone)
{
	char at[32], next[32], safe[2400];
	const struct smtp_rcpt *r;
	size_t i;

	list_time(at, q->queued);
	list_time(next, q->next);
	str_escape(safe, sizeof safe, str_of(q->mail.from));
	printf("%s %llu %s next %s from <%s>\n", n->id,
	    (unsigned long long)(n->bytes - q->head), at, next, safe);
	if (gone != NULL)
		printf("  %s\n", gone);
	for (i = 0; i < q->mail.n; i++) {
		r = &q->mail.rcpt[i];
		str_escape(safe, sizeof safe, str_of(r->addr));
		printf("  %s <%s>", fate_name(run, q->fate[i]), safe);
		if (r->reply.code != 0)
			printf(" %d%s%s", r->reply.code,
			    r->reply.status[0] != '\0' ? " " : "",
			    r->reply.status);
		str_escape(safe, sizeof safe, str_of(r->reply.text));
		printf("%s%s\n", safe[0] != '\0' ? " " : "", safe);
	}
}

static void
json_entry(struct json *j, const struct run *run, const struct spool_entry *n,
    const struct queue_entry *q)
{
	const struct smtp_rcpt *r;
	size_t i;

	json_int(j, "bytes", (int64_t)(n->bytes - q->head));
	json_s(j, "account", q->account);
	json_int(j, "queued_at", q->queued);
	json_int(j, "next", q->next);
	json_int(j, "tries", (int64_t)q->tries);
	json_s(j, "from", q->mail.from);
	json_open(j, "rcpts", '[');
	for (i = 0; i < q->mail.n; i++) {
		r = &q->mail.rcpt[i];
		json_open(j, NULL, '{');
		json_s(j, "addr", r->addr);
		json_s(j, "status", fate_name(run, q->fate[i]));
		json_int(j, "code", r->reply.code);
		json_s(j, "esc", r->reply.status);
		json_s(j, "text", r->reply.text);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void
print_json(const struct run *run, const struct spool_entry *n,
    const struct queue_entry *q, bool whole, const char *bad)
{
	struct buf b = { .max = 0 };
	struct json j = { .out = &b };
	const char *path = arena_printf(q->arena, "%s/%s/%s",
	    run->queue.spool.path, n->box, n->id);

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "id", n->id);
	json_s(&j, "path", path);
	json_int(&j, "uid", (int64_t)n->uid);
	if (whole)
		json_entry(&j, run, n, q);
	json_s(&j, "error", bad);
	json_close(&j, '}');
	printf("%s\n", b.p);
	buf_free(&b);
}

/* The exit status of showing one; *shown counts those that are messages. */
static int
show(const struct run *run, const struct spool_entry *n, size_t *shown)
{
	struct arena mem = { 0 };
	struct queue_entry q = { .arena = &mem, .bare = true };
	struct err e = { 0 };
	const char *gone = NULL;
	struct spool_item i;
	int got = spool_look(&i, &run->queue.spool, n, &e);

	if (got > 0) {
		if (queue_entry_read(&q, &i, &e) < 0)
			got = -1;
		else if (run->queue.spool.ours)	/* else its owner's counts */
			gone = queue_account_gone(run, &q);
		spool_close(&i);
	}
	if (got != 0 && run->account.json)
		print_json(run, n, &q, got > 0, got < 0 ? e.msg : gone);
	else if (got > 0)
		print_text(run, n, &q, gone);
	else
		fail_tell(&e, NULL);
	*shown += got > 0;
	arena_free(&mem);
	return e.code;
}

int
queue_list(struct run *run, struct err *e)
{
	struct spool_list all = { 0 };
	size_t i, n = 0;
	int worst = 0;

	if (run->queue.spool.there &&
	    spool_find(&all, &run->queue.spool, e) < 0)
		return e->code;
	for (i = 0; i < all.n; i++)
		worst = fail_worse(worst, show(run, &all.v[i], &n));
	if (run->account.json)
		return worst;
	if (n == 0)
		printf("Mail queue is empty\n");
	else
		printf("%zu message%s\n", n, n == 1 ? "" : "s");
	return worst;
}

/* "ID", or "UID/ID" where two users chose the same. */
static const struct spool_entry *
find_id(const struct spool_list *all, const char *arg, struct err *e)
{
	const char *slash = strrchr(arg, '/');
	const struct spool_entry *n, *found = NULL;
	size_t i;

	for (i = 0; i < all->n; i++) {
		n = &all->v[i];
		if (strcmp(n->id, slash != NULL ? slash + 1 : arg) != 0 ||
		    (slash != NULL && !str_eq(str_of(n->box),
		    (struct str){ arg, (size_t)(slash - arg) })))
			continue;
		if (found != NULL) {
			fail(e, EX_USAGE, "%s: two have that id: %s/%s, %s/%s",
			    arg, found->box, arg, n->box, arg);
			return NULL;
		}
		found = n;
	}
	if (found == NULL)
		fail(e, EX_NOINPUT, "%s: there is no such message", arg);
	return found;
}

static int
remove_one(const struct run *run, const struct spool_list *all,
    const char *id, struct err *e)
{
	struct spool_item item;
	const struct spool_entry *n = find_id(all, id, e);
	int got;

	if (n == NULL)
		return -1;
	got = spool_take(&item, &run->queue.spool, n, e);
	if (got == 0)
		return fail(e, EX_TEMPFAIL, "%s: it is being sent", id);
	if (got < 0)
		return -1;
	got = spool_remove(&item, e);
	spool_close(&item);
	return got;
}

int
queue_remove(struct run *run, struct err *e)
{
	const struct opt_list *ids = &run->options->queue.remove;
	struct spool_list all = { 0 };
	struct err why;
	size_t i;
	int worst = 0;

	if (run->queue.spool.there &&
	    spool_find(&all, &run->queue.spool, e) < 0)
		return e->code;
	for (i = 0; i < ids->n; i++) {
		why = (struct err){ 0 };
		remove_one(run, &all, ids->v[i], &why);
		fail_tell(&why, "--queue-remove");
		worst = fail_worse(worst, why.code);
	}
	return worst;
}
