"""The commands of ``plasticore``, one module each: ``add_arguments`` says what it takes, ``run`` does it.

What several share is in :mod:`host.commands.common`, and what ``train`` and ``run`` do in :mod:`host.commands.session`.
"""
