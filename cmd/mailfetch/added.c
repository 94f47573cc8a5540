/* added.c: the fields that --add-header puts in front of a message */
#include <string.h>

#include "account.h"
#include "added.h"
#include "date.h"

enum field { DELIVERED_TO, RECEIVED, FIELDS };

static const char *const names[FIELDS] = {
	[DELIVERED_TO] = "Delivered-To", [RECEIVED] = "Received"
};

static unsigned
field_wanted(const struct options *o, enum field f)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < o->to.add_header.n; i++)
		n += str_is(str_of(o->to.add_header.v[i]), names[f]);
	return n;
}

/* What stands in them comes from the configuration. */
static int
sayable(const struct options *o, struct err *e)
{
	const char *user = account_user(&o->account);

	if (user == NULL || *user == '\0')
		return fail(e, EX_USAGE, "--add-header: whose is it? --user NAME");
	if (str_control(str_of(user)) || strchr(user, ' ') != NULL)
		return fail(e, EX_USAGE, "--add-header: this user cannot stand in a field");
	return 0;
}

int
added_check(const struct options *o, struct err *e)
{
	size_t i, f;

	for (f = 0; f < FIELDS; f++) {
		if (field_wanted(o, (enum field)f) > 1)
			return fail(e, EX_USAGE, "--add-header %s: twice",
			    names[f]);
		if (field_wanted(o, (enum field)f) > 0 &&
		    str_is(str_of(o->to.rcpt_field), names[f]))
			return fail(e, EX_USAGE, "--add-header %s: --rcpt-from would read this one, not the server's",
			    names[f]);
	}
	for (i = 0; i < o->to.add_header.n; i++)
		if (!str_is(str_of(o->to.add_header.v[i]), names[RECEIVED]) &&
		    !str_is(str_of(o->to.add_header.v[i]),
		    names[DELIVERED_TO]))
			return fail(e, EX_USAGE, "--add-header is Delivered-To or Received, not \"%s\"",
			    o->to.add_header.v[i]);
	return field_wanted(o, DELIVERED_TO) > 0 ? sayable(o, e) : 0;
}

bool
added_any(const struct options *o)
{
	return o->to.add_header.n > 0;
}

void
added_fields(struct buf *b, const struct handed *h, time_t now,
    const char *host)
{
	const struct account *a = &h->o->account;
	const char *user = account_user(a);
	char date[DATE_CAP];

	if (field_wanted(h->o, DELIVERED_TO) > 0)
		buf_printf(b, "%s: %s%s%s\n", names[DELIVERED_TO], user,
		    strchr(user, '@') != NULL ? "" : "@",
		    strchr(user, '@') != NULL ? "" : a->server.host);
	if (field_wanted(h->o, RECEIVED) == 0)
		return;
	date_rfc5322(date, now);
	buf_printf(b, "%s: from %s by %s (mailfetch)\n\twith %s id %016llx%016llx;\n\t%s\n",
	    names[RECEIVED], a->server.host, host,
	    a->server.scheme >= ACCOUNT_POP3 ? "POP3" : "IMAP",
	    (unsigned long long)h->now.key.a, (unsigned long long)h->now.key.b,
	    date);
}
