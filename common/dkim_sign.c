/* dkim_sign.c: signing a message (RFC 6376 section 5) */
#include "dkim_sign.h"

#include <inttypes.h>
#include <stdlib.h>

#include "b64.h"
#include "digest.h"
#include "dkim_canon.h"
#include "dkim_header.h"
#include "stop.h"

enum { READ = 65536, LINE = 76 };

/*
 * What is signed (section 5.4.1): what a reader sees and what says how to show
 * it.  Not Received, Return-Path and the like, which the way adds or changes.
 */
static const struct {
	const char *name;
	bool over;		/* once more than it is there */
} fields[] = {
	{ "From", true }, { "Subject", true }, { "To", true },
	{ "Date", true }, { "Cc", false }, { "Sender", false },
	{ "Reply-To", false }, { "Message-ID", false },
	{ "In-Reply-To", false }, { "References", false },
	{ "MIME-Version", false }, { "Content-Type", false },
	{ "Content-Transfer-Encoding", false },
	{ "Content-Disposition", false }, { "Content-ID", false },
	{ "Content-Description", false }, { "Resent-From", false },
	{ "Resent-To", false }, { "Resent-Cc", false },
	{ "Resent-Date", false }, { "Resent-Sender", false },
	{ "Resent-Message-ID", false }, { "Auto-Submitted", false },
	{ "List-Id", false }, { "List-Help", false },
	{ "List-Subscribe", false }, { "List-Post", false },
	{ "List-Owner", false }, { "List-Archive", false },
	{ "List-Unsubscribe", false }, { "List-Unsubscribe-Post", false },
};

/* Passes over the header, which msg_add_fields may change meanwhile. */
int
dkim_sign_body(const struct msg *m, unsigned char md[32], struct err *e)
{
	struct msg_reader *r = msg_reader_new(m);
	struct dkim_body *b = mem_new(1, sizeof *b);
	char *some = mem_new(READ, 1);
	size_t pass = msg_head(m).n + 2, from;	/* the empty line, too */
	ssize_t n;
	bool had;

	dkim_body_begin(b, DKIM_RELAXED, UINT64_MAX);
	while ((n = msg_read(r, some, READ, e)) > 0) {
		from = pass < (size_t)n ? pass : (size_t)n;
		pass -= from;
		dkim_body_put(b, some + from, (size_t)n - from);
		if (stop_asked()) {
			n = fail_stop(e);
			break;
		}
	}
	had = dkim_body_end(b, md);
	free(some);
	free(b);
	free(r);
	if (n == 0 && !had)
		return fail(e, EX_SOFTWARE, "libcrypto has no SHA-256");
	return n < 0 ? -1 : 0;
}

/* h=, folded. */
static void
put_names(struct buf *b, const struct dkim_header *h)
{
	size_t i, k, n, len, col = 0;

	for (i = 0; i < sizeof fields / sizeof *fields; i++) {
		n = dkim_header_count(h, fields[i].name, NULL);
		len = strlen(fields[i].name) + 1;
		for (k = 0; k < n + fields[i].over; k++) {
			if (col > 0)
				buf_c(b, ':');
			if (col + len > LINE - 8) {
				buf_s(b, "\r\n\t  ");
				col = 0;
			}
			buf_s(b, fields[i].name);
			col += len;
		}
	}
}

static const char *
algorithm(const struct sign_key *k)
{
	switch (sign_kind(k)) {
	case SIGN_RSA:
		return "rsa-sha256";
	case SIGN_ED25519:
		return "ed25519-sha256";
	}
	return "";
}

static void
put_folded(struct buf *b, struct str s)
{
	size_t n;

	for (; s.n > 0; s = str_from(s, n)) {
		n = s.n < LINE - 8 ? s.n : LINE - 8;
		buf_s(b, "\r\n\t  ");
		buf_str(b, str_to(s, n));
	}
}

/* The digest of the header as the field says it is to be: b= is empty yet. */
static bool
head_digest(const struct dkim_header *h, struct str list, struct str field,
    unsigned char md[32])
{
	struct buf b = { 0 };
	bool good;

	dkim_header_pick(h, list, DKIM_RELAXED, &b);
	dkim_canon_field(DKIM_RELAXED, field, &b);
	good = !b.over && digest_of(DIGEST_SHA256, BUF_STR(b), md);
	buf_free(&b);
	return good;
}

static bool
field_make(const struct dkim_signer *s, const struct dkim_header *h,
    const unsigned char body[32], int64_t now, struct buf *b)
{
	struct buf names = { 0 }, raw = { 0 }, text = { 0 };
	unsigned char md[32];
	bool good;

	put_names(&names, h);
	buf_printf(b, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s; t=%" PRId64 ";\r\n\th=",
	    algorithm(s->key), s->domain, s->selector, now);
	buf_str(b, BUF_STR(names));
	buf_s(b, ";\r\n\tbh=");
	b64_put(b, (struct str){ (const char *)body, 32 });
	buf_s(b, ";\r\n\tb=");
	good = head_digest(h, BUF_STR(names), BUF_STR(*b), md) &&
	    sign_make(s->key, md, &raw);
	if (good)
		b64_put(&text, BUF_STR(raw));
	put_folded(b, BUF_STR(text));
	buf_s(b, "\r\n");
	buf_free(&names);
	buf_free(&raw);
	buf_free(&text);
	return good;
}

char *
dkim_sign_field(const struct dkim_signer *s, struct arena *a, struct str head,
    const unsigned char body[32], int64_t now, struct err *e)
{
	struct dkim_header h;
	struct buf b = { 0 };
	char *field = NULL;

	dkim_header_read(&h, a, head);
	if (field_make(s, &h, body, now, &b))
		field = arena_dup(a, BUF_STR(b));
	else
		fail(e, EX_SOFTWARE, "libcrypto signs nothing with this key");
	dkim_header_free(&h);
	buf_free(&b);
	return field;
}

char *
dkim_sign_record(const struct sign_key *k, struct arena *a, struct err *e)
{
	struct buf der = { 0 }, b = { 0 };
	char *text = NULL;

	buf_printf(&b, "v=DKIM1; k=%s; p=", sign_kind(k) == SIGN_RSA ? "rsa" :
	    "ed25519");
	if (sign_der(k, &der)) {
		b64_put(&b, BUF_STR(der));
		text = arena_dup(a, BUF_STR(b));
	} else {
		fail(e, EX_SOFTWARE, "libcrypto gives no public key");
	}
	buf_free(&der);
	buf_free(&b);
	return text;
}
