/*
 * envelope.c: who gets it, and from whom: recipients, sender, parameters
 *
 * A recipient that is there already is not added again.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envelope.h"
#include "aliases.h"
#include "options.h"
#include "trace.h"

/* ---- parameters of MAIL and RCPT ---- */

static int
xtext_safe(const char *what, const char *s, struct err *e)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return fail(e, EX_USAGE, "%s: byte 0x%02x may not stand there",
			    what, (unsigned char)*s);
	return 0;
}

/* RFC 3461 section 4: xtext, "+" and "=" being written as +XX. */
static void
xtext(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '+' || *s == '=')
			buf_printf(b, "+%02X", (unsigned char)*s);
		else
			buf_c(b, *s);
}

static int
check_params(const struct option_envelope *o, struct err *e)
{
	size_t i;

	for (i = 0; i < o->mail_param.n; i++)
		if (xtext_safe("--mail-param", o->mail_param.v[i], e) < 0)
			return -1;
	for (i = 0; i < o->rcpt_param.n; i++)
		if (xtext_safe("--rcpt-param", o->rcpt_param.v[i], e) < 0)
			return -1;
	if (o->envid != NULL && (xtext_safe("--envid", o->envid, e) < 0 ||
	    strlen(o->envid) > 100))
		return fail(e, EX_USAGE, "--envid: over 100 bytes");
	return 0;
}

/* " A B" of a list */
static const char *
verbatim(struct arena *a, const struct opt_list *params)
{
	const char *all = "";
	size_t i;

	for (i = 0; i < params->n; i++)
		all = arena_printf(a, "%s %s", all, params->v[i]);
	return all;
}

/* Of RFC 3461, apart from the verbatim ones: not every server knows them. */
static void
dsn_params(struct envelope *env, const struct option_envelope *o)
{
	struct buf mail = { .max = 8192 }, rcpt = { .max = 4096 };
	const struct opt_choice *c;

	for (c = option_ret_words; c->name != NULL; c++)
		if (o->dsn_ret == c->value)
			buf_printf(&mail, " RET=%s", c->name);
	if (o->envid != NULL) {
		buf_s(&mail, " ENVID=");
		xtext(&mail, o->envid);
	}
	for (c = option_dsn_words; c->name != NULL; c++)
		if ((o->dsn & c->value) != 0)
			buf_printf(&rcpt, "%s%s", rcpt.n == 0 ? " NOTIFY=" :
			    ",", c->name);
	env->mail.dsn = arena_dup(env->arena, BUF_STR(mail));
	env->notify = arena_dup(env->arena, BUF_STR(rcpt));
	buf_free(&mail);
	buf_free(&rcpt);
}

int
envelope_begin(struct envelope *env, struct arena *mem,
    const struct options *o, struct err *e)
{
	*env = (struct envelope){ .arena = mem, .options = o,
	    .mail.whole = o->envelope.whole,
	    .mail.requiretls = o->envelope.require_tls };
	if (check_params(&o->envelope, e) < 0)
		return -1;
	env->mail.params = verbatim(mem, &o->envelope.mail_param);
	env->params = verbatim(mem, &o->envelope.rcpt_param);
	dsn_params(env, &o->envelope);
	return 0;
}

/* ---- recipients ---- */

static bool
same_rcpt(const char *a, const char *b)
{
	const char *at = strrchr(a, '@');
	size_t local = at != NULL ? (size_t)(at - a) : strlen(a);

	return strncmp(a, b, local) == 0 &&
	    str_eqi(str_of(a + local), str_of(b + local));
}

/* The same for two that differ only in the case of the domain. */
static uint64_t
rcpt_key(const char *wire)
{
	struct buf b = { .max = 4096 };
	size_t i = 0;
	uint64_t h;

	buf_s(&b, wire);
	for (i = b.n; i > 0 && b.p[i - 1] != '@'; i--)
		b.p[i - 1] = str_lower(b.p[i - 1]);
	h = table_hash(BUF_STR(b));
	buf_free(&b);
	return h;
}

static uint64_t
rcpt_key_at(const void *of, size_t at)
{
	return rcpt_key(((const struct envelope *)of)->mail.rcpt[at].addr);
}

static bool
has_rcpt(const struct envelope *env, const char *wire)
{
	size_t at = table_number(&env->seen, env, rcpt_key(wire));

	return at != TABLE_NONE && same_rcpt(env->mail.rcpt[at].addr, wire);
}

static void
more_room(struct envelope *env)
{
	struct smtp_mail *m = &env->mail;
	struct smtp_rcpt *v;

	env->cap = env->cap > 0 ? 2 * env->cap : 16;
	v = arena_new(env->arena, env->cap, sizeof *v);
	if (m->n > 0)
		memcpy(v, m->rcpt, m->n * sizeof *v);
	m->rcpt = v;
}

/*
 * With NOTIFY goes the address as it is now (RFC 3461 4.2): reports name it,
 * whatever it becomes on its way.  Not if the user gives one, or if it is not
 * ASCII, whose form (RFC 6533) not every server with DSN knows.
 */
static const char *
rcpt_dsn(struct envelope *env, const char *wire)
{
	struct buf b = { .max = 4096 };
	const char *all;

	if ((env->options->envelope.dsn & ~(unsigned)OPTION_DSN_NEVER) == 0 ||
	    !str_ascii(str_of(wire)) ||
	    strcasestr(env->params, " ORCPT=") != NULL)
		return env->notify;
	buf_printf(&b, "%s ORCPT=rfc822;", env->notify);
	xtext(&b, wire);
	all = arena_dup(env->arena, BUF_STR(b));
	buf_free(&b);
	return all;
}

/* wire lives in the arena.  One that is there already is not added. */
static void
add_rcpt(struct envelope *env, const char *wire)
{
	struct smtp_mail *m = &env->mail;

	if (has_rcpt(env, wire))
		return;
	if (m->n == env->cap)
		more_room(env);
	m->rcpt[m->n] = (struct smtp_rcpt){ .addr = wire,
	    .params = env->params, .dsn = rcpt_dsn(env, wire) };
	env->seen.number = rcpt_key_at;
	table_add(&env->seen, env, m->n++);
	trace_note(TRACE_TALK, "recipient %s", wire);
}

void
envelope_person(struct arena *mem, struct envelope_people *p, struct str name,
    const char *wire)
{
	struct mime_addr *v;

	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 16;
		v = arena_new(mem, p->cap, sizeof *v);
		if (p->n > 0)
			memcpy(v, p->v, p->n * sizeof *v);
		p->v = v;
	}
	p->v[p->n++] = (struct mime_addr){ name, str_of(wire) };
}

/* May a name without a domain be a recipient as it is? */
static bool
stays_bare(const struct envelope *env)
{
	const struct options *o = env->options;

	return o->envelope.here || (o->envelope.bare && !o->message.daemon);
}

/*
 * One mailbox to the envelope, and to p if it is not NULL.  A bare name has the
 * domain of who sends in the header, where there must be one.
 */
static int
add_addr(struct envelope *env, const struct addr *a, struct envelope_people *p,
    struct err *e)
{
	struct addr whole = *a, checked;
	const char *wire;

	if (a->domain.n == 0)
		whole.domain = env->home;
	if ((wire = addr_wire(env->arena, &whole, true, e)) == NULL)
		return -1;
	if (p != NULL)
		envelope_person(env->arena, p, a->name, wire);
	if (a->domain.n == 0) {
		wire = arena_dup(env->arena, a->local);
		if (addr_local(&checked, a->local, e) < 0)
			return -1;
	}
	env->utf8 |= a->utf8;
	add_rcpt(env, wire);
	return 0;
}

/* root@localhost is root where mail is delivered here. */
static void
strip_own(const struct envelope *env, struct addr *a)
{
	char host[256] = "localhost";

	if (!env->options->envelope.here)
		return;
	gethostname(host, sizeof host - 1);
	if (str_is(a->domain, "localhost") || str_is(a->domain, host) ||
	    str_eqi(a->domain, env->own))
		a->domain = (struct str){ 0 };
}

/* A malformed address ends it all; but of a daemon's, itself alone. */
static int
malformed(struct envelope *env, const char *what, const struct err *why,
    struct err *e)
{
	if (!env->options->message.daemon)
		return fail(e, why->code, "%s: %s", what, why->msg);
	fail_print("%s: %s; left out", what, why->msg);
	env->skipped = true;
	return 0;
}

/* What a bare name stands for; NULL: itself, or it is being expanded. */
static struct aliases_entry *
alias_of(const struct envelope *env, struct str name)
{
	struct aliases_entry *x;

	if (env->options->aliases == NULL)
		return NULL;
	x = aliases_find(env->options->aliases, name);
	return x != NULL && !x->open ? x : NULL;
}

static int add_alias(struct envelope *, struct aliases_entry *, struct err *);

/* The name that was written stands in the header, whoever gets it. */
static int
add_named(struct envelope *env, struct aliases_entry *x, const struct addr *a,
    struct envelope_people *p, struct err *e)
{
	struct addr whole = *a;
	const char *wire;

	whole.domain = env->home;
	wire = p != NULL ? addr_wire(env->arena, &whole, true, e) : NULL;
	if (wire != NULL)
		envelope_person(env->arena, p, a->name, wire);
	return e->code == 0 ? add_alias(env, x, e) : -1;
}

/* One address of a list, qualified if it is a daemon's: "Cc: root". */
static int
add_listed(struct envelope *env, struct addr *a, struct envelope_people *p,
    struct err *e)
{
	struct aliases_entry *x;

	strip_own(env, a);
	x = a->domain.n == 0 ? alias_of(env, a->local) : NULL;
	if (x != NULL)
		return add_named(env, x, a, p, e);
	if (a->domain.n == 0 && stays_bare(env))
		return add_addr(env, a, p, e);
	if (a->domain.n == 0 && env->options->message.daemon)
		a->domain = env->home;
	if (a->domain.n == 0)
		return fail(e, EX_DATAERR, "\"%.*s\": no domain",
		    STR_ARG(a->local));
	return add_addr(env, a, p, e);
}

/*
 * "\\jo" is jo, whatever else that stands for, and so is a name that is its own
 * alias.  One whose members are being added already brings nobody else.
 */
static int
add_member(struct envelope *env, const struct aliases_entry *of,
    struct str one, struct err *e)
{
	struct addr_list list = { .rest = one };
	const struct aliases_entry *x;
	struct addr a;
	bool final = one.p[0] == '\\';

	if (one.p[0] == '|' || str_starts(one, "\"|"))
		return fail(e, EX_DATAERR, "%.*s: no program is run here",
		    STR_ARG(one));
	if (one.p[0] == '/' || str_starts(one, "\"/"))
		return fail(e, EX_DATAERR, "%.*s: no file is written here",
		    STR_ARG(one));
	if (final)
		list.rest = str_from(one, 1);
	if (addr_next(&list, &a, env->arena, e) < 0)
		return -1;
	x = a.domain.n == 0 && !final ?
	    aliases_find(env->options->aliases, a.local) : NULL;
	if (x != NULL && x->open && x != of)
		return 0;
	if (final && a.domain.n == 0 && stays_bare(env))
		return add_addr(env, &a, NULL, e);
	if (final && a.domain.n == 0)
		a.domain = env->home;
	return add_listed(env, &a, NULL, e);
}

/* All that an alias stands for; a name that leads back to it is itself. */
static int
add_alias(struct envelope *env, struct aliases_entry *x, struct err *e)
{
	struct str rest = x->value, one;
	struct err why;

	x->open = true;
	while (e->code == 0 && (one = aliases_member(&rest)).n > 0) {
		why = (struct err){ 0 };
		if (add_member(env, x, one, &why) < 0)
			malformed(env, arena_printf(env->arena, "alias %.*s",
			    STR_ARG(x->name)), &why, e);
	}
	x->open = false;
	return e->code == 0 ? 0 : -1;
}

int
envelope_list(struct envelope *env, const char *what, struct str text,
    struct envelope_people *p, struct err *e)
{
	struct addr_list list = { .rest = text };
	struct err why;
	struct addr a;
	int got;

	do {
		why = (struct err){ 0 };
		if ((got = addr_next(&list, &a, env->arena, &why)) < 0)
			addr_skip(&list);
		if (got > 0)
			add_listed(env, &a, p, &why);
		if (why.code != 0 && malformed(env, what, &why, e) < 0)
			return -1;
	} while (got != 0);
	return 0;
}

int
envelope_lists(struct envelope *env, const char *what,
    const struct opt_list *texts, struct envelope_people *p, struct err *e)
{
	size_t i;

	for (i = 0; i < texts->n; i++)
		if (envelope_list(env, what, str_of(texts->v[i]), p, e) < 0)
			return -1;
	return 0;
}

/* sendmail(8) is given "root". */
static struct str
qualified(struct envelope *env, const char *arg)
{
	if (!env->options->message.daemon || strchr(arg, '@') != NULL)
		return str_of(arg);
	return str_of(arena_printf(env->arena, "%s@%.*s", arg,
	    STR_ARG(env->home)));
}

/* "jo@example.org", or "jo" where that is enough. */
static int
operand(struct envelope *env, struct addr *a, const char *arg, struct err *e)
{
	int got;

	if (stays_bare(env) && strchr(arg, '@') == NULL)
		return addr_local(a, str_of(arg), e);
	if ((got = addr_mailbox(a, qualified(env, arg), e)) == 0)
		strip_own(env, a);
	return got;
}

/*
 * A daemon's "a@x,root", which is no address, may be several: cron gives
 * sendmail(8) the text of MAILTO.  Each that is malformed is named then.
 */
static bool
is_list(const struct envelope *env, const char *arg)
{
	return env->options->message.daemon && strchr(arg, ',') != NULL;
}

int
envelope_operands(struct envelope *env, const struct opt_list *to,
    struct envelope_people *p, struct err *e)
{
	struct aliases_entry *x;
	struct err why;
	struct addr a;
	size_t i;

	for (i = 0; i < to->n; i++) {
		why = (struct err){ 0 };
		a = (struct addr){ .local = str_of(to->v[i]) };
		x = alias_of(env, a.local);
		if (x == NULL && operand(env, &a, to->v[i], &why) == 0 &&
		    a.domain.n == 0)
			x = alias_of(env, a.local);
		if (why.code != 0 && is_list(env, to->v[i])) {
			if (envelope_list(env, "recipient", str_of(to->v[i]),
			    p, e) < 0)
				return -1;
			continue;
		}
		if (x != NULL)
			add_named(env, x, &a, p, &why);
		else if (why.code == 0)
			add_addr(env, &a, p, &why);
		if (why.code != 0 && malformed(env, "recipient", &why, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- the sender ---- */

/* /etc/mailname, as Debian has it, or the host's name; or "localhost". */
static void
own_domain(char name[256])
{
	struct err quiet = { 0 };
	FILE *f = fopen("/etc/mailname", "re");
	struct str line;

	if (f != NULL && fgets(name, 256, f) != NULL) {
		line = str_trim(str_of(name));
		memmove(name, line.p, line.n);
		name[line.n] = '\0';
	} else {
		gethostname(name, 255);
	}
	if (f != NULL)
		fclose(f);
	if (addr_domain(str_of(name), &quiet) < 0)
		memcpy(name, "localhost", sizeof "localhost");
}

static struct str
own_name(struct arena *a)
{
	char host[256] = "";

	own_domain(host);
	return arena_str(a, str_of(host));
}

const char *
envelope_self(struct arena *a)
{
	char host[256] = "";
	struct passwd *pw = getpwuid(getuid());

	own_domain(host);
	return arena_printf(a, "%s@%s", pw != NULL ? pw->pw_name : "nobody",
	    host);
}

/* The domain of "Jo <jo@example.org>"; empty if there is none. */
static struct str
domain_in(struct envelope *env, const char *text)
{
	struct err quiet = { 0 };
	struct addr a = { .domain.n = 0 };

	if (text == NULL || strchr(text, '@') == NULL ||
	    addr_from(&a, env->arena, str_of(text), &quiet) < 0)
		return (struct str){ 0 };
	return a.domain;
}

/* The account's domain: of its from, of its user; else of who sends. */
static void
find_home(struct envelope *env, const char *user, const char *self)
{
	const char *const places[] = { env->options->message.from, user,
	    env->options->sendmail.sender, self };
	struct err quiet = { 0 };
	size_t i;

	for (i = 0; i < sizeof places / sizeof *places && env->home.n == 0; i++)
		env->home = domain_in(env, places[i]);
	addr_ascii(env->arena, env->home, &env->home, &quiet);
}

/* The first mailbox of a field of the message is the sender. */
static bool
field_addr(struct envelope *env, const struct msg *m, const char *name)
{
	struct err quiet = { 0 };
	struct str body;
	struct addr_list list;

	if (!msg_field(m, name, &body))
		return false;
	list = (struct addr_list){ .rest = body };
	if (addr_next(&list, &env->from, env->arena, &quiet) <= 0)
		return false;
	if (env->from.domain.n == 0 && env->options->message.daemon)
		env->from.domain = env->home;
	return true;
}

/* As sendmail: -f '<>' and -f '' are a bounce's, which must not bounce. */
static const char *
null_sender(const struct envelope *env)
{
	const char *arg = env->options->sendmail.sender;

	return arg != NULL && (arg[0] == '\0' || strcmp(arg, "<>") == 0) ?
	    arg : NULL;
}

/*
 * As sendmail: -f user@host, if it is one; a bare name such as cron's -f root
 * yields to the account's own sender.
 */
static int
given_sender(struct envelope *env, struct err *e)
{
	const char *arg = env->options->sendmail.sender;
	struct err why = { 0 };

	if (arg == NULL || env->options->message.set_from)
		return 0;
	if (strchr(arg, '@') == NULL)
		return env->options->message.daemon ||
		    null_sender(env) != NULL ? 0 :
		    fail(e, EX_USAGE, "-r %s: no address", arg);
	if (addr_mailbox(&env->from, str_of(arg), &why) == 0)
		return 1;
	return malformed(env, "-f", &why, e);
}

int
envelope_sender(struct envelope *env, const struct msg *finished,
    const char *user, const char *self, struct err *e)
{
	const char *arg = env->options->message.from;
	int got;

	if (self == NULL)
		self = envelope_self(env->arena);
	if (env->options->message.daemon || stays_bare(env))
		find_home(env, user, self);
	if (env->options->envelope.here)
		env->own = own_name(env->arena);
	if ((got = given_sender(env, e)) != 0)
		return got < 0 ? -1 : 0;
	if (arg != NULL && arg[0] != '\0') {
		if (addr_from(&env->from, env->arena, qualified(env, arg),
		    e) == 0)
			return 0;
		return fail_in(e, "-f");
	}
	if (finished != NULL && (field_addr(env, finished, "Resent-Sender") ||
	    field_addr(env, finished, "Resent-From") ||
	    field_addr(env, finished, "Sender") ||
	    field_addr(env, finished, "From")))
		return 0;
	if (user != NULL && strchr(user, '@') != NULL &&
	    addr_mailbox(&env->from, str_of(user), &(struct err){ 0 }) == 0)
		return 0;
	if (addr_mailbox(&env->from, str_of(self), e) < 0)
		return fail_in(e, "no sender is known (-f)");
	return 0;
}

int
envelope_end(struct envelope *env, const char *arg, struct err *e)
{
	struct addr a = env->from;

	if (arg == NULL)
		arg = null_sender(env);
	if (arg != NULL && (arg[0] == '\0' || strcmp(arg, "<>") == 0)) {
		env->mail.from = "";
		return 0;
	}
	if (arg != NULL && addr_mailbox(&a, qualified(env, arg), e) < 0)
		return fail_in(e, "--mail-from");
	env->mail.from = addr_wire(env->arena, &a, true, e);
	env->utf8 |= a.utf8;
	return env->mail.from != NULL ? 0 : -1;
}

void
envelope_close(struct envelope *env)
{
	table_free(&env->seen);
}
