/*
 * check_mtasts.c: MTA-STS (RFC 8461): must mail to the domain be encrypted?
 *
 * The TXT record says that there is a policy; with --fetch the policy is got
 * over HTTPS and each MX is compared with it, as a sender would.
 */
#include "checks.h"
#include "https_pool.h"
#include "mtasts.h"
#include "tag.h"

enum { SECONDS = 20 };

struct result {
	const struct dns_answer *answer;
	struct str record, id;
	bool fetched;		/* tried to */
	struct https_job *job;	/* under way, or done */
	const char *error;	/* why there is no policy, or NULL */
	int http;
	struct mtasts policy;
	bool have;		/* there is a valid one */
};

static bool fetch;
static const char *known_id;
static struct tls_conf conf;	/* the sessions look into it */
static uint64_t port;
static double seconds;
static struct tls_ctx *tls;

static const struct finding_kind findings[] = {
	{ "MTASTS_MANY", SEV_ERROR, "RFC8461#3.1", "There is more than one "
	    "v=STSv1 record: senders act as if there were none. Keep one." },
	{ "MTASTS_SYNTAX", SEV_ERROR, "RFC8461#3.1", "The record must be "
	    "v=STSv1; and id= with 1 to 32 letters and digits, to the letter; "
	    "else senders act as if there were none." },
	{ "MTASTS_FETCH", SEV_ERROR, "RFC8461#3.3", "The policy cannot be got: "
	    "https://mta-sts.DOMAIN/.well-known/mta-sts.txt must answer 200 "
	    "with text/plain, without a redirect, with a valid certificate." },
	{ "MTASTS_TEMP", SEV_WARN, "RFC8461#3.3", "The policy server cannot be "
	    "reached now; senders go on with the policy they know." },
	{ "MTASTS_POLICY", SEV_ERROR, "RFC8461#3.2", "The policy cannot be "
	    "parsed: senders act as if there were none." },
	{ "MTASTS_MX_MISMATCH", SEV_ERROR, "RFC8461#4.1", "A mail host does not "
	    "fit the patterns of a policy in enforce mode: senders will not "
	    "deliver to it." },
	{ "MTASTS_MX_TESTING", SEV_WARN, "RFC8461#5", "A mail host does not "
	    "fit the patterns of the policy, which is in testing mode." },
	{ "MTASTS_MAX_AGE", SEV_HINT, "RFC8461#3.2", "max_age is less than a "
	    "week: a policy that is soon forgotten protects little." },
	{ "MTASTS_ID", SEV_HINT, "RFC8461#3.1", "The id is another than the "
	    "known one: the policy has changed." },
	{ .id = NULL }
};

static void
failed(struct task *t, struct result *r, const struct err *e)
{
	bool temp = e->code == EX_TEMPFAIL;

	r->error = arena_dup(t->mem, str_of(e->msg));
	task_find(t, temp ? "MTASTS_TEMP" : "MTASTS_FETCH", NULL, "%s",
	    r->error);
	t->ask.unknown |= temp ? CHECK_BIT(CHECK_MTASTS) : 0;
}

static void
fetched(struct https_job *f)
{
	struct task *t = f->arg;

	ask_release(&t->ask, CHECK_MTASTS);
}

static struct https_job *
job(struct task *t, const struct dns_answer *a, const struct dns_answer *aaaa)
{
	const struct dns_answer *both[2] = { a, aaaa };
	struct https_job *f = arena_new(t->mem, 1, sizeof *f);
	unsigned i, k;

	f->get = (struct https){ .port = (unsigned)port, .tls = tls,
	    .host = arena_printf(t->mem, "mta-sts.%s", t->domain),
	    .path = "/.well-known/mta-sts.txt",
	    .body = { .max = MTASTS_MAX } };
	for (i = 0; i < 2; i++)
		for (k = 0; k < both[i]->n && f->ndial < HTTPS_DIALS; k++)
			dns_addr(both[i]->rr[k].data, f->dial[f->ndial++],
			    sizeof *f->dial);
	f->seconds = seconds > 0 ? seconds : SECONDS;
	f->done = fetched;
	f->arg = t;
	return f;
}

/* Beside the loop; false: it is under way. */
static bool
start(struct task *t, struct result *r, const struct dns_answer *a,
    const struct dns_answer *aaaa)
{
	struct err e = { .code = 0 };

	r->job = job(t, a, aaaa);
	r->fetched = true;
	if (r->job->ndial == 0)
		fail(&e, dns_temporary(a->status) ||
		    dns_temporary(aaaa->status) ? EX_TEMPFAIL : EX_NOHOST,
		    "mta-sts.%s: no address (%s)", t->domain,
		    dns_status(dns_temporary(aaaa->status) ? aaaa->status :
		    a->status));
	else if (https_pool_start(&t->run->pool, r->job, &e) == 0) {
		ask_hold(&t->ask);
		return false;
	}
	failed(t, r, &e);
	return true;
}

static void
finish(struct task *t, struct result *r)
{
	struct https *h = &r->job->get;

	r->http = h->status;
	if (r->job->got < 0) {
		failed(t, r, &r->job->e);
	} else if ((r->error = mtasts_unfit(t->mem, h->status, h->type,
	    h->too_big)) != NULL) {
		task_find(t, "MTASTS_FETCH", NULL, "%s", r->error);
	} else {
		r->have = mtasts_parse(t->mem, arena_str(t->mem,
		    BUF_STR(h->body)), &r->policy) == 0;
		if (!r->have)
			task_find(t, "MTASTS_POLICY", NULL, "line %zu: %s",
			    r->policy.line, r->policy.why);
	}
	buf_free(&h->body);
}

static void
compare(struct task *t, const struct result *r)
{
	const struct mtasts *p = &r->policy;
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
parse(struct task *t, struct result *r, unsigned found)
{
	const char *why;

	if (found > 1) {
		task_find(t, "MTASTS_MANY", NULL, "%u records", found);
		return;
	}
	r->id = mtasts_id(r->record, &why);
	if (why != NULL)
		task_find(t, "MTASTS_SYNTAX", NULL, "%s", why);
	else if (known_id != NULL && !str_eq(r->id, str_of(known_id)))
		task_find(t, "MTASTS_ID", NULL, "id is %.*s, not %s",
		    STR_ARG(r->id), known_id);
}

/* Called once more when the policy has come, or has not. */
static bool
run(struct task *t)
{
	struct result *r = t->result[CHECK_MTASTS];
	const struct dns_answer *a = NULL, *aaaa = NULL;
	struct str almost;
	unsigned found;

	if (r == NULL)
		r = arena_new(t->mem, 1, sizeof *r);
	r->answer = ask_dnsf(&t->ask, DNS_TXT, "_mta-sts.%s", t->domain);
	if (fetch) {
		a = ask_dnsf(&t->ask, DNS_A, "mta-sts.%s", t->domain);
		aaaa = ask_dnsf(&t->ask, DNS_AAAA, "mta-sts.%s", t->domain);
		if (a == NULL || aaaa == NULL)
			return false;
	}
	if (r->answer == NULL)
		return false;
	t->result[CHECK_MTASTS] = r;
	found = tag_start(r->answer, MTASTS_START, &r->record);
	if (found > 0)
		parse(t, r, found);
	else if (tag_select(r->answer, "STSv1", &almost) > 0)
		task_find(t, "MTASTS_SYNTAX", NULL, "it does not begin with "
		    MTASTS_START);
	if (r->job != NULL)
		finish(t, r);
	else if (a != NULL && aaaa != NULL && r->id.p != NULL &&
	    !start(t, r, a, aaaa))
		return false;
	if (r->have)
		compare(t, r);
	return true;
}

static void
json_policy(struct json *j, const struct result *r)
{
	size_t i;

	if (r->http > 0)
		json_int(j, "http", r->http);
	json_s(j, "error", r->error != NULL ? r->error : r->policy.why);
	json_s(j, "mode", r->have ? mtasts_mode(r->policy.mode) : NULL);
	if (!r->have)
		return;
	json_int(j, "max_age", (int64_t)r->policy.max_age);
	json_open(j, "mx", '[');
	for (i = 0; i < r->policy.nmx; i++)
		json_str(j, NULL, r->policy.mx[i]);
	json_close(j, ']');
}

static void
json(const struct task *t, struct json *j, const char *key)
{
	const struct result *r = t->result[CHECK_MTASTS];

	json_open(j, key, '{');
	json_answer(j, r->answer);
	checks_record(j, r->record);
	if (r->id.p != NULL)
		json_str(j, "id", r->id);
	else
		json_null(j, "id");
	if (r->fetched)
		json_policy(j, r);
	json_close(j, '}');
}

static void
text(const struct task *t, struct buf *b)
{
	const struct result *r = t->result[CHECK_MTASTS];

	buf_s(b, "  MTASTS ");
	checks_text(b, r->answer, r->record);
	if (r->have)
		buf_printf(b, "  mode=%s max_age=%llu",
		    mtasts_mode(r->policy.mode),
		    (unsigned long long)r->policy.max_age);
	else if (r->fetched)
		buf_s(b, "  no policy");
	buf_c(b, '\n');
}

/* Does the policy name this host: "match", "mismatch", or NULL. */
static const char *
verdict(const struct task *t, const struct mx_host *h)
{
	const struct result *r = t->result[CHECK_MTASTS];

	if (!r->have || r->policy.mode == MTASTS_NONE)
		return NULL;
	return mtasts_covers(&r->policy, h->name) ? "match" : "mismatch";
}

static void
host_json(const struct task *t, const struct mx_host *h, struct json *j)
{
	json_s(j, "sts", verdict(t, h));
}

static void
host_text(const struct task *t, const struct mx_host *h, struct buf *b)
{
	const char *v = verdict(t, h);

	if (v != NULL)
		buf_printf(b, " sts=%s", v);
}

static int
init(struct run *r, struct err *e)
{
	if (port > 65535)
		return fail(e, EX_USAGE, "--fetch-port: no port");
	if (conf.min != TLS_ANY && conf.min < TLS_1_2)
		fail_say("WARNING: --tls-min %s: TLS before 1.2 is broken: a "
		    "policy may be anybody's", tls_version_name(conf.min));
	if (!fetch)
		return 0;
	if (tls == NULL && (tls = tls_ctx_new(&conf, e)) == NULL)
		return -1;
	tls_ctx_reads(tls, &r->box);
	sandbox_port(&r->box, port > 0 ? (unsigned)port : 443);
	return 0;
}

/* A file that is not there is told also where nothing is fetched. */
static int
trusted(void *to, const char *path, struct err *e)
{
	struct tls_conf one = { 0 };

	*(const char **)to = path;
	one.ca = conf.ca;
	one.crl = conf.crl;
	return tls_check(&one, e);
}

static const struct opt options[] = {
	{ .name = "fetch", .kind = OPT_FLAG, .to = &fetch,
	    .help = "-C mtasts, with the policy by HTTPS",
	    .flags = OPT_NOCONF },
	{ .name = "fetch-timeout", .arg = "SECONDS", .kind = OPT_SECONDS,
	    .to = &seconds, .help = "for a policy and all addresses of its "
	    "server (20)", .flags = OPT_NOCONF },
	{ .name = "known-id", .arg = "ID", .kind = OPT_TEXT, .to = &known_id,
	    .help = "-C mtasts, and is the id this one?",
	    .flags = OPT_NOCONF },
	{ .name = "ca", .arg = "FILE|DIR", .kind = OPT_CALL, .to = &conf.ca,
	    .call = trusted,
	    .help = "trust these certificates for --fetch" },
	{ .name = "crl", .arg = "FILE", .kind = OPT_CALL, .to = &conf.crl,
	    .call = trusted,
	    .help = "certificates that their issuers have revoked",
	    .flags = OPT_NOCONF },
	{ .name = "tls-min", .arg = "VERSION", .kind = OPT_CALL,
	    .to = &conf.min, .call = tls_version_set,
	    .help = "1.0, 1.1, 1.2 (the default) or 1.3, for --fetch",
	    .flags = OPT_NOCONF },
	{ .name = "tls-groups", .arg = "LIST", .kind = OPT_TEXT,
	    .to = &conf.groups, .help = "of key exchange, as OpenSSL has it "
	    "(X25519:P-256)", .flags = OPT_NOCONF },
	{ .name = "tls-strict", .kind = OPT_FLAG, .to = &conf.strict,
	    .help = "chains must follow RFC 5280 to the letter",
	    .flags = OPT_NOCONF },
	{ .name = "fetch-port", .arg = "N", .kind = OPT_NUMBER, .to = &port,
	    .help = "not 443, for tests", .flags = OPT_HIDDEN },
	{ .name = NULL }
};

const struct check check_mtasts = {
	.name = "mtasts", .about = "MTA-STS (RFC 8461)",
	.needs = CHECK_BIT(CHECK_MX),
	.run = run, .json = json, .text = text, .host_json = host_json,
	.host_text = host_text, .findings = findings, .options = options,
	.init = init,
};
