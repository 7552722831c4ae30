// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/due_list.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace ember::server::session {

namespace {

struct Task {
  uint32_t place = DueList<Task>::kNowhere;
};

using Tasks = DueList<Task>;

std::vector<Task*> all_of(const Tasks& due) {
  std::vector<Task*> seen;
  due.each([&](Task& task) { seen.push_back(&task); });
  return seen;
}

TEST(DueList, HoldsEachOnceInTheOrderTheyCame) {
  std::array<Task, 3> tasks;
  Tasks due;
  for (const size_t i : {2U, 0U, 2U, 1U, 0U}) {
    due.add(tasks[i], tasks[i].place);
  }
  EXPECT_EQ((std::vector{&tasks[2], &tasks[0], &tasks[1]}), all_of(due));
}

TEST(DueList, WhoIsRemovedIsNotVisited) {
  std::array<Task, 2> tasks;
  Tasks due;
  due.add(tasks[0], tasks[0].place);
  due.add(tasks[1], tasks[1].place);
  due.remove(tasks[0].place);
  due.remove(tasks[0].place);  // nowhere by now
  EXPECT_EQ(Tasks::kNowhere, tasks[0].place);
  EXPECT_EQ(std::vector{&tasks[1]}, all_of(due));
}

TEST(DueList, WhoIsAddedMeanwhileIsVisitedToo) {
  Task task;
  Tasks due;
  due.add(task, task.place);
  int visits = 0;
  due.each([&](Task& visited) {
    visited.place = Tasks::kNowhere;
    if (++visits < 3) {
      due.add(visited, visited.place);
    }
  });
  EXPECT_EQ(3, visits);
  due.clear();
  EXPECT_TRUE(due.empty());
}

}  // namespace
}  // namespace ember::server::session
