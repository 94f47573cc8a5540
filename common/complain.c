/*
 * complain.c: --complain-after: what passes by itself is said once it lasts
 *
 * The file has a line for each cause,
 *
 *	SINCE PASSES SAID CAUSE<tab>TEXT
 *
 * between a first line that says what it is and a last one with a dot.  (In 1
 * the causes had the servers' words.)  It is
 * written in place: what a crash leaves of it is damaged, and then everything
 * is said.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "fail.h"
#include "file.h"
#include "mem.h"
#include "stop.h"
#include "str.h"
#include "trace.h"

#define HEAD "postbag failing 2"
enum { CAUSES = 64, CAUSE_TEXT = 256, TEXT = 1500, FILE_MOST = 256 << 10 };

struct complain_cause {
	char *cause, *text;
	uint64_t texts;		/* in this pass; 0: it was not met */
	uint64_t passes;
	time_t since;
	bool said;
};

/* What the file says. */
struct book {
	int fd;			/* locked, or -1 */
	bool blank;		/* since when is not known */
	bool changed;
	struct complain_cause v[2 * CAUSES];
	size_t n;
};

static void
forget_cause(struct complain_cause *c)
{
	free(c->cause);
	free(c->text);
}

static void
forget_all(struct complain *c)
{
	while (c->n > 0)
		forget_cause(&c->v[--c->n]);
}

void
complain_open(struct complain *c, double after, const char *state)
{
	struct buf b = { .max = 8192 };

	complain_close(c);
	buf_printf(&b, "%s.failing", state);
	c->file = b.p;
	c->after = after;
	c->v = mem_new(CAUSES, sizeof *c->v);
}

void
complain_close(struct complain *c)
{
	forget_all(c);
	free(c->v);
	free(c->file);
	*c = (struct complain){ .after = 0 };
}

static struct complain_cause *
find_cause(struct complain_cause *v, size_t n, const char *cause)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(v[i].cause, cause) == 0)
			return &v[i];
	return NULL;
}

/* Numbers of messages, sizes and ports are no other cause. */
static void
fold_numbers(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (!str_digit(*text))
			*to++ = *text;
		else if (!str_digit(text[1]))
			*to++ = '#';
	}
	*to = '\0';
}

void
complain_say(struct complain *c, int status, const char *cause,
    const char *fmt, ...)
{
	char text[TEXT], key[CAUSE_TEXT];
	struct complain_cause *at;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	str_escape(key, sizeof key, str_of(cause != NULL ? cause : fmt));
	fold_numbers(key);
	at = find_cause(c->v, c->n, key);
	if (c->after <= 0 || status != EX_TEMPFAIL ||
	    (at == NULL && c->n == CAUSES)) {
		fail_print("%s", text);
		return;
	}
	trace_note(TRACE_DONE, "held back: %s", text);
	if (at == NULL) {
		at = &c->v[c->n++];
		*at = (struct complain_cause){ .cause = mem_dup(key),
		    .text = mem_dup(text) };
	}
	at->texts++;
}

/* ---- the file ---- */

static int
take_number(struct str *s, uint64_t *to)
{
	return str_num(str_cut(s, ' '), (uint64_t)1 << 40, to);
}

static char *
text_of(struct str s)
{
	char *text = mem_new(s.n + 1, 1);

	memcpy(text, s.p, s.n);
	return text;
}

static int
take_line(struct book *b, struct str line)
{
	struct complain_cause *c = &b->v[b->n];
	uint64_t since, passes, said;
	struct str cause;

	if (b->n == CAUSES || take_number(&line, &since) < 0 ||
	    take_number(&line, &passes) < 0 || take_number(&line, &said) < 0)
		return -1;
	cause = str_cut(&line, '\t');
	if (line.p == NULL || memchr(cause.p, '\0', cause.n + line.n) != NULL)
		return -1;
	*c = (struct complain_cause){ .since = (time_t)since,
	    .passes = passes, .said = said != 0,
	    .cause = text_of(cause), .text = text_of(line) };
	b->n++;
	return 0;
}

static int
parse_book(struct book *b, struct str text)
{
	struct str line = str_cut(&text, '\n');

	if (!str_is(line, HEAD))
		return -1;
	for (;;) {
		line = str_cut(&text, '\n');
		if (text.p == NULL)
			return -1;
		if (str_is(line, "."))
			return text.n == 0 ? 0 : -1;
		if (take_line(b, line) < 0)
			return -1;
	}
}

/* Another run may be told at this moment that this one has the state. */
static void
open_book(struct book *b, const char *file)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct buf text = { .max = FILE_MOST };
	struct err e = { 0 };

	b->fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK, 0600);
	b->blank = b->fd < 0 || fcntl(b->fd, F_OFD_SETLKW, &l) < 0 ||
	    file_slurp(b->fd, &text, &e) < 0 ||
	    parse_book(b, BUF_STR(text)) < 0;
	while (b->blank && b->n > 0)
		forget_cause(&b->v[--b->n]);
	b->changed = b->blank;
	buf_free(&text);
}

static int
write_book(struct book *b)
{
	struct buf text = { .max = 2 * FILE_MOST };
	char safe[2 * TEXT];
	struct err e = { 0 };
	size_t i;
	int got;

	if (b->fd < 0)
		return -1;
	buf_s(&text, HEAD "\n");
	for (i = 0; i < b->n && i < CAUSES; i++) {
		str_escape(safe, sizeof safe, str_of(b->v[i].text));
		buf_printf(&text, "%lld %llu %d %s\t%s\n",
		    (long long)b->v[i].since,
		    (unsigned long long)b->v[i].passes, b->v[i].said,
		    b->v[i].cause, safe);
	}
	buf_s(&text, ".\n");
	got = lseek(b->fd, 0, SEEK_SET) < 0 ||
	    file_write(b->fd, text.p, text.n, &e) < 0 ||
	    ftruncate(b->fd, (off_t)text.n) < 0 ? -1 : 0;
	buf_free(&text);
	return got;
}

/* ---- what is said ---- */

static void
put_time(struct buf *b, time_t seconds)
{
	long long n = seconds;

	if (n >= 2 * 86400)
		buf_printf(b, "%lld days %lld h", n / 86400, n / 3600 % 24);
	else if (n >= 3600)
		buf_printf(b, "%lld h %lld min", n / 3600, n / 60 % 60);
	else if (n >= 60)
		buf_printf(b, "%lld min", n / 60);
	else
		buf_printf(b, "%lld s", n);
}

static void
say_lasting(struct complain_cause *c, time_t now)
{
	struct buf b = { .max = TEXT };

	if (c->passes > 1) {
		buf_s(&b, " (for ");
		put_time(&b, now > c->since ? now - c->since : 0);
		buf_printf(&b, ", %llu times)", (unsigned long long)c->passes);
	}
	if (c->texts > 1)
		buf_printf(&b, " (and %llu more like it)",
		    (unsigned long long)c->texts - 1);
	fail_print("%s%s", c->text, b.n > 0 ? b.p : "");
	buf_free(&b);
	c->said = true;
}

static void
say_over(const struct complain_cause *c, time_t now)
{
	struct buf b = { .max = 128 };

	put_time(&b, now > c->since ? now - c->since : 0);
	fail_print("%s: this is over, after %s", c->text, b.p);
	buf_free(&b);
}

/* It was met in this pass; what the pass has of it is the book's now. */
static void
meet(struct book *b, struct complain_cause *met, time_t now)
{
	struct complain_cause *c = find_cause(b->v, b->n, met->cause);

	b->changed = true;
	if (c == NULL) {
		c = &b->v[b->n++];
		*c = (struct complain_cause){ .cause = mem_dup(met->cause),
		    .since = now };
	}
	free(c->text);
	c->text = mem_dup(met->text);
	c->texts = met->texts;
	c->passes++;
}

static void
drop_over(struct book *b, time_t now)
{
	size_t i, n = 0;

	for (i = 0; i < b->n; i++) {
		if (b->v[i].texts > 0) {
			b->v[n++] = b->v[i];
			continue;
		}
		if (b->v[i].said)
			say_over(&b->v[i], now);
		forget_cause(&b->v[i]);
		b->changed = true;
	}
	b->n = n;
}

/* A clock that was set back does not hold up anything. */
static void
say_due(struct book *b, double after, time_t now)
{
	struct complain_cause *c;

	for (c = b->v; c < b->v + b->n; c++)
		if (c->texts > 0 && !c->said && (b->blank || c->since > now ||
		    (double)(now - c->since) >= after ||
		    c >= b->v + CAUSES))	/* not in the file */
			say_lasting(c, now);
}

void
complain_end(struct complain *c, bool looked, time_t now)
{
	struct book b = { .fd = -1 };
	size_t i;

	if (c->after <= 0)
		return;
	if (stop_asked()) {
		forget_all(c);
		return;
	}
	open_book(&b, c->file);
	for (i = 0; i < c->n; i++)
		meet(&b, &c->v[i], now);
	forget_all(c);
	if (looked)
		drop_over(&b, now);
	say_due(&b, c->after, now);
	if (b.changed && write_book(&b) < 0)
		say_due(&b, 0, now);
	while (b.n > 0)
		forget_cause(&b.v[--b.n]);
	if (b.fd >= 0)
		close(b.fd);
}
