/*
 * message_rules.c: what Gmail, Yahoo and Outlook ask of who sends much mail
 *
 * Gmail and Yahoo since February 2024, Outlook since May 2025, of senders of
 * 5,000 messages a day.  What one message cannot show (rates of complaints, who
 * subscribed) is not among them.
 */
#include "message_rules.h"

#include <string.h>

static enum message_fact
spf_passes(const struct message *m)
{
	if (m->spf.known != MESSAGE_YES || m->spf.result == SPF_TEMPERROR)
		return MESSAGE_UNTOLD;
	return m->spf.result == SPF_PASS ? MESSAGE_YES : MESSAGE_NO;
}

static enum message_fact
dkim_passes(const struct message *m)
{
	enum message_fact f = m->unseen + m->newer > 0 ? MESSAGE_UNTOLD :
	    MESSAGE_NO;
	size_t i;

	for (i = 0; i < m->nsig; i++) {
		if (m->sig[i].sig.result == DKIM_PASS)
			return MESSAGE_YES;
		if (m->sig[i].sig.result == DKIM_TEMPERROR ||
		    m->sig[i].sig.result == DKIM_UNJUDGED)
			f = MESSAGE_UNTOLD;
	}
	return f;
}

static enum message_fact
one_aligned(const struct message *m)
{
	if (m->verdict == MESSAGE_UNKNOWN)
		return MESSAGE_UNTOLD;
	return m->verdict == MESSAGE_BELIEVED ? MESSAGE_YES : MESSAGE_NO;
}

static enum message_fact
has_policy(const struct message *m)
{
	if (m->walk == NULL)
		return MESSAGE_NO;
	if (m->walk->applies)
		return MESSAGE_YES;
	return m->walk->temp != NULL ? MESSAGE_UNTOLD : MESSAGE_NO;
}

static enum message_fact
confirmed_name(const struct message *m)
{
	return m->reverse;
}

static enum message_fact
came_by_tls(const struct message *m)
{
	size_t hop = m->path.border.hop;

	return hop != SIZE_MAX ? m->path.hop[hop].crypt : MESSAGE_UNTOLD;
}

static enum message_fact
one_from(const struct message *m)
{
	return m->from.why == NULL && m->from.addresses == 1 ? MESSAGE_YES :
	    MESSAGE_NO;
}

static enum message_fact
well_formed(const struct message *m)
{
	return dkim_header_count(&m->header, "Message-ID", NULL) == 1 &&
	    dkim_header_count(&m->header, "Date", NULL) == 1 ? MESSAGE_YES :
	    MESSAGE_NO;
}

static bool
text_has(struct str s, const char *what)
{
	struct str w = str_of(what);

	for (; s.n >= w.n; s = str_from(s, 1))
		if (str_eqi(str_to(s, w.n), w))
			return true;
	return false;
}

static bool
list_names(struct str list, const char *name)
{
	while (list.p != NULL)
		if (str_is(str_trim(str_cut(&list, ':')), name))
			return true;
	return false;
}

/* RFC 8058 section 4: both fields are in a signature that verifies. */
static enum message_fact
one_click(const struct message *m)
{
	const struct dkim_field *to, *post;
	struct str list;
	size_t i;

	dkim_header_count(&m->header, "List-Unsubscribe", &to);
	dkim_header_count(&m->header, "List-Unsubscribe-Post", &post);
	if (to == NULL && post == NULL)
		return MESSAGE_UNTOLD;
	if (to == NULL || post == NULL || !text_has(to->body, "<https:") ||
	    !str_is(str_trim(post->body), "List-Unsubscribe=One-Click"))
		return MESSAGE_NO;
	for (i = 0; i < m->nsig; i++) {
		list = m->sig[i].sig.list;
		if (m->sig[i].sig.result == DKIM_PASS &&
		    list_names(list, "List-Unsubscribe") &&
		    list_names(list, "List-Unsubscribe-Post"))
			return MESSAGE_YES;
	}
	return dkim_passes(m) == MESSAGE_UNTOLD ? MESSAGE_UNTOLD : MESSAGE_NO;
}

const struct message_rule message_rules[] = {
	{ "spf", "Gmail, Yahoo, Outlook", "SPF passes", spf_passes },
	{ "dkim", "Gmail, Yahoo, Outlook", "a DKIM signature verifies",
	    dkim_passes },
	{ "aligned", "Gmail, Yahoo, Outlook",
	    "DKIM or SPF is aligned with From", one_aligned },
	{ "dmarc", "Gmail, Yahoo, Outlook",
	    "the domain of From has a DMARC policy", has_policy },
	{ "fcrdns", "Gmail, Yahoo",
	    "the sending address has a name, and that the address",
	    confirmed_name },
	{ "tls", "Gmail", "it was sent by TLS", came_by_tls },
	{ "one-from", "Gmail, Yahoo, Outlook", "one From with one address",
	    one_from },
	{ "format", "Gmail, Yahoo", "one Message-ID and one Date",
	    well_formed },
	{ "one-click", "Gmail, Yahoo",
	    "one-click unsubscription, signed (of mail that was subscribed to)",
	    one_click },
	{ .id = NULL }
};

const char *
message_rules_met(enum message_fact f)
{
	switch (f) {
	case MESSAGE_YES:
		return "met";
	case MESSAGE_NO:
		return "unmet";
	case MESSAGE_UNTOLD:
		break;
	}
	return "not to be told";
}
