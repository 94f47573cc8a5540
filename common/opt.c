/*
 * opt.c: one table of options for command line, help, configuration
 *
 * getopt_long does the parsing; its tables are made from ours.  An option's
 * rank is its place in all the tables counted through; getopt_long returns
 * it plus FIRST for a long name.
 */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_check.h"
#include "json_key.h"
#include "opt.h"
#include "str.h"

#ifndef VERSION
#define VERSION "0"
#endif

enum { FIRST = 512, MAXOPT = 256 };

static const struct opt builtin[] = {
	{ .letter = 'h', .name = "help", .kind = OPT_CALL, .help = "this list",
	    .flags = OPT_NOCONF },
	{ .letter = 'V', .name = "version", .kind = OPT_CALL,
	    .help = "the versions, and where files are looked for",
	    .flags = OPT_NOCONF },
	{ .name = "options", .kind = OPT_CALL,
	    .help = "the table of options, for scripts",
	    .flags = OPT_NOCONF | OPT_HIDDEN },
	{ .name = "json-schema", .kind = OPT_CALL,
	    .help = "what the keys of -j are, as a JSON Schema",
	    .flags = OPT_NOCONF },
	{ .name = NULL }
};

const struct opt *
opt_nth(const struct opt_set *set, size_t i)
{
	const struct opt *o;
	size_t t;

	for (t = 0; set->tables[t] != NULL; t++)
		for (o = set->tables[t]; o->name != NULL; o++)
			if (i-- == 0)
				return o;
	for (o = builtin; o->name != NULL; o++)
		if (i-- == 0)
			return o;
	return NULL;
}

static int
option_find(const struct opt_set *set, struct str name, int letter)
{
	const struct opt *o;
	size_t i;

	for (i = 0; (o = opt_nth(set, i)) != NULL; i++) {
		if (o->kind == OPT_HEAD)
			continue;
		if (letter != 0 ? o->letter == letter :
		    str_eq(name, str_of(o->name)))
			return (int)i;
	}
	return -1;
}

void
opt_list_add(struct arena *a, struct opt_list *l, const char *s)
{
	const char **v;

	if (l->n % 16 == 0) {		/* doubling would do no better here */
		v = arena_new(a, l->n + 16, sizeof *v);
		if (l->n > 0)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
	}
	l->v[l->n++] = s;
}

/* digits[.digits][unit], units being letters with their factor */
static int
scaled(const char *arg, const char *units, const double *factor, double *out)
{
	const char *u;
	char *end;
	double v;

	if (!str_digit(arg[0]) && arg[0] != '.')
		return -1;
	v = strtod(arg, &end);
	if (*end != '\0') {
		u = strchr(units, str_lower(*end));
		if (u == NULL || end[1] != '\0')
			return -1;
		v *= factor[u - units];
	}
	if (!(v >= 0 && v < 9e15))
		return -1;
	*out = v;
	return 0;
}

int
opt_to_seconds(const char *arg, double *out)
{
	static const double factor[] = { 1, 60, 3600, 86400 };

	return scaled(arg, "smhd", factor, out);
}

int
opt_to_number(const char *arg, uint64_t *out)
{
	static const double factor[] = { 1024, 1048576, 1073741824 };
	double v;

	if (scaled(arg, "kmg", factor, &v) < 0 || strchr(arg, '.') != NULL)
		return -1;
	*out = (uint64_t)v;
	return 0;
}

/* "--tls is implicit, starttls or off, not "on"" */
static int
no_choice(const struct opt *o, const char *arg, struct err *e)
{
	struct buf names = { .max = 256 };
	const struct opt_choice *c;

	for (c = o->choices; c->name != NULL; c++) {
		if (c > o->choices)
			buf_s(&names, c[1].name != NULL ? ", " : " or ");
		buf_s(&names, c->name);
	}
	fail(e, EX_USAGE, "--%s is %s, not \"%s\"", o->name, names.p, arg);
	buf_free(&names);
	return -1;
}

static int
opt_choose(const struct opt *o, const char *arg, struct err *e)
{
	const struct opt_choice *c;

	for (c = o->choices; c->name != NULL; c++)
		if (str_is(str_of(arg), c->name)) {
			*(unsigned *)o->to = c->value;
			return 0;
		}
	return no_choice(o, arg, e);
}

static int
store_value(struct opt_set *set, const struct opt *o, const char *arg, bool on,
    struct err *e)
{
	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)o->to = on;
		return 0;
	case OPT_COUNT:
		*(int *)o->to = on ? *(int *)o->to + 1 : 0;
		return 0;
	case OPT_TEXT:
		*(const char **)o->to = arg;
		return 0;
	case OPT_LIST:
		opt_list_add(set->arena, o->to, arg);
		return 0;
	case OPT_SECONDS:
		return opt_to_seconds(arg, o->to) == 0 ? 0 : fail(e, EX_USAGE,
		    "--%s: \"%s\" is no time (30, 1.5, 90s, 5m, 2h, 1d)",
		    o->name, arg);
	case OPT_NUMBER:
		return opt_to_number(arg, o->to) == 0 ? 0 : fail(e, EX_USAGE,
		    "--%s: \"%s\" is no number (10, 4k, 2M)", o->name, arg);
	case OPT_CHOICE:
		return opt_choose(o, arg, e);
	default:
		return o->call(o->to, arg, e);
	}
}

static void
help_one(const struct opt *o)
{
	char left[64];
	int n;

	if (o->kind == OPT_HEAD) {
		printf("\n%s:\n", o->help);
		return;
	}
	n = snprintf(left, sizeof left, "  %c%c%s --%s%s%s",
	    o->letter != 0 ? '-' : ' ', o->letter != 0 ? o->letter : ' ',
	    o->letter != 0 ? "," : " ", o->name, o->arg != NULL ? " " : "",
	    o->arg != NULL ? o->arg : "");
	printf("%s%*s%s\n", left, n < 31 ? 31 - n : 1, "", o->help);
}

static void
help(const struct opt_set *set)
{
	const struct opt *o;
	size_t i;

	printf("usage: %s\n%s\n", set->usage, set->about);
	for (i = 0; (o = opt_nth(set, i)) != NULL; i++)
		if ((o->flags & OPT_HIDDEN) == 0)
			help_one(o);
	printf("\nExit status and what the tools have in common: postbag(7).\n");
}

/* Letter, name, argument, "conf", help, and the values that a choice has. */
static void
list_option(const struct opt *o)
{
	const struct opt_choice *c;

	printf("%c\t%s\t%s\t%s\t%s\t", o->letter != 0 ? o->letter : '-',
	    o->name, o->arg != NULL ? o->arg : "",
	    (o->flags & OPT_NOCONF) ? "" : "conf", o->help);
	for (c = o->choices; c != NULL && c->name != NULL; c++)
		printf("%s%s", c == o->choices ? "" : "|", c->name);
	putchar('\n');
}

static void
list_options(const struct opt_set *set)
{
	const struct opt *o;
	size_t i;

	for (i = 0; (o = opt_nth(set, i)) != NULL; i++)
		if (o->kind != OPT_HEAD && (o->flags & OPT_HIDDEN) == 0)
			list_option(o);
}

/* The program is the first word of its usage, under whatever name it runs. */
static void
opt_version(const struct opt_set *set)
{
	struct str usage = str_of(set->usage), name = str_word(&usage);
	struct buf more = { .max = 65536 };

	printf("%.*s (postbag) " VERSION "\n", STR_ARG(name));
	if (set->version != NULL)
		set->version(&more);
	if (more.n > 0)
		fputs(more.p, stdout);
	buf_free(&more);
}

static void
opt_schema(const struct opt_set *set)
{
	struct str usage = str_of(set->usage), name = str_word(&usage);
	struct buf text = { .max = 1 << 20 };
	char title[40];

	snprintf(title, sizeof title, "%.*s -j", STR_ARG(name));
	json_check_declare(NULL);		/* it is no record of the tool's */
	json_key_schema(set->keys, title, &text);
	fputs(text.p, stdout);
	buf_free(&text);
}

static void
opt_answer(const struct opt_set *set, const char *name)
{
	if (strcmp(name, "help") == 0)
		help(set);
	else if (strcmp(name, "version") == 0)
		opt_version(set);
	else if (strcmp(name, "json-schema") == 0)
		opt_schema(set);
	else
		list_options(set);
	exit(fflush(stdout) == 0 && !ferror(stdout) ? 0 : EX_IOERR);
}

static int
set_one(struct opt_set *set, int rank, const char *arg, struct err *e)
{
	const struct opt *o = rank < 0 ? NULL : opt_nth(set, (size_t)rank);

	if (o == NULL)
		return fail(e, EX_SOFTWARE, "option %d", rank);
	set->seen[rank] = 1;
	if (o->kind == OPT_CALL && o->call == NULL)
		opt_answer(set, o->name);
	return store_value(set, o, arg, true, e);
}

/* The tables of getopt_long, made from ours. */
static void
getopt_prepare(const struct opt_set *set, struct option *lo, char *so)
{
	const struct opt *o;
	size_t i;

	*so++ = '-';			/* operands come as option 1 */
	*so++ = ':';			/* a missing argument as ':' */
	for (i = 0; i < MAXOPT && (o = opt_nth(set, i)) != NULL; i++) {
		if (o->kind == OPT_HEAD)
			continue;
		*lo++ = (struct option){ o->name, o->arg != NULL, NULL,
		    (int)i + FIRST };
		if (o->letter == 0)
			continue;
		*so++ = o->letter;
		if (o->arg != NULL)
			*so++ = ':';
	}
	*lo = (struct option){ 0 };
	*so = '\0';
}

int
opt_parse(struct opt_set *set, int argc, char **argv,
    struct opt_list *operands, struct err *e)
{
	struct option lo[MAXOPT + 1];
	char so[2 * MAXOPT + 4];
	int c, at;

	json_check_declare(set->keys);
	getopt_prepare(set, lo, so);
	opterr = 0;
	for (;;) {
		at = optind;
		c = getopt_long(argc, argv, so, lo, NULL);
		if (c == -1)
			break;
		if (c == 1) {
			opt_list_add(set->arena, operands, optarg);
		} else if (c == ':') {
			return fail(e, EX_USAGE, "%s needs an argument",
			    argv[optind - 1]);
		} else if (c == '?') {
			return fail(e, EX_USAGE, "unknown option %s (--help lists them)",
			    argv[optind > at ? optind - 1 : at]);
		} else {
			c = c >= FIRST ? c - FIRST :
			    option_find(set, STR(""), c);
			if (set_one(set, c, optarg, e) < 0)
				return -1;
		}
	}
	for (; optind < argc; optind++)
		opt_list_add(set->arena, operands, argv[optind]);
	return 0;
}

static int
on_off(const char *value, bool *on)
{
	static const char *const words[] = { "off", "on", "no", "yes" };
	size_t i;

	for (i = 0; i < 4; i++)
		if (str_is(str_of(value), words[i])) {
			*on = i & 1;
			return 0;
		}
	return -1;
}

int
opt_conf(struct opt_set *set, const char *key, const char *value,
    struct err *e)
{
	int rank = option_find(set, str_of(key), 0);
	const struct opt *o = rank < 0 ? NULL : opt_nth(set, (size_t)rank);
	bool on = true;

	if (o == NULL || (o->flags & OPT_NOCONF) != 0)
		return fail(e, EX_CONFIG, "unknown key \"%s\"", key);
	set->conf[rank] = 1;
	if (set->seen[rank])
		return 0;
	if (o->arg == NULL && value[0] != '\0' && on_off(value, &on) < 0)
		return fail(e, EX_CONFIG, "%s: \"%s\" is neither on nor off",
		    key, value);
	if (o->arg != NULL && value[0] == '\0')
		return fail(e, EX_CONFIG, "%s needs a value", key);
	return store_value(set, o, arena_dup(set->arena, str_of(value)), on, e);
}

int
opt_give(struct opt_set *set, const char *name, const char *arg,
    struct err *e)
{
	return set_one(set, option_find(set, str_of(name), 0), arg, e);
}

bool
opt_given(const struct opt_set *set, const char *name)
{
	int rank = option_find(set, str_of(name), 0);

	return rank >= 0 && set->seen[rank] != 0;
}

bool
opt_configured(const struct opt_set *set, const char *name)
{
	int rank = option_find(set, str_of(name), 0);

	return rank >= 0 && set->conf[rank] != 0;
}
