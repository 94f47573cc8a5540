/*
 * netrc.c: finding a login in the text of a .netrc file
 *
 * What ftp(1) reads, and curl: words separated by blanks and newlines.  A
 * line that begins with # where a keyword may stand is a comment.  The value
 * of a word is copied out once and nowhere else, for it may be the password.
 */
#include <string.h>

#include "netrc.h"

struct entry {
	bool ours;			/* the machine, or default */
	struct str login, password;	/* raw words; n is 0 without */
};

/* The next word, quotes and all, off the front of *s; n is 0 at the end. */
static struct str
netrc_word(struct str *s)
{
	struct str w;
	size_t i;

	*s = str_trim(*s);
	if (s->n == 0 || s->p[0] != '"')
		return str_word(s);
	for (i = 1; i < s->n && s->p[i] != '"'; i++)
		if (s->p[i] == '\\' && i + 1 < s->n)
			i++;
	w = str_to(*s, i + 1);
	*s = str_from(*s, w.n);
	return w;
}

/* A word without its quotes, NUL-terminated; -1 if it does not fit. */
static int
plain_word(struct str w, char *dst, size_t cap, size_t *len)
{
	bool quoted = w.n > 0 && w.p[0] == '"';
	size_t i, n = 0;

	if (quoted)
		w = str_to(str_from(w, 1), w.n > 1 &&
		    w.p[w.n - 1] == '"' ? w.n - 2 : w.n - 1);
	for (i = 0; i < w.n; i++) {
		if (quoted && w.p[i] == '\\' && i + 1 < w.n)
			i++;
		if (n + 1 >= cap)
			return -1;
		dst[n++] = w.p[i];
	}
	dst[n] = '\0';
	if (len != NULL)
		*len = n;
	return 0;
}

/* A macro goes to the next empty line. */
static void
skip_macro(struct str *s)
{
	do
		str_cut(s, '\n');
	while (s->n > 0 && s->p[0] != '\n' && !str_starts(*s, "\r\n"));
}

static bool
fits(const struct entry *en, const char *user)
{
	char login[256];

	if (!en->ours || en->password.n == 0)
		return false;
	if (user == NULL || en->login.n == 0)
		return true;
	return plain_word(en->login, login, sizeof login, NULL) == 0 &&
	    strcmp(login, user) == 0;
}

/* A keyword within an entry and its value; -1 if w is not one. */
static int
entry_field(struct str *s, struct str w, struct entry *en)
{
	if (w.p[0] == '#')
		str_cut(s, '\n');
	else if (str_eq(w, STR("login")) || str_eq(w, STR("user")))
		en->login = netrc_word(s);
	else if (str_eq(w, STR("password")))
		en->password = netrc_word(s);
	else if (str_eq(w, STR("account")))
		netrc_word(s);
	else if (str_eq(w, STR("macdef")))
		skip_macro(s);
	else
		return -1;
	return 0;
}

/* Is it the machine the word names? */
static bool
is_machine(struct str w, const char *machine)
{
	char host[512];

	return plain_word(w, host, sizeof host, NULL) == 0 &&
	    str_is(str_of(host), machine);
}

static int
give(const struct entry *en, struct secret *password, char login[256],
    struct err *e)
{
	if (plain_word(en->password, password->p, sizeof password->p,
	    &password->n) < 0)
		return fail(e, EX_CONFIG, "a password over %zu bytes",
		    sizeof password->p - 1);
	if (login != NULL && plain_word(en->login, login, 256, NULL) < 0)
		return fail(e, EX_CONFIG, "a login over 255 bytes");
	return 1;
}

/* No word is quoted: where the file is out of step it is a password. */
static int
out_of_step(struct str text, const char *at, struct err *e)
{
	unsigned n = 1;

	while (str_cut(&text, '\n').p != NULL && text.p != NULL &&
	    text.p <= at)
		n++;
	return fail(e, EX_CONFIG, "line %u: neither machine, default, login, password, account nor macdef where one must stand",
	    n);
}

int
netrc_find(struct str text, const char *machine, const char *user,
    struct secret *password, char login[256], struct err *e)
{
	struct entry en = { 0 };
	struct str rest = text, w;
	bool any;

	for (;;) {
		w = netrc_word(&rest);
		any = str_eq(w, STR("default"));
		if (w.n > 0 && !any && !str_eq(w, STR("machine"))) {
			if (entry_field(&rest, w, &en) < 0)
				return out_of_step(text, w.p, e);
			continue;
		}
		if (fits(&en, user))
			return give(&en, password, login, e);
		if (w.n == 0)
			return 0;
		en = (struct entry){ .ours = any ||
		    is_machine(netrc_word(&rest), machine) };
	}
}
