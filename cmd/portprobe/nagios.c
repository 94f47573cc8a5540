/* nagios.c: a monitoring plugin's output: one line, perfdata, more lines */
#include <limits.h>
#include <stdio.h>

#include "finding.h"
#include "formats.h"
#include "judge_cert.h"
#include "plugin.h"
#include "report.h"
#include "run.h"
#include "server.h"
#include "tally.h"

enum { SHOWN = 3 };			/* problems in the first line */

static void
limit(struct buf *b, uint64_t n, const char *end)
{
	if (n > 0)
		buf_printf(b, "%llu%s", (unsigned long long)n, end);
	else
		buf_s(b, end);
}

static void
perfdata(struct buf *b, const struct report *r)
{
	const struct run *run = r->run;
	const struct tls_cert *c;
	char label[600];

	if (r->ip == NULL || r->port == 0)
		return;
	if (r->several)
		snprintf(label, sizeof label, "%s_%s_%u", r->host, r->ip,
		    r->port);
	else
		snprintf(label, sizeof label, "%s_%u", r->host, r->port);
	if (r->us.total >= 0) {
		buf_printf(b, "'%s_total'=%.1fms;", label,
		    (double)r->us.total / 1000);
		limit(b, run->set->want.lat_warn, ";");
		limit(b, run->set->want.lat_crit, ";0");
	}
	if (r->server != NULL && r->server->login.us >= 0)
		buf_printf(b, "%s'%s_login'=%.1fms;;;0", b->n > 0 ? " " : "",
		    label, (double)r->server->login.us / 1000);
	if (r->verdict.days == INT_MAX)
		return;
	c = r->verdict.ends;
	buf_printf(b, "%s'%s_cert'=%dd;%.4g:;%.4g:", b->n > 0 ? " " : "",
	    label, r->verdict.days,
	    (double)judge_span(&run->set->want.warn, c) / 86400,
	    (double)judge_span(&run->set->want.crit, c) / 86400);
}

/* The fault, in a few words. */
static void
report_reason(struct buf *b, const struct report *r)
{
	const struct finding *f, *worst = NULL;

	for (f = r->verdict.findings.first; f != NULL; f = f->next)
		if (worst == NULL || f->sev > worst->sev)
			worst = f;
	if (r->trouble.class != TROUBLE_NONE &&
	    r->trouble.class != TROUBLE_CERT) {
		buf_printf(b, "%s: ", word_state(r->verdict.state));
		plugin_text(b, r->trouble.text);
	} else if (worst != NULL) {
		plugin_text(b, worst->text);
	}
}

static void
where(struct buf *b, const struct report *r)
{
	plugin_text(b, r->host);
	if (r->port != 0)
		buf_printf(b, " %u/%s", r->port, r->protoname);
	if (r->several && r->ip != NULL)
		buf_printf(b, " %s", r->ip);
}

static const char *
nagios_word(const struct verdict *v)
{
	switch (v->sev) {
	case FINDING_HINT:
		return "OK";
	case FINDING_WARN:
		return "WARNING";
	case FINDING_ERROR:
	case FINDING_SEVS:
		break;
	}
	return v->unknown ? "UNKNOWN" : "CRITICAL";
}

void
nagios_report(const struct report *r, struct row *row)
{
	struct buf *line = &row->below;
	const struct finding *f;

	perfdata(&row->perf, r);
	if (r->verdict.sev != FINDING_HINT) {
		where(&row->cells, r);
		buf_c(&row->cells, ' ');
		report_reason(&row->cells, r);
	}
	buf_printf(line, "%s ", nagios_word(&r->verdict));
	where(line, r);
	if (r->tls.on)
		buf_printf(line, " %s", r->tls.facts.version);
	if (r->verdict.days != INT_MAX)
		buf_printf(line, " exp=%dd", r->verdict.days);
	if (r->us.total >= 0)
		buf_printf(line, " %.1f ms", (double)r->us.total / 1000);
	if (r->trouble.class != TROUBLE_NONE &&
	    r->trouble.class != TROUBLE_CERT) {	/* a finding: see below */
		buf_c(line, ' ');
		report_reason(line, r);
	}
	for (f = r->verdict.findings.first; f != NULL; f = f->next) {
		if (f->sev == FINDING_HINT)
			continue;
		buf_printf(line, "; %s ", f->kind->id);
		plugin_text(line, f->text);
	}
	buf_c(line, '\n');
}

/* The first few problems of this severity. */
static void
problems(const struct output *t, enum finding_sev sev)
{
	size_t i, n = 0;

	for (i = 0; i < t->nrow && n < SHOWN; i++)
		if (t->row[i].sev == sev) {
			printf("; %s", t->row[i].cells.p);
			n++;
		}
}

int
nagios_end(struct run *r)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL",
	    "UNKNOWN" };
	struct output *t = r->output;
	const struct tally *n = &r->tally;
	uint64_t all = tally_all(n);
	int state = tally_nagios(n);
	const char *blank = "|";
	size_t i;

	printf("PORTPROBE %s - ", words[state]);
	if (n->count[FINDING_ERROR] > 0)
		printf("%llu/%llu critical, ", (unsigned long
		    long)n->count[FINDING_ERROR], (unsigned long long)all);
	if (n->unknown > 0)
		printf("%llu/%llu unknown, ", (unsigned long long)n->unknown,
		    (unsigned long long)all);
	if (n->count[FINDING_WARN] > 0)
		printf("%llu/%llu warning, ", (unsigned long
		    long)n->count[FINDING_WARN], (unsigned long long)all);
	printf("%llu ok", (unsigned long long)n->count[FINDING_HINT]);
	problems(t, FINDING_ERROR);		/* the worst first */
	problems(t, FINDING_WARN);
	for (i = 0; i < t->nrow; i++)
		if (t->row[i].perf.n > 0) {
			printf("%s%s", blank, t->row[i].perf.p);
			blank = " ";
		}
	putchar('\n');
	for (i = 0; i < t->nrow; i++)
		fputs(t->row[i].below.p, stdout);
	return state;
}
