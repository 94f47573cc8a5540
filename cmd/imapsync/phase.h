/* phase.h: how far a mailbox is in a run, and what became of it */
#ifndef PHASE_H
#define PHASE_H

/*
 * How far a mailbox is in this run.  Each pass takes some that are due, and
 * they go down this list.
 */
enum phase {
	BOX_LISTED,		/* nothing is to be done, or nothing more */
	BOX_LEFT,		/* not in this run, whatever there is */
	BOX_DUE,		/* in a pass to come */
	BOX_CHOSEN,		/* in this pass */
	BOX_OPEN,		/* its state and its Maildir are open */
	BOX_TRUSTED,		/* not selected: there all is as STATUS says */
	BOX_HEARD		/* what changed there was heard */
};

/* How a pass ended for a mailbox.  The worst counts, which is the last. */
enum outcome {
	BOX_WHOLE,		/* all of the plan was done */
	BOX_PARTIAL,		/* some of it was not: it is planned again */
	BOX_HELD,		/* nothing is agreed before the next run */
	BOX_FAILED,		/* nothing more is done to it in this run */
	BOX_LOST		/* failed, and late answers are not believed */
};

/* Why a mailbox is in one more pass of the same run. */
enum again {
	AGAIN_NOT,
	AGAIN_SETTLE,		/* we changed it here; did others, too? */
	AGAIN_RACY,		/* it changed too lately for a scan to prove */
	AGAIN_FLAGS,		/* both sides changed a moved message's flags */
	AGAIN_FILES,		/* a file vanished before it was uploaded */
	AGAIN_BACK,		/* a file is new, for its message is gone */
	AGAIN_UIDS,		/* APPENDUID or COPYUID is missing, or wrong */
	AGAIN_TRASH,		/* what was deleted elsewhere came into it */
	AGAIN_PARTIAL		/* see BOX_PARTIAL */
};

/* Why there is one more pass, as a sentence. */
const char *phase_why(enum again);

#endif
