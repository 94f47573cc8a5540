/* import_private.h: the three kinds of file behind import.h */
#ifndef IMPORT_PRIVATE_H
#define IMPORT_PRIVATE_H

#include "conf_out.h"
#include "fail.h"
#include "foreign.h"

/* Each reads the text and writes what it means. */
int import_fetchmail(struct foreign *, struct conf_out *, struct err *);
int import_getmail(struct foreign *, struct conf_out *, struct err *);
int import_mpop(struct foreign *, struct conf_out *, struct err *);

#endif
