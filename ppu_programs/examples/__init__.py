"""Three rules as a newcomer writes them first, each in one file: correlations, reward, an error that is measured.

``bcm.py``: a sliding threshold and lateral inhibition, scalar code. ``bandit.py``: a choice, a reward, random numbers
of the processor. ``lms.py``: membranes that are converted behind events, and corrected in all lanes at once.
"""
