/*
 * portprobe_prom.c: the metrics file: what each report puts there, each series
 * once, and that a stranger writes no line of it
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "formats.h"
#include "report.h"
#include "run.h"
#include "tap.h"

static void
label(const char *host, const char *want, const char *name)
{
	struct output out = { .metric[METRIC_UP].max = 4096 };
	struct settings set = { .scope.timeout = 1 };
	struct run run = { .set = &set, .output = &out };
	struct report r = { .run = &run, .host = host, .ip = "192.0.2.1",
	    .port = 25, .protoname = "smtp", .us = { -1, -1, -1, -1, -1, -1 } };
	char line[256];
	int i;

	for (i = 0; i < METRICS; i++)
		out.metric[i].max = 4096;
	prom_report(&run, &r);
	snprintf(line, sizeof line, "portprobe_up{host=\"%s\","
	    "ip=\"192.0.2.1\",port=\"25\",proto=\"smtp\"} 1\n", want);
	buf_c(&out.metric[METRIC_UP], '\0');
	is_str(out.metric[METRIC_UP].p, line, "%s", name);
	for (i = 0; i < METRICS; i++)
		buf_free(&out.metric[i]);
}

/* ---- the file */

static struct output out;
static struct settings set;
static struct run run = { .set = &set, .output = &out, .now = 99 };
static struct tls_cert cert = { .key = "EC P-256", .until = 555 };

/* The file that these reports make; its heads are left out. */
static const char *
written(const struct report *r, size_t n)
{
	static char text[8192];
	char dir[] = "/tmp/prom.XXXXXX", path[64];
	struct buf all = { .max = sizeof text }, kept = { .max = sizeof text };
	struct err e = { 0 };
	struct str rest, line;
	size_t i;
	int fd;

	if (mkdtemp(dir) == NULL)
		return "no folder";
	snprintf(path, sizeof path, "%s/x.prom", dir);
	set.show.prom = path;
	for (i = 0; i < METRICS; i++)
		out.metric[i].max = 8192;
	for (i = 0; i < n; i++)
		prom_report(&run, &r[i]);
	ok(prom_check(path, &e) == 0 && prom_end(&run, &e) == 0,
	    "it is written: %s", e.msg);
	ok(prom_check(path, &e) == 0, "and may be replaced");
	ok(prom_check(dir, &e) < 0 && e.code == EX_CANTCREAT, "a folder not");
	fd = open(path, O_RDONLY);
	file_slurp(fd, &all, &e);
	close(fd);
	for (rest = BUF_STR(all); rest.n > 0; ) {
		line = str_cut(&rest, '\n');
		if (line.p[0] != '#')
			buf_printf(&kept, "%.*s\n", STR_ARG(line));
	}
	snprintf(text, sizeof text, "%.*s", STR_ARG(BUF_STR(kept)));
	for (i = 0; i < METRICS; i++)
		buf_free(&out.metric[i]);
	buf_free(&all);
	buf_free(&kept);
	unlink(path);
	rmdir(dir);
	return text;
}

#define WHO "host=\"a.test\",ip=\"192.0.2.1\",port=\"25\",proto=\"smtp\""
#define VIA WHO ",via=\"b.test\""
#define REPORT .run = &run, .host = "a.test", .ip = "192.0.2.1", .port = 25, \
	.protoname = "smtp"
#define LAST "portprobe_last_run_timestamp_seconds 99\n"

static void
whole(void)
{
	struct report r = { REPORT, .via = "b.test",
	    .us = { 0, 1500, -1, -1, 20, 2500000 },
	    .trouble.class = TROUBLE_CERT,
	    .verdict = { .sev = FINDING_ERROR, .state = STATE_CERT,
	    .days = 3, .until = 777, .dane = DANE_MATCH },
	    .tls = { .on = true, .have_cert = true, .facts = { .cert = &cert,
	    .ncert = 1, .version = "TLSv1.3", .cipher = "C", .group = "G" } } };

	is_str(written(&r, 1), "portprobe_up{" VIA "} 1\n"
	    "portprobe_severity{" VIA "} 2\n"
	    "portprobe_state{" VIA ",state=\"cert\"} 1\n"
	    "portprobe_cert_expiry_timestamp_seconds{" VIA "} 777\n"
	    "portprobe_latency_seconds{" VIA ",stage=\"dns\"} 0.000000\n"
	    "portprobe_latency_seconds{" VIA ",stage=\"tcp\"} 0.001500\n"
	    "portprobe_latency_seconds{" VIA ",stage=\"tls\"} 0.000020\n"
	    "portprobe_latency_seconds{" VIA ",stage=\"total\"} 2.500000\n"
	    "portprobe_dane{" VIA ",state=\"match\"} 1\n"
	    "portprobe_tls_info{" VIA ",version=\"TLSv1.3\",cipher=\"C\","
	    "group=\"G\",key=\"EC P-256\"} 1\n" LAST, "all of a report");
}

static void
parts(void)
{
	struct report r[2] = { { REPORT, .us = { -1, -1, -1, -1, -1, -1 },
	    .trouble.class = TROUBLE_REFUSED, .verdict = { .sev = FINDING_ERROR,
	    .state = STATE_REFUSED } }, { REPORT,
	    .us = { -1, -1, -1, -1, -1, -1 }, .verdict.days = INT_MAX,
	    .tls = { .on = true, .have_cert = true, .facts = { .cert = &cert,
	    .ncert = 1, .version = "x", .cipher = "C", .group = "G" } } } };

	is_str(written(r, 1), "portprobe_up{" WHO "} 0\n"
	    "portprobe_severity{" WHO "} 2\n"
	    "portprobe_state{" WHO ",state=\"refused\"} 1\n" LAST,
	    "no connection");
	is_str(written(r, 2), "portprobe_up{" WHO "} 0\n"
	    "portprobe_severity{" WHO "} 2\n"
	    "portprobe_state{" WHO ",state=\"ok\"} 1\n"
	    "portprobe_state{" WHO ",state=\"refused\"} 1\n"
	    "portprobe_cert_expiry_timestamp_seconds{" WHO "} 555\n"
	    "portprobe_dane{" WHO ",state=\"off\"} 1\n"
	    "portprobe_tls_info{" WHO ",version=\"x\",cipher=\"C\","
	    "group=\"G\",key=\"EC P-256\"} 1\n" LAST,
	    "of two at one port what is worse, each series once");
}

int
main(void)
{
	whole();
	parts();
	label("a.test", "a.test", "a name");
	label("a\"b", "a\\\"b", "a quote");
	label("a\\", "a\\\\", "a backslash at the end");
	label("a\\\"} 0", "a\\\\\\\"} 0", "both");
	label("a\nb", "a\\\\nb", "a line break");
	return done();
}
