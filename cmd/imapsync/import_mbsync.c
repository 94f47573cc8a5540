/*
 * import_mbsync.c: an .mbsyncrc (isync 1.0 to 1.5) as our configuration
 *
 * Words in double quotes, a backslash before what is meant as it stands, a #
 * where a word could begin up to the end of the line.  A section begins with
 * its own word and ends with an empty line; Sync, Create and the like may
 * stand before any of them.  Master and Slave are the old words for Far and
 * Near, SSL for TLS.
 */
#include <string.h>

#include "foreign_server.h"
#include "import_private.h"
#include "names.h"

/* ---- the lexer ---- */

/* The next word; NULL at the end of the line. */
static const char *
word(struct arena *a, struct str *s)
{
	bool quoted = false;
	char *start, *to;

	while (s->n > 0 && strchr(" \t\r\f\v", s->p[0]) != NULL)
		*s = str_from(*s, 1);
	if (s->n == 0 || s->p[0] == '#')
		return NULL;
	start = to = arena_new(a, s->n + 1, 1);
	for (; s->n > 0; *s = str_from(*s, 1)) {
		if (s->p[0] == '"')
			quoted = !quoted;
		else if (s->p[0] == '\\' && s->n > 1) {
			*s = str_from(*s, 1);
			*to++ = s->p[0];
		} else if (!quoted && strchr(" \t\r\f\v", s->p[0]) != NULL)
			break;
		else
			*to++ = s->p[0];
	}
	*to = '\0';
	return start;
}

static bool
opens(const char *key)
{
	return foreign_is(key, "IMAPAccount") || foreign_is(key, "IMAPStore") ||
	    foreign_is(key, "MaildirStore") || foreign_is(key, "Channel") ||
	    foreign_is(key, "Group");
}

/* The settings at the top, before and between the sections. */
static struct foreign_section *
top(const struct foreign *f)
{
	return &f->v[0];
}

/* The words of a section's first line and of a setting stay as they are. */
static int
mbsync_line(struct foreign *f, size_t *at, struct str l, unsigned n,
    struct err *e)
{
	const char *key = word(&f->arena, &l), *name;
	struct str rest = str_trim(l);

	if (key == NULL) {
		if (rest.n == 0)
			*at = 0;	/* an empty line; no comment */
		return 0;
	}
	if (opens(key) && !(foreign_is(f->v[*at].kind, "Group") &&
	    foreign_is(key, "Channel"))) {
		name = word(&f->arena, &l);
		if (name == NULL)
			return fail(e, EX_DATAERR, "line %u: a section without a name",
			    n);
		if (foreign_find(f, key, name) != NULL)
			return fail(e, EX_DATAERR, "line %u: a section that is there already",
			    n);
		if (foreign_open(f, key, name, n, e) == NULL)
			return -1;
		*at = f->n - 1;
		if (!foreign_is(key, "Group"))
			return 0;
		key = "Channels";
	}
	return foreign_add(f, &f->v[*at], (struct foreign_item){ .key = key,
	    .value = arena_dup(&f->arena, l), .line = n }, e);
}

static int
parse(struct foreign *f, struct err *e)
{
	struct str text = BUF_STR(f->text), l;
	unsigned n = 0;
	size_t at = 0, i;

	if (foreign_open(f, "", "", 0, e) == NULL)
		return -1;
	while (text.n > 0) {
		l = str_cut(&text, '\n');
		n++;
		for (i = 0; i < l.n; i++)
			if (l.p[i] != '\t' && l.p[i] != '\r' &&
			    str_control((struct str){ l.p + i, 1 }))
				return fail(e, EX_DATAERR, "line %u: a control byte",
				    n);
		if (mbsync_line(f, &at, l, n, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- values ---- */

struct mbsync {
	struct foreign *f;
	struct conf_out *o;
	struct arena *a;
};

static const char *
first_word(struct mbsync *m, const char *value)
{
	struct str s = str_of(value);

	return value != NULL ? word(m->a, &s) : NULL;
}

/* The value of a key; its old name, if it has one, is the other. */
static const char *
take_key(struct mbsync *m, struct foreign_section *s, const char *key,
    const char *old)
{
	const char *v = first_word(m, foreign_take(s, key));
	const char *w = old != NULL ? first_word(m, foreign_take(s, old)) :
	    NULL;

	return v != NULL ? v : w;
}

/* All words of all lines with the key, or with its old name. */
static struct opt_list
take_list(struct mbsync *m, struct foreign_section *s, const char *key,
    const char *old)
{
	struct opt_list l = { 0 };
	const char *w;
	struct str v;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!foreign_is(s->v[i].key, key) &&
		    !foreign_is(s->v[i].key, old))
			continue;
		s->v[i].taken = true;
		v = str_of(s->v[i].value);
		while ((w = word(m->a, &v)) != NULL)
			opt_list_add(m->a, &l, w);
	}
	return l;
}

/* A channel's own words, or those at the top. */
static struct opt_list
inherited(struct mbsync *m, struct foreign_section *s, const char *key)
{
	struct opt_list mine = take_list(m, s, key, key);
	struct opt_list all = take_list(m, top(m->f), key, key);

	return mine.n > 0 ? mine : all;
}

static bool
has_either(const struct opt_list *l, const char *one, const char *other)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (foreign_is(l->v[i], one) || foreign_is(l->v[i], other))
			return true;
	return false;
}

/* ---- an account ---- */

/* IMAPS, STARTTLS, None, and what they were before 1.2. */
static enum foreign_tls
mbsync_tls(struct mbsync *m, struct foreign_section *s, bool tunnel)
{
	const char *type = take_key(m, s, "TLSType", "SSLType");
	const char *imaps = take_key(m, s, "UseIMAPS", NULL);
	const char *require = take_key(m, s, "RequireSSL", NULL);

	if (foreign_is(type, "IMAPS") || (type == NULL && foreign_yes(imaps)) ||
	    (type == NULL && imaps == NULL && require == NULL && !tunnel &&
	    foreign_is(first_word(m, foreign_take(s, "Port")), "993")))
		return FOREIGN_TLS;
	if (foreign_is(type, "None") || (type == NULL && (tunnel ||
	    (require != NULL && !foreign_yes(require)))))
		return FOREIGN_PLAIN;
	return FOREIGN_STARTTLS;
}

/* Which versions are allowed: only a floor that is higher is taken over. */
static void
versions(struct mbsync *m, struct foreign_section *s)
{
	struct opt_list old = take_list(m, s, "SSLVersions", "SSLVersion");
	struct opt_list new = take_list(m, s, "TLSVersions", "TLSVersion");
	bool low = has_either(&old, "TLSv1", "TLSv1.1") ||
	    has_either(&old, "SSLv3", "SSLv2") ||
	    has_either(&new, "+1.0", "+1.1");

	if ((old.n == 1 && foreign_is(old.v[0], "TLSv1.3")) ||
	    has_either(&new, "-1.2", "-1.2"))
		conf_out_key(m->o, "tls-min", "1.3");
	else if (low)
		conf_out_note(m->o, "TLSVersions: here it is TLS 1.2 or newer; see tls-min");
}

static void
mbsync_login(struct mbsync *m, struct foreign_section *s)
{
	struct opt_list mechs = take_list(m, s, "AuthMechs", "AuthMech");
	const char *command = take_key(m, s, "PassCmd", NULL);
	struct buf b = { .max = 400 };
	size_t i;

	for (i = 0; i < mechs.n; i++)
		if (!foreign_is(mechs.v[i], "*"))
			buf_printf(&b, "%s%s", b.n > 0 ? " " : "",
			    mechs.v[i]);
	foreign_auth(m->o, b.p);
	if (command != NULL && command[0] == '+')
		command++;		/* it may print a prompt */
	conf_out_key(m->o, foreign_token(b.p) ? "token-command" :
	    "password-command", command);
	if (take_key(m, s, "Pass", NULL) != NULL && command == NULL)
		foreign_secret(m->o);
	buf_free(&b);
}

static const char *
mbsync_account(struct mbsync *m, struct foreign_section *s)
{
	const char *tunnel = take_key(m, s, "Tunnel", NULL);
	const char *host = take_key(m, s, "Host", NULL);
	struct foreign_server server = { .protocol = "imap", .host = host,
	    .user = take_key(m, s, "User", NULL) };
	const char *name = conf_out_name(m->o, "account", s->name);

	server.tls = mbsync_tls(m, s, tunnel != NULL);
	if (host != NULL && str_starts(str_of(host), "imaps:")) {
		server.host = host + 6;
		server.tls = FOREIGN_TLS;
	} else if (host != NULL && str_starts(str_of(host), "imap:"))
		server.host = host + 5;
	if (host == NULL && tunnel != NULL)
		server.host = "localhost";
	server.port = take_key(m, s, "Port", NULL);
	if (!foreign_account(m->o, name, &server))
		return NULL;
	conf_out_key(m->o, "connect-command", tunnel);
	if (tunnel != NULL && server.tls == FOREIGN_PLAIN)
		conf_out_key(m->o, "tls", "off");
	mbsync_login(m, s);
	versions(m, s);
	conf_out_key(m->o, "ca", take_key(m, s, "CertificateFile", NULL));
	conf_out_key(m->o, "cert", take_key(m, s, "ClientCertificate", NULL));
	conf_out_key(m->o, "key", take_key(m, s, "ClientKey", NULL));
	return name;
}

/* ---- a channel ---- */

/* One end: ":store:mailbox" */
struct end {
	struct foreign_section *store;
	const char *box;
};

static struct end
store_end(struct mbsync *m, struct foreign_section *s, const char *key,
    const char *old)
{
	const char *v = take_key(m, s, key, old);
	struct str all = str_of(v), name;
	struct end to = { NULL, "" };
	const char *store;

	if (all.n == 0 || all.p[0] != ':')
		return to;
	all = str_from(all, 1);
	name = str_cut(&all, ':');
	store = arena_dup(m->a, name);
	to.store = foreign_find(m->f, "IMAPStore", store);
	if (to.store == NULL)
		to.store = foreign_find(m->f, "MaildirStore", store);
	if (all.p != NULL)
		to.box = arena_dup(m->a, all);
	return to;
}

static bool
cell(struct mbsync *m, const struct opt_list *v, const char *direction,
    const char *kind, const char *other)
{
	return has_either(v, arena_printf(m->a, "%s%s", direction, kind),
	    arena_printf(m->a, "%s%s", direction, other));
}

static bool
any_cell(struct mbsync *m, const struct opt_list *v, const char *direction)
{
	return cell(m, v, direction, "New", "Flags") ||
	    cell(m, v, direction, "Delete", "Gone") ||
	    cell(m, v, direction, "ReNew", "Upgrade");
}

/*
 * "Pull New" is where a row and a column meet, and what is not said of rows or
 * of columns is all of them.  Beside a "PullNew" each is meant whole.
 */
static struct import_way
sync_way(struct mbsync *m, const struct opt_list *v, const char *to,
    const char *from)
{
	bool new = has_either(v, "New", "New");
	bool gone = has_either(v, "Delete", "Gone");
	bool flags = has_either(v, "Flags", "Flags");
	bool types = new || gone || flags || has_either(v, "ReNew", "Old") ||
	    has_either(v, "Upgrade", "Upgrade");
	bool row = has_either(v, to, to);

	if (v->n == 0 || has_either(v, "All", "Full"))
		return (struct import_way){ true, true, true, false };
	if (has_either(v, "None", "Noop"))
		return (struct import_way){ 0 };
	if (any_cell(m, v, to) || any_cell(m, v, from))
		return (struct import_way){
			.new = row || new || cell(m, v, to, "New", "New"),
			.gone = row || gone || cell(m, v, to, "Delete",
			    "Gone"),
			.flags = row || flags || cell(m, v, to, "Flags",
			    "Flags"),
		};
	row = row || !has_either(v, from, from);
	return (struct import_way){ .new = row && (new || !types),
	    .gone = row && (gone || !types),
	    .flags = row && (flags || !types) };
}

static struct import_ways
both_ways(struct mbsync *m, struct foreign_section *s)
{
	struct opt_list v = inherited(m, s, "Sync");
	struct opt_list expunge = inherited(m, s, "Expunge");
	bool both = has_either(&expunge, "Both", "Both");
	struct import_ways w = { .near = sync_way(m, &v, "Pull", "Push"),
	    .far = sync_way(m, &v, "Push", "Pull") };

	w.near.expunge = both || has_either(&expunge, "Near", "Slave");
	w.far.expunge = both || has_either(&expunge, "Far", "Master");
	return w;
}

/* Words for what we have no word for: skipped before, and placeholders. */
static void
note_old(struct mbsync *m, struct foreign_section *s)
{
	struct opt_list v = inherited(m, s, "Sync");
	const char *const ways[] = { "", "Pull", "Push" };
	size_t i;

	for (i = 0; i < 3; i++)
		if (cell(m, &v, ways[i], "ReNew", "Old") ||
		    cell(m, &v, ways[i], "Upgrade", "Upgrade")) {
			conf_out_note(m->o, "not taken over: Sync Old, ReNew, Upgrade: what was left out before comes with New here, whole");
			return;
		}
}

static const char *
where(bool far, bool near)
{
	if (far && near)
		return "both";
	if (far)
		return "far";
	return near ? "near" : "none";
}

/*
 * A pattern behind what all names begin with there.  If that is the Path of a
 * store, INBOX does not, and "*" and "%" are INBOX, too.
 */
static void
below(struct mbsync *m, struct opt_list *to, const char *first,
    const char *pattern, bool path)
{
	const char *no = pattern[0] == '!' ? "!" : "", *p = pattern + (no[0] != 0);

	if (path && (strcmp(p, "*") == 0 || strcmp(p, "%") == 0))
		opt_list_add(m->a, to, arena_printf(m->a, "%sINBOX", no));
	if (path && foreign_is(p, "INBOX"))
		first = "";
	opt_list_add(m->a, to, arena_printf(m->a, "%s%s%s", no, first, p));
}

/* "Sent -> [Gmail]/Sent Mail", if the two differ. */
static void
map_rule(struct mbsync *m, const char *near, const char *far, const char *star)
{
	if (star[0] == '\0' && near[0] == '\0')
		near = "INBOX";
	if (star[0] == '\0' && far[0] == '\0')
		far = "INBOX";
	if (strcmp(near, far) == 0)
		return;
	conf_out_key(m->o, "map", arena_printf(m->a, "%s%s -> %s%s", near,
	    star, far, star));
	if (star[0] == '\0')
		conf_out_note(m->o, "Near %s: the Maildir keeps that name, by map",
		    near);
}

/* Without patterns a channel is of one mailbox. */
static void
mbsync_folders(struct mbsync *m, struct foreign_section *s, struct end far,
    struct end near)
{
	struct opt_list v = take_list(m, s, "Patterns", "Pattern");
	const char *path = take_key(m, far.store, "Path", NULL);
	const char *first = path != NULL ? path : "", *box = far.box;
	struct opt_list to = { 0 };
	size_t i;

	if (box[0] != '\0' && (v.n > 0 || !foreign_is(box, "INBOX")))
		box = arena_printf(m->a, "%s%s", first, box);
	if (v.n > 0 && box[0] == '\0')
		box = first;
	for (i = 0; i < v.n; i++)
		below(m, &to, box, v.v[i], far.box[0] == '\0' &&
		    first[0] != '\0');
	if (v.n == 0)
		opt_list_add(m->a, &to, box[0] != '\0' ? box : "INBOX");
	import_patterns(m->o, &to);
	map_rule(m, near.box, box, v.n > 0 ? "*" : "");
}

/* A path without the "/" that folders end with there as a rule. */
static struct str
folder(const char *path)
{
	struct str s = str_of(path);

	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	return s;
}

/* Is it PATH/INBOX, where we have it unasked? */
static bool
usual_inbox(const char *path, const char *inbox)
{
	struct str in = folder(inbox), near = folder(path);

	return in.n == near.n + 6 && str_eq(str_to(in, near.n), near) &&
	    str_eq(str_from(in, near.n), STR("/INBOX"));
}

static void
read_flatten(struct mbsync *m, struct foreign_section *s)
{
	const char *c = take_key(m, s, "Flatten", NULL);

	if (c != NULL && c[1] == '\0' && names_flat(c[0])) {
		conf_out_key(m->o, "flatten", c);
		conf_out_note(m->o, "Flatten: where a name has %s itself, it is %%%02X here",
		    c, (unsigned)c[0]);
	} else if (c != NULL)
		conf_out_note(m->o, "not taken over: Flatten: here it is one character that separates");
}

/* With Maildir++ the store is its inbox; else Path, and where Inbox is. */
static void
read_store(struct mbsync *m, struct foreign_section *s, bool has_inbox)
{
	const char *path = take_key(m, s, "Path", NULL);
	const char *inbox = take_key(m, s, "Inbox", NULL);
	const char *style = take_key(m, s, "SubFolders", NULL);
	const char *colon = take_key(m, s, "InfoDelimiter", NULL);
	const char *all = take_key(m, top(m->f), "InfoDelimiter", NULL);
	bool plus = foreign_is(style, "Maildir++");

	if (inbox == NULL && (has_inbox || path == NULL || plus))
		inbox = "~/Maildir";
	conf_out_key(m->o, "near", plus || path == NULL ? inbox : path);
	if (!plus && has_inbox && inbox != NULL &&
	    (path == NULL || !usual_inbox(path, inbox)))
		conf_out_key(m->o, "inbox", inbox);
	if (plus)
		conf_out_key(m->o, "layout", "maildir++");
	else if (foreign_is(style, "Legacy"))
		conf_out_key(m->o, "layout", "legacy");
	else
		read_flatten(m, s);
	if (path != NULL && !plus && folder(path).n == strlen(path))
		conf_out_note(m->o, "Path: there it is put before the names, here it is the folder that they are in");
	conf_out_key(m->o, "info-delimiter", colon != NULL ? colon : all);
}

/* Where it kept its state; "*" is in the Maildirs, where we look anyhow. */
static void
read_state_dir(struct mbsync *m, struct foreign_section *s)
{
	const char *own = take_key(m, s, "SyncState", NULL);
	const char *all = take_key(m, top(m->f), "SyncState", NULL);
	const char *is = own != NULL ? own : all;
	const char *end = is != NULL ? strrchr(is, '/') : NULL;

	if (end != NULL && end > is)
		conf_out_key(m->o, "former-state", arena_dup(m->a,
		    (struct str){ is, (size_t)(end - is) }));
}

/* Where deletions go there, if any are carried to the server. */
static void
read_trash(struct mbsync *m, struct foreign_section *store,
    const struct import_way *far)
{
	const char *path = take_key(m, store, "Path", NULL), *trash;

	if (!far->gone || !far->expunge)
		return;
	trash = take_key(m, store, "Trash", NULL);
	if (trash != NULL)
		conf_out_key(m->o, "trash", arena_printf(m->a, "%s%s",
		    path != NULL ? path : "", trash));
}

static void
ways(struct mbsync *m, struct foreign_section *s, bool turned)
{
	struct opt_list create = inherited(m, s, "Create");
	struct opt_list gone = inherited(m, s, "Remove");
	bool far = has_either(&create, "Far", "Master"),
	    near = has_either(&create, "Near", "Slave"),
	    both = has_either(&create, "Both", "Both");

	conf_out_key(m->o, "create", turned ? where(near || both, far ||
	    both) : where(far || both, near || both));
	if (has_either(&gone, "Both", "Both"))
		conf_out_key(m->o, "folders", "delete");
	else if (gone.n > 0 && !has_either(&gone, "None", "None"))
		conf_out_note(m->o, "not taken over: Remove: here it is both sides or none");
}

static int
channel(struct mbsync *m, struct foreign_section *s,
    const char *const *accounts, struct err *e)
{
	struct end far = store_end(m, s, "Far", "Master");
	struct end near = store_end(m, s, "Near", "Slave"), was = far;
	struct import_ways w = both_ways(m, s);
	const char *parent, *name;
	struct foreign_section *a;
	bool turned;

	if (far.store == NULL || near.store == NULL)
		return fail(e, EX_DATAERR, "line %u: a Channel without a Far or a Near that is a store",
		    s->line);
	turned = foreign_is(far.store->kind, "MaildirStore");
	if (turned) {
		far = near;
		near = was;
		w = (struct import_ways){ .near = w.far, .far = w.near };
	}
	if (!foreign_is(far.store->kind, "IMAPStore") ||
	    !foreign_is(near.store->kind, "MaildirStore")) {
		conf_out_remark(m->o, "Channel %s: not taken over: it is not between a server and Maildirs",
		    s->name);
		return 0;
	}
	if (import_idle(&w)) {
		conf_out_remark(m->o, "Channel %s: not taken over: Sync None: there is nothing to do",
		    s->name);
		return 0;
	}
	parent = take_key(m, far.store, "Account", NULL);
	a = parent != NULL ? foreign_find(m->f, "IMAPAccount", parent) :
	    far.store;
	parent = a != NULL ? accounts[a - m->f->v] : NULL;
	if (parent == NULL) {
		conf_out_remark(m->o, "Channel %s: not taken over: it has no account",
		    s->name);
		return 0;
	}
	name = conf_out_name(m->o, "sync", s->name);
	conf_out_section(m->o, "sync", name, parent);
	if (foreign_yes(take_key(m, far.store, "SubscribedOnly", NULL)))
		conf_out_key(m->o, "subscribed", "on");
	read_store(m, near.store, far.box[0] == '\0' ||
	    foreign_is(far.box, "INBOX"));
	mbsync_folders(m, s, far, near);
	read_state_dir(m, s);
	ways(m, s, turned);
	import_directions(m->o, &w);
	note_old(m, s);
	read_trash(m, far.store, &w.far);
	if (foreign_yes(take_key(m, s, "CopyArrivalDate", NULL)))
		take_key(m, top(m->f), "CopyArrivalDate", NULL);
	foreign_left(s, m->o);
	foreign_left(far.store, m->o);
	foreign_left(near.store, m->o);
	return 0;
}

static void
group(struct mbsync *m, struct foreign_section *s)
{
	struct opt_list v = take_list(m, s, "Channels", "Channel");
	struct buf b = { .max = 400 };
	size_t i;

	for (i = 0; i < v.n; i++)
		buf_printf(&b, " %s", v.v[i]);
	conf_out_remark(m->o, "Group %s: imapsync%s", s->name,
	    b.p != NULL && !b.over ? b.p : " and its channels");
	buf_free(&b);
}

/* Does an account's setting stand in the store itself? */
static bool
has_server(const struct foreign_section *s)
{
	return foreign_is(s->kind, "IMAPAccount") ||
	    (foreign_is(s->kind, "IMAPStore") &&
	    (foreign_has(s, "Host") || foreign_has(s, "Tunnel")));
}

int
import_mbsync(struct foreign *f, struct conf_out *o, struct err *e)
{
	struct mbsync m = { .f = f, .o = o, .a = &o->arena };
	const char **accounts;
	int got = 0;
	size_t i;

	if (parse(f, e) < 0)
		return -1;
	accounts = arena_new(m.a, f->n, sizeof *accounts);
	for (i = 1; i < f->n; i++) {
		if (!has_server(&f->v[i]))
			continue;
		accounts[i] = mbsync_account(&m, &f->v[i]);
		if (foreign_is(f->v[i].kind, "IMAPAccount"))
			foreign_left(&f->v[i], o);
	}
	for (i = 1; i < f->n && got == 0; i++)
		if (foreign_is(f->v[i].kind, "Channel"))
			got = channel(&m, &f->v[i], accounts, e);
		else if (foreign_is(f->v[i].kind, "Group"))
			group(&m, &f->v[i]);
	foreign_take(top(f), "FSync");
	foreign_left(top(f), o);
	return got;
}
