"""The scheduler of tasks by sets of grid points: nothing is counted forward, every point is looked at in every pass."""

from __future__ import annotations


class Model:
    """Timers are (start, period, count), doorbells (line, deadline_cycles); a queue is a list, the oldest first."""

    def __init__(self, tasks):
        self.tasks, self.queue = tasks, []
        self.open = [{task[0] + k * task[1] for k in range(task[2])} if len(task) == 3 else set() for task in tasks]
        self.missed, self.dropped = [0] * len(tasks), [0] * len(tasks)

    def fetch(self, now, rung):
        for index, task in enumerate(self.tasks):
            if len(task) == 2:
                self.put([now + task[1]] if task[0] in rung else [], index)
                continue
            start, period, count = task
            points = sorted(point for point in self.open[index] if point <= now)
            self.open[index] -= set(points)
            if now >= start + count * period:
                self.missed[index] += len(points)
                continue
            late, just_now = [p for p in points if p < now], [p for p in points if p == now]
            self.missed[index] += max(0, len(late) - 1)
            self.put([group[-1] + period for group in (late, just_now) if group], index)

    def put(self, deadlines, index):
        for deadline in deadlines:
            self.queue.append((deadline, index))
        while len(self.queue) > 32:
            self.dropped[self.queue.pop(0)[1]] += 1

    def take(self):
        if not self.queue:
            return None
        at = [deadline for deadline, _ in self.queue].index(min(deadline for deadline, _ in self.queue))
        _, index = self.queue[at]
        if at:
            self.queue[at] = self.queue[0]  # the front goes where the earliest was
        del self.queue[0]
        return index

    def next_point(self):
        return min((point for points in self.open for point in points), default=None)
