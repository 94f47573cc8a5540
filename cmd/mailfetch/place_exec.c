/* place_exec.c: a command for each message */
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "errand.h"
#include "hand.h"
#include "place_kind.h"
#include "words.h"

static int
parse_exec(struct place *p, const char *rest, struct handed *h)
{
	p->command = (struct command){ .what = "exec", .argv =
	    words_of(h->arena, rest, "--deliver exec", h->e) };
	return p->command.argv != NULL ? 0 : -1;
}

static void
box_exec(const struct place *p, struct sandbox *box)
{
	(void)box;
	errand_argv(p->command.argv);
}

/* Standard output is for one thing at a time. */
static int
output(const struct handed *h)
{
	size_t i;

	if (h->o->account.json)
		return STDERR_FILENO;
	for (i = 0; i < h->o->to.deliver.n; i++)
		if (strcmp(h->o->to.deliver.v[i], "stdout") == 0)
			return STDERR_FILENO;
	return STDOUT_FILENO;
}

static int
give_exec(struct place *p, struct handed *h)
{
	struct command_end end;
	int got;

	if (hand_doubt(p, h) < 0)
		return -1;
	mem_stake("a command has a message, which may have been accepted");
	if (command_run(&p->command, h, output(h), &end) < 0) {
		if (!end.started)
			hand_certain(p, h);
		return -1;
	}
	if (!end.late && end.child.how == SPAWN_EXITED && end.child.code == 0)
		return 0;
	mem_stake(NULL);
	got = end.late && end.all ? 1 : hand_certain(p, h);
	return command_failed(&p->command, h, &end) < 0 ? -1 : got;
}

const struct place_kind place_exec = {
	.name = "exec", .also = "mda", .doubtful = true, .single = true,
	.parse = parse_exec, .box = box_exec, .give = give_exec,
	.record = hand_sure
};
