/* judge.c: what was found: state, severity, findings */
#include <limits.h>
#include <string.h>

#include "judge.h"
#include "judge_cert.h"
#include "note.h"
#include "run.h"
#include "server.h"
#include "sts.h"
#include "target.h"

/* ---- TLS */

static const char *const version_names[] = { "1.0", "1.1", "1.2", "1.3" };

/*
 * Nothing to agree on: that is a no if the server agrees on another version,
 * and says nothing if it agrees on none.
 */
static void
settle_versions(struct report *r)
{
	bool any = r->tls.on;
	int i;

	for (i = 0; i < VERSIONS; i++)
		any = any || r->versions[i] == TRIED_YES;
	for (i = 0; i < VERSIONS; i++)
		if (r->versions[i] == TRIED_REFUSED)
			r->versions[i] = any ? TRIED_NO : TRIED_UNKNOWN;
}

static void
judge_versions(struct report *r)
{
	int i;

	settle_versions(r);
	for (i = 0; i < VERSIONS; i++)
		if (r->versions[i] == TRIED_YES &&
		    TLS_1_0 + i < (int)r->run->set->want.min_tls)
			note_add(r, FIND_TLS_OLD_OFFERED, FINDING_WARN,
			    "TLS %s is taken",
			    version_names[i]);
	if (r->versions[VERSIONS - 1] == TRIED_NO)
		note_add(r, FIND_TLS_NO_13, FINDING_HINT, "TLS 1.3 is not taken");
}

/* How bad is it to have no TLS here? */
static enum finding_sev
bareness(const struct report *r)
{
	bool lmtp = r->proto != NULL && r->proto->talk != NULL &&
	    r->proto->talk == probe_talk_named(STR("lmtp"))->talk;

	if (r->run->set->want.require_tls ||
	    r->run->set->scope.mode == MODE_STARTTLS)
		return FINDING_ERROR;
	if (lmtp)
		return FINDING_HINT;
	return r->relay || r->run->set->want.spare_tls ||
	    r->run->set->want.no_verify ? FINDING_WARN : FINDING_ERROR;
}

/* Cisco's PIX and ASA write XXXXXXXA over STARTTLS, others XXXX. */
static const char *
blanked(const struct caps *c)
{
	size_t i, n;

	for (i = 0; i < c->n; i++) {
		n = strspn(c->v[i], "X");
		if (n >= 4 && (c->v[i][n] == '\0' ||
		    (c->v[i][n] == 'A' && c->v[i][n + 1] == '\0')))
			return c->v[i];
	}
	return NULL;
}

/* Most of the greeting is asterisks. */
static bool
starred(struct str banner)
{
	size_t i, n = 0;

	for (i = 0; i < banner.n; i++)
		n += banner.p[i] == '*';
	return n >= 4 && n > banner.n / 2;
}

static void
not_offered(struct report *r)
{
	const char *x = blanked(&r->talk.caps);

	if (x != NULL)
		note_add(r, FIND_STARTTLS_FILTERED, bareness(r),
		    "%s stands in the place of a capability: a firewall rewrites SMTP", x);
	else if (starred(r->talk.banner))
		note_add(r, FIND_STARTTLS_FILTERED, bareness(r),
		    "the greeting is asterisks: a firewall rewrites SMTP");
	else
		note_add(r, FIND_NO_STARTTLS, bareness(r), "TLS is not offered");
}

static void
judge_without_tls(struct report *r)
{
	if (r->talk.starttls_said != NULL && r->talk.starttls == 1)
		note_add(r, FIND_STARTTLS_REFUSED,
		    r->relay && bareness(r) != FINDING_ERROR ? FINDING_WARN :
		    FINDING_ERROR, "%s", r->talk.starttls_said);
	else if (r->talk.starttls == 0 && r->run->set->scope.mode != MODE_OFF)
		not_offered(r);
	else if (r->run->set->want.require_tls)
		note_add(r, FIND_NO_STARTTLS, FINDING_ERROR, "there is no TLS");
}

static void
judge_tls(struct report *r)
{
	if (r->talk.buffered)
		note_add(r, FIND_PLAIN_AFTER_STARTTLS, FINDING_ERROR,
		    "bytes in the clear behind the answer to STARTTLS");
	if (r->tls.client_cert)
		note_add(r, FIND_CLIENT_CERT, FINDING_HINT,
		    "a client certificate is asked for");
	if (!r->tls.on) {
		if (r->trouble.class == TROUBLE_NONE)
			judge_without_tls(r);
		return;
	}
	judge_certificates(r);
	if (r->tls.facts.weak_cipher != NULL)
		note_add(r, FIND_CIPHER_WEAK, FINDING_WARN, "%s: %s",
		    r->tls.facts.cipher, r->tls.facts.weak_cipher);
	if (r->tls.facts.weak_kex != NULL)
		note_add(r, FIND_KEX_WEAK, FINDING_WARN, "%s: %s",
		    r->tls.facts.cipher, r->tls.facts.weak_kex);
	if (r->tls.classic)
		note_add(r, FIND_TLS_HYBRID, FINDING_WARN,
		    "a first message with a hybrid group is not answered, one with classic groups is");
	if (r->tls.facts.number < r->run->set->want.min_tls)
		note_add(r, FIND_TLS_OLD, judge_weight(r), "%s", r->tls.facts.version);
}

/* ---- DANE and MTA-STS */

static enum dane_state
dane_state(const struct report *r)
{
	if (r->run->set->want.dane == DANE_NEVER)
		return DANE_OFF;
	if (r->dane.why != NULL)
		return DANE_NONE;
	if (!r->dane.asked)
		return DANE_UNKNOWN;
	switch (r->dane.tlsa.state) {
	case TLSA_NO:
		return DANE_NONE;
	case TLSA_TEMP:
		return DANE_TEMP;
	case TLSA_UNUSABLE:
		return DANE_UNUSABLE;
	case TLSA_USABLE:
		break;
	}
	if (!r->tls.on)
		return DANE_UNTRIED;
	return r->tls.facts.dane && (r->tls.other == NULL ||
	    r->tls.other->dane) ? DANE_MATCH : DANE_MISMATCH;
}

enum record
judge_dane_record(const struct report *r, size_t i)
{
	if (r->dane.tlsa.use[i] == TLSA_NOUSE)
		return RECORD_UNUSABLE;
	if (r->dane.rr == NULL)
		return RECORD_UNTRIED;
	if (r->dane.rr[i].depth >= 0 || (r->dane.other != NULL &&
	    r->dane.other[i].depth >= 0))
		return RECORD_MATCHED;
	return r->dane.tlsa.use[i] == TLSA_DROPPED ? RECORD_IGNORED :
	    RECORD_UNMATCHED;
}

/* An authority that record i fits, and that was not sent; or NULL. */
static const char *
unsent(const struct report *r, unsigned i)
{
	if (r->dane.rr != NULL && r->dane.rr[i].unsent != NULL)
		return r->dane.rr[i].unsent;
	return r->dane.other != NULL ? r->dane.other[i].unsent : NULL;
}

static void
stale(struct report *r)
{
	const struct dns_rr *rr;
	unsigned i;

	for (i = 0; i < r->dane.tlsa.answer->n; i++) {
		rr = &r->dane.tlsa.answer->rr[i];
		if (judge_dane_record(r, i) != RECORD_UNMATCHED)
			continue;
		if (unsent(r, i) != NULL)
			note_add(r, FIND_DANE_STALE, FINDING_HINT,
			    "%u %u %u fits %s, an authority that is not sent: it counts only once the server sends it, too", rr->usage,
			    rr->selector, rr->mtype, unsent(r, i));
		else
			note_add(r, FIND_DANE_STALE, FINDING_HINT,
			    "%u %u %u fits nothing that was sent", rr->usage, rr->selector,
			    rr->mtype);
	}
}

static void
required(struct report *r)
{
	const char *why = r->dane.why != NULL ? r->dane.why : r->dane.tlsa.why;

	if (r->run->set->want.dane == DANE_REQUIRE &&
	    r->verdict.dane != DANE_MATCH &&
	    r->trouble.class == TROUBLE_NONE)
		note_add(r, FIND_DANE_REQUIRED, FINDING_ERROR, "DANE: %s%s%s",
		    word_dane(r->verdict.dane), why != NULL ? ", " : "",
		    why != NULL ? why : "");
}

static const char *
records(size_t n)
{
	return n == 1 ? "TLSA record" : "TLSA records";
}

static void
without_tls(struct report *r)
{
	unsigned n = r->dane.tlsa.answer->n;

	if (!r->tls.on && r->trouble.class == TROUBLE_NONE)
		note_add(r, FIND_DANE_NO_TLS, FINDING_ERROR,
		    "%u %s, and no TLS", n, records(n));
}

/* A server with two certificates sends the other one to other senders. */
static void
mismatch(struct report *r)
{
	const struct tls_facts *other = r->tls.other;
	const struct tls_facts *f = other != NULL && r->tls.facts.dane ? other :
	    &r->tls.facts;
	const char *root = NULL;
	unsigned i;

	for (i = 0; root == NULL && i < r->dane.tlsa.answer->n; i++)
		root = unsent(r, i);
	note_add(r, FIND_DANE_MISMATCH, r->run->set->want.no_verify ?
	    FINDING_HINT : FINDING_ERROR, "%zu %s: %s%s%s%s%s%s%s",
	    r->dane.tlsa.usable, records(r->dane.tlsa.usable),
	    other != NULL ? "the certificate with the key " : "",
	    other != NULL ? f->cert[0].key : "", other != NULL ? ": " : "",
	    f->dane_text != NULL ? f->dane_text : "none matches",
	    root != NULL ? "; one fits " : "", root != NULL ? root : "",
	    root != NULL ? ", which the server does not send" : "");
}

/* --expect-cert: a file of the server's, and what it sends. */
static bool
sent(const struct report *r, const struct tls_cert *c)
{
	return str_is(str_of(c->sha256), r->tls.facts.cert[0].sha256) ||
	    (r->tls.other != NULL &&
	    str_is(str_of(c->sha256), r->tls.other->cert[0].sha256));
}

static void
judge_expected(struct report *r)
{
	const struct tls_cert *want = r->run->set->want.expected;
	const struct tls_cert *have = r->tls.facts.cert;
	char theirs[16], ours[16];

	if (want == NULL || !r->tls.have_cert || sent(r, want))
		return;
	judge_date(have->from, theirs);
	judge_date(want->from, ours);
	if (have->from < want->from)
		note_add(r, FIND_CERT_NOT_RELOADED, FINDING_ERROR,
		    "a certificate of %s is served; %s has one of %s", theirs,
		    r->run->set->want.expect_cert, ours);
	else
		note_add(r, FIND_CERT_DIFFERS, FINDING_ERROR,
		    "a certificate of %s is served, and it is not that of %s (%s)",
		    theirs, r->run->set->want.expect_cert, ours);
}

/* One of them was not reloaded: which one, nobody knows. */
static void
judge_elsewhere(struct report *r)
{
	const struct settings *set = r->run->set;

	if (r->tls.elsewhere != NULL && set->want.expected == NULL)
		note_add(r, FIND_CERT_DIFFERS, set->want.no_verify ?
		    FINDING_HINT : FINDING_WARN, "%s", r->tls.elsewhere);
}

static void
judge_dane(struct report *r)
{
	switch (r->verdict.dane) {
	case DANE_MISMATCH:
		mismatch(r);
		break;
	case DANE_MATCH:
		stale(r);
		break;
	case DANE_TEMP:
		if (r->us.tcp >= 0)
			note_add(r, FIND_DANE_TEMP, FINDING_ERROR, "%s", r->dane.tlsa.why);
		break;
	case DANE_UNUSABLE:
		note_add(r, FIND_DANE_UNUSABLE, FINDING_WARN, "%u %s",
		    r->dane.tlsa.answer->n, records(r->dane.tlsa.answer->n));
		without_tls(r);		/* which they demand all the same */
		break;
	case DANE_UNTRIED:
		without_tls(r);
		break;
	case DANE_NONE:
		if ((r->dane.unbelieved || r->dane.tlsa.unbelieved) &&
		    r->relay && r->us.tcp >= 0)
			note_add(r, FIND_DANE_UNBELIEVED, FINDING_HINT,
			    "the resolver says that its answers are secure, and is not trusted");
		break;
	case DANE_OFF:
	case DANE_UNKNOWN:
	case DANES:
		break;
	}
	required(r);
}

static void
judge_sts(struct report *r)
{
	const struct sts *s = r->target->sts;
	bool cert = r->tls.on && r->tls.have_cert &&
	    r->tls.facts.chain == TLS_CHAIN_OK &&
	    r->tls.facts.name == TLS_NAME_MATCH;
	const char *why = "the certificate does not verify";

	if (s == NULL || r->us.tcp < 0)
		return;
	if (s->why != NULL)
		note_add(r, FIND_STS_ERROR, FINDING_WARN, "MTA-STS: %s", s->why);
	if (s->state != STS_POLICY || s->policy.mode == MTASTS_NONE)
		return;
	r->verdict.sts_covers = mtasts_covers(&s->policy, r->host);
	if (r->trouble.class != TROUBLE_NONE)
		return;
	r->verdict.sts = r->verdict.sts_covers && cert ? POLICY_PASS : POLICY_FAIL;
	if (r->verdict.sts == POLICY_PASS)
		return;
	if (!r->verdict.sts_covers)
		why = "the policy does not name this host";
	else if (!r->tls.on)
		why = "there is no TLS";
	if (s->policy.mode == MTASTS_ENFORCE)
		note_add(r, FIND_STS_FAIL, FINDING_ERROR, "enforce would fail: %s", why);
	else
		note_add(r, FIND_STS_TESTING, FINDING_WARN, "%s would fail: %s",
		    mtasts_mode(s->policy.mode), why);
}

/* ---- dialogue */

static void
expected(struct report *r)
{
	const struct caps *c = r->talk.caps_tls.known ? &r->talk.caps_tls :
	    &r->talk.caps;
	size_t i;

	for (i = 0; i < r->run->set->want.expect.n; i++)
		if (!probe_talk_has(c->v, c->n, r->run->set->want.expect.v[i]))
			note_add(r, FIND_CAPS_MISSING, FINDING_ERROR, "%s is not there",
			    r->run->set->want.expect.v[i]);
}

static void
submission(struct report *r)
{
	const char *at = word_place(r->submit.at);
	int code = r->submit.code;

	if (r->run->set->extra.relay != NULL) {
		if (r->submit.taken)
			note_add(r, FIND_RELAY_SUSPECTED, FINDING_ERROR,
			    "mail from <%s> to <%s> is taken: %s",
			    r->run->set->extra.sender,
			    r->run->set->extra.submit, r->submit.said);
		return;		/* refused, for now or for good: well */
	}
	if (!r->submit.tried || r->submit.taken || r->submit.said == NULL)
		return;
	if (code == 530 || (code >= 500 && !r->relay && probe_talk_has(
	    r->talk.caps_tls.v, r->talk.caps_tls.n, "AUTH")))
		note_add(r, FIND_SUBMIT_AUTH, FINDING_HINT,
		    "%s: %s", at, r->submit.said);
	else if (code < 500)
		note_add(r, FIND_SUBMIT_DEFERRED, FINDING_WARN, "%s: %s", at,
		    r->submit.said);
	else
		note_add(r, FIND_SUBMIT_REFUSED, FINDING_ERROR, "%s: %s", at,
		    r->submit.said);
}

static void
judge_login(struct report *r)
{
	const struct login *l = r->server != NULL ? &r->server->login : NULL;

	if (l == NULL || l->status == 0)
		return;
	note_add(r, l->refused ? FIND_LOGIN_REFUSED : FIND_LOGIN_FAILED,
	    FINDING_ERROR, "%s: %s", account_user(&r->server->account),
	    l->text);
	r->verdict.status = fail_worse(r->verdict.status, l->status);
}

static bool
in(const struct caps *c, const char *cap)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (str_is(str_of(cap), c->v[i]))
			return true;
	return false;
}

static size_t
without(const struct report *r, const struct caps *a, const struct caps *b,
    const char ***out)
{
	size_t i, n = 0;

	*out = arena_new(r->mem, a->n + 1, sizeof **out);
	for (i = 0; i < a->n; i++)
		if (!in(b, a->v[i]))
			(*out)[n++] = a->v[i];
	return n;
}

/* Login is offered before TLS, or there is to be none. */
static void
clear_login(struct report *r)
{
	bool off = r->run->set->scope.mode == MODE_OFF;
	bool banned = r->run->set->want.no_auth;

	if (off && banned)
		note_add(r, FIND_AUTH_BEFORE_TLS, FINDING_ERROR,
		    "%s is offered without TLS", r->talk.login);
	else if (!off && r->reach == NET_REACH_HERE)
		note_add(r, FIND_AUTH_BEFORE_TLS,
		    banned ? FINDING_ERROR : FINDING_HINT,
		    "%s is offered before TLS, on the loopback, where nobody else can listen",
		    r->talk.login);
	else if (!off)
		note_add(r, FIND_AUTH_BEFORE_TLS,
		    banned ? FINDING_ERROR : FINDING_WARN,
		    "%s is offered before TLS", r->talk.login);
}

static void
refused_ehlo(struct report *r)
{
	const char *said = r->talk.ehlo_said != NULL ? r->talk.ehlo_said : "?";

	if (!r->talk.not_us)
		note_add(r, FIND_EHLO_REFUSED, FINDING_HINT,
		    "EHLO is refused, HELO is taken: %s", said);
	else
		note_add(r, FIND_EHLO_NOT_US, bareness(r) < FINDING_WARN ?
		    FINDING_WARN : bareness(r),
		    "EHLO is refused, HELO is taken: %s", said);
}

static void
vrfy(struct report *r)
{
	static const char *const words[] = { "VRFY", "EXPN" };
	size_t i;

	for (i = 0; i < 2; i++)
		if (probe_talk_has(r->talk.caps.v, r->talk.caps.n, words[i]) ||
		    probe_talk_has(r->talk.caps_tls.v, r->talk.caps_tls.n,
		    words[i]))
			note_add(r, FIND_VRFY_OFFERED, FINDING_HINT,
			    "%s is offered", words[i]);
}

static void
many_caps(struct report *r, const struct caps *c)
{
	if (c->n == PROBE_CAPS_MOST)
		note_add(r, FIND_PROBE_LIMIT, FINDING_WARN,
		    "only the first %d capabilities are looked at",
		    PROBE_CAPS_MOST);
}

static void
judge_deep(struct report *r)
{
	const struct deep *d = &r->deep;

	if (d->pq == TRIED_NO)
		note_add(r, FIND_TLS_NO_PQ, FINDING_HINT,
		    "X25519MLKEM768 is not taken");
	if (d->small == TRIED_YES)
		note_add(r, FIND_HELLO_LARGE, FINDING_WARN,
		    "the first message of TLS is not answered, a shorter one is");
	if (d->order == ORDER_CLIENT)
		note_add(r, FIND_CLIENT_ORDER, FINDING_HINT,
		    "the first cipher of the client's list is taken");
	if (d->large == TRIED_NO)
		note_add(r, FIND_HELLO_LARGE, FINDING_WARN,
		    "a first message of 1800 bytes is not answered, a short one is");
	if (d->split == TRIED_NO)
		note_add(r, FIND_HELLO_SPLIT, FINDING_WARN,
		    "a first message in two packets is not answered, one in one is");
	if (d->crl == TRIED_NO)
		note_add(r, FIND_CERT_REVOKED, judge_weight(r), "the certificate is revoked %s",
		    d->crl_text);
	if (d->crl == TRIED_UNKNOWN)
		note_add(r, FIND_CRL_UNKNOWN, judge_verified(r) ? FINDING_WARN :
		    FINDING_HINT, "%s", d->crl_text);
	if (d->plain == TRIED_YES)
		note_add(r, FIND_MAIL_BEFORE_TLS, FINDING_WARN,
		    "MAIL is taken before STARTTLS");
	if (r->run->set->extra.deep && r->talk.caps_tls.known &&
	    probe_talk_has(r->talk.caps_tls.v, r->talk.caps_tls.n, "STARTTLS"))
		note_add(r, FIND_STARTTLS_AGAIN, FINDING_HINT,
		    "STARTTLS is offered within TLS");
}

static void
judge_dialogue(struct report *r)
{
	struct verdict *v = &r->verdict;

	if (r->talk.preauth && !r->tls.on)
		note_add(r, FIND_PREAUTH, FINDING_ERROR, "the greeting is PREAUTH");
	if (r->talk.login != NULL)
		clear_login(r);
	if (r->talk.helo)
		refused_ehlo(r);
	if (r->talk.odd == ODD_LMTP && r->talk.caps.known)
		note_add(r, FIND_LMTP_ONLY, FINDING_ERROR,
		    "EHLO and HELO are unknown here, LHLO is taken: %s:%u/lmtp",
		    r->host, r->port);
	vrfy(r);
	many_caps(r, &r->talk.caps);
	many_caps(r, &r->talk.caps_tls);
	if (str_control(r->talk.banner))
		note_add(r, FIND_BANNER_CONTROL, FINDING_WARN,
		    "control characters in the greeting");
	if (r->inject == INJECT_TAKEN)
		note_add(r, FIND_STARTTLS_INJECTION, FINDING_ERROR,
		    "a command from before TLS was answered within");
	if (r->talk.caps.known && r->talk.caps_tls.known) {
		v->nadded = without(r, &r->talk.caps_tls, &r->talk.caps,
		    &v->added);
		v->nremoved = without(r, &r->talk.caps, &r->talk.caps_tls,
		    &v->removed);
	}
	if (r->trouble.class == TROUBLE_NONE)
		expected(r);
	submission(r);
	judge_login(r);
	judge_deep(r);
}

static void
judge_latency(struct report *r)
{
	uint64_t ms = r->us.total > 0 ? (uint64_t)r->us.total / 1000 : 0;
	const struct run *run = r->run;

	if (r->trouble.class != TROUBLE_NONE)
		return;
	if (run->set->want.lat_crit > 0 && ms > run->set->want.lat_crit)
		note_add(r, FIND_LATENCY, FINDING_ERROR, "%llu ms", (unsigned long
		    long)ms);
	else if (run->set->want.lat_warn > 0 && ms > run->set->want.lat_warn)
		note_add(r, FIND_LATENCY, FINDING_WARN, "%llu ms", (unsigned long
		    long)ms);
}

/* ---- the whole */

/*
 * The state that a trouble gives to a probe; status 0: it has its own already.
 */
struct outcome {
	enum state state;
	int status;
	enum finding_sev sev;
};

static struct outcome
outcome(enum trouble_class c)
{
	switch (c) {
	case TROUBLE_REFUSED:
		return (struct outcome){ STATE_REFUSED, EX_UNAVAILABLE,
		    FINDING_ERROR };
	case TROUBLE_UNREACHABLE:
	case TROUBLE_PRIVATE:
		return (struct outcome){ STATE_UNREACHABLE, EX_UNAVAILABLE,
		    FINDING_ERROR };
	case TROUBLE_TIMEOUT_CONNECT:
		return (struct outcome){ STATE_FILTERED, EX_TEMPFAIL,
		    FINDING_ERROR };
	case TROUBLE_TIMEOUT_BANNER:
	case TROUBLE_TIMEOUT_TLS:
	case TROUBLE_TIMEOUT:
		return (struct outcome){ STATE_TIMEOUT, EX_TEMPFAIL,
		    FINDING_ERROR };
	case TROUBLE_RESET:
		return (struct outcome){ STATE_RESET, EX_UNAVAILABLE,
		    FINDING_ERROR };
	case TROUBLE_CLOSED:
		return (struct outcome){ STATE_CLOSED, EX_UNAVAILABLE,
		    FINDING_ERROR };
	case TROUBLE_SMTP_4XX:
		return (struct outcome){ STATE_SMTP_4XX, EX_TEMPFAIL,
		    FINDING_WARN };
	case TROUBLE_SMTP_5XX:
		return (struct outcome){ STATE_SMTP_5XX, EX_UNAVAILABLE,
		    FINDING_ERROR };
	case TROUBLE_PROTO:
		return (struct outcome){ STATE_PROTO, EX_PROTOCOL,
		    FINDING_ERROR };
	case TROUBLE_TLS_ALERT:
	case TROUBLE_TLS_PROTO:
		return (struct outcome){ STATE_TLS, EX_PROTOCOL,
		    FINDING_ERROR };
	case TROUBLE_DNS:
		return (struct outcome){ STATE_DNS, 0, FINDING_ERROR };
	case TROUBLE_INTERNAL:		/* no descriptors, no memory */
		return (struct outcome){ STATE_INTERNAL, EX_OSERR,
		    FINDING_ERROR };
	case TROUBLE_NONE:
	case TROUBLE_CERT:		/* these come after it, from findings */
	case TROUBLES:
		break;
	}
	return (struct outcome){ STATE_INTERNAL, EX_SOFTWARE, FINDING_ERROR };
}

static void
judge_trouble(struct report *r)
{
	struct outcome o = outcome(r->trouble.class);

	r->verdict.state = o.state;
	r->verdict.sev = o.sev;
	if (o.status != 0)
		r->verdict.status = o.status;
	if (r->talk.odd == ODD_TLS_FIRST)
		note_add(r, FIND_TLS_FIRST, FINDING_HINT,
		    "it waits for TLS from the first byte: %s:%u/%s", r->host,
		    r->port, probe_talk_twin(r->proto, true)->name);
	if (r->way.port25 != NULL)
		note_add(r, FIND_PORT25_BLOCKED, FINDING_HINT,
		    "%s: blocked on the way out of here?", r->way.port25);
	if (r->way.family != NULL)
		note_add(r, FIND_FAMILY_SILENT, FINDING_HINT, "%s", r->way.family);
	if (r->way.blame.who == NET_HERE)
		note_add(r, FIND_NO_ROUTE, FINDING_WARN, "this machine has no way there: %s",
		    r->way.blame.text);
	if (r->way.spared) {
		r->verdict.sev = FINDING_WARN;
		r->verdict.status = 0;
	}
}

static void
sum_up(struct report *r)
{
	const struct finding *f;

	for (f = r->verdict.findings.first; f != NULL; f = f->next) {
		if (f->sev > r->verdict.sev)
			r->verdict.sev = f->sev;
		if (f->sev != FINDING_ERROR)
			continue;
		r->verdict.status = fail_worse(r->verdict.status,
		    kind_status(f->kind));
		if (kind_policy(f->kind) &&
		    r->trouble.class == TROUBLE_NONE) {
			r->verdict.state = STATE_CERT;
			r->trouble = (struct trouble){ .class = TROUBLE_CERT,
			    .place = PLACE_TLS, .text = f->text };
		}
	}
}

void
judge(struct report *r)
{
	r->verdict.state = STATE_OK;
	r->verdict.sev = FINDING_HINT;
	r->verdict.days = INT_MAX;
	r->verdict.dane = dane_state(r);
	if (r->trouble.class != TROUBLE_NONE)
		judge_trouble(r);
	judge_tls(r);
	judge_versions(r);
	judge_expected(r);
	judge_elsewhere(r);
	judge_dane(r);
	judge_sts(r);
	judge_dialogue(r);
	judge_latency(r);
	sum_up(r);
}
