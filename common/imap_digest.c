/* imap_digest.c: is a message there the one that was sent? */
#include <stdio.h>

#include "digest.h"
#include "imap_box.h"
#include "imap_digest.h"

int
imap_digest(struct imap *m, uint32_t uid, unsigned char md[32])
{
	struct digest *d = digest_new();
	struct conn_sink sink = { digest_sink, d };
	struct imap_item it;
	struct imap_resp r;
	bool came = false, empty = false;
	char set[32];
	unsigned tag;
	int got = 0;

	snprintf(set, sizeof set, "%u", uid);
	tag = imap_ask_bodies(m, set, IMAP_NO_FLAGS);
	conn_phase(m->c, "FETCH", CONN_BODY);
	do {
		if ((got = imap_next(m, &r)) < 0)
			break;
		while (r.type == IMAP_FETCH && (got = imap_item(m, &it)) > 0) {
			if (it.kind != IMAP_BODY || it.nil)
				continue;
			empty = it.size == 0;
			came = true;
			if ((got = imap_body(m, &it, &sink)) < 0)
				break;
		}
	} while (got >= 0 && !imap_done(&r, tag));
	if (!digest_end(d, md) || got < 0)
		return got < 0 ? -1 : 0;
	if (r.type != IMAP_OK)
		return conn_fail(m->c, EX_TEMPFAIL, "FETCH: %s", m->text);
	if (!came)
		return conn_fail(m->c, EX_TEMPFAIL, "FETCH: the server does not give UID %u",
		    uid);
	return empty;
}
