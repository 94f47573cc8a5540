/* settings.h: what the options decided */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

struct policy {
	bool pull_new, push_new, pull_flags, push_flags;
	enum { FAR_TRASH, FAR_EXPUNGE, FAR_MARK, FAR_NEVER } far_delete;
	enum { NEAR_ATTIC, NEAR_EXPUNGE, NEAR_MARK, NEAR_NEVER } near_delete;
	bool reupload;			/* orphans */
};

#endif
