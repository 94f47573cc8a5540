/* foreign.c: other programs' configuration files: what they are, what is in them */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "foreign.h"

/* Enough for anybody; it keeps searches in a section short, too. */
enum { FILE_MAX = 1 << 20, SECTION_MAX = 1000, ITEM_MAX = 20000 };

/* The whole file as text. */
static int
slurp(struct foreign *f, const char *path, struct err *e)
{
	int fd = file_open(file_path(&f->arena, path), e), got;

	if (fd < 0)
		return -1;
	f->text = (struct buf){ .max = FILE_MAX, .secret = true };
	got = file_slurp(fd, &f->text, e);
	close(fd);
	if (got < 0)
		return -1;
	if (f->text.n > 0 && memchr(f->text.p, '\0', f->text.n) != NULL)
		return fail(e, EX_DATAERR, "a NUL byte");
	return 0;
}

/* Values were copied: all that there is may be a password. */
static void
foreign_forget(struct foreign *f)
{
	struct foreign_section *s;
	size_t i, k;

	for (i = 0; i < f->n; i++) {
		s = &f->v[i];
		for (k = 0; k < s->n; k++)
			if (!s->v[k].inherited)
				mem_wipe((char *)s->v[k].value,
				    strlen(s->v[k].value));
		free(s->v);
	}
	free(f->v);
	buf_wipe(&f->text);
	arena_free(&f->arena);
}

/* ---- which program's it is ---- */

static const struct {
	const char *name, *reader;
} kinds[] = {
	[FOREIGN_UNKNOWN] = { NULL, NULL },
	[FOREIGN_FETCHMAIL] = { "a .fetchmailrc", "mailfetch --import" },
	[FOREIGN_GETMAIL] = { "a getmailrc", "mailfetch --import" },
	[FOREIGN_MPOP] = { "an .mpoprc", "mailfetch --import" },
	[FOREIGN_MSMTP] = { "an .msmtprc", "mailsend --import" },
	[FOREIGN_MBSYNC] = { "an .mbsyncrc", "imapsync --import" },
	[FOREIGN_OFFLINEIMAP] = { "an .offlineimaprc", "imapsync --import" },
	[FOREIGN_POSTBAG] = { "a configuration of ours", "--config" },
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* The word that a line begins with, for whom it speaks, and how loud. */
static const struct sign {
	const char *word;
	unsigned weight[KINDS];
} signs[] = {
	{ "poll", { [FOREIGN_FETCHMAIL] = 9 } },
	{ "skip", { [FOREIGN_FETCHMAIL] = 9 } },
	{ "set", { [FOREIGN_FETCHMAIL] = 3 } },
	{ "server", { [FOREIGN_FETCHMAIL] = 2, [FOREIGN_POSTBAG] = 1 } },
	{ "defaults", { [FOREIGN_MPOP] = 1, [FOREIGN_MSMTP] = 1,
	    [FOREIGN_FETCHMAIL] = 1, [FOREIGN_POSTBAG] = 1 } },
	{ "account", { [FOREIGN_MPOP] = 2, [FOREIGN_MSMTP] = 2,
	    [FOREIGN_POSTBAG] = 2 } },
	{ "host", { [FOREIGN_MPOP] = 2, [FOREIGN_MSMTP] = 2 } },
	{ "tls_starttls", { [FOREIGN_MPOP] = 2, [FOREIGN_MSMTP] = 2 } },
	{ "tls_trust_file", { [FOREIGN_MPOP] = 2, [FOREIGN_MSMTP] = 2 } },
	{ "passwordeval", { [FOREIGN_MPOP] = 2, [FOREIGN_MSMTP] = 2 } },
	{ "delivery", { [FOREIGN_MPOP] = 9 } },
	{ "uidls_file", { [FOREIGN_MPOP] = 9 } },
	{ "keep", { [FOREIGN_MPOP] = 2, [FOREIGN_FETCHMAIL] = 1 } },
	{ "only_new", { [FOREIGN_MPOP] = 9 } },
	{ "killsize", { [FOREIGN_MPOP] = 9 } },
	{ "skipsize", { [FOREIGN_MPOP] = 9 } },
	{ "from", { [FOREIGN_MSMTP] = 3, [FOREIGN_POSTBAG] = 1 } },
	{ "auto_from", { [FOREIGN_MSMTP] = 9 } },
	{ "set_from_header", { [FOREIGN_MSMTP] = 9 } },
	{ "maildomain", { [FOREIGN_MSMTP] = 9 } },
	{ "logfile", { [FOREIGN_MSMTP] = 5 } },
	{ "syslog", { [FOREIGN_MSMTP] = 5 } },
	{ "aliases", { [FOREIGN_MSMTP] = 5 } },
	{ "protocol", { [FOREIGN_MSMTP] = 3, [FOREIGN_FETCHMAIL] = 1 } },
	{ "[retriever]", { [FOREIGN_GETMAIL] = 20 } },
	{ "[destination]", { [FOREIGN_GETMAIL] = 20 } },
	{ "[general]", { [FOREIGN_OFFLINEIMAP] = 20 } },
	{ "[account", { [FOREIGN_OFFLINEIMAP] = 20 } },
	{ "[repository", { [FOREIGN_OFFLINEIMAP] = 20 } },
	{ "imapaccount", { [FOREIGN_MBSYNC] = 20 } },
	{ "imapstore", { [FOREIGN_MBSYNC] = 20 } },
	{ "maildirstore", { [FOREIGN_MBSYNC] = 20 } },
	{ "channel", { [FOREIGN_MBSYNC] = 9 } },
	{ "fetch", { [FOREIGN_POSTBAG] = 5 } },
	{ "sync", { [FOREIGN_POSTBAG] = 5, [FOREIGN_MBSYNC] = 2 } },
	{ "smtp", { [FOREIGN_POSTBAG] = 9 } },
	{ "imap", { [FOREIGN_POSTBAG] = 9 } },
	{ "pop3", { [FOREIGN_POSTBAG] = 9 } },
	{ "lmtp", { [FOREIGN_POSTBAG] = 5 } },
	{ "deliver", { [FOREIGN_POSTBAG] = 9 } },
	{ "near", { [FOREIGN_POSTBAG] = 5, [FOREIGN_MBSYNC] = 2 } },
	{ "password-command", { [FOREIGN_POSTBAG] = 9 } },
};

static void
weigh(struct str word, unsigned *weight)
{
	size_t i, k;

	for (i = 0; i < sizeof signs / sizeof *signs; i++)
		if (str_is(word, signs[i].word))
			for (k = 0; k < KINDS; k++)
				weight[k] += signs[i].weight[k];
}

enum foreign_kind
foreign_guess(struct str text, const enum foreign_kind *wanted)
{
	unsigned weight[KINDS] = { 0 }, most = 0;
	enum foreign_kind best = FOREIGN_UNKNOWN, k;
	struct str line;

	while (text.n > 0) {
		line = str_cut(&text, '\n');
		weigh(str_word(&line), weight);
	}
	for (k = FOREIGN_UNKNOWN; k <= FOREIGN_POSTBAG; k++)
		if (weight[k] > most) {
			most = weight[k];
			best = k;
		}
	for (; *wanted != FOREIGN_UNKNOWN; wanted++)
		if (most > 0 && weight[*wanted] == most)
			return *wanted;
	return best;
}

int
foreign_refuse(enum foreign_kind looks, const char *expected, struct err *e)
{
	if (looks == FOREIGN_UNKNOWN)
		return fail(e, EX_DATAERR, "this is no %s, and nothing else that is known",
		    expected);
	return fail(e, EX_DATAERR, "this is no %s: it looks like %s (%s)",
	    expected, kinds[looks].name, kinds[looks].reader);
}

/* ---- sections and items ---- */

struct foreign_section *
foreign_open(struct foreign *f, const char *kind, const char *name,
    unsigned line, struct err *e)
{
	if (f->n == SECTION_MAX) {
		fail(e, EX_DATAERR, "line %u: over %d sections", line,
		    SECTION_MAX);
		return NULL;
	}
	if (f->n == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 16;
		f->v = mem_grow(f->v, f->cap, sizeof *f->v);
	}
	f->v[f->n] = (struct foreign_section){ .kind = kind, .name = name,
	    .line = line };
	return &f->v[f->n++];
}

int
foreign_add(struct foreign *f, struct foreign_section *s,
    struct foreign_item item, struct err *e)
{
	if (++f->items > ITEM_MAX)
		return fail(e, EX_DATAERR, "line %u: over %d settings",
		    item.line, ITEM_MAX);
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 16;
		s->v = mem_grow(s->v, s->cap, sizeof *s->v);
	}
	if (!item.inherited)
		item.said = arena_new(&f->arena, 1, sizeof *item.said);
	s->v[s->n++] = item;
	return 0;
}

struct foreign_section *
foreign_find(const struct foreign *f, const char *kind, const char *name)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (str_is(str_of(f->v[i].kind), kind) &&
		    strcmp(f->v[i].name, name) == 0)
			return &f->v[i];
	return NULL;
}

const char *
foreign_take(struct foreign_section *s, const char *key)
{
	const char *value = NULL;
	size_t i;

	for (i = 0; s != NULL && i < s->n; i++)
		if (str_is(str_of(s->v[i].key), key)) {
			s->v[i].taken = true;
			value = s->v[i].value;
		}
	return value;
}

bool
foreign_has(const struct foreign_section *s, const char *key)
{
	size_t i;

	for (i = 0; s != NULL && i < s->n; i++)
		if (str_is(str_of(s->v[i].key), key))
			return true;
	return false;
}

bool
foreign_is(const char *value, const char *word)
{
	return value != NULL && str_is(str_of(value), word);
}

bool
foreign_yes(const char *value)
{
	return foreign_is(value, "yes") || foreign_is(value, "true") ||
	    foreign_is(value, "on") || foreign_is(value, "1");
}

void
foreign_left(struct foreign_section *s, struct conf_out *o)
{
	size_t i;

	for (i = 0; s != NULL && i < s->n; i++)
		if (!s->v[i].taken && !*s->v[i].said) {
			conf_out_note(o, "not taken over: %.60s (line %u)",
			    s->v[i].key, s->v[i].line);
			*s->v[i].said = true;
		}
}

int
foreign_import(const char *path, int (*convert)(struct foreign *,
    struct conf_out *, struct err *), struct buf *to, struct err *e)
{
	struct foreign f = { 0 };
	struct conf_out o = { 0 }, head = { 0 };
	int got = slurp(&f, path, e);

	if (got == 0)
		got = convert(&f, &o, e);
	if (got == 0 && o.names.n == 0)
		got = fail(e, EX_DATAERR, "no account is in it");
	if (got == 0) {
		conf_out_remark(&head, "from %s", path);
		buf_str(to, BUF_STR(head.text));
		buf_str(to, BUF_STR(o.text));
	} else if (e->code == EX_DATAERR)
		fail_in(e, "%s", path);
	conf_out_free(&head);
	conf_out_free(&o);
	foreign_forget(&f);
	return got;
}
