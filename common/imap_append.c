/*
 * imap_append.c: APPEND (RFC 3501, 3502, 3516, 7888), of messages that stream
 *
 * The bytes of a literal are counted: a message that is cut short must never
 * be completed by the next command, so that the only way out of a literal
 * that cannot be finished is to hang up without a word (imap_append_abort).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conn_early.h"
#include "date.h"
#include "imap_append.h"

enum {
	MINUS = 4096			/* RFC 7888 section 5 */
};

bool
imap_append_waits(const struct imap *m, uint64_t size)
{
	return (m->caps & IMAP_LITERAL_PLUS) == 0 &&
	    ((m->caps & IMAP_LITERAL_MINUS) == 0 || size > MINUS);
}

void
imap_append_others(struct imap *m, int (*hear)(void *, struct imap_resp *),
    void *of)
{
	m->append.hear = hear;
	m->append.of = of;
}

int
imap_append_begin(struct imap *m, struct str name)
{
	struct buf b = { .max = 16384 };

	if (m->append.begun)
		return conn_abort(m->c, EX_SOFTWARE, "an APPEND within an APPEND");
	conn_phase(m->c, "APPEND", CONN_COMMAND);
	if (imap_writes(m, "APPEND") == 0 && imap_quote(m, &b, name) == 0) {
		imap_ask(m);
		conn_printf(m->c, "A%u APPEND %s", ++m->tag, b.p);
		m->append.begun = true;
		m->append.owed = 0;
	}
	buf_free(&b);
	return m->append.begun ? 0 : -1;
}

static int
go_ahead(struct imap *m)
{
	struct imap_resp r;

	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.tag != 0 && !imap_done(&r, m->tag)) {
			if (m->append.hear == NULL)
				return conn_abort(m->c, EX_PROTOCOL, "the answer to another command within an APPEND");
			if (m->append.hear(m->append.of, &r) < 0)
				return -1;
		}
		if (imap_done(&r, m->tag)) {
			m->append.begun = false;
			m->append.owed = 0;
			return r.type != IMAP_OK ? 0 : conn_abort(m->c,
			    EX_PROTOCOL, "APPEND: a yes to what was not sent");
		}
	} while (r.type != IMAP_CONTINUE);
	return 1;
}

int
imap_append_one(struct imap *m, const struct imap_append *a)
{
	bool waits = imap_append_waits(m, a->size);
	char date[DATE_CAP] = "";
	int got;

	if (!m->append.begun || m->append.owed > 0)
		return conn_abort(m->c, EX_SOFTWARE, "%" PRIu64 " bytes of an APPEND are missing",
		    m->append.owed);
	if (a->size == 0)
		return conn_fail(m->c, EX_USAGE, "an empty message cannot be stored");
	if (!imap_flags_sayable(a->flags))
		return conn_fail(m->c, EX_USAGE, "this cannot be a flag: %s",
		    a->flags);
	if (a->date > 0)
		date_imap(date, a->date);
	conn_phase(m->c, "APPEND", CONN_COMMAND);
	if (waits)
		imap_ask(m);
	conn_printf(m->c, " (%s)%s%s%s %s{%" PRIu64 "%s}\r\n", a->flags,
	    date[0] != '\0' ? " \"" : "", date, date[0] != '\0' ? "\"" : "",
	    a->binary ? "~" : "", a->size, waits ? "" : "+");
	m->append.owed = a->size;
	if (waits && (got = go_ahead(m)) <= 0)
		return got;
	conn_phase(m->c, "sending a message", CONN_BLOCK);
	return 1;
}

int
imap_append_put(void *imap, const void *p, size_t n, struct err *e)
{
	struct imap *m = imap;

	(void)e;			/* it is the connection's */
	if (n > m->append.owed)
		return imap_append_abort(m, "the message grew");
	m->append.owed -= n;
	conn_write(m->c, p, n);
	return conn_failed(m->c) ? -1 : 0;
}

unsigned
imap_append_end(struct imap *m)
{
	if (!m->append.begun || m->append.owed > 0) {
		imap_append_abort(m, "the message is shorter than it was");
		return 0;
	}
	m->append.begun = false;
	m->asked.end = conn_came(m->c);
	m->append.last = m->tag;
	conn_printf(m->c, "\r\n");
	conn_phase(m->c, "the answer to APPEND", CONN_FINAL);
	return m->tag;
}

int
imap_append_abort(struct imap *m, const char *why)
{
	m->append.begun = false;
	return conn_abort(m->c, EX_TEMPFAIL, "APPEND: %s", why);
}
