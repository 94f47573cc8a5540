/*
 * imap_box.c: what a client does with mailboxes (RFC 3501, 9051 and friends)
 *
 * Each imap_ask_* is one line of the dialogue.  The answer is bounded before
 * anything is allocated for it: "1:4294967295" is 12 bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "imap_box.h"
#include "limit.h"

enum {
	COPIED = LIMIT_MESSAGES	/* by one command */
};

/* ---- asking ---- */

unsigned
imap_ask_ready(struct imap *m, unsigned of)
{
	static const struct {
		unsigned cap;
		const char *name;
	} useful[] = {
		{ IMAP_CONDSTORE, " CONDSTORE" }, { IMAP_QRESYNC, " QRESYNC" },
		{ IMAP_UTF8, " UTF8=ACCEPT" },
	};
	struct buf b = { .max = 128 };
	unsigned tag = 0;
	size_t i;

	conn_phase(m->c, "ENABLE", CONN_COMMAND);
	if ((m->caps & IMAP_ID) != 0)
		imap_say(m, "ID (\"name\" \"postbag\" \"version\" \"" VERSION
		    "\")");
	for (i = 0; i < sizeof useful / sizeof *useful; i++)
		if ((m->caps & of & useful[i].cap) != 0)
			buf_s(&b, useful[i].name);
	if ((m->caps & (IMAP_ENABLE | IMAP_REV2)) != 0 && b.n > 0)
		tag = imap_say(m, "ENABLE%s", b.p);
	buf_free(&b);
	return tag;
}

/* "VERB NAME REST", or "VERB NAME TO". */
static unsigned
box_ask(struct imap *m, const char *verb, struct str name, const char *rest)
{
	struct buf b = { .max = 16384 };
	unsigned tag = 0;

	conn_phase(m->c, verb, CONN_COMMAND);
	if (imap_quote(m, &b, name) == 0)
		tag = imap_say(m, "%s %s%s", verb, b.p, rest);
	buf_free(&b);
	return tag;
}

/* With blanks and brackets around it; nothing if nothing is asked. */
static void
status_items(const struct imap *m, struct buf *to, enum imap_counts what)
{
	buf_s(to, "(MESSAGES UIDNEXT UIDVALIDITY");
	if ((m->caps & IMAP_CONDSTORE) != 0)
		buf_s(to, " HIGHESTMODSEQ");
	if ((m->caps & IMAP_OBJECTID) != 0)
		buf_s(to, " MAILBOXID");
	if ((m->caps & IMAP_APPENDLIMIT) != 0 && m->appendlimit == 0)
		buf_s(to, " APPENDLIMIT");
	if (what == IMAP_LIST_SIZES && (m->caps & IMAP_STATUS_SIZE) != 0)
		buf_s(to, " SIZE");
	buf_c(to, ')');
}

bool
imap_list_says_subscribed(const struct imap *m)
{
	return (m->caps & (IMAP_LIST_EXTENDED | IMAP_LIST_STATUS |
	    IMAP_REV2)) != 0;
}

unsigned
imap_ask_list(struct imap *m, const char *pattern, enum imap_counts what)
{
	struct buf b = { .max = 1024 };
	unsigned tag;

	if (imap_list_says_subscribed(m)) {
		buf_s(&b, " RETURN (SUBSCRIBED");
		if ((m->caps & IMAP_SPECIAL_USE) != 0)
			buf_s(&b, " SPECIAL-USE");
		if (what != IMAP_LIST_NAMES && (m->caps & IMAP_LIST_STATUS) != 0) {
			buf_s(&b, " STATUS ");
			status_items(m, &b, what);
		}
		buf_c(&b, ')');
	}
	tag = box_ask(m, "LIST \"\"", str_of(pattern), b.n > 0 ? b.p : "");
	conn_phase(m->c, "LIST", CONN_COMMAND);
	buf_free(&b);
	return tag;
}

static unsigned
ask_counts(struct imap *m, struct str name, enum imap_counts what)
{
	struct buf b = { .max = 1024 };
	unsigned tag;

	buf_c(&b, ' ');
	status_items(m, &b, what);
	tag = box_ask(m, "STATUS", name, b.p);
	buf_free(&b);
	return tag;
}

unsigned
imap_ask_status(struct imap *m, struct str name)
{
	return ask_counts(m, name, IMAP_LIST_COUNTS);
}

unsigned
imap_ask_status_size(struct imap *m, struct str name)
{
	return ask_counts(m, name, IMAP_LIST_SIZES);
}

unsigned
imap_ask_select(struct imap *m, struct str name, bool examine,
    const struct imap_since *since)
{
	struct buf b = { .max = 16384 };
	unsigned tag;

	if (m->qresync && since != NULL && since->uidvalidity > 0 &&
	    since->modseq > 0)
		buf_printf(&b, " (QRESYNC (%" PRIu64 " %" PRIu64 "%s%s))",
		    since->uidvalidity, since->modseq, since->uids != NULL ?
		    " " : "", since->uids != NULL ? since->uids : "");
	else if ((m->caps & IMAP_CONDSTORE) != 0)
		buf_s(&b, " (CONDSTORE)");
	tag = box_ask(m, examine ? "EXAMINE" : "SELECT", name,
	    b.n > 0 ? b.p : "");
	buf_free(&b);
	return tag;
}

int
imap_select(struct imap *m, struct str name, bool examine)
{
	imap_box_forget(m);
	return imap_wait(m, box_ask(m, examine ? "EXAMINE" : "SELECT", name,
	    ""));
}

unsigned
imap_ask_search(struct imap *m, const char *keys)
{
	conn_phase(m->c, "SEARCH", CONN_COMMAND);
	return imap_say(m, "UID SEARCH %s%s", (m->caps & (IMAP_ESEARCH |
	    IMAP_REV2)) != 0 ? "RETURN (ALL) " : "", keys);
}

static unsigned
box_fetch(struct imap *m, const char *set, const char *items)
{
	conn_phase(m->c, "FETCH", CONN_COMMAND);
	return imap_say(m, "UID FETCH %s (UID %s)", set, items);
}

unsigned
imap_ask_flags(struct imap *m, const char *set, uint64_t modseq)
{
	if (modseq == 0)
		return box_fetch(m, set, "FLAGS");
	conn_phase(m->c, "FETCH", CONN_COMMAND);
	return imap_say(m, "UID FETCH %s (UID FLAGS) (CHANGEDSINCE %" PRIu64
	    ")", set, modseq);
}

unsigned
imap_ask_bodies(struct imap *m, const char *set, unsigned bodies)
{
	char items[64];

	if ((bodies & IMAP_FACTS) != 0)
		return imap_ask_facts(m, set);
	snprintf(items, sizeof items, "%s%sINTERNALDATE BODY.PEEK[%s]",
	    (bodies & IMAP_NO_FLAGS) != 0 ? "" : "FLAGS ",
	    (bodies & IMAP_SIZES) != 0 ? "RFC822.SIZE " : "",
	    (bodies & IMAP_HEADERS) != 0 ? "HEADER" : "");
	return box_fetch(m, set, items);
}

unsigned
imap_ask_idents(struct imap *m, const char *set)
{
	return box_fetch(m, set, "FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)]");
}

/* An IMAP_COUNT of that name; only where X-GM-EXT-1 is a capability. */
unsigned
imap_ask_gmail_ids(struct imap *m, const char *set)
{
	return box_fetch(m, set, "X-GM-MSGID");
}

unsigned
imap_ask_sizes(struct imap *m, const char *set)
{
	return box_fetch(m, set, "RFC822.SIZE");
}

unsigned
imap_ask_facts(struct imap *m, const char *set)
{
	return box_fetch(m, set, "FLAGS RFC822.SIZE INTERNALDATE");
}

unsigned
imap_ask_subjects(struct imap *m, const char *set)
{
	return box_fetch(m, set, "RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT)]");
}

unsigned
imap_ask_store(struct imap *m, const char *set, bool add, const char *flags)
{
	if (!imap_flags_sayable(flags)) {
		conn_fail(m->c, EX_USAGE, "this cannot be a flag: %s", flags);
		return 0;
	}
	conn_phase(m->c, "STORE", CONN_COMMAND);
	return imap_say(m, "UID STORE %s %cFLAGS.SILENT (%s)", set, add ? '+' :
	    '-', flags);
}

unsigned
imap_ask_expunge(struct imap *m, const char *set)
{
	conn_phase(m->c, "EXPUNGE", CONN_COMMAND);
	return set != NULL ? imap_say(m, "UID EXPUNGE %s", set) :
	    imap_say(m, "EXPUNGE");
}

static unsigned
transfer(struct imap *m, const char *verb, const char *set, struct str to)
{
	struct buf b = { .max = 16384 };
	unsigned tag = 0;

	conn_phase(m->c, verb, CONN_COMMAND);
	if (imap_quote(m, &b, to) == 0)
		tag = imap_say(m, "UID %s %s %s", verb, set, b.p);
	buf_free(&b);
	return tag;
}

unsigned
imap_ask_move(struct imap *m, const char *set, struct str to)
{
	return transfer(m, "MOVE", set, to);
}

unsigned
imap_ask_copy(struct imap *m, const char *set, struct str to)
{
	return transfer(m, "COPY", set, to);
}

unsigned
imap_ask_create(struct imap *m, struct str name)
{
	return box_ask(m, "CREATE", name, "");
}

unsigned
imap_ask_delete(struct imap *m, struct str name)
{
	return box_ask(m, "DELETE", name, "");
}

unsigned
imap_ask_rename(struct imap *m, struct str from, struct str to)
{
	struct buf b = { .max = 16384 };
	unsigned tag = 0;

	buf_c(&b, ' ');
	if (imap_quote(m, &b, to) == 0)
		tag = box_ask(m, "RENAME", from, b.p);
	buf_free(&b);
	return tag;
}

unsigned
imap_ask_lsub(struct imap *m)
{
	return box_ask(m, "LSUB \"\"", STR("*"), "");
}

unsigned
imap_ask_subscribe(struct imap *m, struct str name)
{
	return box_ask(m, "SUBSCRIBE", name, "");
}

/* Where there is no UNSELECT a failed EXAMINE does it (RFC 3691). */
unsigned
imap_ask_unselect(struct imap *m)
{
	conn_phase(m->c, "UNSELECT", CONN_COMMAND);
	return imap_say(m, "%s", (m->caps & (IMAP_UNSELECT | IMAP_REV2)) != 0 ?
	    "UNSELECT" : "EXAMINE \"\"");
}

/* ---- names ---- */

bool
imap_has_flag(struct str flags, const char *flag)
{
	struct str w;

	while ((w = str_word(&flags)).n > 0)
		if (str_is(w, flag))
			return true;
	return false;
}

const char *
imap_special_use(struct str flags)
{
	static const char *const uses[] = { "\\Trash", "\\Sent", "\\Drafts",
	    "\\Junk", "\\Archive", "\\All", "\\Flagged", "\\Important",
	    "\\Memos", "\\Scheduled", "\\Snoozed" };
	size_t i;

	for (i = 0; i < sizeof uses / sizeof *uses; i++)
		if (imap_has_flag(flags, uses[i]))
			return uses[i];
	return NULL;
}

bool
imap_selectable(struct str flags)
{
	return !imap_has_flag(flags, "\\Noselect") &&
	    !imap_has_flag(flags, "\\NonExistent");
}

int
imap_list_bound(struct imap *m, size_t lines, size_t bytes)
{
	if (lines > LIMIT_MAILBOXES)
		return conn_fail(m->c, EX_PROTOCOL, "LIST: more than %d mailboxes",
		    LIMIT_MAILBOXES);
	if (bytes > LIMIT_MAILBOX_BYTES)
		return conn_fail(m->c, EX_PROTOCOL, "LIST: more than %d MB of mailbox names",
		    LIMIT_MAILBOX_BYTES >> 20);
	return 0;
}

/* ---- UIDs ---- */

static int
no_uids(struct imap *m, bool many)
{
	return many ? conn_fail(m->c, EX_PROTOCOL, "SEARCH: more than %d messages",
	    LIMIT_MESSAGES) : conn_fail(m->c, EX_PROTOCOL, "SEARCH: not a set of UIDs");
}

int
imap_found(struct imap *m, struct imap_resp *r, struct imap_uids *u)
{
	struct str w;
	uint64_t v;
	int got;

	if (!r->old_search) {
		got = imap_uids_add_set(u, r->set, LIMIT_MESSAGES);
		return got == 0 ? 0 : no_uids(m, got == 2);
	}
	while ((w = str_word(&r->set)).n > 0 && w.p[0] != '(') {
		if (str_num(w, UINT32_MAX, &v) < 0 || v == 0 ||
		    u->n >= LIMIT_MESSAGES)
			return no_uids(m, u->n >= LIMIT_MESSAGES);
		imap_uids_add(u, (uint32_t)v);
	}
	return 0;
}

/* bad is the status of BAD. */
static int
box_search(struct imap *m, const char *keys, int bad, uint32_t **uids,
    size_t *n)
{
	struct imap_uids found = { 0 };
	struct imap_resp r;
	unsigned tag = imap_ask_search(m, keys);

	*uids = NULL;
	*n = 0;
	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_SEARCH &&
		    imap_found(m, &r, &found) < 0)) {
			free(found.v);
			return -1;
		}
	} while (!imap_done(&r, tag));
	if (r.type != IMAP_OK) {
		free(found.v);
		return conn_fail(m->c, imap_severity(m->text,
		    r.type == IMAP_BAD ? bad : EX_UNAVAILABLE),
		    "SEARCH %s: %s", keys, m->text);
	}
	imap_uids_sort(&found);
	*uids = found.v;
	*n = found.n;
	return 0;
}

int
imap_search(struct imap *m, const char *keys, uint32_t **uids, size_t *n)
{
	return box_search(m, keys, EX_UNAVAILABLE, uids, n);
}

int
imap_search_typed(struct imap *m, const char *keys, uint32_t **uids, size_t *n)
{
	return box_search(m, keys, EX_USAGE, uids, n);
}

int
imap_batches(struct imap *m, uint64_t n, struct imap_uids *ends)
{
	struct imap_resp r;
	uint32_t lo, hi;
	unsigned tag;

	ends->n = 0;
	if ((m->caps & IMAP_UIDBATCHES) == 0)
		return 1;
	conn_phase(m->c, "UIDBATCHES", CONN_COMMAND);
	tag = imap_say(m, "UIDBATCHES %" PRIu64, n);
	do {
		if (imap_next(m, &r) < 0)
			return -1;
		while (r.type == IMAP_BATCHES &&
		    imap_set_next(&r.set, &lo, &hi) > 0)
			imap_uids_note(ends, hi);
		if (ends->n > COPIED)
			return conn_fail(m->c, EX_PROTOCOL, "UIDBATCHES: too many");
	} while (!imap_done(&r, tag));
	imap_uids_sort(ends);
	return r.type != IMAP_OK;
}

/* ---- what became of them ---- */

/* The UIDVALIDITY in front of the sets, which *in then is. */
static int
validity(struct str *in, uint64_t *v)
{
	return str_num(str_word(in), UINT32_MAX, v) < 0 || *v == 0 ? -1 : 0;
}

int
imap_appended(struct imap *m, const struct imap_resp *r, uint64_t *v,
    struct imap_uids *to)
{
	struct str in = r->arg, set;

	if (r->type != IMAP_OK || r->tag == 0 || !str_is(r->code, "APPENDUID"))
		return 0;
	if (validity(&in, v) < 0 || (set = str_word(&in)).n == 0 ||
	    str_word(&in).n > 0 || imap_uids_add_set(to, set, COPIED) != 0)
		return conn_fail(m->c, EX_PROTOCOL, "APPENDUID without UIDs");
	return 1;
}

int
imap_copied(struct imap *m, const struct imap_resp *r, uint64_t *v,
    struct imap_uids *from, struct imap_uids *to)
{
	size_t nfrom = from->n, nto = to->n;
	struct str in = r->arg, a, b;

	if (r->type != IMAP_OK || !str_is(r->code, "COPYUID"))
		return 0;
	if (validity(&in, v) < 0 || (a = str_word(&in)).n == 0 ||
	    (b = str_word(&in)).n == 0 || str_word(&in).n > 0 ||
	    imap_uids_add_set(from, a, COPIED) != 0 ||
	    imap_uids_add_set(to, b, COPIED) != 0 ||
	    from->n - nfrom != to->n - nto) {
		from->n = nfrom;
		to->n = nto;
		return conn_fail(m->c, EX_PROTOCOL, "COPYUID: not two sets of one length");
	}
	return 1;
}
