"""Pong with the game itself on the processor: it moves ball and paddle, sends the ball's events, rewards, and learns.

Reward-modulated STDP as Wunderlich et al. 2019 (Front. Neurosci. 13, 260) showed it on the chip's prototype; their
published model (model-sw-pong) has the numbers. See ``README.md`` in this folder.
"""
