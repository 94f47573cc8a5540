/*
 * link.c: one IMAP connection, and what is selected on it
 */
#include "box.h"
#include "link.h"
#include "report.h"

static void
forget_secret(struct run *r)
{
	if (atomic_load(&r->logins) >= r->links)
		session_forget(&r->link[0].session);
}

static int
log_in(struct link *l)
{
	struct sasl_login login;

	if (l->imap.authed)
		return 0;
	return session_login(&l->session, &login) < 0 ? -1 :
	    imap_auth(&l->imap, &login);
}

/* A connection that cannot be had is not tried again. */
static int
open_link(struct run *r, struct link *l)
{
	int got = -1;

	if (session_connect(&l->session, &l->err) == 0 &&
	    imap_open(&l->imap, l->session.conn,
	    session_tls(r->o->account)) == 0)
		got = log_in(l);
	l->tried = true;
	atomic_fetch_add(&r->logins, 1);
	forget_secret(r);
	return got;
}

void
link_enough(struct run *r, size_t links)
{
	size_t i;

	for (i = 0; i < r->links; i++)
		if (r->link[i].tried && i >= links)
			links = i + 1;
	if (links < r->links)
		r->links = links;
	forget_secret(r);
}

/*
 * The first connection does not wait for ENABLE's answer, which comes with
 * that of LIST; the others do, for it decides how names are written.
 */
int
link_connect(struct run *r, struct link *l)
{
	bool first = l == &r->link[0];
	unsigned tag;

	if (!first)
		session_share(&l->session, &r->link[0].session);
	if (open_link(r, l) < 0)
		return -1;
	tag = imap_ask_ready(&l->imap, IMAP_QRESYNC | IMAP_CONDSTORE |
	    IMAP_UTF8);
	if (!first && tag != 0 && imap_wait(&l->imap, tag) < 0)
		return -1;
	l->open = true;
	return 0;
}

unsigned
link_ask_select(struct link *l, const struct box *b, bool read_only,
    const struct imap_since *since)
{
	static const struct imap_since nothing;

	l->selected = NULL;
	l->chose = true;
	return imap_ask_select(&l->imap, str_of(b->name), read_only,
	    since != NULL ? since : &nothing);
}

void
link_selected(struct link *l, struct box *b)
{
	l->selected = b;
}

void
link_unselect(struct link *l)
{
	if (l->chose)
		imap_ask_unselect(&l->imap);
	l->selected = NULL;
	l->chose = false;
}

int
link_select(struct link *l, struct box *b)
{
	unsigned tag;
	int got;

	if (l->selected == b)
		return 0;
	tag = link_ask_select(l, b, false, NULL);
	imap_box_forget(&l->imap);
	got = imap_wait(&l->imap, tag);
	if (got < 0)
		return -1;
	if (got > 0 || l->imap.box.uidvalidity != b->far.seen.uidvalidity) {
		report_problem(&l->run->report, EX_TEMPFAIL, b->name, got > 0 ?
		    "%s" : "its UIDs changed during the run", l->imap.text);
		box_outcome(b, BOX_FAILED);
		return 1;
	}
	l->selected = b;
	return 0;
}
