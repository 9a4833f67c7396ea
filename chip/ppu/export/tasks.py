"""What of a program has no C: its tasks, which wait for the chip around them."""

from __future__ import annotations

from chip.ppu.compiler.form import Wait, all_nodes
from chip.ppu.compiler.tasks.requests import Request
from chip.ppu.linker import LinkMap


def left_out(link_map: LinkMap | None) -> list[str]:
    """Return a sentence for each task of a linked program that is not exported, and why."""
    if link_map is None or link_map.tasks is None:
        return ["its tasks are plain Python, which has no C; declare them in a Program"]
    found = []
    for task in link_map.tasks.routines:
        waits = [node.request for node in all_nodes(task.nodes) if isinstance(node, Wait)]
        names = dict.fromkeys(r.operation if isinstance(r, Request) else "word" for r in waits)
        what = f"waits for {', '.join(names)}" if names else "is a part of tasks that wait"
        found.append(
            f"task {task.name} is not exported: it {what}, and the chip that would answer is not there; write it "
            "against the vendor's library"
        )
    return found
