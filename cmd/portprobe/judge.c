/*
 * judge.c: what was found: state, severity, findings
 *
 * Between mail servers (port 25) TLS is opportunistic: without DANE and
 * MTA-STS nobody looks at a certificate there, so what is wrong with it is a
 * warning.  Everywhere else it is critical.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "portprobe.h"

static const struct finding_kind kinds[] = {
	{ "PREAUTH", SEV_CRIT, EX_PROTOCOL, "RFC9051#11.1", "The server says "
	    "before TLS that the client is logged in already: TLS is then no "
	    "longer possible. Somebody may be between." },
	{ "PLAIN_AFTER_STARTTLS", SEV_CRIT, EX_PROTOCOL, "RFC3207#6",
	    "Bytes in the clear came behind the answer to STARTTLS, as if to "
	    "be read within TLS. The server, or somebody between, is at "
	    "fault." },
	{ "STARTTLS_INJECTION", SEV_CRIT, EX_PROTOCOL, "RFC3207#6", "A command "
	    "sent in the clear behind STARTTLS was carried out within TLS: "
	    "CVE-2011-0411 and its like. Update the server." },
	{ "AUTH_BEFORE_TLS", SEV_WARN, EX_PROTOCOL, "RFC8314#3.3", "Login is "
	    "offered before TLS: clients that take it send passwords in the "
	    "clear. Offer it within TLS only." },
	{ "NO_STARTTLS", SEV_WARN, EX_NOPERM, "RFC8314#3", "TLS is not "
	    "offered." },
	{ "STARTTLS_REFUSED", SEV_CRIT, EX_NOPERM, "RFC3207#4", "TLS is "
	    "offered, but refused when asked for." },
	{ "EHLO_REFUSED", SEV_HINT, EX_PROTOCOL, "RFC5321#3.2", "The server "
	    "knows HELO only: no extensions, and so no TLS." },
	{ "BANNER_CONTROL", SEV_WARN, EX_PROTOCOL, "RFC5321#4.2", "Control "
	    "characters in the greeting, which may do things to a terminal." },
	{ "CERT_EXPIRED", SEV_CRIT, EX_NOPERM, "RFC5280#4.1.2.5", "The "
	    "certificate has expired. Renew it, and reload the server." },
	{ "CERT_NOT_YET", SEV_CRIT, EX_NOPERM, "RFC5280#4.1.2.5", "The "
	    "certificate is not valid yet: look at the clocks." },
	{ "CERT_SOON", SEV_WARN, EX_NOPERM, "RFC5280#4.1.2.5", "The "
	    "certificate will expire soon. Renew it, and reload the server." },
	{ "CERT_SELF_SIGNED", SEV_CRIT, EX_NOPERM, "RFC5280#6", "The "
	    "certificate is self-signed: nobody says whose it is." },
	{ "CERT_INCOMPLETE", SEV_CRIT, EX_NOPERM, "RFC5246#7.4.2", "The "
	    "issuer of the certificate is neither sent nor trusted: the server "
	    "should send the intermediate certificates, too (the full chain)."
	    },
	{ "CERT_UNTRUSTED", SEV_CRIT, EX_NOPERM, "RFC5280#6", "The chain ends "
	    "in an authority that is not trusted here." },
	{ "CERT_WEAK", SEV_CRIT, EX_NOPERM, "RFC8301", "A key that is too "
	    "short, or a signature with a broken digest." },
	{ "CERT_PURPOSE", SEV_CRIT, EX_NOPERM, "RFC5280#4.2.1.12", "The "
	    "certificate is not one for servers." },
	{ "CERT_REVOKED", SEV_CRIT, EX_NOPERM, "RFC5280#5", "The issuer has "
	    "revoked the certificate. Get a new one, with a new key." },
	{ "CERT_BAD", SEV_CRIT, EX_NOPERM, "RFC5280#6", "The chain does not "
	    "verify." },
	{ "CERT_NAME", SEV_CRIT, EX_NOPERM, "RFC9525#6", "The certificate is "
	    "for other names than the one that clients use." },
	{ "CERT_CN_ONLY", SEV_CRIT, EX_NOPERM, "RFC9525#6.3", "The name is in "
	    "the common name only; clients look at subjectAltName." },
	{ "CERT_NONE", SEV_CRIT, EX_NOPERM, "RFC5246#7.4.2", "The server has "
	    "no certificate." },
	{ "CLIENT_CERT", SEV_HINT, EX_NOPERM, "RFC8446#4.3.2", "The server asks "
	    "for a certificate of the client." },
	{ "TLS_OLD", SEV_CRIT, EX_NOPERM, "RFC8996", "The best TLS version "
	    "that the server has is too old." },
	{ "TLS_OLD_OFFERED", SEV_WARN, EX_NOPERM, "RFC8996", "The server still "
	    "takes a TLS version that is too old." },
	{ "TLS_HYBRID", SEV_WARN, EX_NOPERM, "RFC8446#4.2.8", "A first message "
	    "with a hybrid group, which is longer, is not answered: something "
	    "before the server loses its second packet, and many clients wait "
	    "long." },
	{ "TLS_NO_13", SEV_HINT, EX_NOPERM, "RFC8446", "The server does not "
	    "have TLS 1.3." },
	{ "DANE_MISMATCH", SEV_CRIT, EX_NOPERM, "RFC7672#3.1", "No TLSA record "
	    "fits what the server sent: senders with DANE do not deliver." },
	{ "DANE_STALE", SEV_HINT, EX_NOPERM, "RFC7671#8.1", "A TLSA record fits "
	    "nothing that the server sent: old, or for the next key." },
	{ "DANE_UNUSABLE", SEV_WARN, EX_NOPERM, "RFC7672#3.1.3", "None of the "
	    "TLSA records is of use." },
	{ "DANE_TEMP", SEV_CRIT, EX_TEMPFAIL, "RFC7672#2.1.2", "The TLSA "
	    "record of a signed host cannot be looked up: senders with DANE "
	    "keep the mail." },
	{ "DANE_NO_TLS", SEV_CRIT, EX_NOPERM, "RFC7672#2.2", "The host has TLSA "
	    "records, but the server has no TLS: senders with DANE do not "
	    "deliver." },
	{ "DANE_REQUIRED", SEV_CRIT, EX_NOPERM, "RFC7672", "DANE is demanded by "
	    "--dane require, and does not apply." },
	{ "STS_FAIL", SEV_CRIT, EX_NOPERM, "RFC8461#4", "The policy is in "
	    "enforce mode, and this server does not satisfy it: senders with "
	    "MTA-STS do not deliver." },
	{ "STS_TESTING", SEV_WARN, EX_NOPERM, "RFC8461#5", "The policy is in "
	    "testing mode; enforced, mail would not be delivered here." },
	{ "STS_ERROR", SEV_WARN, EX_NOPERM, "RFC8461#3.3", "There is a record "
	    "for MTA-STS, but no policy." },
	{ "PORT25_BLOCKED", SEV_HINT, EX_TEMPFAIL, "RFC5068#3.1", "Port 25 "
	    "does not answer, but others of the same host do: it is probably "
	    "blocked on the way out of this network, as many providers do. Ask "
	    "from elsewhere." },
	{ "NO_ROUTE", SEV_WARN, EX_UNAVAILABLE, "RFC6724", "This machine has "
	    "no way to addresses of this family: nothing is known about the "
	    "server. -4 or -6 leaves them out." },
	{ "LATENCY", SEV_WARN, EX_TEMPFAIL, "RFC5321#4.5.3.2", "The probe took "
	    "longer than --lat-warn or --lat-crit allows." },
	{ "CAPS_MISSING", SEV_CRIT, EX_PROTOCOL, "RFC5321#4.1.1.1",
	    "A capability of --caps-expect is not there." },
	{ "SUBMIT_AUTH", SEV_HINT, EX_UNAVAILABLE, "RFC6409#4.3", "The server "
	    "takes mail only after login." },
	{ "SUBMIT_DEFERRED", SEV_WARN, EX_TEMPFAIL, "RFC5321#4.2.1",
	    "The test of --submit-test was put off." },
	{ "SUBMIT_REFUSED", SEV_CRIT, EX_UNAVAILABLE, "RFC5321#4.2.1",
	    "The test of --submit-test was refused." },
	{ .id = NULL }
};

const char *const judge_severity[] = { "hint", "warn", "crit" };

static void
find(struct report *, const char *id, enum severity, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void
find(struct report *r, const char *id, enum severity sev, const char *fmt,
    ...)
{
	const struct finding_kind *k = kinds;
	struct finding *f;
	char text[700];
	va_list ap;

	while (k->id != NULL && strcmp(k->id, id) != 0)
		k++;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	f = arena_new(r->mem, 1, sizeof *f);
	f->kind = k;
	f->sev = sev;
	f->text = arena_dup(r->mem, str_of(text));
	*r->last = f;
	r->last = &f->next;
}

static bool
found(const struct report *r, const char *id)
{
	const struct finding *f;

	for (f = r->findings; f != NULL; f = f->next)
		if (strcmp(f->kind->id, id) == 0)
			return true;
	return false;
}

/* ---- certificates */

static bool
enforced(const struct report *r)
{
	const struct sts *s = r->target->sts;

	return r->relay && s != NULL && s->have &&
	    s->policy.mode == MTASTS_ENFORCE;
}

/* How bad is a bad certificate here? */
static enum severity
weight(const struct report *r)
{
	if (r->run->no_verify)
		return SEV_HINT;
	if (!r->relay || enforced(r))
		return SEV_CRIT;
	return strcmp(r->dane_state, "match") == 0 ? SEV_HINT : SEV_WARN;
}

static void
date(int64_t at, char dst[16])
{
	time_t t = (time_t)at;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(dst, 16, "%Y-%m-%d",
	    &tm) == 0)
		snprintf(dst, 16, "?");
}

int
judge_days(const struct report *r, const struct tls_cert *c)
{
	int64_t s = c->until - r->run->now;
	int64_t d = s >= 0 ? s / 86400 : -((-s + 86399) / 86400);

	return d > 99999 ? 99999 : d < -99999 ? -99999 : (int)d;
}

static const char *
whose(const struct report *r, size_t i)
{
	return i == 0 ? "the certificate" : arena_printf(r->mem,
	    "certificate %zu (%s)", i, r->tls.cert[i].subject);
}

static void
dates(struct report *r, size_t i)
{
	const struct tls_cert *c = &r->tls.cert[i];
	enum severity sev = weight(r);
	int days = judge_days(r, c);
	char day[16];

	if (i > 0 && c->self_signed)
		return;		/* a root: what is trusted has its own */
	if (days < r->days)
		r->days = days;
	date(c->until, day);
	if (c->until < r->run->now)
		find(r, "CERT_EXPIRED", sev, "%s expired on %s", whose(r, i),
		    day);
	else if (days < (int)r->run->crit_days)
		find(r, "CERT_SOON", sev, "%s expires on %s, in %d days",
		    whose(r, i), day, days);
	else if (days < (int)r->run->warn_days)
		find(r, "CERT_SOON", sev < SEV_WARN ? sev : SEV_WARN,
		    "%s expires on %s, in %d days", whose(r, i), day, days);
	date(c->from, day);
	if (c->from > r->run->now)
		find(r, "CERT_NOT_YET", sev, "%s is valid from %s on",
		    whose(r, i), day);
}

static void
strength(struct report *r, size_t i)
{
	const struct tls_cert *c = &r->tls.cert[i];

	if (i > 0 && c->self_signed)
		return;
	if (c->weak_key)
		find(r, "CERT_WEAK", weight(r), "%s has a weak key: %s",
		    whose(r, i), c->key);
	if (c->weak_hash)
		find(r, "CERT_WEAK", weight(r), "%s is signed with %s",
		    whose(r, i), c->sigalg);
}

static void
names(struct report *r)
{
	const struct tls_cert *c = &r->tls.cert[0];
	struct buf b = { .max = 400 };
	size_t i;

	for (i = 0; i < c->nsan && b.n < 300; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", c->san[i]);
	if (r->tls.name == TLS_NAME_MISMATCH)
		find(r, "CERT_NAME", weight(r), "the certificate is for %s, "
		    "not for %s", b.n > 0 ? b.p : "no name", r->name);
	if (r->tls.name == TLS_NAME_CN_ONLY)
		find(r, "CERT_CN_ONLY", weight(r), "%s is in the common name "
		    "only", r->name);
	buf_free(&b);
}

static void
chain(struct report *r)
{
	static const char *const ids[] = { [TLS_CHAIN_SELF] =
	    "CERT_SELF_SIGNED", [TLS_CHAIN_INCOMPLETE] = "CERT_INCOMPLETE",
	    [TLS_CHAIN_UNTRUSTED] = "CERT_UNTRUSTED", [TLS_CHAIN_EXPIRED] =
	    "CERT_EXPIRED", [TLS_CHAIN_NOTYET] = "CERT_NOT_YET",
	    [TLS_CHAIN_WEAK] = "CERT_WEAK", [TLS_CHAIN_PURPOSE] =
	    "CERT_PURPOSE", [TLS_CHAIN_REVOKED] = "CERT_REVOKED",
	    [TLS_CHAIN_BAD] = "CERT_BAD" };
	const struct tls_facts *f = &r->tls;
	const struct tls_cert *last = &f->cert[f->ncert - 1];

	if (f->chain == TLS_CHAIN_OK || found(r, ids[f->chain]))
		return;
	if (f->chain == TLS_CHAIN_INCOMPLETE)
		find(r, ids[f->chain], weight(r), "its issuer, %s, is neither "
		    "sent nor trusted", last->issuer);
	else if (f->chain == TLS_CHAIN_UNTRUSTED)
		find(r, ids[f->chain], weight(r), "%s is not trusted here",
		    last->issuer);
	else
		find(r, ids[f->chain], weight(r), "%s (certificate %d)",
		    f->text, f->depth);
}

static void
certificates(struct report *r)
{
	size_t i;

	if (!r->have_cert) {
		find(r, "CERT_NONE", weight(r), "no certificate was sent");
		return;
	}
	for (i = 0; i < r->tls.ncert; i++) {
		dates(r, i);
		strength(r, i);
	}
	chain(r);
	names(r);
}

/* ---- TLS */

static const char *const version_names[] = { "1.0", "1.1", "1.2", "1.3" };

static void
versions(struct report *r)
{
	int i;

	for (i = 0; i < VERSIONS; i++)
		if (r->versions[i] == TRIED_YES &&
		    TLS_1_0 + i < (int)r->run->min_tls)
			find(r, "TLS_OLD_OFFERED", SEV_WARN, "TLS %s is taken",
			    version_names[i]);
	if (r->versions[VERSIONS - 1] == TRIED_NO)
		find(r, "TLS_NO_13", SEV_HINT, "TLS 1.3 is not taken");
}

static void
without_tls(struct report *r)
{
	bool lmtp = r->proto != NULL && r->proto->talk != NULL &&
	    strcmp(r->proto->talk->name, "lmtp") == 0;
	enum severity sev = r->run->require_tls ||
	    r->run->mode == MODE_STARTTLS ? SEV_CRIT : lmtp ? SEV_HINT :
	    SEV_WARN;

	if (r->starttls_said != NULL && r->starttls == 1)
		find(r, "STARTTLS_REFUSED", r->relay && sev != SEV_CRIT ?
		    SEV_WARN : SEV_CRIT, "%s", r->starttls_said);
	else if (r->starttls == 0 && r->run->mode != MODE_OFF)
		find(r, "NO_STARTTLS", sev, "TLS is not offered");
	else if (r->run->require_tls)
		find(r, "NO_STARTTLS", SEV_CRIT, "there is no TLS");
}

static void
tls(struct report *r)
{
	if (r->buffered)
		find(r, "PLAIN_AFTER_STARTTLS", SEV_CRIT, "bytes in the clear "
		    "behind the answer to STARTTLS");
	if (r->client_cert)
		find(r, "CLIENT_CERT", SEV_HINT, "a client certificate is "
		    "asked for");
	if (!r->in_tls) {
		if (r->trouble.class == NULL)
			without_tls(r);
		return;
	}
	certificates(r);
	if (r->classic)
		find(r, "TLS_HYBRID", SEV_WARN, "a first message with a hybrid "
		    "group is not answered, one with classic groups is");
	if (r->tls.number < r->run->min_tls)
		find(r, "TLS_OLD", weight(r), "%s", r->tls.version);
}

/* ---- DANE and MTA-STS */

static const char *
dane_state(const struct report *r)
{
	if (r->run->dane == DANE_OFF)
		return "off";
	if (!r->dane_asked || r->dane_why != NULL)
		return "none";
	if (r->dane.state != TLSA_USABLE)
		return tlsa_state(r->dane.state);
	return !r->in_tls ? "untried" : r->tls.dane ? "match" : "mismatch";
}

const char *
judge_dane_record(const struct report *r, size_t i)
{
	if (r->dane.use[i] == TLSA_NOUSE)
		return "unusable";
	if (r->rr == NULL)
		return "untried";
	if (r->rr[i].depth >= 0)
		return "matched";
	return r->dane.use[i] == TLSA_DROPPED ? "ignored" : "unmatched";
}

static void
stale(struct report *r)
{
	const struct dns_rr *rr;
	unsigned i;

	for (i = 0; i < r->dane.answer->n; i++) {
		rr = &r->dane.answer->rr[i];
		if (strcmp(judge_dane_record(r, i), "unmatched") == 0)
			find(r, "DANE_STALE", SEV_HINT, "%u %u %u fits "
			    "nothing that was sent", rr->usage, rr->selector,
			    rr->mtype);
	}
}

static void
dane(struct report *r)
{
	const char *s = r->dane_state;

	if (strcmp(s, "mismatch") == 0)
		find(r, "DANE_MISMATCH", r->run->no_verify ? SEV_HINT :
		    SEV_CRIT, "%zu TLSA records: %s", r->dane.usable,
		    r->tls.dane_text != NULL ? r->tls.dane_text :
		    "none matches");
	else if (strcmp(s, "match") == 0)
		stale(r);
	else if (strcmp(s, "temp") == 0 && r->us.tcp >= 0)
		find(r, "DANE_TEMP", SEV_CRIT, "%s", r->dane.why);
	else if (strcmp(s, "unusable") == 0)
		find(r, "DANE_UNUSABLE", SEV_WARN, "%u TLSA records",
		    r->dane.answer->n);
	else if (strcmp(s, "untried") == 0 && r->trouble.class == NULL)
		find(r, "DANE_NO_TLS", SEV_CRIT, "%zu TLSA records, and no "
		    "TLS", r->dane.usable);
	if (r->run->dane == DANE_REQUIRE && strcmp(s, "match") != 0 &&
	    r->trouble.class == NULL)
		find(r, "DANE_REQUIRED", SEV_CRIT, "DANE: %s%s%s", s,
		    r->dane_why != NULL || r->dane.why != NULL ? ", " : "",
		    r->dane_why != NULL ? r->dane_why : r->dane.why != NULL ?
		    r->dane.why : "");
}

static void
sts(struct report *r)
{
	const struct sts *s = r->target->sts;
	bool cert = r->in_tls && r->have_cert &&
	    r->tls.chain == TLS_CHAIN_OK && r->tls.name == TLS_NAME_MATCH;

	if (s == NULL || r->us.tcp < 0)
		return;
	if (s->error != NULL)
		find(r, "STS_ERROR", SEV_WARN, "MTA-STS: %s", s->error);
	if (!s->have || s->policy.mode == MTASTS_NONE)
		return;
	r->sts_covers = mtasts_covers(&s->policy, r->host);
	if (r->trouble.class != NULL)
		return;
	r->sts_verdict = r->sts_covers && cert ? "pass" : "fail";
	if (strcmp(r->sts_verdict, "pass") != 0)
		find(r, s->policy.mode == MTASTS_ENFORCE ? "STS_FAIL" :
		    "STS_TESTING", s->policy.mode == MTASTS_ENFORCE ?
		    SEV_CRIT : SEV_WARN, "%s would fail: %s",
		    mtasts_mode(s->policy.mode), !r->sts_covers ?
		    "the policy does not name this host" : !r->in_tls ?
		    "there is no TLS" : "the certificate does not verify");
}

/* ---- dialogue */

static void
expected(struct report *r)
{
	const struct caps *c = r->caps_tls.known ? &r->caps_tls : &r->caps;
	size_t i;

	for (i = 0; i < r->run->expect.n; i++)
		if (!probe_talk_has(c->v, c->n, r->run->expect.v[i]))
			find(r, "CAPS_MISSING", SEV_CRIT, "%s is not there",
			    r->run->expect.v[i]);
}

static void
submission(struct report *r)
{
	int code = r->submit_code;

	if (!r->submit_tried || r->submit_taken || r->submit_said == NULL)
		return;
	if (code == 530 || (code >= 500 && !r->relay && probe_talk_has(
	    r->caps_tls.v, r->caps_tls.n, "AUTH")))
		find(r, "SUBMIT_AUTH", SEV_HINT, "%s: %s", r->submit_at,
		    r->submit_said);
	else if (code < 500)
		find(r, "SUBMIT_DEFERRED", SEV_WARN, "%s: %s", r->submit_at,
		    r->submit_said);
	else
		find(r, "SUBMIT_REFUSED", SEV_CRIT, "%s: %s", r->submit_at,
		    r->submit_said);
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

static void
dialogue(struct report *r)
{
	if (r->preauth && !r->in_tls)
		find(r, "PREAUTH", SEV_CRIT, "the greeting is PREAUTH");
	if (r->login != NULL && r->run->mode != MODE_OFF)
		find(r, "AUTH_BEFORE_TLS", r->run->no_auth ? SEV_CRIT :
		    r->loopback ? SEV_HINT : SEV_WARN, "%s is offered before "
		    "TLS%s", r->login, r->loopback ? ", on the loopback, "
		    "where nobody else can listen" : "");
	else if (r->login != NULL && r->run->no_auth)
		find(r, "AUTH_BEFORE_TLS", SEV_CRIT, "%s is offered without "
		    "TLS", r->login);
	if (r->helo)
		find(r, "EHLO_REFUSED", SEV_HINT, "EHLO is refused, HELO "
		    "is taken");
	if (str_control(r->banner))
		find(r, "BANNER_CONTROL", SEV_WARN, "control characters in "
		    "the greeting");
	if (r->inject == INJECT_TAKEN)
		find(r, "STARTTLS_INJECTION", SEV_CRIT, "a command from "
		    "before TLS was answered within");
	if (r->caps.known && r->caps_tls.known) {
		r->nadded = without(r, &r->caps_tls, &r->caps, &r->added);
		r->nremoved = without(r, &r->caps, &r->caps_tls, &r->removed);
	}
	if (r->trouble.class == NULL)
		expected(r);
	submission(r);
}

static void
latency(struct report *r)
{
	uint64_t ms = r->us.total > 0 ? (uint64_t)r->us.total / 1000 : 0;
	const struct run *run = r->run;

	if (r->trouble.class != NULL)
		return;
	if (run->lat_crit > 0 && ms > run->lat_crit)
		find(r, "LATENCY", SEV_CRIT, "%llu ms", (unsigned long
		    long)ms);
	else if (run->lat_warn > 0 && ms > run->lat_warn)
		find(r, "LATENCY", SEV_WARN, "%llu ms", (unsigned long
		    long)ms);
}

/* ---- the whole */

static const struct {
	const char *class, *state;
	int status;
	enum severity sev;
} troubles[] = {
	{ "refused", "refused", EX_UNAVAILABLE, SEV_CRIT },
	{ "unreachable", "unreachable", EX_UNAVAILABLE, SEV_CRIT },
	{ "timeout-connect", "filtered", EX_TEMPFAIL, SEV_CRIT },
	{ "timeout-banner", "timeout", EX_TEMPFAIL, SEV_CRIT },
	{ "timeout-tls", "timeout", EX_TEMPFAIL, SEV_CRIT },
	{ "timeout", "timeout", EX_TEMPFAIL, SEV_CRIT },
	{ "reset", "reset", EX_UNAVAILABLE, SEV_CRIT },
	{ "closed", "closed", EX_UNAVAILABLE, SEV_CRIT },
	{ "smtp-4xx", "smtp-4xx", EX_TEMPFAIL, SEV_WARN },
	{ "smtp-5xx", "smtp-5xx", EX_UNAVAILABLE, SEV_CRIT },
	{ "proto", "proto", EX_PROTOCOL, SEV_CRIT },
	{ "tls-alert", "tls", EX_PROTOCOL, SEV_CRIT },
	{ "tls-proto", "tls", EX_PROTOCOL, SEV_CRIT },
	{ "dns", "dns", 0, SEV_CRIT },		/* has its own status */
	{ "internal", "internal", EX_SOFTWARE, SEV_CRIT },
};

static void
trouble(struct report *r)
{
	size_t i;

	for (i = 0; i < sizeof troubles / sizeof *troubles; i++) {
		if (strcmp(troubles[i].class, r->trouble.class) != 0)
			continue;
		r->state = troubles[i].state;
		r->sev = troubles[i].sev;
		if (troubles[i].status != 0)
			r->status = troubles[i].status;
	}
	if (r->port25 != NULL)
		find(r, "PORT25_BLOCKED", SEV_HINT, "%s: blocked on the way "
		    "out of here?", r->port25);
	if (r->local && strchr(r->ip, ':') != NULL) {
		find(r, "NO_ROUTE", SEV_WARN, "this machine has no IPv6");
		r->sev = SEV_WARN;
		r->status = 0;
	}
}

static void
sum_up(struct report *r)
{
	const struct finding *f;

	for (f = r->findings; f != NULL; f = f->next) {
		if (f->sev > r->sev)
			r->sev = f->sev;
		if (f->sev != SEV_CRIT)
			continue;
		r->status = fail_worse(r->status, f->kind->status);
		if (f->kind->status == EX_NOPERM && r->trouble.class == NULL) {
			r->state = "cert";
			r->trouble = (struct trouble){ .class = "cert",
			    .stage = "tls", .text = f->text };
		}
	}
}

void
judge(struct report *r)
{
	r->last = &r->findings;
	r->state = "ok";
	r->sev = SEV_HINT;
	r->days = INT_MAX;
	r->dane_state = dane_state(r);
	if (r->trouble.class != NULL)
		trouble(r);
	tls(r);
	versions(r);
	dane(r);
	sts(r);
	dialogue(r);
	latency(r);
	sum_up(r);
}

const char *
judge_tried(enum tried t)
{
	static const char *const words[] = { NULL, "yes", "no", "error" };

	return words[t];
}

const char *
judge_injected(enum injected i)
{
	static const char *const words[] = { NULL, "safe", "vulnerable",
	    "refused", "unknown" };

	return words[i];
}

void
judge_kinds(struct buf *b)
{
	const struct finding_kind *k;

	for (k = kinds; k->id != NULL; k++)
		buf_printf(b, "%s\t%s\t%s\t%s\t%s\n", k->id,
		    judge_severity[k->sev], k->status == EX_NOPERM ? "cert" :
		    "probe", k->ref, k->help);
}
