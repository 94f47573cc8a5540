/*
 * portprobe_word.c: the words for what was found, and what kinds of findings
 * come to.  Scripts know all of them: to change one here changes those.
 */
#include <string.h>

#include "fail.h"
#include "kind.h"
#include "tap.h"
#include "word.h"

static struct buf all;

static void
add(const char *s)
{
	buf_printf(&all, "%s%s", all.n > 0 ? " " : "", s != NULL ? s : "-");
}

/* What was added. */
static void
are(const char *want, const char *name)
{
	buf_c(&all, '\0');
	is_str(all.p, want, "%s", name);
	all.n = 0;
}

/* All names of an enum, "-" for none. */
#define WORDS(call, n, want, name) do {			\
	int word;					\
	for (word = 0; word < (int)(n); word++)		\
		add(call(word));			\
	are(want, name);				\
} while (0)

static void
words(void)
{
	WORDS(word_severity, FINDING_SEVS, "hint warn crit", "severities");
	WORDS(word_reach, REACHES, "- open refused filtered unreachable",
	    "reach");
	WORDS(word_class, TROUBLES, "- refused unreachable private "
	    "timeout-connect timeout-banner timeout-tls timeout reset closed "
	    "smtp-4xx smtp-5xx proto tls-alert tls-proto dns internal cert",
	    "trouble");
	WORDS(word_place, PLACES, "- dns connect banner caps starttls dane "
	    "tls caps-tls submit inject quit over mail rcpt", "places");
	WORDS(word_state, STATES, "ok refused filtered unreachable dns "
	    "timeout closed reset proto smtp-4xx smtp-5xx tls cert internal",
	    "states");
	WORDS(word_dane, DANES, "off none unknown temp unusable untried match "
	    "mismatch", "DANE");
	WORDS(word_record, RECORDS, "unusable untried matched unmatched "
	    "ignored", "a TLSA record");
	WORDS(word_policy, POLICY_VERDICTS, "- pass fail", "a policy");
	WORDS(word_tried, TRIEDS, "- yes no refused unknown",
	    "a version of TLS");
	WORDS(word_order, ORDERS, "- server client one unknown",
	    "who chooses the cipher");
	WORDS(word_injected, INJECTEDS, "- safe vulnerable refused unknown",
	    "a command behind STARTTLS");
}

/* What to do, of each state that no finding explains. */
static void
advice(void)
{
	static const char *const want[STATES] = {
		[STATE_REFUSED] = "Nothing listens",
		[STATE_FILTERED] = "Nothing at all came back",
		[STATE_UNREACHABLE] = "There is no way",
		[STATE_DNS] = "The name is misspelt",
		[STATE_TIMEOUT] = "kept silent",
		[STATE_CLOSED] = "ended the connection",
		[STATE_RESET] = "ended the connection",
		[STATE_PROTO] = "Something else than the protocol",
		[STATE_SMTP_4XX] = "in its own words",
		[STATE_SMTP_5XX] = "in its own words",
	};
	const char *text;
	int s;

	for (s = 0; s < STATES; s++) {
		text = word_advice(s);
		ok(want[s] == NULL ? text == NULL :
		    text != NULL && strstr(text, want[s]) != NULL,
		    "what to do: %s", word_state(s));
	}
}

static void
of_severity(enum finding_sev sev, const char *want)
{
	int i;

	for (i = 0; i < KINDS; i++)
		if (kind_finding(i)->sev == sev)
			add(kind_finding(i)->id);
	are(want, word_severity(sev));
}

static void
of_status(int status, const char *want)
{
	char name[32];
	int i;

	for (i = 0; i < KINDS; i++)
		if (kind_status(kind_finding(i)) == status)
			add(kind_finding(i)->id);
	snprintf(name, sizeof name, "exit status %d", status);
	are(want, name);
}

/* The others are errors, and those that ask for 77. */
static void
findings(void)
{
	const struct finding_kind *k;
	int i;

	of_severity(FINDING_HINT,
	    "EHLO_REFUSED TLS_FIRST CHAIN_ORDER ROOT_SENT CLIENT_CERT "
	    "TLS_NO_13 DANE_STALE DANE_UNBELIEVED PORT25_BLOCKED "
	    "FAMILY_SILENT VRFY_OFFERED SUBMIT_AUTH TLS_NO_PQ "
	    "STARTTLS_AGAIN CLIENT_ORDER");
	of_severity(FINDING_WARN,
	    "AUTH_BEFORE_TLS NO_STARTTLS EHLO_NOT_US STARTTLS_FILTERED "
	    "BANNER_CONTROL CERT_SOON MUST_STAPLE CIPHER_WEAK KEX_WEAK "
	    "TLS_OLD_OFFERED TLS_HYBRID DANE_UNUSABLE STS_TESTING "
	    "STS_ERROR NO_ROUTE LATENCY SUBMIT_DEFERRED HELLO_LARGE "
	    "HELLO_SPLIT MAIL_BEFORE_TLS CRL_UNKNOWN PROBE_LIMIT");
	of_status(EX_PROTOCOL,
	    "PREAUTH PLAIN_AFTER_STARTTLS STARTTLS_INJECTION "
	    "AUTH_BEFORE_TLS EHLO_REFUSED TLS_FIRST LMTP_ONLY "
	    "BANNER_CONTROL CAPS_MISSING VRFY_OFFERED TLS_NO_PQ "
	    "HELLO_LARGE HELLO_SPLIT MAIL_BEFORE_TLS STARTTLS_AGAIN "
	    "CLIENT_ORDER");
	of_status(EX_TEMPFAIL,
	    "DANE_TEMP PORT25_BLOCKED FAMILY_SILENT LATENCY "
	    "SUBMIT_DEFERRED LOGIN_FAILED CRL_UNKNOWN PROBE_LIMIT");
	of_status(EX_UNAVAILABLE,
	    "EHLO_NOT_US NO_ROUTE SUBMIT_AUTH SUBMIT_REFUSED "
	    "RELAY_SUSPECTED");
	for (i = 0; i < KINDS; i++) {
		k = kind_finding(i);
		if (kind_policy(k) != (kind_status(k) == EX_NOPERM))
			add(k->id);
	}
	are("LOGIN_REFUSED", "77, and not about TLS");
}

int
main(void)
{
	words();
	advice();
	findings();
	buf_free(&all);
	return done();
}
