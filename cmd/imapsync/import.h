/* import.h: .mbsyncrc as our configuration */
#ifndef IMPORT_H
#define IMPORT_H

#include "fail.h"

int import_run(const char *path, struct err *);

#endif
