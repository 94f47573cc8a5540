/* kind.h: the kinds of findings, and what an error of each comes to */
#ifndef KIND_H
#define KIND_H

#include <stdbool.h>

#include "finding.h"
#include "str.h"

/* In the order of --findings. */
enum kind {
	FIND_PREAUTH, FIND_PLAIN_AFTER_STARTTLS, FIND_STARTTLS_INJECTION,
	FIND_AUTH_BEFORE_TLS, FIND_NO_STARTTLS, FIND_STARTTLS_REFUSED,
	FIND_EHLO_REFUSED, FIND_EHLO_NOT_US, FIND_STARTTLS_FILTERED, FIND_TLS_FIRST,
	FIND_LMTP_ONLY, FIND_BANNER_CONTROL, FIND_CERT_EXPIRED,
	FIND_CERT_NOT_YET, FIND_CERT_SOON, FIND_CERT_SELF_SIGNED,
	FIND_CERT_INCOMPLETE, FIND_CERT_UNTRUSTED, FIND_CERT_WEAK,
	FIND_CERT_PURPOSE, FIND_CERT_REVOKED, FIND_CERT_BAD, FIND_CERT_NAME,
	FIND_CERT_CN_ONLY, FIND_CERT_NONE, FIND_CHAIN_ORDER, FIND_ROOT_SENT,
	FIND_CERT_NOT_RELOADED, FIND_CERT_DIFFERS,
	FIND_MUST_STAPLE, FIND_CLIENT_CERT, FIND_CIPHER_WEAK, FIND_KEX_WEAK,
	FIND_TLS_OLD,
	FIND_TLS_OLD_OFFERED, FIND_TLS_HYBRID, FIND_TLS_NO_13,
	FIND_DANE_MISMATCH, FIND_DANE_STALE, FIND_DANE_UNUSABLE,
	FIND_DANE_TEMP, FIND_DANE_NO_TLS, FIND_DANE_REQUIRED, FIND_DANE_UNBELIEVED, FIND_STS_FAIL,
	FIND_STS_TESTING, FIND_STS_ERROR, FIND_PORT25_BLOCKED, FIND_FAMILY_SILENT,
	FIND_NO_ROUTE,
	FIND_LATENCY, FIND_CAPS_MISSING, FIND_VRFY_OFFERED, FIND_SUBMIT_AUTH,
	FIND_SUBMIT_DEFERRED, FIND_SUBMIT_REFUSED, FIND_RELAY_SUSPECTED,
	FIND_LOGIN_REFUSED, FIND_LOGIN_FAILED, KINDS
};

/* Its id, severity as a rule, reference and help; ids never change. */
const struct finding_kind *kind_finding(enum kind);

/* The exit status that an error of this kind asks for. */
int kind_status(const struct finding_kind *);

/* The server answers, and is not to be trusted: its state is "cert" then. */
bool kind_policy(const struct finding_kind *);

/* All kinds, for --findings: a line each, fields parted by tabs. */
void kind_list(struct buf *);

#endif
