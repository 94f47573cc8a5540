/* finding.c: findings: their order, those that are there twice, forgetting */
#include "finding.h"

#include "tap.h"

static const struct finding_kind kinds[] = {
	{ "LATE", FINDING_HINT, "RFC1", "help" },
	{ "BAD", FINDING_ERROR, "RFC2#1", "more help" },
	{ "ODD", FINDING_WARN, "RFC3", "" },
	{ .id = NULL }
};

static struct arena mem;

static void __attribute__((format(printf, 5, 6)))
add(struct findings *l, unsigned by, const char *id, const char *at,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding_add(l, &mem, finding_kind(kinds, id), at, fmt, ap)->by = by;
	va_end(ap);
}

/* "BAD a.example x; ..." in their order. */
static const char *
all(const struct findings *l)
{
	const struct finding *f;
	struct buf b = { 0 };
	const char *p;

	for (f = l->first; f != NULL; f = f->next)
		buf_printf(&b, "%s %s %s%s", f->kind->id, f->at != NULL ?
		    f->at : "-", f->text, f->next != NULL ? "; " : "");
	p = arena_dup(&mem, BUF_STR(b));
	buf_free(&b);
	return p;
}

static void
order(void)
{
	struct findings l = { NULL, NULL };

	finding_sort(&l, &mem);
	is_str(all(&l), "", "none");
	add(&l, 2, "LATE", "b", "%d", 1);
	finding_sort(&l, &mem);
	is_str(all(&l), "LATE b 1", "one");
	add(&l, 2, "ODD", "b", "2");
	add(&l, 1, "ODD", "c", "3");
	add(&l, 2, "ODD", NULL, "4");
	add(&l, 3, "BAD", "z", "5");
	add(&l, 1, "ODD", "c", "3");
	add(&l, 2, "ODD", "b", "1");
	finding_sort(&l, &mem);
	is_str(all(&l), "BAD z 5; ODD c 3; ODD - 4; ODD b 1; ODD b 2; LATE b 1",
	    "the worst first, by finder, place and text, each once");
	l.first->sev = FINDING_HINT;
	add(&l, 9, "ODD", "d", "6");
	finding_sort(&l, &mem);
	is_str(all(&l), "ODD c 3; ODD - 4; ODD b 1; ODD b 2; ODD d 6; "
	    "LATE b 1; BAD z 5", "how bad it is here counts, and not its kind");
}

static void
forget(void)
{
	struct findings l = { NULL, NULL };

	finding_forget(&l, 1);
	add(&l, 1, "ODD", "a", "1");
	add(&l, 2, "ODD", "a", "2");
	add(&l, 1, "ODD", "a", "3");
	finding_forget(&l, 1);
	is_str(all(&l), "ODD a 2", "the first and the last are taken out");
	add(&l, 1, "ODD", "a", "4");
	is_str(all(&l), "ODD a 2; ODD a 4", "the next one is behind the rest");
	finding_forget(&l, 2);
	finding_forget(&l, 1);
	add(&l, 3, "ODD", "a", "5");
	is_str(all(&l), "ODD a 5", "one behind none");
}

static void
line(void)
{
	struct buf b = { 0 };

	finding_line(&b, finding_kind(kinds, "BAD"), "crit", "cert");
	buf_c(&b, '\0');
	is_str(b.p, "BAD\tcrit\tcert\tRFC2#1\tmore help\n", "a line");
	buf_free(&b);
}

int
main(void)
{
	order();
	forget();
	line();
	arena_free(&mem);
	return done();
}
