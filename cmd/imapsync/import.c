/*
 * import.c: .mbsyncrc as our configuration
 *
 * What can be said in our words is printed; what cannot, as a comment, so
 * that nobody believes it was taken over.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "import.h"
#include "opt.h"

enum { SECTIONS = 200 };

struct section {
	const char *kind, *name;
	struct opt_list keys, values;
};

struct rc {
	struct arena arena;
	struct section v[SECTIONS];
	size_t n;
	struct section global;
};

/* The next word, with quotes and backslashes resolved; NULL at the end. */
static char *
word(struct arena *a, char **at)
{
	char *s = *at, *to, *start;
	bool quoted = false;

	while (*s == ' ' || *s == '\t')
		s++;
	if (*s == '\0' || *s == '\n' || *s == '#')
		return NULL;
	start = to = arena_new(a, strlen(s) + 1, 1);
	for (; *s != '\0' && *s != '\n' && *s != '\r'; s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (*s == '\\' && s[1] != '\0')
			*to++ = *++s;
		else if (!quoted && (*s == ' ' || *s == '\t'))
			break;
		else
			*to++ = *s;
	}
	*at = s;
	return start;
}

static bool
is(const char *s, const char *w)
{
	return s != NULL && str_is(str_of(s), w);
}

static const char *
value(const struct section *s, const char *key)
{
	const char *found = NULL;
	size_t i;

	for (i = 0; s != NULL && i < s->keys.n; i++)
		if (is(s->keys.v[i], key))
			found = s->values.v[i];
	return found;
}

static const struct section *
section(const struct rc *rc, const char *kind, const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < rc->n; i++)
		if (is(rc->v[i].kind, kind) && strcmp(rc->v[i].name, name) ==
		    0)
			return &rc->v[i];
	return NULL;
}

static bool
opens(const char *key)
{
	return is(key, "IMAPAccount") || is(key, "IMAPStore") ||
	    is(key, "MaildirStore") || is(key, "Channel") || is(key, "Group");
}

/* Its end taken off: may it be printed again? */
static bool
printable(char *line)
{
	size_t n = strlen(line), i;

	if (n > 0 && line[n - 1] == '\r')
		line[--n] = '\0';
	for (i = 0; i < n; i++)
		if (line[i] != '\t' && str_control((struct str){ line + i,
		    1 }))
			return false;
	return true;
}

/* An empty line ends a section. */
static int
parse(struct rc *rc, char *text, struct err *e)
{
	struct section *at = &rc->global;
	char *line = text, *next, *key, *rest, *w;
	unsigned n = 0;

	for (; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		n++;
		if (!printable(line))
			return fail(e, EX_DATAERR, "line %u: a control byte",
			    n);
		rest = line;
		key = word(&rc->arena, &rest);
		if (key == NULL) {
			if (line[strspn(line, " \t\r")] == '\0')
				at = &rc->global;
			continue;
		}
		if (opens(key)) {
			if (rc->n == SECTIONS)
				return fail(e, EX_DATAERR, "too many "
				    "sections");
			at = &rc->v[rc->n++];
			at->kind = key;
			at->name = word(&rc->arena, &rest);
			if (at->name == NULL)
				return fail(e, EX_DATAERR, "%s without a "
				    "name", key);
			continue;
		}
		opt_list_add(&rc->arena, &at->keys, key);
		w = rest + strspn(rest, " \t");
		opt_list_add(&rc->arena, &at->values, is(key, "Patterns") ||
		    is(key, "Pattern") ? w : word(&rc->arena, &rest));
	}
	return 0;
}

/* ---- what we say instead ---- */

static void
put(const char *key, const char *v)
{
	if (v != NULL && v[strspn(v, " \t\r")] != '\0')
		printf("  %s %s\n", key, v);
}

static const char *
either(const struct section *s, const char *a, const char *b)
{
	const char *v = value(s, a);

	return v != NULL ? v : value(s, b);
}

static void
password(const struct section *s)
{
	const char *cmd = value(s, "PassCmd");

	if (cmd != NULL)
		printf("  password-command %s\n", cmd[0] == '+' ? cmd + 1 :
		    cmd);
	if (value(s, "Pass") != NULL)
		printf("  # Pass is not taken over: use password-command or "
		    "password-file\n");
}

static void
print_account(const struct section *s)
{
	const char *type = either(s, "TLSType", "SSLType");
	const char *port = value(s, "Port"), *host = value(s, "Host");
	bool implicit = is(type, "IMAPS") ||
	    (type == NULL && is(port, "993"));

	printf("account %s\n", s->name);
	if (value(s, "Tunnel") != NULL)
		put("connect-command", value(s, "Tunnel"));
	printf("  imap %s://%s%s%s\n", implicit ? "imaps" : "imap",
	    host != NULL ? host : "localhost", port != NULL ? ":" : "",
	    port != NULL ? port : "");
	put("user", value(s, "User"));
	password(s);
	if (is(type, "None"))
		printf("  # TLSType None: only with --tls off, and a "
		    "password only to loopback\n");
	put("auth", either(s, "AuthMechs", "AuthMech"));
	put("ca", value(s, "CertificateFile"));
	put("cert", value(s, "ClientCertificate"));
	put("key", value(s, "ClientKey"));
	put("timeout", value(s, "Timeout"));
	printf("\n");
}

static const char *
store_of(const struct rc *rc, const char *ref)
{
	char *name = arena_dup((struct arena *)&rc->arena, str_of(ref)), *e;

	if (name[0] == ':')
		name++;
	e = strchr(name, ':');
	if (e != NULL)
		*e = '\0';
	return name;
}

static const char *
inherited(const struct rc *rc, const struct section *s, const char *key)
{
	const char *v = value(s, key);

	return v != NULL ? v : value(&rc->global, key);
}

static void
ways(const struct rc *rc, const struct section *s)
{
	const char *create = inherited(rc, s, "Create");
	const char *expunge = inherited(rc, s, "Expunge");
	const char *sync = inherited(rc, s, "Sync");

	if (is(create, "Both") || is(create, "Near") || is(create, "Far") ||
	    is(create, "None"))
		printf("  create %s\n", is(create, "Both") ? "both" :
		    is(create, "Near") ? "near" : is(create, "Far") ? "far" :
		    "none");
	else if (create == NULL)
		printf("  create none\n");
	if (expunge == NULL || is(expunge, "None"))
		printf("  delete-far mark\n  delete-near mark\n");
	else if (is(expunge, "Near"))
		printf("  delete-far mark\n");
	else if (is(expunge, "Far"))
		printf("  delete-near mark\n");
	if (is(sync, "Pull"))
		printf("  pull on\n");
	else if (is(sync, "Push"))
		printf("  push on\n");
	else if (sync != NULL && !is(sync, "All") && !is(sync, "Full"))
		printf("  # Sync %s: here it is both ways, pull or push\n",
		    sync);
	if (is(inherited(rc, s, "Remove"), "Both"))
		printf("  folders delete\n");
}

static int
print_channel(struct rc *rc, const struct section *s, struct err *e)
{
	const char *far = either(s, "Far", "Master");
	const char *near = either(s, "Near", "Slave");
	const struct section *fs, *ns;
	const char *path, *style;

	if (far == NULL || near == NULL)
		return fail(e, EX_DATAERR, "Channel %s: no Far or no Near",
		    s->name);
	fs = section(rc, "IMAPStore", store_of(rc, far));
	ns = section(rc, "MaildirStore", store_of(rc, near));
	if (fs == NULL || ns == NULL) {
		printf("# Channel %s is not between an IMAPStore (Far) and a "
		    "MaildirStore (Near)\n\n", s->name);
		return 0;
	}
	printf("sync %s : %s\n", s->name, value(fs, "Account") != NULL ?
	    value(fs, "Account") : fs->name);
	path = value(ns, "Path");
	put("near", path != NULL ? path : value(ns, "Inbox"));
	if (value(ns, "Inbox") != NULL)
		printf("  # Inbox %s: here INBOX is a folder of that name "
		    "below near\n", value(ns, "Inbox"));
	style = value(ns, "SubFolders");
	if (is(style, "Maildir++"))
		printf("  layout maildir++\n");
	else if (is(style, "Legacy"))
		printf("  # SubFolders Legacy: there is no such layout\n");
	put("patterns", either(s, "Patterns", "Pattern"));
	if (strchr(far + 1, ':') != NULL && strchr(far + 1, ':')[1] != '\0')
		printf("  patterns %s\n", strchr(far + 1, ':') + 1);
	ways(rc, s);
	if (value(s, "MaxMessages") != NULL || value(fs, "MaxSize") != NULL)
		printf("  # MaxMessages and MaxSize are not taken over\n");
	printf("\n");
	return 0;
}

/* A store with its server in it is an account of its own. */
static int
print_all(struct rc *rc, struct err *e)
{
	size_t i;

	printf("# from an mbsyncrc; check it, then put it into "
	    "~/.config/postbag/config\n\n");
	for (i = 0; i < rc->n; i++)
		if (is(rc->v[i].kind, "IMAPAccount") ||
		    (is(rc->v[i].kind, "IMAPStore") &&
		    value(&rc->v[i], "Host") != NULL))
			print_account(&rc->v[i]);
	for (i = 0; i < rc->n; i++)
		if (is(rc->v[i].kind, "Channel") &&
		    print_channel(rc, &rc->v[i], e) < 0)
			return -1;
	return 0;
}

int
import_run(const char *path, struct err *e)
{
	struct rc *rc = mem_new(1, sizeof *rc);
	struct buf text = { .max = 1 << 20 };
	int fd = file_open(file_path(&rc->arena, path), e), got = -1;

	if (fd >= 0 && file_slurp(fd, &text, e) == 0) {
		got = text.n == 0 ? 0 : strlen(text.p) != text.n ?
		    fail(e, EX_DATAERR, "a NUL byte") : parse(rc, text.p, e);
		if (got == 0)
			got = print_all(rc, e);
	}
	if (fd >= 0)
		close(fd);
	buf_wipe(&text);
	arena_free(&rc->arena);
	free(rc);
	return got < 0 ? fail_in(e, "%s", path) : 0;
}
