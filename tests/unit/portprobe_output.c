/*
 * portprobe_output.c: reports on their way out: which are told, in which order,
 * what counts, and what is written beside
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "formats.h"
#include "output.h"
#include "report.h"
#include "run.h"
#include "server.h"
#include "target.h"
#include "tap.h"

static struct arena mem;
static struct tls_cert cert = { .subject = "x", .issuer = "y", .from = 0,
    .until = 200 * 86400, .key = "EC P-256", .sigalg = "s", .sha256 = "aa",
    .spki256 = "aa" };
static struct settings set;
static struct run run = { .set = &set };
static struct target target[3];
static char text[16384];
static struct err ended;		/* of output_end */

static void
begin(void)
{
	size_t i;

	output_free(&run);
	set = (struct settings){ .scope.timeout = 1,
	    .want.min_tls = TLS_1_2 };
	run = (struct run){ .set = &set, .now = 86400 };
	for (i = 0; i < 3; i++)
		target[i] = (struct target){ .run = &run, .seq = i };
}

/* Port 25 is well by TLS and a warning without; 587 without is critical. */
static struct report
report(size_t seq, uint64_t order, const char *proto, bool tls)
{
	struct report r = { .run = &run, .target = &target[seq],
	    .mem = &mem, .order = order, .host = "a.test",
	    .ip = "192.0.2.1", .us = { 1, 1, 1, 1, tls ? 1 : -1, 5 },
	    .tls = { .on = tls, .have_cert = tls, .name = "a.test",
	    .facts = { .cert = &cert, .ncert = 1, .number = TLS_1_3,
	    .version = "TLSv1.3", .cipher = "c", .group = "g",
	    .text = "t" } }, .trouble.text = "x" };

	r.proto = probe_talk_named(str_of(proto));
	r.protoname = r.proto->name;
	r.port = r.proto->port;
	r.relay = r.proto->relay;
	return r;
}

static void
tell(size_t seq, uint64_t order, const char *proto, bool tls)
{
	struct report r = report(seq, order, proto, tls);

	output_report(&r);
}

/* What goes to standard output, to the end. */
static const char *
printed(void)
{
	char path[] = "/tmp/output.XXXXXX";
	struct buf b = { .max = sizeof text };
	struct err e = { 0 };
	int fd = mkstemp(path), was;

	fflush(stdout);
	was = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	ended = (struct err){ 0 };
	output_end(&run, &ended);
	if (set.show.nagios)
		nagios_end(&run);
	fflush(stdout);
	dup2(was, STDOUT_FILENO);
	close(was);
	lseek(fd, 0, SEEK_SET);
	file_slurp(fd, &b, &e);
	close(fd);
	unlink(path);
	snprintf(text, sizeof text, "%.*s", STR_ARG(BUF_STR(b)));
	buf_free(&b);
	return text;
}

/* The words in this order? */
static void
in_order(const char *where, const char *const *words, const char *name)
{
	const char *p = where;
	bool all = true;

	for (; *words != NULL && all; words++) {
		p = strstr(p, *words);
		all = p != NULL;
		p = all ? p + 1 : where;
	}
	if (!ok(all, "%s", name))
		diag("%s", where);
}

static void
orders(void)
{
	static const char *const rows[] = { "WARN  25/smtp", "OK    25/smtp",
	    "CRIT  587/submission", "OK    143/imap", NULL },
	    *const objects[] = { "\"port\":25,", "\"sev\":\"warn\"",
	    "\"port\":587", "\"port\":143", NULL },
	    *const lines[] = { "CRITICAL - 1/4 critical, 1/4 warning, 2 ok",
	    "; a.test 587/submission", "; a.test 25/smtp",
	    "\nWARNING a.test 25", "\nOK a.test 25", "\nCRITICAL a.test 587",
	    "\nOK a.test 143", NULL };
	int how;

	for (how = 0; how < 3; how++) {
		begin();
		set.show.json = how == 1;
		set.show.nagios = how == 2;
		output_start(&run);
		tell(2, 1, "imap", true);
		tell(1, 2, "submission", false);
		tell(0, 2, "smtp", true);
		tell(0, 1, "smtp", false);
		in_order(printed(), how == 0 ? rows : how == 1 ? objects :
		    lines, how == 0 ? "rows" : how == 1 ? "objects" :
		    "--nagios");
		ok(run.tally.probes == 4 && run.tally.count[FINDING_HINT] ==
		    2 && run.tally.count[FINDING_WARN] == 1 &&
		    run.tally.count[FINDING_ERROR] == 1, "and all count");
	}
}

static void
quiet(void)
{
	char path[] = "/tmp/output.XXXXXX";
	struct buf b = { .max = sizeof text };
	struct err e = { 0 };
	int fd = mkstemp(path);

	begin();
	set.show.quiet = true;
	set.show.prom = path;
	output_start(&run);
	tell(0, 1, "smtp", true);
	tell(1, 1, "imap", true);
	tell(2, 1, "smtp", false);
	printed();
	ok(strstr(text, "WARN") != NULL && strstr(text, "OK") == NULL,
	    "-q: what is not well, a warning too");
	close(fd);
	fd = open(path, O_RDONLY);
	file_slurp(fd, &b, &e);
	close(fd);
	unlink(path);
	buf_c(&b, '\0');
	ok(strstr(b.p, "port=\"143\"") != NULL, "metrics are of all");
	is_int((int)run.tally.probes, 3, "and all count");
	buf_free(&b);
	begin();
	set.show.prom = "/dev/null/x";
	output_start(&run);
	tell(0, 1, "smtp", true);
	printed();
	ok(ended.code == EX_CANTCREAT, "metrics that cannot be written: %s",
	    ended.msg);
}

/* ---- --nagios */

/*
 * Each figure by the name of its own port, with its own thresholds; the worst
 * is the reason, of two that are as bad the first.
 */
static void
plugin(void)
{
	struct server server = { .login.us = 1500 };
	struct report r;

	begin();
	set.show.nagios = true;
	set.want.lat_warn = 2;
	set.want.lat_crit = 30;
	set.want.warn = (struct span){ .unit = SPAN_DAYS, .n = 21 };
	set.want.crit = (struct span){ .unit = SPAN_DAYS, .n = 7 };
	output_start(&run);
	r = report(0, 1, "smtp", true);
	r.server = &server;
	output_report(&r);
	r = report(0, 2, "smtp", false);
	r.us.total = 5000;
	output_report(&r);
	r = report(1, 1, "imap", true);
	r.several = true;
	r.versions[VERSIONS - 1] = TRIED_NO;	/* a hint */
	output_report(&r);
	r = report(2, 1, "submission", true);
	r.ip = NULL;
	r.trouble = (struct trouble){ .class = TROUBLE_DNS,
	    .text = "no answer" };
	r.tls.on = r.tls.have_cert = false;
	r.verdict.status = EX_TEMPFAIL;
	output_report(&r);
	r = report(2, 2, "smtp", false);
	r.port = 0;
	output_report(&r);
	is_str(printed(), "PORTPROBE UNKNOWN - 1/5 unknown, 2/5 warning, 2 ok"
	    "; a.test 587/submission dns: no answer"
	    "; a.test 25/smtp TLS is not offered; a.test TLS is not offered"
	    "|'a.test_25_total'=0.0ms;2;30;0 'a.test_25_login'=1.5ms;;;0 "
	    "'a.test_25_cert'=199d;21:;7: 'a.test_25_total'=5.0ms;2;30;0 "
	    "'a.test_192.0.2.1_143_total'=0.0ms;2;30;0 "
	    "'a.test_192.0.2.1_143_cert'=199d;21:;7:\n"
	    "OK a.test 25/smtp TLSv1.3 exp=199d 0.0 ms\n"
	    "WARNING a.test 25/smtp 5.0 ms; NO_STARTTLS TLS is not offered"
	    "; LATENCY 5 ms\n"
	    "OK a.test 143/imap 192.0.2.1 TLSv1.3 exp=199d 0.0 ms\n"
	    "UNKNOWN a.test 587/submission 0.0 ms dns: no answer\n"
	    "WARNING a.test 0.0 ms; NO_STARTTLS TLS is not offered\n",
	    "a plugin's lines");
}

static void
unknown(void)
{
	static const struct {
		enum trouble_class class;
		int status;
		unsigned unknown;
		const char *name;
	} cases[] = {
		{ TROUBLE_DNS, EX_TEMPFAIL, 1, "no answer of the DNS" },
		{ TROUBLE_DNS, EX_NOHOST, 0, "no such host" },
		{ TROUBLE_TIMEOUT, EX_TEMPFAIL, 0, "no answer of the server" },
	};
	struct report r;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin();
		output_start(&run);
		r = report(0, 1, "smtp", false);
		r.trouble.class = cases[i].class;
		r.verdict.status = cases[i].status;
		output_report(&r);
		ok(run.tally.unknown == cases[i].unknown &&
		    run.tally.count[FINDING_ERROR] == 1 - cases[i].unknown,
		    "%s: %u unknown", cases[i].name, cases[i].unknown);
	}
}

/* ---- --save-chain */

static void
chain(struct report *r, const char *pem)
{
	r->tls.pem = pem;
	output_start(&run);
	output_report(r);
}

static void
saved(void)
{
	char dir[] = "/tmp/output.XXXXXX", path[64], other[64];
	struct buf b = { .max = 4096 };
	struct err e = { 0 };
	struct report r;
	struct stat st;
	int fd;

	if (!ok(mkdtemp(dir) != NULL, "a folder"))
		return;
	snprintf(path, sizeof path, "%s/.._a_25_2001_db8__1.pem", dir);
	snprintf(other, sizeof other, "%s/other", dir);
	begin();
	set.show.save_chain = dir;
	r = report(0, 1, "smtp", true);
	r.host = "../a";
	r.ip = "2001:db8::1";
	chain(&r, "a long chain\n");
	begin();
	set.show.save_chain = dir;
	chain(&r, "short\n");
	fd = open(path, O_RDONLY);
	ok(fd >= 0 && file_slurp(fd, &b, &e) == 0 && str_is(BUF_STR(b),
	    "short\n"), "the whole of a file, whatever was there");
	close(fd);
	unlink(path);
	r.tls.saved = true;
	begin();
	set.show.save_chain = dir;
	chain(&r, "x");
	ok(stat(path, &st) < 0, "what was saved is not, once more");
	r.tls.saved = false;
	ok(symlink(other, path) == 0, "a link");
	begin();
	set.show.save_chain = dir;
	chain(&r, "x");
	printed();
	ok(stat(other, &st) < 0 && ended.code == EX_CANTCREAT,
	    "is not followed, and that is told: %s", ended.msg);
	unlink(path);
	rmdir(dir);
	buf_free(&b);
}

int
main(void)
{
	orders();
	quiet();
	unknown();
	plugin();
	saved();
	output_free(&run);
	arena_free(&mem);
	return done();
}
