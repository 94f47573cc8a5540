/* dest.c: IMAP servers that messages are brought to */
#include <stdlib.h>
#include <string.h>

#include "dest.h"
#include "imap_box.h"

int
dest_parse(struct dest_name *to, struct arena *a, const char *spec,
    const struct dest_conf *c, struct err *e)
{
	struct str s = str_of(spec), scheme = str_cut(&s, ':'), server;
	bool url = str_starts(s, "//");

	if (url)
		s = str_from(s, 2);
	server = str_cut(&s, '/');
	*to = (struct dest_name){
		.server = arena_printf(a, "%.*s:%s%.*s", STR_ARG(scheme),
		    url ? "//" : "", STR_ARG(server)),
		.folder = s.n > 0 ? arena_dup(a, s) : NULL,
	};
	if (server.n > 0 && (s.n == 0 || imap_nameable(s)))
		return 0;
	return fail(e, EX_USAGE, "%s %s: imaps://USER@HOST/FOLDER or imap:ACCOUNT/FOLDER",
	    c->option, spec);
}

static int
load_dest(struct dest *d, const struct dest_conf *c, struct err *e)
{
	struct account *a = &d->account;
	struct opt_set set = { .tables = { account_options(a) },
	    .arena = &a->arena };

	a->config = c->like->config;
	if (strstr(d->name, "://") != NULL)
		a->url = d->name;
	else
		a->name = strchr(d->name, ':') + 1;
	if (c->tls_off)
		a->tls_option = ACCOUNT_TLS_OFF;
	if (account_load(a, &set, "imap", NULL, e) < 0)
		return -1;
	if (!a->has_server)
		return fail(e, EX_CONFIG, "account %s has no IMAP server",
		    a->name);
	if (c->password_command != NULL)
		a->login.password_command = c->password_command;
	a->again = c->again;
	account_like(a, c->like);
	if (!session_wants_login(a))
		return fail(e, EX_USAGE, "log in as whom? imaps://USER@HOST/FOLDER");
	return 0;
}

struct dest *
dest_find(struct dest **all, const struct dest_conf *c, const char *name,
    struct err *e)
{
	struct dest *d;

	for (d = *all; d != NULL; d = d->next)
		if (strcmp(d->name, name) == 0)
			return d;
	d = mem_new(1, sizeof *d);
	d->name = mem_dup(name);
	d->next = *all;
	*all = d;
	if (load_dest(d, c, e) < 0) {
		fail_in(e, "%s %s", c->option, name);
		return NULL;
	}
	d->session.account = &d->account;
	return d;
}

static int
start_dest(struct dest *d)
{
	struct imap *m = &d->imap;
	struct session *s = &d->session;
	struct sasl_login l;

	if (imap_open(m, s->conn, session_tls(&d->account)) < 0)
		return -1;
	if (!m->authed && (session_login(s, &l) < 0 || imap_auth(m, &l) < 0))
		return -1;
	session_forget(s);
	return imap_wait(m, imap_ask_ready(m, IMAP_UTF8)) < 0 ||
	    imap_deflate(m) < 0 ? -1 : 0;
}

int
dest_open(struct dest *d, const struct dest_conf *c, struct err *e)
{
	int got;

	if (d->open && !conn_write_closed(d->session.conn))
		return 0;
	dest_hang_up(d);
	d->account.deadline = c->like->deadline;
	got = d->was_open && c->again ? session_renew(&d->session, e) : 0;
	if (got == 0)
		got = session_connect(&d->session, e) < 0 ? -1 : start_dest(d);
	d->was_open = true;
	d->open = got == 0;
	if (got < 0)
		fail_in(e, "%s %s", c->option, d->name);
	return got;
}

/* Not by EXAMINE: Courier then takes no APPEND. */
int
dest_select(struct dest *d, const char *folder, bool create)
{
	struct imap *m = &d->imap;
	int got = imap_select(m, str_of(folder), false);

	if (got > 0 && create) {
		got = imap_must(m, imap_ask_create(m, str_of(folder)),
		    "CREATE");
		if (got == 0)
			got = imap_select(m, str_of(folder), false);
	}
	if (got > 0)
		return conn_fail(m->c, imap_severity(m->text, EX_UNAVAILABLE),
		    "%s: %s", folder, m->text);
	return got;
}

void
dest_hang_up(struct dest *d)
{
	if (d->open)
		imap_quit(&d->imap);
	imap_free(&d->imap);
	d->imap = (struct imap){ 0 };
	session_hang_up(&d->session);
	d->open = false;
}

void
dest_free(struct dest *d)
{
	struct dest *next;

	for (; d != NULL; d = next) {
		next = d->next;
		dest_hang_up(d);
		session_close(&d->session);
		account_wipe(&d->account);
		free(d->name);
		free(d);
	}
}
