/* What is empty may have no address: SAN=1 sees who passes it on. */
#include <stdlib.h>

#include "b64.h"
#include "conf.h"
#include "cte.h"
#include "fifo.h"
#include "json.h"
#include "mbox.h"
#include "mem.h"
#include "str.h"
#include "tap.h"

static const struct str none;

static void
views(void)
{
	struct str s = none;
	char text[8] = "x";

	str_copy(text, none);
	is_str(text, "x", "nothing is copied");
	ok(str_find(none.p, 'x', none.p) == none.p, "not found");
	ok(str_eq(none, STR("")) && str_eqi(none, STR("")), "equal to \"\"");
	ok(!str_has(none, 'x') && !str_starts(none, "x"), "nothing in it");
	is_int(str_trim(none).n + str_from(none, 1).n + str_to(none, 1).n, 0,
	    "parts of it");
	is_int(str_cut(&s, ' ').n + str_word(&s).n, 0, "words of it");
	ok(str_ascii(none) && str_utf8(none) && !str_control(none), "kinds");
	str_escape(text, sizeof text, none);
	is_str(text, "", "escaped");
}

static void
buffers(void)
{
	struct buf b = { .max = 100 };
	struct arena a = { 0 };
	struct fifo f = { .max = 100 };
	struct json j = { .out = &b };
	bool begins = true;

	buf_drop(&b, 0);
	buf_put(&b, NULL, 0);
	buf_str(&b, none);
	b64_put(&b, none);
	mbox_quote(&b, none, &begins);
	is_int(b.n, 0, "put into a buffer");
	json_open(&j, NULL, '{');
	json_str(&j, "k", none);
	json_close(&j, '}');
	is_str(b.p, "{\"k\":\"\"}", "as JSON");
	is_str(arena_dup(&a, none), "", "in an arena");
	fifo_put(&f, NULL, 0);
	fifo_drop(&f, 0);
	is_int(f.n, 0, "in a fifo");
	buf_free(&b);
	fifo_free(&f);
	arena_free(&a);
}

static void
encodings(void)
{
	static const enum cte_kind kinds[] = { CTE_COPY, CTE_LINES, CTE_QP,
	    CTE_BASE64, CTE_BASE64_TEXT };
	char to[100];
	size_t i, n = 0;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct cte c = { .kind = kinds[i] };

		n += cte_put(&c, to, NULL, 0, false);
	}
	is_int(n, 0, "encoded");
}

static void
configuration(void)
{
	struct arena a = { 0 };
	struct conf c = { .file = "x" };
	struct err e = { 0 };

	is_int(conf_parse(&c, &a, NULL, 0, &e), 0, "an empty configuration");
	arena_free(&a);
}

int
main(void)
{
	views();
	buffers();
	encodings();
	configuration();
	return done();
}
