"""An executor that does everything at once, in this process."""

from concurrent.futures import Executor, Future


class Inline(Executor):
    """``calls`` lists the functions' names and arguments; an interrupt from the keyboard goes through."""

    def __init__(self):
        self.calls = []

    def submit(self, function, /, *arguments, **named):
        self.calls.append((function.__name__, *arguments))
        future = Future()
        try:
            future.set_result(function(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future

    def runs(self):
        return [arguments[0].name for name, *arguments in self.calls if name == "attempt"]
