/*
 * prom.c: metrics in node_exporter's text form, written as a whole
 *
 * All samples of one metric stand together, as the format wants it; so there
 * is a buffer for each until the end.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "formats.h"
#include "report.h"
#include "run.h"
#include "server.h"

static const struct {
	const char *name, *help;
} metrics[METRICS] = {
	[METRIC_UP] = { "portprobe_up", "1 if the server answered as it should" },
	[METRIC_SEVERITY] = { "portprobe_severity", "0 well, 1 warning, 2 critical" },
	[METRIC_STATE] = { "portprobe_state", "1 for the state it is in" },
	[METRIC_EXPIRY] = { "portprobe_cert_expiry_timestamp_seconds",
	    "End of the certificate of the chain that ends first" },
	[METRIC_LATENCY] = { "portprobe_latency_seconds", "Time that each stage took" },
	[METRIC_DANE] = { "portprobe_dane", "1 for the state DANE is in" },
	[METRIC_TLS] = { "portprobe_tls_info", "1, with what was negotiated as labels" },
};

static void
value(struct buf *b, const char *s)
{
	char text[512];
	const char *p;

	str_escape(text, sizeof text, str_of(s != NULL ? s : ""));
	for (p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_c(b, '\\');
		buf_c(b, *p);
	}
}

static void
prom_label(struct buf *b, const char *name, const char *s)
{
	if (b->n > 0 && b->p[b->n - 1] != '{')
		buf_c(b, ',');
	buf_printf(b, "%s=\"", name);
	value(b, s);
	buf_c(b, '"');
}

/* name{host="...",ip="...",port="...",proto="...",via="..." */
static struct buf *
sample(struct run *run, enum metric m, const struct report *r)
{
	struct buf *b = &run->output->metric[m];
	char port[16] = "";

	if (r->port != 0)
		snprintf(port, sizeof port, "%u", r->port);
	buf_printf(b, "%s{", metrics[m].name);
	prom_label(b, "host", r->host);
	prom_label(b, "ip", r->ip);
	prom_label(b, "port", port);
	prom_label(b, "proto", r->protoname);
	if (r->via != NULL)
		prom_label(b, "via", r->via);
	return b;
}

static void
prom_latency(struct run *run, const struct report *r, const char *stage,
    int64_t us)
{
	struct buf *b;

	if (us < 0)
		return;
	b = sample(run, METRIC_LATENCY, r);
	prom_label(b, "stage", stage);
	buf_printf(b, "} %.6f\n", (double)us / 1e6);
}

static void
prom_session(struct run *run, const struct report *r)
{
	struct buf *b;

	if (!r->tls.on)
		return;
	b = sample(run, METRIC_TLS, r);
	prom_label(b, "version", r->tls.facts.version);
	prom_label(b, "cipher", r->tls.facts.cipher);
	prom_label(b, "group", r->tls.facts.group);
	prom_label(b, "key", r->tls.have_cert ? r->tls.facts.cert[0].key : "");
	buf_s(b, "} 1\n");
	if (!r->tls.have_cert)
		return;
	b = sample(run, METRIC_EXPIRY, r);
	buf_printf(b, "} %lld\n", (long long)(r->verdict.days != INT_MAX ?
	    r->verdict.until : r->tls.facts.cert[0].until));
	b = sample(run, METRIC_DANE, r);
	prom_label(b, "state", word_dane(r->verdict.dane));
	buf_s(b, "} 1\n");
}

void
prom_report(struct run *run, const struct report *r)
{
	bool up = r->trouble.class == TROUBLE_NONE ||
	    r->trouble.class == TROUBLE_CERT;
	struct buf *b;

	b = sample(run, METRIC_UP, r);
	buf_printf(b, "} %d\n", up);
	b = sample(run, METRIC_SEVERITY, r);
	buf_printf(b, "} %d\n", (int)r->verdict.sev);
	b = sample(run, METRIC_STATE, r);
	prom_label(b, "state", word_state(r->verdict.state));
	buf_s(b, "} 1\n");
	prom_latency(run, r, "dns", r->us.dns);
	prom_latency(run, r, "tcp", r->us.tcp);
	prom_latency(run, r, "banner", r->us.banner);
	prom_latency(run, r, "starttls", r->us.starttls);
	prom_latency(run, r, "tls", r->us.tls);
	prom_latency(run, r, "total", r->us.total);
	if (r->server != NULL)
		prom_latency(run, r, "login", r->server->login.us);
	prom_session(run, r);
}

static int
str_order(const void *p, const void *q)
{
	const struct str *a = p, *b = q;
	int c = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);

	if (c != 0)
		return c;
	return a->n < b->n ? -1 : a->n > b->n;
}

/* A sample without its value. */
static struct str
series(struct str line)
{
	size_t n = line.n;

	while (n > 0 && line.p[n - 1] != '}')
		n--;
	return str_to(line, n);
}

/*
 * Samples came as the probes ended; each series has one.  A port that was
 * given twice was probed twice, and the last in the order counts: the worse
 * severity, but for "up", of which the first does.
 */
static void
prom_sort(struct buf *b, bool first)
{
	struct buf sorted = { .max = b->max };
	struct str rest = BUF_STR(*b), *line;
	size_t n = 0, i, next;

	for (i = 0; i < b->n; i++)
		n += b->p[i] == '\n';
	line = mem_new(n + 1, sizeof *line);
	for (i = 0; i < n; i++)
		line[i] = str_cut(&rest, '\n');
	qsort(line, n, sizeof *line, str_order);
	for (i = 0; i < n; i = next) {
		for (next = i + 1; next < n && str_eq(series(line[next]),
		    series(line[i])); next++)
			;
		buf_str(&sorted, line[first ? i : next - 1]);
		buf_c(&sorted, '\n');
	}
	free(line);
	buf_free(b);
	*b = sorted;
}

static int
write_all(struct run *run, int fd, struct err *e)
{
	struct buf head = { .max = 1024 };
	struct buf *b;
	int m, bad = 0;

	for (m = 0; m < METRICS && bad == 0; m++) {
		b = &run->output->metric[m];
		if (b->n == 0)
			continue;
		prom_sort(b, m == METRIC_UP);
		head.n = 0;
		buf_printf(&head, "# HELP %s %s\n# TYPE %s gauge\n",
		    metrics[m].name, metrics[m].help, metrics[m].name);
		bad = file_write(fd, head.p, head.n, e) < 0 ||
		    file_write(fd, b->p, b->n, e) < 0;
	}
	head.n = 0;
	buf_printf(&head, "# HELP portprobe_last_run_timestamp_seconds When this was written\n"
	    "# TYPE portprobe_last_run_timestamp_seconds gauge\n"
	    "portprobe_last_run_timestamp_seconds %lld\n",
	    (long long)run->now);
	if (bad == 0)
		bad = file_write(fd, head.p, head.n, e) < 0 ||
		    fchmod(fd, 0644) < 0 || file_sync(fd, e) < 0;
	buf_free(&head);
	return bad ? -1 : 0;
}

int
prom_check(const char *path, struct err *e)
{
	struct stat st;

	if (str_is(str_of(path), "-"))
		return fail(e, EX_USAGE, "--prom writes a file as a whole, and not to standard output: --prom DIR/NAME.prom");
	return lstat(path, &st) < 0 || S_ISREG(st.st_mode) ? 0 : fail(e,
	    EX_CANTCREAT, "--prom %s: not a plain file", path);
}

/* The old file stays until the new one is whole. */
int
prom_end(struct run *r, struct err *e)
{
	size_t n = strlen(r->set->show.prom) + 32;
	char *path = mem_new(n, 1);
	int fd, got;

	/* Not mkstemp(3), which wants to read it, too: see the sandbox. */
	snprintf(path, n, "%s.%ld", r->set->show.prom, (long)getpid());
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		free(path);
		return fail_sys(e, EX_CANTCREAT, "--prom %s", r->set->show.prom);
	}
	got = write_all(r, fd, e);
	if (close(fd) < 0 && got == 0)
		got = fail_sys(e, EX_IOERR, "--prom %s", r->set->show.prom);
	if (got == 0 && rename(path, r->set->show.prom) < 0)
		got = fail_sys(e, EX_CANTCREAT, "--prom %s", r->set->show.prom);
	if (got < 0) {
		unlink(path);
		fail(e, EX_IOERR, "--prom %s", r->set->show.prom);
	}
	free(path);
	return got;
}
