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

int
main(void)
{
	choices();
	file();
	again();
	return done();
}
