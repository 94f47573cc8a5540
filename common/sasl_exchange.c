/* sasl_exchange.c: a login by SASL over a connection (RFC 4422) */
#include <stdio.h>
#include <string.h>

#include "b64.h"
#include "conn_secret.h"
#include "sasl_exchange.h"

static void
say_command(struct sasl_exchange *x, const char *before, const char *initial)
{
	char tag[16] = "";

	if (x->tag != 0)
		snprintf(tag, sizeof tag, "A%u ", x->tag);
	conn_printf(x->c, "%s%s %s%s%s\r\n", tag, x->verb,
	    sasl_name(&x->sasl), before, initial);
}

/* The initial response goes with it if there is one and it fits. */
static void
exchange_begin(struct sasl_exchange *x)
{
	struct buf b = { .max = 65536, .secret = true };
	bool has = sasl_first(&x->sasl, &x->out);

	b64_put(&b, BUF_STR(x->out));
	conn_hide(x->c, BUF_STR(b));
	x->waiting = has && strlen(x->verb) + strlen(sasl_name(&x->sasl)) +
	    b.n + strlen("  \r\n") > x->room;
	if (!has || x->waiting)
		say_command(x, "", "");
	else
		say_command(x, " ", b.n > 0 ? b.p : "=");
	x->said = has && !x->waiting &&	/* of SCRAM it is not all */
	    !str_starts(str_of(sasl_name(&x->sasl)), "SCRAM-");
	buf_wipe(&b);
}

/* Where the user did not choose, and a weaker one could be used. */
static void
note_instead(struct sasl_exchange *x, const struct sasl_login *login,
    const char *offered)
{
	struct str rest = str_of(offered), word;

	x->instead[0] = '\0';
	if (login->mechs != NULL || !login->tls || login->password == NULL ||
	    !str_starts(str_of(sasl_name(&x->sasl)), "SCRAM-"))
		return;
	while ((word = str_word(&rest)).n > 0)
		if (str_is(word, "PLAIN")) {
			snprintf(x->instead, sizeof x->instead,
			    " (by %s; the server has PLAIN, too: --auth plain)",
			    sasl_name(&x->sasl));
			return;
		}
}

const char *
sasl_exchange_instead(const struct sasl_exchange *x)
{
	return x->instead;
}

/* A server may say the password itself, not only what we sent. */
static void
exchange_hide(struct sasl_exchange *x, const struct sasl_login *l)
{
	if (l->password != NULL)
		conn_hide(x->c, (struct str){ l->password->p,
		    l->password->n });
	if (l->token != NULL)
		conn_hide(x->c, (struct str){ l->token->p, l->token->n });
}

int
sasl_exchange_begin(struct sasl_exchange *x, const struct sasl_login *login,
    const char *offered)
{
	struct err e = { 0 };

	if (sasl_pick(&x->sasl, login, str_of(offered), &e) < 0) {
		sasl_wipe(&x->sasl);
		return conn_fail(x->c, e.code, "%s", e.msg);
	}
	note_instead(x, login, offered);
	x->out = (struct buf){ .max = 32768, .secret = true };
	snprintf(x->label, sizeof x->label, "%s %s", x->verb,
	    sasl_name(&x->sasl));
	exchange_hide(x, login);
	conn_phase(x->c, x->verb, CONN_COMMAND);
	conn_mask(x->c, x->label);
	exchange_begin(x);
	conn_mask(x->c, "");
	return 0;
}

static int
exchange_step(struct sasl_exchange *x, struct str challenge, struct err *e)
{
	struct buf in = { .max = 16384, .secret = true };
	int got;

	buf_wipe(&x->out);
	if (b64_get(&in, challenge) < 0)
		got = fail(e, EX_PROTOCOL, "the challenge is not base64");
	else
		got = sasl_step(&x->sasl, BUF_STR(in), &x->out, e);
	buf_wipe(&in);
	return got;
}

/* An empty answer is an empty line. */
static void
say_answer(struct sasl_exchange *x)
{
	struct buf b = { .max = 65536, .secret = true };

	b64_put(&b, BUF_STR(x->out));
	conn_hide(x->c, BUF_STR(b));
	conn_printf(x->c, "%s\r\n", b.n > 0 ? b.p : "");
	buf_wipe(&b);
}

int
sasl_exchange_answer(struct sasl_exchange *x, struct str challenge)
{
	struct err why = { 0 };
	bool again = x->waiting || (x->said && challenge.n == 0);

	x->waiting = x->said = false;
	if (!again && exchange_step(x, challenge, &why) < 0) {
		conn_printf(x->c, "*\r\n");
		conn_flush(x->c);
		return conn_fail(x->c, why.code, "login: %s", why.msg);
	}
	say_answer(x);
	return 0;
}

int
sasl_exchange_proved(struct sasl_exchange *x)
{
	struct err why = { 0 };

	if (sasl_done(&x->sasl, STR(""), &why) == 0)
		return 0;
	return conn_fail(x->c, why.code, "login: %s", why.msg);
}

const char *
sasl_exchange_mech(const struct sasl_exchange *x)
{
	return sasl_name(&x->sasl);
}

const char *
sasl_exchange_reason(const struct sasl_exchange *x)
{
	return sasl_reason(&x->sasl);
}

void
sasl_exchange_end(struct sasl_exchange *x)
{
	conn_mask(x->c, NULL);
	buf_wipe(&x->out);
	sasl_wipe(&x->sasl);
}
