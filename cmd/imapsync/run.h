/* run.h: all that the parts of imapsync have in common */
#ifndef RUN_H
#define RUN_H

#include "apply.h"
#include "box.h"
#include "boxes.h"
#include "fetch.h"
#include "folders.h"
#include "imapsync.h"
#include "import.h"
#include "keep.h"
#include "link.h"
#include "look.h"
#include "moves.h"
#include "pair.h"
#include "push.h"
#include "remote.h"
#include "report.h"
#include "stop.h"

#endif
