/* words.c: a command as people write it, cut into its words */
#include <string.h>

#include "words.h"

char **
words_of(struct arena *a, const char *text, const char *what, struct err *e)
{
	char **v = arena_new(a, strlen(text) / 2 + 2, sizeof *v);
	char *to = arena_new(a, strlen(text) + 1, 2), quote = '\0';
	size_t n = 0;
	bool inside = false;

	for (; *text != '\0'; text++) {
		if (quote == '\0' && (*text == ' ' || *text == '\t')) {
			if (inside)
				*to++ = '\0';
			inside = false;
			continue;
		}
		if (!inside)
			v[n++] = to;
		inside = true;
		if (quote != '\0' && *text == quote)
			quote = '\0';
		else if (quote == '\0' && (*text == '"' || *text == '\''))
			quote = *text;
		else if (*text == '\\' && quote != '\'' && text[1] != '\0')
			*to++ = *++text;
		else
			*to++ = *text;
	}
	if (quote == '\0' && n > 0)
		return v;
	fail(e, EX_USAGE, "%s: %s", what, n == 0 ? "which command?" :
	    "a quote that is not closed");
	return NULL;
}
