/*
 * show_terminal.c: a task for people who look at it now
 *
 * As the text form, but what is wrong comes first, in the colour of its
 * severity, lines are broken at blanks, and of many checks those that found
 * nothing wrong take one line together.
 */
#include <string.h>

#include "run.h"
#include "settings.h"
#include "show.h"
#include "task.h"

/* FOLD: so many checks are few enough to be shown as they are. */
enum { FOLD = 2, NARROW = 40 };

/* ---- lines */

/* Columns that some bytes take, each character one. */
static size_t
columns(struct str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* What the lines behind the first are indented by: to its second column. */
static size_t
hanging(struct str line)
{
	size_t i;

	for (i = 0; i < line.n && line.p[i] == ' '; i++)
		;
	if (i == 2 && line.n > 9 && line.p[8] == ' ')
		return 9;		/* "  SPF    " */
	if (i < 9)
		return i + 2;
	return i < 20 ? i : 20;
}

static void
put_line(struct buf *b, struct str line, unsigned width)
{
	size_t hang = hanging(line), at = 0, n;
	struct str word;

	for (n = 0; n < line.n && line.p[n] == ' '; n++)
		;
	for (;;) {		/* the blanks before a word, and the word */
		for (; n < line.n && line.p[n] != ' '; n++)
			;
		word = str_to(line, n);
		if (at > hang && at + columns(word) > width) {
			buf_printf(b, "\n%*s", (int)hang, "");
			at = hang;
			while (word.n > 0 && word.p[0] == ' ')
				word = str_from(word, 1);
		}
		buf_str(b, word);
		at += columns(word);
		line = str_from(line, n);
		if (line.n == 0)
			break;
		for (n = 0; n < line.n && line.p[n] == ' '; n++)
			;
	}
	buf_c(b, '\n');
}

static void
put_lines(struct buf *b, struct str text, unsigned width)
{
	while (text.n > 0)
		put_line(b, str_cut(&text, '\n'), width);
}

/* code: of the colour; NULL: plain. */
static void
put_colored(const struct task *t, struct buf *b, const char *code,
    struct str text)
{
	unsigned width = t->run->set->show.columns;
	bool color = t->run->set->show.color && code != NULL;

	if (color)
		buf_printf(b, "\033[%sm", code);
	put_lines(b, text, width > NARROW ? width : NARROW);
	if (!color)
		return;
	b->n--;				/* the reset before the line end */
	buf_s(b, "\033[0m\n");
}

/* ---- checks */

static unsigned
how_many(const struct task *t)
{
	unsigned n = 0;
	int c;

	for (c = CHECK_ADDR + 1; c < CHECK_MAX; c++)
		n += task_asked(t, c) && t->result[c] != NULL;
	return n;
}

static bool
check_clean(const struct task *t, int c)
{
	const struct finding *f;

	for (f = t->findings.first; f != NULL; f = f->next)
		if (f->by == (unsigned)c && f->sev > FINDING_HINT)
			return false;
	return (t->ask.unknown & CHECK_BIT(c)) == 0;
}

/* One line that begins so behind the name of the check? */
static bool
says(struct str text, const char *words)
{
	return text.n > 9 && str_starts(str_from(text, 9), words) &&
	    memchr(text.p, '\n', text.n) == text.p + text.n - 1;
}

enum fold { FOLD_SHOWN, FOLD_WELL, FOLD_NONE, FOLD_SILENT };

static enum fold
fold_of(const struct task *t, int c, struct str text, bool fold)
{
	if (text.n == 0)
		return FOLD_SILENT;
	if (!fold || !check_clean(t, c) || says(text, "unconfirmed"))
		return FOLD_SHOWN;
	return says(text, "none") || says(text, "insecure") ? FOLD_NONE :
	    FOLD_WELL;
}

static void
list_add(const struct task *t, struct buf *list, int c)
{
	buf_printf(list, "%s%s", list->n > 0 ? ", " : "",
	    t->run->checks[c]->name);
}

static void
list_end(const struct task *t, struct buf *b, const char *head,
    const char *code, struct buf *list)
{
	struct buf line = { 0 };

	if (list->n > 0) {
		buf_printf(&line, "  %-6s %.*s\n", head,
		    STR_ARG(BUF_STR(*list)));
		put_colored(t, b, code, BUF_STR(line));
	}
	buf_free(&line);
	buf_free(list);
}

static void
put_checks(const struct task *t, struct buf *b)
{
	struct buf well = { 0 }, none = { 0 }, text = { 0 };
	bool fold = how_many(t) > FOLD;
	int c;

	for (c = 0; c < CHECK_MAX; c++) {
		if (t->result[c] == NULL || t->run->checks[c]->text == NULL)
			continue;
		text.n = 0;
		t->run->checks[c]->text(t, &text);
		switch (fold_of(t, c, BUF_STR(text), fold)) {
		case FOLD_SHOWN:
			put_colored(t, b, NULL, BUF_STR(text));
			break;
		case FOLD_WELL:
			list_add(t, &well, c);
			break;
		case FOLD_NONE:
			list_add(t, &none, c);
			break;
		case FOLD_SILENT:
			break;
		}
	}
	buf_free(&text);
	list_end(t, b, "well", "32", &well);
	list_end(t, b, "none", "2", &none);
}

/* ---- all of it */

static void
put_findings(const struct task *t, struct buf *b, unsigned n[FINDING_SEVS])
{
	static const char *const codes[] = { [FINDING_HINT] = "36",
	    [FINDING_WARN] = "33", [FINDING_ERROR] = "31" };
	const struct finding *f;
	struct buf one = { 0 };

	for (f = t->findings.first; f != NULL; f = f->next) {
		n[f->sev]++;
		one.n = 0;
		show_finding(t, f, &one);
		put_colored(t, b, codes[f->sev], BUF_STR(one));
	}
	buf_free(&one);
}

static void
put_summary(struct buf *b, const unsigned n[FINDING_SEVS])
{
	static const char *const words[] = { [FINDING_HINT] = "hint",
	    [FINDING_WARN] = "warning", [FINDING_ERROR] = "error" };
	const char *between = "  ";
	int s;

	for (s = FINDING_SEVS - 1; s >= 0; s--) {
		if (n[s] == 0)
			continue;
		buf_printf(b, "%s%u %s%s", between, n[s], words[s],
		    n[s] > 1 ? "s" : "");
		between = ", ";
	}
	if (between[0] == ',')
		buf_c(b, '\n');
}

void
show_terminal(const struct task *t, struct buf *b)
{
	unsigned n[FINDING_SEVS] = { 0 };
	struct buf part = { 0 };

	show_head(t, &part);
	put_colored(t, b, "1", BUF_STR(part));
	put_findings(t, b, n);
	part.n = 0;
	show_route(t, &part);
	if (part.n > 0)
		put_colored(t, b, NULL, BUF_STR(part));
	put_checks(t, b);
	put_summary(b, n);
	buf_free(&part);
}
