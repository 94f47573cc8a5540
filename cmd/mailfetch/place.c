/*
 * place.c: where messages go: Maildir, mbox, command, LMTP, stdout
 */
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conn_open.h"
#include "conn_tls.h"
#include "errand.h"
#include "field.h"
#include "file.h"
#include "hand.h"
#include "json.h"
#include "mime.h"
#include "os.h"
#include "place.h"
#include "place_exec.h"
#include "process.h"
#include "stop.h"
#include "trace.h"
#include "turn.h"

enum { LOCKED = 30 };		/* seconds to wait for an mbox */

/* ---- what --deliver says ---- */

/*
 * As for the server that is fetched from, but for who it and we are.  One for
 * all places and passes: behind the sandbox no file could be read for another.
 */
static int
lmtp_tls(struct place *p, struct handed *h)
{
	struct tls_conf *f = &h->p->lmtp_conf;

	if (h->p->lmtp_tls == NULL) {
		account_tls_conf(&h->o->account, f);
		f->pins = NULL;
		f->npins = 0;
		f->cert = f->key = NULL;
		f->insecure = false;
		h->p->lmtp_tls = tls_ctx_new(f, h->e);
	}
	p->conf.tls = h->p->lmtp_tls;
	return p->conf.tls != NULL ? 0 : -1;
}

static int
parse_path(struct place *p, const char *rest, struct handed *h)
{
	p->name = file_path(h->arena, rest);
	return 0;
}


static int
parse_lmtp(struct place *p, const char *rest, struct handed *h)
{
	char *url = arena_printf(h->arena, "lmtp:%s%s", rest[0] == '/' ? "" :
	    "//", rest);

	if (h->o->to.rcpt.n == 0)
		return fail(h->e, EX_USAGE, "--deliver lmtp: needs --rcpt ADDR");
	if (account_url(&p->server, h->arena, url, "lmtp", h->e) < 0)
		return fail_in(h->e, "--deliver");
	p->conf = (struct conn_conf){ .host = p->server.host,
	    .port = p->server.port, .path = p->server.path };
	p->smtp_conf = (struct smtp_conf){ .lmtp = true,
	    .tls = p->server.path != NULL || h->o->to.deliver_plain ?
	    CONN_TLS_OFF : CONN_TLS_STARTTLS };
	return p->smtp_conf.tls == CONN_TLS_OFF ? 0 : lmtp_tls(p, h);
}

/* ---- mbox ---- */

/* The length before the batch that a crash interrupted, if one did. */
static struct entry *
interrupted(struct place *p, struct handed *h)
{
	size_t i;

	for (i = 0; i < h->state->n; i++)
		if (h->state->v[i].kind == STATE_LENGTH &&
		    h->state->v[i].key.a == p->key.a)
			return &h->state->v[i];
	return NULL;
}

static int
recover(struct place *p, struct handed *h)
{
	struct entry *at = interrupted(p, h);
	struct key k;
	int got;

	if (at == NULL)
		return 0;
	k = at->key;
	if (mbox_open(&p->mbox, p->name, LOCKED, h->e) < 0)
		return -1;
	got = mbox_recover(&p->mbox, k.b, h->e);
	mbox_close(&p->mbox);
	if (got < 0)
		return -1;
	if (got == 0)
		fail_say("%s: a delivery was interrupted at byte %llu, and somebody else has written behind it: some messages may be there twice, the last of ours may be cut",
		    p->name,
		    (unsigned long long)k.b);
	return state_drop(h->state, k, STATE_LENGTH, h->e);
}

static int
begin_mbox(struct place *p, struct handed *h)
{
	struct key k;

	if (mbox_open(&p->mbox, p->name, LOCKED, h->e) < 0)
		return -1;
	k = (struct key){ p->key.a, p->mbox.start };
	if (state_put(h->state, STATE_LENGTH, k, 0, h->e) < 0 ||
	    state_sync(h->state, h->e) < 0)
		return -1;
	p->begun = true;
	return 0;
}

/*
 * The message in pieces that end behind a line end (or are long), for
 * quoting.
 */
static int
pieces(struct handed *h, int (*each)(void *, struct str, struct err *),
    void *to)
{
	char *some = mem_new(1, 65536);
	off_t at = 0;
	ssize_t n;
	const char *eol;

	while ((n = file_pread(h->file, some, 65536, at, h->e)) > 0) {
		eol = n == 65536 ? os_last(some, '\n', (size_t)n) : NULL;
		if (eol != NULL)
			n = eol - some + 1;
		if (each(to, (struct str){ some, (size_t)n }, h->e) < 0)
			n = -1;
		if (n < 0)
			break;
		at += n;
	}
	free(some);
	return n < 0 ? -1 : 0;
}

static int
put_mbox(void *to, struct str s, struct err *e)
{
	return mbox_put(to, s, e);
}

static int
give_mbox(struct place *p, struct handed *h)
{
	uint64_t before;

	if (!p->begun && begin_mbox(p, h) < 0)
		return -1;
	before = p->mbox.length;
	if (mbox_begin(&p->mbox, h->now.date > 0 ? h->now.date :
	    clock_wall(), h->e) == 0 && pieces(h, put_mbox, &p->mbox) == 0 &&
	    mbox_end(&p->mbox, h->e) == 0)
		return 0;
	mbox_back(&p->mbox, before);
	return -1;
}

static int
open_mbox(struct place *p, struct handed *h)
{
	struct mbox probe;

	if (recover(p, h) < 0 ||
	    mbox_open(&probe, p->name, LOCKED, h->e) < 0)
		return -1;
	mbox_close(&probe);
	return 0;
}

static void
box_mbox(const struct place *p, struct sandbox *box)
{
	mbox_box(p->name, box);
}

static int
sync_mbox(struct place *p, struct handed *h)
{
	return p->begun ? mbox_sync(&p->mbox, h->e) : 0;
}

/* The length that the file had before is needed no more. */
static int
record_mbox(struct place *p, struct handed *h)
{
	return p->begun ? state_drop(h->state, (struct key){ p->key.a,
	    p->mbox.start }, STATE_LENGTH, h->e) : 0;
}

/* It stays locked until it is on the disk that the batch is in it. */
static int
release_mbox(struct place *p, struct handed *h)
{
	int got;

	if (!p->begun)
		return 0;
	p->begun = false;
	got = state_sync(h->state, h->e);
	mbox_close(&p->mbox);
	return got;
}

static void
close_mbox(struct place *p, struct handed *h)
{
	struct err e = { 0 };

	if (p->begun) {
		mbox_back(&p->mbox, p->mbox.start);
		if (mbox_sync(&p->mbox, &e) == 0)
			record_mbox(p, &(struct handed){ .state = h->state,
			    .e = &e });
	}
	p->begun = false;
	mbox_close(&p->mbox);
}

/* ---- LMTP ---- */

static int
connect_lmtp(struct place *p, struct handed *h)
{
	if (p->conn != NULL && !conn_deaf(p->conn))
		return 0;
	conn_close(p->conn);
	p->conn = conn_open(&p->conf, h->e);
	if (p->conn == NULL)
		return -1;
	return smtp_open(&p->smtp, p->conn, &p->smtp_conf);
}

static struct key
rcpt_key(struct handed *h, const char *addr)
{
	return state_mix(state_mix(h->now.key, STR("rcpt")), str_of(addr));
}

/* Who has it already is not asked again. */
static size_t
recipients(struct handed *h, struct smtp_rcpt *rcpt)
{
	size_t i, n = 0;

	for (i = 0; i < h->o->to.rcpt.n; i++)
		if (state_find(h->state, rcpt_key(h, h->o->to.rcpt.v[i]),
		    STATE_DONE) == NULL)
			rcpt[n++] = (struct smtp_rcpt){
			    .addr = h->o->to.rcpt.v[i], .params = "" };
	return n;
}

static int
settle(struct place *p, struct handed *h, struct smtp_mail *m)
{
	uint32_t today = state_today();
	int *status = &h->count->status;
	bool open = false, sent = false, unknown = false;
	size_t i;

	for (i = 0; i < m->n; i++) {
		sent |= m->rcpt[i].state == SMTP_SENT;
		unknown |= m->rcpt[i].state == SMTP_UNKNOWN;
		open |= m->rcpt[i].state != SMTP_SENT;
		if (m->rcpt[i].state == SMTP_UNKNOWN)
			fail_say("lmtp %s: <%s>: may have been accepted, and stays on the server",
			    p->name, m->rcpt[i].addr);
		else if (m->rcpt[i].state != SMTP_SENT)
			fail_say("lmtp %s: <%s>: %d %s", p->name,
			    m->rcpt[i].addr, m->rcpt[i].reply.code,
			    m->rcpt[i].reply.text);
		if (m->rcpt[i].state == SMTP_REFUSED)
			*status = fail_worse(*status, EX_NOUSER);
		else if (m->rcpt[i].state != SMTP_SENT)
			*status = fail_worse(*status, EX_TEMPFAIL);
	}
	if (!open)
		return 0;
	for (i = 0; i < m->n && sent; i++)
		if (m->rcpt[i].state == SMTP_SENT && state_put(h->state,
		    STATE_DONE, rcpt_key(h, m->rcpt[i].addr), today,
		    h->e) < 0)
			return -1;
	return unknown ? 1 : hand_certain(p, h);
}

static int
send_lmtp(struct place *p, struct handed *h, struct msg *m, struct arena *a)
{
	struct smtp_rcpt *rcpt = arena_new(a, h->o->to.rcpt.n, sizeof *rcpt);
	struct smtp_mail mail = { .from = h->o->to.rcpt_from != NULL ?
	    h->o->to.rcpt_from : "", .params = "", .rcpt = rcpt, .msg = m };
	struct msg raw = *m;
	struct err *was = h->e;
	int got;

	if (raw.odd || (raw.eight && (p->smtp.caps & SMTP_8BITMIME) == 0)) {
		if (mime_downgrade(&raw, m, a, h->e) < 0)
			return -1;
	}
	mail.n = recipients(h, rcpt);
	if (mail.n == 0)
		return 0;
	if (hand_doubt(p, h) < 0)
		return -1;
	got = smtp_send(&p->smtp, &mail);
	if (settle(p, h, &mail) == 0)
		return 0;
	return got < 0 || was->code != 0 ? -1 : 1;
}

static int
give_lmtp(struct place *p, struct handed *h)
{
	struct arena a = { 0 };
	struct msg m = { 0 };
	int fd, got = -1;

	if (connect_lmtp(p, h) < 0 || (fd = hand_file(h)) < 0)
		return -1;
	if (msg_scan(&m, &a, fd, MSG_ODD, h->e) == 0)
		got = send_lmtp(p, h, &m, &a);
	msg_close(&m);
	arena_free(&a);
	close(fd);
	return got;
}

static void
box_lmtp(const struct place *p, struct sandbox *box)
{
	tls_ctx_reads(p->conf.tls, box);
	errand_path(p->server.path);
	errand_host(p->server.host);
	if (p->server.path == NULL)
		sandbox_port(box, p->server.port);
}

static void
close_lmtp(struct place *p, struct handed *h)
{
	(void)h;
	if (p->conn != NULL) {
		smtp_quit(&p->smtp);
		conn_close(p->conn);
	}
	p->conn = NULL;
}

/* ---- standard output ---- */

/* It is said here, and not once more at the end of the program. */
static int
unwritable(struct err *e)
{
	int error = errno;

	__fpurge(stdout);
	clearerr(stdout);
	errno = error;
	return stop_asked() ? fail_stop(e) : fail_sys(e, EX_IOERR,
	    "standard output");
}

static int
put_raw(void *to, struct str s, struct err *e)
{
	(void)to;
	return fwrite(s.p, 1, s.n, stdout) == s.n ? 0 : unwritable(e);
}

static int
put_quoted(void *to, struct str s, struct err *e)
{
	struct buf b = { .max = 1 << 18 };
	int got;

	mbox_quote(&b, s, to);
	got = put_raw(NULL, BUF_STR(b), e);
	buf_free(&b);
	return got;
}

/* The header, or as much of it as there is in the first 64 KB. */
static int
head_of(struct handed *h, struct buf *to)
{
	char *some = mem_new(1, 65536);
	ssize_t n = file_pread(h->file, some, 65536, 0, h->e);
	const char *end = n > 0 ? memmem(some, (size_t)n, "\n\n", 2) : NULL;

	if (n > 0)
		buf_put(to, some, end != NULL ? (size_t)(end - some) + 1 :
		    (size_t)n);
	free(some);
	return n < 0 ? -1 : 0;
}

static void
json_message(struct handed *h, struct str head)
{
	struct buf b = { .max = 1 << 20 };
	struct json j = { .out = &b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "account", h->o->title);
	if (h->now.folder != NULL)
		json_s(&j, "folder", h->now.folder);
	if (h->now.id != NULL)
		json_s(&j, "uidl", h->now.id);
	else
		json_int(&j, "uid", h->now.number);
	json_int(&j, "size", (int64_t)h->size);
	field_json(&j, "date", head, "Date");
	field_json(&j, "from", head, "From");
	field_json(&j, "subject", head, "Subject");
	json_s(&j, "file", h->name);
	json_close(&j, '}');
	puts(b.p);
	buf_free(&b);
}

static int
write_stdout(struct handed *h)
{
	const char *format = h->o->to.format;
	struct buf head = { .max = 65536 };
	bool begins = true;
	char from[128];
	int got;

	if (format != NULL && strcmp(format, "json") == 0) {
		if ((got = head_of(h, &head)) == 0)
			json_message(h, BUF_STR(head));
		buf_free(&head);
	} else if (format != NULL && strcmp(format, "raw") == 0) {
		got = pieces(h, put_raw, NULL);
	} else {
		mbox_from(from, h->now.date > 0 ? h->now.date :
		    clock_wall());
		fputs(from, stdout);
		got = pieces(h, put_quoted, &begins);
		if (got == 0)
			fputs(begins ? "\n" : "\n\n", stdout);
	}
	if (got == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return unwritable(h->e);
	return got;
}

static int
give_stdout(struct place *p, struct handed *h)
{
	int got;

	(void)p;
	turn_take(h->p->turn);
	got = stop_asked() ? fail_stop(h->e) : write_stdout(h);
	turn_give(h->p->turn);
	return got;
}

/* ---- Maildir ---- */

/* Who has another state file may be at the same message. */
static int
open_maildir(struct place *p, struct handed *h)
{
	struct key k = state_digest("state", str_of(h->state->path));

	if (maildir_open(&p->maildir, p->name, h->o->to.create, h->e) < 0)
		return -1;
	snprintf(p->maildir.mine, sizeof p->maildir.mine, ".%08x",
	    (unsigned)k.a);
	return 0;
}

static void
box_maildir(const struct place *p, struct sandbox *box)
{
	sandbox_path(box, p->name, SANDBOX_WRITE);
}

static int
sync_maildir(struct place *p, struct handed *h)
{
	return maildir_sync(&p->maildir, h->e);
}

static int
settle_maildir(struct place *p, struct handed *h)
{
	return maildir_settle(&p->maildir, h->e);
}

static void
close_maildir(struct place *p, struct handed *h)
{
	(void)h;
	maildir_close(&p->maildir);
}

/* ---- all of them ---- */

static const struct place_kind {
	const char *name;
	const char *also;	/* another name for it, or NULL */
	bool bare;		/* it is all there is to say */
	bool files;
	bool doubtful;
	bool single;
	size_t temps;
	/* each of these, of place_..., may be NULL: nothing is to be done */
	int (*parse)(struct place *, const char *rest, struct handed *);
	int (*open)(struct place *, struct handed *);
	void (*box)(const struct place *, struct sandbox *);
	int (*give)(struct place *, struct handed *);
	int (*sync)(struct place *, struct handed *);
	int (*settle)(struct place *, struct handed *);
	int (*record)(struct place *, struct handed *);
	int (*release)(struct place *, struct handed *);
	void (*close)(struct place *, struct handed *);
} kinds[] = {
	{ .name = "maildir", .files = true, .parse = parse_path,
	    .open = open_maildir, .box = box_maildir, .sync = sync_maildir,
	    .settle = settle_maildir, .close = close_maildir },
	{ .name = "mbox", .parse = parse_path, .open = open_mbox,
	    .box = box_mbox, .give = give_mbox, .sync = sync_mbox,
	    .record = record_mbox, .release = release_mbox,
	    .close = close_mbox },
	{ .name = "exec", .also = "mda", .doubtful = true, .single = true,
	    .parse = place_exec_parse, .box = place_exec_box, .give = place_exec_give,
	    .record = hand_sure },
	{ .name = "lmtp", .doubtful = true, .single = true, .temps = 1,
	    .parse = parse_lmtp, .box = box_lmtp, .give = give_lmtp,
	    .record = hand_sure, .close = close_lmtp },
	{ .name = "stdout", .bare = true, .single = true,
	    .give = give_stdout },
};

static const struct place_kind *
kind_of(struct str name, bool bare)
{
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].bare == bare && (str_is(name, kinds[i].name) ||
		    (kinds[i].also != NULL && str_is(name, kinds[i].also))))
			return &kinds[i];
	return NULL;
}

int
place_parse(struct place *p, const char *spec, struct handed *h)
{
	struct str rest = str_of(spec), name = str_cut(&rest, ':');

	*p = (struct place){ .name = spec, .mbox = { .fd = -1 },
	    .maildir = { .top = -1, .tmp = -1, .fresh = -1, .cur = -1 },
	    .key = state_digest("place", str_of(spec)) };
	p->kind = kind_of(name, rest.p == NULL);
	if (p->kind != NULL && p->kind->bare)
		return 0;
	if (rest.n == 0)
		return fail(h->e, EX_USAGE, "--deliver is maildir:DIR, mbox:FILE, exec:CMD, lmtp:HOST:PORT, lmtp:/PATH or stdout");
	if (p->kind == NULL)
		return fail(h->e, EX_USAGE, "--deliver %s: no such place", spec);
	p->name = rest.p;
	return p->kind->parse(p, rest.p, h);
}

bool
place_files(const struct place *p)
{
	return p->kind->files;
}

bool
place_doubtful(const struct place *p)
{
	return p->kind->doubtful;
}

bool
place_single(const struct place *p)
{
	return p->kind->single;
}

size_t
place_temps(const struct place *p)
{
	return p->kind->temps;
}

int
place_open(struct place *p, struct handed *h)
{
	return p->kind->open != NULL ? p->kind->open(p, h) : 0;
}

void
place_box(const struct place *p, struct sandbox *box)
{
	if (p->kind->box != NULL)
		p->kind->box(p, box);
}

int
place_give(struct place *p, struct handed *h)
{
	return p->kind->give != NULL ? p->kind->give(p, h) : 0;
}

int
place_sync(struct place *p, struct handed *h)
{
	return p->kind->sync != NULL ? p->kind->sync(p, h) : 0;
}

int
place_settle(struct place *p, struct handed *h)
{
	return p->kind->settle != NULL ? p->kind->settle(p, h) : 0;
}

int
place_record(struct place *p, struct handed *h)
{
	return p->kind->record != NULL ? p->kind->record(p, h) : 0;
}

int
place_release(struct place *p, struct handed *h)
{
	return p->kind->release != NULL ? p->kind->release(p, h) : 0;
}

/* Of one that could not be parsed nothing is open. */
void
place_close(struct place *p, struct handed *h)
{
	if (p->kind != NULL && p->kind->close != NULL)
		p->kind->close(p, h);
}
