/* unsubscribe.c: List-Unsubscribe by one click (RFC 8058, RFC 2369) */
#include "unsubscribe.h"

/* Nothing that would end the field, or the URL in it. */
static bool
plain_url(struct str url)
{
	size_t i;

	for (i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] > '~' || url.p[i] == '<' ||
		    url.p[i] == '>')
			return false;
	return true;
}

int
unsubscribe_check(const char *value, struct err *e)
{
	struct str rest = str_of(value), url = str_cut(&rest, ',');

	if (str_starts(url, "https://") && url.n > 8 && url.n < 900 &&
	    plain_url(url) && (rest.p == NULL || (str_starts(rest,
	    "mailto:") && rest.n > 7 && rest.n < 900 && plain_url(rest) &&
	    !str_has(rest, ','))))
		return 0;
	return fail(e, EX_USAGE, "--unsubscribe is https://URL or https://URL,mailto:ADDRESS (RFC 8058), not \"%s\"",
	    value);
}

void
unsubscribe_add(const char *value, struct letter *l)
{
	struct str rest = str_of(value), url = str_cut(&rest, ',');
	const char *more = "";

	if (msg_field(&l->msg, "List-Unsubscribe", NULL))
		return;
	if (rest.p != NULL)
		more = arena_printf(l->arena, ",\r\n <%.*s>", STR_ARG(rest));
	msg_drop_field(&l->msg, l->arena, "List-Unsubscribe-Post");
	msg_add_fields(&l->msg, l->arena, str_of(arena_printf(l->arena,
	    "List-Unsubscribe: <%.*s>%s\r\n"
	    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
	    STR_ARG(url), more)));
}
