/*
 * import_state.c: what another program has fetched, as our state
 *
 *	fetchmail	"USER@HOST UID", a line for each message
 *	mpop		" N HOST USER", and N lines with UIDs
 *	getmail		"ID NUL SECONDS"; by IMAP ID is UIDVALIDITY/UID, the
 *			folder is the end of the file's name
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "import_state.h"

enum { FILE_MAX = 64 << 20 };	/* a million messages */

/* A file under way. */
struct taker {
	struct run *r;
	struct str name;	/* of the file, without its folder */
	bool imap;
	struct key *v;		/* that are seen now */
	size_t n, cap;
	unsigned line;
	bool others;		/* it has other accounts, too */
};

static int
take_key(struct taker *t, struct key k)
{
	if (t->n == t->cap) {
		t->cap = t->cap > 0 ? 2 * t->cap : 256;
		t->v = mem_grow(t->v, t->cap, sizeof *t->v);
	}
	t->v[t->n++] = k;
	return 0;
}

static int
malformed(struct taker *t)
{
	return fail(t->r->e, EX_DATAERR, "line %u: malformed", t->line);
}

/* RFC 1939 section 7, and no more of it than a server may send. */
static int
take_uidl(struct taker *t, struct str uid)
{
	if (uid.n == 0 || str_control(uid))
		return malformed(t);
	return take_key(t, run_uidl_key(uid, t->r->owner.keyed));
}

/* ---- fetchmail ---- */

/* Neither a host nor a UID has a blank in it; a user may. */
static int
fetchmail_line(struct taker *t, struct str l)
{
	size_t i = l.n;

	while (i > 0 && l.p[i - 1] != ' ' && l.p[i - 1] != '\t')
		i--;
	if (i == 0 || !str_has(str_to(l, i), '@'))
		return malformed(t);
	if (!str_eqi(str_trim(str_to(l, i)), str_of(t->r->who))) {
		t->others = true;
		return 0;
	}
	return take_uidl(t, str_from(l, i));
}

static int
fetchmail(struct taker *t, struct str text)
{
	struct str l;

	while (text.n > 0) {
		l = str_trim(str_cut(&text, '\n'));
		t->line++;
		if (l.n > 0 && fetchmail_line(t, l) < 0)
			return -1;
	}
	return 0;
}

/* ---- mpop ---- */

/* Is it ours?  The number of lines that follow; -1. */
static int
mpop_list(struct taker *t, struct str l, uint64_t *n, bool *ours)
{
	struct str number = str_word(&l), host = str_word(&l);
	const char *who;

	if (str_num(number, UINT32_MAX, n) < 0 || host.n == 0)
		return malformed(t);
	who = arena_printf(&t->r->arena, "%.*s@%.*s",
	    STR_ARG(str_trim(l)), STR_ARG(host));
	*ours = str_is(str_of(who), t->r->who);
	t->others |= !*ours;
	return 0;
}

static int
mpop(struct taker *t, struct str text)
{
	uint64_t left = 0;
	bool ours = false;
	struct str l;

	while (text.n > 0) {
		l = str_cut(&text, '\n');
		t->line++;
		if (left > 0) {
			left--;
			if (ours && take_uidl(t, str_trim(l)) < 0)
				return -1;
		} else if (l.n > 0 && l.p[0] == ' ') {
			if (mpop_list(t, l, &left, &ours) < 0)
				return -1;
		} else if (l.n > 0 && l.p[0] != '#')
			return malformed(t);
	}
	return left > 0 ? malformed(t) : 0;
}

/* ---- getmail ---- */

/* A text as getmail writes it into a file's name. */
static const char *
in_name(struct arena *a, const char *text)
{
	char *to = arena_dup(a, str_of(text));
	size_t i, n = 0;

	for (i = 0; to[i] != '\0'; i++)
		if (strchr("/\\:;<>|", to[i]) == NULL)
			to[n++] = to[i];
		else if (i == 0 || strchr("/\\:;<>|", text[i - 1]) == NULL)
			to[n++] = '.';
	to[n] = '\0';
	return to;
}

/*
 * "oldmail-SERVER-PORT-USER-FOLDER": the folder's name, as getmail has it; of
 * POP3 nothing.  A file of another name is believed to be the account's.
 */
static int
getmail_folder(struct taker *t, struct str *folder)
{
	const struct account *a = &t->r->o->account;
	const char *ours = in_name(&t->r->arena, arena_printf(&t->r->arena,
	    "oldmail-%s-%u-%s", a->server.host, a->server.port,
	    a->login.user != NULL ? a->login.user : ""));
	size_t n = strlen(ours);

	*folder = STR("");
	if (!str_starts(t->name, "oldmail-"))
		return 0;
	if (!str_starts(t->name, ours) || (t->name.n > n &&
	    (t->name.p[n] != '-' || !t->imap)))
		return fail(t->r->e, EX_DATAERR, "of another account: its name would be %s",
		    ours);
	*folder = str_from(t->name, n + (t->name.n > n));
	return 0;
}

/* The folder of this section whose name it is, as far as the name tells. */
static const char *
which_folder(struct taker *t, struct str name)
{
	const struct opt_list *l = &t->r->o->which.folder;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (name.n == 0 ? l->n == 1 :
		    str_eq(name, str_of(in_name(&t->r->arena, l->v[i]))))
			return l->v[i];
	return name.n > 0 ? arena_dup(&t->r->arena, name) : "INBOX";
}

/* "UIDVALIDITY/UID", once "UIDVALIDITY/FOLDER/UID" */
static int
getmail_uid(struct taker *t, const char *folder, struct str id)
{
	struct str rest = id, valid = str_cut(&rest, '/');
	uint64_t validity, uid;
	struct key k;
	size_t i = id.n;

	while (i > 0 && id.p[i - 1] != '/')
		i--;
	if (str_num(valid, UINT32_MAX, &validity) < 0 || i == 0 ||
	    str_num(str_from(id, i), UINT32_MAX, &uid) < 0)
		return malformed(t);
	k = run_folder_key(t->r, folder, validity);
	k.b = uid;
	return take_key(t, k);
}

static int
getmail(struct taker *t, struct str text)
{
	struct str l, name;
	const char *folder;

	if (getmail_folder(t, &name) < 0)
		return -1;
	folder = which_folder(t, name);
	while (text.n > 0) {
		l = str_trim(str_cut(&text, '\n'));
		t->line++;
		if (l.n == 0)
			continue;
		if (!str_has(l, '\0'))
			return malformed(t);
		l = str_cut(&l, '\0');
		if ((t->imap ? getmail_uid(t, folder, l) :
		    take_uidl(t, l)) < 0)
			return -1;
	}
	return 0;
}

/* ---- which of them ---- */

static int
take_all(struct taker *t, struct str text)
{
	struct str rest = text, first = str_cut(&rest, '\n');
	struct err *e = t->r->e;

	if (str_has(text, '\0'))
		return getmail(t, text);
	if (t->imap)
		return fail(e, EX_DATAERR, "no oldmail file of getmail: others keep no UIDs of IMAP. Use --catch-up");
	if (str_starts(first, "# This file was generated by mpop") ||
	    (first.n > 0 && first.p[0] == ' '))
		return mpop(t, text);
	if (first.n > 0 && str_has(first, '@') && str_has(first, ' '))
		return fetchmail(t, text);
	return fail(e, EX_DATAERR, "neither a .fetchids, nor mpop's, nor getmail's");
}

/* All of it or nothing: a file that is damaged is not believed. */
static int
put_all(struct taker *t)
{
	struct run *r = t->r;
	size_t i;

	if (t->n == 0)
		return fail(r->e, EX_DATAERR, "nothing of %s is in it%s",
		    r->who, t->others ? ", but of others" : "");
	state_group(&r->state);
	for (i = 0; i < t->n; i++)
		if (ledger_seen(&r->ledger, t->v[i], STATE_ALL, r->e) < 0)
			return -1;
	return state_commit(&r->state, r->e) < 0 ? -1 :
	    state_sync(&r->state, r->e);
}

int
import_state_run(struct run *r, const char *path)
{
	struct taker t = { .r = r, .name = str_of(path),
	    .imap = r->o->account.server.scheme < ACCOUNT_POP3 };
	struct buf text = { .max = FILE_MAX };
	const char *slash = strrchr(path, '/');
	int fd = file_open(file_path(&r->arena, path), r->e), got;

	if (fd < 0)
		return -1;
	if (slash != NULL)
		t.name = str_of(slash + 1);
	got = file_slurp(fd, &text, r->e);
	close(fd);
	if (got == 0 && (got = take_all(&t, BUF_STR(text))) == 0)
		got = put_all(&t);
	if (got < 0)
		fail_in(r->e, "%s", path);
	else
		r->count.seen = t.n;
	free(t.v);
	buf_free(&text);
	return got;
}
