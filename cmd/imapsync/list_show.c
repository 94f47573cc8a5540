/* list_show.c: imapsync list: the server's folders, and where they lie here */
#include <stdio.h>

#include "account.h"
#include "box.h"
#include "json.h"
#include "list_show.h"
#include "name_set.h"
#include "names.h"
#include "settings.h"
#include "str.h"

static bool
synced(const struct box *b, const struct settings *o)
{
	char sep = b->run->sep;

	return names_match(o->patterns, str_of(b->name), sep) &&
	    !name_set_has(&b->run->unsubscribed, str_of(b->name)) &&
	    (o->local_only == NULL ||
	    !names_match(o->local_only, str_of(b->name), sep));
}

static void
show_json(const struct box *b, const struct settings *o)
{
	struct buf out = { .max = 65536 };
	struct json j = { .out = &out };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "event", "folder");
	json_s(&j, "account", o->title);
	json_s(&j, "box", b->name);
	if (b->far.counted)
		json_int(&j, "messages", (int64_t)b->far.now.exists);
	if (b->far.size != UINT64_MAX)
		json_int(&j, "size", (int64_t)b->far.size);
	else
		json_s(&j, "size", NULL);
	if (b->far.use != NULL)
		json_s(&j, "use", b->far.use);
	json_bool(&j, "synced", synced(b, o));
	if (synced(b, o)) {
		json_s(&j, "path", b->path);
		json_bool(&j, "here", b->near.is);
	}
	json_close(&j, '}');
	puts(out.p);
	buf_free(&out);
}

static void
put_number(char *to, size_t size, uint64_t n)
{
	if (n == UINT64_MAX)
		snprintf(to, size, "?");
	else
		snprintf(to, size, "%llu", (unsigned long long)n);
}

static void
show_text(const struct box *b, const struct settings *o)
{
	char name[1100], path[1100], n[24], size[24];

	put_number(n, sizeof n, b->far.counted ? b->far.now.exists : UINT64_MAX);
	put_number(size, sizeof size, b->far.size);
	str_escape(name, sizeof name, str_of(b->name));
	str_escape(path, sizeof path, str_of(b->path));
	printf("%8s %11s %-10s %s", n, size, b->far.use != NULL ? b->far.use : "-", name);
	if (!synced(b, o))
		printf(": not synced\n");
	else if (b->near.is)
		printf(": %s\n", path[0] != '\0' ? path : ".");
	else
		printf(": not here yet, %s\n", path[0] != '\0' ? path : ".");
}

void
list_show(const struct run *r, const struct settings *o)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++) {
		if (!r->boxes[i].far.is)
			continue;
		if (o->account->json)
			show_json(&r->boxes[i], o);
		else
			show_text(&r->boxes[i], o);
	}
}
