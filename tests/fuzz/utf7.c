/* utf7.c: fuzz: what is decoded is encoded to the same again, and back */
#include <stdlib.h>

#include "utf7.h"

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
	struct str s = { (const char *)p, n };
	struct buf a = { 0 }, b = { 0 };

	if (utf7_decode(&a, s) == 0) {
		must(str_utf8(BUF_STR(a)));
		must(utf7_encode(&b, BUF_STR(a)) == 0);
		must(str_eq(BUF_STR(b), s));
	} else {
		must(a.n == 0);
	}
	a.n = b.n = 0;
	if (utf7_encode(&a, s) == 0) {
		must(str_ascii(BUF_STR(a)));
		/* Controls come back as they were, for names may have them. */
		must(utf7_decode(&b, BUF_STR(a)) == 0);
		must(str_eq(BUF_STR(b), s));
	} else {
		must(!str_utf8(s));
	}
	buf_free(&a);
	buf_free(&b);
	return 0;
}
