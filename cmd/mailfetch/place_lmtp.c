/* place_lmtp.c: --deliver lmtp:HOST:PORT, lmtp:/PATH, smtp://127.0.0.1:PORT */
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "account_url.h"
#include "about.h"
#include "conn_open.h"
#include "conn_tls.h"
#include "errand.h"
#include "hand.h"
#include "mime.h"
#include "net.h"
#include "place_kind.h"
#include "process.h"
#include "smtp_mail.h"
#include "stop.h"
#include "tally.h"

enum { LOST = 5 };			/* connections, in a row */

/* As place_give says it; or once more. */
enum { GIVE_TAKEN = 0, GIVE_LEFT = 1, GIVE_AGAIN = 2 };

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
set_up(struct place *p, bool lmtp, struct handed *h)
{
	p->conf = (struct conn_conf){ .host = p->server.host,
	    .port = p->server.port, .path = p->server.path };
	p->smtp_conf = (struct smtp_conf){ .lmtp = lmtp,
	    .tls = p->server.path != NULL ||
	    h->o->to.deliver_tls == DELIVER_TLS_OFF ?
	    CONN_TLS_OFF : CONN_TLS_STARTTLS };
	return p->smtp_conf.tls == CONN_TLS_OFF ? 0 : lmtp_tls(p, h);
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
	return set_up(p, true, h);
}

/*
 * Where a message may be sent on from is not known to who fetched it, so only
 * this machine's own server gets it, and what localhost is no DNS decides.
 */
static int
parse_smtp(struct place *p, const char *rest, struct handed *h)
{
	static const char *const here[] = { "127.0.0.1", "::1", "localhost" };
	struct str at = str_of(rest), host = { 0 };
	size_t i;

	if (h->o->to.rcpt.n == 0)
		return fail(h->e, EX_USAGE, "--deliver smtp: needs --rcpt ADDR");
	if (str_starts(at, "//"))
		at = str_from(at, 2);
	if (net_hostport(at, &host, &p->server.port, h->e) < 0)
		return fail_in(h->e, "--deliver");
	for (i = 0; i < sizeof here / sizeof *here; i++)
		if (str_is(host, here[i]))
			p->server.host = here[i];
	if (p->server.host == NULL)
		return fail(h->e, EX_USAGE, "--deliver smtp: is for smtp://127.0.0.1, smtp://[::1] and smtp://localhost alone: others would be sent mail that they may bounce");
	p->server.scheme = ACCOUNT_SMTP;
	if (p->server.port == 0)
		p->server.port = 25;
	if (set_up(p, false, h) < 0)
		return -1;
	if (str_is(host, "localhost"))
		p->conf.dial_host = here[0];
	return 0;
}

/* A failure that is not the server's. */
static bool
is_ours(int code)
{
	return code == EX_IOERR || code == EX_OSERR || code == EX_SOFTWARE ||
	    code == EX_CANTCREAT;
}

static void
hang_up_lmtp(struct place *p)
{
	conn_close(p->conn);
	p->conn = NULL;
	fail_clear(&p->broke);
}

/* Where nobody answers, no message can be given: that ends the run. */
static int
connect_lmtp(struct place *p, struct handed *h)
{
	if (p->conn != NULL && !conn_failed(p->conn) &&
	    !conn_write_closed(p->conn))
		return 0;
	hang_up_lmtp(p);
	p->conn = conn_open(&p->conf, &p->broke);
	if (p->conn != NULL &&
	    smtp_open(&p->smtp, p->conn, &p->smtp_conf) == 0)
		return 0;
	return fail(h->e, p->broke.code, "%s", p->broke.msg);
}

/* As version 1 of the state has it. */
static struct key
old_key(struct handed *h, const char *addr)
{
	return state_mix(state_mix(h->now.key, STR("rcpt")), str_of(addr));
}

/* Of this place alone: another may have the headers, or another server. */
static struct key
rcpt_key(const struct place *p, struct handed *h, const char *addr)
{
	struct key k = hand_key(p, h->now.key);

	k.b = state_mix(state_mix(k, STR("rcpt")), str_of(addr)).b;
	return k;
}

static bool
recipient_has(const struct place *p, struct handed *h, const char *addr)
{
	return state_find(h->state, rcpt_key(p, h, addr), STATE_RCPT) != NULL ||
	    state_find(h->state, old_key(h, addr), STATE_SEEN) != NULL;
}

/* Could the server be told this address (RFC 6531)? */
static bool
sayable(const struct place *p, const char *addr)
{
	return (p->smtp.caps & SMTP_UTF8) != 0 || str_ascii(str_of(addr));
}

/*
 * Who has it already is not asked again.  A field counts for one's own domain
 * alone, or any sender could have us send mail to anybody.
 */
static size_t
recipients(const struct place *p, struct handed *h, struct smtp_rcpt *rcpt,
    struct arena *a)
{
	const struct option_places *to = &h->o->to;
	const char *one = to->rcpt_field == NULL ? NULL :
	    about_rcpt(h, to->rcpt_field, to->rcpt_domain, a);
	size_t i, n = 0;

	if (one != NULL && !sayable(p, one))
		one = NULL;
	for (i = 0; i < (one != NULL ? 1 : to->rcpt.n); i++) {
		const char *addr = one != NULL ? one : to->rcpt.v[i];

		if (!recipient_has(p, h, addr))
			rcpt[n++] = (struct smtp_rcpt){ .addr = addr,
			    .params = "" };
	}
	return n;
}

/* Who has it not is named; his exit status. */
static int
tell_recipient(const struct place *p, struct handed *h,
    const struct smtp_rcpt *r)
{
	int status = r->state == SMTP_REFUSED ? EX_NOUSER : EX_TEMPFAIL;

	if (r->state == SMTP_UNKNOWN)
		complain_say(&h->p->complain, status, NULL, "%s %s: <%s>: may have been accepted, and stays on the server",
		    p->kind->name, p->name, r->addr);
	else if (r->reply.code != 0)
		tally_add(h->tally, &h->now, status, NULL, "%s %s: <%s>: %d %s",
		    p->kind->name, p->name, r->addr, r->reply.code, r->reply.text);
	return status;
}

/*
 * Who has it is recorded.  0 all of them, 1 not so; unless it is given again at
 * once, for the connection was lost, that is said.
 */
static int
settle_recipients(struct place *p, struct handed *h, struct smtp_mail *m,
    bool again)
{
	struct entry has_it;
	bool open = false, sent = false, unknown = false;
	size_t i;

	for (i = 0; i < m->n; i++) {
		sent |= m->rcpt[i].state == SMTP_SENT;
		unknown |= m->rcpt[i].state == SMTP_UNKNOWN;
		open |= m->rcpt[i].state != SMTP_SENT;
		if (m->rcpt[i].state != SMTP_SENT && !again)
			h->count->status = fail_worse(h->count->status,
			    tell_recipient(p, h, &m->rcpt[i]));
	}
	if (!open)
		return 0;
	for (i = 0; i < m->n && sent; i++) {
		if (m->rcpt[i].state != SMTP_SENT)
			continue;
		has_it = hand_entry(p, STATE_RCPT,
		    rcpt_key(p, h, m->rcpt[i].addr));
		if (state_set(h->state, &has_it, h->e) < 0)
			return -1;
	}
	return unknown ? 1 : hand_certain(p, h);
}

/*
 * All of them have it: who had it before the others is not told apart any more.
 * The next message of that unique id is another one (RFC 1939, section 7).
 */
static int
record_lmtp(struct place *p, struct handed *h)
{
	const struct opt_list *to = &h->o->to.rcpt;
	size_t i;

	for (i = 0; i < to->n; i++)
		if (state_drop(h->state, rcpt_key(p, h, to->v[i]), STATE_RCPT,
		    h->e) < 0)
			return -1;
	return hand_sure(p, h);
}

/* The server cannot be given it as it came. */
static int
encode_anew(struct place *p, struct msg *m, struct arena *a, int fd,
    struct err *e)
{
	struct msg was;
	int got;

	if (msg_scan(m, a, fd, MSG_ODD, e) < 0)
		return -1;
	if (!m->odd && !m->eight)	/* 8 bits in the header alone: they go */
		return 0;
	was = *m;
	got = mime_downgrade(&was, m, a, 0, e);
	msg_close(&was);
	p->recoded += got == 0;
	return got;
}

/* The message in the file, as this server can be given it. */
static int
prepare_message(struct place *p, struct msg *m, struct arena *a, int fd,
    struct err *e)
{
	if (msg_raw(m, a, fd, e) < 0)
		return -1;
	if (!smtp_takes(&p->smtp, m)) {
		msg_close(m);
		if (encode_anew(p, m, a, fd, e) < 0)
			return -1;
	}
	if (p->smtp.size_max > 0 && m->size > p->smtp.size_max)
		return fail(e, EX_DATAERR, "over the %llu bytes that the server takes",
		    (unsigned long long)p->smtp.size_max);
	return 0;
}

/* A fault of one message holds up no other. */
static int
leave_refused(struct place *p, struct handed *h, const struct err *why)
{
	if (why->code != EX_DATAERR)
		return fail(h->e, why->code, "%s", why->msg);
	tally_add(h->tally, &h->now, EX_DATAERR, "given", "%s %s: %s", p->kind->name,
	    p->name, why->msg);
	h->count->status = fail_worse(h->count->status, EX_DATAERR);
	return 1;
}

/* It may have been taken: then it is not given again in this run. */
static bool
perhaps_taken(const struct smtp_mail *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->rcpt[i].state == SMTP_UNKNOWN)
			return true;
	return false;
}

/* It is the fault of this message, but for many in a row. */
static int
after_loss(struct place *p, struct handed *h, bool again)
{
	char why[sizeof p->broke.msg];

	if (stop_asked())
		return fail_stop(h->e);
	snprintf(why, sizeof why, "%s", p->broke.msg);
	hang_up_lmtp(p);
	if (++p->lost >= LOST)
		return fail(h->e, EX_TEMPFAIL, "%s (%d times in a row)", why,
		    LOST);
	if (again)
		return GIVE_AGAIN;
	tally_add(h->tally, &h->now, EX_TEMPFAIL, "connection lost", "%s %s: %s",
	    p->kind->name, p->name, why);
	h->count->status = fail_worse(h->count->status, EX_TEMPFAIL);
	return GIVE_LEFT;
}

static bool
needs_utf8(const struct smtp_mail *m)
{
	bool yes = !str_ascii(str_of(m->from));
	size_t i;

	for (i = 0; i < m->n; i++)
		yes |= !str_ascii(str_of(m->rcpt[i].addr));
	return yes;
}

static int
unsayable(struct place *p, struct handed *h)
{
	tally_add(h->tally, &h->now, EX_DATAERR, NULL, "%s %s: an address is not ASCII, and the server has no SMTPUTF8",
	    p->kind->name, p->name);
	h->count->status = fail_worse(h->count->status, EX_DATAERR);
	return GIVE_LEFT;
}

static int
send_lmtp(struct place *p, struct handed *h, struct msg *m, struct arena *a,
    bool first)
{
	struct smtp_rcpt *rcpt = arena_new(a, h->o->to.rcpt.n, sizeof *rcpt);
	struct smtp_mail mail = { .from = h->o->to.rcpt_from != NULL ?
	    h->o->to.rcpt_from : "", .params = "", .rcpt = rcpt, .msg = m };
	bool again, gone;
	int got;

	mail.n = recipients(p, h, rcpt, a);
	if (mail.n == 0)
		return GIVE_TAKEN;
	mail.utf8 = needs_utf8(&mail);
	if (mail.utf8 && (p->smtp.caps & SMTP_UTF8) == 0)
		return unsayable(p, h);
	if (hand_doubt(p, h) < 0)
		return -1;
	gone = smtp_send(&p->smtp, &mail) < 0 || conn_failed(p->conn);
	again = gone && first && !stop_asked() && !perhaps_taken(&mail);
	got = settle_recipients(p, h, &mail, again);
	if (got < 0)
		return -1;
	if (gone && is_ours(p->broke.code))
		return fail(h->e, p->broke.code, "%s", p->broke.msg);
	if (got > 0 && gone)
		return after_loss(p, h, again);
	p->lost = 0;
	return got == 0 ? GIVE_TAKEN : GIVE_LEFT;
}

/* RFC 5321, 6.3: a loop is told by the number of Received fields. */
enum { HOPS = 50 };

struct hops {
	size_t n;
	bool folded;		/* within a line that came in two pieces */
};

static int
count_hops(void *to, struct str piece, struct err *e)
{
	struct hops *hops = to;
	struct str line;

	(void)e;
	while (piece.n > 0) {
		bool ends = str_has(piece, '\n');

		line = str_cut(&piece, '\n');
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (!hops->folded && line.n == 0)
			return -1;	/* the end of the header */
		hops->n += !hops->folded && line.n >= 9 &&
		    strncasecmp(line.p, "Received:", 9) == 0;
		hops->folded = !ends;
	}
	return 0;
}

/* 1: it does, 0, or -1. */
static int
loops(struct handed *h)
{
	struct hops hops = { 0 };

	hand_pieces(h, count_hops, &hops);	/* -1 at the header's end, too */
	return h->e->code != 0 ? -1 : hops.n > HOPS;
}

static int
give_once(struct place *p, struct handed *h, bool first)
{
	struct arena a = { 0 };
	struct msg m = { 0 };
	struct err why = { 0 };
	int fd, got;

	got = p->smtp_conf.lmtp ? 0 : loops(h);
	if (got < 0)
		return -1;
	if (got > 0) {
		fail(&why, EX_DATAERR, "over %d Received lines: it loops",
		    HOPS);
		return leave_refused(p, h, &why);
	}
	if (connect_lmtp(p, h) < 0 || (fd = hand_file(h)) < 0)
		return -1;
	if (prepare_message(p, &m, &a, fd, &why) < 0)
		got = leave_refused(p, h, &why);
	else
		got = send_lmtp(p, h, &m, &a, first);
	msg_close(&m);
	arena_free(&a);
	close(fd);
	return got;
}

/* Who hangs up at a message is asked once more. */
static int
give_lmtp(struct place *p, struct handed *h)
{
	uint64_t recoded = p->recoded;
	int got = give_once(p, h, true);

	if (got == GIVE_AGAIN) {
		p->recoded = recoded;
		got = give_once(p, h, false);
	}
	p->bare_lf += got == GIVE_TAKEN && h->now.bare_lf;
	return got;
}

static void
box_lmtp(const struct place *p, struct sandbox *box)
{
	tls_ctx_reads(p->conf.tls, box);
	errand_path(p->server.path);
	errand_host(p->conf.dial_host != NULL ? p->conf.dial_host :
	    p->server.host);
	if (p->server.path == NULL)
		sandbox_port(box, p->server.port);
}

static void
close_lmtp(struct place *p, struct handed *h)
{
	if (p->recoded > 0)
		fail_print("%s: %s %s: %llu of the messages were encoded anew, for the server takes no NUL, bare CR or 8-bit text",
		    h->o->title, p->kind->name, p->name,
		    (unsigned long long)p->recoded);
	p->recoded = 0;
	hand_say_bare(p, h);
	if (p->conn != NULL) {
		smtp_quit(&p->smtp);
		conn_close(p->conn);
	}
	p->conn = NULL;
}

const struct place_kind place_lmtp = {
	.name = "lmtp", .doubtful = true, .single = true, .temps = 1,
	.parse = parse_lmtp, .box = box_lmtp, .give = give_lmtp,
	.record = record_lmtp, .close = close_lmtp
};

const struct place_kind place_smtp = {
	.name = "smtp", .doubtful = true, .single = true, .temps = 1,
	.parse = parse_smtp, .box = box_lmtp, .give = give_lmtp,
	.record = record_lmtp, .close = close_lmtp
};
