/* conn_secret.c: a login's secrets on a connection */
#include <stdio.h>
#include <string.h>

#include "b64.h"
#include "conn_private.h"
#include "conn_secret.h"
#include "mem.h"
#include "trace.h"

enum {
	HIDDEN_MIN = 4,		/* of a secret that is looked for */
	HIDDEN_MAX = 128 << 10	/* of all of them, each with its NUL */
};

void
conn_mask(struct conn *c, const char *label)
{
	c->mask = label;
}

void
conn_trace_out(struct conn *c, struct str s)
{
	char masked[128];

	if (!trace_on(TRACE_TALK))
		return;
	if (c->mask != NULL) {
		snprintf(masked, sizeof masked, "%s%s***", c->mask,
		    c->mask[0] != '\0' ? " " : "");
		trace_line(">", str_of(masked));
		return;
	}
	while (s.n > 0)
		trace_line(">", str_trim(str_cut(&s, '\n')));
}

/* "334 c2VjcmV0" is shown as "334 ***", "+ ..." as "+ ***". */
void
conn_trace_in(const struct conn *c, struct str s)
{
	char masked[16];
	size_t n = s.n > 0 && s.p[0] == '+' ? 1 : 3;

	if (!trace_on(TRACE_TALK))
		return;
	if (c->mask != NULL && s.n > n && (s.p[0] == '+' || s.p[0] == '3')) {
		snprintf(masked, sizeof masked, "%.*s ***", (int)n, s.p);
		s = str_of(masked);
	}
	trace_line("<", s);
}

/* One that has a NUL in it cannot stand in a line, but its base64 can. */
void
conn_hide(struct conn *c, struct str secret)
{
	struct buf *b = &c->hidden;

	if (secret.n < HIDDEN_MIN)
		return;
	b->max = HIDDEN_MAX;
	b->secret = true;
	if (memchr(secret.p, '\0', secret.n) == NULL) {
		buf_str(b, secret);
		buf_c(b, '\0');
	}
	b64_put(b, secret);
	buf_c(b, '\0');
}

static size_t
unsay(char *line, size_t n, struct str secret)
{
	static const char stars[] = "***";
	const size_t len = strlen(stars);
	size_t i;

	for (i = 0; i + secret.n <= n; i++) {
		if (!str_eqi((struct str){ line + i, secret.n }, secret))
			continue;
		memcpy(line + i, stars, len);
		memmove(line + i + len, line + i + secret.n,
		    n - i - secret.n + 1);
		n -= secret.n - len;
		i += len - 1;
	}
	return n;
}

/* The first word is the protocol's: "535", "A7", "+OK". */
size_t
conn_unsay(const struct conn *c, char *line, size_t n)
{
	struct str all = BUF_STR(c->hidden), secret;
	size_t from = 0;

	if (all.n == 0)
		return n;
	while (from < n && line[from] != ' ' && line[from] != '-')
		from++;
	while (all.n > 0) {
		secret = str_cut(&all, '\0');
		n = from + unsay(line + from, n - from, secret);
	}
	return n;
}

void
conn_wipe(struct conn *c)
{
	fifo_clean(&c->out);
	fifo_clean(&c->tx);
	buf_wipe(&c->hidden);
	c->hidden = (struct buf){ 0 };
	mem_wipe_stack();
}
