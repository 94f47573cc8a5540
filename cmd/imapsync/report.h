/* report.h: what is said: the plan, what was done, progress, the end */
#ifndef REPORT_H
#define REPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "flags.h"
#include "hook.h"
#include "plan.h"
#include "str.h"
#include "table.h"

struct settings;
struct told;

/* Of one run; its functions may be called by several threads. */
struct report {
	const char *title;	/* the account's name */
	const char *near;	/* the directory of the Maildirs */
	struct hook hook;	/* who is told at the end */
	struct told *told;	/* of a watch: what it has said; or NULL */
	bool json;		/* an object a line, for programs */
	bool quiet;		/* nothing but what failed */
	bool verbose;		/* each act and each folder, too */
	bool dry_run;		/* what is done would be done */
	bool draws;		/* stderr is somebody's terminal */
	pthread_mutex_t talk;	/* of stdout and of all below */
	int status;		/* what single things add up to */
	uint64_t count[ACT_KINDS];
	uint64_t bytes;		/* downloaded and uploaded */
	uint64_t refused;	/* uploads that the server did not want */
	uint64_t orphans;	/* files here alone, since the UIDs changed */
	uint64_t total;		/* of downloads and uploads, for progress */
	uint64_t finished;	/* of total */
	uint64_t folders;	/* made, renamed, removed */
	struct table where;	/* of boxes */
	const char **boxes;	/* in which something was done */
	size_t nboxes;
	int64_t started;	/* ms */
	int64_t drawn;		/* when progress was shown last, or 0 */
};

/* A file of a Maildir.  No name: there is none, or it is not known. */
struct report_file {
	const char *dir;	/* its Maildir, below near */
	struct str name;
	bool fresh;		/* in new, else in cur */
};

/* One act, in words. */
struct report_act {
	enum act_kind kind;
	const char *box;	/* the mailbox's name */
	const char *path;	/* its Maildir, below near */
	uint32_t uid;		/* or 0 */
	struct str file;	/* its name here, or "" */
	struct report_file is;	/* where it lies; or lay, if it is removed */
	struct report_file was;	/* before it was renamed or moved; no name:
				   it was not */
	uint64_t add, del;	/* flags */
	bool stub;		/* its body was never here */
	const struct keywords *keywords;	/* what the flags mean */
	const char *to;		/* of a move: the other mailbox; or NULL */
};

void report_begin(struct report *, const struct settings *);
void report_plan(struct report *, const struct report_act *);
void report_done(struct report *, const struct report_act *);
/* A whole folder, known by name and path here; to: what it becomes, or NULL. */
struct report_folder {
	const char *name, *path;
};
void report_folder(struct report *, const char *what, struct report_folder,
    const struct report_folder *to);
/* Of a mailbox; the status is that of the worst.  Code 0 is no failure. */
void report_problem(struct report *, int code, const char *box,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* One more message, of so many bytes; or the last was. */
void report_progress(struct report *, uint64_t bytes, bool last);
/* With -v: one more pass over it, and why. */
void report_again(const struct report *, const char *box, const char *why);
/* With -v: one is done. */
void report_box(const struct report *, const char *box, const struct plan *,
    bool whole);
/* The exit status so far; the error is what ended the run, if any did. */
int report_status(const struct report *, const struct err *);
/* All is on the disk: who waits for it is told.  The status may be worse. */
void report_hook(struct report *);
/* Of so many mailboxes. */
void report_end(struct report *, const struct err *, size_t boxes);
void report_free(struct report *);

#endif
