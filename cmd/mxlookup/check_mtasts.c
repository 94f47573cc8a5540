/*
 * check_mtasts.c: MTA-STS (RFC 8461): must mail to the domain be encrypted?
 *
 * The TXT record says that there is a policy; with --fetch the policy is got
 * over HTTPS and each MX is compared with it, as a sender would.
 */
#include "checks.h"
#include "json.h"
#include "near.h"
#include "run.h"
#include "show.h"
#include "sts.h"
#include "task.h"

enum { SECONDS = 20 };

/* The options. */
static struct {
	bool fetch, wary;
	const char *known_id;
	double seconds;
	uint64_t port;
	struct tls_conf tls;
} o;

static const struct finding_kind findings[] = {
	{ "MTASTS_MANY", FINDING_ERROR, "RFC8461#3.1",
	    "There is more than one v=STSv1 record: senders act as if there were none. Keep one." },
	{ "MTASTS_SYNTAX", FINDING_ERROR, "RFC8461#3.1",
	    "The record must be v=STSv1; and id= with 1 to 32 letters and digits, to the letter; else senders act as if there were none." },
	{ "MTASTS_MISPLACED", FINDING_WARN, "RFC8461#3.1",
	    "A record for MTA-STS stands where nobody looks: it belongs to _mta-sts.DOMAIN; the policy is at mta-sts.DOMAIN." },
	{ "MTASTS_FETCH", FINDING_ERROR, "RFC8461#3.3",
	    "The policy cannot be got: https://mta-sts.DOMAIN/.well-known/mta-sts.txt must answer 200 with text/plain, without a redirect, with a valid certificate." },
	{ "MTASTS_TEMP", FINDING_WARN, "RFC8461#3.3",
	    "The policy server cannot be reached now; senders go on with the policy they know." },
	{ "MTASTS_POLICY", FINDING_ERROR, "RFC8461#3.2",
	    "The policy cannot be parsed: senders act as if there were none." },
	{ "MTASTS_MX_MISMATCH", FINDING_ERROR, "RFC8461#4.1",
	    "A mail host does not fit the patterns of a policy in enforce mode: senders will not deliver to it." },
	{ "MTASTS_MX_TESTING", FINDING_WARN, "RFC8461#5",
	    "A mail host does not fit the patterns of the policy, which is in testing mode." },
	{ "MTASTS_MAX_AGE", FINDING_HINT, "RFC8461#3.2",
	    "max_age is less than a week: a policy that is soon forgotten protects little." },
	{ "MTASTS_ID", FINDING_HINT, "RFC8461#3.1",
	    "The id is another than the known one: the policy has changed." },
	{ .id = NULL }
};

static const struct near_place misplaced[] = {
	{ "mta-sts", false }, { "_mta_sts", false }, { "_mta-sts", true },
	{ "", false }, { NULL, false }
};

static void
judge_policy(struct task *t, const struct mtasts *p)
{
	size_t i;

	if (p->mode == MTASTS_NONE || t->mx.route == MX_NULL)
		return;
	for (i = 0; i < t->mx.n; i++)
		if (!mtasts_covers(p, t->mx.host[i].name))
			task_find(t, p->mode == MTASTS_ENFORCE ?
			    "MTASTS_MX_MISMATCH" : "MTASTS_MX_TESTING",
			    t->mx.host[i].name,
			    "not covered by the policy's mx (%s)",
			    mtasts_mode(p->mode));
	if (p->max_age < 604800)
		task_find(t, "MTASTS_MAX_AGE", NULL, "max_age %llu",
		    (unsigned long long)p->max_age);
}

static void
judge_mtasts(struct task *t, const struct sts *s)
{
	near_find(t, s->answer, MEANT_STS, "MTASTS_SYNTAX");
	near_misplaced(t, s->answer, MEANT_STS, "MTASTS_MISPLACED", misplaced);
	switch (s->state) {
	case STS_MANY:
		task_find(t, "MTASTS_MANY", NULL, "%u records", s->found);
		break;
	case STS_MALFORMED:
		task_find(t, "MTASTS_SYNTAX", NULL, "%s", s->why);
		break;
	case STS_TEMP:
		task_find(t, "MTASTS_TEMP", NULL, "%s", s->why);
		t->ask.unknown |= CHECK_BIT(CHECK_MTASTS);
		break;
	case STS_FAILED:
		task_find(t, "MTASTS_FETCH", NULL, "%s", s->why);
		break;
	case STS_INVALID:
		task_find(t, "MTASTS_POLICY", NULL, "line %zu: %s",
		    s->policy.line, s->policy.why);
		break;
	case STS_POLICY:
		judge_policy(t, &s->policy);
		break;
	case STS_NONE:
	case STS_UNKNOWN:
	case STS_RECORD:
		break;
	}
	if (s->id.p != NULL && o.known_id != NULL &&
	    !str_is(s->id, o.known_id))
		task_find(t, "MTASTS_ID", NULL, "id is %.*s, not %s",
		    STR_ARG(s->id), o.known_id);
}

static bool
run_mtasts(struct task *t)
{
	struct sts *s = t->result[CHECK_MTASTS];

	if (s == NULL) {
		s = t->result[CHECK_MTASTS] = arena_new(t->mem, 1, sizeof *s);
		s->way = o.fetch ? &t->run->sts : NULL;
		s->seconds = o.seconds > 0 ? o.seconds : SECONDS;
		s->early = true;
	}
	if (!sts_get(s, &t->ask, t->domain) ||
	    !near_look(t, s->answer, MEANT_STS, misplaced))
		return false;
	judge_mtasts(t, s);
	return true;
}

static void
json_policy(struct json *j, const struct sts *s)
{
	const struct mtasts *p = &s->policy;
	bool have = s->state == STS_POLICY;
	size_t i;

	if (s->http > 0)
		json_int(j, "http", s->http);
	json_s(j, "error", s->why);
	json_s(j, "mode", have ? mtasts_mode(p->mode) : NULL);
	if (!have)
		return;
	json_int(j, "max_age", (int64_t)p->max_age);
	json_open(j, "mx", '[');
	for (i = 0; i < p->nmx; i++)
		json_str(j, NULL, p->mx[i]);
	json_close(j, ']');
}

static void
json_mtasts(const struct task *t, struct json *j, const char *key)
{
	const struct sts *s = t->result[CHECK_MTASTS];

	json_open(j, key, '{');
	show_answer(j, s->answer);
	show_record(j, s->record);
	near_json(t, j, s->answer, MEANT_STS);
	if (s->id.p != NULL)
		json_str(j, "id", s->id);
	else
		json_null(j, "id");
	if (s->tried)
		json_policy(j, s);
	json_close(j, '}');
}

static void
text_mtasts(const struct task *t, struct buf *b)
{
	const struct sts *s = t->result[CHECK_MTASTS];

	buf_s(b, "  MTASTS ");
	show_found(b, s->answer, s->record);
	if (s->state == STS_POLICY)
		buf_printf(b, "  mode=%s max_age=%llu",
		    mtasts_mode(s->policy.mode),
		    (unsigned long long)s->policy.max_age);
	else if (s->tried)
		buf_s(b, "  no policy");
	buf_c(b, '\n');
	near_text(b, s->answer, MEANT_STS);
}

/* Does the policy name this host: "match", "mismatch", or NULL. */
static const char *
host_verdict(const struct task *t, const struct mx_host *h)
{
	const struct sts *s = t->result[CHECK_MTASTS];

	if (s->state != STS_POLICY || s->policy.mode == MTASTS_NONE)
		return NULL;
	return mtasts_covers(&s->policy, h->name) ? "match" : "mismatch";
}

static void
host_json_mtasts(const struct task *t, const struct mx_host *h, struct json *j)
{
	json_s(j, "sts", host_verdict(t, h));
}

static void
host_text_mtasts(const struct task *t, const struct mx_host *h, struct buf *b)
{
	const char *v = host_verdict(t, h);

	if (v != NULL)
		buf_printf(b, " sts=%s", v);
}

static int
init_mtasts(struct run *r, struct err *e)
{
	if (o.port > 65535)
		return fail(e, EX_USAGE, "--fetch-port: no port");
	if (o.tls.min != TLS_ANY && o.tls.min < TLS_1_2)
		fail_print("WARNING: --tls-min %s: TLS before 1.2 is broken: a policy may be anybody's",
		    tls_version_name(o.tls.min));
	if (!o.fetch)
		return 0;
	r->sts.tls = o.tls;
	r->sts.port = (unsigned)o.port;
	r->sts.wary = o.wary;
	return sts_open(&r->sts, &r->box, e);
}

/* A file that is not there is told also where nothing is fetched. */
static int
trusted(void *to, const char *path, struct err *e)
{
	struct tls_conf one = { 0 };

	*(const char **)to = path;
	one.ca = o.tls.ca;
	one.crl = o.tls.crl;
	return tls_check(&one, e);
}

static const struct opt options[] = {
	{ .name = "fetch", .kind = OPT_FLAG, .to = &o.fetch,
	    .help = "-C mtasts, with the policy by HTTPS",
	    .flags = OPT_NOCONF },
	{ .name = "only-public", .kind = OPT_FLAG, .to = &o.wary,
	    .help = "--fetch asks only servers with public addresses",
	    .flags = OPT_NOCONF },
	{ .name = "fetch-timeout", .arg = "SECONDS", .kind = OPT_SECONDS,
	    .to = &o.seconds,
	    .help = "for a policy and all addresses of its server (20)",
	    .flags = OPT_NOCONF },
	{ .name = "known-id", .arg = "ID", .kind = OPT_TEXT, .to = &o.known_id,
	    .help = "-C mtasts, and is the id this one?", .flags = OPT_NOCONF },
	{ .name = "ca", .arg = "FILE|DIR", .kind = OPT_CALL, .to = &o.tls.ca,
	    .call = trusted, .help = "trust these certificates for --fetch" },
	{ .name = "crl", .arg = "FILE", .kind = OPT_CALL, .to = &o.tls.crl,
	    .call = trusted,
	    .help = "certificates that their issuers have revoked",
	    .flags = OPT_NOCONF },
	{ .name = "tls-min", .arg = "VERSION", .kind = OPT_CHOICE,
	    .to = &o.tls.min, .choices = tls_version_choices,
	    .help = "1.0, 1.1, 1.2 (the default) or 1.3, for --fetch",
	    .flags = OPT_NOCONF },
	{ .name = "tls-groups", .arg = "LIST", .kind = OPT_TEXT,
	    .to = &o.tls.groups,
	    .help = "of key exchange, as OpenSSL has it (X25519:P-256)",
	    .flags = OPT_NOCONF },
	{ .name = "tls-strict", .kind = OPT_FLAG, .to = &o.tls.strict,
	    .help = "chains must follow RFC 5280 to the letter",
	    .flags = OPT_NOCONF },
	{ .name = "fetch-port", .arg = "N", .kind = OPT_NUMBER, .to = &o.port,
	    .help = "not 443, for tests", .flags = OPT_HIDDEN },
	{ .name = NULL }
};

const struct check check_mtasts = {
	.name = "mtasts", .about = "MTA-STS (RFC 8461)",
	.needs = CHECK_BIT(CHECK_MX),
	.run = run_mtasts, .json = json_mtasts, .text = text_mtasts,
	.host_json = host_json_mtasts, .host_text = host_text_mtasts,
	.findings = findings, .options = options, .init = init_mtasts,
};
