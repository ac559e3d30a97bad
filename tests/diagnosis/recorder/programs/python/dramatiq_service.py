import dramatiq
from dramatiq.brokers.redis import RedisBroker
from queues import URL

dramatiq.set_broker(RedisBroker(url=URL))


@dramatiq.actor
def report(number: int) -> None:
    print("report", number)
