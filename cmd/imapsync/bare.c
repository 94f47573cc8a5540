/*
 * bare.c: a message without the header lines that other programs add to it
 *
 * mbsync writes X-TUID into what it stores on either side, offlineimap
 * X-OfflineIMAP into what it uploads, and who has come from an mbox file may
 * have the others.  None of them is a part of the message.  Servers change what
 * they are given: a CR goes or comes, and NUL becomes 0x80.  So neither counts.
 */
#include <string.h>

#include "bare.h"
#include "digest.h"
#include "str.h"

static const char *const added[] = {
	"X-TUID", "X-OfflineIMAP", "Status", "X-Status", "X-UID", "X-Keywords",
	"X-IMAP", "X-IMAPbase",
};

void
bare_begin(struct bare *x)
{
	*x = (struct bare){ .d = digest_new() };
}

static bool
is_odd(char c)
{
	return c == '\r' || c == '\0' || c == '\x80';
}

static void
keep(struct bare *x, const char *p, size_t n)
{
	size_t i, from;

	for (i = 0; i < n; i++) {
		for (from = i; i < n && !is_odd(p[i]); i++)
			;
		digest_put(x->d, p + from, i - from);
		x->size += i - from;
	}
}

/* What was held back of a line belongs to the message. */
static void
keep_name(struct bare *x)
{
	keep(x, x->name, x->n);
	x->n = 0;
	x->state = BARE_KEEP;
}

static bool
is_added(struct str name)
{
	size_t i;

	for (i = 0; i < sizeof added / sizeof *added; i++)
		if (str_is(name, added[i]))
			return true;
	return false;
}

static void
bare_start(struct bare *x, char c)
{
	if (c == ' ' || c == '\t') {
		x->state = x->dropped ? BARE_DROP : BARE_KEEP;
		if (!x->dropped)
			keep(x, &c, 1);
	} else if (c == '\r' || c == '\n') {
		keep(x, &c, 1);		/* of CRLF the LF is body by now */
		x->state = BARE_BODY;
	} else {
		x->dropped = false;
		x->name[0] = c;
		x->n = 1;
		x->state = BARE_NAME;
	}
}

static void
bare_name(struct bare *x, char c)
{
	if (c == ':' && is_added((struct str){ x->name, x->n })) {
		x->dropped = true;
		x->state = BARE_DROP;
		return;
	}
	if (x->n < BARE_LONGEST && c != ':' && c != '\n') {
		x->name[x->n++] = c;
		return;
	}
	keep_name(x);
	keep(x, &c, 1);
	if (c == '\n')
		x->state = BARE_START;
}

/* The rest of a line; returns what is behind it. */
static const char *
bare_rest(struct bare *x, const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));
	const char *to = nl != NULL ? nl + 1 : end;

	if (x->state == BARE_KEEP)
		keep(x, p, (size_t)(to - p));
	if (nl != NULL)
		x->state = BARE_START;
	return to;
}

int
bare_put(void *bare, const void *data, size_t n, struct err *e)
{
	struct bare *x = bare;
	const char *p = data, *end = p + n;

	(void)e;
	while (p < end)
		switch (x->state) {
		case BARE_START:
			bare_start(x, *p++);
			break;
		case BARE_NAME:
			bare_name(x, *p++);
			break;
		case BARE_KEEP:
		case BARE_DROP:
			p = bare_rest(x, p, end);
			break;
		case BARE_BODY:
			keep(x, p, (size_t)(end - p));
			return 0;
		}
	return 0;
}

bool
bare_end(struct bare *x, unsigned char md[32])
{
	if (x->state == BARE_NAME)
		keep_name(x);
	return digest_end(x->d, md);
}
