/* run.h: all that the parts of imapsync have in common */
#ifndef RUN_H
#define RUN_H

#include "box.h"
#include "boxes.h"
#include "do_far.h"
#include "do_near.h"
#include "far.h"
#include "far_hear.h"
#include "far_trust.h"
#include "fetch.h"
#include "folders.h"
#include "folders_rename.h"
#include "imapsync.h"
#include "import.h"
#include "keep.h"
#include "link.h"
#include "look.h"
#include "moves.h"
#include "pair.h"
#include "push.h"
#include "report.h"
#include "stop.h"
#include "sync.h"

#endif
