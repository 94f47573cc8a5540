/*
 * phase.c: how far a mailbox is in a run, and what became of it
 */
#include "phase.h"

const char *
phase_why(enum again why)
{
	switch (why) {
	case AGAIN_NOT:
		return "nothing is left to do";
	case AGAIN_SETTLE:
		return "others changed it meanwhile";
	case AGAIN_RACY:
		return "it changed while it was read";
	case AGAIN_FLAGS:
		return "the flags of a moved message were changed on both sides";
	case AGAIN_FILES:
		return "a file vanished before it was uploaded";
	case AGAIN_BACK:
		return "a file came back whose message was deleted";
	case AGAIN_UIDS:
		return "the server did not say which UIDs its new messages have";
	case AGAIN_TRASH:
		return "messages were moved into it";
	case AGAIN_PARTIAL:
		return "not all of the plan could be done";
	}
	return "?";
}
