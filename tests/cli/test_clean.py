"""What would go, said before it goes."""


def test_nothing_goes_that_is_young(loopwright, toy):
    assert "nothing is there that nothing refers to" in loopwright("clean", "--dry-run", "--project", toy.path).out
    document = loopwright("clean", "--project", toy.path, "--json").document
    assert document["versions"] == {"minutes": [], "tips": []}
    assert document["files"] == {"rides": 0}
