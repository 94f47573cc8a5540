/*
 * imap_notify.c: NOTIFY (RFC 5465): one connection is told of many mailboxes
 *
 * The answer to NOTIFY SET STATUS has a STATUS of each, so that nothing is
 * missed between the look before and this.  MessageExpunge is asked for since
 * MessageNew must not be without it (5.2).
 */
#include "imap_notify.h"
#include "table.h"

enum { LINE = 8000 };			/* RFC 7162 4, of any command */
#define EVENTS "(MessageNew MessageExpunge)"
#define SELECTED "(SELECTED-DELAYED (MessageNew MessageExpunge FlagChange))"

struct all {
	const struct imap_told *v;
	struct table name;	/* of v */
	bool news;
};

static struct str
name_at(const void *of, size_t at)
{
	return str_of(((const struct all *)of)->v[at].name);
}

static void
take_status(struct all *all, struct imap *m, const struct imap_resp *r)
{
	size_t at = table_text(&all->name, all, r->name);
	struct imap_item it;

	if (at == TABLE_NONE)
		return;
	while (imap_item(m, &it) > 0)
		if (str_is(it.name, "UIDNEXT"))
			all->news |= all->v[at].uidnext != 0 &&
			    it.number != all->v[at].uidnext;
}

static int
hear_notify(struct all *all, struct imap *m, unsigned tag)
{
	struct imap_resp r;

	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type == IMAP_STATUS)
			take_status(all, m, &r);
		else
			all->news |= r.type == IMAP_EXISTS;
	} while (!imap_done(&r, tag));
	if (r.type != IMAP_OK)
		return 2;
	return all->news;
}

int
imap_notify(struct imap *m, const struct imap_told *v, size_t n)
{
	struct all all = { .v = v, .name.text = name_at };
	struct buf b = { .max = LINE };
	size_t i;
	int got = 2;

	for (i = 0; i < n && !b.over; i++) {
		if (i > 0)
			buf_c(&b, ' ');
		if (imap_quote(m, &b, str_of(v[i].name)) < 0 && !b.over)
			break;
		table_add(&all.name, &all, i);
	}
	if (i < n && !b.over)
		got = -1;
	else if (n > 0 && !b.over)
		got = hear_notify(&all, m, imap_say(m,
		    "NOTIFY SET STATUS (SELECTED " EVENTS ") (MAILBOXES (%s) " EVENTS ")",
		    b.p));
	table_free(&all.name);
	buf_free(&b);
	return got;
}

int
imap_notify_end(struct imap *m)
{
	return imap_wait(m, imap_say(m, "NOTIFY NONE")) < 0 ? -1 : 0;
}

unsigned
imap_ask_notify_all(struct imap *m)
{
	return imap_say(m, "NOTIFY SET STATUS " SELECTED " (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName))");
}

unsigned
imap_ask_notify_off(struct imap *m)
{
	return imap_say(m, "NOTIFY SET " SELECTED);
}
