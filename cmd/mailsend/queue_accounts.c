/*
 * queue_accounts.c: the queue of a user who has several accounts
 *
 * An account's server, login and keys are one process's, which is confined to
 * them; so each account has a process of its own.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "queue_accounts.h"
#include "clock.h"
#include "spawn.h"

/* The queue itself is told in any case, see queue_account_flush. */
#define HANDED_ON "verbose quiet config queue-in-doubt log aliases ehlo " \
	"no-chunking no-pipelining require-tls timeout ipv4 ipv6 source " \
	"proxy no-sandbox mx-port sts-port"

void
queue_accounts_options(struct run *run, const struct opt_set *set)
{
	opt_again(set, HANDED_ON, &run->queue.words);
}

bool
queue_account_ours(const struct run *run, const struct queue_entry *q)
{
	if (q->account == NULL)
		return !run->queue.picked;
	return run->account.name != NULL &&
	    strcmp(q->account, run->account.name) == 0;
}

/* Escaped, so that it reads the same after it has stood in a state. */
const char *
queue_account_gone(const struct run *run, const struct queue_entry *q)
{
	char name[200];

	if (q->account == NULL || conf_find(&run->account.file.conf,
	    "account", q->account) != NULL)
		return NULL;
	str_escape(name, sizeof name, str_of(q->account));
	return arena_printf(q->arena, "no account \"%s\" is in the configuration: give it its name back, or remove the message",
	    name);
}

/*
 * Can another process read it, too?  Not a pipe, nor what is a descriptor of
 * this process, which is read to its end.
 */
static bool
read_again(const char *path)
{
	struct stat st;

	return strcmp(path, "-") != 0 && strncmp(path, "/dev/", 5) != 0 &&
	    strncmp(path, "/proc/", 6) != 0 &&
	    (stat(path, &st) < 0 || S_ISREG(st.st_mode));
}

int
queue_account_flush(const struct run *run, const char *argv0,
    const char *account, struct err *e)
{
	const struct opt_list *words = &run->queue.words;
	const char *queue = run->queue.spool.path, *file = run->account.config;
	struct spawn_conf conf = { .program = argv0, .fd = { SPAWN_NULL, 1, 2 } };
	struct spawn_child child = { 0 };
	const char **argv, **p;
	size_t i;
	int got;

	if (file != NULL && !read_again(file))
		return fail(e, EX_CONFIG, "%s: --config %s is no file that can be read again by this account's process",
		    account, file), e->code;
	p = argv = mem_new(words->n + 8, sizeof *argv);
	conf.argv = (char *const *)(void *)argv;
	*p++ = "mailsend";		/* whatever we are called */
	*p++ = "--queue-handed-on";
	*p++ = "--account";
	*p++ = account;
	*p++ = run->options->queue.now ? "--flush-now" : "--flush";
	if (queue[0] == '/') {		/* ours, wherever its own would be */
		*p++ = "--queue";
		*p++ = queue;
	}
	for (i = 0; i < words->n; i++)
		*p++ = words->v[i];
	got = spawn_start(&conf, &child, e);
	free(argv);
	if (got < 0)
		return fail_in(e, "%s", account), e->code;
	spawn_wait(&child, CLOCK_NEVER);
	spawn_end(&child);
	return child.how == SPAWN_EXITED ? child.code : EX_TEMPFAIL;
}
