"""What waits for a tab is cut small."""

from chatapp.ui.backlog import TOGETHER, portions


def test_many_values_go_in_small_packets_in_their_order() -> None:
    values = {f"name{number}": number for number in range(3 * TOGETHER + 1)}
    packets = [*portions(values)]
    assert [len(packet) for packet in packets] == [TOGETHER] * 3 + [1]
    assert [item for packet in packets for item in packet.items()] == [*values.items()]


def test_few_values_go_as_they_are() -> None:
    values = {"one": 1, "two": 2}
    assert [*portions(values)] == [values]
