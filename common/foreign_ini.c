/* foreign_ini.c: what Python's ConfigParser reads: [section], key = value, key: value */
#include <string.h>

#include "foreign.h"

/* A file of ConfigParser under way. */
struct ini {
	struct foreign *f;
	struct foreign_section *at;
	struct foreign_item item;
	struct buf value;	/* of the item, line by line */
	size_t indent;		/* of the item's first line */
	bool open;		/* there is an item */
	unsigned line;
};

static int
ini_end(struct ini *p, struct err *e)
{
	if (!p->open)
		return 0;
	p->open = false;
	p->item.value = arena_dup(&p->f->arena, str_trim(BUF_STR(p->value)));
	mem_wipe(p->value.p, p->value.n);
	p->value.n = 0;
	return foreign_add(p->f, p->at, p->item, e);
}

/* "[Account work]": kind "Account", name "work"; "[retriever]": no name. */
static int
ini_section(struct ini *p, struct str l, struct err *e)
{
	struct str name = str_from(l, 1), kind;
	const char *k, *n;

	l = str_cut(&name, ']');
	if (name.p == NULL || l.n == 0)
		return fail(e, EX_DATAERR, "line %u: a [ without its ]",
		    p->line);
	kind = str_word(&l);
	k = arena_dup(&p->f->arena, kind);
	n = arena_dup(&p->f->arena, str_trim(l));
	if (foreign_find(p->f, k, n) != NULL)
		return fail(e, EX_DATAERR, "line %u: a section that is there already",
		    p->line);
	p->at = foreign_open(p->f, k, n, p->line, e);
	return p->at != NULL ? 0 : -1;
}

static int
ini_item(struct ini *p, struct str l, size_t indent, struct err *e)
{
	size_t i = 0, k;
	char *key;

	while (i < l.n && l.p[i] != '=' && l.p[i] != ':')
		i++;
	if (i == l.n || i == 0)
		return fail(e, EX_DATAERR, "line %u: neither KEY = VALUE nor [SECTION]",
		    p->line);
	if (p->at == NULL)
		return fail(e, EX_DATAERR, "line %u: a setting before the first [SECTION]",
		    p->line);
	key = arena_dup(&p->f->arena, str_trim(str_to(l, i)));
	for (k = 0; key[k] != '\0'; k++)
		key[k] = str_lower(key[k]);
	p->item = (struct foreign_item){ .key = key, .line = p->line };
	p->open = true;
	p->indent = indent;
	buf_str(&p->value, str_trim(str_from(l, i + 1)));
	return 0;
}

/*
 * A line that is further in than the one its item began on goes on with the
 * value; empty lines and comments between do not end it.
 */
static int
ini_line(struct ini *p, struct str l, struct err *e)
{
	struct str s = str_trim(l);
	size_t indent = s.n > 0 ? (size_t)(s.p - l.p) : 0;

	if (s.n == 0 || s.p[0] == '#' || s.p[0] == ';')
		return 0;
	if (p->open && indent > p->indent) {
		buf_c(&p->value, '\n');
		buf_str(&p->value, s);
		return 0;
	}
	if (ini_end(p, e) < 0)
		return -1;
	return s.p[0] == '[' ? ini_section(p, s, e) :
	    ini_item(p, s, indent, e);
}

int
foreign_ini(struct foreign *f, struct err *e)
{
	struct ini p = { .f = f, .value = { .max = 1 << 20, .secret = true } };
	struct str text = BUF_STR(f->text);
	int got = 0;

	while (got == 0 && text.n > 0) {
		p.line++;
		got = ini_line(&p, str_cut(&text, '\n'), e);
	}
	if (got == 0)
		got = ini_end(&p, e);
	buf_wipe(&p.value);
	return got;
}
