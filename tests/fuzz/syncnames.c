/* syncnames.c: fuzz: names and paths, one to one, none above the root */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "names.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool held)
{
	if (!held)
		abort();
}

static void
below(struct str path, enum layout layout)
{
	struct str part;
	bool first = true;

	must(memchr(path.p, '\0', path.n) == NULL);
	must(path.n == 0 || path.p[0] != '/');
	if (layout == LAYOUT_MAILDIRPP) {
		must(!str_has(path, '/'));
		must(path.n != 1 && (path.n < 2 || path.p[1] != '.'));
		return;
	}
	while (path.p != NULL) {
		part = str_cut(&path, '/');
		if (layout == LAYOUT_LEGACY && !first) {
			must(part.n > 1 && part.p[0] == '.' && part.p[1] != '.');
			continue;
		}
		first = false;
		must(part.n > 0 && part.p[0] != '.');
		must(!str_eq(part, STR("cur")) && !str_eq(part, STR("new")) &&
		    !str_eq(part, STR("tmp")));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char seps[] = { '/', '.', '\0', '\\' };
	struct buf a = { .max = 8192 }, b = { .max = 8192 },
	    c = { .max = 8192 };
	struct str in;
	struct naming how = { .layout = LAYOUT_VERBATIM };
	char sep, *copy;

	if (n < 1)
		return 0;
	sep = seps[p[0] & 3];
	if (p[0] & 4)
		how.layout = LAYOUT_MAILDIRPP;
	else if (p[0] & 8)
		how.layout = LAYOUT_LEGACY;
	else if (p[0] & 16)
		how.flat = '.';
	how.utf7 = (p[0] & 32) != 0;
	in = (struct str){ (const char *)p + 1, n - 1 };
	buf_s(&a, "");
	if (names_to_path(&a, in, sep, &how) == 0) {
		below(BUF_STR(a), how.layout);
		must(names_from_path(&b, BUF_STR(a), sep, &how) == 0);
		must(str_eqi(BUF_STR(b), in));	/* INBOX alone changes */
		must(names_to_path(&c, BUF_STR(b), sep, &how) == 0);
		must(str_eq(BUF_STR(c), BUF_STR(a)));
	}
	buf_drop(&a, a.n);
	buf_drop(&b, b.n);
	buf_s(&b, "");
	if (names_from_path(&a, in, sep, &how) == 0) {
		must(names_to_path(&b, BUF_STR(a), sep, &how) == 0);
		must(str_eq(BUF_STR(b), in));
	}
	copy = mem_new(n, 1);
	memcpy(copy, in.p, in.n);
	names_match(copy, in, sep);
	free(copy);
	buf_free(&a);
	buf_free(&b);
	buf_free(&c);
	return 0;
}
