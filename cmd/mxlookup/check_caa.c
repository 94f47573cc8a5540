/*
 * check_caa.c: who may issue certificates (CAA, RFC 8659) for the mail hosts,
 * the policy host of MTA-STS, and the domain, whose S/MIME certificates are a
 * matter of issuemail (RFC 9495)
 *
 * The records that count for a name are its own, else those of the next name
 * above it that has any (section 3).
 */
#include <string.h>

#include "checks.h"
#include "json.h"
#include "show.h"
#include "task.h"

enum { NAMES = 32, CLIMB = 16 };

struct caa_record {
	unsigned flags;
	struct str tag, value;
};

struct caa_name {
	const char *name;
	const char *at;			/* whose records count; NULL: none */
	const struct dns_answer *answer;	/* of .at, or the last asked */
	bool unsure;
	bool more;			/* labels than are climbed */
};

struct caa_facts {
	struct caa_name v[NAMES + 2];
	size_t n;
	bool more;			/* hosts than are looked at */
};

static const struct finding_kind findings[] = {
	{ "CAA_NONE", FINDING_HINT, "RFC8659#3",
	    "No CAA record says who may issue certificates for the domain: any authority may." },
	{ "CAA_SYNTAX", FINDING_WARN, "RFC8659#4.1",
	    "A CAA record cannot be read: it has flags, a tag of letters and digits, and a value." },
	{ "CAA_CRITICAL", FINDING_ERROR, "RFC8659#4.1",
	    "A record is marked critical, and its tag is not a known one: no authority may issue a certificate." },
	{ "CAA_NOBODY", FINDING_WARN, "RFC8659#4.2",
	    "No authority may issue a certificate for this host: its next renewal fails, unless it has one of its own for DANE." },
	{ "CAA_LIMIT", FINDING_WARN, "RFC8659#3",
	    "Not all was looked at: of the mail hosts the first 32, of the names above one the first 16." },
	{ .id = NULL }
};

/* ---- records */

static bool
caa_read(struct str data, struct caa_record *r)
{
	const unsigned char *p = (const unsigned char *)data.p;
	size_t i, len;

	if (data.n < 2 || p[1] == 0 || (len = p[1]) > data.n - 2)
		return false;
	r->flags = p[0];
	r->tag = str_to(str_from(data, 2), len);
	r->value = str_from(data, 2 + len);
	for (i = 0; i < len; i++)
		if (!str_alpha(r->tag.p[i]) && !str_digit(r->tag.p[i]))
			return false;
	return true;
}

static bool
tag_known(struct str tag)
{
	static const char *const tags[] = { "issue", "issuewild", "iodef",
	    "issuemail", "issuevmc", "contactemail", "contactphone" };
	size_t i;

	for (i = 0; i < sizeof tags / sizeof *tags; i++)
		if (str_is(tag, tags[i]))
			return true;
	return false;
}

/* issue ";", or with nothing but parameters: nobody. */
static bool
names_issuer(struct str value)
{
	return str_trim(str_cut(&value, ';')).n > 0;
}

static void
judge_caa(struct task *t, const struct caa_name *n, bool host)
{
	bool issue = false, somebody = false;
	struct caa_record r;
	unsigned i;

	for (i = 0; n->at != NULL && i < n->answer->n; i++) {
		if (!caa_read(n->answer->rr[i].data, &r)) {
			task_find(t, "CAA_SYNTAX", n->at, "a record of %zu bytes cannot be read",
			    n->answer->rr[i].data.n);
			continue;
		}
		if ((r.flags & 128) != 0 && !tag_known(r.tag))
			task_find(t, "CAA_CRITICAL", n->at, "%.*s is critical and unknown",
			    STR_ARG(r.tag));
		if (str_is(r.tag, "issue")) {
			issue = true;
			somebody |= names_issuer(r.value);
		}
	}
	if (host && issue && !somebody)
		task_find(t, "CAA_NOBODY", n->name, "the records of %s let nobody issue",
		    n->at);
	if (!host && n->at == NULL && !n->unsure)
		task_find(t, "CAA_NONE", NULL, "no CAA record");
}

/* ---- names */

/* The records that count.  False: answers are missing. */
static bool
climb(struct task *t, struct caa_name *n)
{
	const char *name = n->name, *dot;
	int i;

	for (i = 0; ; i++) {
		n->answer = ask_dns(&t->ask, name, DNS_CAA);
		if (n->answer == NULL)
			return false;
		n->unsure = dns_temporary(n->answer->status);
		if (dns_has(n->answer))
			n->at = name;
		for (dot = strchr(name, '.'); dot != NULL && dot > name &&
		    dot[-1] == '\\'; dot = strchr(dot + 1, '.'))
			;		/* a dot within a label */
		n->more = i == CLIMB;
		if (n->more || n->at != NULL || n->unsure || dot == NULL || dot[1] == '\0')
			break;
		name = dot + 1;
	}
	return true;
}

static void
caa_add(struct caa_facts *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->v[i].name, name) == 0)
			return;
	r->v[r->n++] = (struct caa_name){ .name = name };
}

static bool
run_caa(struct task *t)
{
	struct caa_facts *r = arena_new(t->mem, 1, sizeof *r);
	const struct dns_answer *sts = ask_dnsf(&t->ask, DNS_TXT, "_mta-sts.%s",
	    t->domain);
	bool all = sts != NULL;
	size_t i;

	caa_add(r, t->domain);
	if (dns_has(sts))
		caa_add(r, arena_printf(t->mem, "mta-sts.%s", t->domain));
	for (i = 0; i < t->mx.n; i++) {
		if (t->mx.host[i].flaw != MX_FIT)
			continue;
		r->more |= r->n == NAMES + 2;
		if (!r->more)
			caa_add(r, t->mx.host[i].name);
	}
	for (i = 0; i < r->n; i++)
		all &= climb(t, &r->v[i]);
	if (!all)
		return false;
	t->result[CHECK_CAA] = r;
	for (i = 0; i < r->n; i++) {
		judge_caa(t, &r->v[i], i > 0);
		if (r->v[i].more && r->v[i].at == NULL)
			task_limit(t, "CAA_LIMIT", r->v[i].name, "only %d names above it were looked at",
			    CLIMB);
	}
	if (r->more)
		task_limit(t, "CAA_LIMIT", NULL, "only the first %d names were looked at",
		    NAMES + 2);
	return true;
}

/* ---- shown */

static void
json_name(struct json *j, const struct caa_name *n)
{
	struct caa_record r;
	unsigned i;

	json_open(j, NULL, '{');
	json_s(j, "name", n->name);
	json_s(j, "at", n->at);
	show_answer(j, n->answer);
	json_open(j, "records", '[');
	for (i = 0; n->at != NULL && i < n->answer->n; i++) {
		if (!caa_read(n->answer->rr[i].data, &r))
			continue;
		json_open(j, NULL, '{');
		json_str(j, "tag", r.tag);
		json_str(j, "value", r.value);
		json_int(j, "flags", r.flags);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void
json_caa(const struct task *t, struct json *j, const char *key)
{
	const struct caa_facts *r = t->result[CHECK_CAA];
	size_t i;

	json_open(j, key, '[');
	for (i = 0; i < r->n; i++)
		json_name(j, &r->v[i]);
	json_close(j, ']');
}

static void
text_name(struct buf *b, const struct caa_name *n)
{
	struct caa_record r;
	unsigned i;

	buf_s(b, "  CAA    ");
	if (n->at == NULL && !n->unsure) {
		buf_s(b, "none for ");
		show_safe(b, str_of(n->name));
		buf_c(b, '\n');
		return;
	}
	show_safe(b, str_of(n->name));
	if (n->unsure) {
		buf_c(b, ' ');
		show_status(b, n->answer);
	} else if (strcmp(n->at, n->name) != 0) {
		buf_s(b, " (by ");
		show_safe(b, str_of(n->at));
		buf_c(b, ')');
	}
	for (i = 0; n->at != NULL && i < n->answer->n; i++) {
		if (!caa_read(n->answer->rr[i].data, &r))
			continue;
		buf_s(b, i > 0 ? ", " : " ");
		show_safe(b, r.tag);
		buf_s(b, " \"");
		show_safe(b, r.value);
		buf_s(b, (r.flags & 128) != 0 ? "\" critical" : "\"");
	}
	buf_c(b, '\n');
}

static void
text_caa(const struct task *t, struct buf *b)
{
	const struct caa_facts *r = t->result[CHECK_CAA];
	bool any = false;
	size_t i;

	for (i = 0; i < r->n; i++)
		any |= r->v[i].at != NULL || r->v[i].unsure;
	if (!any)
		buf_s(b, "  CAA    none\n");
	for (i = 0; any && i < r->n; i++)
		text_name(b, &r->v[i]);
}

const struct check check_caa = {
	.name = "caa", .about = "who may issue certificates (RFC 8659)",
	.needs = CHECK_BIT(CHECK_MX),
	.run = run_caa, .json = json_caa, .text = text_caa,
	.findings = findings,
};
