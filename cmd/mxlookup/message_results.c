/* message_results.c: what receivers said (RFC 8601 section 2.2) */
#include "message_results.h"

/* A quoted string with its quotes; without an end, its quote alone. */
static struct str
quoted(struct str s)
{
	size_t i;

	for (i = 1; i < s.n && s.p[i] != '"'; i++)
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
	return str_to(s, i < s.n ? i + 1 : 1);
}

/* What stands before the next ";", which within quotes is a byte as any. */
static struct str
cut_part(struct str *rest)
{
	struct str part = *rest;
	size_t i = 0;

	while (i < part.n && part.p[i] != ';')
		i += part.p[i] == '"' ? quoted(str_from(part, i)).n : 1;
	*rest = i < part.n ? str_from(part, i + 1) : (struct str){ NULL, 0 };
	return str_to(part, i);
}

const char *
message_results_plain(struct arena *a, struct str s)
{
	struct buf b = { 0 };
	struct str one;
	const char *text;
	bool blank = false;

	while (s.n > 0) {
		if (s.p[0] == '(' || str_blank(s.p[0]) || s.p[0] == '\r' ||
		    s.p[0] == '\n') {
			str_skip_cfws(&s);
			blank = true;
			continue;
		}
		if (blank && b.n > 0 && s.p[0] != ';')
			buf_c(&b, ' ');
		blank = false;
		one = s.p[0] == '"' ? quoted(s) : str_to(s, 1);
		buf_str(&b, one);
		s = str_from(s, one.n);
	}
	text = arena_dup(a, BUF_STR(b));
	buf_free(&b);
	return text;
}

/* "mx.example 1; dkim=pass ...": the name, a version, results. */
static void
read_result(struct message_result *r, struct arena *a, struct str body)
{
	struct str rest = str_of(message_results_plain(a, body)), first;

	first = cut_part(&rest);
	r->by = arena_dup(a, str_word(&first));
	r->text = arena_dup(a, str_trim(rest));
}

void
message_results(struct message_results *r, struct arena *a,
    const struct dkim_header *h)
{
	size_t n = dkim_header_count(h, "Authentication-Results", NULL), i, k;

	*r = (struct message_results){ .n = n < MESSAGE_RESULTS ? n :
	    MESSAGE_RESULTS };
	r->more = n - r->n;
	r->v = arena_new(a, r->n, sizeof *r->v);
	for (i = k = 0; i < h->n && k < r->n; i++)
		if (str_is(h->field[i].name, "Authentication-Results")) {
			read_result(&r->v[k], a, h->field[i].body);
			r->v[k++].field = i;
		}
}

struct str
message_results_of(const struct message_result *r, const char *method)
{
	struct str rest = str_of(r->text), one, name;

	while (rest.p != NULL) {
		one = str_trim(cut_part(&rest));
		name = str_trim(str_cut(&one, '='));
		if (str_is(name, method) && one.p != NULL)
			return str_word(&one);
	}
	return (struct str){ NULL, 0 };
}
