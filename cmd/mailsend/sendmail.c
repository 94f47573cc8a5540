/*
 * sendmail.c: being called as sendmail(8)
 *
 * What cron, git send-email, mail(1) and PHP call.  Without a queue a message
 * is submitted at once, and the exit status is the answer.  Options of the original that mean nothing here
 * are taken and ignored; -X and -C are not, for they would name files.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sendmail.h"
#include "file.h"

static int
mode(struct options *o, const char *arg, struct err *e)
{
	switch (arg[0]) {
	case 'm':
		return 0;
	case 's':
		o->sendmail.talk = true;
		return 0;
	case 'p':
		o->queue.list = true;
		return 0;
	case 'i':			/* aliases are read as they are */
		return 1;
	default:
		return fail(e, EX_USAGE, "-b%s: not done here (-bm, -bs, -bp, -bi are)",
		    arg);
	}
}

/* -oi is -i, -odX and -oeX do not matter here, nor do others. */
static void
old_option(struct options *o, const char *arg)
{
	if (strcmp(arg, "i") == 0 || str_starts(str_of(arg), "IgnoreDots"))
		o->sendmail.no_dot = true;
	if (strcmp(arg, "dq") == 0 || strcmp(arg, "DeliveryMode=q") == 0 ||
	    strcmp(arg, "DeliveryMode=queue") == 0)
		o->queue.only = true;
}

static int
sendmail_option(struct options *o, struct opt_set *set, int c, struct err *e)
{
	switch (c) {
	case 't':
		o->message.read_recipients = true;
		return 0;
	case 'i':
		o->sendmail.no_dot = true;
		return 0;
	case 'f':
	case 'r':
		o->sendmail.sender = optarg;
		return 0;
	case 'F':
		o->sendmail.full_name = optarg;
		return 0;
	case 'N':
		return opt_give(set, "dsn", optarg, e);
	case 'R':
		return opt_give(set, "dsn-ret", optarg, e);
	case 'V':
		return opt_give(set, "envid", optarg, e);
	case 'v':
		return opt_give(set, "verbose", NULL, e);
	case 'n':
		o->sendmail.no_aliases = true;
		return 0;
	case 'A':
		if (strcmp(optarg, "c") == 0 || strcmp(optarg, "m") == 0)
			return 0;	/* which configuration file */
		return opt_give(set, "account", optarg, e);
	case 'b':
		return mode(o, optarg, e);
	case 'o':
	case 'O':
		old_option(o, optarg);
		return 0;
	case 'q':
		o->queue.now = true;
		return 0;
	case ':':
		return fail(e, EX_USAGE, "-%c needs an argument", optopt);
	case '?':
		return fail(e, EX_USAGE, "unknown option -%c", optopt);
	}
	return 0;			/* B, d, G, h, I, L, m, p, U */
}

int
sendmail_parse(struct options *o, struct opt_set *set, int argc, char **argv,
    struct err *e)
{
	struct arena *a = set->arena;
	const char *base = strrchr(argv[0], '/');
	int c, got;

	base = base != NULL ? base + 1 : argv[0];
	o->queue.list = strcmp(base, "mailq") == 0;
	if (strcmp(base, "newaliases") == 0)
		return mode(o, "i", e);
	opterr = 0;
	while ((c = getopt(argc, argv,
	    ":A:B:b:d::F:f:Gh:IiL:mN:nO:o:p:q::R:r:tUV:v")) != -1)
		if ((got = sendmail_option(o, set, c, e)) != 0)
			return got;
	for (; optind < argc; optind++)
		opt_list_add(a, &o->operands, argv[optind]);
	return 0;
}

/* ---- up to a lone dot ---- */

/* Lines on their way to a file, a block at a time. */
struct text {
	int fd;
	size_t n;
	char p[65536];
};

static void
text_write(struct text *t, struct err *e)
{
	if (e->code == 0)
		file_write(t->fd, t->p, t->n, e);
	t->n = 0;
}

static void
text_add(struct text *t, struct str s, struct err *e)
{
	size_t n;

	for (; s.n > 0; s = str_from(s, n)) {
		if (t->n == sizeof t->p)
			text_write(t, e);
		n = s.n < sizeof t->p - t->n ? s.n : sizeof t->p - t->n;
		str_copy(t->p + t->n, str_to(s, n));
		t->n += n;
	}
}

static bool
lone_dot(struct str line, bool strict)
{
	return str_eq(line, STR(".\r\n")) ||
	    (!strict && str_eq(line, STR(".\n")));
}

/*
 * In a dialogue it is read to its end even if it cannot be kept: what is left of
 * it would be taken for commands, and may have been written to be just that.  So
 * may a dot between bare LFs, where the client ends its lines in CRLF and leaves
 * alone what it takes for their insides.
 */
int
sendmail_text(struct pieces *in, int fd, enum sendmail_dots dots, struct err *e)
{
	bool stuffed = dots != SENDMAIL_PLAIN, first = true, strict = false;
	bool start = true, cr = false, lf, crlf, whole;
	struct err unread = { 0 };
	struct text t;
	struct str s;
	int end = 0;

	t.fd = fd;
	t.n = 0;
	while ((e->code == 0 || stuffed) && !end &&
	    pieces_next(in, &s, &whole, &unread) == 0 && s.n > 0) {
		end = start && lone_dot(s, strict);
		lf = s.p[s.n - 1] == '\n';
		crlf = lf && (s.n > 1 ? s.p[s.n - 2] == '\r' : cr);
		cr = s.p[s.n - 1] == '\r';
		if (start && stuffed && s.p[0] == '.')
			s = str_from(s, 1);
		if (!end)
			text_add(&t, s, e);
		if (lf && first) {
			strict = crlf && dots == SENDMAIL_CRLF;
			first = false;
		}
		start = strict ? crlf : lf;
	}
	text_write(&t, e);
	fail_join(e, &unread);
	if (e->code != 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return end;
}
