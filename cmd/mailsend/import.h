/* import.h: another program's configuration as ours */
#ifndef IMPORT_H
#define IMPORT_H

#include "fail.h"
#include "str.h"

/*
 * An .msmtprc: the text of our configuration is put into the buffer.
 * EX_DATAERR for any other file.
 */
int import_run(const char *path, struct buf *, struct err *);

#endif
