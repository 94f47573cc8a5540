/*
 * check_spf.c: who may send mail in the domain's name (RFC 7208)
 *
 * The record with all that it includes and what it costs; with --spf-eval
 * also the result for one client.
 */
#include <arpa/inet.h>
#include <string.h>

#include "checks.h"
#include "clock.h"
#include "json.h"
#include "judge_spf.h"
#include "near.h"
#include "show.h"
#include "spf_survey.h"
#include "task.h"

struct spf_facts {
	struct spf_survey s;
	bool valid;		/* of the whole tree */
	struct spf eval;
	enum spf_result verdict;	/* SPF_WAIT: not asked for */
};

/* --spf-eval, and what it says of the client. */
static struct {
	const char *eval;		/* as given, or NULL */
	char text[64];			/* the address */
	unsigned char raw[16];		/* its bytes, */
	struct str ip;			/* 4 or 16 of them */
	const char *sender;		/* sender_text, or NULL: not given */
	const char *helo;		/* likewise */
	char sender_text[512], helo_text[512];
} o;

static const struct finding_kind findings[] = {
	{ "SPF_NONE", FINDING_HINT, "RFC7208#3",
	    "The domain has no SPF record: anybody may use its name. A domain that sends no mail says \"v=spf1 -all\"." },
	{ "SPF_MANY", FINDING_ERROR, "RFC7208#4.5",
	    "There is more than one v=spf1 record: receivers act on none of them (permerror). Keep one." },
	{ "SPF_NEAR", FINDING_WARN, "RFC7208#4.5",
	    "There is a record that was meant to be SPF and does not count: it must begin with v=spf1 and a blank, to the letter." },
	{ "SPF_MISPLACED", FINDING_WARN, "RFC7208#3",
	    "The domain has no SPF record, and one stands where no receiver looks: it belongs to the domain itself." },
	{ "SPF_SYNTAX", FINDING_ERROR, "RFC7208#4.6",
	    "A record cannot be parsed; one bad term makes all of it useless (permerror)." },
	{ "SPF_LOOKUPS", FINDING_ERROR, "RFC7208#4.6.4",
	    "More than ten terms need the DNS: receivers stop with permerror. include, a, mx, ptr, exists and redirect count, also in what is included." },
	{ "SPF_VOID", FINDING_WARN, "RFC7208#4.6.4",
	    "More than two names that are looked up do not exist or have no address: receivers may stop with permerror. Remove those that are gone. A host that has addresses of one family only is looked up in vain for clients of the other one: that matters only if mail is sent by that family." },
	{ "SPF_LOOP", FINDING_ERROR, "RFC7208#4.6.4",
	    "A record includes itself: the ten lookups are soon used up (permerror)." },
	{ "SPF_INCLUDE", FINDING_ERROR, "RFC7208#5.2",
	    "What is included or redirected to has no SPF record (permerror)." },
	{ "SPF_MX_LIMIT", FINDING_ERROR, "RFC7208#4.6.4",
	    "\"mx\" of a domain with more than ten MX is an error (permerror)." },
	{ "SPF_PASS_ALL", FINDING_ERROR, "RFC7208#5.1",
	    "The record, with what it includes, lets everybody, or at least half of all addresses, send in the domain's name." },
	{ "SPF_WIDE", FINDING_WARN, "RFC7208#11.4",
	    "Very many addresses may send in the domain's name: more than any one sender has." },
	{ "SPF_DEAD", FINDING_WARN, "RFC7208#4.6.2",
	    "A term never decides: it stands behind \"all\", or terms before it decide otherwise for all of its addresses. Move it to the front, or remove it." },
	{ "SPF_MODIFIER", FINDING_WARN, "RFC7208#6",
	    "A mechanism is written with \"=\" and so is a modifier that nobody knows, which is ignored: it takes \":\"." },
	{ "SPF_GLUED", FINDING_WARN, "RFC7208#4.5",
	    "A second record stands within the record; \"v=spf1\" there is a modifier that is ignored. Make one record of the two." },
	{ "SPF_DOUBLE", FINDING_HINT, "RFC7208#4.6.2",
	    "Terms add nothing: others before them let the same addresses pass. They may go." },
	{ "SPF_NOBODY", FINDING_HINT, "RFC7208#4.6.4",
	    "Terms stand for no address: a name without one, or an included record that lets nobody pass. They may go." },
	{ "SPF_NO_ALL", FINDING_WARN, "RFC7208#4.7",
	    "The record ends without -all or ~all, so it says nothing about strangers. ?all says so outright, as some providers advise." },
	{ "SPF_NULL_MX", FINDING_HINT, "RFC7505#4.2",
	    "The domain sends no mail and has no MX, so senders try its own address. A null MX (MX 0 .) says at once that it takes none." },
	{ "SPF_BESIDE_NULL", FINDING_HINT, "RFC7505#4.2",
	    "The domain takes no mail (null MX), and its SPF record lets some send: nobody can answer them, and bounces are lost. Let it end in -all alone, or give it an MX." },
	{ "SPF_PTR", FINDING_WARN, "RFC7208#5.5",
	    "\"ptr\" is slow and unreliable; the RFC asks not to use it." },
	{ "SPF_TCP", FINDING_HINT, "RFC7208#3.4",
	    "The TXT answer does not fit a UDP packet; some receivers will not get it." },
	{ .id = NULL }
};

static const struct near_place misplaced[] = {
	{ "spf", false }, { "_spf", false }, { "", true }, { NULL, false }
};

static bool
evaluate(struct task *t, struct spf_facts *r)
{
	struct spf *q = &r->eval;

	*q = (struct spf){ .ip = o.ip, .sender = o.sender,
	    .helo = o.helo, .now = clock_wall(), .ask = ask_for,
	    .arg = &t->ask, .mem = t->mem };
	if (q->helo == NULL)
		q->helo = t->domain;
	if (q->sender == NULL)
		q->sender = arena_printf(t->mem, "%s@%s", t->local != NULL ?
		    t->local : "postmaster", t->domain);
	r->verdict = spf_check(q, spf_domain(q));
	return r->verdict != SPF_WAIT;
}

/* Has the domain itself an address?  False: answers are missing. */
static bool
own_address(struct task *t, bool *have)
{
	const struct dns_answer *a = ask_dns(&t->ask, t->domain, DNS_A),
	    *aaaa = ask_dns(&t->ask, t->domain, DNS_AAAA);

	if (a == NULL || aaaa == NULL)
		return false;
	*have = !dns_absent(a->status) || !dns_absent(aaaa->status);
	return true;
}

static bool
run_spf(struct task *t)
{
	struct spf q = { .ask = ask_for, .arg = &t->ask, .mem = t->mem };
	struct spf_facts *r = arena_new(t->mem, 1, sizeof *r);
	const struct dns_answer *mx = ask_dns(&t->ask, t->domain, DNS_MX);
	bool all = spf_survey(&r->s, &q, t->domain) && mx != NULL,
	    address = true;

	r->verdict = SPF_WAIT;
	if (o.eval != NULL && !evaluate(t, r))
		all = false;
	if (mx != NULL && mx->status == DNS_NODATA &&
	    !own_address(t, &address))
		all = false;
	if (!all || !near_look(t, r->s.node[0]->answer, MEANT_SPF, misplaced))
		return false;
	t->result[CHECK_SPF] = r;
	near_misplaced(t, r->s.node[0]->answer, MEANT_SPF, "SPF_MISPLACED",
	    misplaced);
	spf_flatten(t->mem, &r->s);
	judge_spf(t, &r->s, mx, address);
	return true;
}

static void
json_node(const struct task *t, struct json *j, const struct spf_node *n)
{
	json_open(j, NULL, '{');
	json_s(j, "domain", n->domain);
	json_s(j, "of", n->up == NULL ? NULL : n->up->domain);
	if (n->by != NULL)
		json_str(j, "by", n->by->text);
	if (n->answer != NULL)
		show_answer(j, n->answer);
	if (n->loop)
		json_bool(j, "loop", true);
	show_record(j, n->text);
	near_json(t, j, n->answer, MEANT_SPF);
	if (n->record.why != NULL)
		json_s(j, "error", n->record.why);
	json_int(j, "lookups", n->lookups);
	json_close(j, '}');
}

static void
json_eval(struct json *j, const struct spf_facts *r)
{
	json_s(j, "result", spf_result(r->verdict));
	json_open(j, "eval", '{');
	json_s(j, "ip", o.text);
	json_s(j, "sender", r->eval.sender);
	json_s(j, "helo", r->eval.helo);
	json_s(j, "why", r->eval.why);
	json_s(j, "by", r->eval.domain);
	if (r->eval.term.p != NULL)
		json_str(j, "term", r->eval.term);
	if (r->eval.exp.p != NULL)
		json_str(j, "explanation", r->eval.exp);
	json_int(j, "lookups", r->eval.lookups);
	json_int(j, "void", r->eval.voids);
	json_close(j, '}');
}

/* Who may send: null if the record is of no use. */
static void
json_networks(struct json *j, const struct spf_survey *s)
{
	const struct spf_flat *f = s->node[0]->flat;
	struct spf_at at;
	char text[64];
	int k;

	if (f == NULL || s->capped) {
		json_null(j, "networks");
		json_null(j, "networks_complete");
		return;
	}
	json_open(j, "networks", '[');
	for (k = 0; k < SPF_FAMILIES; k++)
		for (at = (struct spf_at){ .i = 0 };
		    spf_network(&f->pass[k], k, &at, text); )
			json_s(j, NULL, text);
	json_close(j, ']');
	json_bool(j, "networks_complete", !f->client);
}

static void
json_spf(const struct task *t, struct json *j, const char *key)
{
	const struct spf_facts *r = t->result[CHECK_SPF];
	const struct spf_survey *s = &r->s;
	size_t i;

	json_open(j, key, '{');
	show_answer(j, s->node[0]->answer);
	show_record(j, s->node[0]->text);
	near_json(t, j, s->node[0]->answer, MEANT_SPF);
	if (r->verdict != SPF_WAIT)
		json_eval(j, r);
	else
		json_null(j, "result");
	json_int(j, "lookups", s->lookups);
	json_int(j, "void4", s->void4.n);
	json_int(j, "void6", s->void6.n);
	json_bool(j, "macros", s->macros);
	json_bool(j, "complete", !s->capped && s->temp == NULL);
	json_networks(j, s);
	json_open(j, "tree", '[');
	for (i = 0; i < s->n; i++)
		json_node(t, j, s->node[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void
text_node(struct buf *b, const struct spf_node *n)
{
	const struct spf_node *up;

	buf_s(b, "  ");
	for (up = n->up; up != NULL; up = up->up)
		buf_s(b, "  ");
	buf_s(b, "      ");
	show_safe(b, n->by->text);
	buf_printf(b, " (%u) ", n->lookups);
	if (n->loop)
		buf_s(b, "loop");
	else
		show_found(b, n->answer, n->text);
	buf_c(b, '\n');
	near_text(b, n->answer, MEANT_SPF);
}

static void
text_networks(struct buf *b, const struct spf_survey *s)
{
	const struct spf_flat *f = s->node[0]->flat;
	struct spf_at at;
	char text[64];
	size_t was;
	int k;

	if (f == NULL || s->capped)
		return;
	buf_s(b, "         may send:");
	was = b->n;
	for (k = 0; k < SPF_FAMILIES; k++)
		for (at = (struct spf_at){ .i = 0 };
		    spf_network(&f->pass[k], k, &at, text); )
			buf_printf(b, " %s", text);
	if (b->n == was)
		buf_s(b, " nobody");
	buf_s(b, f->client ? ", and as terms say that depend on the client\n" :
	    "\n");
}

static void
text_eval(struct buf *b, const struct spf_facts *r)
{
	const struct spf *q = &r->eval;

	buf_printf(b, "  SPF    %s for %s", spf_result(r->verdict),
	    o.text);
	if (q->term.p != NULL) {
		buf_s(b, " by ");
		show_safe(b, q->term);
		buf_printf(b, " of %s", q->domain);
	}
	if (q->why != NULL) {
		buf_s(b, ": ");
		show_safe(b, str_of(q->why));
	}
	buf_printf(b, " (lookups %u, void %u)\n", q->lookups, q->voids);
	if (q->exp.p != NULL) {
		buf_s(b, "         \"");
		show_safe(b, q->exp);
		buf_s(b, "\"\n");
	}
}

static void
text_spf(const struct task *t, struct buf *b)
{
	const struct spf_facts *r = t->result[CHECK_SPF];
	const struct spf_survey *s = &r->s;
	size_t i;

	buf_s(b, "  SPF    ");
	show_found(b, s->node[0]->answer, s->node[0]->text);
	if (s->node[0]->text.p != NULL)
		buf_printf(b, "  lookups %u%s/10 void4 %u void6 %u",
		    s->lookups, s->capped ? "+" : "", s->void4.n, s->void6.n);
	buf_c(b, '\n');
	near_text(b, s->node[0]->answer, MEANT_SPF);
	for (i = 1; i < s->n; i++)
		text_node(b, s->node[i]);
	text_networks(b, s);
	if (r->verdict != SPF_WAIT)
		text_eval(b, r);
}

/* IP[,SENDER[,HELO]]; what is kept points into the option's text. */
static int
init_spf(struct run *r, struct err *e)
{
	struct str rest, ip, s;

	(void)r;
	if (o.eval == NULL)
		return 0;
	rest = str_of(o.eval);
	ip = str_cut(&rest, ',');
	if (ip.n >= sizeof o.text)
		return fail(e, EX_USAGE, "--spf-eval: no address");
	str_copy(o.text, ip);
	o.ip = (struct str){ (const char *)o.raw, 4 };
	if (inet_pton(AF_INET, o.text, o.raw) != 1) {
		o.ip.n = 16;
		if (inet_pton(AF_INET6, o.text, o.raw) != 1)
			return fail(e, EX_USAGE,
			    "--spf-eval: \"%s\" is no address", o.text);
	}
	s = str_cut(&rest, ',');
	if (s.n >= sizeof o.sender_text || rest.n >= sizeof o.helo_text)
		return fail(e, EX_USAGE, "--spf-eval: too long");
	if (str_has(rest, ','))
		return fail(e, EX_USAGE, "--spf-eval is IP,FROM,HELO: nothing behind that");
	if (s.n > 0)
		o.sender = memcpy(o.sender_text, s.p, s.n);
	if (rest.n > 0)
		o.helo = memcpy(o.helo_text, rest.p, rest.n);
	return 0;
}

static const struct opt options[] = {
	{ .name = "spf-eval", .arg = "IP[,FROM[,HELO]]", .kind = OPT_TEXT,
	    .to = &o.eval, .help = "-C spf, and the result for this client",
	    .flags = OPT_NOCONF },
	{ .name = NULL }
};

const struct check check_spf = {
	.name = "spf", .about = "Sender Policy Framework (RFC 7208)",
	.run = run_spf, .json = json_spf, .text = text_spf,
	.findings = findings, .options = options, .init = init_spf,
};
