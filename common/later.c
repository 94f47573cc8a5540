/*
 * later.c: is a refusal one that passes, by its words?
 *
 * POP3 had no codes before RFC 2449, IMAP none before RFC 5530, and many servers
 * have none today.  The words are those of Dovecot, Cyrus, Courier, qpopper,
 * Exchange, Zimbra and the large providers.  "Try again" alone is none of
 * them: servers say it of a wrong password.
 */
#include "later.h"

static bool
later_says(struct str text, const char *word)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (str_starts(str_from(text, i), word))
			return true;
	return false;
}

bool
later_by_words(struct str text)
{
	static const struct {
		const char *word, *without;
	} v[] = {
		{ "lock", "account" }, { "in use", NULL }, { "busy", NULL },
		{ "later", NULL }, { "temporar", NULL },
		{ "too many", "fail" }, { "maintenance", NULL },
		{ "unavailable", NULL }, { "timed out", NULL },
		{ "timeout", NULL }, { "internal error", NULL },
		{ "internal server error", NULL }, { "server error", NULL },
		{ "overload", NULL }, { "authenticated but not connected", NULL },
		{ "simultaneous", NULL }, { "concurrent", NULL },
		{ "number of connections", NULL },
		{ "number of sessions", NULL }, { "another session", NULL },
		{ "already logged in", NULL }, { "bandwidth", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++)
		if (later_says(text, v[i].word) && (v[i].without == NULL ||
		    !later_says(text, v[i].without)))
			return true;
	return false;
}
