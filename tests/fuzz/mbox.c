/* mbox.c: fuzz: quoted and unquoted again it is the same, and no line lies */
#include <stdlib.h>
#include <string.h>

#include "mbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool held)
{
	if (!held)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str s = { (const char *)p, n }, line, rest;
	struct buf q = { 0 }, back = { 0 };
	bool begins = true;
	size_t k;

	mbox_quote(&q, s, &begins);
	must(begins == (n == 0 || p[n - 1] == '\n'));
	for (rest = BUF_STR(q); rest.n > 0;) {
		const char *nl = memchr(rest.p, '\n', rest.n);

		line = str_to(rest, nl != NULL ? (size_t)(nl - rest.p) + 1 :
		    rest.n);
		rest = str_from(rest, line.n);
		must(line.n < 5 || memcmp(line.p, "From ", 5) != 0);
		for (k = 0; k < line.n && line.p[k] == '>'; k++)
			;
		if (k > 0 && line.n - k >= 5 &&
		    memcmp(line.p + k, "From ", 5) == 0)
			line = str_from(line, 1);
		buf_str(&back, line);
	}
	must(str_eq(BUF_STR(back), s));
	buf_free(&q);
	buf_free(&back);
	return 0;
}
