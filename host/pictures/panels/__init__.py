"""The panels of ``result.png``, each a function of one matplotlib axes and the data that it shows.

Which of them a picture has is for :mod:`host.pictures.plots` to say; matplotlib is the extra ``plot``.
"""
