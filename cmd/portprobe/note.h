/* note.h: findings of a report, as judges add them */
#ifndef NOTE_H
#define NOTE_H

#include <stdbool.h>

#include "kind.h"
#include "report.h"

void note_add(struct report *, enum kind, enum finding_sev, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* Has it been added behind this finding?  NULL: at all. */
bool note_found(const struct report *, const struct finding *before, enum kind);

#endif
