/*
 * body_print.c: a message to standard output
 *
 * It is whole in a temporary file before its first byte is printed: an answer
 * that is cut prints nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "body_print.h"
#include "box.h"
#include "file.h"
#include "imap_box.h"
#include "imap_fetch.h"
#include "link.h"
#include "near_dir.h"
#include "stub.h"
#include "wire.h"

/* A message on the server. */
struct print {
	struct run *r;
	const char *box;
	uint64_t uidvalidity;
	uint32_t uid;
	uint64_t ident;		/* who it must be; 0: whoever it is */
	struct intake in;
	bool came, told;
};

static int
copy_out(struct run *r, int fd)
{
	char some[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = file_scan(fd, some, sizeof some, at, r->e)) > 0) {
		if (fwrite(some, 1, (size_t)n, stdout) != (size_t)n)
			return fail_sys(r->e, EX_IOERR, "standard output");
		at += n;
	}
	if (n == 0 && fflush(stdout) != 0)
		return fail_sys(r->e, EX_IOERR, "standard output");
	return n < 0 ? -1 : 0;
}

static int
print_told(struct print *p, int code, const char *why)
{
	if (!p->told)
		report_problem(&p->r->report, code, p->box, "message %u: %s",
		    p->uid, why);
	p->told = true;
	return 0;
}

static int
hear_message(struct print *p, struct imap_fetch *f)
{
	struct conn_sink sink = { intake_put, &p->in };
	int got;

	while ((got = imap_fetch_next(f)) > 0) {
		if (got == IMAP_FETCH_BODY && imap_fetch_body(f, &sink) < 0)
			return -1;
		p->came = p->came || got == IMAP_FETCH_END;
		if (got == IMAP_FETCH_REFUSED || got == IMAP_FETCH_LOST)
			print_told(p, EX_TEMPFAIL, f->got.renumbered ?
			    "its mailbox has other UIDs now" : f->m->text);
	}
	return got;
}

/* SELECT and FETCH leave together. */
static int
fetch_message(struct print *p)
{
	struct link *l = &p->r->link[0];
	struct box of = { .run = p->r, .name = p->box };
	struct imap_fetch f = { .m = &l->imap, .ahead = 2,
	    .bodies = IMAP_NO_FLAGS };
	unsigned char came = IMAP_CAME_NOT;
	struct imap_fetch_job job = { .uids = &p->uid, .n = 1,
	    .came = &came };
	int got;

	l->selected = NULL;
	imap_fetch_select(&f, link_ask_select(l, &of, true, NULL),
	    p->uidvalidity, &of);
	imap_fetch_ask(&f, &job);
	got = hear_message(p, &f);
	if (got == 0 && job.again) {
		imap_fetch_again(&f, &job);
		got = hear_message(p, &f);
	}
	imap_fetch_free(&f);
	return got;
}

static int
print_message(struct print *p)
{
	struct err *e = p->r->e;
	int fd = file_temp(e), got;

	if (fd < 0)
		return -1;
	intake_begin(&p->in, fd);
	got = fetch_message(p);
	if (got == 0)
		got = intake_end(&p->in, e);
	if (got == 0 && !p->came)
		print_told(p, EX_NOINPUT, "the server has no such message");
	else if (got == 0 && p->ident != 0 && p->in.ident != p->ident)
		print_told(p, EX_DATAERR, "the server has another message under its number");
	else if (got == 0)
		got = copy_out(p->r, fd);
	intake_free(&p->in);
	close(fd);
	return got;
}

int
body_print(struct box *b, uint32_t uid)
{
	struct print p = { .r = b->run, .box = b->name, .uid = uid,
	    .uidvalidity = b->far.seen.uidvalidity };
	const struct rec *rec = b->opened &&
	    b->state->mark.uidvalidity == p.uidvalidity ?
	    state_by_uid(b->state, uid) : NULL;
	struct near_msg *m = rec == NULL ? NULL : near_dir_find(b->near.dir,
	    str_of(state_name(b->state, rec)));
	struct err quiet = { 0 };
	int fd = m == NULL ? -1 : near_dir_read(b->near.dir, m, &quiet);
	int got = fd < 0 ? 1 : stub_is(fd, &quiet);

	if (got == 0)
		got = copy_out(b->run, fd);
	else {
		p.ident = rec != NULL ? rec->ident : 0;
		got = print_message(&p);
	}
	if (fd >= 0)
		close(fd);
	return got;
}

int
body_print_file(struct run *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), got;
	struct outgo o = { .wire = 0 };
	struct stub s;

	if (fd < 0) {
		fail_sys(r->e, EX_NOINPUT, "%s", path);
		return -1;
	}
	got = stub_read(fd, &s, &r->arena, r->e);
	if (got == 0)
		got = copy_out(r, fd);
	else if (got > 0 && s.host == NULL)
		got = fail(r->e, EX_DATAERR, "%s: a stub that does not say of which message",
		    path);
	else if (got > 0 && (got = outgo_head(&o, fd, r->e)) == 0) {
		struct print p = { .r = r, .box = s.box, .uid = s.uid,
		    .uidvalidity = s.uidvalidity, .ident = o.ident };

		got = print_message(&p);
	}
	close(fd);
	return got;
}
