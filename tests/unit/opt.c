/* opt.c: options of a command line and keys of a configuration file */
#include <getopt.h>

#include "opt.h"
#include "tap.h"

enum colour { NONE, RED, GREEN, BLUE };
static enum colour colour;

static const struct opt_choice colours[] = {
	{ "red", RED }, { "green", GREEN }, { "blue", BLUE }, { .name = NULL }
};
static const struct opt_choice one[] = {
	{ "red", RED }, { .name = NULL }
};
static const struct opt_choice two[] = {
	{ "red", RED }, { "blue", BLUE }, { .name = NULL }
};

static const struct opt options[] = {
	{ .letter = 'c', .name = "colour", .arg = "NAME", .kind = OPT_CHOICE,
	    .to = &colour, .choices = colours, .help = "" },
	{ .name = "only", .arg = "NAME", .kind = OPT_CHOICE, .to = &colour,
	    .choices = one, .help = "" },
	{ .name = "either", .arg = "NAME", .kind = OPT_CHOICE, .to = &colour,
	    .choices = two, .help = "" },
	{ .name = NULL }
};

static int
parse(const char *arg, struct err *e)
{
	struct arena a = { 0 };
	struct opt_set set = { .tables = { options }, .arena = &a };
	struct opt_list operands = { 0 };
	char *argv[] = { (char *)"tool", (char *)arg, NULL };
	int got;

	*e = (struct err){ 0 };
	colour = NONE;
	optind = 0;
	got = opt_parse(&set, 2, argv, &operands, e);
	arena_free(&a);
	return got;
}

static void
choices(void)
{
	static const struct {
		const char *arg;
		enum colour is;
		const char *why;
	} v[] = {
		{ "--colour=red", RED, NULL }, { "-cblue", BLUE, NULL },
		{ "--colour=Green", GREEN, NULL },
		{ "--colour=gree", NONE, "--colour is red, green or blue, not \"gree\"" },
		{ "--colour=greenish", NONE, "--colour is red, green or blue, not \"greenish\"" },
		{ "--colour=", NONE, "--colour is red, green or blue, not \"\"" },
		{ "--only=blue", NONE, "--only is red, not \"blue\"" },
		{ "--either=green", NONE, "--either is red or blue, not \"green\"" },
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		is_int(parse(v[i].arg, &e), v[i].why == NULL ? 0 : -1, "%s",
		    v[i].arg);
		is_int(colour, v[i].is, "its value");
		is_int(e.code, v[i].why == NULL ? 0 : EX_USAGE, "its status");
		is_str(e.msg, v[i].why == NULL ? "" : v[i].why, "what is said");
	}
}

/* What the command line chose stays; the file's mistakes are told there. */
static void
file(void)
{
	struct arena a = { 0 };
	struct opt_set set = { .tables = { options }, .arena = &a };
	struct err e = { 0 };

	colour = NONE;
	is_int(opt_conf(&set, "colour", "blue", &e), 0, "a key of the file");
	is_int(colour, BLUE, "its value");
	is_int(opt_conf(&set, "colour", "pink", &e), -1, "a wrong one");
	is_str(e.msg, "--colour is red, green or blue, not \"pink\"", "is told");
	is_int(colour, BLUE, "the value is as before");
	is_int(opt_give(&set, "colour", "red", &e), 0, "the command line");
	is_int(opt_conf(&set, "colour", "blue", &e), 0, "and the file again");
	is_int(colour, RED, "which does not count then");
	arena_free(&a);
}

/* Of each kind: what was given is given again, and nothing else is. */
static void
again(void)
{
	static bool flag, other;
	static int count;
	static const char *text, *unsaid;
	static struct opt_list list;
	static double seconds;
	static uint64_t number;
	static const struct opt table[] = {
		{ .name = "flag", .kind = OPT_FLAG, .to = &flag, .help = "" },
		{ .name = "other", .kind = OPT_FLAG, .to = &other, .help = "" },
		{ .letter = 'v', .name = "count", .kind = OPT_COUNT,
		    .to = &count, .help = "" },
		{ .letter = 't', .name = "text", .arg = "X", .kind = OPT_TEXT,
		    .to = &text, .help = "" },
		{ .name = "unsaid", .arg = "X", .kind = OPT_TEXT,
		    .to = &unsaid, .help = "" },
		{ .name = "list", .arg = "X", .kind = OPT_LIST, .to = &list,
		    .help = "" },
		{ .name = "seconds", .arg = "X", .kind = OPT_SECONDS,
		    .to = &seconds, .help = "" },
		{ .name = "number", .arg = "X", .kind = OPT_NUMBER,
		    .to = &number, .help = "" },
		{ .name = NULL }
	};
	struct arena a = { 0 };
	struct opt_set set = { .tables = { options, table }, .arena = &a };
	struct opt_list operands = { 0 }, words = { 0 };
	const char *argv[] = { "tool", "--flag", "-vv", "-t", "-", "--list=a b",
	    "--list", "", "--seconds=2m", "--number", "4k", "--colour=BLUE",
	    "--other", NULL };
	static const char *const want[] = { "--list=a b", "--list=", "--flag",
	    "--count", "--count", "--text=-", "--seconds=120.000000",
	    "--number=4096", "--colour=blue" };
	struct err e = { 0 };
	size_t i, n = sizeof want / sizeof *want;

	optind = 0;
	is_int(opt_parse(&set, (int)(sizeof argv / sizeof *argv) - 1,
	    (char **)(void *)argv, &operands, &e), 0, "all kinds");
	opt_again(&set, "list flag count text unsaid seconds number colour",
	    &words);
	is_int((long)words.n, (long)n, "so many words");
	for (i = 0; i < n && i < words.n; i++)
		is_str(words.v[i], want[i], "word %zu", i);
	arena_free(&a);
}

/* Times and numbers, as they are typed. */
static void
numbers(void)
{
	static const struct {
		const char *text;
		double seconds;		/* -1: it is none */
		long long number;
	} v[] = {
		{ "0", 0, 0 }, { "90", 90, 90 }, { "1.5", 1.5, -1 },
		{ ".5", 0.5, -1 }, { "90s", 90, -1 }, { "5m", 300, 5242880 },
		{ "2H", 7200, -1 }, { "1d", 86400, -1 }, { "4k", -1, 4096 },
		{ "2M", 120, 2097152 }, { "1g", -1, 1073741824 },
		{ "1.5k", -1, -1 }, { "5mm", -1, -1 }, { "5m ", -1, -1 },
		{ "5w", -1, -1 }, { "-1", -1, -1 }, { "+1", -1, -1 },
		{ " 1", -1, -1 }, { "", -1, -1 }, { "m", -1, -1 },
		{ "inf", -1, -1 }, { "nan", -1, -1 }, { "9e15", -1, -1 },
		{ "9999999999999999", -1, -1 }, { "8999999g", -1, -1 },
	};
	uint64_t n;
	double s;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		if (opt_to_seconds(v[i].text, &s) < 0)
			s = -1;
		ok(s == v[i].seconds, "\"%s\" as a time: %f", v[i].text, s);
		is_int(opt_to_number(v[i].text, &n) < 0 ? -1 : (long long)n,
		    v[i].number, "\"%s\" as a number", v[i].text);
	}
}

static bool flag, other;
static int count;
static const char *text, *dash;
static struct opt_list list;
static uint64_t descriptor;
static const struct opt kinds[] = {
	{ .kind = OPT_HEAD, .name = "", .help = "flag" },
	{ .letter = 'f', .name = "flag", .kind = OPT_FLAG, .to = &flag,
	    .help = "" },
	{ .name = "other", .kind = OPT_FLAG, .to = &other, .help = "" },
	{ .letter = 'v', .name = "count", .kind = OPT_COUNT, .to = &count,
	    .help = "" },
	{ .name = "text", .arg = "X", .kind = OPT_TEXT, .to = &text,
	    .help = "", .flags = OPT_STDIN },
	{ .name = "dash", .arg = "X", .kind = OPT_TEXT, .to = &dash,
	    .help = "", .flags = OPT_STDIN_DASH },
	{ .name = "list", .arg = "X", .kind = OPT_LIST, .to = &list,
	    .help = "", .flags = OPT_STDIN },
	{ .name = "fd", .arg = "X", .kind = OPT_LIST, .to = &list,
	    .help = "", .flags = OPT_STDIN_FD },
	{ .name = "never", .arg = "X", .kind = OPT_NUMBER, .to = &descriptor,
	    .help = "", .flags = OPT_NOCONF },
	{ .name = NULL }
};

/* The command line of words with blanks between, on an empty set. */
static int
line(struct opt_set *set, struct arena *a, const char *words,
    struct opt_list *operands, struct err *e)
{
	struct opt_list v = { 0 };
	struct str rest = str_of(words), w;

	*set = (struct opt_set){ .tables = { kinds }, .arena = a };
	flag = other = false;
	count = 0;
	text = dash = NULL;
	list = (struct opt_list){ 0 };
	*operands = (struct opt_list){ 0 };
	*e = (struct err){ 0 };
	opt_list_add(a, &v, "tool");
	while ((w = str_word(&rest)).n > 0)
		opt_list_add(a, &v, arena_dup(a, w));
	opt_list_add(a, &v, NULL);
	optind = 0;
	return opt_parse(set, (int)v.n - 1, (char **)(void *)v.v, operands, e);
}

static void
lines(void)
{
	static const struct {
		const char *words, *operands, *why;
	} v[] = {
		{ "a --flag b -- -c --d", "a b -c --d", "" },
		{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 -v",
		    "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18", "" },
		{ "a --text", "a", "--text needs an argument" },
		{ "--text= a", "a", "" },
		{ "a --none b", "a", "unknown option --none (--help lists them)" },
		{ "a -fx b", "a", "unknown option -fx (--help lists them)" },
		{ "-x", "", "unknown option -x (--help lists them)" },
		{ "--never 1x", "", "--never: \"1x\" is no number (10, 4k, 2M)" },
	};
	struct opt_list operands;
	struct arena a = { 0 };
	struct opt_set set;
	struct buf b = { .max = 500 };
	struct err e;
	size_t i, k;
	int got;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		got = line(&set, &a, v[i].words, &operands, &e);
		is_int(got, v[i].why[0] == '\0' ? 0 : -1, "%s", v[i].words);
		is_str(e.msg, v[i].why, "what is said");
		is_int(e.code, got < 0 ? EX_USAGE : 0, "its status");
		b.n = 0;
		buf_s(&b, "");
		for (k = 0; k < operands.n; k++)
			buf_printf(&b, "%s%s", k > 0 ? " " : "", operands.v[k]);
		is_str(b.p, v[i].operands, "operands");
	}
	buf_free(&b);
	arena_free(&a);
}

/* Keys of a file, behind a command line. */
static void
keys(void)
{
	static const struct {
		const char *words, *key, *value, *why;
		int flag, count;
	} v[] = {
		{ "", "flag", "", "", 1, 0 }, { "", "flag", "on", "", 1, 0 },
		{ "", "flag", "Yes", "", 1, 0 }, { "-f", "flag", "no", "", 1, 0 },
		{ "", "flag", "off", "", 0, 0 }, { "", "flag", "no", "", 0, 0 },
		{ "", "flag", "of", "flag: \"of\" is neither on nor off", 0, 0 },
		{ "", "count", "", "", 0, 1 }, { "", "count", "no", "", 0, 0 },
		{ "-vv", "count", "no", "", 0, 2 },
		{ "", "text", "", "text needs a value", 0, 0 },
		{ "", "text", "a", "", 0, 0 },
		{ "", "", "a", "unknown key \"\"", 0, 0 },
		{ "", "f", "", "unknown key \"f\"", 0, 0 },
		{ "", "never", "1", "unknown key \"never\"", 0, 0 },
		{ "", "help", "", "unknown key \"help\"", 0, 0 },
	};
	struct opt_list operands;
	struct arena a = { 0 };
	struct opt_set set;
	struct err e;
	size_t i;
	int got;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		(void)line(&set, &a, v[i].words, &operands, &e);
		got = opt_conf(&set, v[i].key, v[i].value, &e);
		is_int(got, v[i].why[0] == '\0' ? 0 : -1, "%s | %s %s",
		    v[i].words, v[i].key, v[i].value);
		is_str(e.msg, v[i].why, "what is said");
		is_int(e.code, got < 0 ? EX_CONFIG : 0, "its status");
		is_int(flag, v[i].flag, "the flag");
		is_int(count, v[i].count, "the count");
		is_int(opt_given(&set, v[i].key), v[i].words[0] != '\0',
		    "given");
		if (got == 0)
			ok(opt_configured(&set, v[i].key), "configured");
	}
	(void)line(&set, &a, "-f", &operands, &e);
	ok(opt_given(&set, "flag") && !opt_configured(&set, "flag"),
	    "given is not configured");
	ok(!opt_given(&set, "none") && !opt_configured(&set, "none"),
	    "what there is not is neither");
	arena_free(&a);
}

static void
rules(void)
{
	static const struct opt_rule v[] = {
		{ .name = "flag", .without = "other count" },
		{ .name = "count", .stops = "dash" },
		{ .name = "dash", .only = "fd" },
		{ .name = "list", .with = "text dash" },
		{ .name = NULL }
	};
	static const struct {
		const char *words, *why;
	} t[] = {
		{ "", "" }, { "-f", "" }, { "--other -v", "" },
		{ "-f --other", "--flag has no effect with --other" },
		{ "-v -f", "--flag has no effect with --count" },
		{ "-v --dash a", "--dash has no effect with --count" },
		{ "--dash a", "" }, { "--dash a --fd 3", "" },
		{ "--dash a --other", "--other has no effect with --dash" },
		{ "--list a", "--list has an effect with --text or --dash only" },
		{ "--list a --text b", "" }, { "--text b", "" },
	};
	struct opt_list operands;
	struct arena a = { 0 };
	struct opt_set set;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		(void)line(&set, &a, t[i].words, &operands, &e);
		is_int(opt_rules(&set, v, &e), t[i].why[0] == '\0' ? 0 : -1,
		    "\"%s\"", t[i].words);
		is_str(e.msg, t[i].why, "why");
		is_int(e.code, t[i].why[0] == '\0' ? 0 : EX_USAGE, "its status");
	}
	arena_free(&a);
}

static void
standard_input(void)
{
	static const struct {
		const char *words, *also, *why;
	} v[] = {
		{ "", NULL, "" }, { "--text -", NULL, "" },
		{ "--text -", "the message", "the message and --text -" },
		{ "--text a", "the message", "" },
		{ "--text - --list /dev/stdin", NULL,
		    "--text - and --list /dev/stdin" },
		{ "--list /dev/fd/0 --list /proc/self/fd/0", NULL,
		    "--list /dev/fd/0 and --list /proc/self/fd/0" },
		{ "--list -:x --text -", NULL, "--text - and --list -:x" },
		{ "--list -x --text -", NULL, "" },
		{ "--list a --text -:x", "it", "" },
		{ "--dash - --text -", NULL, "--text - and --dash -" },
		{ "--dash /dev/stdin --text -", NULL, "" },
		{ "--fd 0 --text -", NULL, "--text - and --fd 0" },
		{ "--fd 3 --text -", NULL, "" }, { "--fd -", "it", "" },
	};
	static const struct opt fd[] = {
		{ .name = "text", .arg = "X", .kind = OPT_TEXT, .to = &text,
		    .help = "", .flags = OPT_STDIN },
		{ .name = "fd", .arg = "X", .kind = OPT_TEXT, .to = &dash,
		    .help = "", .flags = OPT_STDIN_FD },
		{ .name = NULL }
	};
	struct opt_list operands;
	struct arena a = { 0 };
	struct opt_set set;
	struct err e;
	char why[100];
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		(void)line(&set, &a, v[i].words, &operands, &e);
		if (str_starts(str_of(v[i].words), "--fd")) {
			set.tables[0] = fd;
			dash = list.n > 0 ? list.v[0] : NULL;
		}
		snprintf(why, sizeof why, "%s%s", v[i].why[0] == '\0' ? "" :
		    "standard input cannot be both ", v[i].why);
		is_int(opt_stdin(&set, v[i].also, &e), why[0] == '\0' ? 0 : -1,
		    "%s", v[i].words);
		is_str(e.msg, why, "why");
	}
	arena_free(&a);
}

int
main(void)
{
	numbers();
	lines();
	keys();
	rules();
	standard_input();
	choices();
	file();
	again();
	return done();
}
