/*
 * message.c: --message, --mbox: why a message was believed, or was not
 *
 * Messages are read while there is room, a bounded number of them and of bytes
 * of their headers; they are told in the order in which they stand.
 */
#include "message.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "clock.h"
#include "file.h"
#include "message_judge.h"
#include "message_keys.h"
#include "message_read.h"
#include "message_show.h"
#include "run.h"
#include "settings.h"
#include "stop.h"

enum { MANY = 64, FLUSH = 65536 };

/* Messages that are not told yet: those from told to begun, by number. */
struct reading {
	struct run *run;
	const struct message_set *set;
	struct message *open[MANY];
	struct message *spare[MANY];	/* for the next ones */
	unsigned spares;
	uint64_t begun, told;
	size_t held;		/* bytes of their headers */
	int status;
};

/* ---- one message */

static void
message_ended(struct message *m)
{
	m->done = true;
}

/* As far as the answers go. */
static void
message_go(struct message *m)
{
	if (m->ask.done == 0) {
		if (!message_judge(m))
			return;
		ask_done(&m->ask);
	}
	if (m->ask.pending == 0)
		m->ended(m);
}

static void
message_came(void *arg, unsigned ready)
{
	struct message *m = arg;

	if (ready != 0 || m->ask.pending == 0)
		message_go(m);
}

static struct message *
message_new(struct reading *r)
{
	struct message *m = r->spares > 0 ? r->spare[--r->spares] :
	    mem_new(1, sizeof *m);
	struct arena kept = m->arena;

	*m = (struct message){ .arena = kept, .set = r->set,
	    .ended = message_ended };
	m->mem = &m->arena;
	m->ask = (struct ask){ .dns = r->run->dns, .mem = m->mem,
	    .came = message_came, .arg = m };
	return m;
}

static void
message_free(struct reading *r, struct message *m)
{
	ask_free(&m->ask);
	dkim_header_free(&m->header);
	if (r->spares == MANY) {
		arena_free(&m->arena);
		free(m);
		return;
	}
	arena_reset(&m->arena);
	r->spare[r->spares++] = m;
}

static size_t
weight(const struct message *m)
{
	return m->header.n > 0 ? (size_t)(m->header.field[m->header.n - 1].text.p -
	    m->header.field[0].text.p) : 0;
}

/* ---- in order */

static int
status_of(enum message_verdict v)
{
	switch (v) {
	case MESSAGE_BELIEVED:
		return 0;
	case MESSAGE_NOT:
		return EX_DATAERR;
	case MESSAGE_UNKNOWN:
		break;
	}
	return EX_TEMPFAIL;
}

static void
message_tell(struct reading *r, struct message *m)
{
	struct buf *out = &r->run->out;

	if (r->run->set->show.json)
		message_json(m, out);
	else if (!r->run->set->show.quiet)
		message_text(m, out);
	r->status = fail_worse(r->status, status_of(m->verdict));
}

static int
write_out(struct run *run, struct err *e)
{
	if (run->out.over)
		return fail(e, EX_SOFTWARE, "a result is too long");
	if (run->out.n > 0 && file_write_lines(STDOUT_FILENO, run->out.p,
	    run->out.n, e) < 0)
		return fail_in(e, "standard output");
	run->out.n = 0;
	return 0;
}

/* Those that are done, up to the first that is not. */
static int
tell_done(struct reading *r, struct err *e)
{
	struct message *m;

	while (r->told < r->begun && (m = r->open[r->told % MANY])->done) {
		message_tell(r, m);
		r->held -= weight(m);
		r->told++;
		message_free(r, m);
		if (r->run->out.n >= FLUSH && write_out(r->run, e) < 0)
			return -1;
	}
	return 0;
}

/* Waits until there is room for another, or all are told. */
static int
make_room(struct reading *r, bool all, struct err *e)
{
	while (r->told < r->begun) {
		if (tell_done(r, e) < 0)
			return -1;
		if (r->told == r->begun || (!all &&
		    r->begun - r->told < MANY && r->held < 4 * MESSAGE_HEAD))
			break;
		if (write_out(r->run, e) < 0)
			return -1;
		dns_wait(r->run->dns, NULL, 0, CLOCK_NEVER);
		if (stop_asked())
			return fail_stop(e);
	}
	return 0;
}

static int
read_file(struct reading *r, int fd, const char *path, bool mbox,
    struct err *e)
{
	struct message_reader *in = message_open(fd, path, mbox);
	struct message *m = NULL;
	int got = 1;

	while (got > 0 && (got = make_room(r, false, e)) == 0) {
		m = message_new(r);
		if ((got = message_next(in, m, e)) <= 0)
			break;
		r->open[r->begun++ % MANY] = m;
		r->held += weight(m);
		if (m->broken != NULL) {
			m->verdict = MESSAGE_NOT;
			m->reason = m->broken;
			m->done = true;
		} else {
			message_go(m);
			/* What is cached is there at once, and m still warm. */
			dns_step(r->run->dns, 0);
		}
		m = NULL;
	}
	if (m != NULL)
		message_free(r, m);
	message_shut(in);
	return got;
}

/* What is open still is forgotten, without a call. */
static void
drop_open(struct reading *r)
{
	for (; r->told < r->begun; r->told++) {
		ask_free(&r->open[r->told % MANY]->ask);
		dkim_header_free(&r->open[r->told % MANY]->header);
		arena_free(&r->open[r->told % MANY]->arena);
		free(r->open[r->told % MANY]);
	}
	while (r->spares > 0) {
		arena_free(&r->spare[--r->spares]->arena);
		free(r->spare[r->spares]);
	}
	message_keys_free();
}

/* All of them, for in the sandbox nothing can be opened. */
static int
open_files(const struct opt_list *list, int *fd, struct err *e)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if ((fd[i] = file_open(list->v[i], e)) < 0)
			return -1;
	return 0;
}

/* A file that fails does not end the run: what is in the others is told. */
static void
read_files(struct reading *r, const struct opt_list *list, const int *fd,
    bool mbox, struct err *e)
{
	struct err one;
	size_t i;

	for (i = 0; i < list->n && !stop_asked(); i++) {
		one = (struct err){ 0 };
		if (read_file(r, fd[i], list->v[i], mbox, &one) < 0)
			fail_join(e, &one);
	}
}

int
message_run(struct run *run, const struct message_set *set, struct err *e)
{
	struct reading r = { .run = run, .set = set };
	size_t n = set->files.n;
	int *fd = mem_new(n + set->mboxes.n, sizeof *fd);

	run->out.max = 64 << 20;
	if (open_files(&set->files, fd, e) == 0 &&
	    open_files(&set->mboxes, fd + n, e) == 0) {
		box_enter(run);
		read_files(&r, &set->files, fd, false, e);
		read_files(&r, &set->mboxes, fd + n, true, e);
		if (!stop_asked())
			make_room(&r, true, e);
	}
	write_out(run, e);
	drop_open(&r);
	free(fd);
	return fail_worse(r.status, e->code);
}

/* ---- options */

static int
read_ip(struct message_border *b, struct arena *a, struct str s)
{
	unsigned char raw[16];
	const char *text = arena_dup(a, s);

	if (inet_pton(AF_INET, text, raw) == 1)
		b->ip = arena_str(a, (struct str){ (char *)raw, 4 });
	else if (inet_pton(AF_INET6, text, raw) == 1)
		b->ip = arena_str(a, (struct str){ (char *)raw, 16 });
	return b->ip.p != NULL ? 0 : -1;
}

int
message_check(struct message_set *set, struct arena *a, struct err *e)
{
	struct str rest = str_of(set->border), s;
	char name[DNS_NAMELEN];
	size_t i;

	for (i = 0; i < set->trust.n; i++)
		if (dns_name(set->trust.v[i], name) < 0)
			return fail(e, EX_USAGE, "--trust: \"%s\" is no name and no address of a host",
			    set->trust.v[i]);
	if (set->border == NULL)
		return 0;
	if (set->trust.n > 0)
		return fail(e, EX_USAGE, "--ip says where the border is: no --trust");
	if (read_ip(&set->given, a, str_cut(&rest, ',')) < 0)
		return fail(e, EX_USAGE, "--ip: \"%s\" is no address",
		    set->border);
	s = str_cut(&rest, ',');
	if (str_has(rest, ','))
		return fail(e, EX_USAGE, "--ip is IP,FROM,HELO: nothing behind that");
	if (s.p != NULL && s.n > 0)
		set->given.sender = str_eq(s, STR("<>")) ? "" : arena_dup(a, s);
	if (rest.n > 0)
		set->given.helo = arena_dup(a, rest);
	return 0;
}
