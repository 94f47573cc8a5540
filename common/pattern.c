/* pattern.c: patterns of folders, with one meaning for all tools */
#include <stdlib.h>

#include "mem.h"
#include "pattern.h"

static bool
same_char(char pat, char c, char sep)
{
	return pat == '/' && sep != '\0' ? c == sep : pat == c;
}

/*
 * All places of the pattern the name may have come to, byte by byte: the
 * cost is their product, whatever the stars are.
 */
static bool
glob_match(struct str pat, struct str name, char sep)
{
	bool *at = mem_new(pat.n + 1, sizeof *at), was, next;
	size_t i, k;

	at[0] = true;
	for (i = 0; i <= name.n; i++) {
		for (k = 0; k < pat.n; k++)	/* a star may be nothing */
			if (at[k] && (pat.p[k] == '*' || pat.p[k] == '%'))
				at[k + 1] = true;
		if (i == name.n)
			break;
		for (was = false, k = 0; k <= pat.n; k++, was = next) {
			next = k < pat.n && at[k] && same_char(pat.p[k],
			    name.p[i], sep);
			at[k] = was || (k < pat.n && at[k] &&
			    (pat.p[k] == '*' ||
			    (pat.p[k] == '%' && name.p[i] != sep)));
		}
	}
	was = at[pat.n];
	free(at);
	return was;
}

static bool
inbox(struct str s)
{
	return s.n >= 5 && str_is(str_to(s, 5), "INBOX");
}

bool
pattern_fits(struct str pat, struct str name, char sep)
{
	if (inbox(pat) && inbox(name) &&
	    (name.n == 5 || (sep != '\0' && name.p[5] == sep)))
		return glob_match(str_from(pat, 5), str_from(name, 5), sep);
	return glob_match(pat, name, sep);
}

void
pattern_take(struct pattern *p, bool no, bool fits)
{
	if (!p->begun)
		p->yes = no;
	p->begun = true;
	if (fits)
		p->yes = !no;
}
