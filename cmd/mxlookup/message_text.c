/* message_text.c: a message that was judged, as text */
#include <inttypes.h>
#include <string.h>

#include "date.h"
#include "dns.h"
#include "message_rules.h"
#include "message_show.h"
#include "show.h"

const char *
message_verdict(enum message_verdict v)
{
	static const char *const names[] = {
		[MESSAGE_BELIEVED] = "believed", [MESSAGE_NOT] = "not believed",
		[MESSAGE_UNKNOWN] = "unknown",
	};

	return names[v];
}

const char *
message_result(const struct dkim_sig *s)
{
	return s->result == DKIM_UNJUDGED ? "not judged" :
	    dkim_result(s->result);
}

const char *const message_said_methods[] = { "dkim", "spf", "dmarc", "arc",
    NULL };

/* That of the best signature. */
static const char *
dkim_here(const struct message *m)
{
	size_t i;

	for (i = 0; i < m->nsig; i++)
		if (m->sig[i].sig.result == DKIM_PASS)
			return "pass";
	return m->nsig > 0 ? dkim_result(m->sig[0].sig.result) : "none";
}

static const char *
dmarc_here(const struct message *m)
{
	if (m->walk == NULL || m->walk->temp != NULL ||
	    m->verdict == MESSAGE_UNKNOWN)
		return NULL;
	if (!m->walk->applies)
		return "none";
	return m->verdict == MESSAGE_BELIEVED ? "pass" : "fail";
}

const char *
message_said_other(const struct message *m, const struct message_result *r,
    const char *method)
{
	struct str said = message_results_of(r, method);
	const char *here = NULL;

	if (strcmp(method, "dkim") == 0)
		here = dkim_here(m);
	else if (strcmp(method, "spf") == 0 && m->spf.known == MESSAGE_YES)
		here = spf_result(m->spf.result);
	else if (strcmp(method, "dmarc") == 0)
		here = dmarc_here(m);
	else if (strcmp(method, "arc") == 0)
		here = arc_status(m->arc.status);
	return here == NULL || said.n == 0 || str_is(said, here) ? NULL : here;
}

static void
put_text(struct buf *b, const char *before, const char *s)
{
	buf_s(b, before);
	show_safe(b, str_of(s));
}

static const char *
alignment(enum message_fact f)
{
	switch (f) {
	case MESSAGE_YES:
		return ", aligned";
	case MESSAGE_NO:
		return ", not aligned";
	case MESSAGE_UNTOLD:
		break;
	}
	return ", alignment unknown";
}

/* ---- who */

static void
text_from(const struct message *m, struct buf *b)
{
	buf_s(b, "  FROM   ");
	if (m->from.addr != NULL)
		show_safe(b, str_of(m->from.addr));
	if (m->from.why != NULL)
		put_text(b, m->from.addr != NULL ? "  " : "", m->from.why);
	buf_c(b, '\n');
}

static void
text_signature(const struct message_sig *s, struct buf *b)
{
	const struct dkim_sig *g = &s->sig;

	buf_printf(b, "  DKIM   %s", message_result(g));
	put_text(b, "  d=", g->domain);
	put_text(b, " s=", g->selector);
	if (g->algorithm.p != NULL) {
		buf_c(b, ' ');
		show_safe(b, g->algorithm);
	}
	if (g->bits > 0)
		buf_printf(b, " %u bits", g->bits);
	buf_s(b, alignment(s->aligned));
	if (g->why != NULL)
		put_text(b, ": ", g->why);
	if (g->testing)
		buf_s(b, "; its key is for tests (t=y)");
	if (g->uncovered > 0)
		buf_printf(b, "; %" PRIu64 " bytes at the end are not signed (l=), so anybody can add to them",
		    g->uncovered);
	buf_c(b, '\n');
}

static void
text_signatures(const struct message *m, struct buf *b)
{
	size_t i;

	for (i = 0; i < m->nsig; i++)
		text_signature(&m->sig[i], b);
	if (m->nsig == 0)
		buf_s(b, "  DKIM   none\n");
	if (m->unseen > 0)
		buf_printf(b, "  DKIM   %zu signatures more are not looked at\n",
		    m->unseen);
	if (m->newer > 0)
		buf_printf(b, "  DKIM2  not judged: %zu fields\n", m->newer);
}

static void
text_mail(const struct message *m, struct buf *b)
{
	const struct message_spf *s = &m->spf;
	char ip[46];

	buf_s(b, "  SPF    ");
	if (s->known != MESSAGE_YES) {
		put_text(b, "unknown: ", s->why);
		buf_c(b, '\n');
		return;
	}
	dns_addr(m->path.border.ip, ip, sizeof ip);
	buf_printf(b, "%s for %s", spf_result(s->result), ip);
	put_text(b, ", MAIL FROM <", m->path.border.sender);
	buf_c(b, '>');
	if (m->path.border.helo != NULL)
		put_text(b, ", HELO ", m->path.border.helo);
	buf_s(b, alignment(s->aligned));
	if (s->eval.term.p != NULL) {
		buf_s(b, ", by ");
		show_safe(b, s->eval.term);
		buf_printf(b, " of %s", s->eval.domain);
	}
	if (s->eval.why != NULL)
		put_text(b, ": ", s->eval.why);
	buf_c(b, '\n');
}

static void
text_policy(const struct message *m, struct buf *b)
{
	static const char *const passed[] = { [MESSAGE_BELIEVED] = "pass",
	    [MESSAGE_NOT] = "fail", [MESSAGE_UNKNOWN] = "unknown" };
	const struct dmarc_walk *w = m->walk;
	const char *p;

	buf_s(b, "  DMARC  ");
	if (w == NULL) {
		buf_s(b, "not judged: there is no domain of From\n");
		return;
	}
	if (w->temp != NULL) {
		buf_s(b, "unknown now: ");
		show_status(b, w->temp);
		buf_c(b, '\n');
		return;
	}
	if (!w->applies) {
		buf_s(b, "none: no policy\n");
		return;
	}
	buf_s(b, passed[m->verdict]);
	p = dmarc_policy(w->effective);
	buf_printf(b, "  policy %s (%s= of %s), organization %s, DKIM %s, SPF %s\n",
	    p != NULL ? p : "none", w->from, w->at->domain, w->org,
	    w->at->record.adkim == 's' ? "strict" : "relaxed",
	    w->at->record.aspf == 's' ? "strict" : "relaxed");
}

/* ---- on the way */

static void
text_chain(const struct message *m, struct buf *b)
{
	const struct arc *c = &m->arc;
	unsigned i;

	buf_printf(b, "  ARC    %s", arc_status(c->status));
	if (c->why != NULL)
		put_text(b, ": ", c->why);
	if (c->n > 0)
		buf_s(b, "; it is what others say, and no ground to believe");
	buf_c(b, '\n');
	for (i = 0; i < c->n; i++) {
		buf_printf(b, "         %u %s", i + 1,
		    message_result(&c->set[i].seal));
		put_text(b, "  d=", c->set[i].seal.domain);
		buf_s(b, " cv=");
		show_safe(b, c->set[i].seal.chain);
		put_text(b, ": ", message_results_plain(m->mem, c->set[i].results));
		buf_c(b, '\n');
	}
}

static void
text_delay(struct buf *b, int64_t s)
{
	if (s < 0)
		buf_printf(b, ", %" PRId64 " s before it was sent: a clock is wrong",
		    -s);
	else
		buf_printf(b, ", after %" PRId64 " s", s);
}

static void
text_hop(const struct message *m, size_t i, struct buf *b)
{
	const struct message_hop *h = &m->path.hop[i];
	char ip[46], date[DATE_CAP];
	int64_t delay;

	buf_printf(b, "  HOP    %zu", m->path.n - i);
	if (h->helo != NULL)
		put_text(b, " from ", h->helo);
	if (h->name != NULL && (h->helo == NULL ||
	    !str_eqi(str_of(h->name), str_of(h->helo))))
		put_text(b, " named ", h->name);
	if (h->ip.p != NULL) {
		dns_addr(h->ip, ip, sizeof ip);
		buf_printf(b, " [%s]", ip);
	}
	if (h->by != NULL)
		put_text(b, " by ", h->by);
	if (h->with != NULL)
		put_text(b, " with ", h->with);
	if (h->crypt == MESSAGE_NO)
		buf_s(b, ", no TLS");
	else if (h->crypt == MESSAGE_YES)
		put_text(b, ", ", h->tls != NULL ? h->tls : "TLS");
	if (h->when >= 0) {
		date_rfc5322(date, (time_t)h->when);
		buf_printf(b, ", %s", date);
	}
	if (message_path_delay(&m->path, i, &delay))
		text_delay(b, delay);
	if (i == m->path.border.hop)
		buf_s(b, "  <- the border");
	buf_c(b, '\n');
}

static void
text_said(const struct message *m, const struct message_result *r,
    struct buf *b)
{
	const char *here;
	size_t i;

	put_text(b, "  SAID   ", r->by);
	put_text(b, ": ", r->text);
	buf_c(b, '\n');
	for (i = 0; message_said_methods[i] != NULL; i++) {
		here = message_said_other(m, r, message_said_methods[i]);
		if (here != NULL)
			buf_printf(b, "         but %s is %s here and now\n",
			    message_said_methods[i], here);
	}
}

static void
text_way(const struct message *m, struct buf *b)
{
	size_t i;

	if (m->path.more > 0)
		buf_printf(b, "  HOP    %zu more, the oldest, are not looked at\n",
		    m->path.more);
	for (i = m->path.n; i-- > 0; )
		text_hop(m, i, b);
	for (i = 0; i < m->results.n; i++)
		text_said(m, &m->results.v[i], b);
	if (m->results.more > 0)
		buf_printf(b, "  SAID   %zu fields more are not looked at\n",
		    m->results.more);
}

static void
text_rules(const struct message *m, struct buf *b)
{
	const struct message_rule *r;
	int f;

	for (f = MESSAGE_NO; f <= MESSAGE_UNTOLD; f++)
		for (r = message_rules; r->id != NULL; r++)
			if (r->met(m) == (enum message_fact)f)
				buf_printf(b, "  BULK   %s: %s (%s)\n",
				    message_rules_met(r->met(m)), r->text,
				    r->who);
}

void
message_text(const struct message *m, struct buf *b)
{
	char date[DATE_CAP];

	show_safe(b, str_of(m->name));
	buf_printf(b, "  %s: ", message_verdict(m->verdict));
	show_safe(b, str_of(m->reason));
	buf_c(b, '\n');
	if (m->broken != NULL)
		return;
	text_from(m, b);
	text_signatures(m, b);
	text_mail(m, b);
	text_policy(m, b);
	text_chain(m, b);
	text_way(m, b);
	text_rules(m, b);
	date_rfc5322(date, (time_t)m->now);
	buf_printf(b, "  NOTE   keys, policies and addresses are those that the DNS has now, %s; the receiver saw those of then\n",
	    date);
}
