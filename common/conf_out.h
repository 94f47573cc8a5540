/*
 * conf_out.h: a configuration file's text, written so that conf.h reads it
 *
 * What cannot stand in it becomes a comment with its key: no value is shown
 * that is not a setting.
 */
#ifndef CONF_OUT_H
#define CONF_OUT_H

#include <stdbool.h>

#include "mem.h"
#include "opt.h"
#include "str.h"

struct conf_out {		/* start with { 0 }; free both */
	struct arena arena;
	struct buf text;
	struct opt_list names;	/* that were given out: "kind name" */
};

/* "account NAME", "sync NAME : PARENT"; parent may be NULL. */
void conf_out_section(struct conf_out *, const char *kind, const char *name,
    const char *parent);

/*
 * "  key value", quoted where it must be; nothing for NULL.  A value that
 * conf.h would refuse (empty, too long, a control byte): a comment, and false.
 */
bool conf_out_key(struct conf_out *, const char *key, const char *value);

/* A line "  # ...", or "# ..." with one of the second; bytes are escaped. */
void conf_out_note(struct conf_out *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void conf_out_remark(struct conf_out *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A folder by its name: ours is a pattern, which is said where it matters. */
void conf_out_folder(struct conf_out *, const char *name);

/*
 * A name that no section of that kind has yet, as like the wanted one as it
 * can be: what may not stand in it is "-", a second one gets a number.
 */
const char *conf_out_name(struct conf_out *, const char *kind,
    const char *wanted);

void conf_out_free(struct conf_out *);

#endif
