/*
 * probe_talk.c: fuzz: what servers answer to one who looks at them
 *
 * The first byte says which protocol and step.  A verdict on a part of the
 * input must be the verdict on the whole, and what comes out must be whole.
 */
#include <stdlib.h>
#include <string.h>

#include "probe_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
caps(const struct probe_talk *t, enum probe_step step, struct str reply)
{
	struct arena mem = { 0 };
	const char **v, *login;
	size_t n = probe_talk_caps(t, step, reply, &mem, &v), i;

	must(n <= PROBE_CAPS_MOST);
	for (i = 0; i < n; i++)
		must(v[i][0] != '\0' && strlen(v[i]) <= reply.n);
	login = probe_talk_login(t, v, n);
	must(login == NULL || n > 0);
	probe_talk_has(v, n, t->starttls);
	arena_free(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const names[] = { "smtp", "lmtp", "imap", "pop3",
	    "sieve" };
	const struct probe_talk *t;
	struct probe_reply all, part;
	enum probe_step step;
	const char *why;
	struct str in;
	size_t cut;
	int got;

	if (n < 3)
		return 0;
	t = probe_talk_named(str_of(names[p[0] % 5]))->talk;
	step = p[0] / 5 % PROBE_QUIT;
	if (t->say[step] == NULL)
		return 0;
	in = (struct str){ (const char *)p + 3, n - 3 };
	probe_talk_guess(in);
	got = probe_talk_reply(t, step, in, &all, &why);
	must((got < 0) == (why != NULL));
	must(all.all.n <= in.n);
	if (got > 0) {
		must(all.text.n <= PROBE_LINE && all.all.n > 0);
		caps(t, step, all.all);
	}
	cut = ((size_t)p[1] << 8 | p[2]) % (in.n + 1);
	switch (probe_talk_reply(t, step, str_to(in, cut), &part, &why)) {
	case 0:
		break;
	case 1:
		must(got == 1 && part.all.n == all.all.n &&
		    part.sense == all.sense && part.code == all.code);
		break;
	default:
		must(got < 0);
	}
	return 0;
}
