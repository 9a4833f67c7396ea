"""What the vendor's demo ``ts_07`` recorded: figures read off at their paths, each by epoch.

The long recording has 250 positions, and by the demo's text the helper module's own settings, ``variant="recording"``
of :class:`ppu_programs.pong.settings.Settings`: paddles of 4 to either side, noise that fades over 2000 epochs, slots
of 7 ms. The short one has the text's 100 positions.
"""

SUCCESS = {100: 0.08, 200: 0.20, 300: 0.46, 400: 0.66, 500: 0.77, 600: 0.91, 800: 0.96, 990: 0.98}
DIAGONAL_LSB = {200: 4.2, 400: 9.2, 600: 13.4, 990: 15.5}
REWARD = {10: -11.0, 250: -8.5, 430: -5.0, 990: 0.5}
OFF_DIAGONAL_LSB = 0.5  # below that
TEXT_SUCCESS = {10: 0.07, 95: 0.32}
TEXT_DIAGONAL_LSB = {99: 2.5}
TEXT_LEARNED = 300  # epochs, by which "the game is learned rather quickly"
