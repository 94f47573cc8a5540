/* imap_about.c: what a server says of the account: its names, its room */
#include "imap_about.h"
#include "imap_token.h"

bool
imap_says_cap(const struct imap *m, const char *name)
{
	struct str all = str_of(m->all), w;

	while ((w = str_word(&all)).n > 0)
		if (str_is(w, name))
			return true;
	return false;
}

/* (("INBOX." ".")) ...: the first one of the first kind, or NIL. */
static int
own(struct imap *m, struct imap_namespace *to)
{
	struct str prefix, sep;
	bool nil, none;
	int t;

	if ((t = imap_token(m, &prefix)) != IMAP_TOKEN_OPEN)
		return t < 0 ? -1 : 0;
	if ((t = imap_token(m, &prefix)) != IMAP_TOKEN_OPEN)
		return t < 0 ? -1 : 0;
	if (imap_string(m, &prefix, &nil) < 0 || imap_string(m, &sep,
	    &none) < 0)
		return -1;
	if (nil || prefix.n >= sizeof to->prefix)
		return 0;
	str_copy(to->prefix, prefix);
	to->prefix[prefix.n] = '\0';
	to->sep = none || sep.n != 1 ? '\0' : sep.p[0];
	return 0;
}

unsigned
imap_ask_namespace(struct imap *m)
{
	if ((m->caps & (IMAP_NAMESPACE | IMAP_REV2)) == 0)
		return 0;
	conn_phase(m->c, "NAMESPACE", CONN_COMMAND);
	return imap_say(m, "NAMESPACE");
}

int
imap_namespace(struct imap *m, const struct imap_resp *r,
    struct imap_namespace *to)
{
	return r->type == IMAP_OTHER && str_is(r->word, "NAMESPACE") ?
	    own(m, to) : 0;
}

static uint64_t
left(uint64_t used, uint64_t limit)
{
	return used < limit ? limit - used : 0;
}

/* "root" (STORAGE 10 512 MESSAGE 1 100) */
static int
storage(struct imap *m, uint64_t *used, uint64_t *limit)
{
	struct str s, v[2];
	uint64_t n[2];
	bool nil, is;
	size_t i;
	int t;

	if (imap_string(m, &s, &nil) < 0)
		return -1;
	if ((t = imap_token(m, &s)) != IMAP_TOKEN_OPEN)
		return t < 0 ? -1 : 0;
	while ((t = imap_token(m, &s)) == IMAP_TOKEN_ATOM) {
		is = str_is(s, "STORAGE");
		for (i = 0; i < 2; i++) {
			if (imap_string(m, &v[i], &nil) < 0)
				return -1;
			is = is && str_num(v[i], INT64_MAX / 1024,
			    &n[i]) == 0;
		}
		if (!is || (*limit != 0 && left(*used, *limit) < left(n[0],
		    n[1])))
			continue;
		*used = n[0];
		*limit = n[1];
	}
	return t < 0 ? -1 : 0;
}

int
imap_quota(struct imap *m, uint64_t *used, uint64_t *limit)
{
	struct imap_resp r;
	unsigned tag;

	*used = *limit = 0;
	if (!imap_says_cap(m, "QUOTA"))
		return 0;
	conn_phase(m->c, "GETQUOTAROOT", CONN_COMMAND);
	tag = imap_say(m, "GETQUOTAROOT \"INBOX\"");
	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_OTHER &&
		    str_is(r.word, "QUOTA") && storage(m, used, limit) < 0))
			return -1;
	} while (!imap_done(&r, tag));
	return r.type == IMAP_OK && *limit > 0;
}
