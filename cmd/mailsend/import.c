/*
 * import.c: an .msmtprc (msmtp 1.8) as our configuration
 *
 * What can be said in our words is taken over, the rest is said by its key;
 * passwords stay where they are.
 */
#include <string.h>

#include "foreign_pair.h"
#include "import.h"

/* "*@example.org" and "%U@%H" are no addresses. */
static void
sender_convert(struct foreign_section *s, struct conf_out *o)
{
	const char *from = foreign_pair_some(foreign_take(s, "from"));

	if (from != NULL && strpbrk(from, "*?%") != NULL)
		conf_out_note(o, "not taken over: from, which is a pattern");
	else
		conf_out_key(o, "from", from);
}

static void
dsn(struct foreign_section *s, struct conf_out *o)
{
	const char *ret = foreign_pair_some(foreign_take(s, "dsn_return"));

	conf_out_key(o, "dsn", foreign_pair_some(foreign_take(s,
	    "dsn_notify")));
	conf_out_key(o, "dsn-ret",
	    foreign_pair_is(ret, "headers") ? "hdrs" : ret);
}

/* "-" is its standard output, which is no log. */
static void
logfile(struct foreign_section *s, struct conf_out *o)
{
	const char *to = foreign_pair_some(foreign_take(s, "logfile"));

	if (foreign_pair_is(to, "-"))
		conf_out_note(o, "not taken over: logfile, which is standard output");
	else
		conf_out_key(o, "log", to);
}

/* The ports of msmtp, where none is said; ours are others. */
static const char *
port(struct foreign_section *s, bool lmtp)
{
	if (lmtp)
		return NULL;
	return foreign_pair_on(foreign_take(s, "tls"), false) &&
	    !foreign_pair_on(foreign_take(s, "tls_starttls"), true) ? NULL :
	    "25";
}

/* The name it has here; NULL: it could not be taken over. */
static const char *
account_convert(struct foreign_section *s, struct conf_out *o)
{
	bool lmtp = foreign_pair_is(foreign_take(s, "protocol"), "lmtp");
	bool login = foreign_pair_on(foreign_take(s, "auth"), false);
	const char *name = conf_out_name(o, "account", s->name);

	if (!foreign_pair_account(s, o, name, lmtp ? "lmtp" : "smtp",
	    port(s, lmtp), login))
		return NULL;
	if (!login && foreign_pair_some(foreign_take(s, "user")) != NULL) {
		conf_out_note(o, "auth is off there: no user, no login");
		foreign_take(s, "password");
		foreign_take(s, "passwordeval");
	}
	sender_convert(s, o);
	conf_out_key(o, "ehlo", foreign_pair_some(foreign_take(s, "domain")));
	dsn(s, o);
	logfile(s, o);
	foreign_left(s, o);
	return name;
}

/* "account default : work" is one of ours, too. */
static const char *
account_alias(const struct foreign_section *s, const char *parent,
    struct conf_out *o)
{
	const char *name;

	if (parent == NULL) {
		conf_out_remark(o, "account %s: not taken over: it has no server that can be used here",
		    s->name);
		return NULL;
	}
	name = conf_out_name(o, "account", s->name);
	conf_out_section(o, "account", name, parent);
	return name;
}

static int
msmtp_convert(struct foreign *f, struct conf_out *o, struct err *e)
{
	static const enum foreign_kind ours[] = { FOREIGN_MSMTP,
	    FOREIGN_UNKNOWN };
	enum foreign_kind kind = foreign_guess(BUF_STR(f->text), ours);
	const struct foreign_section *s;
	const char **given;		/* their names here */
	size_t i;

	if (kind != FOREIGN_MSMTP)
		return foreign_refuse(kind, ".msmtprc", e);
	if (foreign_pair_read(f, e) < 0)
		return -1;
	given = arena_new(&f->arena, f->n, sizeof *given);
	for (i = 1; i < f->n; i++) {
		s = foreign_pair_alias(&f->v[i]) && f->v[i].parent != NULL ?
		    foreign_find(f, "account", f->v[i].parent) : NULL;
		given[i] = s != NULL ?
		    account_alias(&f->v[i], given[s - f->v], o) :
		    account_convert(&f->v[i], o);
	}
	return 0;
}

int
import_run(const char *path, struct buf *to, struct err *e)
{
	return foreign_import(path, msmtp_convert, to, e);
}
