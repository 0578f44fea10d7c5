"""What waits for a tab is cut small."""

from chatapp.ui.backlog import PACKET, TOGETHER, portions


def test_many_values_go_in_small_packets_in_their_order() -> None:
    values = {f"name{number}": number for number in range(3 * TOGETHER + 1)}
    packets = [*portions(values)]
    assert [len(packet) for packet in packets] == [TOGETHER] * 3 + [1]
    assert [item for packet in packets for item in packet.items()] == [*values.items()]


def test_large_values_go_in_packets_of_their_own() -> None:
    large, small = "x" * (PACKET // 2 + 1), "x" * (PACKET // 8)
    values = {
        "one": large,
        "two": {"blocks": [large]},
        **{f"small{number}": small for number in range(8)},
        "larger": 3 * large,
        "last": True,
    }
    packets = [*portions(values)]
    assert [item for packet in packets for item in packet.items()] == [*values.items()]
    small_ones = [f"small{number}" for number in range(8)]
    assert [[*packet] for packet in packets] == [
        ["one"],
        ["two", *small_ones[:3]],
        small_ones[3:],
        ["larger"],
        ["last"],
    ]


def test_few_values_go_as_they_are() -> None:
    values = {"one": 1, "two": 2}
    assert [*portions(values)] == [values]
