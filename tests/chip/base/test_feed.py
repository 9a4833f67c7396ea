"""A feed has a list of listeners for each kind of change; what they are told is a copy, and they may come and go."""

from chip.base.feed import Feed, Follower, tell


def test_everybody_is_told_in_order():
    told = []
    tell([lambda *change: told.append(("first", *change)), lambda *change: told.append(("second", *change))], 1, "a")
    assert told == [("first", 1, "a"), ("second", 1, "a")]


def test_who_is_told_may_leave_and_others_come_meanwhile():
    told, listeners = [], []

    def once(change):
        told.append(("once", change))
        listeners.remove(once)
        listeners.append(late)

    def always(change):
        told.append(("always", change))

    def late(change):
        told.append(("late", change))

    listeners += [once, always]
    tell(listeners, 1)
    tell(listeners, 2)
    assert told == [("once", 1), ("always", 1), ("always", 2), ("late", 2)]


def test_every_kind_has_a_list_of_its_own_and_so_has_every_processor():
    feed = Feed()
    lists = [*feed.operations, *feed.programs, *feed.places, feed.conversions, feed.posts, feed.doorbells, feed.samples]
    assert len({id(listeners) for listeners in lists}) == len(lists) == 10 and not any(lists)
    assert not {id(listeners) for listeners in lists} & {id(listeners) for listeners in Feed().operations}


def test_a_follower_looks_away_where_it_says_nothing():
    follower = Follower()
    assert follower.goes_on(None, 0, 4) is follower.came_to(None, 0, 4, 0) is None
    assert follower.begins(None, None) is follower.has_begun(None, None) is None
