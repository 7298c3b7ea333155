/* inside.h: every header of src/, the private ones too: tests look inside the rooms. Order: the rooms', from the ground
 * up. */
#ifndef NM_TEST_INSIDE_H
#define NM_TEST_INSIDE_H

#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"
#include "program/program.h"
#include "program/kernel.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/operator.h"
#include "question/question.h"
#include "question/file/file.h"
#include "question/part.h"
#include "question/set.h"
#include "judge/judge.h"
#include "judge/move_inside.h"
#include "bounds/bounds.h"
#include "bounds/hull.h"
#include "model/model.h"
#include "model/file/file.h"
#include "solver/solver.h"
#include "solver/format.h"
#include "encoding/encoding.h"
#include "encoding/reader.h"
#include "encoding/rows.h"
#include "search/search.h"
#include "search/state.h"
#include "answer/answer.h"
#include "study/study.h"
#include "study/bench.h"
#include "study/plot.h"
#include "study/records.h"
#include "command/command.h"
#include "command/flags.h"

#endif
