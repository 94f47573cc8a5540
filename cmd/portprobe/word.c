/* word.c: words for what was found */
#include <stddef.h>

#include "word.h"

const char *
word_severity(enum finding_sev s)
{
	static const char *const names[FINDING_SEVS] = { "hint", "warn",
	    "crit" };

	return names[s];
}

const char *
word_reach(enum reach r)
{
	static const char *const names[REACHES] = {
		[REACH_UNTRIED] = NULL,
		[REACH_OPEN] = "open",
		[REACH_REFUSED] = "refused",
		[REACH_FILTERED] = "filtered",
		[REACH_UNREACHABLE] = "unreachable",
	};

	return names[r];
}

const char *
word_class(enum trouble_class c)
{
	static const char *const names[TROUBLES] = {
		[TROUBLE_NONE] = NULL,
		[TROUBLE_REFUSED] = "refused",
		[TROUBLE_UNREACHABLE] = "unreachable",
		[TROUBLE_PRIVATE] = "private",
		[TROUBLE_TIMEOUT_CONNECT] = "timeout-connect",
		[TROUBLE_TIMEOUT_BANNER] = "timeout-banner",
		[TROUBLE_TIMEOUT_TLS] = "timeout-tls",
		[TROUBLE_TIMEOUT] = "timeout",
		[TROUBLE_RESET] = "reset",
		[TROUBLE_CLOSED] = "closed",
		[TROUBLE_SMTP_4XX] = "smtp-4xx",
		[TROUBLE_SMTP_5XX] = "smtp-5xx",
		[TROUBLE_PROTO] = "proto",
		[TROUBLE_TLS_ALERT] = "tls-alert",
		[TROUBLE_TLS_PROTO] = "tls-proto",
		[TROUBLE_DNS] = "dns",
		[TROUBLE_INTERNAL] = "internal",
		[TROUBLE_CERT] = "cert",
	};

	return names[c];
}

const char *
word_place(enum place p)
{
	static const char *const names[PLACES] = {
		[PLACE_NONE] = NULL,
		[PLACE_DNS] = "dns",
		[PLACE_CONNECT] = "connect",
		[PLACE_BANNER] = "banner",
		[PLACE_CAPS] = "caps",
		[PLACE_STARTTLS] = "starttls",
		[PLACE_DANE] = "dane",
		[PLACE_TLS] = "tls",
		[PLACE_CAPS_TLS] = "caps-tls",
		[PLACE_SUBMIT] = "submit",
		[PLACE_INJECT] = "inject",
		[PLACE_QUIT] = "quit",
		[PLACE_OVER] = "over",
		[PLACE_MAIL] = "mail",
		[PLACE_RCPT] = "rcpt",
	};

	return names[p];
}

const char *
word_advice(enum state s)
{
	switch (s) {
	case STATE_REFUSED:
		return "Nothing listens at this port, or a firewall refuses in its place: start the server, and look on the host itself whether it listens on this address.";
	case STATE_FILTERED:
		return "Nothing at all came back: a firewall, here, on the way or at the host, drops what is sent, or the host is off. Ask from another network, and for another port of the host.";
	case STATE_UNREACHABLE:
		return "There is no way to the address: look at the routes of whoever says so.";
	case STATE_DNS:
		return "The name is misspelt, has no address, or the name server does not answer now.";
	case STATE_TIMEOUT:
		return "The server took the connection and then kept silent: it is overloaded, hangs, or something before it took the connection. --timeout gives it more time.";
	case STATE_CLOSED:
	case STATE_RESET:
		return "The server, or something before it, ended the connection: its log may say why, as an access list or a limit of connections.";
	case STATE_PROTO:
		return "Something else than the protocol came: see with -vv what, and whether the port is that of another service.";
	case STATE_SMTP_4XX:
	case STATE_SMTP_5XX:
		return "The server refuses this client, in its own words: it may know its address from a list.";
	case STATE_OK:
	case STATE_TLS:
	case STATE_CERT:
	case STATE_INTERNAL:
	case STATES:
		break;
	}
	return NULL;
}

const char *
word_state(enum state s)
{
	static const char *const names[STATES] = {
		[STATE_OK] = "ok",
		[STATE_REFUSED] = "refused",
		[STATE_FILTERED] = "filtered",
		[STATE_UNREACHABLE] = "unreachable",
		[STATE_DNS] = "dns",
		[STATE_TIMEOUT] = "timeout",
		[STATE_CLOSED] = "closed",
		[STATE_RESET] = "reset",
		[STATE_PROTO] = "proto",
		[STATE_SMTP_4XX] = "smtp-4xx",
		[STATE_SMTP_5XX] = "smtp-5xx",
		[STATE_TLS] = "tls",
		[STATE_CERT] = "cert",
		[STATE_INTERNAL] = "internal",
	};

	return names[s];
}

const char *
word_dane(enum dane_state s)
{
	static const char *const names[DANES] = {
		[DANE_OFF] = "off",
		[DANE_NONE] = "none",
		[DANE_UNKNOWN] = "unknown",
		[DANE_TEMP] = "temp",
		[DANE_UNUSABLE] = "unusable",
		[DANE_UNTRIED] = "untried",
		[DANE_MATCH] = "match",
		[DANE_MISMATCH] = "mismatch",
	};

	return names[s];
}

const char *
word_record(enum record r)
{
	static const char *const names[RECORDS] = {
		[RECORD_UNUSABLE] = "unusable",
		[RECORD_UNTRIED] = "untried",
		[RECORD_MATCHED] = "matched",
		[RECORD_UNMATCHED] = "unmatched",
		[RECORD_IGNORED] = "ignored",
	};

	return names[r];
}

const char *
word_policy(enum policy_verdict v)
{
	static const char *const names[POLICY_VERDICTS] = { NULL, "pass",
	    "fail" };

	return names[v];
}

const char *
word_tried(enum tried t)
{
	static const char *const names[TRIEDS] = {
		[NOT_TRIED] = NULL,
		[TRIED_YES] = "yes",
		[TRIED_NO] = "no",
		[TRIED_REFUSED] = "refused",
		[TRIED_UNKNOWN] = "unknown",
	};

	return names[t];
}

const char *
word_order(enum order o)
{
	static const char *const names[ORDERS] = {
		[ORDER_UNTRIED] = NULL,
		[ORDER_SERVER] = "server",
		[ORDER_CLIENT] = "client",
		[ORDER_ONE] = "one",
		[ORDER_UNKNOWN] = "unknown",
	};

	return names[o];
}

const char *
word_injected(enum injected i)
{
	static const char *const names[INJECTEDS] = {
		[INJECT_NONE] = NULL,
		[INJECT_SAFE] = "safe",
		[INJECT_TAKEN] = "vulnerable",
		[INJECT_REFUSED] = "refused",
		[INJECT_UNKNOWN] = "unknown",
	};

	return names[i];
}
