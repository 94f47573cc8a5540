/*
 * mxlookup_results.c: what a receiver said (Authentication-Results), and what a
 * stranger had it say
 */
#include "message_results.h"

#include <stdlib.h>

#include "tap.h"

static struct arena arena;

static const struct {
	const char *body, *by, *text;
	const char *dkim, *spf;		/* NULL: not said */
} fields[] = {
	{ " mx.test; dkim=pass header.d=a.test; spf=fail", "mx.test",
	    "dkim=pass header.d=a.test; spf=fail", "pass", "fail" },
	{ " mx.test 1;\r\n\tdkim=fail (bad; spf=pass) x=y ;\r\n spf=none",
	    "mx.test", "dkim=fail x=y; spf=none", "fail", "none" },
	{ " mx.test; none", "mx.test", "none", NULL, NULL },
	{ " mx.test", "mx.test", "", NULL, NULL },
	{ "", "", "", NULL, NULL },
	{ " mx.test; DKIM = pass; dkim=fail; SPF=softfail", "mx.test",
	    "DKIM = pass; dkim=fail; SPF=softfail", "pass", "softfail" },
	{ " mx.test; dkim-atps=pass; spf", "mx.test", "dkim-atps=pass; spf",
	    NULL, NULL },
	/* quoted strings: no comments in them, and no ends of results */
	{ " mx.test; dkim=fail reason=\"bad (very\"; spf=pass", "mx.test",
	    "dkim=fail reason=\"bad (very\"; spf=pass", "fail", "pass" },
	{ " mx.test; spf=fail smtp.mailfrom=\"a; dkim=pass; b\"@c.test",
	    "mx.test", "spf=fail smtp.mailfrom=\"a; dkim=pass; b\"@c.test",
	    NULL, "fail" },
	{ " mx.test; spf=fail smtp.mailfrom=\"a\\\"; dkim=pass; b\"@c.test",
	    "mx.test", "spf=fail smtp.mailfrom=\"a\\\"; dkim=pass; b\"@c.test",
	    NULL, "fail" },
	{ " mx.test; dkim=fail reason=\"two  blanks\" ; spf=pass", "mx.test",
	    "dkim=fail reason=\"two  blanks\"; spf=pass", "fail", "pass" },
	{ " \"mx;y\"; dkim=pass", "\"mx;y\"", "dkim=pass", "pass", NULL },
	/* without an end */
	{ " mx.test; dkim=fail \"x; spf=pass", "mx.test",
	    "dkim=fail \"x; spf=pass", "fail", "pass" },
	{ " mx.test; dkim=fail (x; spf=pass", "mx.test", "dkim=fail", "fail",
	    NULL },
	{ " mx.test; dkim=fail (x\\", "mx.test", "dkim=fail", "fail", NULL },
};

static const char *
of(const struct message_result *r, const char *method)
{
	struct str s = message_results_of(r, method);

	return s.n > 0 ? arena_dup(&arena, s) : NULL;
}

static struct message_results
read_text(const char *text)
{
	struct message_results r;
	struct dkim_header h = { 0 };

	dkim_header_read(&h, &arena, str_of(text));
	message_results(&r, &arena, &h);
	dkim_header_free(&h);
	return r;
}

static void
several(void)
{
	const char *one = "Authentication-Results: mx.test; spf=pass\r\n";
	struct message_results r;
	struct buf b = { 0 };
	size_t i;

	buf_s(&b, "Subject: x\r\n");
	for (i = 0; i < MESSAGE_RESULTS; i++)
		buf_s(&b, one);
	buf_c(&b, '\0');
	r = read_text(b.p);
	ok(r.n == MESSAGE_RESULTS && r.more == 0, "as many as are looked at");
	is_int((int)r.v[0].field, 1, "the place of the first");
	b.n--;
	buf_s(&b, one);
	buf_c(&b, '\0');
	r = read_text(b.p);
	ok(r.n == MESSAGE_RESULTS && r.more == 1, "and one more");
	buf_free(&b);
}

int
main(void)
{
	struct message_results r;
	char *copy;
	size_t i, n;

	for (i = 0; i < sizeof fields / sizeof *fields; i++) {
		r = read_text(arena_printf(&arena,
		    "Authentication-Results:%s\r\n", fields[i].body));
		is_int((int)r.n, 1, "field %zu", i);
		is_str(r.v[0].by, fields[i].by, "who");
		is_str(r.v[0].text, fields[i].text, "what");
		is_str(of(&r.v[0], "dkim"), fields[i].dkim, "dkim");
		is_str(of(&r.v[0], "spf"), fields[i].spf, "spf");
		for (n = 0; n < strlen(fields[i].body); n++) {
			copy = mem_new(n + 1, 1);	/* just as long */
			memcpy(copy, fields[i].body, n);
			(void)message_results_plain(&arena,
			    (struct str){ copy, n });
			free(copy);
		}
	}
	several();
	arena_free(&arena);
	return done();
}
