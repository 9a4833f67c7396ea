"""The game: a ball in a square field, reflected by three walls, and a paddle at the fourth one, in whole numbers.

Of the field's side a position is 1 / 2^15. The ball starts in the middle, in one of 16 directions; the paddle goes
towards the chosen place as fast as it can; a ball that it misses is replaced by the next one.
"""

from __future__ import annotations

import numpy as np

from chip.ppu import Kernel, absolute, kernel, maximum, minimum
from ppu_programs.pong.game.settings import Settings

FIELD_BITS = 15
FIELD = 1 << FIELD_BITS
DIRECTIONS = 16
STEEPEST, FLATTEST = 80.0, 35.0  # degrees from the paddle's line, of the directions
BALL_X, BALL_Y, SPEED_X, SPEED_Y, PADDLE, POSITION, CHOICE = range(7)  # words of ``game``
GAME_WORDS = 7
DIRECTION_LANE = 127  # of the random bytes


def directions(s: Settings) -> np.ndarray:
    """int64[32]: the speeds along and across the paddle's line, of each direction; half of them towards it."""
    angles = np.radians(np.linspace(FLATTEST, STEEPEST, DIRECTIONS // 4))
    speeds = s.ball_speed * FIELD / 10_000 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = [speeds * sign for sign in ((1, 1), (-1, 1), (1, -1), (-1, -1))]
    return np.concatenate(found).round().astype(np.int64).reshape(-1)


def first_game(s: Settings, direction: int) -> np.ndarray:
    """int64[7]: a ball and a paddle in the middle."""
    speed_x, speed_y = directions(s)[2 * direction : 2 * direction + 2]
    middle = FIELD // 2
    return np.array([middle, middle, speed_x, speed_y, middle, middle * s.positions >> FIELD_BITS, 0])


def move_kernel(s: Settings, returned: int, missed: int) -> Kernel:
    """Return the kernel that plays on for one iteration; it counts in these words of ``report``."""
    positions, half = s.positions, s.paddle * FIELD // 20_000
    width = FIELD // positions
    reach = s.paddle_speed * FIELD // 10_000

    @kernel
    def move(v, m):
        """Move the paddle towards the chosen place, and the ball; find the ball's position."""
        wanted = m.game[CHOICE] * width + (width >> 1)
        paddle = m.game[PADDLE]
        paddle = paddle + minimum(maximum(wanted - paddle, -reach), reach)
        m.game[PADDLE] = paddle
        x = m.game[BALL_X] + m.game[SPEED_X]
        y = m.game[BALL_Y] + m.game[SPEED_Y]
        if x < 0:
            x = -x
            m.game[SPEED_X] = -m.game[SPEED_X]
        if x >= FIELD:
            x = 2 * FIELD - 1 - x
            m.game[SPEED_X] = -m.game[SPEED_X]
        if y >= FIELD:
            y = 2 * FIELD - 1 - y
            m.game[SPEED_Y] = -m.game[SPEED_Y]
        if y < 0:
            if absolute(x - paddle) <= half:
                y = -y
                m.game[SPEED_Y] = -m.game[SPEED_Y]
                m.report[returned] = m.report[returned] + 1
            else:
                x = FIELD >> 1
                y = FIELD >> 1
                direction = 2 * (m.noise[DIRECTION_LANE] & DIRECTIONS - 1)
                m.game[SPEED_X] = m.directions[direction]
                m.game[SPEED_Y] = m.directions[direction + 1]
                m.report[missed] = m.report[missed] + 1
        m.game[BALL_X] = x
        m.game[BALL_Y] = y
        m.game[POSITION] = x * positions >> FIELD_BITS

    return move
