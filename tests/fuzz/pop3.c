/* pop3.c: fuzz: a POP3 server that says anything */
#include "pop3.h"
#include "conn_tls.h"
#include "server.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pop3_message *m = NULL;
	struct err e = { 0 };
	struct pop3 s = { 0 };
	unsigned sum = 0;
	struct conn_sink sink = { server_sink, &sum };
	size_t i, k, at;
	struct str uid;
	int fd;
	struct conn *c = server_says(p, n, &fd, &e);

	if (pop3_open(&s, c, CONN_TLS_OFF, NULL) == 0 &&
	    pop3_list(&s, &m, &k) == 0) {
		while (pop3_uidl(&s, m, k, &at, &uid) > 0)
			sum += m[at].number + (unsigned char)uid.p[uid.n];
		for (i = 0; i < k + 3; i++)
			if (pop3_body(&s, i % 2 ? &sink : NULL, 100) < 0)
				break;
	}
	pop3_quit(&s, true);
	if (conn_failed(c) && e.code == 0)
		abort();
	free(m);
	conn_close(c);
	close(fd);
	return 0;
}
