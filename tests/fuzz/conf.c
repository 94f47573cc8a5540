/*
 * conf.c: fuzz: the configuration file, .netrc and a server's URL
 *
 * The first byte says which.  What comes out must be fit for its use: keys
 * are words, values are one line, hosts and users have no control byte.
 */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "conf.h"
#include "netrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
conf(char *text, size_t n)
{
	struct conf c = { .file = "f" };
	const struct conf_section *s;
	const struct conf_line *l;
	struct arena a = { 0 };
	struct err e = { 0 };

	if (conf_parse(&c, &a, text, n, &e) < 0)
		must(e.code == EX_CONFIG && strncmp(e.msg, "f:", 2) == 0);
	for (s = c.sections; s != NULL; s = s->next) {
		must(strpbrk(s->name, "/ :#\"\\\n") == NULL);
		must(s->name[0] != '.' && s->name[0] != '-');
		must(s->parent == NULL || (s->parent[0] != '\0' &&
		    strpbrk(s->parent, "/ :#\"\\\n") == NULL));
		must(conf_find(&c, s->kind, s->name) == s);
		for (l = s->lines; l != NULL; l = l->next) {
			must(l->key[0] >= '0' && l->key[0] <= 'z');
			must(strchr(l->value, '\n') == NULL);
			must(conf_value(s, l->key) != NULL);
		}
	}
	arena_free(&a);
}

static void
netrc(struct str text)
{
	static struct secret s;
	struct err e = { 0 };
	char login[256];
	int got = netrc_find(text, "host", "user", &s, login, &e);

	must(got == (e.code == 0 ? got : -1) && got >= -1 && got <= 1);
	must(got != 1 || s.n < sizeof s.p);
}

static void
url(const char *text)
{
	struct account_server s;
	struct arena a = { 0 };
	struct err e = { 0 };

	if (account_url(&s, &a, text, "smtps", &e) < 0) {
		must(e.code == EX_USAGE);
	} else {
		must((s.host != NULL) != (s.path != NULL));
		must(s.path != NULL || (s.port > 0 && s.port < 65536));
		must(!str_control(str_of(s.host)) &&
		    !str_control(str_of(s.path)) &&
		    !str_control(str_of(s.user)));
		must(s.host == NULL || strpbrk(s.host, " /@<>\\\"'`$") ==
		    NULL);
	}
	arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy;

	if (n < 1)
		return 0;
	copy = mem_new(n, 1);		/* NUL-terminated: one byte less */
	memcpy(copy, data + 1, n - 1);
	if (data[0] % 3 == 0)
		conf(copy, n - 1);
	else if (data[0] % 3 == 1)
		netrc((struct str){ copy, n - 1 });
	else
		url(copy);
	free(copy);
	return 0;
}
