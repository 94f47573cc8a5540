/*
 * check_tlsrpt.c: where reports about TLS failures go (RFC 8460)
 *
 * _smtp._tls.DOMAIN TXT "v=TLSRPTv1; rua=mailto:...,https://..."  There must
 * be exactly one record that starts so, to the letter (section 3); others do
 * not count.
 */
#include "checks.h"
#include "json.h"
#include "near.h"
#include "show.h"
#include "tag.h"
#include "task.h"

#define START "v=TLSRPTv1;"

struct tlsrpt {
	const struct dns_answer *answer;
	struct str record;		/* p NULL: there is none that counts */
	struct str *rua;		/* the usable places */
	size_t n;
	bool valid;
};

static const struct finding_kind findings[] = {
	{ "TLSRPT_MANY", FINDING_WARN, "RFC8460#3",
	    "There is more than one v=TLSRPTv1 record: senders act as if there were none. Keep one." },
	{ "TLSRPT_SYNTAX", FINDING_WARN, "RFC8460#3",
	    "The record cannot be parsed: it is v=TLSRPTv1, then rua= with mailto: or https: addresses, separated by commas." },
	{ "TLSRPT_MISPLACED", FINDING_WARN, "RFC8460#3",
	    "A record for TLS reports stands where nobody looks: it belongs to _smtp._tls.DOMAIN." },
	{ "TLSRPT_RUA", FINDING_WARN, "RFC8460#3",
	    "A place for reports is neither mailto: nor https:; senders cannot report there." },
	{ .id = NULL }
};

static const struct near_place misplaced[] = {
	{ "_tls", false }, { "_smtp-tls", false }, { "smtp._tls", false },
	{ "_smtp._tls", true }, { "", false }, { NULL, false }
};

static void
tlsrpt_places(struct task *t, struct tlsrpt *r, struct str list)
{
	struct str one;

	r->rua = arena_new(t->mem, list.n + 1, sizeof *r->rua);
	r->n = 0;
	while (list.p != NULL) {
		one = str_trim(str_cut(&list, ','));
		if (!str_starts(one, "mailto:") && !str_starts(one, "https:"))
			task_find(t, "TLSRPT_RUA", NULL, "rua %.*s",
			    STR_ARG(one));
		else
			r->rua[r->n++] = one;
	}
}

static void
tlsrpt_parse(struct task *t, struct tlsrpt *r)
{
	struct str rest = r->record, tag, value;
	int got;

	while ((got = tag_next(&rest, &tag, &value)) > 0)
		if (str_eq(tag, STR("rua")) && value.p == tag.p + 4)
			tlsrpt_places(t, r, value);
	r->valid = got == 0 && r->n > 0;
	if (!r->valid)
		task_find(t, "TLSRPT_SYNTAX", NULL, "%s",
		    got < 0 ? "a part has no \"=\"" : "no usable rua=");
}

static bool
run_tlsrpt(struct task *t)
{
	const struct dns_answer *a = ask_dnsf(&t->ask, DNS_TXT, "_smtp._tls.%s",
	    t->domain);
	struct tlsrpt *r;
	unsigned n;

	if (a == NULL || !near_look(t, a, MEANT_TLSRPT, misplaced))
		return false;
	r = t->result[CHECK_TLSRPT] = arena_new(t->mem, 1, sizeof *r);
	r->answer = a;
	near_find(t, a, MEANT_TLSRPT, "TLSRPT_SYNTAX");
	near_misplaced(t, a, MEANT_TLSRPT, "TLSRPT_MISPLACED", misplaced);
	n = tag_start(a, START, &r->record);
	if (n > 1)
		task_find(t, "TLSRPT_MANY", NULL, "%u records", n);
	else if (n == 1)
		tlsrpt_parse(t, r);
	return true;
}

static void
json_tlsrpt(const struct task *t, struct json *j, const char *key)
{
	const struct tlsrpt *r = t->result[CHECK_TLSRPT];
	size_t i;

	json_open(j, key, '{');
	show_answer(j, r->answer);
	show_record(j, r->record);
	near_json(t, j, r->answer, MEANT_TLSRPT);
	json_bool(j, "valid", r->valid);
	json_open(j, "rua", '[');
	for (i = 0; i < r->n; i++)
		json_str(j, NULL, r->rua[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void
text_tlsrpt(const struct task *t, struct buf *b)
{
	const struct tlsrpt *r = t->result[CHECK_TLSRPT];

	buf_s(b, "  TLSRPT ");
	show_found(b, r->answer, r->record);
	buf_c(b, '\n');
	near_text(b, r->answer, MEANT_TLSRPT);
}

const struct check check_tlsrpt = {
	.name = "tlsrpt", .about = "TLS reporting (RFC 8460)",
	.run = run_tlsrpt, .json = json_tlsrpt, .text = text_tlsrpt,
	.findings = findings,
};
