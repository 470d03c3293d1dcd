"""One timer asks all; nobody is asked too early, and no silence lasts."""

from channels.sockets.ping_wheel import INTERVAL, SPREAD, TIMEOUT, PingWheel


class Client:
    def __init__(self, wheel: PingWheel, *, answers: bool = True) -> None:
        self.asked: list[int] = []
        self.lost: int | None = None
        self.unanswered = False
        self.now = 0
        self._answers = answers
        self.place = wheel.add(self)

    def ping(self) -> None:
        self.asked.append(self.now)
        self.unanswered = not self._answers

    def silent(self) -> None:
        self.lost = self.now


def turn(wheel: PingWheel, clients: list[Client], seconds: int) -> None:
    for second in range(1, seconds + 1):
        for client in clients:
            client.now = second
        wheel.tick()


def test_everybody_is_asked_once_an_interval_and_a_herd_not_at_once() -> None:
    wheel = PingWheel()
    clients = [Client(wheel) for _ in range(40)]
    turn(wheel, clients, 4 * INTERVAL)
    for client in clients:
        gaps = {later - one for one, later in zip(client.asked, client.asked[1:], strict=False)}
        assert gaps == {INTERVAL}
        assert INTERVAL - SPREAD < client.asked[0] <= INTERVAL
        assert client.lost is None
    firsts = [client.asked[0] for client in clients]
    assert max(firsts.count(second) for second in firsts) == len(clients) / SPREAD


def test_who_does_not_answer_is_lost_after_the_timeout() -> None:
    wheel = PingWheel()
    silent = Client(wheel, answers=False)
    turn(wheel, [silent], 2 * INTERVAL)
    assert silent.lost == silent.asked[0] + TIMEOUT


def test_who_is_taken_off_is_not_asked_again() -> None:
    wheel = PingWheel()
    client = Client(wheel)
    wheel.take_off(client, client.place)
    turn(wheel, [client], 2 * INTERVAL)
    assert client.asked == []
