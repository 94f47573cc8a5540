/* save_imap.c: a copy of what was sent in a folder of an IMAP server */
#include <stdlib.h>

#include "clock.h"
#include "imap_append.h"
#include "imap_box.h"
#include "save_imap.h"

/* Milliseconds until a server is asked again that was not reached. */
enum { LATER = 60000 };

int
save_imap_open(struct save_imap *k, const char *said, struct err *e)
{
	struct dest_name name;

	k->said = said;
	if (dest_parse(&name, &k->mem, said, &k->conf, e) < 0)
		return -1;
	k->folder = name.folder;
	if (dest_find(&k->dest, &k->conf, name.server, e) == NULL)
		return -1;
	k->dest->account.role = ACCOUNT_BESIDE;
	pthread_mutex_init(&k->lock, NULL);
	return 0;
}

/* ---- the folder ---- */

/* Of RFC 6154. */
static int
find_sent(struct save_imap *k)
{
	struct imap *m = &k->dest->imap;
	unsigned tag = imap_ask_list(m, "*", IMAP_LIST_NAMES);
	struct imap_resp r;
	size_t lines = 0;

	conn_phase(m->c, "LIST", CONN_BODY);
	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type != IMAP_LIST)
			continue;
		if (imap_list_bound(m, ++lines, 0) < 0)
			return -1;
		if (k->folder == NULL && !r.bad_name &&
		    imap_nameable(r.name) && imap_selectable(r.flags) &&
		    imap_has_flag(r.flags, "\\Sent"))
			k->folder = arena_dup(&k->mem, r.name);
	} while (!imap_done(&r, tag));
	if (r.type != IMAP_OK)
		return conn_fail(m->c, EX_UNAVAILABLE, "LIST: %s", m->text);
	return k->folder != NULL ? 0 : conn_fail(m->c, EX_UNAVAILABLE,
	    "no folder is marked as \\Sent there: %s/FOLDER names one",
	    k->dest->name);
}

static int
reach(struct save_imap *k)
{
	if (k->many)
		session_again(&k->dest->session);
	if (dest_open(k->dest, &k->conf, &k->err) < 0)
		return -1;
	if (k->folder == NULL && find_sent(k) < 0)
		return -1;
	return dest_select(k->dest, k->folder, false);
}

/* ---- there it goes ---- */

static int
put_message(struct save_imap *k, const struct msg *msg)
{
	struct imap *m = &k->dest->imap;
	struct msg_reader *r = mem_new(1, sizeof *r);
	char *some = mem_new(1, 65536);
	ssize_t n;
	int got = 0;

	msg_start(r, msg);
	while ((n = msg_read(r, some, 65536, &k->err)) > 0)
		if ((got = imap_append_put(m, some, (size_t)n, &k->err)) < 0)
			break;
	free(some);
	free(r);
	return n < 0 ? imap_append_abort(m, "the message cannot be read") :
	    got;
}

/* 0 stored, 1 refused, with m->text; -1. */
static int
append(struct save_imap *k, const struct msg *msg)
{
	struct imap *m = &k->dest->imap;
	struct imap_append head = { .flags = "\\Seen", .size = msg->size,
	    .binary = msg->nul };
	int got;

	if (imap_append_begin(m, str_of(k->folder)) < 0 ||
	    (got = imap_append_one(m, &head)) < 0)
		return -1;
	if (got == 0)
		return 1;
	return put_message(k, msg) < 0 ? -1 :
	    imap_wait(m, imap_append_end(m));
}

/* What the server will not have, by what it says of itself; or NULL. */
static const char *
unfit(const struct imap *m, const struct msg *msg)
{
	if (msg->nul && (m->caps & IMAP_BINARY) == 0)
		return "it has a NUL, and the server takes none";
	if (m->appendlimit > 0 && msg->size > m->appendlimit)
		return "it is larger than the server takes (APPENDLIMIT)";
	return NULL;
}

/* 0 it is there, 1 it will not be, -1 nobody knows. */
static int
store(struct save_imap *k, const struct letter *l)
{
	struct imap *m = &k->dest->imap;
	const char *why;
	int got;

	fail_clear(&k->err);
	if (reach(k) < 0) {
		k->later = clock_ms() + LATER;
		return 1;
	}
	if ((why = unfit(m, &l->msg)) != NULL)
		return fail(&k->err, EX_DATAERR, "%s", why), 1;
	conn_last(m->c, true);
	got = append(k, &l->msg);
	if (got >= 0)
		conn_last(m->c, false);
	if (got > 0)
		fail(&k->err, EX_UNAVAILABLE, "%s: %s", k->folder, m->text);
	return got;
}

int
save_imap_store(struct save_imap *k, const struct letter *l, struct err *e)
{
	int got = 1;

	pthread_mutex_lock(&k->lock);
	if (k->later == 0 || clock_ms() >= k->later)
		got = store(k, l);
	if (got == 0)
		k->later = 0;
	else
		fail(e, k->err.code, "%s%s", got < 0 ?
		    "it may be there, its answer was lost: " : "", k->err.msg);
	if (got != 0)
		dest_hang_up(k->dest);
	pthread_mutex_unlock(&k->lock);
	return got == 0 ? 0 : -1;
}

void
save_imap_close(struct save_imap *k)
{
	dest_free(k->dest);
	arena_free(&k->mem);
	pthread_mutex_destroy(&k->lock);
}
