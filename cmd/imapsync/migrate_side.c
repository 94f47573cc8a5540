/* migrate_side.c: one of a migration's two servers */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "imap_box.h"
#include "migrate_side.h"

/* ---- the account ---- */

int
migrate_side_load(struct migrate_side *s, const struct account *like,
    struct err *e)
{
	struct account *a = &s->account;
	struct opt_set set = { .tables = { account_options(a) },
	    .arena = &a->arena };

	a->config = like->config;
	if (strstr(s->name, "://") != NULL)
		a->url = s->name;
	else
		a->name = s->name;
	a->tls_option = like->tls_option;
	if (account_load(a, &set, "imap", NULL, e) < 0)
		return fail_in(e, "%s", s->name);
	if (!a->has_server)
		return fail(e, EX_CONFIG, "%s has no IMAP server", s->name);
	if (s->password != NULL)
		a->login.password_command = s->password;
	account_like(a, like);
	a->again = true;
	s->session.account = a;
	if (!session_wants_login(a))
		return fail(e, EX_USAGE, "%s: log in as whom? imaps://USER@HOST",
		    s->name);
	return 0;
}

const char *
migrate_side_who(struct migrate_side *s)
{
	char where[300];

	session_where(&s->account, where, sizeof where);
	return arena_printf(&s->arena, "%s@%s", account_user(&s->account),
	    where);
}

int
migrate_sides_ready(struct migrate_side *from, struct migrate_side *to,
    struct sandbox *box, struct err *e)
{
	struct session *both[] = { &from->session, &to->session };

	from->account.box = to->account.box = box;
	return session_ready_all(both, 2, e);
}

/* ---- the connection ---- */

void
migrate_side_hang_up(struct migrate_side *s)
{
	if (s->open)
		imap_quit(&s->imap);
	imap_free(&s->imap);
	s->imap = (struct imap){ 0 };
	session_hang_up(&s->session);
	s->open = false;
}

static int
log_in_to(struct migrate_side *s)
{
	struct imap *m = &s->imap;
	struct sasl_login l;

	if (imap_open(m, s->session.conn,
	    session_tls(s->session.account)) < 0)
		return -1;
	if (s->looks)
		m->may = IMAP_LOOKS;
	if (!m->authed && (session_login(&s->session, &l) < 0 ||
	    imap_auth(m, &l) < 0))
		return -1;
	return imap_wait(m, imap_ask_ready(m, IMAP_UTF8)) < 0 ||
	    imap_deflate(m) < 0 ? -1 : 0;
}

/* ---- its mailboxes ---- */

static struct str
side_name(const void *of, size_t at)
{
	return str_of(((const struct migrate_side *)of)->v[at].name);
}

struct migrate_name *
migrate_side_find(struct migrate_side *s, struct str name)
{
	size_t at = table_text(&s->names, s, name);

	return at != TABLE_NONE ? &s->v[at] : NULL;
}

static struct migrate_name *
add_name(struct migrate_side *s, struct str name)
{
	s->names.text = side_name;
	if (s->n == s->cap) {
		s->cap = 2 * s->cap + 64;
		s->v = mem_grow(s->v, s->cap, sizeof *s->v);
	}
	s->v[s->n] = (struct migrate_name){ .selectable = true,
	    .name = arena_dup(&s->arena, name) };
	s->bytes += sizeof *s->v + name.n;
	table_add(&s->names, s, s->n);
	return &s->v[s->n++];
}

static void
add_odd(struct migrate_side *s, struct str name)
{
	char safe[200];

	str_escape(safe, sizeof safe, name);
	s->odd = mem_grow(s->odd, s->nodd + 1, sizeof *s->odd);
	s->odd[s->nodd++] = arena_dup(&s->arena, str_of(safe));
	s->bytes += sizeof *s->odd + name.n;
}

/* One line of LIST or LSUB; what is subscribed must be in the list, too. */
static void
add_listed(struct migrate_side *s, const struct imap_resp *r)
{
	struct migrate_name *b;

	if (r->bad_name || !imap_nameable(r->name)) {
		if (r->type == IMAP_LIST && imap_selectable(r->flags))
			add_odd(s, r->name);
		return;
	}
	b = migrate_side_find(s, r->name);
	if (r->type == IMAP_LSUB && b != NULL)
		b->subscribed = true;
	if (r->type == IMAP_LSUB)
		return;
	if (b == NULL)
		b = add_name(s, r->name);
	b->selectable = imap_selectable(r->flags);
	b->subscribed |= imap_has_flag(r->flags, "\\Subscribed");
	b->use = imap_special_use(r->flags);
	if (s->space.sep == '\0')
		s->space.sep = r->sep;
}

/* The answers to LIST or LSUB, and to NAMESPACE unless that is 0. */
static int
hear_list(struct migrate_side *s, unsigned tag, unsigned space)
{
	struct imap *m = &s->imap;
	struct imap_resp r;
	size_t lines = 0;

	do {
		if (imap_next(m, &r) < 0 || imap_namespace(m, &r, &s->space) < 0)
			return -1;
		if (r.type == IMAP_LIST || r.type == IMAP_LSUB) {
			if (imap_list_bound(m, ++lines, s->bytes) < 0)
				return -1;
			add_listed(s, &r);
		}
		if (r.tag == 0)
			continue;
		if (imap_done(&r, tag) && r.type != IMAP_OK)
			return conn_fail(m->c, imap_severity(m->text,
			    EX_UNAVAILABLE), "LIST: %s", m->text);
		if (imap_done(&r, tag))
			tag = 0;
		else if (imap_done(&r, space))
			space = 0;
	} while (tag != 0 || space != 0);
	return 0;
}

static int
name_order(const void *x, const void *y)
{
	return strcmp(((const struct migrate_name *)x)->name,
	    ((const struct migrate_name *)y)->name);
}

/* What is subscribed, too, in order of names; once. */
static int
side_list(struct migrate_side *s)
{
	struct imap *m = &s->imap;
	unsigned space;
	size_t i;

	if (s->listed)
		return 0;
	table_free(&s->names);		/* a list that broke off is none */
	s->n = s->nodd = s->bytes = 0;
	s->names.text = side_name;
	s->space = (struct imap_namespace){ 0 };
	space = imap_ask_namespace(m);
	if (hear_list(s, imap_ask_list(m, "*", IMAP_LIST_NAMES), space) < 0)
		return -1;
	if (!imap_list_says_subscribed(m) &&
	    hear_list(s, imap_ask_lsub(m), 0) < 0)
		return -1;
	if (s->n > 0)
		qsort(s->v, s->n, sizeof *s->v, name_order);
	table_free(&s->names);
	for (i = 0; i < s->n; i++)
		table_add(&s->names, s, i);
	s->listed = true;
	return 0;
}

/* ---- both ---- */

/* Connected and logged in; a connection that was there was closed. */
static int
side_open(struct migrate_side *s)
{
	if (session_connect(&s->session, &s->err) < 0)
		return -1;
	s->was_open = true;
	s->opened = clock_ms();
	if (log_in_to(s) < 0)
		return -1;
	s->open = true;
	return 0;
}

static void *
side_dial(void *of)
{
	struct migrate_side *s = of;

	s->got = side_open(s) < 0 || side_list(s) < 0 ? -1 : 0;
	return NULL;
}

/* Those that are not NULL, at the same time: it is a dozen round trips each. */
static int
sides_dial(struct migrate_side *from, struct migrate_side *to)
{
	pthread_t thread;
	bool beside = from != NULL && to != NULL &&
	    pthread_create(&thread, NULL, side_dial, to) == 0;

	if (from != NULL)
		side_dial(from);
	if (to != NULL && !beside)
		side_dial(to);
	if (beside)
		pthread_join(thread, NULL);
	return (from != NULL && from->got < 0) || (to != NULL && to->got < 0) ?
	    -1 : 0;
}

/* NULL: it is open; else it is ready to be opened, or *got is -1. */
static struct migrate_side *
side_renew(struct migrate_side *s, int *got)
{
	if (s->open && s->listed)
		return NULL;
	migrate_side_hang_up(s);
	fail_clear(&s->err);
	if (s->was_open && session_renew(&s->session, &s->err) < 0)
		*got = -1;
	return s;
}

int
migrate_sides_connect(struct migrate_side *from, struct migrate_side *to)
{
	struct migrate_side *a, *b;
	int got = 0;

	a = side_renew(from, &got);
	b = side_renew(to, &got);
	if (got == 0)
		got = sides_dial(a, b);
	if (a != NULL && a->open)
		session_forget(&a->session);
	if (b != NULL && b->open)
		session_forget(&b->session);
	return got;
}

static struct migrate_side *
side_share(struct migrate_side *s, const struct migrate_side *of)
{
	if (s->open)
		return NULL;
	migrate_side_hang_up(s);
	fail_clear(&s->err);
	s->name = of->name;
	s->looks = of->looks;
	s->listed = true;		/* by the other one */
	session_share(&s->session, &of->session);
	return s;
}

int
migrate_sides_join(struct migrate_side *from, const struct migrate_side *from_of,
    struct migrate_side *to, const struct migrate_side *to_of)
{
	return sides_dial(side_share(from, from_of), side_share(to, to_of));
}

int
migrate_side_select(struct migrate_side *from, const char *a,
    struct migrate_side *to, const char *b, int got[2])
{
	unsigned first = imap_ask_select(&from->imap, str_of(a), true, NULL),
	    second = imap_ask_select(&to->imap, str_of(b), to->looks, NULL);

	imap_box_forget(&from->imap);
	imap_box_forget(&to->imap);
	if (conn_flush(to->imap.c) < 0 ||
	    (got[0] = imap_wait(&from->imap, first)) < 0 ||
	    (got[1] = imap_wait(&to->imap, second)) < 0)
		return -1;
	return 0;
}

void
migrate_side_free(struct migrate_side *s)
{
	migrate_side_hang_up(s);
	session_close(&s->session);
	account_wipe(&s->account);
	table_free(&s->names);
	free(s->v);
	free(s->odd);
	arena_free(&s->arena);
}
